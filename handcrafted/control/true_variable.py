"""A variable of the true state, told apart by whose it is."""

from __future__ import annotations

from typing import NamedTuple


class TrueVariable(NamedTuple):
    """Something that is so, whatever anybody believes: where it is made, and its name.

    Attributes:
        owner: the component that it comes from; empty for what comes from outside every component.
    """

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner or '(outside)'}.{self.name}"
