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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, cast

import torch

from srlab.codecs import container
from srlab.codecs.base import Codec, CorruptStream
from srlab.codecs.pillow import JPEG
from srlab.codecs.residual import Residual
from srlab.schemes.kinds import Kind, flat, flat_level, whole_chroma
from srlab.schemes.trials import Trial, Trials, lowest, walk
from srlab.schemes.two_layer import TwoLayer

__all__ = ["MODES", "QUALITIES", "STEP", "AdaptiveTwoLayer", "Choice"]

MODES = ("direct", "cleaned", "base", "base + residual", "base + luma residual")
QUALITIES = (4, 6, 8, 11, 15, 20, 26, 33, 41, 50, 58, 66, 74, 81, 87, 92, 96)
STEP = 3.4  # of residuals, times the slope's root; tuned by trials
_KIND = bytes([container.KINDS["two-layer"]])
_NEAR = 1.04  # kinds that cost no more without a net are tried with one


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
        flat: as far as the family is JPEG, take tables for the squared error for small
            pictures, and try direct files with them and without halved chroma.
        qualities: the grid of both layers' first streams, rising.
        others: more families that direct files are tried with.
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
    qualities: tuple[float, ...] = QUALITIES
    others: tuple[Callable[[float], Codec], ...] = ()

    grades = ("slope", tuple(float(2.0**k) for k in range(12, -4, -1)))

    def __post_init__(self) -> None:
        _check_slope(self.slope)
        unknown = [mode for mode in self.modes if mode not in MODES]
        if unknown:
            raise ValueError(f"no mode {unknown[0]!r}; there are {', '.join(MODES)}")
        if not self.qualities or list(self.qualities) != sorted(set(self.qualities)):
            raise ValueError(f"qualities must rise, not {self.qualities!r:.60}")

    def __repr__(self) -> str:
        return f"AdaptiveTwoLayer(slope={self.slope:g})"

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1] -> a .jpg, or a file of `TwoLayer`'s."""
        return self.choose(image).data

    def choose(self, image: torch.Tensor) -> Choice:
        """The file of the image with the least cost, and what it is."""
        return self.curve(image, [self.slope])[0]

    def curve(self, image: torch.Tensor, slopes: Sequence[float]) -> list[Choice]:
        """What `choose` gives the image at all slopes, sooner than one by one."""
        at = self.trying(image)
        return [min(at(slope), key=lambda choice: choice.cost) for slope in slopes]

    def tried(self, image: torch.Tensor) -> list[Choice]:
        """The best file of the image in each mode."""
        return self.trying(image)(self.slope)

    def trying(self, image: torch.Tensor) -> Callable[[float], list[Choice]]:
        """Slope -> the image's best file of each mode; one's work serves the next."""
        trials = Trials(image, self.qualities, {1: self.clean, 2: self.enlarge})
        return lambda slope: _Search(trials, _check_slope(slope), self).modes()

    @cached_property
    def kinds(self) -> list[Kind]:
        """The ways to code that direct files are tried with, the family's first."""
        made = [Kind(self.family, lambda q, scale: min(1.0, q / self.full))]
        if self.flat and self._is_jpeg:
            coded = {"optimize": cast(Any, self.family(self.qualities[0])).optimize}
            made.append(Kind(partial(flat, **coded), flat_level))
            made.append(made[0]._replace(make=partial(whole_chroma, **coded)))
        return made + [made[0]._replace(make=other) for other in self.others]

    @property
    def small_kinds(self) -> list[Kind]:
        """Those of small pictures."""
        return self.kinds[1:2] if self.flat and self._is_jpeg else self.kinds[:1]

    @property
    def _is_jpeg(self) -> bool:
        return isinstance(self.family(self.qualities[0]), JPEG)

    def decode(self, data: bytes, on_damage: str = "raise") -> torch.Tensor:
        """A file of any mode -> (1, C, H, W) float32 on the 1/255 grid.

        on_damage: as `TwoLayer.decode` has it, which raises CorruptStream or not.
        """
        start = bytes(memoryview(data)[:5])
        if start[:3] != container.MAGIC or start[4:] != _KIND:
            return self.family(self.qualities[0]).decode(data)
        found = container.unpack(data, "two-layer", partial=True)
        head = found.payloads[0]
        if head is None or len(head) < 3 or head[0] not in (1, 2):
            raise CorruptStream("the head of the two layers is damaged")
        restorer = self.clean if head[0] == 1 else self.enlarge
        scheme = TwoLayer(
            self.family(self.qualities[0]), restorer, Residual(), scale=head[0],
            luma=bool(head[2] & 2),
        )  # fmt: skip
        return scheme.decode(data, on_damage)


