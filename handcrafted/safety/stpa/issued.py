"""What the network does in every context: issued always, never, or as the case may be; and what it believes there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.control.domain import Value
from handcrafted.control.graph import Signal
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.component import Components
from handcrafted.model.padding import bucket, run_shared
from handcrafted.model.transformer import Transformer
from handcrafted.readout.tolerances import LAG_FLOOR
from handcrafted.safety.stpa.actions import Axis, Test
from handcrafted.safety.stpa.contexts import Contexts

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
class Run:
    """Runs of the network with inputs that stand still.

    Attributes:
        contexts: which are meant.
        rows: the numbers of the contexts that were tried.
        alike: for each context [context] the number of the first that the network cannot tell from it.
        context: the number of the context in which each run ends [run], as in `alike`; -1 for one that is not listed.
        values: the action's coordinates at the end [run, width].
        believed: for each axis that the controller models, the cell that it believes [run]; by the axis's name.
    """

    contexts: Contexts
    rows: np.ndarray
    alike: np.ndarray
    context: np.ndarray
    values: np.ndarray
    believed: dict[str, np.ndarray]

    def counts(self, amount: Test | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count the runs of each context [context], those in which the action is issued, and those where it is not.

        What can be taken for either counts as both.
        """
        ended, action = self.context >= 0, self.contexts.action
        count = lambda chosen: np.bincount(self.context[ended & chosen], minlength=len(self.contexts))[self.alike]
        return count(ended), count(action.provides(self.values, amount)), count(action.withholds(self.values, amount))

    def bad(self, type: str, amount: Test | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Count the runs of each context [context], and those that a rule `provided` or `not provided` calls unsafe."""
        runs, issued, withheld = self.counts(amount)
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
    now = np.array(states, np.float32).reshape(len(states), len(names.inputs))
    now = np.unique(now, axis=0)
    pairs = _with_pasts(now, rng) if remembers(model) else now[:, None].repeat(2, axis=1)
    inputs = np.repeat(pairs, SETTLE, axis=1)
    filled = inputs[np.minimum(np.arange(bucket(len(inputs), TOGETHER)), len(inputs) - 1)]
    outputs, residual = run_shared(model.effective_weights, filled, model.window)
    final, done = residual[: len(inputs), -1], outputs[: len(inputs), -1]
    action = contexts.action
    values = done[:, names.output_signals[action.outputs[0]]] if action.outputs else final[:, names.find(action.port)]
    believed = {
        one.name: one.cell_of(_plain(one, final[:, names.find(signal)]))
        for one in contexts.axes
        if (signal := modelled(model.structure, action.by, one.name))
    }
    alike, context = _ended(model, contexts, inputs[:, -1], final)
    return Run(contexts, rows, alike, context, values, believed)


def remembers(model: Transformer) -> bool:
    """Whether its weights keep anything of the past: by a recurrence, or by a head that looks back."""
    parts = Components(model.effective_weights.numpy())
    looks = (head.attention for head in parts.heads if head.attention)
    back = (one.by_content or any(lag for lag, _ in one.lags(model.window, LAG_FLOOR)) for one in looks)
    return bool(np.any(parts.ends.recurrence)) or any(back)


def modelled(structure: ControlStructure, by: str, name: str) -> Signal | None:
    """Return the variable in which a controller keeps what arrives under a name, if it takes it over as it is."""
    controller = structure.resolved.controllers[by]
    found = (v.signal for v in controller.variables if v.copies and v.reads[0].id.name == name)
    return next(found, None)


def _plain(axis: Axis, values: np.ndarray) -> np.ndarray:
    """Return words as they are, and a number without its axis of width."""
    return values if axis.domain.discrete else values[..., 0]


def _inputs(
    model: Transformer, contexts: Contexts, row: int, rng: np.random.Generator, ways: int
) -> Iterator[np.ndarray]:
    """Return the network's inputs [n_in] in a context, in several ways."""
    names = model.names
    own = {
        one.name: one.stands_for(one.cells[cell]) for one, cell in zip(contexts.axes, contexts.rows[row], strict=True)
    }
    options: dict[str, Sequence[Value]] = {}
    for signal in names.input_signals:
        domain = names.domain(signal)
        usual = domain.values or tuple(float(x) for x in domain.rounded(np.linspace(domain.low, domain.high, 3)))
        options[signal.name] = own.get(signal.name, usual)
    count = math.prod(len(values) for values in options.values())
    if count <= ways:
        chosen = itertools.product(*options.values())
    else:
        chosen = (tuple(values[int(rng.integers(len(values)))] for values in options.values()) for _ in range(ways))
    for values in chosen:
        by_name = dict(zip(options, values, strict=True))
        inputs = np.zeros(len(names.inputs), np.float32)
        for signal, at in names.input_signals.items():
            inputs[at] = names.domain(signal).encode(by_name[signal.name])
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
    names = model.names
    given = {signal.name: (at, inputs) for signal, at in names.input_signals.items()}
    given |= {
        link.id.name: (names.find(link.port), final)
        for link in model.structure.resolved.links
        if link.sent_by_controller and link.port and link.id.name not in given
    }
    plain, ended = contexts.rows.copy(), np.zeros((len(inputs), len(contexts.axes)), int)
    for at, one in enumerate(contexts.axes):
        if one.name in given:
            places, values = given[one.name]
            ended[:, at] = one.cell_of(_plain(one, values[:, places]))
        else:
            plain[:, at] = 0
    alike = contexts.number_of(plain)
    return np.where(alike < 0, np.arange(len(contexts)), alike), contexts.number_of(ended)
