# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``compare`` and ``zoom`` in Chromium: keyboard, mouse, touch, and no JavaScript."""

import pytest
import torch
from playwright.sync_api import Browser, Page

from srlab import figures, imresize

ALT = "a photograph of nothing in particular"


def picture(height: int, width: int) -> torch.Tensor:
    """A smooth (1, 3, height, width) that JPEG makes small."""
    coarse = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    return imresize(coarse, size=(height, width)).clamp(0, 1)


def opened(browser: Browser, html: str, **settings) -> Page:
    """A page that takes the HTML as JupyterLab does: through innerHTML."""
    page = browser.new_context(**settings).new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    if settings.get("java_script_enabled", True):
        page.set_content("<div></div>")
        page.eval_on_selector("div", "(e, html) => {e.innerHTML = html}", html)
        page.wait_for_selector(".srlab-live")
    else:
        page.set_content(html)
    return page


@pytest.mark.browser
def test_compare_in_a_browser(browser: Browser):
    html = figures.compare(picture(300, 400), picture(300, 400) ** 2, alt=ALT).html
    page = opened(browser, html + html, has_touch=True)
    first, second = page.locator(".srlab-compare").all()
    where = "e => e.style.getPropertyValue('--x')"
    first.locator("input").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert (first.evaluate(where), second.evaluate(where)) == ("51%", "50%")
    box = second.locator(".srlab-stage").bounding_box()
    assert (round(box["width"]), round(box["height"])) == (400, 300)
    page.touchscreen.tap(box["x"] + 100, box["y"] + 50)
    assert (first.evaluate(where), second.evaluate(where)) == ("51%", "25%")
    assert second.locator("input").get_attribute("aria-valuetext") == "25 % before"
    assert all(url.startswith("data:") for url in page.asked)


@pytest.mark.browser
def test_zoom_in_a_browser(browser: Browser):
    page = opened(browser, figures.zoom(picture(200, 300), alt=ALT).html)
    viewer, panel = page.locator(".srlab-zoom"), page.locator(".srlab-panel")
    before = panel.screenshot()
    box = page.locator(".srlab-stage").bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + box["height"] - 1)
    assert viewer.evaluate("e => e.style.getPropertyValue('--x')") == "0%"
    assert viewer.evaluate("e => e.style.getPropertyValue('--y')") == "100%"
    assert panel.screenshot() != before
    page.locator("input").first.focus()
    page.keyboard.press("ArrowRight")
    assert viewer.evaluate("e => e.style.getPropertyValue('--x')") == "1%"
    assert all(url.startswith("data:") for url in page.asked)


@pytest.mark.browser
@pytest.mark.parametrize(
    "draw", [figures.zoom, lambda x, **k: figures.compare(x, x, **k)]
)
def test_without_javascript_both_pictures_are_seen(browser: Browser, draw):
    html = draw(picture(200, 300), alt=ALT).html
    page = opened(browser, html, java_script_enabled=False)
    boxes = [img.bounding_box() for img in page.locator("img").all()]
    assert len(boxes) == 2 and all(box["width"] > 200 for box in boxes)
    assert boxes[1]["x"] >= boxes[0]["x"] + boxes[0]["width"]  # beside, not on top
    assert not page.locator("input").first.is_visible()
