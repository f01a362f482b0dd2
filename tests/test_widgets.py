# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Panels: the twin, the live picture, and what happens when something goes wrong."""

import io

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.figure import Figure
from PIL import Image

import srlab
from srlab import classroom, figures, widgets

ALT = "a grey field of a level of your choice"


def field(level: int = 50, colour: bool = False) -> tuple[torch.Tensor, str]:
    channels = 3 if colour else 1
    return torch.full((1, channels, 40, 60), level / 100), f"{level} per cent"


def panel(function=field, twin=({"level": 10}, {"level": 90}), alt=ALT, **controls):
    controls = controls or {"level": (0, 100, 10, 50), "colour": False}
    return widgets.explore(function, list(twin), alt, **controls)


def seen(image) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image.value)).convert("RGB")).astype(int)


def displayed(thing) -> list[dict]:
    """What a notebook would store: the data of each output."""
    InteractiveShell.instance()
    with capture_output() as captured:
        thing._ipython_display_()
    return [output.data for output in captured.outputs]


# explore


def test_the_twin_comes_first():
    outputs = displayed(panel())
    assert [output["text/plain"] for output in outputs] == [
        f"Figure: {ALT}",
        f"Widget: {ALT}",
    ]
    assert "image/jpeg" in outputs[0]
    assert "application/vnd.jupyter.widget-view+json" in outputs[1]
    assert repr(panel()) == f"Widget: {ALT}"


def test_nothing_is_computed_before_display():
    calls = []

    def spy(level):
        calls.append(level)
        return field(level)

    made = panel(spy, level=(0, 100, 10, 50))
    assert calls == []
    displayed(made)
    assert calls == [10, 90, 50]


def test_a_slider_changes_the_picture():
    made = panel()
    assert not made.controls["level"].continuous_update
    made.refresh()
    assert abs(seen(made.image)[50, 80] - 128).max() <= 2
    assert "50 per cent" in made.caption.value
    made.controls["level"].value = 100
    assert abs(seen(made.image)[50, 80] - 255).max() <= 2
    assert "100 per cent" in made.caption.value
    assert made.values == {"level": 100, "colour": False}
    assert f"Picture: {ALT}" in made.caption.value


def test_controls_fit_their_wishes():
    made = widgets.explore(
        lambda **values: torch.zeros(1, 1, 8, 8),
        [{}],
        ALT,
        whole=(1, 9, 2, 3),
        broken=(0.0, 1.0, 0.001, 0.5),
        mixed=(0, 1, 0.5, 0),
        one_of=["a", 2, 0.1 + 0.2],
        named={"cubic": srlab.resample.KERNELS["cubic"]},
        ticked=True,
    )
    kinds = {name: type(control).__name__ for name, control in made.controls.items()}
    assert kinds == {
        "whole": "IntSlider",
        "broken": "FloatSlider",
        "mixed": "FloatSlider",
        "one_of": "Dropdown",
        "named": "Dropdown",
        "ticked": "Checkbox",
    }
    assert made.controls["one_of"].description == "one of"
    assert made.controls["one_of"].options == ("a", "2", "0.3")
    assert made.values["named"] == "cubic"


def test_a_menu_hands_over_its_option():
    got = []

    def spy(kernel, scale):
        got.append((kernel, scale))
        return torch.zeros(1, 1, 8, 8)

    kernels = dict(srlab.resample.KERNELS)
    twin = [{"kernel": "cubic", "scale": 4}, {"kernel": "box"}]
    made = widgets.explore(spy, twin, ALT, kernel=kernels, scale=[2, 3, 4])
    assert made.twin.alt == ALT
    assert got == [(kernels["cubic"], 4), (kernels["box"], 2)]
    made.controls["kernel"].value = "lanczos3"
    assert got[-1] == (kernels["lanczos3"], 2)


def test_what_a_function_may_give():
    figure = Figure(figsize=(3, 2))
    x = torch.zeros(1, 1, 40, 60)
    for result, mime in [
        (x, "jpeg"),
        ((x, "a caption"), "jpeg"),
        ([x, x], "jpeg"),
        ({"a": x, "b": x}, "jpeg"),
        (figures.show(x, alt=ALT, cmap="magma"), "jpeg"),
        (figure, "png"),
        ((figure, "a caption"), "png"),
    ]:
        made = panel(lambda level, colour, result=result: result)
        made.refresh()
        assert made.image.format == mime, made.status.value
        assert made.twin.mime == f"image/{mime}"
        assert seen(made.image).shape[2] == 3


