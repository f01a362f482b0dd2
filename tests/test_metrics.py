"""Known values, agreement with other libraries, weights, sizes and doors."""

import math

import numpy as np
import piq
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import srlab
from srlab import metrics
from srlab.images import luma

ALL = ["mse", "psnr", "ssim", "ms_ssim", "vifp", "psnr_hvs", "psnr_hvs_m"]
SMALLEST = {"ssim": 11, "ms_ssim": 161, "vifp": 41, "psnr_hvs": 8, "psnr_hvs_m": 8}


@pytest.fixture(scope="module")
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """A noisy photograph and the photograph, (1, 3, 203, 251)."""
    y = srlab.photo("chelsea")[..., 40:243, 100:351]
    noise = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    return (y + 0.05 * noise).clamp(0, 1), y


def array(image: torch.Tensor) -> np.ndarray:
    return image[0].permute(1, 2, 0).double().numpy()


def test_an_offset_of_a_tenth_is_twenty_decibels():
    x, y = torch.full((2, 3, 37, 53), 0.6), torch.full((2, 3, 37, 53), 0.5)
    assert metrics.psnr(x, y) == pytest.approx(20, abs=1e-4)
    assert metrics.mse(x, y) == pytest.approx(0.01, abs=1e-7)


def test_black_and_white_are_zero_decibels():
    assert metrics.psnr(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)) == 0


@pytest.mark.parametrize("name", ALL)
def test_equal_images_are_perfect(name, pair):
    best = {"mse": 0, "psnr": math.inf, "psnr_hvs": math.inf, "psnr_hvs_m": math.inf}
    assert getattr(metrics, name)(pair[1], pair[1]) == pytest.approx(best.get(name, 1))


@pytest.mark.parametrize("name", ALL)
def test_more_noise_is_worse(name, pair):
    x, y = pair
    noisier = (y + 2.5 * (x - y)).clamp(0, 1)
    sign = -1 if name == "mse" else 1
    function = getattr(metrics, name)
    assert sign * function(noisier, y) < sign * function(x, y)


@pytest.mark.parametrize("name", ALL)
def test_a_batch_is_the_mean_of_its_images(name, pair):
    x, y = pair
    function = getattr(metrics, name)
    worse = (y + 2 * (x - y)).clamp(0, 1)
    together = function(torch.cat((x, worse)), torch.cat((y, y)))
    assert together == pytest.approx(
        (function(x, y) + function(worse, y)) / 2, rel=1e-5
    )


@pytest.mark.parametrize("name", ALL)
def test_luma_and_border(name, pair):
    x, y = pair
    function = getattr(metrics, name)
    by_hand = function(luma(x)[..., 4:-4, 4:-4], luma(y)[..., 4:-4, 4:-4])
    assert function(x, y, border=4, luma=True) == pytest.approx(by_hand, rel=1e-6)


def test_psnr_agrees_with_scikit_image(pair):
    x, y = pair
    theirs = peak_signal_noise_ratio(array(y), array(x), data_range=1)
    assert metrics.psnr(x, y) == pytest.approx(theirs, abs=1e-4)


def test_ssim_agrees_with_scikit_image(pair):
    x, y = pair
    theirs = structural_similarity(
        array(x),
        array(y),
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
    )
    assert metrics.ssim(x, y) == pytest.approx(theirs, abs=1e-6)


def test_ssim_agrees_with_piq_that_does_not_shrink(pair):
    x, y = pair
    theirs = piq.ssim(x, y, data_range=1.0, downsample=False).item()
    assert metrics.ssim(x, y) == pytest.approx(theirs, abs=1e-5)
    # At this size piq's default does not shrink either; from 384 pixels on it does.


def test_ssim_of_two_constants_is_its_luminance_term():
    x, y = torch.full((1, 1, 16, 16), 0.5), torch.full((1, 1, 16, 16), 0.25)
    expected = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    assert metrics.ssim(x, y) == pytest.approx(expected, abs=1e-5)


def test_the_parts_multiply_to_ssim(pair):
    parts = metrics.ssim_map(*pair)
    product = parts.luminance * parts.contrast * parts.structure
    assert parts.ssim.shape == (1, 3, 193, 241)
    assert torch.allclose(product, parts.ssim, atol=1e-5)
    assert metrics.ssim(*pair) == pytest.approx(parts.ssim.mean().item(), abs=1e-6)


def test_each_part_sees_its_own_change():
    y = srlab.photo("gravel")[..., :96, :96] * 0.5 + 0.2
    shifted = metrics.ssim_map(y + 0.1, y)
    assert shifted.luminance.mean() < 0.99 < shifted.contrast.mean()
    stretched = metrics.ssim_map(y.mean() + 1.4 * (y - y.mean()), y)
    assert stretched.contrast.mean() < 0.97 < stretched.structure.mean()


def test_ssim_map_has_a_gradient_even_where_it_is_flat():
    x = torch.full((1, 1, 16, 16), 0.5, requires_grad=True)
    metrics.ssim_map(x, torch.full((1, 1, 16, 16), 0.4)).ssim.mean().backward()
    assert torch.isfinite(x.grad).all()
    parts = metrics.ssim_map(x, x.detach())
    (parts.contrast.mean() + parts.structure.mean()).backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", ["mse", "psnr", "ssim"])
