"""The words of the project: roles, kinds of links and components, and the names of laws and dynamics."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a circuit does for its controller, and the name of the subspaces that it writes."""

    FEEDBACK = "feedback"
    FEEDBACK_MODELLING = "feedback_modelling"
    PROCESSING_FOR_ACTION = "processing_for_action"
    CONTROL_ACTION = "control_action"


class LinkKind(StrEnum):
    """The five kinds of arrows in a control structure."""

    CONTROL_ACTION = "control action"
    REQUEST = "request"
    FEEDBACK = "feedback"
    OTHER_INPUT = "other input"
    OTHER_OUTPUT = "other output"


class ComponentKind(StrEnum):
    """The four kinds of boxes in a control structure."""

    CONTROLLER = "controller"
    PROCESS = "process"
    ACTUATOR = "actuator"
    SENSOR = "sensor"


class LawForm(NamedTuple):
    """What the drawing needs to know of a law without knowing the law itself.

    Attributes:
        staged: it has a processing stage of its own before the control action.
        memory: it keeps a state from step to step.
    """

    staged: bool
    memory: bool


PLAIN = LawForm(staged=False, memory=False)
STAGED = LawForm(staged=True, memory=False)
REMEMBERING = LawForm(staged=True, memory=True)

LAWS: dict[str, LawForm] = {
    "absolute value": PLAIN,
    "and": PLAIN,
    "argmin": STAGED,
    "comparator": STAGED,
    "constant": PLAIN,
    "dead band": PLAIN,
    "decision table": STAGED,
    "delay": REMEMBERING,
    "difference": REMEMBERING,
    "finite state": REMEMBERING,
    "gate": PLAIN,
    "guard": STAGED,
    "hysteresis": REMEMBERING,
    "integrator": REMEMBERING,
    "k of n": PLAIN,
    "latch": REMEMBERING,
    "linear": PLAIN,
    "lookahead": STAGED,
    "lookup": PLAIN,
    "maximum": PLAIN,
    "median": STAGED,
    "minimum": PLAIN,
    "moving average": REMEMBERING,
    "multiplexer": STAGED,
    "observer": REMEMBERING,
    "or": PLAIN,
    "pid": REMEMBERING,
    "rate limiter": REMEMBERING,
    "relay": STAGED,
    "saturation": STAGED,
    "timer": REMEMBERING,
    "veto": PLAIN,
    "watchdog": REMEMBERING,
    "xor": PLAIN,
}
"""Every law a file may name; those that this version cannot build yet say so when they are assembled."""
