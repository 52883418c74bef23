"""Readouts by themselves: what they may read, what fools them, and what they refuse."""

import jax
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.loading.yamlfile import loads
from handcrafted.model.component import Components
from handcrafted.model.forward import forward
from handcrafted.model.names import Coordinate, Names, Port
from handcrafted.model.padding import padded
from handcrafted.model.weights import Weights
from handcrafted.readout import probe
from handcrafted.readout.black_box import black_box
from handcrafted.readout.edges import no_edges, output_effects
from handcrafted.readout.patching import patching
from handcrafted.readout.target import subject
from handcrafted.readout.tolerances import LAG_FLOOR
from handcrafted.text.diagnostics import HandcraftedError
from tests.loops import damaged, head_of, of_the_zoo, train_door


def test_output_effects_are_reported_apart_and_controls_have_none():
    _, model = train_door()
    graph = hc.recover(model).used
    inner = [edge for edge in graph.edges if edge.source.role not in ("input",)]
    assert all(edge.evidence["outputs"] > 0.5 for edge in inner)
    read = subject(model.effective_weights, model.names)
    controls = no_edges(read, graph)
    assert len(controls) == 16 and output_effects(read, controls).max() == 0


def test_a_control_notices_a_leak():
    _, model = train_door()
    source = Signal("train", "feedback", "train motion")
    place = next(p for p in model.layout if p.role == "control_action")

    def leak(w):
        w.W_in[place.layer, model.names.find(source)[0], place.components[0]] = 0.3

    read = subject(damaged(model, leak), model.names)
    assert output_effects(read, [(source, place.writes)])[0] > 0.1


def test_a_dead_edge_is_wired_and_not_used():
    structure, model = train_door()
    belief = Signal("door controller", "feedback_modelling", "train motion")
    rows = next(p for p in model.layout if p.role == "processing_for_action")

    def kill(w):
        w.b_in[rows.layer, list(rows.components)] = -50

    weights = damaged(model, kill)
    recovered = hc.recover(weights, names=model.names)
    edge = (belief, rows.writes)
    assert recovered.wired.edge(*edge) and recovered.used.edge(*edge) is None
    assert not hc.compare(structure, recovered).reproduced


def test_the_subspace_readout_does_not_ask_who_writes():
    _, model = train_door()
    at = head_of(model, "emergency")
    recovered = hc.recover(damaged(model, lambda w: w.W_O[at].fill(0)), names=model.names)
    received = Signal("door controller", "feedback", "emergency")
    belief = Signal("door controller", "feedback_modelling", "emergency")
    assert recovered.graphs["subspace"].edge(received, belief)
    assert recovered.wired.edge(received, belief) is None


def test_a_writer_that_comes_too_late_is_not_wired():
    _, model = train_door()
    place = next(p for p in model.layout if p.role == "feedback_modelling" and p.writes.name == "emergency")
    numbers = list(place.components)

    def postpone(w):
        w.W_in[2][:, numbers], w.W_in[0][:, numbers] = w.W_in[0][:, numbers], 0
        w.W_out[2][numbers], w.W_out[0][numbers] = w.W_out[0][numbers], 0

    recovered = hc.recover(damaged(model, postpone), names=model.names)
    decision = Signal("door controller", "processing_for_action", "open doors")
    assert recovered.graphs["subspace"].edge(place.writes, decision)
    assert recovered.wired.edge(place.writes, decision) is None
    assert recovered.used.edge(place.writes, decision) is None


def test_rounding_noise_revives_no_link_but_words_are_no_longer_exact():
    structure, model = train_door()
    rng = np.random.default_rng(0)
    noisy = model.effective_weights.numpy().map(lambda a: a + (3e-8 * rng.normal(size=a.shape)).astype(np.float32))
    comparison = hc.compare(structure, hc.recover(noisy, names=model.names))
    assert all(comparison.readouts[name].reproduced for name in ("wiring", "subspace", "patching"))
    assert not comparison.readouts["law"].reproduced and not comparison.extra


@pytest.mark.parametrize("lag", [0, 1, 5, 15])
def test_a_positional_head_looks_exactly_there(lag):
    from handcrafted.components.positional import positional_biases

    _, model = train_door()

    def turn(w):
        query, key = positional_biases(lag)
        w.b_Q[0, 0, :2], w.b_K[0, 0, :2] = query * 2, key

    weights = damaged(model, turn)
    assert [found for found, _ in Components(weights).head(0, 0).lags(16, LAG_FLOOR)] == [lag]
    pattern = np.asarray(forward(weights, np.zeros((20, 6), np.float32))[1]["pattern"])[:, 0, 0]
    np.testing.assert_array_equal(pattern, np.tile(np.eye(16, dtype=np.float32)[lag], (20, 1)))


def test_a_head_with_too_small_a_gain_is_not_hard():
    _, model = train_door()
    weights = damaged(model, lambda w: np.multiply(w.b_Q, 0.5, out=w.b_Q))
    pattern = np.asarray(forward(weights, np.zeros((20, 6), np.float32))[1]["pattern"])[:, 0, 0]
    assert 0 < pattern[-1, 6] < 1e-20  # the nearest alias, 6 steps ago: visible as soon as the gain is halved


