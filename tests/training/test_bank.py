# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The bank cuts what a careful hand would cut, and the same again."""

import pytest
import torch

from srlab.datasets import dihedral
from srlab.datasets.bank import Bank


def pictures(*sizes: tuple[int, int], channels: int = 3, ratio: int = 2):
    g = torch.Generator().manual_seed(0)
    for h, w in sizes:
        y = torch.randint(
            256, (channels, h * ratio, w * ratio), generator=g, dtype=torch.uint8
        )
        yield y[:, ::ratio, ::ratio], y


@pytest.mark.parametrize(("channels", "ratio"), [(3, 2), (1, 1), (1, 3)])
def test_a_crop_is_the_same_place_of_both_in_the_same_position(channels, ratio):
    found = list(pictures((20, 30), (33, 17), channels=channels, ratio=ratio))
    bank = Bank(found)
    x, y = bank.batch(3, 64, 8)
    assert x.shape == (64, channels, 8, 8) and y.shape[-1] == 8 * ratio
    for n, (i, top, left, k) in enumerate(zip(*bank._draw(3, 64, 8), strict=True)):
        for got, whole, r in ((x[n], found[i][0], 1), (y[n], found[i][1], ratio)):
            side = slice(top * r, (top + 8) * r), slice(left * r, (left + 8) * r)
            want = dihedral(whole[:, side[0], side[1]], int(k)).float() / 255
            assert torch.equal(got, want)


def test_a_batch_is_a_function_of_seed_and_step():
    found = list(pictures((20, 30)))
    one, two = Bank(found, seed=1), Bank(found, seed=1)
    two.batch(9, 4, 8)
    assert torch.equal(one.batch(5, 4, 8)[0], two.batch(5, 4, 8)[0])
    assert not torch.equal(one.batch(5, 4, 8)[0], one.batch(6, 4, 8)[0])
    assert not torch.equal(one.batch(5, 4, 8)[0], Bank(found, seed=2).batch(5, 4, 8)[0])


def test_processes_share_a_batch():
    bank = Bank(pictures((20, 30)))
    whole = bank.batch(7, 6, 8)[1]
    shares = [bank.batch(7, 6, 8, rank, 2)[1] for rank in (0, 1)]
    assert torch.equal(torch.stack(shares, 1).flatten(0, 1), whole)


def test_pictures_are_drawn_by_their_places_and_small_ones_never():
    bank = Bank(pictures((40, 40), (9, 9), (7, 50)))
    image, top, left, position = bank._draw(0, 4000, 8)
    assert set(image.tolist()) <= {0, 1}
    share = (image == 1).float().mean().item()
    assert share == pytest.approx(4 / (33 * 33 + 4), abs=0.005)
    assert top[image == 0].max() == 32 and left[image == 0].min() == 0
    assert len(set(position.tolist())) == 8


def test_a_crop_may_be_the_whole_picture():
    (x, y), *_ = pictures((12, 12))
    batch = Bank([(x, y)]).batch(0, 8, 12)[0]
    assert all(torch.equal(b.sort().values, batch[0].flatten().sort().values)
               for b in batch.reshape(8, -1))  # fmt: skip


def test_memory_order_is_channels_last():
    x, _ = Bank(pictures((20, 20))).batch(0, 4, 8)
    assert x.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("pairs", "error", "word"),
    [
        ([], ValueError, "no pictures"),
        ([(torch.zeros(3, 4, 4), torch.zeros(3, 8, 8))], TypeError, "uint8"),
        (
            [(torch.zeros(3, 4, 4).byte(), torch.zeros(3, 8, 9).byte())],
            ValueError,
            "2 times as large",
        ),
        (
            [*pictures((9, 9)), *pictures((9, 9), channels=1)],
            ValueError,
            "3 channels",
        ),
    ],
)
def test_what_does_not_fit_is_refused(pairs, error, word):
    with pytest.raises(error, match=word):
        Bank(pairs)


def test_a_crop_larger_than_all_pictures_is_told():
    with pytest.raises(ValueError, match="the largest has 20"):
        Bank(pictures((20, 30))).batch(0, 1, 21)
