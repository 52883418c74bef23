"""The law test: does each controller do what its control law says, stage by stage, on held inputs?

Each controller is taken by itself: every link that arrives at it is held at values of its domain, in the network and
in the oracle alike. What it receives is compared with what was sent, what it believes with the law of its process
model, what it does with its control algorithm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.intended import written_port
from handcrafted.control.laws import believe, decide
from handcrafted.control.resolved import LinkId, Resolved, ResolvedController
from handcrafted.model.intervention import Hold, intervene
from handcrafted.readout.contrasts import MOST_CONTEXTS, contexts
from handcrafted.readout.subject import Subject
from handcrafted.verdict.comparison import LinkVerdict, Status, Verdicts

TOLERANCE = 1e-5
"""Largest deviation, in units of the larger of 1 and the signal's largest value, that float32 rounding explains."""


EXHAUSTIVE = 1024
"""Up to how many contexts of words all are tried."""


@dataclass(frozen=True)
class LawTest:
    """How one controller behaved.

    Attributes:
        contexts: how many contexts were tried.
        received, believed, decided: for each link, in which contexts [context] a stage deviates from its law.
        worst: the largest deviation seen.
    """

    contexts: int
    received: Mapping[LinkId, np.ndarray]
    believed: Mapping[LinkId, np.ndarray]
    decided: Mapping[LinkId, np.ndarray]
    worst: float


def try_controller(subject: Subject, controller: ResolvedController) -> LawTest:
    """Hold what arrives at a controller at all contexts (or a sample) and compare each stage with its law."""
    arrivals = controller.arrivals
    blocks = contexts([a.domain for a in arrivals], subject.seed, EXHAUSTIVE)
    held = dict(zip([a.id for a in arrivals], blocks, strict=True))
    count = len(next(iter(held.values()))) if held else 1
    final = _run_held(subject, [(a.port, held[a.id]) for a in arrivals if a.port], count)
    value = lambda signal: final[:, subject.names.find(signal)].astype(float)
    deviations: list[np.ndarray] = []

    def off(actual: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        distance = np.abs(actual - wanted) / max(1.0, float(np.abs(wanted).max(initial=0)))
        deviations.append(distance)
        return np.any(distance > TOLERANCE, axis=-1)

    got = {a.id: value(a.received) for a in arrivals if a.received}
    beliefs = {variable.signal: value(variable.signal) for variable in controller.variables}
    received = {id: off(got[id], held[id]) for id in got}
    wrong_beliefs = {signal: off(beliefs[signal], wanted) for signal, wanted in believe(controller, got).items()}
    believed = {link.id: wrong_beliefs[variable.signal] for variable in controller.variables for link in variable.reads}
    wanted = decide(controller, beliefs)
    decided = {
        link.id: off(value(written_port(link)), np.broadcast_to(wanted[link.id], (count, link.domain.width)))
        for entry in controller.entries
        for link in entry.links
    }
    worst = max((float(distance.max(initial=0)) for distance in deviations), default=0.0)
    return LawTest(count, received, believed, decided, worst)


def _run_held(subject: Subject, held: list[tuple[Signal, np.ndarray]], count: int) -> np.ndarray:
    """Give the final residual [context, d_model] with ports held at [context, width].

    Runs go in batches of one size, so that all controllers of a model share one compilation.
    """
    finals = []
    for start in range(0, count, MOST_CONTEXTS):
        rows = (start + np.arange(MOST_CONTEXTS)) % count
        inputs = np.zeros((MOST_CONTEXTS, 1, len(subject.names.inputs)), np.float32)
        holds = [Hold(port, values[rows, None]) for port, values in held]
        _, seen = intervene(subject.weights, subject.names, inputs, *holds, window=subject.window)
        finals.append(seen["final"][:, 0])
    return np.concatenate(finals)[:count]


def law_verdicts(resolved: Resolved, tests: Mapping[str, LawTest]) -> Verdicts:
    """Turn the law tests into a verdict on every counted link: wrong where a stage at one of its ends deviates."""
    reasons: dict[LinkId, str] = {}
    for test in tests.values():
        for stage, wrong in (("arrives", test.received), ("is believed", test.believed), ("is decided", test.decided)):
            for id, where in wrong.items():
                if np.any(where) and id not in reasons:
                    reasons[id] = (
                        f"{id.name} {stage} otherwise than its law says in {where.sum()} of {test.contexts} contexts"
                    )
    verdicts = [
        LinkVerdict(link.id, Status.WRONG if link.id in reasons else Status.FOUND, reasons.get(link.id, ""))
        for link in resolved.links
        if link.counted
    ]
    return Verdicts(tuple(verdicts))
