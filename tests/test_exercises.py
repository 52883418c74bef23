"""The exercises: a wrong answer gets a hint, two different right ones and the notebooks' solutions are accepted."""

import re
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.schema import template
from handcrafted.model.change_of_basis import change_basis
from handcrafted.zoo import find

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ROOM, GUARDED = find("heated room").read_text(), find("guarded room").read_text()


HEAD = "W_O[0, 0, 0, 12]"
"""What the guarded room's first head writes."""


def room(**parameters):
    model = hc.assemble(hc.load(find("heated room")))
    for name, value in parameters.items():
        model.parameters[f"thermostat.heat.{name}"] = value
    return model


def edited(name, *edits):
    model = hc.assemble(hc.load(find(name)))
    for entry, value in edits:
        model.edit(entry, value)
    return model


def guarded_room():
    return hc.assemble(hc.load(find("guarded room")))


def with_rule(rule, looked_at="", narrowed=""):
    start = "  - {id: UCA-5, by: thermostat, action: heat, hazards: [H-1], "
    return ROOM.replace("not hazardous:", f"{start}{rule}}}\nnot hazardous:").replace(looked_at, narrowed)


def scaled(model):
    weights = model.effective_weights.numpy()
    weights.W_in[1][:, 0] *= 2
    weights.b_in[1][0] *= 2
    weights.W_out[1][0] /= 2
    return weights


def own_loop():
    """The heated room with a second thermometer, of which the display shows the larger reading."""
    display = "      display: {law: linear, reads: [floor], parameters: {gains: {floor: 1}}}\n  room:"
    return (
        ROOM.replace(
            "reads: [temperature]}\n", "reads: [temperature]}\n      floor: {range: [0, 40], reads: [floor]}\n"
        )
        .replace("  room:", display, 1)
        .replace("feedback:\n", "feedback:\n  - {name: floor, from: floor, to: thermostat, range: [0, 40]}\n")
        .replace("\ncontrol actions:", "  floor: {kind: process, level: 1}\n\ncontrol actions:")
        .replace(
            "# What is forced", "other outputs: [{name: display, from: thermostat, range: [0, 40]}]\n\n# What is forced"
        )
    )


def figure(folder, name, **options):
    return hc.draw(hc.load(find("train door")), folder / name, **options)


