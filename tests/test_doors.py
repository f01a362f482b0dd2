"""Bad input at every door: the right thing or one clear error of this package."""

import contextlib
import io
import math
import os
import traceback

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import srlab
from srlab import (
    classroom,
    codecs,
    datasets,
    evaluation,
    figures,
    images,
    metrics,
    resample,
    weights,
)

X = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(0))
ALT = "a test picture of noise"
NO_IMAGE = {
    "None": None,
    "text": "astronaut",
    "list": [[1]],
    "numpy": X.numpy(),
    "0-d": torch.tensor(1.0),
    "complex": X.to(torch.complex64),
    "sparse": X.to_sparse(),
    "meta": X.to("meta"),
    "float8": X.to(torch.float8_e4m3fn),
    "empty": X[:, :, :0],
    "NaN": X * math.nan,
}
DOORS = {
    "check_image": images.check_image,
    "luma": images.luma,
    "to_uint8": images.to_uint8,
    "round8": images.round8,
    "shave": lambda x: images.shave(x, 2),
    "crop": lambda x: images.crop_to_multiple(x, 4),
    "imresize": lambda x: srlab.imresize(x, scale=2),
    "Interpolator": resample.Interpolator(2),
    "psnr": lambda x: metrics.psnr(x, x),
    "ssim": lambda x: metrics.ssim(x, x),
    "JPEG": codecs.JPEG(50).encode,
    "bpp": lambda x: codecs.bpp(b"ab", x),
    "show": lambda x: figures.show(x, alt=ALT),
    "benchmark": lambda x: evaluation.benchmark(lambda v: v, {"x": x}, 1),
    "patches": lambda x: datasets.patches([x], 4, 1, torch.Generator()),
}
UNSEEN = {  # what need not look at the values, or takes any shape
    ("shave", "NaN"), ("shave", "complex"), ("shave", "float8"),
    ("crop", "NaN"), ("crop", "complex"), ("crop", "float8"),
    ("bpp", "NaN"), ("bpp", "complex"), ("bpp", "float8"),
    ("patches", "NaN"), ("patches", "complex"), ("patches", "float8"),
    ("to_uint8", "0-d"), ("round8", "0-d"), ("to_uint8", "empty"),
    ("round8", "empty"), ("to_uint8", "sparse"), ("round8", "sparse"),
    ("to_uint8", "meta"), ("round8", "meta"),
}  # fmt: skip


def refused(call):
    """The error of a call: of a kind that is promised, raised by this package."""
    with pytest.raises((ValueError, TypeError, FileNotFoundError)) as caught:
        call()
    last = traceback.extract_tb(caught.tb)[-1]
    assert f"{os.sep}srlab{os.sep}" in last.filename, last
    assert len(str(caught.value)) > 15
    return str(caught.value)


@pytest.mark.parametrize("kind", NO_IMAGE)
@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_image_is_refused(door, kind):
    if (door, kind) not in UNSEEN:
        refused(lambda: DOORS[door](NO_IMAGE[kind]))


