# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The table of large pictures: whole, within its limit, and as the README quotes it."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import torch

from srlab import codecs, evaluation, metrics, saliency

ROOT = Path(__file__).parents[1]
SECTION = (ROOT / "README.md").read_text().split("## Large pictures")[1]
SECTION = SECTION.split("\n## ")[0]


@pytest.fixture(scope="module")
def tools():
    sys.path.insert(0, str(ROOT / "tools"))
    yield [importlib.import_module(n) for n in ("bench_large", "large_operations")]
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def table():
    return evaluation.results("large_pictures")


def test_every_operation_was_measured_below_4_gb(tools, table):
    assert list(table["operation"]) == list(tools[1].operations())
    assert table["note"].isna().all() and table["peak_gb"].between(0.1, 4).all()
    assert f"All {len(table)} operations" in SECTION


def test_no_public_kind_is_forgotten(tools):
    names = " ".join(tools[1].operations())
    beside = {"Codec", "CorruptStream", "Zoo", "bpp", "SSIMMap", "lpips", "Saliency"}
    beside |= {"PhotoNet", "imagenet", "labels", "photo_classifier", "transfer"}
    beside |= {"Ensemble", "Principal"}  # made of the others
    for module in (codecs, metrics, saliency):
        for name in set(module.__all__) - beside:
            assert re.search(rf"\.{name}\b", names), f"{module.__name__}.{name}"


def test_the_readme_quotes_the_five_largest_and_slowest(table):
    row = r"^\| `(.+?)` \| ([\d.]+) \| `(.+?)` \| ([\d.]+) \|$"
    cells = re.findall(row, SECTION, re.M)
    assert len(cells) == 5
    for column, part in (("peak_gb", slice(0, 2)), ("cpu_seconds", slice(2, 4))):
        most = table.sort_values(column, ascending=False, kind="stable").head(5)
        rows = zip(most["operation"], most[column], strict=True)
        assert [c[part] for c in cells] == [(n, f"{v:.2f}") for n, v in rows]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_is_that_of_what_follows(tools):
    bench = tools[0]
    before = bench.peak_bytes()
    kept = torch.ones(50_000_000)  # 200 MB
    assert bench.peak_bytes() >= before
    del kept
    bench.forget_peak()
    low = bench.peak_bytes()
    kept = torch.ones(50_000_000)
    assert 150e6 < bench.peak_bytes() - low < 300e6 and len(kept)
