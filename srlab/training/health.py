# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A watch on the two players of a GAN: it says when one of them has stopped playing.

The generator learns from the discriminator's doubts. One that is never in doubt, or
always, teaches nothing; and neither shows in the generator's loss alone.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

__all__ = ["GanWarning", "HealthWatch"]


class GanWarning(UserWarning):
    """One of the two players of a GAN has stopped teaching the other."""


@dataclass
class HealthWatch:
    """Looks at the mean probabilities of "real" that the discriminator gives.

    Attributes:
        sure: the discriminator has won when it gives real pictures more than `sure`
            and fake ones less than 1 - sure.
        asleep: it does not play when its two means differ by less.
        patience: looks in a row before a warning; each kind warns once until it mends.
        begin: the step before which a discriminator may still be asleep.
        warnings: what was said so far.
    """

    sure: float = 0.97
    asleep: float = 0.01
    patience: int = 3
    begin: int = 100
    warnings: list[str] = field(default_factory=list)
    _rows: dict[str, int] = field(default_factory=dict)

    def look(self, step: int, d_real: float, d_fake: float) -> str:
        """The warning that this look completes, or "".

        Args:
            step: of the training. d_real, d_fake: mean probability, 0 to 1, that the
                discriminator gives to real and to generated pictures.
        """
        signs = {
            "won": d_real > self.sure and d_fake < 1 - self.sure,
            "asleep": step >= self.begin and abs(d_real - d_fake) < self.asleep,
        }
        said = ""
        for kind, seen in signs.items():
            self._rows[kind] = self._rows.get(kind, 0) + 1 if seen else 0
            if self._rows[kind] == self.patience:
                said = f"step {step}: " + _TEXTS[kind].format(d_real, d_fake)
                self.warnings.append(said)
                warnings.warn(said, GanWarning, stacklevel=2)
        return said


_TEXTS = {
    "won": "the discriminator has won: it gives real pictures {:.2f} and generated "
    "ones {:.2f}, and the generator learns little from it. Lower its rate, make it "
    "smaller, or raise the weight of the other losses.",
    "asleep": "the discriminator cannot tell real pictures ({:.2f}) from generated "
    "ones ({:.2f}): its gradients are noise. Raise its rate or its width, or look "
    "whether the adversarial weight is so small that there is nothing to tell.",
}
