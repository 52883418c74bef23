"""Nothing is there in vain: every gain, unit and head of every law is needed, for half of it breaks the bound.

Units that no input of the test wakes are left out: the negative halves of exact pairs over what is never negative.
"""

import numpy as np
import pytest

from handcrafted.components.comparator import ramp_below
from handcrafted.model.forward import forward
from handcrafted.model.padding import padded, widened
from tests.craft.test_laws import COMPARING, SWITCHES, WORDS
from tests.loops import thinned
from tests.one_law import CASES, GRID, built, encoded, sequences

EXACT, ROUNDED = 0.0, 1e-6
"""What a law may be off by on the grid: nothing, or what it rounds where its numbers leave the grid."""

REAL = [name for name in CASES if name not in (*SWITCHES, *WORDS, "lookup by word", "delay", "the longest delay")]

NEEDLESS = {"lookahead": 4}
"""Units that could be spared: the outer halves of the costs of the two extreme candidates, which are nearest there
anyway; one comparison, whose answer the other two imply where it counts; and what would give the candidate 0."""


class Bench:
    """A case's network and inputs: walks, the same values in any order, and zeros strewn in."""

    def __init__(self, name):
        case = CASES[name]
        _, self.model = built(case)
        walks = sequences(case, 4, 120, 0, GRID)
        rng = np.random.default_rng(5)
        reads = np.concatenate([walks, rng.permuted(walks, axis=2)], axis=1)
        reads[rng.uniform(size=reads.shape) < 0.1] = 0
        self.weights = padded(self.model.effective_weights)
        self.inputs = widened(encoded(case, reads), self.weights.sizes["n_in"])
        self.arrays = {name: np.asarray(array) for name, array in self.weights.items()}
        self.slack = EXACT if case.exact else ROUNDED
        outputs, seen = forward(self.weights, self.inputs)
        self.before, self.final = np.asarray(outputs), np.asarray(seen["final"])
        self.awake = np.asarray(seen["post"]).max(axis=(0, 1)) > 0
        self.moved = np.abs(np.asarray(seen["resid_mid"])).max(axis=(0, 1)) > 0

    def halved(self, array, place):
        """Run with part of one array halved; give outputs and final residual."""
        changed = self.arrays[array].copy()
        changed[place] *= 0.5
        outputs, seen = forward(self.weights.replace(**{array: changed}), self.inputs)
        return np.asarray(outputs), np.asarray(seen["final"])

    def breaks(self, array, place):
        """Say whether that shows in the outputs."""
        return bool(np.abs(self.halved(array, place)[0] - self.before).max() > self.slack)

    def units(self):
        """Return layer and number of each unit of the law itself that some input wakes."""
        own = [place for place in self.model.layout if place.part == "mlp" and place.role != "feedback_modelling"]
        return [(p.layer, j) for p in own for j in p.components if self.awake[p.layer, j]]

    def entries(self):
        """Return array and place of each number of these units that anything reaches."""
        for layer, j in self.units():
            yield from (("W_in", (layer, i, j)) for i in np.flatnonzero(self.arrays["W_in"][layer, :, j])
                        if self.moved[layer, i])  # fmt: skip
            yield from (("W_out", (layer, j, i)) for i in np.flatnonzero(self.arrays["W_out"][layer, j]))
            if self.arrays["b_in"][layer, j]:
                yield "b_in", (layer, j)


@pytest.mark.parametrize("name", thinned(REAL))
def test_half_of_any_gain_breaks_the_bound(name):
    bench = Bench(name)
    found = [(array, place) for array, place in bench.entries() if not bench.breaks(array, place)]
    assert not found and any(True for _ in bench.entries())


@pytest.mark.parametrize("name", thinned(CASES))
def test_half_of_any_unit_breaks_the_bound(name):
    bench = Bench(name)
    spared = [unit for unit in bench.units() if not bench.breaks("W_out", unit)]
    assert len(spared) == NEEDLESS.get(name, 0), spared


@pytest.mark.parametrize("name", thinned(CASES))
def test_half_of_any_head_lets_other_steps_leak_in(name):
    """Beside a wanted 0 even e^-52 shows."""
    bench = Bench(name)
    for place in (place for place in bench.model.layout if place.part == "attention"):
        _, final = bench.halved("b_Q", (place.layer, place.components[0]))
        at = bench.model.names.find(place.writes)
        assert not np.array_equal(final[..., at], bench.final[..., at]), place.circuit


@pytest.mark.parametrize("name", [name for name in COMPARING if name != "lookahead"])
def test_half_of_a_ramp_answers_in_fractions(name, monkeypatch):
    """On the grid the gain of a comparison is the least that decides between neighbouring points.

    A lookahead's costs differ by two points or more there; its comparisons are those of argmin.
    """
    from handcrafted.components import comparator, rows
    from handcrafted.components import comparator as selection
    from handcrafted.laws import comparator as comparing
    from handcrafted.laws import hysteresis, relay

    def half(threshold, grid, span):
        ramp = ramp_below(threshold, grid, span)
        return ramp._replace(gain=ramp.gain / 2)

    for module in (selection, comparator, comparing, rows, hysteresis, relay):
        if hasattr(module, "ramp_below"):
            monkeypatch.setattr(module, "ramp_below", half)
    bench = Bench(name)
    monkeypatch.undo()
    assert (bench.before != Bench(name).before).any()
