# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A student's answers, kept in a JSON file: quiz letters and code of exercises.

A launched copy on Binder forgets everything after ten idle minutes; this file does
not. Reading it never runs anything: code is put into a new cell, to be looked at.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srlab.paths import write_whole

__all__ = ["SESSION", "Session", "restore", "save"]

VERSION = 1
LIMIT = 2_000_000  # bytes; a file of answers has a few thousand


@dataclass
class Session:
    """What a student did since the kernel started."""

    hints: dict[str, int] = field(default_factory=dict)  # exercise -> last grade
    quizzes: dict[str, str] = field(default_factory=dict)  # notebook -> letters
    sources: dict[str, str] = field(default_factory=dict)  # exercise -> student's code


SESSION = Session()


class _NotAnswers(ValueError):
    """The file is there and is not a file of answers; the text says why."""


def _texts(data: dict, key: str, name: str) -> dict[str, str]:
    """One table of the file: names of a known form to text."""
    table = data.get(key)
    if not isinstance(table, dict):
        raise _NotAnswers(f"it has no {key}")
    for one, text in table.items():
        if not re.fullmatch(name, one) or not isinstance(text, str):
            raise _NotAnswers(f"its {key} are damaged at {one[:20]!r}")
        if not text.isprintable() and not _encodes(text):
            raise _NotAnswers(f"its {key} hold no text at {one!r}")
    return table


def _encodes(text: str) -> bool:
    """False for half a surrogate pair, which JSON can hold and no file can."""
    return text.encode("utf-8", "ignore").decode() == text


def _path(path: str | os.PathLike) -> Path:
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise TypeError(f"expected the path of a file, not {path!r:.60}")
    return Path(path).expanduser()


def _read(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """(quizzes, exercises) of a file; _NotAnswers in one line if it is no such file."""
    try:
        if not path.is_file():
            raise _NotAnswers("it is not a file")
        if path.stat().st_size > LIMIT:
            raise _NotAnswers("it is far too large")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _NotAnswers(error.strerror or "it cannot be read") from None
    except (ValueError, RecursionError):  # bytes that are no text, a number too long
        raise _NotAnswers("it is not JSON, or cut short") from None
    if not isinstance(data, dict) or data.get("srlab_answers") != VERSION:
        raise _NotAnswers(f"it is not a file of answers of version {VERSION}")
    quizzes = _texts(data, "quizzes", r"\d\d")
    return quizzes, _texts(data, "exercises", r"\d{1,2}\.\w{1,20}")


def _free_name(path: Path) -> Path:
    number = 2
    while (other := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
        number += 1
    return other


def save(path: str | os.PathLike) -> str:
    """Write this session's answers into the file, beside those that it has already.

    A file that cannot be read is left alone, and another name is taken.
    """
    path = _path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {str(path.parent)!r}; make it first")
    quizzes: dict[str, Any] = {}
    sources: dict[str, str] = {}
    note = ""
    if path.exists():
        try:
            quizzes, sources = _read(path)
        except _NotAnswers as error:
            other = _free_name(path)
            note = f" {path.name} was left as it is: {error}."
            path = other
    quizzes, sources = quizzes | SESSION.quizzes, sources | SESSION.sources
    data = {"srlab_answers": VERSION, "quizzes": quizzes, "exercises": sources}
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    write_whole(path, (text + "\n").encode())
    count = f"quizzes: {len(quizzes)}, exercises: {len(sources)}"
    return f"Answers kept in {path.name} ({count}).{note}"


def _new_cell(source: str) -> bool:
    """Put code into a new cell below; False where there is no notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return False
    shell.set_next_input(source, replace=False)
    return True


def restore(path: str | os.PathLike) -> str:
    """Read answers back; code is shown or put into a new cell, never run."""
    path = _path(path)
    try:
        quizzes, sources = _read(path)
    except _NotAnswers as error:
        return f"Nothing restored from {path.name}: {error}. The file was not touched."
    SESSION.quizzes.update(quizzes)
    SESSION.sources.update(sources)
    lines = [f"Answers from {path.name}:"]
    for nb, letters in sorted(quizzes.items()):
        call = f'srlab.quiz({int(nb)}, answers="{letters}")'
        lines.append(f"Quiz {nb}: {letters}. To score it: {call}")
    parts = [
        f"# Exercise {name}, from {path.name}: look at it, then run it\n{code.rstrip()}"
        for name, code in sorted(sources.items())
    ]
    if parts:
        source = "\n\n\n".join(parts) + "\n"
        if _new_cell(source):
            lines.append(f"Exercises with code in the new cell below: {len(parts)}.")
        else:
            lines += ["Code of the exercises:", source]
    if not quizzes and not sources:
        lines.append("it holds no answers yet.")
    return "\n".join(lines)
