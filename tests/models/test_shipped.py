# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The course's own weights: each loads, says how it was made, and does what it is for.

Nets trained on bicubic pictures beat bicubic in PSNR; GANs are sharper than the net
they began as; nets trained on damage beat bicubic on damage.
"""

import pytest
import torch

import srlab
from srlab import degrade, evaluation, images, metrics, models, recipes, weights
from srlab.paths import data_dir
from srlab.resample import Interpolator
from srlab.training.coded import CODINGS, coded

FOLDER = data_dir() / "weights"
CARDS = {f.stem: weights.read_card(f) for f in sorted(FOLDER.glob("*.safetensors"))}
RESTORERS = {name: card for name, card in CARDS.items() if "scales" in card.settings}
KINDS = {name: recipes.get(name, "short") for name in RESTORERS}
CASES = [
    (name, int(scale))
    for name, card in RESTORERS.items()
    for scale in card.settings["scales"].split()
]
PLAIN = [
    c
    for c in CASES
    if not (KINDS[c[0]].gan or KINDS[c[0]].degradation or KINDS[c[0]].codec)
]
CODED = [name for name in RESTORERS if KINDS[name].codec]
GANS = [name for name in RESTORERS if KINDS[name].gan]
BLIND = [name for name in RESTORERS if KINDS[name].degradation]
HELD_OUT = {
    "coffee": srlab.photo("coffee")[..., 120:240, 180:300],
    "motorcycle": srlab.photo("motorcycle")[..., 200:320, 300:420],
}


@pytest.mark.parametrize(("name", "scale"), PLAIN)
def test_it_beats_bicubic_on_photographs_it_never_saw(name, scale):
    ours = evaluation.benchmark(srlab.load(name, scale), HELD_OUT, scale, protocol="B")
    plain = evaluation.benchmark(Interpolator(scale), HELD_OUT, scale, protocol="B")
    assert ours.psnr > plain.psnr + 0.3


def _small(hr: torch.Tensor, damage: bool) -> torch.Tensor:
    if damage:
        generator = torch.Generator().manual_seed(7)
        return degrade.real_esrgan(scale=4)(hr, generator)
    return images.round8(srlab.imresize(hr, scale=1 / 4))


@pytest.mark.parametrize("name", GANS)
def test_a_gan_is_sharper_than_what_it_began_as(name):
    twin, damage = srlab.load(KINDS[name].start), bool(KINDS[name].degradation)
    sharper = [
        metrics.sharpness(*(r(_small(y, damage)).clamp(0, 1) for r in (gan, twin)), 4)
        for gan in [srlab.load(name)]
        for y in HELD_OUT.values()
    ]
    assert sum(sharper) / len(sharper) > 1.0  # dB of energy above a quarter of Nyquist


@pytest.mark.parametrize("name", [n for n in BLIND if n not in GANS])
def test_a_blind_net_beats_bicubic_on_damaged_photographs(name):
    net, gains = srlab.load(name), []
    for k in training_photos():
        hr = images.crop_to_multiple(srlab.photo(k), 8)[..., :240, :240]
        small = degrade.real_esrgan(4)(hr, torch.Generator().manual_seed(len(k)))
        ours, plain = (
            metrics.psnr(r(small).clamp(0, 1), hr, 4, luma=True)
            for r in (net, Interpolator(4))
        )
        gains.append(ours - plain)
    assert sum(gains) / len(gains) > 0.3


def training_photos() -> list[str]:
    from srlab.training import held_out

    return held_out()


@pytest.mark.parametrize("name", CARDS)
def test_the_card_says_how_it_was_made(name):
    card = CARDS[name]
    base = name.removesuffix("_discriminator")
    assert card.recipe.startswith(f"python -m srlab train {base} --")
    assert card.licence == "MIT" and card.minutes > 1 and "B100" not in card.data
    if name in RESTORERS and "--full" not in card.recipe:
        assert card.note.startswith("a short run of")
    if base != name:
        assert "no restorer" in card.note


@pytest.mark.parametrize("name", [n for n in CARDS if n.endswith("_discriminator")])
def test_a_discriminator_loads_and_tells_apart(name):
    tensors, card = weights.read_weights(FOLDER / name)
    net = getattr(models, card.model)(**card.settings)
    net.load_state_dict(tensors)
    assert card.metrics["d_real"] > card.metrics["d_fake"]


@pytest.mark.parametrize(("name", "scale"), [c for c in CASES if c[0] not in CODED])
def test_the_rows_are_those_of_the_card(name, scale):
    rows = evaluation.results("model_rows").query("protocol == 'B'")
    found = rows[(rows["name"] == name) & (rows["scale"] == scale)]
    assert set(found["set_name"]) == {"Set5", "Set14", "B100"}
    for row in found.itertuples():
        on_card = RESTORERS[name].metrics[f"{row.set_name.lower()}_x{scale}_psnr"]
        assert row.psnr == pytest.approx(on_card, abs=2e-3)


def test_the_best_net_at_x2_and_the_size_of_all():
    rows = evaluation.results("model_rows")
    best = rows.query("set_name == 'Set5' and scale == 2 and protocol == 'B'")
    assert best["psnr"].max() >= 36.3
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) < 24e6


# What blind super-resolution comes down to, as `make bench` measured it.


def _means(degradation: str, column: str = "psnr"):
    rows = evaluation.results("degraded_rows").query("degradation == @degradation")
    return rows.pivot(index="set_name", columns="method", values=column)


@pytest.mark.parametrize("set_name", ["Set14", "B100"])
def test_stage_one_wins_on_damage_and_stage_two_is_sharper(set_name):
    psnr, sharp = (
        _means("real_esrgan", c).loc[set_name] for c in ("psnr", "sharpness_db")
    )
    assert psnr["real_esrnet_x4"] > psnr[["bicubic", "rrdb_x4"]].max() + 0.5
    assert abs(sharp["real_esrgan_x4"]) < abs(sharp["real_esrnet_x4"])
    clean = _means("clean").loc[set_name]
    assert clean["rrdb_x4"] > clean["real_esrnet_x4"]


@pytest.mark.parametrize("set_name", ["Set5", "Set14"])
def test_the_gan_is_sharper_and_less_faithful_than_its_twin(set_name):
    rows = evaluation.results("perception").query("set_name == @set_name")
    rows = rows.set_index("method")
    for gan, twin in (("esrgan_x4", "rrdb_x4"), ("srgan_x4", "srresnet_x4")):
        assert rows.loc[gan, "sharpness_db"] > rows.loc[twin, "sharpness_db"] + 1
        assert rows.loc[gan, "psnr"] < rows.loc[twin, "psnr"]


@pytest.mark.parametrize("name", CODED)
def test_a_coded_net_beats_its_shortcut_on_decoded_photographs(name):
    coding, net = CODINGS[KINDS[name].codec], srlab.load(name)
    middle = coding.qualities[len(coding.qualities) // 3]
    gains = []
    for y in HELD_OUT.values():
        pair = coded(images.to_uint8(y)[0], net.scale, coding, middle)[None]
        x, plane = images.from_uint8(pair).split([3, 1], dim=1)
        level = plane.mean().item()
        plain = srlab.imresize(x, scale=2).clamp(0, 1) if net.scale == 2 else x
        ours = net.at(level)(x).clamp(0, 1)
        gains.append(metrics.psnr(ours, y) - metrics.psnr(plain, y))
    assert min(gains) > 0.1
