"""STPA as it is practised: rules in words, assumptions, what is missing, what is demanded together, and step 4."""

from io import BytesIO

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.exchange.xlsx import as_xlsx
from handcrafted.loading.yamlfile import loads
from handcrafted.safety.faults.faultlist import FaultList
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.safety.stpa.report import as_markdown
from handcrafted.safety.stpa.tables import tables
from handcrafted.safety.stpa.timing import broken_rules
from handcrafted.safety.stpa.verdicts import context_text
from handcrafted.text.diagnostics import HandcraftedError

BRAKES = """
name: brake constraint
losses: {L-1: The aircraft is damaged}
hazards:
  H-1: {text: The wheels are braked in the air, losses: [L-1]}
  H-2: {text: The aircraft does not slow down, losses: [L-1]}
components:
  crew:
    kind: controller
    level: 0
    process model:
      landing: {values: ['no', 'yes'], reads: [landing]}
      weight on wheels: {values: ['no', 'yes'], reads: [weight on wheels]}
    control algorithm:
      hit brakes: {law: decision table, when: {weight on wheels: 'yes'}}
  aircraft: {kind: process, level: 1}
  environment: {kind: process, level: 1}
control actions:
  - {name: hit brakes, from: crew, to: aircraft, values: ['no', 'yes']}
feedback:
  - {name: landing, from: aircraft, to: crew}
  - {name: weight on wheels, from: aircraft, to: crew}
other inputs:
  - {name: runway, from: environment, to: aircraft, values: [dry, wet]}
unsafe control actions:
  - {id: UCA-1, by: crew, action: hit brakes, type: provided, context: {weight on wheels: 'no'}, hazards: [H-1]}
  - {id: UCA-2, by: crew, action: hit brakes, type: not provided, context: {landing: 'yes'}, hazards: [H-2]}
"""
ASSUMED = """assume:
  A-1:
    text: On a dry runway there is weight on the wheels as soon as it lands
    when: {landing: 'yes', runway: dry}
    then: {weight on wheels: 'yes'}
"""
IN_WORDS = """  - {id: UCA-3, by: crew, action: hit brakes, type: too late, text: Too late in fog, hazards: [H-2]}
  - id: UCA-4
    by: crew
    action: hit brakes
    type: provided
    text: The crew brakes while it is pushed back
    context: {landing: 'no', weight on wheels: 'yes'}
    comment: after <the> second workshop
"""
AFTER = """controller constraints: {CC-1: {text: The crew brakes with weight on the wheels alone, for: UCA-1}}
loss scenarios:
  LS-1: {text: The weight sensor sticks, for: [UCA-1], factor: inadequate feedback}
  LS-2: {text: The valve is frozen, hazards: [H-2], class: why it has no effect, factor: action not carried out}
requirements: {R-1: {text: Two weight sensors, for: [LS-1, CC-1]}}
"""


def conflicts(text):
    one = analyse(hc.assemble(loads(text)))["hit brakes"]
    return [context_text(one.contexts, int(row)) for row in np.flatnonzero(one.verdicts.conflicts)]


def test_an_assumption_rules_contexts_out_and_without_it_they_are_in():
    assert conflicts(BRAKES) == ["weight on wheels is no and landing is yes"]
    assert conflicts(BRAKES + ASSUMED) == ["weight on wheels is no and landing is yes and runway is wet"]
    never = "assume: {A-1: {text: Not so, never: {landing: 'yes', runway: dry, weight on wheels: 'no'}}}\n"
    assert conflicts(BRAKES + never) == conflicts(BRAKES + ASSUMED)
    both = "assume: {A-1: {text: Not so, never: {landing: 'yes', weight on wheels: 'no'}}}\n"
    assert conflicts(BRAKES + both) == []


def test_what_is_not_ruled_out_is_tried_even_where_the_network_cannot_see_what_rules_out():
    """The runway is on no input: contexts that differ by it alone are alike, as far as they can come about."""
    found = analyse(hc.assemble(loads(BRAKES + ASSUMED)))
    one = found["hit brakes"]
    assert one.run is not None and len(one.contexts) == 7 and one.contexts.ruled_out == {"A-1": 1}
    runs, issued, _ = one.run.counts()
    assert (runs > 0).all()
    weight = next(at for at, axis in enumerate(one.contexts.axes) if axis.name == "weight on wheels")
    assert np.array_equal(issued > 0, one.contexts.rows[:, weight] == 1)
    assert {arising.rule.id for arising in found.arising} == {"UCA-2"} and not found.untested
    report = as_markdown(found)
    assert "as soon as it lands: rules out 1 context." in report and "It does not hold" not in report


