# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 06, attention.

A check says what differs and on which input, never the answer.
"""

import math
import numbers

import numpy as np
import torch
import torch.nn.functional as F

from srlab.classroom import Ask, Differs, Exercise, Question, close
from srlab.models.swinir import to_windows


def _random(*shape, seed=6):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _shaped(got, shape, what):
    """Let a tensor of the right shape through, with finite numbers in it."""
    if not isinstance(got, torch.Tensor) or got.shape != shape:
        close(got, torch.zeros(shape), what)
    if got.is_floating_point() and not got.isfinite().all():
        raise Differs(f"{what} holds NaN or infinite values.")
    return got


# --- 6.1 fold the gains in ----------------------------------------------------------


def solution_6_1(weight, bias, gains):
    return weight * gains[:, None, None, None], bias * gains


def check_6_1(fn):
    weight, bias = _random(4, 4, 3, 3, seed=1), _random(4, seed=2)
    gains, x = _random(4, seed=3).sigmoid(), _random(2, 4, 6, 7, seed=4)
    got = _folded(fn, weight, bias, gains)
    flat = torch.zeros_like(x)  # only the biases are heard
    if not _same(F.conv2d(flat, *got), _both(flat, weight, bias, gains)):
        raise Differs(
            "for a picture of zeros the one convolution and the two steps differ: "
            "what do the gains do to the biases?"
        )
    one = _both(x, weight, bias, gains)
    if not _same(F.conv2d(x, *got), one):
        raise Differs(
            "for a picture of random numbers the one convolution and the two steps "
            "differ: which axis of the weights belongs to the channels that come out?"
        )
    wide = _random(5, 6, 3, 3, seed=5), _random(5, seed=6)
    wide = *wide, _random(5, seed=7).sigmoid()
    what = " of a convolution from 6 to 5 channels"
    try:
        got = _folded(fn, *wide, what)
    except (RuntimeError, IndexError, ValueError) as error:
        raise Differs(
            "a convolution from 4 to 4 channels is right; one from 6 to 5 is an error. "
            "Take the numbers of channels from what is given."
        ) from error
    for one, want, name in zip(got, solution_6_1(*wide), _PAIR, strict=True):
        close(one, want, name + what)
    return "A gain that does not look at the picture costs nothing at all."


_PAIR = ("the tensor of new weights", "the tensor of new biases")


def _folded(fn, weight, bias, gains, of=""):
    """What fn returns, as two float tensors of the right shapes."""
    got = fn(weight.clone(), bias.clone(), gains.clone())
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        close(got, (weight, bias), "the pair of new weights and new biases" + of)
    pair = []
    for one, right, name in zip(got, (weight, bias), _PAIR, strict=True):
        one = torch.from_numpy(one) if isinstance(one, np.ndarray) else one
        pair.append(_shaped(one, right.shape, name + of).to(right.dtype))
    return pair


def _both(x, weight, bias, gains):
    return F.conv2d(x, weight, bias) * gains[None, :, None, None]


def _same(a, b):
    return torch.allclose(a, b, atol=1e-4)


def _weights_only(weight, bias, gains):
    return weight * gains[:, None, None, None], bias


def _on_inputs(weight, bias, gains):  # the wrong axis: channels that go in
    return weight * gains[None, : weight.shape[1], None, None], bias * gains


def _on_columns(weight, bias, gains):  # scales the whole by one number
    return weight * gains.mean(), bias * gains.mean()


def _four_channels(weight, bias, gains):
    return weight * gains.view(4, 1, 1, 1), bias * gains


def _as_many_inputs(weight, bias, gains):  # the biases by the number of inputs
    bias = bias * gains if weight.shape[1] == len(bias) else bias
    return weight * gains[:, None, None, None], bias


def _undone(weight, bias, gains):
    return weight / gains[:, None, None, None], bias / gains


# --- 6.2 count the products ---------------------------------------------------------


def solution_6_2(height, width, d, m):
    count = math.ceil(height / m) * math.ceil(width / m)  # windows
    return 2 * count * m**4 * d  # m^2 tokens meet m^2 tokens, twice


def check_6_2(fn):
    for height, width, d, m in ((8, 8, 3, 8), (64, 48, 60, 8), (30, 17, 12, 4)):
        name = f"the result of `products_of({height}, {width}, {d}, {m})`"
        got = fn(height, width, d, m)
        if isinstance(got, torch.Tensor) and got.ndim == 0:
            got = got.item()
        if isinstance(got, bool) or not isinstance(got, numbers.Real):
            close(got, 0.0, name)
        want = solution_6_2(height, width, d, m)
        if got == want / 2:
            raise Differs(f"{name} counts one of the two products.")
        if got == 2 * (height * width) ** 2 * d and got != want:
            raise Differs(f"{name} lets every pixel meet every pixel.")
        if got == 2 * height * width * m**2 * d != want:
            raise Differs(f"{name} counts before the windows are filled up.")
        if got == 2 * (height // m) * (width // m) * m**4 * d != want:
            raise Differs(f"{name} leaves out the windows that are not full.")
        close(got, want, name, rtol=1e-9)
    return "Linear in the pixels: twice the picture, twice the price."


def _one_product(height, width, d, m):
    return solution_6_2(height, width, d, m) / 2


def _whole_picture(height, width, d, m):
    return 2 * (height * width) ** 2 * d


def _unfilled(height, width, d, m):  # forgets the windows that are not full
    return 2 * height * width * m**2 * d


def _full_windows(height, width, d, m):  # drops those at the end
    return 2 * (height // m) * (width // m) * m**4 * d


def _small_windows(height, width, d, m):  # m tokens in a window, not m^2
    return 2 * math.ceil(height / m) * math.ceil(width / m) * m**2 * d


def _with_softmax(height, width, d, m):
    count = math.ceil(height / m) * math.ceil(width / m)
    return count * m**4 * (2 * d + 1)


def _additions_too(height, width, d, m):
    return solution_6_2(height, width, d, m) // (2 * d) * (2 * d - 1)


# --- 6.3 and back -------------------------------------------------------------------


def solution_6_3(tokens, height, width):
    m, channels = math.isqrt(tokens.shape[1]), tokens.shape[2]
    x = tokens.reshape(height // m, width // m, m, m, channels)
    x = x.permute(0, 2, 1, 3, 4)  # rows of windows, then rows of pixels
    return x.reshape(height, width, channels)


def check_6_3(fn):
    for height, width, m, c in ((4, 6, 2, 2), (12, 6, 3, 5)):
        name = f"the picture of {height} x {width} pixels from windows of {m} x {m}"
        name = f"{name} with {c} channels"
        x = torch.arange(height * width * float(c)).reshape(height, width, c)
        tokens = to_windows(x[None], m)
        got = _shaped(fn(tokens.clone(), height, width), x.shape, name).to(x.dtype)
        if not (got.diff(dim=2) == 1).all():
            raise Differs(f"in {name} the channels of a pixel are torn apart.")
        corner = got[:m, :m].reshape(-1, c)
        if not torch.equal(corner.sort(0).values, tokens[0].sort(0).values):
            raise Differs(
                f"in {name} the upper left corner does not hold the pixels of the "
                "first window."
            )
        if not torch.equal(corner, tokens[0]):
            raise Differs(
                f"in {name} the pixels of a window come in another order; they stand "
                "row by row in `tokens`."
            )
        if not torch.equal(got, x):
            raise Differs(
                f"in {name} the first window is right, and others are not where they "
                "belong; they come row by row."
            )
    return "Not one multiplication: windows are a matter of reading order."


def _reshaped(tokens, height, width):
    return tokens.reshape(height, width, -1)


def _by_columns(tokens, height, width):  # takes the windows column by column
    m = math.isqrt(tokens.shape[1])
    x = tokens.reshape(width // m, height // m, m, m, -1).permute(1, 2, 0, 3, 4)
    return x.reshape(height, width, -1)


def _turned(tokens, height, width):  # the pixels of a window column by column
    m = math.isqrt(tokens.shape[1])
    x = tokens.reshape(height // m, width // m, m, m, -1).permute(0, 3, 1, 2, 4)
    return x.reshape(height, width, -1)


def _two_rows(tokens, height, width):  # as if there were two rows of windows
    m = height // 2
    x = tokens.reshape(2, width // m, m, m, -1).permute(0, 2, 1, 3, 4)
    return x.reshape(height, width, -1)


def _interleaved(tokens, height, width):  # a pixel shuffle
    m = math.isqrt(tokens.shape[1])
    x = tokens.reshape(height // m, width // m, m, m, -1).permute(2, 0, 3, 1, 4)
    return x.reshape(height, width, -1)


# --- 6.4 who may meet ---------------------------------------------------------------


def solution_6_4(n, m):
    place = torch.arange(n).roll(-(m // 2)).reshape(-1, m)  # who stands in each window
    distance = (place[:, :, None] - place[:, None, :]).abs()
    return distance < m


def check_6_4(fn):
    for n, m in ((12, 4), (8, 2), (16, 8)):
        name = f"the result of `may_meet({n}, {m})`"
        got = fn(n, m)
        got = torch.from_numpy(got) if isinstance(got, np.ndarray) else got
        if isinstance(got, torch.Tensor) and got.dtype != torch.bool:
            raise Differs(
                f"{name} holds {str(got.dtype)[6:]}; True and False are wanted, not "
                "numbers to be added."
            )
        got = _shaped(got, (n // m, m, m), name)
        want = solution_6_4(n, m)
        if got.all():
            raise Differs(
                f"in {name} everybody may meet, but after the roll one window holds "
                "pixels from both ends of the row."
            )
        itself = got.diagonal(dim1=1, dim2=2)
        if not itself.all():
            raise Differs(f"in {name} some pixel may not meet itself.")
        if not torch.equal(got, got.transpose(1, 2)):
            raise Differs(f"in {name} i may meet j where j may not meet i.")
        if not got.flatten(1).all(dim=1).any():
            raise Differs(
                f"in {name} every window forbids something. Two pixels of a window "
                "stood up to m - 1 apart, and that is allowed."
            )
        if not got[:-1].all():
            raise Differs(
                f"in {name} a window inside the row forbids something. Which window "
                "holds the two ends of the row? The roll goes to the left."
            )
        if not torch.equal(got, want):
            raise Differs(
                f"in {name} the last window is not right: who in it stood together "
                "before the roll?"
            )
    return "Two such rows, one for each axis, make the mask of SwinIR's shifted layers."


def _everybody(n, m):
    return torch.ones(n // m, m, m, dtype=torch.bool)


def _alone(n, m):
    return torch.eye(m, dtype=torch.bool).expand(n // m, m, m)


def _other_way(n, m):  # rolled to the right
    place = torch.arange(n).roll(m // 2).reshape(-1, m)
    return (place[:, :, None] - place[:, None, :]).abs() < m


def _every_window(n, m):  # cuts each window in two halves
    half = torch.arange(m) < m // 2
    return (half[:, None] == half[None, :]).expand(n // m, m, m)


def _half_a_window(n, m):  # the threshold is too low
    place = torch.arange(n).roll(-(m // 2)).reshape(-1, m)
    return (place[:, :, None] - place[:, None, :]).abs() <= m // 2


def _to_add(n, m):  # SwinIR's own mask
    return torch.zeros(n // m, m, m).masked_fill(~solution_6_4(n, m), float("-inf"))


def _forbidden(n, m):  # the opposite: what is masked
    return ~solution_6_4(n, m)


def _numbers(n, m):
    return solution_6_4(n, m).float()


EXERCISES = {
    "6.1": Exercise(
        title="Fold the gains in",
        check=check_6_1,
        hints=(
            "Write one number of the result: a sum of weights times pixels, plus a "
            "bias, and all of it times the gain. Multiply out.",
            "Every weight that leads to output channel c is multiplied by gain c, and "
            "so is its bias. Output channels are the first axis of the weights.",
            "`gains[:, None, None, None]` has a shape that multiplies the weights.",
        ),
        solution=solution_6_1,
    ),
    "6.2": Exercise(
        title="Count the products",
        check=check_6_2,
        hints=(
            "How many windows are there? Filled up means that a window begun counts.",
            "In a window every token meets every token: how many pairs is that for m "
            "x m pixels? Each pair costs d multiply-adds, in each of two products.",
            "`math.ceil(height / m) * math.ceil(width / m)` windows, `m**4` pairs in "
            "each.",
        ),
        solution=solution_6_2,
    ),
    "6.3": Exercise(
        title="And back",
        check=check_6_3,
        hints=(
            "Number the pixels of a 4 x 4 picture 0 to 15, write down its four 2 x 2 "
            "windows, and see in which order the tokens must be read.",
            "Give every axis its name: row of windows, column of windows, row in the "
            "window, column in it, channel. In a picture the two kinds of rows come "
            "first.",
            "`tokens.reshape(height // m, width // m, m, m, C)`, then exchange the "
            "second and the third axis, then reshape.",
        ),
        solution=solution_6_3,
    ),
    "6.4": Exercise(
        title="Who may meet",
        check=check_6_4,
        hints=(
            "Roll `torch.arange(n)` to the left by half a window and cut it into "
            "windows of m: which window holds numbers that are far apart?",
            "Two pixels may meet if, before the roll, they stood less than a window "
            "apart. Make the table of distances of each window.",
            "With `place` of shape (n // m, m): `(place[:, :, None] - place[:, None, "
            ":]).abs() < m`.",
        ),
        solution=solution_6_4,
    ),
}

WRONG = {
    "6.1": [
        _weights_only,
        _on_inputs,
        _on_columns,
        _four_channels,
        _as_many_inputs,
        _undone,
    ],
    "6.2": [
        _one_product,
        _whole_picture,
        _unfilled,
        _full_windows,
        _small_windows,
        _with_softmax,
        _additions_too,
    ],
    "6.3": [_reshaped, _by_columns, _turned, _two_rows, _interleaved],
    "6.4": [
        _everybody,
        _alone,
        _other_way,
        _every_window,
        _half_a_window,
        _forbidden,
        _numbers,
        _to_add,
    ],
}

ASKS = {
    "6.a": Ask(
        "A gain is one number for one channel of the whole picture. What can it say, "
        "and what can it not say?",
        "It can say that in this picture vertical edges matter more than flat areas. "
        "It cannot say where: a gain that helps the whiskers also acts on the wall.",
    ),
    "6.b": Ask(
        "All gains of the trained net are set to 1. How much does it lose: more than "
        "it had over bicubic, about a half of that, a tenth of a decibel, nothing? And "
        "if each channel keeps the gain that it has on other photographs?",
        "With 1 more than its whole lead: the residuals become too strong, and "
        "channels that were shut are open. With the usual gains next to nothing, for "
        "they hardly depend on the picture.",
    ),
    "6.c": Ask(
        "Before attention we put the 64 tokens into another order. What changes in the "
        "result?",
        "Its order, and nothing else. Scores know how alike two tokens are and not how "
        "far apart they stand. A convolution would give something else altogether.",
    ),
    "6.d": Ask(
        "The picture is rolled by 4 pixels, so the last row of windows holds 4 rows of "
        "the lower border and 4 of the upper one. Is that harmless?",
        "No: sky would attend to grass. Pixels that stood at opposite borders must not "
        "meet, and so a mask takes those pairs out.",
    ),
    "6.e": Ask(
        "Roll the input by 4 pixels, restore it, roll the result back. Away from the "
        "borders: is it the same for EDSR? For SwinIR?",
        "For EDSR yes: a convolution is the same everywhere. For SwinIR no: windows "
        "begin at fixed places, and now they hold other pixels.",
    ),
    "6.f": Ask(
        "One net with channel attention, one with all gains fixed at 1, one at 0.5, "
        "the same seed, the same crops. Which one wins, and by how much?",
        "The short runs here differ by some hundredths, and the strength of fresh "
        "residuals alone explains that. In longer runs, three seeds each, all agree "
        "within two hundredths of a decibel, and the net without attention is ahead "
        "each time, by a hundredth or two.",
    ),
    "6.g": Ask(
        "Six networks with the same training data, five sets. In how many columns of "
        "this table is SwinIR, called the state of the art, alone at the top? By how "
        "much?",
        "In three, and beaten in two, always by hundredths of a decibel. With SSIM, "
        "counted in the next cell, it is alone in four columns of ten. A clear victory "
        "is not what the table shows.",
    ),
    "6.h": Ask(
        "Tiles overlap by 16 pixels on each side. EDSR's result is exactly that of the "
        "whole picture, RCAN's is not. Why does more overlap not help RCAN?",
        "Because its gains come from means over what it sees. A tile of sky has other "
        "means than the whole picture, whatever the overlap.",
    ),
}

QUIZ = [
    Question(
        "RCAN's channel attention multiplies each channel by a number that depends on",
        (
            "the pixel and its neighbours",
            "the means of all channels over the whole picture",
            "the number of the layer alone",
        ),
        "b",
        "The squeeze takes a mean of each channel; two matrices mix them; a sigmoid "
        "makes gains.",
    ),
    Question(
        "In a trained net each gain is replaced by its mean over other pictures, and "
        "PSNR hardly falls. What follows?",
        (
            "attention was of no use in training",
            "in this net the gains hardly depend on the picture",
            "the gains were all equal to 1",
        ),
        "b",
        "It says how the trained net uses its gains, and nothing about how it got "
        "there.",
    ),
    Question(
        "Softmax is applied to the scores of a token. Adding 5 to all its scores",
        (
            "changes nothing",
            "makes the weights more equal",
            "multiplies the result",
        ),
        "a",
        "Numerator and denominator are both multiplied by e to the 5.",
    ),
    Question(
        "A picture with twice the height and twice the width: attention over the whole "
        "picture costs, for its products,",
        ("4 times as much", "8 times as much", "16 times as much"),
        "c",
        "Four times the tokens, and each meets four times as many. In windows it would "
        "be 4 times.",
    ),
    Question(
        "Why does SwinIR shift its windows in every second layer?",
        (
            "so that pixels of different windows can meet",
            "so that fewer products are needed",
            "so that the result does not depend on where the picture begins",
        ),
        "a",
        "Without a shift attention never leaves its window. The result does depend on "
        "where the picture begins, by a little.",
    ),
    Question(
        "The mask of a shifted layer keeps apart",
        (
            "pixels of different windows",
            "pixels of different heads",
            "pixels of opposite borders that the roll brought into one window",
        ),
        "c",
        "Different windows never meet within a layer anyway.",
    ),
    Question(
        "Which net gives in overlapping tiles exactly the result of the whole picture, "
        "for any depth of the net?",
        (
            "EDSR, if the overlap covers its receptive field",
            "RCAN, if the overlap is large enough",
            "SwinIR, if the tile is a multiple of the window",
        ),
        "a",
        "RCAN's means and SwinIR's chains of windows reach further than any overlap "
        "that is worth its time.",
    ),
    Question(
        "Two nets differ by 0.02 dB after one run each. You conclude that",
        (
            "the first is better",
            "nothing, before you know what another seed changes",
            "both are equally good",
        ),
        "b",
        "If three seeds of one net spread over 0.02 dB, the difference tells nothing.",
    ),
]
