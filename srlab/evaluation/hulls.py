# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a codec with several knobs can do at best, and where two curves cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

__all__ = ["crossing", "pareto", "rate_for"]


def pareto(table: pandas.DataFrame, quality: str = "psnr") -> pandas.DataFrame:
    """The settings that no other beats in both rate and quality, rising in bpp.

    Args:
        table: a row a setting, with "bpp" and the quality; larger must be better.
    """
    rows = table.sort_values(["bpp", quality], ascending=[True, False], kind="stable")
    best = rows[quality].cummax().shift().fillna(-np.inf)
    kept = rows[rows[quality] > best]
    return kept[~kept["bpp"].duplicated()].reset_index(drop=True)


def rate_for(curve: pandas.DataFrame, value: float, quality: str = "psnr") -> float:
    """Bits per pixel of a rising curve for a quality, log rate interpolated linearly.

    NaN beyond the curve.
    """
    known, rates = curve[quality].to_numpy(), np.log(curve["bpp"].to_numpy())
    if not known[0] <= value <= known[-1]:
        return float("nan")
    return float(np.exp(np.interp(value, known, rates)))


def crossing(
    anchor: pandas.DataFrame, test: pandas.DataFrame, quality: str = "psnr"
) -> float:
    """The bpp of the anchor up to which the test needs no more rate.

    Both rise, as `pareto` gives them. Counted from the lowest quality that both reach,
    so that a later win in a dent of a coarsely measured curve is none: 0 where the test
    needs more from the start, infinite where it never does, NaN where no quality is
    reached by both.
    """
    low = max(anchor[quality].iloc[0], test[quality].iloc[0])
    high = min(anchor[quality].iloc[-1], test[quality].iloc[-1])
    if not low < high:
        return float("nan")
    at = np.linspace(low, high, 400)
    a, b = (np.array([rate_for(t, q, quality) for q in at]) for t in (anchor, test))
    losses = np.flatnonzero(b > a)
    if not len(losses):
        return float("inf")
    return float(a[losses[0] - 1]) if losses[0] else 0.0
