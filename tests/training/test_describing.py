# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Descriptors are learned: what moves, what a rate costs, what the file can do."""

from dataclasses import replace

import pytest
import torch

from srlab.__main__ import main
from srlab.codecs import JPEG
from srlab.models import SideInfoNet
from srlab.recipes import side_info
from srlab.schemes import SideInfo
from srlab.training.looping import go
from srlab.training.side_info import _sigma, fit_side_info, meanings
from srlab.training.state import Diverged, State
from srlab.weights import read_card

X = torch.rand(1, 3, 37, 50, generator=torch.Generator().manual_seed(0))


def plan(name: str = "side_info", **changes) -> side_info.Side:
    made = side_info.get(name, "rehearse")
    net = {**made.net, "width": 8, "blocks": 1, "extractor": 4}
    return replace(made, net=net, **changes)


@pytest.mark.parametrize("name", side_info.names())
def test_everything_that_a_recipe_has_learns(name):
    made = plan(name, steps=2, calm=0.0, taught=0.0)
    begun, _ = fit_side_info(replace(made, rate=1e-12), device="cpu")
    net, state = fit_side_info(made, device="cpu")
    moved = {
        key.split(".")[0]
        for (key, a), b in zip(net.named_parameters(), begun.parameters(), strict=True)
        if not torch.allclose(a, b, atol=1e-7)
    }
    parts = {"head", "blocks", "tail"}
    if net.descriptors:
        parts |= {"context"}  # the others follow once the tail is not 0
    assert {"tail"} <= moved <= parts | {"extractor", "mapper"}
    assert not net.descriptors or "context" in moved
    row = state.history[-1]
    assert (row["used"] > 0) == net.descriptors
    assert (row["bits"] > 0) == net.descriptors


def test_the_rate_has_no_price_while_it_is_calm():
    free, _ = fit_side_info(plan(calm=0.9, taught=0.0, price=1e6), device="cpu")
    paid, _ = fit_side_info(plan(calm=0.0, taught=0.0, price=1e6), device="cpu")
    a, b = (net.context.head[-1].bias for net in (free, paid))
    assert not a.equal(b)


def test_a_meaning_says_which_blocks_lack_brightness():
    net = SideInfoNet(width=8, blocks=1, extractor=4)  # its tail is 0: it mends nothing
    decoded, level = torch.full((1, 3, 32, 48), 0.5), torch.zeros(1, 1, 32, 48)
    y = decoded - 0.1
    y[..., :8, :8] += 0.2  # place 0, 0: first block
    y[..., 24:, 40:] += 0.2  # place 1, 2: last block
    y[..., 16:24, 16:32] += 0.2  # place 1, 1: the upper two
    labels = meanings(net, y, decoded, level)
    assert labels.tolist() == [[[1, 0, 0], [0, 3, 8]]]


def test_while_it_is_taught_every_part_learns():
    made = plan(taught=0.5, calm=0.6, steps=8, rate=1e-2, ema=0.0)
    begun, _ = fit_side_info(replace(made, rate=1e-12), device="cpu")
    net, _ = fit_side_info(made, device="cpu")
    for part in ("extractor", "context", "mapper", "blocks", "tail"):
        a, b = (getattr(n, part).state_dict() for n in (begun, net))
        assert not all(torch.allclose(a[k], b[k], atol=1e-6) for k in a), part


def test_sigma_rises():
    made = plan(sigma=(1.0, 4.0))
    assert [_sigma(made, s) for s in (0.0, 0.5, 1.0)] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("name", ["side_info", "side_info_twin"])
def test_a_rehearsal_writes_weights_that_code(name, tmp_path, capsys):
    folder = str(tmp_path)
    words = ["train", name, "--rehearse", "--folder", folder, "--price", "0.5"]
    assert main(words) == 0
    file = tmp_path / f"{name}.safetensors"
    card = read_card(file)
    assert "2 steps of 1 crops" in card.data and "--price 0.5" in card.recipe
    codec = SideInfo(JPEG(20), str(file), 0.2)
    assert codec.decode(codec.encode(X)).shape == X.shape
    capsys.readouterr()
    assert main([*words, "--adversarial", "1"]) == 2


def test_a_run_that_was_stopped_goes_on(tmp_path):
    made = plan(every=1)

    def stop(history):
        if history[-1]["step"] == 1:
            raise KeyboardInterrupt

    straight, _ = fit_side_info(made, tmp_path / "a", device="cpu")
    fit_side_info(made, tmp_path / "b", watch=stop, device="cpu")
    halted, state = fit_side_info(made, tmp_path / "b", device="cpu")
    assert [row["step"] for row in state.history] == [1, 2]
    for a, b in zip(straight.parameters(), halted.parameters(), strict=True):
        assert a.equal(b)


def test_a_loss_that_is_no_number_ends_the_run():
    net = torch.nn.Linear(1, 1)
    state = State(net, torch.optim.Adam(net.parameters()), {})

    def step(*_):
        return torch.tensor(float("nan"))

    with pytest.raises(Diverged, match="before step 1"):
        go(plan(steps=1, every=1), state, step, lambda net: {"score": 0.0})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"patch": 40}, "multiple of 16"),
        ({"codec": "gif"}, "no coding"),
        ({"price": -1.0}, "price is -1"),
        ({"sigma": (4.0, 1.0)}, "two rising"),
        ({"calm": 1.0}, "shares of the run"),
        ({"taught": 0.5, "calm": 0.4}, "shares of the run"),
        ({"each": 0}, "each is 0"),
    ],
)
def test_nonsense_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(side_info.get("side_info"), **changes)


def test_names_and_presets():
    with pytest.raises(ValueError, match="did you mean side_info"):
        side_info.get("side_inf")
    with pytest.raises(ValueError, match="no preset"):
        side_info.get("side_info", "slow")
