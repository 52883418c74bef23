"""A closed loop over time: what is true and what is believed of it, what was done, and what left its range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import INPUT, Signal
from handcrafted.control.resolved import ResolvedVariable
from handcrafted.rollout.environment import STATE
from handcrafted.rollout.trace import RangeViolation, Trace
from handcrafted.text.diagnostics import HandcraftedError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_RUNS = 12
"""How many runs of a batch are drawn."""

CROWDED = 85
"""From so many letters on, title and legend of a panel stand in two lines."""

TRUE, BELIEVED, DONE, OUTSIDE = "#222222", "#2166ac", "#1a7f37", "#b2182b"
STYLES = ("--", ":", "-.")


@dataclass(frozen=True)
class Curve:
    """One signal in a panel: values [time] or [run, time]."""

    label: str
    values: np.ndarray
    color: str
    style: str = "-"
    steps: bool = False


@dataclass(frozen=True)
class Strip:
    """One panel: curves that share an axis, and what left its range there."""

    title: str
    domain: Domain | None
    curves: tuple[Curve, ...]
    range_violations: tuple[RangeViolation, ...] = ()


def response(trace: Trace) -> Figure:
    """Draw a trace: a panel per process signal with what is believed of it, then a panel per action.

    Raises:
        HandcraftedError: if nothing was recorded.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = strips(trace)
    figure = Figure(figsize=(8.0, 0.6 + 1.9 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(trace), fontsize=10)
    rows = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axes, strip in zip(rows, shown, strict=True):
        _draw(axes, trace, strip)
    unit = trace.structure.time_step.unit
    rows[-1].set_xlabel(f"time [{unit}]" if unit else "time [steps]", fontsize=8)
    return figure


def strips(trace: Trace) -> list[Strip]:
    """Return the panels of a trace: processes, what comes from outside, beliefs that laws derive, and actions.

    Raises:
        HandcraftedError: if nothing was recorded.
    """
    found = [*_processes(trace), *_outside(trace), *_derived(trace), *_actions(trace)]
    if not found:
        raise HandcraftedError("Expected a trace with signals, got an empty one. Give the structure some links.")
    return found


def _title(trace: Trace) -> str:
    shown = "" if trace.runs is None else f", {min(trace.runs, MAX_RUNS)} of {trace.runs} runs shown"
    return f"{trace.structure.name}: closed loop{shown}"


def _processes(trace: Trace) -> Iterator[Strip]:
    """Return a panel per true state that some link carries, with every belief that stems from it alone."""
    for signal, values in trace.state.items():
        if signal not in trace.domains:
            continue
        title = f"{signal.owner}: {signal.name}"
        yield _strip(trace, title, signal, Curve("true", values, TRUE), signal.owner, signal.name)


def _outside(trace: Trace) -> Iterator[Strip]:
    """Return a panel per measurement that no process gave."""
    made = {(signal.owner, signal.name) for signal in trace.state}
    for signal, values in trace.measured.items():
        if (signal.owner, signal.name) not in made:
            title = f"{signal.owner or 'outside'}: {signal.name}"
            yield _strip(trace, title, signal, Curve("measured", values, TRUE), signal.owner, signal.name)


def _strip(trace: Trace, title: str, signal: Signal, first: Curve, owner: str, name: str) -> Strip:
    words = trace.domains[signal].values if signal in trace.domains else ()
    curves, involved = [first], [signal, Signal(owner, INPUT, name), Signal(owner, STATE, name)]
    for controller in trace.structure.resolved.controllers.values():
        for variable in controller.variables:
            sources = {(link.id.sender or "", link.id.name) for link in variable.reads}
            if sources == {(owner, name)} and _taken_over(variable) and trace.domains[variable.signal].values == words:
                style = STYLES[(len(curves) - 1) % len(STYLES)]
                label = f"believed by {controller.name}: {variable.name}"
                curves.append(Curve(label, trace.believed[variable.signal], BELIEVED, style))
                involved.append(variable.signal)
    left = tuple(e for e in trace.range_violations if e.signal in involved)
    return Strip(title, trace.domains.get(signal), tuple(curves), left)


def _taken_over(variable: ResolvedVariable) -> bool:
    """Whether a belief is what was measured, now or earlier, so that both can share an axis."""
    return variable.copies or variable.task.law == "delay"


def _derived(trace: Trace) -> Iterator[Strip]:
    """Return a panel per belief that a law has made of what was measured."""
    for controller in trace.structure.resolved.controllers.values():
        for variable in controller.variables:
            if _taken_over(variable):
                continue
            left = tuple(e for e in trace.range_violations if e.signal == variable.signal)
            curve = Curve("believed", trace.believed[variable.signal], BELIEVED)
            yield Strip(
                f"believed by {controller.name}: {variable.name}", trace.domains[variable.signal], (curve,), left
            )


def _actions(trace: Trace) -> Iterator[Strip]:
    for signal, values in trace.command.items():
        left = tuple(e for e in trace.range_violations if e.signal == signal)
        title = f"{signal.owner}: {signal.name}"
        yield Strip(title, trace.domains.get(signal), (Curve("done", values, DONE, steps=True),), left)


def _draw(axes: Axes, trace: Trace, strip: Strip) -> None:
    discrete = strip.domain is not None and strip.domain.discrete
    unit = strip.domain.unit if strip.domain else None
    crowded = (
        len(strip.curves) > 1 and sum(len(text) for text in (strip.title, *(c.label for c in strip.curves))) > CROWDED
    )
    axes.set_title(strip.title + (f" [{unit}]" if unit else ""), fontsize=8, loc="left", pad=18 if crowded else None)
    for curve in strip.curves:
        values = np.argmax(curve.values, axis=-1) if discrete else curve.values
        runs = values[None] if trace.runs is None else values[:MAX_RUNS]
        width = 1.0 if len(runs) == 1 else 0.6
        for i, run in enumerate(runs):
            time, shown, how = _stairs(trace, run) if curve.steps or discrete else (trace.time, run, "default")
            label = curve.label if i == 0 else None
            axes.plot(time, shown, curve.style, color=curve.color, linewidth=width, drawstyle=how, label=label)
    if discrete and strip.domain:
        axes.set_yticks(range(len(strip.domain.values)), strip.domain.values)
        axes.set_ylim(-0.3, len(strip.domain.values) - 0.7)
    axes.tick_params(labelsize=7)
    axes.grid(color="#e5e5e5", linewidth=0.5)
    axes.margins(x=0.01)
    if len(strip.curves) > 1:
        axes.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, borderpad=0.1)
    _mark(axes, trace, strip)


