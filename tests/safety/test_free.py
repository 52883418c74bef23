"""A decision that nobody states may issue anything; what is not put to the test is said not to be."""

import numpy as np
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.control.signal_graph import network_input
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import loads
from handcrafted.loading.zoom import Zoom
from handcrafted.model.run import run
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.safety.stpa.free import freed
from handcrafted.safety.stpa.report import as_markdown
from handcrafted.view.hazards import MISLED, UNTESTED, _drawn
from tests.control.strategies import lawful, published

CAR = """
name: car
losses: {L-1: Somebody is hurt}
hazards: {H-1: {text: The car brakes while the driver drives, losses: [L-1]}}
components:
  driver: {kind: controller, level: 0}
  autonomy:
    kind: controller
    level: 1
    process model:
      mode: {values: ['off', autonomous], reads: [mode]}
      collision: {values: ['no', imminent], reads: [collision]}
    control algorithm:
      brake: {law: decision table, when: {mode: autonomous, collision: imminent}}
  vehicle: {kind: process, level: 2}
control actions:
  - {name: mode, from: driver, to: autonomy, values: ['off', autonomous]}
  - {name: brake, from: autonomy, to: vehicle, values: ['no', 'yes']}
feedback:
  - {name: collision, from: vehicle, to: autonomy, values: ['no', imminent]}
unsafe control actions:
  - {id: UCA-1, by: autonomy, action: brake, type: provided, context: {mode: 'off'}, hazards: [H-1]}
  - {id: UCA-2, by: autonomy, action: brake, type: not provided, context: {mode: autonomous, collision: imminent}}
  - {id: UCA-3, by: driver, action: mode, type: provided, context: {collision: imminent}, hazards: [H-1]}
  - {id: UCA-4, by: autonomy, action: brake, type: too late, context: {collision: imminent}, hazards: [H-1]}
"""
STATED = "driver: {kind: controller, level: 0, control algorithm: {mode: {law: constant, parameters: {value: 'off'}}}}"


def untested(found):
    return {one.rule.id: one.reason for one in found.untested}


def test_a_free_sender_is_tried_with_all_its_values_and_rules_about_it_are_not_tested():
    structure = loads(CAR)
    found = analyse(hc.assemble(structure))
    assert found.arising == () and [rule.id for rule in found.tested] == ["UCA-1", "UCA-2"]
    assert untested(found) == {
        "UCA-3": "nobody states by which law driver decides mode",
        "UCA-4": "no process has dynamics, so that no order of steps comes about",
    }
    one = found["brake"]
    assert one.run is not None
    runs, issued, withheld = one.run.counts()
    for row, cells in enumerate(one.contexts.rows):
        words = {axis.name: axis.cells[cell].word for axis, cell in zip(one.contexts.axes, cells, strict=True)}
        braked = words == {"mode": "autonomous", "collision": "imminent"}  # by the table, over all values of the driver
        assert runs[row] > 0 and bool(issued[row]) == braked and bool(withheld[row]) != braked


def test_a_rule_that_a_free_sender_can_break_is_broken_and_once_its_law_is_stated_it_is_not():
    wrong = CAR.replace("when: {mode: autonomous, collision: imminent}", "when: {collision: imminent}", 1)
    assert {one.rule.id for one in analyse(hc.assemble(loads(wrong))).arising} == {"UCA-1"}
    stated = loads(CAR.replace("driver: {kind: controller, level: 0}", STATED))
    assert stated.freed is stated
    found = analyse(hc.assemble(stated))
    assert untested(found)["UCA-2"] == "its context never comes up, whatever the network is given"
    assert "UCA-1" not in untested(found) and "UCA-3" not in untested(found)


def test_the_numbers_of_an_edited_model_are_those_that_are_analysed():
    model = hc.assemble(loads(CAR))
    place = next(place for place in model.layout if place.writes.name == "brake" and place.part == "mlp")
    for number in place.components:
        model.edit(f"b_in[{place.layer}, {number}]", 1.0)  # it brakes whatever it believes
    assert {one.rule.id for one in analyse(model).arising} == {"UCA-1"}
    cut, (signal,) = hc.assemble(loads(CAR)), model.names.output_signals
    for column in cut.names.output_signals[signal]:
        cut.edit(f"W_U[{np.flatnonzero(np.asarray(cut.weights.W_U)[:, column])[0]}, {column}]", 0.0)
    assert not np.any(freed(cut).weights.W_U) and {one.rule.id for one in analyse(cut).arising} >= {"UCA-2"}


SUMMED = """
name: summed
components:
  keeper:
    kind: controller
    level: 0
    process model: {speed: {range: [0, 20], reads: [a, b]}}
    control algorithm: {brake: {law: comparator, reads: [speed], parameters: {above: 5}}}
  car: {kind: process, level: 1}
control actions: [{name: brake, from: keeper, to: car, values: ['no', 'yes']}]
feedback:
  - {name: a, from: car, to: keeper, range: [0, 10]}
  - {name: b, from: car, to: keeper, range: [0, 10]}
unsafe control actions: [{id: U-1, by: keeper, action: brake, type: not provided, context: {a: {above: 5}}}]
"""


def test_a_belief_of_several_readings_without_a_law_is_a_placeholder_too():
    found = analyse(hc.assemble(loads(SUMMED)))
    assert untested(found) == {"U-1": "nobody states by which law keeper comes to believe speed"}
    stated = SUMMED.replace("reads: [a, b]}", "reads: [a, b], law: maximum}")
    found = analyse(hc.assemble(loads(stated)))
    assert untested(found) == {} and found.arising == ()


