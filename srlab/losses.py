# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Losses that a network is trained with, all differentiable, all scalars.

- pixel: `l1`, `mse`.
- perceptual: distances of a classifier's features, *before* activation as ESRGAN has
  them (Wang et al., arXiv 1809.00219) or after it as SRGAN (Ledig et al., arXiv
  1609.04802).
- adversarial: `Vanilla` (Goodfellow et al., arXiv 1406.2661) and `RelativisticAverage`
  (Jolicoeur-Martineau, arXiv 1807.00734), each with its two sides.
- `feature_matching` (Salimans et al., arXiv 1606.03498): distances of the
  discriminator's own features.

Letters: G generator, D discriminator, C(.) the logits before the sigmoid; x_r real, x_f
fake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

__all__ = [
    "Features",
    "Perceptual",
    "RelativisticAverage",
    "Vanilla",
    "feature_matching",
    "l1",
    "mse",
    "photo_features",
    "vgg19_features",
]

# The weights of Real-ESRGAN's five layers, from shallow to deep; ESRGAN and SRGAN take
# the deepest alone.
REAL_ESRGAN_WEIGHTS = (0.1, 0.1, 1.0, 1.0, 1.0)


def l1(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """mean |x - y|, of any two tensors of one shape."""
    return F.l1_loss(x, y)


def mse(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """mean (x - y)^2, of any two tensors of one shape."""
    return F.mse_loss(x, y)


class Features(nn.Module):
    """A frozen network's intermediate outputs, by the names of its submodules.

    Args:
        net: takes (B, 3, H, W) in [0, 1].
        layers: names as `net.named_modules()` has them; their outputs are the features
            before activation, of shapes (B, C_j, H_j, W_j).

    Raises ValueError for a name that the network does not have.
    """

    def __init__(self, net: nn.Module, layers: Sequence[str]):
        super().__init__()
        known = dict(net.named_modules())
        missing = [name for name in layers if name not in known]
        if missing or not layers:
            raise ValueError(
                f"the network has no layers {missing}" if missing else "no layers"
            )
        self.net = net.eval().requires_grad_(False)
        self.layers = tuple(layers)
        self._found: dict[str, torch.Tensor] = {}
        for name in layers:
            known[name].register_forward_hook(self._keep(name))

    def _keep(self, name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            self._found[name] = output

        return hook

    def train(self, mode: bool = True) -> Features:
        """Stays in eval mode: its statistics are not to be changed."""
        return super().train(False)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """(B, 3, H, W) in [0, 1] -> layer -> (B, C_j, H_j, W_j)."""
        self._found = {}
        getattr(self.net, "features", self.net)(x)
        found, self._found = self._found, {}
        return found


class Perceptual(nn.Module):
    r"""$\sum_j w_j \, \overline{|\phi_j(x) - \phi_j(y)|}$ over the layers j.

    The features are divided by their root mean square on y, layer by layer, so that the
    weights mean the same for every network; VGG19's weights are published without that.

    Args:
        features: see `Features`; without it the photo classifier's.
        weights: layer -> w_j; without it Real-ESRGAN's .1 for shallow layers, 1 for the
            others.
        before_activation: compare what goes into the ReLU (ESRGAN), or, with False,
            what comes out of it (SRGAN).
        distance: "l1" or "l2".
    """

    def __init__(
        self,
        features: Features | None = None,
        weights: Mapping[str, float] | None = None,
        before_activation: bool = True,
        distance: str = "l1",
    ):
        super().__init__()
        self.features = features or photo_features()
        layers = self.features.layers
        shallow = REAL_ESRGAN_WEIGHTS[-len(layers) :]
        self.weights = dict(weights or zip(layers, shallow, strict=False))
        unknown = set(self.weights) - set(layers)
        if unknown:
            raise ValueError(f"no such layers: {', '.join(sorted(unknown))}")
        if distance not in ("l1", "l2"):
            raise ValueError(f"distance is {distance!r}; expected l1 or l2")
        self.before_activation, self.distance = before_activation, distance

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The distance of x (with gradient) to y, (B, 3, H, W) in [0, 1]; a scalar."""
        with torch.no_grad():
            wanted = self.features(y)
        found = self.features(x)
        total = x.new_zeros(())
        for layer, weight in self.weights.items():
            a, b = found[layer].float(), wanted[layer].float()
            if not self.before_activation:
                a, b = a.relu(), b.relu()
            size = b.square().mean().sqrt().clamp(min=1e-6)
            total = total + weight * (l1 if self.distance == "l1" else mse)(
                a / size, b / size
            )
        return total


def photo_features(layers: Sequence[str] = ()) -> Features:
    """The photo classifier's features: what is there without a network.

    Raises FileNotFoundError when its weights are missing.
    """
    from srlab.saliency.classifiers import PhotoNet, photo_classifier

    return Features(photo_classifier(), layers or PhotoNet.taps)


# torchvision's places of the convolutions that the papers name, VGG19 without BN.
VGG19_LAYERS = {
    "conv1_2": "2", "conv2_2": "7", "conv3_4": "16", "conv4_4": "25", "conv5_4": "34",
}  # fmt: skip


def vgg19_features(layers: Sequence[str] = tuple(VGG19_LAYERS)) -> Features:
    """VGG19's features, the papers' own, where torchvision can fetch its weights.

    Args:
        layers: "conv1_2" ... "conv5_4"; SRGAN's and ESRGAN's is "conv5_4" (VGG54).

    Raises:
        RuntimeError: the weights are not there; `photo_features` needs none.
    """
    from urllib.error import URLError

    from torchvision.models import VGG19_Weights, vgg19

    unknown = [name for name in layers if name not in VGG19_LAYERS]
    if unknown:
        raise ValueError(f"VGG19 has {', '.join(VGG19_LAYERS)}, not {unknown}")
    try:
        net = vgg19(weights=VGG19_Weights.IMAGENET1K_V1).features
    except (URLError, OSError) as error:
        raise RuntimeError(
            f"VGG19's weights could not be fetched ({error}); offline, "
            "srlab.losses.photo_features() gives the course's own classifier's"
        ) from None
    return Features(_Normalised(net, layers), tuple(layers))


class _Normalised(nn.Module):
    """ImageNet's colours taken off, then VGG's layers under the papers' names."""

    def __init__(self, net: nn.Sequential, layers: Sequence[str]):
        super().__init__()
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))
        names = {int(VGG19_LAYERS[name]): name for name in layers}
        self.order = [names.get(k, f"layer{k}") for k in range(max(names) + 1)]
        for name, layer in zip(self.order, net, strict=False):
            if isinstance(layer, nn.ReLU):
                layer.inplace = False  # the value before it is kept
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = (x - self.mean) / self.deviation
        for name in self.order:
            x = self.get_submodule(name)(x)
        return x


class Vanilla:
    r"""Binary cross-entropy, each picture judged alone, $\sigma$ the sigmoid.

    $L_D = -\overline{\log\sigma(C(x_r))} - \overline{\log(1 - \sigma(C(x_f)))}$,
    $L_G = -\overline{\log\sigma(C(x_f))}$ (the form that does not saturate).
    """

    relative = False

    def discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """L_D of logits of any shape: (B, 1), or a map (B, 1, H, W).

        >>> zero = torch.zeros(1, 1)
        >>> round(Vanilla().discriminator(zero, zero).item(), 4)  # 2 log 2
        1.3863
        """
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, real: torch.Tensor | None, fake: torch.Tensor) -> torch.Tensor:
        """L_G; the real ones' logits are not looked at."""
        return F.softplus(-fake).mean()


