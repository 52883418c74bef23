"""What a tired user gives: each case must be refused with the file, the line and the words that help."""

import re

import pytest

from handcrafted.loading.yamlfile import load, loads
from handcrafted.text.diagnostics import HandcraftedError

BOXES = """name: x
components:
  a: {kind: controller, level: 0, process model: {v: {values: [p, q], reads: [f]}, r: {range: [0, 9], reads: [g]}}}
  b: {kind: controller, level: 1}
  c: {kind: process, level: 2}
control actions:
  - {name: act, from: a, to: c, values: [no, yes]}
  - {name: go, from: a, to: b}
feedback:
  - {name: f, from: c, to: a}
  - {name: g, from: c, to: a}
"""


def boxes(old="", new="", extra=""):
    assert old in BOXES
    return BOXES.replace(old, new, 1) + extra if old else BOXES + extra


def table(entry):
    return boxes("reads: [g]}}}", "reads: [g]}}, control algorithm: {act: " + entry + "}}")


CASES = {
    "empty": ("", 1, "empty file"),
    "a list": ("- a\n- b\n", 1, "Expected a mapping"),
    "malformed": ("name: [x\n", 2, "Expected valid YAML"),
    "two documents": ("name: x\n---\nname: y\n", 3, "one document"),
    "a tag": ("name: !!python/object:os.system x\n", 1, "data only"),
    "a key twice": ("name: x\nname: y\n", 2, "twice"),
    "a key that is a list": ("name: x\n[a]: b\n", 2, "a word as a key"),
    "an alias inside itself": ("name: x\ngroups: &a {g: *a}\n", 2, "inside itself"),
    "deep nesting": ("name: " + "[" * 5000, 1, "deep nesting"),
    "no name": ("components: {}\n", 1, "Expected the key `name`"),
    "an unknown key": ("name: x\ncomponets: {}\n", 2, "Did you mean `components`?"),
    "an unknown key below": (boxes("kind: process, level: 2", "kind: process, levle: 2"), 5, "level"),
    "an unknown kind": (boxes("kind: process", "kind: proces"), 5, "Did you mean `process`?"),
    "a negative level": (boxes("level: 2", "level: -2"), 5, "greater than or equal to 0"),
    "an empty name": ("name: ''\n", 1, "Expected a name of letters"),
    "a name of blanks": ("name: '  '\n", 1, "without outer blanks"),
    "a name of what is not seen": ('name: "\\u200b"\n', 1, "Expected a name of letters"),
    "a name with outer blanks": ("name: ' x'\n", 1, "without outer blanks"),
    "a name in two lines": ('name: "a\\nb"\n', 1, "control characters and line breaks, got 'a\\nb'"),
    "a name with a line separator": ('name: "a\\u2028b"\n', 1, "control characters and line breaks"),
    "a name that rings a bell": ('name: "a\\x07b"\n', 1, "got 'a\\x07b'"),
    "a name that turns the writing round": ('name: "a\\u202eb"\n', 1, "got 'a\\u202eb'"),
    "half a surrogate pair": ('name: "a\\ud800b"\n', 1, "got 'a\\ud800b'"),
    "a name that is too long": (f"name: {'x' * 121}\n", 1, "at most 120 letters, got 121"),
    "text that rings a bell": ('name: x\nlosses: {L-1: "\\x07"}\n', 2, "Expected text without control characters"),
    "not a number": ("name: x\ntime step: {value: .nan}\n", 2, "finite number"),
    "an infinite range": (boxes("range: [0, 9]", "range: [0, .inf]"), 3, "finite"),
    "a reversed range": (boxes("range: [0, 9]", "range: [9, 0]"), 3, "low < high"),
    "values and range": (boxes("range: [0, 9]", "range: [0, 9], values: [p]"), 3, "got both"),
    "a value twice": (boxes("values: [p, q]", "values: [p, p]"), 3, "Drop the repeated one"),
    "no time": ("name: x\ntime step: {value: 0}\n", 2, "greater than 0"),
    "a dangling link": (boxes("from: c, to: a}\n  - {name: g", "from: z, to: a}\n  - {name: g"), 10, "got `z`"),
    "a link without an end": (boxes("{name: f, from: c, to: a}", "{name: f, to: a}"), 10, "Expected `from`"),
    "a link to itself": (boxes("{name: f, from: c, to: a}", "{name: f, from: a, to: a}"), 10, "to itself"),
    "a link twice": (boxes(extra="  - {name: g, from: c, to: a}\n"), 12, "twice"),
    "a request without a guard": (boxes(extra="requests: [{name: q, from: b, to: a}]\n"), 12, "gates: q"),
    "a request to a process": (boxes(extra="requests: [{name: q, from: b, to: c}]\n"), 12, "with a guard"),
    "reads of nothing": (boxes("reads: [f]", "reads: [h]"), 3, "arrives at a, got `h`"),
    "an entry for nothing": (table("{law: constant}").replace("{act:", "{at:"), 3, "issues or reports, got `at`"),
    "an unknown law": (table("{law: decsion table}"), 3, "Did you mean `decision table`?"),
    "a table without rows": (table("{law: decision table}"), 3, "Expected `when`"),
    "rows without a table": (table("{law: constant, when: {v: p}}"), 3, "in a decision table"),
    "a table with an unknown variable": (table("{law: decision table, when: {w: p}}"), 3, "got `w`"),
    "a table with an unknown value": (table("{law: decision table, when: {v: z}}"), 3, "a value of v, got `z`"),
    "bounds on a word": (table("{law: decision table, when: {v: {above: 1}}}"), 3, "got bounds"),
    "a word for a number": (table("{law: decision table, when: {r: p}}"), 3, "Use above or below"),
    "bounds that exclude all": (table("{law: decision table, when: {r: {above: 2, below: 1}}}"), 3, "Swap them"),
    "bounds of nothing": (table("{law: decision table, when: {r: {}}}"), 3, "at least one bound"),
    "reads without a tested variable": (table("{law: decision table, reads: [r], when: {v: p}}"), 3, "none of v"),
    "an initial value outside": (boxes("values: [no, yes]", "values: [no, yes], initial: maybe"), 7, "got `maybe`"),
    "a number outside": (boxes("from: a, to: b}", "from: a, to: b, initial: 3}"), 8, "within -1"),
    "a process with a model": (boxes("level: 2}", "level: 2, process model: {v: {}}}"), 5, "on a controller"),
    "a controller with dynamics": (
        boxes("level: 1}", "level: 1, dynamics: {law: integrator, output: y, inputs: {}}}"),
        4,
        "dynamics on a process",
    ),
    "unknown dynamics": (boxes("level: 2}", "level: 2, dynamics: {law: intgrator}}"), 5, "Did you mean `integrator`?"),
    "inside itself": (boxes("level: 2}", "level: 2, inside: c}"), 5, "c inside c"),
    "inside in a ring": (
        boxes("level: 1}", "level: 1, inside: c}").replace("level: 2}", "level: 2, inside: b}"),
        4,
        "nested components",
    ),
    "inside nothing": (boxes("level: 2}", "level: 2, inside: d}"), 5, "got `d`"),
    "a group of nobody": (boxes(extra="groups: {g: [a, z]}\n"), 12, "got `z`"),
    "two base controllers": (
        boxes("level: 1}", "level: 0, layer 0: true}").replace("level: 0, process", "level: 0, layer 0: true, process"),
        4,
        "a and b",
    ),
    "a base controller below": (boxes("level: 1}", "level: 1, layer 0: true}"), 4, "got a (level 0)"),
    "a hazard without its loss": (boxes(extra="hazards: {H: {text: t, losses: [L]}}\n"), 12, "a declared loss"),
    "a constraint without its hazard": (boxes(extra="constraints: {S: {text: t, hazards: [H]}}\n"), 12, "hazard"),
    "a UCA of nobody": (
        boxes(extra="unsafe control actions:\n  - {id: U, by: c, action: act, type: provided}\n"),
        13,
        "Known are: a",
    ),
    "a UCA of an unknown type": (
        boxes(extra="unsafe control actions:\n  - {id: U, by: a, action: act, type: given}\n"),
        13,
        "type",
    ),
    "a UCA in an unknown context": (
        boxes(extra="unsafe control actions:\n  - {id: U, by: a, action: act, type: provided, context: {z: p}}\n"),
        13,
        "got `z`",
    ),
    "one signal in two ways": (
        boxes(extra="  - {name: g, from: c, to: b, values: [h, i]}\n").replace(
            "range: [0, 9], reads: [g]", "values: [p, q], reads: [g]"
        ),
        12,
        "Expected one domain for g",
    ),
    "an algebraic loop": (
        boxes(extra="  - {name: up, from: b, to: a, recurrent: false}\n").replace("reads: [g]", "reads: [g, up]"),
        12,
        "algebraic loop",
    ),
}


