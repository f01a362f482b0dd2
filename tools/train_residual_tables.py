# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Count amplitudes of residuals: data/residual_tables.json, for srlab.codecs.Residual.

    python tools/train_residual_tables.py        # a minute on one CPU core

Sixty photographs of BSDS500's train part, halved, coded as JPEG at several qualities
and enlarged again by bicubic; what is missing is quantised with several steps.
Counts are of amplitudes 0 to 15 and above, for each group of frequencies and class of
activity.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
from tqdm.auto import tqdm

from srlab import paths
from srlab.codecs import JPEG, residual
from srlab.datasets import benchmark_set
from srlab.images import round8
from srlab.resample import imresize


def count(photographs: int, steps, qualities) -> dict[str, np.ndarray]:
    """(BANDS * CLASSES, REACH + 2) counts of luma and of chroma."""
    shape = (residual.BANDS * residual.CLASSES, residual.REACH + 2)
    found = {kind: np.zeros(shape, np.int64) for kind in ("luma", "chroma")}
    pictures = [x for _, x in benchmark_set("BSDS500_train")][:photographs]
    for number, x in enumerate(tqdm(pictures)):
        quality = qualities[number % len(qualities)]
        x = x[..., : x.shape[-2] & ~1, : x.shape[-1] & ~1]
        small = imresize(x, scale=1 / 2).clamp(0, 1)
        codec = JPEG(quality)
        sr = round8(imresize(codec.decode(codec.encode(small)), scale=2).clamp(0, 1))
        planes = residual.transform((x - sr + 128 / 255).clamp(0, 1))
        for step in steps:
            for plane, kind in zip(planes, ("luma", "chroma", "chroma"), strict=True):
                _add(found[kind], plane / step)
    return found


def _add(table: np.ndarray, scaled: np.ndarray) -> None:
    q = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.35)).astype(np.int32)
    # Blocks of next to nothing are not sent, so they do not count.
    q[np.abs(q).sum(-1) < 2] = 0
    kept = q.any(-1)
    if not kept.any():
        return
    for place in range(64):
        which = residual.contexts(q, place, kept)
        which = residual.GROUP[place] * residual.CLASSES + which
        amplitude = np.minimum(np.abs(q[kept][:, place]), residual.REACH + 1)
        np.add.at(table, (which, amplitude), 1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", type=int, default=60)
    options = parser.parse_args(arguments)
    steps, qualities = (8, 12, 18, 27, 40), (10, 20, 35, 50, 70, 85)
    found = count(options.photographs, steps, qualities)
    text = {
        kind: [[int(v) for v in row] for row in table] for kind, table in found.items()
    }
    rows = {kind: [json.dumps(row) for row in table] for kind, table in text.items()}
    body = ",\n".join(
        f'"{kind}": [\n' + ",\n".join(table) + "\n]" for kind, table in rows.items()
    )
    path = paths.data_dir() / "residual_tables.json"
    path.write_text("{\n" + body + "\n}\n", encoding="utf-8")
    print(path, f"{path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
