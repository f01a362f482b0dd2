"""pyproject.toml, constraints.txt, environment.yml and binder/ say the same."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()


def split(requirement: str) -> tuple[str, str]:
    """'Torch>=2.11' -> ('torch', '>=2.11')"""
    name, rest = re.match(r"([A-Za-z0-9_.\-]+)(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), rest.strip()


def environment(path: str) -> tuple[dict[str, str], list[str]]:
    """(conda's packages, pip's lines)"""
    lines = yaml.safe_load((ROOT / path).read_text())["dependencies"]
    conda = dict(split(line) for line in lines if isinstance(line, str))
    pip = [line for entry in lines if isinstance(entry, dict) for line in entry["pip"]]
    return conda, pip


def core() -> dict[str, str]:
    extras = PROJECT["optional-dependencies"]["course"]
    return dict(split(line) for line in [*PROJECT["dependencies"], *extras])


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(split(line) for line in lines if line and not line.startswith("#"))


def test_binder_has_what_pyproject_asks_for_and_nothing_else():
    conda, pip = environment("binder/environment.yml")
    conda = {{"pytorch-cpu": "torch"}.get(name, name): v for name, v in conda.items()}
    has = dict(split(line) for line in pip if not line.startswith("-"))
    has |= {name: v for name, v in conda.items() if name not in ("python", "pip")}
    assert set(has) == set(core())
    for name, version in core().items():
        assert has[name].startswith(version), name


def test_both_environments_take_one_python_that_pyproject_allows():
    versions = {
        environment(path)[0]["python"]
        for path in ("environment.yml", "binder/environment.yml")
    }
    assert versions == {"=3.11"} and PROJECT["requires-python"] == ">=3.11,<3.13"


def test_conda_takes_the_versions_of_the_constraints():
    assert environment("environment.yml")[1] == ["-c constraints.txt", "-e .[dev]"]


def test_the_constraints_pin_all_that_is_asked_for_and_agree():
    from packaging.specifiers import SpecifierSet

    pins = pinned()
    extras = PROJECT["optional-dependencies"]["dev"]
    wanted = core() | dict(split(line) for line in extras if "[" not in line)
    for name, version in wanted.items():
        assert name in pins, f"{name} is not in constraints.txt"
        assert pins[name].removeprefix("==") in SpecifierSet(version), name
    assert all(re.fullmatch(r"==[\w.+!-]+", v) for v in pins.values())


def test_what_is_installed_is_what_is_pinned():
    from importlib.metadata import version

    if not os.environ.get("CI"):
        pytest.skip("versions are compared in CI only")
    pins = pinned()
    for name in core():
        assert version(name).split("+")[0] == pins[name].removeprefix("=="), name


@pytest.mark.parametrize("name", sorted(core()))
def test_the_readme_gives_each_dependency_a_reason(name):
    assert re.search(rf"`{name}`", README), f"{name} is missing in the README's list"


def test_post_build_can_run():
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)
    assert os.access(ROOT / "binder" / "start", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_no_file_names_a_registry_or_a_machine():
    hosts = ["python" + "hosted", "pypi" + ".org", "registry" + ".npmjs", "/ro" + "ot/"]
    listed = os.popen(f"git -C '{ROOT}' ls-files").read().split("\n")
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".safetensors", ".ipynb", ".png"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not [host for host in hosts if host in text], name
