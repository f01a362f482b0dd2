# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Convolution against a sum over taps; the sharpening; sizes down to one pixel."""

import math

import pytest
import torch
import torch.nn.functional as F

import srlab
from srlab import degrade
from srlab.degrade import kernels
from srlab.degrade.filters import reflect


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def direct(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """One image (C, H, W): the sum over taps in float64, for images above k // 2."""
    r = len(kernel) // 2
    padded = F.pad(image[None].double(), (r,) * 4, mode="reflect")
    taps = kernel.double().flip(0, 1)[None, None]
    return F.conv2d(padded.transpose(0, 1), taps).transpose(0, 1)[0]


@pytest.mark.parametrize("size", [(37, 53), (24, 24), (90, 31)])
@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_meets_its_own_kernel(size, channels):
    x = noise(5, channels, *size)
    kernel = torch.stack(
        [
            kernels.pulse(21),
            kernels.isotropic(21, 0.4),
            kernels.isotropic(7, 1.0, to=21),
            kernels.anisotropic(21, 4.0, 0.5, 0.6),
            kernels.sinc(21, math.pi / 3),
        ]
    )
    y = degrade.blur(x, kernel)
    assert y.shape == x.shape and y.dtype == torch.float32
    for i in range(5):
        assert (y[i] - direct(x[i], kernel[i])).abs().max() < 2e-6


def test_a_point_of_light_becomes_the_kernel_and_not_its_mirror():
    kernel = torch.zeros(15, 15)
    kernel[2, 3], kernel[7, 7] = 0.25, 0.75  # no symmetry at all
    point = torch.zeros(1, 3, 31, 31)
    point[..., 15, 15] = 1
    y = degrade.blur(point, kernel)[0, 0, 8:23, 8:23]
    assert torch.allclose(y, kernel, atol=1e-6)
    small = kernel[2:13, 3:14] / kernel[2:13, 3:14].sum()  # 11 taps: the direct way
    y = degrade.blur(point, small)[0, 0, 10:21, 10:21]
    assert torch.allclose(y, small, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2), (11, 10)])
def test_images_smaller_than_the_kernel(size):
    flat = torch.full((2, 3, *size), 0.3)
    for kernel in (kernels.isotropic(51, 8.0), kernels.isotropic(5, 1.0)):
        assert torch.allclose(degrade.blur(flat, kernel), flat, atol=1e-6)
    assert torch.allclose(degrade.usm_sharpen(flat), flat, atol=1e-6)


def test_mirroring_is_torchs_and_goes_on_beyond_it():
    x = noise(1, 1, 4, 5)
    assert torch.equal(reflect(x, 3), F.pad(x, (3,) * 4, mode="reflect"))
    far = reflect(x, 9)
    assert torch.equal(far[..., 6:-6, 6:-6], reflect(x, 3))
    assert torch.equal(far[..., :, 0:9], far[..., :, 8:17])  # the period is 2 * 5 - 2
    assert torch.equal(reflect(x[..., :1, :1], 2), x[..., :1, :1].expand(1, 1, 5, 5))


def test_the_gradient_of_a_blur_is_the_blur_of_the_gradient():
    x = noise(1, 1, 12, 13).double().requires_grad_()
    for size in (5, 15):
        kernel = kernels.isotropic(size, 1.3).double()
        assert torch.autograd.gradcheck(lambda v: degrade.blur(v, kernel), x)  # noqa: B023


def test_sharpening_acts_at_edges_and_leaves_soft_texture_alone():
    step = torch.full((1, 3, 96, 96), 0.3)
    step[..., 48:] = 0.7
    sharp = degrade.usm_sharpen(step)
    assert sharp[..., 47].max() < 0.25 and sharp[..., 48].min() > 0.75
    assert sharp.min() >= 0 and sharp.max() <= 1
    soft = 0.5 + 0.02 * noise(1, 3, 64, 64)  # below the threshold of 10 / 255
    assert torch.equal(degrade.usm_sharpen(soft), soft)
    photo = srlab.photo("chelsea")[..., 40:168, 100:228]
    energy = lambda v: (v - degrade.blur(v, kernels.isotropic(9, 1.5))).square().mean()  # noqa: E731
    assert energy(degrade.usm_sharpen(photo)) > 1.2 * energy(photo)


@pytest.mark.parametrize(
    "kernel",
    [
        torch.ones(4, 4) / 16,
        torch.ones(3, 5) / 15,
        torch.ones(3, 3, 3) / 9,
        torch.ones(3, 3, dtype=torch.long),
        "wide",
        None,
    ],
)
def test_what_is_no_kernel_is_refused(kernel):
    with pytest.raises(ValueError, match="kernel must be float"):
        degrade.blur(torch.zeros(2, 3, 8, 8), kernel)


@pytest.mark.parametrize("image", [None, torch.zeros(3, 8, 8), torch.zeros(1, 2, 8, 8)])
def test_what_is_no_image_is_refused(image):
    with pytest.raises((TypeError, ValueError), match="expected"):
        degrade.blur(image, kernels.pulse(3))
    with pytest.raises((TypeError, ValueError), match="expected"):
        degrade.usm_sharpen(image)


def test_what_is_learned_through_is_what_is_measured():
    """The transforms that carry a gradient give the values of those that do not."""
    image = torch.rand(3, 3, 37, 50, generator=torch.Generator().manual_seed(0))
    kernel = torch.rand(3, 13, 13, generator=torch.Generator().manual_seed(1)) / 100
    plain = degrade.blur(image, kernel)
    learned = degrade.blur(image.clone().requires_grad_(), kernel)
    assert learned.requires_grad and not plain.requires_grad
    assert torch.allclose(plain, learned, atol=1e-6)
    assert torch.equal(plain[1], degrade.blur(image[1:2], kernel[1:2])[0])
