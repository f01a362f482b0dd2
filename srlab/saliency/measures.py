# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How well a map finds an object: pointing game, energy, overlap at a threshold.

J. Zhang et al., "Top-down neural attention by excitation backprop", arXiv 1608.00507
(pointing game); H. Wang et al., "Score-CAM", arXiv 1910.01279 (energy); J. Choe et al.,
"Evaluating weakly supervised object localization methods right", arXiv 2001.07437: the
threshold decides much, so each method is given its own, chosen on other photographs.
Difference: the overlap is that of the pixels above the threshold with the object's
mask, not that of two boxes, so that several objects and holes count as they are.

Maps are (1, 1, H, W) in [0, 1]; masks the same with 1 on the object and 0 elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["THRESHOLDS", "best_threshold", "energy", "iou", "iou_curve", "pointing"]

THRESHOLDS = tuple(round(k / 50, 2) for k in range(1, 50))  # 0.02 to 0.98


def pointing(saliency: torch.Tensor, mask: torch.Tensor) -> bool:
    """Whether the map's highest place lies on the object.

    Of several equal ones the first in reading order counts. The papers allow 15 pixels
    beside the object; here none.

    >>> m = torch.tensor([[[[0.1, 0.9], [0.0, 0.3]]]])
    >>> pointing(m, (m > 0.5).float())
    True
    """
    saliency, mask = _checked(saliency, mask)
    return bool(mask.flatten()[saliency.flatten().argmax()] > 0.5)


def energy(saliency: torch.Tensor, mask: torch.Tensor) -> float:
    """Share of the map's sum that lies on the object, 0 to 1; NaN for an empty map.

    >>> m = torch.tensor([[[[0.25, 0.75], [0.0, 0.0]]]])
    >>> energy(m, (m > 0.5).float())
    0.75
    """
    saliency, mask = _checked(saliency, mask)
    return (saliency * mask).sum().div(saliency.sum()).item()


def iou(saliency: torch.Tensor, mask: torch.Tensor, threshold: float) -> float:
    """|A and B| / |A or B| of A = {map >= threshold} and the object's pixels B.

    >>> m = torch.tensor([[[[0.2, 0.6], [0.7, 0.0]]]])
    >>> iou(m, torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]]), 0.5)
    0.5
    """
    return iou_curve(saliency, mask, (threshold,))[0]


def iou_curve(
    saliency: torch.Tensor,
    mask: torch.Tensor,
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[float]:
    """`iou` at each threshold: where it peaks differs from method to method."""
    saliency, mask = _checked(saliency, mask)
    thing = mask > 0.5
    if not thing.any():
        raise ValueError("the mask marks nothing: there is no object to overlap with")
    found = []
    for threshold in thresholds:
        above = saliency >= threshold
        found.append(((above & thing).sum() / (above | thing).sum()).item())
    return found


def best_threshold(
    maps: Sequence[torch.Tensor],
    masks: Sequence[torch.Tensor],
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[float, float]:
    """(threshold, mean IoU) where the mean over the photographs is highest.

    Choose it on some photographs and report it on others: on the same ones it flatters.

    Raises ValueError when there are no maps, or not as many masks.
    """
    if not maps or len(maps) != len(masks):
        raise ValueError(f"{len(maps)} maps and {len(masks)} masks; expected pairs")
    curves = torch.tensor(
        [iou_curve(m, mask, thresholds) for m, mask in zip(maps, masks, strict=True)]
    )
    mean = curves.mean(dim=0)
    best = int(mean.argmax())
    return thresholds[best], mean[best].item()


def _checked(
    saliency: torch.Tensor, mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both as float32; ValueError unless they are maps of one picture and one size."""
    for name, x in (("map", saliency), ("mask", mask)):
        if x.ndim != 4 or x.shape[:2] != (1, 1):
            raise ValueError(
                f"the {name} has the shape {tuple(x.shape)}; expected (1, 1, H, W)"
            )
    if saliency.shape != mask.shape:
        raise ValueError(
            f"the map is {tuple(saliency.shape[2:])} and the mask "
            f"{tuple(mask.shape[2:])}: both must have the picture's height and width"
        )
    return saliency.detach().float(), mask.detach().float()
