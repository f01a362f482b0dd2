# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Degradation pipelines as data: blur, resize, noise and JPEG, once or twice over.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: training real-world blind
super-resolution with pure synthetic data", 2021, arXiv:2107.10833.

What differs from the authors' program: whether an image is blurred a second time and
which kind of noise it gets is drawn for each image, not for the batch; for the rest see
`srlab.degrade.noise`. Their HR images are sharpened first:
``pipeline(usm_sharpen(hr), generator)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from srlab.degrade.blurs import Blur, Sinc
from srlab.degrade.doors import check, check_generator, to_grid
from srlab.degrade.draws import Draws, Frame, Stage
from srlab.degrade.stages import Compress, EitherOrder, Fit, Noise, Resize
from srlab.images import check_whole

__all__ = ["Pipeline", "first_order", "real_esrgan"]


@dataclass(frozen=True)
class Pipeline:
    """Stages from HR to LR. `str` draws them; calling it degrades a batch.

    Attributes:
        stages: in their order; each has a name of its own.
        scale: HR size / LR size.
        name: as tables print it.

    >>> print(first_order(4))  # doctest: +ELLIPSIS
    first order x4
    HR   (B, C, H, W)
     |   blur   7..21 taps, sigma 0.2..3
     ...
    LR   (B, C, H/4, W/4), 8 bits
    """

    stages: tuple[Stage, ...]
    scale: int = 4
    name: str = "pipeline"

    def __post_init__(self) -> None:
        check_whole(self.scale, "scale", 1, 64)
        leaves = _leaves(self.stages)
        names = [stage.name for stage in (*self.stages, *leaves)]
        names = names[: len(self.stages)] + [
            leaf.name for leaf in leaves if leaf not in self.stages
        ]
        if len(set(names)) < len(names):
            raise ValueError(f"two stages have one name: {names}")
        sizing = [stage for stage in leaves if isinstance(stage, Resize | Fit)]
        last = sizing[-1] if sizing else None
        if (sizing or self.scale > 1) and not isinstance(last, Fit):
            raise ValueError(
                "the last stage that changes the size must be a Fit, so that the LR "
                f"image is 1/{self.scale} of the HR image"
            )

    def __call__(self, hr: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Degrade a batch; each image has its own parameters and noise.

        Args:
            hr: (B, C, H, W) in [0, 1] on any device; C = 1 or 3; H and W multiples of
                the scale.
            generator: on the CPU; the same one gives the same bytes, whatever the
                number of threads. On a GPU noise fields differ from the CPU's.

        Returns:
            (B, C, H / scale, W / scale) on the 1/255 grid, without a gradient.

        Raises:
            TypeError, ValueError: no image, no generator, a size that does not divide.
        """
        return self.apply(hr, self.sample(len(check(hr, "hr")), generator), generator)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        """What `count` images get: stage -> parameter -> (count,), on the CPU.

        Resize, fit and order take the first image's draw for the whole batch, since a
        tensor has one size.
        """
        check_generator(generator)
        drawn: Draws = {}
        for stage in self.stages:
            drawn |= stage.sample(check_whole(count, "count", 1), generator)
        return drawn

    @torch.no_grad()
    def apply(
        self, hr: torch.Tensor, drawn: Draws, generator: torch.Generator
    ) -> torch.Tensor:
        """Degrade with parameters that `sample` drew; the generator makes the noise."""
        lr = hr
        for _, image in self._walk(hr, drawn, generator):
            lr = image
        return lr

    @torch.no_grad()
    def trace(
        self, hr: torch.Tensor, generator: torch.Generator, drawn: Draws | None = None
    ) -> list[tuple[str, torch.Tensor]]:
        """As a call, but every image on the way: [("HR", hr), (stage, image), ...,
        ("LR", lr)]."""
        drawn = drawn or self.sample(len(check(hr, "hr")), generator)
        return list(self._walk(hr, drawn, generator))

    def _walk(
        self, hr: torch.Tensor, drawn: Draws, generator: torch.Generator
    ) -> Iterator[tuple[str, torch.Tensor]]:
        image = check(hr, "hr")
        size = (image.shape[-2], image.shape[-1])
        if any(n % self.scale for n in size):
            raise ValueError(
                f"{size[0]} x {size[1]} pixels are no multiple of {self.scale}: "
                "srlab.images.crop_to_multiple cuts them to one"
            )
        target = (size[0] // self.scale, size[1] // self.scale)
        frame = Frame(size, target, check_generator(generator))
        yield "HR", image
        for stage in self.stages:
            for step in stage.steps(drawn):
                image = step.apply(image, drawn, frame)
                yield step.name, image
        yield "LR", to_grid(image)

    def swapped(self, one: str, other: str) -> Pipeline:
        """The pipeline with two of its stages, by name, in each other's place."""
        names = [stage.name for stage in self.stages]
        if one not in names or other not in names:
            raise ValueError(f"no such pair: {one!r}, {other!r}; there are {names}")
        stages = list(self.stages)
        i, j = names.index(one), names.index(other)
        stages[i], stages[j] = stages[j], stages[i]
        return replace(self, stages=tuple(stages))

    def __str__(self) -> str:
        leaves = _leaves(self.stages)
        width = max(len(stage.name) for stage in (*self.stages, *leaves)) + 2
        lines = [f"{self.name} x{self.scale}", "HR   (B, C, H, W)"]
        for stage in self.stages:
            lines.append(f" |   {stage.name:<{width}}{stage}")
            inner = _leaves((stage,)) if isinstance(stage, EitherOrder) else ()
            lines += [f" |   - {leaf.name:<{width}}{leaf}" for leaf in inner]
        s = f"/{self.scale}" if self.scale > 1 else ""
        return "\n".join((*lines, f"LR   (B, C, H{s}, W{s}), 8 bits"))


def first_order(scale: int = 4) -> Pipeline:
    """The classical model, $y = [(x * k) \\downarrow_s + n]_{JPEG}$, each drawn once.

    With the ranges of Real-ESRGAN's first order, and no sinc filters.
    """
    stages = (Blur(sinc=0.0), Fit(), Noise(), Compress())
    return Pipeline(stages, scale, "first order")


def real_esrgan(scale: int = 4) -> Pipeline:
    """Real-ESRGAN's second-order pipeline, with every probability as published.

    The first order is the stages' defaults; the second is milder, and its resize is
    relative to the LR size. The last step is JPEG after or before the final resize and
    sinc filter.
    """
    last = EitherOrder((Fit(), Sinc()), (Compress(name="JPEG 2"),))
    stages = (
        Blur(name="blur 1"),
        Resize(name="resize 1"),
        Noise(name="noise 1"),
        Compress(name="JPEG 1"),
        Blur(name="blur 2", probability=0.8, sigma=(0.2, 1.5)),
        Resize("resize 2", (0.3, 0.4, 0.3), (1.0, 1.2), (0.3, 1.0), of_target=True),
        Noise(name="noise 2", sigma=(1.0, 25.0), scale=(0.05, 2.5)),
        last,
    )
    return Pipeline(stages, scale, "Real-ESRGAN")


def _leaves(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The stages, those inside an `EitherOrder` in its place."""
    leaves: list[Stage] = []
    for stage in stages:
        if isinstance(stage, EitherOrder):
            leaves += _leaves(stage.first + stage.second)
        else:
            leaves.append(stage)
    return tuple(leaves)
