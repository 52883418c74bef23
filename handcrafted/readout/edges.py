"""Edges with a transfer matrix: what passes along them, and whether that is a sign and a gain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from handcrafted.control.graph import Edge, Signal
from handcrafted.readout.subject import TargetNetwork
from handcrafted.readout.tolerances import FLOOR, GAIN_TOLERANCE


def edge(
    source: Signal, target: Signal, lag: int, matrix: np.ndarray | None, live: np.ndarray | None = None, **evidence: Any
) -> Edge:
    """Make an edge; a transfer matrix that is a multiple of the identity becomes its gain, else the sign is 0.

    Args:
        source: where it comes from.
        target: where it goes.
        lag: after how many steps it arrives.
        matrix: [source, target] where it is linear, else None.
        live: which source coordinates ever change [source]; the others say nothing about the gain.
        evidence: what was seen.
    """
    if matrix is None:
        return Edge(source, target, lag, evidence=evidence)
    sign, gain = sign_and_gain(matrix, live)
    return Edge(source, target, lag, sign, gain, {**evidence, "transfer": _printed(matrix)})


def _printed(matrix: np.ndarray) -> list[list[float]]:
    """Give a matrix in six digits."""
    return [[float(f"{value:.6g}") for value in row] for row in np.asarray(matrix).tolist()]


def sign_and_gain(matrix: np.ndarray, live: np.ndarray | None = None) -> tuple[int, float | None]:
    """Give (sign, gain) of a multiple of the identity, and (0, None) of any other matrix; dead rows do not count."""
    if matrix.shape[0] != matrix.shape[1]:
        return 0, None
    rows = np.ones(len(matrix), bool) if live is None else live
    gain = float(np.mean(np.diag(matrix)[rows])) if rows.any() else 0.0
    if not np.abs(matrix - gain * np.eye(len(matrix)))[rows].max(initial=0) <= GAIN_TOLERANCE * abs(gain):
        return 0, None
    return int(np.sign(gain)), gain


def direction(change: np.ndarray, effect: np.ndarray, floor: float) -> int | None:
    """Give the sign of a response that only ever rises (+1) or falls (-1) with its source, 0 where it does both.

    Words count by their place in the list, so that a sign means: later words rather than earlier ones. None where
    nothing that varies shows it.

    Args:
        change: of the source [run, source].
        effect: on the target [run, target].
        floor: effects up to it are rounding.
    """
    along = (change @ np.arange(1, change.shape[1] + 1)) * (effect @ np.arange(1, effect.shape[1] + 1))
    clear = along[(np.abs(effect).max(axis=1) > floor) & (np.abs(along) > floor * floor)]
    if not clear.size:
        return None
    return int(np.sign(clear[0])) if np.all(np.sign(clear) == np.sign(clear[0])) else 0


def wires(subject: TargetNetwork) -> Iterator[tuple[Signal, Signal, int, np.ndarray]]:
    """Give what the embedding, the unembedding and the recurrence connect: (source, target, lag, matrix).

    Formula: |x_u| |W| > 2^-20 |x_v|, x at its largest.
    """
    w, names, spaces, scale = subject.weights, subject.names, subject.spaces, subject.scale
    for source, rows in names.input_signals.items():
        yield from _blocks(subject, source, w.W_E[rows].astype(float), scale.inputs[rows], 0)
    for target, columns in names.output_signals.items():
        for source, places in spaces.items():
            block = w.W_U[np.ix_(places, columns)].astype(float)
            if np.any(scale.reach[places][:, None] * np.abs(block) > FLOOR * scale.outputs[columns]):
                yield source, target, 0, block
    for source, places in spaces.items():
        yield from _blocks(subject, source, w.W_R[places].astype(float), scale.reach[places], 1)


def _blocks(
    subject: TargetNetwork, source: Signal, rows: np.ndarray, reach: np.ndarray, lag: int
) -> Iterator[tuple[Signal, Signal, int, np.ndarray]]:
    live = np.any(reach[:, None] * np.abs(rows) > subject.scale.floor, axis=0)
    for number in np.unique(subject.owner[live]):
        target, places = list(subject.spaces.items())[number]
        yield source, target, lag, rows[:, places]
