"""What becomes of a claim: proved, tried, or refuted by one context."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Finding, Lagged, LinkId
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom
from handcrafted.readout.recover import Recovered
from handcrafted.readout.tolerances import ROUNDED
from handcrafted.text.letters import counted, possessive
from handcrafted.text.report import Report, Reported
from handcrafted.verdict.claims import Claim
from handcrafted.verdict.loops import FeedbackLoop

NOTHING = 1e-12
"""A number smaller than this share of what it should be is said to be 0."""


@dataclass(frozen=True)
class Counterexample:
    """One context in which a network does not do what its law says.

    Attributes:
        context: what was read, as words and numbers.
        signal: what differs.
        network: what the network gives.
        law: what its law gives, from and to where either answer is right.
        when: said in place of the context; alone, where nobody can say what the network gives.
    """

    context: Mapping[Lagged, str | float]
    signal: Signal
    network: float
    law: tuple[float, float]
    when: str = ""

    def __str__(self) -> str:
        said = lambda value: value if isinstance(value, str) else f"{value:.9g}"
        ago = lambda read: f" {read.lag} step{'s' if read.lag > 1 else ''} ago" if read.lag else ""
        where = ", ".join(f"{read.signal.name}{ago(read)} {said(value)}" for read, value in self.context.items())
        if math.isnan(self.network):
            return self.when
        low, high = self.law
        law = f"{low:.9g}" if low == high else f"{low:.9g} to {high:.9g}"
        place = self.when or (f"at {where}" if where else "always")
        network = 0.0 if abs(self.network) < NOTHING * max(abs(low), abs(high)) else self.network
        return f"{place} the network gives {network:.9g}, its law {law}"


@dataclass(frozen=True)
class Found:
    """What became of one claim.

    Attributes:
        proved: whether it holds for everything that may be read, in exact arithmetic on the arrays.
        count: regions or contexts that were looked at.
        why_not: why not all regions were looked at; empty where they were.
        counterexample: where it does not hold.
        between: where it does not hold between two points of a sensor's grid, where no value falls.
        outside: where it does not hold beyond the declared ranges, for which nothing is claimed.
        drift: how far the state is off after 1,000 steps at the most, as a share of its size.
    """

    claim: Claim
    proved: bool
    count: int
    why_not: str = ""
    counterexample: Counterexample | None = None
    between: Counterexample | None = None
    outside: Counterexample | None = None
    drift: float = 0.0

    def findings(self) -> Iterator[Finding]:
        """Say what is worth a look and refutes nothing."""
        who = f"{possessive(self.claim.owner)} {self.claim.name}" if self.claim.owner else self.claim.name
        if self.counterexample and not self.claim.links:
            yield Finding("law", f"{who} {self.claim.what}: {self.counterexample}.", self.counterexample.signal)
        if self.between:
            text = (
                f"Between two points of a sensor's grid, where no value falls, {who} {self.claim.what}: {self.between}."
            )
            yield Finding("between grid points", text, self.claim.results[0])
        if self.outside:
            text = f"Beyond the declared ranges, for which nothing is claimed, {who} {self.claim.what}: {self.outside}."
            yield Finding("beyond the range", text, self.claim.results[0])
        if self.drift > ROUNDED:
            text = f"The state of {who} may be off by {self.drift:.2g} of its size after 1,000 steps."
            yield Finding("drift", text, self.claim.results[0])
        if self.why_not and not self.counterexample:
            text = f"{who} was tried in {self.count} regions and not proved: {self.why_not}."
            yield Finding("tried", text, self.claim.results[0])


def in_words(found: Sequence[Found], tried: int) -> str:
    """Say how far laws were put to the test: `proved for all inputs`, or `tried: 64 contexts, all kinks`.

    Args:
        found: what became of every claim.
        tried: in how many contexts the network ran.
    """
    if any(one.counterexample for one in found):
        return "refuted"
    if all(one.proved for one in found):
        return "proved for all inputs"
    open = [one for one in found if not one.proved]
    kinks = ", all kinks" if all(one.count for one in open) else ""
    return f"tried: {tried + sum(one.count for one in open)} contexts{kinks}"


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
        """Return the verdicts on the links that are still seen; those that become one share the worst of theirs."""
        return Verdicts(tuple(_seen(self.links, zoom)))


def _seen(links: Iterable[LinkVerdict], zoom: Zoom) -> Iterable[LinkVerdict]:
    """Return the verdicts on what is seen of the links, in order of first appearance."""
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
        placeholders, said = len(self.structure.unstated), in_words(self.law, self.tried)
        return f"{said}; no law is stated for {counted(placeholders, 'decision')}" if placeholders else said

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
