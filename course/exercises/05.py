# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 05, residual networks.

A check says what differs and on which input, never the answer.
"""

import numbers
from unittest import mock

import numpy as np
import torch
from torch import nn

from srlab import models
from srlab.classroom import Ask, Differs, Exercise, Question, close

# --- 5.1 count the parameters -------------------------------------------------------


def solution_5_1(scale, width, blocks):
    square = 9 * width * width + width  # a convolution from width to width
    stages = {2: 4 * square, 3: 9 * square, 4: 2 * 4 * square}[scale]
    head, tail = 9 * 3 * width + width, 9 * width * 3 + 3
    return head + (2 * blocks + 1) * square + stages + tail


def _true_count(scale, width, blocks):
    with torch.device("meta"):
        net = models.EDSR(scale, width, blocks)
    return sum(p.numel() for p in net.parameters())


def check_5_1(fn):
    def mine(*settings):
        with mock.patch.object(nn.Module, "__init__", _no_network):
            got = fn(*settings)
        if isinstance(got, torch.Tensor | np.ndarray) and got.ndim == 0:
            got = got.item()
        if not isinstance(got, numbers.Real) or got != got:
            close(got, 0, f"`count{settings}`")
        return got

    bare, two, five = mine(2, 8, 0), mine(2, 8, 2), mine(2, 8, 5)
    true_bare, true_two = _true_count(2, 8, 0), _true_count(2, 8, 2)
    if bare != int(bare):
        raise Differs(f"a count is a whole number; `count(2, 8, 0)` is {bare:g}.")
    if two == bare:
        raise Differs("2 blocks give as many as none.")
    if bare == true_bare and two != true_two:
        raise Differs("a net without blocks is right; what 2 blocks add is not.")
    if two - bare == true_two - true_bare and 0 < abs(bare - true_bare) < 9 * 8:
        raise Differs(
            "what the blocks add is right, and what stands around them nearly. Has "
            "each convolution a bias for each of its outputs?"
        )
    if two - bare == true_two - true_bare and bare != true_bare:
        raise Differs(
            "what the blocks add is right; a net without blocks is not. Which "
            "convolutions stand around them?"
        )
    if five != _true_count(2, 8, 5):
        raise Differs("`count(2, 8, 5)` is not right.")
    if mine(2, 64, 16) != _true_count(2, 64, 16):
        raise Differs("`count(2, 8, 5)` is right, `count(2, 64, 16)` is not.")
    for scale in (3, 4):
        if mine(scale, 8, 1) != _true_count(scale, 8, 1):
            raise Differs(
                f"scale 2 is right, `count({scale}, 8, 1)` is not. Which sub-pixel "
                f"stages has a net for x{scale}?"
            )
    return "Nearly everything is 9 n n; so the width counts twice, the depth once."


def _no_network(*_, **__):
    raise Differs("you build a network or a layer; the three numbers are enough.")


def _by_network(scale, width, blocks):
    return sum(p.numel() for p in models.EDSR(scale, width, blocks).parameters())


def _no_biases(scale, width, blocks):
    square = 9 * width * width
    stages = {2: 4 * square, 3: 9 * square, 4: 8 * square}[scale]
    return 54 * width + (2 * blocks + 1) * square + stages


def _one_a_block(scale, width, blocks):  # a block has two convolutions
    square = 9 * width * width + width
    return solution_5_1(scale, width, blocks) - blocks * square


def _no_body(scale, width, blocks):
    return solution_5_1(scale, width, blocks) - 9 * width * width - width


def _no_tail_biases(scale, width, blocks):
    return solution_5_1(scale, width, blocks) - 3


def _sixteen_always(scale, width, blocks):
    return solution_5_1(scale, width, 16)


def _in_millions(scale, width, blocks):
    return solution_5_1(scale, width, blocks) / 1e6


def _one_stage(scale, width, blocks):  # x4 in one stage of factor 4
    square = 9 * width * width + width
    return solution_5_1(2, width, blocks) + (scale**2 - 4) * square


# --- 5.2 merge a norm into a convolution --------------------------------------------


def solution_5_2(layer, norm):
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()  # (outputs,)
    merged = nn.Conv2d(
        layer.in_channels, layer.out_channels, layer.kernel_size, padding=layer.padding
    )
    with torch.no_grad():
        merged.weight.copy_(layer.weight * factor[:, None, None, None])
        merged.bias.copy_((layer.bias - norm.running_mean) * factor + norm.bias)
    return merged


def _trained_pair(inputs=3, outputs=5):
    """A convolution and a norm in eval mode with statistics of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        layer = nn.Conv2d(inputs, outputs, 3, padding=1).eval()
        norm = nn.BatchNorm2d(outputs, eps=0.01).eval()
        for tensor in (norm.weight, norm.running_var):
            tensor.data.uniform_(0.2, 3)
        for tensor in (norm.bias, norm.running_mean):
            tensor.data.normal_()
        return layer, norm, torch.randn(2, inputs, 6, 7)


