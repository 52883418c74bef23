"""The closed loop of a large network: its folded program is read value by value, and nothing is compiled for it.

A compiler takes some milliseconds for each value, a network of thousands of controllers has hundreds of thousands. One
function in C reads any such program; products go into sums by `fmaf`, as in `handcrafted.rollout.native`. Where there
is no C compiler numpy works the values out, and a number whose product is not exact may differ in its last bit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.folded_program import ADD, INPUT, NUMBER, PORT, RELU, SHIFT, STATE, SUM, FoldedNetwork, Node
from handcrafted.model.names import Names
from handcrafted.model.run_folded import worked_out
from handcrafted.rollout.compile_c import compiled_c
from handcrafted.rollout.environment import Environment
from handcrafted.rollout.loop import ClosedLoop, Runnable, StepRecord, step
from handcrafted.rollout.outside import proceed
from handcrafted.rollout.setup import RunSetup
from handcrafted.rollout.side_by_side import mapped, over_steps

MANY_VALUES = 1_000
"""A folded program of more values is not compiled."""

KINDS = (SUM, ADD, SHIFT, RELU, PORT, NUMBER, STATE, INPUT)

READER = """#include <math.h>
#if defined(__SSE__)
#include <immintrin.h>
#endif
void run(const int *kind, const int *start, const int *of, const int *slot, const int *place, const int *node,
         const float *v, const float *state, const float *inputs, float *x, long count, long runs) {
#if defined(__SSE__)
  unsigned int old = _mm_getcsr();
  _mm_setcsr(old | 0x8040); /* numbers below the smallest normal one are 0, as they are in XLA */
#endif
  for (long k = 0; k < count; k++) {
    long first = start[k], last = start[k + 1];
    float *restrict to = x + node[k] * runs;
    const float *a = x + of[first] * runs, *b = x + of[first + 1] * runs;
    float w = v[slot[first]];
    switch (kind[k]) {
    case 0:
      for (long i = 0; i < runs; i++) to[i] = 0.0f;
      for (long j = first; j < last; j++) {
        const float *one = x + of[j] * runs;
        float weight = v[slot[j]];
        for (long i = 0; i < runs; i++) to[i] = fmaf(weight, one[i], to[i]);
      }
      break;
    case 1: for (long i = 0; i < runs; i++) to[i] = a[i] + b[i]; break;
    case 2: for (long i = 0; i < runs; i++) to[i] = a[i] + w; break;
    case 3: for (long i = 0; i < runs; i++) to[i] = (a[i] > 0) | (a[i] != a[i]) ? a[i] : 0.0f; break;
    case 4: for (long i = 0; i < runs; i++) to[i] = fabsf(a[i]) <= 3.4028234663852886e38f ? a[i] : w; break;
    case 5: for (long i = 0; i < runs; i++) to[i] = w; break;
    case 6: for (long i = 0; i < runs; i++) to[i] = state[place[k] * runs + i]; break;
    case 7: for (long i = 0; i < runs; i++) to[i] = inputs[place[k] * runs + i]; break;
    }
  }
#if defined(__SSE__)
  _mm_setcsr(old);
#endif
}
"""
"""Reads any program: of each value its kind, a number of `KINDS`, what it is made of, and where it goes."""


class ProgramReader:
    """Works out some values of a folded program, one after the other, for runs side by side.

    Args:
        network: the program and its numbers.
        order: which, each behind those that it is made of.
    """

    def __init__(self, network: FoldedNetwork, order: Sequence[Node]):
        self.values = np.ascontiguousarray(network.values, np.float32)
        self.network, self.order = FoldedNetwork(network.program, self.values), tuple(order)
        self.function = compiled_c(READER, 10, 2)
        steps = [network.program.steps[node] for node in order]
        counts = [max(2, len(one.values), len(one.slots)) for one in steps]  # C looks at two at least
        wide = lambda parts, count: [*parts, *[0] * (count - len(parts))]
        whole = lambda numbers: np.array([*numbers], np.int32)
        self.kinds = whole(KINDS.index(one.kind) for one in steps)
        self.starts = np.cumsum([0, *counts], dtype=np.int32)
        self.of = whole(n for one, count in zip(steps, counts, strict=True) for n in wide(one.values, count))
        self.slots = whole(n for one, count in zip(steps, counts, strict=True) for n in wide(one.slots, count))
        self.places, self.nodes = whole(one.place for one in steps), whole(order)

    def __call__(self, state: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return the values [value, run], and a last row of zeros.

        Args:
            state: what was remembered [state, run].
            inputs: one number per row of `W_E` [n_in, run].
        """
        runs, count = inputs.shape[1], len(self.network.program.steps)
        found = np.zeros((count + 1, runs), np.float32)
        if self.function is None:
            for node, value in worked_out(self.network, self.order, [*state], inputs).items():
                found[node] = value
            return found
        given = [np.ascontiguousarray(array, np.float32) for array in (state, inputs)]
        tables = self.kinds, self.starts, self.of, self.slots, self.places, self.nodes
        arrays = *tables, self.values, *given, found
        self.function(*(ctypes.c_void_p(array.ctypes.data) for array in arrays), len(self.order), runs)
        return found


