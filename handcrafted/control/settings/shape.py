"""The shape of a law: which circuits it has and what they read, before anybody asks what they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.parts import EMPTY, Condition, Part

if TYPE_CHECKING:
    from handcrafted.control.resolved import Read

READS, REAL, WORDS, STATE, NEXT = "reads", "real", "words", "state", "next"
"""What a stage may read: everything the law reads, its real or its discrete signals, the state before the step and
after it; a number k is the last read as it was k steps ago, any other word the name of an earlier stage."""


class Some(NamedTuple):
    """The reads from one place up to, and without, another."""

    first: int
    end: int


Token = str | int | Some
"""What a stage may read, as a form says it."""

MANY = 10**6


class StageForm(NamedTuple):
    """One circuit of a law before its result: the ending of the subspace that it writes, and what it reads."""

    name: str
    reads: tuple[Token, ...]


class LawForm(NamedTuple):
    """What the drawing and the signal graph need to know of a law without knowing the law itself.

    Attributes:
        stages: its circuits, in order, before the one that writes the result.
        result: what the circuit that writes the result reads.
        counts: the least and most signals that it reads.
        real: whether it reads real signals only.
        writes: `any`, `real`, `words` or `switch`: what the result must be; a switch is issued or withheld.
    """

    stages: tuple[StageForm, ...] = ()
    result: tuple[Token, ...] = (READS,)
    counts: tuple[int, int] = (0, MANY)
    real: bool = False
    writes: str = "any"

    @property
    def memory(self) -> bool:
        """Whether it keeps a state from step to step, through the recurrence."""
        return any(stage.name == NEXT for stage in self.stages)


SATURATED = (StageForm("floor", (READS,)), StageForm("gap", ("floor",)))
"""The stages of a law whose result has limits."""


class Settings(Part):
    """The parameters of a law, their units, and the shape that follows from them."""

    shape: ClassVar[LawForm] = LawForm()
    units: ClassVar[Mapping[str, str | tuple[str, ...]]] = EMPTY
    """The unit of each parameter in terms of `read`, `output`, `time` and `steps`; by place where it is a list."""

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape of the law with so many reads; some laws have more circuits for more reads."""
        return self.shape

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Give the domain and the first value of what the law remembers, from those of its result.

        Raises:
            TypeError: if it remembers nothing.
        """
        raise TypeError(f"{type(self).__name__} keeps no state")

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Say what is wrong with the domains that it reads and writes, or nothing."""
        return ""
