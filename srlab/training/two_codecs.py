# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Two codecs, and the nets around them, trained end to end.

    x -> down -> codec 1 -> decoded -> up -> SR;  x - SR + 1/2 -> codec 2 -> + SR -> x'

The codecs are the course's own, frozen, with a straight-through gradient at their
rounding; or they learn too (`joint`). Nets in turns are F. Jiang et al.'s ComCNN and
RecCNN (arXiv 1708.00838): while one learns, the other rests, and the codec, which need
have no gradient then, is passed over in the way down's turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srlab import images, losses, models
from srlab.datasets.bank import Bank
from srlab.models import TwoCodecsNet
from srlab.recipes.two_codecs import TwoCodecs
from srlab.resample import imresize
from srlab.schemes.end_to_end import from_ycbcr, to_ycbcr
from srlab.training.looping import go, plain
from srlab.training.pictures import pictures
from srlab.training.pipeline import Layers, Pipeline
from srlab.training.state import State

__all__ = ["Layers", "Pipeline", "fit_two_codecs", "validate_two_codecs"]


def fit_two_codecs(
    plan: TwoCodecs,
    folder: str | Path | None = None,
    watch: Callable[[list[dict[str, Any]]], object] | None = None,
    device: torch.device | str | None = None,
) -> tuple[Pipeline, State]:
    """Train a configuration's nets; they end in eval mode with averaged weights.

    Args:
        folder: of the checkpoint; a run that was killed goes on from it.
        watch: called with the history after each validation.

    Returns:
        The pipeline, and its state: `history` holds a dict each validation: step, loss,
        seconds, psnr of the result, psnr_sr, bpp and residual_bpp (estimates; 0 of a
        JPEG), colour (what the small picture's mean differs from bicubic's, levels).

    Raises:
        Diverged: the loss is NaN or infinite. FileNotFoundError: weights or a set are
        missing.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    line = Pipeline(plan).train().to(device)
    line.to(memory_format=torch.channels_last)
    data = Bank(((p, p) for p in _large_enough(plan)), device, plan.seed)
    checks = [_middle(p) for p in pictures(plan.validation, plan.limit)]
    duel = _Duel(plan, device) if plan.adversarial else None
    optimizer = torch.optim.Adam(line.learns(), plan.rate)
    rivals = (duel.player, duel.optimizer) if duel else (None, None)
    state = State(
        line, optimizer, plain(asdict(plan)), rival=rivals[0],
        rival_optimizer=rivals[1],
    )  # fmt: skip

    def step(number: int, rate: float, _share: float) -> torch.Tensor:
        x, _ = data.batch(number, plan.batch, plan.patch)
        return _step(plan, state, to_ycbcr(x) if _wide(plan) else x, duel, rate)

    def validate(net: Any) -> dict[str, float]:
        return validate_two_codecs(net, checks)

    go(plan, state, step, validate, folder, watch)
    return line, state


def _wide(plan: TwoCodecs) -> bool:
    return plan.colour == "ycbcr"


def _step(
    plan: Any, state: Any, x: torch.Tensor, duel: Any, rate: float
) -> torch.Tensor:
    """One step of the nets, and of the discriminator if there is one."""
    # The way down first, while the way up is bicubic interpolation still: a way up that
    # learned from a random net's small pictures would not ask for better ones.
    around = plan.turns > 0 and (state.step // plan.turns) % 2 == 0
    if plan.turns:
        _rest(state.net.net, around)
    made = state.net(x.contiguous(memory_format=torch.channels_last), around)
    loss = _loss(plan, made, x)
    if duel is not None:
        loss = loss + duel.generator(made.result, x)
    state.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(state.net.learns(), plan.clip)
    state.optimizer.step()
    if duel is not None:
        duel.discriminate(made.result.detach(), x, rate)
    return loss


def _rest(net: TwoCodecsNet, around: bool) -> None:
    """One net learns, the other rests as it will be used: its statistics stay, too."""
    for part, learns in ((net.down, around), (net.up, not around)):
        part.requires_grad_(learns).train(learns)


def _loss(plan: TwoCodecs, made: Layers, x: torch.Tensor) -> torch.Tensor:
    """All but the discriminator's part, see `TwoCodecs`."""
    found = losses.mse(made.result, x)
    if plan.sr:
        found = (found + plan.sr * losses.mse(made.sr, x)) / (1 + plan.sr)
    found = plan.pixel * found
    if plan.natural:
        found = found + plan.natural * losses.mse(made.small, _bicubic(x))
    if plan.price:
        bits = (made.bits + made.residual_bits).mean() / x[0, 0].numel()
        found = found + plan.price * bits
    return found


