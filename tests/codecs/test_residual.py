# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.codecs.residual: nothing costs nothing, and every symbol comes back."""

import contextlib
import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from srlab import photo
from srlab.codecs import JPEG, CorruptStream
from srlab.codecs.residual import (
    BANDS,
    CLASSES,
    GROUP,
    Residual,
    amplitude_tables,
    block_bits,
    contexts,
    flag_tables,
    transform,
)
from srlab.metrics import psnr
from srlab.resample import imresize

X = photo("coffee")[..., 60:193, 150:301].contiguous()  # 133 x 151
NOTHING = 128 / 255


def left_over(x: torch.Tensor) -> torch.Tensor:
    small = imresize(x, size=tuple(-(-n // 2) for n in x.shape[-2:]))
    large = imresize(small, scale=2)[..., : x.shape[-2], : x.shape[-1]]
    return (x - large + NOTHING).clamp(0, 1)


@pytest.mark.parametrize("step", [2, 10, 40])
@pytest.mark.parametrize("channels", [1, 3])
def test_symbols_come_back(step, channels):
    r = left_over(X)[:, :channels]
    codec = Residual(step)
    data = codec.encode(r)
    y = codec.decode(data)
    assert y.shape == r.shape and Residual(200).decode(data).equal(y)
    if channels == 1:
        assert (y - r).abs().max() * 255 < 6 * step + 4
    assert psnr(y, r) > psnr(torch.full_like(r, NOTHING), r)


def test_sizes_and_distances_follow_the_step():
    r = left_over(X)
    found = [Residual(s) for s in (4, 8, 16, 32, 64)]
    sizes = [len(c.encode(r)) for c in found]
    errors = [psnr(c.decode(c.encode(r)), r) for c in found]
    assert sizes == sorted(sizes, reverse=True) and errors == sorted(errors)[::-1]


def test_nothing_takes_the_head_alone():
    r = torch.full((1, 3, 100, 90), NOTHING)
    data = Residual(10).encode(r)
    assert len(data) == 8 and Residual().decode(data).equal((r * 255).round() / 255)


def test_one_spot_costs_a_few_bytes():
    r = torch.full((1, 1, 256, 256), NOTHING)
    r[..., 100:104, 40:44] = 0.9
    data = Residual(16).encode(r)
    assert len(data) < 60
    y = Residual().decode(data)
    assert (y - NOTHING)[..., 120:, :].abs().max() < 1e-6
    assert psnr(y, r, weight=(r > 0.8).float()) > 20


def test_it_beats_a_jpeg_of_the_residual():
    """At equal bytes; JPEG with the same flat steps, its scans searched."""
    r = left_over(photo("coffee"))
    data = Residual(20).encode(r)
    flat = [JPEG(tables=((s,) * 64,) * 2, optimize="mozjpeg") for s in range(14, 40, 3)]
    files = [(c, c.encode(r)) for c in flat]
    codec, same = min(files, key=lambda pair: abs(len(pair[1]) - len(data)))
    ours = psnr(Residual().decode(data), r)
    assert len(same) > 0.93 * len(data) and ours > psnr(codec.decode(same), r) + 0.3


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 8), (37, 53)])
def test_any_size(size):
    r = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    codec = Residual(3, worth=0)
    assert psnr(codec.decode(codec.encode(r)), r) > 10
    grey = r[:, :1]
    assert psnr(codec.decode(codec.encode(grey)), grey) > 35


def test_the_same_bytes_and_picture_in_another_process():
    program = (
        "import torch, hashlib; torch.set_num_threads(2)\n"
        "from srlab import photo; from srlab.codecs.residual import Residual\n"
        "x = photo('coffee')[..., 60:193, 150:301]\n"
        "r = ((x - x.mean()) * 0.5 + 128 / 255).clamp(0, 1); c = Residual(9)\n"
        "d = c.encode(r); y = c.decode(d)\n"
        "print(hashlib.sha256(d).hexdigest(), int((y * 255).round().sum()))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    r = ((X - X.mean()) * 0.5 + NOTHING).clamp(0, 1)
    data = Residual(9).encode(r)
    y = Residual().decode(data)
    assert found == [
        hashlib.sha256(data).hexdigest(), str(int((y * 255).round().sum()))
    ]  # fmt: skip


def test_estimated_bits_are_near_the_real_ones():
    r = left_over(X)[:, :1]
    codec = Residual(8, worth=0)
    q = codec.quantise(transform(r)[0], False)
    real = 8 * (len(codec.encode(r)) - 8)
    assert block_bits(q, 0).sum() == pytest.approx(real, rel=0.15)


def test_contexts_look_only_back():
    q = np.random.default_rng(0).integers(-3, 4, (5, 6, 64)).astype(np.int32)
    kept = np.ones((5, 6), bool)
    for place in (0, 1, 7, 63):
        later = q.copy()
        later[..., place:] += 1
        assert (contexts(q, place, kept) == contexts(later, place, kept)).all()
        assert contexts(q, place, kept).max() < CLASSES
    assert GROUP.max() < BANDS and (np.diff(GROUP) >= 0).all()


def test_tables_are_whole_and_the_counts_full():
    for tables in (amplitude_tables(0), amplitude_tables(1), flag_tables()):
        assert all(c.sum() == 2**16 and c.min() >= 1 for c in tables.counts)
    middle = amplitude_tables(0).counts[0]
    assert (middle[:15] == middle[16:31][::-1]).all()  # as many + as -


@pytest.mark.parametrize("cut", [0, 5, 9, 40])
def test_broken_streams(cut):
    data = Residual(10).encode(left_over(X))
    broken = data[:cut] if cut != 40 else data[:2] + b"\x07" + data[3:]
    with pytest.raises(CorruptStream):
        Residual().decode(broken)


def test_damage_never_crashes():
    data = bytearray(Residual(10).encode(left_over(X)))
    random = np.random.default_rng(1)
    for _ in range(40):
        damaged = bytearray(data)
        damaged[random.integers(8, len(data))] ^= 1 << random.integers(8)
        with contextlib.suppress(CorruptStream):
            assert Residual().decode(bytes(damaged)).shape == X.shape


@pytest.mark.parametrize(
    "settings",
    [{"step": 0}, {"step": 300}, {"dead_zone": 1}, {"worth": -1}, {"chroma": 9}],
)
def test_settings_that_make_no_sense(settings):
    with pytest.raises(ValueError, match="must be"):
        Residual(**settings)
