# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How the MSROI head is trained: on features that stay, by the classifier's answers.

Random views pass through the photo classifier once; its features are kept in half
precision and its probabilities are what the head is to say (Hinton et al., arXiv
1503.02531). So the head sees what the classifier sees, and learns to say it through a
depthwise convolution.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from srlab.saliency.classifiers import PhotoNet, photo_classifier
from srlab.saliency.distilling import recipe
from srlab.saliency.msroi import MsroiNet
from srlab.saliency.views import gather, views
from srlab.training.cards import device_name
from srlab.weights import Card, write_weights

__all__ = ["agreement", "collect", "fit", "run"]

SIDE, BATCH = 128, 32
VIEWS = 6000  # 200 MB of features


@torch.inference_mode()
def collect(
    net: PhotoNet, squares: torch.Tensor, count: int, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (count, K, h, w) in float16 and probabilities (count, classes) of views.

    Args:
        squares: uint8 (N, 3, S, S), as `srlab.saliency.distilling.gather` gives them.
    """
    generator = torch.Generator().manual_seed(seed)
    features, answers = [], []
    for begin in tqdm(range(0, count, BATCH), "views", leave=False, mininterval=2):
        x = views(squares, min(BATCH, count - begin), SIDE, generator)
        seen = net.features(x)
        features.append(seen.half())
        answers.append(net.head(seen.mean(dim=(2, 3))).softmax(dim=1))
    return torch.cat(features), torch.cat(answers)


def fit(
    net: MsroiNet,
    features: torch.Tensor,
    answers: torch.Tensor,
    minutes: float = 3.0,
    steps: int = 100_000,
    rate: float = 2e-3,
    seed: int = 0,
) -> dict[str, float]:
    """Train the head until the minutes or the steps are over; AdamW, one cosine."""
    parts = [*net.places.parameters(), *net.head.parameters()]
    optimizer = torch.optim.AdamW(parts, rate, weight_decay=0.01)
    draw = torch.Generator().manual_seed(seed)
    begun, step, share = time.process_time(), 0, 0.0
    bar = tqdm(desc="MSROI", total=steps, leave=False, mininterval=2)
    while share < 1:
        for group in optimizer.param_groups:
            rise = min(1.0, (step + 1) / 50)
            group["lr"] = rise * rate * (1 + math.cos(math.pi * share)) / 2
        pick = torch.randint(len(features), (BATCH,), generator=draw)
        said = net.answer(features[pick].float()).log_softmax(dim=1)
        loss = F.kl_div(said, answers[pick], reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        bar.update()
        passed = (time.process_time() - begun) / 60
        share = max(step / steps, passed / minutes)
    bar.close()
    return {"steps": step, "minutes": passed, "loss": loss.item()}


@torch.inference_mode()
def agreement(net: MsroiNet, features: torch.Tensor, answers: torch.Tensor) -> float:
    """Share of the views of which head and classifier say the same."""
    said = torch.cat([net.answer(f.float()).argmax(1) for f in features.split(BATCH)])
    return (said == answers.argmax(dim=1)).double().mean().item()


def run(out: str | Path = "data/weights", minutes: float = 3.0, limit: int = 0) -> Path:
    """Train, measure and write the weights and their card.

    Args:
        minutes: of the head; its views take about as long before.
        limit: views to be made, for a rehearsal, of the shipped photographs alone.
    """
    begun, trunk = time.process_time(), photo_classifier()
    sets = ("photos",) if limit else recipe().data
    squares = gather(sets, limit and 2)
    made, held = (
        collect(trunk, squares, limit or count, seed)
        for count, seed in ((VIEWS, 0), (600, 1))
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = MsroiNet(trunk)
    report = fit(net, *made, minutes=minutes)
    tensors = {k: v for k, v in net.state_dict().items() if not k.startswith("trunk.")}
    card = Card(
        recipe=f"python -m srlab train msroi --short --minutes {minutes:g}",
        data=f"{', '.join(sets)}: {len(made[0]):,} random views, {report['steps']:,} "
        f"steps of {BATCH}; answers of photo_classifier",
        device=device_name(),
        minutes=round((time.process_time() - begun) / 60, 1),
        licence="MIT",
        metrics={
            "loss": round(report["loss"], 4),
            "agreement_other_views": round(agreement(net, *held), 4),
        },
        model="MsroiNet",
        settings={"narrow": 8, "many": 16},
        note="a head on photo_classifier's features, which it needs",
    )
    file = Path(out) / "msroi.safetensors"
    write_weights(file, tensors, card, dtype="float16")
    return file
