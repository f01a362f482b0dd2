# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Images at the door: read, write, check, and the luma that every table is in.

An image is a float32 tensor ``(B, C, H, W)`` in ``[0, 1]``, RGB unless it says luma.

Luma and chroma: ITU-R BT.601, studio swing, as MATLAB's ``rgb2ycbcr`` computes them;
Pillow's and OpenCV's YCbCr are full range and give other numbers.
"""

from __future__ import annotations

import io
import warnings
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

__all__ = [
    "check_image",
    "check_pair",
    "check_tensor",
    "check_whole",
    "crop_to_multiple",
    "from_uint8",
    "luma",
    "make_room",
    "photo",
    "photo_names",
    "read",
    "rgb",
    "round8",
    "shave",
    "to_uint8",
    "write",
    "ycbcr",
]

MAX_PIXELS = 100_000_000  # refuse a decompression bomb; a phone has 12 to 50 million
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
_OVERSHOOT = 0.5  # interpolation leaves [0, 1] a little; 0..255 does so by far

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

# BT.601 studio swing: Y = 16 + 65.481 R + 128.553 G + 24.966 B for R, G, B in [0, 1].
_FROM_RGB = torch.tensor(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ],
    dtype=torch.float64,
)
_OFFSET = torch.tensor([16.0, 128.0, 128.0], dtype=torch.float64)


def check_image(
    image: torch.Tensor, name: str = "image", channels: tuple[int, ...] = (1, 3)
) -> torch.Tensor:
    """Let a good image through; say in one sentence what is wrong with another.

    Args:
        image: (B, C, H, W) float in [0, 1]. The overshoot of an interpolation, up to
            0.5 on either side, is let through; 0..255 is not.
        name: what the message calls it.
        channels: the numbers of channels that are accepted.

    Raises:
        TypeError: not a float tensor.
        ValueError: wrong shape, empty, NaN or infinite, or out of range.
    """
    check_tensor(image, name)
    if image.dtype not in FLOATS:
        raise TypeError(
            f"{name} holds {image.dtype}; expected float in [0, 1]: "
            "srlab.images.from_uint8 divides by 255"
        )
    if image.ndim != 4 or image.shape[1] not in channels:
        wanted = " or ".join(str(c) for c in channels)
        raise ValueError(
            f"{name} has the shape {tuple(image.shape)}; expected (B, C, H, W) "
            f"with C = {wanted}; image[None] adds a missing batch axis"
        )
    if image.numel() == 0:
        raise ValueError(f"{name} is empty: its shape is {tuple(image.shape)}")
    low, high = (v.item() for v in torch.aminmax(image.detach()))
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError(f"{name} holds NaN or infinite values")
    if low < -_OVERSHOOT or high > 1 + _OVERSHOOT:
        raise ValueError(
            f"{name} goes from {low:.4g} to {high:.4g}; expected [0, 1]: "
            "divide 0..255 by 255, or .clamp(0, 1) what overshoots"
        )
    return image


def check_tensor(image: torch.Tensor, name: str = "image") -> torch.Tensor:
    """A dense tensor (..., H, W) with values in it; else TypeError or ValueError."""
    if not isinstance(image, torch.Tensor):
        raise TypeError(
            f"{name} is a {type(image).__name__}; expected a torch tensor "
            "(B, C, H, W) in [0, 1], as srlab.photo or srlab.images.read give it"
        )
    if image.layout != torch.strided or image.is_meta:
        raise TypeError(f"{name} is sparse or without values; expected a dense tensor")
    if image.ndim < 2:
        raise ValueError(
            f"{name} has the shape {tuple(image.shape)}; expected (B, C, H, W)"
        )
    return image


def check_whole(value: int, name: str, low: int, high: int = 2**31) -> int:
    """A whole number from low to high as an int; else ValueError that names it."""
    try:
        whole = int(value)
        good = not isinstance(value, bool | str) and whole == value
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good or not low <= whole <= high:
        limits = f"{low} to {high}" if high < 2**31 else f"at least {low}"
        raise ValueError(f"{name} must be a whole number, {limits}, not {value!r:.60}")
    return whole


def check_pair(
    x: torch.Tensor, y: torch.Tensor, channels: tuple[int, ...] = (1, 3)
) -> None:
    """Two images of one shape, each as `check_image` wants it; else ValueError."""
    check_image(x, "the first image", channels)
    check_image(y, "the second image", channels)
    if x.shape != y.shape:
        raise ValueError(
            f"the images differ in shape: {tuple(x.shape)} and {tuple(y.shape)}; "
            "compare images of one size (srlab.imresize, srlab.images.shave)"
        )


def photo_names() -> list[str]:
    """Names of the photographs that come with the libraries; no network is needed."""
    return sorted(_PHOTOS)


def photo(name: str | Path) -> torch.Tensor:
    """A shipped photograph by name, or any picture of yours by its path.

    Returns:
        (1, 3, H, W) float32 in [0, 1]; grey pictures have three equal channels.

    Raises:
        FileNotFoundError: neither a known name nor a file; the message lists the names.

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
    raise FileNotFoundError(
        f"no photograph and no file is called {str(name)!r}; "
        f"the names are: {', '.join(photo_names())}"
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
        TypeError: no path, file or bytes.
        ValueError: a folder, no picture, a truncated one, one that may not be read, or
            one of over 100 million pixels.
    """
    if isinstance(file, (str, Path)):
        source, name = _path(file), f"{str(file)!r}"
        if source.is_dir():
            raise ValueError(f"{name} is a folder; expected one picture file")
        if not source.exists():
            raise FileNotFoundError(f"no file {name}; check the path")
        if not source.is_file():  # a pipe would be waited for without end
            raise ValueError(f"{name} is no regular file; expected a picture file")
    elif isinstance(file, (bytes, bytearray, memoryview)):
        source, name = io.BytesIO(file), "the data"
    elif hasattr(file, "read") and hasattr(file, "seek"):
        source, name = file, "the open file"
    else:
        raise TypeError(
            f"read takes a path, bytes or a file open in binary mode, not a "
            f"{type(file).__name__}"
        )
    return _tensor(_open(source, name), keep_grey)


def _path(path: str | Path) -> Path:
    """The path with its ~ written out; ValueError for what can be no path."""
    if not isinstance(path, str | Path):
        raise TypeError(f"expected a path, not a {type(path).__name__}: {path!r:.60}")
    try:
        full = Path(path).expanduser()
        full.exists()  # a name that is too long is found now
    except (RuntimeError, OSError, ValueError) as error:
        raise ValueError(f"{str(path)[:60]!r} is no usable path: {error}") from None
    return full


def _open(source, name: str) -> Image.Image:
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
        quality: of JPEG and WebP, 0 to 100.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: more than one image, or an ending that Pillow cannot write.
    """
    check_image(image)
    if image.shape[0] != 1:
        raise ValueError(f"write takes one image, not a batch of {image.shape[0]}")
    quality = check_whole(quality, "quality", 0, 100)
    path = _path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {str(path.parent)!r}; make it first")
    array = to_uint8(image)[0].permute(1, 2, 0).cpu().numpy()  # (H, W, C)
    picture = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
    lossy = path.suffix.lower() in (".jpg", ".jpeg", ".webp")
    try:
        picture.save(path, **({"quality": quality} if lossy else {}))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"cannot write {path.name!r}: {error}; try .png or .jpg"
        ) from None
    return path