ROOM = """name: x
time step: {value: 10}
components:
  a:
    kind: controller
    level: 0
    process model: {t: {range: [0, 40], reads: [f]}}
    control algorithm:
      heat: {law: hysteresis, reads: [t], parameters: {on below: 19, off above: 21}, initial: 0}
  c:
    kind: process
    level: 1
    dynamics:
      {law: first order, output: f, inputs: {heat: 1}, time constant: 60, initial: 15}
control actions:
  - {name: heat, from: a, to: c, range: [0, 1]}
feedback:
  - {name: f, from: c, to: a, resolution: 0.5}
"""


def room(old, new, twice=None):
    assert old in ROOM
    text = ROOM.replace(old, new, 1)
    return text.replace(*twice) if twice else text


HEAT = "{law: hysteresis, reads: [t], parameters: {on below: 19, off above: 21}, initial: 0}"
PROCESS = "{law: first order, output: f, inputs: {heat: 1}, time constant: 60, initial: 15}"
SYSTEM = "{law: matrices, inputs: [heat], outputs: [f], A: [[0.5]], B: [[1]], C: [[1]]}"
STATES = "{law: finite state, output: f, states: [p, q], transitions: [{state: p, when: {heat: 'yes'}, next: q}]}"
WORDS = ("range: [0, 1]}", "values: ['no', 'yes']}")


