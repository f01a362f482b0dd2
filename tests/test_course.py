# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every notebook of the course keeps the rules of the course."""

import built_rules
import course_rules
import exercise_rules
import pytest
from course_lesson import Lesson

from srlab import classroom
from tools import notebooks

COURSE = notebooks.ROOT / "course"
LESSONS = [Lesson(path) for path in notebooks.sources(COURSE)]
BUILT = [lesson for lesson in LESSONS if lesson.built.exists()]
EXERCISES = sorted((COURSE / "exercises").glob("[0-9][0-9].py"))
MOST_MB_IN_ALL = 8


def cases(lessons, rules):
    """One test a notebook and rule, called by both names."""
    return [
        pytest.param(lesson, rule, id=f"{lesson.source.stem}-{rule.__name__}")
        for lesson in lessons
        for rule in rules
    ]


@pytest.fixture(autouse=True)
def _this_course(monkeypatch):
    monkeypatch.setenv("SRLAB_COURSE", str(COURSE))


@pytest.mark.parametrize("lesson, rule", cases(LESSONS, course_rules.SOURCE_RULES))
def test_source(lesson, rule):
    complaints = rule(lesson)
    assert not complaints, "\n".join([rule.__doc__, *complaints])


@pytest.mark.parametrize("lesson, rule", cases(BUILT, built_rules.BUILT_RULES))
def test_notebook(lesson, rule):
    complaints = rule(lesson)
    assert not complaints, "\n".join([rule.__doc__, *complaints])


@pytest.mark.parametrize("lesson, rule", cases(LESSONS, exercise_rules.RULES))
def test_exercises(lesson, rule):
    complaints = rule(classroom.exercises(lesson.number), lesson)
    assert not complaints, "\n".join([rule.__doc__, *complaints])


def test_nothing_is_left_over():
    """Notebooks, sources and files of exercises belong together."""
    stems = {lesson.source.stem for lesson in LESSONS}
    assert {path.stem for path in COURSE.glob("[0-9][0-9]_*.ipynb")} <= stems
    assert {path.stem for path in EXERCISES} >= {stem[:2] for stem in stems}
    numbers = [stem[:2] for stem in stems]
    assert len(numbers) == len(set(numbers)), "two notebooks have one number"


def test_all_notebooks_are_small_together():
    total = sum(lesson.built.stat().st_size for lesson in BUILT) / 1e6
    assert total <= MOST_MB_IN_ALL


def test_the_glossary_is_sound_and_names_notebooks():
    rows = classroom.read_glossary()
    assert all(row["en"] and row["ru"] and row["zh"] and row["meaning"] for row in rows)
    assert all(0 <= int(row["notebook"]) <= 21 for row in rows)


def test_the_claims_are_sound():
    claims = classroom.read_claims()
    numbers = {claim["notebook"] for claim in claims}
    assert numbers >= {lesson.number for lesson in LESSONS}
