# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises, quiz and questions of notebook 07, generative adversarial networks.

A check says what differs and on which input, never the answer.
"""

import math

import torch
import torch.nn.functional as F

from srlab import models
from srlab.classroom import Ask, Differs, Exercise, Question, close
from srlab.classroom.verdicts import describe

# --- 7.1 what an honest guess costs -------------------------------------------------


def solution_7_1(answers, weights):
    w = weights.view(-1, 1, 1, 1)
    mean = (w * answers).sum(0, keepdim=True)
    of_mean = (weights * (answers - mean).square().mean(dim=(1, 2, 3))).sum()
    apart = (answers[:, None] - answers[None]).square().mean(dim=(2, 3, 4))  # (N, N)
    drawn = (weights[:, None] * weights[None] * apart).sum()
    return of_mean.item(), drawn.item()


def _posterior(seed, count, equal=False):
    g = torch.Generator().manual_seed(seed)
    answers = torch.rand(count, 1, 3, 2 + count, generator=g)
    weights = torch.rand(count, generator=g) + 0.1
    if equal:
        weights = torch.ones(count)
    return answers, weights / weights.sum()


def check_7_1(fn):
    answers, weights = _posterior(1, 1)
    close(fn(answers, weights), (0.0, 0.0), "with one answer only, the result")
    for seed, count, equal in ((2, 2, True), (3, 4, True), (4, 3, False)):
        answers, weights = _posterior(seed, count, equal)
        kept = answers.clone(), weights.clone()
        got = fn(answers, weights)
        if not all(map(torch.equal, (answers, weights), kept)):
            raise Differs("answers or weights that were given have changed: only read.")
        if not isinstance(got, tuple | list) or len(got) != 2:
            close(got, (0.0, 0.0), "the result")
        want = solution_7_1(answers, weights)
        kind = "equal weights" if equal else "unequal weights"
        close(got[0], want[0], f"with {count} answers and {kind}, the mean's MSE")
        close(got[1], want[1], f"with {count} answers and {kind}, the drawn one's MSE")
    return "Twice as much, whatever the answers are: the price of sharpness is 3 dB."


def _unweighted_mean(answers, weights):
    mean = answers.mean(0, keepdim=True)
    of_mean = (weights * (answers - mean).square().mean(dim=(1, 2, 3))).sum()
    return of_mean.item(), solution_7_1(answers, weights)[1]


def _sums(answers, weights):  # sums over the pixels
    n = answers[0].numel()
    return tuple(n * value for value in solution_7_1(answers, weights))


def _twelve_pixels(answers, weights):
    scale = answers[0].numel() / 12
    return tuple(scale * value for value in solution_7_1(answers, weights))


def _weights_rescaled(answers, weights):
    found = solution_7_1(answers, weights)
    weights /= weights.max()
    return found


def _different_only(answers, weights):  # an answer is never held against itself
    apart = (answers[:, None] - answers[None]).square().mean(dim=(2, 3, 4))
    pairs = weights[:, None] * weights[None]
    pairs = pairs * (1 - torch.eye(len(weights)))
    total = pairs.sum().clamp(min=1e-9)
    drawn = (pairs * apart).sum() / total
    return solution_7_1(answers, weights)[0], drawn.item()


def _best_answer(answers, weights):  # the most probable answer, not a drawn one
    best = answers[weights.argmax()]
    error = (weights * (answers - best).square().mean(dim=(1, 2, 3))).sum()
    return solution_7_1(answers, weights)[0], error.item()


def _decibel(answers, weights):
    return tuple(-10 * math.log10(v + 1e-12) for v in solution_7_1(answers, weights))


# --- 7.2 the relativistic discriminator ---------------------------------------------


def solution_7_2(real, fake):
    r, f = real - fake.mean(), fake - real.mean()  # logits of D(x_r, x_f), D(x_f, x_r)
    one = F.logsigmoid(r).mean() + F.logsigmoid(-f).mean()
    other = F.logsigmoid(f).mean() + F.logsigmoid(-r).mean()
    return -one / 2, -other / 2


def _logits(seed, shape, shift=0.0):
    g = torch.Generator().manual_seed(seed)
    real = 2 * torch.randn(shape, generator=g) + shift
    return real, torch.randn(shape, generator=g) - 1


def check_7_2(fn):
    zero = torch.zeros(4, 1)
    got = fn(zero, zero)
    if not isinstance(got, tuple | list) or len(got) != 2:
        close(got, (0.0, 0.0), "the result")
    close(got, solution_7_2(zero, zero), "with all logits zero, the result")
    for seed, shape in ((1, (5, 1)), (2, (2, 1, 3, 4))):
        real, fake = _logits(seed, shape)
        want = solution_7_2(real, fake)
        got = fn(real, fake)
        for side, a, b in zip(("discriminator", "generator"), got, want, strict=True):
            close(a, b, f"with logits of shape {shape}, the {side}'s loss")
    for shift in (200.0, -200.0):
        real, fake = _logits(3, (6, 1), shift=shift)
        got = fn(real, fake)
        close(got, solution_7_2(real, fake), f"with logits of {shift:g}, the result")
    real, fake = (one.requires_grad_() for one in _logits(4, (5, 1)))
    got = _gradient(fn, real, fake, "generator", "made")
    want = _gradient(solution_7_2, real, fake, "generator", "made")
    try:
        close(got, want, "the gradient of the generator's loss for the made logits")
    except Differs as error:
        raise Differs(f"{error} Is a part detached, such as a mean?") from None
    for kind in ("made", "real"):  # its means may be detached, as often done
        got = _gradient(fn, real, fake, "discriminator", kind)
        right = [
            _gradient(one, real, fake, "discriminator", kind)
            for one in (solution_7_2, _means_detached)
        ]
        if not any(torch.allclose(got, want, 1e-3, 1e-6) for want in right):
            raise Differs(
                f"the discriminator's loss is right, its gradient for the {kind} "
                "logits is not: is a part detached, in one of the two terms?"
            )
    for shift in (200.0, -200.0):
        real, fake = (one.requires_grad_() for one in _logits(3, (6, 1), shift=shift))
        want = _gradient(solution_7_2, real, fake, "generator", "made")
        got = _gradient(fn, real, fake, "generator", "made")
        close(got, want, f"with logits of {shift:g}, the generator's gradient")
    return (
        "About half of the generator's pull comes from the term of the real pictures: "
        "that is the change."
    )


def _means_detached(real, fake):  # a right answer for the discriminator
    r, f = real - fake.mean().detach(), fake - real.mean().detach()
    d = (F.softplus(-r).mean() + F.softplus(f).mean()) / 2
    return d, solution_7_2(real, fake)[1]


def _gradient(fn, real, fake, side, kind):
    """How the loss of one side pulls at the real or the made logits."""
    loss = fn(real, fake)[side == "generator"]
    got = None
    if isinstance(loss, torch.Tensor) and loss.requires_grad:
        logits = fake if kind == "made" else real
        (got,) = torch.autograd.grad(loss, logits, allow_unused=True)
    if got is None:
        raise Differs(
            f"the {side}'s loss has no gradient for the {kind} logits: return tensors, "
            f"not numbers, and do not detach the {kind} logits."
        )
    return got


def _each_alone(real, fake):  # the vanilla loss
    d = (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2
    return d, F.softplus(-fake).mean()


def _one_sided(real, fake):  # the generator's first term left out
    d, _ = solution_7_2(real, fake)
    return d, F.softplus(-(fake - real.mean())).mean()


def _exchanged(real, fake):
    return solution_7_2(real, fake)[::-1]


def _logs_of_sigmoids(real, fake):  # log(0) for large logits
    r = torch.sigmoid(real - fake.mean())
    f = torch.sigmoid(fake - real.mean())
    d = -(r.log().mean() + (1 - f).log().mean()) / 2
    g = -(f.log().mean() + (1 - r).log().mean()) / 2
    return d, g


def _own_mean(real, fake):  # subtracts the mean of its own side
    r, f = real - real.mean(), fake - fake.mean()
    d = (F.softplus(-r).mean() + F.softplus(f).mean()) / 2
    return d, (F.softplus(-f).mean() + F.softplus(r).mean()) / 2


def _mean_detached(real, fake):
    r, f = real - fake.mean().detach(), fake - real.mean()
    d = (F.softplus(-r).mean() + F.softplus(f).mean()) / 2
    return d, (F.softplus(-f).mean() + F.softplus(r).mean()) / 2


def _fakes_detached(real, fake):  # the discriminator would never learn from them
    return solution_7_2(real, fake.detach())[0], solution_7_2(real, fake)[1]


def _log_in_one(real, fake):  # log(0) for the discriminator alone
    r = torch.sigmoid(real - fake.mean())
    f = torch.sigmoid(fake - real.mean())
    d = -(r.log().mean() + (1 - f).log().mean()) / 2
    return d, solution_7_2(real, fake)[1]


def _judged_detached(real, fake):  # in one term; the other keeps a gradient
    d = F.softplus(fake.mean() - real).mean()
    d = d + F.softplus(fake.detach() - real.mean()).mean()
    return d / 2, solution_7_2(real, fake)[1]


def _real_detached(real, fake):
    d = F.softplus(fake.mean() - real.detach()).mean()
    d = d + F.softplus(fake - real.mean()).mean()
    return d / 2, solution_7_2(real, fake)[1]


def _endless_slope(real, fake):  # finite, but its gradient is 0 times infinity
    def soft(x):
        return torch.where(x > 50, x, torch.log1p(x.exp())).mean()

    r, f = real - fake.mean(), fake - real.mean()
    return (soft(-r) + soft(f)) / 2, (soft(-f) + soft(r)) / 2


def _numbers(real, fake):
    return tuple(loss.item() for loss in solution_7_2(real, fake))


# --- 7.3 network interpolation ------------------------------------------------------


def solution_7_3(psnr, gan, alpha):
    return {
        name: (1 - alpha) * a + alpha * gan[name] if a.is_floating_point() else a
        for name, a in psnr.items()
    }


def _two_nets():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        nets = [models.SRResNet(2, width=4, blocks=1) for _ in range(2)]
        for net in nets:
            for buffer in net.buffers():
                if buffer.is_floating_point():
                    buffer.uniform_(0.5, 2)
    nets[1].body[1].num_batches_tracked += 5
    return tuple(net.state_dict() for net in nets)


def _two_dicts():
    """Other names, shapes and precisions than those of an SRResNet, in two orders."""
    g = torch.Generator().manual_seed(73)
    first, second = (
        {
            "gain": torch.rand((), generator=g),
            "mean": torch.rand(3, generator=g, dtype=torch.float64),
            "batches": torch.tensor([seen, seen + 1]),
            "places": torch.tensor([seen, seen], dtype=torch.int32),
        }
        for seen in (2, 7)
    )
    return first, dict(reversed(second.items()))


def check_7_3(fn):
    _blends(fn, *_two_nets())
    try:
        _blends(fn, *_two_dicts())
    except (RuntimeError, KeyError) as error:
        raise Differs(
            "SRResNet's state dicts are right; two of other names, counts and shapes, "
            "the second in another order, are an error. Go by the names that you get."
        ) from error
    return "One line of arithmetic, and the two nets become a family of nets."


def _blends(fn, psnr, gan):
    kept = [{k: v.clone() for k, v in one.items()} for one in (psnr, gan)]
    for alpha in (0.0, 1.0, 0.3):
        got = fn(psnr, gan, alpha)
        for before, after in zip(kept, (psnr, gan), strict=True):
            if any(not torch.equal(before[k], after[k]) for k in before):
                raise Differs(
                    "a state dict that was given has changed: make new tensors."
                )
        if not isinstance(got, dict):
            raise Differs(f"the result is {describe(got)}; it should be a dict.")
        if got is psnr or got is gan:
            raise Differs("the result is a dict that was given; return a new one.")
        if set(got) != set(psnr):
            raise Differs(
                f"the result has {len(got)} tensors, the nets have {len(psnr)}, or "
                "the names differ."
            )
        want = solution_7_3(psnr, gan, alpha)
        for name, tensor in want.items():
            if not tensor.is_floating_point():
                _whole(got[name], tensor, name)
                continue
            close(got[name], tensor, f"with `alpha = {alpha:g}`, `{name}`", atol=1e-5)
            if getattr(got[name], "dtype", None) != tensor.dtype:
                raise Differs(
                    f"`{name}` is {describe(got[name])}: keep the kind that it had, "
                    f"{tensor.dtype}."
                )


def _whole(value, tensor, name):
    if not isinstance(value, torch.Tensor) or value.dtype != tensor.dtype:
        raise Differs(f"`{name}` holds whole numbers, a count of batches: keep it so.")
    if not torch.equal(value, tensor):
        raise Differs(
            f"`{name}` holds whole numbers, a count of batches: it should be the first "
            "net's."
        )


def _turned_round(psnr, gan, alpha):
    return solution_7_3(gan, psnr, alpha)


def _weights_only(psnr, gan, alpha):  # forgets biases and statistics
    return {
        name: (1 - alpha) * a + alpha * gan[name] if name.endswith("weight") else a
        for name, a in psnr.items()
    }


def _counts_too(psnr, gan, alpha):
    return {name: (1 - alpha) * a + alpha * gan[name] for name, a in psnr.items()}


def _counts_of_second(psnr, gan, alpha):
    mixed = solution_7_3(psnr, gan, alpha)
    return {n: a if a.is_floating_point() else gan[n] for n, a in mixed.items()}


def _counts_by_name(psnr, gan, alpha):
    return {
        name: a if "num_batches" in name else (1 - alpha) * a + alpha * gan[name]
        for name, a in psnr.items()
    }


def _single_numbers_kept(psnr, gan, alpha):
    return {
        name: (1 - alpha) * a + alpha * gan[name] if a.ndim else a
        for name, a in psnr.items()
    }


def _one_precision(psnr, gan, alpha):
    return {
        name: (1 - alpha) * a + alpha * gan[name] if a.dtype == torch.float32 else a
        for name, a in psnr.items()
    }


def _in_single_precision(psnr, gan, alpha):
    mixed = solution_7_3(psnr, gan, alpha)
    return {n: a.float() if a.is_floating_point() else a for n, a in mixed.items()}


def _by_order(psnr, gan, alpha):
    return {
        name: a.lerp(b, alpha) if a.is_floating_point() else a
        for (name, a), b in zip(psnr.items(), gan.values(), strict=True)
    }


def _first_itself(psnr, gan, alpha):
    return solution_7_3(psnr, gan, alpha) if alpha else psnr


def _sum_of_both(psnr, gan, alpha):
    return {
        name: a + alpha * gan[name] if a.is_floating_point() else a
        for name, a in psnr.items()
    }


def _in_place(psnr, gan, alpha):
    for name, a in psnr.items():
        if a.is_floating_point():
            a.lerp_(gan[name], alpha)
    return psnr


EXERCISES = {
    "7.1": Exercise(
        title="What an honest guess costs",
        check=check_7_1,
        hints=(
            "There are two sums. In both, the truth is answer i with weight w_i. In "
            "the first the guess is the weighted mean, in the second it is answer j "
            "with weight w_j, whatever the truth is.",
            "The second is a double sum over i and j, weighted by w_i times w_j. The "
            "case i = j belongs to it: the guess was right, its error is 0.",
            "`answers[:, None] - answers[None]` has the shape (N, N, 1, h, w): all "
            "differences at once. Square it, take the mean over the last three axes, "
            "multiply by `weights[:, None] * weights[None]`, and add up.",
        ),
        solution=solution_7_1,
    ),
    "7.2": Exercise(
        title="The relativistic discriminator",
        check=check_7_2,
        hints=(
            "A logit is compared with the mean logit of the other side: "
            "`real - fake.mean()` for the real ones, `fake - real.mean()` for the "
            "fake ones.",
            "The discriminator wants the first high and the second low; the generator "
            "wants the opposite of both. So each loss has two terms; take half of "
            "their sum.",
            "-log(sigmoid(z)) is `F.softplus(-z)`, and -log(1 - sigmoid(z)) is "
            "`F.softplus(z)`. They stay finite where the logarithm of a sigmoid does "
            "not. Do not detach the made logits or their mean.",
        ),
        solution=solution_7_2,
    ),
    "7.3": Exercise(
        title="Network interpolation",
        check=check_7_3,
        hints=(
            "A state dict is a dict from names to tensors. Both have the same names. "
            "Make a third dict.",
            "Each tensor of floating-point numbers becomes (1 - alpha) times the first "
            "plus alpha times the second: weights, biases, and the statistics of "
            "norms.",
            "`tensor.is_floating_point()` tells numbers from counts. A count of "
            "batches is kept as the first net has it.",
        ),
        solution=solution_7_3,
    ),
}

WRONG = {
    "7.1": [
        _unweighted_mean,
        _sums,
        _twelve_pixels,
        _weights_rescaled,
        _different_only,
        _best_answer,
        _decibel,
    ],
    "7.2": [
        _each_alone,
        _one_sided,
        _exchanged,
        _logs_of_sigmoids,
        _own_mean,
        _mean_detached,
        _fakes_detached,
        _log_in_one,
        _judged_detached,
        _real_detached,
        _endless_slope,
        _numbers,
    ],
    "7.3": [
        _turned_round,
        _weights_only,
        _counts_too,
        _counts_of_second,
        _counts_by_name,
        _single_numbers_kept,
        _one_precision,
        _in_single_precision,
        _by_order,
        _first_itself,
        _sum_of_both,
        _in_place,
    ],
}

ASKS = {
    "7.a": Ask(
        "Both answers are equally probable. A network is trained for the squared "
        "error, on thousands of such patches. What does it draw for this small patch?",
        "The mean of the two: a line of two pixels at half of the brightness. It is "
        "never right, and no other answer has a smaller expected squared error.",
    ),
    "7.b": Ask(
        "The generator gets the squared error and the judge's word. The judge has "
        "never seen two half-bright columns side by side. What will the generator "
        "draw, and how will its squared error compare with the mean's?",
        "One bright line, in column 5 or 6. It is wrong half of the time, and its "
        "expected squared error rises, to twice the mean's for a line of full "
        "brightness.",
    ),
    "7.c": Ask(
        "A photograph is shifted by a pixel; or it is shrunk four times and enlarged "
        "again. Which result has the larger squared error of pixels, and which would "
        "you call worse?",
        "The shifted one has the larger error, by a third on our photographs. Most "
        "people see only the blur. The next table says what features make of it.",
    ),
    "7.d": Ask(
        "After an hour of training the judge gives real pictures 1.00 and made ones "
        "0.00. Is that good news?",
        "For the judge. The generator's pictures are told apart without fail, and its "
        "gradients say little about how to improve. Whether the pictures are any good "
        "is another question: look at them.",
    ),
    "7.e": Ask(
        "Four trained nets, two with norms and two without, meet a picture of a "
        "quarter of the contrast. Do those with norms lose more?",
        "Notebook 05 found that in use norms are constants, so they need not. The "
        "table has PSNR and sharpness, each against the same net at full contrast.",
    ),
    "7.f": Ask(
        "A ReLU sets negative features to zero. If a loss compares only what is left, "
        "what can a generator change without being noticed?",
        "Everything that moves features that are zero and stay below zero: as far as "
        "the loss is concerned they do not exist. A shift of brightness or colour can "
        "hide there.",
    ),
    "7.g": Ask(
        "Half the weights of the pixel-trained net plus half of the GAN's. Is that a "
        "sensible net, or noise? And would it be, with two nets that were trained "
        "apart?",
        "It is sensible here, because the GAN began with the other net's weights; only "
        "its brightness is a little off, as the next table shows. Two nets trained "
        "apart order their features differently; the mean of their weights means "
        "nothing.",
    ),
    "7.h": Ask(
        "PSNR prefers the pixel-trained net. Will a measure that was fitted to "
        "people's opinions prefer the GAN?",
        "Not of necessity. These measures were fitted to blur, noise and JPEG, not to "
        "invented texture, and all of them compare with the original. Read the table "
        "column by column.",
    ),
}

QUIZ = [
    Question(
        "A small picture fits several large ones. The expected squared error is least "
        "for",
        (
            "the most probable of them",
            "their mean, weighted by their probabilities",
            "any of them",
        ),
        "b",
        "Whatever the pictures are. The most probable one is best for another loss "
        "(right or wrong), a median for the absolute error.",
    ),
    Question(
        "A method draws one of the answers at random, with the right probabilities. "
        "Against the mean, its PSNR is",
        ("equal", "3 dB lower", "10 dB lower"),
        "b",
        "Twice the squared error: the guess and the truth each miss the mean.",
    ),
    Question(
        "Why is -log D used for the generator, not log(1 - D)?",
        (
            "its gradient does not vanish when the judge is sure",
            "it is symmetric",
            "it keeps pictures in [0, 1]",
        ),
        "a",
        "With the printed form a generator that is far behind learns nothing.",
    ),
    Question(
        "In a training run the judge gives real pictures 0.51 and made ones 0.50, from "
        "the first step to the last. The likeliest reading is",
        (
            "the generator is perfect",
            "the judge has won",
            "the judge does not learn",
        ),
        "c",
        "A perfect generator gives the same numbers, but not from the first step.",
    ),
    Question(
        "The relativistic average discriminator compares",
        (
            "a picture's logit with the mean logit of the other kind",
            "two generators",
            "a picture with its own small version",
        ),
        "a",
        "So a constant added to all logits changes nothing.",
    ),
    Question(
        "ESRGAN's generator has no batch normalisation. What keeps it from diverging?",
        (
            "a sigmoid at the end",
            "residual scaling and small first weights",
            "gradient clipping",
        ),
        "b",
        "beta is 0.2, and He's weights are multiplied by 0.1.",
    ),
    Question(
        "Network interpolation needs two nets that",
        (
            "have one layout, and one of which began as the other",
            "have the same PSNR",
            "have no batch normalisation",
        ),
        "a",
        "With norms it works as well: exercise 7.3 mixes their statistics too.",
    ),
    Question(
        "A number plate, four times enlarged by a GAN, is sharp and legible. You may "
        "conclude that",
        (
            "these are the digits",
            "these digits look real, and others may fit the small picture as well",
            "the measure of sharpness is high, so the digits are probable",
        ),
        "b",
        "The generator draws an answer that looks real; nothing makes it right. It "
        "need not even fit the small picture well: section 7 measured that.",
    ),
]
