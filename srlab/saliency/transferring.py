# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Your own classes in seconds: a new head on features that stay as they are.

M. Oquab et al., "Learning and transferring mid-level image representations using
convolutional neural networks", CVPR 2014, DOI 10.1109/CVPR.2014.222. The head is a
logistic regression (scikit-learn's) on the mean features of the photo classifier, so
the class activation map stays exact.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from tqdm.auto import tqdm

from srlab import images
from srlab.saliency.base import opaque
from srlab.saliency.classifiers import PhotoNet, photo_classifier

__all__ = ["embed", "from_folders", "transfer"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif"}
Pictures = Mapping[str, Iterable[torch.Tensor | str | Path]]


def transfer(
    pictures: Pictures, net: PhotoNet | None = None, strength: float = 1.0
) -> PhotoNet:
    """The classifier with a new head for your classes.

    Args:
        pictures: label -> its pictures: tensors (1, C, H, W) in [0, 1], or files. Ten
            of a class are enough to begin with.
        net: whose features are used; by default the course's classifier.
        strength: the inverse of the penalty on large weights, scikit-learn's C.

    Returns:
        A PhotoNet in eval mode whose ``labels`` are yours, in the order given.

    Raises ValueError for fewer than two classes, or a class without pictures.
    """
    labels = list(pictures)
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} classes; a classifier needs at least two")
    net = net or photo_classifier()
    silent = os.environ.get("TQDM_DISABLE") == "1"  # tqdm's widget asks not
    features, answers = [], []
    for place, label in enumerate(labels):
        bar = tqdm(pictures[label], label, leave=False, disable=silent)
        found = [embed(net, one) for one in bar]
        if not found:
            raise ValueError(f"the class {label!r} has no pictures")
        features += found
        answers += [place] * len(found)
    x = torch.cat(features)
    scale = x.std(dim=0).mean().clamp(min=1e-6)
    fitted = LogisticRegression(C=strength, max_iter=2000)
    fitted.fit((x / scale).numpy(), answers)
    return _with_head(net, labels, fitted, scale)


@torch.inference_mode()
def embed(net: PhotoNet, picture: torch.Tensor | str | Path) -> torch.Tensor:
    """The mean features (1, K) of a picture, which its mirror image shares."""
    if not isinstance(picture, torch.Tensor):
        picture = images.read(picture)
    x = net.prepare(opaque(picture))
    first, second = (net.features(v).mean(dim=(2, 3)) for v in (x, x.flip(-1)))
    return (first + second) / 2


def from_folders(folder: str | Path) -> dict[str, list[Path]]:
    """label -> files of a folder with a subfolder a class; for `transfer`.

    Raises FileNotFoundError when there is no such folder or no class in it.
    """
    folder = Path(folder)
    found = {
        sub.name: [f for f in sorted(sub.iterdir()) if f.suffix.lower() in SUFFIXES]
        for sub in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if sub.is_dir()
    }
    if not any(found.values()):
        raise FileNotFoundError(
            f"{folder} holds no classes: make a folder a class, its pictures inside"
        )
    return found


def _with_head(net: PhotoNet, labels: list[str], fitted: Any, scale: Any) -> PhotoNet:
    weight = torch.from_numpy(fitted.coef_).float()
    bias = torch.from_numpy(fitted.intercept_).float()
    if len(labels) == 2:  # scikit-learn gives one row, the second class's log-odds
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    made = PhotoNet(names=labels, width=cast(nn.Conv2d, net.stem[0]).out_channels)
    rest = {k: v for k, v in net.state_dict().items() if not k.startswith("head.")}
    made.head = nn.Linear(weight.shape[1], len(labels))
    rest |= {"head.weight": weight / scale, "head.bias": bias}
    made.load_state_dict(rest)
    return made.eval().requires_grad_(False)
