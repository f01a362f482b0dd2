# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The course's photo classifier: small, and made so that its maps are exact.

A residual network (He et al., "Deep residual learning", arXiv 1512.03385) with global
average pooling and one linear layer (Lin et al., "Network in network", arXiv 1312.4400;
Zhou et al., "Learning deep features for discriminative localization", arXiv
1512.04150), so that the class activation map is the linear layer applied at each place.
Differences: two thirds of the size of ResNet's smallest layers, a stride of 16 in all
instead of 32, so that maps have four times as many cells.

It was distilled from an ImageNet classifier (see `srlab.saliency.distilling`). Its
labels are groups of ImageNet's classes and Imagenette's ten: data/photo_classes.toml.

    x -> stem /2 -> stage1 /4 -> stage2 /8 -> stage3 /16 -> mean over places -> head
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from srlab import paths, weights
from srlab.images import check_image, check_whole
from srlab.resample import imresize

__all__ = ["SIDE", "PhotoNet", "groups", "labels", "photo_classifier"]

SIDE = 176  # pixels on the shorter side that a picture is brought to
MEAN, DEVIATION = (0.46, 0.45, 0.41), (0.27, 0.26, 0.28)  # RGB of everyday photographs


@lru_cache(maxsize=1)
def groups() -> dict[str, tuple[int, ...]]:
    """Label -> its ImageNet indices (0..999); each of the 1,000 is in one label."""
    text = (paths.data_dir() / "photo_classes.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    named = {
        label: tuple(i for part in ranges.split() for i in _indices(part))
        for table in ("imagenette", "groups")
        for label, ranges in tables[table].items()
    }
    taken = {i for found in named.values() for i in found}
    rest = tuple(i for i in range(1000) if i not in taken)
    return {**named, "other object": rest}


def labels() -> list[str]:
    """What the classifier can say, Imagenette's ten first."""
    return list(groups())


def _indices(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


class Block(nn.Module):
    """ReLU(F(x) + P(x)): two 3x3 convolutions with BN, and a 1x1 where sizes change.

    `sum` holds the value before the last ReLU, which perceptual losses compare.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else _point(inputs, outputs, stride)
        self.sum = nn.Identity()  # a place to look at the features before activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride), not negative."""
        return torch.relu(self.sum(self.residual(x) + self.skip(x)))


def _point(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
    )


class PhotoNet(nn.Module):
    """(B, 3, H, W) in [0, 1] -> logits (B, classes); any size from 32 x 32 up.

    Args:
        classes: how many labels.
        width: channels of the stem; the stages have 2, 4 and 8 times as many.
        depth: blocks in a stage.
        names: of the labels, where they are not the course's.

    Attributes:
        labels: names of the logits.
        taps: names of the submodules whose outputs are features before activation,
            from shallow to deep, as `srlab.losses.Perceptual` takes them.
    """

    cam_layer, cam_head = "stage3", "head"  # of `srlab.saliency.CAM` and its family
    taps = ("stem.1", "stage1.1.sum", "stage2.1.sum", "stage3.0.sum")

    def __init__(
        self,
        classes: int = 0,
        width: int = 32,
        depth: int = 2,
        names: Sequence[str] = (),
    ):
        super().__init__()
        self.card: Any = None  # how it was trained, where that is known
        self.labels = list(names) or labels()
        classes = check_whole(classes or len(self.labels), "classes", 1)
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", _colour(MEAN), persistent=False)
        self.register_buffer("deviation", _colour(DEVIATION), persistent=False)
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.stage1 = _stage(width, 2 * width, depth)
        self.stage2 = _stage(2 * width, 4 * width, depth)
        self.stage3 = _stage(4 * width, 8 * width, max(1, depth - 1))
        self.head = nn.Linear(8 * width, classes)

    def prepare(self, image: torch.Tensor) -> torch.Tensor:
        """What `forward` was trained on: `SIDE` pixels on the shorter side."""
        return prepared(image)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) -> (B, 8 width, H / 16, W / 16), what the head averages."""
        x = self.stem((x - self.mean) / self.deviation)
        return self.stage3(self.stage2(self.stage1(x)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes) = head(mean over places of the features)."""
        return self.head(self.features(x).mean(dim=(2, 3)))

    @torch.inference_mode()
    def probabilities(self, image: torch.Tensor) -> torch.Tensor:
        """Softmax over the labels, (B, classes), of images of any size.

        Pictures are brought to `SIDE` pixels on the shorter side first. Of each the
        mean over the picture and its mirror image.

        Args:
            image: (B, 3, H, W) in [0, 1].
        """
        x = prepared(image)
        return sum(self(v).softmax(-1) for v in (x, x.flip(-1))) / 2

    def name(self, image: torch.Tensor, top: int = 1) -> list[tuple[str, float]]:
        """The most probable labels of one image, with their probabilities."""
        values, places = self.probabilities(image)[0].topk(top)
        names = self.labels
        pairs = zip(places.tolist(), values.tolist(), strict=True)
        return [(names[i], value) for i, value in pairs]


def prepared(image: torch.Tensor, side: int = SIDE) -> torch.Tensor:
    """(B, 3, H, W) with `side` pixels on the shorter side, the proportions kept."""
    check_image(image)
    if image.shape[1] == 1:
        image = image.expand(-1, 3, -1, -1)
    short = min(image.shape[-2:])
    size = [max(32, round(n * side / short)) for n in image.shape[-2:]]
    return imresize(image, size=size).clamp(0, 1)


def _colour(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values).reshape(1, 3, 1, 1)


def _stage(inputs: int, outputs: int, depth: int) -> nn.Sequential:
    rest = (Block(outputs, outputs) for _ in range(depth - 1))
    return nn.Sequential(Block(inputs, outputs, 2), *rest)


def photo_classifier(name: str = "photo_classifier") -> PhotoNet:
    """The trained classifier, in eval mode, its card as ``.card``.

    Online, torchvision's networks are the better choice: this one knows coarse labels,
    and it saw few photographs. It is what works without a network.

    Args:
        name: of the weights, or the path of a .safetensors file of your own.

    Raises:
        FileNotFoundError, srlab.weights.BrokenWeights: as `srlab.weights.read_weights`.
    """
    path = name if name.endswith(".safetensors") else weights.find_weights(name)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {name!r}: `python -m srlab train photo_classifier` "
            "trains them, or bring the files of data/weights back"
        )
    tensors, card = weights.read_weights(path)
    net = PhotoNet(**card.settings)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise weights.BrokenWeights(f"{name} does not fit PhotoNet: {reason}") from None
    net.card = card
    return net.eval().requires_grad_(False)
