"""The scoreboard: readouts by loops by conditions, a row each, kept in a file so that a run can go on."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from handcrafted.control.graph import Signal, SignalGraph
from handcrafted.craft.assemble import assemble
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.blind.blind import blind
from handcrafted.readout.recover import Recovered
from handcrafted.readout.registry import Readout
from handcrafted.readout.target import TargetNetwork, subject
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown
from handcrafted.text.report import progress_bar
from handcrafted.verdict.blind.match import match
from handcrafted.verdict.compare import law_of
from handcrafted.verdict.scoreboard.distort import DISTORTIONS
from handcrafted.verdict.scoreboard.faults import DENSE_FAULTS, FAULTS, Planted
from handcrafted.verdict.scoreboard.row import Key, ScoreRow, ScoreStore
from handcrafted.verdict.scoreboard.truth import Marks, Truth, mark

LAW, BLIND = "law", "blind"
"""What stands beside the readouts, for both know the structure: the law test, which catches and draws no graph, and
the blind reading, which is given no names of coordinates and is laid on the structure."""

DENSE = (*(one.name for one in DISTORTIONS if one.dense), *DENSE_FAULTS)
"""Conditions that leave hardly any entry at 0; readouts are slow there."""

LARGE = 32
"""Coordinates from which on dense conditions are left out unless they are asked for."""

CONDITIONS = (*(one.name for one in DISTORTIONS), *FAULTS)


Answer = dict[tuple[Signal, Signal, int], int | None]
"""The edges that a readout gives, with their signs."""

Judge = Callable[[TargetNetwork], tuple[bool, SignalGraph | None]]
"""Says whether a network is otherwise than it was made, and what its graph is."""


def conditions_of(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the conditions of these names, all for None.

    Raises:
        HandcraftedError: naming the first that there is not.
    """
    for name in names or ():
        if name not in CONDITIONS:
            raise HandcraftedError(f"Expected the name of a condition, got {shown(name)}.{nearest(name, CONDITIONS)}")
    return tuple(names) if names else CONDITIONS


def score(
    structures: Mapping[str, ControlStructure],
    readouts: Sequence[Readout],
    conditions: Sequence[str] | None = None,
    seed: int = 0,
    store: Path | None = None,
    full: bool = False,
    progress: bool = False,
    blindly: bool = False,
) -> list[ScoreRow]:
    """Run the readouts over all loops and conditions, and the law test beside them.

    Args:
        structures: the loops by name.
        readouts: what is scored.
        conditions: distortions and faults by name; all by default.
        seed: of distortions, faults and readouts.
        store: a file of rows that are done already; new ones are added as they come.
        full: whether dense conditions are run for large loops too.
        progress: whether to show a progress bar.
        blindly: whether the blind reading is scored too.

    Raises:
        HandcraftedError: if a condition is unknown, or the file holds rows of another seed or loop, or something else.
    """
    chosen = conditions_of(conditions)
    kept = ScoreStore(store, seed, structures) if store else None
    done = dict(kept.rows) if kept else {}
    names = (*(readout.name for readout in readouts), LAW, *([BLIND] if blindly else []))
    with progress_bar(progress) as bar:
        task = bar.add_task("score", total=len(structures) * len(chosen))
        for loop, structure in structures.items():
            bench: _Bench | None = None
            for condition in chosen:
                bar.update(task, description=f"{loop}, {condition}")
                if not all((loop, condition, name) in done for name in names):
                    bench = bench or _Bench(loop, structure, seed)
                    for row in bench.rows(condition, readouts, full, done, blindly):
                        done[row.key] = row
                        if kept:
                            kept.add(row)
                bar.advance(task)
    keys = ((loop, condition, name) for loop in structures for condition in chosen for name in names)
    return [done[key] for key in keys if key in done]


class _Bench:
    """One loop with its model, and what each readout says of it as it was made."""

    def __init__(self, loop: str, structure: ControlStructure, seed: int):
        self.loop, self.structure, self.seed = loop, structure, seed
        self.model = assemble(structure)
        graph = structure.signal_graph()
        self.truth, self.nodes = Truth.intended(graph), graph.nodes
        self.reference: dict[str, Answer] = {}

    def rows(
        self, condition: str, readouts: Sequence[Readout], full: bool, done: Mapping[Key, ScoreRow], blindly: bool
    ) -> Iterator[ScoreRow]:
        """Return the rows of a condition that are not done; none where it has no place in this loop."""
        if condition in DENSE and not full and len(self.model.names.residual) > LARGE:
            return
        planted = self.planted(condition)
        if planted is None:
            return
        given = subject(planted.weights, planted.names, self.model.window, self.seed)
        for readout in readouts:
            self.intact(readout)  # what it is compared with is not timed
        judges: dict[str, Judge] = {
            **{readout.name: partial(self.read, readout) for readout in readouts},
            LAW: self.law,
            **({BLIND: self.blind} if blindly else {}),
        }
        for name, judge in judges.items():
            if (self.loop, condition, name) not in done:
                yield self.row(condition, name, judge, given, planted.truth)

    def row(self, condition: str, name: str, judge: Judge, given: TargetNetwork, truth: Truth | None) -> ScoreRow:
        """Let one judge answer; a network that it refuses to read, for a reason that it gives, has no edges for it."""
        start = time.perf_counter()
        try:
            (caught, graph), refused = judge(given), False
        except HandcraftedError:
            caught, graph, refused = True, None if name == LAW else SignalGraph((), ()), True
        seconds = time.perf_counter() - start
        marks = Marks() if graph is None else mark(graph, truth, self.nodes)
        size = len(graph or ()), len(self.nodes)
        return ScoreRow(self.loop, condition, name, caught, *size, marks, refused, self.seed, seconds)

    def read(self, readout: Readout, given: TargetNetwork) -> tuple[bool, SignalGraph]:
        """Say whether a readout answers otherwise than for the network as it was made, and what."""
        graph = readout.read(given)
        return _said(graph) != self.intact(readout), graph

    def law(self, given: TargetNetwork) -> tuple[bool, None]:
        """Say whether the network does something else than its laws."""
        return not law_of(self.structure, Recovered(given, {})), None

    def blind(self, given: TargetNetwork) -> tuple[bool, SignalGraph]:
        """Say whether the network, without names, is another than intended, and what it is like."""
        found = match(self.structure, blind(given.weights, given.names.inputs, given.names.outputs, given.window))
        return not found.exact, found.graph

    def planted(self, condition: str) -> Planted | None:
        """Return the network under a condition, with its truth."""
        rng = np.random.default_rng([self.seed, zlib.crc32(f"{self.loop}/{condition}".encode())])
        if condition in FAULTS:
            return FAULTS[condition](self.model, self.truth, rng)
        distortion = next(one for one in DISTORTIONS if one.name == condition)
        weights, names = distortion.apply(self.model.effective_weights.numpy(), self.model.names, rng)
        return Planted(weights, names, self.truth)

    def intact(self, readout: Readout) -> Answer:
        """Return what a readout says of the network as it was made."""
        if readout.name not in self.reference:
            given = subject(self.model.effective_weights, self.model.names, self.model.window, self.seed)
            self.reference[readout.name] = _said(readout.read(given))
        return self.reference[readout.name]


def _said(graph: SignalGraph) -> Answer:
    return {edge.key: edge.sign for edge in graph.edges}