NO_ARGUMENT = {
    "scale text": lambda: srlab.imresize(X, scale="2"),
    "scale tiny": lambda: srlab.imresize(X, scale=1e-9),
    "scale tiny 2": lambda: srlab.imresize(X, scale=1e-300),
    "scale huge": lambda: srlab.imresize(X, scale=10**400),
    "scale vast": lambda: srlab.imresize(X, scale=1e308),
    "scale array": lambda: srlab.imresize(X, scale=np.array([2, 3])),
    "size number": lambda: srlab.imresize(X, size=8),
    "size infinite": lambda: srlab.imresize(X, size=(math.inf, 3)),
    "size long": lambda: srlab.imresize(X, size=(1, 2**26)),
    "kernel list": lambda: srlab.imresize(X, scale=2, kernel=[]),
    "kernel zero": lambda: srlab.imresize(
        X, scale=2, kernel=resample.Kernel("z", lambda t: t * 0, 2)
    ),
    "kernel width": lambda: resample.Kernel("w", abs, math.inf),
    "keys": lambda: resample.keys(math.nan),
    "contributions": lambda: resample.contributions(5, 5, 0.0),
    "contributions n": lambda: resample.contributions(-3, 5, 1.0),
    "integers": lambda: resample.resample_1d(torch.arange(5), torch.tensor([0.5])),
    "positions": lambda: resample.resample_1d(X, torch.tensor([math.nan])),
    "Interpolator uint8": lambda: resample.Interpolator(2)((X * 255).byte()),
    "to_uint8 of uint8": lambda: images.to_uint8((X * 255).byte()),
    "multiple": lambda: images.crop_to_multiple(X, 0),
    "multiple -1": lambda: images.crop_to_multiple(X, -1),
    "border": lambda: images.shave(X, None),
    "border text": lambda: metrics.psnr(X, X, border="2"),
    "border nan": lambda: metrics.ssim(X, X, border=math.nan),
    "read None": lambda: images.read(None),
    "read tensor": lambda: images.read(X),
    "read text file": lambda: images.read(io.StringIO("x")),
    "read long": lambda: images.read("x" * 5000),
    "read nobody": lambda: images.read("~nobody_here/x.png"),
    "photo bytes": lambda: srlab.photo(b"x"),
    "write None": lambda: images.write(X, None),
    "write no folder": lambda: images.write(X, "no/such/folder/x.png"),
    "write ending": lambda: images.write(X, "x.palm"),
    "write quality": lambda: images.write(X, "x.jpg", quality=101),
    "write wide": lambda: images.write(torch.zeros(1, 1, 1, 70000), "x.jpg"),
    "decode None": lambda: codecs.JPEG().decode(None),
    "subsampling": lambda: codecs.JPEG(50, ["4:4:4"]),
    "method": lambda: codecs.WebP(50, True),
    "set None": lambda: evaluation.benchmark(resample.Interpolator(2), None, 2),
    "set empty": lambda: evaluation.benchmark(resample.Interpolator(2), {}, 2),
    "set": lambda: datasets.find(None),
    "result": lambda: evaluation.benchmark(lambda v: None, {"x": X}, 1),
    "result uint8": lambda: evaluation.benchmark(lambda v: v.byte(), {"x": X}, 1),
    "result 255": lambda: evaluation.benchmark(lambda v: v * 255, {"x": X}, 1),
    "result NaN": lambda: evaluation.benchmark(lambda v: v * math.nan, {"x": X}, 1),
    "scale": lambda: evaluation.benchmark(lambda v: v, {"x": X}, math.inf),
    "rows": lambda: evaluation.table([1]),
    "published": lambda: evaluation.published([], "Set5", 2),
    "results": lambda: evaluation.results("../../secret"),
    "weights None": lambda: weights.read_weights(None),
    "weights name": lambda: weights.find_weights(None),
    "weights dict": lambda: weights.write_weights("x", {1: X}, None),
    "table": lambda: figures.table("text", "a caption"),
    "crop": lambda: figures.show(X, alt=ALT, crop=(0, 0, math.inf, 1)),
    "exercise": lambda: classroom.check("2.99", abs),
    "quiz": lambda: classroom.quiz(1, answers=["a"]),
    "ask": lambda: classroom.ask("question", 5),
    "save": lambda: classroom.save_answers("no/such/folder/a.json"),
    "restore": lambda: classroom.restore_answers(None),
    "rating": lambda: srlab.rating([X, X], path=None),
    "rating texts": lambda: srlab.rating(["a", "b"]),
    "rating tensor": lambda: srlab.rating(X),
    "rating reference": lambda: srlab.rating([X], reference=X * 255),
    "votes": lambda: classroom.ratings.read_votes("no_such_file.csv"),
}


