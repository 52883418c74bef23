"""Laws one after the other, up to six, in one network: within the bound that follows from all their arrays."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.craft.bound import bounds, exactly
from handcrafted.craft.plan import circuits_of
from handcrafted.laws.oracle import Interpreter
from handcrafted.loading.control_structure import ControlStructure
from tests.one_law import outputs_of

STEPS = 60
SOME = st.floats(-2, 2).map(lambda number: round(number, 3))
POINTS = st.lists(SOME, min_size=4, max_size=4, unique=True).map(
    lambda ys: [[x, y] for x, y in zip((-3.0, -0.5, 0.75, 2.5), ys, strict=True)]
)
LAWS = st.one_of(
    st.builds(lambda gain, c: ("linear", {"gains": {"s": gain}, "constant": c}), SOME, SOME),
    st.builds(lambda low, more: ("saturation", {"low": low, "high": low + 0.25 + abs(more)}), SOME, SOME),
    st.builds(lambda width: ("dead band", {"width": 0.01 + abs(width)}), SOME),
    st.just(("absolute value", {})),
    st.builds(lambda steps: ("delay", {"steps": steps}), st.integers(1, 5)),
    st.builds(lambda steps: ("moving average", {"steps": steps}), st.integers(2, 5)),
    st.builds(lambda gain: ("difference", {"gain": gain}), SOME),
    st.builds(lambda points: ("lookup", {"points": points}), POINTS),
)


def chain(laws):
    """Return a chain of command in which each controller passes on what it makes of what it is told."""
    names = [f"c{i}" for i in range(len(laws))]
    parts = {
        name: {"kind": "controller", "level": i, "control algorithm": {"s": {"law": law, "parameters": parameters}}}
        for i, (name, (law, parameters)) in enumerate(zip(names, laws, strict=True))
    }
    parts["plant"] = {"kind": "process", "level": len(laws)}
    ends = [*zip(names, [*names[1:], "plant"], strict=True)]
    actions = [{"name": "s", "from": one, "to": two, "range": [-4, 4]} for one, two in ends]
    feedback = [{"name": "s", "from": "plant", "to": names[0], "range": [-4, 4]}]
    return ControlStructure.model_validate(
        {"name": "chain", "components": parts, "control actions": actions, "feedback": feedback}
    )


def off_and_bound(structure, seed, weights=None):
    """Return the largest deviation from the composed laws, and the bound that is proved for it."""
    model, resolved = hc.assemble(structure), structure.resolved
    inputs = np.random.default_rng(seed).uniform(-4, 4, (1, STEPS, 1)).astype(np.float32)
    found = outputs_of(model if weights is None else weights, inputs)[0, :, 0]
    oracle, (signal,) = Interpreter(resolved), model.names.input_signals
    wanted = [next(iter(oracle.step({signal: value.astype(float)}).values()))[0] for value in inputs[0]]
    port = next(link.port for link in resolved.links if link.id.sender == "plant")
    last = resolved.links[len(resolved.controllers) - 1].port
    spans = bounds(circuits_of(resolved), {port: exactly(-4.0, 4.0)})
    return float(np.abs(found - np.array(wanted)).max()), float(spans[last].error.max())


@settings(max_examples=15, suppress_health_check=(HealthCheck.too_slow,), deadline=None)
@given(st.lists(LAWS, min_size=2, max_size=6), st.integers(0, 99))
def test_composed_laws_stay_within_the_composed_bound(laws, seed):
    off, bound = off_and_bound(chain(laws), seed)
    assert off <= bound


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=(HealthCheck.too_slow,), deadline=None)
@given(st.lists(LAWS, min_size=1, max_size=6), st.integers(0, 99))
def test_many_composed_laws_stay_within_the_composed_bound(laws, seed):
    off, bound = off_and_bound(chain(laws), seed)
    assert off <= bound


def test_a_wrong_constant_leaves_the_bound():
    laws = [("linear", {"gains": {"s": 0.7}, "constant": 0.3}), ("lookup", {"points": [[-3, 1], [0, -1], [3, 2]]})]
    structure = chain(laws)
    other = hc.assemble(chain([("linear", {"gains": {"s": 0.7}, "constant": 0.3001}), laws[1]]))
    off, bound = off_and_bound(structure, 0)
    assert off <= bound < 2e-5
    off, bound = off_and_bound(structure, 0, other.effective_weights)
    assert off > bound
