# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The networks, one file a paper, and `load`, which gives a trained restorer by name.

Every network has two attributes: ``channels`` is 1 for luma, 3 for RGB or 4 for RGB
and the quality at which the picture was coded (`CodedNet`), and ``upscale`` says how
many times it enlarges: 1 for those (SRCNN, VDSR) that take a picture which bicubic
interpolation has enlarged already. Values are in [0, 1], and the
result is not clamped. The discriminators are here too, and have neither: they judge
pictures, and `load` does not know them. Nor does it know `TwoCodecsNet`, the pair of
nets around a codec: `srlab.schemes.two_codecs` loads it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FILES = {
    "AdaDM": "adadm",
    "CodedNet": "coded",
    "EDSR": "edsr",
    "ESPCN": "espcn",
    "RCAN": "rcan",
    "RDRN": "rdrn",
    "RRDBNet": "rrdb",
    "RecCNN": "comcnn",
    "SRCNN": "srcnn",
    "SRResNet": "srresnet",
    "SRVGG": "srvgg",
    "SwinIR": "swinir",
    "VDSR": "vdsr",
}
_DISCRIMINATORS = {
    "SRGANDiscriminator": "discriminators",
    "UNetDiscriminator": "discriminators",
    "VGGDiscriminator": "discriminators",
}
_PAIRS = {  # around a codec
    "ComCNN": "comcnn",
    "SideInfoNet": "side_info",
    "TwoCodecsNet": "two_codecs",
}
_TOOLS = {
    "CodedRestorer": "loading",
    "LumaRestorer": "loading",
    "Restorer": "loading",
    "SelfEnsemble": "tiling",
    "Tiled": "tiling",
    "build": "loading",
    "load": "loading",
    "multiply_adds": "loading",
    "network_interpolation": "interpolation",
    "restorer": "loading",
    "warm_start": "loading",
}
__all__ = [*_FILES, *_DISCRIMINATORS, *_PAIRS, *_TOOLS]


def __getattr__(name: str) -> Any:
    for table in (_FILES, _DISCRIMINATORS, _PAIRS, _TOOLS):
        if name in table:
            return getattr(import_module(f"srlab.models.{table[name]}"), name)
    raise AttributeError(f"module 'srlab.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
