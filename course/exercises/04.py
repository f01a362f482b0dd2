# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 04, VDSR and ESPCN.

A check says what differs and on which input, never the answer.
"""

import torch

from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 4.1 undo the shuffle -----------------------------------------------------------


def solution_4_1(x, r):
    b, c, height, width = x.shape
    h, w = height // r, width // r
    x = x.reshape(b, c, h, r, w, r)  # a row is h groups of r, a column w groups of r
    x = x.permute(0, 1, 3, 5, 2, 4)  # (B, C, r, r, h, w)
    return x.reshape(b, c * r * r, h, w)


def _numbered(b, c, height, width):
    """An image in which no two values are equal; float32, as torch.zeros gives."""
    count = b * c * height * width
    return (torch.arange(count) / 256.0).view(b, c, height, width)


def check_4_1(fn):
    for shape, r in (((1, 1, 4, 6), 2), ((1, 1, 6, 9), 3), ((2, 3, 8, 4), 2)):
        name = f"the result for a tensor of shape {shape} and r = {r}"
        x = _numbered(*shape)
        want = torch.nn.functional.pixel_unshuffle(x, r)
        got = fn(x.clone(), r)
        if not isinstance(got, torch.Tensor) or got.shape != want.shape:
            close(got, want, name)
        got = got.to(x.dtype)
        if not torch.equal(got.flatten().sort().values, x.flatten()):
            raise Differs(f"{name} does not hold each value of the input once.")
        if torch.equal(got, want):
            continue
        if torch.equal(got.flatten(), x.flatten()):
            raise Differs(
                f"{name} has the right shape, but the numbers still follow one another "
                "in the order of the input: the axes were cut, not exchanged."
            )
        planes, known = got.flatten(0, 1), want.flatten(0, 1)
        if all(any(torch.equal(p, k) for k in known) for p in planes):
            raise Differs(
                f"{name} has the right small pictures, in another order: channel "
                "c r r + i r + j holds row i and column j of every r x r block of "
                "channel c."
            )
        raise Differs(
            f"in {name} a channel is not what stands at one and the same place of all "
            f"{r} x {r} blocks."
        )
    return (
        "A shuffle and its inverse move numbers and compute nothing: no information"
        " is made or lost."
    )


def _only_cut(x, r):  # the shape is right, the numbers are not
    b, c, h, w = x.shape
    return x.reshape(b, c * r * r, h // r, w // r)


def _swapped(x, r):  # i and j in each other's place
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // r, r, w // r, r).permute(0, 1, 5, 3, 2, 4)
    return x.reshape(b, c * r * r, h // r, w // r)


def _channels_last(x, r):  # TensorFlow's order: r r C
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // r, r, w // r, r).permute(0, 5, 3, 1, 2, 4)
    return x.reshape(b, c * r * r, h // r, w // r)


def _quarters(x, r):  # the parts of the picture, not every r-th pixel
    b, c, h, w = x.shape
    x = x.reshape(b, c, r, h // r, r, w // r).permute(0, 1, 2, 4, 3, 5)
    return x.reshape(b, c * r * r, h // r, w // r)


def _first_phase(x, r):
    return x[..., ::r, ::r]


# --- 4.2 count multiply-adds --------------------------------------------------------


def solution_4_2(layers, height, width):
    weights = sum(kernel**2 * inputs * outputs for kernel, inputs, outputs in layers)
    return weights * height * width  # each weight is used once at each pixel


def check_4_2(fn):
    cases = (
        ([(3, 4, 5)], 5, 7),
        ([(5, 1, 64), (3, 64, 32), (3, 32, 9)], 24, 40),
    )
    for layers, height, width in cases:
        want = solution_4_2(layers, height, width)
        name = f"the result of `multiply_adds({layers}, {height}, {width})`"
        got = fn(list(layers), height, width)
        try:
            close(got, want, name, rtol=1e-9)
        except Differs:
            _known_slip(got, layers, height, width, name)
            raise
    return "Biases are additions without a product: they do not count."


def _known_slip(got, layers, height, width, name):
    """Say which slip it is, if it is one that many make."""
    try:
        value = float(got)
    except (TypeError, ValueError):
        return
    biases = height * width * sum(outputs for *_, outputs in layers)
    right = solution_4_2(layers, height, width)
    if value == right + biases:
        raise Differs(f"{name} counts the biases too: no product belongs to them.")
    if value == 2 * right:
        raise Differs(
            f"{name} counts each product and its addition apart; a multiply-add is "
            "both."
        )
    if value == right / (height * width):
        raise Differs(f"{name} is the number of weights: how often is each one used?")


def _with_biases(layers, height, width):
    return sum((k * k * i + 1) * o for k, i, o in layers) * height * width


def _flat_kernel(layers, height, width):
    return sum(k * i * o for k, i, o in layers) * height * width


def _weights_only(layers, height, width):
    return sum(k * k * i * o for k, i, o in layers)


def _doubled(layers, height, width):
    return 2 * solution_4_2(layers, height, width)


def _last_layer(layers, height, width):
    k, i, o = layers[-1]
    return k * k * i * o * height * width


def _channels_added(layers, height, width):
    return sum(k * k * (i + o) for k, i, o in layers) * height * width


def _always_three(layers, height, width):
    return sum(9 * i * o for _, i, o in layers) * height * width


# --- 4.3 adjustable clipping --------------------------------------------------------


def solution_4_3(gradients, theta, rate):
    bound = theta / rate
    return [g.clamp(-bound, bound) for g in gradients]


def _gradients():
    """Four layers' gradients, one without a kernel; few or many numbers are large."""
    g = torch.Generator().manual_seed(4)
    sizes = {(4, 1, 3, 3): 1e-4, (4, 4, 3, 3): 1e-2, (1, 4, 3, 3): 3.0, (9,): 5.0}
    return [torch.randn(size, generator=g) * scale for size, scale in sizes.items()]