class RelativisticAverage:
    r"""Is a real picture more real than fake ones are on average?

    With $D(a, b) = \sigma(C(a) - \overline{C(b)})$:
    $L_D = \tfrac12(-\overline{\log D(x_r, x_f)} - \overline{\log(1 - D(x_f, x_r))})$,
    and $L_G$ is the same with the two exchanged, so that the generator gets gradients
    from the real pictures too.
    """

    relative = True

    def discriminator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """L_D of logits of one shape, (B, 1) or maps.

        >>> zero = torch.zeros(2, 1)
        >>> round(RelativisticAverage().discriminator(zero, zero).item(), 4)  # log 2
        0.6931
        """
        first = F.softplus(-(real - fake.mean())).mean()
        second = F.softplus(fake - real.mean()).mean()
        return (first + second) / 2

    def generator(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """L_G: the discriminator's with real and fake exchanged."""
        return self.discriminator(fake, real)


def feature_matching(
    real: Sequence[torch.Tensor], fake: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Mean over layers of mean |D_j(x_r) - D_j(x_f)|; the real ones get no gradient.

    Args:
        real, fake: features of the discriminator, layer by layer, equal in shape.

    Raises ValueError for no layers, or for another number of them.
    """
    pairs = list(zip(real, fake, strict=True))
    if not pairs:
        raise ValueError("no features to match")
    return reduce(torch.add, (l1(f, r.detach()) for r, f in pairs)) / len(pairs)
