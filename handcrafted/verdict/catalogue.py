"""A law's circuits beside its error: predicted from the arrays, and measured against the plain law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.components.circuit import Circuit
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Lagged, LawInstance
from handcrafted.craft.bound import Span, bounds, exactly
from handcrafted.craft.build import build
from handcrafted.craft.plan import circuits_of
from handcrafted.laws.law import law_of
from handcrafted.laws.oracle import Interpreter
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Names
from handcrafted.model.network import Network
from handcrafted.model.padding import run_shared

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
        labels: a name for each coordinate of what the circuits read and write.
    """

    law: str
    circuits: tuple[Circuit, ...]
    depth: int
    switches: bool
    within: float
    beyond: float
    proved: float | None
    labels: Mapping[Signal, tuple[str, ...]]

    @property
    def neurons(self) -> int:
        """Count the rectified units."""
        return sum(circuit.size for circuit in self.circuits if not circuit.attends)

    @property
    def heads(self) -> int:
        """Count the heads that look back."""
        return sum(circuit.attends for circuit in self.circuits)


class Answers(NamedTuple):
    """What a network and its laws answer.

    Attributes:
        inputs: what was given, by input [time, width].
        found: what came out of the network [time, width].
        wanted: what the plain laws give [time, width].
    """

    inputs: Mapping[Signal, np.ndarray]
    found: np.ndarray
    wanted: np.ndarray

    @property
    def off(self) -> np.ndarray:
        """By how much the network is off [time], in the coordinate that is farthest off."""
        gap = self.found - self.wanted
        return np.take_along_axis(gap, np.abs(gap).argmax(axis=-1)[:, None], axis=-1)[:, 0]

    @property
    def worst(self) -> float:
        """The largest difference at any step."""
        return float(np.abs(self.off).max())


def measure(structure: ControlStructure, seed: int = 0) -> Measured:
    """Measure the one decision of a structure's one controller."""
    resolved = structure.resolved
    (controller,) = resolved.controllers.values()
    (entry,) = controller.entries
    model = build(structure)
    own = tuple(c for c in circuits_of(resolved) if c.writes.role not in ("feedback", "feedback_modelling"))
    (port,) = [link.port for link in entry.links if link.port]
    law = law_of(entry.task)
    switches = entry.task.domain.discrete or (law.jumps and law.shape.writes == "real")
    proved = None if switches else float(bounds(circuits_of(resolved), _declared(structure))[port].error.max())
    off = [answers(structure, model, _inputs(model.names, seed, stretch)).worst for stretch in (1.0, BEYOND)]
    depth = model.effective_weights.sizes["layer"]
    return Measured(
        entry.task.law or "default", own, depth, switches, off[0], off[1], proved, _labels(structure, model.names)
    )


def _labels(structure: ControlStructure, names: Names) -> dict[Signal, tuple[str, ...]]:
    """Name every coordinate: by its word where it is one of several, else by its number, or by its signal alone."""
    (controller,) = structure.resolved.controllers.values()
    domains = {variable.signal: variable.domain for variable in controller.variables}
    domains |= {link.port: link.domain for entry in controller.entries for link in entry.links if link.port}
    for memory in (task.memory for task in controller.tasks if task.memory):
        domains |= {memory.signal: memory.domain, memory.next: memory.domain}
    found = {}
    for signal, at in names.subspaces.items():
        words = domains[signal].values if signal in domains else ()
        several = [f"{signal.name} = {word}" for word in words] or [f"{signal.name} [{i}]" for i in range(len(at))]
        found[signal] = tuple(several) if len(at) > 1 else (signal.name,)
    return found


def _declared(structure: ControlStructure) -> dict:
    """Return the spans of what enters: inputs and states, as declared."""
    links = [link for link in structure.resolved.links if link.port and not link.sent_by_controller]
    given = {link.port: _span(link.domain) for link in links}
    tasks = [task for controller in structure.resolved.controllers.values() for task in controller.tasks]
    return given | {task.memory.signal: _span(task.memory.domain) for task in tasks if task.memory}