def _rows(nodes: Sequence[Node | None]) -> np.ndarray:
    """Return where values stand; the last row where there is none."""
    return np.array([-1 if node is None else node for node in nodes], int)


def interpreted_loop(network: Runnable, world: Environment, names: Names) -> InterpretedLoop | None:
    """Return the loop of a network that is read value by value; None of one that is small, or not folded."""
    if not isinstance(network, FoldedNetwork) or len(network.program.steps) <= MANY_VALUES:
        return None
    return InterpretedLoop(network, world, names)


class InterpretedLoop:
    """A closed loop in numpy: the touches of `handcrafted.rollout.loop.step`, with the axis of runs last.

    Args:
        network: the folded controllers.
        world: what lies outside them.
        names: of the network's coordinates.
    """

    def __init__(self, network: FoldedNetwork, world: Environment, names: Names):
        program = network.program
        self.world, self.names = world, names
        self.begins, self.proceeds = ProgramReader(network, program.begins), ProgramReader(network, program.proceeds)
        self.first, self.first_outputs = _rows(program.first), _rows(program.first_outputs)
        self.next, self.outputs, self.residual = map(_rows, (program.next, program.outputs, program.residual))
        self.ports = [np.array(port, int) for port in program.faults]

    def begin(self, setup: RunSetup) -> ClosedLoop:
        """Return the loop before t = 0; the actions then are those that r_0 declares."""
        runs = setup.runs or 1
        known = self.begins(np.zeros((0, runs)), np.zeros((len(self.names.inputs), runs)))
        processes = mapped(lambda value: np.moveaxis(np.asarray(value, np.float32), 0, -1), dict(setup.state))
        return ClosedLoop(known[self.first], processes, known[self.first_outputs])

    def run(
        self, loop: ClosedLoop, moving: Mapping[Signal, np.ndarray], first: int, steps: int
    ) -> tuple[ClosedLoop, StepRecord]:
        """Run some steps.

        Args:
            loop: where it starts.
            moving: signals from outside and disturbances [run, time, ...], as long as all steps.
            first: the step that is the first.
            steps: how many.

        Returns:
            Where it ended, and what was seen [run, time, ...].
        """
        seen = []
        with np.errstate(all="ignore"):  # what is not finite is refused where it is recorded
            for time in range(first, first + steps):
                outside = {signal: np.moveaxis(values[:, time], 0, -1) for signal, values in moving.items()}
                loop, record = step(self, self.world, self.names, loop, outside)
                seen.append(record)
        return loop, over_steps(seen)

    def sensed(self, inputs: np.ndarray) -> np.ndarray:
        """Return the inputs as they are."""
        return inputs

    def advance(self, state: np.ndarray, inputs: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray | None]:
        """Run the network one step."""
        known = self.proceeds(state, inputs)
        faults = [~np.isfinite(known[port]).all(axis=0) for port in self.ports]
        return known[self.next], known[self.outputs], known[self.residual], np.stack(faults) if faults else None

    def acted(self, outputs: np.ndarray) -> np.ndarray:
        """Return what is told."""
        return outputs

    def proceed(self, now: Mapping, observed: Mapping, actions: Any, outside: Mapping[Signal, Any]) -> Mapping:
        """Return the processes' states after the step."""
        return proceed(self.world, self.names, now, observed, actions, outside)
