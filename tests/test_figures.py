# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Figures: pixels that stay squares, bytes that stay the same, words for everybody."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
import torch
from bs4 import BeautifulSoup
from matplotlib import pyplot
from PIL import Image

import srlab
from srlab import figures
from srlab.figures import layout, pictures, viewers

ALT = "a photograph of nothing in particular"


def picture(height: int = 40, width: int = 60, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height * width)
    return torch.rand(1, channels, height, width, generator=generator)


def decoded(shown: pictures.Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(shown.data)).convert("RGB")).astype(int)


# Alternative text and the bundle


@pytest.mark.parametrize("alt", ["", "short", "  a   b  \n c ", None])
@pytest.mark.parametrize(
    "draw",
    [
        lambda alt: figures.show(picture(), alt=alt),
        lambda alt: figures.compare(picture(), picture(), alt=alt),
        lambda alt: figures.zoom(picture(), alt=alt),
        lambda alt: figures.curves({"a": ([1], [2])}, "x", "y", alt=alt),
    ],
)
def test_alt_is_required(draw, alt):
    with pytest.raises(ValueError, match=r"alt is .*10 characters"):
        draw(alt)


def test_bundle_of_a_photograph():
    data, metadata = figures.show(picture(), alt=f" {ALT}\n ")._repr_mimebundle_()
    assert data["text/plain"] == f"Figure: {ALT}"
    assert metadata == {"image/jpeg": {"alt": ALT}}
    with Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))) as file:
        assert file.format == "JPEG"
        assert file.info["dpi"] == (100, 100)


@pytest.mark.parametrize("chroma", [False, True])
def test_a_jpeg_has_pillows_pixels_in_fewer_bytes(chroma):
    canvas = pictures.to_pil(srlab.photo("coffee")[..., :120, :160])
    data = pictures.encode(canvas, "image/jpeg", chroma=chroma)
    plain = io.BytesIO()
    canvas.save(plain, "JPEG", quality=80, subsampling=0 if chroma else 2)
    with Image.open(io.BytesIO(data)) as ours, Image.open(plain) as theirs:
        assert ours.tobytes() == theirs.tobytes()
    assert len(data) < 0.95 * len(plain.getvalue())


def test_twice_the_same_bytes():
    for draw in (
        lambda: figures.show([picture(), picture(20, 30)], ["a", "b"], alt=ALT).data,
        lambda: figures.curves({"a": ([1, 2], [3, 4])}, "x", "y", alt=ALT).data,
        lambda: figures.compare(picture(), picture() ** 2, alt=ALT).html,
        lambda: figures.zoom(picture(), alt=ALT).html,
    ):
        assert draw() == draw()


# Pixels


def test_pixels_become_squares():
    """A 2 x 2 chessboard: enlarged 192 times, four flat squares."""
    board = torch.tensor([[0.0, 1.0], [1.0, 0.0]])[None, None]
    shown = decoded(figures.show(board, alt=ALT))
    assert shown.shape == (2 * 192 + 2 * layout.GAP + layout.FOOT, 2 * 192 + 24, 3)
    inner = shown[12:396, 12:396, 0]
    for y, x, level in [(0, 0, 0), (0, 192, 255), (192, 0, 255), (192, 192, 0)]:
        assert abs(inner[y + 8 : y + 184, x + 8 : x + 184] - level).max() <= 2


def test_enlarged_pixels_take_the_smaller_file():
    """Smooth squares become a PNG near the pixels; noise of many colours stays JPEG."""
    ramp = torch.linspace(0, 1, 48).expand(1, 3, 48, 48)
    shown = figures.show(ramp, alt=ALT, height=192)
    assert shown.mime == "image/png"
    inner = decoded(shown)[12:204:4, 12:204:4, 0]
    assert abs(inner - (ramp[0, 0] * 255).numpy()).max() <= 8
    assert figures.show(picture(48, 48), alt=ALT, height=192).mime == "image/jpeg"
    native = torch.linspace(0, 1, 400).expand(1, 3, 400, 400)
    assert figures.show(native, alt=ALT).mime == "image/jpeg"


