# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""MSROI: one map of all that is in a picture, from a head with a depthwise convolution.

A. Prakash et al., "Semantic perceptual image compression using deep convolution
networks", arXiv 1612.08712. On a classifier's features come a 3x3 convolution to few
channels, a depthwise 3x3 one that makes several of each, a 3x3 one over all of them, no
activations between, a global average and a linear layer. Differences: widths of 8, 128
and 128 instead of 32, 1,024 and 1,024, on the course's own features; trained on frozen
features by the photo classifier's own answers.

    A (B, K, h, w) -> conv 3x3: narrow -> depthwise 3x3: narrow x many -> conv 3x3
      -> mean over places -> linear -> y
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from srlab import weights
from srlab.images import check_whole
from srlab.saliency.base import Saliency, Seen, Target, _enlarged, normalise
from srlab.saliency.classifiers import PhotoNet, photo_classifier

__all__ = ["MSROI", "MsroiNet", "paper_fusion"]

FIRST = 1.2  # by which the paper's program multiplies the first map


class MsroiNet(nn.Module):
    """A classifier whose head sees several channels of each feature, place by place.

    Args:
        trunk: a PhotoNet; its features are used, its head is not.
        narrow: channels of the first convolution.
        many: channels that the depthwise convolution makes of each.
        classes: how many labels; by default the trunk's.
    """

    cam_layer, cam_head = "places", "head"

    def __init__(
        self, trunk: PhotoNet, narrow: int = 8, many: int = 16, classes: int = 0
    ):
        super().__init__()
        self.trunk = trunk.eval().requires_grad_(False)
        self.labels = trunk.labels
        width = check_whole(narrow, "narrow", 1) * check_whole(many, "many", 1)
        self.places = nn.Sequential(
            nn.Conv2d(trunk.head.in_features, narrow, 3, padding=1),
            nn.Conv2d(narrow, width, 3, padding=1, groups=narrow),  # depthwise
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.card: Any = None  # how it was trained
        self.head = nn.Linear(width, classes or len(self.labels))

    @property
    def mean(self) -> torch.Tensor:
        """The mean colour, (1, 3, 1, 1) in [0, 1]."""
        return self.trunk.mean

    def train(self, mode: bool = True) -> MsroiNet:
        """The trunk stays as it is: its averages are not to move."""
        super().train(mode)
        self.trunk.eval()
        return self

    def prepare(self, image: torch.Tensor) -> torch.Tensor:
        """As the trunk's."""
        return self.trunk.prepare(image)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1] -> logits (B, classes)."""
        return self.answer(self.trunk.features(x))

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """The trunk's features (B, K, h, w) -> logits (B, classes)."""
        return self.head(self.places(features).mean(dim=(2, 3)))


class MSROI(Saliency):
    """One map for all classes that a picture may hold.

    The class maps (CAM's) of the `top` most probable classes, each stretched to [0, 1],
    are folded from the least probable to the most: see `paper_fusion`. With a `target`
    it is that class's map alone.

    Args:
        model: a network with a global average and a linear head; by default the
            course's MSROI network.
        top: how many classes; the paper's program takes 5.
    """

    def __init__(
        self,
        model: nn.Module | None = None,
        layer: str | nn.Module | None = None,
        top: int = 5,
    ):
        super().__init__(model or msroi_net(), layer)
        self.top = check_whole(top, "top", 1)
        from srlab.saliency.layers import find_head

        self.head = find_head(self.model)

    def weigh(self, seen: Seen) -> torch.Tensor:
        """w_k^c (B, K)."""
        return self.head.weight.detach()[seen.target]

    def __call__(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """(B, 1, H, W) in [0, 1]."""
        if target is not None:
            return super().__call__(image, target)
        return normalise(_enlarged(self.raw(image), image.shape[-2:]))

    def raw(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """(B, 1, h, w): of all classes in [0, 1], of one class with its sign."""
        if target is not None:
            return super().raw(image, target)
        seen = self.look(image)
        places = seen.logits.topk(min(self.top, seen.logits.shape[1]), dim=1).indices
        maps = torch.einsum(
            "btk,bkhw->bthw", self.head.weight.detach()[places], seen.activations
        )
        return paper_fusion(maps.flip(1))


def paper_fusion(maps: torch.Tensor) -> torch.Tensor:
    """Fold maps (B, T, h, w), least probable first, into one (B, 1, h, w) in [0, 1].

    r = 1.2 n(m_1); then r = (r + n(m_t)) / 2 for t = 2 ... T, where n stretches to
    [0, 1]; at last n(r). So the most probable class has the weight 1/2, the next 1/4.
    """
    folded = FIRST * normalise(maps[:, :1])
    for t in range(1, maps.shape[1]):
        folded = (folded + normalise(maps[:, t : t + 1])) / 2
    return normalise(folded)


def msroi_net(name: str = "msroi") -> MsroiNet:
    """The course's MSROI network in eval mode, its card as ``.card``.

    Raises FileNotFoundError or srlab.weights.BrokenWeights as `photo_classifier` does.
    """
    path = name if name.endswith(".safetensors") else weights.find_weights(name)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {name!r}: `python -m srlab train msroi` trains them"
        )
    tensors, card = weights.read_weights(path)
    net = MsroiNet(photo_classifier(), **card.settings)
    found = net.load_state_dict(tensors, strict=False)
    lost = [key for key in found.missing_keys if not key.startswith("trunk.")]
    if lost or found.unexpected_keys:
        wrong = [*lost, *found.unexpected_keys][0]
        raise weights.BrokenWeights(f"{name} does not fit MsroiNet: {wrong}")
    net.card = card
    return net.eval().requires_grad_(False)
