# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ACoL: what B does not see, both losses, max fusion; and CAM's head."""

import pytest
import torch
import torch.nn.functional as F

from srlab.saliency.acol import ACoL, ClassHead, min_max


@pytest.fixture
def features():
    return torch.rand(3, 6, 7, 11, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def head():
    torch.manual_seed(0)
    return ACoL(6, 4, width=5)


def test_min_max_goes_from_0_to_1_and_stands_a_flat_map():
    maps = torch.tensor([[[[2.0, 4.0, 3.0]]], [[[5.0, 5.0, 5.0]]]])
    assert min_max(maps).tolist() == [[[[0, 1, 0.5]]], [[[0, 0, 0]]]]


def test_b_sees_what_a_did_not_look_at(head, features):
    """Features where A's map is high do not reach B, all others do."""
    labels = torch.tensor([1, 3, 0])
    _, logits_b, map_a, map_b = head(features, labels)
    mask = head.mask(map_a)
    assert torch.equal(mask == 0, min_max(map_a) >= 0.6)
    assert 0 < (mask == 0).float().mean() < 1
    x = F.avg_pool2d(features, 3, 1, 1)
    changed = torch.where(mask > 0, x, torch.full_like(x, 0.0))
    assert torch.equal(head.b(changed).mean((2, 3)), logits_b)
    picked = torch.stack([head.b(changed)[i, k] for i, k in enumerate(labels)])
    assert torch.equal(picked[:, None], map_b)


def test_another_label_erases_other_places(head, features):
    one = head(features, torch.tensor([0, 0, 0]))
    two = head(features, torch.tensor([1, 1, 1]))
    assert torch.equal(one[0], two[0])  # A sees everything
    assert not torch.equal(head.mask(one[2]), head.mask(two[2]))
    best = head(features)
    again = head(features, best[0].argmax(1))
    assert all(torch.equal(a, b) for a, b in zip(best, again, strict=True))


def test_the_map_is_the_larger_of_both(head, features):
    target = torch.tensor([1, 3, 0])
    *_, map_a, map_b = head(features, target)
    fused = head.maps(features, target)
    assert torch.equal(fused, torch.maximum(min_max(map_a), min_max(map_b)))
    assert fused.shape == (3, 1, 7, 11) and fused.max() == 1


def test_the_loss_is_both_branches_and_erasing_has_no_gradient(head, features):
    labels = torch.tensor([1, 3, 0])
    logits_a, logits_b, *_ = head(features, labels)
    wanted = F.cross_entropy(logits_a, labels) + F.cross_entropy(logits_b, labels)
    loss = head.loss(features, labels)
    assert torch.equal(loss, wanted)
    alone = F.cross_entropy(logits_b, labels)
    grads = torch.autograd.grad(alone, [*head.a.parameters()], allow_unused=True)
    assert all(g is None for g in grads)


def test_it_learns_live_on_features():
    """As a lesson does it: features once, then the head; the second branch learns."""
    generator = torch.Generator().manual_seed(1)
    features = 0.1 * torch.rand(8, 6, 7, 7, generator=generator)
    labels = torch.arange(8) % 2
    features[labels == 0, 0, 1:3, 1:3] += 2  # two telling places a class
    features[labels == 0, 2, 5, 5] += 2
    features[labels == 1, 1, 1:3, 4:6] += 2
    features[labels == 1, 3, 5, 1] += 2
    torch.manual_seed(0)
    head = ACoL(6, 2, width=8)
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        head.loss(features, labels).backward()
        optimizer.step()
    logits_a, logits_b, *_ = head(features, labels)
    assert (logits_a.argmax(1) == labels).all() and (logits_b.argmax(1) == labels).all()


def test_the_class_head_is_cam(features):
    """The mean of a class map and the bias give the logit."""
    head = ClassHead(6, 4)
    logits = head(features)
    for k in range(4):
        maps = head.maps(features, torch.full((3,), k))
        assert maps.shape == (3, 1, 7, 11)
        mean = maps.mean((1, 2, 3)) + head.linear.bias[k]
        assert torch.allclose(mean, logits[:, k], atol=1e-6)
    smooth = head.loss(features, torch.tensor([0, 1, 2]), smoothing=0.1)
    wanted = F.cross_entropy(logits, torch.tensor([0, 1, 2]), label_smoothing=0.1)
    assert torch.equal(smooth, wanted)
