# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Where things are: the course folder, data/, the local sets, the cache; safe writing.

The course is installed "editable" (``make lab`` does it), so ``data/`` and
``course/`` stand beside the package. Four environment variables override that:

=================  ========================================================
``SRLAB_HOME``     the repository: the folder that holds data/ and course/
``SRLAB_COURSE``   the course/ folder
``SRLAB_DATA``     folders of images to look in first (as PATH: os.pathsep)
``SRLAB_CACHE``    where fetched things go (else the system's cache folder)
=================  ========================================================
"""

from __future__ import annotations

import os
from pathlib import Path

_HELP = (
    "Install the course from its repository (`make lab`, or `pip install -e .`), "
    "or set SRLAB_HOME to the repository's folder."
)


def root() -> Path:
    """The repository's folder: SRLAB_HOME, else the folder above the package.

    Raises FileNotFoundError when there is no ``data/datasets.toml`` in it, as in
    an install that is not editable.
    """
    told = os.environ.get("SRLAB_HOME")
    here = Path(told).expanduser() if told else Path(__file__).parent.parent
    here = here.resolve()
    if (here / "data" / "datasets.toml").is_file():
        return here
    why = "as SRLAB_HOME says" if told else "beside the package"
    raise FileNotFoundError(f"no data/datasets.toml in {here} ({why}). {_HELP}")


def data_dir() -> Path:
    """``data/`` of the repository; FileNotFoundError as in `root`."""
    return root() / "data"


def course_dir() -> Path:
    """The folder that holds ``exercises/``: SRLAB_COURSE, else upward from the
    working directory (``course/``), else beside the package.

    Raises FileNotFoundError with what to do when none is found.
    """
    told = os.environ.get("SRLAB_COURSE")
    if told:
        course = Path(told).expanduser().resolve()
        if (course / "exercises").is_dir():
            return course
        raise FileNotFoundError(
            f"SRLAB_COURSE is {course}, and there is no exercises/ folder in it. "
            "Set it to the repository's course/ folder, or unset it."
        )
    cwd = Path.cwd()
    beside = Path(__file__).resolve().parent.parent
    home = os.environ.get("SRLAB_HOME")
    homes = [Path(home).expanduser().resolve()] if home else []
    for parent in (cwd, *cwd.parents, *homes, beside):
        if (parent / "course" / "exercises").is_dir():
            return parent / "course"
    raise FileNotFoundError(
        f"no course/exercises above {cwd} nor beside the package. {_HELP}"
    )


def local_dirs() -> list[Path]:
    """The folders that SRLAB_DATA names and that exist, in its order."""
    told = os.environ.get("SRLAB_DATA", "").split(os.pathsep)
    folders = [Path(part).expanduser().resolve() for part in told if part.strip()]
    return [folder for folder in folders if folder.is_dir()]


def write_whole(file: Path, data: bytes) -> None:
    """Write a file whole or not at all; an older one stays until then."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def cache_dir() -> Path:
    """Where fetched sets and weights are kept (it need not exist yet)."""
    told = os.environ.get("SRLAB_CACHE")
    if told:
        return Path(told).expanduser().resolve()
    import pooch

    return Path(pooch.os_cache("srlab"))