def test_a_twin_of_plots_keeps_their_size():
    def plot(level):
        return figures.curves({"a": ([1, 2], [1, level])}, "x", "y", alt=ALT)

    made = panel(plot, level=(0, 100, 10, 50))
    one = Image.open(io.BytesIO(plot(10).data))
    both = Image.open(io.BytesIO(made.twin.data))
    assert both.width >= one.width and both.height >= 2 * one.height
    assert made.twin.mime == "image/png"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (ValueError("no <such> level"), "no &lt;such&gt; level"),
        (None, "is the return missing?"),
        ("a string", "image is a str"),
        (torch.full((1, 1, 4, 4), torch.nan), "NaN"),
    ],
)
def test_errors_are_seen_in_the_panel(wrong, word):
    def fragile(level, colour):
        if level < 60:
            return field(level)
        if isinstance(wrong, Exception):
            raise wrong
        return wrong

    made = panel(fragile, twin=[{}])
    made.refresh()
    made.controls["level"].value = 60
    assert "With level = 60, colour = off the function stopped." in made.status.value
    assert word in made.status.value
    assert made.image.layout.display == "none" and made.caption.value == ""
    made.controls["level"].value = 40
    assert "stopped" not in made.status.value
    assert made.image.layout.display is None and "40" in made.caption.value


def test_a_slow_function_says_computing():
    said = []
    made = panel(lambda level, colour: said.append(made.status.value) or field(level))
    made.refresh()
    assert "computing..." in said[0] and "computing" not in made.status.value


def test_an_error_of_the_twin_is_raised():
    def broken(level):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        displayed(panel(broken, level=(0, 100, 10, 50)))


@pytest.mark.parametrize(
    ("given", "error", "word"),
    [
        ({"alt": ""}, ValueError, "alt"),
        ({"function": 3}, TypeError, "not a function"),
        ({"twin": []}, ValueError, "twin is empty"),
        ({"twin": [{"quality": 5}]}, ValueError, "quality"),
        ({"twin": [{"level": 200}]}, ValueError, "level = 200"),
        ({"twin": [{"colour": 3}]}, ValueError, "colour = 3"),
        ({"level": (0, 100, 10)}, ValueError, "min, max, step, value"),
        ({"level": (100, 0, 10, 50)}, ValueError, "min < max"),
        ({"level": (0, 100, 0, 50)}, ValueError, "step > 0"),
        ({"level": (0, 100, 10, 500)}, ValueError, "the value between"),
        ({"level": "cubic"}, ValueError, "a list of options"),
        ({"level": []}, ValueError, "needs options"),
        ({"level": ["a", "a"]}, ValueError, "a name of its own"),
        ({"level": ["a"], "twin": [{"level": "b"}]}, ValueError, "'b'"),
    ],
)
def test_bad_panels(given, error, word):
    with pytest.raises(error, match=word):
        panel(**given)


def test_a_panel_needs_a_control():
    with pytest.raises(ValueError, match="needs a control"):
        widgets.explore(field, [{}], ALT)


# upload


