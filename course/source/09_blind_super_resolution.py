# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,slideshow,-all
#     formats: course///ipynb,course/source///py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 09 Blind super-resolution: Real-ESRGAN
#
# A small picture with noise and with the squares of a strong JPEG, as phones and
# messengers leave it. It is enlarged four times by bicubic interpolation, by a network
# that was trained on clean small pictures, and by one that was trained on damaged ones.
# Nobody told that one what the damage was: it is **blind**.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import torch

import srlab

photo = srlab.photo("coffee")[..., 60:316, 150:406]  # (1, 3, 256, 256)
noisy = srlab.degrade.gaussian_noise(
    srlab.imresize(photo, 1 / 4).clamp(0, 1), 15, torch.Generator().manual_seed(0)
)
sent = srlab.degrade.jpeg(noisy, 40)  # (1, 3, 64, 64)
srlab.show(
    {
        "bicubic": srlab.imresize(sent, scale=4).clamp(0, 1),
        "trained on clean": srlab.load("rrdb_x4")(sent).clamp(0, 1),
        "blind: Real-ESRGAN": srlab.load("real_esrgan_x4")(sent).clamp(0, 1),
        "original": photo,
    },
    crop=(104, 40, 64, 64),
    height=192,
    alt="A cup of coffee four times: blurred and blotchy with bicubic; blotches drawn "
    "sharp by the network trained on clean pictures; fewer blotches, hard edges and a "
    "fine grid of dots by the blind one; the original",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room say what the second picture did wrong. It did what it was taught: it drew
# what it saw sharply, and what it saw was damage. The third one drew less. Ask what
# else it may have taken for damage; section 7 comes back to that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - measure what is left of a network's gain when the picture comes from a phone;
# - make training pairs from a degradation pipeline, pool them and sharpen their
#   targets, and say what each of that is for;
# - run the first stage, Real-ESRNet, and average its weights;
# - build the U-Net discriminator, read its map, and watch its health;
# - run the second stage, Real-ESRGAN;
# - say where a blind network loses, and why;
# - shrink, compress, send and enlarge within a given number of bytes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebook 07: adversarial and perceptual losses, the two players.
# - Notebook 08: blur kernels, noise, JPEG, and the second-order pipeline. It is used
#   here, not explained again.
# - No internet and no GPU is needed.
#
# ## Time
#
# About three hours to work through, 50 minutes of it exercises. To run all cells:
# minutes on two CPU cores: 2, on one GPU: 1. In full mode both stages are trained as in
# the paper: that is a run of days for a GPU.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import copy

import pandas as pd
from torch import nn

degrade, run = srlab.degrade, srlab.setup("09")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 Net or bicubic?
#
# A lecture among our sources (003) makes a claim that hurts: super-resolution is solved
# well for pictures that a formula made small. Take such a network to a *real*
# photograph, and it is rather hard to tell from bicubic interpolation.

# %% slideshow={"slide_type": "-"}
srlab.ask("9.a")

# %% [markdown] slideshow={"slide_type": "subslide"}
# To measure it we need a photograph from a phone *and* the truth behind it. So we build
# a phone: a fixed recipe, written for this test. No network of this notebook was
# trained on it.


# %% slideshow={"slide_type": "-"}
def phone(photo, generator, shot, quality, zoom):
    """Lens, sensor, noise of the light, the camera's JPEG, the messenger's."""
    x = degrade.blur(photo, degrade.kernels.isotropic(13, 1.6))
    x = srlab.imresize(x, 1 / 4 if zoom else 1 / 2).clamp(0, 1)
    noise = torch.randn(x.shape, generator=generator)
    x = (x + (0.02**2 + shot**2 * x).sqrt() * noise).clamp(0, 1)
    x = degrade.jpeg(x, 85)
    if not zoom:  # the messenger shrinks what was not zoomed in
        x = srlab.imresize(x, 1 / 2).clamp(0, 1)
    return degrade.jpeg(x, quality)


KINDS = {
    "by day": {"shot": 0.05, "quality": 50, "zoom": False},
    "at night": {"shot": 0.08, "quality": 30, "zoom": True},
}
list(KINDS)

# %% slideshow={"slide_type": "subslide"}
places = {"astronaut": (20, 100), "chelsea": (22, 100)}
places |= {"coffee": (60, 150), "motorcycle": (200, 440)}


def square(name):
    """256 x 256 pixels of a photograph that no run trains on."""
    top, left = places[name]
    return srlab.photo(name)[..., top : top + 256, left : left + 256]


held = {name: square(name) for name in srlab.training.held_out()}
small = {"clean": {name: degrade.BI(4)(y) for name, y in held.items()}}
for kind, settings in KINDS.items():
    small[kind] = {
        name: phone(y, torch.Generator().manual_seed(0), **settings)
        for name, y in held.items()
    }
srlab.show(
    {kind: small[kind]["astronaut"] for kind in small},
    height=128,
    alt="A small picture of a face three times: clean; by day softer and a little "
    "blotchy; at night with coloured noise and squares",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# `clean` is what the networks of notebooks 03 to 07 were trained on: MATLAB's bicubic.
# `by day` the noise is made before the last shrinking, which averages it away. `at
# night` you zoomed in: the noise stays, and the messenger pressed harder.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The measurement
#
# `rrdb_x4` is ESRGAN's network, small (notebook 07), trained on clean pairs.

# %% slideshow={"slide_type": "-"}
restorers = {
    "bicubic": lambda x: srlab.imresize(x, scale=4),
    "trained on clean": srlab.load("rrdb_x4"),
}
made = {}  # (way, kind, photograph) -> picture


def restore(way):
    """All twelve small pictures, enlarged in one way; kept in `made`."""
    for kind in small:
        for name, x in small[kind].items():
            made[way, kind, name] = srlab.images.round8(restorers[way](x).clamp(0, 1))


def psnr(way, kind, name):
    """dB of luma, four pixels cut."""
    return srlab.metrics.psnr(made[way, kind, name], held[name], border=4, luma=True)


for way in restorers:
    restore(way)
round(psnr("bicubic", "clean", "coffee"), 2)


# %% slideshow={"slide_type": "subslide"}
def scores(ways):
    """Mean PSNR in dB of the four photographs: a row for each way."""
    return pd.DataFrame({
        kind: {w: sum(psnr(w, kind, n) for n in held) / len(held) for w in ways}
        for kind in small
    })  # fmt: skip


first = scores(restorers)
first.loc["gain"] = first.loc["trained on clean"] - first.loc["bicubic"]
gain = first.loc["gain"]
assert gain["clean"] > 1.3 and abs(gain["by day"]) < 0.3 and gain["at night"] < 0.1
srlab.figures.table(first, "Four photographs, x4, PSNR of luma in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The gain is gone. By day a tenth of a decibel or so is left; at night bicubic is
# ahead, for the network sharpens noise and squares.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A blind test
#
# Numbers are not eyes. Eight pairs `by day`: in each, A or B is the network's, and the
# other one bicubic's. Write down eight letters.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
secret = torch.randint(2, (8,), generator=run.generator).tolist()
spots = [(62, 82), (152, 142)]  # two in each photograph
sheet = {}
for k, (name, (top, left)) in enumerate((n, s) for n in held for s in spots):
    pair = [made[w, "by day", name] for w in ("bicubic", "trained on clean")]
    for side in range(2):
        image = pair[side == secret[k]]
        sheet[f"{k + 1} {'AB'[side]}"] = image[..., top : top + 44, left : left + 44]
srlab.show(
    sheet,
    columns=8,
    height=88,
    alt="Eight pairs of small enlarged crops of a face, a cat, a cup and a motorcycle; "
    "the two of each pair look nearly alike",
)

# %% slideshow={"slide_type": "-"}
my_letters = ""  # such as "ABBAABAB"


def right_of_8(letters):
    """How many letters name the network's picture."""
    return sum(a == "AB"[s] for a, s in zip(letters.upper(), secret, strict=True))


if my_letters:
    print(right_of_8(my_letters), "of 8 right")
print("a guesser is expected to have 4 of 8")

# %% slideshow={"slide_type": "subslide"}
srlab.ask("9.b")


# %% slideshow={"slide_type": "-"}
def fine(image):
    """dB of waves finer than half of the finest, against those of picture 1 A."""
    return srlab.metrics.sharpness(image, sheet["1 A"], above=0.5)


referee = "".join(
    "AB"[fine(sheet[f"{k} B"]) > fine(sheet[f"{k} A"])] for k in range(1, 9)
)
assert right_of_8(referee) == 8
print("a referee who looks at the spectrum:", right_of_8(referee), "of 8 right")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A spectrum tells the two apart every time: bicubic puts next to nothing into the
# finest waves, the network a little. As for *quality* the claim is right: in decibels
# there is hardly anything to tell. How well the eye does is for you to say; exercise
# 9.1 computes from how many right answers on you are more than lucky.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Do the blind test with the whole room, by show of hands, before the next cell. Count
# hands against `secret`; do not announce what to expect, and enlarge the sheet for a
# second round: the difference grows. Then show the referee: a measure that always tells
# them apart says nothing about which one is better.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 Pairs from the pipeline
#
# Nobody has pairs of real damaged photographs and their truths in number. The way out
# of **Real-ESRGAN** (Wang et al., 2021): damage good photographs in so many ways that
# the real one is among them. Its pipeline is that of notebook 08. (BSRGAN, of the same
# year, has the same aim, and takes the steps in a random order.)

# %% slideshow={"slide_type": "-"}
pipeline = degrade.real_esrgan(scale=4)
print(pipeline)

# %% slideshow={"slide_type": "subslide"}
generator = torch.Generator().manual_seed(9)
lot = [pipeline(held["motorcycle"], generator) for _ in range(10)]
srlab.show(
    lot,
    columns=5,
    height=96,
    alt="One small picture of a motorcycle, damaged in ten ways: blurred, noisy, grey "
    "or coloured noise, squares, nearly clean",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Ten draws for one photograph: from nearly clean to hardly readable. A network that is
# to undo all of them must first find out which it has.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Crops, and what goes wrong at their edges
#
# Training takes crops. Here they are degraded with a margin, and the crop is cut out of
# the *small* picture at a random place. Why not degrade the crop itself?

# %% slideshow={"slide_type": "-"}
srlab.ask("9.c")


# %% slideshow={"slide_type": "-"}
photos = [srlab.photo(name).expand(-1, 3, -1, -1) for name in srlab.training.photos()]
SIDE, MARGIN = 16, 8  # of a small crop, in small pixels


def crops(count, side):
    """Squares out of the training photographs, (count, 3, side, side)."""
    cut = []
    for _ in range(count):
        image = photos[torch.randint(len(photos), (), generator=generator)]
        top, left = (
            torch.randint(n - side + 1, (), generator=generator)
            for n in image.shape[-2:]
        )
        cut.append(image[..., top : top + side, left : left + side])
    return torch.cat(cut)


tuple(crops(8, 96).shape)


# %% slideshow={"slide_type": "subslide"}
def inner(images, top, left, r):
    """The crop at (top, left) in small pixels, of pictures r times as large."""
    return images[..., r * top : r * (top + SIDE), r * left : r * (left + SIDE)]


def fresh(count, sharpen=degrade.usm_sharpen):
    """Small pictures, sharpened targets, and the targets as they were."""
    plain = crops(count, 4 * (SIDE + MARGIN))
    target = sharpen(plain)
    x = pipeline(target, generator)
    at = torch.randint(MARGIN + 1, (2,), generator=generator).tolist()
    return inner(x, *at, 1), inner(target, *at, 4), inner(plain, *at, 4)


[tuple(part.shape) for part in fresh(8)]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A pool
#
# A tensor has one size. So whatever resizes, resizes the whole batch alike: one scale
# and one mode for all eight. The blur, the noise and the quality differ.

# %% slideshow={"slide_type": "-"}
drawn = pipeline.sample(8, torch.Generator().manual_seed(1))
sigma = drawn["blur 1"]["sigma_x"]
print("blur, sigma:", [round(value, 1) for value in sigma.tolist()])
sizes = {pipeline(crops(8, 96), generator).shape for _ in range(3)}
assert len(sizes) == 1 and len(set(sigma.tolist())) == 8
scale = drawn["resize 1"]["scale"][0].item()
print(f"first resize, of all eight: {scale:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A step would learn from pictures that were all shrunk alike, and the next one from
# others. The authors keep a **pool** of 180 pairs. Each fresh batch is swapped for as
# many random pairs of the pool.


# %% slideshow={"slide_type": "subslide"}
class Pool:
    def __init__(self, make, size, count):
        self.make = make
        parts = zip(*(make(count) for _ in range(size // count)), strict=True)
        self.held = [torch.cat(part) for part in parts]

    def batch(self, count):
        """Random pairs go out, fresh ones take their places."""
        places = torch.randperm(len(self.held[0]), generator=generator)[:count]
        out = [part[places] for part in self.held]  # copies
        for part, new in zip(self.held, self.make(count), strict=True):
            part[places] = new
        return out


def marked(count):
    """Pairs that carry the number of their batch."""
    marked.number += 1
    return (torch.full((count,), marked.number),)


marked.number = 0
numbers = Pool(marked, 64, 8).batch(8)[0].tolist()
assert 3 < len(set(numbers)) <= 8
f"eight pairs out of {len(set(numbers))} different batches: {numbers}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does it matter? The error of bicubic interpolation for 40 batches of eight, as they
# come and shuffled: how much does the mean of a batch scatter?

# %% slideshow={"slide_type": "-"}
errors = []
for _ in range(40):
    x, _, y = fresh(8)
    errors.append((srlab.imresize(x, scale=4) - y).abs().mean((1, 2, 3)))
errors = torch.stack(errors)  # (40, 8)
mixed = errors.flatten()[torch.randperm(320, generator=generator)].view(40, 8)
scatter = {
    "as they come": errors.mean(1).std().item(),
    "shuffled": mixed.mean(1).std().item(),
}
more = (scatter["as they come"] / scatter["shuffled"]) ** 2 - 1  # of the variance
assert 0.1 < more < 1
print({name: round(value, 4) for name, value in scatter.items()})
print({n: f"{(1 + (n - 1) * more / 7) ** 0.5:.1f} times" for n in (8, 12, 48)})

# %% [markdown] slideshow={"slide_type": "fragment"}
# With eight crops a step: a fifth more scatter, roughly. What differs from crop to crop
# (what is on it, its noise, its blur) is far more than what they share. If a share s of
# the variance is common to a batch, the variance of a mean of n is 1 + (n - 1) s times
# a shuffled one's. Hence the second line: without a pool, the 12 crops on each of the
# authors' four GPUs would scatter by a third more, and 48 resized alike twice as much.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is a good place to say how one reads a paper: the pool is in every implementation
# and in no ablation. We expected a large effect and found a small one, at this size, of
# 40 batches. It costs nothing but memory.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Sharpened targets
#
# `fresh` sharpened its targets before it damaged them: **unsharp masking** (USM). Take
# what a strong blur removes, and add half of it again; but only around edges, or it
# would raise the noise.


# %% slideshow={"slide_type": "-"}
wide = degrade.kernels.isotropic(51, 8.0)


def usm(x, weight=0.5, threshold=10 / 255):
    detail = x - degrade.blur(x, wide)
    edges = (detail.abs() > threshold).float()
    soft = degrade.blur(edges, wide).clamp(0, 1)  # a mask without steps
    sharp = (x + weight * detail).clamp(0, 1)
    return soft * sharp + (1 - soft) * x


y = held["astronaut"]
assert torch.allclose(usm(y), degrade.usm_sharpen(y), atol=1e-5)
srlab.show(
    {"original": y, "sharpened": usm(y), "3 times too much": usm(y, 1.5)},
    crop=(24, 56, 64, 64),
    height=192,
    alt="Hair before a grey wall, three times: original; with a little more contrast; "
    "with a bright seam along the hair",
)

# %% slideshow={"slide_type": "subslide"}
price = pd.DataFrame({
    name: {
        "PSNR (dB)": srlab.metrics.psnr(usm(y), y, border=4, luma=True),
        "fine detail (dB)": srlab.metrics.sharpness(usm(y), y, border=4),
    }
    for name, y in held.items()
}).T  # fmt: skip
assert price["PSNR (dB)"].between(28, 33).all()
assert price["fine detail (dB)"].between(0.5, 4).all()
srlab.figures.table(price, "Sharpened against original")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The seams of too much are called halos. With the paper's half the targets have 2 to 3
# dB more fine detail than the photographs; one who sharpens like that is 28 to 33 dB
# from the truth. Does a network learn to sharpen from such pairs? Not directly: the
# small picture is made from the *sharpened* one, too. But what it fills in from
# experience will look like what it was shown. Section 4 measures what it costs.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 Stage one: Real-ESRNet
#
# The first stage has one player and one loss, the mean absolute error. It goes on from
# weights that were trained on clean pictures. The EDSR of notebook 05 is small enough
# to do that here. One step, by hand:

# %% slideshow={"slide_type": "-"}
pool = Pool(fresh, run.pick(fast=64, full=176, rehearse=16), 8)
restorers["EDSR"] = srlab.load("edsr_x4")
net = copy.deepcopy(restorers["EDSR"].net).train().requires_grad_(True)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

x, target, _ = pool.batch(8)  # (8, 3, 16, 16), (8, 3, 64, 64)
loss = (net(x) - target).abs().mean()
optimizer.zero_grad()
loss.backward()
optimizer.step()
assert 0.02 < loss < 0.2
f"loss {loss:.3f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The average of the weights
#
# Each step pulls the weights towards eight crops with eight damages, the next one
# elsewhere. So one keeps a second network that follows slowly, the **exponential moving
# average** (EMA): after each step
#
# $$\bar w \leftarrow \beta\, \bar w + (1 - \beta)\, w$$
#
# with $\beta$ = 0.999 in the paper; 0.98 here, since the run is short. The average is
# never trained, only used.


# %% slideshow={"slide_type": "-"}
def step(net, average, optimizer, rate, beta=0.98):
    for group in optimizer.param_groups:
        group["lr"] = rate
    x, target, _ = pool.batch(8)
    loss = (net(x) - target).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for w_bar, w in zip(average.parameters(), net.parameters(), strict=True):
            w_bar.lerp_(w, 1 - beta)
    return loss.item()


average = copy.deepcopy(net)
round(step(net, average, optimizer, 1e-4), 3)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("9.d")

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
trial = {  # what the curve is measured on: pairs of the pipeline, fixed seeds
    name: pipeline(held[name], torch.Generator().manual_seed(k))
    for k, name in enumerate(held)
}


@torch.no_grad()
def on_trial(net):
    dB = srlab.metrics.psnr
    made = {name: net(x).clamp(0, 1) for name, x in trial.items()}
    return sum(dB(z, held[n], border=4, luma=True) for n, z in made.items()) / 4


STEPS, LOOK = run.pick(fast=(120, 15), full=(120, 15), rehearse=(2, 1))
curve = {"step": [0], "weights": [on_trial(net)], "average": [on_trial(average)]}
for k in range(1, STEPS + 1):
    step(net, average, optimizer, rate=1e-3 * (1 - 0.9 * k / STEPS))
    if k % LOOK == 0:
        found = (k, on_trial(net), on_trial(average))
        for name, value in zip(curve, found, strict=True):
            curve[name].append(value)
f"{STEPS} steps; {curve['average'][0]:.2f} to {curve['average'][-1]:.2f} dB"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
level = on_trial(restorers["bicubic"])
lines = {name: (curve["step"], curve[name]) for name in ("weights", "average")}
lines["bicubic"] = (curve["step"], [level] * len(curve["step"]))
jumps = {
    name: torch.tensor(curve[name][2:]).diff().abs().mean().item()
    for name in ("weights", "average")
}
if not run.rehearse:
    assert curve["average"][-1] > curve["average"][0] + 0.1
    assert jumps["average"] < jumps["weights"]
    assert abs(curve["average"][-1] - curve["weights"][-1]) < 0.1
srlab.figures.curves(
    lines,
    "step",
    "PSNR (dB)",
    "PSNR on damaged pictures over the steps: the weights jump up and down, their "
    "average dips at first and then rises without jumps",
    size=(7, 3),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The weights jump from look to look, the average does not. Who stops on the way leaves
# to chance what the weights are worth. At the end both are worth the same: the rate has
# fallen to a tenth by then, and the weights keep still. The average gives at any time
# what a falling rate gives at the end, and costs memory only. Exercise 9.2 asks how
# long a step is remembered.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What two cores learn in a minute
#
# On the four photographs, which it has not seen: clean, by day, at night, and damaged
# by the pipeline itself (the pictures of the curve).

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
small["pipeline"] = trial
restorers["EDSR, a minute on"] = srlab.models.Restorer(copy.deepcopy(average).eval())
for way in restorers:
    restore(way)
minute = scores(restorers)
change = minute.loc["EDSR, a minute on"] - minute.loc["EDSR"]
minute.loc["change"] = change
if not run.rehearse:
    assert change["pipeline"] > 0.1 and change["at night"] > 0.2
    assert change["clean"] < -1 < -0.5 < change["by day"] < 0.2
srlab.figures.table(minute, "Four photographs, x4, PSNR of luma in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A minute on other data turns the table around. Where there is much damage, the
# network gains and passes bicubic. By day, with little damage, it gains nothing. On
# clean pictures it loses more than it had gained. Section 4 asks why.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
shown = ("bicubic", "EDSR", "EDSR, a minute on")
srlab.show(
    {way: made[way, "at night", "coffee"] for way in shown}
    | {"original": held["coffee"]},
    crop=(40, 100, 64, 64),
    height=192,
    alt="The cup at night, enlarged: blurred squares with bicubic, sharp squares with "
    "EDSR, fainter squares after a minute of training on damage, the original",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# EDSR draws the squares of JPEG sharply; a minute later it draws them more faintly.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The second and the third picture come from one network with one loss. Only the data
# changed. If there is one slide to keep of this notebook, it is this one.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The package does the same
#
# `srlab.training.fit` makes its pairs in blocks of a pool's size and shuffles each
# block (so that a run that was stopped goes on with the same pairs). Two steps of it,
# and two steps by hand on the same pairs:

# %% slideshow={"slide_type": "-"}
from dataclasses import replace

recipe = srlab.recipes.get("real_esrnet_x4", "rehearse")
plainly = {"ema": 0.0, "every": 2, "channels_last": False, "start": "srvgg_x4"}
recipe = replace(recipe, batch=4, pool=8, **plainly)  # no average: plain weights
bank = srlab.training.bank(recipe, recipe.net())
theirs, ours = recipe.net(), recipe.net()  # both begin with srvgg_x4's weights
srlab.training.fit(theirs, recipe, data=bank, validation={"cat": held["chelsea"]})

optimizer = torch.optim.Adam(ours.parameters())
for k in range(recipe.steps):
    for group in optimizer.param_groups:
        group["lr"] = recipe.rate_at(k)
    x, target, _ = bank.batch(k, recipe.batch, recipe.patch)
    loss = (ours(x) - target).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
pairs = zip(ours.parameters(), theirs.cpu().parameters(), strict=True)
differs = max((a - b).abs().max().item() for a, b in pairs)
assert differs < 1e-5
f"largest difference of a weight after {recipe.steps} steps: {differs:.6f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Trained for longer
#
# The paper's stage one: ESRGAN's network, 48 crops of 64 x 64 small pixels a step, a
# million steps. In full mode this cell trains it. Otherwise the weights that come with
# the course are loaded. They are those of **SRVGG**, the compact network that the
# authors published later, made small; it began from weights trained on degraded pairs,
# and its targets were not sharpened in this stage.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
paper = srlab.recipes.get("real_esrnet_x4", "rehearse" if run.rehearse else "full")
if run.fast:
    restorers["Real-ESRNet"] = srlab.load("real_esrnet_x4")
else:
    net = paper.net()
    folder = "runs/real_esrnet_x4" if run.full else None
    print(srlab.training.fit(net, paper, folder=folder, device=run.device))
    restorers["Real-ESRNet"] = srlab.models.Restorer(net.cpu())
card = srlab.load("real_esrnet_x4").card
whole = sum(p.numel() for p in srlab.models.RRDBNet(4).parameters())
print(f"{card.model}: {card.parameters:,} parameters, the paper's network {whole:,}")
print(card.data)
print(f"{card.minutes} minutes on {card.device}; {card.note or 'the full run'}")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
restore("Real-ESRNet")
stage_one = scores(["bicubic", "trained on clean", "EDSR, a minute on", "Real-ESRNet"])
if run.fast:
    best = stage_one.loc["Real-ESRNet"]
    assert (best - stage_one.loc["trained on clean"])["pipeline"] > 0.5
srlab.figures.table(stage_one, "Four photographs, x4, PSNR of luma in dB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# On the benchmark sets, damaged with fixed seeds; `blur`, `noise` and `jpeg` are one
# damage each. From `data/results`, measured by `tools/bench.py`.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
measured_rows = srlab.evaluation.results("degraded_rows")
NAMES = {
    "bicubic": "bicubic",
    "rrdb_x4": "trained on clean",
    "real_esrnet_x4": "Real-ESRNet",
    "real_esrgan_x4": "Real-ESRGAN",
}
ORDER = ["clean", "blur", "noise", "jpeg", "real_esrgan"]


def bench(set_name, column):
    """Methods by degradations, one measure."""
    part = measured_rows.query("set_name == @set_name")
    table = part.pivot(index="method", columns="degradation", values=column)
    table = table.loc[list(NAMES), ORDER].rename(index=NAMES)
    return table.rename(columns={"real_esrgan": "pipeline"}).rename_axis(None)


gains = {}
for set_name in ("Set14", "B100"):
    table = bench(set_name, "psnr")
    others = table.loc[["bicubic", "trained on clean"]].max()
    gains[set_name] = table.loc["Real-ESRNet"] - others
    assert gains[set_name]["pipeline"] > 0.5
srlab.figures.table(table, "B100 x4, PSNR of luma in dB (from data/results)")

# %% [markdown] slideshow={"slide_type": "fragment"}
# On pictures that came through the pipeline Real-ESRNet is ahead of bicubic and of the
# network trained on clean pictures, by half a decibel. Everywhere else somebody is
# ahead of *it*. Against the better of the two others:

# %% slideshow={"slide_type": "-"}
gained = pd.DataFrame(gains).T
assert gained.drop(columns="pipeline").to_numpy().max() < 0
srlab.figures.table(gained, "Real-ESRNet against the better of the two others, in dB")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Read the other columns aloud as well. One mild damage is less than the pipeline mostly
# does, and a network that reckons with four at once repairs what is whole. On clean
# pictures it is furthest behind; the next section takes that apart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Why it loses on clean pictures
#
# On clean small pictures the network trained on clean pictures is far ahead.

# %% slideshow={"slide_type": "-"}
srlab.ask("9.e")

# %% [markdown] slideshow={"slide_type": "fragment"}
# What else comes to mind: a smaller network, sharpened targets, a rate too high for
# good weights. EDSR kept its size and lost about two decibels in a minute. The rest can
# be tested: half a minute with all as before, but **clean** pairs.


# %% slideshow={"slide_type": "subslide"}
def undamaged(count):
    """Pairs with sharpened targets whose small pictures are only shrunk."""
    plain = crops(count, 4 * SIDE)
    target = degrade.usm_sharpen(plain)
    return degrade.BI(4)(target), target, plain


kept = pool, generator  # the control draws by itself
generator = torch.Generator().manual_seed(4)
pool = Pool(undamaged, 32, 8)
len(pool.held[0])

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
twin = copy.deepcopy(restorers["EDSR"].net).train().requires_grad_(True)
slow, optimizer = copy.deepcopy(twin), torch.optim.Adam(twin.parameters())
for k in range(1, STEPS // 2 + 1):
    step(twin, slow, optimizer, rate=1e-3 * (1 - 1.8 * k / STEPS))
pool, generator = kept
restorers["EDSR, clean pairs"] = srlab.models.Restorer(slow.eval())
restore("EDSR, clean pairs")
control = scores(["EDSR", "EDSR, clean pairs", "EDSR, a minute on"])[["clean"]]
assert run.rehearse or control["clean"].diff().iloc[1] > -0.5
srlab.figures.table(control, "Four clean photographs, x4, PSNR of luma in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Going on, the rate and the sharpened targets together cost next to nothing. (These
# small pictures were made from sharpened ones, so there is nothing to sharpen.) The two
# decibels are the price of the damage in the pairs.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Not knowing.** Add noise to the clean small pictures, little by little. From where
# on is it better not to have been trained on clean pictures?

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
levels = (0, 2, 4, 7, 12, 18, 25)  # standard deviation, of 255
three = ("bicubic", "trained on clean", "Real-ESRNet")
ladder = {way: [] for way in three}
for sigma in levels:
    for way in three:
        total = 0.0
        for name in ("astronaut", "coffee"):
            g = torch.Generator().manual_seed(5)
            x = small["clean"][name][..., :40, 10:50]
            z = restorers[way](degrade.gaussian_noise(x, sigma, g)).clamp(0, 1)
            y = held[name][..., :160, 40:200]
            total += srlab.metrics.psnr(z, y, border=4, luma=True) / 2
        ladder[way].append(total)
pairs = zip(levels, ladder["Real-ESRNet"], ladder["trained on clean"], strict=True)
lead = {sigma: blind - clean for sigma, blind, clean in pairs}
if run.fast:
    assert lead[0] < -0.5 and lead[12] < 0 < lead[18] and lead[25] > 1
falls = {way: round(values[0] - values[-1], 1) for way, values in ladder.items()}
print("the blind one is ahead at", [sigma for sigma in levels if lead[sigma] > 0])
falls

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output", "hide-input"]
srlab.figures.curves(
    {way: (levels, values) for way, values in ladder.items()},
    "noise level (of 255)",
    "PSNR (dB)",
    "PSNR over the noise level: the net trained on clean pictures begins highest and "
    "falls steeply below bicubic; the blind one begins lowest, falls least, and meets "
    "bicubic at the highest level only",
    size=(7, 3),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The blind network falls least: some 2 dB, bicubic 4, the clean one almost 9, which it
# passes between 12 and 18. Yet over most of the way plain bicubic is ahead of it: it
# pays for damage that is not there. The best guess for *all* pictures that could be
# behind what it sees is their mean (notebook 07), and most of those that it has met
# were blurred and noisy.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does it draw too little, then? Take what each network adds to bicubic's result, and
# what is missing there. `added` is the energy of the first, `right` its part along the
# second; all that is missing would be 1 and 1.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
luma = srlab.images.luma


def over_bicubic(way, kind):
    """What is added to bicubic's luma, (4, 1, 256, 256); way None: the originals'."""
    return torch.cat([
        luma(y if way is None else made[way, kind, name])
        - luma(made["bicubic", kind, name])
        for name, y in held.items()
    ])  # fmt: skip


over_bicubic(None, "clean").shape

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
parts = {}
for kind in ("clean", "at night"):
    missing = over_bicubic(None, kind)
    for way in ("trained on clean", "Real-ESRNet"):
        change = over_bicubic(way, kind)
        energy, along = (change * change).sum(), (change * missing).sum()
        both = {"added": energy, "right": along}
        whole = missing.square().sum()
        parts[f"{kind}: {way}"] = {k: (v / whole).item() for k, v in both.items()}
if run.fast:
    net, blind = parts["clean: trained on clean"], parts["clean: Real-ESRNet"]
    assert blind["added"] > 1.3 * net["added"] and blind["right"] < 0.5 * net["right"]
    night = parts["at night: Real-ESRNet"]
    assert night["added"] < blind["added"] and night["right"] > blind["right"]
    assert parts["at night: trained on clean"]["right"] < 0.05
parts = pd.DataFrame(parts).T
srlab.figures.table(parts, "Added to bicubic's, of the energy that it lacks")

# %% [markdown] slideshow={"slide_type": "subslide"}
# On clean pictures the blind network adds *more* than the clean one, and less than half
# as much of it is right. At night it adds less, and more of that is right, while the
# clean one has hardly anything right to add. So it does not draw too little. It draws
# what would be right after a blur and noise that are not there. On the cat, four times
# stronger (grey is nothing):

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
cat = list(held).index("chelsea")
srlab.show(
    {
        way or "original": (0.5 + 4 * over_bicubic(way, "clean")[[cat]]).clamp(0, 1)
        for way in ("trained on clean", "Real-ESRNet", None)
    },
    crop=(60, 60, 64, 64),
    height=192,
    alt="What is added to a bicubic cat, three times: thin lines of the eye by the "
    "network trained on clean pictures; a broad dark line, blotches and a faint grid "
    "by the blind one; fine fur everywhere in the original",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Neither draws the fur. The clean network adds thin lines in the right places; the
# blind one adds broad ones and blotches, as if the picture had been blurred.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Fur is the worst case: it is noise with a direction. Ask for a way out. Telling the
# network the noise level (non-blind networks), estimating it first, or a slider for the
# user; all exist. The next panel is such a slider for the damage.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which network for which picture? Choose a damage. (The caption has the PSNR of the
# three, on a little more than is drawn.)


# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def duel(noise, quality, blur):
    y = held["astronaut"][..., 16:144, 48:208]
    x = degrade.blur(y, degrade.kernels.isotropic(13, blur)) if blur else y
    x = srlab.imresize(x, 1 / 4).clamp(0, 1)
    x = degrade.gaussian_noise(x, noise, torch.Generator().manual_seed(2))
    x = degrade.jpeg(x, quality)
    found = {way: restorers[way](x).clamp(0, 1) for way in three}
    dB = [srlab.metrics.psnr(z, y, border=4, luma=True) for z in found.values()]
    caption = ", ".join(f"{w} {v:.2f}" for w, v in zip(three, dB, strict=True))
    drawn = srlab.show(
        found, crop=(16, 20, 96, 120), height=96, alt="one crop, three ways"
    )
    return drawn, caption + " dB"


srlab.widgets.explore(
    duel,
    twin=[{"noise": 10, "quality": 60}],
    alt="An astronaut's face, damaged as chosen and enlarged in three ways.",
    noise=(0, 30, 1, 0),
    quality=(10, 95, 5, 95),
    blur=(0.0, 3.0, 0.2, 0.0),
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 A discriminator for each pixel
#
# Real-ESRNet's pictures are clean and soft. The second stage adds a discriminator, as
# in notebook 07; but one number for a whole picture is a poor teacher when the picture
# is right in one place and wrong in another. Real-ESRGAN's is a **U-Net**: it goes down
# to an eighth of the size to see much, comes up again, and gives a logit *at each
# pixel*.

# %% slideshow={"slide_type": "-"}
from torch.nn.utils.parametrizations import spectral_norm

F = nn.functional


class UNet(nn.Module):
    def __init__(self, n=64, norm=spectral_norm):
        super().__init__()
        steps = [(n, 2 * n), (2 * n, 4 * n), (4 * n, 8 * n)]
        self.first = nn.Conv2d(3, n, 3, padding=1)
        self.down = nn.ModuleList(
            norm(nn.Conv2d(a, b, 4, stride=2, padding=1, bias=False)) for a, b in steps
        )
        self.up = nn.ModuleList(
            norm(nn.Conv2d(b, a, 3, padding=1, bias=False)) for a, b in steps[::-1]
        )
        self.refine = nn.ModuleList(
            norm(nn.Conv2d(n, n, 3, padding=1, bias=False)) for _ in range(2)
        )
        self.last = nn.Conv2d(n, 1, 3, padding=1)

    def forward(self, x):
        return u_net(self, x)


# %% slideshow={"slide_type": "subslide"}
def u_net(net, x):
    def relu(x):
        return F.leaky_relu(x, 0.2)

    x, kept = relu(net.first(x)), []  # (B, n, H, W)
    for conv in net.down:
        kept.append(x)
        x = relu(conv(x))  # twice the features, half the size
    for conv in net.up:
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        x = relu(conv(x)) + kept.pop()  # what was there at this size
    for conv in net.refine:
        x = relu(conv(x))
    return net.last(x)  # (B, 1, H, W)


ours, theirs = UNet(8), srlab.models.UNetDiscriminator(8)
same = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
ours.load_state_dict(dict(same))
x = held["coffee"][..., :64, :64]
assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-5)
count = sum(p.numel() for p in UNet().parameters())
assert count == 4_376_897
f"{count:,} parameters at the paper's width"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Spectral normalisation
#
# A discriminator that may be as steep as it likes is soon certain, and then it teaches
# nothing. **Spectral normalisation** divides each weight, read as a matrix, by its
# largest singular value: of that matrix no direction is made larger than 1. (A small
# weight is made larger by it. The value is estimated by a few rounds of two products,
# as in exercise 9.3, hence a little above 1.)

# %% slideshow={"slide_type": "-"}
layer = theirs.down[0]
raw = layer.parametrizations.weight.original.detach().flatten(1)
used = layer.weight.detach().flatten(1)
gains = {
    "as stored": torch.linalg.matrix_norm(raw, 2).item(),
    "as used": torch.linalg.matrix_norm(used, 2).item(),
}
assert 0.9 < gains["as used"] < 1.1
{name: round(value, 2) for name, value in gains.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The map
#
# Train a small U-Net, 16 features wide, to tell photographs from Real-ESRNet's results.
# The restorer stands still, so that we see the discriminator alone. We help it at the
# start: its first filters have no mean and are ten times as strong, so that it sees
# edges and not brightness.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
bce = F.binary_cross_entropy_with_logits
frozen = restorers["Real-ESRNet"]
pairs = [pool.batch(8) for _ in range(run.pick(fast=16, full=16, rehearse=1))]
fakes = torch.cat([frozen(x).clamp(0, 1) for x, _, _ in pairs])
reals = torch.cat([plain for _, _, plain in pairs])
f"{len(reals)} crops, real and restored"


# %% slideshow={"slide_type": "subslide"}
def judge(norm, rate, steps):
    """A trained player, and a row a step: its mean for real, for fake, its loss."""
    torch.manual_seed(0)
    player, rows = UNet(16, norm), []
    first = player.first.weight.data
    first.copy_(10 * (first - first.mean((2, 3), keepdim=True)))
    optimizer = torch.optim.Adam(player.parameters(), lr=rate, betas=(0.9, 0.99))
    for _ in range(steps):
        at = torch.randint(len(fakes), (4,), generator=generator)
        real, fake = player(torch.cat([reals[at], fakes[at]])).chunk(2)
        loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rows.append([t.mean().item() for t in (real.sigmoid(), fake.sigmoid(), loss)])
    return player.eval(), torch.tensor(rows)


# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
player, rows = judge(spectral_norm, 1e-3, run.pick(fast=50, full=50, rehearse=2))
real, fake, loss = rows[-20:].mean(0).tolist()
assert run.rehearse or real > fake + 0.1
f"real {real:.2f}, restored {fake:.2f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now a photograph that it has not seen, with a square in its middle that went through
# the pipeline and Real-ESRNet. Where does the map say "real" (bright)?

# %% slideshow={"slide_type": "-"}
srlab.ask("9.f")

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
middle = (..., slice(64, 192), slice(64, 192))


@torch.no_grad()
def map_of(player, name, way):
    """A photograph with a restored square, its map, the square's mean before, after."""
    image = held[name].clone()
    before = player(image).sigmoid()[middle].mean().item()
    image[middle] = made[way, "pipeline", name][middle]
    found = player(image).sigmoid()  # (1, 1, 256, 256)
    return image, found, before, found[middle].mean().item()


cup, face = (map_of(player, name, "Real-ESRNet") for name in ("coffee", "astronaut"))
before, after = (cup[2] + face[2]) / 2, (cup[3] + face[3]) / 2
assert run.rehearse or before > after + 0.05
print(f"the map in the square: {before:.2f} as photographed, {after:.2f} restored")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
srlab.show(
    [*cup[:2], *face[:2]],
    cmap=[None, "magma", None, "magma"],
    limits=(0, 1),
    height=128,
    alt="A cup and an astronaut, a soft square in the middle of each, and the maps: "
    "bright where the photographs have edges and texture, darker in the square and "
    "where the photograph itself is smooth",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The map knows "real" (bright) and "I cannot tell" (purple, near one half). In the
# square it falls back to the second, but for its rim; smooth places of the photograph
# itself are purple, too: there is nothing to tell real from restored. For the generator
# this is a lesson with an address: *here* something is missing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# But does it know photographs from restored pictures, or only rough from smooth? Put
# into the square what it has never met: bicubic's picture, and the same with noise.


# %% slideshow={"slide_type": "-"}
grain = torch.Generator().manual_seed(0)


@torch.no_grad()
def mark(name, square):
    """The map's mean in the middle, with this picture's middle put there."""
    image = held[name].clone()
    image[middle] = square[middle]
    return player(image).sigmoid()[middle].mean().item()


# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
marks = {}
for name in ("coffee", "astronaut"):
    soft = made["bicubic", "clean", name]
    marks[name] = {
        "photograph": mark(name, held[name]),
        "Real-ESRNet": mark(name, made["Real-ESRNet", "pipeline", name]),
        "bicubic": mark(name, soft),
        "with noise": mark(name, degrade.gaussian_noise(soft, 15, grain)),
    }
marks = pd.DataFrame(marks)
if run.fast:
    assert (marks.loc["bicubic"] - marks.loc["Real-ESRNet"]).abs().max() < 0.15
    assert (marks.loc["with noise"] > marks.loc["photograph"]).all()
srlab.figures.table(marks, "The map in the square, by what is in it")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Noise is "more real" than the photograph. So far this player measures roughness, and
# against an opponent who is always smooth that is enough. A generator could please it
# with dirt; then it would have to learn better. That is why the two take turns.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This discriminator played for seconds against an opponent that stood still. The one of
# a whole run is finer. What matters is that the gradient of each pixel comes from its
# own logit and its neighbours', not from one number for the picture.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What spectral normalisation brings
#
# Source 004 says that the U-Net makes training less stable, and that spectral
# normalisation steadies it. The same player with it and without, at the rate above and
# at ten times that rate: the loss of its last steps. (Guessing has a loss of 2 ln 2.)

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
count = run.pick(fast=14, full=14, rehearse=2)
norms = {"with": spectral_norm, "without": lambda conv: conv}
steady = pd.DataFrame({
    f"rate {rate}": {
        label: judge(norm, rate, count)[1][-6:, 2].mean().item()
        for label, norm in norms.items()
    }
    for rate in (0.001, 0.01)
})  # fmt: skip
print(f"guessing: {2 * torch.tensor(2.0).log():.2f}")
if not run.rehearse:
    assert steady.max(axis=1)["with"] < 3 < steady["rate 0.01"]["without"]
srlab.figures.table(steady, "Loss of the discriminator with and without the norm")

# %% [markdown] slideshow={"slide_type": "fragment"}
# At the low rate the player without it learns faster in these few steps. At the high
# one it flies off, while the one with it stays at guessing: steady, not yet better. So
# the steadying is seen, for one player; what it does for a whole run of two takes a
# GPU.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 Stage two: Real-ESRGAN
#
# Three losses: the pixels and the features (before activation, notebook 07) against the
# *sharpened* target; the U-Net is shown the target *as it was*. A sharpened one as
# "real" would teach halos. One step of each player, by hand:

# %% slideshow={"slide_type": "-"}
perceptual = srlab.losses.Perceptual()
generator_net = copy.deepcopy(frozen.net).train().requires_grad_(True)
player = srlab.models.UNetDiscriminator(16).train()
by_g = torch.optim.Adam(generator_net.parameters(), lr=1e-4)
by_d = torch.optim.Adam(player.parameters(), lr=1e-4)
f"{sum(p.numel() for p in player.parameters()):,} parameters of the second player"


# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
def duel_step(x, target, plain):
    fake = generator_net(x)
    logits = player(fake)
    parts = {
        "pixel": (fake - target).abs().mean(),
        "perceptual": perceptual(fake, target),
        "adversarial": bce(logits, torch.ones_like(logits)),  # "take me for real"
    }
    loss = parts["pixel"] + parts["perceptual"] + 0.1 * parts["adversarial"]
    by_g.zero_grad()
    loss.backward()
    by_g.step()
    real, fake = player(plain), player(fake.detach())
    loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    by_d.zero_grad()
    loss.backward()
    by_d.step()
    return {name: round(part.item(), 3) for name, part in parts.items()}


duel_step(*pool.batch(8))

# %% [markdown] slideshow={"slide_type": "fragment"}
# (`by_d.zero_grad()` also throws away what the generator's loss left in the player.)
# The weights 1, 1 and 0.1 are the paper's. The features are not VGG's but our own
# (notebook 07), so the balance of the three is ours. With an untrained player the
# adversarial part is near ln 2 = 0.69: it says "I do not know" everywhere.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The health of the second player
#
# The recipe of stage two does this; its report has what the player gave to real and to
# restored pictures, and what the **health watch** said. A short run, from the weights
# of stage one:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
live = srlab.recipes.get("real_esrgan_x4", "rehearse" if run.rehearse else "fast")
live = replace(live, pool=32, **run.pick(
    fast={"steps": 15, "every": 5}, full={"steps": 15, "every": 5}, rehearse={},
))  # fmt: skip
checks = {"cup": held["coffee"]}
report = srlab.training.fit(live.net(), live, validation=checks, device=run.device)
health = pd.DataFrame(report.history)[["step", "d_real", "d_fake", "adversarial"]]
assert health["d_real"].between(0.2, 0.9).all() and not report.warnings
srlab.figures.table(health, "The first steps of stage two", digits=3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Near one half, both: the player has hardly begun. In a healthy run real stays above
# one half and restored below it, neither at certainty. Now a rigged game: the generator
# knows nothing and hardly moves, and the second player is ESRGAN's, without spectral
# normalisation, with thirty times the rate.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
import warnings

rigged = replace(
    live,
    start="",
    model="SRResNet",
    settings={"scale": 4, "width": 16, "blocks": 1},
    rate=1e-6,
    steps=run.pick(fast=35, full=35, rehearse=2),
    every=run.pick(fast=5, full=5, rehearse=1),
    gan=replace(
        live.gan,
        discriminator="VGGDiscriminator",
        width=16,
        rate=3e-3,
        perceptual=0.0,
    ),
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", srlab.training.GanWarning)
    lost = srlab.training.fit(
        rigged.net(), rigged, validation=checks, device=run.device
    )
assert run.rehearse or "won" in lost.warnings[0]
print(*lost.warnings, sep="\n")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output", "hide-input"]
sure = {}
for name, history in (("fresh", report.history), ("rigged", lost.history)):
    steps = [row["step"] for row in history]
    for key, what in (("d_real", "real"), ("d_fake", "restored")):
        sure[f"{name}, {what}"] = (steps, [row[key] for row in history])
srlab.figures.curves(
    sure,
    "step",
    "probability of real",
    "Four curves: the fresh player's two lie close to one half; the rigged one's run "
    "apart to one and to zero within a few dozen steps",
    size=(7, 3),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A loss curve alone does not show this: the generator's adversarial loss grows, and
# that looks like a hard game. Ask what to do when the watch warns. Its text has three
# answers: a lower rate, a smaller player, more weight on the other losses.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The whole run
#
# 400,000 steps on GPUs in the paper. In full mode this cell makes them; else the
# course's own weights are loaded, and the card says what they are.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
paper = srlab.recipes.get("real_esrgan_x4", "rehearse" if run.rehearse else "full")
if run.fast:
    restorers["Real-ESRGAN"] = srlab.load("real_esrgan_x4")
else:
    net = paper.net()
    folder = "runs/real_esrgan_x4" if run.full else None
    print(srlab.training.fit(net, paper, folder=folder, device=run.device))
    restorers["Real-ESRGAN"] = srlab.models.Restorer(net.cpu())
card = srlab.load("real_esrgan_x4").card
print(card.data)
print(f"{card.minutes} minutes on {card.device}; {card.note or 'the full run'}")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
restore("Real-ESRGAN")
four = ("bicubic", "trained on clean", "Real-ESRNet", "Real-ESRGAN")
srlab.show(
    {way: made[way, "by day", "astronaut"] for way in four}
    | {"original": held["astronaut"]},
    crop=(62, 66, 76, 76),
    height=152,
    alt="An astronaut's face by day, enlarged in four ways: soft; soft with drawn "
    "squares; clean, with hardly a mouth; hard outlines with bright seams, a fine grid "
    "and a distorted face; and the original",
)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
sharp = {}
for set_name in ("Set14", "B100"):
    for column in ("psnr", "sharpness_db", "haarpsi"):
        values = bench(set_name, column)["pipeline"]
        sharp[f"{set_name} {column.removesuffix('_db')}"] = values
sharp = pd.DataFrame(sharp)
for set_name in ("Set14", "B100"):
    sharper = sharp[f"{set_name} sharpness"]
    assert sharper["Real-ESRGAN"] > sharper["Real-ESRNet"]
    assert sharp[f"{set_name} haarpsi"].idxmin() == "Real-ESRGAN"
srlab.figures.table(sharp, "Damaged by the pipeline, x4; PSNR and sharpness in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# `sharpness` is the energy above a quarter of the finest frequency, against the
# original's: 0 is as sharp as the original. The second stage brings sharpness, some ten
# decibels of it, and pays with PSNR: the trade of notebook 07. HaarPSI puts it last of
# the four.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Look closer
#
# Not all of it is detail. Enlarge a smooth place, and you see dots. The network makes 4
# x 4 pixels at once (the sub-pixel layer of notebook 04), and each of the 16 places has
# weights of its own. How far do the means of these places differ? In a photograph they
# are nearly equal.


# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def dots(image):
    """Deviation of the means of the 16 places of a 4 x 4 square, in grey levels."""
    places = F.pixel_unshuffle(srlab.images.luma(image), 4).mean((2, 3))  # (1, 16)
    return 255 * places.std().item()


level = {"original": sum(map(dots, held.values())) / 4}
for way in ("bicubic", "Real-ESRNet", "Real-ESRGAN"):
    level[way] = sum(dots(made[way, "by day", name]) for name in held) / 4
assert level["original"] < 0.5
print({way: round(value, 2) for way, value in level.items()})
srlab.show(
    {way: made[way, "by day", "astronaut"] for way in ("Real-ESRNet", "Real-ESRGAN")},
    crop=(60, 30, 64, 64),
    height=192,
    alt="A face and a wall, enlarged: smooth by Real-ESRNet; with a fine regular grid "
    "of dots by Real-ESRGAN",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Over the whole picture the dots are less than a grey level, beside edges more. A
# discriminator could punish them; ours, of a few thousand steps, did not. The bright
# seam along the hair is another thing, a halo: the losses asked for it, with their
# sharpened targets. The map at the end, on a square of Real-ESRGAN:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
weights, card = srlab.weights.read_weights(
    srlab.weights.find_weights("real_esrgan_x4_discriminator")
)
last = srlab.models.UNetDiscriminator(card.settings["width"]).eval()
last.load_state_dict(weights)
cup = map_of(last, "coffee", "Real-ESRGAN")
print(f"the map in the square: {cup[2]:.2f} as photographed, {cup[3]:.2f} restored")
assert run.rehearse or cup[2] > cup[3] + 0.05
srlab.show(
    cup[:2],
    cmap=[None, "magma"],
    limits=(0, 1),
    height=128,
    alt="A cup with a restored square in the middle, and the map of the trained "
    "discriminator: dark in most of the square, darkest at the cup's rim; outside it "
    "bright on the spoon and the saucer and in between elsewhere",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It still leans to the right side. So there would be more to learn; that takes longer
# runs than ours.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 A phone's photographs, and yours
#
# Back to the phone that none of the networks was trained on.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
final = scores(four)
if run.fast:
    blind = final.loc["Real-ESRNet"] - final.drop("Real-ESRNet").max()
    assert blind["by day"] > 0.05 and blind["at night"] > 0.3
    short = final.loc["bicubic"] - final.loc["Real-ESRGAN"]
    assert 0.8 < short["at night"] < short["by day"] < 1.5
srlab.figures.table(final, "Four photographs, x4, PSNR of luma in dB")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
ahead = {
    kind: {n: psnr("Real-ESRNet", kind, n) - psnr("bicubic", kind, n) for n in held}
    for kind in KINDS
}
for kind, found in ahead.items():
    print(kind, {name: round(value, 1) for name, value in found.items()})
    if run.fast:
        assert max(found, key=found.get) == "coffee"
        assert (min(found.values()) > 0) == (kind == "at night")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Real-ESRNet leads. At night it is ahead of bicubic on all four photographs (in dB,
# above). By day its lead in the mean, a tenth of a decibel, comes from the cup: on the
# astronaut bicubic is ahead. Real-ESRGAN is a decibel below bicubic: in decibels it
# lost more than stage one had gained. Look:

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
srlab.compare(
    made["trained on clean", "at night", "motorcycle"],
    made["Real-ESRGAN", "at night", "motorcycle"],
    labels=("trained on clean", "Real-ESRGAN"),
    crop=(56, 46, 96, 164),
    alt="A motorcycle's fork and mudguard at night, enlarged: squares and coloured "
    "dirt on the left; no squares, hard outlines and a grid of dots on the right",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Pull the line. The squares are gone on the right; a grid of dots and simple shapes
# took their place.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Which one looks better?
#
# A forced choice between the four, blind: six pairs. `ratings_09.csv` keeps the votes
# (notebook 01 shows how to join those of a class).

# %% slideshow={"slide_type": "-"}
panel = srlab.rating(
    {way: made[way, "at night", "coffee"] for way in four},
    kind="2afc",
    seed=9,
    path="ratings_09.csv",
)
assert len(panel.trials) == 6
panel

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Your own
#
# Put the path of a photograph of yours in place of the name. It should be small or
# blurred, or have gone through a messenger; only the middle is enlarged. There is no
# original to compare with, so there is no number: look.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
mine = "rocket"  # or a path, such as "holiday.jpg"


def enlarge_middle(image, side=36):
    """The middle of a photograph, enlarged in three ways."""
    image = image.expand(-1, 3, -1, -1)
    top, left = ((n - min(n, side)) // 2 for n in image.shape[-2:])
    x = image[..., top : top + side, left : left + side]
    ways = ("bicubic", "trained on clean", "Real-ESRGAN")
    found = {way: restorers[way](x).clamp(0, 1) for way in ways}
    return srlab.show(
        found, height=144, alt="The middle of a photograph, enlarged in three ways"
    )


enlarge_middle(srlab.photo(mine))

# %% [markdown] slideshow={"slide_type": "skip"}
# Or choose a file here; the same three pictures appear below the button.

# %% slideshow={"slide_type": "skip"}
upload = srlab.widgets.upload(on_image=enlarge_middle)
upload

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let students bring pictures that hurt: a photograph of a photograph, a screenshot of a
# video call, a scan. On good photographs the blind network is no help, and it paints
# over texture. That is the sentence to take home.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 Where it fails
#
# Letters, faces, texture: all three are patterns that one must *know*. The small
# pictures here are clean, so that nothing but the network is to blame.

# %% slideshow={"slide_type": "-"}
srlab.ask("9.g")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
subjects = {  # a photograph; top and left of a square of 128, and of 56 drawn in it
    "letters": (srlab.photo("astronaut"), 328, 108, 16, 36),
    "a face": (srlab.photo("astronaut"), 48, 160, 42, 36),
    "texture": (srlab.photo("chelsea"), 174, 24, 36, 36),
}
failures = {}
for what, (image, top, left, down, right) in subjects.items():
    y = image[..., top : top + 128, left : left + 128]
    x = degrade.BI(4)(y)
    part = (..., slice(down, down + 56), slice(right, right + 56))
    for way in four[1:]:
        failures[f"{what}: {way}"] = restorers[way](x).clamp(0, 1)[part]
    failures[f"{what}: original"] = y[part]
srlab.show(
    failures,
    columns=4,
    height=112,
    alt="Letters on a patch, a face and whiskers, each by three networks and in the "
    "original: no network reads the letters; eyes and mouth of the blind ones are "
    "smeared; of the whiskers the one trained on clean keeps traces, the others none",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing here is a mistake of the code. Sixteen pixels of the original became one, and
# what was lost is guessed from what was seen in training. Our networks have seen few
# faces and hardly a letter; they are small, the authors' is sixty times as large; but
# for faces even they built a network of its own (GFPGAN, notebook 10).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is it a restoration or an invention?** One test needs no eyes, and works one way.
# Damage one photograph ten times with the same kind of damage and other noise. What
# differs between the results was not in the scene; what comes back may still be
# invented.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
face = held["astronaut"][..., :160, 40:200]
nights = [torch.Generator().manual_seed(k) for k in range(10)]
ten = torch.cat([phone(face, g, **KINDS["at night"]) for g in nights])
spread = {}
for way in four:
    results = torch.cat([restorers[way](x).clamp(0, 1) for x in ten.split(1)])
    error = (results.mean(0) - face[0]).square().mean().sqrt()
    spread[way] = {
        "differs between draws": 255 * results.std(0).square().mean().sqrt().item(),
        "mean differs from the truth": 255 * error.item(),
    }
spread = pd.DataFrame(spread).T
if run.fast:
    ratio = spread.iloc[:, 1] / spread.iloc[:, 0]
    assert ratio.between(1.5, 2.5).all() and spread.iloc[:, 1].idxmax() == "Real-ESRGAN"
    assert spread.iloc[:, 0].idxmin() == "Real-ESRNet"
srlab.figures.table(spread, "Ten nights, in grey levels of 255", digits=1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first column is what noise decided; the second, what comes back wrong every night,
# about twice as much. Real-ESRGAN varies more than bicubic, and its mean is furthest
# from the truth. Real-ESRNet varies least, and is no nearer to it than bicubic: the
# same mistakes each time. Repeating is no proof.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is the slide for the talk about evidence. A blind network gives a plausible
# picture. A number plate, a face on a surveillance camera, a shadow on a medical image
# must not be read from it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 The messenger
#
# A messenger shrinks your photograph and compresses it; the other side enlarges it. At
# few bytes that pays with interpolation already (Bruckstein et al., 2003). Now that the
# other side may have a network, how should one spend the bytes?
#
# Five ways at **equal bytes** (all of them real: the length of the file). JPEG of a
# quarter of the width and height, enlarged by bicubic, by the network trained on clean
# pictures or by Real-ESRNet; and two that need no network: JPEG of half the width and
# height, enlarged by bicubic, and JPEG of the whole picture.

# %% slideshow={"slide_type": "-"}
srlab.ask("9.h")


# %% slideshow={"slide_type": "subslide"}
import bisect


def sent(image, quality):
    """(file, small picture): what goes over the line, and what comes out of it."""
    codec = srlab.codecs.JPEG(quality)
    data = codec.encode(srlab.imresize(image, 1 / 4).clamp(0, 1))
    return data, codec.decode(data)


def within(image, budget):
    """The best JPEG of a picture in at most so many bytes; None if there is none."""

    def size(quality):
        return len(srlab.codecs.JPEG(quality).encode(image))

    best = bisect.bisect_right(range(1, 96), budget, key=size)  # sizes rise with it
    codec = srlab.codecs.JPEG(max(best, 1))
    return codec.decode(codec.encode(image)) if best else None


data, tiny = sent(held["coffee"], 50)
rate = srlab.codecs.bpp(data, held["coffee"])
print(f"{len(data)} bytes, {rate:.3f} bpp of the large picture")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
five = (10, 25, 50, 75, 95)
qualities = run.pick(fast=five, full=five, rehearse=(95,))
measured = []
for y in held.values():
    half = srlab.imresize(y, 1 / 2).clamp(0, 1)
    for quality in qualities:
        data, tiny = sent(y, quality)
        ways = {way: restorers[way](tiny).clamp(0, 1) for way in three}
        ways["half, bicubic"] = srlab.imresize(within(half, len(data)), scale=2)
        ways["whole JPEG"] = within(y, len(data))
        measured += [
            {"way": way, "quality": quality, "bpp": srlab.codecs.bpp(data, y),
             "psnr": srlab.metrics.psnr(z.clamp(0, 1), y, border=4, luma=True)}
            for way, z in ways.items() if z is not None
        ]  # fmt: skip
measured = pd.DataFrame(measured)
means = measured.groupby(["way", "quality"], as_index=False).mean(numeric_only=True)
f"{len(measured)} measurements"

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output", "hide-input"]
full_set = measured.groupby(["way", "quality"])["bpp"].transform("size") == len(held)
means = measured[full_set].groupby(["way", "quality"], as_index=False).mean()
lines = {way: (part["bpp"], part["psnr"]) for way, part in means.groupby("way")}
srlab.figures.curves(
    lines,
    "rate (bpp)",
    "PSNR (dB)",
    "PSNR over the rate, means of four photographs: half with bicubic begins lowest "
    "and soon passes the three of a quarter; JPEG of the whole begins late and low, "
    "and meets it at the highest rate",
    size=(7, 3.4),
)

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output", "hide-input"]
by_quality = means.pivot(index="quality", columns="way", values="psnr")
rate = means.query("way == 'bicubic'").set_index("quality")["bpp"]
by_quality.insert(0, "bpp", rate)
if run.fast:
    low, high = by_quality.iloc[0], by_quality.iloc[-1]
    assert low["Real-ESRNet"] > low["bicubic"] > low["trained on clean"]
    assert high["whole JPEG"] > high["trained on clean"] > high["Real-ESRNet"]
    assert by_quality["whole JPEG"].isna().sum() == 3
    quarters = by_quality[list(three)].max(axis=1)
    halves = by_quality["half, bicubic"] - quarters
    assert list(halves > 0.2) == [False, False, True, True, True]
    assert abs(high["half, bicubic"] - high["whole JPEG"]) < 0.1
srlab.figures.table(by_quality, "By the quality of the small picture's JPEG, in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Among the quarters: the rougher the JPEG, the better for the network that knows
# damage; at the roughest it leads. The better the JPEG, the better for the one trained
# on clean pictures: the ladder of section 4 again. But from the middle row on, twice
# the width and plain bicubic beat them all: what shrinking took away no network brings
# back. At the three lowest rates not every photograph has a JPEG of the whole at all (a
# dash); at the highest it comes level with the half. How far to shrink counts for more
# than who enlarges. (Notebook 19 asks this in earnest.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is a codec made of a codec and a restorer, the shape of notebook 19. Here it is
# the crudest one: nothing in the small picture was made for the network. What JPEG
# does with its bytes, and what came after it, is notebook 13.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Four small functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("9.1")` gives the first of three hints, the next call the second.
# `srlab.solution("9.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# 9.1 takes ten minutes and belongs to the blind test; do it together if people are new
# to it. 9.2 takes ten, 9.3 twenty, 9.4 ten. 9.3 can be left out without harm.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 9.1 Told apart, or lucky?
#
# Someone answered `pairs` pairs and was right in `right` of them. With what probability
# does a guesser, right half of the time, do at least as well?


# %% slideshow={"slide_type": "-"}
def luck(right, pairs):
    raise NotImplementedError  # your code


checked_luck = srlab.check("9.1", luck)
checked_luck

# %% [markdown] slideshow={"slide_type": "subslide"}
# From how many right answers on would you believe that someone saw it? One often asks
# for less than 0.05.

# %% slideshow={"slide_type": "-"}
{k: round(float(checked_luck.use(k, 8)), 3) for k in range(4, 9)}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 9.2 How long a step is remembered
#
# An average of weights starts as $w_0$; after each step $k = 1 \dots n$ it becomes
# $\beta \bar w + (1 - \beta) w_k$. With which factor does $w_k$ stand in the average
# after n steps? (`step` is k, from 0, the start, to n; `steps` is n.) Return a number.


# %% slideshow={"slide_type": "-"}
def share(step, steps, decay):
    raise NotImplementedError  # your code


checked_share = srlab.check("9.2", share)
checked_share

# %% [markdown] slideshow={"slide_type": "subslide"}
# What the start still counts, in our run and with the recipe's decay after as many
# steps. (The package's average follows faster at first, so that it forgets.)

# %% slideshow={"slide_type": "-"}
beta = srlab.recipes.get("real_esrnet_x4", "full").ema
start = {b: checked_share.use(0, STEPS, b) for b in (0.98, beta)}
assert run.rehearse or (start[0.98] < 0.1 and start[beta] > 0.8)
{b: round(float(value), 2) for b, value in start.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 9.3 The largest gain
#
# `conv` is an `nn.Conv2d`. Read its weights as a matrix with a row for each output, and
# return the largest singular value as a number, without a library's functions for it:
# multiply a vector by the matrix and by its transpose, in turn, until nothing changes.


# %% slideshow={"slide_type": "-"}
def gain_of(conv):
    raise NotImplementedError  # your code


checked_gain = srlab.check("9.3", gain_of)
checked_gain

# %% [markdown] slideshow={"slide_type": "subslide"}
# The gains of a fresh U-Net's layers before they are divided by them:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
plain_layers = UNet(16, norm=lambda conv: conv)
found = [checked_gain.use(conv) for conv in (*plain_layers.down, *plain_layers.up)]
assert all(0.3 < g < 3 for g in found)
[round(float(g), 2) for g in found]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 9.4 Who has won?
#
# `d_real` and `d_fake` are lists: at each look, the mean probability of "real" that a
# discriminator gave to real and to generated pictures. It has won when, for `patience`
# looks in a row, the first is above `sure` and the second below `1 - sure`. Return the
# place (from 0) of the look that completes the row, or None.


# %% slideshow={"slide_type": "-"}
def won(d_real, d_fake, sure=0.95, patience=3):
    raise NotImplementedError  # your code


checked_won = srlab.check("9.4", won)
checked_won

# %% [markdown] slideshow={"slide_type": "subslide"}
# On the two runs of section 6:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
verdicts = {}
for name, history in (("fresh", report.history), ("rigged", lost.history)):
    table = pd.DataFrame(history)
    place = checked_won.use(list(table["d_real"]), list(table["d_fake"]))
    verdicts[name] = "not won" if place is None else f"step {table['step'][place]}"
assert verdicts["fresh"] == "not won"
assert run.rehearse or verdicts["rigged"] != "not won"
verdicts

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(9)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - A network that was trained on clean small pictures gains next to nothing on a
#   phone's photograph.
# - Real-ESRGAN's answer is data: good photographs, damaged in every way one can think
#   of. Network and losses are old.
# - Stage one (Real-ESRNet) learns to repair, with one loss. Stage two (Real-ESRGAN)
#   makes it sharp, and pays with PSNR.
# - A U-Net discriminator judges each pixel; spectral normalisation keeps it from being
#   certain too soon; a watch says when it has won.
# - Not knowing costs: on clean pictures the blind network loses, for it repairs damage
#   that is not there.
# - It does not read, does not know faces, and paints over texture. It is no evidence.
# - Within few bytes: shrink, compress, enlarge; the more bytes, the less shrinking. How
#   far to shrink counts for more than the network.
#
# Next: faces and diffusion come later (10 and 11); notebook 13 opens the JPEG file.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "blind super-resolution, degradation, unsharp masking, halo, training-pair pool, "
    "moving average of weights, U-Net, spectral normalisation, health watch, "
    "perceptual loss, adversarial loss, two-alternative forced choice, hallucination, "
    "bits per pixel"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# The course grew out of five documents; 003 is a lecture on image enhancement, 004 a
# post on the ESRGAN family.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("09")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: training real-world blind
#   super-resolution with pure synthetic data", ICCV workshops 2021,
#   [arXiv:2107.10833](https://arxiv.org/abs/2107.10833).
# - K. Zhang, J. Liang, L. Van Gool, R. Timofte, "Designing a practical degradation
#   model for deep blind image super-resolution" (BSRGAN), ICCV 2021,
#   [arXiv:2103.14006](https://arxiv.org/abs/2103.14006).
# - E. Schönfeld, B. Schiele, A. Khoreva, "A U-Net based discriminator for generative
#   adversarial networks", CVPR 2020,
#   [arXiv:2002.12655](https://arxiv.org/abs/2002.12655).
# - T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral normalization for generative
#   adversarial networks", ICLR 2018,
#   [arXiv:1802.05957](https://arxiv.org/abs/1802.05957).
# - X. Wang et al., "ESRGAN: enhanced super-resolution generative adversarial networks",
#   ECCV workshops 2018, [arXiv:1809.00219](https://arxiv.org/abs/1809.00219).
# - X. Wang, Y. Li, H. Zhang, Y. Shan, "Towards real-world blind face restoration with
#   generative facial prior" (GFPGAN), CVPR 2021,
#   [arXiv:2101.04061](https://arxiv.org/abs/2101.04061).
# - A. Bruckstein, M. Elad, R. Kimmel, "Down-scaling for better transform compression",
#   IEEE Trans. Image Processing 12(9), p. 1132, 2003.
