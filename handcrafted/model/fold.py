"""A network folded into a straight-line program of numbers: what is left of its sums once zeros and copies are gone.

Every value is assigned once. What a step does, bit for bit, for finite numbers:

    a sum      0 + w_1 x_1 + w_2 x_2 + ..., each product fused into the sum, in the order of the coordinates
    a copy     nothing: a sum of one number with the weight 1 is that number
    a head     that looks k steps back by position alone: k numbers that are remembered
    a neuron   max(x, 0)
    a port     the number, or a safe one where it is not finite

The weights are numbers beside the program, each kept once, and so is what is made of the same numbers. Where they are
to stand apart, one that changes leaves the program as it is; it is another one only where an entry becomes 0 or stops
being 0, or becomes 1. What nothing reads is left out; as soon as an edit lets something read it, it is there again.
This is a compile target and judges nothing: readouts read arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from handcrafted.model.arrays import Array, by_column, held, nonzeros
from handcrafted.model.attention import ANYWHERE
from handcrafted.model.blocks import Block, BlockPart, Source
from handcrafted.model.component import Component, Components
from handcrafted.model.folded_program import (
    INPUT,
    LOOK,
    STATE,
    Carried,
    FoldedNetwork,
    FoldedProgram,
    Node,
    ProgramBuilder,
    Ring,
    Step,
)
from handcrafted.model.opening import CARRY, SHUT, Opening, OpenSite, opened
from handcrafted.model.weights import Weights

Column = Sequence[Node | None]


def fold(
    weights: Weights,
    window: int,
    kept: Sequence[int] = (),
    blocks: tuple[Block, ...] = (),
    ported: bool = True,
    opening: Opening = SHUT,
    apart: bool = False,
) -> FoldedNetwork | None:
    """Fold a network.

    Args:
        weights: effective weights.
        window: how many steps a head sees.
        kept: coordinates of the residual stream that are recorded.
        blocks: how it is cut, where what passes between blocks passes a port; else it is folded whole.
        ported: whether ports put a safe value in place of what is not finite.
        opening: what may be otherwise from run to run; such a program runs side by side alone, see
            `handcrafted.rollout.faulted_folded`.
        apart: whether numbers stand apart even if they are the same; see above.

    Returns:
        None where it cannot be folded: a number is not finite, or a head attends by content or to several steps, unless
        its biases are open.
    """
    arrays = weights.copy()
    if not all(np.isfinite(held(array)).all() for _, array in arrays.items()):
        return None
    parts = Components(opened(arrays, opening.entries) if opening.entries else arrays)
    backs = {str(head): head.attention.one_lag(window) for head in parts.heads if head.attention}
    if None in backs.values():
        return None
    return _Fold(parts, {name: back or 0 for name, back in backs.items()}, blocks, ported, opening, apart).folded(kept)


class _Fold:
    """Walks a network once as it stands before t = 0 and once as it steps."""

    def __init__(
        self,
        parts: Components,
        backs: Mapping[str, int],
        blocks: tuple[Block, ...],
        ported: bool,
        opening: Opening,
        apart: bool,
    ):
        self.parts, self.backs, self.blocks, self.ported = parts, backs, blocks, ported
        self.sites = {site: number for number, site in enumerate(opening.sites)}
        self.make = ProgramBuilder(apart)
        self.states: list[Carried] = []
        self.rings: list[Ring] = []
        self.first: list[Node | None] = []
        self.next: list[Node | None] = []
        self.caught: dict[tuple[str, Source], tuple[Node, ...]] = {}
        self.stopped: dict[int, Node | None] = {}
        self.parts_of_half: dict[int, list[tuple[Block, BlockPart]]] = {}
        for block in blocks:
            for part in block.parts:
                self.parts_of_half.setdefault(part.half, []).append((block, part))
        self.recurrence, self.embedding = by_column(parts.ends.recurrence), by_column(parts.ends.embedding)
        self.column_of = {column: block for block in blocks for column in block.outputs}

    def folded(self, kept: Sequence[int]) -> FoldedNetwork:
        """Return the program, without what nothing needs."""
        make, ends = self.make, self.parts.ends
        before: list[Node | None] = [make.number(value) for value in ends.initial]
        carried = [self._carried(before, place) for place in range(len(before))]
        live = sorted(self.recurrence)
        state = {place: self._state(carried[place], place) for place in live}
        number = {place: len(self.states) - len(live) + i for i, place in enumerate(live)}
        embedded = [self._embedded(place) for place in range(len(before))]
        entered = [make.add(embedded[place], state.get(place)) for place in range(len(before))]
        stream = [self._touched("embed", (place,), value) for place, value in enumerate(entered)]
        writers = {written: [*found] for written, found in groupby(self.parts.writers, lambda one: one.written)}
        for written, constant in self.parts.constants[1:]:
            self._half(written - 1, writers.get(written, []), constant, stream, before)
        for place in live:
            self.next[number[place]] = self._carried(stream, place)
        outputs = [self._output(stream, one) for one in self.parts.outputs]
        for column, (raw, _) in enumerate(outputs):
            self.stopped[column] = raw
        first_outputs = [self._output(before, one)[1] for one in self.parts.outputs]
        ended = [stream[place] for place in kept]
        return self._live([done for _, done in outputs], first_outputs, ended)

    def _touched(self, part: str, index: tuple[int, ...], value: Node | None) -> Node | None:
        """Return a value as it goes on, where it is open as it may be changed."""
        site = self.sites.get(OpenSite(part, index))
        return value if site is None else self.make.touch(site, value)

    def _state(self, first: Node | None, coordinate: int | None = None) -> Node:
        self.first.append(first)
        self.next.append(None)
        node = self.make.step(Step(STATE, place=len(self.first) - 1))
        read = node if coordinate is None else self._touched(CARRY, (coordinate,), node)
        assert read is not None
        self.states.append(Carried(coordinate, read))
        return read

    def _embedded(self, place: int) -> Node | None:
        written = self.embedding.get(place, ())
        inputs = ((weight, self.make.step(Step(INPUT, place=row))) for row, weight in written)
        return self.make.shift(self.make.sum(inputs), self.parts.ends.constant[place])

    def _sum(self, stream: Column, read: Iterable[tuple[int, np.float32]], ports: Mapping[int, float]) -> Node | None:
        """Return what a reader adds up, with what comes through ports replaced where it is not finite."""
        return self.make.sum((weight, self._through(stream[place], ports.get(place))) for place, weight in read)

    def _through(self, value: Node | None, safe: float | None) -> Node | None:
        return value if safe is None or not self.ported else self.make.port(value, safe)

    def _carried(self, stream: Column, place: int) -> Node | None:
        return self._sum(stream, self.recurrence.get(place, ()), {})

    def _output(self, stream: Column, one: Component) -> tuple[Node | None, Node | None]:
        """Return an output before and after its port."""
        raw = self.make.shift(self._sum(stream, by_column(one.into).get(0, ()), {}), one.bias[0])
        block = self.column_of.get(one.ref.index)
        safe = None if block is None else block.safe[block.outputs.index(one.ref.index)]
        return raw, self._through(raw, safe)

    def _half(
        self, half: int, writers: list[Component], constant: Array, stream: list[Node | None], before: Column
    ) -> None:
        """Let the heads or the neurons of a layer write to the stream."""
        ports = {str(one.ref): ports for one, ports in self._ported(half, writers)}
        self._catch(half, stream)
        found = [(one, self._head if one.attention else self._neuron) for one in writers]
        handed = [(one, act(one, stream, before, ports.get(str(one.ref), {}))) for one, act in found]
        places, numbers = nonzeros(constant)
        given: dict[int, np.float32] = dict(zip(places.tolist(), numbers, strict=True))
        sums: dict[int, list[tuple[np.float32, Node | None]]] = {place: [] for place in given}
        for one, values in handed:
            dims, places, weights = nonzeros(one.out)
            for dim, place, weight in zip(dims.tolist(), places.tolist(), weights, strict=True):
                sums.setdefault(place, []).append((weight, values[dim]))
        for place, parts in sums.items():
            written = self.make.add(stream[place], self.make.sum(parts))
            stream[place] = self.make.shift(written, given.get(place, np.float32(0)))
        part, layer = "post" if half % 2 else "mid", half // 2
        for site in (site for site in self.sites if (site.part, site.at[0]) == (part, layer)):
            stream[site.at[1]] = self._touched(*site, stream[site.at[1]])

    def _head(self, one: Component, stream: Column, before: Column, ports: Mapping[int, float]) -> list[Node | None]:
        """Return what each dimension of a head hands on: a number of this step, or one that is remembered."""
        at, back = (one.ref.layer, one.ref.index), self.backs[str(one)]
        read, bias = by_column(one.into), [np.float32(value) for value in one.bias]
        moved = lambda seen, dim: self.make.shift(self._sum(seen, read.get(dim, ()), ports), bias[dim])
        handed = set(one.out.nonzero()[0].tolist())
        used = [dim in handed for dim in range(len(one.bias))]
        now = [moved(stream, dim) if used[dim] else None for dim in range(len(used))]
        first = [moved(before, dim) if used[dim] and back else None for dim in range(len(used))]
        if back == ANYWHERE:
            looked = self._looked(Ring(*at, tuple(first), tuple(now)), used)
        else:
            looked = [self._delayed(*pair, back) for pair in zip(now, first, strict=True)]
        return [self._touched("heads", (*at, dim), value) if used[dim] else None for dim, value in enumerate(looked)]

    def _looked(self, ring: Ring, used: Sequence[bool]) -> list[Node | None]:
        """Return what each dimension of a head gives that may look anywhere."""
        first, seen = len(self.rings) * len(used), tuple(node for node in ring.now if node is not None)
        self.rings.append(ring)
        return [self.make.step(Step(LOOK, seen, place=first + i)) if on else None for i, on in enumerate(used)]

    def _delayed(self, now: Node | None, first: Node | None, steps: int) -> Node | None:
        for _ in range(steps):
            if now is None and first is None:
                return None
            state = self._state(first)
            self.next[-1] = now
            now = state
        return now

    def _neuron(self, one: Component, stream: Column, before: Column, ports: Mapping[int, float]) -> list[Node | None]:
        fired = self.make.relu(self.make.shift(self._sum(stream, by_column(one.into).get(0, ()), ports), one.bias[0]))
        return [self._touched("neurons", (one.ref.layer, one.ref.index), fired)]

    def _parts(self, half: int) -> Iterator[tuple[Block, BlockPart]]:
        yield from self.parts_of_half.get(half, ())

    def _ported(self, half: int, writers: list[Component]) -> Iterator[tuple[Component, Mapping[int, float]]]:
        """Say of each head or neuron which coordinates it reads through a port, with the safe value."""
        by_number = {one.ref.index: one for one in writers}
        for _, part in self._parts(half):
            places = iter(part.reads)
            at = {source: [next(places) for _ in source.at] for source in part.sources}
            ports = {
                place: safe
                for source, own in at.items()
                for place, safe in zip(own, source.safe, strict=bool(source.safe))
            }
            yield from ((by_number[number], ports) for number in part.components if number in by_number)

    def _catch(self, half: int, stream: Column) -> None:
        """Remember what passes each port, to say when it was not finite."""
        for block, part in self._parts(half):
            places = iter(part.reads)
            for source in part.sources:
                own = [next(places) for _ in source.at]
                if source.safe:
                    self.caught[block.name, source] = tuple(v for p in own if (v := stream[p]) is not None)

    def _faults(self) -> tuple[tuple[Node, ...], ...]:
        """Return the values of every port: what each block gathers, then the outputs, in the order of `ports_of`."""
        gathered = []
        for block in self.blocks:
            sources = dict.fromkeys(s for part in block.parts for s in part.sources if s.safe)
            gathered += [self.caught[block.name, source] for source in sources]
        columns = [column for block in self.blocks for column in block.outputs]
        return (*gathered, *(() if (v := self.stopped[c]) is None else (v,) for c in columns))

    def _kept_rings(self, needed: set[Node]) -> Iterator[Ring]:
        """Return the rings, empty where nothing looks into them."""
        for ring in self.rings:
            seen = needed.issuperset(node for node in (*ring.first, *ring.now) if node is not None)
            yield ring if seen else ring._replace(first=(), now=())

    def _live(self, outputs: Column, first_outputs: Column, ended: Column) -> FoldedNetwork:
        """Number anew what something needs."""
        faults, steps = self._faults(), self.make.steps
        needed: set[Node] = set()
        states: set[int] = set()
        wide = len(self.parts.heads[0].bias) if self.parts.heads else 1
        waiting = [v for v in (*outputs, *first_outputs, *ended, *(v for one in faults for v in one)) if v is not None]
        while waiting:
            node = waiting.pop()
            if node in needed:
                continue
            needed.add(node)
            waiting += steps[node].values
            if steps[node].kind == STATE and (place := steps[node].place) not in states:
                states.add(place)
                waiting += [v for v in (self.first[place], self.next[place]) if v is not None]
            if steps[node].kind == LOOK:
                waiting += [v for v in self.rings[steps[node].place // wide].first if v is not None]
        number = {node: i for i, node in enumerate(sorted(needed))}
        place = {old: i for i, old in enumerate(sorted(states))}
        kept = sorted({0, *(slot for node in needed for slot in steps[node].slots)})
        slot = {old: i for i, old in enumerate(kept)}
        again = lambda nodes: tuple(None if node is None else number[node] for node in nodes)
        those = lambda nodes: tuple(number[node] for node in nodes)
        moved = lambda step: Step(
            step.kind, those(step.values), tuple(slot[old] for old in step.slots),
            place[step.place] if step.kind == STATE else step.place,
        )  # fmt: skip
        program = FoldedProgram(
            tuple(moved(steps[node]) for node in sorted(needed)), again(outputs), again(first_outputs),
            again(self.next[old] for old in sorted(states)), again(self.first[old] for old in sorted(states)),
            again(ended), tuple(those(one) for one in faults),
            tuple(Carried(self.states[old].coordinate, number[self.states[old].read]) for old in sorted(states)),
            tuple(ring._replace(first=again(ring.first), now=again(ring.now)) for ring in self._kept_rings(needed)),
        )  # fmt: skip
        return FoldedNetwork(program, np.array(self.make.values, np.float32)[kept])
