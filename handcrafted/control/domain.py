"""What values a signal can take, and how they stand in the residual stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed, shown

Value = str | float
"""A value of a signal: a word for a discrete one, a number for a real one."""

Remembered = Value | tuple[float, ...]
"""What a law remembers: a value, or several numbers."""


@dataclass(frozen=True)
class Domain:
    """The values of a signal: a list of words (one coordinate each), or numbers in a range (mostly one).

    Attributes:
        values: the words of a discrete signal, empty for a real one.
        low: lower end of a real signal's range, in `unit`.
        high: upper end of a real signal's range, in `unit`.
        unit: the unit of a real signal, for reading only.
        resolution: the step to which the sensor rounds, in `unit`; None where it does not.
        count: how many numbers it is; more than one for the state of a law alone.
    """

    values: tuple[str, ...] = ()
    low: float = -1.0
    high: float = 1.0
    unit: str | None = None
    resolution: float | None = None
    count: int = 1

    @property
    def discrete(self) -> bool:
        """Whether the signal is a word and not a number."""
        return bool(self.values)

    @property
    def width(self) -> int:
        """How many coordinates of the residual stream the signal takes."""
        return len(self.values) or self.count

    @property
    def default_initial(self) -> Value:
        """The value before t = 0 where none is declared: the first word, or the point of the range nearest 0."""
        return self.values[0] if self.values else float(min(max(0.0, self.low), self.high))

    def encode(self, value: Remembered) -> np.ndarray:
        """Return the coordinates [width] of one value: one-hot for a word, the number itself otherwise.

        Raises:
            HandcraftedError: if a word is not one of the values.
        """
        if not self.values:
            return np.array(value, np.float32).reshape(self.width)
        if value not in self.values:
            raise HandcraftedError(f"Expected one of {listed(self.values)}, got {shown(value)}. Name one of them.")
        hot = np.zeros(len(self.values), np.float32)
        hot[self.values.index(str(value))] = 1
        return hot

    def rounded(self, numbers: np.ndarray) -> np.ndarray:
        """Round numbers to the resolution, as the sensor does, in float32; unchanged where there is none."""
        if self.resolution is None:
            return numbers
        return np.rint(numbers / self.resolution).astype(np.float32) * np.float32(self.resolution)

    def points(self, most: int) -> np.ndarray | None:
        """Return the coordinates [point, width] of all values; None where there are more than `most`."""
        if self.values:
            return np.eye(len(self.values))
        if self.resolution is None or (self.high - self.low) / self.resolution >= most:
            return None
        assert self.count == 1
        steps = np.arange(np.ceil(self.low / self.resolution), np.floor(self.high / self.resolution) + 1)
        return self.rounded(steps * self.resolution)[:, None]

    def __str__(self) -> str:
        if self.values:
            return listed(self.values)
        return f"{self.low:g} … {self.high:g}" + (f" {self.unit}" if self.unit else "")


def issue_values(domain: Domain, chosen: object = None) -> tuple[Value, Value]:
    """Return the values of an action that is withheld and of one that is issued.

    A discrete action is issued with its second value (or the `value` that the parameters choose) and withheld with
    its first; a real one is issued at the upper end of its range and withheld at the lower end.

    Raises:
        HandcraftedError: if a discrete action has fewer than two values, or the chosen one is not among them.
    """
    if not domain.discrete:
        return domain.low, domain.high
    if len(domain.values) < 2:
        raise HandcraftedError(
            f"Expected an action with at least two values, got {domain}. Add the value that issues it."
        )
    if chosen is not None and chosen not in domain.values[1:]:
        raise HandcraftedError(
            f"Expected `value` to be one of {listed(domain.values[1:])}, got {shown(chosen)}. Choose one."
        )
    return domain.values[0], str(chosen) if chosen is not None else domain.values[1]
