"""Learned codecs: real bytes near the estimate, the same symbols everywhere."""

import contextlib
import os
import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import srlab
from srlab import codecs, metrics
from srlab.codecs import Codec, CorruptStream, Factorized, MeanScale, container
from srlab.codecs.learned import _in_strips
from srlab.codecs.networks import FactorizedNet, MeanScaleNet
from srlab.codecs.whole_numbers import WholeNumbers
from srlab.weights import read_card

KINDS = [Factorized, MeanScale]
PHOTO = srlab.photo("chelsea")[..., :200, :180]


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (64, 128)])
@pytest.mark.parametrize("channels", [1, 3])
def test_round_trip_of_odd_sizes(kind, size, channels):
    image = rand(1, channels, *size)
    codec = kind(3)
    assert isinstance(codec, Codec)
    decoded = codec.decode(codec.encode(image))
    assert decoded.shape == image.shape and decoded.dtype == torch.float32
    assert torch.equal(srlab.images.round8(decoded), decoded)


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_is_the_file_without_its_header(kind):
    image = srlab.photo("coffee")
    for quality in (1, 3.5, 6):
        codec = kind(quality)
        data = codec.encode(image)
        payloads = container.unpack(data, codec.kind).payloads[1:]
        real, guess = 8 * sum(map(len, payloads)), codec.estimate(image)
        assert real == pytest.approx(guess, rel=0.01)
        assert len(data) - sum(map(len, payloads)) <= 40


@pytest.mark.parametrize("kind", KINDS)
def test_more_quality_is_more_bytes_and_more_decibels(kind):
    files = [kind(q).encode(PHOTO) for q in (1, 1.5, 2, 4, 6)]
    quality = [metrics.psnr(kind().decode(f), PHOTO) for f in files]
    sizes = [len(f) for f in files]
    assert sizes == sorted(sizes) and quality == sorted(quality)


@pytest.mark.parametrize("kind", KINDS)
def test_below_jpeg_at_every_rate_under_two_fifths_of_a_bit(kind):
    image = srlab.photo("coffee")
    for quality in (1, 2):
        data = kind(quality).encode(image)
        assert codecs.bpp(data, image) < 0.4
        jpeg, file = srlab.evaluation.encode_to_size(codecs.JPEG, image, len(data))
        ours = metrics.psnr(kind().decode(data), image)
        assert ours > metrics.psnr(jpeg.decode(file), image) + 1


DECODE = """
import sys, torch
threads, folder, *names = sys.argv[1:]
torch.set_num_threads(int(threads))
from srlab.codecs import learned
for name in names:
    codec = getattr(learned, name)()
    data = open(f"{folder}/{name}.srl", "rb").read()
    with torch.inference_mode():
        found = learned.container.unpack(data, codec.kind)
        rows, columns = (-(-n // codec.net.multiple) * codec.net.multiple // 16
                         for n in found.size)
        head, *streams = found.payloads
        y = codec._written_with(head).uncode(streams, rows, columns)
        out = {"y": y, "x": codec._decoded(data)}
        torch.save(out, f"{folder}/{name}.{threads}.pt")
"""


def test_another_process_with_other_threads_gets_the_same_symbols(tmp_path):
    """Each process decodes all codecs: to start one takes longer than to decode."""
    names = [kind.__name__ for kind in KINDS]
    for kind in KINDS:
        (tmp_path / f"{kind.__name__}.srl").write_bytes(kind(2.5).encode(PHOTO))
    for threads in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", DECODE, threads, str(tmp_path), *names],
            check=True, env={**os.environ, "OMP_NUM_THREADS": threads},
        )  # fmt: skip
    for name in names:
        one, two = (
            torch.load(tmp_path / f"{name}.{threads}.pt", weights_only=True)
            for threads in ("1", "2")
        )
        assert torch.equal(one["y"], two["y"])
        torch.testing.assert_close(one["x"], two["x"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_flipped_byte_and_every_cut_is_found(kind):
    data = kind(1).encode(PHOTO[..., :16, :16])
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << place % 8
        with pytest.raises(CorruptStream):
            kind().decode(bytes(broken))
    for length in range(0, len(data), 7):
        with pytest.raises(CorruptStream):
            kind().decode(data[:length])


@pytest.mark.slow
@settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=4),
    st.integers(1, 70),
    st.integers(1, 70),
    st.booleans(),
)
def test_whole_files_of_nonsense_never_crash(payloads, height, width, tagged):
    codec = MeanScale()
    if tagged:  # as if our own weights had written it
        payloads[0] = codec.tag + b"\x00\x02"
    data = container.pack(codec.kind, (height, width), 3, payloads)
    with contextlib.suppress(CorruptStream):
        decoded = codec.decode(data)
        assert decoded.shape == (1, 3, height, width) and decoded.isfinite().all()


