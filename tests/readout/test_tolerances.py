"""Each floor and tolerance of the readouts: what lies at one and a half of it and at three quarters is told apart.

Half of the floor shows the smaller one, and twice of it hides the larger one, so neither may stand in its place.
"""

import sys

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.model.attention import looks_back
from handcrafted.model.component import Components
from handcrafted.readout import paths, tolerances
from handcrafted.readout.ablation import zero_ablation
from handcrafted.readout.black_box import black_box
from handcrafted.readout.blind.flow import flows_of, head_sides, neuron_unit
from handcrafted.readout.edges import sign_and_gain
from handcrafted.readout.gradient import gradient
from handcrafted.readout.patching import linear_fit, patching, record
from handcrafted.readout.probe import probe
from handcrafted.readout.target import subject
from handcrafted.readout.wiring import wiring
from handcrafted.verdict.comparison import Status
from tests.backdoors import Network
from tests.loops import of_the_zoo

MOVES = [(1.5, 1, True), (1.5, 2, False), (0.75, 1, False), (0.75, 0.5, True)]
"""How much there is, as a multiple of the floor; the factor by which the floor is moved; whether it is then seen."""

told_apart = pytest.mark.parametrize(("share", "factor", "seen"), MOVES)

BELIEF = Signal("thermostat", "feedback_modelling", "room temperature")


def moved(monkeypatch, name, factor):
    """Let every readout, and what judges links, use a floor times a factor."""
    value = getattr(tolerances, name) * factor
    for module in list(sys.modules.values()):
        judges = module.__name__.startswith(("handcrafted.readout", "handcrafted.verdict.links"))
        if judges and name in vars(module) and module is not tolerances:
            monkeypatch.setattr(module, name, value)


def network():
    _, model = of_the_zoo("heated_room")
    return Network(model.effective_weights.numpy(), model.names)


def leaking(gain):
    """A network with one more coordinate, which is 1 and a share of what the thermostat believes; and its signal."""
    made = network()
    extra = made.coordinate("thermostat")
    made.weights.b_E[extra] = 1.0
    made.neuron(made.layer(), {made.at(BELIEF): 1.0}, 1000.0, {extra: gain})  # 1000: it is always on
    made.weights.b_out[-1, extra] = -1000.0 * gain
    return made, made.names.residual[extra].subspace


def edge_of(readout, gain):
    made, extra = leaking(gain)
    return readout(subject(made.weights, made.names)).edge(BELIEF, extra, 0)


@told_apart
def test_wiring_draws_what_a_path_can_carry(monkeypatch, share, factor, seen):
    """A neuron that reads what is declared up to so much, and writes to what is of size 1."""
    largest = float(subject(leaking(0.0)[0].weights, leaking(0.0)[0].names).size(BELIEF).max())
    moved(monkeypatch, "FLOOR", factor)
    assert (edge_of(wiring, share * tolerances.FLOOR / largest) is not None) == seen


@told_apart
@pytest.mark.parametrize("readout", [patching, gradient, zero_ablation], ids=lambda readout: readout.__name__)
def test_effects_are_shares_of_the_size_of_what_they_are_effects_on(monkeypatch, readout, share, factor, seen):
    found = edge_of(readout, 2.0**-8)
    assert found is not None
    per_gain = found.evidence["strength"] * 2.0**8
    moved(monkeypatch, "EFFECT_FLOOR", factor)
    assert (edge_of(readout, share * tolerances.EFFECT_FLOOR / per_gain) is not None) == seen


@told_apart
def test_the_black_box_sees_effects_from_the_same_floor(monkeypatch, share, factor, seen):
    def found(gain):
        made, _ = leaking(1.0)
        made.weights.W_U[-1, 0] = gain  # straight from the belief to the first output
        (source,) = made.names.input_signals
        return black_box(subject(made.weights, made.names)), source, list(made.names.output_signals)

    def quiet(gain):
        """What the network answers anyway is taken away, so that this alone shows."""
        made, _ = leaking(1.0)
        made.weights.W_U[:] = 0
        made.weights.b_U[0] = 1.0
        made.weights.W_U[-1, 0] = gain
        (source,), (target, *_) = made.names.input_signals, made.names.output_signals
        return black_box(subject(made.weights, made.names)).edge(source, target, 0)

    assert found(0.0)[0].edges, "as it was made it answers"
    loud = quiet(2.0**-8)
    assert loud is not None and quiet(0.0) is None
    per_gain = loud.evidence["strength"] * 2.0**8
    moved(monkeypatch, "EFFECT_FLOOR", factor)
    assert (quiet(share * tolerances.EFFECT_FLOOR / per_gain) is not None) == seen


