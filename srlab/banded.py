# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Filters along one axis as a few small matrix products, quick on a CPU."""

from __future__ import annotations

import torch

__all__ = ["Banded", "apply_banded", "banded"]

Banded = tuple[tuple[int, int, torch.Tensor], ...]
BLOCK = 64  # outputs per small matrix product: few of them, and each quick


def banded(weights: torch.Tensor, indices: torch.Tensor) -> Banded:
    """A filter matrix, nearly all zeros, cut into the dense blocks on its diagonal.

    Args:
        weights, indices: (n_out, P) each, as `srlab.resample.contributions` gives them.

    Returns:
        blocks (first, last, matrix (last - first, outputs)): each makes 64 outputs or
        fewer from the input samples first .. last - 1.
    """
    blocks = []
    for start in range(0, len(weights), BLOCK):
        w, i = weights[start : start + BLOCK], indices[start : start + BLOCK]
        first, last = int(i.min()), int(i.max()) + 1
        matrix = w.new_zeros(len(w), last - first).scatter_add_(1, i - first, w)
        blocks.append((first, last, matrix.T.contiguous()))
    return tuple(blocks)


def apply_banded(image: torch.Tensor, blocks: Banded, axis: int) -> torch.Tensor:
    """Filter one axis (0 rows, 1 columns) of (..., H, W): a small product a block.

    blocks: as `banded` gives them, for as many samples as that axis has.
    """
    parts = []
    for first, last, matrix in blocks:
        matrix = matrix.to(image)  # (K, outputs)
        if axis == 0:
            parts.append(matrix.T @ image[..., first:last, :])
        else:
            parts.append(image[..., first:last] @ matrix)
    return torch.cat(parts, dim=axis - 2)
