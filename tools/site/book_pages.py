# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Which pages are drawn, and where they stand in the navigation."""

from __future__ import annotations

from book_answers import answers_page, variants_page
from book_handouts import handout_page
from book_results import results_page, tables_page
from book_teaching import decks_page, demos_page, guide_page, lecture_page, weeks_page
from book_tree import Book
from book_words import claims_page, glossary_page


def drawn_pages(book: Book) -> tuple[dict[str, str], list[str]]:
    """(name -> Markdown, the names of the part on teaching in their order)."""
    pages = {
        "results": results_page(book),
        "tables": tables_page(),
        "claims": claims_page(book),
        "glossary": glossary_page(book),
    }
    teaching = {
        "teach_guide": guide_page(book),
        "teach_lecture": lecture_page(book),
        "teach_weeks": weeks_page(book),
        "teach_demos": demos_page(book),
        "teach_decks": decks_page(book),
    }
    handouts = {f"handout_{p.stem[:2]}": handout_page(p) for p in book.notebooks}
    teaching["teach_handouts"] = listing(
        "Handouts", "One or two printed pages a notebook.", list(handouts)
    )
    answers = {}
    if book.answers:
        answers = {f"answers_{s[:2]}": answers_page(s[:2]) for s in book.stems}
        teaching["teach_variants"] = variants_page(book)
        text = "Solutions of the exercises and keys of the quizzes, for the lecturer."
        teaching["teach_answers"] = listing("Answers", text, list(answers))
    return pages | teaching | handouts | answers, list(teaching)


def listing(title: str, text: str, names: list[str]) -> str:
    """A page that lists others."""
    tree = "\n".join([":maxdepth: 1", "", *names])
    return f"# {title}\n\n{text}\n\n```{{toctree}}\n{tree}\n```\n"
