# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Network interpolation: its ends, its middle, and what it refuses."""

import pytest
import torch

from srlab.models import SRVGG, SRResNet, network_interpolation


def nets():
    torch.manual_seed(0)
    return SRVGG(width=4, convs=1), SRVGG(width=4, convs=1)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_the_ends_are_exact(alpha):
    a, b = (net.state_dict() for net in nets())
    mixed = network_interpolation(a, b, alpha)
    for name, tensor in (b if alpha else a).items():
        assert torch.equal(mixed[name], tensor), name


def test_known_values():
    a, b = {"w": torch.tensor([0.0, 8.0])}, {"w": torch.tensor([4.0, 0.0])}
    assert network_interpolation(a, b, 0.25)["w"].tolist() == [1.0, 6.0]
    assert a["w"].tolist() == [0.0, 8.0]  # neither is changed


def test_it_is_a_mean_of_weights_and_no_mean_of_pictures():
    one, two = nets()
    middle = SRVGG(width=4, convs=1)
    middle.load_state_dict(
        network_interpolation(one.state_dict(), two.state_dict(), 0.5)
    )
    x = torch.rand(1, 3, 6, 6)
    pictures = (one(x) + two(x)) / 2
    assert not torch.allclose(middle(x), pictures, atol=1e-4)
    # the last bias is linear in the result: there the two are the same
    expected = (one.body[-1].bias + two.body[-1].bias) / 2
    assert torch.allclose(middle.body[-1].bias, expected)


def test_counts_stay_those_of_the_first_net():
    a, b = (SRResNet(width=4, blocks=1).state_dict() for _ in range(2))
    a["body.1.num_batches_tracked"] += 3
    mixed = network_interpolation(a, b, 0.5)
    assert mixed["body.1.num_batches_tracked"].item() == 3


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_other_shares_are_refused(alpha):
    with pytest.raises(ValueError, match="a number from 0 to 1"):
        network_interpolation({}, {}, alpha)


def test_nets_that_differ_are_refused():
    a = SRVGG(width=4, convs=1).state_dict()
    wide = SRVGG(width=5, convs=1).state_dict()
    deep = SRVGG(width=4, convs=2).state_dict()
    with pytest.raises(ValueError, match=r"'body.0.weight' is \(4, 3, 3, 3\)"):
        network_interpolation(a, wide, 0.5)
    with pytest.raises(ValueError, match="3 tensors are in one of them alone"):
        network_interpolation(a, deep, 0.5)


def test_a_net_is_no_state_dict():
    one, two = nets()
    with pytest.raises(TypeError, match=r"pass net.state_dict\(\)"):
        network_interpolation(one, two, 0.5)
