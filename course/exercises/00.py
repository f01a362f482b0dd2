# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Notebook 00, start here: exercises, quiz and questions to the room."""

from numbers import Integral, Real

import numpy as np
import torch

import srlab
from srlab.classroom import Ask, Differs, Exercise, Question
from srlab.codecs import JPEG


def _plain(value):
    """Numbers of numpy and torch as Python's: a right answer may be of any type."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.item() if value.size == 1 else value.tolist()
    return value


def _pair(got, case, names):
    """The student's two numbers; Differs if they are not two, or not numbers."""
    got = _plain(got)
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        raise Differs(f"for {case} return two numbers: {names[0]}, then {names[1]}.")
    pair = [_plain(value) for value in got]
    for name, value in zip(names, pair, strict=True):
        if not isinstance(value, Real):
            raise Differs(
                f"for {case} the {name} should be a number; you return a "
                f"{type(value).__name__}."
            )
    return pair


# --- exercise 0.1: cut a window -----------------------------------------------------


def crop(image, top, left, height, width):
    return image[..., top : top + height, left : left + width]


def _ruler(batch, channels, height, width):
    """An image in which no two rows, columns, channels or batch entries are equal."""
    count = batch * channels * height * width
    return torch.linspace(0, 1, count).reshape(batch, channels, height, width)


def check_0_1(student):
    cases = (
        (_ruler(1, 3, 40, 60), (5, 20, 12, 30)),
        (_ruler(1, 1, 31, 23), (0, 0, 31, 23)),
        (_ruler(2, 3, 17, 50), (16, 44, 1, 6)),
    )
    for image, window in cases:
        got = student(image, *window)
        want = crop(image, *window)
        case = f"an image {tuple(image.shape)} and the window {window}"
        if got is None:
            raise Differs("you return None: does your function end with `return`?")
        if not isinstance(got, torch.Tensor):
            raise Differs(
                f"for {case} you return a {type(got).__name__}; an image is a tensor."
            )
        if got.ndim != 4:
            raise Differs(
                f"for {case} your result has {got.ndim} dimensions; "
                "a window of an image is an image, so it has four."
            )
        if got.shape[:2] != image.shape[:2]:
            raise Differs(
                f"for {case} your result has the shape {tuple(got.shape)}: the cut "
                "went through the batch or the channels; leave these two whole."
            )
        if got.shape != want.shape:
            raise Differs(
                f"for {case} your result has the shape {tuple(got.shape)}; "
                "its last two sizes are not the height and the width asked for."
            )
        if not torch.equal(got, want):
            raise Differs(
                f"for {case} the size is right, but these are other pixels: look at "
                "where your window begins."
            )
    return "Rows come before columns: the window (top, left) is (y, x), not (x, y)."


# --- exercise 0.2: what does this file cost? ----------------------------------------


def cost(data, image):
    _, channels, height, width = image.shape
    bpp = 8 * len(data) / (height * width)
    ratio = channels * height * width / len(data)
    return bpp, ratio


def check_0_2(student):
    cases = (
        (bytes(1000), torch.zeros(1, 3, 100, 200)),
        (bytes(777), torch.zeros(1, 1, 30, 50)),
        (bytes(2500), torch.zeros(1, 3, 41, 37)),
    )
    for data, image in cases:
        case = f"{len(data)} bytes and an image {tuple(image.shape)}"
        names = ("bits per pixel", "ratio")
        got = _pair(student(data, image), case, names)
        for name, a, b in zip(names, got, cost(data, image), strict=True):
            if not abs(a - b) <= 1e-3 * b:
                whole = "yours is cut to a whole number"
                said = whole if a == b // 1 else _clue(name, a / b)
                raise Differs(f"for {case} the {name} differs; {said}.")
    return (
        "Always count the pixels of the original, even when a codec stores a smaller "
        "picture inside: else nobody can compare two codecs."
    )


def _clue(name, factor):
    """What the size of the error may come from; never the value that is missing."""
    if abs(factor - 1 / 8) < 1e-3 or abs(factor - 8) < 1e-2:
        return "one is counted in bits and the other in bytes"
    if name == "ratio" and abs(factor - 4) < 1e-2:
        return "raw is one byte a number, whatever torch needs in memory"
    if name == "bits per pixel" and abs(factor - 1 / 3) < 1e-2:
        return "a colour pixel is one pixel, though it holds three numbers"
    if name == "ratio" and abs(factor - 3) < 1e-2:
        return "a grey pixel holds one number, not three"
    return "yours is too large" if factor > 1 else "yours is too small"


