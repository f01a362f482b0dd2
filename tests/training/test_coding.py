"""Training of the learned codecs, in small."""

from dataclasses import replace

import pytest
import torch

from srlab.__main__ import main
from srlab.codecs import Factorized, MeanScale
from srlab.datasets import find
from srlab.training import coding
from srlab.weights import read_card


@pytest.mark.parametrize(
    ("name", "codec"), [("factorized", Factorized), ("mean_scale", MeanScale)]
)
def test_a_rehearsal_writes_weights_that_code(name, codec, tmp_path, capsys):
    folder = str(tmp_path)
    assert main(["train", name, "--rehearse", "--folder", folder]) == 0
    file = tmp_path / f"{name}.safetensors"
    assert "2 steps of 2 crops" in read_card(file).data
    image = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    made = codec(2, str(file))
    assert made.decode(made.encode(image)).shape == image.shape
    capsys.readouterr()
    assert main(["train", name, "--rehearse", "--adversarial", "1"]) == 2
    assert "no GAN" in capsys.readouterr().err


def test_a_run_that_was_stopped_gives_the_same_weights(tmp_path):
    plan = replace(coding.recipe("factorized", "rehearse"), steps=4)
    straight, halted = plan.net(), plan.net()
    coding.fit_codec(straight, plan, tmp_path / "a", device="cpu")

    def stop(history):
        if history[-1]["step"] == 2:
            raise KeyboardInterrupt

    torch.manual_seed(0)  # the noise of the rate comes from torch's own generator
    coding.fit_codec(halted, plan, tmp_path / "b", watch=stop, device="cpu")
    state = coding.fit_codec(halted, plan, tmp_path / "b", device="cpu")
    assert state.step == 4 and [row["step"] for row in state.history] == [1, 2, 3, 4]


def test_a_minute_from_the_shipped_weights_keeps_them_good():
    plan = coding.recipe("factorized", "fast")
    plan = replace(plan, steps=4, every=4, batch=2, patch=64, limit=1)
    net = plan.net()
    state = coding.fit_codec(net, plan, device="cpu")
    row = state.history[-1]
    assert row["bpp_1"] < row["bpp_3"] < row["bpp_6"]
    assert row["psnr_6"] > 28


def test_the_full_recipe_reads_no_test_set():
    for name in coding.names():
        plan = coding.recipe(name)
        assert set(plan.data) == {"BSDS500_train", "BSDS500_test45[10:]", "T91"}
        assert plan.validation == ("BSDS500_test45[:10]",)
        if find("BSDS500_train") is None:
            with pytest.raises(FileNotFoundError):
                coding.fit_codec(plan.net(), plan, device="cpu")


@pytest.mark.parametrize(
    "change",
    [{"steps": 0}, {"patch": 100}, {"minutes": -1.0}, {"lambdas": ()}, {"batch": 1.5}],
)
def test_nonsense_is_refused(change):
    with pytest.raises(ValueError):
        replace(coding.recipe("factorized"), **change)
    with pytest.raises(ValueError, match="no codec is called"):
        coding.recipe("vvc")
    with pytest.raises(ValueError, match="no preset"):
        coding.recipe("factorized", "long")


@pytest.mark.parametrize(
    "name", ["context_serial", "context_checkerboard", "progressive"]
)
def test_the_small_ones_rehearse_too(name, tmp_path, capsys):
    if find("BSDS500_train") is None:
        pytest.skip("no local copy of the set BSDS500_train")
    assert main(["train", name, "--rehearse", "--out", str(tmp_path)]) == 0
    assert read_card(tmp_path / name).recipe.startswith(f"python -m srlab train {name}")
    assert main(["train", name, "--steps", "3"]) == 2
    assert "takes --minutes" in capsys.readouterr().err
