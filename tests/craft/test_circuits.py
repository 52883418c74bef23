"""Circuits and assembly: against the plain laws, and against what contradicts itself."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.components.circuit import Site
from handcrafted.components.comparator import Ramp, bits, ramp_below, ramps
from handcrafted.components.linear import affine, copy
from handcrafted.components.positional import nearest_alias, positional_biases
from handcrafted.components.rows import any_row, table_rows
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Read
from handcrafted.control.vocabulary import Role
from handcrafted.craft.plan import schedule
from handcrafted.laws.arithmetic import truth
from handcrafted.laws.default import default_linear
from handcrafted.text.diagnostics import HandcraftedError
from tests.loops import door_inputs, train_door

WORDS = Domain(("a", "b", "c"))
SIGNALS = [Signal("k", Role.FEEDBACK_MODELLING, name) for name in "xyz"]
ROWS, PORT = Signal("k", Role.PROCESSING_FOR_ACTION, "act"), Signal("k", Role.CONTROL_ACTION, "act")


@np.errstate(invalid="ignore")  # products of small arrays set the flag at times without any such value
def relu_layer(neurons, x):
    """One MLP in float32, written out."""
    pre = x.astype(np.float32) @ neurons.into.astype(np.float32) + neurons.bias.astype(np.float32)
    return np.maximum(pre, 0) @ neurons.out.astype(np.float32)


def tables():
    row = st.dictionaries(st.sampled_from("xyz"), st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
    return st.lists(row, min_size=1, max_size=6)


@settings(max_examples=80)
@given(tables(), st.sampled_from([Domain(("no", "yes")), Domain((), 0.0, 1.0), Domain((), 10.0, 30.0)]))
def test_a_decision_table_is_exact_in_every_context(table, domain):
    """The network's two stages, the law, and plain any(all()) agree on all 27 contexts."""
    condition = tuple({name: tuple(words) for name, words in row.items()} for row in table)
    withheld, issued = (domain.values[0], domain.values[1]) if domain.discrete else (domain.low, domain.high)
    first = table_rows(Site("k", tuple(SIGNALS), ROWS), [(name, WORDS) for name in "xyz"], condition)
    second = any_row(Site("k", (ROWS,), PORT), np.ones(first.width), domain, (withheld, issued))
    reads = {signal.name: Read(signal, signal.name, WORDS, "a") for signal in SIGNALS}
    for context in itertools.product("abc", repeat=3):
        x = np.concatenate([WORDS.encode(word) for word in context])
        plain = any(all(context["xyz".index(name)] in words for name, words in row.items()) for row in condition)
        beliefs = dict(zip("xyz", np.split(x.astype(float), 3), strict=True))
        assert truth(condition, beliefs, reads) == float(plain)
        got = relu_layer(second.body, relu_layer(first.body, x))
        np.testing.assert_array_equal(got, domain.encode(issued if plain else withheld))


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False), min_size=3, max_size=3))
def test_a_copy_is_exact_for_any_number(values):
    x = np.array(values, np.float32)
    np.testing.assert_array_equal(relu_layer(copy(Site("k", (SIGNALS[0],), SIGNALS[1]), 3).body, x), x)


@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 10**6))
def test_a_linear_law_keeps_its_proved_bound(reads, writes, seed):
    matrix, constant = default_linear(reads, writes)
    x = np.random.default_rng(seed).normal(0, 10, reads).astype(np.float32)
    wanted = matrix @ x.astype(float) + constant
    bound = (reads + 2) * 2.0**-23 * (np.abs(matrix) @ np.abs(x) + np.abs(constant))
    assert np.all(np.abs(relu_layer(affine(matrix, constant), x) - wanted) <= bound)


@given(st.integers(0, 40), st.integers(1, 6))
def test_the_default_law_has_the_stated_weights(reads, writes):
    matrix, constant = default_linear(reads, writes)
    rows = np.concatenate([matrix, constant[:, None]], axis=1)
    assert np.all(rows > 0) and np.allclose(np.abs(rows).sum(axis=1), 1)
    assert all(len(set(row)) == len(row) for row in rows)


def compare_in_float32(ramp, x):
    """Return min(1, max(0, …)) of a ramp as the two stages compute it."""
    site = Site("k", (SIGNALS[0],), SIGNALS[1])
    first, second = ramps(site, np.ones((1, 1)), [ramp]).body, bits(site, 1).body
    return relu_layer(second, relu_layer(first, x[:, None]))[:, 0]


