# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Region-of-interest compression, measured: data/results/roi_*.csv.

    python tools/bench_roi.py regions    # hand-drawn regions, plain JPEG at equal bytes
    python tools/bench_roi.py share      # gain over the region's share, Kodak
    python tools/bench_roi.py maps       # which map makes the better file?
    python tools/bench_roi.py codecs     # HEVC, WebP, AVIF, learned, MSROI's stitching
    python tools/bench_roi.py kodak      # curves on Kodak with a CAM map
    python tools/bench_roi.py video faces    # see tools/roi_uses.py

Every "gain" is the file with a region less the plain file of the same codec at equal
bytes (within 1 %), in dB or as the measure has it; both JPEGs get the same lossless
optimisation. `maps` needs the runs of tools/bench_localisation.py in build/localising
for the trained maps and leaves them out where they are missing.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import roi_uses
import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from srlab import images, paths, saliency, schemes
from srlab.codecs import AVIF, JPEG2000, Codec, MeanScale, WebP
from srlab.datasets import benchmark_set
from srlab.evaluation import compare_regions, meet_size
from srlab.metrics import psnr
from srlab.saliency import localising, measures, objects
from srlab.schemes.maps import blocks
from srlab.training.cards import device_name

RUNS = Path("build/localising")
PLAIN = roi_uses.PLAIN
SETTINGS = ((75, 30), (90, 30))
GAINS = {
    "roi_gain": "roi_psnr", "background_gain": "background_psnr",
    "whole_gain": "psnr", "roi_ssim_gain": "roi_ssim", "ssim_gain": "ssim",
    "vifp_gain": "vifp", "psnr_hvs_m_gain": "psnr_hvs_m",
}  # fmt: skip
SMALL = [n for n in objects.regions() if n != "retina"]


def gains(table) -> dict[str, float]:
    """The first row less the second, of every measure."""
    a, b = table.iloc[0], table.iloc[1]
    sizes = {"bytes": int(a.bytes), "plain_bytes": int(b.bytes)}
    return sizes | {k: round(float(a[v] - b[v]), 4) for k, v in GAINS.items()}


def regions() -> Iterator[dict]:
    """Each hand-drawn region at 75/30 and 90/30, on the old grid and beside it."""
    for name, shift, (quality, background) in itertools.product(
        objects.regions(), (0, 4), SETTINGS
    ):
        x, mask = (
            t[..., shift:, shift:].contiguous()
            for t in (images.photo(name), objects.region(name))
        )
        codec = schemes.RoiJPEG(mask, quality, background)
        row = {"photograph": name, "shift": shift, "quality": quality}
        row |= {"background": background, "share": round(_share(mask), 4)}
        roi, plain = roi_uses.equal(codec, x)
        table = compare_regions({"roi": roi, "plain": plain}, x, mask)
        yield row | {"roi_psnr": round(float(table.roi_psnr[0]), 4)} | gains(table)


def _share(mask: torch.Tensor) -> float:
    return blocks(mask).mean().item()


def share() -> Iterator[dict]:
    """Centred boxes of 5 to 75 % of the picture, on Kodak."""
    shares = (0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75)
    for (name, x), part, (quality, background) in itertools.product(
        benchmark_set("Kodak"), shares, SETTINGS
    ):
        h, w = x.shape[-2] // 8, x.shape[-1] // 8
        rows, columns = round(h * part**0.5), round(w * part**0.5)
        inside = torch.zeros(1, 1, h, w)
        top, left = (h - rows) // 2, (w - columns) // 2
        inside[..., top : top + rows, left : left + columns] = 1
        mask = inside.repeat_interleave(8, -1).repeat_interleave(8, -2)
        codec = schemes.RoiJPEG(mask, quality, background)
        (codec, data), (twin, same) = roi_uses.equal(codec, x)
        y, z = codec.decode(data), twin.decode(same)
        row = {"image": name, "wanted": part, "share": round(_share(mask), 4)}
        row |= {"quality": quality, "background": background}
        row |= {"bytes": len(data), "plain_bytes": len(same)}
        for column, weight in (
            ("roi_gain", mask), ("background_gain", 1 - mask), ("whole_gain", None)
        ):  # fmt: skip
            gain = psnr(y, x, weight=weight) - psnr(z, x, weight=weight)
            row[column] = round(gain, 4)
        yield row


