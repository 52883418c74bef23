"""Equal names of different owners are different variables; readings that are declared to be of one are of one."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.parts import Bounds
from handcrafted.control.true_variable import TrueVariable
from handcrafted.loading.yamlfile import loads
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.safety.stpa.enumeration import contexts_of
from handcrafted.safety.stpa.tables import tables
from handcrafted.safety.stpa.timing import holds
from handcrafted.text.diagnostics import HandcraftedError

TWO_SENDERS = """
name: two senders
hazards: {H-1: {text: The wrong thing is hit}}
components:
  operator:
    kind: controller
    level: 0
    process model: {status: {values: [ok, bad], reads: [status]}}
    control algorithm: {engage: {law: decision table, when: {status: ok}}}
  fire control:
    kind: controller
    level: 1
    process model: {engage: {values: ['no', 'yes'], reads: [engage]}, status: {values: [ok, bad], reads: [status]}}
    control algorithm: {fire: {law: decision table, when: {engage: 'yes', status: ok}}}
  radar: {kind: sensor, level: 2}
  launcher: {kind: process, level: 2}
control actions:
  - {name: engage, from: operator, to: fire control, values: ['no', 'yes']}
  - {name: fire, from: fire control, to: launcher, values: ['no', 'yes']}
feedback:
  - {name: status, from: radar, to: operator, values: [ok, bad]}
  - {name: status, from: launcher, to: fire control, values: [ok, bad]}
unsafe control actions:
  - {id: UCA-1, by: operator, action: engage, type: provided, context: {radar.status: bad}, hazards: [H-1]}
  - {id: UCA-2, by: fire control, action: fire, type: provided, context: {launcher.status: bad}, hazards: [H-1]}
  - {id: UCA-3, by: fire control, action: fire, type: provided, context: {radar.status: bad}, hazards: [H-1]}
"""

TWO_SENSORS = """
name: two sensors
hazards: {H-1: {text: Too fast}}
components:
  controller:
    kind: controller
    level: 0
    process model: {left: {values: [slow, fast], reads: [A.speed]}, right: {values: [slow, fast], reads: [B.speed]}}
    control algorithm: {brake: {law: decision table, when: [{left: fast}, {right: fast}]}}
  A: {kind: sensor, level: 1}
  B: {kind: sensor, level: 1}
  car: {kind: process, level: 1}
control actions:
  - {name: brake, from: controller, to: car, values: ['no', 'yes']}
feedback:
  - {name: speed, from: A, to: controller, values: [slow, fast], of: speed}
  - {name: speed, from: B, to: controller, values: [slow, fast], of: speed}
unsafe control actions:
  - {id: UCA-1, by: controller, action: brake, type: not provided, context: {speed: fast}, hazards: [H-1]}
