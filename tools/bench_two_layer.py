# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Two codecs and a super-resolver, measured: data/results/two_layer_*.csv.

    python tools/bench_two_layer.py first             # grids on 8 Kodak photographs
    python tools/bench_two_layer.py configurations    # the trained ones, on Kodak
    python tools/bench_two_layer.py restorers         # trained on decoded or on clean
    python tools/bench_two_layer.py table             # prints BD-rates of the first

Bytes are whole files. A run that was stopped goes on from the rows in build/.
`first --family jpeg --pictures 2` measures two more photographs and stops.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from tqdm.auto import tqdm

from srlab import evaluation, paths, resample, schemes, weights
from srlab.codecs import AVIF, JPEG, Codec, MeanScale, WebP, bpp
from srlab.datasets import benchmark_set
from srlab.evaluation.hulls import crossing, pareto
from srlab.metrics import ms_ssim, psnr
from srlab.schemes.end_to_end import to_ycbcr
from srlab.training.cards import device_name
from srlab.training.coded import CODINGS

RAW = Path("build/two_layer")
EIGHT = ("02", "05", "08", "11", "14", "17", "20", "23")
# Of each layer, for all pairs. A coarse grid dents curves, and that favours the other.
QUALITIES = {
    "jpeg": (4, 6, 8, 10, 12, 14, 18, 22, 27, 32, 38, 44, 51, 58, 65, 72, 78, 84, 89,
             93),
    "webp": (0, 4, 7, 10, 15, 20, 26, 32, 39, 46, 60, 74, 86, 95),
    "avif": (8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 57, 66, 76, 87),
}  # fmt: skip
# One layer has one knob: finer still, with the same ends.
FINE = {
    "jpeg": (*range(4, 15), 16, 18, 20, 22, 24, 27, 30, 32, 36, 40, 44, 48, 53, 58, 62,
             67, 72, 76, 80, 84, 87, 90, 93),
    "webp": (0, 2, 4, 7, 10, 15, 20, 26, 32, 39, 46, 53, 60, 67, 74, 80, 86, 90, 95),
    "avif": (8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 57, 61, 66, 71, 76, 81, 87),
}  # fmt: skip
LAYERS = {"none": ["base"], "res": ["residual"], "all": ["base", "residual"]}
WITH_LUMA = {
    "res, luma too": ["residual", "luma residual"],
    "all, luma too": ["base", "residual", "luma residual"],
}
KINDS = {
    "jpeg": lambda q: JPEG(q, progressive=True),
    "webp": lambda q: WebP(q, 6),
    "avif": lambda q: AVIF(q, 8, tune="psnr"),
}


def _flat(q: int) -> JPEG:
    step = round(min(255, max(1, 22 * (50 / q if q < 50 else 2 - q / 50))))
    return JPEG(tables=((step,) * 64,) * 2, progressive=True)


def _direct(family: str) -> Iterator[tuple[str, int, Codec]]:
    """(kind, quality, codec): the codec alone, at all its settings."""
    for q in FINE[family]:
        yield "direct", q, KINDS[family](q)
        if family == "jpeg":
            yield "direct 4:4:4", q, JPEG(q, "4:4:4", progressive=True)
            yield "direct flat", q, _flat(q)


def _measured(x: torch.Tensor, y: torch.Tensor, size: int) -> dict[str, float]:
    rate = 8 * size / x[0, 0].numel()
    found = {"psnr": psnr(y, x), "ms_ssim": ms_ssim(y, x)}
    return {"bpp": round(rate, 5)} | {k: round(v, 5) for k, v in found.items()}


def _alone(family: str, name: str, x: torch.Tensor) -> Iterator[dict]:
    """One layer on one photograph: the codec alone, and the small picture alone."""
    for kind, q, codec in _direct(family):
        data = codec.encode(x)
        row = {"image": name, "kind": kind, "first": q, "second": 0}
        yield row | _measured(x, codec.decode(data), len(data))
    for q in FINE[family]:
        scheme = schemes.TwoLayer(KINDS[family](q))
        layers = scheme.layers(x)
        base = len(scheme.base.encode(layers["down"]))
        row = {"image": name, "kind": "base", "first": q, "second": 0}
        yield row | _measured(x, layers["sr"], base)


def _pairs(family: str, name: str, x: torch.Tensor) -> Iterator[dict]:
    """Both layers on one photograph, all pairs of qualities."""
    make, qualities = KINDS[family], QUALITIES[family]
    for first in qualities:
        scheme = schemes.TwoLayer(make(first))
        layers = scheme.layers(x)
        base = len(scheme.base.encode(layers["down"]))
        for second in qualities:
            for kind, luma in _residuals(family):
                two = replace(scheme, residual=make(second), luma=luma)
                data = two.residual.encode(two.missing(x, layers["sr"]))
                y = two.add(layers["sr"], two.residual.decode(data))
                row = {"image": name, "kind": kind, "first": first, "second": second}
                yield row | _measured(x, y, base + len(data))


