# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Votes of a blind rating, and the CSV file that they are kept in."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COLUMNS", "Vote", "read_votes"]

COLUMNS = ("rater", "kind", "trial", "title", "against", "score")


@dataclass(frozen=True)
class Vote:
    """One judgement, as it stands in the CSV file."""

    rater: str
    kind: str  # mos or 2afc
    trial: int  # 1, 2, ...: the order in which the rater saw them
    title: str  # the picture
    against: str  # 2afc: the other picture; else empty
    score: float  # mos: 1 to 5; 2afc: 1 where the picture won, 0 where it lost


def read_votes(path: str | os.PathLike) -> list[Vote]:
    """All votes of the CSV file at path (a class can join its files).

    Raises FileNotFoundError, or ValueError for a file that is damaged.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"no file of votes {str(path)!r}; check the path")
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
    except (UnicodeDecodeError, csv.Error, IsADirectoryError):
        rows = [["no text"]]
    if rows and tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{path.name} is not a file of ratings; choose another name")
    votes = []
    for number, row in enumerate(rows[1:], 2):
        try:
            rater, kind, trial, title, against, score = row
            votes.append(Vote(rater, kind, int(trial), title, against, float(score)))
        except ValueError:
            raise ValueError(f"{path.name} is damaged in line {number}") from None
    return votes
