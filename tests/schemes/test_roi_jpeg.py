"""srlab.schemes.RoiJPEG: standard files, exact inside, a real gain at equal bytes."""

import io
import time

import numpy as np
import pytest
import torch
from PIL import Image

from srlab import photo
from srlab.codecs import JPEG, CorruptStream
from srlab.codecs.pillow import squeeze
from srlab.evaluation import at_equal_bytes, compare_regions, meet_size
from srlab.metrics import psnr
from srlab.saliency import objects
from srlab.schemes import Linear, Progressive, RoiJPEG, TwoPiece, fit_bytes
from srlab.schemes.coefficients import Coefficients
from srlab.schemes.maps import blocks

SLOW = ("retina", "china", "grace_hopper")  # large files; eight are enough here


def crop(name: str, height: int, width: int) -> torch.Tensor:
    return photo(name)[..., 60 : 60 + height, 80 : 80 + width].contiguous()


def box(image: torch.Tensor, top=0.3, left=0.35, bottom=0.7, right=0.75):
    h, w = image.shape[-2:]
    mask = torch.zeros(1, 1, h, w)
    mask[..., int(top * h) : int(bottom * h), int(left * w) : int(right * w)] = 1
    return mask


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4", "4:2:2"])
@pytest.mark.parametrize("size", [(128, 160), (97, 131), (33, 200)])
def test_inside_is_the_plain_file(grey, subsampling, size):
    """Coefficients of the region's blocks, and pixels 16 and more from its edge."""
    x = crop("chelsea", *size)
    x = x.mean(1, keepdim=True) if grey else x
    mask = box(x, 0, 0.1, 1, 0.9)
    data = RoiJPEG(mask, 80, 20, subsampling=subsampling).encode(x)
    plain = JPEG(80, subsampling).encode(x)
    ours, theirs = Coefficients(data), Coefficients(plain)
    inside = blocks(mask).numpy() > 0
    for ours_plane, plane in zip(ours.planes, theirs.planes, strict=True):
        h, w = plane.shape[:2]
        rows = np.arange(h) * (1 if h == inside.shape[0] else 2)  # halved chroma
        columns = np.arange(w) * (1 if w == inside.shape[1] else 2)
        if plane.shape[:2] == inside.shape:  # every block of the region
            assert np.array_equal(ours_plane[inside], plane[inside])
        same = (ours_plane == plane).all((2, 3))
        assert same[inside[np.ix_(rows, columns)]].all()
        assert not same.all()  # and outside something was saved
    assert np.array_equal(ours.tables, theirs.tables)
    far = -torch.nn.functional.max_pool2d(-mask, 33, 1, 16)  # 16 from its edge
    far = (far == 1).expand_as(JPEG().decode(data))
    assert far.any()
    assert JPEG().decode(data)[far].equal(JPEG().decode(plain)[far])


def test_pillow_reads_the_file_as_any_other():
    x = crop("coffee", 90, 140)
    data = RoiJPEG(box(x)).encode(x)
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.size, picture.mode) == ("JPEG", (140, 90), "RGB")
    assert np.array_equal(
        np.asarray(picture) / np.float32(255),
        JPEG().decode(data)[0].permute(1, 2, 0).numpy(),
    )


def test_pyav_reads_the_file():
    import av

    x = crop("coffee", 96, 144)
    with av.open(io.BytesIO(RoiJPEG(box(x)).encode(x)), format="jpeg_pipe") as file:
        (frame,) = file.decode(video=0)
    decoded = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)[None]
    assert psnr(decoded / 255, x) > 28


def test_without_a_map_it_is_the_plain_jpeg():
    x = crop("chelsea", 100, 120)
    plain = JPEG(75, optimize="mozjpeg").encode(x)
    ones, zeros = torch.ones(1, 1, 100, 120), torch.zeros(1, 1, 100, 120)
    assert RoiJPEG(None).encode(x) == plain
    assert RoiJPEG(ones).encode(x) == plain
    assert RoiJPEG(zeros).encode(x) == JPEG(30, optimize="mozjpeg").encode(x)
    assert RoiJPEG(box(x), 75, 75).encode(x) == plain


def test_squeezing_changes_no_coefficient():
    data = JPEG(70, optimize=False).encode(crop("china", 121, 77))
    small = squeeze(data)
    assert len(small) < len(data)
    for a, b in zip(Coefficients(data).planes, Coefficients(small).planes, strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(CorruptStream):
        squeeze(data[:100])


@pytest.mark.parametrize(
    ("bad", "words"),
    [(torch.rand(1, 1, 90, 91), "needs"),
     (torch.full((1, 1, 90, 90), torch.nan), "NaN"),
     (torch.full((1, 1, 90, 90), -0.5), "goes from -0.5")],
)  # fmt: skip
def test_maps_that_do_not_fit(bad, words):
    with pytest.raises(ValueError, match=words):
        RoiJPEG(bad).encode(torch.rand(1, 3, 90, 90))


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"quality": 0}, "quality must be 1 to 100"), ({"background": 101}, "background"),
     ({"quality": 30, "background": 40}, "above the region's"),
     ({"subsampling": "4:1:1"}, "subsampling"), ({"dead_zone": -1}, "dead_zone"),
     ({"quality": float("nan")}, "quality must be")],
)  # fmt: skip
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(ValueError, match=words):
        RoiJPEG(None, **settings)


