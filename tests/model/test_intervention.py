import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.model.forward import forward
from handcrafted.model.intervention import Hold, Noise, Patch, Swap, Zero, intervene
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.zoo import find
from tests.loops import damaged, door_inputs, head_of, position, train_door
from tests.twin import twin

CONTROLLER = "door controller"
MOTION = Signal(CONTROLLER, "feedback", "train motion")
MEMORY = Signal("thermostat", "processing_for_action", "heat")


@pytest.fixture(scope="module")
def door():
    _, model = train_door()
    contexts, inputs = door_inputs(model.names)
    return model, contexts, inputs


def test_zeroing_a_head_equals_zeroing_its_output_matrix(door):
    model, _, inputs = door
    layer, head = head_of(model, "train motion")
    outputs, _ = model.intervene(inputs, Zero(f"L{layer}H{head}"))
    weights = damaged(model, lambda w: w.W_O[layer, head].fill(0))
    wanted = np.stack([twin(dict(weights), x)[0] for x in inputs])
    np.testing.assert_allclose(outputs, wanted, atol=1e-6)
    assert np.abs(outputs - np.asarray(model(inputs)[0])).max() == 1.0


def test_zeroing_a_neuron_equals_zeroing_its_row(door):
    model, _, inputs = door
    place = next(p for p in model.layout if p.role == "processing_for_action")
    layer, neuron = place.layer, place.components[0]
    outputs, _ = model.intervene(inputs, Zero(f"L{layer}N{neuron}"))
    weights = damaged(model, lambda w: w.W_out[layer, neuron].fill(0))
    np.testing.assert_allclose(outputs, np.stack([twin(dict(weights), x)[0] for x in inputs]), atol=1e-6)


def test_patching_a_subspace_gives_the_outcome_of_the_other_context(door):
    model, _, inputs = door
    other = inputs.copy()
    moving, stopped = (position(model.names.inputs, "train motion", v) for v in ("moving", "stopped"))
    other[..., moving], other[..., stopped] = 0, 1
    outputs, _ = model.intervene(inputs, Patch(MOTION, other))
    np.testing.assert_array_equal(outputs, np.asarray(model(other)[0]))


def test_swapping_runs_exchanges_just_that_subspace(door):
    model, _, inputs = door
    order = list(reversed(range(len(inputs))))
    outputs, seen = model.intervene(inputs, Swap(MOTION, order))
    at = model.names.find(MOTION)
    rows = model.names.input_signals[Signal("train", "input", "train motion")]
    swapped = inputs.copy()
    swapped[..., rows] = inputs[order][..., rows]
    np.testing.assert_array_equal(seen["final"][..., at], inputs[order][..., rows])
    np.testing.assert_array_equal(outputs, np.asarray(model(swapped)[0]))


def test_an_edge_changes_its_reader_alone(door):
    model, _, inputs = door
    layer, head = head_of(model, "train motion")
    edge = (Signal("train", "input", "train motion"), f"L{layer}H{head}")
    outputs, seen = model.intervene(inputs, Zero(edge))
    np.testing.assert_array_equal(outputs, model.intervene(inputs, Zero(f"L{layer}H{head}"))[0])
    port = model.names.find(Signal("train", "feedback", "train motion"))
    clean = np.asarray(model(inputs)[1]["final"])
    np.testing.assert_array_equal(seen["final"][..., port], clean[..., port])


def test_an_edge_that_is_not_wired_has_no_effect(door):
    model, _, inputs = door
    layer, head = head_of(model, "emergency")
    outputs, _ = model.intervene(inputs, Zero((Signal("train", "input", "train motion"), f"L{layer}H{head}")))
    np.testing.assert_array_equal(outputs, np.asarray(model(inputs)[0]))


def test_noise_is_seeded_and_holds_hold(door):
    model, _, inputs = door
    one, two = (model.intervene(inputs, Noise(MOTION, seed=s))[1]["final"] for s in (0, 0))
    three = model.intervene(inputs, Noise(MOTION, seed=1))[1]["final"]
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - three).max() > 0.1
    _, seen = model.intervene(inputs, Hold(MOTION, [0.25, 0.75]))
    np.testing.assert_array_equal(seen["final"][:, 0, model.names.find(MOTION)], np.tile([0.25, 0.75], (8, 1)))


def test_what_the_recurrence_is_said_to_give_is_what_runs_exchange():
    model = hc.assemble(hc.load(find("heated room")))
    weights, at = model.effective_weights, model.names.find(MEMORY)
    random = np.random.default_rng(0)
    inputs = random.uniform(19, 21, (6, 4, 1)).astype(np.float32)
    carries = np.zeros((6, 4, len(model.names.residual)), np.float32)
    carries[..., at] = random.integers(0, 2, (6, 4, 1))
    order = list(reversed(range(6)))
    outputs, _ = intervene(weights, model.names, inputs, Swap(MEMORY, order), carries=carries)
    exchanged = carries.copy()
    exchanged[..., at] = carries[order][..., at]
    np.testing.assert_array_equal(outputs, np.asarray(forward(weights, inputs, exchanged)[0]))
    assert (outputs != np.asarray(forward(weights, inputs, carries)[0])).any()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("L9H0", "Expected a component such as L0H0"),
        ("nonsense", "Expected a component such as L0H0"),
        (Signal("nobody", "feedback", "x"), "Expected a named subspace, got nobody"),
        (Signal("nobody", "input", "x"), "Expected an input or output of the network"),
        (Signal(CONTROLLER, "output", "open doors"), "Nothing reads it"),
        (("L0H0", Signal("train", "input", "train motion")), "Expected a component that reads"),
        ((Signal(CONTROLLER, "output", "open doors"), "L0H0"), "Expected a component that writes"),
    ],
)
def test_a_place_that_matches_nothing_raises(door, where, message):
    model, _, inputs = door
    with pytest.raises(HandcraftedError, match=message):
        model.intervene(inputs, Zero(where))


def test_batches_that_do_not_fit_raise(door):
    model, _, inputs = door
    with pytest.raises(HandcraftedError, match="Expected 8 runs to patch from, got 2"):
        model.intervene(inputs, Patch(MOTION, inputs[:2]))
    with pytest.raises(HandcraftedError, match="Expected an order"):
        model.intervene(inputs, Swap(MOTION, [0, 1]))
