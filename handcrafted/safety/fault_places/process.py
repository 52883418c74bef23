"""A process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np

from handcrafted.control.stpa import Factor
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.fault import Amount, Fault, FaultPlace, Place, spelled
from handcrafted.safety.faults.injector import Injector, change
from handcrafted.safety.faults.target import FaultTarget


@final
class ProcessPlace(FaultPlace):
    """A process that is modelled: how it moves, what disturbs it, a parameter of its dynamics."""

    kind: ClassVar = "process"
    modes: ClassVar = ("zero", "bias", "scale", "noise", "disturbance", "parameter")
    inside: ClassVar = False

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the components with dynamics."""
        for name, component in target.model.structure.components.items():
            if component.dynamics is not None:
                yield Place(self, name, name)

    def said(self, mode: str, amount: Amount) -> str:
        """Return how it fails, in words: what is changed is how it moves."""
        match mode, amount:
            case "zero", _:
                return "does not move"
            case "bias", value:
                return f"drifts by {spelled(value)} per step"
            case "scale", value:
                return f"moves at {spelled(value)} of its rate"
            case "disturbance", value:
                return f"is disturbed by {spelled(value)}"
            case "parameter", (name, value):
                return f"has {name} {spelled(value)}"
        return super().said(mode, amount)

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change what a step adds to the state, what disturbs it, or which world runs."""
        owner, processes = fault.place.name, injector.worlds[0].processes
        if fault.mode == "parameter":
            return common._replace(variant=np.int32(injector.variant(owner, *fault.amount)))
        owners = list(processes)
        if fault.mode == "disturbance":
            return common._replace(shocks=change((len(owners),), owners.index(owner), "stuck", fault.amount))
        rates = injector.rates()
        rates[owner] = {
            key: change(np.shape(value), ..., fault.mode, fault.amount)
            for key, value in processes[owner].initial.items()
        }
        return common._replace(rates=rates)

    def factor(self, fault: Fault) -> Factor:
        """Return what is wrong with the process."""
        known = {
            "zero": Factor.PROCESS_DOES_NOT_RESPOND,
            "scale": Factor.PROCESS_CHANGED,
            "parameter": Factor.PROCESS_CHANGED,
        }
        return known.get(fault.mode, Factor.PROCESS_DISTURBED)
