# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What learned codecs are made of: divisive normalisation, densities, rounding.

J. Ballé, V. Laparra, E. Simoncelli, "Density modeling of images using a generalized
normalization transformation" (arXiv 1511.06281): GDN. J. Ballé, D. Minnen, S. Singh,
S. J. Hwang, N. Johnston, "Variational image compression with a scale hyperprior" (arXiv
1802.01436), appendix 6.1: the factorized density. The numbers are those of CompressAI's
layers for the same parameters (tested); the parameters are stored otherwise.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["GDN", "FactorizedDensity", "bounded", "gaussian_likelihood", "noisy"]
__all__ += ["straight_through"]

LEAST = 1e-9  # of a likelihood: 30 bits for a symbol at most
_PEDESTAL = 2**-36


class _Bounded(torch.autograd.Function):
    """clamp whose gradient also passes where a step would lead back inside."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, low: torch.Tensor, high: torch.Tensor
    ) -> Any:
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        (x,) = ctx.saved_tensors
        stuck = ((x < ctx.low) & (gradient > 0)) | ((x > ctx.high) & (gradient < 0))
        return gradient.masked_fill(stuck, 0), None, None


def bounded(x: torch.Tensor, low: float, high: float = math.inf) -> torch.Tensor:
    """x clamped to [low, high]; outside, only gradients that lead back are passed.

    >>> x = torch.tensor([-1.0, 0.5], requires_grad=True)
    >>> (-bounded(x, 0.0)).sum().backward()  # downhill is upwards: both may move
    >>> x.grad.tolist()
    [-1.0, -1.0]
    """
    return _Bounded.apply(x, low, high)


class GDN(nn.Module):
    """Generalised divisive normalisation, (B, C, H, W) -> the same shape.

    y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2); its approximate inverse multiplies.
    Neighbouring responses share out their energy, which makes them nearly independent.
    """

    def __init__(self, channels: int, inverse: bool = False):
        super().__init__()
        self.inverse = inverse
        self.beta = nn.Parameter(torch.ones(channels).add(_PEDESTAL).sqrt())
        gamma = 0.1 * torch.eye(channels) + _PEDESTAL
        self.gamma = nn.Parameter(gamma.sqrt())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beta = bounded(self.beta, (1e-6 + _PEDESTAL) ** 0.5).square() - _PEDESTAL
        gamma = bounded(self.gamma, _PEDESTAL**0.5).square() - _PEDESTAL
        norm = F.conv2d(x.square(), gamma[..., None, None], beta)
        return x * (norm.sqrt() if self.inverse else norm.rsqrt())


class FactorizedDensity(nn.Module):
    """A learned density for each channel, the same at every place.

    Its cumulative c is a small net that can only rise: layers softplus(H) x + b, with
    x + tanh(a) tanh(x) between them and a sigmoid at the end.
    """

    def __init__(self, channels: int, filters: tuple[int, ...] = (3, 3, 3)):
        super().__init__()
        self.channels = channels
        widths = (1, *filters, 1)
        self.depth = len(widths) - 1
        scale = 10 ** (1 / self.depth)  # c begins about 10 symbols wide
        for k, (a, b) in enumerate(pairwise(widths)):
            start = math.log(math.expm1(1 / scale / b))
            setattr(self, f"h{k}", nn.Parameter(torch.full((channels, b, a), start)))
            setattr(self, f"b{k}", nn.Parameter(torch.rand(channels, b, 1) - 0.5))
            if k < self.depth - 1:
                setattr(self, f"a{k}", nn.Parameter(torch.zeros(channels, b, 1)))

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """(C, 1, n) -> the logits of c, (C, 1, n)."""
        for k in range(self.depth):
            h, b = getattr(self, f"h{k}"), getattr(self, f"b{k}")
            x = F.softplus(h.to(x.dtype)) @ x + b.to(x.dtype)
            if k < self.depth - 1:
                x = x + getattr(self, f"a{k}").to(x.dtype).tanh() * x.tanh()
        return x

    def likelihood(
        self, y: torch.Tensor, half: torch.Tensor | float = 0.5
    ) -> torch.Tensor:
        """P of the interval y +- half, of the shape of y.

        Args:
            y: (B, C, H, W). half: half of a quantisation step, (B, C, 1, 1) or a
                number: a coarse step holds more of the density.
        """
        half = torch.as_tensor(half, dtype=y.dtype, device=y.device).expand_as(y)
        flat, width = (
            t.transpose(0, 1).reshape(self.channels, 1, -1) for t in (y, half)
        )
        low, high = self.logits(flat - width), self.logits(flat + width)
        # On the side where the sigmoid is near 0: near 1 the difference would be lost.
        sign = -(low + high).detach().sign()
        p = (torch.sigmoid(sign * high) - torch.sigmoid(sign * low)).abs()
        shape = (self.channels, y.shape[0], *y.shape[2:])
        return bounded(p.reshape(shape).transpose(0, 1), LEAST)


def gaussian_likelihood(d: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """P of the interval d +- 1/2 under N(0, scale^2); d is the distance to the mean.

    >>> p = gaussian_likelihood(torch.tensor([0.0, 1.0]), torch.tensor(0.5))
    >>> [round(v, 4) for v in p.tolist()]  # 68.27 % lie within one sigma
    [0.6827, 0.1573]
    """
    d = d.abs()
    root = scale * math.sqrt(2)
    upper = torch.erfc((d - 0.5) / root)
    return bounded((upper - torch.erfc((d + 0.5) / root)) / 2, LEAST)


def noisy(y: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """y + U(-1/2, 1/2): what stands in for rounding in the rate, with a gradient."""
    u = torch.rand(y.shape, dtype=y.dtype, device=y.device, generator=generator)
    return y + u - 0.5


def straight_through(y: torch.Tensor) -> torch.Tensor:
    """y rounded; the gradient passes as if it were not."""
    return y + (y.round() - y).detach()
