# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a loop needs around a network: devices, an optimizer, its rate, clipping."""

from __future__ import annotations

import os
from typing import Any, cast

import torch
from torch import nn

from srlab.recipes import Recipe

__all__ = ["clip_gradients", "launch", "optimizer_of", "set_rate"]


def launch(recipe: Recipe, device: torch.device | str | None) -> Any:
    """A Fabric on the device, or on what `torchrun` or `fabric run` started."""
    from lightning_fabric import Fabric

    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        here = int(os.environ.get("LOCAL_WORLD_SIZE", world))
        where: dict[str, Any] = {"devices": here, "num_nodes": world // here}
        kind = os.environ.get("LT_ACCELERATOR", "auto")
    else:
        wanted = torch.device(device) if device else None
        kind = wanted.type if wanted else "auto"
        first = (wanted.index or 0) if wanted else 0
        where = {"devices": [first] if kind == "cuda" else 1}
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    precision = recipe.precision if kind == "cuda" else "32-true"
    fabric = Fabric(accelerator=kind, precision=cast(Any, precision), **where)
    if os.environ.get("LT_CLI_USED") != "1":  # `fabric run` has launched it already
        fabric.launch()
    return fabric


def optimizer_of(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Adam or SGD; a net may give groups whose rate is the recipe's times a factor."""
    own = getattr(net, "parameter_groups", None)
    groups = own() if own else [{"params": list(net.parameters()), "factor": 1.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.rate, momentum=0.9, weight_decay=1e-4)
    return torch.optim.Adam(groups, lr=recipe.rate)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    return rate


def clip_gradients(
    fabric: Any,
    model: nn.Module,
    optimizer: Any,
    clip: tuple[str, float] | None,
    rate: float,
) -> None:
    """("value", theta): each gradient to +-theta / rate, as VDSR; ("norm", n): to n."""
    if clip and clip[0] == "value":
        fabric.clip_gradients(model, optimizer, clip_val=clip[1] / rate)
    elif clip:
        fabric.clip_gradients(model, optimizer, max_norm=clip[1])
