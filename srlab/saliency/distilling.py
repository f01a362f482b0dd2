# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the photo classifier learns: from another network's answers, not from labels.

G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", arXiv
1503.02531; L. Beyer et al., "Knowledge distillation: a good teacher is patient and
consistent", arXiv 2106.05237: teacher and pupil see the same crop, pictures are mixed,
and training is long. Differences: the pupil's labels are groups of the teacher's, whose
probabilities are added up; a second head, dropped afterwards, learns all 1,000.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from srlab import datasets, images
from srlab.saliency.classifiers import PhotoNet, groups
from srlab.saliency.teachers import teacher
from srlab.saliency.views import gather, views
from srlab.training.state import State

__all__ = ["Distillation", "distil", "gather", "recipe", "views"]


@dataclass(frozen=True)
class Distillation:
    """Everything that decides what the classifier becomes."""

    preset: str = "full"
    teacher: str = "mobilenet_v1_0.75_224_imagenet.pth"  # a file, or torchvision's name
    data: tuple[str, ...] = (
        "Imagenette_900/train", "ImageNet_samples", "BSDS500_train",
        "BSDS500_test45", "T91", "photos",
    )  # fmt: skip
    steps: int = 20_000
    minutes: float = 0.0  # end by the clock; the rate then follows it. 0: by steps
    batch: int = 256
    sides: tuple[int, ...] = (128, 160, 192)  # of the pupil's views, drawn each step
    rate: float = 3e-3  # of AdamW, one cosine with a warm-up
    weight_decay: float = 0.02
    ema: float = 0.999
    limit: int = 0  # at most so many photographs of each set, 0: all
    seed: int = 0
    every: int = 500  # steps from one checkpoint to the next
    name: str = "photo_classifier"


def recipe(preset: str = "full") -> Distillation:
    """full: a GPU's ten minutes; short: two CPU cores' hour; rehearse: two steps."""
    full = Distillation()
    short = replace(full, preset="short", steps=3000, batch=64, sides=(96, 128))
    tiny = replace(
        full, preset="rehearse", data=("photos",), steps=2, batch=2, sides=(64,),
        limit=2, every=1,
    )  # fmt: skip
    known = {"full": full, "short": short, "rehearse": tiny}
    if preset not in known:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(known)}")
    return known[preset]


class Pupil(nn.Module):
    """The classifier and, beside its head, one of all 1,000 classes."""

    def __init__(self, net: PhotoNet):
        super().__init__()
        self.net = net
        self.thousand = nn.Linear(net.head.in_features, 1000)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of the labels and of the 1,000 classes."""
        pooled = self.net.features(x).mean(dim=(2, 3))
        return self.net.head(pooled), self.thousand(pooled)


def distil(
    plan: Distillation, folder: str | Path | None = None, device: str | None = None
) -> tuple[PhotoNet, dict[str, float]]:
    """Train the classifier; gives it in eval mode, and steps, minutes and last loss.

    Args:
        plan: from `recipe`. folder: of the checkpoint; the same folder goes on.
        device: the GPU if there is one, unless told otherwise.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    squares = gather(plan.data, plan.limit).to(device)
    guide = _uniform if plan.preset == "rehearse" else teacher(plan.teacher).to(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        pupil = Pupil(PhotoNet()).to(device)
        pupil.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        pupil.parameters(), plan.rate, weight_decay=plan.weight_decay
    )
    state = State(pupil, optimizer, _plain(plan))
    if folder is not None:
        state.resume(Path(folder))
    loss = _loop(plan, state, squares, guide, folder)
    net = PhotoNet()
    net.load_state_dict(state.average.net.state_dict())
    made = {"steps": state.step, "minutes": state.seconds / 60, "loss": loss}
    return net.eval(), made


def measure(net: PhotoNet) -> dict[str, float]:
    """Accuracy on Imagenette's validation photographs, argmax among its ten labels,
    where that part is on this machine; and the shipped photographs that are named."""
    found: dict[str, float] = {}
    folder = datasets.find("Imagenette_900")
    if folder is not None and (folder / "val").is_dir():
        files = datasets.image_paths(folder / "val")
        kinds = sorted({file.parent.name for file in files})
        right = 0
        for file in files:
            p = net.probabilities(images.read(file))[0, :10]
            right += kinds[int(p.argmax())] == file.parent.name
        found["imagenette_val_accuracy"] = round(right / len(files), 4)
        found["imagenette_val_images"] = len(files)
    for name, label in (
        ("chelsea", "cat"), ("coffee", "cup"), ("motorcycle", "motorcycle or moped")
    ):  # fmt: skip
        place = net.labels.index(label)
        value = net.probabilities(images.photo(name))[0, place].item()
        found[f"{name}_{label.split()[0]}"] = round(value, 4)
    return found


def _plain(plan: Distillation) -> dict:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(plan).items()}


def _uniform(x: torch.Tensor) -> torch.Tensor:
    """A teacher that knows nothing, for rehearsals."""
    return x.new_zeros(len(x), 1000)


def _loop(
    plan: Any, state: Any, squares: torch.Tensor, guide: Any, folder: str | Path | None
) -> float:
    sums = _sums(squares.device)
    generator = torch.Generator(squares.device)
    half = squares.device.type == "cuda"
    begun, before, kept, mean = time.perf_counter(), state.seconds, [], math.nan
    bar = tqdm(
        desc=plan.name, initial=state.step, total=plan.steps, leave=False, mininterval=2
    )
    while state.step < plan.steps:
        state.seconds = before + time.perf_counter() - begun
        share = state.step / plan.steps
        if plan.minutes:
            share = max(share, state.seconds / 60 / plan.minutes)
        if share >= 1:
            break
        rise = min(1.0, (state.step + 1) / 200)
        for group in state.optimizer.param_groups:
            group["lr"] = rise * plan.rate * (1 + math.cos(math.pi * share)) / 2
        generator.manual_seed(plan.seed * 1_000_003 + state.step)
        side = plan.sides[state.step % len(plan.sides)]
        x = views(squares, plan.batch, side, generator)
        with torch.autocast(squares.device.type, torch.bfloat16, enabled=half):
            loss = _loss(state.net, guide, x, sums)
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.advance(plan.ema)
        kept.append(loss.detach())
        bar.update()
        if state.step % plan.every == 0:
            mean = torch.stack(kept[-100:]).mean().item()
            bar.set_postfix(loss=f"{mean:.3f}")
            if folder is not None:
                state.save(Path(folder))
    return torch.stack(kept[-100:]).mean().item() if kept else mean


def _sums(device: torch.device) -> torch.Tensor:
    """(1000, labels): adds a label's classes up."""
    table = torch.zeros(1000, len(groups()))
    for k, members in enumerate(groups().values()):
        table[list(members), k] = 1
    return table.to(device)


def _loss(pupil: Any, guide: Any, x: torch.Tensor, sums: torch.Tensor) -> torch.Tensor:
    """KL(teacher || pupil) of the labels and, at temperature 2, of all classes."""
    with torch.no_grad():
        large = x
        if side := getattr(guide, "side", 0):
            large = F.interpolate(x, size=(side, side), mode="bilinear")
        theirs = guide(large).float()
        coarse = theirs.softmax(-1) @ sums
    ours, thousand = (
        v.float() for v in pupil(x.contiguous(memory_format=torch.channels_last))
    )
    first = F.kl_div(ours.log_softmax(-1), coarse, reduction="batchmean")
    second = F.kl_div(
        (thousand / 2).log_softmax(-1), (theirs / 2).softmax(-1), reduction="batchmean"
    )
    return first + second