def _bicubic(x: torch.Tensor) -> torch.Tensor:
    return imresize(x, size=[n // 2 for n in x.shape[-2:]]).clamp(0, 1)


class _Duel:
    """The discriminator's side, and its and the features' parts of the loss."""

    def __init__(self, plan: TwoCodecs, device: torch.device):
        self.plan, self.game = plan, losses.RelativisticAverage()
        width = 64 if plan.preset == "full" else 16
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed + 1)
            player = models.UNetDiscriminator(width=width)
        self.player = player.train().to(device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.player.parameters(), plan.rate / 4)
        self.features = losses.Perceptual().to(device) if plan.perceptual else None

    def generator(self, fake: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        self.player.requires_grad_(False)
        loss = self.game.generator(self.player(real), self.player(fake))
        loss = self.plan.adversarial * loss
        if self.features is not None:
            loss = loss + self.plan.perceptual * self.features(fake, real)
        return loss

    def discriminate(self, fake: torch.Tensor, real: torch.Tensor, rate: float) -> None:
        self.player.requires_grad_(True)
        for group in self.optimizer.param_groups:
            group["lr"] = rate / 4
        loss = self.game.discriminator(self.player(real), self.player(fake))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


@torch.no_grad()
def validate_two_codecs(
    line: Pipeline, pictures: list[torch.Tensor]
) -> dict[str, float]:
    """Means over pictures, see `fit_two_codecs`; uint8 (3, H, W), as `_middle` cuts."""
    device = next(line.net.parameters()).device
    rows = []
    for picture in pictures:
        real = picture[None].to(device, torch.float32) / 255
        x = to_ycbcr(real) if _wide(line.plan) else real
        made = line(x)
        row = {}
        for key, y in (("psnr", made.result), ("psnr_sr", made.sr)):
            y = from_ycbcr(y) if _wide(line.plan) else y
            error = (images.round8(y.clamp(0, 1)) - real).square().mean().item()
            row[key] = -10 * math.log10(max(error, 1e-10))
        row["bpp"] = made.bits.item() / x[0, 0].numel()
        row["residual_bpp"] = made.residual_bits.item() / x[0, 0].numel()
        shift = (made.small - _bicubic(x)).mean(dim=(0, 2, 3)).abs().max()
        rows.append(row | {"colour": 255 * shift.item()})
    found = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
    rate = found["bpp"] + found["residual_bpp"]
    score = 10 ** (-found["psnr"] / 10) + line.plan.price * rate
    return found | {"score": score}


def _large_enough(plan: TwoCodecs) -> list[torch.Tensor]:
    found = [p.expand(3, -1, -1) for p in pictures(plan.data, plan.limit)]
    return [p for p in found if min(p.shape[1:]) >= plan.patch] or found


def _middle(picture: torch.Tensor) -> torch.Tensor:
    """The largest middle part whose sides are multiples of 128."""
    height, width = (128 * (n // 128) for n in picture.shape[1:])
    top, left = (picture.shape[1] - height) // 2, (picture.shape[2] - width) // 2
    return picture[:, top : top + height, left : left + width]
