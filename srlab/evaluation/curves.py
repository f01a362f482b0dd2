# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Rate-distortion curves: the mean over pictures, and BD-rate, the distance of two.

G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves", VCEG-M33
(2001): the mean horizontal distance of two curves, log rate over quality, in per cent.
The integral is the `bjontegaard` package's.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["bd_rate", "mean_curves"]


def mean_curves(table: pandas.DataFrame) -> pandas.DataFrame:
    """Means over the pictures, one row a codec and setting, rising in bpp.

    Only pictures that every setting of every codec has count, so that a picture that
    failed somewhere makes no curve look better; ValueError where there is none.

    table: as `srlab.evaluation.rate_distortion` gives it.
    """
    settings = table[["codec", "setting"]].drop_duplicates()
    counts = table.groupby("image")["setting"].size()
    common = counts.index[counts == len(settings)]
    kept = table[table["image"].isin(common)]
    if kept.empty:
        raise ValueError("no picture was measured with every setting")
    means = kept.groupby(["codec", "setting"], sort=False).mean(numeric_only=True)
    means = means.reset_index().sort_values(["codec", "bpp"], kind="stable")
    order = {name: k for k, name in enumerate(table["codec"].unique())}
    return means.sort_values(
        "codec", key=lambda names: names.map(order), kind="stable"
    ).reset_index(drop=True)


def bd_rate(
    anchor: pandas.DataFrame | Mapping[str, Sequence[float]],
    test: pandas.DataFrame | Mapping[str, Sequence[float]],
    quality: str = "psnr",
    method: str = "pchip",
) -> float:
    """How much more rate the test needs for the same quality, in per cent.

    -25 means a quarter less. Only qualities that both curves reach count; where they
    share less than half of the shorter curve's range, a warning says so.

    Args:
        anchor, test: "bpp" and the quality, from `mean_curves`, `results`, or lists; a
            table of `rate_distortion` with one codec is averaged first.
        quality: the column; larger must be better.
        method: "pchip", "akima", or "cubic", which needs four points and bends most.

    Raises:
        ValueError: too few points, numbers that are none, a quality that does not rise
            with the rate, or curves that share no quality.

    >>> a = {"bpp": [0.5, 1.0, 2.0, 4.0], "psnr": [30.0, 33.0, 36.0, 39.0]}
    >>> round(bd_rate(a, {**a, "bpp": [0.25, 0.5, 1.0, 2.0]}), 6)  # half everywhere
    -50.0
    """
    import bjontegaard

    if method not in ("pchip", "akima", "cubic"):
        raise ValueError(f"no method {method!r}; there are pchip, akima, cubic")
    least = 4 if method == "cubic" else 2
    a, b = (
        _points(curve, quality, least, name)
        for curve, name in ((anchor, "the anchor"), (test, "the test"))
    )
    low, high = max(a[1][0], b[1][0]), min(a[1][-1], b[1][-1])
    if not low < high:
        raise ValueError(
            f"the curves share no {quality}: {a[1][0]:.4g} to {a[1][-1]:.4g} and "
            f"{b[1][0]:.4g} to {b[1][-1]:.4g}"
        )
    shorter = min(curve[1][-1] - curve[1][0] for curve in (a, b))
    if high - low < shorter / 2:
        warnings.warn(
            f"the curves share only {low:.4g} to {high:.4g} of {quality}", stacklevel=2
        )
    return float(
        bjontegaard.bd_rate(
            *a, *b, method=method, require_matching_points=False, min_overlap=0
        )
    )


def _points(curve: Any, quality: str, least: int, name: str) -> tuple[list, list]:
    """Rates and qualities of a curve, rising, checked."""
    import pandas as pd

    if isinstance(curve, pd.DataFrame) and "image" in curve.columns:
        if curve["codec"].nunique() != 1:
            raise ValueError(f"{name} holds several codecs: take the rows of one")
        curve = mean_curves(curve)
    try:
        pairs = sorted(
            zip(map(float, curve["bpp"]), map(float, curve[quality]), strict=True)
        )
    except KeyError as error:
        raise ValueError(f"{name} has no column {error}") from None
    if len(pairs) < least:
        raise ValueError(f"{name} has {len(pairs)} points; {least} are needed")
    if not all(math.isfinite(v) for pair in pairs for v in pair) or pairs[0][0] <= 0:
        raise ValueError(f"{name} has rates or qualities that are no finite numbers")
    for (r, q), (s, p) in pairwise(pairs):
        if p <= q or s <= r:
            raise ValueError(
                f"{quality} of {name} does not rise with the rate: {q:.4g} at {r:.4g} "
                f"bpp, {p:.4g} at {s:.4g} bpp"
            )
    rates, qualities = zip(*pairs, strict=True)
    return list(rates), list(qualities)
