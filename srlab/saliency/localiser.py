# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The trunk of the photo classifier with a head that can be asked where a class is.

Eleven methods share it. They differ by what is erased while it learns, so that their
maps do too: METHODS says where each of them acts, and where a network as small as this
asked for another setting than the paper's. `srlab.saliency.localising` trains it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import nn

from srlab import weights
from srlab.saliency.acol import ACoL, ClassHead, min_max
from srlab.saliency.classifiers import PhotoNet, photo_classifier, prepared
from srlab.saliency.erasing import (
    SPG,
    AdversarialErasing,
    AttentionDropout,
    Cutout,
    DropBlock,
    FickleNet,
    GridMask,
    HideAndSeek,
    RandomErasing,
)

__all__ = ["AE_PSL", "METHODS", "Localiser", "Method", "localiser"]


@dataclass(frozen=True)
class Method:
    """Where a method acts: on the picture, between stages, or in the head."""

    title: str
    picture: Callable[[], Any] | None = None
    between: Callable[[], nn.Module] | None = None  # after stage 2 and after stage 3
    head: Callable[[int, int, int], nn.Module] | None = (
        None  # channels, middle, classes
    )


METHODS = {
    "cam": Method("CAM"),
    "has": Method("Hide-and-Seek", picture=HideAndSeek),
    "random_erasing": Method("Random Erasing", picture=RandomErasing),
    "cutout": Method("Cutout", picture=Cutout),
    "gridmask": Method("GridMask", picture=GridMask),
    "ae_psl": Method("AE-PSL"),
    # 128 channels in branches: half of the trunk's 256
    "spg": Method("SPG", head=lambda c, m, k: SPG(c, m, k, width=128)),
    "adl": Method("ADL", between=AttentionDropout),
    "dropblock": Method("DropBlock", between=DropBlock),
    # windows of 5: maps have 9 x 9 cells in training, the paper's 41 x 41
    "ficklenet": Method("FickleNet", head=lambda c, m, k: FickleNet(c, k, size=5)),
    "acol": Method("ACoL", head=lambda c, m, k: ACoL(c, k, width=128)),
}
AE_PSL = AdversarialErasing(rounds=2)  # the budget is split among its rounds


