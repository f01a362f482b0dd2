# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``python -m srlab train``: every recipe of the course by its name.

Restorers share one kind of recipe and one loop; what learns in another way (a
classifier, a codec, the nets around codecs) has a recipe of its own kind and says here
which options it takes.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

__all__ = ["train", "train_arguments"]


def train_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train``, put on its parser."""
    from srlab.recipes import PRESETS

    parser.add_argument("name", nargs="?", help="a recipe: edsr_x2")
    parser.add_argument("--list", action="store_true", help="show all recipes")
    preset = parser.add_mutually_exclusive_group()
    for name in PRESETS:
        text = {"fast": "a minute on a CPU (the default)", "full": "for a GPU"}.get(
            name, {"short": "tens of minutes on a CPU"}.get(name, "two steps")
        )
        preset.add_argument(
            f"--{name}", dest="preset", action="store_const", const=name, help=text
        )
    parser.add_argument("--steps", type=int, help="fewer or more than the recipe's")
    parser.add_argument("--minutes", type=float, help="end by the clock instead")
    parser.add_argument("--batch", type=int, help="crops a step")
    parser.add_argument("--patch", type=int, help="side of a crop, small pixels")
    parser.add_argument("--adversarial", type=float, help="weight of a GAN's loss")
    parser.add_argument("--price", type=float, help="lambda of side information")
    parser.add_argument("--teacher", help="of photo_classifier: a file, or a name")
    parser.add_argument("--method", help="of localiser: cam, has, adl, acol ...")
    parser.add_argument("--start", help="weights to begin from, by name or path")
    parser.add_argument("--seed", type=int, help="another start and other crops")
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    parser.add_argument("--folder", help="of the checkpoint (default runs/NAME-PRESET)")
    parser.add_argument("--out", help="folder of the weights (default: the same)")


def train(args: argparse.Namespace) -> int:
    """Train what the command line asks for, write weights and card; 0 when done.

    Raises:
        ValueError: no such recipe, or an option that it does not take.
        srlab.training.Diverged: the loss is NaN or infinite.
    """
    from srlab import recipes

    kinds = _kinds()
    if args.list:
        print("\n".join([*recipes.names(), *kinds]))
        return 0
    if not args.name:
        raise ValueError("which recipe? `python -m srlab train --list` shows them")
    keys = ("steps", "minutes", "batch", "patch", "start", "seed")
    changes = {k: v for k in keys if (v := getattr(args, k)) is not None}
    if args.minutes and not args.steps:
        changes["steps"] = 10**9  # the clock ends the run
    if args.name in kinds:
        _check_alone(args.name)
    file = kinds.get(args.name, _restore)(args, changes)
    if int(os.environ.get("RANK", 0)) == 0:
        print(f"wrote {file} and its card")
    return 0


def _kinds() -> dict[str, Callable[[argparse.Namespace, dict[str, Any]], Path]]:
    """Recipe -> what trains it, of all that `_restore` does not."""
    from srlab.recipes import side_info, two_codecs
    from srlab.training import coding

    return {
        "photo_classifier": _distil,
        "localiser": _locate,
        **dict.fromkeys(coding.names(), _code),
        **dict.fromkeys(_SMALL, _small),
        **dict.fromkeys(two_codecs.names(), _around),
        **dict.fromkeys(side_info.names(), _beside),
    }


_SMALL = ("context_serial", "context_checkerboard", "progressive", "msroi")


def _check_alone(name: str) -> None:
    """Only restorers' recipes share their work; others would overwrite each other."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        raise ValueError(
            f"{name} is trained by one process, not by {world}: start it with "
            f"`python -m srlab train {name}`"
        )


def _refuse(args: argparse.Namespace, *options: str) -> None:
    """ValueError for an option that was given and that the recipe has no use for."""
    if odd := [key for key in options if getattr(args, key) is not None]:
        no_gan = "is no GAN: it " if odd == ["adversarial"] else ""
        raise ValueError(f"{args.name} {no_gan}takes no --{', --'.join(sorted(odd))}")


def _folder(args: argparse.Namespace, plan: Any, kind: str = "") -> str:
    return args.folder or f"runs/{kind}{plan.name}-{plan.preset}"


