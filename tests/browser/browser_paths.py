# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Where the browser tests find the course and the tools that build its decks."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COURSE = sorted((ROOT / "course").glob("[0-9][0-9]_*.ipynb"))

if str(ROOT / "tools") not in sys.path:
    sys.path.insert(0, str(ROOT / "tools"))
