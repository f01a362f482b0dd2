# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a notebook needs beside its subject: set-up, checks, hints, quizzes, words.

The exercises of notebook NN stand in ``course/exercises/NN.py``: checks, graded
hints, solutions, quiz and questions. A check says what differs, never the answer.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FunctionType

from srlab.classroom import answers as _answers
from srlab.classroom import quizzes
from srlab.classroom.answers import SESSION
from srlab.classroom.coursework import (
    exercises,
    find_entry,
    notebook_number,
    read_claims,
    read_glossary,
)
from srlab.classroom.ledger import count_claims, ledger
from srlab.classroom.modes import Run, setup
from srlab.classroom.quizzes import Ask, Card, Question
from srlab.classroom.ratings import Rating, rating, read_votes
from srlab.classroom.variants import quiz_variant
from srlab.classroom.verdicts import Differs, close, explain_failure, is_stub, watch

__all__ = [
    "Ask",
    "Card",
    "CheckResult",
    "Differs",
    "Exercise",
    "Question",
    "Rating",
    "Run",
    "ask",
    "check",
    "claims",
    "close",
    "count_claims",
    "exercises",
    "glossary",
    "hint",
    "ledger",
    "notebook_number",
    "quiz",
    "quiz_variant",
    "rating",
    "read_claims",
    "read_glossary",
    "read_votes",
    "restore_answers",
    "save_answers",
    "setup",
    "solution",
]


# --- exercises --------------------------------------------------------------------


@dataclass(frozen=True)
class Exercise:
    """One exercise: what checks it, what helps, one way to solve it."""

    title: str
    check: Callable[[Callable], str]  # raises Differs, or returns a sentence of praise
    hints: tuple[str, str, str]  # from a nudge to nearly the answer
    solution: Callable


@dataclass(frozen=True, repr=False)
class CheckResult(Card):
    """What a check found; ``use`` works in later cells, solved or not."""

    passed: bool = False
    use: Callable = field(default=lambda: None, compare=False)


def _verdict(name: str, exercise: Exercise, fn: Callable) -> tuple[bool, str, str]:
    """Run one check: (passed, mood of the card, what to say)."""
    watched, record = watch(fn)
    try:
        praise = exercise.check(watched)
    except Differs as error:
        said = str(error).strip()
        return False, "bad", f"not right yet. {said[:1].upper()}{said[1:]}"
    except NotImplementedError as error:
        if is_stub(error, fn):
            text = f'not tried yet. Write it, or ask for help: srlab.hint("{name}").'
            return False, "open", text
        return False, "bad", f"not right yet. {explain_failure(error, fn, record)}"
    except (Exception, SystemExit) as error:  # exit() would end the notebook
        return False, "bad", f"not right yet. {explain_failure(error, fn, record)}"
    return True, "good", f"right. {praise or ''}".strip()


def check(name: str, fn: Callable) -> CheckResult:
    """Check a student's function; the result says what differs, never the answer.

    ``check("2.1", fn).use`` is the function itself if it passed, else the reference
    solution, so that the cells below work either way. name: of the exercise, "2.1".
    """
    exercise = find_entry("EXERCISES", name)
    if not callable(fn):
        passed, mood = False, "bad"
        text = (
            "give check the function itself, without brackets:"
            f' srlab.check("{name}", my_function). It got a {type(fn).__name__}.'
        )
    else:
        passed, mood, text = _verdict(name, exercise, fn)
        if mood != "open":
            _remember_source(name, fn)
    card = quizzes.message_card(f"Exercise {name}: {text}", mood)
    use = fn if passed else exercise.solution
    return CheckResult(card.text, card.html, passed=passed, use=use)


def _remember_source(name: str, fn: Callable) -> None:
    if isinstance(fn, FunctionType):
        try:
            SESSION.sources[name] = inspect.getsource(fn)
        except (OSError, TypeError):
            return


