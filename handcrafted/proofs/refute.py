"""Looking for a run in which what is claimed never to happen does: only one that the simulator repeats counts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from handcrafted.control.graph import Signal, signals_by_name
from handcrafted.model.transformer import Transformer
from handcrafted.proofs.assumed import drawn_words
from handcrafted.proofs.claim import SafetyClaim, StepTest
from handcrafted.proofs.processes import initial_states
from handcrafted.proofs.statement import Intervals
from handcrafted.rollout.environment import STATE, Environment, world_of
from handcrafted.rollout.simulate import simulate
from handcrafted.rollout.trace import Trace
from handcrafted.text.diagnostics import HandcraftedError

RUNS, STEPS = 256, 2000
"""Runs that are tried, and their length."""

SHOWN_RUNS, SHOWN_STEPS = 24, 400
"""The same of those that are drawn."""

HELD = (1, 4, 16, 64, 256, STEPS)
"""For how many steps what comes from outside stays, in turn."""


@dataclass(frozen=True)
class RefutingRun:
    """A run in which it happens.

    Attributes:
        trace: of one run, which ends with the step in which it does.
        arguments: what `simulate` takes to run it again.
    """

    trace: Trace
    arguments: Mapping[str, Any]

    @property
    def step(self) -> int:
        """The step in which it happens."""
        return self.trace.steps - 1


def counterexample(
    model: Transformer, claim: SafetyClaim, start: Intervals, disturbance: Intervals, seed: int = 0, steps: int = STEPS
) -> RefutingRun | None:
    """Run the loop many times, with what comes from outside at random and at its ends, and see whether it happens.

    Args:
        model: whose loop.
        claim: what is never to happen.
        start: intervals in which states begin, by `process.state`.
        disturbance: intervals of disturbances by process, in place of those declared.
        seed: of all that is drawn.
        steps: of each run.
    """
    run = lambda arguments, steps, runs: simulate(model, steps=steps, runs=runs, **arguments)
    for length in (steps, steps // 10, steps // 100):  # shorter where a loop grows beyond all bounds
        arguments = _drawn(model, start, disturbance, np.random.default_rng(seed), length)
        with suppress(HandcraftedError):
            found = np.argwhere(happens(model, claim, run(arguments, length, RUNS), arguments))
            break
    else:
        return None
    if not len(found):
        return None
    first, step = min(map(tuple, found.tolist()), key=lambda place: place[::-1])
    one = {
        kind: {name: value[first : first + 1, : step + 1] if value.ndim > 1 else value[first : first + 1]
               for name, value in values.items()}
        for kind, values in arguments.items()
    }  # fmt: skip
    again = run(one, step + 1, 1)
    return RefutingRun(again, one) if happens(model, claim, again, one)[0, step] else None


def sampled(model: Transformer, start: Intervals, disturbance: Intervals, seed: int = 0) -> Trace:
    """Run the loop a few times, with what comes from outside at random and at its ends."""
    arguments = _drawn(model, start, disturbance, np.random.default_rng(seed), SHOWN_STEPS, SHOWN_RUNS)
    return simulate(model, steps=SHOWN_STEPS, runs=SHOWN_RUNS, **arguments)


def _drawn(
    model: Transformer, start: Intervals, disturbance: Intervals, rng: np.random.Generator, steps: int, runs: int = RUNS
) -> dict[str, Any]:
    """Return what `simulate` is given: initial states [run], inputs and disturbances [run, time]."""
    world: Environment = world_of(model.structure)
    hold = np.array([np.arange(steps) // HELD[run % len(HELD)] for run in range(runs)])
    rows = np.arange(runs)[:, None]

    def drawn(low: float, high: float) -> np.ndarray:
        values = rng.uniform(low, high, (runs, steps))
        ends = np.where(rng.random((runs, steps)) < 0.5, low, high)
        return np.where((rows % 3 == 0), values, ends)[rows, hold].astype(np.float32)

    inputs = {}
    names = {
        signal: name for name, signal in signals_by_name((one.signal for one in world.externals), short=False).items()
    }
    words = drawn_words(model.structure, rng, (runs, steps))[rows, hold]  # [run, time, signal]
    for external in world.externals:
        domain, name = external.domain, names[external.signal]
        if domain.discrete:
            inputs[name] = np.array(domain.values)[words[..., len(inputs)]]
    for external in world.externals:
        domain, name = external.domain, names[external.signal]
        if not domain.discrete:
            inputs[name] = domain.rounded(drawn(domain.low, domain.high))
    shocks = {
        owner: drawn(*between)
        for owner, process in world.processes.items()
        if (between := disturbance.get(owner) or process.disturbance)
    }
    ends = lambda low, high: np.concatenate([[low, high], rng.uniform(low, high, runs - 2)]).astype(np.float32)
    initial, structure = {}, model.structure
    for owner, component in structure.components.items():
        own = {name[len(owner) + 1 :]: ends(*pair) for name, pair in start.items() if name.startswith(f"{owner}.")}
        if own:
            initial |= initial_states(owner, component.dynamics, structure.time_step.value, own)
    return {"initial": initial, "inputs": inputs, "disturbance": shocks}


def happens(model: Transformer, claim: SafetyClaim, trace: Trace, arguments: Mapping[str, Any]) -> np.ndarray:
    """Say of each step [run, time] whether what is claimed never to happen does."""
    outputs = {}
    for signal, columns in model.names.output_signals.items():
        values = trace.command[signal]
        values = values if model.names.domain(signal).discrete else values[..., None]
        outputs |= {column: values[..., i] for i, column in enumerate(columns.tolist())}
    words = {one.signal: one.domain.values for one in world_of(model.structure).externals}
    named = signals_by_name(words)

    def holds(test: StepTest) -> np.ndarray:
        if test.word is not None:
            assert test.variable is not None
            name, signal = next(
                (n, s)
                for n, s in named.items()
                if (s.owner, s.name) == tuple(test.variable) and n in arguments["inputs"]
            )
            said = np.asarray(arguments["inputs"][name]) == words[signal][test.word]
            return said if test.way == "above" else ~said
        owner, name = test.variable or ("", "")
        value = outputs[test.column] if test.column is not None else trace.state[Signal(owner, STATE, name)]
        mark = float(Fraction(test.mark))
        return value > mark if test.way == "above" else value < mark

    shape = (trace.runs or 1, trace.steps)

    def met(test: StepTest) -> np.ndarray:
        now = np.broadcast_to(holds(test), shape)
        return np.concatenate([np.full_like(now[:, :1], claim.at_first), now[:, :-1]], axis=1) if test.before else now

    found = np.zeros(shape, bool)
    for row in claim.never:
        found |= np.all([met(test) for test in row], axis=0)
    return found
