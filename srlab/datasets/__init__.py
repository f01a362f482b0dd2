# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Sets of images: where they are, and whether they are the right ones.

`data/datasets.toml` is the registry (see `catalogue`). A set is looked for in the
folders that ``SRLAB_DATA`` names, then in the cache that ``python -m srlab fetch NAME``
fills. Copies of one set differ in file format and compression, so a set is recognised
by its pixels: see `digest`.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from srlab import paths
from srlab.datasets.catalogue import Entry, UnknownDataset, entry, names, registry

if TYPE_CHECKING:
    import torch

__all__ = [
    "BenchmarkSet",
    "Check",
    "DatasetWarning",
    "Entry",
    "UnknownDataset",
    "benchmark_set",
    "digest",
    "dihedral",
    "entry",
    "fetch",
    "find",
    "image_paths",
    "names",
    "patch_pairs",
    "patches",
    "registry",
    "verify",
]

IMAGE_SUFFIXES = (
    *(".png", ".bmp", ".jpg", ".jpeg", ".jfif"),
    *(".tif", ".tiff", ".webp", ".ppm", ".pgm"),
)


class DatasetWarning(UserWarning):
    """A set is there, but its pixels are not those that the course measured."""


def image_paths(folder: Path) -> list[Path]:
    """All pictures in a folder and those below it, sorted; hidden ones are left out."""
    folder = Path(folder)
    found = [p for p in folder.rglob("*") if is_picture(p.relative_to(folder))]
    return sorted(p for p in found if p.is_file())