# --- exercise 0.3: the best quality for a budget ------------------------------------


def quality_for(image, budget):
    best = None
    for quality in range(1, 96):
        if len(srlab.codecs.JPEG(quality).encode(image)) <= budget:
            best = quality
    return best


def check_0_3(student):
    image = srlab.imresize(srlab.photo("chelsea"), scale=1 / 4)
    sizes = {q: len(JPEG(q).encode(image)) for q in range(1, 96)}
    for budget in (1500, 3000, sizes[50], sizes[95] + 5000):
        got = _plain(student(image, budget))
        case = f"the cat at a quarter of its size and {budget} bytes"
        if isinstance(got, bool) or not isinstance(got, Integral):
            raise Differs(f"for {case} you return {got!r}; quality is a whole number.")
        if got not in sizes:
            raise Differs(f"for {case} you return {got}, outside 1..95.")
        if sizes[got] > budget:
            raise Differs(
                f"for {case} your quality {got} makes {sizes[got]} bytes: too many."
            )
        if got < 95 and sizes[got + 1] <= budget:
            raise Differs(
                f"for {case} your quality {got} makes {sizes[got]} bytes, "
                "and a higher quality would still fit."
            )
    got = student(image, 50)
    if got is not None:
        raise Differs(
            f"for a budget of 50 bytes no quality fits, and you return {got!r}."
        )
    return (
        "Most codecs are driven by a quality, not by a size; every fair comparison in "
        "this course contains such a search."
    )


# --- exercise 0.4: shrink first, or not? --------------------------------------------


def two_ways(image, budget):
    # with a quality_for that works: yours, or the solution of 0.3
    codec = srlab.codecs.JPEG(quality_for(image, budget))
    plain = srlab.metrics.psnr(codec.decode(codec.encode(image)), image)

    small = srlab.imresize(image, scale=1 / 2)
    codec = srlab.codecs.JPEG(quality_for(small, budget))
    decoded = codec.decode(codec.encode(small))
    enlarged = srlab.imresize(decoded, scale=2).clamp(0, 1)
    return plain, srlab.metrics.psnr(enlarged, image)


def check_0_4(student):
    image = srlab.photo("astronaut")[..., 0:160, 140:300]
    for budget in (1300, 2500):
        case = f"the astronaut's head and {budget} bytes"
        names = ("PSNR of plain JPEG", "PSNR of shrinking first")
        got = _pair(student(image, budget), case, names)
        for name, a, b in zip(names, got, two_ways(image, budget), strict=True):
            if not abs(a - b) <= 0.05:
                size = "high" if a > b else "low"
                raise Differs(f"for {case} the {name} should not be so {size}.")
    return "At few bytes it pays to shrink first, at many it does not: see notebook 19."


# --- what a student types wrongly; each must be refused ------------------------------


def _columns_first(image, top, left, height, width):
    return image[..., left : left + width, top : top + height]


def _end_not_length(image, top, left, height, width):
    return image[..., top:height, left:width]


def _lost_batch(image, top, left, height, width):
    return image[0, :, top : top + height, left : left + width]


def _first_axes(image, top, left, height, width):
    return image[top : top + height, left : left + width]


def _inclusive_end(image, top, left, height, width):
    return image[..., top : top + height + 1, left : left + width + 1]


def _from_the_corner(image, top, left, height, width):
    return image[..., :height, :width]


def _bytes_per_pixel(data, image):
    bpp, ratio = cost(data, image)
    return bpp / 8, ratio


def _per_number(data, image):
    return 8 * len(data) / image.numel(), image.numel() / len(data)


def _upside_down(data, image):
    bpp, ratio = cost(data, image)
    return bpp, 1 / ratio


def _always_colour(data, image):
    bpp, _ = cost(data, image)
    return bpp, 24 / bpp


def _whole_numbers(data, image):
    bpp, ratio = cost(data, image)
    return int(bpp), int(ratio)


def _swapped(data, image):
    return cost(data, image)[::-1]


def _first_that_fits(image, budget):
    for quality in range(1, 96):
        if len(JPEG(quality).encode(image)) <= budget:
            return quality


