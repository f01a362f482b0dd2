# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``table``: small tables of numbers that read the same on every machine."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import torch

__all__ = ["Table", "table"]

# Once a table, not once a cell: a third of the bytes. Where a page strips it, the first
# column still stands left by itself, and the others stand as pages put numbers: right
# in JupyterLab and on GitHub.
STYLE = """<style>
.srlab-table tr>*{padding:.2em .6em!important}
.srlab-table tr>*+*{text-align:right!important}
</style>"""


class Table:
    """A small table of numbers: HTML for the page, aligned text for everything else."""

    def __init__(self, caption: str, head: list[str], rows: list[list[str]], best: set):
        self.caption, self.head, self.rows, self.best = caption, head, rows, best

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        head = "".join(
            _cell("th", text, c, ' scope="col"') for c, text in enumerate(self.head)
        )
        body = []
        for r, row in enumerate(self.rows):
            cells = []
            for c, text in enumerate(row):
                inner = (
                    f"<strong>{escape(text)}</strong>" if (r, c) in self.best else None
                )
                scope = ' scope="row"' if c == 0 else ""
                cells.append(_cell("th" if c == 0 else "td", text, c, scope, inner))
            body.append(f"<tr>{''.join(cells)}</tr>")
        caption = (
            '<caption style="caption-side:top;text-align:left;font-weight:bold;'
            f'padding:.3em 0">{escape(self.caption)}</caption>'
        )
        return (
            f'{STYLE}<table class="srlab-table">{caption}'
            f"<thead><tr>{head}</tr></thead>\n"
            f"<tbody>\n{chr(10).join(body)}\n</tbody></table>"
        )

    def __repr__(self) -> str:
        marked = [
            [text + ("*" if (r, c) in self.best else "") for c, text in enumerate(row)]
            for r, row in enumerate(self.rows)
        ]
        widths = [
            max(map(len, column)) for column in zip(self.head, *marked, strict=True)
        ]
        lines = [self.caption] + [
            "  ".join(
                text.rjust(width) if c else text.ljust(width)
                for c, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in [self.head, *marked]
        ]
        return "\n".join(lines + (["* the best of its column"] if self.best else []))


def _cell(
    tag: str, text: str, column: int, scope: str, inner: str | None = None
) -> str:
    style = "" if column else ' style="text-align:left"'
    return f"<{tag}{scope}{style}>{inner or escape(text)}</{tag}>"


def table(
    frame: Any,
    caption: str,
    units: Mapping[str, str] | None = None,
    digits: int | Mapping[str, int] = 2,
    best: Mapping[str, str] | None = None,
) -> Table:
    """Show a pandas frame with a caption and units; the last line of a cell.

    Args:
        frame: a DataFrame, or what pandas makes one of (a list of dicts). An index with
            a meaning (not 0, 1, 2 ...) becomes the first column.
        caption: one line above the table.
        units: column -> unit, written behind the column's name.
        digits: decimals of floating-point numbers, for all or column by column.
        best: column -> "max" or "min": the best value is bold (and starred in text).

    Raises:
        ValueError: an empty frame or caption, a column that is not there.
    """
    frame = _flat(frame)
    units, best = dict(units or {}), dict(best or {})
    places = dict(digits) if isinstance(digits, Mapping) else {}
    usual = 2 if isinstance(digits, Mapping) else digits
    if frame.empty or not caption:
        raise ValueError("a table needs at least one row, one column and a caption")
    strange = sorted({*units, *best, *places} - set(frame.columns))
    if strange:
        raise ValueError(f"no column {strange}; the columns are {list(frame.columns)}")
    head = [f"{c} ({units[c]})" if c in units else c for c in frame]
    texts = [
        [_format(value, places.get(c, usual)) for value in frame[c]] for c in frame
    ]
    marked = {
        (row, list(frame).index(name))
        for name, way in best.items()
        for row in _best_rows(frame[name], way)
    }
    return Table(caption, head, [list(row) for row in zip(*texts, strict=True)], marked)


def _flat(frame: Any) -> pd.DataFrame:
    """Make a frame with text column names and no index that means something."""
    try:
        frame = pd.DataFrame(frame)
    except (ValueError, TypeError) as error:
        kind = type(frame).__name__
        raise ValueError(f"no table can be made of a {kind}: {error}") from None
    if not isinstance(frame.index, pd.RangeIndex):
        names = frame.index.names
        frame = frame.reset_index(names=names if any(names) else "")
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _format(value: Any, digits: int) -> str:
    if isinstance(value, torch.Tensor | np.generic):
        value = value.item()
    if not isinstance(value, float):
        return "–" if value is None or value is pd.NA else str(value)
    if np.isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def _best_rows(column: pd.Series, way: str) -> list[int]:
    if way not in ("max", "min"):
        raise ValueError(f"best is {way!r}; expected 'max' or 'min'")
    values = pd.to_numeric(column, errors="coerce")
    top = values.max() if way == "max" else values.min()
    return [i for i, value in enumerate(values) if value == top]
