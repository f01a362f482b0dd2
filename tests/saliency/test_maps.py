# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What every class activation map must do: sizes, classes, doors, the same twice."""

import gc

import psutil
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

import srlab
from srlab import saliency
from srlab.saliency import base, layers

METHODS = ("CAM", "GradCAM", "GradCAMPlusPlus", "EigenCAM", "ScoreCAM", "MSROI")


@pytest.fixture(scope="module")
def net():
    return saliency.photo_classifier()


class Small(nn.Module):
    """A network that anyone might have: a map of 1/4, eight channels, five classes."""

    def __init__(self, channels=8):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(inplace=True),
            nn.Conv2d(8, channels, 3, 2, 1), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, 5)

    def forward(self, x):
        return self.head(self.pool(self.body(x)).flatten(1))


def small(channels=8):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Small(channels).eval()


def noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def make(name, model, **more):
    if name == "MSROI":
        return saliency.MSROI(model)
    return getattr(saliency, name)(model, **more)


@pytest.mark.parametrize("size", [(37, 53), (8, 200), (64, 64), (5, 5)])
@pytest.mark.parametrize("name", METHODS)
def test_a_map_has_the_size_of_its_picture(name, size):
    x = noise(2, 3, *size)
    found = make(name, small())(x, None if name == "MSROI" else [0, 4])
    assert found.shape == (2, 1, *size) and found.dtype == torch.float32
    assert found.min() >= 0 and found.max() <= 1
    assert not found.requires_grad


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_transparent_pictures(name, channels):
    x = noise(1, channels, 24, 40)
    same = x.expand(-1, 3, -1, -1) if channels == 1 else None
    found = make(name, small())(x, 2)
    assert found.shape == (1, 1, 24, 40)
    if same is not None:
        assert torch.equal(found, make(name, small())(same, 2))


def test_transparency_is_put_on_white():
    x = torch.cat([torch.zeros(1, 3, 2, 2), torch.tensor([[[[0.0, 1], [1, 1]]]])], 1)
    flat = base.opaque(x)
    assert flat[0, 0].tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("name", METHODS)
def test_the_smallest_picture_of_the_classifier(net, name):
    model = None if name == "MSROI" else net
    found = make(name, model)(noise(1, 3, 1, 1), 25)
    assert found.shape == (1, 1, 1, 1)


@pytest.mark.parametrize("name", METHODS)
def test_the_same_map_twice_and_on_two_threads(net, name):
    x = srlab.photo("chelsea")[..., ::4, ::4].contiguous()
    kind = make(name, None if name == "MSROI" else net)
    if name == "ScoreCAM":
        kind.top = 8
    first = kind(x)
    assert torch.equal(first, kind(x))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2 if before == 1 else 1)
        assert (kind(x) - first).abs().max() <= 1e-4
    finally:
        torch.set_num_threads(before)


def test_cam_is_the_head_at_each_place(net):
    x = net.prepare(srlab.photo("coffee"))
    features, seen = net.features(x), saliency.CAM(net).look(srlab.photo("coffee"))
    cup = net.labels.index("cup")
    by_hand = torch.einsum("k,khw->hw", net.head.weight[cup], features[0])
    found = saliency.CAM(net).raw(srlab.photo("coffee"), "cup")[0, 0]
    assert (found - by_hand).abs().max() <= 1e-5
    logit = found.mean() + net.head.bias[cup]
    assert abs(logit - seen.logits[0, cup]) <= 1e-4


def test_gradcam_behind_a_mean_is_cam_over_z(net):
    for name in ("chelsea", "coffee", "motorcycle"):
        x = srlab.photo(name)
        cam, grad = (k(net).raw(x) for k in (saliency.CAM, saliency.GradCAM))
        assert (cam / cam[0, 0].numel() - grad).abs().max() <= 1e-6


def test_eigencam_ignores_the_class(net):
    x = srlab.photo("chelsea")
    eigen = saliency.EigenCAM(net)
    assert torch.equal(eigen(x, "cat"), eigen(x, "church"))


