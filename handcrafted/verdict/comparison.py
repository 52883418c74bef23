"""What comes out when the recovered graph is held against the intended one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from handcrafted.control.resolved import Finding, LinkId
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom
from handcrafted.readout.recover import Recovered
from handcrafted.text.report import Report, Reported
from handcrafted.verdict.found import Found, in_words
from handcrafted.verdict.loops import FeedbackLoop


class Status(StrEnum):
    """How a link came out, from good to bad."""

    FOUND = "found"
    MISSING = "missing"
    WRONG = "wrong"
    EXTRA = "extra"


@dataclass(frozen=True)
class LinkVerdict:
    """The verdict on one link, with the reason where it is not simply found: a decision may go by what is missing."""

    id: LinkId
    status: Status
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.status}: {self.id.kind} {self.id}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True)
class Verdicts:
    """The verdicts on all links that pass through the network, by one readout or by all together."""

    links: tuple[LinkVerdict, ...]

    def _with(self, status: Status) -> tuple[LinkVerdict, ...]:
        return tuple(link for link in self.links if link.status is status)

    @property
    def found(self) -> tuple[LinkVerdict, ...]:
        """Links recovered as intended."""
        return self._with(Status.FOUND)

    @property
    def missing(self) -> tuple[LinkVerdict, ...]:
        """Intended links that were not recovered."""
        return self._with(Status.MISSING)

    @property
    def extra(self) -> tuple[LinkVerdict, ...]:
        """Recovered links that nobody intended."""
        return self._with(Status.EXTRA)

    @property
    def wrong(self) -> tuple[LinkVerdict, ...]:
        """Intended links that were recovered otherwise than intended."""
        return self._with(Status.WRONG)

    @property
    def reproduced(self) -> bool:
        """Whether every link is found and nothing is missing, extra or wrong."""
        return all(link.status is Status.FOUND for link in self.links)

    def at(self, zoom: Zoom) -> Verdicts:
        """Give the verdicts on the links that are still seen; those that become one share the worst of theirs."""
        return Verdicts(tuple(_seen(self.links, zoom)))


def _seen(links: Iterable[LinkVerdict], zoom: Zoom) -> Iterable[LinkVerdict]:
    """Give the verdicts on what is seen of the links, in order of first appearance."""
    order, found = list(Status), {}
    for link in links:
        id = zoom.seen(link.id)
        key = (id, link.status is Status.EXTRA)
        if id and (key not in found or order.index(link.status) > order.index(found[key].status)):
            found[key] = replace(link, id=id)
    return found.values()


@dataclass(frozen=True, repr=False)
class Comparison(Reported, Verdicts):
    """A control structure held against what the readouts recovered.

    Attributes:
        structure: what was intended.
        readouts: the verdicts of each readout by itself, and of the law test.
        outside: links that do not pass through the network.
        findings: what is worth a look without being a disagreement.
        manifest: versions, seed and SHA-256 of the inputs and arrays.
        zooms: for each group and each box that holds others, what is not wired alike once it is collapsed.
        recovered: what the readouts found, with its arrays and names.
        loops: the feedback loops that were recovered, closed through the processes.
        law: what became of each claim that the structure makes of the network.
        tried: in how many contexts the network ran beside its laws.

    Example:
        >>> structure = hc.load(find("heated room"))
        >>> comparison = hc.compare(structure, hc.recover(hc.assemble(structure)))
        >>> comparison.reproduced, len(comparison.found), comparison.missing
        (True, 2, ())
    """

    structure: ControlStructure
    readouts: Mapping[str, Verdicts]
    outside: tuple[LinkId, ...] = ()
    findings: tuple[Finding, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)
    zooms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recovered: Recovered | None = None
    loops: tuple[FeedbackLoop, ...] = ()
    law: tuple[Found, ...] = ()
    tried: int = 0

    @property
    def reproduced(self) -> bool:
        """Whether every link is found, nothing is missing, extra or wrong, and no claim about a law is refuted."""
        return super().reproduced and not any(one.counterexample for one in self.law)

    @property
    def how(self) -> str:
        """How far the laws were put to the test, such as `proved for all inputs`, in exact arithmetic on the arrays."""
        return in_words(self.law, self.tried)

    def report(self) -> Report:
        """Report the verdict, by link what became of it and, where that differs, why; below, the findings."""
        total = len(self.found) + len(self.missing) + len(self.wrong)
        verdict = f"reproduced ({self.how})" if self.reproduced else "NOT reproduced"
        rows = [(link.status.value, link.id.kind.value, str(link.id), link.reason) for link in self.links]
        below = [f"finding: {finding.text}" for finding in self.findings]
        title = f"{self.structure.name}: {verdict}, {len(self.found)} of {total} links"
        return Report(title, ("verdict", "kind", "link", "reason"), rows, below)

    def __repr__(self) -> str:
        title, *_, findings = self.report()
        rest = [str(link) for link in self.links if link.status is not Status.FOUND or link.reason]
        return "\n  ".join([title, *rest, *findings])

    __str__ = __repr__
