# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Erasing on feature maps: where attention is highest, in blocks, in random windows.

- J. Choe, H. Shim, "Attention-based dropout layer for weakly supervised object
  localization" (ADL), arXiv 1908.10028
- G. Ghiasi, T.-Y. Lin, Q. V. Le, "DropBlock: a regularization method for convolutional
  networks", arXiv 1810.12890
- J. Lee, E. Kim, S. Lee, J. Lee, S. Yoon, "FickleNet: weakly and semi-supervised
  semantic image segmentation using stochastic inference", arXiv 1902.10421

Differences: DropBlock's blocks may be cut off at the border, and every place may be the
centre of one where the block is larger than the map; FickleNet's classifier is one
linear layer over the window, and its dropout shares a window's draw among channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["AttentionDropout", "DropBlock", "FickleNet"]


class AttentionDropout(nn.Module):
    """ADL: hide the place where attention is highest, or weigh by attention.

    attention a = mean of x over channels; drop mask = [a < threshold max a]; importance
    map = sigmoid(a). Each call draws one of the two for the whole batch and multiplies
    x by it; in eval mode x passes.

    Args:
        threshold: gamma, a share of each picture's largest attention.
        rate: probability of the drop mask.
    """

    def __init__(self, threshold: float = 0.8, rate: float = 0.75):
        super().__init__()
        self.threshold, self.rate = threshold, rate

    def forward(
        self,
        x: torch.Tensor,
        generator: torch.Generator | None = None,
        share: float = 1.0,
    ) -> torch.Tensor:
        """(B, C, h, w) -> the same shape."""
        if not self.training:
            return x
        drop = uniform((), generator, x) < self.rate
        return x * torch.where(drop, self.mask(x), self.importance(x))

    def mask(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """(B, 1, h, w): 0 where attention is threshold times its maximum or more."""
        attention = x.detach().mean(1, keepdim=True)
        highest = attention.amax(dim=(2, 3), keepdim=True)
        return (attention < self.threshold * highest).to(x.dtype)

    def importance(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 1, h, w) in (0, 1): sigmoid(attention)."""
        return x.mean(1, keepdim=True).sigmoid()


class DropBlock(nn.Module):
    """Square blocks of features are dropped; the rest is scaled so that means stay.

    A place is the centre of a block with probability
    gamma = (1 - keep) / s^2 * h w / ((h - s + 1) (w - s + 1)), if the whole block fits;
    the output is x M * count(M) / sum(M). In eval mode x passes.

    Args:
        keep: probability that a unit is kept, after `share` = 1 of the training; it
            falls from 1 to that linearly.
        size: s, the side of a block; at most the map's shorter side.
        shared: whether the channels of a picture share their blocks.
    """

    def __init__(self, keep: float = 0.9, size: int = 7, shared: bool = False):
        super().__init__()
        self.keep, self.size, self.shared = keep, size, shared

    def forward(
        self,
        x: torch.Tensor,
        generator: torch.Generator | None = None,
        share: float = 1.0,
    ) -> torch.Tensor:
        """(B, C, h, w) -> the same shape."""
        if not self.training:
            return x
        mask = self.mask(x, generator, share)
        return x * mask * (mask.numel() / mask.sum().clamp(min=1))

    def gamma(self, height: int, width: int, share: float = 1.0) -> float:
        """Probability that a place where a block fits is the centre of one."""
        side = min(self.size, height, width)
        drop = (1 - self.keep) * share
        places = (height - side + 1) * (width - side + 1)
        return min(1.0, drop / side**2 * height * width / places)

    def mask(
        self,
        x: torch.Tensor,
        generator: torch.Generator | None = None,
        share: float = 1.0,
    ) -> torch.Tensor:
        """(B, C, h, w), or (B, 1, h, w) if shared: 0 in blocks, 1 elsewhere."""
        count, channels, height, width = x.shape
        side = min(self.size, height, width)
        shape = (count, 1 if self.shared else channels)
        corners = (*shape, height - side + 1, width - side + 1)  # of blocks that fit
        hit = uniform(corners, generator, x) < self.gamma(height, width, share)
        padded = F.pad(hit.to(x.dtype), [side - 1] * 4)
        return 1 - F.max_pool2d(padded, side, stride=1)


class FickleNet(nn.Module):
    """A classifier over windows whose hidden units are dropped at random, tests too.

    Every window of `size` x `size` places keeps its centre and each other unit with
    probability 1 - rate; logits = mean over windows of W . (kept units). One draw shows
    one combination of parts. Its class map is x . d logit / d x at each place, summed
    over channels, and the map is the maximum over `draws` of them.

    Args:
        channels, classes: of the features and of the logits.
        size: of a window, odd; the paper's is 9 on maps of 41 x 41.
        rate: of dropout. draws: for a map.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        size: int = 9,
        rate: float = 0.9,
        draws: int = 200,
    ):
        super().__init__()
        if size % 2 == 0:
            raise ValueError(f"size is {size}; expected an odd number, with a centre")
        self.size, self.rate, self.draws = size, rate, draws
        self.head = nn.Conv2d(channels, classes, size, padding=size // 2)

    def mask(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """(B, 1, size h, size w): windows side by side, 0 where units are dropped."""
        count, _, height, width = x.shape
        kept = self._kept(x, generator)  # (B, size^2, h w)
        tiles = kept.view(count, self.size, self.size, height, width)
        tiles = tiles.permute(0, 3, 1, 4, 2)
        return tiles.reshape(count, 1, self.size * height, self.size * width)

    def _kept(self, x: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        count, places = len(x), x.shape[2] * x.shape[3]
        kept = uniform((count, self.size**2, places), generator, x) >= self.rate
        kept[:, self.size**2 // 2] = True
        return kept.to(x.dtype)

    def logits(
        self, features: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """(B, C, h, w) -> (B, classes). In eval mode their expectation, undropped."""
        places = features.shape[2] * features.shape[3]
        if not self.training:
            weight = self.head.weight * (1 - self.rate)
            middle = self.size // 2
            weight[..., middle, middle] = self.head.weight[..., middle, middle]
            # The mean over places of a convolution, without the convolution.
            total = F.unfold(features, self.size, padding=middle).mean(2)
            return F.linear(total, weight.flatten(1), self.head.bias)
        windows = F.unfold(features, self.size, padding=self.size // 2)
        kept = self._kept(features, generator)
        count, units = len(features), self.size**2
        windows = windows.view(count, -1, units, places) * kept[:, None]
        total = windows.mean(3).flatten(1)
        return F.linear(total, self.head.weight.flatten(1), self.head.bias)

    forward = logits

    @torch.no_grad()
    def draw(
        self,
        features: torch.Tensor,
        target: torch.Tensor,
        generator: torch.Generator | None = None,
        count: int = 1,
    ) -> torch.Tensor:
        """Maps of some draws, (count, B, 1, h, w): x . d logit / d x at each place.

        Args:
            features: (B, C, h, w). target: (B,) class indices.
        """
        batch, channels, height, width = features.shape
        units, middle = self.size**2, self.size // 2
        windows = F.unfold(features, self.size, padding=middle)
        windows = windows.view(batch, channels, units, height * width)
        weight = self.head.weight[target].flatten(2)  # (B, C, units)
        part = torch.einsum("bcul,bcu->bul", windows, weight) / (height * width)
        found = [
            F.fold(
                part * self._kept(features, generator), (height, width), self.size,
                padding=middle,
            )
            for _ in range(count)
        ]  # fmt: skip
        return torch.stack(found)

    def maps(self, features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(B, 1, h, w): the maximum over `draws`, the same in every call."""
        found = []
        for picture in range(len(features)):  # so that a picture's draws are its own
            generator = torch.Generator().manual_seed(0)
            one = slice(picture, picture + 1)
            drawn = self.draw(features[one], target[one], generator, self.draws)
            found.append(drawn.amax(0))
        return torch.cat(found)

    def loss(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        generator: torch.Generator | None = None,
        smoothing: float = 0.0,
        middle: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Cross-entropy of one draw."""
        logits = self.logits(features, generator)
        return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def uniform(
    shape: tuple[int, ...], generator: torch.Generator | None, like: torch.Tensor
) -> torch.Tensor:
    """Uniform draws in [0, 1) on the device of `like`, whatever the generator's is."""
    device = generator.device if generator is not None else like.device
    return torch.rand(shape, generator=generator, device=device).to(like.device)
