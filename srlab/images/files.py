# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pictures in files: the shipped photographs, any file of yours, and writing one."""

from __future__ import annotations

import io
import warnings
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from srlab.images.doors import check_one, check_whole
from srlab.images.values import to_uint8

__all__ = ["make_room", "photo", "photo_names", "read", "to_pillow", "write"]

MAX_PIXELS = 100_000_000  # refuse a decompression bomb; a phone has 12 to 50 million

# The photographs that scikit-image, scikit-learn and matplotlib ship in their wheels.
_PHOTOS = {
    "astronaut": ("skimage.data", "astronaut.png"),
    "brick": ("skimage.data", "brick.png"),
    "camera": ("skimage.data", "camera.png"),
    "chelsea": ("skimage.data", "chelsea.png"),
    "china": ("sklearn.datasets", "images/china.jpg"),
    "coffee": ("skimage.data", "coffee.png"),
    "coins": ("skimage.data", "coins.png"),
    "flower": ("sklearn.datasets", "images/flower.jpg"),
    "grace_hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    "grass": ("skimage.data", "grass.png"),
    "gravel": ("skimage.data", "gravel.png"),
    "hubble": ("skimage.data", "hubble_deep_field.jpg"),
    "moon": ("skimage.data", "moon.png"),
    "motorcycle": ("skimage.data", "motorcycle_left.png"),
    "motorcycle_right": ("skimage.data", "motorcycle_right.png"),
    "retina": ("skimage.data", "retina.jpg"),
    "rocket": ("skimage.data", "rocket.jpg"),
}


def photo_names() -> list[str]:
    """Names of the photographs that come with the libraries; no network is needed."""
    return sorted(_PHOTOS)


