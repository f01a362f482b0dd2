# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""More of a JPEG file's bits for a region of interest, in one standard file.

    image -> JPEG at the best quality asked for -> its coefficients
    image -> saliency -> rule -> a quality for each block
    blocks that deserve less: coefficients below a dead zone become 0 -> the file

The idea of a quality that follows a map is that of A. Prakash et al., "Semantic
perceptual image compression using deep convolution networks" (MSROI), 2016, arXiv
1612.08712, and of a thesis built on it (the course's second source, section 3.2). Both
mix the pixels of several decoded JPEGs and compress the mixture once more, see
`stitched`. Here nothing is coded twice: blocks of full quality hold the very numbers
of the plain file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, cast

import numpy as np
import torch

from srlab.codecs.base import check_name, check_one, set_quality
from srlab.codecs.baseline import quantisation_table
from srlab.codecs.pillow import JPEG, squeeze
from srlab.codecs.sizing import meet_size
from srlab.schemes.coefficients import Coefficients, coarser
from srlab.schemes.maps import SaliencyLike, resolve
from srlab.schemes.qualities import Progressive, Rule, TwoPiece

__all__ = ["RoiJPEG", "fit_bytes"]

_LEAST = -8.0  # a power of two that is as good as 0: below half a quality


@dataclass(frozen=True, repr=False, eq=False)
class RoiJPEG:
    """A .jpg whose blocks have the quality that a saliency gives them.

    Attributes:
        saliency: image -> map; or a map (1, 1, H, W); None: a plain JPEG.
        quality: of the region of interest, 1 to 100, fractions allowed.
        background: of everything else, at most `quality`.
        rule: from the map to qualities, see `srlab.schemes.qualities`.
        subsampling: of the chroma, "4:4:4", "4:2:2" or "4:2:0". A block of halved
            chroma gets the best quality of the blocks it colours.
        dead_zone: amplitudes below this share of the background's step become 0; None:
            amplitudes are rounded to the background's steps instead.
    """

    saliency: SaliencyLike
    quality: float = 75
    background: float = 30
    rule: Rule = field(default_factory=TwoPiece)
    subsampling: str = "4:2:0"
    dead_zone: float | None = 0.5

    def __post_init__(self) -> None:
        set_quality(self, "quality", 1, 100)
        set_quality(self, "background", 1, 100)
        check_name(self.subsampling, "subsampling", ("4:4:4", "4:2:2", "4:2:0"))
        if self.background > self.quality:
            raise ValueError(
                f"the background's quality, {self.background}, is above the region's, "
                f"{self.quality}; to spare the object pass the map 1 - P"
            )
        good = self.dead_zone is None or isinstance(self.dead_zone, Real)
        if not good or (self.dead_zone is not None and not 0 <= self.dead_zone <= 4):
            raise ValueError(f"dead_zone is None or 0 to 4, not {self.dead_zone!r:.40}")

    def __repr__(self) -> str:
        what: Any = self.saliency
        if isinstance(what, torch.Tensor):
            what = f"map {what.shape[-2]} x {what.shape[-1]}"
        elif what is not None:
            what = getattr(what, "__name__", type(what).__name__)
        parts = [f"{what}", f"quality={self.quality:g}"]
        parts += [f"background={self.background:g}", f"rule={self.rule!r}"]
        if self.subsampling != "4:2:0":
            parts.append(f"subsampling={self.subsampling!r}")
        if self.dead_zone != 0.5:
            parts.append(f"dead_zone={self.dead_zone}")
        return f"RoiJPEG({', '.join(parts)})"

    def qualities(self, image: torch.Tensor) -> torch.Tensor:
        """The quality of each block of 8 x 8 pixels of the image, (h, w), in quarters.

        ValueError if the rule gives another shape, or no finite numbers.
        """
        P = resolve(self.saliency, image)
        if self.saliency is None:
            return torch.full(_blocks_of(image), float(self.quality))
        Q = self.rule(P, float(self.background), float(self.quality), 8)
        if tuple(Q.shape) != _blocks_of(image):
            raise ValueError(
                f"the rule gives {tuple(Q.shape)} qualities for {_blocks_of(image)} "
                "blocks of 8 x 8 pixels"
            )
        if not Q.isfinite().all():
            raise ValueError("the rule gives qualities that are no finite numbers")
        # Quarters, so that few tables serve all blocks; the ends as they were given.
        end = Q.ge(self.quality) | Q.le(self.background)
        Q = torch.where(end, Q, (4 * Q).round() / 4)
        return Q.clamp(self.background, self.quality)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .jpg file.

        Raises:
            TypeError, ValueError: no image; a map that does not fit it.
        """
        Q = self.qualities(check_one(image)).double().numpy()
        plain = JPEG(Q.max(), self.subsampling, optimize=False).encode(image)
        if Q.min() == Q.max():
            return squeeze(plain)
        file = Coefficients(plain)
        for number, plane in enumerate(file.planes):
            q = _at_blocks(Q, plane.shape[:2], (image.shape[-2], image.shape[-1]))
            self._requantise(plane, q, file.tables[number], number > 0, Q.max())
        return squeeze(file.write())

    def _requantise(
        self,
        plane: np.ndarray,
        q: np.ndarray,
        table: np.ndarray,
        chroma: bool,
        top: float,
    ) -> None:
        """Coarser numbers for all blocks whose quality is below the file's."""
        for level in np.unique(q):
            if level < top:
                here = q == level
                wanted = quantisation_table(float(level), chroma)
                plane[here] = coarser(plane[here], table, wanted, self.dead_zone)

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of any .jpg -> (1, C, H, W) float32 on the 1/255 grid."""
        return JPEG().decode(data)


def _blocks_of(image: torch.Tensor) -> tuple[int, int]:
    return -(-image.shape[-2] // 8), -(-image.shape[-1] // 8)


def _at_blocks(
    Q: np.ndarray, shape: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Luma's qualities -> those of a component's blocks, the best that each covers."""
    down, across = (
        1 if n == luma else 2 for n, luma in zip(shape, Q.shape, strict=True)
    )
    rows, columns = down * shape[0] - Q.shape[0], across * shape[1] - Q.shape[1]
    padded = np.pad(Q, ((0, rows), (0, columns)), mode="edge")
    return padded.reshape(shape[0], down, shape[1], across).max(axis=(1, 3))


def fit_bytes(
    codec: RoiJPEG, image: torch.Tensor, size: int, tolerance: float = 0.01
) -> tuple[RoiJPEG, bytes]:
    """Progressive weighting that meets a number of bytes.

    The codec's rule becomes `Progressive` with the lambda whose file has this size:
    from 0, where every block has the background's quality, to where every block with
    P > 0 has the region's.

    Args:
        codec: with the saliency and the two qualities. image: (1, C, H, W) in [0, 1].
        size: bytes that are wanted. tolerance: how far off they may be, 0.01 is 1 %.

    Returns:
        (the codec with that rule, its file).

    Raises:
        ValueError: no lambda gives that size; the message says what the ends are.
    """
    P = resolve(codec.saliency, image)
    if not P.max() > 0:
        raise ValueError("the map is 0 everywhere: no lambda changes anything")
    fixed = replace(codec, saliency=P)

    def family(power: float) -> RoiJPEG:  # doublings, so that halving is fair
        gain = 2.0**power if power > _LEAST else 0.0
        return replace(fixed, rule=Progressive(gain=gain))

    found, data = meet_size(family, image, size, _LEAST, 16.0, tolerance)
    return replace(codec, rule=cast(RoiJPEG, found).rule), data