def test_an_assumption_that_the_loop_breaks_is_said_to_be_broken_and_one_that_leaves_nothing_is_refused():
    room = hc.load("heated room")
    hot = {"A-1": {"text": "It is never above 15 degC", "never": {"temperature": {"above": 15}}}}
    warm = {"A-1": {"text": "It is never above 35 degC", "never": {"temperature": {"above": 35}}}}
    with_one = lambda assumed: loads(hc.load("heated room").model_copy(update={}).__class__.model_validate(
        {**room.model_dump(by_alias=True, exclude_unset=True), "assume": assumed}
    ).model_dump_json(by_alias=True, exclude_unset=True))  # fmt: skip
    found = analyse(hc.assemble(with_one(hot)))
    assert [one.assumption for one in found.unfounded] == ["A-1"] and "It does not hold" in as_markdown(found)
    assert analyse(hc.assemble(with_one(warm))).unfounded == ()
    words = "assume: {A-1: {text: The crew is awake}}\n"
    assert "The crew is awake: in words alone, and so it rules nothing out." in as_markdown(
        analyse(hc.assemble(loads(BRAKES + words)))
    )
    nothing = BRAKES + "assume: {A-1: {text: Never, never: [{landing: 'yes'}, {landing: 'no'}]}}\n"
    with pytest.raises(HandcraftedError, match="Expected assumptions that leave some context of crew's hit brakes"):
        analyse(hc.assemble(loads(nothing)))


UPSTREAM = """
name: upstream
components:
  operator:
    kind: controller
    level: 0
    process model: {radar: {values: [bad, ok], reads: [radar]}, weather: {values: [calm, storm], reads: [weather]}}
    control algorithm: {engage: {law: decision table, when: {radar: ok, weather: storm}}}
  gunner:
    kind: controller
    level: 1
    process model: {engage: {values: ['no', 'yes'], reads: [engage]}}
    control algorithm: {fire: {law: decision table, when: {engage: 'yes'}}}
  sky: {kind: process, level: 2}
control actions:
  - {name: engage, from: operator, to: gunner, values: ['no', 'yes']}
  - {name: fire, from: gunner, to: sky, values: ['no', 'yes']}
feedback:
  - {name: radar, from: sky, to: operator, values: [bad, ok]}
  - {name: weather, from: sky, to: operator, values: [calm, storm]}
unsafe control actions:
  - {id: UCA-1, by: gunner, action: fire, type: provided, context: {engage: 'yes'}}
"""


def test_what_the_network_is_given_beside_a_context_keeps_to_the_assumptions_too():
    """The gunner's contexts are of the command alone; what brings the command about is ruled out."""
    free = analyse(hc.assemble(loads(UPSTREAM)))
    assert {one.rule.id for one in free.arising} == {"UCA-1"} and not free.untested
    never = "assume: {A-1: {text: No radar in a storm, never: {radar: ok, weather: storm}}}\n"
    found = analyse(hc.assemble(loads(UPSTREAM + never)))
    assert [axis.name for axis in found["fire"].contexts.axes] == ["engage"] and not found.arising
    assert [one.reason for one in found.untested] == ["its context never comes up, whatever the network is given"]
    nothing = "assume: {A-1: {text: Neither, never: [{radar: ok}, {radar: bad}]}}\n"
    with pytest.raises(HandcraftedError, match="Expected assumptions that leave some"):
        analyse(hc.assemble(loads(UPSTREAM + nothing)))


