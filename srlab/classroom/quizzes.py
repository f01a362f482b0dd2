# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Cards of the course: quizzes, questions to the room, tables of words and claims.

A card is HTML for the notebook, the deck and the site, and the same in words
(``text/plain``) for a terminal and for tests. The HTML needs no script and no network:
a quiz is radio buttons and CSS, an answer is a ``<details>`` element. Where a page
strips styles, all stays readable, the answers in a closed ``<details>`` at the end.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Ask", "Card", "Question", "ask_card", "quiz_card", "score_card"]

LETTERS = "abcdefgh"

# The style of a card, in pieces: a card carries those whose word stands in it.
STYLES = {
    "": """
.srlab-card{border-left:4px solid #0072b2;padding:.2em 1em;margin:.5em 0}""",
    'class="srlab-card ': """
.srlab-card.good{border-color:#009e73}.srlab-card.bad{border-color:#d55e00}
.srlab-card.open{border-color:#999}""",
    "<fieldset": """
.srlab-card fieldset{border:0;margin:.8em 0;padding:0}
.srlab-card legend{font-weight:bold;padding:0}
.srlab-card .option{margin:.2em 0}
.srlab-card .option label{cursor:pointer}
.srlab-card .say{display:none;margin:.1em 0 .3em 1.8em}
.srlab-card .option input:checked~.say{display:block!important}
.srlab-card .option input:focus-visible~label{outline:2px solid #0072b2}""",
    "<summary": """
.srlab-card summary{cursor:pointer;font-weight:bold}""",
    "<table": """
.srlab-card table{border-collapse:collapse}
.srlab-card th,.srlab-card td{text-align:left;vertical-align:top;padding:.2em .6em}""",
}


@dataclass(frozen=True)
class Question:
    """One multiple-choice question of a quiz."""

    text: str  # the question, one sentence
    options: tuple[str, ...]  # two to eight; their letters are a, b, c, ...
    answer: str  # the letter of the right option
    why: str  # one or two sentences: why it is right

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= len(LETTERS):
            raise ValueError(f"{self.text!r} needs 2 to 8 options")
        if self.answer not in LETTERS[: len(self.options)] or len(self.answer) != 1:
            raise ValueError(f"{self.text!r}: no option has the letter {self.answer!r}")
        if not self.why.strip():
            raise ValueError(f"{self.text!r} does not say why")


@dataclass(frozen=True)
class Ask:
    """A question to the room, and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, repr=False)
class Card:
    """Something to read: HTML where it can be shown, words everywhere else."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}


