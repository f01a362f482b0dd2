# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every public operation on a photograph of 12 megapixels: seconds and peak memory.

    python tools/bench_large.py                      # data/results/large_pictures.csv
    python tools/bench_large.py run --only load      # measure again what has this word
    python tools/bench_large.py table                # the largest and the slowest

The picture is a shipped photograph enlarged to 4000 x 3000, with noise of a grey level
(large_operations.photograph). A restorer takes the small picture whose enlargement
has 12 megapixels: 2000 x 1500 at x2, 1000 x 750 at x4; one for each network. (A picture
of 12 megapixels enlarged to 48 or 192 takes 4 or 16 times as long, and its result alone
is .6 or 2.3 GB.) Each operation has a process of its own (a fork) and one thread of
torch. `seconds` is by the wall and `cpu_seconds` the processor's time of the process,
which other programs change less; both are of the first call, without loading Python,
weights and the picture. `peak_gb` is the most memory (10^9 bytes, resident) that the
process had during the call, Python, torch and the picture included. On Linux only. Rows
are kept in build/large/rows.csv; a run that was stopped goes on from them.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import multiprocessing
import os
import re
import resource
import signal
import time
from pathlib import Path

FOLDER = Path("build/large")
RAW = FOLDER / "rows.csv"
COLUMNS = ("operation", "seconds", "cpu_seconds", "peak_gb", "note")
LIMIT = 300  # seconds of processor time for an operation
GIVE_UP = 9 * 10**9  # bytes: what asks for more is ended, for the machine's sake


def peak_bytes(pid: int | str = "self") -> int:
    """The most resident memory of a process since it began, or since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return 1024 * int(line.split()[1])
    return 0


def forget_peak() -> None:
    """From here on, `peak_bytes` is of what follows."""
    Path("/proc/self/clear_refs").write_text("5")


def one(name: str, pipe) -> None:
    """Measure one operation in this process and send its numbers."""
    from large_operations import Bench, operations

    try:
        run = operations()[name](Bench(FOLDER))
        resource.setrlimit(resource.RLIMIT_DATA, (GIVE_UP, GIVE_UP))
        used = int(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (used + LIMIT, used + LIMIT + 5))
        forget_peak()
        wall, cpu = time.perf_counter(), _cpu()
        run()
        wall, cpu = time.perf_counter() - wall, _cpu() - cpu
        pipe.send((f"{wall:.2f}", f"{cpu:.2f}", f"{peak_bytes() / 1e9:.2f}", ""))
    except BaseException as error:
        why = f"failed: {type(error).__name__}: {error}"
        pipe.send(("", "", f"{peak_bytes() / 1e9:.2f}", why.splitlines()[0][:150]))


def _cpu() -> float:
    """Seconds of the processor, of this process and of those that it started."""
    found = os.times()
    return sum(found[:4])


def measure(name: str) -> dict[str, str]:
    """A row: the operation in a fork of this process, ended if it takes too long."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    child = fork.Process(target=one, args=(name, there), daemon=False)
    child.start()
    there.close()
    most = 0
    while child.is_alive():
        with contextlib.suppress(FileNotFoundError):
            most = max(most, peak_bytes(child.pid))
        child.join(0.2)
    try:
        found = here.recv()
    except EOFError:  # it was ended
        slow = child.exitcode in (-signal.SIGXCPU, -signal.SIGKILL)
        why = f"over {LIMIT} s of processor time" if slow else f"exit {child.exitcode}"
        found = ("", "", f"{most / 1e9:.2f}", why)
    return dict(zip(COLUMNS, (name, *found), strict=True))


def known() -> dict[str, dict[str, str]]:
    """The rows of earlier runs."""
    if not RAW.is_file():
        return {}
    with RAW.open(newline="") as file:
        return {row["operation"]: row for row in csv.DictReader(file)}


def run(only: str | None, minutes: float | None) -> None:
    """Measure what has no row yet, or what `only` names; then write the table."""
    import torch
    from large_operations import operations, prepare
    from tqdm.auto import tqdm

    torch.set_num_threads(1)  # before anything starts a pool, which no fork survives

    names, end = list(operations()), time.monotonic() + 60 * (minutes or 1e9)
    if not (FOLDER / "photo_4.pt").is_file():
        prepare(FOLDER)
    rows = known()
    todo = [n for n in names if (re.search(only, n) if only else n not in rows)]
    for name in tqdm(todo, desc="large pictures", mininterval=1):
        if time.monotonic() > end:
            break
        rows[name] = measure(name)
        with RAW.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.values())
    if all(name in rows for name in names):
        write([rows[name] for name in names])


def write(rows: list[dict[str, str]]) -> None:
    """data/results/large_pictures.csv, with the command and the device."""
    from srlab.paths import data_dir
    from srlab.training.cards import device_name

    file = data_dir() / "results" / "large_pictures.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        out.write("# command: python tools/bench_large.py\n")
        out.write(f"# device: {device_name()}; one thread of torch\n")
        out.write(
            "# 4000 x 3000 pixels in, or out of a restorer; see tools/bench_large.py\n"
        )
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def table(count: int = 5) -> str:
    """The largest and the slowest operations, a line each."""
    from srlab import evaluation

    found = evaluation.results("large_pictures")
    parts = []
    for column in ("peak_gb", "cpu_seconds"):
        most = found.sort_values(column, ascending=False, kind="stable").head(count)
        parts.append(most[list(COLUMNS[:4])].to_string(index=False))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "part", nargs="?", default="run", choices=("run", "one", "table")
    )
    parser.add_argument("--only", help="a pattern: what to measure again")
    parser.add_argument("--minutes", type=float, help="begin no operation after these")
    args = parser.parse_args()
    if args.part == "table":
        print(table())
    else:
        run(args.only, args.minutes)


if __name__ == "__main__":
    main()