def test_a_rule_in_words_is_kept_and_listed_and_never_counts_as_kept():
    structure = loads(BRAKES + IN_WORDS)
    found = analyse(hc.assemble(structure))
    reasons = {one.rule.id: one.reason for one in found.untested}
    assert reasons == {"UCA-3": "it stands in words alone; state its `context` to have it tested"}
    assert [rule.id for rule in found.tested] == ["UCA-1", "UCA-2", "UCA-4"]
    assert "UCA-4" in {one.rule.id for one in found.arising}  # it has both: words, and a context that comes up
    report = as_markdown(found)
    words, formal = report.index("In words, and so not put to the test"), report.index("Stated formally")
    assert formal < report.index("**UCA-4**") < words < report.index("**UCA-3** Too late in fog")
    assert "&lt;the" in report or "\\<the" in report
    assert "No rule says anything of: too early, out of order, stopped too soon, applied too long." in report
    assert "The unsafe control action … leads to no hazard" not in report and "UCA-4 leads to no hazard" in report
    assert "1 control action, 4 contexts, 4 rules, 1 context in conflict" in report
    rows = {row[0]: row for row in tables(found)["unsafe_control_actions"]}
    assert rows["UCA-3"][1] == "in words" and rows["UCA-4"][1] == "formally"
    assert rows["UCA-4"][-2:] == ("The crew brakes while it is pushed back", "after <the> second workshop")
    (header, row) = tables(found)["unsafe_by_type"]
    assert header[2:] == (
        "not provided", "provided", "too early, too late, out of order", "stopped too soon, applied too long",
    )  # fmt: skip
    assert [cell.count("UCA-") for cell in row[2:]] == [1, 2, 1, 0] and row[4].startswith("UCA-3: Too late")


def test_a_rule_in_words_survives_saving(tmp_path):
    structure = loads(BRAKES + IN_WORDS + ASSUMED + AFTER)
    structure.save(tmp_path / "brakes.yaml")
    assert hc.load(tmp_path / "brakes.yaml") == structure


def test_scenarios_constraints_and_requirements_are_kept_and_traced():
    found = analyse(hc.assemble(loads(BRAKES + AFTER)))
    rows = tables(found)["step_4"][1:]
    assert [row[0] for row in rows] == ["CC-1", "LS-1", "LS-2", "R-1"]
    assert rows[1][5:] == ("why it is issued", "inadequate feedback")
    assert rows[2][3:] == ("", "H-2", "why it has no effect", "action not carried out")
    assert "The weight sensor sticks" in as_markdown(found)
    several = as_markdown(analyse(hc.assemble(loads(BRAKES + IN_WORDS + AFTER))))
    assert "The unsafe control action … has no loss scenario (UCA-2, UCA-3, UCA-4)." in several
    missing = [one.text for one in found.breaks]
    assert "The unsafe control action UCA-2 has no loss scenario." in missing
    assert "The loss scenario LS-2 leads to no requirement." in missing
    assert not any("UCA-1" in text or "LS-1" in text for text in missing)
    before = analyse(hc.assemble(loads(BRAKES)))  # an analyst who has not begun step 4 is not told what it lacks
    assert not any("scenario" in one.text or "requirement" in one.text for one in before.breaks)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("for: UCA-1", "for: UCA-9", "the id of an unsafe control action, got `UCA-9`"),
        ("factor: inadequate feedback", "factor: bad luck", "Expected `factor` to be one of"),
        ("class: why it has no effect", "class: b", "Expected `class` to be one of"),
        ("hazards: [H-2], class", "hazards: [H-7], class", "Expected a declared hazard, got `H-7`"),
        ("for: [LS-1, CC-1]", "for: [LS-5]", "the id of a scenario, constraint, unsafe control action or hazard"),
        ("then: {weight on wheels: 'yes'}", "then: {weight on wheel: 'yes'}", "Expected a known variable"),
        ("    then: {weight on wheels: 'yes'}\n", "", "Expected `then` beside `when` in an assumption"),
        ("then: {weight", "never: {runway: wet}\n    then: {weight", "in an assumption, got both"),
    ],
)
def test_what_an_analyst_mistypes_is_refused_with_its_line(old, new, said):
    text = (BRAKES + ASSUMED + AFTER).replace(old, new, 1)
    with pytest.raises(HandcraftedError) as error:
        loads(text)
    assert said in str(error.value) and ", line " in str(error.value)


