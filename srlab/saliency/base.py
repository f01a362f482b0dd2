# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What all class activation maps share: features, a class, a weighted sum.

    image -> prepare -> [ layers ] -> A (B, K, h, w) -> [ rest ] -> logits y
                                      |                             |
                 map = ReLU( sum_k w_k^c A_k )    w from the head, from dy^c/dA, ...

A method is a subclass of `Saliency` with one method: `weigh` (w of each channel) or
`combine` (the map itself). The layer's output is cut off from the graph, so gradients
go back to the features and no further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from srlab.images import check_image
from srlab.saliency.layers import find_layer, spatial

__all__ = ["Saliency", "Seen", "Target", "normalise", "resolve"]

Target = int | str | Sequence[int | str] | torch.Tensor | None
TINY = 1e-20  # a map whose range is below it is constant


@dataclass(frozen=True)
class Seen:
    """One pass through a network.

    Attributes:
        x: (B, 3, h0, w0), what the network was given.
        activations: (B, K, h, w), A, the layer's output.
        logits: (B, classes), y. target: (B,), c, the class of each image.
        gradients: (B, K, h, w), dy^c/dA; None where the method asks for none.
    """

    x: torch.Tensor
    activations: torch.Tensor
    logits: torch.Tensor
    target: torch.Tensor
    gradients: torch.Tensor | None = None

    @property
    def slopes(self) -> torch.Tensor:
        """The gradients, of a method that asks for them."""
        assert self.gradients is not None
        return self.gradients


