"""A fault: a place, a way to fail, and from when to when; and what every kind of place has to say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Condition
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.stpa import Factor
from handcrafted.model.layout import Placement
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.injector import Injector
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.safety.stpa.verdicts import condition_words
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import possessive, shown

COMMON = ("zero", "stuck", "bias", "scale", "invert", "noise", "flip")
"""How any number can fail."""

Amount = Any
"""How much: a number, word or bit, another place's name, values one after the other, or a parameter and its value."""


class FaultPlace(ABC):
    """A kind of place that can fail; one final subclass to a file.

    Attributes:
        kind: what a fault list calls it.
        modes: how it can fail.
        inside: whether it lies within the network.
        circuitry: whether it belongs to one circuit and is told by what that is about.
    """

    kind: ClassVar[str]
    modes: ClassVar[tuple[str, ...]]
    inside: ClassVar[bool] = True
    circuitry: ClassVar[bool] = False

    @abstractmethod
    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the places of this kind."""

    @abstractmethod
    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Return a fault here as data.

        Raises:
            HandcraftedError: if the model cannot fail so.
        """

    @abstractmethod
    def factor(self, fault: Fault) -> Factor:
        """Return the causal factor that a fault here stands for, see `factors`."""

    def signals(self, target: FaultTarget) -> Mapping[str, Signal]:
        """Return the signals that places are named after: each by its name, and by its owner's too."""
        return {}

    def domain(self, target: FaultTarget, place: Place) -> Domain | None:
        """Return the values that can stand here; None where there is no domain."""
        return None

    def find(self, target: FaultTarget, listed: Mapping[str, Place], text: str) -> Place:
        """Return the place that a text names.

        Raises:
            HandcraftedError: if there is none, or more than one.
        """
        text = " ".join(text.split())
        if text in listed:
            return listed[text]
        named = self.signals(target)
        same = lambda place: text in named and place.name in named and named[place.name] == named[text]
        found = [place for place in listed.values() if same(place)]
        if len(found) != 1:
            name = target.model.structure.name
            raise HandcraftedError(f"Expected a {self.kind} of {name}, got {shown(text)}.{nearest(text, listed)}")
        return found[0]

    def titled(self, place: Place) -> str:
        """Name a place of this kind."""
        return f"{self.kind} {place.name}"

    def told(self, place: Place) -> str:
        """Name a place of this kind as people do who tell what happened."""
        if self.circuitry and place.about:
            whose = f"{possessive(place.owner)} {place.about}" if place.owner else place.about
            return f"{place} (of {whose})"
        return str(place)

    def said(self, mode: str, amount: Amount) -> str:
        """Return how it fails, in words."""
        match mode, amount:
            case "zero", _:
                return "is 0"
            case "stuck", value:
                return f"is stuck at {spelled(value)}"
            case "bias", value:
                return f"is off by {value:+g}"
            case "scale", value:
                return f"is scaled by {spelled(value)}"
            case "invert", _:
                return "is inverted"
            case "noise", value:
                return f"has noise of {spelled(value)}"
            case "flip", bit:
                return f"has bit {bit} flipped"
            case "hold", _:
                return "stays at its last value"
            case "delay", steps:
                return f"comes {steps} step{'s' if steps != 1 else ''} late"
            case "swap", other:
                return f"is swapped with {other}"
            case "spoof", tuple() as values:
                return f"is spoofed with {', '.join(map(spelled, values[:4]))}{', …' if len(values) > 4 else ''}"
        raise AssertionError(mode)

    def of_circuit(self, target: FaultTarget, name: str, circuit: Placement | None, base: bool) -> Place:
        """Return a place that belongs to a circuit, or to none."""
        if circuit is None:
            return Place(self, name, "", "nothing", "unused")
        about = circuit.writes
        return Place(self, name, circuit.owner, about.name, circuit.role, target.through(about), base)

    def of_signals(
        self, target: FaultTarget, named: Mapping[str, Signal], role: str = "", base: bool = False
    ) -> Iterator[Place]:
        """List places that are named after signals; `base` says whether they may belong to the Layer 0 controller."""
        for name, signal in named.items():
            own = base and signal.owner == target.base
            yield Place(self, name, signal.owner, signal.name, role, target.through(signal), own)


def spelled(value: object) -> str:
    """Write a number or a word."""
    return f"{value:g}" if isinstance(value, float | int) else str(value)


@dataclass(frozen=True)
class Place:
    """One place that can fail.

    Attributes:
        where: which kind of place it is.
        name: of the place, such as `W_in[0, 3, 5]`, `L0N1` or a signal's.
        owner: the component that it belongs to; empty for the network as a whole.
        about: the signal that it makes, carries or remembers.
        role: of the circuit that it belongs to, or what else it is for; empty outside the network.
        links: the links that run through it.
        base: whether it belongs to the Layer 0 controller.
    """

    where: FaultPlace
    name: str
    owner: str = ""
    about: str = ""
    role: str = ""
    links: tuple[ResolvedLink, ...] = ()
    base: bool = False

    def __str__(self) -> str:
        return self.where.titled(self)

    @property
    def kind(self) -> str:
        """As in a fault list: `weight`, `sensor` and so on."""
        return self.where.kind

    @property
    def commanded(self) -> bool:
        """Whether a controller sends what runs through it."""
        return any(link.sent_by_controller for link in self.links)

    @property
    def component(self) -> str:
        """What a heatmap calls it: whose it is, and what it is about."""
        return ", ".join(filter(None, (self.owner, self.about))) or self.name


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        place: where.
        mode: how it fails.
        amount: how much.
        onset: from which step.
        steps: for how many; None to the end.
        when: what must be true of the processes for it to begin.
    """

    place: Place
    mode: str
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
        return self.place.where.said(self.mode, self.amount)

    @property
    def factor(self) -> Factor:
        """The causal factor that it stands for, in STPA's words."""
        return self.place.where.factor(self)
