# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The quality of the base and the step of the residual, chosen together for a target.

More bits for the first layer leave fewer for the second, and less for it to do. For
each quality of the base the step that meets the target is found by halving; the base
for which that is best is found by walking, because there is one valley.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import torch

from srlab.codecs.base import check_one
from srlab.codecs.residual import Residual
from srlab.images import check_whole
from srlab.schemes.adaptive import STEP, AdaptiveTwoLayer
from srlab.schemes.kinds import Kind
from srlab.schemes.trials import Trial, Trials, walk
from srlab.schemes.two_layer import TwoLayer

__all__ = ["joint"]

_STEPS = Residual.grades[1]  # from the smallest files to the largest


def joint(
    image: torch.Tensor,
    size: int | None = None,
    dB: float | None = None,
    settings: AdaptiveTwoLayer | None = None,
    luma: bool = False,
) -> tuple[TwoLayer, bytes]:
    """Two layers for a target: the best picture in so many bytes, or the smallest file.

    Args:
        image: (1, C, H, W) in [0, 1].
        size: bytes that the file may take, header and all; or
        dB: PSNR over all channels that it must reach.
        settings: restorer, family and qualities; its slope and modes do not count.
        luma: a residual of luma alone.

    Returns:
        The codec and its file.

    Raises:
        ValueError: none or two targets, or one that cannot be met; the message says
            what was reached.

    >>> from srlab import photo
    >>> x = photo("chelsea")[..., :96, :128]
    >>> codec, data = joint(x, size=2500)
    >>> 2300 < len(data) <= 2500
    True
    """
    if (size is None) == (dB is None):
        raise ValueError("joint takes size or dB, one of them: joint(x, size=20_000)")
    settings = settings or AdaptiveTwoLayer()
    files = _Files(check_one(image), settings, luma)
    if size is not None:
        found = _in_bytes(files, check_whole(size, "size", 1))
    else:
        found = _of_quality(files, _check_dB(cast(float, dB)))
    return cast(TwoLayer, found.codec), found.data


class _Files:
    """The file of each (base's quality, step), guessed or made, once."""

    def __init__(self, image: torch.Tensor, settings: AdaptiveTwoLayer, luma: bool):
        self.trials = Trials(image, settings.qualities, {2: settings.enlarge})
        self.kind: Kind = settings.small_kinds[0]
        self.luma, self.last = luma, len(settings.qualities) - 1
        self._made: dict[tuple[int, int], Trial] = {}

    def base(self, k: int) -> Trial:
        return self.trials.layered(2, self.kind, k).trial

    def guess(self, k: int, step: int) -> tuple[float, float]:
        """Distortion, and about how many bytes."""
        found = self.trials.guess(self.kind, k, _residual(step), self.luma)
        return found[0], found[1] * self.trials.image[0, 0].numel() / 8

    def both(self, k: int, step: int) -> Trial:
        if (k, step) not in self._made:
            self._made[k, step] = self.trials.with_residual(
                "base + residual", self.kind, k, _residual(step), self.luma
            )
        return self._made[k, step]


def _residual(step: int) -> Residual:
    return Residual(_STEPS[step], worth=1 / STEP**2)


def _last(good: Callable[[int], bool], count: int) -> int:
    """The last of 0 .. count - 1 that is good, if all before it are; -1 for none."""
    low, high = -1, count
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low


def _in_bytes(files: _Files, size: int) -> Trial:
    first = [len(files.trials.small_file(files.kind, k)) for k in range(files.last + 1)]
    fits = _last(lambda k: first[k] < size, len(first))
    while fits >= 0 and len(files.base(fits).data) > size:
        fits -= 1
    if fits < 0:
        raise ValueError(
            f"{size:,} bytes are fewer than the {len(files.base(0).data):,} of the "
            "smallest base alone"
        )

    def best(k: int) -> tuple[float, int]:
        """(distortion, step), or step -1 for the base alone."""
        step = _last(lambda s: files.guess(k, s)[1] <= size, len(_STEPS))
        alone = files.base(k).distortion
        if step < 0:
            return alone, -1
        return min((alone, -1), (files.guess(k, step)[0], step))

    # A residual takes about a third where it pays at all.
    start = min(range(fits + 1), key=lambda k: abs(first[k] - 0.65 * size))
    k = walk(lambda k: best(k)[0], start, fits)
    step = best(k)[1]
    while step >= 0 and len(files.both(k, step).data) > size:
        step -= 1
    if step < 0:
        return files.base(k)
    while step + 1 < len(_STEPS) and len(files.both(k, step + 1).data) <= size:
        step += 1
    return min(files.base(k), files.both(k, step), key=lambda trial: trial.distortion)


def _of_quality(files: _Files, dB: float) -> Trial:
    most = 255**2 * 10 ** (-dB / 10)  # squared error

    def best(k: int) -> tuple[float, int]:
        """(bytes, step), infinite where no step is fine enough."""
        if files.base(k).distortion <= most:
            return len(files.base(k).data), -1
        step = 1 + _last(lambda s: files.guess(k, s)[0] > most, len(_STEPS))
        return (
            (math.inf, -1) if step == len(_STEPS) else (files.guess(k, step)[1], step)
        )

    rough = [files.trials.rough(files.kind, k)[0] for k in range(files.last + 1)]
    start = min(range(files.last + 1), key=lambda k: abs(rough[k] - 1.6 * most))
    k = walk(lambda k: best(k)[0], start, files.last)
    size, step = best(k)
    if math.isinf(size):
        finest = len(_STEPS) - 1
        least = min(files.guess(k, finest)[0] for k in (k, files.last))
        reached = 10 * math.log10(255**2 / max(least, 1e-9))
        raise ValueError(
            f"{dB:g} dB cannot be reached; the finest has {reached:.2f} dB"
        )
    return files.base(k) if step < 0 else files.both(k, step)


def _check_dB(dB: float) -> float:
    if isinstance(dB, bool) or not isinstance(dB, int | float) or not 0 < dB < 100:
        raise ValueError(f"dB must be above 0 and below 100, not {dB!r:.40}")
    return float(dB)