class _Search:
    """The best file of each mode for one slope."""

    def __init__(self, trials: Trials, slope: float, settings: AdaptiveTwoLayer):
        self.trials, self.slope, self.settings = trials, slope, settings
        self.last = len(trials.qualities) - 1

    def modes(self) -> list[Choice]:
        """One choice a mode."""
        settings, kinds = self.settings, self.settings.kinds
        direct = [self._direct(kind) for kind in kinds]
        found = [self._best(t for t, _ in direct)]
        if "cleaned" in settings.modes and settings.clean is not None:
            starts = [(t.cost(self.slope), k) for t, k in direct]
            kind, k = self._restored(1, kinds, starts)
            found.append(self.trials.layered(1, kind, k).trial)
        if {*MODES[2:]} & {*settings.modes}:
            found += self._two_layers()
        return [Choice(*t, t.cost(self.slope)) for t in found]

    def _best(self, trials: Iterable[Trial]) -> Trial:
        return min(trials, key=lambda trial: trial.cost(self.slope))

    def _direct(self, kind: Kind) -> tuple[Trial, int]:
        k = lowest(
            lambda k: self.trials.direct(kind, k), self.slope, self.last // 3, self.last
        )
        return self.trials.direct(kind, k), k

    def _restored(self, scale: int, kinds: Any, starts: Any) -> tuple[Kind, int]:
        """Kind and place of the best restored layer.

        Nets take long, so only kinds that come near the best without them are walked.
        """
        near = _NEAR * min(cost for cost, _ in starts)
        found: list[tuple[Any, ...]] = []
        for kind, (rough, k) in zip(kinds, starts, strict=True):
            if rough <= near:
                cost = partial(self._cost_at, scale, kind)
                k = walk(cost, k, self.last)
                found.append((cost(k), len(found), kind, k))
        return min(found)[2:]

    def _cost_at(self, scale: int, kind: Kind, k: int) -> float:
        return self.trials.layered(scale, kind, k).trial.cost(self.slope)

    def _two_layers(self) -> list[Trial]:
        kinds, starts = self.settings.small_kinds, []
        for kind in kinds:

            def rough(k: int, kind: Kind = kind) -> float:
                distortion, rate = self.trials.rough(kind, k)
                return distortion + self.slope * rate

            k = walk(rough, self.last // 2, self.last)
            starts.append((rough(k), k))
        kind, k = self._restored(2, kinds, starts)
        found = []
        if "base" in self.settings.modes:
            found.append(self.trials.layered(2, kind, k).trial)
        for luma in (False, True):
            mode = MODES[3 + luma]
            if mode in self.settings.modes:
                found.append(self._residual(mode, kind, k, luma))
        return found

    def _residual(self, mode: str, kind: Kind, start: int, luma: bool) -> Trial:
        """The best base for a residual whose step the slope sets."""
        step = min(255.0, max(1.0, STEP * math.sqrt(self.slope)))
        residual = Residual(step, worth=min(10.0, self.slope / step**2))

        def guess(k: int) -> float:
            distortion, rate = self.trials.guess(kind, k, residual, luma)
            return distortion + self.slope * rate

        k = walk(guess, start, self.last)
        return self.trials.with_residual(mode, kind, k, residual, luma)


def _check_slope(slope: float) -> float:
    if not 0 < slope < math.inf:
        raise ValueError(f"slope must be above 0, not {slope!r:.40}")
    return float(slope)
