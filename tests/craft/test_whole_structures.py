"""Whole structures: the network against all plain laws, step by step, and against what its readouts recover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.laws.oracle import Interpreter
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward, initial_state, step
from tests.control.strategies import lawful, structures
from tests.one_law import outputs_of

STEPS = 24


def random_inputs(names, seed):
    """Return inputs [time, n_in]: words for discrete signals, points of the grid, or any numbers in the range."""
    rng = np.random.default_rng(seed)
    inputs = np.zeros((STEPS, len(names.inputs)), np.float32)
    for signal, at in names.input_signals.items():
        domain = names.domain(signal)
        if domain.discrete:
            inputs[:, at] = np.eye(domain.width)[rng.integers(domain.width, size=STEPS)]
        else:
            inputs[:, at[0]] = domain.rounded(rng.uniform(domain.low, domain.high, STEPS).astype(np.float32))
    return inputs


def by_laws(structure, names, inputs):
    """Return the outputs [time, n_out] that the plain laws give."""
    interpreter, found = Interpreter(structure.resolved), []
    for now in inputs.astype(float):
        given = interpreter.step({signal: now[at] for signal, at in names.input_signals.items()})
        found.append(np.concatenate([np.zeros(0), *(given[signal] for signal in names.output_signals)]))
    return np.array(found)


def both(structure, seed, other=None):
    model = hc.assemble(structure)
    inputs = random_inputs(model.names, seed)
    order = np.concatenate([np.zeros(0, int), *model.names.output_signals.values()])
    return outputs_of(model, inputs)[:, order], by_laws(other or structure, model.names, inputs)


@settings(max_examples=6)
@given(lawful(), st.integers(0, 100))
def test_any_structure_of_laws_is_computed_bit_for_bit(structure, seed):
    found, wanted = both(structure, seed)
    np.testing.assert_array_equal(found, wanted)


@settings(max_examples=3)
@given(structures(6), st.integers(0, 100))
def test_any_structure_of_default_laws_is_computed_within_rounding(structure, seed):
    found, wanted = both(structure, seed)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


@settings(max_examples=3)
@given(lawful(3), st.integers(0, 100))
def test_streaming_equals_the_whole_sequence_with_the_carry_fed_in(structure, seed):
    model = hc.assemble(structure)
    weights, inputs = model.effective_weights, random_inputs(model.names, seed)
    outputs, seen = forward(weights, inputs)
    state, streamed = initial_state(weights), []
    for now in inputs:
        state, out = step(weights, state, now)
        streamed.append(out)
    np.testing.assert_array_equal(outputs, np.stack(streamed))
    np.testing.assert_array_equal(outputs, forward(weights, inputs, carries=seen["carry"])[0])
    if np.asarray(seen["carry"])[1:].any():
        late = forward(weights, inputs, carries=np.roll(seen["carry"], 1, axis=0) + 1)
        assert (np.asarray(late[1]["final"]) != np.asarray(seen["final"])).any()


CHAIN = """name: chain
components:
  top: {kind: controller, level: 0, control algorithm: {goal: {law: integrator, parameters: {gain: 0.25}}}}
  low:
    kind: controller
    level: 1
    process model: {goal: {range: [-8, 8], reads: [goal]}, m: {range: [-4, 4], reads: [m]}}
    control algorithm:
      act: {law: hysteresis, reads: [m, goal], parameters: {on below: -1, off above: 1}}
      report: {law: difference, reads: [m], parameters: {steps: 2}}
  plant: {kind: process, level: 2}
control actions:
  - {name: goal, from: top, to: low, range: [-8, 8]}
  - {name: act, from: low, to: plant, range: [0, 1]}
feedback:
  - {name: m, from: plant, to: low, range: [-4, 4], resolution: 0.25}
  - {name: report, from: low, to: top, range: [-8, 8]}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gain: 0.25", "gain: 0.5"),
        ("steps: 2", "steps: 1"),
        ("on below: -1", "on below: -2"),
        ("reads: [m, goal]", "reads: [m]"),
        (
            "{name: report, from: low, to: top, range: [-8, 8]}",
            "{name: report, from: low, to: top, range: [-8, 8], initial: 4}",
        ),
    ],
)
def test_a_changed_law_computes_something_else(old, new):
    structure, other = loads(CHAIN), loads(CHAIN.replace(old, new))
    found, wanted = both(structure, 3)
    np.testing.assert_array_equal(found, wanted)
    assert (found != both(structure, 3, other)[1]).any()


def reproduced(structure):
    recovered = hc.recover(hc.assemble(structure))
    comparison = hc.compare(structure, recovered)
    assert comparison.reproduced, comparison
    assert recovered.wired.same_wiring(structure.signal_graph())


@settings(max_examples=5, derandomize=True)
@given(st.one_of(structures(5), lawful(3)))
def test_any_structure_is_reproduced(structure):
    reproduced(structure)


@pytest.mark.slow
@settings(max_examples=80)
@given(st.one_of(structures(8), lawful()))
def test_many_structures_are_reproduced(structure):
    reproduced(structure)
