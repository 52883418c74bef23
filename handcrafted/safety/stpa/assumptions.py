"""Assumptions that a closed loop does not keep: what rests on them is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from handcrafted.rollout.trace import Trace
from handcrafted.safety.stpa.timing import holds
from handcrafted.text.diagnostics import HandcraftedError


@dataclass(frozen=True)
class Unfounded:
    """An assumption that did not hold on a trace.

    Attributes:
        runs, steps: in how many runs, and in how many steps of all runs.
    """

    assumption: str
    runs: int
    steps: int

    def __str__(self) -> str:
        return f"{self.assumption} did not hold in {self.steps} steps of {self.runs} runs of the closed loop"


def unfounded(trace: Trace) -> Iterator[Unfounded]:
    """Return the assumptions that a trace breaks; those about what is on no trace are left out."""
    for name, assumed in trace.structure.assume.items():
        with suppress(HandcraftedError):
            if assumed.never is None and assumed.then is None:
                continue
            if assumed.never is not None:
                bad = holds(trace, assumed.never)
            else:
                bad = holds(trace, assumed.when) & ~holds(trace, assumed.then)
            by_run = bad.reshape(-1, bad.shape[-1])
            if by_run.any():
                yield Unfounded(name, int(by_run.any(axis=1).sum()), int(by_run.sum()))
