# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SRCNN: three convolutions on a picture that was enlarged by bicubic interpolation.

C. Dong, C. C. Loy, K. He, X. Tang, "Image super-resolution using deep convolutional
networks", arXiv 1501.00092. The paper trains without padding and cuts the borders;
here each layer pads with zeros, so that the result has the size of the input.
"""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["SRCNN"]


class SRCNN(nn.Module):
    r"""Patch extraction, non-linear mapping, reconstruction (sections 3.1.1 to 3.1.3).

    $F_1(Y) = \max(0, W_1 * Y + B_1)$, $F_2(Y) = \max(0, W_2 * F_1(Y) + B_2)$,
    $F(Y) = W_3 * F_2(Y) + B_3$

    Args:
        f1, f2, f3: odd sizes of the three kernels; the paper writes 9-5-5 or 9-1-5.
        n1, n2: numbers of filters of the first two layers.
    """

    channels, local = 1, True
    upscale = 1

    def __init__(
        self, f1: int = 9, f2: int = 5, f3: int = 5, n1: int = 64, n2: int = 32
    ):
        super().__init__()
        if any(f < 1 or f % 2 == 0 for f in (f1, f2, f3)):
            raise ValueError(f"kernel sizes {f1}-{f2}-{f3}: each must be odd")
        self.extract = nn.Conv2d(1, n1, f1, padding=f1 // 2)
        self.map = nn.Conv2d(n1, n2, f2, padding=f2 // 2)
        self.reconstruct = nn.Conv2d(n2, 1, f3, padding=f3 // 2)
        for layer in (self.extract, self.map, self.reconstruct):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.get_parameter("bias"))
        nn.init.normal_(self.reconstruct.weight, std=1e-3)  # the paper's deviation

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """(B, 1, H, W) enlarged luma in [0, 1] -> (B, 1, H, W)."""
        features = torch.relu(self.extract(y))  # (B, n1, H, W)
        features = torch.relu(self.map(features))  # (B, n2, H, W)
        return self.reconstruct(features)

    @torch.no_grad()
    def start_as_identity(self) -> None:
        """Let filter 0 of each layer pass the picture on; the others stay random.

        Training then begins at the PSNR of bicubic instead of far below it.
        """
        for layer in (self.extract, self.map, self.reconstruct):
            layer.weight[0].zero_()
            layer.get_parameter("bias")[0] = 0
            centre = layer.kernel_size[0] // 2
            layer.weight[0, 0, centre, centre] = 1

    def parameter_groups(self) -> list[dict]:
        """The last layer learns at a tenth of the rate (section 3.3 of the paper)."""
        first = [*self.extract.parameters(), *self.map.parameters()]
        last = [*self.reconstruct.parameters()]
        return [{"params": first, "factor": 1.0}, {"params": last, "factor": 0.1}]
