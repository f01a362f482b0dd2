# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The full GAN recipes' first thousand steps at reduced size, as they were measured."""

import pytest

from srlab import evaluation


@pytest.mark.parametrize("name", ["srgan_x4", "esrgan_x4", "real_esrgan_x4"])
def test_a_thousand_steps_without_nan(name):
    """`make bench SETS=stability` made them; the loop itself raises at a NaN."""
    rows = evaluation.results("gan_stability").query("recipe == @name")
    assert rows["step"].max() >= 1000
    assert rows.notna().all(axis=None)
    assert rows[["d_real", "d_fake"]].stack().between(0, 1).all()
