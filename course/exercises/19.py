# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 19, two codecs and a super-resolver.

A check says what differs and on which input, never the answer.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 19.1 what may the residual cost? -----------------------------------------------


def solution_19_1(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    needed = np.exp(np.interp(psnr, psnrs, np.log(rates)))
    return max(0.0, float(needed) - base)


def check_19_1(fn):
    def mine(what, rates, psnrs, base, psnr, hint=""):
        given = np.array(rates, float), np.array(psnrs, float)
        before = [a.copy() for a in given]
        got = fn(*given, base, psnr)
        if not all(map(np.array_equal, given, before)):
            raise Differs(f"{what}: your function has changed its arguments.")
        if np.shape(got):
            raise Differs(f"{what}: one number is wanted, not {np.shape(got)} of them.")
        if got is not None and np.isnan(got):
            raise Differs(f"{what}: that is on the curve; its two ends belong to it.")
        try:
            wanted = solution_19_1(*before, base, psnr)
            close(got, wanted, f"your budget at {what}", rtol=1e-3)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    rates, psnrs = (0.125, 0.25, 0.5, 1.0), (24.0, 27.0, 30.0, 33.0)
    mine("a PSNR that is a point of the curve", rates, psnrs, 0.1, 30.0)
    mine(
        "a PSNR between two points", rates, psnrs, 0.1, 31.5,
        " The logarithm of the rate is linear, not the rate.",
    )  # fmt: skip
    mine("between the first two points", rates, psnrs, 0.02, 25.0)
    uneven = " Which two points of the curve lie around the PSNR?"
    mine("26 dB between the first two of three uneven points", (0.1, 0.4, 0.7),
         (20.0, 31.0, 32.5), 0.05, 26.0, uneven)  # fmt: skip
    mine("uneven steps of the PSNR", (0.1, 0.4, 0.7), (20.0, 31.0, 32.5), 0.15, 31.9)
    mine(
        "a base that takes more than the codec alone", rates, psnrs, 0.4, 26.0,
        " No stream has fewer than no bits.",
    )  # fmt: skip
    mine("the highest point of the curve", rates, psnrs, 0.3, 33.0)
    mine("the lowest point of the curve", rates, psnrs, 0.05, 24.0)
    for what, dB in (("above", 34.0), ("below", 20.0)):
        found = fn(np.array(rates), np.array(psnrs), 0.1, dB)
        if found is None or np.shape(found) or not np.isnan(found):
            raise Differs(
                f"a PSNR {what} the curve: nothing is known there, so not a number."
                + (
                    " (Python's max lets a nan go: look at the range first.)"
                    * (found == 0)
                )
            )
    return "Whoever builds a residual layer can know its budget before."


def _needed(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    return float(np.exp(np.interp(psnr, psnrs, np.log(rates))))


def _linear_rate(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    return max(0.0, float(np.interp(psnr, psnrs, rates)) - base)


def _negative(rates, psnrs, base, psnr):
    return _needed(rates, psnrs, base, psnr) - base


def _beyond(rates, psnrs, base, psnr):
    return max(0.0, float(np.exp(np.interp(psnr, psnrs, np.log(rates)))) - base)


def _zero_beyond(rates, psnrs, base, psnr):
    found = solution_19_1(rates, psnrs, base, psnr)
    return 0.0 if math.isnan(found) else found


def _ends_left_out(rates, psnrs, base, psnr):
    if not psnrs[0] < psnr < psnrs[-1]:
        return math.nan
    return solution_19_1(rates, psnrs, base, psnr)


def _next_point(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    return max(0.0, float(rates[np.searchsorted(psnrs, psnr)]) - base)


def _quality_instead(rates, psnrs, base, psnr):
    return float(psnr - np.interp(np.log(base), np.log(rates), psnrs))


def _one_segment_on(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    k = min(int(np.searchsorted(psnrs, psnr)), len(psnrs) - 2)
    return max(0.0, _on_segment(rates, psnrs, psnr, k) - base)


def _last_segment(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    return max(0.0, _on_segment(rates, psnrs, psnr, len(psnrs) - 2) - base)


def _on_segment(rates, psnrs, psnr, k):
    t = (psnr - psnrs[k]) / (psnrs[k + 1] - psnrs[k])
    return float(rates[k] ** (1 - t) * rates[k + 1] ** t)


def _max_of_nan(rates, psnrs, base, psnr):
    known = np.interp(psnr, psnrs, np.log(rates), left=np.nan, right=np.nan)
    return max(0.0, float(np.exp(known)) - base)


def _log_left(rates, psnrs, base, psnr):
    if not psnrs[0] <= psnr <= psnrs[-1]:
        return math.nan
    return max(0.0, float(np.interp(psnr, psnrs, np.log(rates)) - np.log(base)))


# --- 19.2 the only ones that can win ------------------------------------------------


def solution_19_2(distortions, rates):
    points = list(zip(rates, distortions, strict=True))
    order = sorted(range(len(points)), key=lambda i: (*points[i], i))
    hull = []
    for i in order:
        if hull and points[i][1] >= points[hull[-1]][1]:
            continue  # no better, and no cheaper
        while len(hull) > 1:
            (r, d), (s, e), (t, f) = (points[k] for k in (*hull[-2:], i))
            if (d - e) * (t - s) > (e - f) * (s - r):
                break  # the middle one lies below the line of its neighbours
            hull.pop()
        hull.append(i)
    return hull


def check_19_2(fn):
    def mine(what, distortions, rates, hint=""):
        got = fn(list(distortions), list(rates))
        if isinstance(got, (torch.Tensor, np.ndarray)):
            got = got.tolist()
        if not isinstance(got, (list, tuple)):
            raise Differs(f"{what}: a list of numbers is wanted.")
        if any(
            isinstance(i, (bool, np.bool_)) or not np.isscalar(i) or int(i) != i
            for i in got
        ):
            raise Differs(f"{what}: each entry is the number of a file, from 0.")
        found, wanted = [int(i) for i in got], solution_19_2(distortions, rates)
        if any(not 0 <= i < len(rates) for i in found):
            raise Differs(f"{what}: there is no such file; they are counted from 0.")
        if len(set(found)) < len(found):
            raise Differs(f"{what}: a file comes twice.")
        missing, extra = set(wanted) - set(found), set(found) - set(wanted)
        if missing or extra:
            raise Differs(
                f"{what}: {len(missing)} missing, {len(extra)} too many.{hint}"
            )
        if found != wanted:
            raise Differs(f"{what}: these files, but not in rising rate.")

    mine("one file", [9.0], [1.0])
    mine("two files", [9.0, 4.0], [1.0, 2.0], " At which slopes does each win?")
    mine("a worse and larger one", [4.0, 9.0], [1.0, 2.0], " The slope is above 0.")
    mine(
        "three, the middle one above the line of the others",
        [16.0, 12.0, 2.0], [1.0, 2.0, 3.0],
        " At every slope one of its neighbours costs less.",
    )  # fmt: skip
    mine("three, the middle one below the line", [16.0, 6.0, 2.0], [1.0, 2.0, 3.0])
    mine("three on a line", [16.0, 12.0, 8.0], [1.0, 2.0, 3.0], " On a line it ties.")
    mine("in no order", [2.0, 16.0, 6.0], [3.0, 1.0, 2.0])
    mine("two of the same", [16.0, 16.0, 2.0], [1.0, 1.0, 3.0], " The first counts.")
    mine("two of one rate", [16.0, 12.0, 2.0], [1.0, 1.0, 3.0], " Equal rates?")
    mine("two of one distortion", [16.0, 2.0, 2.0], [1.0, 5.0, 3.0], " Equal D?")
    mine(
        "five, two of them above the line", [32.0, 26.0, 21.0, 8.0, 4.0],
        [1.0, 2.0, 3.0, 4.0, 8.0], " When one has gone, look again at those before.",
    )  # fmt: skip
    mine(
        "a file that wins at a narrow range of slopes",
        [16.0, 11.9999995, 8.0], [1.0, 2.0, 3.0], " Trying slopes is not enough.",
    )  # fmt: skip
    mine(
        "seven, each of which looks good until the next has gone",
        [1064.0, 1032.0, 1016.0, 1008.0, 1004.0, 1002.0, 0.0],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        " When one has gone, look again at those before.",
    )  # fmt: skip
    draw = np.random.default_rng(192)
    for n in (6, 20):
        rates = draw.random(n)
        distortions = 1 / (0.1 + rates) + draw.random(n)
        mine(f"{n} files at random", distortions.tolist(), rates.tolist())
    return "The lower left edge, convex: no slope ever asks for another file."


def _not_dominated(distortions, rates):
    order = sorted(range(len(rates)), key=lambda i: (rates[i], distortions[i], i))
    kept = []
    for i in order:
        if not kept or distortions[i] < distortions[kept[-1]]:
            kept.append(i)
    return kept


def _with_ties(distortions, rates):
    kept = []
    for i in _not_dominated(distortions, rates):
        while len(kept) > 1:
            a, b = kept[-2:]
            left = (distortions[a] - distortions[b]) * (rates[i] - rates[b])
            if left >= (distortions[b] - distortions[i]) * (rates[b] - rates[a]):
                break
            kept.pop()
        kept.append(i)
    return kept


def _one_look_back(distortions, rates):
    kept = []
    for i in _not_dominated(distortions, rates):
        if len(kept) > 1:
            a, b = kept[-2:]
            left = (distortions[a] - distortions[b]) * (rates[i] - rates[b])
            if left <= (distortions[b] - distortions[i]) * (rates[b] - rates[a]):
                kept.pop()
        kept.append(i)
    return kept


def _three_passes(distortions, rates):
    d, r, kept = distortions, rates, _not_dominated(distortions, rates)
    for _ in range(3):
        inner = [
            b for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)
            if (d[a] - d[b]) * (r[c] - r[b]) > (d[b] - d[c]) * (r[b] - r[a])
        ]  # fmt: skip
        kept = [kept[0], *inner, kept[-1]] if len(kept) > 1 else kept
    return kept


def _few_slopes(distortions, rates):
    d, r = np.array(distortions), np.array(rates)
    best = {int(np.argmin(d + slope * r)) for slope in (0.1, 1.0, 10.0)}
    return sorted(best, key=lambda i: rates[i])


def _many_slopes(distortions, rates):
    d, r = np.array(distortions), np.array(rates)
    slopes = np.logspace(-6, 8, 4000)
    best = {int(np.argmin(d + slope * r)) for slope in slopes}
    return sorted(best, key=lambda i: rates[i])


def _in_their_order(distortions, rates):
    return sorted(solution_19_2(distortions, rates))


def _ends(distortions, rates):
    kept = _not_dominated(distortions, rates)
    return kept if len(kept) < 2 else [kept[0], kept[-1]]


def _by_distortion(distortions, rates):
    return solution_19_2(distortions, rates)[::-1]


def _as_flags(distortions, rates):
    kept = set(solution_19_2(distortions, rates))
    return [i in kept for i in range(len(rates))]


def _slope_zero_too(distortions, rates):  # of equal distortions the first, not cheapest
    found = solution_19_2(distortions, rates)
    return [*found[:-1], int(np.argmin(distortions))]


# --- 19.3 what does the second half add? --------------------------------------------


def solution_19_3(x, sr, result, low):
    shares = []
    for keep in (low, lambda a: a - low(a)):
        before, after = (keep(x - y).square().sum().item() for y in (sr, result))
        shares.append(1 - after / before if before else 0.0)
    return tuple(shares)


def _mean_of_four(a):
    return F.interpolate(F.avg_pool2d(a, 2), scale_factor=2)


def _mean_of_all(a):
    return a.mean(dim=(2, 3), keepdim=True).expand_as(a)


def check_19_3(fn):
    def mine(what, x, sr, result, low=_mean_of_four, hint=""):
        got = fn(x.clone(), sr.clone(), result.clone(), low)
        if isinstance(got, (torch.Tensor, np.ndarray)):
            got = tuple(got.tolist()) if np.ndim(got) == 1 else got
        wanted = solution_19_3(*(t.double() for t in (x, sr, result)), low)
        try:
            close(got, wanted, f"your shares of {what}", rtol=1e-3, atol=1e-4)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    draw = torch.Generator().manual_seed(193)

    def noise(c=3):
        return torch.randint(0, 9, (1, c, 8, 12), generator=draw) / 8

    x, sr = noise(), noise()
    half = (x + sr) / 2
    mine(
        "a result half way between SR and x", x, sr, half,
        hint=" Energy is the sum of squares.",
    )  # fmt: skip
    mine("a result that is x", x, sr, x)
    mine("a result that is SR", x, sr, sr)
    mine("only the low half repaired", x, sr, sr + _mean_of_four(x - sr))
    mine("only a third of the high half repaired", x, sr,
         sr + ((x - sr) - _mean_of_four(x - sr)) / 3)  # fmt: skip
    mine("a grey picture that it makes worse", x[:, :1], sr[:, :1],
         (x + noise())[:, :1], hint=" It may do harm, too.")  # fmt: skip
    mine("another low", x, sr, sr + _mean_of_all(x - sr), _mean_of_all,
         " Use the function that you are given.")  # fmt: skip
    mine(
        "an SR that lacks only high frequencies", x, _mean_of_four(x),
        _mean_of_four(x) / 2 + x / 2, hint=" What if there is nothing to repair?",
    )  # fmt: skip
    mine("an SR that is x already", x, x, x, hint=" What if nothing is lacking?")
    mine(
        "a low that blurs", x, sr, sr + ((x - sr) - _mean_of_four(x - sr)) / 3,
        lambda a: F.avg_pool2d(a, 3, 1, 1),
        " High is what low takes away from a picture: a - low(a).",
    )  # fmt: skip
    return "Two numbers a configuration, and one sees which half does which work."


def _not_from_one(x, sr, result, low):
    shares = []
    for keep in (low, lambda a: a - low(a)):
        before, after = (keep(x - y).square().sum().item() for y in (sr, result))
        shares.append(after / before if before else 0.0)
    return tuple(shares)


def _swapped(x, sr, result, low):
    return solution_19_3(x, sr, result, low)[::-1]


def _roots(x, sr, result, low):
    shares = []
    for keep in (low, lambda a: a - low(a)):
        before, after = (keep(x - y).norm().item() for y in (sr, result))
        shares.append(1 - after / before if before else 0.0)
    return tuple(shares)


def _of_the_picture(x, sr, result, low):
    shares = []
    for keep in (low, lambda a: a - low(a)):
        before, after = (keep(x - y).square().sum().item() for y in (sr, result))
        whole = keep(x).square().sum().item()
        shares.append((before - after) / whole if whole else 0.0)
    return tuple(shares)


def _added_energy(x, sr, result, low):  # what was added, whether it helps or not
    shares = []
    for keep in (low, lambda a: a - low(a)):
        lacks, adds = (keep(d).square().sum().item() for d in (x - sr, result - sr))
        shares.append(adds / lacks if lacks else 0.0)
    return tuple(shares)


def _whole_less_low(x, sr, result, low):  # energies add up for projections alone
    both = []
    for y in (sr, result):
        part = low(x - y).square().sum().item()
        both.append((part, (x - y).square().sum().item() - part))
    before, after = both
    return tuple(
        1 - b / a if abs(a) > 1e-6 else 0.0 for a, b in zip(before, after, strict=True)
    )


def _no_harm(x, sr, result, low):
    return tuple(max(0.0, share) for share in solution_19_3(x, sr, result, low))


def _nothing_is_all(x, sr, result, low):
    shares = []
    for keep in (low, lambda a: a - low(a)):
        before, after = (keep(x - y).square().sum().item() for y in (sr, result))
        shares.append(1 - after / before if before else 1.0)
    return tuple(shares)


def _own_low(x, sr, result, low):
    return solution_19_3(x, sr, result, _mean_of_four)


def _whole_for_high(x, sr, result, low):
    before, after = ((x - y).square().sum().item() for y in (sr, result))
    whole = 1 - after / before if before else 0.0
    return solution_19_3(x, sr, result, low)[0], whole


EXERCISES = {
    "19.1": Exercise(
        title="What may the residual cost?",
        check=check_19_1,
        hints=(
            "Read the curve from the other side: which rate does the codec alone need "
            "for this PSNR?",
            "np.interp takes what you ask for, then where it is known, then the "
            "values. Interpolate the logarithm of the rate, and take the exponential.",
            "Subtract the base from that rate, and let nothing below 0 pass. np.interp "
            "does not say when it was asked beyond its ends: look for yourself.",
        ),
        solution=solution_19_1,
    ),
    "19.2": Exercise(
        title="The only ones that can win",
        check=check_19_2,
        hints=(
            "Draw D over R. A slope is a line; which points does it touch first when "
            "it comes from below left?",
            "Sort by rate. Leave out whatever is not better than a cheaper one. Then "
            "look at three neighbours: does the middle one lie below the line of the "
            "outer two?",
            "Keep a list. Before a point joins, take the last one off as long as the "
            "list has two and the last one does not lie below the line from the one "
            "before to the new point. Multiply instead of dividing.",
        ),
        solution=solution_19_2,
    ),
    "19.3": Exercise(
        title="What does the second half add?",
        check=check_19_3,
        hints=(
            "What does SR lack, and what does the result lack? Two differences from x.",
            "Split each into low and the rest, and compare energies: sums of squares.",
            "One minus the energy that is left over the energy that was lacking, once "
            "for `low(d)`, once for `d - low(d)`; 0 where nothing was lacking.",
        ),
        solution=solution_19_3,
    ),
}

WRONG = {
    "19.1": [
        _needed,
        _linear_rate,
        _negative,
        _beyond,
        _zero_beyond,
        _ends_left_out,
        _next_point,
        _quality_instead,
        _log_left,
        _one_segment_on,
        _last_segment,
        _max_of_nan,
    ],
    "19.2": [
        _not_dominated,
        _with_ties,
        _one_look_back,
        _three_passes,
        _few_slopes,
        _many_slopes,
        _in_their_order,
        _ends,
        _by_distortion,
        _as_flags,
        _slope_zero_too,
    ],
    "19.3": [
        _not_from_one,
        _swapped,
        _roots,
        _of_the_picture,
        _added_energy,
        _whole_less_low,
        _no_harm,
        _nothing_is_all,
        _whole_for_high,
        _own_low,
    ],
}

ASKS = {
    "19.a": Ask(
        "The small picture's file and the residual's file together: smaller than one "
        "JPEG of the same quality, as large, or larger?",
        "It depends on the rate and on the codec. Write your guess down: the rest of "
        "the notebook measures it.",
    ),
    "19.b": Ask(
        "Codec 1 is bad, codec 2 is good, and only the result is in the loss. You are "
        "the network between them. What do you do?",
        "Little. The good codec repairs whatever you leave, so no matter what you "
        "do, the loss hardly changes. You may as well be grey.",
    ),
    "19.c": Ask(
        "A network makes the small picture, another one the large one, and only large "
        "pictures are compared with the original. In which colours will the small one "
        "be?",
        "In any that the other network can undo. Nothing in the loss looks at the "
        "small picture, unless the structure of the networks does.",
    ),
    "19.d": Ask(
        "The residual is nearly grey everywhere. Does that make it cheap?",
        "Not by itself. Cheap is what can be predicted. Small noise costs as many bits "
        "as its energy over the error that is allowed.",
    ),
    "19.e": Ask(
        "A network learned on clean small pictures to bring back fine details. It is "
        "given a coarse JPEG. What does it take the borders of the blocks for?",
        "For edges: they are sharp and straight, as in the pictures that it knows. It "
        "makes them sharper.",
    ),
    "19.f": Ask(
        "You choose crops to see whether your GAN is good. Which parts of a photograph "
        "do you choose?",
        "Those where something is to be seen: hair, leaves, faces. Skies and walls "
        "stay outside of the test, and there invented texture is wrong.",
    ),
    "19.g": Ask(
        "Our decoder has a network in it, JPEG's has none. Is it fair to compare?",
        "As a product, yes; as a proof that two layers are good, no. A network behind "
        "the plain JPEG helps as well, and only the difference is due to the layers.",
    ),
}

QUIZ = [
    Question(
        "With a very good second codec and a loss on the result alone, the gradient "
        "that reaches SR is",
        (
            "large, since the result depends on SR",
            "nearly zero at low frequencies, which codec 2 carries",
            "the same as without codec 2",
        ),
        "b",
        "The result is SR + C(x - SR); where C passes its input on, or leaves no "
        "error, there is nothing to ask of SR.",
    ),
    Question(
        "A learned small picture is in strange colours because",
        (
            "the codec shifts them",
            "the loss does not look at it, and the way up can undo them",
            "colours are halved in it",
        ),
        "b",
        "A term that compares it with a bicubic one, or a bicubic shortcut, mends it.",
    ),
    Question(
        "The residual is dear although it is nearly grey, because",
        (
            "its energy is spread evenly over the frequencies",
            "it has three channels",
            "128 has to be added to it",
        ),
        "a",
        "There is nothing to predict: its coding gain is a few decibels.",
    ),
    Question(
        "The small picture alone beats JPEG at low rates. With a better codec in both "
        "places the rate up to which it wins",
        ("rises", "stays", "falls"),
        "c",
        "A better codec knows by itself what to leave out.",
    ),
    Question(
        "A scheme of half-sized pictures is 20 % better by MS-SSIM and 10 % worse by "
        "PSNR. The likeliest reason:",
        (
            "PSNR is no good for photographs",
            "MS-SSIM gives the finest scale, where it lacks most, a small weight",
            "the scheme has better colours",
        ),
        "b",
        "Its finest scale has the exponent .045 of 1; the finest octave is missing.",
    ),
    Question(
        "Which comparison says what the *two layers* are worth?",
        (
            "two layers with a network against plain JPEG",
            "two layers with a network against JPEG with a network that cleans it",
            "two layers with a network against two layers without",
        ),
        "b",
        "The first mixes two effects, the third measures the network. And both should "
        "have the same entropy coder.",
    ),
]
