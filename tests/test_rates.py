"""Rate and distortion: the bench, published BD-rates, files of a given size."""

import multiprocessing
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

import srlab
from srlab.codecs import AVIF, JPEG, JPEG2000, MeanScale, WebP
from srlab.evaluation import (
    bd_rate,
    encode_to_size,
    mean_curves,
    rate_distortion,
    results,
)
from srlab.figures import plot_rd

OWN = {name: srlab.photo(name)[..., :97, :130] for name in ("chelsea", "coffee")}
JPEGS = [JPEG(q) for q in (10, 40, 80)]
TIMES = ["encode_s", "decode_s"]


class Fails(JPEG):
    """Cannot hold one of the pictures."""

    def encode(self, image):
        if image.mean() > 0.85:
            raise RuntimeError("out of luck")
        return super().encode(image)


def measured(*args, **kwargs):
    return rate_distortion(*args, progress=False, **kwargs)


def test_a_row_for_each_picture_and_codec():
    table = measured(JPEGS, OWN, metrics=("psnr", "ssim"))
    assert len(table) == 6 and list(table["codec"].unique()) == ["JPEG"]
    row, codec, image = table.iloc[3], JPEGS[1], OWN["coffee"]
    data = codec.encode(image)
    assert (row["setting"], row["image"]) == (repr(codec), "coffee")
    assert row["bytes"] == len(data)
    assert row["bpp"] == pytest.approx(8 * len(data) / (97 * 130), abs=1e-5)
    psnr = srlab.metrics.psnr(codec.decode(data), srlab.images.round8(image))
    assert row["psnr"] == pytest.approx(psnr, abs=1e-4)


def test_a_run_that_was_stopped_goes_on(tmp_path):
    path = tmp_path / "rows.csv"
    first = measured(JPEGS[:2], OWN, path=path)
    whole = path.read_text()
    path.write_text(whole.rsplit("\n", 2)[0] + "\n" + whole.splitlines()[-1][:30])
    again = measured(JPEGS, OWN, path=path)
    assert len(again) == 6
    assert again.drop(columns=TIMES).iloc[:3].equals(first.drop(columns=TIMES)[:3])
    with pytest.raises(ValueError, match="take another file"):
        measured(JPEGS, OWN, path=path, metrics=("ssim",))


def test_what_fails_is_named_and_the_rest_is_kept():
    light = {**OWN, "light": OWN["coffee"] * 0 + 0.9}
    with pytest.warns(UserWarning, match=r"Fails.*on light: RuntimeError: out of"):
        table = measured([Fails(10), Fails(50)], light)
    assert len(table) == 4 and len(table.attrs["failed"]) == 2
    with pytest.raises(ValueError, match="nothing could be measured"):
        measured([Fails(10)], {"light": light["light"]})


def test_a_picture_that_failed_somewhere_counts_nowhere():
    light = {**OWN, "light": OWN["coffee"] * 0 + 0.9}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = measured({"a": [Fails(10)], "b": [JPEG(10)]}, light)
    means = mean_curves(table)
    assert means["psnr"].iloc[0] == pytest.approx(means["psnr"].iloc[1])


def test_in_a_pool_of_processes():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pooled = measured(JPEGS[:1], OWN, executor=pool)
    alone = measured(JPEGS[:1], OWN)
    assert pooled.drop(columns=TIMES).equals(alone.drop(columns=TIMES))


