# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The bake-off: families, budgets, and who wins."""

import pandas as pd
import pytest
import torch

import srlab
from srlab.codecs import Codec
from srlab.evaluation import bakeoff
from srlab.evaluation.bakeoff import FAMILIES, within


@pytest.fixture(scope="module")
def cat():
    return srlab.photo("chelsea")[..., 20:132, 100:260]


@pytest.fixture(scope="module")
def P(cat):
    return bakeoff.look_at(cat)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_codecs_from_small_files_to_large(name, cat, P):
    family, sizes = FAMILIES[name], []
    assert set(family.curve) and list(family.settings)
    for setting in (family.settings[0], family.settings[-1]):
        codec = family.codec(setting, P)
        assert isinstance(codec, Codec)
        data = codec.encode(cat)
        assert codec.decode(data).shape == cat.shape
        sizes.append(len(data))
    assert sizes[0] < sizes[1]
    for setting in family.curve:
        assert isinstance(family.codec(setting, P), Codec)


@pytest.mark.parametrize("name", ["JPEG repacked", "JPEG 2000", "WebP", "mean-scale"])
def test_the_best_file_within_a_budget(name, cat):
    codec, data = within(name, cat, 2_000)
    assert len(data) <= 2_000 and codec.encode(cat) == data
    larger = within(name, cat, 3_000)[1]
    assert len(data) < len(larger) <= 3_000


def test_the_next_setting_would_not_fit(cat):
    codec, _ = within("JPEG", cat, 2_000)
    better = srlab.codecs.JPEG(codec.quality + 1, optimize=False)
    assert len(better.encode(cat)) > 2_000


def test_what_does_not_fit_says_so(cat, P):
    with pytest.raises(ValueError, match="more than 100"):
        within("JPEG", cat, 100)
    with pytest.raises(ValueError, match="no family 'GIF'; there are JPEG"):
        within("GIF", cat, 2_000)
    with pytest.raises(ValueError, match="give its map"):
        within("ROI JPEG", cat, 2_000)
    assert len(within("ROI JPEG", cat, 2_000, P)[1]) <= 2_000


def test_the_region_is_a_share_of_the_blocks(P):
    mask = bakeoff.region_of(P, 0.25)
    assert mask.shape == P.shape and set(mask.unique().tolist()) == {0.0, 1.0}
    assert mask.mean().item() == pytest.approx(0.25, abs=0.01)
    assert P[mask == 1].mean() > P[mask == 0].mean()


def test_judging_by_known_values():
    x = torch.full((1, 3, 16, 16), 100 / 255)
    y = x + 10 / 255
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :8] = 1
    y[..., :8] = x[..., :8] + 1 / 255
    found = bakeoff.judge(y, x, mask)
    assert found["roi_psnr"] == pytest.approx(48.1308, abs=1e-3)  # an error of 1
    assert found["psnr"] == pytest.approx(31.098, abs=1e-3)  # mean square 50.5
    assert found["ms_ssim"] != found["ms_ssim"]  # too small for it
    grey = bakeoff.judge(y, x[:, :1], mask)
    assert grey["psnr"] == pytest.approx(found["psnr"])


def test_a_comparison_has_a_row_for_who_does_not_fit(cat):
    table, pictures = bakeoff.compare_within(("JPEG", "WebP"), cat, 900)
    assert table["codec"].tolist() == ["JPEG", "WebP"] and [*pictures] == ["WebP"]
    assert table["psnr"].isna().tolist() == [True, False]
    assert "JPEG" in table.attrs["failed"]
    with pytest.raises(ValueError, match="no family"):
        bakeoff.compare_within(("GIF",), cat, 900)


def _curve(name, rates):
    quality = {"psnr": [30.0, 33.0, 36.0], "ms_ssim": [0.9, 0.95, 0.98]}
    return pd.DataFrame(
        {"codec": name, "bpp": rates, **quality, "roi_psnr": [31.0, 30.0, 29.0]}
    )


def test_bd_rates_of_known_curves():
    means = pd.concat([_curve("a", [0.5, 1.0, 2.0]), _curve("b", [0.25, 0.5, 1.0])])
    table = bakeoff.bd_table(means, "a").set_index("codec")
    assert table.loc["b", "psnr"] == pytest.approx(-50)
    assert table.loc["a", "ms_ssim"] == pytest.approx(0)
    assert table["roi_psnr"].isna().all()  # falls with the rate: nothing to compare
    with pytest.raises(ValueError, match="no curve 'c'"):
        bakeoff.bd_table(means, "c")


def test_wins_are_counted_by_picture():
    rows = [
        ("a", "1", 30.0), ("b", "1", 31.0), ("a", "2", 30.0), ("b", "2", 32.0),
        ("a", "3", 30.0), ("b", "3", float("nan")),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["codec", "image", "psnr"]).assign(budget=10)
    found = bakeoff.wins(table)
    assert found[10].to_dict() == {"b": 2, "a": 1}