RIGHT, WRONG = {}, {}
RIGHT["gap"] = [lambda _: [edited("heated room", ("W_in[1, 2, 0]", -65.0))], lambda _: [room(on_below=17.0)]]
WRONG["gap"] = [
    (lambda _: [room()], "2 degC apart. The memory's weight"),
    (lambda _: [edited("heated room", ("b_in[1, 0]", -1e4))], "it does not switch on"),
    (lambda _: [edited("heated room", ("W_in[1, 2, 0]", -49.0))], "3 degC apart"),
    (lambda _: [guarded_room()], "Expected the model of the heated room, got guarded room"),
    (lambda _: [None], "got NoneType"),
]
POINTS = [[-4, -3], [-1, 0], [1, 0], [4, 3]]
RIGHT["dead_band"] = [lambda _: ["dead band", {"width": 1}], lambda _: ["lookup", {"points": POINTS}]]
WRONG["dead_band"] = [
    (lambda _: ["dead band", {"width": 3}], "instead of"),
    (lambda _: ["deadband", {}], "dead band"),
    (lambda _: ["saturation", {"low": "x"}], "Expected"),
    (lambda _: ["dead band", None], "got NoneType"),
    (lambda _: ["dead band", {"width": {1}}], "Expected"),
]
RIGHT["guard"] = [
    lambda _: [GUARDED.replace("below: 28", "below: 25")],
    lambda _: [hc.load(find("guarded room")).__class__.model_validate(_in_two_rows())],
]
WRONG["guard"] = [
    (lambda _: [GUARDED], "is heated for at"),
    (lambda _: [GUARDED.replace("below: 28", "below: 1")], "nobody ever heats"),
    (lambda _: [GUARDED.replace("below: 28", "below: 24")], "where they may"),
    (lambda _: [GUARDED.replace("layer 0: true", "layer 0: false")], "nothing is promised"),
    (lambda _: ["name: x"], "nothing is promised"),
    (lambda _: ["name: [x"], "Expected"),
]
RIGHT["permit"] = [lambda _: [29.75], lambda _: [29.9375]]
WRONG["permit"] = [(lambda _: [28], "Permit more"), (lambda _: [31.5], "Permit less"), (lambda _: ["28"], "got str")]
RIGHT["wired_but_unused"] = [
    lambda _: [edited("guarded room", ("b_in[1, 0]", -1000.0))],
    lambda _: [edited("heated room", ("b_in[0, 0]", -1000.0))],
]
WRONG["wired_but_unused"] = [
    (lambda _: [guarded_room()], "every edge that is wired is used"),
    (lambda _: [edited("guarded room", ("W_U[19, 1]", 0.0))], "gone from the wiring too"),
]
RIGHT["other_weights"] = [
    lambda _: [model := guarded_room(), scaled(model)],
    lambda _: [model := guarded_room(), change_basis(model.effective_weights, 3)],
]
WRONG["other_weights"] = [
    (lambda _: [model := guarded_room(), model.effective_weights.numpy()], "nothing has moved"),
    (lambda _: [guarded_room(), edited("guarded room", (HEAD, 5.0)).effective_weights.numpy()], "differ"),
    (lambda _: [guarded_room(), "weights"], "got str"),
]
RIGHT["conflict"] = [
    lambda _: [
        with_rule(
            "type: not provided, context: {temperature: {above: 24}}", "{above: 18.9}}}", "{above: 18.9, below: 24}}}"
        )
    ],
    lambda _: [
        with_rule(
            "type: provided, context: {temperature: {below: 16}}",
            "provided, context: {temperature: {below: 21.1}}}",
            "provided, context: {temperature: {above: 16, below: 21.1}}}",
        )
    ],
]
WRONG["conflict"] = [
    (lambda _: [with_rule("type: not provided, context: {temperature: {below: 17}}")], "Where is heating forbidden"),
    (lambda _: [with_rule("type: not provided, context: {temperature: {above: 24}}")], "Expected rules that agree"),
    (lambda _: [ROOM.replace("UCA-1", "UCA-9")], "a rule of the file is gone"),
]
RIGHT["short_fault"] = [
    lambda _: ["faults: [{sensor: temperature, stuck: 12, from: 60, for: 60}]"],
    lambda _: ["faults: [{actuator: heat, stuck: 1, from: 40, for: 50}]"],
]
WRONG["short_fault"] = [
    (lambda _: ["faults: [{sensor: temperature, stuck: 12, from: 4}]"], "Add `for: 60`"),
    (lambda _: ["faults: [{sensor: temperature, stuck: [12, 13], for: 60}]"], "stands for 2 faults"),
    (lambda _: ["faults: [{sensor: temperature, delay: 15, for: 60}]"], "what keeps the heater"),
    (lambda _: ["faults: [{senser: temperature, delay: 15}]"], "Expected"),
]
RIGHT["retarget"] = [
    lambda _: [room(off_above=23.0, on_below=21.0)],
    lambda _: [room(off_above=25.0, on_below=21.0)],
]
WRONG["retarget"] = [
    (lambda _: [room()], "Move both thresholds up"),
    (lambda _: [noisy(room(off_above=23.0, on_below=21.0))], "bits are another"),
]
RIGHT["loop"] = [lambda _: [template("my tank")], lambda _: [own_loop()]]
WRONG["loop"] = [
    (lambda _: [ROOM], "a small loop"),
    (lambda _: [GUARDED], "a loop of the zoo"),
    (lambda _: [find("train door")], "no process has dynamics"),
    (lambda _: [template("x").replace("kind: process", "kind: proces")], "Did you mean"),
    (lambda _: [template("x").replace("{above: 8}", "{above: 9.9}").replace("-2", "-0.1")], "left its range"),
]
RIGHT["figure"] = [
    lambda folder: [figure(folder, "a.png", width=85 / 25.4, dpi=300)],
    lambda folder: [figure(folder, "a.svg", width=85 / 25.4)],
]
WRONG["figure"] = [
    (lambda folder: [folder / "none.png"], "there is no"),
    (lambda folder: [figure(folder, "a.png", dpi=300)], "does not say how large a dot is"),
    (lambda folder: [None], "Expected the path of a picture, got NoneType"),
    (lambda folder: [folder], "directory"),
    (lambda folder: [Path(__file__)], "cannot identify"),
    (lambda folder: [figure(folder, "a.png", width=85 / 25.4, dpi=100)], "too few dots"),
    (lambda folder: [figure(folder, "a.svg", width=4)], "102 mm wide"),
]


def _in_two_rows():
    data = hc.load(find("guarded room")).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data["components"]["landlord"]["control algorithm"]["heat"]["permit"] = [
        {"temperature": {"below": 20}},
        {"temperature": {"above": 18, "below": 25}},
    ]
    return data


def noisy(model):
    """Change a few entries that make no difference to where it switches."""
    for place in range(3):
        model.edit(f"W_Q[3, 0, {place}, 0]", 0.3, unlock=True)
    return model


def check(name):
    return getattr(hc.exercises, f"check_{name}")


@pytest.mark.parametrize("name", list(RIGHT))
def test_two_different_answers_are_right(name, tmp_path):
    for make in RIGHT[name]:
        found = check(name)(*make(tmp_path))
        assert found and repr(found).startswith("Right: "), found


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_answer_gets_a_hint(name, tmp_path):
    for make, hint in WRONG[name]:
        found = check(name)(*make(tmp_path))
        assert not found and hint in repr(found) and repr(found).startswith("Not yet: "), found


def test_every_checker_is_used_by_one_notebook_and_its_solution_there_is_right(tmp_path):
    used = []
    for source in sorted(NOTEBOOKS.glob("*.py")):
        text = source.read_text(encoding="utf-8")
        (solution,) = re.findall(r"# ```python\n((?:#.*\n)+?)# ```\n# </details>", text)
        code = "\n".join(line[2:] for line in solution.splitlines())
        names = {"hc": hc, "find": find, "np": np, "folder": tmp_path}
        *lines, last = code.splitlines()
        exec("\n".join(lines), names)
        assert eval(last, names), (source, eval(last, names))
        (name,) = re.findall(r"check_(\w+)\(", last)
        used.append(name)
        assert f"{source.stem[:2]}:" in check(name).__doc__, source
        goals, summary = "Goals:" in text, re.search(r"## Summary|\*\*What to keep|^# Summary:", text, flags=re.M)
        assert goals and summary, source
    assert sorted(used) == sorted(RIGHT) == sorted(WRONG)
    assert len(used) == len(
        [name for name in dir(hc.exercises) if name.startswith("check_") and name != "check_shapes"]
    )
