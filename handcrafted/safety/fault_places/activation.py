"""A neuron, a head or a subspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.model.component_ref import HEAD, parse
from handcrafted.model.edit import Edit
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector, change
from handcrafted.safety.faults.target import FaultTarget


@final
class ActivationPlace(FaultPlace):
    """What a neuron, a head or a subspace holds."""

    kind: ClassVar = "activation"
    modes: ClassVar = COMMON
    circuitry: ClassVar = True

    def signals(self, target: FaultTarget) -> Mapping[str, Signal]:
        """Return all subspaces by name."""
        return target.called(target.names.subspaces, short=True)

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List heads and neurons, then subspaces."""
        for component, circuit in target.circuits.items():
            yield self.of_circuit(target, str(component), circuit, circuit.owner == target.base)
        for name, signal in target.called(target.names.subspaces).items():
            base = signal.owner == target.base or signal in target.arriving
            yield Place(self, name, signal.owner, signal.name, signal.role, target.through(signal), base)

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Change an activation where it is written."""
        if (signal := self.signals(injector.target).get(fault.place.name)) is not None:
            return injector.subspace(common, fault.mode, signal, fault.amount)
        found, size = parse(fault.place.name, injector.weights), injector.sizes
        at = found.layer, found.index
        if found.kind == HEAD:
            shape = size["layer"], size["head"], size["d_head"]
            return common._replace(edit=Edit(heads=change(shape, at, fault.mode, fault.amount)))
        neurons = change((size["layer"], size["d_mlp"]), at, fault.mode, fault.amount)
        return common._replace(edit=Edit(neurons=neurons))

    def factor(self, fault: Fault) -> Factor:
        """Return a physical failure."""
        return Factor.CONTROLLER_FAILS
