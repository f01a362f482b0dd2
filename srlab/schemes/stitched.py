# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""MSROI's way, as the baseline: pixels of several JPEGs stitched and coded once more.

A. Prakash, N. Moran, S. Garber, A. DiLillo, J. Storer, "Semantic perceptual image
compression using deep convolution networks", 2016, arXiv 1612.08712. Their code makes
JPEGs of ten qualities from 10 to 100, takes each pixel from the one that the map names,
and saves the mixture as one JPEG, of the best quality from 90 down whose file is not
larger than a plain JPEG's plus a slack; its default slack is 20 %, which buys the
result part of its quality. Here the slack is 1 % unless told otherwise, and all files
get the same lossless optimisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from srlab.codecs.base import check_name, check_one, set_quality
from srlab.codecs.pillow import JPEG
from srlab.schemes.maps import SaliencyLike, resolve
from srlab.schemes.qualities import Quantiles, Rule

__all__ = ["Stitched"]


@dataclass(frozen=True, repr=False, eq=False)
class Stitched:
    """A .jpg made of the pixels of several.

    Attributes:
        saliency: image -> map; or a map (1, 1, H, W).
        quality: of the plain JPEG whose size is to be met.
        start, end: qualities between which the rule chooses, pixel by pixel.
        rule: see `srlab.schemes.qualities`.
        slack: by how much the file may be larger than the plain one, relative.
    """

    saliency: SaliencyLike
    quality: float = 50
    start: float = 10
    end: float = 100
    rule: Rule = field(default_factory=lambda: Quantiles(10))
    slack: float = 0.01
    subsampling: str = "4:2:0"

    def __post_init__(self) -> None:
        for name in ("quality", "start", "end"):
            set_quality(self, name, 1, 100)
        check_name(self.subsampling, "subsampling", ("4:4:4", "4:2:2", "4:2:0"))
        if not 0 <= self.slack <= 1:
            raise ValueError(f"slack must be 0 to 1, not {self.slack!r:.40}")

    def __repr__(self) -> str:
        return f"Stitched(quality={self.quality:g}, slack={self.slack:g})"

    def stitched(self, image: torch.Tensor) -> torch.Tensor:
        """The mixture before it is coded again, (1, C, H, W)."""
        Q = self.rule(resolve(self.saliency, image), self.start, self.end, 8)
        Q = Q.round().clamp(1, 100)[None, None].float()
        Q = F.interpolate(Q, scale_factor=8)[..., : image.shape[-2], : image.shape[-1]]
        mixture = torch.zeros_like(image)
        for q in Q.unique().tolist():
            codec = JPEG(q, self.subsampling)
            mixture = torch.where(q == Q, codec.decode(codec.encode(image)), mixture)
        return mixture

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .jpg file.

        The smallest quality tried is 1, where the authors stop at 21.
        """
        plain = JPEG(self.quality, self.subsampling, optimize="mozjpeg")
        most = len(plain.encode(check_one(image))) * (1 + self.slack)
        mixture = self.stitched(image)
        low, high = 1, 91  # sizes rise with quality, so halving finds the best
        best = self._save(mixture, 1)
        while high - low > 1:
            middle = (low + high) // 2
            data = self._save(mixture, middle)
            low, high = (middle, high) if len(data) <= most else (low, middle)
            best = data if low == middle else best
        return best

    def _save(self, mixture: torch.Tensor, quality: int) -> bytes:
        return JPEG(quality, self.subsampling, optimize="mozjpeg").encode(mixture)

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of any .jpg -> (1, C, H, W) float32 on the 1/255 grid."""
        return JPEG().decode(data)
