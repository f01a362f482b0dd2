# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Blind ratings: order, votes, files, means and intervals."""

import math

import pytest
import torch

import srlab
from srlab.classroom.ratings import Rating, interval, rating, read_votes

IMAGES = {name: torch.full((1, 3, 4, 4), n / 10) for n, name in enumerate("abcde")}


@pytest.fixture
def panel(tmp_path):
    """A function that makes a rating which saves into a folder of its own."""

    def make(kind="mos", **more):
        return rating(IMAGES, kind=kind, path=tmp_path / "ratings.csv", **more)

    return make


def test_the_order_is_shuffled_by_the_seed_and_complete(panel):
    orders = [[t.titles[0] for t in panel(seed=s).trials] for s in (0, 0, 1, 2)]
    assert orders[0] == orders[1]
    assert all(sorted(order) == list("abcde") for order in orders)
    assert len(set(map(tuple, orders))) > 1


def test_the_panel_is_blind(panel):
    one, two = panel(), panel("2afc")
    assert list(one.pictures()) == ["picture 1"]
    assert list(two.pictures()) == ["left", "right"]
    with_reference = panel(reference=IMAGES["a"])
    assert list(with_reference.pictures()) == ["reference", "picture 1"]
    assert "reference" in with_reference.question


def test_grades_are_averaged(panel):
    one = panel()
    grades = dict(zip("abcde", (1, 2, 3, 4, 5), strict=True))
    while not one.done:
        number, count = one.position
        assert number == len(one.votes) + 1 and count == 5
        one.vote(grades[one.trials[number - 1].titles[0]])
    frame = one.summary()
    assert list(frame["title"]) == list("edcba")
    assert list(frame["mean"]) == [5, 4, 3, 2, 1]
    assert frame["low"].isna().all()  # one vote tells no interval
    assert one.pictures() == {} and "done" in repr(one)
    with pytest.raises(ValueError, match="all pictures are rated"):
        one.vote(3)


def test_two_alternatives_count_wins(panel):
    two = panel("2afc")
    assert len(two.trials) == 10
    sides = [two.trials[n].titles.index(min(two.trials[n].titles)) for n in range(10)]
    assert 0 < sum(sides) < 10  # not always on the same side
    for side in sides:
        two.vote(("left", "right")[side])
    frame = two.summary()
    assert list(frame["mean"]) == [1, 0.75, 0.5, 0.25, 0]
    assert list(frame["votes"]) == [4] * 5


@pytest.mark.parametrize("choice", [0, 6, "left", 3.5, True, None])
def test_a_vote_that_is_none_is_refused(panel, choice):
    with pytest.raises(ValueError, match="a vote is one of 1, 2, 3, 4, 5"):
        panel().vote(choice)


def test_votes_are_saved_once_and_pooled(panel):
    for rater in ("ann", "bo", "cy"):
        one = panel()
        while not one.done:
            one.vote(4 if rater == "ann" else 3, rater=rater)
        path = one.save()
        one.save()
    votes = read_votes(path)
    assert len(votes) == 15 and votes[0].rater == "ann"
    frame = one.summary(votes)
    assert list(frame["votes"]) == [3] * 5
    assert frame["mean"][0] == pytest.approx(10 / 3)
    assert frame["low"][0] == pytest.approx(10 / 3 - 4.3027 / 3, abs=1e-3)


def test_a_vote_is_taken_back_until_it_is_saved(panel):
    one = panel()
    one.vote(2)
    one.undo()
    assert one.votes == []
    one.vote(2)
    one.save()
    with pytest.raises(ValueError, match="no unsaved vote"):
        one.undo()


def test_a_foreign_or_damaged_file_is_left_alone(panel):
    one = panel()
    one.vote(2)
    for content, words in (
        ("name,age\nann,3\n", "not a file of ratings"),
        ("rater,kind,trial,title,against,score\nann,mos,one,a,,3\n", "line 2"),
    ):
        one.path.write_text(content)
        with pytest.raises(ValueError, match=words):
            one.save()
        assert one.path.read_text() == content


def test_the_interval_is_students():
    low, mean, high = interval([1, 2, 3, 4, 5])
    assert mean == 3 and high - mean == pytest.approx(2.7764 * math.sqrt(0.5), abs=1e-3)
    assert low == pytest.approx(6 - high)
    assert all(map(math.isnan, interval([])))


def test_lists_are_named_and_bad_calls_refused(tmp_path):
    made = srlab.rating(list(IMAGES.values()), path=tmp_path / "r.csv")
    assert isinstance(made, Rating) and "image 1" in made.images
    with pytest.raises(ValueError, match="'mos' or '2afc'"):
        rating(IMAGES, kind="stars")
    with pytest.raises(ValueError, match="at least two"):
        rating([IMAGES["a"]], kind="2afc")
    with pytest.raises(ValueError, match="at least two"):
        rating([])


def test_the_panel_of_the_widgets_takes_it(panel):
    from srlab import widgets

    assert "Widget: blind rating of 5 pictures" in repr(widgets.rating_panel(panel()))
