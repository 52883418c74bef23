"""Predicted beside measured: the bound that follows from the arrays holds for every law, and is not idle."""

import numpy as np
import pytest

from handcrafted.components.circuit import Site
from handcrafted.components.linear import copy, linear
from handcrafted.control.graph import Signal
from handcrafted.craft.bound import UNIT, Span, bounds, exactly
from handcrafted.craft.plan import circuits_of
from tests.craft.test_laws import SWITCHES, WORDS, outcomes
from tests.one_law import CASES, built, sequences

A, B, C = (Signal("c", "processing_for_action", name) for name in "abc")


def bound_of(structure):
    """Return the bound on the result of a structure's one law, from the declared ranges."""
    resolved = structure.resolved
    given = {}
    for link in resolved.links:
        if link.port and not link.sent_by_controller:
            domain = link.domain
            zero = np.zeros(domain.width)
            given[link.port] = exactly(zero, zero + 1) if domain.discrete else exactly(domain.low, domain.high)
    (controller,) = resolved.controllers.values()
    for memory in (task.memory for task in controller.tasks if task.memory):
        ends = (np.full(memory.domain.width, end) for end in (memory.domain.low, memory.domain.high))
        given[memory.signal] = exactly(*ends)
    (link,) = controller.entries[0].links
    return float(bounds(circuits_of(resolved), given)[link.port].error.max())


REAL = [name for name in CASES if name not in SWITCHES + WORDS]
ADDING = ("integrator", "integrator of two", "observer", "observer of two numbers", "Kalman filter", "rate limiter")
SUMMING = dict.fromkeys((*ADDING, "pi", "pid"), 120)
"""Laws whose roundings add up, each of 120 steps by at most the bound of one."""


@pytest.mark.parametrize("name", REAL)
def test_what_is_measured_stays_within_what_is_proved(name):
    case = CASES[name]
    structure, model = built(case, resolution=None)
    found, wanted = outcomes(model, case, sequences(case, 6, 120, seed=7, quantum=None))
    measured, proved = np.abs(found - wanted).max(), bound_of(structure) * SUMMING.get(name, 1)
    assert measured <= proved, (measured, proved)
    assert bound_of(structure) <= 5e-5, "a bound that says nothing"


def test_a_copy_is_exact_and_a_sum_is_not():
    given = {A: exactly(-4.0, 4.0)}
    np.testing.assert_array_equal(bounds([copy(Site("c", (A,), B), 1)], given)[B], [[-4], [4], [0]])
    third = bounds([linear(Site("c", (A,), B), np.array([[1 / 3]]), np.array([0.5]))], given)[B]
    assert third.error == pytest.approx([3 * UNIT * (4 / 3 + 0.5)])
    np.testing.assert_allclose([third.low, third.high], [[-4 / 3 + 0.5], [4 / 3 + 0.5]])


def test_errors_add_up_along_a_chain():
    third = lambda reads, writes: linear(Site("c", (reads,), writes), np.array([[1 / 3]]), np.zeros(1))
    given = {A: exactly(-3.0, 3.0)}
    spans = bounds([third(B, C), third(A, B)], given)
    assert spans[C].error == pytest.approx(spans[B].error / 3 + 2 * UNIT / 3)
    worse = bounds([third(B, C), third(A, B)], {A: Span(*map(np.array, ([-3.0], [3.0], [0.9])))})
    assert worse[C].error == pytest.approx(spans[C].error + 0.1)


@pytest.mark.parametrize("name", ["linear", "saturation", "lookup between points", "multiplexer"])
def test_a_weight_that_is_off_breaks_the_bound(name):
    case = CASES[name]
    structure, model = built(case, resolution=None)
    weights = model.effective_weights.numpy()
    weights.W_in[...] *= np.float32(1 + 1e-4)
    found, wanted = outcomes(weights, case, sequences(case, 6, 120, seed=7, quantum=None))
    assert np.abs(found - wanted).max() > bound_of(structure)