class Saliency:
    """image -> map. Maps are of the class that is asked for.

    Args:
        model: (B, 3, h, w) -> logits (B, classes). If it has ``prepare(image)``, images
            pass through that first (sizes, colours); ``labels`` lets classes be asked
            for by name; ``cam_layer`` names its usual layer.
        layer: a submodule or its name ("layer4", "features.29"); by default the usual
            one, see `srlab.saliency.layers.default_layer`.
        reshape: makes (B, K, h, w) of the layer's output where that is something else.
            Tokens (B, 1 + h w, K) of a square picture need none.

    Raises:
        TypeError: the model is no nn.Module. ValueError: it has no such layer.
    """

    gradients = False  # whether `weigh` or `combine` looks at Seen.gradients

    def __init__(
        self,
        model: nn.Module,
        layer: nn.Module | str | None = None,
        reshape: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ):
        if not isinstance(model, nn.Module):
            raise TypeError(f"the model is a {type(model).__name__}, not an nn.Module")
        self.model = model
        self.layer_name, self.layer = find_layer(model, layer)
        self.reshape = reshape

    def __call__(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """The map at the image's size, (B, 1, H, W) in [0, 1].

        Negative values become 0, and each map is stretched to [0, 1] after it was
        enlarged bilinearly. A map without any positive value is 0 everywhere.

        Args:
            image: (B, C, H, W) in [0, 1]; C = 1 (grey), 3, or 4 (transparency is put on
                white).
            target: the class: a number, one of the model's labels, one of these for
                each image, or None for the most probable one.

        Raises:
            ValueError: no such class, a layer without spatial features, a bad image.
        """
        raw = self.raw(image, target)
        return normalise(_enlarged(raw.clamp(min=0), image.shape[-2:]))

    def raw(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """(B, 1, h, w): the map at the layer's resolution, its sign and scale kept."""
        return self.combine(self.look(image, target)).to(torch.float32)

    def weigh(self, seen: Seen) -> torch.Tensor:
        """w (B, K): how much each channel says for the class."""
        raise NotImplementedError

    def combine(self, seen: Seen) -> torch.Tensor:
        """(B, 1, h, w): sum_k w_k A_k."""
        return torch.einsum("bk,bkhw->bhw", self.weigh(seen), seen.activations)[:, None]

    def look(self, image: torch.Tensor, target: Target = None) -> Seen:
        """Run the network once and keep what a method needs."""
        with _still(self.model), torch.inference_mode(False), torch.enable_grad():
            x = self.prepare(image)
            logits, kept = self._forward(x)
            chosen = resolve(target, logits, getattr(self.model, "labels", None))
            slope = None
            if self.gradients:
                score = logits.gather(1, chosen[:, None]).sum()
                slope = self._gradient(score, kept)
        activations = self._spatial(kept, x).detach()
        if slope is not None:
            slope = self._spatial(slope, x)
        return Seen(x, activations, logits.detach(), chosen, slope)

    def prepare(self, image: torch.Tensor) -> torch.Tensor:
        """Three channels, on the model's device, as the model wants them."""
        image = opaque(image)
        place = next(self.model.parameters(), image)
        image = image.detach().to(place.device, place.dtype).clone()
        own = getattr(self.model, "prepare", None)
        return own(image) if own else image

    def _forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """logits and the layer's output, from which alone gradients can be asked."""
        kept: list[torch.Tensor] = []

        def cut(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> Any:
            if not isinstance(output, torch.Tensor):
                raise ValueError(
                    f"layer {self.layer_name} gives a {type(output).__name__}; "
                    "expected one tensor: choose a layer inside or after it"
                )
            leaf = output.detach().requires_grad_(self.gradients)
            kept[:] = [leaf]
            return leaf.clone()  # so that what follows may work in place

        hook = self.layer.register_forward_hook(cut)
        try:
            logits = self.model(x)
        finally:
            hook.remove()
        if not kept:
            raise ValueError(f"the model does not use its layer {self.layer_name}")
        if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
            raise ValueError("the model must give logits (B, classes)")
        return logits, kept[0]

    def _gradient(self, score: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        try:
            return torch.autograd.grad(score, kept)[0]
        except RuntimeError:
            raise ValueError(
                f"the logits do not depend on layer {self.layer_name} in a way that "
                "can be differentiated; ScoreCAM and EigenCAM need no gradients"
            ) from None

    def _spatial(self, features: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        if self.reshape is not None:
            features = self.reshape(features)
        return spatial(features, self.layer_name, x.shape[-2:])


def normalise(maps: torch.Tensor) -> torch.Tensor:
    """Each map of (B, 1, H, W) stretched to [0, 1]; a constant one becomes 0."""
    low = maps.amin(dim=(1, 2, 3), keepdim=True)
    span = maps.amax(dim=(1, 2, 3), keepdim=True) - low
    return (maps - low) / span.clamp(min=TINY)


def resolve(
    target: Target, logits: torch.Tensor, labels: Sequence[str] | None = None
) -> torch.Tensor:
    """Class numbers (B,) of what a caller asked for; None takes each image's argmax.

    Raises ValueError for a number or a name that the model does not know, and when
    there are not as many classes as images.
    """
    count, classes = logits.shape
    if target is None:
        return logits.argmax(dim=1)
    given: Any = target.tolist() if isinstance(target, torch.Tensor) else target
    several = isinstance(given, Sequence) and not isinstance(given, str)
    wanted = list(given) if several else [given] * count
    if len(wanted) != count:
        raise ValueError(f"{len(wanted)} classes for {count} images")
    numbers = [_number(one, classes, labels) for one in wanted]
    return torch.tensor(numbers, device=logits.device)


def _number(one: int | str, classes: int, labels: Sequence[str] | None) -> int:
    if isinstance(one, str):
        if labels is None:
            raise ValueError(f"the model has no labels: ask by number, not {one!r}")
        if one not in labels:
            from difflib import get_close_matches

            near = get_close_matches(one, labels, 3) or list(labels)[:5]
            raise ValueError(f"no label {one!r}; near it: {', '.join(near)}")
        return list(labels).index(one)
    if isinstance(one, bool) or not isinstance(one, int) or not 0 <= one < classes:
        raise ValueError(f"class {one!r}; expected a number from 0 to {classes - 1}")
    return one


def opaque(image: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) of grey, RGB or RGBA images; transparency is put on white."""
    check_image(image, channels=(1, 3, 4))
    if image.shape[1] == 4:
        alpha = image[:, 3:].clamp(0, 1)
        image = image[:, :3] * alpha + (1 - alpha)
    return image.expand(-1, 3, -1, -1)


def _enlarged(maps: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


@contextmanager
def _still(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; each submodule's own mode comes back."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
