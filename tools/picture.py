# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Draw the README's picture: `python tools/picture.py` writes course/picture.jpg."""

from pathlib import Path

import srlab

TITLES = ("original", "from 1/16 of the pixels", "JPEG, 80 times smaller")


def main() -> None:
    original = srlab.photo("astronaut")
    guessed = srlab.imresize(srlab.imresize(original, scale=1 / 4), scale=4)
    jpeg = srlab.codecs.JPEG(quality=10)
    data = jpeg.encode(original)
    assert 75 < original.numel() / len(data) < 85  # what the title says
    picture = srlab.show(
        [original, guessed, jpeg.decode(data)],
        titles=TITLES,
        crop=(20, 130, 200, 200),
        alt="An astronaut's face: sharp, blurred by shrinking, blocky from JPEG.",
    )
    path = Path(__file__).parents[1] / "course" / "picture.jpg"
    path.write_bytes(picture.data)


if __name__ == "__main__":
    main()