"""
BOTH = "when: {left: fast, right: fast}"
EITHER = "when: [{left: fast}, {right: fast}]"


def refusal(text):
    with pytest.raises(HandcraftedError) as error:
        loads(text)
    return str(error.value)


def axes_of(analysis, action):
    return {axis.name: tuple(cell.word for cell in axis.cells) for axis in analysis[action].contexts.axes}


def test_equal_names_of_two_senders_are_two_variables():
    structure = loads(TWO_SENDERS)
    state = structure.true_state
    assert {TrueVariable("radar", "status"), TrueVariable("launcher", "status")} <= set(state.domains)
    assert [state.called(one) for one in state.domains if one.name == "status"] == ["radar.status", "launcher.status"]
    found = analyse(hc.assemble(structure))
    assert axes_of(found, "engage") == {"radar.status": ("ok", "bad")}
    assert axes_of(found, "fire") == {
        "launcher.status": ("ok", "bad"), "radar.status": ("ok", "bad"), "engage": ("no", "yes"),
    }  # fmt: skip
    assert found.arising == ()
    one = found["fire"]
    assert one.run is not None
    runs, issued, _ = one.run.counts()
    for row, cells in enumerate(one.contexts.rows):  # by the two tables, over everything there is
        words = {axis.name: axis.cells[cell].word for axis, cell in zip(one.contexts.axes, cells, strict=True)}
        engaged = "yes" if words["radar.status"] == "ok" else "no"
        assert (runs[row] > 0) == (words["engage"] == engaged)
        if runs[row]:
            assert bool(issued[row]) == (engaged == "yes" and words["launcher.status"] == "ok")


def test_a_rule_about_the_one_is_broken_where_the_decision_heeds_the_other():
    wrong = TWO_SENDERS.replace(
        "{radar.status: bad}, hazards: [H-1]}\n  - {id: UCA-2", "{launcher.status: bad}}\n  - {id: UCA-2"
    )
    assert {one.rule.id for one in analyse(hc.assemble(loads(wrong))).arising} == {"UCA-1"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("context: {radar.status: bad}", "context: {status: bad}", "line 24: Expected a name that means one thing"),
        ("H-1: {text: The wrong thing is hit}", "H-1: {text: It, when: {status: bad}}", "line 3: Expected a name that"),
        ("from: launcher, to: fire control", "from: launcher, to: operator", "line 8: Expected a name that means one"),
        (
            "feedback:\n",
            "feedback:\n  - {name: status, from: radar, to: fire control, values: [ok, bad]}\n",
            "line 13: Expected a name that means one thing",
        ),
    ],
)
def test_a_bare_name_that_means_two_things_is_refused_with_the_choices(old, new, said):
    text = refusal(TWO_SENDERS.replace(old, new, 1))
    assert said in text and "`radar.status` and `launcher.status`" in text and "Write one of these" in text


@pytest.mark.parametrize("reads", ["reads: [status]", ""])
def test_a_variable_is_refused_that_says_not_which_of_two_it_reads(reads):
    both = TWO_SENDERS.replace("from: launcher, to: fire control", "from: launcher, to: operator", 1)
    variable = "status: {values: [ok, bad], reads: [status]}"
    text = refusal(both.replace(variable, f"status: {{values: [ok, bad]{', ' if reads else ''}{reads}}}", 1))
    assert "`radar.status` and `launcher.status`" in text and "{all named: status}" in text


def test_what_is_read_is_said_by_its_owner_or_as_all_of_the_name():
    both = TWO_SENDERS.replace("from: launcher, to: fire control", "from: launcher, to: operator", 1)
    both = both.replace(", status: {values: [ok, bad], reads: [status]}}", "}", 1).replace(", status: ok}}", "}}", 1)
    read = lambda text: [
        [str(link.id) for link in variable.reads]
        for variable in loads(both.replace("reads: [status]", text, 1)).resolved.controllers["operator"].variables
    ]
    radar, launcher = "radar -> operator: status", "launcher -> operator: status"
    assert read("reads: [radar.status]") == [[radar]] and read("reads: launcher.status") == [[launcher]]
    assert read("reads: {all named: status}") == [[radar, launcher]]
    assert "Expected the name of something that arrives" in refusal(both.replace("[status]", "{all named: statos}", 1))


BARE = """
name: bare
components:
  keeper: {kind: controller, level: 0, control algorithm: {act: {law: decision table, when: {RULE}}}}
  radar: {kind: sensor, level: 1}
  launcher: {kind: process, level: 1}
control actions: [{name: act, from: keeper, to: launcher, values: ['no', 'yes']}]
feedback:
  - {name: status, from: radar, to: keeper, values: [lost, tracking]}
  - {name: status, from: launcher, to: keeper, values: [safe, armed]}
