"""Control laws as plain functions: the oracle that the hand-set weights must reproduce.

A signal's value is its coordinates, a float64 array [..., width]: one number for a real signal, one truth value per
word for a discrete one. Nothing here knows of layers, heads or neurons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np

from handcrafted.control.domain import Domain, Value
from handcrafted.control.errors import HandcraftedError, NotBuiltYetError
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import LinkId, ResolvedController, ResolvedEntry, ResolvedVariable

Beliefs = dict[Signal, np.ndarray]


def default_linear(reads: int, writes: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the matrix [writes, reads] and constant [writes] of the default linear law.

    Formula: y_k = sum_i w_ki x_i + c_k, where row k holds the numbers 1 … reads + 1, turned by k, over their sum.
    All weights of a row differ, none is zero, and absolute values sum to 1, so that loops of such laws stay bounded.
    """
    turns = (np.arange(reads + 1)[None] + np.arange(writes)[:, None]) % (reads + 1) + 1
    rows = turns / turns.sum(axis=1, keepdims=True)
    return rows[:, :reads], rows[:, reads]


def truth(condition: Condition, beliefs: Mapping[str, np.ndarray], domains: Mapping[str, Domain]) -> np.ndarray:
    """Say how many rows of a condition hold, at most 1.

    Formula: a row holds to the degree max(0, 1 - sum of (1 - truth of each test)), the condition to the degree
        min(1, sum of its rows); on plain words that is any(all(test)).
    Source: Lukasiewicz's conjunction and bounded sum.
    """
    rows = []
    for row in condition:
        missing = [1.0 - _test(test, beliefs[name], domains[name]) for name, test in row.items()]
        rows.append(np.maximum(0.0, 1.0 - sum(missing, np.zeros(()))))
    return np.minimum(1.0, sum(rows, np.zeros(())))


def _test(test: Bounds | tuple[str, ...], value: np.ndarray, domain: Domain) -> np.ndarray:
    if isinstance(test, Bounds):
        above = -np.inf if test.above is None else test.above
        below = np.inf if test.below is None else test.below
        return ((value[..., 0] > above) & (value[..., 0] < below)).astype(float)
    return sum((value[..., domain.values.index(word)] for word in test), np.zeros(()))


def issue_values(domain: Domain, chosen: object = None) -> tuple[Value, Value]:
    """Give the values of an action that is withheld and of one that is issued.

    A discrete action is issued with its second value (or the `value` that the parameters choose) and withheld with
    its first; a real one is issued at the upper end of its range and withheld at the lower end.

    Raises:
        HandcraftedError: if a discrete action has fewer than two values, or the chosen one is not among them.
    """
    if not domain.discrete:
        return domain.low, domain.high
    if len(domain.values) < 2:
        raise HandcraftedError(
            f"Expected an action with at least two values, got {domain}. Add the value that issues it."
        )
    if chosen is not None and chosen not in domain.values[1:]:
        raise HandcraftedError(
            f"Expected `value` to be one of {', '.join(domain.values[1:])}, got {chosen!r}. Choose one."
        )
    return domain.values[0], cast(str, chosen) if chosen is not None else domain.values[1]


def constant_value(entry: ResolvedEntry, domain: Domain) -> Value:
    """Give the value of a constant law.

    Raises:
        HandcraftedError: if the parameter `value` is missing or not in the domain.
    """
    value = entry.declared.parameters.get("value") if entry.declared else None
    if isinstance(value, bool) and domain.discrete:
        value = str(value).lower()
    fits = value in domain.values if domain.discrete else isinstance(value, int | float)
    if not fits:
        raise HandcraftedError(
            f"Expected parameters: {{value: …}} of {entry.name} of {entry.owner} in {domain}, got {value!r}. Set it."
        )
    return str(value) if domain.discrete else float(cast(float, value))


def _decision_table(entry: ResolvedEntry, reads: Sequence[np.ndarray], domain: Domain) -> np.ndarray:
    assert entry.declared and entry.declared.when is not None
    names = [variable.signal.name for variable in entry.reads]
    domains = {variable.signal.name: variable.domain for variable in entry.reads}
    issued = truth(entry.declared.when, dict(zip(names, reads, strict=True)), domains)
    withheld_value, issued_value = issue_values(domain, entry.declared.parameters.get("value"))
    share = np.asarray(issued)[..., None]
    return share * domain.encode(issued_value) + (1 - share) * domain.encode(withheld_value)


def _constant(entry: ResolvedEntry, reads: Sequence[np.ndarray], domain: Domain) -> np.ndarray:
    return domain.encode(constant_value(entry, domain)).astype(float)


def _default(entry: ResolvedEntry | ResolvedVariable, reads: Sequence[np.ndarray], domain: Domain) -> np.ndarray:
    given = np.concatenate([*reads, np.zeros((*np.shape(reads[0])[:-1], 0))], axis=-1) if reads else np.zeros(0)
    matrix, constant = default_linear(given.shape[-1], domain.width)
    return given @ matrix.T + constant


LAW_FUNCTIONS: dict[str | None, Callable[[ResolvedEntry, Sequence[np.ndarray], Domain], np.ndarray]] = {
    None: _default,
    "constant": _constant,
    "decision table": _decision_table,
}


def not_built(law: str | None, owner: str, name: str) -> NotBuiltYetError:
    """Say plainly that a law of the file format cannot be built yet."""
    known = ", ".join(str(law) for law in LAW_FUNCTIONS if law)
    return NotBuiltYetError(
        f"Expected a law that this version can build ({known}, or none for the default linear law), got `{law}` for "
        f"{name} of {owner}. The file is valid: draw it, or wait for a version that builds this law."
    )


def believe(controller: ResolvedController, received: Mapping[LinkId, np.ndarray]) -> Beliefs:
    """Update the process model: give each variable's coordinates [..., width] from what arrived."""
    beliefs = {}
    for variable in controller.variables:
        reads = [received[link.id] for link in variable.reads]
        if variable.law is not None:
            raise not_built(variable.law, controller.name, variable.signal.name)
        beliefs[variable.signal] = reads[0] if variable.copies else _default(variable, reads, variable.domain)
    return beliefs


def decide(controller: ResolvedController, beliefs: Beliefs) -> dict[LinkId, np.ndarray]:
    """Give what the controller puts on each of its links [..., width], from what it believes."""
    decided = {}
    for entry in controller.entries:
        if entry.law not in LAW_FUNCTIONS:
            raise not_built(entry.law, controller.name, entry.name)
        reads = [beliefs[variable.signal] for variable in entry.reads]
        for link in entry.links:
            decided[link.id] = LAW_FUNCTIONS[entry.law](entry, reads, link.domain)
    return decided
