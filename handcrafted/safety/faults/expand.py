"""A fault list held against a model: every fault that it stands for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from handcrafted.model.transformer import Transformer
from handcrafted.safety.fault_places.catalogue import PLACES
from handcrafted.safety.faults.fault import Amount, Fault, Place
from handcrafted.safety.faults.faultlist import BITS, FaultList, LineOfFaults
from handcrafted.safety.faults.target import ALL, FaultTarget
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown

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
    """Give every fault that a list stands for.

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
