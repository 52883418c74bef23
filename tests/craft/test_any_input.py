"""Laws under inputs that nobody chose: Hypothesis' own, within and beyond the declared range, and 20,000 steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handcrafted.laws.oracle import Interpreter
from handcrafted.model.forward import forward
from handcrafted.model.padding import padded, widened
from tests.craft.test_laws import ROUNDING, SWITCHES, WORDS, outcomes
from tests.loops import thinned
from tests.one_law import CASES, GRID, built, encoded, sequences

STEPS = 12
WITHIN, BEYOND = 16, 2**18
"""Steps of the grid: the declared -4 … 4, and 16,000 times as far."""


class Bench:
    """A case's network, compiled once, and its laws."""

    def __init__(self, case):
        self.case = case
        self.structure, self.model = built(case)
        self.weights = padded(self.model.effective_weights)

    def network(self, values):
        """Return the outputs [time, n_out] for values [read, time]."""
        inputs = widened(encoded(self.case, values[:, None])[0], self.weights.sizes["n_in"])
        return np.asarray(forward(self.weights, inputs)[0])[:, : len(self.model.names.outputs)].astype(float)

    def laws(self, values):
        """Return the same from the interpreter of plain laws."""
        oracle, signals = Interpreter(self.structure.resolved), self.model.names.input_signals
        inputs = encoded(self.case, values[:, None])[0].astype(float)
        answers = [oracle.step({signal: now[at] for signal, at in signals.items()}) for now in inputs]
        return np.array([np.concatenate(list(answer.values()), axis=-1) for answer in answers])

    def plain(self, values):
        """Return the same from the loop in Python, words as their places."""
        return np.array(self.case.plain(*values.astype(float)), float)


BENCHES = {}


def bench(name):
    return BENCHES.setdefault(name, Bench(CASES[name]))


def reads(case, most):
    """Draw values [read, time]: points of the grid so far out, or places of words."""
    number = st.integers(-most, most).map(lambda k: k * GRID)
    place = lambda words: st.integers(0, max(words, 2) - 1).map(float)
    rows = [st.lists(place(n) if n else number, min_size=STEPS, max_size=STEPS) for n in case.words[: case.reads]]
    return st.tuples(*rows).map(lambda found: np.array(found, np.float32).reshape(case.reads, STEPS))


@pytest.mark.parametrize("name", thinned(CASES))
@settings(max_examples=5)
@given(data=st.data())
def test_within_its_range_a_law_is_the_plain_loop_whatever_comes(name, data):
    case = CASES[name]
    values = data.draw(reads(case, WITHIN))
    found, wanted = bench(name).network(values), bench(name).plain(values)
    found = found.argmax(axis=-1) if name in WORDS else found[:, 0]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0 if case.exact else 8 * ROUNDING)


@pytest.mark.parametrize("name", thinned(CASES))
@settings(max_examples=5)
@given(data=st.data())
def test_beyond_its_range_a_law_is_as_exact_or_saturated(name, data):
    """The interpreter says which; sums err by their size."""
    case = CASES[name]
    values = data.draw(reads(case, BEYOND))
    found, wanted = bench(name).network(values), bench(name).laws(values)
    slack = 0.0 if case.exact and name not in SUMS else 1e-6 * max(1.0, float(np.abs(values).max()))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=slack)
    if name in LIMITED:
        low, high = LIMITED[name]
        assert (found >= low).all() and (found <= high).all()


SUMS = ("lookup between points", "linear", "pid")
"""Laws whose sums of products leave float32's grid that far out."""

LIMITED = {"saturation": (-1.5, 2.0), "integrator": (-2.0, 3.0), "linear with limits": (-3.0, 4.5), "veto": (0.0, 1.0),
           "gate": (-4.0, 4.0), "multiplexer": (-4.0, 4.0), "pi": (-2.0, 3.0)}  # fmt: skip

REMEMBERING = [name for name, case in CASES.items() if any(
    task.memory for c in built(case)[0].resolved.controllers.values() for task in c.tasks)]  # fmt: skip


@pytest.mark.parametrize("name", thinned(REMEMBERING, every=2))
def test_what_is_remembered_stays_right_for_20_000_steps(name):
    case = CASES[name]
    _, model = built(case)
    found, wanted = outcomes(model, case, sequences(case, 1, 20_000, seed=11))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0 if case.exact else 8 * ROUNDING)
    assert {"integrator", "latch", "timer", "finite state", "observer", "pid"} <= set(REMEMBERING)
    assert name in SWITCHES or len(np.unique(wanted)) > 2
