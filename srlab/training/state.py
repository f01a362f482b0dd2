# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a training run must not lose: weights, their average, the optimizer, the best.

A checkpoint is written whole or not at all: a kill at any moment leaves the last one.
"""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from srlab.paths import write_whole

__all__ = ["Diverged", "State"]

FILE = "checkpoint.pt"


class Diverged(RuntimeError):
    """The loss is not a finite number any more: the weights are lost from here on."""


@dataclass
class State:
    """A run between two steps.

    Attributes:
        net, optimizer: as they are trained. average: its weights' moving average (EMA),
            in eval mode; what is validated and kept.
        step: how many were made; history: a row for each validation.
        best: the average's weights at the best validation, on the CPU.
        rival, rival_optimizer: the second player of a GAN, or None. Then the last
            weights are kept, not those of the best PSNR: a GAN is not after PSNR.
    """

    net: Any  # an nn.Module, and what the trainer asks of it
    optimizer: torch.optim.Optimizer
    recipe: dict[str, Any]
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, torch.Tensor] | None = None
    best_psnr: float = float("-inf")
    best_step: int = 0
    rival: nn.Module | None = None
    rival_optimizer: torch.optim.Optimizer | None = None

    def __post_init__(self) -> None:
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)

    @torch.no_grad()
    def advance(self, decay: float) -> None:
        """After a step: count it, and move the average a little towards the net.

        Early on the average follows faster, so that the first weights are forgotten.
        Buffers (batch norm's statistics) are averages already and are copied.
        """
        self.step += 1
        pull = 1 - min(decay, (1 + self.step) / (10 + self.step)) if decay else 1.0
        slow: list[torch.Tensor] = [*self.average.parameters()]
        torch._foreach_lerp_(slow, [p.data for p in self.net.parameters()], pull)
        for old, new in zip(self.average.buffers(), self.net.buffers(), strict=True):
            old.copy_(new)

    def keep(self, psnr: float) -> None:
        """Remember the average if it is the best so far (of a GAN: always)."""
        if psnr > self.best_psnr or self.best is None or self.rival is not None:
            self.best_psnr, self.best_step = psnr, self.step
            self.best = {
                k: v.detach().cpu().clone()
                for k, v in self.average.state_dict().items()
            }

    @property
    def _modules(self) -> tuple[str, ...]:
        """What has a state_dict of its own."""
        rivals = ("rival", "rival_optimizer") if self.rival is not None else ()
        return (*_MODULES, *rivals)

    def save(self, folder: Path) -> None:
        """Write the checkpoint, whole or not at all."""
        buffer = io.BytesIO()
        parts = {key: getattr(self, key) for key in _PLAIN}
        parts |= {key: getattr(self, key).state_dict() for key in self._modules}
        torch.save(parts, buffer)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / FILE, buffer.getvalue())

    def resume(self, folder: Path) -> bool:
        """Go on from the folder's checkpoint; False if there is none.

        Raises ValueError for a checkpoint of another recipe, or a damaged one.
        """
        file = folder / FILE
        if not file.is_file():
            return False
        parts = _read(file)
        if parts["recipe"] != self.recipe:
            theirs = parts["recipe"]
            differ = [k for k, v in self.recipe.items() if theirs.get(k) != v]
            raise ValueError(
                f"{file} is of another run: {', '.join(differ)} differ. Take another "
                "folder, or remove that one to begin afresh."
            )
        for key in self._modules:
            getattr(self, key).load_state_dict(parts[key])
        for key in _PLAIN:
            setattr(self, key, parts[key])
        return True


_MODULES = ("net", "optimizer", "average")
_PLAIN = ("recipe", "step", "seconds", "history", "best", "best_psnr", "best_step")


def _read(file: Path) -> dict[str, Any]:
    try:
        parts = torch.load(file, map_location="cpu", weights_only=True)
        missing = {*_MODULES, *_PLAIN} - parts.keys()
    except Exception as error:  # torch raises many kinds for a damaged file
        raise ValueError(
            f"{file} is damaged ({type(error).__name__}); remove it to begin afresh"
        ) from None
    if missing:
        raise ValueError(f"{file} is no checkpoint of srlab: it lacks {missing}")
    return parts
