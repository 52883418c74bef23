"""Contexts, unsafe control actions and constraints in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.stpa import BY_CONTEXT, UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.safety.stpa.actions import Action, Axis, ContextCell, Test
from handcrafted.safety.stpa.contexts import Contexts
from handcrafted.text.diagnostics import HandcraftedError

ANY = "in any context"

PHRASES = {
    "provided": "{by} provides {action} while {context}",
    "not provided": "{by} does not provide {action} while {context}",
    "too early": "{by} provides {action} too early, before {context}",
    "too late": "{by} provides {action} too late after {context}",
    "out of order": "{by} provides {action} out of order, when there was no moment yet at which {context}",
    "stopped too soon": "{by} stops providing {action} too soon, while {context}",
    "applied too long": "{by} applies {action} too long, when it is no more so that {context}",
}
"""An unsafe control action, by type."""

DUTIES = {
    "provided": "{by} must not provide {action} while {context}",
    "not provided": "{by} must provide {action} while {context}",
    "too early": "{by} must not provide {action} before {context}",
    "too late": "{by} must provide {action} as soon as {context}",
    "out of order": "{by} must not begin to provide {action} unless there was a moment at which {context}",
    "stopped too soon": "{by} must not stop providing {action} while {context}",
    "applied too long": "{by} must stop providing {action} as soon as it is no more so that {context}",
}
"""The controller constraint that inverts it."""


def context_text(contexts: Contexts, row: int) -> str:
    """Say one context in words."""
    return box_text(contexts.axes, [1 << int(cell) for cell in contexts.rows[row]])


def box_text(axes: Sequence[Axis], box: Sequence[int]) -> str:
    """Say a box of contexts in words; variables of which any cell will do are left out."""
    said = [cells_text(axis, cells) for axis, cells in zip(axes, box, strict=True) if cells != axis.full]
    return " and ".join(said) or ANY


def cells_text(axis: Axis, cells: int) -> str:
    """Say of one variable in which cells it is."""
    chosen = [cell for number, cell in enumerate(axis.cells) if cells >> number & 1]
    if axis.domain.discrete:
        return f"{axis.name} is {' or '.join(cell.word for cell in chosen)}"
    return f"{axis.name} is {interval_text(axis, chosen[0], chosen[-1])}"


def interval_text(axis: Axis, first: ContextCell, last: ContextCell) -> str:
    """Say an interval from the first cell's low end to the last one's high end."""
    unit = f" {axis.domain.unit}" if axis.domain.unit else ""
    if first.low == last.high:
        return f"exactly {first.low:g}{unit}"
    ends = []
    if first is not axis.cells[0]:
        ends.append(f"{'at least' if first.holds_low else 'above'} {first.low:g}{unit}")
    if last is not axis.cells[-1]:
        ends.append(f"{'at most' if last.holds_high else 'below'} {last.high:g}{unit}")
    return " and ".join(ends) or "anything"


def test_text(name: str, test: Test) -> str:
    """Say what a condition asks of a variable."""
    if not isinstance(test, Bounds):
        return f"{name} is {' or '.join(test)}"
    ends = [(word, limit) for word, limit in (("above", test.above), ("below", test.below)) if limit is not None]
    return f"{name} is {' and '.join(f'{word} {limit:g}' for word, limit in ends)}"


def condition_words(condition: Condition) -> str:
    """Say a condition, row by row, as the file has it."""
    return ", or ".join(" and ".join(test_text(name, test) for name, test in row.items()) for row in condition)


def action_text(action: Action, amount: Test | None) -> str:
    """Say what is provided."""
    return action.name if amount is None else f"{action.name} such that {test_text('it', amount)}"


def _sentence(phrases: dict[str, str], action: Action, type: str, context: str, amount: Test | None) -> str:
    by = f"The {action.by}"
    text = phrases[type].format(by=by, action=action_text(action, amount), context=context)
    return text.replace(f"while {ANY}", ANY)


def unsafe_text(action: Action, type: str, context: str, hazards: Sequence[str], amount: Test | None = None) -> str:
    """Word an unsafe control action: controller, type, control action, context, hazards.

    Source: STPA Handbook (Leveson & Thomas 2018), on the parts of an unsafe control action.
    """
    told = f" [{', '.join(hazards)}]" if hazards else ""
    return _sentence(PHRASES, action, type, context, amount) + told


def duty_text(action: Action, type: str, context: str, amount: Test | None = None) -> str:
    """Word the controller constraint that inverts an unsafe control action."""
    return _sentence(DUTIES, action, type, context, amount)


PROVIDED, NOT_PROVIDED = "provided", "not provided"

TYPES = (PROVIDED, NOT_PROVIDED, "too early", "too late", "out of order", "stopped too soon", "applied too long")


@dataclass(frozen=True)
class StpaVerdicts:
    """What rules say of the contexts of one action.

    Attributes:
        rules: the rules about this action whose context is stated, of all types.
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
    rules = tuple(rule for rule in structure.unsafe_control_actions if (rule.by, rule.action) == key and rule.formal)
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
