"""Numbers and arrays that a user passes, checked by type and shape; shapes are known even of what is being traced."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from handcrafted.control.parts import MAX_WHOLE
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown

SHORT_FLOATS = "bfloat", "float8", "float6", "float4"
"""Floats that numpy knows no kind of."""


def is_numeric(dtype: Any) -> bool:
    """Whether an array of a type holds real numbers: floats of any size, whole numbers, truth values."""
    return np.dtype(dtype).kind in "fiub" or np.dtype(dtype).name.startswith(SHORT_FLOATS)


def held_by_jax(value: Any) -> bool:
    """Whether JAX holds or traces a value; where it was never imported it holds none."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array)


def as_numbers(what: str, value: Any) -> Any:
    """Return an array of float32; what JAX holds or traces stays there.

    Raises:
        HandcraftedError: if it is no array of numbers.
    """
    if held_by_jax(value):
        if not is_numeric(value.dtype):
            raise HandcraftedError(f"Expected numbers for {what}, got {value.dtype}. Give a number or an array.")
        return value if value.dtype == np.float32 else value.astype(np.float32)
    try:
        array = np.asarray(value)
    except Exception:  # ragged lists, and things that promise an array and give none
        array = None
    if array is None or not is_numeric(array.dtype):
        raise HandcraftedError(f"Expected numbers for {what}, got {shown(value)}. Give a number or an array.") from None
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def finite_numbers(what: str, value: Any) -> np.ndarray:
    """Return an array of finite numbers as float32.

    Raises:
        HandcraftedError: if it is none.
    """
    array = np.asarray(as_numbers(what, value))
    if not np.isfinite(array).all():
        raise HandcraftedError(f"Expected finite numbers for {what}, got NaN or infinity. Mend them.")
    return array


def must_have_axes(what: str, array: Any, sizes: Mapping[str, int], *forms: tuple[str, ...]) -> None:
    """Refuse an array that has none of some forms: axes by name, of a known size or of any.

    Raises:
        HandcraftedError: with the shape that would fit and the one that was got.
    """
    shape = np.shape(array)
    for form in forms:
        if len(form) == len(shape) and all(sizes.get(axis, n) == n for axis, n in zip(form, shape, strict=True)):
            return
    told = lambda axis: f"{axis} = {sizes[axis]}" if axis in sizes else axis
    wanted = " or ".join(f"[{', '.join(map(told, form))}]" for form in forms)
    raise HandcraftedError(f"Expected {what} of the shape {wanted}, got {shown(shape)}. Reshape it.")


def whole(what: str, value: Any, low: int = 0, high: int = MAX_WHOLE) -> int:
    """Return a whole number within limits; `what` says what it is of, as in `a whole number of steps`.

    Raises:
        HandcraftedError: if it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        limits = f"from {low:,} up" if high == MAX_WHOLE else f"from {low:,} to {high:,}"
        raise HandcraftedError(f"Expected {what} {limits}, got {shown(value)}. Choose another.")
    return int(value)


def real(what: str, value: Any, low: float = -np.inf) -> float:
    """Return a finite number at or above a limit.

    Raises:
        HandcraftedError: if it is none.
    """
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = float(np.asarray(as_numbers(what, value))) if plain else np.nan
    if not np.isfinite(number) or number < low:
        limit = "" if low == -np.inf else f" of at least {low:g}"
        raise HandcraftedError(f"Expected {what}, a finite number{limit}, got {shown(value)}. Choose another.")
    return number
