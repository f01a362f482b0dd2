# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""From networks to restorers, from names to trained ones."""

import pytest
import torch

import srlab
from srlab import models, weights
from srlab.models import EDSR, ESPCN, SRCNN, VDSR

PHOTO = srlab.photo("coffee")[..., 100:147, 100:163]  # (1, 3, 47, 63)
CARD = {"recipe": "r", "data": "d", "device": "cpu", "minutes": 0, "licence": "MIT"}


def small():
    return {
        "SRCNN": models.restorer(SRCNN(n1=4, n2=4), 2),
        "ESPCN": models.restorer(ESPCN(scale=2, n1=4, n2=4)),
        "EDSR": models.restorer(EDSR(scale=2, width=4, blocks=1)),
    }


@pytest.mark.parametrize("name", ["SRCNN", "ESPCN", "EDSR"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_restorer_takes_grey_and_colour(name, channels):
    x = PHOTO[:, :channels]
    with torch.no_grad():
        y = small()[name](x)
    assert y.shape == (1, channels, 94, 126) and not y.requires_grad


def test_a_luma_restorer_leaves_the_chroma_to_bicubic():
    net = SRCNN()
    for p in net.parameters():
        torch.nn.init.zeros_(p)
    net.start_as_identity()
    result = models.restorer(net, 2)(PHOTO)
    assert (result - srlab.imresize(PHOTO, scale=2)).abs().max() < 1e-5


def test_a_grey_picture_goes_through_a_colour_network_as_three():
    net = EDSR(scale=2, width=4, blocks=1)
    grey = PHOTO[:, :1]
    three = models.restorer(net)(grey.expand(-1, 3, -1, -1))
    assert torch.allclose(models.restorer(net)(grey), three.mean(1, keepdim=True))


def test_a_restorer_is_measured_under_every_protocol():
    rows = [
        srlab.evaluation.benchmark(r, {"a": PHOTO[..., :46, :62]}, 2, protocol=p)
        for r in small().values()
        for p in "ABCE"
    ]
    assert len(rows) == 12


def test_a_network_in_training_is_measured_at_rest():
    net = EDSR(scale=2, width=4, blocks=1, norm="batch").train()
    one = srlab.evaluation.benchmark(net, {"a": PHOTO[..., :46, :62]}, 2)
    two = srlab.evaluation.benchmark(net.eval(), {"a": PHOTO[..., :46, :62]}, 2)
    assert one == two


def write(path, net, **settings):
    card = weights.Card(model=type(net).__name__, settings=settings, **CARD)
    weights.write_weights(path, net.state_dict(), card)


def test_load_by_name_and_by_path(tmp_path, monkeypatch):
    monkeypatch.setenv("SRLAB_CACHE", str(tmp_path))
    net = ESPCN(scale=3, n1=4, n2=4)
    path = tmp_path / "weights" / "mine.safetensors"
    write(path, net, scale=3, n1=4, n2=4, scales="3")
    for name in ("mine", str(path)):
        loaded = srlab.load(name)
        assert torch.equal(loaded.net.layers[0].weight, net.layers[0].weight)
        assert loaded.card.model == "ESPCN" and loaded.scale == 3
        assert not any(p.requires_grad for p in loaded.parameters())
        assert not loaded.training


def test_a_net_of_several_scales_asks_which(tmp_path):
    path = str(tmp_path / "v.safetensors")
    write(path, VDSR(depth=3, width=4), depth=3, width=4, scales="2 3 4")
    assert srlab.load(path, scale=3)(PHOTO).shape[-1] == 3 * 63
    with pytest.raises(ValueError, match="say scale=2 or 3 or 4"):
        srlab.load(path)
    with pytest.raises(ValueError, match="x2, x3, x4, not for x5"):
        srlab.load(path, scale=5)


def test_unknown_weights_are_told():
    with pytest.raises(FileNotFoundError, match="train edsr_2x"):
        srlab.load("edsr_2x")


def test_weights_that_do_not_fit_are_told(tmp_path):
    path = str(tmp_path / "x.safetensors")
    write(path, ESPCN(scale=3, n1=4, n2=4), scale=2, n1=4, n2=4)
    with pytest.raises(weights.BrokenWeights, match="do not fit ESPCN"):
        srlab.load(path)


def test_warm_start_takes_what_fits(tmp_path):
    path = str(tmp_path / "x2.safetensors")
    x2 = EDSR(scale=2, width=4, blocks=2)
    write(path, x2, scale=2, width=4, blocks=2)
    x4 = EDSR(scale=4, width=4, blocks=2)
    before = x4.enlarge.state_dict()
    assert models.warm_start(x4, path) > len(before)
    assert torch.equal(x4.head.weight, x2.head.weight)
    with pytest.raises(ValueError, match="another size"):
        models.warm_start(EDSR(scale=4, width=8, blocks=2), path)


def test_scales_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="enlarges 2 times, not 3"):
        models.restorer(ESPCN(scale=2), 3)
    with pytest.raises(ValueError, match="restorer\\(net, scale=2\\)"):
        models.restorer(SRCNN())
    with pytest.raises(ValueError, match="there are AdaDM"):
        models.build("Nothing", {})


def test_multiply_adds_are_those_of_the_papers_table():
    """VDSR at 1280 x 720: 612.6 G, as CARN's and later papers print."""
    assert models.multiply_adds(VDSR(), 720, 1280) / 1e9 == pytest.approx(
        612.6, abs=0.1
    )
    baseline = models.multiply_adds(EDSR(scale=2), 360, 640) / 1e9
    assert baseline == pytest.approx(316, abs=1)
