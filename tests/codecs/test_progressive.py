# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The progressive codec: real bits, every prefix a picture, broken files refused."""

import pytest
import torch

import srlab
from srlab.codecs import Codec, CorruptStream, container
from srlab.codecs.progressive import Progressive, ProgressiveNet, binarised
from srlab.datasets import find
from srlab.training import progressive


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


with torch.random.fork_rng(devices=[]):
    torch.manual_seed(1)
    NET = ProgressiveNet(bits=5, N=8, steps=4).eval().requires_grad_(False)
TOY = Progressive(4, NET)


def test_bits_are_signs_and_gradients_pass():
    t = torch.tensor([-0.2, 0.7], requires_grad=True)
    binarised(t).sum().backward()
    assert t.grad.tolist() == [1.0, 1.0]


def test_shapes():
    pictures, bits = NET(rand(2, 3, 16, 24))
    assert len(pictures) == len(bits) == 4
    assert pictures[0].shape == (2, 3, 16, 24) and bits[0].shape == (2, 5, 2, 3)
    assert set(bits[0].unique().tolist()) <= {-1.0, 1.0}


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_round_trip_of_odd_sizes(size, channels):
    image = rand(1, channels, *size)
    decoded = TOY.decode(TOY.encode(image))
    assert decoded.shape == image.shape and isinstance(TOY, Codec)
    assert torch.equal(srlab.images.round8(decoded), decoded)


def test_the_decoder_makes_what_the_encoder_saw():
    image = rand(1, 3, 16, 24)
    made = NET(image)[0][-1].clamp(0, 1)
    assert (TOY.decode(TOY.encode(image)) - made).abs().max() < 0.5 / 255 + 1e-5


def test_a_step_has_its_bits():
    found = container.unpack(TOY.encode(rand(1, 3, 37, 53)), "progressive")
    assert [len(p) for p in found.payloads] == [4] + 4 * [(5 * 5 * 7 + 7) // 8]


def test_every_prefix_decodes():
    image = rand(1, 3, 37, 53)
    data = TOY.encode(image)
    found = container.unpack(data, "progressive")
    begin = len(data) - sum(map(len, found.payloads)) + 4
    step = len(found.payloads[1])
    for cut in range(0, len(data) + 1, 3):
        whole = max(0, (cut - begin) // step)
        if whole == 0:
            with pytest.raises(CorruptStream):
                TOY.decode_prefix(data[:cut])
            continue
        picture, count = TOY.decode_prefix(data[:cut])
        assert count == whole
        fewer = Progressive(whole, NET)
        assert torch.equal(picture, fewer.decode(fewer.encode(image)))


def test_damage_ends_a_prefix_before_it():
    data = bytearray(TOY.encode(rand(1, 3, 37, 53)))
    data[-30] ^= 1  # in the third step of four
    with pytest.raises(CorruptStream):
        TOY.decode(bytes(data))
    assert TOY.decode_prefix(bytes(data))[1] == 2


def test_broken_files_are_refused():
    data = TOY.encode(rand(1, 3, 37, 53))
    for at in range(len(data)):
        with pytest.raises(CorruptStream):
            TOY.decode(data[:at])
        broken = bytearray(data)
        broken[at] ^= 1 << at % 8
        with pytest.raises(CorruptStream):
            TOY.decode(bytes(broken))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        other = Progressive(4, ProgressiveNet(bits=5, N=8, steps=4))
    with pytest.raises(CorruptStream, match="other weights"):
        other.decode(data)


def test_forged_files_are_refused():
    tag = TOY.tag
    for payloads in (
        [tag],
        [tag] + [bytes(22)] * 5,
        [tag, bytes(21)],
        [tag, bytes(23)],
    ):
        forged = container.pack("progressive", (37, 53), 3, payloads)
        with pytest.raises(CorruptStream):
            TOY.decode(forged)


def test_settings_are_checked():
    for bad in (0, 5, 2.5, "2"):
        with pytest.raises(ValueError, match="steps"):
            Progressive(bad, NET)
    with pytest.raises(FileNotFoundError, match="no weights"):
        Progressive(2, "no_such_weights")


def test_what_is_shipped_becomes_better_with_each_step():
    image = srlab.photo("chelsea")[..., 20:148, 60:252]
    codecs = [Progressive(k) for k in range(1, 7)]
    made = [srlab.metrics.psnr(c.decode(c.encode(image)), image) for c in codecs]
    assert made == sorted(made) and made[-1] > made[0] + 2


def test_its_training_runs():
    if find("BSDS500_train") is None:
        pytest.skip("no local copy of the set BSDS500_train")
    net, made = progressive.fit_progressive(steps=2, batch=1, limit=1)
    assert made["steps"] == 2
    assert len(progressive.validate_progressive(net, limit=1)) == net.steps
