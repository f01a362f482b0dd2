# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The loop: it learns, resumes exactly, stops clearly, and shares its work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

import srlab
from srlab import models, recipes, training
from srlab.training import running
from srlab.training.state import FILE, State

TINY = replace(
    recipes.get("espcn_x2", "rehearse"),
    settings={"scale": 2, "activation": "relu", "n1": 8, "n2": 8},
    steps=12, every=4, batch=4, patch=12, rate=3e-3, ema=0.5,
)  # fmt: skip
PHOTO = {"a": srlab.photo("coffee")[..., 100:148, 100:164]}


@pytest.fixture(scope="module")
def bank():
    found = [training.pictures(("photos",), 2)[1][:, :96, :96]]
    return training.Bank(training.pairs(found, TINY.net(), (2,)))


def run(bank, recipe=TINY, **kwargs):
    net = recipe.net()
    report = training.fit(net, recipe, bank, PHOTO, device="cpu", **kwargs)
    return net, report


def same(a, b, tolerance=0.0) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all((x - y).abs().max() <= tolerance for x, y in pairs)


def test_it_learns_and_reports(bank):
    net, report = run(bank, replace(TINY, steps=300, every=100, ema=0.9))
    assert [row["step"] for row in report.history] == [100, 200, 300]
    losses = [row["loss"] for row in report.history]
    assert losses[2] < losses[0] / 2
    assert report.best_psnr == max(row["psnr"] for row in report.history)
    assert not net.training and report.steps == 300 and report.stopped == ""
    row = srlab.evaluation.benchmark(models.restorer(net), PHOTO, 2, protocol="C")
    assert row.psnr == pytest.approx(report.best_psnr, abs=0.7)  # other roundings
    assert "300 steps" in str(report) and "bicubic" in report.curve().alt


def test_the_fast_recipe_beats_bicubic_on_photographs_it_never_saw():
    recipe = replace(recipes.get("srcnn_915_x2", "fast"), steps=200)
    report = training.fit(recipe.net(), recipe, device="cpu")
    assert report.best_psnr > report.bicubic + 0.3


def test_a_run_that_stopped_goes_on_to_the_same_weights(bank, tmp_path, monkeypatch):
    whole, report = run(bank)
    calls = []

    def killed(self, step, *args):
        calls.append(step)
        if step == 6:  # between two checkpoints
            raise RuntimeError("killed")
        return original(self, step, *args)

    original = training.Bank.batch
    monkeypatch.setattr(training.Bank, "batch", killed)
    with pytest.raises(RuntimeError, match="killed"):
        run(bank, folder=tmp_path)
    monkeypatch.setattr(training.Bank, "batch", original)
    resumed, again = run(bank, folder=tmp_path)
    assert calls == [0, 1, 2, 3, 4, 5, 6]
    assert same(whole, resumed)
    drop = [{k: v for k, v in row.items() if k != "seconds"} for row in report.history]
    assert drop == [
        {k: v for k, v in row.items() if k != "seconds"} for row in again.history
    ]


def test_a_finished_run_is_not_run_again(bank, tmp_path):
    first, _ = run(bank, folder=tmp_path)
    second, report = run(bank, folder=tmp_path)
    assert same(first, second) and report.steps == 12


def test_another_recipe_does_not_go_on_from_a_checkpoint(bank, tmp_path):
    run(bank, folder=tmp_path)
    with pytest.raises(ValueError, match="rate differ"):
        run(bank, replace(TINY, rate=1e-4), folder=tmp_path)


def test_a_damaged_checkpoint_is_told(bank, tmp_path):
    (tmp_path / FILE).write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match="damaged"):
        run(bank, folder=tmp_path)


def test_a_loss_that_is_no_number_stops_with_a_clear_word(bank):
    recipe = replace(TINY, optimizer="sgd", rate=1e12, steps=100, every=50, ema=0)
    with pytest.raises(training.Diverged, match="lower rate"):
        run(bank, recipe)


def test_control_c_keeps_the_best_so_far(bank):
    def stop(history):
        if len(history) == 2:
            raise KeyboardInterrupt

    net, report = run(bank, watch=stop)
    assert report.stopped == "interrupted" and report.steps == 8
    expected = {row["psnr"] for row in report.history}
    assert report.best_psnr in expected and not net.training


def test_a_real_interrupt_reaches_the_command(tmp_path):
    """SIGINT to the command: weights and a card that says so are written."""
    code = "import sys; from srlab.__main__ import main; sys.exit(main(sys.argv[1:]))"
    folder = tmp_path / "run"
    command = ["train", "espcn_x2", "--fast", "--folder", str(folder), "--steps"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *command, "100000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "SRLAB_DATA": ""},
    ) as process:  # fmt: skip
        for _ in range(600):
            if (folder / FILE).is_file():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and "wrote" in out
    card = srlab.weights.read_card(folder / "espcn_x2.safetensors")
    assert "interrupted" in card.note