def test_native_size_is_one_to_one():
    x = torch.full((1, 3, 400, 500), 0.5)
    x[..., 100:200, 50:150] = 0.0
    shown = decoded(figures.show(x, alt=ALT))
    assert shown.shape == (400 + 24, 500 + 24, 3)
    assert abs(shown[12:412, 12:512] - (x[0] * 255).permute(1, 2, 0).numpy()).max() < 25


def test_a_whole_number_for_every_image():
    sizes = [(64, 64), (256, 256), (85, 85)]
    cells = [layout.Cell(Image.new("RGB", size)) for size in sizes]
    _, drawn, enlarged = layout.strip(cells, 3)
    assert [p.size for p in drawn] == [(256, 256), (256, 256), (255, 255)]
    assert enlarged


@pytest.mark.parametrize("lr", [(75, 113), (76, 112), (74, 114)])
def test_an_lr_image_whose_size_does_not_divide(lr):
    cells = [layout.Cell(Image.new("RGB", size)) for size in [(300, 451), lr]]
    _, drawn, _ = layout.strip(cells, 2)
    assert abs(drawn[0].height - drawn[1].height) <= 6


def test_large_images_fit_and_say_so():
    cells = [layout.Cell(Image.new("RGB", (512, 512)), "t") for _ in range(4)]
    canvas, drawn, enlarged = layout.strip(cells, 4)
    assert canvas.width <= layout.MAX_WIDTH and not enlarged
    assert len({p.size for p in drawn}) == 1
    assert layout._note(0.5) == "shown at 50 %"
    assert (layout._note(1), layout._note(4)) == ("", "pixels ×4")


def test_crop_is_the_same_part_of_the_scene():
    hr = picture(64, 96)
    lr = hr[..., ::4, ::4]
    a, b = pictures.crop_all([hr, lr], (8, 16, 32, 48))
    assert torch.equal(a, hr[..., 8:40, 16:64])
    assert torch.equal(b, a[..., ::4, ::4])


@pytest.mark.parametrize(
    "crop",
    [(0, 0, 41, 5), (-1, 0, 5, 5), (0, 0, 0, 5), (0, 58, 5, 5), (1, 2, 3), "box"],
)
def test_crop_outside(crop):
    with pytest.raises(ValueError, match="crop"):
        figures.show(picture(), alt=ALT, crop=crop)


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (1, 300), (900, 3), (16, 1200)])
def test_odd_sizes(size):
    shown = decoded(figures.show(picture(*size), ["a title"], alt=ALT))
    assert shown.shape[1] <= 1000 and shown.shape[0] <= 600


def test_height_is_kept():
    for height, expected in [(40, 40), (100, 80), (20, 20)]:
        shown = figures.show(picture(), alt=ALT, height=height)
        note = 0 if expected == 40 else layout.FOOT
        assert decoded(shown).shape[0] == expected + 24 + note


def test_values_are_clamped():
    x = torch.full((1, 3, 20, 20), -0.2)
    assert decoded(figures.show(x, alt=ALT))[20:100, 20:100].max() <= 2


# Titles, grids, maps


def test_dict_list_and_batch_agree():
    x, y = picture(), picture() ** 2
    as_dict = figures.show({"x": x, "y": y}, alt=ALT)
    assert as_dict.data == figures.show([x, y], ["x", "y"], alt=ALT).data
    assert as_dict.data == figures.show(torch.cat([x, y]), ["x", "y"], alt=ALT).data


@pytest.mark.parametrize("title", ["word " * 30, "Donaudampfschifffahrt" * 9, "a\nb"])
def test_titles_are_never_cut(title):
    for width in (60, 120, 400):
        lines = layout._wrap(title, width)
        assert "".join("".join(lines).split()) == "".join(title.split())
        assert all(layout._font(16).getlength(line) <= width for line in lines)


