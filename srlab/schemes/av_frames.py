# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Images as PyAV's frames: colours, regions of interest, the encoder's settings.

A frame carries its regions to x265 or x264 as side data, which FFmpeg's filter
`addroi` attaches; the encoder adds 51 `offset` to the quantisation parameter inside.
Of the encoders in PyAV's wheels only these two listen; SVT-AV1 and VP9 do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
import torch

from srlab.images import check_one, from_uint8, to_uint8
from srlab.images.files import MAX_PIXELS

__all__ = [
    "DECODING",
    "FORMATS",
    "LEAST_FILM",
    "PRESETS",
    "available",
    "check_block",
    "check_bytes",
    "check_number",
    "check_size",
    "colours",
    "film_options",
    "frame_of",
    "image_of",
    "load",
    "mark",
    "pixel_format",
    "split_crf",
    "still_options",
]

BLOCKS = (16, 32, 64)  # x265's quantisation groups; it reads regions in 16 x 16
FORMATS = {"4:4:4": "yuv444p", "4:2:0": "yuv420p"}
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")
DECODING = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS), "threads": "1"}
_CODECS = ("libx265", "libx264")
LEAST = 16  # pixels a side, x265's stills
# x265 4.2 writes past its memory in films under 64 pixels wide, and then it crashes.
LEAST_FILM = {"libx265": 64, "libx264": 16}
_QUIET = "log-level=none:info=0:pools=none:frame-threads=1"
# Regions ride on adaptive quantisation, which the fastest presets switch off; these
# are the modes of the others.
_QUIET += ":aq-mode=2:aq-strength=1"
_AQ_X264 = "1"
_TICK = Fraction(1, 25)
_CHAIN = 256  # filters in one graph: their set-up takes the square of it
# Exact rounding, the same on every processor; BT.601 in studio swing, as JPEG's colours
# but with the range that every player assumes.
_SCALE = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"

Rectangle = tuple[int, int, int, int]  # x, y, width, height in pixels


def available(codec: str = "libx265") -> bool:
    """Is PyAV here, with that encoder?"""
    try:
        load(codec)
    except ImportError:
        return False
    return True


def load(codec: str = "libx265") -> Any:
    """PyAV's module; ImportError that says what to install without that encoder."""
    if codec not in _CODECS:
        raise ValueError(f"codec must be one of {', '.join(_CODECS)}, not {codec!r}")
    try:
        import av
        import av.filter  # not loaded by `import av` in every version
    except ImportError as error:
        raise ImportError(
            f"HEVC and H.264 files need PyAV: pip install av ({error})"
        ) from None
    if codec not in av.codecs_available or "addroi" not in av.filter.filters_available:
        raise ImportError(
            f"this PyAV has no {codec} or no filter addroi; its wheels have both: "
            "pip install --force-reinstall --only-binary av av"
        )
    return av


def check_number(settings: object, name: str, low: float, high: float) -> None:
    """Check a real setting of a frozen dataclass; it becomes Python's float."""
    value = getattr(settings, name)
    good = isinstance(value, Real) and not isinstance(value, bool)
    if not good or not low <= value <= high:
        raise ValueError(f"{name} must be {low:g} to {high:g}, not {value!r:.40}")
    object.__setattr__(settings, name, float(value))


def check_block(block: int) -> None:
    """ValueError unless a block is a quantisation group of x265's."""
    if block not in BLOCKS:
        raise ValueError(f"block must be 16, 32 or 64 pixels, not {block!r:.40}")


def pixel_format(channels: int, subsampling: str) -> str:
    """FFmpeg's name of the planes that C channels become."""
    return "gray" if channels == 1 else FORMATS[subsampling]


def check_size(height: int, width: int, form: str, film: str = "") -> None:
    """ValueError for a picture that the encoder cannot hold, with the way out.

    Args:
        film: its encoder; empty for a still of x265.
    """
    least = LEAST_FILM[film] if film else LEAST
    if min(height, width) < least:
        kind = f"{film} takes films" if film else "libx265 takes pictures"
        raise ValueError(
            f"{kind} from {least} x {least} pixels, not {height} x {width}: "
            "enlarge or pad them"
        )
    if form == "yuv420p" and (height % 2 or width % 2):
        raise ValueError(
            f"{height} x {width} pixels: 4:2:0 halves both sides and needs even ones; "
            'subsampling="4:4:4" takes any, srlab.images.crop_to_multiple cuts'
        )


