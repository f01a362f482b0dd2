# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How long files and functions of srlab are, beside what CONTRIBUTING.md allows."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES, FUNCTION = 250, 40
FILES = sorted((ROOT / "srlab").rglob("*.py"))


def listed():
    """Place -> reason, of the table "Longer, and why" in CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("### Longer, and why\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w/.: ]+)` \| (.+) \|$", table, re.M)
    assert len(dict(rows)) == len(rows) > 0, "a row stands twice, or none was found"
    return dict(rows)


def long_files():
    for file in FILES:
        if len(file.read_text(encoding="utf-8").splitlines()) > LINES:
            yield file.relative_to(ROOT).as_posix()


def length(function):
    """Lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def long_functions():
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
            if isinstance(node, kinds) and length(node) > FUNCTION:
                yield f"{file.relative_to(ROOT).as_posix()}: {node.name}"


def test_only_what_is_listed_is_longer_and_all_that_is_listed_is():
    found, known = {*long_files(), *long_functions()}, set(listed())
    assert found - known == set(), "split them, or list them with their reason"
    assert known - found == set(), "no longer there, or no longer long"


def test_each_reason_is_half_a_line():
    for place, reason in listed().items():
        assert 10 <= len(reason) <= 75, place
