"""The scoreboard: distortions that change nothing, faults that are what they say, marks that can be wrong."""

import itertools
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward
from handcrafted.readout.black_box import black_box
from handcrafted.readout.registry import chosen, register, registered, unregister
from handcrafted.readout.target import subject
from handcrafted.verdict.behaviour import behaviour
from handcrafted.verdict.scoreboard.distort import DISTORTIONS, lookup_twin
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.report import as_markdown, confidences, confident, lower_bound, reliability
from handcrafted.verdict.scoreboard.row import ScoreRow, ScoreStore, as_csv, from_csv
from handcrafted.verdict.scoreboard.run import BLIND, CONDITIONS, LAW, score
from handcrafted.verdict.scoreboard.truth import Marks, Truth, by_decade, mark
from handcrafted.zoo import bundled
from tests.loops import TWO, of_the_zoo

LIGHT = ("train_door", "guarded_room")
ZOO = [path.stem if path.stem in LIGHT else pytest.param(path.stem, marks=pytest.mark.slow) for path in bundled()]
"""All bundled loops; the larger ones are slow."""

STRUCTURAL = ("wiring", "subspace", "patching", "equations")
FAST = ("wiring", "subspace", "equations")


def planted(name, model, seed=0):
    truth = Truth.intended(model.structure.signal_graph())
    return FAULTS[name](model, truth, np.random.default_rng(seed))


@pytest.mark.parametrize("stem", ZOO)
@pytest.mark.parametrize("distortion", [one for one in DISTORTIONS if one.exact], ids=lambda one: one.name)
def test_an_exact_distortion_changes_what_is_stored_and_not_what_is_done(stem, distortion):
    structure, model = of_the_zoo(stem)
    weights = model.effective_weights.numpy()
    new, names = distortion.apply(weights, model.names, np.random.default_rng(1))
    assert behaviour(structure, subject(new, names)).worst <= 3e-5
    same = all(
        a.shape == b.shape and np.array_equal(a, b) for (_, a), (_, b) in zip(weights.items(), new.items(), strict=True)
    )
    assert same == (distortion.name in ("none", "saturation"))


def test_soft_heads_leave_a_hundredth_elsewhere_and_noise_is_as_large_as_it_says():
    _, model = of_the_zoo("wheel_brakes")
    weights = model.effective_weights.numpy()
    by_name = {one.name: one for one in DISTORTIONS}
    rng = np.random.default_rng(0)
    soft, _ = by_name["soft attention"].apply(weights, model.names, rng)
    live = np.argwhere(np.any(weights.W_O != 0, axis=(2, 3)))
    for layer, head in live.tolist():
        from handcrafted.model.component import Components
        from handcrafted.readout.tolerances import LAG_FLOOR

        assert max(share for _, share in Components(soft).head(layer, head).lags(16, LAG_FLOOR)) == pytest.approx(
            0.99, abs=1e-3
        )
    noisy, _ = by_name["noise 0.001"].apply(weights, model.names, rng)
    size = np.sqrt(np.mean(weights.W_in[weights.W_in != 0] ** 2))
    assert np.std(noisy.W_in - weights.W_in) == pytest.approx(1e-3 * size, rel=0.05)


@pytest.mark.parametrize("stem", ZOO)
def test_undistorted_permuted_rescaled_and_doubled_every_structural_readout_is_exact(stem):
    conditions = ["none", "permuted", "rescaled", "redundancy"]
    rows = score({stem: of_the_zoo(stem)[0]}, chosen(list(FAST)), conditions)
    assert len(rows) == len(conditions) * (len(FAST) + 1)
    for row in rows:
        assert not row.caught, row
        assert row.readout == LAW or (row.marks.exact and row.marks.auroc == 1.0 and row.marks.lag == 1.0), row


@pytest.mark.parametrize("stem", ZOO)
def test_every_planted_fault_is_caught_by_another_than_the_black_box(stem):
    faults = [name for name in FAULTS if name != "random"]
    rows = score({stem: of_the_zoo(stem)[0]}, chosen(list(FAST)), faults)
    by_fault = {name: [row for row in rows if row.condition == name] for name in faults}
    for name, own in by_fault.items():
        if own:  # swapping needs two controllers, a twin a finite structure
            assert any(row.caught for row in own), name
            exact = [row.marks.exact for row in own if row.readout == "wiring"]
            assert exact in ([True], [None]), f"{name}: the planted truth is not what is wired"
    placed = {name for name, own in by_fault.items() if own}
    assert placed >= {"leak", "cut", "sign flip", "delayed link", "masked random"}


