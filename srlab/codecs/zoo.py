# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""CompressAI's networks behind the course's protocol, with the zoo's weights.

J. Bégaint et al., "CompressAI: a PyTorch library and evaluation platform for end-to-end
compression research", arXiv 2011.03029. The weights are fetched by that library when
they are first used; without a network take `Factorized` and `MeanScale`, which are
shipped. Differences from its own `compress`: pictures of any size, one file with a
header and checksums, and the rate counted on the picture as it was.

What it cannot promise: CompressAI computes the tables of a hyperprior in floating
point, so a file may not decode on another machine (its issues 279, 309).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import nn

from srlab.codecs import container
from srlab.codecs.base import CorruptStream, check_name, check_one, set_whole
from srlab.codecs.learned import padded

__all__ = ["Zoo"]

_NETS = ("bmshj2018-factorized", "bmshj2018-hyperprior", "mbt2018-mean", "mbt2018")
_METRICS = ("mse", "ms-ssim")


@dataclass(frozen=True)
class Zoo:
    """A published network: real bytes, with CompressAI's coder.

    Attributes:
        name: "bmshj2018-factorized", "bmshj2018-hyperprior", "mbt2018-mean", or
            "mbt2018", whose context is decoded one place after another: a minute for a
            photograph.
        quality: 1 to 8, the published lambdas.
        metric: what it was trained on, "mse" or "ms-ssim".
        pretrained: False: random weights, to look at the machinery without a network.
    """

    name: str = "mbt2018-mean"
    quality: int = 3
    metric: str = "mse"
    pretrained: bool = True

    grades = ("quality", range(1, 9))

    def __post_init__(self) -> None:
        check_name(self.name, "name", _NETS)
        check_name(self.metric, "metric", _METRICS)
        set_whole(self, "quality", 1, 8)

    @cached_property
    def net(self) -> Any:
        """CompressAI's network, in eval mode on the CPU."""
        return _fetched(self.name, self.quality, self.metric, self.pretrained)

    @property
    def _head(self) -> bytes:
        metric = _METRICS.index(self.metric)
        return bytes((self.quality, metric, self.pretrained))

    @torch.inference_mode()
    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> bytes in the course's container."""
        channels, height, width = check_one(image).shape[1:]
        x = padded(image.float().cpu().expand(-1, 3, -1, -1), 64)
        streams = [stream[0] for stream in self.net.compress(x)["strings"]]
        return container.pack(
            self.name, (height, width), channels, [self._head, *streams]
        )

    @torch.inference_mode()
    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Raises CorruptStream for anything but a whole file of this network.
        """
        found = container.unpack(data, self.name)
        head, *streams = found.payloads
        if head != self._head:
            raise CorruptStream(f"the file was not written by {self!r}")
        side = 64 if self.name != "bmshj2018-factorized" else 16
        shape = [-(-n // 64) * 64 // side for n in found.size]
        try:
            made = self.net.decompress([[s] for s in streams], shape)["x_hat"]
        except (ValueError, RuntimeError, IndexError, AssertionError) as error:
            raise CorruptStream(f"no picture can be made of it: {error}") from None
        made = made[..., : found.size[0], : found.size[1]].clamp(0, 1)
        made = made if found.channels == 3 else made.mean(1, keepdim=True)
        return (made * 255).round() / 255


@lru_cache(maxsize=2)
def _fetched(name: str, quality: int, metric: str, pretrained: bool) -> nn.Module:
    try:
        from compressai.zoo import image_models
    except ImportError as error:
        raise ImportError(
            f"the zoo needs CompressAI ({error}): `pip install compressai`, or take "
            "Factorized and MeanScale, which need nothing"
        ) from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            net = image_models[name](quality, metric=metric, pretrained=pretrained)
        except OSError as error:  # URLError is one
            raise FileNotFoundError(
                f"the zoo's weights of {name} could not be fetched ({error}); without "
                "a network take srlab.codecs.MeanScale(quality)"
            ) from None
    net.update()
    return net.eval().requires_grad_(False)
