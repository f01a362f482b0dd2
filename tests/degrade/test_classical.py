# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""BI, BD and DN as the tables' authors made them."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

import srlab
from srlab import degrade
from srlab.degrade import BD, BI, DN
from srlab.images import from_uint8, to_uint8


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bi_is_matlabs_bicubic_of_8_bit_pictures(scale):
    x = srlab.photo("coffee")[..., :97, :122]
    expected = from_uint8(srlab.imresize(to_uint8(x), scale=1 / scale))
    assert torch.equal(BI(scale)(x, gen()), expected)


@pytest.mark.parametrize(("scale", "taps"), [(2, 12), (3, 7), (4, 12), (5, 11)])
def test_bd_is_a_blur_read_at_the_middle_of_each_cell(scale, taps):
    """By scipy: correlate, edges repeated, then every scale-th pixel."""
    assert BD(scale).taps == taps
    side = 12 * scale
    x = srlab.photo("chelsea")[..., 60 : 60 + side, 150 : 150 + side]
    t = (np.arange(taps) - (taps - 1) / 2) / 1.6
    g = np.exp(-0.5 * t**2)
    kernel = np.outer(g, g) / g.sum() ** 2
    # an even kernel sits half a pixel to the lower right of its origin
    origin = -1 if taps % 2 == 0 else 0
    first = (scale - 1) // 2
    y = BD(scale)(x, gen())
    for c in range(3):
        blurred = ndimage.correlate(
            x[0, c].double().numpy(), kernel, mode="nearest", origin=origin
        )
        expected = blurred[first::scale, first::scale]
        assert np.abs(y[0, c].numpy() - expected).max() < 0.51 / 255


def test_bd_keeps_the_middle_of_a_ramp():
    """A ramp has its own value in the middle of each cell: nothing is shifted."""
    ramp = (torch.arange(60) / 60).expand(1, 3, 60, 60)
    for scale in (2, 3, 4):
        y = BD(scale)(ramp, gen())
        middle = (scale * torch.arange(60 // scale) + (scale - 1) / 2) / 60
        assert (y[0, 0, 5] - middle)[3:-3].abs().max() < 0.51 / 255


def test_dn_is_bi_with_noise_of_level_30():
    x = torch.full((1, 3, 192, 192), 0.5)
    y = DN()(x, gen())
    assert y.shape == (1, 3, 64, 64)
    assert ((y - 128 / 255).std() * 255).item() == pytest.approx(30, rel=0.03)
    assert torch.equal(y, DN()(x, gen())) and not torch.equal(y, DN()(x, gen(1)))
    with pytest.raises(TypeError, match="Generator"):
        DN()(x, None)


@pytest.mark.parametrize("kind", [BI, BD, DN])
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (2, 5)])
def test_any_size_on_the_grid(kind, size):
    x = torch.rand(2, 3, *size, generator=gen())
    y = kind(3)(x, gen())
    assert y.shape == (2, 3, math.ceil(size[0] / 3), math.ceil(size[1] / 3))
    assert torch.equal(y, from_uint8(to_uint8(y)))
    assert kind(1)(x, gen()).shape == x.shape


@pytest.mark.parametrize("kind", [BI, BD, DN])
def test_bad_scales_and_images_are_refused(kind):
    for scale in (0, 2.5, "3"):
        with pytest.raises(ValueError, match="scale"):
            kind(scale)
    with pytest.raises((TypeError, ValueError), match="expected"):
        kind()(torch.zeros(3, 8, 8), gen())
    with pytest.raises(ValueError, match="sigma"):
        degrade.BD(3, sigma=0)
