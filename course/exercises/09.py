# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 09, blind super-resolution.

A check says what differs and on which input, never the answer.
"""

import math
import numbers
from decimal import Decimal
from unittest import mock

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 9.1 told apart, or lucky? ------------------------------------------------------


def solution_9_1(right, pairs):
    ways = sum(math.comb(pairs, k) for k in range(right, pairs + 1))
    return ways / 2**pairs


def check_9_1(fn):
    def mine(right, pairs):
        got = fn(right, pairs)
        if isinstance(got, numbers.Rational | Decimal) and not isinstance(got, bool):
            got = float(got)  # an exact fraction is right, too
        close(got, solution_9_1(right, pairs), f"`luck({right}, {pairs})`")

    for pairs in (1, 2):
        mine(pairs, pairs)
    try:
        mine(0, 6)
    except Differs as error:
        raise Differs(
            f"{error} At least none right: how likely is that for a guesser?"
        ) from None
    try:
        mine(7, 8)
    except Differs as error:
        raise Differs(
            f"{error} All right is fine; with one wrong it is not. How many ways are "
            "there to get it wrong once? And does it count who does better still?"
        ) from None
    for right, pairs in ((3, 8), (9, 12), (40, 64)):
        mine(right, pairs)
    return "Now look from how many right answers on it is below 0.05."


def _exactly(right, pairs):
    return math.comb(pairs, right) / 2**pairs


def _one_way(right, pairs):
    return 0.5**right


def _more_than(right, pairs):
    return solution_9_1(right + 1, pairs)


def _share(right, pairs):
    return right / pairs


def _at_most(right, pairs):
    return 1 - solution_9_1(right + 1, pairs)


# --- 9.2 how much one batch still counts --------------------------------------------


def solution_9_2(step, steps, decay):
    age = steps - step
    return decay**age if step == 0 else (1 - decay) * decay**age


def _true_share(step, steps, decay):
    """Found by averaging: weights that are 1 at that step and 0 at all others."""
    average = float(step == 0)
    for now in range(1, steps + 1):
        average = decay * average + (1 - decay) * float(now == step)
    return average


def check_9_2(fn):
    def mine(step, steps, decay):
        got = fn(step, steps, decay)
        want = _true_share(step, steps, decay)
        close(got, want, f"`share({step}, {steps}, {decay})`")

    mine(1, 1, 0.9)
    for step in (3, 2, 1):
        mine(step, 3, 0.9)
    try:
        mine(0, 3, 0.9)
    except Differs as error:
        raise Differs(
            f"{error} The later steps are right; the weights from before the first "
            "step are not. What was the average before anything was mixed in?"
        ) from None
    for step in (0, 1, 40, 100):
        mine(step, 100, 0.97)
    total = sum(float(fn(step, 50, 0.9)) for step in range(51))
    if abs(total - 1) > 1e-6:
        raise Differs("the shares of all steps should add up to one.")
    return "At .999 the last thousand steps hold 63 % of the average."


def _no_first(step, steps, decay):
    return (1 - decay) * decay ** (steps - step)


def _from_the_front(step, steps, decay):
    return decay**step if step == 0 else (1 - decay) * decay**step


def _swapped(step, steps, decay):
    age = steps - step
    return (1 - decay) ** age if step == 0 else decay * (1 - decay) ** age


def _off_by_one(step, steps, decay):
    age = steps - step + 1
    return decay**age if step == 0 else (1 - decay) * decay**age


# --- 9.3 the largest gain -----------------------------------------------------------


def solution_9_3(conv, rounds=100):
    with torch.no_grad():
        matrix = conv.weight.flatten(1)  # (outputs, inputs k k)
        v = torch.ones(matrix.shape[1])
        for _ in range(rounds):
            u = nn.functional.normalize(matrix @ v, dim=0)
            v = nn.functional.normalize(matrix.T @ u, dim=0)
        return (u @ matrix @ v).item()


def _conv(outputs, inputs, size, gain=1.0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        conv = nn.Conv2d(inputs, outputs, size)
        conv.weight.data *= gain
        return conv


def check_9_3(fn):
    diagonal = nn.Conv2d(2, 2, 1)
    diagonal.weight.data = torch.tensor([[0.5, 0.0], [0.0, 3.0]])[..., None, None]
    before = diagonal.weight.detach().clone()
    with _OwnFunctions():
        got = fn(diagonal)
    if (diagonal.weight != before).any():
        raise Differs("the convolution that was given has changed: only read from it.")
    got = _number(got)
    hint = " Has the vector that you begin with a part in each direction?"
    hint *= abs(got - 0.5) < 0.01
    _near(got, 3.0, "for the 1 x 1 weights [[1/2, 0], [0, 3]], the gain", hint)
    shapes = ((4, 4, 1), (8, 3, 3), (3, 8, 3), (2, 6, 4), (12, 12, 3))
    for outputs, inputs, size in shapes:
        conv = _conv(outputs, inputs, size, 2.0)
        want = torch.linalg.matrix_norm(conv.weight.detach().flatten(1), 2).item()
        with _OwnFunctions():
            got = _number(fn(conv))
        what = f"with {inputs} inputs, {outputs} outputs and {size} x {size} weights, "
        hint = " Had it stopped changing?" * (outputs == 12)
        _near(got, want, what + "the gain", hint)
    return "The U-Net divides each weight by this number, one round a step."


def _near(got, want, what, hint):
    try:
        close(got, want, what, rtol=0.01)
    except Differs as error:
        raise Differs(f"{error}{hint}") from None


class _OwnFunctions(TorchFunctionMode):
    """Refuses torch's and numpy's functions for singular values and eigenvalues."""

    NAMES = ("svd", "eig", "matrix_norm")

    def __enter__(self):
        names = [n for n in dir(np.linalg) if any(part in n for part in self.NAMES)]
        self.numpy = mock.patch.multiple(
            np.linalg, norm=_vector_norm, **dict.fromkeys(names, _refuse)
        )
        self.numpy.start()
        return super().__enter__()

    def __exit__(self, *error):
        self.numpy.stop()
        return super().__exit__(*error)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        own = any(part in name for part in self.NAMES)
        if name == "linalg_norm":  # of a vector it is allowed
            x, *rest = (*args, *(kwargs or {}).values())
            own = x.ndim > 1 and min(x.shape) > 1 and 2 in rest
        return _refuse() if own else func(*args, **(kwargs or {}))


def _refuse(*args, **kwargs):
    raise Differs(
        "that is a library's own function for it. Multiply a vector by the matrix and "
        "by its transpose, in turn."
    )


def _vector_norm(x, *args, norm=np.linalg.norm, **kwargs):
    matrix = np.ndim(x) > 1 and min(np.shape(x)) > 1
    wanted = matrix and 2 in (*args, *kwargs.values())
    return _refuse() if wanted else norm(x, *args, **kwargs)


def _number(got):
    if isinstance(got, torch.Tensor) and got.numel() == 1:
        return got.item()
    if isinstance(got, np.ndarray) and got.size == 1:
        return got.item()
    if not isinstance(got, numbers.Real):
        close(got, 1.0, "the gain")
    return got


def _frobenius(conv):
    return conv.weight.norm().item()


def _largest_entry(conv):
    return conv.weight.abs().max().item()


def _one_round(conv):
    return solution_9_3(conv, rounds=1)


def _not_flattened(conv):  # rows of one place only
    return torch.linalg.matrix_norm(conv.weight[..., 0, 0], 2).item()


def _by_torch(conv):
    return torch.linalg.matrix_norm(conv.weight.flatten(1), 2).item()


def _by_numpy(conv):
    return float(np.linalg.norm(conv.weight.detach().flatten(1).numpy(), 2))


def _by_numpys_svd(conv):
    matrix = conv.weight.detach().flatten(1).numpy()
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


def _ten_rounds(conv):
    return solution_9_3(conv, rounds=10)


def _from_one_side(conv):  # begins with an eigenvector
    with torch.no_grad():
        matrix = conv.weight.flatten(1)
        v = torch.eye(matrix.shape[1])[0]
        for _ in range(100):
            u = nn.functional.normalize(matrix @ v, dim=0)
            v = nn.functional.normalize(matrix.T @ u, dim=0)
        return (u @ matrix @ v).item()


def _squared(conv):  # the eigenvalue of W' W
    return solution_9_3(conv) ** 2


def _in_place(conv):
    gain = solution_9_3(conv)
    conv.weight.data /= gain
    return gain


# --- 9.4 who has won ----------------------------------------------------------------


def solution_9_4(d_real, d_fake, sure=0.95, patience=3):
    looks = 0
    for step, (real, fake) in enumerate(zip(d_real, d_fake, strict=True)):
        looks = looks + 1 if real > sure and fake < 1 - sure else 0
        if looks == patience:
            return step
    return None


def check_9_4(fn):
    def mine(real, fake, what, **settings):
        got = fn(list(real), list(fake), **settings)
        want = solution_9_4(real, fake, **settings)
        if got is None and want is not None:
            raise Differs(f"{what}: no warning, and there should be one.")
        if got is not None and want is None:
            raise Differs(f"{what}: a warning, and there should be none (return None).")
        if want is not None:
            if isinstance(got, bool) or not isinstance(got, numbers.Real):
                close(got, want, what)
            if got != want:
                side = "early" if got < want else "late"
                raise Differs(f"{what}: the warning comes too {side}.")

    high, low, half = [0.99] * 6, [0.01] * 6, [0.5] * 6
    mine(half, half, "a discriminator that doubts everything")
    mine(high, half, "one that is sure of real pictures and doubts the generated ones")
    mine(half, low, "one that doubts real pictures and is sure of the generated ones")
    mine(high, high, "one that takes everything for real")
    mine(high, low, "one that is always right")
    mine(high[:2], low[:2], "one that was looked at only twice")
    real, fake = [0.99, 0.99, 0.5, 0.99, 0.99, 0.5], low
    mine(real, fake, "one that doubts after every second look")
    fake = [0.01, 0.01, 0.5, 0.01, 0.01, 0.5]
    mine(high, fake, "one that doubts every third generated picture")
    mine([0.5] * 4 + high, [0.5] * 4 + low, "one that wins from the fifth look on")
    mine(half[:3] + high[:3], half[:3] + low[:3], "one that wins at the last look")
    mine(high[:4] + half, low[:4] + half, "one that wins and doubts again later")
    real, fake = [0.99, 0.99, 0.5, *high], [0.01, 0.01, 0.5, *low]
    mine(real, fake, "one that doubts once, and wins after that")
    real, fake = high[:3] + half[:3], half[:3] + low[:3]
    mine(real, fake, "one that is sure of real ones first, of generated ones later")
    mine(high, low, "one that is always right, with `patience=5`", patience=5)
    mine(high, low, "the same, with `patience=1`", patience=1)
    mine([0.9] * 6, [0.1] * 6, "one that is sure to .9")
    mine([0.9] * 6, [0.1] * 6, "one that is sure to .9, with `sure=0.8`", sure=0.8)
    even = "one that is exactly as sure of {} ones as `sure=0.75`"  # 3/4 is exact
    mine([0.75] * 6, low, even.format("real"), sure=0.75)
    mine(high, [0.25] * 6, even.format("generated"), sure=0.75)
    other = "one that makes up for some doubt of {} ones by the others"
    mine([0.91] * 6, [0.001] * 6, other.format("real"))
    mine([0.999] * 6, [0.09] * 6, other.format("generated"))
    second = "one that is a little less sure of {} ones at every second look"
    mine([0.99, 0.94] * 3, low, second.format("real"))
    mine(high, [0.01, 0.06] * 3, second.format("generated"))
    return "The package's watch looks in the same way, and says what to do."


def _either(d_real, d_fake, sure=0.95, patience=3):
    looks = 0
    for step, (real, fake) in enumerate(zip(d_real, d_fake, strict=True)):
        looks = looks + 1 if real > sure or fake < 1 - sure else 0
        if looks == patience:
            return step
    return None


def _at_least(d_real, d_fake, sure=0.95, patience=3):
    return solution_9_4(d_real, d_fake, sure - 1e-9, patience)


def _on_the_mean(d_real, d_fake, sure=0.95, patience=3):
    for last in range(patience - 1, len(d_real)):
        row = slice(last - patience + 1, last + 1)
        real, fake = np.mean(d_real[row]), np.mean(d_fake[row])
        if real > sure and fake < 1 - sure:
            return last
    return None


def _by_difference(d_real, d_fake, sure=0.95, patience=3):
    apart = [real - fake for real, fake in zip(d_real, d_fake, strict=True)]
    return solution_9_4(apart, [0] * len(apart), 2 * sure - 1, patience)


def _half_is_enough(d_real, d_fake, sure=0.95, patience=3):  # of generated pictures
    fake = [0 if value < 0.5 else 1 for value in d_fake]
    return solution_9_4(d_real, fake, sure, patience)


def _zero_is_none(d_real, d_fake, sure=0.95, patience=3):
    return solution_9_4(d_real, d_fake, sure, patience) or None


def _not_the_last(d_real, d_fake, sure=0.95, patience=3):
    return solution_9_4(d_real[:-1], d_fake[:-1], sure, patience)


def _reset_by_real(d_real, d_fake, sure=0.95, patience=3):
    looks = 0
    for step, (real, fake) in enumerate(zip(d_real, d_fake, strict=True)):
        if real > sure and fake < 1 - sure:
            looks += 1
        elif real <= sure:
            looks = 0
        if looks == patience:
            return step
    return None


def _no_reset(d_real, d_fake, sure=0.95, patience=3):
    looks = 0
    for step, (real, fake) in enumerate(zip(d_real, d_fake, strict=True)):
        looks += real > sure and fake < 1 - sure
        if looks == patience:
            return step
    return None


def _impatient(d_real, d_fake, sure=0.95, patience=3):
    return solution_9_4(d_real, d_fake, sure, 1)


def _at_the_end(d_real, d_fake, sure=0.95, patience=3):
    pairs = list(zip(d_real, d_fake, strict=True))[-patience:]
    sure_of_all = all(r > sure and f < 1 - sure for r, f in pairs)
    return len(d_real) - 1 if sure_of_all and len(pairs) == patience else None


def _only_if_it_lasts(d_real, d_fake, sure=0.95, patience=3):
    looks = 0
    for real, fake in zip(d_real, d_fake, strict=True):
        looks = looks + 1 if real > sure and fake < 1 - sure else 0
    return len(d_real) - looks + patience - 1 if looks >= patience else None


def _gives_up(d_real, d_fake, sure=0.95, patience=3):
    looks = 0
    for step, (real, fake) in enumerate(zip(d_real, d_fake, strict=True)):
        if real > sure and fake < 1 - sure:
            looks += 1
        elif looks:
            return None
        if looks == patience:
            return step
    return None


def _not_together(d_real, d_fake, sure=0.95, patience=3):
    none = [0] * len(d_real)
    one = solution_9_4(d_real, none, sure, patience)
    other = solution_9_4([1] * len(d_real), d_fake, sure, patience)
    return None if None in (one, other) else max(one, other)


def _counts_from_one(d_real, d_fake, sure=0.95, patience=3):
    step = solution_9_4(d_real, d_fake, sure, patience)
    return None if step is None else step + 1


EXERCISES = {
    "9.1": Exercise(
        title="Told apart, or lucky?",
        check=check_9_1,
        hints=(
            "A guesser answers each pair like a coin. How many different lists of "
            "answers are there for that many pairs, all equally likely?",
            "Count the lists with exactly k right answers: `math.comb(pairs, k)`.",
            "Add those counts up for k from `right` to `pairs`, both included, and "
            "divide by the number of all lists.",
        ),
        solution=solution_9_1,
    ),
    "9.2": Exercise(
        title="How long a step is remembered",
        check=check_9_2,
        hints=(
            "Write the average down for the first three steps and multiply it out.",
            "The weights of a step come in with one factor, and each later step "
            "multiplies what is there by another.",
            "The weights from before the first step never came in: they were the "
            "average from the start, and are only multiplied.",
        ),
        solution=solution_9_2,
    ),
    "9.3": Exercise(
        title="The largest gain",
        check=check_9_3,
        hints=(
            "Read the weights as a matrix W with one row for each output: "
            "`conv.weight.flatten(1)`. Start from any vector v.",
            "One round: u = W v, then v = W^T u, each divided by its length. What "
            "points in the direction of the largest gain grows most.",
            "After many rounds (a hundred are quick) the gain is u W v. Use "
            "`torch.no_grad()` and `nn.functional.normalize(x, dim=0)`.",
        ),
        solution=solution_9_3,
    ),
    "9.4": Exercise(
        title="Who has won?",
        check=check_9_4,
        hints=(
            "Go through both lists together, look by look, and keep one number: for "
            "how many looks in a row it has been winning.",
            "It is winning when it is sure of both: real above `sure`, and fake below "
            "`1 - sure`. What happens to the number when it is not?",
            "When the number reaches `patience`, return the place of this look, "
            "counted from 0. If it never does, return None.",
        ),
        solution=solution_9_4,
    ),
}

WRONG = {
    "9.1": [_exactly, _one_way, _more_than, _share, _at_most],
    "9.2": [_no_first, _from_the_front, _swapped, _off_by_one],
    "9.3": [
        _frobenius,
        _largest_entry,
        _by_torch,
        _by_numpy,
        _by_numpys_svd,
        _one_round,
        _ten_rounds,
        _from_one_side,
        _not_flattened,
        _squared,
        _in_place,
    ],
    "9.4": [
        _either,
        _at_least,
        _on_the_mean,
        _by_difference,
        _half_is_enough,
        _zero_is_none,
        _no_reset,
        _not_the_last,
        _reset_by_real,
        _impatient,
        _at_the_end,
        _only_if_it_lasts,
        _gives_up,
        _not_together,
        _counts_from_one,
    ],
}

ASKS = {
    "9.a": Ask(
        "On clean small pictures a network gains more than a decibel over bicubic "
        "interpolation. How much of that is left on a photograph that went through a "
        "lens, a sensor and two JPEGs?",
        "Next to nothing: about a tenth of a decibel by day, and less than nothing at "
        "night. It learned to undo one formula, and that formula was not used.",
    ),
    "9.b": Ask(
        "A referee sees no picture, only its spectrum. Can it tell the network's from "
        "bicubic's? And would that show that the network's is better?",
        "It can: bicubic interpolation is linear and leaves the finest waves empty; a "
        "network puts something there. But something is not the right thing: noise "
        "and the edges of JPEG squares are fine waves, too.",
    ),
    "9.c": Ask(
        "JPEG works in squares of 8 x 8 pixels, counted from the upper left corner. "
        "What would a network learn if each training crop was compressed by itself?",
        "Where the squares begin: always at the corner of what it is given. In use "
        "they begin anywhere, since people crop their pictures.",
    ),
    "9.d": Ask(
        "Two curves over the steps: the weights as they are, and their moving average. "
        "Which one is smoother? And if you had to stop at a step that you cannot "
        "choose, which one would you take?",
        "The average, both times. Each step is pulled by the eight crops it saw and "
        "their damages; in the average these pulls cancel.",
    ),
    "9.e": Ask(
        "The blind network was trained on far more kinds of pictures, nearly clean "
        "ones among them. Why is it worse on clean pictures than a network that knows "
        "nothing else?",
        "Because it cannot be sure that they are clean. It answers to the damage that "
        "is likely: a hair may be noise, a soft edge may have been blurred. What it "
        "then draws would be right for a damaged picture.",
    ),
    "9.f": Ask(
        "A map of the U-Net on a photograph whose middle was restored. Will it be "
        "bright everywhere around the square?",
        "No. Where the photograph itself is smooth, restored and real look the same, "
        "and nobody can tell. It is bright where there is detail that a restorer would "
        "not have drawn.",
    ),
    "9.g": Ask(
        "Letters, a face, fur: which of them can a better network bring back from one "
        "sixteenth of the pixels, and which can none?",
        "What is common can be guessed: eyes have a known shape. Which letter stood "
        "there, whose face it is and where each hair lay is not in the small picture.",
    ),
    "9.h": Ask(
        "Fewer than 1,500 bytes for a picture of 256 x 256 pixels. Whole and pressed "
        "hard, a fourth of its pixels, or a sixteenth and pressed gently?",
        "Not the whole: JPEG spends that much on the mean of each square and on saying "
        "that nothing else follows; below a least size there is no file at all. The "
        "sixteenth below some 900 bytes, above them the fourth.",
    ),
}

QUIZ = [
    Question(
        "A network trained on bicubic pairs meets a photograph from a messenger. What "
        "happens?",
        (
            "it crashes, since the size differs",
            "its gain over bicubic interpolation all but vanishes",
            "it gains more, since there is more to repair",
        ),
        "b",
        "It undoes a formula that was not used, and sharpens noise and squares.",
    ),
    Question(
        "What is new in Real-ESRGAN, compared with ESRGAN?",
        (
            "the training data's degradations, and the discriminator",
            "the generator",
            "the perceptual loss",
        ),
        "a",
        "The generator is ESRGAN's. The pairs come from a second-order pipeline, and "
        "the discriminator is a U-Net with spectral normalisation.",
    ),
    Question(
        "Why a pool of training pairs?",
        (
            "to save the time of degrading",
            "because the pictures of one batch were all resized alike",
            "so that each pair is seen only once",
        ),
        "b",
        "A tensor has one size. The pool mixes pairs of many batches.",
    ),
    Question(
        "Who is shown the photograph that was not sharpened?",
        (
            "the pixel loss",
            "the perceptual loss",
            "the discriminator",
        ),
        "c",
        "Shown sharpened ones as real, it would teach halos.",
    ),
    Question(
        "The health watch says that the discriminator has won. What does that mean?",
        (
            "training is done",
            "it is sure of every picture, and the generator learns little from it",
            "the generator's pictures are as good as real ones",
        ),
        "b",
        "Certainty has no slope. If the generator's pictures were as good as real ones "
        "it would say one half.",
    ),
    Question(
        "On clean pictures Real-ESRNet has a lower PSNR than the network trained on "
        "clean pictures. The main reason is",
        (
            "that it does not know that they are clean",
            "that its network is smaller",
            "that PSNR is computed on luma",
        ),
        "a",
        "EDSR kept its size and lost, too, but not when its pairs were clean.",
    ),
    Question(
        "A number plate becomes readable after Real-ESRGAN. It is",
        (
            "proof, if the letters are sharp",
            "proof, if two different networks agree",
            "a guess, whatever it looks like",
        ),
        "c",
        "Sharpness is what the second stage was paid for. Networks that learned from "
        "the same data make the same guesses.",
    ),
]
