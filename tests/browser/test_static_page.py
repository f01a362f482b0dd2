# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""compare and zoom in a page opened from the disk, reached and moved by key alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from deck_report import Traffic
from playwright.sync_api import Browser, Page

import srlab

HEAD = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>page</title>'


def write_page(folder: Path) -> Path:
    """A page with one compare and one zoom of a photograph."""
    sharp = srlab.photo("chelsea")
    soft = srlab.imresize(sharp, size=(75, 113))
    soft = srlab.imresize(soft, size=tuple(sharp.shape[-2:])).clamp(0, 1)
    views = [
        srlab.compare(sharp, soft, ("sharp", "soft"), alt="A cat, sharp and soft."),
        srlab.zoom(sharp, alt="A cat, magnified four times."),
    ]
    body = "<hr>".join(view._repr_mimebundle_()["text/html"] for view in views)
    file = folder / "page.html"
    file.write_text(f"{HEAD}<body>{body}</body></html>", encoding="utf-8")
    return file


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


@pytest.mark.browser
def test_viewers_need_no_mouse(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 1400})
    traffic = Traffic()
    traffic.watch(context)
    page = context.new_page()
    page.goto(write_page(tmp_path).as_uri())
    stage, panel = page.locator(".srlab-stage").first, page.locator(".srlab-panel")
    before = stage.screenshot(), panel.screenshot()
    press(page, "Tab", 1)
    press(page, "ArrowRight", 20)
    press(page, "Tab", 1)
    press(page, "ArrowRight", 10)
    press(page, "Tab", 1)
    press(page, "ArrowUp", 10)
    sliders = page.get_by_role("slider").all()
    assert [float(slider.input_value()) for slider in sliders] == [60, 60, 60]
    assert stage.screenshot() != before[0]
    assert panel.screenshot() != before[1]
    assert traffic.outside == []
    assert traffic.errors == []
    context.close()
