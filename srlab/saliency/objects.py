# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What is where on a photograph: boxes and outlines that were drawn by hand.

data/objects.toml has those of the shipped photographs, data/rois.toml one region of
interest for each, data/imagenette_boxes.toml boxes for validation photographs of
Imagenette (the photographs themselves are not shipped). A file of one's own in the same
form serves one's own photographs.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from srlab import paths

__all__ = [
    "Thing",
    "boxes_mask",
    "imagenette_boxes",
    "mask",
    "names",
    "objects",
    "region",
    "regions",
]

Point = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """An object on a photograph; x to the right, y down, from the top left corner."""

    label: str
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels
    polygon: tuple[Point, ...] = ()  # its outline; empty where only a box was drawn


def names(file: str | Path | None = None) -> list[str]:
    """The photographs that objects are known of."""
    return list(_read(file))


def objects(name: str, file: str | Path | None = None) -> list[Thing]:
    """What was drawn on a photograph, the first being its main object.

    Args:
        name: of a shipped photograph, or the key in your own file.
        file: a TOML file like data/objects.toml; by default that one.

    Raises:
        KeyError: nothing was drawn on that photograph.
        FileNotFoundError, ValueError: no such file, or not in that form.
    """
    return list(_entry(name, file)[1])


def mask(
    name: str,
    label: str | None = None,
    kind: str = "polygon",
    file: str | Path | None = None,
) -> torch.Tensor:
    """(1, 1, H, W): 1 on the objects, 0 elsewhere.

    Args:
        label: which objects; by default those of the first one's label.
        kind: "polygon" for outlines (a box where none was drawn), or "box".

    Raises:
        KeyError: no such photograph, or no object of that label on it.
        ValueError: a kind that does not exist; a file as in `objects`.
    """
    if kind not in ("polygon", "box"):
        raise ValueError(f"kind is {kind!r}; expected polygon or box")
    (width, height), things = _entry(name, file)
    label = label or things[0].label
    chosen = [thing for thing in things if thing.label == label]
    if not chosen:
        there = ", ".join(sorted({thing.label for thing in things}))
        raise KeyError(f"no {label!r} was drawn on {name!r}; there is {there}")
    outlines = [
        t.polygon if kind == "polygon" and t.polygon else _corners(t.box)
        for t in chosen
    ]
    return filled(outlines, height, width)


def regions() -> list[str]:
    """The photographs that have a region of interest in data/rois.toml."""
    return names(paths.data_dir() / "rois.toml")


def region(name: str) -> torch.Tensor:
    """What a viewer might look at on a shipped photograph: (1, 1, H, W) of 0 and 1.

    One region each, drawn by hand, of 10 to 25 % of the picture's blocks.

    Raises:
        KeyError: none was drawn on that photograph; `regions` lists them.
    """
    return mask(name, file=paths.data_dir() / "rois.toml")


def filled(outlines: list[tuple[Point, ...]], height: int, width: int) -> torch.Tensor:
    """(1, 1, height, width): 1 inside any of the outlines, their borders included."""
    canvas = Image.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    for outline in outlines:
        draw.polygon([tuple(p) for p in outline], fill=1, outline=1)
    return torch.from_numpy(np.array(canvas, dtype=np.float32))[None, None]


@lru_cache(maxsize=1)
def imagenette_boxes() -> dict[str, tuple[tuple[float, ...], ...]]:
    """Key "class/file" of Imagenette's validation part -> boxes of its class.

    Those photographs have 224 x 224 pixels; `boxes_mask` makes masks of the boxes.
    """
    path = paths.data_dir() / "imagenette_boxes.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: tuple(tuple(b) for b in boxes) for key, boxes in found.items()}


def boxes_mask(boxes: Any, height: int, width: int) -> torch.Tensor:
    """(1, 1, height, width): 1 in any of the boxes (x0, y0, x1, y1), 0 elsewhere."""
    return filled([_corners(box) for box in boxes], height, width)


def _corners(box: tuple[float, ...]) -> tuple[Point, ...]:
    """A box's corners; pixels x0 to x1 - 1 are inside, as in slices."""
    x0, y0, x1, y1 = box
    return (x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)


def _entry(name: str, file: str | Path | None) -> Any:
    known = _read(file)
    if name not in known:
        raise KeyError(f"nothing was drawn on {name!r}; there is {', '.join(known)}")
    return known[name]


def _read(file: str | Path | None) -> dict:
    path = Path(file) if file else paths.data_dir() / "objects.toml"
    return _parsed(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _parsed(file: str, _changed: int) -> dict:
    """name -> ((width, height), things); ValueError that names what does not fit."""
    try:
        rows = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is no TOML file: {error}") from None
    found = {}
    for name, row in rows.items():
        try:
            width, height = (int(n) for n in row["size"])
            things = tuple(_thing(t) for t in row["things"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{file}, [{name}]: expected size = [width, height] and things = "
                f"[{{label, box or polygon}}], found otherwise ({error})"
            ) from None
        if not things:
            raise ValueError(f"{file}, [{name}]: no things")
        found[name] = ((width, height), things)
    return found


def _thing(row: dict) -> Thing:
    polygon = tuple((float(x), float(y)) for x, y in row.get("polygon", ()))
    if "box" in row:
        x0, y0, x1, y1 = (float(v) for v in row["box"])
    else:
        xs, ys = zip(*polygon, strict=True)
        x0, y0, x1, y1 = min(xs), min(ys), max(xs) + 1, max(ys) + 1
    if not (x0 < x1 and y0 < y1) or 0 < len(polygon) < 3:
        raise ValueError("a box needs x0 < x1 and y0 < y1, an outline three points")
    return Thing(str(row["label"]), (x0, y0, x1, y1), polygon)