DRIVER = """
name: two actions
hazards: {H-1: {text: In the crossing at red}, H-2: {text: Run into from behind}}
components:
  driver:
    kind: controller
    level: 0
    process model: {signal: {values: [green, red], reads: [signal]}}
    control algorithm:
      {go: {law: decision table, when: {signal: red}}, halt: {law: decision table, when: {signal: red}}}
  car: {kind: process, level: 1}
  lamp: {kind: process, level: 1}
control actions:
  - {name: go, from: driver, to: car, values: ['no', 'yes']}
  - {name: halt, from: driver, to: car, values: ['no', 'yes']}
feedback:
  - {name: signal, from: lamp, to: driver}
unsafe control actions:
  - {id: UCA-1, by: driver, action: go, type: not provided, context: {signal: red}, hazards: [H-2]}
  - {id: UCA-2, by: driver, action: halt, type: not provided, context: {signal: red}, hazards: [H-1]}
"""


def test_two_actions_that_are_demanded_in_one_context_are_named():
    found = analyse(hc.assemble(loads(DRIVER)))
    assert [str(one) for one in found.together] == [
        "In the context that signal is red both go and halt are demanded of driver (UCA-1, UCA-2)"
    ]
    assert "both go and halt are demanded of driver" in as_markdown(found)
    apart = DRIVER.replace(
        "go, type: not provided, context: {signal: red}", "go, type: not provided, context: {signal: green}"
    )
    assert analyse(hc.assemble(loads(apart))).together == ()
    assert (
        analyse(hc.assemble(loads(DRIVER.replace("halt, type: not provided", "halt, type: provided")))).together == ()
    )
    numbers = DRIVER.replace("values: [green, red]", "range: [0, 10]").replace(
        "{signal: red}}, halt", "{signal: {above: 1}}}, halt"
    )
    numbers = numbers.replace("when: {signal: red}}}", "when: {signal: {above: 2}}}}")
    numbers = numbers.replace("{signal: red}, hazards: [H-2]", "{signal: {below: 6}}, hazards: [H-2]")
    numbers = numbers.replace("{signal: red}, hazards: [H-1]", "{signal: {above: 4}}, hazards: [H-1]")
    (both,) = analyse(hc.assemble(loads(numbers))).together
    assert both.contexts == ("signal is above 4 and below 6",)


def test_a_narrow_context_of_a_number_comes_up():
    numbers = DRIVER.replace("values: [green, red]", "range: [0, 10]").replace("signal: red}}", "signal: {above: 1}}}")
    narrow = numbers.replace("{signal: red}, hazards: [H-2]", "{signal: {above: 4.1, below: 4.3}}, hazards: [H-2]")
    narrow = narrow.replace("{signal: red}, hazards: [H-1]", "{signal: {above: 12}}, hazards: [H-1]")
    found = analyse(hc.assemble(loads(narrow)))
    assert {one.rule.id for one in found.untested} == {"UCA-2"}  # which is about what is beyond the range
    one = found["go"]
    assert one.run is not None and (one.run.counts()[0] > 0).all() and len(one.contexts) > 3


PUMP = """
name: pump
components:
  pump controller: {kind: controller, level: 0}
  watchdog: {kind: controller, level: 1}
  valve: {kind: actuator, level: 2}
  tank: {kind: process, level: 3}
control actions:
  - {name: pump, from: pump controller, to: valve, values: ['off', 'on']}
  - {name: pump, from: valve, to: tank}
FEEDBACK
"""


def findings(text):
    return [one.text for one in loads(text).resolved.findings if one.kind in ("missing feedback", *UP)]


UP = ("control action up", "control action sideways")


@pytest.mark.parametrize(
    "heard",
    [
        "  - {name: level, from: tank, to: pump controller}",
        "  - {name: level, from: tank, to: gauge}\n  - {name: level, from: gauge, to: pump controller}",
        "  - {name: level, from: tank, to: watchdog}\n  - {name: alarm, from: watchdog, to: pump controller}",
        "  - {name: valve position, from: valve, to: pump controller}",
    ],
)
def test_a_controller_that_acts_and_hears_nothing_back_is_named_and_one_that_hears_is_not(heard):
    gauge = PUMP.replace("  tank:", "  gauge: {kind: sensor, level: 2}\n  tank:")
    deaf = "pump controller acts on tank (pump) and hears nothing back from it."
    assert deaf in findings(gauge.replace("FEEDBACK", ""))
    assert deaf in findings(gauge.replace("FEEDBACK", "feedback:\n  - {name: level, from: tank, to: watchdog}"))
    assert deaf not in findings(gauge.replace("FEEDBACK", f"feedback:\n{heard}"))


