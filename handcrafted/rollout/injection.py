"""A fault as data: what it changes, where, and from when to when. All faults of one shape share one program."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from handcrafted.model.edit import AffineEdit, Edit

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
        keep = jnp.where(active, self.keep, 1.0)
        return AffineEdit(keep, jnp.where(active, self.add + self.noise * draw, 0.0), jnp.where(active, self.flip, 0))


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


def touches_now(changes: Any, active: Array, draw: Array) -> Any:
    """Return what changes do in one step: the same tree with a `AffineEdit` for each `InjectedChange`."""
    return jax.tree.map(
        lambda one: one.now(active, draw), changes, is_leaf=lambda part: isinstance(part, InjectedChange)
    )
