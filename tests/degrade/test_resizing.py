# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Resize modes against the definitions of area, bilinear and bicubic."""

import numpy as np
import pytest
import torch

from srlab import degrade
from srlab.resample import imresize, keys


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def test_area_is_the_mean_of_what_a_pixel_covers():
    x = noise(1, 1, 12, 12)
    y = degrade.resize(x, (4, 3), "area")
    assert torch.allclose(y[0, 0, 1, 2], x[0, 0, 3:6, 8:12].mean())


def inner(image: torch.Tensor) -> torch.Tensor:
    return image[..., 4:-4, 4:-4]  # the borders are continued differently


@pytest.mark.parametrize(
    ("mode", "kernel"), [("bilinear", "bilinear"), ("bicubic", keys(-0.75))]
)
@pytest.mark.parametrize("size", [(20, 23), (80, 95)])
def test_the_others_are_kernels_that_are_never_widened(mode, kernel, size):
    x = noise(2, 3, 40, 47)
    expected = imresize(x, size=size, kernel=kernel, antialias=False)
    y = degrade.resize(x, size, mode)
    assert (inner(y) - inner(expected)).abs().max() < 1e-5


@pytest.mark.parametrize("mode", degrade.MODES)
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (2, 90)])
def test_any_size_to_any_size(mode, size):
    for old in ((1, 1), (5, 7), (64, 48)):
        flat = torch.full((2, 3, *old), 0.3)
        y = degrade.resize(flat, size, mode)
        assert y.shape == (2, 3, *size)
        assert torch.allclose(y, torch.tensor(0.3), atol=1e-6)
    x = noise(1, 3, *size)
    assert torch.equal(degrade.resize(x, size, mode), x)


@pytest.mark.parametrize(
    ("size", "mode", "says"),
    [
        ((4, 4), "lanczos", "no mode"),
        ((0, 4), "area", "height of size"),
        (4, "area", r"\(H, W\)"),
        ((4, np.nan), "area", "width of size"),
    ],
)
def test_bad_arguments_are_refused(size, mode, says):
    with pytest.raises(ValueError, match=says):
        degrade.resize(noise(1, 3, 8, 8), size, mode)
