"""What explain names is what makes the link: the entries are there, all are needed, and what is cut is said."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.verdict.explain import explain
from tests.loops import of_the_zoo

LOOPS = ("train_door", "heated_room", "cruise_control", "wheel_brakes")


def counted(structure):
    return [f"{link.id.kind} {link.id}" for link in structure.resolved.links if link.counted]


@pytest.mark.parametrize("stem", LOOPS)
def test_every_link_is_explained_by_entries_that_are_there(stem):
    structure, model = of_the_zoo(stem)
    weights = model.effective_weights.numpy()
    for link in counted(structure):
        explanation = explain(model, link)
        assert explanation.complete and all(step.entries for step in explanation.steps), explanation
        assert all(weights[e.array][e.index] == np.float32(e.value) != 0 for s in explanation.steps for e in s.entries)


@pytest.mark.parametrize("stem", ["heated_room", "guarded_room", pytest.param("wheel_brakes", marks=pytest.mark.slow)])
def test_zeroing_the_entries_of_any_step_loses_that_link(stem):
    structure, model = of_the_zoo(stem)
    rng = np.random.default_rng(0)
    for link in rng.permutation(counted(structure))[:3]:
        steps = explain(model, link).steps
        step = steps[rng.integers(len(steps))]
        weights = model.effective_weights.numpy()
        for entry in step.entries:
            weights[entry.array][entry.index] = 0
        comparison = hc.compare(structure, hc.recover(weights, names=model.names))
        lost = [f"{v.id.kind} {v.id}" for v in (*comparison.missing, *comparison.wrong)]
        assert link in lost, (link, step)
        assert not explain(model, link, weights).complete


@pytest.mark.parametrize(
    "stem, link, array, missing",
    [
        ("train_door", "train -> door controller: emergency", "W_E", "W_E["),
        ("train_door", "train -> door controller: emergency", "W_V", "W_V["),
        ("train_door", "train -> door controller: emergency", "W_O", "W_O["),
        ("train_door", "train -> door controller: emergency", "b_K", "looks at all steps alike"),
        ("train_door", "door controller -> door: open doors", "W_out", "W_out["),
        ("train_door", "door controller -> door: open doors", "W_in", "W_in["),
        ("train_door", "door controller -> door: open doors", "W_U", "W_U["),
        ("wheel_brakes", "autobrake -> crew: autobrake status", "W_R", "W_R["),
    ],
)
def test_what_is_missing_is_said(stem, link, array, missing):
    _, model = of_the_zoo(stem)
    weights = model.effective_weights.numpy()
    weights[array][...] = 0
    explanation = explain(model, link, weights)
    assert "MISSING: " in str(explanation) and "INCOMPLETE" in str(explanation)
    assert any(missing in what for step in explanation.steps for what in step.missing)
    assert "MISSING" not in str(explain(model, link))


def test_one_lost_word_of_several_is_named():
    _, model = of_the_zoo("train_door")
    weights = model.effective_weights.numpy()
    link = "train -> door controller: emergency"
    entry = explain(model, link).steps[0].entries[1]
    weights[entry.array][entry.index] = 0
    step = explain(model, link, weights).steps[0]
    assert len(step.missing) == 2 and len(step.entries) == 1
    assert any(f"W_E[{entry.index[0]}, " in what for what in step.missing)


def test_report_goes_up_through_the_recurrence():
    """The path up a hierarchy: written by the subordinate, carried to the next step, received by the superior."""
    _, model = of_the_zoo("cruise_control")
    link = next(link for link in model.structure.resolved.links if link.lag and link.counted)
    texts = [step.text for step in explain(model, str(link.id)).steps]
    assert f"{link.id.sender} writes" in texts[0] and "carried to the next step" in texts[1]
    assert f"{link.id.receiver} receives" in texts[2]


def test_other_arrays_than_the_models_are_refused():
    _, door = of_the_zoo("train_door")
    _, room = of_the_zoo("heated_room")
    with pytest.raises(hc.HandcraftedError, match="Expected arrays of the model's sizes"):
        explain(door, "train -> door controller: emergency", room.effective_weights)
