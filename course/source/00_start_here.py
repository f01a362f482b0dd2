# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,slideshow,-all
#     formats: course///ipynb,course/source///py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 00 Start here
#
# Two ways to make a photograph small, and what comes back from each. In the middle it
# was shrunk to one sixteenth of its pixels and enlarged again. On the right it is a
# JPEG file eighty times smaller than the raw photograph. This course is about doing
# both better.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import srlab

original = srlab.photo("astronaut")
guessed = srlab.imresize(srlab.imresize(original, scale=1 / 4), scale=4)
jpeg = srlab.codecs.JPEG(quality=10)
srlab.show(
    {
        "original": original,
        "from 1/16 of the pixels": guessed,
        "JPEG, 80 times smaller": jpeg.decode(jpeg.encode(original)),
    },
    crop=(78, 180, 64, 64),
    height=256,
    alt="An astronaut's eyes and nose three times: sharp; blurred by shrinking and "
    "enlarging; with visible squares and false colours from strong JPEG compression.",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Open with this picture and no theory. Ask what is wrong with the second and with the
# third: people say "blurred" and "blocky" by themselves. These two words carry the
# course: one half removes the blur, the other half spends the bytes better, and in the
# last notebooks the two are put together.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - take any photograph, shrink it, enlarge it, compress it, and say what each step cost
#   in pixels, bytes and decibels;
# - name the four kinds of thing this course is made of: image, restorer, saliency,
#   codec;
# - handle an image as a torch tensor: shape, range, crop, channels, means, gradient;
# - use the course's own tools: checks, hints, solutions, quizzes, widgets, modes;
# - tell whether this machine is ready for the rest.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# You can read Python: functions, lists, loops. You need neither torch nor any image
# processing: in sections 1 and 2 read the text and the pictures, and pass over code
# that you cannot read yet; section 3 explains tensors. Run a cell with **Shift+Enter**,
# and run them from top to bottom.

# %% [markdown] slideshow={"slide_type": "-"}
# ## Time
#
# To run all cells, minutes on two CPU cores: 1, on one GPU: 1; no GPU is needed.
# To work through it with the exercises: an hour and a half.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import numpy as np
import pandas as pd
import torch
import srlab

run = srlab.setup("00")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Every notebook begins with such a cell. It fixes the random numbers, so that the
# figures here are the figures in the slides, and it reads the mode (section 4). If this
# cell fails, the installation is not complete: the README's "when something goes wrong"
# is the place to look.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 One photograph through the whole story
#
# We take one photograph, make it small in two ways, and look at what is lost. Section
# 1.8 does all of it again with a photograph of yours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.1 A photograph is numbers
#
# A photograph is a grid of *pixels*, and each holds three numbers: how much red, green
# and blue. A *JPEG* file keeps them in fewer bytes. Its *quality*, a number that you
# choose from 1 to 95, says how faithfully (the package takes up to 100; above 95 files
# only grow).

# %% slideshow={"slide_type": "-"}
srlab.ask("0.a")

# %% slideshow={"slide_type": "subslide"}
photo = srlab.photo("astronaut")
height, width = photo.shape[-2:]
raw_bytes = 3 * height * width  # one byte for each of red, green, blue
print(f"{width} x {height} pixels, {raw_bytes:,} bytes raw")
assert raw_bytes == 786_432
srlab.show(
    photo, height=160, alt="An astronaut in an orange suit, a flag behind her."
)

# %% [markdown] slideshow={"slide_type": "-"}
# A small picture, and already three quarters of a million numbers. The text below is
# about this photograph, and each `assert` stops the notebook if a number is not what
# the text says. Section 1.8 is for a photograph of yours.

# %% slideshow={"slide_type": "subslide"}
print(f"raw:              {raw_bytes:7,} bytes")
for quality in (90, 50, 10):
    data = srlab.codecs.JPEG(quality).encode(photo)
    times = raw_bytes / len(data)
    print(f"JPEG, quality {quality}: {len(data):7,} bytes, {times:2.0f} times smaller")
assert 79 < times < 82

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let people say a number before the cell is run, and write two or three on the board.
# A common slip for the raw size is to forget the three channels. These are real bytes:
# written to a file, any viewer would open them.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.2 Shrink it

# %% slideshow={"slide_type": "-"}
srlab.ask("0.b")

# %% slideshow={"slide_type": "fragment"}
small = srlab.imresize(photo, scale=1 / 4)
share = small.numel() / photo.numel()
print(f"{tuple(photo.shape)} -> {tuple(small.shape)}, {share:.4f} of the numbers")
assert share == 1 / 16

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same piece of the picture before and after. On the right every pixel is drawn as a
# square, four times as wide, so that you see how few there are: the letters on the
# patch are gone.

# %% slideshow={"slide_type": "-"}
srlab.show(
    {"512 x 512 pixels": photo, "128 x 128 pixels": small},
    crop=(344, 128, 48, 80),
    height=192,
    alt="Half of a round sewn patch: readable letters left, coarse squares right.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.3 Enlarge it again
#
# *Interpolation* puts pixels back by a fixed formula. *Nearest neighbour* repeats the
# closest pixel. *Bicubic* takes a weighted sum of the closest sixteen. Notebook 02
# derives both.

# %% slideshow={"slide_type": "-"}
nearest = srlab.imresize(small, scale=4, kernel="nearest")
bicubic = srlab.images.round8(srlab.imresize(small, scale=4))
srlab.show(
    {"nearest": nearest, "bicubic": bicubic},
    crop=(344, 128, 48, 80),
    height=192,
    alt="The patch enlarged: made of squares; smooth and blurred. Neither is readable.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# Bicubic looks far better than nearest. Neither brings the letters back.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Pull the line** from side to side (mouse, finger, or arrow keys): bicubic on the
# left, the original on the right. Watch the hair and the eyes; then watch the wall.

# %% slideshow={"slide_type": "-"}
srlab.compare(
    bicubic,
    photo,
    labels=("bicubic, from 1/16", "original"),
    crop=(70, 150, 48, 96),
    alt="Eyes, hair and a bit of wall: blurred on the left of a movable line, sharp on "
    "its right.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Move the glass** over the picture to see its pixels. This is the enlarged one:
# around the eyes there is only a soft mixture of colours.

# %% slideshow={"slide_type": "-"}
srlab.zoom(
    bicubic[..., 58:146, 160:248],
    factor=8,
    alt="The enlarged face with a movable magnifier that shows soft, mixed pixels.",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The comparison slider and the magnifier are plain HTML. They work in the notebook, in
# the slides and in an exported page, without a kernel and without a network. Give the
# room a minute to play with them; ask who can still read the patch.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("0.c")

# %% slideshow={"slide_type": "-"}
wall = (..., slice(48, 88), slice(317, 357))
patch = (..., slice(352, 392), slice(150, 190))
pieces = [picture[where] for where in (wall, patch) for picture in (photo, bicubic)]
srlab.show(
    dict(zip("ABCD", pieces, strict=True)),
    height=160,
    alt="Four pieces: A and B, an out-of-focus wall, look nearly alike; C shows a "
    "sharp patch, D a blurred one.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Super-resolution has little to do where a picture is smooth: on the wall only a little
# grain is missing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.4 Where is it wrong, and by how much?

# %% slideshow={"slide_type": "-"}
srlab.ask("0.d")

# %% slideshow={"slide_type": "subslide"}
error = (bicubic - photo).abs().mean(dim=1, keepdim=True)  # (1, 1, 512, 512)
srlab.show(
    {"error of bicubic, 4 times brighter": (4 * error).clamp(0, 1)},
    crop=(0, 0, 430, 430),
    height=180,
    alt="The error picture of the astronaut: bright lines along sharp edges, letters "
    "and hair; the flag is faint, the wall black.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# The *error picture*: black where the enlarged picture is right, bright where it is
# wrong. It draws sharp edges, letters and hair. The flag, out of focus, is faint for
# all its stripes and stars; the wall stays black.

# %% slideshow={"slide_type": "subslide"}
boxes = {  # rows from, to; columns from, to
    "patch": (345, 425, 128, 208),
    "face": (70, 150, 190, 255),
    "flag": (20, 200, 0, 45),
    "wall": (20, 110, 300, 370),
}
mean_error = {}
for name, (top, bottom, left, right) in boxes.items():
    mean_error[name] = 255 * error[..., top:bottom, left:right].mean().item()
    print(f"{name}: wrong by {mean_error[name]:4.1f} of 255 on average")
assert list(mean_error.values()) == sorted(mean_error.values(), reverse=True)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One number for the whole picture is the *PSNR*, in decibels: the higher, the closer to
# the original. What it is, where it misleads, and why you must say how you measured it
# is the subject of [notebook 01](01_images_and_metrics.ipynb). Until then: 3 dB more is
# half the squared error.

# %% slideshow={"slide_type": "-"}
psnr = srlab.metrics.psnr
for name, picture in {"nearest": nearest, "bicubic": bicubic}.items():
    print(f"{name}: {psnr(picture, photo):.2f} dB")
assert 23 < psnr(nearest, photo) < 23.6 < 25.1 < psnr(bicubic, photo) < 25.7

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Keep this short: PSNR is used here as a thermometer that has not been explained yet.
# The numbers are of RGB values over the whole picture. The papers measure luma and cut
# the border, so their numbers for the same picture are different, usually higher.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.5 Compress it
#
# A *codec* turns the picture into bytes and back. We keep all pixels this time and
# spend fewer bits on them. The *rate* is counted in *bits per pixel* (bpp): 8 times the
# bytes of the file, divided by the number of pixels. Raw, that is 24. In the table,
# *4:2:0* says that JPEG kept the colours at half the width and half the height, and
# only the brightness at every pixel.

# %% slideshow={"slide_type": "-"}
srlab.ask("0.e")

# %% slideshow={"slide_type": "subslide"}
rows, decoded = [], {}
for quality in (75, 30, 10):
    codec = srlab.codecs.JPEG(quality)
    data = codec.encode(photo)
    decoded[quality] = codec.decode(data)
    bpp = srlab.codecs.bpp(data, photo)
    rows.append((quality, len(data), bpp, 24 / bpp, psnr(decoded[quality], photo)))
table = pd.DataFrame(rows, columns=["quality", "bytes", "rate", "raw / file", "PSNR"])
assert 0.28 < table.rate[2] < 0.31 and 26.5 < table.PSNR[2] < 27.2
srlab.figures.table(
    table.set_index("quality"),
    caption="JPEG of one photograph, 4:2:0; PSNR of RGB, whole picture",
    units={"bytes": "B", "rate": "bpp", "PSNR": "dB"},
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# From left to right the file goes from 20 to 80 times smaller than raw. At 75 it is
# hard to see any difference. At 30 the cheeks get rough. At 10 the hair and the cheeks
# fall into squares of one colour.

# %% slideshow={"slide_type": "-"}
srlab.show(
    {f"quality {row.quality}, {row.rate:.2f} bpp": decoded[row.quality]
     for row in table.itertuples()},
    crop=(78, 180, 48, 64),
    height=192,
    alt="The astronaut's eyes at three JPEG rates: clean, slightly rough, and broken "
    "into squares with flat colours.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The squares can be measured. JPEG treats each block of 8 x 8 pixels alone, so at its
# borders neighbouring pixels should differ more than elsewhere.

# %% slideshow={"slide_type": "-"}
def blocking(image):
    """Mean jump across the 8-pixel borders, over the mean jump everywhere else."""
    jump = (image[..., 1:] - image[..., :-1]).abs().mean(dim=(0, 1, 2))  # (W - 1,)
    border = torch.arange(len(jump)) % 8 == 7
    return (jump[border].mean() / jump[~border].mean()).item()


print(f"original:        {blocking(photo):.2f}")
for quality, picture in decoded.items():
    print(f"JPEG quality {quality}: {blocking(picture):.2f}")
assert 0.9 < blocking(photo) < 1.1 and blocking(decoded[10]) > 1.3

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# In the original the ratio is 1: a photograph knows nothing of a grid. As the quality
# falls, the grid comes out. This is the thesis's "block effect", seen and measured. Why
# blocks, why 8, and what replaced them is notebook 13.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.6 The two together
#
# Here the two halves of the course meet. If bytes are few, we could *shrink first*,
# send a good JPEG of the small picture, and let the receiver enlarge it. A messenger
# may do just that.

# %% slideshow={"slide_type": "-"}
srlab.ask("0.f")

# %% slideshow={"slide_type": "subslide"}
def plain(image, quality):
    """JPEG of the picture as it is -> (rate in bpp, what the receiver sees)."""
    data = srlab.codecs.JPEG(quality).encode(image)
    return srlab.codecs.bpp(data, image), srlab.codecs.JPEG(quality).decode(data)


def shrunk(image, quality):
    """JPEG of half the width and height, enlarged by the receiver -> the same two."""
    half = srlab.imresize(image, scale=1 / 2)  # height and width must be even
    data = srlab.codecs.JPEG(quality).encode(half)
    back = srlab.imresize(srlab.codecs.JPEG(quality).decode(data), scale=2)
    return srlab.codecs.bpp(data, image), srlab.images.round8(back)


(bpp_1, small_plain), (bpp_2, small_shrunk) = plain(photo, 5), shrunk(photo, 20)
(bpp_3, large_plain), (bpp_4, large_shrunk) = plain(photo, 20), shrunk(photo, 80)
print(f"few bytes:  {bpp_1:.3f} bpp plain, {bpp_2:.3f} bpp shrunk first")
print(f"more bytes: {bpp_3:.3f} bpp plain, {bpp_4:.3f} bpp shrunk first")
assert bpp_2 < bpp_1 < 1.1 * bpp_2 and bpp_4 < bpp_3 < 1.1 * bpp_4

# %% [markdown] slideshow={"slide_type": "subslide"}
# Few bytes, about 0.18 bpp. Plain JPEG has collapsed; the shrunk picture is soft but
# whole, from slightly fewer bytes.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
few = psnr(small_plain, photo), psnr(small_shrunk, photo)
assert few[1] - few[0] > 1
srlab.show(
    {
        f"plain, {few[0]:.1f} dB": small_plain,
        f"shrunk first, {few[1]:.1f} dB": small_shrunk,
    },
    crop=(78, 176, 64, 80),
    height=256,
    alt="At 0.18 bits per pixel: left, coarse coloured squares; right, a soft but "
    "natural face.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# More bytes, about 0.47 bpp, and the number says the opposite: plain JPEG is 1 dB
# better. It keeps edges that the half-size picture never had: look at the shuttle on
# the patch. But look at the face too. Which do *you* prefer there? Whether PSNR and the
# eye agree is a question for notebook 01.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
more = psnr(large_plain, photo), psnr(large_shrunk, photo)
assert 0.5 < more[0] - more[1] < 1.5
head = (..., slice(76, 124), slice(180, 228))
letters = (..., slice(362, 410), slice(139, 187))
srlab.show(
    {
        f"plain, {more[0]:.1f} dB": large_plain[head],
        f"shrunk, {more[1]:.1f} dB": large_shrunk[head],
        "plain": large_plain[letters],
        "shrunk": large_shrunk[letters],
    },
    height=192,
    alt="At 0.47 bits per pixel. The face: rough from plain JPEG, soft when shrunk "
    "first. The patch: sharper edges from plain JPEG, soft when shrunk first.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# All rates at once. Every point is a file that was written and read back; to the right
# it costs more, and higher is better. Such a drawing is called a *rate-distortion
# curve*.

# %% slideshow={"slide_type": "-"}
qualities = run.pick(fast=range(3, 93, 3), full=range(1, 96), rehearse=(3, 50, 90))
curves = {}
for name in ("astronaut", "chelsea", "china"):
    image = srlab.images.crop_to_multiple(srlab.photo(name), 2)
    for way in (plain, shrunk):
        points = []
        for quality in qualities:
            bpp, seen = way(image, quality)
            points.append((bpp, psnr(seen, image)))
        curves[name, way.__name__] = tuple(zip(*points, strict=True))
print(f"{len(curves)} curves of {len(qualities)} points")

# %% slideshow={"slide_type": "subslide"}
srlab.figures.curves(
    {
        "plain JPEG": curves["astronaut", "plain"],
        "shrunk first": curves["astronaut", "shrunk"],
    },
    xlabel="rate (bit per pixel)",
    ylabel="PSNR of RGB (dB)",
    xlim=(0, 0.8),
    ylim=(19, 33),
    size=(5.6, 3.0),
    alt="PSNR over rate for the astronaut. Shrinking first starts higher and flattens; "
    "plain JPEG crosses it at a third of a bit per pixel and goes on rising.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# The curves cross. Left of the crossing it pays to shrink first, right of it it does
# not.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is it so for other photographs? We add a cat, smooth but for its fur, and a Chinese
# palace, full of fine detail. For which of the two does shrinking pay longer?

# %% slideshow={"slide_type": "-"}
rate = np.linspace(0.13, 0.55, 43)
gain = {}
for name in ("chelsea", "astronaut", "china"):
    level = {way: np.interp(rate, *curves[name, way]) for way in ("shrunk", "plain")}
    gain[name] = (rate, level["shrunk"] - level["plain"])
    crossing = rate[np.argmax(gain[name][1] < 0)]
    print(f"{name}: plain JPEG is ahead from about {crossing:.1f} bpp")
    assert run.rehearse or 0.15 < crossing < 0.55

# %% [markdown] slideshow={"slide_type": "subslide"}
# How much is gained by shrinking first, at equal rate. Above zero it pays: longest for
# the cat, shortest for the palace, whose detail the shrinking destroys.

# %% slideshow={"slide_type": "-"}
srlab.figures.curves(
    {**gain, "no gain": (rate, 0 * rate)},
    xlabel="rate (bit per pixel)",
    ylabel="gain in PSNR (dB)",
    size=(5.6, 3.0),
    alt="Gain of shrinking first over rate, falling for all three photographs: it "
    "crosses zero at 0.2 bpp for the palace, 0.3 for the astronaut, 0.5 for the cat.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# **What this does not show yet.** The enlarging here is bicubic, the codec is the
# oldest in wide use, the measure is PSNR, and three photographs are not a benchmark.
# One of the course's sources tried the scheme with trained networks and concluded that
# it does not pay. Notebook 19 measures it properly, with networks, newer codecs and
# a second codec for what the first one lost.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is the first rate-distortion curve of the course. Make sure that everybody can
# read it: to the right costs more, up is better. Then ask what a network in place of
# bicubic would change: it lifts the dashed curve, so the crossing moves to the right.
# By how much, notebook 19 measures.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.7 What if the quality were 10?
#
# Three settings as pictures, the first two of nearly equal bytes, and below them the
# same as sliders: JPEG quality, and how much the picture is shrunk before. The bytes
# are of the whole picture; we look at a part. Can you keep the astronaut recognisable
# with less than 2,000 bytes?

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
def send(quality, shrink):
    """Shrink, JPEG, decode, enlarge; a part of the picture, and what all costs."""
    image = srlab.photo("astronaut")
    codec = srlab.codecs.JPEG(quality)
    data = codec.encode(srlab.imresize(image, scale=1 / shrink))
    seen = srlab.images.round8(srlab.imresize(codec.decode(data), scale=shrink))
    cost = f"{len(data):,} bytes, {psnr(seen, image):.1f} dB"
    return seen[..., 56:152, 154:290], cost


srlab.widgets.explore(
    send,
    twin=[{"quality": q, "shrink": s} for q, s in ((10, 1), (50, 2), (50, 4))],
    quality=(1, 95, 1, 10),
    shrink=[1, 2, 4, 8],
    alt="The astronaut after JPEG of a chosen quality, shrunk first by some factor.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.8 Your photograph
#
# `srlab.photo` takes one of these names, or the path of any picture on the computer
# that runs this notebook; a path counts from the notebook's own folder.

# %% slideshow={"slide_type": "-"}
print(", ".join(srlab.images.photo_names()))

# %% slideshow={"slide_type": "skip"}
def story(image, quality=10, factor=4):
    """The whole story of one photograph: four pictures, their cost as titles."""
    # A phone's photograph has millions of pixels: make its longer side at most 512.
    fit = min(1, 512 / max(image.shape[-2:]))
    image = srlab.images.round8(srlab.imresize(image, scale=fit))
    image = srlab.images.crop_to_multiple(image, factor)
    enlarged = srlab.imresize(srlab.imresize(image, scale=1 / factor), scale=factor)
    enlarged = srlab.images.round8(enlarged)
    rate, coded = plain(image, quality)
    error = (enlarged - image).abs().mean(dim=1, keepdim=True)
    pictures = {
        "original": image,
        f"bicubic, 1/{factor**2}: {psnr(enlarged, image):.1f} dB": enlarged,
        f"JPEG, {rate:.2f} bpp: {psnr(coded, image):.1f} dB": coded,
        "4 x error of bicubic": (4 * error).clamp(0, 1),
    }
    # Only the middle, 60 x 80 at most, is shown: a small copy would hide the losses.
    top, left = max(0, image.shape[2] - 60) // 2, max(0, image.shape[3] - 80) // 2
    middle = (..., slice(top, top + 60), slice(left, left + 80))
    return {title: picture[middle] for title, picture in pictures.items()}


# %% slideshow={"slide_type": "subslide"}
mine = srlab.photo("chelsea")  # another name, or a path such as "my_photo.jpg"
srlab.show(
    story(mine),
    height=180,
    alt="The middle of a photograph four times: original, enlarged from one sixteenth "
    "of the pixels, JPEG at quality 10, and the error picture.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# The middle of the picture, pixel for pixel; dB and bpp are of the whole. Shrinking
# took the cat's fur; JPEG broke what was smooth into squares. Does the error picture of
# *your* photograph draw what you would call its detail?

# %% [markdown] slideshow={"slide_type": "skip"}
# Or choose a file here, and the same four pictures appear below the button (of a
# phone's photograph after some seconds). On Binder the file goes to the machine that
# runs the notebook, and is gone when that machine stops.

# %% slideshow={"slide_type": "skip"}
upload = srlab.widgets.upload(on_image=story)  # afterwards also: mine = upload.image
upload

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 What it is good for, and what this course does
#
# ### 2.1 Where super-resolution is used
#
# - **Cheaper sensors.** Better software lets a phone's camera do with a smaller,
#   cheaper sensor.
# - **Digital zoom.** A phone without a long lens cuts out the middle and enlarges it.
# - **Messengers and TV.** Fewer pixels are sent, and the receiver makes more of them.
#   This is where super-resolution meets compression.
# - **Pictures that exist only small:** old films, thumbnails, video calls over a bad
#   line.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
uses = pd.DataFrame(
    [
        ("12-megapixel sensor, digital zoom x2", 4000 * 3000 / 2**2, 4000 * 3000),
        ("12-megapixel sensor, digital zoom x4", 4000 * 3000 / 4**2, 4000 * 3000),
        ("HD film on a 4K television", 1920 * 1080, 3840 * 2160),
        ("video call at 640 x 360, full screen", 640 * 360, 1920 * 1080),
    ],
    columns=["use", "there are", "wanted"],
).set_index("use")
uses["invented"] = 100 * (1 - uses["there are"] / uses["wanted"])
uses[["there are", "wanted"]] /= 1e6
assert uses["invented"].min() == 75
srlab.figures.table(
    uses,
    caption="How much of the picture has to be invented",
    units={"there are": "Mpixel", "wanted": "Mpixel", "invented": "%"},
)

# %% [markdown] slideshow={"slide_type": "-"}
# In all four, at least three pixels of four were never measured. Something must be put
# there: a smooth guess (interpolation), the average of all likely answers (what a
# network trained for PSNR tends to), or one natural-looking answer (a network trained
# to convince).

# %% slideshow={"slide_type": "subslide"}
srlab.ask("0.g")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The first three uses are the lecture's own. Ask the room for more: medical images,
# satellites, surveillance come up. For each, ask what an invented detail would cost.
# The question of the pixels and the viewer will be asked again, with numbers, in
# notebook 01 and with generative networks in notebook 07.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.2 The map
#
# | | super-resolution | | compression |
# |---|---|---|---|
# | **00** | start here: this notebook | **13** | [classical codecs][13] |
# | **01** | [images, metrics][01] | **14** | [learned codecs][14] |
# | **02** | [interpolation][02] | **15** | [class activation maps][15] |
# | **03** | [SRCNN][03] | **16** | [better maps (ACoL, erasing)][16] |
# | **04** | [VDSR and ESPCN][04] | **17** | [region-of-interest compression][17] |
# | **05** | [residual networks][05] | **18** | [its applications][18] |
# | **06** | [attention][06] | **19** | [two codecs][19] |
# | **07** | [GANs][07] | **20** | [side information][20] |
# | **08** | [degradations][08] | **21** | [the bake-off][21] |
# | **09** | [blind super-resolution][09] | | |
# | 10-12 | faces, diffusion, video | | |
#
# **Bold numbers exist.** The others are planned; their numbers stay. Each
# notebook can be opened alone, and says at its top what it assumes.
#
# [01]: 01_images_and_metrics.ipynb
# [02]: 02_interpolation.ipynb
# [03]: 03_srcnn.ipynb
# [04]: 04_vdsr_espcn.ipynb
# [05]: 05_residual_networks.ipynb
# [06]: 06_attention.ipynb
# [07]: 07_gans.ipynb
# [08]: 08_degradations.ipynb
# [09]: 09_blind_super_resolution.ipynb
# [13]: 13_classical_codecs.ipynb
# [14]: 14_learned_codecs.ipynb
# [15]: 15_class_activation_maps.ipynb
# [16]: 16_better_maps.ipynb
# [17]: 17_roi_compression.ipynb
# [18]: 18_roi_applications.ipynb
# [19]: 19_two_codecs.ipynb
# [20]: 20_side_information.ipynb
# [21]: 21_the_bake_off.ipynb

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.3 Four kinds of thing
#
# Everything in this course is an image, a restorer, a saliency, a codec, or something
# built from these.
#
# | kind | is | for example |
# |---|---|---|
# | image | a tensor (B, C, H, W) in [0, 1] | a photograph |
# | restorer | image → image | bicubic enlarging; later, a network |
# | saliency | image → map (B, 1, H, W) in [0, 1] | where does it matter? |
# | codec | image → bytes → image | JPEG |

# %% slideshow={"slide_type": "subslide"}
# An image: a tensor, batch x channels x height x width, with values in [0, 1].
cat = srlab.photo("chelsea")
print(tuple(cat.shape), cat.dtype)

# A restorer: a function from image to image.
def twice(image):
    return srlab.imresize(image, scale=2)

print(tuple(twice(cat).shape))
assert twice(cat).shape == (1, 3, 600, 902)

# %% slideshow={"slide_type": "subslide"}
# A codec: image -> bytes -> image.
codec = srlab.codecs.JPEG(quality=50)
data = codec.encode(cat)
back = codec.decode(data)
print(type(data).__name__, f"{len(data):,},", f"{srlab.codecs.bpp(data, cat):.2f} bpp")
assert back.shape == cat.shape and 11_000 < len(data) < 15_000

# %% slideshow={"slide_type": "subslide"}
# A saliency: image -> map. The simplest idea: it matters where the picture varies much.
def local_contrast(image, window=15):
    """How much luma varies around each pixel: image -> map (B, 1, H, W) in [0, 1]."""
    def mean(x):
        return torch.nn.functional.avg_pool2d(
            x, window, stride=1, padding=window // 2, count_include_pad=False
        )

    y = srlab.images.luma(image)  # luma: the brightness, (B, 1, H, W)
    deviation = (mean(y**2) - mean(y) ** 2).clamp(min=0).sqrt()
    return deviation / deviation.amax(dim=(2, 3), keepdim=True)


saliency = local_contrast(cat)
print(tuple(saliency.shape))
assert saliency.amax() == 1

# %% [markdown] slideshow={"slide_type": "subslide"}
# The map finds the eyes and the nose, and just as well the stripes of the forehead and
# the blanket. It does not know what a cat is; the maps of notebooks 15 and 16 will.

# %% slideshow={"slide_type": "-"}
srlab.show(
    {"image": cat, "saliency": saliency},
    height=118,
    alt="A cat's head beside its local-contrast map, bright at the eyes, the nose, the "
    "stripes of the forehead and the edges of the blanket.",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The four kinds are the whole architecture of the course's package. A codec made of a
# saliency and a codec is region-of-interest coding (17). A codec made of a codec, a
# restorer and another codec is the two-codec scheme (19). If students remember one
# slide of this section, let it be the table.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 Tensors in ten cells
#
# If you know torch or numpy well, skip to section 4. A *tensor* is a box of numbers of
# one type. Images in this course are tensors with four dimensions.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **1. Make one.** From a list, or filled, or from a photograph.

# %% slideshow={"slide_type": "-"}
a = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
grey = torch.full((1, 3, 2, 2), 0.5)  # one small grey image
x = srlab.photo("coffee")
a

# %% [markdown] slideshow={"slide_type": "subslide"}
# **2. Shape and type.** The order is always batch, channels, height, width: *rows
# before columns*. `float32` takes four bytes a number.

# %% slideshow={"slide_type": "-"}
print(a.shape, x.shape, x.dtype)
print(f"{x.numel():,} numbers, {x.numel() * x.element_size():,} bytes in memory")
assert x.shape == (1, 3, 400, 600)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **3. Range.** Files hold whole numbers 0..255. We compute with 0..1. It is easy to mix
# the two up, so the package refuses what is out of range.

# %% slideshow={"slide_type": "-"}
print(f"{x.min():.3f} to {x.max():.3f}, mean {x.mean():.3f}")
print(srlab.images.to_uint8(x)[0, :, 150, 300], "is the pixel", x[0, :, 150, 300])
try:
    srlab.metrics.psnr(255 * x, x)
except ValueError as error:
    print(error)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **4. Index.** One pixel: image 0 of the batch, all channels, row 150, column 300.
# Counting starts at 0; negative counts from the end.

# %% slideshow={"slide_type": "-"}
red, green, blue = x[0, :, 150, 300]
print(f"red {red:.2f}, green {green:.2f}, blue {blue:.2f}")
print("last row:", x[0, 0, -1].shape)
assert red > green > blue  # coffee is brown

# %% [markdown] slideshow={"slide_type": "subslide"}
# **5. Crop.** A slice `start:stop` takes the numbers from start up to, not including,
# stop. The dots stand for "all dimensions before".

# %% slideshow={"slide_type": "-"}
cup = x[..., 10:290, 160:440]  # rows 10 to 289, columns 160 to 439
assert cup.shape == (1, 3, 280, 280)
srlab.show(cup, height=112, alt="A crop of the coffee photograph: the cup alone.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **6. Channels.** Each is a grey picture of its own. The coffee is brightest in red and
# almost black in blue.

# %% slideshow={"slide_type": "-"}
srlab.show(
    {name: cup[:, c : c + 1] for c, name in enumerate(("red", "green", "blue"))},
    height=84,
    alt="The cup's three channels as grey pictures; the coffee is light in red and "
    "dark in blue.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **7. Broadcasting.** A dimension of length 1 is stretched to fit the other tensor.
# Three factors of shape (1, 3, 1, 1) multiply the three channels at every pixel: the
# picture turns cold.

# %% slideshow={"slide_type": "-"}
factors = torch.tensor([0.7, 0.9, 1.2]).view(1, 3, 1, 1)
cold = (cup * factors).clamp(0, 1)  # (1, 3, 280, 280) times (1, 3, 1, 1)
srlab.show(cold, height=112, alt="The same cup, bluish, as in cold light.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **8. Mean over dimensions.** `dim` names the dimensions that vanish; `keepdim=True`
# leaves them with length 1, ready for broadcasting.

# %% slideshow={"slide_type": "-"}
colour = x.mean(dim=(2, 3))  # (1, 3): the mean colour
plain_grey = x.mean(dim=1, keepdim=True)  # (1, 1, 400, 600): a grey picture
print(colour.shape, plain_grey.shape, x.mean())
assert torch.allclose(x.mean(dim=(2, 3)).mean(), x.mean(), atol=1e-4)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **9. Gradients.** Torch remembers how a number was computed, and can say how it would
# change with each input. Training is nothing else. Here: which way must a blurred
# picture change to come closer to the sharp one?

# %% slideshow={"slide_type": "-"}
guess = srlab.imresize(srlab.imresize(cup, scale=1 / 4), scale=4)
guess.requires_grad_()  # remember what is computed from it
mse = ((guess - cup) ** 2).mean()
mse.backward()  # fills guess.grad, of the shape of guess; detach() stops remembering
better = guess.detach() - 0.25 * guess.numel() * guess.grad
before, after = psnr(guess.detach(), cup), psnr(better, cup)
print(f"{before:.2f} dB -> {after:.2f} dB in one step")
assert 6.0 < after - before < 6.05

# %% [markdown] slideshow={"slide_type": "-"}
# The gradient is $2\,(guess - cup)/N$, so this step goes half of the way: each error is
# halved, and that is 6 dB. The catch: it needed the original `cup`. A network must
# learn to do without.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **10. Device.** A tensor lives on the CPU or on a GPU; two tensors must be on the same
# one before they meet. `run.device` is the GPU where there is one.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
moved = cup.to(run.device)
print(f"on {moved.device}; mean {moved.mean().cpu():.4f}, on the CPU {cup.mean():.4f}")
assert torch.allclose(moved.mean().cpu(), cup.mean(), atol=1e-5)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# These ten are the whole vocabulary of the first notebooks. With a group that knows
# numpy, show 7 and 9 only: broadcasting with keepdim trips people up, and the gradient
# with respect to an image (not to weights) is new to most. Cell 9 is also honest about
# a trap: a gradient step that sees the original proves nothing about super-resolution.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 How this course works
#
# | you see | what it does |
# |---|---|
# | `srlab.ask("0.a")` | a question: think first, then open the answer |
# | `srlab.check("0.1", f)` | tries your function; says what differs, never the answer |
# | `srlab.hint("0.1")` | a hint; call it again for the next, three in all |
# | `srlab.solution("0.1")` | one way to solve it |
# | `srlab.quiz(0)` | questions; click an option to learn whether it is right |
# | a row of pictures, then sliders | a widget; the row shows the same without sliders |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Try it.** The first exercise below asks for a function that cuts a window out of an
# image. Here is a wrong answer; look at what the check says. It tells what is
# different, and leaves the thinking to you.

# %% slideshow={"slide_type": "-"}
def first_try(image, top, left, height, width):
    return image[..., left : left + width, top : top + height]


result = srlab.check("0.1", first_try)
assert not result.passed
result

# %% slideshow={"slide_type": "subslide"}
srlab.hint("0.1", grade=1)

# %% [markdown] slideshow={"slide_type": "-"}
# An exercise that you leave empty breaks nothing: later cells then use the solution.
# `srlab.solution("0.1")` shows it. Try yourself before you look.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Three modes**, the same code. The environment variable `SRLAB_MODE`, set before the
# notebook is started, chooses:
#
# | mode | for | takes |
# |---|---|---|
# | `fast` (default) | learning, on any computer | at most two minutes a notebook |
# | `full` | complete trainings | a GPU and patience |
# | `rehearse` | testing that every cell runs | seconds |
#
# In a terminal of Linux or macOS: `SRLAB_MODE=full make lab`.

# %% slideshow={"slide_type": "-"}
steps = run.pick(fast=50, full=100_000, rehearse=2)
print(f"{run.mode} mode: a training here would take {steps} steps")
assert steps in (2, 50, 100_000)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Your work is safe.** `make lab` opens working copies in `work/`; an update of the
# course never overwrites them, and the README names the command that puts a fresh copy
# beside an old one. Binder forgets everything ten minutes after you stop: there, run
# `srlab.classroom.save_answers("answers.json")` in a new cell, download the file, and
# upload it next time. `srlab.classroom.restore_answers("answers.json")` then puts your
# code into a new cell and runs nothing by itself. Here is what saving says, tried in a
# folder that vanishes at once; the one exercise is the wrong answer from above.

# %% slideshow={"slide_type": "-"}
import tempfile

with tempfile.TemporaryDirectory() as folder:
    note = srlab.classroom.save_answers(f"{folder}/answers.json")
note

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Where help is.** In the notebook: `srlab.hint`, and `?` after any name, as in
# `srlab.imresize?`. In the repository: the README, with "when something goes wrong";
# the slides (`make slides`); the glossary at the end of this notebook. For your
# teacher: every notebook is also a deck, with speaker notes and with the questions
# above as fragments.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Show the wrong answer and its message live, then a hint. Students should leave this
# section knowing that asking for a hint costs nothing and that no grade is recorded. If
# you teach on Binder, let everybody save and download once, now, before there is
# anything to lose.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 Is this machine ready?
#
# The doctor looks at versions, memory, the course and its data. In a terminal, `python
# -m srlab doctor` prints all it found; here we ask only for what is wrong.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
import json
import subprocess
import sys

doctor = [sys.executable, "-m", "srlab", "doctor", "--json"]
report = json.loads(subprocess.run(doctor, capture_output=True, text=True).stdout)
for finding in report["findings"]:
    if finding["state"] == "bad":
        print(finding["text"], "->", finding["todo"])
print("ready" if report["ready"] else "not ready: mend the lines above")
assert len(report["findings"]) > 5

# %% [markdown] slideshow={"slide_type": "subslide"}
# How fast is it? One measurement: a *convolution* (each pixel becomes a weighted sum of
# its neighbours) from 64 channels to 64, the work of nearly every network to come.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
import time

layer = torch.nn.Conv2d(64, 64, 3, padding=1).to(run.device).requires_grad_(False)
picture = torch.rand(1, 64, 256, 256, device=run.device)
layer(picture)  # the first time is slower
start = time.perf_counter()
total = sum(layer(picture).mean().item() for _ in range(5))
seconds = (time.perf_counter() - start) / 5
speed = 2 * 64 * 64 * 9 * 256 * 256 / seconds / 1e9
kind = "fast" if speed > 500 else "ordinary" if speed > 20 else "slow"
print(f"{kind}: {speed:.0f} billion operations a second on the {run.device.type}")
assert seconds > 0

# %% [markdown] slideshow={"slide_type": "-"}
# - **ordinary** (20 to 500): a laptop. All notebooks run in fast mode.
# - **fast** (over 500): a GPU or a large server. Full mode is within reach.
# - **slow** (under 20): everything runs, but takes longer than promised.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
from srlab.doctor import memory_gib

total, free = memory_gib()  # of the machine, or of the container it runs in
print(f"{free:.1f} GiB of memory free")
for notebook, need in {"00": 1.0, "01": 1.5, "02": 1.5}.items():
    verdict = "can run" if free > need else "may run short: close other notebooks"
    print(f"notebook {notebook}: {verdict}")
assert total > 0.9

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Have everybody run this before the second lecture and read out the word: ordinary is
# what the course is written for. A machine that reports under 1.5 GB free usually has
# other notebooks open; shutting their kernels down in JupyterLab's side bar mends it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Replace the line that raises the error, run the cell, and read what the check says.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 0.1 Cut a window
#
# Cut the window of `height` rows and `width` columns out of an image; its first row is
# `top`, its first column `left`. The result is again an image with four dimensions.

# %% slideshow={"slide_type": "-"}
def crop(image, top, left, height, width):
    """(B, C, H, W) -> (B, C, height, width)."""
    raise NotImplementedError("Exercise 0.1")


result_1 = srlab.check("0.1", crop)
result_1

# %% [markdown] slideshow={"slide_type": "subslide"}
# With a working `crop`, yours or the solution's, here is the astronaut's face. Change
# the four numbers to find the space shuttle.

# %% slideshow={"slide_type": "-"}
face = result_1.use(photo, 30, 160, 128, 128)
srlab.show(face, height=128, alt="The astronaut's face, cut out of the photograph.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 0.2 What does this file cost?
#
# Given the bytes of a file and the original image, return two numbers: the rate in bits
# per pixel, and the compression ratio (raw bytes over file bytes; raw is one byte for
# each number of the image). It must work for grey images too.

# %% slideshow={"slide_type": "-"}
def cost(data, image):
    """bytes, (1, C, H, W) -> (bits per pixel, compression ratio)."""
    raise NotImplementedError("Exercise 0.2")


result_2 = srlab.check("0.2", cost)
result_2

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 0.3 The best quality for a budget
#
# A messenger allows `budget` bytes a picture. Find the highest JPEG quality from 1 to
# 95 whose file fits; return `None` if not even quality 1 does.

# %% slideshow={"slide_type": "-"}
def quality_for(image, budget):
    """(1, C, H, W), bytes -> the highest quality in 1..95 that fits, or None."""
    raise NotImplementedError("Exercise 0.3")


result_3 = srlab.check("0.3", quality_for)
result_3

# %% slideshow={"slide_type": "subslide"}
for budget in (5_000, 10_000, 20_000, 40_000):
    quality = int(result_3.use(photo, budget))
    data = srlab.codecs.JPEG(quality).encode(photo)
    print(f"{budget:6,} bytes allowed: quality {quality:2d}, {len(data):6,} bytes")
    assert len(data) <= budget

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 0.4 Shrink first, or not?
#
# Within one budget of bytes, compare the two ways of section 1.6. Return the PSNR of
# plain JPEG, and the PSNR of: shrink by 1/2, JPEG, enlarge by 2 (bicubic). Each way
# takes the best quality that fits. `result_3.use(image, budget)` finds it, whether you
# solved 0.3 or not; `psnr` is still that of section 1.4.

# %% slideshow={"slide_type": "-"}
def two_ways(image, budget):
    """(1, 3, H, W) with H and W even, bytes -> (PSNR plain, PSNR shrunk first)."""
    raise NotImplementedError("Exercise 0.4")


result_4 = srlab.check("0.4", two_ways)
result_4

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# 0.1 and 0.2 are for everybody and take five minutes each. 0.3 can be solved by trying
# all 95 qualities; ask the quick ones how to do it with seven encodings (bisection),
# and whether the size really always grows with the quality. 0.4 is for those who are
# done: it repeats section 1.6 as an experiment of their own.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz
#
# Click an option to see whether it is right. Or give all answers at once, in a new
# cell: `srlab.quiz(0, answers="a a a a a a")`. On Binder, save your answers after it
# (section 4).

# %% slideshow={"slide_type": "-"}
srlab.quiz(0)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - An image is a tensor (B, C, H, W) with values in [0, 1]; rows come before columns.
# - Shrinking by 4 keeps one pixel in 16. Interpolation puts pixels back, not
#   information; its errors stand at edges, letters and texture.
# - The rate is 8 times the real bytes over the pixels of the original. Raw colour has
#   24 bpp, JPEG at quality 10 had 0.3.
# - At few bytes, shrinking before JPEG came closer to the original; at more bytes plain
#   JPEG did. Where the two meet depends on the picture.
# - Four kinds of thing: image, restorer, saliency, codec.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Words
#
# The glossary of the whole course, in English, Russian and Chinese, with the letter
# that papers use and the notebook that explains the word first. Later notebooks draw
# only their own words.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
words = srlab.classroom.glossary()
count = words.html.count("<tr>") - 1
assert count > 90
# The card's style sheet aligns the cells too: half of the bytes of so long a table.
html = words.html.replace(' style="text-align:left;vertical-align:top"', "")
srlab.classroom.Card(
    "The glossary of the course, in English, Russian and Chinese.",
    f"<details><summary>Open the glossary ({count} words)</summary>"
    f'<div style="max-height: 30em; overflow: auto">{html}</div></details>',
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where this stands in the sources
#
# The course grew out of five documents: a lecture on image enhancement (003), a thesis
# on compression guided by class activation maps (002), a report on a two-codec scheme
# (000), and two posts on papers (001, 004). Each of their claims is written down with a
# verdict. Those touched here:

# %% slideshow={"slide_type": "-"}
srlab.classroom.claims("00")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## References
#
# - W. Shi et al., "Real-time single image and video super-resolution using an efficient
#   sub-pixel convolutional neural network", 2016, arXiv:1609.05158: opens with the uses
#   of super-resolution.
# - G. K. Wallace, "The JPEG still picture compression standard", 1992,
#   doi:10.1109/30.125072.
# - A. Bruckstein, M. Elad, R. Kimmel, "Down-scaling for better transform compression",
#   IEEE Transactions on Image Processing 12(9), p. 1132, 2003: when it pays to shrink
#   before JPEG, measured and explained with a model.
# - The photographs come with scikit-image, scikit-learn and matplotlib. "astronaut"
#   shows Eileen Collins (NASA, public domain); "chelsea" is by Stefan van der Walt and
#   "coffee" by Rachel Michetti (both CC0); "china" is by danielbuechele (CC BY 2.0).
