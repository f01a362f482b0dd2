# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Grad-CAM and Grad-CAM++: weights from gradients, so any network will do.

R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
gradient-based localization", arXiv 1610.02391; A. Chattopadhyay et al., "Grad-CAM++:
improved visual explanations for deep convolutional networks", arXiv 1710.11063.
"""

from __future__ import annotations

import torch

from srlab.saliency.base import Saliency, Seen

__all__ = ["GradCAM", "GradCAMPlusPlus"]

EPS = 1e-6  # keeps a finite where gradients vanish; not small beside g^2, see below


class GradCAM(Saliency):
    """A channel weighs what the class gains when the whole channel rises a little.

    alpha_k^c = (1/Z) sum_ij dy^c / dA_ij^k,  L^c = ReLU( sum_k alpha_k^c A^k )

    Behind a global average and a linear head dy^c/dA_ij^k = w_k^c / Z at every place:
    there Grad-CAM is CAM divided by Z.
    """

    gradients = True

    def weigh(self, seen: Seen) -> torch.Tensor:
        """alpha (B, K)."""
        return seen.slopes.mean(dim=(2, 3))


class GradCAMPlusPlus(Saliency):
    """Places with large positive gradients count more: several objects, all found.

    With g = dy^c/dA_ij^k:  a_ij^k = g^2 / (2 g^2 + g^3 sum_ab A_ab^k),
    w_k^c = sum_ij a_ij^k ReLU(g)

    which holds for the score exp(y^c), whose second and third derivatives are powers of
    the first. Where g is the same at every place, as behind a global average, a is the
    same too: then Grad-CAM++ only reweighs the channels, and drops those with w < 0.

    Differs from the paper: as in other implementations, whose maps these are, EPS is
    added to the denominator. Where g is of the order of EPS^(1/2) or below, EPS rules
    it, and a g goes towards g^3 / EPS instead of about g / 2: the weights of the
    channels are then more unequal than by the formula. Behind a global average g is
    w / Z, so this is the usual case; notebook 15 measures it.
    """

    gradients = True

    def weigh(self, seen: Seen) -> torch.Tensor:
        """w (B, K), none negative."""
        g = seen.slopes
        total = seen.activations.sum(dim=(2, 3), keepdim=True)
        a = g**2 / (2 * g**2 + total * g**3 + EPS)
        return (a * g.clamp(min=0)).sum(dim=(2, 3))
