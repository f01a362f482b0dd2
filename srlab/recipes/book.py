# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The recipes: the paper's run of each network, and what a CPU can do of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from srlab.recipes.recipe import PHOTOS, PRESETS, Gan, Recipe

__all__ = ["get", "names"]

SETS = ("BSDS500_train", "BSDS500_test45[10:]", "T91")  # none of them in a test set
HELD_OUT = ("BSDS500_test45[:10]",)  # to validate on


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


def _full(
    model: str, scale: int, settings: Mapping[str, Any], **changes: Any
) -> Recipe:
    return replace(_GPU, model=model, scales=(scale,), settings=settings, **changes)


def _srcnn(scale: int, f2: int = 5) -> tuple[Recipe, dict, dict]:
    """The paper's SGD needs 8e8 crops; Adam with the same per-layer rates needs fewer.

    x3 and x4 begin with the weights of x2: the task is nearly the same.
    """
    start = "srcnn_x2" if scale > 2 else ""
    full = _full(
        "SRCNN", scale, {"f2": f2}, loss="l2", batch=64, patch=-(-96 // scale),
        rate=1e-3, steps=200_000, precision="32-true", start=start or "identity",
        stored="float32",  # nothing repairs a rounded weight in three bare layers
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


def _gan(
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


def _rrdb() -> tuple[Recipe, dict, dict]:
    """ESRGAN's first stage."""
    full, short, fast = _residual(
        "RRDBNet", 4, {}, _RRDB, short_steps=3000, batch=16, patch=32,
        steps=1_000_000, decay=(0.2, 0.4, 0.6, 0.8),
    )  # fmt: skip
    return full, {**short, "rate": 5e-4}, fast


def _srvgg() -> tuple[Recipe, dict, dict]:
    """Real-ESRGAN's compact net on degraded pairs, from nothing."""
    return _residual(
        "SRVGG", 4, {}, _COMPACT, short_steps=3000, batch=48, patch=64, **_DEGRADED
    )


def _real_esrnet() -> tuple[Recipe, dict, dict]:
    """Real-ESRGAN's first stage; on a CPU its authors' compact net, which goes on.

    In the short run targets are not sharpened: sharpened ones cost PSNR, by which the
    first stage is judged here; the second stage sharpens.
    """
    full = _full(
        "RRDBNet", 4, {"scale": 4}, batch=48, patch=64, steps=1_000_000, decay=(1.0,),
        start="rrdb_x4", **_DEGRADED,
    )  # fmt: skip
    small = {
        "model": "SRVGG", "settings": _COMPACT, "start": "srvgg_x4", "rate": 1e-3,
        "sharpen": False,
    }  # fmt: skip
    short = {**small, "steps": 8000, "batch": 8, "patch": 20, "every": 1000}
    return full, short, {**small, "steps": 250, "patch": 20, "batch": 4}


def _srgan() -> tuple[Recipe, dict, dict]:
    """SRGAN: no pixel loss at all; with our small features a little of it."""
    gan = Gan(
        "SRGANDiscriminator", pixel=0.0, perceptual=1.0, adversarial=1e-3,
        features="vgg19", deepest=True, before_activation=False, distance="l2",
    )  # fmt: skip
    full = _full(
        "SRResNet", 4, {"scale": 4}, gan=gan, batch=16, patch=24, rate=1e-4,
        steps=200_000, decay=(0.5,), gamma=0.1, start="srresnet_x4",
    )  # fmt: skip
    ours: dict[str, Any] = {
        "features": "photo",
        "deepest": False,
        "pixel": 0.1,
        "adversarial": 5e-3,
    }
    return _gan(full, _SMALL, **ours)


def _esrgan() -> tuple[Recipe, dict, dict]:
    """ESRGAN: relativistic, features before activation, hardly any pixel loss."""
    gan = Gan(
        "VGGDiscriminator", relative=True, pixel=1e-2, perceptual=1.0,
        adversarial=5e-3, features="vgg19", deepest=True,
    )  # fmt: skip
    full = _full(
        "RRDBNet", 4, {"scale": 4}, gan=gan, batch=16, patch=32, rate=1e-4,
        steps=400_000, decay=(0.125, 0.25, 0.5, 0.75), start="rrdb_x4",
    )  # fmt: skip
    return _gan(full, _RRDB, features="photo", deepest=False, pixel=0.1)


def _real_esrgan() -> tuple[Recipe, dict, dict]:
    """Real-ESRGAN's second stage: sharpened targets, a U-Net that judges each pixel."""
    full = _full(
        "RRDBNet", 4, {"scale": 4}, gan=Gan(features="vgg19"), batch=48, patch=64,
        rate=1e-4, decay=(1.0,), steps=400_000, start="real_esrnet_x4", **_DEGRADED,
    )  # fmt: skip
    return _gan(full, _COMPACT, "SRVGG", features="photo")


def _coded(codec: str, scale: int) -> tuple[Recipe, dict, dict]:
    """A restorer of decoded pictures; scale 1 cleans, with a net of the same size."""
    wide = {"scale": scale, "width": 64, "blocks": 16}
    full = _full(
        "CodedNet", scale, wide, codec=codec, loss="l2", batch=32, patch=96 // scale,
        steps=200_000,
    )  # fmt: skip
    small = {"settings": {"width": 32, "blocks": 5}, "batch": 8, "patch": 80 // scale}
    short = {**small, "steps": 200_000, "minutes": 15.0, "every": 1000}
    return full, short, {**small, "steps": 250, "batch": 4}


_RRDB = {"width": 32, "growth": 16, "blocks": 4}
_COMPACT = {"width": 48, "convs": 12}
_DEGRADED = {"degradation": "real_esrgan", "sharpen": True}
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
    "rrdb_x4": _rrdb(),
    "srgan_x4": _srgan(),
    "esrgan_x4": _esrgan(),
    "srvgg_x4": _srvgg(),
    "real_esrnet_x4": _real_esrnet(),
    "real_esrgan_x4": _real_esrgan(),
    "decoded_clean_x2": _coded("clean", 2),
    "decoded_jpeg_x2": _coded("jpeg", 2),
    "decoded_jpeg_x1": _coded("jpeg", 1),
    "decoded_webp_x2": _coded("webp", 2),
    "decoded_avif_x2": _coded("avif", 2),
    "decoded_mean_scale_x2": _coded("mean_scale", 2),
}
