"""A guard's promises hold to the last bit: its limits, its safe value under a veto, and the straight way between."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.components.circuit import Neurons, Site
from handcrafted.control.domain import Domain
from handcrafted.laws.guard import Guard
from handcrafted.loading.yamlfile import loads
from handcrafted.zoo.examples import example

FINITE = float(np.finfo(np.float32).max)
REQUESTS = np.array([0, 1, -1, 0.3, 1e-30, 7, -7, 1e6, -1e6, 3e30, -3e30, FINITE, -FINITE], np.float32)


def stages(low, high, safe):
    """Return the arrays of floor, gap and guard of a real action."""
    (entry,) = example("guard").resolved.controllers["controller"].entries
    domain = Domain((), low, high)
    task = replace(entry.task, domain=domain, safe=safe)
    sites = [Site(task.owner, tuple(read.signal for read in stage.reads), stage.signal) for stage in task.stages]
    last = Site(task.owner, tuple(read.signal for read in task.result), task.stages[-1].signal)
    return [circuit.body for circuit in Guard().circuits(task, [*sites, last], domain)[-3:]]


def layer(body: Neurons, x):
    """Work out one layer [..., read] in float32, term after term."""
    x = np.asarray(x, np.float32)
    pre = np.broadcast_to(body.bias.astype(np.float32), (*x.shape[:-1], len(body.bias)))
    for i, row in enumerate(body.into.astype(np.float32)):
        pre = pre + x[..., i, None] * row
    return (np.maximum(pre, 0) @ body.out.astype(np.float32)).astype(np.float32)


def answer(bodies, request, veto):
    """Return what the guard issues for requests and vetoes [...]."""
    floor, gap, last = bodies
    limited = layer(gap, layer(floor, request[..., None]))
    return layer(last, np.concatenate([limited, veto[..., None]], axis=-1))[..., 0]


@st.composite
def guards(draw):
    numbers = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
    low, high = sorted((draw(numbers) + 0.0, draw(numbers) + 0.0))  # no -0, which Hypothesis puts below 0
    safe = draw(st.one_of(st.just(low), st.just(high), st.floats(low, high, width=32, allow_subnormal=False)))
    return low, high, safe


@given(guards().filter(lambda g: g[1] - g[0] > 1e-3), st.integers(0, 10**6))
def test_whatever_is_requested_the_limits_and_the_safe_value_are_exact(limits, seed):
    low, high, safe = limits
    bodies, rng = stages(low, high, safe), np.random.default_rng(seed)
    request = np.concatenate([REQUESTS, rng.uniform(low, high, 50), [low, high, safe]]).astype(np.float32)
    veto = np.concatenate([[0, 1, 2.0**-24, 1 - 2.0**-24], rng.uniform(size=20)]).astype(np.float32)
    found = answer(bodies, *np.broadcast_arrays(request[:, None], veto))
    assert (np.float32(low) <= found).all() and (found <= np.float32(high)).all()
    assert (found[:, 1] == np.float32(safe)).all()
    wanted = np.clip(request, np.float32(low), np.float32(high)).astype(float)
    assert np.abs(found[:, 0] - wanted).max() <= 3 * 2.0**-23 * (abs(low) + abs(high))


def test_without_the_saturation_a_large_enough_request_passes_the_veto():
    floor, gap, last = stages(0.0, 1.0, 0.0)
    pair = lambda body: Neurons(np.hstack([body.into, -body.into]), np.concatenate([body.bias, -body.bias]),
                                np.concatenate([body.out, -body.out]))  # fmt: skip
    request, veto = np.array([5], np.float32), np.array([1], np.float32)
    assert answer([pair(floor), pair(gap), last], request, veto) == 4
    assert answer([floor, gap, last], request, veto) == 0


ROOM = "tests/data/guarded_room.yaml"


def test_the_guarded_room_is_reproduced_and_never_heats_where_it_is_vetoed():
    structure = hc.load(ROOM)
    model = hc.assemble(structure)
    assert hc.compare(structure, hc.recover(model)).reproduced
    trace = hc.simulate(model, steps=300, initial={"temperature": np.array([15.0, 27.0, 29.0])})
    heat, measured = trace.command["landlord.heat"], trace.measured["room.temperature"]
    assert (heat[measured >= 28] == 0).all() and (measured >= 28).any() and heat.max() == 1


def text(**changed):
    """Return a small structure with a guard, some of its lines changed."""
    lines = {
        "base": "a: {kind: controller, level: 0, layer 0: true, control algorithm: {out: {law: guard, gates: q, "
        "permit: {x: {below: 1}}, safe: 0}}}",
        "other": "b: {kind: controller, level: 1}",
        "more": "",
        "requests": "[{name: q, from: b, to: a, range: [0, 1]}]",
        "actions": "[{name: out, from: a, to: p, range: [0, 1]}]",
        **changed,
    }
    return (
        f"name: x\ncomponents:\n  {lines['base']}\n  {lines['other']}\n  p: {{kind: process, level: 2}}\n"
        f"{lines['more']}"
        f"control actions: {lines['actions']}\nrequests: {lines['requests']}\n"
        "feedback:\n  - {name: x, from: p, to: a, range: [-2, 2]}\n  - {name: x, from: p, to: b, range: [-2, 2]}\n"
    )


BAD = {
    "two Layer 0 controllers": (dict(other="b: {kind: controller, level: 0, layer 0: true}"), "got a and b"),
    "Layer 0 below another": (
        dict(base="a: {kind: controller, level: 1, layer 0: true}", other="b: {kind: controller, level: 0}",
             requests="[]"),
        r"no controller above the Layer 0 controller a \(level 1\), got b \(level 0\)",
    ),
    "a request to no guard": (dict(base="a: {kind: controller, level: 0}"), "gates: q"),
    "two requests of one name": (
        dict(more="  c: {kind: controller, level: 1}\n",
             requests="[{name: q, from: b, to: a}, {name: q, from: c, to: a}]"),
        "one from b and one from c",
    ),
    "an unknown request": (
        dict(base="a: {kind: controller, level: 0, control algorithm: {out: {law: guard, gates: r}}}", requests="[]"),
        "a request that arrives at a.*got `?r",
    ),
    "words for a number": (dict(requests="[{name: q, from: b, to: a, values: [no, yes]}]"), "values of out"),
    "a safe value outside": (
        dict(base="a: {kind: controller, level: 0, control algorithm: {out: {law: guard, gates: q, safe: 2}}}"),
        "safe value of out within",
    ),
    "permit beside another law": (
        dict(base="a: {kind: controller, level: 0, control algorithm: {out: {law: linear, permit: {x: {below: 1}}}}}",
             requests="[]"),
        "`permit` in a guard.*law linear",
    ),
    "a belief that asks the subordinate": (
        dict(base="a: {kind: controller, level: 0, layer 0: true, process model: {x: {reads: [x, q]}}, "
             "control algorithm: {out: {law: guard, gates: q}}}"),
        "believe only what it measures itself.*request q of b",
    ),
    "two safe values of one request": (
        dict(base="a: {kind: controller, level: 0, control algorithm: {out: {law: guard, gates: q, safe: 0}, "
             "two: {law: guard, gates: q, safe: 1}}}",
             actions="[{name: out, from: a, to: p, range: [0, 1]}, {name: two, from: a, to: p, range: [0, 1]}]"),
        "one `safe` value of all that gates q, got 0.* of out and 1.* of two",
    ),
    "a guard as a belief": (
        dict(base="a: {kind: controller, level: 0, process model: {x: {law: guard}}}", requests="[]"),
        "a guard in a control algorithm",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    changed, message = BAD[name]
    with pytest.raises(hc.HandcraftedError, match=message):
        loads(text(**changed))


def test_the_structure_that_the_bad_ones_differ_from_is_good():
    assert hc.assemble(loads(text()))


def test_a_guard_without_a_condition_limits_and_no_more():
    base = "a: {kind: controller, level: 0, control algorithm: {out: {law: guard, gates: q, safe: 0.5}}}"
    structure = loads(text(base=base, requests="[{name: q, from: p, to: a}]"))
    assert structure.resolved.link(structure.resolved.links[1].id).domain.high == 1, "the request's is the action's"
    model = hc.assemble(structure)
    x = np.zeros((5, len(model.names.inputs)), np.float32)
    (at,) = (rows for signal, rows in model.names.input_signals.items() if signal.name == "q")
    x[:, at[0]] = [-3, 0, 0.25, 1, 9]
    np.testing.assert_array_equal(np.asarray(model(x)[0])[:, 0], [0, 0, 0.25, 1, 1])
