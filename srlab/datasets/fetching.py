# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Fetch a set: resume, check the sum, unpack pictures only, put it in place at once.

pooch keeps the cache and checks the sums; what it lacks is resuming, so `_Resuming` is
a pooch downloader that writes NAME.part and asks for the rest of it (HTTP ``Range``,
RFC 9110, section 14). Nothing appears under a set's own name before it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from srlab import datasets, paths
from srlab.datasets import Entry, archives

__all__ = ["FetchError", "download", "fetch"]

TIMEOUT = (10, 30)  # seconds to connect, and between two pieces
CHUNK = 1 << 18  # bytes read at a time


class FetchError(RuntimeError):
    """A set could not be fetched; the message is one line that says what to do."""


def fetch(name: str, progress: bool = True) -> Path:
    """Bring a set into the cache; see `srlab.datasets.fetch`."""
    row = datasets.entry(name)
    found = datasets.verify(name)
    if found.path and found.state in ("ok", "unknown"):
        return found.path
    elsewhere = found.path is not None and not _in_cache(found.path)
    if elsewhere and found.state in ("differs", "damaged"):
        raise FetchError(f"{found.text}. Move that folder away to fetch the set anew.")
    if not row.fetchable:
        raise FetchError(f"{row.name} cannot be fetched. {row.by_hand}")
    source = datasets.entry(row.part_of) if row.part_of else row
    work = paths.cache_dir() / "downloads" / source.name
    try:
        _fetch_into(source, work, progress)
    except OSError as error:
        raise FetchError(f"{row.name}: {_disk_trouble(error, work)}") from None
    except (FetchError, archives.BrokenArchive) as error:
        if isinstance(error, archives.BrokenArchive):
            shutil.rmtree(work, ignore_errors=True)
        hint = f" {row.by_hand}" if row.by_hand else ""
        raise FetchError(f"{row.name}: {error}{hint}") from None
    finally:
        _tidy(work)
    folder = datasets.find(row.name)
    if folder is None:
        raise FetchError(f"{row.name}: {source.name} was fetched but does not hold it")
    return folder


def _in_cache(folder: Path) -> bool:
    return folder.is_relative_to(paths.cache_dir())


def _fetch_into(source: Entry, work: Path, progress: bool) -> None:
    """Download, unpack, and move to the cache; `work` goes when all is well."""
    work.mkdir(parents=True, exist_ok=True)
    _room(source, work)
    if source.files:
        for name, known in source.files.items():
            download(source.url + name, work / "ready" / name, known, progress)
        _move(work / "ready", source.name, work)
    else:
        file = work / PurePosixPath(urlsplit(source.url).path).name
        download(source.url, file, source.sum, progress)
        for row in _in_same_archive(source):
            archives.unpack(file, work / "ready", row.members)
            _move(work / "ready", row.name, work)
    shutil.rmtree(work, ignore_errors=True)


def _tidy(work: Path) -> None:
    """Remove folders that a failed fetch left empty; a .part keeps its folder."""
    for folder in (work / "ready", work, work.parent, paths.cache_dir()):
        with contextlib.suppress(OSError):  # not empty, or not there
            folder.rmdir()


def _in_same_archive(source: Entry) -> list[Entry]:
    """The set itself, and what else its archive holds and is not here yet."""
    rows = [row for row in datasets.registry().values() if row.url == source.url]
    return [r for r in rows if r is source or datasets.find(r.name) is None]


def _room(source: Entry, work: Path) -> None:
    """FetchError when the disk has no room for the download and its pictures."""
    there = sum(f.stat().st_size for f in work.rglob("*") if f.is_file())
    need = 2.1 * source.bytes - there
    free = shutil.disk_usage(work).free
    if need > free:
        raise FetchError(
            f"it needs {need / 1e9:.1f} GB, and {work} has {free / 1e9:.1f} GB free. "
            "Make room, or set SRLAB_CACHE to a folder on another disk."
        )


