# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""torchvision's classifiers with random weights, and new classes in seconds."""

import pytest
import torch

import srlab
from srlab import images, saliency
from srlab.saliency.transferring import embed, from_folders


@pytest.mark.parametrize(
    ("name", "layer", "size"),
    [
        ("resnet18", "net.layer4", (7, 11)), ("vgg11", "net.features.19", (14, 21)),
        ("vit_b_16", "net.encoder.layers.encoder_layer_11.ln_1", (14, 14)),
    ],
)  # fmt: skip
def test_layers_and_grids(name, layer, size):
    net = saliency.imagenet(name, weights=None)
    assert net.cam_layer == layer and len(net.labels) == 1000
    head = net.net.heads.head if name == "vit_b_16" else None
    if head is not None:  # torchvision begins with zeros there
        torch.nn.init.normal_(head.weight, generator=torch.Generator().manual_seed(0))
    grad = saliency.GradCAM(net)
    raw = grad.raw(srlab.photo("chelsea"), "tabby")
    assert raw.shape[2:] == size and raw.std() > 0
    assert grad(srlab.photo("chelsea"), "tabby").shape == (1, 1, 300, 451)
    assert saliency.EigenCAM(net).raw(srlab.photo("chelsea")).shape[2:] == size


def test_cam_on_a_resnet_is_exact():
    net = saliency.imagenet("resnet18", weights=None)
    x = srlab.photo("coffee")
    cam, grad = saliency.CAM(net).raw(x), saliency.GradCAM(net).raw(x)
    assert (cam / cam[0, 0].numel() - grad).abs().max() <= 1e-5 * cam.abs().max()
    with pytest.raises(ValueError, match="GradCAM needs no such head"):
        saliency.CAM(saliency.imagenet("vgg11", weights=None))(x)


def test_names_that_torchvision_does_not_know():
    with pytest.raises(ValueError, match="vgg16, resnet50 and vit_b_16"):
        saliency.imagenet("resnet51")


def test_weights_that_cannot_be_had(monkeypatch):
    def refuse(*args, **settings):
        raise OSError("no network")

    monkeypatch.setattr("torchvision.models.get_model", refuse)
    with pytest.raises(FileNotFoundError, match="photo_classifier"):
        saliency.imagenet("resnet18")


def crops(name, count=6, side=128):
    x = srlab.photo(name)
    draw = torch.Generator().manual_seed(len(name))
    for _ in range(count):
        top, left = (
            torch.randint(n - side + 1, (1,), generator=draw).item()
            for n in x.shape[2:]
        )
        yield x[..., top : top + side, left : left + side]


def test_transfer_learns_new_classes():
    kinds = {"stones": "gravel", "lawn": "grass", "wall": "brick"}
    net = saliency.transfer({label: crops(name) for label, name in kinds.items()})
    assert net.labels == list(kinds)
    for label, name in kinds.items():
        other = srlab.photo(name)[..., :100, 380:]
        assert net.name(other)[0][0] == label
    raw = saliency.CAM(net).raw(srlab.photo("brick"), "wall")
    grad = saliency.GradCAM(net).raw(srlab.photo("brick"), "wall")
    assert (raw / raw[0, 0].numel() - grad).abs().max() <= 1e-4, "CAM stays exact"
    assert saliency.photo_classifier().labels[0] == "tench"


def test_two_classes_from_folders(tmp_path):
    for label, name in (("cats", "chelsea"), ("cups", "coffee")):
        (tmp_path / label).mkdir()
        for i, crop in enumerate(crops(name, 3, 200)):
            images.write(crop, tmp_path / label / f"{i}.png")
    (tmp_path / "cats" / "notes.txt").write_text("not a picture")
    found = from_folders(tmp_path)
    assert {label: len(files) for label, files in found.items()} == {
        "cats": 3,
        "cups": 3,
    }
    net = saliency.transfer(found)
    assert net.labels == ["cats", "cups"]
    assert net.name(srlab.photo("chelsea"))[0][0] == "cats"
    assert net.name(srlab.photo("coffee"))[0][0] == "cups"


def test_a_mirror_image_has_the_same_features():
    net, x = saliency.photo_classifier(), srlab.photo("coffee")[..., ::2, ::2]
    assert (embed(net, x) - embed(net, x.flip(-1))).abs().max() <= 1e-4


def test_what_cannot_be_learned(tmp_path):
    with pytest.raises(ValueError, match="at least two"):
        saliency.transfer({"one": crops("grass", 1)})
    with pytest.raises(ValueError, match="'b' has no pictures"):
        saliency.transfer({"a": crops("grass", 1), "b": []})
    with pytest.raises(FileNotFoundError, match="a folder a class"):
        from_folders(tmp_path)
