# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Eigen-CAM: the features' first principal component, whatever the class.

M. Bany Muhammad, M. Yeasin, "Eigen-CAM: class activation map using principal
components", arXiv 2008.00299. Differences: features are centred, as the common
implementation does; and the sign, which a principal component does not have, follows
a stated rule.
"""

from __future__ import annotations

import torch

from srlab.saliency.base import Saliency, Seen

__all__ = ["EigenCAM", "principal"]


class EigenCAM(Saliency):
    """Each place's feature vector, projected on the direction of greatest variance.

    X (places x K) = A without each channel's mean = U S V^T,  map = X v_1

    The sign: that with which the map goes along with the features' sum over channels,
    since after a ReLU features are large where something was found. The class that is
    asked for changes nothing; it is checked all the same.
    """

    def combine(self, seen: Seen) -> torch.Tensor:
        """(B, 1, h, w), of mean 0."""
        return principal(seen.activations)


def principal(features: torch.Tensor) -> torch.Tensor:
    """(B, K, h, w) -> (B, 1, h, w): projection on the first principal component.

    v_1 comes from the smaller of the two Gram matrices, in float64: exact, and of size
    h w or K, whichever is less. Signed as `EigenCAM` says.
    """
    batch, _, height, width = features.shape
    x = features.to(torch.float64).flatten(2).transpose(1, 2)  # (B, places, K)
    x = x - x.mean(dim=1, keepdim=True)
    if x.shape[1] <= x.shape[2]:
        _, vectors = torch.linalg.eigh(x @ x.mT)
        first = x.mT @ vectors[..., -1:]
        first = first / first.norm(dim=1, keepdim=True).clamp(min=1e-300)
    else:
        _, vectors = torch.linalg.eigh(x.mT @ x)
        first = vectors[..., -1:]
    found = (x @ first)[..., 0]
    along = (found * x.sum(dim=2)).sum(dim=1, keepdim=True)
    found = torch.where(along < 0, -found, found)
    return found.reshape(batch, 1, height, width).to(features.dtype)
