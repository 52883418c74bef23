"""Thousands of controllers: what they cost grows as they do, and they run, are read and are edited."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import jax
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import INPUT
from handcrafted.model.fold import fold
from handcrafted.model.folded_program import PORT, FoldedNetwork
from handcrafted.model.forward import initial_state, step
from handcrafted.model.sparse_array import SparseArray
from handcrafted.readout.target import subject
from handcrafted.readout.wiring import wiring
from handcrafted.rollout import interpreted
from handcrafted.rollout.engine import network_of
from handcrafted.rollout.interpreted import ProgramReader
from handcrafted.zoo import bundled
from tests.craft.test_scaling import chain, tree
from tests.rollout.test_engines import needs_compiler, without_compiler

FULL = {"tree": tree, "chain": chain}


def entries(model):
    return sum(array.pattern.at.size for _, array in model.weights.items() if isinstance(array, SparseArray))


@pytest.mark.parametrize("shape", ["tree", pytest.param("chain", marks=pytest.mark.slow)])
def test_what_is_held_grows_with_the_controllers_and_not_with_their_square(shape, monkeypatch):
    """Of 1,000 controllers in a tree one dense array alone, W_in, would take 1.8 GB."""
    monkeypatch.setattr("handcrafted.model.arrays.MAX_DENSE", 0)
    one, other = (hc.assemble(FULL[shape](count)) for count in (75, 150))
    assert 1.8 < entries(other) / entries(one) < 2.2
    made = FULL[shape](300)
    tracemalloc.start()
    hc.assemble(made)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    square = 4 * (2 * other.weights.sizes["d_model"]) ** 2
    assert peak < square, "no array of d_model squared at any time"


def test_it_is_wired_as_declared_and_a_cut_wire_is_missed():
    model = hc.assemble(tree(150))
    found = {edge.key for edge in wiring(subject(model.effective_weights, model.names)).edges}
    arrivals = [link for one in model.structure.resolved.controllers.values() for link in one.arrivals]
    assert len(arrivals) > 300 and {(link.port, link.received, 0) for link in arrivals} <= found
    cut = model.effective_weights.copy()
    rows, columns = cut.W_E.nonzero()
    cut.W_E[rows[7:8], columns[7:8]] = 0.0
    gone = found - {edge.key for edge in wiring(subject(cut, model.names)).edges}
    assert {key[0] for key in gone if key[0].role == INPUT} == {model.names.inputs[rows[7]].node(INPUT)}


@needs_compiler
def test_a_network_that_is_read_value_by_value_does_the_bits_of_the_dense_one():
    model = hc.assemble(tree(12))
    folded = fold(model.effective_weights, model.window)
    assert folded
    reader = ProgramReader(folded, folded.program.proceeds)
    weights, state = model.effective_weights, initial_state(model.effective_weights)
    known = ProgramReader(folded, folded.program.begins)(np.zeros((0, 1)), np.zeros((len(model.names.inputs), 1)))
    rows = lambda nodes: [-1 if node is None else node for node in nodes]
    kept, rng = known[rows(folded.program.first)], np.random.default_rng(0)
    for inputs in rng.normal(size=(20, len(model.names.inputs))).astype(np.float32):
        state, outputs = step(weights, state, inputs)
        seen = reader(kept, inputs[:, None])
        kept = seen[rows(folded.program.next)]
        assert np.array_equal(seen[rows(folded.program.outputs), 0], np.asarray(outputs))
    spoiled = folded.values.copy()
    spoiled[1] *= 1.01
    other = ProgramReader(type(folded)(folded.program, spoiled), folded.program.proceeds)
    ones = np.ones((len(model.names.inputs), 1), np.float32)
    assert not np.array_equal(other(kept, ones), reader(kept, ones))


@needs_compiler
@pytest.mark.parametrize("name", list(bundled()))
@pytest.mark.parametrize("runs", [None, 3])
def test_controllers_read_value_by_value_decide_the_same_bits(name, runs, monkeypatch):
    """Plants may differ in their last bit: numpy rounds a product and a sum each, C and XLA once."""
    model = hc.assemble(hc.load(name))
    plain = hc.simulate(model, steps=200, runs=runs)
    monkeypatch.setattr(interpreted, "MANY_VALUES", 0)
    read = hc.simulate(model, steps=200, runs=runs)
    for kind in ("measured", "believed", "remembered", "command"):
        for signal, values in getattr(plain, kind).items():
            assert np.array_equal(getattr(read, kind)[signal], values), (kind, signal)
    for signal, values in plain.state.items():
        np.testing.assert_allclose(read.state[signal], values, rtol=1e-5, atol=2e-4)
    with without_compiler():
        slow = hc.simulate(model, steps=200, runs=runs)
    for signal, values in plain.command.items():
        np.testing.assert_allclose(slow.command[signal], values, rtol=1e-6, atol=1e-6)


def test_a_process_in_python_is_given_one_run_at_a_time(monkeypatch):
    monkeypatch.setattr(interpreted, "MANY_VALUES", 0)
    model = hc.assemble(hc.load("heated room"))

    def room(state, actions):
        """As nobody could write it for runs side by side."""
        return {
            "temperature": jax.lax.cond(actions["heat"] > 0, lambda t: t + 0.5, lambda t: t - 0.5, state["temperature"])
        }

    trace = hc.simulate(model, room, steps=40, initial={"temperature": [10.0, 30.0]})
    assert trace.runs == 2 and trace.steps == 40


def test_a_port_that_is_read_catches_what_is_not_finite(monkeypatch):
    """What is not finite in the state never passes a port."""
    model = hc.assemble(hc.load("guarded room"))
    wild = model.weights.numpy()
    place = next(p for p in model.layout if p.owner == "thermostat" and p.part == "mlp")
    wild.b_in[place.layer, place.components[0]] = 3e38
    wild.W_out[place.layer, place.components[0]] *= 3e38
    model.set_weights(wild)
    compiled = hc.simulate(model, steps=50)
    monkeypatch.setattr(interpreted, "MANY_VALUES", 0)
    read = hc.simulate(model, steps=50)
    assert any(np.any(caught) for caught in read.faults.values())
    assert all(np.array_equal(read.faults[signal], caught) for signal, caught in compiled.faults.items())
    ported = network_of(model, (), "folded")
    assert isinstance(ported, FoldedNetwork)
    reader = ProgramReader(ported, ported.program.proceeds)
    ports = [node for node in ported.program.proceeds if ported.program.steps[node].kind == PORT]
    for wrong in (np.nan, np.inf, -np.inf):
        state = np.full((len(ported.program.next), 1), wrong, np.float32)
        seen = reader(state, np.full((len(model.names.inputs), 1), 20.0, np.float32))
        assert np.isfinite(seen[ports]).all() and not np.isfinite(seen).all()


def test_hundreds_of_controllers_run_and_an_edit_is_what_it_is_for(monkeypatch):
    model = hc.assemble(tree(400))
    trace = hc.simulate(model, steps=5, runs=2)
    assert len(trace.command) == len(model.names.output_signals) and trace.steps == 5
    row, column = (int(axis[0]) for axis in model.weights.W_U.nonzero())
    model.edit(f"W_U[{row}, {column}]", 2.0)
    assert "W_U" in str(model.history) and [str(one.entry) for one in model.drifted] == [f"W_U[{row}, {column}]"]
    monkeypatch.setattr("handcrafted.model.weights.MAX_VIEW", 10**6)
    with pytest.raises(hc.HandcraftedError, match="entries for what needs all of them"):
        model(np.zeros((1, len(model.names.inputs)), np.float32))


LIMITED = """
import sys
sys.path.insert(0, {root!r})
import handcrafted as hc
from tests.craft.test_scaling import tree
made = tree({count})
model = hc.assemble(made)
taken = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(1024 * int(taken), model.weights.sizes["d_model"])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says how much was taken")
@pytest.mark.parametrize(("count", "most"), [(3_000, 0.6e9), pytest.param(10_000, 1.1e9, marks=pytest.mark.slow)])
def test_memory_has_a_ceiling(count, most):
    """A dense model of 10,000 would take 1.4 TB."""
    code = LIMITED.format(root=str(Path(__file__).parents[2]), count=count)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    taken, wide = map(int, done.stdout.split())
    assert taken < most < 4 * wide**2 or (count < 5_000 and taken < most)
