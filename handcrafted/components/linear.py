"""Linear maps inside a controller, written with exact pairs of neurons; copying and constants are special cases."""

from __future__ import annotations

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit


def affine(matrix: np.ndarray, constant: np.ndarray) -> Neurons:
    """Give the neurons of y = matrix x + constant.

    Formula: y_k = r(a_k x + c_k) - r(-a_k x - c_k), r(x) = max(x, 0).
    Error: proved bound that of one float32 dot product, see `linear`; 0 for a copy.
    """
    into = np.concatenate([matrix.T, -matrix.T], axis=1)
    eye = np.eye(len(matrix))
    return Neurons(into, np.concatenate([constant, -constant]), np.concatenate([eye, -eye]))


def copy(site: Site, width: int) -> Circuit:
    """Build the update of a variable that takes over what arrived, or the result that is a law's state.

    Formula: y = r(x) - r(-x), coordinate by coordinate.
    Source: exact pairs of rectified units.
    Error: proved bound 0, regression bound 0.
    """
    body = affine(np.eye(width), np.zeros(width))
    return circuit(site, "copy", body, f"{site.write.name} = {site.reads[0].name}", "exact pairs", "0")


def linear(site: Site, matrix: np.ndarray, constant: np.ndarray) -> Circuit:
    """Build a linear law, a constant included (a matrix without columns).

    Formula: y = A x + c.
    Source: exact pairs of rectified units.
    Error: proved bound (n + 2) 2^-23 (|A||x| + |c|) for n read coordinates; regression bound 1.3e-6 on
        sums up to 11.
    """
    error = f"{matrix.shape[1] + 2} * 2^-23 * (|A||x| + |c|)"
    formula = f"{site.write.name} = A x + c, A {matrix.shape[0]}x{matrix.shape[1]}"
    return circuit(site, "linear", affine(matrix, constant), formula, "exact pairs", error)
