# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the networks of side information are trained, as frozen dataclasses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from srlab.recipes.recipe import HELD_OUT, PHOTOS, PRESETS, SETS

__all__ = ["Side", "get", "names"]


@dataclass(frozen=True)
class Side:
    """Everything that decides what a run gives; L = 255^2 MSE + lambda bits.

    Bits are per descriptor. lambda is price times what a bit of the codec's own file
    earns at that quality, so that at 1 a descriptor's bit must earn as much.
    """

    name: str
    preset: str = "full"
    net: Mapping[str, Any] = field(default_factory=dict)  # `SideInfoNet`'s arguments
    codec: str = "jpeg"  # of `srlab.training.coded.CODINGS`
    qualities: tuple[float, ...] = ()  # of the codec; (): all of the coding's
    worth: tuple[float, ...] = ()  # levels^2 of the codec's bit in 256 pixels
    price: float = 0.5
    sigma: tuple[float, float] = (1.0, 4.0)  # of the backward pass, first and last
    taught: float = 0.6  # share of the run in which descriptors have set meanings
    calm: float = 0.7  # share of the run in which the rate has no price yet
    data: tuple[str, ...] = SETS
    validation: tuple[str, ...] = HELD_OUT
    limit: int = 0  # at most so many pictures of each set, 0: all
    each: int = 4  # qualities of each picture
    steps: int = 200_000
    minutes: float = 0.0  # end by the clock, and the rate follows it; 0: by steps
    batch: int = 16
    patch: int = 128  # side of a crop, a multiple of 16
    rate: float = 2e-4  # of Adam: a warm-up of 100 steps, then half a cosine
    clip: float = 1.0  # of the gradient's norm
    ema: float = 0.999
    every: int = 2000
    start: str = ""  # weights to begin from
    seed: int = 0

    def __post_init__(self) -> None:
        """ValueError for what no run could have."""
        for key in ("steps", "batch", "patch", "every", "each"):
            value = getattr(self, key)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} is {value!r}; expected a whole number from 1")
        if self.patch % 16:
            raise ValueError(f"patch is {self.patch}; expected a multiple of 16")
        for key in ("price", "minutes"):
            value = getattr(self, key)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{key} is {value}; expected a number from 0")
        if self.worth and len(self.worth) != len(self.qualities):
            raise ValueError(
                f"worth has {len(self.worth)} numbers for {len(self.qualities)} "
                "qualities"
            )
        if not 0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma is {self.sigma}; expected two rising numbers")
        if not 0 <= self.taught <= self.calm < 1:
            raise ValueError(
                f"taught and calm are {self.taught} and {self.calm}; expected rising "
                "shares of the run"
            )
        if self.codec not in ("jpeg", "jpeg_fine", "webp", "avif", "mean_scale"):
            raise ValueError(f"no coding is called {self.codec!r}")

    def share(self, step: int, seconds: float) -> float:
        """How much of the run is over, 0 to 1."""
        by_clock = seconds / 60 / self.minutes if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_clock))


_TWIN = {"descriptors": False}
# What a bit of JPEG earns was measured on BSDS500 photographs, mended by the remover of
# notebook 19, of WebP by side_info_webp_start; `python tools/bench_side_info.py worth`
# (with --codec webp) prints it for LIVE1 and the twin.
_JPEG: dict[str, Any] = {
    "qualities": (10, 20, 30, 40),
    "worth": (1.26, 0.52, 0.34, 0.25),
}
_WEBP: dict[str, Any] = {
    "codec": "webp",
    "qualities": (1, 5, 12, 22),
    "worth": (2.23, 1.43, 0.88, 0.61),
}
_BOOK = {
    plan.name: plan
    for plan in (
        Side("side_info_start", net=_TWIN, **_JPEG),
        Side("side_info", start="side_info_start", **_JPEG),
        Side("side_info_twin", net=_TWIN, start="side_info_start", **_JPEG),
        Side(
            "side_info_checkerboard",
            net={"order": "checkerboard"},
            start="side_info_start",
            **_JPEG,
        ),
        Side(
            "side_info_no_painter",
            net={"painter": False},
            start="side_info_start",
            **_JPEG,
        ),
        Side("side_info_fine", codec="jpeg_fine", start="side_info_start", **_JPEG),
        Side(
            "side_info_fine_twin",
            codec="jpeg_fine",
            net=_TWIN,
            start="side_info_start",
            **_JPEG,
        ),
        Side("side_info_webp_start", net=_TWIN, **_WEBP),
        Side("side_info_webp", start="side_info_webp_start", **_WEBP),
        Side("side_info_webp_twin", net=_TWIN, start="side_info_webp_start", **_WEBP),
    )
}
_ON_CPU: dict[str, Any] = {"batch": 4, "patch": 96, "every": 500}
_SMALL = {"width": 32, "blocks": 5, "fold": 2, "extractor": 16}
_LIVE: dict[str, Any] = {
    "data": PHOTOS,
    "validation": ("held_out",),
    "limit": 0,
    "each": 1,
}


def names() -> list[str]:
    """All of them."""
    return list(_BOOK)


def get(name: str, preset: str = "full") -> Side:
    """A recipe by name.

    full: a GPU, EDSR-baseline's size; short: a smaller net, minutes of a CPU core for
    what others start from and 2,000 steps for what starts from it; fast: a lesson's
    minute; rehearse: two steps. ValueError if there is none.
    """
    if name not in _BOOK:
        near = get_close_matches(str(name), _BOOK, n=2)
        known = f"did you mean {' or '.join(near)}?" if near else f"{', '.join(_BOOK)}"
        raise ValueError(f"no side information is called {name!r}; {known}")
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    plan = replace(_BOOK[name], preset=preset)
    if preset == "full":
        return plan
    plan = replace(plan, net={**plan.net, **_SMALL}, rate=1e-3, **_ON_CPU)
    if preset == "short":
        by_clock = {"minutes": 12.0, "steps": 10**6}
        return replace(plan, **({"steps": 2000} if plan.start else by_clock))
    steps = 60 if preset == "fast" else 2
    live: dict[str, Any] = {
        **_LIVE,
        "start": "",
        "minutes": 0.0,
        "steps": steps,
        "every": max(1, steps // 4),
    }
    if preset == "rehearse":
        live |= {"batch": 1, "limit": 1, "patch": 32}
    return replace(plan, **live)
