"""The closed loop with faults, folded and in numpy: all runs go side by side, and nothing is compiled.

What happens in a step is `handcrafted.rollout.loop.step`, as in `handcrafted.rollout.faulted`, which runs the arrays
themselves. What a fault changes is open in the folded program, see `handcrafted.model.opening`: entries of arrays,
values on their way, what the recurrence carries, and where a head looks by position.

A folded program leaves out what is multiplied by 0, where the arrays would make NaN of what is not finite. So a run is
not taken from here in which any value becomes larger than `LARGE`; `run_side_by_side` says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.component import END_ARRAYS
from handcrafted.model.edit import Edit
from handcrafted.model.fold import fold
from handcrafted.model.opening import CARRY, Opening, OpenSite, all_entries
from handcrafted.model.run_open import Held, OpenNetwork, OpenState
from handcrafted.model.weights import Weights
from handcrafted.rollout.faulted import Setting
from handcrafted.rollout.injection import (
    UNTRIGGERED,
    InjectedChange,
    Injection,
    PortChange,
    moved,
    nothing,
    shocked,
    untouched_ports,
)
from handcrafted.rollout.loop import ClosedLoop, StepRecord, step
from handcrafted.rollout.outside import measure, observe, proceed
from handcrafted.rollout.side_by_side import mapped, over_steps

Array = np.ndarray

LARGE, LARGEST_ENTRY = np.float32(1e30), 1e6
"""A value beyond the first is as good as infinite; entries beyond the second are for the arrays to run."""

SITES = ("embed", "mid", "post", "heads", "neurons")
"""Where activations may be changed: the fields of an `Edit` but that of single readers."""


class Begun(NamedTuple):
    """What runs begin with, without an axis of runs: the processes, and the actions before t = 0."""

    processes: Mapping[str, Mapping[str, Array]]
    actions: Array


class FoldedRuns(NamedTuple):
    """What was seen.

    Attributes:
        record: of each step, with leading axes [run, time].
        actions: what actuators do [run, time, n_out].
        beyond: runs in which a value was too large, which are nothing to go by [run].
    """

    record: StepRecord
    actions: Array
    beyond: Array


def runs_folded(one: Injection, weights: Weights) -> bool:
    """Whether a fault may run here: the numbers are of usual size, it waits for no condition, holds no single ring."""
    entries = () if one.weights is None else one.weights.values
    carried = np.any(weights[END_ARRAYS.recurrence], axis=0)
    rings = [] if one.state is None else [_acts(one.state.keys), _acts(one.state.values)]
    held = () if one.stale is None else (one.stale.keys, one.stale.values)
    return (
        one.trigger == UNTRIGGERED
        and all(np.abs(value) <= LARGEST_ENTRY for value in entries)
        and not any(part.any() for part in rings)
        and (one.state is None or not np.any(_acts(one.state.carry) & ~carried))
        and (not any(map(np.any, held)) or all(map(np.all, held)))
    )


def run_side_by_side(
    setting: Setting, weights: Weights, begun: Begun, moving: Mapping[Signal, Array], kept: Array, faults: Sequence
) -> FoldedRuns | None:
    """Run one closed loop per fault, all from the same state and disturbed alike.

    Args:
        setting: what all have in common; no triggers.
        weights: effective weights, as numpy arrays.
        begun: where to start.
        moving: signals from outside and disturbances [time, …].
        kept: positions of the residual stream to record.
        faults: `Injection`s that `runs_folded` allows; of several shapes.

    Returns:
        None where the network cannot be folded with what these faults change.
    """
    entries = sorted({int(at) for one in faults if one.weights for at in one.weights.places})
    opening = Opening(tuple(entries), tuple(dict.fromkeys(site for one in faults for site in _sites(one))))
    stream = [*kept.tolist(), *range(weights.sizes["d_model"])]  # all of it, to see what becomes too large
    network = fold(weights, setting.window, stream, setting.blocks, opening=opening)
    if network is None:
        return None
    running = OpenNetwork(network, opening, weights, setting.window, len(faults), len(kept))
    return _Loops(setting, weights, running, opening, faults).run(begun, moving)


def _acts(change: InjectedChange) -> Array:
    """Return where a change changes anything."""
    return (change.keep != 1) | (change.add != 0) | (change.noise != 0) | (change.flip != 0)


def _changes(one: Injection) -> Iterator[tuple[str, InjectedChange]]:
    """List the changes of values on their way by part."""
    edit = one.edit or Edit()
    yield from ((part, change) for part in SITES if (change := getattr(edit, part)) is not None)
    if one.state is not None:
        yield CARRY, one.state.carry


def _sites(one: Injection) -> Iterator[OpenSite]:
    for part, change in _changes(one):
        yield from (OpenSite(part, tuple(index)) for index in np.argwhere(_acts(change)).tolist())


class _Loops:
    """Closed loops side by side: the touches of `handcrafted.rollout.loop.step`, with the axis of runs last."""

    def __init__(
        self, setting: Setting, weights: Weights, network: OpenNetwork, opening: Opening, faults: Sequence[Injection],
    ):  # fmt: skip
        self.setting, self.network, self.faults = setting, network, faults
        self.runs = len(faults)
        self.healthy = np.repeat(all_entries(weights)[list(opening.entries), None], self.runs, axis=1)
        self.entries, mark = self.healthy.copy(), {at: i for i, at in enumerate(opening.entries)}
        for run, one in enumerate(faults):
            if one.weights is not None:
                self.entries[[mark[int(at)] for at in one.weights.places], run] = one.weights.values
        self.sites = self._at_sites(opening.sites)
        self.held = self._held(weights.sizes["d_model"])
        self.onset = np.array([max(0, int(one.onset)) for one in faults])
        self.steps, self.draws = np.array([int(one.steps) for one in faults]), _last([one.draws for one in faults])
        self.inputs, self.outputs = (_ports([getattr(one, name) for one in faults]) for name in ("inputs", "outputs"))
        self.shocks = self._shocks()
        self.variants = np.array([0 if one.variant is None else int(one.variant) for one in faults])
        self.beyond = np.zeros(self.runs, bool)

    def _at_sites(self, sites: Sequence[OpenSite]) -> InjectedChange:
        """Return what is done at each site in each run [site, run]."""
        found, number = nothing(len(sites), self.runs), {site: i for i, site in enumerate(sites)}
        for run, one in enumerate(self.faults):
            for part, change in _changes(one):
                for index in map(tuple, np.argwhere(_acts(change)).tolist()):
                    for values, new in zip(found, change, strict=True):
                        values[number[OpenSite(part, index)], run] = new[index]
        return found

    def _held(self, wide: int) -> Held | None:
        """Return what does not advance while the faults act."""
        if all(one.stale is None for one in self.faults):
            return None
        none = np.zeros(wide, bool)
        carry = _last([none if one.stale is None else one.stale.carry for one in self.faults])
        return Held(carry, np.array([one.stale is not None and bool(np.all(one.stale.keys)) for one in self.faults]))

    def _shocks(self) -> InjectedChange | None:
        """Return what disturbs each process [process, run]."""
        count = len(self.setting.worlds[0].processes)
        if all(one.shocks is None for one in self.faults):
            return None
        return InjectedChange(*map(_last, zip(*(one.shocks or nothing(count) for one in self.faults), strict=True)))

    def run(self, begun: Begun, moving: Mapping[Signal, Array]) -> FoldedRuns:
        """Run all steps."""
        wide = lambda value: np.broadcast_to(np.asarray(value)[..., None], (*np.shape(value), self.runs))
        world, names = self.setting.worlds[0], self.setting.names
        memory = self.network.begin(np.where(self.onset == 0, self.entries, self.healthy))
        loop = ClosedLoop(memory, mapped(wide, begun.processes), wide(begun.actions))
        seen: list[tuple[StepRecord, Array]] = []
        with np.errstate(all="ignore"):  # what becomes too large is told
            for time in range(len(self.draws)):
                self.age, self.draw = time - self.onset, self.draws[time]
                self.active = (self.age >= 0) & (self.age < self.steps)
                outside = {signal: wide(values[time]) for signal, values in moving.items()}
                if time == 0:
                    first = measure(world, names, observe(world, loop.processes), loop.actions, outside)
                    past = lambda value: np.broadcast_to(value, (self.setting.depth, *value.shape))
                    self.past_inputs, self.past_outputs = past(first), past(loop.actions)
                loop, record = step(self, world, names, loop, outside)
                seen.append((record, loop.actions))
        record, actions = over_steps(seen)
        return FoldedRuns(record, actions, self.beyond)

    def sensed(self, inputs: Array) -> Array:
        """Return what the sensors report."""
        found, self.past_inputs = self._through(self.inputs, inputs, self.past_inputs)
        self.beyond |= ~(np.abs(found) < LARGE).all(axis=0)
        return found

    def advance(self, state: OpenState, inputs: Array) -> tuple[OpenState, Array, Array, Array | None]:
        """Run the network one step, with the faults in its entries, its activations and its memory."""
        entries = np.where(self.active, self.entries, self.healthy)
        held = self.held and Held(self.held.carry & self.active, self.held.heads & self.active)
        new, done = self.network.advance(state, inputs, entries, self.sites.now(self.active, self.draw), held)
        self.beyond |= ~(done.largest < LARGE)
        ports = len(self.network.program.faults)
        return new, done.outputs, done.residual, np.zeros((ports, self.runs), bool) if ports else None

    def acted(self, outputs: Array) -> Array:
        """Return what the actuators do."""
        found, self.past_outputs = self._through(self.outputs, outputs, self.past_outputs)
        return found

    def _through(self, change: PortChange | None, value: Array, past: Array) -> tuple[Array, Array]:
        """Return what comes through, and what is remembered of the step, the newest first."""
        found = value if change is None else change.on(value, past, self.active, self.age, self.draw)
        kept = value if change is None else change.held_back(value, past, self.active)
        return found, np.concatenate([kept[None], past[:-1]])

    def proceed(self, now: Mapping, observed: Mapping, actions: Array, outside: Mapping[Signal, Array]) -> Mapping:
        """Return the processes' states after the step."""
        names, worlds = self.setting.names, self.setting.worlds
        if self.shocks is not None:
            outside = shocked(outside, worlds[0].processes, self.shocks.now(self.active, self.draw))
        number = np.where(self.active, self.variants, 0)
        after = proceed(worlds[0], names, now, observed, actions, outside)
        for other in sorted({*number.tolist()} - {0}):
            changed = proceed(worlds[other], names, now, observed, actions, outside)
            after = mapped(lambda a, b, n=other: np.where(number == n, a, b), changed, after)
        for run, one in enumerate(self.faults):
            if one.rates is not None:
                after = self._at_rate(run, one.rates, now, after)
        return after

    def _at_rate(self, run: int, rates: Any, now: Mapping, after: Mapping) -> Mapping:
        """Return the processes' states with those of one run moved at another rate."""
        found = {owner: {name: np.array(value) for name, value in part.items()} for owner, part in after.items()}
        for owner, part in found.items():
            for name, value in part.items():
                touch = rates[owner][name].now(self.active[run], self.draw[run])
                value[..., run] = moved(now[owner][name][..., run], value[..., run], touch)
        return found


def _ports(changes: Sequence[PortChange | None]) -> PortChange | None:
    """Return what is done to the numbers that enter or leave."""
    wide = next((len(one.source) for one in changes if one is not None), None)
    if wide is None:
        return None
    whole = [untouched_ports(wide) if one is None else one for one in changes]
    most = max(len(one.told) for one in whole)
    stack = lambda name: _last([getattr(one, name) for one in whole])
    fields = (_last([getattr(one.change, name) for one in whole]) for name in InjectedChange._fields)
    told = _last([one.longer(most).told for one in whole])
    return PortChange(InjectedChange(*fields), told, *map(stack, ("source", "late", "delay", "held")))


def _last(parts: Sequence[Any]) -> Array:
    """Stack numbers of runs, whose axis comes last."""
    return np.stack([*map(np.asarray, parts)], axis=-1)
