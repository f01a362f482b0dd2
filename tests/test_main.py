# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The command line: exit codes, one clear line for each wrong call."""

from __future__ import annotations

import subprocess
import sys

import pytest

import srlab
from srlab import __main__ as cli


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("SRLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SRLAB_DATA", raising=False)
    monkeypatch.delenv("SRLAB_HOME", raising=False)


def run(capsys, *argv: str) -> tuple[int, str, str]:
    try:
        code = cli.main(argv)
    except SystemExit as stop:
        code = stop.code
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["docter"], "did you mean doctor?"),
        (["xyzzy"], "there are decode, doctor, encode"),
        (["fetch"], "which set?"),
        (["fetch", "Set4"], "did you mean Set"),
        (["fetch", "Set5", "nonsense"], "fetch --list"),
        (["fetch", "--nope"], "--nope"),
        (["doctor", "now"], "now"),
        (["--nope"], "--nope"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(empty, capsys, argv, word):
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("srlab: ")
    assert err.count("\n") == 1
    assert word in err


def test_help_names_every_command(capsys):
    for argv in ([], ["--help"]):
        code, out, _ = run(capsys, *argv)
        assert code == 0
        assert all(name in out for name in cli.COMMANDS)
    assert run(capsys, "--version")[1] == f"srlab {srlab.__version__}\n"


def test_the_list_shows_every_set(empty, capsys):
    code, out, _ = run(capsys, "fetch", "--list")
    assert code == 0
    assert all(f"\n{name} " in out for name in srlab.datasets.names())
    assert "by hand" in out
    assert max(map(len, out.splitlines())) <= 120


def test_a_new_command_is_one_row(capsys, monkeypatch):
    def arguments(parser):
        parser.add_argument("--times", type=int, default=1)

    row = cli.Command("say it", arguments, lambda args: print("hi " * args.times) or 0)
    monkeypatch.setitem(cli.COMMANDS, "greet", row)
    assert run(capsys, "greet", "--times", "2") == (0, "hi hi \n", "")
    assert run(capsys, "greet", "--times", "x")[0] == 2


def test_without_data_one_line_says_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SRLAB_HOME", str(tmp_path))
    code, _, err = run(capsys, "fetch", "--list")
    assert (code, err.count("\n")) == (1, 1)
    assert "make lab" in err


def test_stopping_is_no_traceback(capsys, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    row = cli.Command("stop", lambda parser: None, stop)
    monkeypatch.setitem(cli.COMMANDS, "stop", row)
    code, _, err = run(capsys, "stop")
    assert (code, err.count("\n")) == (130, 1)


def test_the_command_line_is_light():
    code = "import srlab.__main__, sys; print([m for m in sys.modules if m in "
    code += "('torch', 'numpy', 'PIL', 'requests', 'pooch', 'pandas')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_train_lists_its_recipes(capsys):
    code, out, _ = run(capsys, "train", "--list")
    assert code == 0 and "edsr_x2" in out.split()


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["train"], "which recipe?"),
        (["train", "edsr_2x"], "did you mean"),
        (["train", "espcn_x2", "--steps", "0"], "steps is 0"),
        (["train", "espcn_x2", "--full", "--fast"], "not allowed with"),
        (["evaluate", "nothing", "Set5"], "neither a kernel nor weights"),
    ],
)
def test_a_wrong_training_call_is_one_line(capsys, argv, word):
    code, _, err = run(capsys, *argv)
    assert code == 2 and word in err and len(err.strip().splitlines()) == 1


def test_what_one_process_trains_is_refused_to_several(capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    code, _, err = run(capsys, "train", "mean_scale", "--rehearse")
    assert code == 2 and "mean_scale is trained by one process, not by 4" in err


def test_train_without_its_data_says_how_to_get_it(capsys, empty, tmp_path):
    argv = ("train", "espcn_x2", "--short", "--folder", str(tmp_path / "run"))
    code, _, err = run(capsys, *argv)
    assert code == 1 and "BSDS500_train is not here" in err


def test_train_writes_weights_that_load(capsys, empty, tmp_path):
    folder = tmp_path / "run"
    argv = ("train", "espcn_x2", "--rehearse", "--folder", str(folder))
    code, out, _ = run(capsys, *argv)
    assert code == 0 and "espcn_x2.safetensors" in out
    restorer = srlab.load(str(folder / "espcn_x2.safetensors"))
    assert restorer.card.recipe == "python -m srlab train espcn_x2 --rehearse"
    assert restorer(srlab.photo("coffee")[..., :8, :9]).shape == (1, 3, 16, 18)
    assert "nothing was trained" not in out
    assert "nothing was trained" in run(capsys, *argv)[1]  # the run was complete
