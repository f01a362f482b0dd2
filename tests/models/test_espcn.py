# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ESPCN: the sub-pixel layer is a transposed convolution in disguise."""

import pytest
import torch
import torch.nn.functional as F

from srlab.models import ESPCN


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (37, 53)])
def test_shape(scale, size):
    net = ESPCN(scale=scale, n1=8, n2=4)
    assert net.upscale == scale
    assert net(torch.rand(2, 1, *size)).shape == (
        2,
        1,
        scale * size[0],
        scale * size[1],
    )


@pytest.mark.parametrize("r", [2, 3])
def test_the_shuffle_is_a_transposed_convolution(r):
    """A 3 x 3 layer and the shuffle: a stride of r and a kernel of 3 r x 3 r."""
    torch.manual_seed(0)
    net = ESPCN(scale=r, n1=8, n2=4)
    last, features = net.layers[-1], torch.randn(1, 4, 7, 9)
    w = last.weight.view(r, r, 4, 3, 3)  # output channel = r * row + column
    # the transposed kernel at (r (2 - i) + row, r (2 - j) + column)
    kernel = w.flip(3, 4).permute(2, 3, 0, 4, 1).reshape(4, 1, 3 * r, 3 * r)
    ours = net.shuffle(F.conv2d(features, last.weight, padding=1))
    theirs = F.conv_transpose2d(features, kernel, stride=r, padding=r)
    assert (ours - theirs).abs().max() < 1e-5


def test_tanh_is_the_papers_and_relu_is_another():
    x = torch.rand(1, 1, 9, 9)
    torch.manual_seed(0)
    tanh = ESPCN()
    relu = ESPCN(activation="relu")
    relu.load_state_dict(tanh.state_dict())
    assert not torch.allclose(tanh(x), relu(x))
    hidden = tanh.layers[:2](x)
    assert hidden.min() < 0 and hidden.abs().max() < 1
    assert relu.layers[:2](x).min() >= 0


def test_every_parameter_gets_a_gradient():
    net = ESPCN()
    net(torch.rand(2, 1, 12, 12)).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize(
    ("arguments", "word"), [({"activation": "gelu"}, "tanh"), ({"scale": 0}, "scale")]
)
def test_senseless_arguments_are_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        ESPCN(**arguments)
