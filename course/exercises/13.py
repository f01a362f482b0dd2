# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 13, classical codecs.

A check says what differs and on which input, never the answer.
"""

import operator

import numpy as np

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 13.1 the zigzag ----------------------------------------------------------------


def solution_13_1(n):
    places = [(row, column) for row in range(n) for column in range(n)]

    def key(place):
        row, column = place
        diagonal = row + column
        return diagonal, row if diagonal % 2 else column

    return sorted(places, key=key)


def check_13_1(fn):
    for n in (2, 1, 3, 8, 4, 5, 11):
        got = fn(n)
        try:
            got = [(operator.index(row), operator.index(column)) for row, column in got]
        except (TypeError, ValueError):
            raise Differs(
                f"`zigzag({n})` gives {type(got).__name__}; a list of pairs (row, "
                "column) of whole numbers is wanted."
            ) from None
        want = solution_13_1(n)
        beyond = len(set(got) - set(want))
        if beyond:
            raise Differs(
                f"`zigzag({n})` names {beyond} places that the block does not have; "
                "rows and columns are counted from 0."
            )
        if len(got) != n * n or set(got) != set(want):
            raise Differs(
                f"`zigzag({n})` has {len(got)} places, {len(set(got))} of them "
                f"different; each of the {n * n} places should come once."
            )
        diagonals = [row + column for row, column in got]
        if diagonals != sorted(diagonals):
            raise Differs(
                f"`zigzag({n})` leaves a diagonal before it is read to its end."
            )
        if got != want:
            at = next(k for k in range(n * n) if got[k] != want[k])
            raise Differs(
                f"`zigzag({n})` keeps to the diagonals, but entry {at} stands in "
                f"another place of its diagonal. The path starts to the right, and "
                "turns round at every border."
            )
    return "From DC to the finest pattern, and never a jump."


def _rows(n):
    return [(row, column) for row in range(n) for column in range(n)]


def _one_way(n):
    return sorted(_rows(n), key=lambda p: (p[0] + p[1], p[0]))


def _transposed(n):
    return [(column, row) for row, column in solution_13_1(n)]


def _only_eight(n):
    return solution_13_1(8)


def _within_eight(n):  # a table, of which smaller blocks take their part
    return [p for p in solution_13_1(8) if max(p) < n]


def _from_one(n):
    return [(row + 1, column + 1) for row, column in solution_13_1(n)]


def _half(n):  # the upper left triangle only
    return [p for p in solution_13_1(n) if sum(p) < n]


def _snake(n):  # boustrophedon by rows
    return [(r, c if r % 2 == 0 else n - 1 - c) for r in range(n) for c in range(n)]


# --- 13.2 differences of DC, with restarts ------------------------------------------


def solution_13_2(dc, restart):
    found, last = [], 0
    for k, value in enumerate(dc):
        if restart and k % restart == 0:
            last = 0
        found.append(value - last)
        last = value
    return found


def check_13_2(fn):
    dc = [5, 7, 7, -2, 0, 3, 3, 4]
    cases = (
        (dc, 0, "without restarts"),
        (dc, 4, "with a restart after every fourth block"),
        (dc, 3, "with a restart after every third block"),
        (dc, 1, "with a restart at every block"),
        (3 * dc, 7, "with a restart after every seventh block"),
        (dc, 20, "with a restart that none of the blocks reaches"),
        ([900, -1000, 1000, 30], 0, "of large values"),
        ([-9], 0, "of one block"),
    )
    for values, restart, said in cases:
        given = list(values)
        got = fn(given, restart)
        if given != values:
            raise Differs(f"{said} your function has changed its argument `dc`.")
        want = solution_13_2(values, restart)
        try:
            got = [operator.index(value) for value in got]
        except (TypeError, ValueError):
            raise Differs(
                f"{said} the result is a {type(got).__name__}; a list of whole "
                "numbers is wanted."
            ) from None
        if len(got) != len(want):
            raise Differs(
                f"{said} {len(values)} blocks become {len(got)} differences; there "
                "is one for each block, the first too."
            )
        wrong = [k for k in range(len(want)) if got[k] != want[k]]
        if wrong:
            raise Differs(f"{said}, difference number {wrong[0]} is another one.")
    return "A restart forgets: the next block is sent as it is."


def _no_first(dc, restart):
    return list(np.diff(dc))


def _never_restarts(dc, restart):
    return solution_13_2(dc, 0)


def _late_restart(dc, restart):  # one block too late
    found, last = [], 0
    for k, value in enumerate(dc):
        if restart and k and (k - 1) % restart == 0:
            last = 0
        found.append(value - last)
        last = value
    return found


def _always_modulo(dc, restart):  # fails without restarts
    return [v - (dc[k - 1] if k % restart else 0) for k, v in enumerate(dc)]


def _to_the_first(dc, restart):  # difference from the interval's first block
    step = restart or len(dc) or 1
    return [v - (dc[k - k % step] if k % step else 0) for k, v in enumerate(dc)]


def _in_place(dc, restart):
    for k in range(len(dc) - 1, 0, -1):
        if not restart or k % restart:
            dc[k] -= dc[k - 1]
    return dc


def _few_bits(dc, restart):
    return np.array(solution_13_2(dc, restart)).astype(np.int8).tolist()


def _one_restart(dc, restart):
    return [v - (dc[k - 1] if k and k != restart else 0) for k, v in enumerate(dc)]


def _short_as_they_are(dc, restart):  # takes an interval that is too long for none
    return list(dc) if restart >= len(dc) else solution_13_2(dc, restart)


def _short_intervals_only(dc, restart):
    return solution_13_2(dc, restart if restart < 5 else 0)


def _other_sign(dc, restart):
    return [-v for v in solution_13_2(dc, restart)]


# --- 13.3 the wavelet, backwards ----------------------------------------------------


def solution_13_3(s, d):
    n = len(s)
    left, here = np.append(d[:1], d)[:n], np.append(d, d[-1:])[:n]
    even = s - (left + here + 2) // 4
    right = np.append(even[1:], even[-1:])[: len(d)]
    odd = d + (even[: len(d)] + right) // 2
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = even, odd
    return x


def _lifted(x):
    """The 5/3 lifting as in section 5, of one signal."""
    x = np.asarray(x)
    even, odd = x[::2], x[1::2]
    right = np.append(even[1:], even[-1:])[: len(odd)]
    d = odd - (even[: len(odd)] + right) // 2
    left, here = np.append(d[:1], d)[: len(even)], np.append(d, d[-1:])[: len(even)]
    return even + (left + here + 2) // 4, d


def check_13_3(fn):
    ramp = np.arange(16) * 10
    rng = np.random.default_rng(5)
    cases = (
        (ramp, "of a ramp"),
        (rng.integers(0, 256, 64), "of 64 random numbers"),
        (rng.integers(-300, 300, 2), "of two numbers"),
        (rng.integers(0, 256, 33), "of 33 random numbers (an odd length)"),
        (rng.integers(-200, 0, 20), "of 20 random numbers below 0"),
    )
    for x, said in cases:
        s, d = _lifted(x)
        given = s.copy(), d.copy()
        got = fn(*given)
        if not all(map(np.array_equal, given, (s, d))):
            raise Differs(f"{said} your function has changed its arguments.")
        if isinstance(got, list | tuple):
            got = np.asarray(got)
        close(got, x, f"the signal that came back {said}")
        if not np.issubdtype(np.asarray(got).dtype, np.integer):
            raise Differs(
                f"{said} the values are right, but not whole numbers: use `//`."
            )
    return "No rounding is lost: each step subtracts just what the other added."


def _floats(s, d):
    n = len(s)
    left, here = np.append(d[:1], d)[:n], np.append(d, d[-1:])[:n]
    even = s - (left + here + 2) / 4
    right = np.append(even[1:], even[-1:])[: len(d)]
    x = np.empty(len(s) + len(d))
    x[::2], x[1::2] = even, d + (even[: len(d)] + right) / 2
    return x


def _in_the_same_order(s, d):  # predicts before it takes back the update
    n = len(s)
    right = np.append(s[1:], s[-1:])[: len(d)]
    odd = d + (s[: len(d)] + right) // 2
    left, here = np.append(d[:1], d)[:n], np.append(d, d[-1:])[:n]
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = s - (left + here + 2) // 4, odd
    return x


def _without_the_two(s, d):
    n = len(s)
    left, here = np.append(d[:1], d)[:n], np.append(d, d[-1:])[:n]
    even = s - (left + here) // 4
    right = np.append(even[1:], even[-1:])[: len(d)]
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = even, d + (even[: len(d)] + right) // 2
    return x


def _wraps_round(s, d):
    even = s - (np.roll(d, 1)[: len(s)] + d[: len(s)] + 2) // 4
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = even, d + (even + np.roll(even, -1)) // 2
    return x


def _towards_zero(s, d):
    n = len(s)
    left, here = np.append(d[:1], d)[:n], np.append(d, d[-1:])[:n]
    even = s - (left + here + 2) // 4
    right = np.append(even[1:], even[-1:])[: len(d)]
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = even, d + ((even[: len(d)] + right) / 2).astype(int)
    return x


def _written_over(s, d):
    n = len(s)
    s -= (np.append(d[:1], d)[:n] + np.append(d, d[-1:])[:n] + 2) // 4
    d += (s[: len(d)] + np.append(s[1:], s[-1:])[: len(d)]) // 2
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = s, d
    return x


def _unmixed(s, d):
    return np.concatenate([s, d])


def _plus_and_minus(s, d):
    n = len(s)
    left, here = np.append(d[:1], d)[:n], np.append(d, d[-1:])[:n]
    even = s + (left + here + 2) // 4
    right = np.append(even[1:], even[-1:])[: len(d)]
    x = np.empty(len(s) + len(d), int)
    x[::2], x[1::2] = even, d - (even[: len(d)] + right) // 2
    return x


# --- 13.4 BD-rate by hand -----------------------------------------------------------


def solution_13_4(anchor, test):
    from scipy.interpolate import PchipInterpolator

    low = max(min(anchor["psnr"]), min(test["psnr"]))
    high = min(max(anchor["psnr"]), max(test["psnr"]))
    means = []
    for curve in (anchor, test):
        log_rate = PchipInterpolator(curve["psnr"], np.log(curve["bpp"]))
        means.append(log_rate.integrate(low, high) / (high - low))
    return 100 * (np.exp(means[1] - means[0]) - 1)


def _curve(bpp, psnr):
    return {"bpp": np.array(bpp), "psnr": np.array(psnr)}


_BASE = _curve([0.25, 0.5, 1.0, 2.0], [28.0, 31.0, 34.0, 37.0])


def check_13_4(fn):
    def mine(anchor, test, said):
        given = [{k: v.copy() for k, v in c.items()} for c in (anchor, test)]
        got = fn(*given)
        for curve, before in zip(given, (anchor, test), strict=True):
            if not all(np.array_equal(curve.get(k), before[k]) for k in before):
                raise Differs("your function has changed its arguments.")
        close(got, solution_13_4(anchor, test), said, atol=0.02)

    mine(_BASE, _BASE, "of a curve against itself, the BD-rate")
    half = _curve(_BASE["bpp"] * 0.7, _BASE["psnr"])
    mine(_BASE, half, "with seven tenths of the rate everywhere, the BD-rate")
    bent = _curve([0.2, 0.45, 0.8, 1.9], [27.0, 31.5, 33.8, 38.0])
    try:
        mine(_BASE, bent, "of a curve that bends and begins lower, the BD-rate")
        mine(bent, _BASE, "with anchor and test exchanged, the BD-rate")
    except Differs as error:
        raise Differs(
            f"{error} Simple factors come out right. Look at the range of qualities, "
            "at what is interpolated over what, and, if little is missing, at what is "
            "averaged and how finely."
        ) from None
    short = _curve([0.4, 0.9, 1.5], [32.0, 35.5, 37.5])
    mine(_BASE, short, "of a curve with three points, the BD-rate")
    return "The mean distance of two curves, read horizontally."


def _no_log(anchor, test):
    from scipy.interpolate import PchipInterpolator

    low = max(min(anchor["psnr"]), min(test["psnr"]))
    high = min(max(anchor["psnr"]), max(test["psnr"]))
    areas = [
        PchipInterpolator(c["psnr"], c["bpp"]).integrate(low, high)
        for c in (anchor, test)
    ]
    return 100 * (areas[1] / areas[0] - 1)


def _other_way(anchor, test):
    return solution_13_4(test, anchor)


def _a_share(anchor, test):  # not in per cent
    return solution_13_4(anchor, test) / 100


def _no_division(anchor, test):  # the area, not its mean
    from scipy.interpolate import PchipInterpolator

    low = max(min(anchor["psnr"]), min(test["psnr"]))
    high = min(max(anchor["psnr"]), max(test["psnr"]))
    areas = [
        PchipInterpolator(c["psnr"], np.log(c["bpp"])).integrate(low, high)
        for c in (anchor, test)
    ]
    return 100 * (np.exp(areas[1] - areas[0]) - 1)


def _whole_range(anchor, test):  # beyond what both reach
    from scipy.interpolate import PchipInterpolator

    low = min(*anchor["psnr"], *test["psnr"])
    high = max(*anchor["psnr"], *test["psnr"])
    means = [
        PchipInterpolator(c["psnr"], np.log(c["bpp"])).integrate(low, high)
        / (high - low)
        for c in (anchor, test)
    ]
    return 100 * (np.exp(means[1] - means[0]) - 1)


def _logs_in_place(anchor, test):
    for curve in (anchor, test):
        curve["bpp"] = np.log(curve["bpp"])
    plain = [{**c, "bpp": np.exp(c["bpp"])} for c in (anchor, test)]
    return solution_13_4(*plain)


def _points_only(anchor, test):  # the mean of the points' logarithms
    gap = np.log(test["bpp"]).mean() - np.log(anchor["bpp"]).mean()
    return 100 * (np.exp(gap) - 1)


def _mixed_logs(anchor, test):
    gap = np.log1p(solution_13_4(anchor, test) / 100)
    return 100 * (10**gap - 1)


EXERCISES = {
    "13.1": Exercise(
        title="The zigzag",
        check=check_13_1,
        hints=(
            "All places of one diagonal have something in common: look at the sum of "
            "row and column.",
            "Sort all places by that sum first. Within a diagonal the row either rises "
            "or falls, in turn.",
            "Python sorts tuples: the key's second entry is the row on the odd "
            "diagonals and the column on the even ones.",
        ),
        solution=solution_13_1,
    ),
    "13.2": Exercise(
        title="Restarts",
        check=check_13_2,
        hints=(
            "Remember the last block's value in a variable that begins with zero.",
            "After a restart the decoder knows nothing. Which value must both take for "
            "the last one?",
            "Use `enumerate`; where the number of the block is a multiple of "
            "`restart`, the last value is zero again. A `restart` of 0 means never.",
        ),
        solution=solution_13_2,
    ),
    "13.3": Exercise(
        title="The wavelet, backwards",
        check=check_13_3,
        hints=(
            "The update came last, so it is taken back first. Everything that it needs "
            "is in `d`.",
            "With the even values back, the same guess can be made as forward; add it "
            "to `d` for the odd ones.",
            "Copy `forward` and turn its two steps round, each with the other sign. "
            "Then write even and odd values in turn: `x[::2]` and `x[1::2]`.",
        ),
        solution=solution_13_3,
    ),
    "13.4": Exercise(
        title="BD-rate by hand",
        check=check_13_4,
        hints=(
            "Turn the axes round: the logarithm of the rate is a function of PSNR.",
            "The common range goes from the larger of the two minima to the smaller of "
            "the two maxima. `PchipInterpolator(x, y).integrate(a, b)` gives an area; "
            "divide it by the range for a mean.",
            "The difference of the two means, test less anchor, is the logarithm of a "
            "factor. Take the exponential, subtract 1, and give per cent.",
        ),
        solution=solution_13_4,
    ),
}

WRONG = {
    "13.1": [
        _rows,
        _one_way,
        _transposed,
        _only_eight,
        _within_eight,
        _from_one,
        _half,
        _snake,
    ],
    "13.2": [
        _no_first,
        _never_restarts,
        _late_restart,
        _always_modulo,
        _to_the_first,
        _in_place,
        _few_bits,
        _one_restart,
        _short_as_they_are,
        _short_intervals_only,
        _other_sign,
    ],
    "13.3": [
        _floats,
        _in_the_same_order,
        _towards_zero,
        _written_over,
        _without_the_two,
        _wraps_round,
        _unmixed,
        _plus_and_minus,
    ],
    "13.4": [
        _no_log,
        _other_way,
        _a_share,
        _no_division,
        _whole_range,
        _logs_in_place,
        _points_only,
        _mixed_logs,
    ],
}

ASKS = {
    "13.a": Ask(
        "All pixels of the cat are shuffled. What happens to the entropy of the "
        "values, and what to the size of a PNG file?",
        "The entropy stays: it only counts how often each value comes. The file grows "
        "by two thirds, since neighbours no longer tell anything.",
    ),
    "13.b": Ask(
        "Sixteen amounts of each block are set to zero, at the top left or at the "
        "bottom right. After which of the two will you still know the cat?",
        "After the bottom right. The coarse patterns stand at the top left, and with "
        "them nearly all of the energy.",
    ),
    "13.c": Ask(
        "One bit of a JPEG file is turned round, a third of the way through. What will "
        "be wrong in the picture: one block, one stripe, all that follows, or does it "
        "depend on the bit?",
        "It depends: often the decoder is in step again when the block ends. If it "
        "loses count of the blocks, or a DC is wrong, all that follows is wrong: every "
        "DC is a difference from the one before. Unless there are restart markers.",
    ),
    "13.d": Ask(
        "The range coder knows how often each number comes in the whole picture. Now "
        "it gets the shares for each place of the zigzag apart. How much is saved: "
        "nothing, a tenth or a third?",
        "A third. At the end of the zigzag nearly everything is zero, and a zero that "
        "is almost certain costs almost nothing.",
    ),
    "13.e": Ask(
        "By published curves, which networks need fewer bits than BPG at the same "
        "PSNR: all of 2018, some of 2018, or only those after 2020?",
        "Some of 2018: the two that guess the mean of each number and not only its "
        "spread (mbt2018-mean, mbt2018). The classical VTM of 2020 did as well as the "
        "networks of that year.",
    ),
}

QUIZ = [
    Question(
        "Which step of JPEG loses most?",
        ("the DCT", "dividing by the table and rounding", "Huffman's code"),
        "b",
        "The DCT can be turned back but for rounding, and Huffman's code entirely.",
    ),
    Question(
        "Where in a DCT block do the low frequencies stand?",
        ("at the top left", "at the bottom right", "along the diagonal"),
        "a",
        "Amount (0, 0) is the block's mean. The zigzag starts there.",
    ),
    Question(
        "All pixels of a photograph are shuffled. What stays the same?",
        ("the size of its PNG file", "its correlation", "the entropy of its values"),
        "c",
        "It only counts how often each value comes. What neighbours tell is gone.",
    ),
    Question(
        "What does a restart marker do?",
        (
            "it repairs a wrong bit",
            "it ends the damage: DC and the count of blocks begin anew",
            "it makes the file smaller",
        ),
        "b",
        "The stretch up to the marker stays damaged. The marker costs two bytes and "
        "the bits that fill up the one before.",
    ),
    Question(
        "A symbol comes 87 times of 100. Huffman's code spends on it",
        ("0.2 bits", "1 bit", "2 bits"),
        "b",
        "Less than a bit is impossible for a code of whole bits. An arithmetic coder "
        "spends the 0.2.",
    ),
    Question(
        "Lifting rounds in both of its steps. Why is nothing lost?",
        (
            "the same rounded number that was added is subtracted",
            "the rounding errors are stored",
            "the values are even",
        ),
        "a",
        "Each step changes one half of the samples by something that is computed from "
        "the other half, which the decoder has.",
    ),
    Question(
        "A BD-rate of -20 % means",
        (
            "20 % less error at equal rate",
            "20 % less rate at equal quality",
            "20 % faster",
        ),
        "b",
        "Averaged over the qualities that both curves reach.",
    ),
    Question(
        "Why must an encoder predict from decoded pixels, not from the original ones?",
        (
            "they are smoother",
            "it is faster",
            "the decoder has no others, and would predict something else",
        ),
        "c",
        "Else the difference of the two predictions would be added to the picture, "
        "block after block.",
    ),
]