def _move(ready: Path, name: str, work: Path) -> None:
    """Put a complete folder in its place with one rename; an older one goes first."""
    place = paths.cache_dir() / name
    if place.exists():
        shutil.rmtree(work / "old", ignore_errors=True)
        os.replace(place, work / "old")
    os.replace(ready, place)


def _disk_trouble(error: OSError, work: Path) -> str:
    """One line for an OSError; a full disk gets its space back."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        shutil.rmtree(work, ignore_errors=True)
        why, where = "the disk is full", "on another disk"
    else:
        why, where = f"cannot write: {error.strerror or error}", "that you can write to"
    return f"{why} ({paths.cache_dir()}). Set SRLAB_CACHE to a folder {where}."


def download(url: str, file: Path, known: str, progress: bool = True) -> None:
    """Download one file and check its sum; a NAME.part beside it is resumed.

    Args:
        known: "sha256:..." or "md5:...". A file that is there and has it is kept.

    Raises:
        FetchError: no network, an HTTP error, a broken connection (the .part stays), or
            a wrong sum (nothing stays).
        OSError: the disk.
    """
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)
    file.parent.mkdir(parents=True, exist_ok=True)
    resuming = _Resuming(file.with_name(file.name + ".part"), progress)
    try:
        pooch.retrieve(url, known, file.name, file.parent, downloader=resuming)
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise FetchError(
            f"{urlsplit(url).hostname} sent {file.name} with a wrong sum (expected "
            f"{known[:19]}...); it was deleted. Try again; if it happens twice, the "
            "publisher has changed the file."
        ) from None


class _Resuming:
    """A pooch downloader: fills `part` from where it ends, then hands it over."""

    def __init__(self, part: Path, progress: bool) -> None:
        self.part = part
        self.progress = progress

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        import requests
        import urllib3

        host = urlsplit(url).hostname
        before = self._size()
        try:
            self._transfer(url)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if self._size() > before:
                raise FetchError(
                    f"the connection to {host} broke after {_mb(self._size())}; the "
                    "same command goes on from there."
                ) from None
            why = "cannot be reached; no network?"
            if isinstance(error, requests.Timeout):
                why = "does not answer; no network?"
            if isinstance(error, requests.exceptions.SSLError):
                why = "shows a certificate that is not trusted; the clock, a proxy?"
            raise FetchError(f"{host} {why} The same command tries again.") from None
        os.replace(self.part, output_file)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _transfer(self, url: str) -> None:
        """Append what is missing (206), start over (200), or see it complete (416)."""
        import requests

        start = self._size()
        # "identity": the sums are those of the file, not of a compressed transfer.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            span = answer.headers.get("Content-Range", "")
            if answer.status_code == 416 and start:
                if span == f"bytes */{start}":
                    return
                self.part.unlink()
                return self._transfer(url)
            if answer.status_code == 206 and not span.startswith(f"bytes {start}-"):
                self.part.unlink(missing_ok=True)
                raise FetchError(
                    f"{urlsplit(url).hostname} sent another part than asked"
                )
            if answer.status_code not in (200, 206):
                raise FetchError(
                    f"{urlsplit(url).hostname} answers {answer.status_code} "
                    f"{answer.reason} for {url}; the file may have moved."
                )
            self._write(answer, start if answer.status_code == 206 else 0)

    def _write(self, answer: Any, start: int) -> None:
        """Stream the body to `part` from byte `start`; urllib3 notices a short one."""
        from tqdm.auto import tqdm

        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        name = self.part.name.removesuffix(".part")
        show: dict[str, Any] = {
            "unit": "B",
            "unit_scale": True,
            "leave": False,
            "desc": name,
        }
        with (
            open(self.part, "ab" if start else "wb") as out,
            tqdm(total=total, initial=start, disable=not self.progress, **show) as bar,
        ):
            for piece in answer.raw.stream(CHUNK, decode_content=False):
                out.write(piece)
                bar.update(len(piece))


def _mb(n: int) -> str:
    return f"{n / 1e6:.1f} MB"