def test_rules_that_misbehave():
    x = crop("coffee", 64, 64)
    with pytest.raises(ValueError, match="qualities for"):
        RoiJPEG(box(x), rule=lambda P, a, b, n: torch.ones(2, 2)).encode(x)
    with pytest.raises(ValueError, match="no finite"):
        nan = torch.full((8, 8), torch.nan)
        RoiJPEG(box(x), rule=lambda P, a, b, n: nan).encode(x)


def test_one_pixel():
    x = torch.rand(1, 3, 1, 1)
    assert RoiJPEG(torch.ones(1, 1, 1, 1)).encode(x) == RoiJPEG(None).encode(x)


def test_linear_qualities_rise_with_the_map():
    x = crop("china", 160, 160)
    ramp = torch.linspace(0, 1, 160).view(1, 1, 1, 160).expand(1, 1, 160, 160)
    codec = RoiJPEG(ramp.contiguous(), 90, 10, rule=Linear(), subsampling="4:4:4")
    y = codec.decode(codec.encode(x))
    left, right = psnr(y[..., :40], x[..., :40]), psnr(y[..., -40:], x[..., -40:])
    assert right > left + 3


def test_dead_zone_beats_the_grid():
    """More of the background for few more bytes: on the whole, better for its size."""
    x, mask = photo("coffee"), objects.region("coffee")
    zone, grid = (RoiJPEG(mask, 90, 30, dead_zone=z) for z in (0.5, None))
    a, b = zone.encode(x), grid.encode(x)
    assert len(a) < 1.04 * len(b)
    outside = 1 - mask
    gain = psnr(zone.decode(a), x, weight=outside)
    assert gain > psnr(grid.decode(b), x, weight=outside) + 0.5


@pytest.mark.parametrize(("quality", "bar"), [(75, 1.3), (90, 2.5)])
def test_gain_at_equal_bytes(quality, bar):
    """The mean of eight photographs whose regions have 10 to 25 % of the blocks.

    The first four rows and columns are cut off: some of the photographs were JPEGs
    once, and on the old grid a quality that was used before costs nothing.
    """
    gains = []
    for name in (n for n in objects.regions() if n not in SLOW):
        x, mask = photo(name)[..., 4:, 4:], objects.region(name)[..., 4:, 4:]
        assert 0.1 <= blocks(mask).mean() <= 0.25
        codec = RoiJPEG(mask, quality, 30)
        table = at_equal_bytes(
            codec, lambda q: JPEG(q, optimize="mozjpeg"), x, mask, 5, 98
        )
        assert table.attrs["spread"] <= 0.01
        roi, plain = table.iloc[0], table.iloc[1]
        gains.append(roi.roi_psnr - plain.roi_psnr)
        assert roi.background_psnr < plain.background_psnr
    assert np.mean(gains) >= bar and min(gains) > 0.3


def test_a_number_of_bytes_is_met():
    x, mask = photo("chelsea"), objects.region("chelsea")
    soft = torch.nn.functional.avg_pool2d(mask, 81, 1, 40)
    for size in (10_000, 12_000, 15_000):
        codec, data = fit_bytes(RoiJPEG(soft, 90, 20), x, size)
        assert abs(len(data) / size - 1) <= 0.01
        assert isinstance(codec.rule, Progressive) and codec.encode(x) == data
    with pytest.raises(ValueError, match="fewer than"):
        fit_bytes(RoiJPEG(soft, 90, 20), x, 2_000)
    with pytest.raises(ValueError, match="0 everywhere"):
        fit_bytes(RoiJPEG(0 * soft, 90, 20), x, 12_000)


def test_meet_size_says_when_sizes_jump():
    x = crop("chelsea", 64, 64)
    jump = JPEG(10), JPEG(90)
    with pytest.raises(ValueError, match="jump over 1,500 bytes"):
        meet_size(lambda a: jump[a > 0.5], x, 1500, 0, 1)
    with pytest.raises(ValueError, match="more than the"):
        meet_size(JPEG, x, 10**6, 10, 90)


def test_comparisons_want_an_inside_and_an_outside():
    x = crop("chelsea", 64, 64)
    files = {"plain": (JPEG(50), JPEG(50).encode(x))}
    for mask in (torch.zeros(1, 1, 64, 64), torch.ones(1, 1, 64, 64)):
        with pytest.raises(ValueError, match="inside and something outside"):
            compare_regions(files, x, mask)
    row = compare_regions(files, x, box(x)).iloc[0]
    assert row.bytes == len(files["plain"][1]) and row.bpp == row.bytes / 512
    assert 20 < row.psnr < 50 and 0 < row.roi_ssim <= 1 and 0 < row.vifp < 1
    with pytest.raises(ValueError, match="no files"):
        compare_regions({}, x, box(x))


def test_encoding_takes_at_most_three_times_as_long():
    """Beside a plain JPEG with the same lossless optimisation, without the saliency."""
    x, mask = photo("motorcycle"), objects.region("motorcycle")
    codec, plain = RoiJPEG(mask, 75, 30), JPEG(75, optimize="mozjpeg")

    def seconds(what) -> float:
        start = time.perf_counter()
        what.encode(x)
        return time.perf_counter() - start

    codec.encode(x), plain.encode(x)
    ratios = sorted(seconds(codec) / seconds(plain) for _ in range(5))
    assert ratios[2] <= 3


def test_repr_names_what_matters():
    codec = RoiJPEG(torch.ones(1, 1, 4, 5), 90, 20.5, rule=TwoPiece(0.4))
    assert repr(codec) == (
        "RoiJPEG(map 4 x 5, quality=90, background=20.5, "
        "rule=TwoPiece(threshold=0.4, share=None))"
    )
