"""What the panel shows and does, asked without a browser: it holds no model of its own, and no message breaks it."""

import base64
import json
from functools import cache
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.model.provenance import entry_name
from handcrafted.view.boxes import Anchors, link_part
from handcrafted.view.editor import proved
from handcrafted.view.editor.experiment import Experiment, verdicts
from handcrafted.view.editor.parts import find_part, parts_of
from handcrafted.view.editor.tables import looked, shown, tables_of
from handcrafted.view.editor.widget import Panel
from handcrafted.view.editor.workbench import Workbench
from handcrafted.zoo import bundled, find
from tests.loops import of_the_zoo
from tests.one_law import CASES, text_of

DEFAULT: dict[str, Any] = {"steps": 40}


@cache
def opened(name):
    """Return a panel per loop; every test undoes what it does."""
    return hc.panel(hc.assemble(hc.load(find(name))), **DEFAULT)


@pytest.fixture
def room():
    panel = opened("heated room")
    yield panel
    while panel.workbench.model.history.done:
        panel.workbench.model.undo()
    panel.workbench.unlocked = panel.workbench.whole = False
    panel.handle({"do": "select", "part": "thermostat"})


def drift(panel):
    """Name what the panel shows otherwise than the model has it."""
    model, found = panel.workbench.model, []
    for table in panel.selection["tables"]:
        for cell in (cell for row in table["rows"] for cell in row["cells"] if cell):
            if model.provenance(cell["entry"]).value != cell["value"]:
                found.append(cell["entry"])
    found += [p["name"] for p in panel.selection["parameters"] if model.parameters[p["name"]].value != p["value"]]
    done = [change.text for change in model.history.done]
    return found + ([] if panel.log["done"] == done else ["log"])


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_every_entry_that_may_act_belongs_to_some_part(path):
    model = hc.assemble(hc.load(path))
    parts = parts_of(model.structure)
    shown_entries = set()
    for part in parts.values():
        for table in tables_of(model.network, part):
            for place in (place for row in table.rows for place in row.places if place):
                shown_entries.add((place.array, place.index))
    for name, array in model.masks.items():
        for index in map(tuple, np.argwhere(np.asarray(array)).tolist()):
            assert (name, index) in shown_entries, entry_name(name, index)


def test_a_part_shows_its_circuits_and_no_others(room):
    model = room.workbench.model
    part = find_part(model.structure, "thermostat: process model: room temperature")
    every, table = tables_of(model.network, part)[0], tables_of(model.network, part, whole=False)[0]
    (place,) = (place for place in model.layout if place.writes.name == "room temperature")
    assert place.circuit in table.title and table.columns == ("N0", "N1", "bias")
    said = shown(table, looked(model))
    assert said["hidden"] > 0 and len(said["rows"]) + said["hidden"] == len(every.rows)
    assert [row["array"] for row in said["rows"]] == ["W_in", "b_in", "W_out"]
    whole = shown(every, looked(model))
    assert any(cell["locked"] for row in whole["rows"] for cell in row["cells"] if cell)
    with pytest.raises(hc.HandcraftedError, match="Expected the name of a part of the diagram"):
        find_part(model.structure, "boiler")


def test_all_that_is_sent_is_plain_data_and_every_part_has_its_anchor(room, tmp_path):
    for name in ("selection", "loop", "diagram", "log"):
        json.dumps(getattr(room, name))
    for part in parts_of(room.workbench.model.structure):
        href = Anchors(on=True).of(part)["href"]
        assert f'xlink:href="{href}"' in room.diagram["svg"], part
    plain = hc.draw(room.workbench.model.structure, tmp_path / "plain.svg").read_text()
    assert Anchors().of("thermostat") == {} and "xlink:href" not in plain


def test_a_parameter_an_entry_and_an_experiment(room):
    room.handle({"do": "parameter", "name": "thermostat.heat.off_above", "value": "23"})
    assert room.message == "" and room.diagram["reproduced"] and drift(room) == []
    curve = lambda when: next(c["values"] for c in room.loop["strips"][0]["curves"] if c["when"] == when)
    assert curve("after") != curve("before")
    room.handle({"do": "edit", "entry": "b_in[1, 0]", "value": 3})
    assert not room.diagram["reproduced"] and any("off its formula" in text for text in room.diagram["said"])
    room.handle({"do": "experiment", "name": "initial:room.temperature", "value": "24"})
    assert room.loop["strips"][0]["curves"][0]["values"][0] == 24 and room.loop["error"] == ""
    assert curve("after") != curve("before"), "before is the model as it was, from the new beginning too"
    room.handle({"do": "experiment", "name": "initial:room.temperature", "value": 15.0})


