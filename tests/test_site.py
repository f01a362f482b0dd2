"""The course book: its parts, its link check, and one build of all of it."""

import base64
import doctest
import io
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_output
from PIL import Image

from srlab import evaluation
from srlab.classroom import read_claims, read_glossary
from tools import site

import book_cells  # isort: skip  (tools.site has put them on the path)
import book_handouts  # isort: skip
import book_html  # isort: skip
import book_pages  # isort: skip
import book_results  # isort: skip
import book_teaching  # isort: skip
from book_tree import ROOT, Book  # isort: skip
from link_check import check_site  # isort: skip

NOTEBOOKS = sorted((ROOT / "course").glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture
def assets(tmp_path) -> book_cells.Assets:
    return book_cells.Assets(tmp_path)


@pytest.fixture(scope="module")
def drawn() -> tuple[dict[str, str], list[str]]:
    return book_pages.drawn_pages(Book(NOTEBOOKS, None))


# --- cells --------------------------------------------------------------------------


@pytest.mark.parametrize("module", [book_cells, book_html])
def test_doctests(module):
    assert doctest.testmod(module).failed == 0


def png() -> str:
    stream = io.BytesIO()
    Image.new("RGB", (7, 5), "red").save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def html_of(output) -> str:
    return output.data["text/html"]


def test_a_picture_becomes_a_file_with_its_words(assets):
    data = {"image/png": png(), "text/plain": 'Figure: Red, "all" of it'}
    made = html_of(book_cells.page_output(new_output("display_data", data), assets))
    assert 'alt="Red, &quot;all&quot; of it"' in made and 'width="7" height="5"' in made
    kept = next((assets.folder / "figures").iterdir())
    assert kept.read_bytes() == base64.b64decode(png()) and kept.name in made


def test_a_dead_widget_becomes_one_line(assets):
    data = {"text/plain": "Widget: The cat <at> once."}
    made = html_of(book_cells.page_output(new_output("display_data", data), assets))
    assert "Live in the notebook" in made and "The cat &lt;at&gt; once" in made


def test_styles_stand_once_and_warnings_nowhere(assets):
    data = {"text/html": "<style>p{x:y}</style><a href='#a'>b</a>", "text/plain": ""}
    for _ in range(2):
        made = book_cells.page_output(new_output("display_data", data), assets)
        assert "style" not in html_of(made)
    assets.write_styles()
    assert (assets.folder / "outputs.css").read_text() == "p{x:y}"
    warning = new_output("stream", name="stderr", text="a warning")
    assert book_cells.page_output(warning, assets) is None


def test_hints_stand_closed_below_an_exercise(assets):
    data = {"text/plain": "Exercise 2.1: not tried yet.", "text/html": "<p>x</p>"}
    made = html_of(book_cells.page_output(new_output("display_data", data), assets))
    assert made.count("<details") == 3 and "<details open" not in made


def test_markdown_of_a_page():
    glued = book_cells.page_markdown("Square:\n$$a^2$$\nThe **root**", set())
    assert "\n\n$$a^2$$\n\n" in glued
    notes = book_cells.page_markdown("*For the lecturer.*\nAsk first.", set())
    assert ":collapsible: closed" in notes and notes.count("For the lecturer") == 1
    gone = book_cells.page_links("[a](03_c.ipynb) [b](https://x.y/z)", {"02_b"})
    assert gone == "`03_c.ipynb` [b](https://x.y/z)"


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 columns"):
        book_html.table(["a", "b"], [[1]], "short")


# --- drawn pages --------------------------------------------------------------------


def test_every_published_row_claim_and_word_is_drawn(drawn):
    pages, _ = drawn
    rows = evaluation.results("model_rows").dropna(subset=["published_psnr"])
    assert book_results.networks().count("<tr><td") == len(rows)
    assert pages["claims"].count("<tr><td") == len(read_claims()) + 5
    assert pages["glossary"].count("<tr><td") == len(read_glossary())
    for card in (ROOT / "data" / "weights").glob("*.toml"):
        assert f">{card.stem}</td>" in pages["results"]
    for path in (ROOT / "data" / "results").glob("*.csv"):
        assert f"## {path.stem}\n" in pages["tables"]
    for row in evaluation.results("srcnn_table").itertuples():
        assert f">{row.SRCNN}</td>" in pages["results"]


def test_without_answers_no_page_holds_a_solution(drawn):
    pages, teaching = book_pages.drawn_pages(Book(NOTEBOOKS[:3], None, answers=False))
    assert not any("answers" in name or "variants" in name for name in pages)
    assert "teach_answers" not in teaching and "teach_answers" in drawn[1]
    assert "def solution_" in drawn[0]["answers_02"]
    assert not any("def solution_" in text for text in pages.values())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_handout_has_aims_summary_exercises_and_words(path):
    text = book_handouts.handout_page(path)
    assert text.count("### Exercise") == text.count("raise NotImplementedError") >= 2
    assert "srlab.check" not in text and "](" not in text
    for name in ("You will be able to", "What to remember", "Words"):
        body = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert len(body.strip()) > 100, name


def test_minutes_of_a_deck_are_counted(tmp_path):
    kinds = ["slide", "fragment", "subslide", "notes", "skip", "-"]
    cells = [new_markdown_cell("x", metadata={"slideshow": {"slide_type": k}})
             for k in kinds]  # fmt: skip
    path = tmp_path / "09_x.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    counts = book_teaching.deck_counts(path)
    assert counts == {"slides": 2, "steps": 1, "questions": 0}
    assert book_teaching.deck_minutes(counts) == 2.5


def test_plans_that_name_what_is_not_there_are_refused(monkeypatch):
    book = Book(NOTEBOOKS, None)
    with pytest.raises(book_teaching.PlanWrong, match="no heading"):
        book_teaching.place(book, "02", "Nothing of the kind")
    with pytest.raises(book_teaching.PlanWrong, match="no notebook 99"):
        book_teaching.place(book, "99", "Setup")
    plan = book_teaching.read_plan("lecture.toml")
    monkeypatch.setattr(book_teaching, "read_plan", lambda _: plan | {"minutes": 91})
    with pytest.raises(book_teaching.PlanWrong, match="90 minutes, not 91"):
        book_teaching.lecture_page(book)


def test_two_weeks_take_every_notebook_once():
    days = book_teaching.read_plan("two_weeks.toml")["day"]
    named = [number for day in days for number in day["notebooks"]]
    assert len(days) == 10 and len(set(named)) == len(named)
    assert set(named) <= {path.stem[:2] for path in NOTEBOOKS}


# --- the link check -----------------------------------------------------------------

SOUND = (
    '<a id="top" href="b.html#end">b</a><a href="https://arxiv.org">paper</a>'
    '<img src="p.png" alt="a cat"><style>a{background:url(p.png)}</style>'
)
BROKEN = {
    '<a href="c.html">': "c.html is not there",
    '<a href="b.html#begin">': "b.html#begin names no place there",
    '<a href="#nowhere">': "#nowhere names no place there",
    '<a href="../../etc/x.html">': "leaves the site",
    '<a href="javascript:run()">': "is no address",
    '<img src="q.png" alt="x">': "q.png is not there",
    '<img src="p.png" alt=" ">': "1 pictures without words",
    '<img src="https://x.org/p.png" alt="x">': "from elsewhere",
    '<script src="//cdn.x.org/a.js"></script>': "from elsewhere",
    '<link rel="preconnect stylesheet" href="https://x.org/a.css">': "from elsewhere",
    "<style>@import 'https://x.org/a.css'</style>": "from elsewhere",
    '<p style="background:url(q.png)">': "q.png is not there",
    '<p id="top">': "the id top stands twice",
}


def write_site(folder: Path, more: str = "") -> Path:
    (folder / "a.html").write_text(SOUND + more)
    (folder / "b.html").write_text('<h2 id="end">x</h2>')
    (folder / "p.png").write_bytes(b"")
    return folder


def test_a_sound_site_has_no_complaints(tmp_path):
    assert check_site(write_site(tmp_path)) == []


@pytest.mark.parametrize("more", BROKEN)
def test_each_fault_is_found(tmp_path, more):
    complaints = check_site(write_site(tmp_path, more))
    assert len(complaints) == 1 and BROKEN[more] in complaints[0], complaints


def test_a_style_that_fetches_is_found_and_ends_the_command_with_1(tmp_path, capsys):
    (write_site(tmp_path) / "a.html").rename(tmp_path / "index.html")
    assert site.check(tmp_path) == 0
    (tmp_path / "s.css").write_text("@font-face{src:url(https://fonts.x.org/f.woff)}")
    assert site.check(tmp_path) == 1 and "s.css: fetches" in capsys.readouterr().out
    assert site.check(tmp_path / "nothing") == 2


# --- the whole ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """All notebooks as a site, with the deck of one of them."""
    folder = tmp_path_factory.mktemp("site")
    slides = folder / "slides"
    slides.mkdir()
    for name in ("index.html", "02_interpolation.html"):
        (slides / name).write_text("<!DOCTYPE html><title>deck</title>")
    site.build(NOTEBOOKS, folder / "out", slides)
    return folder / "out"


# Sphinx reads 18 notebooks: half a minute of one core, more beside other tests.
@pytest.mark.timeout(400)
def test_the_whole_book_is_built_and_its_links_live(built):
    assert check_site(built) == []
    for path in NOTEBOOKS:
        page = (built / f"{path.stem}.html").read_text(encoding="utf-8")
        assert "Widget:" not in page and "application/vnd" not in page
        assert ('href="slides/' in page) == (path.stem == "02_interpolation")


@pytest.mark.timeout(400)
def test_search_knows_words_of_notebooks_claims_and_glossary(built):
    index = (built / "searchindex.js").read_text(encoding="utf-8")
    terms = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))[
        "terms"
    ]
    for word in ("интерполяция", "kodim15", "interpol", "srcnn"):
        assert word in terms, word


@pytest.mark.timeout(400)
def test_formulas_are_left_to_mathjax_from_the_disk(built):
    page = (built / "01_images_and_metrics.html").read_text(encoding="utf-8")
    assert "_static/mathjax/tex-svg-full.js" in page and "cdn" not in page
    assert "$$" not in page and "**peak" not in page
