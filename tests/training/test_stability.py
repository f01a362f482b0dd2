# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The full GAN recipes at reduced size stay sound for their first thousand steps.

`make bench SETS=stability` plays them (a quarter of an hour); this reads what it wrote.
"""

import numpy as np
import pytest

from srlab import evaluation

RECIPES = ("srgan_x4", "esrgan_x4", "real_esrgan_x4")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_thousand_steps_of_the_full_recipe_stay_sound(recipe):
    rows = evaluation.results("gan_stability").query("recipe == @recipe")
    assert rows["step"].is_monotonic_increasing and rows["step"].iloc[-1] >= 1000
    assert np.isfinite(rows.select_dtypes("number").to_numpy()).all()
    assert rows[["d_real", "d_fake"]].stack().between(0, 1).all()
    assert rows["psnr"].min() > 10  # dB: it still draws the picture


def test_all_three_games_were_played():
    assert set(evaluation.results("gan_stability")["recipe"]) == set(RECIPES)
