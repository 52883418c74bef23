"""What is proved of the bundled loops, what is not, and what simulation says of both."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false

import json
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.yamlfile import loads, parsed_data
from handcrafted.loading.yamltext import dumps
from handcrafted.model.base import free
from handcrafted.model.transformer import Transformer
from handcrafted.proofs import check, refute, statement
from handcrafted.proofs.claim import claims_of
from handcrafted.proofs.proof import PROVED, REFUTED, UNKNOWN
from handcrafted.proofs.prove import prove, recheck
from handcrafted.proofs.refute import counterexample, happens
from handcrafted.rollout.simulate import simulate
from tests.loops import of_the_zoo

PROVABLE = [
    ("heated_room", "H-1", False, 28), ("heated_room", "H-2", False, 38), ("heated_room", "UCA-1", False, 38),
    ("heated_room", "UCA-2", False, 38), ("guarded_room", "H-1", False, 36), ("guarded_room", "UCA-1", False, 38),
    ("guarded_room", "H-1", True, 9), ("guarded_room", "UCA-1", True, 19), ("radiotherapy", "H-1", False, 80),
    ("radiotherapy", "UCA-1", False, 92), ("radiotherapy", "H-1", True, 224), ("radiotherapy", "UCA-1", True, 488),
    ("train_door", "UCA-1", False, 8), ("train_door", "UCA-2", False, 8), ("train_door", "UCA-3", False, 8),
]  # fmt: skip


def changed(name, *replacements):
    """A bundled loop whose file says something else."""
    text = dumps(of_the_zoo(name)[0])
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return hc.assemble(loads(text))


@pytest.mark.parametrize("name, claim, others, parts", PROVABLE)
def test_it_is_proved_and_the_checker_alone_says_so(name, claim, others, parts):
    """In as many parts of cells as the README says."""
    proof = prove(of_the_zoo(name)[1], claim, any_subordinate=others)
    assert proof.verdict == PROVED and proof.counterexample is None
    assert check.check(proof.statement.text, proof.statement.arrays, proof.certificate) == proof.tried == parts


def test_the_dose_stays_below_what_one_more_step_of_beam_adds():
    """At 199.75 the sensor may read less than 200, and a step adds 0.5: no run gets beyond, and the proof says so."""
    lower = lambda bound: changed("radiotherapy", ("above: 201", f"above: {bound}"))
    assert prove(lower(200.375), "H-1", any_subordinate=True).verdict == PROVED
    below = prove(lower(200.25), "H-1", any_subordinate=True)
    assert below.verdict != PROVED and "dose a" in below.unproved.reason
    start = {"radiation head.x": np.linspace(0, 199.87, 64, dtype=np.float32)[:, None]}
    inputs = {"dose pulse": "present", "door": "closed", "patient": "ready"}
    dose = simulate(of_the_zoo("radiotherapy")[1], steps=600, initial=start, inputs=inputs).state["dose a"]
    assert dose.max() <= 200.375


@pytest.mark.parametrize("name, claim, end", [("heated_room", "H-2", 1), ("heated_room", "H-1", 0)])
def test_just_outside_the_margin_simulation_breaks_it(name, claim, end):
    model = of_the_zoo(name)[1]
    proof = prove(model, claim, margin="disturbance")
    room = proof.margin["room"]
    inside, outside = list(room), list(room)
    outside[end] += 0.5 if end else -0.5
    for bounds, found in ((inside, False), (outside, True)):
        given = {"room": (bounds[end], bounds[end])}  # the worst of it, all the time
        run = counterexample(model, proof.claim, {}, given, steps=5_000)
        assert (run is not None) == found
    wider = prove(model, claim, disturbance={"room": tuple(outside)})
    assert wider.verdict in (UNKNOWN, REFUTED)


def test_the_margin_of_the_heated_room_is_what_its_plant_says():
    """Without heat it goes to 5 plus the disturbance, with heat to 30 plus it: that must be below 25, and above 15."""
    model = of_the_zoo("heated_room")[1]
    assert prove(model, "H-2", margin="disturbance").margin["room"][1] == pytest.approx(20, abs=0.05)
    assert prove(model, "H-1", margin="disturbance").margin["room"][0] == pytest.approx(-15, abs=0.1)


def test_a_start_outside_is_not_proved_and_the_widest_one_is():
    model = of_the_zoo("heated_room")[1]
    widest = prove(model, "H-2", margin="start").margin["room.temperature"]
    assert prove(model, "H-2", start={"room.temperature": widest}).verdict == PROVED
    beyond = (widest[0], widest[1] + 0.25)
    assert prove(model, "H-2", start={"room.temperature": beyond}).verdict == REFUTED
    with pytest.raises(hc.HandcraftedError, match="name of a state"):
        prove(model, "H-2", start={"temperature": (15, 16)})


def test_what_is_refuted_comes_with_a_run_that_the_simulator_repeats():
    proof = prove(of_the_zoo("heated_room")[1], "H-1", disturbance={"room": (-20.0, 2.0)})
    assert proof.verdict == REFUTED
    again = proof.counterexample
    trace = simulate(proof.model, steps=again.step + 1, runs=1, **again.arguments)
    held = happens(proof.model, proof.claim, trace, again.arguments)[0]
    assert held[-1] and not held[:-1].any()
    assert trace.state["temperature"][0, -1] < 15 and trace.disturbance["disturbance"].min() >= -20


def test_an_aircraft_that_may_stay_off_its_wheels_overruns():
    proof = prove(of_the_zoo("wheel_brakes")[1], "H-1")
    assert proof.verdict == REFUTED and proof.counterexample.trace.state["position"][0, -1] > 2000
    assert (np.asarray(proof.counterexample.arguments["inputs"]["weight on wheels"]) == "no").any()


def test_what_is_neither_says_where_it_stops():
    proof = prove(of_the_zoo("cruise_control")[1], "H-1")
    assert proof.verdict == UNKNOWN and proof.certificate is None and "'second order'" in str(proof)


def test_no_weights_outside_layer_0_exceed_the_bound():
    """Other weights, NaN among them, in the run that the claim is about; and they do move the room."""
    structure, model = of_the_zoo("guarded_room")
    bound = 28.03125 + 0.0166 * (5 + 25 + 2 - 28)
    assert prove(changed("guarded_room", ("above: 30", f"above: {bound:.6f}")), "H-1", any_subordinate=True).proved
    may = free(structure, model.blocks, model.masks)
    rng, hottest = np.random.default_rng(0), []
    for turn in range(24):
        other = hc.assemble(structure)
        scale = float(10.0 ** rng.integers(-2, 4))

        def drawn(array, open, scale=scale, turn=turn):
            values = (rng.normal(size=np.shape(array)) * scale).astype(np.float32)
            values = np.where(rng.random(values.shape) < 0.1, np.float32(np.nan), values) if turn % 4 == 0 else values
            values = np.abs(values) if turn % 2 else values  # these ask for heat all the time
            return np.where(open, values, array)

        other.set_weights(other.weights.map(drawn, may))
        hottest.append(simulate(other, steps=400, initial={"temperature": 27.0}).state["temperature"].max())
    assert max(hottest) <= bound and sum(one > 28 for one in hottest) >= 4


@pytest.mark.slow
def test_ten_thousand_others_do_not_either():
    structure, model = of_the_zoo("guarded_room")
    bound = 28.03125 + 0.0166 * (5 + 25 + 2 - 28)
    may = free(structure, model.blocks, model.masks)
    rng = np.random.default_rng(1)
    for _ in range(10_000):
        other = Transformer(model.weights, model.masks, model.names, model.layout, structure, seal=model.seal)
        drawn = lambda array, open: np.where(open, rng.normal(size=np.shape(array)) * 100, array).astype(np.float32)
        other.set_weights(other.weights.map(drawn, may))
        found = simulate(other, steps=50, initial={"temperature": 27.9}).state["temperature"].max()
        assert found <= bound


def test_without_a_guard_any_weights_must_not_be_proved():
    """The landlord hands every request on: its own weights still hold the claim, others would not."""
    open_house = changed("guarded_room", ("below: 28", "below: 39"))
    assert prove(open_house, "H-1").verdict == PROVED
    assert prove(open_house, "H-1", any_subordinate=True).verdict == UNKNOWN
    with pytest.raises(hc.HandcraftedError, match="Layer 0"):
        prove(of_the_zoo("heated_room")[1], "H-1", any_subordinate=True)


def test_a_base_controller_that_was_changed_is_refused():
    with pytest.raises(hc.HandcraftedError):
        model = hc.assemble(of_the_zoo("guarded_room")[0])
        model.edit("W_U[0, 0]", 2.0)
        prove(model, "H-1")


def test_a_process_that_grows_by_itself_is_not_proved():
    grown = changed("radiotherapy", ("[[1]]", "[[1.001]]"), ("law: matrices", "law: matrices\n      unstable: true"))
    assert prove(grown, "H-1").verdict != PROVED


@pytest.mark.parametrize(
    "name, claim, match",
    [
        ("train_door", "H-1", "with `when`"),
        ("heated_room", "H-9", "unsafe control action"),
    ],
)
def test_what_cannot_be_claimed_is_said(name, claim, match):
    with pytest.raises(hc.HandcraftedError, match=match):
        prove(of_the_zoo(name)[1], claim)


def test_all_that_can_be_claimed_is_found():
    structure, model = of_the_zoo("heated_room")
    assert [claim.id for claim in claims_of(structure, model.names)] == [
        "H-1", "H-2", "UCA-1", "UCA-2", "UCA-3", "UCA-4",
    ]  # fmt: skip
    rows = claims_of(structure, model.names, ["H-1"])[0].never
    assert [[(test.way, Fraction(test.mark)) for test in row] for row in rows] == [[("below", 15)]]
    ((cold, withheld),) = claims_of(structure, model.names, rules=["UCA-2"])[0].never
    assert (cold.way, Fraction(cold.mark)) == ("below", Fraction("18.9"))
    assert withheld.way == "below" and Fraction(1, 2) < Fraction(withheld.mark) < Fraction("0.501")  # 1/2 counts


def test_the_statement_is_made_of_the_file_and_the_arrays():
    proof = prove(of_the_zoo("heated_room")[1], "H-2")
    said = json.loads(proof.statement.text)
    (plant,) = said["plants"]
    share = np.float32(-np.expm1(-10 / 600))
    row = [str(1 - Fraction(float(share))), str(Fraction(float(share)))]
    assert plant["ends"] == [{side: [{"row": row, "roundings": 2}] for side in ("least", "most")} | {"limits": None}]
    assert plant["disturbance"] == ["-2", "2"] and plant["rest"] == "5" and plant["inputs"][0][0]["gain"] == "25"
    assert said["claims"] == [{"id": "H-2", "never": [[{"of": "state", "at": 0, "is": "above", "than": "25"}]]}]
    assert said["sensors"] == [{"state": 0, "rows": [0], "resolution": "1/16"}]


def test_a_decision_that_nobody_states_is_free_and_no_placeholder_proves_anything():
    """With the heater under anybody's control the room can get to 32 degrees, whatever the placeholder does."""
    text = dumps(of_the_zoo("heated_room")[0])
    law = text[text.index("    control algorithm:") : text.index("  room:")]
    unstated = hc.assemble(loads(text.replace(law, "")))
    assert unstated.structure.unstated and prove(unstated, "H-2").verdict == REFUTED
    for bound, verdict in ((31.5, REFUTED), (32.25, PROVED)):
        other = hc.assemble(loads(text.replace(law, "").replace("above: 25}", f"above: {bound}}}")))
        assert prove(other, "H-2").verdict == verdict


