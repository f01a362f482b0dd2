# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Set-up, checks, hints, quizzes, answers, words and claims."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import srlab
from srlab import classroom
from srlab.classroom import Differs, Question, answers, close, quizzes

SAMPLE = Path(__file__).parent / "course_sample" / "course"


@pytest.fixture(autouse=True)
def sample_course(monkeypatch):
    """The sample course, and a student who has done nothing yet."""
    monkeypatch.setenv("SRLAB_COURSE", str(SAMPLE))
    monkeypatch.setattr(classroom, "SESSION", answers.Session())
    monkeypatch.setattr(answers, "SESSION", classroom.SESSION)


# --- set-up -----------------------------------------------------------------------


@pytest.mark.parametrize("nb", [1, "1", "01", "1.2"])
def test_a_notebook_has_two_digits(nb):
    assert classroom.notebook_number(nb) == "01"


@pytest.mark.parametrize("nb", ["", "one", None, "001", -1])
def test_no_number_is_refused(nb):
    with pytest.raises(ValueError, match="no notebook number"):
        classroom.notebook_number(nb)


def test_setup_is_seeded_and_says_the_mode(monkeypatch):
    monkeypatch.delenv("SRLAB_MODE", raising=False)
    run = srlab.setup("01")
    first = torch.rand(3), torch.rand(3, generator=run.generator)
    run = srlab.setup(1)
    second = torch.rand(3), torch.rand(3, generator=run.generator)
    assert repr(run) == "srlab notebook 01, fast mode"
    assert all(map(torch.equal, first, second))
    assert run.fast and not run.full and not run.rehearse
    assert run.pick(fast=1, full=2, rehearse=3) == 1


@pytest.mark.parametrize("mode, value", [("full", 2), (" Rehearse ", 3), ("", 1)])
def test_the_mode_comes_from_the_environment(monkeypatch, mode, value):
    monkeypatch.setenv("SRLAB_MODE", mode)
    assert srlab.setup(2).pick(fast=1, full=2, rehearse=3) == value


def test_an_unknown_mode_is_refused(monkeypatch):
    monkeypatch.setenv("SRLAB_MODE", "quick")
    with pytest.raises(ValueError, match=r"'quick'.*fast, full, rehearse"):
        srlab.setup(1)


# --- checks -----------------------------------------------------------------------


def right(x):
    return x.mean().item()


def stub(x):
    raise NotImplementedError  # your code


def library(x):
    return torch.nn.Module()(x)


def broken(x):
    y = x.mean()
    return y.value


def helper_breaks(x):
    return deeper(x)


def deeper(x):
    return 1 / 0


def forever(x):
    return forever(x)


def shouting(x):
    raise ValueError("a" * 1000 + "\nb")


def test_a_right_answer_passes_and_is_used():
    result = srlab.check("1.1", right)
    assert result.passed and result.use is right
    assert repr(result).startswith("Exercise 1.1: right. The mean is")


def test_an_empty_exercise_is_not_tried_and_the_solution_is_used():
    result = srlab.check("1.1", stub)
    assert not result.passed and "not tried yet" in result.text
    assert result.use(torch.ones(1, 1, 2, 2)) == 1
    assert 'srlab.hint("1.1")' in result.text


@pytest.mark.parametrize(
    "fn, words",
    [
        (lambda x: None, "is None. Does your function end with `return`?"),
        (lambda x: "0.2", "is a str; it should be a number"),
        (lambda x: x, "is a float32 tensor of shape (1, 1, 3, 4); the shape"),
        (lambda x: float("nan"), "holds NaN"),
        (lambda x: float("inf"), "is infinite"),
        (lambda x: -right(x), "has the wrong sign"),
        (lambda x: 1.05 * right(x), "off by about 5 % (too large)"),
        (lambda x: 0.7 * right(x), "off by about 30 % (too small)"),
        (lambda x: 7 * right(x), "is about 7 times too large"),
        (lambda x: 2 * right(x), "is twice too large"),
        (lambda x: 2.303 * right(x), "is about 2.3 times too large"),
        (lambda x: 1j, "is complex; it should be real"),
        (lambda x: [right(x)], "is a list of 1; it should be a number"),
        (library, "raised NotImplementedError: Module [Module] is missing"),
        (broken, "In line 3 of your function, `return y.value`, Python raised Attrib"),
        (helper_breaks, "In `deeper`, `return 1 / 0`, Python raised ZeroDivisionError"),
        (forever, "RecursionError"),
        (lambda: 3, "Calling your function raised TypeError"),
        (right(torch.ones(1)), "without brackets"),
        (None, "without brackets"),
    ],
)
def test_a_wrong_answer_gets_a_word(fn, words):
    result = srlab.check("1.1", fn)
    assert not result.passed and words in result.text
    assert "0.2" not in result.text  # the right value is 0.2...
    assert len(result.text.splitlines()) == 1


