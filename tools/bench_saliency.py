# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Maps measured: which method finds the object, Score-CAM's cost, a second network.

    python tools/bench_saliency.py                   # all three, 25 minutes on a core
    python tools/bench_saliency.py methods|score|mobilenet

methods    data/results/cam_methods.csv: Imagenette's validation photographs that have
           boxes (data/imagenette_boxes.toml), the map of the true label. The threshold
           is chosen on every second photograph; iou and area are of the others, and
           so are iou_minus_blob, the mean difference to the blob in the middle on the
           same photograph, and its standard error. "everything" marks the whole
           picture: its pointing (the first pixel's) and threshold say nothing.
score      data/results/scorecam.csv: Score-CAM with 64 channels against all, on each
           shipped photograph; and both against pytorch-grad-cam on a ResNet-18 with
           random weights.
mobilenet  data/results/cam_mobilenet.csv: raw maps of MobileNet v1 on the shipped
           photographs (`--teacher` names the file of its weights).
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import nn
from tqdm import tqdm

import srlab
from srlab import datasets, images, paths, saliency
from srlab.saliency import measures, objects
from srlab.saliency.classifiers import PhotoNet, groups, prepared
from srlab.saliency.msroi import msroi_net

BLOB = "centre blob"
TEACHER = "mobilenet_v1_0.75_224_imagenet.pth"


class Second(nn.Module):
    """MobileNet v1 with a layer for maps and, summed up, the course's labels."""

    cam_layer = "net.layers"

    def __init__(self, file: str):
        super().__init__()
        from srlab.saliency.teachers import teacher

        self.net = teacher(file)
        self.labels = saliency.labels()
        table = torch.full((len(self.labels), 1000), -torch.inf)
        for row, members in enumerate(groups().values()):
            table[row, list(members)] = 0
        self.register_buffer("table", table)

    def prepare(self, image: torch.Tensor) -> torch.Tensor:
        return prepared(image, 224)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Log-probability of each label: log of the sum of its classes'."""
        y = self.net(x).log_softmax(dim=1)
        return (y[:, None] + self.table).logsumexp(dim=2)


class Blob:
    """A Gaussian in the middle: it does not look at the picture."""

    def __call__(self, image, target=None):
        height, width = image.shape[-2:]
        y = torch.linspace(-1, 1, height)[:, None] / 0.5
        x = torch.linspace(-1, 1, width)[None] / 0.5
        return torch.exp(-(x**2 + y**2) / 2).expand(len(image), 1, -1, -1)


def everything(image, target=None):
    """The whole picture: what an IoU is worth where objects are large."""
    return torch.ones(len(image), 1, *image.shape[-2:])


def random_net() -> PhotoNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return PhotoNet().eval().requires_grad_(False)


def kinds(file: str | None) -> dict:
    net = saliency.photo_classifier()
    found = {
        ("CAM", "photo_classifier"): saliency.CAM(net),
        ("Grad-CAM", "photo_classifier"): saliency.GradCAM(net),
        ("Grad-CAM++", "photo_classifier"): saliency.GradCAMPlusPlus(net),
        ("Eigen-CAM", "photo_classifier"): saliency.EigenCAM(net),
        ("Score-CAM, 64 channels", "photo_classifier"): saliency.ScoreCAM(net, top=64),
        ("MSROI, the class", "photo_classifier"): saliency.MSROI(msroi_net()),
        ("MSROI, five classes", "photo_classifier"): _all(saliency.MSROI()),
        ("Grad-CAM, views", "photo_classifier"): saliency.Augmented(
            saliency.GradCAM(net)
        ),
        (BLOB, "none"): Blob(),
        ("everything", "none"): everything,
        ("Grad-CAM, random weights", "photo_classifier"): saliency.GradCAM(
            random_net()
        ),
    }
    if file:
        second = Second(file)
        found |= {
            ("Grad-CAM", "mobilenet"): saliency.GradCAM(second),
            ("Grad-CAM++", "mobilenet"): saliency.GradCAMPlusPlus(second),
            ("Eigen-CAM", "mobilenet"): saliency.EigenCAM(second),
        }
    return found


def _all(kind):
    return lambda image, target=None: kind(image)


def methods(file: str | None) -> None:
    folder = datasets.find("Imagenette_900") / "val"
    boxes = objects.imagenette_boxes()
    labels = saliency.labels()
    order = sorted({key.split("/")[0] for key in boxes})
    pictures, masks, targets = [], [], []
    for key in sorted(boxes):
        pictures.append(images.read(folder / key))
        masks.append(objects.boxes_mask(boxes[key], *pictures[-1].shape[-2:]))
        targets.append(labels[order.index(key.split("/")[0])])
    begun, rows, overlaps = time.perf_counter(), [], {}
    for (name, network), kind in kinds(file).items():
        maps = [kind(x, t) for x, t in zip(tqdm(pictures, name), targets, strict=True)]
        row, overlaps[name, network] = measured(maps, masks)
        rows.append({"method": name, "network": network} | row)
        print(rows[-1], flush=True)
    for row in rows:  # the same photographs under both: a paired difference
        key = row["method"], row["network"]
        gap = overlaps[key] - overlaps[BLOB, "none"]
        row["iou_minus_blob"] = round(gap.mean().item(), 4)
        row["standard_error"] = round((gap.std() / len(gap) ** 0.5).item(), 4)
    save("cam_methods", rows, "methods", begun)


def measured(maps: list, masks: list) -> tuple[dict, torch.Tensor]:
    """The row of a method, and the IoU on each of the photographs that give it."""
    threshold, _ = measures.best_threshold(maps[::2], masks[::2])
    rest = list(zip(maps[1::2], masks[1::2], strict=True))
    pairs = list(zip(maps, masks, strict=True))
    overlaps = torch.tensor([measures.iou(m, b, threshold) for m, b in rest])
    energies = torch.tensor([measures.energy(m, b) for m, b in pairs])
    row = {
        "pointing": round(
            sum(measures.pointing(m, b) for m, b in pairs) / len(pairs), 4
        ),
        "energy": round(energies.nanmean().item(), 4),
        "threshold": threshold,
        "iou": round(overlaps.mean().item(), 4),
        "iou_50": round((overlaps >= 0.5).float().mean().item(), 4),
        "area": round(
            sum((m >= threshold).float().mean().item() for m, _ in rest) / len(rest), 4
        ),
        "photographs": len(pairs),
        "photographs_iou": len(rest),
    }
    return row, overlaps


def score() -> None:
    net, begun, rows = saliency.photo_classifier(), time.perf_counter(), []
    exact, quick = saliency.ScoreCAM(net), saliency.ScoreCAM(net, top=64)
    for name in tqdm(images.photo_names()):
        x, seconds, maps = srlab.photo(name), [], []
        for kind in (exact, quick):
            start = time.perf_counter()
            maps.append(kind.raw(x).flatten())
            seconds.append(round(time.perf_counter() - start, 2))
        r = spearmanr(*maps)[0]
        rows.append(_row(f"photo_classifier on {name}", 256, 64, r, *seconds))
    rows += [_row(*r) for r in against_oracle()]
    save("scorecam", rows, "score", begun)


def _row(what, channels, top, correlation, seconds_exact, seconds_top, theirs=None):
    row = {"what": what, "channels": channels, "top": top}
    row |= {"rank_correlation": round(float(correlation), 4)}
    row |= {"seconds_exact": seconds_exact, "seconds_top": seconds_top}
    return row | {"seconds_pytorch_grad_cam": theirs}


def against_oracle():
    """ResNet-18, random weights, 128 x 128: seconds, the best of two turns each."""
    from pytorch_grad_cam import ScoreCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    from torchvision import models

    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = models.resnet18(weights=None).eval()
    x = srlab.imresize(srlab.photo("chelsea")[..., :300, 75:375], size=(128, 128))
    x = x.clamp(0, 1)
    theirs = ScoreCAM(model=net, target_layers=[net.layer4])
    calls = (
        lambda: saliency.ScoreCAM(net).raw(x, 3),
        lambda: saliency.ScoreCAM(net, top=64).raw(x, 3),
        lambda: theirs(input_tensor=x, targets=[ClassifierOutputTarget(3)]),
    )
    seconds = []
    for call in calls:
        turns = []
        for _ in range(2):
            start = time.perf_counter()
            call()
            turns.append(time.perf_counter() - start)
        seconds.append(round(min(turns), 2))
    r = spearmanr(calls[0]().flatten(), calls[1]().flatten())[0]
    yield "ResNet-18, random weights", 512, 64, r, seconds[0], seconds[1], seconds[2]


def mobilenet(file: str) -> None:
    second, begun, rows = Second(file), time.perf_counter(), []
    methods = {
        "Grad-CAM": saliency.GradCAM(second),
        "Grad-CAM++": saliency.GradCAMPlusPlus(second),
        "Eigen-CAM": saliency.EigenCAM(second),
    }
    for name in tqdm(images.photo_names()):
        for method, kind in methods.items():
            seen = kind.look(srlab.photo(name))
            raw = kind.combine(seen)[0, 0]
            values = " ".join(f"{v:.3g}" for v in raw.flatten().tolist())
            rows.append(
                {
                    "photograph": name,
                    "label": second.labels[seen.target.item()],
                    "probability": round(seen.logits.exp().max().item(), 3),
                    "method": method,
                    "height": raw.shape[0],
                    "width": raw.shape[1],
                    "values": values,
                }
            )
    save("cam_mobilenet", rows, "mobilenet", begun)


def save(name: str, rows: list[dict], part: str, begun: float) -> None:
    head = (
        f"# command: python tools/bench_saliency.py {part}\n"
        f"# device: CPU, {torch.get_num_threads()} thread of {os.cpu_count()} cores, "
        f"{platform.machine()}; torch {torch.__version__}\n"
        f"# minutes: {(time.perf_counter() - begun) / 60:.1f}\n"
    )
    file = paths.data_dir() / "results" / f"{name}.csv"
    file.write_text(head + pd.DataFrame(rows).to_csv(index=False), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["methods", "score", "mobilenet"])
    parser.add_argument("--teacher", default=TEACHER)
    options = parser.parse_args()
    file = options.teacher if Path(options.teacher).is_file() else None
    if "mobilenet" in options.parts and file:
        mobilenet(file)
    if "methods" in options.parts:
        methods(file)
    if "score" in options.parts:
        score()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
