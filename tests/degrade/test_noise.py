# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Noise: its moments, its distribution, its colours, and the same bytes again."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from srlab import degrade
from srlab.degrade.noise import PHOTONS, _shots

NOISES = [degrade.gaussian_noise, degrade.poisson_noise]


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_gaussian_noise_is_normal_with_its_sigma():
    x = torch.full((2, 3, 64, 64), 0.5)
    y = degrade.gaussian_noise(x, torch.tensor([5.0, 20.0]), gen())
    for image, sigma in zip(y - x, (5, 20), strict=True):
        assert stats.kstest(image.flatten() * 255 / sigma, "norm").pvalue > 0.01
    r, g, b = (y - x)[1].flatten(1)
    assert abs(np.corrcoef(r, g)[0, 1]) < 0.05 and abs(np.corrcoef(g, b)[0, 1]) < 0.05


@pytest.mark.parametrize("level", [0, 1, 7, 60, 200, 255])
def test_shot_noise_is_poisson(level):
    """Against scipy's distribution, chi-square over the counts that are expected."""
    n, mean = 60_000, level / 255 * PHOTONS
    shots = _shots(torch.full((1, n), float(level)), gen(level)) + level / 255
    counts = (shots * PHOTONS).round().numpy().ravel()
    if level == 0:
        assert (counts == 0).all()
        return
    low, high = stats.poisson.ppf([0.001, 0.999], mean)
    edges = np.arange(low, high + 1)
    observed = [(counts <= low).sum(), *((counts == k).sum() for k in edges[1:-1])]
    observed.append((counts >= high).sum())
    chance = [stats.poisson.cdf(low, mean), *stats.poisson.pmf(edges[1:-1], mean)]
    chance.append(stats.poisson.sf(high - 1, mean))
    result = stats.chisquare(observed, n * np.array(chance) / sum(chance))
    assert result.pvalue > 0.01


def test_shot_noise_grows_with_the_light_and_with_the_scale():
    x = torch.tensor([0.1, 0.4]).view(2, 1, 1, 1).expand(2, 3, 128, 128)
    for scale in (0.5, 2.0):
        y = degrade.poisson_noise(x, scale, gen())
        for i, light in enumerate((0.1, 0.4)):
            expected = scale * math.sqrt(light) / 16
            assert (y - x)[i].std().item() == pytest.approx(expected, rel=0.03)
            assert (y - x)[i].mean().abs() < 0.002


@pytest.mark.parametrize("function", NOISES)
def test_grey_noise_is_one_field_in_three_channels(function):
    x = torch.full((4, 3, 24, 25), 0.5)
    grey = torch.tensor([True, False, False, True])
    n = function(x, 2.0, gen(), grey) - x
    for image, same in zip(n, grey.tolist(), strict=True):
        assert torch.allclose(image[0], image[2], atol=1e-6) == same
        assert image[0].std() > 0
    assert not torch.allclose(n[0], n[3])  # each image has a field of its own


@pytest.mark.parametrize("function", NOISES)
@pytest.mark.parametrize("size", [(1, 1), (37, 53)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_stays_in_range_and_repeats(function, size, channels):
    x = torch.rand(3, channels, *size, generator=gen(1))
    y = function(x, 20.0, gen(), torch.tensor([True, False, True]))
    assert y.shape == x.shape and y.min() >= 0 and y.max() <= 1
    assert torch.equal(y, function(x, 20.0, gen(), torch.tensor([True, False, True])))
    assert torch.equal(function(x, 0.0, gen()), x)


@pytest.mark.parametrize("function", NOISES)
def test_bad_arguments_are_refused(function):
    x = torch.zeros(2, 3, 4, 4)
    for strength, says in ((-1, "from 0"), (torch.ones(3), "2 of them"), ("x", "numb")):
        with pytest.raises(ValueError, match=says):
            function(x, strength, gen())
    with pytest.raises(TypeError, match="Generator"):
        function(x, 1.0, None)
    with pytest.raises(TypeError, match="float"):
        function(x.byte(), 1.0, gen())
    with pytest.raises(ValueError, match="grey"):
        function(x, 1.0, gen(), torch.ones(5))
