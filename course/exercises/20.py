# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 20, side information.

A check says what differs and on which input, never the answer.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 20.1 from soft to hard ---------------------------------------------------------


def solution_20_1(x, sigma):
    powers = (x / x.max(axis=1, keepdims=True)) ** sigma
    return powers / powers.sum(axis=1, keepdims=True)


def _rows(n, seed):
    made = np.random.default_rng(seed).random((n, 16)) + 0.05
    return made / made.sum(axis=1, keepdims=True)


def check_20_1(fn):
    def mine(what, x, sigma, hint=""):
        given = x.copy()
        with np.errstate(all="ignore"):
            got = fn(given, sigma)
        if not np.array_equal(given, x):
            raise Differs(f"{what}: your function has changed its argument.")
        if isinstance(got, torch.Tensor):
            got = got.numpy()
        if not isinstance(got, np.ndarray):
            raise Differs(f"{what}: a numpy array is wanted.")
        if got.shape != x.shape:
            raise Differs(f"{what}: {x.shape} is wanted, not {got.shape}.")
        if not np.allclose(got.sum(axis=1), 1, atol=1e-4):
            raise Differs(f"{what}: not all rows sum to 1.{hint}")
        try:
            close(got, solution_20_1(x, sigma), what, rtol=1e-4, atol=1e-7)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    rows = _rows(5, 201)
    mine("sigma 1", rows, 1.0, " The divergence of c_i from x is -log of which x?")
    mine("sigma 3", rows, 3.0)
    mine("sigma 1/2", rows, 0.5)
    mine("one row alone", rows[:1], 2.0)
    even = np.full((2, 16), 1 / 16)
    mine(
        "an even row at sigma 1000",
        even,
        1000.0,
        " Is a power of 1000 still a number there?",
    )
    ties = np.where(np.arange(16) % 4 == 1, 0.22, 0.01)[None]
    mine("four equal winners at sigma 1000", ties, 1000.0, " They share the weight.")
    sharp = np.where(np.arange(16) == 3, 0.85, 0.01)[None]
    both = np.concatenate([sharp, rows])
    mine(
        "a sharp row above flat ones at sigma 1000", both, 1000.0,
        " Each row has a largest value of its own.",
    )  # fmt: skip
    zeros = rows.copy()
    zeros[:, ::3] = 0
    zeros /= zeros.sum(axis=1, keepdims=True)
    mine("rows with zeros at sigma 2", zeros, 2.0, " What is exp of minus infinity?")
    mine(
        "rows with zeros at a small sigma", zeros, 0.02,
        " Where x is zero, the weight is exactly zero, at every sigma.",
    )  # fmt: skip
    mine("rows with zeros at sigma 1000", zeros, 1000.0)
    tiny = np.where(np.arange(16) % 2, 0.125, 1e-12)[None]
    tiny /= tiny.sum()
    mine("a row with tiny values at a small sigma", tiny, 0.02, " They are not zero.")
    return "No more than x to the power sigma, over the sum of its row."


def _plain_powers(x, sigma):  # 0 / 0 at a large sigma
    powers = x**sigma
    return powers / powers.sum(axis=1, keepdims=True)


def _nan_as_zero(x, sigma):
    return np.nan_to_num(_plain_powers(x, sigma))


def _scores_of_x(x, sigma):
    powers = np.exp(sigma * (x - x.max(axis=1, keepdims=True)))
    return powers / powers.sum(axis=1, keepdims=True)


def _other_direction(x, sigma):  # D_KL(x || c_i)
    far = np.log(x[:, :, None] / np.eye(16)[None]) * x[:, :, None]
    powers = np.exp(-sigma * far.sum(axis=1))
    return powers / powers.sum(axis=1, keepdims=True)


def _clipped(x, sigma):  # what is zero gets a weight at a small sigma
    scores = sigma * np.log(np.maximum(x, 1e-12))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _tiny_is_nothing(x, sigma):
    return solution_20_1(np.where(x < 1e-6, 0, x), sigma)


