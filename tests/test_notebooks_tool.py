# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""tools/notebooks.py on the sample course: build, check, rehearse, time, failures."""

import shutil
import tomllib
from pathlib import Path

import built_rules
import course_rules
import jupytext
import nbformat
import pytest
from course_lesson import Lesson

from tools import notebooks

SAMPLE = Path(__file__).parent / "course_sample" / "course"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sample course, built and timed once."""
    course = tmp_path_factory.mktemp("sample") / "course"
    shutil.copytree(SAMPLE, course)
    assert notebooks.main(["build", "--course", str(course)]) == 0
    minutes = course / "minutes.toml"
    assert notebooks.main(["time", "--course", str(course), "--to", str(minutes)]) == 0
    return course


@pytest.fixture
def course(tmp_path):
    """A copy of the sample course that a test may break."""
    shutil.copytree(SAMPLE, tmp_path / "course")
    return tmp_path / "course"


def change(course, old, new):
    """Replace a piece of the sample's source, which must be there."""
    path = course / "source" / "01_tiny.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Lesson(path)


# --- building -----------------------------------------------------------------------


def test_a_built_notebook_is_clean(built):
    notebook = nbformat.read(built / "01_tiny.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    text = (built / "01_tiny.ipynb").read_text(encoding="utf-8")
    assert "widget-view" not in text and '"execution"' not in text
    hidden = [c for c in notebook.cells if c.metadata.get("jupyter")]
    assert hidden == [c for c in notebook.cells if notebooks.is_notes(c)] != []
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    assert not list(built.glob(".build-*"))


def test_ids_change_in_their_own_section_only(built):
    cells = notebooks.read_source(built / "source" / "01_tiny.py").cells
    ids = notebooks.cell_ids(cells)
    assert len(ids) == len(set(ids)) and "1-the-mean-02" in ids
    place = ids.index("1-the-mean-01")
    more = notebooks.cell_ids([*cells[:place], cells[place], *cells[place:]])
    assert set(more) - set(ids) == {"1-the-mean-05"}


def test_building_twice_gives_the_same_text(built):
    first = nbformat.read(built / "01_tiny.ipynb", as_version=4)
    second = notebooks.read_source(built / "source" / "01_tiny.py")
    measured = notebooks.execute(second, built, threads=2)
    notebooks.clean(second)
    assert notebooks.differences(first, second) == []
    assert measured.seconds > 0 and 50 < measured.peak_mb < 3000


def test_the_source_comes_back_from_the_notebook(built):
    """What JupyterLab writes with jupytext is the source that was built."""
    source = (built / "source" / "01_tiny.py").read_text(encoding="utf-8")
    notebook = nbformat.read(built / "01_tiny.ipynb", as_version=4)
    config = tomllib.loads((notebooks.ROOT / "jupytext.toml").read_text())
    config.pop("outdated_text_notebook_margin")
    notebook.metadata["jupytext"] = config
    back = jupytext.writes(notebook, fmt="py:percent")
    body = source.split("# ---\n", 2)[2]
    assert back.split("# ---\n", 2)[2] == body


def test_time_keeps_a_row_a_notebook(built):
    (row,) = tomllib.loads((built / "minutes.toml").read_text())["notebook"]
    assert row["name"] == "01_tiny" and row["seconds"] > 0 and row["peak_mb"] > 50


def test_check_compares_with_what_is_written(built, course, capsys):
    path = course / "01_tiny.ipynb"
    shutil.copy(built / "01_tiny.ipynb", path)
    text = path.read_text(encoding="utf-8").replace("ramp: 0.337", "ramp: 0.338")
    path.write_text(text, encoding="utf-8")
    assert notebooks.main(["check", "1", "--course", str(course)]) == 1
    said = capsys.readouterr().out
    assert "threads: 1: differs" in said and "threads: 2: differs" in said
    assert "ramp: 0.337" in said and "1-the-mean-02" in said


def test_a_failing_cell_is_named_and_nothing_is_written(course, capsys):
    change(course, "assert 0.33 < mean < 0.35", "assert 0.5 < mean, 'too dark'")
    (course / "01_tiny.ipynb").write_text("as before")
    assert notebooks.main(["build", "01", "--course", str(course)]) == 1
    said = capsys.readouterr().err
    assert "01_tiny failed in cell 10 (1-the-mean-02)" in said
    assert "    mean = (ramp**2)" in said and "AssertionError: too dark" in said
    assert len(said.splitlines()) < 12 and "nothing was written" in said
    assert (course / "01_tiny.ipynb").read_text() == "as before"


def test_rehearse_runs_in_its_mode_and_writes_nothing(course, capsys):
    change(course, "run\n", "assert run.rehearse, 'not a rehearsal'\nrun\n")
    assert notebooks.main(["rehearse", "--course", str(course)]) == 0
    assert "01_tiny: rehearsed" in capsys.readouterr().out
    assert not list(course.glob("*.ipynb"))
    assert notebooks.main(["build", "--course", str(course)]) == 1
    assert "not a rehearsal" in capsys.readouterr().err


def test_an_unknown_number_is_refused(course):
    with pytest.raises(SystemExit, match="no source 07_"):
        notebooks.main(["build", "7", "--course", str(course)])


def test_a_course_without_sources_is_no_error(tmp_path, capsys):
    assert notebooks.main(["build", "--course", str(tmp_path)]) == 0
    assert "no sources" in capsys.readouterr().out


# --- the rules of the course, on a course that keeps them ------------------------


@pytest.mark.parametrize("rule", course_rules.SOURCE_RULES, ids=lambda r: r.__name__)
def test_the_sample_keeps_the_rules_of_sources(rule):
    assert rule(Lesson(SAMPLE / "source" / "01_tiny.py")) == []


@pytest.mark.parametrize("rule", built_rules.BUILT_RULES, ids=lambda r: r.__name__)
def test_the_sample_keeps_the_rules_of_notebooks(built, rule):
    lesson = Lesson(built / "source" / "01_tiny.py", built / "minutes.toml")
    assert rule(lesson) == []


@pytest.mark.parametrize(
    "rule, old, new",
    [
        ("frame", "# ## Words", "# ## Glossary"),
        ("frame", "# ## 2 The power", "# ## 3 The power"),
        ("frame", "# # 01 Tiny", "# # 02 Tiny"),
        ("promise", "srlab.show(ramp", "print(ramp"),
        ("slide_types", '{"slide_type": "-"}', "{}"),
        ("notes", "Let the room guess before", "Guess."),
        ("notes", "most people say one half.", "most people say one half"),
        ("cell_lengths", "result\n", "result\n" * 25),
        ("setup_cell", 'srlab.setup("01")', 'srlab.setup("02")'),
        ("setup_cell", "run\n", "run\n" * 6),
        ("exercises", "# ### Exercise 1.2 The", "# ### Exercise 1.3 The"),
        ("exercises", 'raise NotImplementedError("Exercise 1.2")', "return 1 - x"),
        ("exercises", 'srlab.check("1.2", negative)', "negative"),
        ("cards", "srlab.quiz(1)", "srlab.quiz(2)"),
        ("cards", 'srlab.classroom.glossary(["mean"])', "1"),
        ("widget", 'twin=[{"power": 1}, {"power": 3}],', ""),
        ("asserts", "assert 0.33 < mean < 0.35", ""),
        ("links", "#1-The-mean", "#1-A-mean"),
        ("links", "#1-The-mean", "../nowhere.md"),
        ("links", "https://example.org", "http://example.org"),
        ("links", "https://example.org", "https://example"),
    ],
)
def test_a_broken_source_is_found(course, rule, old, new):
    lesson = change(course, old, new)
    if (rule, new) == ("notes", "Guess."):
        lesson = change(course, " you show the number; most people say one half.", "")
    assert getattr(course_rules, rule)(lesson) != []


@pytest.mark.parametrize(
    "rule, old, new",
    [
        ("same_as_source", "Add all up", "Add everything up"),
        ("ran", '"execution_count":3', '"execution_count":null'),
        ("numbers", "squares is 0.34", "squares is 0.36"),
        ("alternative_texts", "of 48 grey values, dark above and bright below", ""),
        ("alternative_texts", "Figure: A ramp", "A ramp"),
        ("alternative_texts", "image/jpeg", "image/svg+xml"),
        ("figures_are_read", "Move the power: a higher one makes", "Move"),
        ("twins", '"image/jpeg"', '"application/x"'),
    ],
)
def test_a_broken_notebook_is_found(built, course, rule, old, new):
    text = (built / "01_tiny.ipynb").read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new)
    if rule == "figures_are_read":
        text = text.replace(" the picture darker.", "").replace("power would", "")
    (course / "01_tiny.ipynb").write_text(text, encoding="utf-8")
    lesson = Lesson(course / "source" / "01_tiny.py")
    assert getattr(built_rules, rule)(lesson) != []


@pytest.mark.parametrize(
    "row, words",
    [
        ("seconds = 100.0\npeak_mb = 600", "promises 1 min, measured 1.7"),
        ("seconds = 200.0\npeak_mb = 600", "takes 3.3 minutes"),
        ("seconds = 20.0\npeak_mb = 1600", "takes 1600 MB"),
    ],
)
def test_broken_promises_are_found(course, row, words):
    minutes = course / "minutes.toml"
    minutes.write_text(f'[[notebook]]\nname = "01_tiny"\ndevice = "cpu"\n{row}\n')
    lesson = Lesson(course / "source" / "01_tiny.py", minutes)
    assert words in " ".join(built_rules.minutes(lesson))
