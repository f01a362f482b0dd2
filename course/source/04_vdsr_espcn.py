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
# # 04 VDSR and ESPCN
#
# Two papers of 2016 answered two complaints about SRCNN. VDSR: why does a deeper
# network not do better? ESPCN: why is it so slow? Here is one small picture, enlarged
# three times by bicubic, by both networks (short runs: their cards are read in
# sections 4 and 7), and the original.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import srlab

photo = srlab.images.crop_to_multiple(srlab.photo("coffee"), 12)  # (1, 3, 396, 600)
small = srlab.imresize(photo, scale=1 / 3)
made = {
    "bicubic": srlab.imresize(small, scale=3).clamp(0, 1),
    "ESPCN": srlab.load("espcn_x3")(small).clamp(0, 1),
    "VDSR": srlab.load("vdsr", scale=3)(small).clamp(0, 1),
}
srlab.show(
    {**made, "original": photo},
    crop=(280, 128, 88, 88),
    height=176,
    alt="The rim of a red saucer enlarged three times: its white line is a staircase "
    "with bicubic, a clean line with ESPCN and VDSR, a finer one in the original",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask which of the middle two is better, and let the room disagree: in a still picture
# they are close. At the papers' sizes one of them computes more than two hundred times
# as much as the other: that is the second half of the notebook. The first half is how
# the deep one learns at all.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - say why SRCNN's authors gained nothing from more layers, and what changed by 2016;
# - build VDSR, and show that a plain net of the same size learns far more slowly, the
#   more so the deeper it is;
# - train at a rate at which plain SGD explodes, and say what adjustable clipping bounds
#   and what a norm clip bounds;
# - use one network for three scales, and say what that costs;
# - shuffle channels into pixels by reshape and permute, and show that it is a
#   transposed convolution;
# - count multiply-adds by hand, and read a table of running times with suspicion.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebook 03: convolution, autograd, SRCNN. Notebook 02: bicubic, phases.
# - No network and no GPU is needed. All photographs come with the libraries.
#
# ## Time
#
# About two hours and a half to work through, 40 minutes of it exercises. To run all
# cells: minutes on two CPU cores: 2, on one GPU: 1. In full mode section 4 trains VDSR
# as the paper did, which takes a GPU.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import matplotlib.pyplot as plt
import pandas as pd
import torch

run = srlab.setup("04")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 Why deeper was not better
#
# The authors of SRCNN tried. They added layers and found little or nothing gained; some
# of the deeper nets were worse. In their experiments deeper was not better, perhaps, as
# they say, because deep nets are hard to train. Two years later VDSR had twenty layers
# and won by almost a decibel. First: what would depth bring?

# %% slideshow={"slide_type": "fragment"}
srlab.ask("4.a")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Depth sees further
#
# The **receptive field** of an output pixel is the part of the input that can change
# it. Each layer of 3 x 3 adds one pixel on every side: $D$ layers see $2D + 1$ pixels.
# Ask autograd whether that is so: which input pixels have a gradient?


# %% slideshow={"slide_type": "-"}
def reach(net):
    """Side of the square of input pixels that the middle output pixel depends on."""
    for p in net.parameters():
        p.data.abs_()  # so that nothing cancels and no ReLU is shut
    x = torch.rand(1, 1, 63, 63, requires_grad=True)
    net(x)[0, 0, 31, 31].backward()
    return int((x.grad[0, 0] != 0).any(dim=0).sum())


nets = {"SRCNN 9-1-5": srlab.models.SRCNN(f2=1), "SRCNN 9-5-5": srlab.models.SRCNN()}
nets |= {f"VDSR, depth {d}": srlab.models.VDSR(depth=d, width=4) for d in (5, 10, 20)}
reached = {name: reach(net) for name, net in nets.items()}
assert list(reached.values()) == [13, 17, 11, 21, 41]
reached

# %% [markdown] slideshow={"slide_type": "fragment"}
# At x4 a detail of ten pixels in the small picture is forty pixels wide in the large
# one. SRCNN, 13 pixels wide, never sees it whole; VDSR's 41 do.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# VDSR's paper compares 41 with 13, the receptive field of the small SRCNN. Depth has a
# second virtue: nineteen non-linearities instead of two. Ask what the price is: the
# next two slides are two ways in which depth goes wrong.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("4.b")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### First trouble: the signal dies, or explodes
#
# A part of a photograph goes through twenty layers of 64 channels with random weights;
# after each ReLU we look at the standard deviation of the features. The weights have
# the deviation 0.001 (SRCNN's), or 0.1, or He's (2015): the root of $2/n$, where $n$
# is the number of products that make one output. (A sum of $n$ products with random
# signs is about $\sqrt n$ times as large as one of them. ReLU throws half of it away,
# and the 2 makes up for that.)


# %% slideshow={"slide_type": "-"}
def deviations(std, layers=20, width=64):
    """Of the features after each layer; std(n) is the deviation of the weights."""
    g = torch.Generator().manual_seed(4)
    features = patch
    spread = []
    for _ in range(layers):
        inputs = features.shape[1]
        w = torch.randn(width, inputs, 3, 3, generator=g) * std(9 * inputs)
        features = torch.conv2d(features, w.double(), padding=1).relu()
        spread.append(features.std().item())
    return spread


patch = srlab.images.luma(photo)[..., 200:248, 400:448].double()  # (1, 1, 48, 48)
starts = {"0.001": lambda n: 0.001, "0.1": lambda n: 0.1}
starts["He"] = lambda n: (2 / n) ** 0.5
spread = {name: deviations(std) for name, std in starts.items()}
step = {name: (s[-1] / s[0]) ** (1 / 19) for name, s in spread.items()}
assert step["0.001"] < 0.03 and step["0.1"] > 1.5 and 0.85 < step["He"] < 1.1
{name: f"x {value:.2f} a layer" for name, value in step.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# With 0.001 nothing is left after a few layers, and gradients, which come back through
# the same weights, die too. With 0.1 everything grows more than ten thousand times.
# He's rule keeps the signal alive. VDSR begins so: the first trouble is mended.

# %% slideshow={"slide_type": "-"}
srlab.figures.curves(
    {name: (range(1, 21), values) for name, values in spread.items()},
    "layer",
    "deviation of features",
    "Deviation of the features over twenty layers, on a logarithmic axis: with weights "
    "of 0.001 it falls by more than thirty powers of ten, with 0.1 it grows, with He's "
    "rule it stays",
    log="y",
    size=(6.5, 3),
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# This is the vanishing signal in its plainest form: a number below one, to the
# twentieth power. He's paper is from 2015, SRCNN from 2014. It is fair to say that
# SRCNN's authors could not have trained a deep net with the recipe they had.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Second trouble: the picture must be carried to the end
#
# Call the enlarged picture $x$ and the original $y$. A plain network must output $y$,
# all of it. But most of $y$ is already in $x$. What is left is the **residual**
# $r = y - x$.


# %% slideshow={"slide_type": "-"}
def pair(name, scale):
    """(enlarged, original) luma of a photograph, (1, 1, H, W) each."""
    y = srlab.images.crop_to_multiple(srlab.images.luma(srlab.photo(name)), scale)
    return srlab.imresize(srlab.imresize(y, 1 / scale), scale).clamp(0, 1), y


held_out = srlab.training.held_out()  # no network of the course trains on these
rows = {}
for name in held_out:
    x, y = pair(name, 2)
    r = 255 * (y - x)  # in grey levels
    rows[name] = {"of y": 255 * y.std().item(), "of r": r.std().item()}
    rows[name]["|r| < 4"] = 100 * (r.abs() < 4).float().mean().item()
spreads = pd.DataFrame(rows).T
assert (spreads["of y"] / spreads["of r"]).between(6, 10).all()
assert spreads["|r| < 4"].min() > 65
title = "x2: standard deviation in grey levels, and share of small residuals"
srlab.figures.table(spreads, title, {"|r| < 4": "%"}, digits=1)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The residual is six to ten times smaller than the picture, and less than four grey
# levels on two thirds of the pixels and more. Here it is drawn four times as strong.

# %% slideshow={"slide_type": "-"}
x, y = pair("motorcycle", 2)
srlab.show(
    {"x, bicubic": x, "4 r": (0.5 + 4 * (y - x)).clamp(0, 1), "y, original": y},
    crop=(310, 548, 88, 88),
    height=176,
    alt="A wheel enlarged by bicubic, the residual, which is grey but for thin lines "
    "along edges and spokes, and the original",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 Learn the residual
#
# VDSR's cure is one plus sign: let the network compute the residual, and add the input.
#
# $$\hat y = x + f(x)$$
#
# Here are both kinds of net in one class: convolutions of 3 x 3 without biases, ReLU
# between them, He's first weights. The last layer begins near zero, so that a fresh
# residual net *is* bicubic. (That is our choice, not He's rule.)


# %% slideshow={"slide_type": "subslide"}
from itertools import pairwise


class Deep(torch.nn.Module):
    def __init__(self, depth, width, residual=True):
        super().__init__()
        sizes = pairwise([1, *[width] * (depth - 1), 1])
        layer = torch.nn.Conv2d
        self.layers = torch.nn.ModuleList(
            layer(a, b, 3, padding=1, bias=False) for a, b in sizes
        )
        self.residual = residual
        for one in self.layers[:-1]:
            torch.nn.init.kaiming_normal_(one.weight)
        torch.nn.init.normal_(self.layers[-1].weight, std=1e-3)

    def forward(self, x):  # (B, 1, H, W) -> (B, 1, H, W)
        features = x
        for one in self.layers[:-1]:
            features = one(features).relu()  # (B, width, H, W)
        out = self.layers[-1](features)
        return x + out if self.residual else out


[tuple(p.shape) for p in Deep(depth=3, width=2).parameters()]

# %% [markdown] slideshow={"slide_type": "subslide"}
# How many weights has it at the paper's size, twenty layers of 64 channels?

# %% slideshow={"slide_type": "-"}
net = Deep(depth=20, width=64)
parameters = sum(p.numel() for p in net.parameters())
assert parameters == 9 * 64 + 18 * 9 * 64 * 64 + 9 * 64 == 664_704
f"{parameters:,} weights: 9 x 64, eighteen times 9 x 64 x 64, and 9 x 64"

# %% [markdown] slideshow={"slide_type": "subslide"}
# At that size this *is* the package's `VDSR`: same weights in, same numbers out.

# %% slideshow={"slide_type": "-"}
theirs = srlab.models.VDSR()  # depth 20, width 64
for ours, p in zip(net.parameters(), theirs.parameters(), strict=True):
    p.data.copy_(ours.data)
sample = torch.rand(1, 1, 37, 53, generator=run.generator)
with torch.no_grad():
    difference = (net(sample) - theirs(sample)).abs().max().item()
assert difference < 1e-4
f"largest difference below 1e-4: {difference < 1e-4}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Crops to train on, crops to measure on
#
# Six photographs to learn from, four others to measure on; 24 x 24 pixels a crop, eight
# crops a step. The measure is the mean PSNR on the middle 96 x 96 pixels of the four.

# %% slideshow={"slide_type": "-"}
names = ("china", "flower", "grace_hopper", "coins", "camera", "rocket")
to8 = srlab.images.to_uint8


def bank(*scales):
    """Pairs of whole pictures; bank.batch(step, 8, 24) cuts crops out of them."""
    pairs = [pair(name, s) for s in scales for name in names]
    return srlab.training.Bank([(to8(x)[0], to8(y)[0]) for x, y in pairs])


def middle(name, scale):
    x, y = pair(name, scale)
    top, left = (x.shape[-2] - 96) // 2, (x.shape[-1] - 96) // 2
    return [image[..., top : top + 96, left : left + 96] for image in (x, y)]


crops = bank(2)
tests = {
    s: [torch.cat(part) for part in zip(*(middle(n, s) for n in held_out), strict=True)]
    for s in (2, 3, 4)
}
[tuple(part.shape) for part in (*crops.batch(0, 8, 24), *tests[2])]


# %% slideshow={"slide_type": "subslide"}
def dB(net, scale=2):
    """Mean PSNR on the four held-out photographs."""
    x, y = tests[scale]
    with torch.no_grad():
        z = net(x).nan_to_num(0).clamp(0, 1)
    pairs = zip(z, y, strict=True)
    return sum(srlab.metrics.psnr(a[None], b[None], scale) for a, b in pairs) / len(y)


bicubic = {s: dB(lambda x: x, s) for s in tests}
assert 31 < bicubic[2] < 31.5 and bicubic[2] > bicubic[3] > bicubic[4]
{f"x{s}": f"{value:.2f} dB" for s, value in bicubic.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The loop
#
# The loss is the paper's: half the squared error, **summed** over a crop, mean over the
# crops. `clip` is for section 3.


# %% slideshow={"slide_type": "-"}
def train(net, optimizer, crops, steps, clip=None, seen=None):
    """Change net in place; gives the losses, and stops when they are no number."""
    losses = []
    for step in range(run.pick(fast=steps, full=steps, rehearse=2)):
        x, y = crops.batch(step, 8, 24)
        loss = ((net(x) - y) ** 2).sum(dim=(1, 2, 3)).mean() / 2
        optimizer.zero_grad()
        loss.backward()
        if clip:
            clip(list(net.parameters()), optimizer.param_groups[0]["lr"])
        optimizer.step()
        losses.append(loss.item())
        if seen is not None and step % 10 == 9:
            seen.append((step + 1, dB(net)))
        if not loss.isfinite():
            break
    return losses


tuple(crops.batch(0, 8, 24)[0].shape)


# %% slideshow={"slide_type": "subslide"}
def fresh(depth, width=16, residual=True, seed=0):
    torch.manual_seed(seed)
    return Deep(depth, width, residual)


kinds = {"residual": True, "plain": False}
begin = {kind: dB(fresh(10, residual=r)) for kind, r in kinds.items()}
assert abs(begin["residual"] - bicubic[2]) < 0.1 and begin["plain"] < 10
{f"{kind}, fresh": f"{value:.1f} dB" for kind, value in begin.items()}

# %% slideshow={"slide_type": "subslide"}
srlab.ask("4.c")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ten layers, 16 channels, Adam at 0.001, 120 steps; equal first weights, equal crops.
# The flat line is bicubic.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
curve = {kind: [] for kind in kinds}
trained = {}


def adam(net):
    return torch.optim.Adam(net.parameters(), lr=1e-3)


for kind, seen in curve.items():
    net = fresh(10, residual=kinds[kind])
    train(net, adam(net), crops, 120, seen=seen)
    trained[kind, 10] = dB(net)
assert run.rehearse or trained["residual", 10] > bicubic[2] + 0.2
assert trained["plain", 10] < bicubic[2] - 1.5
lines = {kind: tuple(zip(*seen, strict=True)) for kind, seen in curve.items() if seen}
lines["bicubic"] = ([0, 120], [bicubic[2]] * 2)
srlab.figures.curves(
    lines,
    "step",
    "PSNR (dB)",
    "PSNR over 120 steps: the residual net rises above the line of bicubic, the plain "
    "net stays decibels below it",
    ylim=(16, 33),
    size=(6.5, 3),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The residual net begins at bicubic and leaves it behind. The plain one begins with a
# black picture. It must first learn to copy, through all its layers, before it can
# begin to mend, and after 120 steps it is still learning that. Two things flatter the
# residual net here: so few steps, and our near-zero last layer, which lets it begin at
# bicubic.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Stress that the two nets have the same number of weights, and the same first weights.
# With more steps the plain net does come nearer; the residual net does not wait for it.
# The paper trained both for much longer, and the residual one ended higher as well.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Now with depth
#
# Four, ten and twenty layers, both kinds, the same 120 steps. What does depth do to
# each kind?

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
for depth in (4, 20):
    for kind in curve:
        net = fresh(depth, residual=kinds[kind])
        train(net, adam(net), crops, 120)
        trained[kind, depth] = dB(net)
table = pd.DataFrame(
    {k: {f"{d} layers": trained[k, d] for d in (4, 10, 20)} for k in curve}
)
if not run.rehearse:
    assert (table["residual"] > bicubic[2] + 0.2).all()
    assert (table["plain"] < bicubic[2] - 1).all()
    assert table["plain"]["20 layers"] < table["plain"]["4 layers"] - 0.5
    assert -0.5 < table["residual"]["20 layers"] - table["residual"]["4 layers"] < 0.1
title = f"PSNR in dB after 120 steps, x2 (bicubic: {bicubic[2]:.2f})"
srlab.figures.table(table, title)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The residual nets beat bicubic at every depth. The plain nets learn far more slowly,
# the more so the deeper. They do learn: given several times as many steps, the plain
# net of four layers passes bicubic too. And read the residual column honestly: after
# 120 steps twenty layers are no better than four. Depth pays only with longer training;
# the paper's figure of depth against PSNR shows that it does.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The paper's numbers
#
# VDSR's paper, depth 10, Set5 x2, protocol B: three entries chosen from its tables. It
# trained for 80 **epochs** (an epoch is one pass through all training crops); mind the
# column that says after how many of them each was measured.

# %% slideshow={"slide_type": "-"}
paper = pd.DataFrame(
    [
        {"net": "residual", "rate": "0.1", "epochs": 10, "PSNR": 36.90},
        {"net": "plain", "rate": "0.1", "epochs": 10, "PSNR": 27.42},
        {"net": "residual", "rate": "0.001", "epochs": 80, "PSNR": 36.52},
    ]
)
assert paper["PSNR"][0] - paper["PSNR"][1] > 9 and paper["PSNR"][2] < paper["PSNR"][0]
srlab.figures.table(paper, "Published (arXiv:1511.04587, section 4.2)", {"PSNR": "dB"})

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nine decibels between residual and plain: that is early, after 10 epochs. By the end
# of the paper's 80 the gap is far smaller, and the residual net is still ahead. At the
# low rate the residual net, after all 80, is below what the high rate gave in 10. That
# high rate is ten thousand times the rate of SRCNN's last layer. How can a network
# survive it?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 High rates need clipped gradients
#
# SGD moves each weight by the **rate** $\gamma$ times its gradient. A rate of 0.1 makes
# training fast, if it does not blow up. Let us see it blow up: SGD with momentum 0.9,
# as in the paper, the residual net, nothing clipped. (`weight_decay` pulls every weight
# a little towards zero in each step.)

# %% slideshow={"slide_type": "-"}


def sgd(net, rate):
    return torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)


def look_on(parameters, rate):  # where a clip would stand; this one only looks
    largest.append(max(p.grad.abs().max().item() for p in parameters))


{key: sgd(fresh(8), 0.1).defaults[key] for key in ("lr", "momentum")}

# %% slideshow={"slide_type": "fragment"}
srlab.ask("4.d")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
largest, net = [], fresh(8)
usual = net.layers[3].weight.abs().median().item()
losses = train(net, sgd(net, 0.1), crops, 120, look_on)
assert run.rehearse or (len(losses) < 20 and not losses[-1] < 1e9)
history = pd.DataFrame({"loss": losses, "largest gradient": largest})
history["largest step"] = 0.1 * history["largest gradient"]
history = history.map(lambda value: f"{value:.2g}").rename_axis("step")
title = f"SGD at 0.1, nothing clipped (a usual weight: {usual:.2f})"
srlab.figures.table(history.reset_index(), title)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the columns downwards. The first step looks harmless. It makes the error larger,
# so the second gradient is larger, and the second step throws some weights further than
# they were from zero. The next loss is millions. Then, where the table says gradient 0,
# no ReLU lets anything through any more: the net gives bicubic back (a small loss) and
# has nothing to learn by. But momentum still carries the weights on, until a number
# overflows. It is not the mean step that kills a net, it is the one that is too long.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask what one could do: a lower rate, or a limit to the step. The lower rate is what
# SRCNN did, and it waited for days. The limit is what VDSR did. Everything that follows
# is about how one sets a limit that stays right when the rate changes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Three ways to clip
#
# **Fixed**: limit every number of the gradient to $\pm c$. **Norm**: if the length of
# the whole gradient is above $n$, scale all of it down to $n$. **Adjustable** (VDSR):
# limit every number to $\pm\theta/\gamma$, where $\gamma$ is the rate *of this step*.


# %% slideshow={"slide_type": "-"}
def fixed(parameters, rate, c=1e-3):
    for p in parameters:
        p.grad.clamp_(-c, c)


def norm(parameters, rate, n=0.4):
    length = torch.cat([p.grad.flatten() for p in parameters]).norm()
    for p in parameters:
        p.grad *= min(1.0, n / length)


def adjustable(parameters, rate, theta=1e-4):
    for p in parameters:
        p.grad.clamp_(-theta / rate, theta / rate)


clips = {"nothing": None, "fixed": fixed, "norm": norm, "adjustable": adjustable}
{"limit of adjustable": {rate: 1e-4 / rate for rate in (0.1, 0.01, 0.001)}}

# %% slideshow={"slide_type": "subslide"}
srlab.ask("4.e")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What each of them bounds
#
# One gradient of a net in training, clipped in three ways, at three rates. **Largest
# step**: rate times the largest number that is left. **Cosine**: does the clipped
# gradient still point where the gradient pointed (1 = yes)?

# %% slideshow={"slide_type": "skip"} tags=["nbval-ignore-output"]
net = fresh(8)
train(net, adam(net), crops, 60)
net.zero_grad()
x, y = crops.batch(60, 8, 24)
(((net(x) - y) ** 2).sum(dim=(1, 2, 3)).mean() / 2).backward()
gradient = torch.cat([p.grad.flatten() for p in net.parameters()])
zero = 100 * (gradient == 0).double().mean().item()  # behind ReLUs that are shut
f"{gradient.numel():,} numbers, {zero:.0f} % exactly 0; length {gradient.norm():.2f}"

# %% slideshow={"slide_type": "-"} tags=["hide-input", "nbval-ignore-output"]
rows = []
for kind in ("fixed", "norm", "adjustable"):
    for rate in (0.1, 0.01, 0.001):
        p = torch.nn.Parameter(torch.zeros_like(gradient))
        p.grad = gradient.clone()
        clips[kind]([p], rate)
        cut = 100 * (p.grad != gradient).double().mean().item()
        cosine = torch.cosine_similarity(p.grad, gradient, dim=0).item()
        step = rate * p.grad.abs().max().item()
        row = {"clip": kind, "rate": str(rate), "largest step": f"{step:.2g}"}
        rows.append(row | {"changed": cut, "cosine": cosine})
bounds = pd.DataFrame(rows).set_index("clip")
step, cosine = bounds["largest step"].astype(float), bounds["cosine"]
if not run.rehearse:
    assert step["adjustable"].max() == 1e-4
    assert cosine["adjustable"].is_monotonic_increasing
    assert step["fixed"].tolist() == [1e-4, 1e-5, 1e-6]
    assert (cosine["norm"] > 0.999).all() and (cosine["fixed"] < 0.9).all()
title = "One gradient, three clips (changed: share of its numbers)"
srlab.figures.table(bounds, title, {"changed": "%"}, digits={"changed": 1})

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the columns.
#
# - **Adjustable: no step is longer than $\theta$ = 0.0001, at any rate.** At a high
#   rate all large numbers are cut to one size. As the rate falls the limit
#   $\theta/\gamma$ widens, fewer numbers are cut, and the cosine rises: training ends
#   as ordinary SGD.
# - **Fixed** is the same thing at the rate it was chosen for. At a lower rate the limit
#   is still there, and the longest step shrinks with the rate.
# - **Norm** keeps the direction (cosine 1): all numbers are divided by one factor, so
#   the few large ones decide how slowly all the others learn.
#
# With momentum 0.9 a step can grow to ten times that: steps in one direction add up.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Seen in training
#
# Eight layers, 120 steps, the same first weights: four clips, two rates. 0.1 is where
# VDSR's training begins, 0.001 where a later part of it goes on. Gains over bicubic.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
result = {}
for rate in (0.1, 0.001):
    for kind, clip in clips.items():
        net = fresh(8)
        losses = train(net, sgd(net, rate), crops, 120, clip)
        lived = all(loss < 1e9 for loss in losses)
        gain = dB(net) - bicubic[2] if lived else float("nan")
        result.setdefault(kind, {})[f"rate {rate}"] = gain
grid = pd.DataFrame(result).T
high, low = grid["rate 0.1"], grid["rate 0.001"]
if not run.rehearse:
    assert high.isna()["nothing"] and high["adjustable"] > 0.2
    assert low["adjustable"] > 0.03 and low["fixed"] < low["adjustable"] / 2
    assert abs(low["nothing"] - low["adjustable"]) < 0.05
title = "Gain over bicubic in dB after 120 steps (–: exploded)"
srlab.figures.table(grid, title)

# %% [markdown] slideshow={"slide_type": "subslide"}
# At 0.1 nothing clipped means no number after a few steps; fixed and adjustable are the
# same run. At 0.001 no clip is needed, and adjustable does no harm: it gains what
# nothing clipped gains. The fixed clip starves: it gains less than half of that, since
# its steps are a hundred times shorter than they were. One $\theta$ served both rates:
# that is all that "adjustable" means.
#
# The norm clip trains as well, here. It bounds something else: the length of the whole
# step. Much code that is called VDSR has a *fixed norm* clip (of 0.4), or none and
# Adam, which scales each number by itself. They train. They are not the paper's.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# In the issue trackers of VDSR's re-implementations this is the question that never
# dies: what is adjustable about the clipping? The answer is one line of code and one
# product. Let somebody compute on the board: rate 0.1, theta 0.0001, what is the limit?

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Why your rate is not mine
#
# The paper sums the squared error over a crop; `torch.nn.MSELoss` takes the mean over
# all numbers. The gradient differs by half the number of pixels.

# %% slideshow={"slide_type": "-"}
net = fresh(8)
x, y = crops.batch(0, 8, 24)
z, weight = net(x), net.layers[-1].weight
summed = ((z - y) ** 2).sum(dim=(1, 2, 3)).mean() / 2
mean = torch.nn.functional.mse_loss(z, y)
by_sum, by_mean = (
    torch.autograd.grad(v, weight, retain_graph=True)[0].norm() for v in (summed, mean)
)
factor = (by_sum / by_mean).item()
assert abs(factor - 24 * 24 / 2) < 0.5
f"summed / mean: {factor:.0f} times here, {41 * 41 / 2} times on 41 x 41 pixels"

# %% [markdown] slideshow={"slide_type": "fragment"}
# So the rate must rise by as much. A rate of 0.1 with the mean is, on crops of 41 x 41,
# a rate of about 0.0001 in the paper's terms. Whoever copies the rate and not the loss
# waits for ever.
#
# $\theta$ stays the same: it is a length, how far one step may move a weight, and
# $\theta/\gamma$ falls just as the gradient does. What must change with the loss are
# the rate, the weight decay, the limit $c$ of the fixed clip and the norm $n$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Play: when does it explode?
#
# Six layers, 60 steps. Choose the clip, the rate and $\theta$ (the limit of the fixed
# clip is $\theta/0.1$, that of the norm clip $4000\,\theta$). Where does each of them
# explode, and where does it stand still?


# %% slideshow={"slide_type": "skip"}
def look(clip, rate, theta):
    limits = {
        "nothing": None,
        "fixed": lambda p, g: fixed(p, g, theta / 0.1),
        "norm": lambda p, g: norm(p, g, 4000 * theta),
        "adjustable": lambda p, g: adjustable(p, g, theta),
    }
    net, seen = fresh(6), []
    losses = train(net, sgd(net, rate), crops, 60, limits[clip], seen)
    gains = [(0, 0.0)] + [(n, max(value - bicubic[2], -1)) for n, value in seen]
    end = f"{gains[-1][1]:+.2f} dB"
    if not max(losses) < 1e3:
        last = next(n for n, loss in enumerate(losses) if not loss < 1e3)
        gains, end = [(0, 0.0), (last, -1)], f"exploded in step {last}"
    picture = srlab.figures.curves(
        {"gain": tuple(zip(*gains, strict=True))}, "step", "gain (dB)",
        f"Gain over bicubic over the steps: {end}",
        xlim=(0, 61), ylim=(-1, 1), size=(5, 1.8),
    )  # fmt: skip
    return picture, end


assert run.rehearse or look("nothing", 0.1, 1e-4)[1].startswith("exploded")
"ready to play"

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
srlab.widgets.explore(
    look,
    twin=[
        {"clip": "nothing", "rate": 0.1},
        {"clip": "fixed", "rate": 0.001},
        {"clip": "adjustable", "rate": 0.1},
    ],
    alt="Gain over bicubic of a small net in 60 steps, with a chosen clip, rate, theta",
    clip=["adjustable", "fixed", "norm", "nothing"],
    rate=[0.1, 1.0, 0.01, 0.001, 0.0001],
    theta=[1e-4, 1e-2, 1e-3, 1e-5],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing clipped: gone after a few steps. Fixed at a low rate: it stands still.
# Adjustable: it rises. Now try $\theta = 0.01$: nothing explodes, but the first steps
# are so long that they spoil the first weights, and the net hardly gets away from
# bicubic. Then, with $\theta = 0.0001$, a rate of 1. The steps of the fixed and the
# norm clip may now be ten times as long as at 0.1. Adjustable rises; so does fixed,
# which this small net bears; the norm clip gains nothing. Why the one and not the other
# is an open question here: we have not taken it apart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 One network for three scales
#
# SRCNN was trained once for each scale. VDSR takes the enlarged picture, which has the
# same size whatever the scale was. So one network can learn x2, x3 and x4 at once: put
# crops of all three into each batch. Is that needed?

# %% slideshow={"slide_type": "fragment"}
srlab.ask("4.f")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three nets of eight layers: one trained on x2, one on x4 (200 steps each), one on all
# three scales (400 steps: fewer than three such nets). Gains over bicubic, in dB.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
gains = {}
for scales, steps in (((2,), 200), ((4,), 200), ((2, 3, 4), 400)):
    net = fresh(8)
    train(net, adam(net), crops if scales == (2,) else bank(*scales), steps)
    name = "trained on " + ", ".join(f"x{s}" for s in scales)
    gains[name] = {f"on x{s}": dB(net, s) - bicubic[s] for s in (2, 3, 4)}
gains = pd.DataFrame(gains).T
wrong, all_three = gains["on x2"]["trained on x4"], gains.loc["trained on x2, x3, x4"]
if not run.rehearse:
    assert wrong < -0.3 and (all_three > 0.1).all()
    assert gains["on x4"]["trained on x2"] < gains["on x4"]["trained on x4"] / 2
    assert 0.1 < gains["on x2"]["trained on x2"] - all_three["on x2"] < 0.7
srlab.figures.table(gains, "Gain over bicubic in dB, four held-out photographs")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The x4 net makes an x2 picture *worse* than bicubic. The x2 net leaves most of an x4
# picture's blur where it is. The net that saw all three gains at all three. It pays for
# that at x2, some tenths of a decibel against the x2 net: a third of its crops are x2,
# and the run is short.

# %% [markdown] slideshow={"slide_type": "subslide"}
# In the paper's long training that price is nearly gone. From its table 2, Set5, PSNR
# in dB: one net with all three scales is almost as good at x2 as the net for x2, and
# better at x3 than the net for x3.

# %% slideshow={"slide_type": "-"}
paper = pd.DataFrame(
    {"one scale": [37.10, 32.89], "three scales": [37.06, 33.27]}, index=["x2", "x3"]
)
difference = paper["three scales"] - paper["one scale"]
assert -0.05 < difference["x2"] < 0 < 0.3 < difference["x3"]
paper["difference"] = difference
srlab.figures.table(paper, "Published (arXiv:1511.04587, table 2), Set5, in dB")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Why should x2 help x4? Edges and corners are the same things at every scale, and x2
# pictures show them more clearly. Ask what VDSR pays for this freedom: it must work on
# the large picture at every scale. That is the next section's complaint.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The whole VDSR
#
# The full recipe: depth 20, width 64, SGD at 0.1, adjustable clipping, three scales. It
# wants a GPU. In full mode this cell trains it; a rehearsal makes two steps; in fast
# mode the weights that the course ships are loaded, and their card says what they are.

# %% slideshow={"slide_type": "-"}
recipe = srlab.recipes.get("vdsr", run.mode)
if run.fast:
    vdsr = {s: srlab.load("vdsr", scale=s) for s in (2, 3, 4)}
    card = vdsr[2].card
    print("loaded, not trained here:", card.recipe)
    print(f"{card.minutes:.0f} minutes on {card.device}; {card.note}")
    print(f"{card.parameters:,} parameters, {dict(card.settings)}")
else:
    net = recipe.net()
    report = srlab.training.fit(net, recipe, device=run.device)
    vdsr = {s: srlab.models.restorer(net.cpu(), s) for s in (2, 3, 4)}
    print(report)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What these weights reach, beside the published rows. A short run of a smaller net is
# not the paper's VDSR: read the difference with the card.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
rows = srlab.evaluation.results("model_rows")
ours = rows[(rows["name"] == "vdsr") & (rows["protocol"] == "B")]
base = srlab.evaluation.results("bicubic_rows").query("protocol == 'B'")
keys = ["set_name", "scale"]
both = ours.merge(base[[*keys, "psnr"]], on=keys, suffixes=("", " of bicubic"))
assert len(both) == 9 and (both["psnr"] > both["psnr of bicubic"] + 0.3).all()
both = both[[*keys, "psnr of bicubic", "psnr", "published_psnr"]]
both.columns = ["set", "scale", "bicubic", "ours", "published"]
srlab.figures.table(both, "VDSR, protocol B, PSNR in dB (from data/results)")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 ESPCN: enlarge last
#
# SRCNN and VDSR enlarge first. Every layer then works on the large picture.

# %% slideshow={"slide_type": "fragment"}
srlab.ask("4.g")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ESPCN turns the order around. All layers work on the *small* picture; the last one
# makes $r^2$ numbers for each small pixel, and these are laid out as a block of
# $r \times r$ large pixels: the **sub-pixel layer**, or pixel shuffle.
#
# ```
#   small          5x5, 64         3x3, 32        3x3, r*r        shuffle      large
# (1, h, w)  -->  (64, h, w) --> (32, h, w) --> (r*r, h, w) --> (1, r*h, r*w)
#                   tanh            tanh
# ```

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The shuffle, drawn
#
# Four channels of 2 x 2 numbers, $r = 2$. Channel $i r + j$ goes to row $i$ and column
# $j$ of every 2 x 2 block. Nothing is computed: numbers move.


# %% slideshow={"slide_type": "-"} tags=["hide-input"]
def grid_of(ax, values, colours, title):
    """Numbers in coloured squares."""
    for i, row in enumerate(values.tolist()):
        for j, value in enumerate(row):
            colour = srlab.figures.PALETTE[colours[i][j]]
            ax.add_patch(plt.Rectangle((j, -i), 1, -1, facecolor=colour, alpha=0.45))
            ax.text(j + 0.5, -i - 0.5, f"{value:.0f}", ha="center", va="center")
    n = len(colours)
    ax.set(xlim=(0, n), ylim=(-n, 0), xticks=[], yticks=[], aspect="equal")
    ax.set_title(title, fontsize=11)


channels = torch.arange(16.0).reshape(1, 4, 2, 2)
shuffled = torch.pixel_shuffle(channels, 2)
fig, axes = plt.subplots(1, 5, figsize=(8, 2), width_ratios=[1, 1, 1, 1, 1.9])
for c, ax in enumerate(axes[:4]):
    grid_of(ax, channels[0, c], [[c, c], [c, c]], f"channel {c}")
blocks = [[0, 1, 0, 1], [2, 3, 2, 3]] * 2
grid_of(axes[4], shuffled[0, 0], blocks, "after the shuffle")
srlab.show(
    fig,
    alt="Four coloured 2 x 2 grids of numbers, and the 4 x 4 grid that they become: "
    "each 2 x 2 block holds one number of each colour",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The shuffle, rebuilt
#
# In words of tensors: cut the channel axis into $r \times r$; put the two new axes
# behind the row and the column; and read row and new axis as one.


# %% slideshow={"slide_type": "-"}
def shuffle(x, r):
    b, _, h, w = x.shape
    x = x.reshape(b, r, r, h, w)  # channel i * r + j  ->  axes i, j
    x = x.permute(0, 3, 1, 4, 2)  # (b, h, i, w, j)
    return x.reshape(b, 1, h * r, w * r)  # row h * r + i, column w * r + j


for r in (2, 3, 4):
    x = torch.rand(2, r * r, 5, 7, generator=run.generator)
    assert torch.equal(shuffle(x, r), torch.pixel_shuffle(x, r))
shuffle(channels, 2)[0, 0].int().tolist()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### It is a transposed convolution
#
# A **transposed convolution** with stride $r$ lays a copy of its kernel, times the
# value of the pixel, into the large picture at every small pixel, $r$ pixels apart, and
# adds up. In one dimension, with kernel $w$:
#
# $$\text{out}[r m + i] = \sum_a \text{in}[m - a]\; w[r a + i]$$
#
# Output pixels of one phase $i$ use only every $r$-th weight: $w[i], w[r+i], \dots$ So
# the layer *is* $r$ ordinary convolutions with short kernels, one a phase, and their
# results are interleaved. In two dimensions there are $r^2$ phases: ESPCN's $r^2$
# channels.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Check it on ESPCN's last layer (x3): 9 channels of 3 x 3 weights for each of 32 inputs
# become one 9 x 9 kernel for each. (Flipped once, since torch's convolution does not
# flip and the formula above does.)

# %% slideshow={"slide_type": "-"}
F = torch.nn.functional
r = 3
last = srlab.models.ESPCN(scale=r).layers[-1]  # 32 -> 9 channels, 3 x 3
features = torch.rand(1, 32, 20, 31, generator=run.generator)
W = last.weight.detach().flip(-1, -2)  # (9, 32, 3, 3)
kernel = torch.pixel_shuffle(W.permute(1, 0, 2, 3), r)  # (32, 1, 9, 9): interleaved
by_phases = torch.pixel_shuffle(F.conv2d(features, last.weight, padding=1), r)
at_once = F.conv_transpose2d(features, kernel, stride=r, padding=r)
difference = (by_phases - at_once).abs().max().item()
assert by_phases.shape == at_once.shape == (1, 1, 60, 93) and difference < 1e-5
f"kernel {tuple(kernel.shape)}, largest difference below 1e-5: {difference < 1e-5}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The weights themselves are shuffled by the same shuffle. The two layers can do exactly
# the same things, with the same number of multiplications. What ESPCN changed is
# *where* the other layers work.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Draw the one-dimensional case with r = 2 and a kernel of four weights, coloured red,
# blue, red, blue. Even outputs meet only red weights, odd ones only blue. Then say that
# notebook 02's polyphase filter was the same idea with weights from least squares.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("4.h")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Checkerboards
#
# How many kernels meet at a pixel? Stride 2, all weights 1, a flat picture. A kernel
# whose side is no multiple of the stride overlaps unevenly.

# %% slideshow={"slide_type": "-"}
flat = torch.ones(1, 1, 6, 6)
meet = {
    side: F.conv_transpose2d(flat, torch.ones(1, 1, side, side), stride=2)
    for side in (3, 4)
}
inner = {side: z[0, 0, 4:8, 4:8].int() for side, z in meet.items()}
assert inner[3].unique().tolist() == [1, 2, 4] and inner[4].unique().tolist() == [4]
{f"side {side}": z.tolist() for side, z in inner.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Even overlap is not enough. Each phase has weights of its own, and while these are
# random, a flat picture comes out with a pattern. A net that enlarges by copying pixels
# *before* it convolves gives a flat answer from the start. (The three are different
# nets with different inputs. Compare each with 0, not one with another.)


# %% slideshow={"slide_type": "-"}
def unevenness(z, r):
    """Deviation between the means of the r x r phases, in grey levels."""
    inside = z[..., 4 * r : -4 * r, 4 * r : -4 * r]
    return 255 * F.pixel_unshuffle(inside, r).mean(dim=(0, 2, 3)).std().item()


torch.manual_seed(4)
grey = torch.full((1, 1, 24, 24), 0.5)
fresh_ways = {
    "transposed": torch.nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1),
    "sub-pixel": srlab.models.ESPCN(scale=2),
    "copy, then convolve": torch.nn.Sequential(
        torch.nn.Upsample(scale_factor=2), torch.nn.Conv2d(1, 1, 3, padding=1)
    ),
}
with torch.no_grad():
    answers = {name: net(grey) for name, net in fresh_ways.items()}
uneven = {name: unevenness(z[..., :46, :46], 2) for name, z in answers.items()}
assert min(list(uneven.values())[:2]) > 1 and uneven["copy, then convolve"] < 0.01
{name: f"{value:.2f}" for name, value in uneven.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# The three answers to flat grey, each stretched to the full range of greys.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]


def stretched(z):
    z = z[..., 16:32, 16:32] - z[..., 16:32, 16:32].mean()
    return (0.5 + 0.4 * z / z.abs().max().clamp(min=1e-3)).clamp(0, 1)


srlab.show(
    {name: stretched(z) for name, z in answers.items()},
    height=128,
    alt="Two fine checkerboards, from a fresh transposed convolution and a fresh "
    "sub-pixel layer, and a flat grey square from copying before convolving",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Training has to remove the pattern. Section 7 looks whether it did. (A known cure is
# to begin with equal weights in all phases: Aitken and others, 2017.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 What it costs
#
# A **multiply-add** is one product and its addition. A convolution has
#
# $$k^2 \cdot n_{in} \cdot n_{out} \cdot \text{height} \cdot \text{width}$$
#
# of them: each weight is used once at each pixel. By hand, for an output of 1280 x 720:


# %% slideshow={"slide_type": "-"}
def by_hand(layers, height, width):
    per_pixel = sum(k * k * n_in * n_out for k, n_in, n_out in layers)
    return per_pixel, per_pixel * height * width


inner = [(3, 64, 64)] * 18
costs = {
    "SRCNN 9-5-5": by_hand([(9, 1, 64), (5, 64, 32), (5, 32, 1)], 720, 1280),
    "VDSR": by_hand([(3, 1, 64), *inner, (3, 64, 1)], 720, 1280),
    "ESPCN x2": by_hand([(5, 1, 64), (3, 64, 32), (3, 32, 4)], 720 // 2, 1280 // 2),
    "ESPCN x4": by_hand([(5, 1, 64), (3, 64, 32), (3, 32, 16)], 720 // 4, 1280 // 4),
}
for name, (weights, products) in costs.items():
    print(f"{name:12}{weights:8,} weights, {products / 1e9:6.1f} G multiply-adds")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The package counts the same, for any network, by asking torch what it would compute:

# %% slideshow={"slide_type": "-"}
models, count = srlab.models, srlab.models.multiply_adds
counted = {
    "SRCNN 9-5-5": count(models.SRCNN(), 720, 1280),
    "VDSR": count(models.VDSR(), 720, 1280),
    "ESPCN x2": count(models.ESPCN(scale=2), 360, 640),
    "ESPCN x4": count(models.ESPCN(scale=4), 180, 320),
}
assert counted == {name: products for name, (_, products) in costs.items()}
fewer = count(models.SRCNN(), 1, 1) / count(models.ESPCN(scale=3), 1, 1)
assert 2.5 < fewer < 2.55
times = {name: counted["VDSR"] / n for name, n in counted.items()}
assert 11 < times["SRCNN 9-5-5"] < 12 and 120 < times["ESPCN x2"] < 130
{f"VDSR / {name}": round(value) for name, value in times.items() if value > 1}

# %% [markdown] slideshow={"slide_type": "fragment"}
# VDSR computes 12 times as much as SRCNN and more than a hundred times as much as
# ESPCN. ESPCN's saving over SRCNN has two parts: fewer weights (2.5 times at x3), and
# $r^2$ times fewer pixels (9 times).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Measured here
#
# Milliseconds for one luma picture of 192 x 192 output pixels, best of five, on this
# machine, all in one run. As ratios: SRCNN is 1.

# %% slideshow={"slide_type": "skip"} tags=["nbval-ignore-output"]
import timeit


def milliseconds(net, side):
    x = torch.rand(1, 1, side, side)
    with torch.inference_mode():
        return 1000 * min(timeit.repeat(lambda: net(x), number=1, repeat=6)[1:])


side = run.pick(fast=192, full=192, rehearse=24)
f"{side} x {side} output pixels"

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
timed = {
    "SRCNN 9-5-5": (models.SRCNN(), 1),
    "VDSR": (models.VDSR(), 1),
    "ESPCN x3": (models.ESPCN(scale=3), 3),
}
clock = pd.DataFrame(
    {
        "ms": {n: milliseconds(net, side // r) for n, (net, r) in timed.items()},
        "work": {n: count(net, side // r, side // r) for n, (net, r) in timed.items()},
    }
)
ratio = clock / clock.loc["SRCNN 9-5-5"]
ratio.columns = ["time, SRCNN = 1", "multiply-adds, SRCNN = 1"]
if not run.rehearse:
    assert ratio.iloc[1, 0] > 2 and ratio.iloc[2, 0] < 0.5
srlab.figures.table(clock[["ms"]].join(ratio), "On this machine", digits=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# VDSR is several times slower than SRCNN, ESPCN many times faster. The factors are not
# exactly those of the multiply-adds: memory, kernel sizes and threads have a say.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("4.i")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The papers' seconds
#
# VDSR's table 3 prints seconds beside decibels: Urban100 at x4, 394.40 s for SelfEx,
# 18.46 s for SRCNN, 1.06 s for VDSR. So VDSR would be 17 times faster than SRCNN, with
# 12 times as much to compute.

# %% slideshow={"slide_type": "-"}
seconds = {"SelfEx": 394.40, "SRCNN": 18.46, "VDSR": 1.06}
claimed = seconds["SRCNN"] / seconds["VDSR"]
work = counted["SRCNN 9-5-5"] / counted["VDSR"]
assert 17 < claimed < 18 and claimed / work > 200
print(f"VDSR over SRCNN by the seconds: {claimed:.1f} times faster")
print(f"by multiply-adds: {1 / work:.1f} times slower")
f"devices and programs: a factor of {claimed / work:.0f}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The paper says where the factor comes from: SRCNN's public code runs on a CPU, VDSR's
# own on a GPU (it names a Titan Z for the training). The seconds compare devices and
# programs, not networks. On one machine the order turns around, as we just saw.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ESPCN's paper compares on one GPU: a 1080p frame at x3 takes 0.435 s with SRCNN 9-5-5
# and 0.038 s with ESPCN. That is a fair comparison. The count promises twice as much:

# %% slideshow={"slide_type": "-"}
by_seconds = 0.435 / 0.038
by_count = count(models.SRCNN(), 1080, 1920) / count(models.ESPCN(scale=3), 360, 640)
assert 11 < by_seconds < 12 and 22 < by_count < 23
f"ESPCN over SRCNN: {by_seconds:.1f} times by seconds, {by_count:.1f} by multiply-adds"

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The rule to take home: seconds from two papers compare two laboratories. Multiply-adds
# compare algorithms, and leave out memory. Seconds on one machine compare what you will
# see on that machine. Name which of the three you quote.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 ESPCN, trained now
#
# The whole loop of notebook 03 is `srlab.training.fit`. The fast recipe trains ESPCN x3
# on shipped photographs in well under a minute; it is measured on four that it does
# not train on. It has ReLU; the end of this section says why. The full recipe is the
# same cell on a GPU, with the paper's tanh.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
recipe = srlab.recipes.get("espcn_x3", run.mode)
espcn = recipe.net()
with torch.no_grad():
    before = unevenness(espcn.cpu()(grey), 3)
report = srlab.training.fit(espcn, recipe, device=run.device)
gain = report.best_psnr - report.bicubic
assert run.rehearse or gain > 0.3
print(f"{gain:.2f} dB above bicubic")
str(report)

# %% [markdown] slideshow={"slide_type": "subslide"}
# It begins far below bicubic, the flat line: ESPCN has no picture to add to, and must
# learn to enlarge from nothing. It ends at least 0.3 dB above it.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
report.curve(
    alt="PSNR of ESPCN x3 on photographs it does not train on, over the steps: it "
    "starts below bicubic, passes it and ends above it"
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the checkerboard? Flat grey once more, through the net before and after training.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
with torch.no_grad():
    after = unevenness(espcn.cpu()(grey), 3)
assert run.rehearse or (before > 4 * after and after < 1.5)
f"unevenness of the nine phases: {before:.1f} grey levels before, {after:.2f} after"

# %% [markdown] slideshow={"slide_type": "subslide"}
# On flat grey the pattern is nearly gone. Now a part of a photograph that it has never
# seen, beside bicubic and the weights that the course ships (a longer run). Look beside
# the edges, on the white rim of the cup: there the live net still leaves a faint ripple
# with the period of the blocks, the shipped one less of it. Flat grey does not show
# it. It goes slowly.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
live = srlab.models.restorer(espcn)
srlab.show(
    {
        "bicubic": made["bicubic"],
        "trained now": live(small).clamp(0, 1),
        "shipped": made["ESPCN"],
        "original": photo,
    },
    crop=(140, 352, 72, 72),
    height=144,
    alt="The rim of a cup enlarged three times: soft with bicubic, crisper but with a "
    "faint ripple beside the edge with the net that was just trained, less of it with "
    "the shipped one, sharp in the original",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What the shipped ones reach
#
# Protocol B, PSNR in dB, from data/results. The paper's x3 row, 32.55 dB on Set5, was
# trained on 91 pictures (T91) for as long as it improved; ours has ReLU, saw 326 (with
# 200 and 35 of BSDS500's) for 42 minutes of a CPU core (22 after 20), and is above it.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
mine = rows[rows["name"].str.startswith("espcn") & (rows["protocol"] == "B")]
mine = mine.merge(base[[*keys, "psnr"]], on=keys, suffixes=("", " of bicubic"))
assert (mine["psnr"] > mine["psnr of bicubic"] + 0.5).all()
on_set5 = mine[(mine["set_name"] == "Set5") & (mine["scale"] == 3)].iloc[0]
assert on_set5["psnr"] > on_set5["published_psnr"] + 0.05
mine = mine[["name", *keys, "psnr of bicubic", "psnr", "published_psnr"]]
mine.columns = ["net", "set", "scale", "bicubic", "ours", "published"]
card = srlab.load("espcn_x3").card
print(f"{card.data}\n{card.minutes:.0f} minutes: {card.note}")
srlab.figures.table(mine, "ESPCN, protocol B, PSNR in dB (from data/results)")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compare with section 4's table: as long as the weights come from short runs, a small
# net that was trained for longer can beat a deep one that was trained briefly.

# %% slideshow={"slide_type": "subslide"}
srlab.ask("4.j")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### tanh or ReLU?
#
# ESPCN keeps tanh; nearly all later networks have ReLU. Its paper, x3, trained on T91,
# PSNR in dB:

# %% slideshow={"slide_type": "-"}
paper = pd.DataFrame(
    {"ReLU": [32.39, 28.97, 28.20], "tanh": [32.55, 29.08, 28.26]},
    index=["Set5", "Set14", "BSD300"],
)
paper["tanh - ReLU"] = paper["tanh"] - paper["ReLU"]
assert paper["tanh - ReLU"].between(0.05, 0.17).all()
srlab.figures.table(paper, "Published (arXiv:1609.05158, table 1)")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ours, from data/results: T91, x3, protocol B, equal steps, crops and seeds, three
# rates; full mode makes the rows anew.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
measured = srlab.evaluation.results("espcn_activation")
runs = measured.pivot(index=["steps", "rate", "seed"], columns="activation")["set5"]
runs["ReLU - tanh"] = runs["relu"] - runs["tanh"]
assert (runs["ReLU - tanh"] > 0.04).all() and len(runs) >= 5
spread = runs.groupby(["steps", "rate"])[["relu", "tanh"]].std().max(axis=None)
assert spread < 0.04
ours = runs.groupby(["steps", "rate"]).mean()
ours.insert(0, "seeds", runs.groupby(["steps", "rate"]).size())
ours = ours.reset_index()
ours["rate"] = ours["rate"].astype(str)
srlab.figures.table(ours, f"Set5 x3 in dB; spread between seeds {spread:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# In our runs **ReLU is ahead**, in every pair, by about as much as tanh is ahead in the
# paper, and by more than the spread between seeds. The paper trained longer and by
# another schedule. Both can be true: an activation is better *with* a way of training,
# not by itself. Nearly all networks after ESPCN took ReLU.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A difference of a tenth of a decibel between two runs is worth nothing until one knows
# how much two equal runs differ. Here they differ by a few hundredths. Ask the room
# what else was different between the paper's runs and ours, and let them list it.


# %% slideshow={"slide_type": "skip"}
from dataclasses import replace


def activation_row(activation, seed, steps, rate):
    """One row of the table: train on T91, measure on Set5 and Set14."""
    recipe = srlab.recipes.get("espcn_x3", "rehearse" if run.rehearse else "fast")
    recipe = replace(recipe, seed=seed, settings={"scale": 3, "activation": activation})
    if not run.rehearse:
        recipe = replace(recipe, steps=steps, rate=rate, patch=17, ema=0.995, every=500)
        recipe = replace(recipe, data=("T91",), validation=("BSDS500_test45[:10]",))
    net = recipe.net()
    report = srlab.training.fit(net, recipe, device=run.device)
    return srlab.models.restorer(net.cpu()), report


"notebook 03's loop, once a row"

# %% slideshow={"slide_type": "skip"} tags=["nbval-ignore-output"]
here = all(map(srlab.datasets.find, ("T91", "BSDS500", "Set5")))
jobs = [(s, n, 2e-3) for n in (4000, 20_000) for s in range(3)]
jobs += [(0, 4000, 8e-4), (0, 4000, 5e-3)]
jobs = [(a, *job) for job in jobs for a in ("tanh", "relu")]
jobs = run.pick(fast=[], full=jobs if here else [], rehearse=[("relu", 0, 2, 2e-3)])
for job in jobs:
    net, report = activation_row(*job)
    print(*job, f"{report.best_psnr:.2f} dB in validation")
    if run.full:
        print(srlab.evaluation.benchmark(net, "Set5", 3, protocol="B"))
"measured in full mode, where the sets are found"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Four small functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("4.1")` gives the first of three hints, the next call the second.
# `srlab.solution("4.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Exercise 4.1 takes fifteen minutes, 4.2 and 4.3 ten each, 4.4 five. In a lecture do
# 4.3 together: it is one line, and the line is what the room came for.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4.1 Undo the shuffle
#
# `x` is (B, C, r h, r w). Return (B, C r r, h, w), by reshape and permute: the
# inverse of the shuffle, for any number of channels. Channel `c r r + i r + j` holds
# row `i` and column `j` of every block of channel `c`.


# %% slideshow={"slide_type": "-"}
def unshuffle(x, r):
    raise NotImplementedError  # your code


checked_unshuffle = srlab.check("4.1", unshuffle)
checked_unshuffle

# %% [markdown] slideshow={"slide_type": "subslide"}
# What it gives for a photograph (with your function, or until it is right the
# solution's): nine small pictures, nearly alike. The sub-pixel layer must produce them
# all. The differences between them are the detail.

# %% slideshow={"slide_type": "-"}
parts = checked_unshuffle.use(srlab.images.luma(photo)[..., 128:224, 352:448], 3)
assert parts.shape == (1, 9, 32, 32)
srlab.show(
    {
        "phase 0": parts[:, :1],
        "phase 8": parts[:, 8:],
        "difference": (0.5 + parts[:, 8:] - parts[:, :1]).clamp(0, 1),
    },
    height=128,
    alt="Two small pictures of a cup's rim that are nearly the same, and their "
    "difference, which is grey but for the edges",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4.2 Count multiply-adds
#
# `layers` is a list of (kernel side, input channels, output channels), all at the same
# size. Return the multiply-adds for `height` x `width` pixels.


# %% slideshow={"slide_type": "-"}
def multiply_adds(layers, height, width):
    raise NotImplementedError  # your code


srlab.check("4.2", multiply_adds)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4.3 Adjustable clipping
#
# `gradients` is a list of tensors, one a layer. Return the list of clipped ones: each
# number limited by itself, so that `rate` times it stays within `theta`.


# %% slideshow={"slide_type": "-"}
def clipped(gradients, theta, rate):
    raise NotImplementedError  # your code


checked_clip = srlab.check("4.3", clipped)
checked_clip

# %% [markdown] slideshow={"slide_type": "subslide"}
# Your clip in the loop, at a rate of 0.1, which blew up in section 3:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]


def yours(parameters, rate):
    limited = checked_clip.use([p.grad for p in parameters], 1e-4, rate)
    for p, g in zip(parameters, limited, strict=True):
        p.grad.copy_(g)


net = fresh(8)
losses = train(net, sgd(net, 0.1), crops, 120, yours)
assert run.rehearse or dB(net) > bicubic[2] + 0.2
f"{dB(net):.2f} dB, bicubic {bicubic[2]:.2f} dB"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4.4 How far a stack sees
#
# `kernels` is a list of kernel sides of convolutions that follow each other, such as
# `[9, 5, 5]` or `[4, 2]`, all with stride 1. Return the side of the receptive field.


# %% slideshow={"slide_type": "-"}
def receptive_field(kernels):
    raise NotImplementedError  # your code


srlab.check("4.4", receptive_field)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(4)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - Depth brought nothing for two reasons: signals that die with bad first weights, and
#   a picture that had to be carried through all layers. He's weights mend the first,
#   the residual mends the second. Plain nets learn far more slowly, the more so the
#   deeper; depth pays only with longer training.
# - $D$ layers of 3 x 3 see $2D + 1$ pixels.
# - Adjustable clipping limits each number of the gradient to $\pm\theta/\gamma$. So one
#   step of SGD moves no weight further than $\theta$, at any rate. A fixed clip starves
#   low rates; a norm clip limits the length of the whole and keeps the direction.
# - A rate, a fixed limit or a norm means nothing without the loss: summed or mean?
#   $\theta$ is how far a step may move a weight, and holds for both.
# - A net trained on one scale fails on others; one net can learn three.
# - The sub-pixel layer is a strided transposed convolution, written as $r^2$ channels
#   and a shuffle. Working on the small picture saves $r^2$ in every layer before it.
# - Compare networks by multiply-adds, or by seconds of one run on one machine. Never by
#   seconds from two devices.
#
# Next: notebook 05 puts the residual inside the network, block by block.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "receptive field, vanishing gradient, residual learning, learning rate, momentum, "
    "gradient clipping, loss function, sub-pixel convolution, transposed convolution, "
    "checkerboard artefact, phase, multiply-add, scale factor, evaluation protocol"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# The course grew out of five documents; 003 is a lecture on image enhancement.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("04")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - J. Kim, J. K. Lee, K. M. Lee, "Accurate image super-resolution using very deep
#   convolutional networks" (VDSR), CVPR 2016,
#   [arXiv:1511.04587](https://arxiv.org/abs/1511.04587).
# - W. Shi et al., "Real-time single image and video super-resolution using an efficient
#   sub-pixel convolutional neural network" (ESPCN), CVPR 2016,
#   [arXiv:1609.05158](https://arxiv.org/abs/1609.05158).
# - W. Shi et al., "Is the deconvolution layer the same as a convolutional layer?",
#   2016, [arXiv:1609.07009](https://arxiv.org/abs/1609.07009).
# - C. Dong, C. C. Loy, K. He, X. Tang, "Image super-resolution using deep convolutional
#   networks" (SRCNN), TPAMI 2016, [arXiv:1501.00092](https://arxiv.org/abs/1501.00092).
# - K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015,
#   [arXiv:1502.01852](https://arxiv.org/abs/1502.01852) (first weights).
# - R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
#   networks", ICML 2013, [arXiv:1211.5063](https://arxiv.org/abs/1211.5063) (clipping).
# - A. Odena, V. Dumoulin, C. Olah, "Deconvolution and checkerboard artifacts", Distill
#   2016, [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).
# - A. Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017,
#   [arXiv:1707.02937](https://arxiv.org/abs/1707.02937).
