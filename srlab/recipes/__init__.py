# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How each network is trained: one frozen dataclass a run, in four presets.

- ``rehearse``: two steps on tiny data. It shows that the code runs, nothing else.
- ``fast``: under a minute on two CPU cores, on the shipped photographs, live in a
  notebook; most nets are reduced.
- ``short``: tens of minutes on a CPU, on BSDS500 and T91; nets that are too large for a
  CPU are reduced. What `srlab.load` gives until a full run replaces it.
- ``full``: the paper's network and a schedule for a GPU.
"""

from srlab.recipes.book import get, names
from srlab.recipes.recipe import PRESETS, Gan, Recipe

__all__ = ["PRESETS", "Gan", "Recipe", "get", "names"]
