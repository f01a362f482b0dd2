# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How sharp a picture is, and kept libraries' measures that need no download.

`sharpness` compares energies, not pixels: a sharp picture of the wrong hair is as sharp
as the right one. It is no measure of quality (noise is "sharp" too) and is read beside
the others. HaarPSI, GMSD, MDSI and FSIM come from piq; all compare x with the original.
"""

from __future__ import annotations

from typing import Any

import torch

from srlab.images import check_image, shave
from srlab.images import luma as as_luma
from srlab.metrics.doors import prepare

__all__ = ["fsim", "gmsd", "haarpsi", "mdsi", "sharpness", "spectrum"]

_FLOOR = 1e-12  # of an energy: a flat picture is -120 dB or so, not minus infinity


def spectrum(image: torch.Tensor, bins: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Mean power of the luma at each frequency, whatever its direction.

    $\overline{|F(w \, (y - \bar y))|^2} / \sum w^2$ over rings, w a Hann window (or the
    picture's two ends, which do not meet, would look like edges).

    Args:
        image: (B, C, H, W) in [0, 1], at least 8 x 8.
        bins: rings, of equal width.

    Returns:
        (bins,) the rings' middles, in shares of the Nyquist frequency (half a period a
        pixel) 0..1, and (bins,) the power, the mean over the images; float64.
    """
    power, radius = _power(_luma(image, 0))
    ring = (radius * bins).long()
    total = torch.stack([power[:, ring == k].mean() for k in range(bins)])
    middles = (torch.arange(bins, dtype=torch.float64) + 0.5) / bins
    return middles, total.cpu()


def sharpness(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, above: float = 0.25
) -> float:
    r"""$10 \log_{10}(E_x / E_y)$ in dB, E the luma's energy above a frequency.

    0: x has as much fine detail as the original y; -6: a quarter of its energy, which
    is half its contrast; above 0: more than there was, as noise and ringing give.

    Args:
        x, y: (B, C, H, W) in [0, 1], at least 8 x 8 after the border is cut.
        border: pixels cut from each side.
        above: share of the Nyquist frequency, 0..1; what shrinking four times removes
            lies above 1/4.

    Returns:
        The mean over the images.

    Raises:
        TypeError, ValueError: as for `srlab.metrics.mse`; above is not in [0, 1).

    >>> y = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> round(sharpness(y / 2, y), 2)  # half the contrast
    -6.02
    """
    if not 0 <= above < 1:
        raise ValueError(f"above is {above}; expected a share of Nyquist from 0")
    x, y = prepare(x, y, border, False, smallest=8, name="sharpness")
    (ex, radius), (ey, _) = (_power(_luma(t, 0)) for t in (x, y))
    high = radius >= above
    ex, ey = (e[:, high].sum(1).clamp(min=_FLOOR) for e in (ex, ey))
    return (10 * (ex / ey).log10()).mean().item()


def _luma(image: torch.Tensor, border: int) -> torch.Tensor:
    """(B, H, W) float64, without its mean."""
    check_image(image)
    grey = image if image.shape[1] == 1 else as_luma(image)
    grey = shave(grey, border)[:, 0].to(torch.float64)
    if min(grey.shape[-2:]) < 8:
        raise ValueError(f"a spectrum needs 8 x 8 pixels, got {tuple(grey.shape[-2:])}")
    return grey - grey.mean(dim=(1, 2), keepdim=True)


def _power(grey: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Power (B, H, W / 2 + 1) and the frequency there, in shares of Nyquist.

    Corners (diagonals finer than Nyquist) have shares above 1.
    """
    height, width = grey.shape[-2:]
    options: dict[str, Any] = {"dtype": grey.dtype, "device": grey.device}
    rows, columns = (
        torch.hann_window(n, periodic=False, **options) for n in (height, width)
    )
    window = rows[:, None] * columns
    power = torch.fft.rfft2(grey * window).abs().square() / window.square().sum()
    down = torch.fft.fftfreq(height, **options)[:, None]
    right = torch.fft.rfftfreq(width, **options)
    return power, 2 * (down.square() + right.square()).sqrt()


def haarpsi(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """HaarPSI (piq): likeness of Haar wavelet coefficients, 0..1, 1 for equal images;
    at least 16 x 16 pixels. Arguments and errors as for `srlab.metrics.mse`.

    R. Reisenhofer et al., 2018, arXiv:1607.06140.
    """
    return _piq("haarpsi", x, y, border, luma, 16)


def gmsd(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """GMSD (piq): deviation of the likeness of gradients, 0 for equal images, larger is
    worse; at least 8 x 8 pixels. Arguments and errors as for `srlab.metrics.mse`.

    W. Xue et al., 2014, arXiv:1308.3052.
    """
    return _piq("gmsd", x, y, border, luma, 8)


def mdsi(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """MDSI (piq): deviation of the likeness of gradients and chroma, 0 for equal
    images, larger is worse; 8 x 8 pixels up. Else as `haarpsi`.

    H. Ziaei Nafchi et al., 2016, arXiv:1608.07433.
    """
    return _piq("mdsi", x, y, border, luma, 8)


def fsim(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """FSIMc (piq): likeness of phase congruency and gradients, 0..1, 1 for equal
    images; at least 21 x 21 pixels. Arguments and errors as for `srlab.metrics.mse`.

    L. Zhang et al., 2011, doi:10.1109/TIP.2011.2109730.
    """
    return _piq("fsim", x, y, border, luma, 21)


def _piq(
    name: str, x: torch.Tensor, y: torch.Tensor, border: int, luma: bool, smallest: int
) -> float:
    import piq

    x, y = prepare(x, y, border, luma, smallest=smallest, name=name)
    x, y = (t.to(torch.float32).clamp(0, 1) for t in (x, y))
    if x.shape[1] == 1:  # piq's colour measures take three channels
        x, y = x.expand(-1, 3, -1, -1), y.expand(-1, 3, -1, -1)
    with torch.no_grad():
        return getattr(piq, name)(x, y, data_range=1.0).mean().item()
