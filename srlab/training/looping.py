# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The loop of those that are no plain restorers: a step, now and then a look.

`srlab.training.fit` is the loop that the course teaches; this one does the same for
nets whose step is of another kind. It warms up, follows half a cosine by steps or by
the clock, averages the weights, keeps the best, and survives being killed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm

from srlab.training.state import Diverged, State

__all__ = ["go", "plain"]


def go(
    plan: Any,
    state: State,
    step: Callable[[int, float, float], torch.Tensor],
    validate: Callable[[nn.Module], dict[str, float]],
    folder: str | Path | None = None,
    watch: Callable[[list[dict[str, Any]]], object] | None = None,
    warm_up: int = 100,
) -> None:
    """Train until the plan's steps or minutes are over; the best is then in the net.

    Args:
        plan: with name, steps, rate, ema, every and share(step, seconds).
        state: of the net; resumed from `folder` if there is a checkpoint.
        step: (number, learning rate, share of the run) -> loss; it moves the weights.
        validate: averaged net -> a row, of which "score" is the lower the better.
        watch: called with the history after each validation.
        warm_up: steps in which the rate rises from 0.

    Raises:
        Diverged: the loss is NaN or infinite.
    """
    if folder is not None:
        state.resume(Path(folder))
    try:
        _loop(plan, state, step, validate, folder, watch, warm_up)
    except KeyboardInterrupt:
        pass
    finally:
        state.net.load_state_dict(state.best or state.average.state_dict())
        state.net.eval()


def _loop(
    plan: Any,
    state: Any,
    step: Any,
    validate: Any,
    folder: str | Path | None,
    watch: Any,
    warm_up: int,
) -> None:
    begun, before, total = time.perf_counter(), state.seconds, 0.0
    bar = tqdm(
        desc=plan.name, initial=state.step, total=plan.steps, leave=False, mininterval=2
    )
    while (share := plan.share(state.step, state.seconds)) < 1:
        rate = plan.rate * (1 + math.cos(math.pi * share)) / 2
        rate *= min(1.0, (state.step + 1) / max(warm_up, 1))
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        total = total + step(state.step, rate, share).detach()
        state.advance(plan.ema)
        state.seconds = before + time.perf_counter() - begun
        bar.update()
        last = plan.share(state.step, state.seconds) >= 1
        if not (last or state.step % plan.every == 0):
            continue
        row = _row(state, float(total))
        row |= validate(state.average) | {"seconds": state.seconds}
        state.keep(-row["score"])
        state.history.append(row)
        shown: dict[str, object] = {
            k: f"{row[k]:.4g}" for k in ("loss", "psnr") if k in row
        }
        bar.set_postfix(shown)
        if folder is not None:
            state.save(Path(folder))
        if watch is not None:
            watch(state.history)
        total = 0.0
    bar.close()


def _row(state: Any, total: float) -> dict[str, Any]:
    """Step and mean loss since the last validation; Diverged if it is no number."""
    since = state.history[-1]["step"] if state.history else 0
    loss = total / (state.step - since)
    if not math.isfinite(loss):
        raise Diverged(f"the loss is {loss} before step {state.step}")
    return {"step": state.step, "loss": loss}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A plan as a checkpoint keeps it: tuples as lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}
