# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Network interpolation: from a PSNR-trained net to its GAN-trained child by degrees.

X. Wang et al., "ESRGAN", arXiv 1809.00219, section 3.4. Differences: integers of a
state dict (a norm's count of batches) are no weights, and stay the first net's.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

__all__ = ["network_interpolation"]


def network_interpolation(
    psnr_weights: Mapping[str, torch.Tensor],
    gan_weights: Mapping[str, torch.Tensor],
    alpha: float,
) -> dict[str, torch.Tensor]:
    r"""$\theta = (1 - \alpha) \, \theta_{PSNR} + \alpha \, \theta_{GAN}$, per tensor.

    It makes sense for nets of which one began as the other: between strangers the
    mean of two weights means nothing.

    Args:
        psnr_weights, gan_weights: state dicts of two nets of one layout.
        alpha: 0 gives the first, 1 the second, exactly.

    Raises:
        TypeError: a net instead of its state dict. ValueError: alpha is outside
        [0, 1], or a tensor is missing or has another shape.

    >>> a, b = {"w": torch.tensor([0.0, 8.0])}, {"w": torch.tensor([4.0, 0.0])}
    >>> network_interpolation(a, b, 0.25)["w"].tolist()
    [1.0, 6.0]
    """
    _check(psnr_weights, gan_weights, alpha)
    return {
        name: torch.lerp(a, gan_weights[name].to(a), alpha)
        if a.is_floating_point()
        else a.clone()
        for name, a in psnr_weights.items()
    }


def _check(
    psnr_weights: Mapping[str, torch.Tensor],
    gan_weights: Mapping[str, torch.Tensor],
    alpha: float,
) -> None:
    if not 0 <= alpha <= 1:  # NaN fails too
        raise ValueError(f"alpha is {alpha}; expected a number from 0 to 1")
    for weights in (psnr_weights, gan_weights):
        if not isinstance(weights, Mapping):
            kind = type(weights).__name__
            raise TypeError(f"expected a state dict, not {kind}: pass net.state_dict()")
    alone = set(psnr_weights) ^ set(gan_weights)
    if alone:
        raise ValueError(
            f"the nets differ: {len(alone)} tensors are in one of them alone, "
            f"such as {min(alone)!r}"
        )
    for name, a in psnr_weights.items():
        b = gan_weights[name]
        if a.shape != b.shape:
            raise ValueError(
                f"the nets differ: {name!r} is {tuple(a.shape)} in one and "
                f"{tuple(b.shape)} in the other"
            )
