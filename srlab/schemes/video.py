# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A film whose region of interest is coded finer, frame by frame, in a standard .mp4.

A saliency is asked once a frame; its maps are smoothed in time, since a region that
flickers makes the picture flicker. x265 (HEVC) and x264 (H.264) take the region of each
frame as rectangles and go on predicting from frame to frame.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

import torch

from srlab.codecs.base import CorruptStream, check_name
from srlab.images import check_one
from srlab.schemes import av_frames
from srlab.schemes.maps import SaliencyLike, resolve
from srlab.schemes.roi_hevc import cover, region

__all__ = ["RoiVideo", "each", "map_of", "read_frames", "read_video", "write_video"]

Frames = torch.Tensor | Iterable[torch.Tensor]
CODECS = ("libx265", "libx264")
MAX_VALUES = 2**29  # of a film that is decoded as one tensor: 2 GB


@dataclass(frozen=True, eq=False)
class RoiVideo:
    """A film as .mp4 with a finer region in every frame.

    Attributes:
        saliency: image (1, 3, H, W) -> (1, 1, H, W) in [0, 1], asked once a frame; or
            maps (T, 1, H, W), one a frame, or one for all; None: the plain codec.
        crf: the encoder's constant rate factor of the background, 0 (finest) to 51.
        offset: -1 to 1; 51 times it is added to the region's QP. What moves leaves a
            fine trail on the background, so less pays than in a still.
        threshold: blocks in which the smoothed map reaches it are the region.
        smoothing: s in M_t = max(P_t, s M_(t-1) + (1 - s) P_t), 0 (none) to below 1. A
            thing that appears is in the region at once, one that goes leaves it slowly.
        fps: frames per second.
        codec: "libx265" or "libx264".
        subsampling: of the chroma, "4:2:0" (even sides) or "4:4:4" (any).
        preset: the encoder's, from "ultrafast" to "slow".
        block: side in pixels of the blocks that get one QP: 16, 32 or 64.
    """

    saliency: SaliencyLike = field(default=None, repr=False)
    crf: float = 30.0
    offset: float = -0.15
    threshold: float = 0.5
    smoothing: float = 0.6
    fps: float = 12
    codec: str = "libx265"
    subsampling: str = "4:2:0"
    preset: str = "medium"
    block: int = 16

    grades = ("crf", tuple(51 - k / 4 for k in range(205)))

    def __post_init__(self) -> None:
        av_frames.check_number(self, "crf", 0, 51)
        av_frames.check_number(self, "offset", -1, 1)
        av_frames.check_number(self, "threshold", 0, 1)
        av_frames.check_number(self, "smoothing", 0, 0.999)
        av_frames.check_number(self, "fps", 0.1, 1000)
        check_name(self.codec, "codec", CODECS)
        check_name(self.subsampling, "subsampling", tuple(av_frames.FORMATS))
        check_name(self.preset, "preset", av_frames.PRESETS)
        av_frames.check_block(self.block)

    def encode(self, frames: Frames) -> bytes:
        """(T, 3, H, W) in [0, 1], or frames one by one -> the bytes of an .mp4.

        Of the frames, which may come from a generator, a few are held at a time. The
        same bytes every time.

        Raises:
            ImportError: no PyAV, or one without the encoder.
            ValueError: no frames, of several sizes, or of one that does not go; a map
                as in `maps.resolve`.
        """
        whole, rest = av_frames.split_crf(self.crf)
        form = av_frames.FORMATS[self.subsampling]
        maps = self.regions(frames)

        def marked() -> Iterator:
            for image, inside in maps:
                area = cover(inside, self.block, *image.shape[-2:])
                frame = av_frames.frame_of(image, form)
                area = area if self.offset else []
                yield av_frames.mark(frame, area, self.offset, rest)

        return write_video(
            marked(), form, self.codec, self.fps, whole, self.preset, self.block
        )

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of an .mp4 -> (T, 3, H, W) float32 on the 1/255 grid.

        Raises:
            CorruptStream: see `read_frames`, which gives long films frame by frame.
        """
        return read_video(data)

    def regions(self, frames: Frames) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """(frame (1, 3, H, W), blocks (h, w) bool that are coded finer) of each."""
        s, M = self.smoothing, None
        for t, image in enumerate(each(frames)):
            form = av_frames.FORMATS[self.subsampling]
            height, width = image.shape[-2:]
            av_frames.check_size(height, width, form, self.codec)
            P = map_of(self.saliency, image, t)
            M = P if M is None else torch.maximum(P, s * M + (1 - s) * P)
            yield image, region(M, self.threshold, self.block)


def each(frames: Frames) -> Iterator[torch.Tensor]:
    """The frames one by one as (1, 3, H, W), checked; grey ones become RGB.

    Raises:
        TypeError: neither a tensor nor something to iterate over.
        ValueError: none, frames of several sizes, or as `images.check_image` says.
    """
    if isinstance(frames, torch.Tensor) and frames.ndim != 4:
        raise ValueError(f"frames are (T, 3, H, W), not {tuple(frames.shape)}")
    if not isinstance(frames, Iterable):
        given = type(frames).__name__
        raise TypeError(f"frames are a tensor or an iterable of images, not {given}")
    size = None
    for t, frame in enumerate(frames):
        single = isinstance(frame, torch.Tensor) and frame.ndim == 3
        image = check_one(frame[None] if single else frame, f"frame {t}")
        size = size or image.shape[-2:]
        if image.shape[-2:] != size:
            raise ValueError(
                f"frame {t} has {tuple(image.shape[-2:])} pixels, frame 0 {tuple(size)}"
            )
        yield image.expand(1, 3, *size)
    if size is None:
        raise ValueError("a film needs one frame at least")


def map_of(saliency: SaliencyLike, image: torch.Tensor, t: int) -> torch.Tensor:
    """The map of frame t, (1, 1, H, W), checked.

    Of drawn maps (T, n, H, W) the frame's own, the highest of its n channels.
    """
    if isinstance(saliency, torch.Tensor) and saliency.ndim == 4:
        if 1 < len(saliency) <= t:
            raise ValueError(f"{len(saliency)} maps are too few: there is a frame {t}")
        own = saliency[t : t + 1] if len(saliency) > 1 else saliency
        saliency = own.amax(dim=1, keepdim=True) if own.shape[1] else own
    return resolve(saliency, image)


def write_video(
    frames: Iterable,
    form: str,
    codec: str,
    fps: float,
    crf: int,
    preset: str,
    block: int = 16,
) -> bytes:
    """Frames of PyAV -> the bytes of an .mp4, without a date.

    Args:
        form: their planes, FFmpeg's name. block: of the side data, in pixels.
    """
    av = av_frames.load(codec)
    frames = iter(frames)
    first = next(frames)  # an error of the first frame is no error of the file
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as file:
        stream = file.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, form
        if codec == "libx265":
            stream.codec_context.codec_tag = "hvc1"  # Apple's players want this name
        stream.codec_context.options = av_frames.film_options(
            codec, crf, preset, block, (first.height, first.width), fps
        )
        av_frames.colours(stream.codec_context)
        for t, frame in enumerate(chain([first], frames)):
            frame.pts, frame.time_base = t, 1 / stream.codec_context.framerate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()


def read_video(data: bytes, channels: Callable | None = None) -> torch.Tensor:
    """The bytes of an .mp4 -> (T, C, H, W) float32 on the 1/255 grid.

    Args:
        channels: what is kept of each frame (1, 3, H, W); by default all of it.

    Raises:
        CorruptStream: see `read_frames`.
        ValueError: more than 2 GB of frames: take them from `read_frames` one by one.
    """
    found, values = [], 0
    for frame in read_frames(data):
        frame = channels(frame) if channels else frame
        values += frame.numel()
        if values > MAX_VALUES:
            raise ValueError(
                f"over {MAX_VALUES} values: srlab.schemes.video.read_frames gives a "
                "long film frame by frame"
            )
        found.append(frame)
    return torch.cat(found)


def read_frames(data: bytes) -> Iterator[torch.Tensor]:
    """The frames (1, 3, H, W) of an .mp4, one by one.

    Raises:
        CorruptStream: no such file, cut off or damaged where the decoder can tell; the
            standards have no checksum for pictures.
    """
    av = av_frames.load()
    data = av_frames.check_bytes(data)
    count = 0
    try:
        with av.open(io.BytesIO(data), format="mp4") as file:
            stream = next(iter(file.streams.video), None)
            if stream is None or stream.codec_context is None:
                raise CorruptStream("this .mp4 has no pictures that can be decoded")
            stream.codec_context.options = av_frames.DECODING
            size, promised = (stream.height, stream.width), stream.frames
            for frame in file.decode(stream):
                if (frame.height, frame.width) != size:
                    raise CorruptStream("damaged .mp4: frames of several sizes")
                count += 1
                yield av_frames.image_of(frame)
    except CorruptStream:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise CorruptStream(f"damaged .mp4: {error}") from None
    if not count or count != promised:
        raise CorruptStream(f"damaged .mp4: {count} of {promised} frames")
