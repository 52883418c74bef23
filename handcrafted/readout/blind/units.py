"""Heads, neurons, inputs and outputs as the stream sees them, in numbers that no disguise changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.model.names import Port
from handcrafted.model.weights import Weights
from handcrafted.readout.paths import lags_of
from handcrafted.readout.tolerances import FLOOR, RANK_FLOOR

NEURON, HEAD = "neuron", "head"

EARLY, LATE = 0, 2**30


class UnitPlace(NamedTuple):
    """What an input or output is known by: whose it is, its signal and which of the signal's numbers it is."""

    kind: str
    owner: str
    signal: str
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here


@dataclass(frozen=True)
class Unit:
    """What reads the stream at one point and writes it at a later one, at unit size.

    Attributes:
        kind: `input`, `neuron`, `head` or `output`.
        name: `L0N3`, `L1H0`, or where the input or output is.
        read: [d_model, r]; of a neuron and an output one column of norm 1, of a head orthonormal columns.
        write: [r, d_model]; of a neuron and an input one row of norm 1, of a head rows of at most norm 1.
        score: [d_model, s], what a head looks at to choose where it looks.
        seen: the last half-layer whose writing it can read.
        written: the half-layer in which it writes.
        lags: how many steps ago a head looks, if position alone decides.
        bias: sign of a neuron's bias.
        place: of an input or output.
    """

    kind: str
    name: str
    read: np.ndarray
    write: np.ndarray
    score: np.ndarray
    seen: int = LATE
    written: int = EARLY
    lags: tuple[int, ...] = (0,)
    bias: int = 0
    place: UnitPlace | None = None

    @property
    def boundary(self) -> bool:
        """Whether it is a head that looks at the current step alone: the receiving end of a link."""
        return self.kind == HEAD and self.lags == (0,) and not self.score.shape[1]

    @property
    def width(self) -> int:
        """How many numbers pass."""
        return max(self.read.shape[1], self.write.shape[0])


def units_of(weights: Weights, inputs: Sequence[Port], outputs: Sequence[Port], window: int) -> list[Unit]:
    """List what reads and writes: inputs, heads and neurons that do both or are constant, outputs."""
    w, size = weights, weights.sizes
    found = [unit_of_input(row, _place(port, INPUT)) for row, port in zip(w.W_E, inputs, strict=True)]
    for layer in range(size["layer"]):
        for head in range(size["head"]):
            found += _head(w, layer, head, window)
        found += _neurons(w, layer)
    last = 2 * size["layer"]
    return found + [
        unit_of_output(column, _place(port, OUTPUT), last) for column, port in zip(w.W_U.T, outputs, strict=True)
    ]


def _place(port: Port, kind: str) -> UnitPlace:
    return UnitPlace(kind, port.owner, port.signal, port.index)


def unit_of_input(row: np.ndarray, place: UnitPlace) -> Unit:
    """Make the unit of an input that writes a row."""
    return Unit(INPUT, "/".join(map(str, place[1:])), _none(row), unit_size(row)[None], _none(row), place=place)


def unit_of_output(column: np.ndarray, place: UnitPlace, seen: int = LATE) -> Unit:
    """Make the unit of an output that reads a column."""
    name = "/".join(map(str, place[1:]))
    return Unit(OUTPUT, name, unit_size(column)[:, None], _none(column).T, _none(column), seen, place=place)


def _none(like: np.ndarray) -> np.ndarray:
    return np.zeros((len(like), 0))


def unit_size(vector: np.ndarray) -> np.ndarray:
    """Bring a vector to norm 1; what is 0 stays."""
    long = vector.astype(float)
    return long / max(float(np.linalg.norm(long)), np.finfo(float).tiny)


def neuron_unit(
    name: str, read: np.ndarray, bias: float, write: np.ndarray, seen: int = LATE, written: int = EARLY
) -> Unit | None:
    """Make the unit of a neuron from what it reads and writes [d_model]; None where it writes nothing.

    A neuron that grows by a factor inside and shrinks by it at its output is the same neuron, so only the product of
    the norms counts; one that reads nothing is a constant and is kept.
    """
    into, out = (float(np.linalg.norm(side.astype(float))) for side in (read, write))
    if (into * out if into else out) <= FLOOR:
        return None
    sign = int(np.sign(bias)) if abs(bias) > FLOOR * into else 0
    return Unit(NEURON, name, unit_size(read)[:, None], unit_size(write)[None], _none(read), seen, written, bias=sign)


def _neurons(w: Weights, layer: int) -> Iterator[Unit]:
    for i in range(w.sizes["d_mlp"]):
        sides = w.W_in[layer][:, i], float(w.b_in[layer, i]), w.W_out[layer][i]
        if unit := neuron_unit(f"L{layer}N{i}", *sides, seen=2 * layer + 1, written=2 * layer + 2):
            yield unit


def head_sides(value: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Split V O [d_model, d_model] into what a head reads and what it writes, whatever basis it has inside.

    Formula: V O = A S B^T with orthonormal A and B; read A, write (S / S_max) B^T.

    Returns:
        read [d_model, r], write [r, d_model]; None where nothing passes.
    """
    (a, left), (b, right) = np.linalg.qr(value.astype(float)), np.linalg.qr(output.astype(float).T)
    u, gain, v = np.linalg.svd(left @ right.T)
    if gain.max(initial=0) <= FLOOR:
        return None
    kept = gain > RANK_FLOOR * gain[0]
    return a @ u[:, kept], (gain[kept] / gain[0])[:, None] * (v[kept] @ b.T)


def _head(w: Weights, layer: int, head: int, window: int) -> Iterator[Unit]:
    sides = head_sides(w.W_V[layer, head], w.W_O[layer, head])
    if sides is None:
        return
    score = np.concatenate([w.W_Q[layer, head], w.W_K[layer, head]], axis=1).astype(float)
    norms = np.linalg.norm(score, axis=0)
    score = score[:, norms > FLOOR] / norms[norms > FLOOR]
    lags = () if score.shape[1] else tuple(lag for lag, _ in lags_of(w, layer, head, window))
    yield Unit(HEAD, f"L{layer}H{head}", *sides, score, 2 * layer, 2 * layer + 1, lags)
