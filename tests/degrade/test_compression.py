# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The differentiable JPEG beside real files; its gradient; odd sizes."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import srlab
from srlab import degrade
from srlab.degrade.compression import _basis, _quantisers
from srlab.images import luma, round8
from srlab.metrics import psnr

PHOTOS = ("astronaut", "chelsea", "coffee", "motorcycle")


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("quality", [1, 5, 10, 30, 50, 75, 90, 95, 100])
def test_within_a_third_of_a_decibel_of_the_real_file(name, quality):
    x = srlab.photo(name)[..., 40:237, 90:301]  # 197 x 211: no multiple of 16
    real, ours = degrade.jpeg(x, quality), degrade.diff_jpeg(x, quality)
    assert abs(psnr(real, x) - psnr(ours, x)) < 0.3
    assert psnr(real, ours) > psnr(real, x) + 3  # and it is much the same picture
    grey, quality = round8(luma(x)), min(quality, 98)  # see diff_jpeg
    real, ours = degrade.jpeg(grey, quality), degrade.diff_jpeg(grey, quality)
    assert abs(psnr(real, grey) - psnr(ours, grey)) < 0.3


def test_the_tables_are_those_in_pillows_files():
    for quality in (1, 10, 33, 50, 77, 95, 100):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        tables = Image.open(file).quantization
        for ours, theirs in zip(
            _quantisers(torch.tensor([quality])), (0, 1), strict=True
        ):
            assert ours[0].tolist() == list(tables[theirs])


def test_the_real_one_is_the_codecs_own_file():
    x = srlab.photo("coffee")[..., 100:150, 200:263]
    codec = srlab.codecs.JPEG(40)
    assert torch.equal(degrade.jpeg(x, 40), codec.decode(codec.encode(x)))


def test_each_image_has_its_own_quality():
    x = srlab.photo("chelsea")[..., 40:104, 100:164].repeat(3, 1, 1, 1)
    quality = torch.tensor([10.0, 50.5, 95.0])
    y = degrade.diff_jpeg(x, quality)
    for i in range(3):
        one = degrade.diff_jpeg(x[i : i + 1], quality[i].item())
        assert (y[i : i + 1] - one).abs().max() < 0.02  # ties may round the other way
    errors = (y - x).square().mean(dim=(1, 2, 3)).tolist()
    assert errors == sorted(errors, reverse=True)


def test_the_result_is_on_the_grid_and_the_gradient_is_there():
    x = srlab.photo("chelsea")[..., 40:77, 100:153].clone().requires_grad_()
    y = degrade.diff_jpeg(x, 50.0)
    levels = y.detach() * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    y.square().sum().backward()
    assert x.grad.isfinite().all() and x.grad.abs().mean() > 0.1
    grey = luma(x.detach()).requires_grad_()
    degrade.diff_jpeg(grey, 50.0).sum().backward()
    # a blockwise orthogonal transform there and back: the gradient of a sum is one
    assert grey.grad[..., :32, :48].mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 16), (17, 33)])
@pytest.mark.parametrize("channels", [1, 3])
def test_odd_sizes_and_flat_pictures(size, channels):
    x = torch.full((2, channels, *size), 100 / 255)
    for function in (degrade.jpeg, degrade.diff_jpeg):
        y = function(x, 90)
        assert y.shape == x.shape and (y - x).abs().max() < 2 / 255
    overshoot = x + 0.7
    assert degrade.diff_jpeg(overshoot, 95).max() <= 1


@pytest.mark.parametrize("function", [degrade.jpeg, degrade.diff_jpeg])
@pytest.mark.parametrize("quality", [0, 101, np.nan, torch.ones(3), "best", None])
def test_bad_qualities_are_refused(function, quality):
    with pytest.raises(ValueError, match="quality"):
        function(torch.zeros(2, 3, 8, 8), quality)


def test_a_fraction_of_a_quality_lies_between_its_neighbours():
    x = srlab.photo("coffee")[..., :128, :128]
    low, middle, high = (
        (degrade.jpeg(x, q) - x).square().mean() for q in (50, 52.5, 55)
    )
    assert high < middle < low


def test_the_gradient_survives_an_earlier_inference_mode():
    _basis.cache_clear()
    x = torch.full((1, 3, 16, 16), 0.4)
    with torch.inference_mode():
        degrade.diff_jpeg(x, 50)
    degrade.diff_jpeg(x.requires_grad_(), 50).sum().backward()
    assert x.grad.isfinite().all()
