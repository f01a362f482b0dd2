# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The extreme of regions of interest: a film that keeps where things are, no more.

A thesis on compression by class activation maps (the course's second source, section
4.4.4) paints objects white and everything else black, to keep "the trajectory of any
object" at a small part of the bytes. What the things looked like is gone for good, and
so is which is which once two have touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from srlab.codecs.base import check_name
from srlab.images import check_image, check_whole
from srlab.schemes import av_frames
from srlab.schemes.maps import SaliencyLike
from srlab.schemes.video import CODECS, Frames, each, map_of, read_video, write_video

if TYPE_CHECKING:
    import pandas

__all__ = ["PositionVideo", "trajectories"]

_FORM = "yuv420p"  # with even chroma: players that know no grey HEVC show it too


@dataclass(frozen=True, eq=False)
class PositionVideo:
    """White objects on black, as .mp4.

    Attributes:
        saliency: image (1, 3, H, W) -> (1, 1, H, W) in [0, 1]; or masks (T, n, H, W),
            one set a frame; or one map for all frames.
        crf: the encoder's constant rate factor, 0 (finest) to 51.
        fps: frames per second.
        threshold: an object is where the map reaches it.
        least: pixels; smaller spots are left out.
        shrink: the film is so many times smaller a side; a place can still be told to
            a part of its pixel, from the grey at the object's edge.
        codec: "libx265" or "libx264".
        preset: the encoder's, from "ultrafast" to "slow".
    """

    saliency: SaliencyLike = field(repr=False)
    crf: float = 35.0
    fps: float = 12
    threshold: float = 0.5
    least: int = 64
    shrink: int = 4
    codec: str = "libx265"
    preset: str = "medium"

    grades = ("crf", tuple(51 - k / 4 for k in range(205)))

    def __post_init__(self) -> None:
        av_frames.check_number(self, "crf", 0, 51)
        av_frames.check_number(self, "fps", 0.1, 1000)
        av_frames.check_number(self, "threshold", 0, 1)
        for name, high in (("least", 2**31), ("shrink", 64)):
            object.__setattr__(
                self, name, check_whole(getattr(self, name), name, 1, high)
            )
        check_name(self.codec, "codec", CODECS)
        check_name(self.preset, "preset", av_frames.PRESETS)

    def encode(self, frames: Frames) -> bytes:
        """(T, 3, H, W) in [0, 1], or frames one by one -> the bytes of an .mp4.

        Raises:
            ImportError, ValueError: as `RoiVideo.encode`, but all sizes go.
        """
        whole, rest = av_frames.split_crf(self.crf)

        least = av_frames.LEAST_FILM[self.codec]

        def white() -> Iterator:
            for t, image in enumerate(each(frames)):
                seen = self.paint(map_of(self.saliency, image, t))
                frame = av_frames.frame_of(_small(seen, self.shrink, least), _FORM)
                yield av_frames.mark(frame, [], 0, rest)

        return write_video(white(), _FORM, self.codec, self.fps, whole, self.preset)

    def paint(self, P: torch.Tensor) -> torch.Tensor:
        """A map P (1, 1, H, W) -> what is kept of it: 1 on the objects, 0 elsewhere."""
        inside = P >= self.threshold if self.threshold else P > 0
        labels, _ = ndimage.label(inside[0, 0].numpy())
        area = np.bincount(labels.ravel())
        large = area >= self.least
        large[0] = False  # label 0 is the background
        return torch.from_numpy(large[labels]).float()[None, None]

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of an .mp4 -> (T, 1, h, w) float32: grey, near 0 and near 1.

        h and w are H and W over `shrink`, and black is added at the right and below up
        to even sides that the encoder takes.

        Raises:
            CorruptStream: as `srlab.schemes.video.read_frames`.
        """
        return read_video(data, channels=lambda frame: frame[:, :1])


def _small(seen: torch.Tensor, shrink: int, least: int) -> torch.Tensor:
    """(1, 1, H, W) -> the means of blocks, with black up to even sides of `least`."""
    sides = [max(least, 2 * -(-n // (2 * shrink))) for n in seen.shape[-2:]]
    down, right = (shrink * n - m for n, m in zip(sides, seen.shape[-2:], strict=True))
    return F.avg_pool2d(F.pad(seen, (0, right, 0, down)), shrink)


def trajectories(
    frames: torch.Tensor,
    scale: int = 1,
    least: int = 16,
    reach: float = 64.0,
    patience: int = 3,
) -> pandas.DataFrame:
    """Where the white objects of a film are, followed from frame to frame.

    An object is a connected component above 0.5. It is the same as in the frame before
    where the sum of all distances is least (the Hungarian method), measured from the
    place where it would be had it moved on as it did. Objects that touch are one.

    Args:
        frames: (T, 1, H, W) in [0, 1], as `PositionVideo.decode` gives them.
        scale: pixels of the original along one of these, `PositionVideo.shrink`; all
            that follows, and the table, is in pixels of the original.
        least: pixels; smaller spots are left out.
        reach: pixels; nothing jumps farther from where it was expected.
        patience: frames that an object may be missing and still be the same.

    Returns:
        A table with the columns frame, object (numbered from 0 as they appear), x, y
        (the mean place in pixels, x to the right and y down, the middle of the top left
        pixel being 0, 0) and area in pixels, ordered by frame and object.

    >>> film = torch.zeros(2, 1, 16, 16)
    >>> film[0, 0, 4:8, 4:8] = film[1, 0, 4:8, 6:10] = 1
    >>> trajectories(film).x.tolist()
    [5.5, 7.5]
    """
    import pandas

    check_image(frames, "frames", channels=(1,))
    tracks: list[_Track] = []
    rows = []
    for t, frame in enumerate(frames):
        spots = _spots(frame[0].detach().cpu().numpy(), least, scale)
        alive = [track for track in tracks if t - track.last <= patience + 1]
        for spot, track in _match(spots, alive, t, reach):
            if track is None:
                track = _Track(len(tracks), spot, t)
                tracks.append(track)
            else:
                track.move(spot, t)
            rows.append((t, track.number, *spot))
    table = pandas.DataFrame(rows, columns=["frame", "object", "x", "y", "area"])
    return table.sort_values(["frame", "object"], ignore_index=True)


Spot = tuple[float, float, int]  # x, y, area


class _Track:
    """An object that is being followed."""

    def __init__(self, number: int, spot: Spot, t: int):
        self.number, self.last = number, t
        self.place, self.speed = np.array(spot[:2]), np.zeros(2)

    def move(self, spot: Spot, t: int) -> None:
        place = np.array(spot[:2])
        self.speed = (place - self.place) / (t - self.last)
        self.place, self.last = place, t

    def expected(self, t: int) -> np.ndarray:
        return self.place + self.speed * (t - self.last)


def _spots(grey: np.ndarray, least: int, scale: int) -> list[Spot]:
    """The connected components of (H, W) above 0.5, from the top.

    Each place is the mean over the component and the pixels next to it, weighed by
    their grey: an edge that lies within a pixel shows in its grey.
    """
    labels, _ = ndimage.label(grey >= 0.5)
    found = []
    for k, box in enumerate(ndimage.find_objects(labels), 1):
        rows, columns = (slice(max(0, s.start - 1), s.stop + 1) for s in box)
        own = labels[rows, columns] == k
        area = int(own.sum()) * scale**2
        if area < least:
            continue
        rim = ndimage.binary_dilation(own, np.ones((3, 3))) & (
            labels[rows, columns] == 0
        )
        weight = np.where(own | rim, grey[rows, columns], 0)
        y, x = ndimage.center_of_mass(weight)
        place = (
            (v + s.start + 0.5) * scale - 0.5 for v, s in ((x, columns), (y, rows))
        )
        found.append((*place, area))
    return found


def _match(
    spots: list[Spot], tracks: list[_Track], t: int, reach: float
) -> list[tuple[Spot, _Track | None]]:
    """Each spot with the track that it goes on, or None for a new one."""
    if not spots or not tracks:
        return [(spot, None) for spot in spots]
    here = np.array([spot[:2] for spot in spots])[:, None]
    there = np.stack([track.expected(t) for track in tracks])[None]
    distance = np.linalg.norm(here - there, axis=-1)
    # What is out of reach costs the same for all, so it never displaces a good match.
    pairs = zip(*linear_sum_assignment(np.minimum(distance, reach)), strict=True)
    found = {i: tracks[j] for i, j in pairs if distance[i, j] < reach}
    return [(spot, found.get(i)) for i, spot in enumerate(spots)]
