# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The registry of sets: data/datasets.toml, one row a set, looked up by any name."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from srlab import paths

__all__ = ["Entry", "UnknownDataset", "entry", "names", "registry"]


class UnknownDataset(ValueError):
    """A name that is not in data/datasets.toml; the message has the near ones."""


@dataclass(frozen=True)
class Entry:
    """One row of data/datasets.toml."""

    name: str
    title: str
    use: str  # what the course does with it
    licence: str  # the licence or the terms, as far as its publisher states them
    citation: str = ""
    aliases: tuple[str, ...] = ()  # other names
    folders: tuple[str, ...] = ()  # other folders that hold it
    images: int = 0  # how many there are; 0: not known
    digest: str = ""  # `digest` of the pixels; empty: not known
    url: str = ""  # an archive, or with `files` the folder that they are in
    files: dict[str, str] = field(default_factory=dict)  # file -> its sum
    bytes: int = 0  # size of the download; 0: not known
    sum: str = ""  # "sha256:..." or "md5:...", as published
    members: str = "*"  # which files of the archive
    part_of: str = ""  # comes with this other set
    by_hand: str = ""  # what to do where there is no URL, or no sum for it

    @property
    def fetchable(self) -> bool:
        """Has an address and a sum, or is part of a set that has."""
        return bool(self.part_of or (self.url and (self.sum or self.files)))


def names() -> list[str]:
    """The names of all registered sets, in the registry's order."""
    return list(registry())


def registry() -> dict[str, Entry]:
    """data/datasets.toml as name -> `Entry`; FileNotFoundError without data/."""
    file = paths.data_dir() / "datasets.toml"
    return _load(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(file: Path, _changed: int) -> dict[str, Entry]:
    rows = tomllib.loads(file.read_text(encoding="utf-8"))
    lists = ("aliases", "folders")
    found = {}
    for name, row in rows.items():
        made: dict[str, Any] = {
            k: tuple(v) if k in lists else v for k, v in row.items()
        }
        found[name] = Entry(name=name, **made)
    return found


def entry(name: str) -> Entry:
    """The row of a set by its name or alias; case, spaces, - and _ do not matter.

    Raises UnknownDataset with the nearest names, TypeError for what is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"a set has a name such as 'Set5', not {name!r:.60}")
    rows = registry()
    known = {_key(n): row for row in rows.values() for n in row.aliases}
    known |= {_key(n): row for n, row in rows.items()}
    if _key(name) in known:
        return known[_key(name)]
    near = get_close_matches(_key(name), known, n=3, cutoff=0.6)
    near = list(dict.fromkeys(known[key].name for key in near))
    hint = f"did you mean {' or '.join(near)}?" if near else "see the list:"
    raise UnknownDataset(
        f"no set is called {name!r}; {hint} `python -m srlab fetch --list` shows all"
    )


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
