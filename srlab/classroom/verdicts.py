# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Comparing a student's result with the right one, and saying in words what differs.

Nothing here ever prints the right value: it says how far off the student is.
"""

from __future__ import annotations

import functools
import linecache
import numbers
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
import torch

__all__ = ["Differs", "close", "explain_failure", "is_stub", "watch"]


class Differs(Exception):
    """Raised by a check: the sentence says what differs, never the answer."""


@dataclass
class Record:
    """What a watched function did while it was being checked."""

    calls: int = 0
    error: BaseException | None = None
    returned: list[Any] = field(default_factory=list)


def watch(fn: Callable) -> tuple[Callable, Record]:
    """Wrap a plain function so that its calls, errors and results are recorded."""
    record = Record()
    if not isinstance(fn, FunctionType):
        return fn, record

    @functools.wraps(fn)
    def watched(*args: Any, **kwargs: Any) -> Any:
        record.calls += 1
        try:
            result = fn(*args, **kwargs)
        except Exception as error:
            record.error = error
            raise
        record.error = None
        record.returned.append(result)
        return result

    return watched, record


# --- what went wrong inside the student's function ----------------------------------


def _own_frame(error: BaseException, fn: Callable) -> traceback.FrameSummary | None:
    """The innermost frame of an error that stands in the student's own cell."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return None
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == code.co_filename]
    return own[-1] if own else None


def is_stub(error: NotImplementedError, fn: Callable) -> bool:
    """True if the student's function still ends in its own NotImplementedError.

    Libraries raise the same class ("not implemented for 'Bool'"): those are errors.
    """
    frame = _own_frame(error, fn)
    if frame is None:
        return not isinstance(fn, FunctionType)
    last = traceback.extract_tb(error.__traceback__)[-1]
    if (last.filename, last.lineno) != (frame.filename, frame.lineno):
        return False
    line = frame.line or linecache.getline(frame.filename, frame.lineno or 0)
    return "NotImplementedError" in line if line else True


def _short(text: str, limit: int = 200) -> str:
    """The first line of a text, cut to a readable length."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= limit else line[: limit - 3] + "..."


def explain_failure(error: BaseException, fn: Callable, record: Record) -> str:
    """One or two sentences for an exception that came up during a check."""
    kind, message = type(error).__name__, _short(str(error)).rstrip(".")
    said = f"{kind}: {message}" if message else kind
    inside = record.error is error or not isinstance(fn, FunctionType)
    frame = _own_frame(error, fn) if inside else None
    if frame is not None:
        number = (frame.lineno or 0) - fn.__code__.co_firstlineno + 1
        own = frame.name == fn.__name__
        where = f"In line {number} of your function" if own else f"In `{frame.name}`"
        line = f", `{_short(frame.line)}`," if frame.line else ""
        return f"{where}{line} Python raised {said}."
    if record.error is error:
        return f"Calling your function raised {said}."
    if record.returned:
        got = describe(record.returned[-1])
        return f"Your function returned {got}, and that could not be used ({said})."
    return f"The check could not use your function ({said})."


# --- comparing ----------------------------------------------------------------------


def describe(value: Any) -> str:
    """What kind of thing a value is, in a few words, without its numbers."""
    if value is None:
        return "None (does it end with `return`?)"
    if isinstance(value, torch.Tensor):
        return f"a {str(value.dtype)[6:]} tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a numpy array of shape {value.shape}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def _compare_sequences(
    got: Any, want: Sequence, what: str, rtol: float, atol: float
) -> None:
    if not isinstance(got, (list, tuple)):
        raise Differs(f"{what} is {describe(got)}; it should be a tuple or a list.")
    if len(got) != len(want):
        few = "few" if len(got) < len(want) else "many"
        raise Differs(f"{what} has {len(got)} entries: too {few}.")
    for number, (one, right) in enumerate(zip(got, want, strict=True), 1):
        close(one, right, f"{what}, entry {number},", rtol, atol)


def _as_tensor(got: Any, want: Any, what: str) -> torch.Tensor:
    """The student's value as float64, its kind and shape checked against the right."""
    if isinstance(want, torch.Tensor) and want.ndim:
        if not isinstance(got, torch.Tensor):
            raise Differs(f"{what} is {describe(got)}; it should be a tensor.")
        if got.shape != want.shape:
            raise Differs(f"{what} has the wrong shape: {tuple(got.shape)}.")
    elif isinstance(got, (torch.Tensor, np.ndarray)):
        if np.prod(got.shape) != 1 and np.shape(got) != np.shape(want):
            raise Differs(f"{what} is {describe(got)}; the shape is not right.")
    elif not isinstance(got, numbers.Number):
        raise Differs(f"{what} is {describe(got)}; it should be a number.")
    if isinstance(got, complex) or getattr(got, "dtype", None) in (
        torch.complex64,
        torch.complex128,
    ):
        raise Differs(f"{what} is complex; it should be real.")
    try:
        tensor = torch.as_tensor(got).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        raise Differs(f"{what} is {describe(got)}, which is not numbers.") from None
    return tensor.reshape(np.shape(want)) if tensor.numel() else tensor


