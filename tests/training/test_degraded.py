# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pairs through a degradation: the pool, its seed, and what is sharpened."""

from dataclasses import replace

import pytest
import torch

import srlab
from srlab import degrade, recipes, training
from srlab.training.degraded import DegradedBank, degraded_pairs


@pytest.fixture(scope="module")
def found():
    return [p[:, :160, :160] for p in training.pictures(("photos",), 3)[1:]]


def make(found, pipeline=None, **kwargs):
    pipeline = pipeline or degrade.first_order(scale=4)
    return DegradedBank(found, pipeline, 4, **{"pool": 8, **kwargs})


def test_a_batch(found):
    x, y, plain = make(found).batch(0, 4, 16)
    assert x.shape == (4, 3, 16, 16) and y.shape == plain.shape == (4, 3, 64, 64)
    assert (x * 255 - (x * 255).round()).abs().max() < 1e-3  # what a file would hold
    assert not torch.equal(y, plain)
    assert srlab.metrics.sharpness(y, plain) > 0  # sharpened


def test_without_sharpening_the_target_is_the_picture(found):
    _, y, plain = make(found, sharpen=False).batch(0, 4, 16)
    assert torch.equal(y, plain)


def test_small_and_large_show_the_same_place(found):
    """With a pipeline that only shrinks, the small picture is the target, shrunk."""

    def shrink(hr, generator):
        return srlab.imresize(hr, scale=1 / 4).clamp(0, 1)

    x, y, _ = make(found, shrink, sharpen=False).batch(3, 4, 16)
    inner = srlab.imresize(y, scale=1 / 4)[..., 2:-2, 2:-2]
    assert (x[..., 2:-2, 2:-2] - inner).abs().max() < 1e-4


def test_the_same_step_gives_the_same_pairs_in_any_order(found):
    one, other = make(found), make(found)
    wanted = [one.batch(step, 4, 16)[0] for step in (0, 1, 2)]
    for step in (2, 0, 1):
        assert torch.equal(other.batch(step, 4, 16)[0], wanted[step])
    assert not torch.equal(make(found, seed=1).batch(0, 4, 16)[0], wanted[0])


def test_the_pool_mixes_calls_of_the_pipeline(found):
    """Each call marks its pictures; a batch out of the pool holds several marks."""
    calls = []

    def mark(hr, generator):
        calls.append(1)
        return torch.full(
            (len(hr), 3, hr.shape[-2] // 4, hr.shape[-1] // 4), len(calls) / 9
        )

    bank = make(found, mark, pool=32)
    marks = bank.batch(0, 4, 16)[0][:, 0, 0, 0]
    assert len(calls) == 8 and len(set(marks.tolist())) > 1


def test_processes_share_a_batch(found):
    whole = make(found).batch(1, 4, 16)[0]
    parts = [make(found).batch(1, 4, 16, rank, 2)[0] for rank in (0, 1)]
    assert all(torch.equal(p, whole[k::2]) for k, p in enumerate(parts))


def test_validation_pairs_are_always_the_same(found):
    pairs = [list(degraded_pairs(found, degrade.real_esrgan(4), 4)) for _ in range(2)]
    for (x, y), (again, _) in zip(*pairs, strict=True):
        assert torch.equal(x, again) and x.dtype == torch.uint8
        assert y.shape[-1] == 4 * x.shape[-1]


def test_a_blind_recipe_runs_from_its_start():
    """The live recipe begins with trained weights, above bicubic on damage."""
    recipe = replace(recipes.get("real_esrnet_x4", "fast"), steps=2, every=1, pool=8)
    photo = {"coffee": srlab.photo("coffee")[..., 100:292, 150:342]}
    report = training.fit(recipe.net(), recipe, None, photo, device="cpu")
    assert report.best_psnr > report.bicubic