def _residuals(family: str) -> list[tuple[str, bool]]:
    """(kind, of luma alone): WebP and AVIF know no grey."""
    both = [("residual", False), ("luma residual", True)]
    return both if family == "jpeg" else both[:1]


def first(family: str, pictures: int, parts: Sequence[str] = ("alone", "pairs")):
    """The grids of the first measurement; rows a photograph at a time."""
    RAW.mkdir(parents=True, exist_ok=True)
    for part in parts:
        path = RAW / f"first_{part}_{family}.csv"
        known = pd.read_csv(path) if path.is_file() else pd.DataFrame({"image": []})
        done = set(known["image"].astype(str))
        todo = [
            (name, x)
            for name, x in benchmark_set("Kodak")
            if name[-2:] in EIGHT and name not in done
        ]
        grid = {"alone": _alone, "pairs": _pairs}[part]
        for name, x in todo[: pictures or None]:
            rows = pd.DataFrame(tqdm(grid(family, name, x), desc=name, mininterval=2))
            known = pd.concat([known, rows]) if len(known) else rows
            known.to_csv(path, index=False)
        if known["image"].nunique() == len(EIGHT):
            keys = ["kind", "first", "second"]
            means = known.groupby(keys, sort=False)[["bpp", "psnr", "ms_ssim"]].mean()
            means = means.round(5).reset_index()
            means.insert(0, "family", family)
            _merge("two_layer_first.csv", means, "first", ["family", "kind"])


def _merge(file: str, rows: pd.DataFrame, part: str, keys: list[str]) -> None:
    """Rows into a results file, in the place of older ones with the same keys."""
    path = paths.data_dir() / "results" / file
    if path.is_file():
        old = pd.read_csv(path, comment="#")
        fresh = rows[keys].drop_duplicates().apply(tuple, axis=1).tolist()
        old = old[~old[keys].apply(tuple, axis=1).isin(fresh)]
        rows = pd.concat([old, rows])
    head = f"# command: python tools/bench_two_layer.py {part}\n"
    head += f"# device: {device_name()}\n"
    path.write_text(head + rows.to_csv(index=False), encoding="utf-8")
    print(path)


def table() -> pd.DataFrame:
    """BD-rate (%) against the direct codec and the crossing, of the grids."""
    means = evaluation.results("two_layer_first")
    found = []
    for (family, own), quality in itertools.product(
        means.groupby("family", sort=False), ("psnr", "ms_ssim")
    ):
        kinds = own["kind"]
        anchors = {"direct": kinds.isin(["direct", "direct 4:4:4"])}
        if family == "jpeg":
            anchors["direct, flat too"] = kinds.str.startswith("direct")
        for anchor, chosen in anchors.items():
            best = pareto(own[chosen], quality)
            row = {"family": family, "against": anchor, "quality": quality}
            for name, of in _layers(own).items():
                test = pareto(own[kinds.isin(of)], quality)
                row[name] = round(evaluation.bd_rate(best, test, quality), 1)
                row[f"{name} to"] = round(crossing(best, test, quality), 3)
            found.append(row)
    return pd.DataFrame(found)


def _layers(own: pd.DataFrame) -> dict[str, list[str]]:
    return LAYERS | (WITH_LUMA if (own["kind"] == "luma residual").any() else {})


def ends() -> pd.DataFrame:
    """How far the BD-rates hang on where the grids end: lowest and highest of each.

    Of all grids without up to three of the small picture's lowest qualities, or of
    either layer's highest, against direct ones with and without their two lowest.
    """
    means = evaluation.results("two_layer_first")
    means = means[means["kind"] != "direct flat"]
    found = []
    for (family, own), quality in itertools.product(
        means.groupby("family", sort=False), ("psnr", "ms_ssim")
    ):
        rows = [
            _cut_grid(own, quality, *cut)
            for cut in itertools.product(range(3), range(4), range(4))
        ]
        part = pd.DataFrame(rows).agg(["min", "max"]).T.round(1)
        part = part.rename_axis("with").reset_index()
        found.append(part.assign(family=family, quality=quality))
    return pd.concat(found)[["family", "quality", "with", "min", "max"]]


def _cut_grid(own, quality: str, direct: int, low: int, high: int) -> dict[str, float]:
    """BD-rates (%) when the grids lack their `low` lowest qualities, and so on."""
    qualities = QUALITIES[own["family"].iloc[0]]
    begin, end = qualities[low], qualities[-1 - high]
    kept = own["first"].between(begin, end) & (own["second"] <= end)
    one = own["kind"].str.startswith("direct")
    anchor = pareto(own[one & (own["first"] >= qualities[direct])], quality)
    row = {}
    for name, kinds in _layers(own).items():
        test = pareto(own[kept & own["kind"].isin(kinds)], quality)
        shared = test[quality].max() > anchor[quality].min()
        row[name] = evaluation.bd_rate(anchor, test, quality) if shared else math.nan
    return row


