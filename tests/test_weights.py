# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Weights and their cards: round trip, damage, refusal of pickles."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
import torch

from srlab import weights
from srlab.weights import BrokenWeights, Card, read_weights, write_weights

CARD = Card(
    recipe='srlab train "edsr" \\ preset=FAST',
    data="91 images of T91, ×8 augmented 🙂\nsecond line",
    device="2 CPU cores",
    minutes=1.5,
    licence="MIT",
    metrics={"set5_x2_psnr": 37.91, "images": 5, "tiny": 1e-9, "protocol": "C"},
    model="EDSR",
    settings={"scale": 2, "bias": True, "name": "\x7f\x01"},
    note="a short run",
)


@pytest.fixture
def state():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    return model.state_dict()


def test_round_trip(tmp_path, state):
    card = write_weights(tmp_path / "deep" / "toy", state, CARD)
    back, read = read_weights(tmp_path / "deep" / "toy.safetensors")
    assert read == card
    assert back.keys() == state.keys()
    assert all(torch.equal(back[k], state[k]) for k in state)
    assert all(back[k].dtype == state[k].dtype for k in state)
    assert card.parameters == 3 * 4 * 9 + 4 + 4 + 4, "statistics are not learned"
    assert (card.dtype, len(card.sha256)) == ("float32", 64)
    assert dataclasses.replace(card, parameters=0, dtype="", sha256="") == CARD
    files = sorted(p.name for p in (tmp_path / "deep").iterdir())
    assert files == ["toy.safetensors", "toy.toml"]


def test_the_same_weights_make_the_same_bytes(tmp_path, state):
    a = write_weights(tmp_path / "a", state, CARD)
    b = write_weights(tmp_path / "b", dict(reversed(state.items())), CARD)
    assert a.sha256 == b.sha256


def test_half_precision_is_cast_back(tmp_path, state):
    full = write_weights(tmp_path / "full", state, CARD)
    half = write_weights(tmp_path / "half", state, CARD, dtype="float16")
    assert (full.dtype, half.dtype) == ("float32", "float16")
    sizes = [(tmp_path / f"{n}.safetensors").stat().st_size for n in ("half", "full")]
    assert sizes[0] < sizes[1]
    back, _ = read_weights(tmp_path / "half")
    key = "0.weight"
    assert back[key].dtype == torch.float32
    assert torch.equal(back[key], state[key].half().float())
    assert back["1.num_batches_tracked"].dtype == torch.int64


def test_large_tensors_in_a_byte_a_number(tmp_path, state):
    state["0.weight"][1] *= 1000  # each first index has a scale of its own
    state["0.weight"][2] = 0
    card = write_weights(
        tmp_path / "x", state, CARD, dtype="float16", bytes_above=100
    )  # fmt: skip
    assert card.parameters == 4 * 27 + 4 + 2 * 4
    back, _ = read_weights(tmp_path / "x")
    assert set(back) == set(state)
    for key, was in state.items():
        if key == "0.weight":
            most = was.flatten(1).abs().amax(1)[:, None, None, None]
            assert ((back[key] - was).abs() <= most / 200).all()
            assert not torch.equal(back[key], was.half().float())
        else:
            assert torch.equal(back[key], was.half().float().to(was.dtype))


def test_a_scale_without_its_tensor(tmp_path, state):
    write_weights(tmp_path / "x", {"a:scale": torch.ones(2)}, CARD)
    with pytest.raises(BrokenWeights, match="scale for a"):
        read_weights(tmp_path / "x")


def test_views_and_shared_tensors_are_copied(tmp_path):
    base = torch.arange(6.0).view(2, 3)
    write_weights(tmp_path / "x", {"a": base, "b": base, "t": base.T}, CARD)
    back, _ = read_weights(tmp_path / "x")
    assert torch.equal(back["t"], base.T)


@pytest.mark.parametrize(
    ("state", "dtype", "word"),
    [
        ({}, "float32", "empty"),
        ({"w": torch.tensor([float("nan")])}, "float32", "NaN"),
        ({"w": torch.tensor([1e6])}, "float16", "use float32"),
        ({"w": [1.0]}, "float32", "not a tensor"),
        ({"w": torch.ones(1)}, "int8", "dtype"),
    ],
)
def test_what_cannot_be_written(tmp_path, state, dtype, word):
    with pytest.raises(ValueError, match=word):
        write_weights(tmp_path / "x", state, CARD, dtype=dtype)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", [0, 9, 100, -1])
def test_a_flipped_byte(tmp_path, state, at):
    write_weights(tmp_path / "x", state, CARD)
    file = tmp_path / "x.safetensors"
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(BrokenWeights, match="sha256 differs"):
        read_weights(file)


