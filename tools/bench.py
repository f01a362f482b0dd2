# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Measure what the course quotes: `make bench` (or `python tools/bench.py rows costs`).

Of networks, see bench_models.py:

- models: every weights file beside the published rows -> data/results/model_rows.csv
- cards: what cards of weights from another machine lack, measured on this one
- nets: parameters, multiply-adds, CPU ms and PSNR -> data/results/net_costs.csv
- loading: training steps a second out of the bank, beside a DataLoader over PNG files.

Of degradations, see bench_degrade.py:

- classical: BI, BD and DN beside the published rows -> data/results/classical_rows.csv
- degrade: images a second of the pipelines, beside NumPy and Pillow; printed only.

Of GANs and blind nets, see bench_perception.py:

- perception: fidelity beside sharpness on clean pictures -> data/results/perception.csv
- degraded: the same on damaged pictures -> data/results/degraded_rows.csv
- kodak: all codecs on Kodak, bytes, PSNR, MS-SSIM -> data/results/kodak_rd.csv (half an
  hour; it goes on from build/kodak_rows.csv)
- stability: the full GAN recipes' first 1,000 steps -> data/results/gan_stability.csv

Of the rest:

- rows: the published bicubic rows, four protocols -> data/results/bicubic_rows.csv
- costs: what each wrong protocol costs in dB -> data/results/protocol_costs.csv
- speed: imresize beside torch's interpolate, SSIM beside scikit-image's; printed only,
  as ratios of one run.