def is_picture(path: PurePath) -> bool:
    """By its name: a picture's ending, and neither it nor a folder above is hidden."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in IMAGE_SUFFIXES and not hidden


def find(name: str) -> Path | None:
    """The folder of a set: SRLAB_DATA's folders first, then the cache; None if nowhere.

    A folder is known by the set's name, its aliases and its folder names in any case.
    Of several, the first with the right number of images is taken. Raises
    UnknownDataset.
    """
    row = entry(name)
    first = None
    for folder in _candidates(row):
        count = len(image_paths(folder))
        if count and (not row.images or count == row.images):
            return folder
        first = first or (folder if count else None)
    return first


def _candidates(row: Entry) -> Iterator[Path]:
    seen = set()
    for base in (*paths.local_dirs(), paths.cache_dir()):
        for name in (row.name, *row.aliases, *row.folders):
            folder = _descend(base, name)
            if folder and folder not in seen:
                seen.add(folder)
                yield folder


def _descend(base: Path, name: str) -> Path | None:
    """base/name in any case; the HR/ of it where the set is kept beside its LR."""
    folder = base
    for part in name.split("/"):
        if not folder.is_dir():
            return None
        same = [p for p in folder.iterdir() if p.name.casefold() == part.casefold()]
        if not same:
            return None
        exact = [p for p in same if p.name == part]
        folder = (exact or sorted(same))[0]
    high = folder / "HR"
    return high if high.is_dir() else folder if folder.is_dir() else None


def digest(files: Iterable[Path]) -> str:
    """What a set's pixels are, whatever the files are called and packed in.

    sha256 over the sorted sha256 of the images, one a line; that of an image is over
    H, W, C (32-bit little-endian) and its H x W x C bytes, grey pictures with C = 1.

    Raises ValueError for a damaged picture, with its name.
    """
    sums = sorted(_pixel_sum(Path(file)) for file in files)
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def _pixel_sum(file: Path) -> str:
    from srlab import images

    image = images.to_uint8(images.read(file, keep_grey=True))[0]  # (C, H, W)
    channels, height, width = image.shape
    data = image.permute(1, 2, 0).contiguous().numpy().tobytes()
    header = struct.pack("<III", height, width, channels)
    return hashlib.sha256(header + data).hexdigest()


@dataclass(frozen=True)
class Check:
    """What `verify` found.

    `state` is "ok", "missing" (no folder), "incomplete" (another number of images),
    "differs" (other pixels), "damaged" (a picture that cannot be read) or "unknown"
    (found and complete, pixels not compared: no digest is known).
    """

    name: str
    path: Path | None
    state: str
    text: str

    @property
    def ok(self) -> bool:
        return self.state == "ok"


def verify(name: str, folder: Path | None = None, pixels: bool = True) -> Check:
    """Compare a set with the registry: the number of its images, then their pixels.

    Args:
        name: the set.
        folder: where to look; else where `find` finds it.
        pixels: False only counts, which is quick.

    Raises UnknownDataset.
    """
    row = entry(name)
    folder = folder or find(name)
    if folder is None:
        return Check(row.name, None, "missing", _missing(row))
    files = image_paths(folder)
    here = f"{row.name} in {folder}"
    if row.images and len(files) != row.images:
        text = f"{here}: {_count(files)} instead of {row.images}"
        return Check(row.name, folder, "incomplete", text)
    if not (pixels and row.digest):
        text = f"{here}: {_count(files)}, pixels not compared"
        return Check(row.name, folder, "unknown", text)
    try:
        same = _digest_of(tuple((f, f.stat().st_mtime_ns) for f in files)) == row.digest
    except ValueError as error:
        return Check(row.name, folder, "damaged", f"{here}: {error}")
    if same:
        text = f"{here}: {_count(files)}, pixels as expected"
        return Check(row.name, folder, "ok", text)
    text = f"{here}: {_count(files)}, but pixels differ from those measured here"
    return Check(row.name, folder, "differs", text)


@lru_cache(maxsize=32)
def _digest_of(stamped: tuple[tuple[Path, int], ...]) -> str:
    return digest(file for file, _ in stamped)


def _count(files: list[Path]) -> str:
    return f"{len(files)} image{'s' * (len(files) != 1)}"


def _missing(row: Entry) -> str:
    local = f"set SRLAB_DATA to a folder that holds {row.name}/"
    if not row.fetchable:
        return f"{row.name} is not here. {row.by_hand} Then {local}."
    return f"{row.name} is not here: `python -m srlab fetch {row.name}`, or {local}."


@dataclass(frozen=True)
class BenchmarkSet:
    """A set in its folder; iterating reads one image at a time.

    Yields (name, image): image is (1, 3, H, W) float32 in [0, 1], or (1, 1, H, W) where
    the file is grey. ``len()`` is the number of images.
    """

    name: str
    paths: tuple[Path, ...]
    names: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[str, torch.Tensor]]:
        from srlab import images

        for name, path in zip(self.names, self.paths, strict=True):
            yield name, images.read(path, keep_grey=True)

    def __len__(self) -> int:
        return len(self.paths)


def benchmark_set(name: str) -> BenchmarkSet:
    """A set by name, checked against the registry, ready to be measured.

    Raises:
        UnknownDataset: no such name.
        FileNotFoundError: not here; the message says how to get it.
        ValueError: images are missing, too many or damaged.

    Warns DatasetWarning when the pixels are others than the registry's.
    """
    found = verify(name)
    if found.path is None:
        raise FileNotFoundError(found.text)
    if found.state in ("incomplete", "damaged"):
        raise ValueError(f"{found.text}. Mend or remove that folder; {_again(found)}")
    if found.state == "differs":
        note = f"{found.text}; numbers will not match the tables"
        warnings.warn(note, DatasetWarning, stacklevel=2)
    files = image_paths(found.path)
    short = (file.relative_to(found.path).with_suffix("") for file in files)
    return BenchmarkSet(found.name, tuple(files), tuple(p.as_posix() for p in short))


def _again(found: Check) -> str:
    row = entry(found.name)
    if row.fetchable:
        return f"`python -m srlab fetch {row.name}` fetches it again."
    return row.by_hand or "then try again."


def fetch(name: str, progress: bool = True) -> Path:
    """Download a set into the cache, check it, unpack it; the folder that holds it.

    A set that is here already is not fetched again; a broken download is resumed.
    progress: show a bar.

    Raises:
        UnknownDataset: no such name.
        srlab.datasets.fetching.FetchError: one line, with what to do.
    """
    from srlab.datasets import fetching

    return fetching.fetch(name, progress)


def __getattr__(name: str) -> Any:
    """What lives in `patching`: it needs torch, so it is imported when used."""
    if name in ("dihedral", "patch_pairs", "patches"):
        from srlab.datasets import patching

        return getattr(patching, name)
    raise AttributeError(f"module 'srlab.datasets' has no attribute {name!r}")
