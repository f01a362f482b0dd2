# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The full recipes' GAN training gets through its first thousand steps, small.

The runs take a quarter of an hour: `make bench SETS=stability` makes them, these tests
read what it wrote.
"""

import pytest

from srlab import evaluation

GANS = ("srgan_x4", "esrgan_x4", "real_esrgan_x4")


@pytest.mark.parametrize("name", GANS)
def test_the_first_thousand_steps_stay_finite(name):
    rows = evaluation.results("gan_stability").query("recipe == @name")
    assert rows["step"].max() >= 1000 and rows["step"].is_monotonic_increasing
    assert rows.drop(columns="recipe").notna().all().all()
    assert rows[["d_real", "d_fake"]].stack().between(0, 1).all()
    assert (rows["psnr"] > 10).all()
