# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The parts of `make bench` that measure networks.

- models: every weights file on Set5, Set14 and B100 -> data/results/model_rows.csv
- cards: what cards of weights from another machine lack, measured on this one
- nets: parameters, multiply-adds, CPU milliseconds, PSNR -> data/results/net_costs.csv
- loading: training steps a second out of the bank, beside a DataLoader that opens PNG
  files; printed only, as a ratio of one run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

import srlab
from srlab import evaluation, models, recipes, training, weights
from srlab.datasets import dihedral
from srlab.paths import data_dir
from srlab.training import running

SETS = ("Set5", "Set14", "B100")
# The published row that stands beside ours, and the paper's network in full.
PAPERS = {
    "srcnn": ("srcnn", models.SRCNN, {}),
    "espcn": ("espcn", models.ESPCN, {}),
    "vdsr": ("vdsr", models.VDSR, {}),
    "srresnet": ("srresnet", models.SRResNet, {}),
    "edsr": ("edsr_baseline", models.EDSR, {}),
    "rcan": ("rcan", models.RCAN, {}),
    "swinir_light": ("swinir_light", models.SwinIR, {"light": True}),
}
LARGE = {
    "edsr": (models.EDSR, {"width": 256, "blocks": 32, "residual_scale": 0.1}),
    "swinir": (models.SwinIR, {"light": False}),
}


def _shipped() -> list[tuple[str, int]]:
    """(name, scale) of the weights that enlarge undamaged pictures.

    Restorers of decoded pictures have rows of their own (tools/bench_two_layer.py).
    """
    found = sorted((data_dir() / "weights").glob("*.safetensors"))
    cards = {file.stem: weights.read_card(file) for file in found}
    return [
        (name, int(scale))
        for name, card in cards.items()
        if card.model != "CodedNet"
        for scale in str(card.settings.get("scales", "")).split()
    ]


def _paper(name: str) -> str | None:
    """Of "edsr_x2" or "vdsr": the published row; None where there is none."""
    base = name.rsplit("_x", 1)[0]
    return PAPERS[base][0] if base in PAPERS else None


def cards() -> None:
    """Put this machine's numbers on the cards that lack them."""
    for file in sorted((data_dir() / "weights").glob("*.safetensors")):
        card = weights.read_card(file)
        wanted = "set5" if "scales" in card.settings else "imagenette"
        discriminator = "scales" not in card.settings and card.model != "PhotoNet"
        if discriminator or any(key.startswith(wanted) for key in card.metrics):
            continue
        print(file.stem, running.remeasure(file).metrics, flush=True)


def rows(executor, only: tuple[str, ...] = ()) -> pd.DataFrame:
    """Ours under protocol B, and under the published row's where that is another."""
    table = []
    for name, scale in _shipped():
        if only and name not in only:
            continue
        restorer, paper = srlab.load(name, scale), _paper(name)
        for set_name in SETS:
            theirs = evaluation.published(paper, set_name, scale) if paper else {}
            for protocol in sorted({"B", theirs.get("protocol", "A")}):
                if restorer.net.channels == 1 and protocol != "B":
                    continue
                row = evaluation.benchmark(
                    restorer, set_name, scale, paper, protocol, executor
                )
                frame = evaluation.table([row]).assign(name=name, published=paper or "")
                table.append(frame)
                print(f"{name}: {row}", flush=True)
    return pd.concat(table).round({"psnr": 4, "ssim": 5})


def costs() -> pd.DataFrame:
    """What a network costs at a 1280 x 720 output, ours and the papers' in full."""
    measured = evaluation.results("model_rows").query("set_name == 'Set5'")
    table = []
    for name, scale in _shipped():
        restorer = srlab.load(name, scale)
        found = measured.query("name == @name and scale == @scale and protocol == 'B'")[
            "psnr"
        ]
        row = {"name": name, "kind": "ours", "scale": scale, "protocol": "B"}
        table.append(row | _cost(restorer.net, scale) | {"set5_psnr": found.item()})
        print(table[-1], flush=True)
    large = [(name, (name, *rest)) for name, rest in LARGE.items()]
    for _, (paper, net, arguments) in [*PAPERS.items(), *large]:
        for scale in (2, 3, 4):
            theirs = evaluation.published(paper, "Set5", scale)
            if "psnr" not in theirs:
                continue
            own = {} if paper in ("srcnn", "vdsr") else {"scale": scale}
            cost = _cost(net(**own, **arguments), scale, timed=scale == 2)
            row = {"name": f"{paper}_x{scale}", "kind": "paper", "scale": scale}
            row |= {"protocol": theirs["protocol"], **cost}
            table.append(row | {"set5_psnr": theirs["psnr"]})
    frame = pd.DataFrame(table).sort_values(["scale", "kind", "multiply_adds_g"])
    base = frame.query("name == 'srcnn_x2' and kind == 'ours'")["cpu_ms"].item()
    frame["times_srcnn"] = (frame["cpu_ms"] / base).round(2)
    print(frame.to_string(index=False), flush=True)
    return frame


