"""Large arrays are held sparse: the array does what numpy's does, and a network of them what the dense one does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.control.graph import OUTPUT
from handcrafted.model import arrays as forms
from handcrafted.model.arrays import by_column, elementwise, formed, nonzeros, same, zeros
from handcrafted.model.base import base_of
from handcrafted.model.fold import fold
from handcrafted.model.forward import forward
from handcrafted.model.sparse_array import SparseArray
from handcrafted.readout.subspace import subspace
from handcrafted.readout.target import subject
from handcrafted.readout.wiring import wiring
from handcrafted.zoo import bundled
from tests.loops import thinned

LOOPS = list(bundled())


@st.composite
def blocks(draw):
    """Draw a shape, and blocks to write: the places along each axis, a number, and by which way."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=2, max_size=4)))
    axes = st.tuples(*(st.lists(st.integers(0, size - 1), unique=True, min_size=1) for size in shape))
    return shape, draw(st.lists(st.tuples(axes, st.integers(-3, 3), st.booleans()), max_size=6))


@settings(max_examples=150, deadline=None)
@given(blocks(), st.data())
def test_it_is_read_and_written_as_numpy_reads_and_writes(drawn, data):
    shape, written = drawn
    dense, sparse = np.zeros(shape, np.float32), SparseArray.zeros(shape)
    for axes, first, by_index in written:
        sizes = [len(axis) for axis in axes]
        block = first + np.arange(np.prod(sizes), dtype=np.float32).reshape(sizes)
        dense[np.ix_(*axes)] = block
        if by_index:
            sparse[np.ix_(*axes)] = block
        else:
            sparse.write([np.array(axis) for axis in axes], block)
    assert np.array_equal(np.asarray(sparse), dense) and sparse.shape == dense.shape
    assert all(np.array_equal(a, b) for a, b in zip(sparse.nonzero(), dense.nonzero(), strict=True))
    assert np.array_equal(sparse.T, dense.T) and bool(sparse.any()) == bool(dense.any())
    index = tuple(data.draw(st.one_of(st.just(slice(None)), st.integers(0, size - 1))) for size in dense.shape)
    assert np.array_equal(sparse[index], dense[index])
    assert np.array_equal(sparse.reshape(-1, dense.shape[-1]), dense.reshape(-1, dense.shape[-1]))
    assert all(np.array_equal(a, b) for a, b in zip(nonzeros(sparse), nonzeros(dense), strict=True))
    other = sparse.copy()
    other[tuple(0 for _ in dense.shape)] = 7.0
    moved = dense.copy()
    moved[tuple(0 for _ in dense.shape)] = 7.0
    assert np.array_equal(sparse != other, dense != moved) and (sparse != other).sum() == (dense != moved).sum()
    assert np.array_equal(sparse, dense), "a copy is one"
    assert same(sparse, other) == np.array_equal(dense, moved)
    assert np.array_equal(elementwise(np.where, sparse != other, other, sparse), moved)
    if dense.ndim == 2:
        assert by_column(sparse) == by_column(dense)


def test_what_it_cannot_do_is_refused_in_words():
    array = zeros((2**20, 2**20))
    array[3, 5] = 2.0
    assert isinstance(array, SparseArray) and array.nbytes < 100 and array[3, 5] == 2 and not array[5, 3]
    for wrong, said in (
        (lambda: np.asarray(array), "at most 1,073,741,824 entries for what needs all of them"),
        (lambda: array[1:3], "whole numbers and full slices"),
        (lambda: array[np.array([1, 2])], "whole numbers and full slices"),
        (lambda: array.__setitem__((slice(None), 3), 1.0), "some entries of a sparse array"),
        (lambda: array == array, "0 to stay 0"),
        (lambda: array + np.ones((2, 2)), "single numbers beside a sparse array"),
    ):
        with pytest.raises(hc.HandcraftedError, match=said):
            wrong()


def both(name, monkeypatch):
    """Return the model of a loop in its dense form, and in the sparse one of large networks."""
    structure = hc.load(name)
    dense = hc.assemble(structure)
    monkeypatch.setattr(forms, "MAX_DENSE", 0)
    return dense, hc.assemble(structure)


def alike(one, other):
    return {name for name, array in one.items() if not np.array_equal(np.asarray(array), np.asarray(other[name]))}


@pytest.mark.parametrize("name", thinned(LOOPS, 2))
def test_a_sparse_network_is_the_dense_one(name, monkeypatch):
    dense, sparse = both(name, monkeypatch)
    assert all(isinstance(array, SparseArray) for _, array in sparse.weights.items() if len(array.shape) > 1)
    assert not alike(sparse.weights, dense.weights) and not alike(sparse.masks, dense.masks)
    assert not alike(sparse.effective_weights, dense.effective_weights)
    assert sparse.seal == dense.seal and not sparse.audit() and not sparse.drifted
    places = range(dense.weights.sizes["d_model"])
    one, other = (fold(m.effective_weights, m.window, places, m.blocks if m.seal else ()) for m in (dense, sparse))
    assert one and other and one.program == other.program and np.array_equal(one.values, other.values)


