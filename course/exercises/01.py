# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Notebook 01, images and metrics: exercises, quiz, questions to the room."""

import math

import torch

import srlab
from srlab.classroom import Ask, Differs, Exercise, Question, close


def _call(fn, *images):
    """fn of copies of the images; they must be the same when it returns."""
    given = [image.clone() for image in images]
    got = fn(*given)
    if not all(map(torch.equal, given, images)):
        raise Differs("your function has changed its arguments: work on copies.")
    return got


# --- 1.1: PSNR from its definition -----------------------------------------------


def psnr_by_hand(x: torch.Tensor, y: torch.Tensor) -> float:
    """x, y: (1, C, H, W) in [0, 1] -> dB."""
    error = ((x.double() - y.double()) ** 2).mean().item()
    return math.inf if error == 0 else 10 * math.log10(1 / error)


def check_1_1(fn) -> str:
    generator = torch.Generator().manual_seed(1)
    grey = torch.full((1, 1, 20, 30), 0.4)
    what = "the PSNR of an offset of 0.1"
    close(_call(fn, grey + 0.1, grey), 20.0, what, rtol=1e-4)
    x = torch.rand((1, 3, 20, 30), generator=generator)
    y = torch.rand((1, 3, 20, 30), generator=generator)
    what = "the PSNR of two colour images"
    close(_call(fn, x, y), psnr_by_hand(x, y), what, rtol=1e-4)
    y = x.clone()
    y[:, :, :10] += 0.05
    what = "the PSNR where half of the pixels are wrong"
    close(_call(fn, y, x), psnr_by_hand(y, x), what, rtol=1e-4)
    small = 0.4 + 0.1 * x[:, :, :7, :9]
    nearly = small + 1e-6
    what = "the PSNR of two small images that hardly differ"
    try:
        close(_call(fn, nearly, small), psnr_by_hand(nearly, small), what, rtol=1e-4)
    except Differs as error:
        raise Differs(f"{error} They are not equal.") from None
    limit = (
        "think of what the formula tends to when the error gets smaller and smaller."
    )
    try:
        equal = fn(x, x.clone())
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise Differs(
            f"two equal images raise {type(error).__name__}; {limit}"
        ) from None
    try:
        equal = float(equal)
    except (TypeError, ValueError):
        raise Differs(f"two equal images do not give a number; {limit}") from None
    if math.isfinite(equal):
        raise Differs(f"two equal images give a finite number; {limit}")
    if equal != math.inf:
        what = "nan" if math.isnan(equal) else "the wrong end of the scale"
        raise Differs(f"two equal images give {what}; {limit}")
    return "A few lines, and the number that every table of this field is made of."


# --- 1.2: half of the light ------------------------------------------------------


def half_light(image: torch.Tensor) -> torch.Tensor:
    """image: (1, 3, H, W), sRGB in [0, 1] -> sRGB that sends half of the light."""
    light = torch.where(
        image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4
    )
    light = light / 2
    return torch.where(
        light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
    )


def _refuse_a_plain_power(got, ramp: torch.Tensor) -> None:
    """((image**g) / 2) ** (1 / g) is image * 2 ** (-1 / g): one factor for all."""
    if not isinstance(got, torch.Tensor) or got.shape != ramp.shape:
        return
    factor = got.max() / ramp.max()
    if 0.7 < factor < 0.76 and (got - factor * ramp).abs().max() < 1e-3:
        raise Differs(
            "this is close, but sRGB is not a plain power, which only multiplies all"
            " levels by one factor: section 1.2 has its curve."
        )


def check_1_2(fn) -> str:
    ramp = torch.linspace(0, 1, 256).view(1, 1, 1, 256).expand(1, 3, 2, 256)
    _refuse_a_plain_power(_call(fn, ramp), ramp)
    white = torch.ones(1, 3, 4, 5)
    what = "your picture of half of the light of white"
    close(_call(fn, white), half_light(white), what, rtol=0, atol=2e-3)
    what = "the answer for all 256 grey levels"
    close(_call(fn, ramp), half_light(ramp), what, rtol=0, atol=2e-3)
    photo = srlab.photo("coffee")[:, :, ::8, ::8]
    close(_call(fn, photo), half_light(photo), "the coffee", rtol=0, atol=2e-3)
    dark, what = photo / 2, "a dark coffee, which has no white in it,"
    close(_call(fn, dark), half_light(dark), what, rtol=0, atol=2e-3)
    return (
        "A camera calls this one stop less. White goes down by 67 levels of 255 only,"
        " because the numbers are not light."
    )