def test_the_principal_component_is_the_svds():
    features = noise(2, 6, 5, 7)
    wide = noise(2, 60, 3, 4)
    for a in (features, wide):
        found = saliency.eigencam.principal(a)
        for one, ours in zip(a, found, strict=True):
            x = one.flatten(1).T.double()
            x = x - x.mean(dim=0)
            theirs = (x @ torch.linalg.svd(x).Vh[0]).reshape(a.shape[2:])
            assert min((ours[0] - s * theirs).abs().max() for s in (1, -1)) <= 1e-5
        assert ((found * a.sum(1, keepdim=True)).sum(dim=(1, 2, 3)) >= 0).all()


def test_scorecam_by_hand():
    model, x = small(), noise(1, 3, 16, 16)
    a = model.body(x).detach()
    scores = []
    for k in range(8):
        mask = nn.functional.interpolate(
            a[:, k : k + 1], size=(16, 16), mode="bilinear", align_corners=True
        )
        mask = (mask - mask.min()) / (mask.max() - mask.min() + 1e-8)
        scores.append(model(x * mask)[0, 2])
    w = torch.stack(scores).softmax(0)
    expected = (w[:, None, None] * a[0]).sum(0)
    for batch in (1, 3, 32):
        found = saliency.ScoreCAM(model, batch=batch).raw(x, 2)[0, 0]
        assert (found - expected).abs().max() <= 1e-5


def test_scorecam_in_batches_is_scorecam_of_each():
    x = noise(3, 3, 20, 28)
    score = saliency.ScoreCAM(small())
    together = score(x, [0, 1, 2])
    alone = [score(x[i : i + 1], i) for i in range(3)]
    assert (together - torch.cat(alone)).abs().max() <= 1e-5


def test_dead_channels_cost_one_pass(net):
    model = small()
    with torch.no_grad():
        model.body[2].bias[:4] = -100  # four channels never fire
    calls = []
    model.register_forward_hook(lambda m, i, o: calls.append(len(o)))
    x = noise(1, 3, 16, 16)
    saliency.ScoreCAM(model, batch=1)(x, 1)
    assert len(calls) == 1 + 1 + 4  # the picture, the dead ones, the living


NAMES = ("astronaut", "chelsea", "coffee", "motorcycle", "flower", "grass", "hubble")


@pytest.mark.parametrize("name", NAMES)
def test_the_top_channels_give_nearly_the_exact_map(net, name):
    x = srlab.photo(name)
    side = 96 / min(x.shape[-2:])
    x = srlab.imresize(x, size=[round(n * side) for n in x.shape[-2:]]).clamp(0, 1)
    bare = nn.Module.__new__(type(net))
    bare.__dict__.update(net.__dict__)
    bare.prepare = lambda image: image  # smaller than usual, for the test's time
    exact = saliency.ScoreCAM(bare).raw(x)
    quick = saliency.ScoreCAM(bare, top=64).raw(x)
    assert spearmanr(exact.flatten(), quick.flatten())[0] >= 0.93


@pytest.mark.parametrize("name", ["GradCAM", "EigenCAM", "ScoreCAM"])
def test_no_memory_is_kept(name):
    kind, x = make(name, small()), noise(1, 3, 64, 64)
    process = psutil.Process()
    for _ in range(20):
        kind(x, 1)
    gc.collect()
    tensors = sum(issubclass(type(o), torch.Tensor) for o in gc.get_objects())
    before = process.memory_info().rss
    for _ in range(200):
        kind(x, 1)
    gc.collect()
    after = sum(issubclass(type(o), torch.Tensor) for o in gc.get_objects())
    assert after <= tensors
    assert process.memory_info().rss - before < 20e6
    assert not kind.layer._forward_hooks


def test_the_model_is_left_as_it_was():
    model = small().train()
    model.body[1].eval()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    saliency.GradCAM(model)(noise(1, 3, 16, 16))
    assert model.training and model.head.training and not model.body[1].training
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert not model.body[3]._forward_hooks


def test_a_fault_of_the_model_leaves_no_hook():
    model = small()
    model.head = nn.Linear(3, 2)
    with pytest.raises(RuntimeError):
        saliency.GradCAM(model)(noise(1, 3, 16, 16))
    assert not model.body[3]._forward_hooks


def test_maps_work_in_inference_mode(net):
    x = srlab.photo("chelsea")[..., ::4, ::4]
    with torch.inference_mode():
        inside = saliency.GradCAM(net)(x.clone())
    assert torch.equal(inside, saliency.GradCAM(net)(x))


