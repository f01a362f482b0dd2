# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One layer, a cleaned one, or two? data/results/two_layer_adaptive.csv.

    python tools/bench_adaptive.py jpeg   # or jpeg_arithmetic, avif, webp, mean_scale
    python tools/bench_adaptive.py jpeg --pictures 01,02,03
    python tools/bench_adaptive.py gather               # rows -> data/results
    python tools/bench_adaptive.py table                # -> two_layer_rates.csv, prints

On Kodak, at each slope (see srlab.schemes.adaptive), real bytes of four competitors.
Each is the choice of least cost among its modes, so all are at their best settings:

    direct       one layer. JPEG: the standard's tables or tables for the squared error,
                 halved chroma or whole, mozjpeg's lossless optimisation or, as the
                 family jpeg_arithmetic, the standard's arithmetic coder
    cleaned      direct, or with an artefact-removing net behind its decoder: one of the
                 size, and of the training time, of the net that enlarges
    two layers   direct, or the small picture with or without a residual
    all          any of them

Slopes fall until direct files reach .6 bpp.

Rows grow in build/two_layer_adaptive.csv, so that a run that was stopped goes on;
data/results/two_layer_adaptive.csv has JPEG's and two_layer_adaptive_more.csv the
others'. AVIF is coded at speed 8, tuned for PSNR. Families without a cleaning net have
no "cleaned" and no "all".
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from tqdm.auto import tqdm

from srlab import evaluation, models, paths
from srlab.codecs import AVIF, JPEG, Codec, MeanScale, WebP, bpp
from srlab.datasets import benchmark_set
from srlab.evaluation.growing import append
from srlab.evaluation.hulls import pareto
from srlab.evaluation.rates import METRICS
from srlab.schemes import AdaptiveTwoLayer
from srlab.training.cards import device_name

ROWS = Path("build/two_layer_adaptive.csv")
KEYS = ["family", "image", "slope", "competitor"]
MEASURES = {"psnr": 3, "ms_ssim": 5, "vifp": 4}  # and digits
COLUMNS = [*KEYS, "mode", "bytes", "bpp", *MEASURES]
COMPETITORS = {
    "direct": ("direct",),
    "cleaned": ("direct", "cleaned"),
    "two layers": ("direct", "base", "base + residual", "base + luma residual"),
    "all": None,
}
PAIRS = (
    ("direct", "cleaned"), ("direct", "two layers"), ("direct", "all"),
    ("cleaned", "two layers"), ("cleaned", "all"),
)  # fmt: skip
LOW, HIGH = 5, 0.6  # JPEG's quality, and bpp, between which curves are compared


@dataclass(frozen=True)
class Family:
    """A family of codecs: its nets, grid and slopes."""

    make: Callable[[float], Codec]
    enlarge: str
    clean: str | None
    qualities: tuple[float, ...]
    slopes: tuple[float, ...]
    full: float = 100.0
    others: tuple[Callable[[float], Codec], ...] = ()


_fast = partial(AVIF, speed=8)
_jpeg = Family(
    partial(JPEG, optimize="mozjpeg"), "decoded_jpeg_x2", "decoded_jpeg_x1",
    (3, 4, 5, 6, 8, 11, 15, 20, 26, 33, 41, 50, 58, 66, 74, 81, 87, 92, 96),
    (15, 35, 80, 180, 400, 900, 2000, 4800),
)  # fmt: skip
FAMILIES = {
    "jpeg": _jpeg,
    "jpeg_arithmetic": replace(_jpeg, make=partial(JPEG, optimize="arithmetic")),
    "avif": Family(
        partial(_fast, tune="psnr"), "decoded_avif_x2", None,
        tuple(range(10, 91, 5)), (12, 25, 55, 120, 260, 560, 1200),
        others=(partial(_fast, tune="psnr", subsampling="4:4:4"),),
    ),
    "webp": Family(
        partial(WebP, method=6), "decoded_webp_x2", None,
        (0, 3, 6, 10, 15, 21, 28, 36, 44, 53, 62, 70, 77, 84, 90, 95),
        (12, 25, 55, 120, 260, 560, 1200),
    ),
    "mean_scale": Family(
        MeanScale, "decoded_mean_scale_x2", None,
        (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6), (25, 55, 120, 260, 560, 1200), 6.0,
    ),
}  # fmt: skip