def check_5_2(fn):
    layer, norm, x = _trained_pair()
    before = [p.detach().clone() for p in layer.parameters()]
    state = {name: p.detach().clone() for name, p in norm.state_dict().items()}
    want = norm(layer(x)).detach()
    merged = fn(layer, norm)
    if not isinstance(merged, nn.Module):
        raise Differs(
            f"`merge` gives a {type(merged).__name__}; it should be a convolution."
        )
    if any((a != b).any() for a, b in zip(before, layer.parameters(), strict=True)):
        raise Differs(
            "the layer that was given has changed: make a new convolution, so that "
            "the old network still works."
        )
    changed = any((p != state[name]).any() for name, p in norm.state_dict().items())
    if changed or norm.training:
        raise Differs("the norm that was given has changed: only read from it.")
    if any(isinstance(m, nn.BatchNorm2d) for m in merged.modules()):
        raise Differs("there is still a norm inside; one convolution should be left.")
    if sum(isinstance(m, nn.Conv2d) for m in merged.modules()) > 1:
        raise Differs("there are several convolutions inside; one should be left.")
    if not isinstance(merged, nn.Conv2d):
        raise Differs(
            f"`merge` gives a {type(merged).__name__}; it should be one nn.Conv2d, "
            "with both steps in its weights and biases."
        )
    with torch.no_grad():
        got = merged(x)
        if not isinstance(got, torch.Tensor) or got.shape != want.shape:
            close(got, want, "what the merged convolution gives")
        off = (got - want).mean(dim=(0, 2, 3), keepdim=True)
        constant = (got - want - off).abs().max() < 1e-3
    if constant and off.abs().max() > 1e-3:
        raise Differs(
            "the weights are right, the biases are not: each channel is off by a "
            "constant. Follow the bias through the four steps of the norm."
        )
    close(got, want, "what the merged convolution gives", atol=1e-4)
    layer, norm, x = _trained_pair(4, 2)
    try:
        with torch.no_grad():
            got, want = fn(layer, norm)(x), norm(layer(x))
    except RuntimeError as error:
        raise Differs(
            "a layer from 3 to 5 channels is right; one from 4 to 2 is an error. "
            "Take the numbers of channels from `layer`."
        ) from error
    close(got, want, "with a layer from 4 to 2 channels, the result", atol=1e-4)
    return "So in use a norm costs nothing, and does nothing that a convolution cannot."


def _merged(layer, weight, bias):
    made = nn.Conv2d(3, 5, 3, padding=1)
    if layer.weight.shape != made.weight.shape:
        raise ValueError("a convolution from 3 to 5 channels is expected")
    with torch.no_grad():
        made.weight.copy_(weight)
        made.bias.copy_(bias)
    return made


def _factor(norm):
    return norm.weight / (norm.running_var + norm.eps).sqrt()


def _mean_forgotten(layer, norm):
    f = _factor(norm)
    weight = layer.weight * f[:, None, None, None]
    return _merged(layer, weight, layer.bias * f + norm.bias)


def _bias_not_scaled(layer, norm):
    f = _factor(norm)
    weight = layer.weight * f[:, None, None, None]
    return _merged(layer, weight, layer.bias + norm.bias - norm.running_mean * f)


def _no_root(layer, norm):  # divides by the variance
    f = norm.weight / (norm.running_var + norm.eps)
    weight = layer.weight * f[:, None, None, None]
    return _merged(layer, weight, (layer.bias - norm.running_mean) * f + norm.bias)


def _epsilon_forgotten(layer, norm):
    f = norm.weight / norm.running_var.sqrt()
    weight = layer.weight * f[:, None, None, None]
    return _merged(layer, weight, (layer.bias - norm.running_mean) * f + norm.bias)


def _in_place(layer, norm):
    f = _factor(norm)
    with torch.no_grad():
        layer.weight.mul_(f[:, None, None, None])
        layer.bias.sub_(norm.running_mean).mul_(f).add_(norm.bias)
    return layer


def _norm_reset(layer, norm):
    merged = solution_5_2(layer, norm)
    norm.reset_running_stats()
    return merged


