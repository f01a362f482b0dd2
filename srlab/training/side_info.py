# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How descriptors are learned: extractor, context, mapper and restorer in one go.

The decoded pictures are real files', made before the training. Left alone, the
extractor says the same everywhere: at first the restorer does not listen, so no symbol
is better than another, and soon all places take the one that is best on average. So
there are three parts of a run.

    taught   descriptors have set meanings, `Patterns`: the 16 patterns that say most of
             what is missing after mending without help. The restorer learns to paint
             them, the extractor to find them, the context to foresee them.
    calm     the extractor's own choice, through `soft_to_hard`; bits cost nothing yet
    priced   D + lambda R

The meanings are a start, no constraint: what they become is the loss's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from srlab import images, weights
from srlab.models import SideInfoNet
from srlab.models.side_info import SPACING
from srlab.recipes.side_info import Side
from srlab.training.coded import CODINGS, CodedBank, Coding, coded
from srlab.training.looping import go, plain
from srlab.training.patterns import Patterns
from srlab.training.pictures import pictures
from srlab.training.state import State

__all__ = ["fit_side_info", "validate_side_info"]


def fit_side_info(
    plan: Side,
    folder: str | Path | None = None,
    watch: Callable[[list[dict[str, Any]]], object] | None = None,
    device: torch.device | str | None = None,
) -> tuple[SideInfoNet, State]:
    """Train the networks of side information, or the twin; they end in eval mode.

    Args:
        folder: of the checkpoint; a run that was killed goes on from it.
        watch: called with the history after each validation.

    Returns:
        The net, and its state: `history` holds a dict each validation: step, loss,
        seconds, psnr (dB), decoded (dB, of the decoded pictures), bits (of a
        descriptor, estimated), used (how many of the 16 are chosen at all), score.

    Raises:
        Diverged: the loss is NaN or infinite. FileNotFoundError: a set is missing.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        net = SideInfoNet(**plan.net)
    if plan.start:
        _begin_from(net, plan.start)
    net.train().to(device, memory_format=torch.channels_last)
    coding = _coding(plan)
    found = [p.expand(3, -1, -1) for p in pictures(plan.data, plan.limit)]
    data = CodedBank(found, coding, 1, plan.each, device, plan.seed)
    checks = list(_checks(pictures(plan.validation, plan.limit), coding))
    known = None
    if net.descriptors and plan.taught:
        known = Patterns.found(plan, net, data)
        known.begin(net)
    state = State(
        net, torch.optim.Adam(net.parameters(), plan.rate), plain(asdict(plan))
    )

    def step(number: int, _rate: float, share: float) -> torch.Tensor:
        x, y = data.batch(number, plan.batch, plan.patch, grid=SPACING)
        if known is not None and share < plan.taught:
            loss = _taught(net, known.labels(y, x), y, x)
        else:
            price = _prices(plan, x[:, 3, 0, 0]) * (share >= plan.calm)
            made, bits = net(y, x[:, :3], x[:, 3:], _sigma(plan, share))
            bits = bits / math.prod(-(-n // SPACING) for n in y.shape[-2:])
            loss = 255**2 * (made - y).square().mean() + (price * bits).mean()
        state.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), plan.clip * 100)
        state.optimizer.step()
        return loss

    go(
        plan, state, step, lambda net: validate_side_info(net, checks, plan),
        folder, watch,
    )  # fmt: skip
    return net, state


def _begin_from(net: SideInfoNet, name: str) -> None:
    """Every tensor of a net that was trained without descriptors."""
    path = name if name.endswith(".safetensors") else weights.find_weights(name)
    if path is None:
        raise FileNotFoundError(
            f"no weights are called {name!r}; `python -m srlab train {name}` trains "
            "them, and --start names a file"
        )
    tensors, _ = weights.read_weights(path)
    mine = net.state_dict()
    if any(k not in mine or mine[k].shape != v.shape for k, v in tensors.items()):
        raise ValueError(f"{name} is a net of another size")
    net.load_state_dict(tensors, strict=False)


def _taught(
    net: SideInfoNet, labels: torch.Tensor, y: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    """The loss while descriptors have set meanings; each part of the net has one."""
    decoded, level = x[:, :3], x[:, 3:]
    x_hat = F.one_hot(labels, net.classes).permute(0, 3, 1, 2).to(decoded.dtype)
    made = net.mend(decoded, level, x_hat)
    found = net.extractor(y - 0.5, decoded - 0.5)
    foreseen = net.context(x_hat)
    return (
        255**2 * (made - y).square().mean()
        + F.nll_loss(found, labels) + F.nll_loss(foreseen, labels)
    )  # fmt: skip


def _prices(plan: Side, level: torch.Tensor) -> torch.Tensor:
    """lambda of pictures with these levels, (B,)."""
    coding = _coding(plan)
    worth = plan.worth or (1.0,) * len(coding.qualities)
    known = zip(map(coding.level, coding.qualities), worth, strict=True)
    levels, worths = (level.new_tensor(v) for v in zip(*known, strict=True))
    at = (level[:, None] - levels).abs().argmin(1)
    return plan.price * worths[at]


def _coding(plan: Side) -> Coding:
    coding = CODINGS[plan.codec]
    qualities = plan.qualities or coding.qualities
    return replace(coding, qualities=tuple(qualities))


def _sigma(plan: Side, share: float) -> float:
    """Annealed: geometrically from the first to the last."""
    first, last = plan.sigma
    return first * (last / first) ** share


def _checks(found: Any, coding: Coding) -> Any:
    """Each picture at all qualities: uint8 (4, H, W) and (3, H, W)."""
    for picture in found:
        y = images.crop_to_multiple(picture[None].expand(-1, 3, -1, -1).cpu(), 2)[0]
        for quality in coding.qualities:
            yield coded(y, 1, coding, quality), y


@torch.no_grad()
def validate_side_info(
    net: SideInfoNet, pairs: list[tuple[torch.Tensor, torch.Tensor]], plan: Side
) -> dict[str, float]:
    """Means over pairs as `srlab.training.coded.coded` makes them."""
    device = next(net.parameters()).device
    rows, used = [], set()
    for x, y in pairs:
        x, y = (images.from_uint8(t[None]).to(device) for t in (x, y))
        made, bits = net(y, x[:, :3], x[:, 3:])
        errors = [
            (images.round8(t.clamp(0, 1)) - y).square().mean().item()
            for t in (made, x[:, :3])
        ]
        places = math.prod(-(-n // 16) for n in y.shape[-2:])
        decibels = [-10 * math.log10(max(e, 1e-10)) for e in errors]
        per = bits.item() / places
        price = _prices(plan, x[:, 3, 0, 0]).item()
        rows.append((*decibels, per, 255**2 * errors[0] + price * per))
        if net.descriptors:
            used |= set(net.describe(y, x[:, :3]).argmax(1).unique().tolist())
    psnr, decoded, bits, score = (sum(v) / len(rows) for v in zip(*rows, strict=True))
    return {
        "psnr": psnr, "decoded": decoded, "bits": bits, "used": len(used),
        "score": score,
    }  # fmt: skip
