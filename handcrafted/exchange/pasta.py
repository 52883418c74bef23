"""What a `.stpa` text of PASTA says, as a plain tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PastaEntry:
    """Something with an id: a loss, a hazard, a constraint, an unsafe control action, a scenario, a requirement.

    Attributes:
        line: where it stands.
        refs: the ids in brackets behind it.
        about: the unsafe control actions that a scenario is `for`.
        factor: of a scenario.
        parts: its sub-entries; the sub-headings between them are not kept.
        headings: those sub-headings.
    """

    id: str
    text: str
    line: int
    refs: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    factor: str = ""
    parts: tuple[PastaEntry, ...] = ()
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PastaArrow:
    """One control action, feedback, input or output of a node.

    Attributes:
        kind: `controlActions`, `feedback`, `input` or `output`.
        target: the node it goes to; empty for inputs and outputs.
    """

    kind: str
    id: str
    label: str
    target: str


@dataclass(frozen=True)
class PastaNode:
    """A box, with the variables of its process model and the boxes in it."""

    id: str
    line: int
    label: str = ""
    level: int | None = None
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: tuple[str, ...] = ()
    arrows: tuple[PastaArrow, ...] = ()
    nodes: tuple[PastaNode, ...] = ()


@dataclass(frozen=True)
class TableContext:
    """An unsafe control action of the context table."""

    id: str
    text: str
    line: int
    values: tuple[tuple[str, str], ...]
    refs: tuple[str, ...]


@dataclass(frozen=True)
class TableRule:
    """A rule of the context table: an action, a type, and its contexts."""

    id: str
    line: int
    action: str = ""
    type: str = ""
    contexts: tuple[TableContext, ...] = ()


@dataclass(frozen=True)
class Group:
    """Unsafe control actions of one way of going wrong, of one action."""

    action: str
    way: str
    entries: tuple[PastaEntry, ...]


@dataclass
class Document:
    """A whole text.

    Attributes:
        entries: by section.
        graph: the name of the control structure and its boxes; None where there is none.
        responsibilities: by box.
        desired: how many desired control actions there are.
    """

    entries: dict[str, tuple[PastaEntry, ...]] = field(default_factory=dict)
    graph: tuple[str, tuple[PastaNode, ...]] | None = None
    responsibilities: dict[str, tuple[PastaEntry, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    rules: tuple[TableRule, ...] = ()
    desired: int = 0


def with_inner(entries: Sequence[PastaEntry]) -> Iterator[PastaEntry]:
    """Return entries and those in them."""
    for entry in entries:
        yield entry
        yield from with_inner(entry.parts)


def all_nodes(nodes: Sequence[PastaNode], inside: str | None) -> Iterator[tuple[str, tuple[PastaNode, str | None]]]:
    """Return boxes and the boxes in them, each with the box that it stands in."""
    for node in nodes:
        yield node.id, (node, inside)
        yield from all_nodes(node.nodes, node.id)
