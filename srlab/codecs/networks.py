# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The networks of the learned codecs: analysis, synthesis and the model of the rate.

J. Ballé et al., "Variational image compression with a scale hyperprior" (arXiv
1802.01436); D. Minnen, J. Ballé, G. Toderici, "Joint autoregressive and hierarchical
priors" (arXiv 1809.02736), its model without context. One set of weights serves several
qualities: Z. Cui et al., "Asymmetric gained deep image compression with continuous rate
adaptation" (arXiv 2003.02012), a gain for each channel and quality before rounding and
another after it.

    x -> g_a -> y -> * gain -> round -> y_hat -> * inverse -> g_s -> x_hat
                     |                    ^
                     h_a -> z_hat -> h_s -> mean, scale        (mean-scale only)

Differences: the paper's widths are 128/192 and more; h_s has ReLU, and its output
counts steps of a table of scales, so that a decoder can compute it in whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from srlab.codecs.layers import (
    GDN,
    FactorizedDensity,
    bounded,
    gaussian_likelihood,
    noisy,
    straight_through,
)

__all__ = ["LAMBDAS", "SCALES", "Coded", "FactorizedNet", "MeanScaleNet", "scale_of"]

LAMBDAS = (0.0018, 0.0035, 0.0067, 0.013, 0.025, 0.0483)  # CompressAI's, q = 1 to 6
SCALES = 64  # in the table of standard deviations
_LOW, _HIGH = 0.11, 64.0  # the first and the last of them


def scale_of(index: torch.Tensor) -> torch.Tensor:
    """The standard deviation of a place in the table, 0 to 63: .11 to 64, geometric."""
    return _LOW * torch.exp(index * (math.log(_HIGH / _LOW) / (SCALES - 1)))


@dataclass
class Coded:
    """What a network makes of a picture while it is trained.

    Attributes:
        x_hat: (B, 3, H, W), not clamped.
        bits: (B,) estimated for each picture; side: (B,) those of z among them.
        y_hat: (B, M, H / 16, W / 16), in steps of the quantiser.
    """

    x_hat: torch.Tensor
    bits: torch.Tensor
    side: torch.Tensor
    y_hat: torch.Tensor


def _down(a: int, b: int) -> nn.Conv2d:
    return nn.Conv2d(a, b, 5, stride=2, padding=2)


def _up(a: int, b: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(a, b, 5, stride=2, padding=2, output_padding=1)


class _Gained(nn.Module):
    """g_a, g_s and the gains, which both codecs have.

    Args:
        N: features inside. M: channels of y. levels: qualities that are trained.
    """

    def __init__(self, N: int = 64, M: int = 96, levels: int = len(LAMBDAS)):
        super().__init__()
        self.N, self.M, self.levels = N, M, levels
        self.g_a = nn.Sequential(
            _down(3, N), GDN(N), _down(N, N), GDN(N), _down(N, N), GDN(N), _down(N, M)
        )
        self.g_s = nn.Sequential(
            _up(M, N), GDN(N, inverse=True), _up(N, N), GDN(N, inverse=True),
            _up(N, N), GDN(N, inverse=True), _up(N, 3),
        )  # fmt: skip
        # At high rates D falls as the step squared, so the step goes as lambda^-1/2.
        start = torch.linspace(-1, 1, levels) * math.log(LAMBDAS[-1] / LAMBDAS[0]) / 4
        self.log_gain = nn.Parameter(start[:, None].repeat(1, M))
        self.log_inverse = nn.Parameter(-start[:, None].repeat(1, M))

    def gain(self, quality: torch.Tensor, inverse: bool = False) -> torch.Tensor:
        """(B,) of 1 to `levels`, fractions allowed -> (B, M, 1, 1)."""
        table = self.log_inverse if inverse else self.log_gain
        at = (quality.to(table.device) - 1).clamp(0, self.levels - 1)
        low = at.floor().long().clamp(max=max(self.levels - 2, 0))
        share = (at - low)[:, None]
        high = (low + 1).clamp(max=self.levels - 1)
        mixed = torch.lerp(table[low], table[high], share.to(table.dtype))
        return mixed.exp()[..., None, None]

    def synthesis(self, y_hat: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        """y_hat in steps, (B, M, h, w) -> x_hat, (B, 3, 16 h, 16 w)."""
        return self.g_s(y_hat * self.gain(quality, inverse=True).to(y_hat.dtype)) + 0.5

    def analysis(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1] -> y before its gain, (B, M, H / 16, W / 16)."""
        return self.g_a(x - 0.5)


class FactorizedNet(_Gained):
    """bmshj2018-factorized: every y of a channel has the same learned density.

    Sides must be multiples of 16.
    """

    multiple = 16

    def __init__(self, N: int = 64, M: int = 96, levels: int = len(LAMBDAS)):
        super().__init__(N, M, levels)
        self.density = FactorizedDensity(M)

    def forward(self, x: torch.Tensor, quality: torch.Tensor) -> Coded:
        """(B, 3, H, W) in [0, 1], (B,) of 1 to `levels`."""
        gain = self.gain(quality)
        y = self.analysis(x) * gain
        rated = noisy(y) if self.training else y.round()
        # The density is of y itself; a step of the quantiser is 1 / gain of it wide.
        p = self.density.likelihood(rated / gain, 0.5 / gain)
        bits = -p.log2().sum(dim=(1, 2, 3))
        y_hat = straight_through(y)
        return Coded(
            self.synthesis(y_hat, quality), bits, torch.zeros_like(bits), y_hat
        )


class MeanScaleNet(_Gained):
    """mbt2018-mean: a small second picture z says where y will lie and how surely.

    Sides must be multiples of 64.
    """

    multiple = 64

    def __init__(self, N: int = 64, M: int = 96, levels: int = len(LAMBDAS)):
        super().__init__(N, M, levels)
        self.h_a = nn.Sequential(
            nn.Conv2d(M, N, 3, padding=1), nn.ReLU(), _down(N, N), nn.ReLU(),
            _down(N, N),
        )  # fmt: skip
        self.h_s = nn.Sequential(
            _up(N, N), nn.ReLU(), _up(N, N), nn.ReLU(),
            nn.Conv2d(N, 2 * M, 3, padding=1),
        )  # fmt: skip
        self.density = FactorizedDensity(N)
        with torch.no_grad():
            made = self.h_s[-1].get_parameter("bias")
            made[M:] += SCALES / 3  # a standard deviation near 1

    def forward(self, x: torch.Tensor, quality: torch.Tensor) -> Coded:
        """(B, 3, H, W) in [0, 1], (B,) of 1 to `levels`."""
        y = self.analysis(x) * self.gain(quality)
        z = self.h_a(y)
        side = self._bits(z)
        mean, index = self.h_s(straight_through(z)).chunk(2, dim=1)
        scale = scale_of(bounded(index, 0, SCALES - 1))
        d = y - mean
        p = gaussian_likelihood(noisy(d) if self.training else d.round(), scale)
        bits = -p.log2().sum(dim=(1, 2, 3)) + side
        y_hat = straight_through(d) + mean
        return Coded(self.synthesis(y_hat, quality), bits, side, y_hat)

    def _bits(self, z: torch.Tensor) -> torch.Tensor:
        rated = noisy(z) if self.training else z.round()
        return -self.density.likelihood(rated).log2().sum(dim=(1, 2, 3))
