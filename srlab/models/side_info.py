# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Artefact descriptors: what the encoder tells the decoder about the damage.

H. Ma, D. Liu, F. Wu, "Improving compression artifact reduction via end-to-end learning
of side information", VCIP 2020, doi:10.1109/VCIP49819.2020.9301805.

    original, decoded -> extractor -> one of 16 a place of 16 x 16 pixels -> bytes
    decoded -> head -> [block * gate(features)] x n -> tail -(+)-> mended
                              ^ mapper, x2, x8 <- one of 16

What is reachable of the paper states neither widths nor a schedule; they are ours.
Other differences: the backbone is told the quality as a plane, as `CodedNet` is (the
decoder knows it: it is in the file), and with ``fold=2`` it works on 2 x 2 pixels at a
time, for a CPU. A linear layer at either end, in the extractor and beside the restorer,
gives the symbols a meaning to begin with. ``descriptors=False`` is the twin that gets
no help.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from srlab.codecs.context import context_mask
from srlab.models import tiling
from srlab.models.edsr import conv3

__all__ = ["CLASSES", "SPACING", "SideInfoNet", "soft_quantise", "soft_to_hard"]

CLASSES = 16  # one-hot vectors to choose from
SPACING = 16  # pixels a side that a descriptor speaks of


def soft_quantise(x: torch.Tensor, sigma: float) -> torch.Tensor:
    r"""$\sum_i \frac{\exp(-\sigma D_{KL}(c_i \| x))}{\sum_j \ldots} c_i$, along dim 1.

    For a one-hot $c_i$, $D_{KL}(c_i \| x) = -\log x_i$, so the weights are
    $x_i^\sigma / \sum_j x_j^\sigma$: the probabilities again, sharpened. (The other
    direction, $D_{KL}(x \| c_i)$, is infinite for every x that is not one-hot.)

    Args:
        x: (B, 16, h, w), positive, sums of 1. sigma: 1 gives x, infinity the hard one.

    >>> x = torch.tensor([0.2, 0.8]).view(1, 2, 1, 1)
    >>> [round(v, 4) for v in soft_quantise(x, 2.0).flatten().tolist()]
    [0.0588, 0.9412]
    """
    return (sigma * x.clamp(min=1e-12).log()).softmax(dim=1)


def soft_to_hard(x: torch.Tensor, sigma: float) -> torch.Tensor:
    """The nearest one-hot vector; the gradient is that of `soft_quantise`."""
    hard = F.one_hot(x.argmax(dim=1), x.shape[1]).movedim(-1, 1).to(x.dtype)
    soft = soft_quantise(x, sigma)
    return hard + (soft - soft.detach())


class _Extractor(nn.Module):
    """(B, 3, H, W) twice -> log p, (B, 16, ceil(H / 16), ceil(W / 16)), natural.

    Beside the paper's layers a linear one sees the pictures' difference: what is
    missing is far smaller than what is there, and layers that begin at random do not
    find it in hundreds of steps. `begin_with` makes it matched filters.
    """

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.original, self.decoded = (
            nn.Sequential(
                conv3(3, width), nn.ReLU(), conv3(width, width), nn.ReLU(),
                conv3(width, width),
            )
            for _ in range(2)
        )  # fmt: skip
        layers, inputs = [], 3 * width
        for _ in range(4):  # 1 / 16
            layers += [nn.Conv2d(inputs, 2 * width, 3, 2, 1), nn.ReLU()]
            inputs = 2 * width
        self.down = nn.Sequential(*layers, nn.Conv2d(inputs, classes, 1))
        self.linear = nn.Conv2d(3, classes, SPACING, SPACING)

    @torch.no_grad()
    def begin_with(self, patterns: torch.Tensor, costs: torch.Tensor) -> None:
        """The linear part finds the nearest pattern, the others begin with no say.

        Args:
            patterns: (16, 768), what a difference is multiplied by, channel by channel.
            costs: (16,), what is taken off, in squares of the patterns' unit.
        """
        self.linear.weight.copy_(patterns.view_as(self.linear.weight))
        self.linear.get_parameter("bias").copy_(-costs / 2)
        for start in self.down[-1].parameters():
            nn.init.zeros_(start)

    def forward(self, original: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
        pad = [-n % SPACING for n in original.shape[-2:]]
        original, decoded = (
            F.pad(t, (0, pad[1], 0, pad[0]), mode="replicate")
            for t in (original, decoded)
        )
        a, b = self.original(original), self.decoded(decoded)
        found = self.down(torch.cat([a, b, a - b], dim=1))
        return (found + self.linear(original - decoded)).log_softmax(dim=1)


class Context(nn.Module):
    """p of each place's descriptor from those that a decoder knows by then.

    A masked 5x5 convolution and three 1x1, as the paper has it; its `net` is what the
    codec computes in whole numbers.

    Args:
        order: "serial" (row by row), "checkerboard", or "none".
    """

    def __init__(self, order: str = "serial", classes: int = CLASSES, width: int = 64):
        super().__init__()
        self.order = order
        self.masked = nn.Conv2d(classes, width, 5)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(),
            nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, classes, 1),
        )  # fmt: skip
        self.mask: torch.Tensor
        self.register_buffer("mask", context_mask(order), persistent=False)

    def forward(self, x_hat: torch.Tensor) -> torch.Tensor:
        """One-hot (B, 16, h, w) -> log p, (B, 16, h, w), natural."""
        near = F.pad(x_hat, (2, 2, 2, 2))
        if self.order == "checkerboard":  # the first pass sees nothing
            seen = self._seen(near)
            blind = self._seen(torch.zeros_like(near))
            i, j = (torch.arange(n, device=seen.device) for n in seen.shape[-2:])
            second = ((i[:, None] + j) % 2).to(seen)
            seen = seen * second + blind * (1 - second)
        else:
            seen = self._seen(near)
        return self.head(seen).log_softmax(dim=1)

    def _seen(self, near: torch.Tensor) -> torch.Tensor:
        return F.conv2d(near, self.masked.weight * self.mask, self.masked.bias)