def test_a_report_names_what_was_not_put_to_proof(tmp_path):
    run = lambda *words: CliRunner().invoke(main, [*words, "-o", str(tmp_path / words[0])])
    done = run("prove", "train door")
    assert done.exit_code == 0 and "H-1 is not put to proof" in done.output
    assert {path.name for path in (tmp_path / "prove").iterdir()} == {"UCA-1", "UCA-2", "UCA-3"}
    done = run("analyse", "heated room", "--no-faults", "--prove")
    report = (tmp_path / "analyse" / "report.md").read_text(encoding="utf-8")
    assert "| H-2 | The room is too hot | proved | proofs/H-2/proof.md |" in report
    assert (tmp_path / "analyse" / "proofs" / "H-2" / "certificate.json").exists()
    assert "## Proofs" not in CliRunner().invoke(main, ["analyse", "train door", "--no-faults"]).output


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["wheel brakes"], 1, "refuted"),
        (["cruise control"], 1, "unknown"),
        (["heated room", "--hazard", "H-7"], 2, "id of a hazard"),
        (["train door", "--hazard", "H-1"], 2, "with `when`"),
        (["heated room", "--any-subordinate"], 2, "Layer 0"),
        (["nothing.yaml"], 2, "Expected"),
    ],
)
def test_the_command_says_what_became_of_it(words, code, said):
    done = CliRunner().invoke(main, ["prove", *words])
    assert done.exit_code == code and said in done.output and "Traceback" not in done.output


