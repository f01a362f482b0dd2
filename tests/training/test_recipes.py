# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Recipes: every one in every preset makes a net and, rehearsed, runs."""

from dataclasses import FrozenInstanceError, replace

import pytest

from srlab import models, recipes, training
from srlab.paths import data_dir


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_rehearses(name):
    """The net of the fast preset takes two steps on tiny data."""
    recipe = recipes.get(name, "rehearse")
    report = training.fit(recipe.net(), recipe, device="cpu")
    assert report.steps == 2


@pytest.mark.parametrize("name", recipes.names())
def test_the_full_nets_are_the_papers(name):
    """The full preset builds and runs forward: on shapes alone, whatever the size."""
    recipe = replace(recipes.get(name, "full"), start="")
    net = recipe.net()
    assert models.multiply_adds(net, 16, 16) > 0
    assert not set(recipe.data) & {"B100", "Set5", "Set14", "BSDS500"}


def test_no_recipe_trains_on_what_it_is_validated_on():
    assert not set(training.photos()) & set(training.held_out())
    for name in recipes.names():
        for preset in recipes.PRESETS:
            recipe = recipes.get(name, preset)
            assert not set(recipe.data) & set(recipe.validation)
            assert recipe.preset == preset and recipe.name == name


def test_parts_of_a_set_do_not_overlap():
    whole = training.pictures(("held_out",))
    parts = [training.pictures((f"held_out[{p}]",)) for p in (":3", "3:")]
    assert [len(p) for p in parts] == [3, 1] and len(whole) == 4
    assert (parts[1][0] == whole[3]).all()


def test_the_cosine_and_the_stairs():
    cosine = replace(recipes.get("edsr_x2", "short"), steps=100, warm_up=10, rate=1.0)
    assert cosine.rate_at(4) == pytest.approx(0.5)
    assert cosine.rate_at(50) == pytest.approx(0.5)
    assert cosine.rate_at(100) == pytest.approx(0.0)
    stairs = replace(cosine, decay=(0.5, 0.8), gamma=0.1)
    assert [stairs.rate_at(s) for s in (49, 50, 90)] == pytest.approx([1, 0.1, 0.01])


def test_the_same_seed_makes_the_same_net():
    recipe = recipes.get("espcn_x2", "rehearse")
    first, second = (next(recipe.net().parameters()) for _ in range(2))
    other = next(replace(recipe, seed=1).net().parameters())
    assert (first == second).all() and not (first == other).all()


def test_a_recipe_is_frozen_and_checked():
    recipe = recipes.get("espcn_x2")
    with pytest.raises(FrozenInstanceError):
        recipe.steps = 1
    for wrong in (
        {"steps": 0},
        {"rate": -1},
        {"ema": 1},
        {"loss": "l3"},
        {"scales": ()},
    ):
        with pytest.raises(ValueError):
            replace(recipe, **wrong)
    with pytest.raises(ValueError, match="clip"):
        replace(recipe, clip=("cut", 1))


def test_wrong_names_are_told():
    with pytest.raises(ValueError, match="did you mean edsr_x"):
        recipes.get("edsr_2x")
    with pytest.raises(ValueError, match="rehearse, fast, short, full"):
        recipes.get("edsr_x2", "slow")


def test_the_wanted_list_names_every_full_run_that_was_not_made():
    """A run leaves data/results/wanted.md when its card says it was run in full."""
    from srlab import weights

    wanted = (data_dir() / "results" / "wanted.md").read_text(encoding="utf-8")
    for name in recipes.names():
        file = weights.find_weights(name)
        card = weights.read_card(file).recipe if file else ""
        made = "--full" in card and "--minutes" not in card and "--steps" not in card
        listed = f"train {name} --full`" in wanted
        assert listed or made, f"{name}: add its full run to data/results/wanted.md"
        assert not (listed and made), f"{name}: take it off data/results/wanted.md"
