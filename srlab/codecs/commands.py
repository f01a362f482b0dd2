# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``python -m srlab encode``, ``decode`` and ``rd``: the codecs on files."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from srlab.paths import write_whole

__all__ = ["decode", "decode_arguments", "encode", "encode_arguments", "rd"]
__all__ += ["rd_arguments"]

_FAMILIES = {  # name -> class of srlab.codecs, ending of its files
    "jpeg": ("JPEG", ".jpg"),
    "jpeg2000": ("JPEG2000", ".jp2"),
    "webp": ("WebP", ".webp"),
    "avif": ("AVIF", ".avif"),
    "heif": ("HEIF", ".heic"),
    "mean-scale": ("MeanScale", ".srl"),
    "factorized": ("Factorized", ".srl"),
}
_ENDINGS = {".jpeg": "jpeg", ".heif": "heif"}
_ENDINGS |= {end: name for name, (_, end) in reversed(_FAMILIES.items())}


def _family(name: str) -> Callable:
    from srlab import codecs

    return getattr(codecs, _FAMILIES[name][0])


def _codec_of(path: str) -> str:
    ending = Path(path).suffix.lower()
    if ending not in _ENDINGS:
        raise ValueError(
            f"{path} does not end in {', '.join(sorted(_ENDINGS))}: say which, --codec"
        )
    return _ENDINGS[ending]


def encode_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", help="a picture file, or a shipped photo: coffee")
    parser.add_argument("file", help="what to write; the ending says the codec")
    parser.add_argument("--codec", choices=_FAMILIES, help="for other endings")
    parser.add_argument(
        "--quality", type=float, help="of the codec; JPEG 2000: bits per pixel"
    )
    parser.add_argument("--bytes", type=int, help="the best file of at most so many")


def encode(args: argparse.Namespace) -> int:
    """Write one picture with one codec and say what it took."""
    from srlab import codecs, evaluation, metrics

    image = _picture(args.image)
    family = _family(args.codec or _codec_of(args.file))
    if args.bytes is not None and args.quality is not None:
        raise ValueError("--quality or --bytes, not both")
    if args.bytes is not None:
        codec, data = evaluation.encode_to_size(family, image, args.bytes)
    else:
        codec = _of_quality(family, args.quality)
        data = codec.encode(image)
    shown = codec.decode(data).expand_as(image)
    write_whole(Path(args.file), data)
    print(
        f"{args.file}: {codec!r}, {len(data):,} bytes, "
        f"{codecs.bpp(data, image):.3f} bpp, PSNR {metrics.psnr(image, shown):.2f} dB"
    )
    return 0


def _of_quality(family: Any, quality: float | None) -> Any:
    name, grades = family.grades
    if quality is None:
        return family() if name == "quality" else family(**{name: 0.5})
    whole = isinstance(grades, range)
    if whole and quality != int(quality):
        raise ValueError(f"quality of {family.__name__} must be whole, not {quality:g}")
    return family(**{name: int(quality) if whole else quality})


def decode_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="what `encode` wrote")
    parser.add_argument("image", help="a .png to write")
    parser.add_argument("--codec", choices=_FAMILIES, help="for other endings")


def decode(args: argparse.Namespace) -> int:
    """Decode one file into a PNG."""
    import io

    from srlab.images import to_pillow

    data = Path(args.file).read_bytes()
    name = args.codec or _codec_of(args.file)
    if name in ("mean-scale", "factorized") and args.codec is None:
        from srlab.codecs.container import KINDS

        name = "factorized" if data[4:5] == bytes((KINDS["factorized"],)) else name
    if Path(args.image).suffix.lower() != ".png":
        raise ValueError(f"{args.image} must end in .png, which loses nothing more")
    picture = to_pillow(_of_quality(_family(name), None).decode(data))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    write_whole(Path(args.image), buffer.getvalue())
    print(f"{args.image}: {picture.width} x {picture.height} pixels")
    return 0


def rd_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", help="a set (Kodak), or picture files")
    parser.add_argument(
        "--codecs", default="jpeg,webp,avif,mean-scale",
        help=f"out of {', '.join(_FAMILIES)}; the first is the anchor of the BD-rates",
    )  # fmt: skip
    parser.add_argument("--points", type=int, default=6, help="settings of each codec")
    parser.add_argument(
        "--out", help="a CSV of all rows; a stopped run goes on from it"
    )
    parser.add_argument("--processes", type=int, default=1, help="that share the work")
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that does the work"
    )


def rd(args: argparse.Namespace) -> int:
    """Measure curves and print their means and BD-rates."""
    from srlab import evaluation

    names = [name.strip() for name in args.codecs.split(",") if name.strip()]
    unknown = [name for name in names if name not in _FAMILIES]
    if unknown or not names or not 2 <= args.points <= 50 or args.processes < 1:
        known = ", ".join(_FAMILIES)
        raise ValueError(
            f"no codec {unknown[0]!r}; there are {known}"
            if unknown
            else "a codec, 2 to 50 points and a process at least are wanted"
        )
    curves = {name: _spread(_family(name), args.points) for name in names}
    images = _set_or_files(args.images)
    with _workers(args.processes, args.scheduler) as pool:
        table = evaluation.rate_distortion(
            curves, images, pool, ("psnr", "ssim"), args.out
        )
    means = evaluation.mean_curves(table)
    print(means[["codec", "setting", "bpp", "psnr", "ssim"]].round(4).to_string())
    anchor = means[means["codec"] == names[0]]
    for name in names[1:]:
        try:
            found = evaluation.bd_rate(anchor, means[means["codec"] == name])
            print(f"BD-rate of {name} against {names[0]}: {found:+.1f} %")
        except ValueError as error:
            print(f"BD-rate of {name} against {names[0]}: none, {error}")
    return 0


@contextmanager
def _workers(processes: int, scheduler: str | None) -> Iterator[Executor | None]:
    """Who does the work: this process, a pool of them, or a Dask cluster.

    Raises:
        ValueError: both were asked for, dask is missing, or nobody answers there.
    """
    if scheduler is None and processes == 1:
        yield None
    elif scheduler is None:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(processes, mp_context=context)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        with _client(processes, scheduler) as client:
            yield client.get_executor()


def _client(processes: int, scheduler: str) -> Any:
    if processes > 1:
        raise ValueError("--processes or --scheduler, not both")
    try:
        from distributed import Client

        return Client(scheduler, timeout=10)
    except ImportError:
        raise ValueError("--scheduler needs `pip install distributed`") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler at {scheduler}: {error}") from None


def _spread(family: Any, points: int) -> list:
    """Settings spread evenly over the range, its ends left out where they are many."""
    name, grades = family.grades
    if name == "bpp":
        return [family(bpp=0.1 * 16 ** (k / (points - 1))) for k in range(points)]
    edge = len(grades) // 20 if isinstance(grades, range) else 0
    places = [
        edge + round(k * (len(grades) - 1 - 2 * edge) / (points - 1))
        for k in range(points)
    ]
    return [family(**{name: grades[k]}) for k in dict.fromkeys(places)]


def _picture(name: str) -> torch.Tensor:
    """A file, or a shipped photograph."""
    from srlab import images

    if not Path(name).is_file() and name in images.photo_names():
        return images.photo(name)
    return images.read(name)


def _set_or_files(names: list[str]) -> Any:
    from srlab import datasets

    if len(names) == 1 and not Path(names[0]).is_file():
        try:
            return datasets.entry(names[0]).name
        except datasets.UnknownDataset:
            pass
    return {Path(name).stem: _picture(name) for name in names}
