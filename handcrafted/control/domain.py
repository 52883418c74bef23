"""What values a signal can take, and how they stand in the residual stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.errors import HandcraftedError

Value = str | float
"""A value of a signal: a word for a discrete one, a number for a real one."""


@dataclass(frozen=True)
class Domain:
    """The values of a signal: a list of words (one coordinate each) or a range of numbers (one coordinate).

    Attributes:
        values: the words of a discrete signal, empty for a real one.
        low: lower end of a real signal's range, in `unit`.
        high: upper end of a real signal's range, in `unit`.
        unit: the unit of a real signal, for reading only.
        resolution: the step to which the sensor rounds, in `unit`; None where it does not.
    """

    values: tuple[str, ...] = ()
    low: float = -1.0
    high: float = 1.0
    unit: str | None = None
    resolution: float | None = None

    @property
    def discrete(self) -> bool:
        """Whether the signal is a word and not a number."""
        return bool(self.values)

    @property
    def width(self) -> int:
        """How many coordinates of the residual stream the signal takes."""
        return len(self.values) if self.values else 1

    @property
    def default_initial(self) -> Value:
        """The value before t = 0 where none is declared: the first word, or the point of the range nearest 0."""
        return self.values[0] if self.values else float(min(max(0.0, self.low), self.high))

    def encode(self, value: Value) -> np.ndarray:
        """Give the coordinates [width] of one value: one-hot for a word, the number itself otherwise.

        Raises:
            HandcraftedError: if a word is not one of the values.
        """
        if not self.values:
            return np.array([value], np.float32)
        if value not in self.values:
            raise HandcraftedError(f"Expected one of {', '.join(self.values)}, got {value!r}. Name one of them.")
        return np.eye(len(self.values), dtype=np.float32)[self.values.index(str(value))]

    def __str__(self) -> str:
        if self.values:
            return ", ".join(self.values)
        return f"{self.low:g} … {self.high:g}" + (f" {self.unit}" if self.unit else "")