def _cost(net: nn.Module, scale: int, timed: bool = True) -> dict[str, float]:
    """Parameters, multiply-adds (G) at 1280 x 720, CPU ms for a 256 x 256 result."""
    shrink = scale if net.upscale > 1 else 1
    row = {
        "parameters": sum(p.numel() for p in net.parameters()),
        "multiply_adds_g": models.multiply_adds(net, 720 // shrink, 1280 // shrink)
        / 1e9,
    }
    row["multiply_adds_g"] = round(row["multiply_adds_g"], 2)
    if timed and row["multiply_adds_g"] < 2000:
        side = 256 // shrink
        x = torch.rand(1, net.channels, side, side)
        net = net.eval()
        with torch.inference_mode():
            row["cpu_ms"] = round(_median(lambda: net(x)), 1)
    return row


def _median(function: Callable[[], object], calls: int = 5) -> float:
    times = []
    for i in range(calls + 1):
        begun = time.perf_counter()
        function()
        if i:
            times.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(times)


class PngPairs(torch.utils.data.Dataset):
    """The usual way: open two PNG files for each crop."""

    def __init__(self, folder: Path, patch: int, scale: int, grey: bool, length: int):
        self.files = sorted((folder / "LR").glob("*.png"))
        self.patch, self.scale, self.grey, self.length = patch, scale, grey, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        g = torch.Generator().manual_seed(index)
        file = self.files[index % len(self.files)]
        x, y = (self._read(f) for f in (file, file.parent.parent / "HR" / file.name))
        p, s = self.patch, self.scale
        top, left = (
            int(torch.randint(n - p + 1, (), generator=g)) for n in x.shape[1:]
        )
        x = x[:, top : top + p, left : left + p]
        y = y[:, s * top : s * (top + p), s * left : s * (left + p)]
        k = int(torch.randint(8, (), generator=g))
        return tuple(dihedral(t, k).float().div(255).contiguous() for t in (x, y))

    def _read(self, file: Path) -> torch.Tensor:
        with Image.open(file) as picture:
            array = np.asarray(picture.convert("L" if self.grey else "RGB"))
        return (
            torch.from_numpy(array.copy())
            .reshape(*array.shape[:2], -1)
            .permute(2, 0, 1)
        )


def _write_pngs(found: list[tuple[torch.Tensor, torch.Tensor]], folder: Path) -> None:
    for part in ("LR", "HR"):
        (folder / part).mkdir()
    for i, pair in enumerate(found):
        for part, picture in zip(("LR", "HR"), pair, strict=True):
            array = picture.permute(1, 2, 0).squeeze(-1).numpy()
            Image.fromarray(array).save(folder / part / f"{i:03}.png")


def _tiles(side: tuple[int, int] = (320, 480)) -> list[torch.Tensor]:
    """Pieces of the shipped photographs, as large as BSDS500's."""
    h, w = side
    return [
        p[:, top : top + h, left : left + w].contiguous()
        for p in training.pictures(("photos",))
        for top in range(0, p.shape[1] - h + 1, h)
        for left in range(0, p.shape[2] - w + 1, w)
    ]


def loading(seconds: float = 20.0) -> pd.DataFrame:
    """Steps a second of the same training step, fed in two ways, in one run."""
    cases = [("espcn_x2", "cpu", "32-true")]
    if torch.cuda.is_available():
        cases.append(("edsr_x2", "cuda", "bf16-mixed"))
    table = []
    for name, device, precision in cases:
        recipe = recipes.get(name, "full" if device == "cuda" else "short")
        net = recipe.net()
        found = list(training.pairs(_tiles(), net, recipe.scales))
        ours = _steps_from_bank(net, recipe, found, device, seconds)
        theirs = _steps_from_files(recipe.net(), recipe, found, device, seconds)
        row = {"recipe": name, "device": device, "precision": precision}
        row |= {"crop": recipe.patch, "batch": recipe.batch}
        table.append(row | {"bank": ours, "png_loader": theirs, "ratio": ours / theirs})
    frame = pd.DataFrame(table).round(2)
    print(frame.to_string(index=False), flush=True)
    return frame


def _steps_from_bank(net, recipe, found, device, seconds) -> float:
    bank = training.Bank(found, device)
    batches = (bank.batch(i, recipe.batch, recipe.patch) for i in range(10**9))
    return _steps(net, recipe, batches, device, seconds)


def _steps_from_files(net, recipe, found, device, seconds) -> float:
    with tempfile.TemporaryDirectory() as name:
        _write_pngs(found, Path(name))
        grey = net.channels == 1
        data = PngPairs(Path(name), recipe.patch, net.upscale, grey, 10**6)
        loader = torch.utils.data.DataLoader(
            data, recipe.batch, num_workers=4, pin_memory=device == "cuda",
            multiprocessing_context="spawn",
        )  # fmt: skip
        batches = ([t.to(device, non_blocking=True) for t in pair] for pair in loader)
        return _steps(net, recipe, batches, device, seconds)


def _steps(net, recipe, batches, device, seconds) -> float:
    """Steps a second after ten that are not counted."""
    net = net.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(net.parameters(), recipe.rate)
    half = device == "cuda"
    count = -10
    for x, y in batches:
        if count == 0:
            begun = _now(device)
        with torch.autocast(device, torch.bfloat16, enabled=half):
            loss = nn.functional.l1_loss(net(x).float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        count += 1
        if count > 0 and count % 10 == 0 and _now(device) - begun > seconds:
            return count / (_now(device) - begun)
    raise RuntimeError("the batches ended before the time did")


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
