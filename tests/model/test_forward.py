import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from handcrafted.model.edit import no_edit
from handcrafted.model.forward import forward, initial_state, step
from handcrafted.model.weights import FIELD_AXES, Weights, check_shapes
from handcrafted.text.diagnostics import HandcraftedError
from tests.loops import door_inputs, train_door
from tests.twin import twin

SIZES = dict(layer=2, head=2, d_model=6, d_head=3, d_mlp=5, n_in=3, n_out=2)


def random_weights(seed, scale=0.2):
    rng = np.random.default_rng(seed)
    draw = lambda array: (scale * rng.normal(size=array.shape)).astype(np.float32)
    return Weights.zeros(**SIZES).map(draw)


def assert_all_agree(seen, expected):
    for name, wanted in expected.items():
        scale = max(1.0, float(np.abs(wanted).max(initial=0)))
        np.testing.assert_allclose(np.asarray(seen[name]), wanted, rtol=0, atol=1e-6 * scale, err_msg=name)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_every_activation_agrees_with_the_numpy_twin(seed):
    weights = random_weights(seed)
    inputs = np.random.default_rng(seed).normal(size=(20, 3)).astype(np.float32)
    outputs, seen = forward(weights, inputs)
    wanted, expected = twin(dict(weights), inputs)
    assert_all_agree({**seen, "outputs": outputs}, {**expected, "outputs": wanted})
    assert set(seen) == set(expected)


def test_train_door_agrees_with_the_twin_on_exported_arrays_alone(tmp_path):
    _, model = train_door()
    contexts, inputs = door_inputs(model.names)
    save_file({name: np.asarray(a) for name, a in model.effective_weights.items()}, tmp_path / "arrays.safetensors")
    arrays = load_file(tmp_path / "arrays.safetensors")
    outputs, seen = model(inputs)
    for i in range(len(contexts)):
        wanted, expected = twin(arrays, inputs[i])
        assert_all_agree({name: array[i] for name, array in seen.items()} | {"o": outputs[i]}, expected | {"o": wanted})


@pytest.mark.parametrize("name", [name for name in FIELD_AXES if name not in ("b_O", "b_K")])
def test_twin_notices_a_change_in_any_array(name):
    weights = random_weights(1)
    inputs = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    wanted, _ = twin(dict(weights), inputs)
    changed = weights.replace(**{name: weights[name] * 1.5})
    assert np.abs(np.asarray(forward(changed, inputs)[0]) - wanted).max() > 1e-5


def test_streaming_equals_the_whole_sequence():
    weights = random_weights(3)
    inputs = np.random.default_rng(3).normal(size=(12, 3)).astype(np.float32)
    outputs, seen = forward(weights, inputs)
    state, streamed = initial_state(weights), []
    for now in inputs:
        state, out = step(weights, state, jnp.asarray(now))
        streamed.append(out)
    np.testing.assert_allclose(outputs, np.stack(streamed), atol=1e-6)
    forced, _ = forward(weights, inputs, carries=seen["carry"])
    np.testing.assert_allclose(outputs, forced, atol=1e-6)


def test_carries_that_are_fed_in_are_used():
    weights = random_weights(3)
    inputs = np.zeros((4, 3), np.float32)
    free, _ = forward(weights, inputs)
    forced, _ = forward(weights, inputs, carries=np.ones((4, 6), np.float32))
    assert np.abs(free - forced).max() > 1e-3


def test_an_edit_of_nothing_changes_nothing():
    weights = random_weights(4)
    inputs = np.ones((5, 3), np.float32)
    np.testing.assert_array_equal(forward(weights, inputs)[0], forward(weights, inputs, edit=no_edit(weights))[0])


def test_shapes_that_disagree_are_named():
    weights = random_weights(0)
    with pytest.raises(HandcraftedError, match=r"Expected d_model = 6 in W_O as in W_E, got 7"):
        check_shapes(weights.replace(W_O=np.zeros((2, 2, 3, 7))))
    with pytest.raises(HandcraftedError, match="Expected W_R with axes"):
        check_shapes(weights.replace(W_R=np.zeros(6)))


def test_weights_are_read_by_name_in_every_way():
    weights = random_weights(0)
    assert list(dict(weights)) == list(FIELD_AXES)
    assert weights["W_E"] is weights.W_E
    assert weights.sizes == SIZES
