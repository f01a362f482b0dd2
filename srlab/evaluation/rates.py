# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Rate and distortion: every codec on every picture, in real bytes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from srlab import metrics as measures
from srlab.codecs.base import Codec, bpp
from srlab.datasets import benchmark_set
from srlab.evaluation.curves import bd_rate, mean_curves
from srlab.evaluation.growing import append, known
from srlab.images import check_one, round8

if TYPE_CHECKING:
    import pandas

__all__ = ["METRICS", "bd_rate", "encode_to_size", "mean_curves", "rate_distortion"]

METRICS: dict[str, Callable[[torch.Tensor, torch.Tensor], float]] = {
    "psnr": measures.psnr,
    "ssim": measures.ssim,
    "ms_ssim": measures.ms_ssim,
    "vifp": measures.vifp,
    "psnr_hvs_m": measures.psnr_hvs_m,
}
_KEYS = ["codec", "setting", "image"]


def rate_distortion(
    codecs: Mapping[str, Sequence[Codec]] | Iterable[Codec],
    images: str | Mapping[str, torch.Tensor],
    executor: Executor | None = None,
    metrics: Sequence[str] = ("psnr",),
    path: str | Path | None = None,
    progress: bool = True,
) -> pandas.DataFrame:
    """Encode and decode every picture with every codec, and measure.

    Args:
        codecs: name of a curve -> its codecs, one a setting; or codecs alone, whose
            class is the curve's name: ``[JPEG(q) for q in (10, 30, 50)]``.
        images: "Kodak" or another set, or a mapping name -> image (1, C, H, W).
        executor: measures in parallel: a pool of processes (start them with "spawn"),
            of threads, or a Dask cluster's ``client.get_executor()``.
        metrics: names out of `METRICS`, of 8-bit RGB; psnr in dB.
        path: a CSV file that grows by a row as each is measured; a run that was
            stopped goes on from it.
        progress: show a bar.

    Returns:
        A table with a row a picture and codec: codec, setting, image, bytes, bpp, the
        metrics, and the seconds of encoding and decoding (of one picture on a busy
        machine: compare them within one run). What failed is left out, named in a
        warning and in ``.attrs["failed"]``.

    Raises:
        ValueError: no codec, no picture, an unknown metric, or nothing at all worked.
        FileNotFoundError: the set is not on this machine.
    """
    import pandas as pd
    from tqdm.auto import tqdm

    tasks = _tasks(codecs, images, metrics)
    columns = [*_KEYS, "bytes", "bpp", *metrics, "encode_s", "decode_s"]
    rows = known(path, columns)
    done = {tuple(row[key] for key in _KEYS) for row in rows}
    todo = [task for task in tasks if task[:3] not in done]
    failed: list[str] = []
    names = tuple(metrics)
    with tqdm(
        total=len(tasks), initial=len(tasks) - len(todo), desc="rate-distortion",
        leave=False, disable=not progress, mininterval=0.5,
    ) as bar:  # fmt: skip
        for task, found in _run(executor, todo, names):
            bar.update()
            if isinstance(found, Exception):
                reason = f"{type(found).__name__}: {found}"
                failed.append(f"{task[0]} {task[1]} on {task[2]}: {reason}")
                continue
            rows.append(dict(zip(columns, (*task[:3], *found), strict=True)))
            if path is not None:
                append(path, rows[-1:], columns)
    order = {task[:3]: k for k, task in enumerate(tasks)}
    rows = [row for row in rows if tuple(row[key] for key in _KEYS) in order]
    if not rows:
        raise ValueError(f"nothing could be measured: {'; '.join(failed[:3])}")
    rows.sort(key=lambda row: order[tuple(row[key] for key in _KEYS)])
    frame = pd.DataFrame(rows, columns=columns)
    frame.attrs["failed"] = failed
    if failed:
        more = f" (and {len(failed) - 3} more)" if len(failed) > 3 else ""
        warnings.warn(f"left out: {'; '.join(failed[:3])}{more}", stacklevel=2)
    return frame