def test_a_long_message_is_cut():
    text = srlab.check("1.1", shouting).text
    assert "ValueError: aaa" in text and len(text) < 400


def test_a_number_may_come_as_a_tensor_or_from_numpy():
    for fn in (torch.mean, lambda x: x.mean(), lambda x: np.float32(right(x))):
        assert srlab.check("1.1", fn).passed


@pytest.mark.parametrize(
    "fn, words",
    [
        (lambda x: x.tolist(), "is a list of 1; it should be a tensor"),
        (lambda x: (1 - x)[0], "has the wrong shape: (1, 3, 4)"),
        (lambda x: torch.empty(0), "has the wrong shape: (0,)"),
        (lambda x: 0.9 - x, "differs everywhere, by up to about 20 % of their range"),
    ],
)
def test_a_wrong_tensor_gets_a_word(fn, words):
    assert words in srlab.check("1.2", fn).text


def test_a_check_that_trips_over_a_result_says_so(monkeypatch):
    exercise = classroom.Exercise("", lambda fn: fn().shape, ("", "", ""), right)
    monkeypatch.setitem(classroom.exercises(1).EXERCISES, "1.9", exercise)
    text = srlab.check("1.9", lambda: None).text
    assert "Your function returned None" in text and "could not be used" in text


def test_an_unknown_exercise_is_named():
    with pytest.raises(ValueError, match=r"no exercise '1.7'.*1\.1, 1\.2"):
        srlab.check("1.7", right)
    with pytest.raises(FileNotFoundError, match="notebook 09 has no exercises"):
        srlab.hint("9.1")


def test_close_compares_sequences_and_truth():
    close((1.0, [2.0]), (1.0, [2.0]), "both")
    close(True, True, "the answer")
    with pytest.raises(Differs, match="both, entry 2, is off by about 50 %"):
        close((1.0, 3.0), (1.0, 2.0), "both")
    with pytest.raises(Differs, match="both has 1 entries: too few"):
        close([1.0], (1.0, 2.0), "both")
    with pytest.raises(Differs, match="should be True or False"):
        close(1, True, "the answer")
    with pytest.raises(Differs, match="is finite where it should not be"):
        close(3.0, float("inf"), "the PSNR")
    close(float("inf"), float("inf"), "the PSNR")
    flat = torch.full((1, 1, 2, 2), 0.5)
    with pytest.raises(Differs, match=r"your picture is off by about 30 % \(too small"):
        close(0.7 * flat, flat, "your picture")


def test_checks_see_a_changed_file(tmp_path, monkeypatch):
    shutil.copytree(SAMPLE, tmp_path / "course")
    monkeypatch.delenv("SRLAB_COURSE")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")  # found upward from here
    path = tmp_path / "course" / "exercises" / "01.py"
    assert "The mean" in classroom.exercises(1).EXERCISES["1.1"].title
    path.write_text(path.read_text().replace('title="The mean"', 'title="Other"'))
    os.utime(path, ns=(1, 1))
    assert classroom.exercises(1).EXERCISES["1.1"].title == "Other"


# --- hints, quiz, questions ---------------------------------------------------------


def test_hints_come_one_by_one():
    texts = [srlab.hint("1.1").text for _ in range(4)]
    assert [t[5:11] for t in texts] == ["1 of 3", "2 of 3", "3 of 3", "3 of 3"]
    assert "Call it again" in texts[0] and "srlab.solution" in texts[3]
    assert "adds everything up" in srlab.hint("1.1", grade=1).text
    for grade in (0, 4, "a"):
        with pytest.raises(ValueError, match="grades 1 to 3"):
            srlab.hint("1.1", grade=grade)


def test_the_solution_is_shown():
    card = srlab.solution("1.2")
    assert "return (1 - x).clamp(0, 1)" in card.text
    assert "<pre><code>def solution_1_2" in card.html


