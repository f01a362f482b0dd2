# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A student's working copies of the notebooks, which no update ever overwrites.

python tools/work.py open        copy what work/ does not have yet
python tools/work.py fresh 01    a fresh copy of notebook 01 beside the old one
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ".origin.json"  # name in work/ -> sums of the course's versions copied


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(work: Path) -> dict[str, list[str]]:
    """Which versions were copied; empty if the record is missing or damaged."""
    try:
        data = json.loads((work / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {name: sums for name, sums in data.items() if isinstance(sums, list)}


def _write_record(work: Path, record: dict[str, list[str]]) -> None:
    partial = work / f"{RECORD}.part"
    partial.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(partial, work / RECORD)


def _copy_new(source: Path, target: Path) -> bool:
    """Copy, whole or not at all; False if there is something by that name already."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as folder:
        partial = Path(folder) / target.name
        partial.write_bytes(source.read_bytes())
        try:
            os.link(partial, target)  # fails where the name is taken, never replaces
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            if target.exists():
                return False
            os.rename(partial, target)
    return True


def _trust(path: Path) -> None:
    """Sign our own notebook as Jupyter does, so that its sliders move at once."""
    try:
        import nbformat
        from nbformat.sign import NotebookNotary

        NotebookNotary().sign(nbformat.read(path, as_version=4))
    except Exception:  # no Jupyter, or nowhere to write: running a cell does it too
        return


def notebooks(course: Path) -> list[Path]:
    """The course's notebooks, in order."""
    return sorted(course.glob("[0-9][0-9]_*.ipynb"))


def open_copies(course: Path, work: Path) -> int:
    """Copy what is missing; say what is new here and what is newer in the course."""
    work.mkdir(exist_ok=True)
    record = _read_record(work)
    new, newer = [], []
    for source in notebooks(course):
        now, known = _sum(source), record.get(source.name, [])
        target = work / source.name
        if _copy_new(source, target):
            _trust(target)
            new.append(source.name)
            record[source.name] = [*known, now]
        elif now not in known:
            if _sum(target) == now:
                record[source.name] = [*known, now]
            else:
                newer.append(source.name)
    _write_record(work, record)
    for name in new:
        print(f"new in {work.name}/: {name}")
    for name in newer:
        print(
            f"the course has a newer {name}; yours was left alone. For a fresh copy"
            f" beside it: make fresh NB={name[:2]}"
        )
    if not new and not newer:
        print(f"{work.name}/ is up to date")
    return 0


def fresh_copy(course: Path, work: Path, number: str, day: str | None = None) -> int:
    """Put a fresh copy of one notebook beside the student's own."""
    number = number.zfill(2)
    found = [path for path in notebooks(course) if path.name.startswith(f"{number}_")]
    if not found:
        known = ", ".join(path.name[:2] for path in notebooks(course)) or "none yet"
        print(f"there is no notebook {number}; there are: {known}", file=sys.stderr)
        return 1
    source = found[0]
    work.mkdir(exist_ok=True)
    day = day or datetime.date.today().isoformat()
    target = work / f"{source.stem}.fresh-{day}.ipynb"
    count = 1
    while not _copy_new(source, target):
        count += 1
        target = work / f"{source.stem}.fresh-{day}-{count}.ipynb"
    _trust(target)
    record = _read_record(work)
    record[source.name] = [*record.get(source.name, []), _sum(source)]
    _write_record(work, record)
    print(f"fresh copy: {work.name}/{target.name}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--course", type=Path, default=ROOT / "course")
    parser.add_argument("--work", type=Path, default=ROOT / "work")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("open")
    commands.add_parser("fresh").add_argument("number", metavar="NN")
    told = parser.parse_args(arguments)
    if told.command == "open":
        return open_copies(told.course, told.work)
    return fresh_copy(told.course, told.work, told.number)


if __name__ == "__main__":
    sys.exit(main())
