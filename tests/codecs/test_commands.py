"""python -m srlab encode, decode, rd."""

import pytest
from PIL import Image

from srlab.__main__ import main


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err.splitlines()[-1] if err.strip() else ""


@pytest.mark.parametrize("name", ["a.jpg", "a.jp2", "a.webp", "a.srl", "a.heic"])
def test_there_and_back(name, tmp_path, capsys):
    file, back = tmp_path / name, tmp_path / "back.png"
    code, out, _ = run(capsys, "encode", "chelsea", file)
    assert code == 0 and f"{file.stat().st_size:,} bytes" in out and "dB" in out
    assert run(capsys, "decode", file, back)[0] == 0
    assert Image.open(back).size == (451, 300)


def test_of_a_size_or_a_quality(tmp_path, capsys):
    file = tmp_path / "a.jpg"
    assert run(capsys, "encode", "coffee", file, "--bytes", 20000)[0] == 0
    assert 19000 < file.stat().st_size <= 20000
    assert "quality=33," in run(capsys, "encode", "coffee", file, "--quality", 33)[1]
    file = tmp_path / "b.srl"
    made = run(capsys, "encode", "coffee", file, "--codec", "factorized")[1]
    assert "Factorized(quality=3" in made
    assert run(capsys, "decode", file, tmp_path / "b.png")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["encode", "coffee", "a.xyz"], 2, "say which, --codec"),
        (["encode", "coffee", "a.jpg", "--quality", "20.5"], 2, "must be whole"),
        (
            ["encode", "coffee", "a.jpg", "--quality", "3", "--bytes", "9"],
            2,
            "not both",
        ),
        (["encode", "coffee", "a.jpg", "--bytes", "90"], 2, "more than 90"),
        (["encode", "no_such", "a.jpg"], 1, "no file"),
        (["decode", "no_such.jpg", "a.png"], 1, "no_such"),
        (["rd", "coffee", "--codecs", "jpeg,bpg"], 2, "no codec 'bpg'"),
        (["rd", "coffee", "--points", "1"], 2, "2 to 50 points"),
        (["rd", "coffee", "--scheduler", "tcp://h:1", "--processes", "2"], 2, "both"),
        (["rd", "coffee", "--scheduler", "xyz://nobody:1"], 2, "no Dask scheduler at"),
    ],
)
def test_wrong_calls_are_one_line(words, code, says, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    got, _, last = run(capsys, *words)
    assert got == code and says in last and not list(tmp_path.iterdir())


def test_a_broken_file(tmp_path, capsys):
    file = tmp_path / "a.srl"
    run(capsys, "encode", "chelsea", file)
    file.write_bytes(file.read_bytes()[:-3])
    code, _, last = run(capsys, "decode", file, tmp_path / "a.png")
    assert code == 1 and "cut off" in last and not (tmp_path / "a.png").exists()


def test_curves(tmp_path, capsys):
    out = tmp_path / "rows.csv"
    words = ["rd", "chelsea", "--codecs", "jpeg,webp", "--points", 3, "--out", out]
    code, text, _ = run(capsys, *words)
    assert code == 0 and "BD-rate of webp against jpeg: -" in text
    assert len(out.read_text().splitlines()) == 7


def test_curves_of_a_dask_cluster(tmp_path, capsys):
    """The same rows as without; see tests/test_rates.py for workers of their own."""
    distributed = pytest.importorskip("distributed")
    words = ["rd", "chelsea", "--codecs", "jpeg", "--points", 2, "--out"]
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster:
        there = [*words, tmp_path / "a.csv", "--scheduler", cluster.scheduler_address]
        code, text, _ = run(capsys, *there)
    assert code == 0 and (tmp_path / "a.csv").is_file()
    assert run(capsys, *words, tmp_path / "b.csv")[1] == text
