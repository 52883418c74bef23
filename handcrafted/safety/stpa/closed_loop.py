"""Closed-loop runs on which the order of steps is looked at: disturbed, and with every free decision drawn anew."""

from __future__ import annotations

import numpy as np

from handcrafted.control.graph import signals_by_name
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.environment import world_of
from handcrafted.rollout.simulate import simulate
from handcrafted.rollout.trace import Trace

RUNS, STEPS = 32, 100
"""Runs, and steps of each where no `trial` says how many."""


def closed_loop(model: Transformer, seed: int) -> Trace | None:
    """Run a loop whose decisions that nobody states are free; None where no process moves."""
    structure = model.structure
    if not any(part.dynamics for part in structure.components.values()):
        return None
    steps = structure.trial.horizon if structure.trial else STEPS
    chosen, moving = _decisions(structure, steps, seed), _disturbances(structure, steps, seed)
    return simulate(model, steps=steps, inputs=chosen, disturbance=moving, seed=seed)


def _decisions(structure: ControlStructure, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Draw what decisions that nobody states issue [run, time], by the name of the signal from outside."""
    rng, found, shape = np.random.default_rng(seed), {}, (RUNS, steps)
    outside = {one.signal: one.domain for one in world_of(structure).externals}
    for name, signal in signals_by_name(outside, short=False).items():
        if (signal.owner, signal.name) in structure.unstated:
            domain = outside[signal]
            if domain.discrete:
                found[name] = rng.choice(np.array(domain.values), shape)
            else:
                found[name] = domain.rounded(rng.uniform(domain.low, domain.high, shape))
    return found


def _disturbances(structure: ControlStructure, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Draw what disturbs each process [run, time], so that there are several runs."""
    rng, processes = np.random.default_rng(seed), world_of(structure).processes
    drawn = lambda low, high: rng.uniform(low, high, (RUNS, steps)).astype(np.float32)
    return {name: drawn(*(process.disturbance or (0.0, 0.0))) for name, process in processes.items()}
