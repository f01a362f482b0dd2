# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Kernels against their equations, evaluated tap by tap with plain Python numbers."""

import math

import numpy as np
import pytest
import torch
from scipy.special import j1

from srlab.degrade import kernels

SHAPES = [(7, 0.4, 2.0, 0.7, 0.6), (21, 3.0, 1.1, -2.4, 3.3), (13, 1.5, 1.5, 0.0, 1.0)]


def quadratic_form(x, y, sigma_x, sigma_y, angle):
    """c^T Sigma^-1 c with the matrix written out and inverted."""
    turn = np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    sigma = turn @ np.diag([sigma_x**2, sigma_y**2]) @ turn.T
    c = np.array([x, y])
    return float(c @ np.linalg.inv(sigma) @ c)


def by_taps(size, value):
    """The kernel (size, size) from value(x, y), x to the right and y downward."""
    half = size // 2
    kernel = np.array(
        [[value(x - half, y - half) for x in range(size)] for y in range(size)]
    )
    return kernel / kernel.sum()


@pytest.mark.parametrize("shape", SHAPES)
def test_generalised_plateau_and_anisotropic_are_their_equations(shape):
    size, sigma_x, sigma_y, angle, beta = shape
    q = lambda x, y: quadratic_form(x, y, sigma_x, sigma_y, angle)  # noqa: E731
    for kernel, value in (
        (kernels.generalised(*shape), lambda x, y: math.exp(-0.5 * q(x, y) ** beta)),
        (kernels.plateau(*shape), lambda x, y: 1 / (1 + q(x, y) ** beta)),
        (kernels.anisotropic(*shape[:4]), lambda x, y: math.exp(-0.5 * q(x, y))),
    ):
        assert kernel.dtype == torch.float32
        assert np.abs(kernel.numpy() - by_taps(size, value)).max() < 1e-7


@pytest.mark.parametrize(("size", "sigma"), [(1, 1.0), (7, 0.2), (21, 3.0)])
def test_isotropic_is_its_equation(size, sigma):
    expected = by_taps(size, lambda x, y: math.exp(-(x * x + y * y) / (2 * sigma**2)))
    assert np.abs(kernels.isotropic(size, sigma).numpy() - expected).max() < 1e-7


@pytest.mark.parametrize(("size", "cutoff"), [(7, math.pi / 3), (21, 0.7), (13, 3.14)])
def test_sinc_is_its_equation(size, cutoff):
    def value(x, y):
        r = math.hypot(x, y)
        if r == 0:
            return cutoff**2 / (4 * math.pi)
        return cutoff / (2 * math.pi * r) * j1(cutoff * r)

    expected = by_taps(size, value)
    assert np.abs(kernels.sinc(size, cutoff).numpy() - expected).max() < 1e-7


def test_a_sinc_lets_low_frequencies_through_and_stops_high_ones():
    kernel = kernels.sinc(21, math.pi / 2)
    response = torch.fft.fft2(kernel, s=(64, 64)).abs()[0, :33]  # along x, 0 .. pi
    assert response[:14].min() > 0.85 and response[18:].max() < 0.08
    assert kernel.min() < 0 < kernels.isotropic(21, 2.0).min()


def test_the_angle_turns_from_x_to_y_which_points_down():
    kernel = kernels.anisotropic(9, 3.0, 0.7, math.pi / 4)
    assert kernel[6, 6] > 10 * kernel[2, 6]  # lower right, not upper right
    flat = kernels.anisotropic(9, 3.0, 0.7)
    assert flat[4, 7] > 10 * flat[7, 4]  # along the row


def test_all_are_even_and_sum_to_one():
    for kernel in (
        kernels.anisotropic(11, 2.0, 0.8, 0.4),
        kernels.plateau(11, 2.0, 0.8, 0.4, 1.7),
        kernels.sinc(11, 1.2),
        kernels.pulse(11),
    ):
        assert kernel.sum().item() == pytest.approx(1, abs=1e-6)
        assert torch.allclose(kernel, kernel.flip(0, 1), atol=1e-9)


def test_a_batch_is_its_members_padded_to_one_size():
    size, sigma = torch.tensor([7, 13, 21]), torch.tensor([0.5, 2.0, 3.0])
    batch = kernels.isotropic(size, sigma, to=21)
    assert batch.shape == (3, 21, 21)
    for kernel, n, s in zip(batch, size.tolist(), sigma.tolist(), strict=True):
        one = kernels.isotropic(n, s, to=21)
        assert torch.equal(kernel, one) and one.count_nonzero() <= n * n
        edge = (21 - n) // 2
        inner = one[edge : 21 - edge, edge : 21 - edge]
        assert torch.equal(inner, kernels.isotropic(n, s))
    mixed = kernels.bells(torch.tensor([False, True]), 9, 1.5, 0.7, 0.3, 1.4)
    assert torch.equal(mixed[0], kernels.generalised(9, 1.5, 0.7, 0.3, 1.4))
    assert torch.equal(mixed[1], kernels.plateau(9, 1.5, 0.7, 0.3, 1.4))


def test_extreme_widths_are_a_pulse_and_a_box():
    assert torch.equal(kernels.isotropic(7, 1e-3), kernels.pulse(7))
    assert torch.allclose(kernels.isotropic(7, 1e5), torch.full((7, 7), 1 / 49))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: kernels.isotropic(8, 1.0), "odd"),
        (lambda: kernels.isotropic(0, 1.0), "odd"),
        (lambda: kernels.isotropic(7, 0.0), "sigma_x must be above 0"),
        (lambda: kernels.isotropic(7, math.nan), "finite"),
        (lambda: kernels.isotropic(7, "wide"), "must be numbers"),
        (lambda: kernels.isotropic(21, 1.0, to=7), "does not fit"),
        (lambda: kernels.isotropic(7, 1.0, to=8), "odd"),
        (lambda: kernels.plateau(7, 1.0, 1.0, beta=-1.0), "beta"),
        (lambda: kernels.sinc(7, 4.0), "at most 3.142"),
        (lambda: kernels.anisotropic(7, torch.ones(2), torch.ones(3)), "lengths"),
        (lambda: kernels.isotropic(7, torch.ones(2, 2)), r"\(B,\)"),
        (lambda: kernels.pulse(4), "odd"),
    ],
)
def test_senseless_kernels_are_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
