# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 08, degradations.

A check says what differs and on which input, never the answer.
"""

import math
import numbers

import torch

from srlab import degrade
from srlab.classroom import Ask, Differs, Exercise, Question, close
from srlab.images import round8

# --- 8.1 the missing blur -----------------------------------------------------------


def solution_8_1(have, want):
    if want < have:
        raise ValueError("a blur cannot be taken back by another one")
    return math.sqrt(want**2 - have**2)


def check_8_1(fn):
    def mine(have, want):
        close(fn(have, want), solution_8_1(have, want), f"`missing({have}, {want})`")

    got = fn(0.0, 1.7)
    try:
        close(got, 1.7, "`missing(0.0, 1.7)`")
    except Differs as error:
        squared = isinstance(got, numbers.Real) and abs(got - 1.7**2) < 0.01
        hint = " The result should be in pixels, not in their square." * squared
        raise Differs(f"{error}{hint}") from None
    try:
        for have, want in ((3.0, 5.0), (1.2, 2.0), (0.9, 4.1)):
            mine(have, want)
    except Differs as error:
        raise Differs(
            f"{error} Where nothing has been blurred before it is right. What adds up "
            "when two blurs follow each other?"
        ) from None
    mine(2.0, 2.3)
    mine(2.5, 2.5)
    for have, want in ((2.0, 1.5), (2.0, 1.99), (0.6, 0.3), (5.0, 3.0)):
        try:
            got = fn(have, want)
        except ValueError:
            continue
        raise Differs(
            f"`missing({have}, {want})` gives {type(got).__name__}; no blur makes an "
            "edge steeper, so it should raise a ValueError."
        )
    return "Variances add: blur after blur is one blur, and it only grows."


def _difference(have, want):
    if want < have:
        raise ValueError("impossible")
    return want - have


def _variance(have, want):
    if want < have:
        raise ValueError("impossible")
    return want**2 - have**2


def _sum(have, want):
    if want < have:
        raise ValueError("impossible")
    return math.hypot(have, want)


def _to_a_tenth(have, want):
    return round(solution_8_1(have, want), 1)


def _nearly_equal(have, want):  # takes a little less than equal for equal
    return 0.0 if have > want > have - 0.05 else solution_8_1(have, want)


def _never_refuses(have, want):
    return math.sqrt(max(want**2 - have**2, 0.0))


def _refuses_from_two(have, want):  # fits one lens only
    if have >= 2 and want < 2:
        raise ValueError("impossible")
    return math.sqrt(abs(want**2 - have**2))


def _refuses_equal(have, want):
    if want <= have:
        raise ValueError("impossible")
    return math.sqrt(want**2 - have**2)


# --- 8.2 the width of an edge -------------------------------------------------------


def solution_8_2(profile):
    slope = (profile[1:] - profile[:-1]).abs()
    share = slope / slope.sum()
    place = torch.arange(len(share))
    mean = (share * place).sum()
    return (share * (place - mean) ** 2).sum().sqrt().item()


def _blurred_edge(sigma, low=0.25, high=0.75, at=32, n=64, inside=False):
    edge = torch.full((1, 1, 1, n), low)
    edge[..., at:] = high
    if inside:  # the step cuts a pixel into halves
        edge[..., at] = (low + high) / 2
    return degrade.blur(edge, degrade.kernels.isotropic(31, sigma))[0, 0, 0]


def check_8_2(fn):
    def mine(what, sigma, **edge):
        profile = _blurred_edge(sigma, **edge)
        close(fn(profile.clone()), sigma, what, rtol=0.05)

    mine("of an edge from 0.25 to 0.75 that was blurred, the deviation", 2.0)
    try:
        for sigma in (1.0, 3.3):
            mine("with another blur, the deviation", sigma)
    except Differs as error:
        raise Differs(
            f"{error} Differences over two pixels would widen the slope."
        ) from None
    try:
        mine("of an edge between other values, the deviation", 2.0, low=0.1, high=0.35)
        mine("of an edge at another place, the deviation", 2.0, at=66, n=80)
    except Differs as error:
        raise Differs(
            f"{error} The weights should sum to one, and the middle of the slope has "
            "to be found."
        ) from None
    mine("of an edge from light to dark, the deviation", 2.0, low=0.8, high=0.2)
    try:
        profile = _blurred_edge(0.75, inside=True)  # half a pixel blurs a little, too
        what = "of a steep edge whose step lies inside a pixel, the deviation"
        close(fn(profile.clone()), solution_8_2(profile), what, rtol=0.06)
    except Differs as error:
        raise Differs(
            f"{error} The middle of the slope may lie between two differences, and the "
            "largest of them is then no good measure."
        ) from None
    return "The derivative of a blurred step is the kernel seen from the side."


def _no_root(profile):
    return solution_8_2(profile) ** 2


def _fixed_levels(profile):  # takes the step for half of the range
    share = (profile[1:] - profile[:-1]).abs() / 0.5
    place = torch.arange(len(share))
    mean = (share * place).sum()
    return (share * (place - mean) ** 2).sum().sqrt().item()


def _first_part(profile):
    return solution_8_2(profile[:64])


def _fixed_place(profile):
    share = (profile[1:] - profile[:-1]).abs()
    share = share / share.sum()
    place = torch.arange(len(share)) - 31
    return (share * place**2).sum().sqrt().item()


def _about_the_largest(profile):  # takes the largest slope for the middle
    share = (profile[1:] - profile[:-1]).abs()
    share = share / share.sum()
    place = torch.arange(len(share)) - share.argmax()
    return (share * place**2).sum().sqrt().item()


def _by_the_largest(profile):  # the height of a Gaussian tells its width
    slope = (profile[1:] - profile[:-1]).abs()
    return (slope.sum() / slope.max()).item() / math.sqrt(2 * math.pi)


def _of_the_profile(profile):
    return profile.std().item()


def _ten_to_ninety(profile):
    low, high = profile.min(), profile.max()
    part = (profile - low) / (high - low)
    return ((part > 0.1) & (part < 0.9)).sum().item()


def _half_height(profile):  # the full width at half height of the slope, counted
    slope = (profile[1:] - profile[:-1]).abs()
    return (slope > slope.max() / 2).sum().item() / 2.355


def _over_two_pixels(profile):
    slope = torch.gradient(profile)[0].abs()
    share = slope / slope.sum()
    place = torch.arange(len(share))
    mean = (share * place).sum()
    return (share * (place - mean) ** 2).sum().sqrt().item()


def _only_upwards(profile):
    slope = (profile[1:] - profile[:-1]).clamp(min=0)
    share = slope / slope.sum().clamp(min=1e-9)
    place = torch.arange(len(share))
    mean = (share * place).sum()
    return (share * (place - mean) ** 2).sum().sqrt().item()


# --- 8.3 what happened here? --------------------------------------------------------


def solution_8_3(y):
    if y.std(dim=0).mean() > 0.005:  # the rows differ
        return "noise"
    row = y.mean(dim=0)
    step = row[1:] - row[:-1]
    if step.min() > -0.002:  # it only rises
        return "blur"
    block = (step.argmax().item() + 1) // 8  # the edge is the largest step
    far = torch.cat((step[: 8 * block - 1], step[8 * block + 8 :]))
    return "JPEG" if far.abs().max() < 0.002 else "ringing"


def _cases(at, rounded=False):
    """[(label, strength in words, (32, 64))] over the promised ranges, edge at `at`.

    A file of eight bits is `rounded`: values on the grid of 1/255 are no sign of JPEG.
    """
    edge, cases = torch.full((1, 3, 32, 64), 0.25), []
    edge[..., at:] = 0.75
    for sigma in (0.7, 1.0, 2.0, 3.0):
        kernel = degrade.kernels.isotropic(21, sigma)
        cases.append(("blur", f"deviation {sigma}", degrade.blur(edge, kernel)))
    for level in (3, 8, 20):
        noise = torch.Generator().manual_seed(level)
        y = degrade.gaussian_noise(edge, level, noise)
        cases.append(("noise", f"level {level}", y))
    for part in (2.0, 2.5, 3.0):
        kernel = degrade.kernels.sinc(21, math.pi / part)
        cases.append(("ringing", f"cutoff pi / {part:g}", degrade.blur(edge, kernel)))
    for quality in (8, 12, 18, 25):
        cases.append(("JPEG", f"quality {quality}", degrade.jpeg(edge, quality)))
    where = f", the step at column {at}" + ", rounded to 8 bits" * rounded
    finish = round8 if rounded else torch.clone
    return [(label, said + where, finish(y)[0, 0]) for label, said, y in cases]


def check_8_3(fn):
    names = {"blur", "noise", "ringing", "JPEG"}
    cases = _cases(29)
    cases = [*cases[::4], *cases, *_cases(19), *_cases(45), *_cases(38)]
    cases += [*_cases(12), *_cases(52), *_cases(15), *_cases(49)]
    cases += [*_cases(29, rounded=True), *_cases(19, rounded=True)]
    for label, said, y in cases:
        got = fn(y.clone())
        if not isinstance(got, str):
            raise Differs(
                f"`diagnose` gives a {type(got).__name__}; it should be one of four "
                "words."
            )
        if got not in names:
            raise Differs(
                f"`diagnose` says {got[:30]!r}; the four words are "
                + ", ".join(repr(name) for name in sorted(names))
                + "."
            )
        if got != label:
            raise Differs(f"an edge with {label} ({said}) is taken for {got}.")
    return "Ask in an order: do rows differ, does it only rise, where does it end?"


def _always_blur(y):
    return "blur"


def _blind_to_blocks(y):
    if y.std(dim=0).mean() > 0.005:
        return "noise"
    row = y.mean(dim=0)
    return "blur" if (row[1:] - row[:-1]).min() > -0.002 else "ringing"


def _fixed_block(y):  # the edge of section 10 only
    if y.std(dim=0).mean() > 0.005:
        return "noise"
    row = y.mean(dim=0)
    step = row[1:] - row[:-1]
    if step.min() > -0.002:
        return "blur"
    far = torch.cat((step[:23], step[32:]))
    return "JPEG" if far.abs().max() < 0.002 else "ringing"


def _noise_at_the_left(y):  # a slope may begin there
    return "noise" if y[:, :8].std() > 0.005 else _without_noise(y)


def _noise_at_the_right(y):
    return "noise" if y[:, -8:].std() > 0.005 else _without_noise(y)


def _lopsided(y):  # a block that the step cuts into halves is as even as ringing
    said = solution_8_3(y)
    if said not in ("ringing", "JPEG"):
        return said
    step = y.mean(dim=0).diff()
    k = step.argmax().item()
    n = min(k, len(step) - 1 - k, 6)
    apart = step[k - n : k] - step[k + 1 : k + n + 1].flip(0)
    return "JPEG" if apart.abs().max() > 0.005 else "ringing"


def _noise_by_all(y):  # the step itself has a deviation
    return "noise" if y.std() > 0.005 else solution_8_3(y)


def _too_rough(y):  # misses weak noise
    return "noise" if y.std(dim=0).mean() > 0.03 else _without_noise(y)


def _without_noise(y):
    return solution_8_3(y.mean(dim=0, keepdim=True).expand(32, -1))


def _strict_blur(y):  # float rounding makes flat parts fall a little
    row = y.mean(dim=0)
    if y.std(dim=0).mean() > 0.005:
        return "noise"
    return (
        "blur"
        if (row[1:] >= row[:-1]).all()
        else solution_8_3(y).replace("blur", "ringing")
    )


def _on_the_grid(y):  # a JPEG has eight bits, but so has any other file
    if y.std(dim=0).mean() > 0.005:
        return "noise"
    if (255 * y - (255 * y).round()).abs().max() < 1e-3:
        return "JPEG"
    row = y.mean(dim=0)
    return "blur" if (row[1:] - row[:-1]).min() > -0.002 else "ringing"


def _by_the_peak(y):  # a JPEG may swing on the dark side only
    if y.std(dim=0).mean() > 0.005:
        return "noise"
    return "blur" if y.mean(dim=0).max() < 0.752 else solution_8_3(y)


def _by_counting(y):  # JPEG may fall as often as ringing does
    said = solution_8_3(y)
    if said not in ("ringing", "JPEG"):
        return said
    return "ringing" if (y.mean(dim=0).diff() < -0.002).sum() > 5 else "JPEG"


def _by_overshoot(y):  # weak ringing and strong JPEG swing alike
    row = y.mean(dim=0)
    if y.std(dim=0).mean() > 0.005:
        return "noise"
    if (row[1:] - row[:-1]).min() > -0.002:
        return "blur"
    return "ringing" if row.max() - 0.75 < 0.045 else "JPEG"


EXERCISES = {
    "8.1": Exercise(
        title="The missing blur",
        check=check_8_1,
        hints=(
            "Section 2 found that two blurs in a row are one. Which number of the two "
            "adds up: the deviation or its square?",
            "The variances add. So the variance that is missing is a difference.",
            "Take the root of that difference. It is negative where the first blur is "
            "already too wide: raise the error there, and only there.",
        ),
        solution=solution_8_1,
    ),
    "8.2": Exercise(
        title="The width of an edge",
        check=check_8_2,
        hints=(
            "The differences of neighbouring values are the slope. Across a blurred "
            "step they are a bell. How wide is it?",
            "Treat the absolute slope as weights and divide them by their sum. Then "
            "each place has a weight, as in a probability.",
            "The weighted mean of the places is the middle. The weighted mean of the "
            "squared distance from it is the variance; return its root.",
        ),
        solution=solution_8_2,
    ),
    "8.3": Exercise(
        title="What happened here?",
        check=check_8_3,
        hints=(
            "Three of the four damages leave all rows alike. Which one does not? Ask "
            "for it first.",
            "Of the others, one never falls on the way from dark to light. Take the "
            "mean over the rows and look at the differences of neighbours; allow for "
            "rounding.",
            "The last two both swing. In one of them nothing changes outside the block "
            "of eight columns that holds the edge. The largest step shows which block "
            "that is; steps at its two borders do not count.",
        ),
        solution=solution_8_3,
    ),
}

WRONG = {
    "8.1": [
        _difference,
        _variance,
        _sum,
        _to_a_tenth,
        _nearly_equal,
        _never_refuses,
        _refuses_from_two,
        _refuses_equal,
    ],
    "8.2": [
        _no_root,
        _fixed_levels,
        _first_part,
        _fixed_place,
        _about_the_largest,
        _by_the_largest,
        _of_the_profile,
        _ten_to_ninety,
        _half_height,
        _over_two_pixels,
        _only_upwards,
    ],
    "8.3": [
        _always_blur,
        _blind_to_blocks,
        _fixed_block,
        _lopsided,
        _noise_at_the_left,
        _noise_at_the_right,
        _noise_by_all,
        _too_rough,
        _on_the_grid,
        _by_the_peak,
        _by_counting,
        _strict_blur,
        _by_overshoot,
    ],
}

ASKS = {
    "8.a": Ask(
        "A blur of sigma 2, noise of level 10, a JPEG of quality 50: which of them "
        "leaves the network its lead over bicubic, and which takes it away?",
        "Blur leaves about half of it. Noise and JPEG take all of it: the network "
        "sharpens them like detail.",
    ),
    "8.b": Ask(
        "A picture is blurred with a Gaussian of sigma 1.5, then with one of sigma 2. "
        "One blur would do the same. Its sigma: 2, 2.5 or 3.5?",
        "2.5. The kernels are convolved, and then variances add: 2.25 + 4 = 6.25.",
    ),
    "8.c": Ask(
        "White is 256 photons. How much noise, in levels of 255, has a field of "
        "brightness one half? And how does that change if the lamp is twice as bright "
        "and the exposure half as long?",
        "128 photons, deviation 11.3, so about 11 levels. The second question changes "
        "nothing: it is the number of photons that counts.",
    ),
    "8.d": Ask(
        "Blur, shrink, noise, JPEG: the same four strengths, in another order. By how "
        "much can the network's PSNR change: 0.1 dB, 1 dB or more than 3?",
        "By more than 3 dB, most of all through the blur: after the shrinking it is "
        "four times as wide. A JPEG before the shrinking loses its blocks there. The "
        "noise's place matters by less than 1 dB.",
    ),
    "8.e": Ask(
        "A network that was trained on BI meets BI, BD and DN. Where is bicubic better "
        "than the network?",
        "On DN only. BD is a blur, and sharpening helps against it. DN's noise, level "
        "30, is sharpened too.",
    ),
    "8.f": Ask(
        "Two photographs of one scene, equal but for a shift of one pixel. Their PSNR: "
        "above or below that of a x4 enlargement?",
        "Below. At an edge, one pixel is the whole height of the edge.",
    ),
    "8.g": Ask(
        "You see one sharp edge of a photograph, enlarged. By which sign do you know "
        "blur, noise, ringing and JPEG apart?",
        "Blur: the slope. Noise: the flat parts. Ringing: waves that fade with the "
        "distance. JPEG: waves that stop at a multiple of eight.",
    ),
}

QUIZ = [
    Question(
        "What does a blur kernel show?",
        (
            "the picture of a single point of light",
            "the frequencies that are lost",
            "the noise of the sensor",
        ),
        "a",
        "Each point of the scene is spread like this one; its Fourier transform says "
        "which frequencies are lost.",
    ),
    Question(
        "In a photograph with shot noise alone, the noise is strongest",
        ("in the dark parts", "in the light parts", "everywhere the same"),
        "b",
        "Its deviation grows with the root of the light. Relative to the signal the "
        "dark parts are worse.",
    ),
    Question(
        "A network trained on bicubic pictures gets one with noise of level 20. It",
        (
            "removes the noise, since it has learned what photographs look like",
            "leaves the noise as it is",
            "makes the noise stronger and ends below bicubic",
        ),
        "c",
        "It was never shown a value that is wrong. What changes from pixel to pixel is "
        "detail to it.",
    ),
    Question(
        "BD in a table means",
        (
            "bicubic downsampling",
            "a Gaussian blur of sigma 1.6, then every third pixel",
            "blur and denoise",
        ),
        "b",
        "7 x 7 taps, for x3. Bicubic downsampling is BI.",
    ),
    Question(
        "Why does Real-ESRGAN not resize with nearest neighbour?",
        (
            "it moves the picture by a fraction of the new pixel",
            "it is too slow",
            "it blurs too much",
        ),
        "a",
        "The first of four pixels is kept, not their middle: 1.5 pixels off at x4. A "
        "network would have to learn the shift.",
    ),
    Question(
        "Ringing comes from",
        (
            "any blur that is strong enough",
            "a hard cut in the frequencies",
            "noise at edges",
        ),
        "b",
        "A Gaussian of any width does not ring. Sinc filters do, and JPEG does inside "
        "its blocks; sharpening only overshoots.",
    ),
    Question(
        "Noise is added, then the picture is shrunk to a quarter of its width and of "
        "its height, by the mode area. What is left of the noise's deviation?",
        ("all of it", "a half", "a quarter"),
        "c",
        "Sixteen independent values are averaged: the variance falls to a sixteenth, "
        "the deviation to a quarter.",
    ),
    Question(
        "Why did RealSR's authors need a tripod?",
        (
            "long exposures have less noise",
            "the two photographs of a pair must agree to a fraction of a pixel",
            "zoom lenses are heavy",
        ),
        "b",
        "And even then the pairs are registered by computation, for the lens moves and "
        "distorts.",
    ),
]