@settings(max_examples=60)
@given(
    st.sampled_from([2.0**-10, 0.0625, 0.1, 0.3, 1.0, 7.0]),
    st.integers(-300, 300),
    st.floats(0, 1),
    st.integers(1, 400),
)
def test_a_comparator_is_right_at_every_point_of_its_grid_and_no_gain_is_too_large(grid, first, share, count):
    points = (grid * np.arange(first, first + count + 1)).astype(np.float32)
    threshold = float(grid * (first + np.round(share * count * 2) / 2))
    wanted = np.rint(points / grid) * 2 < np.rint(threshold / grid * 2)
    ramp = ramp_below(threshold, grid, grid * count)
    np.testing.assert_array_equal(compare_in_float32(ramp, points), wanted)
    weaker = Ramp(ramp.gain / 4, ramp.start)
    if 0 < wanted.sum() < len(wanted):
        assert (compare_in_float32(weaker, points) != wanted).any()


@settings(max_examples=60)
@given(st.floats(-100, 100), st.floats(0.01, 1000))
def test_off_the_grid_a_comparator_is_wrong_only_in_its_stated_band(threshold, span):
    ramp = ramp_below(threshold, None, span)
    scale = max(span, abs(threshold))
    assert 2.0**14 / scale <= ramp.gain < 2.0**15 / scale
    x = (threshold + np.linspace(-3, 3, 601) / ramp.gain).astype(np.float32)
    answer, lowest = compare_in_float32(ramp, x), threshold - (1 + 2.0**-4) / ramp.gain
    assert (answer[x >= threshold] == 0).all() and (answer[x <= lowest] == 1).all()
    assert ((answer > 0) & (answer < 1)).any()


def test_the_gain_of_a_head_is_what_the_margin_needs():
    query, key = positional_biases(0)
    assert nearest_alias() == pytest.approx(0.0398, abs=1e-4)
    assert query @ key * nearest_alias() == pytest.approx(104, rel=2e-3)
    with pytest.raises(HandcraftedError, match="Expected a lag of 0 to 15"):
        positional_biases(16)


def test_circuits_that_wait_for_each_other_are_named():
    one, two = (copy(Site("k", (SIGNALS[i],), SIGNALS[1 - i]), 1) for i in (0, 1))
    with pytest.raises(HandcraftedError, match=r"algebraic loop k\.\w\.copy -> k\.\w\.copy"):
        schedule([one, two])
    with pytest.raises(HandcraftedError, match="Expected one writer"):
        schedule([one, copy(Site("k", (SIGNALS[2],), SIGNALS[1]), 1)])


def test_every_circuit_runs_after_what_it_reads():
    _, model = train_door()
    half = lambda place: 2 * place.layer + (place.part == "mlp")
    writer = {place.writes: half(place) for place in model.layout}
    for place in model.layout:
        assert all(writer[signal] < half(place) for signal in place.reads if signal in writer)


def test_every_coordinate_has_at_most_one_writer():
    _, model = train_door()
    w = model.effective_weights.numpy()
    writers = [np.abs(w.W_E).max(0) > 0, np.abs(w.W_R).max(0) > 0]
    for place in model.layout:
        array = (
            w.W_O[place.layer, place.components[0]]
            if place.part == "attention"
            else w.W_out[place.layer, list(place.components)]
        )
        writers.append(np.abs(array).max(0) > 0)
    assert np.sum(writers, axis=0).max() == 1


def test_an_edit_outside_the_policy_has_no_effect_and_one_inside_has():
    structure, _ = train_door()
    model = hc.assemble(structure)
    _, inputs = door_inputs(model.names)
    before = np.asarray(model(inputs)[0])
    masks, weights = model.masks.numpy(), model.weights.numpy()
    outside = weights.map(lambda raw, mask: np.where(mask, raw, 7.0).astype(np.float32), masks)
    model.set_weights(outside.map(jnp.asarray))
    np.testing.assert_array_equal(np.asarray(model(inputs)[0]), before)
    inside = weights.map(lambda raw, mask: np.where(mask, raw + 0.5, raw).astype(np.float32), masks)
    model.set_weights(inside.map(jnp.asarray))
    assert np.abs(np.asarray(model(inputs)[0]) - before).max() > 0.1


def test_the_layout_names_layer_part_owner_role_reads_and_writes():
    _, model = train_door()
    text = str(model)
    assert "3 layers" in text and "d_model 22" in text
    assert any(
        all(word in line for word in ("H0", "door controller", "feedback", "train.train motion"))
        for line in text.split("\n")
    )
