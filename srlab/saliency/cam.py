# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""CAM: the head's weights, applied at each place instead of to the mean.

B. Zhou et al., "Learning deep features for discriminative localization", arXiv
1512.04150. It needs a network that ends in a global average and one linear layer:

    y^c = sum_k w_k^c (1/Z) sum_ij A_ij^k + b^c  =  (1/Z) sum_ij M_ij^c + b^c,
    M_ij^c = sum_k w_k^c A_ij^k

The logit is the mean of its map: the map says which places earned it. (The bias has no
place; the paper leaves it out as well.)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from srlab.saliency.base import Saliency, Seen
from srlab.saliency.layers import find_head

__all__ = ["CAM"]

TOLERANCE = 1e-3  # of the logits' size, between the network's and the head of the mean


class CAM(Saliency):
    """The class activation map of a network with a global average and a linear head.

    Args:
        model, layer, reshape: as of `srlab.saliency.Saliency`.
        head: the linear layer; by default the model's ``cam_head``, or its last one.

    Raises ValueError when called, if the logits are not the head of the features' mean:
    then the map would not be what the class was decided by. GradCAM needs no such head.
    """

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module | None = None,
        reshape: Any = None,
        head: nn.Linear | None = None,
    ):
        super().__init__(model, layer, reshape)
        self.head = head or find_head(model)

    def weigh(self, seen: Seen) -> torch.Tensor:
        """w_k^c (B, K): row c of the head."""
        self._check(seen)
        return self.head.weight.detach()[seen.target]

    def _check(self, seen: Seen) -> None:
        channels = seen.activations.shape[1]
        why = f"layer {self.layer_name} gives {channels} channels"
        if self.head.in_features == channels:
            with torch.inference_mode():
                mean = self.head(seen.activations.mean(dim=(2, 3)))
            scale = seen.logits.abs().max().clamp(min=1)
            if mean.shape == seen.logits.shape and torch.all(
                (mean - seen.logits).abs() <= TOLERANCE * scale
            ):
                return
            why = f"between layer {self.layer_name} and the head is more than a mean"
        raise ValueError(
            "CAM needs a global average and one linear layer behind the features, but "
            f"{why} and the head takes {self.head.in_features}: GradCAM needs no such "
            "head"
        )