class Localiser(nn.Module):
    """(B, 3, H, W) in [0, 1] -> logits (B, classes), and the class map of its method.

    Stem and stage 1 are the photo classifier's and stay as they are; the rest learns.

    Args:
        method: a key of METHODS. labels: names of the classes.
        width, depth: as of `PhotoNet`.

    Raises ValueError for a method that does not exist.
    """

    def __init__(self, method: str, labels: list[str], width: int = 32, depth: int = 2):
        super().__init__()
        if method not in METHODS:
            known = ", ".join(METHODS)
            raise ValueError(f"no method is called {method!r}; there are {known}")
        self.method, self.labels = method, list(labels)
        plan, middle, channels = METHODS[method], 4 * width, 8 * width
        self.net = PhotoNet(1, width, depth)
        self.net.head = cast(Any, nn.Identity())  # the heads below take its place
        between = plan.between or nn.Identity
        self.between = nn.ModuleList([between(), between()])
        self.head: Any  # of the method: `logits`, `loss` and `maps`
        self.card: Any = None  # how it was trained
        self.made: dict[str, Any] = {}  # what the training says of itself
        if plan.head:
            self.head = plan.head(channels, middle, len(labels))
        else:
            self.head = ClassHead(channels, len(labels))
        self.eraser = plan.picture() if plan.picture else None
        self.first = None  # of AE-PSL: the network of the round before
        self.cam_layer = "net.stage3"  # what `srlab.saliency.GradCAM` looks at
        if method == "ae_psl":
            self.cam_layer = "first.net.stage3"
            self.first = Localiser("cam", labels, width, depth).requires_grad_(False)
        for part in (self.net.stem, self.net.stage1):
            part.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> Localiser:
        """What is frozen stays in eval mode, and so do all batch norms: statistics of
        erased pictures would not be those of the whole ones that are asked about."""
        super().train(mode)
        if self.first is not None:
            self.first.eval()
        for part in self.net.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def start(self, name: str = "photo_classifier") -> Localiser:
        """Take the photo classifier's trunk; the head stays as it is."""
        theirs = photo_classifier(name).state_dict()
        trunk = {k: v for k, v in theirs.items() if not k.startswith("head.")}
        self.net.load_state_dict(trunk)
        return self

    def features(
        self,
        x: torch.Tensor,
        generator: torch.Generator | None = None,
        share: float = 1.0,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of stage 2, (B, 4 width, H / 8, W / 8), and of stage 3, half as large."""
        net = self.net
        with torch.no_grad():
            early = net.stage1(net.stem((x - net.mean) / net.deviation))
        middle = self._between(0, net.stage2(early), generator, share)
        return middle, self._between(1, net.stage3(middle), generator, share)

    def _between(
        self,
        place: int,
        x: torch.Tensor,
        generator: torch.Generator | None,
        share: float,
    ) -> torch.Tensor:
        module = self.between[place]
        if isinstance(module, nn.Identity):
            return x
        return module(x, generator, share)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits. Of AE-PSL the first network's: it alone has seen whole pictures."""
        if self.first is not None:
            return self.first(x)
        return self.head.logits(self.features(x)[1])

    def loss(
        self,
        x: torch.Tensor,
        labels: torch.Tensor,
        generator: torch.Generator | None = None,
        share: float = 1.0,
        smoothing: float = 0.0,
    ) -> torch.Tensor:
        """The method's loss of a batch, erased as the method does it.

        Args:
            x: (B, 3, H, W). labels: (B,). generator: of the erasing.
            share: how much of the training is over, 0 to 1.
            smoothing: of the labels.
        """
        if self.eraser is not None:
            x = self.eraser(x, generator, share)
        x = x.contiguous(memory_format=torch.channels_last)
        middle, top = self.features(x, generator, share)
        return self.head.loss(top, labels, generator, smoothing, middle=middle)

    @torch.no_grad()
    def maps(self, x: torch.Tensor, target: torch.Tensor | int) -> torch.Tensor:
        """(B, 1, H / 16, W / 16), the class map of the method, not normalised.

        ACoL: the larger of both branches'. FickleNet: the maximum over its draws.
        AE-PSL: the union of its rounds'. All others: the head's weights at each place
        (of SPG: its classifier A's).

        Args:
            x: as `prepare` makes it. target: an index, or one for each (B,).
        """
        if isinstance(target, int):
            target = torch.full((len(x),), target)
        target = target.to(x.device)
        own = self.head.maps
        if self.first is None:
            return own(self.features(x)[1], target)
        seen = self.first.maps(x, target)
        rest = AE_PSL(x, seen)
        return AE_PSL.union([seen, own(self.features(rest)[1], target)])

    def saliency(
        self, image: torch.Tensor, target: torch.Tensor | int | str
    ) -> torch.Tensor:
        """(B, 1|3, H, W) in [0, 1] of any size -> its map, (B, 1, H, W) in [0, 1]."""
        if isinstance(target, str):
            target = self.labels.index(target)
        device = next(self.parameters()).device
        maps = min_max(self.maps(self.prepare(image).to(device), target))
        large = F.interpolate(maps, size=tuple(image.shape[-2:]), mode="bilinear")
        return min_max(large)

    @staticmethod
    def prepare(image: torch.Tensor) -> torch.Tensor:
        """Bring a picture to the size that the network learned on."""
        return prepared(image)


def localiser(path: str | Path) -> Localiser:
    """A trained localiser from its .safetensors file, in eval mode, its card as
    ``.card``. Errors as of `srlab.weights.read_weights`."""
    tensors, card = weights.read_weights(path)
    settings = dict(card.settings)
    names = str(settings.pop("labels")).split(", ")
    net = Localiser(labels=names, **settings)
    net.load_state_dict(tensors)
    net.card = card
    return net.eval().requires_grad_(False)
