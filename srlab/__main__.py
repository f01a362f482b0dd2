# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The command line: ``python -m srlab doctor``, ``python -m srlab fetch Set5``.

Exit codes: 0 done, 1 it could not be done (one line on stderr), 2 a wrong call.
A new command is a `Command` in COMMANDS: its help, its arguments, what it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, NoReturn

__all__ = ["COMMANDS", "Command", "main"]


@dataclass(frozen=True)
class Command:
    """One subcommand; `run` imports what it needs and returns the exit code."""

    help: str
    arguments: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"srlab: {message}; see `{self.prog} --help`\n")


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _doctor(args: argparse.Namespace) -> int:
    from srlab import doctor

    findings = doctor.examine()
    print(doctor.render(findings, as_json=args.json))
    return 0 if doctor.healthy(findings) else 1


def _fetch_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="a set: Set5")
    parser.add_argument("--list", action="store_true", help="show all sets")


def _fetch(args: argparse.Namespace) -> int:
    from srlab import datasets
    from srlab.datasets import fetching

    if args.list:
        print("\n".join(_set_lines()))
        return 0
    if not args.names:
        return _fail("which set? `python -m srlab fetch --list` shows them", code=2)
    try:
        rows = [datasets.entry(name) for name in args.names]
    except datasets.UnknownDataset as error:
        return _fail(str(error), code=2)
    for row in rows:
        try:
            datasets.fetch(row.name, progress=sys.stderr.isatty())
        except fetching.FetchError as error:
            return _fail(str(error))
        print(f"{datasets.verify(row.name).text}. Terms: {row.licence}.")
    return 0


def _set_lines() -> list[str]:
    """A line a set: name, images, size of the download, where it is, what it is."""
    from srlab import datasets, paths

    lines = [f"{'name':26} {'images':>6} {'MB':>6}  {'where':8}  what it is"]
    for row in datasets.registry().values():
        folder = datasets.find(row.name)
        if folder:
            cached = folder.is_relative_to(paths.cache_dir())
            where = "cache" if cached else "local"
        else:
            where = "-" if row.fetchable else "by hand"
        size = f"{row.bytes / 1e6:.0f}" if row.bytes else "?"
        size = size if row.fetchable and not row.part_of else ""
        count = str(row.images or "?")
        lines.append(f"{row.name:26} {count:>6} {size:>6}  {where:8}  {row.title}")
    end = "local: in SRLAB_DATA; cache: fetched; -: can be fetched; ?: not stated"
    return [*lines, "", end]


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    known = "bicubic, another kernel (bilinear ...), or weights: edsr_x2, FILE"
    parser.add_argument("restorer", help=known)
    parser.add_argument("set", help="a benchmark set: Set5")
    parser.add_argument(
        "--scale", type=int, help="2, 3 or 4 (default: the weights', 2)"
    )
    parser.add_argument("--protocol", help="A, B, C or E; default: the published row's")
    parser.add_argument(
        "--beside", metavar="ROW", help="the published row: srcnn, edsr"
    )


def _evaluate(args: argparse.Namespace) -> int:
    from srlab.evaluation import benchmark
    from srlab.resample import KERNELS, Interpolator

    kernel = {"bicubic": "cubic"}.get(args.restorer, args.restorer)
    beside = args.beside or ("bicubic" if kernel == "cubic" else None)
    try:
        if kernel not in KERNELS and _no_weights(kernel):
            return _fail(_unknown_restorer(kernel), code=2)
        if kernel in KERNELS:
            restorer = Interpolator(args.scale or 2, kernel)
        else:
            restorer = _loaded(args.restorer, args.scale)
        scale = int(restorer.scale)
        row = benchmark(restorer, args.set, scale, beside, args.protocol)
    except ValueError as error:
        return _fail(str(error), code=2)
    print(row if row.name == "bicubic" else replace(row, name=args.restorer))
    return 0


def _no_weights(name: str) -> bool:
    """Neither a file nor weights, so that it must be meant as a kernel."""
    from srlab import weights

    return not name.endswith(".safetensors") and weights.find_weights(name) is None


