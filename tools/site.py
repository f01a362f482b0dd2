# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Build the course book: static pages that open from the disk, without a network.

    python tools/site.py               build/site: notebooks, results, teaching
    python tools/site.py 02 13         a book of these notebooks
    python tools/site.py --check       check the links of the pages that are there
    python tools/site.py --students    without the pages of answers

Nothing is executed: the pages show the outputs that the notebooks hold. Decks are
linked where `make slides` has built them. `build/site/index.html` opens by a click;
for a room, serve it: `python -m http.server -d build/site`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).with_name("slides")))
sys.path.insert(0, str(Path(__file__).with_name("site")))

from book_handouts import PDF_LINK
from book_pages import drawn_pages
from book_print import write_page_pdf
from book_tree import ROOT, Book, write_tree
from deck_browser import ChromiumMissing, chromium
from deck_parts import PartsMissing
from link_check import check_site


class BuildFailed(RuntimeError):
    """Sphinx found something to say; its words."""


def run_sphinx(sources: Path, out: Path) -> None:
    """HTML of the sources; a warning is an error. Raises BuildFailed."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(sources.parent / "doctrees"), str(sources), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(done.stderr.strip() or done.stdout.strip())


def build(notebooks: list[Path], out: Path, slides: Path, answers: bool = True) -> None:
    """Write the book into `out`, which is replaced when all of it is there."""
    built = slides if (slides / "index.html").is_file() else None
    book = Book(notebooks, built, answers)
    with tempfile.TemporaryDirectory(prefix="srlab-site-") as folder:
        sources, pages = Path(folder) / "sources", Path(folder) / "site"
        sources.mkdir()
        drawn, teaching = drawn_pages(book)
        write_tree(book, sources, drawn, teaching)
        run_sphinx(sources, pages)
        for left in (".buildinfo", "objects.inv"):
            (pages / left).unlink(missing_ok=True)
        if built:
            shutil.copytree(built, pages / "slides")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.move(pages, out)


def print_handouts(out: Path) -> None:
    """A PDF of each handout beside its page, where there is a Chromium."""
    try:
        with chromium() as browser:
            page = browser.new_page()
            for handout in sorted(out.glob("handout_[0-9][0-9].html")):
                pdf = write_page_pdf(page, handout)
                text = handout.read_text(encoding="utf-8")
                shown = f', or take <a href="{pdf.name}">the PDF</a>'
                handout.write_text(text.replace(PDF_LINK, shown), encoding="utf-8")
    except ChromiumMissing as problem:
        print(f"site: no PDFs of the handouts, for {problem}", file=sys.stderr)


def check(out: Path) -> int:
    """Print what is wrong with the pages in `out`; 1 if anything is."""
    if not (out / "index.html").is_file():
        print(f"site: there is no {out / 'index.html'}; run it without --check")
        return 2
    complaints = check_site(out)
    print(*complaints, sep="\n", end="\n" * bool(complaints))
    pages = len(list(out.rglob("*.html")))
    print(f"{pages} pages: {len(complaints) or 'no'} complaints")
    return min(len(complaints), 1)


def _find(names: list[str], course: Path) -> list[Path]:
    """Notebooks whose names begin so, all if none is named."""
    found = sorted(course.glob("[0-9][0-9]_*.ipynb"))
    for name in names:
        if not any(path.name.startswith(name) for path in found):
            raise ValueError(f"no notebook {name}* in {course}")
    return [p for p in found if not names or p.name.startswith(tuple(names))]


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", help="01, 02 ...; all if none")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    parser.add_argument("--slides", type=Path, default=ROOT / "build" / "slides")
    parser.add_argument("--check", action="store_true", help="check, do not build")
    parser.add_argument("--students", action="store_true", help="no pages of answers")
    parser.add_argument("--no-pdf", action="store_true", help="no PDFs of handouts")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 well, 1 a dead link, 2 something is missing."""
    told = _arguments(argv)
    try:
        if not told.check:
            notebooks = _find(told.notebooks, ROOT / "course")
            build(notebooks, told.out, told.slides, not told.students)
            if not told.no_pdf:
                print_handouts(told.out)
    except (PartsMissing, BuildFailed, ValueError) as problem:
        print(f"site: {problem}", file=sys.stderr)
        return 2
    status = check(told.out)
    print(f"open {told.out / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
