# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.schemes.TwoLayer: two streams in one file, and the first alone."""

import os
import subprocess
import sys

import pytest
import torch

import srlab
from srlab import models, photo
from srlab.codecs import (
    JPEG,
    CorruptStream,
    Factorized,
    MeanScale,
    Residual,
    WebP,
    container,
)
from srlab.images import round8
from srlab.metrics import psnr
from srlab.resample import Interpolator, imresize
from srlab.schemes import TwoLayer

X = photo("chelsea")[..., 40:201, 90:263].contiguous()  # 161 x 173: odd both ways


def net() -> models.CodedRestorer:
    torch.manual_seed(0)
    made = models.CodedNet(2, width=8, blocks=1)
    torch.nn.init.normal_(made.tail.weight, std=0.02)
    return models.restorer(made)


SCHEMES = [
    TwoLayer(JPEG(40)),
    TwoLayer(JPEG(40), residual=JPEG(30)),
    TwoLayer(WebP(30), residual=WebP(20), luma=True),
    TwoLayer(JPEG(60, "4:4:4"), Interpolator(3), JPEG(30), scale=3),
    TwoLayer(Factorized(2), residual=Factorized(1)),
    TwoLayer(JPEG(40), net(), JPEG(30), level=0.4),
]


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
@pytest.mark.parametrize("size", [(161, 173), (37, 53), (1, 1), (64, 64)])
def test_the_decoder_has_the_encoders_picture(scheme, size):
    if size == (1, 1) and scheme.scale == 3:
        scheme = TwoLayer(JPEG(40), Interpolator(3), scale=3)
    x = X[..., : size[0], : size[1]]
    for image in (x, x.mean(1, keepdim=True)):
        data = scheme.encode(image)
        y = scheme.decode(data)
        assert y.shape == image.shape and y.equal(scheme.layers(image)["result"])
        assert sum(scheme.streams(data).values()) == len(data)


def test_a_residual_helps_and_costs():
    base, both = SCHEMES[:2]
    a, b = base.encode(X), both.encode(X)
    assert len(b) > 1.5 * len(a)
    assert psnr(both.decode(b), X) > psnr(base.decode(a), X) + 1


def test_the_layers_are_what_their_names_say():
    scheme = SCHEMES[1]
    found = scheme.layers(X)
    assert list(found) == ["down", "decoded", "sr", "residual", "coded", "result"]
    assert found["down"].equal(imresize(X, size=(81, 87)).clamp(0, 1))
    large = imresize(found["decoded"], scale=2).clamp(0, 1)[..., :161, :173]
    assert found["sr"].equal(round8(large))
    middle = 128 / 255
    assert (
        found["residual"] - (X - found["sr"] + middle).clamp(0, 1)
    ).abs().max() < 1e-6
    assert "residual" not in SCHEMES[0].layers(X)


def test_the_base_alone_when_the_second_stream_is_damaged():
    scheme = SCHEMES[1]
    data = scheme.encode(X)
    for broken in (data[:-200], data[:-3] + b"\0\0\0"):
        with pytest.raises(CorruptStream):
            scheme.decode(broken)
        with pytest.warns(UserWarning, match="the base alone"):
            y = scheme.decode(broken, on_damage="base")
        assert y.equal(scheme.layers(X)["sr"])
    first = scheme.streams(data)["header"] + 20
    with pytest.raises(CorruptStream):
        scheme.decode(data[:first] + b"\xff\0\xff" + data[first + 3 :], "base")
    base = container.unpack(data, "two-layer").payloads[1]
    assert JPEG().decode(base).equal(scheme.layers(X)["decoded"])  # a .jpg of its own


def test_files_of_another_scheme_are_refused():
    data = SCHEMES[5].encode(X)
    with pytest.raises(CorruptStream, match="another restorer"):
        TwoLayer(JPEG(40), residual=JPEG(30)).decode(data)
    with pytest.raises(CorruptStream, match="say which codec"):
        TwoLayer(JPEG(40)).decode(SCHEMES[1].encode(X))
    with pytest.raises(CorruptStream, match="differ in luma"):
        TwoLayer(JPEG(40), residual=JPEG(30), luma=True).decode(SCHEMES[1].encode(X))
    with pytest.raises(CorruptStream, match="scale 2"):
        TwoLayer(JPEG(40), scale=4).decode(SCHEMES[0].encode(X))
    with pytest.raises(CorruptStream):
        SCHEMES[0].decode(JPEG(40).encode(X))
    with pytest.raises(ValueError, match="on_damage"):
        SCHEMES[0].decode(data, on_damage="ignore")


def test_the_level_is_in_the_file():
    """A decoder that was made with another level gives the same picture."""
    scheme, other = SCHEMES[5], TwoLayer(JPEG(9), net(), JPEG(3), level=0.9)
    data = scheme.encode(X)
    assert other.decode(data).equal(scheme.decode(data))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: TwoLayer("jpeg"), TypeError, "lacks encode or decode"),
        (lambda: TwoLayer(JPEG(), residual=3), TypeError, "residual"),
        (lambda: TwoLayer(JPEG(), scale=0), ValueError, "scale must be 1 to 8"),
        (lambda: TwoLayer(JPEG(), level=2), ValueError, "level must be 0 to 1"),
        (lambda: TwoLayer(JPEG(), Interpolator(2), JPEG(), scale=4).encode(X),
         ValueError, "the restorer gives"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(make, error, words):
    with pytest.raises(error, match=words):
        make()


DECODE = """
import sys, torch, srlab
from srlab import codecs, schemes

torch.set_num_threads(int(sys.argv[1]))
data = open(sys.argv[2], "rb").read()
base = {"JPEG": codecs.JPEG(20), "MeanScale": codecs.MeanScale(2)}[sys.argv[3]]
net = srlab.load("decoded_jpeg_x2")
codec = schemes.TwoLayer(base, net, codecs.Residual(20), level=0.2)
coded = codec.residual.decode(codecs.container.unpack(data, "two-layer").payloads[2])
torch.save([codec.decode(data), coded], sys.argv[4])
"""


@pytest.mark.parametrize("base", [JPEG(20), MeanScale(2)])
def test_another_process_with_other_threads_has_the_same_picture(base, tmp_path):
    """Symbols exactly; pixels to one level, because a net rounds in floating point."""
    x = photo("coffee")[..., 100:201, 200:333]
    codec = TwoLayer(base, srlab.load("decoded_jpeg_x2"), Residual(20), level=0.2)
    data, layers = codec.encode(x), codec.layers(x)
    file = tmp_path / "file"
    file.write_bytes(data)
    for threads in ("1", "2"):
        out = tmp_path / f"{threads}.pt"
        subprocess.run(
            [sys.executable, "-c", DECODE, threads, str(file), type(base).__name__,
             str(out)],
            check=True, env={**os.environ, "OMP_NUM_THREADS": threads},
        )  # fmt: skip
        result, coded = torch.load(out, weights_only=True)
        assert coded.equal(layers["coded"])
        assert (result - layers["result"]).abs().max() < 1.01 / 255
