# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A curve that grows while a network trains; its static twin is `Report.curve`."""

from collections.abc import Sequence
from typing import Any

import ipywidgets

from srlab import figures
from srlab.widgets.live import (
    UNSEEN,
    display_widget,
    picture_widget,
    put,
    render,
)

__all__ = ["LiveCurve", "live_curve"]


class LiveCurve:
    """Called with a run's history, it draws PSNR and loss; displayed on the first call.

    Attributes:
        image, caption: the picture and the words under it. box: both.
    """

    def __init__(self) -> None:
        self.image = picture_widget()
        self.caption = ipywidgets.HTML()
        self.box = ipywidgets.VBox([self.image, self.caption])
        self._shown = False

    def __call__(self, history: Sequence[dict[str, Any]]) -> None:
        if not self._shown:
            self._shown = True
            display_widget(self.box, "A live curve: PSNR over the steps of training")
        row = history[-1]
        words = f"step {row['step']}: {row['psnr']:.2f} dB, loss {row['loss']:.5f}"
        self.caption.value = f"{words}<span style='{UNSEEN}'>, a rising curve</span>"
        if len(history) > 1:
            canvas, mime, chroma, _ = render(_draw(history, words))
            put(self.image, canvas, mime, chroma)


def _draw(history: Sequence[dict[str, Any]], words: str) -> figures.Picture:
    steps = [row["step"] for row in history]
    lines = {"validation": (steps, [row["psnr"] for row in history])}
    return figures.curves(lines, "step", "PSNR (dB)", words, size=(6, 3))


def live_curve() -> LiveCurve:
    """A curve for `srlab.training.fit(..., watch=srlab.widgets.live_curve())`.

    Only a running notebook sees it grow; show the report's `curve()` after it, which
    paper and exports keep.
    """
    return LiveCurve()
