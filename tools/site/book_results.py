# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The pages of numbers: ours beside the published ones, and every measured table.

Nothing here is typed: rows come from data/results, commands and minutes from the notes
on top of those files and from the cards in data/weights.
"""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pandas as pd
from book_html import link, raw, table
from book_tree import ROOT, Book, minutes, title_of

from srlab import evaluation
from srlab.classroom.quizzes import inline

RESULTS = ROOT / "data" / "results"
SHOWN = (
    130  # rows of a measured table that a page shows whole; of longer ones the first
)


def cards() -> dict[str, dict[str, Any]]:
    """Name of weights -> its card of data/weights."""
    files = sorted((ROOT / "data" / "weights").glob("*.toml"))
    return {p.stem: tomllib.loads(p.read_text(encoding="utf-8")) for p in files}


def papers() -> dict[str, dict[str, Any]]:
    """Method -> protocol, source and rows of data/results/published.toml."""
    text = (RESULTS / "published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def note(frame: pd.DataFrame) -> str:
    """Where a table comes from: the note on top of its file, as Markdown."""
    lines = frame.attrs["note"].splitlines()
    return raw(f'<p class="book-links">{"<br>".join(map(inline, lines))}</p>')


def difference(ours: float, theirs: float, digits: int = 2) -> str:
    """'+0.12' dB, empty where one is missing."""
    return "" if ours != ours or theirs != theirs else f"{ours - theirs:+.{digits}f}"


def fixed(value: Any, digits: int) -> str:
    """A number with so many decimals, empty for none."""
    return "" if value is None or value != value else f"{value:.{digits}f}"


def networks() -> str:
    """Our trained networks beside the row of their paper, under its protocol."""
    frame, card = evaluation.results("model_rows"), cards()
    rows = []
    for row in frame[frame["published_psnr"].notna()].itertuples():
        how = card.get(row.name, {})
        rows.append([
            row.name, row.published, row.set_name, row.scale, row.protocol,
            fixed(row.psnr, 2), fixed(row.published_psnr, 2),
            difference(row.psnr, row.published_psnr),
            fixed(row.ssim, 4), fixed(row.published_ssim, 4),
            how.get("parameters", ""), how.get("device", ""), how.get("minutes", ""),
            f"`{how['recipe']}`" if "recipe" in how else "",
        ])  # fmt: skip
    names = [
        "weights",
        "the paper's row",
        "set",
        "scale",
        "protocol",
        "dB",
        "paper, dB",
    ]
    names += [
        "difference",
        "SSIM",
        "paper, SSIM",
        "parameters",
        "trained on",
        "minutes",
    ]
    return note(frame) + raw(
        table([*names, "command"], rows, "Networks beside their papers", "filter")
    )


def bicubic() -> str:
    """Our bicubic rows beside those that most papers print."""
    frame = evaluation.results("bicubic_rows")
    rows = [
        [row.set_name, row.scale, row.protocol, fixed(row.psnr, 3),
         fixed(row.published_psnr, 2), difference(row.psnr, row.published_psnr, 3),
         fixed(row.ssim, 4), fixed(row.published_ssim, 4)]
        for row in frame[frame["published_psnr"].notna()].itertuples()
    ]  # fmt: skip
    names = ["set", "scale", "protocol", "dB", "published, dB", "difference", "SSIM"]
    return note(frame) + raw(table([*names, "published, SSIM"], rows, "Bicubic"))


def degraded() -> str:
    """BI, BD and DN: what was measured beside what papers print."""
    frame = evaluation.results("classical_rows")
    wide = frame.pivot_table(
        index=["degradation", "set_name", "method"], columns="kind", values="psnr"
    ).dropna()
    rows = [
        [*keys, fixed(row.measured, 2), fixed(row.published, 2),
         difference(row.measured, row.published)]
        for keys, row in zip(wide.index, wide.itertuples(), strict=True)
    ]  # fmt: skip
    names = ["degradation", "set", "method", "dB", "published, dB", "difference"]
    return note(frame) + raw(table(names, rows, "Three degradations, x3, protocol B"))


def rates() -> str:
    """BD-rates on Kodak, and published points beside our curves."""
    import bench_codecs

    ours, theirs = evaluation.results("kodak_rd"), evaluation.results("published_rd")
    curves = ours.rename(columns={"codec": "codec"})
    report = bench_codecs.report(curves, int(ours["images"].max()))
    text = note(ours) + raw(
        table(list(report), report.values, "Kodak, BD-rates by PSNR")
    )
    rows = []
    for row in theirs.itertuples():
        curve = ours[ours["codec"] == row.codec].sort_values("bpp")
        inside = len(curve) and curve["bpp"].min() <= row.bpp <= curve["bpp"].max()
        at = (
            np.interp(np.log(row.bpp), np.log(curve["bpp"]), curve["psnr"])
            if (inside)
            else float("nan")
        )
        rows.append([row.codec, fixed(row.bpp, 3), fixed(row.psnr, 2), fixed(at, 2),
                     difference(at, row.psnr), fixed(row.ms_ssim, 4)])  # fmt: skip
    names = ["codec", "bpp", "published, dB", "ours at that rate, dB", "difference"]
    caption = (
        "Published points on Kodak; ours read off the curve over the log of the rate"
    )
    return (
        text
        + note(theirs)
        + raw(table([*names, "published, MS-SSIM"], rows, caption, "filter"))
    )


def whole(name: str, caption: str) -> str:
    """A small measured table, all of it."""
    frame = evaluation.results(name)
    return note(frame) + raw(table(list(frame), frame.values.tolist(), caption))


def sources() -> str:
    """Where each published row was read, and under which protocol it stands."""
    rows = [
        [name, entry["protocol"], len(entry["rows"]), entry["source"]]
        for name, entry in papers().items()
    ]
    names = ["row", "protocol", "numbers", "source"]
    return raw(table(names, rows, "Sources of the published rows"))


def trained() -> str:
    """Every card of data/weights: command, device, minutes."""
    rows = [
        [name, card.get("model", ""), card.get("parameters", ""), card.get("data", ""),
         card.get("device", ""), card.get("minutes", ""),
         f"`{card.get('recipe', '')}`", card.get("note", "")]
        for name, card in cards().items()
    ]  # fmt: skip
    names = ["weights", "network", "parameters", "trained on", "device", "minutes"]
    return raw(table([*names, "command", "note"], rows, "Cards", "filter"))


def running(book: Book) -> str:
    """Seconds and memory of each notebook in fast mode."""
    titles = {path.stem: title_of(path) for path in book.notebooks}
    rows = [
        [link(titles.get(name, name), f"{name}.html") if name in titles else name,
         row["device"], row["seconds"], fixed(row["seconds"] / 60, 1), row["peak_mb"]]
        for name, row in minutes().items()
    ]  # fmt: skip
    names = ["notebook", "device", "seconds", "minutes", "peak memory, MB"]
    return raw(table(names, rows, "Fast mode: `python tools/notebooks.py time`"))


def results_page(book: Book) -> str:
    """results.md: the numbers of papers beside ours."""
    parts = {
        "Networks": networks(),
        "Bicubic": bicubic(),
        "Degraded pictures": degraded(),
        "The table of the SRCNN paper": whole("srcnn_table", "Printed by the paper"),
        "What a network costs": whole("net_costs", "Ours, and the papers' networks"),
        "Rates on Kodak": rates(),
        "Maps": whole("localisation", "Ways to find the whole object"),
        "Two codecs": whole("two_layer_rates", "BD-rates, % (negative is less rate)")
        + whole("two_layer_configurations", "Trained end to end"),
        "Sources": sources(),
        "Trained weights": trained(),
        "The notebooks": running(book),
    }
    head = (
        "# Results\n\nPublished numbers beside those measured here, each under the "
        "protocol of its paper, drawn from `data/results` and the cards in "
        "`data/weights`. A click on a column sorts. All that was measured is in "
        "[the tables](tables.md).\n\n"
    )
    return head + "\n".join(f"## {name}\n\n{text}" for name, text in parts.items())


def tables_page() -> str:
    """tables.md: every file of data/results with its note, long ones by their head."""
    parts = []
    for path in sorted(RESULTS.glob("*.csv")):
        frame = evaluation.results(path.stem)
        rows = frame.head(SHOWN if len(frame) <= SHOWN else 12).values.tolist()
        caption = f"{path.name}: {len(frame)} rows"
        if len(rows) < len(frame):
            caption += f", the first {len(rows)}"
        whole_file = (
            f'<p><a href="_static/results/{path.name}" download>the file</a></p>'
        )
        short = [
            [v if len(str(v)) < 60 else f"{str(v)[:56]} ..." for v in r] for r in rows
        ]
        parts.append(
            f"## {path.stem}\n\n{note(frame)}"
            + raw(table(list(frame), short, caption) + whole_file)
        )
    head = (
        "# All measured tables\n\nWhat full runs measured, with command and device.\n"
    )
    return head + "\n" + "\n".join(parts)
