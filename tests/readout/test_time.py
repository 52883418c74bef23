"""Readouts over time: lags, delays that nobody asked for, histories that are not declared, graphs unrolled."""

import numpy as np
import pytest
from hypothesis import given, settings

import handcrafted as hc
from handcrafted.components.positional import positional_biases
from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward
from handcrafted.readout.unrolled import delays, folded, unrolled
from tests.control.strategies import lawful
from tests.loops import damaged, head_of, heated_room, recompare

LAGS = """name: lags
components:
  c:
    kind: controller
    level: 0
    process model:
      m: {range: [-4, 4], reads: [m]}
      before: {law: delay, reads: [m], parameters: {steps: 3}}
    control algorithm:
      slope: {law: difference, reads: [m], parameters: {steps: 2}}
      echo: {law: linear, reads: [before], parameters: {gains: {before: 1}}}
  p: {kind: process, level: 1}
control actions:
  - {name: slope, from: c, to: p, range: [-8, 8]}
  - {name: echo, from: c, to: p, range: [-4, 4]}
feedback: [{name: m, from: p, to: c, range: [-4, 4], resolution: 0.25, initial: 2}]
"""


@pytest.fixture(scope="module")
def lags():
    structure = loads(LAGS)
    return structure, hc.assemble(structure)


def edges(graph):
    return {(edge.source, edge.target, edge.lag) for edge in graph.edges}


def test_every_readout_finds_every_lag(lags):
    structure, model = lags
    recovered = hc.recover(model)
    wanted = edges(structure.signal_graph())
    assert {edge[2] for edge in wanted} == {0, 2, 3}
    for name, graph in recovered.graphs.items():
        assert edges(graph) == wanted, name
    assert hc.compare(structure, recovered).reproduced


@pytest.mark.parametrize(("stage", "lag"), [("before", 4), ("before", 2), ("slope", 1)])
def test_a_delay_of_another_length_is_found_as_such_and_breaks_the_law(lags, stage, lag):
    structure, model = lags

    def change(w):
        w.b_Q[(*head_of(model, stage), slice(0, 2))] = positional_biases(lag)[0]

    recovered = hc.recover(damaged(model, change), names=model.names)
    target = next(p.writes for p in model.layout if p.part == "attention" and p.writes.name == stage)
    for name, graph in recovered.graphs.items():
        arriving = [edge for edge in graph.arriving(target) if edge.lag]
        assert [edge.lag for edge in arriving] == [lag], name
    comparison = hc.compare(structure, recovered)
    assert not comparison.reproduced and any("law" in link.reason for link in comparison.wrong)


def test_a_one_step_delay_planted_in_the_feedback_is_named():
    structure, model = heated_room()

    def change(w):
        w.b_Q[(*head_of(model, "temperature"), slice(0, 2))] = positional_biases(1)[0]

    (wrong,) = recompare(structure, model, change).wrong
    assert wrong.id.name == "temperature" and "temperature arrives with lag 1 instead of 0" in wrong.reason
    for readout in ("wiring", "subspace", "patching", "law"):
        assert readout in wrong.reason


def first_echoes(model, weights):
    """Return what the delay answers in its first three steps, while 1 is measured."""
    outputs, _ = forward(weights, np.ones((5, 1), np.float32))
    at = model.names.output_signals[next(s for s in model.names.output_signals if s.name == "echo")]
    return np.asarray(outputs)[:, at[0]].tolist()


def test_history_before_the_first_step_is_what_was_declared(lags):
    structure, model = lags
    assert first_echoes(model, model.effective_weights) == [2, 2, 2, 1, 1]
    empty = lambda w: w.r_0.fill(0)
    assert first_echoes(model, damaged(model, empty)) == [0, 0, 0, 1, 1]
    wrong = recompare(structure, model, empty).wrong
    assert wrong and all("law" in link.reason for link in wrong)


@settings(max_examples=5)
@given(lawful(3))
def test_the_recurrence_carries_each_state_once(structure):
    weights = hc.assemble(structure).effective_weights.numpy()
    assert not (weights.W_R @ weights.W_R).any()
    assert (weights.W_R != 0).sum(axis=0).max(initial=0) <= 1 and (weights.W_R != 0).sum(axis=1).max(initial=0) <= 1


def felt(weights, names, source, steps):
    """Measure when each subspace first feels a change of an input at the first step: {signal: step}."""
    rng = np.random.default_rng(0)
    still = (rng.integers(-16, 17, (32, steps, len(names.inputs))) / 4).astype(np.float32)
    moved = still.copy()
    moved[:, 0, names.input_signals[source]] = (rng.integers(-16, 17, (32, 1)) / 4).astype(np.float32)
    one, two = (np.asarray(forward(weights, inputs)[1]["final"]) for inputs in (still, moved))
    changed = np.any(np.abs(one - two) > 1e-6, axis=0)
    found = {s: changed[:, at].any(axis=1) for s, at in names.subspaces.items()}
    return {signal: int(np.argmax(when)) for signal, when in found.items() if when.any()}


def test_an_unrolled_graph_tells_when_a_change_is_first_felt(lags):
    _, model = lags
    (source,) = model.names.input_signals
    graph = hc.recover(model).wired
    predicted = {s: t for s, t in delays(graph, source, 8).items() if s in model.names.subspaces}
    assert predicted == felt(model.effective_weights, model.names, source, 8)
    assert {3, 0} <= set(predicted.values())

    def later(w):
        w.b_Q[(*head_of(model, "before"), slice(0, 2))] = positional_biases(4)[0]

    assert predicted != felt(damaged(model, later), model.names, source, 8)


def test_unrolling_and_folding_undo_each_other(lags):
    structure, _ = lags
    graph = structure.signal_graph()
    wanted = {(edge.source, edge.target, edge.lag) for edge in graph.edges}
    assert folded(unrolled(graph, 6)) == wanted
    assert folded(unrolled(graph, 3)) == {edge for edge in wanted if edge[2] < 3}
    a, b = Signal("c", "x", "a"), Signal("c", "x", "b")
    small = SignalGraph((a, b), (Edge(a, b, 2, 1), Edge(b, a, 1, -1)))
    assert sorted((now[1], later[1]) for now, later in unrolled(small, 4).edges) == [
        (0, 1),
        (0, 2),
        (1, 2),
        (1, 3),
        (2, 3),
    ]
    assert delays(small, a, 4) == {a: 0, b: 2}
