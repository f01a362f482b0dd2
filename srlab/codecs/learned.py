# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Learned codecs of the course's own weights, with real bytes.

The networks are those of `srlab.codecs.networks`; what is new here is that a stranger's
machine must decode the very symbols that were coded: tables are whole numbers, the
hyper-decoder is computed on whole numbers, and every payload has its checksum. Pixels
come through float32 and agree to 1e-5 before they are rounded.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from srlab.codecs import container, entropy, networks
from srlab.codecs.base import CorruptStream, check_one
from srlab.codecs.layers import FactorizedDensity
from srlab.codecs.whole_numbers import WholeNumbers

__all__ = ["Factorized", "LearnedCodec", "MeanScale", "padded"]

_GRADES = ("quality", tuple(1 + k / 256 for k in range(5 * 256 + 1)))
_STEP = 256  # qualities are sent in 256ths
_STRIP = 512 * 1536  # pixels that are analysed at once
_MARGIN = 4  # rows of y around a strip: more than the networks reach


class LearnedCodec:
    """What the learned codecs share: padding, the container, strips, the door.

    Attributes:
        quality: 1 (smallest) to the number of lambdas it was trained with, fractions
            allowed: gains between two trained qualities are interpolated.
        weights: a name in data/weights, the path of a .safetensors file, or a network.
    """

    kind = ""  # in the container
    quality: float
    weights: str | nn.Module
    _model: str  # the class of its network
    _streams: int  # payloads behind the head

    def __post_init__(self) -> None:
        value, top = self.quality, self.net.levels
        good = isinstance(value, Real) and not isinstance(value, bool)
        if not good or not 1 <= value <= top:
            raise ValueError(f"quality must be 1 to {top}, not {value!r:.40}")
        object.__setattr__(self, "quality", round(float(value) * _STEP) / _STEP)

    def __repr__(self) -> str:
        own = isinstance(self.weights, nn.Module)
        weights = type(self.weights).__name__ if own else repr(self.weights)
        return f"{type(self).__name__}(quality={self.quality:g}, weights={weights})"

    @property
    def net(self) -> Any:
        """The network, of `srlab.codecs.networks`, in eval mode on the CPU."""
        if isinstance(self.weights, nn.Module):
            return self.weights
        return _network(str(self.weights), type(self)._model)

    @cached_property
    def tag(self) -> bytes:
        """Four bytes that tell one set of weights from another."""
        digest = hashlib.sha256()
        for name, tensor in self.net.state_dict().items():
            digest.update(name.encode() + tensor.cpu().float().numpy().tobytes())
        return digest.digest()[:4]

    def code(self, y: torch.Tensor) -> list[bytes]:
        """y in steps, (1, M, h, w) -> the payloads behind the head."""
        raise NotImplementedError

    def uncode(
        self, payloads: Sequence[bytes], rows: int, columns: int
    ) -> torch.Tensor:
        """What `code` gave -> y_hat in steps; CorruptStream if it is damaged.

        payloads: those of `code`. rows, columns: the size (h, w) of y.
        """
        raise NotImplementedError

    def _gain(self, inverse: bool = False) -> torch.Tensor:
        return self.net.gain(torch.tensor([self.quality]), inverse).detach()

    def analyse(self, x: torch.Tensor) -> torch.Tensor:
        """A padded (1, 3, H, W) -> y before its gain, (1, M, H / 16, W / 16)."""
        return _in_strips(self.net.analysis, x, 16, 1)

    def synthesise(self, y_hat: torch.Tensor) -> torch.Tensor:
        """y_hat without its gain -> (1, 3, 16 h, 16 w), neither cut nor rounded."""
        return _in_strips(self.net.g_s, y_hat, 1, 16) + 0.5

    @torch.inference_mode()
    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> bytes in the course's container."""
        channels, height, width = check_one(image).shape[1:]
        x = padded(image.float().cpu().expand(-1, 3, -1, -1), self.net.multiple)
        y = self.analyse(x) * self._gain()
        head = self.tag + struct.pack("<H", round(self.quality * _STEP))
        payloads = [head, *self.code(y)]
        return container.pack(self.kind, (height, width), channels, payloads)

    @torch.inference_mode()
    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        The quality is read from the file; only the weights must be those that wrote it.

        Raises CorruptStream for anything else than a whole file of such weights.
        """
        return (self._decoded(data).clamp(0, 1) * 255).round() / 255

    def _decoded(self, data: bytes) -> torch.Tensor:
        """Before rounding, for those who compare machines."""
        found = container.unpack(data, self.kind)
        codec = self._written_with(found.payloads[0])
        multiple = self.net.multiple
        rows, columns = (-(-n // multiple) * multiple // 16 for n in found.size)
        if len(found.payloads) != 1 + codec._streams:
            raise CorruptStream(f"{len(found.payloads)} payloads in a {self.kind} file")
        y_hat = codec.uncode(found.payloads[1:], rows, columns)
        y_hat = y_hat.float() * codec._gain(inverse=True)
        x_hat = codec.synthesise(y_hat)
        if not x_hat.isfinite().all():  # symbols that no encoder would send
            raise CorruptStream("the symbols are too large for a picture")
        x_hat = x_hat[..., : found.size[0], : found.size[1]]
        return x_hat if found.channels == 3 else x_hat.mean(1, keepdim=True)

    def _written_with(self, head: bytes) -> LearnedCodec:
        """The codec of the quality that a file was written with."""
        if len(head) != 6:
            raise CorruptStream(f"{len(head)} bytes name the weights, not 6")
        if head[:4] != self.tag:
            raise CorruptStream("the file was written with other weights")
        quality = struct.unpack("<H", head[4:])[0] / _STEP
        try:
            make: Callable[..., LearnedCodec] = type(self)
            return make(quality, self.weights)
        except ValueError as error:
            raise CorruptStream(str(error)) from None

    @torch.inference_mode()
    def estimate(self, image: torch.Tensor) -> float:
        """Bits that the network believes a picture takes, headers not counted.

        Of the padded picture, as the file holds it; the rate that training minimises.
        """
        x = padded(check_one(image).float().expand(-1, 3, -1, -1), self.net.multiple)
        return self.net(x, torch.tensor([self.quality])).bits.item()


@dataclass(frozen=True, repr=False)
class Factorized(LearnedCodec):
    """bmshj2018-factorized in small (N = 64, M = 96): one density a channel."""

    quality: float = 3.0
    weights: str | nn.Module = "factorized"

    grades = _GRADES
    kind = "factorized"
    _model = "FactorizedNet"
    _streams = 1

    @cached_property
    def _tables(self) -> entropy.Tables:
        return _density_tables(self.net.density, self._gain().double().reshape(-1))

    def code(self, y: torch.Tensor) -> list[bytes]:
        symbols = y.round().long().numpy()
        which = _channels(symbols.shape[1:])
        return [entropy.encode(symbols.reshape(-1), which, self._tables)]

    def uncode(
        self, payloads: Sequence[bytes], rows: int, columns: int
    ) -> torch.Tensor:
        shape = (self.net.M, rows, columns)
        symbols = entropy.decode(payloads[0], _channels(shape), self._tables)
        return torch.from_numpy(symbols).reshape(1, *shape)


@dataclass(frozen=True, repr=False)
class MeanScale(LearnedCodec):
    """mbt2018-mean in small (N = 64, M = 96): a side stream says what y looks like."""

    quality: float = 3.0
    weights: str | nn.Module = "mean_scale"

    grades = _GRADES
    kind = "mean-scale"
    _model = "MeanScaleNet"
    _streams = 2

    @cached_property
    def _side_tables(self) -> entropy.Tables:
        density = self.net.density
        return _density_tables(density, torch.ones(density.channels).double())

    @cached_property
    def _hyper(self) -> WholeNumbers:
        return WholeNumbers(self.net.h_s)

    def _prior(self, z_hat: torch.Tensor) -> tuple[torch.Tensor, np.ndarray]:
        """Means, (1, M, h, w) float64, and the table of each y, whole numbers."""
        mean, index = self._hyper(z_hat).chunk(2, dim=1)
        last = networks.SCALES - 1
        return mean, torch.floor(index + 0.5).clamp(0, last).long().numpy().reshape(-1)

    def code(self, y: torch.Tensor) -> list[bytes]:
        z = self.net.h_a(y).round().long()
        mean, which = self._prior(z)
        symbols = (y.double() - mean).round().long().numpy().reshape(-1)
        side = z.numpy()
        return [
            entropy.encode(side.reshape(-1), _channels(side.shape[1:]),
                           self._side_tables),
            entropy.encode(symbols, which, _gaussians()),
        ]  # fmt: skip

    def _sent_prior(
        self, side_stream: bytes, rows: int, columns: int
    ) -> tuple[torch.Tensor, np.ndarray]:
        """`_prior` of what the side stream says; CorruptStream if it cannot be."""
        shape = (self.net.N, rows // 4, columns // 4)
        side = entropy.decode(side_stream, _channels(shape), self._side_tables)
        if np.abs(side).max() > 2**12:
            raise CorruptStream("no such side information can have been sent")
        return self._prior(torch.from_numpy(side).reshape(1, *shape))

    def uncode(
        self, payloads: Sequence[bytes], rows: int, columns: int
    ) -> torch.Tensor:
        mean, which = self._sent_prior(payloads[0], rows, columns)
        symbols = entropy.decode(payloads[1], which, _gaussians())
        return torch.from_numpy(symbols).reshape(mean.shape) + mean


def _channels(shape: Sequence[int]) -> np.ndarray:
    """The number of its channel for each place of (C, h, w), in one row."""
    return np.repeat(np.arange(shape[0]), int(np.prod(shape[1:])))


@lru_cache
def _gaussians() -> entropy.Tables:
    index = torch.arange(networks.SCALES, dtype=torch.float64)
    return entropy.gaussian_tables(tuple(networks.scale_of(index).tolist()))


def _density_tables(density: FactorizedDensity, gain: torch.Tensor) -> entropy.Tables:
    """A table for each channel of a learned density, quantised in steps of 1 / gain.

    Args:
        gain: (C,) float64.
    """
    reach = 1024
    edges = torch.arange(-reach, reach + 2, dtype=torch.float64) - 0.5
    with torch.inference_mode():
        logits = density.logits(edges[None, None] / gain[:, None, None])[:, 0]
    c = logits.sigmoid().numpy()  # (C, 2 reach + 2)
    lows, counts = [], []
    for row in c:
        p = np.diff(row)
        # Down to what a count of 1 stands for; the rest is the escape's.
        inside = np.flatnonzero(p > 0.5 / entropy.TOTAL)
        low, high = (inside[0], inside[-1] + 1) if len(inside) else (reach, reach + 1)
        p = p[low:high]
        lows.append(int(low) - reach)
        counts.append(entropy.whole(np.append(p, max(1 - p.sum(), 0))))
    return entropy.Tables(tuple(lows), tuple(counts))


@lru_cache(maxsize=8)
def _network(weights: str, model: str) -> nn.Module:
    """A network by the name of its weights; FileNotFoundError or ValueError."""
    from srlab.weights import BrokenWeights, find_weights, read_weights

    own = weights.endswith(".safetensors")
    path = Path(weights) if own else find_weights(weights)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {weights!r}; `python -m srlab train {weights}` "
            "trains what has a recipe"
        )
    tensors, card = read_weights(path)
    if card.model != model:
        raise ValueError(f"the weights {weights} are of {card.model}, not of {model}")
    net = getattr(networks, model)(**card.settings)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise BrokenWeights(f"the weights {weights} do not fit: {reason}") from None
    return net.eval().requires_grad_(False)


def padded(x: torch.Tensor, multiple: int) -> torch.Tensor:
    """Repeats the last row and column until both sides are multiples."""
    height, width = x.shape[-2:]
    return F.pad(x, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def _in_strips(
    f: Callable, x: torch.Tensor, down: int, up: int, most: int = _STRIP
) -> torch.Tensor:
    """f(x) for large pictures in strips, so that memory stays bounded.

    Args:
        f: takes `down` rows to one, or one to `up`, and looks at most `_MARGIN` rows
            of y beyond the strip.
        most: pixels at once.
    """
    rows = x.shape[-2] // down  # of y
    step = max(8, most // (16 * 16 * (x.shape[-1] // down)))
    if rows <= step + 2 * _MARGIN:
        return f(x)
    parts = []
    for top in range(0, rows, step):
        first, last = max(0, top - _MARGIN), min(rows, top + step + _MARGIN)
        made = f(x[..., first * down : last * down, :])
        skip, keep = (top - first) * up, (min(rows, top + step) - top) * up
        parts.append(made[..., skip : skip + keep, :])
    return torch.cat(parts, dim=-2)
