# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 17, ROI compression.

A check says what differs and on which input, never the answer.
"""

import math

import numpy as np
import torch

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 17.1 the entropy of a block ----------------------------------------------------


def solution_17_1(block):
    _, counts = np.unique(block, return_counts=True)
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum())


def check_17_1(fn):
    def mine(what, block, hint=""):
        before = block.copy()
        got = fn(block)
        if not np.array_equal(block, before):
            raise Differs(f"{what}: your function has changed its argument.")
        try:
            close(got, solution_17_1(block), f"H of {what}", rtol=1e-4, atol=1e-6)
        except Differs as error:
            if "NaN" in str(error):
                hint = " Values that do not occur are no part of the sum."
            elif np.ndim(got):
                hint = " One number for the whole block."
            raise Differs(f"{error}{hint}") from None

    left = np.zeros((8, 8), int)
    left[:, :4] = 255
    mine("a block of half 0 and half 255", left, " Do the shares add up to 1?")
    quarter = np.zeros((4, 4), int)
    quarter[0] = 7
    mine("a block of 4 x 4, a quarter of it another value", quarter)
    mine(
        "a block of one value", np.full((8, 8), 93),
        " What is the entropy where nothing can surprise?",
    )  # fmt: skip
    mine("a block of 64 different values", np.arange(64).reshape(8, 8))
    draw = np.random.default_rng(171)
    mine("a block of 16 x 16 at random", draw.integers(0, 5, (16, 16)))
    by_itself = " Each value counts by itself."
    top = np.full((8, 8), 254)
    top[:3] = 255
    mine("a block of 254 and 255", top, by_itself)
    apart = np.repeat([0, 1, 64, 255], 16).reshape(8, 8)
    mine("a block of 0, 1, 64 and 255", apart, by_itself)
    mine(
        "a block whose values are high but few", draw.integers(250, 253, (8, 8)),
        " The values themselves do not count, only how often each comes.",
    )  # fmt: skip
    return "The printed formula, without the sum, is not one number but one a value."


def _one_term(block):
    _, counts = np.unique(block, return_counts=True)
    p = counts / counts.sum()
    return -p * np.log2(p)


def _first_term(block):
    return float(_one_term(block)[0])


def _natural(block):
    return solution_17_1(block) * math.log(2)


def _mean_of_terms(block):
    return float(_one_term(block).mean())


def _no_minus(block):
    return -solution_17_1(block)


def _by_sixty_four(block):  # right for blocks of 8 x 8 only
    _, counts = np.unique(block, return_counts=True)
    p = counts / 64
    return float(-(p * np.log2(p)).sum())


def _over_pixels(block):  # sums over pixels, not over values
    _, inverse, counts = np.unique(block, return_inverse=True, return_counts=True)
    p = (counts / counts.sum())[inverse.reshape(-1)]
    return float(-(p * np.log2(p)).sum())


def _from_counts(counts):
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log2(p)).sum())


def _last_bin_shared(block):
    return _from_counts(np.histogram(block, bins=range(256))[0])


def _wide_bins(block):
    return _from_counts(np.histogram(block, bins=64)[0])


def _modulo(block):
    return _from_counts(np.bincount(block.ravel() % 64))


def _grey_as_probability(block):
    p = block[block > 0] / block.sum()
    return float(-(p * np.log2(p)).sum())


# --- 17.2 which blocks of colour stay -----------------------------------------------


def solution_17_2(inside):
    h, w = inside.shape
    wide = np.zeros((h + h % 2, w + w % 2), bool)
    wide[:h, :w] = inside
    return wide[::2, ::2] | wide[1::2, ::2] | wide[::2, 1::2] | wide[1::2, 1::2]


def check_17_2(fn):
    def mine(what, inside, hint=""):
        before = inside.copy()
        got = fn(inside)
        if not np.array_equal(inside, before):
            raise Differs(f"{what}: your function has changed its argument.")
        if isinstance(got, torch.Tensor):
            got = got.numpy()
        if not isinstance(got, np.ndarray):
            raise Differs(f"{what}: an array is wanted, not a {type(got).__name__}.")
        wanted = solution_17_2(inside)
        if got.shape != wanted.shape:
            raise Differs(
                f"{what}: the shape {wanted.shape} is wanted, not {got.shape}."
            )
        if not np.isin(got, (0, 1)).all():
            raise Differs(f"{what}: each block is inside or not: True or False.")
        wrong = int((got.astype(bool) != wanted).sum())
        if wrong:
            raise Differs(f"{what}: {wrong} of {wanted.size} blocks differ.{hint}")

    draw = np.random.default_rng(172)
    for at in ((0, 0), (1, 0), (0, 1), (1, 1)):
        corner = np.zeros((4, 6), bool)
        corner[2 + at[0], 2 + at[1]] = True
        mine("4 x 6 blocks, one of them inside", corner, " One in four is enough.")
    mine("6 x 8 blocks at random", draw.random((6, 8)) < 0.3)
    mine(
        "5 x 7 blocks at random", draw.random((5, 7)) < 0.3,
        " At an odd border a block of colour covers fewer blocks of brightness.",
    )  # fmt: skip
    mine("1 x 1 block, inside", np.ones((1, 1), bool))
    mine("3 x 2 blocks, all inside", np.ones((3, 2), bool))
    last = np.zeros((5, 5), bool)
    last[4, 4] = True
    mine("5 x 5 blocks, only the last one inside", last)
    return "Colour of the region's border is kept, and a little of its neighbour's."


def _every_second(inside):
    return inside[::2, ::2].copy()


def _all_four(inside):
    h, w = inside.shape
    wide = np.ones((h + h % 2, w + w % 2), bool)
    wide[:h, :w] = inside
    return wide[::2, ::2] & wide[1::2, ::2] & wide[::2, 1::2] & wide[1::2, 1::2]


def _cuts_odd(inside):
    h, w = (n // 2 * 2 for n in inside.shape)
    return inside[:h, :w].reshape(h // 2, 2, w // 2, 2).any(axis=(1, 3))


def _most_of_four(inside):
    h, w = inside.shape
    wide = np.zeros((h + h % 2, w + w % 2))
    wide[:h, :w] = inside
    return wide.reshape(wide.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)) >= 0.5


def _only_rows(inside):
    h, w = inside.shape
    wide = np.zeros((h + h % 2, w + w % 2), bool)
    wide[:h, :w] = inside
    return wide[::2, ::2] | wide[1::2, ::2]


def _odd_is_outside(inside):
    found = solution_17_2(inside)
    if inside.shape[0] % 2:
        found[-1] = False
    if inside.shape[1] % 2:
        found[:, -1] = False
    return found


def _unchanged(inside):
    return inside.copy()


# --- 17.3 a PSNR that looks where the map says --------------------------------------


def solution_17_3(x, y, weight):
    error = (x - y).square().mean(dim=1, keepdim=True)
    mse = (weight * error).sum() / weight.sum()
    return (-10 * torch.log10(mse)).item()


def check_17_3(fn):
    def mine(what, x, y, weight, hint=""):
        got = fn(x.clone(), y.clone(), weight.clone())
        wanted = solution_17_3(x.double(), y.double(), weight.double())
        try:
            close(got, wanted, what, rtol=2e-4)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    draw = torch.Generator().manual_seed(173)
    x = torch.rand(1, 3, 10, 12, generator=draw)
    y = (x + 0.1 * torch.randn(x.shape, generator=draw)).clamp(0, 1)
    ones = torch.ones(1, 1, 10, 12)
    box = torch.zeros(1, 1, 10, 12)
    box[..., 2:6, 3:9] = 1
    mine("a map of 1 everywhere: the plain PSNR", x, y, ones)
    mine(
        "a box", x, y, box,
        " Do pixels outside of the box count? What is divided by: all pixels, or those "
        "that do?",
    )  # fmt: skip
    mine("the same box, its values 0.25", x, y, box / 4, " Only shares of it count.")
    soft = torch.rand(1, 1, 10, 12, generator=draw)
    mine(
        "a soft map", x, y, soft,
        " The weights belong to squared errors; a pixel of weight 0.2 counts a fifth "
        "of one of weight 1.",
    )  # fmt: skip
    mine("a grey picture", x[:, :1], y[:, :1], soft, " How many channels are there?")
    away = torch.where(box > 0, x, y)
    mine("an error outside of the box, a map of 0.1 there", x, away, 0.1 + 0.9 * box)
    return "It says what the whole-image PSNR cannot: how good it is where one looks."


def _weighted_picture(x, y, weight):  # weighs the error before it is squared
    return (-10 * torch.log10((weight * (x - y)).square().mean())).item()


def _over_all(x, y, weight):
    return (-10 * torch.log10((weight * (x - y).square()).mean())).item()


def _channels_forgotten(x, y, weight):
    mse = (weight * (x - y).square()).sum() / weight.sum()
    return (-10 * torch.log10(mse)).item()


def _three_channels(x, y, weight):
    mse = (weight * (x - y).square()).sum() / weight.sum() / 3
    return (-10 * torch.log10(mse)).item()


def _weight_squared(x, y, weight):
    error = (x - y).square().mean(dim=1, keepdim=True)
    mse = (weight.square() * error).sum() / weight.square().sum()
    return (-10 * torch.log10(mse)).item()


def _mean_of_dB(x, y, weight):
    error = (x - y).square().mean(dim=1, keepdim=True).clamp(min=1e-10)
    return ((weight * -10 * torch.log10(error)).sum() / weight.sum()).item()


def _thresholded(x, y, weight):
    return solution_17_3(x, y, (weight >= 0.2).float())


def _twenty(x, y, weight):
    return 2 * solution_17_3(x, y, weight)


# --- 17.4 pairs that one picture cannot give ----------------------------------------


def solution_17_4(mse, psnr):
    n = len(mse)
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if (mse[i] - mse[j]) * (psnr[i] - psnr[j]) > 0
    ]


def check_17_4(fn):
    def mine(what, mse, psnr, hint=""):
        got = fn(list(mse), list(psnr))
        if isinstance(got, tuple) and any(isinstance(g, np.ndarray) for g in got):
            raise Differs(
                f"{what}: pairs are wanted, not an array for i and one for j."
            )
        try:
            pairs = [(int(i), int(j)) for i, j in got]
        except (TypeError, ValueError):
            raise Differs(f"{what}: a list of pairs (i, j) is wanted.") from None
        wanted = solution_17_4(mse, psnr)
        if any(not (0 <= i < len(mse) and 0 <= j < len(mse)) for i, j in pairs):
            raise Differs(f"{what}: there is no such row; they are counted from 0.")
        if any(i >= j for i, j in pairs):
            raise Differs(f"{what}: each pair once, the smaller number first.")
        if len(pairs) != len(set(pairs)):
            raise Differs(f"{what}: a pair comes twice.")
        if set(pairs) != set(wanted):
            missing = len(set(wanted) - set(pairs))
            extra = len(set(pairs) - set(wanted))
            raise Differs(
                f"{what}: {missing} pairs are missing, {extra} too many.{hint}"
            )

    mine("two rows that agree", [0.01, 0.001], [20.0, 30.0])
    mine("two rows that contradict", [0.01, 0.001], [30.0, 20.0])
    mine("four rows, the last one odd", [4.0, 3.0, 2.0, 5.0], [1.0, 2.0, 3.0, 9.0])
    mine(
        "three rows with the same error", [0.5, 0.5, 0.5], [3.0, 3.1, 3.2],
        " Equal numbers may have been rounded: they prove nothing.",
    )  # fmt: skip
    mine("three rows with one error", [0.5] * 3, [3.2, 3.0, 3.1], " Equal errors?")
    mine("rows with the same PSNR", [0.1, 0.2, 0.3], [30.0, 30.0, 29.0], " Equal?")
    mine("two rows of one PSNR", [0.3, 0.2, 0.1], [30.0, 30.0, 31.0], " Equal?")
    mine(
        "errors as small as in the tables", [0.000343, 0.000371], [37.546, 37.565],
        " A small difference is a difference.",
    )  # fmt: skip
    small = " A small difference is a difference."
    mine("a PSNR a thousandth higher", [0.000342, 0.000371], [37.5639, 37.5652], small)
    mine("errors of six digits", [0.000352, 0.000356], [37.4470, 37.4776], small)
    draw = np.random.default_rng(174)
    for n in (1, 5, 7):
        mine(f"{n} rows at random", draw.random(n).tolist(), draw.random(n).tolist())
    return "Impossible for one picture; for means, a sign that no method is ahead."


def _neighbours_only(mse, psnr):
    return [(i, j) for i, j in solution_17_4(mse, psnr) if j == i + 1]


def _with_equal(mse, psnr):
    n = len(mse)
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if (mse[i] - mse[j]) * (psnr[i] - psnr[j]) >= 0
    ]


def _agreeing(mse, psnr):
    n = len(mse)
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if (mse[i] - mse[j]) * (psnr[i] - psnr[j]) < 0
    ]


def _both_ways(mse, psnr):
    found = solution_17_4(mse, psnr)
    return found + [(j, i) for i, j in found]


def _one_direction(mse, psnr):
    n = len(mse)
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if mse[i] < mse[j] and psnr[i] < psnr[j]
    ]


def _same_truth(mse, psnr):  # equal numbers count as "not smaller"
    n = len(mse)
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if (mse[i] < mse[j]) == (psnr[i] < psnr[j])
    ]


def _with_tolerance(mse, psnr):
    n = len(mse)
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if (mse[i] - mse[j]) * (psnr[i] - psnr[j]) > 1e-6
    ]


def _to_a_hundredth(mse, psnr):
    return [
        (i, j) for i, j in solution_17_4(mse, psnr) if abs(psnr[i] - psnr[j]) > 0.01
    ]


def _to_four_digits(mse, psnr):
    return solution_17_4([round(value, 4) for value in mse], psnr)


def _counted_from_one(mse, psnr):
    return [(i + 1, j + 1) for i, j in solution_17_4(mse, psnr)]


def _two_arrays(mse, psnr):
    d, e = (np.subtract.outer(np.array(v), np.array(v)) for v in (mse, psnr))
    return np.where(np.triu(d * e > 0))


def _against_the_best(mse, psnr):
    best = int(np.argmin(mse))
    return [pair for pair in solution_17_4(mse, psnr) if best in pair]


EXERCISES = {
    "17.1": Exercise(
        title="The entropy of a block",
        check=check_17_1,
        hints=(
            "How often does each value come? Their shares are the probabilities.",
            "np.unique with return_counts=True counts; divide by the number of pixels, "
            "whatever the block's size.",
            "Sum up share times log2 of the share over the values, and turn the sign. "
            "Values that do not occur are not in the list, so no logarithm of 0.",
        ),
        solution=solution_17_1,
    ),
    "17.2": Exercise(
        title="Which blocks of colour stay",
        check=check_17_2,
        hints=(
            "Each block of colour covers 2 x 2 blocks of brightness. Which of the four "
            "decide?",
            "Make both sides even first, with rows and columns that are not inside.",
            "Four slices with a step of 2, each with another start, joined by `|`.",
        ),
        solution=solution_17_2,
    ),
    "17.3": Exercise(
        title="A PSNR that looks where the map says",
        check=check_17_3,
        hints=(
            "PSNR comes from a mean of squared errors. This one is a weighted mean.",
            "A weighted mean divides by the sum of the weights, so that doubling all "
            "of them changes nothing. Mind the channels.",
            "First the mean over the channels of the squared error, (1, 1, H, W). Then "
            "times the map, summed, over the map's sum; then -10 log10.",
        ),
        solution=solution_17_3,
    ),
    "17.4": Exercise(
        title="Pairs that one picture cannot give",
        check=check_17_4,
        hints=(
            "Take two rows. Which orders of their errors and PSNRs are odd?",
            "Two loops, the second from i + 1. Compare two differences.",
            "Error and PSNR should go in opposite directions. If the product of their "
            "differences is positive, they do not; if it is 0, nothing is proved.",
        ),
        solution=solution_17_4,
    ),
}

WRONG = {
    "17.1": [
        _last_bin_shared,
        _wide_bins,
        _modulo,
        _one_term,
        _first_term,
        _natural,
        _mean_of_terms,
        _no_minus,
        _by_sixty_four,
        _over_pixels,
        _grey_as_probability,
    ],
    "17.2": [
        _every_second,
        _all_four,
        _cuts_odd,
        _most_of_four,
        _only_rows,
        _odd_is_outside,
        _unchanged,
    ],
    "17.3": [
        _weighted_picture,
        _over_all,
        _channels_forgotten,
        _three_channels,
        _weight_squared,
        _mean_of_dB,
        _thresholded,
        _twenty,
    ],
    "17.4": [
        _neighbours_only,
        _with_equal,
        _agreeing,
        _both_ways,
        _one_direction,
        _same_truth,
        _with_tolerance,
        _to_a_hundredth,
        _to_four_digits,
        _counted_from_one,
        _two_arrays,
        _against_the_best,
    ],
}

ASKS = {
    "17.a": Ask(
        "Look at any photograph. Which share of it do you see sharply at one glance: "
        "nearly all, a half, a tenth, less?",
        "Less than most people think. Sharp sight is two degrees wide: 0.6 % of a "
        "picture 20 cm wide at half a metre.",
    ),
    "17.b": Ask(
        "You see the astronaut a second time, and are asked which flight she was on. "
        "Does the same file look as good as before?",
        "Not if the patch on the suit was coded as background. The file has not "
        "changed, the goal has. And two people with two goals judge one file "
        "differently.",
    ),
    "17.c": Ask(
        "Ten files, each with the pixels of one tenth of the map's range, and grey "
        "elsewhere. Together: as large as one file, twice as large, ten times?",
        "More than twice as large, for a worse picture. Grey costs little; the borders "
        "between the layers cost much.",
    ),
    "17.d": Ask(
        "Edges matter; neither object nor background does. We have a map of the "
        "object. What now?",
        "Ask where the map changes. The thesis takes the entropy of the map's grey "
        "values in small blocks.",
    ),
    "17.e": Ask(
        "The file has one table of steps, and every decoder multiplies by it. How can "
        "an encoder round some blocks more coarsely than the table says?",
        "It writes numbers that a coarser rounding would have left, such as more "
        "zeros. The decoder multiplies them like any others.",
    ),
    "17.f": Ask(
        "The portrait's region gains 15 dB, most others 2 to 6. With four rows and "
        "columns cut off it is one of the others. What is it about this photograph?",
        "It was a JPEG before. On the old grid of blocks, at the old quality or one "
        "with half its steps, rounding finds the old numbers again and loses little.",
    ),
    "17.g": Ask(
        "How much of the gain is left when the region is half of the picture? And all "
        "of it?",
        "Less than half of what a twentieth gains. Of all nothing: then it is the "
        "plain file.",
    ),
    "17.h": Ask(
        "A map with twice the overlap with the object: does it gain twice as much on "
        "the object?",
        "No: the line does not begin at 0. Random maps overlap by 0.29 and lose 2.5 "
        "dB, those that overlap by 0.5 still lose on the mean over 82 photographs (our "
        "cup was a lucky one), and 1.0 gains 3.2. At one overlap photographs differ "
        "by several dB.",
    ),
    "17.i": Ask(
        "Three tables of a thesis. With a pocket calculator at most: what is strange? "
        "Find three things.",
        "PSNR is highest where the files are smallest; BPP times ratio is 1.27, and no "
        "original is that small; at 25 and 50 the smallest error and the highest PSNR "
        "are in different rows.",
    ),
    "17.j": Ask(
        "A learned encoder is a convolutional network itself. Does it find the region "
        "of interest without being told?",
        "Nobody told it what is of interest: it was trained for the mean error of all "
        "pixels. It spends bits where there is detail.",
    ),
}

QUIZ = [
    Question(
        "Ten layers of one picture, saved as ten files, are larger than one file "
        "mainly because",
        (
            "each file has a head",
            "each layer has edges that the picture does not have",
            "grey pixels cost as much as others",
        ),
        "b",
        "Cut along the blocks of 16, more than half of the surplus is gone; the heads "
        "are a quarter of it.",
    ),
    Question(
        "A file with a region of interest is a standard JPEG because",
        (
            "decoders know the region from its head",
            "it has two quantisation tables for brightness",
            "its numbers are legal ones under its one table",
        ),
        "c",
        "The encoder has only written more zeros than it had to.",
    ),
    Question(
        "At equal bytes the whole-image PSNR of such a file usually",
        ("falls a little", "rises", "stays the same"),
        "a",
        "The plain file's equal quality is nearly what PSNR asks for. It rises only "
        "where the region is also what is hardest to code.",
    ),
    Question(
        "A paper reports that its region is 3 dB better than the plain JPEG's, in a "
        "file 20 % larger. You",
        (
            "believe it, since the region is small",
            "ask for the plain file of that size",
            "ask for SSIM instead of PSNR",
        ),
        "b",
        "Part of the 3 dB is what 20 % more bytes buy anybody.",
    ),
    Question(
        "Your test photographs were once JPEG files. For a comparison at chosen "
        "qualities you should",
        (
            "shift their grid of blocks, or take others",
            "save them as PNG first",
            "use the quality that they had",
        ),
        "a",
        "PNG keeps what the first JPEG left. A shift of four pixels makes its grid no "
        "help.",
    ),
    Question(
        "Mean quality 50 in two files of one photograph. Their sizes",
        (
            "are the same to within 1 %",
            "depend only on how much of the picture is detail",
            "may differ by a quarter",
        ),
        "c",
        "The mean says neither where the qualities are nor how the file says them: "
        "here the background is written in the region's fine steps.",
    ),
]
