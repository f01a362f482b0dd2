# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How a notebook runs: fast, full or rehearsed, on which device, from which seed."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from typing import Any

import torch

from srlab.classroom.coursework import notebook_number

__all__ = ["Run", "setup"]

MODES = ("fast", "full", "rehearse")
NOISE = (
    (FutureWarning, r"torch\.jit|`torch"),
    (DeprecationWarning, ""),
    (UserWarning, r".*IProgress not found"),
)


@dataclass(frozen=True, repr=False)
class Run:
    """How this notebook runs: its number, mode, device and source of randomness."""

    nb: str  # two digits
    mode: str  # fast, full or rehearse
    device: torch.device  # a GPU where there is one, unless SRLAB_DEVICE names another
    generator: torch.Generator  # seeded, on the CPU: the same numbers everywhere

    def __repr__(self) -> str:
        return f"srlab notebook {self.nb}, {self.mode} mode"

    @property
    def fast(self) -> bool:
        return self.mode == "fast"

    @property
    def full(self) -> bool:
        return self.mode == "full"

    @property
    def rehearse(self) -> bool:
        return self.mode == "rehearse"

    def pick(self, *, fast: Any, full: Any, rehearse: Any) -> Any:
        """The value for this mode: ``run.pick(fast=50, full=9000, rehearse=2)``."""
        return {"fast": fast, "full": full, "rehearse": rehearse}[self.mode]


def _quiet() -> None:
    """Hide warnings of libraries that tell a student nothing."""
    for category, message in NOISE:
        warnings.filterwarnings("ignore", message=message, category=category)


def _figure_settings() -> None:
    """Inside a notebook: figures of matplotlib as PNG, 100 dpi, tight."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("png", dpi=100, bbox_inches="tight")


def setup(nb: int | str) -> Run:
    """Make a notebook ready; mode from SRLAB_MODE (fast unless told otherwise).

    nb: its number, such as 3 or "03".

    Seeds torch's global random numbers: the only place that does. Raises ValueError
    for a mode that is not fast, full or rehearse.
    """
    number = notebook_number(nb)
    mode = os.environ.get("SRLAB_MODE", "").strip().lower() or "fast"
    if mode not in MODES:
        raise ValueError(f"SRLAB_MODE is {mode!r}; it can be {', '.join(MODES)}")
    _quiet()
    _figure_settings()
    torch.manual_seed(0)
    best = "cuda" if torch.cuda.is_available() else "cpu"
    wanted = os.environ.get("SRLAB_DEVICE") or best
    try:
        device = torch.device(wanted)
    except RuntimeError:
        known = "cpu, cuda or cuda:1"
        raise ValueError(f"SRLAB_DEVICE is {wanted!r}; expected {known}") from None
    return Run(number, mode, device, torch.Generator().manual_seed(0))