def test_the_command_the_report_and_the_picture_say_what_was_not_tested(tmp_path):
    (tmp_path / "car.yaml").write_text(CAR)
    done = CliRunner().invoke(main, ["analyse", str(tmp_path / "car.yaml"), "-o", str(tmp_path / "out")])
    assert done.exit_code == 3, done.output
    assert "UCA-3 was not put to the test: nobody states by which law driver decides mode" in done.stderr
    assert "Step 4 is left out: nobody states by which law is decided driver's mode." in done.stderr
    report = (tmp_path / "out" / "report.md").read_text()
    assert "**UCA-3, UCA-4 not put to the test** (see below)" in report
    assert "does the network do what a rule about UCA-1, UCA-2 calls unsafe" in report
    assert (tmp_path / "out" / "untested.csv").read_text().count("UCA-") == 2
    found = analyse(hc.assemble(loads(CAR)))
    looks = {one.id.name: one.look for one in _drawn(found, Zoom(found.structure, ()))}
    assert looks["mode"] == UNTESTED and looks["brake"] == MISLED  # a stuck mode makes it brake
    remarks = {one.id.name: one.remark for one in _drawn(found, Zoom(found.structure, ()))}
    assert remarks["mode"] == "(UCA-3)" and remarks["brake"] == "(UCA-1, UCA-2; not tested: UCA-4)"
    broken = CAR.replace("when: {mode: autonomous, collision: imminent}", "when: {collision: imminent}", 1)
    (tmp_path / "car.yaml").write_text(broken)
    assert CliRunner().invoke(main, ["analyse", str(tmp_path / "car.yaml"), "--no-faults"]).exit_code == 1
    whole = as_markdown(analyse(hc.assemble(hc.load("heated room"))), picture=False)
    assert "not put to the test" not in whole and "In no context that came up" in whole


MOVING = """
name: moving
components:
  operator: {kind: controller, level: 0}
  keeper:
    kind: controller
    level: 1
    process model: {want: {range: [0, 10], reads: [want]}, height: {range: [0, 10], reads: [height]}}
    control algorithm:
      lift: {law: comparator, reads: [height], parameters: {above: 5}}
  mass:
    kind: process
    level: 2
    dynamics: {law: first order, output: height, inputs: {want: 1}, time constant: 2, initial: 1}
control actions:
  - {name: want, from: operator, to: keeper, range: [0, 10]}
  - {name: want, from: operator, to: mass, range: [0, 10]}
  - {name: lift, from: keeper, to: mass, values: ['no', 'yes']}
feedback: [{name: height, from: mass, to: keeper, range: [0, 10]}]
unsafe control actions:
  - {id: U-1, by: keeper, action: lift, type: too late, context: {height: {above: 6}}}
  - {id: U-2, by: keeper, action: lift, type: too late, context: {height: {above: 9.99}}}
"""


def test_in_the_closed_loop_a_free_decision_takes_any_value_at_any_step():
    found = analyse(hc.assemble(loads(MOVING)))
    assert untested(found) == {"U-2": "its context did not come up in 32 runs of 100 steps"}
    assert found.runs == 32 and found.broken == ()  # it lifts from 5 on
    late = analyse(hc.assemble(loads(MOVING.replace("above: 5", "above: 8"))))
    assert {one.rule.id for one in late.broken} == {"U-1"}


def without_some_laws(structure, number):
    """Leave out the laws of some decisions."""
    data = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    entries = [(part["control algorithm"], name) for part in data["components"].values()
               for name in part.get("control algorithm", ())]  # fmt: skip
    for place, (algorithm, name) in enumerate(entries):
        if number >> place & 1:
            del algorithm[name]
    return ControlStructure.model_validate(data)


SOME = st.one_of(published(12), st.builds(without_some_laws, lawful(), st.integers(0, 255)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(structure=SOME)
def test_a_freed_network_given_what_placeholders_decide_does_what_the_whole_one_does(structure):
    """Circuits and wires are those of the model, whatever the structure."""
    model = hc.assemble(structure)
    free = freed(model)
    assert (free is model) == (not structure.unstated)
    rng = np.random.default_rng(0)
    inputs = rng.normal(0, 1, (1, 12, model.weights.sizes["n_in"])).astype(np.float32)
    outputs, seen = run(model.effective_weights.numpy(), inputs)
    fed = np.zeros((1, 12, free.weights.sizes["n_in"]), np.float32)
    for link in free.structure.resolved.links:
        if link.port is not None and not link.sent_by_controller:
            whole = structure.resolved.link(link.id).port
            assert whole is not None
            at = free.names.input_signals[network_input(link.port)]
            fed[..., at] = seen["final"][..., model.names.find(whole)]
    found, _ = run(free.effective_weights.numpy(), fed)
    for signal, at in free.names.output_signals.items():
        there = model.names.output_signals[signal]
        np.testing.assert_allclose(found[..., at], outputs[..., there], atol=2e-5)
    if structure.unstated and free.names.outputs and np.ptp(found) > 1e-3:
        spoiled = free.effective_weights.numpy()
        spoiled.W_U[:] *= np.float32(2)
        assert np.abs(run(spoiled, fed)[0] - found).max() > 1e-4  # so a wrong number shows
