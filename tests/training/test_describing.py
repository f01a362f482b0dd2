# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Descriptors are learned: what moves, what a rate costs, what the file can do."""

from dataclasses import replace

import pytest
import torch

from srlab.__main__ import main
from srlab.codecs import JPEG
from srlab.datasets.bank import Bank
from srlab.models import SideInfoNet
from srlab.recipes import side_info
from srlab.schemes import SideInfo
from srlab.training.coded import CODINGS, CodedBank
from srlab.training.looping import go
from srlab.training.patterns import Patterns, quantiser
from srlab.training.side_info import _prices, _sigma, fit_side_info
from srlab.training.state import Diverged, State
from srlab.weights import Card, read_card, write_weights

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
    assert {"tail"} <= moved <= parts | {"extractor", "mapper", "painter"}
    assert not net.descriptors or "context" in moved
    row = state.history[-1]
    assert (row["used"] > 0) == net.descriptors
    assert (row["bits"] > 0) == net.descriptors


def test_the_rate_has_no_price_while_it_is_calm():
    free, _ = fit_side_info(plan(calm=0.9, taught=0.0, price=1e6), device="cpu")
    paid, _ = fit_side_info(plan(calm=0.0, taught=0.0, price=1e6), device="cpu")
    a, b = (net.context.head[-1].bias for net in (free, paid))
    assert not a.equal(b)


def test_a_quantiser_finds_the_patterns_that_rows_are_made_of():
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(5, 64, generator=generator) * 3
    at = torch.multinomial(
        torch.tensor([8.0, 4, 2, 1, 1]), 800, True, generator=generator
    )
    rows = true[at] + 0.3 * torch.randn(800, 64, generator=generator)
    patterns, bits = quantiser(rows, 16, 1.0)
    assert patterns[0].eq(0).all()
    errors = torch.cdist(true, patterns)
    assert errors.amin(1).max() < 1.0  # each is among the found ones
    assert bits[errors.argmin(1)].diff()[:3].gt(0.5).all()  # rarer is dearer


def test_a_label_is_the_nearest_pattern_in_units_of_its_quality():
    mended = lambda decoded, level: decoded  # noqa: E731
    patterns = torch.zeros(16, 768)
    patterns[3], patterns[5] = 1.0, -1.0
    known = Patterns(
        mended, patterns, torch.full((16,), 4.0), torch.tensor([0.1, 0.4]),
        torch.tensor([0.2, 0.05]),
    )  # fmt: skip
    x = torch.full((2, 4, 32, 48), 0.5)
    x[0, 3], x[1, 3] = 0.1, 0.4
    y = x[:, :3].clone()
    y[:, :, :16, :16] += 0.05  # a quarter of its size, and all of it
    y[:, :, 16:, 32:] -= 0.2
    labels = known.labels(y, x).tolist()
    assert labels == [[[0, 0, 0], [0, 0, 5]], [[3, 0, 0], [0, 0, 5]]]


def test_matched_filters_find_the_patterns_at_once():
    made = plan(steps=1, limit=1, patch=96, batch=4)
    net = SideInfoNet(**made.net)
    found = [(256 * torch.rand(3, 96, 96, generator=torch.Generator())).byte()]
    data = CodedBank(found, CODINGS["jpeg"], 1)
    known = Patterns.found(made, net, data, steps=4)
    known.begin(net)
    x, y = data.batch(9, 4, 96, grid=16)
    agreed = net.describe(y, x[:, :3]).argmax(1) == known.labels(y, x)
    assert agreed.float().mean() > 0.5


