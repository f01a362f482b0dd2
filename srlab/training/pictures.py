# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a recipe trains on and is validated on: whole pictures, and their small ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from srlab import images, metrics
from srlab.datasets import benchmark_set
from srlab.datasets.bank import Bank, Pair
from srlab.resample import imresize
from srlab.training.coded import CodedBank, coded_pairs
from srlab.training.degraded import DegradedBank, degradation, degraded_pairs

if TYPE_CHECKING:
    from torch import nn

    from srlab.recipes import Recipe

__all__ = ["bank", "held_out", "pairs", "photos", "pictures", "validate"]

_HELD_OUT = ("astronaut", "chelsea", "coffee", "motorcycle")
_NEAR = ("motorcycle_right",)  # the same scene as one that is held out


def held_out() -> list[str]:
    """The shipped photographs that no recipe trains on: what fast runs measure."""
    return list(_HELD_OUT)


def photos() -> list[str]:
    """The shipped photographs that fast recipes train on."""
    return [n for n in images.photo_names() if n not in (*_HELD_OUT, *_NEAR)]


def pictures(sets: Sequence[str], limit: int = 0) -> list[torch.Tensor]:
    """All pictures of the named sets as uint8 (3, H, W).

    Args:
        sets: names of `srlab.datasets`; "name[10:]" or "name[:10]" takes a part of
            one; "photos" and "held_out" are the shipped photographs.
        limit: at most so many of each set, 0: all.

    Raises:
        FileNotFoundError: a set is not on this machine; says how to get it.
    """
    return [images.to_uint8(image)[0] for s in sets for image in _read(s, limit)]


def _read(name: str, limit: int) -> Iterator[torch.Tensor]:
    part = re.fullmatch(r"([^\[]+)(?:\[(\d*):(\d*)\])?", name)
    if part is None:
        raise ValueError(f"{name!r} is no set, nor a part of one such as DIV2K[:10]")
    base, start, stop = part.groups()
    own = {"photos": photos, "held_out": held_out}
    if base in own:
        found: Sequence = [images.photo(n) for n in own[base]()[: limit or None]]
    else:
        found = [image for _, image in benchmark_set(base)]
    wanted = found[int(start or 0) : int(stop) if stop else None]
    for image in wanted[: limit or None]:
        yield image.expand(-1, 3, -1, -1)


def pairs(
    found: Iterable[torch.Tensor], net: Any, scales: Sequence[int]
) -> Iterator[Pair]:
    """What the network takes, and what it should give, of each picture and scale.

    The small picture is MATLAB's 8-bit bicubic, as all training sets since EDSR have
    it; networks with upscale = 1 get it enlarged again; luma networks get luma.

    Args:
        found: uint8 (3, H, W), on the device on which the small ones are to be made.
        net: any with `channels` and `upscale`.
        scales: one, or several for networks that do not enlarge.

    Raises:
        ValueError: a network that enlarges, and scales that are not its own.

    Yields:
        uint8 (C, h, w) and (C, upscale * h, upscale * w).
    """
    if net.upscale > 1 and tuple(scales) != (net.upscale,):
        raise ValueError(f"the network enlarges {net.upscale} times, not {scales}")
    for picture in found:
        whole = picture[None]  # (1, 3, H, W)
        if net.channels == 1:
            whole = images.to_uint8(images.luma(images.from_uint8(whole)))
        for scale in scales:
            y = images.crop_to_multiple(whole, scale)
            x = imresize(y, scale=1 / scale)
            yield (x if net.upscale > 1 else imresize(x, scale=scale))[0], y[0]


def bank(
    recipe: Recipe, net: Any, device: torch.device | str = "cpu"
) -> Bank | DegradedBank:
    """The recipe's training pictures on the device, ready to be cropped.

    net: for its `channels` and `upscale`. With a degradation the small pictures are
    made as they are needed.
    """
    found = (p.to(device) for p in pictures(recipe.data, recipe.limit))
    if recipe.codec:
        return CodedBank(
            found, recipe.codec, net.upscale, device=device, seed=recipe.seed
        )
    if recipe.degradation:
        return DegradedBank(
            found, degradation(recipe.degradation, net.upscale), net.upscale,
            recipe.sharpen, recipe.pool, device, recipe.seed,
        )  # fmt: skip
    return Bank(pairs(found, net, recipe.scales), device, recipe.seed)


def validate(
    net: nn.Module | None, found: Iterable[tuple[int, Pair]], device: torch.device
) -> float:
    """Mean PSNR of luma in dB over (scale, pair), `scale` pixels cut from each side.

    net: without one it is that of bicubic interpolation. found: as `validation_pairs`
    gives them. device: where to compute.
    """
    values = []
    for scale, (x, y) in found:
        x, y = (images.from_uint8(t[None].to(device)) for t in (x, y))
        if net is None:
            x, ratio = x[:, :3], y.shape[-1] // x.shape[-1]
            result = imresize(x, scale=ratio) if ratio > 1 else x
        else:
            with torch.inference_mode():
                result = net(x)
        # NaN is not 0 dB: it is the loss's business to say so.
        result = result.float().nan_to_num(0.0).clamp(0, 1)
        made, true = (images.round8(images.luma(t)) for t in (result, y))
        values.append(metrics.psnr(made, true, border=scale))
    return sum(values) / len(values)


def validation_pairs(
    recipe: Recipe, net: nn.Module, found: Mapping[str, torch.Tensor] | None
) -> list[tuple[int, Pair]]:
    """(scale, pair) of each picture to validate on: the recipe's, or one's own."""
    if found is None:
        whole = pictures(recipe.validation, recipe.limit)
    else:
        whole = [images.to_uint8(image)[0] for image in found.values()]
    if recipe.codec:
        (scale,) = recipe.scales
        return [(scale, pair) for pair in coded_pairs(whole, recipe.codec, scale)]
    if recipe.degradation:
        (scale,) = recipe.scales
        pipeline = degradation(recipe.degradation, scale)
        return [(scale, pair) for pair in degraded_pairs(whole, pipeline, scale)]
    return [
        (scale, pair) for scale in recipe.scales for pair in pairs(whole, net, (scale,))
    ]