def test_control_actions_go_up_and_sideways_with_a_finding(tmp_path):
    kick = PUMP.replace("FEEDBACK", "  - {name: kick, from: watchdog, to: pump controller, values: ['no', 'yes']}")
    assert "The control action kick goes up, from watchdog (level 1) to pump controller (level 0)." in findings(kick)
    beside = kick.replace("watchdog: {kind: controller, level: 1}", "watchdog: {kind: controller, level: 0}")
    assert "The control action kick goes sideways, from watchdog (level 0) to pump controller (level 0)." in findings(
        beside
    )
    assert not [text for text in findings(PUMP.replace("FEEDBACK", "")) if "goes" in text]
    structure = loads(kick)
    (link,) = (link for link in structure.resolved.links if link.id.name == "kick")
    assert link.lag == 1  # against the levels through the recurrence
    assert hc.compare(structure, hc.recover(hc.assemble(structure))).reproduced
    hc.draw(structure, tmp_path / "kick.png")
    assert (tmp_path / "kick.png").stat().st_size > 1000


def test_the_terminal_says_what_is_in_words_and_exits_accordingly(tmp_path):
    path = tmp_path / "brakes.yaml"
    fine = BRAKES.replace("context: {landing: 'yes'}", "context: {weight on wheels: 'yes'}")
    path.write_text(fine, encoding="utf-8")
    assert CliRunner().invoke(main, ["analyse", str(path), "--no-faults"]).exit_code == 0
    path.write_text(fine + IN_WORDS[: IN_WORDS.index("  - id: UCA-4")], encoding="utf-8")
    done = CliRunner().invoke(main, ["analyse", str(path), "--no-faults"])
    assert done.exit_code == 3 and "UCA-3 was not put to the test: it stands in words alone" in done.output


def test_several_files_each_get_their_answer_and_a_bad_one_takes_no_others_away(tmp_path):
    good, bad = tmp_path / "brakes.yaml", tmp_path / "bad.yaml"
    good.write_text(BRAKES, encoding="utf-8")
    bad.write_text("name: [", encoding="utf-8")
    run = lambda *files: CliRunner().invoke(
        main, ["analyse", *map(str, files), "-o", str(tmp_path / "out"), "--no-faults"]
    )
    done = run(bad, good, "train door")
    assert done.exit_code == 2 and "bad.yaml, line 1: Expected valid YAML" in done.output
    assert (tmp_path / "out" / "brakes" / "report.md").exists() and (
        tmp_path / "out" / "train_door" / "report.md"
    ).exists()
    assert run(good, "train door").exit_code == 1  # what the one breaks is not lost behind the other
    assert run("train door", "heated room").exit_code == 0
    twice = tmp_path / "other" / "brakes.yaml"
    twice.parent.mkdir()
    twice.write_text(BRAKES, encoding="utf-8")
    assert "Expected files of different names" in run(good, twice).output


def test_the_same_tables_are_the_same_workbook_whenever_it_is_written(monkeypatch):
    import datetime

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 5, 6, 7, 8, 9, tzinfo=tz)

    tables_ = {"rules": [["id", "text"], ["UCA-1", "braked in the air"]]}
    first = as_xlsx(tables_)
    monkeypatch.setattr("openpyxl.writer.excel.datetime.datetime", Later)
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 5, 6, 7, 8, 9, 1, 126, 0))
    assert as_xlsx(tables_) == first
    assert as_xlsx({"rules": [["id", "text"], ["UCA-1", "braked"]]}) != first


def test_the_workbook_holds_the_tables_as_text():
    named = loads(BRAKES.replace("hit brakes", "'=1+1'") + IN_WORDS.replace("hit brakes", "'=1+1'"))
    every = tables(analyse(hc.assemble(named)))
    book = openpyxl.load_workbook(BytesIO(as_xlsx(every)))
    sheet = book["unsafe control actions"]
    assert [[cell.value or "" for cell in row] for row in sheet.rows] == [
        list(row) for row in every["unsafe_control_actions"]
    ]
    cells = [cell for one in book.worksheets for row in one.rows for cell in row]
    assert {cell.data_type for cell in cells if cell.value} == {"s"} and any(cell.value == "=1+1" for cell in cells)
    assert "step 4" not in book.sheetnames  # nobody has begun it