def png(height: int = 30, width: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (255, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def test_upload_reads_a_photograph():
    got = []
    made = widgets.upload(lambda image: got.append(image) or (image / 2, "darker"))
    assert made.image is None and "No photograph yet" in made.status.value
    assert displayed(made)[0]["text/plain"].startswith("Widget: a button to choose")
    came = {"name": "me <1>.png", "content": memoryview(png()), "size": 1}
    made._came({"new": [came]})
    assert made.image.shape == (1, 3, 30, 40)
    assert torch.equal(made.image[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    assert got[0] is made.image
    assert "me &lt;1&gt;.png: 40 x 30 pixels" in made.status.value
    assert "darker" in made.status.value
    assert abs(seen(made.preview)[100, 100] - [255, 0, 0]).max() <= 2
    assert abs(seen(made.result)[100, 100] - [128, 0, 0]).max() <= 2


@pytest.mark.parametrize("data", [b"", b"not a picture", png()[:60]])
def test_upload_of_a_broken_file(data):
    made = widgets.upload()
    made.take(png(), "good.png")
    made.take(data, "bad.png")
    assert made.image is None and made.preview.layout.display == "none"
    assert "bad.png could not be read." in made.status.value


def test_upload_shows_errors_of_what_follows():
    def broken(image):
        raise KeyError("nothing")

    made = widgets.upload(broken)
    made.take(png())
    assert made.image is not None
    assert "was read, but what follows stopped" in made.status.value
    with pytest.raises(TypeError, match="not a function"):
        widgets.upload("astronaut")


# rating panel


def pictures(count: int = 3) -> dict[str, torch.Tensor]:
    return {f"p{n}": torch.full((1, 3, 20, 20), n / count) for n in range(count)}


def test_mean_opinion_scores(tmp_path):
    path = tmp_path / "ratings.csv"
    rating = classroom.rating(pictures(), torch.zeros(1, 3, 20, 20), path=path)
    made = widgets.rating_panel(rating)
    assert displayed(made)[0]["text/plain"] == (
        "Widget: blind rating of 3 pictures, grades from 1 to 5"
    )
    words = [button.description for button in made.buttons.values()]
    assert words == ["1 bad", "2 poor", "3 fair", "4 good", "5 excellent"]
    assert "(1 of 3)" in made.question.value
    first = made.image.value
    made.buttons[4].click()
    assert "(2 of 3)" in made.question.value and made.image.value != first
    made.undo.click()
    assert "(1 of 3)" in made.question.value and made.undo.disabled
    assert not any(title in made.question.value for title in pictures())
    for _ in range(3):
        made.buttons[2].click()
    assert "all 3 are judged" in made.question.value
    assert "<table" in made.status.value and "2.00" in made.status.value
    assert path.exists() and made.buttons[2].disabled


def test_two_alternatives(tmp_path):
    rating = classroom.rating(pictures(2), kind="2afc", path=tmp_path / "ratings.csv")
    made = widgets.rating_panel(rating)
    assert [b.description for b in made.buttons.values()] == ["left", "right"]
    made.buttons["left"].click()
    assert "Thank you" in made.question.value


def test_a_rating_that_cannot_be_saved_says_so(tmp_path):
    rating = classroom.rating(pictures(1), path=tmp_path / "no" / "ratings.csv")
    made = widgets.rating_panel(rating)
    made.buttons[5].click()
    assert "could not be saved" in made.status.value
    assert "<table" in made.status.value
    with pytest.raises(TypeError, match=r"expected srlab.rating"):
        widgets.rating_panel(pictures())


def test_a_live_curve_grows_with_the_history():
    curve = srlab.widgets.live_curve()
    rows = [{"step": s, "psnr": 30 + s / 100, "loss": 0.01} for s in (100, 200, 300)]
    curve(rows[:1])
    assert "step 100: 31.00 dB" in curve.caption.value and not curve.image.value
    curve(rows[:2])
    before = curve.image.value
    curve(rows)
    assert before and curve.image.value != before
    assert "step 300" in curve.caption.value


# the bake-off


def test_a_contest_of_two_codecs():
    contest = widgets.Contest({"cat": srlab.photo("chelsea")[..., :96, :128]})
    pictures, said = contest("cat", 2_500, "JPEG", "WebP")
    assert list(pictures) == ["original", "JPEG", "WebP"]
    sizes = [
        int(line.split(": ")[1].split()[0].replace(",", ""))
        for line in said.split("\n")
    ]
    assert len(sizes) == 2 and max(sizes) <= 2_500
    both = panel(
        contest,
        [{"budget": 2_500}],
        "two codecs at one size",
        photograph=contest.names,
        budget=(500, 4_000, 500, 2_000),
        left=["JPEG"],
        right=["WebP"],
    )
    assert len(displayed(both)) == 2
    both.controls["photograph"].value = "your own"
    assert "choose a photograph" in both.status.value


def test_a_contest_says_what_does_not_fit():
    contest = widgets.Contest({"cat": srlab.photo("chelsea")[..., :96, :128]})
    pictures, said = contest("cat", 500, "JPEG", "WebP")
    assert "JPEG" not in pictures and "JPEG: no file is so small" in said
    with pytest.raises(ValueError, match="more than 20"):
        contest("cat", 20, "JPEG", "WebP")
    with pytest.raises(ValueError, match="photograph"):
        widgets.Contest({})


def test_a_readers_own_photograph_is_cut_and_coloured():
    contest = widgets.Contest({"grey": torch.zeros(1, 1, 40, 40)})
    kept = contest.take(torch.rand(1, 1, 400, 37))
    assert kept.shape == (1, 3, 320, 37)
    assert contest.names == ["grey", "your own"]
