"""Array entries by name, such as `W_in[0, 3, 5]`, and the numbers that may stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from handcrafted.control.numbers import as_numbers
from handcrafted.model.weights import FIELD_AXES, Weights
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown


def entry_name(array: str, index: tuple[int, ...]) -> str:
    """Write an array entry as `W_in[0, 3, 5]`."""
    return f"{array}[{', '.join(map(str, index))}]"


def places_in(marked: Any) -> Iterator[tuple[int, ...]]:
    """Give the index of every entry of an array that is marked, or not zero."""
    return (tuple(index) for index in np.argwhere(np.asarray(marked)).tolist())


def parse_entry(text: str, weights: Weights) -> tuple[str, tuple[int, ...]]:
    """Read an array entry such as `W_in[0, 3, 5]`.

    Raises:
        HandcraftedError: if it is none of these arrays.
    """
    must_be(text, str, "an array entry such as `W_in[0, 3, 5]`")
    match = re.fullmatch(r"\s*(\w+)\s*\[\s*([\d,\s]*)\]\s*", text)
    if match is None or match[1] not in FIELD_AXES:
        near = nearest(match[1] if match else "", FIELD_AXES)
        raise HandcraftedError(f"Expected an array entry such as W_in[0, 3, 5], got {shown(text)}.{near}")
    numbers = [i.strip() for i in match[2].split(",") if i.strip()]
    index, shape = tuple(int(i) for i in numbers if i.isdigit() and len(i) < 10), np.shape(weights[match[1]])
    if len(index) != len(shape) or any(i >= size for i, size in zip(index, shape, strict=True)):
        raise HandcraftedError(
            f"Expected an entry of {match[1]}, whose shape is {shape}, got {shown(text)}. Count from 0."
        )
    return match[1], index


def checked_number(entry: str, value: Any) -> np.float32:
    """Check a number for an entry.

    Raises:
        HandcraftedError: if it is none, not finite, or beyond float32.
    """
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = np.float32(as_numbers(entry, value)) if plain else np.float32(np.nan)
    if not np.isfinite(number):
        raise HandcraftedError(
            f"Expected a finite number that float32 holds for {entry}, got {shown(value)}. Give one."
        )
    return number
