"""Decision tables in two stages: a neuron per row, then the action that any matching row issues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.control.domain import Domain, Value
from handcrafted.control.errors import NotBuiltYetError
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.vocabulary import Role
from handcrafted.craft.circuit import Circuit, Neurons


def table_rows(owner: str, reads: Sequence[tuple[Signal, Domain]], write: Signal, condition: Condition) -> Circuit:
    """Build the first stage: one neuron per row, 1 where the row matches and 0 elsewhere.

    Formula: row_j = r(sum of the allowed words' coordinates over the n tested variables - (n - 1)).
    Source: threshold units for conjunctions, McCulloch & Pitts 1943.
    Error: proved bound 0 on one-hot words, regression bound 0.

    Raises:
        NotBuiltYetError: if a row tests a real variable.
    """
    offsets = np.cumsum([0, *(domain.width for _, domain in reads)])
    into = np.zeros((offsets[-1], len(condition)))
    bias = np.zeros(len(condition))
    at = {signal.name: (start, domain) for (signal, domain), start in zip(reads, offsets[:-1], strict=True)}
    for j, row in enumerate(condition):
        bias[j] = 1.0 - len(row)
        for name, test in row.items():
            start, domain = at[name]
            if isinstance(test, Bounds):
                raise NotBuiltYetError(
                    f"Expected a decision table over discrete variables, got bounds on {name} of {owner}. "
                    "The file is valid; comparators in tables are not built yet: give the variable values."
                )
            into[[start + domain.values.index(word) for word in test], j] = 1.0
    formula = "row_j = r(sum of allowed words - (n - 1))"
    body = Neurons(into, bias, np.eye(len(condition)))
    signals = tuple(signal for signal, _ in reads)
    name = f"{owner}.{write.name}.rows"
    return Circuit(
        name, owner, Role.PROCESSING_FOR_ACTION, signals, write, body, formula, "McCulloch & Pitts 1943", "0"
    )


def any_row(
    owner: str, rows: Signal, count: int, write: Signal, domain: Domain, values: tuple[Value, Value]
) -> Circuit:
    """Build the second stage: issue the action if any row matches.

    Formula: with s = sum of rows: y = issued (r(s) - r(s - 1)) + withheld r(1 - s).
    Source: threshold units for disjunctions, McCulloch & Pitts 1943.
    Error: proved bound 0 on words, regression bound 0.
    """
    withheld, issued = (domain.encode(value).astype(float) for value in values)
    into = np.ones((count, 3)) * np.array([1.0, 1.0, -1.0])
    out = np.stack([issued, -issued, withheld])
    alive = np.any(out != 0, axis=1)
    body = Neurons(into[:, alive], np.array([0.0, -1.0, 1.0])[alive], out[alive])
    formula = "y = issued (r(s) - r(s - 1)) + withheld r(1 - s), s = sum of rows"
    name = f"{owner}.{write.name}.any"
    return Circuit(name, owner, Role.CONTROL_ACTION, (rows,), write, body, formula, "McCulloch & Pitts 1943", "0")
