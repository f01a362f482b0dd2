# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Context: neighbours that are already decoded say more about the next symbol.

D. Minnen, J. Ballé, G. Toderici, "Joint autoregressive and hierarchical priors" (arXiv
1809.02736): a masked 5x5 convolution, place after place. D. He et al., "Checkerboard
context model for efficient learned image compression" (arXiv 2103.15306): half of the
places without context, then the other half at once, from four sides.

    symbols of neighbours -> masked 5x5 --+
                     |                    +-> 1x1 -> ReLU -> 1x1 --+-> shift, index
    index of the scale (hyperprior) ------+                        |
                     +-> masked 5x5 of the same channel -----------+

What differs: the codec around it (`MeanScale`) is frozen and its symbols stay the same,
so the picture does too, and all that changes is the bits. Neighbours are read in units
of their own spread, with and without their sign, and both outputs are corrections of
what the hyperprior says. `srlab.codecs.with_context` computes all that in whole
numbers, or a decoder would lose its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import nn

from srlab.codecs.layers import gaussian_likelihood
from srlab.codecs.networks import SCALES, scale_of

__all__ = ["ORDERS", "SIDE", "ContextNet", "context_mask", "context_net", "passes"]
__all__ += ["spread"]

ORDERS = ("serial", "checkerboard", "none")  # "none" is the control of an experiment
SIDE = 5  # of the window
FARTHEST = 16.0  # neighbours, in units of their spread


def context_mask(order: str, side: int = SIDE) -> torch.Tensor:
    """(side, side) of 0 and 1: which neighbours of the middle a decoder knows.

    >>> context_mask("serial", 3).int().tolist()
    [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    >>> context_mask("checkerboard", 3).int().tolist()
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {order!r:.40}")
    at = torch.arange(side * side).reshape(side, side)
    if order == "serial":
        return (at < side * side // 2).float()
    if order == "checkerboard":
        return (at % 2 == (1 - side * side // 2 % 2)).float()
    return torch.zeros(side, side)


def passes(order: str, height: int, width: int) -> Iterator[torch.Tensor]:
    """The places that are decoded together, pass after pass, counted row by row.

    >>> [at.tolist() for at in passes("checkerboard", 2, 3)]
    [[0, 2, 4], [1, 3, 5]]
    >>> len(list(passes("serial", 2, 3)))
    6
    """
    places = torch.arange(height * width)
    if order == "checkerboard":
        odd = (places // width + places % width) % 2 == 1
        yield from (at for at in (places[~odd], places[odd]) if len(at))
    else:
        yield from places[:, None] if order == "serial" else (places,)


def spread(index: torch.Tensor) -> torch.Tensor:
    """The deviation of a rounded symbol, sqrt(scale^2 + 1/12), in 256ths.

    Args:
        index: of the table of scales, whole numbers.
    """
    value = (scale_of(index.double()).square() + 1 / 12).sqrt()
    return torch.floor(value * 256 + 0.5) / 256  # the same on every machine


class ContextNet(nn.Module):
    """Corrects the hyperprior's mean and scale by what the neighbours turned out to be.

    Args:
        order: "serial", "checkerboard", or "none", which sees no neighbour.
        M: channels of y. width: features of all channels' neighbours together.
        hidden: of the 1x1 net.
    """

    def __init__(
        self, order: str = "serial", M: int = 96, width: int = 16, hidden: int = 64
    ):
        super().__init__()
        self.order, self.M = order, M
        self.context = nn.Conv2d(2 * M, width, SIDE)
        self.head = nn.Sequential(
            nn.Conv2d(width + M, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, 2 * M, 1)
        )
        for start in self.head[2].parameters():  # it begins as the hyperprior alone
            nn.init.zeros_(start)
        self.own = nn.Parameter(torch.zeros(2 * M, SIDE, SIDE))  # of the same channel
        self.mask: torch.Tensor
        self.register_buffer("mask", context_mask(order), persistent=False)

    def masked(self) -> nn.Conv2d:
        """The 5x5 convolution with the weights of unknown neighbours at 0."""
        made = nn.Conv2d(2 * self.M, self.context.out_channels, SIDE)
        made.weight = nn.Parameter(self.context.weight.detach() * self.mask)
        made.bias = self.context.bias
        return made

    def forward(
        self, symbols: torch.Tensor, index: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Symbols and scale indices, (B, M, h, w) -> shift in steps, index as a float.

        All places at once, as an encoder can, which knows every symbol.
        """
        wide = spread(index).to(symbols.dtype)
        near = (symbols / wide).clamp(-FARTHEST, FARTHEST)
        near = F.pad(torch.cat((near, near.abs()), 1), (SIDE // 2,) * 4)
        seen = F.conv2d(near, self.context.weight * self.mask, self.context.bias)
        own = F.conv2d(near, (self.own * self.mask)[:, None], groups=2 * self.M)
        sighted = self.sighted(*seen.shape[2:])
        found = self.head(torch.cat((seen * sighted, index / 16), 1)) + own * sighted
        shift, change = found.chunk(2, 1)
        return shift * wide, index + 16 * change

    def sighted(self, height: int, width: int) -> torch.Tensor:
        """(h, w) of 0 and 1: which places have a context at all."""
        i, j = torch.arange(height)[:, None], torch.arange(width)
        odd = ((i + j) % 2).to(self.mask)
        known = {"serial": torch.ones_like(odd), "none": torch.zeros_like(odd)}
        return known.get(self.order, odd)

    def bits(self, symbols: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """Estimated bits of all symbols, under a Gaussian that was moved by shift."""
        shift, index = self(symbols, index)
        scale = scale_of(index.clamp(0, SCALES - 1))
        return -gaussian_likelihood(symbols - shift, scale).log2().sum()


@lru_cache(maxsize=4)
def context_net(weights: str) -> ContextNet:
    """A network of data/weights by name."""
    from srlab.weights import find_weights, read_weights

    path = find_weights(weights)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {weights!r}; srlab.training.contexts.run makes them"
        )
    tensors, card = read_weights(path)
    net = ContextNet(**card.settings)
    net.load_state_dict(tensors)
    return net.eval().requires_grad_(False)
