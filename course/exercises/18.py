# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 18, uses of a region of interest.

A check says what differs and on which input, never the answer.
"""

import numpy as np
import torch

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 18.1 this one and not that one -------------------------------------------------


def solution_18_1(wanted, unwanted):
    left = (wanted - unwanted).clamp(min=0)
    highest = left.max()
    return left / highest if highest > 0 else left


def check_18_1(fn):
    def mine(what, wanted, unwanted, hint=""):
        before = wanted.clone(), unwanted.clone()
        got = fn(wanted, unwanted)
        if not (torch.equal(wanted, before[0]) and torch.equal(unwanted, before[1])):
            raise Differs(f"{what}: your function has changed its arguments.")
        if not isinstance(got, torch.Tensor):
            kind = type(got).__name__
            raise Differs(f"{what}: a tensor is wanted; yours is of the type {kind}.")
        if got.shape != wanted.shape:
            shapes = f"{tuple(wanted.shape)} is wanted, not {tuple(got.shape)}"
            raise Differs(f"{what}: the shape {shapes}.")
        if not got.isfinite().all():
            raise Differs(f"{what}: NaN or infinity.{hint}")
        wrong = (got.double() - solution_18_1(wanted, unwanted)).abs() > 1e-4
        if wrong.any():
            places = f"{int(wrong.sum())} of {wrong.numel()} places"
            raise Differs(f"{what}: {places} differ.{hint}")

    draw = torch.Generator().manual_seed(18)
    a, b = torch.rand(2, 1, 1, 5, 6, generator=draw)
    mine("two maps at random", a, b)
    mine("the same two, changed places", b, a)
    mine(
        "a small gain beside a large loss", a / 10, torch.where(a > 0.7, 0 * a, a),
        " Divided by the largest of what is left?",
    )  # fmt: skip
    mine(
        "a wanted map that is higher everywhere", 0.5 + a / 2, b / 4,
        " Its lowest place is above 0, and should stay so.",
    )  # fmt: skip
    mine(
        "a wanted map that is lower everywhere", a / 4, 0.5 + b / 2,
        " Nothing is left of it.",
    )  # fmt: skip
    mine("twice the same map", a, a, " Nothing is left of it.")
    square = a[..., :5]
    mine("twice the same map of 5 x 5", square, square, " Nothing is left of it.")
    faint = a / 2000
    mine("a faint difference", faint, torch.zeros_like(a), " Its highest place is 1.")
    return "What both share is given up, the wanted one's part of it too."


def _absolute(wanted, unwanted):
    left = (wanted - unwanted).abs()
    return left / left.max().clamp(min=1e-9)


def _no_clamp(wanted, unwanted):
    left = wanted - unwanted
    return left / left.max().clamp(min=1e-9)


def _not_stretched(wanted, unwanted):
    return (wanted - unwanted).clamp(min=0)


def _by_the_range(wanted, unwanted):
    left = (wanted - unwanted).clamp(min=0)
    return (left - left.min()) / (left.max() - left.min()).clamp(min=1e-9)


def _swapped_maps(wanted, unwanted):
    return solution_18_1(unwanted, wanted)


def _divides_by_zero(wanted, unwanted):
    left = (wanted - unwanted).clamp(min=0)
    return left / left.max()


def _with_an_epsilon(wanted, unwanted):
    left = (wanted - unwanted).clamp(min=0)
    return left / (left.max() + 1e-2)


def _faint_is_nothing(wanted, unwanted):
    left = (wanted - unwanted).clamp(min=0)
    return left / left.max() if left.max() > 1e-3 else torch.zeros_like(left)


def _zeros_of_one_size(wanted, unwanted):
    left = (wanted - unwanted).clamp(min=0)
    return left / left.max() if left.max() > 0 else torch.zeros(1, 1, 5, 6)


def _by_the_largest_difference(wanted, unwanted):
    left = wanted - unwanted
    return (left / left.abs().max().clamp(min=1e-9)).clamp(min=0)


def _product(wanted, unwanted):
    left = wanted * (1 - unwanted)
    return left / left.max().clamp(min=1e-9)


def _in_place_map(wanted, unwanted):
    wanted -= unwanted
    return solution_18_1(wanted, torch.zeros_like(wanted))


# --- 18.2 what a filter does --------------------------------------------------------


def solution_18_2(real, made, keeps, finds):
    kept_real, kept_made = real * keeps, made * (1 - finds)
    kept = kept_real + kept_made
    return real - kept_real, kept_made / kept if kept else 0.0


def check_18_2(fn):
    def mine(*arguments, hint=""):
        what = f"`filtered({', '.join(map(str, arguments))})`"
        got = fn(*arguments)
        if isinstance(got, (np.ndarray, torch.Tensor)) and got.ndim == 1:
            got = tuple(got)
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Differs(f"{what}: a pair (real faces lost, share made) is wanted.")
        lost, share = solution_18_2(*arguments)
        try:
            close(got[0], float(lost), f"{what}: the number of real faces lost")
            close(got[1], float(share), f"{what}: the share that is made")
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    mine(100, 100, 0.8, 0.7)
    mine(1000, 10, 0.9, 0.6, hint=" Of what is *kept*; is it a share?")
    mine(30, 500, 0.5, 0.9)
    mine(50, 0, 0.4, 0.9)
    mine(80, 40, 1.0, 1.0)
    mine(80, 40, 0.0, 1.0, hint=" Nothing at all is kept here.")
    mine(7, 5, 0.0, 0.6, hint=" No real one is kept, and some made ones are.")
    whole = " Expected numbers need not be whole."
    mine(33, 21, 0.77, 0.3, hint=whole)
    mine(2, 3, 0.1, 0.9, hint=whole)  # less than one face is kept
    mine(0, 40, 0.9, 0.6, hint=" There are no real ones, and some made ones are kept.")
    mine(50, 0, 0.0, 0.9, hint=" Nothing at all is kept here.")
    mine(0, 20, 0.9, 1.0, hint=" Nothing at all is kept here.")
    mine(0, 0, 0.9, 0.6, hint=" Nothing at all is kept here.")
    return "One rate belongs to each kind, and the numbers of each decide the rest."


def _percent(real, made, keeps, finds):
    lost, share = solution_18_2(real, made, keeps, finds)
    return lost, 100 * share


def _kept_instead_of_lost(real, made, keeps, finds):
    return real * keeps, solution_18_2(real, made, keeps, finds)[1]


def _made_of_all_made(real, made, keeps, finds):
    return real * (1 - keeps), 1 - finds


def _made_of_all(real, made, keeps, finds):
    total = real + made
    return real * (1 - keeps), made * (1 - finds) / total if total else 0.0


def _made_over_real(real, made, keeps, finds):
    kept = real * keeps
    return real * (1 - keeps), made * (1 - finds) / kept if kept else 0.0


def _finds_as_kept(real, made, keeps, finds):
    kept = real * keeps + made * finds
    return real * (1 - keeps), made * finds / kept if kept else 0.0


def _no_zero(real, made, keeps, finds):
    kept = real * keeps + made * (1 - finds)
    return real * (1 - keeps), made * (1 - finds) / kept


def _zero_without_real(real, made, keeps, finds):
    lost, share = solution_18_2(real, made, keeps, finds)
    return lost, share if keeps > 0 else 0.0


def _only_if_all_go(real, made, keeps, finds):
    if keeps == 0 and finds == 1:
        return real, 0.0
    kept = real * keeps + made * (1 - finds)
    return real * (1 - keeps), made * (1 - finds) / kept


def _none_without_real(real, made, keeps, finds):
    return solution_18_2(real, made, keeps, finds) if real else (0, 0.0)


def _whole_faces(real, made, keeps, finds):
    kept_real, kept_made = real * keeps, round(made * (1 - finds))
    kept = kept_real + kept_made
    return real - kept_real, kept_made / kept if kept else 0.0


def _at_least_one(real, made, keeps, finds):
    kept_made = made * (1 - finds)
    return real * (1 - keeps), kept_made / max(1, real * keeps + kept_made)


def _rounded(real, made, keeps, finds):
    lost, share = solution_18_2(real, made, keeps, finds)
    return round(lost), share


def _whole(real, made, keeps, finds):
    lost, share = solution_18_2(real, made, keeps, finds)
    return int(lost), share


def _real_share(real, made, keeps, finds):
    lost, share = solution_18_2(real, made, keeps, finds)
    return lost, 1 - share


# --- 18.3 where will it be? ---------------------------------------------------------


def solution_18_3(path):
    last = np.asarray(path, dtype=float)[-4:]
    steps = np.arange(4)
    return np.array([np.polyval(np.polyfit(steps, v, 1), 4) for v in last.T])


def check_18_3(fn):
    def mine(what, path, hint=""):
        before = path.copy()
        got = fn(path)
        if not np.array_equal(path, before):
            raise Differs(f"{what}: your function has changed its argument.")
        try:
            values = np.asarray(
                got.detach() if isinstance(got, torch.Tensor) else got, dtype=float
            )
        except (TypeError, ValueError, RuntimeError):
            raise Differs(f"{what}: two numbers are wanted.") from None
        if values.shape != (2,):
            raise Differs(
                f"{what}: two numbers are wanted; yours have the shape {values.shape}."
            )
        if not np.isfinite(values).all():
            raise Differs(f"{what}: NaN or infinity.")
        wrong = np.abs(values - solution_18_3(path)) > 1e-3
        if wrong.any():
            names = [n for n, w in zip("xy", wrong, strict=True) if w]
            names = "x and y are" if len(names) == 2 else f"{names[0]} is"
            raise Differs(f"{what}: {names} not right.{hint}")

    t = np.arange(6.0)
    mine("a straight path", np.stack([3 * t + 1, 20 - 2 * t], 1), " One step *later*.")
    mine(
        "a path that turned before the last four",
        np.array([[0, 0], [9, 9], [9, 0], [10, 0], [11, 0], [12, 0.0]]),
        " How many places count?",
    )
    draw = np.random.default_rng(18)
    mine("four places at random", draw.uniform(0, 50, (4, 2)), " All four count.")
    leaves = np.array([[90, 5], [94, 4], [98, 2], [102, 1.0]])
    mine("a path towards the upper border", leaves, " It may leave the picture.")
    wide = np.array([[700, 500], [704, 505], [709, 509], [713, 514.0]])
    mine("a path towards the lower right", wide, " It may leave the picture.")
    mine("nine places at random", draw.uniform(0, 50, (9, 2)))
    return "A line through four is calmer than the last step, and slower in a curve."


def _last_step(path):
    return 2 * path[-1] - path[-2]


def _mean_step(path):
    last = path[-4:]
    return last[-1] + (last[-1] - last[0]) / 3


def _all_places(path):
    t = np.arange(len(path))
    return np.array([np.polyval(np.polyfit(t, v, 1), len(path)) for v in path.T])


def _last_three(path):
    t = np.arange(3)
    return np.array([np.polyval(np.polyfit(t, v, 1), 3) for v in path[-3:].T])


def _last_place_of_the_line(path):
    t = np.arange(4)
    return np.array([np.polyval(np.polyfit(t, v, 1), 3) for v in path[-4:].T])


def _first_four(path):
    t = np.arange(4)
    return np.array([np.polyval(np.polyfit(t, v, 1), 4) for v in path[:4].T])


def _parabola(path):
    t = np.arange(4)
    return np.array([np.polyval(np.polyfit(t, v, 2), 4) for v in path[-4:].T])


def _x_and_y_swapped(path):
    return solution_18_3(path)[::-1]


def _as_a_row(path):
    return solution_18_3(path)[None]


def _within_the_picture(path):
    return solution_18_3(path).clip(0)


def _within_this_film(path):
    return np.minimum(solution_18_3(path), [256, 192])


def _middle_and_mean_step(path):
    last = path[-4:]
    return last.mean(axis=0) + 2.5 * (last[-1] - last[0]) / 3


def _stays(path):
    return path[-1]


EXERCISES = {
    "18.1": Exercise(
        title="This one and not that one",
        check=check_18_1,
        hints=(
            "Three steps: the difference, what is negative, the largest value.",
            "After the difference use `clamp(min=0)`. Then divide by `max()` of what "
            "is left, not by the range.",
            "Before you divide, ask whether the largest value is above 0; if not, give "
            "back what is left as it is.",
        ),
        solution=solution_18_1,
    ),
    "18.2": Exercise(
        title="What a filter does",
        check=check_18_2,
        hints=(
            "Four groups: real and kept, real and lost, made and kept, made and found.",
            "Each group is a number of faces times a rate, or times 1 less that rate.",
            "The share is the made and kept, over all that are kept, real and made. "
            "If that sum is 0, give 0.",
        ),
        solution=solution_18_2,
    ),
    "18.3": Exercise(
        title="Where will it be?",
        check=check_18_3,
        hints=(
            "Take the last four rows. Their times may be called 0, 1, 2, 3.",
            "`np.polyfit(times, values, 1)` fits a line to x; then the same for y.",
            "The line is wanted one step after the last of the four times: "
            "`np.polyval` gives its value there.",
        ),
        solution=solution_18_3,
    ),
}

WRONG = {
    "18.1": [
        _absolute,
        _no_clamp,
        _not_stretched,
        _by_the_range,
        _swapped_maps,
        _divides_by_zero,
        _with_an_epsilon,
        _faint_is_nothing,
        _zeros_of_one_size,
        _by_the_largest_difference,
        _product,
        _in_place_map,
    ],
    "18.2": [
        _percent,
        _kept_instead_of_lost,
        _made_of_all_made,
        _made_of_all,
        _made_over_real,
        _finds_as_kept,
        _no_zero,
        _zero_without_real,
        _only_if_all_go,
        _none_without_real,
        _whole_faces,
        _at_least_one,
        _rounded,
        _whole,
        _real_share,
    ],
    "18.3": [
        _last_step,
        _mean_step,
        _all_places,
        _last_three,
        _last_place_of_the_line,
        _first_four,
        _parabola,
        _x_and_y_swapped,
        _as_a_row,
        _within_the_picture,
        _within_this_film,
        _middle_and_mean_step,
        _stays,
    ],
}

ASKS = {
    "18.a": Ask(
        "Cat, cup and motorcycle on a wall. A map is fused from the network's most "
        "probable classes, each by its probability. On what will it lie?",
        "On the wall, mostly: none of the three is among its most probable classes. It "
        "meets no more of the objects than a map of noise would.",
    ),
    "18.b": Ask(
        "A photograph of gravel, asked for whatever the network says first. Where will "
        "the map be high, and would a map of noise save fewer bytes?",
        "In places that are no different from the others, and elsewhere if the camera "
        "moves. Noise saves as much: what saves is that three quarters are coarse.",
    ),
    "18.c": Ask(
        "We ask for the cat, at quality 90, and leave the motorcycle at 30. At equal "
        "bytes, by how much will the motorcycle be worse than in a plain file?",
        "By more than three decibels, twice of what the cat gains. A region costs the "
        "others more than it gives to one.",
    ),
    "18.d": Ask(
        "A classifier that has seen 200 real and 200 generated faces: what share of "
        "others does it call rightly? What would you ask of it before it may destroy?",
        "About two thirds. Before it may destroy it would have to be right on nearly "
        "all real faces, from sources that it has not seen. Better: do not destroy.",
    ),
    "18.e": Ask(
        "What must stand in a square of 48 pixels, so that the map is higher there "
        "than on the cat? Must a person see a cat in it?",
        "What the network's last features take for more cat than a cat, and a person "
        "sees noise in it.",
    ),
    "18.f": Ask(
        "The film of positions is 15 times smaller than the film with a region. What "
        "else could one compare it with, if positions are all one wants?",
        "A plain film as coarse, a colour film with as few pixels, and a table of "
        "numbers; and of each the video without its wrapping.",
    ),
}

QUIZ = [
    Question(
        "Three quarters of a picture get quality 30 instead of 75. The map that chose "
        "them is noise. How many bytes are saved, against a good map?",
        ("none", "about as many", "half as many"),
        "b",
        "The coarse blocks save, whoever chose them. The map decides what is harmed.",
    ),
    Question(
        "The map of *dog* in the collage of cat and motorcycle",
        (
            "is 0 everywhere",
            "is noise that saves nothing",
            "is stretched to its full range like any other, and spends bits somewhere",
        ),
        "c",
        "Stretching forgets how low the map was. Nothing in the file says so. (For a "
        "few labels nothing is left above 0: an empty map. Do not count on it.)",
    ),
    Question(
        "A test of a map that needs no outlines:",
        (
            "move the camera, and see whether the map moves with the things",
            "look whether it is smooth",
            "count the bytes that it saves",
        ),
        "a",
        "It is necessary, not sufficient. Noise is smooth as well, and saves as much.",
    ),
    Question(
        "A detector is right on 99 of 100, real or made. Of 10,000 photographs 100 are "
        "made. Among those that it removes",
        (
            "99 of 100 are made",
            "about half are made",
            "one of 100 is made",
        ),
        "b",
        "It removes 99 made ones, and 99 of the 9,900 real ones.",
    ),
    Question(
        "Why does a cap on the map help against a sticker?",
        (
            "it removes the sticker from the picture",
            "the map is no longer stretched to the sticker's height, so the object "
            "stays above the threshold",
            "the network no longer sees the sticker",
        ),
        "b",
        "The sticker still gets its bits. It no longer takes those of the object.",
    ),
    Question(
        "A film of white objects on black keeps",
        (
            "where something is, and roughly how large",
            "which object is which, always",
            "all that is needed to recognise the objects",
        ),
        "a",
        "Colour, identity and everything else are gone. After two have touched, so is "
        "which is which.",
    ),
]
