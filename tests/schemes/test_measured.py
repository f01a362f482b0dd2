# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What the full runs on Kodak and the restorers have to show, in data/results."""

import pandas as pd
import pytest

from srlab import evaluation
from srlab.evaluation.hulls import crossing, pareto


def _rate(family, pair, measure="psnr"):
    rates = evaluation.results("two_layer_rates")
    anchor, test = pair.split(" -> ")
    chosen = rates[
        (rates["family"] == family) & (rates["measure"] == measure)
        & (rates["anchor"] == anchor) & (rates["test"] == test)
    ]  # fmt: skip
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_choosing_around_jpeg_saves_a_quarter_and_loses_nowhere():
    found = _rate("jpeg", "direct -> all")
    assert found["images"] == 24
    assert found["mean"] < -25 and found["worst"] < 0.5


def test_the_fair_opponent_is_beaten_too_but_by_less():
    cleaned, all_ = (_rate("jpeg", f"direct -> {name}") for name in ("cleaned", "all"))
    less = _rate("jpeg", "cleaned -> all")
    assert all_["mean"] < cleaned["mean"] < -15
    assert -15 < less["mean"] < -5 and less["worst"] < 0.5


@pytest.mark.parametrize("family", ["avif", "mean_scale"])
def test_around_other_codecs_little_is_lost(family):
    found = _rate(family, "direct -> two layers")
    assert found["images"] == 24 and found["mean"] < 0 and found["worst"] < 1


def test_choosing_costs_no_more_than_one_layer_at_any_slope():
    names = ("two_layer_adaptive", "two_layer_adaptive_more")
    rows = pd.concat([evaluation.results(name) for name in names])
    cost = 255**2 * 10 ** (-rows["psnr"] / 10) + rows["slope"] * rows["bpp"]
    wide = rows.assign(cost=cost).pivot_table(
        index=["family", "image", "slope"], columns="competitor", values="cost"
    )
    assert set(rows["family"]) == {"jpeg", "jpeg_arithmetic", "avif", "mean_scale"}
    for name in ("all", "two layers"):
        over = (wide[name] / wide["direct"] - 1).dropna()
        assert over.max() < 1e-4


def test_learning_from_decoded_pictures_is_worth_half_a_decibel():
    table = evaluation.results("two_layer_restorers").set_index("quality")
    gain = table["decoded"] - table["clean"]
    assert gain.min() > 0.5
    assert (table["decoded"] > table["bicubic"] + 0.3).all()


def test_a_residual_by_a_codec_for_pictures_does_not_pay():
    grids = evaluation.results("two_layer_first")
    for family, worse in (("webp", 10), ("avif", 10), ("jpeg", 0)):
        own = grids[grids["family"] == family]
        own = own[own["kind"].isin(["direct", "residual", "base"])]
        direct = pareto(own[own["kind"] == "direct"])
        residual = pareto(own[own["kind"] == "residual"])
        assert evaluation.bd_rate(direct, residual) > worse
        small = pareto(own[own["kind"] == "base"])
        assert crossing(direct, small) < 0.4


def _of_side_info(**where):
    rows = evaluation.results("side_info")
    for key, value in ({"codec": "jpeg"} | where).items():
        rows = rows[rows[key] == value]
    return rows.set_index("quality").sort_index()


@pytest.mark.parametrize("name", ["LIVE1", "B100", "Classic5"])
def test_descriptors_help_and_shuffled_ones_do_harm(name):
    kinds = {
        kind: _of_side_info(set=name, kind=kind, seed=0)
        for kind in ("decoded", "twin", "descriptors", "shuffled")
    }
    assert all(list(rows.index) == [10, 20, 30, 40] for rows in kinds.values())
    values = {kind: rows["psnr_y"] for kind, rows in kinds.items()}
    assert (values["twin"] > values["decoded"] + 0.3).all()
    assert (values["descriptors"] > values["shuffled"]).all()
    sent = kinds["descriptors"]["bpp"] - kinds["twin"]["bpp"]
    assert sent.between(0, 1 / 64 + 0.001).all()


def test_descriptors_gain_more_than_another_seed_does():
    seeds = sorted(_of_side_info(set="LIVE1", kind="twin")["seed"].unique())
    assert len(seeds) >= 3
    twins, told = (
        pd.DataFrame(
            {s: _of_side_info(set="LIVE1", kind=k, seed=s)["psnr"] for s in seeds}
        )
        for k in ("twin", "descriptors")
    )
    luck = twins.max(axis=1) - twins.min(axis=1)
    assert (told - twins).gt(5 * luck, axis=0).all(axis=None)


def _of_pair(test, anchor, name="LIVE1"):
    """BD-rate of two (codec, kind), %."""
    b, a = (_of_side_info(set=name, codec=c, kind=k, seed=0) for c, k in (test, anchor))
    return evaluation.bd_rate(*(t[["bpp", "psnr"]].sort_values("bpp") for t in (a, b)))


@pytest.mark.parametrize("name", ["LIVE1", "B100"])
def test_descriptors_pay_and_a_finer_step_of_the_base_pays_more(name):
    twin, told = ("jpeg", "twin"), ("jpeg", "descriptors")
    fine = ("jpeg_fine", "twin")
    assert -3 < _of_pair(told, twin, name) < -1
    assert _of_pair(fine, twin, name) < _of_pair(told, twin, name) - 0.3
