# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What each of the nine methods erases, on square and other pictures."""

import math

import pytest
import torch
import torch.nn.functional as F

from srlab.saliency.classifiers import MEAN
from srlab.saliency.erasing import (
    SPG,
    AdversarialErasing,
    AttentionDropout,
    Cutout,
    DropBlock,
    FickleNet,
    GridMask,
    HideAndSeek,
    RandomErasing,
    guidance,
)

SIZES = [(37, 53), (53, 37), (160, 240), (64, 64)]
ERASERS = [HideAndSeek(), RandomErasing(probability=1), Cutout(), GridMask()]


def seed(number=0):
    return torch.Generator().manual_seed(number)


def rectangle(mask):
    """Top, left, height, width of the erased part of one mask (h, w), which is full."""
    rows, columns = ((mask == 0).any(d).nonzero().flatten() for d in (1, 0))
    top, left = rows[0].item(), columns[0].item()
    height, width = rows[-1].item() - top + 1, columns[-1].item() - left + 1
    inside = mask[top : top + height, left : left + width]
    assert (inside == 0).all(), "the erased part is no rectangle"
    return top, left, height, width


@pytest.mark.parametrize("eraser", ERASERS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("size", SIZES)
def test_only_the_masked_part_changes(eraser, size):
    x = torch.rand(3, 3, *size, generator=seed(5))
    mask = eraser.mask(x, seed(1))
    y = eraser(x, seed(1))
    assert mask.shape == (3, 1, *size) and set(mask.unique().tolist()) <= {0, 1}
    kept = mask.expand_as(x) > 0
    assert torch.equal(y[kept], x[kept])
    erased = ~kept
    assert (mask == 0).any()
    if not isinstance(eraser, RandomErasing):
        mean = torch.tensor(MEAN).view(1, 3, 1, 1).expand_as(x)
        assert torch.equal(y[erased], mean[erased])
    else:
        noise = y[erased]
        assert noise.min() >= 0 and noise.max() <= 1 and noise.std() > 0.2
    assert torch.equal(y, eraser(x, seed(1))) and not torch.equal(y, eraser(x, seed(2)))


@pytest.mark.parametrize("eraser", ERASERS, ids=lambda e: type(e).__name__)
def test_grey_pictures_and_no_pictures(eraser):
    grey = torch.rand(2, 1, 40, 30)
    assert eraser(grey, seed()).shape == grey.shape
    with pytest.raises(ValueError, match="divide"):
        eraser(255 * torch.rand(1, 3, 40, 40), seed())


@pytest.mark.parametrize("size", SIZES)
def test_hide_and_seek_hides_whole_cells(size):
    mask = HideAndSeek().mask(torch.zeros(40, 3, *size), seed())
    side = math.ceil(min(size) / 4)
    cells = [
        part for row in mask.split(side, 2) for part in row.split(side, 3)
    ]  # each (40, 1, <= side, <= side)
    assert len(cells) == math.ceil(size[0] / side) * math.ceil(size[1] / side)
    hidden = []
    for cell in cells:
        low, high = cell.amin((1, 2, 3)), cell.amax((1, 2, 3))
        assert torch.equal(low, high)  # all or nothing
        hidden.append(1 - low)
    rate = torch.stack(hidden).mean().item()
    assert abs(rate - 0.5) < 3 * 0.5 / math.sqrt(40 * len(cells))


def test_hide_and_seek_hides_at_its_rate():
    mask = HideAndSeek(rate=0.2).mask(torch.zeros(200, 3, 64, 64), seed())
    assert (1 - mask).mean().item() == pytest.approx(0.2, abs=0.025)


@pytest.mark.parametrize("size", SIZES)
def test_random_erasing_is_one_rectangle_of_its_area_and_aspect(size):
    x = torch.zeros(200, 3, *size)
    masks = RandomErasing(probability=1).mask(x, seed())[:, 0]
    wide = tall = 0
    for mask in masks:
        _, _, h, w = rectangle(mask)
        pixels = size[0] * size[1]
        slack = (h + w) / pixels  # whole pixels: half of one on each side
        assert 0.02 - slack <= h * w / pixels <= 0.33 + slack
        assert (h - 0.5) / (w + 0.5) <= 3.34 and (h + 0.5) / (w - 0.5) >= 0.3
        tall, wide = tall + (h > w), wide + (w > h)
    assert tall > 20 and wide > 20
    assert 0.1 < (1 - masks).mean() < 0.2


def test_random_erasing_spares_half_of_the_pictures():
    masks = RandomErasing().mask(torch.zeros(400, 3, 20, 30), seed())
    spared = (masks.amin((1, 2, 3)) == 1).float().mean().item()
    assert spared == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("size", SIZES)
def test_cutout_is_a_square_that_borders_clip(size):
    side = round(0.5 * min(size))
    whole, clipped = 0, 0
    for mask in Cutout().mask(torch.zeros(100, 3, *size), seed())[:, 0]:
        top, left, h, w = rectangle(mask)
        assert h <= side and w <= side
        inside = h == side and w == side
        at_border = top == 0 or left == 0 or top + h == size[0] or left + w == size[1]
        assert inside or at_border
        whole, clipped = whole + inside, clipped + (not inside)
    assert whole > 10 and clipped > 10
    centres = Cutout(side=1 / min(size)).mask(torch.zeros(300, 3, *size), seed())[:, 0]
    places = torch.stack([(m == 0).nonzero()[0] for m in centres]).float()
    assert places[:, 0].max() > 0.9 * size[0] and places[:, 1].max() > 0.9 * size[1]


@pytest.mark.parametrize("size", SIZES)
def test_gridmask_is_periodic_in_both_directions(size):
    short = min(size)
    eraser = GridMask(period=(0.25, 0.25), probability=1)
    period = round(short / 4)
    for mask in eraser.mask(torch.zeros(10, 3, *size), seed())[:, 0]:
        assert torch.equal(mask[period:], mask[:-period])
        assert torch.equal(mask[:, period:], mask[:, :-period])
        cell = mask[:period, :period]
        side = max(1, round(0.4 * period))
        assert (cell == 0).sum() == side**2  # one square a period
        rows = (mask == 0).any(1)
        assert torch.equal(mask == 0, rows[:, None] & (mask == 0).any(0)[None])


def test_gridmask_keeps_its_ratio_and_begins_gently():
    x = torch.zeros(300, 3, 64, 96)
    always = GridMask(probability=1)
    assert always.mask(x, seed()).mean() == pytest.approx(1 - 0.4**2, abs=0.02)
    eraser = GridMask()
    hit = [
        (eraser.mask(x, seed(), share).amin((1, 2, 3)) == 0).float().mean().item()
        for share in (0, 0.4, 0.8, 1)
    ]
    assert hit[0] == 0 and hit[2] == hit[3]
    # a large period may miss a picture? it never does: it is at most the shorter side
    assert hit[1] == pytest.approx(0.4, abs=0.09)
    assert hit[3] == pytest.approx(0.8, abs=0.07)


def test_adl_drops_exactly_where_attention_is_high():
    x = torch.rand(4, 8, 5, 9, generator=seed())
    layer = AttentionDropout()
    attention = x.mean(1, keepdim=True)
    for picture in range(4):
        high = attention[picture] >= 0.8 * attention[picture].max()
        assert torch.equal(layer.mask(x)[picture] == 0, high)
    assert torch.equal(layer.importance(x), attention.sigmoid())
    assert layer.eval()(x) is x


def test_adl_draws_one_of_both_maps_a_call():
    x = torch.rand(2, 8, 6, 7, generator=seed())
    layer, generator, dropped = AttentionDropout(), seed(), 0
    for _ in range(200):
        y = layer(x, generator)
        drop = torch.equal(y, x * layer.mask(x))
        assert drop or torch.equal(y, x * layer.importance(x))
        dropped += drop
    assert dropped / 200 == pytest.approx(0.75, abs=0.08)


@pytest.mark.parametrize("shared", [False, True])
def test_dropblock_drops_whole_blocks(shared):
    layer = DropBlock(keep=0.95, size=3, shared=shared)
    x = torch.ones(4, 6, 20, 31)
    mask = layer.mask(x, seed())
    assert mask.shape == (4, 1 if shared else 6, 20, 31)
    zeros = mask == 0
    assert zeros.any()
    # each dropped unit lies in a 3 x 3 block that is dropped as a whole
    whole = F.avg_pool2d(mask, 3, stride=1) == 0
    covered = F.max_pool2d(F.pad(whole.float(), [2] * 4), 3, stride=1) > 0
    assert torch.equal(covered, zeros)


def test_dropblock_has_the_papers_gamma_and_keeps_the_mean():
    layer = DropBlock()
    assert layer.gamma(14, 14) == pytest.approx(0.1 / 49 * 196 / 64)
    assert layer.gamma(10, 20) == pytest.approx(0.1 / 49 * 200 / (4 * 14))
    assert layer.gamma(14, 14, share=0.5) == pytest.approx(0.05 / 49 * 196 / 64)
    assert layer.gamma(3, 5) <= 1  # a block larger than the map
    x = torch.rand(16, 32, 12, 18, generator=seed())
    mask = layer.mask(x, seed())
    assert 1 - mask.mean() == pytest.approx(0.1, abs=0.03)
    y = layer(x, seed())
    assert y.mean() == pytest.approx(x.mean().item(), rel=0.02)
    ones = layer(torch.ones_like(x), seed())
    assert ones.mean().item() == pytest.approx(1, abs=1e-5)
    assert torch.equal(y, x * mask * (mask.numel() / mask.sum()))
    assert layer.eval()(x) is x


def test_ficklenet_keeps_the_centre_of_every_window():
    head = FickleNet(4, 3, size=5)
    x = torch.rand(6, 4, 7, 9, generator=seed())
    mask = head.mask(x, seed())
    assert mask.shape == (6, 1, 35, 45)
    assert (mask[..., 2::5, 2::5] == 1).all()
    others = (mask.sum() - 6 * 63) / (6 * 63 * 24)
    assert others == pytest.approx(0.1, abs=0.01)
    assert not torch.equal(mask, head.mask(x, seed(1)))


def test_ficklenets_logits_are_those_of_the_expanded_map():
    """The windows side by side, dropped, and a convolution that steps over them."""
    head = FickleNet(4, 3, size=3)
    x = torch.rand(2, 4, 5, 8, generator=seed())
    windows = F.unfold(x, 3, padding=1).view(2, 4, 3, 3, 5, 8)
    wide = windows.permute(0, 1, 4, 2, 5, 3).reshape(2, 4, 15, 24)
    dropped = wide * head.mask(x, seed(3))
    maps = F.conv2d(dropped, head.head.weight, head.head.bias, stride=3)
    logits = head.logits(x, seed(3))
    assert torch.allclose(logits, maps.mean((2, 3)), atol=1e-5)
    head.rate = 0.0
    assert torch.allclose(head.logits(x), head.head(x).mean((2, 3)), atol=1e-5)


def test_ficklenet_expects_the_mean_of_its_draws_and_maps_their_maximum():
    head = FickleNet(4, 3, size=3, rate=0.5, draws=20)
    x = torch.rand(1, 4, 5, 8, generator=seed())
    generator = seed()
    with torch.no_grad():
        drawn = torch.stack([head.logits(x, generator) for _ in range(800)])
        mean = head.eval().logits(x)
    assert torch.allclose(drawn.mean(0), mean, atol=4 * drawn.std(0).max() / 28)
    target = torch.tensor([2])
    maps = head.maps(x, target)
    draws = head.draw(x, target, torch.Generator().manual_seed(0), 20)
    assert torch.equal(maps, draws.amax(0)) and not torch.equal(draws[0], draws[1])
    assert torch.equal(maps, head.maps(x, target))
    two = head.maps(torch.cat([x, x.flip(3)]), torch.tensor([2, 0]))
    assert torch.equal(two[:1], maps)


def test_ficklenets_draw_is_the_gradient_times_the_features():
    head = FickleNet(4, 3, size=3)
    x = torch.rand(1, 4, 5, 8, generator=seed(), requires_grad=True)
    logit = head.logits(x, seed(7))[0, 1]
    (slope,) = torch.autograd.grad(logit, x)
    by_hand = (x * slope).sum(1, keepdim=True)
    drawn = head.draw(x.detach(), torch.tensor([1]), seed(7))[0]
    assert torch.allclose(drawn, by_hand, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_ae_psl_erases_the_top_of_the_map(size):
    height, width = size
    maps = torch.zeros(1, 1, 5, 8)
    maps[0, 0, 1, 6] = 3.0  # on the right, above the middle
    mining = AdversarialErasing()
    mask = mining.mask(maps, size)
    assert mask.shape == (1, 1, height, width)
    gone = (mask[0, 0] == 0).nonzero().float() + 0.5
    expected = torch.tensor([1.5 / 5 * height, 6.5 / 8 * width])
    assert (gone.mean(0) - expected).abs().max() < 1
    large = F.interpolate(maps, size=size, mode="bilinear")
    large = large / large.max()
    assert torch.equal(mask == 0, large >= 0.8)
    x = torch.rand(1, 3, *size)
    y = mining(x, maps)
    kept = mask.expand_as(x) > 0
    assert torch.equal(y[kept], x[kept])
    colours = y[0].permute(1, 2, 0)[mask[0, 0] == 0]
    assert torch.equal(colours, torch.tensor(MEAN).expand_as(colours))


def test_ae_psls_union_reaches_the_threshold_where_any_round_does():
    rounds = [torch.rand(2, 1, 6, 9, generator=seed(k)) for k in range(3)]
    mining = AdversarialErasing()
    union = mining.union(rounds)
    flat = [(m - m.amin((2, 3), True)) for m in rounds]
    flat = [m / m.amax((2, 3), True) for m in flat]
    assert torch.equal(union >= 0.8, sum((m >= 0.8).int() for m in flat) > 0)


def test_spgs_masks_have_three_kinds_of_places():
    attention = torch.full((1, 1, 4, 10), 0.3)
    attention[..., 0, :] = 0.9
    attention[..., 3, :] = 0.01
    seeds = guidance(attention, 0.7, 0.05)[0, 0]
    assert (seeds[0] == 1).all() and (seeds[1:3] == 255).all() and (seeds[3] == 0).all()
    small = torch.full((1, 1, 28, 28), 0.3)
    small[..., :2, :10] = 0.9  # 20 places: fewer than 30
    small[..., 10, :10] = 0.65
    assert (guidance(small, 0.7, 0.05) == 1).sum() == 30  # bar: 0.7 of 0.9
    small[..., 2:4, :10] = 0.9
    assert (guidance(small, 0.7, 0.05) == 1).sum() == 40


def test_spg_teaches_each_branch_with_the_right_map():
    torch.manual_seed(0)
    head = SPG(6, 4, 3, width=5)
    top, middle = torch.rand(2, 6, 5, 8), torch.rand(2, 4, 10, 16)
    labels = torch.tensor([2, 0])
    out = head.branches(top, middle)
    masks = head.mask(top, middle, labels)
    assert {k: v.shape for k, v in masks.items()} == {
        k: v.shape for k, v in out.items()
    }
    attention = head.maps(top, labels)
    low, high = (f(attention, (2, 3), True) for f in (torch.amin, torch.amax))
    wanted = guidance((attention - low) / (high - low), 0.7, 0.05)
    assert torch.equal(masks["B2"], wanted) and (masks["B2"] == 1).any()
    b2 = out["B2"].sigmoid()
    larger = F.interpolate(b2, size=(10, 16), mode="bilinear")
    assert torch.equal(masks["B1"], guidance(larger, 0.5, 0.05))
    b1 = F.interpolate(out["B1"].sigmoid(), size=(5, 8), mode="bilinear")
    assert torch.equal(masks["C"], guidance((b1 + b2) / 2, 0.7, 0.1))


def test_spgs_loss_is_over_judged_places_and_reaches_all_branches():
    torch.manual_seed(0)
    head = SPG(6, 4, 3, width=5)
    top, middle = torch.rand(2, 6, 5, 8), torch.rand(2, 4, 10, 16)
    labels = torch.tensor([2, 0])
    out, masks = head.branches(top, middle), head.mask(top, middle, labels)
    wanted = F.cross_entropy(head.logits(top), labels)
    for key, seeds in masks.items():
        known = seeds != 255
        wanted = wanted + F.binary_cross_entropy_with_logits(
            out[key][known], seeds[known]
        )
    loss = head.loss(top, labels, middle=middle)
    assert torch.allclose(loss, wanted, atol=1e-6)
    loss.backward()
    assert all(p.grad is not None for p in head.parameters())
