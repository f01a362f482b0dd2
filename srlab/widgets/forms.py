# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Panels that take something from a reader: a photograph, or an opinion."""

import io
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
import torch

from srlab import figures, images
from srlab.widgets.live import (
    PLAIN,
    complaint,
    display_widget,
    picture_widget,
    put,
    render,
)

__all__ = ["RatingPanel", "Upload", "rating_panel", "upload"]


def upload(on_image: Callable[[torch.Tensor], Any] | None = None) -> "Upload":
    """Offer a button through which a reader's own photograph comes in.

    Args:
        on_image: called with the image (1, C, H, W); a picture that it gives back
            (what ``srlab.show`` takes) is drawn under the photograph.

    Returns:
        A widget whose ``.image`` is None until a photograph came.

    Raises:
        TypeError: on_image is no function.
    """
    if on_image is not None and not callable(on_image):
        raise TypeError(f"on_image is a {type(on_image).__name__}, not a function")
    return Upload(on_image)


class Upload:
    """What ``upload`` returns.

    Attributes:
        image: (1, C, H, W) in [0, 1], or None until something came.
        button, status, preview, result: the parts; box: all of them.
    """

    def __init__(self, on_image: Callable[[torch.Tensor], Any] | None = None):
        self.image: torch.Tensor | None = None
        self._on_image = on_image
        self.button = ipywidgets.FileUpload(
            accept="image/*", multiple=False, description="Choose a photograph"
        )
        self.button.layout.width = "max-content"
        self.status = ipywidgets.HTML("No photograph yet.")
        self.preview, self.result = picture_widget(), picture_widget()
        self.box = ipywidgets.VBox(
            [self.button, self.status, self.preview, self.result]
        )
        self.button.observe(self._came, "value")

    def _came(self, change: dict) -> None:
        for file in change["new"]:
            self.take(bytes(file["content"]), str(file["name"]))

    def take(self, data: bytes, name: str = "the file") -> None:
        """Read data, a file's bytes, into ``.image``; say in the panel what is wrong.

        name: what the panel calls it.
        """
        self.image = None
        self.preview.layout.display = self.result.layout.display = "none"
        try:
            image = images.read(io.BytesIO(data))
            canvas, mime, chroma, _ = render(image)
        except Exception as error:  # whatever a decoder finds in a stranger's file
            self.status.value = complaint(f"{name} could not be read.", error)
            return
        self.image = image
        height, width = image.shape[-2:]
        self.status.value = escape(f"{name}: {width} x {height} pixels")
        put(self.preview, canvas, mime, chroma)
        if self._on_image is None:
            return
        try:
            made = self._on_image(image)
            if made is not None:
                canvas, mime, chroma, caption = render(made)
                put(self.result, canvas, mime, chroma)
                self.status.value += f"<br>{escape(caption)}" if caption else ""
        except Exception as error:
            said = f"{name} was read, but what follows stopped."
            self.status.value = complaint(said, error)

    def _ipython_display_(self) -> None:
        display_widget(self.box, repr(self))

    def __repr__(self) -> str:
        return "Widget: a button to choose a photograph of your own"


def rating_panel(rating: Any) -> "RatingPanel":
    """Show the pictures of a ``srlab.rating`` and a button for each vote.

    Args:
        rating: what ``srlab.rating(...)`` gives; its pictures come one trial at a time,
            nameless; after the last vote the votes are saved and the summary is shown.

    TypeError for anything else.
    """
    needed = ("pictures", "vote", "choices", "question", "position", "summary", "save")
    missing = [name for name in needed if not hasattr(rating, name)]
    if missing:
        raise TypeError(
            f"rating is a {type(rating).__name__}; expected srlab.rating(...)"
        )
    return RatingPanel(rating)


class RatingPanel:
    """What ``rating_panel`` returns.

    Attributes:
        question, image, buttons (vote -> button), undo, status: the parts; box: all.
    """

    def __init__(self, rating: Any):
        self.rating = rating
        self.question = ipywidgets.HTML()
        self.image = picture_widget()
        self.status = ipywidgets.HTML()
        self.buttons = {
            choice: ipywidgets.Button(
                description=f"{choice} {word}" if str(choice) != word else word
            )
            for choice, word in rating.choices.items()
        }
        for choice, button in self.buttons.items():
            button.on_click(lambda _, choice=choice: self._act(rating.vote, choice))
        self.undo = ipywidgets.Button(description="take back", icon="undo")
        self.undo.on_click(lambda _: self._act(rating.undo))
        row = ipywidgets.Box([*self.buttons.values(), self.undo])
        row.layout.flex_flow = "row wrap"
        self.box = ipywidgets.VBox([self.question, self.image, row, self.status])
        self._draw()

    def _act(self, action: Callable[..., Any], *arguments: Any) -> None:
        try:
            action(*arguments)
            self._draw()
        except Exception as error:
            self.status.value = complaint("This did not work.", error)

    def _draw(self) -> None:
        """Show the next trial, or what came out."""
        shown = self.rating.pictures()
        number, count = self.rating.position
        for button in [*self.buttons.values(), self.undo]:
            button.disabled = not shown
        self.undo.disabled = not shown or number == 1
        self.status.value = ""
        if shown:
            said = f"{self.rating.question} ({number} of {count})"
            self.question.value = f'<div style="{PLAIN}">{escape(said)}</div>'
            canvas, mime, chroma, _ = render(shown)
            put(self.image, canvas, mime, chroma)
            return
        self.image.layout.display = "none"
        self.question.value = f"Thank you: all {count} are judged."
        result = figures.table(self.rating.summary(), "Mean and 95 % interval")
        self.status.value = result._repr_html_()
        try:
            path = escape(str(self.rating.save()))
            self.status.value += f"<p>The votes are in {path}.</p>"
        except (OSError, ValueError) as error:
            self.status.value += complaint("The votes could not be saved.", error)

    def _ipython_display_(self) -> None:
        display_widget(self.box, repr(self))

    def __repr__(self) -> str:
        kind = {"mos": "grades from 1 to 5", "2afc": "which of two is better"}
        said = kind.get(self.rating.kind, self.rating.kind)
        return f"Widget: blind rating of {len(self.rating.images)} pictures, {said}"
