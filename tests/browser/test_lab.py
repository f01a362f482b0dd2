# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""JupyterLab with a notebook: run all, move a slider, see the picture change."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from browser_paths import COURSE, ROOT
from deck_report import Traffic
from lab_server import jupyterlab
from playwright.sync_api import Browser, Page, TimeoutError
from sample_notebook import slider_notebook

OPEN_SECONDS = 60
RUN_SECONDS = 180
MOVE_SECONDS = 20

PROMPTS = """() => [...document.querySelectorAll(".jp-CodeCell")]
  .filter((cell) => cell.querySelector(".cm-content")?.innerText.trim())
  .map((cell) => cell.querySelector(".jp-InputPrompt")?.innerText.trim() ?? "")"""

ERROR = "[data-mime-type='application/vnd.jupyter.error']"

# Every cell has its number; or one failed, and those below it will never have one.
ALL_RUN = f"""() => {{
  if (document.querySelector("{ERROR}")) return true;
  const prompts = ({PROMPTS})();
  return prompts.length > 0 && prompts.every((text) => /^\\[\\d+\\]:$/.test(text));
}}"""

READY = """(count) => {
  const cells = document.querySelectorAll(".jp-CodeCell").length;
  const bar = document.querySelector("#jp-main-statusbar")?.innerText ?? "";
  const waiting = document.querySelector(".jp-Spinner");
  return cells === count && /\\| Idle/.test(bar) && !waiting;
}"""

STARTED = f"""() => document.querySelector(".jp-Dialog")
  || ({PROMPTS})().some((text) => text !== "[ ]:")"""

# A digest of the bytes of a panel's picture; null before there is one.
PICTURE = """async (panel) => {
  const image = panel.querySelector("img.widget-image, .widget-image img, img");
  if (!image?.src.startsWith("blob:")) return null;
  const bytes = await (await fetch(image.src)).arrayBuffer();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].join(",");
}"""


def has_slider(path: Path) -> bool:
    """True for a notebook with a panel that has sliders."""
    return "explore(" in path.read_text(encoding="utf-8")


def place_notebook(folder: Path) -> Path:
    """A copy, without outputs, of the first notebook with a panel, or of the sample."""
    source = next(filter(has_slider, COURSE), None)
    nb = nbformat.read(source, as_version=4) if source else slider_notebook()
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    target = folder / (source.name if source else "98_slider.ipynb")
    nbformat.write(nb, target)
    return target


def open_notebook(page: Page, address: str, path: Path, token: str) -> None:
    """Open a notebook; wait until all its cells are there and its kernel is idle."""
    nb = nbformat.read(path, as_version=4)
    count = sum(1 for cell in nb.cells if cell.cell_type == "code")
    page.goto(f"{address}/lab/tree/{path.name}?token={token}&reset")
    page.wait_for_function(READY, arg=count, timeout=OPEN_SECONDS * 1000)


def run_all(page: Page) -> None:
    """Run > Run All Cells, and wait until every cell has its number.

    A notebook that was just opened may swallow the first command, or ask for its
    kernel: then it is answered and told again.
    """
    for _ in range(3):
        page.locator(".lm-MenuBar-item", has_text="Run").first.click()
        page.locator("li[data-command='runmenu:run-all']").click()
        try:
            page.wait_for_function(STARTED, timeout=8_000)
        except TimeoutError:
            continue
        if page.locator(".jp-Dialog").count():
            page.locator(".jp-Dialog button", has_text="Select").first.click()
        break
    try:
        page.wait_for_function(ALL_RUN, timeout=RUN_SECONDS * 1000)
    except TimeoutError as error:
        prompts = page.evaluate(PROMPTS)
        raise AssertionError(f"not run in {RUN_SECONDS} s: {prompts}") from error


def move_slider(page: Page) -> tuple[str, str]:
    """One key on the first slider; digests of the picture before and after."""
    panel = page.locator(".jp-OutputArea-output:has(.noUi-handle)").first
    panel.scroll_into_view_if_needed()
    before = panel.evaluate(PICTURE)
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    for _ in range(MOVE_SECONDS * 10):
        after = panel.evaluate(PICTURE)
        if after not in (None, before):
            return before, after
        page.wait_for_timeout(100)
    return before, before


@pytest.mark.browser
def test_slider_changes_the_picture(browser: Browser, tmp_path: Path) -> None:
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    notebook = place_notebook(folder)
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    traffic = Traffic()
    traffic.watch(context)
    page = context.new_page()
    course = {"SRLAB_COURSE": str(ROOT / "course"), "SRLAB_MODE": "rehearse"}
    try:
        with jupyterlab(folder, home, **course) as (address, token):
            open_notebook(page, address, notebook, token)
            run_all(page)
            assert page.locator(ERROR).all_inner_texts() == []
            assert page.locator(".jupyter-widgets-error-widget").count() == 0
            before, after = move_slider(page)
            assert before is not None, "the panel shows no picture"
            assert after != before, f"no new picture in {MOVE_SECONDS} s"
            assert traffic.outside == []
            assert traffic.errors == []
    finally:
        context.close()
