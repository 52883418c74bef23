"""A second opinion by z3: it says the same of what is proved and nothing of what is not, and follows the loop."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load, save

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.yamlfile import loads
from handcrafted.loading.yamltext import dumps
from handcrafted.model.forward import forward
from handcrafted.proofs.assumed import assuming
from handcrafted.proofs.claim import SafetyClaim, StepTest, claims_of
from handcrafted.proofs.induction import BROKEN, HOLDS, OPEN, second_opinion
from handcrafted.proofs.proof import PROVED, REFUTED
from handcrafted.proofs.prove import prove
from handcrafted.proofs.statement import statement_of
from handcrafted.rollout.simulate import simulate
from handcrafted.zoo.examples import example
from tests.loops import of_the_zoo
from tests.proofs.test_bounding import WARM, track
from tests.proofs.test_prove import PROVABLE, changed


def opinion(model, id, others=False, most=4, **given):
    """What z3 says of a hazard or an unsafe control action."""
    chosen = {"hazards": [id]} if id in model.structure.hazards else {"rules": [id]}
    return second_opinion(statement_of(model, claims_of(model.structure, model.names, **chosen), others, **given), most)


@pytest.mark.parametrize("name, claim, others", [one[:3] for one in PROVABLE])
def test_what_is_proved_holds_in_real_arithmetic_too(name, claim, others):
    found = opinion(of_the_zoo(name)[1], claim, others)
    assert found.verdict == HOLDS and found.k <= 2 and "induction" in str(found)


def test_it_holds_of_nothing_that_a_run_breaks():
    room, guarded = of_the_zoo("heated_room")[1], of_the_zoo("guarded_room")[1]
    assert opinion(room, "H-1", disturbance={"room": (-20.0, 2.0)}).verdict != HOLDS
    assert opinion(room, "H-2", disturbance={"room": (-2.0, 21.0)}).verdict != HOLDS
    found = opinion(room, "H-2", start={"room.temperature": (15.0, 26.0)})
    assert found.verdict == BROKEN and str(found) == "it happens in step 0 of some run"
    assert opinion(guarded, "H-1", True, disturbance={"room": (-2.0, 60.0)}).verdict != HOLDS
    lower = changed("radiotherapy", ("above: 201", "above: 199"))
    assert opinion(lower, "H-1", True).verdict != HOLDS
    assert opinion(track(60), "H-1").verdict != HOLDS


@pytest.mark.parametrize("top, verdict, said", [(24.5, PROVED, HOLDS), (26, REFUTED, BROKEN)])
def test_limits_hold_a_state_whatever_drives_it(top, verdict, said):
    """A room that warms up by itself, with and without a ceiling below the hazard."""
    law = "law: first order, output: temperature, inputs: {heat: 25}, time constant: 600, rest: 5, initial: 15"
    other = f"law: integrator, output: temperature, inputs: {{heat: 0.05}}, limits: [10, {top}], initial: 15"
    room = changed("heated_room", (law, other), ("disturbance: [-2, 2]", "disturbance: [0, 0.2]"))
    assert prove(room, "H-2").verdict == verdict
    assert opinion(room, "H-2", most=8).verdict == said


def test_another_network_is_told_apart():
    model = hc.assemble(of_the_zoo("heated_room")[0])
    assert opinion(model, "UCA-1").verdict == HOLDS
    model.edit("b_U[0]", 1.0)
    assert opinion(model, "UCA-1").verdict != HOLDS


@pytest.mark.parametrize("step", [1, 3])
def test_its_formulas_follow_the_loop(step):
    """A temperature is reached in the step in which the simulator reaches it, and in none before."""
    model = of_the_zoo("heated_room")[1]
    still = {"room": (0.0, 0.0)}
    run = simulate(model, steps=6, runs=1, disturbance={"room": np.zeros((1, 1), np.float32)})
    reached = float(run.state["temperature"][0, step])
    assert np.all(np.diff(run.state["temperature"][0]) > 0.01)
    for off, verdict in ((-1e-4, BROKEN), (1e-4, BROKEN)):
        claim = SafetyClaim("X", "", ((StepTest("above", str(reached + off), ("room", "temperature")),),))
        found = second_opinion(statement_of(model, [claim], disturbance=still), 6)
        assert found.verdict == verdict and found.k == step + (1 if off < 0 else 2)


def test_what_heads_remember_is_followed_too():
    """The wheel brakes look back at four speeds: the first brake demand comes when the simulator says."""
    model = of_the_zoo("wheel_brakes")[1]
    inputs = {"landing": "intended", "weight on wheels": "yes"}
    trace = simulate(model, steps=4, inputs=inputs)
    pressure = np.ravel(trace.state["pressure"])
    (first,) = np.flatnonzero(pressure > 0.2)[:1]
    claim = SafetyClaim("X", "", ((StepTest("above", "1/5", ("brakes", "pressure")),),))
    found = second_opinion(statement_of(model, [claim]), 4)
    assert (found.verdict, found.k) == (BROKEN, first + 1)


def test_what_was_measured_some_steps_ago_is_handed_on_from_step_to_step():
    """A difference over some steps, of a number that stays: it is gone in the step in which the network says."""
    model = hc.assemble(
        loads(dumps(example("difference")).replace("reads: [x]}}}", "reads: [x], parameters: {steps: 3}}}}"))
    )
    value = float(model.names.domain(next(iter(model.names.input_signals))).high)
    outputs = forward(model.effective_weights.dense(), np.full((8, 1), value, np.float32), window=model.window)[0][:, 0]
    far = float(np.abs(outputs).max()) / 2
    step = int(np.argmax(np.abs(outputs) < far))
    claim = SafetyClaim("X", "", ((StepTest("below", str(far), column=0), StepTest("above", str(-far), column=0)),))
    stated = statement_of(model, [claim])
    said = json.loads(stated.text)
    said["numbers"][0]["range"] = [str(value), str(value)]
    found = second_opinion(replace(stated, text=json.dumps(said).encode()), 6)
    assert step == 3 and (found.verdict, found.k) == (BROKEN, step + 1)


@pytest.mark.parametrize(
    "array, value, reason", [("W_Q", 1.0, "by content"), ("b_K", 0.0, "several steps"), ("b_U", np.nan, "not finite")]
)
def test_what_has_no_formula_is_open_and_says_why(array, value, reason):
    model = of_the_zoo("heated_room")[1]
    stated = statement_of(model, claims_of(model.structure, model.names, ["H-2"]))
    arrays = {name: one.copy() for name, one in load(stated.arrays).items()}
    head = tuple(np.argwhere(np.any(arrays["W_V"], axis=(2, 3)))[0])
    arrays[array][(*head, 0)[: arrays[array].ndim] if array != "b_U" else 0] = value
    found = second_opinion(replace(stated, arrays=save(arrays)))
    assert found.verdict == OPEN and reason in str(found)


def test_of_a_loop_that_never_runs_nothing_is_said():
    """Where nothing can come from outside, whatever is claimed holds."""
    model = of_the_zoo("train_door")[1]
    stated = statement_of(model, claims_of(model.structure, model.names, rules=["UCA-1"]))
    said = json.loads(stated.text)
    said["assumed"] = [[[0, k]] for k in range(len(said["words"][0]["rows"]))]
    found = second_opinion(replace(stated, text=json.dumps(said).encode()))
    assert found.verdict == OPEN and "no run of 1 steps" in str(found)


def test_without_z3_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(hc.HandcraftedError, match="handcrafted\\[smt\\]"):
        opinion(of_the_zoo("heated_room")[1], "H-2")
    done = CliRunner().invoke(main, ["prove", "heated room", "--hazard", "H-2", "--second-opinion"])
    assert done.exit_code == 2 and "Install it" in done.output


@pytest.mark.parametrize(
    "words, said",
    [
        (["heated room", "--hazard", "H-2"], "never happens, by 2-induction"),
        (["cruise control"], "no words"),
        (["heated room", "--uca", "UCA-1"], "never happens, by 1-induction"),
    ],
)
def test_the_command_asks_for_it(words, said):
    done = CliRunner().invoke(main, ["prove", *words, "--second-opinion"])
    assert said in done.output and "Traceback" not in done.output


def test_an_assumption_counts():
    held = assuming(track(400, ("warm}}", "cold}}")), WARM)  # brakes that are never applied
    claim = SafetyClaim("X", "", ((StepTest("above", "1/2", ("", "brakes"), 0),),))
    assert second_opinion(statement_of(held, [claim]), 1).verdict == HOLDS
    assert second_opinion(statement_of(track(400), [claim]), 1).verdict == BROKEN
