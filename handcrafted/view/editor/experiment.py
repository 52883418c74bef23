"""The closed loop beside the diagram: what it starts from, what disturbs it, and what came of it before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.engine import EDITED
from handcrafted.rollout.environment import world_of
from handcrafted.rollout.simulate import simulate
from handcrafted.rollout.trace import Trace
from handcrafted.safety.stpa.timing import broken_steps, holds
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown
from handcrafted.view.response import Curve, Strip, strips

MAX_STEPS = 2_000
"""Steps of a run in the panel; longer ones are for `simulate`."""

DIGITS = 6
"""Significant digits of what is plotted."""

DRAWN = "drawn"
"""The disturbance that is drawn anew in every step."""


@dataclass(frozen=True)
class Experiment:
    """One closed-loop run.

    Attributes:
        steps: how many.
        initial: first states of processes by name; what is left out is as declared.
        inputs: signals from outside by name, likewise.
        disturbance: a number for all processes; None draws it from what is declared.
        seed: of what is drawn.
    """

    steps: int = 300
    initial: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    disturbance: float | None = None
    seed: int = 0

    def run(self, model: Transformer) -> Trace:
        """Run a model in it.

        Raises:
            HandcraftedError: if something does not fit, or does not stay finite.
        """
        with np.errstate(all="ignore"):
            return simulate(
                model,
                steps=self.steps,
                initial=self.initial,
                inputs=self.inputs,
                disturbance=self.disturbance,
                seed=self.seed,
                engine=EDITED,
            )

    def changed(self, name: str, value: Any) -> Experiment:
        """Return the experiment with one of its fields changed.

        Raises:
            HandcraftedError: if there is no such field, or the value is none for it.
        """
        kind, _, key = name.partition(":")
        if kind in ("initial", "inputs"):
            return replace(self, **{kind: {**getattr(self, kind), key: value}})
        if name == "disturbance":
            return replace(self, disturbance=None if value in (None, "", DRAWN) else _number("the disturbance", value))
        if name == "seed":
            return replace(self, seed=_whole("the seed", value, 0, 2**31))
        if name == "steps":
            return replace(self, steps=_whole("the steps", value, 1, MAX_STEPS))
        raise HandcraftedError(
            f"Expected steps, seed, disturbance, initial: or inputs:, got {shown(name)}. Use one of them."
        )

    def fields(self, structure: ControlStructure) -> list[dict]:
        """Return what can be set, as plain data: name, title, value, words."""
        return list(self._fields(structure))

    def _fields(self, structure: ControlStructure) -> Iterator[dict]:
        world = world_of(structure)
        yield _field("steps", "steps", self.steps)
        for owner, process in world.processes.items():
            for name, value in process.initial.items():
                if np.ndim(value) == 0:
                    key = f"{owner}.{name}"
                    yield _field(f"initial:{key}", f"{key} at first", self.initial.get(key, float(value)))
        for external in world.externals:
            key = f"{external.signal.owner}.{external.signal.name}"
            value = self.inputs.get(key, external.initial)
            yield _field(f"inputs:{key}", external.signal.name, value, external.domain)
        if any(process.disturbance for process in world.processes.values()):
            yield _field("disturbance", "disturbance", DRAWN if self.disturbance is None else self.disturbance)
            yield _field("seed", "seed", self.seed)


def _field(name: str, title: str, value: Any, domain: Domain | None = None) -> dict:
    return {"name": name, "title": title, "value": value, "words": list(domain.values) if domain else []}


def _number(what: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(np.float32(number)) or isinstance(value, bool):
        raise HandcraftedError(f"Expected a finite number for {what}, got {shown(value)}. Give one.")
    return number


def _whole(what: str, value: Any, low: int, high: int) -> int:
    number = _number(what, value)
    if not number.is_integer() or not low <= number <= high:
        raise HandcraftedError(
            f"Expected a whole number from {low} to {high} for {what}, got {shown(value)}. Give one."
        )
    return int(number)


def plotted(before: Trace | None, after: Trace) -> list[dict]:
    """Return the strips of two runs as plain data, so that each signal of both shares its axes."""
    old = {strip.title: strip for strip in strips(before)} if before else {}
    return [_strip(strip, old.get(strip.title)) for strip in strips(after)]


def _strip(strip: Strip, before: Strip | None) -> dict:
    domain = strip.domain
    curves = [_curve(curve, domain, "after") for curve in strip.curves]
    curves += [_curve(curve, domain, "before") for curve in (before.curves if before else ())]
    return {
        "title": strip.title,
        "unit": (domain.unit if domain else None) or "",
        "words": list(domain.values) if domain and domain.discrete else [],
        "curves": curves,
        "outside": [str(violation) for violation in strip.range_violations],
    }


def _curve(curve: Curve, domain: Domain | None, when: str) -> dict:
    values = np.argmax(curve.values, axis=-1) if domain is not None and domain.discrete else curve.values
    steps = curve.steps or (domain is not None and domain.discrete)
    return {"label": curve.label, "when": when, "steps": steps, "values": [_rounded(x) for x in values.tolist()]}


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


def verdicts(trace: Trace) -> list[dict]:
    """Say which constraints a run kept, and which unsafe control actions it issued, as plain data.

    Hazards stand for themselves where no constraint is about them. What is not on the trace is neither kept nor broken.
    """
    structure = trace.structure
    seen = {name: _holds(trace, hazard.when) for name, hazard in structure.hazards.items() if hazard.when}
    ruled = {hazard for constraint in structure.constraints.values() for hazard in constraint.hazards}
    about = [("constraint", name, one.text, one.hazards) for name, one in structure.constraints.items()]
    about += [("hazard", name, one.text, (name,)) for name, one in structure.hazards.items() if name not in ruled]
    found = []
    for kind, name, text, hazards in about:
        watched = [seen[hazard] for hazard in hazards if hazard in seen]
        known = [bad for bad in watched if bad is not None]
        if watched:
            bad = np.any(known, axis=0) if len(known) == len(watched) else None
            found.append(_verdict(trace, kind, name, text, bad, ("kept", "broken")))
    broken = dict(_broken(trace))
    for rule in structure.unsafe_control_actions:
        text = f"{rule.by}: {rule.action} {rule.type}"
        words = ("not issued", "issued")
        found.append(_verdict(trace, "unsafe control action", rule.id, text, broken.get(rule.id), words))
    return found


def _holds(trace: Trace, condition: Condition | None) -> np.ndarray | None:
    """Say at which steps [time] a condition holds; None where it tests what is not on the trace."""
    with suppress(HandcraftedError):
        return holds(trace, condition)
    return None


def _broken(trace: Trace) -> Iterator[tuple[str, np.ndarray]]:
    """Return the rules that can be looked at, with the steps [time] at which they are broken."""
    with suppress(HandcraftedError):  # a rule that tests what is not on the trace
        yield from ((rule.id, bad) for rule, bad in broken_steps(trace))


def _verdict(trace: Trace, kind: str, name: str, about: str, bad: np.ndarray | None, words: tuple[str, str]) -> dict:
    """Return one verdict; `words` say that nothing was bad, and that something was."""
    said = {"kind": kind, "name": name, "about": about}
    if bad is None:
        return said | {"kept": None, "said": "not on the trace"}
    first = int(np.argmax(bad)) * trace.structure.time_step.value
    when = f"first at {first:g} {trace.structure.time_step.unit or 'steps'}"
    return said | {
        "kept": not bool(bad.any()),
        "said": f"{words[1]} in {bad.sum()} steps, {when}" if bad.any() else words[0],
    }