def _span(domain: Domain) -> Span:
    if domain.discrete:
        return exactly(np.zeros(domain.width), np.ones(domain.width))
    return exactly(np.full(domain.width, domain.low), np.full(domain.width, domain.high))


def _inputs(names: Names, seed: int, stretch: float) -> np.ndarray:
    """Return inputs [time, n_in]: random words, and numbers in so many times their range."""
    rng = np.random.default_rng(seed)
    inputs = np.zeros((STEPS, len(names.inputs)), np.float32)
    for signal, at in names.input_signals.items():
        domain = names.domain(signal)
        words = np.eye(domain.width)[rng.integers(domain.width, size=STEPS)]
        numbers = rng.uniform(stretch * domain.low, stretch * domain.high, (STEPS, 1))
        inputs[:, at] = words if domain.discrete else numbers
    return inputs


def answers(structure: ControlStructure, model: Network, inputs: np.ndarray) -> Answers:
    """Run the network and the laws on inputs [time, n_in]."""
    found = run_shared(model.effective_weights, inputs, model.window)[0].astype(float)
    oracle, signals = Interpreter(structure.resolved), model.names.input_signals
    wanted = [
        np.concatenate(list(oracle.step({s: now[at] for s, at in signals.items()}).values()), axis=-1)
        for now in inputs.astype(float)
    ]
    return Answers({s: inputs[:, at] for s, at in signals.items()}, found, np.array(wanted))


SHOWN = 60
"""Steps of an answer over time that is to be looked at."""

SWEPT = 481
"""Points of an answer over its one read."""


@dataclass(frozen=True)
class Response:
    """A law's answer to look at: over its one read, or over time.

    Attributes:
        swept: whether the inputs are one read from end to end of one and a half times its range.
        domains: of each input.
        result: the domain of what comes out.
    """

    answers: Answers
    swept: bool
    domains: Mapping[Signal, Domain]
    result: Domain


def response(structure: ControlStructure) -> Response:
    """Return the answer of a structure's one decision: over its one real read if it keeps nothing, else over time."""
    model = build(structure)
    names, (link,) = model.names, [link for link in structure.resolved.links if link.sent_by_controller]
    domains = {signal: names.domain(signal) for signal in names.input_signals}
    tasks = [task for controller in structure.resolved.controllers.values() for task in controller.tasks]
    past = any(task.memory or any(read.lag for stage in _reads(task) for read in stage) for task in tasks)
    swept = len(domains) == 1 and not past and not any(domain.discrete for domain in domains.values())
    if swept:
        (domain,) = domains.values()
        inputs = np.linspace(1.5 * domain.low, 1.5 * domain.high, SWEPT, dtype=np.float32)[:, None]
    else:
        inputs = np.concatenate(
            [_lingering(domain, k) for k, domain in enumerate(domains.values())] or [NOTHING], axis=1
        )
    return Response(answers(structure, model, inputs), swept, domains, link.domain)


NOTHING = np.zeros((SHOWN, 0), np.float32)


def _reads(task: LawInstance) -> list[tuple[Lagged, ...]]:
    return [task.result, *(stage.reads for stage in task.stages)]


def _lingering(domain: Domain, place: int) -> np.ndarray:
    """Values [time, width] that change every few steps, other ones for each place: a wave, or word after word."""
    time = np.arange(SHOWN)
    if domain.discrete:
        return np.eye(domain.width, dtype=np.float32)[(time // (5 + 3 * place) + (time % 13 == 4)) % domain.width]
    middle, half = (domain.high + domain.low) / 2, (domain.high - domain.low) / 2
    wave = np.sin(time / (4.0 + 2 * place) + place) + 0.25 * np.sign(np.sin(time / 2.5 + 2 * place))
    return (middle + half * wave).astype(np.float32)[:, None]