def test_a_header_cannot_ask_for_endless_memory():
    codec = Factorized()
    head = codec.tag + b"\x00\x02"
    data = bytearray(container.pack("factorized", (8000, 8000), 3, [head, b""]))
    data[6:8] = b"\xff\x7f"  # another height: the checksum of the header is another
    with pytest.raises(CorruptStream):
        codec.decode(bytes(data))


def test_files_of_other_weights_and_codecs_are_refused():
    data = Factorized(2).encode(PHOTO)
    with pytest.raises(CorruptStream, match="factorized"):
        MeanScale().decode(data)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        own = FactorizedNet(N=8, M=8).eval()
    with pytest.raises(CorruptStream, match="other weights"):
        Factorized(2, own).decode(data)


def test_a_network_of_ones_own():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = MeanScaleNet(N=8, M=12, levels=1).eval()
    codec = MeanScale(1, net)
    image = rand(1, 3, 70, 40)
    assert codec.decode(codec.encode(image)).shape == image.shape
    assert repr(codec) == "MeanScale(quality=1, weights=MeanScaleNet)"


@pytest.mark.parametrize("bad", [0, 6.5, "3", True, float("nan"), None])
def test_qualities_are_checked(bad):
    with pytest.raises(ValueError, match="quality must be 1 to 6"):
        Factorized(bad)


def test_weights_are_checked():
    with pytest.raises(FileNotFoundError, match="no_such"):
        Factorized(1, "no_such")
    with pytest.raises(ValueError, match="MeanScaleNet"):
        Factorized(1, "mean_scale")
    with pytest.raises(ValueError, match="EDSR"):
        MeanScale(1, "edsr_x2")


def test_large_pictures_in_strips_are_the_same_pictures():
    net = Factorized().net
    x = rand(1, 3, 320, 48)
    with torch.inference_mode():
        whole = net.analysis(x)
        strips = _in_strips(net.analysis, x, 16, 1, most=48 * 128)
        torch.testing.assert_close(strips, whole, atol=1e-4, rtol=1e-4)
        y = whole.round()
        made = _in_strips(net.g_s, y, 1, 16, most=48 * 128)
        torch.testing.assert_close(made, net.g_s(y), atol=1e-5, rtol=1e-4)


def test_whole_numbers_are_near_the_network_and_exact():
    net = MeanScale().net.h_s
    z = (20 * rand(1, 64, 3, 5) - 10).round()
    exact = WholeNumbers(net)(z)
    assert torch.equal(exact * 256, (exact * 256).round())
    with torch.inference_mode():
        error = (exact.float() - net(z)).abs()
    assert error.max() < 0.5 and error.mean() < 0.05  # of a step of the quantiser
    # Another order of the sums, and of the channels in memory: not a bit differs.
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    mixed = deepcopy(net)
    mixed[0].weight.data = net[0].weight[order].clone()
    assert torch.equal(WholeNumbers(mixed)(z[:, order]), exact)
    with pytest.raises(ValueError, match="LeakyReLU"):
        WholeNumbers(torch.nn.Sequential(torch.nn.LeakyReLU()))


@pytest.mark.parametrize("name", ["factorized", "mean_scale"])
def test_the_cards_say_what_was_trained(name):
    card = read_card(srlab.weights.find_weights(name))
    assert card.device == "1 x NVIDIA H200" and card.settings["levels"] == 6
    rates = [card.metrics[f"validation_bpp_{k}"] for k in range(1, 7)]
    assert rates == sorted(rates)
