# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Working copies: made once, never overwritten, a fresh one beside on demand."""

import json

import pytest

from tools import work as tool

NAME = "01_images_and_metrics"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """(course with two notebooks, work/ that does not exist yet)."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    course = tmp_path / "course"
    course.mkdir()
    for stem in ("00_start_here", NAME):
        (course / f"{stem}.ipynb").write_text(f"{stem}, first edition")
    return course, tmp_path / "work"


def run(places, *arguments):
    course, work = places
    return tool.main(["--course", str(course), "--work", str(work), *arguments])


def test_copies_are_made_once(places, capsys):
    _, work = places
    assert run(places, "open") == 0
    assert "new in work/: 00_start_here.ipynb" in capsys.readouterr().out
    assert run(places, "open") == 0
    assert "up to date" in capsys.readouterr().out
    files = {path.name for path in work.iterdir()}
    assert files == {".origin.json", "00_start_here.ipynb", f"{NAME}.ipynb"}


def test_a_students_work_is_never_overwritten(places, capsys):
    course, work = places
    run(places, "open")
    (work / f"{NAME}.ipynb").write_text("my own work")
    (course / f"{NAME}.ipynb").write_text("second edition")
    capsys.readouterr()
    run(places, "open")
    said = capsys.readouterr().out
    assert f"a newer {NAME}.ipynb" in said and "make fresh NB=01" in said
    assert "00_start_here" not in said
    assert (work / f"{NAME}.ipynb").read_text() == "my own work"


def test_fresh_copies_stand_beside(places, capsys):
    course, work = places
    run(places, "open")
    (course / f"{NAME}.ipynb").write_text("second edition")
    for _ in range(3):
        assert tool.fresh_copy(course, work, "1", day="2026-11-20") == 0
    names = sorted(path.name for path in work.glob("01*"))
    day = f"{NAME}.fresh-2026-11-20"
    assert names == [
        f"{day}-2.ipynb",
        f"{day}-3.ipynb",
        f"{day}.ipynb",
        f"{NAME}.ipynb",
    ]
    assert (work / f"{day}.ipynb").read_text() == "second edition"
    assert "first edition" in (work / f"{NAME}.ipynb").read_text()
    capsys.readouterr()
    run(places, "open")  # the new edition is there: nothing more to say
    assert "up to date" in capsys.readouterr().out


def test_fresh_names_today(places):
    _, work = places
    assert run(places, "fresh", "00") == 0
    (path,) = work.glob("*.ipynb")
    assert path.name.startswith("00_start_here.fresh-20")


def test_an_unknown_number_is_refused(places, capsys):
    assert run(places, "fresh", "9") == 1
    assert "no notebook 09; there are: 00, 01" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}'])
def test_a_damaged_record_loses_nothing(places, content):
    _, work = places
    run(places, "open")
    (work / f"{NAME}.ipynb").write_text("my own work")
    (work / ".origin.json").write_text(content)
    assert run(places, "open") == 0
    assert (work / f"{NAME}.ipynb").read_text() == "my own work"
    assert "00_start_here.ipynb" in json.loads((work / ".origin.json").read_text())


def test_without_links_the_copy_is_whole_too(places, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(tool.os, "link", refuse)
    _, work = places
    run(places, "open")
    (work / f"{NAME}.ipynb").write_text("my own work")
    run(places, "open")
    assert (work / f"{NAME}.ipynb").read_text() == "my own work"
    assert "first edition" in (work / "00_start_here.ipynb").read_text()


def test_a_copy_is_trusted_so_that_its_sliders_move(places):
    import nbformat
    from nbformat.sign import NotebookNotary

    course, work = places
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    nbformat.write(nb, course / "02_interpolation.ipynb")
    run(places, "open")
    copy = nbformat.read(work / "02_interpolation.ipynb", as_version=4)
    assert NotebookNotary().check_signature(copy)
