# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Score-CAM: no gradients; each channel masks the picture, and the class answers.

H. Wang et al., "Score-CAM: score-weighted visual explanations for convolutional neural
networks", arXiv 1910.01279. Differences: channels that are constant share one pass, as
their masks are all the same; `top` asks about the most energetic channels alone.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from srlab.images import check_whole
from srlab.saliency.base import Saliency, Seen, _still

__all__ = ["ScoreCAM"]


class ScoreCAM(Saliency):
    """A channel weighs what the class's score is when only its places are seen.

    H_k = A_k, enlarged and stretched to [0, 1];  s_k = y^c( x H_k );
    w = softmax_k(s),  L^c = ReLU( sum_k w_k A_k )

    Without `top` it costs one pass a channel: 256 to 2,048 of them. Masks are made for
    `batch` channels at a time, so memory does not grow with their number.

    Args:
        model, layer, reshape: as of `srlab.saliency.Saliency`.
        top: only so many channels, those with the largest sum of squares; 0: all. The
            others are given the mean score of the weaker half of those.
        batch: channels to a pass.

    Where the model subtracts a mean colour itself and says so (``mean``, (1, 3, 1, 1)
    in [0, 1]), what is hidden gets that colour; else 0, as the paper has it for
    pictures whose mean was subtracted before.
    """

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module | None = None,
        reshape: Any = None,
        top: int = 0,
        batch: int = 16,
    ):
        super().__init__(model, layer, reshape)
        self.top = check_whole(top, "top", 0)
        self.batch = check_whole(batch, "batch", 1)

    def weigh(self, seen: Seen) -> torch.Tensor:
        """w (B, K): softmax over all channels' scores."""
        with torch.inference_mode(), _still(self.model):
            rows = [self._scores(seen, i) for i in range(len(seen.x))]
        return torch.stack(rows).clone().softmax(dim=1)

    def _scores(self, seen: Seen, i: int) -> torch.Tensor:
        """s (K,) of image i."""
        features, x, label = seen.activations[i], seen.x[i : i + 1], seen.target[i]
        flat = features.flatten(1)
        order = flat.square().sum(dim=1).argsort(descending=True, stable=True)
        scored = order[: self.top or len(order)]
        alive = scored[flat.amax(dim=1)[scored] > flat.amin(dim=1)[scored]]
        hidden, s = self._hidden(x), x.new_zeros(len(order))
        if len(alive) < len(scored):  # their masks are 0: one pass serves them all
            s[:] = self.model(hidden)[0, label]
        for part in alive.split(self.batch):
            s[part] = self.model(self._masked(x, hidden, features[part]))[:, label]
        if len(scored) < len(order):
            s[order[self.top :]] = s[scored[self.top // 2 :]].mean()
        return s

    def _masked(
        self, x: torch.Tensor, hidden: torch.Tensor, channels: torch.Tensor
    ) -> torch.Tensor:
        """(n, 3, h0, w0): the picture behind each channel's mask H_k."""
        masks = F.interpolate(
            channels[:, None], size=x.shape[-2:], mode="bilinear", align_corners=True
        )  # corners on corners, as implementations of Score-CAM have it
        low = masks.amin(dim=(1, 2, 3), keepdim=True)
        high = masks.amax(dim=(1, 2, 3), keepdim=True)
        masks = (masks - low) / (high - low + 1e-8)
        return hidden + (x - hidden) * masks

    def _hidden(self, x: torch.Tensor) -> torch.Tensor:
        mean = getattr(self.model, "mean", None)
        if isinstance(mean, torch.Tensor) and mean.shape == (1, 3, 1, 1):
            return mean.expand_as(x)
        return torch.zeros_like(x)
