# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 21, the bake-off.

A check says what differs and on which input, never the answer.
"""

import math

import numpy as np
from scipy.interpolate import PchipInterpolator

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 21.1 the best setting within a budget ------------------------------------------


def solution_21_1(size_of, settings, budget):
    if size_of(settings[0]) > budget:
        return None
    low, high = 0, len(settings)
    while high - low > 1:
        middle = (low + high) // 2
        if size_of(settings[middle]) <= budget:
            low = middle
        else:
            high = middle
    return settings[low]


def check_21_1(fn):
    def mine(what, sizes, budget, hint="", settings=None):
        settings = settings or [10 + 3 * k for k in range(len(sizes))]
        known, calls = dict(zip(settings, sizes, strict=True)), []

        def size_of(setting):
            if setting not in known:
                raise Differs(f"{what}: {setting!r} is none of the settings.")
            calls.append(setting)
            return known[setting]

        got = fn(size_of, tuple(settings), budget)
        want = solution_21_1(known.get, settings, budget)
        if want is None:
            if got is not None:
                raise Differs(f"{what}: no file fits, so None is wanted.")
        elif got is None or np.ndim(got) or got not in known:
            raise Differs(f"{what}: one of the settings is wanted.")
        elif known[got] > budget:
            raise Differs(f"{what}: your file is larger than the budget.{hint}")
        elif got != want:
            raise Differs(f"{what}: a better setting fits, too.{hint}")
        most = math.ceil(math.log2(len(sizes))) + 2
        if len(calls) > most:
            raise Differs(
                f"{what}: right, but you have coded the picture {len(calls)} times; "
                f"halving needs {most} at most."
            )

    rising = [100 * k + 7 for k in range(1, 65)]
    mine("64 settings", rising, 3_050)
    mine("a budget that is met to the byte", rising, 3_007, " Equal fits.")
    mine("a byte less", rising, 3_006)
    mine(
        "a budget above the largest file", rising, 99_999, " The last one counts, too."
    )
    mine("a budget of the largest file", rising, rising[-1])
    mine("only the smallest fits", rising, 150)
    mine("not even the smallest fits", rising, 100)
    mine("one setting that fits", [500], 500)
    mine("one setting that does not", [500], 499)
    mine("two settings", [400, 900], 899)
    mine("three settings", [400, 900, 901], 901)
    mine("files of equal size", [10, 20, 20, 20, 30], 20, " Take the better of equals.")
    mine("100 settings", [k * k for k in range(3, 103)], 5_000)
    steps = [51, 40, 33, 20, 10, 4, 0]  # of a quantiser: the larger, the smaller
    falling = [20, 30, 45, 70, 110, 160, 250]
    mine("settings that fall", falling, 50, " Settings are names, not sizes.", steps)
    mine("settings that fall to 0", falling, 300, " 0 is a setting, too.", steps)
    return "A learned codec with 1,281 settings is met with a dozen files."


def _one_by_one(size_of, settings, budget):
    fitting = [s for s in settings if size_of(s) <= budget]
    return fitting[-1] if fitting else None


def _never_equal(size_of, settings, budget):
    return solution_21_1(size_of, settings, budget - 1)


def _nearest(size_of, settings, budget):
    low, high = 0, len(settings) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if size_of(settings[middle]) < budget else (low, middle)
        )
    ends = (settings[low], settings[high])
    return min(ends, key=lambda s: abs(size_of(s) - budget))


def _last_left_out(size_of, settings, budget):
    return solution_21_1(size_of, settings[:-1] or settings, budget)


def _always_something(size_of, settings, budget):
    found = solution_21_1(size_of, settings, budget)
    return settings[0] if found is None else found


def _by_index(size_of, settings, budget):
    found = solution_21_1(size_of, settings, budget)
    return None if found is None else list(settings).index(found)


def _largest_number(size_of, settings, budget):
    low, high, best = 0, len(settings) - 1, None
    while low <= high:
        middle = (low + high) // 2
        if size_of(settings[middle]) <= budget:
            best, low = max(settings[middle], best or 0), middle + 1
        else:
            high = middle - 1
    return best


def _zero_is_none(size_of, settings, budget):
    return solution_21_1(size_of, settings, budget) or None


def _sorted_first(size_of, settings, budget):
    return solution_21_1(size_of, sorted(settings), budget)


def _even_steps(size_of, settings, budget):
    found = solution_21_1(size_of, settings, budget)
    if found is None or len(settings) < 2:
        return found
    step = settings[1] - settings[0]
    return settings[0] + step * list(settings).index(found)


def _in_proportion(size_of, settings, budget):
    most = size_of(settings[-1])
    return settings[min(len(settings) - 1, int(budget / most * len(settings)))]


def _one_above(size_of, settings, budget):
    found = solution_21_1(size_of, settings, budget)
    at = -1 if found is None else list(settings).index(found)
    return settings[min(at + 1, len(settings) - 1)]


def _first_of_equals(size_of, settings, budget):
    low, high = 0, len(settings) - 1
    if size_of(settings[0]) > budget:
        return None
    while low < high:
        middle = (low + high) // 2
        if size_of(settings[middle]) >= budget:
            high = middle
        else:
            low = middle + 1
    return settings[low if size_of(settings[low]) <= budget else low - 1]


# --- 21.2 BD-rate by hand -----------------------------------------------------------


def solution_21_2(rates_a, quality_a, rates_b, quality_b):
    low = max(quality_a[0], quality_b[0])
    high = min(quality_a[-1], quality_b[-1])
    if not low < high:
        return math.nan
    areas = [
        PchipInterpolator(quality, np.log(rates)).integrate(low, high)
        for rates, quality in ((rates_a, quality_a), (rates_b, quality_b))
    ]
    return 100 * (math.exp(float(areas[1] - areas[0]) / (high - low)) - 1)


def check_21_2(fn):
    def mine(what, a, b, hint=""):
        given = [np.array(v, float) for v in (*a, *b)]
        before = [v.copy() for v in given]
        got = fn(*given)
        if not all(map(np.array_equal, given, before)):
            raise Differs(f"{what}: your function has changed its arguments.")
        if np.shape(got):
            raise Differs(f"{what}: one number is wanted, not {np.shape(got)} of them.")
        want = solution_21_2(*before)
        if math.isnan(want):
            if got is None or not np.isnan(got):
                raise Differs(f"{what}: nothing is known in common, so not a number.")
            return
        try:
            close(got, want, what, rtol=2e-3, atol=1e-3)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    a = (0.25, 0.5, 1.0, 2.0), (28.0, 31.0, 34.0, 37.0)
    half = tuple(r / 2 for r in a[0])
    mine("half the rate at every quality", a, (half, a[1]), " In per cent.")
    mine("the same curve", a, a)
    mine("twice the rate", (half, a[1]), a, " More rate is more than nothing.")
    bent = (0.2, 0.35, 0.8, 1.9), (27.0, 31.5, 33.9, 37.6)
    mine("a curve with a bend", a, bent, " Cubic pieces, over the log of the rate.")
    mine("and the other way round", bent, a, " Which one is the anchor?")
    short = (0.4, 0.7, 1.1), (30.2, 33.0, 34.5)
    mine("a shorter curve", a, short, " Only qualities that both reach count.")
    above = (0.6, 1.2, 3.0), (32.0, 36.0, 40.0)
    mine("a curve that goes on above", a, above)
    far = (2.0, 3.0), (40.0, 42.0)
    mine("curves that share no quality", a, far)
    mine("curves that share no quality, the first above", far, a)
    dear = tuple(16 * r for r in a[0])
    mine("curves that share no rate", a, (dear, bent[1]), " They share qualities.")
    ssim = (0.2, 0.5, 1.0, 2.2), (0.91, 0.955, 0.979, 0.99)
    other = (0.15, 0.4, 0.8, 1.9), (0.90, 0.957, 0.98, 0.991)
    mine("MS-SSIM in the place of PSNR", ssim, other)
    return "The same as srlab.evaluation.bd_rate with method='pchip'."


def _bd(rates_a, quality_a, rates_b, quality_b, along=None, way=np.log, back=np.exp):
    low = max(quality_a[0], quality_b[0])
    high = min(quality_a[-1], quality_b[-1])
    if not low < high:
        return math.nan
    at = np.linspace(low, high, 2001)
    along = along or (lambda q, r: PchipInterpolator(q, r)(at))
    a, b = along(quality_a, way(rates_a)), along(quality_b, way(rates_b))
    return float(100 * (back((b - a).mean()) - 1))


def _straight(ra, qa, rb, qb):
    low, high = max(qa[0], qb[0]), min(qa[-1], qb[-1])
    if not low < high:
        return math.nan
    at = np.linspace(low, high, 2001)
    apart = np.interp(at, qb, np.log(rb)) - np.interp(at, qa, np.log(ra))
    return float(100 * (np.exp(apart.mean()) - 1))


def _swapped(ra, qa, rb, qb):
    return solution_21_2(rb, qb, ra, qa)


def _not_in_per_cent(ra, qa, rb, qb):
    return solution_21_2(ra, qa, rb, qb) / 100


def _one_not_taken_off(ra, qa, rb, qb):
    return solution_21_2(ra, qa, rb, qb) + 100


def _plain_rates(ra, qa, rb, qb):
    low, high = max(qa[0], qb[0]), min(qa[-1], qb[-1])
    if not low < high:
        return math.nan
    a, b = (
        PchipInterpolator(q, r).integrate(low, high) for r, q in ((ra, qa), (rb, qb))
    )
    return float(100 * (b / a - 1))


def _log_ten(ra, qa, rb, qb):
    return _bd(ra, qa, rb, qb, way=np.log10)


def _no_exp(ra, qa, rb, qb):
    return 100 * math.log(1 + solution_21_2(ra, qa, rb, qb) / 100)


def _not_divided(ra, qa, rb, qb):
    low, high = max(qa[0], qb[0]), min(qa[-1], qb[-1])
    if not low < high:
        return math.nan
    mean = math.log(1 + solution_21_2(ra, qa, rb, qb) / 100)
    return 100 * (math.exp(mean * (high - low)) - 1)


def _each_its_own_range(ra, qa, rb, qb):
    a, b = (
        float(PchipInterpolator(q, np.log(r)).integrate(q[0], q[-1])) / (q[-1] - q[0])
        for r, q in ((ra, qa), (rb, qb))
    )
    return 100 * (math.exp(b - a) - 1)


def _zero_if_apart(ra, qa, rb, qb):
    found = solution_21_2(ra, qa, rb, qb)
    return 0.0 if math.isnan(found) else found


def _apart_above_only(ra, qa, rb, qb):
    if qb[0] > qa[-1]:
        return math.nan
    low, high = max(qa[0], qb[0]), min(qa[-1], qb[-1])
    a, b = (
        PchipInterpolator(q, np.log(r)).integrate(low, high)
        for r, q in ((ra, qa), (rb, qb))
    )
    return float(100 * (np.exp((b - a) / (high - low)) - 1))


def _rates_apart(ra, qa, rb, qb):
    if rb[0] > ra[-1] or ra[0] > rb[-1]:
        return math.nan
    return solution_21_2(ra, qa, rb, qb)


def _at_the_points(ra, qa, rb, qb):
    n = min(len(ra), len(rb))
    return float(100 * (np.exp(np.mean(np.log(rb[:n] / ra[:n]))) - 1))


def _decibels(ra, qa, rb, qb):
    low, high = max(ra[0], rb[0]), min(ra[-1], rb[-1])
    if not low < high:
        return math.nan
    at = np.linspace(np.log(low), np.log(high), 2001)
    a, b = (PchipInterpolator(np.log(r), q)(at) for r, q in ((ra, qa), (rb, qb)))
    return float((b - a).mean())


# --- 21.3 PSNR where people look ----------------------------------------------------


def solution_21_3(x, y, P):
    total = P.sum(dtype=float)
    if total == 0:
        return math.nan
    errors = ((x.astype(float) - y) ** 2).mean(axis=2)
    mse = float((P * errors).sum() / total)
    return math.inf if mse == 0 else 10 * math.log10(1 / mse)


def check_21_3(fn):
    def mine(what, x, y, P, hint=""):
        given = [v.copy() for v in (x, y, P)]
        with np.errstate(all="ignore"):
            got = fn(*given)
        if not all(map(np.array_equal, given, (x, y, P))):
            raise Differs(f"{what}: your function has changed its arguments.")
        if np.shape(got):
            raise Differs(f"{what}: one number is wanted, not {np.shape(got)} of them.")
        want = solution_21_3(x, y, P)
        if math.isnan(want):
            if got is None or not np.isnan(got):
                raise Differs(f"{what}: nothing is weighed, so not a number.")
            return
        if math.isinf(want) and got is not None and np.isposinf(got):
            return
        try:
            close(got, want, what, rtol=1e-4)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    draw = np.random.default_rng(213)
    x = draw.random((6, 9, 3))
    y = np.clip(x + 0.1 * draw.standard_normal(x.shape), 0, 1)
    P = draw.random((6, 9))
    mine("a map of ones", x, y, np.ones((6, 9)))
    mine("a soft map", x, y, P)
    mine("the same map, three times as large", x, y, 3 * P, " Only shares matter.")
    half = np.zeros((6, 9))
    half[:, :4] = 1
    mine("half of the picture", x, y, half, " What has no weight does not count.")
    same = y.copy()
    same[:, :4] = x[:, :4]
    mine("no error where the map is", x, same, half, " No error is infinitely good.")
    mine("an error nowhere", x, x, P)
    mine("a map of zeros", x, y, np.zeros((6, 9)))
    mine("an error nowhere and a map of zeros", x, x, np.zeros((6, 9)))
    mine("a faint map", x, y, 1e-6 * P, " It is not 0; only shares matter.")
    dark = x / 100
    mine("a very small error", dark, dark + 3e-6, P, " Small is not none.")
    mine("a map of 0 and 1 as whole numbers", x, y, half.astype(np.uint8))
    red = x.copy()
    red[..., 0] = 1 - red[..., 0]
    mine("an error in one channel", x, red, P, " All three channels count alike.")
    mine("a square picture", x[:3, :3], y[:3, :3], P[:3, :3], " P goes with places.")
    return "With a map of ones it is the plain PSNR."


def _unweighted(x, y, P):
    return float(10 * np.log10(1 / ((x - y) ** 2).mean()))


def _not_normalised(x, y, P):
    return float(10 * np.log10(1 / (P * ((x - y) ** 2).mean(axis=2)).mean()))


def _weighted_pictures(x, y, P):
    apart = (P[..., None] * (x - y)) ** 2
    return float(10 * np.log10(P.sum() / apart.mean(axis=2).sum()))


def _sum_of_channels(x, y, P):
    mse = (P * ((x - y) ** 2).sum(axis=2)).sum() / P.sum()
    return float(10 * np.log10(1 / mse))


def _two_five_five(x, y, P):
    return solution_21_3(x, y, P) + 20 * math.log10(255)


def _twenty(x, y, P):
    return 2 * solution_21_3(x, y, P)


def _sign_lost(x, y, P):
    return -solution_21_3(x, y, P)


def _natural_log(x, y, P):
    return solution_21_3(x, y, P) * math.log(10)


def _thresholded(x, y, P):
    return solution_21_3(x, y, (P > 0.5).astype(float))


def _mean_of_psnrs(x, y, P):
    each = -10 * np.log10(((x - y) ** 2).mean(axis=2) + 1e-12)
    return float((P * each).sum() / P.sum())


def _zero_for_nothing(x, y, P):
    found = solution_21_3(x, y, P)
    return 0.0 if math.isnan(found) else found


def _hundred_for_inf(x, y, P):
    found = solution_21_3(x, y, P)
    return 100.0 if math.isinf(found) else found


def _equal_is_infinite(x, y, P):
    return math.inf if np.array_equal(x, y) else solution_21_3(x, y, P)


def _hundred_at_most(x, y, P):
    found = solution_21_3(x, y, P)
    return min(found, 100.0) if math.isfinite(found) else found


def _small_is_none(x, y, P):
    found = solution_21_3(x, y, P)
    return math.inf if found > 100 else found


def _with_an_epsilon(x, y, P):
    if not P.any():
        return math.nan
    mse = (P * ((x - y) ** 2).mean(axis=2)).sum() / (P.sum() + 1e-4)
    return 10 * math.log10(1 / mse) if mse else math.inf


def _divided_by_largest(x, y, P):
    return solution_21_3(x, y, P) - 10 * math.log10(P.sum() / P.size / (P.max() or 1))


def _outside(x, y, P):
    return solution_21_3(x, y, P.max() - P)


# --- 21.4 who wins how often --------------------------------------------------------


def solution_21_4(quality):
    wins = np.zeros(len(quality))
    for column in quality.T:
        if not np.isnan(column).all():
            best = column == np.nanmax(column)
            wins[best] += 1 / best.sum()
    return wins


def check_21_4(fn):
    def mine(what, rows, hint=""):
        quality = np.array(rows, float)
        given = quality.copy()
        got = fn(given)
        if not np.array_equal(given, quality, equal_nan=True):
            raise Differs(f"{what}: your function has changed its argument.")
        want = solution_21_4(quality)
        if not isinstance(got, np.ndarray) or got.shape != want.shape:
            raise Differs(
                f"{what}: a numpy array is wanted, one number for each codec."
            )
        if got.dtype == bool or not np.isfinite(got.astype(float)).all():
            raise Differs(f"{what}: a count is a finite number.{hint}")
        if abs(got.sum() - want.sum()) > 1e-6:
            raise Differs(
                f"{what}: you give away {got.sum():g} wins in all, and that is not "
                f"the number of pictures that somebody could code.{hint}"
            )
        if not np.allclose(got, want):
            raise Differs(f"{what}: not every codec has its wins.{hint}")

    n = math.nan
    mine("two codecs, three pictures", [[30, 31, 33], [31, 30, 32]])
    mine("one of three wins all", [[30, 31], [32, 33], [29, 30]])
    mine("a codec that fits one picture only", [[30, 31, 33], [n, 32, n]])
    mine("a tie", [[30, 31], [30, 30]], " Who is equally good shares the win.")
    mine("a tie of three", [[30, 40], [30, 20], [30, 10], [20, 5]])
    mine("a picture that nobody can code", [[30, n], [29, n]], " It counts for nobody.")
    low = " Is 0 the least there is?"
    mine("negative values", [[-3, -2], [-4, -5]], low)
    mine("negative values and gaps", [[-3, -2, -6], [n, -3, n]], low)
    mine("nearly a tie", [[30, 31], [30.01, 31.01]], " Only equals share.")
    mine("nobody can code anything", [[n, n], [n, n]])
    mine("one codec", [[30, n, 31]])
    mine("a tie of two beside a gap", [[n, 30.0], [28.0, 30.0], [28.0, n]])
    return "Count wins only where all have the same budget."


def _first_takes_all(quality):
    wins = np.zeros(len(quality))
    for column in quality.T:
        if not np.isnan(column).all():
            wins[np.nanargmax(column)] += 1
    return wins


def _all_tied_win(quality):
    best = np.nanmax(np.where(np.isnan(quality), -np.inf, quality), axis=0)
    return (quality == best).sum(axis=1).astype(float)


def _gap_is_zero(quality):
    return solution_21_4(np.nan_to_num(quality, nan=0.0))


def _gap_is_zero_if_somebody_can(quality):
    some = ~np.isnan(quality).all(axis=0)
    return solution_21_4(np.nan_to_num(quality[:, some], nan=0.0))


def _zero_at_least(quality):
    return solution_21_4(quality.clip(0))


def _rounded(quality):
    return solution_21_4(quality.round(1))


def _gap_wins(quality):
    return solution_21_4(np.nan_to_num(quality, nan=1e9))


def _plain_argmax(quality):
    return np.bincount(quality.argmax(axis=0), minlength=len(quality)).astype(float)


def _least(quality):
    return solution_21_4(-quality)


def _shares(quality):
    return solution_21_4(quality) / quality.shape[1]


def _by_codec(quality):
    return solution_21_4(quality.T)


def _mean_decides(quality):
    wins = np.zeros(len(quality))
    means = np.nan_to_num(quality, nan=-99).mean(axis=1)
    wins[means.argmax()] = quality.shape[1]
    return wins


def _whole_pictures_only(quality):
    return solution_21_4(quality[:, ~np.isnan(quality).any(axis=0)])


def _tied_get_nothing(quality):
    wins = np.zeros(len(quality))
    for column in quality.T:
        best = column == np.nanmax(np.append(column, -np.inf))
        wins[best] += best.sum() == 1
    return wins


EXERCISES = {
    "21.1": Exercise(
        title="The best file within a budget",
        check=check_21_1,
        hints=(
            "Files grow with the setting. If the middle one fits, where must you look "
            "on; and if it does not?",
            "Keep two indices: of the highest setting that is known to fit, and of the "
            "lowest that is known not to. Beyond the last one nothing fits.",
            "Try the first setting; if it is too large, the answer is None. Then "
            "low, high = 0, len(settings), and halve while they are more than 1 apart.",
        ),
        solution=solution_21_1,
    ),
    "21.2": Exercise(
        title="BD-rate by hand",
        check=check_21_2,
        hints=(
            "The rate is asked for *at a quality*: draw the log of the rate over the "
            "quality, and look at the distance of the two curves.",
            "PchipInterpolator(quality, np.log(rates)) is such a curve, and its "
            ".integrate(a, b) the area below. Both from the same a to the same b.",
            "The difference of the areas over (b - a) is the mean difference of the "
            "logs. exp makes a factor of it; 1 is no change; and it is per cent.",
        ),
        solution=solution_21_2,
    ),
    "21.3": Exercise(
        title="PSNR where people look",
        check=check_21_3,
        hints=(
            "First an error for each place, (H, W): the mean over the channels.",
            "A weighted mean divides by the sum of the weights. Then the peak is 1.",
            "Look for two cases before the logarithm: no weight anywhere, and no "
            "error where the weights are.",
        ),
        solution=solution_21_3,
    ),
    "21.4": Exercise(
        title="Who wins how often?",
        check=check_21_4,
        hints=(
            "Go picture by picture, that is column by column. Which rows are the best?",
            "np.nanmax passes over what is not a number, and `column == best` finds "
            "all who reach it.",
            "A tie of k gives each 1 / k. A column without any number is left out.",
        ),
        solution=solution_21_4,
    ),
}

WRONG = {
    "21.1": [
        _one_by_one,
        _never_equal,
        _nearest,
        _last_left_out,
        _always_something,
        _by_index,
        _in_proportion,
        _one_above,
        _first_of_equals,
        _largest_number,
        _zero_is_none,
        _sorted_first,
        _even_steps,
    ],
    "21.2": [
        _straight,
        _swapped,
        _not_in_per_cent,
        _one_not_taken_off,
        _plain_rates,
        _log_ten,
        _no_exp,
        _not_divided,
        _each_its_own_range,
        _zero_if_apart,
        _apart_above_only,
        _rates_apart,
        _at_the_points,
        _decibels,
    ],
    "21.3": [
        _unweighted,
        _not_normalised,
        _weighted_pictures,
        _sum_of_channels,
        _two_five_five,
        _twenty,
        _sign_lost,
        _natural_log,
        _thresholded,
        _mean_of_psnrs,
        _zero_for_nothing,
        _hundred_for_inf,
        _equal_is_infinite,
        _hundred_at_most,
        _small_is_none,
        _with_an_epsilon,
        _divided_by_largest,
        _outside,
    ],
    "21.4": [
        _first_takes_all,
        _all_tied_win,
        _gap_is_zero,
        _gap_is_zero_if_somebody_can,
        _zero_at_least,
        _rounded,
        _gap_wins,
        _plain_argmax,
        _least,
        _shares,
        _by_codec,
        _mean_decides,
        _whole_pictures_only,
        _tied_get_nothing,
    ],
}

ASKS = {
    "21.a": Ask(
        "Two codecs, one photograph. One file has 4,000 bytes and the other 4,400, and "
        "the larger one is better by .3 dB. Which codec is better?",
        "Nobody can say. A tenth more bytes is worth some tenths of a decibel to any "
        "of the codecs here, so the bytes alone may have done it. So a budget comes "
        "first, and each codec gets the best file that fits.",
    ),
    "21.b": Ask(
        "All codecs have the same bytes now. Which one do you expect in front by PSNR, "
        "and which one at the end?",
        "AVIF and HEIF, made by hundreds of engineers, are in front, and plain JPEG of "
        "1992 at the end. The question is where networks come in between.",
    ),
    "21.c": Ask(
        "A codec that favours a region loses by PSNR of the whole picture. Is it a bad "
        "codec?",
        "It was not made to win that. Whoever favours a region has to name it before, "
        "and is judged in it; the PSNR of the whole is the price, and is told, too.",
    ),
    "21.d": Ask(
        "A mean curve of 24 pictures is the highest. Does its codec win on each?",
        "The mean alone does not say so: it says who wins a sum. Count the pictures. "
        "By one measure the winner of the mean wins nearly all of them here, by "
        "another it does not.",
    ),
    "21.e": Ask(
        "Nearly half of the thesis's claims are refused here. Is it a bad source?",
        "Look at what was refused. Slips in a formula are mended in a minute; a number "
        "without its rate cannot be. And what nobody can test was not even wrong.",
    ),
}

QUIZ = [
    Question(
        "A fair comparison at a budget gives each codec",
        (
            "the same quality setting",
            "its best file within the budget",
            "the same number of seconds",
        ),
        "b",
        "A quality of 50 means another thing to each. Bytes are the same for all.",
    ),
    Question(
        "A BD-rate of -30 % by PSNR means",
        (
            "30 % fewer bytes for the same PSNR, on average (of the log of the rate)",
            "a PSNR that is 30 % higher at the same bytes",
            "30 % fewer bytes on each picture",
        ),
        "a",
        "It is the mean horizontal distance of two curves. Pictures differ.",
    ),
    Question(
        "A restorer stands behind a JPEG decoder. Its file",
        (
            "is larger by the network's parameters",
            "is smaller, since the network compresses",
            "is a JPEG and some bytes of header",
        ),
        "c",
        "Who decodes has the network already, as he has the decoder. It helps to say "
        "how large it is.",
    ),
    Question(
        "Curves of two codecs share only the upper tenth of their qualities. Their "
        "BD-rate",
        (
            "says little, whatever its number",
            "is zero",
            "is as good as any, since it is a mean",
        ),
        "a",
        "It is the mean over what both reach, and that is hardly anything here.",
    ),
    Question(
        "On one photograph ROI JPEG beats AVIF by PSNR in the region. So",
        (
            "ROI coding is a better codec than AVIF",
            "for this picture, this map and a viewer who looks there, it is better",
            "AVIF could not do the same with a map",
        ),
        "b",
        "The map is known to the codec and to the judge. AVIF was not told.",
    ),
    Question(
        'A claim is "untestable" here if',
        (
            "our test found the contrary",
            "nobody would believe it",
            "what would decide it is not stated, or not to be had",
        ),
        "c",
        "A refusal needs evidence. Without rate, picture or measure there is none.",
    ),
]
