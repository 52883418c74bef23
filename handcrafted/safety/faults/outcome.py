"""What came of a fault: masked, detected, a hazard; and what counts as noticing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Names
from handcrafted.rollout.trace import Trace
from handcrafted.safety.stpa.actions import SAID
from handcrafted.safety.stpa.timing import broken_steps, holds, true_values
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import possessive, shown

WATCHDOG, GUARD = "watchdog", "guard"


class Alarms:
    """The detectors of a structure.

    Attributes:
        signals: subspaces that speak where they are issued, by what they are called.
        positions: their coordinates of the residual stream, one after the other.
    """

    def __init__(self, structure: ControlStructure, names: Names, declared: Sequence[str] = ()):
        """List them.

        Raises:
            HandcraftedError: if a declared one is no signal of the network.
        """
        self.signals: dict[str, tuple[Signal, Domain]] = {}
        for controller in structure.resolved.controllers.values():
            for part in (*controller.variables, *controller.entries):
                task = part.task
                if task.law == GUARD and len(task.result) > 1:
                    self.signals[f"veto of {possessive(task.owner)} {task.name}"] = (
                        task.result[1].signal,
                        Domain(low=0, high=1),
                    )
                if task.law == WATCHDOG:
                    self.signals[f"{possessive(task.owner)} {task.name}"] = _issued(part), task.domain
        ports = {link.port: link for link in structure.resolved.links if link.port and link.sent_by_controller}
        known = {name: port for port in ports for name in (port.name, f"{port.owner}.{port.name}")}
        for name in declared:
            if name not in known:
                raise HandcraftedError(
                    f"Expected detectors that controllers issue, got {shown(name)}.{nearest(name, known)}"
                )
            port = known[name]
            self.signals[f"{possessive(port.owner)} {port.name}"] = port, ports[port].domain
        self.positions = np.concatenate(
            [np.zeros(0, int), *(names.find(signal) for signal, _ in self.signals.values())]
        )

    def of(self, trace: Trace, loose: np.ndarray) -> Mapping[str, np.ndarray]:
        """Say where each speaks [run, time].

        Args:
            trace: for the ports' faults.
            loose: the coordinates at `positions` [run, time, coordinate].
        """
        found, start = {}, 0
        for name, (_, domain) in self.signals.items():
            values = loose[..., start : start + domain.width]
            start += domain.width
            found[name] = _speaks(values, domain)
        ports = {f"port of {signal.owner} for {signal.name}": caught for signal, caught in trace.faults.items()}
        return {**found, **ports}


def _issued(part) -> Signal:
    """Return the subspace in which a variable or a decision stands."""
    return part.signal if hasattr(part, "signal") else next(link.port for link in part.links if link.port)


def _speaks(values: np.ndarray, domain: Domain) -> np.ndarray:
    if domain.discrete:
        return np.any(values[..., 1:] > SAID, axis=-1)
    return values[..., 0] > (domain.low + domain.high) / 2


MASKED, DIFFERENT, DETECTED, HAZARD = "masked", "safe but different", "detected", "hazard"
CLASSES = (MASKED, DIFFERENT, DETECTED, HAZARD)

TOLERANCE = 1e-6
"""Differences up to this share of a signal's range are rounding."""


class Belief(NamedTuple):
    """What a controller believes of a variable, and what is true."""

    controller: str
    variable: str
    believed: str
    true: str


@dataclass(frozen=True)
class Outcome:
    """What came of one fault, compared with the same run without it.

    Attributes:
        kind: one of `CLASSES`: a hazard comes before all else, then whether the fault was detected.
        hazards: which came about at a step where without the fault they do not.
        hazard_step: the first such step; None without a hazard.
        unsafe: the rules on control actions that were broken at a step where without the fault they are not.
        unsafe_step: the first such step.
        alarms: what noticed, where without the fault it does not.
        alarm_step: the first such step.
        belief: what a controller falsely believed at the first unsafe control action, or hazard.
    """

    kind: str
    hazards: tuple[str, ...] = ()
    hazard_step: int | None = None
    unsafe: tuple[str, ...] = ()
    unsafe_step: int | None = None
    alarms: tuple[str, ...] = ()
    alarm_step: int | None = None
    belief: Belief | None = None


class Witness(NamedTuple):
    """What is looked at in runs side by side: arrays [run, time], by name; the run without a fault is the first.

    Attributes:
        hazards: where a hazard's condition holds, or what is true is not finite.
        unsafe: where a rule is broken.
        alarms: where a detector speaks.
        differs: where what is true, commanded or carried out is another than without the fault.
    """

    trace: Trace
    hazards: Mapping[str, np.ndarray]
    unsafe: Mapping[str, np.ndarray]
    alarms: Mapping[str, np.ndarray]
    differs: np.ndarray


