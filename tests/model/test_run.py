"""Numpy and JAX do the same sums: runs, what readers answer, and what processes do."""

from pathlib import Path

import jax
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.domain import Domain
from handcrafted.model.edit import no_edit
from handcrafted.model.forward import forward, run_edited
from handcrafted.model.run import FEW, is_small, run
from handcrafted.plants.catalogue import PLANTS
from handcrafted.readout.patching import patching
from handcrafted.readout.target import subject
from handcrafted.zoo import bundled, find
from tests.loops import thinned

LIMIT = 2e-6
"""Of the largest number; the two round the same float32 sums in another order."""


def far(one, other):
    """Return the largest difference as a share of the largest number."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    return float(np.abs(one - other).max(initial=0)) / max(1.0, float(np.abs(other).max(initial=0)))


def network(loop):
    model = hc.assemble(hc.load(loop if isinstance(loop, Path) else find(loop)))
    return model, model.effective_weights.numpy()


@pytest.mark.parametrize("loop", thinned(bundled(), every=2), ids=lambda path: path.stem)
def test_a_run_in_numpy_is_the_compiled_run(loop):
    _, weights = network(loop)
    rng = np.random.default_rng(1)
    inputs = rng.normal(0, 3, (5, 24, weights.sizes["n_in"])).astype(np.float32)
    carries = rng.normal(0, 1, (5, 24, weights.sizes["d_model"])).astype(np.float32)
    for fed in (None, carries):
        mine, compiled = run(weights, inputs, fed), forward(weights, inputs, fed)
        assert far(mine[0], compiled[0]) < LIMIT
        assert mine[1].keys() == compiled[1].keys()
        for name, values in compiled[1].items():
            assert mine[1][name].shape == values.shape and far(mine[1][name], values) < LIMIT, name
    spoiled = weights.replace(W_U=weights.W_U + np.float32(0.01))
    assert far(run(spoiled, inputs)[0], forward(weights, inputs)[0]) > 1e-4


@pytest.mark.parametrize("window", [1, 3, 16])
def test_attention_by_content_over_any_window(window):
    _, weights = network("train door")
    rng = np.random.default_rng(window)
    noisy = weights.map(lambda array: (array + rng.normal(0, 0.2, array.shape)).astype(np.float32))
    noisy = noisy.replace(W_R=np.zeros_like(noisy.W_R))
    inputs = rng.normal(size=(3, 20, weights.sizes["n_in"])).astype(np.float32)
    mine, compiled = run(noisy, inputs, window=window), forward(noisy, inputs, window=window)
    assert far(mine[0], compiled[0]) < 1e-5 and far(mine[1]["pattern"], compiled[1]["pattern"]) < 1e-5
    assert mine[1]["pattern"].std() > 0 or window == 1


def test_interventions_in_numpy_are_those_of_the_compiled_run():
    _, weights = network("cruise control")
    rng = np.random.default_rng(2)
    inputs = rng.normal(0, 3, (4, 6, weights.sizes["n_in"])).astype(np.float32)
    some = lambda array: (rng.random(array.shape) < 0.3) * rng.normal(0, 1, array.shape)
    spread = no_edit(weights).mapped(lambda array, axes: np.repeat(np.repeat(array[None], 4, 0), 6, 1))
    edit = spread.mapped(lambda array, axes: (array + some(array)).astype(np.float32))
    mine, compiled = run(weights, inputs, edit=edit), run_edited(weights, inputs, edit)
    assert far(mine[0], compiled[0]) < 1e-5
    assert far(mine[1]["resid_post"], compiled[1]["resid_post"]) < 1e-5
    assert far(mine[0], run(weights, inputs)[0]) > 1e-2  # so it does something


def test_what_is_not_finite_stays_so_in_numpy():
    """A rectified unit that turned NaN into 0 would hide what a guard has to catch."""
    _, weights = network("heated room")
    bad = np.full((1, 3, 1), np.nan, np.float32)
    assert np.isnan(run(weights, bad)[0]).all() and np.isnan(np.asarray(forward(weights, bad)[0])).all()


@pytest.mark.parametrize("name", ["W_V", "W_out"])
def test_what_overflows_in_numpy_is_read_without_a_warning(name):
    """Warnings are errors here; what is not finite is an effect, or is refused in words."""
    model, weights = network("train door")
    huge = weights.replace(**{name: np.where(weights[name] != 0, np.float32(-1e38), np.float32(0))})
    assert not hc.compare(model.structure, hc.recover(huge, names=model.names)).reproduced


def test_small_networks_and_short_runs_alone_are_for_numpy(monkeypatch):
    _, weights = network("heated room")
    assert is_small(weights) and not is_small(weights.map(jax.numpy.asarray))
    monkeypatch.setattr("handcrafted.model.run._run", lambda *given: pytest.fail("in numpy"))
    run(weights, np.zeros((1, FEW + 1, 1), np.float32))
    with pytest.raises(pytest.fail.Exception):
        run(weights, np.zeros((1, FEW, 1), np.float32))


@pytest.mark.parametrize("loop", ["train door", pytest.param("cruise control", marks=pytest.mark.slow)])
def test_patching_in_numpy_finds_what_it_finds_compiled(loop):
    model, weights = network(loop)
    read = subject(weights, model.names)
    mine, compiled = patching(read), patching(read.compiling())
    assert not read.compiled and read.compiling().compiled
    assert {edge.key for edge in mine.edges} == {edge.key for edge in compiled.edges}
    for edge in mine.edges:
        other = compiled.edge(*edge.key) or pytest.fail("no such edge")
        assert edge.sign == other.sign and far(edge.evidence["strength"], other.evidence["strength"]) < 1e-5
        assert (edge.gain is None) == (other.gain is None) and far(edge.gain or 0, other.gain or 0) < 1e-5


@pytest.mark.parametrize("law", PLANTS)
def test_a_process_in_numpy_is_that_in_jax_one_by_one_and_side_by_side(law):
    made, rng, runs = PLANTS[law].model_validate(PLANTS[law].example), np.random.default_rng(3), 7
    words = Domain(("no", "yes"))
    domains = {"u": words if made.words else Domain(), "v": Domain()}
    process = made.process(0.5, domains)
    draw = lambda value: np.abs(rng.normal(1, 1, (*np.shape(value), runs))).astype(np.float32)
    state = {name: draw(value) for name, value in process.initial.items()}
    if made.words:
        state = {name: np.eye(len(made.words), dtype=np.float32)[:, rng.integers(2, size=runs)] for name in state}
    inputs = {name: draw(np.zeros(2)) > 1 if domain.discrete else draw(0.0) for name, domain in domains.items()}
    inputs = {name: np.float32(value) for name, value in inputs.items()}
    shock = np.zeros(runs, np.float32)
    with np.errstate(all="ignore"):  # of a series that is not taken
        together = process.advance(state, inputs, shock)
    for i in range(runs):
        one = lambda values, i=i: {name: value[..., i] for name, value in values.items()}
        with np.errstate(all="ignore"):
            alone = process.advance(one(state), one(inputs), np.float32(0))
        compiled = jax.jit(process.advance)(one(state), one(inputs), np.float32(0))
        for name, value in compiled.items():
            assert far(alone[name], value) < LIMIT and far(together[name][..., i], value) < LIMIT, name
    assert any(far(together[name], state[name]) > 1e-3 for name in state)  # so something moves
