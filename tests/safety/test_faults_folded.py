"""Faults in the folded network, side by side, against the arrays that the same faults change."""

from dataclasses import replace

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.model.run_open import OpenNetwork
from handcrafted.model.transformer import Transformer
from handcrafted.rollout import faulted, faulted_folded
from handcrafted.safety.fault_places.catalogue import PLACES
from handcrafted.safety.faults.campaign import inject
from handcrafted.safety.faults.faultlist import FaultList, Places, expand
from handcrafted.safety.faults.outcome import DIFFERENT, MASKED
from handcrafted.safety.faults.runner import Runner
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.zoo import find
from tests.loops import of_the_zoo, thinned

STEPS = 40
AMOUNTS = {
    "stuck": 1, "bias": 0.75, "scale": 2, "noise": 1, "flip": [31, 3, 22], "delay": [2, 5], "spoof": [1, 0],
    "disturbance": 1,
}  # fmt: skip
WORDS = ("sensor", "actuator", "link")
"""Places that are stuck at words where a signal has words."""


def every_way(model):
    """Return a list of faults of every place and way, for ever and for a while."""
    lines = []
    for kind, place in PLACES.items():
        for way in place.modes:
            if way in ("swap", "parameter", "spoof"):  # each names something of one loop, see below
                continue
            amount = "all" if way == "stuck" and kind in WORDS else AMOUNTS.get(way, True)
            lines += [{kind: "all", way: amount}, {kind: "all", way: amount, "from": 7, "for": 20}]
    names = {kind: list(Places(FaultTarget(model)).of(kind)) for kind in ("weight", "link", "sensor")}
    first, second = names["weight"][:2]
    lines += [{"weight": first, "swap": second, "from": when} for when in (0, 9)]
    return FaultList.model_validate({"faults": lines})


def both(model, faults, **options):
    """Run faults folded and dense; give them with both outcomes."""
    folded, dense = (inject(model, faults, steps=STEPS, engine=engine, **options) for engine in ("folded", "dense"))
    return [(fault, one, other) for (fault, one), (_, other) in zip(folded, dense, strict=True)]


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("heated_room", 150),
        *(pytest.param(name, 2000, marks=pytest.mark.slow) for name in (
            "heated_room", "guarded_room", "train_door", "cruise_control", "wheel_brakes", "radiotherapy",
        )),
    ],
)  # fmt: skip
def test_every_fault_comes_to_the_same_as_in_the_arrays(name, sample):
    model = of_the_zoo(name)[1]
    found = both(model, every_way(model), sample=sample)
    off = [(fault, one, other) for fault, one, other in found if one != other]
    assert not off or name == "cruise_control", off
    for fault, one, other in off:  # its sums round: a last bit is there in one engine and not in the other
        assert fault.mode == "flip" and fault.amount == 3 and {one.kind, other.kind} == {MASKED, DIFFERENT}, fault
    assert len(off) <= 10
    known = Places(FaultTarget(model))
    there = {kind for kind in PLACES if list(known.of(kind))} - {"network"}  # one of the many, seldom drawn
    assert {fault.place.kind for fault, *_ in found} >= there and len(there) > 5
    assert len({one.kind for _, one, _ in found}) > 1


def run_folded(own, faults):
    found = own._run_folded(faults)
    assert found is not None
    return found


def numbers(seen, actions, run):
    """Return all that was seen of one run, number behind number [number]."""
    parts = (*seen.processes.values(), *seen.observed.values())
    named = [part[name][run] for part in parts for name in sorted(part)]
    return np.concatenate(
        [np.ravel(a) for a in (*named, seen.inputs[run], seen.residual[run], seen.outputs[run], actions[run])]
    )


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("heated_room", 120),
        pytest.param("guarded_room", 250, marks=pytest.mark.slow),
        pytest.param("wheel_brakes", 900, marks=pytest.mark.slow),
    ],
)
def test_every_number_is_that_of_the_arrays(name, sample, monkeypatch):
    """Two engines, step by step: what is sensed, remembered, commanded and done, and where the processes are."""
    model, traces = of_the_zoo(name)[1], {}
    own = Runner(FaultTarget(model), STEPS, {}, None, None, 0, ())
    every = expand(model, every_way(model).model_copy(update={"steps": STEPS}))
    faults = [every[i] for i in np.random.default_rng(1).choice(len(every), min(sample, len(every)), replace=False)]
    folded = [part for part in own.parts(faults) if part.folded]
    assert sum(len(part.faults) for part in folded) > 0.8 * len(faults)
    for part in folded:
        found = run_folded(own, part.faults)
        usual = [i for i in range(len(part.faults)) if not found.beyond[i + 1]]
        assert len(usual) > 0.9 * len(part.faults)
        mine = {str(part.faults[i]): numbers(found.record, found.actions, i + 1) for i in usual}
        for again in own._of_arrays([part.faults[i] for i in usual]):
            monkeypatch.setattr(own, "_witnessed", lambda *seen, of=again: [
                traces.update({str(fault): numbers(seen[0], seen[1], i + 1)}) for i, fault in enumerate(of.faults)
            ])  # fmt: skip
            own._run_arrays(again)
        for fault, values in mine.items():
            off = np.abs(values - traces[fault]) / np.maximum(1, np.abs(traces[fault]))
            assert off.max() <= 1e-5, fault
        healthy = numbers(found.record, found.actions, 0)
        assert sum(not np.array_equal(values, healthy) for values in mine.values()) > len(mine) / 3


