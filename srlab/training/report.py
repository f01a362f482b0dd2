# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a training run gave, as `srlab.training.fit` returns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from srlab.recipes import Recipe

if TYPE_CHECKING:
    from srlab.figures import Picture

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """What a run gave.

    Attributes:
        recipe: it was made with.
        history: a dict each validation: step, loss (mean since the last one), psnr (dB,
            luma, of the averaged weights), rate, seconds; of a GAN also the parts of
            the loss, d_loss, and d_real and d_fake, the mean probabilities of "real"
            that the discriminator gives to real and to generated pictures.
        steps, seconds: made in all. bicubic: dB of bicubic on the same pictures.
        best_psnr, best_step: of the weights that were kept.
        stopped: "" or "interrupted".
        warnings: what the watch on a GAN's discriminator said.
        rival: the discriminator as the run left it, in eval mode, or None.
    """

    recipe: Recipe
    history: list[dict[str, Any]]
    steps: int
    seconds: float
    bicubic: float
    best_psnr: float
    best_step: int
    stopped: str = ""
    warnings: tuple[str, ...] = ()
    rival: nn.Module | None = None

    def __str__(self) -> str:
        end = f", {self.stopped}" if self.stopped else ""
        return (
            f"{self.recipe.name} ({self.recipe.preset}): {self.steps} steps{end}; "
            f"{self.best_psnr:.2f} dB, bicubic {self.bicubic:.2f} dB"
        )

    def curve(self, alt: str = "") -> Picture:
        """Validation PSNR in dB over the steps, bicubic beside it.

        alt: another sentence on what it shows.
        """
        from srlab.figures import curves

        steps = [row["step"] for row in self.history]
        lines = {
            self.recipe.name: (steps, [row["psnr"] for row in self.history]),
            "bicubic": (steps, [self.bicubic] * len(steps)),
        }
        end = "above" if self.best_psnr > self.bicubic else "below"
        alt = alt or (
            f"PSNR of {self.recipe.name} on pictures it does not train on, over "
            f"{self.steps} steps: it ends {end} bicubic"
        )
        return curves(lines, "step", "PSNR (dB)", alt, size=(6, 3))
