"""The parts of the learned codecs against those of CompressAI."""

import math

import pytest
import torch

from srlab.codecs.layers import (
    GDN,
    FactorizedDensity,
    bounded,
    gaussian_likelihood,
    noisy,
    straight_through,
)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("inverse", [False, True])
def test_gdn_is_compressais(inverse, generator):
    theirs = pytest.importorskip("compressai.layers").GDN(6, inverse=inverse)
    ours = GDN(6, inverse=inverse)
    with torch.no_grad():
        for a, b in ((ours.beta, theirs.beta), (ours.gamma, theirs.gamma)):
            a += 0.3 * torch.rand(a.shape, generator=generator)
            b.copy_(a)
    x = torch.randn(2, 6, 5, 7, generator=generator)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-6, rtol=1e-6)


def test_gdn_of_one_channel_by_hand():
    # beta 1, gamma .1: 3 / sqrt(1 + .1 * 9)
    made = GDN(1)(torch.full((1, 1, 1, 1), 3.0)).item()
    assert made == pytest.approx(3 / math.sqrt(1.9), abs=1e-5)


def test_the_density_is_compressais(generator):
    module = pytest.importorskip("compressai.entropy_models")
    theirs, ours = module.EntropyBottleneck(4), FactorizedDensity(4, (3, 3, 3, 3))
    state = theirs.state_dict()
    names = {"h": "matrices.", "b": "biases.", "a": "factors."}
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            other = state[names[name[0]] + name[1:]]
            parameter.copy_(other)
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
            other.copy_(parameter)
    y = 20 * torch.randn(1, 4, 3, 5, generator=generator)
    with torch.no_grad():
        flat = y.permute(1, 0, 2, 3).reshape(4, 1, -1)
        found = theirs._logits_cumulative(flat, stop_gradient=False)
        torch.testing.assert_close(ours.logits(flat), found, atol=1e-4, rtol=1e-4)


def test_a_density_sums_to_one_whatever_the_step(generator):
    density = FactorizedDensity(3)
    for half in (0.5, 0.125, 4.0):
        steps = torch.arange(-4000, 4001) * 2 * half
        y = steps.view(1, 1, 1, -1).expand(1, 3, 1, -1)
        with torch.no_grad():
            total = density.likelihood(y, half).sum(-1)
        torch.testing.assert_close(total, torch.ones_like(total), atol=1e-3, rtol=0)


def test_a_gaussian_sums_to_one_and_has_its_entropy():
    d = torch.arange(-60, 61).double()
    p = gaussian_likelihood(d, torch.tensor(6.0).double())
    assert p.sum().item() == pytest.approx(1, abs=1e-6)
    bits = -(p * p.log2()).sum().item()
    assert bits == pytest.approx(
        math.log2(6 * math.sqrt(2 * math.pi * math.e)), abs=0.01
    )


def test_bounds_let_go_only_towards_the_inside():
    x = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
    bounded(x, 0.0, 2.0).sum().backward()  # uphill: the first may not go further down
    assert x.grad.tolist() == [0.0, 1.0, 1.0]
    x.grad = None
    (-bounded(x, 0.0, 2.0)).sum().backward()
    assert x.grad.tolist() == [-1.0, -1.0, 0.0]


def test_two_stand_ins_for_rounding(generator):
    y = torch.randn(1000, generator=generator, requires_grad=True)
    u = noisy(y, generator) - y
    assert u.min() >= -0.5 and u.max() < 0.5 and abs(u.mean().item()) < 0.03
    made = straight_through(y)
    assert torch.equal(made.detach(), y.detach().round())
    made.sum().backward()
    assert torch.equal(y.grad, torch.ones(1000))
