# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What students call says in its docstring what it takes and which errors it raises.

A docstring that says "as for `mse`" has the words of that function too, a method those
of its class, and `encode` and `decode` of a codec those of the protocol.
"""

import ast
import importlib
import inspect
import re
import textwrap

import pytest

NAMES = "classroom codecs datasets evaluation figures images metrics resample schemes"
NAMES += " training weights widgets"
MODULES = ["srlab", *(f"srlab.{name}" for name in NAMES.split())]
OBVIOUS = {"self", "cls"}
SHAPED = {"x", "y", "image"}  # where a shape such as (B, C, H, W) is given
SHAPE = re.compile(r"\((?:B|1|N|\.\.\.)[^()]*, H\w*, W\w*\)|\.\.\., H, W")


def functions_of(name, thing):
    """(name, function, words of its class) of a public name and its methods."""
    if inspect.isclass(thing):
        yield name, thing, ""
        for key, value in vars(thing).items():
            value = getattr(value, "__func__", getattr(value, "fget", value))
            field = getattr(value, "__name__", "") == "<lambda>"
            if inspect.isfunction(value) and not (field or key.startswith("_")):
                yield f"{name}.{key}", value, words(thing, key) + doc(thing)
    elif callable(thing):
        yield name, inspect.unwrap(thing), ""


def words(thing, method):
    """What the classes above, and the protocol of codecs, say of a method."""
    codec = importlib.import_module("srlab.codecs").Codec
    above = [*thing.__mro__[1:], codec]
    return "\n".join(doc(vars(c)[method]) for c in above if method in vars(c))


def doc(thing):
    text = getattr(thing, "__doc__", None) or ""
    generated = text.startswith(f"{getattr(thing, '__name__', '')}(")  # a dataclass's
    return "" if generated else text


def public(module):
    for name in module.__all__:
        thing = getattr(module, name)
        if getattr(thing, "__module__", "").startswith("srlab"):
            yield from functions_of(f"{module.__name__}.{name}", thing)


def borrowed(text, function):
    """The docstrings that a docstring points to: "Arguments as for `mse`"."""
    module = inspect.getmodule(function)
    package = importlib.import_module(".".join(module.__name__.split(".")[:2]))
    found = ""
    for name in re.findall(r"\b[Aa]s(?:\s+for)?\s+`([\w.]+)`", text):
        places = [vars(place).get(name.split(".")[-1]) for place in (module, package)]
        for thing in filter(None, places):
            found += doc(thing) + borrowed(doc(thing), thing)
    return found


def raised(function):
    """Names of the errors that the function raises itself and does not catch."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    inner = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
    todo, found = [tree.body[0]], set()
    while todo:
        node = todo.pop()
        tried = node.body if isinstance(node, ast.Try) and node.handlers else []
        for child in ast.iter_child_nodes(node):
            if child not in tried and not isinstance(child, inner):
                todo.append(child)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(ast.unparse(node.exc.func).split(".")[-1])
    return found


def lacks(name, thing, around):
    """What the docstring does not say, a line each."""
    text = doc(thing)
    if not (text or around).strip():
        yield f"{name}: no docstring"
        return
    if inspect.isclass(thing):
        return
    text = f"{text}\n{around}"
    text += borrowed(text, thing)
    given = SHAPED if SHAPE.search(text) else set()
    for parameter in inspect.signature(thing).parameters:
        said = re.search(rf"\b{re.escape(parameter)}\b", text)
        if not said and parameter not in OBVIOUS | given:
            yield f"{name}: {parameter} is not named"
    for error in raised(thing):
        if not re.search(rf"\b{error}\b", text):
            yield f"{name}: {error} is not named"


@pytest.mark.parametrize("module", MODULES)
def test_what_students_call_says_all_about_itself(module):
    found = [
        line
        for name, thing, around in public(importlib.import_module(module))
        for line in lacks(name, thing, around)
    ]
    assert not found, "\n".join(found)
