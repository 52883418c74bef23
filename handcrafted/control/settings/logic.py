"""Parameters of laws on truth: connectives, votes, gates.

A word is true unless it is the first of its signal; a number is true to the degree that it says, in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, StrictInt

from handcrafted.control.domain import Domain
from handcrafted.control.parts import MOST_WHOLE, Bounds, Condition, Scalar
from handcrafted.control.settings.shape import READS, LawForm, Settings, Some, StageForm

if TYPE_CHECKING:
    from handcrafted.control.resolved import Read

COUNTED = (StageForm("short", (READS,)), StageForm("bits", ("short",)))
"""How far the number of true reads falls short of one or more thresholds, and whether it does not."""

LIMITED = (StageForm("floor", (READS,)), StageForm("gap", ("floor",)))
"""A signal saturated before it is gated, and what gates it beside it."""


class Connective(Settings):
    """Issues if all (`and`), any (`or`) or an odd number (`xor`) of its reads are true."""

    value: Scalar | None = None
    shape: ClassVar[LawForm] = LawForm(COUNTED, ("bits",), (1, 64), writes="switch")


class KOfN(Connective):
    """Issues if at least `k` of its reads are true."""

    k: Annotated[StrictInt, Field(ge=1, le=MOST_WHOLE)]

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for at least k reads."""
        return (
            "" if self.k <= len(reads) else f"Expected `k` of at most {len(reads)}, the number of reads, got {self.k}."
        )


class Veto(Settings):
    """The first read, cut off at 0 and 1, less the second, at least 0: nothing while the second is on."""

    shape: ClassVar[LawForm] = LawForm(LIMITED, ("gap",), (2, 2), writes="real")

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number to veto."""
        return "Expected a real first read, got words. Give it a range." if reads[0].domain.discrete else ""


class Gate(Settings):
    """The first read, cut off at the ends of its range, while the second is on; 0 while it is off."""

    shape: ClassVar[LawForm] = LawForm(LIMITED, ("gap",), (2, 2), writes="real")

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number to gate."""
        return "Expected a real first read, got words. Give it a range." if reads[0].domain.discrete else ""


class Multiplexer(Settings):
    """One of its reads, cut off at the ends of its range: the one whose place is that of the last read's word.

    With two to choose from, the last read may be a number in [0, 1].
    """

    shape: ClassVar[LawForm] = LawForm(LIMITED, ("gap",), (3, 64), writes="real")

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for numbers to choose from, and for a word each."""
        *choices, selector = reads
        if any(choice.domain.discrete for choice in choices):
            return "Expected real reads before the last, got words. Give them ranges."
        words = selector.domain.width if selector.domain.discrete else 2
        if words != len(choices):
            return f"Expected {len(choices)} values of the last read, one per read before it, got {words}."
        return ""


class Guard(Settings):
    """What a subordinate requests, cut off at the ends of its range, where it is permitted; elsewhere the safe value.

    It reads the real variables that `permit` tests, then the discrete ones, then the request.
    """

    shape: ClassVar[LawForm] = LawForm(counts=(1, 64))

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: what is tested becomes a veto, the request is saturated, and then the one gates the other."""
        asked = Some(reads - 1, reads)
        limited = (StageForm("floor", (asked,)), StageForm("gap", ("floor",)))
        if when is None:
            return self.shape._replace(stages=limited, result=("gap",))
        real = len({name for row in when for name, test in row.items() if isinstance(test, Bounds)})
        compared = (StageForm("ramps", (Some(0, real),)), StageForm("bits", ("ramps",))) if real else ()
        rows = StageForm("rows", (*(("bits",) if real else ()), Some(real, reads - 1)))
        veto = StageForm("veto", ("rows",))
        return self.shape._replace(stages=(*compared, rows, veto, *limited), result=("gap", "veto"))