def _restore(args: argparse.Namespace, changes: dict[str, Any]) -> Path:
    """A restorer: `srlab.recipes`, and the one loop of `srlab.training.fit`."""
    from srlab import recipes
    from srlab.training import running
    from srlab.training.state import FILE

    recipe = recipes.get(args.name, args.preset or "fast")
    recipe = replace(recipe, **changes, compile=args.compile)
    if args.adversarial is not None:
        if recipe.gan is None:
            raise ValueError(f"{recipe.name} is no GAN: it takes no --adversarial")
        gan = replace(recipe.gan, adversarial=args.adversarial)
        recipe = replace(recipe, gan=gan)
    kept = Path(_folder(args, recipe)) / FILE
    before = kept.stat().st_mtime_ns if kept.is_file() else None
    file = running.run(recipe, kept.parent, args.out)
    first = int(os.environ.get("RANK", 0)) == 0
    if first and before is not None and before == kept.stat().st_mtime_ns:
        print(f"{kept} is of a complete run: nothing was trained; remove it to do so")
    return file


def _distil(args: argparse.Namespace, changes: dict[str, Any]) -> Path:
    """The photo classifier, from another network's answers."""
    from srlab.saliency import distilling
    from srlab.training import running

    _refuse(args, "patch", "start", "adversarial")
    if args.teacher:
        changes = {**changes, "teacher": args.teacher}
    plan = replace(distilling.recipe(args.preset or "short"), **changes)
    return running.run_classifier(plan, _folder(args, plan), args.out)


def _locate(args: argparse.Namespace, changes: dict[str, Any]) -> Path:
    """Networks that learn where an object is."""
    from srlab.saliency import localising

    _refuse(args, "patch", "start", "adversarial")
    plan = localising.lesson(args.method or "cam", args.preset or "short")
    plan = replace(plan, **changes)
    return localising.run(plan, _folder(args, plan, "localiser-"), args.out)


def _code(args: argparse.Namespace, changes: dict[str, Any]) -> Path:
    """Learned codecs."""
    from srlab.training import coding, running

    _refuse(args, "adversarial")
    plan = replace(coding.recipe(args.name, args.preset or "fast"), **changes)
    return running.run_codec(plan, _folder(args, plan), args.out)


def _around(args: argparse.Namespace, changes: dict[str, Any]) -> Path:
    """Nets around two codecs."""
    from srlab.recipes import two_codecs
    from srlab.training import running

    if args.adversarial is not None:
        changes = {**changes, "adversarial": args.adversarial}
    plan = replace(two_codecs.get(args.name, args.preset or "fast"), **changes)
    return running.run_two_codecs(plan, _folder(args, plan), args.out)


def _beside(args: argparse.Namespace, changes: dict[str, Any]) -> Path:
    """Networks of side information."""
    from srlab.recipes import side_info
    from srlab.training import running

    _refuse(args, "adversarial")
    if args.price is not None:
        changes = {**changes, "price": args.price}
    plan = replace(side_info.get(args.name, args.preset or "fast"), **changes)
    return running.run_side_info(plan, _folder(args, plan), args.out)


def _small(args: argparse.Namespace, _: dict[str, Any]) -> Path:
    """What notebooks 14 and 15 need beside: minutes of one core, and no checkpoint."""
    from srlab.training import contexts, msroi, progressive

    keys = ("steps", "batch", "patch", "start", "seed", "adversarial")
    if args.preset == "full" or any(getattr(args, key) is not None for key in keys):
        raise ValueError(f"{args.name} takes --minutes, --rehearse and --out alone")
    rehearse = args.preset == "rehearse"
    limit, minutes = (1, 0.01) if rehearse else (None, args.minutes)
    settings: dict[str, Any] = {"limit": limit, "minutes": minutes}
    settings = {key: value for key, value in settings.items() if value is not None}
    folder = Path(args.out or args.folder or f"runs/{args.name}")
    folder.mkdir(parents=True, exist_ok=True)
    if args.name == "progressive":
        return progressive.run(folder, **settings)
    if args.name == "msroi":
        return msroi.run(folder, **settings)
    return contexts.run(args.name.removeprefix("context_"), folder, **settings)
