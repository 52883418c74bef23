"""What nobody gives by mistake: numbers, texts and files made to break what reads them; each is refused at once."""

import json
import resource
import struct
import time
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.parts import MAX_ROWS, MAX_WORDS
from handcrafted.craft import build as module
from handcrafted.craft.assemble import load_model
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import load, loads
from handcrafted.model.saved import ARRAYS
from handcrafted.safety.faults.usual import load_faults
from handcrafted.zoo import find
from tests.control.test_bad_input import BOXES, HEAT, PROCESS, ROOM, STATES, room, states

HUGE = {
    "10^400": "1" + "0" * 400,
    "16^5000": "0x" + "f" * 5000,
    "-10^400": "-1" + "0" * 400,
    "10^400 as 1e400": "1e400",
}
PLACES = {
    "a value": lambda v: room(HEAT, f"{{law: constant, parameters: {{value: {v}}}}}"),
    "a time step": lambda v: room("value: 10", f"value: {v}"),
    "a range": lambda v: room("range: [0, 1]", f"range: [0, {v}]"),
    "a level": lambda v: room("level: 0", f"level: {v}"),
    "a threshold": lambda v: room("on below: 19", f"on below: {v}"),
    "a budget": lambda v: room("level: 0", f"level: 0\n    budget: {{reads: {v}}}"),
    "a delay": lambda v: room(HEAT, f"{{law: delay, parameters: {{steps: {v}}}}}"),
    "a horizon": lambda v: ROOM + f"trial: {{hold: {v}}}",
    "a count": lambda v: room(HEAT, f"{{law: k of n, parameters: {{k: {v}}}}}"),
    "a resolution": lambda v: room("resolution: 0.5", f"resolution: {v}"),
    "an initial value": lambda v: room("initial: 0}", f"initial: {v}}}"),
    "a gain of a process": lambda v: room("heat: 1}", f"heat: {v}}}"),
    "a state": lambda v: states("next: q", f"next: {v}"),
    "a bound": lambda v: room(HEAT, f"{{law: decision table, when: {{t: {{above: {v}}}}}}}"),
    "a name": lambda v: ROOM.replace("name: x", f"name: {v}"),
}


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize("place", PLACES)
def test_numbers_beyond_all_use_are_refused_wherever_they_stand(place, size):
    if place == "a name" and size == "10^400 as 1e400":
        return  # that is a name
    with pytest.raises(hc.HandcraftedError, match="Expected") as caught:
        hc.assemble(loads(PLACES[place](HUGE[size]), "loop.yaml"))
    assert len(str(caught.value)) < 450, str(caught.value)


LONG = "y" * 100_000
LONG_TEXTS = {
    "a key": f"name: x\n{LONG[:1000]}: 1\n",
    "a kind": BOXES.replace("kind: process", f"kind: {LONG}"),
    "a law": room("law: hysteresis", f"law: {LONG[:100]}"),
    "a tag": f"name: !!{LONG} x\n",
    "a name": f"name: {LONG}\n",
    "a component": BOXES.replace("from: c, to: a}", f"from: {LONG[:110]}, to: a}}", 1),
    "a number": f"name: x\ntime step: {{value: {'1' * 100_000}}}\n",
    "a mapping": "name: {" + ", ".join(f"k{i}: {i}" for i in range(5000)) + "}\n",
    "a list of words": BOXES.replace("values: [no, yes]", f"values: [{', '.join(f'w{i}' for i in range(900))}, w1]"),
    "a wrong word of many": BOXES.replace(
        "values: [no, yes]", f"values: [{', '.join(f'w{i}' for i in range(900))}], initial: q"
    ),
    "a ring": "name: x\ncomponents: {"
    + ", ".join(f"c{i}: {{kind: process, level: 1, inside: c{(i + 1) % 500}}}" for i in range(500))
    + "}\n",
    "20,000 complaints": "name: x\nlosses: {" + ", ".join(f"L{i}: 1" for i in range(20_000)) + "}\n",
    "an undefined alias": f"name: *{LONG}\n",
    "a broken line": f'name: "{LONG}\n',
    "a terminal's commands": 'name: x\n"\\e[2J\\e]0;owned\\a": 1\n',
    "a key with a letter that nobody sees": "# x\n\ufeffname: x\n",
    "a key of two lines": 'name: x\n"a\\nb": 1\n',
}


