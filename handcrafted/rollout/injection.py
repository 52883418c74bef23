"""A fault as data: what it changes, where, and from when to when. All faults of one shape share one program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.library import library_of
from handcrafted.model.edit import AffineEdit, Edit
from handcrafted.plants.plant import Array
from handcrafted.rollout.environment import DISTURBANCE

FOREVER = 2**30
"""Steps of a fault that does not end."""

UNTRIGGERED = -1
"""A trigger's number where time alone decides."""


class InjectedChange(NamedTuple):
    """What a fault does to some values while it acts, all arrays shaped like them.

    Attributes:
        keep, add: each value becomes `value * keep + add`.
        noise: standard deviation of what is added; one draw per step, the same for all values.
        flip: bits to flip, as int32.
    """

    keep: Any
    add: Any
    noise: Any
    flip: Any

    def now(self, active: Array, draw: Array) -> AffineEdit:
        """Return what it does in one step."""
        xp = library_of(active, self.keep)
        add = xp.where(active, self.add + self.noise * draw, np.float32(0))
        return AffineEdit(xp.where(active, self.keep, np.float32(1)), add, xp.where(active, self.flip, np.int32(0)))


class PortChange(NamedTuple):
    """What a fault does to the numbers that enter or leave the network.

    In this order: which number is taken, how late, held or not, then what `change` says.

    Attributes:
        change: what is done to them [n].
        told: what is added besides, by the age of the fault, the last for ever [length, n].
        source: the number that is taken in place of each [n].
        late: which come late [n], by `delay` steps.
        held: which stay at the last value before the fault [n].
    """

    change: InjectedChange
    told: Any
    source: Any
    late: Any
    delay: Any
    held: Any

    def on(self, value: Array, past: Array, active: Array, age: Array, draw: Array) -> Array:
        """Return what comes through in place of numbers [n]; of many runs their axis comes last.

        Args:
            value: what would.
            past: what came through before, the newest first [depth, n].
            active: whether the fault acts.
            age: for how many steps.
            draw: the noise of this step.
        """
        xp = library_of(value, past, self.told)
        picked = lambda rows, row: xp.take_along_axis(rows, xp.asarray(row)[None, None], axis=0)[0]
        new = xp.take_along_axis(xp.where(self.late, picked(past, self.delay - 1), value), self.source, axis=0)
        new = xp.where(self.held, past[0], new)
        told = picked(self.told, xp.clip(age, 0, len(self.told) - 1))
        new = self.change._replace(add=self.change.add + told).now(active, draw).on(new)
        return xp.where(active, new, value)

    def longer(self, most: int) -> PortChange:
        """Return the same with so many steps of what is told, the last for ever."""
        return self._replace(told=np.pad(self.told, ((0, most - len(self.told)), (0, 0)), mode="edge"))

    def held_back(self, value: Array, past: Array, active: Array) -> Array:
        """Return what is remembered of a step: numbers, or what came before where it is held."""
        return library_of(value, past).where(active & self.held, past[0], value)


class Entries(NamedTuple):
    """Array entries that have other values: places [entry] in the flattened arrays, beyond the end for none."""

    places: Any
    values: Any


class StateParts(NamedTuple):
    """Something for each part of the network's dense state, see `handcrafted.model.forward.State`."""

    carry: Any
    keys: Any
    values: Any


class Injection(NamedTuple):
    """One fault, or with a leading axis many of one shape; what is None is untouched.

    Attributes:
        onset: the step from which it acts, or from which its trigger is looked at.
        steps: for how many.
        trigger: the number of its condition over the true state; `UNTRIGGERED` where time alone decides.
        draws: standard normal numbers [time].
        weights: entries that have other values.
        edit: activations, as `InjectedChange`s without a time axis.
        state: what the network remembers, a `InjectedChange` for each part.
        stale: what of it does not advance, as booleans that broadcast against it.
        inputs, outputs: what sensors report, and what actuators do.
        rates: what a step adds to each process's state, a `InjectedChange` by component and name.
        shocks: what disturbs each process [process].
        variant: the number of the world whose processes run.
    """

    onset: Any
    steps: Any
    trigger: Any
    draws: Any
    weights: Entries | None = None
    edit: Edit | None = None
    state: StateParts | None = None
    stale: StateParts | None = None
    inputs: PortChange | None = None
    outputs: PortChange | None = None
    rates: Any = None
    shocks: InjectedChange | None = None
    variant: Any = None

    def like(self, template: Injection) -> Injection:
        """Return the same fault in the shape of another: what is None here and not there is taken from there."""
        edit = template.edit if self.edit is None or template.edit is None else _or(self.edit, template.edit)
        return _or(self, template)._replace(edit=edit)


def _or(one: Any, other: Any) -> Any:
    """Return a tuple's fields, or the other's where they are None."""
    return type(one)(*(b if a is None else a for a, b in zip(one, other, strict=True)))


def nothing(*shape: int) -> InjectedChange:
    """Return the change that changes nothing."""
    ones, zeros = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    return InjectedChange(ones, zeros, zeros.copy(), np.zeros(shape, np.int32))


def untouched_ports(width: int) -> PortChange:
    """Return a change of all numbers that enter or leave, which changes nothing."""
    no, told = np.zeros(width, bool), np.zeros((1, width), np.float32)
    return PortChange(nothing(width), told, np.arange(width), no, np.int32(1), no.copy())


def moved(old: Array, new: Array, touch: AffineEdit) -> Array:
    """Return where a process is after a step, given where it was and would be, and what is done to its rate."""
    return library_of(old, new, touch.keep).where(touch.changed, old + touch.on(new - old), new)


def shocked(outside: Mapping[Signal, Array], owners: Iterable[str], shocks: AffineEdit) -> Mapping[Signal, Array]:
    """Return what comes from outside with the disturbances of processes changed."""
    signals = [Signal(owner, DISTURBANCE, "disturbance") for owner in owners]
    given = [outside[signal] for signal in signals]
    changed = shocks.on(library_of(*given).stack(given))
    return {**outside, **{signal: changed[i] for i, signal in enumerate(signals)}}


def touches_now(changes: Any, active: Array, draw: Array) -> Any:
    """Return what changes do in one step: the same tree with a `AffineEdit` for each `InjectedChange`."""
    return jax.tree.map(
        lambda one: one.now(active, draw), changes, is_leaf=lambda part: isinstance(part, InjectedChange)
    )
