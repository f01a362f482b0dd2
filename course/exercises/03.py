# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 03, SRCNN.

A check says what differs and on which input, never the answer.
"""

from copy import deepcopy

import torch
from torch import nn

from srlab.classroom import Ask, Differs, Exercise, Question, close

F = nn.functional


class Net(nn.Module):
    """The notebook's ThreeLayers: what exercises 3.3 and 3.4 are given."""

    def __init__(self, f1, f2, f3, n1, n2):
        super().__init__()
        self.extract = nn.Conv2d(1, n1, f1, padding=f1 // 2)
        self.map = nn.Conv2d(n1, n2, f2, padding=f2 // 2)
        self.reconstruct = nn.Conv2d(n2, 1, f3, padding=f3 // 2)

    def forward(self, y):
        features = torch.relu(self.extract(y))
        features = torch.relu(self.map(features))
        return self.reconstruct(features)


def _fresh(*sizes, seed=3):
    """A Net whose weights are the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Net(*sizes)


def _picture(height=33, width=40, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 1, height, width, generator=generator)


def _run(fn, net, *more):
    """Let the student set the weights: the plain net with them, x and its result."""
    plain = deepcopy(net)  # only weights count: they go into a net as it was
    given = fn(net, *more)
    if given is None:
        raise Differs("you return None: does your function end with `return net`?")
    if not isinstance(given, nn.Module):
        kind = type(given).__name__
        raise Differs(f"your function returned a {kind}; it should return the net.")
    try:
        plain.load_state_dict(given.state_dict())
    except RuntimeError:
        raise Differs("the net's layers have other shapes: set weights only.") from None
    x = _picture()
    with torch.no_grad():
        result = plain(x)
    if result.shape != x.shape or not result.isfinite().all():
        raise Differs("the net gives no picture of the size of its input any more.")
    return plain, x, result


def _only_biases_differ(net, x, want, large=1):
    """Would the net be right if it added nothing anywhere?"""
    silent = deepcopy(net)
    with torch.no_grad():
        for layer in (silent.extract, silent.map, silent.reconstruct):
            layer.bias.zero_()
        return torch.allclose(silent(x) / large, want, atol=1e-3)


def _refuse_left_biases(net, x, want, name, large=1):
    if _only_biases_differ(net, x, want, large):
        raise Differs(
            f"in the {name} net something is added to every pixel: which numbers "
            "besides its weights has a layer?"
        )


def _inside(image, border=8):
    return image[..., border:-border, border:-border]


# --- 3.1 count ----------------------------------------------------------------------


def solution_3_1(f1, f2, f3, n1, n2):
    weights = n1 * f1**2 + n2 * n1 * f2**2 + n2 * f3**2
    biases = n1 + n2 + 1
    side = 1 + (f1 - 1) + (f2 - 1) + (f3 - 1)  # each layer adds its size less one
    return weights + biases, side


def check_3_1(fn):
    for sizes in ((9, 1, 5, 64, 32), (9, 5, 5, 64, 32), (7, 3, 5, 20, 10)):
        what = f"of `count{sizes}`"
        got, (count, side) = fn(*sizes), solution_3_1(*sizes)
        if not isinstance(got, (list, tuple)) or len(got) != 2:
            close(got, (count, side), f"the result {what}")
        f1, f2, f3, n1, n2 = sizes
        if got[0] == count - n1 - n2 - 1:
            raise Differs(f"the first number {what} has no biases in it.")
        if got[0] == n1 * f1**2 + n2 * f2**2 + f3**2 + n1 + n2 + 1:
            raise Differs(
                f"the first number {what} is too small: a filter of the second layer "
                "has a table of weights for each of the maps that it reads."
            )
        close(got[0], count, f"the number of weights {what}", rtol=0)
        if got[1] == f1 + f2 + f3:
            raise Differs(
                f"the side {what} is too large. What does a layer of 1 x 1 add?"
            )
        if got[1] == side**2:
            raise Differs(
                f"the second number {what} is too large: return the side, not the "
                "number of pixels."
            )
        close(got[1], side, f"the side of the receptive field {what}", rtol=0)
    return "Each weight is used once a pixel: the first number is also the cost."


def _no_biases(f1, f2, f3, n1, n2):
    return n1 * f1**2 + n2 * n1 * f2**2 + n2 * f3**2, f1 + f2 + f3 - 2


def _single_maps(f1, f2, f3, n1, n2):
    return n1 * f1**2 + n2 * f2**2 + f3**2 + n1 + n2 + 1, f1 + f2 + f3 - 2


def _summed_sides(f1, f2, f3, n1, n2):
    return solution_3_1(f1, f2, f3, n1, n2)[0], f1 + f2 + f3


def _largest_side(f1, f2, f3, n1, n2):
    return solution_3_1(f1, f2, f3, n1, n2)[0], max(f1, f2, f3)


def _area(f1, f2, f3, n1, n2):
    return solution_3_1(f1, f2, f3, n1, n2)[0], (f1 + f2 + f3 - 2) ** 2


# --- 3.2 a gradient by hand ---------------------------------------------------------


def solution_3_2(x, y, w):
    error = F.conv2d(x, w) - y
    # Each weight met the picture, shifted: sum error times that shifted picture.
    sums = F.conv2d(x.transpose(0, 1), error.transpose(0, 1))
    return 2 * sums / error.numel()


def _gradient(x, y, w):
    w = w.clone().requires_grad_()
    with torch.enable_grad():
        F.mse_loss(F.conv2d(x, w), y).backward()
    return w.grad


def _without_autograd(fn, x, y, w):
    """What fn returns where torch records nothing, as an ordinary tensor."""
    try:
        with torch.inference_mode():
            got = fn(x.clone(), y.clone(), w.clone())
    except RuntimeError as error:
        if "grad" not in str(error):
            raise
        raise Differs("torch's own gradients are switched off here.") from None
    return got.clone() if isinstance(got, torch.Tensor) else got


def check_3_2(fn):
    generator = torch.Generator().manual_seed(32)
    for batch, size, k in ((1, 12, 3), (4, 15, 5)):
        x = torch.rand(batch, 1, size, size + 2, generator=generator).double()
        w = torch.randn(1, 1, k, k, generator=generator).double()
        y = torch.rand(batch, 1, size - k + 1, size + 3 - k, generator=generator)
        y = y.double()
        what = f"the gradient for {batch} picture(s) and a {k} x {k} filter"
        got, want = _without_autograd(fn, x, y, w), _gradient(x, y, w)
        if isinstance(got, torch.Tensor) and got.shape == want.shape:
            _common_slips(got.detach().double(), want, y.numel(), batch, what)
        close(got, want, what)
    return "This sum is what `backward` computes for every filter of every layer."


def _common_slips(got, want, pixels, batch, what):
    def is_near(other):
        return torch.allclose(got, other, rtol=1e-3, atol=1e-8)

    if is_near(-want):
        raise Differs(f"{what} has the wrong sign: it points downhill.")
    if is_near(want / 2):
        raise Differs(f"{what} is half as large as it should be: derive the square.")
    if is_near(want * pixels) or is_near(want * pixels / 2):
        raise Differs(f"{what} is a sum over the pixels; the loss is a mean.")
    if is_near(want.flip(-1, -2)):
        raise Differs(f"{what} is turned around: weights and shifts do not match.")
    if batch > 1 and is_near(want * batch):
        raise Differs(f"{what} is not divided by the number of pictures.")


def _half(x, y, w):
    return solution_3_2(x, y, w) / 2


def _summed(x, y, w):
    return solution_3_2(x, y, w) * y.numel()


def _uphill(x, y, w):
    return -solution_3_2(x, y, w)


def _turned(x, y, w):
    return solution_3_2(x, y, w).flip(-1, -2)


def _by_backward(x, y, w):
    return _gradient(x, y, w)


def _first_only(x, y, w):
    return solution_3_2(x[:1], y[:1], w)


# --- 3.3 the identity ---------------------------------------------------------------


def solution_3_3(net):
    with torch.no_grad():
        for layer in (net.extract, net.map, net.reconstruct):
            layer.weight.zero_()
            layer.bias.zero_()
            middle = layer.kernel_size[0] // 2
            layer.weight[0, 0, middle, middle] = 1  # filter 0 passes map 0 on
    return net


def check_3_3(fn):
    for sizes in ((9, 1, 5, 64, 32), (9, 5, 5, 12, 6), (5, 3, 3, 4, 2)):
        name = "{}-{}-{}".format(*sizes[:3])
        net, x, got = _run(fn, _fresh(*sizes))
        off = (got - x).abs()
        if off.max() < 1e-4:
            continue
        _refuse_left_biases(net, x, x, name)
        if _inside(off).max() < 1e-4:
            raise Differs(
                f"the {name} net gives the picture back, but not at its border: some "
                "weight reads the zeros beyond it."
            )
        _shifted(x, got, name)
        flat = got.flatten().std() < 1e-3
        if flat:
            raise Differs(
                f"the {name} net gives a flat picture: somewhere between the layers "
                "the chain of ones is broken."
            )
        close(got, x, f"the picture that the {name} net gives back")
    return "A net that begins like this begins at bicubic, not in the dark."


def _shifted(x, got, name):
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            moved = torch.roll(x, (dy, dx), (-2, -1))
            if _inside(got - moved).abs().max() < 1e-4:
                raise Differs(
                    f"the {name} net gives the picture back, moved by some pixels: "
                    "where is the middle of a kernel?"
                )


def _all_ones(net):
    with torch.no_grad():
        for layer in (net.extract, net.map, net.reconstruct):
            layer.weight.fill_(1)
            layer.bias.zero_()
    return net


def _corner(net):
    with torch.no_grad():
        for layer in (net.extract, net.map, net.reconstruct):
            layer.weight.zero_()
            layer.bias.zero_()
            layer.weight[0, 0, 0, 0] = 1
    return net


def _biases_left(net):
    with torch.no_grad():
        for layer in (net.extract, net.map, net.reconstruct):
            layer.weight.zero_()
            middle = layer.kernel_size[0] // 2
            layer.weight[0, 0, middle, middle] = 1
    return net


def _every_filter(net):
    with torch.no_grad():
        for layer in (net.extract, net.map, net.reconstruct):
            layer.weight.zero_()
            layer.bias.zero_()
            middle = layer.kernel_size[0] // 2
            layer.weight[:, :, middle, middle] = 1
    return net


def _other_forward(net):
    net.forward = lambda y: y
    return net


def _returns_nothing(net):
    solution_3_3(net)


def _broken_chain(net):
    solution_3_3(net)
    with torch.no_grad():
        net.map.weight.zero_()
        net.map.weight[1, 1, net.map.kernel_size[0] // 2, 0] = 1
    return net


# --- 3.4 a linear filter inside -----------------------------------------------------


def solution_3_4(net, w):
    with torch.no_grad():
        for layer in (net.extract, net.map, net.reconstruct):
            layer.weight.zero_()
            layer.bias.zero_()
        m, r = net.map.kernel_size[0] // 2, net.reconstruct.kernel_size[0] // 2
        for k, sign in ((0, 1), (1, -1)):  # map 0: what is positive, map 1: the rest
            net.extract.weight[k, 0] = sign * w
            net.map.weight[k, k, m, m] = 1
            net.reconstruct.weight[0, k, r, r] = sign
    return net


def check_3_4(fn):
    generator = torch.Generator().manual_seed(34)
    for sizes, large in (
        ((9, 1, 5, 64, 32), 1),
        ((5, 3, 3, 6, 4), 1),
        ((5, 3, 3, 6, 4), 10_000),
    ):
        f1 = sizes[0]
        name = "{}-{}-{}".format(*sizes[:3])
        w = torch.randn(f1, f1, generator=generator)
        net, x, got = _run(fn, _fresh(*sizes), large * w)
        got = got / large
        want = F.conv2d(x, w[None, None], padding=f1 // 2)
        if torch.allclose(got, want, atol=1e-3):
            continue
        _refuse_left_biases(net, x, want, name, large)
        if large > 1:
            raise Differs(
                f"the {name} net applies a filter of small weights, but not one of "
                "large weights: some number in it is only large enough for the first."
            )
        if torch.allclose(got, want.relu(), atol=1e-3):
            raise Differs(
                f"the {name} net applies the filter, but wherever its answer is "
                "negative the net gives 0: the ReLU took it away."
            )
        turned = F.conv2d(x, w.flip(-1, -2)[None, None], padding=f1 // 2)
        if torch.allclose(got, turned, atol=1e-3):
            raise Differs(f"the {name} net applies the filter turned around.")
        if torch.allclose(_inside(got), _inside(want), atol=1e-3):
            raise Differs(
                f"the {name} net applies the filter inside, but not at the border: a "
                "constant that is added and taken away again meets zeros there."
            )
        close(got, want, f"the {name} net's answer", rtol=1e-2, atol=1e-3)
    return (
        "Two maps, one for each sign, are one way to carry any linear filter through "
        "a ReLU; a large enough bias is another."
    )


def _loses_negatives(net, w):
    solution_3_3(net)
    with torch.no_grad():
        net.extract.weight[0, 0] = w
    return net


def _large_bias(net, w):
    solution_3_3(net)
    with torch.no_grad():
        net.extract.weight[0, 0] = w
        net.extract.bias[0] = 1000
        net.reconstruct.bias[0] = -1000
    return net


def _adds_signs(net, w):
    solution_3_4(net, w)
    with torch.no_grad():
        net.reconstruct.weight.abs_()
    return net


def _filter_and_nothing(net, w):
    solution_3_4(net, w)


def _filter_and_biases(net, w):
    before = deepcopy(net)
    solution_3_4(net, w)
    with torch.no_grad():
        for name in ("extract", "map", "reconstruct"):
            getattr(net, name).bias.copy_(getattr(before, name).bias)
    return net


def _turned_filter(net, w):
    return solution_3_4(net, w.flip(-1, -2))


def _same_map(net, w):  # both signs meet in one map before the second ReLU
    solution_3_4(net, w)
    with torch.no_grad():
        m = net.map.kernel_size[0] // 2
        net.map.weight[0, 1, m, m] = -1
        net.reconstruct.weight[0, 1] = 0
    return net


EXERCISES = {
    "3.1": Exercise(
        title="Count",
        check=check_3_1,
        hints=(
            "A filter has one table of weights for each map that it reads, and one "
            "bias. How many maps does each of the three layers read?",
            "The layers read 1, n1 and n2 maps and make n1, n2 and 1. For the second "
            "number: one layer of size f sees f pixels; by how many does the next one "
            "widen that?",
            "Second layer: n2 filters, each of n1 tables of f2 x f2 weights, and a "
            "bias. A layer of size f widens the view by f - 1 pixels.",
        ),
        solution=solution_3_1,
    ),
    "3.2": Exercise(
        title="A gradient by hand",
        check=check_3_2,
        hints=(
            "Write the loss as a mean of squares and derive it by one weight w[i, j]. "
            "What is each error multiplied by?",
            "By 2, and by the pixel that this weight met: x, shifted by (i, j). So a "
            "slope is 2 times the mean of error times shifted picture.",
            "Two loops over i and j do it: `(error * x[..., i : i + H, j : j + W])"
            ".mean()`, with H and W the size of the error.",
        ),
        solution=solution_3_2,
    ),
    "3.3": Exercise(
        title="The identity",
        check=check_3_3,
        hints=(
            "Use one filter of each layer only, and let all the others be silent. The "
            "ReLU does nothing to a picture, which is never negative.",
            "A filter that gives its input back has a single 1, in the middle of its "
            "table for one map. All other weights and all biases are 0.",
            "Inside `torch.no_grad()`, for each of the three layers: `zero_()` weight "
            "and bias, then set `weight[0, 0, c, c]` with c half the kernel's size.",
        ),
        solution=solution_3_3,
    ),
    "3.4": Exercise(
        title="A linear filter inside",
        check=check_3_4,
        hints=(
            "With the filter in place of the first 1 of exercise 3.3 it nearly works. "
            "What does the ReLU do to a negative answer?",
            "A number is its positive part minus the positive part of its negative. "
            "Two maps can carry these two parts.",
            "Filter 0 of the first layer is w, filter 1 is -w; the second layer passes "
            "each map on by itself; the last takes map 0 minus map 1.",
        ),
        solution=solution_3_4,
    ),
}

WRONG = {
    "3.1": [_no_biases, _single_maps, _summed_sides, _largest_side, _area],
    "3.2": [_half, _summed, _uphill, _turned, _first_only, _by_backward],
    "3.3": [
        _all_ones,
        _corner,
        _biases_left,
        _every_filter,
        _other_forward,
        _broken_chain,
        _returns_nothing,
    ],
    "3.4": [
        _loses_negatives,
        _large_bias,
        _adds_signs,
        _turned_filter,
        _same_map,
        _filter_and_nothing,
        _filter_and_biases,
    ],
}

ASKS = {
    "3.a": Ask(
        "There were nearly a million equations for 49 unknowns a phase. Could the "
        "filter be fitted too closely to the twelve photographs?",
        "No: nearly a million equations leave 49 weights no room to follow what is "
        "special to twelve photographs. Fitting too closely is a problem when there "
        "are many weights for few equations.",
    ),
    "3.b": Ask(
        "Would a larger filter, of 11 x 11 small pixels in place of 7 x 7, mend the "
        "edges?",
        "Hardly: it brings a few hundredths of a decibel, as the next cell shows. The "
        "filter does not see too little, it has to do the same thing everywhere.",
    ),
    "3.c": Ask(
        "SRCNN's second layer reads these 64 maps and makes 32, with filters of 1 x 1. "
        "How many numbers has it to learn?",
        "64 x 32 weights and 32 biases: 2,080. At every pixel it is a matrix of 32 "
        "rows and 64 columns.",
    ),
    "3.d": Ask(
        "SRCNN has 8,129 weights. How many losses must be computed for its gradient by "
        "finite differences, and what does `backward` cost?",
        "16,258 losses, two for each weight. `backward` costs about twice one forward "
        "pass, whatever the number of weights. Without it there would be no networks.",
    ),
    "3.e": Ask(
        "Each pixel of 9-5-5 sees 17 x 17 pixels. How many pixels of the small picture "
        "are these, at x2 and at x4?",
        "About 8 x 8 at x2, and only 4 x 4 at x4 (bicubic itself adds two or three on "
        "each side). The larger the scale, the less it sees: a reason for deeper nets.",
    ),
    "3.f": Ask(
        "The last layer begins with weights of about 0.001. What does the fresh "
        "network show, and what is its PSNR?",
        "Almost black, about 6 dB. The first thing it learns is brightness, then to "
        "pass the picture on, and only then to do better than bicubic.",
    ),
    "3.g": Ask(
        "The network works, and its filters look like noise. How can that be?",
        "Training moved the filters, but most still look like the random weights that "
        "they began with. The noise that is left does no harm: the layers behind have "
        "learned to live with it. What counts is the difference.",
    ),
    "3.h": Ask(
        "The features that the last layer reads are behind a ReLU: none is negative. "
        "What does that mean for the steps of its weights?",
        "If the picture is too dark, all 800 weights of the layer are told to rise, "
        "and together they overshoot. In this direction the loss is steep, and a "
        "common rate must be small enough for it.",
    ),
    "3.i": Ask(
        "A network learned to undo the blur of bicubic shrinking. It gets a picture "
        "that was blurred more, and one that was blurred less. What will it do?",
        "The same to both. The first stays soft: it takes away only the blur it knows. "
        "The second comes out too sharp, with bright and dark lines along edges.",
    ),
    "3.j": Ask(
        "IFC and NQM are highest for A+, PSNR is highest for SRCNN. Which method is "
        "better?",
        "The table cannot say. PSNR is what SRCNN was trained for, and it wins it at "
        "every scale. IFC was found to agree best with people's votes on such "
        "pictures (Yang and others, 2014), and there A+ wins. A claim of being the "
        "best needs the name of the measure.",
    ),
}

QUIZ = [
    Question(
        "The best linear filter, fitted to T91, has on Set5 x2",
        (
            "a few hundredths of SRCNN's gain over bicubic",
            "about half of SRCNN's gain over bicubic, and a little more",
            "more than SRCNN",
        ),
        "b",
        "35.2 dB, between bicubic's 33.7 and SRCNN's 36.7. Bicubic was never fitted to "
        "anything.",
    ),
    Question(
        "Three convolutions without anything between them are",
        (
            "one convolution with a larger kernel",
            "three times as accurate as one",
            "a network with three layers that only lacks a bias",
        ),
        "a",
        "9 x 9, 1 x 1 and 5 x 5 merge into one 13 x 13 filter. The ReLU makes the "
        "difference.",
    ),
    Question(
        "A layer reads 32 maps and makes 1, with a 5 x 5 kernel. Its weights and bias "
        "are",
        ("26 numbers", "801 numbers", "832 numbers"),
        "b",
        "One filter with 32 tables of 25 weights, and one bias.",
    ),
    Question(
        "Gradient descent with too large a rate on a quadratic loss",
        (
            "finds the minimum more coarsely",
            "stands still",
            "explodes: each step makes the error larger",
        ),
        "c",
        "Beyond 2 divided by the largest curvature each step jumps over the valley and "
        "lands higher on the other side.",
    ),
    Question(
        "An SRCNN that begins as the identity learns faster because",
        (
            "it begins at the PSNR of bicubic, and has only the difference to learn",
            "it has fewer weights",
            "its loss is another one",
        ),
        "a",
        "Begun at random it must first learn to pass the picture on. VDSR builds the "
        "identity in.",
    ),
    Question(
        "In the published table on Set5, of 18 rows",
        (
            "SRCNN wins 18",
            "SRCNN wins 11 and A+ wins 7",
            "A+ wins 11 and SRCNN wins 7",
        ),
        "c",
        "SRCNN wins PSNR at all scales; A+ wins IFC and NQM at all scales.",
    ),
    Question(
        "A network trained on bicubic LR is fed with LR that was blurred more. It",
        (
            "takes away only the blur it knows, and the result stays soft",
            "finds out the blur from the picture",
            "fails with an error",
        ),
        "a",
        "It has learned one way of shrinking. Notebooks 08 and 09 teach networks many.",
    ),
]
