# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Maps of descriptors to bytes and back, exactly, at most four bits each."""

import contextlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from srlab.codecs import CorruptStream
from srlab.codecs.descriptors import CODED, RAW, DescriptorCoder, counts, steps
from srlab.models.side_info import Context


def context(order: str = "serial", repeat: float = 0.0, std: float = 0.3) -> Context:
    """Random; with `repeat`, it expects what stands to the left and above."""
    torch.manual_seed(0)
    net = Context(order, width=16).eval()
    layers = [net.masked, *(m for m in net.head if hasattr(m, "weight"))]
    for layer in layers:
        torch.nn.init.normal_(layer.weight, std=std)
    if repeat:
        torch.nn.init.zeros_(net.masked.bias)
        for layer in layers:
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        places = ((2, 1), (1, 2)) if order == "serial" else ((2, 1), (2, 3))
        for k in range(16):
            for i, j in places:
                net.masked.weight.data[k, k, i, j] = 1
        for layer in layers[1:]:
            layer.weight.data[:, :, 0, 0] = torch.eye(16)
        layers[-1].weight.data *= repeat
    return net


def smooth(shape: tuple[int, int]) -> np.ndarray:
    """Areas of equal symbols."""
    i, j = np.indices(shape)
    return (i // 9 + j // 11) % 16


@pytest.mark.parametrize("order", ["serial", "checkerboard", "none"])
def test_every_small_map_comes_back(order):
    coder, draw = DescriptorCoder(context(order, std=0.05)), np.random.default_rng(0)
    for height in range(1, 7):
        for width in range(1, 8):
            symbols = draw.integers(0, 16, (height, width))
            data = coder.encode(symbols)
            assert len(data) <= 1 + (symbols.size + 1) // 2
            assert (coder.decode(data, symbols.shape) == symbols).all()


@pytest.mark.parametrize("order", ["serial", "checkerboard"])
def test_a_context_that_fits_saves_bits(order):
    symbols = smooth((32, 48))
    plain = 1 + symbols.size // 2
    coder = DescriptorCoder(context(order, repeat=4.0))
    data = coder.encode(symbols)
    assert data[0] == CODED and len(data) < 0.7 * plain
    assert (coder.decode(data, symbols.shape) == symbols).all()


def test_a_hostile_context_costs_four_bits_and_a_byte():
    symbols = np.random.default_rng(1).integers(0, 16, (32, 48))
    data = DescriptorCoder(context(repeat=7.9)).encode(symbols)
    assert data[0] == RAW and len(data) == 1 + symbols.size // 2


def test_the_wavefront_knows_what_it_needs_and_no_more():
    seen = np.zeros((9, 14), bool)
    for at in steps("serial", 9, 14):
        i, j = np.divmod(at, 14)
        for a, b in zip(i, j, strict=True):
            known = seen[max(0, a - 2) : a, max(0, b - 2) : b + 3]
            assert known.all() and seen[a, max(0, b - 2) : b].all()
        seen[i, j] = True
    assert seen.all() and len(steps("serial", 9, 14)) == 14 + 3 * 8


def test_only_what_a_decoder_knows_reaches_a_table():
    """One symbol poked: places before it keep their tables."""
    net = context()
    x = torch.nn.functional.one_hot(torch.from_numpy(smooth((7, 9))), 16)
    x = x.permute(2, 0, 1)[None].float()
    poked = x.clone()
    poked[0, :, 3, 4] = torch.eye(16)[9]
    with torch.no_grad():
        moved = (net(poked) - net(x)).abs().amax(dim=(0, 1)) > 1e-6
    later = torch.zeros(7, 9, dtype=torch.bool)
    later[3, 5:7] = later[4:6, 2:7] = True
    assert (moved & ~later).sum() == 0 and moved.any()


@pytest.mark.parametrize("order", ["serial", "checkerboard"])
def test_tables_are_the_networks_probabilities(order):
    net = context(order)
    symbols = smooth((6, 8))
    x = torch.nn.functional.one_hot(torch.from_numpy(symbols), 16)
    with torch.no_grad():
        p = net(x.permute(2, 0, 1)[None].float()).exp()[0].flatten(1).T.numpy()
    coder, near = DescriptorCoder(net), np.zeros((16, 10, 12), np.int8)
    found = np.zeros_like(p)
    for number, at in enumerate(steps(order, 6, 8)):
        blind = order == "checkerboard" and not number
        known = np.zeros_like(near) if blind else near
        found[at] = coder._tables(known, at, 8) / 65536
        i, j = np.divmod(at, 8)
        near[symbols.reshape(-1)[at], i + 2, j + 2] = 1
    assert np.abs(found - p).max() < 0.02


def test_counts_are_whole_and_full():
    logits = torch.tensor([[0.0] * 16, [500.0] + [-500.0] * 15]).double()
    made = counts(logits)
    assert made.sum(axis=1).tolist() == [65536, 65536] and made.min() == 1
    assert made[0].max() - made[0].min() <= 16


def test_the_wavefront_is_five_times_as_fast():
    net, symbols = context(repeat=4.0), smooth((32, 48))
    fast, slow = DescriptorCoder(net), DescriptorCoder(net, one_by_one=True)
    times = []
    for coder in (fast, slow):
        data = coder.encode(symbols)
        begun = time.perf_counter()
        assert (coder.decode(data, symbols.shape) == symbols).all()
        times.append(time.perf_counter() - begun)
    assert times[1] > 5 * times[0]


CODE = """
import sys, torch, numpy as np
sys.path.insert(0, sys.argv[1])
from test_descriptors import DescriptorCoder, context, smooth
torch.set_num_threads(int(sys.argv[2]))
coder = DescriptorCoder(context(repeat=4.0))
print(coder.encode(smooth((20, 31))).hex())
"""


def test_the_same_bytes_in_another_process_with_other_threads():
    here = DescriptorCoder(context(repeat=4.0)).encode(smooth((20, 31))).hex()
    found = subprocess.run(
        [sys.executable, "-c", CODE, os.path.dirname(__file__), "2"],
        check=True, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )  # fmt: skip
    assert found.stdout.strip() == here


def test_nonsense():
    coder = DescriptorCoder(context())
    for bad in (np.zeros(4, int), np.full((2, 2), 16), np.full((2, 2), -1)):
        with pytest.raises(ValueError):
            coder.encode(bad)
    for data in (b"", b"\x02abcd", b"\x01abc", b"\x00abc"):
        with pytest.raises(CorruptStream):
            coder.decode(data, (32, 48))
    draw = np.random.default_rng(0)
    for _ in range(30):  # any symbols, or an error; never a crash
        noise = bytes((CODED,)) + draw.bytes(40)
        with contextlib.suppress(CorruptStream):
            assert coder.decode(noise, (5, 6)).max() < 16