MORE = """unsafe control actions:
  - {id: UCA-2, by: landlord, action: set point, type: provided, hazards: [H-1]}
  - {id: UCA-3, by: landlord, action: heat, type: provided, context: {temperature: {above: 0}}, hazards: [H-1]}
"""


def test_constraints_and_unsafe_control_actions_are_judged_and_what_is_not_seen_is_said():
    text = find("guarded room").read_text()
    assert "unsafe control actions:\n" in text
    model = hc.assemble(loads(text.replace("unsafe control actions:\n", MORE)))
    trace = hc.simulate(model, steps=60)
    said = {one["name"]: (one["kept"], one["said"]) for one in verdicts(trace)}
    issued = trace.command["landlord.heat"] > 0.5
    assert said["UCA-1"] == (True, "not issued") and said["UCA-2"] == (None, "not on the trace")
    assert said["UCA-3"] == (False, f"issued in {issued.sum()} steps, first at {10 * np.argmax(issued)} s")
    assert said["SC-1"] == (True, "kept")
    hot = hc.simulate(model, steps=60, initial={"room.temperature": 35})
    steps = int((hot.state["temperature"] > 30).sum())
    assert {one["name"]: one["kept"] for one in verdicts(hot)}["SC-1"] is (steps == 0)


def test_the_overlay_shows_what_is_cut_and_what_is_not(room):
    room.handle({"do": "edit", "entry": "W_O[0, 0, 0, 0]", "value": 0.0})
    texts = [look["text"] for look in room.diagram["legend"]]
    assert texts == ["missing (1)", "found, but what it goes by is not (1)"]
    assert 'stroke="#c8002c"' in room.diagram["svg"]
    room.handle({"do": "undo"})
    assert [look["text"] for look in room.diagram["legend"]] == ["found (2)"]
    assert 'stroke="#c8002c"' not in room.diagram["svg"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (None, "one of the commands"),
        ({"do": "explode"}, "one of the commands"),
        ({"do": ["edit"]}, "one of the commands"),
        ({"do": "select", "part": 7}, "the name of a part"),
        ({"do": "edit", "entry": "W_in[1, 2, 0]", "value": "lots"}, "finite number"),
        ({"do": "edit", "entry": "W_in[1, 2, 0]", "value": True}, "finite number"),
        ({"do": "edit", "entry": "W_in[1, 2, 0]", "value": [1]}, "finite number"),
        ({"do": "edit", "entry": "W_in[1, 2, 0]", "value": "-inf"}, "finite number"),
        ({"do": "edit", "entry": "W_in[1, 2, 0]", "value": "1e39"}, "finite number"),
        ({"do": "edit", "entry": "W_in[9, 2, 0]", "value": 1}, "an entry of W_in"),
        ({"do": "edit", "entry": {}, "value": 1}, "an array entry"),
        ({"do": "edit"}, "an array entry"),
        ({"do": "edit", "entry": "W_in[0, 6, 0]", "value": 1}, "which is locked"),
        ({"do": "parameter", "name": "thermostat.heat.color", "value": 1}, "the name of a parameter"),
        ({"do": "parameter", "name": "thermostat.heat.on_below", "value": "warm"}, "thermostat.heat.on_below"),
        ({"do": "parameter", "name": "thermostat.heat.on_below", "value": 99}, "thermostat.heat"),
        ({"do": "parameter"}, "the name of a parameter"),
        ({"do": "experiment", "name": "wind", "value": 1}, "steps, seed"),
        ({"do": "experiment", "name": "steps", "value": 0}, "a whole number"),
        ({"do": "experiment", "name": "disturbance", "value": "strong"}, "a finite number"),
        ({"do": "experiment", "name": "initial:room.temperature", "value": 400}, "within"),
        ({"do": "experiment", "name": "initial:room.pressure", "value": 4}, "one state of a process"),
        ({"do": "save", "folder": " "}, "the name of a folder"),
        ({"do": "load", "folder": "not/there"}, "a file that can be read"),
        ({"do": "undo"}, "a change to undo"),
        ({"do": "redo"}, "a change to do again"),
    ],
)
def test_whatever_is_wrong_is_said_and_changes_nothing(room, command, words):
    model = room.workbench.model
    model.history.undone.clear()
    before = {name: np.asarray(array).tobytes() for name, array in model.weights.items()}
    experiment = room.workbench.experiment
    room.handle(command)
    assert words in room.message and "Expected" in room.message
    assert {name: np.asarray(array).tobytes() for name, array in model.weights.items()} == before
    assert room.workbench.experiment == experiment and not model.history.done and drift(room) == []