@pytest.mark.parametrize("keep", [0, 5, 200])
def test_a_truncated_file(tmp_path, state, keep):
    write_weights(tmp_path / "x", state, CARD)
    file = tmp_path / "x.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(BrokenWeights, match=f"{keep} bytes"):
        read_weights(file)


def test_a_file_that_is_no_safetensors_though_the_sum_is_right(tmp_path, state):
    card = write_weights(tmp_path / "x", state, CARD)
    data = pickle.dumps({"w": 1})
    (tmp_path / "x.safetensors").write_bytes(data)
    text = (tmp_path / "x.toml").read_text(encoding="utf-8")
    import hashlib

    text = text.replace(card.sha256, hashlib.sha256(data).hexdigest())
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BrokenWeights, match="no safetensors"):
        read_weights(tmp_path / "x")


def test_a_missing_card_or_file(tmp_path, state):
    write_weights(tmp_path / "x", state, CARD)
    (tmp_path / "x.toml").unlink()
    with pytest.raises(BrokenWeights, match=r"x\.toml is missing"):
        read_weights(tmp_path / "x")
    with pytest.raises(FileNotFoundError, match="no weights"):
        read_weights(tmp_path / "y")


@pytest.mark.parametrize("key", ["recipe", "data", "device", "minutes", "licence"])
def test_a_missing_key(tmp_path, state, key):
    write_weights(tmp_path / "x", state, CARD)
    card = tmp_path / "x.toml"
    lines = card.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith(f"{key} ="))
    card.write_text(kept, encoding="utf-8")
    with pytest.raises(BrokenWeights, match=f"lacks {key}"):
        read_weights(tmp_path / "x")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("recipe = ", "no TOML"),
        ("\nwhat = 1\n", "unknown keys: what"),
        (b"\xff", "TOML"),
    ],
)
def test_a_broken_card(tmp_path, state, text, word):
    write_weights(tmp_path / "x", state, CARD)
    card = tmp_path / "x.toml"
    text = text if isinstance(text, bytes) else text.encode()
    card.write_bytes(text + card.read_bytes())
    with pytest.raises(BrokenWeights, match=word):
        read_weights(tmp_path / "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipe": " "},
        {"data": 5},
        {"minutes": -1},
        {"minutes": float("nan")},
        {"minutes": True},
        {"licence": ""},
        {"metrics": {"a b": 1}},
        {"metrics": {"psnr": float("inf")}},
        {"metrics": [1]},
        {"settings": {"x": None}},
        {"parameters": -3},
    ],
)
def test_cards_are_validated(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(CARD, **wrong)


@pytest.mark.parametrize("name", ["x.pth", "x.pt", "x.PKL", "x.ckpt", "x.bin"])
def test_pickles_are_refused(tmp_path, name):
    file = tmp_path / name
    torch.save({"w": torch.ones(1)}, file)
    with pytest.raises(ValueError, match="pickle") as refused:
        read_weights(file)
    assert not isinstance(refused.value, BrokenWeights)
    with pytest.raises(ValueError, match="pickle"):
        write_weights(file, {"w": torch.ones(1)}, CARD)


def test_find_weights(tmp_path, monkeypatch, state):
    home, cache = tmp_path / "home", tmp_path / "cache"
    (home / "data").mkdir(parents=True)
    (home / "data" / "datasets.toml").touch()
    monkeypatch.setenv("SRLAB_HOME", str(home))
    monkeypatch.setenv("SRLAB_CACHE", str(cache))
    assert weights.find_weights("toy") is None
    assert weights.weight_names() == []
    write_weights(cache / "weights" / "toy", state, CARD)
    assert weights.find_weights("toy") == cache / "weights" / "toy.safetensors"
    write_weights(home / "data" / "weights" / "toy", state, CARD)
    found = weights.find_weights("toy")
    assert found == home / "data" / "weights" / "toy.safetensors"
    assert weights.weight_names() == ["toy"]
    monkeypatch.setenv("SRLAB_HOME", str(tmp_path / "nowhere"))
    assert weights.find_weights("toy") == cache / "weights" / "toy.safetensors"
    for name in ("../toy", "", "a/b", "/etc/passwd"):
        with pytest.raises(ValueError, match="no plain name"):
            weights.find_weights(name)


def test_an_index_buffer_is_not_learned(tmp_path):
    state = {"weight": torch.zeros(3, 2), "index": torch.arange(100)}
    assert write_weights(tmp_path / "toy", state, CARD).parameters == 6
