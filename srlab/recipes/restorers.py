# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Recipes of the restorers that learn from a pixel loss alone.

Each function gives three things: the paper's run for a GPU, and what the presets short
and fast change of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srlab.recipes.recipe import HELD_OUT, SETS, Recipe

__all__ = ["EQUAL", "SMALL", "coded", "edsr", "espcn", "on_gpu", "residual", "srcnn"]
__all__ += ["swinir", "vdsr"]

SMALL = {"width": 32, "blocks": 4}  # what a CPU trains of a residual net
EQUAL = 20_000  # steps of the small nets that notebooks 05 and 06 compare
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


def on_gpu(
    model: str, scale: int, settings: Mapping[str, Any], **changes: Any
) -> Recipe:
    """A run for a GPU: what all share, and what this network changes of it."""
    return replace(_GPU, model=model, scales=(scale,), settings=settings, **changes)


def residual(
    model: str,
    scale: int,
    wide: Mapping[str, Any],
    narrow: Mapping[str, Any],
    short_steps: int = 10_000,
    **changes: Any,
) -> tuple[Recipe, dict, dict]:
    """A net of RGB: the paper's size for a GPU, a reduced one for a CPU."""
    full = on_gpu(model, scale, {"scale": scale, **wide}, **changes)
    if full.start:  # x3 and x4 take the body of x2, as EDSR's authors do
        short_steps //= 4
    short = {
        "settings": narrow, "steps": short_steps, "batch": 8, "every": 1000,
        "start": full.start,
    }  # fmt: skip
    return full, short, {"settings": narrow, "steps": 250, "patch": 20, "batch": 4}


def srcnn(scale: int, f2: int = 5) -> tuple[Recipe, dict, dict]:
    """The paper's SGD needs 8e8 crops; Adam with the same per-layer rates needs fewer.

    x3 and x4 begin with the weights of x2: the task is nearly the same.
    """
    start = "srcnn_x2" if scale > 2 else ""
    full = on_gpu(
        "SRCNN", scale, {"f2": f2}, loss="l2", batch=64, patch=-(-96 // scale),
        rate=1e-3, steps=200_000, precision="32-true", start=start or "identity",
        stored="float32",  # nothing repairs a rounded weight in three bare layers
    )  # fmt: skip
    small = {"patch": -(-32 // scale), "batch": 8, "start": start or "identity"}
    steps = 45_000 if (scale, f2) == (2, 5) else 10_000
    short = {**small, "steps": steps, "every": 2500}
    return full, short, {**small, "steps": 800, "start": "identity"}


def espcn(scale: int) -> tuple[Recipe, dict, dict]:
    """The paper's tanh on a GPU; relu, which learns faster, in the short runs."""
    full = on_gpu(
        "ESPCN", scale, {"scale": scale, "activation": "tanh"}, loss="l2", batch=64,
        rate=2e-3, steps=300_000, precision="32-true",
    )  # fmt: skip
    relu = {"settings": {"activation": "relu"}}
    short = {**relu, "steps": 25_000, "every": 2500, "rate": 2e-3}
    if scale == 2:
        short["steps"] = 80_000
    return full, short, {**relu, "steps": 1500, "rate": 4e-3}


def vdsr() -> tuple[Recipe, dict, dict]:
    """SGD at 0.1, clipped to +-theta / rate, half a squared error, as the paper.

    On a CPU Adam, which needs no clipping.
    """
    full = on_gpu(
        "VDSR", 2, {}, loss="half_sum", optimizer="sgd", rate=0.1, gamma=0.1, batch=64,
        decay=(0.25, 0.5, 0.75), clip=("value", 1e-4), patch=12, steps=80_000,
    )  # fmt: skip
    full = replace(full, scales=(2, 3, 4))
    small = {"loss": "l2", "batch": 8}
    narrow = {"depth": 10, "width": 32}
    short = {**small, "settings": narrow, "steps": 10_000, "patch": 9, "every": 1000}
    live = {"depth": 8, "width": 16}
    return full, short, {**small, "settings": live, "steps": 300, "patch": 9}


def edsr(scale: int, narrow: Mapping, short_steps: int = 10_000, **wide: Any) -> tuple:
    """EDSR, and what differs from it by one setting."""
    start = "edsr_x2" if scale > 2 else ""
    return residual("EDSR", scale, wide, narrow, short_steps, start=start)


def swinir(scale: int) -> tuple[Recipe, dict, dict]:
    """SwinIR for light-weight SR; its layers run slowly on a CPU."""
    narrow = {"width": 32, "layers": 2, "depth": 2, "heads": 4}
    return residual(
        "SwinIR", scale, {"light": True}, narrow, short_steps=5000, batch=32, patch=64,
        decay=(0.5, 0.8, 0.9, 0.95), channels_last=False,
        start="swinir_light_x2" if scale > 2 else "",
    )  # fmt: skip


def coded(codec: str, scale: int) -> tuple[Recipe, dict, dict]:
    """A restorer of decoded pictures; scale 1 cleans, with a net of the same size."""
    wide = {"scale": scale, "width": 64, "blocks": 16}
    full = on_gpu(
        "CodedNet", scale, wide, codec=codec, loss="l2", batch=32, patch=96 // scale,
        steps=200_000,
    )  # fmt: skip
    small = {"settings": {"width": 32, "blocks": 5}, "batch": 8, "patch": 80 // scale}
    short = {**small, "steps": 200_000, "minutes": 15.0, "every": 1000}
    return full, short, {**small, "steps": 250, "batch": 4}
