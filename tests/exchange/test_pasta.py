"""PASTA's text is read whole, what is lost is listed, and what is written reads back as the same structure."""

import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.exchange.from_pasta import from_pasta
from handcrafted.exchange.to_pasta import to_pasta
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import loads
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.zoo import bundled
from tests.nasty import NASTY

CELL = """
Goals G1 "Parts are moved"   // a goal
Assumptions A1 "People do not crawl"
Losses L1 "Someone is hurt" L2 'Parts are "lost"'
Hazards
H1 "Arm moves while a person is in the cell" [L1] {
    H1.1 "It moves fast"
    "By machine"
    H1.2 "It does not stop"
}
SystemConstraints SC1 "Arm must be still while a person is in the cell" [H1] { SC1.1 "It must stop" [H1.2] }
ControlStructure Cell {
    Guard {
        hierarchyLevel 0
        label "Cell guard"
        processModel { person: [present, absent] distance: [near=[MIN, d0), far=[d0, MAX]] }
        input { [key "key switch"] }
        output { [lamp "lamp"] }
        controlActions { [move "move", halt "halt"] -> Arm  [again "move"] -> Belt }
    }
    Arm {
        hierarchyLevel 1
        feedback { [seen "cell scanner"] -> Guard [err ""] -> Guard }
        Motor { hierarchyLevel 2 }
    }
    /* the belt
       has no level */
    Belt { feedback { [seen "cell scanner"] -> Guard } }
}
Responsibilities Guard { R1 "Hold the arm" [SC1, SC1.1] }
UCAs
Guard.halt {
    notProviding { UCA4 "when somebody climbs in" [H1] }
    providing { }
    tooEarly/Late { UCA5 "too late after the gate opened" [H1.2] UCA6 "in the wrong order" }
    stoppedTooSoonOrLate { UCA7 "continues after everybody left" }
}
DCAs
Guard.move { providing { D1 "when all is clear" } }
Context-Table
RL1 {
    controlAction: Guard.move
    type: provided
    contexts: { UCA1 [person = present] [H1] UCA2 [person=absent, distance=near] [H1.1] }
}
RL2 { controlAction: Guard.move type: applied-too-long contexts: { UCA3 [person = present] [H1] } }
ControllerConstraints C1 "Guard must not provide move while person is present." [UCA1]
LossScenarios
S1 <wrongProcessModel> for UCA1 "The scanner is blind,
    so that it believes the cell empty" [H1]
S2 <componentFailure> "The brake is worn" [H1]
S3 <badLuck> for UCA4 "Nobody looks"
SafetyRequirements R2 "Two scanners" [S1, C9]
"""


def test_a_whole_text_becomes_a_structure():
    found = from_pasta(CELL, "cell.stpa").structure
    assert found.name == "Cell" and found.losses["L2"] == 'Parts are "lost"'
    assert {name: (part.kind, part.level, part.inside) for name, part in found.components.items()} == {
        "Cell guard": ("controller", 0, None), "Arm": ("process", 1, None), "Motor": ("process", 2, "Arm"),
        "Belt": ("process", 1, None),
    }  # fmt: skip
    assert [str(id) for id in found.named_links] == [
        "Cell guard -> Arm: move (move)", "Cell guard -> Arm: halt", "Cell guard -> Belt: move (again)",
        "Arm -> Cell guard: cell scanner", "Arm -> Cell guard: err", "Belt -> Cell guard: cell scanner",
        "-> Cell guard: key switch", "Cell guard -> : lamp",
    ]  # fmt: skip
    assert found.hazards["H1.1"].part_of == "H1" and found.constraints["SC1.1"].part_of == "SC1"
    assert found.components["Cell guard"].process_model["distance"].values == ("near", "far")
    assert found.components["Cell guard"].responsibilities["R1"].constraints == ("SC1", "SC1.1")
    rules = {rule.id: rule for rule in found.unsafe_control_actions}
    assert {id: rule.type for id, rule in rules.items()} == {
        "UCA4": "not provided", "UCA5": "too late", "UCA6": "out of order", "UCA7": "applied too long",
        "UCA1": "provided", "UCA2": "provided", "UCA3": "applied too long",
    }  # fmt: skip
    assert rules["UCA2"].context == ({"person": ("absent",), "distance": ("near",)},) and rules["UCA2"].formal
    assert rules["UCA4"].text == "when somebody climbs in" and not rules["UCA4"].formal
    assert rules["UCA1"].action == "move (move)" and rules["UCA1"].hazards == ("H1",)
    assert found.controller_constraints["C1"].about == ("UCA1",)
    assert found.loss_scenarios["S1"].text == "The scanner is blind, so that it believes the cell empty"
    assert found.loss_scenarios["S1"].factor == "inadequate process model"
    assert found.loss_scenarios["S2"].kind == "why it has no effect"
    assert found.requirements["R2"].about == ("S1",) and found.assume["A1"].text == "People do not crawl"