def configurations(names: list[str], folder: str) -> None:
    """The trained configurations in real bytes, and the codec alone, on Kodak."""
    codecs = {f"direct {q}": [MeanScale(q)] for q in (1, 2, 3, 4, 5, 6)}
    for name in names or sorted(weights.weight_names()):
        file = Path(folder) / f"{name}.safetensors" if folder else name
        try:
            codecs[name] = [schemes.two_codecs(str(file))]
        except ValueError:
            continue  # other weights
    RAW.mkdir(parents=True, exist_ok=True)
    found = []
    for name, (codec,) in codecs.items():
        path = RAW / f"configuration_{name}.csv"
        known = pd.read_csv(path) if path.is_file() else pd.DataFrame({"image": []})
        done, rows = set(known["image"].astype(str)), known.to_dict("records")
        for picture, x in tqdm(benchmark_set("Kodak"), desc=name, mininterval=2):
            if picture not in done:
                rows.append({"image": picture} | _configuration(codec, x))
                pd.DataFrame(rows).to_csv(path, index=False)
        means = pd.DataFrame(rows).mean(numeric_only=True).round(5).to_dict()
        found.append({"configuration": name, "images": len(rows)} | means)
    _merge(
        "two_layer_configurations.csv", pd.DataFrame(found), "configurations",
        ["configuration"],
    )  # fmt: skip


def _configuration(codec: Codec, x: torch.Tensor) -> dict[str, float]:
    """Bits, quality and layers of one photograph."""
    data = codec.encode(x)
    y = codec.decode(data)
    found = _measured(x, y, len(data)) | {"chroma_psnr": round(_chroma(y, x), 5)}
    scheme = getattr(codec, "codec", codec)
    if not isinstance(scheme, schemes.TwoLayer):
        return found
    sizes = scheme.streams(data)
    wide = codec is not scheme
    layers = scheme.layers(to_ycbcr(x).clamp(0, 1) if wide else x)
    if not wide:
        found["sr_psnr"] = round(psnr(layers["sr"], x), 5)
        found["sr_chroma_psnr"] = round(_chroma(layers["sr"], x), 5)
        bicubic = schemes.TwoLayer(scheme.base).small(x)
        shift = (layers["down"] - bicubic).mean(dim=(0, 2, 3)).abs().max()
        found["colour"] = round(255 * shift.item(), 3)
        found["small_psnr"] = round(psnr(layers["down"], bicubic), 4)
    base = 8 * sizes["base"] / x[0, 0].numel()
    return found | {"base_bpp": round(base, 5)}


def _chroma(y: torch.Tensor, x: torch.Tensor) -> float:
    """PSNR of Cb and Cr together, dB."""
    a, b = (to_ycbcr(t)[:, 1:] for t in (y, x))
    return -10 * math.log10(max(float((a - b).square().mean()), 1e-10))


def restorers(folder: str) -> None:
    """The net trained on decoded pictures, on clean ones, and bicubic: JPEG bases."""
    from srlab import models

    found = []
    own = {
        name: models.load(str(Path(folder) / f"{name}.safetensors") if folder else name)
        for name in ("decoded_jpeg_x2", "decoded_clean_x2")
    }
    kinds = {"decoded": own["decoded_jpeg_x2"], "clean": own["decoded_clean_x2"]}
    for q in (8, 12, 16, 22, 30, 40, 55, 70):
        level = CODINGS["jpeg"].level(q)
        for name, x in tqdm(benchmark_set("Kodak"), desc=f"{q}", mininterval=2):
            small = resample.imresize(x, scale=0.5).clamp(0, 1)
            data = JPEG(q).encode(small)
            decoded = JPEG().decode(data)
            row = {"quality": q, "image": name, "bpp": bpp(data, x)}
            row["bicubic"] = psnr(resample.imresize(decoded, scale=2).clamp(0, 1), x)
            for kind, net in kinds.items():
                at = net.at(level if kind == "decoded" else 1.0)
                row[kind] = psnr(at(decoded).clamp(0, 1), x)
            found.append(row)
    means = pd.DataFrame(found).groupby("quality").mean(numeric_only=True)
    means = means.round(5).reset_index()
    _merge("two_layer_restorers.csv", means, "restorers", ["quality"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("first", "configurations", "restorers", "table")
    parser.add_argument("part", choices=parts)
    parser.add_argument(
        "names", nargs="*", help="configurations, or first's parts: alone, pairs"
    )
    parser.add_argument("--family", choices=[*KINDS], help="of first")
    parser.add_argument("--pictures", type=int, default=0, help="at most, 0: all")
    parser.add_argument("--weights", default="", help="a folder beside the shipped")
    args = parser.parse_args(arguments)
    if args.part == "first":
        for family in [args.family] if args.family else [*KINDS]:
            first(family, args.pictures, args.names or ("alone", "pairs"))
    elif args.part == "configurations":
        configurations(args.names, args.weights)
    elif args.part == "restorers":
        restorers(args.weights)
    else:
        print(table().to_string(index=False))
        print(ends().to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
