# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Chromium draws the files of `BaselineJPEG` and of `RoiJPEG`."""

import base64

import pytest
import torch
from playwright.sync_api import Browser

import srlab
from srlab.codecs import BaselineJPEG
from srlab.schemes import RoiJPEG

DRAW = """async (e, address) => {
  e.src = address;
  await e.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [e.naturalWidth, e.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(e, 0, 0);
  return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}"""


MAP = torch.zeros(1, 1, 37, 53)
MAP[..., 8:24, 16:40] = 1


@pytest.mark.browser
@pytest.mark.parametrize(
    "codec",
    [
        BaselineJPEG(75, "4:4:4"),
        BaselineJPEG(50, restart=4),
        RoiJPEG(MAP, 90, 20, subsampling="4:4:4"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("channels", [1, 3])
def test_chromium_draws_it(browser: Browser, codec, channels):
    image = srlab.photo("chelsea")[:, :channels, 60:97, 80:133]
    data = codec.encode(image)
    address = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    page = browser.new_page()
    page.set_content("<img>")
    drawn = torch.tensor(page.eval_on_selector("img", DRAW, address))
    page.close()
    drawn = drawn.view(37, 53, 4)[..., :channels].permute(2, 0, 1)[None] / 255
    off = 255 * (drawn - codec.decode(data)).abs()
    assert off.mean() < 1
    if codec.subsampling == "4:4:4":
        assert off.max() <= 4
