"""Quizzes by seed: the same everywhere, and the computed answers are right."""

import math
import random
import re

import pytest

import srlab
from srlab import classroom
from srlab.classroom.variants import makers, numeric, quiz_variant, shuffled

NUMBERS = sorted(
    p.stem for p in srlab.paths.course_dir().glob("exercises/[0-9][0-9].py")
)


def right(question) -> str:
    return question.options["abcdefgh".index(question.answer)]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_seed_makes_one_quiz_and_keeps_what_it_asks(number):
    quiz = classroom.exercises(number).QUIZ
    made, again = quiz_variant(number, 5), quiz_variant(number, 5)
    assert made == again and len(made) == len(quiz)
    assert any(quiz_variant(number, seed) != made for seed in range(6, 12))
    for place, (one, other) in enumerate(zip(quiz, made, strict=True), 1):
        if place not in makers(number):
            assert other.text == one.text and right(other) == right(one)
            assert sorted(other.options) == sorted(one.options)


@pytest.mark.parametrize("number", [n for n in NUMBERS if makers(n)])
def test_makers_give_sound_questions_for_many_seeds(number):
    for place in makers(number):
        texts = set()
        for seed in range(40):
            question = quiz_variant(number, seed)[place - 1]
            values = [float(v) for v in map(_value, question.options) if v is not None]
            assert len(set(values)) == len(values), question  # 0.20 and 0.200 are one
            assert len(question.options) >= 3, question
            texts.add(question.text)
        assert len(texts) >= 3


def _value(option: str) -> float | None:
    if found := re.match(r"1/(\d+)$", option):
        return 1 / int(found[1])
    found = re.match(r"[\d.,]+", option)
    return float(found[0].replace(",", "")) if found else None


def test_the_alias_that_is_called_right_has_the_samples_of_the_wave():
    for seed in range(12):
        question = quiz_variant("02", seed)[4]
        wave = float(re.search(r"0\.\d+", question.text)[0])
        seen = float(right(question))
        for n in range(20):
            one, other = (math.cos(2 * math.pi * f * n) for f in (2 * wave, seen))
            assert one == pytest.approx(other)


def test_the_psnr_that_is_called_right_is_measured():
    import torch

    grey = torch.full((1, 1, 16, 16), 0.5)
    for seed in range(8):
        question = quiz_variant("01", seed)[0]
        offset = float(re.search(r"0\.\d+", question.text)[0])
        measured = srlab.metrics.psnr(grey, grey + offset)
        assert f"{measured:.1f} dB" == right(question)


def test_a_quiz_with_a_seed_is_drawn_and_scored():
    card = srlab.quiz(2, seed=7)
    assert "srlab-quiz-02-7-q1" in card.html and "seed=7" in card.text
    key = " ".join(question.answer for question in quiz_variant(2, 7))
    count = len(quiz_variant(2, 7))
    assert f"{count} of {count} right" in srlab.quiz(2, key, seed=7).text


def test_without_a_seed_the_quiz_is_the_one_of_the_notebook():
    assert "srlab-quiz-02-q1" in srlab.quiz(2).html and "seed" not in srlab.quiz(2).text


@pytest.mark.parametrize("seed", ["7", 1.0, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(TypeError, match="whole number"):
        srlab.quiz(2, seed=seed)


def test_equal_options_are_left_out_and_one_option_is_refused():
    question = numeric(random.Random(1), "?", "4", ("4", "5", "5"), "So.")
    assert sorted(question.options) == ["4", "5"] and right(question) == "4"
    with pytest.raises(ValueError, match="needs 2 to 8"):
        numeric(random.Random(1), "?", "4", ("4",), "So.")
    assert right(shuffled(random.Random(2), question)) == "4"