def states(old, new):
    text = room(PROCESS, STATES.replace(old, new), WORDS).replace(HEAT, "{law: constant, parameters: {value: 'no'}}")
    return text.replace("range: [0, 40]", "values: [p, q]").replace(", resolution: 0.5", "")


CASES |= {
    "a negative time step": (room("value: 10", "value: -10"), 2, "greater than 0"),
    "a gap the wrong way round": (room("on below: 19, off above: 21", "on below: 21, off above: 19"), 9, "below"),
    "a threshold that is no number": (room("on below: 19", "on below: cold"), 9, "on below"),
    "hysteresis of three thresholds": (room("on below: 19", "on below: 19, on above: 5"), 9, "on below"),
    "hysteresis without thresholds": (room("parameters: {on below: 19, off above: 21}, ", ""), 9, "on below"),
    "a latch that starts between": (room("initial: 0}", "initial: 0.5}"), 9, "start from 0.0 or 1.0"),
    "a law of one read with two": (
        room("reads: [f]}}", "reads: [f]}, u: {range: [0, 1]}}").replace(
            HEAT, "{law: delay, reads: [t, u], parameters: {steps: 1}}"
        ),
        9,
        "Expected one signal",
    ),
    "a delay of no step": (room(HEAT, "{law: delay, parameters: {steps: 0}}"), 9, "greater than or equal to 1"),
    "half a step of delay": (room(HEAT, "{law: delay, parameters: {steps: 1.5}}"), 9, "steps"),
    "saturation at crossed limits": (
        room(HEAT, "{law: saturation, parameters: {low: 2, high: 1}}"),
        9,
        "`low` under `high`",
    ),
    "an integrator that starts outside": (
        room(HEAT, "{law: integrator, parameters: {low: 0, high: 1}, initial: 3}"),
        9,
        "got 3",
    ),
    "tracking without an integral": (room(HEAT, "{law: pid, parameters: {kp: 1, tracking: 1}}"), 9, "Expected `ki`"),
    "control without a gain": (room(HEAT, "{law: pid, parameters: {kp: 0, ki: 1}}"), 9, "law `integrator`"),
    "linear limits out of order": (
        room(HEAT, "{law: linear, parameters: {gains: {t: 1}, low: 1, high: 0}}"),
        9,
        "`low` under `high`",
    ),
    "a gain for nothing": (room(HEAT, "{law: linear, parameters: {gains: {u: 1}}}"), 9, "got `u`"),
    "an unknown parameter": (room("off above: 21", "off above: 21, of above: 3"), 9, "of above"),
    "a process without an input": (room("inputs: {heat: 1}", "inputs: {heta: 1}"), 14, "Did you mean `heat`?"),
    "a process without time": (room("time constant: 60", "time constant: 0"), 14, "greater than 0"),
    "a process that is not finite": (room("heat: 1}", "heat: .inf}"), 14, "finite"),
    "a process that starts outside": (room("initial: 15}", "initial: 50}"), 13, "range 0 … 40, got 50"),
    "a tank that starts above its rim": (
        room(PROCESS, "{law: tank, output: f, inputs: {heat: 1}, initial: 9, limits: [0, 5]}"),
        13,
        "0 … 5, got 9",
    ),
    "limits that touch": (
        room(PROCESS, "{law: integrator, output: f, inputs: {heat: 1}, limits: [5, 5]}"),
        14,
        "low < high",
    ),
    "a disturbance turned round": (room("initial: 15}", "initial: 15, disturbance: [2, 1]}"), 14, "low <= high"),
    "an unstable process": (room(PROCESS, SYSTEM.replace("0.5", "1.5")), 14, "unstable: true"),
    "an unstable process in continuous time": (
        room(PROCESS, SYSTEM.replace("A:", "continuous: true, A:")),
        14,
        "real parts are at most 0",
    ),
    "a matrix that does not fit": (room(PROCESS, SYSTEM.replace("B: [[1]]", "B: [[1, 2]]")), 14, "one per input"),
    "a state without its start": (room(PROCESS, SYSTEM.replace("C:", "initial: [1, 2], C:")), 14, "one per row of A"),
    "words of a process that counts": (
        room(HEAT, "{law: constant, parameters: {value: 1}}")
        .replace("range: [0, 40]", "values: [p, q]")
        .replace(", resolution: 0.5", ""),
        13,
        "for it is a number",
    ),
    "an unknown state": (states("next: q", "next: r"), 14, "a state of c, got `r`"),
    "a state that starts nowhere": (states("states: [p, q]", "states: [p, q], initial: r"), 14, "got `r`"),
    "a transition on an unknown word": (states("'yes'", "maybe"), 14, "a value of heat, got `maybe`"),
    "a transition on nothing": (states("heat:", "heta:"), 14, "Did you mean `heat`?"),
    "states that the feedback does not have": (states("states: [p, q]", "states: [q, p]"), 13, "q, p as its values"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_with_its_line(case):
    text, line, words = CASES[case]
    with pytest.raises(HandcraftedError) as caught:
        loads(text, "loop.yaml")
    message = str(caught.value)
    assert message.startswith(f"loop.yaml, line {line}: "), message
    assert words in message


def test_what_the_cases_start_from_is_valid():
    loads(BOXES)
    loads(ROOM)
    loads(room(PROCESS, SYSTEM))
    loads(states("", ""))
    loads(table("{law: decision table, when: {v: p}}"))
    loads(boxes(extra="  - {name: up, from: b, to: a}\n").replace("reads: [g]", "reads: [g, up]"))


def test_an_alias_bomb_is_refused_and_a_plain_alias_is_not():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for one, two in zip("abcdef", "bcdefg", strict=True):
        bomb += f"{two}: &{two} [{', '.join([f'*{one}'] * 10)}]\n"
    with pytest.raises(HandcraftedError, match="once aliases are expanded"):
        loads(bomb)
    loads("name: x\nlosses: {L-1: &t Harm, L-2: *t}\n")


def test_files_that_cannot_be_read(tmp_path):
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\x80\x81\xff\x00")
    for path, words in ((tmp_path / "no.yaml", "No such file"), (tmp_path, "directory"), (binary, "binary data")):
        with pytest.raises(HandcraftedError, match=words):
            load(path)


MANY = """
name: many
components:
  a:
    kind: controller
    level: 0
    process model: {f: {reads: [g]}}
    control algorithm: {act: {law: decsion table}, wait: {law: hysteresis, parameters: {on belw: 1}}}
  b: {kind: process, level: 1, budget: {reads: 3}}
hazards: {H-1: {text: Bad, losses: [L-9], when: {nothing: {above: 1}}}}
control actions:
  - {name: act, from: a, to: c}
  - {name: act, from: a, to: b}
  - {name: wait, from: a, to: b}
feedback:
  - {name: f, from: b, to: a}
unsafe control actions:
  - {id: U, by: a, action: at, type: provided}
  - {id: U, by: a, action: act, type: provided, hazards: [H-2]}
"""


def test_all_that_is_wrong_is_said_in_one_run_with_its_lines():
    with pytest.raises(HandcraftedError) as caught:
        loads(MANY, "many.yaml")
    lines = str(caught.value).split("\n")
    assert [int(re.findall(r"many\.yaml, line (\d+): ", line)[0]) for line in lines] == [
        7, 8, 8, 9, 10, 10, 12, 18, 19, 19,
    ]  # fmt: skip
    for words in ("got `g`", "got `decsion table`", "on belw", "Expected `budget`", "got `L-9`", "got `nothing`",
                  "got `c`", "got `at`", "got U twice", "got `H-2`"):  # fmt: skip
        assert sum(words in line for line in lines) == 1, words
    assert caught.value.more and all(isinstance(one, HandcraftedError) for one in caught.value.more)


def test_of_very_many_complaints_the_first_are_shown_and_the_others_counted():
    links = "".join(f"  - {{name: x{i}, from: a, to: nowhere{i}}}\n" for i in range(40))
    with pytest.raises(HandcraftedError) as caught:
        loads(f"name: n\ncomponents: {{a: {{kind: controller, level: 0}}}}\ncontrol actions:\n{links}", "n.yaml")
    lines = str(caught.value).split("\n")
    assert len(lines) == 22 and lines[-1] == "... and 19 more" and len(caught.value.more) == 20


def test_one_mistake_is_said_once():
    with pytest.raises(HandcraftedError) as caught:
        loads(MANY.splitlines()[1] + "\ncomponents: {a: {kind: controler, level: 0}}", "n.yaml")
    assert "\n" not in str(caught.value) and caught.value.more == ()
