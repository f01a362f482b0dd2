# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Recipes of the GANs and of their first stages, Real-ESRGAN's degradations included.

What each function gives: see `srlab.recipes.restorers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srlab.recipes.recipe import Gan, Recipe
from srlab.recipes.restorers import SMALL, on_gpu, residual

__all__ = ["esrgan", "real_esrgan", "real_esrnet", "rrdb", "second_stage", "srgan"]
__all__ += ["srvgg"]

RRDB = {"width": 32, "growth": 16, "blocks": 4}
COMPACT = {"width": 48, "convs": 12}
DEGRADED = {"degradation": "real_esrgan", "sharpen": True}


def second_stage(
    full: Recipe, small: Mapping[str, Any], model: str = "", **changes: Any
) -> tuple[Recipe, dict, dict]:
    """A second stage: it starts from the first one's weights, on a CPU reduced."""
    model = model or full.model
    assert full.gan is not None
    rivals = {"short": replace(full.gan, **changes, width=32)}
    rivals["fast"] = replace(rivals["short"], width=16)
    short = {
        "model": model, "settings": small, "start": full.start, "steps": 1500,
        "batch": 8, "patch": 16, "every": 100, "rate": 1e-4, "gan": rivals["short"],
    }  # fmt: skip
    fast = {
        "model": model, "settings": small, "start": full.start, "steps": 60,
        "batch": 4, "patch": 16, "every": 20, "rate": 1e-4, "gan": rivals["fast"],
    }  # fmt: skip
    return full, short, fast


def srgan() -> tuple[Recipe, dict, dict]:
    """SRGAN: no pixel loss at all; with our small features a little of it."""
    gan = Gan(
        "SRGANDiscriminator", pixel=0.0, perceptual=1.0, adversarial=1e-3,
        features="vgg19", deepest=True, before_activation=False, distance="l2",
    )  # fmt: skip
    full = on_gpu(
        "SRResNet", 4, {"scale": 4}, gan=gan, batch=16, patch=24, rate=1e-4,
        steps=200_000, decay=(0.5,), gamma=0.1, start="srresnet_x4",
    )  # fmt: skip
    ours: dict[str, Any] = {
        "features": "photo",
        "deepest": False,
        "pixel": 0.1,
        "adversarial": 5e-3,
    }
    return second_stage(full, SMALL, **ours)


def rrdb() -> tuple[Recipe, dict, dict]:
    """ESRGAN's first stage."""
    full, short, fast = residual(
        "RRDBNet", 4, {}, RRDB, short_steps=3000, batch=16, patch=32,
        steps=1_000_000, decay=(0.2, 0.4, 0.6, 0.8),
    )  # fmt: skip
    return full, {**short, "rate": 5e-4}, fast


def esrgan() -> tuple[Recipe, dict, dict]:
    """ESRGAN: relativistic, features before activation, hardly any pixel loss."""
    gan = Gan(
        "VGGDiscriminator", relative=True, pixel=1e-2, perceptual=1.0,
        adversarial=5e-3, features="vgg19", deepest=True,
    )  # fmt: skip
    full = on_gpu(
        "RRDBNet", 4, {"scale": 4}, gan=gan, batch=16, patch=32, rate=1e-4,
        steps=400_000, decay=(0.125, 0.25, 0.5, 0.75), start="rrdb_x4",
    )  # fmt: skip
    return second_stage(full, RRDB, features="photo", deepest=False, pixel=0.1)


def srvgg() -> tuple[Recipe, dict, dict]:
    """Real-ESRGAN's compact net on degraded pairs, from nothing."""
    return residual(
        "SRVGG", 4, {}, COMPACT, short_steps=3000, batch=48, patch=64, **DEGRADED
    )


def real_esrnet() -> tuple[Recipe, dict, dict]:
    """Real-ESRGAN's first stage; on a CPU its authors' compact net, which goes on.

    In the short run targets are not sharpened: sharpened ones cost PSNR, by which the
    first stage is judged here; the second stage sharpens.
    """
    full = on_gpu(
        "RRDBNet", 4, {"scale": 4}, batch=48, patch=64, steps=1_000_000, decay=(1.0,),
        start="rrdb_x4", **DEGRADED,
    )  # fmt: skip
    small = {
        "model": "SRVGG", "settings": COMPACT, "start": "srvgg_x4", "rate": 1e-3,
        "sharpen": False,
    }  # fmt: skip
    short = {**small, "steps": 8000, "batch": 8, "patch": 20, "every": 1000}
    return full, short, {**small, "steps": 250, "patch": 20, "batch": 4}


def real_esrgan() -> tuple[Recipe, dict, dict]:
    """Real-ESRGAN's second stage: sharpened targets, a U-Net that judges each pixel."""
    full = on_gpu(
        "RRDBNet", 4, {"scale": 4}, gan=Gan(features="vgg19"), batch=48, patch=64,
        rate=1e-4, decay=(1.0,), steps=400_000, start="real_esrnet_x4", **DEGRADED,
    )  # fmt: skip
    return second_stage(full, COMPACT, "SRVGG", features="photo")
