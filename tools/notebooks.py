# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Build, check, rehearse and time the notebooks of the course.

    python tools/notebooks.py build            all of course/source -> course/*.ipynb
    python tools/notebooks.py build 01 02      these two
    python tools/notebooks.py check [NN ...]   same outputs with one and two threads?
    python tools/notebooks.py rehearse         every full cell, two steps, nothing kept
    python tools/notebooks.py time             seconds and memory -> data/results

The source (percent format) is the truth. Notebooks are executed by the Python that
runs this file, in the folder course/, in fast mode. When a cell fails, nothing is
written and the command ends with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SANITIZE = ROOT / "tests" / "nbval_sanitize.cfg"
MINUTES = ROOT / "data" / "results" / "notebook_minutes.toml"
CELL_SECONDS = 300  # a cell that takes longer is stopped
WIDGET = "application/vnd.jupyter.widget-view+json"  # dead without its kernel
# Not compared, beside what nbval leaves out by itself. Every output of srlab says
# in text/plain what its HTML shows, and text/plain is compared.
NOT_COMPARED = ("stderr", "text/html", "application/javascript")
NBVAL_NOT_COMPARED = (
    "metadata",
    "traceback",
    "prompt_number",
    "output_type",
    "name",
    "execution_count",
    WIDGET,
    "image/png",
    "image/jpeg",
)


class CellFailed(Exception):
    """A cell raised; the text names notebook, cell and error in a few lines."""


@dataclass(frozen=True)
class Measured:
    """What one execution took."""

    seconds: float
    peak_mb: float  # the kernel's largest resident memory


# --- source -> notebook -----------------------------------------------------------


def sources(course: Path, numbers: Sequence[str] = ()) -> list[Path]:
    """The sources asked for, all without numbers; SystemExit for an unknown one."""
    found = sorted((course / "source").glob("[0-9][0-9]_*.py"))
    wanted = [number.zfill(2) for number in numbers]
    missing = [n for n in wanted if not any(p.name.startswith(n + "_") for p in found)]
    if missing:
        raise SystemExit(f"no source {missing[0]}_*.py in {course / 'source'}")
    return [p for p in found if not wanted or p.name[:2] in wanted]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")


def cell_ids(cells: Sequence[Any]) -> list[str]:
    """An id a cell: the heading it stands under and its place there.

    A new cell changes the ids of its own section only, so that diffs stay small.
    """
    ids: list[str] = []
    section, place = "start", 0
    used: defaultdict[str, int] = defaultdict(int)
    for cell in cells:
        heading = re.match(r"#{1,3} +(.+)", cell.source)
        if cell.cell_type == "markdown" and heading:
            section, place = _slug(heading[1]) or "section", 0
            used[section] += 1
            if used[section] > 1:
                section = f"{section}-again{used[section]}"
        ids.append(f"{section}-{place:02d}")
        place += 1
    return ids


def is_notes(cell: Any) -> bool:
    """True for the speaker's notes."""
    return cell.metadata.get("slideshow", {}).get("slide_type") == "notes"


def read_source(path: Path) -> Any:
    """A notebook without outputs from a percent source, ready to be executed."""
    import jupytext

    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {
            "file_extension": ".py",
            "mimetype": "text/x-python",
            "name": "python",
            "pygments_lexer": "ipython3",
        },
    }
    for cell, name in zip(notebook.cells, cell_ids(notebook.cells), strict=True):
        cell["id"] = name
        if is_notes(cell) or "hide-input" in cell.metadata.get("tags", ()):
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


# --- execution --------------------------------------------------------------------


def _own_kernel() -> Any:
    """A kernel manager for the Python that runs this, whatever else is installed."""
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class OwnPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    specs = OwnPython(ensure_native_kernel=False)
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    if manager.has_trait("transport_encryption"):
        manager.transport_encryption = "auto"  # else newer kernels warn on stderr
    return manager


def _environment(course: Path, mode: str, threads: int | None) -> dict[str, str]:
    """The kernel's environment: this one, with the mode and the course named."""
    environment = dict(os.environ, SRLAB_MODE=mode, SRLAB_COURSE=str(course))
    environment.pop("MPLBACKEND", None)  # the kernel sets its own
    environment["TQDM_DISABLE"] = "1"  # a saved bar stands still for ever
    if threads is not None:
        environment["OMP_NUM_THREADS"] = str(threads)
    return environment


def peak_mb(pid: int) -> float:
    """The largest resident memory a process had, in MB (Linux, Windows; else now)."""
    import psutil

    status = Path(f"/proc/{pid}/status")
    if status.exists():
        high = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if high:
            return int(high[1]) / 1024
    memory = psutil.Process(pid).memory_info()
    return getattr(memory, "peak_wset", memory.rss) / 2**20


def execute(
    notebook: Any, course: Path, mode: str = "fast", threads: int | None = None
) -> Measured:
    """Run all cells in place; raises CellFailed at the first that does not run."""
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    client = NotebookClient(
        notebook,
        km=_own_kernel(),
        timeout=None if mode == "full" else CELL_SECONDS,
        store_widget_state=False,
        coalesce_streams=True,  # the kernel may send one print in two parts
        resources={"metadata": {"path": str(course)}},
    )
    start = time.perf_counter()
    environment = _environment(course, mode, threads)
    with client.setup_kernel(env=environment, cleanup_kc=True):
        for index, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, index)
            except CellExecutionError as error:
                what = f"{error.ename}: {error.evalue}"
                raise CellFailed(_failure(cell, index, what)) from None
            except CellTimeoutError:
                what = f"took more than {CELL_SECONDS} s"
                raise CellFailed(_failure(cell, index, what)) from None
            except DeadKernelError:
                what = "the kernel died (out of memory?)"
                raise CellFailed(_failure(cell, index, what)) from None
        peak = peak_mb(client.km.provisioner.pid)
    return Measured(time.perf_counter() - start, peak)


def _failure(cell: Any, index: int, what: str) -> str:
    lines = cell.source.splitlines()
    head = [f"    {line}" for line in lines[:4]] + ["    ..."] * (len(lines) > 4)
    what = "\n".join(what.splitlines()[:4])[:600]
    return "\n".join([f"cell {index} ({cell.get('id', '')}):", *head, f"  {what}"])


def clean(notebook: Any) -> None:
    """Drop what is dead, private or changes at every run."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)


def compact(value: Any) -> str:
    """JSON with a line for each line of text, cell and output, and no indentation.

    What Jupyter writes without a sixth of its bytes; `git diff` reads it as well.

    >>> print(compact({"cells": [{"id": "a", "source": ["1\\n", "2"]}], "n": {}}))
    {"cells":[
    {"id":"a","source":[
    "1\\n",
    "2"
    ]}
    ],"n":{}}
    """
    if isinstance(value, dict):
        pairs = (f"{compact(key)}:{compact(one)}" for key, one in value.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(compact, value)) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def write(notebook: Any, path: Path) -> float:
    """Write atomically; returns MB."""
    import nbformat

    text = compact(json.loads(nbformat.writes(notebook))) + "\n"
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".build-") as folder:
        partial = Path(folder) / path.name
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    return len(text.encode()) / 1e6


# --- comparing outputs as nbval does ------------------------------------------------


def _patterns() -> dict[str, str]:
    from nbval.plugin import get_sanitize_patterns

    return dict(get_sanitize_patterns(SANITIZE.read_text(encoding="ascii")))


def comparable(cell: Any, patterns: dict[str, str]) -> dict[str, list[str]]:
    """The outputs of a code cell that nbval would compare, sanitized."""
    from nbval.plugin import transform_streams_for_comparison

    skipped = {"nbval-skip", "nbval-ignore-output"}
    if skipped & set(cell.metadata.get("tags", ())):
        return {}
    values: defaultdict[str, list[str]] = defaultdict(list)
    left_out = NBVAL_NOT_COMPARED + NOT_COMPARED
    for output in transform_streams_for_comparison(cell.outputs):
        flat = {key: value for key, value in output.items() if key != "data"}
        for key, value in (flat | output.get("data", {})).items():
            if key not in left_out:
                text = str(value)
                for regex, replacement in patterns.items():
                    text = re.sub(regex, replacement, text)
                values[key].append(text)
    return dict(values)


def differences(one: Any, other: Any) -> list[str]:
    """What nbval would complain of between two runs, a few lines a cell."""
    patterns = _patterns()
    found = []
    for index, (a, b) in enumerate(zip(one.cells, other.cells, strict=False)):
        if a.cell_type != "code" or b.cell_type != "code":
            continue
        left, right = comparable(a, patterns), comparable(b, patterns)
        for key in sorted(left.keys() | right.keys()):
            if left.get(key) != right.get(key):
                found.append(f"cell {index} ({a.get('id', '')}), {key}:")
                found += [f"  - {str(left.get(key))[:300]}"]
                found += [f"  + {str(right.get(key))[:300]}"]
    return found


# --- commands -----------------------------------------------------------------------


def _run(path: Path, course: Path, mode: str, threads: int | None = None) -> Any:
    """Execute one source: (notebook, measured), or a message on stderr and None."""
    notebook = read_source(path)
    try:
        measured = execute(notebook, course, mode, threads)
    except CellFailed as error:
        print(f"{path.stem} failed in {error}", file=sys.stderr)
        return None
    clean(notebook)
    return notebook, measured


def build(course: Path, numbers: Sequence[str]) -> int:
    """Execute in fast mode and write the notebooks, if every one of them ran."""
    built = []
    for path in sources(course, numbers):
        result = _run(path, course, "fast")
        if result is None:
            print("nothing was written", file=sys.stderr)
            return 1
        notebook, measured = result
        built.append((path.stem, notebook))
        seconds, peak = measured.seconds, measured.peak_mb
        print(f"{path.stem}: {seconds:.1f} s, peak {peak:.0f} MB", flush=True)
    for stem, notebook in built:
        size = write(notebook, course / f"{stem}.ipynb")
        print(f"{stem}.ipynb: {size:.2f} MB")
    return 0


def check(course: Path, numbers: Sequence[str]) -> int:
    """Compare the written notebook with runs of one thread and of two."""
    import nbformat

    failed = 0
    for path in sources(course, numbers):
        target = course / f"{path.stem}.ipynb"
        before = nbformat.read(target, as_version=4) if target.exists() else None
        for threads in (1, 2):
            result = _run(path, course, "fast", threads)
            if result is None:
                failed += 1
                continue
            before = before or result[0]
            found = differences(before, result[0])
            failed += bool(found)
            word = "differs" if found else "the same"
            print(f"{path.stem}, threads: {threads}: {word}", *found, sep="\n")
    return min(failed, 1)


def rehearse(course: Path, numbers: Sequence[str]) -> int:
    """Execute everything in rehearse mode; nothing is compared or written."""
    failed = 0
    for path in sources(course, numbers):
        result = _run(path, course, "rehearse")
        failed += result is None
        if result:
            print(f"{path.stem}: rehearsed in {result[1].seconds:.1f} s", flush=True)
    return min(failed, 1)


def measure(course: Path, numbers: Sequence[str], target: Path = MINUTES) -> int:
    """Time every notebook with two threads and keep the rows in data/results."""
    import tomllib

    rows: dict[tuple[str, str], dict[str, Any]] = {}
    if target.exists():
        old = tomllib.loads(target.read_text(encoding="utf-8")).get("notebook", [])
        rows = {(row["name"], row["device"]): row for row in old}
    device = _device()
    for path in sources(course, numbers):
        result = _run(path, course, "fast", 2)
        if result is None:
            return 1
        seconds, peak = result[1].seconds, result[1].peak_mb
        row = {"name": path.stem, "device": device, "seconds": round(seconds, 1)}
        rows[path.stem, device] = row | {"peak_mb": round(peak)}
        print(f"{path.stem}: {seconds:.1f} s, peak {peak:.0f} MB", flush=True)
    _write_rows([rows[key] for key in sorted(rows)], target)
    return 0


def _device() -> str:
    import torch

    return "gpu" if torch.cuda.is_available() else "cpu"


def _write_rows(rows: Sequence[dict[str, Any]], target: Path) -> None:
    head = (
        "# Fast mode, two threads, start of the kernel included; peak_mb is the\n"
        "# kernel's largest resident memory. Written by\n"
        "#   python tools/notebooks.py time\n"
    )
    body = "".join(
        "\n[[notebook]]\n"
        + "".join(
            f'{key} = "{value}"\n' if isinstance(value, str) else f"{key} = {value}\n"
            for key, value in row.items()
        )
        for row in rows
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    partial.write_text(head + body, encoding="utf-8")
    shutil.move(partial, target)


COMMANDS = {"build": build, "check": check, "rehearse": rehearse, "time": measure}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("numbers", nargs="*", metavar="NN", help="all without")
    parser.add_argument("--course", type=Path, default=ROOT / "course")
    parser.add_argument("--to", type=Path, help="time: another file for the rows")
    told = parser.parse_args(arguments)
    course = told.course.resolve()
    if not sources(course, told.numbers):
        print(f"no sources in {course / 'source'}")
        return 0
    if told.command == "time":
        return measure(course, told.numbers, told.to or MINUTES)
    return COMMANDS[told.command](course, told.numbers)


if __name__ == "__main__":
    sys.exit(main())