def test_long_titles_make_room():
    short = decoded(figures.show(picture(), ["one"], alt=ALT)).shape
    long = decoded(figures.show(picture(), ["one " * 60], alt=ALT)).shape
    assert long[0] > short[0] and long[1] == short[1]


def test_columns():
    four = [picture()] * 4
    row = decoded(figures.show(four, alt=ALT, height=40)).shape
    grid = decoded(figures.show(four, alt=ALT, columns=2, height=40)).shape
    assert grid[0] > row[0] and grid[1] < row[1]


def test_a_map_has_a_colour_bar():
    ramp = torch.linspace(-2, 3, 360).expand(1, 1, 100, 360)
    plain = figures.show(ramp / 10 + 0.2, alt=ALT)
    coloured = figures.show(ramp, alt=ALT, cmap="viridis")
    assert decoded(coloured).shape[1] > decoded(plain).shape[1]
    left, right = decoded(coloured)[60, 14], decoded(coloured)[60, 725]
    assert abs(left - [68, 1, 84]).max() < 12  # viridis begins violet ...
    assert abs(right - [253, 231, 37]).max() < 12  # ... and ends yellow
    narrow = figures.show(ramp, alt=ALT, cmap="viridis", limits=(-2, 0))
    assert abs(decoded(narrow)[60, 400] - [253, 231, 37]).max() < 12


def test_a_photograph_beside_a_map_stays_as_it_is():
    both = figures.show([picture(), picture(channels=1)], alt=ALT, cmap="magma")
    mixed = [picture(channels=1), picture(channels=1)]
    assert both.mime == "image/jpeg"
    assert figures.show(mixed, alt=ALT, cmap=[None, "magma"]).mime == "image/jpeg"
    figures.show(torch.zeros(1, 1, 5, 5), alt=ALT, cmap="magma")  # a flat map


@pytest.mark.parametrize(
    ("images", "given", "error", "word"),
    [
        ([], {}, ValueError, "empty"),
        ({}, {}, ValueError, "empty"),
        (picture()[0], {}, ValueError, "shape"),
        (picture(channels=2), {}, ValueError, "shape"),
        (picture() * 255, {}, ValueError, "expected \\[0, 1\\]"),
        (picture() * torch.nan, {}, ValueError, "NaN"),
        ((picture() * 255).byte(), {}, TypeError, "uint8"),
        (picture().numpy(), {}, TypeError, "ndarray"),
        (["astronaut"], {}, TypeError, "image is a str"),
        ([picture(), None], {}, TypeError, "image 2"),
        (picture(0, 5), {}, ValueError, "empty"),
        (picture(), {"titles": ["a", "b"]}, ValueError, "2 titles for 1 image"),
        ({"a": picture()}, {"titles": ["a"]}, ValueError, "dict"),
        (picture(), {"columns": 0}, ValueError, "columns"),
        (picture(), {"height": 3}, ValueError, "height"),
        (picture(), {"cmap": "magma"}, ValueError, "cmap"),
        (picture(channels=1), {"cmap": "magenta"}, ValueError, "magenta"),
        (picture(channels=1), {"cmap": ["magma", None]}, ValueError, "colour maps"),
        (picture(channels=1) / 0, {"cmap": "magma"}, ValueError, "NaN or inf"),
        (picture(channels=1), {"cmap": "magma", "limits": (1, 0)}, ValueError, "low"),
    ],
)
def test_bad_images(images, given, error, word):
    with pytest.raises(error, match=word):
        figures.show(images, alt=ALT, **given)


# Matplotlib


def test_a_figure_is_png_and_closed():
    figure, axes = pyplot.subplots()
    axes.plot([1, 2])
    shown = figures.show(figure, alt=ALT)
    assert shown.mime == "image/png" and shown.data.startswith(b"\x89PNG")
    assert not pyplot.fignum_exists(figure.number)
    assert b"matplotlib" not in shown.data.lower()