def _fixed_size(layer, norm):
    made = solution_5_2(layer, norm)
    new = nn.Conv2d(3, 5, 3, padding=1)
    with torch.no_grad():
        new.weight.copy_(made.weight)
        new.bias.copy_(made.bias)
    return new


def _both(layer, norm):
    return nn.Sequential(layer, norm)


def _two_convolutions(layer, norm):  # the norm as a 1 x 1 convolution behind the layer
    n, f = layer.out_channels, _factor(norm)
    behind = nn.Conv2d(n, n, 1, groups=n)
    with torch.no_grad():
        behind.weight.copy_(f[:, None, None, None])
        behind.bias.copy_(norm.bias - norm.running_mean * f)
    return nn.Sequential(layer, behind)


class _Hidden(nn.Module):  # the norm in a list, where nobody looks
    def __init__(self, layer, norm):
        super().__init__()
        self.pair = [layer, norm]

    def forward(self, x):
        layer, norm = self.pair
        return norm(layer(x))


class _Behind(nn.Module):  # a factor and a shift behind the convolution
    def __init__(self, layer, norm):
        super().__init__()
        self.layer, self.factor = layer, _factor(norm).detach()
        self.shift = (norm.bias - norm.running_mean * self.factor).detach()

    def forward(self, x):
        made = self.layer(x) * self.factor[:, None, None]
        return made + self.shift[:, None, None]


def _norm_in_training(layer, norm):
    merged = solution_5_2(layer, norm)
    norm.train()
    return merged


# --- 5.3 eight positions ------------------------------------------------------------


def solution_5_3(restorer, x):
    total = 0
    for flipped in (False, True):
        for turns in range(4):
            y = x.flip(-1) if flipped else x
            y = restorer(y.rot90(turns, (-2, -1)))
            y = y.rot90(-turns, (-2, -1))  # back, in the opposite order
            total = total + (y.flip(-1) if flipped else y)
    return total / 8


def _twice(x, scale=2):
    return x.repeat_interleave(scale, -2).repeat_interleave(scale, -1)


def _leaning(x, scale=2):
    """A restorer with a preference: it depends on place, so no two positions agree."""
    y = _twice(x, scale)
    rows = torch.linspace(0, 0.2, y.shape[-2])[:, None] ** 2
    columns = torch.linspace(0, 0.3, y.shape[-1])
    return 0.5 * y + rows + columns


def _package(*_):
    raise Differs("you use the package's class; write the eight positions yourself.")


def check_5_3(fn):
    def mine(*given):
        with mock.patch.object(models.SelfEnsemble, "forward", _package):
            return fn(*given)

    x = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(3))
    seen = []

    def restorer(z):
        seen.extend(z.reshape(-1, *z.shape[-3:]))  # a batch holds several pictures
        return _leaning(z)

    got = mine(_twice, x.clone())
    close(got, _twice(x), "with a restorer that treats all positions alike, the result")
    got = mine(restorer, x.clone())
    if len(seen) != 8:
        raise Differs(f"the restorer got {len(seen)} pictures; 8 positions exist.")
    for i, one in enumerate(seen):
        if any(one.shape == z.shape and (one == z).all() for z in seen[:i]):
            raise Differs("two of the eight positions are the same.")
    want = models.SelfEnsemble(_leaning)(x)
    close(got, want, "with a restorer that prefers one corner, the result", atol=1e-4)
    want = models.SelfEnsemble(_overshoots)(x)
    close(
        mine(_overshoots, x.clone()), want,
        "with a restorer whose values leave 0..1 (the mean is of what it gives), "
        "the result", atol=1e-4,
    )  # fmt: skip
    try:
        got = mine(lambda z: _leaning(z, 3), x.clone())
    except (RuntimeError, ValueError) as error:
        raise Differs(
            "a restorer for x2 is right, one for x3 is an error. What it gives has the "
            "size of the result, whatever the scale."
        ) from error
    want = models.SelfEnsemble(lambda z: _leaning(z, 3))(x)
    close(got, want, "with a restorer for x3, the result", atol=1e-4)
    return "EDSR+ in the paper's tables is this: no training, eight times the time."


def _overshoots(x):
    return 3 * _leaning(x) - 0.8


def _by_package(restorer, x):
    return models.SelfEnsemble(restorer)(x)


def _flips_only(restorer, x):
    made = [restorer(x), restorer(x.flip(-1)).flip(-1)]
    made += [restorer(x.flip(-2)).flip(-2), restorer(x.flip(-2, -1)).flip(-2, -1)]
    return sum(made) / 4


