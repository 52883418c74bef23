"""What becomes of a claim: proved, tried, or refuted by one context."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from handcrafted.control.graph import Signal
from handcrafted.control.instance import Lagged
from handcrafted.control.resolved import Finding
from handcrafted.readout.tolerances import ROUNDED
from handcrafted.verdict.claims import Claim

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
        who = f"{self.claim.owner}'s {self.claim.name}" if self.claim.owner else self.claim.name
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
