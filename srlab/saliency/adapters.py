# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""torchvision's classifiers, ready for maps: colours, sizes, labels and layer included.

K. Simonyan, A. Zisserman, "Very deep convolutional networks", arXiv 1409.1556 (VGG16);
K. He et al., "Deep residual learning", arXiv 1512.03385 (ResNet-50); A. Dosovitskiy et
al., "An image is worth 16x16 words", arXiv 2010.11929 (ViT-B/16). torchvision fetches
their weights, which are not shipped with the course.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from srlab.resample import imresize
from srlab.saliency.classifiers import prepared
from srlab.saliency.layers import default_layer

__all__ = ["ImageNetClassifier", "imagenet"]

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
SIDE = 224


class ImageNetClassifier(nn.Module):
    """(B, 3, h, w) in [0, 1] -> logits (B, 1000).

    Attributes:
        labels: names of the classes. cam_layer: the layer that maps are made of.
        square: whether pictures are squeezed to 224 x 224 (transformers take no other
            size); else the shorter side becomes 224 and the proportions stay.
    """

    def __init__(self, net: nn.Module, labels: list[str]):
        super().__init__()
        self.net, self.labels = net, labels
        self.cam_layer = f"net.{default_layer(net)}"
        self.square = hasattr(net, "encoder")
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), False)
        self.register_buffer(
            "deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), False
        )

    def prepare(self, image: torch.Tensor) -> torch.Tensor:
        """224 x 224, or 224 pixels on the shorter side."""
        if self.square:
            return imresize(image, size=(SIDE, SIDE)).clamp(0, 1)
        return prepared(image, SIDE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net((x - self.mean) / self.deviation)


def imagenet(name: str = "resnet50", weights: str | None = "DEFAULT") -> Any:
    """One of torchvision's classifiers, in eval mode.

    Args:
        name: "vgg16", "resnet50", "vit_b_16", or any other of its classifiers.
        weights: torchvision's name of the weights; None for random ones, which is good
            for tests and for seeing what a map of an untrained network looks like.

    Raises:
        ValueError: torchvision has no classifier of that name.
        FileNotFoundError: the weights are not on this machine and cannot be fetched;
            `srlab.saliency.photo_classifier()` works without a network.
    """
    from torchvision import models

    if name not in models.list_models(module=models):
        raise ValueError(
            f"torchvision has no classifier {name!r}; the course uses vgg16, resnet50 "
            "and vit_b_16"
        )
    kind = models.get_model_weights(name)
    try:
        net = models.get_model(name, weights=weights)
    except OSError as error:  # URLError is one
        raise FileNotFoundError(
            f"the weights of {name} could not be fetched ({error}); "
            "srlab.saliency.photo_classifier() needs no network"
        ) from None
    chosen = kind[weights] if weights else kind.DEFAULT
    made = ImageNetClassifier(net, list(chosen.meta["categories"]))
    return made.eval().requires_grad_(False)