def test_weights(name, pair):
    x, y = pair
    function = getattr(metrics, name)
    even = torch.ones(1, 1, *x.shape[-2:])
    assert function(x, y, weight=even) == pytest.approx(function(x, y), rel=1e-6)
    assert function(x, y, weight=7 * even) == pytest.approx(function(x, y), rel=1e-6)
    half = even.clone()
    half[..., 120:] = 0
    mended = x.clone()
    mended[..., 130:] = y[..., 130:]
    assert function(x, y, weight=half) == pytest.approx(
        function(mended, y, weight=half), rel=1e-6
    )


def test_a_weight_of_one_pixel_is_that_pixel():
    x, y = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    x[0, 0, 0, 1] = 0.1
    weight = torch.zeros(1, 1, 2, 2)
    weight[0, 0, 0, 1] = 3
    assert metrics.psnr(x, y, weight=weight) == pytest.approx(20, abs=1e-4)


@pytest.mark.parametrize(
    ("weight", "word"),
    [
        (torch.ones(1, 3, 20, 20), "float map"),
        (torch.ones(20, 20), "float map"),
        (np.ones((1, 1, 20, 20)), "float map"),
        (torch.zeros(1, 1, 20, 20), "zero everywhere"),
        (-torch.ones(1, 1, 20, 20), "negative"),
        (torch.full((1, 1, 20, 20), torch.nan), "NaN"),
    ],
)
def test_bad_weights_are_refused(weight, word):
    x = torch.zeros(1, 3, 20, 20)
    with pytest.raises(ValueError, match=word):
        metrics.psnr(x, x + 0.1, weight=weight)


@pytest.mark.parametrize("name", ["ms_ssim", "vifp", "psnr_hvs", "psnr_hvs_m"])
def test_library_measures_refuse_a_weight(name, pair):
    with pytest.raises(TypeError, match="weight"):
        getattr(metrics, name)(*pair, weight=torch.ones(1, 1, 203, 251))


@pytest.mark.parametrize(("name", "smallest"), SMALLEST.items())
def test_the_smallest_size_is_named_and_works(name, smallest):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 1, 3, smallest, smallest, generator=generator)
    function = getattr(metrics, name)
    assert math.isfinite(function(x, y))
    with pytest.raises(ValueError, match=f"at least {smallest} x {smallest}"):
        function(x[..., 1:], y[..., 1:])
    with pytest.raises(ValueError, match=f"at least {smallest}"):
        function(x, y, border=1)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("channels", [1, 3])
def test_odd_sizes_and_grey(name, channels):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 1, channels, 163, 181, generator=generator)
    assert math.isfinite(getattr(metrics, name)(x, y))


@pytest.mark.parametrize("name", ALL)
def test_overshoot_is_let_through_and_255_is_not(name, pair):
    x, y = pair
    assert math.isfinite(getattr(metrics, name)(x + 0.05, y))
    with pytest.raises(ValueError, match="divide"):
        getattr(metrics, name)(x * 255, y)
    with pytest.raises(ValueError, match="differ in shape"):
        getattr(metrics, name)(x[..., 1:], y)
    with pytest.raises(TypeError, match="tensor"):
        getattr(metrics, name)(array(x), y)


def test_hvs_measures_weigh_fine_noise_less():
    """At one MSE the eye's measures forgive fine noise and punish slow waves."""
    y = srlab.photo("china")[..., :400, :400] * 0.8 + 0.1
    column = torch.arange(400)
    fine = 0.04 * (1 - 2.0 * (column % 2)).expand(1, 3, 400, 400)
    slow = 0.04 * torch.sign(torch.sin((column + 0.5) / 4)).expand(1, 3, 400, 400)
    same = metrics.psnr(y + slow, y)
    assert metrics.psnr(y + fine, y) == pytest.approx(same, abs=1e-3)
    assert metrics.psnr_hvs(y + fine, y) > metrics.psnr_hvs(y + slow, y) + 3


def test_masking_hides_an_error_in_texture():
    noise = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(1))
    texture = srlab.photo("gravel")[..., :256, :256] * 0.8 + 0.1
    flat = torch.full_like(texture, 0.5)
    gain = [
        metrics.psnr_hvs_m(y + 0.03 * noise, y) - metrics.psnr_hvs(y + 0.03 * noise, y)
        for y in (texture, flat)
    ]
    assert gain[0] > gain[1] + 3


def test_vifp_is_not_symmetric(pair):
    x, y = pair
    assert abs(metrics.vifp(x, y) - metrics.vifp(y, x)) > 0.01


def test_lpips_without_weights_says_what_to_do(pair, monkeypatch):
    from urllib.error import URLError

    def offline(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(piq, "LPIPS", offline)
    metrics._lpips.cache_clear()
    with pytest.raises(RuntimeError, match="ms_ssim"):
        metrics.lpips(*pair)


def test_importing_the_library_measures_prints_nothing(pair, capsys):
    metrics._hvs_library.cache_clear()
    metrics.psnr_hvs(*pair)
    assert capsys.readouterr().out == ""
