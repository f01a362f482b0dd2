# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A small network computed so that every machine gets the same numbers.

J. Ballé, N. Johnston, D. Minnen, "Integer networks for data compression with
latent-variable models" (ICLR 2019): a decoder that computes probabilities must get to
the last bit what the encoder got. Here weights are rounded to multiples of 2^-12 and
activations, after every layer, to multiples of 2^-8, and both are kept in float64: all
sums are whole multiples of 2^-20 below 2^53 of them, hence exact in any order, on any
number of threads. Differences from the paper: nothing is trained for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["WholeNumbers"]

WEIGHT, ACTIVATION = 12, 8  # bits behind the point
_LARGEST = 2.0**12  # of an activation
_HEAVIEST = 2.0**3  # of a weight


class WholeNumbers:
    """nn.Sequential of Conv2d, ConvTranspose2d and ReLU -> the same on whole numbers.

    Raises ValueError for other layers, and for weights of 8 and more.
    """

    def __init__(self, net: nn.Sequential):
        self.steps: list[tuple] = []
        for layer in net:
            if isinstance(layer, nn.ReLU):
                self.steps.append((None, None, None, {}))
                continue
            kinds = (nn.Conv2d, nn.ConvTranspose2d)
            if not isinstance(layer, kinds) or type(layer) not in kinds:
                raise ValueError(f"no whole numbers for {type(layer).__name__}")
            weight = _grid(layer.weight.detach().double().cpu(), WEIGHT)
            bias = _grid(
                layer.get_parameter("bias").detach().double().cpu(), ACTIVATION
            )
            if weight.abs().max() >= _HEAVIEST or bias.abs().max() >= _LARGEST:
                raise ValueError("a weight is too large for exact sums")
            options: dict[str, Any] = {"stride": layer.stride, "padding": layer.padding}
            call: Callable[..., torch.Tensor] = F.conv2d
            if isinstance(layer, nn.ConvTranspose2d):
                call = F.conv_transpose2d
                options["output_padding"] = layer.output_padding
            self.steps.append((call, weight, bias, options))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) of whole numbers -> float64 multiples of 2^-8, on the CPU."""
        x = x.double().cpu().clamp(-_LARGEST, _LARGEST)
        # Half of the finest step: a sum that lies exactly between two grid points goes
        # up, also where a convolution is computed by another algorithm.
        nudge = 2.0 ** -(WEIGHT + ACTIVATION + 1)
        for call, weight, bias, options in self.steps:
            if call is None:
                x = x.relu()
            else:
                x = _grid(call(x, weight, bias, **options) + nudge, ACTIVATION)
                x = x.clamp(-_LARGEST, _LARGEST)
        return x


def _grid(x: torch.Tensor, bits: int) -> torch.Tensor:
    """The nearest multiple of 2^-bits, halves upwards."""
    return torch.floor(x * 2.0**bits + 0.5) / 2.0**bits
