# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The rules that every file of exercises keeps, one function each.

A rule takes the module of ``course/exercises/NN.py`` and the lesson, and returns its
complaints. Checks are fed the solutions, the author's WRONG functions, and functions
that return None, NaN, text or an empty tensor.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch
from course_lesson import Lesson

from srlab.classroom import CheckResult, check
from srlab.classroom.verdicts import watch

USELESS = {
    "None": lambda *_, **__: None,
    "NaN": lambda *_, **__: float("nan"),
    "text": lambda *_, **__: "an answer",
    "an empty tensor": lambda *_, **__: torch.empty(0),
}


def complete(module: ModuleType, lesson: Lesson) -> list[str]:
    """2-4 exercises with three different hints each, wrong answers, a quiz."""
    complaints = []
    if not 2 <= len(module.EXERCISES) <= 4:
        complaints.append(f"{len(module.EXERCISES)} exercises")
    for name, exercise in module.EXERCISES.items():
        if not re.fullmatch(rf"{int(lesson.number)}\.\d", name):
            complaints.append(f"exercise {name!r} should be '{int(lesson.number)}.1'")
        hints = exercise.hints
        if len(hints) != 3 or len(set(hints)) != 3 or not all(map(str.strip, hints)):
            complaints.append(f"{name} has not three different hints")
        if not getattr(module, "WRONG", {}).get(name):
            complaints.append(f"{name} has no typical wrong answers in WRONG")
    if len(module.QUIZ) < 5:
        complaints.append(f"{len(module.QUIZ)} questions in the quiz")
    if len({question.answer for question in module.QUIZ}) < 2:
        complaints.append("every right answer of the quiz has the same letter")
    return complaints


def names_exist(module: ModuleType, lesson: Lesson) -> list[str]:
    """What the notebook asks, checks, hints at and solves is in the file."""
    tables = {"ask": getattr(module, "ASKS", {})}
    tables |= dict.fromkeys(("check", "hint", "solution"), module.EXERCISES)
    complaints = []
    for call, table in tables.items():
        pattern = rf"\b{call}\(\s*['\"](\d+\.\w+)['\"]"
        used = set(re.findall(pattern, lesson.code))
        file = f"course/exercises/{lesson.number}.py"
        complaints += [f"{call}({name!r}): not in {file}" for name in used - set(table)]
        if call in ("ask", "check"):
            unused = set(table) - used
            complaints += [f"{name!r} is never used by {call}" for name in unused]
    return complaints


def solutions_pass(module: ModuleType, lesson: Lesson) -> list[str]:
    """Each solution passes its own check, and the check has a word for it."""
    complaints = []
    for name, exercise in module.EXERCISES.items():
        result = check(name, exercise.solution)
        if (
            not result.passed
            or len(result.text) < len(f"Exercise {name}: right. ") + 10
        ):
            complaints.append(result.text)
    return complaints


def wrong_answers_are_refused(module: ModuleType, lesson: Lesson) -> list[str]:
    """Typical wrong answers and useless ones are refused, in a sentence."""
    complaints = []
    for name in module.EXERCISES:
        for what, fn in _wrong(module, name):
            text, passed = _verdict(name, fn)
            if passed:
                complaints.append(f"{name} lets {what} pass")
            elif "not right yet" not in text and "not tried yet" not in text:
                complaints.append(f"{name}, {what}: {text}")
    return complaints


def nothing_is_told(module: ModuleType, lesson: Lesson) -> list[str]:
    """What a check says of a wrong answer holds no right value and no solution."""
    complaints = []
    for name, exercise in module.EXERCISES.items():
        watched, record = watch(exercise.solution)
        exercise.check(watched)
        right = {value for result in record.returned for value in _scalars(result)}
        for what, fn in _wrong(module, name):
            text, _ = _verdict(name, fn)
            complaints += [
                f"{name}, {what}: tells {told} in {text!r}"
                for told in _told(text, right, exercise.solution)
            ]
    return complaints


def _verdict(name: str, fn: Callable) -> tuple[str, bool]:
    result: CheckResult = check(name, fn)
    return result.text, result.passed


def _wrong(module: ModuleType, name: str) -> Iterator[tuple[str, Callable]]:
    for number, fn in enumerate(module.WRONG.get(name, ()), 1):
        yield f"wrong answer {number}", fn
    yield from USELESS.items()


def _scalars(result: Any) -> Iterator[float]:
    """The numbers of a result that a message could give away."""
    if isinstance(result, (list, tuple)):
        for one in result:
            yield from _scalars(one)
    elif isinstance(result, dict):
        yield from _scalars(list(result.values()))
    elif isinstance(result, (torch.Tensor, np.ndarray)):
        values = torch.as_tensor(result).detach().double().flatten()
        yield from values.tolist() if len(values) <= 16 else ()
    elif isinstance(result, (int, float)) and not isinstance(result, bool):
        yield float(result)


def _told(text: str, right: set[float], solution: Callable) -> Iterator[str]:
    """What of the answer stands in a text: a decimal number, or a line of code."""
    prose = re.sub(r"`[^`]*`", " ", text)  # `f(0.1)` names an input
    for number in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)(?! ?%| times)", prose):
        digits = len(number.split(".")[1])
        exercise_id = text.startswith(f"Exercise {number}")
        if not exercise_id and any(f"{abs(v):.{digits}f}" == number for v in right):
            yield number
    body = inspect.getsource(solution).splitlines()[1:]
    for line in map(str.strip, body):
        if len(line) >= 15 and not line.startswith(("#", '"')) and line in text:
            yield line


RULES = (
    complete,
    names_exist,
    solutions_pass,
    wrong_answers_are_refused,
    nothing_is_told,
)
