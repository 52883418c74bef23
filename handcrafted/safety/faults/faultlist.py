"""Fault lists, as a YAML file says them, and every fault that a list stands for in a model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar

from pydantic import BeforeValidator, Field, create_model, model_validator

from handcrafted.control.parts import EMPTY, MAX_WHOLE, Condition, Name, NameMap, Number, Part, as_tuple
from handcrafted.control.stpa import Steps
from handcrafted.model.transformer import Transformer
from handcrafted.safety.fault_places.catalogue import PLACES
from handcrafted.safety.faults.fault import Amount, Fault, Place
from handcrafted.safety.faults.target import ALL, FaultTarget
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown

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


_TEXTS: Any = Optional[Texts]  # noqa: UP045  # an annotated type does not take `|` at run time
_KEYS: Any = {kind: (_TEXTS, Field(None, description=place.__doc__)) for kind, place in PLACES.items()}

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
    seed: Annotated[int, Field(ge=0, le=MAX_WHOLE)] = 0
    initial: NameMap[Number | Name] = EMPTY
    detectors: tuple[Name, ...] = ()
    faults: tuple[FaultLine, ...] = Field(min_length=1)


MOST = 1_000_000
"""Faults that one list may stand for."""

ONCE = ("bias", "scale", "invert", "noise", "flip")
"""What happens to a head's memory once, unless it is said for how long: it would add up from step to step."""


class Places:
    """The places of a model by kind and name."""

    def __init__(self, target: FaultTarget):
        self.target = target
        self.found: dict[str, Mapping[str, Place]] = {}

    def of(self, kind: str) -> Mapping[str, Place]:
        """List the places of a kind by name."""
        if kind not in self.found:
            self.found[kind] = {place.name: place for place in PLACES[kind].places(self.target)}
        return self.found[kind]


def expand(model: Transformer, listed: FaultList, target: FaultTarget | None = None) -> tuple[Fault, ...]:
    """Return every fault that a list stands for.

    Raises:
        HandcraftedError: if a place, a value or a parameter is unknown, or there are more than a million faults.
    """
    known, found = Places(target or FaultTarget(model)), []
    for number, line in enumerate(listed.faults, 1):
        try:
            options = _Line(known, line, listed.steps)
            count = len(found) + options.count
            if count > MOST:
                raise HandcraftedError(
                    f"Expected at most {MOST:,} faults, got {count:,}. Give fewer places, amounts or steps."
                )
            found += options.faults()
        except HandcraftedError as error:
            raise HandcraftedError(f"{listed.name}, fault {number}: {error}") from None
    return tuple(dict.fromkeys(found))


class _Line:
    """One line of a list, held against a model."""

    def __init__(self, known: Places, line: LineOfFaults, steps: int):
        self.known, self.line, self.where = known, line, PLACES[line.place]
        self.places = self._owned(self._places())
        self.onsets = range(steps) if line.onset == ALL else line.onset
        late = [onset for onset in self.onsets if onset >= steps]
        if late:
            raise HandcraftedError(f"Expected `from` before the end of {steps} steps, got {late[0]}. Begin earlier.")
        self.amounts = {place.name: tuple(self._amounts(place)) for place in self.places}

    @property
    def count(self) -> int:
        return sum(map(len, self.amounts.values())) * len(self.onsets)

    def faults(self) -> Iterator[Fault]:
        line, mode = self.line, self.line.mode
        for place in self.places:
            once = place.kind == "history" and mode in ONCE and line.steps is None
            for amount, onset in itertools.product(self.amounts[place.name], self.onsets):
                yield Fault(place, mode, amount, onset, 1 if once else line.steps, line.when)

    def _places(self) -> Iterator[Place]:
        for text in self.line.named:
            if text == ALL:
                yield from self.known.of(self.line.place).values()
            else:
                yield self._place(text)

    def _place(self, text: str) -> Place:
        listed = {} if self.line.place == "weight" else self.known.of(self.line.place)
        return self.where.find(self.known.target, listed, text)

    def _owned(self, places: Iterator[Place]) -> list[Place]:
        owners = self.line.of
        if owners is None:
            return list(places)
        known = self.known.target.model.structure.components
        for owner in owners:
            if owner not in known:
                raise HandcraftedError(f"Expected `of` to name components, got {shown(owner)}.{nearest(owner, known)}")
        return [place for place in places if place.owner in owners]

    def _amounts(self, place: Place) -> Iterator[Amount]:
        line = self.line
        match line.mode:
            case "flip":
                yield from range(BITS) if line.flip == ALL else line.flip or ()
            case "stuck":
                yield from (value for given in line.stuck or () for value in self._stuck(place, given))
            case "spoof":
                yield tuple(self._one(place, value) for value in line.spoof or ())
            case "swap":
                yield from (self._other(place, text) for text in line.swap or ())
            case "parameter":
                yield from ((name, value) for name, values in (line.parameter or {}).items() for value in values)
            case "zero" | "invert" | "hold":
                yield None
            case mode:
                yield from getattr(line, mode)

    def _stuck(self, place: Place, value: float | str) -> Sequence[float | str]:
        domain = self.where.domain(self.known.target, place)
        if value == ALL and domain is not None:
            return domain.values or (domain.low, (domain.low + domain.high) / 2, domain.high)
        return (self._one(place, value),)

    def _one(self, place: Place, value: float | str) -> float | str:
        """Check one value."""
        domain = self.where.domain(self.known.target, place)
        words = domain.values if domain else ()
        if words and str(value) not in words:
            raise HandcraftedError(f"Expected a word of {place.name}, got {shown(value)}.{nearest(str(value), words)}")
        if not words and isinstance(value, str):
            raise HandcraftedError(f"Expected a number for {place}, got {shown(value)}. Give one.")
        return str(value) if words else float(value)

    def _other(self, place: Place, text: str) -> str:
        """Check what a place is swapped with."""
        other = self._place(text)
        domains = [self.where.domain(self.known.target, one) for one in (place, other)]
        widths = [domain.width if domain else 1 for domain in domains]
        if widths[0] != widths[1] or other == place:
            raise HandcraftedError(
                f"Expected another {place.kind} with as many coordinates as {place.name}, got {other.name}."
            )
        return other.name
