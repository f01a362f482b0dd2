# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Trained configurations as codecs; colours; what is refused."""

import pytest
import torch

from srlab import photo, weights
from srlab.codecs import JPEG, MeanScale
from srlab.metrics import psnr
from srlab.schemes import InYCbCr, TwoLayer, two_codecs
from srlab.schemes.end_to_end import from_ycbcr, to_ycbcr

X = photo("coffee")[..., 40:141, 60:189].contiguous()
SHIPPED = [
    name
    for name in weights.weight_names()
    if weights.read_card(weights.find_weights(name)).model == "TwoCodecsNet"
]


def test_colours_come_back():
    y = to_ycbcr(X)
    assert y.min() >= -1e-6 and y.max() <= 1 + 1e-6
    assert (from_ycbcr(y) - X).abs().max() < 1e-5
    grey = torch.full((1, 3, 2, 2), 0.3)
    wanted = torch.tensor([0.3, 0.5, 0.5]).view(1, 3, 1, 1)
    assert (to_ycbcr(grey) - wanted).abs().max() < 1e-6


@pytest.mark.parametrize("codec", [JPEG(95, "4:4:4"), MeanScale(4)])
def test_a_codec_in_other_colours(codec):
    made = InYCbCr(codec)
    assert psnr(made.decode(made.encode(X)), X) > 25
    grey = X.mean(1, keepdim=True)
    assert made.decode(made.encode(grey)).shape == X.shape


def test_other_weights_are_refused():
    with pytest.raises(ValueError, match="not of two codecs"):
        two_codecs("edsr_x2")
    with pytest.raises(FileNotFoundError, match="no weights are called"):
        two_codecs("learned_9_9")


def test_shipped_configurations_code():
    for name in SHIPPED:
        codec = two_codecs(name)
        data = codec.encode(X)
        y = codec.decode(data)
        assert y.shape == X.shape and psnr(y, X) > 18, name
        scheme = getattr(codec, "codec", codec)
        assert isinstance(scheme, TwoLayer)
        second = weights.read_card(weights.find_weights(name)).settings["second"]
        assert bool(second) == (scheme.residual is not None)
        assert two_codecs(name).decode(data).equal(y)
