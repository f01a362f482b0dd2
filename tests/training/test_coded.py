# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pairs through a real codec: every quality, the plane, the same batch again."""

import pytest
import torch

from srlab import images, recipes, training
from srlab.codecs import JPEG
from srlab.resample import imresize
from srlab.training.coded import CODINGS, CodedBank, coded, coded_pairs
from srlab.training.pictures import validation_pairs

PICTURE = images.to_uint8(images.photo("coffee"))[0, :, :121, :90]


@pytest.mark.parametrize("scale", [1, 2])
def test_what_the_decoder_has(scale):
    y = PICTURE[:, :120]
    x = coded(y, scale, CODINGS["jpeg"], 20)
    small = images.from_uint8(
        imresize(y[None], scale=1 / scale) if scale > 1 else y[None]
    )
    codec = JPEG(20)
    assert x.dtype == torch.uint8 and x.shape == (4, 120 // scale, 90 // scale)
    assert images.from_uint8(x[None, :3]).equal(codec.decode(codec.encode(small)))
    assert x[3].unique().tolist() == [51]  # 20 of 100, in 255ths


@pytest.mark.parametrize("name", list(CODINGS))
def test_qualities_and_planes(name):
    coding = CODINGS[name]
    levels = [coding.level(q) for q in coding.qualities]
    assert levels == sorted(levels) and 0 < levels[0] and levels[-1] <= 1
    if coding.make:
        for q in (coding.qualities[0], coding.qualities[-1]):
            coding.make(q)
    pairs = list(coded_pairs([PICTURE], name, 2))
    assert len(pairs) == min(3, len(coding.qualities))
    assert all(x.shape == (4, 60, 45) and y.shape == (3, 120, 90) for x, y in pairs)


def test_the_bank_meets_all_qualities():
    bank = CodedBank([PICTURE] * 3, "jpeg", 2, each=4, seed=1)
    assert len(bank) == 12
    planes = {bank.x[start, 3].item() for start in bank.starts.tolist()}
    assert planes == {round(255 * q / 100) for q in CODINGS["jpeg"].qualities}
    x, y = bank.batch(3, 6, 16)
    assert x.shape == (6, 4, 16, 16) and y.shape == (6, 3, 32, 32)
    assert bank.batch(3, 6, 16)[0].equal(x)


def test_a_rehearsal_runs_and_measures_itself_against_bicubic():
    recipe = recipes.get("decoded_jpeg_x2", "rehearse")
    report = training.fit(recipe.net(), recipe)
    assert report.steps == 2 and report.best_psnr == pytest.approx(
        report.bicubic, abs=0.5
    )
    assert len(validation_pairs(recipe, recipe.net(), None)) == 3


def test_a_coding_that_does_not_exist():
    with pytest.raises(ValueError, match="no coding is called 'gif'"):
        from dataclasses import replace

        replace(recipes.get("decoded_jpeg_x2"), codec="gif")
