# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Build the slide decks: offline HTML and PDF, one of each a notebook.

    python tools/slides.py                 all decks into build/slides, with PDFs
    python tools/slides.py --check 01      which slides of notebook 01 are too full
    python tools/slides.py --shot 7 01     a picture of slide 7 of notebook 01

A deck opens from the disk (`build/slides/index.html`): S opens the speaker's notes, O
the overview, F the full screen. Where a browser refuses the notes of a file, serve the
folder: `python -m http.server -d build/slides`.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert.exporters import SlidesExporter
from traitlets.config import Config

sys.path.insert(0, str(Path(__file__).with_name("slides")))

from deck_browser import (
    ChromiumMissing,
    chromium,
    measure,
    open_deck,
    shoot,
    write_pdf,
)
from deck_cells import SlideCells
from deck_parts import ROOT, PartsMissing, copy_parts, ensure_parts

TOOLS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Deck:
    """One HTML deck and the notebook it shows."""

    page: Path  # NN_slug.html or NN_slug.solutions.html
    title: str
    solutions: bool

    @property
    def pdf(self) -> Path:
        """Where the deck is printed."""
        return self.page.with_suffix(".pdf")


def notebook_title(nb: nbformat.NotebookNode) -> str:
    """The first `# heading` of a notebook."""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            found = re.search(r"^# +(.+)$", cell.source, re.MULTILINE)
            if found:
                return found[1].strip()
    return "Slides"


def solution_sources(stem: str) -> dict[str, str]:
    """The solutions of notebook NN_slug as code, by exercise; none without a file."""
    from srlab import classroom  # torch comes with it: only where it is needed

    try:
        table = classroom.exercises(stem[:2]).EXERCISES
    except (FileNotFoundError, ValueError):
        return {}
    return {
        name: inspect.getsource(exercise.solution).rstrip()
        for name, exercise in table.items()
    }


def _exporter(stem: str, solutions: bool) -> SlidesExporter:
    config = Config()
    config.SlideCells.with_solutions = solutions
    config.SlideCells.solutions = solution_sources(stem) if solutions else {}
    config.HTMLExporter.preprocessors = [SlideCells]
    config.CoalesceStreamsPreprocessor.enabled = True
    config.HTMLExporter.exclude_input_prompt = True
    config.HTMLExporter.exclude_output_prompt = True
    config.HTMLExporter.exclude_anchor_links = True
    config.HTMLExporter.embed_images = True
    return SlidesExporter(
        config=config,
        template_name="slides",
        extra_template_basedirs=[str(TOOLS)],
    )


def build_deck(notebook: Path, out: Path, solutions: bool) -> Deck:
    """Write one deck beside `out`/assets; links to notebooks become links to decks."""
    nb = nbformat.read(notebook, as_version=4)
    title = notebook_title(nb) + (" (with solutions)" if solutions else "")
    resources = {
        "deck": {"title": title},
        "metadata": {"path": str(notebook.parent), "name": notebook.stem},
    }
    page, _ = _exporter(notebook.stem, solutions).from_notebook_node(
        nb, resources=resources
    )
    page = re.sub(r'href="(\d\d_\w+)\.ipynb(#[^"]*)?"', r'href="\1.html"', page)
    suffix = ".solutions.html" if solutions else ".html"
    target = out / (notebook.stem + suffix)
    target.write_text(page, encoding="utf-8")
    return Deck(target, title, solutions)


def write_index(out: Path) -> None:
    """index.html: every deck of the folder, and its PDF where there is one."""
    rows = []
    for page in sorted(out.glob("[0-9][0-9]_*.html")):
        title = re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"))[1]
        links = [f'<a href="{page.name}">{title}</a>']
        if page.with_suffix(".pdf").is_file():
            links.append(f'<a href="{page.stem}.pdf">PDF</a>')
        rows.append(f"<li>{' · '.join(links)}</li>")
    (out / "index.html").write_text(
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8">'
        '<link rel="icon" href="data:,"><title>srlab: slides</title>\n'
        "<style>body{font:18px/1.6 sans-serif;max-width:48em;margin:2em auto}</style>\n"
        "<h1>srlab: slides</h1>\n<p>Space: next. S: speaker's notes. O: overview. "
        "F: full screen.</p>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n</html>\n",
        encoding="utf-8",
    )


def build(notebooks: list[Path], out: Path) -> list[Deck]:
    """Both decks of each notebook, with the parts they share, and the index."""
    (out / "assets").mkdir(parents=True, exist_ok=True)
    copy_parts(ensure_parts(), out / "assets")
    decks = [
        build_deck(notebook, out, solutions)
        for notebook in notebooks
        for solutions in (False, True)
    ]
    write_index(out)
    return decks


def print_pdfs(decks: list[Deck], out: Path) -> None:
    """A PDF beside each deck, then the index once more, with links to them."""
    try:
        with chromium() as browser:
            page = browser.new_page()
            for deck in decks:
                write_pdf(page, deck.page, deck.pdf)
    except ChromiumMissing as problem:
        print(f"slides: no PDFs, for {problem}", file=sys.stderr)
    write_index(out)


def check(decks: list[Deck]) -> int:
    """Print how far each slide reaches; the number of slides that overflow."""
    bad = 0
    with chromium() as browser:
        page = browser.new_page()
        for deck in decks:
            open_deck(page, deck.page)
            extents = measure(page)
            print(f"{deck.page.name}: {len(extents)} slides")
            for extent in extents:
                print(extent.line())
            bad += sum(1 for extent in extents if extent.overflow)
    print(f"{bad} slides overflow" if bad else "every slide fits into 1280x720")
    return bad


def shot(decks: list[Deck], number: int) -> Path:
    """PNG of one slide of the first deck."""
    target = decks[0].page.with_name(f"{decks[0].page.stem}.slide{number:02d}.png")
    with chromium() as browser:
        page = browser.new_page()
        open_deck(page, decks[0].page)
        shoot(page, number, target)
    return target


def _find(names: list[str], course: Path) -> list[Path]:
    """Notebooks by path, or by the start of their name in `course`; all if none."""
    found: list[Path] = []
    for name in names or [""]:
        path = Path(name)
        matches = sorted(course.glob(f"{path.name}*.ipynb"))
        if path.suffix == ".ipynb":
            matches = [path] if path.is_file() else []
        if not matches:
            raise ValueError(f"no notebook {name or '*.ipynb'} in {course.name}/")
        found += matches
    return found


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", help="01, or a path; all if none")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "slides")
    parser.add_argument("--check", action="store_true", help="find slides too full")
    parser.add_argument("--shot", type=int, metavar="N", help="write a PNG of slide N")
    parser.add_argument("--no-pdf", action="store_true", help="HTML alone")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 well, 1 some slide overflows, 2 something is missing."""
    arguments = _arguments(argv)
    try:
        decks = build(_find(arguments.notebooks, ROOT / "course"), arguments.out)
        if arguments.check:
            return 1 if check(decks) else 0
        if arguments.shot is not None:
            print(shot(decks, arguments.shot))
            return 0
        if not arguments.no_pdf:
            print_pdfs(decks, arguments.out)
    except (PartsMissing, ChromiumMissing, ValueError) as problem:
        print(f"slides: {problem}", file=sys.stderr)
        return 2
    print(f"{len(decks)} decks: {arguments.out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
