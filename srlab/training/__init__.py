# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One loop that trains every restorer of the course, on what devices there are.

Lightning Fabric moves it from one CPU to many GPUs without changing a line: start the
same program with ``torchrun --nproc-per-node 4 -m srlab train edsr_x2 --full`` (or
``fabric run``), and each process takes its share of every batch.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from tqdm.auto import tqdm

from srlab.datasets.bank import Bank
from srlab.recipes import Recipe
from srlab.training.adversarial import Duel
from srlab.training.health import GanWarning, HealthWatch
from srlab.training.pictures import (
    bank,
    held_out,
    pairs,
    photos,
    pictures,
    validate,
    validation_pairs,
)
from srlab.training.report import Report
from srlab.training.setting_up import clip_gradients as _clip
from srlab.training.setting_up import launch as _launch
from srlab.training.setting_up import optimizer_of as _optimizer
from srlab.training.setting_up import set_rate as _set_rate
from srlab.training.state import Diverged, State

__all__ = ["Bank", "Diverged", "GanWarning", "HealthWatch", "Report", "bank", "fit"]
__all__ += ["held_out", "pairs", "photos", "pictures", "validate"]

_LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "l1": nn.L1Loss(),
    "l2": nn.MSELoss(),
    "half_sum": lambda x, y: (x - y).square().sum() / (2 * len(x)),
}
_LOOK = 50  # steps after which the loss is looked at: each look waits for the GPU


def fit(
    net: nn.Module,
    recipe: Recipe,
    data: Bank | None = None,
    validation: Mapping[str, torch.Tensor] | None = None,
    folder: str | Path | None = None,
    watch: Callable[[list[dict[str, Any]]], object] | None = None,
    device: torch.device | str | None = None,
) -> Report:
    """Train a network in place; it ends in eval mode with the best averaged weights.

    Args:
        net: as `recipe.net()` makes it, or one of your own with `channels` and
            `upscale`: (B, C, h, w) in [0, 1] -> (B, C, upscale * h, upscale * w).
        recipe: steps, rates and all else.
        data: what to train on; without it, the recipe's pictures.
        validation: name -> image (1, 3, H, W); without it, the recipe's pictures.
        folder: where checkpoints go. A run that was killed goes on from the last one
            and gives the same weights as a run that was not.
        watch: called with the history after each validation, such as
            `srlab.widgets.live_curve()`.
        device: without it, the GPU if there is one, or what the launcher says.

    Raises:
        Diverged: the loss is NaN or infinite. `net` holds the best weights so far.
        ValueError: a batch that the processes cannot share, or another run's folder.
        FileNotFoundError: a data set is missing; says how to get it.

    Ctrl-C ends the run early: the report says "interrupted", the best is kept.
    """
    fabric = _launch(recipe, device)
    if recipe.batch % fabric.world_size:
        raise ValueError(
            f"{fabric.world_size} processes cannot share a batch of {recipe.batch}"
        )
    if recipe.minutes and fabric.world_size > 1:
        raise ValueError(
            "several processes have several clocks: give steps, no minutes"
        )
    net.train()
    if recipe.channels_last:
        net.to(memory_format=torch.channels_last)
    found = data or bank(recipe, net, fabric.device)
    checks = validation_pairs(recipe, net, validation)
    bicubic = validate(None, checks, fabric.device)
    model, optimizer = fabric.setup(
        torch.compile(net) if recipe.compile else net, _optimizer(net, recipe)
    )
    duel = Duel(fabric, recipe, cast(int, net.upscale)) if recipe.gan else None
    rivals = (duel.player, duel.optimizer) if duel else (None, None)
    state = State(
        net, optimizer, recipe.as_dict(), rival=rivals[0], rival_optimizer=rivals[1]
    )
    if folder is not None:
        state.resume(Path(folder))
    stopped = ""
    try:
        _loop(fabric, model, state, recipe, found, checks, folder, watch, duel)
    except KeyboardInterrupt:
        stopped = "interrupted"
    finally:
        best = state.best or state.average.state_dict()
        net.load_state_dict(best)
        net.eval()
    return Report(
        recipe, state.history, state.step, state.seconds, bicubic,
        state.best_psnr, state.best_step, stopped,
        tuple(duel.watch.warnings) if duel else (),
        duel.player.module.eval() if duel else None,
    )  # fmt: skip


