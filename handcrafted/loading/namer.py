"""Names for subspaces: each its own within its owner and role."""

from __future__ import annotations

from collections.abc import Container, Set

from handcrafted.control.graph import Signal


def unique(name: str, *taken: Container[str], endings: tuple[str, ...] = ("",)) -> str:
    """Return `name`, or `name#2`, `name#3`, … if it is taken, with every ending that must be free too."""
    number, candidate = 1, name
    while any(candidate + ending in names for ending in endings for names in taken):
        number += 1
        candidate = f"{name}#{number}"
    return candidate


class Namer:
    """Gives each subspace its own name within (owner, role)."""

    def __init__(self):
        self.taken: dict[tuple[str, str], set[str]] = {}

    def new(
        self, owner: str, role: str, name: str, also: Set[str] = frozenset(), endings: tuple[str, ...] = ("",)
    ) -> Signal:
        """Name a subspace; `also` are further names to avoid, `endings` what must be free beside it."""
        taken = self.taken.setdefault((owner, role), set())
        chosen = unique(name, taken, also, endings=endings)
        taken |= {chosen + ending for ending in endings}
        return Signal(owner, role, chosen)
