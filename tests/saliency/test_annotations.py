# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The boxes and outlines drawn by hand: they fit the pictures and each other."""

import tomllib

import pytest

from srlab import images, paths
from srlab.saliency import labels

CLASSES = {
    "n01440764_tench",
    "n02102040_english_springer",
    "n02979186_cassette_player",
    "n03000684_chain_saw",
    "n03028079_church",
    "n03394916_french_horn",
    "n03417042_garbage_truck",
    "n03425413_gas_pump",
    "n03445777_golf_ball",
    "n03888257_parachute",
}
PLAIN_WORDS = {"person", "tripod", "spoon", "coin"}


def read(name):
    text = (paths.data_dir() / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


OBJECTS = read("objects.toml")
BOXES = read("imagenette_boxes.toml")


def area(polygon):
    """The polygon's signed area by the shoelace formula."""
    turned = polygon[1:] + polygon[:1]
    pairs = zip(polygon, turned, strict=True)
    return sum(x * v - u * y for (x, y), (u, v) in pairs) / 2


def crosses(p, q, r, s):
    """Whether the segments pq and rs cross in a point inside both."""

    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    return side(p, q, r) * side(p, q, s) < 0 and side(r, s, p) * side(r, s, q) < 0


def test_the_area_of_a_known_polygon():
    assert abs(area([[0, 0], [4, 0], [4, 3], [0, 3]])) == 12


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_things_lie_in_their_photograph(name):
    width, height = OBJECTS[name]["size"]
    assert tuple(images.photo(name).shape[-2:]) == (height, width)
    assert OBJECTS[name]["things"]
    for thing in OBJECTS[name]["things"]:
        x0, y0, x1, y1 = thing["box"]
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        assert thing["label"] in PLAIN_WORDS | set(labels())


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_a_box_is_the_bounds_of_its_polygon(name):
    for thing in OBJECTS[name]["things"]:
        across, down = zip(*thing["polygon"], strict=True)
        bounds = [min(across), min(down), max(across), max(down)]
        apart = [abs(a - b) for a, b in zip(bounds, thing["box"], strict=True)]
        assert max(apart) <= 3
        assert len(thing["polygon"]) >= 15
        assert abs(area(thing["polygon"])) > 0


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_an_outline_does_not_cross_itself(name):
    for thing in OBJECTS[name]["things"]:
        points = thing["polygon"]
        edges = list(zip(points, points[1:] + points[:1], strict=True))
        for i, edge in enumerate(edges):
            for other in edges[i + 1 :]:
                assert not crosses(*edge, *other), (thing["label"], edge, other)


def test_boxes_lie_in_the_224_pixels():
    for name, boxes in BOXES.items():
        assert boxes, name
        for x0, y0, x1, y1 in boxes:
            assert 0 <= x0 < x1 <= 224 and 0 <= y0 < y1 <= 224, name


def test_each_class_has_ten_photographs_or_more():
    assert {name.split("/")[0] for name in BOXES} == CLASSES
    for kind in CLASSES:
        assert sum(name.startswith(f"{kind}/") for name in BOXES) >= 10


def test_names_are_in_order():
    assert list(BOXES) == sorted(BOXES)
    assert list(OBJECTS) == sorted(OBJECTS)
