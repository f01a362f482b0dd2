# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Nets around two codecs: every configuration trains, each part of the loss acts."""

from dataclasses import replace

import pytest
import torch

from srlab.__main__ import main
from srlab.metrics import psnr
from srlab.recipes import two_codecs
from srlab.schemes import two_codecs as load
from srlab.schemes.end_to_end import assembled
from srlab.training.two_codecs import Pipeline, _loss, fit_two_codecs
from srlab.weights import read_card

X = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))


def plan(name: str, **changes) -> two_codecs.TwoCodecs:
    """In small, and from nothing."""
    made = replace(two_codecs.get(name, "rehearse"), start="")
    return replace(made, net={**made.net, "width": 8, "blocks": 2}, **changes)


@pytest.mark.parametrize("name", two_codecs.names())
def test_every_configuration_learns_what_it_should(name):
    made = plan(name, steps=1)
    begun = Pipeline(made).state_dict()
    line, state = fit_two_codecs(made, device="cpu")
    moved = {
        key.split(".")[0]
        for key, value in state.net.state_dict().items()
        if value.is_floating_point() and not value.equal(begun[key])
    }
    frozen = {"first", "second"} & moved
    assert "net" in moved and bool(frozen) == made.joint
    row = state.history[-1]
    assert row["psnr"] > 0 and (row["residual_bpp"] > 0) == (made.second > 0)
    assert (row["colour"] < 1e-3) == (line.net.down is None)


def test_in_turns_one_net_rests():
    made = plan("comcnn_jpeg", steps=1, turns=1, ema=0.0)
    made = replace(made, net={**made.net, "blocks": 3})  # with statistics
    begun = Pipeline(made).state_dict()
    first, _ = fit_two_codecs(made, device="cpu")
    second, _ = fit_two_codecs(replace(made, steps=2), device="cpu")
    one, two = first.state_dict(), second.state_dict()
    for key, value in begun.items():  # first the way down, then the way up
        if key.startswith("net.up"):
            assert one[key].equal(value)
        if key.startswith("net.down"):
            assert two[key].equal(one[key])
    assert not one["net.down.0.weight"].equal(begun["net.down.0.weight"])
    seen = next(key for key in begun if "running_mean" in key)
    assert not two[seen].equal(one[seen])  # statistics move in their net's turn alone


def test_parts_of_the_loss():
    line = Pipeline(plan("learned_4_4_sr_natural", natural=0.0)).eval()
    with torch.no_grad():
        made = line(X)
    mse = ((made.result - X) ** 2).mean()
    sr = ((made.sr - X) ** 2).mean()
    assert _loss(line.plan, made, X).item() == pytest.approx(((mse + sr) / 2).item())
    rated = replace(line.plan, price=1.0, sr=0.0)
    bits = (made.bits + made.residual_bits) / 128**2
    wanted = mse + bits.mean()
    assert _loss(rated, made, X).item() == pytest.approx(wanted.item(), rel=1e-5)
    near = replace(line.plan, natural=1.0)
    assert _loss(near, made, X) > _loss(line.plan, made, X)


def test_the_gradient_passes_both_codecs():
    line = Pipeline(plan("learned_1_5")).train()
    made = line(X)
    ((made.result - X) ** 2).mean().backward()
    assert line.net.down[0].weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in line.first.parameters())


def test_what_is_trained_is_what_the_file_decodes():
    """The file's means are computed in whole numbers, hence nearly."""
    line = Pipeline(plan("learned_4_0")).eval()
    codec = assembled(line.net, "mean_scale", 4, 0, "rgb", line.level)
    x = (X * 255).round() / 255
    with torch.no_grad():
        wanted = line(x).result.clamp(0, 1)
    found = codec.decode(codec.encode(x))
    assert psnr(found, wanted) > 45


@pytest.mark.parametrize("name", ["learned_4_4_sr_joint", "bicubic_1_5_sr_ycbcr"])
def test_a_rehearsal_writes_weights_that_code(name, tmp_path, capsys):
    folder = str(tmp_path)
    words = ["train", name, "--rehearse", "--folder", folder, "--start", ""]
    assert main(words) == 0
    file = tmp_path / f"{name}.safetensors"
    assert "2 steps of 1 crops" in read_card(file).data
    codec = load(str(file))
    x = X[..., :21, :30]
    assert codec.decode(codec.encode(x)).shape == x.shape
    capsys.readouterr()


def test_a_run_that_was_stopped_goes_on(tmp_path):
    made = plan("bicubic_4_4_sr", steps=2)

    def stop(history):
        if history[-1]["step"] == 1:
            raise KeyboardInterrupt

    straight, _ = fit_two_codecs(made, tmp_path / "a", device="cpu")
    fit_two_codecs(made, tmp_path / "b", watch=stop, device="cpu")
    halted, state = fit_two_codecs(made, tmp_path / "b", device="cpu")
    assert [row["step"] for row in state.history] == [1, 2]
    for a, b in zip(straight.parameters(), halted.parameters(), strict=True):
        assert a.equal(b)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"patch": 64}, "multiple of 128"),
        ({"codec": "gif"}, "mean_scale or jpeg"),
        ({"codec": "jpeg"}, "has no gradient"),
        ({"joint": True}, "wants a price"),
        ({"turns": 5, "net": {"down": 0}}, "learned way down"),
        ({"sr": -1.0}, "sr is -1"),
        ({"colour": "lab"}, "rgb or ycbcr"),
        ({"steps": 0}, "steps is 0"),
    ],
)
def test_nonsense_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(two_codecs.get("learned_1_5"), **changes)


def test_names_and_presets():
    with pytest.raises(ValueError, match="did you mean learned_1_5"):
        two_codecs.get("learnt_1_5")
    with pytest.raises(ValueError, match="no preset"):
        two_codecs.get("learned_1_5", "slow")
    for name in two_codecs.names():
        assert two_codecs.get(name).name == name
