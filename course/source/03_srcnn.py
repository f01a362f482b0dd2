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
# # 03 SRCNN
#
# The first network for super-resolution has three layers, and each is a convolution.
# Here is a small picture, enlarged twice by bicubic interpolation, by that network, and
# the original. By the end of this notebook you can build the network, train it in a
# minute, look inside, and say what of its gain is not the network's.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import srlab

photo = srlab.photo("motorcycle")[..., 200:456, 440:696]  # (1, 3, 256, 256)
small = srlab.imresize(photo, scale=1 / 2)
srcnn = srlab.load("srcnn_x2")  # trained weights that come with the course
srlab.show(
    {
        "small": small,
        "bicubic": srlab.imresize(small, scale=2).clamp(0, 1),
        "SRCNN": srcnn(small).clamp(0, 1),
        "original": photo,
    },
    crop=(130, 130, 48, 48),
    height=144,
    alt="Part of a motorcycle's wheel, brake disc and spokes: coarse in the small "
    "picture, hazy with bicubic, crisper with SRCNN, finest in the original",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask what has changed between the second and the third picture, and what is still
# missing in the third. The edges are steeper; the finest lines are not there. The
# notebook measures both, and says how much of the first could be had without a network.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - fit the best linear filter in seconds, and say what it cannot do;
# - write a convolution by hand, check a gradient, and write the training loop;
# - build SRCNN, count its weights, and compute one of its pixels with a pencil;
# - train it live, and say why its first weights and its rates matter so much;
# - look at its filters and what they answer;
# - read the published table: who wins which of its rows, and what IFC, NQM and WPSNR
#   measure;
# - say what it costs to feed a network with another kind of small picture.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebook 02: bicubic interpolation, phases, protocol B, the best linear filter.
# - Derivatives, matrix times vector, eigenvalues (one cell).
# - No network connection and no GPU is needed. All photographs come with the libraries.
#
# ## Time
#
# About two and a half hours to work through, 45 minutes of it exercises; sections 6 and
# 8 may be left for later. To run all cells: minutes on two CPU cores: 2, on one GPU: 1.
# The paper's network from nothing is a run for a GPU: full mode.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import pandas as pd
import torch
from torch import nn

F = torch.nn.functional
run = srlab.setup("03")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 The best linear filter
#
# Before any network: how far does the simplest learning go? Twelve of the shipped
# photographs are for training. A square of each of four others is held out: nothing in
# this notebook trains on them, and every number is measured on these squares, in luma,
# x2, under protocol B.

# %% slideshow={"slide_type": "-"}
training, held_out = srlab.training.photos(), srlab.training.held_out()
places = {"motorcycle": (200, 440)}  # of the square; the others at (20, 100)


def square(name):
    """256 x 256 pixels of a photograph, (1, 3, 256, 256)."""
    top, left = places.get(name, (20, 100))
    return srlab.photo(name)[..., top : top + 256, left : left + 256]


def prepared(image):
    """Luma on the 8-bit grid, (1, 1, H, W), H and W even."""
    even = srlab.images.crop_to_multiple(image.double(), 2)
    return srlab.images.round8(srlab.images.luma(even))


lumas = {name: prepared(srlab.photo(name)[..., :800, :800]) for name in training}
lumas |= {name: prepared(square(name)) for name in held_out}
assert len(training) == 12 and not set(training) & set(held_out)
f"train on {', '.join(training)}; measure on {', '.join(held_out)}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Recall section 9 of notebook 02. Each small pixel becomes $2 \times 2$ big ones. Each
# of the four is a weighted sum of the $7 \times 7$ small pixels around it: 49 weights a
# phase. The least squares solution $w = (P^T P)^{-1} P^T T$ is the best of all such
# filters. `P` lists the neighbourhoods, `T` the four true pixels of each.


# %% slideshow={"slide_type": "-"}
def pairs(y, k=7):
    """k x k neighbourhoods (N, k * k) of the small picture, the big pixels (N, 4)."""
    small = F.pad(srlab.imresize(y, 1 / 2), (k // 2,) * 4, mode="replicate")
    return F.unfold(small, k)[0].T, F.pixel_unshuffle(y, 2)[0].flatten(1).T


def joined(four, y):
    """Big pixels (N, 4) as a picture of the size of y."""
    h, w = y.shape[-2] // 2, y.shape[-1] // 2
    return F.pixel_shuffle(four.T.reshape(1, 4, h, w), 2)


A, B = torch.zeros(49, 49).double(), torch.zeros(49, 4).double()
for name in training:
    P, T = pairs(lumas[name])
    A, B = A + P.T @ P, B + P.T @ T
linear = torch.linalg.solve(A + 1e-3 * torch.eye(49), B)  # (49, 4)
equations = sum(lumas[name].numel() // 4 for name in training)
{"equations a phase": f"{equations:,}", "unknowns": len(linear)}

# %% [markdown] slideshow={"slide_type": "subslide"}
# That was all the training. What does it bring on photographs it has not seen?

# %% slideshow={"slide_type": "-"}
psnr, round8 = srlab.metrics.psnr, srlab.images.round8
enlarged = {n: srlab.imresize(srlab.imresize(lumas[n], 1 / 2), 2) for n in held_out}
results = {
    "bicubic": enlarged,
    "best linear": {n: joined(pairs(lumas[n])[0] @ linear, lumas[n]) for n in held_out},
}


def scores():
    """PSNR in dB of every result so far, and the mean of the four photographs."""
    rows = {
        way: {n: psnr(lumas[n], round8(z), border=2) for n, z in images.items()}
        for way, images in results.items()
    }
    return pd.DataFrame(rows).T.assign(mean=lambda frame: frame.mean(axis=1))


bicubic_dB, linear_dB = scores()["mean"]
assert 31 < bicubic_dB < 33 and 1 < linear_dB - bicubic_dB < 1.5
srlab.figures.table(scores(), "Held-out squares x2, protocol B, PSNR in dB")

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.a")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same filter fitted to T91, the 91 pictures that the SRCNN paper trains on, reaches
# about 35.2 dB on Set5. SRCNN's published row has 36.66 dB: that is its largest variant
# (9-5-5, section 4), trained on ImageNet. At x2 more than half of the way from bicubic
# is linear, at x3 and x4 a little less. From `data/results`.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
t91 = srlab.evaluation.results("linear_filter").query("set_name == 'Set5'")
t91 = t91[["scale", "bicubic", "linear"]].reset_index(drop=True)
t91["SRCNN (published)"] = [
    srlab.evaluation.published("srcnn", "Set5", s)["psnr"] for s in t91["scale"]
]
gain = t91["SRCNN (published)"] - t91["bicubic"]
t91["share of the gain"] = (t91["linear"] - t91["bicubic"]) / gain
assert 35.2 <= t91["linear"][0] < 35.3 and t91["share of the gain"][0] > 0.5
srlab.figures.table(t91, "Set5, protocol B, PSNR in dB (from data/results)")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Keep this row in mind for the whole course. A paper that compares itself with bicubic
# alone compares itself with something that was never fitted to anything. The rest of
# this notebook is about the other half: weights that depend on what is seen.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 Weights that depend on what is seen
#
# The linear filter treats fur, sky and spokes alike. Where does it fail? Bright in the
# right picture is a large error.

# %% slideshow={"slide_type": "-"}
y, z = lumas["motorcycle"], results["best linear"]["motorcycle"]
error = (z - y).abs().clamp(max=0.15)
srlab.show(
    {"original": y, "error, best linear": error},
    crop=(118, 112, 56, 80),
    cmap=[None, "magma"],
    limits=(0, 0.15),
    height=112,
    alt="Part of a motorcycle's wheel and beside it the error of the linear filter: "
    "bright along the fork and the spokes, dark in smooth places",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Along edges. An edge that runs up wants to be averaged up and down and sharpened from
# left to right. An edge that runs across wants the opposite. One set of weights can do
# neither.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.b")

# %% slideshow={"slide_type": "fragment"}
A, B = torch.zeros(121, 121).double(), torch.zeros(121, 4).double()
for name in training:
    P, T = pairs(lumas[name], 11)
    A, B = A + P.T @ P, B + P.T @ T
wide = torch.linalg.solve(A + 1e-3 * torch.eye(121), B)
made = {n: joined(pairs(lumas[n], 11)[0] @ wide, lumas[n]) for n in held_out}
wide_dB = sum(psnr(lumas[n], round8(made[n]), border=2) for n in held_out) / 4
assert 0 < wide_dB - linear_dB < 0.1
f"mean of the four: 7 x 7 {linear_dB:.2f} dB, 11 x 11 {wide_dB:.2f} dB"

# %% [markdown] slideshow={"slide_type": "subslide"}
# So sort the neighbourhoods first. Take the middle $5 \times 5$, subtract its mean,
# scale it to length 1: that is what it *looks like*, without brightness and contrast.
# Thirty-two typical looks, the **anchors**, are found by taking means of what is alike,
# a few times over (k-means).


# %% slideshow={"slide_type": "-"}
def look(P):
    """What neighbourhoods (N, 49) look like, (N, 25), and their contrast, (N,)."""
    middle = P.reshape(-1, 7, 7)[:, 1:6, 1:6].flatten(1)
    middle = middle - middle.mean(1, keepdim=True)
    return F.normalize(middle), middle.norm(dim=1)


some = torch.cat([pairs(lumas[name])[0][::40].clone() for name in training])
looks, contrast = look(some)
looks = looks[contrast > 0.1]
anchors = looks[:: len(looks) // 32][:32].clone()
for _ in range(8):
    likeness = looks @ anchors.T  # (N, 32): +1 the same, -1 its negative
    nearest = likeness.abs().argmax(1)
    sign = likeness.gather(1, nearest[:, None]).sign()
    sums = torch.zeros_like(anchors).index_add(0, nearest, sign * looks)
    anchors = F.normalize(sums)
len(looks), tuple(anchors.shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The anchors are edges and lines in all directions. Nobody asked for edges: it is what
# photographs are made of.


# %% slideshow={"slide_type": "-"}
def tiled(patches, columns):
    """Small pictures (N, k, k), each divided by its largest value, as one map."""
    patches = patches / patches.abs().amax((1, 2), keepdim=True).clamp(min=1e-9)
    framed = F.pad(patches, (0, 1, 0, 1), value=1.0)  # white lines between
    rows = framed.unflatten(0, (-1, columns)).permute(0, 2, 1, 3)
    return rows.flatten(2).flatten(0, 1)[None, None, :-1, :-1]


srlab.show(
    tiled(anchors.reshape(32, 5, 5), 16),
    cmap="gray",
    limits=(-1, 1),
    height=110,
    alt="Thirty-two small patterns of five by five pixels: dark to bright edges and "
    "lines in many directions, a few corners and spots",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then fit one filter for each kind. Flat neighbourhoods are a kind of their own. Each
# filter is the common one plus a correction, fitted to what the common one left over;
# the 10 keeps rare kinds near the common filter.


# %% slideshow={"slide_type": "-"}
def kind(P):
    """0 for flat neighbourhoods, else 1 + the number of the most similar anchor."""
    seen, contrast = look(P)
    return torch.where(contrast < 0.1, 0, 1 + (seen @ anchors.T).abs().argmax(1))


A, B = torch.zeros(33, 49, 49).double(), torch.zeros(33, 49, 4).double()
for name in training:
    P, T = pairs(lumas[name])
    left, kinds = T - P @ linear, kind(P)
    for c in range(33):
        Q = P[kinds == c]
        A[c] += Q.T @ Q
        B[c] += Q.T @ left[kinds == c]
correction = torch.linalg.solve(A + 10 * torch.eye(49), B)  # (33, 49, 4)
tuple(correction.shape)


# %% slideshow={"slide_type": "subslide"}
def by_kind(y):
    P, _ = pairs(y)
    four, kinds = P @ linear, kind(P)
    for c in range(33):
        four[kinds == c] += P[kinds == c] @ correction[c]
    return joined(four, y)


results["33 linear filters"] = {n: by_kind(lumas[n]) for n in held_out}
gain = scores().diff().iloc[-1]
assert 0.05 < gain["mean"] < 0.3 and gain["astronaut"] > 0.2 > 0 > gain["chelsea"]
srlab.figures.table(scores(), "Held-out squares x2, protocol B, PSNR in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A little more than a tenth of a decibel on the mean; chelsea, all fur, even loses. It
# is a beginning: the result is no longer a linear function of the picture. Done with
# 1,024 anchors and millions of neighbourhoods this is **A+** (Timofte and others,
# 2014), 36.54 dB on Set5, the strongest without a network at that time.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This section is the bridge. A table of filters chosen by a comparison with patterns is
# already a small network: products with patterns, a decision, products again. SRCNN
# lets training find the patterns, the decision and the filters together.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 Convolution and gradients in ten cells
#
# A network needs two tools: a layer that is applied everywhere, and a way to find its
# weights where no formula solves for them.
#
# **1. Convolution by hand.** Shift the picture, weigh it, add. (With a flipped table of
# weights mathematicians call it convolution; networks do not flip.)


# %% slideshow={"slide_type": "-"}
def convolve(x, w):
    """(1, 1, H, W) and weights (k, k) -> (1, 1, H - k + 1, W - k + 1)."""
    k = w.shape[0]
    H, W = x.shape[-2] - k + 1, x.shape[-1] - k + 1
    result = torch.zeros(1, 1, H, W)
    for i in range(k):
        for j in range(k):
            result += w[i, j] * x[..., i : i + H, j : j + W]
    return result


part = lumas["chelsea"][..., 50:130, 30:134].float()  # 80 x 104 pixels
w = torch.randn(9, 9, generator=run.generator)
difference = (convolve(part, w) - F.conv2d(part, w[None, None])).abs().max().item()
assert difference < 1e-4
tuple(convolve(part, w).shape), difference < 1e-4

# %% [markdown] slideshow={"slide_type": "subslide"}
# **2. What weights can do.** Equal weights blur. Weights that sum to zero answer to
# edges (grey is 0). One large weight with negative neighbours sharpens.

# %% slideshow={"slide_type": "-"}
blur = torch.full((5, 5), 1 / 25)
edge = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 2
sharpen = torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
srlab.show(
    {
        "picture": part,
        "blur": convolve(part, blur),
        "edges": (0.5 + convolve(part, edge)).clamp(0, 1),
        "sharpen": convolve(part, sharpen).clamp(0, 1),
    },
    alt="A cat's eye; blurred; as bright and dark lines at upright edges; sharpened, "
    "with noise",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **3. A layer** holds many filters, and a number to add (**bias**) for each. Its
# answers are **feature maps**. With padding by zeros the maps keep the picture's size.

# %% slideshow={"slide_type": "-"}
layer = nn.Conv2d(in_channels=1, out_channels=64, kernel_size=9, padding=4)
maps = layer(part)  # (1, 64, 80, 104)
count = sum(p.numel() for p in layer.parameters())
assert count == 64 * (9 * 9 * 1 + 1) and maps.shape[-2:] == part.shape[-2:]
tuple(layer.weight.shape), tuple(maps.shape), f"{count:,} numbers to learn"

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.c")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **4. Two layers are one, unless something stands between.** A 9 x 9 filter and then a
# 5 x 5 filter are one 13 x 13 filter. With $\max(0, \cdot)$ between them, the **ReLU**,
# they are no single filter any more.

# %% slideshow={"slide_type": "-"}
w1 = torch.randn(1, 1, 9, 9, generator=run.generator) / 9
w2 = torch.randn(1, 1, 5, 5, generator=run.generator) / 5
merged = F.conv_transpose2d(w1, w2)  # slides w2 over w1: (1, 1, 13, 13)
one, two = F.conv2d(part, merged), F.conv2d(F.conv2d(part, w1), w2)
bent = F.conv2d(F.conv2d(part, w1).relu(), w2)
assert (one - two).abs().max() < 1e-4 and (one - bent).abs().max() > 0.1
same = {"without ReLU": torch.allclose(one, two, atol=1e-4)}
same | {"with ReLU": torch.allclose(one, bent, atol=1e-4)}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Words of PyTorch that come next:
#
# - `w.requires_grad_()`: from now on, record what is computed with `w`.
# - `loss.backward()`: compute the slopes; they are added to `w.grad`.
# - `torch.no_grad()`: inside, nothing is recorded.
# - `adam.zero_grad()`: forget the slopes of the step before.
# - `nn.Module`: a part of a network that knows its weights; `forward` says what it
#   computes when it is called.
# - `state_dict()`: the weights by name; `load_state_dict` puts them into another net.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **5. A loss, and its gradient.** Let one 9 x 9 filter repair pictures that bicubic
# enlarged. The **loss** is the mean squared error on 64 crops. `backward` computes how
# it changes with each of the 81 weights. A *recipe* is the list of settings of a
# training (steps, crops, rates); a *bank* deals out random crops:
# `batch(step, how many, size)`.

# %% slideshow={"slide_type": "-"}
recipe = srlab.recipes.get("srcnn_915_x2", "fast")
bank = srlab.training.bank(recipe, srlab.models.SRCNN())  # of the twelve photographs
x, y = bank.batch(0, 64, 32)  # (64, 1, 32, 32): enlarged by bicubic, and the truth
y = y[..., 4:-4, 4:-4]  # a 9 x 9 filter without padding gives 24 x 24

w = torch.zeros(1, 1, 9, 9)
w[..., 4, 4] = 1  # passes the picture on: bicubic as it is
w.requires_grad_()
loss = F.mse_loss(F.conv2d(x, w), y)
loss.backward()
assert w.grad.shape == w.shape and 1e-4 < loss.item() < 2e-3
corner = w.grad[0, 0, 0, 0].item()
f"loss {loss.item():.2e}; slope at the upper left weight {corner:.2e}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **6. Is that slope right?** Change one weight a little, up and down, and compute the
# loss again.


# %% slideshow={"slide_type": "-"}
def loss_with(change, i, j):
    moved = w.detach().double().clone()
    moved[0, 0, i, j] += change
    return F.mse_loss(F.conv2d(x.double(), moved), y.double())


step = 1e-4
by_hand = {
    (i, j): ((loss_with(step, i, j) - loss_with(-step, i, j)) / (2 * step)).item()
    for i, j in ((0, 0), (4, 4), (4, 5))
}
assert all(abs(v - w.grad[0, 0, i, j].item()) < 1e-5 for (i, j), v in by_hand.items())
{f"weight {k}": f"{v:.2e}" for k, v in by_hand.items()}

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.d")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **7. The loop.** Take the slopes, go a small step against them, again. The size of the
# step is the **learning rate**. This loop, with other words around it, trains every
# network of this course.


# %% slideshow={"slide_type": "-"}
def descend(w, steps, rate):
    """Gradient descent on the 64 crops, in place; the loss at every step."""
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(F.conv2d(x, w), y)
        loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
        w.grad = None
        losses.append(loss.item())
    return losses


def identity():
    w = torch.zeros(1, 1, 9, 9)
    w[..., 4, 4] = 1
    return w.requires_grad_()


first = descend(identity(), 20, rate=0.04)
assert first[-1] < first[0]
f"20 steps: {first[0]:.7f} to {first[-1]:.7f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **8. How large a step?** For a loss that is quadratic there is an answer. With
# $H = \tfrac{2}{N} P^T P$, the table of second derivatives, descent is stable below
# $2 / \lambda_{\max}(H)$ and explodes above. $\lambda_{\max}$ is the largest
# eigenvalue: the curvature in the steepest direction.

# %% slideshow={"slide_type": "-"}
P = F.unfold(x.double(), 9).transpose(1, 2).flatten(0, 1)  # (64 * 576, 81)
H = 2 * P.T @ P / len(P)
curvature = torch.linalg.eigvalsh(H)  # in rising order
limit = (2 / curvature[-1]).item()
below, above = (descend(identity(), 60, k * limit)[-1] for k in (0.9, 1.1))
assert 0.05 < limit < 0.11 and below < first[0] and above > 10
f"limit {limit:.3f}; after 60 steps at 0.9 of it {below:.5f}, at 1.1 of it {above:.0e}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **9. Is it good?** Here the best filter is known: least squares solves for it. Descent
# does not get near in 300 steps. The curvature of the loss in its steepest direction is
# millions of times that in its flattest. The step must be small enough for the
# steepest, and then the others hardly move.

# %% slideshow={"slide_type": "-"}
T = y.double().reshape(-1, 1)
exact = torch.linalg.solve(P.T @ P + 1e-3 * torch.eye(81), P.T @ T)
exact = exact.reshape(1, 1, 9, 9).float()
least = F.mse_loss(F.conv2d(x, exact), y).item()
slow = identity()
losses = {"gradient descent": descend(slow, 300, 0.6 * limit)}
ratio = (curvature[-1] / curvature[0]).item()
assert ratio > 1e6 and least < 0.95 * losses["gradient descent"][-1]
f"steepest to flattest: {ratio:.0e}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **10. Adam** (Kingma and Ba, 2015) gives each weight its own step: it divides the
# gradient, averaged over the last steps, by its usual size. It is what nearly everybody
# uses, and so shall we. Its first steps are too long, then it goes further than
# descent; the exact solution is still far below.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
quick = identity()
adam = torch.optim.Adam([quick], lr=0.003)
losses["Adam"] = []
for _ in range(300):
    loss = F.mse_loss(F.conv2d(x, quick), y)
    adam.zero_grad()
    loss.backward()
    adam.step()
    losses["Adam"].append(loss.item())
assert least < losses["Adam"][-1] < losses["gradient descent"][-1]
lines = {name: (range(300), values) for name, values in losses.items()}
srlab.figures.curves(
    lines | {"least squares": ([0, 299], [least, least])},
    "step",
    "mean squared error",
    "Loss over 300 steps: gradient descent falls very slowly; Adam jumps at first and "
    "then falls faster; both stay far above the line of least squares",
    ylim=(0.97 * least, 1.04 * first[0]),
    size=(6, 2.8),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Two things to take away. The loop is trivial: four lines. The landscape is not: even
# for one linear filter it is a valley thousands of times longer than wide (the square
# root of the ratio of the curvatures), since neighbouring pixels are nearly equal.
# Everything about initial weights and rates in
# sections 5 and 7 comes from there.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Three layers
#
# SRCNN (Dong and others, 2014 and 2016). The picture is first enlarged by bicubic; the
# network repairs it.
#
# $$F_1 = \max(0,\; W_1 * Y + B_1)$$
# $$F_2 = \max(0,\; W_2 * F_1 + B_2)$$
# $$F = W_3 * F_2 + B_3$$
#
# **Patch extraction**: 64 filters of 9 x 9. **Non-linear mapping**: 32 filters, 1 x 1
# each. **Reconstruction**: one filter of 5 x 5. The paper calls it 9-1-5.


# %% slideshow={"slide_type": "subslide"}
class ThreeLayers(nn.Module):
    channels, upscale = 1, 1  # luma, as large as it comes in

    def __init__(self, f1=9, f2=1, f3=5, n1=64, n2=32):
        super().__init__()
        self.extract = nn.Conv2d(1, n1, f1, padding=f1 // 2)
        self.map = nn.Conv2d(n1, n2, f2, padding=f2 // 2)
        self.reconstruct = nn.Conv2d(n2, 1, f3, padding=f3 // 2)

    def forward(self, y):  # (B, 1, H, W)
        features = torch.relu(self.extract(y))  # (B, 64, H, W)
        features = torch.relu(self.map(features))  # (B, 32, H, W)
        return self.reconstruct(features)  # (B, 1, H, W)


net = ThreeLayers()
count = {
    name: sum(p.numel() for p in m.parameters()) for name, m in net.named_children()
}
assert sum(count.values()) == 8129
count | {"in all": sum(count.values())}

# %% [markdown] slideshow={"slide_type": "subslide"}
# The package's `SRCNN` is the same function: the same weights in, the same numbers out.
# The paper's best variant maps with 5 x 5 instead of 1 x 1: 9-5-5, seven times the
# weights.

# %% slideshow={"slide_type": "-"}
twin = srlab.models.SRCNN(f1=9, f2=1, f3=5)
twin.load_state_dict(net.state_dict())
with torch.no_grad():
    apart = (net(part) - twin(part)).abs().max().item()
large = sum(p.numel() for p in srlab.models.SRCNN().parameters())
assert apart == 0 and large == 57281
apart, f"9-5-5 has {large:,} weights"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One pixel with a pencil.** A pixel of the result depends on 13 x 13 pixels. From
# them: 25 patches of 81 numbers; products with 64 patterns; a matrix mixes 64 answers
# into 32; one sum over 25 x 32 numbers. It is section 2 again, with softer decisions.

# %% slideshow={"slide_type": "-"}
with torch.no_grad():
    block = part[..., 40:53, 70:83]  # 13 x 13 pixels around (46, 76)
    patches = F.unfold(block, 9)[0]  # (81, 25): the 25 patches, as columns
    W1, b1 = net.extract.weight.reshape(64, 81), net.extract.bias[:, None]
    W2, b2 = net.map.weight.reshape(32, 64), net.map.bias[:, None]
    W3, b3 = net.reconstruct.weight.reshape(32, 25), net.reconstruct.bias
    answers = (W1 @ patches + b1).relu()  # (64, 25): how much like each pattern
    mapped = (W2 @ answers + b2).relu()  # (32, 25)
    pixel = (W3 * mapped).sum() + b3
    same = net(part)[0, 0, 46, 76]
off = abs(pixel.item() - same.item())
assert off < 1e-5
f"by hand and by the net, off by less than 1e-5: {off < 1e-5}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# The **receptive field**, counted with a gradient: the pixels of the input that one
# pixel of the result depends on.


# %% slideshow={"slide_type": "-"}
def receptive_field(net, size=41):
    """Side of the square of input pixels that the middle output pixel depends on."""
    x = torch.rand(1, 1, size, size, requires_grad=True)
    net(x)[0, 0, size // 2, size // 2].backward()
    return int((x.grad[0, 0].abs().sum(0) > 0).sum())


fields = {
    "9-1-5": receptive_field(net),
    "9-5-5": receptive_field(srlab.models.SRCNN()),
}
assert fields == {"9-1-5": 13, "9-5-5": 17}
fields

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.e")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Luma through the network, chroma by bicubic
#
# SRCNN takes one channel. A colour picture is turned into luma and two chroma channels;
# the network makes the luma, bicubic the chroma. How much is lost by that? Leave one
# part as in the original, and enlarge the other by bicubic.

# %% slideshow={"slide_type": "-"}
costs = {}
for name in held_out:
    whole = square(name).double()
    true = srlab.images.ycbcr(whole)
    big = srlab.imresize(srlab.imresize(true, 1 / 2), 2)
    mixed = {
        "all by bicubic": big,
        "luma by bicubic": torch.cat([big[:, :1], true[:, 1:]], 1),
        "chroma by bicubic": torch.cat([true[:, :1], big[:, 1:]], 1),
    }
    costs[name] = {
        way: psnr(whole, srlab.images.rgb(z).clamp(0, 1), border=2)
        for way, z in mixed.items()
    }
costs = pd.DataFrame(costs).T
assert (costs["chroma by bicubic"] - costs["luma by bicubic"]).min() > 10
srlab.figures.table(costs, "Squares x2, RGB PSNR in dB, border 2, not rounded")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Chroma by bicubic alone leaves 40 dB or more. Nearly all of the error is the luma's.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Most of the error in RGB comes from the luma, and the eye sees less of the rest. From
# EDSR on networks take RGB: they then also learn the chroma, and are still measured in
# luma. SRCNN's authors report that a network for Y, Cb and Cr together was hard to
# train; with three channels R, G, B their abstract reports a better overall quality.
# Section 5 runs a luma network on R, G and B, which does not test that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 Training, live
#
# The loop of section 3 works for any number of weights. Where does a network begin?

# %% slideshow={"slide_type": "-"}
srlab.ask("3.f")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The loop again, now for a network: in each step new random crops (a **batch**), Adam,
# and a rate that a recipe gives for each step. Twelve steps by hand, and twelve by
# `srlab.training.fit`: the same weights.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
from dataclasses import replace

short = replace(recipe, steps=12, every=12, ema=0.0, channels_last=False)
ours, theirs = short.net(), short.net()  # the same first weights
adam = torch.optim.Adam(ours.parameter_groups(), lr=short.rate)
for step in range(short.steps):
    for group in adam.param_groups:
        group["lr"] = group["factor"] * short.rate_at(step)
    crops, truth = bank.batch(step, short.batch, 2 * short.patch)
    loss = F.mse_loss(ours(crops), truth)
    adam.zero_grad()
    loss.backward()
    adam.step()
check = {"coffee": square("coffee")}
srlab.training.fit(theirs, short, bank, check, device="cpu")
pairs_of = zip(ours.parameters(), theirs.parameters(), strict=True)
apart = max((a - b).abs().max().item() for a, b in pairs_of)
assert apart < 1e-5
f"largest difference of a weight below 1e-5: {apart < 1e-5}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# `fit` adds what long runs need, and nothing that changes the idea:
#
# - it validates on pictures that are held out, every so many steps;
# - it keeps a moving average of the weights (**EMA**), which is better than the last
#   ones, and in the end the best average;
# - it writes checkpoints, and a run that was killed goes on from the last one;
# - it stops with a clear word when the loss is no number any more.
#
# `factor` is 1 for the first two layers and a tenth for the last: section 7 says why.

# %% slideshow={"slide_type": "subslide"}
recipe = replace(recipe, steps=run.pick(fast=500, full=500, rehearse=2), every=125)
shown = "steps", "batch", "patch", "rate", "loss", "ema", "start"
{key: getattr(recipe, key) for key in shown}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two runs with the same steps and crops, and other first weights. The paper begins with
# small random numbers: the result is black, 6 dB. The other begins as the **identity**:
# filter 0 of each layer passes the picture on, so that the result is bicubic's. (How?
# That is exercise 3.3.) The curves begin at step 125: the dark beginning is not in
# them.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
watch = srlab.widgets.live_curve()
validation = {name: square(name) for name in held_out}
reports, nets = {}, {}
for start in ("random", "identity"):
    begun = replace(recipe, start="" if start == "random" else start)
    nets[start] = begun.net()
    reports[start] = srlab.training.fit(
        nets[start], begun, bank, validation, watch=watch, device="cpu"
    )
gains = {k: report.best_psnr - report.bicubic for k, report in reports.items()}
assert run.rehearse or gains["identity"] > 0.6 > 0 > gains["random"]
assert run.rehearse or reports["identity"].best_psnr < linear_dB
{start: str(report) for start, report in reports.items()}

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
lines = {
    {"random": "begun at random", "identity": "begun as the identity"}[start]: [
        [r[key] for r in report.history] for key in ("step", "psnr")
    ]
    for start, report in reports.items()
}
lines["bicubic"] = [0, recipe.steps], [bicubic_dB, bicubic_dB]
lines["best linear"] = [0, recipe.steps], [linear_dB, linear_dB]
srlab.figures.curves(
    lines,
    "step",
    "PSNR (dB)",
    "PSNR on held-out photographs: begun as the identity the network is soon more than "
    "half a decibel above bicubic, begun at random it is still below",
    size=(6, 2.8),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Begun as the identity, the network beats bicubic by more than 0.6 dB in seconds. Begun
# at random it is still below bicubic: it first has to learn to pass a picture on. Both
# are below the best linear filter, which least squares finds without a step. (Why does
# `fit` say 32.01 dB for bicubic, where the tables say 32.03? It shrinks the picture in
# colour and rounds it to 8 bits. Later tables cut another border: 32.00, or 31.99.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the class watch the live curve. The remedy here is a trick in the first weights.
# VDSR, in the next notebook, builds the identity into the network instead: the layers
# compute only the difference. That one change let networks grow from 3 layers to 20.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What patience brings
#
# The paper's networks took days on a GPU. The weights that come with the course had
# less; their card says what they had.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
card = srcnn.card
print(f"{card.model} {card.settings}: {card.parameters:,} weights")
print(f"{card.minutes} minutes on {card.device}. {card.note}")
print(card.data)


# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
def repaired(net, pictures=enlarged):
    """The network's results of pictures that were enlarged by bicubic."""
    with torch.inference_mode():
        return {n: net(z.float()).double() for n, z in pictures.items()}


results["SRCNN 9-1-5, live"] = repaired(nets["identity"])
results["SRCNN, shipped"] = repaired(srcnn.net)
means = scores()["mean"]
assert means["SRCNN, shipped"] > means["33 linear filters"]
assert means["SRCNN, shipped"] > means["best linear"] + 0.2
srlab.figures.table(scores(), "Held-out squares x2, protocol B, PSNR in dB")

# %% [markdown] slideshow={"slide_type": "fragment"}
# What non-linearity adds is, at most, the last row minus the second: weights that
# depend on what is seen. At most: the network also had more photographs, and reads a
# larger square. And it depends on the picture: on chelsea, all fur, hardly anything is
# added. Section 9 has the row on Set5.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The brake disc and the spokes once more, in luma. The linear filter sharpens, and
# roughens what lies beside the edges; the network's edges are as steep and smoother.
# The finest lines of the original are in none.

# %% slideshow={"slide_type": "-"}
names = "bicubic", "best linear", "SRCNN, shipped"
strip = {name: results[name]["motorcycle"].clamp(0, 1) for name in names}
srlab.show(
    {**strip, "original": lumas["motorcycle"]},
    crop=(130, 130, 48, 48),
    height=144,
    alt="Part of a motorcycle's wheel, brake disc and spokes: enlarged by bicubic, the "
    "linear filter and SRCNN, crisper each time; the original has finer lines",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Would it be better to repair red, green and blue, each by the same network? It is
# three times the work. Measured in RGB:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
rows = {}
for name in held_out:
    whole = square(name)
    few = srlab.imresize(whole, 1 / 2)
    big = srlab.imresize(few, 2)
    with torch.inference_mode():
        each = torch.cat([srcnn.net(channel) for channel in big.split(1, dim=1)], 1)
    made = {"bicubic": big, "luma repaired": srcnn(few), "R, G, B repaired": each}
    rows[name] = {way: psnr(whole, round8(z), border=4) for way, z in made.items()}
colour = pd.DataFrame(rows).T
assert (colour["luma repaired"] - colour["R, G, B repaired"]).abs().max() < 0.5
assert colour["luma repaired"].mean() > colour["R, G, B repaired"].mean()
assert (colour["luma repaired"] > colour["bicubic"] + 0.5).all()
srlab.figures.table(colour, "Squares x2, RGB PSNR in dB, border 4, rounded to 8 bits")

# %% [markdown] slideshow={"slide_type": "fragment"}
# It brings nothing: on the mean it is a little worse, on each square within half a
# decibel. The network was trained on luma, and chroma carries little error.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 What the filters see
#
# Half of the 64 filters of the first layer of the shipped network. They look like
# noise; one is a single bright weight.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
trained = srcnn.net
W1 = trained.extract.weight[:, 0]  # (64, 9, 9)
began = srlab.recipes.get("srcnn_x2", "short").net().extract.weight[:, 0].detach()
moved = (W1 - began).flatten(1).norm(dim=1)
order = moved.argsort(descending=True)  # what training changed most comes first
half = torch.cat([order[:31], order[-1:]])  # and the one that it changed least
srlab.show(
    tiled(W1[half], 16),
    cmap="gray",
    limits=(-1, 1),
    height=57,
    alt="Thirty-two filters of nine by nine weights, nearly all of them noise; one is "
    "a single bright weight at the centre",
)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.g")

# %% [markdown] slideshow={"slide_type": "subslide"}
# They look like noise because they began as noise: all but the one that passes the
# picture on. A recipe's first weights are the same each time, so we can subtract them.
# What training *added* are spots, some lines, and still much noise.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
alike = F.cosine_similarity(W1.flatten(1), began.flatten(1)).median().item()
assert 0.3 < alike < 0.99
srlab.show(
    tiled((W1 - began)[half], 16),
    cmap="gray",
    limits=(-1, 1),
    height=57,
    alt="The changes of the same filters: dark or bright spots near the centre, some "
    "lines, and noise",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Which filters does the network need? Let nobody read one of them, and measure again,
# on the wheel alone. This is the drop in dB, the largest first.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
wheel = (..., slice(90, 190), slice(70, 200))
piece, truth = enlarged["motorcycle"][wheel].float(), lumas["motorcycle"][wheel]
with torch.inference_mode():
    answers = trained.extract(piece).relu()  # (1, 64, 100, 130)


def without(k):
    """PSNR when the answers of filter k are set to zero."""
    heard = answers.clone()
    heard[:, k] = 0
    with torch.inference_mode():
        result = trained.reconstruct(trained.map(heard).relu())
    return psnr(truth, round8(result), border=8)


whole = psnr(truth, round8(trained(piece).detach()), border=8)
loss = torch.tensor([whole - without(k) for k in range(64)])
needed = loss.argsort(descending=True)
silent = int((answers.amax((0, 2, 3)) == 0).sum())
assert loss[needed[0]] > 10 and loss[needed[1]] < 2
print(f"never answering on this picture: {silent} of 64")
[round(loss[k].item(), 2) for k in needed[:6]]

# %% [markdown] slideshow={"slide_type": "fragment"}
# One filter carries the picture: without it, the result is dark. Each of the others
# matters little by itself, and some never answer. The paper, too, found dead filters.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The three filters that are needed most, and where the ReLU lets their answers through
# (bright). The first gives the picture. The second answers nearly everywhere, the third
# only at edges.


# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def brightened(answer):
    """(H, W) as an image, divided by nearly its largest value."""
    top = answer.flatten().quantile(0.99).clamp(min=1e-6)
    return (answer / top).clamp(0, 1)[None, None]


srlab.show(
    {f"filter {k}": brightened(answers[0, k]) for k in needed[:3].tolist()},
    height=100,
    alt="Three feature maps of a wheel: the first is the picture; the second is dark "
    "grey nearly everywhere, striped at edges; the third is black but for some edges",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Play: which filter answers where?
#
# Choose one of the 64 filters, the one that is needed most first, and a photograph.
# Which filters fire at edges of one direction only? Are there filters that never fire?


# %% slideshow={"slide_type": "skip"}
def look_at(rank, photograph):
    """What training added to a filter; a picture; the answer behind the ReLU."""
    k = needed[rank - 1]
    part = enlarged[photograph][..., 90:170, 70:174].float()
    with torch.inference_mode():
        answer = trained.extract(part)[0, k].relu()
    fires = 100 * (answer > 0).float().mean().item()
    added = (W1 - began)[k] / (W1 - began)[k].abs().max().clamp(min=1e-9)
    pattern = F.interpolate((0.5 + 0.5 * added)[None, None], size=(80, 80))
    row = torch.cat([pattern, part.clamp(0, 1), brightened(answer)], dim=-1)
    return row, f"it fires at {fires:.0f} % of the pixels"


tuple(look_at(1, "chelsea")[0].shape)

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
srlab.widgets.explore(
    look_at,
    twin=[{"rank": 2, "photograph": "coffee"}, {"rank": 3, "photograph": "coffee"}],
    alt="What training added to a filter, a photograph, and where the filter answers",
    rank=(1, 64, 1, 1),
    photograph=["coffee", "chelsea", "astronaut", "motorcycle"],
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Filters are worth a look, but do not read too much into them. The paper's filters,
# trained for days, are smoother. Leaving one out is the honest test of what a filter
# does for the result; it says that the work is shared by many.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 Learning rates
#
# The paper trains with gradient descent with momentum, at a rate of 1e-4 in the first
# two layers and a tenth of it in the last. It says that the smaller rate in the last
# layer is needed for convergence. Is it?

# %% slideshow={"slide_type": "-"}
srlab.ask("3.h")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Sixty steps each, begun as the identity; the loss is measured on crops that no step
# has seen, and given in dB. Bicubic on the same crops is the first number.


# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
begun = recipe.net().state_dict()
unseen = bank.batch(10_000, 48, 32)


def in_dB(net):
    with torch.inference_mode():
        return -10 * F.mse_loss(net(unseen[0]), unseen[1]).log10().item()


def sixty_steps(optimizer, rate, factor):
    net = srlab.models.SRCNN(f2=1)
    net.load_state_dict(begun)
    first, last = net.parameter_groups()
    groups = first | {"lr": rate}, last | {"lr": rate * factor}
    steps = optimizer(groups)
    for step in range(run.pick(fast=60, full=60, rehearse=2)):
        x, y = bank.batch(step, 8, 32)
        loss = F.mse_loss(net(x), y)
        steps.zero_grad()
        loss.backward()
        steps.step()
    return in_dB(net)


round(in_dB(nn.Identity()), 2)


# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
def momentum(groups):
    return torch.optim.SGD(groups, momentum=0.9)


ways = [(momentum, "SGD", r) for r in (0.003, 0.01, 0.03)]
ways += [(torch.optim.Adam, "Adam", r) for r in (0.001, 0.01)]
rates = pd.DataFrame([
    {
        "optimizer": name, "rate": rate,
        "all layers": sixty_steps(optimizer, rate, 1),
        "last layer a tenth": sixty_steps(optimizer, rate, 0.1),
    }
    for optimizer, name, rate in ways
])  # fmt: skip
tenth, whole = rates["last layer a tenth"], rates["all layers"].fillna(-99)
base = in_dB(nn.Identity())
assert run.rehearse or (tenth[2] > base > whole[2] and tenth[4] > whole[4] + 0.5)
assert run.rehearse or abs(tenth.max() - whole.max()) + abs(tenth[3] - whole[3]) < 0.1
srlab.figures.table(rates, "After 60 steps, in dB", digits={"rate": 3})

# %% [markdown] slideshow={"slide_type": "fragment"}
# With SGD at small rates the tenth only slows down; with Adam at its small rate it
# hardly matters. At large rates it prevents the explosion (no number, or one far below
# bicubic). After 60 steps the best of both columns are equal, within some hundredths:
# the factor buys larger steps for the rest; a smaller rate for all does as well.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Why the last layer? All its inputs are behind a ReLU: none is negative, so their mean
# is far from zero, and all weights pull in the same direction, the brightness. That is
# the steep direction of section 3 again. The recipes keep the paper's tenth.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 Another kind of small picture
#
# The network saw small pictures that MATLAB's bicubic made. The paper writes that it
# blurs with a Gaussian and drops pixels. What if a network meets pictures that were
# made in another way than those it learned from?

# %% slideshow={"slide_type": "-"}
srlab.ask("3.i")

# %% slideshow={"slide_type": "subslide"}
from scipy.ndimage import gaussian_filter


def blurred_and_dropped(y, sigma):
    """A Gaussian blur of sigma pixels, then every second pixel is kept."""
    blurred = torch.from_numpy(gaussian_filter(y.numpy(), (0, 0, sigma, sigma)))
    return blurred[..., ::2, ::2]


def read_at_their_places(small):
    """Bicubic enlargement that puts small pixel i on big pixel 2 i, where it was."""
    for _ in range(2):  # along the rows, then rows become columns: twice
        places = torch.arange(2 * small.shape[-1]) / 2
        small = srlab.resample.resample_1d(small, places).mT
    return small


tuple(read_at_their_places(blurred_and_dropped(lumas["coffee"], 1.0)).shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Five kinds of small picture, each enlarged by bicubic, and then repaired by the
# shipped network. Dropping shifts the grid by half a pixel. In the last three rows this
# is undone before the network sees the picture (exercise 2.3); only the blur differs.

# %% slideshow={"slide_type": "skip"}
ways = {"bicubic LR, as trained": lambda y: srlab.imresize(srlab.imresize(y, 1 / 2), 2)}
ways["sigma 1.0, shifted"] = lambda y: srlab.imresize(blurred_and_dropped(y, 1.0), 2)
for sigma in (0.5, 1.0, 1.5):
    ways[f"sigma {sigma}, shift undone"] = lambda y, sigma=sigma: read_at_their_places(
        blurred_and_dropped(y, sigma)
    )
list(ways)

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
rows = {}
for way, make in ways.items():
    made = {n: make(lumas[n]) for n in held_out}
    rows[way] = {
        what: sum(psnr(lumas[n], round8(images[n]), border=8) for n in held_out) / 4
        for what, images in (("bicubic", made), ("SRCNN", repaired(trained, made)))
    }
mismatch = pd.DataFrame(rows).T
mismatch["gain"] = mismatch["SRCNN"] - mismatch["bicubic"]
as_trained, shifted, less, more, most = mismatch["gain"]
assert as_trained > 1 > 0 > less and as_trained > more > most and as_trained > shifted
assert mismatch["SRCNN"].iloc[1] < mismatch["bicubic"].iloc[0] - 2
assert mismatch["SRCNN"].iloc[1] < mismatch["SRCNN"].iloc[0] - 4
srlab.figures.table(mismatch, "Held-out squares x2, luma, border 8, PSNR in dB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Blurred and dropped as the paper's text says, with the shift left in, the network
# loses more than 4 dB: its result is more than 2 dB below plain bicubic of the small
# pictures it was trained on. Blurred less than it learned, it over-sharpens, and is
# worse than doing nothing. Blurred more, it leaves blur behind. A network knows the
# small pictures it was trained on, and the table of a paper is measured on just those.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is it the network, or is the information gone? Fit a linear filter to each kind of
# small picture, and test it on both. It takes seconds.


# %% slideshow={"slide_type": "-"}
def pairs_from(y, shrink):
    """As `pairs`, for any way to shrink."""
    small = F.pad(shrink(y), (3, 3, 3, 3), mode="replicate")
    return F.unfold(small, 7)[0].T, F.pixel_unshuffle(y, 2)[0].flatten(1).T


def fitted(shrink):
    A, B = torch.zeros(49, 49).double(), torch.zeros(49, 4).double()
    for name in training:
        P, T = pairs_from(lumas[name], shrink)
        A, B = A + P.T @ P, B + P.T @ T
    return torch.linalg.solve(A + 1e-3 * torch.eye(49), B)


shrinks = {
    "bicubic": lambda y: srlab.imresize(y, 1 / 2),
    "blur and drop": lambda y: blurred_and_dropped(y, 1.0),
}
filters = {name: fitted(shrink) for name, shrink in shrinks.items()}
assert torch.allclose(filters["bicubic"], linear)
list(filters)


# %% slideshow={"slide_type": "subslide"}
def tested(w, shrink):
    """Mean PSNR in dB of a filter on small pictures of one kind."""
    ys = [lumas[name] for name in held_out]
    made = [joined(pairs_from(y, shrink)[0] @ w, y) for y in ys]
    return sum(psnr(y, round8(z), border=4) for y, z in zip(ys, made, strict=True)) / 4


table = {
    f"trained on {one}": {f"tested on {k}": tested(w, s) for k, s in shrinks.items()}
    for one, w in filters.items()
}
crossed = pd.DataFrame(table).T
own = crossed.to_numpy().diagonal()
assert (own - crossed.min(axis=1) > 2).all() and abs(own[0] - own[1]) < 1
title = "A linear filter, sigma 1.0, luma, border 4, PSNR in dB"
srlab.figures.table(crossed, title)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the pictures it was fitted to, each is good; on the other kind, decibels are lost.
# The information is there. The training decides which pictures it serves: notebooks 08
# and 09 begin here.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The paper's text describes blur and drop, but its published bicubic row is MATLAB's
# imresize to the last digit (notebook 02), and so is its demo. Our row is trained and
# measured on bicubic small pictures, as the table is. Say which one you use: it is the
# most common reason for a network that "does not work" on somebody's photographs.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 The published table
#
# SRCNN's paper compares six methods with bicubic on Set5, by six measures at three
# scales. Nothing in this table is ours: from `data/results`, with its source. (x4 is
# printed as 30.49 here and as 30.48 in VDSR's table, which section 1 and the last table
# of this section use.)

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
printed = srlab.evaluation.results("srcnn_table")
decibels = printed[printed["metric"].isin(["PSNR", "WPSNR", "NQM", "IFC"])]
srlab.figures.table(decibels.reset_index(drop=True), "Set5, as printed (PSNR to WPSNR)")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
likeness = printed[printed["metric"].isin(["SSIM", "MSSSIM"])].reset_index(drop=True)
srlab.figures.table(likeness, "Set5, as printed (SSIM and MS-SSIM)", digits=4)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - **SC** (Yang and others, 2010): sparse coding, a small patch as a sum of few pieces
#   of a dictionary, the large patch as the same sum of larger pieces.
# - **NE+LLE** (Chang and others, 2004): the weighted mean of the nearest known patches.
# - **KK** (Kim and Kwon, 2010): regression with kernels.
# - **ANR** and **A+** (Timofte and others, 2013 and 2014): a linear map for each
#   anchor, as in section 2.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("3.j")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The lecture that this part follows shows this table too. Let the class count the rows
# before you go on.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Who wins how many of the 18 rows?

# %% slideshow={"slide_type": "-"}
methods = list(printed.columns[2:])
winner = printed[methods].idxmax(axis=1)
wins = pd.crosstab(printed["metric"], winner).loc[printed["metric"].unique()]
assert wins["A+"].sum() == 11 and wins["SRCNN"].sum() == 7 and len(printed) == 18
assert wins["SRCNN"]["PSNR"] == 3 and wins["A+"]["IFC"] == wins["A+"]["NQM"] == 3
wins.loc["in all"] = wins.sum()
srlab.figures.table(wins, "Rows won, by measure")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A+ wins 11 rows and SRCNN 7. SRCNN wins all three rows of PSNR, which is what it was
# trained for, and none of IFC and NQM.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### IFC, NQM, WPSNR
#
# - **IFC**, the information fidelity criterion (Sheikh and others, 2005): how many bits
#   the result still tells about the original, band by band, if photographs behave like
#   a certain random field. It has no upper end. VIF divides it by what the original
#   tells about itself; `srlab.metrics.vifp` (notebook 01) is its pixel version.
# - **NQM**, the noise quality measure (Damera-Venkata and others, 2000): the ratio of
#   signal to noise in dB, both seen through a model of the eye, with its contrast
#   sensitivity and its masking. It was made to judge noise apart from blur; tables like
#   this one give it the result and the original, so that blur counts as noise.
# - **WPSNR**: PSNR of an error that was first weighted by what the eye sees at each
#   frequency.

# %% [markdown] slideshow={"slide_type": "subslide"}
# A WPSNR of our own, with the contrast sensitivity of Mannos and Sakrison (1974): the
# fastest wave that pixels can show is set to 60 cycles a degree, a picture seen from
# afar. There the eye sees little, so fine errors hardly count.


# %% slideshow={"slide_type": "-"}
def sensitivity(h, w, fastest=60):
    """How well waves are seen, (h, w), in the order of torch.fft.fft2."""
    f = torch.hypot(torch.fft.fftfreq(h)[:, None], torch.fft.fftfreq(w)[None])
    f = 2 * fastest * f.double()  # cycles per degree
    seen = 2.6 * (0.0192 + 0.114 * f) * torch.exp(-((0.114 * f) ** 1.1))
    return torch.where(f < 8, seen.max(), seen)  # slow waves count in full


def weighted_psnr(y, z):
    error = torch.fft.fft2(round8(z) - y) * sensitivity(*y.shape[-2:])
    return -10 * torch.fft.ifft2(error).real.square().mean().log10().item()


round(weighted_psnr(lumas["coffee"], enlarged["coffee"]), 2)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same results by four measures, means of the four held-out squares.

# %% slideshow={"slide_type": "skip"}
measures = {
    "PSNR": psnr,
    "WPSNR": weighted_psnr,
    "SSIM": srlab.metrics.ssim,
    "MS-SSIM": srlab.metrics.ms_ssim,
}
shown = "bicubic", "best linear", "33 linear filters", "SRCNN, shipped"
list(measures)

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
measured = pd.DataFrame({
    what: {
        way: sum(one(lumas[n], round8(results[way][n])) for n in held_out) / 4
        for way in shown
    }
    for what, one in measures.items()
})  # fmt: skip
assert (measured.loc["SRCNN, shipped"] > measured.loc["bicubic"]).all()
gained = measured - measured.loc["bicubic"]
share = (gained.loc["best linear"] / gained.loc["SRCNN, shipped"]).to_dict()
assert share["PSNR"] < 0.8 < share["WPSNR"] and gained["WPSNR"].iloc[1] > 4
digits = {"PSNR": 2, "WPSNR": 2, "SSIM": 4, "MS-SSIM": 5}
title = "Held-out squares x2, luma, border not cut"
srlab.figures.table(measured, title, digits=digits)

# %% [markdown] slideshow={"slide_type": "fragment"}
# By PSNR the network adds much to the linear filter; by WPSNR nearly all of the gain is
# there with the linear one. What the network adds lies in fine detail, which is just
# what this weighting leaves out. A measure decides what counts as better.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Our row
#
# The shipped networks on Set5 under protocol B, beside the paper's row (9-5-5,
# ImageNet, days of training). From `data/results`; `make bench` measures them anew.

# %% slideshow={"slide_type": "-"} tags=["hide-input", "nbval-ignore-output"]
rows = srlab.evaluation.results("model_rows")
rows = rows[rows["name"].str.startswith("srcnn") & (rows["set_name"] == "Set5")]
rows = rows[["name", "scale", "psnr", "published_psnr", "ssim", "published_ssim"]]
rows = rows.merge(t91[["scale", "bicubic", "linear"]], on="scale")
assert (rows["psnr"] > rows["linear"]).all()
srlab.figures.table(
    rows.rename(columns={"linear": "best linear"}),
    "Set5, protocol B, PSNR in dB (from data/results)",
    digits={"ssim": 4, "published_ssim": 4},
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The paper's network, on a GPU.** In full mode this cell trains 9-5-5 from BSDS500
# and T91 and measures it. In a rehearsal it takes two steps. In fast mode the weights
# that come with the course take its place, and the cell says what they are; its row is
# then of two crops of 64 x 64: a test that it runs, not a result.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
paper = srlab.recipes.get("srcnn_x2", "rehearse" if run.rehearse else "full")
sets = [name for name in ("BSDS500_train", "T91", "Set5") if srlab.datasets.find(name)]
if run.rehearse or (run.full and len(sets) == 3):
    net = paper.net()
    folder = None if run.rehearse else "runs/srcnn_x2"
    print(srlab.training.fit(net, paper, folder=folder, device=run.device))
    restorer = srlab.models.restorer(net.cpu(), scale=2)
else:
    print(f"not trained here ({run.mode} mode). Shipped: {card.recipe}, {card.note}")
    restorer = srcnn
tiny = {name: srlab.photo(name)[..., 100:164, 100:164] for name in held_out[:2]}
where, name = ("Set5", "srcnn") if run.full and "Set5" in sets else (tiny, None)
print(srlab.evaluation.benchmark(restorer, where, 2, name=name, protocol="B"))
{key: getattr(paper, key) for key in ("steps", "batch", "patch", "settings")}

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Losing 11 rows is no shame for SRCNN: it was the first of its kind, and much of what
# came after grew from it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Four functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("3.1")` gives the first of three hints, the next call the second.
# `srlab.solution("3.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Exercise 3.1 takes five minutes, 3.2 fifteen, 3.3 ten, 3.4 fifteen. In a lecture, do
# 3.3 together at the board, and let the class find out in 3.4 what the ReLU takes away.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3.1 Count
#
# For a net f1-f2-f3 with `n1` and `n2` filters in the first two layers, return two
# whole numbers: how many numbers it learns, and the side of its receptive field.


# %% slideshow={"slide_type": "-"}
def count(f1, f2, f3, n1, n2):
    raise NotImplementedError  # your code


checked_count = srlab.check("3.1", count)
checked_count

# %% [markdown] slideshow={"slide_type": "subslide"}
# With it, the paper's variants, and the multiply-adds of a picture of 1280 x 720
# (without the 97 biases: 64 + 32 + 1):

# %% slideshow={"slide_type": "-"}
variants = {
    f"{f1}-{f2}-{f3}": checked_count.use(f1, f2, f3, 64, 32)
    for f1, f2, f3 in ((9, 1, 5), (9, 3, 5), (9, 5, 5))
}
frame = pd.DataFrame(variants, index=["weights", "receptive field"]).T
frame["multiply-adds (billions)"] = (frame["weights"] - 97) * 1280 * 720 / 1e9
assert frame["multiply-adds (billions)"].round(1).tolist() == [7.4, 22.5, 52.7]
srlab.figures.table(frame, "SRCNN's variants", digits=1)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3.2 A gradient by hand
#
# The loss is `F.mse_loss(F.conv2d(x, w), y)`: `x` is `(B, 1, H, W)`, the filter `w` is
# `(1, 1, k, k)`, `y` is `(B, 1, H - k + 1, W - k + 1)`. Return its gradient by `w`, of
# the shape of `w`, without `backward`.


# %% slideshow={"slide_type": "-"}
def slopes(x, y, w):
    raise NotImplementedError  # your code


checked_slopes = srlab.check("3.2", slopes)
checked_slopes

# %% [markdown] slideshow={"slide_type": "subslide"}
# With your gradient (or, until it is right, the solution's) the loop of section 3 runs
# without `backward`:

# %% slideshow={"slide_type": "-"}
few, true = bank.batch(0, 16, 32)
true, w = true[..., 4:-4, 4:-4], identity().detach()
before = F.mse_loss(F.conv2d(few, w), true).item()
for _ in range(20):
    w = w - 0.04 * torch.as_tensor(checked_slopes.use(few, true, w))
after = F.mse_loss(F.conv2d(few, w), true).item()
assert after < before
f"{before:.7f} to {after:.7f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3.3 The identity
#
# Set the weights of a net like `ThreeLayers` (of any sizes) so that it gives its input
# back, border included. Change `net.extract`, `net.map` and `net.reconstruct` inside
# `torch.no_grad()`, and return the net. The picture is in $[0, 1]$.


# %% slideshow={"slide_type": "-"}
def make_identity(net):
    raise NotImplementedError  # your code


checked_identity = srlab.check("3.3", make_identity)
checked_identity

# %% [markdown] slideshow={"slide_type": "subslide"}
# A fresh net, and the same net as the identity: what each makes of bicubic's result.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
results["fresh"] = repaired(ThreeLayers())
results["as the identity"] = repaired(checked_identity.use(ThreeLayers()))
last = scores()["mean"]
assert abs(last["as the identity"] - bicubic_dB) < 0.01 and last["fresh"] < 20
last[["bicubic", "fresh", "as the identity"]].round(2).to_dict()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3.4 A linear filter inside
#
# Now let the net apply a given linear filter `w`, a tensor `(f1, f1)`, with zeros
# beyond the border: `F.conv2d(x, w[None, None], padding=f1 // 2)`. The picture is in
# $[0, 1]$; the answers may be negative, and as large as the weights of `w` make them.


# %% slideshow={"slide_type": "-"}
def hold_filter(net, w):
    raise NotImplementedError  # your code


checked_filter = srlab.check("3.4", hold_filter)
checked_filter

# %% [markdown] slideshow={"slide_type": "subslide"}
# Put the least squares filter of section 3 into an SRCNN: before its first step it is
# as good as the best linear filter of its size. (Eight border pixels are cut: its zeros
# beyond the border cost something there.)

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
ways = {
    "bicubic": enlarged,
    "the filter": repaired(lambda y: F.conv2d(y, exact, padding=4)),
    "SRCNN, no step made": repaired(checked_filter.use(ThreeLayers(), exact[0, 0])),
}
inner = {
    way: sum(psnr(lumas[n], round8(images[n]), border=8) for n in held_out) / 4
    for way, images in ways.items()
}
assert abs(inner["SRCNN, no step made"] - inner["the filter"]) < 0.01
assert inner["the filter"] > inner["bicubic"] + 0.8
{name: round(value, 2) for name, value in inner.items()}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(3)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - The best linear filter has about half of SRCNN's gain (at x2 more, at x3 and x4 a
#   little less), and needs seconds. Compare a network with it, not with bicubic alone.
# - What a network adds is weights that depend on what is seen. Without a ReLU between
#   them, layers are one linear filter.
# - The loop is four lines: loss, gradient, step, again. The first weights and the rates
#   decide whether it works.
# - SRCNN is patch extraction, mapping and reconstruction: 8,129 weights as 9-1-5,
#   57,281 as 9-5-5; it sees 13 or 17 pixels.
# - Begun as the identity it beats bicubic in seconds; begun at random not yet, after
#   500 steps.
# - A network knows the small pictures it was trained on. Others cost decibels.
# - In the published table A+ wins 11 rows and SRCNN 7: name the measure with the
#   winner.
#
# Next: notebook 04 makes networks deeper, and moves the work to the small picture.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "least squares, convolution, feature map, bias, ReLU, receptive field, loss "
    "function, gradient, backpropagation, finite difference, learning rate, gradient "
    "descent, momentum, Adam, batch, initialisation, moving average of weights, "
    "anchored regression, IFC, NQM, WPSNR, MS-SSIM"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# The course grew out of five documents; 003 is a lecture on image enhancement.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("03")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - C. Dong, C. C. Loy, K. He, X. Tang, "Image super-resolution using deep convolutional
#   networks" (SRCNN), TPAMI 2016, [arXiv:1501.00092](https://arxiv.org/abs/1501.00092).
#   The table in section 9 is its table of Set5.
# - R. Timofte, V. De Smet, L. Van Gool, "Anchored neighborhood regression for fast
#   example-based super-resolution" (ANR), ICCV 2013,
#   [doi:10.1109/ICCV.2013.241](https://doi.org/10.1109/ICCV.2013.241).
# - R. Timofte, V. De Smet, L. Van Gool, "A+: adjusted anchored neighborhood regression
#   for fast super-resolution", ACCV 2014,
#   [doi:10.1007/978-3-319-16817-3_8](https://doi.org/10.1007/978-3-319-16817-3_8).
# - J. Yang, J. Wright, T. Huang, Y. Ma, "Image super-resolution via sparse
#   representation" (SC), IEEE Trans. Image Processing 19(11), 2010,
#   [doi:10.1109/TIP.2010.2050625](https://doi.org/10.1109/TIP.2010.2050625).
# - H. Chang, D.-Y. Yeung, Y. Xiong, "Super-resolution through neighbor embedding"
#   (NE+LLE), CVPR 2004.
# - K. I. Kim, Y. Kwon, "Single-image super-resolution using sparse regression and
#   natural image prior" (KK), TPAMI 32(6), 2010,
#   [doi:10.1109/TPAMI.2010.25](https://doi.org/10.1109/TPAMI.2010.25).
# - D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015,
#   [arXiv:1412.6980](https://arxiv.org/abs/1412.6980).
# - H. R. Sheikh, A. C. Bovik, G. de Veciana, "An information fidelity criterion for
#   image quality assessment using natural scene statistics" (IFC), IEEE Trans. Image
#   Processing 14(12), 2005,
#   [doi:10.1109/TIP.2005.859389](https://doi.org/10.1109/TIP.2005.859389).
# - N. Damera-Venkata, T. Kite, W. Geisler, B. Evans, A. Bovik, "Image quality
#   assessment based on a degradation model" (NQM), IEEE Trans. Image Processing 9(4),
#   2000, [doi:10.1109/83.841940](https://doi.org/10.1109/83.841940).
# - J. Mannos, D. Sakrison, "The effects of a visual fidelity criterion on the encoding
#   of images", IEEE Trans. Information Theory 20(4), 1974,
#   [doi:10.1109/TIT.1974.1055250](https://doi.org/10.1109/TIT.1974.1055250).
# - C.-Y. Yang, C. Ma, M.-H. Yang, "Single-image super-resolution: a benchmark", ECCV
#   2014,
#   [doi:10.1007/978-3-319-10593-2_25](https://doi.org/10.1007/978-3-319-10593-2_25).