def check_4_3(fn):
    for theta, rate in ((1e-3, 0.1), (2e-3, 0.001), (1e-4, 0.01)):
        name = f"theta = {theta:g} and rate = {rate:g}"
        gradients = _gradients()
        got = fn([g.clone() for g in gradients], theta, rate)
        want = solution_4_3(gradients, theta, rate)
        if not isinstance(got, (list, tuple)) or len(got) != 4:
            close(got, want, f"the result for {name}")
        for number, (mine, right, g) in enumerate(
            zip(got, want, gradients, strict=True)
        ):
            what = f"with {name}, the gradient of layer {number + 1} of 4"
            if not isinstance(mine, torch.Tensor) or mine.shape != right.shape:
                close(mine, right, what)
            _judge(mine.double(), right.double(), g.double(), theta / rate, what)
    return (
        "The largest step of plain SGD is now rate x theta / rate = theta, at every "
        "rate."
    )


def _judge(got, want, gradient, bound, what):
    """Differs with the first thing that is wrong with one layer's gradient."""
    close(got, got, what)  # NaN and infinity have their own words
    inside = gradient.abs() < bound
    if torch.allclose(got, want, rtol=1e-5, atol=1e-12):
        return
    if not torch.allclose(got[inside], gradient[inside], rtol=1e-5, atol=1e-12):
        raise Differs(
            f"{what} has changed in places where it was small enough: only what is too "
            "large is to be cut."
        )
    if (got * gradient < 0).any():
        raise Differs(f"{what} has numbers that have changed their sign.")
    if torch.equal(got, gradient):
        raise Differs(f"{what}, of shape {tuple(got.shape)}, is not cut at all.")
    if (got[~inside] == 0).all():
        raise Differs(
            f"{what} has its large numbers set to zero: they are to be shortened, not "
            "dropped."
        )
    if got.min() < -1.01 * bound and got.max() < 1.01 * bound:
        raise Differs(f"{what} is limited above, but not below zero.")
    if got.max() > 1.01 * bound and got.min() > -1.01 * bound:
        raise Differs(f"{what} is limited below zero, but not above.")
    side = "large" if got.abs().max() > bound else "small"
    raise Differs(
        f"{what} is cut to another limit, which is too {side} at this rate: the limit "
        "is the one that keeps rate times gradient within theta."
    )


def _fixed(gradients, theta, rate):  # forgets the rate
    return [g.clamp(-theta, theta) for g in gradients]


def _times_rate(gradients, theta, rate):  # multiplies where it should divide
    return [g.clamp(-theta * rate, theta * rate) for g in gradients]


def _by_norm(gradients, theta, rate):  # the length of all of it
    length = sum(g.square().sum() for g in gradients).sqrt()
    return [g * min(1.0, theta / rate / length.item()) for g in gradients]


def _above_only(gradients, theta, rate):
    return [g.clamp(max=theta / rate) for g in gradients]


def _below_only(gradients, theta, rate):
    return [g.clamp(min=-theta / rate) for g in gradients]


def _dropped(gradients, theta, rate):  # what is too large becomes zero
    return [torch.where(g.abs() > theta / rate, 0.0, g) for g in gradients]


def _scaled(gradients, theta, rate):  # each layer scaled to its bound
    return [g * (theta / rate / g.abs().max()) for g in gradients]


def _sizes_only(gradients, theta, rate):  # the sign is lost
    return [g.abs().clamp(max=theta / rate) for g in gradients]


def _kernels_only(gradients, theta, rate):
    bound = theta / rate
    return [g.clamp(-bound, bound) if g.ndim == 4 else g for g in gradients]


def _at_most_one(gradients, theta, rate):
    bound = min(theta / rate, 1.0)
    return [g.clamp(-bound, bound) for g in gradients]


