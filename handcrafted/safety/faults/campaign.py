"""A campaign: every fault of a list in a closed loop of its own, side by side with the loop without it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.progress import Progress

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.faultlist import FaultList
from handcrafted.control.parts import Condition
from handcrafted.control.structure import ControlStructure
from handcrafted.control.yamlfile import dumps
from handcrafted.model.padding import bucket
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.faulted import Setting, run_faulted
from handcrafted.rollout.given import Given, given
from handcrafted.rollout.injection import UNTRIGGERED, Injection
from handcrafted.rollout.loop import Seen
from handcrafted.rollout.recorded import recorded, trace_of
from handcrafted.rollout.simulate import network_of, start_of
from handcrafted.rollout.world import world_of
from handcrafted.safety.faults.detectors import Alarms
from handcrafted.safety.faults.fault import Fault, expand
from handcrafted.safety.faults.inject import Injector, at_rest, stacked
from handcrafted.safety.faults.outcome import Outcome, outcomes, witness
from handcrafted.safety.faults.place import Places
from handcrafted.safety.faults.store import Store
from handcrafted.safety.hazard import Margin, margin_of_condition

SIDE_BY_SIDE = 128
"""Runs that go through one call, one of them without a fault; see `handcrafted.rollout.loop.BATCH`."""

MOST_RECORDED = 2**21
"""Steps of all runs of one call, so that what is recorded fits into memory; long runs go through in smaller parts."""

STAND = 8
"""Steps for which signals from outside stand still before they change."""

MOST_COMBINED = 64
"""So many combinations of words from outside are gone through in turn; of more, random ones."""


@dataclass(frozen=True)
class Campaign:
    """Faults and what came of them.

    Attributes:
        structure: whose loop it was.
        faults: those that were run.
        outcomes: of each.
        listed: how many the list stands for; more than were run where a sample was drawn.
        steps: of each run.
        seed: of disturbances, noise and the sample.
    """

    structure: ControlStructure
    faults: tuple[Fault, ...]
    outcomes: tuple[Outcome, ...]
    listed: int
    steps: int
    seed: int

    @property
    def sampled(self) -> bool:
        """Whether some faults were left out."""
        return len(self.faults) < self.listed

    def count(self, kind: str) -> int:
        """Count the faults of one class."""
        return sum(one.kind == kind for one in self.outcomes)

    def __iter__(self) -> Iterator[tuple[Fault, Outcome]]:
        return iter(zip(self.faults, self.outcomes, strict=True))

    def __len__(self) -> int:
        return len(self.faults)

    def only(self, chosen: Sequence[bool]) -> Campaign:
        """Give the campaign with some faults left out."""
        faults, found = (tuple(itertools.compress(part, chosen)) for part in (self.faults, self.outcomes))
        return replace(self, faults=faults, outcomes=found)

    def __repr__(self) -> str:
        from handcrafted.safety.faults.tables import summary

        return summary(self)


def inject(
    model: Transformer,
    faults: FaultList | Sequence[Fault],
    *,
    steps: int | None = None,
    initial: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    disturbance: Any = None,
    seed: int | None = None,
    sample: int | None = None,
    store: str | Path | None = None,
    progress: bool = False,
) -> Campaign:
    """Run every fault in a closed loop of its own, and class what comes of it.

    All runs begin alike and are disturbed alike; what is compared with is the same run without a fault. Signals from
    outside that are not given change every eight steps, through all combinations of words or at random.

    Source: fault injection as in Hsueh, Tsai & Iyer 1997, section 2; STPA Handbook (Leveson & Thomas 2018), step 4.

    Args:
        model: the controllers.
        faults: a list, see `handcrafted.control.yamlfile.load_faults`, or faults one by one.
        steps: of each run; None takes the list's, else 500.
        initial: of the processes, as in `simulate`, over what the list says.
        inputs: signals from outside, as in `simulate`, without an axis of runs.
        disturbance: as in `simulate`, without an axis of runs.
        seed: of disturbances, noise and the sample; None takes the list's, else 0.
        sample: draw so many of the faults where there are more.
        store: a file in which outcomes are kept as they come; what is there already is not run again.
        progress: whether to show a progress bar.

    Raises:
        HandcraftedError: if a fault does not fit the model, a detector is unknown, the runs have an axis of runs, or the
            file holds outcomes of something else.
    """
    listed = faults if isinstance(faults, FaultList) else None
    steps = steps or (listed.steps if listed else 500)
    seed = seed if seed is not None else (listed.seed if listed else 0)
    places = Places(model)
    all_faults = expand(model, listed.model_copy(update={"steps": steps}), places) if listed else tuple(faults)  # type: ignore[arg-type]
    chosen = _sample(all_faults, sample, seed)
    bench = _Bench(
        model, places, steps, {**(listed.initial if listed else {}), **(initial or {})}, inputs, disturbance, seed,
        listed.detectors if listed else (),
    )  # fmt: skip
    kept = Store(store, bench.key)
    left = [fault for fault in chosen if str(fault) not in kept.found]
    with Progress(disable=not progress, transient=True) as bar:
        task = bar.add_task(f"{model.structure.name}: faults", total=len(left))
        for group in bench.groups(left):
            for part in bench.parts(group):
                kept.add({str(fault): outcome for fault, outcome in zip(part, bench.run(part), strict=True)})
                bar.advance(task, len(part))
    found = tuple(kept.found[str(fault)] for fault in chosen)
    return Campaign(model.structure, chosen, found, len(all_faults), steps, seed)


def _sample(faults: tuple[Fault, ...], count: int | None, seed: int) -> tuple[Fault, ...]:
    if count is None or count >= len(faults):
        return faults
    if count < 1:
        raise HandcraftedError(f"Expected a sample of at least 1 fault, got {count}. Give more.")
    rows = np.random.default_rng(seed).choice(len(faults), count, replace=False)
    return tuple(faults[i] for i in np.sort(rows))


class _Bench:
    """One model's closed loop, ready for faults."""

    def __init__(
        self,
        model: Transformer,
        places: Places,
        steps: int,
        initial: Mapping[str, Any],
        inputs: Mapping[str, Any] | None,
        disturbance: Any,
        seed: int,
        detectors: Sequence[str],
    ):
        structure = model.structure
        model.check_seal()
        self.model, self.steps = model, steps
        driven = {**driving(structure, steps, seed), **(inputs or {})}
        self.setup: Given = given(structure, None, steps, dict(initial), driven, disturbance, seed)
        if self.setup.runs is not None:
            raise HandcraftedError(
                f"Expected one run, got {self.setup.runs}. Every fault gets a run of its own; give no axis of runs."
            )
        self.injector = Injector(model, places, steps, seed)
        self.alarms = Alarms(structure, model.names, detectors)
        own = [model.names.find(signal) for signal in recorded(structure)]
        self.kept = np.concatenate([np.zeros(0, int), *own, self.alarms.positions])
        self.watched = len(self.alarms.positions)
        network = network_of(model)
        self.loop = jax.tree.map(lambda part: part[0], start_of(network, model.window, self.setup))
        self.moving = {signal: values[0] for signal, values in self.setup.moving.items()}
        self.weights = model.effective_weights
        self.width = max(2, min(SIDE_BY_SIDE, MOST_RECORDED // steps))
        self.data: dict[Fault, Injection] = {}
        self.conditions: dict[Condition, int] = {}
        self.key = self._key(detectors)

    def _key(self, detectors: Sequence[str]) -> str:
        """Give a hash of all that outcomes depend on but the fault."""
        digest = hashlib.sha256(f"{dumps(self.model.structure)} {self.steps} {list(detectors)}".encode())
        for array in jax.tree.leaves((self.weights, self.setup.state, self.moving)):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(str(self.injector.seed).encode())
        return digest.hexdigest()

    def groups(self, faults: Sequence[Fault]) -> list[list[Fault]]:
        """Put faults together whose data have one shape: each group compiles once."""
        found: dict[str, list[Fault]] = {}
        for fault in faults:
            trigger = UNTRIGGERED
            if fault.when is not None:
                trigger = self.conditions.setdefault(fault.when, len(self.conditions))
            self.data[fault] = self.injector.injection(fault, trigger)
            found.setdefault(str(jax.tree.structure(self.data[fault])), []).append(fault)
        return list(found.values())

    def parts(self, group: Sequence[Fault]) -> Iterator[Sequence[Fault]]:
        """Cut a group into what runs side by side; one place is for the run without a fault."""
        for first in range(0, len(group), self.width - 1):
            yield group[first : first + self.width - 1]

    def run(self, faults: Sequence[Fault]) -> Iterator[Outcome]:
        """Run faults of one shape side by side, after a run without."""
        data = [self.data[fault] for fault in faults]
        filled = [at_rest(data[0]), *data, *[at_rest(data[0])] * (self.width - 1 - len(data))]
        together = stacked(filled, self.injector.total)
        seen: Seen = jax.device_get(
            run_faulted(self._setting(together), self.weights, self.loop, self.moving, self.kept, together)
        )
        runs = len(faults) + 1
        seen = jax.tree.map(lambda part: part[:runs], seen)
        loose = seen.residual[..., seen.residual.shape[-1] - self.watched :]
        moving = {s: np.broadcast_to(v, (runs, *v.shape[1:])) for s, v in self.setup.moving.items()}
        trace = trace_of(self.model, replace(self.setup, runs=runs, moving=moving), [seen], finite=False)
        return outcomes(witness(trace, self.alarms, loose))

    def _setting(self, together: Injection) -> Setting:
        """Give what is compiled in: what these faults do not need is left out."""
        model, world = self.model, self.injector.worlds[0]
        triggers = tuple(_margin(model.structure, when) for when in self.conditions)
        worlds = tuple(self.injector.worlds) if together.variant is not None else (world,)
        ports = [port for port in (together.inputs, together.outputs) if port is not None]
        late = max((int(np.max(port.delay)) for port in ports), default=1)
        blocks = model.blocks if model.seal else ()
        return Setting(worlds, model.names, blocks, triggers, bucket(late), model.window)


@lru_cache(maxsize=256)
def _margin(structure: ControlStructure, when: Condition) -> Margin:
    """Give the same function for the same condition, so that it is compiled once."""
    return margin_of_condition(structure, world_of(structure), when)


def driving(structure: ControlStructure, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Give signals from outside [time] that go through their values: each stands for eight steps."""
    rng, changes = np.random.default_rng([seed, 1]), -(-steps // STAND)
    externals = world_of(structure).externals
    words = [e.domain.values for e in externals if e.domain.discrete]
    every = np.array(list(itertools.islice(itertools.product(*map(range, map(len, words))), MOST_COMBINED + 1)), int)
    if len(every) <= MOST_COMBINED:
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
