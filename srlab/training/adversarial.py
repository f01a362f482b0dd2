# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One step of two players: the generator fools, the discriminator tells apart.

C. Ledig et al. (SRGAN, arXiv 1609.04802), X. Wang et al. (ESRGAN, arXiv 1809.00219;
Real-ESRGAN, arXiv 2107.10833): one step of each in turn, the generator first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from srlab import losses, models
from srlab.training.health import HealthWatch

if TYPE_CHECKING:
    from srlab.recipes import Gan, Recipe
    from srlab.training.state import State

__all__ = ["Duel", "perceptual_loss", "rival"]


def game(recipe: Recipe) -> Gan:
    """What the recipe says of its rival; ValueError if it has none."""
    if recipe.gan is None:
        raise ValueError(f"the recipe {recipe.name} has no discriminator")
    return recipe.gan


def rival(recipe: Recipe, scale: int) -> nn.Module:
    """The recipe's discriminator as the run begins, the same for the same seed."""
    gan = game(recipe)
    settings = {"width": gan.width}
    if gan.discriminator != "UNetDiscriminator":  # those end in dense layers
        settings["size"] = recipe.patch * scale
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed + 1)
        return getattr(models, gan.discriminator)(**settings)


def perceptual_loss(gan: Gan) -> losses.Perceptual:
    """The recipe's: whose features, which layers, before or after activation.

    Raises FileNotFoundError or RuntimeError where the features' weights are missing.
    """
    vgg = gan.features == "vgg19"
    features = losses.vgg19_features() if vgg else losses.photo_features()
    weights = {features.layers[-1]: 1.0} if gan.deepest else None
    return losses.Perceptual(features, weights, gan.before_activation, gan.distance)


class Duel:
    """Trains the two players of a `State`, a step at a time.

    Args:
        fabric: moves and scales. recipe: one with `gan`. scale: of the generator.

    Attributes:
        watch: what it said about the discriminator's health.
    """

    def __init__(self, fabric: Any, recipe: Recipe, scale: int):
        self.fabric, self.gan = fabric, game(recipe)
        player = rival(recipe, scale).train()
        if recipe.channels_last:
            player.to(memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(player.parameters(), self.gan.rate)
        self.player, self.optimizer = fabric.setup(player, optimizer)
        self.ratio = self.gan.rate / recipe.rate  # of the two learning rates
        kind = losses.RelativisticAverage if self.gan.relative else losses.Vanilla
        self.adversarial = kind()
        self.perceptual = None
        if self.gan.perceptual:
            self.perceptual = perceptual_loss(self.gan).to(fabric.device)
        self.watch = HealthWatch()

    def step(
        self, model: nn.Module, state: State, batch: tuple, rate: float
    ) -> dict[str, torch.Tensor]:
        """One step of each player.

        Args:
            model: the generator. batch: small pictures, targets and, where targets are
                sharpened, the real pictures that the discriminator sees.

        Returns:
            name -> scalar: the generator's loss and its parts, the discriminator's
            loss, and its mean probabilities d_real, d_fake.
        """
        x, y, *plain = batch
        real = plain[0] if plain else y
        fake, parts = self._generator(model, state, x, y, real)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * self.ratio
        return parts | self._discriminator(fake.detach(), real)

    def _generator(
        self,
        model: nn.Module,
        state: State,
        x: torch.Tensor,
        y: torch.Tensor,
        real: torch.Tensor,
    ) -> Any:
        gan, fabric = self.gan, self.fabric
        self.player.requires_grad_(False)  # its gradients are not needed here
        fake = model(x)
        found = {"pixel": losses.l1(fake, y)}
        with fabric.autocast():
            if self.perceptual is not None:
                found["perceptual"] = self.perceptual(fake, y)
            logits: Any = self.player(real) if self.adversarial.relative else None
            found["adversarial"] = self.adversarial.generator(logits, self.player(fake))
        total = sum(getattr(gan, name) * value for name, value in found.items())
        state.optimizer.zero_grad()
        fabric.backward(total)
        state.optimizer.step()
        return fake, {"loss": total.detach()} | {
            k: v.detach() for k, v in found.items()
        }

    def _discriminator(
        self, fake: torch.Tensor, real: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        self.player.requires_grad_(True)
        on_real, on_fake = self.player(real), self.player(fake)
        loss = self.adversarial.discriminator(on_real, on_fake)
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.optimizer.step()
        on_real, on_fake = on_real.detach(), on_fake.detach()
        if self.adversarial.relative:  # each against the mean of the others
            on_real, on_fake = on_real - on_fake.mean(), on_fake - on_real.mean()
        return {
            "d_loss": loss.detach(),
            "d_real": on_real.sigmoid().mean(),
            "d_fake": on_fake.sigmoid().mean(),
        }
