# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A whole run as a command makes it: train, measure, write weights and card."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from torch import nn

from srlab import models, training
from srlab.models import TwoCodecsNet
from srlab.recipes import Recipe, side_info, two_codecs
from srlab.recipes.side_info import Side
from srlab.recipes.two_codecs import TwoCodecs
from srlab.saliency.distilling import Distillation
from srlab.training import coding
from srlab.training.adversarial import game
from srlab.training.cards import KEYS, card, device_name, measure, words
from srlab.weights import Card, read_weights, write_weights

__all__ = ["device_name", "measure", "remeasure", "run", "run_classifier", "run_codec"]
__all__ += ["run_side_info", "run_two_codecs"]


def run(recipe: Recipe, folder: str | Path, out: str | Path | None = None) -> Path:
    """Train (or go on with) a recipe and write NAME.safetensors and its card.

    Args:
        recipe: what to train. folder: of the checkpoint.
        out: folder of the weights; the checkpoint's without it.

    Returns:
        The weights' path. Only the first of several processes writes.
    """
    net = recipe.net()
    report = training.fit(net, recipe, folder=folder)
    file = Path(out or folder) / f"{recipe.name}.safetensors"
    if int(os.environ.get("RANK", 0)) == 0:
        made = card(recipe, report, net)
        write_weights(file, net.cpu().state_dict(), made, recipe.stored)
        if report.rival is not None:
            _write_rival(file, made, report, report.rival.cpu())
    return file


def _write_rival(
    file: Path, made: Card, report: training.Report, player: nn.Module
) -> None:
    """NAME_discriminator beside NAME: what judged the generator at the end."""
    gan = game(report.recipe)
    settings: dict[str, Any] = {"width": gan.width}
    if hasattr(player, "size"):
        settings["size"] = player.size
    last = report.history[-1]
    metrics = {key: round(last[key], 4) for key in ("d_real", "d_fake")}
    card = replace(
        made, model=gan.discriminator, settings=settings, metrics=metrics,
        note="a discriminator, no restorer; d_real and d_fake are its mean "
        "probabilities at the end of training",
    )  # fmt: skip
    name = file.with_name(f"{file.stem}_discriminator.safetensors")
    write_weights(name, player.state_dict(), card, report.recipe.stored)


def run_classifier(
    plan: Distillation, folder: str | Path, out: str | Path | None = None
) -> Path:
    """Distil the photo classifier (or go on) and write its weights and card.

    Args and result as for `run`.
    """
    from srlab.saliency import distilling

    net, made = distilling.distil(plan, folder)
    file = Path(out or folder) / f"{plan.name}.safetensors"
    command = words(plan, distilling.recipe(plan.preset), ("steps", "minutes", "seed"))
    shown = made["steps"] * plan.batch
    write_weights(
        file,
        net.cpu().state_dict(),
        Card(
            recipe=" ".join(command),
            data=f"{', '.join(plan.data)}: {shown:,} random views; answers of the "
            f"teacher {Path(plan.teacher).stem}",
            device=device_name(),
            minutes=round(made["minutes"], 1),
            licence="MIT",
            metrics={"loss": round(made["loss"], 4)} | distilling.measure(net),
            model="PhotoNet",
            settings={"classes": net.head.out_features},
            note="Coarse labels, for features and maps without a network; the shipped "
            "photographs were among its training pictures. Online, torchvision's "
            "networks are the better choice.",
        ),
        dtype="float16",
    )
    return file


def run_codec(
    plan: coding.Coding, folder: str | Path, out: str | Path | None = None
) -> Path:
    """Train a learned codec (or go on) and write its weights and card.

    Args and result as for `run`.
    """
    net = plan.net()
    state = coding.fit_codec(net, plan, folder)
    return _keep(
        plan, net, state, Path(out or folder), coding.recipe(plan.name, plan.preset),
        model=plan.model,
        settings={**plan.settings, "levels": len(plan.lambdas)},
        metrics=_best(state, "bpp", "psnr", "score"),
        note=f"a codec, no restorer; {state.step * plan.batch:,} crops, and papers "
        "train for 10 to 100 times as many; bpp are estimates",
    )  # fmt: skip


