# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Benchmark tables: a restorer beside the published row, under the row's own protocol.

Papers measure in four ways, which `srlab.evaluation.protocols` tells apart by letters:
A, B, C and E. Every row says its letter.

Codecs are judged by `rate_distortion` and `bd_rate`: real bytes, PSNR of 8-bit RGB;
those that favour a region by `at_equal_bytes`, inside and outside of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from srlab.datasets import benchmark_set
from srlab.evaluation.protocols import PROTOCOLS, Restorer
from srlab.evaluation.protocols import score as score_one
from srlab.evaluation.rates import (
    bd_rate,
    encode_to_size,
    mean_curves,
    rate_distortion,
)
from srlab.evaluation.regions import (
    at_equal_bytes,
    compare_regions,
    measure_regions,
    meet_size,
)
from srlab.images import check_whole
from srlab.paths import data_dir

if TYPE_CHECKING:
    import pandas

__all__ = [
    "PROTOCOLS",
    "BenchmarkRow",
    "at_equal_bytes",
    "bd_rate",
    "benchmark",
    "compare_regions",
    "encode_to_size",
    "mean_curves",
    "measure_regions",
    "meet_size",
    "published",
    "rate_distortion",
    "results",
    "table",
]


@dataclass(frozen=True)
class BenchmarkRow:
    """One row: means over the images of a set.

    Attributes:
        name: of the method; empty if it has no published row.
        set_name, scale, images: what it was measured on.
        protocol: A, B, C or E.
        psnr: dB. ssim: in [-1, 1].
        published_psnr, published_ssim: what the papers print, or None.
    """

    name: str
    set_name: str
    scale: int
    images: int
    protocol: str
    psnr: float
    ssim: float
    published_psnr: float | None = None
    published_ssim: float | None = None

    def __str__(self) -> str:
        text = (
            f"{self.name or 'this restorer'}, {self.set_name} x{self.scale}, "
            f"protocol {self.protocol}: {self.psnr:.2f} dB / {self.ssim:.4f}"
        )
        if self.published_psnr is None:
            return text
        ssim = f" / {self.published_ssim:.4f}" if self.published_ssim else ""
        return f"{text} (published {self.published_psnr:.2f}{ssim})"


def benchmark(
    restorer: Restorer,
    set_name: str | Mapping[str, torch.Tensor],
    scale: int,
    name: str | None = None,
    protocol: str | None = None,
    executor: Executor | None = None,
) -> BenchmarkRow:
    """PSNR and SSIM of a restorer on a benchmark set.

    Args:
        restorer: LR -> HR, (1, C, h, w) float32 in [0, 1] -> (1, C, scale h, scale w).
            C is 3, or 1 under protocol B and for grey pictures. A network is measured
            in eval mode; `srlab.models.restorer(net)` makes one take both.
        set_name: "Set5", "Set14", "B100" ... (see `srlab.datasets`), or a mapping
            name -> image of your own.
        scale: a whole number; the published rows have 2, 3 and 4.
        name: of the published row to print beside; it brings its protocol along.
        protocol: A, B, C or E; without it and without a name, C.
        executor: measures the images in parallel (restorer and images are pickled). A
            pool of processes must start them with "spawn": a fork of a process in
            which torch has used threads can stand still for ever.

    Raises:
        TypeError: the restorer is no function, or gives no float tensor.
        ValueError: an unknown name, protocol or scale, or a result of a wrong size.
        FileNotFoundError: the set is not on this machine; says how to get it.
    """
    scale = check_whole(scale, "scale", 1)
    if not callable(restorer):
        raise TypeError(f"restorer is a {type(restorer).__name__}, not a function")
    title, pictures = _pictures(set_name)
    row = published(name, title, scale) if name else {}
    protocol = protocol or row.get("protocol", "C")
    if protocol not in tuple(PROTOCOLS):
        raise ValueError(f"no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}")
    score = partial(score_one, restorer, scale, protocol)
    images = (image for _, image in pictures)
    with _at_rest(restorer):
        scores = list(executor.map(score, images) if executor else map(score, images))
    psnrs, ssims = zip(*scores, strict=True)
    same = protocol == row.get("protocol")
    return BenchmarkRow(
        name=name or "",
        set_name=title,
        scale=scale,
        images=len(scores),
        protocol=protocol,
        psnr=sum(psnrs) / len(psnrs),
        ssim=sum(ssims) / len(ssims),
        published_psnr=row.get("psnr") if same else None,
        published_ssim=row.get("ssim") if same else None,
    )


@contextmanager
def _at_rest(restorer: Restorer) -> Iterator[None]:
    """A network in eval mode while it is measured; as it was, afterwards."""
    net = restorer if isinstance(restorer, torch.nn.Module) else None
    was = net is not None and net.training
    try:
        if net is not None and was:
            net.eval()
        yield
    finally:
        if net is not None and was:
            net.train()


def _pictures(set_name: str | Mapping[str, torch.Tensor]) -> tuple[str, Any]:
    """(title, pairs of name and image) of a benchmark set or of one's own images."""
    if isinstance(set_name, str):
        pictures = benchmark_set(set_name)
        return pictures.name, pictures  # its own name, whatever alias was asked for
    if isinstance(set_name, Mapping) and set_name:
        return "own images", set_name.items()
    raise ValueError(
        f"the set is {set_name!r:.60}; expected a name such as 'Set5', or a mapping "
        "name -> image with one image or more"
    )


def table(rows: Iterable[BenchmarkRow]) -> pandas.DataFrame:
    """Rows of `benchmark` -> a pandas table with a column a field.

    TypeError if there is anything else among the rows.
    """
    import pandas as pd

    rows = list(rows)
    if not all(isinstance(row, BenchmarkRow) for row in rows):
        raise TypeError("table takes rows, as srlab.evaluation.benchmark gives them")
    names = [field.name for field in fields(BenchmarkRow)]
    return pd.DataFrame(rows, columns=names)


def published(name: str, set_name: str, scale: int) -> dict:
    """The papers' row: psnr (dB), ssim, protocol, source; without numbers if none.

    Args:
        name: of the method. set_name: "Set5" ... scale: a whole number.

    Raises:
        ValueError: no row of that name at all; the message lists the names.
    """
    text = (data_dir() / "results" / "published.toml").read_text(encoding="utf-8")
    methods = tomllib.loads(text)
    scale = check_whole(scale, "scale", 1)
    if not isinstance(name, str) or name not in methods:
        raise ValueError(f"no published row {name!r}; there are {', '.join(methods)}")
    method = methods[name]
    found = [
        row for row in method["rows"] if (row["set"], row["scale"]) == (set_name, scale)
    ]
    return {"protocol": method["protocol"], **(found[0] if found else {})}


def results(name: str) -> pandas.DataFrame:
    """What a full run measured, from data/results/NAME.csv, as a pandas table.

    The comment lines on top of the file say the command, the device and the minutes;
    they are in ``.attrs["note"]`` of the table. FileNotFoundError for another name
    lists those that there are.
    """
    import pandas as pd

    folder = data_dir() / "results"
    path, names = folder / f"{name}.csv", sorted(p.stem for p in folder.glob("*.csv"))
    if name not in names:
        raise FileNotFoundError(f"no results {name!r}; there are {', '.join(names)}")
    lines = path.read_text(encoding="utf-8").splitlines()
    frame = pd.read_csv(path, comment="#")
    frame.attrs["note"] = "\n".join(
        line.lstrip("# ") for line in lines if line.startswith("#")
    )
    return frame
