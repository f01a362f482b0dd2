# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Two codecs, one photograph, one budget: what `explore` calls in the bake-off."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from srlab.images import check_one

__all__ = ["OWN", "Contest"]

OWN = "your own"
_SIDE = 320  # pixels of a reader's photograph that are coded, so that nobody waits


class Contest:
    """Called with a photograph's name, a budget and two families of the bake-off.

    Attributes:
        photographs: name -> (1, 3, H, W); `take` adds the reader's own.
    """

    def __init__(self, photographs: Mapping[str, torch.Tensor]):
        if not photographs:
            raise ValueError("a contest needs a photograph at least")
        self.photographs = {n: check_one(x) for n, x in photographs.items()}

    @property
    def names(self) -> list[str]:
        """What a menu offers, the reader's own last."""
        return [*dict.fromkeys([*self.photographs, OWN])]

    def take(self, image: torch.Tensor) -> torch.Tensor:
        """Keep the middle of a photograph as the reader's own, and give it back.

        Args:
            image: (1, C, H, W) in [0, 1]; at most 320 x 320 pixels of it are taken.
        """
        tops = [max(0, n - _SIDE) // 2 for n in check_one(image).shape[-2:]]
        cut = image[..., tops[0] :, tops[1] :][..., :_SIDE, :_SIDE]
        self.photographs[OWN] = cut.expand(-1, 3, -1, -1).contiguous()
        return self.photographs[OWN]

    def __call__(
        self, photograph: str, budget: int, left: str, right: str
    ) -> tuple[dict[str, torch.Tensor], str]:
        """Pictures by name, and a caption with each one's bytes and measures.

        Args:
            photograph: a name. budget: bytes. left, right: families of
                `srlab.evaluation.bakeoff`.

        Raises:
            ValueError: no photograph of that name yet, or neither file fits.
        """
        from srlab.evaluation.bakeoff import compare_within

        if photograph not in self.photographs:
            raise ValueError("choose a photograph with the button first")
        image = self.photographs[photograph]
        names = [*dict.fromkeys((left, right))]
        table, pictures = compare_within(names, image, int(budget))
        if not pictures:
            raise ValueError("; ".join(table.attrs["failed"].values()))
        lines = []
        for row in table.to_dict("records"):
            if row["codec"] not in pictures:
                lines.append(f"{row['codec']}: no file is so small")
                continue
            lines.append(
                f"{row['codec']}: {row['bytes']:,.0f} bytes, {row['bpp']:.2f} bpp, "
                f"PSNR {row['psnr']:.1f} dB, in the region {row['roi_psnr']:.1f} dB"
            )
            if row["ms_ssim"] == row["ms_ssim"]:  # small pictures have none
                lines[-1] += f", MS-SSIM {row['ms_ssim']:.3f}"
        return {"original": image} | pictures, "\n".join(lines)