@pytest.mark.parametrize(
    "band, verdict", [("2, below: 4", PROVED), ("30, below: 35", PROVED), ("20, below: 22", REFUTED)]
)
def test_a_band_is_kept_out_of_from_the_side_where_the_loop_starts(band, verdict):
    room = changed("heated_room", ("{above: 25}", f"{{above: {band}}}"))
    assert prove(room, "H-2").verdict == verdict


UNSTABLE = """
name: pendulum
hazards: {H-1: {text: It falls to the right, when: {angle: {above: 20}}}}
components:
  balancer:
    kind: controller
    level: 0
    process model: {angle: {range: [-32, 32], reads: [angle]}}
    control algorithm: {push: {law: linear, reads: [angle], parameters: {gains: {angle: -4}, low: -1, high: 1}}}
  pendulum:
    kind: process
    level: 1
    dynamics:
      {law: matrices, unstable: true, inputs: [push], outputs: [angle], A: [[1.125]], B: [[1]], C: [[1]], initial: [0]}
control actions: [{name: push, from: balancer, to: pendulum, range: [-1, 1]}]
feedback: [{name: angle, from: pendulum, to: balancer, range: [-32, 32], resolution: 0.125}]
"""


def test_the_largest_safe_set_is_found_where_the_whole_range_is_none():
    """x' = 1.125 x + u with |u| <= 1 comes back from less than 8, where 0.125 x < 1, and from nowhere beyond."""
    proof = prove(hc.assemble(loads(UNSTABLE)), "H-1")
    ((low, high),) = [cell["pendulum.angle"] for cell in proof.cells]
    assert proof.verdict == PROVED and 7.8 < high <= 8 and -8 <= low < -7.8
    beyond = prove(hc.assemble(loads(UNSTABLE.replace("initial: [0]", "initial: [8.5]"))), "H-1")
    assert beyond.verdict == REFUTED
    weaker = prove(hc.assemble(loads(UNSTABLE.replace("low: -1, high: 1", "low: -0.0625, high: 0.0625"))), "H-1")
    assert weaker.verdict != PROVED or max(cell["pendulum.angle"][1] for cell in weaker.cells) <= 0.5


