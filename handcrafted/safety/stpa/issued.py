"""What the network does in every context: issued always, never, or as the case may be; and what it believes there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.control.domain import Value
from handcrafted.control.graph import Signal
from handcrafted.control.signal_graph import network_input
from handcrafted.control.true_variable import TrueVariable
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.component import Components
from handcrafted.model.fold import fold
from handcrafted.model.padding import bucket, run_shared
from handcrafted.model.run_folded import run_side_by_side
from handcrafted.model.transformer import Transformer
from handcrafted.readout.tolerances import LAG_FLOOR
from handcrafted.safety.stpa.actions import Axis, Test
from handcrafted.safety.stpa.contexts import Contexts
from handcrafted.safety.stpa.enumeration import against_assumptions
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed

SETTLE = 8
"""Steps for which inputs stand before the action is looked at, and for which others stood before them."""

MAX_CONTEXTS = 4096
"""So many contexts are run; of more a sample is."""

VARIANTS = 16
"""So many ways are tried in which all that is no part of a context can be, and as many pasts where there is memory."""

MAX_RUNS = 4096
"""So many runs there are at most, or one per context: with many contexts fewer ways and pasts are tried."""

TOGETHER = 256
"""Runs are filled up to these, or a few larger numbers, so that few programs are compiled."""


@dataclass(frozen=True)
class StuckReading:
    """The same runs with one of several readings of a variable stuck at a value.

    Attributes:
        axis: the variable.
        reading: which reading, by who sends it and its name.
        cell: the number of the cell in which it is stuck.
        values: the action's coordinates at the end [run, width].
    """

    axis: str
    reading: str
    cell: int
    values: np.ndarray


@dataclass(frozen=True)
class Run:
    """Runs of the network with inputs that stand still.

    Attributes:
        contexts: which are meant.
        rows: the numbers of the contexts that were tried.
        alike: for each context [context] the number of the first that the network cannot tell from it.
        context: the number of the context in which each run ends [run], as in `alike`; -1 for one that is not listed.
        values: the action's coordinates at the end [run, width].
        believed: for each axis, by name, the cell [run] that each variable of the controller holds that models it.
    """

    contexts: Contexts
    rows: np.ndarray
    alike: np.ndarray
    context: np.ndarray
    values: np.ndarray
    believed: dict[str, dict[str, np.ndarray]]
    stuck: tuple[StuckReading, ...] = ()

    def counts(
        self, amount: Test | None = None, values: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count the runs of each context [context], those in which the action is issued, and those where it is not.

        What can be taken for either counts as both.

        Args:
            amount: what counts as issued.
            values: the action's coordinates [run, width]; None for those of intact readings.
        """
        ended, action, done = self.context >= 0, self.contexts.action, self.values if values is None else values
        count = lambda chosen: np.bincount(self.context[ended & chosen], minlength=len(self.contexts))[self.alike]
        return count(ended), count(action.provides(done, amount)), count(action.withholds(done, amount))

    def bad(
        self, type: str, amount: Test | None = None, values: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Count the runs of each context [context], and those that a rule `provided` or `not provided` calls unsafe."""
        runs, issued, withheld = self.counts(amount, values)
        return runs, issued if type == "provided" else withheld


def run_contexts(model: Transformer, contexts: Contexts, seed: int = 0) -> Run:
    """Run the network in every context, with whatever is no part of it in several ways, and after several pasts.

    Inputs stand still for eight steps, so that what comes through the recurrence has arrived. A context that a command
    is part of is reached by whatever inputs lead the commanding controller to it.
    """
    names, rng = model.names, np.random.default_rng(seed)
    rows = np.arange(len(contexts))
    if len(rows) > MAX_CONTEXTS:
        rows = np.sort(rng.choice(rows, MAX_CONTEXTS, replace=False))
    ways = max(1, min(VARIANTS, MAX_RUNS // max(1, len(rows))))
    states = [inputs for row in rows for inputs in _inputs(model, contexts, int(row), rng, ways)]
    if not states:
        raise HandcraftedError(
            f"Expected assumptions that leave some input of {model.structure.name}, got "
            f"{listed(model.structure.assume)}, which leave none of those that were tried. Mend one of them."
        )
    now = np.array(states, np.float32).reshape(len(states), len(names.inputs))
    now = np.unique(now, axis=0)
    pairs = _with_pasts(now, rng) if remembers(model) else now[:, None].repeat(2, axis=1)
    inputs, action = np.repeat(pairs, SETTLE, axis=1), contexts.action
    values, final = _done(model, contexts, inputs)
    kept = lambda one: beliefs_in(model.structure, action.by, contexts.state.variable(one.name)).items()
    believed = {
        one.name: {name: one.cell_of(_plain(one, final[:, names.find(signal)])) for name, signal in kept(one)}
        for one in contexts.axes
    }
    alike, context = _ended(model, contexts, inputs[:, -1], final)
    stuck = tuple(_stuck(model, contexts, inputs))
    return Run(contexts, rows, alike, context, values, believed, stuck)


def _done(model: Transformer, contexts: Contexts, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Run on inputs [run, time, n_in]; return the action's coordinates [run, width] and the stream at the end."""
    names, action = model.names, contexts.action
    if folded := fold(model.effective_weights, model.window, range(len(names.residual))):
        done, final = run_side_by_side(folded, inputs)
    else:
        filled = inputs[np.minimum(np.arange(bucket(len(inputs), TOGETHER)), len(inputs) - 1)]
        outputs, residual = run_shared(model.effective_weights, filled, model.window)
        final, done = residual[: len(inputs), -1], outputs[: len(inputs), -1]
    values = done[:, names.output_signals[action.outputs[0]]] if action.outputs else final[:, names.find(action.port)]
    return values, final


def _stuck(model: Transformer, contexts: Contexts, inputs: np.ndarray) -> Iterator[StuckReading]:
    """Run again with each of several readings of one variable stuck in each of its cells."""
    names, told = model.names, told_of(model.structure)
    for one in contexts.axes:
        readings = [signal for signal in names.input_signals if told[signal] == contexts.state.variable(one.name)]
        for signal in readings if len(readings) > 1 else ():
            for cell, values in enumerate(map(one.stands_for, one.cells)):
                lying = inputs.copy()
                lying[..., names.input_signals[signal]] = names.domain(signal).encode(values[0])
                yield StuckReading(one.name, f"{signal.owner}.{signal.name}", cell, _done(model, contexts, lying)[0])


def remembers(model: Transformer) -> bool:
    """Whether its weights keep anything of the past: by a recurrence, or by a head that looks back."""
    parts = Components(model.effective_weights.numpy())
    looks = (head.attention for head in parts.heads if head.attention)
    back = (one.by_content or any(lag for lag, _ in one.lags(model.window, LAG_FLOOR)) for one in looks)
    return bool(np.any(parts.ends.recurrence)) or any(back)


def beliefs_in(structure: ControlStructure, by: str, variable: TrueVariable) -> dict[str, Signal]:
    """Return the variables, by name, in which a controller keeps what it is told of something, as it is told."""
    controller = structure.resolved.controllers[by]
    return {v.name: v.signal for v in controller.variables if v.copies and v.reads[0].carries == variable}


def _plain(axis: Axis, values: np.ndarray) -> np.ndarray:
    """Return words as they are, and a number without its axis of width."""
    return values if axis.domain.discrete else values[..., 0]


def told_of(structure: ControlStructure) -> dict[Signal, TrueVariable]:
    """Say of each input of the network of which variable of the true state it is a reading."""
    given = (link for link in structure.resolved.links if link.port and not link.sent_by_controller)
    return {network_input(link.port): link.carries for link in given if link.port}


def _inputs(
    model: Transformer, contexts: Contexts, row: int, rng: np.random.Generator, ways: int
) -> Iterator[np.ndarray]:
    """Return the network's inputs [n_in] in a context, in several ways; readings of one variable say the same."""
    names, state, told = model.names, contexts.state, told_of(model.structure)
    own = {
        state.variable(one.name): one.stands_for(one.cells[cell])
        for one, cell in zip(contexts.axes, contexts.rows[row], strict=True)
    }
    options: dict[TrueVariable, Sequence[Value]] = {}
    for signal in names.input_signals:
        domain = names.domain(signal)
        usual = domain.values or tuple(float(x) for x in domain.rounded(np.linspace(domain.low, domain.high, 3)))
        options.setdefault(told[signal], own.get(told[signal], usual))
    count = math.prod(len(values) for values in options.values())
    if count <= ways:
        chosen = itertools.product(*options.values())
    else:
        chosen = (tuple(values[int(rng.integers(len(values)))] for values in options.values()) for _ in range(ways))
    for values in chosen:
        by_variable = dict(zip(options, values, strict=True))
        if against_assumptions(model.structure, by_variable):
            continue
        inputs = np.zeros(len(names.inputs), np.float32)
        for signal, at in names.input_signals.items():
            inputs[at] = names.domain(signal).encode(by_variable[told[signal]])
        yield inputs


def _with_pasts(now: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pairs of inputs [run, 2, n_in]: what stood before, and what stands now."""
    count = max(1, min(VARIANTS, MAX_RUNS // max(1, len(now))))
    if len(now) <= count:
        pasts = np.tile(np.arange(len(now)), (len(now), 1))
    else:
        pasts = np.column_stack([np.arange(len(now)), rng.integers(len(now), size=(len(now), count - 1))])
    before = now[pasts]
    return np.stack([before, np.broadcast_to(now[:, None], before.shape)], axis=2).reshape(-1, 2, now.shape[1])


def _ended(
    model: Transformer, contexts: Contexts, inputs: np.ndarray, final: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the contexts that are alike [context], and in which of them each run ended, from inputs and commands.

    A variable that the network neither gets nor sends tells no contexts apart: the first of its cells stands for all.
    """
    names, told = model.names, told_of(model.structure)
    given = {told[signal]: (at, inputs) for signal, at in names.input_signals.items()}
    given |= {
        link.carries: (names.find(link.port), final)
        for link in model.structure.resolved.links
        if link.sent_by_controller and link.port
    }
    ended, known = np.zeros((len(inputs), len(contexts.axes)), int), np.zeros(len(contexts.axes), bool)
    for at, one in enumerate(contexts.axes):
        if (variable := contexts.state.variable(one.name)) in given:
            places, values = given[variable]
            ended[:, at], known[at] = one.cell_of(_plain(one, values[:, places])), True
    return contexts.alike(known), contexts.first_like(ended, known)
