# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Localisers: every method learns, is asked and goes on; the budget; the doors."""

from dataclasses import replace

import pytest
import torch

from srlab import images
from srlab.saliency import localising, photographs
from srlab.saliency.localiser import AE_PSL
from srlab.saliency.localising import METHODS, Localiser, lesson, teach

NAMES = (
    *("cam", "has", "random_erasing", "cutout", "gridmask", "ae_psl", "spg", "adl"),
    *("dropblock", "ficklenet", "acol"),
)


def seed(number=0):
    return torch.Generator().manual_seed(number)


@pytest.fixture(scope="module", params=NAMES)
def net(request):
    return teach(lesson(request.param, "rehearse"), device="cpu")


def fresh(method, classes=3):
    torch.manual_seed(0)
    return Localiser(method, [str(k) for k in range(classes)]).start()


def test_there_are_eleven_methods():
    assert tuple(METHODS) == NAMES


def test_each_method_learns_what_may_learn(net):
    start = fresh(net.method).state_dict()
    now = net.state_dict()
    for name, value in now.items():
        if name.startswith(("net.stem", "net.stage1")) and "num_batches" not in name:
            assert torch.equal(value, start[name]), name
    moved = [n for n, v in now.items() if not torch.equal(v, start[n])]
    assert any(n.startswith("net.stage2") for n in moved)
    assert any(n.startswith("net.stage3") for n in moved)
    learned = {n for n, _ in net.head.named_parameters()}
    assert {n for n in learned if f"head.{n}" in moved} == learned
    assert net.made["steps"] == 2 and not net.training


