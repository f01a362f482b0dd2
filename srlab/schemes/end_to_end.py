# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Trained configurations of two codecs, as codecs with real bytes.

`two_codecs("learned_1_5")` reads the nets that `srlab.training.two_codecs` wrote and
puts them into a `TwoLayer` with the codecs that they were trained between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from srlab import models, weights
from srlab.codecs import JPEG, MeanScale
from srlab.codecs.base import Codec, CorruptStream, check_one
from srlab.codecs.networks import MeanScaleNet
from srlab.models import TwoCodecsNet
from srlab.schemes.two_layer import TwoLayer
from srlab.weights import BrokenWeights

__all__ = ["InYCbCr", "assembled", "from_ycbcr", "to_ycbcr", "two_codecs"]

_TO = torch.tensor(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


def to_ycbcr(rgb: torch.Tensor) -> torch.Tensor:
    """JPEG's colours: (B, 3, H, W) in [0, 1] -> Y, Cb + 1/2, Cr + 1/2 in [0, 1]."""
    made = torch.einsum("ij,bjhw->bihw", _TO.to(rgb), rgb)
    return torch.cat([made[:, :1], made[:, 1:] + 0.5], dim=1)


def from_ycbcr(ycbcr: torch.Tensor) -> torch.Tensor:
    """The inverse of `to_ycbcr`; not clamped."""
    made = torch.cat([ycbcr[:, :1], ycbcr[:, 1:] - 0.5], dim=1)
    return torch.einsum("ij,bjhw->bihw", torch.linalg.inv(_TO).to(ycbcr), made)


@dataclass(frozen=True)
class InYCbCr:
    """A codec that is given Y, Cb and Cr in the place of R, G and B.

    Attributes:
        codec: of three channels; its files are its own.
    """

    codec: Codec

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the codec's bytes."""
        rgb = check_one(image).expand(-1, 3, -1, -1)
        return self.codec.encode(to_ycbcr(rgb).clamp(0, 1))

    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, 3, H, W) float32 on the 1/255 grid."""
        made = self.codec.decode(data)
        if made.shape[1] != 3:
            raise CorruptStream("a grey file in the place of Y, Cb and Cr")
        return (from_ycbcr(made).clamp(0, 1) * 255).round() / 255


def two_codecs(name: str) -> Codec:
    """A trained configuration by the name of its weights, or a path of your own.

    Raises:
        FileNotFoundError: no such weights. ValueError: weights of something else.
        srlab.weights.BrokenWeights: damaged, or they do not fit their card.
    """
    own = str(name).endswith(".safetensors")
    path = name if own else weights.find_weights(name)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {name!r}; `python -m srlab train {name}` trains "
            "what has a recipe"
        )
    tensors, card = weights.read_weights(path)
    if card.model != "TwoCodecsNet":
        raise ValueError(f"{name} are weights of {card.model}, not of two codecs' nets")
    kept = ("codec", "first", "second", "colour", "level")
    apart = (*kept, "joint")
    net = TwoCodecsNet(**{k: v for k, v in card.settings.items() if k not in apart})
    parts = {"": net}
    if card.settings["joint"]:
        parts = {"net.": net} | {f"{k}.": MeanScaleNet() for k in ("first", "second")}
    try:
        for start, part in parts.items():
            mine = {
                k[len(start) :]: v for k, v in tensors.items() if k.startswith(start)
            }
            part.load_state_dict(mine)
            part.eval().requires_grad_(False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise BrokenWeights(f"the weights {name} do not fit: {reason}") from None
    between = list(parts.values())[1:]
    return assembled(net, **{k: card.settings[k] for k in kept}, between=between)


def assembled(
    net: TwoCodecsNet,
    codec: str,
    first: float,
    second: float,
    colour: str,
    level: float,
    between: Sequence[nn.Module] = (),
) -> Codec:
    """The codec of nets and qualities, with real bytes.

    Args:
        net, codec, first, second, colour: as in `srlab.recipes.two_codecs`.
        level: the first quality as `net.up` is told it.
        between: networks of the two codecs, where they are not the course's own.
    """
    kind = {"mean_scale": MeanScale, "jpeg": JPEG}[codec]
    pair = [
        kind(quality, *between[k : k + 1]) if quality else None
        for k, quality in enumerate((first, second))
    ]
    scheme = TwoLayer(
        cast(Codec, pair[0]),  # the first is never without a quality
        models.restorer(net.up),
        pair[1],
        down=net.small if net.down is not None else None,
        level=level,
    )
    return InYCbCr(scheme) if colour == "ycbcr" else scheme