@pytest.mark.parametrize("case", LONG_TEXTS)
def test_messages_stay_short_and_can_be_printed(case):
    with pytest.raises(hc.HandcraftedError, match="Expected") as caught:
        loads(LONG_TEXTS[case], "loop.yaml")
    text = str(caught.value)
    *lines, last = text.split("\n")
    for line in [*lines, last] if not last.startswith("... and ") else lines:
        assert len(line) < 700 and line.isprintable() and line.startswith("loop.yaml, line "), line
    assert len(lines) <= 21


def test_the_message_of_any_error_is_bounded_and_keeps_its_end():
    error = hc.HandcraftedError(f"Expected {LONG}\x1b[2J, got less. Do this.")
    assert len(str(error)) == 1_000 and str(error).endswith("got less. Do this.") and "\x1b" not in str(error)


def small(text, seconds, megabytes):
    """Refuse or read a text; say whether it took little time and memory."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    try:
        loads(text)
    except hc.HandcraftedError as error:
        said = str(error)
    else:
        said = ""
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    assert time.perf_counter() - start < seconds and grown < megabytes, (time.perf_counter() - start, grown)
    return said


def test_yaml_bombs_are_refused_before_they_go_off():
    assert "got deep nesting" in small("x: " + "[" * 100_000, 20, 100)
    assert "got deep nesting" in small("".join("  " * i + "a:\n" for i in range(300)), 20, 100)
    assert "at most 200,000 entries" in small("[" + "a," * 2_000_000, 60, 400)
    nested = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))
    assert "levels, got more through aliases" in small(nested, 20, 100)
    doubled = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 38))
    assert "once aliases are expanded" in small(doubled, 60, 300)
    assert loads("name: &a x\nlosses: {L-1: &a y, L-2: *a}\n").losses["L-2"] == "y"


ODD = (
    "%YAML 1.1\n---\nname: x\n", "%YAML 9.9\n---\nname: x\n", "%TAG ! x\n---\nname: x\n", '"\\U0011ffff": 1',
    "\ufeffname: x\n", "name: x\r\n", "? [a]\n: b", "<<: {a: b}", "name: =\n", "name: !!binary aGk=\n",
    "name: !!set {x}\n", "!!omap [a: b]", 'name: "\\xZZ"', "name: &", "name: !", "name: !<x", "- !!float x", "!!int 08",
    "!!bool maybe", "name: 2001-99-99", "name: 0b", "name: 1_", "name: 0x_", "name: 1:99", "name: .", "name: +",
)  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_odd_yaml_is_read_or_refused_in_words(text):
    try:
        assert loads(text).name
    except hc.HandcraftedError as error:
        assert "Expected" in str(error)


def many(count, **more):
    parts = {"a": {"kind": "controller", "level": 0}, "p": {"kind": "process", "level": 1}}
    links = [{"name": f"f{i}", "from": "p", "to": "a", **more} for i in range(count)]
    return {"name": "x", "components": parts, "feedback": links}


def test_structures_that_nobody_could_wait_for_are_refused_at_once():
    nested = {f"c{i}": {"kind": "process", "level": 1, **({"inside": f"c{i - 1}"} if i else {})} for i in range(40)}
    sensors = {f"s{i}": {"kind": "sensor", "level": 1} for i in range(150)}
    plant = {"kind": "process", "level": 1, "dynamics": {"law": "integrator", "output": "x", "inputs": {}}}
    chain = [("p", "s0"), *((f"s{i}", f"s{i + 1}") for i in range(149)), ("s149", "a")]
    handed = {
        "name": "x",
        "components": {"a": {"kind": "controller", "level": 0}, "p": plant, **sensors},
        "feedback": [{"name": "x", "from": one, "to": two} for one, two in chain],
    }
    words = [f"w{i}" for i in range(MAX_WORDS + 1)]
    for data, said in (
        ({"name": "x", "components": nested}, "at most 30 boxes in each other, got 39"),
        (handed, "handed on at most 100 times"),
        (many(1, values=words), f"at most {MAX_WORDS} items"),
        (
            {"name": "x", "hazards": {"H": {"text": "t", "when": [{"v": "p"}] * (MAX_ROWS + 1)}}},
            f"most {MAX_ROWS} items",
        ),
    ):
        with pytest.raises(hc.HandcraftedError, match=said):
            loads(json.dumps(data))


def test_arrays_larger_than_the_machine_are_refused_before_memory_is_taken(monkeypatch):
    wide = ControlStructure.model_validate(many(40, values=[f"w{i}" for i in range(MAX_WORDS)]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monkeypatch.setattr(module, "memory", lambda: 2_000_000_000)
    with pytest.raises(hc.HandcraftedError, match=r"got 0\.64 GB for x: what receives its signals alone"):
        hc.assemble(wide)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000 < 100
    monkeypatch.setattr(module, "memory", lambda: 6_000_000)
    ladder = ControlStructure.model_validate(many(1, values=[f"w{i}" for i in range(300)]))
    with pytest.raises(hc.HandcraftedError, match=r"at most 0\.0015 GB, got .* the circuits up to a\.f0"):
        hc.assemble(ladder)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_devices_folders_and_paths_that_are_none(tmp_path):
    for path in ("/dev/zero", tmp_path, tmp_path / "none", "a\0b", "x" * 5000, "/dev/null"):
        for read in (load, load_faults):
            with pytest.raises(hc.HandcraftedError, match="Expected"):
                read(path)
        with pytest.raises(hc.HandcraftedError, match="Expected"):
            load_model(path)


def with_header(folder, change, body=None):
    """Change what the header of a saved model says."""
    path = folder / ARRAYS
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + (data[8 + size :] if body is None else body))


HEADERS = {
    "more than the file holds": lambda h: h["W_R"].update(shape=[2**31, 2**31], data_offsets=[0, 2**64 - 4]),
    "a shape of another size": lambda h: h["W_R"].update(shape=[2**31, 2**31]),
    "no numbers of a huge shape": lambda h: h["W_R"].update(shape=[0, 2**62], data_offsets=[0, 0]),
    "a hundred axes": lambda h: h["b_U"].update(shape=[1] * 100),
    "a type that numpy does not know": lambda h: h["W_E"].update(dtype="F8_E5M2", shape=[28]),
    "another type": lambda h: h["W_E"].update(dtype="I32"),
    "no such type": lambda h: h["W_E"].update(dtype="F31"),
    "offsets that overlap": lambda h: h["W_E"].update(data_offsets=h["b_E"]["data_offsets"]),
    "13 MB of words": lambda h: h["__metadata__"].update(more="y" * 13_000_000),
    "another structure": lambda h: h["__metadata__"].update(structure="0" * 64),
    "no structure": lambda h: h.pop("__metadata__"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_not_true_is_refused_before_anything_is_built(case, tmp_path, monkeypatch):
    hc.assemble(hc.load(find("heated room"))).save(tmp_path / "model")
    with_header(tmp_path / "model", HEADERS[case])
    monkeypatch.setattr("handcrafted.craft.assemble.assemble", lambda structure: pytest.fail("assembled"))
    with pytest.raises(hc.HandcraftedError, match="Expected") as caught:
        load_model(tmp_path / "model")
    assert len(str(caught.value)) < 600


def test_arrays_of_sizes_that_the_structure_has_not_are_not_read(tmp_path, monkeypatch):
    hc.assemble(hc.load(find("heated room"))).save(tmp_path / "model")

    def taller(header):
        for name in ("W_in", "b_in", "W_out"):
            place = [axis for axis, size in enumerate(header[name]["shape"]) if size == 2][-1]
            header[name]["shape"][place] = 3
        end = 0
        for name, said in header.items():
            if name != "__metadata__":
                start, end = end, end + 4 * int(np.prod(said["shape"]))
                said["data_offsets"] = [start, end]

    header = {}
    with_header(tmp_path / "model", lambda h: (taller(h), header.update(h)), b"")
    total = max(said["data_offsets"][1] for name, said in header.items() if name != "__metadata__")
    with_header(tmp_path / "model", lambda h: None, b"\0" * total)
    monkeypatch.setattr("handcrafted.model.saved.Weights", None)
    with pytest.raises(hc.HandcraftedError, match=r"Expected arrays of the sizes .*'d_mlp': 2.* got .*'d_mlp': 3"):
        load_model(tmp_path / "model")


def test_states_and_transitions_of_a_process_are_bounded():
    assert STATES in states("", "") and PROCESS in ROOM
    many_states = ", ".join(f"s{i}" for i in range(MAX_WORDS + 1))
    with pytest.raises(hc.HandcraftedError, match=f"at most {MAX_WORDS} items"):
        loads(states("states: [p, q]", f"states: [{many_states}]"))
