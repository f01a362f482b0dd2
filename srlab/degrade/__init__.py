# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What happens to a picture on its way to you: blur, resizing, noise, JPEG.

A degradation is a callable image, generator -> image. The single ones (`blur`,
`resize`, `gaussian_noise`, `poisson_noise`, `jpeg`) take what they do as arguments;
`BI`, `BD` and `DN` are those of the papers' tables; a `Pipeline` draws its parameters
from a generator on the CPU, for a batch on any device.
"""

from srlab.degrade import kernels
from srlab.degrade.blurs import KINDS, Blur, Sinc
from srlab.degrade.classical import BD, BI, DN
from srlab.degrade.compression import diff_jpeg, jpeg
from srlab.degrade.draws import Draws, Frame, Stage
from srlab.degrade.filters import blur, usm_sharpen
from srlab.degrade.noise import gaussian_noise, poisson_noise
from srlab.degrade.resizing import MODES, resize
from srlab.degrade.second_order import Pipeline, first_order, real_esrgan
from srlab.degrade.stages import Compress, EitherOrder, Fit, Noise, Resize

__all__ = [
    "BD",
    "BI",
    "DN",
    "KINDS",
    "MODES",
    "Blur",
    "Compress",
    "Draws",
    "EitherOrder",
    "Fit",
    "Frame",
    "Noise",
    "Pipeline",
    "Resize",
    "Sinc",
    "Stage",
    "blur",
    "diff_jpeg",
    "first_order",
    "gaussian_noise",
    "jpeg",
    "kernels",
    "poisson_noise",
    "real_esrgan",
    "resize",
    "usm_sharpen",
]