@told_apart
def test_wires_count_from_the_same_floor(monkeypatch, share, factor, seen):
    """From an input to the stream, and from the stream through the recurrence."""
    made, extra = leaking(0.0)
    (source,), (rows,) = made.names.input_signals, made.names.input_signals.values()
    given = subject(made.weights, made.names)
    made.weights.W_E[rows[0], -1] = share * tolerances.FLOOR / float(given.size(source).max())
    made.weights.W_R[made.at(BELIEF), -1] = share * tolerances.FLOOR / float(given.size(BELIEF).max())
    moved(monkeypatch, "FLOOR", factor)
    graph = wiring(subject(made.weights, made.names))
    assert (graph.edge(source, extra, 0) is not None) == seen
    assert (graph.edge(BELIEF, extra, 1) is not None) == seen


@told_apart
def test_a_writer_and_a_reader_compose_from_a_share_of_their_norms(monkeypatch, share, factor, seen):
    write, aside = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    cosine = share * tolerances.COMPOSITION_FLOOR
    writer = neuron_unit("a", np.array([0.0, 0.0, 1.0]), 0.0, write, written=0)
    reader = neuron_unit("b", cosine * write + aside, 0.0, np.array([0.0, 0.0, 1.0]), seen=1, written=2)
    assert writer is not None and reader is not None
    moved(monkeypatch, "COMPOSITION_FLOOR", factor)
    arrows = flows_of([writer, reader], np.zeros((3, 3))).arrows
    assert bool([one for one in arrows if (one.kind, one.source) == ("reads", 0)]) == seen


@told_apart
def test_wiring_composes_from_the_same_share(monkeypatch, share, factor, seen):
    """Something writes two coordinates of one subspace alike; a reader takes their difference, and a little more."""
    made = network()
    first = made.coordinate("thermostat")
    second = made.coordinate("thermostat")
    both = made.names.residual[first].subspace
    made.rename(second, both, 1)
    made.weights.b_E[[first, second]] = 1.0
    third = made.coordinate("thermostat")
    cosine = share * tolerances.COMPOSITION_FLOOR
    made.neuron(made.layer(), {first: 1 + cosine, second: cosine - 1}, 1.0, {third: 1.0})
    end = made.names.residual[third].subspace
    moved(monkeypatch, "COMPOSITION_FLOOR", factor)
    assert (wiring(subject(made.weights, made.names)).edge(both, end, 0) is not None) == seen


@told_apart
def test_a_head_passes_directions_from_a_share_of_its_largest_gain(monkeypatch, share, factor, seen):
    moved(monkeypatch, "RANK_FLOOR", factor)
    sides = head_sides(np.eye(3, 2), np.diag([1.0, share * tolerances.RANK_FLOOR]) @ np.eye(2, 3))
    assert sides is not None and (sides[0].shape[1] == 2) == seen


@told_apart
def test_heads_look_back_on_purpose_from_a_hundredth_of_their_attention(monkeypatch, share, factor, seen):
    """By a query that turns, chosen so that the second lag gets so much."""
    made = network()
    layer, head = np.argwhere(np.any(made.weights.W_O != 0, axis=(2, 3)))[0].tolist()
    width = made.weights.b_Q.shape[-1]

    def second(strength):
        query = np.zeros(width)
        query[0] = strength
        pattern = dict(looks_back(query, np.eye(width)[0], 3, 0.0))
        return sorted(pattern.values())[-2], query

    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if second(middle)[0] > share * tolerances.LAG_FLOOR else (low, middle)
    made.weights.b_Q[layer, head] = second(low)[1] * np.sqrt(width)
    made.weights.b_K[layer, head] = np.eye(width)[0]
    moved(monkeypatch, "LAG_FLOOR", factor)
    assert (len(Components(made.weights).head(layer, head).lags(3, paths.LAG_FLOOR)) > 1) == seen


