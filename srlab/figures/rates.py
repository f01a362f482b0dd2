# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``plot_rd``: rate-distortion curves, measured ones beside published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from srlab.figures import _DASHES, _MARKERS, PALETTE, _of_figure
from srlab.figures.pictures import Picture, check_alt

if TYPE_CHECKING:
    import pandas

__all__ = ["plot_rd"]

_WORDS = {
    "psnr": "PSNR of RGB (dB)", "ms_ssim": "MS-SSIM of RGB", "ssim": "SSIM of RGB",
    "vifp": "VIFp", "psnr_hvs_m": "PSNR-HVS-M (dB)",
}  # fmt: skip


def plot_rd(
    ours: pandas.DataFrame,
    beside: Sequence[str] = (),
    quality: str = "psnr",
    alt: str = "",
    *,
    only: Sequence[str] = (),
    xlim: tuple[float, float] = (0.0, 1.5),
    ylim: tuple[float, float] | None = None,
    title: str = "",
    size: tuple[float, float] = (7.5, 4.5),
) -> Picture:
    """Quality over bits per pixel: solid with marks what was measured here, dashed
    what CompressAI's authors published for Kodak.

    Args:
        ours: a table of `rate_distortion` or `mean_curves`, or `results("kodak_rd")`.
        beside: published curves: "JPEG", "BPG", "mbt2018-mean" ...; one that is also
            measured gets the same colour.
        quality: the column. alt: required, what the figure shows.
        only: of ours, these alone, in this order.
        xlim: of the rate, in bits per pixel; ylim: found without it.
        title: above it. size: in inches of 100 pixels.

    Raises:
        ValueError: no alt, an unknown curve or column.
    """
    from srlab.evaluation import mean_curves, results

    alt = check_alt(alt)
    table = mean_curves(ours) if "image" in ours.columns else ours
    published = results("published_rd").dropna(subset=[quality]) if beside else None
    mine = _curves(table, quality, only or list(table["codec"].unique()))
    theirs = _curves(published, quality, beside) if beside else {}
    colours = {name: PALETTE[k % 7] for k, name in enumerate({**mine, **theirs})}
    with matplotlib.rc_context({"font.size": 13, "lines.linewidth": 2.2}):
        figure = Figure(figsize=size)
        axes = figure.subplots()
        seen = []
        for k, (name, (x, y)) in enumerate(mine.items()):
            axes.plot(
                x, y, color=colours[name], marker=_MARKERS[k % 7], markersize=6,
                label=name,
            )  # fmt: skip
            seen += [q for r, q in zip(x, y, strict=True) if xlim[0] <= r <= xlim[1]]
        for k, (name, (x, y)) in enumerate(theirs.items()):
            axes.plot(
                x, y, color=colours[name], linestyle=_DASHES[1 + k % 5], linewidth=1.5,
                label=f"{name}, published",
            )  # fmt: skip
            seen += [q for r, q in zip(x, y, strict=True) if xlim[0] <= r <= xlim[1]]
        if ylim is None and seen:
            room = 0.05 * (max(seen) - min(seen) or 1)
            ylim = (min(seen) - room, max(seen) + room)
        axes.set(xlabel="rate (bit per pixel)", ylabel=_WORDS.get(quality, quality))
        axes.set(xlim=xlim, ylim=ylim, title=title)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
        return _of_figure(figure, alt, photograph=False)


def _curves(table: Any, quality: str, names: Sequence[str]) -> Mapping[str, tuple]:
    """name -> (rates, qualities), rising in rate."""
    if quality not in table.columns:
        known = ", ".join(c for c in table.columns if c in _WORDS)
        raise ValueError(f"no column {quality!r}; there are {known}")
    found = {}
    for name in names:
        rows = table[table["codec"] == name].sort_values("bpp")
        if rows.empty:
            known = ", ".join(table["codec"].unique())
            raise ValueError(f"no curve {name!r}; there are {known}")
        found[name] = (rows["bpp"].tolist(), rows[quality].tolist())
    return found