_CODE = re.compile(r"(`[^`]+`)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


def inline(text: str) -> str:
    """Escape for HTML, then turn `code` and **bold** into elements.

    >>> inline("`a < b` is **new**")
    '<code>a &lt; b</code> is <strong>new</strong>'
    """
    parts = _CODE.split(html.escape(text, quote=False))  # prose, code, prose ...
    return "".join(
        f"<code>{part[1:-1]}</code>"
        if i % 2
        else _BOLD.sub(r"<strong>\1</strong>", part)
        for i, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """The same for a terminal: `code` keeps its marks, **bold** loses them.

    >>> plain("**Not** `x ** 2`")
    'Not `x ** 2`'
    """
    parts = _CODE.split(text)
    return "".join(
        part if i % 2 else _BOLD.sub(r"\1", part) for i, part in enumerate(parts)
    )


def box(body: str, mood: str = "") -> str:
    """Wrap HTML as a card; mood is "", "good", "bad" or "open"."""
    card = f'<div class="srlab-card {mood}">{body}</div>'.replace(' ">', '">')
    rules = "".join(rules for word, rules in STYLES.items() if word in card)
    return f"<style>{rules}\n</style>{card}"


def message_card(text: str, mood: str = "") -> Card:
    """A card of plain sentences, one paragraph a line."""
    body = "".join(f"<p>{inline(line)}</p>" for line in text.splitlines())
    return Card(plain(text), box(body, mood))


def code_card(title: str, source: str) -> Card:
    """A card that shows Python source."""
    body = f"<p>{inline(title)}</p><pre><code>{html.escape(source)}</code></pre>"
    return Card(f"{title}\n\n{source}", box(body))


def table_card(title: str, rows: Sequence[Mapping[str, str]]) -> Card:
    """A card with a table: each row maps column name to text, all with one set."""
    names = list(rows[0]) if rows else []
    # A style on the element stays in a notebook that is not trusted yet, where
    # JupyterLab would set all to the right.
    left = 'style="text-align:left"'
    head = "".join(f'<th scope="col" {left}>{inline(name)}</th>' for name in names)
    body = "".join(
        "<tr>"
        + "".join(f"<td {left}>{inline(row[name])}</td>" for name in names)
        + "</tr>"
        for row in rows
    )
    table = (
        f"<table><caption>{inline(title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
    lines = [" | ".join(row[name] for name in names if row[name]) for row in rows]
    return Card(plain("\n".join([title, *lines])), box(table))


def _option(name: str, letter: str, text: str, question: Question) -> str:
    right = letter == question.answer
    say = f"Right. {question.why}" if right else "Not this one. Try another."
    item = f"{name}-{letter}"
    return (
        f'<div class="option"><input type="radio" name="{name}" id="{item}"'
        f' aria-describedby="{item}-say"> '
        f'<label for="{item}">{letter}) {inline(text)}</label>'
        f'<p class="say" id="{item}-say" style="display:none">{inline(say)}</p></div>'
    )


def _fieldset(prefix: str, number: int, question: Question) -> str:
    name = f"{prefix}-q{number}"
    options = "".join(
        _option(name, letter, text, question)
        for letter, text in zip(LETTERS, question.options, strict=False)
    )
    legend = f"<legend>{number}. {inline(question.text)}</legend>"
    return f'<fieldset id="{name}">{legend}{options}</fieldset>'


def quiz_card(nb: str, questions: Sequence[Question], seed: int | None = None) -> Card:
    """The quiz of one notebook: choosing an option says at once if it is right."""
    prefix = f"srlab-quiz-{nb}" + ("" if seed is None else f"-{seed}")
    fields = "".join(_fieldset(prefix, n, q) for n, q in enumerate(questions, 1))
    answers = "".join(f"<li>{q.answer}) {inline(q.why)}</li>" for q in questions)
    body = (
        f'<div id="{prefix}">{fields}</div><details class="srlab-key">'
        f"<summary>All answers</summary><ol>{answers}</ol></details>"
    )
    lines = [f"Quiz {nb}, {len(questions)} questions"]
    for number, question in enumerate(questions, 1):
        lines.append(f"{number}. {question.text}")
        options = zip(LETTERS, question.options, strict=False)
        lines += [f"   {letter}) {text}" for letter, text in options]
    example = " ".join("a" for _ in questions)
    said = "" if seed is None else f", seed={seed}"
    lines.append(f'Score yourself: srlab.quiz({int(nb)}, answers="{example}"{said})')
    return Card(plain("\n".join(lines)), box(body))


def read_letters(nb: str, questions: Sequence[Question], answers: str) -> list[str]:
    """Split "b a - c" (or "ba-c") into one letter a question; "-" leaves one out."""
    if not isinstance(answers, str):
        raise TypeError(f'answers is a text such as "b a c", not {answers!r:.60}')
    letters = list(re.sub(r"[\s,;]+", "", answers.lower()))
    if len(letters) != len(questions):
        raise ValueError(
            f"quiz {nb} has {len(questions)} questions, got {len(letters)} letters;"
            ' write one letter a question, "-" for one that you leave out'
        )
    for number, (letter, question) in enumerate(
        zip(letters, questions, strict=True), 1
    ):
        allowed = LETTERS[: len(question.options)]
        if letter != "-" and letter not in allowed:
            raise ValueError(
                f"question {number} of quiz {nb} has the options"
                f" {', '.join(allowed)}; got {letter!r}"
            )
    return letters


def score_card(nb: str, questions: Sequence[Question], letters: Sequence[str]) -> Card:
    """Count the right answers and explain those; the others keep their secret."""
    lines = []
    right = 0
    for number, (question, letter) in enumerate(
        zip(questions, letters, strict=True), 1
    ):
        if letter == question.answer:
            right += 1
            lines.append(f"{number}. {letter}: right. {question.why}")
        elif letter == "-":
            lines.append(f"{number}. left out.")
        else:
            lines.append(f"{number}. {letter}: not right. Look at it again.")
    lines.insert(0, f"Quiz {nb}: {right} of {len(questions)} right.")
    return message_card("\n".join(lines), "good" if right == len(questions) else "open")


def ask_card(name: str, ask: Ask) -> Card:
    """A question; its answer is closed until it is opened (in a deck: next step)."""
    title = f"Question {name}." if name else "Question."
    body = (
        f"<p><strong>{title}</strong> {inline(ask.question)}</p>"
        '<details class="srlab-answer fragment"><summary>Answer</summary>'
        f"<p>{inline(ask.answer)}</p></details>"
    )
    text = plain(f"{title} {ask.question}\nAnswer: {ask.answer}")
    return Card(text, box(body))
