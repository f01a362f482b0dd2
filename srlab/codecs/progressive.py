# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One recurrent network, bits added step by step: every prefix of the file decodes.

G. Toderici et al., "Variable rate image compression with recurrent neural networks"
(arXiv 1511.06085) and "Full resolution image compression with recurrent neural
networks" (arXiv 1608.05148). In each step the same three parts see what is still
missing:

    x_0 = 1/2;  r_0 = x - x_0
    b_t = sign(E(g_t r_{t-1}))        8 bits for each 8x8 pixels
    h_t = GRU(b_t, h_{t-1});  x_t = x_{t-1} + D(h_t) / g_t
    r_t = x - x_t

What differs: one small encoder without memory, a learned gain g_t for each step, no
entropy coder behind the bits, and minutes of training.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from srlab.codecs import container
from srlab.codecs.base import CorruptStream, check_one, set_whole

__all__ = ["BLOCK", "Progressive", "ProgressiveNet", "binarised"]

BLOCK = 8  # pixels a side that share `bits` bits a step


def binarised(t: torch.Tensor) -> torch.Tensor:
    """-1 or 1; the gradient passes as if nothing had been rounded.

    >>> binarised(torch.tensor([-0.3, 0.0, 0.8])).tolist()
    [-1.0, 1.0, 1.0]
    """
    hard = torch.where(t >= 0, 1.0, -1.0)
    return t + (hard - t).detach()


