# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A whole run as a command makes it: train, measure, write weights and card."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch
from torch import nn

from srlab import evaluation, models, recipes, training
from srlab.recipes import Recipe
from srlab.weights import Card, write_weights

__all__ = ["device_name", "measure", "run"]

SETS = ("Set5", "Set14", "B100")


def run(recipe: Recipe, folder: str | Path, out: str | Path | None = None) -> Path:
    """Train (or go on with) a recipe and write NAME.safetensors and its card.

    Args:
        recipe: what to train. folder: of the checkpoint.
        out: folder of the weights; the checkpoint's without it.

    Returns:
        The weights' path. Only the first of several processes writes.
    """
    net = recipe.net()
    report = training.fit(net, recipe, folder=folder)
    file = Path(out or folder) / f"{recipe.name}.safetensors"
    if int(os.environ.get("RANK", 0)) == 0:
        write_weights(file, net.cpu().state_dict(), card(recipe, report, net))
    return file


def card(recipe: Recipe, report: training.Report, net: nn.Module) -> Card:
    """What a run's card says."""
    settings = {**recipe.settings, "scales": " ".join(map(str, recipe.scales))}
    metrics = {
        "validation_psnr": round(report.best_psnr, 3),
        "validation_bicubic": round(report.bicubic, 3),
    }
    data = f"{', '.join(recipe.data)}: {report.steps} steps of {recipe.batch} crops"
    return Card(
        recipe=command(recipe),
        data=f"{data} of {recipe.patch} small pixels a side; bicubic LR",
        device=device_name(),
        minutes=round(report.seconds / 60, 1),
        licence="MIT",
        metrics=metrics | measure(net, recipe.scales),
        model=recipe.model,
        settings=settings,
        note=_note(recipe, report),
    )


def command(recipe: Recipe) -> str:
    """The command that makes the run, with what differs from the preset."""
    usual = recipes.get(recipe.name, recipe.preset)
    words = [f"python -m srlab train {recipe.name} --{recipe.preset}"]
    for key in ("steps", "start", "seed"):
        if getattr(recipe, key) != getattr(usual, key):
            words.append(f"--{key} {getattr(recipe, key)}")
    return " ".join(words)


def _note(recipe: Recipe, report: training.Report) -> str:
    """What a user of the weights should know: how far this is from the full run."""
    full = recipes.get(recipe.name, "full")
    words = []
    if recipe.preset != "full":
        words.append(f"a {recipe.preset} run of {report.steps * recipe.batch:,} crops")
    if dict(recipe.settings) != dict(full.settings):
        words.append("its settings are not the paper's")
    if report.stopped:
        words.append(f"{report.stopped} before its end")
    return "; ".join(words)


def measure(net: nn.Module, scales: tuple[int, ...]) -> dict[str, float]:
    """Set5, Set14 and B100 under protocol B, as far as they are on this machine."""
    found = {}
    for scale in scales:
        restorer = models.restorer(net, scale)
        for name in SETS:
            try:
                row = evaluation.benchmark(restorer, name, scale, protocol="B")
            except FileNotFoundError:
                continue
            found[f"{name.lower()}_x{scale}_psnr"] = round(row.psnr, 3)
            found[f"{name.lower()}_x{scale}_ssim"] = round(row.ssim, 5)
    return found


def device_name() -> str:
    """Such as "1 x NVIDIA H200" or "CPU, 1 of 2 cores, x86_64"."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    threads, cores = torch.get_num_threads(), os.cpu_count()
    return f"CPU, {threads} of {cores} cores, {platform.machine()}"