def photo(name: str | Path) -> torch.Tensor:
    """A shipped photograph by name, or any picture of yours by its path.

    Returns:
        (1, 3, H, W) float32 in [0, 1]; grey pictures have three equal channels.

    Raises:
        FileNotFoundError: neither a known name nor a file; the message lists the names.
        TypeError: name is neither text nor a path.

    >>> photo("astronaut").shape
    torch.Size([1, 3, 512, 512])
    """
    if not isinstance(name, str | Path):
        raise TypeError(
            f"photo takes a name or a path, not a {type(name).__name__}; "
            "srlab.images.read takes bytes and open files"
        )
    if str(name) in _PHOTOS:
        package, file = _PHOTOS[str(name)]
        return read(io.BytesIO((files(package) / file).read_bytes()))
    if _path(name).exists():
        return read(name)
    near = get_close_matches(str(name), _PHOTOS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise FileNotFoundError(
        f"no photograph and no file is called {str(name)!r}; "
        f"{hint}The names are: {', '.join(photo_names())}"
    )


def read(file: str | Path | io.IOBase | bytes, keep_grey: bool = False) -> torch.Tensor:
    """Read one picture of any kind that Pillow knows.

    The camera's EXIF orientation is applied; palettes and CMYK become RGB; 16-bit grey
    is divided by 65535 (of 16-bit colour Pillow keeps the upper 8 bits); what is
    transparent is laid over white; of an animation the first frame is taken. Colour
    profiles are not applied.

    Args:
        file: a path, an open binary file, or the bytes themselves.
        keep_grey: a picture stored as grey stays one channel.

    Returns:
        (1, 3, H, W) float32 in [0, 1], or (1, 1, H, W).

    Raises:
        FileNotFoundError: no such file.
        TypeError: not a path, a file or bytes.
        ValueError: a folder, not a picture, a truncated one, one that may not be
            read, or one of over 100 million pixels.
    """
    if isinstance(file, (str, Path)):
        path, name = _path(file), f"{str(file)!r}"
        if path.is_dir():
            raise ValueError(f"{name} is a folder; expected one picture file")
        if not path.exists():
            raise FileNotFoundError(f"no file {name}; check the path")
        if not path.is_file():  # a pipe would be waited for without end
            raise ValueError(f"{name} is not a regular file; expected a picture file")
        return _tensor(_open(path, name), keep_grey)
    if isinstance(file, (bytes, bytearray, memoryview)):
        return _tensor(_open(io.BytesIO(file), "the data"), keep_grey)
    if hasattr(file, "read") and hasattr(file, "seek"):
        return _tensor(_open(file, "the open file"), keep_grey)
    raise TypeError(
        f"read takes a path, bytes or a file open in binary mode, not a "
        f"{type(file).__name__}"
    )


def _path(path: str | Path) -> Path:
    """The path with its ~ written out; ValueError for what can be no path."""
    if not isinstance(path, str | Path):
        raise TypeError(f"expected a path, not a {type(path).__name__}: {path!r:.60}")
    try:
        full = Path(path).expanduser()
        full.exists()  # a name that is too long is found now
    except (RuntimeError, OSError, ValueError) as error:
        raise ValueError(f"{str(path)[:60]!r} is not a usable path: {error}") from None
    return full


def _open(source: Any, name: str) -> Image.Image:
    """Decode the whole picture now, so that a truncated one is found now."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large files, oddities of a camera's EXIF
            picture = Image.open(source)
            if picture.width * picture.height <= MAX_PIXELS:
                picture.load()
                return _upright(picture)
    except UnidentifiedImageError:
        raise ValueError(
            f"{name} is no picture that Pillow can read (JPEG, PNG, WebP, TIFF ...)"
        ) from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large: {error}") from None
    except MemoryError:
        raise  # the picture may be good; the machine is too small
    except Exception as error:  # a decoder may raise anything on a stranger's bytes
        if isinstance(error, OSError) and error.errno:
            raise ValueError(f"{name} cannot be opened: {error.strerror}") from None
        raise ValueError(f"{name} is damaged or cut off: {error}") from None
    raise ValueError(
        f"{name} has {picture.width} x {picture.height} pixels; the limit is "
        f"{MAX_PIXELS // 10**6} million: shrink or crop it first"
    )


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF says; as it is where the EXIF is damaged."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # the pixels are whole, whatever Pillow finds in the EXIF
        return picture


def _tensor(picture: Image.Image, keep_grey: bool) -> torch.Tensor:
    """A decoded picture -> (1, C, H, W) float32 in [0, 1]."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        values = np.asarray(picture).astype(np.float32) / 65535  # (H, W)
        return _grey(values.clip(0, 1), keep_grey)
    if picture.mode == "F":
        values = np.array(picture, dtype=np.float32)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise ValueError("a float picture must hold values in [0, 1]")
        return _grey(values, keep_grey)
    grey = picture.mode in ("1", "L", "LA", "La")
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    if grey:
        values = np.asarray(picture.convert("RGB").getchannel(0), np.float32) / 255
        return _grey(values, keep_grey)
    values = np.asarray(picture.convert("RGB")).transpose(2, 0, 1)[None]
    return torch.from_numpy(np.array(values, order="C")).to(torch.float32).div_(255)


def _grey(values: np.ndarray, keep_grey: bool) -> torch.Tensor:
    """(H, W) -> (1, 1, H, W), or three equal channels."""
    one = torch.from_numpy(values)[None, None]
    return one if keep_grey else one.repeat(1, 3, 1, 1)


def write(image: torch.Tensor, path: str | Path, quality: int = 95) -> Path:
    """Write one image; the ending of the name chooses the format.

    Args:
        image: (1, C, H, W) in [0, 1], C = 1 or 3; clamped and rounded to 8 bits.
        path: of the file: .png, .jpg, .webp ...; its folder must be there.
        quality: of JPEG and WebP, 0 to 100.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: more than one image, or an ending that Pillow cannot write.
    """
    picture = to_pillow(image)
    quality = check_whole(quality, "quality", 0, 100)
    path = _path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {str(path.parent)!r}; make it first")
    lossy = path.suffix.lower() in (".jpg", ".jpeg", ".webp")
    try:
        options: dict[str, Any] = {"quality": quality} if lossy else {}
        picture.save(path, **options)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"cannot write {path.name!r}: {error}; try .png or .jpg"
        ) from None
    return path


def to_pillow(image: torch.Tensor) -> Image.Image:
    """One image (1, C, H, W) in [0, 1] as Pillow's: 8 bits, L for C = 1, RGB for 3.

    Raises:
        TypeError, ValueError: see `srlab.images.check_image`; also for a batch.
    """
    array = to_uint8(check_one(image))[0].permute(1, 2, 0).cpu().numpy()  # (H, W, C)
    return Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)


def make_room(values: int) -> None:
    """Let Pillow optimise a JPEG of so many values, even of noise.

    It does so in one buffer, and its own guess of the size is too small for noise
    ("broken data stream when writing image file").
    """
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 2 * values + 2**16)
