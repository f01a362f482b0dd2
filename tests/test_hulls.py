# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pareto fronts and crossings of curves."""

import math

import pandas as pd
import pytest

from srlab.evaluation.hulls import crossing, pareto, rate_for


def curve(bpp, psnr) -> pd.DataFrame:
    return pd.DataFrame({"bpp": bpp, "psnr": psnr})


def test_only_what_no_other_beats():
    found = pareto(curve([0.4, 0.1, 0.2, 0.3, 0.1], [33, 20, 30, 29, 25]))
    assert found["bpp"].tolist() == [0.1, 0.2, 0.4]
    assert found["psnr"].tolist() == [25, 30, 33]


def test_the_rate_for_a_quality():
    known = curve([0.1, 0.4], [20.0, 30.0])
    assert rate_for(known, 25.0) == pytest.approx(0.2)
    assert math.isnan(rate_for(known, 31.0))


def test_where_curves_cross():
    a = curve([0.1, 0.2, 0.4, 0.8], [20.0, 25.0, 30.0, 35.0])
    early = curve([0.08, 0.16, 0.5, 1.0], [20.0, 25.0, 30.0, 35.0])
    assert 0.2 < crossing(a, early) < 0.4
    assert crossing(a, curve(2 * a["bpp"], a["psnr"])) == 0
    assert crossing(a, curve(a["bpp"] / 2, a["psnr"])) == math.inf
    assert math.isnan(crossing(a, curve([0.1, 0.2], [1.0, 2.0])))
    dented = curve([0.1, 0.2, 0.45, 0.7], [20.0, 25.0, 29.0, 34.9])
    assert crossing(dented, curve([0.09, 0.25, 0.5], [20.0, 25.0, 31.5])) < 0.2