SHARED = """
import sys, torch
sys.path.insert(0, {tests!r})
from test_fit import TINY, PHOTO, training
from dataclasses import replace
recipe = replace(TINY, ema=0.5)
net = recipe.net()
found = [training.pictures(("photos",), 2)[1][:, :96, :96]]
bank = training.Bank(training.pairs(found, net, (2,)))
training.fit(net, recipe, bank, PHOTO, folder={folder!r})
import os
if os.environ["RANK"] == "0":
    torch.save(net.state_dict(), {out!r})
"""


def test_two_processes_give_the_weights_of_one(bank, tmp_path):
    """torchrun with two processes on one CPU, the same global batch."""
    alone, _ = run(bank)
    out, script = tmp_path / "shared.pt", tmp_path / "shared.py"
    tests = os.path.dirname(__file__)
    script.write_text(
        SHARED.format(tests=tests, out=str(out), folder=str(tmp_path / "run"))
    )
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [sys.executable, *command, str(script)],
        check=True, capture_output=True, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    shared = TINY.net()
    shared.load_state_dict(torch.load(out, weights_only=True))
    assert same(alone, shared, tolerance=1e-5)
    assert not same(alone, TINY.net(), tolerance=1e-3)


LAUNCHERS = {
    "torchrun": "-m torch.distributed.run --standalone --nproc-per-node 2 -m srlab",
    "fabric run": "-m lightning_fabric.cli --accelerator cpu --devices 2 {script}",
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_command_under_two_processes(launcher, tmp_path, monkeypatch):
    """`train` as the README starts it on several GPUs: the weights of one process."""
    monkeypatch.delenv("SRLAB_DATA", raising=False)  # there is nothing to measure
    script = tmp_path / "srlab"  # what pip writes for the console script
    script.write_text("import sys; from srlab.__main__ import main; sys.exit(main())")
    words = LAUNCHERS[launcher].format(script=script).split()
    folder = tmp_path / "shared"
    argv = ["train", "espcn_x2", "--rehearse", "--folder", str(folder)]
    done = subprocess.run(
        [sys.executable, *words, *argv],
        check=True, capture_output=True, text=True, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.stdout.count("wrote") == 1
    recipe = recipes.get("espcn_x2", "rehearse")
    alone = running.run(recipe, tmp_path / "alone")
    nets = [models.load(str(f)) for f in (alone, folder / "espcn_x2.safetensors")]
    assert same(*nets, tolerance=1e-5)


def test_a_batch_that_cannot_be_shared_is_refused(bank, monkeypatch):
    class Two:
        world_size = 3

    monkeypatch.setattr(training, "_launch", lambda *_: Two())
    with pytest.raises(ValueError, match="3 processes cannot share a batch of 4"):
        run(bank)


def test_the_average_follows_the_weights(bank):
    net = TINY.net()
    state = State(net, torch.optim.Adam(net.parameters()), {})
    with torch.no_grad():
        for p in net.parameters():
            p.add_(1)
    before = next(state.average.parameters()).clone()
    state.advance(0.5)
    moved = (next(state.average.parameters()) - before).mean().item()
    assert moved == pytest.approx(1 - 2 / 11, abs=1e-5)


def test_layers_learn_at_their_own_rates(bank):
    recipe = recipes.get("srcnn_915_x2", "rehearse")
    net = recipe.net()
    optimizer = training._optimizer(net, recipe)
    training._set_rate(optimizer, 1e-2)
    assert [g["lr"] for g in optimizer.param_groups] == pytest.approx([1e-2, 1e-3])


def test_clipping_by_value_scales_with_the_rate(bank):
    steps = {}
    for theta in (1e-9, 1e9):
        recipe = replace(
            TINY, optimizer="sgd", rate=0.1, clip=("value", theta), steps=1, every=1,
            ema=0,
        )  # fmt: skip
        net, _ = run(bank, recipe)
        pairs = zip(net.parameters(), recipe.net().parameters(), strict=True)
        steps[theta] = max((a - b).abs().max().item() for a, b in pairs)
    assert steps[1e-9] < 1e-5 < steps[1e9]  # weight decay alone moves a little


def test_a_checkpoint_holds_plain_values_only(bank, tmp_path):
    run(bank, folder=tmp_path)
    parts = torch.load(tmp_path / FILE, weights_only=True)
    assert json.dumps(parts["recipe"]) and parts["step"] == 12


def test_progress_is_shown_twice_a_second_at_most_and_can_be_silenced(
    bank, capsys, monkeypatch
):
    many = replace(TINY, steps=60, every=60)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    run(bank, many)
    assert "60" not in capsys.readouterr().err
    monkeypatch.delenv("TQDM_DISABLE")
    begun = time.perf_counter()
    run(bank, many)
    seconds = time.perf_counter() - begun
    shown = capsys.readouterr().err.count("/60")
    assert 1 <= shown <= 2 * seconds + 4
