"""Running a folded program of which something is open: many runs side by side, in numpy, each with numbers of its own.

All arrays have the axis of runs last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from handcrafted.model.component import HEAD_ARRAYS
from handcrafted.model.edit import AffineEdit
from handcrafted.model.folded_program import LOOK, TOUCH, FoldedNetwork, FoldedProgram, Ring
from handcrafted.model.half_layer import attend
from handcrafted.model.opening import Opening, all_entries, mark_of
from handcrafted.model.run_folded import worked_out
from handcrafted.model.weights import FIELD_AXES, Weights

Array = np.ndarray


class OpenState(NamedTuple):
    """What is remembered between steps.

    Attributes:
        states: of the program, number by number [run].
        rings: keys and values of each head that looks anywhere, the newest first [run, window - 1, 1, d_head].
    """

    states: tuple[Array, ...]
    rings: tuple[tuple[Array, Array], ...]


class Held(NamedTuple):
    """What does not advance.

    Attributes:
        carry: coordinates that the recurrence carries [d_model, run].
        heads: whether what heads remember [run].
    """

    carry: Array
    heads: Array


class OpenStep(NamedTuple):
    """What one step gives.

    Attributes:
        outputs: [n_out, run].
        residual: the coordinates that were asked for [kept, run].
        largest: the largest size of any value, NaN where one is none [run].
    """

    outputs: Array
    residual: Array
    largest: Array


class OpenNetwork:
    """A folded program of which something is open, for so many runs."""

    def __init__(self, network: FoldedNetwork, opening: Opening, weights: Weights, window: int, runs: int, kept: int):
        """Take what is fixed.

        Args:
            network: folded with this opening.
            opening: what is open.
            weights: effective weights, as numpy arrays.
            window: how many steps a head sees.
            runs: how many.
            kept: how many of the coordinates that the program was asked for are given of each step; the rest is looked
                at for its size alone.
        """
        self.program: FoldedProgram = network.program
        self.runs, self.window, self.kept = runs, window, kept
        self.numbers = [np.float32(number) for number in network.values]
        self.marks = {slot: mark for slot, n in enumerate(self.numbers) if (mark := mark_of(n)) is not None}
        self.sizes, self.entries = weights.sizes, all_entries(weights)
        self.open = {at: mark for mark, at in enumerate(opening.entries)}
        starts = np.cumsum([0, *(np.size(array) for _, array in weights.items())]).tolist()
        self.starts = dict(zip(FIELD_AXES, starts, strict=False))

    def begin(self, entries: Array) -> OpenState:
        """Return what is remembered before the first step.

        Args:
            entries: what stands at each open entry [entry, run].
        """
        known = worked_out(self._network(entries), self.program.begins, (), None)
        value = lambda node: np.float32(0) if node is None else known[node]
        past = lambda now: np.repeat(now[:, None], self.window - 1, axis=1)
        rings = tuple(
            (
                past(self._bias(HEAD_ARRAYS.key_bias, ring, entries)),
                past(self._runs_first([*map(value, ring.first)])[:, None]),
            )
            for ring in self.program.rings
        )
        return OpenState(tuple(self._wide(value(node)) for node in self.program.first), rings)

    def advance(
        self, state: OpenState, inputs: Array, entries: Array, touches: AffineEdit, held: Held | None
    ) -> tuple[OpenState, OpenStep]:
        """Run one step.

        Args:
            state: what was remembered.
            inputs: [n_in, run].
            entries: what stands at each open entry [entry, run].
            touches: what is done to the value at each open site [site, run].
            held: what does not advance.
        """
        program, rings, mixed = self.program, list(state.rings), {}

        def look(place: int, values: list) -> Array:
            number, dim = divmod(place, self.sizes["d_head"])
            if number not in mixed:
                ring, given = program.rings[number], iter(values)
                now = [np.float32(0) if node is None else next(given) for node in ring.now]
                mixed[number], rings[number] = self._looked(ring, state.rings[number], self._runs_first(now), entries)
            return mixed[number][:, dim]

        def touch(place: int, values: list) -> Array:
            value = self._wide(values[0]) if values else np.zeros(self.runs, np.float32)
            return AffineEdit(touches.keep[place], touches.add[place], touches.flip[place]).on(value)

        opened = {LOOK: look, TOUCH: touch}
        known = worked_out(self._network(entries), program.proceeds, state.states, inputs, opened)
        value = lambda node: self._wide(np.float32(0) if node is None else known[node])
        states = [value(node) for node in program.next]
        if held is not None:
            for i, one in enumerate(program.states):
                still = held.heads if one.coordinate is None else held.carry[one.coordinate]
                states[i] = np.where(still, value(one.read), states[i])
            still = held.heads[:, None, None, None]
            pairs = zip(state.rings, rings, strict=True)
            rings = [(np.where(still, old[0], new[0]), np.where(still, old[1], new[1])) for old, new in pairs]
        largest = np.abs(np.stack([self._wide(one) for one in known.values()])).max(axis=0, initial=np.float32(0))
        stacked = lambda nodes: np.stack([*map(value, nodes), np.zeros(self.runs, np.float32)])[:-1]
        done = OpenStep(stacked(program.outputs), stacked(program.residual[: self.kept]), largest)
        return OpenState(tuple(states), tuple(rings)), done

    def _looked(
        self, ring: Ring, past: tuple[Array, Array], now: Array, entries: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """Return what a head mixes [run, d_head], and its ring a step later."""
        keys = np.concatenate([self._bias(HEAD_ARRAYS.key_bias, ring, entries)[:, None], past[0]], axis=1)
        values = np.concatenate([now[:, None, None], past[1]], axis=1)
        _, mixed = attend(self._bias(HEAD_ARRAYS.query_bias, ring, entries), keys, values)
        return mixed[:, 0], (keys[:, :-1], values[:, :-1])

    def _bias(self, array: str, ring: Ring, entries: Array) -> Array:
        """Return a head's bias of queries or keys in each run [run, 1, d_head]."""
        axes = FIELD_AXES[array]
        first = np.ravel_multi_index((ring.layer, ring.head, 0), [self.sizes[axis] for axis in axes])
        places = [self.starts[array] + int(first) + dim for dim in range(self.sizes["d_head"])]
        found = [entries[self.open[at]] if at in self.open else self.entries[at] for at in places]
        return self._runs_first(found)[:, None]

    def _runs_first(self, values: Sequence[Any]) -> Array:
        return np.stack([self._wide(value) for value in values], axis=-1)

    def _wide(self, value: Any) -> Array:
        return value if np.shape(value) == (self.runs,) else np.full(self.runs, value, np.float32)

    def _network(self, entries: Array) -> FoldedNetwork:
        """Return the program with the numbers of each run."""
        values = [entries[self.marks[slot]] if slot in self.marks else n for slot, n in enumerate(self.numbers)]
        return FoldedNetwork(self.program, values)
