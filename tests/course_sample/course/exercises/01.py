# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Exercises of the sample notebook that the tests of the tools run on."""

import torch
from srlab.classroom import Ask, Exercise, Question, close


def _picture() -> torch.Tensor:
    return torch.linspace(0.2, 0.7, 12).reshape(1, 1, 3, 4) ** 2


def solution_1_1(x: torch.Tensor) -> float:
    return x.mean().item()


def check_1_1(fn) -> str:
    close(fn(_picture()), solution_1_1(_picture()), "the mean of a ramp")
    return "The mean is the best flat guess of a picture."


def solution_1_2(x: torch.Tensor) -> torch.Tensor:
    return (1 - x).clamp(0, 1)


def check_1_2(fn) -> str:
    close(fn(_picture()), solution_1_2(_picture()), "the negative of a ramp")
    return "A negative of a negative is the picture again."


EXERCISES = {
    "1.1": Exercise(
        title="The mean",
        check=check_1_1,
        hints=(
            "A mean adds everything up first.",
            "Then it divides by how many there are.",
            "A tensor has a method of this name.",
        ),
        solution=solution_1_1,
    ),
    "1.2": Exercise(
        title="The negative",
        check=check_1_2,
        hints=(
            "Black becomes white.",
            "The sum of both is 1 everywhere.",
            "Subtract the picture from 1.",
        ),
        solution=solution_1_2,
    ),
}
WRONG = {
    "1.1": [lambda x: x.sum().item(), lambda x: x.median().item(), lambda x: None],
    "1.2": [lambda x: -x, lambda x: x, lambda x: (1 - x)[0]],
}
QUIZ = [
    Question("What is half of 2?", ("0", "1"), "b", "1 + 1 is 2."),
    Question("What is half of 4?", ("2", "3"), "a", "2 + 2 is 4."),
    Question("What is half of 6?", ("2", "3", "4"), "b", "3 + 3 is 6."),
    Question("What is half of 8?", ("3", "4"), "b", "4 + 4 is 8."),
    Question("What is half of 1?", ("`1 / 2`", "`1 // 2`"), "a", "Not a whole number."),
]
ASKS = {"1.a": Ask("Is the mean of a ramp its middle?", "Only of a straight one.")}
