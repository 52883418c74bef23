"""The signature of a law: which circuits it has and what they read, before anybody asks what they compute."""

from __future__ import annotations

from typing import NamedTuple

READS, REAL, WORDS, STATE, NEXT = "reads", "real", "words", "state", "next"
"""What a stage may read: everything the law reads, its real or its discrete signals, the state before the step and
after it; a number k is the last read as it was k steps ago, any other word the name of an earlier stage."""

MANY = 10**6


class ReadRange(NamedTuple):
    """The reads from one place up to, and without, another."""

    first: int
    end: int


Token = str | int | ReadRange
"""What a stage may read, as a signature says it."""


class StageSignature(NamedTuple):
    """One circuit of a law before its result: the ending of the subspace that it writes, and what it reads."""

    name: str
    reads: tuple[Token, ...]


class Signature(NamedTuple):
    """What the drawing and the signal graph need to know of a law without knowing the law itself.

    Attributes:
        stages: its circuits, in order, before the one that writes the result.
        result: what the circuit that writes the result reads.
        counts: the least and most signals that it reads.
        real: whether it reads real signals only.
        writes: `any`, `real`, `words` or `switch`: what the result must be; a switch is issued or withheld.
    """

    stages: tuple[StageSignature, ...] = ()
    result: tuple[Token, ...] = (READS,)
    counts: tuple[int, int] = (0, MANY)
    real: bool = False
    writes: str = "any"

    @property
    def memory(self) -> bool:
        """Whether the law keeps a state from step to step, through the recurrence."""
        return any(stage.name == NEXT for stage in self.stages)


SATURATED = (StageSignature("floor", (READS,)), StageSignature("gap", ("floor",)))
"""The stages of a law whose result, or whose read, has limits."""

COUNTED = (StageSignature("floor", (READS, STATE)), StageSignature("gap", ("floor",)), StageSignature(NEXT, ("gap",)))
"""The stages of a state with limits."""

VOTE = (StageSignature("short", (READS,)), StageSignature("bits", ("short",)))
"""How far the number of true reads falls short of one or more thresholds, and whether it does not."""

COMPARED = (StageSignature("ramp", (READS,)), StageSignature("bit", ("ramp",)))
"""The stages of a comparison."""


def tournament_shape(shape: Signature, reads: int) -> Signature:
    """Return a signature with the rounds of a tournament: each has half as many, and the last writes the result."""
    rounds: list[StageSignature] = []
    while reads > 2:
        rounds.append(StageSignature(f"round {len(rounds) + 1}", (rounds[-1].name if rounds else READS,)))
        reads = (reads + 1) // 2
    return shape._replace(stages=tuple(rounds), result=(rounds[-1].name if rounds else READS,))
