# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Localisation, on maps whose measures can be counted; and the drawn objects."""

import math

import pytest
import torch

import srlab
from srlab.saliency import measures, objects


def block(height, width, top, left, bottom, right):
    m = torch.zeros(1, 1, height, width)
    m[..., top:bottom, left:right] = 1
    return m


def test_pointing():
    mask = block(10, 20, 2, 3, 6, 9)
    inside, outside = torch.zeros(2, 1, 1, 10, 20)
    inside[0, 0, 5, 8] = 1
    outside[0, 0, 6, 8] = 1
    assert measures.pointing(inside, mask) and not measures.pointing(outside, mask)


def test_pointing_of_a_map_that_is_not_square():
    m = torch.zeros(1, 1, 4, 9)
    m[0, 0, 3, 8] = 1
    assert measures.pointing(m, block(4, 9, 3, 8, 4, 9))


def test_energy():
    mask = block(4, 4, 0, 0, 2, 4)
    assert measures.energy(torch.ones(1, 1, 4, 4), mask) == 0.5
    assert measures.energy(mask, mask) == 1
    assert math.isnan(measures.energy(torch.zeros(1, 1, 4, 4), mask))


def test_iou():
    mask = block(4, 4, 0, 0, 2, 4)  # 8 pixels
    assert measures.iou(torch.ones(1, 1, 4, 4), mask, 0.5) == 0.5
    assert measures.iou(mask, mask, 0.5) == 1
    assert measures.iou(1 - mask, mask, 0.5) == 0
    third = block(4, 4, 1, 0, 3, 4)  # half of it outside
    assert measures.iou(third, mask, 0.5) == pytest.approx(1 / 3)


def test_the_best_threshold_is_found():
    mask = block(10, 10, 0, 0, 5, 10)
    slope = torch.linspace(1, 0, 10)[None, None, :, None].expand(1, 1, 10, 10)
    threshold, value = measures.best_threshold([slope, slope], [mask, mask])
    assert value == 1 and 4 / 9 < threshold <= 5 / 9
    assert measures.iou(slope, mask, threshold) == 1


def test_doors():
    a, b = torch.zeros(1, 1, 4, 5), torch.zeros(1, 1, 5, 4)
    with pytest.raises(ValueError, match="picture's height"):
        measures.pointing(a, b)
    with pytest.raises(ValueError, match=r"expected \(1, 1, H, W\)"):
        measures.energy(torch.zeros(4, 5), a)
    with pytest.raises(ValueError, match="marks nothing"):
        measures.iou(a, a, 0.5)
    with pytest.raises(ValueError, match="expected pairs"):
        measures.best_threshold([a], [])


# Drawn objects


def test_masks_of_shipped_photographs():
    cat = objects.mask("chelsea")
    assert cat.shape[2:] == srlab.photo("chelsea").shape[2:]
    box = objects.mask("chelsea", kind="box")
    assert 0.2 < cat.mean() < box.mean() < 1
    assert ((box - cat) >= 0).double().mean() > 0.999
    assert objects.mask("astronaut", "hat or helmet").mean() < 0.2


def test_a_mask_is_where_the_thing_is():
    thing = objects.objects("rocket")[0]
    x0, y0, x1, y1 = (round(v) for v in thing.box)
    rows = objects.mask("rocket")[0, 0].amax(dim=1).nonzero()[:, 0]
    columns = objects.mask("rocket")[0, 0].amax(dim=0).nonzero()[:, 0]
    assert abs(rows[0] - y0) <= 1 and abs(rows[-1] + 1 - y1) <= 1
    assert abs(columns[0] - x0) <= 1 and abs(columns[-1] + 1 - x1) <= 1


def test_boxes_as_slices():
    found = objects.boxes_mask([(2, 1, 5, 3), (7, 0, 9, 2)], 4, 10)
    assert torch.equal(found, block(4, 10, 1, 2, 3, 5) + block(4, 10, 0, 7, 2, 9))


def test_objects_of_one_s_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[garden]\nsize = [40, 30]\nthings = [{label = "bee", box = [3, 4, 9, 8]}, '
        '{label = "rose", polygon = [[20, 5], [30, 5], [25, 15]]}]\n',
        encoding="utf-8",
    )
    assert objects.names(file) == ["garden"]
    assert objects.mask("garden", file=file).sum() == 6 * 4
    rose = objects.objects("garden", file)[1]
    assert rose.box == (20, 5, 31, 16)
    assert 40 < objects.mask("garden", "rose", file=file).sum() < 80


@pytest.mark.parametrize(
    "text",
    [
        "no TOML", "[a]\nsize = [4]\nthings = []", "[a]\nsize = [4, 4]\nthings = []",
        '[a]\nsize = [4, 4]\nthings = [{label = "x"}]',
        '[a]\nsize = [4, 4]\nthings = [{label = "x", box = [3, 0, 1, 2]}]',
        '[a]\nsize = [4, 4]\nthings = [{label = "x", polygon = [[0, 0], [1, 1]]}]',
    ],
)  # fmt: skip
def test_files_that_are_not_of_that_form(tmp_path, text):
    file = tmp_path / "bad.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.toml"):
        objects.objects("a", file)


def test_names_that_there_are_not():
    with pytest.raises(KeyError, match="nothing was drawn on 'grass'"):
        objects.mask("grass")
    with pytest.raises(KeyError, match="there is cat"):
        objects.mask("chelsea", "dog")
    with pytest.raises(ValueError, match="polygon or box"):
        objects.mask("chelsea", kind="circle")
