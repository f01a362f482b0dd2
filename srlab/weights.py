# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Weights in safetensors, each with a card beside it that says how they were made.

NAME.safetensors holds tensors and nothing that could run; NAME.toml is the card, with
the sha256 of the tensor file. Pickles (.pth, .pt, .pkl) are never read: unpickling a
stranger's file can run a stranger's code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from srlab import paths
from srlab.cards import BrokenWeights, Card, as_toml, from_toml

__all__ = [
    "BrokenWeights",
    "Card",
    "find_weights",
    "read_card",
    "read_weights",
    "weight_names",
    "write_weights",
]

_PICKLES = (".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin", ".tar", ".joblib")
_DTYPES = {"float32": torch.float32, "float16": torch.float16}
_SCALE = ":scale"  # of a tensor whose numbers take a byte each
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # not learned


def write_weights(
    path: str | Path,
    state_dict: Mapping[str, torch.Tensor],
    card: Card,
    dtype: Literal["float32", "float16"] = "float32",
    bytes_above: int = 0,
) -> Card:
    """Write PATH.safetensors and its card PATH.toml; give back the completed card.

    Args:
        path: with the ending .safetensors, or without.
        state_dict: name -> tensor, as ``model.state_dict()`` gives it.
        card: parameters, dtype and sha256 are filled in. A float buffer (a mask, a
            fixed kernel) would count as learned: register it as not persistent.
        dtype: how floating tensors are stored; float16 halves the file, and
            `read_weights` gives float32 back. Measure the loss before you keep it.
        bytes_above: matrices and kernels of more numbers than this are stored in one
            byte a number, with a scale for each first index; 0: none is.

    Raises:
        ValueError: nothing to write, a value that is not finite or that float16 cannot
            hold, another dtype, or a file name that means a pickle.
        TypeError: a path, a card or a state dict that is none.
    """
    from safetensors.torch import save

    file = _file(path)
    if dtype not in tuple(_DTYPES):
        raise ValueError(f"dtype must be float32 or float16, not {dtype!r}")
    if not isinstance(card, Card):
        raise TypeError(f"card is a {type(card).__name__}; expected a srlab Card")
    if not isinstance(state_dict, Mapping):
        kind = type(state_dict).__name__
        raise TypeError(f"expected a mapping name -> tensor, not a {kind}")
    if not state_dict:
        raise ValueError("the state dict is empty: there is nothing to write")
    tensors = {k: _storable(k, v, _DTYPES[dtype]) for k, v in state_dict.items()}
    learned = _learned(tensors)
    for name, tensor in list(tensors.items()):
        if bytes_above and tensor.dim() > 1 and tensor.numel() > bytes_above:
            tensors |= _as_bytes(name, tensor.float())
    data = save(tensors, metadata={"format": "pt"})
    card = replace(
        card,
        parameters=learned,
        dtype=dtype,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    paths.write_whole(file, data)
    paths.write_whole(file.with_suffix(".toml"), as_toml(card).encode())
    return card


def _as_bytes(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    """NAME of -127 to 127 and NAME:scale, whose product is the tensor again."""
    steps = tensor.flatten(1).abs().amax(1).clamp(min=1e-12) / 127
    steps = steps.view(-1, *[1] * (tensor.dim() - 1))
    return {name: (tensor / steps).round().to(torch.int8), name + _SCALE: steps}


def _learned(tensors: Mapping[str, torch.Tensor]) -> int:
    """How many numbers were learned: floats, without batch norm's statistics."""
    learned = (v for k, v in tensors.items() if not k.endswith(_STATISTICS))
    return sum(v.numel() for v in learned if v.is_floating_point())


def _file(path: str | Path) -> Path:
    """The .safetensors file that a path means.

    TypeError for what is no path, ValueError for a pickle.
    """
    if not isinstance(path, str | Path) or not Path(path).name:
        raise TypeError(f"expected the path of a weights file, not {path!r:.60}")
    path = Path(path).expanduser()
    if path.suffix.lower() in _PICKLES:
        raise ValueError(
            f"{path.name} is a pickle, which can run any code when it is read; srlab "
            "reads .safetensors only. Load it yourself with torch.load(..., "
            "weights_only=True) if you trust it, and keep it with write_weights."
        )
    if path.suffix == ".safetensors":
        return path
    return path.with_name(path.name + ".safetensors")


def _storable(name: str, tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A copy that can be stored: on the CPU, of the dtype, all values finite."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"a tensor's name must be a text, not {name!r}")
    if not isinstance(tensor, torch.Tensor):
        raise ValueError(f"{name} is a {type(tensor).__name__}, not a tensor")
    if tensor.layout != torch.strided or tensor.is_meta:
        raise ValueError(f"{name} is sparse or without values")
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.contiguous().clone()
    if not tensor.isfinite().all():
        raise ValueError(f"{name} holds NaN or infinite values")
    stored = tensor.to(dtype)
    if not stored.isfinite().all():
        raise ValueError(f"{name} holds values that {dtype} cannot: use float32")
    return stored.contiguous().clone()


def read_card(path: str | Path) -> Card:
    """The card of the weights file at path; BrokenWeights: missing, or not whole."""
    file = _file(path).with_suffix(".toml")
    if not file.is_file():
        raise BrokenWeights(
            f"{file.name} is missing: without its card, weights cannot be checked. "
            "Bring both files, .safetensors and .toml."
        )
    return from_toml(file)


def read_weights(path: str | Path) -> tuple[dict[str, torch.Tensor], Card]:
    """Read weights and their card, sum checked; floating tensors come as float32.

    Args:
        path: as `find_weights` gives it; the ending may be left off.

    Raises:
        FileNotFoundError: no such file.
        BrokenWeights: damaged, cut off, another file than the card's, or no card.
        ValueError: a pickle.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    file = _file(path)
    if not file.is_file():
        raise FileNotFoundError(f"no weights {str(file)!r}; check the name or the path")
    card = read_card(file)
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise BrokenWeights(
            f"{file.name} ({len(data)} bytes) is damaged, cut off, or not the file of "
            "its card: the sha256 differs. Fetch both files again."
        )
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise BrokenWeights(f"{file.name} is no safetensors file: {error}") from None
    found = {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    for name in [n.removesuffix(_SCALE) for n in found if n.endswith(_SCALE)]:
        if name not in found:
            raise BrokenWeights(f"{file.name} has a scale for {name}, and no {name}")
        found[name] = found[name] * found.pop(name + _SCALE)
    return found, card


def find_weights(name: str) -> Path | None:
    """NAME.safetensors in data/weights, else in the cache; None if in neither.

    Raises ValueError for what is no plain name, such as a path.

    >>> find_weights("no_such_weights") is None
    True
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.A):
        raise ValueError(f"{name!r} is no plain name of weights, such as 'edsr_x2'")
    for folder in _folders():
        file = folder / f"{name.removesuffix('.safetensors')}.safetensors"
        if file.is_file():
            return file
    return None


def weight_names() -> list[str]:
    """Names of all the weights that `find_weights` finds, sorted."""
    return sorted(
        {f.stem for folder in _folders() for f in folder.glob("*.safetensors")}
    )


def _folders() -> list[Path]:
    """data/weights where the repository is there, then the cache's weights/."""
    try:
        ours = [paths.data_dir() / "weights"]
    except FileNotFoundError:
        ours = []
    return [*ours, paths.cache_dir() / "weights"]
