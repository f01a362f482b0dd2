"""The door: every kind of picture comes in right, or with one clear error."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

import srlab
from srlab import images


def saved(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(height: int = 37, width: int = 53) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 6, columns * 4, rows + columns], -1).astype(np.uint8)


@pytest.mark.parametrize("name", images.photo_names())
def test_every_shipped_photograph_is_an_image(name):
    x = srlab.photo(name)
    assert x.dtype == torch.float32 and x.shape[:2] == (1, 3)
    assert x.min() >= 0 and x.max() <= 1
    images.check_image(x)


def test_photo_takes_a_path_and_names_the_names(tmp_path):
    path = images.write(torch.full((1, 3, 2, 2), 0.5), tmp_path / "mine.png")
    assert srlab.photo(path).shape == srlab.photo(str(path)).shape == (1, 3, 2, 2)
    with pytest.raises(FileNotFoundError, match="chelsea"):
        srlab.photo("no such picture")
    with pytest.raises(FileNotFoundError, match="did you mean 'chelsea'"):
        srlab.photo("chelsey")


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (53, 37)])
@pytest.mark.parametrize("channels", [1, 3])
def test_png_round_trip_is_exact(tmp_path, size, channels):
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (1, channels, *size), generator=generator) / 255
    path = images.write(x, tmp_path / "x.png")
    assert torch.equal(images.read(path, keep_grey=True), x)


def test_grey_becomes_three_equal_channels():
    data = saved(Image.fromarray(ramp()[..., 0]))
    x = images.read(data)
    assert x.shape == (1, 3, 37, 53) and torch.equal(x[:, 0], x[:, 2])
    assert images.read(data, keep_grey=True).shape == (1, 1, 37, 53)


def test_sixteen_bits_are_divided_by_65535():
    values = np.array([[0, 257, 32768, 65535]], dtype=np.uint16)
    x = images.read(saved(Image.fromarray(values)), keep_grey=True)
    assert torch.allclose(x[0, 0, 0], torch.tensor([0, 1 / 255, 32768 / 65535, 1]))


def test_palette_and_cmyk_become_rgb():
    picture = Image.new("RGB", (4, 3), (255, 0, 0))
    for data in (
        saved(picture.convert("P", palette=Image.Palette.ADAPTIVE)),
        saved(picture.convert("CMYK"), "TIFF"),
    ):
        x = images.read(data)
        assert x.shape == (1, 3, 3, 4)
        assert torch.allclose(x[0, :, 0, 0], torch.tensor([1.0, 0, 0]), atol=0.02)


def test_transparency_is_laid_over_white():
    picture = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    assert torch.equal(images.read(saved(picture)), torch.ones(1, 3, 2, 2))
    grey_alpha = Image.new("LA", (2, 2), (0, 255))
    assert images.read(saved(grey_alpha)).max() == 0


def test_a_turned_phone_photograph_comes_upright():
    picture = Image.fromarray(ramp())
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate 90 degrees clockwise to view"
    turned = images.read(saved(picture, "JPEG", quality=95, exif=exif))
    assert turned.shape == (1, 3, 53, 37)
    plain = images.read(saved(picture, "JPEG", quality=95))
    assert torch.equal(turned, plain.rot90(-1, dims=(2, 3)))


def test_twelve_megapixels_come_in_and_shrink():
    picture = Image.new("RGB", (4000, 3000), (10, 20, 30))
    x = images.read(saved(picture, "JPEG"))
    assert x.shape == (1, 3, 3000, 4000)
    assert srlab.imresize(x, scale=1 / 4).shape == (1, 3, 750, 1000)


def bomb() -> bytes:
    """A PNG header that promises 60000 x 60000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


whole = saved(Image.fromarray(ramp(200, 300)))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (whole[: len(whole) // 2], "cut off"),
        (saved(Image.fromarray(ramp(200, 300)), "JPEG")[:2000], "cut off"),
        (b"", "no picture"),
        (b"hello, I am text", "no picture"),
        (bomb(), "limit|too large"),
    ],
    ids=["half a png", "half a jpeg", "empty", "text", "bomb"],
)
def test_a_bad_file_gives_one_clear_error(data, word, tmp_path):
    path = tmp_path / "bad.png"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(ValueError, match=word):
            images.read(source)