def test_a_fault_that_is_not_planted_is_not_caught():
    """Sabotage: were `caught` always true, an untouched network would be caught too."""
    structure, _ = of_the_zoo("train_door")
    rows = score({"door": structure}, chosen(["wiring", "patching"]), ["none", "permuted", "cut"])
    assert {(row.condition, row.caught) for row in rows} == {("none", False), ("permuted", False), ("cut", True)}


@pytest.mark.parametrize("stem", ZOO)
def test_under_a_disguise_who_reads_by_name_is_fooled_and_the_blind_reading_is_not(stem):
    conditions = ["none", "rescaled", "redundancy", "disguise", "cut", "sign flip", "lookup twin"]
    rows = score({stem: of_the_zoo(stem)[0]}, chosen(["wiring"]), conditions, full=True, blindly=True)
    said = {(row.condition, row.readout): row for row in rows}
    assert said["disguise", "wiring"].caught and not said["disguise", "wiring"].marks.exact
    for condition in ("none", "rescaled", "disguise"):
        assert said[condition, BLIND].marks.exact and not said[condition, BLIND].caught
    assert said["cut", BLIND].caught and said["sign flip", BLIND].caught
    assert said["redundancy", BLIND].caught, "two circuits that do one job are not the intended ones"
    if ("lookup twin", BLIND) in said:
        assert said["lookup twin", BLIND].caught


def test_squeezed_streams_are_conditions_and_ruin_some_readouts_and_not_others():
    door = {"door": of_the_zoo("train_door")[0]}
    conditions = ["none", "compression, random", "compression, fitted"]
    rows = score(door, chosen(["wiring", "black box"]), conditions, full=True)
    auroc = {(row.condition, row.readout): row.marks.auroc or 0.0 for row in rows}
    assert auroc["none", "wiring"] == 1.0
    assert auroc["compression, random", "wiring"] > 0.6 > auroc["compression, fitted", "wiring"], "P R is no identity"
    left_out = score({"car": of_the_zoo("cruise_control")[0]}, chosen(["wiring"]), conditions)
    assert {row.condition for row in left_out} == {"none"}, "dense conditions on large loops are asked for"


def test_the_lookup_twin_is_seen_from_inside_alone():
    structure = loads(TWO)
    model = hc.assemble(structure)
    weights = lookup_twin(model)
    assert weights is not None
    read, twin = subject(model.effective_weights, model.names), subject(weights, model.names)
    words = [np.eye(2)[list(values)].reshape(-1) for values in itertools.product((0, 1), repeat=2)]
    inputs = np.array(words, np.float32)[:, None]
    both = [np.asarray(forward(one.weights, inputs)[0]) for one in (read, twin)]
    np.testing.assert_array_equal(both[0], both[1])
    assert behaviour(structure, twin).identical
    assert black_box(read).same_wiring(black_box(twin))
    comparison = hc.compare(structure, hc.recover(weights, names=model.names, readouts=["equations"]))
    assert all(comparison.readouts[name].missing for name in STRUCTURAL)
    rows = score({"two": structure}, chosen([*STRUCTURAL, "black box"]), ["lookup twin"])
    assert {row.readout for row in rows if row.caught} == {*STRUCTURAL, LAW}


@pytest.mark.parametrize("stem", ["heated_room", "cruise_control", "wheel_brakes"])
def test_there_is_no_twin_of_what_remembers_or_measures(stem):
    assert lookup_twin(of_the_zoo(stem)[1]) is None


def test_marks_against_hand_counted_ones():
    a, b, c = (Signal("o", "processing_for_action", name) for name in "abc")
    truth = Truth(frozenset({(a, b, 0), (b, c, 1)}), {(a, b, 0): 1, (b, c, 1): -1})
    strong = lambda source, target, lag, sign, size: Edge(source, target, lag, sign, evidence={"strength": size})
    answer = SignalGraph([a, b, c], [strong(a, b, 0, 1, 3.0), strong(a, c, 0, 1, 1.0), strong(b, c, 0, 1, 2.0)])
    found = mark(answer, truth, [a, b, c])
    assert (found.exact, found.precision, found.recall) == (False, 1 / 3, 0.5)
    assert (found.sign, found.lag) == (1.0, 0.5)
    # 15 pairs over two lags without themselves: 2 true (strengths 3 and 0), 13 not (1, 2 and eleven times 0)
    assert found.auroc == pytest.approx((13 + 11 * 0.5) / (2 * 13))
    assert mark(SignalGraph([a, b, c], []), truth, [a, b, c]).auroc == 0.5
    assert mark(answer, None, [a, b, c]) == Marks()
    assert found.answers == ((0, 1, 1), (-1, 0, 2)), "of 3, 2 and 1: 3 is strongest, and true"


