"""A control structure with every default filled in: what all later halves work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from handcrafted.control.domain import Domain, Value
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Condition
from handcrafted.control.structure import AlgorithmEntry, ControlStructure
from handcrafted.control.vocabulary import LAWS, PLAIN, LawForm, LinkKind


class LinkId(NamedTuple):
    """What identifies a link."""

    kind: LinkKind
    sender: str | None
    receiver: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.sender or ''} -> {self.receiver or ''}: {self.name}".strip()


@dataclass(frozen=True)
class ResolvedLink:
    """A link with its domain, initial value and lag, and the signals that carry it through the network.

    Attributes:
        lag: 0 within the step, 1 through the recurrence.
        port: the subspace that its sender writes, or that an input fills; None outside the network.
        received: the subspace into which its receiver's head copies it; None where no controller receives it.
    """

    id: LinkId
    domain: Domain
    initial: Value
    lag: int
    sent_by_controller: bool
    received_by_controller: bool
    port: Signal | None = None
    received: Signal | None = None

    @property
    def counted(self) -> bool:
        """Whether the link passes through the network."""
        return self.sent_by_controller or self.received_by_controller


@dataclass(frozen=True)
class ResolvedVariable:
    """A process-model variable with its domain and the links that it reads."""

    signal: Signal
    domain: Domain
    initial: Value
    reads: tuple[ResolvedLink, ...]
    law: str | None
    parameters: Mapping
    when: Condition | None

    @property
    def copies(self) -> bool:
        """Whether it simply takes over the one link that it reads."""
        return self.law is None and len(self.reads) == 1 and self.reads[0].domain.values == self.domain.values


@dataclass(frozen=True)
class ResolvedEntry:
    """One decision of a controller: the law, the variables it reads and the links that carry the result.

    Attributes:
        law: name of the law; None for the default linear law.
        processing: the subspace of its processing stage, None where processing and action are one stage.
        declared: what the file says; None where the file has no entry.
    """

    owner: str
    name: str
    law: str | None
    reads: tuple[ResolvedVariable, ...]
    links: tuple[ResolvedLink, ...]
    processing: Signal | None
    declared: AlgorithmEntry | None

    @property
    def form(self) -> LawForm:
        """The stages and memory of its law."""
        return LAWS[self.law] if self.law else PLAIN


@dataclass(frozen=True)
class ResolvedController:
    """A controller with everything that arrives, that it believes and that it decides."""

    name: str
    level: int
    arrivals: tuple[ResolvedLink, ...]
    variables: tuple[ResolvedVariable, ...]
    entries: tuple[ResolvedEntry, ...]


@dataclass(frozen=True)
class Finding:
    """Something worth a person's look that is not an error.

    Attributes:
        kind: `missing feedback`, `unread`, `unused command`, `placeholder name`, `default law`, `declared only`, ….
        text: one sentence.
    """

    kind: str
    text: str
    about: LinkId | Signal | None = None


@dataclass(frozen=True)
class Resolved:
    """A control structure with every default filled in."""

    name: str
    links: tuple[ResolvedLink, ...]
    controllers: Mapping[str, ResolvedController]
    findings: tuple[Finding, ...]

    def link(self, id: LinkId) -> ResolvedLink:
        """Give the link with that identity."""
        return next(link for link in self.links if link.id == id)


NEXT = " next"
"""Ending of the subspace that the recurrence carries to the one without it."""


def link_names(structure: ControlStructure) -> dict[tuple[LinkKind, int], str]:
    """Name every link, with a placeholder such as `feedback 2` for one that has no name."""
    taken = {link.name for _, _, link in structure.links() if link.name}
    names = {}
    for kind, position, link in structure.links():
        placeholder = f"{kind} {position + 1}"
        while link.name is None and placeholder in taken:
            placeholder += "'"
        names[kind, position] = link.name or placeholder
    return names