def _summed(restorer, x):
    return 8 * solution_5_3(restorer, x)


def _same_turn_back(restorer, x):  # turns on instead of back
    total = 0
    for flipped in (False, True):
        for turns in range(4):
            y = x.flip(-1) if flipped else x
            y = restorer(y.rot90(turns, (-2, -1))).rot90(turns, (-2, -1))
            total = total + (y.flip(-1) if flipped else y)
    return total / 8


def _wrong_order(restorer, x):  # undoes the flip before the turn
    total = 0
    for flipped in (False, True):
        for turns in range(4):
            y = x.flip(-1) if flipped else x
            y = restorer(y.rot90(turns, (-2, -1)))
            y = y.flip(-1) if flipped else y
            total = total + y.rot90(-turns, (-2, -1))
    return total / 8


def _four_twice(restorer, x):  # flips both sides: that is a turn
    total = 0
    for flipped in (False, True):
        for turns in range(4):
            y = x.flip(-2, -1) if flipped else x
            y = restorer(y.rot90(turns, (-2, -1))).rot90(-turns, (-2, -1))
            total = total + (y.flip(-2, -1) if flipped else y)
    return total / 8


def _clamped(restorer, x):
    return solution_5_3(restorer, x).clamp(0, 1)


def _each_clamped(restorer, x):
    return solution_5_3(lambda z: restorer(z).clamp(0, 1), x)


def _for_twice_only(restorer, x):
    result = torch.zeros(1, 3, 2 * x.shape[-2], 2 * x.shape[-1])
    result += solution_5_3(restorer, x)
    return result


EXERCISES = {
    "5.1": Exercise(
        title="Count",
        check=check_5_1,
        hints=(
            "List the convolutions of section 2 in their order, each with its number "
            "of inputs and outputs. All are 3 x 3 and have biases.",
            "Most of them lead from width to width: two in each block and one behind "
            "the blocks. Only the head, the tail and the stages differ.",
            "A stage of factor r leads from width to r * r * width: that is r * r "
            "convolutions from width to width. x4 has two stages of factor 2.",
        ),
        solution=solution_5_1,
    ),
    "5.2": Exercise(
        title="Merge a norm into a convolution",
        check=check_5_2,
        hints=(
            "In eval mode the norm computes gamma (y - mean) / root + beta for each "
            "channel, with constants. Write y = W * x + b into it and sort by x.",
            "All weights that make one output channel are multiplied by one number, "
            "gamma / sqrt(running_var + eps). `factor[:, None, None, None]` has the "
            "shape that the weights (outputs, inputs, 3, 3) need.",
            "The bias goes the same way as y does: subtract running_mean, multiply by "
            "the factor, add the norm's bias. Fill a new nn.Conv2d under "
            "`torch.no_grad()` with `.copy_`.",
        ),
        solution=solution_5_2,
    ),
    "5.3": Exercise(
        title="Eight positions",
        check=check_5_3,
        hints=(
            "Four turns, each with and without a mirror image: eight positions. Put x "
            "into each, restore it, and undo what you did.",
            "`x.rot90(k, (-2, -1))` turns by k quarter turns and `rot90(-k, ...)` "
            "turns back; `x.flip(-1)` is its own inverse.",
            "What was done last is undone first: flip, turn, restore, turn back, flip "
            "back. Add up the eight results and divide by 8.",
        ),
        solution=solution_5_3,
    ),
}

WRONG = {
    "5.1": [
        _no_biases,
        _one_a_block,
        _no_body,
        _no_tail_biases,
        _sixteen_always,
        _in_millions,
        _one_stage,
        _by_network,
    ],
    "5.2": [
        _mean_forgotten,
        _bias_not_scaled,
        _no_root,
        _epsilon_forgotten,
        _in_place,
        _norm_reset,
        _fixed_size,
        _both,
        _two_convolutions,
        _norm_in_training,
        _Hidden,
        _Behind,
    ],
    "5.3": [
        _flips_only,
        _summed,
        _same_turn_back,
        _wrong_order,
        _four_twice,
        _clamped,
        _each_clamped,
        _for_twice_only,
        _by_package,
    ],
}