@told_apart
def test_a_response_is_linear_up_to_a_share_of_its_largest_answer(monkeypatch, share, factor, seen):
    change = np.linspace(-1, 1, 201)[:, None]
    bent = np.abs(change) - np.abs(change).mean()
    off = np.abs(bent).max()
    answer = change + share * tolerances.LINEAR / off * bent
    moved(monkeypatch, "LINEAR", factor)
    assert (linear_fit(change, answer) is None) == seen


@told_apart
def test_directions_that_hardly_move_say_nothing_about_a_gain(monkeypatch, share, factor, seen):
    along, across = np.array([1.0, -1.0, 1.0, -1.0]), np.array([1.0, 1.0, -1.0, -1.0])
    change = np.column_stack([along, share * tolerances.RANK * across])
    moved(monkeypatch, "RANK", factor)
    matrix = linear_fit(change, change @ np.array([[1.0], [0.25]]))
    assert matrix is not None and np.allclose(matrix[:, 0], [1, 0.25 if seen else 0])


@told_apart
def test_a_transfer_is_one_gain_up_to_a_share_of_it(monkeypatch, share, factor, seen):
    moved(monkeypatch, "GAIN_TOLERANCE", factor)
    off = share * tolerances.GAIN_TOLERANCE
    assert (sign_and_gain(np.diag([2 - 2 * off, 2 + 2 * off])) == (0, None)) == seen
    assert (sign_and_gain(np.array([[2, 2 * off], [0, 2]])) == (0, None)) == seen


@told_apart
def test_a_link_carries_its_signal_unchanged_up_to_a_share_of_it(monkeypatch, share, factor, seen):
    structure, model = of_the_zoo("heated_room")
    weights = model.effective_weights.numpy()
    weights.W_O[:] *= 1 + share * tolerances.GAIN_TOLERANCE
    recovered = hc.recover(weights, names=model.names, readouts=["wiring"])
    moved(monkeypatch, "GAIN_TOLERANCE", factor)
    links = hc.compare(structure, recovered).readouts["wiring"].links
    wrong = [one for one in links if one.status is Status.WRONG]
    assert bool(wrong) == seen and all("gain" in one.reason for one in wrong)


@pytest.mark.parametrize(
    ("size", "factor", "alone"), [(1.5, 1, True), (1.5, 2, False), (0.75, 1, False), (0.75, 0.5, True)]
)
def test_a_recurrence_runs_away_beyond_one_size(monkeypatch, size, factor, alone):
    """Then every step is looked at alone, and what grows from step to step is not recorded."""
    made = network()
    extra = made.coordinate("thermostat")
    steps = 2 * subject(made.weights, made.names).window - 1
    made.weights.b_E[extra] = 1.0
    made.weights.W_R[extra, extra] = grows = 3.0
    whole = (grows**steps - 1) / (grows - 1)
    made.weights.b_E[extra] = size * tolerances.RUNAWAY / whole
    given = subject(made.weights, made.names)
    moved(monkeypatch, "RUNAWAY", factor)
    inputs = np.zeros((1, steps, len(made.names.inputs)), np.float32)
    most = float(np.abs(np.asarray(record(given, inputs).final)[..., extra]).max())
    assert (most < size * tolerances.RUNAWAY / 10) == alone


def test_a_variable_is_decoded_from_a_share_of_its_variance(monkeypatch):
    """Twice of it is more than all; half of it takes for decoded what is told badly."""
    _, model = of_the_zoo("train_door")
    given = subject(model.effective_weights, model.names)
    usual = {edge.key for edge in probe(given).edges}
    moved(monkeypatch, "DECODED", 2)
    assert usual and not probe(given).edges
    monkeypatch.undo()
    moved(monkeypatch, "DECODED", 0.5)
    assert {edge.key for edge in probe(given).edges} > usual


def test_graphs_of_nothing_have_no_edges():
    """That the edges above are found is no property of the readouts: without a gain there is none."""
    for readout in (wiring, patching, gradient, zero_ablation):
        assert edge_of(readout, 0.0) is None
    assert not SignalGraph([BELIEF], []).edge(*Edge(BELIEF, BELIEF).key)