def _winners_only(x, sigma):  # the second is not far behind, even at a large sigma
    if sigma < 50:
        return solution_20_1(x, sigma)
    best = x == x.max(axis=1, keepdims=True)
    return best / best.sum(axis=1, keepdims=True)


def _base_two(x, sigma):
    return solution_20_1(x, sigma / math.log(2))


def _largest_of_all(x, sigma):
    powers = (x / x.max()) ** sigma
    return powers / powers.sum(axis=1, keepdims=True)


def _by_columns(x, sigma):
    powers = (x / x.max(axis=0)) ** sigma
    return powers / powers.sum(axis=0)


def _hard(x, sigma):
    return np.eye(16)[x.argmax(axis=1)]


def _hard_when_large(x, sigma):  # no overflow, and no ties
    return _hard(x, sigma) if sigma > 50 else _plain_powers(x, sigma)


def _sigma_left_out(x, sigma):
    return x / x.sum(axis=1, keepdims=True)


def _temperature(x, sigma):  # divides where it should multiply
    return solution_20_1(x, 1 / sigma)


def _not_normalised(x, sigma):
    return (x / x.max(axis=1, keepdims=True)) ** sigma


def _plus_for_minus(x, sigma):
    powers = (x.min(axis=1, keepdims=True) / x) ** sigma
    return powers / powers.sum(axis=1, keepdims=True)


def _zero_is_nan(x, sigma):  # 0 * -inf
    scores = sigma * np.log(x / x.max(axis=1, keepdims=True))
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return weights + 0 * scores


# --- 20.2 the wavefront -------------------------------------------------------------


