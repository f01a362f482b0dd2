# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Sharpness and spectra by hand; the libraries' measures that need no download."""

import math

import pytest
import torch

import srlab
from srlab import metrics


def wave(frequency: float, size: int = 128, amplitude: float = 0.25) -> torch.Tensor:
    """A horizontal sine; frequency is a share of Nyquist."""
    t = torch.arange(size, dtype=torch.float64)
    line = 0.5 + amplitude * torch.sin(math.pi * frequency * t)
    return line.expand(1, 1, size, size).float()


@pytest.mark.parametrize("frequency", [0.2, 0.5, 0.8])
def test_a_wave_stands_at_its_frequency(frequency):
    middles, power = metrics.spectrum(wave(frequency), bins=20)
    assert middles[power.argmax()].item() == pytest.approx(frequency, abs=0.05)


def test_sharpness_by_hand():
    low, high = wave(0.1), wave(0.6)
    both = (low + high) / 2
    louder = (low + 2 * high) / 3
    # the high wave: amplitude 1/2 against 2/3
    wanted = 20 * math.log10((2 / 3) / (1 / 2))
    assert metrics.sharpness(louder, both) == pytest.approx(wanted, abs=0.05)
    assert metrics.sharpness(both, both) == 0
    assert metrics.sharpness(low, both) < -20


def test_blur_is_negative_and_noise_positive():
    x = srlab.photo("chelsea")[..., 60:188, 100:228]
    soft = srlab.imresize(srlab.imresize(x, scale=1 / 4), scale=4).clamp(0, 1)
    generator = torch.Generator().manual_seed(0)
    noisy = (x + 0.05 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
    assert metrics.sharpness(soft, x) < -5 < 1 < metrics.sharpness(noisy, x)


def test_a_flat_picture_has_a_number():
    assert metrics.sharpness(torch.full((1, 1, 16, 16), 0.5), wave(0.5, 16)) < -60


@pytest.mark.parametrize(
    ("name", "best", "better"),
    [("haarpsi", 1, 1), ("fsim", 1, 1), ("gmsd", 0, -1), ("mdsi", 0, -1)],
)
def test_the_libraries_measures(name, best, better):
    measure = getattr(metrics, name)
    x = srlab.photo("coffee")[..., 100:180, 200:280]
    soft, softer = (
        srlab.imresize(srlab.imresize(x, scale=1 / s), scale=s).clamp(0, 1)
        for s in (2, 4)
    )
    assert measure(x, x) == pytest.approx(best, abs=1e-5)
    assert better * (measure(soft, x) - measure(softer, x)) > 0
    grey = x[:, :1]
    assert measure(grey, grey) == pytest.approx(best, abs=1e-5)
    with pytest.raises(ValueError, match="at least"):
        measure(x[..., :6, :6], x[..., :6, :6])


def test_wrong_calls():
    with pytest.raises(ValueError, match="8 x 8"):
        metrics.spectrum(torch.zeros(1, 1, 4, 9))
    with pytest.raises(ValueError, match="Nyquist"):
        metrics.sharpness(wave(0.5), wave(0.5), above=1.5)