def test_layer_0_is_frozen_in_the_panel_too():
    panel = opened("guarded room")
    base = next(place for place in panel.workbench.model.layout if place.owner == "landlord" and place.part == "mlp")
    entry = f"b_in[{base.layer}, {base.components[0]}]"
    panel.handle({"do": "edit", "entry": entry, "value": 5})
    assert "It is frozen" in panel.message and not panel.workbench.model.history.done
    panel.handle({"do": "select", "part": "landlord"})
    cells = [c for t in panel.selection["tables"] for row in t["rows"] for c in row["cells"] if c]
    assert next(c for c in cells if c["entry"] == entry)["frozen"]
    panel.handle({"do": "select", "part": "thermostat"})
    cells = [c for t in panel.selection["tables"] for row in t["rows"] for c in row["cells"] if c]
    assert not all(c["frozen"] for c in cells)


def test_changes_from_elsewhere_show_and_nothing_is_compiled_for_an_edit(room):
    model = room.workbench.model
    model.edit("b_in[1, 0]", -290.0)
    assert drift(room) == [] and room.log["done"] == ['model.edit("b_in[1, 0]", -290.0)']
    with count_of_compilations() as count:
        room.handle({"do": "edit", "entry": "b_in[1, 0]", "value": -280.0})
        room.handle({"do": "parameter", "name": "thermostat.heat.on_below", "value": 18.0})
        room.handle({"do": "undo"})
    assert count() == 0
    with count_of_compilations() as count:
        jax.jit(lambda x: x * 3.25 + len(room.message))(np.float32(1)).block_until_ready()
    assert count() > 0, "the count counts"


class count_of_compilations:
    """Count what XLA compiles, by JAX's own monitoring of events."""

    def __enter__(self):
        self.events = []
        self.listen = lambda event, duration_secs, **_: self.events.append(event)
        jax.monitoring.register_event_duration_secs_listener(self.listen)
        return lambda: sum("backend_compile" in name for name in self.events)

    def __exit__(self, *_):
        from jax._src import monitoring

        monitoring.unregister_event_duration_listener(self.listen)


ENTRIES = st.sampled_from(
    ["W_in[1, 2, 0]", "b_in[1, 0]", "W_O[0, 0, 0, 0]", "W_in[0, 6, 0]", "W_R[3, 2]", "r_0[2]", "x"]
)
VALUES = st.one_of(st.floats(width=32), st.sampled_from(["3", "", "- 1", "1e60"]), st.integers(-5, 5), st.none())
COMMANDS = st.one_of(
    st.fixed_dictionaries({"do": st.just("edit"), "entry": ENTRIES, "value": VALUES}),
    st.fixed_dictionaries({"do": st.just("unlock"), "value": st.booleans()}),
    st.fixed_dictionaries(
        {"do": st.just("parameter"), "name": st.sampled_from(["thermostat.heat.on_below", "y"]), "value": VALUES}
    ),
    st.sampled_from([{"do": "undo"}, {"do": "redo"}, {"do": "reset"}, {"do": "select", "part": "room"}]),
)


@settings(max_examples=2, phases=[Phase.explicit, Phase.generate])
@given(commands=st.lists(COMMANDS, min_size=3, max_size=5))
def test_whatever_is_sent_panel_and_model_agree_and_undo_leads_back(commands):
    panel = opened("heated room")
    model = panel.workbench.model
    while model.history.done:
        model.undo()
    before = {name: np.asarray(array).tobytes() for name, array in model.weights.items()}
    for command in commands:
        panel.handle(command)
        assert drift(panel) == [], command
    while model.history.done:
        panel.handle({"do": "undo"})
    assert {name: np.asarray(array).tobytes() for name, array in model.weights.items()} == before
    panel.handle({"do": "unlock", "value": False})
    panel.handle({"do": "select", "part": "thermostat"})


def test_two_panels_of_one_model_show_the_same_and_a_click_reads_nothing_anew(room, monkeypatch):
    other = hc.panel(room.workbench.model, **DEFAULT)
    other.handle({"do": "edit", "entry": "b_in[1, 0]", "value": -300})
    assert room.log == other.log and drift(room) == drift(other) == []
    assert room.diagram["said"] == other.diagram["said"] and not room.diagram["reproduced"]
    monkeypatch.setattr(Workbench, "comparison", lambda self: pytest.fail("the model has not changed"))
    other.handle({"do": "select", "part": "room"})
    monkeypatch.undo()
    room.workbench.model.history.watchers.remove(other._changed)


