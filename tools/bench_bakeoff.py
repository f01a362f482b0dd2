# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The bake-off on Kodak, every family of the course: data/results/bakeoff.csv.

    python tools/bench_bakeoff.py rows                        # one process
    python tools/bench_bakeoff.py rows --processes 8          # a pool of processes
    python tools/bench_bakeoff.py rows --cluster 2            # a Dask cluster, here
    python tools/bench_bakeoff.py rows --scheduler tcp://head:8786    # a Dask cluster
    python tools/bench_bakeoff.py rows --families AVIF,WebP --pictures 01,05
    python tools/bench_bakeoff.py gather     # means and wins -> data/results
    python tools/bench_bakeoff.py table      # BD-rates against JPEG repacked, wins

Whole files. psnr and ms_ssim of 8-bit RGB; roi_psnr inside the fifth of the blocks
where CAM of the likeliest class (the course's classifier) is highest, one mask for all.
The rows of each picture grow in build/bakeoff.csv; a run that was stopped goes on, and
`--again` measures the named families once more. Seconds are of one picture on a machine
that may be busy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from srlab import evaluation, paths
from srlab.datasets import benchmark_set
from srlab.evaluation import bakeoff
from srlab.evaluation.growing import append
from srlab.training.cards import device_name

ROWS = Path("build/bakeoff.csv")
COLUMNS = ["codec", "setting", "image", "bytes", "bpp", *bakeoff.MEASURES]
COLUMNS += ["encode_s", "decode_s"]
ANCHOR = "JPEG repacked"
BUDGETS = (10_000, 20_000, 40_000)  # bytes of 768 x 512 pixels: .2, .4, .8 bpp


def measure(family: str, image: str, x: torch.Tensor) -> list[dict]:
    """The rows of one family and one picture; what a worker of any executor does."""
    torch.set_num_threads(1)
    P, rows = bakeoff.look_at(x), []
    mask = bakeoff.region_of(P)
    for setting in bakeoff.FAMILIES[family].curve:
        codec = bakeoff.FAMILIES[family].codec(setting, P)
        start = time.perf_counter()
        data = codec.encode(x)
        middle = time.perf_counter()
        y = codec.decode(data)
        seconds = middle - start, time.perf_counter() - middle
        found = [len(data), round(8 * len(data) / x[0, 0].numel(), 5)]
        found += [round(value, 5) for value in bakeoff.judge(y, x, mask).values()]
        found += [round(value, 4) for value in seconds]
        rows.append(dict(zip(COLUMNS, (family, setting, image, *found), strict=True)))
    return rows


@contextmanager
def executor_of(options: argparse.Namespace) -> Iterator[Executor | None]:
    """Any concurrent.futures.Executor does; None: this process."""
    if options.scheduler or options.cluster:
        from distributed import Client

        here = {"n_workers": options.cluster, "threads_per_worker": 1}
        where = {"address": options.scheduler} if options.scheduler else here
        with Client(**where) as client:
            if options.scheduler:  # the workers need this file
                client.upload_file(__file__)
            yield client.get_executor()
    elif options.processes > 1:
        with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
            yield pool
    else:
        yield None


def rows(options: argparse.Namespace) -> None:
    """Append what is not there yet, a family after the other."""
    names = options.families.split(",") if options.families else [*bakeoff.FAMILIES]
    known = set()
    if ROWS.is_file():
        old = pd.read_csv(ROWS)
        if options.again:
            old = old[~old["codec"].isin(names)]
            old.to_csv(ROWS, index=False)
        known = set(zip(old["codec"], old["image"], strict=True))
    wanted = [p for p in options.pictures.split(",") if p]
    pictures = {
        name: x for name, x in benchmark_set("Kodak")
        if not wanted or name[-2:] in wanted
    }  # fmt: skip
    todo = [(f, i) for f in names for i in pictures if (f, i) not in known]
    with executor_of(options) as executor:
        jobs = _run(executor, [(f, i, pictures[i]) for f, i in todo])
        for found in tqdm(jobs, total=len(todo), desc="bake-off", mininterval=5):
            append(ROWS, found, COLUMNS)


def _run(executor: Executor | None, jobs: list[tuple]) -> Iterator[list[dict]]:
    if executor is None:
        yield from (measure(*job) for job in jobs)
        return
    for future in as_completed([executor.submit(measure, *job) for job in jobs]):
        yield future.result()


def gather() -> list[Path]:
    """Means over the pictures, and each family's quality at the budgets."""
    table = pd.read_csv(ROWS)
    whole = table.groupby("codec")["image"].transform("nunique") == 24
    for name in table.loc[~whole, "codec"].unique():
        print(f"left out, not all pictures are there: {name}", file=sys.stderr)
    table = table[whole]
    keys = ["codec", "setting"]
    means = table.groupby(keys, sort=False).mean(numeric_only=True).reset_index()
    order = {name: k for k, name in enumerate(bakeoff.FAMILIES)}
    means = means.sort_values(
        keys, key=lambda c: c.map(order) if c.name == "codec" else c, kind="stable"
    ).sort_values(["codec", "bpp"], key=lambda c: c.map(order).fillna(0)
                  if c.name == "codec" else c, kind="stable")  # fmt: skip
    means["bytes"] = means["bytes"].round().astype(int)
    digits = {"bpp": 5, "psnr": 4, "ms_ssim": 5, "roi_psnr": 4}
    means = means.round(digits | {"encode_s": 3, "decode_s": 3})
    made = []
    for name, frame in (("bakeoff", means), ("bakeoff_budgets", at_budgets(table))):
        made.append(paths.data_dir() / "results" / f"{name}.csv")
        head = "# command: python tools/bench_bakeoff.py rows, then gather\n"
        head += f"# device: {device_name()}\n"
        made[-1].write_text(head + frame.to_csv(index=False), encoding="utf-8")
    return made


def at_budgets(table: pd.DataFrame) -> pd.DataFrame:
    """Each picture's quality by each family where its file has just the budget's size.

    Linear in the log of the size between two settings, and NaN beyond them.
    """
    found = []
    for (codec, image), own in table.groupby(["codec", "image"], sort=False):
        own = own.sort_values("bytes")
        for budget in BUDGETS:
            row = {"codec": codec, "image": image, "budget": budget}
            for name in bakeoff.MEASURES:
                row[name] = np.interp(
                    np.log(budget), np.log(own["bytes"]), own[name],
                    left=np.nan, right=np.nan,
                )  # fmt: skip
            found.append(row)
    return pd.DataFrame(found).round({"psnr": 3, "ms_ssim": 5, "roi_psnr": 3})


def table() -> None:
    """Print the notebook's two tables."""
    means = evaluation.results("bakeoff")
    print(bakeoff.bd_table(means, ANCHOR).round(1).to_string(index=False))
    budgets = evaluation.results("bakeoff_budgets")
    for name in bakeoff.MEASURES:
        print(f"\nbest {name}, pictures of 24")
        print(bakeoff.wins(budgets, name).to_string())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("rows", "gather", "table"))
    parser.add_argument("--families", default="", help="such as AVIF,WebP")
    parser.add_argument("--pictures", default="", help="such as 01,02,23")
    parser.add_argument("--again", action="store_true", help="measure them once more")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--cluster", type=int, default=0, help="Dask workers, here")
    parser.add_argument("--scheduler", default="", help="the address of Dask's")
    options = parser.parse_args(arguments)
    if options.part == "rows":
        rows(options)
    elif options.part == "gather":
        print(*gather(), sep="\n")
    else:
        table()
    return 0


if __name__ == "__main__":
    sys.exit(main())