def _one_too_high(image, budget):
    for quality in range(1, 96):
        if len(JPEG(quality).encode(image)) > budget:
            return quality
    return 95


def _never_none(image, budget):
    return quality_for(image, budget) or 1


def _tens_only(image, budget):
    fits = [q for q in range(10, 91, 10) if len(JPEG(q).encode(image)) <= budget]
    return max(fits) if fits else None


def _not_enlarged_well(image, budget):
    plain, _ = two_ways(image, budget)
    small = srlab.imresize(image, scale=1 / 2)
    quality = quality_for(small, budget)
    decoded = JPEG(quality).decode(JPEG(quality).encode(small))
    nearest = srlab.imresize(decoded, scale=2, kernel="nearest")
    return plain, srlab.metrics.psnr(nearest, image)


def _same_quality(image, budget):
    plain, _ = two_ways(image, budget)
    quality = quality_for(image, budget)
    small = srlab.imresize(image, scale=1 / 2)
    decoded = JPEG(quality).decode(JPEG(quality).encode(small))
    enlarged = srlab.imresize(decoded, scale=2).clamp(0, 1)
    return plain, srlab.metrics.psnr(enlarged, image)


def _other_order(image, budget):
    return two_ways(image, budget)[::-1]


WRONG = {
    "0.1": [
        _columns_first,
        _end_not_length,
        _lost_batch,
        _first_axes,
        _inclusive_end,
        _from_the_corner,
    ],
    "0.2": [
        _bytes_per_pixel,
        _per_number,
        _upside_down,
        _always_colour,
        _whole_numbers,
        _swapped,
    ],
    "0.3": [_first_that_fits, _one_too_high, _never_none, _tens_only],
    "0.4": [_not_enlarged_well, _same_quality, _other_order],
}

# --- hints ----------------------------------------------------------------------------

EXERCISES = {
    "0.1": Exercise(
        title="Cut a window out of an image",
        check=check_0_1,
        hints=(
            "An image has four dimensions (B, C, H, W). Which two does the window cut?",
            "A slice `a:b` takes a, a + 1, ... up to b - 1. You know the first row and "
            "how many rows you want: where does the slice end?",
            "`image[..., rows, columns]` leaves all dimensions before the last two "
            "alone; the rows are `top : top + height`.",
        ),
        solution=crop,
    ),
    "0.2": Exercise(
        title="Bits per pixel and compression ratio",
        check=check_0_2,
        hints=(
            "`len(data)` counts bytes. How many bits has a byte? And how many pixels "
            "has the image: look at its shape.",
            "Pixels are height times width, whatever the number of channels. The raw "
            "size is one byte for every number: there the channels do count.",
            "Start with `_, channels, height, width = image.shape`. Bits per pixel is "
            "bits over pixels; the ratio is raw bytes over `len(data)`.",
        ),
        solution=cost,
    ),
    "0.3": Exercise(
        title="The best JPEG quality for a budget of bytes",
        check=check_0_3,
        hints=(
            "There are only 95 qualities, and one encode takes milliseconds: you can "
            "afford to try them all.",
            "Keep the last quality whose file fits. What should come out when none "
            "did? Start from that value.",
            "`best = None`, then `for quality in range(1, 96):`; when "
            "`len(srlab.codecs.JPEG(quality).encode(image)) <= budget`, remember it.",
        ),
        solution=quality_for,
    ),
    "0.4": Exercise(
        title="Shrink first, or not?",
        check=check_0_4,
        hints=(
            "Begin with plain JPEG: which quality fits, and what is the PSNR of the "
            "decoded picture? The small picture needs a quality of its own, since it "
            "takes fewer bytes.",
            "For the second way: shrink to half with srlab.imresize, search the "
            "quality for the small picture, encode, decode, enlarge x2, compare with "
            "the original.",
            "`small = srlab.imresize(image, scale=1 / 2)`; "
            "`codec = srlab.codecs.JPEG(result_3.use(small, budget))`; "
            "`decoded = codec.decode(codec.encode(small))`; enlarge with "
            "`srlab.imresize(decoded, scale=2).clamp(0, 1)`; then `psnr`.",
        ),
        solution=two_ways,
    ),
}

# --- questions to the room ----------------------------------------------------------

