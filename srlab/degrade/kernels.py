# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Blur kernels: four families of bells, and the sinc filter that rings.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN", 2021, arXiv:2107.10833, section 3.1
and 3.3. Computed in float64, on the CPU: they are small.

Convention: x counts columns to the right and y rows downward from the middle tap, in
pixels; sigma_x lies along the axis that the angle turns from x towards y (radians), so
that an angle of pi / 4 leans to the lower right.
"""

from __future__ import annotations

import math

import torch

from srlab.images import check_whole

__all__ = [
    "SIZES",
    "anisotropic",
    "bells",
    "generalised",
    "isotropic",
    "plateau",
    "pulse",
    "sinc",
]

SIZES = (7, 9, 11, 13, 15, 17, 19, 21)  # taps a side, as Real-ESRGAN draws them
Numbers = float | torch.Tensor  # one number, or (B,) of them


def isotropic(
    size: int | torch.Tensor, sigma: Numbers, to: int | None = None
) -> torch.Tensor:
    r"""A round Gaussian: $k \propto \exp(-\frac{x^2 + y^2}{2 \sigma^2})$.

    Args:
        size: taps a side, odd, or (B,) of them.
        sigma: standard deviation in pixels, above 0, or (B,) of them.
        to: side of the result, odd: smaller kernels get zeros around them. The largest
            size where it is not given.

    Returns:
        (to, to) float32 that sums to 1; (B, to, to) where an argument is (B,).

    Raises:
        ValueError: an even size, a size above `to`, a sigma that is not above 0.

    >>> isotropic(3, 1e-3).tolist()[1]
    [0.0, 1.0, 0.0]
    """
    return generalised(size, sigma, sigma, 0.0, 1.0, to)


def anisotropic(
    size: int | torch.Tensor,
    sigma_x: Numbers,
    sigma_y: Numbers,
    angle: Numbers = 0.0,
    to: int | None = None,
) -> torch.Tensor:
    r"""An oval Gaussian: $k \propto \exp(-\frac{1}{2} c^T \Sigma^{-1} c)$, c = (x, y).

    $\Sigma = R \, \mathrm{diag}(\sigma_x^2, \sigma_y^2) \, R^T$, R the rotation by the
    angle. Arguments, result and errors as for `isotropic`.
    """
    return generalised(size, sigma_x, sigma_y, angle, 1.0, to)


def generalised(
    size: int | torch.Tensor,
    sigma_x: Numbers,
    sigma_y: Numbers,
    angle: Numbers = 0.0,
    beta: Numbers = 1.0,
    to: int | None = None,
) -> torch.Tensor:
    r"""$k \propto \exp(-\frac{1}{2} (c^T \Sigma^{-1} c)^\beta)$: a bell of any shape.

    beta 1 is the Gaussian, below 1 a sharper peak with long tails, above a flatter top.
    Other arguments, result and errors as for `anisotropic`.
    """
    return bells(False, size, sigma_x, sigma_y, angle, beta, to)


def plateau(
    size: int | torch.Tensor,
    sigma_x: Numbers,
    sigma_y: Numbers,
    angle: Numbers = 0.0,
    beta: Numbers = 1.0,
    to: int | None = None,
) -> torch.Tensor:
    r"""$k \propto \frac{1}{1 + (c^T \Sigma^{-1} c)^\beta}$: heavy tails.

    The top is flat where beta is above 1; at 1 it is sharper than the Gaussian's.
    Arguments, result and errors as for `generalised`.
    """
    return bells(True, size, sigma_x, sigma_y, angle, beta, to)


def bells(
    flat: bool | torch.Tensor,
    size: int | torch.Tensor,
    sigma_x: Numbers,
    sigma_y: Numbers,
    angle: Numbers = 0.0,
    beta: Numbers = 1.0,
    to: int | None = None,
) -> torch.Tensor:
    """`plateau` where `flat`, or (B,) of bools, is true, else `generalised`."""
    columns, one = _columns(
        flat=flat, size=size, sigma_x=sigma_x, sigma_y=sigma_y, angle=angle, beta=beta
    )
    flat, size, sigma_x, sigma_y, angle, beta = columns
    for value, name in ((sigma_x, "sigma_x"), (sigma_y, "sigma_y"), (beta, "beta")):
        _positive(value, name)
    x, y, inside = _grid(size, to)
    u = x * angle.cos() + y * angle.sin()  # along the turned axes: Sigma is diagonal
    v = y * angle.cos() - x * angle.sin()
    distance = ((u / sigma_x) ** 2 + (v / sigma_y) ** 2) ** beta
    kernel = torch.where(flat > 0, 1 / (1 + distance), torch.exp(-0.5 * distance))
    return _unit(kernel, inside, one)


def sinc(
    size: int | torch.Tensor, cutoff: Numbers, to: int | None = None
) -> torch.Tensor:
    r"""The round low-pass filter, cut off at `size` taps: it leaves ringing at edges.

    $k \propto \frac{\omega_c}{2 \pi r} J_1(\omega_c r)$ with $r^2 = x^2 + y^2$, and
    $\frac{\omega_c^2}{4 \pi}$ in the middle; $J_1$ is a Bessel function.

    Args:
        cutoff: $\omega_c$ in radians a pixel, above 0, up to pi (all that pixels hold).
        size, to: as for `isotropic`, and so the result and the errors.
    """
    (size, cutoff), one = _columns(size=size, cutoff=cutoff)
    _positive(cutoff, "cutoff", math.pi)
    x, y, inside = _grid(size, to)
    r = (x**2 + y**2).sqrt()
    kernel = cutoff / (2 * math.pi * r) * torch.special.bessel_j1(cutoff * r)
    kernel = torch.where(r == 0, cutoff**2 / (4 * math.pi), kernel)
    return _unit(kernel, inside, one)


def pulse(size: int) -> torch.Tensor:
    """The kernel that changes nothing: (size, size), 1 in the middle, else 0.

    >>> pulse(3).tolist()[1]
    [0.0, 1.0, 0.0]
    """
    size = _odd(size, "size")
    kernel = torch.zeros(size, size)
    kernel[size // 2, size // 2] = 1
    return kernel


def _unit(kernel: torch.Tensor, inside: torch.Tensor, one: bool) -> torch.Tensor:
    """Zero outside, sum 1, float32; without the axis B where no argument had it."""
    kernel = torch.where(inside, kernel, 0.0)
    kernel = (kernel / kernel.sum(dim=(1, 2), keepdim=True)).float()
    return kernel[0] if one else kernel


def _grid(
    size: torch.Tensor, to: int | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x (1, 1, k), y (1, k, 1) in pixels, and which taps are inside (B, k, k)."""
    largest = int(size.max())
    to = largest if to is None else _odd(to, "to")
    if largest > to:
        raise ValueError(f"a kernel of {largest} taps does not fit into to={to}")
    t = torch.arange(to, dtype=torch.float64) - to // 2
    x, y = t.view(1, 1, -1), t.view(1, -1, 1)
    return x, y, torch.maximum(x.abs(), y.abs()) <= (size - 1) / 2