def test_small_networks_compile_nothing_and_others_once_for_a_shape(caplog):
    _, model = train_door()
    whole, half = (
        subject(damaged(model, lambda w, by=by: w.W_V.__imul__(by)), model.names, window=7) for by in (1, 0.5)
    )
    with jax.log_compiles(), caplog.at_level("WARNING", logger="jax"):
        patching(whole)
        assert "Compiling" not in caplog.text
        patching(whole.compiling())
        assert "effects" in caplog.text and "forward" in caplog.text
        caplog.clear()
        patching(half.compiling())
        assert "effects" not in caplog.text and "forward" not in caplog.text


@pytest.mark.parametrize(
    "spoil", [pytest.param(lambda w: None, marks=pytest.mark.slow), lambda w: w.W_V.__setitem__((0, 0), 0)]
)
def test_a_network_read_at_its_own_size_is_read_as_at_the_shared_one(spoil):
    _, model = train_door()
    weights = damaged(model, spoil)
    shared, own = (subject(weights, model.names, shared=shared).compiling() for shared in (True, False))
    assert own.running.sizes == weights.sizes != shared.running.sizes
    graphs = patching(subject(weights, model.names)), patching(shared), patching(own)
    assert all({edge.key for edge in graph.edges} == {edge.key for edge in graphs[0].edges} for graph in graphs)


def test_what_cannot_be_read_is_refused():
    _, model = train_door()
    weights = model.effective_weights
    with pytest.raises(HandcraftedError, match="Expected names beside bare weights"):
        hc.recover(weights)
    with pytest.raises(HandcraftedError, match="Expected finite numbers in W_in"):
        hc.recover(damaged(model, lambda w: w.W_in.fill(np.nan)), names=model.names)
    short = Names(model.names.residual[1:], model.names.inputs, model.names.outputs)
    with pytest.raises(HandcraftedError, match="Expected names for d_model = 22"):
        hc.recover(weights, names=short)


def test_a_constant_is_used_only_by_the_zero_and_noise_contrasts():
    """What never varies is equal on all samples; taking it away, or shaking it, still shows that it is used."""
    structure = loads(
        "name: x\ncomponents:\n  a: {kind: controller, level: 0, control algorithm: "
        "{goal: {law: constant, parameters: {value: 20}}}}\n  b: {kind: controller, level: 1}\n"
        "  p: {kind: process, level: 2}\ncontrol actions:\n  - {name: goal, from: a, to: b, range: [10, 30]}\n"
        "  - {name: act, from: b, to: p}\n"
    )
    recovered = hc.recover(hc.assemble(structure))
    edge = recovered.used.edge(Signal("a", "control_action", "goal"), Signal("b", "feedback", "goal"))
    assert edge is not None and (edge.sign, edge.gain) == (1, pytest.approx(1))
    effect = edge.evidence["effect"]
    assert effect["sample"] == 0 and effect["zero"] == 20 and effect["noise"] > 1
    assert edge.evidence["varies"] is False
    assert hc.compare(structure, recovered).reproduced


def test_an_effect_is_held_against_the_size_of_what_it_is_an_effect_on():
    """A millionth part of an output of thousands is rounding, a hundredth is an effect; and so it is of small ones."""
    ports = tuple(Port("p", name, 0, Domain((), -1.0, 1.0)) for name in "ab")
    residual = tuple(Coordinate("p", "feedback", name, 0) for name in "ab")
    names = Names(residual, ports, ports)
    sizes = {"layer": 1, "head": 1, "d_head": 4, "d_mlp": 1, "d_model": 2, "n_in": 2, "n_out": 2}

    def edges(size, share):
        wires = size * np.array([[1, share], [0, 1]], np.float32)
        weights = Weights.zeros(np.float32, **sizes).replace(W_E=np.eye(2, dtype=np.float32), W_U=wires)
        return len(black_box(subject(weights, names)))

    for size in (2.0**-12, 1.0, 4096.0):
        assert (edges(size, 0), edges(size, 2.0**-24), edges(size, 0.01)) == (2, 2, 3)


def test_a_recurrence_that_runs_away_is_probed_step_by_step():
    """Else nothing could be told from infinities; and one that does not is probed as it runs."""
    _, model = of_the_zoo("heated_room")
    read = subject(model.effective_weights, model.names)
    inputs = np.full((2, 40, 1), 18, np.float32)
    tame = padded(read.weights)
    wild = tame.replace(W_R=(np.eye(tame.sizes["d_model"]) * 16).astype(np.float32))
    whole = probe._final(read, tame, inputs)
    carried = np.asarray(model(inputs[0])[1]["final"])
    np.testing.assert_array_equal(whole[0][:, : carried.shape[1]], carried)
    assert np.isfinite(probe._final(read, wild, inputs)).all()
