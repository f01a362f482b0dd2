# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What two codecs have around them: a way down, bicubic or learned, and a way up.

The pair is trained as one (`srlab.training.two_codecs`) and kept in one file; the
codecs between them are others' weights.
"""

from __future__ import annotations

import torch
from torch import nn

from srlab.models.coded import CodedNet
from srlab.models.comcnn import ComCNN, RecCNN
from srlab.resample import imresize

__all__ = ["TwoCodecsNet"]


class TwoCodecsNet(nn.Module):
    """Down and up, x2.

    Args:
        down: width of `ComCNN`, 0: bicubic, antialiased, which learns nothing.
        up: "CodedNet", told the quality; or "RecCNN".
        width: features of what goes up. blocks: of CodedNet, or layers of RecCNN.
        shortcut: of CodedNet: it adds to bicubic interpolation.
    """

    def __init__(
        self,
        down: int = 64,
        up: str = "CodedNet",
        width: int = 32,
        blocks: int = 5,
        shortcut: bool = True,
    ):
        super().__init__()
        if up not in ("CodedNet", "RecCNN"):
            raise ValueError(f"up is {up!r}; expected CodedNet or RecCNN")
        self.down = ComCNN(down) if down else None
        if up == "RecCNN":
            self.up: nn.Module = RecCNN(width, blocks)
        else:
            self.up = CodedNet(2, width, blocks, shortcut)

    def small(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) -> (B, 3, ceil(H / 2), ceil(W / 2)), not clamped."""
        if self.down is not None:
            return self.down(x)
        return imresize(x, size=[-(-n // 2) for n in x.shape[-2:]])

    def large(self, decoded: torch.Tensor, level: float) -> torch.Tensor:
        """(B, 3, h, w) of a quality, see `CodedNet` -> (B, 3, 2 h, 2 w)."""
        if self.up.channels == 4:
            plane = torch.full_like(decoded[:, :1], level)
            decoded = torch.cat([decoded, plane], dim=1)
        return self.up(decoded)
