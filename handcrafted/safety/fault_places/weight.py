"""An array entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

from handcrafted.control.graph import Signal
from handcrafted.control.stpa import Factor
from handcrafted.control.vocabulary import Role
from handcrafted.model.layout import component_at
from handcrafted.model.provenance import MEMORIES, entry_name, parse_entry, places_in
from handcrafted.model.weights import FIELD_AXES
from handcrafted.rollout.injection import Injection
from handcrafted.safety.faults.fault import COMMON, Fault, FaultPlace, Place
from handcrafted.safety.faults.injector import Injector, changed
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown

INPUT, OUTPUT, MEMORY = "input", "output", "memory"
"""What an array entry outside all circuits is for."""


@final
class WeightPlace(FaultPlace):
    """An array entry: of what runs, those other than zero; by name any that the access policy lets act."""

    kind: ClassVar = "weight"
    modes: ClassVar = (*(mode for mode in COMMON if mode != "noise"), "swap")
    circuitry: ClassVar = True

    def places(self, target: FaultTarget) -> Iterator[Place]:
        """List the entries other than zero."""
        for array, values in target.weights.items():
            for index in places_in(values):
                yield self.entry(target, array, index)

    def find(self, target: FaultTarget, listed: Mapping[str, Place], text: str) -> Place:
        """Return the entry of a name, whether anything stands there or not."""
        array, index = parse_entry(text, target.model.weights)
        if not target.model.masks[array][index]:
            raise HandcraftedError(
                f"Expected an entry that the access policy lets act, got {shown(text)}, which it masks. Choose another."
            )
        return self.entry(target, array, index)

    def entry(self, target: FaultTarget, array: str, index: tuple[int, ...]) -> Place:
        """Return the place of an array entry."""
        axes = dict(zip(FIELD_AXES[array], index, strict=False))
        name, base = entry_name(array, index), bool(target.frozen[array][index])
        if component := component_at(array, index):
            return self.of_circuit(target, name, target.circuits.get(component), base)
        if "n_in" in axes:
            return self._of(target, name, list(target.names.inputs)[axes["n_in"]].node(INPUT), INPUT, base)
        if "n_out" in axes:
            return self._of(target, name, list(target.names.outputs)[axes["n_out"]].node(OUTPUT), OUTPUT, base)
        subspace = target.names.residual[index[-1]].subspace
        return self._of(target, name, subspace, MEMORY if array in MEMORIES else subspace.role, base)

    def _of(self, target: FaultTarget, name: str, signal: Signal, role: str, base: bool) -> Place:
        return Place(self, name, signal.owner, signal.name, role, target.through(signal), base)

    def inject(self, injector: Injector, common: Injection, fault: Fault) -> Injection:
        """Return the entry another value, or exchange two."""
        first = parse_entry(fault.place.name, injector.weights)
        if fault.mode == "swap":
            other = parse_entry(str(fault.amount), injector.weights)
            return injector.entries(common, {first: injector.value(other), other: injector.value(first)})
        return injector.entries(common, {first: changed(injector.value(first), fault.mode, fault.amount)})

    def factor(self, fault: Fault) -> Factor:
        """Return the factor by the role of the circuit that the entry belongs to."""
        place = fault.place
        if place.role == Role.FEEDBACK:
            return Factor.CONTROL_INPUT if place.commanded else Factor.FEEDBACK_INADEQUATE
        ends = {
            INPUT: Factor.FEEDBACK_INADEQUATE, OUTPUT: Factor.ACTION_OTHERWISE, MEMORY: Factor.PROCESS_MODEL,
            Role.FEEDBACK_MODELLING: Factor.PROCESS_MODEL,
        }  # fmt: skip
        return ends.get(place.role, Factor.ALGORITHM)