def run_two_codecs(
    plan: TwoCodecs, folder: str | Path, out: str | Path | None = None
) -> Path:
    """Train the nets around two codecs (or go on) and write weights and card.

    Codecs that learned with them are in the file too. Args and result as for `run`.
    """
    from srlab.training.two_codecs import fit_two_codecs

    line, state = fit_two_codecs(plan, folder)
    net = TwoCodecsNet(**plan.net)  # what it is without being told
    settings = {"down": net.down.width if net.down else 0, **plan.net}
    keys = ("codec", "first", "second", "colour", "joint")
    settings |= {key: getattr(plan, key) for key in keys} | {"level": line.level}
    return _keep(
        plan, line if plan.joint else line.net, state, Path(out or folder),
        two_codecs.get(plan.name, plan.preset),
        model="TwoCodecsNet",
        settings=settings,
        metrics=_best(state, "bpp", "psnr", "residual", "colour"),
        note=f"nets around two codecs, no restorer; a {plan.preset} run of "
        f"{state.step * plan.batch:,} crops; bpp are estimates",
    )  # fmt: skip


def run_side_info(
    plan: Side, folder: str | Path, out: str | Path | None = None
) -> Path:
    """Train the networks of side information (or go on); write weights and card.

    Args and result as for `run`.
    """
    from srlab.training.side_info import fit_side_info

    net, state = fit_side_info(plan, folder)
    qualities = ", ".join(f"{q:g}" for q in plan.qualities)
    begun = f" after {Path(plan.start).stem}" if plan.start else ""
    help_of = "" if net.descriptors else "out"
    if net.descriptors:
        begun += "; bits are of a descriptor, estimated; "
        begun += f"lambda {plan.price:g} of what the codec's bits earn"
    return _keep(
        plan, net, state, Path(out or folder), side_info.get(plan.name, plan.preset),
        seen=f", through {plan.codec} of quality {qualities}",
        model="SideInfoNet",
        settings={**plan.net, "codec": plan.codec},
        metrics=_best(state, "psnr", "decoded", "bits", "used"),
        note=f"mends decoded pictures with{help_of} help from the encoder; a "
        f"{plan.preset} run of {state.step * plan.batch:,} crops{begun}",
        keys=(*KEYS, "price"),
    )  # fmt: skip


def _best(state: Any, *starts: str) -> dict[str, float]:
    """The validation of the step that is kept: the numbers with these names."""
    best: dict[str, Any] = next(
        (r for r in state.history if r["step"] == state.best_step), {}
    )
    return {
        f"validation_{k}": round(v, 4) for k, v in best.items() if k.startswith(starts)
    }


def _keep(
    plan: Any,
    net: Any,
    state: Any,
    folder: Path,
    usual: Any,
    seen: str = "",
    keys: Any = None,
    **said: Any,
) -> Path:
    """Write the weights of a run by plan; the card says how they were made."""
    file = folder / f"{plan.name}.safetensors"
    made = Card(
        recipe=" ".join(words(plan, usual, keys or KEYS)),
        data=f"{', '.join(plan.data)}: {state.step} steps of {plan.batch} crops of "
        f"{plan.patch} pixels a side{seen}",
        device=device_name(),
        minutes=round(state.seconds / 60, 1),
        licence="MIT",
        **said,
    )
    write_weights(file, net.cpu().state_dict(), made, dtype="float16")
    return file


def remeasure(file: str | Path) -> Card:
    """Measure weights again where the sets are, and put the numbers on their card.

    For weights that were trained on a machine without the benchmark sets. The tensors
    stay as they are; a discriminator has nothing to measure.
    """
    tensors, card = read_weights(file)
    if card.model == "PhotoNet":
        from srlab.saliency import classifiers, distilling

        found = distilling.measure(classifiers.photo_classifier(str(file)))
    elif scales := str(card.settings.get("scales", "")).split():
        net = models.load(str(file), int(scales[0])).net
        found = measure(net, tuple(int(scale) for scale in scales))
    else:
        return card
    card = replace(card, metrics={**card.metrics, **found})
    return write_weights(file, tensors, card, cast(Any, card.dtype))