def test_a_sub_constraint_is_kept_and_served_with_what_it_is_part_of():
    whole = "constraints: {SC-1: {text: It slows down, hazards: [H-2]}, SC-2: {text: In time, part of: SC-1}}\n"
    served = BRAKES.replace(
        "kind: controller\n", "kind: controller\n    responsibilities: {R-1: {text: Brake, constraints: [SC-1]}}\n"
    )
    about = lambda text: [one.text for one in analyse(hc.assemble(loads(text))).breaks if "SC-2" in one.text]
    assert about(served + whole) == []
    assert about(BRAKES + whole) == ["Nobody is responsible for the constraint SC-2."]
    assert len(about(served + whole.replace(", part of: SC-1", ""))) == 2


DRIVE = """
name: drive
losses: {L-1: A person is hurt}
hazards: {H-1: {text: The arm is driven unasked, losses: [L-1], when: {speed: {above: 5}}}}
components:
  boss:
    kind: controller
    level: 0
    process model:
      task: {values: [rest, work], reads: [task]}
      warmth: {values: [cold, hot], reads: [warmth]}
    control algorithm:
      run: {law: decision table, when: {task: work}}
  drive:
    kind: controller
    level: 1
    process model:
      run: {values: ['no', 'yes'], reads: [run]}
      speed: {range: [0, 8], reads: [speed]}
    control algorithm:
      torque: {law: decision table, when: {run: 'yes'}}
      warmth: {law: decision table, when: {speed: {above: 1}}}
  arm: {kind: process, level: 2, dynamics: {law: first order, output: speed, inputs: {torque: 4}, time constant: 4}}
control actions:
  - {name: run, from: boss, to: drive}
  - {name: torque, from: drive, to: arm, values: ['off', 'on']}
feedback:
  - {name: warmth, from: drive, to: boss}
  - {name: speed, from: arm, to: drive, resolution: 0.0625}
other inputs:
  - {name: task, to: boss}
unsafe control actions:
  - {id: UCA-1, by: drive, action: torque, type: provided, context: {run: 'no'}, hazards: [H-1]}
  - {id: UCA-2, by: drive, action: torque, type: provided, context: {warmth: hot}, hazards: [H-1]}
"""


def test_rules_about_what_controllers_tell_each_other_are_judged_by_what_was_sent():
    """Not by what the receiver makes of it; what goes up is on the trace in the step in which it was sent."""
    task = np.repeat([0, 1, 0, 1], 12)
    broken, warm = {}, None
    for law in ("{run: 'yes'}", "{speed: {below: 7}}"):
        trace = hc.simulate(
            hc.assemble(loads(DRIVE.replace("when: {run: 'yes'}", f"when: {law}"))),
            steps=len(task), inputs={"task": np.array(["rest", "work"])[task]}, initial={"speed": 0.0}, disturbance=0.0,
        )  # fmt: skip
        on = np.argmax(trace.command["torque"], axis=-1) == 1
        warm = np.asarray(trace.measured["speed"]) > 1
        expected = {"UCA-1": int((on & (task == 0)).sum()), "UCA-2": int((on & warm).sum())}
        broken[law] = {one.rule.id: one.steps for one in broken_rules(trace)}
        assert broken[law] == {rule: steps for rule, steps in expected.items() if steps}
    obeys, does_not = broken.values()
    assert "UCA-1" not in obeys and does_not["UCA-1"] == 24 and obeys["UCA-2"] > 0 and warm is not None and warm.any()


def test_a_command_that_is_heard_wrongly_breaks_the_rule_about_what_was_sent():
    lines = {"faults": [{"link": "boss -> drive: run", "stuck": "yes"}, {"link": "boss -> drive: run", "stuck": "no"}]}
    model, task = hc.assemble(loads(DRIVE)), np.repeat(["rest", "work"], 30)
    found = hc.inject(model, FaultList.model_validate(lines), steps=60, inputs={"task": task}).outcomes
    assert ["UCA-1" in outcome.unsafe for outcome in found] == [True, False]
    assert found[0].unsafe_step == 0
