# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Distillation: views, the loss, a rehearsal that resumes, and the doors."""

from dataclasses import replace

import pytest
import torch

from srlab.saliency import distilling, views
from srlab.saliency.teachers import MobileNetV1, teacher


@pytest.fixture(scope="module")
def squares():
    return distilling.gather(("photos",), limit=2)


def test_squares_of_long_pictures_are_three(squares):
    assert squares.dtype == torch.uint8 and squares.shape[1:] == (3, 256, 256)
    long = torch.rand(1, 3, 40, 100)
    assert len(views._squares(long)) == 3
    assert len(views._squares(long[..., :44])) == 1


def test_views_are_pictures_and_repeat(squares):
    made = [
        distilling.views(squares, 6, 48, torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    assert made[0].shape == (6, 3, 48, 48)
    assert made[0].min() >= 0 and made[0].max() <= 1
    assert torch.equal(*made)
    other = distilling.views(squares, 6, 48, torch.Generator().manual_seed(4))
    assert not torch.equal(made[0], other)


def test_the_sums_add_up_to_one():
    sums = distilling._sums(torch.device("cpu"))
    p = torch.rand(2, 1000).softmax(1)
    assert torch.allclose((p @ sums).sum(1), torch.ones(2), atol=1e-5)


def test_it_learns_the_answers_of_its_teacher(squares):
    """Twelve steps towards a constant answer: the loss falls."""

    def guide(x):
        logits = torch.zeros(len(x), 1000)
        logits[:, 281] = 8
        return logits

    torch.manual_seed(0)
    pupil = distilling.Pupil(distilling.PhotoNet(width=8, depth=1))
    optimizer = torch.optim.AdamW(pupil.parameters(), 3e-3)
    sums, losses = distilling._sums(torch.device("cpu")), []
    for step in range(12):
        x = distilling.views(squares, 4, 32, torch.Generator().manual_seed(step))
        loss = distilling._loss(pupil, guide, x, sums)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5


def test_a_rehearsal_that_was_stopped_goes_on(tmp_path):
    plan = distilling.recipe("rehearse")
    whole, made = distilling.distil(plan, device="cpu")
    assert made["steps"] == 2
    distilling.distil(plan, tmp_path, "cpu")
    again, made = distilling.distil(plan, tmp_path, "cpu")
    assert made["steps"] == 2
    pairs = zip(whole.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(ValueError, match="another run"):
        distilling.distil(replace(plan, seed=1), tmp_path, "cpu")


def test_the_teachers_layout():
    net = MobileNetV1()
    assert sum(p.numel() for p in net.parameters()) == 2_585_560
    assert net(torch.rand(1, 3, 64, 64)).shape == (1, 1000)


def test_wrong_teachers_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no teacher"):
        teacher("nowhere.pth")
    with pytest.raises(ValueError, match="neither a file"):
        teacher("mobilenet_v99")
    file = tmp_path / "wrong.pth"
    torch.save({"a": torch.zeros(1)}, file)
    with pytest.raises(ValueError, match=r"lack layers\.0"):
        teacher(str(file))
    with pytest.raises(ValueError, match="rehearse"):
        distilling.recipe("slow")
    with pytest.raises(FileNotFoundError, match="SRLAB_DATA"):
        distilling.gather(("Imagenette_900/no_such_part",))
