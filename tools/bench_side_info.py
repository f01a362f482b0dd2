# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Side information, measured: data/results/side_info_*.csv.

    python tools/bench_side_info.py rows                  # the shipped networks
    python tools/bench_side_info.py rows --weights DIR    # DIR/NAME_1.safetensors ...
    python tools/bench_side_info.py table                 # gains and BD-rates
    python tools/bench_side_info.py worth                 # of a bit of JPEG
    python tools/bench_side_info.py collapse              # a run from nothing
    python tools/bench_side_info.py rows --codec jpeg_fine --weights DIR

LIVE1, B100 and Classic5, JPEG at qualities 10, 20, 30, 40: the decoded picture, the
twin without descriptors (of as many steps, and of as many minutes:
side_info_twin_minutes_0 in DIR), the net with them (and with other prices on bits, and
without the painter: side_info_price_1_0, side_info_no_painter_0), the same with the
descriptors shuffled and with those found by trial, bits priced or not (Classic5 alone).
The variants, and seeds beside the first, are measured on LIVE1. jpeg_fine is JPEG with
half the step for the means of chroma's blocks; its pair, and WebP's, have weights of
their own (side_info_fine_0.safetensors, side_info_webp_0.safetensors ... in DIR). Bytes
are whole files; a run that was stopped goes on from the rows in build/.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from srlab import evaluation, paths
from srlab.codecs import Codec
from srlab.datasets import benchmark_set
from srlab.images import luma, round8
from srlab.metrics import psnr
from srlab.recipes import side_info as recipes
from srlab.schemes import SideInfo
from srlab.training.coded import CODINGS
from srlab.training.running import device_name
from srlab.training.side_info import fit_side_info

RAW = Path("build/side_info.csv")
SETS = ("LIVE1", "B100", "Classic5")
BASES = {"jpeg": "side_info", "jpeg_fine": "side_info_fine", "webp": "side_info_webp"}
COLUMNS = ("codec", "set", "image", "quality", "kind", "seed", "bytes", "descriptors",
           "bpp", "psnr", "psnr_y")  # fmt: skip


def _judged(y: torch.Tensor, x: torch.Tensor) -> dict[str, float]:
    """PSNR of all channels, and of luma, dB."""
    found = {"psnr": psnr(y, x)}
    if x.shape[1] == 3:
        found["psnr_y"] = psnr(*(round8(luma(t)) for t in (y, x)))
    else:
        found["psnr_y"] = found["psnr"]
    return {key: round(value, 4) for key, value in found.items()}


def _nets(codec: str, folder: str) -> Iterator[tuple[str, int, str]]:
    """(kind, seed, weights): the shipped pair, or all seeds of a folder."""
    name = BASES[codec]
    kinds = {"descriptors": name, "twin": f"{name}_twin"}
    kinds["twin, same minutes"] = f"{name}_twin_minutes"
    kinds["descriptors, no painter"] = f"{name}_no_painter"
    for file in sorted(Path(folder).glob(f"{name}_price_*_0.safetensors")):
        price = file.stem.removeprefix(f"{name}_price_").removesuffix("_0")
        kinds[f"descriptors, price {price}"] = file.stem.removesuffix("_0")
    for kind, stem in kinds.items():
        if not folder and kind in ("descriptors", "twin"):
            yield kind, 0, stem
            continue
        for file in sorted(Path(folder).glob(f"{stem}_[0-9].safetensors")):
            yield kind, int(file.stem[-1]), str(file)


def _of_image(
    codec: str, name: str, x: torch.Tensor, nets, again: bool, searched: bool
):
    """Rows of one photograph; `again`: that of the decoded picture is there."""
    plan, make = recipes.get(BASES[codec]), CODINGS[codec].make
    assert make is not None
    every = plan.worth or (1.0,) * len(plan.qualities)
    for quality, worth in zip(plan.qualities, every, strict=True):
        base: Codec = make(quality)
        data = base.encode(x)
        decoded = base.decode(data)
        if decoded.shape[1] > x.shape[1]:
            decoded = decoded.mean(1, keepdim=True)
        row = {"codec": codec, "image": name, "quality": quality, "seed": 0}
        if not again:
            plain = row | {"kind": "decoded", "bytes": len(data), "descriptors": 0}
            yield plain | _judged(decoded, x)
        for kind, seed, weights in nets:
            scheme = SideInfo(base, weights, CODINGS[codec].level(quality))
            own = scheme.encode(x)
            size = scheme.streams(own).get("descriptors", 0)
            found = row | {"kind": kind, "seed": seed, "bytes": len(own)}
            found["descriptors"] = size
            yield found | _judged(scheme.decode(own), x)
            if kind == "descriptors" and not seed:
                yield from _others(scheme, x, decoded, found, searched, worth)


def _others(scheme: SideInfo, x, decoded, row, searched: bool, worth: float):
    """Shuffled descriptors, and those found by trial."""
    symbols = scheme.descriptors(x, decoded)
    mixed = np.random.default_rng(0).permutation(symbols.reshape(-1))
    made = scheme.mend(decoded, mixed.reshape(symbols.shape))
    yield row | {"kind": "shuffled"} | _judged(made, x)
    if searched:
        tried = scheme.trials(x, decoded)
        for kind, price in (("searched", 0.0), ("searched with price", worth)):
            best = scheme.search(x, decoded, price, tried)
            data = scheme.write(x, best)
            size = scheme.streams(data)["descriptors"]
            made = scheme.mend(decoded, best)
            found = row | {"kind": kind, "bytes": len(data), "descriptors": size}
            yield found | _judged(made, x)


