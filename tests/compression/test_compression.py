"""Squeezed networks: at ratio 1 nothing changes; ranks, interference and areas equal computations of their own."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.model.forward import forward
from handcrafted.verdict.compression.causal import cut_rank
from handcrafted.verdict.compression.compress import WAYS, compress, squeezed
from handcrafted.verdict.compression.measures import component_auroc, measure
from handcrafted.verdict.compression.sweep import (
    SweepRow,
    alarm_panel,
    as_csv,
    from_csv,
    left_over,
    superposed,
    widths_of,
)
from handcrafted.zoo import bundled
from tests.loops import of_the_zoo


def loop(stem="train_door"):
    structure, model = of_the_zoo(stem)
    return structure, model.effective_weights.numpy(), model.names


SMALL = {("heated_room", how) for how in WAYS if how != "random"}
"""Those that are tried in the usual run; the others take minutes."""


@pytest.mark.parametrize(
    ("stem", "how"),
    [
        pytest.param(stem, how, marks=[] if (stem, how) in SMALL else pytest.mark.slow)
        for stem in ("train_door", "heated_room")
        for how in WAYS
    ],
)
def test_at_ratio_one_all_figures_are_those_of_the_network_as_it_was(stem, how):
    structure, weights, names = loop(stem)
    found = compress(weights, weights.sizes["d_model"], how, names, seed=1)
    measured = measure(structure, found, names)
    assert measured.ratio == 1 and measured.error < 1e-4 and measured.interference < 1e-6
    assert measured.components == measured.wiring == measured.patching == 1.0 and measured.diverged in (None, False)
    assert measured.decoded > 0.999


def test_it_is_narrower_and_the_lifted_arrays_do_the_same():
    structure, weights, names = loop()
    found = compress(weights, 12, "random", names, seed=3)
    assert found.weights.sizes["d_model"] == 12 and found.lifted.sizes == weights.sizes
    inputs = np.random.default_rng(0).uniform(size=(4, 6, len(names.inputs))).astype(np.float32)
    narrow, lifted, whole = (
        np.asarray(forward(one, inputs)[0]) for one in (found.weights, found.lifted, weights)
    )  # fmt: skip
    assert np.abs(narrow - lifted).max() < 1e-4 < np.abs(narrow - whole).max()
    assert not hc.compare(structure, hc.recover(found.lifted, names=names)).reproduced


@pytest.mark.parametrize("stem", ["heated_room", "guarded_room", "train_door"])
def test_the_rank_across_a_cut_is_that_of_the_coordinates_alive_there(stem):
    """Counted here from the named coordinates: written before the cut, read after it, distinct as columns are."""
    _, weights, names = loop(stem)
    w, layers = weights, weights.sizes["layer"]
    most = 0
    for cut in range(2 * layers + 1):
        early = [w.W_E, w.b_E[None], w.r_0[None], w.b_O, w.b_out, w.W_R]
        late = [w.W_U, w.W_R]
        for layer in range(layers):
            heads = [(w.W_V[layer, h], w.W_O[layer, h]) for h in range(w.sizes["head"])]
            if 2 * layer + 1 <= cut:
                early += [v @ o for v, o in heads]
            if 2 * layer >= cut:
                late += [v @ o for v, o in heads]
            if 2 * layer + 2 <= cut:
                early.append(w.W_out[layer])
            if 2 * layer + 1 >= cut:
                late.append(w.W_in[layer])
        before, after = np.concatenate(early), np.concatenate(late, axis=1)
        unit = lambda m, axis: m / np.maximum(np.linalg.norm(m, axis=axis, keepdims=True), 1e-30)
        most = max(most, np.linalg.matrix_rank(unit(before, 1) @ unit(after, 0), tol=1e-4))
    assert cut_rank(weights) == most
    assert cut_rank(weights) < len(names.residual)


def test_a_fit_below_full_load_keeps_the_wiring_and_a_random_squeeze_does_not():
    _, weights, names = loop()
    width = int(np.ceil(cut_rank(weights) / 0.79))
    assert cut_rank(weights) / width < 0.8
    fits = [component_auroc(weights, compress(weights, width, "fitted", names, seed)) for seed in range(5)]
    draws = [component_auroc(weights, compress(weights, width, "random", names, seed)) for seed in range(5)]
    assert min(fits) >= 0.99 > max(draws)


def test_areas_and_interference_are_those_of_the_definition():
    structure, weights, names = loop("heated_room")
    found = compress(weights, 4, "random", names, seed=0)
    from handcrafted.verdict.compression.causal import causal

    pairs = causal(weights)
    true = np.abs(pairs.products[pairs.before]) > 1e-5
    strength = np.abs((pairs.write @ found.pack @ found.unpack @ pairs.read)[pairs.before]).round(12)
    hits, misses = strength[true], strength[~true]
    wins = (hits[:, None] > misses).mean() + 0.5 * (hits[:, None] == misses).mean()
    assert component_auroc(weights, found) == pytest.approx(wins)
    blank = squeezed(weights, np.zeros((7, 4)), np.zeros((4, 7)))
    measured = measure(structure, blank, names)
    assert measured.interference == pytest.approx(1.0) and measured.components == 0.5 and measured.error > 0.5


@pytest.mark.slow
def test_training_mends_what_the_outputs_show_and_not_what_readers_see():
    structure, weights, names = loop()
    fit, trained = (measure(structure, compress(weights, 7, how, names, 0), names) for how in ("fitted", "learned"))
    assert trained.error < 0.01 < fit.error, "at load 1 the outputs come back"
    assert trained.wiring < 0.7 and trained.decoded > 0.99, "by names it is unreadable, and probes notice nothing"


@pytest.mark.slow  # the committed rows say so too, see the test of the sweep
def test_a_squeezed_loop_that_runs_away_is_seen_and_the_original_is_not():
    structure, weights, names = loop("guarded_room")
    full = weights.sizes["d_model"]
    assert measure(structure, compress(weights, full, "random", names), names).diverged is False
    assert measure(structure, compress(weights, 9, "random", names), names).diverged is True


def test_superposition_holds_for_what_is_rare_and_read_through_a_threshold():
    panels = {kind: alarm_panel(96, 4, kind) for kind in (True, False)}
    for panel in panels.values():
        found = superposed(panel, 64)
        assert cut_rank(panel) == 96 and cut_rank(panel) / found.pack.shape[1] > 1.4
        assert left_over(panel, superposed(panel, 4000), 0.05) < 0.2, "with room enough there is nothing left over"
    at = lambda kind, activity: left_over(panels[kind], superposed(panels[kind], 64), activity)
    assert at(True, 0.01) < 0.5 < 0.9 < at(False, 0.01)
    assert at(True, 0.2) > at(False, 0.2), "what is not rare gains nothing from a threshold"
    exact = [left_over(panel, squeezed(panel, np.eye(100), np.eye(100)), 0.3) for panel in panels.values()]
    assert max(exact) < 1e-6


FIGURES = sorted((Path(__file__).parents[2] / "figures").glob("compression_*.png"))


def test_there_is_a_figure_without_dynamics_and_one_with():
    found = [from_csv(file.with_suffix(".csv").read_text()) for file in FIGURES]
    assert [rows[0].loop for rows in found] == ["heated room", "train door"]
    runs_away = [row.measured.diverged for row in found[0] if row.measured.load > 1 and row.how == "random"]
    assert None not in runs_away and 0 < np.mean([bool(one) for one in runs_away])
    assert not any(row.measured.diverged for row in found[0] if row.measured.ratio == 1)


@pytest.mark.parametrize("file", FIGURES, ids=lambda file: file.stem)
def test_each_way_was_measured_with_enough_seeds(file):
    """The picture itself is compared in test_figures.py."""
    rows = from_csv(file.with_suffix(".csv").read_text())
    assert all(len({row.seed for row in rows if row.how == how}) >= 20 for how in WAYS if how != "pca")


@pytest.mark.parametrize(("how", "width"), [("random", 12), ("pca", 9), ("random", 5)])
def test_the_rows_of_the_figure_are_what_is_measured(how, width):
    structure, weights, names = loop()
    rows = from_csv(next(file for file in FIGURES if "door" in file.stem).with_suffix(".csv").read_text())
    (row,) = (row for row in rows if (row.how, row.width, row.seed) == (how, width, 0))
    now = measure(structure, compress(weights, width, how, names, 0), names, 0)
    for name in ("load", "error", "components", "wiring", "patching", "gradient", "interference"):
        assert getattr(row.measured, name) == pytest.approx(getattr(now, name), rel=2e-2, abs=2e-2), name


@pytest.mark.slow
def test_the_command_writes_both_and_refuses_other_options(tmp_path):
    path = next(str(path) for path in bundled() if path.stem == "heated_room")
    done = CliRunner().invoke(main, ["score", "--compression", path, "--seeds", "1", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    rows = from_csv((tmp_path / "compression_heated_room.csv").read_text())
    assert {row.how for row in rows} == set(WAYS)
    assert (tmp_path / "compression_heated_room.png").read_bytes()[1:4] == b"PNG"
    wrong = CliRunner().invoke(main, ["score", "--compression", path, "--readout", "wiring"])
    assert wrong.exit_code == 2 and "Expected --compression with files" in wrong.output


def test_rows_come_back_from_their_file():
    structure, weights, names = loop("heated_room")
    measured = measure(structure, compress(weights, 5, "pca", names), names)
    (row,) = from_csv(as_csv([SweepRow("heated room", "pca", 5, 0, measured)]))
    assert row.measured.load == pytest.approx(measured.load, rel=1e-3) and row.measured.diverged == measured.diverged
    assert widths_of(weights)[0] == 7


def test_what_cannot_be_squeezed_is_refused():
    _, weights, _names = loop("heated_room")
    with pytest.raises(hc.HandcraftedError, match=r"Expected a way to compress, got 'randm'.*random"):
        compress(weights, 3, "randm")
    with pytest.raises(hc.HandcraftedError, match=r"Expected a width of 1 to 7, got 8"):
        compress(weights, 8)
    with pytest.raises(hc.HandcraftedError, match=r"Expected names for pca, got none"):
        compress(weights, 3, "pca")
