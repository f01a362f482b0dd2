# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 15, class activation maps.

A check says what differs and on which input, never the answer.
"""

import itertools

import numpy as np
import torch

from srlab.classroom import Ask, Differs, Exercise, Question, close


def _drawn(seed, *shape):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator)


def _as_map(got):
    """A numpy array or nested lists of numbers do as well as a tensor."""
    if isinstance(got, (np.ndarray, list)):
        try:
            return torch.as_tensor(np.asarray(got, dtype=np.float64))
        except (TypeError, ValueError):
            return got  # no numbers: `close` says what it is instead
    return got


# --- 15.1 a map by hand ---------------------------------------------------------------


def solution_15_1(features, weights, c):
    return (weights[c][:, None, None] * features).sum(0)


def check_15_1(fn):
    small = torch.tensor([[[1.0, 2.0, 0.0]], [[0.0, 1.0, 3.0]]])  # (2, 1, 3)
    rows = torch.tensor([[1.0, 0.0], [2.0, -1.0]])
    cases = (
        (small, rows, 0, "of two channels and the class that looks at one,"),
        (small, rows, 1, "of two channels and a class with a negative weight,"),
        (_drawn(0, 7, 5, 4).relu(), _drawn(1, 3, 7), 2, "of 7 channels of 5 x 4,"),
        (_drawn(2, 4, 4, 4).relu(), _drawn(3, 4, 4), 1, "of 4 channels of 4 x 4,"),
        (_drawn(6, 3, 2, 3), _drawn(7, 2, 3), 1, "of features below 0, too,"),
    )
    for features, weights, c, said in cases:
        want = solution_15_1(features, weights, c)
        got = _as_map(fn(features.clone(), weights.clone(), c))
        shape = tuple(getattr(got, "shape", ()))
        if shape and shape != want.shape:
            wanted = f"expected {tuple(want.shape)}"
            raise Differs(f"the map {said} has the shape {shape}, {wanted}.")
        close(got, want, f"the map {said}")
    return "A weighted sum of channels, at each place."


def _score(features, weights, c):  # what the thesis prints
    return weights[c] @ features.mean(dim=(1, 2))


def _with_relu(features, weights, c):
    return solution_15_1(features, weights, c).clamp(min=0)


def _features_clamped(features, weights, c):
    return solution_15_1(features.clamp(min=0), weights, c)


def _over_places(features, weights, c):  # Grad-CAM's scale
    return solution_15_1(features, weights, c) / features[0].numel()


def _wrong_row(features, weights, c):
    return solution_15_1(features, weights, 0)


def _column(features, weights, c):
    if weights.shape[0] != features.shape[0]:
        return solution_15_1(features, weights, c)
    return (weights[:, c][:, None, None] * features).sum(0)


def _mean_of_channels(features, weights, c):
    return (weights[c][:, None, None] * features).mean(0)


def _stretched(features, weights, c):
    m = solution_15_1(features, weights, c)
    return (m - m.min()) / (m.max() - m.min())


def _turned(features, weights, c):
    return solution_15_1(features, weights, c).T


# --- 15.2 intersection over union -----------------------------------------------------


def solution_15_2(m, mask, threshold):
    found, thing = m >= threshold, mask > 0.5
    return ((found & thing).sum() / (found | thing).sum()).item()


def check_15_2(fn):
    m = torch.tensor([[0.1, 0.5, 0.9], [0.0, 0.5, 0.2]])
    mask = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    cases = (
        (m, mask, 0.4, "at a threshold between the values"),
        (m, mask, 0.5, "at a threshold that two places have exactly"),
        (m, mask, 0.95, "where no place is found"),
        (m, mask, 0.0, "where every place is found"),
        (m, torch.ones(2, 3), 0.15, "of an object that fills the picture"),
        (_drawn(4, 9, 7).sigmoid(), (_drawn(5, 9, 7) > 0).float(), 0.6, "of 9 x 7"),
    )
    for one, thing, threshold, said in cases:
        got = fn(one.clone(), thing.clone(), threshold)
        close(got, solution_15_2(one, thing, threshold), f"the IoU {said}")
    return "1 only if both areas are the same."


def _above(m, mask, threshold):  # > for >=
    found, thing = m > threshold, mask > 0.5
    return ((found & thing).sum() / (found | thing).sum()).item()


def _precision(m, mask, threshold):
    found = m >= threshold
    return ((found & (mask > 0)).sum() / found.sum().clamp(min=1)).item()


def _recall(m, mask, threshold):
    return (((m >= threshold) & (mask > 0)).sum() / mask.sum()).item()


def _sum_below(m, mask, threshold):  # the common part counted twice
    found, thing = m >= threshold, mask > 0
    return ((found & thing).sum() / (found.sum() + thing.sum())).item()


def _dice(m, mask, threshold):
    return 2 * _sum_below(m, mask, threshold)


def _accuracy(m, mask, threshold):
    return ((m >= threshold) == (mask > 0)).float().mean().item()


def _weighted(m, mask, threshold):  # the map's values instead of places
    kept = m * (m >= threshold)
    return (torch.minimum(kept, mask).sum() / torch.maximum(kept, mask).sum()).item()


def _per_cent(m, mask, threshold):
    return 100 * solution_15_2(m, mask, threshold)


# --- 15.3 does the class matter? ------------------------------------------------------


def solution_15_3(method, image, labels):
    maps = torch.cat([method(image, label) for label in labels])
    return (maps.amax(0) - maps.amin(0)).max().item()


def _method(table):
    """A method whose maps are known: label -> values of a map of rows of two."""

    def method(image, label):
        return torch.tensor(table[label]).reshape(1, 1, -1, 2)

    return method


def check_15_3(fn):
    image = torch.zeros(1, 3, 4, 4)
    cases = (
        ({"a": [0.2, 0.6], "b": [0.2, 0.6]}, "whose two maps are equal"),
        ({"a": [0.9, 0.1], "b": [0.1, 0.1]}, "whose second map is lower"),
        ({"a": [0.1, 0.5], "b": [0.4, 0.5]}, "whose second map is higher"),
        ({"a": [0.5, 0.2], "b": [0.1, 0.2], "c": [0.9, 0.3]}, "with three labels"),
        ({"a": [0.1, 0.0], "b": [0.5, 0.0], "c": [0.8, 0.0]}, "that rises in steps"),
        ({"a": [0.0, 0.0], "b": [0.7, 0.0], "c": [0.0, 0.0]}, "with one odd label"),
        ({"a": [1.0, 0.0], "b": [0.0, 1.0]}, "whose maps have one mean"),
        # the largest gap is at the last place and of no neighbours, not even of the
        # last label and the first; at the first place the values vary most
        (
            {
                "a": [0.0, 0.3, 0.3, 0.1],
                "b": [0.6, 0.3, 0.3, 0.5],
                "c": [0.0, 0.3, 0.3, 0.9],
                "d": [0.6, 0.3, 0.3, 0.4],
            },
            "with four labels and maps of 2 x 2",
        ),
    )
    for table, said in cases:
        want = solution_15_3(_method(table), image, list(table))
        got = fn(_method(table), image, list(table))
        close(got, want, f"the largest difference of a method {said}")
    return "Zero for a method that has never heard of classes."


def _first_two(method, image, labels):
    return (method(image, labels[0]) - method(image, labels[1])).abs().max().item()


def _neighbours(method, image, labels):
    maps = [method(image, label) for label in labels]
    pairs = itertools.pairwise(maps)
    return max((a - b).abs().max().item() for a, b in pairs)


def _to_the_first(method, image, labels):
    maps = [method(image, label) for label in labels]
    return max((m - maps[0]).abs().max().item() for m in maps)


def _signed(method, image, labels):
    maps = [method(image, label) for label in labels]
    return max((m - maps[0]).max().item() for m in maps)


def _of_means(method, image, labels):
    means = [method(image, label).mean().item() for label in labels]
    return max(means) - min(means)


def _of_ranges(method, image, labels):  # over all places and labels together
    maps = torch.cat([method(image, label) for label in labels])
    return (maps.max() - maps.min()).item()


def _mean_gap(method, image, labels):
    maps = torch.cat([method(image, label) for label in labels])
    return (maps.amax(0) - maps.amin(0)).mean().item()


def _first_place(method, image, labels):
    values = [method(image, label)[0, 0, 0, 0].item() for label in labels]
    return max(values) - min(values)


def _first_row(method, image, labels):
    maps = torch.cat([method(image, label) for label in labels])[:, :, :1]
    return (maps.amax(0) - maps.amin(0)).max().item()


def _first_column(method, image, labels):
    maps = torch.cat([method(image, label) for label in labels])[..., :1]
    return (maps.amax(0) - maps.amin(0)).max().item()


def _cyclic(method, image, labels):  # neighbours, and the last one with the first
    maps = torch.cat([method(image, label) for label in labels])
    return (maps - maps.roll(1, 0)).abs().max().item()


def _where_it_varies(method, image, labels):  # the place of the largest variance
    maps = torch.cat([method(image, label) for label in labels]).flatten(1)
    at = maps[:, maps.var(dim=0, unbiased=False).argmax()]
    return (at.max() - at.min()).item()


# --- 15.4 fuse ------------------------------------------------------------------------


def solution_15_4(maps, p, threshold):
    loud = [c for c in range(len(p)) if p[c] >= threshold] or [int(p.argmax())]
    total = torch.zeros_like(maps[0])
    for c in loud:
        positive = maps[c].clamp(min=0)
        if positive.max() > 0:
            total = total + positive / positive.max()
    return total / total.max() if total.max() > 0 else total


def check_15_4(fn):
    rows = ([8.0, 2.0, -4.0], [-1.0, 0.5, 1.0], [-3.0, -1.0, -2.0], [0.0, 9.0, 3.0])
    maps = torch.tensor(rows)[:, None]  # (4, 1, 3)
    p = torch.tensor([0.6, 0.25, 0.1, 0.05])
    low = torch.tensor([0.2, 0.5, 0.1, 0.2])
    lost = torch.tensor([0.1, 0.1, 0.7, 0.1])
    faint = torch.tensor([[[-8.0, 2.0], [1.0, -0.5]], [[-0.1, 0.05], [0.1, 0.2]]])
    cases = (
        (maps, p, 0.5, "with one class above the threshold"),
        (maps, p, 0.2, "with two classes, one large, one small"),
        (maps, p, 0.25, "with a class that has the threshold exactly"),
        (maps, p, 0.1, "with a class that has no positive place"),
        (maps, p, 0.0, "with all classes"),
        (maps, p, 0.9, "with no class above the threshold"),
        (maps, low, 0.9, "with none above it, and another most probable class,"),
        (maps, lost, 0.5, "without any positive place"),
        (
            faint,
            p[[0, 1]],
            0.2,
            "of 2 x 2 places, with a deep valley and faint values,",
        ),
    )
    for raw, shares, threshold, said in cases:
        want = solution_15_4(raw, shares, threshold)
        got = _as_map(fn(raw.clone(), shares.clone(), threshold))
        close(got, want, f"the map {said}")
    return "Stretched first, no class is drowned; a threshold still decides who speaks."


def _loudest(p, threshold):
    return [c for c in range(len(p)) if p[c] >= threshold] or [int(p.argmax())]


def _top(total):
    return total / total.max() if total.max() > 0 else total


def _not_stretched(maps, p, threshold):
    return _top(sum(maps[c].clamp(min=0) for c in _loudest(p, threshold)))


def _times_p(maps, p, threshold):
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        positive = maps[c].clamp(min=0)
        total = total + p[c] * positive / positive.max().clamp(min=1e-9)
    return _top(total)


def _none_left(maps, p, threshold):  # an empty map where no class is loud enough
    loud = [c for c in range(len(p)) if p[c] >= threshold]
    total = torch.zeros_like(maps[0])
    for c in loud:
        positive = maps[c].clamp(min=0)
        total = total + positive / positive.max().clamp(min=1e-9)
    return _top(total)


def _strictly(maps, p, threshold):  # > for >=
    return solution_15_4(maps, p, threshold + 1e-6)


def _min_max(maps, p, threshold):  # stretched from the lowest value, not from 0
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        span = maps[c].max() - maps[c].min()
        total = total + (maps[c] - maps[c].min()) / span
    return _top(total)


def _no_guard(maps, p, threshold):  # 0 / 0
    positive = maps.clamp(min=0)
    total = sum(positive[c] / positive[c].max() for c in _loudest(p, threshold))
    return total / total.max()


def _not_at_the_end(maps, p, threshold):
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        positive = maps[c].clamp(min=0)
        total = total + positive / positive.max().clamp(min=1e-9)
    return total


def _highest(maps, p, threshold):  # the maximum instead of the sum
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        positive = maps[c].clamp(min=0)
        total = torch.maximum(total, positive / positive.max().clamp(min=1e-9))
    return total


def _over_largest_size(maps, p, threshold):  # stretched by the deepest valley, too
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        total = total + maps[c].clamp(min=0) / maps[c].abs().max()
    return _top(total)


def _guard_of_one(maps, p, threshold):  # a guard that faint maps run into
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        positive = maps[c].clamp(min=0)
        total = total + positive / positive.max().clamp(min=1)
    return _top(total)


def _row_by_row(maps, p, threshold):  # the highest of each row instead of the map
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        positive = maps[c].clamp(min=0)
        total = total + positive / positive.amax(-1, keepdim=True).clamp(min=1e-9)
    return _top(total)


def _row_by_row_at_the_end(maps, p, threshold):
    total = torch.zeros_like(maps[0])
    for c in _loudest(p, threshold):
        positive = maps[c].clamp(min=0)
        total = total + positive / positive.max().clamp(min=1e-9)
    return total / total.amax(-1, keepdim=True).clamp(min=1e-9)


def _first_if_none(maps, p, threshold):
    loud = [c for c in range(len(p)) if p[c] >= threshold] or [0]
    p = torch.zeros_like(p)
    p[loud] = 1
    return solution_15_4(maps, p, 0.5)


EXERCISES = {
    "15.1": Exercise(
        title="A map by hand",
        check=check_15_1,
        hints=(
            "One row of the weights belongs to the class: a number for each channel.",
            "Multiply each channel, a small picture, by its number, and add the "
            "pictures up. Nothing is averaged.",
            "Give the row two more axes of length 1 (`[:, None, None]`), multiply, and "
            "sum over axis 0; or use `torch.einsum`.",
        ),
        solution=solution_15_1,
    ),
    "15.2": Exercise(
        title="Intersection over union",
        check=check_15_2,
        hints=(
            "Make two tensors of True and False: the places that are found, and the "
            "places of the object.",
            "`&` of the two is the intersection, `|` the union. Summing a tensor of "
            "truths counts them.",
            "A place that has the threshold exactly is found. The object has at least "
            "one place, so the union is never empty.",
        ),
        solution=solution_15_2,
    ),
    "15.3": Exercise(
        title="Does the class matter?",
        check=check_15_3,
        hints=(
            "Ask for the map of each label first, and keep them all.",
            "At one place, the largest difference of any two maps is that of the "
            "highest and the lowest.",
            "Stack the maps with `torch.cat`; take the largest and the smallest over "
            "the labels (axis 0), subtract, and only then look for the largest place.",
        ),
        solution=solution_15_3,
    ),
    "15.4": Exercise(
        title="Fuse",
        check=check_15_4,
        hints=(
            "First decide who speaks: a list of class numbers. If it is empty, it "
            "becomes the number of the most probable class.",
            "For each of them drop the negative values with `clamp`, and divide by the "
            "highest place, but only if that is above zero.",
            "Add them to a map of zeros. At the end divide by the sum's highest place, "
            "again only if it is above zero.",
        ),
        solution=solution_15_4,
    ),
}

WRONG = {
    "15.1": [
        _score,
        _with_relu,
        _features_clamped,
        _over_places,
        _wrong_row,
        _column,
        _mean_of_channels,
        _stretched,
        _turned,
    ],
    "15.2": [
        _above,
        _precision,
        _recall,
        _sum_below,
        _dice,
        _accuracy,
        _weighted,
        _per_cent,
    ],
    "15.3": [
        _first_two,
        _neighbours,
        _to_the_first,
        _signed,
        _of_means,
        _of_ranges,
        _mean_gap,
        _first_place,
        _first_row,
        _first_column,
        _cyclic,
        _where_it_varies,
    ],
    "15.4": [
        _not_stretched,
        _times_p,
        _none_left,
        _strictly,
        _min_max,
        _no_guard,
        _not_at_the_end,
        _highest,
        _over_largest_size,
        _guard_of_one,
        _row_by_row,
        _row_by_row_at_the_end,
        _first_if_none,
    ],
}

ASKS = {
    "15.a": Ask(
        "The logit of cat is 10.4, that of big cat 8.7. How many times as probable is "
        "the cat: 1.2, 1.7 or more than 5 times?",
        "More than 5 times: e to the 1.7. The softmax knows differences only, and "
        "makes factors of them.",
    ),
    "15.b": Ask(
        "Which shape has the value of this formula? And what is it, then?",
        "It is a single number, since i, j and k are summed over: the class's score, "
        "without its bias. A map keeps i and j: leave out the two inner sums and 1/Z.",
    ),
    "15.c": Ask(
        "CAM, Grad-CAM++, Eigen-CAM: which maps will change if only the head's weights "
        "become random?",
        "CAM, entirely. Grad-CAM++ hardly, and Eigen-CAM not at all: it never looks at "
        "the head.",
    ),
    "15.d": Ask(
        "A cat fills a fifth of a picture of a pagoda, and the softmax ranks 'cat' "
        "50th of 68. On the cat's own square, how many classes have a higher place "
        "than 'cat' has: none, about ten, or all of the 49 that are ahead?",
        "None. A logit is the mean over all places, and the rest of the picture speaks "
        "against a cat: the softmax gives it less than a ten-thousandth. Where the cat "
        "is, its map is the highest.",
    ),
}

QUIZ = [
    Question(
        "All logits of a picture rise by 3. What do the probabilities do?",
        ("they rise, too", "they stay", "the largest one rises, the others fall"),
        "b",
        "The factor e to the 3 stands in each of them and in their sum. All of them "
        "cannot rise, since they sum to one.",
    ),
    Question(
        "Behind a global average and one linear layer, the mean of a class's map is",
        ("its probability", "its logit, but for the bias", "always zero"),
        "b",
        "Averaging and weighing may change places, since both are linear. A "
        "probability takes all classes; the softmax comes after.",
    ),
    Question(
        "What does a depthwise 3x3 convolution of 8 channels do?",
        (
            "each output sees one channel",
            "each output sees all 8 channels",
            "it averages the channels",
        ),
        "a",
        "A 1x1 convolution is needed to mix them: all 8 channels are what a usual "
        "one sees.",
    ),
    Question(
        "Where does Grad-CAM equal CAM, up to a factor?",
        (
            "always",
            "nowhere",
            "behind a global average and one linear layer",
        ),
        "c",
        "There the gradient is the weight over the number of places. On an earlier "
        "layer there is no CAM to compare it with.",
    ),
    Question(
        "An Eigen-CAM map marks the background. What is the likeliest reason?",
        (
            "the network is wrong",
            "the sign of a principal component is arbitrary",
            "the wrong class was asked for",
        ),
        "b",
        "The class cannot be the reason: Eigen-CAM does not know it. Nor need the "
        "network be wrong: its answer does not enter the map.",
    ),
    Question(
        "How many passes does exact Score-CAM take on a layer of 512 channels?",
        ("one", "two", "about 512"),
        "c",
        "One for each channel that is not constant. Asking the most energetic ones "
        "alone is an approximation. One pass is enough for CAM, one and a way back "
        "for Grad-CAM.",
    ),
    Question(
        "A map stays as it is when the head becomes random. What follows?",
        (
            "it says nothing about the class",
            "the network is robust",
            "the map is exact",
        ),
        "a",
        "It may still show where something is. But why the network said cat, it does "
        "not tell. The network may well have changed its answer: robust is only the "
        "map.",
    ),
    Question(
        "Each class's map is multiplied by its softmax before they are added. A class "
        "with small logits is then",
        ("raised", "as before", "drowned even more"),
        "c",
        "The softmax is exponential in the logits that were too unequal already. "
        "What raises a weak class is to stretch its map first.",
    ),
    Question(
        "Why does a blob in the middle belong in the table?",
        (
            "it is the best method",
            "it shows what can be had without looking at the picture",
            "the papers ask for it",
        ),
        "b",
        "Photographers put things into the middle; whoever does not beat the blob in a "
        "measure has shown nothing by that measure. Nor is it best: in energy CAM "
        "beats it.",
    ),
]