ASKS = {
    "0.a": Ask(
        "The next photograph has 512 x 512 pixels. How many bytes does it take raw, "
        "one byte for each number? And how many times smaller is a JPEG file of the "
        "high quality 90?",
        "Raw: 512 x 512 x 3 = 786,432 bytes. At quality 90 JPEG is about twelve times "
        "smaller. The next cells count both.",
    ),
    "0.b": Ask(
        "On the round patch of the orange suit the letters are about five pixels high. "
        "We shrink each side by 4. Can the letters still be read? What share of all "
        "pixels is left?",
        "No: each letter is now about one pixel high. One sixteenth of the pixels is "
        "left: 4 times fewer columns and 4 times fewer rows.",
    ),
    "0.c": Ask(
        "Two of these four pieces were enlarged from 1/16 of the pixels. Which two?",
        "B and D. With the patch (C, D) everybody sees it. With the out-of-focus wall "
        "(A, B) it takes a close look: there was little fine detail to lose.",
    ),
    "0.d": Ask(
        "Where is the enlarged picture most wrong? Put in order: the face, the wall, "
        "the striped flag behind her, the sewn patch.",
        "Patch, face, flag, wall. Strong colours do not matter, but fast changes from "
        "pixel to pixel: letters, edges, hair. The flag is out of focus: its stripes "
        "were soft already.",
    ),
    "0.e": Ask(
        "JPEG at quality 10 spends about a third of a bit on a pixel. What will it "
        "give up first?",
        "Fine texture and fine colour. What is added instead is just as visible: the "
        "borders of 8 x 8 blocks, and ripples beside edges.",
    ),
    "0.f": Ask(
        "Same number of bytes, two ways: (1) a JPEG file of low quality; (2) shrink to "
        "half, JPEG of higher quality, enlarge again. Which comes closer to the "
        "original?",
        "It depends on the number of bytes. With very few bytes the second wins, with "
        "more the first. The curves below show where they cross.",
    ),
    "0.g": Ask(
        "A phone enlarges a face, and the result looks sharp and natural, but an "
        "eyelash stands where none was. Whom do we please: the pixels or the viewer?",
        "There is no answer for all uses. For a holiday picture please the viewer; for "
        "a licence plate or an X-ray the invented detail is an error. Notebooks 01 and "
        "07 come back to it.",
    ),
}

# --- quiz ---------------------------------------------------------------------------

QUIZ = [
    Question(
        "A colour photograph is 600 pixels wide and 400 high. What is its shape here?",
        options=("(1, 3, 600, 400)", "(1, 400, 600, 3)", "(1, 3, 400, 600)"),
        answer="c",
        why="Batch, channels, height, width: rows come before columns.",
    ),
    Question(
        "A file of 20,000 bytes holds a picture of 500 x 400 pixels. How many bits per "
        "pixel is that?",
        options=("0.1", "0.8", "0.27", "30"),
        answer="b",
        why="8 x 20,000 bits over 200,000 pixels; that each has three numbers does "
        "not matter here.",
    ),
    Question(
        "Super-resolution x4 makes an image four times as wide and as high. What share "
        "of its pixels was in the input?",
        options=("1/4", "1/8", "1/16"),
        answer="c",
        why="Both sides grow four times, so the pixels grow sixteen times.",
    ),
    Question(
        "What does bicubic interpolation add to a shrunk photograph?",
        options=(
            "Pixels, but no information about the scene",
            "The fine detail that the shrinking took away",
            "Nothing at all: it copies each pixel",
        ),
        answer="a",
        why="Each new pixel is a weighted sum of known ones: more numbers, no news.",
    ),
    Question(
        "At equal bytes, when did shrinking before JPEG come closer to the original?",
        options=("Always", "At very few bytes", "At many bytes", "Never"),
        answer="b",
        why="With few bytes JPEG breaks down, and half the size needs fewer; with many "
        "bytes the detail lost by shrinking is what counts.",
    ),
    Question(
        "Two results have the PSNR 30 dB and 27 dB against the same original. What do "
        "you know?",
        options=(
            "The first looks better to people",
            "The squared error of the second is about twice as large",
            "The first file is larger",
        ),
        answer="b",
        why="3 dB is a factor of two in mean squared error. How it looks to people is "
        "another question, and notebook 01 is about it.",
    ),
]
