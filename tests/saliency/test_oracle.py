# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Our maps against an independent implementation, pytorch-grad-cam, on one input."""

import pytest
import torch
from torch import nn
from torchvision import models

import srlab
from srlab import saliency

oracle = pytest.importorskip("pytorch_grad_cam")
from pytorch_grad_cam.utils.model_targets import (  # noqa: E402
    ClassifierOutputTarget,
)


class Plain(nn.Module):
    """The photo classifier without its own sizes and hidden colour."""

    def __init__(self):
        super().__init__()
        self.net = saliency.photo_classifier()
        self.requires_grad_(True)

    def forward(self, x):
        return self.net(x)


def photographs(size=(96, 128)):
    both = [srlab.imresize(srlab.photo(n), size=size) for n in ("chelsea", "coffee")]
    return torch.cat(both).clamp(0, 1)


def random_net(build):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return build(weights=None).eval()


CASES = {
    "photo classifier": (Plain, "net.stage3"),
    "an earlier layer": (Plain, "net.stage2"),
    "resnet18": (lambda: random_net(models.resnet18), "layer4"),
    "vgg11": (lambda: random_net(models.vgg11), "features.19"),
}


@pytest.fixture(scope="module", params=list(CASES))
def case(request):
    build, layer = CASES[request.param]
    return build(), layer


def theirs(kind, model, layer, x, targets, **more):
    layers = [model.get_submodule(layer)]
    with kind(model=model, target_layers=layers) as cam:
        chosen = targets and [ClassifierOutputTarget(t) for t in targets]
        return torch.from_numpy(cam(input_tensor=x, targets=chosen, **more))[:, None]


@pytest.mark.parametrize("targets", [None, [25, 50]])
@pytest.mark.parametrize(
    ("ours", "name"), [("GradCAM", "GradCAM"), ("GradCAMPlusPlus", "GradCAMPlusPlus")]
)
def test_gradient_maps_are_theirs(case, ours, name, targets):
    model, layer = case
    x = photographs()
    expected = theirs(getattr(oracle, name), model, layer, x, targets)
    found = getattr(saliency, ours)(model, layer)(x, targets)
    assert (found - expected).abs().max() <= 1e-3
    assert found.amax() > 0.9, "a map of zeros would prove nothing"


def test_eigencam_is_theirs_up_to_sign(case):
    model, layer = case
    x = photographs()
    raw = saliency.EigenCAM(model, layer).raw(x)
    expected = theirs(oracle.EigenCAM, model, layer, x, [0, 0])
    close = torch.zeros(len(x), dtype=torch.bool)
    for sign in (1, -1):
        large = nn.functional.interpolate(
            (sign * raw).clamp(min=0), size=x.shape[-2:], mode="bilinear"
        )
        found = saliency.base.normalise(large)
        close |= (found - expected).abs().amax(dim=(1, 2, 3)) <= 1e-3
    assert close.all()


def test_scorecam_is_theirs():
    model = Plain()
    x = photographs((48, 64))
    expected = theirs(oracle.ScoreCAM, model, "net.stage2", x, [25, 50])
    found = saliency.ScoreCAM(model, "net.stage2", batch=50)(x, [25, 50])
    assert (found - expected).abs().max() <= 1e-3


def test_eigen_smoothing_is_theirs_up_to_sign():
    model, x = Plain(), photographs()
    expected = theirs(
        oracle.GradCAM, model, "net.stage3", x, [25, 50], eigen_smooth=True
    )
    smooth = saliency.Principal(saliency.GradCAM(model, "net.stage3"))
    found = smooth(x, [25, 50])
    assert ((found - expected).abs().amax(dim=(1, 2, 3)) <= 1e-3).any()


def test_augmentation_smoothing_is_theirs():
    model, x = Plain(), photographs()
    expected = theirs(oracle.GradCAM, model, "net.stage3", x, [25, 50], aug_smooth=True)
    grad = saliency.GradCAM(model, "net.stage3")
    found = saliency.Augmented(grad)(x, [25, 50])
    assert (found - expected).abs().max() <= 1e-3
