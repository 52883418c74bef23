"""Outcomes in a file, a line each, so that a campaign that was cut off goes on where it was."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamltext import dumps
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.engine import FOLDED
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.faultlist import FaultList, expand
from handcrafted.safety.faults.outcome import CLASSES, HAZARD, Outcome
from handcrafted.safety.faults.runner import Runner
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.safety.faults.workers import Found, RunnerSpec, Workers
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.ledger import Ledger
from handcrafted.text.letters import located
from handcrafted.text.report import progress_bar

OUTCOME = TypeAdapter(Outcome)


class Store:
    """What is known of faults, and the file that keeps it; without a file it is kept in memory alone.

    Attributes:
        found: outcomes by the words of the fault.
    """

    def __init__(self, path: str | Path | None, key: str):
        """Read what is there.

        Args:
            path: of the file.
            key: of all that outcomes depend on but the fault.

        Raises:
            HandcraftedError: if the file cannot be read, holds something else, or an outcome is not as it was written.
        """
        self.ledger = Ledger(Path(path), f"{key} by handcrafted {version('handcrafted')}") if path else None
        self.found: dict[str, Outcome] = {}
        for record in self.ledger.records if self.ledger else ():
            data = dict(record)
            try:
                self.found[str(data.pop("fault"))] = OUTCOME.validate_python(data)
            except (ValueError, KeyError):
                raise HandcraftedError(
                    f"{located(path)}: Expected a file of outcomes, got something else. Choose another."
                ) from None

    def add(self, new: Mapping[str, Outcome]) -> None:
        """Keep outcomes.

        Raises:
            HandcraftedError: if the file cannot be written.
        """
        self.found.update(new)
        if self.ledger:
            self.ledger.add(map(_record, new.items()))

    def end(self, faults: Iterable[Fault]) -> tuple[Outcome, ...]:
        """Return the outcomes of faults; the file gets their order, in whichever they came.

        Raises:
            HandcraftedError: if the file cannot be written.
        """
        first = {str(fault): self.found[str(fault)] for fault in faults}
        if self.ledger:
            self.ledger.rewrite(map(_record, {**first, **dict(sorted(self.found.items()))}.items()))
        return tuple(self.found[str(fault)] for fault in faults)


def _record(one: tuple[str, Outcome]) -> dict[str, Any]:
    return {"fault": one[0], **asdict(one[1])}


EMPTY_LIST = FaultList.model_construct(faults=())
"""Gives steps and seed where faults come one by one."""


CONFIDENCE = 0.95


class Share(NamedTuple):
    """How many faults came to a hazard, of how many; of a sample with a 95 % confidence interval of the share."""

    found: int
    of: int
    low: float
    high: float

    def __str__(self) -> str:
        interval = "" if self.low == self.high else f" ({self.low:.1%} to {self.high:.1%})"
        return f"{self.found} of {self.of} = {self.found / self.of:.1%}{interval}"


@dataclass(frozen=True)
class Campaign:
    """Faults and what came of them.

    Attributes:
        structure: whose loop it was.
        faults: those that were run.
        outcomes: of each.
        listed: how many the list stands for.
        sampled: whether those that were run are a sample of them.
        steps: of each run.
        seed: of disturbances, noise and the sample.
    """

    structure: ControlStructure
    faults: tuple[Fault, ...]
    outcomes: tuple[Outcome, ...]
    listed: int
    sampled: bool
    steps: int
    seed: int

    def count(self, kind: str) -> int:
        """Count the faults of one class."""
        return sum(one.kind == kind for one in self.outcomes)

    def __iter__(self) -> Iterator[tuple[Fault, Outcome]]:
        return iter(zip(self.faults, self.outcomes, strict=True))

    def __len__(self) -> int:
        return len(self.faults)

    def only(self, chosen: Iterable[bool]) -> Campaign:
        """Return the campaign with some faults left out."""
        faults, found = (tuple(itertools.compress(part, chosen)) for part in (self.faults, self.outcomes))
        return replace(self, faults=faults, outcomes=found)

    def share(self, kind: str = HAZARD) -> Share:
        """Return the share of faults of one class.

        The interval is of the share in the whole list, of which a sample was drawn; without sampling it is the share.

        Source: Wilson 1927.
        """
        from scipy.stats import binomtest

        found, of = self.count(kind), len(self)
        if not of or not self.sampled:
            exact = found / of if of else 0.0
            return Share(found, max(of, 1), exact, exact)
        interval = binomtest(found, of).proportion_ci(CONFIDENCE, method="wilson")
        return Share(found, of, float(interval.low), float(interval.high))

    def __repr__(self) -> str:
        drawn = f", drawn from {self.listed:,}" if self.sampled else ""
        counts = ", ".join(f"{kind} {self.count(kind):,}" for kind in CLASSES)
        share = f"; hazard {self.share()}" if self.sampled and len(self) else ""
        return f"{self.structure.name}: {len(self):,} faults{drawn}, {self.steps:,} steps each: {counts}{share}"


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
    workers: int = 0,
    scheduler: str = "",
    progress: bool = False,
    engine: str = FOLDED,
) -> Campaign:
    """Run every fault in a closed loop of its own, and class what comes of it.

    All runs begin alike and are disturbed alike; what is compared with is the same run without a fault. Signals from
    outside that are not given change every eight steps, through all combinations of words or at random.

    Source: fault injection as in Hsueh, Tsai & Iyer 1997, section 2; STPA Handbook (Leveson & Thomas 2018), step 4.

    Args:
        model: the controllers.
        faults: a list, see `handcrafted.safety.faults.usual.load_faults`, or faults one by one.
        steps: of each run; None takes the list's, else 500.
        initial: of the processes, as in `simulate`, over what the list says.
        inputs: signals from outside, as in `simulate`, without an axis of runs.
        disturbance: as in `simulate`, without an axis of runs.
        seed: of disturbances, noise and the sample; None takes the list's, else 0.
        sample: draw so many of the faults where there are more.
        store: a file in which outcomes are kept as they come; what is there already is not run again.
        workers: how many processes run faults; 0 leaves it to this one. It takes the extra `handcrafted[workers]`.
        scheduler: the address of a Dask scheduler whose workers run them instead, such as `tcp://host:8786`.
        progress: whether to show a progress bar.
        engine: `folded` runs all faults side by side in what is left of the arrays once zeros and copies are gone;
            `dense`, the reference, changes the arrays themselves. What the former cannot run goes through the latter: a
            fault that waits for a condition, makes a head attend by content, changes or holds what single heads
            remember, or in which a number becomes so large that it may not stay finite.

    Raises:
        HandcraftedError: if a fault does not fit the model, a detector is unknown, there is an axis of runs, the
            file holds outcomes of something else, or there is no such engine.

    Example:
        >>> from handcrafted.safety.faults.faultlist import FaultList
        >>> listed = FaultList.model_validate({"faults": [{"sensor": "temperature", "stuck": 12, "from": 4}]})
        >>> hc.inject(hc.assemble(hc.load("heated room")), listed, steps=100)
        heated room: 1 faults, 100 steps each: masked 0, safe but different 0, detected 0, hazard 1
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    must_be(faults, FaultList | Sequence, "a fault list, or faults one by one")
    listed = faults if isinstance(faults, FaultList) else EMPTY_LIST
    steps, seed = steps or listed.steps, listed.seed if seed is None else seed
    target = FaultTarget(model)
    all_faults = (
        expand(model, faults.model_copy(update={"steps": steps}), target)
        if isinstance(faults, FaultList)
        else tuple(faults)
    )
    chosen = _sample(all_faults, sample, seed)
    others = Workers(workers, scheduler)
    options = steps, {**listed.initial, **(initial or {})}, inputs, disturbance, seed, listed.detectors, engine
    bench = Runner(target, *options)
    kept = Store(store, bench.key)
    left = [fault for fault in chosen if str(fault) not in kept.found]
    with progress_bar(progress) as bar:
        task = bar.add_task(f"{model.structure.name}: faults", total=len(left))
        for found in others.run(_spec(bench, options), left) if others and left else _run_here(bench, left):
            kept.add(found)
            bar.advance(task, len(found))
    return Campaign(
        model.structure, chosen, kept.end(chosen), len(all_faults), len(chosen) < len(all_faults), steps, seed
    )


def _spec(bench: Runner, options: tuple[Any, ...]) -> RunnerSpec:
    """Return a runner as data that travels."""
    arrays = {name: np.asarray(array) for name, array in bench.model.weights.items()}
    return RunnerSpec(bench.key, dumps(bench.model.structure), arrays, options)


def _run_here(bench: Runner, faults: Sequence[Fault]) -> Iterator[Found]:
    """Run faults in this process; give outcomes part by part."""
    for part in bench.parts(faults):
        yield {str(fault): outcome for fault, outcome in zip(part.faults, bench.run(part), strict=True)}


def _sample(faults: tuple[Fault, ...], count: int | None, seed: int) -> tuple[Fault, ...]:
    if count is None or count >= len(faults):
        return faults
    if count < 1:
        raise HandcraftedError(f"Expected a sample of at least 1 fault, got {count}. Give more.")
    rows = np.random.default_rng(seed).choice(len(faults), count, replace=False)
    return tuple(faults[i] for i in np.sort(rows))
