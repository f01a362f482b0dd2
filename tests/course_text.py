# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a piece of markdown quotes and links to, and the numbers of a code cell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

NUMBER = r"(?<![\w.])[-−]?\d+\.\d+(?![\w.]*\d)"
NAMED = r"\b(?:Exercises?|[Ss]ections?|[Ee]quations?|[Ee]q\.|[Tt]ables?|[Ff]igures?"
NAMED += r"|[Qq]uestions?|[Ff]ig\.|[Vv]ersions?|Python|arXiv:?|torch)"


def link_targets(text: str) -> Iterator[str]:
    """Targets of the links and pictures of markdown, code and formulas left out."""
    text = without_code(text)
    yield from re.findall(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", text)
    yield from re.findall(r"(?:href|src)=[\"']([^\"']+)[\"']", text)
    yield from re.findall(r"<(https?:[^>\s]+)>", text)
    yield from re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, flags=re.M)


def without_code(text: str) -> str:
    """Markdown without code, formulas and comments."""
    for pattern in (r"```.*?```", r"<!--.*?-->", r"\$\$.*?\$\$"):
        text = re.sub(pattern, " ", text, flags=re.S)
    return re.sub(r"`[^`\n]*`|(?<!\\)\$[^$]+(?<!\\)\$", " ", text)


def prose_numbers(text: str) -> list[str]:
    """The decimal numbers that a piece of markdown quotes."""
    text = re.sub(r"^#.*$", " ", without_code(text), flags=re.M)
    text = re.sub(r"\]\([^)]*\)|<[^>]+>|https?://\S+|\b10\.\d{4,}/\S+", " ", text)
    text = re.sub(
        rf"{NAMED}\s*\(?\d+\.\d+(?:(?:,| and| to| or)\s*\d+\.\d+)*", " ", text
    )
    return re.findall(NUMBER, text)


def code_numbers(code: str) -> Iterator[float]:
    """Numbers of a code cell, those in alternative texts left out."""
    tree = ast.parse(code)
    alts = {
        id(node)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for word in call.keywords
        if word.arg == "alt"
        for node in ast.walk(word.value)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in alts:
            if isinstance(node.value, str):
                yield from text_numbers(node.value)
            elif isinstance(node.value, (int, float)):
                yield float(node.value)


def text_numbers(text: str) -> list[float]:
    """Every number in a text."""
    found = re.findall(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", text)
    cleaned = [number.replace("−", "-").replace(",", "") for number in found]
    return [float(number) for number in cleaned]


def output_text(cell: Any) -> str:
    """What a code cell prints and shows in words, descriptions of figures left out."""
    texts = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            texts.append(output.text)
        else:
            plain = str(output.get("data", {}).get("text/plain", ""))
            if not plain.startswith(("Figure: ", "Widget: ")):
                texts.append(plain)
    return "\n".join(texts)


def known_number(quoted: str, known: list[float]) -> bool:
    """True if a quoted decimal is one of the numbers, rounded to its digits.

    A number may be quoted in per cent, in thousands or in millions.
    """
    digits = len(quoted.split(".")[1])
    value = abs(float(quoted.replace("−", "-")))
    half = 0.5 * 10.0**-digits * 1.0001
    return any(
        abs(abs(number) * scale - value) <= half
        for number in known
        for scale in (1, 100, 1e-3, 1e-6)
    )
