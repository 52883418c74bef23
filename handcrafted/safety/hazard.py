"""How near the true state is to a hazard: a number that is above 0 where the hazard's condition holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import Array

from handcrafted.control.domain import Domain
from handcrafted.control.parts import Bounds, Condition
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.rules_of_processes import true_state
from handcrafted.rollout.world import Environment
from handcrafted.text.diagnostics import HandcraftedError

Observed = Mapping[str, Mapping[str, Array]]
"""What each process is seen to do, by component and name."""

Margin = Callable[[Observed], Array]


def margin_of(structure: ControlStructure, world: Environment) -> Margin:
    """Give the function that says how far the nearest hazard's condition is fulfilled, in the unit of what it tests.

    Formula: a test `above a` gives x - a, `below b` gives b - x, a word its coordinate less 1/2; a row is the least of
        its tests, a condition the largest of its rows, all hazards the largest of theirs.
    Source: robustness of temporal logic formulas (Fainekos & Pappas 2009, section 3), for predicates alone.
    Error: of float32 differences.

    Raises:
        HandcraftedError: if no hazard states a condition over what the processes give.
    """
    rows = tuple(row for hazard in structure.hazards.values() for row in hazard.when or () if row)
    if not rows:
        raise HandcraftedError(
            f"Expected a hazard with `when` in {structure.name}, got none. Say in which true state the hazard is there."
        )
    return margin_of_condition(structure, world, rows)


def margin_of_condition(structure: ControlStructure, world: Environment, condition: Condition) -> Margin:
    """Give the function that says how far a condition over the true state is fulfilled; see `margin_of`.

    Raises:
        HandcraftedError: if it tests what no process gives, or several do.
    """
    domains = true_state(structure)
    tests = [[_test(world, name, domains[name], test) for name, test in row.items()] for row in condition if row]

    def margin(observed: Observed) -> Array:
        return jnp.stack([jnp.stack([of(observed) for of in row]).min(axis=0) for row in tests]).max(axis=0)

    return margin


def _test(world: Environment, name: str, domain: Domain | None, test: Bounds | tuple[str, ...]) -> Margin:
    owners = [owner for owner, process in world.processes.items() if name in process.observe(process.initial)]
    if len(owners) != 1:
        found = ", ".join(owners) or "none"
        raise HandcraftedError(
            f"Expected one process that gives {name}, which a hazard tests, got {found}. Name it so."
        )
    (owner,) = owners
    if isinstance(test, Bounds):
        above = [] if test.above is None else [lambda x: x - test.above]
        below = [] if test.below is None else [lambda x: test.below - x]
        return lambda observed: jnp.stack([of(observed[owner][name]) for of in (*above, *below)]).min(axis=0)
    assert domain is not None
    places = [domain.values.index(word) for word in test]
    return lambda observed: observed[owner][name][..., jnp.array(places)].sum(axis=-1) - 0.5
