# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Learn where an object is from labels alone: eleven methods, one loop, one budget.

Each method fine-tunes the course's photo classifier in the same time, so that the maps
differ by what was erased and by nothing else. After J. Choe et al., "Evaluating weakly
supervised object localization methods right", arXiv 2001.07437. Difference: they search
each method's settings, and here each has its paper's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from tqdm.auto import tqdm

from srlab.images import to_uint8
from srlab.saliency.localiser import AE_PSL, METHODS, Localiser, localiser
from srlab.saliency.photographs import SQUARE, Photographs, crops, photographs
from srlab.training.state import Diverged, State
from srlab.weights import Card, write_weights

__all__ = [
    "METHODS",
    "SQUARE",
    "Lesson",
    "Localiser",
    "Photographs",
    "crops",
    "lesson",
    "localiser",
    "photographs",
    "run",
    "teach",
]


@dataclass(frozen=True)
class Lesson:
    """Everything that decides what a localiser becomes."""

    method: str = "cam"
    preset: str = "full"
    data: str = "Imagenette_900/train"  # a folder of classes, or "photos"
    limit: int = 0  # at most so many photographs, 0: all
    steps: int = 2000
    minutes: float = 0.0  # of CPU time (of a GPU: by the clock), 0: by steps
    batch: int = 32
    side: int = 144  # of the crops
    rate: float = 2e-4  # of AdamW, half a cosine; the trunk's
    head_rate: float = 5e-3  # the head's, which begins at random
    weight_decay: float = 0.01
    smoothing: float = 0.05  # of the labels
    ema: float = 0.9
    every: int = 50  # steps from one checkpoint to the next
    seed: int = 0

    def __post_init__(self) -> None:
        """ValueError for what no run could have."""
        if self.method not in METHODS:
            known = ", ".join(METHODS)
            raise ValueError(f"no method is called {self.method!r}; there are {known}")
        for key in ("steps", "batch", "side", "every"):
            if not isinstance(value := getattr(self, key), int) or value < 1:
                raise ValueError(f"{key} is {value!r}; expected a whole number from 1")
        if not (self.minutes >= 0 and math.isfinite(self.minutes)):
            raise ValueError(f"minutes is {self.minutes}; expected a number from 0")

    @property
    def name(self) -> str:
        """What a run is called: "acol-0"."""
        return f"{self.method}-{self.seed}"

    def share(self, step: int, seconds: float) -> float:
        """How much of the run is over, 0 to 1."""
        by_clock = seconds / 60 / self.minutes if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_clock))


def lesson(method: str, preset: str = "full", seed: int = 0) -> Lesson:
    """full: a GPU's minutes; short: three minutes of one CPU core; rehearse: two steps
    on shipped photographs. ValueError if there is none."""
    full = Lesson(method, seed=seed)
    known = {
        "full": full,
        "short": replace(full, preset="short", steps=100_000, minutes=3.0),
        "rehearse": replace(
            full, preset="rehearse", data="photos", limit=3, steps=2, batch=2, side=64,
            every=1,
        ),
    }  # fmt: skip
    if preset not in known:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(known)}")
    return known[preset]


