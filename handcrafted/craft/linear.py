"""Linear maps inside a controller, written with exact pairs of neurons; copying and constants are special cases."""

from __future__ import annotations

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.vocabulary import Role
from handcrafted.craft.circuit import Circuit, Neurons


def affine(matrix: np.ndarray, constant: np.ndarray) -> Neurons:
    """Give the neurons of y = matrix x + constant.

    Formula: y_k = r(a_k x + c_k) - r(-a_k x - c_k), r(x) = max(x, 0).
    Error: that of one float32 dot product; 0 for a copy.
    """
    into = np.concatenate([matrix.T, -matrix.T], axis=1)
    eye = np.eye(len(matrix))
    return Neurons(into, np.concatenate([constant, -constant]), np.concatenate([eye, -eye]))


def copy(owner: str, read: Signal, write: Signal, width: int) -> Circuit:
    """Build the update of a variable that takes over what arrived.

    Formula: y = r(x) - r(-x), coordinate by coordinate.
    Source: exact pairs of rectified units.
    Error: proved bound 0, regression bound 0.
    """
    body = affine(np.eye(width), np.zeros(width))
    formula = f"{write.name} = {read.name}"
    return Circuit(
        f"{owner}.{write.name}.copy", owner, Role.FEEDBACK_MODELLING, (read,), write, body, formula, "exact pairs", "0"
    )


def linear(
    owner: str, role: Role, reads: tuple[Signal, ...], write: Signal, matrix: np.ndarray, constant: np.ndarray
) -> Circuit:
    """Build a linear law, a constant included (a matrix without columns).

    Formula: y = A x + c.
    Source: exact pairs of rectified units.
    Error: proved bound (n + 2) 2^-23 (|A||x| + |c|) for n read coordinates.
    """
    error = f"{matrix.shape[1] + 2} * 2^-23 * (|A||x| + |c|)"
    formula = f"{write.name} = A x + c, A {matrix.shape[0]}x{matrix.shape[1]}"
    body = affine(matrix, constant)
    return Circuit(f"{owner}.{write.name}.linear", owner, role, reads, write, body, formula, "exact pairs", error)
