"""A law's circuits beside its error: predicted from the arrays, and measured against the plain law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.interpreter import Interpreter
from handcrafted.control.structure import ControlStructure
from handcrafted.craft.assemble import assemble
from handcrafted.craft.bound import Span, bounds, exactly
from handcrafted.craft.circuit import Circuit
from handcrafted.craft.plan import circuits_of
from handcrafted.model.forward import forward
from handcrafted.model.names import Names
from handcrafted.model.padding import padded, widened
from handcrafted.model.transformer import Transformer

STEPS = 400
BEYOND = 4.0
"""How many times as wide as declared the inputs of the second measurement are."""


@dataclass(frozen=True)
class Measured:
    """How one law came out in a network of its own.

    Attributes:
        circuits: what computes it, without the heads that receive and the copies that believe.
        depth: layers of the network.
        switches: whether the result is issued or withheld, or a word: then the bound holds outside the bands.
        within: the largest deviation from the plain law over 400 steps of inputs in the declared range.
        beyond: likewise of inputs in four times the range.
        proved: the bound on what one step adds, for inputs in the declared range; None where it switches.
    """

    law: str
    circuits: tuple[Circuit, ...]
    depth: int
    switches: bool
    within: float
    beyond: float
    proved: float | None

    @property
    def neurons(self) -> int:
        """Count the rectified units."""
        return sum(circuit.size for circuit in self.circuits if not circuit.attends)

    @property
    def heads(self) -> int:
        """Count the heads that look back."""
        return sum(circuit.attends for circuit in self.circuits)


def measure(structure: ControlStructure, seed: int = 0) -> Measured:
    """Measure the one decision of a structure's one controller."""
    resolved = structure.resolved
    (controller,) = resolved.controllers.values()
    (entry,) = controller.entries
    model = assemble(structure)
    own = tuple(c for c in circuits_of(resolved) if c.writes.role not in ("feedback", "feedback_modelling"))
    (port,) = [link.port for link in entry.links if link.port]
    switches = entry.task.domain.discrete or entry.task.law == "lookahead" or entry.task.law == "relay"
    proved = None if switches else float(bounds(circuits_of(resolved), _declared(structure))[port].error.max())
    off = [_deviation(structure, model, _inputs(model.names, seed, stretch)) for stretch in (1.0, BEYOND)]
    depth = model.effective_weights.sizes["layer"]
    return Measured(entry.task.law or "default", own, depth, switches, off[0], off[1], proved)


def _declared(structure: ControlStructure) -> dict:
    """Give the spans of what enters: inputs and states, as declared."""
    links = [link for link in structure.resolved.links if link.port and not link.sent_by_controller]
    given = {link.port: _span(link.domain) for link in links}
    tasks = [task for controller in structure.resolved.controllers.values() for task in controller.tasks]
    return given | {task.memory.signal: _span(task.memory.domain) for task in tasks if task.memory}


def _span(domain: Domain) -> Span:
    if domain.discrete:
        return exactly(np.zeros(domain.width), np.ones(domain.width))
    return exactly(np.full(domain.width, domain.low), np.full(domain.width, domain.high))


def _inputs(names: Names, seed: int, stretch: float) -> np.ndarray:
    """Give inputs [time, n_in]: random words, and numbers in so many times their range."""
    rng = np.random.default_rng(seed)
    inputs = np.zeros((STEPS, len(names.inputs)), np.float32)
    for signal, at in names.input_signals.items():
        domain = names.domain(signal)
        words = np.eye(domain.width)[rng.integers(domain.width, size=STEPS)]
        numbers = rng.uniform(stretch * domain.low, stretch * domain.high, (STEPS, 1))
        inputs[:, at] = words if domain.discrete else numbers
    return inputs


def _deviation(structure: ControlStructure, model: Transformer, inputs: np.ndarray) -> float:
    """Give the largest difference between the network's outputs and the laws', at any step."""
    weights = padded(model.effective_weights)
    outputs, _ = forward(weights, widened(inputs, weights.sizes["n_in"]), window=model.window)
    found = np.asarray(outputs)[:, : len(model.names.outputs)].astype(float)
    oracle, signals = Interpreter(structure.resolved), model.names.input_signals
    wanted = [
        np.concatenate(list(oracle.step({s: now[at] for s, at in signals.items()}).values()), axis=-1)
        for now in inputs.astype(float)
    ]
    return float(np.abs(found - np.array(wanted)).max())