def teach(
    plan: Lesson,
    folder: str | Path | None = None,
    device: torch.device | str | None = None,
) -> Localiser:
    """Train a localiser; it ends in eval mode, with `made` (steps, minutes, history).

    Args:
        plan: from `lesson`. folder: of the checkpoints; a run that was killed goes on.
        device: the GPU if there is one, unless told otherwise.

    Raises:
        FileNotFoundError: the data is missing. Diverged: the loss is not finite.
        ValueError: the folder holds another run's checkpoint.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    data = photographs(plan.data, plan.limit)
    folder = Path(folder) if folder is not None else None
    if plan.method != "ae_psl":
        return _round(plan, data, folder, device)
    part = replace(plan, steps=max(1, plan.steps // 2), minutes=plan.minutes / 2)
    first = _round(
        replace(part, method="cam"), data, folder and folder / "first", device
    )
    clock = _clock(device)
    begun = clock()
    rest = replace(data, squares=_mine(first, data))
    return _round(part, rest, folder, device, first, clock() - begun)


def run(
    plan: Lesson, folder: str | Path, out: str | Path | None = None, device: Any = None
) -> Path:
    """A whole run: teach (or go on), write localiser_METHOD.safetensors and its card.

    Args:
        folder: of the checkpoint. out: of the weights; the same without it.

    Returns:
        The weights' path; `localiser(path)` reads them. Errors as of `teach`.
    """
    from srlab.training.cards import device_name

    net = teach(plan, folder, device)
    file = Path(out or folder) / f"localiser_{plan.method}.safetensors"
    words = f"--method {plan.method} --{plan.preset} --seed {plan.seed}"
    card = Card(
        recipe=f"python -m srlab train localiser {words}",
        data=f"{plan.data}: {net.made['steps']} steps of {plan.batch} crops of "
        f"{plan.side} pixels a side",
        device=device_name(),
        minutes=round(net.made["minutes"], 2),
        licence="MIT",
        metrics={"loss": round(net.made["history"][-1]["loss"], 4)},
        model="Localiser",
        settings={"method": plan.method, "labels": ", ".join(net.labels)},
        note="knows the classes of its training photographs and no others",
    )
    write_weights(file, net.cpu().state_dict(), card, dtype="float16")
    return file


def _mine(first: Localiser, data: Photographs) -> torch.Tensor:
    """AE-PSL's next photographs: without what the first network's maps show."""
    device = next(first.parameters()).device
    found = []
    for squares, labels in zip(
        data.squares.split(32), data.labels.split(32), strict=True
    ):
        x = squares.to(device).float() / 255
        maps = first.maps(first.prepare(x), labels.to(device))
        found.append(to_uint8(AE_PSL(x, maps)).cpu())
    return torch.cat(found)


def _round(
    plan: Any,
    data: Any,
    folder: str | Path | None,
    device: Any,
    first: Any = None,
    spent: float = 0.0,
) -> Localiser:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        net = Localiser(plan.method, data.names).start()
    if first is not None:
        cast(nn.Module, net.first).load_state_dict(first.state_dict())
    net.to(device).to(memory_format=torch.channels_last)
    trunk = [p for p in net.net.parameters() if p.requires_grad]
    groups = [
        {"params": trunk, "base": plan.rate},
        {"params": list(net.head.parameters()), "base": plan.head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, plan.rate, weight_decay=plan.weight_decay)
    state = State(net, optimizer, asdict(plan), seconds=spent)
    if folder is not None:
        state.resume(Path(folder))
    _loop(plan, state, data, folder, device)
    trained = state.average.eval()
    before = first.made if first is not None else {"steps": 0, "minutes": 0.0}
    trained.made = {
        "steps": state.step + before["steps"],
        "minutes": state.seconds / 60 + before["minutes"],
        "history": state.history,
    }
    return trained


def _clock(device: torch.device) -> Callable[[], float]:
    """On the CPU its own time, which does not count what other programs take."""
    return time.process_time if device.type == "cpu" else time.perf_counter


def _loop(
    plan: Any, state: Any, data: Any, folder: str | Path | None, device: Any
) -> None:
    clock, generator = _clock(device), torch.Generator()
    squares, labels = data.squares.to(device), data.labels.to(device)
    begun, before = clock(), state.seconds
    bar = tqdm(
        desc=plan.name, initial=state.step, total=plan.steps, leave=False, mininterval=2
    )
    recent = []
    while (share := plan.share(state.step, state.seconds)) < 1:
        rise = min(1.0, (state.step + 1) / 10)
        for group in state.optimizer.param_groups:
            cosine = (1 + math.cos(math.pi * share)) / 2
            group["lr"] = rise * group["base"] * cosine
        generator.manual_seed(plan.seed * 1_000_003 + state.step)
        at = torch.randint(len(squares), (plan.batch,), generator=generator).to(device)
        x = crops(squares[at], plan.side, generator)
        loss = state.net.loss(x, labels[at], generator, share, plan.smoothing)
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.advance(plan.ema)
        recent.append(loss.detach())
        state.seconds = before + clock() - begun
        bar.update()
        last = plan.share(state.step, state.seconds) >= 1
        if not (last or state.step % plan.every == 0):
            continue
        mean = torch.stack(recent).mean().item()
        recent.clear()
        if not math.isfinite(mean):
            raise Diverged(f"the loss is {mean} before step {state.step}")
        state.history.append(
            {"step": state.step, "loss": mean, "seconds": state.seconds}
        )
        bar.set_postfix(loss=f"{mean:.3f}")
        if folder is not None:
            state.save(folder)
