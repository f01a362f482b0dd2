# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The parts of `make bench` that compare sharpness with fidelity.

- perception: bicubic, the nets trained for PSNR, their GANs and what lies between, on
  clean small pictures -> data/results/perception.csv
- degraded: nets trained on bicubic and on degradations, on clean and on damaged small
  pictures -> data/results/degraded_rows.csv

- stability: the full recipes of the three GANs for their first 1,000 steps, with small
  players and few crops -> data/results/gan_stability.csv

PSNR and SSIM are of luma, `scale` pixels cut, after rounding; the other measures take
RGB. The damage of a picture is drawn from its number in the set, so that every run and
every method sees the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import pandas as pd
import torch

import srlab
from srlab import degrade, images, metrics, models, recipes, training
from srlab.datasets import benchmark_set
from srlab.resample import Interpolator, imresize

SCALE = 4
ALPHAS = (0.2, 0.4, 0.6, 0.8)
CLEAN = ("bicubic", "edsr_x4", "srresnet_x4", "srgan_x4", "rrdb_x4", "esrgan_x4")
BLIND = ("bicubic", "rrdb_x4", "real_esrnet_x4", "real_esrgan_x4")
DAMAGES = ("clean", "blur", "noise", "jpeg", "real_esrgan")
COLUMNS = {
    "psnr": 3, "ssim": 4, "sharpness_db": 2, "haarpsi": 4, "gmsd": 4, "mdsi": 4,
    "fsim": 4, "rmse": 3,
}  # decimals  # fmt: skip


def perception(executor) -> pd.DataFrame:
    """Every method on clean pictures, means over each set."""
    between = [f"rrdb_x4 + {a:g} (esrgan_x4 - rrdb_x4)" for a in ALPHAS]
    mixed = [f"pictures: {name}" for name in between]
    methods = (*CLEAN, *between, *mixed)
    return _table(("Set5", "Set14"), ("clean",), methods, executor)


def degraded(executor) -> pd.DataFrame:
    """Every method on every damage, means over each set."""
    return _table(("Set14", "B100"), DAMAGES, BLIND, executor)


def stability(steps: int = 1000) -> pd.DataFrame:
    """What the two players do in a full recipe's first steps, a row each 100.

    As in full: losses and their weights, rates, schedule, average, pool's shuffling.
    Smaller: both nets, crops of 16 small pixels, 4 a step, a pool of 32, and the photo
    classifier's deepest features where the recipe takes VGG19's.
    """
    rows = []
    for name in ("srgan_x4", "esrgan_x4", "real_esrgan_x4"):
        full, tiny = recipes.get(name, "full"), recipes.get(name, "fast")
        gan = replace(full.gan, width=8, features="photo")
        recipe = replace(
            full, model=tiny.model, settings=tiny.settings, gan=gan, batch=4, patch=16,
            pool=32, every=100, data=("photos",), validation=("held_out",), limit=4,
        )  # fmt: skip
        # the schedule is that of the full run; the run ends by a stop at `steps`
        seen: list[dict] = []

        def stop(history: list[dict], seen: list[dict] = seen) -> None:
            seen[:] = history
            if history[-1]["step"] >= steps:
                raise KeyboardInterrupt

        report = training.fit(recipe.net(), recipe, watch=stop, device="cpu")
        keys = ("step", "loss", "pixel", "perceptual", "adversarial", "d_loss")
        for row in seen:
            kept = {k: round(row[k], 4) for k in (*keys, "d_real", "d_fake", "psnr")}
            rows.append({"recipe": name} | kept)
        print(name, report, report.warnings, rows[-1], flush=True)
    return pd.DataFrame(rows)


def _table(sets, damages, methods, executor) -> pd.DataFrame:
    rows = []
    for set_name in sets:
        pictures = [image.expand(-1, 3, -1, -1) for _, image in benchmark_set(set_name)]
        numbered = list(enumerate(pictures))
        for damage in damages:
            score = partial(_scores, damage, tuple(methods))
            found = pd.DataFrame(
                [r for part in executor.map(score, numbered) for r in part]
            )
            known = [k for k in COLUMNS if k in found]
            means = found.groupby("method", sort=False).mean(numeric_only=True)
            for method, row in means.iterrows():
                first = {"set_name": set_name, "degradation": damage, "method": method}
                values = {k: round(row[k], COLUMNS[k]) for k in known}
                rows.append(first | {"images": len(pictures)} | values)
                print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def damaged(damage: str, hr: torch.Tensor, number: int) -> torch.Tensor:
    """(1, 3, H, W) -> (1, 3, H / 4, W / 4) on the 1/255 grid, always the same.

    clean: MATLAB's bicubic. The next three are one step each on top of it: blur
    (sigma 2 before it), noise (sigma 15 after it), jpeg (quality 40 after it).
    """
    generator = torch.Generator().manual_seed(1000 + number)
    if damage in ("first_order", "real_esrgan"):
        return getattr(degrade, damage)(scale=SCALE)(hr, generator)
    if damage == "blur":
        hr = degrade.blur(hr, degrade.kernels.isotropic(21, 2.0)).clamp(0, 1)
    small = images.round8(imresize(hr, scale=1 / SCALE))
    if damage == "noise":
        small = images.round8(degrade.gaussian_noise(small, 15.0, generator))
    if damage == "jpeg":
        small = degrade.jpeg(small, 40)
    return small


def _scores(damage: str, methods: tuple[str, ...], numbered) -> list[dict]:
    """A row for each method, of one picture."""
    number, hr = numbered
    hr = images.crop_to_multiple(hr, SCALE)
    small = damaged(damage, hr, number)
    rows = []
    for method in methods:
        x = _restored(method, small)
        pair = (images.round8(images.luma(t)) for t in (x, hr))
        luma_x, luma_y = (t.to(torch.float64) for t in pair)
        values = {
            "psnr": metrics.psnr(luma_x, luma_y, SCALE),
            "ssim": metrics.ssim(luma_x, luma_y, SCALE),
            "sharpness_db": metrics.sharpness(x, hr, SCALE),
            "rmse": 255 * metrics.mse(luma_x, luma_y, SCALE) ** 0.5,
        }
        others = ("haarpsi", "gmsd", "mdsi", "fsim")
        for name in others if damage == "clean" else others[:1]:
            values[name] = getattr(metrics, name)(x, hr, SCALE)
        rows.append({"method": method} | values)
    return rows


def _restored(method: str, small: torch.Tensor) -> torch.Tensor:
    if method.startswith("pictures: "):
        alpha = float(method.split("+ ")[1].split(" ")[0])
        a, b = (_restored(name, small) for name in ("rrdb_x4", "esrgan_x4"))
        return images.round8((1 - alpha) * a + alpha * b)
    return images.round8(_net(method)(small))


@lru_cache(maxsize=16)
def _net(method: str):
    if method == "bicubic":
        return Interpolator(SCALE)
    if "+" not in method:
        return srlab.load(method)
    alpha = float(method.split("+ ")[1].split(" ")[0])
    psnr, gan = (srlab.load(name).net for name in ("rrdb_x4", "esrgan_x4"))
    weights = models.network_interpolation(psnr.state_dict(), gan.state_dict(), alpha)
    psnr.load_state_dict(weights)
    return models.restorer(psnr)