class ProgressiveNet(nn.Module):
    """The encoder, the decoder with its memory, and a gain for each step.

    Args:
        bits: for each 8x8 pixels and step. N: features. steps: at most.
    """

    def __init__(self, bits: int = 8, N: int = 48, steps: int = 6):
        super().__init__()
        self.bits, self.N, self.steps = bits, N, steps
        self.E = nn.Sequential(
            nn.Conv2d(3, N, BLOCK, stride=BLOCK), nn.ReLU(),
            nn.Conv2d(N, N, 3, padding=1), nn.ReLU(), nn.Conv2d(N, bits, 1), nn.Tanh(),
        )  # fmt: skip
        self.read = nn.Sequential(nn.Conv2d(bits, N, 3, padding=1), nn.ReLU())
        self.gates = nn.Conv2d(2 * N, 2 * N, 1)
        self.candidate = nn.Conv2d(2 * N, N, 1)
        self.D = nn.ConvTranspose2d(N, 3, 2 * BLOCK, stride=BLOCK, padding=BLOCK // 2)
        self.log_gain = nn.Parameter(torch.linspace(1.0, 2.5, steps))

    def encode_step(self, residual: torch.Tensor, step: int) -> torch.Tensor:
        """(B, 3, H, W), what is missing -> -1 and 1, (B, bits, H / 8, W / 8)."""
        return binarised(self.E(residual * self.log_gain[step].exp()))

    def decode_step(
        self, bits: torch.Tensor, step: int, memory: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Bits and the memory so far -> what to add to the picture, and the memory."""
        if memory is None:
            memory = bits.new_zeros(bits.shape[0], self.N, *bits.shape[2:])
        read = self.read(bits)
        gates = self.gates(torch.cat((read, memory), 1)).sigmoid()
        update, reset = gates.chunk(2, 1)
        fresh = self.candidate(torch.cat((read, reset * memory), 1)).tanh()
        memory = torch.lerp(memory, fresh, update)
        return self.D(memory) / self.log_gain[step].exp(), memory

    def forward(self, x: torch.Tensor, steps: int | None = None) -> Any:
        """(B, 3, H, W) in [0, 1] -> the picture after each step, and all bits."""
        made, sent = torch.full_like(x, 0.5), []
        memory, pictures = None, []
        for step in range(steps or self.steps):
            bits = self.encode_step(x - made, step)
            more, memory = self.decode_step(bits, step, memory)
            made = made + more
            pictures.append(made)
            sent.append(bits)
        return pictures, sent


@dataclass(frozen=True, repr=False)
class Progressive:
    """A codec whose file may end after any step.

    Attributes:
        steps: how many are sent, 1 to 6; each adds 1/8 bit per pixel.
        weights: a name in data/weights, or a `ProgressiveNet`.
    """

    steps: int = 6
    weights: str | nn.Module = "progressive"

    grades = ("steps", tuple(range(1, 7)))
    kind = "progressive"

    def __post_init__(self) -> None:
        set_whole(self, "steps", 1, self.net.steps)

    def __repr__(self) -> str:
        return f"Progressive(steps={self.steps})"

    @property
    def net(self) -> ProgressiveNet:
        """The network, in eval mode on the CPU."""
        if isinstance(self.weights, ProgressiveNet):
            return self.weights
        return _network(str(self.weights))

    @cached_property
    def tag(self) -> bytes:
        """Four bytes that tell one set of weights from another."""
        digest = hashlib.sha256()
        for tensor in self.net.state_dict().values():
            digest.update(tensor.float().numpy().tobytes())
        return digest.digest()[:4]

    @torch.inference_mode()
    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> bytes in the course's container.

        The weights' tag is a payload, and so are the bits of each step.
        """
        channels, height, width = check_one(image).shape[1:]
        x = image.float().cpu().expand(-1, 3, -1, -1)
        x = F.pad(x, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
        _, sent = self.net(x, self.steps)
        steps = [np.packbits(b.numpy().reshape(-1) > 0).tobytes() for b in sent]
        return container.pack(self.kind, (height, width), channels, [self.tag, *steps])

    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Raises CorruptStream for anything else than a whole file of these weights.
        """
        return self._picture(container.unpack(data, self.kind))

    def decode_prefix(self, data: bytes) -> tuple[torch.Tensor, int]:
        """The picture of all steps that arrived whole, and how many they are.

        What comes after the first step that is cut off or damaged is not looked at.

        Raises CorruptStream where the header or the first step is not whole.
        """
        found = container.unpack(data, self.kind, partial=True)
        whole = []
        for payload in found.payloads:
            if payload is None:
                break
            whole.append(payload)
        if len(whole) < 2:
            raise CorruptStream("not even the first step arrived whole")
        cut = container.Container(found.kind, found.size, found.channels, tuple(whole))
        return self._picture(cut), len(whole) - 1

    @torch.inference_mode()
    def _picture(self, found: container.Container) -> torch.Tensor:
        height, width = found.size
        h, w = -(-height // BLOCK), -(-width // BLOCK)
        tag, *steps = found.payloads
        if tag != self.tag:
            raise CorruptStream("the file was written with other weights")
        count = self.net.bits * h * w
        if not 1 <= len(steps) <= self.net.steps:
            raise CorruptStream(
                f"{len(steps)} steps; these weights have 1 to {self.net.steps}"
            )
        if any(len(step) != -(-count // 8) for step in steps):
            raise CorruptStream("a step has not the bits of such a picture")
        made, memory = torch.full((1, 3, h * BLOCK, w * BLOCK), 0.5), None
        for number, step in enumerate(steps):
            bits = np.unpackbits(np.frombuffer(step, np.uint8), count=count)
            b = torch.from_numpy(bits).reshape(1, self.net.bits, h, w).float() * 2 - 1
            more, memory = self.net.decode_step(b, number, memory)
            made = made + more
        made = made[..., :height, :width]
        made = made if found.channels == 3 else made.mean(1, keepdim=True)
        return (made.clamp(0, 1) * 255).round() / 255


@lru_cache(maxsize=2)
def _network(weights: str) -> ProgressiveNet:
    """A network by the name of its weights."""
    from srlab.weights import find_weights, read_weights

    path = find_weights(weights)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {weights!r}; srlab.training.progressive.run makes "
            "them"
        )
    tensors, card = read_weights(path)
    net = ProgressiveNet(**card.settings)
    net.load_state_dict(tensors)
    return net.eval().requires_grad_(False)
