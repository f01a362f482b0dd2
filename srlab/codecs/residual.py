# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A codec for what is left over: mostly nothing, and here and there an edge.

A picture codec is a poor coder of residuals: its tables expect smooth areas and strong
low frequencies, its header and its Huffman codes cost a tenth of a bit per pixel before
anything is said, and it cannot say "nothing here" for a whole area. This one can:

    x - 128 -> YCbCr -> blocks of 8 -> DCT -> one step for all -> dead zone
            -> which blocks are worth their bits -> range coder with contexts

One step for all frequencies is the best for squared error. The tables of the coder are
counts from residuals of training photographs (data/residual_tables.json, written by
tools/train_residual_tables.py); nothing but the step is sent. Contexts: how much was
already seen of the same block, lower frequencies first, and of its four neighbours.
All bands of one frequency are coded in one pass, so everything is vectorised and the
same in every process; contexts are whole numbers.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional as F

from srlab import paths
from srlab.codecs import entropy
from srlab.codecs.base import CorruptStream, check_one
from srlab.codecs.baseline import DCT, ZIGZAG

__all__ = ["BANDS", "CLASSES", "Residual", "contexts", "transform"]

GROUP = ((np.arange(64) + 1) ** 0.6).astype(int) - 1  # of zigzag places: 0 .. 11
BANDS, CLASSES, REACH = 12, 8, 15  # groups, activity classes, largest amplitude
_LEVELS = np.array([1, 2, 3, 5, 8, 13, 24])  # of activity, in halves
_HEAD = struct.Struct("<HBHH")  # step in 64ths, planes, height, width
_RECENT = 6  # lower frequencies that an amplitude's context looks at
_TO_YCC = torch.tensor(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


@dataclass(frozen=True)
class Residual:
    """A codec of residual pictures: 128 means nothing.

    Attributes:
        step: of the quantiser, in grey values, 1 to 255; files shrink as it grows.
        dead_zone: amplitudes below (0.5 + dead_zone) steps become 0.
        worth: a block is kept where it lowers the squared error by more than
            `worth` step^2 for each bit that it takes.
        chroma: how many times larger the step of the chroma is. Its planes are halved,
            so each amplitude is spread over four times as many pixels: a half.
    """

    step: float = 16.0
    dead_zone: float = 0.15
    worth: float = 0.06
    chroma: float = 0.5

    grades = ("step", tuple(float(s) for s in np.geomspace(255, 1, 120).round(2)))

    def __post_init__(self) -> None:
        if not 1 <= self.step <= 255:
            raise ValueError(f"step must be 1 to 255, not {self.step!r:.40}")
        object.__setattr__(self, "step", round(float(self.step) * 64) / 64)
        for name, most in (("dead_zone", 0.5), ("worth", 10), ("chroma", 8)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 0 to {most}")

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], 128 / 255 for nothing -> bytes without a container.

        What comes out is a payload: a step, sizes, and symbols. A picture of nothing
        but 128 takes the head alone.
        """
        planes = transform(check_one(image))
        quantised = []
        for number, plane in enumerate(planes):
            q = self.quantise(plane, number > 0)
            quantised.append(q)
        head = _HEAD.pack(round(self.step * 64), len(planes), *image.shape[-2:])
        head += struct.pack("<B", round(self.chroma * 16))
        if not any(q.any() for q in quantised):
            return head
        coder = entropy.Encoder()
        for number, q in enumerate(quantised):
            _put(coder, q, int(number > 0))
        return head + coder.data()

    def step_of(self, chroma: bool) -> float:
        """The step of luma or chroma, as the file has it."""
        return self.step * (round(self.chroma * 16) / 16 if chroma else 1.0)

    def quantise(self, plane: np.ndarray, chroma: bool) -> np.ndarray:
        """A plane (h, w, 64) in grey values -> whole numbers, poor blocks emptied.

        chroma: whether it is one, which has its own step.
        """
        scaled = plane / self.step_of(chroma)
        q = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5 - self.dead_zone)
        q = q.astype(np.int32)
        bits = block_bits(q, int(chroma))
        gain = (scaled**2 - (scaled - q) ** 2).sum(-1)  # in step^2
        q[gain <= self.worth * bits] = 0
        return q

    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Raises CorruptStream for what no encoder wrote; damage is the container's care.
        """
        data = bytes(memoryview(data))
        size = _HEAD.size + 1
        if len(data) < size:
            raise CorruptStream(f"{len(data)} bytes are no residual")
        step, count, height, width = _HEAD.unpack_from(data)
        chroma = data[_HEAD.size] / 16
        good = 64 <= step <= 255 * 64 and count in (1, 3) and height and width
        if not good or not 0 <= chroma <= 8:
            raise CorruptStream("the head of the residual is damaged")
        shapes = [_blocks(height, width)]
        shapes += [_blocks(-(-height // 2), -(-width // 2))] * (count - 1)
        decoder = entropy.Decoder(data[size:]) if len(data) > size else None
        planes = []
        for number, shape in enumerate(shapes):
            q = np.zeros((*shape, 64), np.int32)
            if decoder is not None:
                q = _take(decoder, shape, int(number > 0))
            planes.append(q * (step / 64 * (chroma if number else 1.0)))
        return untransform(planes, height, width)


def _blocks(height: int, width: int) -> tuple[int, int]:
    return -(-height // 8), -(-width // 8)


def transform(image: torch.Tensor) -> list[np.ndarray]:
    """(1, C, H, W), 128 / 255 for nothing -> DCT of each plane, (h, w, 64) in zigzag.

    Y, and halved Cb and Cr where there are three channels; in grey values.
    """
    apart = image.float() * 255 - 128
    if apart.shape[1] == 1:
        return [_forward(apart)]
    ycc = torch.einsum("ij,bjhw->bihw", _TO_YCC, apart)
    h, w = apart.shape[-2:]
    chroma = F.pad(ycc[:, 1:], (0, w % 2, 0, h % 2), mode="replicate")
    chroma = F.avg_pool2d(chroma, 2)
    return [_forward(p) for p in (ycc[:, :1], chroma[:, :1], chroma[:, 1:])]


def _forward(plane: torch.Tensor) -> np.ndarray:
    """(1, 1, H, W) -> (h, w, 64); the border is repeated."""
    down, right = (-n % 8 for n in plane.shape[-2:])
    filled = F.pad(plane, (0, right, 0, down), mode="replicate")[0, 0].double().numpy()
    h, w = filled.shape[0] // 8, filled.shape[1] // 8
    cut = filled.reshape(h, 8, w, 8).transpose(0, 2, 1, 3)
    return (DCT @ cut @ DCT.T).reshape(h, w, 64)[..., ZIGZAG]


def untransform(planes: list[np.ndarray], height: int, width: int) -> torch.Tensor:
    """The inverse of `transform`: a picture (1, C, H, W) on the 1/255 grid."""
    made = []
    for number, plane in enumerate(planes):
        h, w = plane.shape[:2]
        blocks = np.zeros_like(plane, dtype=np.float64)
        blocks[..., ZIGZAG] = plane
        cut = DCT.T @ blocks.reshape(h, w, 8, 8) @ DCT
        whole = torch.from_numpy(cut.transpose(0, 2, 1, 3).reshape(8 * h, 8 * w))
        whole = whole[None, None].float()
        if number:
            whole = whole[..., : -(-height // 2), : -(-width // 2)]
            whole = F.interpolate(
                whole, scale_factor=2, mode="bilinear", align_corners=False
            )
        made.append(whole[..., :height, :width])
    apart = torch.cat(made, dim=1)
    if len(made) == 3:
        apart = torch.einsum("ij,bjhw->bihw", torch.linalg.inv(_TO_YCC), apart)
    return ((apart + 128).round() / 255).clamp(0, 1)


def contexts(q: np.ndarray, place: int, kept: np.ndarray) -> np.ndarray:
    """The activity class of one zigzag place in each kept block, (n,).

    Args:
        q: (h, w, 64), of which the places below `place` are known. kept: (h, w) bool.
    """
    if not place:
        around = _around(kept.astype(np.int64))
        return np.minimum(around, CLASSES - 1)[kept]
    first = max(0, place - _RECENT)
    own = np.minimum(np.abs(q[..., first:place]), 40).sum(-1).astype(np.int64)
    activity = 2 * own + _around(own) // 2
    return np.searchsorted(_LEVELS, activity, side="right")[kept]


def _around(values: np.ndarray) -> np.ndarray:
    """The sum over the four neighbours, 0 beyond the border."""
    padded = np.pad(values, 1)
    return padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]


def _dark(shape: tuple[int, int]) -> np.ndarray:
    """The dark places of a checkerboard, (h, w) bool."""
    return (np.add.outer(np.arange(shape[0]), np.arange(shape[1])) % 2).astype(bool)


def _flag_contexts(kept: np.ndarray, known: np.ndarray, rate: int) -> np.ndarray:
    """Which table serves a block's flag: how many blocks are kept, and neighbours."""
    return rate * 6 + np.where(known, 5, _around(kept.astype(np.int64)))


@lru_cache(maxsize=1)
def _learned() -> dict:
    path = paths.data_dir() / "residual_tables.json"
    return json.loads(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def amplitude_tables(kind: int) -> entropy.Tables:
    """A table for each (group, class) of luma, kind 0, or chroma: -15 .. 15, escape."""
    counts = _learned()[("luma", "chroma")[kind]]
    made = []
    for row in counts:  # of amplitudes 0 .. 15 and above
        p = np.array(row, float) + 0.05
        halves = p[1 : REACH + 1] / 2
        full = np.concatenate([halves[::-1], p[:1], halves, p[REACH + 1 :]])
        made.append(entropy.whole(full / full.sum()))
    return entropy.Tables((-REACH,) * len(made), tuple(made))


@lru_cache(maxsize=1)
def flag_tables() -> entropy.Tables:
    """Tables of the flags, 0 or 1: 16 shares of kept blocks x 6 neighbourhoods.

    The odds of a block grow with each kept neighbour by a factor of 2.2, a guess that
    nothing was fitted to; the sixth is of blocks whose neighbours are unknown.
    """
    made = []
    for rate in range(16):
        share = (rate + 0.5) / 16
        odds = share / (1 - share)
        for near in range(6):
            own = odds * (2.2 ** (near - 4 * share) if near < 5 else 1.0)
            p = own / (1 + own)
            made.append(entropy.whole(np.array([1 - p, p, 0.0])))
    return entropy.Tables((0,) * len(made), tuple(made))


def _put(coder: entropy.Encoder, q: np.ndarray, kind: int) -> None:
    """One plane: the share of kept blocks, their flags in two passes, their bands."""
    kept = q.any(-1)
    rate = min(15, int(16 * kept.mean()))
    coder.put(np.array([rate]), np.zeros(1, int), _uniform())
    dark = _dark(kept.shape)
    for part, known in ((~dark, np.ones_like(kept)), (dark, np.zeros_like(kept))):
        seen = kept & ~dark
        which = _flag_contexts(seen, known, rate)[part]
        coder.put(kept[part].astype(int), which, flag_tables())
    tables = amplitude_tables(kind)
    for place in range(64):
        which = GROUP[place] * CLASSES + contexts(q, place, kept)
        coder.put(q[kept][:, place], which, tables)


def _take(coder: entropy.Decoder, shape: tuple[int, int], kind: int) -> np.ndarray:
    rate = int(coder.take(np.zeros(1, int), _uniform())[0])
    if not 0 <= rate < 16:
        raise CorruptStream("no such share of blocks")
    kept, dark = np.zeros(shape, bool), _dark(shape)
    for part, known in ((~dark, np.ones(shape, bool)), (dark, np.zeros(shape, bool))):
        which = _flag_contexts(kept & ~dark, known, rate)[part]
        kept[part] = coder.take(which, flag_tables()) > 0
    q, tables = np.zeros((*shape, 64), np.int32), amplitude_tables(kind)
    for place in range(64):
        which = GROUP[place] * CLASSES + contexts(q, place, kept)
        found = coder.take(which, tables)
        if found.size and np.abs(found).max() > 2**14:
            raise CorruptStream("an amplitude that no picture has")
        q[kept, place] = found
    return q


@lru_cache(maxsize=1)
def _uniform() -> entropy.Tables:
    return entropy.Tables((0,), (entropy.whole(np.append(np.ones(16), 0.0)),))


def block_bits(q: np.ndarray, kind: int) -> np.ndarray:
    """About how many bits each block of (h, w, 64) takes, if all are kept."""
    tables = amplitude_tables(kind)
    cost = [-np.log2(c / entropy.TOTAL) for c in tables.counts]
    all_kept, total = np.ones(q.shape[:2], bool), np.full(q.shape[:2], 1.0)
    for place in range(64):
        which = GROUP[place] * CLASSES + contexts(q, place, all_kept)
        value = q[..., place].ravel()
        at = np.where(np.abs(value) > REACH, 2 * REACH + 1, value + REACH)
        bits = np.stack(cost)[which, at] + 32 * (np.abs(value) > REACH)
        total += bits.reshape(q.shape[:2])
    return total