def _stairs(trace: Trace, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Return times and values of what is held over each step, to the end of the last one."""
    end = trace.steps * trace.structure.time_step.value
    return np.append(trace.time, end), np.append(values, values[-1]), "steps-post"


def _mark(axes: Axes, trace: Trace, strip: Strip) -> None:
    """Shade the steps in which a signal was outside its range, draw the range's ends, and say so."""
    if not strip.range_violations:
        return
    domain = strip.range_violations[0].domain
    outside = np.zeros(trace.steps, bool)
    for violation in strip.range_violations:
        values = next(kind[violation.signal] for kind in trace.kinds if violation.signal in kind.values_of)
        beyond = (values < domain.low) | (values > domain.high)
        outside |= beyond.reshape(-1, trace.steps).any(axis=0)
    step = trace.structure.time_step.value
    edges = np.flatnonzero(np.diff(np.concatenate([[0], outside.astype(int), [0]])))
    for start, end in edges.reshape(-1, 2):
        axes.axvspan(start * step, end * step, color=OUTSIDE, alpha=0.15, linewidth=0)
    low, high = axes.get_ylim()
    for limit in (domain.low, domain.high):
        axes.axhline(limit, color=OUTSIDE, linestyle="--", linewidth=0.8)
    axes.set_ylim(min(low, domain.low), max(high, domain.high))
    worst = max(strip.range_violations, key=lambda e: abs(e.worst))
    text = f"leaves {domain} from step {min(e.first for e in strip.range_violations)} on, reaching {worst.worst:g}"
    axes.text(0.01, 0.03, text, fontsize=8, color=OUTSIDE, transform=axes.transAxes)
