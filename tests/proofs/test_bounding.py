"""Bounds of one state over a grid of the others, and what is assumed of words from outside."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false

import copy
import json

import numpy as np
import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.yamlfile import loads
from handcrafted.proofs import assumed, bounding, check, hull, search
from handcrafted.proofs.assumed import assuming, drawn_words
from handcrafted.proofs.grid import longest, touched
from handcrafted.proofs.proof import PROVED, REFUTED, UNKNOWN
from handcrafted.proofs.prove import prove
from handcrafted.rollout.simulate import simulate
from tests.loops import of_the_zoo
from tests.proofs.test_checker import accepted, renewed

TRACK = """
name: end of track
time step: {value: 0.5, unit: s}
hazards: {H-1: {text: The train meets the buffer, when: {position: {above: MARK}}}}
components:
  driver:
    kind: controller
    level: 0
    process model:
      position: {range: [0, 512], reads: [position]}
      brakes: {values: [cold, warm], reads: [brakes]}
    control algorithm: {brake: {law: decision table, when: {position: {above: 200}, brakes: warm}}}
  train:
    kind: process
    level: 1
    dynamics:
      {law: vehicle, speed: speed, inputs: {brake: -1}, drag: 0.01, initial speed: 12, disturbance: [-0.25, 0.1171875]}