def test_a_card_carries_the_style_that_it_needs_and_no_more():
    words = {"<fieldset": ".option", "<summary": "summary{", "<table": "table{"}
    cards = [srlab.quiz(1).html, srlab.ask("Is it?", "Yes").html]
    cards.append(quizzes.table_card("Words", [{"word": "mean"}]).html)
    cards += [quizzes.box("<p>so</p>", mood) for mood in ("", "good", "bad", "open")]
    for html in cards:
        style, body = html.split("</style>")
        assert ".srlab-card{border-left" in style
        for tag, rule in words.items():
            assert (tag in body) == (f".srlab-card {rule}" in style), tag
        assert ('class="srlab-card"' in body) != (".srlab-card.good{" in style)


def test_a_quiz_is_html_without_a_script():
    card = srlab.quiz("01")
    html = card.html
    assert card.html == srlab.quiz(1).html  # the same ids every time
    assert "<script" not in html and "http" not in html and "<form" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert html.count('type="radio"') == 11 and html.count("<legend>") == 5
    assert re.findall(r'for="([^"]+)"', html) == [i for i in ids if i[-2] == "-"]
    assert "1. What is half of 2?" in card.text and "1 + 1" not in card.text


def test_a_quiz_is_scored_and_only_right_answers_are_explained():
    card = srlab.quiz(1, answers="b b, B - a")
    assert "Quiz 01: 3 of 5 right." in card.text
    assert "1 + 1 is 2" in card.text and "2 + 2 is 4" not in card.text
    assert classroom.SESSION.quizzes == {"01": "b b b - a"}


@pytest.mark.parametrize("letters", ["", "b", "b b b b b b", "b z b b a", "b c b b a"])
def test_letters_that_do_not_fit_are_refused(letters):
    with pytest.raises(ValueError, match=r"quiz 01"):
        srlab.quiz(1, answers=letters)


@pytest.mark.parametrize("answer", ["c", "", "ab", "B"])
def test_a_question_without_its_answer_is_refused(answer):
    with pytest.raises(ValueError, match="no option"):
        Question("What?", ("one", "two"), answer, "Why.")


def test_a_question_to_the_room_is_answered_on_the_next_fragment():
    card = srlab.ask("1.a")
    assert '<details class="srlab-answer fragment">' in card.html
    assert "Is the mean of a ramp" in card.text
    assert "**" not in srlab.ask("Is `a < b`?", "**Yes**").text
    assert "<code>a &lt; b</code>" in srlab.ask("Is `a < b`?", "Yes").html


# --- answers --------------------------------------------------------------------------


def test_answers_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)  # as in a plain Python
    path = tmp_path / "answers.json"
    srlab.quiz(1, answers="bbbba")
    srlab.check("1.1", broken)
    assert "(quizzes: 1, exercises: 1)" in classroom.save_answers(path).text
    session = classroom.SESSION
    session.quizzes.clear()
    session.sources.clear()
    text = classroom.restore_answers(path).text
    assert session.quizzes == {"01": "b b b b a"}
    assert "return y.value" in text and "b b b b a" in text
    assert [p.name for p in tmp_path.iterdir()] == ["answers.json"]


def test_an_untried_exercise_is_not_kept(tmp_path):
    srlab.check("1.1", stub)
    assert "exercises: 0" in classroom.save_answers(tmp_path / "a.json").text