def _steps(gradients, theta, rate):  # the steps, not the gradients
    return [(rate * g).clamp(-theta, theta) for g in gradients]


# --- 4.4 the receptive field --------------------------------------------------------


def solution_4_4(kernels):
    return 1 + sum(kernel - 1 for kernel in kernels)


def check_4_4(fn):
    for kernels in ((3,), (3, 3), (9, 1, 5), (1, 1), (4, 2), (4, 5), (3,) * 12):
        want = solution_4_4(kernels)
        got = fn(list(kernels))
        close(got, want, f"the side for kernels {list(kernels)}", rtol=1e-9)
    return (
        "So twenty layers of 3 x 3 see 41 x 41 pixels, and a 1 x 1 layer sees nothing "
        "new."
    )


def _added(kernels):
    return sum(kernels)


def _product(kernels):
    result = 1
    for kernel in kernels:
        result *= kernel
    return result


def _as_if_three(kernels):
    return 2 * len(kernels) + 1


def _halves(kernels):  # right for odd sides alone
    return 1 + sum(2 * (kernel // 2) for kernel in kernels)


def _largest(kernels):
    return max(kernels)


def _always_odd(kernels):
    return solution_4_4(kernels) | 1


def _each_side_once(kernels):
    return solution_4_4(set(kernels))


EXERCISES = {
    "4.1": Exercise(
        title="Undo the shuffle",
        check=check_4_1,
        hints=(
            "Section 5 cut the channels into r x r and put the two new axes beside the "
            "rows and the columns. Here they come from the rows and the columns.",
            "`x.reshape(b, c, h, r, w, r)` cuts a row number into (which block, which "
            "row in it), and a column number likewise. Which order of these six axes "
            "do you want?",
            "Channels first, then the row and the column within a block, then the "
            "block: `.permute(0, 1, 3, 5, 2, 4)`, and one more reshape.",
        ),
        solution=solution_4_1,
    ),
    "4.2": Exercise(
        title="Count multiply-adds",
        check=check_4_2,
        hints=(
            "One number of the output of a layer is a sum of products: how many, for a "
            "kernel k x k and some input channels?",
            "That is k * k * inputs. There are outputs x height x width such numbers.",
            "Add up `kernel**2 * inputs * outputs` over the layers, and multiply by "
            "the number of pixels.",
        ),
        solution=solution_4_2,
    ),
    "4.3": Exercise(
        title="Adjustable clipping",
        check=check_4_3,
        hints=(
            "One step moves a weight by rate times its gradient. How large may the "
            "gradient be, if that product is to stay within theta?",
            "`tensor.clamp(low, high)` limits every number of a tensor by itself.",
            "The limit is theta / rate, on both sides: -limit and +limit.",
        ),
        solution=solution_4_3,
    ),
    "4.4": Exercise(
        title="How far a stack sees",
        check=check_4_4,
        hints=(
            "Before any layer an output pixel sees one pixel: itself.",
            "A kernel of side 3 adds one pixel on the left and one on the right to "
            "what is seen. What does a kernel of side 5 add, and of side 1?",
            "Each layer adds `kernel - 1` to the side.",
        ),
        solution=solution_4_4,
    ),
}

WRONG = {
    "4.1": [_only_cut, _swapped, _channels_last, _quarters, _first_phase],
    "4.2": [
        _with_biases,
        _flat_kernel,
        _weights_only,
        _doubled,
        _last_layer,
        _channels_added,
        _always_three,
    ],
    "4.3": [
        _fixed,
        _times_rate,
        _by_norm,
        _above_only,
        _below_only,
        _dropped,
        _scaled,
        _sizes_only,
        _kernels_only,
        _at_most_one,
        _steps,
    ],
    "4.4": [
        _added,
        _product,
        _as_if_three,
        _largest,
        _halves,
        _always_odd,
        _each_side_once,
    ],
}

ASKS = {
    "4.a": Ask(
        "One kernel of 9 x 9, or four layers of 3 x 3: which sees further, and which "
        "has fewer weights?",
        "They see equally far, nine pixels. With one channel the large kernel has 81 "
        "weights, the four small ones 36, and between the four there are three "
        "non-linearities more.",
    ),
    "4.b": Ask(
        "The first weights of SRCNN were drawn with a standard deviation of 0.001. "
        "Twenty layers of 3 x 3 with 64 channels are begun so. How strong is the "
        "signal that comes out?",
        "Each layer multiplies it by about 0.001 times the root of 9 x 64 / 2: by "
        "0.017. After twenty layers that is smaller than 1 by more than 30 powers of "
        "ten: nothing comes out, and no gradient comes back.",
    ),
    "4.c": Ask(
        "Two networks of ten equal layers, equal first weights, equal crops. One must "
        "give the picture, the other what bicubic left out. After 120 small steps: "
        "which is better than bicubic?",
        "Only the one that learns the residual. The other is still busy learning to "
        "copy its input through ten layers.",
    ),
    "4.d": Ask(
        "The rate is multiplied by ten. What happens to a network whose steps were "
        "already as long as the ground allows?",
        "It steps over the valley, lands higher than before, finds a larger gradient "
        "there, and takes a larger step still. A few steps later the loss is no number "
        "any more.",
    ),
    "4.e": Ask(
        "A clip to a fixed +-0.001 works well at the rate 0.1. Later in training the "
        "rate falls to 0.001. How long may a step be then?",
        "A hundredth of before: the limit stayed, the rate fell, and their product is "
        "what moves a weight. The clip that saved the beginning starves the end.",
    ),
    "4.f": Ask(
        "A network was trained to mend x4. Somebody feeds it a picture enlarged by 2. "
        "Better or worse than leaving the picture alone?",
        "Worse. It adds the strong edges that a blurry x4 picture lacks to one that "
        "lacks much less.",
    ),
    "4.g": Ask(
        "SRCNN and VDSR enlarge first and then compute on the large picture. How much "
        "does the enlarged picture know that the small one does not?",
        "Nothing: bicubic is computed from the small picture alone. But every layer "
        "then has r x r times as many pixels to visit.",
    ),
    "4.h": Ask(
        "A transposed convolution with a 3 x 3 kernel and stride 2, all weights 1, is "
        "given a picture that is 1 everywhere. Is the result flat?",
        "No. Kernels that are laid down two pixels apart and are three wide overlap "
        "here and not there: 1, 2 or 4 of them meet at a pixel. A checkerboard.",
    ),
    "4.i": Ask(
        "A paper's table says SRCNN needs 18.46 s a picture and VDSR 1.06 s. Is VDSR "
        "the cheaper network?",
        "No: it has about twelve times as many multiply-adds. The two columns were "
        "measured on different devices: public code on a CPU, the authors' own on a "
        "GPU.",
    ),
    "4.j": Ask(
        "tanh or ReLU in ESPCN: the paper prints 32.55 against 32.39 dB. How many "
        "runs would you want to see before you believe a difference of 0.16 dB?",
        "Several of each, from different first weights: the spread between runs must "
        "be small against the difference. The paper does not say how many it made.",
    ),
}

QUIZ = [
    Question(
        "Why do twenty plain layers learn so much more slowly than residual ones?",
        (
            "twenty layers have too many weights for 91 training images",
            "a plain net must first learn to carry its input to the end",
            "a plain net has a smaller receptive field",
        ),
        "b",
        "Both have the same weights and see equally far. The residual net starts where "
        "the plain one arrives late: at the input itself.",
    ),
    Question(
        "With plain SGD, adjustable clipping to +-theta / rate bounds",
        (
            "how far one step moves any weight",
            "the length of the whole gradient",
            "the loss",
        ),
        "a",
        "A step is rate times gradient, and so at most theta, at every rate. The "
        "length of the whole gradient is what a norm clip bounds.",
    ),
    Question(
        "The rate falls from 0.1 to 0.001. What does the range +-theta / rate do?",
        (
            "it stays",
            "it gets a hundred times narrower",
            "it gets a hundred times wider",
        ),
        "c",
        "It widens until hardly anything is clipped, and training ends as "
        "ordinary SGD.",
    ),
    Question(
        "A norm clip differs from clipping each number in that it",
        (
            "keeps the direction of the gradient",
            "costs no time",
            "needs no threshold",
        ),
        "a",
        "All numbers are multiplied by one factor. Then the layer with the largest "
        "gradient decides how slowly all the others learn.",
    ),
    Question(
        "ESPCN's last layer at x3 has how many output channels, for one luma channel?",
        ("3", "9", "27"),
        "b",
        "One channel for each place in the 3 x 3 block that a small pixel becomes.",
    ),
    Question(
        "The sub-pixel layer with a 3 x 3 kernel at x3 equals a transposed convolution "
        "with stride 3 and a kernel of side",
        ("3", "6", "9"),
        "c",
        "Each of the nine phases has its own 3 x 3 weights; interleaved they are one "
        "9 x 9 kernel.",
    ),
    Question(
        "The same convolution layer on a picture enlarged by 4 costs",
        ("4 times", "8 times", "16 times"),
        "c",
        "Four times as many pixels in each direction, and each weight visits every "
        "pixel once.",
    ),
    Question(
        "Which comparison of two networks' speed can you trust most?",
        (
            "seconds from two papers",
            "seconds of both on one machine, in one run",
            "their numbers of parameters",
        ),
        "b",
        "Seconds from two papers compare two machines and two programs as well. "
        "Parameters do not say how many pixels each is used on.",
    ),
]