@pytest.mark.parametrize("name", thinned(LOOPS, 2))
def test_structural_readouts_of_it_say_the_same(name, monkeypatch):
    dense, sparse = both(name, monkeypatch)
    for readout in (wiring, subspace):
        one, other = (readout(subject(m.effective_weights, m.names)) for m in (dense, sparse))
        assert [edge.key for edge in one.edges] == [edge.key for edge in other.edges]
        assert [edge.gain for edge in one.edges] == [edge.gain for edge in other.edges]
        cut = sparse.effective_weights.copy()
        rows, columns = cut.W_U.nonzero()
        cut.W_U[rows[:1], columns[:1]] = 0.0
        left = {edge.key for edge in readout(subject(cut, sparse.names)).edges}
        assert left <= {edge.key for edge in one.edges} and len(left) in (len(one.edges), len(one.edges) - 1)
        cut.W_U[rows, columns] = 0.0
        left = {edge.key for edge in readout(subject(cut, sparse.names)).edges}
        assert left == {edge.key for edge in one.edges if edge.target.role != OUTPUT}


@pytest.mark.parametrize("name", ["guarded room", pytest.param("cruise control", marks=pytest.mark.slow)])
def test_edits_parameters_history_and_saving_work_on_it(name, monkeypatch, tmp_path):
    dense, sparse = both(name, monkeypatch)
    base = base_of(dense.structure) or "."
    knob = next(k for k, p in dense.parameters.items() if isinstance(p.value, float) and not k.startswith(base))
    entry = str(sparse.parameters[knob]).split("moves ")[1].split("],")[0].rstrip("]") + "]"
    owners = {*dense.structure.resolved.controllers} - {base}
    other = next(i for i, c in enumerate(dense.names.residual) if c.owner in owners and not dense.masks.W_R[i, i])
    locked = f"W_R[{other}, {other}]"
    before = {k: np.asarray(array) for k, array in sparse.weights.items()}
    said = []
    for form, model in ((2**22, dense), (0, sparse)):
        monkeypatch.setattr(forms, "MAX_DENSE", form)
        model.parameters[knob] = 1.01 * float(model.parameters[knob].value)
        model.edit(entry, 0.123)
        said.append((str(model.history), str(model.parameters[knob]), [str(p) for p in model.drifted]))
        with pytest.raises(hc.HandcraftedError, match="which is locked"):
            model.edit(locked, 1.0)
        model.edit(locked, 1.0, unlock=True)
        said[-1] += ([str(breach) for breach in model.audit()],)
    assert said[0] == said[1] and said[0][3] and not alike(sparse.weights, dense.weights)
    kept = hc.load_model(sparse.save(tmp_path / "kept"))
    assert not alike(kept.weights, sparse.weights) and isinstance(kept.weights.W_in, SparseArray)
    assert not hc.diff(kept, sparse).entries
    monkeypatch.setattr(forms, "MAX_DENSE", 2**22)
    assert not alike(hc.load_model(tmp_path / "kept").weights, sparse.weights), "a dense one reads it too"
    monkeypatch.setattr(forms, "MAX_DENSE", 0)
    while sparse.history.done:
        sparse.undo()
    assert not alike(sparse.weights, before)
    sparse.set_weights(dense.weights)
    assert isinstance(sparse.weights.W_in, SparseArray) and not alike(sparse.weights, dense.weights)


def test_what_a_model_holds_is_not_written_to_and_slopes_go_through_it(monkeypatch):
    dense, sparse = both("heated room", monkeypatch)
    for array in (sparse.weights.W_in, sparse.masks.W_in, sparse.network.weights.W_in):
        with pytest.raises(hc.HandcraftedError, match="which is read"):
            array[0, 0, 0] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            array.values[0] = 1.0
    own = sparse.weights.copy()
    own.W_R[0, 0] = 5.0
    assert not alike(sparse.weights, dense.weights) and alike(own, dense.weights) == {"W_R"}
    assert [str(breach) for breach in sparse.audit(own)] == [str(breach) for breach in sparse.audit(own.numpy())] != []
    inputs = jnp.array([[18.0], [20.5], [23.0]])
    loss = lambda weights: forward(weights, inputs)[0].sum()
    one, other = (jax.grad(loss)(m.effective_weights) for m in (dense, sparse))
    assert isinstance(other.W_in, SparseArray) and other.W_in.pattern == sparse.weights.W_in.pattern
    held = np.asarray(sparse.masks.W_in)
    np.testing.assert_allclose(np.asarray(other.W_in), np.where(held, one.W_in, 0), rtol=1e-6)


def test_a_tampered_layer_0_is_refused_in_it_too(monkeypatch):
    _, sparse = both("guarded room", monkeypatch)
    place = next(p for p in sparse.layout if p.owner == base_of(sparse.structure) and p.part == "mlp")
    with pytest.raises(hc.HandcraftedError, match="Layer 0"):
        sparse.edit(f"b_in[{place.layer}, {place.components[0]}]", 3.0)
    reach = sparse.names.find(place.writes)[0]
    open_mask = sparse.masks.W_R.copy()
    open_mask[0, int(reach)] = True
    vars(sparse)["mask_W_R"].set_value(open_mask)
    with pytest.raises(hc.HandcraftedError, match="Layer 0 controller"):
        sparse.check_seal()


def test_the_form_follows_the_size(monkeypatch):
    assert isinstance(zeros((3, 4)), np.ndarray) and isinstance(zeros((2**25,), bool), np.ndarray)
    dense = np.eye(5, dtype=np.float32)
    assert formed(dense) is dense
    monkeypatch.setattr(forms, "MAX_DENSE", 3)
    turned = formed(dense)
    assert isinstance(turned, SparseArray) and np.array_equal(turned, dense)
    monkeypatch.undo()
    assert isinstance(formed(turned), np.ndarray)