def test_saving_keeps_the_answers_of_other_notebooks(tmp_path):
    path = tmp_path / "answers.json"
    classroom.SESSION.quizzes["02"] = "a b"
    classroom.save_answers(path)
    classroom.SESSION.quizzes.clear()
    classroom.SESSION.quizzes["01"] = "b"
    classroom.save_answers(path)
    assert json.loads(path.read_text())["quizzes"] == {"01": "b", "02": "a b"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"srlab_answers": 1, "quizzes": {"01": "a',
        b"\xff\xfe\x00",
        b"[]",
        b'{"srlab_answers": 2, "quizzes": {}, "exercises": {}}',
        b'{"srlab_answers": 1, "quizzes": {"01": 3}, "exercises": {}}',
        b'{"srlab_answers": 1, "quizzes": {}, "exercises": {"../x": "a"}}',
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_one_clear_line_and_left_alone(tmp_path, content):
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    text = classroom.restore_answers(path).text
    assert text.startswith("Nothing restored") and len(text.splitlines()) == 1
    classroom.SESSION.quizzes["01"] = "b"
    said = classroom.save_answers(path).text
    assert "answers-2.json" in said and path.read_bytes() == content
    assert "b" in (tmp_path / "answers-2.json").read_text()


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        assert classroom.restore_answers(path).text.startswith("Nothing restored")


def test_restored_code_is_put_in_a_cell_and_not_run(tmp_path, monkeypatch):
    path = tmp_path / "answers.json"
    code = "def f():\n    return 1\nopen('ran', 'w')"
    data = {"srlab_answers": 1, "quizzes": {}, "exercises": {"1.1": code}}
    path.write_text(json.dumps(data))
    cells = []

    class Shell:
        def set_next_input(self, text, replace):
            cells.append((text, replace))

    import IPython

    monkeypatch.setattr(IPython, "get_ipython", Shell)
    monkeypatch.chdir(tmp_path)
    text = classroom.restore_answers(path).text
    assert "in the new cell below" in text and "def f" not in text
    assert len(cells) == 1 and code in cells[0][0] and cells[0][1] is False
    assert not (tmp_path / "ran").exists()


# --- words and claims -------------------------------------------------------------


def test_the_glossary_finds_words_and_names_near_ones():
    card = classroom.glossary(["Mean"])
    assert "среднее" in card.text and "平均值" in card.html
    with pytest.raises(ValueError, match="near it: mean"):
        classroom.glossary(["means"])
    with pytest.raises(TypeError, match="list of words"):
        classroom.glossary("mean")


CLAIM = (SAMPLE / "claims.toml").read_text()


def test_claims_are_drawn_for_one_notebook():
    path = SAMPLE / "claims.toml"
    assert "The mean of a ramp" in classroom.claims("01", path=path).text
    assert "ramp" not in classroom.claims(2, path=path).html


@pytest.mark.parametrize(
    "content, words",
    [
        (CLAIM.replace("confirmed", "true"), "'true' is none of confirmed"),
        (CLAIM.replace('place = "slide 1"\n', ""), "number 1 has no 'place'"),
        (CLAIM + 'more = "x"\n', "unknown key 'more'"),
        (CLAIM.replace('"01"', "1"), "'notebook' is not text"),
        (CLAIM.replace('"01"', '"one"'), "no notebook number"),
        (CLAIM + CLAIM, "'000-mean' twice"),
        ("[[claim]\n", "is not TOML"),
        ("", "has no [[claim]] rows"),
    ],
)
def test_an_unsound_claim_is_a_clear_error(tmp_path, content, words):
    path = tmp_path / "claims.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=re.escape(words)):
        classroom.read_claims(path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no claims\.toml"):
        classroom.read_claims(tmp_path / "claims.toml")


# --- in a browser -----------------------------------------------------------------


@pytest.mark.browser
def test_a_quiz_works_by_keyboard_and_without_styles(tmp_path):
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or os.environ["CHROMIUM"]
    page_path = tmp_path / "quiz.html"
    card = srlab.quiz(1).html
    page_path.write_text(f"<meta charset='utf-8'>{card}", encoding="utf-8")
    bare_path = tmp_path / "bare.html"
    bare = re.sub(r"<style>.*?</style>", "", card, flags=re.S)
    assert bare != card
    bare_path.write_text(bare, encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(page_path.as_uri())
        first, second = (page.locator(f"#srlab-quiz-01-q1-{x}-say") for x in "ab")
        assert not first.is_visible() and not second.is_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert first.is_visible() and "Not this one" in first.inner_text()
        page.keyboard.press("ArrowDown")
        assert not first.is_visible() and "1 + 1 is 2" in second.inner_text()
        page.keyboard.press("Enter")  # submits nothing
        assert page.url == page_path.as_uri() and second.is_visible()
        page.goto(bare_path.as_uri())
        assert page.get_by_text("1. What is half of 2?").is_visible()
        assert not page.get_by_text("3 + 3 is 6.").first.is_visible()
        page.get_by_text("All answers").click()
        assert page.get_by_text("3 + 3 is 6.").last.is_visible()
        browser.close()


# the ledger of all claims


def test_the_ledger_counts_every_claim():
    counts = classroom.count_claims()
    rows = classroom.read_claims()
    assert sum(sum(c.values()) for c in counts.values()) == len(rows)
    card = classroom.ledger()
    assert card.html.count("<tr><td>") == len(rows)
    assert card.html.count("<details>") == len(counts) == len(card.text.splitlines())
    assert all(source in card.text for source in counts)


def test_the_ledger_escapes_what_it_shows(tmp_path):
    keys = ("id", "place", "notebook", "shown_by", "note")
    row = "".join(f'{key} = "01"\n' for key in keys)
    path = tmp_path / "claims.toml"
    path.write_text(
        f'[[claim]]\n{row}source = "009"\nverdict = "refused"\nsays = "a < <b>b</b>"\n'
    )
    card = classroom.ledger(path)
    assert "a &lt; &lt;b&gt;" in card.html
    assert "009: 0 confirmed, 1 refused" in card.text