def test_a_symbol_begins_by_adding_its_pattern():
    net = SideInfoNet(**plan().net)
    patterns = torch.zeros(16, 768)
    patterns[3, :256], patterns[5, 512:] = 1.0, -1.0  # red up, blue down
    levels, sizes = torch.tensor([0.1, 0.25, 0.4]), torch.tensor([0.2, 0.1, 0.05])
    known = Patterns(lambda d, _: d, patterns, torch.full((16,), 4.0), levels, sizes)
    known.begin(net)
    decoded = torch.full((1, 3, 20, 40), 0.5)
    for level, size in zip(levels, sizes, strict=True):
        plane = torch.full((1, 1, 20, 40), level)
        at = torch.tensor([[[3, 0, 5], [0, 5, 3]]])
        x_hat = torch.nn.functional.one_hot(at, 16).movedim(-1, 1).float()
        added = net.mend(decoded, plane, x_hat) - decoded  # the tail begins with 0
        shown = added[0, :, ::16, ::16]
        assert shown[1].eq(0).all()
        torch.testing.assert_close(
            shown[0], size * torch.tensor([[1.0, 0, 0], [0, 0, 1]])
        )
        torch.testing.assert_close(
            shown[2], size * torch.tensor([[0, 0, -1.0], [0, -1, 0]])
        )
        torch.testing.assert_close(
            added[..., :16, :16], added[..., :1, :1].expand(1, 3, 16, 16)
        )


def test_crops_begin_on_the_codecs_grid():
    ramp = (torch.arange(64 * 80) % 256).view(1, 64, 80).byte()
    bank = Bank([(ramp, ramp)])
    tops = {bank._draw(step, 1, 16)[1].item() for step in range(20)}
    assert any(top % 16 for top in tops)
    for step in range(20):
        crop, _ = bank.batch(step, 1, 16, grid=16)
        corners = [
            round(255 * crop[0, 0, i, j].item()) for i in (0, -1) for j in (0, -1)
        ]
        assert any(v in {ramp[0, i, j].item() for i in (0, 16, 32, 48)
                         for j in (0, 16, 32, 48, 64)} for v in corners)  # fmt: skip


def test_a_restorer_to_begin_from(tmp_path):
    twin = SideInfoNet(**plan("side_info_twin").net)
    for p in twin.parameters():
        torch.nn.init.normal_(p, std=0.1)
    card = Card("a test", "none", "CPU", 0.0, "MIT", model="SideInfoNet")
    write_weights(tmp_path / "twin", twin.state_dict(), card)
    made = plan(start=str(tmp_path / "twin.safetensors"), rate=1e-12, steps=1)
    net, _ = fit_side_info(made, device="cpu")
    assert net.head.weight.allclose(twin.head.weight)
    large = replace(made, net={**made.net, "width": 16})
    with pytest.raises(ValueError, match="another size"):
        fit_side_info(large, device="cpu")
    with pytest.raises(FileNotFoundError, match="srlab train side_info_none"):
        fit_side_info(replace(made, start="side_info_none"), device="cpu")


def test_a_bit_has_the_price_of_its_quality():
    made = plan(qualities=(10, 40), worth=(1.26, 0.25), price=0.5)
    level = torch.tensor([CODINGS["jpeg"].level(q) for q in (40, 10, 10)])
    assert _prices(made, level).tolist() == pytest.approx([0.125, 0.63, 0.63])


def test_while_it_is_taught_every_part_learns():
    made = plan(taught=0.5, calm=0.6, steps=8, rate=1e-3, ema=0.0, patch=96)
    begun, _ = fit_side_info(replace(made, rate=1e-12), device="cpu")
    net, _ = fit_side_info(made, device="cpu")
    for part in ("extractor", "context", "mapper", "painter", "blocks", "tail"):
        a, b = (getattr(n, part).state_dict() for n in (begun, net))
        assert not all(torch.allclose(a[k], b[k], atol=1e-7) for k in a), part


def test_sigma_rises():
    made = plan(sigma=(1.0, 4.0))
    assert [_sigma(made, s) for s in (0.0, 0.5, 1.0)] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("name", ["side_info", "side_info_twin"])
def test_a_rehearsal_writes_weights_that_code(name, tmp_path, capsys):
    folder = str(tmp_path)
    words = ["train", name, "--rehearse", "--folder", folder, "--price", "0.7"]
    assert main(words) == 0
    file = tmp_path / f"{name}.safetensors"
    card = read_card(file)
    assert "2 steps of 1 crops" in card.data and "--price 0.7" in card.recipe
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
        ({"worth": (1.0,)}, "worth has 1"),
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
