# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the learned codecs are trained: L = R + lambda 255^2 MSE, all qualities at once.

Each crop of a batch draws its own quality and with it its lambda (Z. Cui et al., arXiv
2003.02012). The papers train one network for each lambda, for a million steps and more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srlab.datasets.bank import Bank
from srlab.recipes.codecs import Coding, names, recipe
from srlab.training.looping import go, plain
from srlab.training.pictures import pictures
from srlab.training.state import State

__all__ = ["Coding", "fit_codec", "names", "recipe", "validate_codec"]


def fit_codec(
    net: nn.Module,
    plan: Coding,
    folder: str | Path | None = None,
    watch: Callable[[list[dict[str, Any]]], object] | None = None,
    device: torch.device | str | None = None,
) -> State:
    """Train a codec's network in place; it ends in eval mode with the best averages.

    Args:
        net: as `plan.net()` makes it. folder: of the checkpoint; a run that was killed
            goes on from it.
        watch: called with the history after each validation.
        device: the GPU if there is one, unless told otherwise.

    Returns:
        Its state: `history` holds a dict each validation: step, loss (bpp + lambda MSE,
        mean since the last one), seconds, score (the same loss on the held-out pictures
        over all qualities) and of each quality bpp and psnr (dB).

    Raises:
        Diverged: the loss is NaN or infinite. FileNotFoundError: a set is missing.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    net.train().to(device).to(memory_format=torch.channels_last)
    data = Bank(((p, p) for p in _coloured(plan.data, plan)), device, plan.seed)
    checks = [_middle(p) for p in _coloured(plan.validation, plan)]
    optimizer = torch.optim.Adam(net.parameters(), plan.rate)
    state = State(net, optimizer, plain(asdict(plan)))
    lambdas = torch.tensor(plan.lambdas, device=device)

    def step(number: int, rate: float, share: float) -> torch.Tensor:
        x, _ = data.batch(number, plan.batch, plan.patch)
        loss = _loss(net, x, number, plan, lambdas)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), plan.clip)
        optimizer.step()
        return loss

    def look(average: nn.Module) -> dict[str, float]:
        return validate_codec(average, checks, plan.lambdas)

    go(plan, state, step, look, folder, watch, warm_up=0 if plan.start else 500)
    return state


def _loss(
    net: Any, x: torch.Tensor, step: int, plan: Coding, lambdas: torch.Tensor
) -> torch.Tensor:
    """Mean over the batch of bpp + lambda 255^2 MSE, every quality equally often."""
    generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + step)
    turn = torch.arange(len(x)) + torch.randint(6, (1,), generator=generator)
    level = (turn % len(lambdas)).to(x.device)
    coded = net(x.contiguous(memory_format=torch.channels_last), level + 1.0)
    rate = coded.bits / x[0, 0].numel()
    distortion = 255**2 * (coded.x_hat - x).square().mean(dim=(1, 2, 3))
    return (rate + lambdas[level] * distortion).mean()


@torch.no_grad()
def validate_codec(
    net: nn.Module, images: list[torch.Tensor], lambdas: tuple[float, ...]
) -> dict[str, float]:
    """Estimated bpp and PSNR (dB) of each quality, and `score`, the mean loss.

    Args:
        images: uint8 (3, H, W), sides multiples of 64.
    """
    device = next(net.parameters()).device
    found, score = {}, 0.0
    for number, weight in enumerate(lambdas, 1):
        rates, errors, decibels = [], [], []
        for image in images:
            x = image[None].to(device, torch.float32) / 255
            coded = net(x, torch.full((1,), float(number), device=device))
            mse = (coded.x_hat.clamp(0, 1) - x).square().mean().item()
            rates.append(coded.bits.item() / x[0, 0].numel())
            errors.append(mse)
            decibels.append(-10 * math.log10(max(mse, 1e-10)))
        mean = len(images)
        found[f"bpp_{number}"] = sum(rates) / mean
        found[f"psnr_{number}"] = sum(decibels) / mean
        score += (sum(rates) + weight * 255**2 * sum(errors)) / mean
    return {"score": score / len(lambdas)} | found


def _coloured(sets: tuple[str, ...], plan: Coding) -> list[torch.Tensor]:
    """The pictures of some sets, grey ones as three equal channels, none too small."""
    found = [p.expand(3, -1, -1) for p in pictures(sets, plan.limit)]
    return [p for p in found if min(p.shape[1:]) >= plan.patch] or found


def _middle(picture: torch.Tensor) -> torch.Tensor:
    """The largest middle part whose sides are multiples of 64."""
    height, width = (64 * (n // 64) for n in picture.shape[1:])
    top, left = (picture.shape[1] - height) // 2, (picture.shape[2] - width) // 2
    return picture[:, top : top + height, left : left + width]
