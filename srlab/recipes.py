# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How each network is trained: one frozen dataclass a run, in four presets.

- ``rehearse``: two steps on tiny data. It shows that the code runs, nothing else.
- ``fast``: under a minute on two CPU cores, on the shipped photographs, live in a
  notebook; most nets are reduced.
- ``short``: tens of minutes on a CPU, on BSDS500 and T91; nets that are too large for a
  CPU are reduced. What `srlab.load` gives until a full run replaces it.
- ``full``: the paper's network and a schedule for a GPU.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import nn

__all__ = ["PRESETS", "Recipe", "get", "names"]

PRESETS = ("rehearse", "fast", "short", "full")
PHOTOS = ("photos",)  # the shipped photographs
SETS = ("BSDS500_train", "BSDS500_test45[10:]", "T91")  # none of them in a test set
HELD_OUT = ("BSDS500_test45[:10]",)  # to validate on


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run gives."""

    name: str  # "edsr_x2"; also what the weights are called
    preset: str  # one of PRESETS
    model: str  # a class of srlab.models
    settings: Mapping[str, Any] = field(default_factory=dict)  # its arguments
    scales: tuple[int, ...] = (2,)  # several only for nets that do not enlarge
    steps: int = 1000  # of the optimizer
    batch: int = 16  # crops a step, over all processes
    patch: int = 24  # side of a crop in pixels of the small picture
    rate: float = 1e-3  # the highest learning rate
    optimizer: Literal["adam", "sgd"] = "adam"
    loss: Literal["l1", "l2", "half_sum"] = "l1"  # half_sum: 1/2 |e|^2 of a crop
    decay: tuple[
        float, ...
    ] = ()  # shares of the run at which the rate falls; () cosine
    gamma: float = 0.5  # by what it falls
    warm_up: int = 0  # steps in which the rate rises from 0
    clip: tuple[str, float] | None = (
        None  # ("value", theta): +-theta / rate; ("norm", n)
    )
    ema: float = 0.999  # of the averaged weights; 0 for none
    every: int = 500  # steps from one validation to the next
    data: tuple[str, ...] = PHOTOS  # sets; "name[a:b]" takes some of the pictures
    validation: tuple[str, ...] = ("held_out",)
    limit: int = 0  # at most so many pictures of each, 0: all
    start: str = ""  # weights to begin from, by name or path; "identity" for SRCNN
    precision: str = "32-true"  # as Fabric names it; a CPU always takes 32-true
    channels_last: bool = True  # memory order of the weights
    compile: bool = False  # torch.compile
    seed: int = 0  # of the first weights and of the batches

    def __post_init__(self) -> None:
        """ValueError for what no run could have."""
        for key in ("steps", "batch", "patch", "every"):
            value = getattr(self, key)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} is {value!r}; expected a whole number from 1")
        if not (self.rate > 0 and math.isfinite(self.rate)):
            raise ValueError(f"rate is {self.rate}; expected a number above 0")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema is {self.ema}; expected 0 <= ema < 1")
        if self.optimizer not in ("adam", "sgd"):
            raise ValueError(f"optimizer is {self.optimizer!r}; expected adam or sgd")
        if self.loss not in ("l1", "l2", "half_sum"):
            raise ValueError(f"loss is {self.loss!r}; expected l1, l2 or half_sum")
        if self.clip and self.clip[0] not in ("value", "norm"):
            raise ValueError(f"clip is {self.clip!r}; expected ('value' or 'norm', x)")
        if not self.scales:
            raise ValueError("a recipe needs a scale")

    def net(self) -> nn.Module:
        """The network as the run begins, the same for the same seed.

        Raises FileNotFoundError or ValueError when `start` is missing or does not fit.
        """
        import torch

        from srlab import models

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            net = models.build(self.model, self.settings)
        if self.start == "identity":
            net.start_as_identity()
        elif self.start:
            models.warm_start(net, self.start)
        return net

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: warm-up, then stairs or half a cosine."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        share = step / self.steps
        if self.decay:
            return self.rate * self.gamma ** sum(share >= at for at in self.decay)
        return self.rate * 0.5 * (1 + math.cos(math.pi * share))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint keeps them."""
        row = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}


