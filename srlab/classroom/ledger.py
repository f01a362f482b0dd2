# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""All claims of the five sources on one card: counts first, rows to unfold."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence

from srlab.classroom.coursework import VERDICTS, read_claims
from srlab.classroom.quizzes import Card, inline

__all__ = ["SOURCES", "count_claims", "ledger"]

SOURCES = {
    "000": "report on two codecs",
    "001": "post on side information",
    "002": "thesis on maps and compression",
    "003": "lecture on enhancement",
    "004": "post on the ESRGAN family",
}
# A scrolling box of its own, so that a slide stays a slide; without styles (a page that
# strips them) it is a long table and still reads.
_STYLE = """<style>
.srlab-ledger div{max-height:380px;overflow:auto}
.srlab-ledger table{font-size:.8em}
.srlab-ledger td,.srlab-ledger th{text-align:left!important;vertical-align:top}
.srlab-ledger summary{cursor:pointer}
</style>"""


def count_claims(path: str | os.PathLike | None = None) -> dict[str, dict[str, int]]:
    """Source -> verdict -> how many rows of data/claims.toml, all verdicts named.

    path: of another such file.
    """
    counts = {source: dict.fromkeys(VERDICTS, 0) for source in SOURCES}
    for row in read_claims(path):
        counts.setdefault(row["source"], dict.fromkeys(VERDICTS, 0))
        counts[row["source"]][row["verdict"]] += 1
    return counts


def ledger(path: str | os.PathLike | None = None) -> Card:
    """Every claim with its verdict, notebook and test, folded by source.

    Args:
        path: of a claims.toml; the course's without.

    Returns:
        A card whose text is the counts, since its rows are those of the file.
    """
    rows = read_claims(path)
    lines, parts = [], []
    for source, counts in count_claims(path).items():
        said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
        title = f"{source} {SOURCES.get(source, '')}".strip()
        lines.append(f"{title}: {said}")
        own = [row for row in rows if row["source"] == source]
        summary = f"<summary><b>{html.escape(title)}</b>: {said}</summary>"
        parts.append(f"<details>{summary}<div>{_table(own)}</div></details>")
    body = "\n".join(parts)
    return Card("\n".join(lines), f'{_STYLE}<div class="srlab-ledger">{body}</div>')


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    head = "<th>claim<th>verdict<th>notebook<th>shown by"
    body = "\n".join(
        f"<tr><td>{inline(row['says'])}<td>{row['verdict']}<td>{row['notebook']}"
        f"<td>{inline(row['shown_by'])}"
        for row in sorted(rows, key=lambda row: VERDICTS.index(row["verdict"]))
    )
    return f"<table><thead><tr>{head}</thead><tbody>{body}</tbody></table>"
