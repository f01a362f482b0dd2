"""srlab.schemes.qualities and maps: each rule by hand, and what is refused."""

import math

import pytest
import torch

from srlab.schemes import (
    Edges,
    Linear,
    Progressive,
    Quantiles,
    TwoPiece,
    block_entropy,
    centre_map,
    random_map,
)
from srlab.schemes.maps import blocks, resolve

RAMP = torch.linspace(0, 1, 80).view(1, 1, 1, 80).expand(1, 1, 16, 80).contiguous()
RULES = [Linear(), TwoPiece(), Quantiles(), Edges(), Edges(base=TwoPiece())]
RULES += [TwoPiece(share=0.3), Progressive(gain=2), Progressive(mean=50), Edges(n=16)]


def test_blocks_keep_the_largest_value():
    P = torch.zeros(1, 1, 9, 17)
    P[..., 8, 16] = 1
    assert blocks(P).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_linear_by_hand():
    Q = Linear()(RAMP, 30, 70)
    assert Q.shape == (2, 10)
    assert Q[0, 0].item() == pytest.approx(30 + 40 * 7 / 79)
    assert Q[1, -1].item() == pytest.approx(70)


def test_two_piece_and_its_share():
    assert TwoPiece(0.5)(RAMP, 30, 75)[0].tolist() == [30] * 5 + [75] * 5
    assert TwoPiece(share=0.3)(RAMP, 30, 75)[0].tolist() == [30] * 7 + [75] * 3
    box = torch.zeros(1, 1, 8, 80)
    box[..., 24:56] = 1
    for share in (0.1, 0.4):  # all of what is equally high
        assert TwoPiece(share=share)(box, 0, 1).sum() == 4
    assert TwoPiece(share=0)(box, 0, 1).sum() == 0
    assert TwoPiece(0)(RAMP, 30, 75).unique().tolist() == [75]


def test_quantiles_give_each_quality_to_as_many_blocks():
    Q = Quantiles(5)(RAMP, 20, 100)
    values, counts = Q.unique(return_counts=True)
    assert values.tolist() == [20, 40, 60, 80, 100] and counts.tolist() == [4] * 5
    constant = Quantiles(5)(torch.full((1, 1, 16, 16), 0.7), 20, 100)
    assert constant.unique().tolist() == [20]


def test_entropy_by_hand():
    P = torch.zeros(1, 1, 8, 24)
    P[..., 8:12] = 1  # half of the second block: one bit
    P[..., 16:] = torch.arange(64).view(8, 8) / 255  # all different: six bits
    assert block_entropy(P).tolist() == [[0, 1, 6]]
    assert block_entropy(P, 4).tolist()[0] == [0, 0, 0, 0, 4, 4]
    assert block_entropy(P[..., :20], 16).shape == (1, 2)


@pytest.mark.parametrize("n", [4, 8, 16])
def test_edges_are_where_the_map_changes(n):
    P = torch.zeros(1, 1, 64, 64)
    P[..., 22:42, 22:42] = 1
    alone = Edges(n=n, share=0.9)(P, 30, 90)
    assert alone[0].unique().tolist() == [30]  # constant: entropy 0 is no edge
    assert alone[2, 4].item() == 90 and alone[4, 4].item() == (90 if n > 8 else 30)
    added = Edges(n=n, share=0.9, base=TwoPiece(), extra=15)(P, 30, 80)
    assert added.max() == 80 and added[0, 0] == 30
    outside = Edges(n=n, share=0.9, base=TwoPiece(1.0), extra=15)(P * 0.9, 30, 80)
    assert outside.unique().tolist() == [30, 45]


@pytest.mark.parametrize("mean", [31, 40, 55, 69])
def test_progressive_meets_the_mean(mean):
    Q = Progressive(mean=mean)(RAMP, 30, 70)
    assert Q.mean().item() == pytest.approx(mean, abs=0.5)
    assert Q.min() >= 30 and Q.max() <= 70
    falling = Progressive(mean=mean)(RAMP, 70, 30)
    assert falling.mean().item() == pytest.approx(mean, abs=0.5)


def test_progressive_says_what_a_map_cannot_give():
    half = torch.zeros(1, 1, 16, 16)
    half[..., 8:] = 0.2
    Q = Progressive(mean=50)(half, 30, 70)
    assert Q.unique().tolist() == pytest.approx([30, 70])
    with pytest.raises(ValueError, match=r"from 30 to 50.* 50% of its blocks are 0"):
        Progressive(mean=60)(half, 30, 70)
    with pytest.raises(ValueError, match="lambda must not be negative"):
        Progressive(gain=-1)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (8, 200)])
def test_rules_take_any_size(rule, size):
    P = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(1))
    P = P * 0.5 + 0.5 if isinstance(rule, Progressive) else P
    for block in (8, 16):
        Q = rule(P, 30.0, 70.0, block)
        assert Q.shape == tuple(math.ceil(n / block) for n in size)
        assert Q.dtype == torch.float32 and Q.min() >= 30 and Q.max() <= 70


@pytest.mark.parametrize(
    "make",
    [lambda: TwoPiece(1.5), lambda: TwoPiece(share=-0.1), lambda: Quantiles(1),
     lambda: Edges(n=5), lambda: Edges(share=2), lambda: TwoPiece(True)],
)  # fmt: skip
def test_rules_refuse_what_they_cannot_do(make):
    with pytest.raises(ValueError):
        make()


def test_resolve_is_the_door():
    x = torch.rand(1, 3, 20, 30)
    assert resolve(None, x).unique().tolist() == [1]
    assert resolve(lambda image: image[:, :1], x).equal(x[:, :1])
    assert resolve(torch.ones(1, 1, 20, 30, dtype=torch.float64), x).dtype == x.dtype
    for bad, error, words in (
        (torch.rand(1, 1, 20, 31), ValueError, r"\(1, 1, 20, 31\).*needs"),
        (torch.full((1, 1, 20, 30), torch.nan), ValueError, "NaN"),
        (torch.full((1, 1, 20, 30), 1.2), ValueError, "goes from 1.2"),
        (torch.ones(1, 1, 20, 30, dtype=torch.uint8), TypeError, "uint8"),
        ("centre", TypeError, "a callable or a map"),
        (lambda image: None, TypeError, "NoneType"),
    ):
        with pytest.raises(error, match=words):
            resolve(bad, x)


def test_maps_that_look_at_nothing():
    x = torch.rand(1, 3, 48, 64)
    P = centre_map(x)
    assert P.shape == (1, 1, 48, 64) and P.max() <= 1
    assert P.flatten().argmax() in (23 * 64 + 31, 23 * 64 + 32, 24 * 64 + 31)
    one, two = (random_map(x, torch.Generator().manual_seed(s)) for s in (1, 2))
    assert one.min() == 0 and one.max() == 1 and not one.equal(two)
    assert one.equal(random_map(x, torch.Generator().manual_seed(1)))
    assert random_map(torch.rand(1, 1, 1, 1), torch.Generator()).shape == (1, 1, 1, 1)
