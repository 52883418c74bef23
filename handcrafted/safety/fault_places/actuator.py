"""What leaves the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults import factors
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector
from handcrafted.safety.faults.target import FaultTarget


@final
class ActuatorPlace(FaultPlace):
    """What leaves the network."""

    kind: ClassVar = "actuator"
    modes: ClassVar = (*COMMON, "hold", "delay", "swap", "spoof")
    inside: ClassVar = False

    def signals(self, target: FaultTarget) -> Mapping[str, Signal]:
        """Return what leaves the network by name."""
        return target.called(target.names.output_signals, short=True)

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List what leaves the network."""
        return self.of_signals(target, target.called(target.names.output_signals))

    def domain(self, target: FaultTarget, place: Place) -> Domain | None:
        """Return the values of its link."""
        return place.links[0].domain if place.links else None

    def told(self, place: Place) -> str:
        """Name it by what it carries."""
        return f"actuator for {place.name}"

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change the numbers that leave."""
        named = self.signals(injector.target)
        other = named[str(fault.amount)] if fault.mode == "swap" else None
        listed = injector.names.output_signals
        port = injector.port(fault.mode, fault.amount, named[fault.place.name], other, listed)
        return common._replace(outputs=port)

    def factor(self, fault: Fault) -> str:
        """Return what is wrong with the path."""
        return factors.by_time(fault.mode, factors.NOT_DONE, factors.DONE_LATE, factors.DONE_OTHERWISE)
