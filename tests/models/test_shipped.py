# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The course's own weights: each loads, says how it was made, and beats bicubic."""

import pytest

import srlab
from srlab import evaluation, weights
from srlab.paths import data_dir
from srlab.resample import Interpolator

FOLDER = data_dir() / "weights"
CARDS = {f.stem: weights.read_card(f) for f in sorted(FOLDER.glob("*.safetensors"))}
CASES = [
    (name, int(scale))
    for name, card in CARDS.items()
    for scale in card.settings["scales"].split()
]
HELD_OUT = {
    "coffee": srlab.photo("coffee")[..., 120:240, 180:300],
    "motorcycle": srlab.photo("motorcycle")[..., 200:320, 300:420],
}


@pytest.mark.parametrize(("name", "scale"), CASES)
def test_it_beats_bicubic_on_photographs_it_never_saw(name, scale):
    ours = evaluation.benchmark(srlab.load(name, scale), HELD_OUT, scale, protocol="B")
    plain = evaluation.benchmark(Interpolator(scale), HELD_OUT, scale, protocol="B")
    assert ours.psnr > plain.psnr + 0.3


@pytest.mark.parametrize("name", CARDS)
def test_the_card_says_how_it_was_made(name):
    card = CARDS[name]
    assert card.recipe.startswith(f"python -m srlab train {name} --")
    assert card.licence == "MIT" and card.minutes > 1 and "B100" not in card.data
    if "--full" not in card.recipe:
        assert card.note.startswith("a short run of")


@pytest.mark.parametrize(("name", "scale"), CASES)
def test_the_rows_are_those_of_the_card(name, scale):
    rows = evaluation.results("model_rows").query("protocol == 'B'")
    found = rows[(rows["name"] == name) & (rows["scale"] == scale)]
    assert set(found["set_name"]) == {"Set5", "Set14", "B100"}
    for row in found.itertuples():
        on_card = CARDS[name].metrics[f"{row.set_name.lower()}_x{scale}_psnr"]
        assert row.psnr == pytest.approx(on_card, abs=2e-3)


def test_the_best_net_at_x2_and_the_size_of_all():
    rows = evaluation.results("model_rows")
    best = rows.query("set_name == 'Set5' and scale == 2 and protocol == 'B'")
    assert best["psnr"].max() >= 36.3
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) < 24e6
