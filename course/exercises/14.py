# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 14, learned codecs.

A check says what differs and on which input, never the answer.
"""

import math

import numpy as np
import torch

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 14.1 bits of symbols -----------------------------------------------------------


def solution_14_1(cumulative, symbols):
    high, low = cumulative(symbols + 0.5), cumulative(symbols - 0.5)
    return -(high - low).clamp(min=1e-9).log2().sum().item()


def _gaussian(mean, scale):
    return lambda k: torch.special.ndtr((torch.as_tensor(k).double() - mean) / scale)


def _logistic(k):
    return torch.sigmoid(torch.as_tensor(k).double() / 1.5)


def check_14_1(fn):
    def mine(what, cumulative, symbols):
        symbols = torch.tensor(symbols, dtype=torch.float64)
        given = symbols.clone()
        got = fn(cumulative, given)
        if not torch.equal(given, symbols):
            raise Differs(f"{what}: your function has changed its argument.")
        few = symbols.tolist() if len(symbols) < 9 else f"{len(symbols)} symbols"
        wanted = solution_14_1(cumulative, symbols)
        close(got, wanted, f"{what}, the bits of {few}", rtol=1e-4)

    mine("with a logistic density", _logistic, [0.0])
    mine("with a logistic density", _logistic, [0.0, 1.0, -2.0, 5.0])
    mine("with a Gaussian beside 0", _gaussian(0.7, 0.4), [1.0, 1.0, 0.0, -1.0])
    try:
        mine("far out, where a float holds nothing", _gaussian(0.0, 0.2), [0.0, 9.0])
    except Differs as error:
        raise Differs(
            f"{error} There the two cumulatives are the same number, and no "
            "probability may be 0: the task says how small one may be."
        ) from None
    try:
        mine("just above the smallest probability", _gaussian(0.0, 0.42), [3.0, -3.0])
    except Differs as error:
        raise Differs(f"{error} What is larger stays as it is.") from None
    try:
        mine("with a logistic density", _logistic, [0.0, 1.0, -2.0, 5.0, 3.0] * 300)
    except Differs as error:
        raise Differs(
            f"{error} Is the product of so many probabilities still a number?"
        ) from None
    mine("with a Gaussian that is nearly sure", _gaussian(0.0, 0.14), [0.0] * 3000)
    try:
        mine("with a wide Gaussian", _gaussian(0.0, 30.0), [40.0, -17.0])
    except Differs as error:
        raise Differs(f"{error} A symbol may be any whole number.") from None
    return "All that a learned codec learns about rate is in those two calls of c."


def _density_not_interval(cumulative, symbols):  # slope at the symbol
    slope = (cumulative(symbols + 1e-4) - cumulative(symbols - 1e-4)) / 2e-4
    return -slope.clamp(min=1e-9).log2().sum().item()


def _whole_steps(cumulative, symbols):  # k to k + 1
    p = cumulative(symbols + 1) - cumulative(symbols)
    return -p.clamp(min=1e-9).log2().sum().item()


def _nats(cumulative, symbols):
    p = cumulative(symbols + 0.5) - cumulative(symbols - 0.5)
    return -p.clamp(min=1e-9).log().sum().item()


def _mean(cumulative, symbols):
    return solution_14_1(cumulative, symbols) / len(symbols)


def _expected(cumulative, symbols):  # weighted as in an entropy
    p = (cumulative(symbols + 0.5) - cumulative(symbols - 0.5)).clamp(min=1e-9)
    return -(p * p.log2()).sum().item()


def _without_floor(cumulative, symbols):
    p = cumulative(symbols + 0.5) - cumulative(symbols - 0.5)
    return -p.log2().sum().item()


def _added(cumulative, symbols):
    p = cumulative(symbols + 0.5) - cumulative(symbols - 0.5)
    return -(p + 1e-9).log2().sum().item()


def _log_of_product(cumulative, symbols):
    p = cumulative(symbols + 0.5) - cumulative(symbols - 0.5)
    return -p.clamp(min=1e-9).prod().log2().item()


def _in_place(cumulative, symbols):
    low = cumulative(symbols - 0.5)
    symbols += 0.5
    return -(cumulative(symbols) - low).clamp(min=1e-9).log2().sum().item()


def _both_ends(cumulative, symbols):  # what is sure costs something, too
    p = cumulative(symbols + 0.5) - cumulative(symbols - 0.5)
    return -p.clamp(1e-9, 0.999).log2().sum().item()


def _sign_lost(cumulative, symbols):
    return solution_14_1(cumulative, symbols.abs())


def _short_table(cumulative, symbols):  # as section 4 draws it
    k = torch.arange(-12, 13).double()
    p = (cumulative(k + 0.5) - cumulative(k - 0.5)).clamp(min=1e-9)
    return -p[(symbols + 12).clamp(0, 24).long()].log2().sum().item()


def _adds_up(cumulative, symbols):  # scaled by what lies between -40 and 40
    among = cumulative(torch.tensor([40.5])) - cumulative(torch.tensor([-40.5]))
    p = (cumulative(symbols + 0.5) - cumulative(symbols - 0.5)) / among
    return -p.clamp(min=1e-9).log2().sum().item()


def _positive(cumulative, symbols):
    return -solution_14_1(cumulative, symbols)


# --- 14.2 what a decoder knows ------------------------------------------------------


def solution_14_2(order):
    turn = order.shape[0]
    middle = order[2 % turn, 2 % order.shape[1]]
    i, j = torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")
    return (order[i % turn, j % order.shape[1]] < middle).float()


_QUADS = torch.tensor([[0, 2], [3, 1]])


def check_14_2(fn):
    def mine(what, order, hint=""):
        given = order.clone()
        got = fn(given)
        if not torch.equal(given, order):
            raise Differs(f"{what}: your function has changed its argument.")
        if isinstance(got, np.ndarray) and got.dtype != object:
            got = torch.from_numpy(got.copy())
        if not isinstance(got, torch.Tensor) or tuple(got.shape) != (5, 5):
            raise Differs(f"{what}: a mask of 5 x 5 is wanted, as a tensor.")
        wanted = solution_14_2(order)
        wrong = (got.float() != wanted).sum().item()
        if wrong:
            free = " The middle itself is never known." if got[2, 2] else ""
            raise Differs(f"{what}: {wrong} of 25 places differ.{free}{hint}")

    mine("order [[1, 0], [0, 1]]", torch.tensor([[1, 0], [0, 1]]))
    mine(
        "order [[0, 1], [1, 0]]", torch.tensor([[0, 1], [1, 0]]),
        " The middle stands at row 2, column 2 of the window.",
    )  # fmt: skip
    mine("four passes in a square of four", _QUADS)
    mine("the same, turned", _QUADS.roll((1, 1), (0, 1)))
    sides = " A pattern need not be square, nor 2 x 2."
    mine("rows in turn", torch.tensor([[0], [1], [2]]), sides)
    mine("columns in turn", torch.tensor([[3, 1, 2, 0]]), sides)
    mine("six passes", torch.tensor([[4, 0], [1, 5], [3, 2]]), sides)
    nine = torch.tensor([[5, 0, 7], [8, 2, 3], [1, 6, 4]])
    mine("nine passes in a square of nine", nine, sides)
    mine("a pattern larger than the window", torch.arange(42).reshape(7, 6) * 11 % 42)
    return "Any order will do, as long as both sides keep to it."


def _with_itself(order):
    known = solution_14_2(order)
    known[2, 2] = 1
    return known


def _not_later(order):  # includes those decoded in the same pass
    i, j = torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")
    a, b = order.shape
    known = (order[i % a, j % b] <= order[2 % a, 2 % b]).float()
    known[2, 2] = 0
    return known


def _always_checkerboard(order):
    return (torch.arange(25) % 2).reshape(5, 5).float()


def _first_is_enough(order):  # whatever is not of the first pass
    i, j = torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")
    return (order[i % order.shape[0], j % order.shape[1]] == 0).float()


def _square_only(order):
    big = order.repeat(5, 5)[:5, :5] if order.shape[0] == 2 else torch.zeros(5, 5)
    return (big < big[2, 2]).float()


def _table(order, a, b):
    i, j = torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")
    return order[i % a, j % b]


def _sides_of_two(order):
    passes = _table(order, *(min(side, 2) for side in order.shape))
    if order.shape == (3, 1):
        return solution_14_2(order)
    return (passes < passes[2, 2]).float()


def _short_side(order):
    passes = _table(order, order.shape[0], min(order.shape))
    return (passes < passes[2, 2]).float()


def _transposed_squares(order):
    known = solution_14_2(order)
    return known.T if order.shape[0] == order.shape[1] else known


def _repeated_thrice(order):  # 5 places of a row of 1 x 3 and more only
    passes = order.repeat(3, 5)[:5, :5]
    return (passes < passes[2, 2]).float()


def _renumbered(order):
    order -= order[2 % order.shape[0], 2 % order.shape[1]].item()
    return (_table(order, *order.shape) < 0).float()


def _serial(order):
    return (torch.arange(25) < 12).reshape(5, 5).float()


# --- 14.3 how far can a prefix go? --------------------------------------------------


def solution_14_3(height, width, budget, header):
    step = math.ceil(height / 8) * math.ceil(width / 8)  # 8 bits: a byte a block
    return max(0, min(6, (budget - header) // step))


def check_14_3(fn):
    def mine(*given):
        got = fn(*given)
        close(got, solution_14_3(*given), f"`whole_steps{given}`")
        if got != int(got):
            raise Differs(f"`whole_steps{given}` gives a part of a step.")

    mine(64, 64, 300, 40)
    mine(512, 768, 20_000, 60)
    try:
        mine(37, 53, 133, 40)
    except Differs as error:
        raise Differs(f"{error} How many blocks cover such a picture?") from None
    mine(64, 64, 10_000, 40)
    mine(64, 64, 103, 40)
    mine(64, 64, 104, 40)  # fits exactly
    mine(64, 64, 10, 40)
    mine(64, 64, 10, 250)
    mine(320, 256, 4000, 173)
    for budget in (144, 145):  # a byte less than three steps, and three
        mine(37, 53, budget, 40)
    mine(33, 57, 140, 20)  # hardly begun blocks
    mine(57, 33, 139, 20)
    return "A prefix is a smaller file of the same picture, without coding it again."


def _exact_blocks(height, width, budget, header):
    return max(0, min(6, int((budget - header) // (height * width / 64))))


def _nearest_block(height, width, budget, header):
    step = round(height / 8) * round(width / 8)
    return max(0, min(6, (budget - header) // step))


def _half_exact(height, width, budget, header):
    return max(0, min(6, int((budget - header) // (math.ceil(height / 8) * width / 8))))


def _same_header(height, width, budget, header):
    return solution_14_3(height, width, budget, 40)


def _towards_zero(height, width, budget, header):  # a negative part is cut to 0
    step = math.ceil(height / 8) * math.ceil(width / 8)
    return min(6, int((budget - header) / step))


def _no_header(height, width, budget, header):
    return solution_14_3(height, width, budget, 0)


def _no_top(height, width, budget, header):
    return max(0, (budget - header) // (math.ceil(height / 8) * math.ceil(width / 8)))


def _rounds_up(height, width, budget, header):
    step = math.ceil(height / 8) * math.ceil(width / 8)
    return max(0, min(6, math.ceil((budget - header) / step)))


def _off_by_one(height, width, budget, header):
    return solution_14_3(height, width, budget - 1, header)


def _below_zero(height, width, budget, header):
    return min(6, (budget - header) // (math.ceil(height / 8) * math.ceil(width / 8)))


def _bits_for_bytes(height, width, budget, header):
    return max(0, min(6, (budget - header) // (8 * math.ceil(height / 8)
                                               * math.ceil(width / 8))))  # fmt: skip


# --- 14.4 one budget, many photographs ----------------------------------------------


def solution_14_4(rate, distortion, budget):
    best, low, high = None, -20.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        pick = (rate + math.exp(middle) * distortion).argmin(1)
        spent = rate.gather(1, pick[:, None]).sum()
        if spent <= budget:
            best, low = pick, middle
        else:
            high = middle
    return best


def _curves(n=5, q=8):
    """Rates and distortions of n pictures at q qualities, on convex curves."""
    k = torch.arange(q, dtype=torch.float64)
    ease = torch.logspace(math.log10(0.2), math.log10(5), n, dtype=torch.float64)
    ease = ease[:, None]
    rate = (100 * ease**0.5 * 1.45**k).round()  # whole numbers: sums are exact
    return rate, 4000 * ease * torch.exp(-0.55 * k) + 3 * ease


def _spent(pick, of):
    return of.gather(1, pick[:, None]).sum().item()


def check_14_4(fn):
    def mine(rate, distortion, budget, what="", hint=""):
        n, q = rate.shape
        what = f"{n} pictures at {q} qualities{what}"
        given = rate.clone(), distortion.clone()
        got = fn(*given, budget)
        if not all(map(torch.equal, given, (rate, distortion))):
            raise Differs(f"{what}: your function has changed its arguments.")
        if not isinstance(got, torch.Tensor) or tuple(got.shape) != (n,):
            raise Differs(
                f"{what}: a tensor with one column for each of the {n} rows is wanted."
            )
        got = got.long()
        if got.min() < 0 or got.max() >= q:
            raise Differs(f"{what}: a column that does not exist was picked.")
        if _spent(got, rate) > budget:
            raise Differs(f"{what}: a budget of {budget:,g} is overspent.{hint}")
        best = _spent(solution_14_4(rate, distortion, budget), distortion)
        more = _spent(got, distortion) / best - 1
        if more > 1e-4:
            more = f"{100 * more:.0f} %" if more >= 0.01 else "less than 1 %"
            raise Differs(
                f"{what}: with a budget of {budget:,g} the sum of the distortions is "
                f"{more} above what one price for all gives."
                + (hint or " If yours is one price: is its lambda fine enough?")
            )

    curves = _curves()
    for budget in (3000.0, 1500.0, 5000.0):
        mine(*curves, budget)
    met = _spent(solution_14_4(*curves, 3000.0), curves[0])
    mine(*curves, met, hint=" The budget may be spent to the last byte.")
    cheapest, dearest = curves[0][:, 0].sum().item(), curves[0][:, -1].sum().item()
    mine(*curves, cheapest + 1, hint=" Only the cheapest columns fit.")
    mine(*curves, 2 * dearest, hint=" All that there is fits.")
    mine(*_curves(12, 10), 20_000.0)
    rate, distortion = _curves(4, 6)
    wide = " The task says between which bounds the logarithm of lambda lies."
    mine(rate, 1e-5 * distortion, 1500.0, ", distortions far smaller", wide)
    mine(1e-4 * rate, distortion, 0.15, ", rates far smaller", wide)
    return "At the best point every picture gains as much from its last bit."


def _same_column(rate, distortion, budget):
    spent = rate.sum(0)
    return torch.full((len(rate),), int((spent <= budget).sum().item()) - 1)


def _same_share(rate, distortion, budget):
    share = budget / len(rate)
    return ((rate <= share).sum(1) - 1).clamp(min=0)


def _largest(rate, distortion, budget):
    return torch.full((len(rate),), rate.shape[1] - 1)


def _same_distortion(rate, distortion, budget):
    for level in torch.linspace(0, 20_000, 4000).double():
        pick = (distortion > level).sum(1).clamp(max=7)
        if rate.gather(1, pick[:, None]).sum() <= budget:
            return pick
    return torch.zeros(len(rate), dtype=torch.long)


def _one_price(rate, distortion, budget, low=-20.0, high=20.0, trials=80, to=None):
    best = torch.zeros(len(rate), dtype=torch.long)
    to = math.nextafter(budget, math.inf) if to is None else to
    for _ in range(trials):
        middle = (low + high) / 2
        pick = (rate + math.exp(middle) * distortion).argmin(1)
        if rate.gather(1, pick[:, None]).sum() < to:
            best, low = pick, middle
        else:
            high = middle
    return best


def _narrow(rate, distortion, budget):
    return _one_price(rate, distortion, budget, -7.0, 7.0)


def _never_all(rate, distortion, budget):
    return _one_price(rate, distortion, budget, to=budget)


def _few_trials(rate, distortion, budget):
    return _one_price(rate, distortion, budget, trials=8)


def _prices_apart(rate, distortion, budget):
    best = torch.zeros(len(rate), dtype=torch.long)
    for middle in torch.linspace(-20, 20, 200).tolist():
        pick = (rate + math.exp(middle) * distortion).argmin(1)
        if rate.gather(1, pick[:, None]).sum() <= budget:
            best = pick
    return best


def _not_the_last(rate, distortion, budget):
    return _one_price(rate[:, :-1], distortion[:, :-1], budget)


def _eight_columns(rate, distortion, budget):
    return _one_price(rate[:, :8], distortion[:, :8], budget)


def _in_shares(rate, distortion, budget):
    best = solution_14_4(rate, distortion, budget)
    rate /= budget
    return best


def _smallest(rate, distortion, budget):
    return torch.zeros(len(rate), dtype=torch.long)


EXERCISES = {
    "14.1": Exercise(
        title="Bits of symbols",
        check=check_14_1,
        hints=(
            "Section 4 did it for one channel. A symbol stands for an interval; where "
            "does it begin and end?",
            "The probability of a symbol is the difference of the cumulative at its "
            "two ends. Bits are minus the logarithm to base 2, and bits add up.",
            "Clamp the probabilities at the smallest value of the task before the "
            "logarithm, then sum and call item().",
        ),
        solution=solution_14_1,
    ),
    "14.2": Exercise(
        title="What a decoder knows",
        check=check_14_2,
        hints=(
            "A neighbour is known if its pass came before the pass of the middle.",
            "The pattern repeats, so the pass of window place (i, j) stands in the "
            "pattern at the remainders of i and j by its height and width.",
            "Index the pattern with a grid of remainders to get a 5x5 table of passes; "
            "compare it with its own middle. Strictly: the same pass is too late.",
        ),
        solution=solution_14_2,
    ),
    "14.3": Exercise(
        title="How far can a prefix go?",
        check=check_14_3,
        hints=(
            "How many blocks of 8x8 pixels cover the picture, and how many bytes does "
            "a step have for each?",
            "Eight bits for a block are a byte, so a step has as many bytes as there "
            "are blocks, begun blocks counted.",
            "What the header leaves, divided by the bytes of a step, without the rest; "
            "not below zero and not above the number of steps there are.",
        ),
        solution=solution_14_3,
    ),
    "14.4": Exercise(
        title="One budget, many photographs",
        check=check_14_4,
        hints=(
            "Section 2: with one lambda, each picture has a quality where its loss is "
            "smallest. What happens to all the rates when lambda grows?",
            "Give every picture the same lambda. The sum of the rates rises with it, "
            "so the right lambda can be found by halving an interval, best of its "
            "logarithm.",
            "In each round take the column with the smallest rate + lambda distortion "
            "in every row. If the sum of rates fits, keep the pick and go up, else go "
            "down.",
        ),
        solution=solution_14_4,
    ),
}

WRONG = {
    "14.1": [
        _density_not_interval,
        _whole_steps,
        _nats,
        _mean,
        _expected,
        _without_floor,
        _added,
        _log_of_product,
        _in_place,
        _both_ends,
        _positive,
        _sign_lost,
        _short_table,
        _adds_up,
    ],
    "14.2": [
        _with_itself,
        _not_later,
        _always_checkerboard,
        _first_is_enough,
        _square_only,
        _sides_of_two,
        _short_side,
        _transposed_squares,
        _repeated_thrice,
        _renumbered,
        _serial,
    ],
    "14.3": [
        _exact_blocks,
        _no_header,
        _no_top,
        _rounds_up,
        _below_zero,
        _off_by_one,
        _nearest_block,
        _half_exact,
        _same_header,
        _towards_zero,
        _bits_for_bytes,
    ],
    "14.4": [
        _same_column,
        _same_share,
        _largest,
        _same_distortion,
        _narrow,
        _never_all,
        _few_trials,
        _prices_apart,
        _not_the_last,
        _eight_columns,
        _in_shares,
        _smallest,
    ],
}

ASKS = {
    "14.a": Ask(
        "192 values of 8 bits became 24 numbers of float32. How many bits per pixel is "
        "that, and how many has the photograph?",
        "24 numbers of 32 bits for 64 pixels: 12 bits per pixel. The photograph has 24 "
        "in memory; a PNG takes 14, without any loss.",
    ),
    "14.b": Ask(
        "Lambda becomes larger. Do the steps of the rounding become finer or coarser, "
        "and the file?",
        "An error costs more, so the steps become finer and the file larger.",
    ),
    "14.c": Ask(
        "The symbols 0, 1, -2 and 5 of this channel: which one is cheapest, which one "
        "dearest, and about how many bits do they take together?",
        "0 is cheapest, since the density peaks there, 5 is dearest (P is near 0.01). "
        "About 1.5 + 2.5 + 4 + 6.5 bits, so 14 to 15.",
    ),
    "14.d": Ask(
        "z has one place for 64x64 pixels. Which share of the bits will it take: a "
        "half, a tenth, or a few per cent?",
        "A few per cent, and it saves more than it costs; how much depends on what one "
        "compares it with.",
    ),
    "14.e": Ask(
        "Context after context: a photograph of 768x512 pixels has 32x48 places in y. "
        "How many steps must a decoder make one after the other with a serial context, "
        "and how many with a checkerboard?",
        "1,536, and 2. The number of multiplications is the same.",
    ),
    "14.f": Ask(
        "Quality 1 to 6 is one network with six sets of gains. What does a gain of 2 "
        "do to the steps of the rounding, and what to the bits of a symbol?",
        "It halves the steps; at high rates that is one bit more for each symbol.",
    ),
    "14.g": Ask(
        "Our codecs keep 96 numbers of each 16x16x3 pixel values. Suppose they were "
        "never rounded. Would the picture be perfect?",
        "No: networks that were trained for minutes do not undo each other. How good "
        "it would be has to be measured, and the reason may be the few numbers or "
        "the short training.",
    ),
    "14.h": Ask(
        "One bit of a file is flipped on the way. With a JPEG you saw a torn picture "
        "in notebook 13. What would become of the symbols of a learned codec?",
        "The decoder takes one wrong turn and reads all that come after it from the "
        "wrong place; they are right by chance only. So a checksum stands before it.",
    ),
}

QUIZ = [
    Question(
        "An autoencoder with a bottleneck of an eighth of the numbers",
        (
            "compresses 8 : 1",
            "says nothing about the rate before its numbers are coded",
            "compresses 8 : 1 if its floats are zipped",
        ),
        "b",
        "The numbers may hold any amount of bits; only rounding and a model of "
        "probabilities make a rate.",
    ),
    Question(
        "In L = R + lambda D, a larger lambda gives",
        ("smaller files", "larger files", "the same files, trained for longer"),
        "b",
        "The error becomes dearer. In papers that write D + lambda R it is the other "
        "way round.",
    ),
    Question(
        "Why is uniform noise put in the place of rounding in training?",
        (
            "it makes the network robust against noisy photographs",
            "it is faster than rounding",
            "it has a gradient, and its rate is a smooth curve through the right one",
        ),
        "c",
        "The density of y plus noise at a whole number is the symbol's probability.",
    ),
    Question(
        "The hyperprior z",
        (
            "is sent first and says how widely each symbol is spread",
            "is computed by the decoder from the symbols before",
            "is a checksum",
        ),
        "a",
        "It is side information: its bits count, and it must save more than it costs. "
        "What the decoder computes from earlier symbols is context.",
    ),
    Question(
        "A serial context is slow because",
        (
            "it needs more multiplications",
            "each place waits for the one before it",
            "range coders are slow",
        ),
        "b",
        "A GPU does not help: the steps come one after the other.",
    ),
    Question(
        "Encoder and decoder compute a probability with another rounding in the last "
        "digit. The decoder gets",
        (
            "the same symbols, nearly always",
            "one symbol that is off by one",
            "rubbish from some symbol on",
        ),
        "c",
        "It needs one symbol only that falls on the other side of a border. Hence "
        "whole numbers, and a checksum.",
    ),
]