@pytest.mark.parametrize("size", [(37, 53), (160, 240)])
def test_maps_have_the_pictures_shape_and_repeat(net, size):
    image = images.photo("chelsea")[..., : size[0], : size[1]]
    x = net.prepare(image)
    maps = net.maps(x, 1)
    assert maps.shape == (1, 1, *(-(-n // 16) for n in x.shape[-2:]))
    saliency = net.saliency(image, net.labels[1])
    assert saliency.shape == (1, 1, *size)
    assert saliency.min() == 0 and saliency.max() == 1
    assert torch.equal(saliency, net.saliency(image, 1))
    assert net(x).shape == (1, 3)


def test_a_batch_is_asked_for_different_classes(net):
    x = net.prepare(images.photo("coffee")[..., :160, :240])
    both = net.maps(torch.cat([x, x.flip(3)]), torch.tensor([2, 0]))
    for one, target, k in ((x, 2, 0), (x.flip(3), 0, 1)):
        assert torch.allclose(net.maps(one, target), both[k : k + 1], atol=1e-4)


@pytest.mark.parametrize("method", ["cam", "spg", "ficklenet"])
def test_height_and_width_are_not_swapped(method):
    """A change near the upper right corner shows in that part of the map."""
    net = fresh(method).eval()
    x = images.photo("coffee")[..., :160, :320].clone()
    y = x.clone()
    y[..., 16:48, 272:304] = 1 - y[..., 16:48, 272:304]
    change = (net.maps(y, 0) - net.maps(x, 0)).abs()[0, 0]
    assert change.shape == (10, 20)
    row, column = divmod(change.argmax().item(), 20)
    assert row <= 4 and column >= 15


def test_cams_mean_is_the_logit():
    net = fresh("cam").eval()
    x = torch.rand(2, 3, 64, 96, generator=seed())
    logits = net(x)
    mean = net.maps(x, torch.tensor([0, 2])).mean((1, 2, 3))
    bias = net.head.linear.bias[[0, 2]]
    assert torch.allclose(mean + bias, logits[[0, 1], [0, 2]], atol=1e-4)


def test_erasing_is_for_training_only():
    x = torch.rand(2, 3, 64, 64, generator=seed())
    for method in ("adl", "dropblock"):
        net = fresh(method)
        one, two = (net.loss(x, torch.tensor([0, 1]), seed(k)) for k in (0, 3))
        assert not torch.equal(one, two)
        net.eval()
        plain = fresh("cam").eval()
        plain.load_state_dict(net.state_dict())
        assert torch.equal(net(x), plain(x))


def test_pictures_are_erased_before_the_network_sees_them(monkeypatch):
    net = fresh("cutout")
    seen = []
    monkeypatch.setattr(
        net, "features", lambda x, *a: seen.append(x) or (x, torch.rand(2, 256, 2, 2))
    )
    x = torch.rand(2, 3, 37, 53, generator=seed())
    net.loss(x, torch.tensor([0, 1]), seed(4))
    assert torch.equal(seen[0], net.eraser(x, seed(4)))
    assert not torch.equal(seen[0], x)


def test_ae_psls_second_network_learns_from_what_the_first_left():
    first = fresh("cam").eval()
    data = localising.photographs("photos", 3)
    rest = localising._mine(first, data)
    x = data.squares.float() / 255
    maps = first.maps(first.prepare(x), data.labels)
    mask = AE_PSL.mask(maps, (224, 224)).expand_as(x) > 0
    assert 0 < (~mask).float().mean() < 0.5
    assert torch.equal(rest[mask], data.squares[mask])
    assert (rest[~mask].float().std() < 10) and not torch.equal(rest, data.squares)


def test_ae_psls_map_is_the_union_of_its_rounds():
    net = teach(lesson("ae_psl", "rehearse"), device="cpu")
    x = net.prepare(images.photo("coffee"))
    seen = net.first.maps(x, 0)
    again = net.head.maps(net.features(AE_PSL(x, seen))[1], torch.tensor([0]))
    assert torch.equal(net.maps(x, 0), AE_PSL.union([seen, again]))
    assert torch.equal(net(x), net.first(x))


@pytest.mark.parametrize("method", ["acol", "ae_psl"])
def test_a_run_that_was_stopped_goes_on(method, tmp_path):
    plan = replace(lesson(method, "rehearse"), steps=4)
    whole = teach(plan, device="cpu")
    step, count = Localiser.loss, 0

    def loss(*words, **more):
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        return step(*words, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Localiser, "loss", loss)
        with pytest.raises(KeyboardInterrupt):
            teach(plan, tmp_path, "cpu")
    again = teach(plan, tmp_path, "cpu")
    assert again.made["steps"] == 4 and count == 4
    pairs = zip(whole.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(ValueError, match="another run"):
        teach(replace(plan, batch=3), tmp_path, "cpu")


def test_weights_are_written_and_read(tmp_path):
    plan = lesson("spg", "rehearse")
    file = localising.run(plan, tmp_path, device="cpu")
    net = localising.localiser(file)
    assert net.method == "spg" and net.labels == images.photo_names()[:3]
    trained = teach(plan, tmp_path, "cpu")  # from the checkpoint, nothing to do
    x = net.prepare(images.photo("coffee"))
    assert torch.allclose(net(x), trained(x), atol=0.02)
    assert net.card.settings["method"] == "spg" and "two steps" not in net.card.note


def test_the_clock_and_the_steps_end_a_run():
    plan = lesson("cam", "short")
    assert plan.share(0, 90) == 0.5 and plan.share(0, 400) == 1
    assert lesson("cam").share(1000, 1e9) == 0.5
    brief = replace(lesson("cam", "rehearse"), steps=10**6, minutes=1e-4)
    assert teach(brief, device="cpu").made["steps"] < 5


def test_photographs_and_crops():
    data = localising.photographs("photos", 4)
    assert data.squares.shape == (4, 3, 224, 224) and data.squares.dtype == torch.uint8
    assert data.labels.tolist() == [0, 1, 2, 3] and len(data.names) == 4
    made = [localising.crops(data.squares, 48, seed(2)) for _ in range(2)]
    assert made[0].shape == (4, 3, 48, 48)
    assert made[0].min() >= 0 and made[0].max() <= 1
    assert torch.equal(*made)
    assert not torch.equal(made[0], localising.crops(data.squares, 48, seed(3)))


def test_crops_show_a_third_to_all_of_the_area_and_half_are_mirrored():
    ramp = torch.arange(224, dtype=torch.uint8).expand(1, 224, 224)
    both = torch.stack([ramp, ramp.transpose(1, 2), ramp], 1).expand(200, -1, -1, -1)
    x = 255 / 224 * photographs._cut(both, 32, torch.rand(200, 5, generator=seed()))
    across = (x[:, 0, 16, 31] - x[:, 0, 16, 0]) * 32 / 31  # share of the width
    down = (x[:, 1, 31, 16] - x[:, 1, 0, 16]) * 32 / 31
    area = across.abs() * down
    assert area.min() > 0.32 and area.max() > 0.9 and down.min() > 0
    assert (across > 0).float().mean().item() == pytest.approx(0.5, abs=0.1)


def test_wrong_lessons_are_told():
    with pytest.raises(ValueError, match="acol"):
        lesson("acoll")
    with pytest.raises(ValueError, match="rehearse"):
        lesson("acol", "slow")
    with pytest.raises(ValueError, match="batch"):
        replace(lesson("acol"), batch=0)
    with pytest.raises(ValueError, match="minutes"):
        replace(lesson("acol"), minutes=-1)
    with pytest.raises(ValueError, match="acol"):
        Localiser("no", ["a"])
    with pytest.raises(FileNotFoundError, match="SRLAB_DATA"):
        localising.photographs("Imagenette_900/no_such_part")
