# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pipelines: what they draw, what they do with it, and that they repeat themselves."""

import math
from dataclasses import FrozenInstanceError, replace

import pytest
import torch

import srlab
from srlab import degrade
from srlab.degrade import Blur, Compress, EitherOrder, Fit, Noise, Pipeline, Resize
from srlab.images import from_uint8, to_uint8

PIPELINES = [degrade.first_order, degrade.real_esrgan]


def gen(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=gen())


@pytest.fixture(scope="module")
def hr() -> torch.Tensor:
    names = ("astronaut", "chelsea", "coffee", "china")
    return torch.cat([srlab.photo(n)[..., 100:260, 150:310] for n in names])


@pytest.mark.parametrize("make", PIPELINES)
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_range_and_grid(make, scale, channels):
    x = noise(3, channels, 24, 36)
    for seed in range(4):
        y = make(scale)(x, gen(seed))
        assert y.shape == (3, channels, 24 // scale, 36 // scale)
        assert y.dtype == torch.float32
        assert torch.equal(y, from_uint8(to_uint8(y)))


@pytest.mark.parametrize("make", PIPELINES)
def test_the_smallest_images(make):
    for seed in range(6):
        assert make(4)(noise(2, 3, 4, 4), gen(seed)).shape == (2, 3, 1, 1)
        assert make(1)(noise(2, 3, 1, 1), gen(seed)).shape == (2, 3, 1, 1)
        assert make(4)(noise(1, 3, 4, 20), gen(seed)).shape == (1, 3, 1, 5)


@pytest.mark.parametrize("make", PIPELINES)
def test_the_same_bytes_on_one_and_on_two_threads(make, hr):
    """Twenty seeds, so that each stage's every way is gone."""
    before, results = torch.get_num_threads(), {}
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            lr = [to_uint8(make(4)(hr, gen(seed))) for seed in range(20)]
            results.setdefault(threads, []).append(lr)
    finally:
        torch.set_num_threads(before)
    (one,), (two, again) = results[1], results[2]
    for a, b, c in zip(one, two, again, strict=True):
        assert torch.equal(a, b) and torch.equal(b, c)
    assert not torch.equal(one[0], one[1])


def test_each_image_has_its_own_noise(hr):
    y = degrade.first_order(4)(hr[:1].repeat(4, 1, 1, 1), gen())
    assert all(not torch.equal(y[0], y[i]) for i in (1, 2, 3))


def test_trace_is_the_call_step_by_step(hr):
    pipeline = degrade.real_esrgan(4)
    for seed in range(4):
        steps = pipeline.trace(hr, gen(seed))
        names = [name for name, _ in steps]
        assert names[0] == "HR" and names[-1] == "LR" and len(names) == 12
        turned = pipeline.sample(4, gen(seed))["order"]["turned"][0]
        assert names.index("JPEG 2") == (8 if turned else 10)
        assert torch.equal(steps[0][1], hr)
        assert torch.equal(steps[-1][1], pipeline(hr, gen(seed)))


def test_a_draw_can_be_kept_and_used_again(hr):
    pipeline = degrade.real_esrgan(4)
    drawn = pipeline.sample(4, gen(1))
    a, b = (pipeline.apply(hr, drawn, gen(2)) for _ in range(2))
    assert torch.equal(a, b)
    assert not torch.equal(a, pipeline.apply(hr, drawn, gen(3)))  # other noise
    swapped = pipeline.swapped("noise 1", "blur 1")
    assert [s.name for s in swapped.stages][:3] == ["noise 1", "resize 1", "blur 1"]
    assert not torch.equal(a, swapped.apply(hr, drawn, gen(2)))
    assert swapped.swapped("blur 1", "noise 1") == pipeline


def test_a_stage_does_what_was_drawn(hr):
    """By hand, in the first order's words: blur, fit, noise, JPEG."""
    pipeline = degrade.first_order(4)
    drawn = pipeline.sample(4, gen(5))
    names = [stage.name for stage in pipeline.stages]
    assert names == list(drawn) == ["blur", "fit", "noise", "JPEG"]
    x = degrade.blur(hr, pipeline.stages[0].kernels(drawn["blur"]))
    x = degrade.resize(x, (40, 40), degrade.MODES[drawn["fit"]["mode"][0]])
    noises, generator = drawn["noise"], gen(6)
    parts = torch.empty_like(x)
    for function, which, strength in (
        (degrade.gaussian_noise, noises["gaussian"], noises["sigma"]),
        (degrade.poisson_noise, ~noises["gaussian"], noises["scale"]),
    ):
        if which.any():
            parts[which] = function(
                x[which], strength[which], generator, noises["grey"][which]
            )
    x = degrade.diff_jpeg(parts, drawn["JPEG"]["quality"])
    assert torch.equal(pipeline.apply(hr, drawn, gen(6)), from_uint8(to_uint8(x)))


def test_kernels_of_a_draw_are_those_of_the_equations():
    stage = Blur(probability=0.7, sinc=0.4)
    drawn = stage.sample(200, gen())["blur"]
    kernels = stage.kernels(drawn)
    assert kernels.shape == (200, 21, 21)
    for i in range(200):
        one = {name: values[i].item() for name, values in drawn.items()}
        if not one["on"]:
            expected = degrade.kernels.pulse(21)
        elif one["sinc"]:
            expected = degrade.kernels.sinc(one["size"], one["cutoff"], to=21)
        else:
            kind = degrade.KINDS[one["kind"]]
            bell = "plateau" if "plateau" in kind else "generalised"
            assert ("anisotropic" in kind) == (one["sigma_x"] != one["sigma_y"])
            assert kind.startswith(("gen", "plat")) or one["beta"] == 1
            names = ("size", "sigma_x", "sigma_y", "angle", "beta")
            expected = getattr(degrade.kernels, bell)(*(one[n] for n in names), to=21)
        assert torch.equal(kernels[i], expected)


def test_it_is_a_value_that_draws_itself():
    pipeline = degrade.real_esrgan(4)
    assert pipeline == degrade.real_esrgan(4) and hash(pipeline) is not None
    with pytest.raises(FrozenInstanceError):
        pipeline.scale = 2
    text = str(pipeline)
    for words in (
        "Real-ESRGAN x4",
        "blur 1    7..21 taps, sigma 0.2..3; sinc 10%",
        "up 20% to 1.5, down 70% to 0.15, keep 10%",
        "Gaussian 50% sigma 1..30, Poisson 50% scale 0.05..3; grey 40%",
        "blur 2    7..21 taps, sigma 0.2..1.5; sinc 10%; 80% of images",
        "up 30% to 1.2, down 40% to 0.3, keep 30% (of the LR size)",
        "50% fit, sinc, JPEG 2; 50% JPEG 2, fit, sinc",
        "LR   (B, C, H/4, W/4), 8 bits",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 88


def test_double_precision_half_precision_and_gradients():
    pipeline, x = degrade.real_esrgan(2), noise(2, 3, 16, 16)
    assert pipeline(x.double(), gen()).dtype == torch.float64
    assert pipeline(x.half(), gen()).dtype == torch.float32
    assert not pipeline(x.requires_grad_(), gen()).requires_grad


def test_autocast_changes_nothing(hr):
    pipeline = degrade.real_esrgan(4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = pipeline(hr, gen())
    assert torch.equal(inside, pipeline(hr, gen()))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda p: p(noise(1, 3, 10, 12), gen()), ValueError, "multiple of 4"),
        (lambda p: p(noise(3, 12, 12), gen()), ValueError, "expected"),
        (lambda p: p(noise(1, 3, 12, 12) * 255, gen()), ValueError, r"\[0, 1\]"),
        (lambda p: p(noise(1, 3, 12, 12), 0), TypeError, "Generator"),
        (lambda p: p.sample(0, gen()), ValueError, "count"),
        (lambda p: p.swapped("blur 1", "haze"), ValueError, "no such pair"),
        (lambda p: replace(p, scale=0), ValueError, "scale"),
        (lambda p: replace(p, stages=p.stages[:7]), ValueError, "must be a Fit"),
        (lambda p: p.swapped("resize 2", "order"), ValueError, "must be a Fit"),
        (lambda p: Pipeline((Fit(), Fit())), ValueError, "one name"),
        (
            lambda p: Pipeline((EitherOrder((Fit("a"),), (Fit("a"),)),)),
            ValueError,
            "on",
        ),
        (lambda p: Blur(kinds=(0.5,) * 6), ValueError, "sum to 1"),
        (lambda p: Blur(sigma=(3.0, 0.2)), ValueError, "a <= b"),
        (lambda p: Noise(grey=1.5), ValueError, "probabilities"),
        (lambda p: Resize(down=(0.0, 1.0)), ValueError, "range"),
        (lambda p: Resize(modes=("lanczos",)), ValueError, "modes"),
        (lambda p: Fit(modes=()), ValueError, "modes"),
        (lambda p: Compress(quality=(30.0, 300.0)), ValueError, "range"),
        (lambda p: degrade.Sinc(cutoff=(1.0, 4.0)), ValueError, "range"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, error, says):
    with pytest.raises(error, match=says):
        call(degrade.real_esrgan(4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_it_stays_there_and_repeats(hr):
    pipeline = degrade.real_esrgan(4)
    a, b = (pipeline(hr.cuda(), gen()) for _ in range(2))
    assert a.is_cuda and torch.equal(a, b)
    near = pipeline(hr, gen())  # other noise fields, the same parameters
    assert (a.cpu().mean((2, 3)) - near.mean((2, 3))).abs().max() < 0.05


def test_pi_is_the_highest_cutoff_there_is():
    assert degrade.Sinc().cutoff == (math.pi / 3, math.pi)