def _percent(part: float) -> str:
    """A share in words, rounded to one figure: it hints, it does not tell."""
    if part < 0.01:
        return "less than 1 %"
    if part < 2:
        return f"about {100 * round(part, 1 if part >= 0.1 else 2):.0f} %"
    return f"about {part:.0f} times" if part < 1000 else "more than 1000 times"


def _times(ratio: float) -> str:
    """How many times, in words; a tenth counts where the number is not a whole one."""
    if 2 - 0.05 <= ratio <= 2 + 0.05:
        return "twice"
    if ratio < 10 and abs(ratio - round(ratio)) > 0.05:
        return f"about {ratio:.1f} times"
    return _percent(ratio)


def _how_far(got: float, want: float) -> str:
    """How one number differs from the right one, in words."""
    if want == 0:
        return "is too large" if got > 0 else "is too small"
    if abs(got + want) <= 1e-3 * abs(want):
        return "has the wrong sign"
    ratio = got / want
    if ratio >= 1.95:
        return f"is {_times(ratio)} too large"
    side = "large" if got > want else "small"
    return f"is off by {_percent(abs(ratio - 1))} (too {side})"


def _tell(got: torch.Tensor, want: torch.Tensor, wrong: torch.Tensor) -> str:
    """How a tensor differs from the right one, in words."""
    flat = bool((got == got.flatten()[0]).all() and (want == want.flatten()[0]).all())
    if flat:  # a single number, or two pictures of one colour each
        return _how_far(got.flatten()[0].item(), want.flatten()[0].item())
    share = wrong.double().mean().item()
    spread = (want.max() - want.min()).item() or want.abs().max().item() or 1.0
    far = (got - want).abs().max().item() / spread
    where = "everywhere" if share == 1 else f"in {_percent(share)} of its values"
    off = (
        f"{_percent(far)} of their range" if far < 2 else f"{_percent(far)} their range"
    )
    return f"differs {where}, by up to {off}"


def close(
    got: Any, want: Any, what: str, rtol: float = 1e-3, atol: float = 1e-6
) -> None:
    """Raise Differs unless got is within atol + rtol * |want|; shapes must agree.

    got, want: numbers, tensors of any shape, or tuples and lists of those; `what`
    begins the sentence ("your PSNR of the blurred cat"). None, another kind, another
    shape, NaN and infinity each get their own words; the right value is never told.

    >>> close(20.001, 20.0, "the PSNR")
    >>> close(19.0, 20.0, "the PSNR")
    Traceback (most recent call last):
    srlab.classroom.verdicts.Differs: the PSNR is off by about 5 % (too small).
    """
    if got is None:
        raise Differs(f"{what} is None. Does your function end with `return`?")
    if isinstance(want, (list, tuple)):
        _compare_sequences(got, want, what, rtol, atol)
        return
    if isinstance(want, bool):
        if not isinstance(got, (bool, np.bool_)):
            raise Differs(f"{what} is {describe(got)}; it should be True or False.")
        if got != want:
            raise Differs(f"{what} is not right.")
        return
    value = _as_tensor(got, want, what)
    right = torch.as_tensor(want).detach().cpu().double()
    if value.isnan().any() and not right.isnan().any():
        raise Differs(f"{what} holds NaN (not a number): look for 0/0 or log of < 0.")
    if value.isinf().any() and not right.isinf().any():
        raise Differs(f"{what} is infinite: look for a division by zero.")
    same = torch.isclose(value, right, rtol=rtol, atol=atol, equal_nan=True)
    if same.all():
        return
    if not torch.isfinite(right).all():
        raise Differs(f"{what} is finite where it should not be.")
    raise Differs(f"{what} {_tell(value, right, ~same)}.")
