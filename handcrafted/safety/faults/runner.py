"""One model's closed loop, ready for faults: put together by their shape, run side by side, and witnessed."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np

from handcrafted.control.parts import Condition
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamltext import dumps
from handcrafted.model.component import HEAD_ARRAYS
from handcrafted.model.padding import bucket
from handcrafted.rollout.engine import DENSE, FOLDED, must_be_engine, network_of
from handcrafted.rollout.environment import world_of
from handcrafted.rollout.faulted import Setting, run_faulted
from handcrafted.rollout.faulted_folded import Begun, FoldedRuns, run_side_by_side, runs_folded
from handcrafted.rollout.injection import UNTRIGGERED, Injection
from handcrafted.rollout.loop import StepRecord
from handcrafted.rollout.recorded import recorded
from handcrafted.rollout.setup import RunSetup, given
from handcrafted.rollout.simulate import start_of, trace_of
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.injector import Injector, Lengths, at_rest, stacked
from handcrafted.safety.faults.outcome import Alarms, Outcome, outcomes, witness
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.safety.guards import Margin, margin_of_condition
from handcrafted.text.diagnostics import HandcraftedError

SIDE_BY_SIDE = 128
"""Runs that go through one call, one of them without a fault; see `handcrafted.rollout.loop.BATCH`."""

MAX_RECORDED = 2**21
"""Steps of all runs of one call, so that what is recorded fits into memory; long runs go through in smaller parts."""

FEW = 8 * SIDE_BY_SIDE
"""Groups of fewer faults share a program, for compiling takes longer than what is computed in vain."""

STAND = 8
"""Steps for which signals from outside stand still before they change."""

MAX_COMBINED = 64
"""So many combinations of words from outside are gone through in turn; of more, random ones."""


FOLDED_SIDE_BY_SIDE = 1023
"""Faults that go side by side through a folded network."""


class RunPart(NamedTuple):
    """Faults that run side by side.

    Attributes:
        folded: whether the network may be folded; else its arrays run.
        blank: the common shape of faults of different ones; None where they have one anyway.
    """

    faults: Sequence[Fault]
    folded: bool
    blank: Injection | None = None


class Runner:
    """One model's closed loop, ready for faults."""

    def __init__(
        self,
        target: FaultTarget,
        steps: int,
        initial: Mapping[str, Any],
        inputs: Mapping[str, Any] | None,
        disturbance: Any,
        seed: int,
        detectors: Sequence[str],
        engine: str = FOLDED,
    ):
        must_be_engine(engine, (FOLDED, DENSE))
        self.engine = engine
        model, structure = target.model, target.model.structure
        model.check_seal()
        self.model, self.steps = model, steps
        driven = {**driving(structure, steps, seed), **(inputs or {})}
        self.setup: RunSetup = given(structure, None, steps, dict(initial), driven, disturbance, seed)
        if self.setup.runs is not None:
            raise HandcraftedError(
                f"Expected one run, got {self.setup.runs}. Every fault gets a run of its own; give no axis of runs."
            )
        self.injector = Injector(target, steps, seed)
        self.alarms = Alarms(structure, model.names, detectors)
        own = [model.names.find(signal) for signal in recorded(structure)]
        self.kept = np.concatenate([np.zeros(0, int), *own, self.alarms.positions])
        self.watched = len(self.alarms.positions)
        network = network_of(model)
        self.loop = jax.tree.map(lambda part: part[0], start_of(network, model.window, self.setup))
        self.moving = {signal: values[0] for signal, values in self.setup.moving.items()}
        self.weights, self.arrays = model.effective_weights, target.weights
        self.width = max(2, min(SIDE_BY_SIDE, MAX_RECORDED // steps))
        self.conditions: dict[Condition, int] = {}
        self.lengths = Lengths()
        self.key = self._key(detectors)

    def _key(self, detectors: Sequence[str]) -> str:
        """Return a hash of all that outcomes depend on but the fault."""
        digest = hashlib.sha256(f"{dumps(self.model.structure)} {self.steps} {list(detectors)}".encode())
        for array in jax.tree.leaves((self.weights, self.setup.state, self.moving)):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(str(self.injector.seed).encode())
        return digest.hexdigest()

    def parts(self, faults: Sequence[Fault]) -> Iterator[RunPart]:
        """Put faults together that run side by side: in the folded network if they can, else in its arrays."""
        rest, folded = [], {False: [], True: []}
        for fault in faults:
            data = self._data(fault)
            self.lengths = self.lengths.with_room_for(data)
            fits = self.engine == FOLDED and runs_folded(data, self.arrays)
            (folded[self._turns_heads(data)] if fits else rest).append(fault)
        most = max(1, min(FOLDED_SIDE_BY_SIDE, MAX_RECORDED // (4 * self.steps) - 1))  # numpy copies what is recorded
        for group in folded.values():
            yield from (RunPart(group[i : i + most], folded=True) for i in range(0, len(group), most))
        yield from self._of_arrays(rest)

    def _turns_heads(self, data: Injection) -> bool:
        """Whether a fault changes where heads look; all others need no head that may look anywhere."""
        places = () if data.weights is None else data.weights.places
        return any(self.injector.array_of(int(at)) in (HEAD_ARRAYS.query_bias, HEAD_ARRAYS.key_bias) for at in places)

    def _of_arrays(self, faults: Sequence[Fault]) -> Iterator[RunPart]:
        """Put faults together that run in the arrays: those of one shape; where they are few in a common one."""
        found: dict[str, list[Fault]] = {}
        for fault in faults:
            found.setdefault(str(jax.tree.structure(self._data(fault))), []).append(fault)
        groups = [RunPart(group, folded=False) for group in found.values() if len(group) >= FEW]
        if few := [group for group in found.values() if len(group) < FEW]:
            blank = self.injector.blank([self._data(group[0]) for group in few])
            groups.append(RunPart([fault for group in few for fault in group], folded=False, blank=blank))
        for group in groups:
            for first in range(0, len(group.faults), self.width - 1):  # one place is for the run without a fault
                yield group._replace(faults=group.faults[first : first + self.width - 1])

    def _data(self, fault: Fault) -> Injection:
        trigger = UNTRIGGERED
        if fault.when is not None:
            trigger = self.conditions.setdefault(fault.when, len(self.conditions))
        noise = str(fault) if fault.mode == "noise" else ""
        common = self.injector.common(fault.onset, fault.steps, trigger, noise)
        return fault.place.where.inject(self.injector, common, fault)

    def run(self, part: RunPart) -> Iterator[Outcome]:
        """Run faults side by side, after a run without."""
        if not part.folded:
            return self._run_arrays(part)
        found, outcomes = self._run_folded(part.faults), {}
        again = part.faults  # by the arrays
        if found is not None and not found.beyond[0]:
            seen = self._witnessed(found.record, found.actions)
            outcomes = {str(fault): outcome for fault, outcome in zip(part.faults, seen, strict=True)}
            again = [fault for fault, large in zip(part.faults, found.beyond[1:], strict=True) if large]
        for rest in self._of_arrays(again):
            outcomes |= {str(fault): one for fault, one in zip(rest.faults, self._run_arrays(rest), strict=True)}
        return (outcomes[str(fault)] for fault in part.faults)

    def _run_folded(self, faults: Sequence[Fault]) -> FoldedRuns | None:
        """Run faults in the folded network; None where it cannot be folded so."""
        data = [self._data(fault) for fault in faults]
        start = jax.device_get(self.loop)
        setting = self._setting(any(one.variant is not None for one in data))
        healthy = at_rest(self.injector.common(0, None, UNTRIGGERED, ""))
        begun = Begun(start.processes, start.actions)
        return run_side_by_side(setting, self.arrays, begun, self.moving, self.kept, [healthy, *data])

    def _run_arrays(self, part: RunPart) -> Iterator[Outcome]:
        data = [self._data(fault) for fault in part.faults]
        data = [one.like(part.blank) for one in data] if part.blank else data
        filled = [at_rest(data[0]), *data, *[at_rest(data[0])] * (self.width - 1 - len(data))]
        together = stacked(filled, self.injector.total, self.lengths)
        runs, setting = len(part.faults) + 1, self._setting(together.variant is not None)
        found = jax.device_get(run_faulted(setting, self.weights, self.loop, self.moving, self.kept, together))
        return self._witnessed(*jax.tree.map(lambda part: part[:runs], found))

    def _witnessed(self, seen: StepRecord, carried_out: np.ndarray) -> Iterator[Outcome]:
        """Say what came of each run but the first, in which nothing fails."""
        runs = len(carried_out)
        loose = np.asarray(seen.residual)[..., seen.residual.shape[-1] - self.watched :]
        moving = {s: np.broadcast_to(v, (runs, *v.shape[1:])) for s, v in self.setup.moving.items()}
        setup = replace(self.setup, runs=runs, moving=moving)
        trace = trace_of(self.model, setup, [seen], finite=False)
        done = trace_of(self.model, setup, [seen._replace(outputs=carried_out)], finite=False)
        return outcomes(witness(trace, done, self.alarms, loose))

    def _setting(self, several_worlds: bool) -> Setting:
        """Return what is compiled in: what these faults do not need is left out."""
        model, world = self.model, self.injector.worlds[0]
        triggers = tuple(
            _margin(model.structure, when)  # pyright: ignore[reportArgumentType]  # a frozen pydantic model is hashable
            for when in self.conditions
        )
        worlds = tuple(self.injector.worlds) if several_worlds else (world,)
        blocks = model.blocks if model.seal else ()
        return Setting(worlds, model.names, blocks, triggers, bucket(self.lengths.late), model.window)


@lru_cache(maxsize=256)
def _margin(structure: ControlStructure, when: Condition) -> Margin:
    """Return the same function for the same condition, so that it is compiled once."""
    return margin_of_condition(structure, world_of(structure), when)


def driving(structure: ControlStructure, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Return signals from outside [time] that go through their values: each stands for eight steps."""
    rng, changes = np.random.default_rng([seed, 1]), -(-steps // STAND)
    externals = world_of(structure).externals
    words = [e.domain.values for e in externals if e.domain.discrete]
    every = np.array(list(itertools.islice(itertools.product(*map(range, map(len, words))), MAX_COMBINED + 1)), int)
    if len(every) <= MAX_COMBINED:
        rows = np.concatenate([rng.permutation(len(every)) for _ in range(-(-changes // len(every)))])[:changes]
        numbers = iter(every.reshape(len(every), len(words))[rows].T)
    else:
        numbers = iter([rng.integers(len(own), size=changes) for own in words])
    found = {}
    for external in externals:
        domain = external.domain
        if domain.discrete:
            values = np.array(domain.values)[next(numbers)]
        else:
            values = domain.rounded(rng.uniform(domain.low, domain.high, changes).astype(np.float32))
        found[f"{external.signal.owner}.{external.signal.name}"] = np.repeat(values, STAND)[:steps]
    return found
