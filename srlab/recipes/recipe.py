# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What decides a training run, as a frozen dataclass that refuses nonsense."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import nn

__all__ = ["HELD_OUT", "PHOTOS", "PRESETS", "SETS", "Gan", "Recipe"]

PRESETS = ("rehearse", "fast", "short", "full")
PHOTOS = ("photos",)  # the shipped photographs
SETS = ("BSDS500_train", "BSDS500_test45[10:]", "T91")  # none of them in a test set
HELD_OUT = ("BSDS500_test45[:10]",)  # to validate on


@dataclass(frozen=True)
class Gan:
    """The second player of a recipe, and what the generator's loss is made of.

    L = pixel |y - x| + perceptual sum_j w_j |phi_j(y) - phi_j(x)| + adversarial L_G.
    """

    discriminator: str = "UNetDiscriminator"  # a class of srlab.models
    width: int = 64  # features of its first convolution
    relative: bool = False  # relativistic average instead of vanilla
    pixel: float = 1.0
    perceptual: float = 1.0
    adversarial: float = 0.1
    features: Literal["photo", "vgg19"] = "photo"  # whose phi: srlab.losses
    deepest: bool = False  # the deepest layer alone; else all of them
    before_activation: bool = True
    distance: Literal["l1", "l2"] = "l1"  # of the features
    rate: float = 1e-4  # of the discriminator, with the recipe's schedule

    def __post_init__(self) -> None:
        """ValueError for what no run could have."""
        for key in ("pixel", "perceptual", "adversarial"):
            value = getattr(self, key)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{key} is {value}; expected a weight from 0")
        if self.features not in ("photo", "vgg19"):
            raise ValueError(f"features is {self.features!r}; expected photo or vgg19")
        if not (self.rate > 0 and math.isfinite(self.rate)):
            raise ValueError(f"the discriminator's rate is {self.rate}")


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
    minutes: float = 0.0  # end by the clock, and the rate follows it; 0: by steps
    degradation: str = ""  # "real_esrgan": small pictures through srlab.degrade
    codec: str = ""  # "jpeg": small pictures through a codec, srlab.training.coded
    sharpen: bool = False  # targets sharpened (USM), as Real-ESRGAN's are
    pool: int = 180  # degraded pairs that are made together and shuffled
    gan: Gan | None = None  # a second player and its losses
    stored: Literal["float16", "float32"] = "float16"  # how the weights are written

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
        if not (self.minutes >= 0 and math.isfinite(self.minutes)):
            raise ValueError(f"minutes is {self.minutes}; expected a number from 0")
        if self.degradation not in ("", "real_esrgan", "first_order"):
            raise ValueError(f"no degradation is called {self.degradation!r}")
        if self.codec not in ("", "clean", "jpeg", "webp", "avif", "mean_scale"):
            raise ValueError(f"no coding is called {self.codec!r}")

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

    def share(self, step: int, seconds: float = 0.0) -> float:
        """How much of the run is over, 0 to 1: of its steps, or of its minutes."""
        by_clock = seconds / 60 / self.minutes if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_clock))

    def rate_at(self, step: int, seconds: float = 0.0) -> float:
        """The learning rate of a step: warm-up, then stairs or half a cosine."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        share = self.share(step, seconds)
        if self.decay:
            return self.rate * self.gamma ** sum(share >= at for at in self.decay)
        return self.rate * 0.5 * (1 + math.cos(math.pi * share))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint keeps them."""
        row = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}
