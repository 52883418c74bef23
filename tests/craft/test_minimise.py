"""Decision tables in few rows: the same in every context, as small as can be, and never smaller than that."""

import itertools
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutabledict import immutabledict
from sympy import Or, symbols
from sympy.logic import SOPform

import handcrafted as hc
from handcrafted.components.minimise import left_out, minimised
from handcrafted.control.parts import Bounds
from handcrafted.craft.plan import circuits_of
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.forward import forward

ZERO_ONE = ("0", "1")
REAL = (-1.0, 0.0, 2.0)


def holds(table, context):
    """Whether any row matches, by the words of the file format."""
    return any(all(_test(test, context[name]) for name, test in row.items()) for row in table)


def _test(test, value):
    if not isinstance(test, Bounds):
        return value in test
    return (test.above is None or value > test.above) and (test.below is None or value < test.below)


def binary(terms):
    return tuple(immutabledict({f"v{i}": (str(bit),) for i, bit in enumerate(term)}) for term in terms)


def words_of(count, words=ZERO_ONE):
    return tuple((f"v{i}", tuple(words)) for i in range(count))


@st.composite
def tables(draw):
    """Draw a table over up to three discrete and two real variables, and all its contexts."""
    words = {f"w{i}": tuple(string.ascii_lowercase[: draw(st.integers(2, 4))]) for i in range(draw(st.integers(0, 3)))}
    reals = [f"x{i}" for i in range(draw(st.integers(0 if words else 1, 2)))]
    tests = {name: st.lists(st.sampled_from(own), min_size=1, unique=True).map(tuple) for name, own in words.items()}
    bound = st.sampled_from([(a, b) for a in (None, *REAL) for b in (None, *REAL) if a is None or b is None or a < b])
    ends = bound.filter(any_given).map(lambda pair: Bounds(above=pair[0], below=pair[1]))
    tests |= dict.fromkeys(reals, ends)
    row = st.lists(st.sampled_from([*tests]), min_size=1, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: tests[name] for name in names})
    )
    condition = tuple(immutabledict(found) for found in draw(st.lists(row, min_size=1, max_size=9)))
    points = (-2.0, -1.0, -0.5, 0.0, 1.0, 2.0, 3.0)
    contexts = itertools.product(*words.values(), *(points for _ in reals))
    return condition, tuple(words.items()), [dict(zip([*words, *reals], context, strict=True)) for context in contexts]


def any_given(pair):
    return pair != (None, None)


@settings(max_examples=150)
@given(tables())
def test_a_minimised_table_is_the_same_in_every_context(drawn):
    condition, words, contexts = drawn
    found = minimised(condition, words)
    assert len(found) <= len(condition)
    for context in contexts:
        assert holds(found, context) == holds(condition, context), context


@settings(max_examples=60)
@given(tables())
def test_no_row_of_a_minimised_table_can_be_dropped(drawn):
    condition, words, contexts = drawn
    found = minimised(condition, words)
    if len(found) == len(condition):
        return
    for k in range(len(found)):
        fewer = found[:k] + found[k + 1 :]
        assert any(holds(fewer, context) != holds(found, context) for context in contexts)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_never_larger_than_what_another_library_finds(seed):
    rng = np.random.default_rng(seed)
    terms = [term for term in itertools.product((0, 1), repeat=4) if rng.random() < 0.5]
    variables = symbols("v0:4")
    other = SOPform(variables, [list(term) for term in terms])
    found = minimised(binary(terms), words_of(4))
    assert len(found) <= (len(other.args) if isinstance(other, Or) else 1)


def test_known_smallest_sizes():
    majority = [term for term in itertools.product((0, 1), repeat=5) if sum(term) >= 3]
    assert len(minimised(binary(majority), words_of(5))) == 10  # every three of five
    parity = [term for term in itertools.product((0, 1), repeat=4) if sum(term) % 2]
    assert len(minimised(binary(parity), words_of(4))) == 8  # nothing to merge
    exactly_two = [[word == i for i in range(2)] for word in range(2)]
    assert len(minimised(binary([[int(bit) for bit in term] for term in exactly_two]), words_of(2))) == 2
    one_of_three = tuple(immutabledict({"v0": (a,), "v1": (b,)}) for a in "abc" for b in "abc" if "c" in (a, b))
    assert len(minimised(one_of_three, words_of(2, "abc"))) == 2


def test_a_table_that_would_lose_a_variable_stays_as_it_is_written():
    rows = (immutabledict({"v0": ("0",), "v1": ("0",)}), immutabledict({"v0": ("0",), "v1": ("1",)}))
    assert minimised(rows, words_of(2)) == rows


def test_what_boxes_leave_out_is_found():
    assert left_out((0b11, 0b11), [(0b01, 0b11), (0b10, 0b11)]) is None
    assert left_out((0b11, 0b11), [(0b01, 0b11), (0b10, 0b01)]) == (0b10, 0b10)


def structure_of(rows, count, words):
    reads = {f"v{i}": {"values": list(words)} for i in range(count)}
    model = {name: {**domain, "reads": [name]} for name, domain in reads.items()}
    entry = {"law": "decision table", "when": [dict(row) for row in rows]}
    return ControlStructure.model_validate(
        {
            "name": "table",
            "components": {
                "controller": {
                    "kind": "controller", "level": 0, "process model": model, "control algorithm": {"out": entry},
                },
                "process": {"kind": "process", "level": 1},
            },
            "control actions": [{"name": "out", "from": "controller", "to": "process", "values": ["no", "yes"]}],
            "feedback": [{"name": n, "from": "process", "to": "controller", **domain} for n, domain in reads.items()],
        }
    )  # fmt: skip


@pytest.mark.parametrize(("count", "words", "rows", "built"), [(5, "ab", 16, 10), (4, "abc", 40, None)])
def test_a_network_of_few_rows_is_exact_on_all_contexts(count, words, rows, built):
    rng = np.random.default_rng(1)
    contexts = list(itertools.product(words, repeat=count))
    if built:
        chosen = [context for context in contexts if context.count("b") >= 3]
    else:
        chosen = [contexts[k] for k in sorted(rng.choice(len(contexts), rows, replace=False))]
    table = [{f"v{i}": [word] for i, word in enumerate(context)} for context in chosen]
    structure = structure_of(table, count, words)
    own = next(circuit for circuit in circuits_of(structure.resolved) if circuit.name.endswith("rows"))
    assert own.size == built if built else own.size < rows
    model = hc.assemble(structure)
    inputs = np.array([[float(word == w) for word in context for w in words] for context in contexts])[:, None]
    outputs = np.asarray(forward(model.effective_weights, inputs.astype(np.float32))[0])[:, 0]
    wanted = np.array([[0.0, 1.0] if context in chosen else [1.0, 0.0] for context in contexts])
    assert np.array_equal(outputs, wanted)
