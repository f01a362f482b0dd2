# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What `bench_large.py` measures: every public operation on a large photograph.

An operation is a function of a `Bench` that makes its parts ready and returns what is
then timed, a call without arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import torch

import srlab
from srlab import codecs, degrade, figures, metrics, models, saliency, schemes

HEIGHT, WIDTH = 3000, 4000
X1 = ("decoded_jpeg_x1",)
X2 = ("srcnn_x2", "srcnn_915_x2", "espcn_x2", "vdsr", "edsr_x2")
X2 += ("adadm_x2", "rcan_x2", "rdrn_x2", "swinir_light_x2", "decoded_jpeg_x2")
X4 = ("espcn_x4", "edsr_x4", "srresnet_x4", "esrgan_x4", "srvgg_x4", "real_esrgan_x4")
MAPS = ("CAM", "GradCAM", "GradCAMPlusPlus", "EigenCAM", "ScoreCAM")


@dataclass(frozen=True)
class Bench:
    """A folder with the photograph and the files that `encode` wrote."""

    folder: Path

    def picture(self, scale: int = 1) -> torch.Tensor:
        """(1, 3, 3000 / scale, 4000 / scale) in [0, 1]."""
        return torch.load(self.folder / f"photo_{scale}.pt", weights_only=True)

    @cached_property
    def x(self) -> torch.Tensor:
        return self.picture()

    @property
    def seeded(self) -> torch.Generator:
        return torch.Generator().manual_seed(0)


def photograph() -> torch.Tensor:
    """(1, 3, 3000, 4000): scikit-learn's temple, enlarged 7 times, with a little noise.

    No shipped photograph has 12 megapixels; noise of one grey level in 255 gives the
    codecs the work that an enlargement would spare them.
    """
    small = srlab.photo("china")[..., :426, :568]
    large = srlab.imresize(small, size=(HEIGHT, WIDTH))
    noise = torch.randn(large.shape, generator=torch.Generator().manual_seed(0)) / 255
    return srlab.images.round8((large + noise).clamp(0, 1))


def prepare(folder: Path) -> None:
    """Write the photograph at 1, 1/2 and 1/4 of its size."""
    folder.mkdir(parents=True, exist_ok=True)
    x = photograph()
    for scale in (1, 2, 4):
        y = x if scale == 1 else srlab.images.round8(srlab.imresize(x, 1 / scale))
        torch.save(y.clamp(0, 1), folder / f"photo_{scale}.pt")


def _resize(factor: float, scale: int, bench: Bench) -> Callable:
    x = bench.picture(scale)
    return lambda: srlab.imresize(x, scale=factor)


def _metric(name: str, bench: Bench) -> Callable:
    function, x = getattr(metrics, name), bench.x
    if name == "spectrum":
        return lambda: function(x)
    y = (x + 0.02).clamp(0, 1)
    return lambda: function(y, x)


def _restore(name: str, scale: int, bench: Bench) -> Callable:
    net = srlab.load(name, scale if name == "vdsr" else None)
    x = bench.picture(scale)
    return lambda: net(x)


def _ensemble(bench: Bench) -> Callable:
    net, x = models.SelfEnsemble(srlab.load("espcn_x2")), bench.picture(2)
    return lambda: net(x)


def _map(name: str, bench: Bench) -> Callable:
    extra = {"top": 64} if name == "ScoreCAM" else {}
    method = getattr(saliency, name)(saliency.photo_classifier(), **extra)
    x = bench.x
    return lambda: method(x)


def _msroi(bench: Bench) -> Callable:
    method, x = saliency.MSROI(), bench.x
    return lambda: method(x)


def _views(bench: Bench) -> Callable:
    net = saliency.photo_classifier()
    method, x = saliency.Augmented(saliency.GradCAM(net)), bench.x
    return lambda: method(x)


def _fused(bench: Bench) -> Callable:
    net = saliency.photo_classifier()
    method, x = saliency.Fused(saliency.CAM(net)), bench.x
    return lambda: method(x)


def _viewer(name: str, bench: Bench) -> Callable:
    x = bench.x
    if name == "compare":
        y = x.flip(-1)
        return lambda: figures.compare(x, y, alt="a temple and its mirror image")
    return lambda: getattr(figures, name)(x, alt="a temple, enlarged")


def _degrade(make: Callable, bench: Bench) -> Callable:
    x, generator = bench.x, bench.seeded
    return lambda: make(x, generator)