def _restorer(name: str | None, folder: Path | None):
    """A trained net by name, from a folder if one is given and has it."""
    if name is None:
        return None
    path = None if folder is None else folder / f"{name}.safetensors"
    return models.load(str(path) if path is not None and path.is_file() else name)


def measure(name: str, pictures: set[str] | None, folder: Path | None) -> None:
    """Append the rows of one family that are not there yet, picture by picture."""
    family = FAMILIES[name]
    coder = AdaptiveTwoLayer(
        enlarge=_restorer(family.enlarge, folder),
        clean=_restorer(family.clean, folder), family=family.make, full=family.full,
        qualities=family.qualities, others=family.others,
    )  # fmt: skip
    known = set()
    if ROWS.is_file():
        known = set(map(tuple, pd.read_csv(ROWS)[["family", "image"]].values))
    todo = [
        (image, x) for image, x in benchmark_set("Kodak")
        if (name, image) not in known and (not pictures or image[-2:] in pictures)
    ]  # fmt: skip
    for image, x in tqdm(todo, desc=name, mininterval=2):
        append(ROWS, list(_rows(coder, name, image, x)), COLUMNS)


def _rows(coder: AdaptiveTwoLayer, name: str, image: str, x) -> Iterator[dict]:
    at, seen = coder.trying(x), {}
    for slope in sorted(FAMILIES[name].slopes, reverse=True):
        choices = at(slope)
        for competitor, modes in COMPETITORS.items():
            if coder.clean is None and competitor in ("cleaned", "all"):
                continue
            best = min(
                (c for c in choices if modes is None or c.mode in modes),
                key=lambda choice: choice.cost,
            )
            if best.data not in seen:
                y = best.codec.decode(best.data)
                seen[best.data] = {
                    key: round(METRICS[key](y, x), digits)
                    for key, digits in MEASURES.items()
                }
            row = dict(zip(KEYS, (name, image, slope, competitor), strict=True))
            row |= {"mode": best.mode, "bytes": len(best.data)}
            yield row | {"bpp": round(best.rate, 5)} | seen[best.data]
        if choices[0].rate > HIGH:
            break


def gather(minutes: float) -> list[Path]:
    """The rows of JPEG, and of the others, in data/results."""
    rows, made = pd.read_csv(ROWS), []
    for end, part in (
        ("", rows[rows.family == "jpeg"]), ("_more", rows[rows.family != "jpeg"])
    ):  # fmt: skip
        if len(part):
            made.append(paths.data_dir() / "results" / f"two_layer_adaptive{end}.csv")
            head = "# command: python tools/bench_adaptive.py FAMILY, then gather\n"
            head += f"# device: {device_name()}\n"
            head += f"# minutes: {minutes:g}\n" if minutes else ""
            part = part.sort_values(["family", "image"], kind="stable")
            made[-1].write_text(head + part.to_csv(index=False), encoding="utf-8")
    return made


def written() -> list[str]:
    """Names of the results files with rows."""
    folder = paths.data_dir() / "results"
    return [path.stem for path in folder.glob("two_layer_adaptive*.csv")]


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """BD-rates over the pictures, between quality 5 of JPEG and .6 bpp of direct files.

    Mean, spread (standard deviation), best and worst picture, in per cent; negative is
    less.
    """
    pictures, found = dict(benchmark_set("Kodak")), []
    for family, part in rows.groupby("family", sort=False):
        for anchor, test in PAIRS:
            if not {anchor, test} <= set(part.competitor):
                continue
            for measure in MEASURES:
                each = {
                    image: _bd(curves, anchor, test, measure, _lowest(pictures[image]))
                    for image, curves in part.groupby("image")
                }
                each = pd.Series(each).dropna()
                found.append({
                    "family": family, "anchor": anchor, "test": test,
                    "measure": measure, "images": len(each), "mean": each.mean(),
                    "spread": each.std(), "best": each.min(), "worst": each.max(),
                    "worst_image": each.idxmax(),
                })  # fmt: skip
    return pd.DataFrame(found).round(2)


