# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The parts of `make bench` that measure degradations.

- degrade: images a second of the pipelines, beside the same ones done image by image
  with NumPy and Pillow; printed only, as a ratio of one run.
- classical: BI, BD and DN at x3 on Set5, Set14 and B100, bicubic and a network that
  was trained on BI, beside the published rows -> data/results/classical_rows.csv

The other side of the first is what one writes without a tensor library, and not slow on
purpose: blur by NumPy's Fourier transform, Pillow's resize and JPEG on 8-bit pictures,
NumPy's own noise. Both sides get the same parameters: they do the same work.
"""

from __future__ import annotations

import io
import math
import statistics
import time
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from PIL import Image

import srlab
from srlab import degrade, evaluation, metrics
from srlab.datasets import benchmark_set
from srlab.degrade.draws import Draws
from srlab.images import crop_to_multiple, round8
from srlab.resample import Interpolator

_MODES = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
SETS = ("Set5", "Set14", "B100")
# Of the tables of Zhang et al., arXiv:1802.08797 (x3): (PSNR, SSIM) on each of SETS.
PRINTED = {
    ("BD", "bicubic"): ((28.78, 0.8308), (26.38, 0.7271), (26.33, 0.6918)),
    ("DN", "bicubic"): ((24.01, 0.5369), (22.87, 0.4724), (22.92, 0.4449)),
    ("BI", "RDN"): ((34.71, 0.9296), (30.57, 0.8468), (29.26, 0.8093)),
    ("BD", "RDN"): ((34.58, 0.9280), (30.53, 0.8447), (29.23, 0.8079)),
    ("DN", "RDN"): ((28.47, 0.8151), (26.60, 0.7101), (25.93, 0.6573)),
}
_GREY = np.array((0.2989, 0.587, 0.114), dtype=np.float32)


def crops(size: int, batch: int) -> torch.Tensor:
    """(batch, 3, size, size) out of the shipped photographs."""
    names = ("astronaut", "coffee", "china", "flower", "rocket")
    photos = [srlab.photo(name) for name in names]
    pieces = []
    for i in range(batch):
        photo = photos[i % len(photos)]
        top, left = (
            (i * step) % (n - size + 1)
            for step, n in zip((37, 53), photo.shape[-2:], strict=True)
        )
        pieces.append(photo[..., top : top + size, left : left + size])
    return torch.cat(pieces)


def degrade_one(
    x: np.ndarray, drawn: dict, rng: np.random.Generator, pipeline: degrade.Pipeline
) -> np.ndarray:
    """One image (H, W, 3) float32 in [0, 1] -> (H / scale, W / scale, 3) uint8."""
    height, width = x.shape[:2]
    target = (height // pipeline.scale, width // pipeline.scale)

    def run(stage, x):
        d = drawn.get(stage.name)
        if isinstance(stage, degrade.EitherOrder):
            steps = stage.steps({stage.name: {"turned": [d["turned"]]}})
            for step in steps:
                x = run(step, x)
            return x
        if isinstance(stage, degrade.Blur | degrade.Sinc):
            return _blur(x, _kernel(d)) if d["on"] else x
        if isinstance(stage, degrade.Resize):
            whole = target if stage.of_target else (height, width)
            size = [max(1, int(n * d["scale"])) for n in whole]
            return _resize(x, size, d["mode"])
        if isinstance(stage, degrade.Fit):
            return _resize(x, target, d["mode"])
        if isinstance(stage, degrade.Noise):
            return _noise(x, d, rng)
        return _jpeg(x, int(d["quality"]))

    for stage in pipeline.stages:
        x = run(stage, x)
    return _to_uint8(x)


def _kernel(d: dict) -> np.ndarray:
    k = int(d["size"])
    t = np.arange(k) - k // 2
    x, y = t[None, :], t[:, None]
    if d.get("sinc", True):  # the stage `Sinc` draws nothing else
        r = np.sqrt(x**2 + y**2)
        angle = (np.arange(64) + 0.5) * math.pi / 64  # J1 by its integral
        z = (d["cutoff"] * r)[..., None]
        j1 = np.cos(angle - z * np.sin(angle)).mean(axis=-1)
        r[k // 2, k // 2] = 1
        kernel = d["cutoff"] * j1 / (2 * math.pi * r)
        kernel[k // 2, k // 2] = d["cutoff"] ** 2 / (4 * math.pi)
    else:
        c, s = math.cos(d["angle"]), math.sin(d["angle"])
        u, v = (x * c + y * s) / d["sigma_x"], (y * c - x * s) / d["sigma_y"]
        q = (u**2 + v**2) ** d["beta"]
        kernel = np.exp(-q / 2) if d["kind"] < 4 else 1 / (1 + q)
    return kernel / kernel.sum()


def _blur(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    r = len(kernel) // 2
    height, width = x.shape[:2]
    padded = np.pad(x, ((r, r), (r, r), (0, 0)), mode="reflect")
    size = [_fast(n) for n in padded.shape[:2]]
    spectrum = np.fft.rfft2(padded, s=size, axes=(0, 1))
    spectrum *= np.fft.rfft2(kernel, s=size)[..., None]
    full = np.fft.irfft2(spectrum, s=size, axes=(0, 1))
    return full[2 * r : 2 * r + height, 2 * r : 2 * r + width].astype(np.float32)


@lru_cache
def _fast(n: int) -> int:
    """The next size with no other factors than 2, 3 and 5."""
    rest = n
    for factor in (2, 3, 5):
        while rest % factor == 0:
            rest //= factor
    return n if rest == 1 else _fast(n + 1)


def _resize(x: np.ndarray, size: tuple[int, int], mode: int) -> np.ndarray:
    picture = Image.fromarray(_to_uint8(x))
    picture = picture.resize((size[1], size[0]), _MODES[int(mode)])
    return np.asarray(picture, dtype=np.float32) / 255


def _noise(x: np.ndarray, d: dict, rng: np.random.Generator) -> np.ndarray:
    if d["gaussian"]:
        shape = (*x.shape[:2], 1) if d["grey"] else x.shape
        noise = rng.standard_normal(shape, dtype=np.float32) * (d["sigma"] / 255)
    else:
        light = (x @ _GREY)[..., None] if d["grey"] else x
        light = np.clip(np.round(light * 255), 0, 255) / 255
        noise = (rng.poisson(light * 256) / 256 - light) * d["scale"]
    return np.clip(x + noise, 0, 1).astype(np.float32)


def _jpeg(x: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(_to_uint8(x)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), dtype=np.float32) / 255


def _to_uint8(x: np.ndarray) -> np.ndarray:
    return (np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8)


def unbatch(drawn: Draws, batch: int) -> list[dict]:
    """The draws of each image as plain numbers; the batch's where it is one for all."""
    for_all = {"scale", "mode", "turned"}
    return [
        {
            stage: {
                name: values[
                    0 if name in for_all and "noise" not in stage else i
                ].item()
                for name, values in draw.items()
            }
            for stage, draw in drawn.items()
        }
        for i in range(batch)
    ]


