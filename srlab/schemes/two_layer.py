# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Two codecs and a super-resolver: a small picture, enlarged, and what it lacks.

    x -> down -> codec 1 -> bytes -> decoded -> restorer -> SR -(+)-> x_hat
    x - SR + 128 -> codec 2 -> bytes -> decoded residual - 128 --^

The scheme of the course's first source (a report on learned codecs). Spatially scalable
video (H.264/SVC, SHVC) has the same layers. With no second codec it is F. Jiang et al.,
"An end-to-end compression framework based on convolutional neural networks", 2017,
arXiv 1708.00838 (ComCNN and RecCNN), if both ends are learned.

Here both streams are in one file; the first alone decodes to a coarser picture.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import torch
from torch import nn

from srlab.codecs import container
from srlab.codecs.base import Codec, CorruptStream, check_name, check_one
from srlab.images import round8
from srlab.resample import Interpolator, imresize

__all__ = ["TwoLayer", "identity_of"]

HEAD = struct.Struct("<BBB4s")  # scale, level of the restorer, flags, restorer
RESIDUAL, LUMA = 1, 2  # flags
MIDDLE = 128 / 255  # no residual, as a picture


@dataclass(frozen=True, repr=False, eq=False)
class TwoLayer:
    """A codec of a small picture, a restorer, and a codec of what is missing.

    Attributes:
        base: codes the small picture, any of the course's codecs.
        restorer: the decoded small picture (1, C, h, w) -> (1, C, s h, s w); None:
            bicubic. One with `at` (a `CodedRestorer`) is told the level.
        residual: codes x - SR + 128 as a picture; None: there is no second stream.
        down: makes the small picture; None: bicubic, antialiased.
        scale: s, how many times smaller the first codec's picture is, 1 to 8.
        level: of the base's quality, 0 to 1, for a restorer that wants it; it is kept
            in the file in 255ths.
        luma: the residual of luma alone; chroma stays the restorer's.
    """

    base: Codec
    restorer: Callable[[torch.Tensor], torch.Tensor] | None = None
    residual: Codec | None = None
    down: Callable[[torch.Tensor], torch.Tensor] | None = None
    scale: int = 2
    level: float = 0.5
    luma: bool = False

    def __post_init__(self) -> None:
        for name in ("base", "residual"):
            codec = getattr(self, name)
            if not isinstance(codec, Codec) and (codec is not None or name == "base"):
                raise TypeError(f"{name}: {codec!r:.60} lacks encode or decode")
        if self.scale not in range(1, 9):
            raise ValueError(f"scale must be 1 to 8, not {self.scale!r:.40}")
        if not 0 <= self.level <= 1:
            raise ValueError(f"level must be 0 to 1, not {self.level!r:.40}")

    def __repr__(self) -> str:
        parts = [repr(self.base)]
        if self.restorer is not None:
            parts.append(f"restorer={type(self.restorer).__name__}")
        parts.append(f"residual={self.residual!r}")
        parts += ["learned down"] * (self.down is not None)
        return f"TwoLayer({', '.join(parts)})"

    @cached_property
    def identity(self) -> bytes:
        """Four bytes that tell the restorer from others."""
        return identity_of(self.restorer)

    def small(self, image: torch.Tensor) -> torch.Tensor:
        """What the first codec gets of the image: (1, C, ceil(H / s), ceil(W / s))."""
        if self.down is not None:
            return self.down(image).clamp(0, 1)
        size = [-(-n // self.scale) for n in image.shape[-2:]]
        return imresize(image.float(), size=size).clamp(0, 1)

    def restore(self, decoded: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """SR of the decoded small picture, cut to the size, on the 1/255 grid."""
        return self._restored(decoded, size, round(255 * self.level))

    def _restored(
        self, decoded: torch.Tensor, size: tuple[int, int], level: int
    ) -> torch.Tensor:
        restorer = self.restorer or Interpolator(self.scale)
        if hasattr(restorer, "at"):
            restorer = restorer.at(level / 255)
        with torch.inference_mode():
            large = restorer(decoded)
        if any(n < wanted for n, wanted in zip(large.shape[-2:], size, strict=True)):
            raise ValueError(
                f"the restorer gives {tuple(large.shape[-2:])} pixels of "
                f"{tuple(decoded.shape[-2:])}; {tuple(size)} are wanted"
            )
        return round8(large[..., : size[0], : size[1]].clone())

    def layers(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """What becomes of the image: down, decoded, sr, residual (+ 128), result."""
        first = self.base.encode(self.small(check_one(image)))
        decoded = self._like(self.base.decode(first), image)
        size = (image.shape[-2], image.shape[-1])
        sr = self.restore(decoded, size)
        found = {"down": self.small(image), "decoded": decoded, "sr": sr}
        if self.residual is None:
            return found | {"result": sr}
        wanted = self.missing(image, sr)
        coded = self.residual.decode(self.residual.encode(wanted))
        result = self.add(sr, coded)
        return found | {"residual": wanted, "coded": coded, "result": result}

    def missing(self, image: torch.Tensor, sr: torch.Tensor) -> torch.Tensor:
        """x - sr + 128, (1, C or 1, H, W), clipped to what a picture holds."""
        apart = image.float() - sr
        if self.luma and apart.shape[1] == 3:
            apart = _luma(apart)
        return (apart + MIDDLE).clamp(0, 1)

    def add(self, sr: torch.Tensor, coded: torch.Tensor) -> torch.Tensor:
        """sr and the coded residual, decoded again -> the result, (1, C, H, W)."""
        if self.luma and coded.shape[1] == 3:  # codecs that know no grey
            coded = coded.mean(1, keepdim=True)
        return round8((sr + coded - MIDDLE).clamp(0, 1))

    def _like(self, decoded: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """Codecs that know no grey give three equal channels."""
        grey = image.shape[1] == 1 and decoded.shape[1] == 3
        return decoded.mean(1, keepdim=True) if grey else decoded

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> bytes in the course's container."""
        channels, height, width = check_one(image).shape[1:]
        first = self.base.encode(self.small(image))
        flags = RESIDUAL * (self.residual is not None) + LUMA * self.luma
        level = round(255 * self.level)
        head = HEAD.pack(self.scale, level, flags, self.identity)
        payloads = [head, first]
        if self.residual is not None:
            decoded = self._like(self.base.decode(first), image)
            sr = self._restored(decoded, (height, width), level)
            payloads.append(self.residual.encode(self.missing(image, sr)))
        return container.pack("two-layer", (height, width), channels, payloads)

    def decode(self, data: bytes, on_damage: str = "raise") -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Args:
            on_damage: "raise", or "base": where the second stream is damaged or cut
                off, the picture of the first, with a warning.

        Raises:
            CorruptStream: no whole file of this scheme, or of another restorer.
        """
        check_name(on_damage, "on_damage", ("raise", "base"))
        found = container.unpack(data, "two-layer", partial=on_damage == "base")
        scale, level, flags = self._checked(found)
        decoded = self.base.decode(cast(bytes, found.payloads[1]))  # see `_checked`
        size = tuple(-(-n // scale) for n in found.size)
        if tuple(decoded.shape[-2:]) != size:
            raise CorruptStream(
                f"the small picture has {tuple(decoded.shape[-2:])} pixels, not {size}"
            )
        decoded = self._like(decoded, torch.empty(1, found.channels, 1, 1))
        sr = self._restored(decoded, found.size, level)
        if not flags & RESIDUAL:
            return sr
        if found.payloads[2] is None:
            warnings.warn("the second stream is damaged: the base alone", stacklevel=2)
            return sr
        coded = cast(Codec, self.residual).decode(found.payloads[2])
        if coded.shape[-2:] != sr.shape[-2:]:
            raise CorruptStream(f"a residual of {tuple(coded.shape[-2:])} pixels")
        return self.add(sr, coded)

    def _checked(self, found: container.Container) -> tuple[int, int, int]:
        """(scale, level, flags) of a file that this scheme can decode."""
        head = found.payloads[0]
        if head is None or len(head) != HEAD.size or found.payloads[1:2] == (None,):
            raise CorruptStream("the first stream or its head is damaged")
        scale, level, flags, identity = HEAD.unpack(head)
        if identity != self.identity:
            raise CorruptStream("the file was written with another restorer")
        streams = 2 + bool(flags & RESIDUAL)
        if scale != self.scale or len(found.payloads) != streams or flags > 3:
            raise CorruptStream(
                f"a file at scale {scale} with {len(found.payloads) - 1} streams"
            )
        if flags & RESIDUAL and self.residual is None:
            raise CorruptStream("the file has a residual: say which codec decodes it")
        if bool(flags & LUMA) != self.luma:
            raise CorruptStream("the file's residual and this one differ in luma")
        return scale, level, flags

    def streams(self, data: bytes) -> dict[str, int]:
        """How many bytes of data each part takes: header, base, residual."""
        found = container.unpack(data, "two-layer")
        sizes = [len(payload) for payload in found.payloads[1:]]
        names = ("base", "residual")[: len(sizes)]
        return {"header": len(data) - sum(sizes)} | dict(zip(names, sizes, strict=True))


def identity_of(restorer: object) -> bytes:
    """Four bytes that tell one restorer's weights from another's; 0 for bicubic."""
    if restorer is None:
        return bytes(4)
    if not isinstance(restorer, nn.Module):
        return hashlib.sha256(repr(restorer).encode()).digest()[:4]
    digest = hashlib.sha256()
    for name, tensor in restorer.state_dict().items():
        digest.update(name.encode() + tensor.cpu().float().numpy().tobytes())
    return digest.digest()[:4]


def _luma(rgb: torch.Tensor) -> torch.Tensor:
    """BT.601's luma of a difference, (1, 3, H, W) -> (1, 1, H, W), full range."""
    weights = rgb.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (rgb * weights).sum(1, keepdim=True)
