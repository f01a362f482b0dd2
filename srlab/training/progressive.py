# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the progressive codec is trained: the mean error of all its steps at once.

There is no rate term: a step has its bits, whatever it does with them.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from srlab.codecs.progressive import BLOCK, ProgressiveNet
from srlab.datasets.bank import Bank
from srlab.recipes.recipe import HELD_OUT, SETS
from srlab.training.cards import device_name
from srlab.training.pictures import pictures
from srlab.weights import Card, write_weights

__all__ = ["fit_progressive", "run", "validate_progressive"]

TRAINING = ("photos", *SETS)


def fit_progressive(
    minutes: float = 10.0,
    steps: int = 1_000_000,
    batch: int = 4,
    patch: int = 64,
    rate: float = 3e-3,
    limit: int = 0,
    seed: int = 0,
) -> tuple[ProgressiveNet, dict[str, float]]:
    """A trained `ProgressiveNet` and what to put on its card.

    Args:
        minutes: of a processor's time, or it ends after `steps`. batch: crops a step,
            `patch` pixels a side. limit: at most so many pictures of each set.
    """
    data = Bank(((p, p) for p in pictures(TRAINING, limit)), "cpu", seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ProgressiveNet()
    optimizer = torch.optim.Adam(net.parameters(), rate)
    begun, step, share, passed = time.process_time(), 0, 0.0, 0.0
    bar = tqdm(desc="progressive", total=steps, leave=False, mininterval=2)
    while share < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 + math.cos(math.pi * share)) / 2
        x, _ = data.batch(step, batch, patch)
        made, _ = net(x)
        errors = torch.stack([(picture - x).square().mean() for picture in made])
        loss = errors.log().mean()  # a dB counts the same in every step
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step += 1
        bar.update()
        if step % 100 == 0:
            bar.set_postfix(dB=f"{-10 * errors[-1].log10().item():.2f}")
        passed = (time.process_time() - begun) / 60
        share = max(step / steps, passed / minutes)
    bar.close()
    made = {"steps": step, "minutes": passed, "batch": batch, "patch": patch}
    return net.eval().requires_grad_(False), made


@torch.no_grad()
def validate_progressive(net: ProgressiveNet, limit: int = 0) -> dict[str, float]:
    """Mean PSNR (dB) after each step on pictures that no training saw."""
    scores: list[list[float]] = []
    for picture in pictures(HELD_OUT, limit):
        height, width = (BLOCK * (n // BLOCK) for n in picture.shape[1:])
        x = picture[None, :, :height, :width].float() / 255
        made, _ = net(x)
        errors = [(p.clamp(0, 1) - x).square().mean().item() for p in made]
        scores.append([-10 * math.log10(e) for e in errors])
    means = torch.tensor(scores).mean(0).tolist()
    return {f"validation_psnr_{k}": round(v, 3) for k, v in enumerate(means, 1)}


def run(out: str | Path = "data/weights", minutes: float = 8.0, limit: int = 0) -> Path:
    """Train, measure and write the weights and their card."""
    net, made = fit_progressive(minutes, limit=limit)
    file = Path(out) / "progressive.safetensors"
    card = Card(
        recipe=f"python -m srlab train progressive --short --minutes {minutes:g}",
        data=f"{', '.join(TRAINING)}: {made['steps']} steps of {made['batch']} crops "
        f"of {made['patch']} pixels a side",
        device=device_name(),
        minutes=round(made["minutes"], 1),
        licence="MIT",
        metrics=validate_progressive(net, limit),
        model="ProgressiveNet",
        settings={"bits": net.bits, "N": net.N, "steps": net.steps},
        note="a codec, no restorer; a step costs 1/8 bit per pixel",
    )
    write_weights(file, net.state_dict(), card, dtype="float16")
    return file
