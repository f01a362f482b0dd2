# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A CSV file that grows by a row as each is measured, so that a stopped run goes on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from srlab.paths import write_whole

__all__ = ["append", "known"]


def known(path: str | Path | None, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that an earlier run left; a last one that was cut off is dropped.

    None at all without a file. ValueError for a file with other columns.
    """
    import pandas as pd

    if path is None or not Path(path).is_file():
        return []
    text = Path(path).read_text(encoding="utf-8")
    kept = text[: text.rfind("\n") + 1]
    if kept != text:
        write_whole(Path(path), kept.encode())
    if not kept:
        return []
    frame = pd.read_csv(io.StringIO(kept), comment="#")
    if list(frame.columns) != list(columns):
        raise ValueError(
            f"{path} holds {', '.join(frame.columns)}, not {', '.join(columns)}: take "
            "another file, or remove that one to begin afresh"
        )
    return frame.to_dict("records")


def append(
    path: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Add rows to a CSV file; one that is not there begins with its columns.

    Args:
        path: of the file; its folder is made.
        rows: mappings column -> value. columns: their names, in order.
    """
    path = Path(path)
    fresh = not path.is_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerows(rows)
