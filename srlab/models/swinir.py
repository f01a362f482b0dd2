# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SwinIR: self-attention in windows of 8 x 8, shifted by half a window in every second.

J. Liang, J. Cao, G. Sun, K. Zhang, L. Van Gool, R. Timofte, "SwinIR: Image restoration
using Swin transformer", arXiv 2108.10257. Differences: the authors' code drops layers
at random in training (stochastic depth 0.1), ours does not; forbidden pairs get weight
0, theirs exp(-100); the padding works for pictures smaller than a window too.

    x - mean -> head -+-> RSTB ... RSTB -> norm -> conv -(+)-> enlarge -> + mean
                      +-----------------------------------^
    RSTB:  f -+-> layer, shifted layer, layer ... -> conv -(+)->
              +--------------------------------------------^

The paper rounds the light net to 878K, 886K and 897K parameters (x2, x3, x4); that is
without the tables of position biases, 24 x 225 x 6 = 32,400.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from srlab.models import tiling
from srlab.models.edsr import DIV2K_MEAN, conv3, enlarge

__all__ = [
    "RSTB",
    "SwinIR",
    "SwinLayer",
    "WindowAttention",
    "mirrored",
    "shift_mask",
    "to_picture",
    "to_windows",
]


def to_windows(x: torch.Tensor, window: int) -> torch.Tensor:
    """(B, H, W, C) -> (B n, window^2, C): n windows a picture, row by row."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // window, window, w // window, window, c)
    return x.transpose(2, 3).reshape(-1, window * window, c)


def to_picture(tokens: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(B n, window^2, C) -> (B, height, width, C): the inverse of `to_windows`."""
    window = round(tokens.shape[1] ** 0.5)
    grid = (height // window, width // window, window, window, tokens.shape[2])
    x = tokens.reshape(-1, *grid)  # (B, rows, columns, window, window, C)
    return x.transpose(2, 3).reshape(-1, height, width, tokens.shape[2])


def shift_mask(
    height: int, width: int, window: int, device: torch.device | None = None
) -> torch.Tensor:
    """(n, window^2, window^2): 0 for pairs that may meet, -inf for the others.

    A picture rolled by half a window has in its last windows pixels of two opposite
    borders. They were no neighbours, so they must not attend to each other.
    """
    rows, columns = (
        torch.bucketize(
            torch.arange(n, device=device),
            torch.tensor([n - window, n - window // 2], device=device),
            right=True,
        )
        for n in (height, width)
    )
    region = 3 * rows[:, None] + columns  # (H, W), 9 regions
    region = to_windows(region[None, :, :, None], window).squeeze(2)  # (n, window^2)
    strangers = region[:, :, None] != region[:, None, :]
    mask = torch.zeros(strangers.shape, device=device)
    return mask.masked_fill(strangers, float("-inf"))


def mirrored(x: torch.Tensor, multiple: int) -> torch.Tensor:
    """(B, C, h, w) -> h and w filled up to multiples by reflection at the far borders.

    Reflection does not repeat the border pixel: 1 2 3 goes on 2 1 2 3; a picture of
    one pixel repeats it.
    """
    for axis in (2, 3):
        n = x.shape[axis]
        missing = -n % multiple
        if missing:
            at = torch.arange(n + missing, device=x.device)
            at = at % max(2 * n - 2, 1)
            x = x.index_select(axis, torch.minimum(at, 2 * n - 2 - at))
    return x


def _relative(window: int) -> torch.Tensor:
    """(window^2, window^2): for each pair the number of its offset, 0..(2w-1)^2 - 1."""
    at = torch.cartesian_prod(torch.arange(window), torch.arange(window))
    offset = at[:, None] - at[None, :] + window - 1  # (n, n, 2), each in 0..2w-2
    return offset[..., 0] * (2 * window - 1) + offset[..., 1]


def strip_rows(width: int, window: int) -> int:
    """How many rows of windows of a large picture are worked on at a time."""
    return max(tiling.LARGE // 8 // (window * width), 1)


class WindowAttention(nn.Module):
    r"""$\mathrm{softmax}(Q K^T / \sqrt{d} + B) V$ in each window and head (equation 4).

    B has one learned number for each offset between two pixels of a window and each
    head: $(2M - 1)^2$ numbers for windows of M x M.

    Args:
        width: number of features, in and out.
        heads: how many attentions share them; d = width / heads.
        window: M.
    """

    def __init__(self, width: int, heads: int, window: int):
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads cannot share {width} features equally")
        self.heads = heads
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.offsets: torch.Tensor
        self.register_buffer("offsets", _relative(window), persistent=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        nn.init.trunc_normal_(self.table, std=0.02)

    def bias(self) -> torch.Tensor:
        """(heads, M^2, M^2): B."""
        return self.table[self.offsets].permute(2, 0, 1)

    def weights(
        self, q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """(N, heads, M^2, d) twice -> (N, heads, M^2, M^2); each row sums to 1."""
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1) + self.bias()
        if mask is not None:  # (n, M^2, M^2), the same for every picture and head
            scores = scores.unflatten(0, (-1, len(mask))) + mask[:, None]
            scores = scores.flatten(0, 1)
        return scores.softmax(dim=-1)

    def forward(
        self, tokens: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """(B n, M^2, width) -> the same shape."""
        n, size, width = tokens.shape
        qkv = self.qkv(tokens).reshape(n, size, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B n, heads, M^2, d)
        mixed = self.weights(q, k, mask).to(v) @ v
        return self.project(mixed.transpose(1, 2).reshape(n, size, width))


class SwinLayer(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)) (equation 5); (B, H, W, width).

    Args:
        width, heads, window: of the attention.
        mlp: how many times wider the inner layer of the perceptron is.
        shift: by how many pixels the picture is rolled first: 0 or window // 2.
    """

    def __init__(self, width: int, heads: int, window: int, mlp: int, shift: int):
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1 = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp * width), nn.GELU(), nn.Linear(mlp * width, width)
        )

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, H, W, width), H and W multiples of the window -> the same shape."""
        y = self.norm1(x)
        if self.shift:
            y = y.roll((-self.shift, -self.shift), dims=(1, 2))
        y = self._by_rows(self._attend, y, mask if self.shift else None)
        if self.shift:
            y = y.roll((self.shift, self.shift), dims=(1, 2))
        x = x + y
        return x + self._by_rows(lambda part, _: self.mlp(self.norm2(part)), x, None)

    def _attend(self, y: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        tokens = self.attention(to_windows(y, self.window), mask)
        return to_picture(tokens, y.shape[1], y.shape[2])

    def _by_rows(
        self,
        call: Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor],
        y: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """call(y, mask); of a large picture by rows of windows, which share nothing."""
        height, width = y.shape[1:3]
        if torch.is_grad_enabled() or height * width <= tiling.LARGE:
            return call(y, mask)
        result, size = torch.empty_like(y), self.window * strip_rows(width, self.window)
        for top in range(0, height, size):
            lines = slice(top, min(top + size, height))
            part, count = mask, (lines.stop - top) * width // self.window**2
            if mask is not None:  # the last row of windows is the mask's last
                part = mask[-count:] if lines.stop == height else mask[:count]
            result[:, lines] = call(y[:, lines], part)
        return result


class RSTB(nn.Module):
    """Residual Swin transformer block: layers and a convolution inside a skip."""

    def __init__(self, width: int, depth: int, heads: int, window: int, mlp: int):
        super().__init__()
        self.layers = nn.ModuleList(
            SwinLayer(width, heads, window, mlp, shift=(i % 2) * (window // 2))
            for i in range(depth)
        )
        self.conv = conv3(width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(B, H, W, width) -> the same shape."""
        y = x
        for layer in self.layers:
            y = layer(y, mask)
        return x + self.conv(y.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class SwinIR(nn.Module):
    """SwinIR-light, or the paper's classical net; any size of it can be set apart.

    The picture is filled up to a multiple of the window by reflection, and the result
    is cut. Windows begin at the first pixel: rolled by less than a window, a picture
    is divided elsewhere and gives another result.

    Args:
        scale: how many times it enlarges: 1, 2, 3, 4 or 8.
        light: True: 4 RSTB of 6 layers, 60 features, one convolution and a shuffle at
            the end (any scale); False: 6 of 6, 180 features, stages as in EDSR.
        width: number of features, a multiple of heads.
        layers: number of RSTB.
        depth: layers in each.
        heads: of each attention.
        window: side M of a window in pixels.
        mlp: how many times wider the perceptron's inner layer is.
    """

    channels = 3

    def __init__(
        self,
        scale: int = 2,
        light: bool = True,
        width: int | None = None,
        layers: int | None = None,
        depth: int = 6,
        heads: int = 6,
        window: int = 8,
        mlp: int = 2,
    ):
        super().__init__()
        width = width or (60 if light else 180)
        layers = layers or (4 if light else 6)
        self.upscale, self.window = scale, window
        mean = torch.tensor(DIV2K_MEAN).reshape(1, 3, 1, 1)
        self.mean: torch.Tensor
        self.register_buffer("mean", mean, persistent=False)
        self.head = conv3(3, width)
        self.norm_in = nn.LayerNorm(width)
        self.layers = nn.ModuleList(
            RSTB(width, depth, heads, window, mlp) for _ in range(layers)
        )
        self.norm_out = nn.LayerNorm(width)
        self.body = conv3(width, width)
        if light:
            self.tail = nn.Sequential(
                conv3(width, 3 * scale**2), nn.PixelShuffle(scale)
            )
        else:
            self.tail = nn.Sequential(
                conv3(width, 64), nn.LeakyReLU(), enlarge(64, scale), conv3(64, 3)
            )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def deep(self, shallow: torch.Tensor) -> torch.Tensor:
        """(B, width, H, W), multiples of the window -> the same shape: all the RSTB."""
        height, width = shallow.shape[2:]
        if not torch.is_grad_enabled() and height * width > tiling.LARGE:
            # All rows of windows but the last have the same mask: a strip and the last.
            height = self.window * (strip_rows(width, self.window) + 1)
        mask = shift_mask(height, width, self.window, shallow.device)
        tokens = self.norm_in(shallow.permute(0, 2, 3, 1))  # (B, H, W, width)
        for layer in self.layers:
            tokens = layer(tokens, mask)
        return self.body(self.norm_out(tokens).permute(0, 3, 1, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) RGB in [0, 1] -> (B, 3, scale h, scale w)."""
        height, width = (self.upscale * n for n in x.shape[2:])
        shallow = self.head(mirrored(x, self.window) - self.mean)
        out = self.tail(shallow + self.deep(shallow)) + self.mean
        return out[:, :, :height, :width]
