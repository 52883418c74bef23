"""What the recurrence carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector
from handcrafted.safety.faults.target import FaultTarget


@final
class RecurrencePlace(FaultPlace):
    """What the recurrence carries from step to step."""

    kind: ClassVar = "recurrence"
    modes: ClassVar = (*COMMON, "hold")

    def signals(self, target: FaultTarget) -> Mapping[str, Signal]:
        """Return what is carried by name."""
        return target.called(target.carried, short=True)

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List what is carried."""
        return self.of_signals(target, target.called(target.carried), "memory", base=True)

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change what is carried, or hold it."""
        at = injector.names.find(self.signals(injector.target)[fault.place.name])
        return injector.state(common, fault.mode, fault.amount, "carry", at)

    def factor(self, fault: Fault) -> Factor:
        """Return a wrong process model."""
        return Factor.PROCESS_MODEL