def test_a_folder_and_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match="folder"):
        images.read(tmp_path)
    with pytest.raises(FileNotFoundError, match="check the path"):
        images.read(tmp_path / "nothing.png")


def test_write_says_what_it_cannot(tmp_path):
    x = torch.zeros(1, 3, 4, 4)
    with pytest.raises(ValueError, match="batch of 2"):
        images.write(x.repeat(2, 1, 1, 1), tmp_path / "x.png")
    with pytest.raises(ValueError, match=r"try \.png"):
        images.write(x, tmp_path / "x.nonsense")


@pytest.mark.parametrize(
    ("bad", "error", "word"),
    [
        (np.zeros((1, 3, 4, 4)), TypeError, "ndarray"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), TypeError, "from_uint8"),
        (torch.zeros(3, 4, 4), ValueError, "batch axis"),
        (torch.zeros(1, 4, 4, 3), ValueError, r"\(B, C, H, W\)"),
        (torch.zeros(1, 3, 0, 4), ValueError, "empty"),
        (torch.full((1, 3, 4, 4), torch.nan), ValueError, "NaN"),
        (torch.full((1, 3, 4, 4), torch.inf), ValueError, "infinite"),
        (torch.full((1, 3, 4, 4), 255.0), ValueError, "divide"),
    ],
)
def test_check_image_refuses(bad, error, word):
    with pytest.raises(error, match=word):
        images.check_image(bad)


def test_one_nan_among_good_values_is_found():
    x = torch.zeros(1, 3, 8, 8)
    x[0, 1, 3, 3] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        images.check_image(x)


def test_overshoot_of_an_interpolation_passes():
    x = torch.full((1, 3, 4, 4), 1.2)
    assert images.check_image(x) is x
    assert images.round8(x).max() == 1 and images.to_uint8(x).max() == 255


def test_luma_of_the_corners_is_bt601():
    colours = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    y = images.luma(colours[:, :, None, None])[:, 0, 0, 0] * 255
    expected = torch.tensor([16, 235, 81.481, 144.553, 40.966])
    assert torch.allclose(y, expected, atol=1e-3)


def test_luma_is_the_first_channel_of_ycbcr_and_rgb_undoes_it():
    x = srlab.photo("coffee")[..., :64, :48]
    assert torch.allclose(images.ycbcr(x)[:, :1], images.luma(x), atol=1e-6)
    assert torch.allclose(images.rgb(images.ycbcr(x)), x, atol=1e-5)


def test_round8_rounds_half_up():
    x = torch.tensor([[[[0.5 / 255, 1.5 / 255, 0.49 / 255]]]])
    assert images.to_uint8(x).flatten().tolist() == [1, 2, 0]
    assert torch.equal(images.from_uint8(images.to_uint8(x)), images.round8(x))


def test_crop_and_shave():
    x = torch.zeros(1, 3, 37, 53)
    assert images.crop_to_multiple(x, 4).shape == (1, 3, 36, 52)
    assert images.shave(x, 3).shape == (1, 3, 31, 47)
    assert images.shave(x, 0).shape == x.shape
    with pytest.raises(ValueError, match="multiple of 64"):
        images.crop_to_multiple(x, 64)
    with pytest.raises(ValueError, match="nothing is left"):
        images.shave(x, 19)
    with pytest.raises(ValueError, match="whole number"):
        images.shave(x, -1)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_one_image_as_pillows(channels, mode):
    image = torch.full((1, channels, 2, 5), 0.5)
    picture = images.to_pillow(image)
    assert (picture.mode, picture.size) == (mode, (5, 2))
    assert picture.getextrema() in ((128, 128), ((128, 128),) * 3)
    with pytest.raises(ValueError, match="batch of 2"):
        images.to_pillow(image.repeat(2, 1, 1, 1))
