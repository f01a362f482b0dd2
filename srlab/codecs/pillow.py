# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Standard files through Pillow: bytes that any viewer opens."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, cast

import torch

from srlab.codecs.base import (
    CorruptStream,
    check_name,
    check_one,
    set_quality,
    set_whole,
)
from srlab.images import make_room, read, to_pillow

__all__ = ["AVIF", "JPEG", "JPEG2000", "WebP", "squeeze"]

_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}  # Pillow's numbers
_SIGNATURES = {  # kind -> place, bytes
    "JPEG": (0, b"\xff\xd8"),
    "JPEG2000": (0, b"\x00\x00\x00\x0cjP  "),
    "WEBP": (8, b"WEBP"),
    "AVIF": (4, b"ftypavi"),  # avif, or avis of a sequence
}
_TUNES = ("ssim", "psnr")


@dataclass(frozen=True, repr=False)
class JPEG:
    """JPEG, baseline with optimised Huffman tables if nothing else is said.

    Attributes:
        quality: 1 (smallest) to 100, libjpeg's scale of the quantisation tables; a
            fraction scales the tables to between its neighbours'.
        subsampling: of the chroma: "4:4:4", "4:2:2" or "4:2:0".
        optimize: Huffman tables made for the picture; False: the standard's; "mozjpeg":
            mozjpeg's search for the scans that give the smallest file on top, which
            changes no coefficient; "arithmetic": the standard's arithmetic coder in
            the place of Huffman's codes, smaller again. libjpeg-turbo's programs open
            such a file, most browsers do not.
        progressive: coarse to fine in several scans, a few per cent smaller.
        tables: quantisation tables in place of the quality's: one or two (luma,
            chroma) of 64 numbers from 1 to 255, row by row.
    """

    quality: float = 75
    subsampling: str = "4:2:0"
    optimize: bool | str = True
    progressive: bool = False
    tables: tuple[tuple[int, ...], ...] | None = None

    grades = ("quality", range(1, 101))

    def __post_init__(self) -> None:
        set_quality(self, "quality", 1, 100)
        check_name(self.subsampling, "subsampling", tuple(_SUBSAMPLING))
        if not (isinstance(self.optimize, bool) or self.optimize in _AFTERWARDS):
            raise ValueError(
                "optimize is True, False, 'mozjpeg' or 'arithmetic', not "
                f"{self.optimize!r:.40}"
            )
        if self.tables is not None:
            object.__setattr__(self, "tables", _check_tables(self.tables))

    def __repr__(self) -> str:
        parts = [f"quality={self.quality}", f"subsampling={self.subsampling!r}"]
        if self.tables is not None:
            parts[0] = f"tables={self.tables}"
        if self.optimize is not True:
            parts.append(f"optimize={self.optimize!r}")
        parts += ["progressive=True"] * self.progressive
        return f"JPEG({', '.join(parts)})"

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .jpg file."""
        huffman = self.optimize is True
        options: dict[str, Any] = {"optimize": huffman, "progressive": self.progressive}
        if self.tables is not None:
            options["qtables"] = [list(table) for table in self.tables]
        elif isinstance(self.quality, int):
            options["quality"] = self.quality
        else:
            options["qtables"] = _between(self.quality)
        if check_one(image).shape[1] == 3:
            options["subsampling"] = _SUBSAMPLING[self.subsampling]
        data = _encode(image, "JPEG", **options)
        after = _AFTERWARDS.get(str(self.optimize))
        return after(data) if after else data

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .jpg -> (1, C, H, W) float32 on the 1/255 grid."""
        return _decode(data, "JPEG")


@dataclass(frozen=True)
class JPEG2000:
    """JPEG 2000 (OpenJPEG's encoder), its lossy wavelets, to a rate or to a PSNR.

    Give one of the two. What comes out is near it, not at it: small pictures have more
    header than a low rate allows.

    Attributes:
        bpp: bits per pixel to stay below, above 0.
        dB: PSNR over all channels to reach, 10 to 90.
    """

    bpp: float | None = None
    dB: float | None = None

    grades = ("bpp", tuple(k / 500 for k in range(5, 4001)))

    def __post_init__(self) -> None:
        if (self.bpp is None) == (self.dB is None):
            raise ValueError("JPEG2000 takes bpp or dB, one of them: JPEG2000(bpp=0.5)")
        name, low, high = ("bpp", 1e-3, 48) if self.dB is None else ("dB", 10, 90)
        value = getattr(self, name)
        good = isinstance(value, Real) and not isinstance(value, bool)
        if not good or not low <= value <= high:
            raise ValueError(f"{name} must be {low:g} to {high:g}, not {value!r:.40}")
        object.__setattr__(self, name, float(value))

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .jp2 file."""
        channels = check_one(image).shape[1]
        if self.dB is None:
            mode, layer = "rates", max(1.0, 8 * channels / cast(float, self.bpp))
        else:
            mode, layer = "dB", self.dB
        return _encode(
            image, "JPEG2000", quality_mode=mode, quality_layers=[layer],
            irreversible=True, mct=int(channels == 3), no_jp2=False,
        )  # fmt: skip

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .jp2 -> (1, C, H, W) float32 on the 1/255 grid."""
        return _decode(data, "JPEG2000")


