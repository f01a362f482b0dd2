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
# # 21 The bake-off
#
# One photograph, one budget, every codec of the course: JPEG and its grandchildren,
# networks, regions of interest, two layers, a few bytes of help. In a bake-off all
# cakes stand on one table, and one may taste.

# %% slideshow={"slide_type": "-"} tags=["hide-input", "nbval-ignore-output"]
import srlab
from srlab.evaluation import bakeoff

cup = srlab.photo("coffee")[..., 40:328, 90:538]
budget = 4_500  # bytes
P = bakeoff.look_at(cup)
four = ("JPEG repacked", "JPEG + restorer", "mean-scale", "AVIF")
promise, made = bakeoff.compare_within(four, cup, budget, P)
assert promise["bytes"].le(budget).all()
assert promise["psnr"].idxmax() == 3 and promise["psnr"].idxmin() == 0
", ".join(f"{row.codec} {row.psnr:.1f} dB" for row in promise.itertuples())

# %% slideshow={"slide_type": "-"} tags=["hide-input", "nbval-ignore-output"]
srlab.show(
    made,
    crop=(60, 190, 140, 150),
    height=140,
    alt="The rim of a cup four times, each from a file of at most 4,500 bytes: JPEG "
    "with squares, the same smoothed by a network, a learned codec with a fine woven "
    "texture, and AVIF, smooth and with the clearest rim",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Let the room rank the four before the decibels are read out. Then ask which of them
# they would put on a web page of today, and why a codec that is better by some decibels
# may still not be used.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## You will be able to
#
# - compare any two codecs at a budget, and say what the comparison is worth;
# - compute a BD-rate by hand, and say when it means nothing;
# - judge a codec that favours a region by what it was made for, and tell its price;
# - send a benchmark to a pool of processes or a cluster with one argument;
# - sort claims into confirmed, refused and untestable, with a test for each;
# - plan an experiment of your own, and say beforehand what would count as an answer.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Before you start
#
# - Notebooks 13 and 14: classical and learned codecs, BD-rate.
# - Notebooks 15 and 17: class activation maps (CAM), regions of interest; 19: two
#   layers; 20: side information. Who has not read one loses some rows of the tables.
# - No internet and no GPU is needed.
#
# ## Time
#
# About two hours to work through, 60 minutes of it exercises; a project takes days.
# To run all cells, minutes on two CPU cores: 1, on one GPU: 1.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Setup

# %% slideshow={"slide_type": "-"}
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

run = srlab.setup("21")
run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 The rules
#
# 1. **Bytes are those of the whole file**: header, tables, descriptors, all that is
#    sent. No estimate, no "without the header".
# 2. What stands at both ends does not count: decoders, networks, classifiers.
# 3. **A budget first.** Each codec gets the file of its highest setting that fits.
# 4. The measure is named before: PSNR and MS-SSIM of 8-bit RGB, and PSNR *in the
#    region*: the fifth of the 8 x 8 blocks that CAM of the likeliest class (notebook
#    15) marks. One region for all.

# %% slideshow={"slide_type": "-"}
srlab.ask("21.a")

# %% slideshow={"slide_type": "subslide"}
families = bakeoff.FAMILIES
kinds = pd.Series({name: f.kind for name, f in families.items()})
words = {
    "standard": "a standard; JPEG also with its coefficients packed better",
    "learned": "networks of the course (14)",
    "region": "favours the region (17)",
    "restored": "a network behind the decoder (19)",
    "told": "a network, and a few bytes for it (20)",
}
rows = [(", ".join(kinds.index[kinds == kind]), said) for kind, said in words.items()]
assert kinds.isin(list(words)).all() and len(families) >= 14
srlab.figures.table(pd.DataFrame(rows, columns=["families", "what"]), "Who takes part")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **JPEG repacked** has the coefficients of a JPEG, packed again without loss by
# mozjpeg (in several scans, with codes of its own); **JPEG arithmetic** has them in the
# standard's other entropy coder, which no browser reads, and the adaptive two layers
# are built on it. AVIF (tuned for PSNR) and HEIF send colour at full size; JPEG and
# WebP halve it, as they do on the web. Part of the distance is that.
#
# All are in one list, `srlab.evaluation.bakeoff.FAMILIES`, and each has `encode` and
# `decode`: a restorer behind a decoder, a region or help makes a codec of a codec.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Meeting a budget
#
# A family has *settings*, from small files to large. Files grow with the setting, so
# one halves the range (you will write it, exercise 21.1):

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
codec, data = bakeoff.within("JPEG repacked", cup, budget)
next_one = type(codec)(codec.quality + 1, optimize="mozjpeg")
assert len(data) <= budget < len(next_one.encode(cup))
print(codec)
f"{len(data):,} bytes; with one quality more {len(next_one.encode(cup)):,}"

# %% slideshow={"slide_type": "subslide"}
tiny = 300
try:
    bakeoff.within("JPEG", cup, tiny)
    refused = ""
except ValueError as error:
    refused = str(error)
assert "more than 300" in refused
refused

# %% [markdown] slideshow={"slide_type": "fragment"}
# A family that has no file so small says so, and is out. Even at quality 1 JPEG sends a
# header, tables, and a code or more for each block.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What each measure asks
#
# PSNR: how far is each pixel, all alike? MS-SSIM: is the structure kept, at five sizes?
# In the region: the first question, where somebody may look. They disagree. Two files
# of the cup that are equal by one and not by another:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
mask = bakeoff.region_of(P)
region_codec, region_file = bakeoff.within("ROI JPEG", cup, budget, P)
same_bytes = {"JPEG repacked": made["JPEG repacked"]}
same_bytes["ROI JPEG"] = region_codec.decode(region_file)
judged = pd.DataFrame({n: bakeoff.judge(y, cup, mask) for n, y in same_bytes.items()}).T
apart = judged.iloc[1] - judged.iloc[0]
assert apart["roi_psnr"] > 0.3 and apart["psnr"] < 0
files = {"JPEG repacked": promise["bytes"][0], "ROI JPEG": len(region_file)}
judged.insert(0, "bytes", pd.Series(files).astype(int))
srlab.figures.table(judged, "The cup, 4,500 bytes at most", digits={"ms_ssim": 3})

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Rule 2 is the one to argue about. Decoders and networks are sent once, and then used
# for every picture. But a network of a gigabyte that knows the test pictures by heart
# would win everything, which is why test pictures must not be those of the training.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 One photograph, one budget, every codec
#
# The cup, 448 x 288 pixels, 4,500 bytes: little more than a quarter of a bit per
# pixel. Live, by the very encoders:

# %% slideshow={"slide_type": "-"}
srlab.ask("21.b")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
slow = {"adaptive two-layer"} if run.mode == "rehearse" else set()
everyone = [name for name in families if name not in slow]
table, pictures = bakeoff.compare_within(everyone, cup, budget, P)
table = table.set_index("codec")
raw = cup.numel()  # bytes of the picture without compression
assert table["bytes"].dropna().le(budget).all() and 85 < raw / budget < 87
assert table["psnr"].idxmax() in ("AVIF", "HEIF", "adaptive two-layer")
print(f"{raw:,} bytes without compression, {raw / budget:.0f} times the budget")
out = [name for name in everyone if name not in pictures]
f"{len(pictures)} of {len(everyone)} have a file so small; without: {out}"

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
shown = table.sort_values("psnr", ascending=False).drop(columns=["setting", "bpp"])
shown["bytes"] = [str(int(n)) if n == n else "too large" for n in shown["bytes"]]
srlab.figures.table(
    shown,
    "The cup in 4,500 bytes, best PSNR first",
    units={"psnr": "dB", "roi_psnr": "dB"},
    digits={"ms_ssim": 3},
    best={"psnr": "max", "ms_ssim": "max", "roi_psnr": "max"},
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One photograph proves nothing about small differences: look at the large ones.
# Standards of this century are decibels ahead of JPEG. The same coefficients, packed
# better, are worth almost two decibels at this budget, since saved bytes buy quality;
# a network behind the decoder adds more. And who favours the region is good there, and
# elsewhere not. (Settings are coarse: HEIF, ROI JPEG and side information leave nearly
# a tenth of the budget unused.)

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Ask why three rows of JPEG have three different values though their coefficients are
# made in the same way: at a budget, what is saved on codes is spent on quality.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 Side by side
#
# Drag the line between JPEG with a network behind it and AVIF. Which one has more of
# the rim? And which one has more on the coffee? (Whether that is true, the original
# says: choose it in the menu below.)

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
srlab.compare(
    pictures["JPEG + restorer"],
    pictures["AVIF"],
    labels=("JPEG + restorer", "AVIF"),
    alt="The rim of the cup from files of one size: JPEG behind which a network "
    "smoothed the squares, and AVIF with a clearer rim and fewer spots",
    crop=(70, 200, 100, 126),
)

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
srlab.zoom(
    pictures["mean-scale"],
    alt="The rim of the cup by the learned codec in 4,500 bytes, with a frame to move: "
    "no squares, a fine woven grain on the coffee and on the rim",
    crop=(90, 200, 80, 104),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Squares (JPEG), smears (AVIF), a woven grain or softness (networks): each family fails
# in its own way, and one number hides it. Look for JPEG 2000's waves with the menu.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Choose yourself
#
# A photograph, a budget, two families. The button below takes a photograph of your
# own (its middle, at most 320 x 320 pixels, so that nobody waits); then choose "your
# own" in the menu. It stays on this machine.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
scenes = {"coffee": cup}
for name in ("astronaut", "chelsea"):
    scenes[name] = srlab.photo(name)[..., :288, :448]
contest = srlab.widgets.Contest(
    {name: x[..., 70:166, 130:258] for name, x in scenes.items()}
)
own = srlab.widgets.upload(contest.take)
own

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
quick = [name for name in families if name != "adaptive two-layer"]
srlab.widgets.explore(
    contest,
    twin=[{"left": "JPEG repacked", "right": "AVIF"}],
    alt="Part of a photograph, and what two codecs of your choice make of it in files "
    "of one size: at 750 bytes JPEG has squares where AVIF smears",
    photograph=contest.names,
    budget=(500, 5_000, 250, 750),
    left=quick,
    right=[*reversed(quick)],
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Questions to put to it. Below which budget has JPEG no file at all? Where does a
# network behind JPEG stop helping? On a drawing or a screenshot of your own: who wins,
# and is it the one that wins on photographs?

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A screenshot of text upsets the order: try one before the lesson. Networks that were
# trained on photographs do badly, and so does halved chroma.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 Where people look
#
# The region in which all are judged, and what two codecs make of it:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
inside = mask * cup + (1 - mask) * (0.25 * cup + 0.6)
trio = {"the region": inside, "ROI JPEG": same_bytes["ROI JPEG"]}
trio["JPEG repacked"] = same_bytes["JPEG repacked"]
assert 0.15 < mask.mean() < 0.25
print(f"{100 * mask.mean():.0f} % of the pixels are the region")
srlab.show(
    trio,
    crop=(40, 100, 130, 180),
    height=130,
    alt="Part of the cup with all but its region paled, then by ROI JPEG, clear in the "
    "region and with large squares around it, and by JPEG, squares everywhere",
)

# %% slideshow={"slide_type": "subslide"}
srlab.ask("21.c")

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
pair = {"ROI JPEG": "JPEG repacked", "ROI learned": "mean-scale"}
rows = {}
for ours, plain in pair.items():
    gain = (
        table.loc[ours, ["roi_psnr", "psnr"]] - table.loc[plain, ["roi_psnr", "psnr"]]
    )
    rows[f"{ours}, less {plain}"] = gain.astype(float).tolist()
price = pd.DataFrame(rows, index=["in the region", "whole picture"]).T
assert (price["in the region"] > price["whole picture"]).all()
price["bytes of it, %"] = [
    100 * table.loc[ours, "bytes"] / table.loc[plain, "bytes"]
    for ours, plain in pair.items()
]
srlab.figures.table(price, "Gain and price in 4,500 bytes, PSNR in dB",
                    digits={"bytes of it, %": 0})  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# What the region wins, the rest pays: at equal bytes there is no other place to take it
# from. (ROI JPEG's file is some per cent smaller: its gain is a little more, and its
# price a little less, than shown.) Whether it is worth it, no measure says. Somebody
# has to know where people look.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# The judge uses the map that the codec used. That is the best case for region coding,
# and it is the only case in which the comparison is about coding and not about maps.
# Notebook 17 has the other one: drawn outlines, and maps that miss them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 Kodak: curves, and one table
#
# The same on 24 photographs of 768 x 512 pixels, from data/results. The commands stand
# in section 9. (Kodak's pictures are not shown here; their numbers are.)

# %% slideshow={"slide_type": "-"}
kodak = srlab.evaluation.results("bakeoff")
measured = list(kodak["codec"].unique())
assert set(measured) <= set(families) and "JPEG repacked" in measured
print(f"{len(measured)} families, {len(kodak)} settings; not measured yet:")
", ".join(name for name in families if name not in measured) or "none"

# %% slideshow={"slide_type": "subslide"}
some = [
    "JPEG repacked",
    "JPEG + restorer",
    "half-size JPEG + SR",
    "WebP",
    "mean-scale",
]
some = [name for name in [*some, "AVIF"] if name in measured]
srlab.figures.plot_rd(
    kodak,
    only=some,
    xlim=(0.05, 1.3),
    ylim=(22, 38),
    alt="PSNR over the rate: AVIF above all; WebP, the learned codec and JPEG with a "
    "network behind it between; JPEG below; the half-size JPEG begins above JPEG and "
    "flattens",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Every curve has its shape: the half-size JPEG flattens, since what was thrown away
# comes back by no bits. So one number for a pair of curves is a summary, no more.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **BD-rate** (exercise 21.2): bytes more or fewer than JPEG repacked at equal quality,
# a mean of logs over the qualities that both reach.

# %% slideshow={"slide_type": "-"}
bd = bakeoff.bd_table(kodak, "JPEG repacked").set_index("codec")
bd = bd.drop("JPEG repacked").sort_values("psnr")
assert bd.loc["AVIF", "psnr"] < -30 and bd.loc["JPEG + restorer", "psnr"] < -10
names = {
    "psnr": "by PSNR",
    "ms_ssim": "by MS-SSIM",
    "roi_psnr": "by PSNR in the region",
}
reach = kodak.groupby("codec")["psnr"].agg(["min", "max"])
anchor = reach.loc["JPEG repacked"]
high, low = reach["max"].clip(upper=anchor["max"]), reach["min"].clip(anchor["min"])
shared = 100 * (high - low) / (anchor["max"] - anchor["min"])
listed = bd.rename(columns=names).assign(**{"shared PSNR": shared})
assert 70 < shared["AVIF"] <= 100 and shared["mean-scale"] < 50
f"{len(listed)} families against JPEG repacked"

# %% slideshow={"slide_type": "subslide"}
srlab.figures.table(
    listed, "BD-rate to JPEG repacked, Kodak, %", digits=dict.fromkeys(listed, 1)
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The last column is the share of JPEG's own range of PSNR over which the mean was
# taken. It says which rows *not* to compare: the learned codecs share a third of it,
# the half-size JPEG its lower part. By MS-SSIM that one stands in front of HEIF: a mean
# over other qualities, no victory. It is good where it is measured, at low rates.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three measures, three orders. How alike are they?

# %% slideshow={"slide_type": "-"}
ranks = bd.dropna().rank()
alike = ranks.corr()
moved = (ranks["roi_psnr"] - ranks["psnr"]).sort_values()
assert alike.loc["psnr", "ms_ssim"] > 0.5
print(f"correlation of ranks, PSNR and MS-SSIM: {alike.loc['psnr', 'ms_ssim']:.2f}")
print(f"PSNR and PSNR in the region: {alike.loc['psnr', 'roi_psnr']:.2f}")
f"who gains most places in the region: {moved.index[0]}, {-moved.iloc[0]:.0f}"

# %% slideshow={"slide_type": "subslide"}
if "ROI JPEG" in measured:
    picked = ["JPEG repacked", "ROI JPEG", "AVIF"]
    lines = {
        name: kodak[kodak["codec"] == name].sort_values("bpp")[["bpp", "roi_psnr"]]
        for name in picked
    }
    own_curve = srlab.figures.curves(
        {name: (t["bpp"], t["roi_psnr"]) for name, t in lines.items()},
        "rate (bit per pixel)",
        "PSNR in the region (dB)",
        xlim=(0.1, 1.5),
        alt="PSNR in the region over the rate: JPEG below, ROI JPEG about two decibels "
        "above it, and AVIF one more above that",
        size=(6.0, 3.4),
    )
own_curve

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the region, a JPEG that was told where it is makes up more than half of its
# distance to AVIF, nearly thirty years younger, which was not told. A fair opponent
# would be AVIF with a map: a project (section 10).

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Do not let anyone learn these numbers by heart. Ask which two rows the room would not
# compare, and why: those whose means are over different qualities.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 What won, where
#
# A mean says who wins a sum. Count pictures: at 10,000, 20,000 and 40,000 bytes, who is
# best on how many of the 24?

# %% slideshow={"slide_type": "-"}
srlab.ask("21.d")

# %% slideshow={"slide_type": "subslide"}
budgets = srlab.evaluation.results("bakeoff_budgets")
short = dict(zip(bakeoff.MEASURES, ("PSNR", "MS-SSIM", "region"), strict=True))
won = {short[m]: bakeoff.wins(budgets, m) for m in bakeoff.MEASURES}
counts = pd.concat(won, axis=1).fillna(0).astype(int)
counts.columns = [f"{what}, {size // 1000}k" for what, size in counts]
assert (counts.sum() <= 24).all() and counts.to_numpy().sum() > 100
winners = counts[counts.sum(axis=1) > 0]
srlab.figures.table(winners, "Pictures of Kodak on which each family is the best")

# %% [markdown] slideshow={"slide_type": "fragment"}
# By PSNR one family takes nearly all. By MS-SSIM HEIF has most at two of the budgets,
# though its BD-rate is not the best, and at the smallest one half-size pictures have
# some. In the region a told JPEG has a few. (Qualities are read off each picture's own
# curve at the budget; a family without settings on both sides of it is left out there.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# How far is each behind the best one of its picture, at 20,000 bytes? A mean over the
# pictures for which it has a file on either side of the budget; their number is told.

# %% slideshow={"slide_type": "subslide"}
at = budgets[budgets["budget"] == 20_000]
gaps = {}
for measure in bakeoff.MEASURES:
    wide = at.pivot(index="image", columns="codec", values=measure)
    gaps[names[measure]] = wide.sub(wide.max(axis=1), axis=0).mean()
behind = pd.DataFrame(gaps).sort_values("by PSNR", ascending=False)
behind["pictures"] = at.groupby("codec")["psnr"].count()
assert (behind[list(gaps)].dropna() <= 0).all().all()
f"{len(behind)} families"

# %% slideshow={"slide_type": "subslide"}
srlab.figures.table(
    behind, "Behind the best one, 20,000 bytes (PSNR in dB)",
    digits={"by MS-SSIM": 4, "pictures": 0},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And the price in seconds
#
# Means of all pictures and settings, one thread of a busy machine: the digits say
# little, factors of ten much.

# %% slideshow={"slide_type": "subslide"}
clock = kodak.groupby("codec", sort=False)[["encode_s", "decode_s"]].mean()
clock = clock.sort_values("decode_s").rename(
    columns={"encode_s": "encode (s)", "decode_s": "decode (s)"}
)
standard = clock[kinds.reindex(clock.index) == "standard"]["decode (s)"].max()
networks = clock[kinds.reindex(clock.index).isin(["learned", "restored"])]
assert networks["decode (s)"].min() > standard
srlab.figures.table(clock, "Seconds a Kodak picture", digits=3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Every network here takes longer to decode than any standard. A picture is encoded once
# and decoded often, perhaps by a watch: slow decoding can keep a codec off the web,
# whatever its BD-rate. Encoding is another matter: AVIF and HEIF take their time there.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# A GPU shortens the networks' seconds much (not measured here), and who has one in a
# watch? Energy would be the better column; we could not measure it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 What the restorers were worth
#
# A network behind the decoder costs next to no bits (a header of some thirty bytes).
# How far does it take a JPEG on the way to AVIF? A BD-rate is a mean of logs, so the
# logs are compared:

# %% slideshow={"slide_type": "-"}
full = bd.loc["AVIF", "psnr"]
way = bd.loc["JPEG + restorer", "psnr"]
share = np.log1p(way / 100) / np.log1p(full / 100)
assert 0.2 < share < 0.5
print(f"JPEG + restorer {way:.1f} %, AVIF {full:.1f} % to JPEG repacked, by PSNR")
f"{100 * share:.0f} % of the way, in logs"

# %% [markdown] slideshow={"slide_type": "subslide"}
# The other use, of notebooks 0 and 19: send a picture of half the size, and enlarge it.
# Up to which rate does it beat a JPEG of full size, and one with a network behind it?

# %% slideshow={"slide_type": "-"}
from srlab.evaluation.hulls import crossing

curve_of = {name: kodak[kodak["codec"] == name].sort_values("bpp") for name in measured}
small = curve_of["half-size JPEG + SR"]
up_to = {
    name: crossing(curve_of[name], small)
    for name in ("JPEG repacked", "JPEG + restorer", "AVIF")
}
assert up_to["JPEG repacked"] > up_to["JPEG + restorer"] >= 0 and up_to["AVIF"] == 0
{n: f"wins up to {rate:.2f} bpp" if rate else "never" for n, rate in up_to.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# So the lecture's claim that **super-resolution serves compression** is confirmed, with
# its limits: at low rates, and against JPEG. (How much of it is the network and how
# much the halving alone: notebook 0, section 1.6. Video was not tested.) By PSNR
# nothing of the kind is seen against AVIF; by MS-SSIM, which hardly sees the finest
# octave, half-size pictures win on a few photographs at the smallest budget (section
# 6).
#
# Notebook 19 let its codecs choose, picture by picture: a network behind the decoder or
# not, one layer or two:

# %% slideshow={"slide_type": "subslide"}
rates = srlab.evaluation.results("two_layer_rates").query("measure == 'psnr'")
wide = rates.assign(what=rates["test"] + " / " + rates["anchor"])
wide = wide.pivot(index="family", columns="what", values="mean")
assert wide.loc["jpeg", "all / direct"] < -20
assert wide.loc["avif", "two layers / direct"] > -3
titled = {
    "cleaned / direct": "network behind",
    "two layers / direct": "two layers",
    "all / direct": "best of all",
}
bases = {"jpeg": "JPEG", "jpeg_arithmetic": "JPEG arithmetic", "webp": "WebP"}
bases |= {"avif": "AVIF", "mean_scale": "mean-scale"}
wide = wide[list(titled)].rename(columns=titled, index=bases)
srlab.figures.table(wide, "Bytes at equal PSNR against the codec alone, %", digits=1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# (Less than zero is saved.) A weak codec leaves much to a network, a strong one little.
# That is no law: these networks are small and their trainings short.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# "Against AVIF nothing" is a statement about a network of a hundred thousand parameters
# behind JPEG. Large ones behind AVIF gain; the question is always what the same effort
# would have given the opponent.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 The claims
#
# The course began with five documents: a report, a post, a thesis, a lecture, another
# post. Each of their claims stands in data/claims.toml, with a verdict and the test
# that shows it. "Later" are those that wait for a longer training or a new notebook.

# %% slideshow={"slide_type": "-"}
from srlab.classroom.ledger import SOURCES

claims = pd.DataFrame(srlab.classroom.count_claims()).T
titles = [
    f"{n} {t}" for n, t in SOURCES.items()
]  # fmt: skip
colours = ("#009E73", "#D55E00", "#999999", "#E69F00")
drawn = Figure(figsize=(7.6, 2.4))
axes, left = drawn.subplots(), np.zeros(len(claims))
for verdict, colour in zip(claims, colours, strict=True):
    axes.barh(titles, claims[verdict], left=left, color=colour, label=verdict)
    left += claims[verdict].to_numpy()
axes.invert_yaxis()
axes.set(xlabel="claims")
axes.legend(frameon=False, ncol=4, loc="lower center", bbox_to_anchor=(0.4, 1))
assert claims.sum().sum() > 150 and (claims["confirmed"] > 0).all()
claims.sum().to_dict()

# %% slideshow={"slide_type": "subslide"}
srlab.show(
    drawn,
    alt="Bars of the five sources in four colours: the thesis has the most claims, "
    "nearly half of them refused; of the first report, the post and the lecture more "
    "than half are confirmed, of the last post a third",
)

# %% slideshow={"slide_type": "-"}
srlab.ask("21.e")

# %% [markdown] slideshow={"slide_type": "subslide"}
# All of them, source by source (unfold one; the table scrolls):

# %% slideshow={"slide_type": "-"}
srlab.classroom.ledger()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Three refusals, and what they teach
#
# The claims are in our words; the ledger names their places.
#
# - **A formula that was never computed.** The quality of a pixel is $Q = P\,
#   \mathrm{range}(P) / p_{max} + Q_{start}$ (the thesis; notebook 17). With grey
#   values it asks for qualities that do not exist; what was meant has the range of the
#   qualities in its place. One line of code shows it. *Slips are the
#   cheapest refusals: run what you print.*
# - **A comparison without a rate.** The best model by PSNR is bicubic 1 to 5 (the
#   report; notebook 19). The second codec's quality sets the rate, and the rate sets
#   the PSNR. The ranking is one of file sizes. *Budget first.*
# - **An intuition that sounds right.** A map serves compression better than a box (the
#   thesis; notebook 17). At equal bytes and equal share of blocks, boxes drawn by hand
#   were better for the object than class activation maps. (With two qualities, and a
#   box is judged inside itself.) *What decides is whether the object is hit.*

# %% slideshow={"slide_type": "subslide"}
told = {"002-linear-formula", "000-best", "002-cam-box-mask"}
three = [row for row in srlab.classroom.read_claims() if row["id"] in told]
assert len(three) == 3 and {row["verdict"] for row in three} == {"refused"}
columns = {"claim": "id", "shown by": "shown_by"}
evidence = pd.DataFrame([{k: row[v] for k, v in columns.items()} for row in three])
srlab.figures.table(evidence, "Their evidence")

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Untestable is the verdict that students find hardest. Ask for one that they would like
# to move to another column, and what they would need: a picture, a rate, people, a GPU,
# or a definition.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 Recompute it
#
# Kodak's numbers come from three commands (the last table of section 7 from `python
# tools/bench_adaptive.py table`). They take the better part of an hour of one core, and
# can be stopped and go on:
#
# ```
# python tools/bench_bakeoff.py rows
# python tools/bench_bakeoff.py gather
# python tools/bench_bakeoff.py table
# ```
#
# The first with `--processes 8` uses eight processes, with `--cluster 8` a Dask cluster
# on this machine, with `--scheduler tcp://...:8786` one that runs elsewhere.

# %% [markdown] slideshow={"slide_type": "subslide"}
# There is no scheduler of our own: what measures takes any `concurrent.futures`
# executor. Two threads here; in full mode and in rehearsals a Dask cluster, too.

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

codecs = [srlab.codecs.JPEG(q) for q in (20, 60)] + [srlab.codecs.WebP(50)]
crops = {name: x[..., :176, :176] for name, x in scenes.items()}
with ExitStack() as stack:
    executors = {"threads": stack.enter_context(ThreadPoolExecutor(2))}
    if run.mode != "fast":
        from distributed import Client

        client = stack.enter_context(Client(processes=False, dashboard_address=None))
        executors["Dask"] = client.get_executor()
    results = {
        name: srlab.evaluation.rate_distortion(codecs, crops, executor, progress=False)
        for name, executor in executors.items()
    }
alone = srlab.evaluation.rate_distortion(codecs, crops, progress=False)
same = {name: t["bytes"].equals(alone["bytes"]) for name, t in results.items()}
assert all(same.values())
f"{len(alone)} files; the same bytes as without an executor: {same}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The bytes are the same, whoever computes them. That is worth checking for a learned
# codec: files written with another number of threads could not be decoded (notebook
# 14), until the probabilities were computed in whole numbers.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Tasks must be large beside what is sent to a worker: in the command a task is a family
# and a picture, not a file. Have somebody start a scheduler on one laptop and a worker
# on another.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 Your project
#
# Five open questions. Each says what would count as an answer: **data**, a **measure**,
# and a **bar** that is set before you start. "No" is as good an answer as "yes", if the
# bar was honest.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **A. AVIF with a map.** Does region coding help a strong codec as much as it helps
# JPEG?
# *Data:* Kodak, one map for both. *Measure:* BD-rate by PSNR in the region, of AVIF
# with a map (filtered background, or two files) to AVIF without. *Bar:* below -10 %,
# with the whole picture's price beside it.
#
# **B. One restorer for all.** Can one network mend JPEG, WebP and AVIF, not being told
# which?
# *Data:* trained on any pictures but Kodak and LIVE1. *Measure:* PSNR gain behind each
# codec, against a network of equal size and steps for that codec alone. *Bar:* at least
# 80 % of the gain, behind each.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **C. Where do people look?** Is CAM a better guess than the middle of the picture?
# *Data:* 20 photographs, 10 people who click what they would keep sharp. *Measure:* the
# share of clicks inside a fifth of the blocks, for CAM, for a blob in the middle, for
# the others' clicks. *Bar:* CAM above the middle, and the 95 % interval of the
# difference over people does not contain 0.
#
# **D. A budget for help.** Does it pay to choose the places for side information?
# *Data:* LIVE1 (29 photographs). *Measure:* BD-rate to the same restorer without help,
# when the encoder sends
# descriptors for the places that earn most. *Bar:* better than -2 % by whole files, the
# map of the places paid.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **E. Does MS-SSIM choose as people do?** When it and PSNR disagree, who is right?
# *Data:* pairs of files of one size from this notebook's families on which the two
# measures disagree, 30 at least. *Measure:* `srlab.rating(kind="2afc")`, 11 people.
# *Bar:* one measure agrees with the majority on more pairs than chance allows (a
# two-sided binomial test at 5 %), the number of pairs fixed before.

# %% slideshow={"slide_type": "-"}
from math import comb

pairs = 30
tail = [sum(comb(pairs, i) for i in range(k, pairs + 1)) / 2**pairs for k in range(31)]
needed = next(k for k in range(31) if 2 * tail[k] <= 0.05)
assert needed == 21
print(f"of {pairs} pairs a measure has to agree with people on {needed} at least,")
f"or on {pairs - needed} at most: then it is the other one"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A report has four pages: the question, the bar, the table with its command, and what
# you would do next. A refused hypothesis with its command passes; a confirmed one
# without it does not.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Collect the bars before the first run, on paper. The commonest failure is a bar that
# moves. Projects A and D want nothing but a CPU; B wants a GPU or patience; C and E
# want people, and their consent.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Exercises
#
# Four functions. Each check says what differs, not the answer. Stuck?
# `srlab.hint("21.1")` gives the first of three hints, the next call the second.
# `srlab.solution("21.1")` shows one way to do it.

# %% [markdown] slideshow={"slide_type": "notes"}
# *For the lecturer.*
# Fifteen minutes each. Together they are the whole bake-off: meet a budget, measure in
# a region, compare curves, count wins.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 21.1 The best file within a budget
#
# `size_of(setting)` codes the picture and gives the bytes of its file; `settings` go
# from small files to large (neighbours may give files of equal size). Return the last
# setting whose file is not larger than `budget`, or None where even the first one's is.
# Coding takes long: for $n$ settings call it at most $\lceil \log_2 n \rceil + 2$
# times.


# %% slideshow={"slide_type": "-"}
def best_setting(size_of, settings, budget):
    raise NotImplementedError  # your code


checked_setting = srlab.check("21.1", best_setting)
checked_setting

# %% [markdown] slideshow={"slide_type": "subslide"}
# With your function (or the solution's), what each budget buys of the cup's WebP:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
webp = families["WebP"]


def size_of(setting):
    return len(webp.codec(setting).encode(cup))


bought = {
    size: checked_setting.use(size_of, webp.settings, size)
    for size in (1_000, 2_000, 4_000, 8_000)
}
assert None in bought.values() or bought[2_000] < bought[8_000]
{f"{size:,} bytes": f"quality {quality}" for size, quality in bought.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 21.2 BD-rate by hand
#
# Two curves, rates and qualities both rising. Draw the *natural log of the rate* over
# the quality, as piecewise cubics (`scipy.interpolate.PchipInterpolator`). Return by
# how many per cent the rate of b is above a's: the mean difference over the qualities
# that both reach, exp of it, less one. `nan` where they share no quality.


# %% slideshow={"slide_type": "-"}
def bd_by_hand(rates_a, quality_a, rates_b, quality_b):
    raise NotImplementedError  # your code


checked_bd = srlab.check("21.2", bd_by_hand)
checked_bd

# %% slideshow={"slide_type": "subslide"}
rows = {}
for name in [n for n in ("WebP", "AVIF", "JPEG + restorer") if n in measured]:
    both = (curve_of["JPEG repacked"], curve_of[name])
    arrays = [t[c].to_numpy() for t in both for c in ("bpp", "psnr")]
    rows[name] = [float(checked_bd.use(*arrays)), srlab.evaluation.bd_rate(*both)]
by_hand = pd.DataFrame(rows, index=["by hand", "srlab.evaluation.bd_rate"]).T
assert by_hand.diff(axis=1).iloc[:, 1].abs().max() < 0.5
srlab.figures.table(by_hand, "BD-rate to JPEG repacked, Kodak, %")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 21.3 PSNR where people look
#
# `x` and `y` are (H, W, 3) in [0, 1], `P` (H, W) a map of weights, none below 0. Return
# the PSNR (peak 1) in which each place counts as `P` says, the three channels alike:
# `nan` if all weights are 0, and else `inf` if no place with a weight has an error.


# %% slideshow={"slide_type": "-"}
def weighted_psnr(x, y, P):
    raise NotImplementedError  # your code


checked_psnr = srlab.check("21.3", weighted_psnr)
checked_psnr

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
x, y = (t[0].permute(1, 2, 0).double().numpy() for t in (cup, pictures["AVIF"]))
seen = {"the region": mask, "the map itself": P, "the rest": 1 - mask}
ours = {n: float(checked_psnr.use(x, y, m[0, 0].numpy())) for n, m in seen.items()}
theirs = srlab.metrics.psnr(pictures["AVIF"], cup, weight=mask)
assert abs(ours["the region"] - theirs) < 0.01
{name: f"{value:.2f} dB" for name, value in ours.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 21.4 Who wins how often?
#
# `quality` has one row for each codec and one column for each picture; larger is
# better, and `nan` means that the codec has no file so small. Return how many pictures
# each codec wins, as an array. Codecs that are equally good share the win (a half, a
# third ...); a picture that nobody can code counts for nobody.


# %% slideshow={"slide_type": "-"}
def win_counts(quality):
    raise NotImplementedError  # your code


checked_wins = srlab.check("21.4", win_counts)
checked_wins

# %% slideshow={"slide_type": "subslide"}
without = at[at["codec"] != "AVIF"].pivot(index="codec", columns="image", values="psnr")
wins_now = pd.Series(checked_wins.use(without.to_numpy()), index=without.index)
assert abs(wins_now.sum() - without.notna().any().sum()) < 1e-6
ranked = wins_now[wins_now > 0].sort_values(ascending=False)
srlab.figures.table(
    ranked.rename("pictures").to_frame(), "Who would win without AVIF: 20,000 bytes, "
    "PSNR", digits=0,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quiz

# %% slideshow={"slide_type": "-"}
srlab.quiz(21)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What to remember
#
# - A budget first, whole files, a measure that was named before. Then compare.
# - Standards of today win by PSNR. A network behind a JPEG goes part of the way for
#   next to no bits, and half-size pictures pay at low rates only.
# - Who favours a region is judged in it, and tells the price.
# - A BD-rate is a mean over shared qualities; wins by picture say what it hides, and
#   seconds say what both hide.
# - Confirmed, refused, untestable: each wants a test that somebody else can run.
# - A negative result with its command is a result.
#
# This is the last notebook. The next number is yours.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Words

# %% slideshow={"slide_type": "skip"}
words = "bits per pixel, BD-rate, side information, compression artefact reduction"
srlab.classroom.glossary(words.split(", "))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where this stands in the sources
#
# The row that this notebook settles; all of them stand in section 8.

# %% slideshow={"slide_type": "skip"}
srlab.classroom.claims("21")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## References
#
# - G. Bjøntegaard, "Calculation of average PSNR differences between RD-curves",
#   VCEG-M33, 2001.
# - Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity for image
#   quality assessment", 2003,
#   [doi:10.1109/ACSSC.2003.1292216](https://doi.org/10.1109/ACSSC.2003.1292216).
# - A. Ortega, K. Ramchandran, "Rate-distortion methods for image and video
#   compression", IEEE Signal Processing Magazine 15, 1998,
#   [doi:10.1109/79.733495](https://doi.org/10.1109/79.733495): budgets and slopes.
# - J. P. A. Ioannidis, "Why most published research findings are false", PLoS Medicine
#   2, 2005,
#   [doi:10.1371/journal.pmed.0020124](https://doi.org/10.1371/journal.pmed.0020124).
