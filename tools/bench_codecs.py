# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Kodak's curves: every codec of the course, real bytes, beside the published points.

The rows of all pictures grow in build/kodak_rows.csv, so that a run that was stopped
goes on; data/results/kodak_rd.csv holds their means.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from srlab import evaluation
from srlab.codecs import AVIF, HEIF, JPEG, JPEG2000, Factorized, MeanScale, WebP

ROWS = Path("build/kodak_rows.csv")
QUALITIES = (5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90)
RATES = (0.125, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2)
DECIBELS = (26, 28, 30, 32, 34, 36, 38)


def families() -> dict[str, list]:
    """Curve -> its codecs, from the smallest files to the largest."""
    plain = partial(JPEG, optimize=False)  # as the published points were made
    return {
        "JPEG": [plain(quality) for quality in QUALITIES],
        "JPEG optimised": [JPEG(quality) for quality in QUALITIES],
        "WebP": [WebP(quality) for quality in QUALITIES],
        "JPEG 2000 by rate": [JPEG2000(bpp=rate) for rate in RATES],
        "JPEG 2000 by dB": [JPEG2000(dB=level) for level in DECIBELS],
        "AVIF": [AVIF(q, subsampling="4:4:4", tune="psnr") for q in range(10, 91, 10)],
        "HEIF": [HEIF(q, subsampling="4:4:4") for q in range(5, 76, 10)],
        "factorized": [Factorized(q) for q in range(1, 7)],
        "mean-scale": [MeanScale(q) for q in range(1, 7)],
    }


def kodak(executor) -> pd.DataFrame:
    """Means over the 24 pictures; PSNR and MS-SSIM of 8-bit RGB."""
    table = evaluation.rate_distortion(
        families(), "Kodak", executor, ("psnr", "ms_ssim"), ROWS
    )
    means = evaluation.mean_curves(table)
    pictures = table["image"].nunique()
    print(report(means, pictures).to_string(index=False), flush=True)
    means["images"] = pictures
    columns = ["codec", "setting", "images", "bpp", "psnr", "ms_ssim", "encode_s"]
    return means[[*columns, "decode_s"]].round(
        {"bpp": 5, "psnr": 4, "ms_ssim": 5, "encode_s": 3, "decode_s": 3}
    )


def report(means: pd.DataFrame, pictures: int) -> pd.DataFrame:
    """BD-rate of every curve against optimised JPEG and against published BPG."""
    published = evaluation.results("published_rd")
    bpg = published[published["codec"] == "BPG"]
    anchor = means[means["codec"] == "JPEG optimised"]
    rows = []
    for name in means["codec"].unique():
        curve = means[means["codec"] == name]
        row = {"codec": name, "pictures": pictures, "points": len(curve)}
        for title, other in (("JPEG optimised", anchor), ("BPG", bpg)):
            row[f"BD-rate to {title} (%)"] = round(evaluation.bd_rate(other, curve), 1)
        rows.append(row)
    return pd.DataFrame(rows)