def test_a_figure_of_photographs_is_jpeg():
    figure, _ = pyplot.subplots()
    assert figures.show(figure, alt=ALT, photograph=True).mime == "image/jpeg"
    with pytest.raises(ValueError, match="go with images"):
        figures.show(figure, ["title"], alt=ALT)


def test_curves():
    lines = {str(i): (range(3), torch.arange(3.0) * i + 1) for i in range(9)}
    shown = figures.curves(lines, "x", "y", alt=ALT, points=["1"], log="y", title="t")
    assert shown.mime == "image/png" and repr(shown) == f"Figure: {ALT}"
    assert not pyplot.get_fignums()
    assert 600 < decoded(shown).shape[1] < 900


@pytest.mark.parametrize(
    ("lines", "given", "word"),
    [
        ({}, {}, "empty"),
        ([1, 2], {}, "no dict"),
        ({"a": [1, 2, 3]}, {}, "'a' is not a pair"),
        ({"a": ([1, 2], [1])}, {}, "same length"),
        ({"a": ([1, 2], [1, np.nan])}, {}, "NaN"),
        ({"a": (["p"], [1])}, {}, "numbers"),
        ({"a": ([1], [1])}, {"points": ["b"]}, "points"),
        ({"a": ([1], [1])}, {"log": "z"}, "log"),
    ],
)
def test_bad_curves(lines, given, word):
    with pytest.raises(ValueError, match=word):
        figures.curves(lines, "x", "y", alt=ALT, **given)


# Tables


ROWS = [
    {"codec": "JPEG", "PSNR": 30.126, "images": 5},
    {"codec": "a<b", "PSNR": -0.0001, "images": 14},
    {"codec": "none", "PSNR": float("inf"), "images": None},
]


def test_table_as_text():
    shown = figures.table(ROWS, "Two codecs", {"PSNR": "dB"}, best={"PSNR": "max"})
    assert repr(shown).splitlines() == [
        "Two codecs",
        "codec  PSNR (dB)  images",
        "JPEG       30.13    5.00",
        "a<b         0.00   14.00",
        "none        inf*       –",
        "* the best of its column",
    ]


def test_table_as_html():
    frame = pd.DataFrame(ROWS[:2]).set_index("codec")
    shown = figures.table(frame, "Two codecs", digits={"PSNR": 1}, best={"PSNR": "min"})
    page = BeautifulSoup(shown._repr_mimebundle_()["text/html"], "html.parser")
    assert page.caption.text == "Two codecs"
    assert [th.text for th in page.thead("th")] == ["codec", "PSNR", "images"]
    assert [th["scope"] for th in page.tbody("th")] == ["row", "row"]
    assert [td.text for td in page.tbody("td")] == ["30.1", "5", "0.0", "14"]
    assert [strong.text for strong in page("strong")] == ["0.0"]
    left = page.select('[style="text-align:left"]')  # without the sheet, too
    assert [cell.text for cell in left] == ["codec", "JPEG", "a<b"]
    assert page.style.text.count("!important") == 2


@pytest.mark.parametrize(
    ("frame", "given", "word"),
    [
        ([], {}, "at least one row"),
        (ROWS, {"caption": ""}, "caption"),
        (ROWS, {"units": {"SSIM": "1"}}, "no column \\['SSIM'\\]"),
        (ROWS, {"best": {"PSNR": "most"}}, "most"),
    ],
)
def test_bad_tables(frame, given, word):
    with pytest.raises(ValueError, match=word):
        figures.table(frame, **({"caption": "a table"} | given))


# Viewers


def sources(viewer: viewers.Viewer) -> list[Image.Image]:
    page = BeautifulSoup(viewer.html, "html.parser")
    data = [img["src"].partition(";base64,")[2] for img in page("img")]
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in data]


