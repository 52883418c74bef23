"""Numbers as exact text, and arrays as bytes, as a statement has them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from safetensors.numpy import save

from handcrafted.model.transformer import Transformer


def text(number: Any) -> str:
    """Write a number down exactly: a float32 by its bits, any other by its decimals."""
    if isinstance(number, np.floating):
        return str(Fraction(float(number)))
    return str(Fraction(number) if isinstance(number, Fraction | int) else Fraction(repr(float(number))))


def around(low: Any, high: Any) -> list[str]:
    """Return ends between which both the numbers as written and their float32 numbers lie."""
    return [str(min(Fraction(text(low)), held(low))), str(max(Fraction(text(high)), held(high)))]


def held(number: float) -> Fraction:
    """Return the float32 number that a number becomes, exactly."""
    return Fraction(float(np.float32(number)))


def arrays_of(model: Transformer) -> bytes:
    """Return the effective arrays of a model, as a safetensors file."""
    return save({name: np.asarray(array, np.float32) for name, array in model.effective_weights.dense().items()})
