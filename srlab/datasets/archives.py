# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Unpack the pictures of a zip or tar archive, and nothing else of it."""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from srlab.datasets import is_picture

__all__ = ["BrokenArchive", "unpack"]

_BROKEN = (  # what Python's archive readers raise; a password is a RuntimeError
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,
)


class BrokenArchive(ValueError):
    """An archive that cannot, or must not, be unpacked; the message is one line."""


def unpack(archive: Path, folder: Path, members: str = "*") -> list[Path]:
    """Copy the pictures of a zip or tar archive into a fresh folder.

    Args:
        members: a pattern of names in the archive, as "Set5/*.png". The folders that
            all of them share are left off. Links and other files are left out.

    Raises:
        BrokenArchive: no archive, a broken one, one without such pictures, or one with
            a name that points outside the folder. Nothing is left then.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with _open(archive) as box:
            chosen = _choose(box, members, archive.name)
            top = _shared(list(chosen))
            written = []
            for name, member in chosen.items():
                target = folder.joinpath(*PurePosixPath(name).parts[top:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with _stream(box, member) as source, open(target, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 18)
                written.append(target)
    except _BROKEN as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BrokenArchive(f"{archive.name} is a broken archive ({error})") from None
    except (BrokenArchive, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return written


def _open(archive: Path) -> zipfile.ZipFile | tarfile.TarFile:
    if zipfile.is_zipfile(archive):
        return zipfile.ZipFile(archive)
    if tarfile.is_tarfile(archive):
        return tarfile.open(archive)
    raise BrokenArchive(f"{archive.name} is neither a zip nor a tar archive")


def _stream(box: zipfile.ZipFile | tarfile.TarFile, member: Any) -> IO[bytes]:
    if isinstance(box, zipfile.ZipFile):
        return box.open(member)
    return cast(IO[bytes], box.extractfile(member))  # none but for what is no file


def _choose(box: zipfile.ZipFile | tarfile.TarFile, pattern: str, name: str) -> dict:
    """Name in the archive -> member, for the pictures that match."""
    chosen = {}
    for path, member, is_file in _members(box):
        inside = PurePosixPath(path)
        if path.startswith("/") or ".." in inside.parts or re.search(r"[\\:\0]", path):
            raise BrokenArchive(
                f"{name} holds an unsafe name, {path!r}; nothing was unpacked"
            )
        path = path.removeprefix("./")
        if is_file and is_picture(inside) and fnmatchcase(path, pattern):
            chosen[path] = member
    if not chosen:
        raise BrokenArchive(f"{name} holds no picture called {pattern}")
    return chosen


def _members(
    box: zipfile.ZipFile | tarfile.TarFile,
) -> Iterator[tuple[str, object, bool]]:
    """(name, member, whether it is a plain file) of everything in an archive."""
    if isinstance(box, tarfile.TarFile):
        yield from ((m.name, m, m.isfile()) for m in box)
        return
    for info in box.infolist():
        link = stat.S_ISLNK(info.external_attr >> 16)
        yield info.filename, info, not (info.is_dir() or link)


def _shared(files: list[str]) -> int:
    """How many leading folders all names have in common."""
    parents = [PurePosixPath(file).parent.parts for file in files]
    count = 0
    for level in zip(*parents, strict=False):
        if len(set(level)) > 1:
            break
        count += 1
    return count
