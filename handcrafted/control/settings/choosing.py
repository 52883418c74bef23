"""Parameters of laws that choose: lookup, argmin, lookahead, finite state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.letters import listed, shown
from handcrafted.control.parts import EMPTY, Condition, NameMap, Number, Scalar
from handcrafted.control.settings.shape import NEXT, READS, SATURATED, STATE, LawForm, Settings, StageForm

if TYPE_CHECKING:
    from handcrafted.control.resolved import Read

ANY = "any"
"""In a row of transitions: whatever the read says."""

RANKED = (StageForm("ramp", (READS,)), StageForm("bit", ("ramp",)))


class Lookup(Settings):
    """The number in a table: `values` by word, or `points` [x, y] joined by straight lines, flat beyond them."""

    values: NameMap[Number] = EMPTY
    points: tuple[tuple[Number, Number], ...] = ()
    units: ClassVar = {"values": "output", "points": ("read", "output")}
    shape: ClassVar[LawForm] = LawForm(counts=(1, 1), writes="real")

    @model_validator(mode="after")
    def _one_table(self) -> Lookup:
        if bool(self.values) == bool(self.points):
            raise ValueError("Expected `values` or `points`, got both or neither. Give one table")
        xs = [x for x, _ in self.points]
        if self.points and (len(xs) < 2 or any(a >= b for a, b in pairwise(xs))):
            raise ValueError(f"Expected two or more points with rising x, got {xs}. Sort them and drop equal ones")
        return self

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: points need the read within them first."""
        return self.shape._replace(stages=SATURATED, result=("gap",), real=True) if self.points else self.shape

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number for each word."""
        words = reads[0].domain.values
        if self.points or set(words) == set(self.values):
            return ""
        if not words:
            return "Expected a read with values beside `values`, got a range. Give `points`."
        return f"Expected a number for each of {listed(words)}, got {listed(self.values)}."


class Argmin(Settings):
    """The word whose place is that of the least of its reads; of equal ones the first."""

    shape: ClassVar[LawForm] = LawForm(RANKED, ("bit",), (2, 16), real=True, writes="words")

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a word for each read."""
        if domain.width == len(reads):
            return ""
        return f"Expected {len(reads)} values of the result, one per read, got {domain}."


class Lookahead(Settings):
    """The candidate u whose predicted a x + b u + constant comes nearest to the goal; of equally near ones the first.

    The first read is x, the second the goal.
    """

    candidates: Annotated[tuple[Number, ...], Field(min_length=2, max_length=16)]
    a: Number = 1.0
    b: Number = 1.0
    constant: Number = 0.0
    units: ClassVar = {"candidates": "output", "b": "read / output", "constant": "read"}
    shape: ClassVar[LawForm] = LawForm(
        (StageForm("costs", (READS,)), StageForm("ramp", ("costs",)), StageForm("bit", ("ramp",))),
        ("bit",),
        (2, 2),
        real=True,
        writes="real",
    )


class FiniteState(Settings):
    """Goes from state to state: each transition is [state, a word per read or `any`, next state]; else it stays.

    The states are the values of the result. Two transitions that could both apply are refused.
    """

    transitions: Annotated[tuple[tuple[Scalar, ...], ...], Field(min_length=1)]
    shape: ClassVar[LawForm] = LawForm(
        (StageForm("rows", (READS, STATE)), StageForm(NEXT, (STATE, "rows"))), (NEXT,), (1, 8), writes="words"
    )

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The transitions in words."""
        word = lambda cell: str(cell).lower() if isinstance(cell, bool) else str(cell)
        return tuple(tuple(map(word, row)) for row in self.transitions)

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the state."""
        return domain, initial

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for words that exist, and for at most one transition at a time."""
        columns = [domain, *(read.domain for read in reads), domain]
        for row in self.rows:
            if len(row) != len(columns):
                return f"Expected {len(columns)} words in a transition, got {list(row)}."
            for place, (word, column) in enumerate(zip(row, columns, strict=True)):
                if word not in column.values and not (word == ANY and 0 < place < len(columns) - 1):
                    return f"Expected one of {column}, got {shown(word)} in the transition {list(row)}."
        for one, two in combinations(self.rows, 2):
            if all(a == b or ANY in (a, b) for a, b in zip(one[:-1], two[:-1], strict=True)):
                return f"Expected at most one transition at a time, got {list(one)} and {list(two)}."
        return ""
