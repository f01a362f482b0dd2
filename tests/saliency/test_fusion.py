# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Several classes in one map, calmer maps, and MSROI."""

import pytest
import torch

import srlab
from srlab import saliency
from srlab.saliency import fusion, msroi
from srlab.saliency.base import normalise


@pytest.fixture(scope="module")
def net():
    return saliency.photo_classifier()


def pair():
    """A cat on the left, a cup on the right."""
    both = [srlab.photo("chelsea")[..., 30:286, 90:346], srlab.photo("coffee")]
    both[1] = both[1][..., 60:316, 250:506]
    return torch.cat(both, dim=3)


def test_the_mended_formula_by_hand():
    f = torch.tensor([[[[1.0, 0.0]], [[0.0, 4.0]]]])  # (1, 2, 1, 2)
    w = torch.tensor([[2.0, 0.0], [0.0, 1.0]])  # class 0 likes channel 0, class 1 the 1
    p = torch.tensor([[0.75, 0.25]])
    found = fusion.weigh_classes(f, w, p, alpha=0.5, beta=1.0)
    # class 0: relu(relu(2 - .5) - 1) = .5 on the left; class 1: relu(3.5 - 1) = 2.5
    assert found.tolist() == [[[[0.75 * 0.5, 0.25 * 2.5]]]]


def test_what_the_printed_formula_would_have_done():
    f = torch.rand(1, 3, 2, 4, generator=torch.Generator().manual_seed(0))
    w = torch.rand(5, 3, generator=torch.Generator().manual_seed(1))
    p = torch.tensor([[0.6, 0.2, 0.1, 0.05, 0.05]])
    maps = fusion.as_printed(f, w, p, beta=0.1)
    assert maps.shape == (1, 5, 2, 4)
    for c in range(1, 5):  # every class has the same map
        assert torch.allclose(maps[0, c] / p[0, c], maps[0, 0] / p[0, 0], atol=1e-6)
    plain = fusion.as_printed(f, w, p)
    assert torch.allclose(plain - maps, (5 * 0.1 * p)[..., None, None].expand_as(maps))
    assert (fusion.as_printed(f, w, p, beta=9.0) < 0).all()
    assert (fusion.weigh_classes(f, w, p, beta=9.0) == 0).all()


def test_one_class_alone_is_its_map(net):
    x = srlab.photo("chelsea")
    cam = saliency.CAM(net)
    only = saliency.Fused(cam, "only", classes=["cat"])
    assert (only(x) - cam(x, "cat")).abs().max() <= 1e-5
    assert (saliency.Fused(cam, "top", top=1)(x) - cam(x)).abs().max() <= 1e-5
    loud = saliency.Fused(cam, "threshold", threshold=0.99)
    assert (loud(x) - cam(x)).abs().max() <= 1e-5, "none is loud: the loudest"


def test_only_the_cat(net):
    x = pair()
    shares = {}
    for name in ("cat", "cup"):
        found = saliency.Fused(saliency.CAM(net), "only", classes=[name])(x)
        shares[name] = (found[..., :256].sum() / found.sum()).item()
    assert shares["cat"] > 0.55 > 0.45 > shares["cup"]
    both = saliency.Fused(saliency.CAM(net), "only", classes=["cat", "cup"])(x)
    assert shares["cup"] < (both[..., :256].sum() / both.sum()).item() < shares["cat"]


def test_the_parts_are_ranked_and_weighed(net):
    parts = saliency.Fused(saliency.CAM(net), top=4).parts(srlab.photo("coffee"))
    weights = [weight for _, weight, _ in parts]
    assert len(parts) == 4 and weights == sorted(weights, reverse=True)
    assert net.labels[parts[0][0]] == "cup" and 0.5 < weights[0] <= 1


def test_a_target_asks_for_that_class_alone(net):
    x, cam = srlab.photo("coffee"), saliency.CAM(net)
    assert torch.equal(saliency.Fused(cam)(x, "cup"), cam(x, "cup"))


def test_batches_are_fused_one_by_one(net):
    x = torch.cat([srlab.photo("chelsea")[..., :256, :256], pair()[..., 256:]])
    fused = saliency.Fused(saliency.CAM(net))
    together = fused(x)
    alone = torch.cat([fused(x[:1]), fused(x[1:])])
    assert (together - alone).abs().max() <= 1e-4


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "loud"}, {"rule": "only"}, {"rule": "top", "classes": ["cat"]},
        {"top": 0}, {"threshold": 2}, {"alpha": 1},
    ],
)  # fmt: skip
def test_rules_that_there_are_not(net, wrong):
    with pytest.raises(ValueError):
        saliency.Fused(saliency.CAM(net), **wrong)


