# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Recipes of the learned codecs: one network a recipe, all its qualities at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from srlab.codecs import networks
from srlab.codecs.networks import LAMBDAS
from srlab.recipes.recipe import HELD_OUT, PHOTOS, SETS

__all__ = ["Coding", "names", "recipe"]


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
