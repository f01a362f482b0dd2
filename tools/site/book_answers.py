# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""For the lecturer: solutions, hints and keys of a notebook, and of its variants."""

from __future__ import annotations

import inspect

from book_html import raw, table
from book_tree import Book

from srlab.classroom import exercises
from srlab.classroom.quizzes import LETTERS, Question
from srlab.classroom.variants import makers, quiz_variant

SEEDS = (1, 2, 3, 4)  # variants whose keys are printed


def answers_page(number: str) -> str:
    """answers_NN.md, drawn from course/exercises/NN.py."""
    module = exercises(number)
    parts = [f"# Answers to notebook {number}\n"]
    for name, exercise in module.EXERCISES.items():
        source = inspect.getsource(exercise.solution).rstrip()
        hints = "\n".join(f"{n}. {hint}" for n, hint in enumerate(exercise.hints, 1))
        parts.append(
            f"## Exercise {name}: {exercise.title}\n\n```python\n{source}\n```\n\n"
            f"Hints, from a nudge to nearly the answer:\n\n{hints}\n"
        )
    rows = [quiz_row(n, question) for n, question in enumerate(module.QUIZ, 1)]
    names = ["", "question", "key", "right", "why"]
    parts.append("## Quiz\n\n" + raw(table(names, rows, f"Quiz {number}")))
    asks = [[name, one.question, one.answer] for name, one in module.ASKS.items()]
    names = ["", "question", "answer"]
    parts.append("## Questions to the room\n\n" + raw(table(names, asks, "Questions")))
    return "\n".join(parts)


def quiz_row(number: int, question: Question) -> list:
    """A question with its key and the right option."""
    right = question.options[LETTERS.index(question.answer)]
    return [number, question.text, question.answer, right, question.why]


def variants_page(book: Book) -> str:
    """teach_variants.md: which questions change with a seed, and the keys."""
    rows, keys, fixed = [], [], 0
    for stem in book.stems:
        number = stem[:2]
        made, count = makers(number), len(exercises(number).QUIZ)
        fixed += count - len(made)
        letters = [
            " ".join(question.answer for question in quiz_variant(number, seed))
            for seed in SEEDS
        ]
        keys.append([number, len(made), count, *letters])
        for place in made:
            for seed in SEEDS[:2]:
                question = quiz_variant(number, seed)[place - 1]
                rows.append([number, seed, *quiz_row(place, question)])
    text = (
        "# Variants of the quizzes\n\n"
        "`srlab.quiz(2, seed=7)` gives a group the quiz of notebook 02 with its "
        "options in another order, and with other numbers where a maker computes them: "
        f"{sum(row[1] for row in keys)} questions have one, the other {fixed} keep "
        "their words. The same seed is the same quiz on every machine. The exercises "
        "themselves have no variants: their checks feed a function many inputs, and "
        "the solutions are open to all who look for them.\n\n"
    )
    names = ["notebook", "with new numbers", "questions"]
    names += [f"key, seed {seed}" for seed in SEEDS]
    text += raw(table(names, keys, "Keys by seed"))
    names = ["notebook", "seed", "", "question", "key", "right", "why"]
    return text + "\n" + raw(table(names, rows, "Questions with new numbers"))