def _scheme(name: str, bench: Bench):
    place = torch.zeros(1, 1, HEIGHT, WIDTH)
    place[..., HEIGHT // 4 : HEIGHT // 2, WIDTH // 4 : WIDTH // 2] = 1
    load, jpeg = srlab.load, codecs.JPEG
    return {
        "RoiJPEG": lambda: schemes.RoiJPEG(place, quality=75, background=30),
        "RoiFiltered": lambda: schemes.RoiFiltered(place, jpeg(75)),
        "RoiHEVC": lambda: schemes.RoiHEVC(place),
        "RoiLearned": lambda: schemes.RoiLearned(place),
        "Stitched": lambda: schemes.Stitched(place),
        "TwoLayer": lambda: schemes.TwoLayer(jpeg(30), load("edsr_x2"), jpeg(40)),
        "AdaptiveTwoLayer": lambda: schemes.AdaptiveTwoLayer(
            slope=400, enlarge=load("decoded_jpeg_x2"), clean=load("decoded_jpeg_x1")
        ),
        "two_codecs": lambda: schemes.two_codecs("bicubic_1_5_sr"),
        "SideInfo": lambda: schemes.SideInfo(jpeg(10), "side_info", level=0.1),
    }[name]()


CODECS: dict[str, Callable[[], codecs.Codec]] = {
    "JPEG": lambda: codecs.JPEG(75),
    "BaselineJPEG": lambda: codecs.BaselineJPEG(75),
    "JPEG2000": lambda: codecs.JPEG2000(bpp=1),
    "WebP": lambda: codecs.WebP(75),
    "AVIF": lambda: codecs.AVIF(60),
    "HEIF": lambda: codecs.HEIF(50),
    "Factorized": lambda: codecs.Factorized(3),
    "MeanScale": lambda: codecs.MeanScale(3),
    "WithContext": lambda: codecs.WithContext(3),
    "Progressive": lambda: codecs.Progressive(3),
    "Residual": lambda: codecs.Residual(),
}
SCHEMES = ("RoiJPEG", "RoiFiltered", "RoiHEVC", "RoiLearned", "Stitched", "TwoLayer")
SCHEMES += ("AdaptiveTwoLayer", "two_codecs", "SideInfo")
DEGRADATIONS: dict[str, Callable] = {
    "BI x4": lambda x, g: degrade.BI(4)(x),
    "BD x3": lambda x, g: degrade.BD(3)(x),
    "DN x3": lambda x, g: degrade.DN(3)(x, g),
    "blur, 21 taps": lambda x, g: degrade.blur(x, torch.ones(21, 21) / 441),
    "resize, half": lambda x, g: degrade.resize(x, (HEIGHT // 2, WIDTH // 2)),
    "gaussian_noise": lambda x, g: degrade.gaussian_noise(x, 15, g),
    "poisson_noise": lambda x, g: degrade.poisson_noise(x, 1.0, g),
    "jpeg": lambda x, g: degrade.jpeg(x, 50),
    "diff_jpeg": lambda x, g: degrade.diff_jpeg(x, 50),
    "usm_sharpen": lambda x, g: degrade.usm_sharpen(x),
    "first_order x4": lambda x, g: degrade.first_order(4)(x, g),
    "real_esrgan x4": lambda x, g: degrade.real_esrgan(4)(x, g),
}


def _encode(key: str, make: Callable, bench: Bench) -> Callable:
    codec, x = make(), bench.x
    if key == "Residual":
        x = 0.5 + (x - x.flip(-1)) / 8  # it codes what a prediction left

    def run() -> None:
        (bench.folder / f"{key}.bin").write_bytes(codec.encode(x))

    return run


def _decode(key: str, make: Callable, bench: Bench) -> Callable:
    codec, data = make(), (bench.folder / f"{key}.bin").read_bytes()
    return lambda: codec.decode(data)


def operations() -> dict[str, Callable[[Bench], Callable]]:
    """Name -> operation, in the order of the table; a decoder after its encoder."""
    table = {
        "imresize x1/2": partial(_resize, 0.5, 1),
        "imresize x2 to 12 MP": partial(_resize, 2, 2),
    }
    names = [name for name in metrics.__all__ if name not in ("SSIMMap", "lpips")]
    table |= {f"metrics.{name}": partial(_metric, name) for name in names}
    for kind, scale in ((X1, 1), (X2, 2), (X4, 4)):
        table |= {f"load({n!r})": partial(_restore, n, scale) for n in kind}
    table["SelfEnsemble(espcn_x2)"] = _ensemble
    table |= {f"degrade.{n}": partial(_degrade, f) for n, f in DEGRADATIONS.items()}
    table |= {f"saliency.{n}": partial(_map, n) for n in MAPS}
    table |= {"saliency.MSROI": _msroi, "saliency.Augmented(GradCAM)": _views}
    table["saliency.Fused(CAM)"] = _fused
    table |= {f"figures.{n}": partial(_viewer, n) for n in ("show", "compare", "zoom")}
    for name, make in CODECS.items():
        table[f"codecs.{name} encode"] = partial(_encode, name, make)
        table[f"codecs.{name} decode"] = partial(_decode, name, make)
    return table | _of_schemes()


def _of_schemes() -> dict[str, Callable[[Bench], Callable]]:
    table: dict[str, Callable[[Bench], Callable]] = {}
    for name in SCHEMES:
        for word, kind in (("encode", _encode), ("decode", _decode)):
            key = f"schemes.{name} {word}"
            table[key] = lambda b, n=name, k=kind: k(n, partial(_scheme, n, b), b)
    return table
