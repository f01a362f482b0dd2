# ---
# jupyter:
#   jupytext:
#     formats: course///ipynb,course/source///py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 01 Images and metrics
#
# One of these two copies is only a little brighter than the original. The other lost
# nearly all of its detail. The usual measure of quality, PSNR, calls them equally good.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import srlab

photo = srlab.images.crop_to_multiple(srlab.photo("chelsea"), 8)
brighter = srlab.images.round8(photo + 13 / 255)
tiny = srlab.imresize(photo, size=(30, 45))
blurred = srlab.images.round8(srlab.imresize(tiny, size=(296, 448)))
dB = [srlab.metrics.psnr(copy, photo) for copy in (brighter, blurred)]
assert abs(dB[0] - dB[1]) < 0.1
titles = ["original", f"brighter: {dB[0]:.1f} dB", f"blurred: {dB[1]:.1f} dB"]
srlab.show(
    [photo, brighter, blurred],
    titles,
    crop=(66, 132, 64, 64),
    height=256,
    alt="A cat's eye, a slightly brighter copy and a very blurred one of equal PSNR.",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room vote before you say anything: which copy is better? Hardly anybody will
# choose the blurred one. Then read the two numbers aloud. The whole notebook explains
# why they are equal and what to do about it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - say what the numbers of a digital image mean, and why they are not light;
# - derive MSE and PSNR, compute them in your head for simple errors, and say what they
#   cannot see;
# - build SSIM from means, variances and a covariance, and name the traps in using it;
# - decide by a calculation whether a measure is a metric;
# - run a small blind test with people, and read its uncertainty;
# - show why super-resolution has no single right answer.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Before you start
#
# You need Python. Ten cells on tensors stand in notebook 00, *start here*; if words
# like *shape* or *channel* are new to you, read those first. From mathematics: mean,
# variance, logarithm.
#
# ## Time
#
# Minutes on two CPU cores: 1, on one GPU: 1 (nothing here needs it). Reading and trying
# takes about 90.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Setup

# %% slideshow={"slide_type": "skip"}
import pandas as pd
import torch
from srlab import figures, images, metrics

run = srlab.setup("01")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 What a digital image is
#
# In this course an image is a tensor of shape `(B, C, H, W)`: how many images, how many
# channels (red, green, blue), height, width. Its values go from 0 (black) to 1.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
cat = images.crop_to_multiple(srlab.photo("chelsea"), 8)  # (1, 3, 296, 448)
eye = cat[:, :, 88:108, 148:178]
assert cat.shape == (1, 3, 296, 448) and cat.min() >= 0 and cat.max() <= 1
srlab.show(
    {"the photograph, 448 x 296 pixels": cat, "30 x 20 of them": eye},
    height=110,
    alt="A cat, and thirty by twenty pixels of its eye enlarged to coloured squares.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the right each square is one pixel: three numbers and nothing more.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.1 Eight bits
#
# A file holds 8 bits a value: 256 levels, 0 to 255. Here are the red values of sixteen
# pixels of the eye. Dividing by 255 gives our range.

# %% slideshow={"slide_type": "-"}
levels = images.to_uint8(eye)[0, 0, :4, :4]
assert levels.dtype == torch.uint8
levels

# %% [markdown] slideshow={"slide_type": "-"}
# Whatever we compute is rounded to these levels when it is saved or shown. `round8`
# does that to a float image: clamp to [0, 1], then round to the nearest of 256 levels.
# It can move a value by half a level, that is by 0.002.

# %% slideshow={"slide_type": "-"}
dim = 0.7 * cat
moved = (images.round8(dim) - dim).abs().max().item()
assert 0.0019 < moved < 0.5 / 255 + 1e-6
print(f"round8 moved a value by {moved:.4f} at most; half a level is {0.5 / 255:.4f}")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask for the number of different colours that three times eight bits can say: more than
# sixteen million. Point out that arithmetic on uint8 wraps around (250 + 10 is 4),
# which is why the course works in floats and rounds at the end.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.2 The numbers are not light

# %% slideshow={"slide_type": "-"}
srlab.ask("1.a")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Eyes see ratios: the step from 1 to 2 candles is as large as that from 10 to 20. So
# files spend more of their 256 levels on the dark. The curve of nearly all pictures is
# called sRGB; people say *gamma* for short.


# %% slideshow={"slide_type": "skip"}
def to_light(v):
    """sRGB number in [0, 1] -> light, as a share of that of white."""
    return torch.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_srgb(light):
    """The way back."""
    curve = 1.055 * light.clamp(min=0) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, 12.92 * light, curve)


grey = torch.linspace(0, 1, 101)
assert torch.allclose(to_srgb(to_light(grey)), grey, atol=1e-4)
figures.curves(
    {"sRGB": (grey, to_light(grey)), "if numbers were light": (grey, grey)},
    xlabel="number in the file (0 to 1)",
    ylabel="light (share of white)",
    size=(4.2, 2.6),
    alt="The sRGB curve hangs below the diagonal: 0.5 gives 0.21 of the light.",
)

# %% slideshow={"slide_type": "fragment"}
half_number = to_light(torch.tensor(0.5)).item()
half_light = to_srgb(torch.tensor(0.5)).item()
assert 0.21 < half_number < 0.22 and 0.73 < half_light < 0.74
print(f"the number 0.5 sends {half_number:.3f} of the light of white")
level = 255 * half_light
print(f"half of the light has the number {half_light:.3f}, level {level:.0f}")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The curve is in the notebook and skipped on the slides. If somebody asks: it is a
# power of 2.4 with a straight piece near black. Do not spend more than five minutes
# here; the point is that averaging comes next.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Why it matters here:** shrinking a picture averages pixels. The average of the
# numbers is not the number of the average light. A fine checkerboard of black and white
# shows it.

# %% slideshow={"slide_type": "-"}
side = torch.arange(64)
board = ((side[:, None] + side) % 2).float()[None, None]  # (1, 1, 64, 64): 0 1 0 1 ...
by_numbers = srlab.imresize(board, scale=1 / 2, kernel="box")
by_light = to_srgb(srlab.imresize(to_light(board), scale=1 / 2, kernel="box"))
assert abs(by_numbers.mean() - 0.5) < 1e-3 and abs(by_light.mean() - half_light) < 1e-3
srlab.show(
    [board, by_numbers.repeat(1, 1, 2, 2), by_light.repeat(1, 1, 2, 2)],
    ["checkerboard", "numbers: 128", "light: 188"],
    height=128,
    alt="A black and white checkerboard beside a middle grey and a light grey field.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# Step back until the squares melt: the board looks like the lighter grey, level 188.

# %% slideshow={"slide_type": "skip"}
china = images.crop_to_multiple(srlab.photo("china"), 8)
plain = srlab.imresize(china, scale=1 / 8, kernel="box")
linear = to_srgb(srlab.imresize(to_light(china), scale=1 / 8, kernel="box"))
worst = 255 * (linear - plain).abs().max().item()
apart = metrics.psnr(plain, linear)
assert 30 < worst < 55 and 29 < apart < 31
print(f"a photograph shrunk 8 times, both ways: up to {worst:.0f} levels apart,")
print(f"PSNR of one against the other {apart:.1f} dB")

# %% [markdown] slideshow={"slide_type": "skip"}
# So the choice is not a small one. Still, papers on super-resolution shrink the encoded
# numbers, not the light: they hand them to MATLAB's `imresize` as they are, and the
# published tables follow. So does this course. Now you know what is left out.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Zoom the page so that one pixel of the figure is one pixel of the screen, else the
# browser averages the board for you, and it averages the numbers. With a projector ask
# the last row which grey fits.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 1.3 Luma and chroma
#
# Red, green and blue say much the same three times. **YCbCr** separates them: luma *Y*
# stands for the brightness, *Cb* and *Cr* (chroma) say how blue and how red.
# $$Y = 16 + 65.481\,R + 128.553\,G + 24.966\,B$$
# is the formula of Recommendation BT.601 for R, G, B in [0, 1]: green counts most, and
# *Y* goes from 16 to 235 (*studio swing*). `images.luma` divides it by 255.

# %% slideshow={"slide_type": "fragment"}
srlab.ask("1.b")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The offsets 16 and 128 come from analogue television, where values below black carried
# the synchronisation. What matters for us is that a luma step is only 219 / 255 of a
# grey step: it returns as a trap in section 8.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
bike = images.crop_to_multiple(srlab.photo("motorcycle"), 8)
sharp = images.ycbcr(bike)
coarse = srlab.imresize(srlab.imresize(sharp, scale=1 / 8), scale=8).clamp(0, 1)
poor_chroma = images.rgb(torch.cat([sharp[:, :1], coarse[:, 1:]], dim=1))
poor_luma = images.rgb(torch.cat([coarse[:, :1], sharp[:, 1:]], dim=1))
copies = [images.round8(poor_chroma), images.round8(poor_luma)]
dB = [metrics.psnr(copy, bike) for copy in copies]
assert 31 < dB[0] < 33 and 20 < dB[1] < 22
srlab.show(
    [bike, *copies],
    ["original", f"chroma 1 in 64: {dB[0]:.1f} dB", f"luma 1 in 64: {dB[1]:.1f} dB"],
    crop=(172, 396, 64, 80),
    height=192,
    alt="A motorcycle's tank: coarse chroma is hardly seen, coarse luma is a blur.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# With one chroma sample in 64 the bike looks almost unharmed; with one luma sample in
# 64 it is a blur. That is why papers measure luma, and why most JPEG files keep only a
# quarter of the chroma samples.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Look for the damage in the middle picture together: the gold line on the tank is gone
# and the letters have lost their gold. Say that eleven decibels (the unit
# comes in section 2) lie between the two copies, so PSNR agrees with the eye here.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 MSE and PSNR
#
# How far is a picture $x$ from the original $y$? Square the differences and average:
# $$\mathrm{MSE}(x, y) = \frac{1}{CHW}\sum_{c,i,j}\,(x_{cij} - y_{cij})^2$$
# The **peak signal-to-noise ratio** compares that with the largest value there is (1
# for us, 255 for 8-bit numbers), on a logarithmic scale, in **decibels**:
# $$\mathrm{PSNR} = 10\,\log_{10}\frac{\mathrm{peak}^2}{\mathrm{MSE}}$$

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Do the first one at the board: everything too bright by 0.1 gives MSE 0.01, so 20 dB.
# The logarithm is there because useful errors span a factor of ten thousand. Peak means
# the largest possible value, not the brightest pixel of this picture.

# %% slideshow={"slide_type": "subslide"}
flat = torch.full((1, 1, 16, 16), 0.5)
errors = [0.1, 0.05, 0.025, 0.0125]
rows = []
for error in errors:
    mse, psnr = metrics.mse(flat + error, flat), metrics.psnr(flat + error, flat)
    rows.append({"error": f"{error:g}", "MSE": f"{mse:.6f}", "PSNR": psnr})
assert abs(rows[0]["PSNR"] - 20) < 1e-3
assert abs(rows[1]["PSNR"] - rows[0]["PSNR"] - 6.0206) < 1e-3
figures.table(rows, "Every pixel off by the same error", units={"PSNR": "dB"})

# %% [markdown] slideshow={"slide_type": "-"}
# An offset of 0.1 is 20 dB. **Half the error is 6.02 dB more**, because $10\log_{10} 4
# = 6.02$. Equal pictures have MSE 0 and PSNR $\infty$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 PSNR and bits
#
# Keep only $b$ bits a value, in steps of $\Delta = 1/(2^b - 1)$. The rounding error
# lies evenly between $-\Delta/2$ and $\Delta/2$, so its mean square is about $\Delta^2
# / 12$, and each bit halves the step: **6 dB a bit**.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
bits = torch.arange(1, 8)
steps = 2.0**bits - 1
measured = [metrics.psnr((cat * s).round() / s, cat) for s in steps]
theory = 10 * torch.log10(12 * steps**2)
assert all(abs(m - t) < 1.5 for m, t in zip(measured[1:], theory[1:], strict=True))
figures.curves(
    {"the cat": (bits, measured), "step² / 12": (bits, theory)},
    xlabel="bits a value",
    ylabel="PSNR (dB)",
    points=["the cat"],
    size=(5, 2.8),
    alt="PSNR rises by six decibels a bit; from two bits on the cat lies on the line.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# The points of the photograph lie on the line from two bits on. At 8 bits the line
# says 58.9 dB: what the rounding to a file costs alone.

# %% slideshow={"slide_type": "skip"}
eight = 10 * torch.log10(torch.tensor(12 * 255.0**2)).item()
assert 58.8 < eight < 59
print(f"rounding to 8 bits: {eight:.1f} dB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.2 Virtues and faults
#
# Virtues:
#
# - it is cheap, and every number can be explained;
# - it has a simple gradient, so a network can be trained on it directly.
#
# Faults:
#
# - it adds up pixels one by one, and does not know that neighbours form an edge, a
#   hair, a face;
# - it does not ask whether anybody sees the error.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The lecture that this notebook follows lists the same virtues and faults. Ask for one
# change of a picture that nobody would see and PSNR would punish hard: shift it by one
# pixel, for example, or make it a little brighter.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.3 Which picture has the higher PSNR?
#
# We take one grey picture (the luma of the cat) and spoil it in five ways: contrast,
# brightness, JPEG, blur, and impulse noise, which makes random pixels black or white.

# %% [markdown] slideshow={"slide_type": "skip"}
# Run the next three cells without reading them, look at the pictures, and answer
# question 1.c. Then come back to see how it was done.

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
x = images.round8(images.luma(cat))  # (1, 1, 296, 448), the original from now on


def blur(image, sigma):
    """Average over a Gaussian of standard deviation sigma pixels, mirrored borders."""
    reach = int(3 * sigma) + 1
    t = torch.arange(-reach, reach + 1.0)
    g = torch.exp(-(t**2) / (2 * sigma**2))
    g = (g / g.sum()).view(1, 1, 1, -1)
    image = torch.nn.functional.pad(image, (reach,) * 4, mode="reflect")
    image = torch.nn.functional.conv2d(image, g)
    return torch.nn.functional.conv2d(image, g.transpose(2, 3))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


assert blur(x, 2.0).shape == x.shape
print("blur(image, sigma) keeps the shape:", tuple(blur(x, 2.0).shape))

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
jpeg = srlab.codecs.JPEG(quality=3)
blocks = jpeg.decode(jpeg.encode(x))[:, :1]  # the worst that JPEG can do, nearly
where = torch.rand(x.shape, generator=seeded(1))
salt = (torch.rand(x.shape, generator=seeded(2)) > 0.5).float()  # black or white

distort = {  # a strength from 0 to 1 -> a picture
    "contrast stretch": lambda s: x.mean() + (1 + s) * (x - x.mean()),
    "mean shift": lambda s: x + s,
    "JPEG": lambda s: x + s * (blocks - x),
    "blur": lambda s: blur(x, 0.1 + 20 * s),
    "impulse noise": lambda s: torch.where(where < s, salt, x),
}
assert 24 < metrics.psnr(blocks, x) < 25.8
print("five ways:", ", ".join(distort))


# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
def tune(kind, target):
    """Bisection: the strongest version of a distortion with an MSE up to the target."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        if metrics.mse(images.round8(distort[kind](middle)), x) <= 1.0001 * target:
            low = middle
        else:
            high = middle
    return images.round8(distort[kind](low))


target = (13 / 255) ** 2  # the MSE of an offset of 13 grey levels
five = {kind: tune(kind, target) for kind in distort}
assert all(picture.shape == x.shape for picture in five.values())
print(len(five), "copies, rounded to 8 bits")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two of the copies look almost unharmed, three do not.

# %% slideshow={"slide_type": "-"}
srlab.show(
    {"original": x, **five},
    columns=3,
    crop=(68, 128, 48, 64),
    height=144,
    alt="A grey cat's eye, five copies: more contrast, brighter, blocks, blur, dots.",
)

# %% slideshow={"slide_type": "-"}
srlab.ask("1.c")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
dB = {kind: metrics.psnr(picture, x) for kind, picture in five.items()}
share = {kind: metrics.mse(picture, x) / target for kind, picture in five.items()}
assert max(dB.values()) - min(dB.values()) < 0.02
assert all(0.995 < value < 1.001 for value in share.values())
table = pd.DataFrame({"PSNR": dB, "MSE / target": share})
figures.table(table, "Five distortions", units={"PSNR": "dB"}, digits=3)

# %% [markdown] slideshow={"slide_type": "-"}
# **One and the same PSNR.** Each knob was turned until the MSE was that of an offset of
# 13 grey levels, met within half a per cent: `distort` has the five knobs, `tune` turns
# them. JPEG's quality goes in whole steps, so we take one that is a bit too bad and mix
# in a little of the original.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Give the room half a minute with the picture and let them order the five by taste.
# Most put the contrast stretch and the mean shift first and quarrel about the rest.
# Then open the answer. Bisection is worth one sentence: the MSE grows with the
# strength, so halve the interval twenty times. After rounding the shift is a whole
# number of levels, which is why the target was chosen as thirteen of them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 SSIM: compare structure
#
# The idea of structural similarity (Wang and others, 2004): the eye is good at
# patterns, bad at absolute brightness. So look at both pictures through a small window,
# and compare there **mean** (brightness), **variance** (contrast) and **covariance**
# (pattern).


# %% slideshow={"slide_type": "fragment"}
def window(v):
    """Mean of v over an 11 x 11 Gaussian window, sigma 1.5: (B, 1, H - 10, W - 10)."""
    t = torch.arange(11.0, dtype=v.dtype) - 5
    g = torch.exp(-(t**2) / (2 * 1.5**2))
    g = torch.outer(g, g) / g.sum() ** 2  # (11, 11), sum 1
    return torch.nn.functional.conv2d(v, g[None, None])


a, b = five["JPEG"].double(), x.double()  # the picture that is judged, the original
mu_a, mu_b = window(a), window(b)
var_a, var_b = window(a**2) - mu_a**2, window(b**2) - mu_b**2
cov = window(a * b) - mu_a * mu_b
assert mu_a.shape == (1, 1, 286, 438)
print("one number for each place of the window:", tuple(mu_a.shape))

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Remind them of the formula: variance is the mean of the squares minus the square of
# the mean. Only windows that lie wholly inside count, hence ten rows and columns fewer.
# The pictures are in double precision because we are about to subtract nearly equal
# numbers.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.1 Both forms
#
# $$\mathrm{SSIM} = \frac{(2\mu_a\mu_b + c_1)\,(2\sigma_{ab} + c_2)}
# {(\mu_a^2 + \mu_b^2 + c_1)\,(\sigma_a^2 + \sigma_b^2 + c_2)}$$
# is the product of three likenesses, if $c_3 = c_2/2$:
# $$l = \frac{2\mu_a\mu_b + c_1}{\mu_a^2 + \mu_b^2 + c_1},\quad
# c = \frac{2\sigma_a\sigma_b + c_2}{\sigma_a^2 + \sigma_b^2 + c_2},\quad
# s = \frac{\sigma_{ab} + c_3}{\sigma_a\sigma_b + c_3}$$
# $c_1 = (0.01 L)^2$ and $c_2 = (0.03 L)^2$ keep the fractions calm where nothing
# happens; $L$ is the range of the values, 1 for us.

# %% slideshow={"slide_type": "subslide"}
c1, c2 = 0.01**2, 0.03**2
c3 = c2 / 2
two_factors = (2 * mu_a * mu_b + c1) * (2 * cov + c2)
two_factors /= (mu_a**2 + mu_b**2 + c1) * (var_a + var_b + c2)

sd_a, sd_b = var_a.clamp(min=0).sqrt(), var_b.clamp(min=0).sqrt()
luminance = (2 * mu_a * mu_b + c1) / (mu_a**2 + mu_b**2 + c1)
contrast = (2 * sd_a * sd_b + c2) / (var_a + var_b + c2)
structure = (cov + c3) / (sd_a * sd_b + c3)
three_parts = luminance * contrast * structure
apart = (two_factors - three_parts).abs().max().item()
assert apart < 1e-9
print(f"mean SSIM {two_factors.mean():.4f}; the two forms are equal at all")
print(f"{two_factors.numel():,} places: {apart < 1e-9}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Equal to the last digits at all 125,268 places: with $c_3 = c_2/2$ the factor
# $2(\sigma_a\sigma_b + c_3)$ cancels.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Do the cancellation at the board: twice the denominator of s is the numerator of c.
# One of the source texts prints the product of means under s; with that slip the two
# forms do not agree, as a cell at the end of this section shows.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
parts = [part.float().clamp(0, 1) for part in (luminance, contrast, structure)]
srlab.show(
    [five["JPEG"][:, :, 5:-5, 5:-5], *parts],
    ["JPEG", "luminance l", "contrast c", "structure s"],
    crop=(60, 110, 48, 64),
    height=144,
    alt="The JPEG copy; luminance is white, contrast dark in fur, structure at blocks.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# White is 1. Luminance is right nearly everywhere. Contrast is lost where JPEG
# flattened the fur; structure fails along the blocks' borders, edges that the original
# has not. In a flat block $s = c_3/c_3 = 1$: there is no pattern to be wrong.

# %% slideshow={"slide_type": "skip"}
means = dict(zip("lcs", (part.mean().item() for part in parts), strict=True))
assert means["l"] > 0.98 > means["c"] > means["s"]
print("means of the maps:", {name: f"{value:.3f}" for name, value in means.items()})

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.2 The package's SSIM is the same function

# %% slideshow={"slide_type": "-"}
ours = two_factors.mean().item()
package = metrics.ssim(five["JPEG"], x)
its_map = metrics.ssim_map(five["JPEG"], x)
assert abs(ours - package) < 1e-5
assert abs(its_map.structure.mean() - structure.mean()) < 1e-3
print(f"built here {ours:.4f}, srlab.metrics.ssim {package:.4f}")

# %% slideshow={"slide_type": "fragment"}
srlab.ask("1.d")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
ssim = {kind: metrics.ssim(picture, x) for kind, picture in five.items()}
assert ssim["mean shift"] > 0.98 > ssim["contrast stretch"] > 0.9
assert 0.7 < ssim["impulse noise"] < 0.8 and max(ssim["JPEG"], ssim["blur"]) < 0.7
table = pd.DataFrame({"PSNR": dB, "SSIM": ssim})
figures.table(table, "The same PSNR, five SSIM", units={"PSNR": "dB"}, digits=3)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The order is that of the lecture's slide: the stretch and the shift on top, noise,
# blur and JPEG below. Say that SSIM is no judge either: is the dotted cat really better
# than the blurred one for every purpose?

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.3 Traps: one name, many numbers

# %% slideshow={"slide_type": "-"}
from skimage.metrics import structural_similarity as skimage_ssim

noisy = images.round8(x + 0.05 * torch.randn(x.shape, generator=seeded(3)))
pair = [v[0, 0].numpy() for v in (noisy, x)]
halves = [srlab.imresize(v, scale=1 / 2, kernel="box") for v in (noisy, x)]
found = {
    "Gaussian 11 x 11, as in the paper": metrics.ssim(noisy, x),
    "flat 7 x 7 window (skimage's default)": skimage_ssim(*pair, data_range=1),
    "halved first (large pictures in ssim.m, piq)": metrics.ssim(*halves),
    "the same (7 x 7), data range 2 instead of 1": skimage_ssim(*pair, data_range=2),
    "the same, data range 255": skimage_ssim(*pair, data_range=255),
}
assert found["the same, data range 255"] > 0.999
assert metrics.ssim(*halves) - metrics.ssim(noisy, x) > 0.3
found = pd.Series(found, name="SSIM").to_frame()
figures.table(found, "The same two pictures", digits=3)

# %% [markdown] slideshow={"slide_type": "-"}
# With the range of 8-bit numbers the noise is gone from the result, and no error is
# raised. (`ssim.m` is the authors' own program.) A number without its window, range and
# shrinking cannot be compared with another.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Wang's ssim.m and piq shrink by round(smaller side / 256), so a picture of 384 pixels
# or more is halved first, and our cat is not. Ask who has ever checked which SSIM their
# library computes.

# %% [markdown] slideshow={"slide_type": "skip"}
# Another trap is a slip in print. One of our sources divides $s$ by $\mu_a\mu_b + c_3$
# (the means) where the deviations belong. Then the three parts no longer give SSIM, and
# even equal pictures get nearly nothing, for a variance is divided by a squared mean:

# %% slideshow={"slide_type": "skip"}
slip = (luminance * contrast * (cov + c3) / (mu_a * mu_b + c3)).mean().item()
equal = ((var_b + c3) / (mu_b**2 + c3)).mean().item()
assert abs(slip - ours) > 0.3 and equal < 0.2
print(f"with the slip {slip:.3f} instead of {ours:.3f}; equal pictures: {equal:.3f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Is it a metric?
#
# A **metric** (a distance in the mathematical sense) keeps three rules:
#
# 1. $d(a, b) = 0$ if $a = b$, and only then;
# 2. $d(a, b) = d(b, a)$;
# 3. a detour is never shorter: $d(a, c) \le d(a, b) + d(b, c)$, the triangle
#    inequality.
#
# PSNR is none: it is infinite, not zero, for equal pictures, and grows with likeness.

# %% slideshow={"slide_type": "fragment"}
srlab.ask("1.e")

# %% slideshow={"slide_type": "subslide"}
values = torch.tensor([0.0, 1.0, 2.0])
straight = ((values[0] - values[2]) ** 2).item()
detour = ((values[0] - values[1]) ** 2 + (values[1] - values[2]) ** 2).item()
assert straight > detour
print(f"MSE: straight from 0 to 2 {straight:.0f}, detour over 1 {detour:.0f}")
straight = (values[0] - values[2]).abs().item()
detour = ((values[0] - values[1]).abs() + (values[1] - values[2]).abs()).item()
assert straight <= detour
print(f"its root: straight {straight:.0f}, detour {detour:.0f}: the rule holds")

# %% [markdown] slideshow={"slide_type": "-"}
# **MSE is not a metric.** Its root (RMSE) is: it is the length of the difference
# vector, divided by $\sqrt{CHW}$. The lecture's slide says *is a metric*: true of the
# root only.

# %% slideshow={"slide_type": "fragment"}
triples = torch.rand((1000, 3, 64), generator=seeded(5))
ac, ab, bc = (
    ((triples[:, i] - triples[:, j]) ** 2).mean(1).sqrt()
    for i, j in ((0, 2), (0, 1), (1, 2))
)
kept = (ac <= ab + bc).sum().item()
assert kept == 1000
print(f"RMSE: the rule holds for {kept} of 1000 random triples")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Both questions are the lecture's own. Take the vote first. A thousand random triples
# prove nothing, of course; the proof for the root is the triangle inequality of the
# Euclidean norm. One counterexample is enough for a no, no number of examples for a
# yes.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("1.f")


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def far(a, b):
    return 1 - metrics.ssim(a, b)


dark, middle, light = (torch.full((1, 1, 32, 32), v) for v in (0.2, 0.3, 0.45))
worst = five["JPEG"]
between = (x + worst) / 2
triples = {
    "flat greys 0.2, 0.3, 0.45": (dark, middle, light),
    "cat, halfway, JPEG": (x, between, worst),
}
rows = [[far(a, c), far(a, b) + far(b, c)] for a, b, c in triples.values()]
table = pd.DataFrame(rows, index=list(triples), columns=["straight", "detour"])
assert (table["straight"] > 1.2 * table["detour"]).all()
figures.table(table, "1 - SSIM: the straight way is longer than the detour", digits=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **1 - SSIM is not a metric either.** It is symmetric, and 0 only for equal pictures,
# but a detour over the picture halfway is shorter: it behaves like a square.

# %% slideshow={"slide_type": "skip"}
assert abs(far(x, worst) - far(worst, x)) < 1e-6 and far(x, x) < 1e-9
print(f"there and back: {far(x, worst):.4f} and {far(worst, x):.4f}")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Brunet, Vrscay and Wang (2012) take SSIM apart: for each of its two factors, the root
# of one minus the factor is a metric. Why care? Bounds, clustering and
# nearest-neighbour search rest on the triangle inequality; nothing breaks in a table of
# results.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 Measures that know a little about eyes
#
# | measure | what it adds |
# |---|---|
# | **MS-SSIM** (2003) | SSIM's parts at five sizes: a picture seen from near and far |
# | **VIFp** (2006) | how much of the original's information is still in the copy |
# | **PSNR-HVS** (2006) | errors weighed by how well the eye sees patterns so fine |
# | **PSNR-HVS-M** (2007) | ... and by how well the texture under them hides them |
#
# All four need the original (*full-reference*). Each gets one experiment.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("1.g")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
scene = images.round8(0.1 + 0.8 * images.luma(srlab.photo("china")))
patch = 0.05 * torch.randn((1, 1, 88, 200), generator=seeded(6))
in_sky, in_trees = scene.clone(), scene.clone()
in_sky[:, :, 112:200, 350:550] += patch
in_trees[:, :, 336:424, 350:550] += patch
in_sky, in_trees = images.round8(in_sky), images.round8(in_trees)
srlab.show(
    {"noise in the sky": in_sky, "the same noise in the trees": in_trees},
    crop=(150, 430, 240, 84),
    alt="The same patch of noise: plain to see in the sky, invisible in the leaves.",
)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
judges = {
    "PSNR": metrics.psnr,
    "SSIM": metrics.ssim,
    "MS-SSIM": metrics.ms_ssim,
    "VIFp": metrics.vifp,
    "PSNR-HVS": metrics.psnr_hvs,
    "PSNR-HVS-M": metrics.psnr_hvs_m,
}


def judge(copies, original):
    rows = [[f(copy, original) for f in judges.values()] for copy in copies.values()]
    return pd.DataFrame(rows, index=list(copies), columns=list(judges))


table = judge({"in the sky": in_sky, "in the trees": in_trees}, scene)
apart = table.loc["in the trees"] - table.loc["in the sky"]
assert abs(apart["PSNR"]) < 0.02 and abs(apart["PSNR-HVS"]) < 0.05
assert 1 < apart["PSNR-HVS-M"] < 2 and apart["SSIM"] > 0.02 > 0 > apart["VIFp"]
figures.table(table, "Noise of equal MSE, once seen and once hidden", digits=3)

# %% [markdown] slideshow={"slide_type": "-"}
# **Contrast masking**: leaves hide what the sky shows. SSIM, MS-SSIM and PSNR-HVS-M
# notice; PSNR and PSNR-HVS cannot; VIFp is misled here and prefers the sky.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The noise is the same numbers in both places, so the squared error is the same. VIFp
# asks how much information is lost, and leaves carry more information than sky. It is a
# good moment to say that every measure here has its counterexample.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
fine = torch.randn(x.shape, generator=seeded(7))
blotches = torch.randn((1, 1, 74, 112), generator=seeded(8))
blotches = srlab.imresize(blotches, scale=4)
noises = {
    name: images.round8(x + 0.06 * noise / noise.std())
    for name, noise in {"fine noise": fine, "blotches": blotches}.items()
}
srlab.show(
    noises,
    crop=(60, 110, 100, 144),
    height=100,
    alt="A cat under fine grain, and under coarse blotches of the same squared error.",
)

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
table = judge(noises, x)
apart = table.loc["fine noise"] - table.loc["blotches"]
assert abs(apart["PSNR"]) < 0.1 and 4 < apart["PSNR-HVS"] < 8
assert apart["SSIM"] < -0.05 and apart["MS-SSIM"] > 0.1
figures.table(table, "Noise of equal MSE, fine and coarse", digits=2)

# %% [markdown] slideshow={"slide_type": "-"}
# Step back: the grain fades first, the blotches stay. **PSNR-HVS** knows it: 6 dB apart
# at equal PSNR. **MS-SSIM** looks from far as well; plain SSIM prefers the blotches.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Contrast sensitivity: at usual distance the eye sees patterns of a few periods a
# degree best, and hardly sees pixel-fine grain. Walk to the back of the room: the grain
# disappears first, the blotches stay.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
table = judge(five, x)
assert table.loc["contrast stretch", "VIFp"] > 1.05
assert table["PSNR-HVS"].idxmax() == "impulse noise"
assert table["SSIM"].idxmax() == table["MS-SSIM"].idxmax() == "mean shift"
digits = {"SSIM": 3, "MS-SSIM": 3}
figures.table(table, "The five pictures of section 2 before six judges", digits=digits)

# %% [markdown] slideshow={"slide_type": "-"}
# **VIFp** gives the contrast stretch more than 1: it holds the stretched cat for
# *better* than the original. PSNR-HVS hates a brighter picture nearly as much as a
# blurred one, and puts the dotted cat first. Five judges beside PSNR, four different
# orders.

# %% slideshow={"slide_type": "skip"}
orders = {name: tuple(table[name].rank().astype(int)) for name in judges}
without_psnr = [order for name, order in orders.items() if name != "PSNR"]
print("different orders of the five judges beside PSNR:", len(set(without_psnr)))
assert len(set(without_psnr)) == 4

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room compare the order that they chose in section 2 with each column. There is
# no winner to announce. What to take home: report at least two measures of different
# kinds, and show pictures.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 5.1 Try it: when do you see it?
#
# Which distortion do you notice first, which last? Choose a kind, start at 44 dB, lower
# the PSNR until you see it, write the number down, take the next kind.


# %% slideshow={"slide_type": "-"} tags=["hide-input"]
def spoil(kind, psnr):
    picture = tune(kind, 10 ** (-psnr / 10))
    got, ssim = metrics.psnr(picture, x), metrics.ssim(picture, x)
    return picture[:, :, 66:146, 124:260], f"{got:.1f} dB, SSIM {ssim:.3f}"


srlab.widgets.explore(
    spoil,
    twin=[
        {"kind": "contrast stretch", "psnr": 32},
        {"kind": "blur", "psnr": 32},
        {"kind": "impulse noise", "psnr": 32},
    ],
    alt="The cat under one of five distortions, tuned to a chosen PSNR.",
    kind=list(distort),
    psnr=(26, 44, 1, 32),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The film strip shows three kinds at 32 dB, where the stretch is hardly seen and the
# dots are plain. JPEG has a floor: quality 3 cannot be made better than itself but by
# mixing, so at high PSNR it is a faint ghost of the blocks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 Whom do we please: the pixels or the viewer?

# %% slideshow={"slide_type": "-"}
srlab.ask("1.h")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The **mean opinion score** (MOS) asks people: from 1 (bad) to 5 (excellent), blind and
# in random order (Recommendation BT.500).
#
# Virtue: it measures what we want. Faults: it is slow, costs money, cannot run after
# each training step, differs from class to class. A mean of few votes also needs its
# **confidence interval**.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 6.1 Your vote
#
# Five pictures, blind, in random order. Press a grade for each; at the end you see the
# means. `ratings_01.csv` keeps the votes. To join those of a class, read each file with
# `srlab.classroom.read_votes(path)`, add the lists up, and give the sum to
# `panel.summary`.

# %% slideshow={"slide_type": "-"}
panel = srlab.rating(five, reference=x, seed=1, path="ratings_01.csv")
panel

# %% [markdown] slideshow={"slide_type": "skip"}
# With `kind="2afc"` the panel shows pairs and asks which is better (two-alternative
# forced choice). Comparing is easier than grading, but there are more pairs than
# pictures:

# %% slideshow={"slide_type": "skip"}
pairs = srlab.rating(five, kind="2afc", path="ratings_01_pairs.csv")
assert len(pairs.trials) == 10
print(f"{len(five)} pictures make {len(pairs.trials)} pairs; write `pairs` to vote")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Run it with the whole class on their own machines and join the files as the slide
# says. Ten minutes are enough for twenty people. Compare the order
# with the six columns of section 5, and talk about who judged the dots mildly and why.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 6.2 How many votes?
#
# These raters are **made up**: a taste for each picture, a habit of being strict or
# mild, some chance. They only show how the interval shrinks.

# %% slideshow={"slide_type": "skip"}
taste = dict(zip(five, (4.4, 4.6, 1.6, 1.9, 2.6), strict=True))  # invented


def made_up_rater(seed):
    """One rater's votes, cast through the same panel object as yours."""
    rater = srlab.rating(five, reference=x, seed=seed)
    chance = torch.randn(6, generator=seeded(seed))
    for trial, noise in zip(rater.trials, chance[1:], strict=True):
        grade = taste[trial.titles[0]] + 0.4 * chance[0] + 0.7 * noise
        rater.vote(int(grade.round().clamp(1, 5)), rater=f"made up {seed}")
    return [row for rows in rater.votes for row in rows]


votes = {
    n: [row for seed in range(n) for row in made_up_rater(seed)] for n in (4, 16, 64)
}
print("votes:", {n: len(rows) for n, rows in votes.items()})

# %% slideshow={"slide_type": "-"}
rows = []
for n, cast in votes.items():
    summary = panel.summary(cast).set_index("title")
    dots = summary.loc["impulse noise"]
    rows.append({"raters": n, "low": dots["low"], "mean": dots["mean"]})
    rows[-1] |= {"high": dots["high"], "width": dots["high"] - dots["low"]}
assert rows[0]["width"] > 2.5 * rows[2]["width"] and rows[2]["width"] < 0.6
figures.table(rows, "Made-up raters: impulse noise, mean and 95 % interval")

# %% [markdown] slideshow={"slide_type": "-"}
# The interval shrinks like one over the root of the number of raters: for half the
# uncertainty ask four times as many people.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Stress the words made up: no one was asked, and the order of these means says nothing
# about the pictures. With four raters the interval is wider than a grade; papers with
# five raters and no interval are common.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 When there is no original

# %% slideshow={"slide_type": "-"}
srlab.ask("1.i")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Super-resolution is **ill-posed**: many large pictures (HR) shrink to the same small
# one (LR). Let us not believe that but build two, both sharp, with the *same* LR, to
# the last of its 8 bits.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Shrinking 4 times is linear: $\mathrm{LR} = A\,x\,B^\top$, one matrix for the rows and
# one for the columns. What the matrices send to zero (their **null space**) can be
# added to any picture, and the LR will not know.


# %% slideshow={"slide_type": "-"}
def shrinking_matrix(n):
    """What imresize does along one axis, as a matrix: shrink the unit vectors."""
    unit = torch.eye(n, dtype=torch.float64)[None, None]
    return srlab.imresize(unit, scale=(1 / 4, 1))[0, 0]  # (n / 4, n)


A, B = shrinking_matrix(296), shrinking_matrix(448)
hr = cat.double()
lr = images.round8(A @ hr @ B.T)  # (1, 3, 74, 112)
same = (lr == images.round8(srlab.imresize(hr, scale=1 / 4))).double().mean().item()
assert same > 0.999
print(f"A has the shape {tuple(A.shape)}: 296 unknowns, 74 equations a column")

# %% slideshow={"slide_type": "subslide"}
# pinv: of all z that shrink to a given picture, the smallest
A_inv, B_inv = torch.linalg.pinv(A), torch.linalg.pinv(B)


def fit(z, times=1):
    """Move z as little as possible so that it shrinks to lr exactly; keep [0, 1]."""
    for _ in range(times):
        z = z + A_inv @ (lr - A @ z @ B.T) @ B_inv.T
        z = z.clamp(0, 1)
    return z


detail = hr - A_inv @ (A @ hr @ B.T) @ B_inv.T  # what the LR does not know
assert (A @ detail @ B.T).abs().max() < 1e-9
print(f"share of the values' variance in it: {detail.var() / hr.var():.3f}")

# %% [markdown] slideshow={"slide_type": "-"}
# `detail` is the fur that the LR cannot see. We take it from another place of the cat,
# make it as strong as the fur that was there, and fit.


# %% slideshow={"slide_type": "skip"}
def strength(z):
    """How strong the detail is around each pixel: (1, 1, H, W)."""
    return blur((z**2).mean(1, keepdim=True).float(), 4.0).double().sqrt()


def other_cat(dy, dx):
    """A cat with fur from (dy, dx) pixels away and the same LR."""
    fur = torch.roll(detail, (dy, dx), dims=(2, 3))
    fur = fur * strength(detail) / (strength(fur) + 0.004)
    return images.round8(fit(hr - detail + fur, times=20))


first, second = images.round8(fit(hr, times=20)), other_cat(9, 13)
small = [images.round8(srlab.imresize(v, scale=1 / 4)) for v in (first, second)]
differ = (small[0] != small[1]).sum().item()
assert differ == 0 and 27.5 < metrics.psnr(second, first) < 29.5
print(f"LR values that differ: {differ} of {small[0].numel()}")

# %% slideshow={"slide_type": "subslide"}
dB = metrics.psnr(second, first)
moved = 255 * (first - hr).abs().max().item()
assert moved < 1.01
print(f"PSNR of one against the other {dB:.1f} dB; LR identical: {differ == 0}")
print(f"the photograph itself was moved by {moved:.0f} grey level at most")

# %% slideshow={"slide_type": "-"}
srlab.compare(
    first.float(),
    second.float(),
    labels=("photograph", "same LR, other fur"),
    crop=(20, 170, 56, 80),
    alt="A cat's fur twice, with other hairs; both shrink to the same small picture.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# Drag the line: every hair differs, and the LR alone cannot say which one was
# photographed. (Our trick knows fur only: at the rim of the eyes, which the next figure
# shows, it gives itself away. The left one is the photograph, moved by one grey level
# at most so that its LR sits exactly on 8-bit levels.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The projection is the smallest change that makes the LR right; after the clamp it is
# repeated because clamping spoils it a little. With four times fewer pixels along each
# axis, fifteen of sixteen dimensions are in the null space.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("1.j")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
shifts = [(9, 13), (-11, 7), (13, -9), (-8, -15), (17, 5), (-5, 19), (6, -21)]
guesses = [other_cat(dy, dx) for dy, dx in shifts]
mean = images.round8(sum(guesses) / len(guesses))
each = [metrics.psnr(guess, first) for guess in guesses]
dB = metrics.psnr(mean, first)
assert dB - max(each) > 1.5 and max(each) - min(each) < 0.5
srlab.show(
    [first.float(), guesses[1].float(), mean.float()],
    ["photograph", f"a guess: {each[1]:.1f} dB", f"mean: {dB:.1f} dB"],
    crop=(90, 136, 64, 64),
    height=256,
    alt="The photograph, a sharp guess, and the blurred mean of seven guesses.",
)

# %% [markdown] slideshow={"slide_type": "-"}
# Seven sharp guesses fit the same LR. Their mean is blurred and **closer to the
# photograph than any of them**. A network trained on MSE aims at such a mean, so it is
# soft, and wins the PSNR table. Sharp networks lose it (notebook 07). Bicubic
# interpolation of the LR reaches nearly the PSNR of the mean, and it is also a blur.

# %% slideshow={"slide_type": "skip"}
bicubic = metrics.psnr(images.round8(srlab.imresize(lr, scale=4)), first)
assert abs(bicubic - dB) < 0.5
print(f"bicubic enlargement {bicubic:.1f} dB, the mean {dB:.1f} dB")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is the most important figure of the notebook. Blau and Michaeli (2018) prove it
# in general: the least distortion and the most natural look cannot be had at once.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 A warning about tables
#
# Four people measure the same pair, the astronaut and its bicubic enlargement (x2):

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
y = srlab.photo("astronaut")
lr2 = images.round8(srlab.imresize(y, scale=1 / 2))
up = images.round8(srlab.imresize(lr2, scale=2))
weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
full = [(v * weights).sum(1, True) for v in (up, y)]  # 0 to 255, as JPEG and OpenCV
ways = {
    "RGB": metrics.psnr(up, y),
    "luma, full range (OpenCV, JPEG)": metrics.psnr(*full),
    "luma, studio range (papers)": metrics.psnr(up, y, luma=True),
    "the same, 2 pixels cut from each side (papers)": metrics.psnr(up, y, 2, luma=True),
}
rgb, wide, studio, _ = ways.values()
assert 1.31 < studio - wide < 1.33 and 1.3 < studio - rgb < 2
figures.table(pd.Series(ways, name="PSNR (dB)").to_frame(), "Four PSNR of one picture")

# %% [markdown] slideshow={"slide_type": "-"}
# Full range against studio range is always $20\log_{10}(255/219) = 1.32$ dB: the luma
# of the papers is squeezed, and so are its errors. Networks are praised for less.
# **Name the protocol**; notebook 02 names four and measures each.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Many discussions beside famous repositories are about nothing but this table: official
# weights two decibels under the paper. The answer is nearly always RGB against luma.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Replace the line with `NotImplementedError`, run the cell, read what it says. Stuck?
# `srlab.hint("1.1")` gives a nudge; call it again for a stronger one. At the end
# `srlab.solution("1.1")` shows one way.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1.1 PSNR from its definition
#
# Write PSNR for one pair of images with peak 1, without `srlab.metrics`. What should it
# say for equal images?


# %% slideshow={"slide_type": "-"} tags=["exercise"]
def psnr_by_hand(x, y):
    """x, y: (1, C, H, W) in [0, 1] -> dB, a float."""
    raise NotImplementedError("Exercise 1.1")


result = srlab.check("1.1", psnr_by_hand)
result

# %% slideshow={"slide_type": "skip"}
ours = float(result.use(five["blur"], x))
assert 25.8 < ours < 25.9
print(f"the blurred cat by your function (or by ours until it passes): {ours:.2f} dB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1.2 Half of the light
#
# Make the picture that sends half of the light of a given one (a photographer's *one
# stop less*). Section 1.2 has what you need.


# %% slideshow={"slide_type": "-"} tags=["exercise"]
def half_the_light(image):
    """image: (1, 3, H, W), sRGB in [0, 1] -> sRGB that sends half of the light."""
    raise NotImplementedError("Exercise 1.2")


result = srlab.check("1.2", half_the_light)
result

# %% slideshow={"slide_type": "skip"}
coffee = srlab.imresize(srlab.photo("coffee"), scale=1 / 3).clamp(0, 1)
darker = result.use(coffee)
sent = [to_light(v).mean().item() for v in (coffee, darker, coffee / 2)]
share = [value / sent[0] for value in sent[1:]]
assert abs(share[0] - 0.5) < 0.01 and 0.2 < share[1] < 0.25
srlab.show(
    [coffee, darker, coffee / 2],
    ["original", f"{share[0]:.0%} of its light", f"half the numbers: {share[1]:.0%}"],
    crop=(8, 70, 100, 100),
    height=100,
    alt="A cup of coffee, with half of the light, and darker with half of the numbers.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Half of the numbers sends less than a quarter of the light.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1.3 Break the triangle inequality
#
# Return three images a, b, c in [0, 1] with MSE(a, c) > MSE(a, b) + MSE(b, c).


# %% slideshow={"slide_type": "-"} tags=["exercise"]
def three_images():
    """-> a, b, c, each (1, C, H, W) in [0, 1]."""
    raise NotImplementedError("Exercise 1.3")


srlab.check("1.3", three_images)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1.4 Climb SSIM at a fixed MSE
#
# `y` is a noisy copy of `x`. Find a picture with the same MSE (within 1 %) and an SSIM
# higher by at least 0.1: follow the gradient of `metrics.ssim_map(..., x).ssim.mean()`,
# and after each step bring the error back to its old size.
#
# `torch.autograd.grad(v, z)[0]` has the shape of `z` and says how the number `v` grows
# with each pixel of `z`. Call `z.requires_grad_(True)` before `v` is computed from `z`.
# (`metrics.ssim` returns a plain float and has no gradient.)


# %% slideshow={"slide_type": "-"} tags=["exercise"]
def climb(y, x):
    """x: the original, y: a distorted copy, (1, 1, H, W) in [0, 1] -> an image."""
    raise NotImplementedError("Exercise 1.4")


result = srlab.check("1.4", climb)
result

# %% slideshow={"slide_type": "skip"}
part = x[:, :, 84:212, 124:340]
grain = (part + 0.08 * torch.randn(part.shape, generator=seeded(9))).clamp(0, 1)
climbed = images.round8(result.use(grain, part).detach())
dB = [metrics.psnr(v, part) for v in (grain, climbed)]
score = [metrics.ssim(v, part) for v in (grain, climbed)]
assert result.passed or (abs(dB[0] - dB[1]) < 0.1 and score[1] > score[0] + 0.1)
titles = [f"{d:.1f} dB, SSIM {s:.2f}" for d, s in zip(dB, score, strict=True)]
srlab.show(
    [part, grain, climbed],
    ["original", "noise\n" + titles[0], "climbed\n" + titles[1]],
    crop=(0, 0, 80, 108),
    height=80,
    alt="Part of a cat's face, the same under noise, and clean, with a wild rim.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Climbed by the gradient, as the solution does, the face is clean at the same MSE:
# nearly all of the error was pushed to the rim, where few windows look, and there it is
# wild. (A picture that is only brighter found another hole: SSIM hardly sees that.)
# **What is optimised is what you get, holes included.** Any measure that becomes a
# target will be used in this way.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Give 1.1 and 1.3 in class, 1.2 and 1.4 at home. The picture of 1.4 is in the notebook,
# not on a slide: show it live after somebody has solved the exercise, and ask what a
# network trained on SSIM might do at the borders of its patches.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "skip"}
srlab.quiz(1)

# %% [markdown] slideshow={"slide_type": "-"}
# Eight questions wait in the notebook; choose an option and it says at once whether it
# is right. `srlab.quiz(1, answers="a b c d a b c d")` counts your score.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Do questions 1, 2 and 4 aloud with a show of hands; each takes a minute. The rest is
# for home.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - Numbers in a file are not light; the eye wants luma more than chroma.
# - PSNR is MSE on a logarithmic scale: 20 dB for an offset of 0.1, 6 dB a halving or a
#   bit.
# - Equal PSNR can look perfect or terrible. SSIM compares mean, contrast and structure
#   through a window; it has traps and holes of its own.
# - Neither MSE nor 1 - SSIM is a metric; the root of MSE is.
# - Every measure has its counterexample. Report two kinds, show pictures, ask people,
#   and give the interval.
# - Many HR fit one LR. The best MSE is their mean, and the mean is blurred.
# - A PSNR without its protocol is not a result.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "image, bit depth, gamma, luma, chroma, mean squared error, decibel, PSNR, SSIM, "
    "MS-SSIM, VIFp, PSNR-HVS, contrast masking, metric (mathematical), "
    "full-reference measure, mean opinion score, two-alternative forced choice, "
    "confidence interval, ill-posed problem, null space, evaluation protocol"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("01")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, *Image quality assessment: from error
#   visibility to structural similarity*, IEEE Transactions on Image Processing 13,
#   2004, [doi:10.1109/TIP.2003.819861](https://doi.org/10.1109/TIP.2003.819861)
# - Z. Wang, E. Simoncelli, A. Bovik, *Multiscale structural similarity for image
#   quality assessment*, 2003,
#   [doi:10.1109/ACSSC.2003.1292216](https://doi.org/10.1109/ACSSC.2003.1292216)
# - H. Sheikh, A. Bovik, *Image information and visual quality*, IEEE Transactions on
#   Image Processing 15, 2006,
#   [doi:10.1109/TIP.2005.859378](https://doi.org/10.1109/TIP.2005.859378)
# - K. Egiazarian, J. Astola, N. Ponomarenko, V. Lukin, F. Battisti, M. Carli, *New
#   full-reference quality metrics based on HVS*, VPQM 2006
# - N. Ponomarenko, F. Silvestri, K. Egiazarian, M. Carli, J. Astola, V. Lukin, *On
#   between-coefficient contrast masking of DCT basis functions*, VPQM 2007
# - D. Brunet, E. Vrscay, Z. Wang, *On the mathematical properties of the structural
#   similarity index*, IEEE Transactions on Image Processing 21, 2012,
#   [doi:10.1109/TIP.2011.2173206](https://doi.org/10.1109/TIP.2011.2173206)
# - Z. Wang, A. Bovik, *Mean squared error: love it or leave it?*, IEEE Signal
#   Processing Magazine 26, 2009,
#   [doi:10.1109/MSP.2008.930649](https://doi.org/10.1109/MSP.2008.930649)
# - Y. Blau, T. Michaeli, *The perception-distortion tradeoff*, CVPR 2018,
#   [arXiv:1711.06077](https://arxiv.org/abs/1711.06077)
# - Recommendation ITU-R BT.601, *Studio encoding parameters of digital television*;
#   Recommendation ITU-R BT.500, *Methodologies for the subjective assessment of the
#   quality of television images*; IEC 61966-2-1, *sRGB*
