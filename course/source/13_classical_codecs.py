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
# # 13 Classical codecs
#
# One photograph, five files of about 3,000 bytes each: an eightieth of what its
# pixels take. The
# oldest of the five standards is from 1992, the youngest from 2019. By the end of this
# notebook you have written the first of them yourself, byte by byte, and you know what
# each of the others does better.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
import srlab
from srlab import codecs

cup = srlab.photo("coffee")[..., 60:316, 140:460]  # (1, 3, 256, 320)
five = {
    "JPEG, 1992": codecs.JPEG(10),
    "JPEG 2000": codecs.JPEG2000(bpp=0.3),
    "WebP, 2010": codecs.WebP(10),
    "HEIF, 2015": codecs.HEIF(30),
    "AVIF, 2019": codecs.AVIF(35),
}
files = {name: codec.encode(cup) for name, codec in five.items()}
assert all(2800 < len(data) < 3100 for data in files.values())
srlab.show(
    {name: five[name].decode(data) for name, data in files.items()},
    crop=(80, 120, 112, 112),
    height=150,
    alt="A piece of a cup of coffee five times: in squares of one colour from JPEG, "
    "blurred with ripples from JPEG 2000, softer but clean from WebP, with clear rims "
    "from HEIF and AVIF",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# All five files are of one size to within a tenth. Let the room name the faults:
# squares, ripples, blur. Each fault tells which transform is inside. What nobody sees
# here is invented detail; no classical codec does that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - measure three kinds of redundancy in a photograph;
# - write a JPEG file that any program opens, and read the bits of one block;
# - say what a single wrong bit destroys, and what stops it;
# - split a signal by the 5/3 wavelet and put it together again without any loss;
# - predict a block from its neighbours, and say what that saves;
# - tell what Huffman, arithmetic coding and rANS have in common, and where they differ;
# - read rate-distortion curves, and compute a BD-rate.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebook 00, section 1: codecs and bits per pixel. Notebook 01: PSNR.
# - Matrices, logarithms, and binary numbers.
# - No internet and no GPU is needed.
#
# ## Time
#
# About four hours to work through, one of them exercises. To run all cells: minutes on
# two CPU cores: 1, on one GPU: 1.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import io
import numpy as np
import pandas as pd
import torch

run = srlab.setup("13")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 What can be left out
#
# A photograph of 8 bits in three channels takes 24 bits per pixel. What can be spared
# is called **redundancy**, and there are three kinds of it. We look for them in the
# cat. Its brightness first, as JPEG computes it (section 2): whole numbers 0 to 255.

# %% slideshow={"slide_type": "-"}
photo = srlab.photo("chelsea")[..., :288, :448]
rgb = srlab.images.to_uint8(photo)[0].permute(1, 2, 0).numpy()  # (288, 448, 3)
TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
ycc = np.rint(rgb @ TO_YCC.T + [0, 128, 128]).astype(int)
y, cb, cr = np.moveaxis(ycc, 2, 0)
y.shape, y.min(), y.max()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Statistical: some values are likelier than others
#
# If value $v$ has the share $p_v$, a code with $-\log_2 p_v$ bits for it is the best,
# and needs on the average the **entropy**
#
# $$H = -\sum_v p_v \log_2 p_v \quad \text{bits per value.}$$
#
# Our source (002, section 3.2.3) prints this formula without its sum. And no code that
# takes the values one by one can need less.


# %% slideshow={"slide_type": "-"}
def entropy(values):
    """Bits per value of the best code for values one by one."""
    counts = np.unique(values, return_counts=True)[1]
    p = counts / counts.sum()
    return -(p * np.log2(p)).sum()


assert abs(entropy(np.array([0, 1, 1, 1])) - 0.811) < 0.001
f"three to one: {entropy(np.array([0, 1, 1, 1])):.3f} bits instead of 1"

# %% slideshow={"slide_type": "subslide"}
srlab.ask("13.a")

# %% slideshow={"slide_type": "-"}
shuffled = np.random.default_rng(0).permutation(y.ravel()).reshape(y.shape)


def png(plane):
    """Bits per value in a PNG file."""
    image = srlab.images.to_pillow(torch.tensor(plane / 255)[None, None].float())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return 8 * file.tell() / plane.size


rows = {"the cat": [entropy(y), png(y)], "shuffled": [entropy(shuffled), png(shuffled)]}
bits = pd.DataFrame(rows, index=["entropy of the values", "PNG file"]).T
assert abs(rows["the cat"][0] - rows["shuffled"][0]) < 1e-9
assert rows["the cat"][1] < 0.75 * rows["shuffled"][1]
srlab.figures.table(bits, "Brightness of the cat, bits per value")

# %% [markdown] slideshow={"slide_type": "fragment"}
# That some values are likelier saves little: 7 instead of 8 bits. PNG does much better,
# and must be using something that shuffling destroys.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Spatial: a pixel is like its neighbours
#
# Let $r(d)$ be the correlation of a pixel with the one $d$ columns to the right.


# %% slideshow={"slide_type": "-"}
def correlation(plane, d):
    return np.corrcoef(plane[:, :-d].ravel(), plane[:, d:].ravel())[0, 1]


lags = range(1, 33)
lines = {"brightness": y, "Cb (blue)": cb, "Cr (red)": cr, "shuffled": shuffled}
lines = {name: [correlation(p, d) for d in lags] for name, p in lines.items()}
assert lines["brightness"][0] > 0.95 and abs(lines["shuffled"][0]) < 0.02
print(f"next neighbours: {lines['brightness'][0]:.3f}")
srlab.figures.curves(
    {name: (lags, values) for name, values in lines.items()},
    "distance (pixels)",
    "correlation",
    "Correlation over distance: near 1 for next neighbours; at 32 pixels it has fallen "
    "to 0.15 for brightness and to a half for colour; zero for shuffled pixels",
    size=(6, 2.6),
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# So a pixel can be guessed from its neighbours, and only the error must be sent. Three
# guesses: the left neighbour; the mean of the left and the upper one; left + upper -
# upper left, which is right on any plane.

# %% slideshow={"slide_type": "-"}
left, upper, corner = y[1:, :-1], y[:-1, 1:], y[:-1, :-1]
guesses = {
    "nothing": 0,
    "left": left,
    "mean of left and upper": (left + upper) // 2,
    "left + upper - corner": left + upper - corner,
}
here = y[1:, 1:]
rows = [(name, entropy(here - guess)) for name, guess in guesses.items()]
errors = pd.DataFrame(rows, columns=["guess", "entropy"]).set_index("guess")
assert errors["entropy"].iloc[2] < 0.7 * errors["entropy"].iloc[0]
srlab.figures.table(errors, "Entropy of the error, bits per value")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The best guess leaves an error of 4.5 bits. This is **lossless**: the
# decoder makes the same guess and adds the error. PNG works so, with a choice of
# guesses for each row.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Perceptual: what nobody sees
#
# To save more, something must be lost. Does the eye miss detail in brightness and in
# colour alike? In one of A and B each 8 x 8 block of brightness has become its mean, in
# the other one each block of both colours. C and D got noise, equally much of it by
# PSNR, one in its brightness, one in its colours. Which is which?


# %% slideshow={"slide_type": "-"} tags=["hide-input"]
def coarse(plane):
    """Each 8 x 8 block replaced by its mean."""
    means = plane.reshape(36, 8, 56, 8).mean(axis=(1, 3))
    image = torch.tensor(means)[None, None]
    return srlab.imresize(image / 255, size=plane.shape)[0, 0].numpy() * 255


def picture(y, cb, cr):
    """Planes -> (1, 3, H, W) in [0, 1]."""
    values = (np.stack([y, cb, cr], axis=-1) - [0, 128, 128]) @ np.linalg.inv(TO_YCC).T
    image = torch.tensor(values).permute(2, 0, 1)[None].float() / 255
    return srlab.images.round8(image)


grain = np.random.default_rng(1).normal(size=(3, *y.shape))
fewer = {"A": picture(coarse(y), cb, cr), "B": picture(y, coarse(cb), coarse(cr))}
fewer["C"] = picture(y + 11.66 * grain[0], cb, cr)
fewer["D"] = picture(y, cb + 8.45 * grain[1], cr + 8.45 * grain[2])
srlab.show(
    {"original": photo, **fewer},
    crop=(86, 124, 48, 60),
    height=96,  # twice as large: a JPEG of this figure would halve its colours
    alt="The cat's eye five times: as it is, hopelessly blurred in A, in B hardly to "
    "be told from the original, with coarse grain in C, with faint specks in D",
)

# %% slideshow={"slide_type": "-"}
found = {name: srlab.metrics.psnr(image, photo) for name, image in fewer.items()}
assert found["B"] - found["A"] > 6 and abs(found["C"] - found["D"]) < 0.1
gone = {k: (p - coarse(p)).std() for k, p in (("Y", y), ("Cb", cb), ("Cr", cr))}
assert gone["Y"] > 5 * gone["Cb"]
print("the blocks' detail, in levels:", {k: f"{v:.1f}" for k, v in gone.items()})
said = ("brightness coarse", "colours coarse", "noise in brightness", "in colours")
{f"{k}, {w}": f"{found[k]:.1f} dB" for k, w in zip("ABCD", said, strict=True)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# B has lost 63 of 64 values in *two* of its three planes, and it takes a search to find
# where. But a cat's colours hold little detail: PSNR, which is no eye, prefers B too.
# C and D are the fair pair: errors of one size, and D's are much harder to see. JPEG
# uses both by **chroma subsampling** (a quarter of the colour values, "4:2:0") and by
# coarser rounding of fine detail.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Our source calls the third kind the easiest and the hardest at once, since it depends
# on the viewer. Put A to D on the projector and go to the back of the room: all but A
# look alike from there, and A gets better. That is perceptual redundancy of detail.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 JPEG, step by step
#
# The plan of nearly all that follows is **transform coding**: transform, quantise, then
# code without loss. In JPEG (1992):
#
# | step | what it does |
# |---|---|
# | colour | RGB becomes Y, Cb, Cr; of colour a quarter is kept |
# | blocks | 8 x 8 values each |
# | DCT | a block becomes a sum of 64 patterns |
# | quantise | divide by a table, round: *here* most is lost |
# | zigzag | coarse patterns first |
# | Huffman | short codes for likely symbols |
# | markers | all that a decoder must know |
#
# The colours are made: `y`, `cb`, `cr`. Now each 2 x 2 values of colour become one.


# %% slideshow={"slide_type": "subslide"}
def halved(plane):
    return plane.reshape(144, 2, 224, 2).mean(axis=(1, 3))


def doubled(plane):
    return plane.repeat(2, axis=0).repeat(2, axis=1)


planes = [y, halved(cb), halved(cr)]
seen = picture(y, doubled(planes[1]), doubled(planes[2]))
loss = srlab.metrics.psnr(seen, photo)
assert 44 < loss < 48
f"{sum(p.size for p in planes) / rgb.size:.0%} of the values left, {loss:.1f} dB"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The cosine transform of a block
#
# Row $k$ of the matrix $C$ is a cosine of $k$ half waves. Then $C B C^T$ says how much
# of each of 64 patterns the block $B$ holds, and $C^T X C$ adds them up again:
#
# $$C_{kn} = a_k \cos \frac{\pi k (2 n + 1)}{16}, \qquad
# a_0 = \sqrt{1/8}, \quad a_{k > 0} = \sqrt{2/8}$$

# %% slideshow={"slide_type": "-"}
n = np.arange(8)
C = np.cos(np.pi * n[:, None] * (2 * n + 1) / 16) * np.sqrt(2 / 8)
C[0] /= np.sqrt(2)
assert np.allclose(C @ C.T, np.eye(8))


def blocks_of(plane):
    """(H, W) -> (H / 8, W / 8, 8, 8)."""
    h, w = plane.shape
    return plane.reshape(h // 8, 8, w // 8, 8).swapaxes(1, 2)


def plane_of(blocks):
    h, w = blocks.shape[:2]
    return blocks.swapaxes(1, 2).reshape(8 * h, 8 * w)


X = C @ (blocks_of(y) - 128) @ C.T
assert np.allclose(plane_of(C.T @ X @ C) + 128, y)
print("back again without loss:", X.shape)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
patterns = np.einsum("ki,lj->klij", C, C)
patterns = 0.5 + 0.5 * patterns / abs(patterns).max((2, 3), keepdims=True)
patterns = np.pad(patterns, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1)
mosaic = patterns.swapaxes(1, 2).reshape(80, 80)
at = (10, 18)
eye = (y[80:88, 144:152] - y[80:88, 144:152].min()) / np.ptp(y[80:88, 144:152])
size = np.log2(1 + abs(X[at])) / 10
srlab.show(
    {
        "the 64 patterns": torch.tensor(mosaic)[None, None].float(),
        "a block of the cat": torch.tensor(eye)[None, None].float(),
        "how much of each (log)": torch.tensor(size)[None, None].float(),
    },
    height=160,
    alt="Left: 64 patterns, flat at the top left, with more waves to the right and "
    "downwards. Middle: a block with an edge. Right: the amounts, large at the top "
    "left, small at the bottom right",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Pattern (0, 0), top left, is flat: its amount is the block's mean (times 8), called
# **DC**; the other 63 are **AC**. To the right and downwards the waves get finer. The
# block's large amounts (light) stand at the top left.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Our source contradicts itself here. Its section 2.1.1 says that the *high* frequencies
# stand at the top left and the low ones at the bottom right; its section 2.1.3 says the
# opposite. Ask the photograph: zero one corner of each block, 16 of 64 amounts.

# %% slideshow={"slide_type": "-"}
srlab.ask("13.b")

# %% slideshow={"slide_type": "-"}
corners = {"top left": np.s_[..., :4, :4], "bottom right": np.s_[..., 4:, 4:]}
zeroed = {"original": torch.tensor(y)[None, None].float() / 255}
for name, corner in corners.items():
    kept = X.copy()
    kept[corner] = 0
    plane = (plane_of(C.T @ kept @ C) + 128).clip(0, 255)
    zeroed[f"{name} zeroed"] = torch.tensor(plane)[None, None].float() / 255
dB = {name: srlab.metrics.psnr(x, zeroed["original"]) for name, x in zeroed.items()}
energy = {name: (X[at] ** 2).sum() / (X**2).sum() for name, at in corners.items()}
assert dB["top left zeroed"] < 20 < 35 < dB["bottom right zeroed"]
for name in corners:
    print(f"{name}: {energy[name]:.2%} of the energy, {dB[name + ' zeroed']:.1f} dB")
lost = (X[..., :4, :4] ** 2).sum((2, 3)) - X[..., 0, 0] ** 2  # C keeps sums of squares
dc_kept = 10 * np.log10(255**2 / (lost.mean() / 64))
assert 25 < dc_kept < 27
print(f"top left but for (0, 0): {dc_kept:.1f} dB")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
srlab.show(
    zeroed,
    crop=(72, 106, 80, 100),
    height=120,
    alt="The cat's eye three times: as it is; a grey field with traces of fine hair, "
    "where the top left was zeroed; as it was, where the bottom right was",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Without the top left nothing is left but fine hair on grey: the *low* frequencies
# stood there, with 97.8 % of the energy. It is not DC alone: with DC kept, the other 15
# still cost far more than the bottom right. Section 2.1.3 has it right. Without the
# bottom right, hardly anything is missing. That is why JPEG rounds hard there.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room vote before the cell runs. The cosines are not magic: the best transform
# for blocks of a very smooth random signal (its principal components) comes out almost
# equal to them. Why 8 x 8? In 1992 it was what a chip could do; HEVC goes to 32.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Quantise: the step that loses
#
# Halving the colours lost a little (46.3 dB), this step loses most. Divide each amount
# by a step and round. The steps of the standard's Annex K came from experiments with
# viewers, brightness and colour apart. Quality 50 takes them as they are, 25 doubles,
# 75 halves them: libjpeg's rule, which everybody copied.

# %% slideshow={"slide_type": "subslide"}
from srlab.codecs.baseline import quantisation_table

tables = [quantisation_table(50), quantisation_table(50, chroma=True)]
table_50 = tables[0]
Q = np.rint(X / table_50).astype(int)
assert 0.8 < (Q == 0).mean() < 0.95
print(table_50)
print(Q[at])
f"{(Q == 0).mean():.0%} of all amounts become zero"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Above the table of steps, below the block of the figure, quantised. Of its 64 numbers
# most are zero, and the zeros stand together at the bottom right.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Zigzag: zeros together
#
# The block is read along its diagonals, from DC to the finest pattern. Then the zeros
# gather at the end. (Exercise 13.1 asks you for this order; here is the package's.)

# %% slideshow={"slide_type": "-"}
from srlab.codecs.jpeg_file import ZIGZAG  # (64,): 0 1 8 16 9 2 ...

line = Q[at].reshape(64)[ZIGZAG]
last = line.nonzero()[0].max()
by_rows = Q[at].reshape(64).nonzero()[0].max()
assert last < by_rows
print(line.tolist())
f"last number that is not zero: place {last}; read row by row it is {by_rows}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Symbols
#
# - **DC** changes little from block to block: the *difference* from the last block's is
#   sent. Its symbol is the number of bits of the difference.
# - **AC**: for each number that is not zero one symbol: how many zeros stand before it
#   (0 to 15), and how many bits it has. Sixteen zeros have a symbol of their own
#   (15, 0), and so has **end of block** (0, 0).
# - Behind each symbol stand the plain bits of the number; of a negative one less 1.


# %% slideshow={"slide_type": "subslide"}
def plain(value):
    """5 -> '101', -5 -> '010', 0 -> ''."""
    size = int(abs(value)).bit_length()
    return f"{value if value > 0 else value + 2**size - 1:0{size}b}" if size else ""


def ac_symbols(line):
    """63 numbers -> [(zeros before, bits, plain bits)]."""
    found, zeros = [], 0
    for value in line[1:].tolist():
        if value == 0:
            zeros += 1
            continue
        found += [(15, 0, "")] * (zeros // 16)
        found.append((zeros % 16, len(plain(value)), plain(value)))
        zeros = 0
    return found + [(0, 0, "")] * (zeros > 0)


ac_symbols(line)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Huffman's codes
#
# Each symbol gets a code; likely ones a short code, and none begins like another, so
# that no commas are needed. Section 8 builds such a code; here are the standard's,
# which were made from a set of photographs. `STANDARD[0, 1]`: brightness, AC.

# %% slideshow={"slide_type": "subslide"}
from srlab.codecs.huffman import STANDARD

ac_codes = STANDARD[0, 1].codes  # 16 zeros + bits -> a text of 0 and 1
rows = [(z, k, ac_codes[16 * z + k], extra) for z, k, extra in ac_symbols(line)]
block = pd.DataFrame(rows, columns=["zeros before", "bits", "code", "plain bits"])
spent = sum(len(code) + len(extra) for _, _, code, extra in rows)
print(f"{spent} bits for the 63 AC of this block: {spent / 64:.2f} a pixel")
assert ac_codes[0] == "1010" and 30 < spent < 200
srlab.figures.table(block, "The block's symbols and their bits")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The whole picture. With colour at a quarter, a **unit** is 16 x 16 pixels: four blocks
# of Y, one of Cb, one of Cr.


# %% slideshow={"slide_type": "-"}
def quantised(plane, table):
    """A plane -> (rows, columns, 64) in zigzag order."""
    X = np.round(C @ (blocks_of(plane) - 128) @ C.T, 6)  # a tie on every machine
    Q = np.rint(X / table).astype(int)
    return Q.reshape(*Q.shape[:2], 64)[..., ZIGZAG]


def units_of(planes, tables):
    """-> (units, 6, 64): Y Y Y Y Cb Cr."""
    y, cb, cr = (quantised(p, tables[k > 0]) for k, p in enumerate(planes))
    rows, columns = cb.shape[:2]
    y = y.reshape(rows, 2, columns, 2, 64).swapaxes(1, 2).reshape(-1, 4, 64)
    return np.concatenate([y, cb.reshape(-1, 1, 64), cr.reshape(-1, 1, 64)], axis=1)


units = units_of(planes, tables)
units.shape


# %% slideshow={"slide_type": "subslide"}
def bits_of(units):
    """All units -> a text of 0 and 1, and how many of them are DC's."""
    parts, last, dc_bits = [], [0, 0, 0], 0
    for unit in units:
        for line, plane in zip(unit, (0, 0, 0, 0, 1, 2), strict=True):
            dc, ac = STANDARD[plane > 0, 0].codes, STANDARD[plane > 0, 1].codes
            extra = plain(line[0] - last[plane])
            last[plane] = line[0]
            parts += [dc[len(extra)], extra]
            dc_bits += len(parts[-2]) + len(extra)
            for zeros, size, extra in ac_symbols(line):
                parts += [ac[16 * zeros + size], extra]
    return "".join(parts), dc_bits


stream, dc_bits = bits_of(units)
print(stream[:60])
f"{len(stream) / 8:,.0f} bytes, {dc_bits / len(stream):.0%} of them for DC"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Markers: from bits to a file
#
# The byte `FF` is special: with the byte behind it, it is a **marker**. If the *data*
# hold an `FF`, a `00` is put behind it. Now the whole head of the file:


# %% slideshow={"slide_type": "-"}
def marker(code, content):
    """FF, the code, the length of all but these two bytes, the content."""
    return bytes([0xFF, code]) + (len(content) + 2).to_bytes(2, "big") + content


def head(height, width, tables):
    parts = [b"\xff\xd8", marker(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")]  # "a JPEG begins"
    for k, table in enumerate(tables):
        parts.append(marker(0xDB, bytes([k, *table.reshape(64)[ZIGZAG].tolist()])))
    size = bytes([8, *height.to_bytes(2, "big"), *width.to_bytes(2, "big"), 3])
    # of each plane: number, 2 x 2 or 1 x 1 blocks a unit, table
    parts.append(marker(0xC0, size + bytes([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])))
    for k in (0, 1):
        for ac in (0, 1):
            code = STANDARD[k, ac]
            content = bytes([16 * ac + k, *code.counts]) + code.symbols
            parts.append(marker(0xC4, content))
    parts.append(marker(0xDA, bytes([3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0])))
    return b"".join(parts)


len(head(288, 448, tables))

# %% slideshow={"slide_type": "subslide"}
from PIL import Image


def jpeg(planes, tables):
    text, _ = bits_of(units_of(planes, tables))
    text += "1" * (-len(text) % 8)  # fill up the last byte
    data = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    return head(*planes[0].shape, tables) + data + b"\xff\xd9"


mine = jpeg(planes, tables)
opened = Image.open(io.BytesIO(mine))
assert opened.format == "JPEG" and mine == codecs.BaselineJPEG(50).encode(photo)
print(opened.format, opened.size, f"{len(mine):,} bytes")
srlab.show(
    {"our file, opened by Pillow": srlab.images.read(mine)},
    crop=(60, 90, 112, 150),
    height=200,
    alt="The cat's eye, drawn by Pillow from our bytes: a JPEG of quality 50",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It opens. Save it (`open("cat.jpg", "wb").write(mine)`) and look at it in a browser.
# The package's `BaselineJPEG` is the same encoder, with odd sizes and grey pictures,
# and gives the same bytes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Beside the library
#
# Everybody uses libjpeg, in Pillow too. The same tables, Huffman codes not optimised:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
rows = {}
for quality in (10, 50, 90):
    ours = codecs.BaselineJPEG(quality)
    data = ours.encode(photo)
    theirs = codecs.JPEG(quality, optimize=False).encode(photo)
    better = codecs.JPEG(quality).encode(photo)
    dB = srlab.metrics.psnr(ours.decode(data), photo)
    pillow = srlab.metrics.psnr(srlab.images.read(data), photo)
    rows[f"quality {quality}"] = [len(data), len(theirs), len(better), dB, pillow]
    assert abs(len(data) / len(theirs) - 1) < 0.01 and 0 < pillow - dB < 0.6
    heads = [file.index(b"\xff\xda") for file in (data, better)]  # before the scan
    print(f"quality {quality}: heads of {heads} bytes, ours and optimised")
columns = ["ours (bytes)", "libjpeg", "optimised", "our decoder (dB)", "Pillow's"]
beside = pd.DataFrame(rows, index=columns).T
srlab.figures.table(beside, "One photograph", digits={c: 0 for c in columns[:3]})

# %% [markdown] slideshow={"slide_type": "fragment"}
# The sizes agree to within 1 %. Codes made for the picture ("optimised") save a quarter
# at quality 10, a fourth of that in the head, whose tables list fewer symbols; and
# little at quality 90. Pillow's decoder is a little better on the same bytes: it
# interpolates the halved colour, ours repeats it. The standard leaves that open.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Draw the life of one block on the board: 64 pixels, 64 amounts, mostly zeros, twelve
# symbols, 73 bits. The standard fixes the decoder and the file. How an encoder picks
# its tables and what it rounds to zero is free, and 30 years later encoders still gain.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Play with it


# %% slideshow={"slide_type": "-"}
def look(quality, subsampling):
    codec = codecs.JPEG(quality, subsampling)
    data = codec.encode(photo)
    image = codec.decode(data)
    dB = srlab.metrics.psnr(image, photo)
    caption = f"{len(data):,} bytes, {codecs.bpp(data, photo):.2f} bpp, {dB:.1f} dB"
    return image[..., 60:172, 90:240], caption


look(50, "4:2:0")[1]

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
srlab.widgets.explore(
    look,
    twin=[{"quality": 50}, {"quality": 10}, {"quality": 3}],
    alt="The cat's eye from a JPEG file of the chosen quality, and the file's size",
    quality=(1, 100, 1, 50),
    subsampling=["4:2:0", "4:4:4"],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# From which quality on do *you* see squares? And what goes first, hair or colour? Look
# at the size, too: below quality 3 it hardly falls any more, since the file's head and
# a bit or two for each symbol of an empty block remain.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 One wrong bit
#
# Huffman's bits have no commas. If one of them is wrong, the decoder reads other codes
# from there on. It often falls into step again after a few of them, but then it may
# have read too many numbers or too few, and each DC is a difference from the last.

# %% slideshow={"slide_type": "-"}
srlab.ask("13.c")


# %% slideshow={"slide_type": "subslide"}
def flipped(data, at, bit):
    """The same bytes with one bit turned round."""
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


plain_codec = codecs.BaselineJPEG(50)
marked_codec = codecs.BaselineJPEG(50, restart=28)  # a marker after each row of units
shown, lost = {}, {}
for name, codec in (("plain", plain_codec), ("restart markers", marked_codec)):
    data = codec.encode(photo)
    damaged = codec.decode(flipped(data, int(0.36 * len(data)), bit=5), keep=True)
    shown[name] = damaged
    off = (damaged - codec.decode(data)).abs().amax(dim=1) > 2 / 255
    lost[name] = off.float().mean().item()
assert lost["plain"] > 0.6 > 0.08 > lost["restart markers"] > 0.02
{name: f"{share:.0%} of the pixels changed" for name, share in lost.items()}

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
srlab.show(
    shown,
    height=150,
    alt="The cat twice. Left: from a third of its height on far too bright, nearly "
    "white. Right: part of one stripe of 16 rows is black, all else is well",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left, everything behind this bit is lost: a DC is far too large, and all others count
# from it. Right, the file has a **restart marker** after each row of units. There DC
# starts from zero again, and the number in the marker says which row comes next. The
# damage ends with its row.

# %% [markdown] slideshow={"slide_type": "subslide"}
# One bit proves little. Forty bits at random places of a smaller picture, the same
# places for three intervals: what do markers cost, and what do they save?


# %% slideshow={"slide_type": "-"}
def damage(whole, hurt):
    """[changed pixels; 1 or 2 changed units; all from the first on changed]."""
    off = ((hurt - whole).abs().amax(1)[0] > 2 / 255).numpy()
    of_units = off.reshape(9, 16, 14, 16).any(axis=(1, 3)).ravel()
    after = of_units[of_units.argmax() :].mean()
    return [off.mean(), of_units.sum() in (1, 2), after > 0.9]


small = photo[..., 64:208, 96:320]  # 9 x 14 units
dice = np.random.default_rng(13)
places = list(zip(dice.random(40), dice.integers(8, size=40).tolist(), strict=True))
rows = {}
for restart, name in ((0, "none"), (14, "after each row"), (1, "after each unit")):
    codec = codecs.BaselineJPEG(50, restart=restart)
    data = codec.encode(small)
    whole, begin, all_damage = codec.decode(data), data.index(b"\xff\xda") + 14, []
    for part, bit in places:
        bad = flipped(data, int(begin + part * (len(data) - 2 - begin)), bit)
        all_damage.append(damage(whole, codec.decode(bad, keep=True)))
    rows[name] = [len(data), *100 * np.mean(all_damage, axis=0)]

# %% slideshow={"slide_type": "subslide"}
columns = ["bytes", "pixels changed (%)", "1 or 2 units (%)", "all that follows (%)"]
costs = pd.DataFrame(rows, index=columns).T
extra = costs["bytes"] / costs["bytes"].iloc[0] - 1
assert extra.iloc[1] < 0.02 and extra.iloc[2] > 0.05
assert costs.iloc[0, 1] > 3 * costs.iloc[1, 1] > 6 * costs.iloc[2, 1]
assert costs.iloc[0, 2] > 40 and 30 < costs.iloc[0, 3] < 60
digits = {"bytes": 0} | dict.fromkeys(columns[1:], 1)
srlab.figures.table(costs, "Restart markers", digits=digits)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Without markers it is one or the other. Mostly the decoder is in step again when the
# block ends, and a unit or two are spoilt. If a DC is wrong, or an end of block is lost
# or gained, so is all that follows. A marker per row costs next to nothing and saves
# most of the picture. An arithmetic coder (section 8) does not fall into step again; so
# the files of this course's own codecs carry checksums, and a damaged one is refused.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Show the left picture first and ask why all of it is too bright: DC is a sum
# of differences, so one wrong difference shifts all that follows. Files on a disk
# hardly ever lose a bit; a radio does. Digital television marks its slices for this
# reason.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Squares
#
# Each block is rounded by itself, so neighbours no longer fit: at low quality one sees
# the **blocks**. A measure: the mean jump across the borders of the blocks, divided by
# the mean jump between other neighbours. A photograph has 1.


# %% slideshow={"slide_type": "subslide"}
def jumps(plane):
    """Along rows, mean jump at multiples of 8, and elsewhere, in levels."""
    steps = abs(np.diff(np.asarray(plane, float), axis=1)).mean(axis=0)
    at_border = np.arange(1, len(steps) + 1) % 8 == 0
    return steps[at_border].mean(), steps[~at_border].mean()


def blockiness(plane):
    at_border, elsewhere = jumps(plane)
    return at_border / elsewhere


def brightness(image):
    """(1, 3, H, W) -> JPEG's Y, (H, W) in 0..255."""
    return 255 * (image[0].permute(1, 2, 0).numpy() @ TO_YCC[0])


# %% slideshow={"slide_type": "subslide"}
qualities = (3, 5, 10, 20, 40, 75)
used = [codecs.JPEG(quality) for quality in qualities]
decoded = [brightness(codec.decode(codec.encode(photo))) for codec in used]
blocky = [blockiness(plane) for plane in decoded]
for name, plane in (("the photograph", y), ("quality 3", decoded[0])):
    print(f"{name}: {'{:.1f} at borders, {:.1f} elsewhere'.format(*jumps(plane))}")
assert 0.95 < blockiness(y) < 1.05 and blocky[0] > 3 and blocky[-1] < 1.4
assert jumps(decoded[0])[0] < 2.5 * jumps(y)[0]
assert jumps(decoded[0])[1] < jumps(y)[1] / 4
srlab.figures.curves(
    {"JPEG": (qualities, blocky), "the photograph": (qualities, [blockiness(y)] * 6)},
    "quality", "jumps at borders / elsewhere",
    "Blockiness over quality: near 10 at quality 3, falling to 1.3 at quality 75",
    log="y", size=(6, 2.4),
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Below quality 20 the squares are plain to see. Most of the ten at quality 3 comes from
# inside the blocks: the jumps at borders have only doubled, those elsewhere have sunk
# to less than a quarter, and no hair hides the borders. Two remedies have been found:
# a transform without blocks (section 5), and a filter that knows where the borders are
# (section 6).

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The measure looks along rows only. It needs to know the grid; on a picture that was
# scaled after it had been a JPEG the grid has another width. Notebook 08 has the same
# sign on a step edge.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 Wavelets, and JPEG 2000
#
# Split a signal in its even and its odd samples. Guess each odd one from its two even
# neighbours, and keep only the error $d$, the *detail*. Then correct the even ones, so
# that their mean stays: $s$, a *small version* of the signal.
#
# $$d_i = x_{2i+1} - \Big\lfloor \frac{x_{2i} + x_{2i+2}}{2} \Big\rfloor, \qquad
# s_i = x_{2i} + \Big\lfloor \frac{d_{i-1} + d_i + 2}{4} \Big\rfloor$$
#
# That is **lifting**, the 5/3 wavelet of JPEG 2000 (five samples reach into each $s$,
# three into each $d$). At the ends the nearest value is repeated.


# %% slideshow={"slide_type": "subslide"}
def forward(x):
    """Whole numbers (..., n) -> (s, d), the small version and the detail."""
    even, odd = x[..., ::2], x[..., 1::2]
    m, n = even.shape[-1], odd.shape[-1]
    right = np.concatenate([even[..., 1:], even[..., -1:]], axis=-1)[..., :n]
    d = odd - (even[..., :n] + right) // 2
    left = np.concatenate([d[..., :1], d], axis=-1)[..., :m]
    here = np.concatenate([d, d[..., -1:]], axis=-1)[..., :m]
    return even + (left + here + 2) // 4, d


x = np.array([10, 12, 14, 16, 18, 90, 92, 94])
s, d = forward(x)
assert d[0] == 0 and abs(d).max() > 30
print("signal:", x, " small:", s, " detail:", d)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where the signal is a straight line the detail is 0; at the step it is large. (The 2
# comes from the end, where a neighbour is missing.) Nothing is lost, though every step
# rounds: going back, the *same* rounded numbers are subtracted. Exercise 13.3 asks you
# for it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### In two dimensions
#
# Rows first, then columns: four quarters. `LL` is the cat at half size, `HL`, `LH` and
# `HH` hold upright, lying and crossed detail. Then the same again with `LL`.


# %% slideshow={"slide_type": "-"}
def split(plane):
    """(H, W) -> LL, HL, LH, HH, a quarter each."""
    low, high = forward(plane)
    (ll, lh), (hl, hh) = (forward(part.T) for part in (low, high))
    return ll.T, hl.T, lh.T, hh.T


def pyramid(plane, levels):
    """[(HL, LH, HH) of each level], and what is left."""
    bands = []
    for _ in range(levels):
        plane, *details = split(plane)
        bands.append(details)
    return bands, plane


bands, rest = pyramid(y, 3)
parts = [rest, *(part for details in bands for part in details)]
bits = sum(part.size * entropy(part) for part in parts) / y.size
assert 4 < bits < 4.8
f"{bits:.2f} bits a pixel, band by band; {entropy(y):.2f} for the pixels"

# %% slideshow={"slide_type": "-"}
image = srlab.images.to_pillow(torch.tensor(y / 255)[None, None].float())
file = io.BytesIO()
image.save(file, "JPEG2000", irreversible=False)
real = 8 * file.tell() / y.size
assert 3.7 < real < 4 < png(y)
f"real lossless files: JPEG 2000 {real:.2f}, PNG {png(y):.2f} bits a pixel"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
view = rest / 255
for hl, lh, hh in reversed(bands):
    hl, lh, hh = (0.5 + part / 80 for part in (hl, lh, hh))
    view = np.block([[view, hl], [lh, hh]])
srlab.show(
    {"three levels": torch.tensor(view)[None, None].float().clamp(0, 1)},
    height=190,
    alt="The cat in quarters: top left a small cat, round it, level by level, grey "
    "fields in which only edges and hair are drawn",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Three quarters of the numbers are fine detail, grey in the picture: nearly zero. As a
# lossless code the bands are better than the best guess of section 1. (Ten tables of
# frequencies against one: the files, which pay for all, say the same.) And no block
# anywhere: the pieces of one level overlap.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### JPEG 2000
#
# The standard takes five or six levels of this (a longer wavelet, 9/7, where loss is
# allowed), rounds each band, and codes the bits of the amounts from the highest plane
# to the lowest with an arithmetic coder. If the file is written in that order, it may
# be cut, and what is left is the same picture at a lower rate. At equal bytes:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
chosen, data = srlab.evaluation.encode_to_size(codecs.JPEG, photo, 4500)
wavelet = codecs.JPEG2000(bpp=codecs.bpp(data, photo))
made = {f"JPEG, quality {chosen.quality}": data, "JPEG 2000": wavelet.encode(photo)}
file = io.BytesIO()  # JPEG with one step, 64, for all amounts of all planes
image = srlab.images.to_pillow(photo)
image.save(file, "JPEG", qtables=[[64] * 64] * 2, subsampling="4:2:0", optimize=True)
made["JPEG, one step"] = file.getvalue()
made = {name: (len(data), srlab.images.read(data)) for name, data in made.items()}
rows = {
    name: [size, srlab.metrics.psnr(image, photo), blockiness(brightness(image))]
    for name, (size, image) in made.items()
}
equal = pd.DataFrame(rows, index=["bytes", "PSNR (dB)", "blockiness"]).T
better = equal.iloc[1, 1] - equal.iloc[0, 1]
assert 2.2 < better < 2.8
print(f"{better:.1f} dB better")
assert abs(equal.iloc[2, 1] - equal.iloc[0, 1]) < 0.1
assert abs(equal["bytes"].iloc[2] / equal["bytes"].iloc[0] - 1) < 0.01
assert equal["blockiness"].iloc[0] > 1.5 > 1.1 > equal["blockiness"].iloc[1]
srlab.figures.table(equal, "The cat in 4,500 bytes", digits={"bytes": 0})

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
srlab.show(
    {name: made[name][1] for name in list(made)[:2]},
    crop=(60, 90, 112, 150),
    height=170,
    alt="The cat's eye twice: in squares from JPEG; without squares, but with the fine "
    "hair smeared, from JPEG 2000",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The squares are gone, and the picture is better by 2.5 dB. In their place come
# blur, where a band was rounded to zero, and faint ripples beside edges. Is the wavelet
# to be praised? JPEG's table was made for viewers and not for PSNR, but that costs
# nothing here, as the last row shows. The arithmetic coder (section 8) and where the
# bits are spent differ as well: two whole codecs do not tell these apart.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Our source explains wavelets by "stationary and non-stationary processes". The lifting
# cell says the same on eight numbers: a step touches one detail, not all 64 amounts.
# Why did JPEG 2000 not replace JPEG? It was slow, and JPEG was good enough; cinemas and
# map makers use it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 Prediction: WebP
#
# Lossy WebP is a single picture of the video codec **VP8** (2010). It keeps JPEG's plan
# and adds four things: it *predicts* each block from its decoded neighbours, chooses
# the *size* of the blocks, *filters* the borders inside the loop, and codes
# *arithmetically*.
#
# ### Four guesses for a block
#
# Known are the row above and the column to the left. VP8 knows four modes for 16 x 16
# pixels (and six slanted ones more for 4 x 4):


# %% slideshow={"slide_type": "-"}
def guesses(above, left, corner):
    """(n,), (n,), a number -> mode -> (n, n)."""
    n = len(above)
    return {
        "DC": np.full((n, n), (above.mean() + left.mean()) / 2),
        "V": np.tile(above, (n, 1)),
        "H": np.tile(left[:, None], (1, n)),
        "TM": (left[:, None] + above - corner).clip(0, 255),  # "true motion"
    }


guesses(np.array([10, 20]), np.array([30, 40]), 10)

# %% slideshow={"slide_type": "subslide"}
r, c = 112, 384
target = y[r : r + 16, c : c + 16]
four = guesses(y[r - 1, c : c + 16], y[r : r + 16, c - 1], y[r - 1, c - 1])
error = {mode: abs(target - guess).mean() for mode, guess in four.items()}
best = min(error, key=error.get)
assert error[best] < 0.8 * error["DC"]
print({mode: f"{value:.1f} levels off" for mode, value in error.items()})
srlab.show(
    {
        name: torch.tensor(block / 255)[None, None].float()
        for name, block in {"the block": target, **four}.items()
    },
    height=110,
    alt="A block of 16 x 16 pixels and four guesses: flat, upright stripes, lying "
    "stripes, and a mixture of both that comes nearest",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# DC is flat, V carries the row above downwards, H the left column across, and TM adds
# both, as the guess of section 1 did. The encoder tries all, and sends the number of
# the best and what it leaves. (This block was picked because TM suits it so well.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What does prediction save?
#
# A small codec for brightness, to compare: blocks of 8 x 8, with or without prediction,
# one step for all amounts. It predicts from *decoded* pixels, as it must: the decoder
# has no others. Another mode than the first is charged two bits when it is chosen.
# Instead of bytes we count entropy, place by place of the block.


# %% slideshow={"slide_type": "-"}
from scipy.fft import dctn, idctn


def intra(plane, step, n, modes):
    """-> levels (blocks, n, n), the mode of each block, the decoded plane."""
    made = np.full((plane.shape[0] + 1, plane.shape[1] + 1), 128.0)
    levels, chosen = [], []
    for r in range(0, plane.shape[0], n):
        for c in range(0, plane.shape[1], n):
            block = plane[r : r + n, c : c + n]
            above, left = made[r, c + 1 : c + n + 1], made[r + 1 : r + n + 1, c]
            known = {"none": 128.0} | guesses(above, left, made[r, c])
            tried = {m: dctn(block - known[m], norm="ortho") / step for m in modes}
            price = {m: np.log2(1 + abs(np.rint(tried[m]))).sum() for m in modes}
            mode = min(modes, key=lambda m: price[m] + 2 * (m != modes[0]))
            decoded = known[mode] + idctn(np.rint(tried[mode]) * step, norm="ortho")
            made[r + 1 : r + n + 1, c + 1 : c + n + 1] = decoded.clip(0, 255)
            levels.append(np.rint(tried[mode]))
            chosen.append(mode)
    return np.array(levels), chosen, made[1:, 1:]


# %% slideshow={"slide_type": "subslide"}
def judge(part, step, modes, differences=False):
    """[bits per pixel, PSNR in dB] of a plane in blocks of 8 x 8."""
    levels, chosen, made = intra(part, step, 8, modes)
    lines = levels.reshape(-1, 64)
    if differences:
        lines[1:, 0] = np.diff(lines[:, 0])  # as JPEG does
    bits = sum(entropy(lines[:, k]) for k in range(64)) + entropy(chosen)
    return [bits / 64, 10 * np.log10(255**2 / ((part - made) ** 2).mean())]


parts = {"cat": y[64:208, 96:320], "cup": np.rint(brightness(cup))[56:200, 48:272]}
columns = [f"{name}, step {step}" for name in parts for step in (48, 96)]
ways = {"nothing": (["none"],), "DC differences, as JPEG": (["none"], True)}
ways |= {"mode DC": (["DC"],), "four modes": (["DC", "V", "H", "TM"],)}
rows = {
    name: [judge(part, step, *way) for part in parts.values() for step in (48, 96)]
    for name, way in ways.items()
}
spread = max(np.ptp([row[k][1] for row in rows.values()]) for k in range(4))
saved = pd.DataFrame({k: [b for b, _ in row] for k, row in rows.items()}, columns).T
gain = 100 * (1 - saved / saved.iloc[1])

# %% slideshow={"slide_type": "subslide"}
assert spread < 0.1 and (gain.iloc[3] > gain.iloc[2]).all()
assert 2 < gain.iloc[3].min() < 4 and 9 < gain.iloc[3].max() < 10
assert gain.iloc[3, 2] < gain.iloc[3, 0] and gain.iloc[3, 3] < gain.iloc[3, 1]
print(f"PSNR in one column equal to within {spread:.2f} dB")
print("saved on DC differences, %:\n" + gain.iloc[2:].round(1).to_string())
srlab.figures.table(saved, "Bits per pixel of the brightness", digits=3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A sober result. Over JPEG's own prediction, that of DC, the four modes save 3 to 10 %
# of the bits, more at coarse steps. Fur, which does not go on in stripes, is not to
# blame: on the smooth cup they save less. Our source calls prediction the main reason
# why WebP beats JPEG, by 36 % on Kodak (section 9). This small codec is no proof
# against it (VP8's transforms, modes, sizes and contexts fit together), but does not
# confirm it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The loop filter
#
# A decoder knows where the borders are and how coarse the steps were. VP8's simple
# filter looks at two pixels on either side, $p_1 p_0 | q_0 q_1$. If the jump is small
# enough to come from rounding (an edge of the scene is larger), both sides move towards
# each other:
#
# $$a = (p_1 - q_1) + 3 (q_0 - p_0), \qquad p_0 \mathrel{+}= a / 8, \quad
# q_0 \mathrel{-}= a / 8$$


# %% slideshow={"slide_type": "-"}
def smooth_columns(plane, limit):
    plane = plane.copy()
    n = plane.shape[1] // 8 - 1  # borders
    p1, p0, q0, q1 = (plane[:, 8 + k :: 8][:, :n] for k in (-2, -1, 0, 1))  # views
    small = 2 * abs(p0 - q0) + abs(p1 - q1) / 2 <= limit
    a = np.where(small, (p1 - q1) + 3 * (q0 - p0), 0) / 8
    p0 += a
    q0 -= a
    return plane


def noise(plane, original):
    """PSNR in dB, of planes in 0..255."""
    return 10 * np.log10(255**2 / ((plane - original) ** 2).mean())


step = np.tile([100.0] * 8 + [112.0] * 8, (2, 1))
smooth_columns(step, 30)[0, 5:11]


# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
rows = {}
for name, image in (("cat", photo), ("cup", cup)):
    whole = brightness(image)
    before = brightness(codecs.JPEG(10).decode(codecs.JPEG(10).encode(image)))
    for limit in (0, 30, 100, 1000):
        after = smooth_columns(smooth_columns(before, limit).T, limit).T
        rows[f"{name}, limit {limit}"] = [noise(after, whole), blockiness(after)]
    away = np.roll(before, (-4, -4), (0, 1))  # borders come to lie inside the blocks
    away = smooth_columns(smooth_columns(away, 100).T, 100).T
    away = np.roll(away, (4, 4), (0, 1))
    rows[f"{name}, 4 pixels off"] = [noise(away, whole), blockiness(away)]
filtered = pd.DataFrame(rows, index=["PSNR (dB)", "blockiness"]).T
dB, ratio = filtered["PSNR (dB)"], filtered["blockiness"]
assert 0.5 < dB.iloc[2] - dB.iloc[0] < 0.65 and 0.35 < dB.iloc[7] - dB.iloc[5] < 0.5
assert ratio.iloc[2] < 0.6 * ratio.iloc[0] and ratio.iloc[7] < 0.7 * ratio.iloc[5]
assert dB.iloc[2] < dB.iloc[3] < dB.iloc[2] + 0.2  # no limit at all: no loss here
assert max(dB.iloc[4] - dB.iloc[0], dB.iloc[9] - dB.iloc[5]) < 0.05
srlab.figures.table(filtered, "JPEG of quality 10, filtered")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The filter halves the borders, nearly, and gains about half a decibel, for no bits at
# all. It is not that any blur would do: 4 pixels off the borders it gains nothing. The
# limit is there to spare edges of the scene that happen to lie on a border. At this
# quality it finds none: without it (1,000) nothing is lost. At a finer quality?

# %% slideshow={"slide_type": "subslide"}
fine = brightness(codecs.JPEG(75).decode(codecs.JPEG(75).encode(cup)))
at_75 = {
    limit: noise(
        smooth_columns(smooth_columns(fine, limit).T, limit).T, brightness(cup)
    )
    for limit in (0, 30, 1000)
}
assert at_75[30] > at_75[0] > at_75[1000] + 0.8
{f"cup, quality 75, limit {limit}": f"{value:.1f} dB" for limit, value in at_75.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# There the limit decides between a gain and a loss of a decibel; so it must follow the
# step. In the *loop* means: the next picture of a video is predicted from the filtered
# pixels.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Prediction, partition, filter, arithmetic coder: ask which of the four the room would
# build first. By our numbers the filter is the cheapest gain at low rates; section 8
# shows what the coder adds.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 HEVC and AV1
#
# The codecs that came after sharpen the same four tools:
#
# | | JPEG 1992 | VP8 2010 | HEVC 2013 | AV1 2018 |
# |---|---|---|---|---|
# | file | .jpg | .webp | .heic, .bpg | .avif |
# | blocks | 8 | 4, 16 | 4 to 64, a tree | 4 to 128, a tree |
# | guesses | DC before | 4 and 10 | 35 | about 60 |
# | transforms | 8 | 4 | 4 to 32 | 4 to 64, several kinds |
# | filters | none | borders | borders, offsets | borders, two more |
# | coder | Huffman | arithmetic | arithmetic, adaptive | arithmetic, adaptive |
#
# **BPG** (2014) is an HEVC picture in a small container. No kept library for Python
# writes it, so that `srlab.codecs.HEIF` stands in for it: the same kind of picture from
# a newer version of the same encoder (x265), in the container that phones use.

# %% [markdown] slideshow={"slide_type": "subslide"}
# All five on the cup, live: real files, three or four sizes each, JPEG with optimised
# Huffman codes; colours halved in all but JPEG 2000. BD-rate (section 9) is how much
# more rate is needed for the same PSNR, on the average.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
families = {
    "JPEG": [codecs.JPEG(q) for q in (8, 15, 30, 60)],
    "JPEG 2000": [codecs.JPEG2000(bpp=r) for r in (0.2, 0.35, 0.6, 1.0)],
    "WebP": [codecs.WebP(q) for q in (2, 12, 40, 75)],
    "HEIF": [codecs.HEIF(q) for q in (18, 30, 45)],
    "AVIF": [codecs.AVIF(q) for q in (18, 35, 50)],
}
live = srlab.evaluation.rate_distortion(families, {"cup": cup}, progress=False)
live = srlab.evaluation.mean_curves(live)
jpeg_curve = live[live["codec"] == "JPEG"]
saved = {
    name: srlab.evaluation.bd_rate(jpeg_curve, live[live["codec"] == name])
    for name in list(families)[1:]
}
assert saved["AVIF"] < saved["WebP"] < -20 and saved["HEIF"] < saved["WebP"]
{name: f"{value:+.0f} %" for name, value in saved.items()}

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
srlab.figures.plot_rd(
    live,
    xlim=(0, 1.2),
    size=(6.5, 3.2),
    alt="PSNR over rate on the cup: JPEG lowest, then JPEG 2000 and WebP, HEIF and "
    "AVIF on top, from three and a half to nearly five decibels above JPEG",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On this picture AVIF and HEIF need less than half of JPEG's bytes for the same PSNR.
# It is *one* picture, with large dim areas that suit large blocks; section 9 has 24.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The table simplifies: HEVC's smallest prediction is 4 x 4, its largest 32 x 32. What
# all columns share is hybrid coding: predict, transform what is left, code it. Licences
# decided more than decibels: BPG fell over HEVC's patents and HEIC stayed off the web;
# AV1 was made free.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 Three ways to the entropy
#
# What is left to do is lossless. Our symbols: all quantised AC of the cat's brightness
# (section 2), 127,008 small whole numbers, mostly zero.

# %% slideshow={"slide_type": "-"}
blocks = quantised(y, table_50).reshape(-1, 64)  # in zigzag order
symbols = blocks[:, 1:].ravel()
values, counts = np.unique(symbols, return_counts=True)
bound = entropy(symbols)
assert 0.7 < bound < 1.2
print(f"{counts.max() / counts.sum():.1%} zeros, entropy {bound:.3f} bits a symbol")
f"{bound * len(symbols) / 8:,.0f} bytes at least, if they come one by one"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Huffman (1952)
#
# Join the two rarest symbols to one, again and again. In each joint, `0` leads to one
# side and `1` to the other. No other code with whole bits is shorter.


# %% slideshow={"slide_type": "-"}
import heapq


def huffman(counts):
    """Symbol -> count becomes symbol -> bits."""
    heap = [(n, k, {symbol: ""}) for k, (symbol, n) in enumerate(counts.items())]
    heapq.heapify(heap)
    while len(heap) > 1:
        (n, k, rare), (m, _, other) = heapq.heappop(heap), heapq.heappop(heap)
        joint = {s: "0" + bits for s, bits in rare.items()}
        joint |= {s: "1" + bits for s, bits in other.items()}
        heapq.heappush(heap, (n + m, k, joint))
    return heap[0][2]


small = huffman({"a": 5, "b": 2, "c": 1, "d": 1})
assert sorted(map(len, small.values())) == [1, 2, 3, 3]
code = huffman(dict(zip(values.tolist(), counts.tolist(), strict=True)))
text = "".join(code[value] for value in symbols.tolist())
{value: code[value] for value in (0, 1, -1, 2, -2, 3)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# A zero costs one bit, and would deserve a fifth of one. That is why JPEG does not code
# amounts but *runs* of zeros: its symbols are chosen so that whole bits fit.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Arithmetic coding (1976)
#
# The whole message becomes one number in [0, 1). Each symbol narrows an interval to its
# share of it; any number in the last interval tells the message. With P(a) = 3/4:

# %% slideshow={"slide_type": "-"}
from fractions import Fraction

share = {"a": (Fraction(0), Fraction(3, 4)), "b": (Fraction(3, 4), Fraction(1, 4))}
low, width, rows = Fraction(0), Fraction(1), []
for letter in "aaba":
    begin, part = share[letter]
    low, width = low + begin * width, width * part
    rows.append([letter, str(low), str(low + width), -np.log2(float(width))])
steps = pd.DataFrame(rows, columns=["letter", "from", "to", "-log2 of the width"])
assert abs(steps["-log2 of the width"].iloc[-1] - 3.245) < 0.001
srlab.figures.table(steps, "The interval, letter by letter")

# %% [markdown] slideshow={"slide_type": "fragment"}
# An `a` costs 0.42 bits, a fraction: that is the whole point. In any interval of width
# $w$ there is a number of at most $-\log_2 w + 1$ bits, so a message costs no more than
# one bit above the sum; this one is lucky, as 1/2 lies inside. Programs keep only the
# digits that still change. The package's coder (`constriction`'s) is of this kind, a
# **range coder**.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### rANS (ANS 2009, the range variant 2013)
#
# The message becomes one whole number $x$. Of 65,536 places a symbol with frequency $f$
# owns $f$, from $c$ on. To push it, $x$ becomes $65536 \lfloor x / f \rfloor + c + (x
# \bmod f)$: larger by a factor $65536 / f = 1 / p$. The last symbol comes out first.


# %% slideshow={"slide_type": "-"}
def rans_encode(symbols, f, c):
    x, words = 2**16, []
    for s in reversed(symbols):
        if x >= f[s] << 16:  # no room: 16 bits go out
            words.append(x & 0xFFFF)
            x >>= 16
        x = (x // f[s] << 16) + c[s] + x % f[s]
    return x.to_bytes(4, "big") + np.array(words[::-1], ">u2").tobytes()


def rans_decode(data, n, f, c, owner):
    x, found = int.from_bytes(data[:4], "big"), []
    words = iter(np.frombuffer(data[4:], ">u2").tolist())
    for _ in range(n):
        place = x & 0xFFFF
        s = owner[place]
        found.append(s)
        x = f[s] * (x >> 16) + place - c[s]
        if x < 2**16:
            x = x << 16 | next(words, 0)
    return found


# %% slideshow={"slide_type": "subslide"}
from srlab.codecs import entropy as coder

whole = coder.whole(counts / counts.sum())  # frequencies that add up to 65,536
f = dict(zip(values.tolist(), whole.tolist(), strict=True))
c = dict(zip(values.tolist(), (np.cumsum(whole) - whole).tolist(), strict=True))
owner = np.repeat(values, whole).tolist()
rans = rans_encode(symbols.tolist(), f, c)
assert rans_decode(rans, len(symbols), f, c, owner) == symbols.tolist()


def tables_of(groups):
    """The range coder's table of each group of symbols; last in it is its escape."""
    lows = tuple(int(group.min()) for group in groups)
    counts = [np.append(np.bincount(group - group.min()), 0) for group in groups]
    return coder.Tables(lows, tuple(coder.whole(n) for n in counts))


table, which = tables_of([symbols]), np.zeros(len(symbols), int)
ranged = coder.encode(symbols, which, table)
assert np.array_equal(coder.decode(ranged, which, table), symbols)
f"{len(rans):,} bytes by rANS, {len(ranged):,} by the range coder, both decoded"

# %% slideshow={"slide_type": "subslide"}
hurt = np.array(rans_decode(flipped(rans, 2000, 5), len(symbols), f, c, owner))
wrong = hurt != symbols
later = slice(wrong.argmax() + 10000, wrong.argmax() + 60000)
chance = (np.random.default_rng(0).permutation(symbols[later]) != symbols[later]).mean()
assert wrong.argmax() > 10000 and abs(wrong[later].mean() - chance) < 0.03
print("one bit wrong; of symbols 10,000 to 60,000 behind it")
f"{wrong[later].mean():.0%} are wrong, in a random order {chance:.0%}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# After one wrong bit rANS does not fall into step again: what it finds is as far from
# the right symbols as their random order would be.

# %% [markdown] slideshow={"slide_type": "subslide"}
# And one step further. The range coder may change its table for *each* symbol at no
# price. Give each of the 63 places of a block its own table: a **context**.

# %% slideshow={"slide_type": "-"}
srlab.ask("13.d")

# %% slideshow={"slide_type": "subslide"}
place = np.tile(np.arange(63), len(blocks))
tables_63 = tables_of([symbols[place == k] for k in range(63)])
in_context = coder.encode(symbols, place, tables_63)
assert np.array_equal(coder.decode(in_context, place, tables_63), symbols)
rows = {
    "the entropy": bound * len(symbols) / 8,
    "Huffman": len(text) / 8,
    "rANS": len(rans),
    "range coder": len(ranged),
    "range coder, 63 tables": len(in_context),
}
single = pd.DataFrame(rows, index=["bytes"]).T
ratio = single["bytes"] / single["bytes"].iloc[0]
assert ratio["Huffman"] > 1.3 and max(ratio["rANS"], ratio["range coder"]) < 1.003
assert ratio["range coder, 63 tables"] < 0.75
srlab.figures.table(single, "All AC of the cat's brightness, one by one", digits=0)

# %% [markdown] slideshow={"slide_type": "fragment"}
# rANS and the range coder need the entropy and a few bytes; Huffman needs more than
# half as much again. With a table for each place another third is saved. (The tables
# would have to be sent or learned on the way: the modern coders adapt theirs as they
# go. What that costs follows.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is Huffman's code that bad? JPEG chose its symbols for it: runs of zeros.

# %% slideshow={"slide_type": "-"}
found = [symbol for line in blocks for symbol in ac_symbols(line)]
kinds = np.array([16 * zeros + size for zeros, size, _ in found])
extra = sum(size for _, size, _ in found)
own = huffman(dict(zip(*np.unique(kinds, return_counts=True), strict=True)))
rows = {
    "the standard's Huffman code": sum(len(ac_codes[kind]) for kind in kinds),
    "its own Huffman code": sum(len(own[kind]) for kind in kinds),
    "the entropy of the symbols": entropy(kinds) * len(kinds),
}
rows = {name: (extra + bits) / 8 for name, bits in rows.items()}
runs = pd.DataFrame(rows, index=["bytes"]).T
loss = rows["its own Huffman code"] / rows["the entropy of the symbols"] - 1
assert 0.001 < loss < 0.03
print(f"its own Huffman code loses {loss:.1%} to the entropy")
srlab.figures.table(runs, "The same AC as JPEG's runs", digits=0)

# %% [markdown] slideshow={"slide_type": "fragment"}
# On symbols made for it Huffman loses only about 1 %. And what do the contexts gain on
# that? Once with the 63 tables for nothing, once by a coder that knows nothing at first
# and counts as it goes, as a decoder can, too:


# %% slideshow={"slide_type": "subslide"}
def learned(values, start=0.02):
    """Bytes of a coder that counts along; each value begins with `start`."""
    low, size = symbols.min(), np.ptp(symbols) + 1
    seen, total, bits = [start] * size, start * size, 0.0
    for k in (values - low).tolist():
        bits += np.log2(total / seen[k])
        seen[k] += 1
        total += 1
    return bits / 8


along = sum(learned(symbols[place == k]) for k in range(63))
less = [1 - size / rows["its own Huffman code"] for size in (len(in_context), along)]
assert 0.04 < less[0] < 0.06 and 0 < less[1] < 0.02
f"63 tables for nothing save {less[0]:.1%}, learned on the way {less[1]:.1%}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Our source (2.1.3) says that Huffman's code is 5 to 10 % better than arithmetic
# coding. That cannot be: no code of the same symbols is shorter than the entropy, and
# arithmetic coding reaches it. Read the other way round it is possible: contexts save
# 5 % here if learning is free. In so small a picture learning takes most of it; a
# larger one pays the same for more symbols.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Arithmetic coding was patented until about 2007, and JPEG's own arithmetic mode stayed
# unused for it. rANS decodes with one multiplication a symbol; JPEG XL has it, and
# Zstandard its cousin with tables. It decodes backwards: a stack, where the range coder
# is a queue. Learned codecs use either (notebook 14).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 Rate and distortion
#
# A codec is a *curve*: each setting is a point, PSNR over bits per pixel. Papers draw
# it for the 24 photographs of Kodak, rates and PSNRs averaged. Solid: measured by `make
# bench SETS=kodak` with this course's codecs, real files. Dashed: published by the
# authors of CompressAI.

# %% slideshow={"slide_type": "subslide"}
kodak = srlab.evaluation.results("kodak_rd")
published = srlab.evaluation.results("published_rd")
bd_rate = srlab.evaluation.bd_rate


def ours(name):
    return kodak[kodak["codec"] == name]


def theirs(name):
    return published[published["codec"] == name]


drawn = ("JPEG", "JPEG 2000 by dB", "WebP", "AVIF", "HEIF")
srlab.figures.plot_rd(
    kodak, beside=("JPEG", "WebP", "BPG"), only=drawn, xlim=(0, 1.5),
    size=(6.5, 3.6),
    alt="PSNR over rate on Kodak. JPEG lowest, measured and published curves on top of "
    "each other; WebP the same, higher; JPEG 2000 a little below it at low rates and "
    "above it at high ones; HEIF, AVIF and the published BPG on top, in this order",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where codec and settings are the published ones (JPEG, WebP), the curves agree. HEIF
# stands in for BPG: the same kind of picture, colours not halved, but from another
# version of the encoder with other settings. It needs 16 % more than BPG, and so does
# our AVIF, made at a middle speed, beside the published AV1 (printed with the next
# table).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **BD-rate** puts two curves into one number: how much more rate the one needs for the
# same quality, averaged over the qualities that both reach (exercise 13.4). Beware of
# the names: the same standard from another encoder, or with another goal, is another
# curve.

# %% slideshow={"slide_type": "subslide"}
names = {"JPEG optimised": "", "WebP": "WebP", "JPEG 2000 by rate": "JPEG 2000"}
names |= {"JPEG 2000 by dB": "JPEG 2000", "AVIF": "AV1", "HEIF": "BPG"}
rows = {
    name: [bd_rate(ours("JPEG"), ours(name)), other or "-",
           bd_rate(theirs("JPEG"), theirs(other)) if other else np.nan]
    for name, other in names.items()
}  # fmt: skip
columns = ["measured", "nearest published", "published"]
against = pd.DataFrame(rows, index=columns).T
assert abs(against["measured"]["WebP"] - against["published"]["WebP"]) < 1
assert against["measured"]["JPEG 2000 by dB"] - against["measured"].iloc[2] > 10
assert -58 < against["measured"]["HEIF"] < -54
assert -13 < against["measured"]["JPEG optimised"] < -10
directly = bd_rate(ours("AVIF"), ours("HEIF"))
assert 4 < directly < 9
behind = [bd_rate(theirs(a), ours(b)) for a, b in (("BPG", "HEIF"), ("AV1", "AVIF"))]
webp = {w: bd_rate(ours(f"JPEG 2000 by {w}"), ours("WebP")) for w in ("rate", "dB")}
assert np.ptp([*behind, 16]) < 1 and webp["dB"] < -3 and webp["rate"] > 17
print(f"HEIF against BPG {behind[0]:+.0f} %, AVIF against AV1 {behind[1]:+.0f} %")
print("WebP against JPEG 2000:", {f"by {w}": f"{v:+.1f} %" for w, v in webp.items()})
caption = f"BD-rate against JPEG on Kodak, %; HEIF against AVIF {directly:+.1f} %"
srlab.figures.table(against, caption, digits=1)

# %% [markdown] slideshow={"slide_type": "subslide"}
# A negative number is a saving. Making JPEG's Huffman codes for the picture is worth
# 11.6 %: a comparison must say which JPEG it means. JPEG 2000 saves 48 % if each
# picture gets the same *rate*, 35 % if each gets the same *PSNR*: averages over other
# points of the same codec. That turns the order round: WebP, set by quality, needs 18 %
# more than the one and 3.6 % less than the other. Average in one way, and say in which;
# the figure has the second.

# %% [markdown] slideshow={"slide_type": "fragment"}
# Do not compare the rows with each other: each averages over the qualities that *it*
# shares with JPEG. HEIF was measured down to 24 dB, where JPEG is at its worst, AVIF to
# 27. HEIF seems to save more; directly, it needs 6.6 % more than AVIF, as the figure
# says.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Has learned compression passed JPEG and BPG?
#
# Our source (2.2) says so. The published curves, networks trained for squared error:

# %% slideshow={"slide_type": "-"}
srlab.ask("13.e")

# %% slideshow={"slide_type": "subslide"}
years = {"JPEG": 1992, "JPEG 2000": 2000, "WebP": 2010, "BPG": 2014, "AV1": 2018}
years |= {"VTM": 2020, "bmshj2018-factorized": 2018, "bmshj2018-hyperprior": 2018}
years |= {"mbt2018-mean": 2018, "mbt2018": 2018, "cheng2020-anchor": 2020, "ELIC": 2022}
rows = {}
for name, year in years.items():
    saved = [bd_rate(theirs(anchor), theirs(name)) for anchor in ("JPEG", "BPG")]
    rows[name] = [year, *saved]
race = pd.DataFrame(rows, index=["year", "against JPEG", "against BPG"]).T
race["year"] = race["year"].astype(int)
to_bpg = race["against BPG"]
assert abs(to_bpg["JPEG"] - 143) < 1 and abs(to_bpg["WebP"] - 44.2) < 0.5
assert abs(to_bpg["bmshj2018-hyperprior"] - 3.9) < 0.5 and abs(to_bpg["VTM"] + 18) < 0.5
assert to_bpg["ELIC"] < to_bpg["VTM"] - 5 and -4 < to_bpg["mbt2018-mean"] < -3
srlab.figures.table(race, "BD-rate of published Kodak curves, %", digits=1)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
saved = {n: bd_rate(ours("JPEG"), ours(n)) for n in ("factorized", "mean-scale")}
assert saved["mean-scale"] < -30 < saved["factorized"] < -20
srlab.figures.plot_rd(
    kodak,
    beside=("JPEG", "BPG", "VTM", "bmshj2018-hyperprior", "cheng2020-anchor", "ELIC"),
    only=("JPEG optimised", "factorized", "mean-scale"),
    xlim=(0, 1.2),
    size=(6.2, 3.6),
    alt="PSNR over rate on Kodak: our two small networks above optimised JPEG and "
    "below BPG, level with JPEG at their highest rate; the published hyperprior near "
    "BPG, cheng2020 near VTM, ELIC on top",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **JPEG: yes**, by every learned codec here, our own two small ones included over most
# of their range (notebook 14). **BPG: yes, since 2018**, narrowly at first: the
# hyperprior still needs 3.9 % more, mbt2018-mean saves 3.3 %, mbt2018 11 %. But the
# classical codecs moved on as well: **VTM**, the test encoder of VVC, is as good as the
# networks of its year, and only later ones passed it. And all that is PSNR on 24
# photographs. It does not count the network's weights, nor the time, nor what viewers
# prefer.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask what would have to be said beside "better": on which pictures, by which measure,
# against which encoder at which setting, in which time. CompressAI gives 19 to 256 s
# for VTM to encode a photograph of Kodak, and 4 to 15 s each way for cheng2020 without
# a graphics card; JPEG takes hundredths. The web still takes JPEG.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Four functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("13.1")` gives the first of three hints, the next call the second.
# `srlab.solution("13.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Exercise 13.1 takes ten minutes, 13.2 ten, 13.3 fifteen, 13.4 twenty-five. In 13.4
# they should draw the two curves first, with the axes turned round.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 13.1 The zigzag
#
# Return the places (row, column) of an `n` x `n` block in zigzag order, as a list of
# pairs: (0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2) ... to the last.


# %% slideshow={"slide_type": "-"}
def zigzag(n):
    raise NotImplementedError  # your code


checked_zigzag = srlab.check("13.1", zigzag)
checked_zigzag

# %% [markdown] slideshow={"slide_type": "subslide"}
# With your order (or the solution's): how many zeros stand at the end of a block, on
# the average over the cat? And if the blocks were read row by row?

# %% slideshow={"slide_type": "-"}
order = [8 * row + column for row, column in checked_zigzag.use(8)]
assert order == ZIGZAG.tolist()


def zeros_at_the_end(order):
    lines = Q.reshape(-1, 64)[:, order]
    return (np.cumsum(abs(lines[:, ::-1]), axis=1) == 0).sum(axis=1).mean()


ends = {"zigzag": zeros_at_the_end(order), "by rows": zeros_at_the_end(range(64))}
assert ends["zigzag"] > ends["by rows"] + 5
{name: f"{count:.1f} of 64" for name, count in ends.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 13.2 Restarts
#
# `dc` is a list of the DC values of one plane, block by block. Return what is sent: the
# list of differences from the last block's value (from 0 for the first). After every
# `restart` blocks the decoder forgets, and so must you; `restart = 0` means never.


# %% slideshow={"slide_type": "-"}
def differences(dc, restart):
    raise NotImplementedError  # your code


checked_differences = srlab.check("13.2", differences)
checked_differences

# %% [markdown] slideshow={"slide_type": "subslide"}
# What forgetting costs the cat's brightness: bits of all DC (Huffman's code and plain
# bits), for several intervals. The markers themselves come on top.

# %% slideshow={"slide_type": "-"}
dc_values = units[:, :4, 0].ravel().tolist()
dc_codes = STANDARD[0, 0].codes
spent = {}
for restart in (0, 112, 16, 4, 1):
    sizes = [len(plain(v)) for v in checked_differences.use(dc_values, restart)]
    spent[restart] = sum(len(dc_codes[size]) + size for size in sizes) / len(sizes)
assert spent[0] < spent[16] < spent[1] and abs(spent[112] - spent[0]) < 0.05
{f"restart {n}": f"{bits:.2f} bits a block" for n, bits in spent.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# 112 blocks are a row of units. To forget there costs nothing: the next row begins at
# the other side of the picture anyway.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 13.3 The wavelet, backwards
#
# `s` and `d` are what `forward` of section 5 made of a signal of whole numbers; `s` is
# as long as `d` or one longer. Return the signal, again in whole numbers, without any
# error.


# %% slideshow={"slide_type": "-"}
def backward(s, d):
    raise NotImplementedError  # your code


checked_backward = srlab.check("13.3", backward)
checked_backward

# %% [markdown] slideshow={"slide_type": "subslide"}
# With your function: a row of the cat, there and back. And what if its details are
# thrown away?

# %% slideshow={"slide_type": "-"}
row = y[100]
s, d = forward(row)
assert np.array_equal(checked_backward.use(s, d), row)
without = checked_backward.use(s, 0 * d)
off = abs(without - row).mean()
assert 0.5 < off < 6
f"with the details exact; without them {off:.1f} levels off"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 13.4 BD-rate by hand
#
# `anchor` and `test` are dicts with the arrays `"bpp"` and `"psnr"`, both rising.
# Return how many per cent more rate the test needs: the mean difference of the
# *logarithms* of the two rates over the qualities that both reach, made into per cent.
# Interpolate with `scipy.interpolate.PchipInterpolator`.


# %% slideshow={"slide_type": "-"}
def by_hand(anchor, test):
    raise NotImplementedError  # your code


checked_bd = srlab.check("13.4", by_hand)
checked_bd

# %% [markdown] slideshow={"slide_type": "subslide"}
# Beside the library, on the published curves of WebP and BPG:


# %% slideshow={"slide_type": "-"}
def curve(name):
    rows = published[published["codec"] == name]
    return {"bpp": rows["bpp"].to_numpy(), "psnr": rows["psnr"].to_numpy()}


pair = curve("BPG"), curve("WebP")
mine, library = checked_bd.use(*pair), srlab.evaluation.bd_rate(*pair)
assert abs(mine - library) < 0.1
f"by hand {mine:+.1f} %, the library {library:+.1f} %"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(13)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - Redundancy: likely values, like neighbours, and what nobody sees.
# - Transform, quantise, code: only the middle step of the three loses. The low
#   frequencies stand at the *top left*.
# - One wrong bit spoils a block or all that follows, up to the next restart marker.
# - Blocks make squares, wavelets make ripples; a loop filter helps the blocks.
# - WebP, HEVC and AVIF predict a block from its neighbours, in more and more ways.
# - Huffman spends whole bits; arithmetic coding and rANS spend fractions, and come to
#   the entropy within a per cent.
# - A rate is a file's size. A curve needs its encoder's name and settings, and the way
#   in which it was averaged.
# - On Kodak learned codecs have passed JPEG by far and BPG too, by PSNR.
#
# Next: notebook 14 learns the transform, the step sizes and the probabilities.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = (
    "redundancy, entropy, lossless compression, bitstream, transform coding, discrete "
    "cosine transform, quantisation, chroma subsampling, blocking, wavelet transform, "
    "intra prediction, loop filter, entropy coding, Huffman coding, arithmetic coding, "
    "rate-distortion curve, BD-rate"
)
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# 002 is a thesis on compression guided by class activation maps.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("13")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - G. K. Wallace, "The JPEG still picture compression standard", Communications of the
#   ACM 34, 1991, [doi:10.1145/103085.103089](https://doi.org/10.1145/103085.103089);
#   the standard itself is ITU-T T.81, 1992.
# - A. Skodras, C. Christopoulos, T. Ebrahimi, "The JPEG 2000 still image compression
#   standard", IEEE Signal Processing Magazine 18, 2001,
#   [doi:10.1109/79.952804](https://doi.org/10.1109/79.952804).
# - W. Sweldens, "The lifting scheme: a construction of second generation wavelets",
#   SIAM Journal on Mathematical Analysis 29, 1998,
#   [doi:10.1137/S0036141095289051](https://doi.org/10.1137/S0036141095289051).
# - J. Bankoski et al., "VP8 data format and decoding guide", RFC 6386, 2011,
#   [rfc-editor.org](https://www.rfc-editor.org/rfc/rfc6386).
# - G. J. Sullivan, J.-R. Ohm, W.-J. Han, T. Wiegand, "Overview of the high efficiency
#   video coding (HEVC) standard", IEEE TCSVT 22, 2012,
#   [doi:10.1109/TCSVT.2012.2221191](https://doi.org/10.1109/TCSVT.2012.2221191).
# - J. Duda, "Asymmetric numeral systems: entropy coding combining speed of Huffman
#   coding with compression rate of arithmetic coding", 2013,
#   [arXiv:1311.2540](https://arxiv.org/abs/1311.2540).
# - G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves",
#   VCEG-M33, 2001.
# - J. Bégaint, F. Racapé, S. Feltman, A. Pushparaja, "CompressAI: a PyTorch library and
#   evaluation platform for end-to-end compression research" (the published curves),
#   2020, [arXiv:2011.03029](https://arxiv.org/abs/2011.03029).
