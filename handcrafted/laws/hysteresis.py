"""Hysteresis: a comparator whose threshold depends on its own last answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
from pydantic import model_validator

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.comparator import bits, ramp_above, ramp_below, shared_quantum, signs_of, span_of
from handcrafted.components.rows import issued
from handcrafted.control.domain import Domain, issue_values
from handcrafted.control.parts import Number, to_key
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import above, below, common_quantum, compared, switched
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, LawInput, LawOutput, RememberedSwitch, Stated
from handcrafted.laws.signature import NEXT, READS, STATE, Signature, StageSignature
from handcrafted.text.diagnostics import refuse


@final
class Hysteresis(RememberedSwitch):
    """Issues from one threshold on until the other is passed; thresholds in the unit of the read, both strict.

    `on below` and `off above` heat, `on above` and `off below` cool.
    """

    on_below: Number | None = None
    off_above: Number | None = None
    on_above: Number | None = None
    off_below: Number | None = None

    law: ClassVar = "hysteresis"
    units: ClassVar = dict.fromkeys(("on_below", "off_above", "on_above", "off_below"), "read")
    shape: ClassVar = Signature(
        (StageSignature("band", (READS, STATE)), StageSignature(NEXT, ("band",))),
        (NEXT,),
        (1, 2),
        real=True,
        writes="switch",
    )
    jumps: ClassVar = True
    example: ClassVar = Example({"x": REAL_SIGNAL}, BIT, {"on below": -1, "off above": 1})

    @model_validator(mode="after")
    def _ordered(self) -> Hysteresis:
        given = {to_key(name) for name, value in self.__dict__.items() if name != "value" and value is not None}
        if given not in ({"on below", "off above"}, {"on above", "off below"}):
            raise ValueError(
                "Expected `on below` with `off above`, or `on above` with `off below`, got "
                f"{' and '.join(sorted(given)) or 'none of them'}. Give one of the two pairs"
            )
        low, high = self.thresholds
        if low > high:
            names = ("on below", "off above") if self.heats else ("off below", "on above")
            raise ValueError(
                f"Expected `{names[0]}` at or under `{names[1]}`, got {low:g} and {high:g}. Put the thresholds in order"
            )
        return self

    @property
    def heats(self) -> bool:
        """Whether it issues below, and not above."""
        return self.on_below is not None

    @property
    def thresholds(self) -> tuple[float, float]:
        """The lower and the upper threshold."""
        pair = (self.on_below, self.off_above) if self.heats else (self.off_below, self.on_above)
        assert pair[0] is not None and pair[1] is not None
        return pair[0], pair[1]

    def check(self, stated: Stated) -> None:
        """Ask for a first value that it can give."""
        super().check(stated)
        values = issue_values(stated.domain, self.value)
        if stated.declared is not None and stated.declared not in values:
            refuse(
                (*stated.path, "initial"),
                f"Expected the {stated.name} to start from {values[0]} or {values[1]}, got {stated.declared}. "
                "Choose one.",
            )

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue from one threshold on, until the other is passed.

        Formula: heating: s' = 1 if x < low, 0 if x > high, else s; cooling: s' = 1 if x > high, 0 if x < low, else s.
        Source: Schmitt 1938, A thermionic trigger.
        """
        assert given.state is not None
        quantum, value, (low, high) = common_quantum(task.reads), compared(given), self.thresholds
        under, over = below(value, low, quantum), above(value, high, quantum)
        on, off = (under, over) if self.heats else (over, under)
        state = np.where(on, 1.0, np.where(off, 0.0, given.state[..., 0]))
        return LawOutput(switched(state, domain, self.value), state[..., None])

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Compare with the threshold that the state chooses."""
        first = band(sites[0], signs_of(task.reads), self, shared_quantum(task.reads), span_of(task.reads))
        return [first, bits(sites[1], 1), issued(sites[2], domain, self.value)]


def band(site: Site, signs: np.ndarray, law: Hysteresis, quantum: float | None, span: float) -> Circuit:
    """Build the first stage: 0 where it will be on, at least 1 where it will be off.

    Formula: heating: n = r(1 - g (a - x) - g (b - a) s), on below a while off (s = 0), off from b on while on (s = 1);
        cooling: the same over -x. The second stage `r(1 - n)` is the new state.
    Source: Schmitt 1938, A thermionic trigger.
    Error: proved bound 0 on the grid and outside the two bands of width 1 / g, regression bound 0; inside
        them the state is a fraction s, and the next step's threshold lies in proportion between a and b: a proof must
        allow any s in [0, 1].

    Args:
        site: what it reads, its state last.
        signs: [read], +1 for what is compared, -1 for what it is compared with.
        law: the thresholds.
        quantum: the step of the values, None where nothing rounds them.
        span: the width of their range.
    """
    low, high = law.thresholds
    if not law.heats:
        signs, low, high = -signs, -high, -low
    scale = max(span, abs(low), abs(high))
    on, off = ramp_below(low, quantum, scale), ramp_above(high, quantum, scale)  # one scale, one gain
    gain, stays = on.gain, -off.start + 1 / off.gain
    into = np.concatenate([gain * signs, [-gain * (stays - on.start)]])[:, None]
    body = Neurons(into, np.array([1 - gain * on.start]), np.eye(1))
    formula = f"n = r(1 - {gain:g} ({on.start:g} - x) - {gain * (stays - on.start):g} s)"
    return circuit(site, "band", body, formula, "Schmitt 1938", "0 outside the bands of width 1 / g")
