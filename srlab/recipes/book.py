# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The recipes: the paper's run of each network, and what a CPU can do of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from srlab.recipes import gans, restorers
from srlab.recipes.recipe import PHOTOS, PRESETS, Recipe
from srlab.recipes.restorers import EQUAL, SMALL

__all__ = ["get", "names"]


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
    tiny = {k: fast[k] for k in ("model", "settings", "scales", "gan") if k in fast}
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
_BOOK: dict[str, tuple[Recipe, dict, dict]] = {
    "srcnn_x2": restorers.srcnn(2),
    "srcnn_x3": restorers.srcnn(3),
    "srcnn_x4": restorers.srcnn(4),
    "srcnn_915_x2": restorers.srcnn(2, f2=1),
    "espcn_x2": restorers.espcn(2),
    "espcn_x3": restorers.espcn(3),
    "espcn_x4": restorers.espcn(4),
    "vdsr": restorers.vdsr(),
    "srresnet_x4": restorers.residual(
        "SRResNet", 4, {}, SMALL, short_steps=2000, loss="l2", patch=24
    ),
    "edsr_x2": restorers.edsr(2, SMALL, EQUAL),
    "edsr_x3": restorers.edsr(3, SMALL),
    "edsr_x4": restorers.edsr(4, SMALL),
    "edsr_bn_x2": restorers.edsr(2, SMALL, short_steps=EQUAL, norm="batch"),
    "edsr_bn_loud_x2": restorers.edsr(  # is it the residuals' size that costs?
        2, {**SMALL, "residual_scale": 10.0}, EQUAL, norm="batch", residual_scale=10.0
    ),
    # 16 blocks of AdaDM at full weight begin 10 times too large.
    "adadm_x2": restorers.residual(
        "AdaDM", 2, {"residual_scale": 0.1}, {**SMALL, "residual_scale": 1.0}, EQUAL
    ),
    "rcan_x2": restorers.residual(
        "RCAN",
        2,
        {},
        {"width": 32, "groups": 2, "blocks": 2, "reduction": 8},
        short_steps=EQUAL,
    ),
    "swinir_light_x2": restorers.swinir(2),
    "swinir_light_x3": restorers.swinir(3),
    "swinir_light_x4": restorers.swinir(4),
    "rdrn_x2": restorers.residual(
        "RDRN",
        2,
        {},
        {"width": 32, "blocks": 2, "recursion": 1, "reduction": 8},
        short_steps=EQUAL,
    ),
    "rrdb_x4": gans.rrdb(),
    "srgan_x4": gans.srgan(),
    "esrgan_x4": gans.esrgan(),
    "srvgg_x4": gans.srvgg(),
    "real_esrnet_x4": gans.real_esrnet(),
    "real_esrgan_x4": gans.real_esrgan(),
    "decoded_clean_x2": restorers.coded("clean", 2),
    "decoded_jpeg_x2": restorers.coded("jpeg", 2),
    "decoded_jpeg_x1": restorers.coded("jpeg", 1),
    "decoded_webp_x2": restorers.coded("webp", 2),
    "decoded_avif_x2": restorers.coded("avif", 2),
    "decoded_mean_scale_x2": restorers.coded("mean_scale", 2),
}
