# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A codec's file, and beside it a few bytes that say what went wrong where.

    x -> base -> bytes -> decoded -----------------+-> mended
    (x, decoded) -> extractor -> one of 16 a place -+   -> bytes

The networks are those of `srlab.models.SideInfoNet`. At most four bits for each 16 x 16
pixels, 1/64 bit per pixel, and the container's header.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from srlab.codecs import container
from srlab.codecs.base import Codec, CorruptStream, check_name, check_one
from srlab.codecs.descriptors import DescriptorCoder
from srlab.codecs.pillow import JPEG
from srlab.images import round8
from srlab.models.side_info import SPACING, SideInfoNet
from srlab.schemes.two_layer import identity_of

__all__ = ["SideInfo"]


@dataclass(frozen=True, repr=False, eq=False)
class SideInfo:
    """A base codec, and descriptors of its damage.

    Attributes:
        base: any codec; its stream is a file of its own, see `base_file`.
        weights: a name in data/weights, the path of a .safetensors file, or a
            `SideInfoNet`. Of a twin without descriptors, the file holds none.
        level: of the base's quality, 0 to 1, as the network was trained; it is kept in
            the file in 255ths.
    """

    base: Codec = field(default_factory=lambda: JPEG(20))
    weights: str | SideInfoNet = "side_info"
    level: float = 0.2

    def __post_init__(self) -> None:
        if not isinstance(self.base, Codec):
            raise TypeError(f"base: {self.base!r:.60} lacks encode or decode")
        if not 0 <= self.level <= 1:
            raise ValueError(f"level must be 0 to 1, not {self.level!r:.40}")
        object.__setattr__(self, "level", round(255 * self.level) / 255)

    def __repr__(self) -> str:
        own = isinstance(self.weights, SideInfoNet)
        name = type(self.weights).__name__ if own else repr(self.weights)
        return f"SideInfo({self.base!r}, weights={name}, level={self.level:.3f})"

    def of(self, base: Codec, level: float) -> SideInfo:
        """The same network behind another quality of the base."""
        return replace(self, base=base, level=level)

    @property
    def net(self) -> SideInfoNet:
        """The network, in eval mode on the CPU."""
        if isinstance(self.weights, SideInfoNet):
            return self.weights
        return _loaded(str(self.weights))

    @cached_property
    def _coder(self) -> Any:
        return DescriptorCoder(self.net.context) if self.net.descriptors else None

    @cached_property
    def tag(self) -> bytes:
        """Four bytes that tell one set of weights from another."""
        return identity_of(self.net)

    @torch.inference_mode()
    def descriptors(self, image: torch.Tensor, decoded: torch.Tensor) -> np.ndarray:
        """The map that is sent, (ceil(H / 16), ceil(W / 16)), of 0 to 15.

        Args:
            image, decoded: (1, C, H, W) in [0, 1].
        """
        found = self.net.describe(_three(image), _three(decoded))
        return found.argmax(dim=1)[0].numpy()

    @torch.inference_mode()
    def trials(self, image: torch.Tensor, decoded: torch.Tensor) -> np.ndarray:
        """Mean squared error of each place if a symbol were sent everywhere.

        Args:
            image, decoded: (1, C, H, W) in [0, 1].

        Returns:
            (16, ceil(H / 16), ceil(W / 16)), grey levels squared.
        """
        pad = [-n % SPACING for n in image.shape[-2:]]
        errors = []
        for k in range(self.net.classes):
            tried = np.full(_places(*image.shape[-2:]), k, np.int64)
            apart = (255 * (self.mend(decoded, tried) - image)).square().mean(1)
            apart = F.pad(apart[None], (0, pad[1], 0, pad[0]))
            errors.append(F.avg_pool2d(apart, SPACING)[0, 0].numpy())
        return np.stack(errors)

    def search(
        self,
        image: torch.Tensor,
        decoded: torch.Tensor,
        price: float = 0.0,
        trials: np.ndarray | None = None,
    ) -> np.ndarray:
        """A map by trial in the place of the extractor's: what could be said at best?

        Takes at each place the symbol of least squared error and bits in its own 16 x
        16 pixels, unless the extractor's map or a single symbol is better as a whole.
        Neighbours' features overlap, so it is no certain best. 18 decoders' work.

        Args:
            image, decoded: (1, C, H, W) in [0, 1].
            price: grey levels squared, of the mean over 256 pixels, that a bit has to
                earn; 0: bits do not count.
            trials: what `trials` gave, where it is there.
        """
        errors = self.trials(image, decoded) if trials is None else trials
        found = errors.argmin(axis=0)
        for _ in range(8 if price else 0):  # what many places say becomes cheap
            shares = np.bincount(found.ravel(), minlength=len(errors)) + 0.5
            bits = -np.log2(shares / shares.sum())
            found = (errors + price * bits[:, None, None]).argmin(axis=0)
        one = np.full_like(found, errors.mean(axis=(1, 2)).argmin())
        maps = [found, self.descriptors(image, decoded), *([one] if price else [])]

        def cost(symbols: Any) -> float:
            apart = 255 * (self.mend(decoded, symbols) - image)
            bits = 8 * len(self._coder.encode(symbols)) / symbols.size if price else 0.0
            return apart.square().mean().item() + price * bits

        return min(maps, key=cost)

    @torch.inference_mode()
    def mend(
        self,
        decoded: torch.Tensor,
        symbols: np.ndarray | None,
        level: float | None = None,
    ) -> torch.Tensor:
        """decoded (1, C, H, W) and a map of symbols -> the mended picture, 1/255 grid.

        Any map of the right size does: what another one would give can be looked at.
        """
        level = self.level if level is None else level
        plane = torch.full_like(decoded[:, :1], level, dtype=torch.float32)
        x_hat = None
        if symbols is not None:
            one_hot = F.one_hot(torch.from_numpy(symbols), self.net.classes)
            x_hat = one_hot.permute(2, 0, 1)[None].float()
        made = self.net.mend(_three(decoded), plane, x_hat)
        made = made if decoded.shape[1] == 3 else made.mean(1, keepdim=True)
        return round8(made.clamp(0, 1))

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> bytes in the course's container."""
        return self.write(image)

    def write(self, image: torch.Tensor, symbols: np.ndarray | None = None) -> bytes:
        """As `encode`, with symbols of one's own in the place of the extractor's.

        ValueError where the map does not fit the image.
        """
        channels, height, width = check_one(image).shape[1:]
        first = self.base.encode(image)
        payloads = [self.tag + bytes((round(255 * self.level),)), first]
        if self.net.descriptors:
            if symbols is None:
                decoded = _like(self.base.decode(first), channels)
                symbols = self.descriptors(image, decoded)
            if symbols.shape != _places(height, width):
                raise ValueError(
                    f"a map of {_places(height, width)} is wanted, not {symbols.shape}"
                )
            payloads.append(self._coder.encode(symbols))
        return container.pack("side-info", (height, width), channels, payloads)

    def decode(self, data: bytes, on_damage: str = "raise") -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Args:
            on_damage: "raise", or "base": where the descriptors are damaged or cut off,
                the base's picture as it is, with a warning.

        Raises:
            CorruptStream: no whole file of this scheme, or of other weights.
        """
        check_name(on_damage, "on_damage", ("raise", "base"))
        partial = on_damage == "base"
        found = container.unpack(data, "side-info", partial=partial)
        head, first, *rest = found.payloads
        if head is None or first is None or len(head) != 5:
            raise CorruptStream("the first stream or its head is damaged")
        if head[:4] != self.tag:
            raise CorruptStream("the file was written with other weights")
        if len(rest) != int(self.net.descriptors):
            raise CorruptStream(f"{len(rest)} streams of descriptors")
        decoded = _like(self.base.decode(first), found.channels)
        if tuple(decoded.shape[-2:]) != tuple(found.size):
            raise CorruptStream("the base's picture has another size")
        symbols = None
        if rest:
            try:
                if rest[0] is None:
                    raise CorruptStream("the descriptors are damaged")
                symbols = self._coder.decode(rest[0], _places(*found.size))
            except CorruptStream as error:
                if not partial:
                    raise
                warnings.warn(f"{error}: the base alone", stacklevel=2)
                return decoded
        return self.mend(decoded, symbols, head[4] / 255)

    def base_file(self, data: bytes) -> bytes:
        """The base's own file, which any program that knows its format opens.

        CorruptStream if data is no such file, or the base's part is damaged.
        """
        found = container.unpack(data, "side-info", partial=True)
        if len(found.payloads) < 2 or found.payloads[1] is None:
            raise CorruptStream("the base's stream is damaged")
        return found.payloads[1]

    def streams(self, data: bytes) -> dict[str, int]:
        """How many bytes each part of a file takes: header, base, descriptors."""
        found = container.unpack(data, "side-info")
        sizes = [len(payload) for payload in found.payloads[1:]]
        parts = dict(zip(("base", "descriptors"), sizes, strict=False))
        return {"header": len(data) - sum(sizes)} | parts


def _places(height: int, width: int) -> tuple[int, int]:
    return -(-height // SPACING), -(-width // SPACING)


def _three(image: torch.Tensor) -> torch.Tensor:
    return image.float().cpu().expand(-1, 3, -1, -1)


def _like(decoded: torch.Tensor, channels: int) -> torch.Tensor:
    """Codecs that know no grey give three equal channels."""
    grey = channels == 1 and decoded.shape[1] == 3
    return decoded.mean(1, keepdim=True) if grey else decoded


@lru_cache(maxsize=4)
def _loaded(name: str) -> SideInfoNet:
    """A network by the name of its weights; FileNotFoundError or ValueError."""
    from srlab.weights import BrokenWeights, find_weights, read_weights

    path = name if name.endswith(".safetensors") else find_weights(name)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {name!r}; `python -m srlab train {name}` trains "
            "what has a recipe"
        )
    tensors, card = read_weights(path)
    if card.model != "SideInfoNet":
        raise ValueError(f"{name} are weights of {card.model}, not of SideInfoNet")
    net = SideInfoNet(**{k: v for k, v in card.settings.items() if k != "codec"})
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise BrokenWeights(f"the weights {name} do not fit: {reason}") from None
    return net.eval().requires_grad_(False)
