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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from srlab import datasets, images
from srlab.resample import imresize
from srlab.saliency.classifiers import PhotoNet, groups
from srlab.saliency.teachers import teacher
from srlab.training.state import State

__all__ = ["Distillation", "distil", "gather", "recipe", "views"]

STORE = 256  # side of the squares that are kept of each photograph
SHIPPED_AGAIN = 4  # the shipped photographs are seen that many times as often


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


def gather(names: tuple[str, ...], limit: int = 0) -> torch.Tensor:
    """Squares of photographs, uint8 (N, 3, 256, 256): the middle and, of long pictures,
    both ends. "name/part" takes a folder of a set; "photos" are the shipped ones.

    Raises FileNotFoundError for a set that is not on this machine.
    """
    squares = []
    for name in names:
        again = SHIPPED_AGAIN if name == "photos" else 1
        for picture in _pictures(name, limit):
            squares += again * _squares(picture)
    return torch.stack(squares)


def _pictures(name: str, limit: int) -> Iterator[Any]:
    if name == "photos":
        for shipped in images.photo_names()[: limit or None]:
            yield images.photo(shipped)
        return
    base, _, part = name.partition("/")
    folder = datasets.find(base)
    if folder is None or not (folder / part).is_dir():
        raise FileNotFoundError(
            f"{name} is not here: set SRLAB_DATA to a folder that holds it"
        )
    for file in datasets.image_paths(folder / part)[: limit or None]:
        yield images.read(file)


def _squares(picture: torch.Tensor) -> list[torch.Tensor]:
    """(1, C, H, W) in [0, 1] -> one to three uint8 (3, 256, 256)."""
    height, width = picture.shape[-2:]
    short, long = sorted((height, width))
    spare = long - short
    places = (0, spare // 2, spare) if long > 1.15 * short else (spare // 2,)
    found = []
    for at in places:
        top, left = (at, 0) if height > width else (0, at)
        square = picture[..., top : top + short, left : left + short]
        small = imresize(square, size=(STORE, STORE)).expand(-1, 3, -1, -1)
        found.append(images.to_uint8(small)[0])
    return found


def views(
    squares: torch.Tensor, count: int, side: int, generator: torch.Generator
) -> torch.Tensor:
    """Random views (count, 3, side, side) in [0, 1], half of them mixed of two.

    Args:
        squares: uint8 (N, 3, S, S) on the device where the views are made.
        generator: of that device.
    """

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        u = torch.rand(count, *shape, generator=generator, device=squares.device)
        return low + (high - low) * u

    place = (uniform(0, len(squares)).long()).clamp(max=len(squares) - 1)
    size = uniform(0.12, 1).sqrt()  # share of the side, so that areas are even
    ratio = (uniform(-1, 1) * math.log(4 / 3) / 2).exp()
    a, b = (size * ratio).clamp(max=1), (size / ratio).clamp(max=1)
    x0, y0 = uniform(-1, 1) * (1 - a), uniform(-1, 1) * (1 - b)
    angle = uniform(-0.25, 0.25)
    flip = (uniform(0, 1) < 0.5) * 2.0 - 1
    sin, cos = angle.sin(), angle.cos()
    rows = [a * cos * flip, -b * sin, x0, a * sin * flip, b * cos, y0]
    theta = torch.stack(rows, dim=1).view(count, 2, 3)
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    x = squares[place].to(torch.float32) / 255
    x = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    x = _recoloured(x, uniform)
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    x = x + noise * (uniform(-0.1, 0.06, 1, 1, 1).clamp(min=0))
    return _mixed(x.clamp(0, 1), uniform, generator)


def _recoloured(x: torch.Tensor, uniform: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Other light: gains of the channels, brightness, contrast, saturation."""
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * uniform(-0.1, 1.7, 1, 1, 1).clamp(min=0)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    x = middle + (x - middle) * uniform(0.6, 1.4, 1, 1, 1)
    return x * uniform(0.6, 1.4, 1, 1, 1) * uniform(0.9, 1.1, 3, 1, 1)


def _mixed(
    x: torch.Tensor, uniform: Callable[..., torch.Tensor], generator: torch.Generator
) -> torch.Tensor:
    """A quarter blended with another view, a quarter with a box of another view."""
    count, side = len(x), x.shape[-1]
    other = x[torch.randperm(count, generator=generator, device=x.device)]
    kind, share = uniform(0, 1, 1, 1, 1), uniform(0, 1, 1, 1, 1)
    at = torch.arange(side, device=x.device)
    half = (1 - share).sqrt() * side / 2
    cx, cy = uniform(0, side, 1, 1, 1), uniform(0, side, 1, 1, 1)
    inside = ((at.view(1, 1, 1, -1) - cx).abs() < half) & (
        (at.view(1, 1, -1, 1) - cy).abs() < half
    )
    blended = share * x + (1 - share) * other
    boxed = torch.where(inside, other, x)
    return torch.where(kind < 0.25, blended, torch.where(kind < 0.5, boxed, x))


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
