# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Where the course's files are, and what they hold: exercises, words, claims."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from srlab.paths import course_dir, data_dir

__all__ = [
    "exercises",
    "find_entry",
    "notebook_number",
    "read_claims",
    "read_glossary",
]

VERDICTS = ("confirmed", "refused", "untestable", "later")
CLAIM_KEYS = (
    "id",
    "source",
    "place",
    "says",
    "verdict",
    "notebook",
    "shown_by",
    "note",
)
WORD_KEYS = ("en", "ru", "zh", "letter", "notebook", "meaning")


def notebook_number(nb: int | str) -> str:
    """The two digits of a notebook, from nb: 2, "2", "02" or an exercise id "2.1".

    ValueError for anything else.

    >>> notebook_number("2.1")
    '02'
    """
    found = re.fullmatch(r"(\d{1,2})(\..*)?", str(nb).strip())
    if not found:
        raise ValueError(f"no notebook number in {nb!r}; write 2, '02' or '2.1'")
    return found[1].zfill(2)


def exercises(nb: int | str) -> ModuleType:
    """Load ``course/exercises/NN.py``: its EXERCISES, QUIZ, ASKS (and WRONG).

    nb: the notebook, as for `notebook_number`. Raises FileNotFoundError where it has no
    such file, ImportError where the file is no module.
    """
    number = notebook_number(nb)
    path = course_dir() / "exercises" / f"{number}.py"
    if not path.is_file():
        raise FileNotFoundError(f"notebook {number} has no exercises: {path.name}")
    name = f"_srlab_exercises_{number}"
    stamp = (str(path), path.stat().st_mtime_ns)
    loaded = sys.modules.get(name)
    if loaded is not None and loaded._srlab_stamp == stamp:
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["_srlab_stamp"] = stamp
    sys.modules[name] = module
    return module


def find_entry(kind: str, name: str) -> Any:
    """One entry of EXERCISES or ASKS; ValueError that lists what there is."""
    table = getattr(exercises(name), kind, {})
    if name not in table:
        known = ", ".join(table) or "none"
        what = "exercise" if kind == "EXERCISES" else "question"
        raise ValueError(f"no {what} {name!r} in this notebook; there are: {known}")
    return table[name]


def _read_rows(path: Path, table: str, keys: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a TOML file's array of tables, each with exactly these keys."""
    try:
        with path.open("rb") as stream:
            data: dict[str, Any] = tomllib.load(stream)
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not TOML: {error}") from None
    rows = data.get(table)
    if not isinstance(rows, list):
        raise ValueError(f"{path.name} has no [[{table}]] rows")
    for number, row in enumerate(rows, 1):
        where = f"{path.name}, [[{table}]] number {number}"
        missing = [key for key in keys if key not in row]
        extra = [key for key in row if key not in keys]
        if missing or extra:
            what = "no" if missing else "the unknown key"
            raise ValueError(f"{where} has {what} {(missing or extra)[0]!r}")
        wrong = [key for key in keys if not isinstance(row[key], str)]
        if wrong:
            raise ValueError(f"{where}: {wrong[0]!r} is not text")
    return rows


def _no_doubles(rows: Sequence[dict[str, str]], key: str, path: Path) -> None:
    seen: set[str] = set()
    for row in rows:
        if row[key] in seen:
            raise ValueError(f"{path.name} has {row[key]!r} twice")
        seen.add(row[key])


def read_claims(path: str | os.PathLike | None = None) -> list[dict[str, str]]:
    """All rows of data/claims.toml or of path; ValueError names what is not sound."""
    path = Path(path or data_dir() / "claims.toml")
    rows = _read_rows(path, "claim", CLAIM_KEYS)
    _no_doubles(rows, "id", path)
    for row in rows:
        if row["verdict"] not in VERDICTS:
            raise ValueError(
                f"{path.name}, {row['id']}: the verdict {row['verdict']!r} is none of"
                f" {', '.join(VERDICTS)}"
            )
        if not re.fullmatch(r"\d\d", row["notebook"]):
            raise ValueError(f"{path.name}, {row['id']}: no notebook number")
    return rows


def read_glossary(
    terms: Iterable[str] | None = None, path: str | os.PathLike | None = None
) -> list[dict[str, str]]:
    """The rows of course/glossary.toml for these terms (English word or letter).

    path: of another such file. Raises TypeError for terms that are no list of texts,
    ValueError for one that is unknown.
    """
    path = Path(path or course_dir() / "glossary.toml")
    rows = _read_rows(path, "term", WORD_KEYS)
    _no_doubles(rows, "en", path)
    if terms is None:
        return rows
    if isinstance(terms, str):
        raise TypeError(f"terms is a list of words, got the text {terms!r}")
    words = {row["letter"]: row for row in rows if row["letter"]}
    words |= {row["en"].lower(): row for row in rows}
    found = []
    for term in terms:
        term = str(term)
        row = words.get(term) or words.get(term.lower())
        if row is None:
            near = difflib.get_close_matches(term.lower(), words, n=3)
            also = f"; near it: {', '.join(near)}" if near else ""
            raise ValueError(f"{term!r} is not in {path.name}{also}")
        found.append(row)
    return found
