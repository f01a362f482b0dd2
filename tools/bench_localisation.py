# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Eleven ways to train a map, three seeds each: data/results/localisation.csv.

    python tools/bench_localisation.py --jobs 2      # two hours on two CPU cores

Each run has three minutes of CPU time of one thread. Its weights and its raw maps of
Imagenette's 200 validation photographs stay in build/localising/METHOD-SEED, its row in
build/localisation_rows.csv: a bench that was stopped goes on, and measuring again
(`--measure`) trains nothing. Localisation is measured where data/imagenette_boxes.toml
has boxes, which the project drew itself.

- pointing (share of photographs) and energy: on all photographs that have boxes;
- threshold: where the method's mean IoU is highest on every second of them, by name;
- iou, iou_50 (share with IoU of 0.5 and more) and area (share of the picture above the
  threshold): on the others, `photographs_iou` many.

Rows of no training, which say what the others are worth:

- "centre": a blob in the middle of every picture, which no network has seen: what a map
  must beat (J. Choe et al., arXiv 2001.07437);
- "everything": the whole picture marked. Its pointing is that of a place drawn by lot;
- "METHOD_faded": the method's map times the number of 5 x 5 windows that a place is in,
  which is what a head of padded convolutions does to a map towards the border;
- "METHOD_as_cam": the reverse. The map times CAM's mean over the photographs at each
  place and divided by its own mean there, so that it fades as CAM does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import shutil
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import avg_pool2d, interpolate

from srlab import datasets, paths
from srlab.evaluation.growing import append
from srlab.saliency import localising, measures, objects
from srlab.saliency.acol import min_max
from srlab.training.cards import device_name
from srlab.weights import Card, write_weights

RUNS = Path("build/localising")
ROWS = Path("build/localisation_rows.csv")
COLUMNS = ("method", "seed", "top1", "minutes", "steps")
VALIDATION = "Imagenette_900/val"


def one(method: str, seed: int, minutes: float, device: str) -> dict | None:
    """Train and keep a run: its weights, its maps of the true labels, its row.

    None if its row is there by now: another bench may run beside this one.
    """
    if (method, seed) in _done():
        return None
    plan = localising.lesson(method, "short", seed)
    if minutes != plan.minutes:
        plan = replace(plan, minutes=minutes)
    folder = RUNS / plan.name
    net = localising.teach(plan, folder / "checkpoint", device)
    maps, right = asked(net, localising.photographs(VALIDATION))
    row = {"method": method, "seed": seed, "top1": round(right, 4)}
    row |= {"minutes": round(net.made["minutes"], 3), "steps": net.made["steps"]}
    card = Card(
        recipe=f"python tools/bench_localisation.py --methods {method} --seeds {seed}",
        data=f"{plan.data}: {row['steps']} steps of {plan.batch} crops",
        device=device_name(), minutes=row["minutes"], licence="MIT",
        metrics={
            "imagenette_val_accuracy": row["top1"],
            "loss": round(net.made["history"][-1]["loss"], 4),
        },
        model="Localiser",
        settings={"method": method, "labels": ", ".join(net.labels)},
    )  # fmt: skip
    write_weights(folder / "localiser", net.cpu().state_dict(), card)
    save_file({"maps": maps}, folder / "maps.safetensors")
    shutil.rmtree(folder / "checkpoint")
    return row


@torch.no_grad()
def asked(net, data) -> tuple[torch.Tensor, float]:
    """Raw maps (N, 1, h, w) of the true labels, and the share that is named right."""
    device, found, right = next(net.parameters()).device, [], 0
    for squares, labels in zip(
        data.squares.split(20), data.labels.split(20), strict=True
    ):
        x = net.prepare(squares.float() / 255).to(device)
        labels = labels.to(device)
        found.append(net.maps(x, labels).cpu())
        right += (net(x).argmax(1) == labels).sum().item()
    return torch.cat(found), right / len(data.labels)


def boxes(file: Path) -> dict[int, torch.Tensor]:
    """Place of a photograph among the sorted ones -> its mask (1, 1, 224, 224)."""
    part = datasets.find("Imagenette_900") / "val"
    names = [p.relative_to(part).as_posix() for p in datasets.image_paths(part)]
    drawn, found = tomllib.loads(file.read_text(encoding="utf-8")), {}
    for place, name in enumerate(names):
        if name in drawn:
            side = localising.SQUARE
            found[place] = objects.boxes_mask(drawn[name], side, side)
    return found


def measure(maps: torch.Tensor, masks: dict[int, torch.Tensor]) -> dict:
    """The columns of one run.

    Args:
        maps: (N, 1, h, w), raw. masks: of some places among the N.
    """
    large = {}
    for place, mask in masks.items():
        one = min_max(maps[place : place + 1])
        size = tuple(mask.shape[-2:])
        large[place] = min_max(interpolate(one, size=size, mode="bilinear"))
    pairs = [(large[place], masks[place]) for place in sorted(masks)]
    chosen, rest = pairs[::2], pairs[1::2]
    threshold, _ = measures.best_threshold(*zip(*chosen, strict=True))
    overlaps = torch.tensor([measures.iou(*pair, threshold) for pair in rest])
    areas = torch.tensor([(m >= threshold).float().mean() for m, _ in rest])
    energies = torch.tensor([measures.energy(*pair) for pair in pairs])
    hits = sum(measures.pointing(*pair) for pair in pairs)
    return {
        "pointing": round(hits / len(pairs), 4),
        "energy": round(energies.nanmean().item(), 4),
        "threshold": threshold,
        "iou": round(overlaps.mean().item(), 4),
        "iou_50": round((overlaps >= 0.5).float().mean().item(), 4),
        "area": round(areas.mean().item(), 4),
        "photographs": len(pairs),
        "photographs_iou": len(rest),
    }


