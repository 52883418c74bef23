"""A fault: a place, a way to fail, and from when to when; in words, and as one line of a list expanded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition
from handcrafted.loading.faultlist import ALL, BITS, FaultLine, FaultList
from handcrafted.model.entry import parse_entry
from handcrafted.model.transformer import Transformer
from handcrafted.safety.faults.place import Place, Places
from handcrafted.safety.stpa.wording import condition_words
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown

MOST = 1_000_000
"""Faults that one list may stand for."""

ONCE = ("bias", "scale", "invert", "noise", "flip")
"""What happens to a head's memory once, unless it is said for how long: it would add up from step to step."""

Amount = Any
"""How much: a number, word or bit, another place's name, values one after the other, or a parameter and its value."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        place: where.
        way: how it fails.
        amount: how much.
        onset: from which step.
        steps: for how many; None to the end.
        when: what must be true of the processes for it to begin.
    """

    place: Place
    way: str
    amount: Amount = None
    onset: int = 0
    steps: int | None = None
    when: Condition | None = None

    def __str__(self) -> str:
        since = f" from step {self.onset}" if self.onset else ""
        spell = f" for {self.steps} step{'s' if self.steps > 1 else ''}" if self.steps else ""
        once = f" once {condition_words(self.when)}" if self.when else ""
        return f"{self.place} {self.said}{since}{spell}{once}"

    @property
    def said(self) -> str:
        """How it fails, in words."""
        match self.way, self.amount:
            case "zero", _:
                return "does not move" if self.place.kind == "process" else "is 0"
            case "stuck", value:
                return f"is stuck at {_value(value)}"
            case "bias", value:
                return (
                    f"drifts by {_value(value)} per step" if self.place.kind == "process" else f"is off by {value:+g}"
                )
            case "scale", value:
                what = "moves at" if self.place.kind == "process" else "is scaled by"
                return f"{what} {_value(value)}{' of its rate' if self.place.kind == 'process' else ''}"
            case "invert", _:
                return "is inverted"
            case "noise", value:
                return f"has noise of {_value(value)}"
            case "flip", bit:
                return f"has bit {bit} flipped"
            case "hold", _:
                return "misses its steps" if self.place.kind == "network" else "stays at its last value"
            case "delay", steps:
                return f"comes {steps} step{'s' if steps != 1 else ''} late"
            case "swap", other:
                return f"is swapped with {other}"
            case "spoof", tuple() as values:
                return f"is spoofed with {', '.join(map(_value, values[:4]))}{', …' if len(values) > 4 else ''}"
            case "disturbance", value:
                return f"is disturbed by {_value(value)}"
            case "parameter", (name, value):
                return f"has {name} {_value(value)}"
        raise AssertionError(self.way)


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def expand(model: Transformer, listed: FaultList, places: Places | None = None) -> tuple[Fault, ...]:
    """Give every fault that a list stands for.

    Raises:
        HandcraftedError: if a place, a value or a parameter is unknown, or there are more than a million faults.
    """
    known, found = places or Places(model), []
    for number, line in enumerate(listed.faults, 1):
        try:
            options = _Line(model, known, line, listed.steps)
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

    def __init__(self, model: Transformer, known: Places, line: FaultLine, steps: int):
        self.model, self.known, self.line = model, known, line
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
        line, way = self.line, self.line.way
        for place in self.places:
            once = place.kind == "history" and way in ONCE and line.steps is None
            for amount, onset in itertools.product(self.amounts[place.name], self.onsets):
                yield Fault(place, way, amount, onset, 1 if once else line.steps, line.when)

    def _places(self) -> Iterator[Place]:
        kind = self.line.place
        listed = self.known.of(kind)
        for text in [getattr(self.line, kind)] if kind == "network" else getattr(self.line, kind):
            if text == ALL:
                yield from listed.values()
            elif kind == "weight":
                yield self._entry(text)
            else:
                yield self._place(kind, listed, " ".join(text.split()))

    def _place(self, kind: str, listed: Mapping[str, Place], text: str) -> Place:
        if text in listed:
            return listed[text]
        named = self.known.signals(kind) if kind in ("sensor", "actuator", "recurrence", "activation") else {}
        found = [place for place in listed.values() if text in named and self._is(kind, place, text)]
        if len(found) != 1:
            raise HandcraftedError(f"Expected a {kind} of {self._name}, got {shown(text)}.{nearest(text, listed)}")
        return found[0]

    def _is(self, kind: str, place: Place, text: str) -> bool:
        named = self.known.signals(kind)
        return place.name in named and named[place.name] == named[text]

    @property
    def _name(self) -> str:
        return self.model.structure.name

    def _entry(self, text: str) -> Place:
        array, index = parse_entry(text, self.model.weights)
        if not self.model.masks[array][index]:
            raise HandcraftedError(
                f"Expected an entry that the access policy lets act, got {shown(text)}, which it masks. Choose another."
            )
        return self.known.entry(array, index)

    def _owned(self, places: Iterator[Place]) -> list[Place]:
        owners = self.line.of
        if owners is None:
            return list(places)
        known = self.model.structure.components
        for owner in owners:
            if owner not in known:
                raise HandcraftedError(f"Expected `of` to name components, got {shown(owner)}.{nearest(owner, known)}")
        return [place for place in places if place.owner in owners]

    def _amounts(self, place: Place) -> Iterator[Amount]:
        line = self.line
        match line.way:
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
            case way:
                yield from getattr(line, way)

    def _stuck(self, place: Place, value: float | str) -> Sequence[float | str]:
        domain = domain_of(self.model, place)
        if value == ALL and domain is not None:
            return domain.values or (domain.low, (domain.low + domain.high) / 2, domain.high)
        return (self._one(place, value),)

    def _one(self, place: Place, value: float | str) -> float | str:
        """Check one value."""
        domain = domain_of(self.model, place)
        words = domain.values if domain else ()
        if words and str(value) not in words:
            raise HandcraftedError(f"Expected a word of {place.name}, got {shown(value)}.{nearest(str(value), words)}")
        if not words and isinstance(value, str):
            raise HandcraftedError(f"Expected a number for {place}, got {shown(value)}. Give one.")
        return str(value) if words else float(value)

    def _other(self, place: Place, text: str) -> str:
        """Check what a place is swapped with."""
        other = (
            self._entry(text) if place.kind == "weight" else self._place(place.kind, self.known.of(place.kind), text)
        )
        widths = [domain.width if (domain := domain_of(self.model, p)) else 1 for p in (place, other)]
        if widths[0] != widths[1] or other == place:
            raise HandcraftedError(
                f"Expected another {place.kind} with as many coordinates as {place.name}, got {other.name}."
            )
        return other.name


def domain_of(model: Transformer, place: Place) -> Domain | None:
    """Give the values that a sensor, an actuator, a link or a carried signal can have; None of what has no domain."""
    if place.kind in ("sensor", "actuator", "link") and place.links:
        return place.links[0].domain
    return None
