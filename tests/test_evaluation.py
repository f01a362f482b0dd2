"""Protocols, rows and results; the published bicubic rows where the sets are found."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import pytest

import srlab
from srlab.datasets import find
from srlab.evaluation import PROTOCOLS, benchmark, published, results, table
from srlab.resample import Interpolator

OWN = {
    name: srlab.photo(name)[..., :97, :130] for name in ("chelsea", "coffee", "rocket")
}


def test_a_perfect_restorer_is_perfect():
    originals = iter(OWN.values())

    def cheat(lr):
        height, width = 2 * lr.shape[-2], 2 * lr.shape[-1]
        return next(originals)[..., :height, :width]

    row = benchmark(cheat, OWN, scale=2)
    assert row.psnr == float("inf") and row.ssim == pytest.approx(1)
    assert (row.protocol, row.images, row.set_name) == ("C", 3, "own images")


def test_luma_beats_rgb_by_more_than_a_decibel():
    rows = {p: benchmark(Interpolator(2), OWN, 2, protocol=p) for p in PROTOCOLS}
    assert rows["C"].psnr - rows["E"].psnr > 1
    assert abs(rows["A"].psnr - rows["B"].psnr) < 0.1
    assert "protocol E" in str(rows["E"])


SPAWN = multiprocessing.get_context("spawn")  # a fork of torch's threads may hang


@pytest.mark.parametrize(
    "pool", [ThreadPoolExecutor, partial(ProcessPoolExecutor, mp_context=SPAWN)]
)
def test_an_executor_gives_the_same_row(pool):
    with pool(2) as executor:
        parallel = benchmark(Interpolator(3), OWN, 3, protocol="A", executor=executor)
    assert parallel == benchmark(Interpolator(3), OWN, 3, protocol="A")


def test_grey_pictures_have_a_row_too():
    grey = {"grey": srlab.images.luma(srlab.photo("camera")[..., :64, :64])}
    for protocol in PROTOCOLS:
        assert benchmark(Interpolator(2), grey, 2, protocol=protocol).psnr > 20


def test_the_name_brings_the_protocol_and_the_published_row():
    row = published("bicubic", "Set5", 2)
    assert (row["psnr"], row["ssim"], row["protocol"]) == (33.66, 0.9299, "B")
    own = benchmark(Interpolator(2), OWN, 2, name="bicubic")
    assert own.protocol == "B" and own.published_psnr is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": 2, "protocol": "D"}, "A, B, C, E"),
        ({"scale": 2, "name": "magic"}, "bicubic"),
    ],
)
def test_senseless_arguments_are_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        benchmark(Interpolator(2), OWN, **arguments)


def test_a_restorer_that_makes_a_wrong_size_is_told():
    with pytest.raises(ValueError, match=r"expected \(1, 3, 96, 130\)"):
        benchmark(lambda lr: lr, OWN, scale=2)


def test_results_say_how_they_were_made():
    frame = results("bicubic_rows")
    assert "make bench" in frame.attrs["note"]
    with pytest.raises(FileNotFoundError, match="bicubic_rows"):
        results("nothing")


def test_the_committed_rows_are_the_published_ones():
    """The bars of the course: Set5 and B100 .005 dB and .0002; Set14 .012 and .0009."""
    rows = results("bicubic_rows").query("protocol == 'B'")
    assert len(rows) == 9
    for row in rows.itertuples():
        loose = row.set_name == "Set14"
        error = abs(row.psnr - row.published_psnr), abs(row.ssim - row.published_ssim)
        assert error[0] <= (0.012 if loose else 0.005), row
        assert error[1] <= (0.0009 if loose else 0.0002), row


def test_a_table_has_a_column_a_field():
    frame = table([benchmark(Interpolator(2), OWN, 2)])
    assert list(frame.columns)[:4] == ["name", "set_name", "scale", "images"]


def test_the_command_prints_one_row_or_one_clear_line(capsys, monkeypatch, tmp_path):
    from srlab.__main__ import main

    monkeypatch.setenv("SRLAB_DATA", str(tmp_path))
    monkeypatch.setenv("SRLAB_CACHE", str(tmp_path))
    assert main(["evaluate", "bicubic", "Set5", "--scale", "2"]) == 1
    assert "Set5" in capsys.readouterr().err
    assert main(["evaluate", "bicubic", "Set6"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


HERE = os.environ.get("SRLAB_DATA") and find("Set5")


@pytest.mark.skipif(not HERE, reason="no local copy of the set Set5")
def test_the_command_prints_the_published_row(capsys):
    from srlab.__main__ import main

    assert main(["evaluate", "bicubic", "set5", "--scale", "2"]) == 0
    assert "protocol B: 33.66 dB / 0.9299 (published 33.66" in capsys.readouterr().out


@pytest.mark.skipif(not HERE, reason="no local copy of the set Set5")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_set5_measured_now_is_the_committed_row(scale):
    row = benchmark(Interpolator(scale), "Set5", scale, name="bicubic")
    kept = results("bicubic_rows").query(
        f"set_name == 'Set5' and scale == {scale} and protocol == 'B'"
    )
    assert row.psnr == pytest.approx(kept.psnr.item(), abs=2e-4)
    assert row.psnr == pytest.approx(row.published_psnr, abs=0.005)
    assert row.ssim == pytest.approx(row.published_ssim, abs=2e-4)
