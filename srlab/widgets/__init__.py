# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Panels with sliders, an upload button and a rating panel, for a running notebook.

A widget is dead on paper, on GitHub and in an export, so ``explore`` draws a static
twin first: the same function at a few settings, as one picture.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets
import torch
from IPython.display import display

from srlab.figures import layout, pictures
from srlab.figures.layout import Cell
from srlab.figures.pictures import Picture, check_alt
from srlab.widgets.bakeoff import Contest
from srlab.widgets.curve import LiveCurve, live_curve
from srlab.widgets.forms import RatingPanel, Upload, rating_panel, upload
from srlab.widgets.live import (
    PLAIN,
    UNSEEN,
    complaint,
    display_widget,
    parts,
    picture_widget,
    plain,
    put,
    render,
)

__all__ = ["Contest", "LiveCurve", "Panel", "RatingPanel", "Upload", "explore"]
__all__ += ["live_curve", "rating_panel", "upload"]


def explore(
    function: Callable[..., Any],
    twin: Sequence[Mapping[str, Any]],
    alt: str,
    **controls: Any,
) -> "Panel":
    """Let a reader move the arguments of a function and see what it gives.

    Args:
        function: called with one value for each control; gives a picture (what
            ``srlab.show`` takes or gives) or (picture, caption).
        twin: settings of the static picture: dicts of control values; what a dict does
            not name keeps the control's first value.
        alt: what the panel lets one see, in a sentence.
        controls: name=(min, max, step, value) for a slider, of whole numbers if all
            four are; name=[options] or {label: option} for a menu, the first one
            chosen; name=True or False for a box to tick.

    Returns:
        A panel: displayed, it draws the twin, then the controls. The function is called
        when the panel is displayed and when a control was let go, never before.

    Raises:
        ValueError, TypeError: no alt, no control, a control or twin that does not fit.
    """
    return Panel(function, twin, alt, controls)


class Panel:
    """What ``explore`` returns.

    Attributes:
        controls: name -> ipywidgets control; the value of a menu is a label.
        image, caption, status: the live picture, the text under it, messages.
        box: the whole panel as one widget.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        twin: Sequence[Mapping[str, Any]],
        alt: str,
        controls: Mapping[str, Any],
    ):
        if not callable(function):
            raise TypeError(f"function is a {type(function).__name__}, not a function")
        if not controls:
            raise ValueError("explore needs a control, such as quality=(5, 95, 5, 50)")
        self.alt = check_alt(alt)
        self._function = function
        self._menus = {
            name: _menu(name, wanted)
            for name, wanted in controls.items()
            if isinstance(wanted, list | dict)
        }
        self.controls = {
            name: _control(name, list(self._menus.get(name, ())) or wanted)
            for name, wanted in controls.items()
        }
        self._settings = [self._complete(setting) for setting in twin]
        if not self._settings:
            raise ValueError("twin is empty; expected dicts of control values")
        self._twin: Picture | None = None
        self.image = picture_widget()
        self.caption = ipywidgets.HTML()
        self.status = ipywidgets.HTML()
        row = ipywidgets.Box(list(self.controls.values()))
        row.layout.flex_flow = "row wrap"
        self.box = ipywidgets.VBox([row, self.status, self.image, self.caption])
        for control in self.controls.values():
            control.observe(self._changed, "value")

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say now; of a menu, its label."""
        return {name: control.value for name, control in self.controls.items()}

    def compute(self, values: Mapping[str, Any]) -> Any:
        """Call the function with these values, menu labels replaced by options."""
        arguments = {
            name: self._menus[name][value] if name in self._menus else value
            for name, value in values.items()
        }
        return self._function(**arguments)

    @property
    def twin(self) -> Picture:
        """The static picture (computed once); an error of the function is raised."""
        if self._twin is None:
            self._twin = _filmstrip(self.compute, self._settings, self.alt)
        return self._twin

    def refresh(self) -> None:
        """Call the function with the values of the controls and show what it gives."""
        self.status.value = f'<div style="{PLAIN}">computing...</div>'
        try:
            canvas, mime, chroma, caption = render(self.compute(self.values))
        except Exception as error:  # a student's function may raise anything
            said = ", ".join(f"{k} = {plain(v)}" for k, v in self.values.items())
            self.image.layout.display = "none"
            self.caption.value = ""
            self.status.value = complaint(f"With {said} the function stopped.", error)
            return
        put(self.image, canvas, mime, chroma)
        self.caption.value = (
            f'<span style="{UNSEEN}">Picture: {escape(self.alt)}</span>'
            f'<div style="{PLAIN}">{escape(caption)}</div>'
        )
        self.status.value = f'<div style="{PLAIN}"></div>'

    def _changed(self, change: dict) -> None:
        self.refresh()

    def _complete(self, setting: Mapping[str, Any]) -> dict[str, Any]:
        """Give a value to every control; a menu's option may stand for its label."""
        strange = sorted(set(setting) - set(self.controls))
        if strange:
            raise ValueError(
                f"twin names {strange}; the controls are {list(self.controls)}"
            )
        values = self.values
        for name, value in setting.items():
            if name in self._menus and not isinstance(value, str):
                value = plain(value)
            _check_value(name, self.controls[name], value)
            values[name] = value
        return values

    def _ipython_display_(self) -> None:
        display(self.twin)
        self.refresh()
        display_widget(self.box, repr(self))

    def __repr__(self) -> str:
        return f"Widget: {self.alt}"


