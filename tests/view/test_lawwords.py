"""Recovered laws in the drawing's words, against the rows that the file states: two texts from two sources."""

import itertools
import re

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.control.vocabulary import Role
from handcrafted.laws.catalogue import LAWS
from handcrafted.readout.equations.equations import Line, equations
from handcrafted.readout.target import subject
from handcrafted.view import lawbox
from handcrafted.view.conditions import Logic, Predicate, threshold
from handcrafted.view.formulas import parsed, replaced, worded
from handcrafted.view.lawbox import law_lines
from handcrafted.view.lawwords import NOTES, in_words
from handcrafted.zoo import bundled
from handcrafted.zoo.examples import example
from tests.loops import of_the_zoo

LOOPS = sorted(path.stem for path in bundled())
SOME, OTHERS = list(LAWS)[::4], [law for i, law in enumerate(LAWS) if i % 4]


def read(model):
    return equations(subject(model.effective_weights, model.names))


def said(structure, model, name, known=None):
    """Return what a controller's recovered laws say by name, without marks, and the notes."""
    controller = structure.resolved.controllers[name]
    found, notes = in_words((known or read(model)).of(name), controller)
    plain = lambda line: re.sub(f"[{NOTES}]", "", line.replace("\u00a0", " "))
    by_head = {}
    for one in found:
        by_head.setdefault(one.head, []).append([plain(line) for line in one.lines])
    return by_head, notes


def rows(lines):
    """Return the rows of a condition as sets of tests."""
    return {frozenset(re.sub("^(permitted )?(if|or) ", "", line).split(" and ")) for line in lines}


@pytest.mark.parametrize("loop", LOOPS)
def test_decision_tables_read_back_as_the_file_states_them(loop):
    structure, model = of_the_zoo(loop)
    compared, whole = 0, read(model)
    for name, controller in structure.resolved.controllers.items():
        found, _ = said(structure, model, name, whole)
        for entry in controller.entries:
            if entry.declared is not None and entry.declared.when is not None:
                stated = [line.replace("\u00a0", " ") for line in law_lines(entry) if line != "decision table"]
                stated = " ".join(stated).replace(" or ", "\nor ").split("\n")
                stated = [re.sub(" +", " ", line) for line in stated]
                (lines,) = found[entry.name]
                assert rows(line for line in lines if line[:2] in ("if", "or")) == rows(stated), entry.name
                compared += 1
    assert compared == {"train_door": 1, "wheel_brakes": 5, "radiotherapy": 2, "cruise_control": 2}.get(loop, 0)


def test_what_the_crew_and_the_thermostat_do_is_said_like_this():
    found, notes = said(*of_the_zoo("wheel_brakes"), "crew")
    assert found == {
        "autobrake switch": [["if landing = intended"]],
        "pedals": [
            ["if position > 1200", "or autobrake status = idle and landing = intended and position > 300"],
        ],
    }
    assert [note.replace("\u00a0", " ") for note in notes] == ["1200 … 1201", "300 … 301"]
    found, _ = said(*of_the_zoo("heated_room"), "thermostat")
    assert found == {"heat": [["= 1 if room temperature < 19, 0 if > 21, else as before"]]}
    found, _ = said(*of_the_zoo("radiotherapy"), "dose monitor")
    assert found["beam"] == [
        ["= limit(beam request, 0, 1)", "if dose feedback = fresh and door = closed and voted dose < 200", "else 0"]
    ]
    assert found["voted dose"] == [["= max(min(max(dose a, dose b), dose c), min(dose a, dose b))"]]


@pytest.mark.parametrize("structure", [*LOOPS, *SOME, *(pytest.param(law, marks=pytest.mark.slow) for law in OTHERS)])
def test_no_name_of_the_printed_equations_is_left(structure):
    known, model = of_the_zoo(structure) if structure in LOOPS else (example(structure), None)
    model = model or hc.assemble(known)
    whole = read(model)
    for name in known.resolved.controllers:
        found, _ = said(known, model, name, whole)
        text = str(found)
        assert not re.search(r"\w\[|issued_|worked_out_|believed_|received_|[\ue000-\uf8ff]", text), text


def test_weights_that_do_otherwise_say_otherwise():
    structure, _ = of_the_zoo("train_door")
    model = hc.assemble(structure)
    at = model.names.find(Signal("door controller", "feedback_modelling", "emergency"))
    place = next(p for p in model.layout if p.writes.name == "open doors")
    raw = model.weights.numpy()
    rows_of = raw.W_in[place.layer]
    rows_of[[at[0], at[1]]] = rows_of[[at[1], at[0]]]  # yes for no
    model.set_weights(raw)
    found, _ = said(structure, model, "door controller")
    (lines,) = found["open doors"]
    assert rows(lines) == {
        frozenset({"train motion = stopped", "train position = at platform"}),
        frozenset({"train motion = stopped", "emergency = no"}),
    }


def line(name, text, signal=None, kind="decision table"):
    return Line(signal or Signal("door controller", "control_action", "open doors"), name, text, kind)


