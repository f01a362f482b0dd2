"""imresize: MATLAB's numbers, any size, any kernel, a gradient."""

import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import srlab
from srlab import resample
from srlab.datasets import find
from srlab.images import read, to_uint8
from srlab.resample import KERNELS, Interpolator, imresize, keys, resample_1d


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_interpolate_and_are_even(name):
    kernel = KERNELS[name]
    whole = kernel([0.0, 1.0, 2.0, 3.0])
    assert whole[0] == 1 and whole[1:].abs().max() < 1e-15
    t = torch.linspace(0.01, 3.3, 50, dtype=torch.float64)
    assert torch.allclose(kernel(t), kernel(-t))
    assert kernel([kernel.width / 2 + 1e-9]).abs().max() < 1e-8


@pytest.mark.parametrize("name", ["box", "bilinear", "quadratic", "cubic"])
def test_shifted_kernels_sum_to_one(name):
    t = torch.linspace(0, 1, 21, dtype=torch.float64)[:, None]
    sums = KERNELS[name](t - torch.arange(-4.0, 6.0)).sum(dim=1)
    assert torch.allclose(sums, torch.ones_like(sums))


def test_kernel_values_by_hand():
    assert keys(-0.5)([0.5, 1.5]).tolist() == [0.5625, -0.0625]
    assert keys(-0.75)([0.5, 1.5]).tolist() == [0.59375, -0.09375]
    assert KERNELS["quadratic"]([0.25, 1.0, 1.25]).tolist() == [0.875, 0, -0.0625]
    assert KERNELS["bilinear"]([0.25]).item() == 0.75


def test_halving_weights_are_matlabs():
    weights, indices = resample.contributions(64, 32, 0.5)
    taps = torch.tensor([-3, -9, 29, 111, 111, 29, -9, -3]) / 256.0
    row = weights[10][weights[10] != 0]
    assert torch.allclose(row, taps.to(row), atol=1e-12)
    assert indices[10][weights[10] != 0].tolist() == list(range(17, 25))


def test_borders_are_mirrored_with_the_border_sample_twice():
    x = torch.arange(4.0).view(1, 1, 1, 4)
    y = imresize(x, scale=(1, 2), kernel="bilinear")
    assert torch.allclose(y[0, 0, 0, :3], torch.tensor([0.0, 0.25, 0.75]))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("size", [(1, 1), (5, 90), (37, 53), (40, 17)])
def test_any_size_from_odd_sizes(name, size):
    x = noise(2, 3, 37, 53)
    y = imresize(x, size=size, kernel=name)
    assert y.shape == (2, 3, *size) and torch.isfinite(y).all()
    flat = imresize(torch.full((1, 1, 37, 53), 0.3), size=size, kernel=name)
    assert torch.allclose(flat, torch.full_like(flat, 0.3), atol=1e-6)


def test_one_pixel_can_be_enlarged():
    assert torch.allclose(
        imresize(torch.full((1, 3, 1, 1), 0.7), scale=4), torch.tensor(0.7)
    )


@pytest.mark.parametrize(
    ("scale", "size"), [(1 / 3, (13, 18)), (0.3, (12, 16)), (2.5, (93, 133))]
)
def test_the_size_is_rounded_up(scale, size):
    assert imresize(noise(1, 1, 37, 53), scale=scale).shape[-2:] == size


def test_inside_it_is_torchs_antialiased_bicubic():
    x = noise(1, 3, 96, 128)
    for scale in (0.5, 2.0):
        ours = imresize(x, scale=scale)
        theirs = F.interpolate(x, scale_factor=scale, mode="bicubic", antialias=True)
        m = 8  # torch cuts the kernel at the border, MATLAB mirrors
        inside = (..., slice(m, -m), slice(m, -m))
        assert torch.allclose(ours[inside], theirs[inside], atol=1e-5)


def test_the_smaller_scale_goes_first_as_in_matlab():
    x = to_uint8(noise(1, 1, 40, 40))
    by_rows = imresize(imresize(x, scale=(0.5, 1)), scale=(1, 2))
    assert torch.equal(imresize(x, scale=(0.5, 2)), by_rows)
    by_columns = imresize(imresize(x, scale=(1, 0.5)), scale=(2, 1))
    assert torch.equal(imresize(x, scale=(2, 0.5)), by_columns)


def test_uint8_stays_uint8_and_clamps():
    x = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    x[..., 4:] = 255
    y = imresize(x, scale=2)
    assert y.dtype == torch.uint8 and y.min() == 0 and y.max() == 255
    assert imresize(x.float() / 255, scale=2).max() > 1  # float overshoots


def test_gradient_is_the_transposed_filter():
    x = noise(1, 1, 9, 11).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: imresize(v, scale=0.5), (x,))
    assert torch.autograd.gradcheck(lambda v: imresize(v, size=(13, 7)), (x,))


def test_resample_1d_is_imresize_along_one_axis():
    samples = noise(24)
    for name in ("bilinear", "quadratic", "cubic", "lanczos3"):
        u = (torch.arange(72, dtype=torch.float64) + 0.5) / 3 - 0.5
        ours = resample_1d(samples, u, name)
        theirs = imresize(samples.view(1, 1, 1, -1), scale=(1, 3), kernel=name)
        assert torch.allclose(ours, theirs.flatten(), atol=1e-6)


def test_interpolator_is_a_restorer():
    x = srlab.photo("rocket")[..., :40, :60]
    y = Interpolator(3)(x)
    assert y.shape == (1, 3, 120, 180) and y.min() >= 0 and y.max() <= 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "either scale or size"),
        ({"scale": 2, "size": (4, 4)}, "either scale or size"),
        ({"scale": 0}, "above 0"),
        ({"scale": float("nan")}, "above 0"),
        ({"scale": (1, 2, 3)}, "above 0"),
        ({"size": (0, 4)}, "at least 1"),
        ({"size": (4.5, 4)}, "whole"),
        ({"scale": 1e5}, "more than"),
        ({"scale": 2, "kernel": "bicubicest"}, "lanczos3"),
    ],
)
def test_senseless_arguments_are_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        imresize(noise(1, 1, 8, 8), **arguments)


def test_bad_tensors_are_refused():
    with pytest.raises(TypeError, match="tensor"):
        imresize([[1.0]], scale=2)
    with pytest.raises(TypeError, match="int64"):
        imresize(torch.ones(1, 1, 4, 4, dtype=torch.int64), scale=2)
    with pytest.raises(ValueError, match="batch axis"):
        imresize(torch.ones(4, 4), scale=2)
    with pytest.raises(ValueError, match="NaN"):
        imresize(torch.full((1, 1, 4, 4), torch.nan), scale=2)


MATLAB = find("Set5_matlab_lr") if os.environ.get("SRLAB_DATA") else None


@pytest.mark.skipif(MATLAB is None, reason="no local copy of the set Set5_matlab_lr")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bit_exact_with_matlab(scale):
    folder = Path(MATLAB) / f"x{scale}"
    pairs = sorted((folder / "HR").iterdir())
    assert len(pairs) == 5
    for path in pairs:
        hr, lr = to_uint8(read(path)), to_uint8(read(folder / "LR" / path.name))
        assert torch.equal(imresize(hr, scale=1 / scale), lr), path.name
