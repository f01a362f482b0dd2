# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ImageNet classifiers that the photo classifier learns from.

`MobileNetV1` (Howard et al., arXiv 1704.04861) reads Google's public weights, Apache
2.0, converted to a state dict with Keras's layer names; torchvision's networks serve as
well where their weights can be fetched. Neither is shipped with the course.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["MobileNetV1", "teacher"]

WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


class _Layer(nn.Module):
    """A convolution without biases, BN and ReLU6, padded as TensorFlow's "same"."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, groups: int):
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, size, stride, groups=groups, bias=False
        )  # padded in `forward`
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.conv.kernel_size[0] == 3:
            # TensorFlow pads an even side by 1 at its end only when the stride is 2.
            x = F.pad(x, (0, 1, 0, 1) if self.conv.stride[0] == 2 else (1, 1, 1, 1))
        return F.relu6(self.bn(self.conv(x)))


class MobileNetV1(nn.Module):
    """(B, 3, 224, 224) in [0, 1] -> logits (B, 1000), torchvision's order of classes.

    Args:
        width: multiplier of all channels; 0.75 is that of the public weights.
    """

    side = 224

    def __init__(self, width: float = 0.75):
        super().__init__()
        sizes = [int(width * n) for n in (32, *WIDTHS)]
        layers: list[nn.Module] = [_Layer(3, sizes[0], 3, 2, 1)]
        for a, b, stride in zip(sizes, sizes[1:], STRIDES, strict=False):
            layers += [_Layer(a, a, 3, stride, a), _Layer(a, b, 1, 1, 1)]
        self.layers = nn.Sequential(*layers)
        self.predictions = nn.Conv2d(sizes[-1], 1000, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layers(2 * x - 1).mean(dim=(2, 3), keepdim=True)
        return self.predictions(x).flatten(1)

    def load_keras(self, tensors: dict[str, torch.Tensor]) -> MobileNetV1:
        """Fill from a state dict with Keras's names; ValueError if it does not fit."""
        names = ["conv1"]
        for i in range(1, len(WIDTHS) + 1):
            names += [f"conv_dw_{i}", f"conv_pw_{i}"]
        found = {}
        for k, name in enumerate(names):
            found[f"layers.{k}.conv.weight"] = tensors.get(f"{name}.weight")
            for part in ("weight", "bias", "running_mean", "running_var"):
                found[f"layers.{k}.bn.{part}"] = tensors.get(f"{name}_bn.{part}")
        for part in ("weight", "bias"):
            found[f"predictions.{part}"] = tensors.get(f"conv_preds.{part}")
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise ValueError(f"these weights lack {', '.join(missing[:3])}")
        self.load_state_dict(found, strict=False)
        return self


def teacher(source: str) -> nn.Module:
    """An ImageNet classifier in eval mode: [0, 1] pictures -> logits of 1,000 classes.

    Args:
        source: the path of a state dict of MobileNet v1 (Keras's names), or the name of
            one of torchvision's, such as "mobilenet_v3_large", which fetches weights.

    Raises:
        FileNotFoundError: no such file. ValueError: weights or a name that do not fit.
    """
    path = Path(source).expanduser()
    if path.suffix in (".pth", ".pt"):
        if not path.is_file():
            raise FileNotFoundError(f"no teacher's weights {source!r}")
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        tensors = {k: v.to(torch.float32) for k, v in tensors.items()}
        net: nn.Module = MobileNetV1().load_keras(tensors)
    else:
        from srlab.saliency.adapters import imagenet

        try:
            net = imagenet(source)
        except ValueError:
            raise ValueError(
                f"{source!r} is neither a file nor one of torchvision's nets"
            ) from None
        vars(net)["side"] = 224  # `distil` brings its views to that
    return net.eval().requires_grad_(False)