def _unknown_restorer(name: str) -> str:
    from srlab import weights
    from srlab.resample import KERNELS

    near = get_close_matches(name, [*KERNELS, "bicubic", *weights.weight_names()], n=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    trained = ", ".join(weights.weight_names()) or "none yet"
    return (
        f"{name!r} is neither a kernel nor weights; {hint}kernels: "
        f"{', '.join(KERNELS)}; weights: {trained}"
    )


def _loaded(name: str, scale: int | None) -> Any:
    from srlab import models

    return models.load(name, scale)


def _train_arguments(parser: argparse.ArgumentParser) -> None:
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


def _train(args: argparse.Namespace) -> int:
    from srlab import recipes, training
    from srlab.recipes import side_info, two_codecs
    from srlab.training import coding, running

    if args.list:
        others = ["photo_classifier", "localiser", *coding.names(), *_SMALL]
        others += [*two_codecs.names(), *side_info.names()]
        print("\n".join([*recipes.names(), *others]))
        return 0
    if not args.name:
        return _fail("which recipe? `python -m srlab train --list` shows them", code=2)
    keys = ("steps", "minutes", "batch", "patch", "start", "seed")
    changes = {k: v for k in keys if (v := getattr(args, k)) is not None}
    if args.minutes and not args.steps:
        changes["steps"] = 10**9  # the clock ends the run
    try:
        _check_alone(args.name, recipes.names())
        if args.name == "photo_classifier":
            print(f"wrote {_distil(args, changes)} and its card")
            return 0
        if args.name == "localiser":
            print(f"wrote {_locate(args, changes)} and its card")
            return 0
        if args.name in _SMALL:
            print(f"wrote {_small(args)} and its card")
            return 0
        if args.name in coding.names():
            print(f"wrote {_code(args, changes)} and its card")
            return 0
        if args.name in two_codecs.names():
            print(f"wrote {_around(args, changes)} and its card")
            return 0
        if args.name in side_info.names():
            print(f"wrote {_beside(args, changes)} and its card")
            return 0
        recipe = recipes.get(args.name, args.preset or "fast")
        recipe = replace(recipe, **changes, compile=args.compile)
        if args.adversarial is not None:
            recipe = replace(recipe, gan=_heavier(recipe, args.adversarial))
        folder = args.folder or f"runs/{recipe.name}-{recipe.preset}"
        file = running.run(recipe, folder, args.out)
    except training.Diverged as error:
        return _fail(str(error))
    except ValueError as error:
        return _fail(str(error), code=2)
    if int(os.environ.get("RANK", 0)) == 0:
        print(f"wrote {file} and its card")
    return 0


def _check_alone(name: str, shared: Sequence[str]) -> None:
    """Only restorers' recipes share their work; others would overwrite each other."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and name not in shared:
        raise ValueError(
            f"{name} is trained by one process, not by {world}: start it with "
            f"`python -m srlab train {name}`"
        )


def _heavier(recipe: Any, adversarial: float) -> Any:
    """The recipe's GAN with another weight of the adversarial loss."""
    if recipe.gan is None:
        raise ValueError(f"{recipe.name} is no GAN: it takes no --adversarial")
    return replace(recipe.gan, adversarial=adversarial)


def _distil(args: argparse.Namespace, changes: dict) -> Any:
    """The photo classifier has a recipe of its own kind."""
    from srlab.saliency import distilling
    from srlab.training import running

    plan = distilling.recipe(args.preset or "short")
    odd = changes.keys() & {"patch", "start"}
    odd |= {"adversarial"} if args.adversarial is not None else set()
    if odd:
        raise ValueError(f"photo_classifier takes no --{', --'.join(sorted(odd))}")
    if args.teacher:
        changes = {**changes, "teacher": args.teacher}
    plan = replace(plan, **changes)
    folder = args.folder or f"runs/{plan.name}-{plan.preset}"
    return running.run_classifier(plan, folder, args.out)


def _locate(args: argparse.Namespace, changes: dict) -> Any:
    """So have the networks that learn where an object is."""
    from srlab.saliency import localising

    odd = changes.keys() & {"patch", "start"}
    odd |= {"adversarial"} if args.adversarial is not None else set()
    if odd:
        raise ValueError(f"localiser takes no --{', --'.join(sorted(odd))}")
    plan = localising.lesson(args.method or "cam", args.preset or "short")
    plan = replace(plan, **changes)
    folder = args.folder or f"runs/localiser-{plan.name}-{plan.preset}"
    return localising.run(plan, folder, args.out)


def _code(args: argparse.Namespace, changes: dict) -> Any:
    """So have the learned codecs."""
    from srlab.training import coding, running

    if args.adversarial is not None:
        raise ValueError(f"{args.name} is no GAN: it takes no --adversarial")
    plan = replace(coding.recipe(args.name, args.preset or "fast"), **changes)
    folder = args.folder or f"runs/{plan.name}-{plan.preset}"
    return running.run_codec(plan, folder, args.out)


def _around(args: argparse.Namespace, changes: dict) -> Any:
    """And the nets around two codecs."""
    from srlab.recipes import two_codecs
    from srlab.training import running

    if args.adversarial is not None:
        changes = {**changes, "adversarial": args.adversarial}
    plan = replace(two_codecs.get(args.name, args.preset or "fast"), **changes)
    folder = args.folder or f"runs/{plan.name}-{plan.preset}"
    return running.run_two_codecs(plan, folder, args.out)


def _beside(args: argparse.Namespace, changes: dict) -> Any:
    """And those of side information."""
    from srlab.recipes import side_info
    from srlab.training import running

    if args.adversarial is not None:
        raise ValueError(f"{args.name} is no GAN: it takes no --adversarial")
    if args.price is not None:
        changes = {**changes, "price": args.price}
    plan = replace(side_info.get(args.name, args.preset or "fast"), **changes)
    folder = args.folder or f"runs/{plan.name}-{plan.preset}"
    return running.run_side_info(plan, folder, args.out)


_SMALL = ("context_serial", "context_checkerboard", "progressive", "msroi")


def _small(args: argparse.Namespace) -> Any:
    """What notebooks 14 and 15 need beside: minutes of one core, and no checkpoint."""
    from pathlib import Path

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


def _codec_command(name: str, words: str) -> Command:
    """`encode`, `decode` or `rd` of srlab.codecs.commands."""

    def arguments(parser: argparse.ArgumentParser) -> None:
        from srlab.codecs import commands

        getattr(commands, f"{name}_arguments")(parser)

    def run(args: argparse.Namespace) -> int:
        from srlab.codecs import CorruptStream, commands

        try:
            return getattr(commands, name)(args)
        except CorruptStream as error:
            return _fail(str(error))
        except (ValueError, TypeError) as error:
            return _fail(str(error), code=2)

    return Command(words, arguments, run)


COMMANDS: dict[str, Command] = {
    "decode": _codec_command("decode", "a codec's file to PNG"),
    "doctor": Command("is this machine ready?", _doctor_arguments, _doctor),
    "encode": _codec_command("encode", "a picture to a codec's file"),
    "evaluate": Command("one benchmark row", _evaluate_arguments, _evaluate),
    "fetch": Command("download a set of images", _fetch_arguments, _fetch),
    "rd": _codec_command("rd", "rate-distortion curves and BD-rates"),
    "train": Command("train a network", _train_arguments, _train),
}


def _fail(message: str, code: int = 1) -> int:
    print(f"srlab: {' '.join(message.split())}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    from srlab import __version__

    parser = _Parser(prog="python -m srlab", description="The tools of the course.")
    parser.add_argument("--version", action="version", version=f"srlab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.help, description=command.help)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a wrong call raises SystemExit(2)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not argv:
        parser.print_help()
        return 0
    if not argv[0].startswith("-") and argv[0] not in COMMANDS:
        near = get_close_matches(argv[0], COMMANDS, n=2)
        known = f"there are {', '.join(COMMANDS)}"
        hint = f"did you mean {' or '.join(near)}?" if near else known
        return _fail(f"no command is called {argv[0]!r}; {hint}", code=2)
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except FileNotFoundError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("stopped; the same command goes on", code=130)
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
