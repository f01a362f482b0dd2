# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the context models are trained: on the latents of a codec that stays as it is.

The pictures are analysed once; what is learned is only which bits their symbols take.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from srlab.codecs.context import SIDE, ContextNet, spread
from srlab.codecs.learned import MeanScale, padded
from srlab.codecs.networks import SCALES
from srlab.recipes.recipe import HELD_OUT, SETS
from srlab.training.cards import device_name
from srlab.training.pictures import pictures
from srlab.weights import Card, write_weights

__all__ = ["compare", "fit_context", "latents", "run", "symbols_of", "validate_context"]

TRAINING = ("photos", *SETS)
LOG_STEP = math.log(64 / 0.11) / 63  # from one scale of the table to the next


@torch.no_grad()
def latents(sets: tuple[str, ...], codec: MeanScale, limit: int = 0) -> list:
    """y before its gain, (1, M, h, w), of each picture's middle."""
    found = []
    for picture in pictures(sets, limit):
        height, width = (min(512, 64 * (n // 64)) for n in picture.shape[1:])
        if min(height, width) >= 128:
            x = picture[None, :, :height, :width].float() / 255
            found.append(codec.net.analysis(x))
    return found


@torch.no_grad()
def symbols_of(
    y: torch.Tensor, codec: MeanScale, quality: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Symbols and scale indices, (1, M, h, w), as `MeanScale(quality)` codes them."""
    y = y * codec.net.gain(torch.tensor([quality]))
    z = codec.net.h_a(y).round()
    mean, index = codec.net.h_s(z).chunk(2, dim=1)
    return (y - mean).round(), index.round().clamp(0, SCALES - 1)


@torch.no_grad()
def begin(net: ContextNet, made: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Weights of each channel's own neighbours by least squares, in closed form.

    The shift predicts a symbol (in units of its spread) from its neighbours; the change
    of the scale predicts its magnitude from theirs.

    Args:
        made: symbols and indices, as `symbols_of` gives them.
    """
    taps, M = net.mask.reshape(-1).nonzero()[:, 0], net.M
    if not len(taps):
        return
    near = [symbols / spread(index).float() for symbols, index in made]
    near = [n.clamp(-16, 16) for n in near]
    mean = torch.cat([n.abs().flatten(2)[0] for n in near], 1).mean(1)  # (M,)
    for first, values in (
        (0, near),
        (M, [n.abs() - mean[:, None, None] for n in near]),
    ):
        a, b = torch.zeros(M, len(taps), len(taps)), torch.zeros(M, len(taps))
        for v in values:
            around = F.unfold(v.transpose(0, 1), SIDE, padding=SIDE // 2)[:, taps]
            a += around @ around.transpose(1, 2)
            b += (around @ v.flatten(2)[0][..., None])[..., 0]
        damp = a.diagonal(dim1=1, dim2=2).mean(1) * 0.01 + 1.0
        found = torch.linalg.solve(a + damp[:, None, None] * torch.eye(len(taps)), b)
        if first:  # a relative change of the scale, in steps of the table over 16
            found = found / mean[:, None].clamp(min=0.05) / (16 * LOG_STEP)
            net.head[2].get_parameter("bias")[M:] = -(found.sum(1) * mean) * 0.5
            found = found * 0.5
        flat = torch.zeros(M, SIDE * SIDE)
        flat[:, taps] = found
        net.own[first : first + M] = flat.reshape(M, SIDE, SIDE)


def fit_context(
    order: str,
    minutes: float = 4.0,
    steps: int = 100_000,
    limit: int = 0,
    seed: int = 0,
    rate: float = 1e-3,
) -> tuple[ContextNet, dict[str, float]]:
    """A trained `ContextNet` and what to put on its card.

    Args:
        order: "serial", "checkerboard" or "none". minutes: of a processor's time, or
            it ends after `steps`. limit: at most so many pictures of each set.
    """
    codec, begun = MeanScale(), time.process_time()
    data = latents(TRAINING, codec, limit)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ContextNet(order)
    known = {}
    for pick, y in enumerate(data):
        for quality in (1 + pick % 3, 4 + pick % 3):
            known[pick, quality] = symbols_of(y, codec, float(quality))
    begin(net, list(known.values()))
    pairs = list(known.values())
    optimizer = torch.optim.Adam(net.parameters(), rate)
    draw = torch.Generator().manual_seed(seed)
    step, share = 0, 0.0
    bar = tqdm(desc=f"context, {order}", total=steps, leave=False, mininterval=2)
    while share < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 + math.cos(math.pi * share)) / 2
        pick = int(torch.randint(len(pairs), (1,), generator=draw))
        symbols, index = pairs[pick]
        optimizer.zero_grad()
        (net.bits(symbols, index) / symbols[0, 0].numel() / 50).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step += 1
        bar.update()
        passed = (time.process_time() - begun) / 60
        share = max(step / steps, passed / minutes)
    bar.close()
    return net.eval().requires_grad_(False), {"steps": step, "minutes": passed}


@torch.no_grad()
def validate_context(net: ContextNet, limit: int = 0) -> dict[str, float]:
    """Bits of y with context over those without, at each quality, on pictures that no
    training saw."""
    codec, plain, found = MeanScale(), ContextNet("none"), {}
    data = latents(HELD_OUT, codec, limit)
    for quality in range(1, 7):
        made = [symbols_of(y, codec, float(quality)) for y in data]
        bits = [sum(n.bits(*m).item() for m in made) for n in (net, plain)]
        found[f"validation_ratio_{quality}"] = round(bits[0] / bits[1], 4)
    return found


def run(
    order: str,
    out: str | Path = "data/weights",
    minutes: float = 4.0,
    limit: int = 150,
) -> Path:
    """Train, measure and write the weights and their card."""
    net, made = fit_context(order, minutes, limit=limit)
    file = Path(out) / f"context_{order}.safetensors"
    card = Card(
        recipe=f"python -m srlab train context_{order} --short --minutes {minutes:g}",
        data=f"latents of {', '.join(TRAINING)}, {limit or 'all'} of each at most: "
        f"least squares, then {made['steps']} steps of a picture",
        device=device_name(),
        minutes=round(made["minutes"], 1),
        licence="MIT",
        metrics=validate_context(net, limit and 4),
        model="ContextNet",
        settings={"order": order},
        note="a model of rate for the symbols of mean_scale, whose picture it does not "
        "change; ratio: estimated bits of y over those of the hyperprior alone",
    )
    write_weights(file, net.state_dict(), card, dtype="float16")
    return file


@torch.no_grad()
def compare(sets: dict[str, list[torch.Tensor]], rules: dict[str, ContextNet]) -> Any:
    """Estimated bits with and without context, a row a set, order and quality.

    Args:
        sets: name -> uint8 pictures (3, H, W). rules: order -> network.

    Returns:
        A table: set, order, quality, bits per pixel without and with (both with z's),
        and `saved` in per cent.
    """
    import pandas as pd

    codec, plain, rows = MeanScale(), ContextNet("none"), []
    for name, found in sets.items():
        images = [padded(p[None].float() / 255, 64) for p in found]
        data = [codec.net.analysis(x) for x in images]
        pixels = sum(p[0].numel() for p in found)
        for quality in range(1, 7):
            side, bits = 0.0, dict.fromkeys(["none", *rules], 0.0)
            for y in data:
                z = codec.net.h_a(y * codec.net.gain(torch.tensor([float(quality)])))
                side += codec.net._bits(z).sum().item()
                made = symbols_of(y, codec, float(quality))
                for order, rule in {"none": plain, **rules}.items():
                    bits[order] += rule.bits(*made).item()
            for order in rules:
                without, within = (bits[k] + side for k in ("none", order))
                saved = round(100 * (1 - within / without), 2)
                rates = (round(b / pixels, 5) for b in (without, within))
                rows.append([name, order, quality, *rates, saved])
    columns = ["set", "order", "quality", "bpp_without", "bpp_with", "saved"]
    return pd.DataFrame(rows, columns=columns)