def make_room(values: int) -> None:
    """Let Pillow optimise a JPEG of so many values, even of noise.

    It does so in one buffer, and its own guess of the size is too small for noise
    ("broken data stream when writing image file").
    """
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 2 * values + 2**16)


def to_uint8(image: torch.Tensor) -> torch.Tensor:
    """[0, 1] -> 0..255, clamped, rounded half up as MATLAB does; shape unchanged.

    >>> to_uint8(torch.tensor([0.0, 0.5, 1.0, 1.2])).tolist()
    [0, 128, 255, 255]
    """
    _check_float(image)
    return (image * 255 + 0.5).clamp_(0, 255).to(torch.uint8)  # cuts the fraction off


def from_uint8(image: torch.Tensor) -> torch.Tensor:
    """0..255 (uint8) -> float32 in [0, 1]; shape unchanged."""
    if not isinstance(image, torch.Tensor) or image.dtype != torch.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"expected uint8 values, got {kind}")
    return image.to(torch.float32) / 255


def round8(image: torch.Tensor) -> torch.Tensor:
    """Clamp to [0, 1] and round to the 1/255 grid: what a file would hold."""
    _check_float(image)
    return (image * 255 + 0.5).clamp(0, 255).floor() / 255


def _check_float(image: torch.Tensor) -> None:
    """Any shape, but numbers that mean [0, 1]: 0..255 would come out all white."""
    if not isinstance(image, torch.Tensor) or image.dtype not in FLOATS:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"expected a float tensor in [0, 1], got {kind}")
    if image.isnan().any():
        raise ValueError("the image holds NaN; no 8-bit value stands for it")