def _control(name: str, wanted: Any) -> ipywidgets.Widget:
    """Make the control of one argument; ValueError if the wish cannot be read."""
    words: dict[str, Any] = {
        "description": name.replace("_", " "),
        "style": {"description_width": "auto"},
    }
    if isinstance(wanted, bool):
        return ipywidgets.Checkbox(value=wanted, indent=False, **words)
    if isinstance(wanted, list):
        return ipywidgets.Dropdown(options=wanted, value=wanted[0], **words)
    numbers = isinstance(wanted, tuple) and len(wanted) == 4
    if not numbers or not all(isinstance(v, int | float) for v in wanted):
        raise ValueError(
            f"{name} is {wanted!r}; expected (min, max, step, value), a list of "
            "options, True or False"
        )
    low, high, step, value = wanted
    if not low < high or step <= 0 or not low <= value <= high:
        raise ValueError(
            f"{name} is {wanted}: expected min < max, step > 0 and the value between"
        )
    whole = all(isinstance(v, int) for v in wanted)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    words |= {"min": low, "max": high, "step": step, "continuous_update": False}
    if not whole and step < 0.01:
        words["readout_format"] = ".4f"
    return kind(value=value, **words)


def _menu(name: str, wanted: list | dict) -> dict[str, Any]:
    """Give label -> option; ValueError if there is none or two look the same."""
    if isinstance(wanted, list):
        pairs = [(plain(option), option) for option in wanted]
    else:
        pairs = [(str(label), option) for label, option in wanted.items()]
    if not pairs or len(dict(pairs)) < len(pairs):
        raise ValueError(f"{name} needs options, each with a name of its own")
    return dict(pairs)


def _check_value(name: str, control: ipywidgets.Widget, value: Any) -> None:
    if isinstance(control, ipywidgets.Dropdown):
        fits = value in control.options
    elif isinstance(control, ipywidgets.Checkbox):
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, int | float) and control.min <= value <= control.max
    if not fits:
        raise ValueError(f"twin has {name} = {value!r}, which the control cannot take")


def _said(name: str, value: Any) -> str:
    """What a title says of a setting: a label of a menu explains itself, no number."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return value
    return f"{name.replace('_', ' ')} {plain(value)}"


def _filmstrip(
    compute: Callable[[Mapping[str, Any]], Any],
    settings: Sequence[Mapping[str, Any]],
    alt: str,
) -> Picture:
    """Draw the function at some settings, titles: what varies, and captions."""
    named = [k for k in settings[0] if any(s[k] != settings[0][k] for s in settings)]
    single, cells, mime, chroma = True, [], "image/jpeg", False
    for setting in settings:
        result = compute(setting)
        canvas, kind, enlarged, caption = render(result)
        bare, _ = parts(result)
        if isinstance(bare, torch.Tensor) and bare.shape[0] == 1:
            canvas = pictures.to_pil(bare.detach().float().cpu())
        else:
            single = False
        mime = kind if kind == "image/png" else mime
        chroma = chroma or enlarged
        said = [_said(k, setting[k]) for k in named]
        cells.append(Cell(canvas, f"{', '.join(said)}\n{caption}"))
    if single:
        columns = len(cells) if len(cells) <= 4 else 3
        canvas, _, chroma = layout.strip(cells, columns)
    else:  # strips and plots keep their size, so that their text stays sharp
        canvas = layout.stack(cells)
    return Picture(pictures.encode(canvas, mime, chroma=chroma), mime, alt)