def test_what_is_lost_and_what_is_taken_is_listed():
    found = from_pasta(CELL, "cell.stpa")
    assert set(found.dropped) == {
        "1 goal (Goals)", "1 desired control action (DCAs)", "the heading 'By machine' under H1",
        "the range 'distance: near=[MIN, d0)' of a variable of Guard; its name is kept",
        "the range 'distance: far=[d0, MAX]' of a variable of Guard; its name is kept",
        "the factor 'badLuck' of S3", "what R2 says of C9, which is nowhere declared",
    }  # fmt: skip
    assert "the type of UCA5, by its words: too late" in found.taken
    assert "the levels of boxes without `hierarchyLevel`: one below those who command them" in found.taken
    plain = 'Losses L1 "x" ControlStructure A { B { hierarchyLevel 0 } }'
    assert from_pasta(plain, "a.stpa").dropped == from_pasta(plain, "a.stpa").taken == ()


def test_nothing_is_said_to_hold_of_what_states_no_law():
    structure = from_pasta(CELL, "cell.stpa").structure
    found = analyse(hc.assemble(structure))
    assert found.tested == () and len(found.untested) == 7
    assert "nobody states by which law Cell guard decides move (move)" in {one.reason for one in found.untested}
    assert hc.compare(structure, hc.recover(hc.assemble(structure))).reproduced


def core(structure: ControlStructure):
    """What both formats hold."""
    boxes = {name: (part.level, part.inside, part.responsibilities) for name, part in structure.components.items()}
    rules = [(r.id, r.by, r.action, r.type, r.context, r.hazards) for r in structure.unsafe_control_actions]
    after = structure.controller_constraints, structure.loss_scenarios, structure.requirements
    before = structure.losses, structure.hazards, structure.constraints
    return boxes, sorted(map(str, structure.named_links)), sorted(rules, key=str), after, before


def test_what_is_written_reads_back_as_the_same():
    first = from_pasta(CELL, "cell.stpa").structure
    text, lost = to_pasta(first)
    again = from_pasta(text, "again.stpa").structure
    assert lost == ("contexts as tables: some rule has more than words of the true state; all are written in words",)
    assert core(again)[0] == core(first)[0]
    assert core(again)[1] == core(first)[1] and core(again)[3:] == core(first)[3:]
    assert {(r.id, r.action, r.type) for r in again.unsafe_control_actions} == {
        (r.id, r.action, r.type) for r in first.unsafe_control_actions
    }
    tables = CELL[: CELL.index("UCAs\n")] + CELL[CELL.index("Context-Table") :].replace("for UCA4 ", "")
    first = from_pasta(tables, "cell.stpa").structure
    again = from_pasta(to_pasta(first)[0], "again.stpa").structure
    assert core(again) == core(first)
    moved = first.model_copy(update={"losses": {"L1": "Other"}})
    assert core(from_pasta(to_pasta(moved)[0], "moved").structure) != core(first)


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_every_loop_is_written_and_read_back_with_its_boxes_arrows_and_rules(path):
    structure = hc.load(path)
    text, lost = to_pasta(structure)
    again = from_pasta(text, path.stem).structure
    assert set(again.components) == set(structure.components)
    ends = lambda one: sorted((id.sender or "", id.receiver or "", id.name) for id in one.named_links)
    assert ends(again) == ends(structure)
    rules = lambda one: {(r.id.replace("-", "_"), r.by, r.action, r.type) for r in one.unsafe_control_actions}
    assert rules(again) == rules(structure)
    assert any("control laws" in sentence for sentence in lost)


@pytest.mark.parametrize("name", NASTY)
def test_odd_names_go_out_and_come_back(name):
    structure = loads(CELL_BY_HAND).model_dump(by_alias=True, exclude_unset=True)
    structure["components"] = {name: structure["components"]["guard"], "arm": structure["components"]["arm"]}
    structure["control actions"] = [{"name": name, "from": name, "to": "arm"}]
    text, _ = to_pasta(ControlStructure.model_validate(structure))
    again = from_pasta(text, "odd.stpa").structure
    written = name.replace('"', "'") if "'" in name else name  # no string of that language holds both
    assert list(again.components) == [written, "arm"] and again.named_links[0].name == written