def _columns(**values: Numbers | bool) -> tuple[list[torch.Tensor], bool]:
    """Each as (B or 1, 1, 1) float64 on the CPU, and whether all were numbers."""
    columns = {}
    for name, value in values.items():
        try:
            column = torch.as_tensor(value, dtype=torch.float64, device="cpu")
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"{name} must be numbers, not {value!r:.60}") from None
        if column.ndim > 1 or not column.numel() or not column.isfinite().all():
            raise ValueError(
                f"{name} must be a finite number or (B,) of them, not {value!r:.60}"
            )
        columns[name] = column
    lengths = {len(column) for column in columns.values() if column.ndim}
    if len(lengths - {1}) > 1:
        raise ValueError(f"the arguments are of different lengths: {sorted(lengths)}")
    if ((columns["size"] % 2 != 1) | (columns["size"] < 1)).any():
        raise ValueError(f"size must be odd, such as 21, not {values['size']!r:.60}")
    made = [column.reshape(-1, 1, 1) for column in columns.values()]
    return made, not lengths


def _odd(value: int, name: str) -> int:
    value = check_whole(value, name, 1, 2**15)
    if value % 2 == 0:
        raise ValueError(f"{name} must be odd, such as 21, not {value!r}")
    return value


def _positive(value: torch.Tensor, name: str, most: float = math.inf) -> None:
    if (value <= 0).any() or (value > most + 1e-6).any():
        limit = "" if math.isinf(most) else f" and at most {most:.4g}"
        raise ValueError(
            f"{name} must be above 0{limit}, not {value.flatten().tolist()!r:.60}"
        )
