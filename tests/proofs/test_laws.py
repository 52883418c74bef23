"""Proofs about every law by itself: what is proved of an output holds in runs, and what runs break is not proved."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.laws.catalogue import LAWS
from handcrafted.model.forward import forward
from handcrafted.proofs import check
from handcrafted.proofs.claim import SafetyClaim, StepTest
from handcrafted.proofs.search import Unproved, certificate_for
from handcrafted.proofs.statement import statement_of
from handcrafted.zoo.examples import example
from tests.loops import thinned

RUNS, STEPS = 48, 60


def outputs_of(model, rng):
    """Outputs [run, time, n_out] under words and numbers at random and at their ends, on their sensors' steps."""
    inputs = np.zeros((RUNS, STEPS, len(model.names.inputs)), np.float32)
    hold = np.array([np.arange(STEPS) // (1, 3, 9, STEPS)[run % 4] for run in range(RUNS)])
    for signal, rows in model.names.input_signals.items():
        domain = model.names.domain(signal)
        if domain.discrete:
            drawn = np.eye(domain.width)[rng.integers(domain.width, size=(RUNS, STEPS))]
        else:
            drawn = rng.uniform(domain.low, domain.high, (RUNS, STEPS, 1))
            ends = rng.choice([domain.low, domain.high], (RUNS, STEPS, 1))
            drawn = domain.rounded(np.where(rng.random((RUNS, 1, 1)) < 0.5, drawn, ends))
        inputs[..., rows] = drawn[np.arange(RUNS)[:, None], hold]
    return np.asarray(forward(model.effective_weights.dense(), inputs, window=model.window)[0])


def verdict(model, column, way, mark):
    """Whether it is proved that an output is never above, or below, a mark."""
    claim = SafetyClaim("X", "", ((StepTest(way, str(mark), column=column),),))
    statement = statement_of(model, [claim])
    found = certificate_for(statement)
    return not isinstance(found, Unproved) and check.check(statement.text, statement.arrays, found) > 0


REMEMBERING = ["latch", "difference"]


@pytest.mark.parametrize("name", [*REMEMBERING, *thinned([name for name in LAWS if name not in REMEMBERING], 4)])
def test_what_is_proved_of_a_law_holds_in_runs(name):
    model = hc.assemble(example(name))
    outputs = outputs_of(model, np.random.default_rng(0))
    for column in range(outputs.shape[-1]):
        most, least = float(outputs[..., column].max()), float(outputs[..., column].min())
        room = max(1.0, most - least)
        assert not verdict(model, column, "above", most - room / 64)  # a run is above that
        assert not verdict(model, column, "below", least + room / 64)