def witness(trace: Trace, carried_out: Trace, alarms: Alarms, loose: np.ndarray) -> Witness:
    """Look at runs whose first has no fault.

    A hazard that states no condition is there where a rule says that it comes of what is carried out.

    Args:
        trace: of all runs, with actions as they are commanded.
        carried_out: the same with actions as they are carried out.
        alarms: the detectors.
        loose: what detectors read of the residual stream [run, time, coordinate].
    """
    structure = trace.structure
    unsafe, done = ({rule.id: bad for rule, bad in broken_steps(one)} for one in (trace, carried_out))
    lost = np.any([~_finite(values) for values in trace.state.values()], axis=0) if trace.state else False
    hazards = {name: holds(trace, hazard.when) | lost for name, hazard in structure.hazards.items() if hazard.when}
    ruled = {rule.id: rule.hazards for rule in structure.unsafe_control_actions}
    for name, hazard in structure.hazards.items():
        by_rule = [bad for id, bad in done.items() if name in ruled[id]]
        if hazard.when is None and by_rule:
            hazards[name] = np.any(by_rule, axis=0)
    differs = _differs(trace) | _differs(carried_out)
    return Witness(trace, hazards, unsafe, alarms.of(trace, loose), differs)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(values).reshape(*values.shape[:2], -1).all(axis=-1))


def _differs(trace: Trace) -> np.ndarray:
    """Say where [run, time] what is true or commanded is another than in the first run."""
    found = np.zeros((trace.runs or 1, trace.steps), bool)
    for signals in (trace.state, trace.command):
        for signal, values in signals.items():
            domain = trace.domains.get(signal)
            usual = values[:1]
            size = domain.high - domain.low if domain and not domain.discrete else max(1.0, float(np.abs(usual).max()))
            with np.errstate(invalid="ignore", over="ignore"):
                same = (np.abs(values - usual) <= TOLERANCE * size) | (values == usual)
            found |= np.any(~same.reshape(*found.shape, -1), axis=-1)
    return found


def outcomes(seen: Witness) -> Iterator[Outcome]:
    """Return what came of the fault of each run but the first."""
    first = lambda arrays: {name: bad & ~bad[:1] for name, bad in arrays.items()}
    hazards, unsafe, alarms = map(first, (seen.hazards, seen.unsafe, seen.alarms))
    for run in range(1, seen.trace.runs or 1):
        harmed, hazard_step = _first(hazards, run)
        broken, unsafe_step = _first(unsafe, run)
        noticed, alarm_step = _first(alarms, run)
        kind = HAZARD if harmed else DETECTED if noticed else DIFFERENT if seen.differs[run].any() else MASKED
        step = unsafe_step if unsafe_step is not None else hazard_step
        belief = None if step is None else false_belief(seen.trace, run, step, broken)
        yield Outcome(kind, harmed, hazard_step, broken, unsafe_step, noticed, alarm_step, belief)


def _first(arrays: Mapping[str, np.ndarray], run: int) -> tuple[tuple[str, ...], int | None]:
    """Return what holds at some step of a run, in order of its first step, and that step."""
    steps = {name: int(np.argmax(bad[run])) for name, bad in arrays.items() if bad[run].any()}
    names = tuple(sorted(steps, key=lambda name: steps[name]))
    return names, (steps[names[0]] if names else None)


def false_belief(trace: Trace, run: int, step: int, unsafe: tuple[str, ...]) -> Belief | None:
    """Return the first variable that is believed to be something else than it truly is, at a step of a run.

    The controller that issues the unsafe control action is asked first, then the others.
    """
    structure = trace.structure
    by = [rule.by for rule in structure.unsafe_control_actions if rule.id in unsafe]
    controllers = structure.resolved.controllers
    for name in dict.fromkeys([*by, *controllers]):
        for variable in controllers[name].variables:
            link = variable.reads[0] if variable.copies else None
            if link is None or link.id.kind == LinkKind.REQUEST or link.sent_by_controller:
                continue
            true = true_values(trace, link.carries)
            if true is None or variable.signal not in trace.believed:
                continue
            said, fact = (one[run, step] for one in (trace.believed[variable.signal], true[0]))
            if _told(variable.domain.values, said) != _told(variable.domain.values, fact) and not _close(
                said, fact, variable.domain.resolution or link.domain.resolution, variable.domain.discrete
            ):
                unit = variable.domain.unit
                return Belief(name, variable.name, *(_told(variable.domain.values, x, unit) for x in (said, fact)))
    return None


def _close(said: np.ndarray, fact: np.ndarray, resolution: float | None, discrete: bool) -> bool:
    """Whether two numbers are the same but for the sensor's rounding."""
    if discrete:
        return False
    return bool(abs(float(said) - float(fact)) <= (resolution or 0.0) / 2 + 1e-6 * max(1.0, abs(float(fact))))


def _told(words: tuple[str, ...], value: np.ndarray, unit: str | None = None) -> str:
    """Say a value: a word, several or none where it can be read so, or a number."""
    if words:
        said = [word for word, x in zip(words, np.atleast_1d(value), strict=True) if x > SAID]
        return " and ".join(said) or "nothing"
    return f"{float(value):.4g}{f' {unit}' if unit else ''}"
