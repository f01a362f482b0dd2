# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The doctor: a report on this machine, and what it says about sick ones."""

from __future__ import annotations

import json
import shutil
from importlib import metadata

import psutil
import pytest

from srlab import doctor
from srlab.__main__ import main

GIB = 2**30


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("SRLAB_CACHE", str(tmp_path / "cache"))
    for name in ("SRLAB_DATA", "SRLAB_HOME", "SRLAB_COURSE"):
        monkeypatch.delenv(name, raising=False)


def texts(part) -> str:
    return "\n".join(f"{f.state} {f.text} {f.todo}" for f in part())


def test_this_machine_is_ready(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("Python 3.", "torch 2.", "CPU core", "memory:", "disk:", "astronaut"):
        assert word in out
    assert out.rstrip().endswith("Ready: the course runs here.")


def test_json(capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ready"] is True
    assert {"topic", "state", "text", "todo"} == set(report["findings"][0])


def test_a_missing_and_an_old_library(monkeypatch):
    def version(name):
        if name == "piq":
            raise metadata.PackageNotFoundError(name)
        return "0.1" if name == "scipy" else "99.0"

    monkeypatch.setattr(doctor.metadata, "version", version)
    found = texts(doctor._versions)
    assert "bad piq is missing (needed: >=0.8) pip install" in found
    assert "bad scipy 0.1 (needed: >=1.13)" in found
    assert "ok srlab" in found


def test_srlab_not_installed_and_an_old_python(monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.8.1")
    assert "bad Python 3.8.1" in texts(doctor._versions)

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "metadata", missing)
    assert "bad srlab is not installed" in texts(doctor._versions)


def test_torch_and_torchvision_of_two_builds(monkeypatch):
    def broken(name):
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist\nmore")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    found = texts(doctor._imports)
    assert "bad torchvision does not import: operator torchvision::nms" in found
    assert "from one place" in found


def test_a_container_limit_counts(monkeypatch):
    memory = psutil.virtual_memory()._replace(total=64 * GIB, available=32 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    limits = {"memory.max": str(2 * GIB), "memory.current": str(GIB)}
    monkeypatch.setattr(doctor, "_cgroup", lambda file: limits.get(file, ""))
    assert doctor.memory_gib() == (2.0, 1.0)
    assert "note memory: 2.0 GiB, 1.0 GiB" in texts(doctor._memory)
    limits["memory.max"] = str(GIB)
    assert "bad memory" in texts(doctor._memory)
    limits["memory.max"] = "max"
    assert doctor.memory_gib() == (64.0, 32.0)
    limits |= {"cpu.max": "50000 100000"}
    assert doctor._cores() == 1


def test_a_full_disk(monkeypatch):
    usage = shutil.disk_usage("/")
    full = type(usage)(usage.total, usage.used, 10)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: full)
    assert "SRLAB_CACHE" in texts(doctor._disk)


def test_a_course_that_is_not_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SRLAB_COURSE", str(tmp_path))
    monkeypatch.setenv("SRLAB_HOME", str(tmp_path))
    findings = [*doctor._safely(doctor._course), *doctor._safely(doctor._sets)]
    assert [f.state for f in findings] == ["bad", "bad"]
    assert not doctor.healthy(findings)
    assert "Not ready: 2 to mend" in doctor.render(findings)
    assert "make lab" in doctor.render(findings)


def test_data_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("SRLAB_DATA", str(tmp_path / "none"))
    assert "SRLAB_DATA names no folder" in texts(doctor._sets)
    (tmp_path / "sets" / "Set5").mkdir(parents=True)
    monkeypatch.setenv("SRLAB_DATA", str(tmp_path / "sets"))
    (tmp_path / "sets" / "Set5" / "baby.png").write_bytes(b"no picture")
    found = texts(doctor._sets)
    assert "note Set5 in" in found
    assert "1 image instead of 5" in found


def test_broken_weights_are_named(tmp_path):
    folder = tmp_path / "cache" / "weights"
    folder.mkdir(parents=True)
    (folder / "toy.safetensors").write_bytes(b"")
    assert "note toy.toml is missing" in texts(doctor._weights)


def test_the_doctor_survives_its_own_faults():
    def part():
        raise RuntimeError("boom")
        yield

    (finding,) = doctor._safely(part)
    assert (finding.state, finding.text) == ("bad", "RuntimeError: boom")
