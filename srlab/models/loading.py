# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""From a network to a restorer, and from a name to a trained one.

The papers' networks take different things: luma that is enlarged already (SRCNN, VDSR),
luma (ESPCN), RGB (EDSR and after). A restorer takes the small picture and gives the
large one, whatever is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn

from srlab import images, models, weights
from srlab.images import check_image, check_whole
from srlab.models.tiling import LARGE, TILE, Call, in_tiles, reach
from srlab.resample import imresize

__all__ = [
    "CodedRestorer",
    "LumaRestorer",
    "Restorer",
    "build",
    "load",
    "multiply_adds",
    "restorer",
]
__all__ += ["warm_start"]


class Restorer(nn.Module):
    """An RGB network as a restorer: (B, 3, h, w) in [0, 1] -> (B, 3, r h, r w).

    A grey picture (B, 1, h, w) goes in as three equal channels, and the mean of the
    three comes out. The result is not clamped. A picture above two megapixels is worked
    on in tiles, to the same result, by networks that say how far they look
    (`srlab.models.tiling.reach`).

    Attributes:
        net: the network; card: how it was trained, or None.
    """

    def __init__(self, net: Any, scale: int | None = None):
        super().__init__()
        self.net: Any = net.eval()  # any with `channels` and `upscale`
        self.scale = check_whole(scale or self.net.upscale, "scale", 1)
        self.card: weights.Card | None = None
        if net.upscale not in (1, self.scale):
            raise ValueError(
                f"the network enlarges {net.upscale} times, not {self.scale} times"
            )

    @torch.inference_mode()
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        check_image(image)
        home, grey = image.device, image.shape[1] == 1
        image = image.to(next(self.net.parameters()))  # its device and dtype
        result = self._in_parts(self._grey if grey else self._colour, image)
        return result.to(home)

    def _in_parts(self, call: Call, image: torch.Tensor) -> torch.Tensor:
        """call(image); a large picture in tiles, if the network looks not too far."""
        grown = self.scale // self.net.upscale  # before the network sees it
        far, pixels = reach(self.net), grown**2 * image.shape[2] * image.shape[3]
        if far is None or pixels <= LARGE:
            return call(image)
        overlap = -(-(far + 4 * grown) // (8 * grown)) * 8
        return in_tiles(call, image, TILE // grown + 2 * overlap, overlap, self.scale)

    def _grey(self, image: torch.Tensor) -> torch.Tensor:
        return self._colour(image.expand(-1, 3, -1, -1)).mean(1, keepdim=True)

    def _colour(self, image: torch.Tensor) -> torch.Tensor:
        return self.net(self._enlarged(image))

    def _enlarged(self, image: torch.Tensor) -> torch.Tensor:
        """What the network takes: the picture, or the picture enlarged by bicubic."""
        return image if self.net.upscale > 1 else imresize(image, scale=self.scale)


class LumaRestorer(Restorer):
    """A luma network as a restorer of RGB: it makes the luma, bicubic the chroma.

    The papers do so because the eye sees little of the chroma's detail, and because
    their tables measure luma alone.
    """

    def _grey(self, image: torch.Tensor) -> torch.Tensor:
        return self.net(self._enlarged(image))

    def _colour(self, image: torch.Tensor) -> torch.Tensor:
        y, chroma = images.ycbcr(image).split([1, 2], dim=1)
        large = imresize(chroma, scale=self.scale)  # (B, 2, r h, r w)
        luma = self._grey(y).clamp(-0.4, 1.4)  # `images.rgb` wants an image
        return images.rgb(torch.cat([luma, large], dim=1))


class CodedRestorer(Restorer):
    """A `CodedNet` as a restorer of decoded pictures of one quality.

    Attributes:
        level: the quality's plane, 0 to 1; `at` gives a restorer with another.
    """

    level = 0.5

    def at(self, level: float) -> CodedRestorer:
        """The same net for pictures of another level, see `training.coded.Coding`."""
        if not 0 <= level <= 1:
            raise ValueError(f"level must be 0 to 1, not {level!r:.40}")
        twin = CodedRestorer(self.net, self.scale)
        twin.card, twin.level = self.card, float(level)
        return twin.requires_grad_(False)

    def _colour(self, image: torch.Tensor) -> torch.Tensor:
        plane = torch.full_like(image[:, :1], self.level)
        return self.net(torch.cat([image, plane], dim=1))


def restorer(net: Any, scale: int | None = None) -> Restorer:
    """A network as a restorer, by its channels: luma, RGB, or RGB and quality.

    Args:
        net: any with `channels` and `upscale`.
        scale: needed for nets that take an enlarged picture (upscale = 1).
    """
    if net.channels == 4:
        return CodedRestorer(net, net.upscale)
    if net.upscale == 1 and scale is None:
        kind = type(net).__name__
        raise ValueError(
            f"{kind} works at any scale: say which, restorer(net, scale=2)"
        )
    return (LumaRestorer if net.channels == 1 else Restorer)(net, scale)


def build(model: str, settings: Mapping[str, Any]) -> nn.Module:
    """A network of `srlab.models` by the name of its class; ValueError if unknown."""
    if model not in models._FILES:
        known = ", ".join(models._FILES)
        raise ValueError(f"no network is called {model!r}; there are {known}")
    return getattr(models, model)(**settings)


def load(name: str, scale: int | None = None) -> Restorer:
    """A trained restorer: LR RGB (or luma) in [0, 1] -> HR, from data/weights.

    Its ``card`` says how it was trained and what it reaches: many are short runs.

    Args:
        name: such as "edsr_x2"; or the path of a .safetensors file of your own.
        scale: for nets of several scales, such as "vdsr".

    Raises:
        FileNotFoundError: no such weights; the message lists what there is.
        srlab.weights.BrokenWeights: damaged, or not of the network that the card names.
        ValueError: weights of no restorer, or a scale that they do not have.
    """
    path = name if str(name).endswith(".safetensors") else weights.find_weights(name)
    if path is None:
        raise FileNotFoundError(_unknown(name))
    tensors, card = weights.read_weights(path)
    scales = [int(s) for s in str(card.settings.get("scales", "")).split()]
    settings = {k: v for k, v in card.settings.items() if k != "scales"}
    net = build(card.model, settings)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise weights.BrokenWeights(
            f"the weights {name} do not fit {card.model}: {reason}"
        ) from None
    if scale is None and net.upscale == 1 and len(scales) == 1:
        scale = scales[0]
    if scales and scale is not None and scale not in scales:
        known = ", ".join(f"x{s}" for s in scales)
        raise ValueError(f"{name} was trained for {known}, not for x{scale}")
    if net.upscale == 1 and scale is None:
        known = " or ".join(map(str, scales))
        raise ValueError(f"{name} works at several scales: say scale={known}")
    loaded = restorer(net, scale)
    loaded.card = card
    return loaded.eval().requires_grad_(False)


def warm_start(net: nn.Module, name: str) -> int:
    """Copy the trained tensors that fit, by name and shape; how many did.

    EDSR's x4, say, takes the body of x2 and begins its own upsampler.

    Raises:
        FileNotFoundError: no such weights. ValueError: not half of the tensors fit.
    """
    own = name.endswith(".safetensors")
    path = name if own else weights.find_weights(name)
    if path is None:
        raise FileNotFoundError(_unknown(name))
    tensors, _ = weights.read_weights(path)
    mine = net.state_dict()
    fit = {k: v for k, v in tensors.items() if k in mine and v.shape == mine[k].shape}
    if 2 * len(fit) < len(mine):
        raise ValueError(
            f"{len(fit)} of {len(mine)} tensors of {name} fit {type(net).__name__}: "
            "they are of a net of another size; name others with `start`"
        )
    net.load_state_dict(fit, strict=False)
    return len(fit)


def _unknown(name: str) -> str:
    known = weights.weight_names()
    near = get_close_matches(name, known, n=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    listed = ", ".join(known) if known else "none yet"
    return (
        f"no weights are called {name!r}; {hint}There are: {listed}. "
        f"`python -m srlab train {name}` trains what has a recipe."
    )


def multiply_adds(net: Any, height: int, width: int) -> int:
    """Multiplications (each with its addition) for one input of height x width.

    Counted by torch's FlopCounterMode on shapes alone: nothing is computed, so the
    largest nets take milliseconds. Two FLOPs are one multiply-add.

    >>> from srlab.models import SRCNN
    >>> multiply_adds(SRCNN(f2=1), 10, 10)  # 100 x (81 x 64 + 64 x 32 + 32 x 25)
    803200
    """
    from copy import deepcopy

    from torch.utils.flop_counter import FlopCounterMode

    counted = deepcopy(net).to("meta").eval()
    x = torch.empty(1, net.channels, height, width, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        counted(x)
    return counter.get_total_flops() // 2
