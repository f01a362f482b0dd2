# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How sure a mean of a few answers is: 95% intervals of grades and of shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["interval", "share_interval"]


def interval(scores: Sequence[float]) -> tuple[float, float, float]:
    r"""(low, mean, high): the mean and its 95 % interval, Student's t.

    $\bar s \pm t_{0.975,\,n-1}\, \hat\sigma / \sqrt{n}$

    >>> [round(value, 2) for value in interval([3, 4, 5])]
    [1.52, 4.0, 6.48]
    """
    n = len(scores)
    if n == 0:
        return math.nan, math.nan, math.nan
    mean = sum(scores) / n
    if n == 1:
        return math.nan, mean, math.nan
    from scipy.stats import t

    variance = sum((score - mean) ** 2 for score in scores) / (n - 1)
    half = float(t.ppf(0.975, n - 1)) * math.sqrt(variance / n)
    return mean - half, mean, mean + half


def share_interval(scores: Sequence[float]) -> tuple[float, float, float]:
    """(low, share, high): the share of ones and its 95 % interval, Wilson's score.

    It stays within 0 and 1, and is not a point when all votes agree.

    >>> [round(value, 2) for value in share_interval([1, 1, 1, 1])]
    [0.51, 1.0, 1.0]
    """
    if not scores:
        return math.nan, math.nan, math.nan
    from scipy.stats import binomtest

    wins = int(sum(scores))
    found = binomtest(wins, len(scores)).proportion_ci(method="wilson")
    return float(found.low), wins / len(scores), float(found.high)