@dataclass(frozen=True)
class AVIF:
    """Lossy AVIF: the intra pictures of AV1, by libaom.

    Attributes:
        quality: 0 (smallest) to 100.
        speed: 0 (small files) to 10 (fast).
        subsampling: of the chroma: "4:4:4", "4:2:2" or "4:2:0".
        tune: what the encoder minimises, "ssim" or "psnr".
    """

    quality: int = 60
    speed: int = 6
    subsampling: str = "4:2:0"
    tune: str = "ssim"

    grades = ("quality", range(101))

    def __post_init__(self) -> None:
        set_whole(self, "quality", 0, 100)
        set_whole(self, "speed", 0, 10)
        check_name(self.subsampling, "subsampling", tuple(_SUBSAMPLING))
        check_name(self.tune, "tune", _TUNES)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .avif file.

        The same bytes every time: one thread, no tiles.
        """
        return _encode(
            image, "AVIF", quality=self.quality, speed=self.speed, codec="aom",
            subsampling=self.subsampling, max_threads=1, autotiling=False,
            advanced=[("tune", self.tune)],
        )  # fmt: skip

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .avif -> (1, 3, H, W) float32 on the 1/255 grid."""
        return _decode(data, "AVIF")


@dataclass(frozen=True)
class WebP:
    """Lossy WebP.

    Attributes:
        quality: 0 (smallest) to 100.
        method: 0 (fast) to 6 (small files).
    """

    quality: int = 75
    method: int = 4

    grades = ("quality", range(101))

    def __post_init__(self) -> None:
        set_whole(self, "quality", 0, 100)
        set_whole(self, "method", 0, 6)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .webp file."""
        return _encode(image, "WEBP", quality=self.quality, method=self.method)

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .webp -> (1, 3, H, W) float32 on the 1/255 grid."""
        return _decode(data, "WEBP")


def squeeze(data: bytes) -> bytes:
    """The same coefficients in the smallest file that mozjpeg's scans give.

    Raises:
        CorruptStream: the bytes are no whole .jpg file.
    """
    import mozjpeg_lossless_optimization as mozjpeg

    try:
        return mozjpeg.optimize(data)
    except ValueError as error:
        raise CorruptStream(f"mozjpeg cannot read this file: {error}") from None


def _arithmetic(data: bytes) -> bytes:
    """The same coefficients, coded arithmetically (ITU-T T.81, annex D)."""
    import jpeglib

    before = jpeglib.version.get() or "6b"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        path.write_bytes(data)
        jpeglib.version.set("9f")  # 6b, jpeglib's own choice, refuses
        try:
            found = jpeglib.read_dct(str(path))
            found.write_dct(str(path), flags=["+ARITH_CODE"])
        finally:
            jpeglib.version.set(before)
        return path.read_bytes()


_AFTERWARDS = {"mozjpeg": squeeze, "arithmetic": _arithmetic}


def _between(quality: float) -> list[list[int]]:
    from srlab.codecs.baseline import quantisation_table

    return [
        quantisation_table(quality, chroma).flatten().tolist()
        for chroma in (False, True)
    ]


def _check_tables(tables: Any) -> tuple[tuple[int, ...], ...]:
    """One or two tables of 64 whole numbers, as tuples of Python's numbers."""
    try:
        found = tuple(tuple(int(q) for q in table) for table in tables)
        good = all(int(q) == q for table in tables for q in table)
    except (TypeError, ValueError):
        good, found = False, ()
    good = good and len(found) in (1, 2) and all(len(table) == 64 for table in found)
    if not good or not all(1 <= q <= 255 for table in found for q in table):
        raise ValueError(
            "tables are one or two of 64 whole numbers from 1 to 255, row by row"
        )
    return found


def _encode(image: torch.Tensor, kind: str, **options: Any) -> bytes:
    picture = to_pillow(image)
    make_room(image.numel())
    buffer = io.BytesIO()
    try:
        picture.save(buffer, kind, **options)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{kind} cannot hold {picture.height} x {picture.width} pixels: {error}"
        ) from None
    return buffer.getvalue()


def _decode(data: bytes, kind: str) -> torch.Tensor:
    try:
        data = bytes(memoryview(data))
    except TypeError:
        given = type(data).__name__
        raise TypeError(f"decode takes the bytes of a file, not a {given}") from None
    place, signature = _SIGNATURES[kind]
    if not data.startswith(signature, place):
        raise CorruptStream(f"these {len(data)} bytes are not a {kind} file")
    try:
        return read(data, keep_grey=True)
    except ValueError as error:
        raise CorruptStream(f"broken {kind} file: {error}") from None
