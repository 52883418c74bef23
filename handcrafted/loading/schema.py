"""The file format: its JSON Schema, its details in words, and a commented template."""

from __future__ import annotations

import json
import re
from typing import Any

from handcrafted.control.parts import Part
from handcrafted.laws.catalogue import LAWS
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.known_keys import plain_schema
from handcrafted.loading.yamlfile import loads, plain_data
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown

DETAILS = """An STPA control structure for `handcrafted`. What the keys leave open is decided as follows.
Names hold any letters, digits, spaces and punctuation, quotes and brackets included, in one line of up to 120 letters;
control characters, line breaks, marks that turn the direction of writing and outer blanks are refused.
A word or number may stand wherever a name does; yes, no, on and off are words.
A decision table issues a discrete action's second value (or the one named by parameters: {value: …}) and a real
action's upper end of range where any row matches, and else the first value or the lower end.
A single mapping under when, permit or context stands for a list of one; a single name under reads likewise.
A variable without values or range takes over those of the one link that it reads; a link takes those of a variable
that reads it alone; what has neither is a real number in [-1, 1].
Feedback of one name from one process is one input of the network, whoever receives it.
Equal names of different owners are different things. A bare name means the one thing that bears it; one that means
several is refused, and the owner's name stands before it: radar.status. reads: {all named: status} means all that
arrive. Of the true state that is a variable for each owner; what a box without dynamics hands on under its name is that
of where it comes from, and feedback that says of: speed is a reading of that variable, such as of: car.speed. A rule
with a text and no context stands in words alone: nothing tests it. The context of a rule says where it is hazardous
(provided, not provided), what begins (too early, too late), what must come first (out of order), or what lasts (stopped
too soon, applied too long). An assumption rules out contexts that never come about, or where when holds and then does
not; with a text alone it rules out none. A control action to a controller of its own level, or to anything higher, is a
finding; between controllers it goes through the recurrence, as feedback does.
A variable may name a law of its own; without one it copies the one signal that it reads, and else the default linear
law stands in. Without a law a decision is the default linear law of all variables, a placeholder: `analyse` lets such a
decision issue anything.
The lag of a link between controllers is 0 from a smaller level to a larger one, else 1; requests arrive within the
step; recurrent: true or false overrides.
Before t = 0 every signal held its initial value: its own, else that of the decision that it carries, else that of a
delay that reads it alone, else its first word, or the number of its range nearest to 0.
Comparisons are strict. comparator takes above or below; hysteresis takes on below with off above (heating), or on above
with off below (cooling); with two reads they compare the first minus the second. They issue as a decision table does.
saturation and integrator take low and high (default: the range), integrator also gain, per unit of time; delay takes
steps, difference steps and gain, up to 15 steps; linear takes gains, one per read, constant, low, high; pid takes kp,
ki, kd, low, high and tracking, for a set point minus a measurement, or an error alone.
A sensor rounds to its resolution. On that grid comparisons are exact; without it a fraction may come out of a band of
about 2^-14 of the range, or of the threshold if that is larger, beside the threshold.
The inputs of dynamics name what arrives at the process, its outputs what leaves it; words count as their place in the
list, from 0, except in a finite state process. Inputs are held over a step. Matrices are in discrete time unless
continuous: true, and must not grow unless unstable: true; D acts on the inputs of the step before."""


HEAD = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: type[Part], title: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a kind of file."""
    return {**plain_schema(kind), "$schema": HEAD, "title": title}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a control-structure file, with the known laws for editors to complete."""
    schema = schema_of(ControlStructure, "handcrafted control structure")
    for part in ("AlgorithmEntry", "Variable"):
        law = schema["$defs"][part]["properties"]["law"]
        law["anyOf"] = [{"type": "string", "enum": list(LAWS)}, {"type": "null"}]
    for link in ("sender", "receiver"):
        schema["$defs"]["Link"]["properties"].pop(link, None)
    return {**schema, "description": DETAILS}


LONGEST = 60
"""Letters of a file's name: file systems count bytes, of which a letter can have four."""

TEMPLATE = """\
# A control structure in the words of STPA.
# Check it: handcrafted check FILE    Draw it: handcrafted draw FILE -o FILE.png    Run it: handcrafted run FILE
name: {name}
time step: {{value: 1, unit: s}}                # optional

# Why it matters (optional): losses <- hazards <- constraints <- responsibilities.
losses:
  L-1: Somebody is harmed
hazards:
  H-1: {{text: The tank overflows, losses: [L-1]}}
constraints:
  SC-1: {{text: The tank must not overflow, hazards: [H-1]}}

# The boxes. Level 0 has the highest authority; kinds are controller, process, actuator and sensor.
components:
  operator:
    kind: controller
    level: 0
    process model:                            # what it believes; values or a range, and what it reads
      tank state: {{values: [ok, filling up], reads: [tank state]}}
    control algorithm:                        # one entry per action, by a law of the catalogue
      mode:
        law: decision table                   # any matching row issues the second value of the action
        when:
          - {{tank state: filling up}}
  pump controller:
    kind: controller
    level: 1
    responsibilities:
      R-1: {{text: Stop the inflow before the tank overflows, constraints: [SC-1]}}
    process model:
      level: {{range: [0, 10], unit: m, reads: [level]}}
      mode: {{values: [normal, drain], reads: [mode]}}
    control algorithm:
      pump:
        law: decision table
        when:
          - {{level: {{above: 5}}, mode: drain}}
          - {{level: {{above: 8}}}}
      tank state:
        law: decision table
        when:
          - {{level: {{above: 7}}}}
  tank:
    kind: process
    level: 2
    dynamics:                                 # optional: with it, `handcrafted run` closes the loop
      law: tank
      output: level
      inputs: {{pump: -2}}                      # m3/s while the pump is running
      area: 5
      initial: 4
      disturbance: [0.5, 1.5]                 # what flows in, drawn anew in each step

# The arrows. Names are what goes along them; from and to name components.
control actions:
  - {{name: mode, from: operator, to: pump controller, values: [normal, drain]}}
  - {{name: pump, from: pump controller, to: tank, values: [stopped, running]}}
feedback:                                     # from a lower controller it arrives one step later
  - {{name: level, from: tank, to: pump controller, range: [0, 10], unit: m, resolution: 0.125, initial: 4}}
  - {{name: tank state, from: pump controller, to: operator, values: [ok, filling up]}}
"""


def template(name: str) -> str:
    """Return a commented file for a control structure of that name; it loads, and it can be assembled.

    Raises:
        HandcraftedError: if the name cannot be one.
    """
    plain = re.fullmatch(r"[A-Za-z][\w -]*\w", name, flags=re.ASCII) and plain_data(name, name)[0] == name
    text = TEMPLATE.format(name=name if plain else json.dumps(name, ensure_ascii=False))  # JSON is YAML
    loads(text, "the new file")
    return text


def file_name(name: str) -> str:
    """Return the file in which a structure of that name is written unless the user says another: one in this folder.

    Raises:
        HandcraftedError: if the name is a path, or begins as a hidden file does.
    """
    if name.startswith(".") or any(letter in name for letter in "/\\"):
        raise HandcraftedError(
            f"Expected a name that can be that of a file in this folder, got {shown(name)}. Name the file with -o."
        )
    return re.sub(r"^-|[^\w.-]+", "_", name)[:LONGEST] + ".yaml"