ASKS = {
    "5.a": Ask(
        "All weights of a deep network are nearly zero, as early in training. What "
        "comes out of a chain of blocks that add? And of one without the plus signs?",
        "With plus signs: the input, unchanged; each block can then learn a small "
        "correction of something sensible. Without: nothing at all; every layer must "
        "first learn to hand the picture on.",
    ),
    "5.b": Ask(
        "ResNet's block ends with a ReLU behind the sum. What can the next block never "
        "receive, and why would super-resolution mind?",
        "A negative number. The features on the skip path are cut at zero after each "
        "block, so nothing passes from head to tail untouched, and a correction "
        "downwards survives only as far as there is something to take away from.",
    ),
    "5.c": Ask(
        "A batch of features goes through batch normalisation in training; then the "
        "same batch, all values halved. How do the two results differ?",
        "They do not. The mean is subtracted and the result divided by the deviation, "
        "so contrast is gone. Classification likes that: a cat in dim light is a cat. "
        "An enlarged picture must have the contrast of the small one.",
    ),
    "5.d": Ask(
        "Twins, with and without batch normalisation, the same 800 steps at the same "
        "rate. Which one is ahead on new photographs, and by how much: 0.05, 0.5 or 5 "
        "dB?",
        "Hardly any difference: over three seeds the one without is 0.05 dB ahead on "
        "average, less than another seed makes.",
    ),
    "5.e": Ask(
        "EDSR computes in 0..255; its features have a deviation of about 18. What is "
        "the deviation of the residual behind a batch normalisation? And when the net "
        "computes in 0..1?",
        "About 1, both times: it is gamma, which starts at 1 and moves slowly. Beside "
        "18 that is very little, beside 0.1 it is far too much.",
    ),
    "5.f": Ask(
        "The trained twins meet a picture of half the contrast. Which of EDSR, EDSR "
        "with BN and AdaDM loses most?",
        "Not the one with BN: in use its statistics are stored constants. AdaDM loses "
        "most: it still measures the deviation of the picture and gives back what was "
        "never taken away.",
    ),
    "5.g": Ask(
        "A net with 16 features trains well at a rate of 0.004. You make it four times "
        "as wide. What happens at the same rate?",
        "It diverges within a few steps. Each step moves every weight by about the "
        "rate, and four times as many of them push each output the same way, in every "
        "one of 32 convolutions.",
    ),
    "5.h": Ask(
        "After 800 steps there was hardly a difference between EDSR, AdaDM and EDSR "
        "with BN. What do you expect of 20,000: the same, or one that falls behind?",
        "EDSR with BN falls behind, by half a decibel after 4,000 steps: its blocks "
        "add a deviation of about 1, and at first that did not matter. But not for "
        "good: at the end it is level with AdaDM, and EDSR less than 0.1 dB ahead.",
    ),
}

QUIZ = [
    Question(
        "What distinguishes EDSR's block from SRResNet's?",
        (
            "it has a ReLU behind the sum",
            "it has no batch normalisation, and a factor s",
            "it has three convolutions",
        ),
        "b",
        "It also has ReLU for PReLU. The ReLU behind the sum is ResNet's; SRResNet had "
        "removed that one already.",
    ),
    Question(
        "In eval mode, a batch normalisation with stored statistics",
        (
            "removes the contrast of the picture",
            "depends on the other pictures of the batch",
            "multiplies and shifts each channel by constants",
        ),
        "c",
        "So it can be merged into the convolution before it, and contrast passes.",
    ),
    Question(
        "'Normalisation makes the deviation of features smaller.' When is that so?",
        (
            "when it was larger than 1 (or gamma), as in nets that compute in 0..255",
            "always",
            "only in eval mode",
        ),
        "a",
        "Normalisation sets the deviation. In units of 0..1 the same layer makes it "
        "larger.",
    ),
    Question(
        "AdaDM multiplies the residual by exp(w ln sigma + b). With w = 0 that is",
        (
            "the deviation itself",
            "a learned constant, the same for every picture",
            "zero",
        ),
        "b",
        "exp(b). With w = 1 and b = 0 it is the deviation sigma.",
    ),
    Question(
        "You double the width of EDSR and halve its number of blocks. The blocks' "
        "parameters",
        ("stay the same", "double", "become half"),
        "b",
        "Width counts twice, depth once: four times half.",
    ),
    Question(
        "Someone's EDSR gives 35.8 dB on Set5 x2; the table 37.99. First suspicion?",
        (
            "the baseline was taken for the big network",
            "the self-ensemble was left out",
            "RGB was measured, and the table measures luma",
        ),
        "c",
        "That alone is about 2 dB. The big network is 0.1 dB above the baseline there, "
        "and the self-ensemble adds about 0.1 dB.",
    ),
    Question(
        "A wide net diverges in the first steps. Which of these does not help?",
        (
            "multiplying each residual by 0.1",
            "a lower learning rate",
            "more training pictures",
        ),
        "c",
        "The steps are too long, whatever they are computed from.",
    ),
]
