"""A folded program read value by value does the bits of the dense network: drawn structures, and parameters."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import handcrafted as hc
from handcrafted.loading.tuning import knobs
from handcrafted.model import arrays as forms
from handcrafted.model.base import base_of
from handcrafted.model.fold import fold
from handcrafted.model.folded_program import INPUT, FoldedNetwork, FoldedProgram, ProgramBuilder, Step
from handcrafted.model.forward import forward
from handcrafted.model.parameters import trials
from handcrafted.readout.edges import sequences
from handcrafted.rollout.interpreted import ProgramReader
from handcrafted.text.cache import compiler
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.zoo import bundled
from tests.control.strategies import published
from tests.loops import thinned

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler here")

STEPS, RUNS = 4, 8


def rows(nodes):
    return [-1 if node is None else node for node in nodes]


def read(folded, inputs):
    """Run sequences side by side [run, time, n_in]; give outputs [run, time, n_out]."""
    program = folded.program
    begins, proceeds = ProgramReader(folded, program.begins), ProgramReader(folded, program.proceeds)
    state, found = begins(np.zeros((0, len(inputs))), inputs[:, 0].T)[rows(program.first)], []
    for now in inputs.transpose(1, 2, 0):
        known = proceeds(state, now)
        state = known[rows(program.next)]
        found.append(known[rows(program.outputs)].T)
    return np.stack(found, axis=1)


def dense(model, inputs):
    return np.stack([np.asarray(forward(model.effective_weights, one, window=model.window)[0]) for one in inputs])


def some_inputs(model, seed=0):
    drawn = sequences(model.names, STEPS, seed)
    return np.resize(drawn, (RUNS, *drawn.shape[1:]))


def same_bits(model, inputs, wanted=None):
    folded = fold(model.effective_weights, model.window)
    assert folded is not None
    found = read(folded, inputs)
    return folded, np.array_equal(found, dense(model, inputs) if wanted is None else wanted)


def test_a_rectifier_keeps_nan():
    """`x > 0 ? x : 0` would make 0 of it, and no port would see that anything was wrong."""
    make = ProgramBuilder()
    node = make.relu(make.step(Step(INPUT)))
    program = FoldedProgram(tuple(make.steps), (node,), (None,), (), (), (), ())
    found = ProgramReader(FoldedNetwork(program, np.zeros(1, np.float32)), program.proceeds)
    inputs = np.array([[np.nan, -2.0, 3.0, np.inf, -np.inf]], np.float32)
    assert np.array_equal(found(np.zeros((0, 5)), inputs)[node], [np.nan, 0, 3, np.inf, 0], equal_nan=True)


@pytest.mark.parametrize("count", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_structures_at_random(count):
    spoiled = []

    @settings(
        max_examples=count, database=None, derandomize=True, deadline=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )  # fmt: skip
    @given(published())
    def check(structure):
        model = hc.assemble(structure)
        inputs = some_inputs(model)
        folded, same = same_bits(model, inputs)
        assert same
        usual, forms.MAX_DENSE = forms.MAX_DENSE, 0
        try:
            sparse = hc.assemble(structure)
        finally:
            forms.MAX_DENSE = usual
        other = fold(sparse.effective_weights, sparse.window)
        assert other and other.program == folded.program and np.array_equal(other.values, folded.values)
        values = np.array(folded.values)
        values[1:] *= 1.5
        spoiled.append(not np.array_equal(read(FoldedNetwork(folded.program, values), inputs), read(folded, inputs)))

    check()
    assert any(spoiled), "other numbers show"


@pytest.mark.parametrize("name", thinned(list(bundled()), 2))
def test_every_parameter(name):
    model = hc.assemble(hc.load(name))
    inputs, base, tried = some_inputs(model), base_of(model.structure) or ".", 0
    before = dense(model, inputs)
    for name, knob in knobs(model.structure).items():
        for value in () if name.startswith(base) else trials(knob)[:2]:
            with suppress(HandcraftedError):  # a value that is not valid, or needs other circuits
                model.parameters[name] = value
                tried += 1
                assert same_bits(model, inputs)[1], (name, value)
                model.undo()
    assert (tried or not knobs(model.structure)) and same_bits(model, inputs, before)[1]