def hint(name: str, grade: int | None = None) -> Card:
    """The next hint of an exercise (1, 2, 3), or the one of the grade asked for.

    name: of the exercise, "2.1". ValueError for another grade.
    """
    exercise = find_entry("EXERCISES", name)
    count = len(exercise.hints)
    if grade is None:
        grade = min(SESSION.hints.get(name, 0) + 1, count)
    if not isinstance(grade, int) or not 1 <= grade <= count:
        raise ValueError(f"hints of {name} have the grades 1 to {count}, not {grade!r}")
    SESSION.hints[name] = grade
    more = (
        "Call it again for the next."
        if grade < count
        else f'It was the last; srlab.solution("{name}") shows one way.'
    )
    text = f"Hint {grade} of {count} for {name}: {exercise.hints[grade - 1]}\n{more}"
    return quizzes.message_card(text)


def solution(name: str) -> Card:
    """The source of one way to solve the exercise of this name, such as "2.1"."""
    exercise = find_entry("EXERCISES", name)
    source = inspect.getsource(exercise.solution).rstrip()
    return quizzes.code_card(f"Exercise {name}, one way to solve it:", source)


# --- quiz and questions -----------------------------------------------------------


def quiz(nb: int | str, answers: str | None = None, seed: int | None = None) -> Card:
    """The quiz of notebook nb; with answers="b a c" the score, and why they are right.

    A seed gives a variant: options in another order, other numbers where there are
    makers (``srlab.classroom.variants``). Scores of variants are not kept.
    """
    number = notebook_number(nb)
    questions = exercises(number).QUIZ if seed is None else quiz_variant(number, seed)
    if answers is None:
        return quizzes.quiz_card(number, questions, seed)
    letters = quizzes.read_letters(number, questions, answers)
    if seed is None:
        SESSION.quizzes[number] = " ".join(letters)
    return quizzes.score_card(number, questions, letters)


def ask(question: str, answer: str | None = None) -> Card:
    """A question to the room: an id ("2.a") of the exercises file, or both texts.

    TypeError for a question or an answer that is no text.
    """
    if answer is not None:
        if not isinstance(question, str) or not isinstance(answer, str):
            raise TypeError("ask takes an id, or a question and its answer as texts")
        return quizzes.ask_card("", Ask(question, answer))
    return quizzes.ask_card(question, find_entry("ASKS", question))


# --- what a student did, kept in a file -------------------------------------------


def save_answers(path: str | os.PathLike = "answers.json") -> Card:
    """Write quiz letters and the code of tried exercises to path, a small JSON file."""
    return quizzes.message_card(_answers.save(path))


def restore_answers(path: str | os.PathLike = "answers.json") -> Card:
    """Read such a file back; code goes into a new cell, to be looked at and run.

    path: as `save_answers` wrote it.
    """
    return quizzes.message_card(_answers.restore(path))


# --- words and claims -------------------------------------------------------------


def glossary(
    terms: Iterable[str] | None = None, path: str | os.PathLike | None = None
) -> Card:
    """The words of a notebook in English, Russian and Chinese; all without terms.

    A term is the English word or the letter. Raises ValueError for an unknown one.
    path: of another file than course/glossary.toml.
    """
    rows = read_glossary(terms, path)
    table = [
        {
            "English": row["en"],
            "Русский": row["ru"],
            "中文": row["zh"],
            "letter": row["letter"],
            "notebook": row["notebook"],
            "meaning": row["meaning"],
        }
        for row in rows
    ]
    return quizzes.table_card("Words", table)


def claims(
    notebook: int | str | None = None, path: str | os.PathLike | None = None
) -> Card:
    """What the source documents claim on a notebook's subject, and what was found.

    path: of another file than data/claims.toml.
    """
    number = None if notebook is None else notebook_number(notebook)
    rows = [
        {
            "source": f"{row['source']}, {row['place']}",
            "says": row["says"],
            "verdict": row["verdict"],
            "shown by": row["shown_by"],
            "note": row["note"],
        }
        for row in read_claims(path)
        if number in (None, row["notebook"])
    ]
    return quizzes.table_card("Claims of the sources, and what was found", rows)
