# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ComCNN, RecCNN and the pair: shapes, shortcuts, what is refused."""

import pytest
import torch

from srlab.models import CodedNet, ComCNN, RecCNN, TwoCodecsNet
from srlab.resample import imresize


@pytest.mark.parametrize("size", [(1, 1), (7, 10), (16, 16)])
def test_down_and_up_fit_each_other(size):
    net = TwoCodecsNet(down=8, up="RecCNN", width=8, blocks=3)
    x = torch.rand(2, 3, *size)
    small = net.small(x)
    assert small.shape == (2, 3, -(-size[0] // 2), -(-size[1] // 2))
    assert net.large(small, 0.5).shape == (2, 3, *(2 * n for n in small.shape[-2:]))


def test_comcnn_has_the_papers_layers():
    assert sum(p.numel() for p in ComCNN().parameters()) == 40_451


def test_reccnn_begins_as_bicubic():
    x = torch.rand(1, 3, 12, 12)
    inside = (..., slice(4, -4), slice(4, -4))
    found = RecCNN(8, 4).eval()(x)
    assert (found - imresize(x, scale=2))[inside].abs().max() < 1e-5


def test_without_learning_the_small_picture_is_bicubic():
    x = torch.rand(1, 3, 11, 14)
    net = TwoCodecsNet(down=0, width=8, blocks=1)
    assert net.small(x).equal(imresize(x, size=(6, 7)))
    assert {k.split(".")[0] for k in net.state_dict()} == {"up"}


def test_the_quality_reaches_coded_net_alone():
    torch.manual_seed(0)
    net = TwoCodecsNet(down=0, width=8, blocks=1)
    torch.nn.init.normal_(net.up.tail.weight, std=0.1)
    x = torch.rand(1, 3, 6, 6)
    assert not net.large(x, 0.1).equal(net.large(x, 0.9))


@pytest.mark.parametrize("scale", [1, 2])
def test_coded_net_without_its_shortcut_begins_at_zero(scale):
    net = CodedNet(scale, width=8, blocks=1, shortcut=False)
    assert not net(torch.rand(1, 4, 5, 7)).any()


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="layers is 1"):
        RecCNN(8, 1)
    with pytest.raises(ValueError, match="CodedNet or RecCNN"):
        TwoCodecsNet(up="EDSR")
