# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One map of several classes, for pictures with more than one thing in them.

A thesis on compression by class activation maps (section 3.1.3 of the course's second
source) weighs each class by its probability, after two thresholds that remove weak
channels and weak classes. Its formula is printed with a slip; both are here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from srlab.images import check_whole
from srlab.saliency.base import Saliency, Seen, Target, normalise, resolve

__all__ = ["Fused", "as_printed", "weigh_classes"]

RULES = ("softmax", "threshold", "top", "only")


def weigh_classes(
    features: torch.Tensor,
    weights: torch.Tensor,
    probabilities: torch.Tensor,
    alpha: float = 0.0,
    beta: float = 0.0,
) -> torch.Tensor:
    """M = sum_c p_c ReLU( sum_k ReLU( w_k^c f_k - alpha ) - beta ), the mended formula.

    Args:
        features: f (B, K, h, w). weights: w (C, K). probabilities: p (B, C).
        alpha: what a channel must contribute at a place to count there.
        beta: what a class must reach at a place to count there.

    Returns:
        (B, 1, h, w), not negative.
    """
    total = features.new_zeros(len(features), 1, *features.shape[-2:])
    for c, p in enumerate(probabilities.T):
        inner = _inner(features, weights[c], alpha)
        total = total + p[:, None, None, None] * (inner - beta).clamp(min=0)
    return total


def as_printed(
    features: torch.Tensor,
    weights: torch.Tensor,
    probabilities: torch.Tensor,
    alpha: float = 0.0,
    beta: float = 0.0,
) -> torch.Tensor:
    """M^c = p_c sum_c( ReLU( w f_c - alpha ) - beta ), for every class c: (B, C, h, w).

    c is summed over and stands free outside the sum, so the sum is the same for all
    classes and the maps M^c are one picture at C strengths; and without the outer ReLU
    beta only lowers that picture everywhere, by C beta.
    """
    inner = sum(_inner(features, row, alpha) - beta for row in weights)
    return probabilities[:, :, None, None] * inner


def _inner(features: torch.Tensor, row: torch.Tensor, alpha: float) -> torch.Tensor:
    """sum_k ReLU( w_k f_k - alpha ) of one class, (B, 1, h, w)."""
    each = (features * row[None, :, None, None] - alpha).clamp(min=0)
    return each.sum(dim=1, keepdim=True)


class Fused:
    """A saliency of several classes at once.

    Args:
        saliency: a method of `srlab.saliency`, asked once for each class.
        rule: "softmax": maps of the `top` most probable classes, each weighed by its
            probability; "threshold": the sum of those whose probability is at least
            `threshold` (of the most probable one alone if none is); "top": the sum of
            the `top` most probable; "only": the sum of the `classes` that are named.
        top: how many classes at most.
        threshold: of the rule of that name.
        classes: of the rule "only", numbers or labels: "only the cat".
        alpha: share of the highest value of each class's map that is taken off it (and
            what is negative then, dropped) before the maps are added.

    Each class's map is first stretched to [0, 1]; otherwise a class with large logits
    would be heard alone.
    """

    def __init__(
        self,
        saliency: Saliency,
        rule: str = "softmax",
        top: int = 5,
        threshold: float = 0.1,
        classes: Sequence[int | str] = (),
        alpha: float = 0.0,
    ):
        if rule not in RULES:
            raise ValueError(f"rule is {rule!r}; expected one of {', '.join(RULES)}")
        if (rule == "only") != bool(classes):
            raise ValueError('classes belong to rule="only", which needs them')
        if not 0 <= threshold <= 1 or not 0 <= alpha < 1:
            raise ValueError(
                f"threshold {threshold} and alpha {alpha}; expected 0 to 1"
            )
        self.saliency, self.rule = saliency, rule
        self.top = check_whole(top, "top", 1)
        self.threshold, self.alpha = threshold, alpha
        self.classes = list(classes)

    def __call__(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """(B, 1, H, W) in [0, 1]; a `target` asks for that class alone."""
        if target is not None:
            return self.saliency(image, target)
        maps = [self._one(image[i : i + 1]) for i in range(len(image))]
        return torch.cat(maps)

    def parts(self, image: torch.Tensor) -> list[tuple[int, float, torch.Tensor]]:
        """(class, weight, map (1, 1, H, W) in [0, 1]) of each class of one image."""
        seen = self.saliency.look(image)
        return [
            (c, weight, self.saliency(image, c)) for c, weight in self._classes(seen)
        ]

    def _one(self, image: torch.Tensor) -> torch.Tensor:
        total = torch.zeros(1)
        for _, weight, part in self.parts(image):
            total = total + weight * (part - self.alpha).clamp(min=0)
        return normalise(total)

    def _classes(self, seen: Seen) -> list[tuple[int, float]]:
        if self.rule == "only":
            names = getattr(self.saliency.model, "labels", None)
            asked = [int(resolve(c, seen.logits, names)) for c in self.classes]
            return [(c, 1.0) for c in asked]
        p = seen.logits.softmax(dim=1)[0]
        values, places = p.topk(min(self.top, len(p)))
        ranked = list(zip(places.tolist(), values.tolist(), strict=True))
        if self.rule == "softmax":
            return ranked
        if self.rule == "top":
            return [(c, 1.0) for c, _ in ranked]
        loud = [(c, 1.0) for c in (p >= self.threshold).nonzero()[:, 0].tolist()]
        return loud or [(ranked[0][0], 1.0)]