rows and costs need Set5, Set14 and B100 (SRLAB_DATA, or `python -m srlab fetch`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import bench_codecs
import bench_degrade
import bench_models
import bench_perception
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image

import srlab
from srlab import evaluation, metrics
from srlab.datasets import benchmark_set, find
from srlab.images import (
    crop_to_multiple,
    from_uint8,
    luma,
    round8,
    to_pillow,
    to_uint8,
)
from srlab.paths import data_dir
from srlab.resample import Interpolator, imresize

SETS = ("Set5", "Set14", "B100")
SCALES = (2, 3, 4)
PARTS = ("rows", "costs", "speed", "models", "nets", "loading", "classical")
PARTS += ("degrade", "perception", "degraded", "cards", "stability", "kodak")
NEED_SETS = {"cards", "rows", "costs", "models", "classical", "perception", "degraded"}


def rows(executor) -> pd.DataFrame:
    """Bicubic under A, B, C and E on every set and scale; the published row beside."""
    table = []
    for name in SETS:
        for scale in SCALES:
            for protocol in evaluation.PROTOCOLS:
                row = evaluation.benchmark(
                    Interpolator(scale), name, scale, "bicubic", protocol, executor
                )
                table.append(row)
                print(row, flush=True)
    return evaluation.table(table).round({"psnr": 4, "ssim": 5})


def _pil_resize(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Pillow's 8-bit bicubic, (1, C, H, W) -> (1, C, *size)."""
    picture = to_pillow(image).resize(size[::-1], Image.Resampling.BICUBIC)
    return from_uint8(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])


def _cv2_resize(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """OpenCV's 8-bit INTER_CUBIC (a = -0.75, never widened)."""
    import cv2

    array = cv2.resize(
        np.array(to_pillow(image)), size[::-1], interpolation=cv2.INTER_CUBIC
    )
    return from_uint8(torch.from_numpy(array).permute(2, 0, 1)[None])


def _full_range(image: torch.Tensor) -> torch.Tensor:
    """Luma as Pillow and OpenCV compute it: 0.299 R + 0.587 G + 0.114 B, no swing."""
    r, g, b = image.split(1, dim=1)
    return 0.299 * r + 0.587 * g + 0.114 * b


def _variants(hr: torch.Tensor, scale: int) -> dict[str, float]:
    """PSNR of bicubic on one RGB image, (1, 3, H, W), measured in many ways."""
    hr = crop_to_multiple(hr, scale).to(torch.float64)
    size = tuple(hr.shape[-2:])
    small = (size[0] // scale, size[1] // scale)
    lr = round8(imresize(hr, scale=1 / scale))
    sr = round8(imresize(lr, scale=scale))
    raw = imresize(imresize(hr, scale=1 / scale), scale=scale)
    pil_lr, cv_lr = _pil_resize(hr, small), _cv2_resize(hr, small)
    nearest = round8(imresize(hr, scale=1 / scale, antialias=False))
    pil = _pil_resize(pil_lr, size).double()
    opencv = _cv2_resize(cv_lr, size).double()
    unaliased = round8(imresize(nearest, scale=scale))
    lumas = round8(luma(hr))
    b = round8(imresize(imresize(lumas, scale=1 / scale), scale=scale))
    a = luma(from_uint8(imresize(imresize(to_uint8(hr), scale=1 / scale), scale=scale)))
    return {
        "protocol B (the papers' bicubic row)": metrics.psnr(b, lumas, scale),
        "protocol A": metrics.psnr(round8(a), lumas, scale),
        "protocol C": metrics.psnr(luma(sr), luma(hr), scale),
        "nothing rounded": metrics.psnr(luma(raw), luma(hr), scale),
        "no border cut": metrics.psnr(luma(sr), luma(hr), 0),
        "RGB instead of luma (protocol E)": metrics.psnr(sr, hr, scale),
        "full-range luma (Pillow, OpenCV)": metrics.psnr(
            _full_range(sr), _full_range(hr), scale
        ),
        "Pillow's bicubic both ways": metrics.psnr(luma(pil), luma(hr), scale),
        "shrunk without antialiasing": metrics.psnr(luma(unaliased), luma(hr), scale),
        "OpenCV's bicubic both ways": metrics.psnr(luma(opencv), luma(hr), scale),
    }


def costs(executor) -> pd.DataFrame:
    """Set5 in every wrong way: dB beside protocol B's, at x2, x3 and x4."""
    table = pd.DataFrame()
    for scale in SCALES:
        pictures = [image for _, image in benchmark_set("Set5")]
        ways = list(executor.map(_variants, pictures, [scale] * len(pictures)))
        means = pd.DataFrame(ways).mean()
        table[f"x{scale}"] = means.round(3)
        table[f"x{scale} minus B"] = (means - means.iloc[0]).round(3)
    table = table.rename_axis("way").reset_index()
    print(table.to_string(index=False), flush=True)
    return table


def median_ms(function: Callable[[], object], n: int = 9) -> float:
    """Median of n calls in milliseconds, after two that are not counted."""
    times = []
    for i in range(n + 2):
        start = time.perf_counter()
        function()
        if i >= 2:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def speed() -> pd.DataFrame:
    """Ratios of one run: ours / the library's, on 768 x 512 RGB. Below 1 is faster."""
    from skimage.metrics import structural_similarity

    x = imresize(srlab.photo("coffee"), size=(512, 768)).clamp(0, 1)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    y, x8 = (x + 0.05 * noise).clamp(0, 1), to_uint8(x)
    table = []
    for scale in (0.5, 2.0):
        theirs = median_ms(
            lambda s=scale: F.interpolate(
                x, scale_factor=s, mode="bicubic", antialias=True
            )
        )
        for kind, image in (("float32", x), ("uint8", x8)):
            ours = median_ms(lambda s=scale, i=image: imresize(i, scale=s))
            table.append((f"imresize {kind} x{scale:g}", ours, theirs))
    a, b = (v[0].permute(1, 2, 0).numpy() for v in (x, y))
    options = {"gaussian_weights": True, "sigma": 1.5, "data_range": 1.0}
    options |= {"use_sample_covariance": False, "channel_axis": 2}
    theirs = median_ms(lambda: structural_similarity(a, b, **options))
    table.append(("SSIM RGB", median_ms(lambda: metrics.ssim(y, x)), theirs))
    frame = pd.DataFrame(table, columns=["what", "ours ms", "theirs ms"])
    frame["ratio"] = frame["ours ms"] / frame["theirs ms"]
    print(frame.round(2).to_string(index=False), flush=True)
    return frame


def _save(frame: pd.DataFrame, name: str, part: str, minutes: float) -> Path:
    path = data_dir() / "results" / f"{name}.csv"
    note = (
        f"# command: make bench SETS={part}\n# device: CPU, {os.cpu_count()} cores, "
        f"{platform.machine()}; torch {torch.__version__}\n# minutes: {minutes:.1f}\n"
    )
    path.write_text(note + frame.to_csv(index=False), encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[*PARTS])
    parser.add_argument("--dry-run", action="store_true", help="write no file")
    options = parser.parse_args(arguments)
    if set(options.parts) - set(PARTS):
        parser.error(f"the parts are {', '.join(PARTS)}")
    wanted = [*SETS] if set(options.parts) & NEED_SETS else []
    wanted += ["Kodak"] if "kodak" in options.parts else []
    missing = [name for name in wanted if find(name) is None]
    if missing:
        print(
            f"make bench: {', '.join(missing)} not found; set SRLAB_DATA to a folder "
            "that holds them, or run `python -m srlab fetch NAME`"
        )
        return 1
    if "cards" in options.parts:
        bench_models.cards()
    with ProcessPoolExecutor(  # a fork after torch has used threads would hang
        mp_context=multiprocessing.get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(1,),
    ) as pool:
        for name, part, file in (
            ("rows", rows, "bicubic_rows"),
            ("costs", costs, "protocol_costs"),
            ("models", bench_models.rows, "model_rows"),
            ("nets", lambda _: bench_models.costs(), "net_costs"),
            ("classical", bench_degrade.classical, "classical_rows"),
            ("perception", bench_perception.perception, "perception"),
            ("degraded", bench_perception.degraded, "degraded_rows"),
            ("stability", lambda _: bench_perception.stability(), "gan_stability"),
            ("kodak", bench_codecs.kodak, "kodak_rd"),
        ):
            if name in options.parts:
                start = time.perf_counter()
                frame = part(pool)
                if not options.dry_run:
                    minutes = (time.perf_counter() - start) / 60
                    print(_save(frame, file, name, minutes))
    if "speed" in options.parts:
        speed()
    if "loading" in options.parts:
        bench_models.loading()
    if "degrade" in options.parts:
        bench_degrade.rates()
    return 0


if __name__ == "__main__":
    sys.exit(main())
