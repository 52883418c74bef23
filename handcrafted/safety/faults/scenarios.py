"""Loss scenarios in words: what fails, what is then believed and done, and which hazard comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handcrafted.control.unsafe import UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.safety.faults.campaign import Campaign
from handcrafted.safety.faults.factors import FACTORS
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.outcome import HAZARD, Outcome
from handcrafted.safety.stpa.actions import actions_of
from handcrafted.safety.stpa.wording import condition_words, unsafe_text


@dataclass(frozen=True)
class Scenario:
    """Faults of one kind that lead to one hazard by one way.

    Attributes:
        factor: the causal factor.
        text: the earliest of them, told to the end.
        faults: how many do so.
        of: how many faults of this kind were tried.
        hazards: that come about.
        unsafe: the unsafe control actions on the way; empty where the action was right and not carried out.
    """

    factor: str
    text: str
    faults: int
    of: int
    hazards: tuple[str, ...]
    unsafe: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.text} ({self.faults} of {self.of} faults of this kind)"


def scenarios(campaign: Campaign) -> tuple[Scenario, ...]:
    """Word the faults that lead to a hazard, grouped by causal factor, place and unsafe control action."""
    tried: dict[tuple, int] = {}
    grouped: dict[tuple, list[tuple[Fault, Outcome]]] = {}
    for fault, outcome in campaign:
        kind = _kind(fault)
        tried[kind] = tried.get(kind, 0) + 1
        if outcome.kind == HAZARD:
            grouped.setdefault((*kind, outcome.hazards[:1], outcome.unsafe[:1]), []).append((fault, outcome))
    found = [_scenario(campaign.structure, pairs, tried[key[:3]]) for key, pairs in grouped.items()]
    return tuple(sorted(found, key=lambda one: FACTORS.index(one.factor)))


def _kind(fault: Fault) -> tuple[str, str, str]:
    """Give what makes faults alike: their factor, the circuit, link or signal concerned, and how it fails."""
    place = fault.place
    return fault.factor, f"{place.kind} {place.component if place.where.circuitry else place.name}", fault.mode


def _scenario(structure: ControlStructure, pairs: list[tuple[Fault, Outcome]], of: int) -> Scenario:
    fault, outcome = min(pairs, key=lambda pair: pair[1].hazard_step or 0)
    return Scenario(
        fault.factor, scenario_text(structure, fault, outcome), len(pairs), of, outcome.hazards, outcome.unsafe
    )


def scenario_text(structure: ControlStructure, fault: Fault, outcome: Outcome) -> str:
    """Tell one fault to its end."""
    return " ".join(_sentences(structure, fault, outcome))


def _sentences(structure: ControlStructure, fault: Fault, outcome: Outcome) -> Iterator[str]:
    cause = f"{fault.place.where.told(fault.place)} {fault.said}{_since(structure, fault)}"
    belief = outcome.belief
    because = (
        f"because the {belief.controller} believes that {belief.variable} is {belief.believed} while it is "
        f"{belief.true}: {cause}"
        if belief
        else f"because {cause}"
    )
    rules = {rule.id: rule for rule in structure.unsafe_control_actions}
    if outcome.unsafe:
        first, *others = outcome.unsafe
        also = f"; then {', '.join(others)}" if others else ""
        yield f"{rule_text(structure, rules[first])} ({first}{also}) {because}."
    else:
        yield f"No control action is unsafe by a rule, but {cause}."
    if outcome.alarms:
        yield f"Noticed at {_time(structure, outcome.alarm_step)} by {', '.join(outcome.alarms)}."
    if outcome.hazards:
        names = [
            structure.hazards[name].text[:1].lower() + structure.hazards[name].text[1:] for name in outcome.hazards
        ]
        when = _time(structure, outcome.hazard_step)
        yield f"As a result, at {when}: {'; '.join(names)} [{', '.join(outcome.hazards)}]."


def _since(structure: ControlStructure, fault: Fault) -> str:
    since = f" since {_time(structure, fault.onset)}" if fault.onset else ""
    spell = f" for {fault.steps} step{'s' if fault.steps > 1 else ''}" if fault.steps else ""
    once = f" once {condition_words(fault.when)}" if fault.when else ""
    return since + spell + once


def _time(structure: ControlStructure, step: int | None) -> str:
    """Say when a step is, in the structure's unit of time."""
    unit = structure.time_step.unit
    return f"t = {(step or 0) * structure.time_step.value:g}{f' {unit}' if unit else ''}"


def rule_text(structure: ControlStructure, rule: UnsafeControlAction) -> str:
    """Word the unsafe control action of a rule, without its hazards."""
    action = next(one for one in actions_of(structure) if (one.by, one.name) == (rule.by, rule.action))
    context = condition_words(rule.context) if rule.context else "in any context"
    return unsafe_text(action, rule.type, context, (), rule.amount)
