# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Another quiz from the same notebook: a seed changes numbers and the order of options.

The makers stand in ``course/exercises/variants.py``: each takes a ``random.Random``
and returns a Question whose right option was computed. Questions without a maker keep
their words and get their options in another order; so a seed makes copying letters
useless, and no more than that.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Sequence
from types import ModuleType

from srlab.classroom.coursework import exercises, notebook_number
from srlab.classroom.quizzes import LETTERS, Question
from srlab.paths import course_dir

__all__ = ["makers", "numeric", "quiz_variant", "shuffled"]

Maker = Callable[[random.Random], Question]


def numeric(
    rng: random.Random, text: str, right: str, wrong: Sequence[str], why: str
) -> Question:
    """A question whose options are numbers in random order.

    right: the right option; wrong: others, of which those equal to it or to each other
    are left out. Raises ValueError where fewer than two are left.

    >>> numeric(random.Random(0), "2 + 2?", "4", ("3", "4", "5"), "Count.").answer
    'a'
    """
    options = list(dict.fromkeys([right, *wrong]))
    return shuffled(rng, Question(text, tuple(options), "a", why))


def shuffled(rng: random.Random, question: Question) -> Question:
    """The same question with its options in another order."""
    order = list(range(len(question.options)))
    rng.shuffle(order)
    right = order.index(LETTERS.index(question.answer))
    options = tuple(question.options[place] for place in order)
    return Question(question.text, options, LETTERS[right], question.why)


def _module() -> ModuleType:
    path = course_dir() / "exercises" / "variants.py"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}")
    spec = importlib.util.spec_from_file_location("_srlab_variants", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def makers(nb: int | str) -> dict[int, Maker]:
    """Question number (from 1) -> its maker; empty for a notebook without any.

    Raises ValueError for a maker whose beginning fits no question, or several.
    """
    number = notebook_number(nb)
    found = {}
    for begin, maker in _module().VARIANTS.get(number, {}).items():
        quiz = enumerate(exercises(number).QUIZ, 1)
        places = [place for place, one in quiz if one.text.startswith(begin)]
        if len(places) != 1:
            raise ValueError(f"{len(places)} questions of {number} begin {begin!r}")
        found[places[0]] = maker
    return found


def quiz_variant(nb: int | str, seed: int) -> list[Question]:
    """The quiz of notebook nb as the seed makes it: the same on every machine.

    seed: a whole number, for instance of the group. TypeError for anything else;
    FileNotFoundError for a notebook without a quiz.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed is a whole number, not {seed!r}")
    number = notebook_number(nb)
    made = makers(number)
    questions = []
    for place, question in enumerate(exercises(number).QUIZ, 1):
        rng = random.Random(f"{number}.{place}.{seed}")  # a new question moves no other
        questions.append(made[place](rng) if place in made else shuffled(rng, question))
    return questions