def test_the_least_bound_that_is_proved_is_what_a_million_steps_come_to():
    """21.03 degrees may read as 21.0, which does not stop the heater; a step of it adds 0.0165 (32 - 21.03)."""
    low, high, model = 21.0, 22.0, of_the_zoo("heated_room")[1]
    for _ in range(9):
        middle = (low + high) / 2
        proved = prove(changed("heated_room", ("above: 25}", f"above: {middle}}}")), "H-2").verdict == PROVED
        low, high = (low, middle) if proved else (middle, high)
    shocks = np.random.default_rng(0).choice(np.float32([-2, 2]), (256, 500)).repeat(8, axis=1)
    worst = simulate(model, steps=4000, runs=256, disturbance={"room": shocks}).state["temperature"].max()
    assert shocks.size > 10**6 and worst <= high <= worst + 0.005
    assert high == pytest.approx(21.03125 + 0.016529 * (32 - 21.03125), abs=0.005)


def test_a_network_that_the_checker_takes_nothing_of_is_unknown_and_says_why(monkeypatch):
    structure, shared = of_the_zoo("heated_room")
    raw = shared.effective_weights.numpy()
    raw.W_Q[0, 0, 0, 0] = raw.W_K[0, 0, 0, 0] = 0.01
    anywhere = raw.map(lambda array: np.ones(array.shape, bool))
    proof = prove(Transformer(raw, anywhere, shared.names, shared.layout, structure), "H-2")
    assert proof.verdict == UNKNOWN and "by content" in str(proof)
    monkeypatch.setattr(statement, "MAX_ENTRIES", 100)
    proof = prove(shared, "H-2")
    assert proof.verdict == UNKNOWN and "entries; 100 are checked" in str(proof)


@pytest.mark.parametrize("bound, verdict", [("24.9", PROVED), ("21.3", PROVED), ("21.1", REFUTED)])
def test_a_bound_that_is_no_binary_number_is_taken_as_it_is_written(bound, verdict):
    assert prove(changed("heated_room", ("above: 25}", f"above: {bound}}}")), "H-2").verdict == verdict


@pytest.mark.parametrize("bound, verdict", [("15.1", REFUTED), ("14.9", PROVED)])
def test_so_is_one_below(bound, verdict):
    assert prove(changed("heated_room", ("below: 15}", f"below: {bound}}}")), "H-1").verdict == verdict


