# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The configurations of two codecs and a super-resolver, as frozen dataclasses.

Names say down-sampling, quality of the first codec, of the second, and what is special:
``learned_1_5``, ``bicubic_4_4_sr``. Qualities are those of the course's mean-scale
codec, 1 (smallest) to 6. The first source's report calls the same thing ``cod1`` and
``cod2``, its regulariser is ``sr`` here, its ``res=False`` is a second quality of 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from srlab.recipes.recipe import HELD_OUT, PHOTOS, PRESETS, SETS

__all__ = ["TwoCodecs", "get", "names"]


@dataclass(frozen=True)
class TwoCodecs:
    """Everything that decides what the nets around two codecs become.

    L = pixel (L_res + sr L_sr) / (1 + sr) + natural MSE(down, bicubic) + price bpp
        + adversarial L_G + perceptual L_phi,
    where L_res = MSE(result, x) and L_sr = MSE(SR, x).
    """

    name: str
    preset: str = "full"
    net: Mapping[str, Any] = field(default_factory=dict)  # `TwoCodecsNet`'s arguments
    codec: str = "mean_scale"  # or "jpeg", which has no gradient: with `turns` alone
    first: float = 4.0  # quality of the small picture's codec
    second: float = 4.0  # of the residual's; 0: there is none
    pixel: float = 1.0
    sr: float = 0.0  # the report's regulariser: 1 weighs L_sr as L_res
    natural: float = 0.0  # keeps the learned small picture near bicubic
    price: float = 0.0  # of a bit per pixel, in units of the squared error
    turns: int = 0  # steps of one net while the other rests (ComCNN, RecCNN); 0: both
    joint: bool = False  # the codecs learn too; wants a price
    colour: str = "rgb"  # or "ycbcr": all the nets and codecs work on Y, Cb, Cr
    adversarial: float = 0.0  # relativistic average, UNet discriminator
    perceptual: float = 0.0  # the photo classifier's features
    data: tuple[str, ...] = SETS
    validation: tuple[str, ...] = HELD_OUT
    limit: int = 0  # at most so many pictures of each set, 0: all
    steps: int = 40_000
    minutes: float = 0.0  # end by the clock, and the rate follows it; 0: by steps
    batch: int = 16
    patch: int = 256  # side of a crop, a multiple of 128
    rate: float = 5e-4  # of Adam: a warm-up of 100 steps, then half a cosine
    clip: float = 1.0  # of the gradient's norm
    ema: float = 0.999
    every: int = 1000
    start: str = "decoded_mean_scale_x2"  # weights of what goes up; "": none
    seed: int = 0

    def __post_init__(self) -> None:
        """ValueError for what no run could have."""
        for key in ("steps", "batch", "patch", "every"):
            value = getattr(self, key)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} is {value!r}; expected a whole number from 1")
        if self.patch % 128:
            raise ValueError(f"patch is {self.patch}; expected a multiple of 128")
        weights = ("pixel", "sr", "natural", "price", "adversarial", "perceptual")
        for key in (*weights, "minutes"):
            value = getattr(self, key)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{key} is {value}; expected a number from 0")
        if self.codec not in ("mean_scale", "jpeg"):
            raise ValueError(f"codec is {self.codec!r}; expected mean_scale or jpeg")
        if self.codec == "jpeg" and not (self.turns and self.second == 0):
            raise ValueError("jpeg has no gradient: give turns, and second = 0")
        if self.colour not in ("rgb", "ycbcr"):
            raise ValueError(f"colour is {self.colour!r}; expected rgb or ycbcr")
        if self.joint and not self.price:
            raise ValueError("joint wants a price: without one the rate would explode")
        if self.turns and not self.net.get("down", 64):
            raise ValueError("turns want a learned way down")

    def share(self, step: int, seconds: float) -> float:
        """How much of the run is over, 0 to 1."""
        by_clock = seconds / 60 / self.minutes if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_clock))


