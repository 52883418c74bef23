"""What comes out when the recovered graph is held against the intended one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from handcrafted.control.resolved import Finding, LinkId
from handcrafted.control.structure import ControlStructure


class Status(StrEnum):
    """How a link came out, from good to bad."""

    FOUND = "found"
    MISSING = "missing"
    WRONG = "wrong"
    EXTRA = "extra"


@dataclass(frozen=True)
class LinkVerdict:
    """The verdict on one link, with the reason where it is not simply found."""

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


@dataclass(frozen=True, repr=False)
class Comparison(Verdicts):
    """A control structure held against what the readouts recovered.

    Attributes:
        structure: what was intended.
        readouts: the verdicts of each readout by itself, and of the law test.
        outside: links that do not pass through the network.
        findings: what is worth a look without being a disagreement.
        manifest: versions, seed and SHA-256 of the inputs and arrays.
    """

    structure: ControlStructure
    readouts: Mapping[str, Verdicts]
    outside: tuple[LinkId, ...] = ()
    findings: tuple[Finding, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        total = len(self.found) + len(self.missing) + len(self.wrong)
        verdict = "reproduced" if self.reproduced else "NOT reproduced"
        rest = [str(link) for link in self.links if link.status is not Status.FOUND]
        findings = [f"finding: {finding.text}" for finding in self.findings]
        return "\n  ".join([f"{self.structure.name}: {verdict}, {len(self.found)} of {total} links", *rest, *findings])
