"""What a head remembers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from handcrafted.control.stpa import Factor
from handcrafted.model.component_ref import HEAD, parse
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector
from handcrafted.safety.faults.target import FaultTarget


@final
class HistoryPlace(FaultPlace):
    """The keys or the values that a head remembers."""

    kind: ClassVar = "history"
    modes: ClassVar = (*COMMON, "hold")
    circuitry: ClassVar = True

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the keys and the values of each head."""
        for component, circuit in target.circuits.items():
            if component.kind == HEAD:
                for part in ("keys", "values"):
                    yield self.of_circuit(target, f"{component} {part}", circuit, circuit.owner == target.base)

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change what is remembered, or hold it."""
        name, part = fault.place.name.split()
        head = parse(name, injector.weights)
        return injector.state(common, fault.mode, fault.amount, part, (head.layer, slice(None), head.index))

    def factor(self, fault: Fault) -> Factor:
        """Return a wrong process model."""
        return Factor.PROCESS_MODEL