"""


def test_a_controller_without_a_process_model_tells_what_arrives_apart():
    structure = loads(BARE.replace("RULE", "radar.status: tracking"))
    (keeper,) = structure.resolved.controllers.values()
    assert [variable.name for variable in keeper.variables] == ["radar.status", "launcher.status"]
    assert [read.name for read in keeper.entries[0].reads] == ["radar.status"]
    assert hc.compare(structure, hc.recover(hc.assemble(structure))).reproduced
    assert "`radar.status` and `launcher.status`" in refusal(BARE.replace("RULE", "status: tracking"))


def test_two_readings_of_one_quantity_are_one_variable_of_the_true_state():
    found = analyse(hc.assemble(loads(TWO_SENSORS)))
    assert axes_of(found, "brake") == {"speed": ("slow", "fast")}
    assert found.arising == () and found["brake"].false_beliefs == ()  # the other sensor still says so


def test_a_false_belief_through_each_of_two_readings_is_told_apart():
    found = analyse(hc.assemble(loads(TWO_SENSORS.replace(EITHER, BOTH))))
    assert found.arising == ()
    told = [(one.rule.id, one.reading, one.believed, one.contexts) for one in found["brake"].false_beliefs]
    assert told == [("UCA-1", "A.speed", 0, (1,)), ("UCA-1", "B.speed", 0, (1,))]
    rows = tables(found)["false_beliefs"]
    assert [row[2] for row in rows[1:]] == ["speed is slow, as A.speed says", "speed is slow, as B.speed says"]
    one = analyse(hc.assemble(loads(TWO_SENSORS.replace(EITHER, "when: {right: fast}"))))
    assert {false.reading for false in one["brake"].false_beliefs} == {"B.speed"}


def test_sensors_that_hand_one_signal_on_read_one_variable():
    plain = TWO_SENSORS.replace(", of: speed", "")
    assert "`A.speed` and `B.speed`" in refusal(plain)  # nothing says that they measure one thing
    chain = plain.replace(
        "feedback:", "feedback:\n  - {name: speed, from: car, to: A}\n  - {name: speed, from: car, to: B}"
    )
    structure = loads(chain)
    assert structure.true_state.variable("speed") == TrueVariable("car", "speed")
    assert structure.true_state.variable("A.speed") == TrueVariable("car", "speed")
    assert axes_of(analyse(hc.assemble(structure)), "brake") == {"speed": ("slow", "fast")}


def test_readings_of_one_quantity_have_one_domain_and_only_sensors_read():
    assert "Expected one domain for speed of B" in refusal(
        TWO_SENSORS.replace("right: {values: [slow, fast]", "right: {values: [low, high]")
        .replace("right: fast", "right: high")
        .replace("from: B, to: controller, values: [slow, fast]", "from: B, to: controller, values: [low, high]")
    )
    assert "Expected `of` on what a sensor reads" in refusal(
        TWO_SENSORS.replace("to: car, values: ['no', 'yes']", "to: car, values: ['no', 'yes'], of: speed")
    )


def test_readings_of_a_process_measure_it_and_those_of_nobody_come_from_outside_as_one():
    moving = TWO_SENSORS.replace("values: [slow, fast]", "range: [0, 40]").replace("of: speed", "of: car.speed")
    moving = moving.replace("{left: fast}, {right: fast}", "{left: {above: 20}}, {right: {above: 20}}")
    moving = moving.replace("{speed: fast}", "{speed: {above: 20}}")
    dynamics = (
        "dynamics: {law: first order, output: speed, inputs: {brake: -5}, time constant: 4, rest: 30, initial: 10}"
    )
    moving = moving.replace("car: {kind: process, level: 1}", f"car: {{kind: process, level: 1, {dynamics}}}")
    trace = hc.simulate(hc.assemble(loads(moving)), steps=20)
    np.testing.assert_array_equal(trace.measured["A.speed"], trace.state["speed"])
    np.testing.assert_array_equal(trace.measured["B.speed"], trace.state["speed"])
    outside = hc.simulate(hc.assemble(loads(TWO_SENSORS)), steps=2, inputs={"speed": ["slow", "fast"]})
    assert outside.words(outside.measured, "A.speed").tolist() == ["slow", "fast"]
    assert outside.words(outside.measured, "B.speed").tolist() == ["slow", "fast"]


def test_contexts_name_a_variable_by_its_shortest_name_however_the_file_has_it():
    by_owner = TWO_SENSORS.replace("{speed: fast}, hazards", "{A.speed: fast}, hazards")
    structure = loads(by_owner)
    (action,) = hc.analyse(hc.assemble(structure)).actions
    assert [axis.name for axis in action.contexts.axes] == ["speed"]
    assert np.array_equal(action.contexts.rows, contexts_of(structure, action.action).rows)
    twice = TWO_SENSORS.replace("{speed: fast}, hazards", "{A.speed: fast, speed: fast}, hazards")
    assert "Expected each variable once" in refusal(twice)


TANKS = """
name: tanks
components:
  keeper:
    kind: controller
    level: 0
    control algorithm: {act: {law: linear, reads: [a.level], parameters: {gains: {a.level: 0.5}}}}
  a: {kind: process, level: 1, dynamics: {law: first order, output: level, inputs: {act: 0}, rest: 8, time constant: 4}}
  b: {kind: process, level: 1, dynamics: {law: first order, output: level, inputs: {}, rest: 2, time constant: 4}}
control actions: [{name: act, from: keeper, to: a, range: [0, 10]}]
feedback:
  - {name: level, from: a, to: keeper, range: [0, 10]}
  - {name: level, from: b, to: keeper, range: [0, 10]}
"""


def test_on_a_trace_the_variable_of_the_owner_is_looked_at():
    trace = hc.simulate(hc.assemble(loads(TANKS)), steps=30)
    above = lambda name: holds(trace, ({name: Bounds(above=3)},))
    np.testing.assert_array_equal(above("a.level"), trace.state["a.level"] > 3)
    np.testing.assert_array_equal(above("b.level"), trace.state["b.level"] > 3)
    assert above("a.level").any() and not above("b.level").any()
