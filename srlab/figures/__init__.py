# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a notebook shows: pictures with alternative text, curves, tables.

``show``, ``curves``, ``table``, ``compare`` and ``zoom`` return something that the
notebook draws, so each is the last line of its cell. Photographs become JPEG (quality
80, 100 dpi), curves PNG, enlarged pixels the smaller of the two; the alternative text
is also the text/plain.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from srlab.figures import layout, pictures
from srlab.figures.layout import Cell
from srlab.figures.pictures import Crop, Picture, check_alt
from srlab.figures.tables import Table, table
from srlab.figures.viewers import Viewer, compare, zoom
from srlab.images import check_image

__all__ = ["PALETTE", "Picture", "Table", "Viewer", "compare", "curves", "show"]
__all__ += ["plot_rd", "table", "zoom"]

# Okabe and Ito's colours without their yellow, which a projector loses on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX"
_DASHES = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)), ":", (0, (8, 2)), "-")


def show(
    images: Any,
    titles: Sequence[str] | None = None,
    alt: str = "",
    columns: int | None = None,
    height: int | None = None,
    crop: Crop | None = None,
    cmap: str | Sequence[str | None] | None = None,
    limits: tuple[float, float] | None = None,
    photograph: bool = False,
) -> Picture:
    """Show images side by side, pixels kept: the last line of a cell.

    Args:
        images: one image (B, C, H, W) in [0, 1], a list, a dict title -> image, or a
            matplotlib Figure (closed, so that it is drawn once).
        titles: one for each image; alt: required: what is to be seen, in a sentence.
        columns: images in a row; up to five stand in one row by themselves.
        height: pixels of the page for the highest image. Pixels are enlarged to
            squares; only what is too large is reduced, and a note says by how much.
        crop: (top, left, height, width) in pixels of the largest image; smaller ones
            are cut at the same part of the scene.
        cmap: a colour map for one-channel images (grey without it), with a colour bar;
            a list gives one for each image, None: as it is.
        limits: values of its lowest and highest colour; without, the maps' extremes.
        photograph: save a matplotlib Figure that holds photographs as JPEG.

    Raises:
        ValueError, TypeError: no alt, no image, wrong shape, range, titles or crop.
    """
    alt = check_alt(alt)
    if isinstance(images, Figure):
        if any(given is not None for given in (titles, crop, cmap)):
            raise ValueError("titles, crop and cmap go with images, not with a Figure")
        return _of_figure(images, alt, photograph)
    found = pictures.gather(images, titles, maps=cmap is not None)
    colours = _colours([one for _, one in found], cmap)
    cut = pictures.crop_all([one for _, one in found], crop)
    titles = [title for title, _ in found]
    return _of_images(cut, titles, alt, columns, height, colours, limits)


def _of_images(
    images: Sequence[torch.Tensor],
    titles: Sequence[str],
    alt: str,
    columns: int | None,
    height: int | None,
    colours: Sequence[str | None],
    limits: tuple[float, float] | None,
) -> Picture:
    """Lay checked images out and encode them."""
    if height is not None and not 16 <= height <= 2000:
        raise ValueError(f"height is {height}; expected 16 to 2000 pixels")
    columns = _columns(len(images), columns)
    maps = [one for one, colour in zip(images, colours, strict=True) if colour]
    limits = _limits(maps, limits)
    cells = [
        Cell(pictures.to_pil(one, colour, limits), title)
        for one, colour, title in zip(images, colours, titles, strict=True)
    ]
    room = layout.MAX_WIDTH - layout.BAR * bool(maps)
    canvas, drawn, enlarged = layout.strip(cells, columns, height, room)
    if maps:
        bar = next(colour for colour in colours if colour)
        canvas = layout.add_colour_bar(canvas, bar, limits, drawn[0].height)
    if enlarged and not maps:
        return Picture(*pictures.encode_squares(canvas), alt)
    jpeg = pictures.encode(canvas, "image/jpeg", chroma=enlarged)
    return Picture(jpeg, "image/jpeg", alt)


def _columns(count: int, columns: int | None) -> int:
    if columns is None:
        return count if count <= 5 else 3 if count in (6, 9) else 4
    if not isinstance(columns, int) or columns < 1:
        raise ValueError(f"columns is {columns!r}; expected a whole number from 1")
    return min(columns, count)