def test_on_a_local_dask_cluster():
    """Two processes that are told nothing but the tasks."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        found = measured(JPEGS, OWN, executor=client.get_executor())
        ran = client.run(os.getpid)
    assert len(ran) == 2 and os.getpid() not in ran.values()
    assert found.drop(columns=TIMES).equals(measured(JPEGS, OWN).drop(columns=TIMES))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: measured([], OWN), ValueError, "a codec and a picture"),
        (lambda: measured(JPEGS, {}), ValueError, "a codec and a picture"),
        (lambda: measured(JPEGS, OWN, metrics=("pnsr",)), ValueError, "no metric"),
        (lambda: measured({"x": ["jpeg"]}, OWN), TypeError, "no codec"),
        (lambda: measured(JPEGS, {"x": 3}), TypeError, "tensor"),
    ],
)
def test_the_door(call, error, words):
    with pytest.raises(error, match=words):
        call()


PUBLISHED = {  # BD-rate against BPG by bjontegaard 1.3.0, pchip, from the same points
    "JPEG": 143.0, "JPEG 2000": 55.8, "WebP": 44.2, "AV1": -6.22, "HM": 0.83,
    "VTM": -18.02, "bmshj2018-factorized": 32.55, "bmshj2018-hyperprior": 3.93,
    "mbt2018-mean": -3.28, "mbt2018": -11.25, "cheng2020-anchor": -18.89,
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_bd_rates_of_the_published_curves(name):
    table = results("published_rd")
    bpg, other = (table[table["codec"] == n] for n in ("BPG", name))
    assert bd_rate(bpg, other) == pytest.approx(PUBLISHED[name], abs=0.1)


@pytest.mark.parametrize("method", ["pchip", "akima", "cubic"])
def test_bd_rate_of_a_constant_factor(method):
    curve = {"bpp": [0.25, 0.5, 1.0, 2.0], "psnr": [28.0, 31.0, 34.5, 37.0]}
    third = {**curve, "bpp": [b * 0.7 for b in curve["bpp"]]}
    assert bd_rate(curve, third, method=method) == pytest.approx(-30, abs=1e-6)
    assert bd_rate(curve, curve, method=method) == pytest.approx(0, abs=1e-9)
    assert bd_rate(third, curve, method=method) == pytest.approx(100 / 0.7 - 100)


GOOD = {"bpp": [0.25, 0.5, 1.0], "psnr": [28.0, 31.0, 34.5]}


@pytest.mark.parametrize(
    ("test", "kwargs", "words"),
    [
        ({**GOOD, "psnr": [38.0, 41.0, 44.0]}, {}, "share no psnr"),
        ({**GOOD, "psnr": [28.0, 27.0, 34.0]}, {}, "does not rise"),
        ({**GOOD, "psnr": [28.0, float("nan"), 34.0]}, {}, "finite"),
        ({"bpp": [0.5], "psnr": [30.0]}, {}, "1 points; 2"),
        ({"bpp": [0.5]}, {}, "no column 'psnr'"),
        (GOOD, {"method": "cubic"}, "3 points; 4"),
        (GOOD, {"method": "linear"}, "no method"),
    ],
)
def test_curves_that_have_no_bd_rate(test, kwargs, words):
    with pytest.raises(ValueError, match=words):
        bd_rate(GOOD, test, **kwargs)


def test_a_small_overlap_is_told():
    high = {"bpp": [1.0, 2.0, 3.0], "psnr": [34.0, 38.0, 41.0]}
    with pytest.warns(UserWarning, match="share only"):
        bd_rate(GOOD, high)


def test_a_table_of_pictures_is_averaged_first():
    table = measured(
        {"a": JPEGS, "b": [JPEG(q, optimize=False) for q in (10, 40, 80)]}, OWN
    )
    a, b = (table[table["codec"] == name] for name in "ab")
    means = mean_curves(table)
    whole = bd_rate(means[means["codec"] == "a"], means[means["codec"] == "b"])
    assert bd_rate(a, b) == pytest.approx(whole) and whole > 0
    with pytest.raises(ValueError, match="several codecs"):
        bd_rate(table, b)


@pytest.mark.parametrize(
    "family", [JPEG, WebP, AVIF, JPEG2000, MeanScale, partial(JPEG, optimize=False)]
)
def test_the_best_file_of_a_size(family):
    image = srlab.photo("chelsea")[..., :200, :200]
    codec, data = encode_to_size(family, image, 6000)
    assert 4500 < len(data) <= 6000 and data == codec.encode(image)
    with pytest.raises(ValueError, match="more than 40"):
        encode_to_size(family, image, 40)


def test_what_has_no_size_to_find():
    with pytest.raises(TypeError, match="grades"):
        encode_to_size(lambda: JPEG(3), OWN["coffee"], 1000)


def test_a_figure_of_ours_beside_published_curves():
    table = measured({"JPEG": JPEGS}, OWN)
    picture = plot_rd(table, ("JPEG", "BPG"), alt="JPEG measured beside BPG, published")
    assert picture.mime == "image/png" and len(picture.data) > 5000
    for bad in (
        lambda: plot_rd(table),
        lambda: plot_rd(table, ("BGP",), alt="a figure of two curves here"),
        lambda: plot_rd(table, (), "mssim", alt="a figure of two curves here"),
        lambda: plot_rd(table, only=("AVIF",), alt="a figure of two curves here"),
    ):
        with pytest.raises(ValueError):
            bad()


def kodak():
    try:
        return results("kodak_rd")
    except FileNotFoundError:
        pytest.skip("no local copy of the set's results")


def test_kodak_is_where_it_was_published():
    ours, theirs = kodak(), results("published_rd")
    for name, rate, decibels in (("JPEG", 0.02, 0.15), ("WebP", 0.02, 0.15)):
        mine = ours[ours["codec"] == name]
        other = theirs[theirs["codec"] == name].reset_index()
        quality = mine["setting"].str.extract(r"quality=(\d+)")[0].astype(int)
        other = other.iloc[quality // 5 - 1]  # published at 5, 10 ... 95
        assert (mine["bpp"].values / other["bpp"].values - 1).__abs__().max() < rate
        assert (mine["psnr"].values - other["psnr"].values).__abs__().max() < decibels


def test_kodak_of_the_learned_codecs():
    ours = kodak()
    curve = {name: ours[ours["codec"] == name] for name in ours["codec"].unique()}
    assert (ours["images"] == 24).all()
    anchor = curve["JPEG optimised"]
    assert bd_rate(anchor, curve["mean-scale"]) < -25
    assert bd_rate(anchor, curve["factorized"]) < -10
    assert bd_rate(anchor, curve["AVIF"]) < bd_rate(anchor, curve["WebP"]) < 0