def blob(cells: int = 11) -> torch.Tensor:
    """(1, 1, cells, cells): a Gaussian in the middle, half as wide as the picture."""
    x = torch.linspace(-1, 1, cells).square()
    return (-(x[:, None] + x[None, :]) / (2 * 0.5**2)).exp()[None, None]


def everything(masks: dict[int, torch.Tensor]) -> dict:
    """The columns of a map that marks the whole picture."""
    shares = torch.tensor([masks[place].mean() for place in sorted(masks)])
    rest = shares[1::2]
    return {
        "pointing": round(shares.mean().item(), 4),
        "energy": round(shares.mean().item(), 4),
        "threshold": 0.0,
        "iou": round(rest.mean().item(), 4),
        "iou_50": round((rest >= 0.5).float().mean().item(), 4),
        "area": 1.0,
        "photographs": len(shares),
        "photographs_iou": len(rest),
    }


def windows(cells: int, side: int = 5) -> torch.Tensor:
    """(1, 1, cells, cells): the share of `side`^2 windows that each place is in."""
    return avg_pool2d(torch.ones(1, 1, cells, cells), side, 1, side // 2)


def controls(maps: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Maps that differ from a run's by their fading towards the border alone.

    Args:
        maps: of one seed's runs, (N, 1, h, w), raw.
    """
    maps = {method: min_max(m) for method, m in maps.items()}
    made = {
        f"{method}_faded": maps[method] * windows(maps[method].shape[-1])
        for method in ("cam", "has")
        if method in maps
    }
    for method in ("acol", "ficklenet"):
        if method in maps and "cam" in maps:
            own, cam = (maps[m].mean(0, keepdim=True) for m in (method, "cam"))
            made[f"{method}_as_cam"] = maps[method] * cam / own.clamp(min=0.02)
    return made


def kept(method: str, seed: int) -> torch.Tensor:
    """The raw maps of a run."""
    return load_file(RUNS / f"{method}-{seed}" / "maps.safetensors")["maps"]


def table(file: Path) -> pd.DataFrame:
    """All rows that are there, with what their maps reach on the boxes of a file."""
    rows = pd.read_csv(ROWS)
    masks = boxes(file) if file.is_file() else {}
    if not masks:
        return rows
    found = [measure(kept(r.method, r.seed), masks) for r in rows.itertuples()]
    more = []
    for seed, group in rows.groupby("seed"):
        maps = {method: kept(method, seed) for method in group["method"]}
        more += [(n, seed, measure(m, masks)) for n, m in controls(maps).items()]
    more.append(("everything", 0, everything(masks)))
    more.append(("centre", 0, measure(blob().expand(200, 1, -1, -1), masks)))
    extra = pd.DataFrame([pair for *pair, _ in more], columns=["method", "seed"])
    rows = pd.concat([rows, extra], ignore_index=True)
    rows = pd.concat([rows, pd.DataFrame(found + [row for *_, row in more])], axis=1)
    rows = rows.astype({"seed": int, "steps": "Int64"})
    names = [*localising.METHODS, *dict.fromkeys(extra["method"])]
    order = {method: place for place, method in enumerate(names)}
    return rows.sort_values(["method", "seed"], key=lambda v: v.map(order).fillna(v))


def _done() -> set[tuple[str, int]]:
    if not ROWS.is_file():
        return set()
    rows = pd.read_csv(ROWS)
    return set(zip(rows["method"], rows["seed"], strict=True))


def _add(row: dict) -> None:
    append(ROWS, [row], COLUMNS)
    print(*row.values(), flush=True)


def _train(options: argparse.Namespace) -> None:
    wanted = [(m, s) for s, m in product(options.seeds, options.methods)]
    missing = [pair for pair in wanted if pair not in _done()]
    with ProcessPoolExecutor(
        options.jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(1,),
    ) as pool:
        runs = [
            pool.submit(one, *pair, options.minutes, options.device) for pair in missing
        ]
        for run in as_completed(runs):
            if row := run.result():
                _add(row)


def _save(frame: pd.DataFrame, minutes: float) -> Path:
    path = paths.data_dir() / "results" / "localisation.csv"
    note = (
        "# command: python tools/bench_localisation.py --jobs 2\n"
        f"# device: CPU, one thread a run, of {os.cpu_count()} cores, "
        f"{platform.machine()}; torch {torch.__version__}\n"
        f"# minutes: {minutes:.1f} of CPU time in all\n"
    )
    path.write_text(note + frame.to_csv(index=False), encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="*", default=[*localising.METHODS])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--jobs", type=int, default=1, help="processes of one thread")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--measure", action="store_true", help="train nothing")
    parser.add_argument(
        "--boxes", type=Path, default=paths.data_dir() / "imagenette_boxes.toml"
    )
    options = parser.parse_args(arguments)
    if datasets.find("Imagenette_900") is None:
        print("Imagenette_900 not found; set SRLAB_DATA to a folder that holds it")
        return 1
    if not options.measure:
        _train(options)
    frame = table(options.boxes)
    print(frame.to_string(index=False), flush=True)
    if "iou" in frame and options.boxes.parent == paths.data_dir():
        print(_save(frame, frame["minutes"].sum()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