def test_words_that_are_spoofed_heads_that_are_swapped_and_other_parameters_do_too():
    lines = [
        {"sensor": "temperature", "spoof": [30, 12, 20], "from": 5},
        {"actuator": "heat", "swap": "display"},
        {"link": "landlord -> thermostat: set point", "swap": "thermostat -> landlord: heat request", "from": 3},
        {"process": "room", "parameter": {"time constant": [60, 900]}, "from": 11, "for": 20},
        {"sensor": "temperature", "stuck": 12, "when": {"temperature": {"above": 16}}},
    ]
    found = both(of_the_zoo("guarded_room")[1], FaultList.model_validate({"faults": lines}))
    assert all(one == other for _, one, other in found)
    assert any(one.kind != MASKED for _, one, _ in found)


def runs(monkeypatch):
    """Return a list that gets what the arrays are asked to run."""
    asked, real = [], Runner._run_arrays
    monkeypatch.setattr(Runner, "_run_arrays", lambda self, part: asked.extend(part.faults) or real(self, part))
    return asked


def test_nothing_is_compiled_for_them(monkeypatch):
    asked, before = runs(monkeypatch), faulted.run_faulted.compilations
    model = of_the_zoo("train_door")[1]
    inject(model, FaultList.model_validate({"faults": [{"weight": "all", "scale": 1.5}, {"link": "all", "delay": 2}]}))
    assert not asked and faulted.run_faulted.compilations == before


@pytest.mark.parametrize("bit", [30, 29])
def test_what_becomes_too_large_is_run_by_the_arrays(bit, monkeypatch):
    """A NaN that the arrays spread and a folded program leaves out: 0 times what is not finite."""
    asked, model = runs(monkeypatch), of_the_zoo("heated_room")[1]
    lines = [{"sensor": "temperature", "flip": bit}, {"weight": "all", "flip": bit}, {"weight": "all", "scale": 2}]
    found = both(model, FaultList.model_validate({"faults": lines}))
    assert all(one == other for _, one, other in found)
    ways = {fault.mode for fault in asked[: len(asked) - len(found)]}  # before the dense campaign
    assert ways == {"flip"}


def test_values_may_be_left_out_that_would_have_become_infinite(monkeypatch):
    """A run in which any coordinate is beyond bounds is not taken from here, whether outputs depend on it or not."""
    _, model = of_the_zoo("heated_room")
    target = FaultTarget(model)
    own = Runner(target, STEPS, {}, None, None, 0, ())
    place = next(p for name, p in Places(target).of("weight").items() if name.startswith("W_out"))
    lines = FaultList.model_validate({"faults": [{"weight": place.name, "scale": 3}]})
    (fault,) = inject(model, lines, steps=2).faults
    assert not run_folded(own, [fault]).beyond.any()
    monkeypatch.setattr(faulted_folded, "LARGE", np.float32(1))
    assert run_folded(own, [fault]).beyond.all()


BROKEN = {
    "its entries": ("advance", lambda self, state, inputs, entries, touches, held: (
        state, inputs, np.broadcast_to(self.entries[list(self.open)][:, None], entries.shape), touches, held)),
    "what is done on the way": ("advance", lambda self, state, inputs, entries, touches, held: (
        state, inputs, entries, touches._replace(keep=touches.keep * 0 + 1, add=touches.add * 0), held)),
    "what is held": ("advance", lambda self, state, inputs, entries, touches, held: (
        state, inputs, entries, touches, None)),
}  # fmt: skip


@pytest.mark.parametrize("left_out", thinned(BROKEN, every=2))
def test_a_fault_that_is_left_out_would_be_seen(left_out, monkeypatch):
    name, changed = BROKEN[left_out]
    model, real = of_the_zoo("heated_room")[1], getattr(OpenNetwork, name)
    dense = inject(model, every_way(model), steps=STEPS, sample=300, engine="dense")
    monkeypatch.setattr(OpenNetwork, name, lambda self, *given: real(self, *changed(self, *given)))
    folded = inject(model, every_way(model), steps=STEPS, sample=300)
    assert folded.outcomes != dense.outcomes


def test_a_network_that_attends_by_content_goes_through_the_arrays(monkeypatch):
    asked, (structure, shared) = runs(monkeypatch), of_the_zoo("heated_room")
    raw = shared.effective_weights.numpy()
    raw.W_Q[...], raw.W_K[...] = 0.01, 0.01
    anywhere = raw.map(lambda array: np.ones(array.shape, bool))
    model = Transformer(raw, anywhere, shared.names, shared.layout, structure)
    room, kept = {"sensor": "temperature"}, {"recurrence": "all"}  # shapes that the arrays sort
    mixed = [
        room | {"stuck": 12},
        kept | {"stuck": 1},
        room | {"stuck": 30},
        kept | {"zero": True},
        room | {"zero": True},
    ]
    lines = FaultList.model_validate({"faults": mixed})
    found = inject(model, lines, steps=STEPS)
    assert len(asked) == len(found) >= 5 and len({*found.outcomes}) > 2
    assert found.outcomes == inject(model, lines, steps=STEPS, engine="dense").outcomes


def test_there_is_no_other_engine():
    with pytest.raises(hc.HandcraftedError, match="Expected an engine, got 'gpu'"):
        inject(hc.assemble(hc.load(find("heated room"))), [], engine="gpu")


def test_the_outcome_does_not_depend_on_the_company():
    """So that a campaign may be cut off anywhere, and go on."""
    model = of_the_zoo("heated_room")[1]
    faults = inject(model, every_way(model), steps=STEPS, sample=60)
    alone = [inject(model, [fault], steps=STEPS).outcomes[0] for fault in faults.faults[::6]]
    assert alone == list(faults.outcomes[::6])
    assert replace(alone[0], kind="other") != alone[0]