def test_after_each_edit_it_is_said_whether_a_proof_still_holds():
    model = hc.assemble(of_the_zoo("heated_room")[0])
    panel = hc.panel(model, [hc.prove(model, "H-2"), hc.prove(model, "UCA-1")], **DEFAULT)
    told = lambda one: (one["name"], one["kept"], one["said"])
    shown = lambda: [told(one) for one in panel.loop["verdicts"] if one["kind"] == "proof"]
    both = [("H-2", True, "proved"), ("UCA-1", True, "proved")]
    assert shown() == both
    panel.handle({"do": "parameter", "name": "thermostat.heat.on_below", "value": 18.0})
    assert shown() == both
    panel.handle({"do": "parameter", "name": "thermostat.heat.off_above", "value": 26.0})
    (first, kept, said), second = shown()
    assert (
        (first, kept) == ("H-2", False) and said.startswith("not shown any more: ") and second[:2] == ("UCA-1", False)
    )
    panel.handle({"do": "undo"})
    assert shown() == both


def test_a_proof_of_many_cells_is_not_checked_anew(monkeypatch):
    model = hc.assemble(of_the_zoo("heated_room")[0])
    proof = hc.prove(model, "H-2")
    monkeypatch.setattr(proved, "MAX_RECHECKED", 37)
    monkeypatch.setattr(proved, "recheck", lambda *given: pytest.fail("that takes too long"))
    assert proved.proof_verdict(proof, model)["kept"] is True
    model.parameters["thermostat.heat.on_below"] = 18.0
    said = proved.proof_verdict(proof, model)
    assert said["kept"] is None and said["said"] == "of other weights; not checked anew"
    refuted = hc.prove(model, "H-1", disturbance={"room": (-20.0, 2.0)})
    assert proved.proof_verdict(refuted, model)["said"] == "refuted before any edit"


def test_drift_is_noticed(room):
    room.workbench.model.b_in[1, 0] = 9.0
    assert drift(room) == ["b_in[1, 0]"]
    room.refresh()
    assert drift(room) == []
    room.workbench.model.b_in[1, 0] = -303.0
    room.refresh()


@pytest.mark.slow
def test_odd_names_and_processes_without_dynamics_are_shown():
    text = text_of(CASES["comparator above"])
    for old, new in (("  p:", "  'p & #1%':"), ("to: p,", "to: 'p & #1%',"), ("from: p,", "from: 'p & #1%',")):
        text = text.replace(old, new)
    model = hc.assemble(loads(text))
    bench = Workbench(model, Experiment(steps=5))
    link = link_part(model.structure.resolved.links[0].id)
    bench.do({"do": "select", "part": link})
    assert bench.message == "" and bench.selection()["part"] == link
    assert bench.diagram()["svg"].count("<a ") > 5 and "p &amp; #1%" in bench.diagram()["svg"]
    assert bench.loop()["error"] == "" and bench.loop()["strips"]


def test_an_experiment_that_does_not_fit_is_refused_before_a_panel_opens():
    model = hc.assemble(hc.load(find("heated room")))
    with pytest.raises(hc.HandcraftedError, match="Expected steps, initial, inputs, disturbance or seed, got weather"):
        hc.panel(model, weather=3)
    with pytest.raises(hc.HandcraftedError, match="one state of a process"):
        hc.panel(model, initial={"temperture": 3})
    assert isinstance(opened("heated room"), Panel) and "Panel of heated room" in repr(opened("heated room"))


def test_a_page_without_widgets_shows_the_diagram_and_the_verdict():
    model = hc.assemble(hc.load("heated room"))
    shown = hc.panel(model, steps=5)
    data = shown._picture()
    before = data["image/png"]
    assert base64.b64decode(before).startswith(b"\x89PNG") and "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "Panel of heated room (0 changes): reproduced"
    model.edit("b_in[1, 0]", 3.0)
    data = shown._picture()
    assert data["image/png"] != before and data["text/plain"] == "Panel of heated room (1 changes): not reproduced"
    model.set_weights(model.weights.replace(b_U=np.full_like(model.weights.b_U, np.inf)))
    assert set(shown._picture()) == {*data} - {"image/png"} and "Expected" in shown._picture()["text/plain"]


def test_the_panel_opens_on_a_controller_that_can_be_edited_and_the_base_controller_says_why_it_cannot():
    bench = Workbench(hc.assemble(hc.load("radiotherapy")), Experiment(steps=5))
    opened = bench.selection()
    assert opened["part"] == "treatment control" and opened["parameters"] and opened["note"] == ""
    bench.do({"do": "select", "part": "dose monitor"})
    assert bench.selection()["note"].startswith("dose monitor is the base controller (Layer 0): its arrays are sealed")
    bench.do({"do": "select", "part": "dose monitor: control algorithm"})
    assert "sealed" in bench.selection()["note"]