def test_a_run_that_the_simulator_does_not_repeat_refutes_nothing(monkeypatch):
    real, model = refute.simulate, of_the_zoo("heated_room")[1]
    calm = lambda model, *, runs, disturbance, **given: real(
        model, runs=runs, disturbance=disturbance if runs > 1 else {"room": np.zeros((1, 1), np.float32)}, **given
    )
    monkeypatch.setattr(refute, "simulate", calm)
    assert prove(model, "H-1", disturbance={"room": (-20.0, 2.0)}).verdict == UNKNOWN


def test_a_proof_is_of_the_arrays_as_they_were_and_says_whether_they_still_are():
    model = hc.assemble(of_the_zoo("heated_room")[0])
    proof = prove(model, "H-2")
    assert proof.covers(model)
    model.parameters["thermostat.heat.on_below"] = 18.0
    assert not proof.covers(model) and proof.covers(proof.model)
    again = prove(model, "H-2")
    assert again.proved and again.covers(model) and again.statement.digest != proof.statement.digest
    model.parameters["thermostat.heat.on_below"] = 19.0
    assert proof.covers(model)


def test_the_same_cells_show_it_after_an_edit_or_they_do_not():
    model = hc.assemble(of_the_zoo("heated_room")[0])
    proof = prove(model, "H-2")
    for value, verdict in ((18.0, PROVED), (15.0, PROVED), (19.0, PROVED)):
        model.parameters["thermostat.heat.on_below"] = value
        again = recheck(proof, model)
        assert again.verdict == verdict and again.covers(model) and again.cells == proof.cells and again.tried
    model.parameters["thermostat.heat.off_above"] = 26.0
    lost = recheck(proof, model)
    assert lost.verdict == UNKNOWN and lost.certificate is None and "may leave the cells" in lost.unproved.reason
    model.edit("b_U[0]", 1e-39)
    assert "flushed" in recheck(proof, model).unproved.reason
    assert recheck(prove(of_the_zoo("cruise_control")[1], "H-1"), of_the_zoo("cruise_control")[1]).verdict == UNKNOWN
    with pytest.raises(hc.HandcraftedError, match="H-2"):
        recheck(proof, of_the_zoo("guarded_room")[1])


def test_what_was_asked_for_is_asked_again():
    """A proof under a wider disturbance is checked under it, one with an assumption under that."""
    model = hc.assemble(of_the_zoo("heated_room")[0])
    proof = prove(model, "H-2", disturbance={"room": (-2.0, 19.0)})
    model.parameters["thermostat.heat.off_above"] = 24.75
    assert proof.verdict == PROVED and recheck(proof, model).verdict == UNKNOWN
    assert recheck(prove(of_the_zoo("heated_room")[1], "H-2"), model).verdict == PROVED


def test_a_margin_without_an_end_is_said_to_be_looked_for_so_far_and_no_farther():
    """No cold makes the room too hot: the lower end is where the search stops, 16 widths of 4 below -2."""
    proof = prove(of_the_zoo("heated_room")[1], "H-2", margin="disturbance")
    assert proof.margin["room"][0] == pytest.approx(-66, abs=0.1) and "up to 16 widths beyond each end" in str(proof)


LEAD = "{law: vehicle, speed: speed ahead, inputs: {}, drag: 0.06, initial speed: 25, disturbance: [-%s, 3]}"
"""A car ahead that drives as it likes: its speed stays below 50, and it brakes no harder than said."""


@pytest.mark.parametrize("brakes, verdict", [(6, REFUTED), (3, UNKNOWN)])
def test_a_car_ahead_that_brakes_hard_enough_is_hit(brakes, verdict):
    """A vehicle has words, the gap between two has none yet: what is not refuted is unknown."""
    structure = of_the_zoo("cruise_control")[0]
    said = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    said["components"]["car ahead"]["dynamics"] = YAML(typ="safe").load(LEAD % brakes)
    proof = prove(hc.assemble(parsed_data(said, "cruise control")), "H-1")
    assert proof.verdict == verdict and "gap hands its inputs on" in proof.unproved.reason
    if proof.counterexample is not None:
        trace = proof.counterexample.trace
        assert (
            trace.state["distance"][0, -1] < 5 and np.diff(trace.state["speed ahead"][0]).min() >= -(brakes + 3) * 0.25
        )  # drag brakes, too
