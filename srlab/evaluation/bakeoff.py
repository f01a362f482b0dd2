# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The bake-off: each family's best file within a budget, judged, counted, compared.

BD-rates are those of `rates`; a win is the best value on one picture at one size. The
families are in `families`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from srlab import metrics, schemes
from srlab.codecs.base import Codec, bpp, check_one
from srlab.evaluation.families import FAMILIES, SHARE, Family
from srlab.evaluation.hulls import pareto
from srlab.evaluation.rates import bd_rate, encode_to_size
from srlab.images import check_image, round8
from srlab.saliency import CAM, photo_classifier

if TYPE_CHECKING:
    import pandas

__all__ = ["FAMILIES", "MEASURES", "Family", "bd_table", "compare_within", "judge"]
__all__ += ["look_at", "region_of", "wins", "within"]

MEASURES = ("psnr", "ms_ssim", "roi_psnr")


@lru_cache(maxsize=1)
def _look() -> CAM:
    return CAM(photo_classifier())


def look_at(image: torch.Tensor) -> torch.Tensor:
    """Where the bake-off supposes that people look: CAM of the likeliest class.

    The course's own classifier, as in notebook 17; a guess, nobody's eyes were tracked.

    Args:
        image: (1, C, H, W) in [0, 1].

    Returns:
        (1, 1, H, W) in [0, 1].
    """
    return _look()(check_one(image).expand(-1, 3, -1, -1))


def region_of(P: torch.Tensor, share: float = SHARE) -> torch.Tensor:
    """The share of the blocks of 8 x 8 where a map is highest, as a mask of 0 and 1.

    Args:
        P: (1, 1, H, W) in [0, 1]. share: of all blocks, 0 to 1.
    """
    check_image(P, "P", (1,))
    chosen = schemes.TwoPiece(share=share)(P, 0.0, 1.0, 8)
    wide = chosen.repeat_interleave(8, 0).repeat_interleave(8, 1)
    return wide[None, None, : P.shape[-2], : P.shape[-1]].float()


def within(
    family: str | Family,
    image: torch.Tensor,
    budget: int,
    P: torch.Tensor | None = None,
) -> tuple[Codec, bytes]:
    """The best file of a family that is no larger than a budget.

    Args:
        family: a name in `FAMILIES`, or a `Family`.
        image: (1, C, H, W) in [0, 1]. budget: bytes, headers and all.
        P: the map, for families that favour a region.

    Returns:
        The codec and its file, found by halving the family's settings.

    Raises:
        ValueError: an unknown family, no map, or even the smallest file is too large.

    >>> from srlab import photo
    >>> len(within("WebP", photo("coffee"), 9_000)[1]) <= 9_000
    True
    """
    if isinstance(family, str):
        if family not in FAMILIES:
            raise ValueError(f"no family {family!r}; there are {', '.join(FAMILIES)}")
        family = FAMILIES[family]

    def make(setting: float) -> Codec:
        return family.codec(setting, P)

    make.__dict__["grades"] = ("setting", family.settings)
    return encode_to_size(make, image, budget)


def judge(
    decoded: torch.Tensor, image: torch.Tensor, mask: torch.Tensor
) -> dict[str, float]:
    """What the bake-off measures of a decoded picture, of 8-bit RGB.

    Args:
        decoded, image: (1, C, H, W) in [0, 1]; C of either may be 1.
        mask: (1, 1, H, W), the region.

    Returns:
        psnr, roi_psnr (inside the mask), both in dB; ms_ssim, NaN below 161 pixels a
        side.
    """
    x, y = round8(check_one(image).double()), round8(check_one(decoded).double())
    most = max(x.shape[1], y.shape[1])
    x, y = x.expand(-1, most, -1, -1), y.expand(-1, most, -1, -1)
    small = min(x.shape[-2:]) < 161
    return {
        "psnr": metrics.psnr(y, x),
        "ms_ssim": float("nan") if small else metrics.ms_ssim(y.float(), x.float()),
        "roi_psnr": metrics.psnr(y, x, weight=mask),
    }


def compare_within(
    families: Iterable[str],
    image: torch.Tensor,
    budget: int,
    P: torch.Tensor | None = None,
) -> tuple[pandas.DataFrame, dict[str, torch.Tensor]]:
    """One picture, one budget: what each family makes of it.

    Args:
        families: names in `FAMILIES`. image: (1, C, H, W). budget: bytes.
        P: the map; without one, `look_at`'s.

    Returns:
        (a table with a row a family: codec, setting, bytes, bpp, psnr, ms_ssim and
        roi_psnr, all NaN where no file fits, with the reason in ``.attrs["failed"]``;
        name -> the decoded picture).
    """
    import pandas as pd

    P = look_at(image) if P is None else P
    mask, pictures, failed = region_of(P), {}, {}
    rows: list[dict[str, Any]] = []
    for name in families:
        try:
            codec, data = within(name, image, budget, P)
        except ValueError as error:
            if name not in FAMILIES:
                raise
            failed[name] = str(error)
            rows.append({"codec": name})
            continue
        pictures[name] = codec.decode(data)
        size = {"bytes": len(data), "bpp": bpp(data, image)}
        row = {"codec": name, "setting": repr(codec)} | size
        rows.append(row | judge(pictures[name], image, mask))
    frame = pd.DataFrame(rows, columns=["codec", "setting", "bytes", "bpp", *MEASURES])
    frame.attrs["failed"] = failed
    return frame, pictures


def bd_table(means: pandas.DataFrame, anchor: str) -> pandas.DataFrame:
    """BD-rate of every curve against one, by each measure, in per cent; - is fewer.

    Args:
        means: as data/results/bakeoff.csv. anchor: the name of a curve.

    Returns:
        A row a codec: codec, psnr, ms_ssim, roi_psnr. NaN where the curves share no
        quality, or one's does not rise with its rate.
    """
    import pandas as pd

    first, rows = means[means["codec"] == anchor], []
    if first.empty:
        raise ValueError(f"no curve {anchor!r}; there are {set(means['codec'])}")
    for name in means["codec"].unique():
        own, row = means[means["codec"] == name], {"codec": name}
        for measure in MEASURES:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # little in common
                    curves = (pareto(t, measure) for t in (first, own))
                    row[measure] = bd_rate(next(curves), next(curves), measure)
            except ValueError:
                row[measure] = float("nan")
        rows.append(row)
    return pd.DataFrame(rows)


def wins(budgets: pandas.DataFrame, measure: str = "psnr") -> pandas.DataFrame:
    """On how many pictures each family is the best, a column a budget.

    Args:
        budgets: as data/results/bakeoff_budgets.csv: codec, image, budget, measures.
        measure: the column; larger is better.

    Returns:
        Whole numbers, a row a family that wins at all, most wins first.
    """
    known = budgets.dropna(subset=[measure])
    best = known.loc[known.groupby(["budget", "image"])[measure].idxmax()]
    found = best.groupby(["codec", "budget"]).size().unstack(fill_value=0)
    return found.loc[found.sum(axis=1).sort_values(ascending=False).index]
