"""Printed control laws: what stands there, worked out by a reader of its own, is what the network does."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.yamlfile import loads
from handcrafted.readout.contrasts import sequences
from handcrafted.readout.equations.equations import equations
from handcrafted.readout.subject import subject
from handcrafted.zoo import bundled
from tests.loops import of_the_zoo
from tests.one_law import CASES, text_of
from tests.readout.printed import Printed

ZOO = [path.stem for path in bundled()]
STEPS = 40


def of(model, weights=None):
    read = subject(model.effective_weights if weights is None else weights, model.names)
    return read, equations(read)


def inputs_of(names, scale, seed=0):
    """Give inputs [time, n_in]: contexts one after the other, numbers beyond their ranges where scale is over 1."""
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
    """Give the largest difference between the printed equations and the network, over all outputs and ports."""
    names, by_name = read.names, {}
    for signal, rows in names.input_signals.items():
        port = next(s for s in names.subspaces if s.owner == signal.owner and s.name == signal.name)
        for name in {found.names[signal], found.names[port]}:
            for row, (owner, stem) in zip(rows, coordinates(signal, len(rows), name, names.domain(signal).values), strict=True):
                by_name[f"{owner}.{stem}"] = inputs[:, row].astype(float)
    wanted = [
        key
        for signal, columns in names.output_signals.items()
        for key in coordinates(signal, len(columns), found.names[signal], names.domain(signal).values)
    ]
    outputs = np.asarray(hc.forward(read.weights, inputs[None])[0])[0]
    order = np.concatenate([columns for columns in names.output_signals.values()])
    printed = Printed(str(found)).run(by_name, wanted)
    size = np.maximum(1.0, np.abs(outputs).max(initial=0))
    return float(np.abs(printed - outputs[:, order]).max(initial=0) / size)


@pytest.mark.parametrize("stem", ZOO)
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_what_is_printed_of_a_bundled_loop_is_what_it_does(stem, scale):
    read, found = of(of_the_zoo(stem)[1])
    assert found.complete
    assert deviation(read, found, inputs_of(read.names, scale)) < 1e-5


@pytest.mark.parametrize("case", CASES)
def test_what_is_printed_of_a_law_is_what_its_circuit_does(case):
    read, found = of(hc.assemble(loads(text_of(CASES[case]))))
    assert deviation(read, found, inputs_of(read.names, 1.0)) < 2e-5, str(found)