def frame_of(image: torch.Tensor, form: str) -> Any:
    """(1, C, H, W) in [0, 1] -> a frame of those planes, BT.601 in studio swing."""
    array = to_uint8(check_one(image))[0].permute(1, 2, 0).cpu().numpy()
    kind = "gray" if array.shape[2] == 1 else "rgb24"
    if kind == "gray":
        array = array[..., 0]
    frame = load().VideoFrame.from_ndarray(np.ascontiguousarray(array), format=kind)
    scale = f"{_SCALE}:out_color_matrix=bt601:out_range=tv"
    if kind == "gray":
        scale = f"{_SCALE}:in_range=pc:out_range=tv"
    return _through(frame, [("scale", scale), ("format", form)])


def image_of(frame: Any) -> torch.Tensor:
    """A decoded frame -> (1, C, H, W) float32 on the 1/255 grid."""
    grey = frame.format.name.startswith("gray")
    kind = "gray" if grey else "rgb24"
    scale = f"{_SCALE}:in_range=tv:out_range=pc"
    if not grey:
        scale += ":in_color_matrix=bt601"
    array = _through(frame, [("scale", scale), ("format", kind)]).to_ndarray()
    array = array.reshape(frame.height, frame.width, -1)
    return from_uint8(torch.from_numpy(array.copy()).permute(2, 0, 1)[None])


def mark(
    frame: Any, rectangles: Sequence[Rectangle], offset: float, rest: float = 0.0
) -> Any:
    """The same frame with regions of interest that do not overlap.

    Args:
        offset: -1 to 1; 51 times it is added to the quantisation parameter inside.
        rest: the same for everything else.
    """
    chain = [(rectangle, offset + rest) for rectangle in rectangles]
    if rest:  # the encoder obeys the first rectangle that holds a block
        chain.append(((0, 0, frame.width, frame.height), rest))
    for start in range(0, len(chain), _CHAIN):
        filters = [
            ("addroi", f"x={x}:y={y}:w={w}:h={h}:qoffset={max(-1, min(1, q)):.6f}")
            for (x, y, w, h), q in chain[start : start + _CHAIN]
        ]
        frame = _through(frame, filters)
    return frame


def split_crf(crf: float) -> tuple[int, float]:
    """crf = whole + 51 rest: what the encoder is told, and an offset for every block.

    x265 cuts a factor to a whole one for a picture, which is 8 % of a file; offsets it
    adds to those of its adaptive quantisation before it rounds, block by block.

    >>> split_crf(30.51)[0], round(split_crf(30.51)[1], 4)
    (30, 0.01)
    """
    whole = math.floor(crf)
    return whole, (crf - whole) / 51


def _through(frame: Any, filters: Sequence[tuple[str, str]]) -> Any:
    """A frame through a chain of FFmpeg's filters."""
    graph = load().filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format.name,
        time_base=frame.time_base or _TICK,
    )  # fmt: skip
    for name, settings in [*filters, ("buffersink", None)]:
        node = graph.add(name, settings) if settings else graph.add(name)
        last.link_to(node)
        last = node
    graph.configure()
    graph.push(frame)
    return graph.pull()


def still_options(crf: int, preset: str, block: int) -> dict[str, str]:
    """x265's settings for one picture, the same bytes every time: one thread."""
    own = f"{_QUIET}:qg-size={block}:keyint=1"
    return {"crf": str(crf), "preset": preset, "x265-params": own}


def film_options(
    codec: str, crf: int, preset: str, block: int, size: tuple[int, int], fps: float
) -> dict[str, str]:
    """An encoder's settings for a film, the same bytes every time: one thread.

    A coding unit has one QP. x265 makes them as large as it may, over the edge of a
    region, which then loses up to 3 dB; so they are no larger than a block. But from
    HEVC's level 5 on (large or fast films) they have 32 pixels at least.
    """
    options = {"crf": str(crf), "preset": preset, "threads": "1", "aq-mode": _AQ_X264}
    if codec == "libx265":
        del options["aq-mode"]
        pixels = size[0] * size[1]
        level_4 = pixels <= 2.2e6 and max(size) <= 4200 and pixels * fps <= 1.2e8
        unit = block if level_4 else max(block, 32)
        options["x265-params"] = f"{_QUIET}:qg-size={block}:ctu={unit}"
    return options


def check_bytes(data: bytes) -> bytes:
    """Anything that holds bytes, as bytes; else TypeError."""
    try:
        return bytes(memoryview(data))
    except TypeError:
        given = type(data).__name__
        raise TypeError(f"decode takes the bytes of a file, not a {given}") from None


def colours(context: Any) -> None:
    """Say in the stream what the numbers mean: sRGB through BT.601, studio swing."""
    context.color_range, context.colorspace = 1, 6
    context.color_primaries, context.color_trc = 1, 13
