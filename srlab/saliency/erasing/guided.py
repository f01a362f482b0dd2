# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Erasing where the network itself looks, and supervision out of its own maps.

- Y. Wei, J. Feng, X. Liang, M.-M. Cheng, Y. Zhao, S. Yan, "Object region mining with
  adversarial erasing: a simple classification to semantic segmentation approach"
  (AE-PSL), arXiv 1703.08448
- X. Zhang, Y. Wei, G. Kang, Y. Yang, T. Huang, "Self-produced guidance for
  weakly-supervised object localization" (SPG), arXiv 1807.08902

Differences: of AE-PSL the mining only, not the segmentation network that learns from
it; "the top 20 % of the largest value" is read as 0.8 of the maximum and more. SPG's
branches sit on the last two of three stages and have `width` channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from srlab.saliency.acol import min_max, of_class
from srlab.saliency.classifiers import MEAN

__all__ = ["IGNORED", "SPG", "AdversarialErasing", "guidance"]

IGNORED = 255  # a place that neither is an object for sure nor background for sure
LEAST = 30 / 28**2  # share of a map that must be object: SPG's 30 cells of 28 x 28


@dataclass(frozen=True)
class AdversarialErasing:
    """AE-PSL: erase what a network's map shows, and let another network look again.

    Args:
        threshold: share of the map's maximum, the map going from 0 to 1.
        rounds: networks, each trained on what the ones before have left.
    """

    threshold: float = 0.8
    rounds: int = 3

    def mask(self, maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """(B, 1, h, w) of any range -> (B, 1, *size): 0 in the mined region."""
        large = F.interpolate(min_max(maps), size=size, mode="bilinear")
        return (min_max(large) < self.threshold).to(maps.dtype)

    def __call__(self, x: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1] with the mined regions in the mean colour."""
        mask = self.mask(maps, (x.shape[-2], x.shape[-1]))
        return torch.where(mask > 0, x, x.new_tensor(MEAN).view(1, 3, 1, 1))

    def union(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """The rounds' maps (B, 1, h, w) as one: the largest of them, each min-max'd.

        A place of it reaches the threshold where it does in any round.
        """
        return torch.stack([min_max(m) for m in maps]).amax(0)


def guidance(
    attention: torch.Tensor, high: float, low: float, least: float = LEAST
) -> torch.Tensor:
    """SPG's mask of an attention map: 1 object, 0 background, 255 not to be judged.

    1 where attention > high, 0 where attention < low. If the object would be less than
    a share `least` of the map, `high` is 0.7 of the map's maximum instead.

    >>> guidance(torch.tensor([[[[0.9, 0.3, 0.01]]]]), 0.7, 0.05).tolist()
    [[[[1.0, 255.0, 0.0]]]]

    Args:
        attention: (B, 1, h, w) in [0, 1].
    """
    highest = attention.amax(dim=(2, 3), keepdim=True)
    few = (attention > high).float().mean(dim=(2, 3), keepdim=True) < least
    bar = torch.where(few, 0.7 * highest, torch.full_like(highest, high))
    seeds = torch.full_like(attention, IGNORED)
    seeds = torch.where(attention < low, 0.0, seeds)
    return torch.where(attention > bar, 1.0, seeds)


class SPG(nn.Module):
    """A classifier whose sure places teach branches that look at earlier features.

        middle --B1--+                     A's map of the label (min-max) -> teaches B2
        top ----B2---+-- B1, B2 share      sigmoid(B2)                    -> teaches B1
        top ----C                          mean of sigmoid(B1), (B2)      -> teaches C
        top ----A -> maps of the classes -> mean -> logits

    loss = CE(A) + BCE(B2) + BCE(B1) + BCE(C), each over the places that are judged.
    The localisation map is A's, the only one that knows of classes.

    Args:
        channels, middle: of both feature maps. classes: of the logits.
        width: of the branches (the paper's: 512).
        thresholds: (high, low) of the masks that teach B2, B1 and C.
    """

    def __init__(
        self,
        channels: int,
        middle: int,
        classes: int,
        width: int = 512,
        thresholds: tuple[tuple[float, float], ...] = (
            (0.7, 0.05), (0.5, 0.05), (0.7, 0.1),
        ),
    ):  # fmt: skip
        super().__init__()
        self.thresholds = thresholds
        self.a = nn.Conv2d(channels, classes, 1)
        self.b1 = nn.Sequential(nn.Conv2d(middle, width, 3, 1, 1), nn.ReLU())
        self.b2 = nn.Sequential(nn.Conv2d(channels, width, 3, 1, 1), nn.ReLU())
        self.b = _to_one(width, width)
        self.c = _to_one(channels, width)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) -> (B, classes)."""
        return self.a(features.mean(dim=(2, 3), keepdim=True)).flatten(1)

    forward = logits

    def maps(self, features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) and (B,) -> (B, 1, h, w), A's map, not normalised."""
        return of_class(self.a(features), target)

    def branches(
        self, features: torch.Tensor, middle: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Logits of "object", (B, 1, ., .): B1 as large as middle, B2 and C as top."""
        return {
            "B2": self.b(self.b2(features)),
            "B1": self.b(self.b1(middle)),
            "C": self.c(features),
        }

    def mask(
        self,
        features: torch.Tensor,
        middle: torch.Tensor,
        labels: torch.Tensor,
        branches: dict[str, torch.Tensor] | None = None,
    ) -> dict[str, torch.Tensor]:
        """What teaches each branch: 1, 0 or 255, (B, 1, ., .) as large as its output.

        Args:
            features, middle: (B, C, h, w), (B, C', h', w'). labels: (B,).
            branches: their outputs, if they are known already.
        """
        out = self.branches(features, middle) if branches is None else branches
        b1, b2 = (out[key].detach().sigmoid() for key in ("B1", "B2"))
        attention = min_max(self.maps(features, labels).detach())
        both = (_sized(b1, features) + b2) / 2
        teachers = {"B2": attention, "B1": _sized(b2, middle), "C": both}
        pairs = zip(teachers.items(), self.thresholds, strict=True)
        return {key: guidance(teacher, *bars) for (key, teacher), bars in pairs}

    def loss(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        generator: torch.Generator | None = None,
        smoothing: float = 0.0,
        middle: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """CE + three BCE. middle: (B, C', h', w'), which no other head needs."""
        logits = self.logits(features)
        total = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        assert middle is not None  # what its first branch sees
        out = self.branches(features, middle)
        for key, seeds in self.mask(features, middle, labels, out).items():
            total = total + _judged(out[key], seeds)
        return total


def _to_one(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, 1, 1)
    )


def _sized(maps: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    size = tuple(like.shape[-2:])
    return F.interpolate(maps, size=size, mode="bilinear", antialias=False)


def _judged(logits: torch.Tensor, seeds: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy, mean over the places that are not ignored."""
    known = (seeds != IGNORED).to(logits.dtype)
    each = F.binary_cross_entropy_with_logits(logits, seeds * known, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)
