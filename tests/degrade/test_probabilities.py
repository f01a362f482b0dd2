# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What the second-order pipeline draws, beside the published probabilities.

Fixed seed; each test statistic may be as extreme as one in a thousand. The numbers are
those of the paper's options, written out here and not taken from the package.
"""

import math

import pytest
import torch
from scipy import stats

from srlab import degrade

N = 20_000
LEAST = 1e-3  # p-values below this mean another distribution


@pytest.fixture(scope="module")
def drawn():
    generator = torch.Generator().manual_seed(20)
    return degrade.real_esrgan(4).sample(N, generator)


def agrees(values: torch.Tensor, chances: dict) -> bool:
    """Chi-square of how often each value came."""
    counts = [(values == value).sum().item() for value in chances]
    assert sum(counts) == len(values), "a value that should not be there"
    expected = [chance * len(values) for chance in chances.values()]
    return stats.chisquare(counts, expected).pvalue > LEAST


def flat(values: torch.Tensor, low: float, high: float) -> bool:
    """Kolmogorov-Smirnov against the uniform distribution."""
    assert len(values) > 100
    return stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > LEAST


SIZES = dict.fromkeys((7, 9, 11, 13, 15, 17, 19, 21), 1 / 8)
KINDS = dict(enumerate((0.45, 0.25, 0.12, 0.03, 0.12, 0.03)))


@pytest.mark.parametrize(("stage", "most"), [("blur 1", 3.0), ("blur 2", 1.5)])
def test_blur(drawn, stage, most):
    d = drawn[stage]
    if stage == "blur 1":
        assert d["on"].all()
    else:
        assert agrees(d["on"], {True: 0.8, False: 0.2})
    assert agrees(d["sinc"], {True: 0.1, False: 0.9})
    assert agrees(d["size"], SIZES) and agrees(d["kind"], KINDS)
    oval = d["kind"] % 2 == 1
    assert flat(d["sigma_x"], 0.2, most) and flat(d["sigma_y"][oval], 0.2, most)
    assert torch.equal(d["sigma_y"][~oval], d["sigma_x"][~oval])
    assert flat(d["angle"][oval], -math.pi, math.pi)
    small = d["size"] < 13
    assert flat(d["cutoff"][small], math.pi / 3, math.pi)
    assert flat(d["cutoff"][~small], math.pi / 5, math.pi)


@pytest.mark.parametrize("stage", ["blur 1", "blur 2"])
def test_shape_of_the_bells(drawn, stage):
    kind, beta = drawn[stage]["kind"], drawn[stage]["beta"]
    assert (beta[kind < 2] == 1).all()
    general = beta[(kind == 2) | (kind == 3)]
    assert agrees(general < 1, {True: 0.5, False: 0.5})
    assert flat(general[general < 1], 0.5, 1) and flat(general[general >= 1], 1, 4)
    plateau = beta[kind > 3]
    assert agrees(plateau == 1, {True: 0.5, False: 0.5})
    assert flat(plateau[plateau > 1], 1, 2)


@pytest.mark.parametrize(
    ("stage", "shares", "up", "down"),
    [
        ("resize 1", (0.2, 0.7, 0.1), 1.5, 0.15),
        ("resize 2", (0.3, 0.4, 0.3), 1.2, 0.3),
    ],
)
def test_resize(drawn, stage, shares, up, down):
    scale = drawn[stage]["scale"]
    way = (scale < 1).long() + 2 * (scale == 1)
    assert agrees(way, dict(enumerate(shares)))
    assert flat(scale[scale > 1], 1, up) and flat(scale[scale < 1], down, 1)
    assert agrees(drawn[stage]["mode"], dict.fromkeys(range(3), 1 / 3))
    assert agrees(drawn["fit"]["mode"], dict.fromkeys(range(3), 1 / 3))


@pytest.mark.parametrize(
    ("stage", "sigma", "scale"), [("noise 1", 30, 3.0), ("noise 2", 25, 2.5)]
)
def test_noise(drawn, stage, sigma, scale):
    d = drawn[stage]
    assert agrees(d["gaussian"], {True: 0.5, False: 0.5})
    assert agrees(d["grey"], {True: 0.4, False: 0.6})
    assert flat(d["sigma"], 1, sigma) and flat(d["scale"], 0.05, scale)


def test_jpeg_the_last_sinc_and_the_order(drawn):
    assert flat(drawn["JPEG 1"]["quality"], 30, 95)
    assert flat(drawn["JPEG 2"]["quality"], 30, 95)
    assert agrees(drawn["sinc"]["on"], {True: 0.8, False: 0.2})
    assert agrees(drawn["sinc"]["size"], SIZES)
    assert flat(drawn["sinc"]["cutoff"], math.pi / 3, math.pi)
    assert agrees(drawn["order"]["turned"], {True: 0.5, False: 0.5})


def test_draws_do_not_depend_on_each_other(drawn):
    columns = [d for stage in drawn.values() for d in stage.values()]
    columns = [c.double() for c in columns if c.double().std() > 0]
    table = torch.corrcoef(torch.stack(columns)).fill_diagonal_(0)
    names = [f"{s}.{p}" for s, d in drawn.items() for p in d if d[p].double().std() > 0]
    meant = {("sigma_x", "sigma_y"), ("kind", "beta"), ("size", "cutoff")}
    meant |= {("sigma_y", "kind"), ("kind", "angle")}  # by the isotropic kinds
    for i, one in enumerate(names):
        for j, other in enumerate(names[:i]):
            stage, p = one.split(".")
            other_stage, q = other.split(".")
            if stage == other_stage and ({p, q} in map(set, meant)):
                continue
            assert table[i, j].abs() < 5 / N**0.5, (one, other)
    assert len(names) > 30
