# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The photo classifier: its labels, its exact maps, and what it names."""

import pytest
import torch

import srlab
from srlab import weights
from srlab.saliency import classifiers
from srlab.saliency.classifiers import PhotoNet, photo_classifier


@pytest.fixture(scope="module")
def net():
    return photo_classifier()


def test_each_imagenet_class_is_in_one_group():
    groups = classifiers.groups()
    members = [i for found in groups.values() for i in found]
    assert sorted(members) == list(range(1000))
    assert len(groups) >= 50 and len(set(groups)) == len(groups)
    assert all(len(found) == 1 for found in list(groups.values())[:10])


@pytest.mark.parametrize(
    ("photo", "label"),
    [
        ("chelsea", "cat"),
        ("coffee", "cup"),
        ("motorcycle", "motorcycle or moped"),
    ],
)
def test_it_names_what_is_to_be_seen(net, photo, label):
    (found, probability), *_ = net.name(srlab.photo(photo))
    assert found == label and probability >= 0.6


def test_its_card(net):
    card = net.card
    assert card.metrics["imagenette_val_accuracy"] >= 0.75
    assert card.metrics["imagenette_val_images"] == 200
    assert "torchvision" in card.note and "shipped photographs" in card.note
    file = weights.find_weights("photo_classifier")
    assert file.stat().st_size < 6e6


def test_the_map_of_the_head_is_the_logit(net):
    """CAM is exact: the mean over places of the head's map is the logit."""
    x = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = net.features(x)  # (1, 256, 6, 8)
        maps = torch.einsum("kc,bchw->bkhw", net.head.weight, features)
        logits = maps.mean(dim=(2, 3)) + net.head.bias
        assert features.shape == (1, 256, 6, 8) and features.min() >= 0
        assert torch.allclose(logits, net(x), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 40, 40), (2, 3, 33, 61), (1, 3, 1, 5)])
def test_probabilities_of_any_size(net, shape):
    p = net.probabilities(torch.rand(shape))
    assert p.shape == (shape[0], len(net.labels))
    assert torch.allclose(p.sum(1), torch.ones(shape[0]), atol=1e-5)


def test_the_taps_are_before_activation(net):
    from srlab.losses import photo_features

    found = photo_features()(srlab.photo("chelsea")[..., :64, :64])
    assert list(found) == list(PhotoNet.taps)
    assert all(value.min() < 0 for value in found.values())


def test_wrong_weights_are_told():
    with pytest.raises(FileNotFoundError, match="no weights are called"):
        photo_classifier("photo_classifier_9")
    with pytest.raises(weights.BrokenWeights, match="does not fit"):
        srlab_path = weights.find_weights("espcn_x2")
        card = weights.read_card(srlab_path)
        assert card.settings["scale"] == 2
        _load_as_classifier(srlab_path)


def _load_as_classifier(path):
    """A file of another network under the classifier's card."""
    import shutil
    import tempfile
    from dataclasses import replace
    from pathlib import Path

    tensors, card = weights.read_weights(path)
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other.safetensors"
        weights.write_weights(other, tensors, replace(card, settings={"classes": 3}))
        try:
            photo_classifier(str(other))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
