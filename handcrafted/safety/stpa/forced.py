"""Contexts put to the test: an action is forced or withheld in the closed loop, and hazards are watched."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from handcrafted.control.domain import Value
from handcrafted.control.graph import Signal, signals_by_name
from handcrafted.control.stpa import Trial
from handcrafted.control.true_variable import TrueVariable
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.engine import FOLDED, network_of
from handcrafted.rollout.environment import STATE, Environment, world_of
from handcrafted.rollout.loop import FORCED_ACTIONS, run_steps
from handcrafted.rollout.setup import given
from handcrafted.rollout.simulate import start_of
from handcrafted.safety.guards import margin_of_condition
from handcrafted.safety.stpa.contexts import Contexts
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown

MAX_CONTEXTS = 512
"""So many contexts are put to the test; of more a sample is."""

MAX_VALUES = 9
"""So many combinations of values stand for one context."""


@dataclass(frozen=True)
class Forced:
    """What came of forcing and of withholding an action.

    Attributes:
        rows: the numbers of the contexts that were put to the test.
        hazards: those that state a condition, by name.
        provided, withheld: whether a hazard came about from a context where it was not there yet [row, hazard].
        already: whether it was there from the start, in all runs [row, hazard].
        runs: how many there were, forced and withheld.
    """

    rows: np.ndarray
    hazards: tuple[str, ...]
    provided: np.ndarray
    withheld: np.ndarray
    already: np.ndarray
    runs: int

    def found(self, type: str) -> np.ndarray:
        """Return what came about [row, hazard] where the action was `provided`, or `not provided`."""
        return self.provided if type == "provided" else self.withheld


def forced(model: Transformer, contexts: Contexts, seed: int = 0) -> Forced | None:
    """Force and withhold an action in each context, from true states that stand for it, and watch every hazard.

    Each context starts from the middle and from both ends of its intervals, with every process undisturbed and
    disturbed as strongly as declared, either way.

    Returns:
        None where nothing can be tried: no `trial`, no hazard with a condition, or an action that never leaves the
        network.

    Raises:
        HandcraftedError: if a hazard tests what no process gives, or nothing says which state stands for a variable.
    """
    structure = model.structure
    trial, action = structure.trial, contexts.action
    watched = {name: hazard.when for name, hazard in structure.hazards.items() if hazard.when}
    if trial is None or not watched or not action.outputs:
        return None
    world = world_of(structure)
    margins = [margin_of_condition(structure, world, when) for when in watched.values()]
    rows = np.arange(len(contexts))
    if len(rows) > MAX_CONTEXTS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MAX_CONTEXTS, replace=False))
    starts = _Starts(structure, trial, world, contexts)
    states = [(place, values) for place, row in enumerate(rows) for values in starts.of(int(row))]
    shocks = _shocks(world)
    place = np.repeat([place for place, _ in states], len(shocks))
    spread = lambda name: [values[name] for _, values in states for _ in shocks]
    initial = {name: spread(name) for name in map(starts.name_of.__getitem__, starts.states)}
    inputs = {name: np.array(spread(name))[:, None] for name in starts.input_names.values()}
    disturbance = {
        owner: np.tile([shock[owner] for shock in shocks], len(states))[:, None] for owner in world.processes
    }
    setup = given(structure, None, trial.horizon + 1, initial, inputs, disturbance, seed)
    network = network_of(model, engine=FOLDED)
    seen = []
    for value in (action.whole[1], action.whole[0]):
        loop = start_of(network, model.window, setup)
        hold = np.full((setup.runs or 1, setup.steps, len(model.names.outputs)), np.nan, np.float32)
        for output in action.outputs:
            hold[:, : trial.hold, model.names.output_signals[output]] = action.domain.encode(value)
        moving: Mapping[Signal, np.ndarray] = {**setup.moving, FORCED_ACTIONS: hold}
        _, done = run_steps(network, world, model.names, loop, moving, jnp.zeros(0, int))
        seen.append(np.stack([np.asarray(margin(done.observed)) > 0 for margin in margins], axis=-1))
    new = [one[:, 1:].any(axis=1) & ~one[:, 0] for one in seen]  # [run, hazard]
    over = lambda values, how: np.stack([how(values[place == at], axis=0) for at in range(len(rows))])
    reached = [over(one, np.any) for one in new]
    already = over(seen[0][:, 0], np.all)
    return Forced(rows, tuple(watched), reached[0], reached[1], already, 2 * len(place))


def _shocks(world: Environment) -> list[dict[str, float]]:
    """Return the disturbances that are tried, of all processes together: none, and both ends."""
    ends = {owner: process.disturbance or (0.0, 0.0) for owner, process in world.processes.items()}
    tried = [{owner: pick(span) for owner, span in ends.items()} for pick in (lambda s: sum(s) / 2, min, max)]
    return [shock for i, shock in enumerate(tried) if shock not in tried[:i]]


def _combined(own: Sequence[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
    """Combine values: all in the middle, all at the low and all at the high ends, then others, up to `MAX_VALUES`."""
    together = [tuple(values[min(i, len(values) - 1)] for values in own) for i in range(3)]
    others = itertools.islice(itertools.product(*own), MAX_VALUES)
    return list(dict.fromkeys([*together, *others]))[:MAX_VALUES]


class _Starts:
    """True states that stand for contexts: what `start` says, else a state of the variable's own name."""

    def __init__(self, structure: ControlStructure, trial: Trial, world: Environment, contexts: Contexts):
        self.trial, self.contexts = trial, contexts
        initial = {
            Signal(owner, STATE, name): value
            for owner, process in world.processes.items()
            for name, value in process.initial.items()
        }
        states, state = signals_by_name(initial), contexts.state
        self.defaults: dict[Signal, Value] = {}
        self.axes = [state.variable(one.name) for one in contexts.axes]
        self.told = {name: states[name] for start in trial.start for name in start.state if name in states}
        for name in (name for start in trial.start for name in start.state if name not in states):
            raise HandcraftedError(
                f"Expected the state of a process under `trial`, got {shown(name)}.{nearest(name, states)}"
            )
        tested = {state.variable(name) for start in trial.start for row in start.when or () for name in row}
        own = [signal for owner, name in self.axes if (signal := Signal(owner, STATE, name)) in initial]
        self.states = list(dict.fromkeys([*self.told.values(), *own]))
        outside = {TrueVariable(one.signal.owner, one.signal.name): one.signal for one in world.externals}
        moved = {TrueVariable(signal.owner, signal.name) for signal in initial}
        self.inputs = [one for one in self.axes if one in outside and one not in moved]
        names = lambda signals: {signal: name for name, signal in signals_by_name(signals, short=False).items()}
        self.name_of = names(initial)
        inputs = names([one.signal for one in world.externals])
        self.input_names = {one: inputs[outside[one]] for one in self.inputs}
        sent = {link.carries for link in structure.resolved.links if link.sent_by_controller}
        for one, variable in zip(contexts.axes, self.axes, strict=True):
            if variable not in (*moved, *outside, *tested, *sent):
                raise HandcraftedError(
                    f"Expected to know from which true state the contexts of {contexts.action} start, got none for "
                    f"{one.name}. Say it under `trial`: start: [{{when: {{{one.name}: …}}, state: {{…}}}}]."
                )
        domains = {variable: one.domain for one, variable in zip(contexts.axes, self.axes, strict=True)}
        for signal in self.states:
            variable, value = TrueVariable(signal.owner, signal.name), initial[signal]
            carried = (link.domain.values for link in structure.resolved.links if link.carries == variable)
            words = next(carried, domains[variable].values if variable in domains else ())
            self.defaults[signal] = words[int(np.argmax(value))] if words else float(np.asarray(value))

    def of(self, row: int) -> Iterator[dict[str, Value]]:
        """Return the states and inputs that stand for one context."""
        axes, cells = self.contexts.axes, self.contexts.rows[row]
        own = [one.stands_for(one.cells[cell]) for one, cell in zip(axes, cells, strict=True)]
        told = {
            self.told[name]: value
            for start in self.trial.start
            if self._applies(start.when, row)
            for name, value in start.state.items()
        }
        for values in _combined(own):
            by_variable = dict(zip(self.axes, values, strict=True))
            found = {self.input_names[one]: by_variable[one] for one in self.inputs}
            for one, default in self.defaults.items():
                usual = by_variable.get(TrueVariable(one.owner, one.name), default)
                found[self.name_of[one]] = told.get(one, usual)
            yield found

    def _applies(self, when, row: int) -> bool:
        return bool(replace(self.contexts, rows=self.contexts.rows[row : row + 1], count=1).matching(when)[0])
