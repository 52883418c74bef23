"""What enters or leaves the network, signal by signal. Abstract: sensors and actuators are its two kinds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.model.names import Names
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.factors import by_time
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector
from handcrafted.safety.faults.target import FaultTarget


class PortPlace(FaultPlace):
    """What enters or leaves the network.

    Attributes:
        side: the field of an `Injection` that changes it.
        title: what people call it before its name.
        factors: of what does not come, of what comes late, of what comes otherwise.
    """

    modes: ClassVar = (*COMMON, "hold", "delay", "swap", "spoof")
    inside: ClassVar = False
    side: ClassVar[str]
    title: ClassVar[str]
    factors: ClassVar[tuple[Factor, Factor, Factor]]

    @abstractmethod
    def listed(self, names: Names) -> Mapping[Signal, np.ndarray]:
        """Return the positions of all signals on its side."""

    def signals(self, target: FaultTarget) -> Mapping[str, Signal]:
        """Return the signals by name."""
        return target.called(self.listed(target.names), short=True)

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the signals."""
        return self.of_signals(target, target.called(self.listed(target.names)))

    def domain(self, target: FaultTarget, place: Place) -> Domain | None:
        """Return the values of its link."""
        return place.links[0].domain if place.links else None

    def told(self, place: Place) -> str:
        """Name it by what it carries."""
        return f"{self.title} {place.name}"

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change the numbers that enter or leave."""
        named, listed = self.signals(injector.target), self.listed(injector.names)
        other = named[str(fault.amount)] if fault.mode == "swap" else None
        port = injector.port(fault.mode, fault.amount, named[fault.place.name], other, listed)
        return common._replace(**{self.side: port})

    def factor(self, fault: Fault) -> Factor:
        """Return what is wrong with the path."""
        return by_time(fault.mode, *self.factors)