CELL_BY_HAND = """
name: cell
components: {guard: {kind: controller, level: 0}, arm: {kind: process, level: 1}}
control actions: [{name: move, from: guard, to: arm}]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expected a `ControlStructure`, got none"),
        ('Losses L1 "x"', "Expected a `ControlStructure`, got none"),
        ("ControlStructure A { B {", "Expected"),
        ('Losses\nL1 x"', "line 2: Expected PASTA's `.stpa` language"),
        (
            CELL.replace("UCA1 [person = present]", "UCA1 [person = gone]"),
            "Expected a variable of Guard and one of its values, got 'person = gone'",
        ),
    ],
)  # fmt: skip
def test_what_is_no_such_text_is_refused(text, said):
    with pytest.raises(hc.HandcraftedError) as error:
        from_pasta(text, "bad.stpa")
    assert said in str(error.value) and str(error.value).startswith("bad.stpa")


@pytest.mark.parametrize("deep", [60, 700])
def test_boxes_and_hazards_in_each_other_without_end_are_refused(deep):
    boxes = f"ControlStructure A {{ {''.join(f'N{i} {{ ' for i in range(deep))}{'} ' * deep}}}"
    with pytest.raises(hc.HandcraftedError, match=r"in each other|nested in moderate depth"):
        from_pasta(boxes, "deep.stpa")
    parts = "".join(f'H{i} "x" {{ ' for i in range(700)) + "} " * 700
    with pytest.raises(hc.HandcraftedError, match="nested in moderate depth"):
        from_pasta(f"ControlStructure A {{ B {{ }} }} Hazards {parts}", "deep.stpa")


def test_what_bears_an_id_twice_is_listed_and_requirements_may_be_about_hazards():
    twice = CELL.replace("L2 'Parts", 'L1 "Again" L2 \'Parts').replace("[S1, C9]", "[S1, H1]")
    twice = twice.replace("Responsibilities Guard {", 'Responsibilities Nobody { R9 "x" } Guard {')
    twice = twice.replace("Motor { hierarchyLevel 2 }", "Motor { hierarchyLevel 2 } Motor { hierarchyLevel 3 }")
    found = from_pasta(twice, "twice.stpa")
    for said in ("another L1 under Losses", "the responsibilities of Nobody, which is no box", "another box Motor"):
        assert said in found.dropped and said not in from_pasta(CELL, "cell.stpa").dropped
    assert found.structure.requirements["R2"].about == ("S1", "H1")
    assert found.structure.components["Motor"].level == 2


def test_arrows_to_nowhere_and_rules_on_nothing_are_listed_and_not_kept():
    odd = CELL.replace('[again "move"] -> Belt', '[again "move"] -> Nowhere').replace("Guard.halt {", "Guard.stop {")
    found = from_pasta(odd, "odd.stpa")
    assert "the arrow again from Guard to Nowhere, which is no other box" in found.dropped
    assert "UCA4 of Guard.stop, which is no control action" in found.dropped


def test_the_command_writes_a_file_lists_what_is_lost_and_is_strict_where_asked(tmp_path):
    source, target = tmp_path / "cell.stpa", tmp_path / "cell.yaml"
    source.write_text(CELL, encoding="utf-8")
    run = lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])
    strict = run("import", source, "-o", target, "--strict")
    assert strict.exit_code == 1 and not target.exists() and "dropped: 1 goal (Goals)" in strict.output
    done = run("import", source, "-o", target)
    assert done.exit_code == 0 and "dropped: 1 goal (Goals)" in done.output and "taken: the type of UCA5" in done.output
    assert hc.load(target) == from_pasta(CELL, "cell").structure
    assert run("import", source).output.count("name: Cell") == 1
    back = run("export", target, "-o", tmp_path / "back.stpa")
    assert back.exit_code == 0 and from_pasta((tmp_path / "back.stpa").read_text(encoding="utf-8"), "back")
    assert run("export", target, "-o", tmp_path / "back.txt").exit_code == 2
    assert run("import", target).exit_code == 2 and "Traceback" not in run("import", target).output
    source.write_text("Losses L1", encoding="utf-8")
    assert run("import", source).exit_code == 2
