# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Blocks of a picture in a column and back, and a choice for each in a few bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from srlab.codecs import entropy
from srlab.codecs.base import CorruptStream

__all__ = ["MOST", "SIDE", "column", "fill", "join", "pixels_of", "put_choices"]
__all__ += ["split", "take_choices"]

SIDE = 64
MOST = 1000  # blocks in a column: 64,000 pixels, which files of all kinds can hold


def pixels_of(one: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """(1, 1, H, W) bool of blocks' choices."""
    large = one.repeat_interleave(SIDE, 0).repeat_interleave(SIDE, 1)
    return large[None, None, : size[0], : size[1]]


def fill(image: torch.Tensor, side: int) -> torch.Tensor:
    """The border repeated up to whole blocks."""
    down, right = (-n % side for n in image.shape[-2:])
    return F.pad(image.float(), (0, right, 0, down), mode="replicate")


def split(image: torch.Tensor, side: int, by_columns: bool = False) -> torch.Tensor:
    """(1, C, H, W) -> (blocks, C, side, side), row by row or column by column."""
    c, h, w = image.shape[1:]
    cut = image.reshape(c, h // side, side, w // side, side)
    order = (3, 1, 0, 2, 4) if by_columns else (1, 3, 0, 2, 4)
    return cut.permute(order).reshape(-1, c, side, side).clone()


def join(blocks: torch.Tensor, size: tuple[int, int], side: int) -> torch.Tensor:
    """What `split` gave, row by row -> (1, C, H, W)."""
    rows, columns = (n // side for n in size)
    cut = blocks.reshape(rows, columns, -1, side, side).permute(2, 0, 3, 1, 4)
    return cut.reshape(1, -1, *size)


def column(image: torch.Tensor, chosen: torch.Tensor, side: int) -> torch.Tensor:
    """The chosen blocks below each other; a new column after a thousand."""
    blocks = split(image, side)[chosen.flatten()]
    rows = min(len(blocks), MOST)
    empty = -len(blocks) % rows
    blocks = torch.cat([blocks, blocks[-1:].expand(empty, -1, -1, -1)])
    columns = blocks.reshape(-1, rows, *blocks.shape[1:])  # (columns, rows, C, s, s)
    cut = columns.permute(2, 1, 3, 0, 4)
    return cut.reshape(1, image.shape[1], rows * side, -1).contiguous()


def _tables(share: int) -> entropy.Tables:
    """Of a choice, by how many of the block's left and upper neighbours are direct."""
    odds = (share + 0.5) / (16.5 - share) * np.array([0.4, 1.0, 2.5])
    made = [entropy.whole(np.array([1 / (1 + o), o / (1 + o), 0])) for o in odds]
    return entropy.Tables((0, 0, 0), tuple(made))


def put_choices(one: torch.Tensor) -> bytes:
    """The choices: their share in sixteenths, then diagonal by diagonal."""
    flags = one.numpy().astype(np.int64)
    share = round(16 * flags.mean())
    if flags.all() or not flags.any():
        return bytes([16 + 1 + int(flags.all())])
    coder = entropy.Encoder()
    for places in _diagonals(flags.shape):
        coder.put(flags[places], _near(flags, places), _tables(share))
    return bytes([share]) + coder.data()


def take_choices(data: bytes, shape: tuple[int, int]) -> torch.Tensor:
    """(rows, columns) bool; CorruptStream for what `put_choices` never writes."""
    if not data or data[0] > 18 or (data[0] > 16 and len(data) > 1):
        raise CorruptStream("no such choices of blocks")
    if data[0] > 16:
        return torch.full(shape, data[0] == 18)
    decoder, flags = entropy.Decoder(data[1:]), np.zeros(shape, np.int64)
    for places in _diagonals(shape):
        flags[places] = decoder.take(_near(flags, places), _tables(data[0]))
    if flags.min() < 0 or flags.max() > 1:
        raise CorruptStream("no such choices of blocks")
    return torch.from_numpy(flags > 0)


def _diagonals(shape: Sequence[int]) -> Iterator[tuple[np.ndarray, ...]]:
    rows, columns = np.indices(shape)
    for number in range(sum(shape) - 1):
        yield np.nonzero(rows + columns == number)


def _near(flags: np.ndarray, places: Any) -> np.ndarray:
    padded = np.pad(flags, ((1, 0), (1, 0)))
    return padded[places[0], places[1] + 1] + padded[places[0] + 1, places[1]]
