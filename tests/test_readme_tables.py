# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""README's tables say what the cards, the measured rows and the clock say."""

import re
import tomllib
from pathlib import Path

import pytest

from srlab import evaluation, weights

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def rows(heading: str) -> dict[str, list[str]]:
    """name -> cells of the README's table whose first line begins so."""
    table = README.split(f"\n{heading}")[1].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {first: rest for first, *rest in cells}


PLAIN = rows("| weights | parameters | CPU minutes |")
KINDS = rows("| weights | parameters | trained | Set14, clean")


def card_of(name: str) -> weights.Card:
    return weights.read_card(weights.find_weights(re.split(r"[ ,]", name)[0]))


@pytest.mark.parametrize("name", PLAIN)
def test_each_row_is_its_cards(name):
    parameters, minutes, *measured = PLAIN[name][:5]
    card = card_of(name)
    assert parameters == f"{card.parameters:,}"
    on_gpu = "H200" in card.device
    earlier = re.findall(r"in (\d+) minutes", card.note)[::-1]
    runs = " + ".join([*earlier, f"{card.minutes:.0f}"])
    assert minutes == (f"H200, {card.minutes:g}" if on_gpu else runs)
    for images, cell in zip(("set5", "set14", "b100"), measured, strict=True):
        scales = card.settings["scales"].split()
        wanted = [card.metrics[f"{images}_x{scale}_psnr"] for scale in scales]
        said = [float(number) for number in cell.split(", ")]
        assert said == pytest.approx(wanted, abs=0.0051), f"{name}: {images}"


@pytest.mark.parametrize("name", KINDS)
def test_the_kinds_are_as_measured(name):
    parameters, _, *cells = KINDS[name]
    bare = re.split(r"[ ,]", name)[0]
    if bare != "bicubic":
        assert parameters == f"{card_of(name).parameters:,}"
    both = [evaluation.results(name) for name in ("perception", "degraded_rows")]
    wanted = ("Set14", "clean"), ("Set14", "real_esrgan"), ("B100", "real_esrgan")
    for cell, (images, damage) in zip(cells, wanted, strict=True):
        measured = [
            (row.psnr, row.sharpness_db)
            for table in both
            for row in table.itertuples()
            if (row.method, row.set_name, row.degradation) == (bare, images, damage)
        ]
        if cell:
            psnr, sharpness = map(float, cell.split(", "))
            near = [abs(p - psnr) < 0.0051 and abs(s - sharpness) < 0.051
                    for p, s in measured]  # fmt: skip
            assert any(near), f"{name}, {images}: {measured}"


def test_the_course_table_has_the_measured_seconds():
    found = (ROOT / "data" / "results" / "notebook_minutes.toml").read_text()
    seconds = {row["name"]: row["seconds"] for row in tomllib.loads(found)["notebook"]}
    said = re.findall(r"\(course/(\d\d_\w+)\.ipynb\).*\| (\d+) s \|", README)
    assert dict(said) == {name: f"{took:.0f}" for name, took in seconds.items()}
