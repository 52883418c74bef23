import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward
from handcrafted.model.padding import LEAST, bucket, padded, widened
from tests.loops import train_door
from tests.model.test_forward import random_weights


@given(st.integers(0, 5000), st.sampled_from([1, 4, 16, 64]))
def test_sizes_are_few_and_never_too_small(size, least):
    found = bucket(size, least)
    assert max(size, least) <= found <= max(2 * size, least, 1)
    assert size <= 128 or found <= 1.25 * size + 1
    assert bucket(found, least) == found


def test_there_are_few_buckets():
    assert len({bucket(size) for size in range(1, 4097)}) <= 32


@pytest.mark.parametrize("seed", range(3))
def test_a_padded_network_does_the_same(seed):
    weights = random_weights(seed)
    wide = padded(weights)
    assert all(size >= LEAST[axis] for axis, size in wide.sizes.items())
    inputs = np.random.default_rng(seed).normal(size=(20, 3)).astype(np.float32)
    outputs, seen = forward(weights, inputs)
    wider, wide_seen = forward(wide, widened(inputs, wide.sizes["n_in"]))
    np.testing.assert_allclose(wider[:, :2], outputs, rtol=0, atol=2e-6)
    assert not np.asarray(wide_seen["final"])[:, 6:].any() and not np.asarray(wider)[:, 2:].any()
    np.testing.assert_allclose(np.asarray(wide_seen["final"])[:, :6], seen["final"], rtol=0, atol=4e-6)
    unscaled = wide.replace(W_Q=wide.W_Q / 2, b_Q=wide.b_Q / 2)
    assert np.abs(np.asarray(forward(unscaled, widened(inputs, 16))[0])[:, :2] - outputs).max() > 1e-4


def test_networks_of_similar_size_share_one_compilation(caplog):
    import jax

    structure, model = train_door()
    hc.compare(structure, hc.recover(model))
    text = "name: other\ncomponents:\n  a: {kind: controller, level: 0}\n  p: {kind: process, level: 1}\n"
    text += "control actions: [{name: u, from: a, to: p}]\nfeedback: [{name: y, from: p, to: a, values: [low, high]}]\n"
    other = loads(text)
    with jax.log_compiles(), caplog.at_level("WARNING", logger="jax"):
        assert hc.compare(other, hc.recover(hc.assemble(other))).reproduced
    for name in ("forward", "effects", "_scan", "run_edited", "undisturbed"):
        assert f"jit({name})" not in caplog.text and f" {name} " not in caplog.text, name