# --- 1.3: three images against the triangle inequality ---------------------------


def three_images() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Three images a, b, c in [0, 1] with MSE(a, c) > MSE(a, b) + MSE(b, c)."""
    a = torch.zeros(1, 1, 8, 8)
    c = torch.ones(1, 1, 8, 8)
    return a, (a + c) / 2, c


def check_1_3(fn) -> str:
    found = fn()
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        raise Differs("the function should return three images: `return a, b, c`.")
    for name, image in zip("abc", found, strict=True):
        try:
            srlab.images.check_image(image, f"the image {name}")
        except (TypeError, ValueError) as error:
            raise Differs(f"{error}.") from None
        if image.min() < 0 or image.max() > 1:
            raise Differs(
                f"the image {name} leaves the range [0, 1]; an image has no value"
                " above white."
            )
    a, b, c = found
    if not a.shape == b.shape == c.shape:
        raise Differs("the three images have different shapes.")
    straight = srlab.metrics.mse(a, c)
    detour = srlab.metrics.mse(a, b) + srlab.metrics.mse(b, c)
    if straight == 0:
        raise Differs("the images a and c are equal, so the straight way has length 0.")
    if straight <= detour * (1 + 1e-9):
        raise Differs(
            "these three keep the inequality: the detour over b is not shorter than"
            " the straight way from a to c."
        )
    return (
        f"The detour has {100 * detour / straight:.0f} % of the length of the straight"
        " way. No distance allows that, so MSE is not a metric."
    )


# --- 1.4: climb SSIM, keep the MSE -----------------------------------------------


def climb(y: torch.Tensor, x: torch.Tensor, steps: int = 60) -> torch.Tensor:
    """y: a distorted copy of x, (1, 1, H, W) -> an image, same MSE, higher SSIM."""
    error = y - x
    size = (error**2).mean()  # the MSE to keep
    for _ in range(steps):
        error.requires_grad_(True)
        score = srlab.metrics.ssim_map(x + error, x).ssim.mean()
        (gradient,) = torch.autograd.grad(score, error)
        with torch.no_grad():
            error = error + 0.01 * gradient / gradient.std()  # a step uphill
            error = error * (size / (error**2).mean()).sqrt()  # back to the MSE
            error = (x + error).clamp(0, 1) - x  # back to an image
    return x + error


def _noisy_crop() -> tuple[torch.Tensor, torch.Tensor]:
    x = srlab.images.luma(srlab.photo("chelsea"))[:, :, 100:196, 140:268]
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(4))
    return (x + 0.06 * noise).clamp(0, 1), x


def check_1_4(fn) -> str:
    y, x = _noisy_crop()
    z = _call(fn, y, x)
    if not isinstance(z, torch.Tensor) or z.shape != x.shape:
        raise Differs("the result should be one image of the shape of x.")
    try:
        srlab.images.check_image(z, "your image")
    except (TypeError, ValueError) as error:
        raise Differs(f"{error}.") from None
    z = z.detach()
    if z.min() < -1e-6 or z.max() > 1 + 1e-6:
        raise Differs("your image leaves the range [0, 1].")
    ratio = srlab.metrics.mse(z, x) / srlab.metrics.mse(y, x)
    if abs(ratio - 1) > 0.01:
        side = "larger" if ratio > 1 else "smaller"
        raise Differs(f"the MSE changed: it is {side} than before by over 1 %.")
    before, after = srlab.metrics.ssim(y, x), srlab.metrics.ssim(z, x)
    if after < before:
        raise Differs("SSIM went down: you walk against the gradient, not along it.")
    if after < before + 0.1:
        raise Differs(
            f"SSIM rose by {after - before:.3f}; a rise of 0.1 or more is possible at"
            " this MSE: take more steps, or larger ones."
        )
    rose = f"SSIM rose from {before:.2f} to {after:.2f} at the same MSE."
    error = z - x
    if error.mean().square() > 0.9 * error.square().mean():
        return (
            f"{rose} A change of brightness, and no gradient: SSIM hardly sees it."
            " Where will the gradient put the error? Try that too."
        )
    return f"{rose} Now look at the picture: where did the error go?"


EXERCISES = {
    "1.1": Exercise(
        title="PSNR from its definition",
        check=check_1_1,
        hints=(
            "Two steps: first the mean of the squared differences over all pixels and"
            " channels, then its logarithm.",
            "The peak is 1, so the ratio is 1 / MSE. `math.log10` is the logarithm to"
            " base 10; decibels are ten times it.",
            "`error = (x - y).square().mean().item()`. When `error` is 0 return"
            " `math.inf`, else `10 * math.log10(1 / error)`.",
        ),
        solution=psnr_by_hand,
    ),
    "1.2": Exercise(
        title="Half of the light",
        check=check_1_2,
        hints=(
            "Dividing the numbers by two does not halve the light. In which of the two"
            " worlds, numbers or light, does dividing by two mean what you want?",
            "Section 1.2 has one function from numbers to light and one back.",
            "Three steps: `to_light`, divide by two, `to_srgb`. The functions take the"
            " whole image at once: `to_light(image)`.",
        ),
        solution=half_light,
    ),
    "1.3": Exercise(
        title="Three images that break the triangle inequality",
        check=check_1_3,
        hints=(
            "One pixel is enough. Look again at the numbers 0, 1, 2 of section 4 and"
            " squeeze them into [0, 1].",
            "Let b lie between a and c. What does halving a distance do to its square?",
            "Take any two different images for a and c, and for b the picture halfway:"
            " `(a + c) / 2`.",
        ),
        solution=three_images,
    ),
    "1.4": Exercise(
        title="Climb SSIM at a fixed MSE",
        check=check_1_4,
        hints=(
            "Work on the error `e = y - x`, not on the picture: its mean square is what"
            " has to stay, and `x + e` is the picture.",
            "Per step: `e = e.detach().requires_grad_(True)`, then `score`, the mean"
            " of `metrics.ssim_map(x + e, x).ssim`; `torch.autograd.grad(score, e)[0]`"
            " is the gradient. Add a little of it: `e = e + ...`, not `e += ...`.",
            "After each step multiply `e` by the square root of (old mean square / new"
            " mean square), and clamp `x + e` to [0, 1]. Sixty steps of size 0.01 times"
            " `gradient / gradient.std()` will do. Return `(x + e).detach()`.",
        ),
        solution=climb,
    ),
}


# --- wrong answers that students give: each must be refused -----------------------


def _natural_log(x, y):
    return 10 * math.log(1 / ((x - y) ** 2).mean().item())


def _twenty_logs(x, y):
    return 20 * math.log10(1 / ((x - y) ** 2).mean().item())


def _sum_not_mean(x, y):
    error = ((x - y) ** 2).sum().item()
    return math.inf if error == 0 else 10 * math.log10(1 / error)


def _absolute(x, y):
    error = (x - y).abs().mean().item()
    return math.inf if error == 0 else 20 * math.log10(1 / error)


def _peak_255(x, y):
    error = ((x - y) ** 2).mean().item()
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def _epsilon(x, y):
    return 10 * math.log10(1 / (((x - y) ** 2).mean().item() + 1e-10))


def _no_equal(x, y):
    return 10 * math.log10(1 / ((x - y) ** 2).mean().item())


def _close_is_equal(x, y):
    return math.inf if torch.allclose(x, y) else psnr_by_hand(x, y)


def _small_is_none(x, y):
    error = ((x - y) ** 2).mean().item()
    return math.inf if error < 1e-10 else 10 * math.log10(1 / error)


def _hundred_at_most(x, y):
    found = psnr_by_hand(x, y)
    return found if math.isinf(found) else min(found, 100.0)


def _one_size(x, y):
    error = ((x - y) ** 2).sum().item() / (x.shape[1] * 20 * 30)
    return math.inf if error == 0 else 10 * math.log10(1 / error)


def _difference_in_place(x, y):
    x -= y
    return psnr_by_hand(x, torch.zeros_like(x))


def _half_numbers(image):
    return image / 2


def _one_factor(image):
    return image * 0.735357


def _plain_power(image):
    return (image**2.2 / 2) ** (1 / 2.2)


def _stretched_first(image):
    return half_light(image / image.max())


def _half_in_place(image):
    image.copy_(half_light(image))
    return image


def _half_twice(image):
    return half_light(half_light(image))


def _values_0_1_2():
    return tuple(torch.full((1, 1, 4, 4), v) for v in (0.0, 1.0, 2.0))


def _equal_images():
    return (torch.zeros(1, 1, 4, 4),) * 3


def _b_outside():
    return tuple(torch.full((1, 1, 4, 4), v) for v in (0.2, 0.9, 0.4))


def _numbers():
    return 0.0, 0.5, 1.0


def _unchanged(y, x):
    return y


def _the_original(y, x):
    return x


def _blurred(y, x):
    return srlab.imresize(srlab.imresize(y, scale=1 / 2), size=tuple(y.shape[-2:]))


def _error_in_place(y, x):
    y -= x
    return climb(x + y, x)


def _downhill(y, x):
    error = (y - x).requires_grad_(True)
    score = srlab.metrics.ssim_map(x + error, x).ssim.mean()
    (gradient,) = torch.autograd.grad(score, error)
    error = error.detach() - 0.01 * gradient / gradient.std()
    error = error * (((y - x) ** 2).mean() / (error**2).mean()).sqrt()
    return (x + error).clamp(0, 1)


WRONG = {
    "1.1": [
        _natural_log,
        _twenty_logs,
        _sum_not_mean,
        _absolute,
        _peak_255,
        _epsilon,
        _no_equal,
        _close_is_equal,
        _small_is_none,
        _hundred_at_most,
        _one_size,
        _difference_in_place,
    ],
    "1.2": [
        _half_numbers,
        _one_factor,
        _plain_power,
        _stretched_first,
        _half_in_place,
        _half_twice,
    ],
    "1.3": [_values_0_1_2, _equal_images, _b_outside, _numbers],
    "1.4": [_unchanged, _the_original, _blurred, _error_in_place, _downhill],
}


# --- quiz -------------------------------------------------------------------------

QUIZ = [
    Question(
        text="All pixels of a picture are too bright by 0.1. What is its PSNR?",
        options=("10 dB", "20 dB", "40 dB", "It depends on the picture."),
        answer="b",
        why="The MSE is 0.1 squared, 0.01, and ten logarithms of 1 / 0.01 are 20."
        " (Unless some pixels were clipped at white.)",
    ),
    Question(
        text="Every error of a picture becomes half as large. Its PSNR rises by",
        options=("2 dB", "3.01 dB", "6.02 dB", "as much again: it doubles"),
        answer="c",
        why="The MSE falls to a quarter, and ten logarithms of 4 are 6.02.",
    ),
    Question(
        text="A 1-pixel checkerboard of black and white is seen from far away. Which"
        " plain grey sends as much light (sRGB, 0 to 255)?",
        options=("64", "128", "188", "255"),
        answer="c",
        why="Half of the light of white has the sRGB number 0.735, which is 188 of 255;"
        " 128 sends about a fifth.",
    ),
    Question(
        text="Six pictures have the same PSNR. What do you know?",
        options=(
            "They look equally good.",
            "They have the same mean squared error.",
            "They are the same picture.",
            "They have the same SSIM.",
        ),
        answer="b",
        why="PSNR is a function of the MSE and of nothing else: not of where the error"
        " sits nor of what it looks like.",
    ),
    Question(
        text="Why is MSE not a metric in the mathematical sense?",
        options=(
            "It can be negative.",
            "It is not symmetric.",
            "It breaks the triangle inequality.",
            "It can be zero for two different images.",
        ),
        answer="c",
        why="Values 0, 1, 2: the straight way costs 4, the detour 1 + 1. The root of"
        " the MSE is a metric.",
    ),
    Question(
        text="SSIM of two pictures in [0, 1] is computed with the data range 255 by"
        " mistake. What happens?",
        options=(
            "It comes out close to 1, even for a bad copy.",
            "It comes out close to 0.",
            "Nothing: the range cancels.",
            "It comes out negative.",
        ),
        answer="a",
        why="The constants become c1 = 6.5 and c2 = 58.5, far larger than the squared"
        " means and the variances of values in [0, 1], and their ratio, which is 1, is"
        " nearly all that is left.",
    ),
    Question(
        text="Noise of the same MSE lies in the sky of one copy and in the trees of"
        " another. Which measure gives both copies the same number?",
        options=("PSNR", "SSIM", "PSNR-HVS-M", "MS-SSIM"),
        answer="a",
        why="PSNR adds up squared errors and does not look at the picture under them."
        " The other three do.",
    ),
    Question(
        text="Seven sharp pictures all fit one small picture exactly. Which single"
        " answer has the least MSE on average over the seven?",
        options=(
            "the sharpest one",
            "any one of the seven",
            "their mean, which is blurred",
            "the small picture, enlarged by pixel repetition",
        ),
        answer="c",
        why="The mean minimises the mean squared distance to a set. This is why"
        " networks trained on MSE are soft.",
    ),
]


# --- questions to the room ----------------------------------------------------------

ASKS = {
    "1.a": Ask(
        "We halve all numbers of a picture. Does the screen send half of the light?",
        "No. For mid-grey and above it sends less than a quarter. The numbers are"
        " encoded with a curve (gamma); half of the light of white has the number"
        " 0.735, not 0.5.",
    ),
    "1.b": Ask(
        "We keep only one pixel in 64, once of the colours (chroma) and once of the"
        " brightness (luma). Which of the two will you notice?",
        "The luma. The eye sees colour far less sharply than brightness; JPEG and video"
        " throw most of the chroma samples away.",
    ),
    "1.c": Ask(
        "Here are one original and five distorted copies. On which picture is the PSNR"
        " higher?",
        "On none of the five: all have the same MSE by construction, so all have the"
        " same PSNR. The original itself has infinite PSNR.",
    ),
    "1.d": Ask(
        "All five have the same PSNR. Which one will SSIM put first, which last?",
        "First the mean shift, close to 1: nothing changed but the mean. At the end the"
        " JPEG and the blur: the structure of the fur is gone.",
    ),
    "1.e": Ask(
        "Is MSE a metric? A distance must be zero for equal things and only for them,"
        " symmetric, and a detour must never be shorter than the straight way.",
        "No. For the one-pixel images 0, 1, 2 the straight way from 0 to 2 costs 4, the"
        " detour over 1 costs 1 + 1. Its root (RMSE) is a metric.",
    ),
    "1.f": Ask(
        "Is SSIM a metric? And 1 - SSIM?",
        "SSIM is a likeness: it is 1, not 0, for equal pictures. 1 - SSIM is symmetric"
        " and zero only for equal pictures, but a detour can be shorter, so it is no"
        " metric either.",
    ),
    "1.g": Ask(
        "The same patch of noise is laid once over the sky and once over the trees."
        " Where do you see it? Which measures will notice?",
        "In the sky: the leaves hide it (masking). PSNR cannot tell; SSIM, MS-SSIM and"
        " PSNR-HVS-M can.",
    ),
    "1.h": Ask(
        "Whom do we please: the pixels or the viewer?",
        "It depends on the use. For a holiday photograph, the viewer. For a number"
        " plate or an X-ray, invented detail is worse than blur. Say which one you"
        " chose before you choose a measure.",
    ),
    "1.i": Ask(
        "How do we compare models when no original exists?",
        "There are four ways, and none is complete: make a small picture from a large"
        " one and restore it (then an original exists, but the shrinking is ours), ask"
        " people, check that the answer shrinks back to the input, or use a measure"
        " that needs no original (no-reference), which has holes of its own.",
    ),
    "1.j": Ask(
        "Many sharp pictures fit one small picture. A network is trained to make the"
        " MSE small. Which of them will it answer?",
        "None of them, but near their mean, which is blurred and has a higher PSNR than"
        " they have.",
    ),
}
