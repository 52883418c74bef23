"""Fault lists, as a YAML file says them: where something fails, how, and from when to when; a list stands for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar

from pydantic import BeforeValidator, Field, create_model, model_validator

from handcrafted.control.parts import EMPTY, MOST_WHOLE, Condition, Name, NameMap, Number, Part, as_tuple
from handcrafted.control.unsafe import Steps
from handcrafted.safety.fault_places.catalogue import PLACES

BITS = 32

MODES = tuple(dict.fromkeys(mode for place in PLACES.values() for mode in place.modes))
"""All ways to fail."""


T = TypeVar("T")
Many = Annotated[tuple[T, ...], BeforeValidator(as_tuple), Field(min_length=1)]
"""One or several, in the file with or without brackets."""

Texts = Many[Annotated[str, Field(min_length=1, max_length=400)]]
Bit = Annotated[int, Field(ge=0, lt=BITS, strict=True)]
Step = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Late = Annotated[int, Field(ge=1, le=1_000, strict=True)]


class LineOfFaults(Part):
    """One line of a fault list: each place, with each amount, from each step on.

    Exactly one of the places, and one of the ways; `all` stands for all that there are.

    Attributes:
        of: only what belongs to these components.
        zero: the value is 0; of a process: it does not move.
        stuck: it stays at a value.
        bias: this is added; of a process: to its state, in each step.
        scale: it is multiplied; of a process: how fast it moves.
        invert: its sign changes.
        noise: this is added times a standard normal number, drawn in each step.
        flip: a bit of the float32 flips; 31 is the sign, 30 to 23 the exponent, 0 the last of the fraction.
        hold: it stays at what it was; the network: it misses its steps.
        delay: it comes so many steps late.
        swap: the other's value comes instead, and the other way round.
        spoof: these values come, one per step; then the last.
        disturbance: what disturbs the process.
        parameter: of its dynamics, with the values that it has instead.
        onset: the first step; `all` is every step of the run. Written `from`.
        steps: how long; to the end where it is left out. Written `for`.
        when: it begins when this is true of the processes' state, from `from` on.
    """

    of: Texts | None = None
    zero: Literal[True] | None = None
    stuck: Many[Number | Name] | None = None
    bias: Many[Number] | None = None
    scale: Many[Number] | None = None
    invert: Literal[True] | None = None
    noise: Many[Number] | None = None
    flip: Literal["all"] | Many[Bit] | None = None
    hold: Literal[True] | None = None
    delay: Many[Late] | None = None
    swap: Texts | None = None
    spoof: Many[Number | Name] | None = None
    disturbance: Many[Number] | None = None
    parameter: NameMap[Many[Number]] | None = None
    onset: Literal["all"] | Many[Step] = Field((0,), alias="from")
    steps: Steps | None = Field(None, alias="for")
    when: Condition | None = None

    @property
    def place(self) -> str:
        """The kind of place."""
        return next(name for name in PLACES if getattr(self, name) is not None)

    @property
    def named(self) -> tuple[str, ...]:
        """The places that it names, or `all`."""
        return getattr(self, self.place)

    @property
    def mode(self) -> str:
        """How it fails."""
        return next(mode for mode in MODES if getattr(self, mode) is not None)

    @model_validator(mode="after")
    def _one_of_each(self) -> LineOfFaults:
        places = [name for name in PLACES if getattr(self, name) is not None]
        modes = [mode for mode in MODES if getattr(self, mode) is not None]
        if len(places) != 1:
            raise ValueError(f"Expected one place out of {', '.join(PLACES)}, got {', '.join(places) or 'none'}")
        own = PLACES[places[0]].modes
        if len(modes) != 1:
            raise ValueError(f"Expected one way to fail out of {', '.join(own)}, got {', '.join(modes) or 'none'}")
        if modes[0] not in own:
            known = ", ".join(own)
            raise ValueError(f"Expected a way in which a {places[0]} can fail, got {modes[0]}. Use one of {known}")
        return self


_KEYS: Any = {kind: (Optional[Texts], Field(None, description=place.__doc__)) for kind, place in PLACES.items()}  # noqa: UP045

if TYPE_CHECKING:
    FaultLine = LineOfFaults
else:
    FaultLine = create_model("FaultLine", __base__=LineOfFaults, __doc__=LineOfFaults.__doc__, **_KEYS)
"""A line with a key for each kind of place."""


class FaultList(Part):
    """A fault list: what fails, and the run in which it does.

    Attributes:
        steps: of each run.
        seed: of disturbances, noise and samples.
        initial: of the processes, as in `simulate`.
        detectors: signals that count as noticing where they are issued, beside vetoes, watchdogs and ports.
        faults: line by line.
    """

    name: Name = "faults"
    steps: Steps = 500
    seed: Annotated[int, Field(ge=0, le=MOST_WHOLE)] = 0
    initial: NameMap[Number | Name] = EMPTY
    detectors: tuple[Name, ...] = ()
    faults: tuple[FaultLine, ...] = Field(min_length=1)
