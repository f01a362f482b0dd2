# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Which layer of a network a map is made of, and whether its output is a map at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

__all__ = ["default_layer", "find_head", "find_layer", "spatial"]

# torchvision's families, by the name of their class: the last layer with places.
USUAL = {
    "ResNet": "layer4",
    "DenseNet": "features",
    "MobileNetV2": "features",
    "MobileNetV3": "features",
    "EfficientNet": "features",
    "ConvNeXt": "features",
    "RegNet": "trunk_output",
    "SwinTransformer": "permute",
    "VisionTransformer": "encoder.layers.encoder_layer_{last}.ln_1",
}
_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.Hardswish)
_NORMS = (nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)


def default_layer(model: nn.Module) -> str:
    """The last layer whose output still has places, by name.

    In this order: the model's ``cam_layer``; the usual one of torchvision's families
    (ResNet: layer4; a vision transformer: the first norm of its last block, since
    after it only the class token is used); else the last convolution with the
    normalisation and activation that follow it.

    Raises ValueError where there is no convolution: then a layer must be named.
    """
    own = getattr(model, "cam_layer", None)
    if own:
        return own
    usual = USUAL.get(type(model).__name__)
    if usual:
        blocks = getattr(getattr(model, "encoder", None), "layers", ())
        return usual.format(last=len(blocks) - 1)
    rows = [(name, m) for name, m in model.named_modules() if not any(m.children())]
    places = [i for i, (_, m) in enumerate(rows) if isinstance(m, nn.Conv2d)]
    if not places:
        raise ValueError(
            f"{type(model).__name__} has no convolution: name the layer, layer='...', "
            "whose output has places"
        )
    at = places[-1]
    while at + 1 < len(rows) and isinstance(rows[at + 1][1], _ACTIVATIONS + _NORMS):
        at += 1
    return rows[at][0]


def find_layer(
    model: nn.Module, layer: nn.Module | str | None
) -> tuple[str, nn.Module]:
    """(name, submodule); ValueError for what the model does not contain."""
    if layer is None:
        layer = default_layer(model)
    known = dict(model.named_modules())
    if isinstance(layer, str):
        if layer not in known or layer == "":
            some = ", ".join(name for name, _ in model.named_children())
            raise ValueError(f"the model has no layer {layer!r}; it has {some}, ...")
        return layer, known[layer]
    for name, module in known.items():
        if module is layer and name:
            return name, module
    raise ValueError(f"that {type(layer).__name__} is not a part of the model")


def find_head(model: nn.Module) -> nn.Linear:
    """The linear layer that gives the logits: ``cam_head`` by name, or the last one.

    Raises ValueError for a model without one.
    """
    own = getattr(model, "cam_head", None)
    if own:
        return cast(nn.Linear, model.get_submodule(own))
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
    if not linear:
        raise ValueError(f"{type(model).__name__} has no linear layer to take w from")
    return linear[-1]


def spatial(
    features: torch.Tensor, name: str, size: Sequence[int] = (1, 1)
) -> torch.Tensor:
    """(B, K, h, w) of a layer's output, which may be tokens (B, N, K).

    Tokens are put back into a grid of the picture's proportions: N = h w, or 1 + h w
    with a class token in front.

    Raises ValueError, which names the layer, for features without places.
    """
    if features.ndim == 3:
        features = _grid(features, name, size)
    if features.ndim != 4:
        raise ValueError(
            f"layer {name} gives {tuple(features.shape)}, which has no places: choose "
            "an earlier layer, with an output (B, K, h, w)"
        )
    if features.shape[-2:].numel() == 1 and max(size) > 1:
        raise ValueError(
            f"layer {name} gives one place, {tuple(features.shape)}: it averages the "
            "picture away; choose an earlier layer, or give a larger picture"
        )
    return features


def _grid(tokens: torch.Tensor, name: str, size: Sequence[int]) -> torch.Tensor:
    batch, count, channels = tokens.shape
    for first in (0, 1):
        cells = count - first
        height, width = (
            round(math.sqrt(cells * a / b)) for a, b in (size, tuple(size)[::-1])
        )
        if cells > 1 and height * width == cells:
            grid = tokens[:, first:].transpose(1, 2)
            return grid.reshape(batch, channels, height, width)
    raise ValueError(
        f"layer {name} gives {count} tokens, which are no grid of the proportions "
        f"{tuple(size)}: reshape=... must make (B, K, h, w) of them"
    )
