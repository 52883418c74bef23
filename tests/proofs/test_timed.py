"""Unsafe control actions of two steps: too early, too late, stopped too soon, applied too long."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.proofs.claim import claims_of
from handcrafted.proofs.proof import PROVED, REFUTED, UNKNOWN
from handcrafted.proofs.refute import happens
from handcrafted.safety.stpa.timing import broken

FILE = Path(hc.__file__).parent / "zoo" / "heated_room.yaml"
LATE = "type: too late, context: {temperature: {below: 18.9}}"
TYPES = ("provided", "not provided", "too early", "too late", "stopped too soon", "applied too long")


def room(type, context, *others):
    """The heated room with another unsafe control action in place of UCA-3."""
    text = FILE.read_text(encoding="utf-8")
    for old, new in ((LATE, f"type: {type}, context: {context}"), *others):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return hc.assemble(loads(text))


def claim_of(model):
    return claims_of(model.structure, model.names, rules=["UCA-3"])[0]


@pytest.mark.parametrize("type", TYPES)
def test_a_claim_is_what_the_formula_of_its_type_says(type):
    """Step for step, against the formulas over traces, which share no code with claims; each is broken somewhere."""
    rng, seen = np.random.default_rng(0), False
    shocks = {"room": rng.choice([-15.0, 0.0, 15.0], (64, 200)).astype(np.float32)}
    for low, high in ((19.0, None), (None, 20.5), (19.0, 21.5)):
        ends = {"above": low, "below": high}
        test = ", ".join(f"{way}: {mark}" for way, mark in ends.items() if mark is not None)
        model = room(type, f"{{temperature: {{{test}}}}}")
        start = {"room.temperature": rng.uniform(12, 25, 64).astype(np.float32)}
        trace = hc.simulate(model, steps=200, runs=64, disturbance=shocks, initial=start)
        warm, heating = np.asarray(trace.state["temperature"]), np.asarray(trace.command["heat"]) > 0.5
        context = (warm > (low if low else -np.inf)) & (warm < (high if high else np.inf))
        found, said = happens(model, claim_of(model), trace, {"inputs": {}}), broken(type, context, heating)
        if type == "too early":  # a claim is broken once what it was too early for has come, a step later
            assert np.array_equal(found[:, 1:], said[:, :-1]) and not found[:, 0].any()
        else:
            assert np.array_equal(found, said)
        seen |= bool(found.any())
    assert seen


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("context", ["{train motion: moving}", "[{emergency: yes}, {train position: elsewhere}]"])
def test_words_from_outside_are_taken_as_in_the_formulas(type, context):
    """A negated context is every other combination of words, and a word that is not said is said otherwise."""
    text = (FILE.parent / "train_door.yaml").read_text(encoding="utf-8")
    old = "type: provided, context: {train motion: moving}"
    assert text.count(old) == 1
    model = hc.assemble(loads(text.replace(old, f"type: {type}, context: {context}")))
    rng = np.random.default_rng(0)
    domains = {"train motion": ["stopped", "moving"], "train position": ["at platform", "elsewhere"]}
    inputs = {name: rng.choice(words, (32, 40)) for name, words in {**domains, "emergency": ["no", "yes"]}.items()}
    trace = hc.simulate(model, steps=40, runs=32, inputs=inputs)
    claim = claims_of(model.structure, model.names, rules=["UCA-1"])[0]
    found = happens(model, claim, trace, {"inputs": inputs})
    moving, away, alarm = (
        inputs[name] == word for name, word in zip(inputs, ("moving", "elsewhere", "yes"), strict=True)
    )
    said = broken(
        type, moving if "moving" in context else alarm | away, trace.words(trace.command, "open doors") == "yes"
    )
    shifted = said[:, :-1] if type == "too early" else said[:, 1:]
    assert np.array_equal(found[:, 1:], shifted)
    assert type == "too early" or np.array_equal(found[:, 0], said[:, 0])
    proved = hc.prove(model, "UCA-1").verdict
    assert proved != PROVED if found.any() else proved == PROVED


def test_a_heater_of_two_words_is_off_before_the_first_step():
    """A word that nobody has said yet is its first one: the room starts beyond where heat could have been on."""
    words = [("to: room, range: [0, 1]}", "to: room, values: [off, on]}"), ("initial: 0\n", "initial: off\n")]
    later = [("initial: 15\n", "initial: 22\n"), ("off above: 21", "off above: 24.5")]
    context = "{temperature: {below: 24}}"
    assert hc.prove(room("stopped too soon", context, *words, *later), "UCA-3").verdict == PROVED
    assert hc.prove(room("stopped too soon", context, *words), "UCA-3").verdict == REFUTED


@pytest.mark.parametrize("mark", [18.9, 20.0, -3.3, 1 / 3])
def test_not_below_a_mark_is_from_there_on(mark):
    """Of float32 numbers round a mark each is below it, or not below it by the claim, and never both."""
    model = room("too late", f"{{temperature: {{below: {mark}}}}}")
    ((before, now, _),) = claim_of(model).never
    near = np.float32(mark)
    for one in (near, np.nextafter(near, np.float32(100)), np.nextafter(near, np.float32(-100))):
        exact = Fraction(float(one))
        assert (exact < Fraction(now.mark)) != (exact > Fraction(before.mark))
    assert before.before and not now.before and (before.way, now.way) == ("above", "below")


@pytest.mark.parametrize(
    "type, context, breaks",
    [
        ("too late", "{temperature: {below: 18.9}}", ("on below: 19", "on below: 18")),
        ("applied too long", "{temperature: {below: 21.1}}", ("off above: 21", "off above: 22")),
        ("stopped too soon", "{temperature: {below: 20.5}}", ("off above: 21", "off above: 20")),
    ],
)
def test_it_is_proved_where_the_law_keeps_it_and_refuted_where_it_does_not(type, context, breaks):
    """The same room with a threshold moved does it, in a run that simulation repeats."""
    good, bad = room(type, context), room(type, context, breaks)
    assert hc.prove(good, "UCA-3").verdict == PROVED
    proof = hc.prove(bad, "UCA-3")
    assert proof.verdict == REFUTED and proof.counterexample is not None and proof.counterexample.step > 0
    trace = proof.counterexample.trace
    warm, heating = np.ravel(trace.state["temperature"]), np.ravel(trace.command["heat"]) > 0.5
    way, mark = context.strip("{}").split("{")[1].split(": ")
    met = warm > float(mark) if way == "above" else warm < float(mark)
    assert broken(type, met, heating)[proof.counterexample.step]


def test_too_early_is_refuted_and_where_it_holds_left_unknown():
    """Cells do not tie what a state was to what it is: a claim that needs that is not proved, though it holds."""
    assert hc.prove(room("too early", "{temperature: {above: 20}}"), "UCA-3").verdict == REFUTED
    never = room("too early", "{temperature: {above: 21.1}}", ("off above: 21", "off above: 20"))
    assert hc.prove(never, "UCA-3").verdict == UNKNOWN


@pytest.mark.parametrize(
    "context", ["{temperature: {below: 50}}", "[{temperature: {below: 20}}, {temperature: {above: 10}}]"]
)
def test_what_holds_from_the_first_step_on_is_entered_there(context):
    """A context that no number of the sensor's range is out of: it is too late at once, or never."""
    late = room("too late", context, ("initial: 15\n", "initial: 22\n"))
    proof = hc.prove(late, "UCA-3")
    assert proof.verdict == REFUTED and proof.counterexample is not None and proof.counterexample.step == 0
    assert hc.prove(room("too late", context), "UCA-3").verdict != REFUTED


def test_what_was_before_stands_in_the_cells_by_name():
    proof = hc.prove(room("applied too long", "{temperature: {below: 21.1}}"), "UCA-3")
    assert {"room.temperature before", "thermostat.heat before"} <= set(proof.cells[0])
    assert [*proof.widest_start] == ["room.temperature"]


def test_an_order_is_not_put_to_proof():
    """Whether something ever came first, no two steps decide; nor is a context that always holds ever entered."""
    for type, context in (("out of order", "{temperature: {below: 18.9}}"), ("too late", "{}")):
        with pytest.raises(hc.HandcraftedError, match=r"two steps decide|not every context"):
            claim_of(room(type, context))