def solution_20_2(height, width, kernel):
    i, j = np.arange(height)[:, None], np.arange(width)
    return j + (kernel // 2 + 1) * i


def _needs(i, j, height, width, kernel):
    """The places that the mask shows to the one at (i, j)."""
    half = kernel // 2
    for a in range(max(0, i - half), i + 1):
        stop = min(width, j + half + 1) if a < i else j
        yield from ((a, b) for b in range(max(0, j - half), stop))


def check_20_2(fn):
    def mine(height, width, kernel, hint=""):
        what = f"`wave({height}, {width}, {kernel})`"
        got = fn(height, width, kernel)
        if isinstance(got, torch.Tensor):
            got = got.numpy()
        if not isinstance(got, np.ndarray):
            raise Differs(f"{what}: a numpy array is wanted.")
        if got.shape != (height, width):
            raise Differs(f"{what} has the shape {got.shape}.")
        if got.dtype.kind not in "iu":
            raise Differs(f"{what}: steps are whole numbers, not {got.dtype}.")
        if got.min() != 0:
            raise Differs(f"{what}: steps are counted from 0.")
        for i, j in np.ndindex(height, width):
            for a, b in _needs(i, j, height, width, kernel):
                if got[a, b] >= got[i, j]:
                    when = "with" if got[a, b] == got[i, j] else "before"
                    raise Differs(
                        f"{what}: row {i}, column {j} is decoded {when} row {a}, "
                        f"column {b}, which it needs.{hint}"
                    )
        if (got > solution_20_2(height, width, kernel)).any():
            raise Differs(f"{what}: nothing is too early, but some wait too long.")

    # None is as narrow as what the mask sees: a row could start earlier there.
    mine(1, 4, 5)
    mine(3, 7, 5, " How far to the right does the mask see in the row above?")
    mine(6, 8, 3, " Another kernel sees less far.")
    mine(4, 9, 7, " A larger kernel sees farther.")
    mine(5, 5, 5)
    mine(9, 6, 5)
    mine(3, 11, 9)
    mine(1, 300, 3, " Steps become large: how large may a number of your type be?")
    return "One step for each slanted line, in place of one for each place."


def _row_by_row(height, width, kernel):
    return np.arange(height * width).reshape(height, width)


def _one_short(height, width, kernel):
    i, j = np.arange(height)[:, None], np.arange(width)
    return j + (kernel // 2) * i


def _diagonals(height, width, kernel):
    return np.arange(height)[:, None] + np.arange(width)


def _whole_kernel(height, width, kernel):
    i, j = np.arange(height)[:, None], np.arange(width)
    return j + kernel * i


def _always_three(height, width, kernel):
    return np.arange(width) + 3 * np.arange(height)[:, None]


def _up_to_seven(height, width, kernel):
    return solution_20_2(height, width, min(kernel, 7))


def _in_bytes(height, width, kernel):
    return solution_20_2(height, width, kernel).astype(np.uint8)


def _other_way(height, width, kernel):
    return np.arange(height)[:, None] + (kernel // 2 + 1) * np.arange(width)


def _turned(height, width, kernel):
    return solution_20_2(width, height, kernel)


def _checkerboard(height, width, kernel):
    return (np.arange(height)[:, None] + np.arange(width)) % 2


def _rows_at_once(height, width, kernel):
    return np.repeat(np.arange(height)[:, None], width, axis=1)


def _from_one(height, width, kernel):
    return solution_20_2(height, width, kernel) + 1


def _in_floats(height, width, kernel):
    i, j = np.arange(height)[:, None], np.arange(width)
    return j + (kernel / 2 + 0.5) * i


def _as_lists(height, width, kernel):  # the places of each step
    at = solution_20_2(height, width, kernel).reshape(-1)
    return [np.flatnonzero(at == t) for t in range(at.max() + 1)]


def _backwards(height, width, kernel):
    at = solution_20_2(height, width, kernel)
    return at.max() - at


# --- 20.3 the best index by trial ---------------------------------------------------


def solution_20_3(mend, x, decoded, classes):
    height, width = x.shape[-2:]
    h, w = math.ceil(height / 16), math.ceil(width / 16)
    errors = []
    for k in range(classes):
        apart = (mend(np.full((h, w), k)) - x).square().sum(dim=(0, 1))
        apart = F.pad(apart, (0, 16 * w - width, 0, 16 * h - height))
        errors.append(apart.reshape(h, 16, w, 16).sum(dim=(1, 3)))
    return torch.stack(errors).argmin(dim=0).numpy()


class _Toy:
    """A `mend` that adds a small picture for each symbol; neighbours join in."""

    def __init__(self, size, channels, classes, seed):
        self.size, self.classes, self.decoded = size, classes, 0.0
        draw = torch.Generator().manual_seed(seed)
        self.each = 0.02 * torch.randn(classes, channels, 16, 16, generator=draw)
        self.each += 0.02 * torch.randn(classes, channels, 1, 1, generator=draw)

    def __call__(self, places):
        wanted = tuple(-(-n // 16) for n in self.size)
        if not isinstance(places, np.ndarray) or places.dtype.kind not in "iu":
            raise Differs("`mend` takes a numpy array of whole numbers.")
        if places.shape != wanted:
            raise Differs(f"`mend` takes a map of {wanted}, not {places.shape}.")
        if places.min() < 0 or places.max() >= self.classes:
            raise Differs("`mend` was given an index that does not exist.")
        own = self.each[torch.from_numpy(places.astype(np.int64))]  # (h, w, C, 16, 16)
        both = own + 0.5 * own.roll(1, 0) + 0.5 * own.roll(-1, 1)
        grid = both.permute(2, 0, 3, 1, 4)
        grid = grid.reshape(1, -1, 16 * wanted[0], 16 * wanted[1])
        return self.decoded + grid[..., : self.size[0], : self.size[1]]


def _scene(size, channels, classes):
    """x, a decoded picture, and a `mend`; each place lacks what some symbol adds."""
    draw = torch.Generator().manual_seed(203 + size[1])
    x, noise = torch.rand(2, 1, channels, *size, generator=draw)
    mend = _Toy(size, channels, classes, 2030 + size[0])
    places = [-(-n // 16) for n in size]
    lacks = mend(torch.randint(0, classes, places, generator=draw).numpy())
    far = (noise - 0.5).sign() * noise.sub(0.5).abs().mul(2).pow(8)  # at few pixels
    mend.decoded = x - lacks + 0.8 * far
    return x, mend


def _squares(mend, x, classes):
    """Squared errors (classes, h, w) of each index when it is sent everywhere."""
    height, width = x.shape[-2:]
    h, w = -(-height // 16), -(-width // 16)
    found = torch.zeros(classes, h, w, dtype=torch.float64)
    for k in range(classes):
        apart = (mend(np.full((h, w), k)) - x).double().square().sum(dim=(0, 1))
        for i, j in np.ndindex(h, w):
            square = apart[16 * i : 16 * i + 16, 16 * j : 16 * j + 16]
            found[k, i, j] = square.sum()
    return found


def check_20_3(fn):
    def mine(what, size, classes, channels=3, hint=""):
        x, mend = _scene(size, channels, classes)
        given = x.clone(), mend.decoded.clone()
        got = fn(mend, *given, classes)
        if isinstance(got, torch.Tensor):
            got = got.numpy()
        if not isinstance(got, np.ndarray):
            raise Differs(f"{what}: a numpy array is wanted.")
        errors = _squares(mend, x, classes).numpy()
        if got.shape != errors.shape[1:]:
            raise Differs(f"{what}: a map of {errors.shape[1:]}, not of {got.shape}.")
        if got.dtype.kind not in "iu" or got.min() < 0 or got.max() >= classes:
            raise Differs(f"{what}: whole numbers from 0 to {classes - 1} are wanted.")
        own = np.take_along_axis(errors, got[None].astype(np.int64), axis=0)[0]
        worse = int((own > errors.min(axis=0) * (1 + 1e-5)).sum())
        if worse:
            raise Differs(
                f"{what}: at {worse} of {own.size} places another index, sent "
                f"everywhere, has a smaller squared error there.{hint}"
            )

    mine("a picture of 64 x 96", (64, 96), 8)
    mine("a grey picture of 48 x 32", (48, 32), 5, 1)
    mine(
        "a picture of 56 x 43", (56, 43), 9,
        hint=" At the lower and right edge count what is there, and only that.",
    )  # fmt: skip
    mine("one of 21 x 89", (21, 89), 16)
    mine("one of 17 x 130", (17, 130), 16)
    mine("one of 9 x 5", (9, 5), 4)
    return "What an extractor is measured by; it costs one mending for each index."


def _apart(mend, x, k, how=torch.square):
    h, w = (-(-n // 16) for n in x.shape[-2:])
    return how(mend(np.full((h, w), k)) - x)


def _per_place(apart, side=16):
    """(H, W) -> sums of squares of side x side, edges filled with nothing."""
    pad = [-n % 16 for n in apart.shape]
    apart = F.pad(apart, (0, pad[1], 0, pad[0]))
    return F.avg_pool2d(apart[None, None], side)[0, 0]


def _tried(mend, x, classes, measure):
    return torch.stack([measure(k) for k in range(classes)]).argmin(0).numpy()


def _near_decoded(mend, x, decoded, classes):
    return solution_20_3(mend, decoded, x, classes)


def _worst(mend, x, decoded, classes):
    found = [_per_place(_apart(mend, x, k).sum((0, 1))) for k in range(classes)]
    return torch.stack(found).argmax(0).numpy()


def _one_for_all(mend, x, decoded, classes):
    found = [_apart(mend, x, k).mean().item() for k in range(classes)]
    h, w = (-(-n // 16) for n in x.shape[-2:])
    return np.full((h, w), int(np.argmin(found)))


def _whole_squares_only(mend, x, decoded, classes):
    return _tried(
        mend, x, classes,
        lambda k: F.avg_pool2d(_apart(mend, x, k).sum(1), 16)[0],
    )  # fmt: skip


def _edge_repeated(mend, x, decoded, classes):  # the last row and column count more
    def measure(k):
        apart = _apart(mend, x, k).sum(1, keepdim=True)
        pad = [-n % 16 for n in x.shape[-2:]]
        apart = F.pad(apart, (0, pad[1], 0, pad[0]), mode="replicate")
        return F.avg_pool2d(apart, 16)[0, 0]

    return _tried(mend, x, classes, measure)


def _absolute(mend, x, decoded, classes):
    return _tried(
        mend, x, classes,
        lambda k: _per_place(_apart(mend, x, k, torch.abs).sum((0, 1))),
    )  # fmt: skip


def _first_channel(mend, x, decoded, classes):
    return _tried(
        mend, x, classes, lambda k: _per_place(_apart(mend, x, k)[0, 0])
    )  # fmt: skip


def _mean_error(mend, x, decoded, classes):  # signs cancel
    def measure(k):
        return _per_place(_apart(mend, x, k, torch.clone).sum((0, 1))).abs()

    return _tried(mend, x, classes, measure)


def _mean_of_channels(mend, x, decoded, classes):
    def measure(k):
        grey = _apart(mend, x, k, torch.clone).mean(1)[0]
        return _per_place(grey.square())

    return _tried(mend, x, classes, measure)


def _one_at_a_time(mend, x, decoded, classes):  # the others stay at 0
    height, width = x.shape[-2:]
    h, w = -(-height // 16), -(-width // 16)
    found = np.zeros((classes, h, w))
    for k, i, j in np.ndindex(classes, h, w):
        places = np.zeros((h, w), np.int64)
        places[i, j] = k
        apart = (mend(places) - x).square().sum((0, 1))
        found[k, i, j] = apart[16 * i : 16 * i + 16, 16 * j : 16 * j + 16].sum()
    return found.argmin(0)


def _majority(mend, x, decoded, classes):  # each pixel votes
    each = torch.stack([_apart(mend, x, k).sum((0, 1)) for k in range(classes)])
    votes = F.one_hot(each.argmin(0), classes).permute(2, 0, 1).float()
    return torch.stack([_per_place(v) for v in votes]).argmax(0).numpy()


def _blocks_of_eight(mend, x, decoded, classes):  # the first block of a place
    def measure(k):
        return _per_place(_apart(mend, x, k).sum((0, 1)), 8)[::2, ::2]

    return _tried(mend, x, classes, measure)


def _one_pixel(mend, x, decoded, classes):
    return _tried(
        mend, x, classes, lambda k: _apart(mend, x, k).sum((0, 1))[::16, ::16]
    )  # fmt: skip


def _last_left_out(mend, x, decoded, classes):
    return solution_20_3(mend, x, decoded, classes - 1)


def _always_sixteen(mend, x, decoded, classes):
    return solution_20_3(mend, x, decoded, 16)


def _rows_for_columns(mend, x, decoded, classes):
    return solution_20_3(mend, x, decoded, classes).T


def _no_trial(mend, x, decoded, classes):
    h, w = (-(-n // 16) for n in x.shape[-2:])
    return np.zeros((h, w), np.int64)


# --- 20.4 what the bits must earn ---------------------------------------------------


def solution_20_4(rates, psnrs, rate, extra):
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    before, after = np.interp(np.log([rate, rate + extra]), np.log(rates), psnrs)
    return float(after - before)


def check_20_4(fn):
    def mine(what, rates, psnrs, rate, extra, hint=""):
        given = np.array(rates, float), np.array(psnrs, float)
        before = [a.copy() for a in given]
        got = fn(*given, rate, extra)
        if not all(map(np.array_equal, given, before)):
            raise Differs(f"{what}: your function has changed its arguments.")
        if np.shape(got):
            raise Differs(f"{what}: one number is wanted, not {np.shape(got)} of them.")
        if got is not None and np.isnan(got):
            raise Differs(f"{what}: that is on the curve; its two ends belong to it.")
        try:
            close(got, solution_20_4(*before, rate, extra), what, rtol=1e-3)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    rates, psnrs = (0.125, 0.25, 0.5, 1.0), (24.0, 27.0, 30.0, 33.0)
    mine("from one point of the curve to the next", rates, psnrs, 0.25, 0.25)
    mine(
        "a few bits between two points", rates, psnrs, 0.3, 0.015,
        " The logarithm of the rate is linear, not the rate.",
    )  # fmt: skip
    mine("over a point", rates, psnrs, 0.45, 0.1, " Its slope changes on the way.")
    curve = (0.1, 0.4, 0.7), (20.0, 31.0, 32.5)
    mine("uneven steps", *curve, 0.35, 0.2, " The slope is another in each part.")
    mine("over two points", *curve, 0.2, 0.4)
    mine("from the lowest point", rates, psnrs, 0.125, 0.01)
    mine("up to the highest point", rates, psnrs, 0.75, 0.25)
    mine("no bits at all", rates, psnrs, 0.3, 0.0, " What costs nothing must earn?")
    long = (
        (0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.7),
        (20.0, 23.0, 26.0, 28.0, 31.0, 32.0, 34.0),
    )
    mine("a curve of seven points", *long, 0.9, 0.6, " Are all points used?")
    for what, rate, extra in (
        ("a file below the curve", 0.1, 0.1),
        ("a file on the curve, but not with the bits added", 0.9, 0.2),
        ("a file above the curve", 1.5, 0.1),
        ("no bits at all for a file below the curve", 0.1, 0.0),
    ):
        found = fn(np.array(rates), np.array(psnrs), rate, extra)
        if found is None or np.shape(found) or not np.isnan(found):
            raise Differs(f"{what}: nothing is known there, so not a number.")
    return "Any help that costs bits has to beat the bits spent on the codec itself."


def _linear_rate(rates, psnrs, rate, extra):
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    return float(np.diff(np.interp([rate, rate + extra], rates, psnrs))[0])


def _beyond(rates, psnrs, rate, extra):
    return float(
        np.diff(np.interp(np.log([rate, rate + extra]), np.log(rates), psnrs))[0]
    )


def _zero_beyond(rates, psnrs, rate, extra):
    found = solution_20_4(rates, psnrs, rate, extra)
    return 0.0 if math.isnan(found) else found


def _only_the_file(rates, psnrs, rate, extra):  # forgets that the sum must be known
    return _beyond(rates, psnrs, rate, extra) if rates[0] <= rate else math.nan


def _only_the_sum(rates, psnrs, rate, extra):
    inside = rates[0] <= rate + extra <= rates[-1]
    return _beyond(rates, psnrs, rate, extra) if inside else math.nan


def _ends_left_out(rates, psnrs, rate, extra):
    if not rates[0] < rate <= rate + extra < rates[-1]:
        return math.nan
    return solution_20_4(rates, psnrs, rate, extra)


def _four_points(rates, psnrs, rate, extra):
    return solution_20_4(rates[:4], psnrs[:4], rate, extra)


def _nothing_for_nothing(rates, psnrs, rate, extra):
    return solution_20_4(rates, psnrs, rate, extra) if extra else 0.0


def _slope_here(rates, psnrs, rate, extra):  # the tangent at the file
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    k = min(np.searchsorted(rates, rate, "right"), len(rates) - 1)
    steep = (psnrs[k] - psnrs[k - 1]) / np.log(rates[k] / rates[k - 1])
    return float(steep * extra / rate)


def _part_of_the_file(rates, psnrs, rate, extra):  # right within one part only
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    k = min(np.searchsorted(rates, rate, "right"), len(rates) - 1)
    steep = (psnrs[k] - psnrs[k - 1]) / np.log(rates[k] / rates[k - 1])
    return float(steep * np.log(1 + extra / rate))


def _mean_slope(rates, psnrs, rate, extra):
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    steep = (psnrs[-1] - psnrs[0]) / np.log(rates[-1] / rates[0])
    return float(steep * np.log(1 + extra / rate))


def _the_psnr(rates, psnrs, rate, extra):
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    return float(np.interp(np.log(rate + extra), np.log(rates), psnrs))


def _sign_lost(rates, psnrs, rate, extra):
    return -solution_20_4(rates, psnrs, rate, extra)


def _per_bit(rates, psnrs, rate, extra):
    return solution_20_4(rates, psnrs, rate, extra) / (extra or 1)


def _of_the_extra(rates, psnrs, rate, extra):  # the bits as a file of their own
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    return float(np.interp(np.log(extra + 1e-9), np.log(rates), psnrs) - psnrs[0])


def _next_point(rates, psnrs, rate, extra):
    if rate < rates[0] or rate + extra > rates[-1]:
        return math.nan
    a, b = np.searchsorted(rates, [rate, rate + extra])
    return float(psnrs[b] - psnrs[a])


EXERCISES = {
    "20.1": Exercise(
        title="From soft to hard",
        check=check_20_1,
        hints=(
            "c_i is 1 at i and 0 elsewhere, so the sum of the divergence has one term. "
            "What is left of exp(-sigma ...) when you put it in?",
            "The weights are x to the power sigma, over the sum of the row. At a large "
            "sigma all the powers of a row may be too small for a float.",
            "A common factor in a row cancels in the division. So divide each row by "
            "its own largest value first: then one of its powers is 1, and a zero "
            "stays a zero without any special case.",
        ),
        solution=solution_20_1,
    ),
    "20.2": Exercise(
        title="The wavefront",
        check=check_20_2,
        hints=(
            "In the first row each place waits for the one at its left. For how many "
            "places of that row must the first place of the second row wait?",
            "The mask sees as far to the right in the row above as half the kernel, "
            "kernel // 2. When is that neighbour known, and so when the place below?",
            "A step to the right costs one step. A row further down costs "
            "kernel // 2, and one more. Two aranges and broadcasting do the rest.",
        ),
        solution=solution_20_2,
    ),
    "20.3": Exercise(
        title="The best index by trial",
        check=check_20_3,
        hints=(
            "How often must you call mend? Once for each index is enough, with a map "
            "that holds this index everywhere.",
            "Keep the squared errors of each trial apart for each place: sum them over "
            "the channels, then over squares of 16 x 16. `decoded` is not needed.",
            "Fill the map of squared errors up with zeros to multiples of 16, reshape "
            "it to (h, 16, w, 16) and sum over the two sixteens. Stack the trials, and "
            "take argmin over the index.",
        ),
        solution=solution_20_3,
    ),
    "20.4": Exercise(
        title="What must the bits earn?",
        check=check_20_4,
        hints=(
            "What would the codec itself do with those bits? It would write a file of "
            "rate + extra.",
            "Read the curve at two rates and subtract. It is linear in the logarithm "
            "of the rate, so give np.interp logarithms of both.",
            "np.interp does not say when it was asked beyond its ends: look for "
            "yourself, at the lower end for `rate` and at the upper one for "
            "`rate + extra`. The ends themselves belong to the curve.",
        ),
        solution=solution_20_4,
    ),
}

WRONG = {
    "20.1": [
        _plain_powers,
        _nan_as_zero,
        _scores_of_x,
        _other_direction,
        _clipped,
        _tiny_is_nothing,
        _base_two,
        _largest_of_all,
        _by_columns,
        _hard,
        _hard_when_large,
        _winners_only,
        _sigma_left_out,
        _temperature,
        _not_normalised,
        _plus_for_minus,
        _zero_is_nan,
    ],
    "20.2": [
        _row_by_row,
        _one_short,
        _diagonals,
        _whole_kernel,
        _always_three,
        _up_to_seven,
        _in_bytes,
        _other_way,
        _turned,
        _checkerboard,
        _rows_at_once,
        _from_one,
        _in_floats,
        _as_lists,
        _backwards,
    ],
    "20.3": [
        _near_decoded,
        _worst,
        _one_for_all,
        _whole_squares_only,
        _edge_repeated,
        _absolute,
        _first_channel,
        _mean_error,
        _mean_of_channels,
        _one_at_a_time,
        _majority,
        _blocks_of_eight,
        _one_pixel,
        _last_left_out,
        _always_sixteen,
        _rows_for_columns,
        _no_trial,
    ],
    "20.4": [
        _linear_rate,
        _beyond,
        _zero_beyond,
        _only_the_file,
        _only_the_sum,
        _ends_left_out,
        _four_points,
        _nothing_for_nothing,
        _slope_here,
        _part_of_the_file,
        _mean_slope,
        _the_psnr,
        _sign_lost,
        _per_bit,
        _of_the_extra,
        _next_point,
    ],
}

ASKS = {
    "20.a": Ask(
        "A network is shown a coarse JPEG and makes it better. Where does it gain, and "
        "does it know the details that are lost?",
        "Where the damage gives itself away: steps at the borders of the blocks, "
        "ripples beside edges. The lost details it does not know. It puts in what is "
        "likely, and that is smooth.",
    ),
    "20.b": Ask(
        "Two different pictures, one file, byte for byte. You have the file, and your "
        "guess is judged by its squared error. What is the best guess?",
        "The mean of the two, each weighted by how likely it is: a picture that is "
        "neither. No larger network helps; one bit from the encoder, who has seen the "
        "original, does.",
    ),
    "20.c": Ask(
        "The sign of a Gaussian number takes two thirds of its variance away. Now one "
        "bit for each block of 8x8: is what is missing bright or dark on the whole? "
        "How much of the block's squared error does it take: two thirds, a third, or "
        "less than a tenth?",
        "Less than a tenth. The bit speaks of the mean, which is one of the block's 64 "
        "numbers. What is missing is coarse, so the mean holds more of it than one in "
        "64, about a tenth; of that two thirds go, and of the rest nothing.",
    ),
    "20.d": Ask(
        "We poke one symbol in the middle of the map and compute all probabilities "
        "again, with the masked 5x5 convolution. Which ones change?",
        "At most twelve: two at the right in its own row, and five in each of the two "
        "rows below. Not its own, and none before it: they must be there before it is "
        "decoded.",
    ),
    "20.e": Ask(
        "The same descriptors, dealt out at random over the picture. Is the result as "
        "good as with the right ones, as good as without any, or worse?",
        "Worse than without any, if the network listens: it adds red where it "
        "should take some away. If it did not matter, the gain would come from the "
        "larger network and not from what is sent.",
    ),
    "20.f": Ask(
        "A place's tint is two numbers of the JPEG file, the means of one block of Cb "
        "and one of Cr. Their step is halved and no descriptor is sent. Does the same "
        "network, untrained for it, gain more or less than with descriptors, and for "
        "more or fewer bytes?",
        "On coarse JPEGs three quarters as much, for a third of the bytes. Halving a "
        "step asks for one bit more for each of the two numbers where it is not zero, "
        "JPEG codes them as differences from the block before, and smooth places stay "
        "cheap.",
    ),
}

QUIZ = [
    Question(
        "Two originals give the same JPEG file. A network behind the decoder",
        (
            "can tell them apart if it is large enough",
            "gives the same picture for both",
            "can tell them apart if both were in its training set",
        ),
        "b",
        "The same input, the same output. Only bits that the encoder sends can differ.",
    ),
    Question(
        "x is what a softmax gives, c a one-hot vector. D_KL(x || c) is",
        (
            "the smaller, the larger x is where c is 1",
            "minus the logarithm of x where c is 1",
            "infinite, whichever c it is",
        ),
        "c",
        "c rules out fifteen symbols that x holds possible. The other direction, "
        "D_KL(c || x), is minus the logarithm.",
    ),
    Question(
        "Sigma rises from 1 without end. The soft weights go from",
        (
            "x itself to the one-hot vector of its largest value",
            "one sixteenth each to x itself",
            "the one-hot vector of its largest value to x itself",
        ),
        "a",
        "They are x to the power sigma over the sum. One sixteenth each is sigma 0.",
    ),
    Question(
        "All networks of side information are trained together from nothing, with a "
        "price on the bits. What is to be feared?",
        (
            "more than four bits for a descriptor",
            "descriptors that the decoder cannot read",
            "the same descriptor everywhere",
        ),
        "c",
        "At first the restorer does not listen, so no descriptor is better than "
        "another, and the same one everywhere costs least.",
    ),
    Question(
        "A photograph of 768x512 has 32 rows of 48 descriptors. With a 5x5 context, "
        "all places decoded as soon as they can be, a decoder makes",
        ("1,536 steps", "141 steps", "32 steps"),
        "b",
        "Each row starts three steps after the one above: 48 + 3 * 31.",
    ),
    Question(
        "With descriptors the PSNR is higher than the twin's, which has none. The "
        "descriptors pay if",
        (
            "the twin behind a JPEG of the same bytes in all is worse",
            "the PSNR is higher than without them",
            "they take less than four bits each",
        ),
        "a",
        "Bits help in any case. The question is whether the codec itself would have "
        "made more of them.",
    ),
]