control actions: [{name: brake, from: driver, to: train, values: [released, applied]}]
feedback: [{name: position, from: train, to: driver, resolution: 1}]
other inputs: [{name: brakes, to: driver, initial: warm}]
"""
WARM = {"brakes": "warm"}


def track(mark, *replacements):
    """A train that brakes beyond 200 m if its brakes are warm, and a buffer somewhere."""
    text = TRACK.replace("MARK", str(mark))
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return hc.assemble(loads(text))


def farthest(model, runs=4096, steps=300):
    """How far a train comes in simulation, its brakes warm and the slope at random, at its ends and as it speeds up."""
    rng = np.random.default_rng(0)
    hold = np.arange(steps) // 16
    slope = rng.choice(np.float32([-0.25, 0.1171875, 0.0]), (runs, steps))[:, hold]
    slope[: runs // 2] = rng.uniform(-0.25, 0.1171875, (runs // 2, steps)).astype(np.float32)
    slope[0] = 0.1171875
    trace = simulate(model, steps=steps, runs=runs, inputs=WARM, disturbance={"train": slope})
    return float(trace.state["position"].max()), float(trace.state["speed"][:, -1].max())


def test_a_bound_is_proved_near_what_a_million_steps_come_to():
    worst, left = farthest(track(400))
    assert left == 0 and 270 < worst < 300
    proof = prove(track(290), "H-1", assume=WARM)
    assert proof.verdict == PROVED and proof.counterexample is None
    assert check.check(proof.statement.text, proof.statement.arrays, proof.certificate) == proof.tried == 435
    bound = max(cell["train.position"][1] for cell in proof.cells)
    assert worst <= bound <= 290 and bound - 200.5 <= 1.2 * (worst - 200.5)
    assert prove(track(int(worst) - 2), "H-1", assume=WARM).verdict == REFUTED


def test_between_what_is_reached_and_what_is_proved_it_is_unknown():
    proof = prove(track(282), "H-1", assume=WARM)
    assert proof.verdict == UNKNOWN and proof.certificate is None and proof.unproved.reason


def test_runs_stay_inside_the_cells():
    proof = prove(track(330), "H-1", assume=WARM)
    trace = proof.runs
    v, x = (trace.state[name].ravel() for name in ("speed", "position"))
    inside = np.zeros(v.shape, bool)
    for cell in proof.cells:
        (a, b), (c, d) = cell["train.speed"], cell["train.position"]
        inside |= (a <= v) & (v <= b) & (c <= x) & (x <= d)
    assert inside.all() and len(inside) > 5000
    assert x.max() > 250 and (v == 0).any()


@pytest.mark.parametrize(
    "old, new",
    [
        ("{position: {above: 200}, brakes: warm}", "{position: {above: 300}, brakes: warm}"),  # too late
        ("inputs: {brake: -1}", "inputs: {brake: -0.125}"),  # too weak for the slope, nearly
        ("drag: 0.01, initial speed: 12", "drag: 0.01, initial speed: 18"),  # too fast
        ("[-0.25, 0.1171875]", "[-0.25, 1.0625]"),  # goes on by itself
    ],
)
def test_a_train_that_does_not_stop_in_time_is_not_proved(old, new):
    assert prove(track(330, (old, new)), "H-1", assume=WARM).verdict != PROVED


def test_bounds_that_are_lowered_are_refused():
    proof = prove(track(290), "H-1", assume=WARM)
    files, said = (proof.statement.text, proof.statement.arrays), json.loads(proof.certificate)
    at, refused = said["order"].index("train.position"), 0
    for k in range(0, len(said["cells"]), 7):
        tampered = copy.deepcopy(said)
        cell = tampered["cells"][k]
        low, _ = tampered["intervals"][cell[at]]
        tampered["intervals"].append([low, low])
        cell[at] = len(tampered["intervals"]) - 1
        refused += not accepted(renewed(*files, json.dumps(tampered).encode()))
    assert refused >= 20


def test_a_picture_shows_the_bound_over_the_other_state(tmp_path):
    proof = prove(track(330), "H-1", assume=WARM)
    svg = hc.draw(proof, tmp_path / "proof.svg").read_text(encoding="utf-8")
    assert all(
        f"<!-- {one} -->" in svg for one in ("train.speed", "train.position", "never left, under what is declared")
    )
    assert "time [s]" not in svg and f"{len(proof.cells) - 24} more cells" in str(proof)
    reach = proof.reach("train.position", "train.speed")
    assert reach[0, 0][1] == max(high for _, high in reach.values()) and (0, 12) in reach
    last = max(pair for pair in reach if pair[1] == 12 and pair[0])
    assert reach[last][1] < reach[0, 0][1] - 50


def test_what_is_assumed_is_part_of_the_statement_and_of_what_is_said():
    proof = prove(track(330), "H-1", assume=WARM)
    assert "asked for (brakes is warm)" in str(proof)
    said = json.loads(proof.statement.text)
    assert said["assumed"] == [[[0, 0]]]
    less = renewed(json.dumps(said | {"assumed": []}).encode(), proof.statement.arrays, proof.certificate)
    assert not accepted(less)
    with pytest.raises(check.Refused, match="leaves nothing"):
        both = json.dumps(said | {"assumed": [[[0, 0]], [[0, 1]]]}).encode()
        check.check(*renewed(both, proof.statement.arrays, proof.certificate))


def test_without_the_assumption_a_run_breaks_it_and_with_it_none_does():
    found = prove(track(330), "H-1")
    assert found.verdict == REFUTED and "cold" in found.counterexample.arguments["inputs"]["brakes"]
    held = "assume: {A-1: {text: They are heated, never: {brakes: cold}}}\ncomponents:\n  driver:"
    by_file = prove(track(330, ("components:\n  driver:", held)), "H-1")
    assert by_file.verdict == PROVED and "A-1 (They are heated)" in str(by_file)
    # what is assumed of anything but words from outside takes nothing away from what has to be shown
    other = "assume: {A-1: {text: It is slow, never: {speed: {above: 1}}}}\ncomponents:\n  driver:"
    assert prove(track(330, ("components:\n  driver:", other)), "H-1").verdict == REFUTED


def test_runs_that_are_tried_keep_to_what_is_assumed():
    """In a loop of two signals in words of which one combination never comes."""
    brakes, link = "brakes: {values: [cold, warm], reads: [brakes]}", "{name: brakes, to: driver, initial: warm}"
    held = "assume: {A-1: {text: Sand or heat, when: {brakes: cold}, then: {sand: some}}}"
    two = (
        (brakes, f"{brakes}\n      sand: {{values: [none, some], reads: [sand]}}"),
        (link, f"{link}, {{name: sand, to: driver}}"),
        ("components:\n  driver:", f"{held}\ncomponents:\n  driver:"),
    )
    proof = prove(track(330, *two), "H-1")
    inputs = proof.counterexample.arguments["inputs"]
    brakes, sand = (np.asarray(inputs[name]) for name in ("brakes", "sand"))
    assert proof.verdict == REFUTED and ((brakes == "cold") <= (sand == "some")).all()
    assert (brakes == "cold").any() and "1 of 4 combinations" not in str(proof)
    assert prove(track(330, *two), "H-1", assume=WARM).verdict == PROVED


@pytest.mark.parametrize(
    "assume, match",
    [
        ({"brakes": "hot"}, "value of brakes"), ({"breaks": "warm"}, "variable of the true state"),
        ({"position": "warm"}, "comes from outside"), ({"brakes": []}, "names and words"),
        ({"brakes": 3}, "names and words"), ({3: "warm"}, "name of a variable"), ([("brakes", "warm")], "mapping"),
    ],
)  # fmt: skip
def test_what_cannot_be_assumed_is_said(assume, match):
    with pytest.raises(hc.HandcraftedError, match=match):
        prove(track(330), "H-1", assume=assume)


def test_the_command_takes_words_for_granted(tmp_path):
    file = tmp_path / "track.yaml"
    file.write_text(TRACK.replace("MARK", "330"), encoding="utf-8")
    run = lambda *words: CliRunner().invoke(main, ["prove", str(file), *words])
    assert run().exit_code == 1 and "refuted" in run().output
    done = run("--assume", "brakes=warm", "-o", str(tmp_path / "proof"))
    assert done.exit_code == 0 and "proved" in done.output
    assert "brakes is warm" in (tmp_path / "proof" / "proof.md").read_text(encoding="utf-8")
    for words in ("brakes", "=warm", "brakes=", "brakes=hot"):
        done = run("--assume", words)
        assert done.exit_code == 2 and "Expected" in done.output and "Traceback" not in done.output
    assert run("--assume", "brakes=cold", "--assume", "brakes=warm").exit_code == 1


def test_the_longest_path_is_that_of_all_paths():
    """Against every path that is gone through one by one, on drawn graphs without rings; a ring is never bounded."""
    rng = np.random.default_rng(0)
    whole = [(0, 1000)]
    for _ in range(50):
        n = 7
        grown = rng.integers(0, 9, (n, 1))
        spans = np.array([[[[min(k + 1, n - 1), min(k + 1 + rng.integers(3), n - 1)]]] for k in range(n)])
        grown[-1] = 0  # the last place leads to itself
        best = np.zeros(n, int)
        for k in range(n - 1):
            for to in range(spans[k, 0, 0, 0], spans[k, 0, 0, 1] + 1):
                best[to] = max(best[to], best[k] + grown[k, 0])
        assert longest(grown, spans, whole, np.zeros(n, int), 1000).tolist() == best.tolist()
        grown[-1] = 1
        assert longest(grown, spans, whole, np.zeros(n, int), 1000) is None
    one, at = np.zeros(1, int), np.array([[[[0, 0]]]])
    assert longest(np.array([[5]]), at, [(0, 9)], one, 4) is None
    assert longest(np.array([[1]]), at, [(0, 1 << 61)], one, 1 << 60) is None  # a ring that adds next to nothing


def test_what_adds_up_within_a_band_alone_ends_where_the_band_does():
    """A ring that adds 3 below 10 and takes 1 away above it ends 3 above 10 at most; with no second band, nowhere."""
    at = np.array([[[[0, 0]], [[0, 0]]]])
    bands = [(10, 1000), (0, 10)]
    assert longest(np.array([[-1, 3]]), at, bands, np.zeros(1, int), 1000).tolist() == [13]
    assert longest(np.array([[3]]), at[:, :1], [(0, 1000)], np.zeros(1, int), 1000) is None
    assert longest(np.array([[1, 3]]), at, bands, np.zeros(1, int), 1000) is None


@pytest.mark.parametrize(
    "ends, expected",
    [((0, 0), (0, 0)), ((0, 1), (1, 1)), ((1, 1), (1, 1)), ((0, 4), (1, 1)), ((3, 5), (1, 2)), ((8, 8), (2, 2))],
)
def test_an_interval_touches_the_cells_that_cover_it(ends, expected):
    """Standstill is a cell of its own, and nothing but standstill needs it."""
    assert touched([0, 0, 4, 8], *ends) == expected


@pytest.mark.slow
def test_an_aircraft_on_its_wheels_stops_on_the_runway():
    """Landing or go-around at each step anew, any history of its speed."""
    proof = prove(of_the_zoo("wheel_brakes")[1], "H-1", assume={"weight on wheels": "yes"})
    assert proof.verdict == PROVED and proof.tried == 20756
    bound = max(cell["aircraft.position"][1] for cell in proof.cells)
    assert 1634 < bound < 1973


def test_a_search_that_takes_too_long_is_given_up_and_says_so(monkeypatch):
    monkeypatch.setattr(search, "MAX_SEEN", 10)
    proof = prove(of_the_zoo("heated_room")[1], "H-2")
    assert proof.verdict == UNKNOWN and "more than 10 steps from parts of cells" in str(proof)
    monkeypatch.undo()
    for module, name, few in ((bounding, "MAX_STEPS", 40), (hull, "MAX_WORKED", 40)):  # the first grid has 49 cells
        assert prove(track(330), "H-1", assume=WARM).verdict == PROVED
        monkeypatch.setattr(module, name, few)
        assert prove(track(330), "H-1", assume=WARM).verdict == UNKNOWN
        monkeypatch.undo()


def drawn_track(rng):
    """A track of some step, brakes, slope and driver, by where it ends; and the ends of its slope."""
    low, high = sorted(rng.choice([-0.5, -0.1, 0.0, 0.05, 0.1], 2).tolist())
    step, brake = rng.choice([0.25, 0.5, 1.0, 0.1]), rng.choice([0.5, 1.0, 2.0, 4.0])
    drag, speed, mark = (
        rng.choice([0.0, 0.01, 0.1, 0.2]),
        rng.choice([4.0, 10.0, 12.3, 20.0]),
        rng.choice([50, 100, 200]),
    )
    rows = [
        f"{{position: {{above: {mark}}}}}",
        f"[{{position: {{above: {mark}}}, brakes: warm}}, {{position: {{above: {mark + 10}}}, brakes: cold}}]",
        f"[{{position: {{above: {mark}}}, brakes: cold}}, {{position: {{above: {mark + 10}}}}}]",
    ]
    changes = (
        ("{position: {above: 200}, brakes: warm}", rows[rng.integers(3)]), ("value: 0.5", f"value: {step}"),
        ("brake: -1", f"brake: {-brake}"), ("drag: 0.01", f"drag: {drag}"), ("range: [0, 512]", "range: [0, 1024]"),
        ("initial speed: 12", f"initial speed: {speed}"), ("[-0.25, 0.1171875]", f"[{low}, {high}]"),
    )  # fmt: skip
    return lambda end: track(end, *changes), (low, high)


def reached(model, slopes, rng, runs=256, steps=400):
    """How far it comes, the brakes and the slope at random, at their ends, and as they were."""
    brakes = np.array(["cold", "warm"])[rng.integers(2, size=(runs, steps))[:, np.arange(steps) // rng.choice([1, 8])]]
    brakes[:32], brakes[32:64] = "cold", "warm"
    slope = rng.uniform(*slopes, (runs, steps)).astype(np.float32)
    slope[::2] = slopes[1]
    trace = simulate(model, steps=steps, runs=runs, inputs={"brakes": brakes}, disturbance={"train": slope})
    return float(trace.state["position"].max())


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 60))])
def test_no_drawn_track_is_proved_shorter_than_it_is(seed):
    rng = np.random.default_rng(seed)
    of_length, slopes = drawn_track(rng)
    worst = min(reached(of_length(1000), slopes, rng), 1000.0)
    for end in (worst - 2**-9, worst * 0.999):
        assert prove(of_length(end), "H-1").verdict != PROVED
    longer = prove(of_length(float(int(1.5 * worst + 20))), "H-1")
    assert not longer.proved or worst <= max(cell["train.position"][1] for cell in longer.cells)


def test_more_words_than_can_be_gone_through_are_no_statement_and_runs_are_tried_still(monkeypatch):
    monkeypatch.setattr(assumed, "MAX_CONTEXTS", 1)
    proof = prove(track(330), "H-1")
    assert proof.verdict == REFUTED and "more than 1 combinations of words" in proof.unproved.reason
    assert prove(track(330), "H-1", assume=WARM).verdict == UNKNOWN


def test_words_are_drawn_as_each_comes_alone_but_for_what_is_ruled_out():
    free, held = track(330).structure, assuming(track(330), WARM).structure
    drawn = drawn_words(free, np.random.default_rng(0), (50, 40))
    assert drawn.shape == (50, 40, 1) and 0.4 < drawn.mean() < 0.6
    assert drawn_words(held, np.random.default_rng(0), (50, 40)).all()
    assert drawn_words(of_the_zoo("heated_room")[0], np.random.default_rng(0), (3, 2)).shape == (3, 2, 0)


@pytest.mark.parametrize("mark, verdict", [("1e30", PROVED), ("512", PROVED), ("-5", REFUTED), ("0", REFUTED)])
def test_marks_far_off_and_at_the_start_are_told_apart(mark, verdict):
    proof = prove(track(mark), "H-1", assume=WARM)
    assert proof.verdict == verdict
    assert verdict == PROVED or proof.counterexample.step == (0 if mark == "-5" else 1)


def test_a_loop_of_many_states_is_not_gone_through_on_a_grid():
    """A tank that changes nothing does not matter, and six of them are too many."""
    tank = (
        "\n  tank {}:\n    kind: process\n    level: 1\n    dynamics:"
        " {{law: first order, output: level, inputs: {{}}, time constant: 9, initial: 1}}"
    )
    tanks = lambda n: ("\ncontrol actions:", "".join(map(tank.format, range(n))) + "\ncontrol actions:")
    assert prove(track(330, tanks(1)), "H-1", assume=WARM).verdict == PROVED
    assert prove(track(330, tanks(6)), "H-1", assume=WARM).verdict == UNKNOWN