def _colours(
    images: Sequence[torch.Tensor], cmap: str | Sequence[str | None] | None
) -> list[str | None]:
    """Give the colour map of each image, None for one that is drawn as it is."""
    if cmap is None:
        return [None] * len(images)
    if isinstance(cmap, str):
        cmap = [cmap if one.shape[1] == 1 else None for one in images]
    if len(cmap) != len(images):
        raise ValueError(f"{len(cmap)} colour maps for {len(images)} images")
    if len({name for name in cmap if name}) != 1:
        raise ValueError(
            "one figure has one colour bar: give one cmap, for (B, 1, H, W)"
        )
    for i, (name, one) in enumerate(zip(cmap, images, strict=True), 1):
        if name and name not in matplotlib.colormaps:
            raise ValueError(f"cmap {name!r} is unknown; try 'viridis' or 'magma'")
        if name and one.shape[1] != 1:
            raise ValueError(f"image {i} has {one.shape[1]} channels; a map has one")
        if not name:
            check_image(one, f"image {i}")
    return list(cmap)


def _limits(
    maps: Sequence[torch.Tensor], limits: tuple[float, float] | None
) -> tuple[float, float]:
    if limits is None:
        if not maps:
            return 0.0, 1.0
        return min(m.min().item() for m in maps), max(m.max().item() for m in maps)
    low, high = (float(v) for v in limits)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"limits are {limits!r}; expected (low, high), low < high")
    return low, high


def _of_figure(figure: Figure, alt: str, photograph: bool) -> Picture:
    """Encode a matplotlib figure and close it."""
    from matplotlib import pyplot

    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi=pictures.DPI, bbox_inches="tight", facecolor="white"
    )
    pyplot.close(figure)
    mime = "image/jpeg" if photograph else "image/png"
    return Picture(pictures.encode(Image.open(buffer).convert("RGB"), mime), mime, alt)


def curves(
    lines: Mapping[str, tuple[Iterable[float], Iterable[float]]],
    xlabel: str,
    ylabel: str,
    alt: str = "",
    *,
    title: str = "",
    points: Sequence[str] = (),
    log: str = "",
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    size: tuple[float, float] = (7.0, 4.0),
) -> Picture:
    """Draw curves, told apart by colour, dash and marker; the last line of a cell.

    Args:
        lines: label -> (x, y), two equally long sequences of finite numbers.
        xlabel, ylabel: what the axes show, with the unit: "rate (bit per pixel)".
        alt: required: what the figure shows, in a sentence.
        points: labels drawn as points without a line (samples of a signal).
        log: "x", "y" or "xy" for logarithmic axes; xlim, ylim: their ends.
        size: in inches of 100 pixels. title: above it.

    Raises:
        ValueError: no alt, no lines, lengths that differ, NaN, an unknown label.
    """
    alt = check_alt(alt)
    data = _series(lines)
    if set(points) - set(data) or log not in ("", "x", "y", "xy"):
        raise ValueError(
            f"points is {points!r}, log {log!r}; expected labels of lines, and one of "
            "'', 'x', 'y', 'xy'"
        )
    with matplotlib.rc_context({"font.size": 13, "lines.linewidth": 2.2}):
        figure = Figure(figsize=size)
        axes = figure.subplots()
        _plot(axes, data, points)
        axes.set(**{f"{axis}scale": "log" for axis in log})
        axes.set(xlabel=xlabel, ylabel=ylabel, xlim=xlim, ylim=ylim, title=title)
        return _of_figure(figure, alt, photograph=False)


def _plot(axes: Axes, data: Mapping[str, Any], points: Sequence[str]) -> None:
    for i, (label, (x, y)) in enumerate(data.items()):
        style: dict[str, Any] = {
            "color": PALETTE[i % 7],
            "label": label,
            "markersize": 6,
        }
        if label in points:
            axes.plot(x, y, linestyle="", marker=_MARKERS[i % 7], zorder=3, **style)
        else:
            marker = _MARKERS[i % 7] if len(x) <= 25 else None
            axes.plot(x, y, linestyle=_DASHES[i % 7], marker=marker, **style)
    if all((x == x.round()).all() for x, _ in data.values()):  # no ticks between
        axes.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if len(data) > 1:  # outside, so that it never lies on a curve
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)


def _series(lines: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    if not isinstance(lines, Mapping) or not lines:
        raise ValueError("lines is empty or no dict; expected {label: (x, y), ...}")
    data = {}
    for label, pair in lines.items():
        try:
            pair = [v.detach().cpu() if torch.is_tensor(v) else v for v in pair]
            x, y = (np.asarray(values, dtype=float) for values in pair)
        except (TypeError, ValueError):
            raise ValueError(f"{label!r} is not a pair (x, y) of numbers") from None
        if x.ndim != 1 or x.shape != y.shape or not x.size:
            raise ValueError(
                f"{label!r}: x has the shape {x.shape}, y {y.shape}; expected two "
                "sequences of the same length"
            )
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ValueError(f"{label!r} holds NaN or infinite values")
        data[str(label)] = (x, y)
    return data


def __getattr__(name: str) -> Any:
    """`plot_rd` draws with what stands above, and is imported when it is first used."""
    if name == "plot_rd":
        from srlab.figures.rates import plot_rd

        return plot_rd
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