class _Mapper(nn.Module):
    """One-hot (B, 16, h, w) -> features (B, width, 16 h / fold, 16 w / fold).

    x2 by pixel shuffle and x8 by a transposed convolution of that stride, so that a
    descriptor can say another thing of each of its pixels.
    """

    def __init__(self, width: int, classes: int, fold: int):
        super().__init__()
        self.coarse = nn.Sequential(
            conv3(classes, 4 * width), nn.ReLU(), nn.PixelShuffle(2)
        )
        self.middle = nn.Sequential(conv3(width, width), nn.ReLU())
        self.last = conv3(width, width)
        self.up = nn.ConvTranspose2d(width, width, 8 // fold, 8 // fold)

    def forward(self, x_hat: torch.Tensor) -> torch.Tensor:
        # Convolved before it is enlarged: the same layers, 64 times cheaper.
        return self.up(self.last(self.middle(self.coarse(x_hat))))


class _Painter(nn.Module):
    """One-hot (B, 16, h, w) -> (B, 3, 16 h, 16 w), what each symbol adds by itself.

    The blocks' factors can strengthen a feature or weaken it, but a tint where there is
    none they learn late.
    """

    def __init__(self, classes: int):
        super().__init__()
        self.pictures = nn.ConvTranspose2d(classes, 3, SPACING, SPACING, bias=False)
        nn.init.zeros_(self.pictures.weight)
        self.loud = nn.Parameter(torch.zeros(2))  # log of a factor: at level 0, slope

    @torch.no_grad()
    def begin_with(
        self, patterns: torch.Tensor, levels: torch.Tensor, sizes: torch.Tensor
    ) -> None:
        """Each symbol adds its pattern.

        Args:
            patterns: (16, 768), in units of the sizes. levels, sizes: (n,), how large
                what is missing is at each level.
        """
        rows = torch.stack([torch.ones_like(levels), levels], dim=1)
        self.pictures.weight.copy_(patterns.view_as(self.pictures.weight))
        self.loud.copy_(torch.linalg.pinv(rows) @ sizes.log())

    def forward(self, x_hat: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        loud = self.loud[0] + self.loud[1] * level[..., :1, :1]
        return loud.exp() * self.pictures(x_hat)


class _Block(nn.Module):
    """x + conv(ReLU(conv(x * conv1x1(a)))); without a, EDSR's block."""

    def __init__(self, width: int, features: int):
        super().__init__()
        self.body = nn.Sequential(
            conv3(width, width), nn.ReLU(), conv3(width, width)
        )  # fmt: skip
        self.gate = nn.Conv2d(features, width, 1) if features else None
        if self.gate is not None:  # it begins as EDSR's block
            nn.init.normal_(self.gate.weight, std=0.02)
            nn.init.ones_(self.gate.get_parameter("bias"))

    def forward(self, x: torch.Tensor, a: torch.Tensor | None) -> torch.Tensor:
        gated = x if self.gate is None else x * self.gate(a)
        return x + self.body(gated)


class SideInfoNet(nn.Module):
    """Extractor, context and the restorer that they help.

    Args:
        width: features of the restorer, 64 in EDSR-baseline. blocks: 16 there.
        fold: 1, or 2: the restorer works on 2 x 2 pixels at a time.
        descriptors: False: the twin, a restorer without help.
        order: of the context, see `Context`.
        extractor: features of the extractor's first layers.
        painter: whether each symbol adds a picture of its own; False as in the paper.
    """

    classes = CLASSES

    def __init__(
        self,
        width: int = 64,
        blocks: int = 16,
        fold: int = 1,
        descriptors: bool = True,
        order: str = "serial",
        extractor: int = 32,
        painter: bool = True,
    ):
        super().__init__()
        if fold not in (1, 2):
            raise ValueError(f"fold is {fold}; expected 1 or 2")
        self.fold, self.descriptors = fold, descriptors
        features = width if descriptors else 0
        self.head = conv3(3 * fold**2 + 1, width)
        self.blocks = nn.ModuleList(_Block(width, features) for _ in range(blocks))
        self.tail = conv3(width, 3 * fold**2)
        for start in self.tail.parameters():  # it begins as the decoded picture
            nn.init.zeros_(start)
        if descriptors:
            self.extractor = _Extractor(extractor, CLASSES)
            self.mapper = _Mapper(width, CLASSES, fold)
            self.painter = _Painter(CLASSES) if painter else None
            self.context = Context(order)

    def describe(self, original: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
        """What the encoder would like to say: probabilities of the 16 at each place.

        Args:
            original, decoded: (B, 3, H, W) in [0, 1].

        Returns:
            (B, 16, ceil(H / 16), ceil(W / 16)). Of a large picture in strips, where
            nothing learns: the extractor's features of 12 megapixels take 7 GB.
        """
        height, width = original.shape[-2:]
        if torch.is_grad_enabled() or height * width <= tiling.LARGE:
            return self.extractor(original - 0.5, decoded - 0.5).exp()
        rows = max(tiling.LARGE // 4 // width // SPACING, 1)  # of places, at a time
        size, edge, parts = SPACING * rows, 2 * SPACING, []  # it looks 18 pixels far
        for top, end, y0, y1 in tiling.spans(height, size + 2 * edge, edge):
            pair = (t[..., top:end, :] - 0.5 for t in (original, decoded))
            first, last = (y0 - top) // SPACING, -((top - y1) // SPACING)
            parts.append(self.extractor(*pair).exp()[:, :, first:last])
        return torch.cat(parts, dim=2)

    def mend(
        self, decoded: torch.Tensor, level: torch.Tensor, x_hat: torch.Tensor | None
    ) -> torch.Tensor:
        """The decoded picture, mended.

        Args:
            decoded: (B, 3, H, W) in [0, 1]. level: (B, 1, H, W), the quality's plane.
            x_hat: one-hot (B, 16, ceil(H / 16), ceil(W / 16)); None of the twin.
        """
        height, width = decoded.shape[-2:]
        pad = (0, width % self.fold, 0, height % self.fold)
        filled = F.pad(decoded, pad, mode="replicate") if self.fold > 1 else decoded
        folded = F.pixel_unshuffle(filled - 0.5, self.fold)
        plane = level[..., :: self.fold, :: self.fold]
        features = shallow = self.head(torch.cat([folded, plane], dim=1))
        a = None
        if self.descriptors:
            a = self.mapper(x_hat)[..., : shallow.shape[-2], : shallow.shape[-1]]
        for block in self.blocks:
            features = block(features, a)
        detail = F.pixel_shuffle(self.tail(shallow + features), self.fold)
        made = decoded + detail[..., :height, :width]
        if self.descriptors and self.painter is not None:
            made = made + self.painter(x_hat, level)[..., :height, :width]
        return made

    def forward(
        self,
        original: torch.Tensor,
        decoded: torch.Tensor,
        level: torch.Tensor,
        sigma: float = 1.0,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mended picture and the bits of each picture's descriptors, (B,).

        The twin's bits are 0. Args as for `describe` and `mend`; sigma: of the
        backward pass.
        """
        if not self.descriptors:
            return self.mend(decoded, level, None), decoded.new_zeros(len(decoded))
        x_hat = soft_to_hard(self.describe(original, decoded), sigma)
        chosen = (x_hat * self.context(x_hat)).sum(dim=1)  # log p of the chosen one
        bits = -chosen.sum(dim=(1, 2)) / 0.6931471805599453
        return self.mend(decoded, level, x_hat), bits