# Smoothing


def test_augmented_by_hand(net):
    x, cam = srlab.photo("chelsea")[..., ::2, ::2], saliency.CAM(net)
    found = saliency.Augmented(cam, gains=(1.0,))(x, "cat")
    by_hand = (cam(x, "cat") + cam(x.flip(-1), "cat").flip(-1)) / 2
    assert (found - by_hand).abs().max() <= 1e-5
    mirrored = saliency.Augmented(cam, gains=(1.0,))(x.flip(-1), "cat").flip(-1)
    assert (found - mirrored).abs().max() <= 1e-5, "a mirror image has a mirrored map"


def test_all_views_are_of_the_picture_s_class(net):
    x = srlab.photo("coffee")[..., ::2, ::2]
    smooth = saliency.Augmented(saliency.CAM(net))
    assert (smooth(x) - smooth(x, "cup")).abs().max() <= 1e-5


def test_the_principal_component_of_weighted_channels(net):
    x = srlab.photo("chelsea")[..., ::2, ::2]
    cam = saliency.CAM(net)
    found = saliency.Principal(cam).raw(x, "cat")
    seen = cam.look(x, "cat")
    weighted = cam.weigh(seen)[:, :, None, None] * seen.activations
    assert torch.equal(found, saliency.eigencam.principal(weighted))
    assert abs(found.mean()) <= 1e-4 * found.abs().max()


def test_ensembles(net):
    x = srlab.photo("chelsea")[..., ::2, ::2]
    kinds = [saliency.CAM(net), saliency.EigenCAM(net)]
    maps = torch.stack([kind(x, "cat") for kind in kinds])
    assert torch.equal(saliency.Ensemble(kinds)(x, "cat"), normalise(maps.mean(0)))
    most = saliency.Ensemble(kinds, "max")(x, "cat")
    assert torch.equal(most, normalise(maps.amax(0)))
    with pytest.raises(ValueError, match="at least one"):
        saliency.Ensemble([])
    with pytest.raises(ValueError, match="mean or max"):
        saliency.Ensemble(kinds, "min")


@pytest.mark.parametrize("gains", [(), (0.0,), (2.0,)])
def test_gains_that_cannot_be(net, gains):
    with pytest.raises(ValueError, match="gains"):
        saliency.Augmented(saliency.CAM(net), gains)


# MSROI


def test_the_fold_by_hand():
    maps = torch.tensor([[[[0.0, 1, 0]], [[0.0, 0, 2]]]])  # (1, 2, 1, 3)
    # 1.2 (0, 1, 0), then the mean with (0, 0, 1): (0, .6, .5), stretched
    assert torch.allclose(msroi.paper_fusion(maps), torch.tensor([0, 1, 5 / 6]))


def test_the_most_probable_class_weighs_half():
    maps = torch.eye(4).reshape(1, 4, 1, 4)  # least probable first
    found = msroi.paper_fusion(maps)[0, 0, 0]
    expected = torch.tensor([1.2 / 8, 1 / 8, 1 / 4, 1 / 2])
    assert torch.allclose(found, (expected - 1 / 8) / (1 / 2 - 1 / 8))


def test_the_head_and_its_network(net):
    model = msroi.msroi_net()
    depthwise = model.places[1]
    assert depthwise.groups == depthwise.in_channels == 8
    x = net.prepare(srlab.photo("coffee"))
    assert net.labels[model(x).argmax()] == "cup"
    for name, value in model.trunk.state_dict().items():
        assert torch.equal(value, net.state_dict()[name])
    assert not model.train().trunk.training
    assert model.card.metrics["agreement_other_views"] >= 0.7


def test_one_map_of_all_that_is_there():
    kind = saliency.MSROI()
    found = kind(pair())
    assert found.shape == (1, 1, 256, 512) and found.min() == 0 and found.max() == 1
    alone = kind(pair(), "cat")
    assert (alone - found).abs().mean() > 0.02
    assert kind.raw(pair()).amin() == 0


def test_msroi_of_another_network(net):
    found = saliency.MSROI(net, top=2)(srlab.photo("chelsea"))
    assert found.shape == (1, 1, 300, 451)
    with pytest.raises(ValueError, match="top"):
        saliency.MSROI(net, top=0)