def test_compare_holds_both_pictures():
    a, b = torch.zeros(1, 3, 300, 400), torch.ones(1, 1, 300, 400)
    viewer = figures.compare(a, b, ("black & dark", "<white>"), alt='say "both"')
    first, second = sources(viewer)
    assert first.size == second.size == (400, 300)
    assert np.asarray(first).max() <= 1 and np.asarray(second).min() >= 254
    page = BeautifulSoup(viewer.html, "html.parser")
    assert [c.text for c in page("figcaption")] == ["black & dark", "<white>"]
    assert page.div["aria-label"] == 'say "both"'
    assert viewer._repr_mimebundle_()["text/plain"] == 'Figure: say "both"'


def test_compare_enlarges_small_and_lr_images():
    hr = picture(32, 48)
    first, second = sources(figures.compare(hr[..., ::4, ::4], hr, alt=ALT))
    assert first.size == second.size == (480, 320)
    block = np.asarray(first).astype(int)[4:36, 4:36]  # inside one pixel of 40 x 40
    assert (block.max((0, 1)) - block.min((0, 1))).max() <= 4


def test_compare_holds_enlarged_pixels_in_the_smaller_file():
    ramp = torch.linspace(0, 1, 48).expand(1, 3, 48, 48)
    html = figures.compare(ramp, ramp.flip(-1), alt=ALT).html
    assert html.count("data:image/png;base64,") == 2
    assert "data:image/png" not in figures.compare(picture(), picture(), alt=ALT).html


@pytest.mark.parametrize("size", [(700, 1400), (1500, 700), (800, 800)])
def test_viewers_stay_small(size):
    noise = picture(*size)  # the worst case for JPEG
    for viewer in (
        figures.compare(noise, noise, alt=ALT),
        figures.zoom(noise, alt=ALT),
    ):
        assert len(viewer.html) < 250_000
        assert re.search(r"Reduced to \d+ % of its size", viewer.html)


def test_zoom_keeps_native_pixels():
    viewer = figures.zoom(picture(200, 300), alt=ALT, factor=8)
    whole, middle = sources(viewer)
    assert whole.size == (300, 200)
    assert middle.size == (320, 320)
    assert "One pixel is drawn as 8 × 8." in viewer.html
    tiny = figures.zoom(picture(3, 5), alt=ALT)
    assert sources(tiny)[1].size == (20, 12)


@pytest.mark.parametrize(
    "draw", [figures.zoom, lambda x, **k: figures.compare(x, x, **k)]
)
def test_viewers_are_self_contained(draw):
    html = draw(picture(), alt=ALT).html
    page = BeautifulSoup(html, "html.parser")
    assert not page("script") and "http" not in html and not page(id=True)
    assert all(img["alt"] for img in page("img"))
    assert all(label["aria-label"] for label in page("input"))
    assert "focus-visible" in html
    other = BeautifulSoup(draw(picture() ** 2, alt=ALT).html, "html.parser")
    assert page.div["data-picture"] != other.div["data-picture"]


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda x: figures.compare(x, x[..., :-1], alt=ALT), ValueError, "same size"),
        (lambda x: figures.compare(x, x, "ab", alt=ALT), ValueError, "two names"),
        (lambda x: figures.compare(x, x, ["a"], alt=ALT), ValueError, "two names"),
        (
            lambda x: figures.compare(x, torch.cat([x, x]), alt=ALT),
            ValueError,
            "b holds",
        ),
        (lambda x: figures.compare(x.byte(), x, alt=ALT), TypeError, "uint8"),
        (lambda x: figures.zoom(x * torch.nan, alt=ALT), ValueError, "NaN"),
        (lambda x: figures.zoom(x, alt=ALT, factor=1), ValueError, "2 to 16"),
        (lambda x: figures.zoom(x, alt=ALT, factor=2.5), ValueError, "2 to 16"),
        (lambda x: figures.zoom(x[0], alt=ALT), ValueError, "shape"),
    ],
)
def test_bad_viewers(call, error, word):
    with pytest.raises(error, match=word):
        call(picture())
