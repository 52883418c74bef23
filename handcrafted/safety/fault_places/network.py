"""The network as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from handcrafted.control.stpa import Factor
from handcrafted.rollout.injection import Injection, StateParts, untouched_ports
from handcrafted.safety.faults.fault import Amount, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector, still
from handcrafted.safety.faults.target import FaultTarget


@final
class NetworkPlace(FaultPlace):
    """The network as a whole: it misses its steps."""

    kind: ClassVar = "network"
    modes: ClassVar = ("hold",)
    inside: ClassVar = False

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the one network."""
        yield Place(self, "all", about="the whole network")

    def titled(self, place: Place) -> str:
        """Name it."""
        return "the network"

    def said(self, mode: str, amount: Amount) -> str:
        """Return how it fails, in words."""
        return "misses its steps"

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Hold its outputs and all that it remembers."""
        held = untouched_ports(len(injector.names.outputs))
        held.held[:] = True
        stale = StateParts(*(~still(shape) for shape in injector.memory().values()))
        return common._replace(outputs=held, stale=stale)

    def factor(self, fault: Fault) -> Factor:
        """Return a physical failure."""
        return Factor.CONTROLLER_FAILS