def maps() -> Iterator[dict]:
    """The same number of blocks by each map; the gain in the hand-drawn object."""
    for name, x, truth, found in itertools.chain(_shipped(), _imagenette()):
        part = _share(truth)
        if not 0.02 <= part <= 0.9:
            continue
        for kind, seed, P in found:
            codec = schemes.RoiJPEG(P, 90, 30, rule=schemes.TwoPiece(share=part))
            chosen = codec.rule(P, 0.0, 1.0, 8)
            object_blocks = blocks(truth)
            overlap = (chosen * object_blocks).sum() / (chosen + object_blocks).clamp(
                max=1
            ).sum()
            (codec, data), (twin, same) = roi_uses.equal(codec, x)
            y, z = codec.decode(data), twin.decode(same)
            row = {"set": name[0], "image": name[1], "map": kind, "seed": seed}
            row |= {"share": round(part, 4), "chosen": round(chosen.mean().item(), 4)}
            row |= {"iou": round(overlap.item(), 4)}
            row["pointing"] = int(measures.pointing(P, truth))
            row |= {"bytes": len(data), "plain_bytes": len(same)}
            gain = psnr(y, x, weight=truth) - psnr(z, x, weight=truth)
            yield row | {"object_gain": round(gain, 4)}


def _blind(x: torch.Tensor, mask: torch.Tensor, seed: int) -> Iterator[tuple]:
    """Maps that see nothing, and one that sees a box."""
    for draw in range(3):
        generator = torch.Generator().manual_seed(1000 * draw + seed)
        yield "random", draw, schemes.random_map(x, generator)
    yield "centre", 0, schemes.centre_map(x)


def _shipped() -> Iterator[tuple]:
    """(set and name, image, outline of the main object, maps)."""
    net = saliency.photo_classifier()
    for seed, name in enumerate(objects.names()):
        x = images.photo(name)[..., 4:, 4:].contiguous()
        things = objects.objects(name)
        mask, box = (
            objects.mask(name, kind=kind)[..., 4:, 4:] for kind in ("polygon", "box")
        )
        found = [*_blind(x, mask, seed), ("hand mask", 0, mask), ("hand box", 0, box)]
        target = things[0].label if things[0].label in net.labels else None
        for kind in ("CAM", "GradCAM", "GradCAMPlusPlus"):
            P = getattr(saliency, kind)(net)(x, target)
            found.append((kind, 0, P))
        yield ("shipped", name), x, mask, found


def _imagenette() -> Iterator[tuple]:
    """The same for Imagenette's validation photographs, with trained maps."""
    from safetensors.torch import load_file

    data = localising.photographs("Imagenette_900/val")
    masks = _boxes()
    raw = {
        (method, seed): load_file(RUNS / f"{method}-{seed}" / "maps.safetensors")[
            "maps"
        ]
        for method in ("cam", "acol", "has")
        for seed in range(3)
        if (RUNS / f"{method}-{seed}" / "maps.safetensors").is_file()
    }
    net, cut = saliency.photo_classifier(), (slice(4, None), slice(4, None))
    for place in sorted(masks)[1::2]:
        whole = data.squares[place : place + 1].float() / 255
        x, mask = whole[..., *cut].contiguous(), masks[place][..., *cut]
        found = [*_blind(x, mask, 50 + place), ("hand box", 0, mask)]
        label = data.names[data.labels[place]]
        for kind in ("CAM", "GradCAM", "GradCAMPlusPlus"):
            target = label if label in net.labels else None
            P = getattr(saliency, kind)(net)(whole, target)
            found.append((kind, 0, P[..., *cut]))
        for (method, seed), all_maps in raw.items():
            P = F.interpolate(all_maps[place : place + 1], (224, 224), mode="bilinear")
            P = (P - P.amin()) / (P.amax() - P.amin()).clamp(min=1e-6)
            found.append((f"trained {method}", seed, P[..., *cut].clamp(0, 1)))
        yield ("Imagenette", str(place)), x, mask, found


def _boxes() -> dict[int, torch.Tensor]:
    sys.path.insert(0, str(Path(__file__).parent))
    from bench_localisation import boxes

    return boxes(paths.data_dir() / "imagenette_boxes.toml")


def _families(mask: torch.Tensor) -> Iterator[tuple]:
    """(codec, setting, ROI codec as a function of a number, its ends, plain codec).

    The plain file is fixed, and the other's number is found so that its size is equal:
    the background's quality, the blur's strength, the step in QP.
    """
    yield (
        "JPEG", "75", lambda b: schemes.RoiJPEG(mask, 75, b), (5, 75), PLAIN(57)
    )  # fmt: skip
    for name, plain, finer in (
        ("WebP", WebP, (60, 70)), ("AVIF", AVIF, (60, 68)),
        ("JPEG filtered", PLAIN, (57, 70)),
        ("JPEG 2000", lambda q: JPEG2000(dB=q), (32, 34)),
    ):  # fmt: skip
        q, better = finer
        yield (
            name, f"{q} to {better}",
            lambda s, plain=plain, better=better: schemes.RoiFiltered(
                mask, plain(better), s
            ),
            (0, 24), plain(q),
        )  # fmt: skip
    yield (
        "learned", "3 to 4.5", lambda b: schemes.RoiLearned(mask, 4.5, b), (1, 4.5),
        MeanScale(3),
    )  # fmt: skip
    if schemes.RoiHEVC.available():
        yield (
            "HEVC", "crf 30, -.2",
            lambda crf: schemes.RoiHEVC(mask, crf=crf, offset=-0.2),
            (26, 46), schemes.RoiHEVC(None, crf=30),
        )  # fmt: skip
    stitched = partial(schemes.Stitched, mask, 57, 30, 90, schemes.TwoPiece())
    for slack in (0.01, 0.2):
        yield (
            "MSROI's stitching", f"57, slack {slack:.0%}",
            lambda _, slack=slack: stitched(slack=slack), None, PLAIN(57),
        )  # fmt: skip


