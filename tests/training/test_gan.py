# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Two players: their steps, what is kept, how a stopped run goes on, and the watch."""

import warnings
from dataclasses import replace

import pytest
import torch

import srlab
from srlab import recipes, training
from srlab.recipes import Gan
from srlab.training.adversarial import rival
from srlab.training.health import GanWarning, HealthWatch

PHOTO = {"a": srlab.photo("coffee")[..., 100:164, 100:164]}
SIZE = {"scale": 4, "width": 8, "growth": 4, "blocks": 1}
GAN = Gan("UNetDiscriminator", width=8, perceptual=0.0, pixel=1.0, adversarial=0.05)
TINY = replace(
    recipes.get("esrgan_x4", "rehearse"), settings=SIZE, gan=GAN, steps=6, every=3,
    batch=2, patch=8, rate=1e-3, start="",
)  # fmt: skip


@pytest.fixture(scope="module")
def bank():
    found = [training.pictures(("photos",), 2)[1][:, :96, :96]]
    return training.Bank(training.pairs(found, TINY.net(), (4,)))


def run(bank, recipe=TINY, **kwargs):
    net = recipe.net()
    return net, training.fit(net, recipe, bank, PHOTO, device="cpu", **kwargs)


@pytest.mark.parametrize(
    "gan",
    [
        GAN,
        replace(GAN, relative=True),
        replace(GAN, discriminator="VGGDiscriminator"),
        replace(GAN, discriminator="SRGANDiscriminator", perceptual=1.0),
    ],
    ids=["unet", "relative", "vgg", "srgan with features"],
)
def test_both_players_move(bank, gan):
    recipe = replace(TINY, gan=gan)
    net, report = run(bank, recipe)
    row = report.history[-1]
    assert {"pixel", "adversarial", "d_loss", "d_real", "d_fake"} <= row.keys()
    assert ("perceptual" in row) == (gan.perceptual > 0)
    assert 0 < row["d_fake"] < 1 and 0 < row["d_real"] < 1
    before, after = rival(recipe, 4), report.rival
    assert any(
        not torch.equal(a, b)
        for a, b in zip(before.parameters(), after.parameters(), strict=True)
    )
    first = recipe.net()
    assert any(
        not torch.equal(a, b)
        for a, b in zip(first.parameters(), net.parameters(), strict=True)
    )


def test_the_last_weights_are_kept_not_the_best(bank):
    _, report = run(bank)
    assert report.best_step == report.steps == 6


def test_a_gan_that_was_stopped_goes_on_to_the_same_weights(bank, tmp_path):
    whole, report = run(bank)
    half = replace(TINY, steps=6)
    calls = []

    class Killed(RuntimeError):
        pass

    def kill(history):
        calls.append(len(history))
        raise Killed

    with pytest.raises(Killed):
        run(bank, half, folder=tmp_path, watch=kill)
    again, resumed = run(bank, half, folder=tmp_path)
    assert resumed.steps == report.steps
    for nets in ((whole, again), (report.rival, resumed.rival)):
        values = zip(*(n.state_dict().values() for n in nets), strict=True)
        assert all(torch.equal(a, b) for a, b in values)


def test_the_watch_fires_on_a_rigged_discriminator(bank, monkeypatch):
    """A discriminator that reads the answer off the pictures: it has won at once."""

    class Rigged(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.calls = 0

        def forward(self, x):
            self.calls += 1  # the generator's step, then real, then fake
            sign = {1: -1, 2: 1, 0: -1}[self.calls % 3]
            return 10.0 * sign + 0 * self.weight * x.mean().reshape(1, 1)

    monkeypatch.setattr(training.adversarial, "rival", lambda *_: Rigged())
    with pytest.warns(GanWarning, match="has won"):
        _, report = run(bank, replace(TINY, every=1))
    assert len(report.warnings) == 1 and "Lower its rate" in report.warnings[0]


def test_the_watch_counts_looks_in_a_row():
    watch = HealthWatch(patience=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not watch.look(1, 0.99, 0.01)
        assert not watch.look(2, 0.6, 0.4)  # it mends
        assert not watch.look(3, 0.99, 0.01)
        assert "won" in watch.look(4, 0.99, 0.01)
        assert not watch.look(5, 0.99, 0.01)  # said once
        assert not watch.look(50, 0.5, 0.5) and not watch.look(60, 0.5, 0.5)  # early
        assert not watch.look(200, 0.5, 0.5)
        assert "cannot tell" in watch.look(300, 0.5, 0.5)
    assert len(watch.warnings) == 2


def test_a_healthy_run_is_silent(bank):
    with warnings.catch_warnings():
        warnings.simplefilter("error", GanWarning)
        run(bank)


def test_by_the_clock():
    recipe = replace(TINY, minutes=1.0, steps=10**9, warm_up=0)
    assert recipe.share(5, 30) == pytest.approx(0.5)
    assert recipe.rate_at(5, 30) < recipe.rate_at(5, 0)
    assert recipe.share(5, 61) == 1


def test_wrong_gans_are_told():
    for wrong in ({"pixel": -1}, {"features": "alexnet"}, {"rate": 0}):
        with pytest.raises(ValueError):
            Gan(**wrong)
    with pytest.raises(ValueError, match="degradation"):
        replace(TINY, degradation="rain")
    with pytest.raises(ValueError, match="minutes"):
        replace(TINY, minutes=-1)