_BICUBIC = {"down": 0}
_PLAIN = {"shortcut": False}
_ESRGAN: dict[str, Any] = {
    "pixel": 0.01,
    "adversarial": 5e-3,
}  # the report took ESRGAN's weights
_BOOK = {
    plan.name: plan
    for plan in (
        TwoCodecs("learned_1_5", first=1, second=5),
        TwoCodecs("learned_5_1", first=5, second=1),
        TwoCodecs("bicubic_4_4_sr", net=_BICUBIC, sr=1),
        TwoCodecs("bicubic_1_5_sr", net=_BICUBIC, first=1, second=5, sr=1),
        TwoCodecs("learned_4_4_sr", sr=1),
        TwoCodecs("learned_4_4_sr_plain", net=_PLAIN, sr=1, start=""),
        TwoCodecs("learned_4_4_sr_natural", sr=1, natural=1),
        TwoCodecs("learned_1_5_sr", first=1, second=5, sr=1),
        TwoCodecs("bicubic_4_0", net=_BICUBIC, second=0),
        TwoCodecs("learned_4_0", second=0),
        TwoCodecs("comcnn_4_0", net={"up": "RecCNN", "blocks": 20, "width": 64},
                  second=0, turns=100, start=""),
        TwoCodecs("comcnn_jpeg", net={"up": "RecCNN", "blocks": 20, "width": 64},
                  codec="jpeg", first=30, second=0, turns=100, start=""),
        TwoCodecs("bicubic_1_5_sr_ycbcr", net=_BICUBIC, first=1, second=5, sr=1,
                  colour="ycbcr", start=""),
        TwoCodecs("bicubic_4_0_gan", net=_BICUBIC, second=0, **_ESRGAN),
        TwoCodecs("bicubic_4_0_gan_vgg", net=_BICUBIC, second=0, **_ESRGAN,
                  perceptual=1.0),
        TwoCodecs("bicubic_4_4_sr_gan_vgg", net=_BICUBIC, sr=1, **_ESRGAN,
                  perceptual=1.0),
        TwoCodecs("learned_4_4_sr_rate", sr=1, price=6e-4),
        TwoCodecs("learned_4_4_sr_joint", sr=1, price=6e-4, joint=True),
    )
}  # fmt: skip
_ON_CPU: dict[str, Any] = {
    "batch": 2,
    "patch": 128,
    "minutes": 10.0,
    "steps": 10**6,
    "every": 250,
}
_LIVE: dict[str, Any] = {
    "data": PHOTOS,
    "validation": ("held_out",),
    "limit": 0,
    "every": 20,
}


def names() -> list[str]:
    """All configurations."""
    return list(_BOOK)


def get(name: str, preset: str = "full") -> TwoCodecs:
    """A configuration by name.

    full: a GPU; short: ten minutes of a CPU core, with smaller nets; fast: a lesson's
    minute; rehearse: two steps. ValueError if there is none.
    """
    if name not in _BOOK:
        near = get_close_matches(str(name), _BOOK, n=2)
        known = f"did you mean {' or '.join(near)}?" if near else f"{', '.join(_BOOK)}"
        raise ValueError(f"no configuration is called {name!r}; {known}")
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    plan = replace(_BOOK[name], preset=preset)
    if preset == "full":
        return plan
    small = dict(plan.net)
    if small.get("up") == "RecCNN":
        small |= {"width": 32, "blocks": 6}
    if small.get("down", 64):
        small["down"] = 32
    plan = replace(plan, net=small, **_ON_CPU)
    if preset == "short":
        return plan
    steps = 80 if preset == "fast" else 2
    live: dict[str, Any] = {
        **_LIVE,
        "minutes": 0.0,
        "steps": steps,
        "every": max(1, steps // 4),
    }
    if preset == "rehearse":
        live |= {"batch": 1, "limit": 1}
    return replace(plan, **live)
