# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 16, better maps.

A check says what differs and on which input, never the answer.
"""

import torch

from srlab.classroom import Ask, Differs, Exercise, Question, close


def _tensor_like(got, like, what):
    if not isinstance(got, torch.Tensor):
        kind = type(got).__name__
        raise Differs(f"{what}: a tensor is wanted; yours is of the type {kind}.")
    if got.shape != like.shape:
        shapes = f"{tuple(like.shape)} is wanted, not {tuple(got.shape)}"
        raise Differs(f"{what}: the shape {shapes}.")


# --- 16.1 what B sees ---------------------------------------------------------------


def solution_16_1(features, maps, threshold):
    low = maps.amin(dim=(2, 3), keepdim=True)
    high = maps.amax(dim=(2, 3), keepdim=True)
    stretched = (maps - low) / (high - low)
    return features * (stretched < threshold)


def check_16_1(fn):
    def mine(what, features, maps, threshold, hint=""):
        before = features.clone(), maps.clone()
        got = fn(features, maps, threshold)
        if not (torch.equal(features, before[0]) and torch.equal(maps, before[1])):
            raise Differs(f"{what}: your function has changed its arguments.")
        _tensor_like(got, features, what)
        wanted = solution_16_1(features, maps, threshold)
        wrong = ((got.double() - wanted).abs() > 1e-4).any(dim=1)
        if wrong.any() or not got.isfinite().all():
            places = f"{int(wrong.sum())} of {wrong.numel()} places"
            raise Differs(f"{what}: {places} differ.{hint}")

    draw = torch.Generator().manual_seed(16)
    features = torch.rand(2, 3, 4, 5, generator=draw) + 0.5
    steps = torch.linspace(0, 1, 21)[:20].reshape(1, 1, 4, 5)
    one = torch.cat([steps, 1 - steps])
    one = (one - 0.0) / one.amax((2, 3), keepdim=True)
    low = one.amin((2, 3), keepdim=True)
    one = (one - low) / (1 - low)
    mine("maps from 0 to 1", features, one, 0.63)
    mine(
        "maps from -3 to 5", features, 8 * one - 3, 0.37,
        " A map may be negative: where does its smallest value go?",
    )  # fmt: skip
    scale = torch.tensor([1.0, 100.0]).reshape(2, 1, 1, 1)
    mine(
        "two maps, one of them a hundred times larger", features, scale * one, 0.63,
        " Each map by itself.",
    )  # fmt: skip
    mine(
        "maps with few large values", features, one**3, 0.37,
        " The threshold is a value of the stretched map, not a share of its places.",
    )  # fmt: skip
    exact = torch.tensor([[[[0.0, 0.25, 0.5, 0.75, 1.0]]]])
    mine(
        "a map of 0, 1/4, 1/2, 3/4, 1", torch.ones(1, 2, 1, 5), exact, 0.5,
        " What is exactly at the threshold? (A number added to the range, against a "
        "division by 0, moves it.)",
    )  # fmt: skip
    return "B has to name the label from what A did not need."


def _keeps_the_found(features, maps, threshold):
    return features - solution_16_1(features, maps, threshold)


def _no_stretch(features, maps, threshold):
    return features * (maps < threshold)


def _by_the_maximum(features, maps, threshold):
    return features * (maps / maps.amax(dim=(2, 3), keepdim=True) < threshold)


def _stretched_together(features, maps, threshold):
    stretched = (maps - maps.min()) / (maps.max() - maps.min())
    return features * (stretched < threshold)


def _strictly_above(features, maps, threshold):
    low = maps.amin(dim=(2, 3), keepdim=True)
    high = maps.amax(dim=(2, 3), keepdim=True)
    return features * ((maps - low) / (high - low) <= threshold)


def _only_the_mask(features, maps, threshold):
    ones = torch.ones_like(features)
    return solution_16_1(ones, maps, threshold)


def _in_place(features, maps, threshold):
    features *= solution_16_1(torch.ones_like(features), maps, threshold)
    return features


def _weighted(features, maps, threshold):
    low = maps.amin(dim=(2, 3), keepdim=True)
    high = maps.amax(dim=(2, 3), keepdim=True)
    return features * (1 - (maps - low) / (high - low))


def _share_of_places(features, maps, threshold):
    bar = torch.quantile(maps.flatten(1), threshold, dim=1)
    return features * (maps < bar.reshape(-1, 1, 1, 1))


def _twice_the_mean(features, maps, threshold):  # the range of a ramp
    above = maps - maps.amin(dim=(2, 3), keepdim=True)
    return features * (above / (2 * above.mean((2, 3), keepdim=True)) < threshold)


# --- 16.2 a teacher that may be silent ----------------------------------------------


def solution_16_2(attention, low, high):
    mask = torch.full_like(attention, 255)
    mask[attention < low] = 0
    mask[attention > high] = 1
    return mask


def check_16_2(fn):
    def mine(attention, low, high):
        values = attention.double().round(decimals=4).tolist()
        what = f"`three_values({values}, {low}, {high})`"
        before = attention.clone()
        got = fn(attention, low, high)
        if not torch.equal(attention, before):
            raise Differs("your function has changed its argument.")
        _tensor_like(got, attention, what)
        wanted = solution_16_2(attention, low, high)
        strange = set(got.flatten().tolist()) - {0.0, 1.0, 255.0}
        if strange:
            raise Differs(f"{what} holds a value that is none of the three.")
        wrong = int((got.float() != wanted).sum())
        if wrong:
            hint = ""
            if low in attention or high in attention:
                hint = " Look at what is exactly at an end."
            other = torch.where(
                wanted == 0, 255.0, torch.where(wanted == 255, 0.0, 1.0)
            )
            if torch.equal(got.float(), other):
                hint = " Which value stands for what is not sure?"
            raise Differs(
                f"{what}: {wrong} of {attention.numel()} places differ.{hint}"
            )

    mine(torch.tensor([0.9, 0.3, 0.01]), 0.05, 0.7)
    mine(torch.tensor([[0.0, 0.2], [0.6, 1.0]]), 0.1, 0.5)
    mine(torch.tensor([0.25, 0.5, 0.75, 0.2, 0.8]), 0.25, 0.75)
    mine(torch.tensor([[[[0.4, 0.6, 0.5]]]]), 0.5, 0.5)
    mine(torch.tensor([0.96, 0.97]), 0.1, 0.95)
    mine(torch.tensor([0.704, 0.4, 0.096]), 0.1, 0.7)  # beyond an end, by little
    mine(torch.tensor([0.0, 0.5, 1.0]), 0.0, 0.5)  # 0 and 1 may lie between, too
    mine(torch.tensor([0.0, 0.5, 1.0]), 0.5, 1.0)
    return "What is not sure teaches nothing, and that is better than teaching wrong."


def _high_included(attention, low, high):
    return torch.where(attention < low, 0.0, torch.where(attention >= high, 1.0, 255.0))


def _low_included(attention, low, high):
    return torch.where(attention <= low, 0.0, torch.where(attention > high, 1.0, 255.0))


def _two_values(attention, low, high):
    return (attention > high).float()


def _swapped(attention, low, high):
    return torch.where(attention < low, 1.0, torch.where(attention > high, 0.0, 255.0))


def _half_between(attention, low, high):
    return torch.where(attention < low, 0.0, torch.where(attention > high, 1.0, 0.5))


def _between_is_background(attention, low, high):
    return torch.where(attention > high, 1.0, torch.where(attention > low, 0.0, 255.0))


def _in_place_two(attention, low, high):  # what has become 1 is above everything
    attention[attention > high] = 1
    attention[attention < low] = 0
    attention[(attention > 0) & (attention < 1)] = 255
    return attention


def _in_place_of_a_copy(attention, low, high):
    mask = attention.clone()
    mask[attention > high] = 1
    mask[attention < low] = 0
    mask[(mask > 0) & (mask < 1)] = 255
    return mask


def _compares_what_it_has_written(attention, low, high):
    mask = attention.clone()
    mask[mask > high] = 1
    mask[mask < low] = 0
    mask[(mask != 0) & (mask != 1)] = 255
    return mask


def _rounded(attention, low, high):
    return solution_16_2((attention * 100).round() / 100, low, high)


# --- 16.3 an honest threshold -------------------------------------------------------


def solution_16_3(curves):
    column = curves[::2].mean(dim=0).argmax().item()
    return column, curves[1::2, column].mean().item()


def _is(value, number):
    try:
        return float(value) == number
    except (TypeError, ValueError, RuntimeError):
        return False


def check_16_3(fn):
    def mine(what, curves, hint=""):
        got = fn(curves.clone())
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Differs(f"{what}: a pair (column, mean IoU) is wanted.")
        column, mean = solution_16_3(curves)
        try:
            same = int(got[0]) == column and float(got[0]) == column
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise Differs(f"{what}: the column is one whole number.") from None
        if not same:
            if not float(got[0]).is_integer():
                last = " The column comes first." if _is(got[1], column) else ""
                raise Differs(f"{what}: the column is one whole number.{last}")
            raise Differs(f"{what}: another column is wanted than {got[0]}.{hint}")
        try:
            close(got[1], mean, f"{what}: the mean IoU", rtol=1e-4)
        except Differs as error:
            raise Differs(f"{error}{hint}") from None

    draw = torch.Generator().manual_seed(163)
    whose, plain = " Whose mean is it?", " It is the plain mean that counts."
    peak = torch.tensor([0.2, 0.5, 0.3, 0.1])
    mine(
        "six photographs that agree",
        peak.repeat(6, 1) + 0.01 * torch.arange(6)[:, None],
        whose,
    )
    differ = torch.stack([peak, peak.flip(0)] * 3) + 0.05
    mine("every second photograph is another kind", differ, whose)
    rest = torch.tensor([[0.3, 0.4, 0.1], [0.0, 0.5, 0.2]])
    high = torch.cat([torch.tensor([[0.9, 0.5, 0.2]]), rest])
    mine("one photograph has a high peak", high, plain)
    low = torch.tensor([[0.9, 0.4, 0.2], [0.3, 0.4, 0.1], [0.1, 0.4, 0.2]])
    mine("one photograph has a low value", low, plain)
    for _ in range(3):
        mine(
            "seven photographs, at random", torch.rand(7, 9, generator=draw),
            whose,
        )  # fmt: skip
    return (
        "On average it is lower than the other way: nothing was chosen on the "
        "photographs that report it."
    )


def _same_photographs(curves):
    mean = curves[::2].mean(dim=0)
    return mean.argmax().item(), mean.max().item()


def _all_photographs(curves):
    mean = curves.mean(dim=0)
    return mean.argmax().item(), mean.max().item()


def _chosen_on_the_rest(curves):
    mean = curves[1::2].mean(dim=0)
    return mean.argmax().item(), mean.max().item()


def _swapped_halves(curves):
    column = curves[1::2].mean(dim=0).argmax().item()
    return column, curves[::2, column].mean().item()


def _reported_on_all(curves):
    column = curves[::2].mean(dim=0).argmax().item()
    return column, curves[:, column].mean().item()


def _each_its_own(curves):
    return curves[::2].mean(dim=0).argmax().item(), curves[1::2].amax(1).mean().item()


def _root_mean_square(curves):
    column = curves[::2].square().mean(dim=0).argmax().item()
    return column, curves[1::2, column].mean().item()


def _geometric_mean(curves):
    column = curves[::2].log().mean(dim=0).argmax().item()
    return column, curves[1::2, column].mean().item()


def _pair_swapped(curves):
    return solution_16_3(curves)[::-1]


def _first_half(curves):
    n = len(curves) // 2
    column = curves[:n].mean(dim=0).argmax().item()
    return column, curves[n:, column].mean().item()


EXERCISES = {
    "16.1": Exercise(
        title="What B sees",
        check=check_16_1,
        hints=(
            "First the map from 0 to 1, then the comparison, then the features.",
            "Subtract each map's own smallest value and divide by its range: reduce "
            "over the last two axes, and keep them, so that the shapes fit.",
            "The comparison gives a mask (B, 1, h, w) of what stays; it broadcasts "
            "over the channels when multiplied. At the threshold itself: erased.",
        ),
        solution=solution_16_1,
    ),
    "16.2": Exercise(
        title="A teacher that may be silent",
        check=check_16_2,
        hints=(
            "Three cases, and two of them are strict. Which one is the rest?",
            "Begin with a tensor full of the value of the rest, then set the places of "
            "the two sure cases.",
            "Compare with the original values each time, not with what you have "
            "written already, and leave the argument as it was.",
        ),
        solution=solution_16_2,
    ),
    "16.3": Exercise(
        title="An honest threshold",
        check=check_16_3,
        hints=(
            "Two halves: one chooses, the other one reports. They share no photograph.",
            "Every second row begins at 0. The mean over rows gives a number for each "
            "column; where is it largest?",
            "Slices with a step of 2, from 0 and from 1. The argmax of the mean of the "
            "first is the column; then the mean of that column over the second.",
        ),
        solution=solution_16_3,
    ),
}

WRONG = {
    "16.1": [
        _keeps_the_found,
        _no_stretch,
        _by_the_maximum,
        _stretched_together,
        _strictly_above,
        _only_the_mask,
        _in_place,
        _weighted,
        _share_of_places,
        _twice_the_mean,
    ],
    "16.2": [
        _high_included,
        _low_included,
        _two_values,
        _swapped,
        _half_between,
        _between_is_background,
        _in_place_two,
        _in_place_of_a_copy,
        _compares_what_it_has_written,
        _rounded,
    ],
    "16.3": [
        _same_photographs,
        _all_photographs,
        _chosen_on_the_rest,
        _swapped_halves,
        _reported_on_all,
        _each_its_own,
        _first_half,
        _root_mean_square,
        _geometric_mean,
        _pair_swapped,
    ],
}

ASKS = {
    "16.a": Ask(
        "The classifier is sure that this is a cat. Which share of the cat will its "
        "map show above half of its maximum: nearly all, a half, a third?",
        "A third. The rest speaks less for the label, or not at all.",
    ),
    "16.b": Ask(
        "We paint over what the map shows above half. What will the network say now: "
        "something else, or the same with less certainty?",
        "The same with less certainty for two of five. For the others the label falls, "
        "but not far: to rank 2, 2 and 5 of 68.",
    ),
    "16.c": Ask(
        "Hide-and-Seek hides cells of a grid, Random Erasing a rectangle, Cutout a "
        "square, GridMask the squares of a lattice. With nearly their papers' "
        "settings: which one takes most from a picture?",
        "Hide-and-Seek by far: half of it on average. The others take about a tenth, a "
        "third at most, and two of them leave some pictures whole.",
    ),
    "16.d": Ask(
        "Why does ACoL erase features, and not the picture as AE-PSL does?",
        "Erased pictures have to pass through the whole network again. Features are "
        "there already, so both branches learn in one pass, at the same time.",
    ),
    "16.e": Ask(
        "A fifth of a feature map or a little less is dropped, once as single values, "
        "once in squares of 7. Which ones can be guessed from what is left?",
        "The single ones, by more than half of their variance: their neighbours are "
        "there. Of squares little, the less the larger they are, and of 7 nothing.",
    ),
    "16.f": Ask(
        "B never sees where A's map is bright. Where will B's map be bright: on the "
        "rest of the object, or somewhere else?",
        "Wherever something tells the label. That may be the rest of the object, or "
        "the background, if that tells it as well.",
    ),
    "16.g": Ask(
        "CAM, Grad-CAM++, Eigen-CAM and MSROI, and one threshold of one half for all: "
        "whose IoU will be lowest, and is its map the worst then?",
        "Eigen-CAM's: its values are small nearly everywhere, so one half marks the "
        "peak alone. At a low threshold it comes near the others, not up to them.",
    ),
    "16.h": Ask(
        "Ten methods of ten papers, with one trunk, one budget and a threshold for "
        "each: how many will have an IoU that is clearly above CAM's?",
        "By the test below one of ten, by 0.006. And one at least would come by chance "
        "in 40 % of such tables.",
    ),
    "16.i": Ask(
        "Four maps of one trunk are averaged. When would the mean be better than each "
        "of them?",
        "When they are about equally good and their errors independent. Maps of the "
        "same features share most of their errors, and what all share stays.",
    ),
}

QUIZ = [
    Question(
        "A class activation map shows a part of a large object only, because",
        (
            "its cells are too large",
            "nothing in the training asks for the rest of the object",
            "the network was trained for too short a time",
        ),
        "b",
        "The training asks for the label, and what speaks most for it may be a part. "
        "The thin rocket was seen by cells as large, and all of it was marked, with "
        "much around it.",
    ),
    Question(
        "Hiding the marked part again and again",
        (
            "ends when the object is complete",
            "makes the IoU rise in every round",
            "marks more, at times of the object, in the end of the background",
        ),
        "c",
        "The label may be told by the background, and nothing says stop.",
    ),
    Question(
        "Which of these asks the network what to erase?",
        ("ACoL", "GridMask", "DropBlock"),
        "a",
        "ACoL erases where its branch A looks. The other two draw by lot.",
    ),
    Question(
        "Why does DropBlock drop squares?",
        (
            "squares are faster than single values",
            "neighbours of a single dropped value tell what it was",
            "objects are square",
        ),
        "b",
        "Features vary slowly from place to place, so a single hole hides little.",
    ),
    Question(
        "The value 255 in SPG's mask means",
        ("an object for sure", "a bright place", "that no loss is taken there"),
        "c",
        "Between the two thresholds the teacher is silent.",
    ),
    Question(
        "Method X has an IoU of 0.40 and CAM one of 0.30, both at a threshold of 0.5. "
        "Then",
        (
            "nothing is known yet: at its own threshold CAM may reach as much",
            "X finds more of the object",
            "X is better if three seeds agree",
        ),
        "a",
        "Seeds do not help here: they share the threshold.",
    ),
]
