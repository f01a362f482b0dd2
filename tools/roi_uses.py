# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The parts of bench_roi.py that measure uses: films, and faces that are made or real.

`video`: a moving collage of the shipped photographs, and twenty frames of a street
(traffic_cars, a still camera; the region is what moves, by srlab's MotionSaliency).
`faces`: a classifier told from 400 photographs whether a face is real or generated, and
what happens to 25 mosaics of two real and two generated faces (of its validation part)
when the tiles that it calls generated get quality 10. The set's files are JPEGs, so
four pixels are cut off on each side: on the old grid an old quality would cost nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch

from srlab import images, saliency, schemes
from srlab.codecs import JPEG
from srlab.datasets import find, image_paths
from srlab.evaluation import meet_size
from srlab.metrics import mse
from srlab.schemes import MotionSaliency, PositionVideo, RoiJPEG, RoiVideo

PLAIN = partial(JPEG, optimize="mozjpeg")
SIDE = 248  # of a face


def equal(codec: RoiJPEG, x: torch.Tensor) -> tuple[tuple, tuple]:
    """((ROI codec, file), (plain codec, file)) of one size.

    Where the sizes of plain files jump over the wanted one, because many entries of a
    table round up together, the nearest is taken and the background's quality is moved.
    """
    data = codec.encode(x)
    try:
        return (codec, data), meet_size(PLAIN, x, len(data), 5, 99)
    except ValueError:
        files = ((PLAIN(q), PLAIN(q).encode(x)) for q in range(5, 100))
        plain = min(files, key=lambda pair: abs(len(pair[1]) - len(data)))
    moved = meet_size(
        lambda b: replace(codec, background=b), x, len(plain[1]), 1, codec.quality
    )
    return moved, plain


def video() -> Iterator[dict]:
    """Films: a finer region, the plain film of as many bytes, and positions only."""
    clip = schemes.moving_collage()
    collage = clip.masks.amax(1, keepdim=True)
    yield from _film("collage", clip.frames, clip.masks, collage, 64)
    folder = find("Traffic_cars")
    frames = torch.cat([images.read(f) for f in image_paths(folder)])
    start = time.perf_counter()
    maps = MotionSaliency(frames)(frames)
    row = {"film": "traffic", "codec": "-", "kind": "saliency", "setting": "motion"}
    yield row | {"seconds": round(time.perf_counter() - start, 2)}
    yield from _film("traffic", frames, maps, (maps >= 0.5).float(), 1000)


def _film(name: str, frames, maps, region, least: int) -> Iterator[dict]:
    """Rows of one film; objects of fewer than `least` pixels are left out."""
    for codec in ("libx265", "libx264"):
        roi = RoiVideo(maps, crf=30, offset=-0.15, codec=codec)
        row = _measured(roi, frames, region, name, "roi", "crf 30, offset -.15")
        yield row
        twin, _ = meet_size(
            partial(_plain, codec), frames, row["bytes"], 15, 40, tolerance=0.02
        )
        yield _measured(twin, frames, region, name, "plain", f"crf {twin.crf:.2f}")
        thirty = RoiVideo(None, crf=30, codec=codec)
        yield _measured(thirty, frames, region, name, "plain", "crf 30")
        for shrink in (1, 4, 8):
            film = PositionVideo(maps, codec=codec, shrink=shrink, least=least)
            yield _positions(film, frames, name)


def _plain(codec: str, crf: float) -> RoiVideo:
    return RoiVideo(None, crf=crf, codec=codec)


def _measured(film: RoiVideo, frames, region, name: str, kind: str, setting: str):
    start = time.perf_counter()
    data = film.encode(frames)
    seconds = time.perf_counter() - start
    found = film.decode(data)
    row = {"film": name, "codec": film.codec, "kind": kind, "setting": setting}
    row |= {"bytes": len(data), "share": round(region.mean().item(), 4)}
    weights = {"roi_psnr": region, "background_psnr": 1 - region, "psnr": None}
    for column, weight in weights.items():
        row[column] = round(_film_psnr(found, frames, weight), 3)
    return row | {"seconds": round(seconds, 2)}


def _film_psnr(x, y, weight) -> float:
    """PSNR of the mean error of all frames, each weighed by its part of the region."""
    total = area = 0.0
    for t in range(len(x)):
        w = None if weight is None else weight[t : t + 1]
        part = 1.0 if w is None else w.mean().item()
        if part:
            total += part * mse(x[t : t + 1], y[t : t + 1], weight=w)
            area += part
    return -10 * torch.tensor(total / area).log10().item()


def _positions(film: PositionVideo, frames, name: str) -> dict:
    start = time.perf_counter()
    data = film.encode(frames)
    seconds = time.perf_counter() - start
    table = schemes.trajectories(film.decode(data), scale=film.shrink, least=film.least)
    lengths = sorted(table.groupby("object").size(), reverse=True)
    row = {"film": name, "codec": film.codec, "kind": "position"}
    row |= {"setting": f"crf 35, shrink {film.shrink}", "bytes": len(data)}
    return row | {"seconds": round(seconds, 2), "tracks": " ".join(map(str, lengths))}


def faces() -> Iterator[dict]:
    """Mosaics of two real and two generated faces, by a classifier and by the truth."""
    parts = {
        part: {kind: _faces(part, kind) for kind in ("real", "fake")}
        for part in ("train", "val")
    }
    net = saliency.transfer(parts["train"])
    real = net.labels.index("real")
    odds = {
        kind: [net.probabilities(x)[0, real].item() for x in found]
        for kind, found in parts["val"].items()
    }
    generator = torch.Generator().manual_seed(0)
    for number in range(25):
        order = torch.randperm(4, generator=generator).tolist()
        picked = [(kind, 2 * number + k) for kind in ("real", "fake") for k in range(2)]
        picked = [picked[k] for k in order]
        tiles = [parts["val"][kind][k] for kind, k in picked]
        x = _mosaic([tile[..., 4:252, 4:252] for tile in tiles])
        truth = [kind == "real" for kind, _ in picked]
        called = [odds[kind][k] >= 0.5 for kind, k in picked]
        for judge, kept in (("classifier", called), ("truth", truth)):
            yield {"mosaic": number, "judge": judge} | _judged(x, truth, kept)


def _faces(part: str, kind: str) -> list[torch.Tensor]:
    folder = find("Faces_real_fake") / part / kind
    return [images.read(file) for file in image_paths(folder)]


def _mosaic(tiles: list[torch.Tensor]) -> torch.Tensor:
    """Four (1, C, h, w) -> (1, C, 2 h, 2 w)."""
    rows = [torch.cat(tiles[k : k + 2], dim=-1) for k in (0, 2)]
    return torch.cat(rows, dim=-2)


def _judged(x: torch.Tensor, truth: list[bool], kept: list[bool]) -> dict:
    """Sizes and PSNR of the real faces when only `kept` tiles get good quality."""
    like = x[:, :1, :SIDE, :SIDE]
    mask, real = (
        _mosaic([torch.full_like(like, float(flag)) for flag in flags])
        for flags in (kept, truth)
    )
    (codec, data), (twin, same) = equal(RoiJPEG(mask, 75, 10), x)
    y, z = codec.decode(data), twin.decode(same)
    per_face = _mosaic_mse(y, x)
    lost = [e for e, t, k in zip(per_face, truth, kept, strict=True) if t and not k]
    ours, theirs = (10 * torch.tensor(mse(v, x, weight=real)).log10() for v in (y, z))
    return {
        "right": sum(t == k for t, k in zip(truth, kept, strict=True)),
        "real_lost": len(lost),
        "fake_kept": sum(k and not t for t, k in zip(truth, kept, strict=True)),
        "bytes": len(data), "plain_bytes": len(same),
        "plain_75_bytes": len(PLAIN(75).encode(x)),
        "real_psnr": round(-ours.item(), 3),
        "plain_real_psnr": round(-theirs.item(), 3),
        "lost_psnr": round(-10 * torch.tensor(max(lost)).log10().item(), 3)
        if lost else "",
    }  # fmt: skip


def _mosaic_mse(y: torch.Tensor, x: torch.Tensor) -> list[float]:
    """MSE of each of the four tiles, row by row."""
    return [
        mse(y[..., r : r + SIDE, c : c + SIDE], x[..., r : r + SIDE, c : c + SIDE])
        for r in (0, SIDE)
        for c in (0, SIDE)
    ]
