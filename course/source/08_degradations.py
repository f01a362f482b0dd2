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
# # 08 Degradations
#
# The same cat three times, enlarged four times. On the left by the network EDSR, from a
# small picture that was made by bicubic interpolation, as in all notebooks so far. A
# and B started from another small picture: a little blur, a little noise, a JPEG file.
# One of them was enlarged by bicubic, the other by the same network. Which? By the end
# of this notebook you can make such damage, measure it, and tell from one edge what
# happened to a picture.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import torch

import srlab
from srlab import degrade

photo = srlab.photo("chelsea")[..., 20:276, 80:400]  # (1, 3, 256, 320)
edsr = srlab.load("edsr_x4")
clean = degrade.BI(4)(photo)
phone = degrade.blur(photo, degrade.kernels.isotropic(21, 1.5))
phone = degrade.gaussian_noise(degrade.BI(4)(phone), 10, torch.Generator())
phone = degrade.jpeg(phone, 50)
srlab.show(
    {
        "EDSR, from bicubic": edsr(clean).clamp(0, 1),
        "damaged, A": srlab.imresize(phone, scale=4).clamp(0, 1),
        "damaged, B": edsr(phone).clamp(0, 1),
    },
    crop=(58, 44, 100, 130),
    height=100,
    alt="The cat's eye three times: clear with EDSR from a clean small picture; from a "
    "damaged one blotchy and dull, in A as much as in B",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask which of the two damaged pictures the network made (B; A is bicubic). It is hard
# to say, and that is a claim of one of our sources. Then ask what the network would
# have to know. It has never seen noise or a JPEG block; it takes both for detail and
# sharpens them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - make blur and noise by hand from their equations, and say what resizing and JPEG
#   do to a picture;
# - measure what each of them costs a network that was trained on bicubic;
# - say what BI, BD and DN mean in a table;
# - say why pairs of real photographs are hard to make;
# - read a degradation pipeline from its diagram, and run it stage by stage;
# - show where ringing comes from;
# - name an unknown damage from the picture of one step edge.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebook 02: kernels, aliasing, the frequency response. Notebook 03, section 8:
#   another kind of small picture. Notebook 05: EDSR, which is the network here.
# - Variance, and that variances of independent noise add.
# - No internet and no GPU is needed.
#
# ## Time
#
# About two and a half hours to work through, 45 minutes of it exercises. To run all
# cells: minutes on two CPU cores: 1, on one GPU: 1.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import numpy as np
import pandas as pd
import torch.nn.functional as F

run = srlab.setup("08")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 One network, many small pictures
#
# A **degradation** is all that happens between the picture that we want and the one
# that we have. The network of this notebook, a small EDSR for x4, was trained on one
# degradation: MATLAB's bicubic. Four photographs that it was not trained on:

# %% slideshow={"slide_type": "-"}
names = srlab.training.held_out()
held = torch.cat([srlab.photo(n)[..., 22:278, 100:356] for n in names])  # 4 pictures


def bicubic(small):
    return srlab.imresize(small, scale=4).clamp(0, 1)


@torch.no_grad()
def score(restorer, small, hr=held):
    """Mean PSNR of luma in dB, four pixels cut."""
    made = srlab.images.round8(restorer(small).clamp(0, 1))
    return srlab.metrics.psnr(made, hr, border=4, luma=True)


small = degrade.BI(4)(held)
f"bicubic {score(bicubic, small):.2f} dB, EDSR {score(edsr, small):.2f} dB"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the small pictures are made in other ways: blurred before they are shrunk, noise
# added after it, or sent through a JPEG file.

# %% slideshow={"slide_type": "-"}
srlab.ask("8.a")


# %% slideshow={"slide_type": "skip"}
def blurred(sigma):
    return degrade.BI(4)(degrade.blur(held, degrade.kernels.isotropic(21, sigma)))


def noisy(level):
    noise = torch.Generator().manual_seed(8)
    return srlab.images.round8(degrade.gaussian_noise(small, level, noise))


ways = {"bicubic, as trained": small}
ways |= {f"blur, sigma {sigma}": blurred(sigma) for sigma in (1, 2, 3)}
ways |= {f"noise, level {level}": noisy(level) for level in (5, 10, 20)}
ways |= {f"JPEG, quality {q}": degrade.jpeg(small, q) for q in (90, 50, 20)}
f"{len(ways)} kinds of small picture"

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
rows = {way: [score(bicubic, lr), score(edsr, lr)] for way, lr in ways.items()}
hurt = pd.DataFrame(rows, index=["bicubic", "EDSR"]).T
hurt["gain"] = hurt["EDSR"] - hurt["bicubic"]
hurt["EDSR loses"] = hurt["EDSR"].iloc[0] - hurt["EDSR"]
assert 1.6 < hurt["gain"].iloc[0] < 1.8
assert 0.8 < hurt["gain"]["blur, sigma 2"] < 1.1
assert 0.2 < hurt["gain"]["blur, sigma 3"] < 0.5
assert hurt["gain"].loc[["noise, level 10", "JPEG, quality 50"]].abs().max() < 0.15
assert hurt["gain"]["noise, level 20"] < -1.4 < hurt["gain"]["JPEG, quality 20"] < -0.2
assert 5.5 < hurt["EDSR loses"]["noise, level 20"] < 6.5
srlab.figures.table(hurt, "Four photographs x4, PSNR of luma in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two kinds of harm. **Blur** eats up the network's gain (1.7 dB become 0.3 at sigma 3)
# but does not turn it round: the network sharpens less than would be needed. **Noise**
# and **JPEG** turn the network against itself. At a noise of level 10 (of 255) or a
# JPEG of quality 50 nothing is left of its gain. Beyond, it is below bicubic: by 0.3 dB
# at quality 20, and far below at level 20, where it has lost 6 dB.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does it really make noise *stronger*? Enlarge with and without the noise of level 10,
# and take the difference:

# %% slideshow={"slide_type": "-"}
noise_in = ways["noise, level 10"] - small
with torch.no_grad():
    noise_out = {name: f(small + noise_in).clamp(0, 1) - f(small).clamp(0, 1)
                 for name, f in (("bicubic", bicubic), ("EDSR", edsr))}  # fmt: skip
levels = {n: 255 * d.std().item() for n, d in {"before": noise_in, **noise_out}.items()}
assert levels["bicubic"] < 0.9 * levels["before"] < levels["before"] < levels["EDSR"]
{name: f"{value:.1f} levels of noise" for name, value in levels.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# Bicubic averages some of it away, the network adds to it.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
chosen = ["bicubic, as trained", "blur, sigma 3", "noise, level 20", "JPEG, quality 50"]
with torch.no_grad():
    made = {way: edsr(ways[way][1:2]).clamp(0, 1) for way in chosen}
srlab.show(
    made,
    crop=(60, 60, 80, 104),
    height=80,
    alt="The cat's eye enlarged by EDSR from four kinds of small picture: clear from "
    "bicubic, soft from blur, covered with worms from noise, from JPEG in flat patches "
    "and short of colour",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# From blur it makes a soft eye, from noise sharpened worms, from JPEG flat patches that
# are short of colour. It does what it learned: whatever changes from pixel to pixel is
# detail, so make it steeper. (In the picture at the top, B is the network's.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The sign of the gain is the point of the table, not the size. A network that was
# trained on clean pictures has no notion of a value that is wrong. Compare notebook 03,
# section 8: there too it failed both ways, blurred less and blurred more than trained.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 Blur
#
# A camera that is out of focus spreads each point of light. How, says the **blur
# kernel** $k$: the picture of one point. The Gaussian is the usual model:
#
# $$k(x, y) \propto \exp\Big(-\frac{x^2 + y^2}{2 \sigma^2}\Big), \qquad \sum k = 1$$


# %% slideshow={"slide_type": "-"}
def gaussian(size, sigma):
    """(size, size), sums to 1."""
    t = torch.arange(size) - size // 2
    k = torch.exp(-(t[None, :] ** 2 + t[:, None] ** 2) / (2 * sigma**2))
    return k / k.sum()


def convolve(x, k):
    """Add up copies of the picture, each moved by one tap and weighed."""
    k = k.flip(0, 1)  # a true convolution flips, a network's does not (notebook 03)
    r, (h, w) = len(k) // 2, x.shape[-2:]
    padded = F.pad(x, (r, r, r, r), mode="reflect")
    taps = [(i, j) for i in range(len(k)) for j in range(len(k))]
    return sum(k[i, j] * padded[..., i : i + h, j : j + w] for i, j in taps)


gaussian(3, 1.0)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The package's are the same functions. It convolves by Fourier transform where the
# kernel is large: 441 copies of a picture are a lot of adding.

# %% slideshow={"slide_type": "-"}
k = gaussian(21, 2.5)
assert torch.allclose(k, degrade.kernels.isotropic(21, 2.5), atol=1e-7)
differs = (convolve(held, k) - degrade.blur(held, k)).abs().max().item()
assert differs < 1e-5
"by hand and by the package: equal to five decimals"

# %% slideshow={"slide_type": "subslide"}
srlab.ask("8.b")

# %% slideshow={"slide_type": "fragment"}
twice = degrade.blur(degrade.blur(held, gaussian(21, 1.5)), gaussian(21, 2.0))
found = {s: (twice - degrade.blur(held, gaussian(21, s))).abs().mean().item()
         for s in (2.0, 2.5, 3.5)}  # fmt: skip
assert found[2.5] < 0.1 * found[2.0] and found[2.5] < 0.1 * found[3.5]
{f"sigma {s}": f"{255 * d:.2f} levels off" for s, d in found.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A family of kernels
#
# Real lenses and shaking hands are not round, and not Gaussian. Real-ESRGAN (section 8)
# draws from six bells (three families, each round or oval) and a filter. With
# $c = (x, y)$ and $q = c^T \Sigma^{-1} c$, where $\Sigma$ has the variances
# $\sigma_x^2, \sigma_y^2$ along axes turned by an angle:
#
# - **Gaussian**: $\exp(-q / 2)$, **isotropic** (round) or **anisotropic** (oval);
# - **generalised** Gaussian: $\exp(-q^\beta / 2)$, peaked where $\beta$ is below 1,
#   flat-topped above;
# - **plateau**: $1 / (1 + q^\beta)$, long tails; the top is flat where $\beta$ is
#   above 1;
# - **sinc**: what lets only low frequencies through (section 9).

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import matplotlib.pyplot as plt

oval = (21, 4.0, 1.5, 0.7)
family = {
    "isotropic": degrade.kernels.isotropic(21, 2.5),
    "anisotropic": degrade.kernels.anisotropic(*oval),
    "generalised, 0.5": degrade.kernels.generalised(*oval, beta=0.5),
    "generalised, 4": degrade.kernels.generalised(*oval, beta=4.0),
    "plateau, 2": degrade.kernels.plateau(*oval, beta=2.0),
    "sinc": degrade.kernels.sinc(21, np.pi / 3),
}
assert all(abs(kernel.sum() - 1) < 1e-5 for kernel in family.values())
assert family["sinc"].min() < 0 <= family["plateau, 2"].min()
fig, axes = plt.subplots(1, 6, figsize=(8, 1.6))
for ax, (name, kernel) in zip(axes, family.items(), strict=True):
    ax.imshow(kernel / kernel.max(), vmin=-0.14, vmax=1)
    ax.set_title(name, size=9)
    ax.axis("off")
srlab.show(
    fig,
    alt="Six kernels: a round spot, an oval one, an oval one with a sharp peak, an "
    "oval one with a flat top and a hard rim, an oval one with a flat top that fades "
    "out slowly, and a round spot in faint rings, some of them below zero",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Five bells and the sinc, each divided by its maximum; the number in a title is
# $\beta$. All sum to 1, so none changes the brightness. Only the sinc has negative
# taps.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A Gaussian blur forgets nothing that is not rounded away: with a known kernel and no
# noise it could be divided out again in the frequency domain. (A sinc does forget: its
# response is near 0 above the cutoff.) It is noise and eight bits that make deblurring
# hard. That is why the order of blur and noise matters.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 Noise
#
# The amplifier of a sensor adds **Gaussian noise**, $n \sim N(0, \sigma^2)$ at each
# value. Papers give its **level**: $\sigma$ in 255ths. If it is the same in the three
# channels, the picture gets **grey** noise, else **colour** noise.

# %% slideshow={"slide_type": "-"}
cup = srlab.photo("coffee")[..., 132:168, 198:242]
noise = torch.randn(1, 3, 36, 44, generator=torch.Generator().manual_seed(1))
by_hand = (cup + 25 / 255 * noise).clamp(0, 1)

package = degrade.gaussian_noise(cup, 25, torch.Generator().manual_seed(1))
assert torch.allclose(by_hand, package, atol=1e-6)
f"level 25 by hand and by the package: {srlab.metrics.psnr(by_hand, cup):.1f} dB both"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Shot noise** is in the light itself. A pixel counts photons, and a count with mean
# $\mu$ has the variance $\mu$ (Poisson). If white is 256 photons, a value $x$ becomes
# $p = \mathrm{Poisson}(256 x) / 256$, and its deviation is $\sqrt{x} / 16$. Stronger
# noise is made by a **scale** $s$: $x + s (p - x)$.

# %% slideshow={"slide_type": "-"}
srlab.ask("8.c")

# %% slideshow={"slide_type": "subslide"}
light = torch.linspace(0.2, 0.8, 16)  # sixteen grey fields, far from 0 and 1
fields = light.view(16, 1, 1, 1).expand(16, 1, 128, 128)
draw = torch.Generator().manual_seed(2)
noises = {
    "Gaussian, level 10": degrade.gaussian_noise(fields, 10, draw),
    "Poisson": degrade.poisson_noise(fields, 1.0, draw),
    "Poisson by hand": torch.poisson(256 * fields, draw) / 256,
}
spread = {name: 255 * y.std(dim=(1, 2, 3)) for name, y in noises.items()}
expected = 255 * light.sqrt() / 16
assert all((spread[n] / expected - 1).abs().max() < 0.04 for n in list(noises)[1:])
assert (spread["Gaussian, level 10"] - 10).abs().max() < 0.3
srlab.figures.curves(
    {name: (light, values) for name, values in spread.items()},
    "brightness", "deviation (levels)",
    "Deviation of noise over brightness: flat at 10 for Gaussian noise; for Poisson "
    "noise a root, from 7 in the dark to 14 in the light",
    size=(6, 2.4),
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Gaussian noise is everywhere the same. Shot noise grows with the light, but slower
# than the light itself: *relative* to its brightness a light part is cleaner.


# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
def grain(function, strength, grey):
    return function(cup, strength, torch.Generator().manual_seed(3), grey)


srlab.show(
    {
        "Gaussian 25, colour": grain(degrade.gaussian_noise, 25, False),
        "Gaussian 25, grey": grain(degrade.gaussian_noise, 25, True),
        "Poisson 2.5, colour": grain(degrade.poisson_noise, 2.5, False),
        "Poisson 2.5, grey": grain(degrade.poisson_noise, 2.5, True),
    },
    crop=(0, 8, 24, 32),
    height=96,
    alt="A piece of a cup of coffee four times: with coloured specks and with grey "
    "grain, equally strong everywhere with Gaussian noise, weaker in the dark coffee "
    "than in the light one with Poisson noise",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Colour noise has coloured specks, grey noise looks like film grain. Gaussian noise has
# as many levels in the dark coffee as in the light one, Poisson noise fewer in the
# dark, as the curves say: but only where nothing is clipped. Red is so near 1 here, and
# blue so near 0, that part of their noise is lost.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A phone removes most of this noise itself, smooths colour more than brightness, and
# sharpens the rest. What arrives is neither Gaussian nor Poisson. The models are what
# we can write down, not what a phone does.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Resizing and JPEG
#
# Shrinking loses detail in any case. *How* it is done decides what the rest looks like.
# MATLAB's bicubic widens its kernel (notebook 02). Many programs do not: they read the
# picture between four or sixteen pixels and skip the rest.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
modes = {"bicubic, widened (MATLAB)": small}
for mode in degrade.MODES:
    modes[mode] = degrade.resize(held, (64, 64), mode).clamp(0, 1)
modes["nearest"] = F.interpolate(held, size=(64, 64), mode="nearest")
soft = degrade.blur(held, gaussian(21, 1.3))  # little left that could alias
modes["bicubic, blurred before"] = degrade.resize(soft, (64, 64), "bicubic").clamp(0, 1)
rows = {mode: [score(bicubic, lr), score(edsr, lr)] for mode, lr in modes.items()}
resized = pd.DataFrame(rows, index=["enlarged by bicubic", "by EDSR"]).T
resized["gain"] = resized["by EDSR"] - resized["enlarged by bicubic"]
assert resized["gain"]["area"] > 1 > 0 > resized["gain"]["bilinear"]
assert -2.3 < resized["gain"]["bicubic"] < -1.9
assert 1.3 < resized["gain"]["bicubic, blurred before"] < 1.6
srlab.figures.table(resized, "Shrunk to a quarter in six ways, PSNR in dB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Area**, the mean of what a pixel covers, is a fair antialiasing filter. Plain
# bilinear and bicubic alias, and the network sharpens the false detail: it ends 1 to 2
# dB below bicubic's enlargement. Or does it lose because plain bicubic is another
# filter than the one it was trained on? No: with a blur before it, so that little can
# alias, the same plain bicubic leaves the network a gain of 1.4 dB. Nearest ends
# lowest, for one more reason.

# %% [markdown] slideshow={"slide_type": "subslide"}
# A source of ours (004) lists nearest among Real-ESRGAN's ways to resize. Its paper
# leaves it out, for it *moves* the picture: it keeps the first pixel of four, not the
# middle between them. Move its result back, and see.


# %% slideshow={"slide_type": "-"}
def moved(x, by):
    """The picture moved by a fraction of a pixel, to the lower right."""
    places = torch.arange(x.shape[-1]) - by  # x is square
    for _ in range(2):  # the rows, then the columns
        x = srlab.resample.resample_1d(x, places).mT
    return x.clamp(0, 1)


up = bicubic(modes["nearest"])
back = {by: srlab.metrics.psnr(moved(up, -by), held, border=8, luma=True)
        for by in (0, 1, 1.5, 2, 3)}  # fmt: skip
assert back[1.5] > back[0] + 2.5 and max(back, key=back.get) == 1.5
{f"moved back by {by}": f"{value:.2f} dB" for by, value in back.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# One and a half pixels: from the middle of four to the first.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### JPEG
#
# How JPEG works is the matter of notebook 13. In short: luma and chroma are cut into
# blocks of 8 x 8, chroma at half the size; each block is written as a sum of 64 wave
# patterns, and their amplitudes are **rounded**, coarsely at a low quality. `diff_jpeg`
# does the same sums on a whole batch, with a gradient: backward it takes rounding for
# the identity. Is it the real thing?

# %% slideshow={"slide_type": "-"}
pairs = {}
for quality in (10, 30, 50, 75, 95):
    real, ours = degrade.jpeg(held, quality), degrade.diff_jpeg(held, quality)
    found = [srlab.metrics.psnr(y, held) for y in (real, ours)]
    pairs[f"quality {quality}"] = [*found, srlab.metrics.psnr(real, ours)]
columns = ["real file", "diff_jpeg", "between the two"]
table = pd.DataFrame(pairs, index=columns).T
assert (table["real file"] - table["diff_jpeg"]).abs().max() < 0.1
assert table["between the two"].between(45.5, 48.5).all()
srlab.figures.table(table, "Against the original, PSNR of RGB in dB", digits=1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Not the same values, for now and then an amplitude falls on the other side of a
# rounding. But the two are 46 to 48 dB apart, where the damage is at 26 to 38 dB, and
# they are equally far from the original. With its gradient a network can be trained
# through it; we shall need that when a network and a codec learn together (notebook
# 19).

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Rounding has a gradient of zero almost everywhere. Pretending that it is one is called
# the straight-through estimator. It is wrong, and it works; ask what would be learned
# with the true gradient: nothing at all.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 One after the other
#
# "As a rule, real degradations are combinations of basic ones with different
# parameters", says a lecture among our sources (003). The classical model does the four
# in this order:
#
# $$y = \big[(x * k)\downarrow_s + n\big]_{\mathrm{JPEG}}$$
#
# The lens blurs, the sensor samples, the amplifier adds noise, the phone saves.


# %% slideshow={"slide_type": "skip"}
def look(blur, noise, quality):
    x = photo[..., 60:132, 56:136]
    y = degrade.blur(x, degrade.kernels.isotropic(21, blur)) if blur else x
    y = degrade.gaussian_noise(degrade.BI(4)(y), noise, torch.Generator())
    y = degrade.jpeg(y, quality)
    with torch.no_grad():
        pair = [bicubic(y), edsr(y).clamp(0, 1)]
    a, b = (srlab.metrics.psnr(z, x, border=4, luma=True) for z in pair)
    return torch.cat(pair, dim=-1), f"bicubic {a:.1f} dB, EDSR {b:.1f} dB"


look(1, 5, 70)[1]

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
srlab.widgets.explore(
    look,
    twin=[
        {"blur": 2.0, "noise": 0, "quality": 95},
        {"blur": 0.0, "noise": 12, "quality": 95},
        {"blur": 2.0, "noise": 12, "quality": 30},
    ],
    alt="The cat's eye, damaged as the sliders say, then enlarged: on the left by "
    "bicubic, on the right by EDSR.",
    blur=(0.0, 4.0, 0.25, 2.0),
    noise=(0, 40, 1, 0),
    quality=(5, 100, 5, 95),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the left bicubic, on the right EDSR. Move the sliders until the two PSNRs agree: a
# blur of 1, noise of 5 and quality 70 give 26.7 and 26.8 dB. Does the eye find them
# alike, too?

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Where the two PSNRs agree, the eye still sees that EDSR's side is crisper. Let the
# room go on until nobody sees a difference; the third picture is close to that.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Does the order matter?
#
# Take the same four ingredients at the same strength, in another order. Beside the PSNR
# we measure how much noise is left: the deviation of the result from the same chain
# without noise.

# %% slideshow={"slide_type": "-"}
srlab.ask("8.d")

# %% slideshow={"slide_type": "subslide"}
steps = {
    "blur": lambda x: degrade.blur(x, degrade.kernels.isotropic(21, 2.0)),
    "down": lambda x: srlab.imresize(x, scale=1 / 4).clamp(0, 1),
    "noise": lambda x: degrade.gaussian_noise(x, 10, torch.Generator()),
    "JPEG": lambda x: degrade.jpeg(x, 50),
}


def in_order(order, without=""):
    x = held
    for name in order.split(", "):
        x = steps[name](x) if name not in without else x
    return srlab.images.round8(x)


orders = ["blur, down, noise, JPEG", "noise, blur, down, JPEG"]
orders += ["blur, down, JPEG, noise", "noise, JPEG, blur, down"]
orders += ["down, blur, noise, JPEG"]
len(orders)

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
rows = {}
for order in orders:
    lr, calm = in_order(order), in_order(order, "noise")
    raw = in_order(order, "JPEG") - in_order(order, "noise JPEG")
    rows[order] = [score(bicubic, lr), score(edsr, lr), score(edsr, calm)]
    rows[order] += [255 * d.std().item() for d in (lr - calm, raw)]
columns = ["bicubic, dB", "EDSR, dB", "EDSR, no noise", "noise left", "left, no JPEG"]
swap = pd.DataFrame(rows, index=columns).T
first, noise_first, noise_last, jpeg_early, small_blur = swap["EDSR, dB"]
assert 0.2 < noise_first - first < 0.4 and jpeg_early > noise_first + 1.5
assert noise_last < first - 0.6 and small_blur < first - 3.5
assert swap["EDSR, no noise"].iloc[3] > swap["EDSR, no noise"].iloc[1] + 1.5
assert swap["noise left"].between(2, 10.1).all()
assert swap["left, no JPEG"].iloc[[1, 3]].between(1.3, 1.6).all()
srlab.figures.table(
    swap, "Blur 2, noise 10, JPEG 50, x4, in five orders; noise: levels"
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Noise that comes first is blurred and averaged away: without JPEG 1.5 of 10 levels are
# left (JPEG's rounding makes 2 or 3 of them). Noise that comes last stays whole. But
# for the network the noise's place matters by 0.3 to 0.8 dB only. More counts where the
# *JPEG* stands: before the shrinking (fourth row) its blocks are averaged away as well,
# worth 1.6 dB, with noise or without. (That file has 16 times the pixels, and costs
# more bytes.) Most counts the blur: two pixels after the shrinking are eight before it.
# So a degradation is not a list of strengths; it is a list in an order.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Two stages by hand
#
# A photograph is taken, shrunk and saved, sent, shrunk and saved again. So the same
# four steps may happen twice. By hand, with fixed strengths:


# %% slideshow={"slide_type": "-"}
def two_stages(x, generator):
    h, w = x.shape[-2:]
    x = degrade.blur(x, gaussian(21, 2.0))
    x = degrade.resize(x, (h // 2, w // 2), "area")
    x = degrade.gaussian_noise(x, 10, generator)
    x = degrade.diff_jpeg(x, 60.0)
    x = degrade.blur(x, gaussian(21, 0.8))
    x = degrade.resize(x, (h // 4, w // 4), "bicubic")
    x = degrade.gaussian_noise(x, 5, generator)
    x = degrade.diff_jpeg(x, 80.0)
    return srlab.images.round8(x)


tuple(two_stages(held, torch.Generator()).shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# In the package such a chain is **data**: a frozen dataclass of stages, each with the
# ranges that it draws from. Here each range is one number. It prints itself.


# %% slideshow={"slide_type": "-"}
def once(n, sigma, level, quality, sizing):
    bell = {"kinds": (1, 0, 0, 0, 0, 0), "sizes": (21,), "sinc": 0}  # always round
    return (
        degrade.Blur(f"blur {n}", sigma=(sigma, sigma), **bell),
        sizing,
        degrade.Noise(f"noise {n}", gaussian=1, sigma=(level, level), grey=0),
        degrade.Compress(f"JPEG {n}", (quality, quality)),
    )


always_down = (0, 1, 0)  # the shares of up, down and keep
half = degrade.Resize(shares=always_down, down=(0.5, 0.5), modes=("area",))
last = degrade.Fit(modes=("bicubic",))  # to the final size
stages = once(1, 2.0, 10, 60.0, half) + once(2, 0.8, 5, 80.0, last)
ours = degrade.Pipeline(stages, scale=4, name="two stages")
print(ours)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read `down 70% to 0.15` (as it will stand in section 8) so: with a probability of 70 %
# shrunk, by a factor that is drawn between 0.15 and 1. Here the factor is always 0.5.
# `sigma` counts pixels in a blur, levels in noise. `fit` brings the picture to its
# final size. Is it the same chain?

# %% slideshow={"slide_type": "-"}
drawn = ours.sample(len(held), torch.Generator())  # nothing to choose here
by_pipeline = ours.apply(held, drawn, torch.Generator().manual_seed(4))
by_hand = two_stages(held, torch.Generator().manual_seed(4))
off = 255 * (by_pipeline - by_hand).abs()
assert off.mean() < 0.01  # now and then a value falls on the other side of a half
f"the same picture: {100 * (off < 0.5).float().mean():.1f} % of the values are equal"

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Why data and not a function? It can be printed, compared, saved with the weights that
# were trained on it, and changed in one place. Real-ESRGAN's is spread over an options
# file and several programs; a thread of its issue tracker asks where the script is.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 Three names in the tables: BI, BD, DN
#
# Papers agreed on three known degradations. **BI**: bicubic. **BD** (blur, down): a
# Gaussian of 7 x 7 taps and $\sigma = 1.6$, then keep the middle one of each three
# pixels, so that nothing moves. **DN** (down, noise): bicubic to a third, then noise of
# level 30. The last two are for x3.

# %% slideshow={"slide_type": "-"}
srlab.ask("8.e")

# %% slideshow={"slide_type": "fragment"} tags=["nbval-ignore-output"]
thirds = held[..., :255, :255]  # a multiple of 3
edsr_x3 = srlab.load("edsr_x3")
rows = {}
for kind in (degrade.BI(3), degrade.BD(3), degrade.DN(3)):
    lr = kind(thirds, torch.Generator().manual_seed(6))
    by = (lambda x: srlab.imresize(x, scale=3).clamp(0, 1), edsr_x3)
    rows[type(kind).__name__] = [score(f, lr, thirds) for f in by]
known = pd.DataFrame(rows, index=["bicubic", "EDSR, trained on BI"]).T
known["gain"] = known["EDSR, trained on BI"] - known["bicubic"]
assert known["gain"]["BI"] > 1.8 and 1.2 < known["gain"]["BD"] < 1.7
assert -2.9 < known["gain"]["DN"] < -2.3
srlab.figures.table(known, "Four photographs x3, PSNR of luma in dB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# On the benchmark sets, from `data/results`, with the rows that RDN's authors print.
# They trained **one network for each of the three**. (Our bicubic rows are within 0.02
# dB of theirs: it is the same BI, BD and DN.)

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
results = srlab.evaluation.results("classical_rows")
results["who"] = results["method"] + results["kind"].map(
    {"measured": ", ours", "published": ", printed"}
)
printed = results.pivot(
    index=["degradation", "who"], columns="set_name", values="psnr"
)[["Set5", "Set14", "B100"]]
rdn = printed.xs("RDN, printed", level="who")
small_net = printed.xs("edsr_x3, ours", level="who")
plain = {who: printed.xs(f"bicubic, {who}", level="who") for who in ("ours", "printed")}
assert (plain["ours"] - plain["printed"]).abs().max().max() < 0.02
assert 1.7 < (rdn - small_net).loc["BI", "Set5"] < 1.75
assert (rdn.loc["BI"] - rdn.loc["BD"]).max() < 0.2
assert (rdn.loc["DN"] - plain["printed"].loc["DN"])["Set5"] > 4
assert (plain["ours"].loc["DN"] - small_net.loc["DN"]).min() > 2
between = (rdn - small_net)["Set5"]  # from the small BI network to each RDN
assert 6.85 < between["DN"] < 6.95 and 5.1 < between["DN"] - between["BI"] < 5.3
print({kind: f"{gap:.1f} dB on Set5" for kind, gap in between.items()})
srlab.figures.table(printed.reset_index(), "x3, PSNR of luma in dB (from data/results)")

# %% [markdown] slideshow={"slide_type": "subslide"}
# From our small EDSR to the large RDN, both trained and tested on BI, it is 1.7 dB on
# Set5. Trained for BD, RDN ends within 0.2 dB of that. Trained for DN, it brings more
# than 4 dB over bicubic, where our network trained for BI *loses* more than 2. That is
# 6.9 dB between two networks that differ in size *and* in training. If size is worth
# 1.7 dB, as on BI, then to know the degradation is worth 5: more than the network.
# (One row is missing to prove it, an RDN trained on BI that is tested on DN.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Our source 003 divides the field here: known degradations, where the state of the art
# moves by tenths of a decibel, and unknown ones, another class of problem. Ask which of
# the two a student's own phone belongs to.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 Why real photographs are hard
#
# The degradation of a photograph is unknown, and there is no original to compare with.
# Two ways out are named in our sources (003).
#
# **Pairs.** Photograph the same scene twice, at two focal lengths or distances: the
# wide view, cut to the same scene, is the small picture, the close-up is the large one.
# City100 and RealSR (2019) did so. But the two must be brought into line. How exactly?

# %% slideshow={"slide_type": "-"}
srlab.ask("8.f")

# %% slideshow={"slide_type": "fragment"}
apart = {
    by: srlab.metrics.psnr(moved(held, by), held, border=8, luma=True)
    for by in (0.25, 0.5, 1, 2)
}
enlarged = srlab.metrics.psnr(bicubic(small), held, border=8, luma=True)
assert apart[0.5] > enlarged > apart[1] + 2
print(f"x4 by bicubic against the original: {enlarged:.1f} dB")
{f"moved by {by} pixels": f"{value:.1f} dB" for by, value in apart.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# A photograph moved by one pixel is further from itself than its enlargement from a
# quarter of the size. A network that is trained on such pairs gains more by learning
# the shift than by learning the detail.

# %% [markdown] slideshow={"slide_type": "subslide"}
# If the shift is another one in each pair, the network cannot learn it either. The best
# answer for the squared error is then the *mean* over all shifts (notebook 07): blur.
# What does that cost, and where?

# %% slideshow={"slide_type": "-"}
tries = torch.linspace(-0.9, 0.9, 10).tolist()  # the middles of ten parts of -1 .. 1


def mean_of_shifts(x):
    for _ in range(2):  # the rows, then the columns
        places = [torch.arange(256) - by for by in tries]
        x = torch.stack([srlab.resample.resample_1d(x, p) for p in places]).mean(0).mT
    return x.clamp(0, 1)


sharpest = mean_of_shifts(held)
tuple(sharpest.shape)

# %% slideshow={"slide_type": "subslide"}
with torch.no_grad():
    x4 = edsr(small).clamp(0, 1)
answers = {"EDSR, x4": x4, "moved by one pixel": moved(x4, 1)}
answers["mean of its shifts up to one pixel"] = mean_of_shifts(x4)
answers["the same mean of the photographs"] = sharpest
score_of = {
    name: srlab.metrics.psnr(x, held, border=8, luma=True)
    for name, x in answers.items()
}
plain, fixed, blurry, finest = score_of.values()
assert 3 < plain - fixed < 3.4 and 0.05 < plain - blurry < 0.15 and 34 < finest < 36
{name: f"{value:.1f} dB" for name, value in score_of.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# A fixed shift of one pixel costs EDSR 3 dB. A random one of up to a pixel costs 0.1 dB
# at x4, where the finest detail is gone anyway. But no better network could learn that
# detail from such pairs: even at a scale of 1 the best answer is a blurred picture of
# 35 dB. So pairs must agree to a fraction of a pixel, above all in the mean.
#
# And between two real photographs there is more than a shift: perspective and
# distortion of the lens, other exposure, leaves that moved, another depth of field.
# RealSR's authors photograph what stands still, from a tripod, and then align pixel by
# pixel. And a network trained on one camera's pairs knows that camera.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Models.** Damage good photographs on purpose, in so many ways that the real ones lie
# somewhere among them. No alignment, no second camera, any number of pairs. The price
# is that the real damage may *not* lie among them. This is the way of Real-ESRGAN, and
# of the next notebook.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A third way is to estimate the kernel of each photograph and then invert it. It works
# for blur and fails where noise and compression come after it, as section 5 shows. All
# three ways have their papers; references are at the end.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 Twice over: a high-order pipeline
#
# Real-ESRGAN (2021) repeats the classical model with other parameters, and draws them
# anew for each picture (how it is resized: for each batch). Printed by itself:

# %% slideshow={"slide_type": "-"}
pipeline = degrade.real_esrgan(4)
print(pipeline)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first order is rough, the second mild; `of the LR size` means a factor of the
# final size. `order` and the three lines under it are one step in two possible orders:
# JPEG after the final resize and sinc filter, or before them. (The authors sharpen the
# large picture before all this, which is left to notebook 09.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Stage by stage, on one photograph. Watch the width: it goes down, and up again.

# %% slideshow={"slide_type": "-"}
wheel = srlab.photo("motorcycle")[..., 240:368, 100:228]
stations = pipeline.trace(wheel, torch.Generator().manual_seed(1497))
chain = {f"{name}, {x.shape[-1]}": x.clamp(0, 1) for name, x in stations[:-1]}
assert stations[-1][1].shape[-1] == 32 and len(chain) == 11
srlab.show(
    chain,
    columns=4,
    crop=(64, 40, 48, 48),
    height=144,
    alt="A part of a motorcycle's wheel on its way through the pipeline in eleven "
    "pictures: sharp, blurred a little, half as wide, with black and white grain, "
    "coarser after JPEG, a few large pixels, the same in false colours, smoothed, and "
    "grey patches at the end",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read the rows from left to right; behind each name stands the width of the whole
# picture in pixels. Most stages take something. The last picture, in eight bits, is
# what a network gets.

# %% slideshow={"slide_type": "subslide"}
wheels = {"clean": degrade.BI(4)(wheel)}
for seed in (0, 3, 4, 6):
    wheels[f"draw {seed}"] = pipeline(wheel, torch.Generator().manual_seed(seed))
srlab.show(
    wheels,
    height=96,
    alt="Five small pictures of the same wheel: clean, soft, grainy, with blotches of "
    "colour, and as sharp as the clean one but noisy",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same wheel, clean and in four draws: soft, grainy, blotched in colour, sharp but
# noisy. A network trained on such pairs must look at the picture to find out what was
# done.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Are these the published probabilities?
#
# `sample` draws without touching a picture. Count.

# %% slideshow={"slide_type": "-"}
many = pipeline.sample(20_000, torch.Generator().manual_seed(20))
blur_1, resize_1, noise_1 = (many[f"{s} 1"] for s in ("blur", "resize", "noise"))
counted = {
    "round Gaussian": (0.45, blur_1["kind"] == 0),
    "plateau, oval": (0.03, blur_1["kind"] == 5),
    "sinc instead": (0.1, blur_1["sinc"]),
    "resized up": (0.2, resize_1["scale"] > 1),
    "Gaussian noise": (0.5, noise_1["gaussian"]),
    "grey noise": (0.4, noise_1["grey"]),
    "blurred again": (0.8, many["blur 2"]["on"]),
}
shares = {k: [p, f.double().mean().item()] for k, (p, f) in counted.items()}
table = pd.DataFrame(shares, index=["published", "drawn"]).T
assert (table["published"] - table["drawn"]).abs().max() < 0.015
srlab.figures.table(table, "20,000 draws", digits=3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What it does to the network
#
# Many draws of the classical model (one order, with the ranges of Real-ESRGAN's first)
# and of Real-ESRGAN's. How often is the network above bicubic at all? Is it the noise?
# So each draw is made a second time with all strengths of noise at 0. The difference of
# the two is the noise that arrives: how strong is it (the deviation, in levels), and
# how rough (the same for the differences of its neighbours)?


# %% slideshow={"slide_type": "skip"}
def calmed(drawn):
    """The same draw with noise of strength 0."""
    return {
        stage: draw | {k: 0 * draw[k] for k in ("sigma", "scale") if "noise" in stage}
        for stage, draw in drawn.items()
    }


def gains(lr):  # of EDSR over bicubic, for each picture, in dB
    return [score(edsr, x, hr) - score(bicubic, x, hr)
            for x, hr in zip(lr.split(1), held.split(1), strict=True)]  # fmt: skip


drawn = pipeline.sample(4, torch.Generator().manual_seed(0))
drawn["noise 1"]["sigma"].round(), calmed(drawn)["noise 1"]["sigma"]

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
draws = run.pick(fast=12, full=125, rehearse=2)
rows = {}
for chain in (degrade.first_order(4), pipeline):
    noisy_gain, calm_gain, strong, rough = [], [], [], []
    for seed in range(draws):
        drawn = chain.sample(len(held), torch.Generator().manual_seed(seed))
        lr, calm = (chain.apply(held, d, torch.Generator().manual_seed(seed))
                    for d in (drawn, calmed(drawn)))  # fmt: skip
        noisy_gain += gains(lr)
        calm_gain.append(score(edsr, calm) - score(bicubic, calm))
        strong.append(255 * (lr - calm).std().item())
        rough.append(255 * (lr - calm).diff(dim=-1).std().item())
    ahead = 100 * np.mean(np.array(noisy_gain) > 0)
    four = [np.mean(x) for x in (noisy_gain, calm_gain, strong, rough)]
    rows[chain.name] = [ahead, *four]
columns = ["EDSR ahead, %", "gain, dB", "no noise, dB", "noise, levels", "neighbours"]
random = pd.DataFrame(rows, index=columns).T
gain, calm_gain = random["gain, dB"], random["no noise, dB"]
rough = random["neighbours"] / random["noise, levels"]  # 1.4 for white noise
assert run.rehearse or gain.max() < 0 < calm_gain.min() < calm_gain.max() < 0.3
assert run.rehearse or (random["EDSR ahead, %"].max() < 60 and rough.iloc[1] < 1)
srlab.figures.table(random, f"{4 * draws} pictures each, PSNR of luma")

# %% [markdown] slideshow={"slide_type": "fragment"}
# On average the network is now *below* bicubic, in both. It is ahead in about half of
# the pictures or fewer. The noise does it: without, a small gain is left. Twice the
# damage harms it less, though hardly less noise arrives: in the first order it is fresh
# (independent values differ by 1.4 times their deviation), in the second resizing and
# the sinc filter have smoothed it, and what is smooth is not sharpened.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Swap two stages
#
# Section 5 found that order matters. Does it here? The same draws, the same strengths,
# two stages exchanged.

# %% slideshow={"slide_type": "-"}
swaps = [(), ("blur 1", "noise 1"), ("blur 1", "resize 1")]
swaps += [("blur 2", "resize 2"), ("blur 2", "noise 2")]


def after_swap(pair, factor=None):
    """PSNR of bicubic's enlargement in dB, a draw of four pictures each."""
    other, found = pipeline.swapped(*pair) if pair else pipeline, []
    for seed in range(run.pick(fast=10, full=50, rehearse=2)):
        drawn = pipeline.sample(4, torch.Generator().manual_seed(seed))
        if factor:  # of resize 1, the same in all draws
            drawn["resize 1"]["scale"].fill_(factor)
        lr = other.apply(held, drawn, torch.Generator().manual_seed(seed))
        found.append(score(bicubic, lr))
    return np.array(found)


rows = {" and ".join(pair) or "as published": after_swap(pair) for pair in swaps}
first = resize_1["scale"]  # of the 20,000 draws; resize 2 starts from that
widths = [first.median(), (many["resize 2"]["scale"] / 4 / first).median()]
assert 0.7 < widths[0] < 0.8 and 0.25 < widths[1] < 0.35
"resize 1 and 2 multiply the width by {:.2f} and {:.2f} (medians)".format(*widths)

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
moves = {pair: found - rows["as published"] for pair, found in rows.items()}
strong = "blur 1 and resize 1, which shrinks to 0.29"
rows[strong] = after_swap(swaps[2], 0.29)
moves[strong] = rows[strong] - after_swap((), 0.29)
swapped = pd.DataFrame({"bicubic, dB": {pair: v.mean() for pair, v in rows.items()}})
swapped["moves by"] = [v.mean() for v in moves.values()]
swapped["give or take"] = [v.std(ddof=1) / len(v) ** 0.5 for v in moves.values()]
early, late = swapped["moves by"].iloc[1:3].abs(), swapped["moves by"].iloc[3:]
assert run.rehearse or (early.max() < 0.4 and late.max() < -0.4)
srlab.figures.table(swapped, "Second-order pipeline, two stages exchanged, PSNR in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Of the first four swaps the last two move most. Because they are late? Both bring a
# blur *behind* a shrinking, where the same kernel is wider, as in section 5; the first
# does not. The second does so early, and moves little: resize 1 leaves three quarters
# of the width at the median, resize 2 less than a third. Let resize 1 shrink as much
# (last row), and the early swap moves most of all. So it is not the place in the list
# that counts, but whether a blur passes a shrinking, and how strong that is.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# One scale and one mode of resizing are drawn for a whole batch, since a tensor has one
# size; all else is drawn for each picture. The paper mixes its batches out of a pool of
# pairs for that reason. Another project, BSRGAN, shuffles the steps at random instead.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 Ringing
#
# Edges in files from the web often have **ringing**: faint lines beside the edge, as if
# it had an echo; the first one is the **overshoot**. Real-ESRGAN models it by a
# low-pass filter that keeps all frequencies up to $\omega_c$ and none above, reduced
# to a few taps:
#
# $$k(x, y) = \frac{\omega_c}{2 \pi r} J_1(\omega_c r), \qquad r = \sqrt{x^2 + y^2}$$
#
# and $\omega_c^2 / 4 \pi$ in the middle. $J_1$ is a Bessel function: in two dimensions
# it takes the place of the sine. A step edge through a Gaussian, through two such
# filters (one of them is drawn), and through one whose taps are faded out by a Gaussian
# of 2 pixels:

# %% slideshow={"slide_type": "subslide"}
edge = torch.full((1, 3, 32, 64), 0.25)
edge[..., 29:] = 0.75  # not at a multiple of 8
filters = {
    "Gaussian, sigma 1.5": gaussian(21, 1.5),
    "sinc, cutoff pi / 2": degrade.kernels.sinc(21, np.pi / 2),
    "sinc, cutoff pi / 3": degrade.kernels.sinc(21, np.pi / 3),
}
faded = filters["sinc, cutoff pi / 3"] * gaussian(21, 2.0)  # a softer end
filters["the same, faded out"] = faded / faded.sum()
profiles = {name: degrade.blur(edge, k)[0, 0, 16] for name, k in filters.items()}
over = {name: 100 * (p.max().item() - 0.75) / 0.5 for name, p in profiles.items()}
assert over["Gaussian, sigma 1.5"] < 0.1 and 8 < over["sinc, cutoff pi / 3"] < 12
assert 0.5 < over["the same, faded out"] < 1.4 and faded.min() < 0
print({name: f"{value:.0f} % overshoot" for name, value in over.items()})
shown = [name for name in filters if "pi / 2" not in name]
srlab.figures.curves(
    {name: (range(16, 46), profiles[name][16:46]) for name in shown},
    "column", "value",
    "A step from 0.25 to 0.75 through three filters: the slopes of the Gaussian and "
    "the faded sinc rise without a visible overshoot; the sinc's swings below 0.25 "
    "before it and above 0.75 after",
    size=(6, 2.4),
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# A source of ours (004) calls ringing "blurred edges near sharp changes". Look again:
# the Gaussian blurs and does not ring. Ringing is an oscillation, overshoot its first
# swing; what makes the sinc ring is the hard end of its **frequency response**. The
# faded one passes half at about the same frequency and has taps below zero, too; but
# its response ends softly, and of 10 % overshoot 1 % is left.

# %% slideshow={"slide_type": "-"}
# An upright edge sees the kernel summed over its rows.
responses = {n: torch.fft.fft(k.sum(0), 128).abs()[:65] for n, k in filters.items()}
w = np.linspace(0, 1, 65)
hard, faded = responses["sinc, cutoff pi / 3"], responses["the same, faded out"]
assert hard[16] > 1 > 0.2 > hard[24] and 0.4 < faded[21] < hard[21] < 0.6
srlab.figures.curves(
    {name: (w, responses[name]) for name in shown},
    "frequency / pi",
    "response",
    "Frequency responses: the Gaussian's and the faded sinc's fall off smoothly; the "
    "sinc's stays near 1 up to its cutoff, falls steeply there and stays near 0",
    size=(6, 2.4),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The Gaussian fades high frequencies out, the sincs cut them off. JPEG cuts high
# frequencies inside each block, so it rings there. Sharpening cuts nothing: it
# overshoots on purpose, in one rim on either side, without waves.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
spokes, narrow = wheel[..., 34:82, 42:98], filters["sinc, cutoff pi / 3"]
srlab.show(
    {
        "original": spokes,
        "sinc, pi / 3": degrade.blur(spokes, narrow).clamp(0, 1),
        "sharpened": degrade.usm_sharpen(spokes),
        "JPEG 15": degrade.jpeg(spokes, 15),
    },
    columns=4,
    height=96,
    alt="The wheel's spokes four times: as they are; through a sinc filter, with faint "
    "parallel lines beside each edge; sharpened, with bright rims; from a JPEG of "
    "quality 15, with ripples in blocks",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The sinc draws faint lines along every edge, sharpening a bright and a dark rim, JPEG
# ripples that end at the borders of blocks.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The overshoot of an ideal low-pass filter in one dimension is nine per cent, whatever
# the cutoff (Gibbs). Here it depends on how many taps are left, since the rings of the
# kernel are cut off too. Let them try 7, 13 and 21 taps (the cell below). 7 taps at
# pi / 3 do not ring at all: they end before the first negative ring.

# %% slideshow={"slide_type": "skip"}
cutoffs = {"pi / 2": np.pi / 2, "pi / 3": np.pi / 3}
rows = {}
for taps in (7, 13, 21):  # overshoot in per cent of the step
    made = [degrade.blur(edge, degrade.kernels.sinc(taps, c)) for c in cutoffs.values()]
    rows[f"{taps} taps"] = [200 * (y.max().item() - 0.75) for y in made]
assert rows["7 taps"][1] < 0.1 and rows["13 taps"][1] > 15
{n: "{:.0f} % at pi / 2, {:.0f} % at pi / 3".format(*x) for n, x in rows.items()}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 Reading a step edge
#
# Somewhere in most photographs is a straight edge between two flat areas: a window
# frame, a sign. It is a measuring instrument. Here is one step, damaged in four ways,
# and its profile (one row).

# %% slideshow={"slide_type": "-"}
srlab.ask("8.g")

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
damage = {
    "blur": degrade.blur(edge, gaussian(21, 2.0)),
    "noise": degrade.gaussian_noise(edge, 8, torch.Generator()),
    "ringing": degrade.blur(edge, filters["sinc, cutoff pi / 2"]),
    "JPEG": degrade.jpeg(edge, 12),
}
fig, axes = plt.subplots(2, 4, figsize=(8, 3.2), height_ratios=(1, 1.6))
for column, (name, y) in enumerate(damage.items()):
    axes[0, column].imshow(y[0].permute(1, 2, 0).clamp(0, 1), vmin=0, vmax=1)
    axes[0, column].set(title=name, xticks=[], yticks=[])
    axes[1, column].plot(edge[0, 0, 16], color="#999999", lw=1)
    axes[1, column].plot(y[0, 0, 16], color=srlab.figures.PALETTE[0])
    axes[1, column].set(ylim=(0.1, 0.9), xticks=range(0, 65, 8), yticks=[0.25, 0.75])
    axes[1, column].grid(axis="x", lw=0.4)
    axes[1, column].tick_params(labelleft=column == 0, labelsize=7)
srlab.show(
    fig,
    alt="Four step edges and their profiles, with a line at each multiple of 8. Blur: "
    "a wide slope, flat beside it. Noise: rough everywhere. Ringing: waves that fade "
    "away from the edge. JPEG: waves that end at the lines beside the edge",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **Blur**: the slope is wide and rises all the way; how wide, exercise 8.2 asks.
# - **Noise**: the flat parts are rough, in every row in another way.
# - **Ringing**: waves that get smaller with the distance, the same in every row.
# - **JPEG**: waves inside the block of the edge. Other blocks stay flat, though they
#   may be a little too light or too dark.
#
# Three of these signs as numbers, in levels of 255: how much the rows differ, how far
# the mean row falls where it should rise, and what happens outside the edge's block.
# (The third tells JPEG from ringing only: a wide blur reaches other blocks, too.)


# %% slideshow={"slide_type": "-"}
def signs(y):
    y = 255 * y[0, 0]  # (32, 64); the block of the edge: columns 24 to 31
    step = y.mean(0).diff()
    falls = (-step).clamp(min=0).max()
    far = torch.cat((step[:23], step[32:]))  # not 23 and 31, from block to block
    return [v.item() for v in (y.std(dim=0).mean(), falls, far.abs().max())]


columns = ["rows differ", "falls by", "steps far away"]
table = pd.DataFrame({name: signs(y) for name, y in damage.items()}, index=columns).T
assert table["rows differ"].idxmax() == "noise" and table["falls by"]["blur"] < 0.01
assert table["falls by"]["JPEG"] > 1 > 0.1 > table["steps far away"]["JPEG"]
assert table["steps far away"]["ringing"] > 1
srlab.figures.table(table, "Signs, in levels of 255", digits=1)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Real edges hold several signs at once; the order in which they were made can sometimes
# be read too. Noise that is smooth was blurred after it was added. Blocks that are not
# on the grid of eight were made before a crop; blocks of another size, before a resize.
# Beside a *coloured* edge JPEG's waves reach further: chroma has half the size, so that
# its blocks cover 16 columns.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Three small functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("8.1")` gives the first of three hints, the next call the second.
# `srlab.solution("8.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Exercise 8.1 takes five minutes, 8.2 fifteen, 8.3 twenty-five. What section 10 does
# not have is how to find the block of the edge. In 8.3 let groups compare the order in
# which they ask their questions: that decides who is confused by what.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 8.1 The missing blur
#
# A lens has already blurred with a Gaussian of deviation `have`. You want a total blur
# of deviation `want`. Which deviation must the second Gaussian have? Where no blur can
# do it, raise a `ValueError`.


# %% slideshow={"slide_type": "-"}
def missing(have, want):
    raise NotImplementedError  # your code


checked_missing = srlab.check("8.1", missing)
checked_missing

# %% [markdown] slideshow={"slide_type": "subslide"}
# With your formula (or the solution's): a lens of 1.2 pixels, made into one of 2.

# %% slideshow={"slide_type": "-"}
lens = degrade.blur(held, gaussian(21, 1.2))
total = degrade.blur(lens, gaussian(21, checked_missing.use(1.2, 2.0)))
difference = 255 * (total - degrade.blur(held, gaussian(21, 2.0))).abs().mean().item()
assert difference < 0.05
f"{difference:.3f} levels from one blur of 2"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 8.2 The width of an edge
#
# `profile` (N,) is one row across a step edge that was blurred with a Gaussian of
# unknown deviation. It may lead from dark to light or from light to dark, between any
# two values. Return the deviation in pixels, from the differences of neighbouring
# values.


# %% slideshow={"slide_type": "-"}
def edge_sigma(profile):
    raise NotImplementedError  # your code


checked_sigma = srlab.check("8.2", edge_sigma)
checked_sigma

# %% [markdown] slideshow={"slide_type": "subslide"}
# On edges that were blurred and then shrunk by area to a half: what is left of the blur
# is measured on the small picture, in small pixels. (Averaging two pixels blurs a
# little, too.)

# %% slideshow={"slide_type": "-"}
measured = {}
for sigma in (1.5, 2.5, 3.5):
    y = degrade.resize(degrade.blur(edge, gaussian(21, sigma)), (16, 32), "area")
    measured[f"sigma {sigma}"] = round(float(checked_sigma.use(y[0, 0, 8])), 2)
assert 0.7 < measured["sigma 1.5"] < 0.95 and 1.6 < measured["sigma 3.5"] < 1.9
measured

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 8.3 What happened here?
#
# `y` (32, 64) is one channel of a step edge as in section 10 after *one* damage: the
# left part is 0.25, the right part 0.75, but the column of the step is *unknown* (from
# 12 to 52, not a multiple of 8). Return `"blur"`, `"noise"`, `"ringing"` or `"JPEG"`.
# The strengths vary: deviations of 0.7 to 3 pixels, levels of 3 to 20, cutoffs of
# pi / 3 to pi / 2 (21 taps), qualities of 8 to 25. The values may be rounded to 8 bits,
# as in a file, or not.


# %% slideshow={"slide_type": "-"}
def diagnose(y):
    raise NotImplementedError  # your code


checked_diagnose = srlab.check("8.3", diagnose)
checked_diagnose

# %% [markdown] slideshow={"slide_type": "subslide"}
# And on what it was not made for? Section 10's edge, in a JPEG *after* noise. One word
# cannot be right for two damages, and it may name what never happened.

# %% slideshow={"slide_type": "-"}
verdicts = {}
rough = degrade.gaussian_noise(edge, 6, torch.Generator())
for quality in (5, 10, 30, 90):
    y = degrade.jpeg(rough, quality)[0, 0]
    verdicts[f"quality {quality}"] = checked_diagnose.use(y)
assert set(verdicts.values()) <= {"blur", "noise", "ringing", "JPEG"}
verdicts

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(8)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - A network knows the small pictures that it was trained on. Noise and JPEG turn it
#   against itself; aliasing does, too.
# - Blur: a kernel that sums to 1; variances add. Noise: the same everywhere (Gaussian)
#   or growing with the light (Poisson). JPEG: rounding in blocks.
# - The order counts, most of all whether a blur comes before or after a shrinking.
# - BI, BD and DN are three known degradations, and a network for each.
# - Pairs of real photographs must agree to a fraction of a pixel.
# - Real-ESRGAN's pipeline: blur, resize, noise, JPEG, twice, with everything drawn, and
#   a sinc filter for ringing.
# - Ringing is not blur: it comes from a hard cut of the frequencies.
# - One step edge tells which of four damages happened, if it was one of them alone.
#
# Next: notebook 09 trains a network on this pipeline.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "degradation, blur, blur kernel, noise, shot noise, noise level, aliasing, "
    "ringing, overshoot, sinc filter, straight-through estimator, "
    "degradation pipeline, second-order degradation, paired data set"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# 003 is a lecture on image enhancement, 004 a post on the ESRGAN family.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("08")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: Training real-world blind
#   super-resolution with pure synthetic data", ICCV workshops 2021,
#   [arXiv:2107.10833](https://arxiv.org/abs/2107.10833).
# - K. Zhang, J. Liang, L. Van Gool, R. Timofte, "Designing a practical degradation
#   model for deep blind image super-resolution" (BSRGAN), ICCV 2021,
#   [arXiv:2103.14006](https://arxiv.org/abs/2103.14006).
# - Y. Zhang, Y. Tian, Y. Kong, B. Zhong, Y. Fu, "Residual dense network for image
#   super-resolution" (BI, BD, DN), CVPR 2018,
#   [arXiv:1802.08797](https://arxiv.org/abs/1802.08797).
# - J. Cai, H. Zeng, H. Yong, Z. Cao, L. Zhang, "Toward real-world single image
#   super-resolution: A new benchmark and a new model" (RealSR), ICCV 2019,
#   [arXiv:1904.00523](https://arxiv.org/abs/1904.00523).
# - C. Chen, Z. Xiong, X. Tian, Z.-J. Zha, F. Wu, "Camera lens super-resolution"
#   (City100), CVPR 2019, [arXiv:1904.03378](https://arxiv.org/abs/1904.03378).
# - S. Bell-Kligler, A. Shocher, M. Irani, "Blind super-resolution kernel estimation
#   using an internal-GAN" (KernelGAN), NeurIPS 2019,
#   [arXiv:1909.06581](https://arxiv.org/abs/1909.06581).
# - Y. Bengio, N. Léonard, A. Courville, "Estimating or propagating gradients through
#   stochastic neurons" (straight-through), 2013,
#   [arXiv:1308.3432](https://arxiv.org/abs/1308.3432).