def test_edges_are_counted_by_decades_below_the_strongest():
    given = [(20.0, True), (19.0, False), (1.9, True), (0.3, False), (0.0, True), (np.nan, False)]
    assert by_decade(given) == ((0, 1, 1), (-1, 0, 1), (-2, 1, 2), (-9, 1, 2)), "0 and what is no number come last"
    assert by_decade([]) == ()


def row_of(loop, answers, readout="r"):
    return ScoreRow(loop, "none", readout, False, len(answers), len(answers), Marks(answers=by_decade(answers)))


def test_confidence_is_learnt_elsewhere_and_a_readout_that_is_wrong_there_is_not_sure():
    good = [row_of(loop, [(1.0, True)] * 60) for loop in "xyz"]
    assert confident(confidences(good)) == (180, 1.0)
    bad = [row_of(loop, [(1.0, i % 2 == 0) for i in range(60)]) for loop in "xyz"]
    assert confident(confidences(bad)) == (0, None)
    alone = [row_of("x", [(1.0, True)] * 60)]
    assert confident(confidences(alone)) == (0, None), "what was learnt on the loop itself does not count"
    assert lower_bound(0, 0) == 0 and lower_bound(60, 60) > 0.95 > lower_bound(9, 10)
    (part,) = reliability(confidences(bad))
    assert 0.3 < part[0] < 0.5 and part[1:] == (180, 0.5)


def test_a_run_goes_on_where_it_was_stopped(tmp_path):
    structure, _ = of_the_zoo("train_door")
    store, names = tmp_path / "answers.jsonl", ["none", "cut", "sign flip"]
    whole = score({"door": structure}, chosen(list(FAST)), names)
    score({"door": structure}, chosen(["wiring"]), names[:1], store=store)
    written = store.read_text()
    store.write_text(written + written.splitlines()[-1])  # cut off at the end of a line, where it could be read
    calls = []

    @register("counted", kind="structural")
    def counted(given):
        calls.append(1)
        return chosen(["wiring"])[0].read(given)

    try:
        again = score({"door": structure}, chosen([*FAST, "counted"]), names, store=store)
        first = len(calls)
        assert as_csv(score({"door": structure}, chosen([*FAST, "counted"]), names, store=store)) == as_csv(again)
        assert len(calls) == first, "what is done is not done again"
    finally:
        unregister("counted")
    untimed = lambda rows: as_csv(row for row in rows if row.readout != "counted")
    assert untimed(again) == untimed(whole) == untimed(from_csv(as_csv(whole)))
    assert set(ScoreStore(store, 0, {"door": structure}).rows) == {row.key for row in again}
    with pytest.raises(hc.HandcraftedError, match="Expected records of this run"):
        score({"door": structure}, chosen(["wiring"]), names, seed=1, store=store)
    with pytest.raises(hc.HandcraftedError, match="rows of 'door' as it is now"):
        score({"door": of_the_zoo("heated_room")[0]}, chosen(["wiring"]), names, store=store)
    edited = store.read_text().replace('"caught": false', '"caught": true', 1)
    store.write_text(edited)
    with pytest.raises(hc.HandcraftedError, match=r"answers.jsonl, line \d+: Expected the line as it was written"):
        score({"door": structure}, chosen(["wiring"]), names, store=store)
    assert store.read_text() == edited


def test_a_readout_that_refuses_a_network_ends_nothing():
    @register("picky", kind="causal")
    def picky(given):
        if np.any(given.weights.W_out != of_the_zoo("train_door")[1].effective_weights.numpy().W_out):
            raise hc.HandcraftedError("Expected a network as it was made, got another. Leave it.")
        return chosen(["wiring"])[0].read(given)

    try:
        rows = score({"door": of_the_zoo("train_door")[0]}, chosen(["picky", "wiring"]), ["none", "permuted"])
    finally:
        unregister("picky")
    said = {row.key[1:]: row for row in rows}
    assert {key for key, row in said.items() if row.refused} == {("permuted", "picky")}
    refused = said["permuted", "picky"]
    assert (refused.caught, refused.edges, refused.marks.recall, refused.marks.exact) == (True, 0, 0.0, False)
    assert not said["permuted", "wiring"].caught, "the others still answer"
    (line,) = [
        line for line in as_markdown(rows, []).splitlines() if line.startswith("| picky") and line.count("|") > 9
    ]
    assert "| 1 |" in line.replace("  ", "").replace("  ", " "), line
    assert from_csv(as_csv(rows)) == [replace(row, seconds=0.0) for row in from_csv(as_csv(rows))]


