# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the learned codecs are trained: L = R + lambda 255^2 MSE, all qualities at once.

Each crop of a batch draws its own quality and with it its lambda (Z. Cui et al., arXiv
2003.02012). The papers train one network for each lambda, for a million steps and more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm

from srlab.codecs import networks
from srlab.codecs.networks import LAMBDAS
from srlab.datasets.bank import Bank
from srlab.recipes.recipe import PHOTOS
from srlab.training.pictures import pictures
from srlab.training.state import Diverged, State

__all__ = ["Coding", "fit_codec", "names", "recipe", "validate_codec"]

SETS = ("BSDS500_train", "BSDS500_test45[10:]", "T91")  # none of them in a test set
HELD_OUT = ("BSDS500_test45[:10]",)


@dataclass(frozen=True)
class Coding:
    """Everything that decides what a codec becomes."""

    name: str  # "mean_scale"; also what the weights are called
    model: str  # a class of srlab.codecs.networks
    preset: str = "full"
    settings: Mapping[str, Any] = field(default_factory=dict)
    lambdas: tuple[float, ...] = LAMBDAS  # one a quality
    data: tuple[str, ...] = SETS
    validation: tuple[str, ...] = HELD_OUT
    limit: int = 0  # at most so many pictures of each set, 0: all
    steps: int = 40_000
    minutes: float = 0.0  # end by the clock, and the rate follows it; 0: by steps
    batch: int = 16
    patch: int = 256  # side of a crop
    rate: float = 1e-3  # of Adam: a warm-up of 500 steps, then half a cosine
    clip: float = 1.0  # of the gradient's norm
    ema: float = 0.999
    every: int = 1000  # steps from one validation to the next
    start: str = ""  # weights to begin from, by name or path
    seed: int = 0

    def __post_init__(self) -> None:
        """ValueError for what no run could have."""
        for key in ("steps", "batch", "patch", "every"):
            value = getattr(self, key)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} is {value!r}; expected a whole number from 1")
        if self.patch % 64:
            raise ValueError(f"patch is {self.patch}; expected a multiple of 64")
        if not (self.minutes >= 0 and math.isfinite(self.minutes)):
            raise ValueError(f"minutes is {self.minutes}; expected a number from 0")
        if not self.lambdas or min(self.lambdas) <= 0:
            raise ValueError(f"lambdas are {self.lambdas}; expected numbers above 0")

    def net(self) -> nn.Module:
        """The network as the run begins, the same for the same seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            kind = getattr(networks, self.model)
            net = kind(levels=len(self.lambdas), **self.settings)
        if self.start:
            from srlab.models import warm_start

            warm_start(net, self.start)
        return net

    def share(self, step: int, seconds: float) -> float:
        """How much of the run is over, 0 to 1."""
        by_clock = seconds / 60 / self.minutes if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_clock))


_BOOK = {
    "factorized": Coding("factorized", "FactorizedNet"),
    "mean_scale": Coding("mean_scale", "MeanScaleNet"),
}


def names() -> list[str]:
    """All codecs that have a recipe."""
    return list(_BOOK)


def recipe(name: str, preset: str = "full") -> Coding:
    """full: a GPU's ten minutes; short: two CPU cores' hour; fast: a lesson's minute,
    from the trained weights; rehearse: two steps. ValueError if there is none."""
    if name not in _BOOK:
        raise ValueError(f"no codec is called {name!r}; there are {', '.join(_BOOK)}")
    full = _BOOK[name]
    live: dict[str, Any] = {
        "data": PHOTOS,
        "validation": ("held_out",),
        "batch": 4,
        "patch": 128,
    }
    known = {
        "full": full,
        "short": replace(full, preset="short", steps=8000, batch=8, patch=128),
        "fast": replace(
            full, preset="fast", **live, steps=60, every=20, rate=1e-4, ema=0.9,
            start=name,
        ),
        "rehearse": replace(
            full, preset="rehearse", **{**live, "batch": 2, "patch": 64}, steps=2,
            every=1, limit=1,
        ),
    }  # fmt: skip
    if preset not in known:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(known)}")
    return known[preset]


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
    state = State(net, optimizer, _plain(plan))
    if folder is not None:
        state.resume(Path(folder))
    try:
        _loop(plan, state, data, checks, folder, watch)
    except KeyboardInterrupt:
        pass
    finally:
        net.load_state_dict(state.best or state.average.state_dict())
        net.eval()
    return state


def _loop(
    plan: Any, state: Any, data: Any, checks: Any, folder: str | Path | None, watch: Any
) -> None:
    lambdas = torch.tensor(plan.lambdas, device=data.device)
    begun, before = time.perf_counter(), state.seconds
    total = torch.zeros((), device=data.device)
    bar = tqdm(
        desc=plan.name, initial=state.step, total=plan.steps, leave=False, mininterval=2
    )
    while plan.share(state.step, state.seconds) < 1:
        share = plan.share(state.step, state.seconds)
        rise = min(1.0, (state.step + 1) / 500) if not plan.start else 1.0
        for group in state.optimizer.param_groups:
            group["lr"] = rise * plan.rate * (1 + math.cos(math.pi * share)) / 2
        x, _ = data.batch(state.step, plan.batch, plan.patch)
        loss = _loss(state.net, x, state.step, plan, lambdas)
        state.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(state.net.parameters(), plan.clip)
        state.optimizer.step()
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
        row |= validate_codec(state.average, checks, plan.lambdas)
        row["seconds"] = state.seconds
        state.keep(-row["score"])
        state.history.append(row)
        bar.set_postfix(loss=f"{row['loss']:.3f}", score=f"{row['score']:.3f}")
        if folder is not None:
            state.save(Path(folder))
        if watch is not None:
            watch(state.history)
        total.zero_()


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


def _plain(plan: Coding) -> dict[str, Any]:
    row = asdict(plan)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}