# Classes


def test_targets(net):
    x = srlab.photo("chelsea")[..., ::4, ::4]
    cam = saliency.CAM(net)
    cat = net.labels.index("cat")
    assert torch.equal(cam(x, "cat"), cam(x, cat))
    both = torch.cat([x, x])
    several = cam(both, ["cat", "dog"])
    assert (several[1] - cam(x, "dog")[0]).abs().max() <= 1e-5
    assert torch.equal(cam(both, torch.tensor([cat, cat])), cam(both, cat))


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("kat", "near it"), (68, "from 0 to 67"), (-1, "from 0 to 67"),
        (True, "class True"), (1.5, "class 1.5"), (["cat", "dog"], "2 classes for 1"),
    ],
)  # fmt: skip
def test_classes_that_there_are_not(net, target, says):
    with pytest.raises(ValueError, match=says):
        saliency.CAM(net)(noise(1, 3, 32, 32), target)


def test_names_need_labels():
    with pytest.raises(ValueError, match="no labels"):
        saliency.GradCAM(small())(noise(1, 3, 32, 32), "cat")


# Layers


def test_layers_by_name_and_by_module(net):
    x = noise(1, 3, 64, 64)
    by_name = saliency.GradCAM(net, "stage2")(x, 1)
    assert torch.equal(by_name, saliency.GradCAM(net, net.stage2)(x, 1))
    assert layers.default_layer(net) == "stage3"
    assert layers.default_layer(small()) == "body.3"


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        ("stage9", "no layer 'stage9'"), ("", "no layer"), (nn.ReLU(), "not a part"),
    ],
)  # fmt: skip
def test_layers_that_there_are_not(net, layer, says):
    with pytest.raises(ValueError, match=says):
        saliency.GradCAM(net, layer)


def test_layers_without_places_are_named():
    x = noise(1, 3, 32, 32)
    for layer, shape in (("head", r"\(1, 5\)"), ("pool", "averages the picture away")):
        with pytest.raises(ValueError, match=f"layer {layer}.*{shape}"):
            saliency.GradCAM(small(), layer)(x)


def test_a_network_without_places():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4))
    with pytest.raises(ValueError, match="no convolution"):
        saliency.GradCAM(flat)
    with pytest.raises(ValueError, match="layer 1 gives"):
        saliency.GradCAM(flat, "1")(noise(1, 3, 16, 16))


def test_an_unused_layer_and_a_model_that_gives_no_logits():
    model = small()
    model.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(ValueError, match="does not use its layer spare"):
        saliency.GradCAM(model, "spare")(noise(1, 3, 16, 16))
    with pytest.raises(ValueError, match="logits"):
        saliency.EigenCAM(nn.Sequential(nn.Conv2d(3, 4, 3)))(noise(1, 3, 16, 16))
    with pytest.raises(TypeError, match=r"not an nn\.Module"):
        saliency.GradCAM(lambda x: x)


def test_cam_wants_a_mean_and_a_linear_head(net):
    with pytest.raises(ValueError, match="stage2 gives 128 channels"):
        saliency.CAM(net, "stage2")(noise(1, 3, 64, 64))
    model = small()
    model.pool = nn.AdaptiveMaxPool2d(1)
    with pytest.raises(ValueError, match="more than a mean"):
        saliency.CAM(model)(noise(1, 3, 32, 32))


def test_tokens_become_a_grid():
    tokens = torch.arange(1 + 6.0).reshape(1, 7, 1)
    grid = layers.spatial(tokens, "block", (20, 30))
    assert grid.shape == (1, 1, 2, 3) and grid[0, 0, 0].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="layer block gives 7 tokens"):
        layers.spatial(tokens, "block", (20, 20))


@pytest.mark.parametrize("bad", [torch.zeros(3, 8, 8), torch.ones(1, 3, 8, 8) * 255])
def test_pictures_are_checked(bad):
    with pytest.raises(ValueError):
        saliency.GradCAM(small())(bad)


def test_a_map_without_positive_values_is_empty():
    model = small()
    with torch.no_grad():
        model.head.weight[1] = -model.head.weight[1].abs() - 1
    found = saliency.GradCAM(model)(noise(1, 3, 32, 32), 1)
    assert found.abs().max() == 0
