# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What the card of a trained network says: how it was made, and what it reaches."""

from __future__ import annotations

import os
import platform
import shlex
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srlab import evaluation, models, recipes
from srlab.recipes import Recipe
from srlab.training.report import Report
from srlab.weights import Card

__all__ = ["KEYS", "card", "command", "device_name", "measure", "words"]

SETS = ("Set5", "Set14", "B100")
KEYS = ("steps", "minutes", "batch", "patch", "start", "seed")


def card(recipe: Recipe, report: Report, net: nn.Module) -> Card:
    """What a run's card says."""
    settings = {**recipe.settings, "scales": " ".join(map(str, recipe.scales))}
    metrics = {
        "validation_psnr": round(report.best_psnr, 3),
        "validation_bicubic": round(report.bicubic, 3),
    }
    data = f"{', '.join(recipe.data)}: {report.steps} steps of {recipe.batch} crops"
    small = f"LR by {recipe.degradation}" if recipe.degradation else "bicubic LR"
    if recipe.codec:
        small = f"decoded from {recipe.codec} files of several qualities"
    if recipe.sharpen:
        small += ", sharpened targets"
    return Card(
        recipe=command(recipe),
        data=f"{data} of {recipe.patch} small pixels a side; {small}",
        device=device_name(),
        minutes=round(report.seconds / 60, 1),
        licence="MIT",
        metrics=metrics | ({} if recipe.codec else measure(net, recipe.scales)),
        model=recipe.model,
        settings=settings,
        note=_note(recipe, report),
    )


def command(recipe: Recipe) -> str:
    """The command that makes the run, with what differs from the preset."""
    usual = recipes.get(recipe.name, recipe.preset)
    parts = words(recipe, usual, KEYS)
    if recipe.gan and usual.gan and recipe.gan.adversarial != usual.gan.adversarial:
        parts.append(f"--adversarial {recipe.gan.adversarial}")
    return " ".join(parts)


def words(plan: Any, usual: Any, keys: tuple[str, ...]) -> list[str]:
    """The command of a plan, with what differs from its preset."""
    found = [f"python -m srlab train {plan.name} --{plan.preset}"]
    for key in keys:
        if key == "steps" and plan.minutes:
            continue  # the clock ends the run
        value = getattr(plan, key)
        if key == "start" and value.endswith(".safetensors"):
            value = Path(value).stem  # whose folder it was does not matter
        if value != getattr(usual, key):
            found.append(f"--{key} {shlex.quote(str(value))}")
    return found


def _note(recipe: Recipe, report: Report) -> str:
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
