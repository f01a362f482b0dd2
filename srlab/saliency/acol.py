# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ACoL: a second classifier sees only what the first did not look at.

X. Zhang, Y. Wei, J. Feng, Y. Yang, T. Huang, "Adversarial complementary learning for
weakly supervised object localization", arXiv 1804.06962. Differences: `width` channels
in the branches instead of 1,024; logits are the mean of both branches'.

    features -> mean 3x3 -+-> A: conv3x3, ReLU, conv3x3, ReLU, 1x1 -> classes' maps
                          |        | map of the label, min-max, >= threshold: erased
                          +-> x ---+-> B: the same layers -> classes' maps
    loss = CE(mean of A's maps) + CE(mean of B's maps);  map = max(A, B)
"""

from __future__ import annotations

from functools import reduce

import torch
import torch.nn.functional as F
from torch import nn

from srlab.saliency.base import normalise as min_max

__all__ = ["ACoL", "ClassHead", "min_max", "of_class"]


class ClassHead(nn.Module):
    """Global average pooling and a linear layer: what CAM asks for.

    logit_c = mean over places of the class map, map_c = sum_k w_ck A_k (B. Zhou et al.,
    arXiv 1512.04150); the bias, equal at all places, is left out of the map.
    """

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) -> (B, classes)."""
        return self.linear(features.mean(dim=(2, 3)))

    forward = logits

    def maps(self, features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) and (B,) class indices -> (B, 1, h, w), not normalised."""
        weight = self.linear.weight[target]  # (B, C)
        return torch.einsum("bchw,bc->bhw", features, weight)[:, None]

    def loss(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        generator: torch.Generator | None = None,
        smoothing: float = 0.0,
        middle: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Cross-entropy."""
        logits = self.logits(features)
        return F.cross_entropy(logits, labels, label_smoothing=smoothing)


class ACoL(nn.Module):
    """Two branches on one feature map.

    Args:
        channels: of the features. classes: of the logits. width: of the branches.
        threshold: B sees nothing where A's map, from 0 to 1, reaches it.
    """

    def __init__(
        self, channels: int, classes: int, width: int = 1024, threshold: float = 0.6
    ):
        super().__init__()
        self.threshold = threshold
        self.a = _branch(channels, classes, width)
        self.b = _branch(channels, classes, width)

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of A and B (B, classes), and both maps of the labels (B, 1, h, w).

        Args:
            features: (B, C, h, w).
            labels: (B,); whose map decides what B may see. Without: A's best guess.
        """
        x = F.avg_pool2d(features, 3, stride=1, padding=1)
        all_a = self.a(x)
        logits_a = all_a.mean(dim=(2, 3))
        labels = logits_a.argmax(1) if labels is None else labels
        map_a = of_class(all_a, labels)
        all_b = self.b(x * self.mask(map_a))
        return logits_a, all_b.mean(dim=(2, 3)), map_a, of_class(all_b, labels)

    def mask(self, map_a: torch.Tensor) -> torch.Tensor:
        """(B, 1, h, w), what B sees: 0 where A's map, min-max'd, is >= threshold."""
        return (min_max(map_a.detach()) < self.threshold).to(map_a.dtype)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """(B, classes): the mean of both branches'."""
        logits_a, logits_b, *_ = self(features)
        return (logits_a + logits_b) / 2

    def maps(self, features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(B, 1, h, w) in [0, 1]: the larger of both min-max'd maps at each place."""
        *_, map_a, map_b = self(features, target)
        return torch.maximum(min_max(map_a), min_max(map_b))

    def loss(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        generator: torch.Generator | None = None,
        smoothing: float = 0.0,
        middle: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """CE of A plus CE of B, which does not see A's places."""
        logits_a, logits_b, *_ = self(features, labels)
        return reduce(
            torch.add,
            (
                F.cross_entropy(logits, labels, label_smoothing=smoothing)
                for logits in (logits_a, logits_b)
            ),
        )


def of_class(maps: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """(B, classes, h, w) and (B,) -> (B, 1, h, w), the map of each one's label."""
    return maps[torch.arange(len(maps), device=maps.device), labels][:, None]


def _branch(channels: int, classes: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 1, 1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, 1, 1),
        nn.ReLU(),
        nn.Conv2d(width, classes, 1),
    )