def rows(codec: str, folder: str, pictures: int) -> None:
    """All photographs; each is written when it is whole."""
    nets = list(_nets(codec, folder))
    RAW.parent.mkdir(parents=True, exist_ok=True)
    keys = ["codec", "set", "image", "kind", "seed"]
    done = set()
    if RAW.is_file():
        done = set(
            pd.read_csv(RAW, dtype={"image": str})[keys].itertuples(
                index=False, name=None
            )
        )
    todo = []
    for name in SETS:
        for image, x in benchmark_set(name):
            place = (codec, name, str(image))
            left = [net for net in nets if (*place, *net[:2]) not in done]
            left = [
                net
                for net in left
                if name == "LIVE1" or not (net[1] or net[0].startswith("descriptors, "))
            ]
            if left:
                todo.append((name, image, x, left, (*place, "decoded", 0) in done))
    for name, image, x, left, again in tqdm(todo[: pictures or None], mininterval=2):
        made = list(_of_image(codec, str(image), x, left, again, name == "Classic5"))
        fresh = not RAW.is_file()
        with RAW.open("a", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            if fresh:
                writer.writeheader()
            for row in made:
                rate = round(8 * row["bytes"] / x[0, 0].numel(), 5)
                writer.writerow(row | {"set": name, "bpp": rate})
    if len(todo) <= (pictures or len(todo)):
        _gather()


def _gather() -> None:
    """Means over the photographs into data/results."""
    known = pd.read_csv(RAW)
    keys = ["codec", "set", "quality", "kind", "seed"]
    means = known.groupby(keys, sort=False).mean(numeric_only=True).round(5)
    path = paths.data_dir() / "results" / "side_info.csv"
    head = "# command: python tools/bench_side_info.py rows\n"
    head += f"# device: {device_name()}\n"
    path.write_text(head + means.reset_index().to_csv(index=False), encoding="utf-8")
    print(path)


def table() -> pd.DataFrame:
    """BD-rate (%) by PSNR, of RGB and of luma, against JPEG and against the twin."""
    means = evaluation.results("side_info")
    found = []
    for (codec, name, seed), own in means.groupby(["codec", "set", "seed"]):
        kinds = {kind: rows for kind, rows in own.groupby("kind")}
        if "decoded" not in kinds:  # seeds beside the first share its decoded pictures
            every = means[(means["codec"] == codec) & (means["set"] == name)]
            kinds["decoded"] = every[every["kind"] == "decoded"]
        row = {"codec": codec, "set": name, "seed": seed}
        pairs = (("decoded", "twin"), ("decoded", "descriptors"))
        for measure, (anchor, test) in itertools.product(
            ("psnr", "psnr_y"), (*pairs, ("twin", "descriptors"))
        ):
            if anchor in kinds and test in kinds:
                a, b = (kinds[k][["bpp", measure]] for k in (anchor, test))
                rate = evaluation.bd_rate(a, b, measure)
                row[f"{test} against {anchor}, {measure}"] = round(rate, 2)
        found.append(row)
    return pd.DataFrame(found)


def worth(codec: str = "jpeg") -> pd.DataFrame:
    """What a bit of the base's file earns behind the twin, on LIVE1.

    In grey levels squared of the mean over 256 pixels; the slope is by log rate.
    """
    rows = evaluation.results("side_info")
    own = rows[(rows["codec"] == codec) & (rows["set"] == "LIVE1")]
    own = own[(own["kind"] == "twin") & (own["seed"] == 0)].sort_values("bpp")
    error = 255**2 * 10 ** (-own["psnr"].to_numpy() / 10)
    rate = own["bpp"].to_numpy()
    slope = np.gradient(error, np.log(rate)) / rate
    return pd.DataFrame({"quality": own["quality"], "worth": (-slope / 256).round(2)})


def collapse(steps: int = 1000) -> None:
    """Histories of runs that begin with nothing: no start, no set meanings.

    With bits priced from the first step, as the paper's loss has it, and without a
    price; without the painter, as in the paper, and with it. Five minutes of a core
    each; data/results/side_info_collapse.csv.
    """
    plan = recipes.get("side_info", "short")
    kept = []
    for painter, calm in itertools.product((False, True), (0.0, 0.999)):
        kind = ("no price" if calm else "priced") + (", painter" if painter else "")
        net = {**plan.net, "painter": painter}
        bare = replace(
            plan, net=net, start="", taught=0.0, calm=calm, steps=steps, every=50
        )
        place = f"runs/side_info_collapse_{kind.replace(' ', '_').replace(',', '')}"
        _, state = fit_side_info(bare, place)
        kept += [{"kind": kind} | row for row in state.history]
    columns = ["kind", "step", "psnr", "decoded", "bits", "used"]
    path = paths.data_dir() / "results" / "side_info_collapse.csv"
    head = "# command: python tools/bench_side_info.py collapse\n"
    head += f"# device: {device_name()}\n"
    table = pd.DataFrame(kept)[columns].round(4)
    path.write_text(head + table.to_csv(index=False), encoding="utf-8")
    print(path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("rows", "table", "worth", "collapse"))
    parser.add_argument("--codec", choices=[*BASES], default="jpeg")
    parser.add_argument("--weights", default="", help="a folder with several seeds")
    parser.add_argument("--pictures", type=int, default=0, help="at most, 0: all")
    args = parser.parse_args(arguments)
    if args.part == "table":
        print(table().to_string(index=False))
    elif args.part == "worth":
        print(worth(args.codec).to_string(index=False))
    elif args.part == "collapse":
        collapse()
    else:
        rows(args.codec, args.weights, args.pictures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