def test_the_command_writes_three_files_and_says_what_is_wrong(tmp_path):
    path = next(str(path) for path in bundled() if path.stem == "train_door")
    run = lambda *args: CliRunner().invoke(main, ["score", *args])
    wanted = ["--readout", "wiring", "--readout", "subspace", "--condition", "none", "--condition", "cut"]
    assert run(path, *wanted, "-o", str(tmp_path / "out")).exit_code == 0
    lines = (tmp_path / "out" / "scoreboard.csv").read_text().splitlines()
    assert lines[0].startswith("loop,condition,readout,caught,refused,exact") and len(lines) == 7
    assert (tmp_path / "out" / "scoreboard.png").read_bytes().startswith(b"\x89PNG")
    assert "| wiring | 1.00 / 1.00 / 1.00 |" in (tmp_path / "out" / "scoreboard.md").read_text()
    assert "| wiring |" in run(path, *wanted).output
    wrong_ones = {"wiring": "--readout wirring", "cut": "--condition cat", "import": "--import nothing.at.all"}
    for said, wrong in wrong_ones.items():
        result = run(path, *wrong.split())
        assert result.exit_code == 2 and said in result.output and "Traceback" not in result.output


def test_a_registered_readout_is_scored_with_the_others():
    @register("nothing at all", kind="causal")
    def nothing(given):
        return SignalGraph(given.spaces, [])

    try:
        rows = score({"door": of_the_zoo("train_door")[0]}, chosen(["nothing at all"]), ["none"])
        assert "nothing at all" in registered()
    finally:
        unregister("nothing at all")
    marks = rows[0].marks
    assert (marks.exact, marks.precision, marks.recall, marks.auroc) == (False, None, 0.0, 0.5)
    assert "nothing at all" in as_markdown(rows, confidences(rows)) and as_csv(rows).count("\n") == 3


def test_masks_alone_wire_what_is_permitted_and_no_more():
    structure, model = of_the_zoo("train_door")
    fault = planted("masked random", model)
    assert fault is not None and fault.truth is None
    pairs = lambda graph: {(edge.source, edge.target) for edge in graph.edges}
    assert pairs(chosen(["wiring"])[0].read(subject(fault.weights, model.names))) == pairs(structure.signal_graph())
    fault = planted("random", model)
    assert fault is not None and len(fault.weights.map(jnp.asarray).W_in) == len(model.weights.W_in)


COMMITTED = Path(__file__).parents[2] / "figures" / "scoreboard.csv"


@pytest.mark.parametrize("condition", ["none", "saturation", "cut", "swapped controllers"])
@pytest.mark.parametrize("stem", LIGHT)
def test_the_committed_rows_are_what_is_measured(stem, condition):
    """Of the readouts that are fast; the picture and the summary are compared in test_figures.py."""
    rows = {row.key: row for row in from_csv(COMMITTED.read_text(encoding="utf-8"))}
    for now in score({stem: of_the_zoo(stem)[0]}, chosen([*FAST, "patching"]), [condition], blindly=True):
        kept = rows.pop(now.key)
        assert as_csv([kept]) == as_csv([now]) != as_csv([replace(now, edges=now.edges + 1)])
    stems = {path.stem for path in bundled()}
    assert {key[0] for key in rows} == stems and {key[2] for key in rows} >= {*registered(), LAW, BLIND}


SMALL = ("guarded_room", "heated_room", "train_door")


def calibrated(readouts, conditions=None):
    rows = score({stem: of_the_zoo(stem)[0] for stem in SMALL}, chosen(list(readouts)), conditions)
    judged = confidences(rows)
    for name in readouts:
        count, right = confident([one for one in judged if one.row.readout == name])
        assert count > 20 and right is not None and right >= 0.9, (name, count, right)
    wrong = lambda least: sum(one.given - one.right for one in judged if one.confidence > least)
    assert wrong(-1) > 10_000 and wrong(0.9) < 0.01 * wrong(-1)


@pytest.mark.slow
def test_what_is_said_with_confidence_is_right_on_small_loops():
    calibrated(("wiring", "subspace"), [name for name in CONDITIONS if not name.startswith("compression")])


@pytest.mark.slow
def test_what_every_readout_says_with_confidence_is_right():
    calibrated(("wiring", "subspace", "patching", "equations", "gradient", "ablation (zero)", "ablation (noise)"))
