# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 02, interpolation.

A check says what differs and on which input, never the answer.
"""

import math
import numbers

import numpy as np
import torch

from srlab import resample
from srlab.classroom import Ask, Differs, Exercise, Question, close


def _tensor(value):
    """Numbers in a list or a numpy array are as good as a tensor of them."""
    if isinstance(value, (list, tuple, np.ndarray)):
        try:
            return torch.as_tensor(np.asarray(value, dtype=np.float64))
        except (TypeError, ValueError):
            return value
    return value


# --- 2.1 Keys' kernel ---------------------------------------------------------------


def solution_2_1(t, a=-0.5):
    t = t.abs()
    inner = (a + 2) * t**3 - (a + 3) * t**2 + 1
    outer = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return torch.where(t < 1, inner, torch.where(t < 2, outer, 0.0))


def check_2_1(fn):
    t = torch.linspace(-3, 3, 241, dtype=torch.float64)
    got = _tensor(fn(t.clone(), -0.5))
    want = resample.keys(-0.5)(t)
    if not isinstance(got, torch.Tensor) or got.shape != t.shape:
        close(got, want, "your kernel, given 241 distances t in a tensor,")
    kept = t.clone()
    fn(kept, -0.5)
    if not torch.equal(kept, t):
        raise Differs("your kernel has changed its argument t: work on a copy.")
    if not got.isfinite().all():
        raise Differs("your kernel with a = -0.5 holds NaN or infinite values.")
    if (got - got.flip(0)).abs().max() > 1e-6:
        raise Differs(
            "On t = -1.25 and t = +1.25 (and other pairs) the weights differ, but a "
            "sample on the left counts as much as one equally far on the right."
        )
    if got[t.abs() > 2].abs().max() > 1e-6:
        raise Differs("Samples further away than 2 still get a weight, e.g. t = 2.5.")
    if abs(got[120].item() - 1) > 1e-6:
        raise Differs("At t = 0 the curve does not pass through the sample itself.")
    close(got[t.abs() < 1], want[t.abs() < 1], "The inner piece, |t| < 1, a = -0.5,")
    close(
        got[t.abs() > 1], want[t.abs() > 1], "The outer piece, 1 < |t| < 2, a = -0.5,"
    )
    ends = torch.tensor([-2.0, -1.0, 1.0, 2.0], dtype=torch.float64)
    if _tensor(fn(ends.clone(), -0.5)).abs().max() > 1e-6:
        raise Differs("At t = 1 and t = 2, where other samples stand, it is not 0.")
    for a in (-0.75, -2.0, 0.0, 0.4):
        other = _tensor(fn(t.clone(), a))
        close(other, resample.keys(a)(t), f"With a = {a:g} the kernel")
    table = t[:240].reshape(60, 4)
    want, what = resample.keys(-0.5)(table), "The kernel of a table of 60 x 4 distances"
    close(_tensor(fn(table.clone(), -0.5)), want, what)
    return (
        "Whatever a is, the four weights of any position sum to one; only a = -1/2 "
        "also keeps a straight line straight."
    )


def _one_sided(t, a=-0.5):  # forgets that t may be negative
    inner = (a + 2) * t**3 - (a + 3) * t**2 + 1
    outer = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return torch.where(t < 1, inner, torch.where(t < 2, outer, 0.0))


def _endless(t, a=-0.5):  # forgets that the kernel ends at 2
    t = t.abs()
    inner = (a + 2) * t**3 - (a + 3) * t**2 + 1
    return torch.where(t < 1, inner, a * (t**3 - 5 * t**2 + 8 * t - 4))


def _sign(t, a=-0.5):  # takes a with the other sign
    return solution_2_1(t, -a)


def _fixed(t, a=-0.5):  # does not look at a
    return solution_2_1(t, -0.5)


def _zero_is_default(t, a=-0.5):
    return solution_2_1(t, a or -0.5)


def _always_negative(t, a=-0.5):
    return solution_2_1(t, -abs(a))


def _one_or_the_other(t, a=-0.5):
    return solution_2_1(t, -0.5 if a == -0.5 else -0.75)


def _as_a_list(t, a=-0.5):
    return solution_2_1(t.flatten(), a).tolist()


def _abs_in_place(t, a=-0.5):
    return solution_2_1(t.abs_(), a)


def _swapped(t, a=-0.5):  # the two pieces in each other's place
    t = t.abs()
    inner = (a + 2) * t**3 - (a + 3) * t**2 + 1
    outer = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return torch.where(t < 1, outer, torch.where(t < 2, inner, 0.0))


# --- 2.2 halve a line ---------------------------------------------------------------


def solution_2_2(f):
    n = len(f) // 2
    centres = 2 * torch.arange(n) + 0.5  # where the outputs lie among the inputs
    indices = 2 * torch.arange(n)[:, None] + torch.arange(-1, 3)  # (n, 4)
    weights = 1 - (centres[:, None] - indices).abs() / 2  # the triangle, twice as wide
    weights = weights / weights.sum(dim=1, keepdim=True)
    mirrored = torch.where(indices < 0, -1 - indices, indices)
    mirrored = torch.where(mirrored >= len(f), 2 * len(f) - 1 - mirrored, mirrored)
    return (weights * f[mirrored]).sum(dim=1)


def _halved(f):
    return resample.imresize(f.view(1, 1, 1, -1), (1.0, 0.5), kernel="bilinear").view(
        -1
    )


def check_2_2(fn):
    def mine(f):
        given = f.clone()
        got = fn(given)
        if not torch.equal(given, f):
            raise Differs("your function has changed its argument: work on a copy.")
        return _tensor(got)

    flat = torch.full((12,), 0.7)
    got = mine(flat)
    if not isinstance(got, torch.Tensor) or got.shape != (6,):
        close(got, _halved(flat), "The result for 12 equal samples")
    wrong = (got - 0.7).abs() > 1e-4
    if wrong[2:4].any():
        raise Differs(
            "12 equal samples come out as other values: the weights of an output "
            "sample do not sum to one."
        )
    if wrong.any():
        raise Differs(
            "12 equal samples come out right in the middle and wrong at the ends: "
            "look at what stands beyond the border."
        )
    line = torch.arange(12.0) / 16
    step = mine(line)[2:4] - _halved(line)[2:4]
    if step.abs().max() > 1e-4:
        raise Differs(
            "A straight line 0, 1/16, 2/16 ... comes out shifted: an output sample "
            "stands in the middle of its two input samples, not on one of them."
        )
    wave = torch.tensor([1.0, -1.0] * 6)
    if mine(wave)[1:-1].abs().max() > 1e-4:
        raise Differs(
            "The fastest wave, +1, -1, +1 ..., leaves something in the half-size "
            "signal, which has no room for it."
        )
    spike = torch.zeros(12)
    spike[5] = 1
    heard = int((mine(spike).abs() > 1e-6).sum())
    if heard < 2:
        raise Differs(
            "A single bright sample in the middle reaches too few output samples: the "
            "kernel is not wide enough for a shrink by two."
        )
    random = torch.rand(20, generator=torch.Generator().manual_seed(2)) - 0.5
    got, want = mine(random), _halved(random)
    close(
        got[1:-1], want[1:-1], "The inner result for 20 random samples of either sign"
    )
    try:
        close(got, want, "The first or last result")
    except Differs:
        raise Differs(
            "The inner results for 20 random samples are right, the first or the last "
            "is not: which sample stands beyond the border? Section 6 names three "
            "rules."
        ) from None
    return "With these weights imresize(..., kernel='bilinear') halves a row of pixels."


def _drop(f):
    return f[::2].clone()


def _pairs(f):  # the mean of two: the box, not the widened triangle
    return (f[::2] + f[1::2]) / 2


def _centred(f):  # weights around an input sample: shifted by half a sample
    padded = torch.cat([f[:1], f, f[-1:]])
    return ((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4)[::2]


def _padded(f, first, last):
    padded = torch.cat([first, f, last])
    taps = [padded[k : k + len(f) : 2] for k in range(4)]
    return taps[0] + 3 * taps[1] + 3 * taps[2] + taps[3]


def _unnormalised(f):
    return _padded(f, f[:1], f[-1:])


def _positive(f):
    return solution_2_2(f).abs()


def _in_place(f):
    f[: len(f) // 2] = solution_2_2(f)
    return f[: len(f) // 2]


def _rounded_weights(f):  # 1 2 2 1 over 6
    padded = torch.cat([f[:1], f, f[-1:]])
    taps = [padded[k : k + len(f) : 2] for k in range(4)]
    return (taps[0] + 2 * taps[1] + 2 * taps[2] + taps[3]) / 6


def _zero_border(f):
    return _padded(f, torch.zeros(1), torch.zeros(1)) / 8


# --- 2.3 undo the shift -------------------------------------------------------------


def solution_2_3(n, k):
    return torch.arange(n * k) / k  # small pixel i stands on big pixel k * i


def check_2_3(fn):
    for n, k in ((6, 2), (5, 3), (8, 4), (40, 2), (3, 1)):
        name = f"the result of `places_of({n}, {k})`"
        got, want = _tensor(fn(n, k)), solution_2_3(n, k)
        if not isinstance(got, torch.Tensor) or got.shape != want.shape:
            close(got, want, name)
        got = got.double()
        if not got.isfinite().all():
            raise Differs(f"{name} holds NaN or infinite values.")
        steps = (got.diff() - 1 / k).abs() > 1e-4
        if steps.any() and not steps[: k * (n - 1)].any():
            raise Differs(
                f"in {name} the last places are not right: big pixels to the right of "
                "the last one that was kept have places of their own."
            )
        if steps.any():
            raise Differs(
                f"in {name} the distance from one big pixel to the next is not right: "
                f"{k} big pixels stand on the width of one small pixel."
            )
        off = (got - want).mean().item()
        if abs(off) > 1e-4:
            side = "right" if off > 0 else "left"
            raise Differs(
                f"in {name} the distances are right, but all places are too far to the "
                f"{side}. Big pixel {k} was kept: which small pixel is it?"
            )
    return (
        "No kernel was changed, only the places where the curve is read: a shift that "
        "is known costs nothing."
    )


def _centred_places(n, k):  # the usual rule, which is the fault itself
    return (torch.arange(n * k) + 0.5) / k - 0.5


def _wrong_way(n, k):  # the correction with the other sign
    return torch.arange(n * k) / k - (k - 1) / k


def _corners(n, k):
    return torch.linspace(0, n - 1, n * k)


def _multiplied(n, k):
    return torch.arange(n * k) * k


def _too_few(n, k):
    return torch.arange(n) / k


# --- 2.4 the false frequency --------------------------------------------------------


def solution_2_4(f, k):
    g = (f * k) % 1  # cycles per new sample; whole cycles cannot be seen
    return min(g, 1 - g)  # a cosine at g and one at 1 - g have the same samples


def check_2_4(fn):
    n = torch.arange(40, dtype=torch.float64)
    cases = ((0.1, 2), (0.4, 2), (0.3, 3), (0.45, 4), (0.5, 3), (0.2, 5))
    for f, k in (*cases, (0.137, 7), (0.43, 12), (0.35, 1)):
        name = f"the result of `alias({f}, {k})`"
        got = fn(f, k)
        array = isinstance(got, (torch.Tensor, np.ndarray, np.generic))
        if array and torch.as_tensor(got).numel() == 1:
            got = got.item()
        if not isinstance(got, numbers.Real):
            close(got, 0.0, name)
        seen = torch.cos(2 * math.pi * f * k * n)
        if (torch.cos(2 * math.pi * got * n) - seen).abs().max() > 1e-3:
            raise Differs(
                f"{name} is not right: a cosine of that frequency misses the samples "
                f"that are left when every {_nth(k)} sample of the wave is kept."
            )
        if not -1e-9 <= got <= 0.5 + 1e-9:
            raise Differs(
                f"{name} passes through the samples, but is not the slowest such "
                "wave: half a cycle per sample is the fastest that can be told."
            )
    return (
        "The true wave and its alias have the same samples; no kernel can tell them "
        "apart."
    )


def _nth(k):
    return {1: "single", 2: "second", 3: "third"}.get(k, f"{k}th")


def _scaled(f, k):
    return f * k


def _wrapped(f, k):
    return (f * k) % 1


def _clipped(f, k):
    return min(f * k, 0.5)


def _rounded(f, k):
    return round(solution_2_4(f, k), 2)


def _folded_once(f, k):
    g = f * k
    return abs(round(g) - g) if g <= 2.5 else abs(2 - g)


def _never_all(f, k):
    return solution_2_4(f, k) if k > 1 else 0.0


def _divided(f, k):
    return f / k


EXERCISES = {
    "2.1": Exercise(
        title="Keys' kernel",
        check=check_2_1,
        hints=(
            "A weight depends on the distance only, so begin with the distance, "
            "without its sign. Then there are three cases.",
            "Compute the inner and the outer polynomial for all t, then choose: "
            "`torch.where(t < 1, inner, ...)` takes inner where t < 1, else the rest.",
            "`t = t.abs()`, then `torch.where(t < 1, inner, torch.where(t < 2, outer, "
            "0.0))` with the two polynomials of section 1.",
        ),
        solution=solution_2_1,
    ),
    "2.2": Exercise(
        title="Halve a line, with antialiasing",
        check=check_2_2,
        hints=(
            "Draw input samples 0, 1, 2, 3 and the output sample that stands between "
            "1 and 2. How far is each input from it?",
            "The triangle is 1 - |t| on a width of 2. Twice as wide it is 1 - |t|/2: "
            "four inputs get a weight. Divide the four weights by their sum.",
            "One sample is missing at each end: mirror it, `padded = torch.cat([f[:1], "
            "f, f[-1:]])`. The four inputs of all outputs are then `padded[k : k + "
            "len(f) : 2]` for k = 0, 1, 2, 3.",
        ),
        solution=solution_2_2,
    ),
    "2.3": Exercise(
        title="Undo the shift",
        check=check_2_3,
        hints=(
            "Write down which big pixels were kept for k = 4: 0, 4, 8, ... They are "
            "small pixels 0, 1, 2, ... Now where is big pixel 2?",
            "Big pixel 2 lies half-way between small pixels 0 and 1. In general: which "
            "number times k is the number of the big pixel?",
            "Number the big pixels with `torch.arange(n * k)`. Small pixel i is big "
            "pixel k * i; turn that around.",
        ),
        solution=solution_2_3,
    ),
    "2.4": Exercise(
        title="The false frequency",
        check=check_2_4,
        hints=(
            "In the new samples, which are k old ones apart, the wave turns k times as "
            "far from one sample to the next.",
            "A whole turn between two samples cannot be seen: only what is left after "
            "whole cycles are taken away, `% 1`, counts.",
            "0.8 cycles forward look like 0.2 cycles backward: the cosine is the same. "
            "Take the smaller of g and 1 - g.",
        ),
        solution=solution_2_4,
    ),
}

WRONG = {
    "2.1": [
        _one_sided,
        _endless,
        _sign,
        _fixed,
        _zero_is_default,
        _always_negative,
        _one_or_the_other,
        _as_a_list,
        _abs_in_place,
        _swapped,
    ],
    "2.2": [
        _drop,
        _pairs,
        _centred,
        _unnormalised,
        _positive,
        _in_place,
        _rounded_weights,
        _zero_border,
    ],
    "2.3": [_centred_places, _wrong_way, _corners, _multiplied, _too_few],
    "2.4": [_scaled, _wrapped, _clipped, _rounded, _folded_once, _never_all, _divided],
}

ASKS = {
    "2.a": Ask(
        "Eight pixels of a row are known. What is the value half-way between two of "
        "them: and is there more than one good answer?",
        "There are as many answers as there are ideas of what a picture does between "
        "its pixels. Nearest says: it stays. Linear: it goes straight. Cubic: it "
        "bends smoothly. The samples alone cannot decide.",
    ),
    "2.b": Ask(
        "The darkest sample is 0.19, the lightest 0.81. Does the cubic curve stay "
        "between?",
        "No. It runs through the samples with a smooth slope, so beside a steep edge "
        "it swings a little beyond: overshoot. In a picture that is a thin bright or "
        "dark line. Nearest and linear cannot do that.",
    ),
    "2.c": Ask(
        "You take twice as many samples of a smooth curve. By how much does the error "
        "of each method fall: 2 times, 4 times, 8 times?",
        "Nearest 2, linear 4, quadratic 4, Keys' cubic with a = -1/2 8 times. With any "
        "other a, the cubic falls back to 2 times.",
    ),
    "2.d": Ask(
        "Four pixels are enlarged to eight. Where, in the coordinates of the four, is "
        "the centre of the first of the eight?",
        "At -1/4: the small pixel is the left half of pixel 0, which reaches from -1/2 "
        "to +1/2. It lies outside all four centres, so the border rule has a say.",
    ),
    "2.e": Ask(
        "A photograph is shrunk to a quarter and enlarged again by nearest, bilinear, "
        "quadratic, cubic, Lanczos. Which step in this list brings the most decibels?",
        "The first: from nearest to bilinear. From there on each step is worth a few "
        "tenths of a decibel.",
    ),
    "2.f": Ask(
        "p(x, y) has sixteen unknown numbers a_ij for each square between four pixels. "
        "Four pixel values give four equations. Where do the other twelve come from?",
        "From the slopes at the four corners: along x, along y, and the mixed one, xy. "
        "They are not known either; they are estimated from differences of the "
        "neighbours, and so the 4 x 4 pixels around the square are used.",
    ),
    "2.g": Ask(
        "A wave has 0.4 cycles per pixel. You keep every second pixel. Which wave do "
        "you see?",
        "0.8 cycles per new pixel is more than 1/2, and cannot be told from 0.2. A "
        "wave that was never there, and slow enough to look real: an alias.",
    ),
    "2.h": Ask(
        "A test picture has rings that get finer from the centre outwards, up to 1/2 "
        "cycle per pixel at the middle of each side. Every second pixel is kept. What "
        "will you see?",
        "Rings are right up to half-way. Further out they are too fine for the new "
        "grid, and they come back as slow rings around the middle of each side: false "
        "centres that look as real as the true one.",
    ),
    "2.i": Ask(
        "Shrink to a half without widening the kernel, then enlarge: the small image "
        "has false detail in it. Is the PSNR of the result lower than with "
        "antialiasing?",
        "On most photographs it is higher at x2. Little in a photograph is finer than "
        "the new grid, and the narrow kernel blurs less. At x4 the false "
        "detail takes over. PSNR after enlarging judges the pair, not the shrinking.",
    ),
    "2.j": Ask(
        "Beyond the border there are no pixels. Mirror them, repeat the last one, or "
        "take zeros: which is worst, and how far from the border does it matter?",
        "Zeros: black beyond the border leaks in, and costs more than 10 dB there. "
        "Mirrored and repeated pixels are equally good. Half a kernel's width inside "
        "(two small pixels), the rule makes no difference at all.",
    ),
    "2.k": Ask(
        "MATLAB, Pillow, OpenCV and torch each shrink one photograph with 'bicubic'. "
        "How many different pictures do you get?",
        "Two families. MATLAB, Pillow and torch (antialias=True) widen the kernel and "
        "agree to about a grey level. OpenCV and torch (antialias=False) do not widen "
        "it, and use a = -0.75; they agree with each other.",
    ),
    "2.l": Ask(
        "Your bicubic gives 31.80 dB on Set5 x2, the paper says 33.66. What is the "
        "first thing to check?",
        "Whether you measured RGB instead of luma. That alone is about 1.9 dB.",
    ),
    "2.m": Ask(
        "Take all linear filters that read 7 x 7 pixels. We may choose the best one "
        "for photographs. How much better than bicubic can it be at x2: 0.1, 1 or 3 "
        "dB?",
        "About 1 dB. That is about half of the way to the first network, SRCNN, and no "
        "network is needed for it.",
    ),
}

QUIZ = [
    Question(
        "A kernel h interpolates, that is, its curve passes through the samples, when",
        (
            "its weights sum to one at every position",
            "h(0) = 1, and h is 0 at all other whole numbers",
            "it is never negative",
        ),
        "b",
        "At the place of a sample every other sample then has the weight zero. Weights "
        "that sum to one keep a flat area flat, which is another virtue.",
    ),
    Question(
        "Why does bicubic leave a thin bright line beside a dark edge?",
        (
            "the kernel has negative lobes",
            "the result was rounded to 8 bits",
            "the border was mirrored",
        ),
        "a",
        "A dark pixel with a negative weight makes its neighbourhood brighter than "
        "bright.",
    ),
    Question(
        "OpenCV's cubic has a = -0.75. What does it make of a straight ramp of greys?",
        (
            "the same ramp, exactly",
            "a ramp with a constant shift",
            "a ramp that wobbles around the straight line",
        ),
        "c",
        "Only a = -1/2 reproduces a straight line; that is where its third order comes "
        "from.",
    ),
    Question(
        "From how many pixels is one pixel of an antialiased bicubic x1/2 made?",
        ("4", "16", "64"),
        "c",
        "The kernel is four samples wide; shrinking by two makes it eight wide, in "
        "both directions: 8 times 8.",
    ),
    Question(
        "A wave of 0.3 cycles per pixel; every second pixel is kept. In the small "
        "image it has, in cycles per pixel,",
        ("0.15", "0.4", "0.6"),
        "b",
        "0.6 is above 1/2, the fastest that samples can show; it looks like 1 - 0.6.",
    ),
    Question(
        "Which of these can be undone after the picture was shrunk?",
        (
            "a shift of the grid by half a pixel",
            "aliasing",
            "the loss of waves finer than the new grid",
        ),
        "a",
        "A known shift is mended by reading the curve at shifted places. Aliases look "
        "like true waves, and lost waves leave no trace.",
    ),
    Question(
        "Two papers print 'bicubic, x4' for the same set, 28.42 and 26.70 dB. Most "
        "likely",
        (
            "one of them made an error in the kernel",
            "one measured luma, the other RGB",
            "one cut the border, the other did not",
        ),
        "b",
        "Luma against RGB is the only trap of that size; cutting the border or not is "
        "worth tenths or less.",
    ),
    Question(
        "The best linear 7 x 7 filter beats bicubic because",
        (
            "it was fitted to how photographs look and how they were shrunk",
            "it computes the frequencies that were lost",
            "it has seen the test photograph",
        ),
        "a",
        "It undoes some of the blur of shrinking and weighs neighbours as photographs "
        "have it on average. What was lost stays lost.",
    ),
]
