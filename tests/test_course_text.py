# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What counts as a number quoted in prose, and when it is known."""

import pytest
from course_text import code_numbers, known_number, link_targets, prose_numbers


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("The PSNR is 33.66 dB, not −0.5.", ["33.66", "−0.5"]),
        ("About 37.5 % of it (1.25x).", ["37.5", "1.25"]),
        ("`1.5` and $x = 2.5$ and $$3.5$$", []),
        ("```\n1.5\n```", []),
        ("## 1.4 Where\nExercise 1.1, sections 2.3 and 2.4; Eq. (3.1)", []),
        ("[paper 9.5](https://arxiv.org/abs/1501.00092), 10.1109/5.7710", ["9.5"]),
        ("Version 3.11, 1.2.3 and x2.5", []),
    ],
)
def test_quoted_numbers(text, numbers):
    assert prose_numbers(text) == numbers


@pytest.mark.parametrize(
    "quoted, known",
    [("33.66", 33.6649), ("0.5", -0.4987), ("37.5", 0.3746), ("0.10", 0.1)],
)
def test_a_rounded_number_is_known(quoted, known):
    assert known_number(quoted, [0.0, known])


@pytest.mark.parametrize("quoted, known", [("33.66", 33.67), ("0.5", 0.56)])
def test_another_number_is_not_known(quoted, known):
    assert not known_number(quoted, [known])


def test_alternative_texts_prove_nothing():
    assert list(code_numbers("show(x, 2.5, alt='it is 7.5', title='4.5')")) == [
        2.5,
        4.5,
    ]


def test_links_are_found():
    text = '[a](b.ipynb#c) ![d](e.png "t") <https://f.org> <a href="g">h</a> `[i](j)`'
    assert sorted(link_targets(text)) == ["b.ipynb#c", "e.png", "g", "https://f.org"]
