"""What the rules of a file say of every context: hazardous if provided, if not provided, neither, both, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcrafted.control.unsafe import UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.safety.stpa.contexts import Contexts
from handcrafted.safety.stpa.wording import context_text
from handcrafted.text.diagnostics import HandcraftedError

PROVIDED, NOT_PROVIDED = "provided", "not provided"

BY_CONTEXT = (PROVIDED, NOT_PROVIDED)
"""Types that a context alone decides; all others are about the order of steps."""

TYPES = (PROVIDED, NOT_PROVIDED, "too early", "too late", "out of order", "stopped too soon", "applied too long")


@dataclass(frozen=True)
class StpaVerdicts:
    """What rules say of the contexts of one action.

    Attributes:
        rules: the rules about this action, of all types.
        matches: which context each rule is about [rule, context].
        harmless: for each type, contexts [context] that a rule calls not hazardous.
    """

    contexts: Contexts
    rules: tuple[UnsafeControlAction, ...]
    matches: np.ndarray
    harmless: Mapping[str, np.ndarray]

    def hazardous(self, type: str) -> np.ndarray:
        """Say of each context [context] whether a rule of this type is about it."""
        own = [row for rule, row in zip(self.rules, self.matches, strict=True) if rule.type == type]
        return np.any(own, axis=0) if own else np.zeros(len(self.contexts), bool)

    def hazards(self, type: str, row: int) -> tuple[str, ...]:
        """Name the hazards of one context."""
        found = (
            hazard
            for rule, own in zip(self.rules, self.matches, strict=True)
            if rule.type == type and own[row]
            for hazard in rule.hazards
        )
        return tuple(dict.fromkeys(found))

    @cached_property
    def conflicts(self) -> np.ndarray:
        """The contexts [context] in which both providing and not providing is hazardous."""
        return self.hazardous(PROVIDED) & self.hazardous(NOT_PROVIDED)

    def uncovered(self, type: str) -> np.ndarray:
        """Say of each context [context] whether no rule of this type says anything; it is not assumed to be safe."""
        return ~(self.hazardous(type) | self.harmless[type])

    @property
    def silent(self) -> tuple[str, ...]:
        """The types about the order of steps that no rule mentions."""
        said = {rule.type for rule in self.rules}
        return tuple(
            type for type in TYPES if type not in BY_CONTEXT and type not in said and not self.harmless[type].any()
        )


def verdicts_of(structure: ControlStructure, contexts: Contexts) -> StpaVerdicts:
    """Apply the rules of a structure to the contexts of an action.

    Source: Thomas 2013, chapter 4: hazardous if provided (HP), if not provided (HNP).

    Raises:
        HandcraftedError: if one rule calls a context hazardous and another one calls it not hazardous.
    """
    key = (contexts.action.by, contexts.action.name)
    rules = tuple(rule for rule in structure.unsafe_control_actions if (rule.by, rule.action) == key)
    matches = np.array([contexts.matching(rule.context) for rule in rules], bool).reshape(len(rules), len(contexts))
    harmless = {type: np.zeros(len(contexts), bool) for type in TYPES}
    for excuse in structure.not_hazardous:
        if (excuse.by, excuse.action) == key:
            own = contexts.matching(excuse.context)
            harmless[excuse.type] |= own
            for rule, match in zip(rules, matches, strict=True):
                if rule.type == excuse.type and (both := match & own).any():
                    where = context_text(contexts, int(np.flatnonzero(both)[0]))
                    raise HandcraftedError(
                        f"Expected rules that agree, got {rule.id} ({rule.type}: hazardous) and an entry of `not "
                        f"hazardous` for {contexts.action} in the same context: {where}. Narrow one of them."
                    )
    return StpaVerdicts(contexts, rules, matches, harmless)
