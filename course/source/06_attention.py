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
# # 06 Attention
#
# Three trained networks paint one small square of a picture. Which pixels of their
# input did they look at? One sees a disc, one a disc and a little of everything, one
# squares. By the end of this notebook you know why, and you can build all three.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import srlab

scene = srlab.photo("motorcycle")[..., 256:384, 480:608]
seen = srlab.imresize(scene, scale=1 / 2)  # (1, 3, 64, 64), what the nets take
looks = {"input": seen}
titles = {"edsr_x2": "EDSR", "rcan_x2": "RCAN", "swinir_light_x2": "SwinIR"}
for name, title in titles.items():
    x = seen.clone().requires_grad_()
    patch = srlab.load(name).net(x)[..., 56:72, 56:72]  # a square of the result
    patch.diff(dim=-1).abs().sum().backward()  # how its edges depend on the input
    strength = x.grad.abs().sum(dim=1, keepdim=True)
    looks[title] = (strength / strength.max()).clamp_min(1e-5).log10()
srlab.show(
    looks,
    cmap=[None, "magma", "magma", "magma"],
    limits=(-5, 0),
    height=180,
    alt="Part of a motorcycle, and three maps of the pixels that decide a square in "
    "its middle: a disc, a disc in a faint haze over everything, a block of windows",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The scale is logarithmic: each unit is a factor of ten. Let the room name what
# differs: the disc of a convolutional net, the faint haze over the whole picture in
# RCAN, the straight edges in SwinIR. Section 5 draws these maps with more care.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - build channel attention in a few lines, look at its gains, and measure what
#   freezing them costs;
# - build self-attention from one matrix product, and count what it costs;
# - cut features into windows, shift them, mask what must not meet, and get the numbers
#   of the package's SwinIR layer;
# - say why a SwinIR is not indifferent to a shift, and measure it;
# - find which pixels a network looks at;
# - weigh a decibel against parameters, multiply-adds and milliseconds.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebook 05: residual blocks, EDSR. Notebook 04: sub-pixel layers, multiply-adds.
# - Matrix products; the softmax function is explained here.
# - No network and no GPU is needed. All photographs come with the libraries.
#
# ## Time
#
# About two and a half hours to work through, 35 minutes of it exercises. To run all
# cells: minutes on two CPU cores: 1, on one GPU: 1. Full mode trains RCAN and
# SwinIR-light in their papers' sizes and RDRN, known to us from its abstract alone, in
# a size of ours; it takes a GPU many hours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import matplotlib.pyplot as plt
import pandas as pd
import torch
import torch.nn.functional as F

run = srlab.setup("06")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 Which channels matter?
#
# A residual block gives back a stack of feature maps, all with the same say. Attention
# is the idea that what matters here should get more. RCAN (2018) asks it of whole
# channels: one **gain** for each channel, computed from the picture itself.
#
# We look into an RCAN that was trained for this course. It is small, and it was trained
# for minutes, not days: its card says so.

# %% slideshow={"slide_type": "-"}
rcan = srlab.load("rcan_x2")
card = rcan.card
print(f"{card.parameters:,} parameters, {card.note}")
print(f"{card.recipe}: {card.minutes:.0f} minutes on {card.device}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# We measure on crops of four photographs that no network of the course was trained on.

# %% slideshow={"slide_type": "-"}
held_out = srlab.training.held_out()
hr = {name: srlab.photo(name)[..., 110:270, 160:320] for name in held_out}
lr = {name: srlab.imresize(image, scale=1 / 2) for name, image in hr.items()}


def dB(restorer):
    """Mean PSNR of luma over the four crops."""
    made = {name: restorer(image).clamp(0, 1) for name, image in lr.items()}
    score = [srlab.metrics.psnr(hr[n], made[n], border=2, luma=True) for n in made]
    return sum(score) / len(score)


base = dB(lambda image: srlab.imresize(image, scale=2))
assert 29 < base < 33 and dB(rcan) > base + 0.5
{"bicubic": round(base, 2), "our RCAN": round(dB(rcan), 2)}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Six of the stronger feature maps in its first block, on the cat: some hold outlines,
# some fine hair, some little more than one flat tone. (A **hook** is a function that
# torch calls with what a layer was given, a tuple, and what it gave.)

# %% slideshow={"slide_type": "-"}
from srlab.models.rcan import ChannelAttention

layers = [m for m in rcan.net.modules() if isinstance(m, ChannelAttention)]
caught = []
hook = layers[0].register_forward_hook(lambda m, given, out: caught.append(given[0]))
rcan(lr["chelsea"])
hook.remove()
features = caught[0]  # (1, C, 80, 80)
strongest = features.std(dim=(2, 3))[0].argsort(descending=True)[:12:2].tolist()
maps = features / features.abs().amax(dim=(2, 3), keepdim=True)
srlab.show(
    {f"map {c}": maps[:, c : c + 1] for c in strongest},
    cmap="RdBu_r",
    limits=(-1, 1),
    columns=6,
    height=80,
    alt="Six feature maps of a cat's face, each scaled to its own maximum: outlines of "
    "the eyes, fine hair, flat tones",
)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.a")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The gains of RCAN, in three steps. **Squeeze**: the mean $z_c$ of each channel over
# the whole picture. A small network of two matrices, which first makes few numbers of
# many, so that channels must be judged together. A **sigmoid**: each gain lies between
# 0 and 1.
#
# $$s = \sigma\big(W_U \max(0, W_D z + b_D) + b_U\big), \qquad \hat x_c = s_c\, x_c$$


# %% slideshow={"slide_type": "-"}
def channel_gains(x, down, up):
    z = x.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1)
    few = torch.relu(down(z))  # (B, C / r, 1, 1)
    return torch.sigmoid(up(few))  # (B, C, 1, 1)


first = layers[0]
with torch.no_grad():
    gains = channel_gains(features, first.down, first.up)
    same = torch.equal(features * gains, first(features))
assert same and gains.min() >= 0 and gains.max() <= 1
f"from {gains.shape[1]} means to {first.down.out_channels} numbers, the same: {same}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Do the gains attend?
#
# If they attend to the picture, they must differ from picture to picture. Here are the
# gains of the first two blocks for the four crops, channels sorted.


# %% slideshow={"slide_type": "-"}
def from_layers(image, what):
    """what(layer, features) of every attention layer, for one small picture."""
    rows = []
    hooks = [
        layer.register_forward_hook(lambda m, x, _: rows.append(what(m, x[0])))
        for layer in layers
    ]
    rcan(image)
    for hook in hooks:
        hook.remove()
    return torch.stack(rows).flatten(1)  # (layers, numbers)


def of_all(what):
    return torch.stack([from_layers(image, what) for image in lr.values()])


found = of_all(lambda layer, x: layer.gains(x))  # (4, layers, C)
found.shape

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for layer, ax in enumerate(axes):
    order = found[:, layer].mean(dim=0).argsort()
    for i, name in enumerate(held_out):
        ax.plot(found[i, layer, order], ".-", label=name)
    ax.set(title=f"layer {layer + 1}", xlabel="channels, sorted")
axes[0].set_ylabel("gain")
axes[0].legend(frameon=False)
srlab.show(
    fig,
    alt="Gains of the first two blocks for four photographs: four rising curves, one "
    "upon the other in the first, apart in the second",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# In layer 1 the four curves nearly are one: a channel that is strong for the cat is
# strong for the coffee. In layer 2 they differ. In numbers, for each layer: how much
# gains vary from channel to channel, how much one channel's gain varies from picture to
# picture, and how many of the squeezed numbers are above 0.

# %% slideshow={"slide_type": "subslide"}
few = of_all(lambda m, x: m.down(x.mean(dim=(2, 3), keepdim=True)))
spread = pd.DataFrame({
    "mean gain": found.mean(dim=(0, 2)),
    "from channel to channel": found.mean(dim=0).std(dim=1),
    "from picture to picture": found.std(dim=0).mean(dim=1),
    "squeezed numbers above 0": (few > 0).double().mean(dim=(0, 2)),
})  # fmt: skip
spread.index = [f"layer {i + 1}" for i in range(len(spread))]
total = spread.mean()
assert total["from channel to channel"] > 2 * total["from picture to picture"]
spread = spread.iloc[:: max(len(spread) // 8, 1)]
srlab.figures.table(spread, "Gains of our RCAN: mean and standard deviations", digits=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Channels differ more than pictures do, in most layers far more. Where the last column
# is 0, the ReLU between the two matrices has cut everything off: that layer's gains are
# constants, the sigmoids of its biases.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.b")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Freeze them
#
# Five ways to take the attention out of the trained net: all gains 1; all but those
# that shut a channel; one number for a layer; one number for each channel, its mean
# over the *other* three photographs; the gains of another picture, the next of the
# four.


# %% slideshow={"slide_type": "-"}
def freeze(gains):
    """Let layer i give gains[i], shape (C,) or one number, whatever it sees."""
    for layer, value in zip(layers, gains, strict=True):
        layer.gains = lambda x, v=value: torch.as_tensor(v).reshape(1, -1, 1, 1)


def thaw():
    for layer in layers:
        layer.__dict__.pop("gains", None)


freeze([1.0] * len(layers))
frozen_to_1 = dB(rcan)
thaw()  # an attribute of the object hides the method of its class; now it is gone
print(f"all gains 1: {frozen_to_1:.2f} dB; thawed: {dB(rcan):.2f} dB")


# %% slideshow={"slide_type": "subslide"}
def frozen(ways):
    """Mean dB where picture i is restored with the gains ways[i]."""
    scores = []
    for (name, image), gains in zip(lr.items(), ways, strict=True):
        freeze(gains)
        made = rcan(image).clamp(0, 1)
        scores.append(srlab.metrics.psnr(hr[name], made, border=2, luma=True))
    thaw()
    return sum(scores) / len(scores)


all_1 = frozen([[1.0] * len(layers)] * 4)
assert abs(all_1 - frozen_to_1) < 1e-6
shut = (found < 0.05).all(dim=0)
print(f"{shut.sum()} of {shut.numel()} gains are below 0.05 for all four pictures")

# %% slideshow={"slide_type": "subslide"}
others = [found[[j for j in range(4) if j != i]].mean(dim=0) for i in range(4)]
costs = {
    "all 1": all_1,
    "all 1, but those below .05": frozen([torch.where(o < 0.05, o, 1) for o in others]),
    "one number a layer": frozen([o.mean(dim=1) for o in others]),
    "one number a channel": frozen(others),
    "another picture's gains": frozen(found.roll(1, dims=0)),
}
freezing = pd.DataFrame(
    {"PSNR": costs, "cost": {k: dB(rcan) - v for k, v in costs.items()}}
)
assert freezing.loc["all 1", "cost"] > dB(rcan) - base
assert 0.5 < freezing.loc["one number a layer", "cost"] < 0.8
assert abs(freezing.loc["one number a channel", "cost"]) < 0.05
srlab.figures.table(freezing, "Our RCAN with frozen gains, in dB", digits=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Frozen to 1 the net loses more than its lead over bicubic, for two reasons: the
# residuals are now too strong (one number a layer mends that), and channels that the
# net had shut are open again (the second row leaves them shut). Frozen to each
# channel's usual gain it loses
# next to nothing. In this small net channel attention is mostly a fixed weight for each
# channel, and a convolution could hold that (exercise 6.1).

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This surprises students who expect the gains to look at the picture. Say what it does
# not show: our net is small and its training short; in the full RCAN with 200 attention
# layers the gains may do more. And a layer that is nearly constant after training can
# still have helped the training. Section 7 trains with and without it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 Self-attention, from one matrix product
#
# Channel attention cannot say *where*. Self-attention does: each pixel collects from
# all pixels, most from those that look like it. No learned number is needed to see it
# work. Take a temple roof, 48 x 48 pixels, and add noise.

# %% slideshow={"slide_type": "-"}
roof = srlab.images.luma(srlab.photo("china"))[..., 345:393, 215:263]
noisy = roof + 0.06 * torch.randn(roof.shape, generator=run.generator)
around = F.unfold(F.pad(noisy, (2, 2, 2, 2), mode="reflect"), 5)[0]
tokens = around.T.contiguous()  # one row a pixel: the 5 x 5 pixels around it
tokens.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# A **token** is the vector that stands for a pixel; here, its 25 surrounding values.
# How alike are two tokens? One matrix product gives all pairs at once:
#
# $$-\|q - k\|^2 = 2\, q \cdot k - \|q\|^2 - \|k\|^2$$
#
# Then **softmax** makes weights of scores: $e^{s_j} / \sum_i e^{s_i}$. They are
# positive, they sum to one, and high scores win. (A number added to a whole row
# changes nothing, so $\|q\|^2$ may stay away.)

# %% slideshow={"slide_type": "-"}
scores = 2 * tokens @ tokens.T - tokens.square().sum(dim=1)  # (2304, 2304)
weights = (scores / 0.1).softmax(dim=1)
assert torch.allclose(weights.sum(dim=1), torch.ones(2304), atol=1e-4)
cleaned = (weights @ noisy.reshape(-1, 1)).reshape(roof.shape)
weights.shape, cleaned.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# Whom does the pixel in row 33, column 24 listen to? To itself, and to alike places on
# other tiles. Its new value is their weighted mean, and much of the noise is gone.

# %% slideshow={"slide_type": "-"}
asked = weights[33 * 48 + 24]
print("the three largest weights:", [f"{w:.3f}" for w in asked.topk(3).values.tolist()])
listens = asked.reshape(1, 1, 48, 48).sqrt()  # the root, so that weak ones are seen
listens = listens / listens.max()
shown = {
    "roof": roof, "with noise": noisy.clamp(0, 1), "listens to": listens,
    "mean of those": cleaned.clamp(0, 1),
}  # fmt: skip
srlab.show(
    shown,
    height=144,
    alt="Rows of roof tiles; the same with noise; a dark map with bright dots on the "
    "tiles, the brightest in the middle; the tiles with less noise",
)

# %% slideshow={"slide_type": "subslide"}
from scipy.ndimage import gaussian_filter

psnr = srlab.metrics.psnr
sigmas = (0.3, 0.4, 0.45, 0.5, 0.6, 0.8)
blurs = [gaussian_filter(noisy.numpy(), (0, 0, s, s)) for s in sigmas]
place = torch.cartesian_prod(torch.arange(48), torch.arange(48))  # (2304, 2)
far = (place[:, None] - place[None, :]).abs().amax(dim=2) > 8
near = (scores / 0.1).masked_fill(far, float("-inf")).softmax(dim=1)
kept_near = (near @ noisy.reshape(-1, 1)).reshape(roof.shape)
result = {
    "noisy": psnr(roof, noisy.clamp(0, 1)),
    "best Gaussian blur": max(
        psnr(roof, torch.from_numpy(b).clamp(0, 1)) for b in blurs
    ),
    "attention": psnr(roof, cleaned.clamp(0, 1)),
    "attention within 8 pixels": psnr(roof, kept_near.clamp(0, 1)),
}
assert result["attention"] > result["best Gaussian blur"] + 0.5
assert result["attention within 8 pixels"] > result["attention"] + 0.3
{name: round(value, 1) for name, value in result.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# This is non-local means (2005). What helps is to choose the alike, not to reach far:
# kept to the neighbourhood, the same attention is even a little better. Section 3 does
# that, for the price. Self-attention is the same three steps with learned matrices:
# what a token asks, what it answers to, and what it hands over.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask what blur does to tiles: it mixes neighbours, light with dark. Attention mixes
# places that are alike, wherever they are. The bright dot at the pixel itself is the
# highest: noise included, nothing is more like a token than itself.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Query, key, value
#
# Three learned matrices make of each token a **query** $q$ (what it asks), a **key**
# $k$ (what it answers to) and a **value** $v$ (what it hands over), each of $d$
# numbers:
#
# $$\mathrm{softmax}\!\left(\frac{Q K^T}{\sqrt d}\right) V$$
#
# The scalar product of two vectors of $d$ random numbers grows like $\sqrt d$; dividing
# by it keeps the softmax from choosing one token alone.


# %% slideshow={"slide_type": "-"}
def attend(q, k, v):
    """(..., n, d) three times -> (..., n, d)."""
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (..., n, n)
    return scores.softmax(dim=-1) @ v


q, k, v = torch.randn(3, 5, 64, 10, generator=run.generator)  # 5 times 64 tokens
assert torch.allclose(
    attend(q, k, v), F.scaled_dot_product_attention(q, k, v), atol=1e-5
)
attend(q, k, v).shape, "as torch's own"

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.c")

# %% slideshow={"slide_type": "-"}
shuffle = torch.randperm(64, generator=run.generator)
mixed = attend(q[:, shuffle], k[:, shuffle], v[:, shuffle])
assert torch.allclose(mixed, attend(q, k, v)[:, shuffle], atol=1e-5)
"shuffled tokens in, the same numbers out, shuffled"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Attention has no idea where its tokens stand. Section 3 tells it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What it costs
#
# $Q K^T$ takes $n^2 d$ multiply-adds, and the product with $V$ as many. A convolution
# of 3 x 3 takes $9 n d^2$. For the small picture behind 1280 x 720 at x2, $n = 640
# \cdot 360$, and 60 features:

# %% slideshow={"slide_type": "-"}
n, d, window = 640 * 360, 60, 8
price = pd.DataFrame({
    "multiply-adds (G)": {
        "convolution 3 x 3": 9 * n * d**2 / 1e9,
        "attention, whole picture": 2 * n**2 * d / 1e9,
        "attention, windows of 8 x 8": 2 * n * window**2 * d / 1e9,
        "its four matrices (next: Q, K, V)": 4 * n * d**2 / 1e9,
    },
    "weights of one head (M)": {
        "attention, whole picture": n**2 / 1e6,
        "attention, windows of 8 x 8": n * window**2 / 1e6,
    },
})  # fmt: skip
whole, small, matrices = price["multiply-adds (G)"].iloc[1:]
assert whole / small == n / window**2 == 3600
assert small + matrices < price["multiply-adds (G)"].iloc[0] < small + 2 * matrices
srlab.figures.table(price, "One layer, 60 features, 640 x 360 pixels", digits=1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the whole picture attention is out of reach: 3,600 times the price of windows, and
# 53,000 million weights to keep. In windows its two products cost less than a
# convolution, even with the matrices for queries, keys, values and what comes out; with
# the perceptron of section 4, as much again as the matrices, a little more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 Windows
#
# SwinIR (2021) cuts the features into windows of 8 x 8 pixels, and attends in each for
# itself. Cutting is a matter of reading order: split both axes, bring the two window
# axes to the front.


# %% slideshow={"slide_type": "-"}
def windows(x, m=8):
    """(1, H, W, C) -> (windows, m * m, C)."""
    _, h, w, c = x.shape
    x = x.reshape(h // m, m, w // m, m, c)
    return x.permute(0, 2, 1, 3, 4).reshape(-1, m * m, c)


picture = lr["chelsea"].permute(0, 2, 3, 1)  # (1, 80, 80, 3)
cut = windows(picture)
assert torch.equal(cut, srlab.models.swinir.to_windows(picture, 8))
cut.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Where is whom: the position bias
#
# Two pixels of a window can be 15 x 15 ways apart: -7 to 7 down, -7 to 7 across. For
# each way and each **head** (several attentions work side by side, each on its share of
# the features) one number is learned and added to the score. Here are the tables that
# our SwinIR learned in its first layer.

# %% slideshow={"slide_type": "-"}
swin = srlab.load("swinir_light_x2")
layer = swin.net.layers[0].layers[0]
heads = layer.attention.heads
bias = layer.attention.table.T.reshape(heads, 1, 1, 15, 15)
print(f"SwinIR: {swin.card.parameters:,} parameters, {swin.card.note}")
srlab.show(
    {f"head {i + 1}": bias[i].flip(-1, -2) for i in range(heads)},
    cmap="RdBu_r",
    limits=(-bias.abs().max().item(), bias.abs().max().item()),
    height=75,
    alt="Tables of 15 by 15 learned biases, one for each head, red where a pixel at "
    "that distance is preferred and blue where it is avoided",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The centre of a table is the pixel that asks; the colour is what is added to the
# score. Red: listen to what stands there; blue: do not.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The whole of window attention, with the weights of the package's layer: tokens to
# queries, keys and values; into heads; scores with the bias; softmax; weighted mean;
# heads together again.


# %% slideshow={"slide_type": "-"}
at = torch.cartesian_prod(torch.arange(8), torch.arange(8))  # (64, 2) places
apart = at[:, None] - at[None, :] + 7  # (64, 64, 2), each 0 to 14
number = apart[..., 0] * 15 + apart[..., 1]  # which entry of the table


def window_attention(tokens, a, mask=0.0):
    """(N, 64, C) -> (N, 64, C), with the weights of an attention a."""
    size = (len(tokens), 64, 3, a.heads, -1)
    q, k, v = a.qkv(tokens).reshape(size).permute(2, 0, 3, 1, 4)
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (N, heads, 64, 64)
    scores = scores + a.table[number].permute(2, 0, 1) + mask
    mixed = scores.softmax(dim=-1) @ v  # (N, heads, 64, d)
    return a.project(mixed.transpose(1, 2).flatten(2))


with torch.no_grad():
    shallow = swin.net.head(lr["chelsea"] - swin.net.mean).permute(0, 2, 3, 1)
    tokens = windows(shallow)
    ours, package = window_attention(tokens, layer.attention), layer.attention(tokens)
assert torch.allclose(ours, package, atol=1e-5)
tuple(tokens.shape), "the same numbers as srlab.models.swinir.WindowAttention"

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Follow the shapes aloud: 100 windows, 64 tokens each, three times the width after the
# one linear layer that makes q, k and v together. The bias is the only place in the
# layer that knows where a pixel stands.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Half a window further
#
# In such layers windows never meet. Change one pixel of the input and count the pixels
# of the result that notice, after two layers or after four.


# %% slideshow={"slide_type": "-"}
def reach(shifts, size=40, at=20):
    """(1, 1, size, size): 1 where fresh layers notice one changed pixel."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(1, size, size, 8, generator=g, dtype=torch.float64)
    y = x.clone()
    y[:, at, at] = torch.randn(8, generator=g, dtype=torch.float64)
    mask = srlab.models.swinir.shift_mask(size, size, 8)
    with torch.no_grad():
        for shift in shifts:
            fresh = srlab.models.swinir.SwinLayer(8, 2, 8, 2, shift).double()
            x, y = fresh(x, mask), fresh(y, mask)
    return (x != y).any(dim=-1).float()[:, None]


touched = {
    "two layers, no shift": reach([0, 0]),
    "the second shifted by 4": reach([0, 4]),
    "four, every second shifted": reach([0, 4, 0, 4]),
}
{name: int(t.sum()) for name, t in touched.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Without a shift the change never leaves its window, whatever the number of layers. If
# every second layer rolls the picture by half a window first, it gets out. (A SwinIR
# has a 3 x 3 convolution after every few layers, too; these layers have none.)

# %% slideshow={"slide_type": "-"}
assert [int(t.sum()) for t in touched.values()] == [8**2, 16**2, 32**2]
srlab.show(
    touched,
    height=160,
    alt="White where one changed pixel is noticed: one window of 8 by 8 pixels; a "
    "square of 16 by 16; and one of 32 by 32 after four layers",
)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.d")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Who must not meet
#
# Rolling brings the first rows to the end: the last windows now hold pixels of two
# opposite borders. A **mask** forbids those pairs: minus infinity is added to their
# score, so their weight is 0. Number the regions after the roll; a pair may meet if
# both have the same number.

# %% slideshow={"slide_type": "-"}
size = 16
edge = torch.zeros(size)
edge[size - 8 :] = 1  # the last window ...
edge[size - 4 :] = 2  # ... and in it, what came round from the other border
region = 3 * edge[:, None] + edge[None, :]  # (16, 16)
of_window = windows(region[None, :, :, None])[..., 0]  # (4, 64)
strangers = of_window[:, :, None] != of_window[:, None, :]  # (4, 64, 64)
mask = torch.zeros(strangers.shape).masked_fill(strangers, float("-inf"))
assert torch.equal(mask, srlab.models.swinir.shift_mask(16, 16, 8))
srlab.show(
    {f"window {i + 1}": 1 - strangers[i, None, None].float() for i in range(4)},
    height=150,
    alt="Four masks of 64 by 64 pairs: all white; a chequered pattern; two white "
    "squares on the diagonal; and both together",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A row is the pixel that asks, a column the one that answers. White pairs may meet. The
# first window is whole; the second and third hold two regions each, the last one four.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The whole layer
#
# Normalise, roll, cut, attend, put together, roll back, add; then a perceptron on each
# pixel, and add. A few lines, and the package's numbers.


# %% slideshow={"slide_type": "-"}
def swin_layer(x, layer, shift):
    """(1, H, W, C) -> (1, H, W, C), with the weights of the package's layer."""
    h, w = x.shape[1:3]
    y = layer.norm1(x).roll((-shift, -shift), dims=(1, 2))
    mask = srlab.models.swinir.shift_mask(h, w, 8)[:, None] if shift else 0.0
    y = window_attention(windows(y), layer.attention, mask)
    y = srlab.models.swinir.to_picture(y, h, w).roll((shift, shift), dims=(1, 2))
    x = x + y
    return x + layer.mlp(layer.norm2(x))


full_mask = srlab.models.swinir.shift_mask(80, 80, 8)
with torch.no_grad():
    x = shallow
    for i, package in enumerate(swin.net.layers[0].layers):
        ours = swin_layer(x, package, shift=4 * (i % 2))
        x = package(x, full_mask)
        assert torch.allclose(ours, x, atol=1e-4)
f"the same numbers through {i + 1} layers"

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# With this cell the class has built SwinIR: what is missing is a convolution after
# every few layers with a skip around them, the first convolution, a norm before and
# after all layers, a long skip, and the sub-pixel layer of notebook 04. Draw the roll
# on the board as a torus: the mask cuts the torus open again.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.e")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Roll the input
#
# A convolution does not care where a picture begins: roll the input by a few pixels,
# and away from the borders the output is the same, rolled. Windows begin somewhere. Let
# us roll by 0 to 8 pixels and measure how much the middle of the result changes.


# %% slideshow={"slide_type": "-"}
def change(net, image, shift, border=40):
    """Root mean square in grey levels (of 255) between rolled and not rolled."""
    with torch.no_grad():
        still = net(image)
        moved = net(image.roll((shift, shift), dims=(2, 3)))
    back = moved.roll((-2 * shift, -2 * shift), dims=(2, 3))
    middle = (back - still)[..., border:-border, border:-border]
    return 255 * middle.square().mean().sqrt().item()


edsr = srlab.load("edsr_x2")
nets = {"EDSR": edsr.net, "RCAN": rcan.net, "SwinIR": swin.net}
shifts = list(range(9))
changes = {
    name: [change(net, lr["motorcycle"], s) for s in shifts]
    for name, net in nets.items()
}
{name: [round(c, 2) for c in row] for name, row in changes.items()}

# %% slideshow={"slide_type": "subslide"}
assert max(changes["EDSR"]) < 0.001 and changes["SwinIR"][8] < 0.01
assert min(changes["SwinIR"][1:8]) > 0.03 and changes["RCAN"][8] > 0.001
srlab.figures.curves(
    {name: (shifts, row) for name, row in changes.items()},
    "roll (pixels)",
    "change (grey levels)",
    "Change of the result over the roll of the input: EDSR stays at zero, RCAN rises "
    "and stays up, SwinIR rises at once and is back at zero at 8 pixels",
    size=(7, 3),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# EDSR does not change at all. SwinIR changes at once, by a quarter of a grey level or
# so, and comes back when the roll is a whole window. RCAN changes too and does not come
# back: a roll puts other pixels at the borders, the means change a little, and with
# them every gain. Is it the gains? Freeze them at what they are in the picture that was
# not rolled. And is it much? Beside it, how far from the original the nets are anyway:

# %% slideshow={"slide_type": "-"}
freeze(from_layers(lr["motorcycle"], lambda layer, x: layer.gains(x)))
fixed = max(change(rcan.net, lr["motorcycle"], s) for s in shifts)
thaw()
assert fixed < 0.001
print(f"RCAN, its gains frozen: at most {fixed:.0e} grey levels")
errors = {
    name: 255 * (restorer(lr["motorcycle"]) - hr["motorcycle"]).square().mean().sqrt()
    for name, restorer in {"EDSR": edsr, "RCAN": rcan, "SwinIR": swin}.items()
}
{name: f"{error.item():.1f} grey levels off" for name, error in errors.items()}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 What does a pixel look at?
#
# The gradient says how much a result would change with each pixel of the input. But at
# a saturated place a gradient is small although the pixel matters. **Integrated
# gradients** walk from an empty input to the picture, and add up gradient times step
# on the way. *Local attribution maps* (LAM, 2021) do so for super-resolution: the empty
# input is the picture blurred, and what is explained is the strength of edges in a
# small square of the result.


# %% slideshow={"slide_type": "-"}
from itertools import pairwise


def attribution(net, image, place, size=16, steps=8, sigma=3.0):
    """(1, 1, h, w): how much each input pixel gave to the edges of a square."""
    row, column = (round(2 * p) - size // 2 for p in place)
    levels = torch.linspace(sigma, 0, steps + 1).tolist()
    path = [
        torch.from_numpy(gaussian_filter(image.numpy(), (0, 0, s, s))) for s in levels
    ]
    total = torch.zeros_like(image)
    for before, after in pairwise(path):
        x = after.clone().requires_grad_()
        square = net(x)[..., row : row + size, column : column + size]
        edges = sum(square.diff(dim=axis).abs().sum() for axis in (-1, -2))
        (slope,) = torch.autograd.grad(edges, x)
        total += slope * (after - before)
    return total.abs().sum(dim=1, keepdim=True)


wheel = srlab.imresize(srlab.photo("motorcycle"), 1 / 2)[..., 128:192, 240:304]
wheel = wheel.contiguous()  # (1, 3, 64, 64)
attribution(edsr.net, wheel, (32, 32)).shape

# %% slideshow={"slide_type": "subslide"}
rdrn = srlab.load("rdrn_x2")
nets["RDRN"] = rdrn.net
attributions = {name: attribution(net, wheel, (32, 32)) for name, net in nets.items()}


def logarithm(a, decades=5):
    return (a / a.max()).clamp_min(10.0**-decades).log10()


freeze(from_layers(wheel, lambda layer, x: layer.gains(x)))
no_means = attribution(rcan.net, wheel, (32, 32))
thaw()
share = {"RCAN": attributions["RCAN"], "its gains frozen": no_means}
share = {name: (a > 0).double().mean().item() for name, a in share.items()}
assert share["its gains frozen"] < 0.5 < 0.95 < share["RCAN"]
print("pixels that give anything:", {n: f"{value:.0%}" for n, value in share.items()})
srlab.show(
    {"input": wheel, **{name: logarithm(a) for name, a in attributions.items()}},
    cmap=[None, *["magma"] * 4],
    limits=(-5, 0),
    height=150,
    alt="Part of a motorcycle's front wheel, and attribution maps of EDSR, RCAN, "
    "SwinIR and RDRN for a square in its middle, in powers of ten",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# EDSR: a disc, and outside a square exactly nothing. RCAN and RDRN (a net of section 6
# with the same attention): a disc, and a ghost of every edge in the picture, thousands
# of times weaker and more. It comes from their channel means: with the gains frozen it
# is gone. (A haze in the first figure, edges here: these maps multiply the gradient by
# what blurring took away.) SwinIR: a block, ragged where windows end. Black is a
# hundred thousandth of the largest value, or less.

# %% [markdown] slideshow={"slide_type": "subslide"}
# LAM puts the spread into one number. The **Gini coefficient** $G$ is 0 if all pixels
# give equally and 1 if one pixel gives all; the **diffusion index** is $100 (1 - G)$.
# Beside it, the share of pixels that give anything at all.


# %% slideshow={"slide_type": "-"}
def gini(values):
    v = values.flatten().double().sort().values
    rank = torch.arange(1, len(v) + 1, dtype=torch.float64)
    return ((2 * rank - len(v) - 1) * v).sum() / (len(v) * v.sum())


assert abs(gini(torch.ones(100))) < 1e-9  # all equal
index = pd.DataFrame({
    "diffusion index": {n: 100 * (1 - gini(a)).item() for n, a in attributions.items()},
    "above 1/100 of the highest": {
        n: (a > a.max() / 100).double().mean().item() for n, a in attributions.items()
    },
    "above 0": {n: (a > 0).double().mean().item() for n, a in attributions.items()},
})  # fmt: skip
assert index.loc["EDSR", "above 0"] < 0.5 < 0.95 < index.loc["RCAN", "above 0"]
assert index["diffusion index"].max() < 10
title = "Short runs, 64 x 64 input pixels, a square of 16 x 16"
srlab.figures.table(index, title, digits=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# By the index all four use little more than a per cent of what they could, whatever the
# last column says. The LAM paper finds that nets with a higher index tend to restore
# better; with ours, trained briefly, look at the pictures rather than at the ranking.
# (Eight steps on the way are few; more change the sum by a tenth, and hardly the map.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Choose the place yourself
#
# Move the square (`row` and `column` are its centre, in input pixels). Which net's map
# moves along, and which changes its shape? (The share below rises and falls with the
# brightest pixel of the map; compare it between nets at one place, not between places.)


# %% slideshow={"slide_type": "-"} tags=["hide-input"]
def look(net, row, column):
    a = attribution(nets[net], wheel, (row, column), steps=4)
    share = (a > a.max() / 100).double().mean().item()
    heat = plt.cm.magma(1 + logarithm(a, 4)[0, 0].numpy() / 4)[..., :3]
    heat = torch.from_numpy(heat).float().permute(2, 0, 1)[None]
    grey = srlab.images.luma(wheel).expand(-1, 3, -1, -1)
    view = torch.where(a > a.max() / 1e4, heat, 0.6 * grey)
    large = srlab.imresize(view, scale=3).clamp(0, 1)
    return large, f"{share:.1%} give more than 1/100 of the highest"


srlab.widgets.explore(
    look,
    twin=[
        {"net": "EDSR", "row": 32, "column": 32},
        {"net": "SwinIR", "row": 32, "column": 32},
        {"net": "SwinIR", "row": 28, "column": 28},
    ],
    alt="What a chosen net looks at to paint a square: bright where it looks most, the "
    "rest of the picture in grey",
    net=list(nets),
    row=(8, 56, 2, 32),
    column=(8, 56, 2, 32),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Move the square by four pixels with SwinIR: the map does not move along, it jumps with
# the windows. With EDSR it glides. Then try RCAN in a flat area.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 A block made of blocks
#
# RDRN (2022) defines its block by itself. From the abstract: there is a *recursively
# defined residual block*, it helps features through many layers, and attention is
# placed in it efficiently. The rest is our reading, for no code was published that we
# know of. Level 0 is EDSR's block. Level $t$ is
#
# $$R_t(x) = x + \mathrm{CA}\big(W\,[a, b]\big), \quad a = R_{t-1}(x), \quad
# b = R'_{t-1}(a)$$
#
# with $[a, b]$ the channels of both, one after the other, $R'$ a second block of the
# same form with weights of its own, $W$ a 1 x 1 convolution and CA the channel
# attention of section 1.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The definition calls itself; so does the drawing.


# %% slideshow={"slide_type": "-"}
def draw(ax, level, x, y, width, height):
    """Level t: two blocks of level t - 1, then join and attention, in a frame."""
    colour = plt.cm.Blues(0.15 + 0.17 * level)
    if level == 0:
        colour = "#E69F00"
    box = plt.Rectangle((x, y), width, height, facecolor=colour, edgecolor="black")
    ax.add_patch(box)
    if level == 0:
        return 1
    ax.text(x + 0.02 * width, y + 0.99 * height, f"level {level}", va="top", size=9)
    inner = 0.42 * width, 0.74 * height
    count = draw(ax, level - 1, x + 0.02 * width, y + 0.05 * height, *inner)
    count += draw(ax, level - 1, x + 0.46 * width, y + 0.05 * height, *inner)
    strip = (x + 0.90 * width, y + 0.05 * height)
    end = plt.Rectangle(strip, 0.08 * width, 0.74 * height, facecolor="#009E73")
    ax.add_patch(end)
    return count


# %% slideshow={"slide_type": "subslide"}
fig, ax = plt.subplots(figsize=(9, 2.8))
blocks = draw(ax, 3, 0, 0, 1, 1)
ax.axis("off")
kinds = [type(m).__name__ for m in srlab.models.rdrn.rdrb(8, level=3).modules()]
assert kinds.count("EDSRBlock") == blocks == 8
assert kinds.count("ChannelAttention") == 7
srlab.show(
    fig,
    alt="A box of level 3 holds two boxes of level 2, each of those two of level 1, "
    "each of those two orange boxes of level 0; each box ends in a green strip",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Eight residual blocks (orange), seven joins with attention (green), one in each block
# of level 1 or more. (Our small RDRN has two blocks of level 1.)
# EDSR with eight blocks has eight short skips; here there are skips over one, two, four
# and eight blocks.

# %% slideshow={"slide_type": "subslide"}
counts = pd.DataFrame({
    "residual blocks": {t: 2**t for t in range(5)},
    "attention layers": {t: 2**t - 1 for t in range(5)},
    "parameters": {
        t: sum(p.numel() for p in srlab.models.rdrn.rdrb(64, t).parameters())
        for t in range(5)
    },
})  # fmt: skip
counts["a residual block"] = counts["parameters"] / counts["residual blocks"]
counts.index.name = "level"
assert counts["a residual block"].iloc[-1] / counts["a residual block"].iloc[0] < 1.13
srlab.figures.table(counts, "One block of RDRN, width 64, by its level", digits=0)

# %% [markdown] slideshow={"slide_type": "fragment"}
# All joins and attentions together add at most an eighth to the parameters.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask for the number of residual blocks at level 4 before showing the table. The paper
# claims gains over earlier networks; we have only its abstract, and our short run can
# neither confirm nor refuse them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 Train with and without
#
# What does channel attention bring in the same budget? The same small RCAN, same seed,
# same crops: with attention; with all gains 1 from the start; and, since fresh sigmoids
# give about 0.5, so that attention begins with residuals of half the strength, with all
# gains 0.5.

# %% slideshow={"slide_type": "-"}
from dataclasses import replace

preset = run.pick(fast="fast", full="short", rehearse="rehearse")
recipe = srlab.recipes.get("rcan_x2", preset)
tiny = {"scale": 2, "width": 16, "groups": 1, "blocks": 3, "reduction": 4}
if run.fast:
    live = {"steps": 500, "every": 125, "patch": 16, "rate": 4e-3}
    recipe = replace(recipe, settings=tiny, **live)
recipe.steps, recipe.batch, recipe.patch, dict(recipe.settings)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.f")


# %% slideshow={"slide_type": "-"}
def train(recipe, gain=None, validation=None):
    """Train a net, with its own gains or with one for all, and report."""
    net = recipe.net()
    for module in net.modules():
        if isinstance(module, ChannelAttention) and gain is not None:
            module.gains = lambda x: gain
    return srlab.training.fit(net, recipe, validation=validation, device=run.device)


sum(p.numel() for p in recipe.net().parameters())

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
ways = {"with attention": None, "gains 1": 1.0, "gains 0.5": 0.5}
reports = {name: train(recipe, gain, hr) for name, gain in ways.items()}
over = {name: r.best_psnr - r.bicubic for name, r in reports.items()}
assert run.rehearse or min(over.values()) > 0.4
{name: f"{value:+.2f} dB over bicubic" for name, value in over.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# All beat bicubic by more than 0.4 dB, on photographs they were not trained on. Which
# is ahead? One run each cannot say. Nine longer runs of a somewhat larger net, three
# seeds each, from `data/results`; full mode makes them here.

# %% slideshow={"slide_type": "skip"}
if not run.fast:
    longer = {"full": 1500, "rehearse": 2}[run.mode]
    larger = tiny | {"width": 24, "groups": 2, "blocks": 2}
    changes = {"settings": larger, "steps": longer, "every": longer // 2, "rate": 1e-3}
    for seed in (0, 1, 2):
        study = replace(srlab.recipes.get("rcan_x2", "fast"), seed=seed, **changes)
        for name, gain in ways.items():
            print(name, train(study, gain, None if run.full else hr))
"nine runs in full mode"

# %% slideshow={"slide_type": "subslide"}
seeds = srlab.evaluation.results("attention_ablation")
ours = seeds.pivot_table("psnr", "seed", "attention") - seeds["bicubic"].mean()
ours.loc["mean"] = ours.mean()
ours.index.name, ours.columns.name = "seed", None
named = {"yes": "with attention", "no": "gains 1", "half": "gains 0.5"}
ours = ours[list(named)].rename(columns=named)
brings = {f"against {k}": ours["with attention"] - ours[k] for k in list(ours)[1:]}
ours = ours.assign(**brings)
assert ours[list(brings)].stack().between(-0.02, 0).all()
steps = seeds["steps"].max()
title = f"dB over bicubic after {steps} steps (from data/results)"
srlab.figures.table(ours, title, digits=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# In a net of this size, and in this budget, channel attention brings nothing: with and
# without it agree within two hundredths of a decibel, and without is ahead each time,
# by a hundredth or two, whichever constant takes its place. (Paired by seed the
# difference is known better than each row: the seeds move all three alike.) RCAN's
# authors measured their gain in nets with hundreds of layers, after days.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is the place to talk about small differences. One run with and one without proves
# nothing. Several pairs, each of the same seed and crops, prove more than the spread
# over seeds suggests, for much of that spread is common to a pair. Papers of attention
# rarely print either.

# %% slideshow={"slide_type": "subslide"}
trained = reports["with attention"]
trained.curve()

# %% [markdown] slideshow={"slide_type": "fragment"}
# The curve begins at step 125, the first that was measured. Nothing in an RCAN hands
# the pixels through from input to output (its long skip begins behind the first
# convolution), so it must first learn to interpolate.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The papers' nets, on a GPU
#
# Full mode trains RCAN and SwinIR-light in full size, and RDRN in a size of ours, for
# we built it from the abstract alone. In fast mode the same cell says what the weights
# are that this notebook has loaded instead.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
names = {"rcan_x2": rcan, "swinir_light_x2": swin, "rdrn_x2": rdrn}
for name, loaded in names.items():
    recipe = srlab.recipes.get(name, "full" if run.full else "rehearse")
    if run.fast:
        card = loaded.card
        print(f"{name}: {card.parameters:,} parameters, {card.minutes:.0f} minutes,")
        print(f"    {card.data}; {card.note}")
        continue
    net = recipe.net()
    report = srlab.training.fit(net, recipe, device=run.device)
    print(report)
"trained in full mode, rehearsed by the tests, loaded here"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 What does a decibel cost?
#
# First the published table, SwinIR's own (x2, PSNR and SSIM of luma; the table below
# shows PSNR). All six were trained on DIV2K. SAN, IGNN, HAN and NLSA are other networks
# with attention in a wide sense: to second-order statistics of channels, to alike
# patches joined in a graph, to whole layers, to a few alike places. The row SwinIR+,
# with the eight positions of section 9, is kept for that section.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
sets = ["Set5", "Set14", "B100", "Urban100", "Manga109"]
text = """
RCAN    38.27 .9614 34.12 .9216 32.41 .9027 33.34 .9384 39.44 .9786
SAN     38.31 .9620 34.07 .9213 32.42 .9028 33.10 .9370 39.32 .9792
IGNN    38.24 .9613 34.07 .9217 32.41 .9025 33.23 .9383 39.35 .9786
HAN     38.27 .9614 34.16 .9217 32.41 .9027 33.35 .9385 39.46 .9785
NLSA    38.34 .9618 34.08 .9231 32.43 .9027 33.42 .9394 39.59 .9789
SwinIR  38.35 .9620 34.14 .9227 32.44 .9030 33.40 .9393 39.60 .9792
SwinIR+ 38.38 .9621 34.24 .9233 32.47 .9032 33.51 .9401 39.70 .9794
"""
rows = {line.split()[0]: line.split()[1:] for line in text.split("\n") if line}
columns = [f"{s} {m}" for s in sets for m in ("PSNR", "SSIM")]
published = pd.DataFrame(rows, index=columns).T.astype(float)
assert published.loc["SwinIR", "Set5 PSNR"] == 38.35
shown = published.drop(index="SwinIR+")[[c for c in columns if "PSNR" in c]]
shown = shown.rename(columns=lambda c: c.removesuffix(" PSNR"))
best = dict.fromkeys(shown.columns, "max")
srlab.figures.table(shown, "x2, published PSNR in dB (protocol A)", best=best)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.g")

# %% slideshow={"slide_type": "-"}
same_data = published.drop(index="SwinIR+")
rivals = same_data.drop(index="SwinIR").max()
lead = same_data.loc["SwinIR"] - rivals
verdict = lead.map(lambda x: "wins" if x > 0 else "ties" if x == 0 else "loses")
tally = verdict.value_counts().to_dict()
assert tally == {"wins": 4, "ties": 2, "loses": 4}
psnr_lead = lead[[c for c in columns if "PSNR" in c]]
print("PSNR and SSIM:", tally)
print("PSNR alone:", verdict[psnr_lead.index].value_counts().to_dict())
assert (psnr_lead > 0).sum() == 3
{"largest lead (dB)": round(psnr_lead.max(), 2), "smallest": round(psnr_lead.min(), 2)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# On equal data SwinIR is best in three columns of PSNR and beaten in two; with SSIM it
# is best in four columns of ten and beaten in four. Its leads in PSNR are hundredths of
# a decibel. Its case is another: it reaches this with fewer parameters than RCAN, and
# SwinIR-light with far fewer comes close. The next table counts them.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room count the marked numbers before the tally. Then ask what a hundredth of a
# decibel is worth when another seed changes more than that. This is the honest way to
# read any table of this kind.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The price
#
# Parameters and multiply-adds of the published nets, counted on our own classes, for
# the small picture behind 1280 x 720. Nothing is computed, only counted.

# %% slideshow={"slide_type": "-"}
from srlab.models import EDSR, RCAN, SRCNN, VDSR, SwinIR, multiply_adds

with torch.device("meta"):  # shapes without numbers
    papers = {
        "srcnn": SRCNN(), "vdsr": VDSR(), "edsr_baseline": EDSR(scale=2),
        "swinir_light": SwinIR(scale=2), "swinir": SwinIR(scale=2, light=False),
        "rcan": RCAN(scale=2), "edsr": EDSR(scale=2, width=256, blocks=32),
    }  # fmt: skip
len(papers)

# %% slideshow={"slide_type": "subslide"}
rows = []
for name, net in papers.items():
    high = 2 // net.upscale  # SRCNN and VDSR work on the enlarged picture
    rows.append({
        "net": name,
        "parameters (thousands)": sum(p.numel() for p in net.parameters()) / 1e3,
        "multiply-adds (G)": multiply_adds(net, 360 * high, 640 * high) / 1e9,
        "Set5 (dB)": srlab.evaluation.published(name, "Set5", 2)["psnr"],
    })  # fmt: skip
prices = pd.DataFrame(rows).set_index("net").sort_values("Set5 (dB)")
assert abs(prices.loc["srcnn", "multiply-adds (G)"] - 52.7) < 0.2
digits = {"parameters (thousands)": 1, "multiply-adds (G)": 1, "Set5 (dB)": 2}
srlab.figures.table(prices, "Published nets, x2, Set5 as published", digits=digits)

# %% slideshow={"slide_type": "subslide"}
light = prices.loc["swinir_light"]
tokens_at_720 = 640 * 360
products = 24 * 2 * tokens_at_720 * 64 * 60 / 1e9  # 24 layers, windows of 64 tokens
rest = light["multiply-adds (G)"] - products
more = prices.loc["swinir"] / prices.loc["srcnn"]
assert abs(rest / 195.6 - 1) < 0.02  # the paper's number
assert more["multiply-adds (G)"] > 50
print(f"SwinIR-light without the products of attention: {rest:.1f} G")
extra = prices.loc["swinir", "Set5 (dB)"] - prices.loc["srcnn", "Set5 (dB)"]
print(f"SRCNN to SwinIR: {extra:.2f} dB, {more.iloc[0]:.0f} times the parameters")
each = more.iloc[:2] ** (1 / extra)  # how many times for one dB
assert 20 < each.iloc[0] < 27 and 9 < each.iloc[1] < 12
lean = light / prices.loc["srcnn"]  # what SwinIR-light pays
assert lean["multiply-adds (G)"] < 5 and lean["Set5 (dB)"] > 1
print(f"SRCNN to SwinIR-light: {lean.iloc[1]:.1f} times the multiply-adds")
each.round().to_dict()

# %% [markdown] slideshow={"slide_type": "fragment"}
# From SRCNN to SwinIR: 1.7 dB for 200 times the parameters and more than 50 times the
# multiply-adds, on average about eleven times the multiply-adds for each decibel. A
# better design pays far less: SwinIR-light gets most of that gain for less than five
# times those of SRCNN, for it works on the small picture, as EDSR does, and its layers
# are narrow. (The paper prints fewer for SwinIR-light, 878 thousand and 195.6 G: it
# leaves out the position tables, 32,400 numbers, and, it seems, the products of
# attention itself, without which we count 1.4 % more.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One chart: what was published (filled) and what this course has trained so far (open),
# against three prices. Milliseconds are for one 256 x 256 result on one CPU. From
# `data/results`, written by `make bench`.

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
bench = srlab.evaluation.results("net_costs").query("scale == 2")
kinds = {"paper": ("o", "#0072B2", -6), "ours": ("s", "#D55E00", 14)}
moved = {("espcn", "ours"): (-6, -3), ("srcnn", "paper"): (-6, -13)}


def panel(ax, column, label):
    """Set5 PSNR over one price."""
    for kind, (marker, colour, shift) in kinds.items():
        part = bench[(bench["kind"] == kind) & bench[column].notna()]
        face, low = colour if kind == "paper" else "none", 0.0
        style = {"s": 40, "marker": marker, "facecolors": face, "edgecolors": colour}
        ax.scatter(part[column], part["set5_psnr"], label=kind, **style)
        for _, row in part.sort_values("set5_psnr").iterrows():
            text, y = row["name"].replace("_x2", "").replace("_", " "), row["set5_psnr"]
            if (text, kind) not in moved:
                y = low = max(low + 0.1, y)  # labels keep a distance
            at = moved.get((text, kind), (shift, -3))
            style = {"size": 7, "color": colour, "ha": "left" if at[0] > 0 else "right"}
            ax.annotate(text, (row[column], y), at, textcoords="offset points", **style)
    ax.set(xscale="log", xlabel=label)
    ax.margins(x=0.3)
    ax.grid(alpha=0.3)


bench.groupby("kind").size().to_dict()

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
fig, axes = plt.subplots(1, 3, figsize=(11, 6), sharey=True)
panel(axes[0], "parameters", "parameters")
panel(axes[1], "multiply_adds_g", "multiply-adds (G)")
panel(axes[2], "cpu_ms", "CPU (ms)")
axes[0].set_ylabel("Set5 x2 (dB)")
axes[2].legend(frameon=False, loc="lower left")
ours = bench.query("kind == 'ours'")["set5_psnr"]
assert ours.min() > 33.66 and (ours > 36.66).sum() == 6 and ours.max() < 37.53
srlab.show(
    fig,
    alt="Set5 PSNR against parameters, multiply-adds and milliseconds on logarithmic "
    "axes: the published nets rise, ever less steeply, from SRCNN to SwinIR; the "
    "course's short runs lie to the left, six of them a little above the published "
    "SRCNN, all below VDSR",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The price axes are logarithmic: equal steps to the right are equal factors. Published
# values (mostly protocol A) and ours (B) share the PSNR axis, so compare the shape and
# not hundredths. Ours are smaller nets after short runs. Six of them pass the
# published SRCNN for fewer multiply-adds, since they work on the small picture; none
# reaches VDSR. Our SwinIR is last: it saw a quarter of the crops that EDSR, RCAN and
# RDRN saw (table). The published one, trained for long, is at the front. By the clock,
# too?

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
paper = bench.query("kind == 'paper' and cpu_ms > 0").set_index("name")
paper = paper[["multiply_adds_g", "cpu_ms", "set5_psnr"]]
times = paper / paper.loc["srcnn_x2"]
times["set5_psnr"] = paper["set5_psnr"] - paper["set5_psnr"]["srcnn_x2"]
times.columns = ["multiply-adds, times SRCNN's", "milliseconds, times", "dB above"]
adds, ms, gained = times.loc["swinir_light_x2"] / times.loc["edsr_baseline_x2"]
assert adds < 0.8 and ms > 2.5 and gained < 1.2
srlab.figures.table(times, "Published nets that were timed on a CPU", digits=1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# No. With fewer multiply-adds than EDSR's baseline SwinIR-light takes several times as
# long, for softmaxes and reading orders are not multiply-adds, and costs more for each
# decibel above SRCNN. On a GPU the ratio may be another.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
import re

mine = bench.query("kind == 'ours'").set_index("name").sort_values("set5_psnr")
notes = {name: srlab.load(name, 2).card.note for name in mine.index}
crops = {n: re.findall(r"of ([\d,]+)", note) for n, note in notes.items()}
mine["crops (thousands)"] = [
    sum(int(one.replace(",", "")) for one in crops[name]) / 1e3 for name in mine.index
]
mine = mine.drop(columns=["kind", "scale", "protocol", "times_srcnn"]).rename(
    columns={"multiply_adds_g": "multiply-adds (G)", "cpu_ms": "CPU (ms)"}
    | {"set5_psnr": "Set5 (dB)"}
)
title = "Trained for this course so far, x2, protocol B"
digits = dict.fromkeys(mine, 2) | {"parameters": 0, "crops (thousands)": 0}
srlab.figures.table(mine, title, digits=digits)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Multiply-adds are not milliseconds. Let the room find the pair of nets where the two
# prices disagree most.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 Tiles, and eight positions
#
# Two tools for every restorer. A picture may be too large for memory: cut it into
# **tiles** that overlap, restore each, keep the middles. Here an overlap of 8 means 8
# pixels on each side. For a net whose pixels look no
# further than the overlap, that is exactly the whole result. For the others?

# %% slideshow={"slide_type": "-"}
large = srlab.imresize(srlab.photo("motorcycle"), 1 / 2)[..., 76:172, 130:226]
restorers = {"EDSR": edsr, "RCAN": rcan, "SwinIR": swin}
rows = {"RCAN, gains frozen": rcan} | restorers
gaps, wholes = {}, {name: restorer(large) for name, restorer in rows.items()}
freeze(from_layers(large, lambda layer, x: layer.gains(x)))  # for the first row
for name, restorer in rows.items():
    gaps[name] = {}
    for overlap in (0, 8, 12, 16):
        tiled = srlab.models.Tiled(restorer, tile=48, overlap=overlap)(large)
        gap = 255 * (tiled - wholes[name]).abs().max().item()
        gaps[name][f"overlap {overlap}"] = gap
    thaw()
tiles = pd.DataFrame(gaps).T
assert tiles.loc["EDSR", "overlap 16"] < 0.01 < tiles.loc["EDSR", "overlap 0"]
assert tiles.loc["SwinIR", "overlap 12"] > 10 > 1 > tiles.loc["SwinIR", "overlap 8"]
assert 3 < tiles.loc["RCAN"].iloc[1:].min() < tiles.loc["RCAN"].iloc[1:].max() < 8
assert tiles.loc["RCAN, gains frozen", "overlap 16"] < 0.01
title = "Largest difference to the whole, in grey levels of 255"
srlab.figures.table(tiles, title, digits=3)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("6.h")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With an overlap of 16 pixels on each side EDSR's tiles leave nothing: its pixels look
# 12 pixels far. RCAN: some overlap helps, for it too looks at neighbours first; beyond
# that five or six grey levels stay. Each tile has means, so gains, of its own: with the
# gains frozen nothing stays. SwinIR's seams shrink too, for ours has four layers of
# windows (with the 24 of the paper no overlap worth its time is safe), but only if
# tiles begin where windows do: with 12, no multiple of 8, a tile's windows are others,
# and its last tile, 36 pixels wide, must be filled up.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Memory is bounded by the tile: whatever the picture, the net never sees more. What is
# computed twice is the price, and it is high where tiles are small.

# %% slideshow={"slide_type": "-"}
sizes = []


def watched(image):
    sizes.append(tuple(image.shape[2:]))
    return srlab.imresize(image, scale=2)


srlab.models.Tiled(watched, tile=64, overlap=16)(srlab.photo("coffee"))
assert max(max(pair) for pair in sizes) <= 64
work = sum(h * w for h, w in sizes) / srlab.photo("coffee")[0, 0].numel()
assert 3 < work < 5
f"{len(sizes)} tiles, the largest {max(sizes)}: {work:.1f} times the pixels"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Eight positions
#
# Turn and mirror the picture into its eight positions, restore each, turn back, take
# the mean. It costs eight times the time; the rows with a plus in the papers' tables
# are made so.


# %% slideshow={"slide_type": "-"}
def ensemble_gain(restorer):
    return dB(srlab.models.SelfEnsemble(restorer)) - dB(restorer)


plus = {name: ensemble_gain(restorers[name]) for name in ("EDSR", "SwinIR")}
plus["SwinIR, as published"] = (
    published.loc["SwinIR+", "Set5 PSNR"] - published.loc["SwinIR", "Set5 PSNR"]
)
assert all(0 < value < 0.3 for value in plus.values())
{name: f"{value:+.2f} dB" for name, value in plus.items()}

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A mean of eight guesses whose errors differ is better than one guess. Ask why bicubic
# gains nothing from it: it treats all positions alike, so the eight are equal.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Four small functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("6.1")` gives the first of three hints, the next call the second.
# `srlab.solution("6.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Exercise 6.1 takes ten minutes, 6.2 five, 6.3 and 6.4 ten each. 6.4 is best begun on
# the board with a row of eight numbers.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 6.1 Fold the gains in
#
# Frozen gains need no layer of their own. A convolution has the weights `weight`, shape
# (C, I, 3, 3), and `bias`, shape (C,); after it each channel is multiplied by its gain,
# `gains`, shape (C,). Return the weights and the biases of one convolution that does
# both.


# %% slideshow={"slide_type": "-"}
def fold(weight, bias, gains):
    raise NotImplementedError  # your code


checked_fold = srlab.check("6.1", fold)
checked_fold

# %% [markdown] slideshow={"slide_type": "subslide"}
# Put into the trained net: every attention layer is folded into the convolution before
# it, with your function (or, until it is right, the solution's).

# %% slideshow={"slide_type": "-"}
from copy import deepcopy

folded = deepcopy(rcan)
blocks = [m for m in folded.net.modules() if type(m).__name__ == "RCAB"]
usual = found.mean(dim=0)  # (layers, C)
with torch.no_grad():
    for block, gains in zip(blocks, usual, strict=True):
        conv = block.conv2
        weight, bias = checked_fold.use(conv.weight.clone(), conv.bias.clone(), gains)
        conv.weight.copy_(torch.as_tensor(weight))
        conv.bias.copy_(torch.as_tensor(bias))
        block.attention = torch.nn.Identity()
lost = dB(rcan) - dB(folded)
assert abs(lost) < 0.05
f"without any attention layer: {lost:+.3f} dB lost (own gains are in the mean here)"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 6.2 Count the products
#
# Features of `height` x `width` pixels and `d` numbers each go through window
# attention, windows of `m` x `m`. Sides that are no multiple of `m` are filled up
# first. How many multiply-adds do $Q K^T$ and the product with $V$ take together? The
# number of heads does not matter.


# %% slideshow={"slide_type": "-"}
def products_of(height, width, d, m):
    raise NotImplementedError  # your code


srlab.check("6.2", products_of)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 6.3 And back
#
# The inverse of `windows` in section 3: `tokens` has the shape (n, m * m, C), windows
# row by row; return the picture, shape (height, width, C). The side m follows from
# `tokens.shape[1]`.


# %% slideshow={"slide_type": "-"}
def together(tokens, height, width):
    raise NotImplementedError  # your code


srlab.check("6.3", together)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 6.4 Who may meet
#
# One row of `n` pixels is rolled to the left by half a window and cut into windows of
# `m` pixels (`m` is even, `n` at least two windows). Return a boolean tensor of shape
# (n // m, m, m): for each window, True where pixels i and j of it may meet, that is,
# where they stood less than a window apart before the roll.


# %% slideshow={"slide_type": "-"}
def may_meet(n, m):
    raise NotImplementedError  # your code


srlab.check("6.4", may_meet)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(6)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - Channel attention: a mean, two matrices, a sigmoid; one gain for a channel of a
#   whole picture. In our small net the gains hardly look at the picture.
# - Self-attention: scores by one matrix product, softmax, a weighted mean. It costs
#   $n^2$; windows of $M^2$ tokens make it $n M^2$.
# - Without position biases it does not know where anything stands.
# - Windows must be shifted to talk to each other, and masked where the roll joins
#   borders. The price: the result depends on where the picture begins.
# - Means over the picture let every pixel depend on every pixel, faintly. Tiles then
#   give another result.
# - Say that one net is better than another if it shows over several seeds, best in
#   pairs: the same seed, the same crops.
# - From SRCNN to SwinIR a decibel cost about eleven times the multiply-adds on average;
#   a better design (SwinIR-light) pays far less, in multiply-adds, not in milliseconds.
#
# Next: notebook 07 asks whether the decibel is what we want.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "attention, channel attention, self-attention, token, query, "
    "softmax, attention head, window attention, shifted windows, position bias, "
    "attention mask, layer normalisation, transformer, non-local means, "
    "local attribution map, integrated gradients, diffusion index, "
    "tiled inference, self-ensemble, ablation"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# The course grew out of five documents; 003 is a lecture on image enhancement.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("06")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - Y. Zhang, K. Li, K. Li, L. Wang, B. Zhong, Y. Fu, "Image super-resolution using very
#   deep residual channel attention networks" (RCAN), ECCV 2018,
#   [arXiv:1807.02758](https://arxiv.org/abs/1807.02758).
# - J. Hu, L. Shen, G. Sun, "Squeeze-and-excitation networks", CVPR 2018,
#   [arXiv:1709.01507](https://arxiv.org/abs/1709.01507).
# - A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR
#   2005, [doi:10.1109/CVPR.2005.38](https://doi.org/10.1109/CVPR.2005.38).
# - A. Vaswani et al., "Attention is all you need", NeurIPS 2017,
#   [arXiv:1706.03762](https://arxiv.org/abs/1706.03762).
# - Z. Liu et al., "Swin transformer: hierarchical vision transformer using shifted
#   windows", ICCV 2021, [arXiv:2103.14030](https://arxiv.org/abs/2103.14030).
# - J. Liang, J. Cao, G. Sun, K. Zhang, L. Van Gool, R. Timofte, "SwinIR: image
#   restoration using Swin transformer", ICCVW 2021,
#   [arXiv:2108.10257](https://arxiv.org/abs/2108.10257).
# - J. Gu, C. Dong, "Interpreting super-resolution networks with local attribution
#   maps", CVPR 2021, [arXiv:2011.11036](https://arxiv.org/abs/2011.11036).
# - A. Panaetov, K. E. Daou, I. Samenko, E. Tetin, I. Ivanov, "RDRN: recursively defined
#   residual network for image super-resolution", ACCV 2022,
#   [arXiv:2211.09462](https://arxiv.org/abs/2211.09462).
# - B. Lim, S. Son, H. Kim, S. Nah, K. M. Lee, "Enhanced deep residual networks for
#   single image super-resolution" (EDSR), CVPRW 2017,
#   [arXiv:1707.02921](https://arxiv.org/abs/1707.02921).
