# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Judging what favours a region: at equal bytes, inside, outside and on the whole.

A file that spends its bits in one place has fewer for the others, so a single number
for the whole picture tells nothing, or the wrong thing. Two files are comparable when
they have the same size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch

from srlab import metrics
from srlab.codecs.base import Codec, bpp, check_one
from srlab.codecs.sizing import meet_size
from srlab.images import check_image, round8

if TYPE_CHECKING:
    import pandas

__all__ = ["at_equal_bytes", "compare_regions", "measure_regions", "meet_size"]


def measure_regions(
    decoded: torch.Tensor, image: torch.Tensor, mask: torch.Tensor
) -> dict[str, float]:
    """PSNR and SSIM inside, outside and everywhere; VIFp and PSNR-HVS-M everywhere.

    Args:
        decoded: (1, C, H, W). image: the original. mask: (1, 1, H, W) in [0, 1], the
            region; soft masks weigh.

    Returns:
        roi_psnr, background_psnr, psnr in dB; roi_ssim, background_ssim, ssim; vifp
        (NaN below 41 pixels a side); psnr_hvs_m in dB, of luma.

    Raises:
        ValueError: sizes differ, or the mask is empty or covers everything.
    """
    x, y = round8(check_image(decoded, "decoded")), check_one(image)
    check_image(mask, "mask", (1,))
    if not 0 < mask.double().mean() < 1:
        raise ValueError("the mask must leave something inside and something outside")
    y, x = round8(y.expand(-1, x.shape[1], -1, -1)), x.expand(-1, y.shape[1], -1, -1)
    parts = {"roi": mask, "background": 1 - mask}
    found = {f"{p}_psnr": metrics.psnr(x, y, weight=w) for p, w in parts.items()}
    found["psnr"] = metrics.psnr(x, y)
    found |= {f"{p}_ssim": metrics.ssim(x, y, weight=w) for p, w in parts.items()}
    found["ssim"] = metrics.ssim(x, y)
    large = min(x.shape[-2:]) >= 41
    found["vifp"] = metrics.vifp(x, y) if large else float("nan")
    found["psnr_hvs_m"] = metrics.psnr_hvs_m(x, y)
    return found


def compare_regions(
    files: Mapping[str, tuple[Codec, bytes]], image: torch.Tensor, mask: torch.Tensor
) -> pandas.DataFrame:
    """A row for each file: file, bytes, bpp, and what `measure_regions` finds.

    Args:
        files: a name -> (the codec that reads it, its bytes).
        image: (1, C, H, W). mask: (1, 1, H, W).

    Returns:
        A table whose ``.attrs["spread"]`` is the largest size over the smallest, less
        one: 0.01 is the 1 % that counts as equal here.

    Raises:
        ValueError: no file.
    """
    import pandas as pd

    if not files:
        raise ValueError("no files to compare")
    rows = [
        {"file": name, "bytes": len(data), "bpp": bpp(data, image)}
        | measure_regions(codec.decode(data), image, mask)
        for name, (codec, data) in files.items()
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["spread"] = frame["bytes"].max() / frame["bytes"].min() - 1
    return frame


def at_equal_bytes(
    codec: Codec,
    plain: Callable[[float], Codec],
    image: torch.Tensor,
    mask: torch.Tensor,
    low: float = 1,
    high: float = 100,
    tolerance: float = 0.01,
) -> pandas.DataFrame:
    """A codec beside the member of a plain family whose file is as large.

    Args:
        codec: what favours the region. mask: (1, 1, H, W), where it should be better.
        plain: a real number from low to high -> a codec, as for `meet_size`.

    Returns:
        The table of `compare_regions` with the rows "roi" and "plain".

    Raises:
        ValueError: no plain file is within the tolerance of the other's size.
    """
    data = codec.encode(image)
    twin, same = meet_size(plain, image, len(data), low, high, tolerance)
    return compare_regions({"roi": (codec, data), "plain": (twin, same)}, image, mask)
