# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How many numbers each network learns: the one table, parameters.toml, is held."""

import tomllib
from pathlib import Path

import pytest
import torch

from srlab import models

ROWS = tomllib.loads((Path(__file__).parent / "parameters.toml").read_text())["net"]


def label(row) -> str:
    return f"{row['name']}{tuple(row['arguments'].values())}"


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_count(row):
    with torch.device("meta"):
        net = getattr(models, row["name"])(**row["arguments"])
    assert sum(p.numel() for p in net.parameters()) == row["count"]
    assert row["given_by"] in ("paper", "arithmetic") and row["source"]


def test_every_network_is_in_the_table():
    counted = {row["name"] for row in ROWS}
    known = {*models._FILES, *models._DISCRIMINATORS}
    assert not known - counted, "no row in tests/models/parameters.toml"
    assert not counted - known, "no row in srlab/models/__init__.py: _FILES"
