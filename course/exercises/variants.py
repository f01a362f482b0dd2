# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Quiz questions with numbers of their own for each seed; srlab.classroom.variants."""

from math import log10

from srlab.classroom.variants import numeric


def bits_per_pixel(rng):
    wide, high = rng.choice((400, 500, 640)), rng.choice((300, 400, 480))
    size = rng.choice((6_000, 12_000, 24_000, 36_000))
    bpp = 8 * size / (wide * high)
    return numeric(
        rng,
        f"A file of {size:,} bytes holds a picture of {wide} x {high} pixels. How many "
        "bits per pixel is that?",
        f"{bpp:.2f}",
        (f"{bpp / 8:.2f}", f"{bpp / 3:.2f}", f"{bpp * 3:.2f}"),
        f"8 x {size:,} bits over {wide * high:,} pixels.",
    )


def share_of_pixels(rng):
    k = rng.choice((2, 3, 5, 6, 8))
    return numeric(
        rng,
        f"Super-resolution x{k} makes an image {k} times as wide and as high. What "
        "share of its pixels was in the input?",
        f"1/{k * k}",
        (f"1/{k}", f"1/{2 * k + 1}", f"1/{k**3}"),
        f"Both sides grow {k} times, so the pixels grow {k * k} times.",
    )


def psnr_of_offset(rng):
    offset = rng.choice((0.01, 0.02, 0.05, 0.2))
    psnr = -20 * log10(offset)
    return numeric(
        rng,
        f"All pixels of a picture are too bright by {offset}, and none is clipped. "
        "What is its PSNR?",
        f"{psnr:.1f} dB",
        (f"{psnr / 2:.1f} dB", f"{psnr + 10:.1f} dB", f"{psnr - 6:.1f} dB"),
        f"The MSE is {offset} squared; ten logarithms of one over it are {psnr:.1f}.",
    )


def scaled_errors(rng):
    k = rng.choice((3, 4, 5, 10))
    rise = 20 * log10(k)
    return numeric(
        rng,
        f"Every error of a picture becomes {k} times smaller. Its PSNR rises by",
        f"{rise:.2f} dB",
        (f"{rise / 2:.2f} dB", f"{k}.00 dB", f"{2 * rise:.2f} dB"),
        f"The MSE falls {k * k} times, and ten logarithms of {k * k} are {rise:.2f}.",
    )


def alias(rng):
    part = rng.choice((30, 35, 45))  # hundredths of a cycle per pixel
    seen = 100 - 2 * part
    return numeric(
        rng,
        f"A wave of 0.{part} cycles per pixel; every second pixel is kept. In the "
        "small image it has, in cycles per pixel,",
        f"{seen / 100:.2f}",
        (f"{part / 200:.3f}", f"{2 * part / 100:.2f}", f"{part / 100 - 0.25:.2f}"),
        f"{2 * part / 100:.2f} is above 1/2, the fastest that samples can show; it "
        f"looks like 1 - {2 * part / 100:.2f}.",
    )


def weights_of_a_layer(rng):
    maps, side = rng.choice((16, 24, 48, 64)), rng.choice((3, 5, 7))
    count = maps * side * side + 1
    return numeric(
        rng,
        f"A layer reads {maps} maps and makes 1, with a {side} x {side} kernel. Its "
        "weights and bias are",
        f"{count:,} numbers",
        (f"{side * side + 1} numbers", f"{count - 1 + maps:,} numbers"),
        f"One filter with {maps} tables of {side * side} weights, and one bias.",
    )


def channels_of_espcn(rng):
    k, colours = rng.choice((2, 3, 4)), rng.choice((1, 3))
    picture = "one luma channel" if colours == 1 else "an RGB picture"
    return numeric(
        rng,
        f"ESPCN's last layer at x{k} has how many output channels, for {picture}?",
        str(k * k * colours),
        (str(k * colours), str(k**3 * colours), str(k * k * (4 - colours))),
        f"{colours} for each place in the {k} x {k} block that a small pixel becomes.",
    )


def cost_of_enlarging(rng):
    k = rng.choice((2, 3, 6, 8))
    return numeric(
        rng,
        f"The same convolution layer on a picture enlarged by {k} costs",
        f"{k * k} times",
        (f"{k} times", f"{2 * k + 1} times", f"{k**3} times"),
        f"{k} times as many pixels in each direction, and each weight visits every "
        "pixel once.",
    )


def cost_of_attention(rng):
    k = rng.choice((2, 3, 4))
    return numeric(
        rng,
        f"A picture with {k} times the height and {k} times the width: attention over "
        "the whole picture costs, for its products,",
        f"{k**4} times as much",
        (f"{k**2} times as much", f"{k**3} times as much"),
        f"{k * k} times the tokens, and each meets {k * k} times as many. In windows "
        f"it would be {k * k} times.",
    )


def averaged_noise(rng):
    k = rng.choice((2, 3, 5))
    return numeric(
        rng,
        f"Noise is added, then the picture is shrunk to 1/{k} of its width and height "
        "by area. What is left of the noise's deviation?",
        f"1/{k}",
        ("all of it", f"1/{k * k}", f"1/{2 * k}"),
        f"{k * k} independent values are averaged: the variance falls to 1/{k * k}, "
        f"the deviation to 1/{k}.",
    )


def detector(rng):
    made, per = rng.choice(((50, 100), (200, 100), (20, 50), (400, 50)))
    found, falsely = made * (per - 1) / per, (10_000 - made) / per
    share = 100 * found / (found + falsely)
    return numeric(
        rng,
        f"A detector is right on {per - 1} of {per}, real or made. Of 10,000 "
        f"photographs {made} are made. Among those that it removes are made",
        f"{share:.0f} %",
        (f"{100 - 100 / per:.0f} %", f"{100 / per:.0f} %", f"{share / 2:.0f} %"),
        f"It removes {found:.0f} made ones, and {falsely:.0f} of the real ones.",
    )


# Notebook -> {how the question of its QUIZ begins: maker}
VARIANTS = {
    "00": {
        "A file of 20,000 bytes": bits_per_pixel,
        "Super-resolution x4": share_of_pixels,
    },
    "01": {"All pixels of a picture": psnr_of_offset, "Every error": scaled_errors},
    "02": {"A wave of 0.3 cycles": alias},
    "03": {"A layer reads 32 maps": weights_of_a_layer},
    "04": {"ESPCN's last layer": channels_of_espcn, "The same conv": cost_of_enlarging},
    "06": {"A picture with twice": cost_of_attention},
    "08": {"Noise is added": averaged_noise},
    "18": {"A detector is right": detector},
}