def codecs() -> Iterator[dict]:
    """One setting of each codec at equal bytes, on the hand-drawn regions."""
    for name in SMALL:
        x, mask = (
            t[..., 4:, 4:].contiguous()
            for t in (images.photo(name), objects.region(name))
        )
        x, mask = (t[..., : t.shape[-2] & ~1, : t.shape[-1] & ~1] for t in (x, mask))
        for codec, setting, family, ends, plain in _families(mask):
            size = len(plain.encode(x))
            row = {"photograph": name, "codec": codec, "setting": setting}
            row["share"] = round(_share(mask), 4)
            try:
                if ends is None:
                    found = family(0), family(0).encode(x)
                else:
                    found = meet_size(family, x, size, *ends)
            except ValueError as error:
                print(f"left out: {name}, {codec}: {error}", file=sys.stderr)
                continue
            files = {"roi": found, "plain": (plain, plain.encode(x))}
            yield row | gains(compare_regions(files, x, mask))


def kodak() -> Iterator[dict]:
    """Curves on Kodak: the region is where CAM of the likeliest class is high.

    roi_psnr: of the fifth of the blocks where the map is highest. map_psnr: every pixel
    weighs as much as the map says.
    """
    cam = saliency.CAM(saliency.photo_classifier())
    fifth = schemes.TwoPiece(share=0.2)
    for name, x in benchmark_set("Kodak"):
        P = cam(x)
        mask = fifth(P, 0.0, 1.0, 8).repeat_interleave(8, 0).repeat_interleave(8, 1)
        mask = mask[None, None, : x.shape[-2], : x.shape[-1]]
        for curve, number, codec in _curves(P, fifth):
            data = codec.encode(x)
            y = codec.decode(data)
            yield {
                "codec": curve, "setting": number, "image": name, "bytes": len(data),
                "bpp": round(8 * len(data) / (x.shape[-2] * x.shape[-1]), 5),
                "psnr": round(psnr(y, x), 4),
                "roi_psnr": round(psnr(y, x, weight=mask), 4),
                "map_psnr": round(psnr(y, x, weight=P), 4),
            }  # fmt: skip


def _curves(P: torch.Tensor, rule) -> Iterator[tuple[str, float, Codec]]:
    for q in (15, 25, 40, 55, 70, 80, 90):
        yield "JPEG", q, PLAIN(q)
    for q, b in ((40, 10), (60, 18), (75, 27), (85, 38), (92, 52), (95, 65)):
        yield "ROI JPEG, two-piece", q, schemes.RoiJPEG(P, q, b, rule=rule)
        yield "ROI JPEG, linear", q, schemes.RoiJPEG(P, q, b, rule=schemes.Linear())
    for q in (1, 2, 3, 4, 5, 6):
        yield "learned", q, MeanScale(q)
    for q in (2, 3, 4, 5, 6):
        yield "ROI learned", q, schemes.RoiLearned(P, q, q - 1.0, rule=rule)


PARTS = {"regions": regions, "share": share, "maps": maps, "codecs": codecs}
PARTS |= {"kodak": kodak, "video": roi_uses.video, "faces": roi_uses.faces}


def write(name: str) -> Path:
    """Measure one part and write its table when it is whole."""
    start = time.perf_counter()
    rows = list(tqdm(PARTS[name](), desc=name, mininterval=2))
    file = "faces.csv" if name == "faces" else f"roi_{name}.csv"
    path = paths.data_dir() / "results" / file
    head = [
        f"# command: python tools/bench_roi.py {name}",
        f"# device: {device_name()}",
        f"# minutes: {(time.perf_counter() - start) / 60:.1f}",
    ]
    with path.open("w", newline="", encoding="utf-8") as out:
        out.write("\n".join(head) + "\n")
        columns = dict.fromkeys(key for row in rows for key in row)
        writer = csv.DictWriter(out, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="+", choices=[*PARTS])
    for part in parser.parse_args(arguments).parts:
        print(write(part))
    return 0


if __name__ == "__main__":
    sys.exit(main())
