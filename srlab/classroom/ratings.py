# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Asking people: blind ratings of pictures, with a mean and its uncertainty.

Two ways to ask. "mos": one picture at a time (beside the reference, if there is
one), five grades as in Recommendation ITU-R BT.500; their mean is the mean opinion
score. "2afc": two pictures, which is better (two-alternative forced choice); the
mean is the share of comparisons that a picture wins. The order is shuffled and
titles are hidden until the summary. The interval is Student's t for grades, Wilson's
for shares; both take votes as independent: many votes of one person are fewer than
they look.
"""

from __future__ import annotations

import csv
import itertools
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from srlab.classroom.intervals import interval, share_interval
from srlab.classroom.votes import COLUMNS, Vote, read_votes
from srlab.images import check_one

if TYPE_CHECKING:
    import pandas

__all__ = ["GRADES", "Rating", "Trial", "Vote", "rating", "read_votes"]

GRADES = {1: "bad", 2: "poor", 3: "fair", 4: "good", 5: "excellent"}
SIDES = ("left", "right")
INTERVALS = {"mos": interval, "2afc": share_interval}


@dataclass(frozen=True)
class Trial:
    """One thing to judge: the title of one picture, or those of left and right."""

    titles: tuple[str, ...]


class Rating:
    """A blind rating: ask for `pictures()`, `vote`, until `done`; then `summary()`."""

    def __init__(
        self,
        images: Mapping[str, torch.Tensor],
        reference: torch.Tensor | None,
        kind: str,
        seed: int,
        path: str | os.PathLike,
    ) -> None:
        self.images = dict(images)
        self.reference = reference
        self.kind = kind
        self.path = Path(path).expanduser()
        self.trials = _shuffled(list(images), kind, seed)
        self.votes: list[tuple[Vote, ...]] = []  # one entry a trial
        self._saved = 0  # how many of them are in the file

    def __repr__(self) -> str:
        done = "done" if self.done else f"{len(self.votes)} of {len(self.trials)} done"
        return f"Rating of {len(self.images)} pictures, {self.kind}, {done}"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from srlab import widgets

        display(widgets.rating_panel(self))

    @property
    def done(self) -> bool:
        return len(self.votes) == len(self.trials)

    @property
    def position(self) -> tuple[int, int]:
        """(number of the trial on the table, from 1; number of trials)."""
        return min(len(self.votes) + 1, len(self.trials)), len(self.trials)

    @property
    def choices(self) -> dict[Any, str]:
        """What can be voted now -> the word on the button."""
        return GRADES if self.kind == "mos" else {side: side for side in SIDES}

    @property
    def question(self) -> str:
        """What the rater is asked."""
        if self.kind == "2afc":
            return "Which one looks better?"
        return "How good does it look?" + (
            " The reference is on the left." if self.reference is not None else ""
        )

    def pictures(self) -> dict[str, torch.Tensor]:
        """What is on the table now, under names that tell nothing; empty when done."""
        if self.done:
            return {}
        shown = [self.images[title] for title in self.trials[len(self.votes)].titles]
        if self.kind == "2afc":
            return dict(zip(SIDES, shown, strict=True))
        number, _ = self.position
        pictures = {f"picture {number}": shown[0]}
        if self.reference is not None:
            pictures = {"reference": self.reference} | pictures
        return pictures

    def vote(self, choice: int | str, rater: str = "") -> None:
        """Judge what is on the table; ValueError for what is no choice, or at the end.

        choice: a grade from 1 to 5, or "left" or "right". rater: who says so.
        """
        if self.done:
            raise ValueError("all pictures are rated; summary() shows what came out")
        if isinstance(choice, bool) or choice not in self.choices:
            allowed = ", ".join(str(one) for one in self.choices)
            raise ValueError(f"a vote is one of {allowed}; got {choice!r}")
        number = len(self.votes) + 1
        titles = self.trials[number - 1].titles
        if self.kind == "mos":
            rows = [Vote(rater, "mos", number, titles[0], "", float(choice))]
        else:
            won = SIDES.index(choice)
            rows = [
                Vote(rater, "2afc", number, titles[i], titles[1 - i], float(i == won))
                for i in range(2)
            ]
        self.votes.append(tuple(rows))

    def undo(self) -> None:
        """Take the last vote back; ValueError if there is none that is not saved."""
        if len(self.votes) <= self._saved:
            raise ValueError("there is no unsaved vote to take back")
        self.votes.pop()

    def save(self) -> Path:
        """Append the votes that are not in the CSV file yet; returns its path.

        FileNotFoundError if its folder is not there.
        """
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"no folder {str(self.path.parent)!r}; make it")
        if self.path.exists():
            read_votes(self.path)  # a file of something else is not written to
        rows = [row for votes in self.votes[self._saved :] for row in votes]
        new = not self.path.exists() or not self.path.stat().st_size
        with self.path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(COLUMNS)
            writer.writerows([getattr(row, name) for name in COLUMNS] for row in rows)
        self._saved = len(self.votes)
        return self.path

    def summary(self, votes: Sequence[Vote] | None = None) -> pandas.DataFrame:
        """Mean and 95 % interval a picture, best first: title, votes, mean, low, high.

        votes: those of many people, from `read_votes`; this session's without. A
        picture with one grade has no interval (NaN), one with none no mean.
        """
        import pandas

        if votes is None:
            votes = [row for rows in self.votes for row in rows]
        rows = []
        for title in self.images:
            scores = [
                v.score for v in votes if v.title == title and v.kind == self.kind
            ]
            low, mean, high = INTERVALS[self.kind](scores)
            row = {"title": title, "votes": len(scores), "mean": mean}
            rows.append(row | {"low": low, "high": high})
        frame = pandas.DataFrame(rows)
        order = frame["mean"].sort_values(ascending=False, kind="stable").index
        return frame.loc[order].reset_index(drop=True)


def _shuffled(titles: list[str], kind: str, seed: int) -> list[Trial]:
    """All trials in an order that only the seed knows, sides swapped at random."""
    shuffle = random.Random(seed)
    if kind == "mos":
        trials = [Trial((title,)) for title in titles]
    else:
        pairs = [list(pair) for pair in itertools.combinations(titles, 2)]
        for pair in pairs:
            shuffle.shuffle(pair)
        trials = [Trial(tuple(pair)) for pair in pairs]
    shuffle.shuffle(trials)
    return trials


def rating(
    images: Mapping[str, torch.Tensor] | Sequence[torch.Tensor],
    reference: torch.Tensor | None = None,
    kind: str = "mos",
    seed: int = 0,
    path: str | os.PathLike = "ratings.csv",
) -> Rating:
    """A blind rating of images (title -> (1, C, H, W) in [0, 1]), kind mos or 2afc.

    reference: the original, shown beside each. seed: of the order. path: of the CSV
    file that the votes go to. Raises TypeError or ValueError: no such images, too few,
    or another kind.
    """
    if kind not in ("mos", "2afc"):
        raise ValueError(f"kind is 'mos' or '2afc', got {kind!r}")
    if isinstance(images, str) or not isinstance(images, Mapping | Sequence):
        raise TypeError(f"images is a {type(images).__name__}; expected a dict or list")
    if not isinstance(images, Mapping):
        images = {f"image {n}": image for n, image in enumerate(images, 1)}
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is a {type(path).__name__}; expected a file's path")
    both = {"the reference": reference} if reference is not None else {}
    for title, image in (both | dict(images)).items():
        check_one(image, str(title))
    if len(images) < (2 if kind == "2afc" else 1):
        raise ValueError("give at least two images to choose from, one to grade")
    return Rating(images, reference, kind, seed, path)
