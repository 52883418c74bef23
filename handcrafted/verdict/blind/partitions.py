"""Which parts may make up one controller: what the weights leave open, and what the grammar of roles closes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handcrafted.readout.blind.parts import Parts

MOST_PARTS = 10
"""Up to how many parts every grouping is looked at; there are 115,975 of ten."""

Grouping = tuple[tuple[int, ...], ...]
"""Numbers of parts, group by group."""


@dataclass(frozen=True)
class Partitions:
    """The groupings of parts into controllers that nothing speaks against.

    Attributes:
        parts: how many parts there are.
        consistent: groupings in which no controller sends a link to itself; None beyond `MOST_PARTS` parts.
        grammatical: those in which each controller also receives feedback or an order, and acts or reports: it has
            both ends of the chain feedback, modelling, processing, action.
    """

    parts: int
    consistent: tuple[Grouping, ...] | None
    grammatical: tuple[Grouping, ...] | None

    def __str__(self) -> str:
        if self.consistent is None or self.grammatical is None:
            return f"{self.parts} parts, merge not determined; too many to list"
        open_, closed = len(self.consistent), len(self.grammatical)
        return f"{self.parts} parts, merge not determined: {open_} groupings, {closed} by the grammar of roles"


def partitions(found: Parts) -> Partitions:
    """List how parts may be grouped into controllers.

    A link is sent from one controller to another, so its two ends never belong together; else any parts may.
    """
    count = len(found.members)
    if count > MOST_PARTS:
        return Partitions(count, None, None)
    apart = {
        frozenset((link.source, link.target))
        for link in found.links
        if isinstance(link.source, int) and isinstance(link.target, int)
    }
    hears = {link.target for link in found.links if isinstance(link.target, int)}
    acts = {link.source for link in found.links if isinstance(link.source, int)}
    consistent = tuple(_groupings(count, apart))
    whole = lambda group: not hears.isdisjoint(group) and not acts.isdisjoint(group)
    return Partitions(count, consistent, tuple(one for one in consistent if all(map(whole, one))))


def _groupings(count: int, apart: set[frozenset[int]]) -> Iterator[Grouping]:
    """Put one part after the other into each group that it may join, or into a new one."""

    def place(part: int, groups: list[list[int]]) -> Iterator[Grouping]:
        if part == count:
            yield tuple(map(tuple, groups))
            return
        for members in groups:
            if all(frozenset((part, other)) not in apart for other in members):
                members.append(part)
                yield from place(part + 1, groups)
                members.pop()
        yield from place(part + 1, [*groups, [part]])

    yield from place(0, [])
