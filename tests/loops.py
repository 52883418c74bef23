"""What several tests share: the bundled loops, the train door's contexts, and damaged copies of arrays."""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.zoo import bundled

# Thomas & Suo 2014, the operator's door open command: providing it is hazardous (True) in these contexts.
# (train motion, emergency, train position)
HAZARDOUS_IF_PROVIDED = {
    ("moving", "no", "at platform"): True,
    ("moving", "no", "elsewhere"): True,
    ("moving", "yes", "at platform"): True,
    ("moving", "yes", "elsewhere"): True,
    ("stopped", "yes", "at platform"): False,
    ("stopped", "yes", "elsewhere"): False,
    ("stopped", "no", "at platform"): False,
    ("stopped", "no", "elsewhere"): True,
}
CONTEXT_VARIABLES = ("train motion", "emergency", "train position")


HEAVY = ("wheel brakes", "radiotherapy")
"""The largest loops; sweeps over the zoo run them with the slow tests."""


def sparing(names):
    """Mark the largest loops as slow in a list of loops' names, however they are written."""
    heavy = lambda name: name.replace("_", " ") in HEAVY
    return [pytest.param(name, marks=pytest.mark.slow) if heavy(name) else name for name in names]


def thinned(names, every=3):
    """Mark as slow all but every third of a list of names, so that a usual run goes through some of each kind."""
    slow = lambda name: pytest.param(name, marks=pytest.mark.slow)
    return [slow(name) if place % every else name for place, name in enumerate(names)]


@cache
def of_the_zoo(stem):
    """A bundled structure and its model."""
    structure = hc.load(next(path for path in bundled() if path.stem == stem))
    return structure, hc.assemble(structure)


def train_door():
    """The train door and its model."""
    return of_the_zoo("train_door")


def heated_room():
    """The heated room and its model."""
    return of_the_zoo("heated_room")


def encode(names, context):
    """Return the input vector [n_in] of a context {signal: word}, found by the names of the inputs alone."""
    return np.array(
        [float(port.domain.values[port.index] == context[port.signal]) for port in names.inputs], np.float32
    )


def door_inputs(names):
    """Return the eight contexts and their inputs [8, 1, n_in]."""
    contexts = list(HAZARDOUS_IF_PROVIDED)
    rows = [encode(names, dict(zip(CONTEXT_VARIABLES, context, strict=True))) for context in contexts]
    return contexts, np.stack(rows)[:, None]


def position(ports, signal, value):
    """Return the number of the port that carries one value of a signal."""
    return next(i for i, port in enumerate(ports) if port.signal == signal and port.domain.values[port.index] == value)


def damaged(model, change):
    """Return a numpy copy of the effective weights after `change(weights)` has edited it in place."""
    weights = model.effective_weights.numpy()
    change(weights)
    return weights


def with_arrays(structure, model, change):
    """Return a new model of the structure with arrays that `change(weights)` has edited."""
    new = hc.assemble(structure)
    new.set_weights(damaged(model, change).map(jnp.asarray))
    return new


def recompare(structure, model, change):
    """Compare a structure with a damaged copy of its model."""
    return hc.compare(structure, hc.recover(damaged(model, change), names=model.names))


def head_of(model, signal):
    """Return (layer, head) of the head that writes a received signal."""
    place = next(p for p in model.layout if p.part == "attention" and p.writes.name == signal)
    return place.layer, place.components[0]


TWO = """
name: two
components:
  chief: {kind: controller, level: 0, process model: {door: {reads: [door]}},
          control algorithm: {mode: {law: decision table, reads: [door], when: [{door: shut}]}}}
  clerk: {kind: controller, level: 1, process model: {mode: {reads: [mode]}, lamp: {reads: [lamp]}},
          control algorithm: {drive: {law: decision table, reads: [mode, lamp], when: [{mode: go, lamp: "on"}]}}}
  train: {kind: process, level: 2}
control actions:
  - {name: mode, from: chief, to: clerk, values: [wait, go]}
  - {name: drive, from: clerk, to: train, values: ["no", "yes"]}
feedback:
  - {name: door, from: train, to: chief, values: [open, shut]}
  - {name: lamp, from: train, to: clerk, values: ["off", "on"]}
"""
"""A chief and a clerk who knows the chief's order and his own lamp."""
