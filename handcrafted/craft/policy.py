"""The access policy: who may read and write which subspaces, and what that opens in the raw arrays.

    role of a circuit       reads of its own controller         reads of others                writes
    feedback (receiving)    -                                   the port of its declared link  its received copy
    feedback modelling      feedback, feedback modelling        -                              its process model
    processing for action   feedback modelling, processing;     -                              its processing
                            a guard also the request it gates
    control action,         feedback modelling, processing      -                              the ports of its links
    feedback (reporting)

Authority is in the links: a control action to a controller goes down the levels within the step, feedback goes up
through the recurrence, a request goes up within the step and ends in a guard; the rules of the file see to that. So
a controller reads of a superior what it is told, of a subordinate what is reported, and of neither anything inside.
"""

from __future__ import annotations

from collections.abc import Iterable

from handcrafted.components.circuit import Circuit
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Resolved, ResolvedController
from handcrafted.control.signal_graph import written_port
from handcrafted.control.vocabulary import Role
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.entries import entries_of
from handcrafted.model.layout import Placement
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed

OWN_READS: dict[Role, tuple[Role, ...]] = {
    Role.FEEDBACK: (Role.FEEDBACK_MODELLING, Role.PROCESSING_FOR_ACTION),
    Role.FEEDBACK_MODELLING: (Role.FEEDBACK, Role.FEEDBACK_MODELLING),
    Role.PROCESSING_FOR_ACTION: (Role.FEEDBACK_MODELLING, Role.PROCESSING_FOR_ACTION),
    Role.CONTROL_ACTION: (Role.FEEDBACK_MODELLING, Role.PROCESSING_FOR_ACTION),
}
"""Of which roles a circuit may read within its own controller, by its own role."""


class Policy:
    """What each controller of a structure may read and write."""

    def __init__(self, structure: ControlStructure):
        self.structure = structure
        self.received: dict[Signal, Signal] = {}
        self.ports: set[Signal] = set()
        self.given: set[Signal] = set()
        self.gated: set[Signal] = set()
        resolved: Resolved = structure.resolved
        for link in resolved.links:
            if link.port and link.received:
                self.received[link.received] = link.port
            if link.port and link.sent_by_controller:
                self.ports.add(written_port(link))
            if link.port and (link.lag or not link.sent_by_controller):
                self.given.add(link.port)
        for controller in resolved.controllers.values():
            self._of(controller)

    def _of(self, controller: ResolvedController) -> None:
        for task in controller.tasks:
            if task.memory:
                self.given.add(task.memory.signal)
            if task.law == "guard":
                self.gated.add(task.reads[-1].signal)

    def check(self, circuits: Iterable[Circuit]) -> None:
        """Check every circuit against the policy and the budgets.

        Raises:
            HandcraftedError: naming the circuit, the subspace and the rule.
        """
        for circuit in circuits:
            if wrong := self.write_fault(circuit):
                raise HandcraftedError(f"Expected {circuit.name} to write {wrong}, got {circuit.writes}. Write there.")
            for signal in circuit.reads:
                if wrong := self.read_fault(circuit, signal):
                    raise HandcraftedError(
                        f"Expected {circuit.name} to read {wrong}, got {signal}. Declare a link, or read what it may."
                    )
            self._check_reads(circuit)
        for name in self.structure.resolved.controllers:
            self._check_writes(name)

    def write_fault(self, circuit: Circuit) -> str:
        """Say what a circuit may write if it writes something else; else nothing."""
        signal = circuit.writes
        if circuit.owner not in self.structure.resolved.controllers:
            return "subspaces of a controller, which is to be its owner"
        if signal.role not in list(Role):
            return f"a subspace whose role is one of {', '.join(Role)}"
        if signal.owner != circuit.owner:
            return f"subspaces of {circuit.owner} alone"
        if signal in self.given:
            return "what no input and no recurrence fills"
        if Role(signal.role) == Role.CONTROL_ACTION and signal not in self.ports:
            return f"the port of a declared link of {circuit.owner}"
        return ""

    def read_fault(self, circuit: Circuit, signal: Signal) -> str:
        """Say what a circuit may read if it may not read this; else nothing."""
        if circuit.writes in self.received:
            port = self.received[circuit.writes]
            return "" if signal == port else f"the port of its link, {port},"
        if signal.owner != circuit.owner:
            return f"subspaces of {circuit.owner} alone"
        if signal.role not in list(Role):
            return f"a subspace whose role is one of {', '.join(Role)}"
        if signal in self.gated and circuit.role == Role.PROCESSING_FOR_ACTION:
            return ""
        allowed = OWN_READS[circuit.role]
        return "" if Role(signal.role) in allowed else f"{' or '.join(allowed)} of {circuit.owner}"

    def _check_reads(self, circuit: Circuit) -> None:
        budget = self.structure.components[circuit.owner].budget
        if budget and budget.reads is not None and len(circuit.reads) > budget.reads:
            names = listed(signal.name for signal in circuit.reads)
            raise HandcraftedError(
                f"Expected {circuit.name} to read at most {budget.reads} subspaces, the budget of {circuit.owner}, got "
                f"{len(circuit.reads)}: {names}. Raise the budget, or read fewer."
            )

    def _check_writes(self, owner: str) -> None:
        budget = self.structure.components[owner].budget
        sent = [link.id.name for link in self.structure.resolved.leaving.get(owner, ())]
        if budget and budget.writes is not None and len(sent) > budget.writes:
            raise HandcraftedError(
                f"Expected {owner} to write at most {budget.writes} links, its budget, got {len(sent)}: "
                f"{listed(sent)}. Raise the budget, or send fewer."
            )


def allow(masks: Weights, names: Names, place: Placement, d_head: int) -> None:
    """Open the masks for one circuit at its place.

    Its heads or neurons may read the subspaces that it reads and write the one that it writes, with free biases of
    their own; biases of the stream are open in its layer on the coordinates that it writes. Nothing else is opened.
    """
    for entry in entries_of(place, names, range(d_head)):
        entry.set(masks, True)
