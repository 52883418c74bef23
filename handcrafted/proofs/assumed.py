"""What a proof takes for granted of the words that come from outside."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import prod
from typing import Any

import numpy as np
from pydantic import ValidationError

from handcrafted.control.stpa import Assumption
from handcrafted.control.true_variable import TrueVariable
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import parsed_data
from handcrafted.model.transformer import Transformer
from handcrafted.proofs.processes import NotStatedError
from handcrafted.rollout.environment import External, world_of
from handcrafted.safety.stpa.enumeration import against_assumptions
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.letters import shown

ASKED = "asked for"
"""The id of the assumption that is made for one proof."""

MAX_CONTEXTS = 2**14
"""Combinations of words from outside that are gone through."""


def assuming(model: Transformer, words: Mapping[str, Any]) -> Transformer:
    """Return a model of the same arrays, of a structure that also assumes something of words from outside.

    Raises:
        HandcraftedError: if there is no such variable, it does not come from outside in words, it has no such word, or
            nothing is left.
    """
    if not words:
        return model
    _must_come_from_outside(model.structure, words)
    some = {name: [one] if isinstance(one, str) else one for name, one in words.items()}
    try:
        text = ", ".join(f"{name} is {' or '.join(map(str, one))}" for name, one in some.items())
        assumed = Assumption.model_validate({"text": text, "then": some})
    except (TypeError, ValidationError):
        raise HandcraftedError(
            f"Expected words by name in `assume`, got {shown(str(words))}. Give names and words."
        ) from None
    model.structure.true_state.check(("assume",), assumed.then or ())
    said = model.structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    more = assumed.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    structure = parsed_data({**said, "assume": {**said.get("assume", {}), ASKED: more}}, "assume")
    with suppress(NotStatedError):  # it says so itself once it is to be stated
        if not len(words_of(structure)):
            raise HandcraftedError(f"Expected assumptions that leave something, got {shown(text)}. Mend it.")
    rest = model.masks, model.names, model.layout, structure, model.window
    return Transformer(model.weights, *rest, seal=model.seal)


def _discrete(structure: ControlStructure) -> list[External]:
    return [one for one in world_of(structure).externals if one.domain.discrete]


def _must_come_from_outside(structure: ControlStructure, names: Iterable[str]) -> None:
    outside = {TrueVariable(one.signal.owner, one.signal.name) for one in _discrete(structure)}
    for name in names:
        must_be(name, str, "the name of a variable in `assume`")
        if structure.true_state.variable(name) not in outside:
            known = ", ".join(sorted(structure.true_state.called(one) for one in outside)) or "nothing does"
            raise HandcraftedError(
                f"Expected what comes from outside in words, got {shown(name)}. Use one of: {known}."
            )


def words_of(structure: ControlStructure) -> np.ndarray:
    """Return the combinations of words from outside that assumptions leave, as places [combination, signal].

    Assumptions about anything else do not count: what is proved is proved without them.

    Raises:
        NotStatedError: if there are too many combinations.
    """
    words = [one.domain.values for one in _discrete(structure)]
    if prod(map(len, words)) > MAX_CONTEXTS:
        raise NotStatedError(f"more than {MAX_CONTEXTS:,} combinations of words come from outside")
    every = [*itertools.product(*(range(len(some)) for some in words))]
    found = np.array(every, int).reshape(len(every), len(words))
    return found[_left(structure, found)]


def drawn_words(structure: ControlStructure, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw words from outside, each alone, as places [*shape, signal]; one that is ruled out gives way to another."""
    widths = [one.domain.width for one in _discrete(structure)]
    found = rng.integers(widths, size=(*shape, len(widths))) if widths else np.zeros((*shape, 0), int)
    if not (structure.assume and widths):
        return found
    kinds, at = np.unique(found.reshape(-1, len(widths)), axis=0, return_inverse=True)
    left = np.flatnonzero(_left(structure, kinds))
    if len(left) and len(left) < len(kinds):
        bad = ~np.isin(at, left)
        at = np.where(bad, left[rng.integers(len(left), size=at.shape)], at)
    return kinds[at].reshape(found.shape)


def _left(structure: ControlStructure, combinations: np.ndarray) -> np.ndarray:
    """Say of each combination [combination, signal] whether assumptions leave it."""
    discrete = _discrete(structure)
    variables = [TrueVariable(one.signal.owner, one.signal.name) for one in discrete]
    words = [one.domain.values for one in discrete]
    said = lambda places: {variable: some[k] for variable, some, k in zip(variables, words, places, strict=True)}
    return np.array([not against_assumptions(structure, said(places)) for places in combinations.tolist()], bool)