def test_a_word_and_its_opposite_are_one_line_and_others_are_two():
    structure, model = of_the_zoo("train_door")
    controller = structure.resolved.controllers["door controller"]
    lines = list(read(model).of("door controller"))
    decisions = [i for i, one in enumerate(lines) if one.signal.role == Role.CONTROL_ACTION]
    assert len(decisions) == 2 and len(in_words(lines, controller)[0]) == 1
    lines[decisions[0]] = lines[decisions[0]].__class__(
        lines[decisions[0]].signal, lines[decisions[0]].name, "any(train_motion['stopped'])", "decision table"
    )
    assert len(in_words(lines, controller)[0]) == 2


@pytest.mark.parametrize("most", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 5, 8)), 4, 6, 20])
def test_a_box_is_cut_between_clauses_and_says_so(most, monkeypatch):
    """Half a clause would say that an action is issued where it is not."""
    structure, model = of_the_zoo("wheel_brakes")
    controller = structure.resolved.controllers["autobrake"]
    cells = lambda: [text.text for text in lawbox._recovered(read(model), controller, ()).texts]
    monkeypatch.setattr(lawbox, "MAX_LINES", 99)
    whole = [text for text in cells() if not text.startswith("bands")]
    monkeypatch.setattr(lawbox, "MAX_LINES", most)
    cut = [text for text in cells() if not text.startswith("bands")]
    assert len(cut) <= max(most, 1)
    if most >= len(whole):
        assert cut == whole
        return
    *kept, last = cut
    assert last == "…" and kept == whole[: len(kept)]
    follows = whole[len(kept)]
    assert not follows.startswith("  ") and follows not in ("if", "or") and (not kept or kept[-1] not in HEADS)


HEADS = ("brake demand", "autobrake status", "deceleration")


def test_what_is_no_formula_is_left_as_it_is():
    structure, model = of_the_zoo("train_door")
    lines = [*read(model).of("door controller")]
    text = "a head that attends by content …"
    odd = [line(one.name, text, one.signal, "head") if one.signal.role == Role.CONTROL_ACTION else one for one in lines]
    found, _ = in_words(odd, structure.resolved.controllers["door controller"])
    assert {one.lines for one in found} == {(f"= {text}",)}
    nothing = [line(one.name, "any()", one.signal) if one.signal.role == Role.CONTROL_ACTION else one for one in lines]
    found, _ = in_words(nothing, structure.resolved.controllers["door controller"])
    assert {one.lines for one in found} == {("never",)}


@pytest.mark.parametrize(
    ("low", "high", "below", "text"),
    [
        (1200, 1201, False, "1200"), (11.5, 12, True, "12"), (59.5, 60, True, "60"), (8, 8.125, False, "8"),
        (18.9375, 19, True, "19"), (21, 21.0625, False, "21"), (-1.00201416016, -1.00006103516, True, "-1"),
        (0.890625, 0.90625, True, "0.9"), (2.89899301529, 2.89996957779, True, "2.9"),
        (199.875488281, 199.891113281, False, "199.875"), (199.983886719, 199.999511719, True, "200"),
        (-0.03125, 0, True, "0"), (0, 0.03125, False, "0"), (0.333, 0.334, False, "0.333"),
        (1e6, 1.001e6, False, "1000000"),
    ],
)  # fmt: skip
def test_a_threshold_is_the_number_that_stands_for_its_band(low, high, below, text):
    assert threshold(low, high, below) == text
    assert low - (high - low) / 16 <= float(text) <= high + (high - low) / 16


def test_conditions_are_opposite_in_every_context_or_not_at_all():
    so_or_not = [Predicate(name, f"not {name}") for name in "ab"]
    a, b = (Logic("test", test=one) for one in so_or_not)
    either, both = Logic("or", (a, b)), Logic("and", (a, b))
    neither = Logic("and", (Logic("not", (a,)), Logic("not", (b,))))
    assert either.is_opposite_of(neither) and neither.is_opposite_of(either)
    assert not either.is_opposite_of(both) and not both.is_opposite_of(neither)
    assert neither.rows() == [["not a", "not b"]] and Logic("not", (both,)).rows() == [["not a"], ["not b"]]
    for so in itertools.product((False, True), repeat=2):
        given = dict(zip(so_or_not, so, strict=True))
        assert either.holds(given) == any(so) and both.holds(given) == all(so)
    many = [Logic("test", test=Predicate(str(i), f"not {i}")) for i in range(13)]
    assert not Logic("or", tuple(many)).is_opposite_of(Logic("not", (Logic("or", tuple(many)),)))


def test_a_formula_put_into_another_gives_the_same_numbers():
    inner, outer = parsed("max(x, y[1])"), parsed("2 * stage[0] - stage[0] * z + w")
    assert inner is not None and outer is not None
    whole = replaced(outer, {"stage[0]": inner})
    given = dict(x=1.5, y=np.array([4.0, 2.5]), z=3.0, w=-1.0)
    wanted = 2 * max(1.5, 2.5) - max(1.5, 2.5) * 3 - 1
    assert eval(worded(whole, lambda node: None), {"max": max}, given) == wanted
    assert parsed("a head …") is None


def test_a_line_that_takes_its_place_unseen_has_no_ink_of_its_own():
    one = lawbox.Text("wide", off=True)
    assert lawbox.OFF in one.markup and lawbox.OFF not in one.unseen and one.unseen.count("COLOR") == 1
