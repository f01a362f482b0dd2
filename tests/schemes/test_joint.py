# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.schemes.joint: a size or a quality, met by two layers together."""

import pytest

from srlab import photo
from srlab.metrics import psnr
from srlab.schemes import AdaptiveTwoLayer
from srlab.schemes.joint import joint

X = photo("chelsea")[..., 40:136, 90:191].contiguous()  # 96 x 101
SETTINGS = AdaptiveTwoLayer(qualities=(20, 50, 85))


def test_a_size_is_kept_and_used_better_than_by_another_base():
    codec, data = joint(X, size=2500, settings=SETTINGS)
    assert 2350 < len(data) <= 2500
    assert codec.encode(X) == data
    other, file = joint(X, size=2500, settings=AdaptiveTwoLayer(qualities=(85,)))
    assert psnr(other.decode(file), X) < psnr(codec.decode(data), X)


def test_a_quality_is_reached_in_few_bytes():
    codec, data = joint(X, dB=33, settings=SETTINGS)
    assert 33 <= psnr(codec.decode(data), X) < 33.5
    assert codec.encode(X) == data
    base, file = joint(X, dB=22, settings=SETTINGS, luma=True)
    assert len(file) < len(data) and base.residual is None


def test_targets_that_cannot_be_met_say_why():
    with pytest.raises(ValueError, match=r"fewer than the .* smallest base"):
        joint(X, size=100, settings=SETTINGS)
    with pytest.raises(ValueError, match=r"90 dB cannot be reached; the finest has"):
        joint(X, dB=90, settings=SETTINGS)


@pytest.mark.parametrize(
    "target", [{}, {"size": 9, "dB": 30}, {"dB": 0}, {"dB": "30"}, {"size": 0}]
)
def test_no_target(target):
    with pytest.raises((ValueError, TypeError)):
        joint(X, **target)