def get(name: str, preset: str = "fast") -> Recipe:
    """A recipe by name, such as "edsr_x2"; ValueError lists what there is."""
    if name not in _BOOK:
        near = get_close_matches(str(name), _BOOK, n=2)
        known = f"did you mean {' or '.join(near)}?" if near else f"{', '.join(_BOOK)}"
        raise ValueError(f"no recipe is called {name!r}; {known}")
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    full, short, fast = _BOOK[name]
    base = replace(full, name=name, preset=preset)
    if preset == "full":
        return base
    if preset == "short":
        return _over(base, _ON_CPU | {"rate": 1e-3} | short)
    if preset == "fast":
        return _over(base, _ON_CPU | _LIVE | {"rate": 2e-3} | fast)
    tiny = {k: fast[k] for k in ("settings", "scales") if k in fast}
    return _over(base, _ON_CPU | _LIVE | {"rate": 1e-4} | tiny | _TINY)


def names() -> list[str]:
    """All recipes."""
    return list(_BOOK)


def _over(base: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The base with some fields changed; settings are merged."""
    changes = dict(changes)
    changes["settings"] = {**base.settings, **changes.get("settings", {})}
    return replace(base, **changes)


_ON_CPU = {
    "precision": "32-true", "optimizer": "adam", "clip": None, "decay": (),
    "batch": 16, "patch": 24, "warm_up": 50, "start": "",
}  # fmt: skip
_LIVE = {
    "data": PHOTOS, "validation": ("held_out",), "limit": 0, "batch": 8, "ema": 0.99,
    "every": 100,
}  # fmt: skip
_TINY = {"steps": 2, "batch": 2, "patch": 8, "every": 1, "limit": 1, "warm_up": 0}

_GPU = Recipe(
    name="",
    preset="full",
    model="",
    steps=300_000,
    batch=16,
    patch=48,
    rate=2e-4,
    every=5000,
    data=SETS,
    validation=HELD_OUT,
    precision="bf16-mixed",
)


def _full(model: str, scale: int, settings: Mapping[str, Any], **changes) -> Recipe:
    return replace(_GPU, model=model, scales=(scale,), settings=settings, **changes)


def _srcnn(scale: int, f2: int = 5) -> tuple[Recipe, dict, dict]:
    """The paper's SGD needs 8e8 crops; Adam with the same per-layer rates needs fewer.

    x3 and x4 begin with the weights of x2: the task is nearly the same.
    """
    start = "srcnn_x2" if scale > 2 else ""
    full = _full(
        "SRCNN", scale, {"f2": f2}, loss="l2", batch=64, patch=-(-96 // scale),
        rate=1e-3, steps=200_000, precision="32-true", start=start or "identity",
    )  # fmt: skip
    small = {"patch": -(-32 // scale), "batch": 8, "start": start or "identity"}
    steps = 45_000 if (scale, f2) == (2, 5) else 10_000
    short = {**small, "steps": steps, "every": 2500}
    return full, short, {**small, "steps": 800, "start": "identity"}


def _espcn(scale: int) -> tuple[Recipe, dict, dict]:
    """The paper's tanh on a GPU; relu, which learns faster, in the short runs."""
    full = _full(
        "ESPCN", scale, {"scale": scale, "activation": "tanh"}, loss="l2", batch=64,
        rate=2e-3, steps=300_000, precision="32-true",
    )  # fmt: skip
    relu = {"settings": {"activation": "relu"}}
    short = {**relu, "steps": 25_000, "every": 2500, "rate": 2e-3}
    if scale == 2:
        short["steps"] = 80_000
    return full, short, {**relu, "steps": 1500, "rate": 4e-3}


def _residual(
    model: str,
    scale: int,
    wide: Mapping[str, Any],
    narrow: Mapping[str, Any],
    short_steps: int = 10_000,
    **changes: Any,
) -> tuple[Recipe, dict, dict]:
    """A net of RGB: the paper's size for a GPU, a reduced one for a CPU."""
    full = _full(model, scale, {"scale": scale, **wide}, **changes)
    if full.start:  # x3 and x4 take the body of x2, as EDSR's authors do
        short_steps //= 4
    short = {
        "settings": narrow, "steps": short_steps, "batch": 8, "every": 1000,
        "start": full.start,
    }  # fmt: skip
    return full, short, {"settings": narrow, "steps": 250, "patch": 20, "batch": 4}


def _swinir(scale: int) -> tuple[Recipe, dict, dict]:
    narrow = {"width": 32, "layers": 2, "depth": 2, "heads": 4}
    return _residual(
        "SwinIR", scale, {"light": True}, narrow, short_steps=5000, batch=32, patch=64,
        decay=(0.5, 0.8, 0.9, 0.95), channels_last=False,
        start="swinir_light_x2" if scale > 2 else "",
    )  # fmt: skip


def _vdsr() -> tuple[Recipe, dict, dict]:
    """SGD at 0.1, clipped to +-theta / rate, half a squared error, as the paper.

    On a CPU Adam, which needs no clipping.
    """
    full = _full(
        "VDSR", 2, {}, loss="half_sum", optimizer="sgd", rate=0.1, gamma=0.1, batch=64,
        decay=(0.25, 0.5, 0.75), clip=("value", 1e-4), patch=12, steps=80_000,
    )  # fmt: skip
    full = replace(full, scales=(2, 3, 4))
    small = {"loss": "l2", "batch": 8}
    narrow = {"depth": 10, "width": 32}
    short = {**small, "settings": narrow, "steps": 10_000, "patch": 9, "every": 1000}
    live = {"depth": 8, "width": 16}
    return full, short, {**small, "settings": live, "steps": 300, "patch": 9}


def _edsr(scale: int, narrow: Mapping, short_steps: int = 10_000, **wide: Any) -> tuple:
    start = "edsr_x2" if scale > 2 else ""
    return _residual("EDSR", scale, wide, narrow, short_steps, start=start)


_SMALL = {"width": 32, "blocks": 4}
_BOOK: dict[str, tuple[Recipe, dict, dict]] = {
    "srcnn_x2": _srcnn(2),
    "srcnn_x3": _srcnn(3),
    "srcnn_x4": _srcnn(4),
    "srcnn_915_x2": _srcnn(2, f2=1),
    "espcn_x2": _espcn(2),
    "espcn_x3": _espcn(3),
    "espcn_x4": _espcn(4),
    "vdsr": _vdsr(),
    "srresnet_x4": _residual(
        "SRResNet", 4, {}, _SMALL, short_steps=2000, loss="l2", patch=24
    ),
    "edsr_x2": _edsr(2, _SMALL),
    "edsr_x3": _edsr(3, _SMALL),
    "edsr_x4": _edsr(4, _SMALL),
    "edsr_bn_x2": _edsr(2, _SMALL, short_steps=5000, norm="batch"),
    "adadm_x2": _residual(  # 16 blocks of AdaDM at full weight begin 10 times too large
        "AdaDM", 2, {"residual_scale": 0.1}, {**_SMALL, "residual_scale": 1.0}, 5000
    ),
    "rcan_x2": _residual(
        "RCAN",
        2,
        {},
        {"width": 32, "groups": 2, "blocks": 2, "reduction": 8},
        short_steps=5000,
    ),
    "swinir_light_x2": _swinir(2),
    "swinir_light_x3": _swinir(3),
    "swinir_light_x4": _swinir(4),
    "rdrn_x2": _residual(
        "RDRN",
        2,
        {},
        {"width": 32, "blocks": 2, "recursion": 1, "reduction": 8},
        short_steps=5000,
    ),
}
