# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A codec that chooses, picture by picture, whether two layers pay.

    direct            the picture in one JPEG, as any encoder would write it
    cleaned           the same, and a restorer behind the decoder removes artefacts
    base              a small picture in a JPEG, enlarged by a restorer
    base + residual   the same, and what is missing, by srlab.codecs.Residual

Each is tried at several settings and the one with the least D + slope R is kept: D is
the mean squared error in grey values squared, R bits per pixel, headers and all. A
direct file is a plain .jpg without any header of ours, so choosing never costs a byte
where it does not help. Rate-distortion choice by a Lagrangian: Y. Shoham, A. Gersho,
"Efficient bit allocation for an arbitrary set of quantizers", IEEE Trans. ASSP 36
(1988), doi:10.1109/29.90373.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch

from srlab.codecs import container
from srlab.codecs.base import Codec, CorruptStream, bpp, check_one
from srlab.codecs.pillow import JPEG
from srlab.codecs.residual import Residual
from srlab.metrics import mse
from srlab.schemes.two_layer import TwoLayer

__all__ = ["MODES", "AdaptiveTwoLayer", "Choice"]

MODES = ("direct", "cleaned", "base", "base + residual", "base + luma residual")
QUALITIES = (4, 6, 8, 11, 15, 20, 26, 33, 41, 50, 58, 66, 74, 81, 87, 92, 96)
_STEP = 3.5  # times the slope's root: the flat step that direct files do best with
_FACTORS = (0.75, 1.35)  # other steps, relative


class Choice(NamedTuple):
    """What was tried: mode, codec, file, and the cost by which it was judged."""

    mode: str
    codec: Codec
    data: bytes
    distortion: float  # grey values squared
    rate: float  # bits per pixel
    cost: float


