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


READS, REAL, WORDS, AGO, STATE, NEXT = "reads", "real", "words", "ago", "state", "next"
"""What a stage may read: everything the law reads, its real or its discrete signals, the last of it some steps ago, the
state before the step and after it; any other word is the name of an earlier stage."""


class StageForm(NamedTuple):
    """One circuit of a law before its result: the ending of the subspace that it writes, and what it reads."""

    name: str
    reads: tuple[str, ...]


class LawForm(NamedTuple):
    """What the drawing and the signal graph need to know of a law without knowing the law itself.

    Attributes:
        stages: its circuits, in order, before the one that writes the result.
        result: what the circuit that writes the result reads.
        counts: the least and most signals that it reads.
        real: whether it reads real signals only.
        writes: `any`, `real` or `switch`: what the result must be; a switch is issued or withheld.
    """

    stages: tuple[StageForm, ...] = ()
    result: tuple[str, ...] = (READS,)
    counts: tuple[int, int] = (0, 10**6)
    real: bool = False
    writes: str = "any"

    @property
    def memory(self) -> bool:
        """Whether it keeps a state from step to step, through the recurrence."""
        return any(stage.name == NEXT for stage in self.stages)


LATER = LawForm((StageForm("work", (READS,)),), ("work",))
"""A law that this version cannot build yet."""

SATURATED = (StageForm("floor", (READS,)), StageForm("gap", ("floor",)))
"""The stages of a law whose result has limits."""

LIMITED_LINEAR = LawForm(SATURATED, ("gap",), real=True, writes="real")
"""A linear law with limits."""

TABLE_WITH_BOUNDS = LawForm(
    (StageForm("ramps", (REAL,)), StageForm("bits", ("ramps",)), StageForm("rows", ("bits", WORDS))), ("rows",)
)
"""A decision table that tests real variables."""

LAWS: dict[str, LawForm] = {
    "absolute value": LATER,
    "and": LATER,
    "argmin": LATER,
    "comparator": LawForm(
        (StageForm("ramp", (READS,)), StageForm("bit", ("ramp",))), ("bit",), (1, 2), real=True, writes="switch"
    ),
    "constant": LawForm(result=(), counts=(0, 0)),
    "dead band": LATER,
    "decision table": LawForm((StageForm("rows", (READS,)),), ("rows",)),
    "delay": LawForm(result=(AGO,), counts=(1, 1)),
    "difference": LawForm((StageForm("before", (AGO,)),), (READS, "before"), (1, 1), real=True, writes="real"),
    "finite state": LATER,
    "gate": LATER,
    "guard": LATER,
    "hysteresis": LawForm(
        (StageForm("band", (READS, STATE)), StageForm(NEXT, ("band",))), (NEXT,), (1, 2), real=True, writes="switch"
    ),
    "integrator": LawForm(
        (StageForm("floor", (READS, STATE)), StageForm("gap", ("floor",)), StageForm(NEXT, ("gap",))),
        (NEXT,),
        real=True,
        writes="real",
    ),
    "k of n": LATER,
    "latch": LATER,
    "linear": LawForm(real=True, writes="real"),
    "lookahead": LATER,
    "lookup": LATER,
    "maximum": LATER,
    "median": LATER,
    "minimum": LATER,
    "moving average": LATER,
    "multiplexer": LATER,
    "observer": LATER,
    "or": LATER,
    "pid": LawForm(SATURATED, ("gap",), (1, 2), real=True, writes="real"),
    "rate limiter": LATER,
    "relay": LATER,
    "saturation": LawForm(SATURATED, ("gap",), (1, 1), real=True, writes="real"),
    "timer": LATER,
    "veto": LATER,
    "watchdog": LATER,
    "xor": LATER,
}
"""Every law a file may name; those that this version cannot build yet say so when they are assembled."""


def pid_form(integral: bool, derivative: bool, tracking: bool, cancels: bool) -> LawForm:
    """Give the stages of a controller with a proportional part and perhaps others.

    The integral stops at the limits of the output, or, where it tracks, is pulled back by what the limits cut off,
    which may take back all that the error itself would add.
    """
    past = ("before",) if derivative else ()
    state = (STATE,) if integral else ()
    stages = [StageForm("before", (AGO,))] if derivative else []
    stages += [StageForm("floor", (READS, *past, *state)), StageForm("gap", ("floor",))]
    if integral and tracking:
        reads = (*past, STATE, "gap") if cancels else (READS, *past, STATE, "gap")
        stages += [StageForm(NEXT, reads)]
    elif integral:
        stages += [StageForm("sum floor", (READS, STATE)), StageForm("sum gap", ("sum floor",))]
        stages += [StageForm(NEXT, ("sum gap",))]
    return LAWS["pid"]._replace(stages=tuple(stages))
