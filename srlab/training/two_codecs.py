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

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from tqdm.auto import tqdm

from srlab import images, losses, models
from srlab.codecs import JPEG, MeanScale
from srlab.datasets.bank import Bank
from srlab.models import TwoCodecsNet
from srlab.recipes.two_codecs import TwoCodecs
from srlab.resample import imresize
from srlab.schemes.end_to_end import from_ycbcr, to_ycbcr
from srlab.schemes.two_layer import MIDDLE
from srlab.training.coded import CODINGS
from srlab.training.pictures import pictures
from srlab.training.state import Diverged, State

__all__ = ["Layers", "Pipeline", "fit_two_codecs", "validate_two_codecs"]


class Layers(NamedTuple):
    """What the scheme makes of a batch x, (B, 3, H, W).

    small, decoded: (B, 3, H / 2, W / 2); sr, result: (B, 3, H, W), not clamped;
    bits, residual_bits: (B,) estimated, 0 without that codec or its estimate.
    """

    small: torch.Tensor
    decoded: torch.Tensor
    sr: torch.Tensor
    result: torch.Tensor
    bits: torch.Tensor
    residual_bits: torch.Tensor


class Pipeline(nn.Module):
    """The nets and codecs of a configuration, differentiable where it can be.

    Attributes:
        net: a `TwoCodecsNet`, what is trained. first, second: codecs' networks.
    """

    def __init__(self, plan: TwoCodecs):
        super().__init__()
        self.plan = plan
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.net = TwoCodecsNet(**plan.net)
        if plan.start:
            models.warm_start(self.net.up, plan.start)
        self.level = CODINGS[plan.codec].level(plan.first)
        self.first = self.second = None
        if plan.codec == "mean_scale":
            self.first = _codec(plan.joint)
            self.second = _codec(plan.joint) if plan.second else None

    def learns(self) -> list[nn.Parameter]:
        """Parameters that are trained."""
        return [p for p in self.parameters() if p.requires_grad]

    def train(self, mode: bool = True) -> Pipeline:
        """Frozen codecs round; they are noisy only where their rate has a price."""
        super().train(mode)
        for codec in (self.first, self.second):
            if codec is not None:
                codec.train(mode and self.plan.price > 0)
        return self

    def forward(self, x: torch.Tensor, around: bool = False) -> Layers:
        """(B, 3, H, W), sides multiples of 128.

        Args:
            around: pass the codec over, as the way down's turn does.
        """
        small = _kept(self.net.small(x))
        none = x.new_zeros(len(x))
        decoded, bits = small, none
        if not around:
            decoded, bits = self._coded(self.first, small, self.plan.first)
        sr = self.net.large(decoded, self.level)
        if self.second is None:
            return Layers(small, decoded, sr, sr, bits, none)
        residual = _kept(x - sr + MIDDLE)
        coded, residual_bits = self._coded(self.second, residual, self.plan.second)
        return Layers(small, decoded, sr, sr + coded - MIDDLE, bits, residual_bits)

    def _coded(self, codec, x: torch.Tensor, quality: float):
        if codec is None:
            return _jpeg(x, quality), x.new_zeros(len(x))
        found = codec(x, torch.full((len(x),), float(quality), device=x.device))
        return _kept(found.x_hat, whole=True), found.bits


def _codec(joint: bool) -> nn.Module:
    return copy.deepcopy(MeanScale().net).requires_grad_(joint)


def _kept(x: torch.Tensor, whole: bool = False) -> torch.Tensor:
    """Clamped to [0, 1] and, if whole, on the 1/255 grid; the gradient passes."""
    kept = x.clamp(0, 1)
    if whole:
        kept = (kept * 255).round() / 255
    return x + (kept - x).detach()


