"""The checks of the train door: the published table, planted faults, and the controls that must fail."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.loading.yamlfile import loads
from tests.loops import HAZARDOUS_IF_PROVIDED, damaged, door_inputs, head_of, position, recompare, train_door
from tests.twin import twin

LINKS = ("train motion", "train position", "emergency")
OUT = Signal("door controller", "output", "open doors")


def names_of(verdicts):
    return {verdict.id.name for verdict in verdicts}


def issued(model, weights=None):
    """Whether doors open in each context, by the numpy twin on effective (or given) arrays."""
    weights = weights or model.effective_weights
    _, inputs = door_inputs(model.names)
    yes = position(model.names.outputs, "open doors", "yes")
    return [twin(dict(weights), x)[0][0, yes] > 0.5 for x in inputs]


def test_doors_open_exactly_where_the_published_table_allows():
    _, model = train_door()
    contexts, inputs = door_inputs(model.names)
    yes, no = (position(model.names.outputs, "open doors", word) for word in ("yes", "no"))
    outputs = np.asarray(model(inputs)[0])[:, 0]
    for context, out in zip(contexts, outputs, strict=True):
        allowed = not HAZARDOUS_IF_PROVIDED[context]
        assert (out[yes], out[no]) == (float(allowed), float(not allowed)), context


def test_undamaged_is_reproduced_by_every_readout():
    structure, model = train_door()
    comparison = hc.compare(structure, hc.recover(model))
    assert comparison.reproduced
    assert len(comparison.found) == 4 and [one.kind for one in comparison.findings] == ["missing feedback"]
    assert all(verdicts.reproduced for verdicts in comparison.readouts.values())
    for graph in hc.recover(model).graphs.values():
        assert graph.same_wiring(structure.signal_graph())


def test_each_decision_neuron_deleted_in_turn():
    structure, model = train_door()
    place = next(p for p in model.layout if p.role == "processing_for_action")
    clean = issued(model)
    for neuron in place.components:
        delete = lambda w, neuron=neuron: w.W_out[place.layer, neuron].fill(0)
        changed = [a != b for a, b in zip(issued(model, damaged(model, delete)), clean, strict=True)]
        assert any(changed)
        comparison = recompare(structure, model, delete)
        assert not comparison.reproduced
        (wrong,) = comparison.wrong
        assert wrong.id.name == "open doors" and f"in {sum(changed)} of 8 contexts" in wrong.reason


def cut(model, signal):
    at = head_of(model, signal)
    return lambda w: w.W_V[at].fill(0)


def flip(model, signal):
    at = head_of(model, signal)
    return lambda w: np.negative(w.W_O[at], out=w.W_O[at])


def blind(model, signal):
    at = head_of(model, signal)
    return lambda w: w.W_O[at].fill(0)


@pytest.mark.parametrize("signal", LINKS)
@pytest.mark.parametrize(("fault", "status"), [(cut, "missing"), (blind, "missing"), (flip, "wrong")])
def test_a_cut_or_flipped_link_is_named_and_no_other(fault, status, signal):
    structure, model = train_door()
    comparison = recompare(structure, model, fault(model, signal))
    assert not comparison.reproduced
    assert names_of(getattr(comparison, status)) == {signal}
    assert names_of(comparison.found) == {*LINKS, "open doors"} - {signal}


@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(LINKS, 2)))
def test_swapped_links_are_named(one, two):
    structure, model = train_door()
    a, b = head_of(model, one), head_of(model, two)

    def swap(w):
        w.W_V[a], w.W_V[b] = w.W_V[b].copy(), w.W_V[a].copy()

    comparison = recompare(structure, model, swap)
    assert names_of(comparison.wrong) == {one, two} and not comparison.missing and not comparison.extra


@pytest.mark.parametrize("array", ["W_E", "W_U"])
def test_cutting_or_flipping_the_ends_is_named(array):
    structure, model = train_door()
    rows = (
        model.names.output_signals[OUT]
        if array == "W_U"
        else model.names.input_signals[Signal("train", "input", "emergency")]
    )
    at = (slice(None), rows) if array == "W_U" else rows
    wanted = "open doors" if array == "W_U" else "emergency"

    def scale(factor):
        def change(w):
            w[array][at] *= factor

        return change

    assert names_of(recompare(structure, model, scale(0)).missing) == {wanted}
    flipped = recompare(structure, model, scale(-1))
    assert wanted in names_of(flipped.wrong) and names_of(flipped.missing) == set()
    assert names_of(recompare(structure, model, scale(2)).wrong) == {wanted}


def test_the_values_of_the_action_exchanged_are_named():
    structure, model = train_door()
    columns = model.names.output_signals[OUT]

    def exchange(w):
        w.W_U[:, columns] = w.W_U[:, columns[::-1]]

    assert names_of(recompare(structure, model, exchange).wrong) == {"open doors"}


def test_a_planted_leak_is_an_extra_link():
    structure, model = train_door()
    port = model.names.find(Signal("train", "feedback", "emergency"))
    place = next(p for p in model.layout if p.role == "control_action")

    def leak(w):
        w.W_in[place.layer, port[1], place.components[0]] = 0.5

    comparison = recompare(structure, model, leak)
    (extra,) = comparison.extra
    assert (extra.id.sender, extra.id.receiver, extra.id.name) == ("train", "door controller", "emergency")
    assert not comparison.reproduced
    assert {name for name, v in comparison.readouts.items() if v.extra} == {"wiring", "subspace", "patching"}


def test_heads_are_not_decoration():
    structure, model = train_door()
    comparison = recompare(structure, model, lambda w: w.W_V.fill(0))
    assert names_of(comparison.missing) == set(LINKS)


def test_delaying_a_head_is_named():
    structure, model = train_door()
    at = head_of(model, "emergency")

    def delay(w):
        length = np.hypot(*w.b_Q[at][:2])
        w.b_Q[at][:2] = length * np.cos(1), -length * np.sin(1)

    comparison = recompare(structure, model, delay)
    (wrong,) = comparison.wrong
    assert wrong.id.name == "emergency" and "lag 1 instead of 0" in wrong.reason


# Controls: what must fail, so that success means something.


def test_zeroed_weights_give_no_link():
    structure, model = train_door()
    comparison = recompare(structure, model, lambda w: [array.fill(0) for _, array in w.items()])
    assert not comparison.found and len(comparison.missing) == 4
    recovered = hc.recover(damaged(model, lambda w: [array.fill(0) for _, array in w.items()]), names=model.names)
    assert all(len(graph) == 0 for graph in recovered.graphs.values())


@pytest.mark.parametrize("seed", range(5))
def test_permuted_names_fail(seed):
    structure, model = train_door()
    order = np.random.default_rng(seed).permutation(len(model.names.residual))
    recovered = hc.recover(model, names=model.names.permuted(order.tolist()))
    assert not hc.compare(structure, recovered).reproduced


def test_opaque_names_give_the_same_graph():
    _, model = train_door()
    opaque, renaming = model.names.opaque()
    plain, blind = hc.recover(model), hc.recover(model, names=opaque)
    for name, graph in plain.graphs.items():
        assert graph.renamed(renaming).same_wiring(blind.graphs[name])
        wanted = [(edge.sign, edge.gain) for edge in graph.renamed(renaming).edges]
        found = [blind.graphs[name].edge(*edge.key) for edge in graph.renamed(renaming).edges]
        assert wanted == [(edge.sign, edge.gain) for edge in found if edge]


def random_arrays(model, seed):
    rng = np.random.default_rng(seed)
    return model.effective_weights.numpy().map(lambda a: rng.normal(0, 0.5, a.shape).astype(np.float32))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_unmasked_random_weights_have_extra_links(seed):
    structure, model = train_door()
    comparison = hc.compare(structure, hc.recover(random_arrays(model, seed), names=model.names))
    assert not comparison.reproduced and comparison.extra
    assert all(comparison.readouts[name].extra for name in ("wiring", "subspace", "patching"))


@pytest.mark.parametrize("seed", range(3))
def test_masked_random_weights_are_wired_but_fail_the_law(seed):
    """Masks are an answer key: random weights under the policy wire the permitted graph, and still do not count."""
    structure, _ = train_door()
    model = hc.assemble(structure)
    model.set_weights(random_arrays(model, seed).map(jnp.asarray))
    comparison = hc.compare(structure, hc.recover(model))
    assert not comparison.extra
    pairs = lambda graph: {(edge.source, edge.target) for edge in graph.edges}
    assert pairs(hc.recover(model).graphs["subspace"]) == pairs(structure.signal_graph())
    assert comparison.readouts["law"].wrong and not comparison.reproduced
    assert comparison.readouts["wiring"].wrong  # gains and signs differ


def test_the_manifest_tells_two_networks_apart():
    structure, model = train_door()
    one = hc.compare(structure, hc.recover(model)).manifest["sha256"]
    two = recompare(structure, model, lambda w: w.b_in.fill(1)).manifest["sha256"]
    assert one["structure"] == two["structure"] and one["arrays"] != two["arrays"]


def test_signals_of_very_different_size_and_odd_names_are_reproduced():
    """A signal of size 100,000 must not drown one of size 1, and names like `speed next` must not collide."""
    structure = loads(ODD)
    comparison = hc.compare(structure, hc.recover(hc.assemble(structure)))
    assert comparison.reproduced, [str(link) for link in comparison.links]
    assert len(comparison.found) == 13


ODD = """name: odd & {curly} | pipes
components:
  a & b: {kind: controller, level: 0}
  "{x|y}": {kind: controller, level: 0}
  c: {kind: controller, level: 1}
  p: {kind: process, level: 2, inside: q}
  q: {kind: process, level: 2}
control actions:
  - {from: a & b, to: c}
  - {from: a & b, to: c}
  - {name: only, from: c, to: p, values: [on]}
  - {name: many, from: c, to: q, values: [v1, v2, v3, v4, v5, v6, v7, v8, v9]}
feedback:
  - {name: speed next, from: c, to: a & b}
  - {name: speed, from: c, to: a & b}
  - {name: speed, from: c, to: "{x|y}"}
  - {name: speed, from: "{x|y}", to: a & b}
  - {name: t, from: p, to: "{x|y}", range: [1000, 100000]}
other inputs:
  - {name: w, to: c}
  - {name: w, to: a & b}
other outputs:
  - {name: speed, from: c}
  - {from: c}
"""
