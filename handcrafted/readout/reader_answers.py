"""What the readers of every subspace answer under each contrast, in numpy or compiled.

Where it is compiled, subspaces with few readers go together, with their readers as data of one scanned function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from handcrafted.model.component import heads_of, neurons_of
from handcrafted.model.padding import bucket
from handcrafted.readout.readers import Along, Base, ReaderResponse, Readers, Stream, respond
from handcrafted.readout.target import TargetNetwork

CLASSES = ((4, 16), (16, 128))
"""Up to how many heads and neurons read a subspace of each class; the last class takes all."""


class ReaderAnswers:
    """What all readers answer under each of some contrasts.

    Args:
        subject: the network.
        base: what its readers compute undisturbed.
        changes: by how much the stream differs under each contrast.
        along: where slopes are taken; nowhere asks for the exact answer.
    """

    def __init__(self, subject: TargetNetwork, base: Base, changes: Mapping[str, Stream], along: Along = ()):
        self.subject, self.base, self.changes, self.along = subject, base, changes, along
        self.rows: dict[tuple[str, int], tuple[ReaderResponse, np.ndarray]] = {}
        for rows, readers in by_class(subject):
            for row, contrast, found in self._answered(rows, readers):
                self.rows[contrast, row] = found

    def _answered(
        self, rows: list[int], readers: Readers
    ) -> Iterator[tuple[int, str, tuple[ReaderResponse, np.ndarray]]]:
        """Return what is answered to a change of each subspace, at its step, and the largest answer on the stream."""
        given = self.subject.running, self.base
        if self.subject.compiled:
            from handcrafted.readout.readers_compiled import effects

            for contrast, change in self.changes.items():
                found = effects(*given, change, readers, self.subject.window, self.along)
                yield from ((row, contrast, one) for row, one in zip(rows, found, strict=False))
            return
        for row, one in zip(rows, _each(readers), strict=True):
            stream, outputs, carry = respond(*given, self._together, one, self.subject.window)
            peak = np.zeros((len(stream), self.subject.window, stream.shape[-1]), np.float32)
            peak[:, : stream.shape[2]] = np.abs(stream).max(axis=1)
            for i, contrast in enumerate(self.changes):
                yield row, contrast, (ReaderResponse(stream[i, :, 0].copy(), outputs[i], carry[i]), peak[i])

    @cached_property
    def _together(self) -> Stream:
        """The changes under all contrasts, with a leading axis of these."""
        return Stream(*(np.stack(parts) for parts in zip(*self.changes.values(), strict=True)))

    def over_time(self, contrast: str, row: int) -> np.ndarray:
        """Return what is answered on the stream to a change of one subspace [run, time, d_model]."""
        given = self.subject.running, self.base, self.changes[contrast]
        _, readers = next(iter(by_class(self.subject, [row])))
        if self.subject.compiled:
            from handcrafted.readout.readers_compiled import over_time

            return over_time(*given, next(_each(readers)), self.subject.window, self.along)
        return respond(*given, next(_each(readers)), self.subject.window).stream

    def of(self, contrast: str, row: int) -> ReaderAnswer:
        """Return what is answered to a change of one subspace, by its number."""
        return ReaderAnswer(self, contrast, row)


class ReaderAnswer:
    """What is answered to a change of one subspace.

    Attributes:
        peak: the largest answer on the stream over all runs [time, d_model].
        outputs: [run, n_out].
        carry: of the next step [run, d_model].
    """

    def __init__(self, answers: ReaderAnswers, contrast: str, row: int):
        self.answers, self.contrast, self.row = answers, contrast, row
        now, self.peak = answers.rows[contrast, row]
        self.now, self.outputs, self.carry = now.stream, now.outputs, now.carry

    def stream(self, lag: int) -> np.ndarray:
        """Return the answer on the stream [run, d_model] so many steps later."""
        return np.asarray(self.now) if lag == 0 else self.later[:, lag]

    @cached_property
    def later(self) -> np.ndarray:
        """The answer on the stream over time [run, time, d_model]."""
        return self.answers.over_time(self.contrast, self.row)


def _each(readers: Readers) -> Iterator[Readers]:
    """Return the readers of each subspace."""
    yield from (Readers(*parts) for parts in zip(*readers, strict=True))


def by_class(subject: TargetNetwork, rows: list[int] | None = None) -> Iterator[tuple[list[int], Readers]]:
    """Return the numbers of the subspaces of each class with their readers.

    Those that are compiled are filled up to a few lengths, which takes few programs; in numpy each is a class.
    """
    heads, into = heads_of(subject.running), neurons_of(subject.running).into
    kernels = np.abs(np.concatenate([kernel for kernel, _ in heads.projections], axis=-1))
    read_by_head = kernels.max(axis=-1).reshape(-1, kernels.shape[2])
    read_by_neuron = np.abs(into).swapaxes(1, 2).reshape(-1, into.shape[1])
    whole = (len(read_by_head), len(read_by_neuron))
    classes: dict[tuple[int, ...], list[tuple[int, np.ndarray, np.ndarray]]] = {}
    for row in range(len(subject.indicator)) if rows is None else rows:
        at = np.flatnonzero(subject.indicator[row])
        heads, neurons = (np.flatnonzero(table[:, at].any(axis=1)) for table in (read_by_head, read_by_neuron))
        if not subject.compiled:
            listed = (_filled([found], len(found)) for found in (at, heads, neurons))
            yield [row], Readers(*(part for pair in listed for part in pair))
            continue
        fits = (sizes for sizes in CLASSES if len(heads) <= sizes[0] and len(neurons) <= sizes[1])
        most = tuple(map(min, next(fits, whole), whole))
        classes.setdefault(most, []).append((row, heads, neurons))
    for (most_heads, most_neurons), members in classes.items():
        count = len(members) if rows is not None else bucket(len(members), 16)
        spare = [members[-1]] * (count - len(members))
        filled = [*members, *spare]
        heads, head_on = _filled([heads for _, heads, _ in filled], most_heads)
        neurons, neuron_on = _filled([neurons for _, _, neurons in filled], most_neurons)
        places = [np.flatnonzero(subject.indicator[row]) for row, _, _ in filled]
        at, at_on = _filled(places, bucket(max(map(len, places)), 4))
        yield [row for row, _, _ in members], Readers(at, at_on, heads, head_on, neurons, neuron_on)


def _filled(lists: list[np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Fill lists of numbers up to one length; also give 1 where an entry counts, else 0."""
    numbers, on = np.zeros((len(lists), length), np.int32), np.zeros((len(lists), length), np.float32)
    for i, found in enumerate(lists):
        numbers[i, : len(found)], on[i, : len(found)] = found, 1
    return numbers, on