def _tasks(codecs: Any, images: Any, metrics: Any) -> list[tuple]:
    """(curve, setting, picture's name, codec, picture) of everything that is asked."""
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise ValueError(f"no metric {unknown[0]!r}; there are {', '.join(METRICS)}")
    if not isinstance(codecs, Mapping):
        named: dict[str, list[Codec]] = {}
        for codec in codecs:
            named.setdefault(type(codec).__name__, []).append(codec)
        codecs = named
    pictures = benchmark_set(images) if isinstance(images, str) else images.items()
    pictures = [(str(name), check_one(image)) for name, image in pictures]
    tasks = [
        (curve, repr(codec), name, codec, image)
        for curve, family in codecs.items()
        for codec in family
        for name, image in pictures
    ]
    if not tasks:
        raise ValueError("a codec and a picture at least are wanted")
    for _, setting, _, codec, _ in tasks:
        if not isinstance(codec, Codec):
            raise TypeError(f"{setting:.60} is no codec: it lacks encode or decode")
    return tasks


def _run(
    executor: Executor | None, tasks: list[tuple], names: tuple[str, ...]
) -> Iterator[tuple[tuple, Any]]:
    """(task, its numbers or its error), in the order in which they are done."""
    if executor is None:
        for task in tasks:
            yield task, _measure(task[3], task[4], names)
        return
    futures = {
        executor.submit(_measure, task[3], task[4], names): task for task in tasks
    }
    try:
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except Exception as error:  # the process died, or could not send a picture
                yield futures[future], error
    finally:
        for future in futures:
            future.cancel()


def _measure(codec: Codec, image: torch.Tensor, names: tuple[str, ...]) -> Any:
    """Bytes, bpp, metrics and seconds of one picture; or the error, as a value."""
    try:
        start = time.perf_counter()
        data = codec.encode(image)
        middle = time.perf_counter()
        result = codec.decode(data)
        end = time.perf_counter()
        x, y = round8(image.double()), round8(result.double())
        y = y.expand_as(x) if y.shape[1] < x.shape[1] else y
        x = x.expand_as(y)
        found = [METRICS[name](x, y) for name in names]
    except Exception as error:
        return error
    return [
        len(data), round(bpp(data, image), 6), *(round(v, 5) for v in found),
        round(middle - start, 4), round(end - middle, 4),
    ]  # fmt: skip


def encode_to_size(
    family: Callable[..., Codec], image: torch.Tensor, size: int
) -> tuple[Codec, bytes]:
    """The best quality of a codec whose file is not larger than so many bytes.

    Args:
        family: a class such as `JPEG`, or `functools.partial(JPEG, optimize=False)`.
        image: (1, C, H, W). size: bytes, headers and all.

    Returns:
        The codec and its file. Halving the range takes about log2 of the number of
        qualities; sizes that do not quite rise with quality cost a little quality.

    Raises:
        ValueError: even the smallest quality takes more.
        TypeError: a family without `grades`.

    >>> from srlab import photo
    >>> from srlab.codecs import JPEG
    >>> codec, data = encode_to_size(JPEG, photo("coffee"), 20_000)
    >>> len(data) <= 20_000
    True
    """
    grades = getattr(getattr(family, "func", family), "grades", None)
    if grades is None:
        raise TypeError(f"{family!r:.60} does not say its grades: pass JPEG, AVIF ...")
    check_one(image)
    name, values = grades
    smallest = family(**{name: values[0]})
    best = (smallest, smallest.encode(image))
    if len(best[1]) > size:
        raise ValueError(
            f"{smallest!r} takes {len(best[1]):,} bytes for this picture, more than "
            f"{size:,}"
        )
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        codec = family(**{name: values[middle]})
        data = codec.encode(image)
        if len(data) <= size:
            low, best = middle, (codec, data)
        else:
            high = middle
    return best
