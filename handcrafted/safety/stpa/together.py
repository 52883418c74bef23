"""Actions of one controller that rules demand in one context: each rule is consistent by itself, both may not be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.safety.stpa.actions import Action, actions_of
from handcrafted.safety.stpa.contexts import merged
from handcrafted.safety.stpa.enumeration import Tests, add_tests, enumerated
from handcrafted.safety.stpa.verdicts import NOT_PROVIDED, box_text

SAMPLE = 100_000
"""Contexts of two actions that are looked at."""


@dataclass(frozen=True)
class Together:
    """Two actions that are both hazardous if they are not provided.

    Attributes:
        rules: the ids of the rules that say so.
        contexts: where, in few rows, each in words.
    """

    by: str
    actions: tuple[str, str]
    rules: tuple[str, ...]
    contexts: tuple[str, ...]

    def __str__(self) -> str:
        one, other = self.actions
        return (
            f"In {' and in '.join(f'the context that {context}' for context in self.contexts)} both {one} and {other} "
            f"are demanded of {self.by} ({', '.join(self.rules)})"
        )


def demanded_together(structure: ControlStructure) -> tuple[Together, ...]:
    """List the pairs of actions of one controller that rules demand in the same context."""
    found = []
    for one, other in itertools.combinations(actions_of(structure), 2):
        if one.by == other.by and (both := _together(structure, one, other)):
            found.append(both)
    return tuple(found)


def _together(structure: ControlStructure, one: Action, other: Action) -> Together | None:
    demanding = [
        [
            rule
            for rule in structure.unsafe_control_actions
            if (rule.by, rule.action, rule.type) == (action.by, action.name, NOT_PROVIDED) and rule.formal
        ]
        for action in (one, other)
    ]
    if not all(demanding):
        return None
    tests: Tests = {}
    for rule in itertools.chain(*demanding):
        add_tests(tests, structure.true_state.plain(rule.context))
    contexts = enumerated(structure, one, tests, SAMPLE)
    first, second = ([(rule, contexts.matching(rule.context)) for rule in rules] for rules in demanding)
    pairs = [(a.id, b.id, there & also) for a, there in first for b, also in second if (there & also).any()]
    if not pairs:
        return None
    where = sum((both for *_, both in pairs), start=pairs[0][2])
    said = tuple(box_text(contexts.axes, box) for box in merged(contexts, where > 0))
    return Together(one.by, (one.name, other.name), tuple(dict.fromkeys(id for *ids, _ in pairs for id in ids)), said)