def ycbcr(image: torch.Tensor) -> torch.Tensor:
    r"""RGB -> Y, Cb, Cr of BT.601 in studio swing, divided by 255.

    $Y = (16 + 65.481 R + 128.553 G + 24.966 B) / 255$: black is 16/255, white 235/255.

    Args:
        image: (B, 3, H, W) in [0, 1].

    Returns:
        (B, 3, H, W); Y in [16, 235] / 255, Cb and Cr in [16, 240] / 255.
    """
    check_image(image, channels=(3,))
    matrix = (_FROM_RGB / 255).to(image)
    offset = (_OFFSET / 255).to(image)
    return torch.einsum("ij,bjhw->bihw", matrix, image) + offset.view(1, 3, 1, 1)


def rgb(image: torch.Tensor) -> torch.Tensor:
    """The inverse of `ycbcr`: (B, 3, H, W) Y, Cb, Cr -> RGB, not clamped."""
    check_image(image, "the YCbCr image", channels=(3,))
    matrix = torch.linalg.inv(_FROM_RGB / 255).to(image)
    offset = (_OFFSET / 255).to(image)
    return torch.einsum("ij,bjhw->bihw", matrix, image - offset.view(1, 3, 1, 1))


def luma(image: torch.Tensor) -> torch.Tensor:
    """The Y of `ycbcr`: (B, 3, H, W) -> (B, 1, H, W) in [16, 235] / 255.

    An image of one channel is luma already and comes back as it is.

    >>> round(luma(torch.ones(1, 3, 1, 1)).item() * 255)
    235
    """
    check_image(image)
    if image.shape[1] == 1:
        return image
    r, g, b = image.split(1, dim=1)  # (B, 1, H, W) each
    return (r * 65.481 + g * 128.553 + b * 24.966 + 16.0) / 255


def crop_to_multiple(image: torch.Tensor, multiple: int) -> torch.Tensor:
    """Cut right and bottom so that H and W are multiples (the papers' mod-crop)."""
    multiple = check_whole(multiple, "multiple", 1)
    height, width = (n - n % multiple for n in check_tensor(image).shape[-2:])
    if not height or not width:
        raise ValueError(
            f"an image of {image.shape[-2]} x {image.shape[-1]} pixels has no "
            f"multiple of {multiple} in it"
        )
    return image[..., :height, :width]


def shave(image: torch.Tensor, border: int) -> torch.Tensor:
    """Cut `border` pixels from each side, as the tables do before they measure."""
    border = check_whole(border, "border", 0)
    check_tensor(image)
    if 2 * border >= min(image.shape[-2:]):
        raise ValueError(
            f"nothing is left of {image.shape[-2]} x {image.shape[-1]} pixels "
            f"after {border} are cut from each side"
        )
    end = -border or None
    return image[..., border:end, border:end]