def _jpeg(x: torch.Tensor, quality: float) -> torch.Tensor:
    """Through real files, without a gradient."""
    codec = JPEG(quality)
    eight = images.from_uint8(images.to_uint8(x.detach().cpu()))
    made = [codec.decode(codec.encode(one[None])) for one in eight]
    return torch.cat(made).to(x)


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
    line = Pipeline(plan).train().to(device, memory_format=torch.channels_last)
    data = Bank(((p, p) for p in _large_enough(plan)), device, plan.seed)
    checks = [_middle(p) for p in pictures(plan.validation, plan.limit)]
    duel = _Duel(plan, device) if plan.adversarial else None
    optimizer = torch.optim.Adam(line.learns(), plan.rate)
    row = asdict(plan)
    row = {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}
    rivals = (duel.player, duel.optimizer) if duel else (None, None)
    state = State(line, optimizer, row, rival=rivals[0], rival_optimizer=rivals[1])
    if folder is not None:
        state.resume(Path(folder))
    try:
        _loop(plan, state, data, checks, duel, folder, watch)
    except KeyboardInterrupt:
        pass
    finally:
        line.load_state_dict(state.best or state.average.state_dict())
        line.eval()
    return line, state


def _loop(plan, state, data, checks, duel, folder, watch) -> None:
    begun, before = time.perf_counter(), state.seconds
    total = torch.zeros((), device=data.device)
    bar = tqdm(
        desc=plan.name, initial=state.step, total=plan.steps, leave=False, mininterval=2
    )
    while plan.share(state.step, state.seconds) < 1:
        share = plan.share(state.step, state.seconds)
        lr = plan.rate * (1 + math.cos(math.pi * share)) / 2
        for group in state.optimizer.param_groups:
            group["lr"] = min(1.0, (state.step + 1) / 100) * lr
        x, _ = data.batch(state.step, plan.batch, plan.patch)
        if plan.colour == "ycbcr":
            x = to_ycbcr(x)
        around = plan.turns > 0 and (state.step // plan.turns) % 2 == 1
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
            duel.discriminate(made.result.detach(), x, lr)
        state.advance(plan.ema)
        state.seconds = before + time.perf_counter() - begun
        total += loss.detach()
        bar.update()
        last = plan.share(state.step, state.seconds) >= 1
        if not (last or state.step % plan.every == 0):
            continue
        since = state.history[-1]["step"] if state.history else 0
        row = {"step": state.step, "loss": total.item() / (state.step - since)}
        if not math.isfinite(row["loss"]):
            raise Diverged(f"the loss is {row['loss']} before step {state.step}")
        row |= validate_two_codecs(state.average, checks)
        row["seconds"] = state.seconds
        rate = row["bpp"] + row["residual_bpp"]
        state.keep(-(10 ** (-row["psnr"] / 10)) - plan.price * rate)
        state.history.append(row)
        bar.set_postfix(loss=f"{row['loss']:.5f}", dB=f"{row['psnr']:.2f}")
        if folder is not None:
            state.save(Path(folder))
        if watch is not None:
            watch(state.history)
        total.zero_()


def _rest(net: TwoCodecsNet, around: bool) -> None:
    """One net learns, the other rests."""
    net.down.requires_grad_(around)
    net.up.requires_grad_(not around)


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
    return imresize(x, size=tuple(n // 2 for n in x.shape[-2:])).clamp(0, 1)


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

    def discriminate(self, fake: torch.Tensor, real: torch.Tensor, rate) -> None:
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
        ycbcr = line.plan.colour == "ycbcr"
        x = to_ycbcr(real) if ycbcr else real
        made = line(x)
        row = {}
        for key, y in (("psnr", made.result), ("psnr_sr", made.sr)):
            y = from_ycbcr(y) if ycbcr else y
            error = (images.round8(y.clamp(0, 1)) - real).square().mean().item()
            row[key] = -10 * math.log10(max(error, 1e-10))
        row["bpp"] = made.bits.item() / x[0, 0].numel()
        row["residual_bpp"] = made.residual_bits.item() / x[0, 0].numel()
        shift = (made.small - _bicubic(x)).mean(dim=(0, 2, 3)).abs().max()
        rows.append(row | {"colour": 255 * shift.item()})
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def _large_enough(plan: TwoCodecs) -> list[torch.Tensor]:
    found = [p.expand(3, -1, -1) for p in pictures(plan.data, plan.limit)]
    return [p for p in found if min(p.shape[1:]) >= plan.patch] or found


def _middle(picture: torch.Tensor) -> torch.Tensor:
    """The largest middle part whose sides are multiples of 128."""
    height, width = (128 * (n // 128) for n in picture.shape[1:])
    top, left = (picture.shape[1] - height) // 2, (picture.shape[2] - width) // 2
    return picture[:, top : top + height, left : left + width]