def _loop(
    fabric: Any,
    model: nn.Module,
    state: Any,
    recipe: Any,
    data: Any,
    checks: Any,
    folder: str | Path | None,
    watch: Any,
    duel: Any,
) -> None:
    """The loop that this course is about."""
    side = recipe.patch * (max(recipe.scales) if state.net.upscale == 1 else 1)
    share = (fabric.global_rank, fabric.world_size)
    totals: dict[str, torch.Tensor] = {}
    begun, before = time.perf_counter(), state.seconds
    quiet = fabric.global_rank > 0
    with _progress(recipe, state, quiet) as bar:
        while recipe.share(state.step, state.seconds) < 1:
            rate = recipe.rate_at(state.step, state.seconds)
            _set_rate(state.optimizer, rate)
            batch = data.batch(state.step, recipe.batch, side, *share)
            if duel is None:
                found = _step(fabric, model, state, recipe, batch, rate)
            else:
                found = duel.step(model, state, batch, rate)
            state.advance(recipe.ema)
            state.seconds = before + time.perf_counter() - begun
            for name, value in found.items():
                totals[name] = totals.get(name, 0) + value
            bar.update()
            last = recipe.share(state.step, state.seconds) >= 1
            if not (last or state.step % recipe.every == 0):
                if state.step % _LOOK == 0:
                    _check_finite(totals["loss"], state)
                continue
            row = _means(fabric.all_reduce(totals, reduce_op="mean"), state)
            psnr = validate(state.average, checks, fabric.device)
            state.keep(psnr)
            row |= {"psnr": psnr, "rate": rate, "seconds": state.seconds}
            state.history.append(row)
            if duel is not None:
                duel.watch.look(state.step, row["d_real"], row["d_fake"])
            bar.set_postfix(loss=f"{row['loss']:.5f}", dB=f"{psnr:.2f}")
            if not quiet and folder is not None:
                state.save(Path(folder))
            if not quiet and watch is not None:
                watch(state.history)
            totals = {}
            begun, before = time.perf_counter(), state.seconds


def _step(
    fabric: Any, model: nn.Module, state: Any, recipe: Any, batch: Any, rate: float
) -> dict[str, torch.Tensor]:
    """One step of a network alone: forward, loss, backward, clip, move."""
    x, y = batch[:2]
    loss = _LOSSES[recipe.loss](model(x), y)
    state.optimizer.zero_grad()
    fabric.backward(loss)
    _clip(fabric, model, state.optimizer, recipe.clip, rate)
    state.optimizer.step()
    return {"loss": loss.detach()}


def _means(totals: dict[str, torch.Tensor], state: State) -> dict[str, Any]:
    """The row of a validation: means since the last one."""
    _check_finite(totals["loss"], state)
    count = state.step - (state.history[-1]["step"] if state.history else 0)
    return {"step": state.step} | {k: v.item() / count for k, v in totals.items()}


def _progress(recipe: Recipe, state: State, quiet: bool) -> tqdm:
    """Steps made, steps to go, time left; TQDM_DISABLE=1 silences it too.

    Twice a second at most: a notebook's front end, or what stands in for it in a test,
    loses messages that come faster than it reads them.
    """
    silent = quiet or os.environ.get("TQDM_DISABLE") == "1"  # its widget asks not
    return tqdm(
        desc=recipe.name, initial=state.step, total=recipe.steps, leave=False,
        mininterval=0.5, disable=silent,
    )  # fmt: skip


def _check_finite(total: torch.Tensor, state: State) -> float:
    value = total.item()
    if not math.isfinite(value):
        kept = f"{state.best_psnr:.2f} dB at step {state.best_step}"
        raise Diverged(
            f"the loss is {value} at step {state.step} or a little before. The best "
            f"weights so far ({kept if state.best else 'none'}) are kept; try a "
            "lower rate, a longer warm_up, or clip."
        )
    return value