def rates(
    size: int = 160, batch: int = 16, rounds: int = 8, device: str = "cpu"
) -> pd.DataFrame:
    """Images a second of both sides, turn about in one run; ratio above 1 is faster.

    Each round both sides degrade one batch with the same draws; the medians of the
    rounds' times are compared.
    """
    hr = crops(size, batch)
    arrays = [np.ascontiguousarray(x.permute(1, 2, 0).numpy()) for x in hr]
    hr = hr.to(device)
    rng, table = np.random.default_rng(0), []
    for pipeline in (degrade.first_order(4), degrade.real_esrgan(4)):
        generator = torch.Generator().manual_seed(0)
        pipeline(hr, generator)  # tables are made once
        ours, theirs = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            drawn = pipeline.sample(batch, generator)
            pipeline.apply(hr, drawn, generator).cpu()
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            for x, one in zip(arrays, unbatch(drawn, batch), strict=True):
                degrade_one(x, one, rng, pipeline)
            theirs.append(time.perf_counter() - start)
        a, b = (batch / statistics.mean(times) for times in (ours, theirs))
        table.append((f"{pipeline.name} {size}x{size}, batch {batch}", a, b, a / b))
    columns = ["what", "ours images/s", "NumPy and Pillow images/s", "ratio"]
    frame = pd.DataFrame(table, columns=columns)
    print(f"{device}, {torch.get_num_threads()} threads")
    print(frame.round(2).to_string(index=False), flush=True)
    return frame


def classical(executor) -> pd.DataFrame:
    """PSNR and SSIM of luma, 3 pixels cut; a seed for each picture's noise."""
    table = []
    for set_name in SETS:
        pictures = [hr for _, hr in benchmark_set(set_name)]
        found = executor.map(_classical_one, pictures, range(len(pictures)))
        means = pd.concat(found).groupby(["degradation", "method"], sort=False).mean()
        table.append(means.reset_index().assign(set_name=set_name, kind="measured"))
        print(table[-1].to_string(index=False), flush=True)
    for (degradation, method), values in PRINTED.items():
        frame = pd.DataFrame(values, columns=["psnr", "ssim"])
        frame = frame.assign(degradation=degradation, method=method, kind="published")
        table.append(frame.assign(set_name=SETS))
    bicubic = [evaluation.published("bicubic", name, 3) for name in SETS]
    frame = pd.DataFrame(bicubic)[["psnr", "ssim"]].assign(set_name=SETS)
    table.append(frame.assign(degradation="BI", method="bicubic", kind="published"))
    columns = ["degradation", "set_name", "method", "kind", "psnr", "ssim"]
    return pd.concat(table)[columns].round({"psnr": 4, "ssim": 5})


def _classical_one(hr: torch.Tensor, seed: int) -> pd.DataFrame:
    """Rows of one picture: three degradations, bicubic and the network.

    A grey picture is measured as it is, in one of three equal channels: the luma of
    the three would lie in 16..235, and of three noises in a row some would cancel.
    """
    grey = hr.shape[1] == 1
    hr = crop_to_multiple(hr, 3).expand(-1, 3, -1, -1)
    restorers = {"bicubic": Interpolator(3), "edsr_x3": srlab.load("edsr_x3")}
    rows = []
    for kind in (degrade.BI(3), degrade.BD(3), degrade.DN(3)):
        lr = kind(hr, torch.Generator().manual_seed(seed))
        for method, restorer in restorers.items():
            with torch.no_grad():
                sr = round8(restorer(lr).clamp(0, 1))
            x, y = (v[:, :1] if grey else v for v in (sr, hr))
            row = {"degradation": type(kind).__name__, "method": method}
            row["psnr"] = metrics.psnr(x, y, border=3, luma=True)
            row["ssim"] = metrics.ssim(x, y, border=3, luma=True)
            rows.append(row)
    return pd.DataFrame(rows)
