"""A commented file to start from."""

from __future__ import annotations

import json
import re

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.letters import shown
from handcrafted.control.yamlfile import loads
from handcrafted.control.yamlnodes import plain_data

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
    """Give a commented file for a control structure of that name; it loads, and it can be assembled.

    Raises:
        HandcraftedError: if the name cannot be one.
    """
    plain = re.fullmatch(r"[A-Za-z][\w -]*\w", name, flags=re.ASCII) and plain_data(name, name)[0] == name
    text = TEMPLATE.format(name=name if plain else json.dumps(name, ensure_ascii=False))  # JSON is YAML
    loads(text, "the new file")
    return text


def file_name(name: str) -> str:
    """Give the file in which a structure of that name is written unless the user says another: one in this folder.

    Raises:
        HandcraftedError: if the name is a path, or begins as a hidden file does.
    """
    if name.startswith(".") or any(letter in name for letter in "/\\"):
        raise HandcraftedError(
            f"Expected a name that can be that of a file in this folder, got {shown(name)}. Name the file with -o."
        )
    return re.sub(r"^-|[^\w.-]+", "_", name)[:LONGEST] + ".yaml"
