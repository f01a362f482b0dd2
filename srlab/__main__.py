# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The command line: ``python -m srlab doctor``, ``python -m srlab fetch Set5``.

Exit codes: 0 done, 1 it could not be done (one line on stderr), 2 a wrong call.
A new command is a `Command` in COMMANDS: its help, its arguments, what it runs.
"""

from __future__ import annotations

import argparse
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
    from srlab.training import commands

    commands.train_arguments(parser)


def _train(args: argparse.Namespace) -> int:
    from srlab.training import Diverged, commands

    try:
        return commands.train(args)
    except Diverged as error:
        return _fail(str(error))
    except ValueError as error:
        return _fail(str(error), code=2)


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