@pytest.mark.parametrize("case", NO_ARGUMENT)
def test_senseless_arguments_are_refused(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(NO_ARGUMENT[case])
    assert not list(tmp_path.iterdir())


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


PICTURE = Image.fromarray(images.to_uint8(X)[0].permute(1, 2, 0).numpy())
EXIF = Image.Exif()
EXIF[0x0112] = 6
FILES = {
    "PNG": saved(PICTURE, "PNG", exif=EXIF),
    "JPEG": saved(PICTURE, "JPEG", exif=EXIF),
    "WEBP": saved(PICTURE, "WEBP", exif=EXIF),
    "TIFF": saved(PICTURE, "TIFF", exif=EXIF),
    "AVIF": saved(PICTURE, "AVIF"),
    "GIF": saved(PICTURE, "GIF"),
    "PPM": saved(PICTURE, "PPM"),
    "SGI": saved(PICTURE, "SGI"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_a_picture_or_one_clear_error(kind):
    data, draw = FILES[kind], np.random.default_rng(0)
    cases = [data[:n] for n in range(0, len(data), 1 + len(data) // 60)]
    for _ in range(200):
        damaged = bytearray(data)
        for place in draw.integers(min(len(data), 300), size=draw.integers(1, 6)):
            damaged[place] = draw.integers(256)
        cases.append(bytes(damaged))
    for case in cases:
        try:
            images.check_image(images.read(case))
        except ValueError as error:
            assert str(error).startswith(("the data", "a float picture")), error


@pytest.mark.parametrize("codec", [codecs.JPEG(50), codecs.WebP(50)], ids=repr)
def test_every_truncation_of_a_stream_is_found_or_harmless(codec):
    data = codec.encode(X)
    for n in range(len(data)):
        with contextlib.suppress(codecs.CorruptStream):
            # a JPEG without its last two bytes, the end marker, has all its pixels
            assert torch.equal(codec.decode(data[:n]), codec.decode(data)), n


TURNED = {
    1: lambda x: x,
    2: lambda x: x.flip(3),
    3: lambda x: x.rot90(2, (2, 3)),
    4: lambda x: x.flip(2),
    5: lambda x: x.transpose(2, 3),
    6: lambda x: x.rot90(-1, (2, 3)),
    7: lambda x: x.rot90(2, (2, 3)).transpose(2, 3),
    8: lambda x: x.rot90(1, (2, 3)),
}


@pytest.mark.parametrize("orientation", TURNED)
def test_every_orientation_comes_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    x = images.read(saved(PICTURE, "PNG", exif=exif))
    assert torch.equal(x, TURNED[orientation](images.round8(X)))


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_with_a_transparent_value_is_laid_over_white(mode):
    picture = Image.new(mode, (3, 2), 0)
    x = images.read(saved(picture, "PNG", transparency=0), keep_grey=True)
    assert torch.equal(x, torch.ones(1, 1, 2, 3))


def test_grey_with_alpha_stays_one_channel():
    data = saved(Image.new("LA", (3, 2), (100, 255)), "PNG")
    assert torch.equal(
        images.read(data, keep_grey=True), torch.full((1, 1, 2, 3), 100 / 255)
    )


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        return
    os.mkfifo(tmp_path / "pipe.png")
    assert "regular" in refused(lambda: images.read(tmp_path / "pipe.png"))


def test_a_file_that_may_not_be_opened_is_not_called_damaged(tmp_path, monkeypatch):
    path = images.write(X, tmp_path / "mine.png")

    def forbidden(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbidden)
    assert "Permission denied" in refused(lambda: images.read(path))


def test_home_spaces_and_other_letters_in_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    images.write(X, "~/päth with späce.png")
    assert torch.equal(images.read("~/päth with späce.png"), images.round8(X))


def test_settings_may_come_from_numpy_or_a_slider():
    assert codecs.JPEG(np.int64(50)) == codecs.JPEG(50.0) == codecs.JPEG(50)
    assert codecs.JPEG(50.0).encode(X) == codecs.JPEG(50).encode(X)


HALF = [torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", ["ssim", "vifp", "psnr_hvs_m", "ms_ssim"])
def test_half_precision_and_gradients_are_measured_alike(name, dtype):
    x = srlab.photo("chelsea")[..., 60:230, 150:320]
    measure, y = getattr(metrics, name), (x * 0.9 + 0.03)
    right = measure(x.to(dtype).float(), y)
    assert measure(x.to(dtype), y) == pytest.approx(right, rel=1e-6)
    grad = measure(x.double().requires_grad_(), y)
    assert grad == pytest.approx(measure(x, y), rel=1e-3)


def dense(n_in: int, n_out: int, scale: float, name: str) -> np.ndarray:
    """The resizing matrix (n_out, n_in), written down tap by tap in float64."""
    h = {
        "bilinear": lambda t: max(0.0, 1 - abs(t)),
        "cubic": lambda t: (
            1.5 * abs(t) ** 3 - 2.5 * t**2 + 1
            if abs(t) <= 1
            else -0.5 * abs(t) ** 3 + 2.5 * t**2 - 4 * abs(t) + 2
            if abs(t) < 2
            else 0.0
        ),
        "lanczos3": lambda t: np.sinc(t) * np.sinc(t / 3) if abs(t) < 3 else 0.0,
    }[name]
    stretch, matrix = min(scale, 1.0), np.zeros((n_out, n_in))
    reach = math.ceil(3 / stretch) + 1
    for row in range(n_out):
        u = (row + 0.5) / scale - 0.5
        for i in range(math.floor(u) - reach, math.floor(u) + reach + 1):
            place = i % (2 * n_in)
            place = min(place, 2 * n_in - 1 - place)
            matrix[row, place] += h(stretch * (u - i))
    return matrix / matrix.sum(axis=1, keepdims=True)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.floats(0.1, 4), st.floats(0.1, 4)),
    st.sampled_from(["bilinear", "cubic", "lanczos3"]),
)
def test_imresize_is_two_dense_matrices(size, scale, name):
    x = torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(1)).double()
    y = srlab.imresize(x, scale=scale, kernel=name)
    rows, columns = (dense(size[i], y.shape[2 + i], scale[i], name) for i in (0, 1))
    expected = rows @ x.numpy() @ columns.T
    assert np.abs(y.numpy() - expected).max() < 1e-10
