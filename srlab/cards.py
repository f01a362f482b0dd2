# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The card of a weights file: how they were made, what they reach, and which they are.

A card is a small TOML file beside the tensors that `srlab.weights` writes and reads.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

__all__ = ["BrokenWeights", "Card", "as_toml", "from_toml"]

Scalar = str | bool | int | float


class BrokenWeights(ValueError):
    """A weights file or its card is damaged, cut off, or they do not fit each other."""


@dataclass(frozen=True)
class Card:
    """How weights were made and what they reach.

    The first six are the author's; `write_weights` fills in the last three.
    """

    recipe: str  # the command or the preset that trained them
    data: str  # training data, and how much of it
    device: str  # "2 CPU cores", "1 x NVIDIA H200"
    minutes: float  # of training
    licence: str  # of the weights: "MIT"
    metrics: Mapping[str, Scalar] = field(default_factory=dict)  # "set5_x2_psnr": 37.9
    model: str = ""  # the class, "EDSR"
    settings: Mapping[str, Any] = field(default_factory=dict)  # its arguments
    note: str = ""  # what a user should know: "a short run"
    parameters: int = 0  # learned numbers: floats, batch norm's statistics left out
    dtype: str = ""  # of the file: "float32" or "float16"
    sha256: str = ""  # of the file

    def __post_init__(self) -> None:
        """ValueError that names the field which is empty, or of another type."""
        for key in ("recipe", "data", "device", "licence"):
            text = getattr(self, key)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"the card's {key} must be a text that is not empty")
        for key in ("model", "note", "dtype", "sha256"):
            if not isinstance(getattr(self, key), str):
                raise ValueError(f"the card's {key} must be a text")
        if not _is_number(self.minutes) or self.minutes < 0:
            raise ValueError(
                f"the card's minutes must be 0 or more, not {self.minutes}"
            )
        if type(self.parameters) is not int or self.parameters < 0:
            raise ValueError("the card's parameters must be a whole number")
        for key in ("metrics", "settings"):
            _check_table(key, getattr(self, key))


def _is_number(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return math.isfinite(value)


def _check_table(name: str, table: object) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"the card's {name} must be a table of names and values")
    for key, value in table.items():
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", key):
            raise ValueError(
                f"a name in the card's {name} is not a plain word: {key!r}"
            )
        if not isinstance(value, (str, bool)) and not _is_number(value):
            raise ValueError(
                f"{key} in the card's {name} must be a text, a finite number or a "
                f"truth value, not {value!r}"
            )


def as_toml(card: Card) -> str:
    """The card as TOML: texts, numbers, truth values, and the two tables last."""
    row = asdict(card)
    tables = {key: row.pop(key) for key in ("metrics", "settings")}
    lines = [f"{key} = {_value(value)}" for key, value in row.items()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{k} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Scalar) -> str:
    # JSON writes texts, finite numbers and truth values as TOML does, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def from_toml(file: Path) -> Card:
    """The card that a TOML file holds; BrokenWeights names what is wrong with it."""
    try:
        row = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BrokenWeights(f"{file.name} is no TOML file: {error}") from None
    known = {f.name for f in fields(Card)}
    missing = sorted(known - row.keys() - {"model", "settings", "note"})
    extra = sorted(row.keys() - known)
    if missing or extra:
        lacks = f" lacks {', '.join(missing)}" if missing else ""
        more = f" has unknown keys: {', '.join(extra)}" if extra else ""
        raise BrokenWeights(
            f"the card {file.name}{lacks}{' and' * bool(lacks and more)}{more}"
        )
    try:
        return Card(**row)
    except ValueError as error:
        raise BrokenWeights(f"{file.name}: {error}") from None