@dataclass(frozen=True, repr=False, eq=False)
class AdaptiveTwoLayer:
    """The best of one layer and two for a slope.

    Attributes:
        slope: grey values squared that one bit per pixel must save, above 0; files
            shrink as it grows. On photographs, tens for about 1 bpp, hundreds for less.
        enlarge: restorer of the decoded small picture (x2); None: bicubic.
        clean: restorer of the decoded picture (x1); None: "cleaned" is not tried.
        family: quality -> codec of pictures; both layers' first streams.
        full: the quality at which a restorer's level is 1.
        modes: which of `MODES` are tried; "direct" always is.
        flat: also try direct files with one step for all frequencies, and without
            halved chroma, as far as the family is JPEG.
    """

    slope: float = 30.0
    enlarge: Callable[[torch.Tensor], torch.Tensor] | None = None
    clean: Callable[[torch.Tensor], torch.Tensor] | None = None
    family: Callable[[float], Codec] = field(
        default=lambda q: JPEG(q, optimize="mozjpeg")
    )
    full: float = 100.0
    modes: tuple[str, ...] = MODES
    flat: bool = True

    grades = ("slope", tuple(float(2.0**k) for k in range(12, -4, -1)))

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf):
            raise ValueError(f"slope must be above 0, not {self.slope!r:.40}")
        unknown = [mode for mode in self.modes if mode not in MODES]
        if unknown:
            raise ValueError(f"no mode {unknown[0]!r}; there are {', '.join(MODES)}")

    def __repr__(self) -> str:
        return f"AdaptiveTwoLayer(slope={self.slope:g})"

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1] -> a .jpg, or a file of `TwoLayer`'s."""
        return self.choose(image).data

    def choose(self, image: torch.Tensor) -> Choice:
        """The file with the least cost, and what it is."""
        return min(self.tried(image), key=lambda choice: choice.cost)

    def tried(self, image: torch.Tensor) -> list[Choice]:
        """The best file of each mode."""
        check_one(image)
        found = [self._best(image, "direct", self._direct())]
        if "cleaned" in self.modes and self.clean is not None:
            found.append(self._best(image, "cleaned", self._layers(1, self.clean)))
        if "base" in self.modes:
            found.append(self._best(image, "base", self._layers(2, self.enlarge)))
        for luma in (False, True):
            if MODES[3 + luma] in self.modes:
                found.append(self._residual(image, luma))
        return found

    def _judge(self, image: torch.Tensor, mode: str, codec: Codec) -> Choice:
        data = codec.encode(image)
        distortion = 255**2 * mse(codec.decode(data), image)
        rate = bpp(data, image)
        return Choice(
            mode, codec, data, distortion, rate, distortion + self.slope * rate
        )

    def _best(
        self, image: torch.Tensor, mode: str, kinds: Iterator[Callable]
    ) -> Choice:
        """Over the qualities by a search that takes cost for one valley."""
        return min(
            (self._valley(image, mode, kind) for kind in kinds),
            key=lambda choice: choice.cost,
        )

    def _valley(self, image: torch.Tensor, mode: str, kind: Callable) -> Choice:
        """The least cost over `QUALITIES`: ever closer around the best so far."""
        seen: dict[int, Choice] = {}

        def at(k: int) -> Choice:
            if k not in seen:
                seen[k] = self._judge(image, mode, kind(QUALITIES[k]))
            return seen[k]

        last, stride = len(QUALITIES) - 1, 4
        best = min(range(0, last + 1, stride), key=lambda k: at(k).cost)
        while stride > 1:
            stride //= 2
            near = [k for k in (best - stride, best, best + stride) if 0 <= k <= last]
            best = min(near, key=lambda k: at(k).cost)
        return seen[best]

    def _direct(self) -> Iterator[Callable]:
        yield self.family
        if self.flat and isinstance(self.family(50), JPEG):
            yield _flat
            yield lambda q: JPEG(q, "4:4:4", optimize="mozjpeg")

    def _layers(self, scale: int, restorer) -> Iterator[Callable]:
        yield lambda q: self._scheme(q, scale, restorer)

    def _scheme(self, q: float, scale: int, restorer) -> TwoLayer:
        level = min(1.0, q / self.full)
        return TwoLayer(self.family(q), restorer, scale=scale, level=level)

    def _residual(self, image: torch.Tensor, luma: bool) -> Choice:
        """The best base at the step that the slope suggests, then two steps more."""
        mode = MODES[4] if luma else MODES[3]
        step = _STEP * math.sqrt(self.slope)

        def scheme(q: float, factor: float = 1.0) -> TwoLayer:
            residual = Residual(min(255.0, max(1.0, step * factor)))
            base = self._scheme(q, 2, self.enlarge)
            return replace(base, residual=residual, luma=luma)

        best = self._valley(image, mode, scheme)
        q = best.codec.level * self.full
        q = min(QUALITIES, key=lambda known: abs(known - q))
        others = [self._judge(image, mode, scheme(q, factor)) for factor in _FACTORS]
        return min(best, *others, key=lambda choice: choice.cost)

    def decode(self, data: bytes, on_damage: str = "raise") -> torch.Tensor:
        """A file of any mode -> (1, C, H, W) float32 on the 1/255 grid.

        Raises CorruptStream as `TwoLayer.decode` does.
        """
        if bytes(memoryview(data)[:3]) != container.MAGIC:
            return self.family(50).decode(data)
        found = container.unpack(data, "two-layer", partial=True)
        head = found.payloads[0]
        if head is None or len(head) < 3 or head[0] not in (1, 2):
            raise CorruptStream("the head of the two layers is damaged")
        restorer = self.clean if head[0] == 1 else self.enlarge
        scheme = TwoLayer(
            self.family(50), restorer, Residual(), scale=head[0],
            luma=bool(head[2] & 2),
        )  # fmt: skip
        return scheme.decode(data, on_damage)


def _flat(q: float) -> JPEG:
    """JPEG with one step for all frequencies, as large as the table's for 4 by 4."""
    step = round(min(255, max(1, 22 * (50 / q if q < 50 else 2 - q / 50))))
    return JPEG(tables=((step,) * 64,) * 2, optimize="mozjpeg")
