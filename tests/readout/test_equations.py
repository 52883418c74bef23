"""Printed control laws: what stands there, worked out by a reader of its own, is what the network does."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.loading.yamlfile import loads
from handcrafted.model.names import Coordinate, Names, Port
from handcrafted.model.weights import Weights
from handcrafted.readout.edges import sequences
from handcrafted.readout.equations.equations import equations
from handcrafted.readout.equations.terms import Clip, RectifiedUnit, Sum, Value, merged, rectified, term
from handcrafted.readout.target import subject
from handcrafted.zoo import bundled
from handcrafted.zoo.examples import example
from tests.loops import of_the_zoo
from tests.one_law import CASES, text_of
from tests.readout.printed import Printed

ZOO = [path.stem for path in bundled()]
STEPS = 24


def thinned(cases):
    """Leave every fifth case in the usual run; the others are slow."""
    return [case if i % 5 == 0 else pytest.param(case, marks=pytest.mark.slow) for i, case in enumerate(cases)]


def of(model, weights=None):
    read = subject(model.effective_weights if weights is None else weights, model.names)
    return read, equations(read)


def inputs_of(names, scale, seed=0):
    """Return inputs [time, n_in]: contexts one after the other, numbers beyond their ranges where scale is over 1."""
    rows = sequences(names, STEPS, seed)[0]
    real = [not port.domain.discrete for port in names.inputs]
    rows[:, real] *= scale
    return rows.astype(np.float32)


def coordinates(signal, width, name, words):
    owner, _, stem = name.partition(".")
    if width == 1:
        return [(owner, stem)]
    return [(owner, f"{stem}[{words[i]!r}]" if words else f"{stem}[{i}]") for i in range(width)]


def deviation(read, found, inputs):
    """Return the largest difference between the printed equations and the network, over all outputs and ports."""
    names, by_name = read.names, {}
    for signal, rows in names.input_signals.items():
        port = next(s for s in names.subspaces if s.owner == signal.owner and s.name == signal.name)
        for name in {found.names[signal], found.names[port]}:
            stems = coordinates(signal, len(rows), name, names.domain(signal).values)
            for row, (owner, stem) in zip(rows, stems, strict=True):
                by_name[f"{owner}.{stem}"] = inputs[:, row].astype(float)
    wanted = [
        key
        for signal, columns in names.output_signals.items()
        for key in coordinates(signal, len(columns), found.names[signal], names.domain(signal).values)
    ]
    outputs = np.asarray(read.run(inputs[None])[0])[0, :, : len(names.outputs)]
    order = np.concatenate([columns for columns in names.output_signals.values()])
    printed = Printed(str(found)).run(by_name, wanted)
    size = np.maximum(1.0, np.abs(outputs).max(initial=0))
    return float(np.abs(printed - outputs[:, order]).max(initial=0) / size)


@pytest.mark.parametrize("stem", ZOO)
@pytest.mark.parametrize("scale", [pytest.param(1.0, marks=pytest.mark.slow), 4.0])
def test_what_is_printed_of_a_bundled_loop_is_what_it_does(stem, scale):
    read, found = of(of_the_zoo(stem)[1])
    assert found.complete
    assert deviation(read, found, inputs_of(read.names, scale)) < 1e-5


@pytest.mark.parametrize("case", thinned(list(CASES)))
def test_what_is_printed_of_a_law_is_what_its_circuit_does(case):
    read, found = of(hc.assemble(loads(text_of(CASES[case]))))
    assert deviation(read, found, inputs_of(read.names, 1.0)) < 2e-5, str(found)


def test_a_nudged_bias_moves_the_printed_threshold_by_as_much_as_predicted():
    model = of_the_zoo("heated_room")[1]
    weights = model.effective_weights.numpy()
    layer, neuron = np.argwhere((weights.b_in != 0) & (np.abs(weights.W_in).max(axis=1) > 1))[0]
    slope = np.abs(weights.W_in[layer, :, neuron]).min(initial=np.inf, where=weights.W_in[layer, :, neuron] != 0)
    on = lambda w: float(re.findall(r"hysteresis\(.*?\), room_temperature, \(([\d.]+),", str(of(model, w)[1]))[0])
    before = on(weights)
    weights.b_in[layer, neuron] += 4.0
    assert on(weights) == pytest.approx(before - 4.0 / slope)
    assert before == 18.9375


def test_a_deleted_neuron_an_exchanged_word_and_a_moved_threshold_show():
    model = of_the_zoo("train_door")[1]
    intact = str(of(model)[1])
    weights = model.effective_weights.numpy()
    first = np.argwhere(np.any(weights.W_out != 0, axis=2))[0]
    weights.W_out[tuple(first)] = 0
    assert str(of(model, weights)[1]) != intact
    assert deviation(*of(model, weights), inputs_of(model.names, 1.0)) < 1e-5
    read, _ = of(model, weights)
    assert deviation(read, of(model)[1], inputs_of(model.names, 1.0)) > 0.5, "the old print is not what it does now"


@pytest.mark.parametrize("seed", thinned(list(range(3))))
def test_any_network_whose_heads_look_by_position_is_printed_as_it_is(seed):
    """Coordinates with many writers, read while half written, soft heads, memories: nothing of it was set by hand."""
    rng = np.random.default_rng(seed)
    sizes = dict(n_in=2, d_model=5, layer=2, head=2, d_head=4, d_mlp=3, n_out=2)
    weights = Weights.zeros(**sizes).map(lambda a: rng.normal(0, 0.4, a.shape).astype(np.float32))
    weights.W_Q[:], weights.W_K[:] = 0, 0
    for name in ("W_R", "W_in", "W_V"):
        weights[name][rng.random(weights[name].shape) < 0.4] = 0
    found = deviation(*of_arrays(weights, sizes), rng.normal(size=(12, 2)).astype(np.float32))
    assert 0 < found < 2e-5


def of_arrays(weights, sizes):
    domain = Domain(low=-1.0, high=1.0)
    residual = [Coordinate("one", "processing_for_action", f"x {i}", 0) for i in range(sizes["d_model"])]
    residual[0] = Coordinate("plant", "feedback", "a", 0)
    residual[1] = Coordinate("plant", "feedback", "b", 0)
    inputs = (Port("plant", "a", 0, domain), Port("plant", "b", 0, domain))
    names = Names(tuple(residual), inputs, (Port("one", "u", 0, domain), Port("one", "v", 0, domain)))
    read = subject(weights, names)
    return read, equations(read)


def test_a_head_that_attends_by_content_is_named_and_not_written_out():
    read, _ = of(of_the_zoo("train_door")[1])
    weights = read.weights.numpy()
    weights.W_Q[0, 0, :, 0], weights.W_K[0, 0, :, 0] = 1.0, 1.0
    found = equations(subject(weights, read.names))
    assert not found.complete and "L0H0[" in str(found)


def test_names_that_are_no_identifiers_and_equal_ones_are_told_apart():
    model = of_the_zoo("train_door")[1]
    names = model.names
    wild = {"train motion": "1st #motion\n= x", "train position": "limit", "emergency": "any"}
    renamed = lambda c: c._replace(signal=wild.get(c.signal, c.signal))
    odd = replace(names, residual=tuple(map(renamed, names.residual)), inputs=tuple(map(renamed, names.inputs)))
    read = subject(model.effective_weights, odd)
    assert deviation(read, equations(read), inputs_of(odd, 1.0)) < 1e-5
    opaque, renaming = names.opaque()
    read = subject(model.effective_weights, opaque)
    ports = {signal: new for signal, new in renaming.items() if signal.owner == "train"}
    assert len(ports) == 3 and len(str(equations(read)).splitlines()) > 5


def at(formula, x):
    """Evaluate a formula of one value, term by term."""
    inner = {Value: lambda one: x, RectifiedUnit: lambda one: max(0.0, at(one.inner, x)),
             Clip: lambda one: min(max(at(one.inner, x), 0.0), 1.0)}  # fmt: skip
    return formula.constant + sum(weight * inner[type(one)](one) for one, weight in formula.terms)


@given(*[st.floats(0.1, 8) for _ in range(3)], st.floats(-4, 4), st.booleans())
def test_pairs_of_units_are_joined_and_stay_what_they_are(weight, slope, apart, constant, mirrored):
    """Two units a distance apart make a clip, two that face each other a straight line, whatever their sizes."""
    line = term(Value(Signal("o", "input", "x"), 0), slope) + Sum(constant)
    other = line.times(-1.0) if mirrored else line + Sum(-apart)
    pair = rectified(line).times(weight) + rectified(other).times(-weight)
    joined = merged(pair)
    assert len(joined.terms) == 1 and isinstance(joined.terms[0][0], Value if mirrored else Clip)
    for x in np.linspace(-60, 60, 241):
        assert at(joined, x) == pytest.approx(at(pair, x), rel=1e-5, abs=1e-4 * weight)


@pytest.mark.parametrize(
    ("law", "line"),
    [
        ("latch", "limit(1 + reset['yes'] - set['yes'] - ago(worked_out_out, 1, 0), 0, 1))  # latch"),
        ("integrator", "out = limit(0.25 * x + ago(out, 1, 0), -4, 4)  # memory"),
        ("delay", "out = ago(x, 3, 0)  # delay"),
        ("or", "out['yes'] = any(x['yes'], y['yes'])  # decision table"),
        ("and", "out['yes'] = any(all(x['yes'], y['yes']))  # decision table"),
    ],
)
def test_a_law_is_printed_in_the_words_of_its_kind(law, line):
    """What remembers itself is a memory or a latch, what looks back at another is a delay."""
    assert line in str(hc.recover(hc.assemble(example(law))).equations)