def _lowest(x) -> float:
    """bpp of JPEG at its lowest quality that counts."""
    return bpp(JPEG(LOW, optimize="mozjpeg").encode(x), x)


def _bd(curves, anchor: str, test: str, measure: str, low: float) -> float:
    """BD-rate of one picture where direct files take `low` to `HIGH` bpp."""
    a, b, direct = (
        pareto(curves[curves.competitor == name], measure)
        for name in (anchor, test, "direct")
    )
    reach = PchipInterpolator(np.log(direct.bpp), direct[measure])
    rates = np.clip([low, HIGH], direct.bpp.min(), direct.bpp.max())
    ends = reach(np.log(rates))
    ends = (
        max(ends[0], a[measure].min(), b[measure].min()),
        min(ends[1], a[measure].max(), b[measure].max()),
    )
    if not ends[0] < ends[1]:
        return float("nan")
    return evaluation.bd_rate(_cut(a, measure, ends), _cut(b, measure, ends), measure)


def _cut(curve: pd.DataFrame, measure: str, ends: tuple[float, float]) -> dict:
    """The curve between two qualities, which become its first and last point."""
    rate = PchipInterpolator(curve[measure], np.log(curve.bpp))
    inner = curve[(curve[measure] > ends[0]) & (curve[measure] < ends[1])]
    first, last = (float(np.exp(rate(end))) for end in ends)
    return {
        "bpp": [first, *inner.bpp, last],
        measure: [ends[0], *inner[measure], ends[1]],
    }


def worst_cost(rows: pd.DataFrame) -> pd.DataFrame:
    """How much more D + slope R each costs than `direct`, in per cent, at worst."""
    rows = rows.assign(cost=255**2 * 10 ** (-rows.psnr / 10) + rows.slope * rows.bpp)
    wide = rows.pivot_table(
        index=["family", "image", "slope"], columns="competitor", values="cost"
    )
    over = wide.div(wide["direct"], axis=0) - 1
    return 100 * over.groupby("family").max()


def last_use(rows: pd.DataFrame) -> pd.DataFrame:
    """Direct bpp up to which "two layers" chooses two: quartiles over the pictures.

    Of the slopes measured, so `measured` says how far they went.
    """
    wide = rows.pivot(
        index=["family", "image", "slope"], columns="competitor", values="bpp"
    )
    two = rows[rows.competitor == "two layers"].set_index(wide.index.names)["mode"]
    used = wide["direct"].where(two.reindex(wide.index) != "direct", 0.0)
    by = used.groupby(["family", "image"]).max().groupby("family")
    found = by.describe()[["min", "25%", "50%", "75%", "max"]]
    most = wide["direct"].groupby(["family", "image"]).max().groupby("family")
    return found.assign(measured=most.min())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*FAMILIES, "gather", "table"])
    parser.add_argument("--pictures", default="", help="such as 01,02,23")
    parser.add_argument("--weights", type=Path, help="a folder of trained nets")
    parser.add_argument("--minutes", type=float, default=0, help="what the runs took")
    options = parser.parse_args(arguments)
    if options.what == "gather":
        print(*gather(options.minutes), sep="\n")
    elif options.what == "table":
        rows = pd.concat(map(evaluation.results, sorted(written())))
        rates = table(rows)
        head = "# command: python tools/bench_adaptive.py table\n"
        path = paths.data_dir() / "results" / "two_layer_rates.csv"
        path.write_text(head + rates.to_csv(index=False), encoding="utf-8")
        print(rates.to_string(index=False))
        print(worst_cost(rows).round(3).to_string())
        print(last_use(rows).round(3).to_string())
        shares = rows[rows.competitor == "all"].groupby(["family", "slope", "mode"])
        print(shares.size().unstack(fill_value=0).to_string())
    else:
        pictures = {p for p in options.pictures.split(",") if p}
        measure(options.what, pictures, options.weights)
    return 0


if __name__ == "__main__":
    sys.exit(main())
