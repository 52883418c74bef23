"""A campaign as scenarios in words, as tables, and as one report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from handcrafted.control.stpa import Factor, UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.safety.faults.campaign import Campaign
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.outcome import CLASSES, HAZARD, Outcome
from handcrafted.safety.stpa.actions import actions_of
from handcrafted.safety.stpa.verdicts import condition_words, unsafe_text
from handcrafted.text.report import markdown_list, markdown_table, plain


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

    factor: Factor
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
    return tuple(sorted(found, key=lambda one: list(Factor).index(one.factor)))


def _kind(fault: Fault) -> tuple[str, str, str]:
    """Return what makes faults alike: their factor, the circuit, link or signal concerned, and how it fails."""
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


Rows = Sequence[Sequence[str]]


def fault_tables(campaign: Campaign, compared: Mapping[str, Campaign] | None = None) -> dict[str, Rows]:
    """Return every table by name, the heading first.

    Args:
        campaign: as the loop is.
        compared: the same list in other loops, by what is changed in them.
    """
    found = {
        "faults": [FAULT_HEADING, *(_fault_row(campaign, i) for i in range(len(campaign)))],
        "hazards_by_factor": _shares(campaign, "causal factor", lambda fault: fault.factor, tuple(Factor)),
        "hazards_by_component": _shares(campaign, "component", lambda fault: fault.place.component),
        "scenarios": [("causal factor", "scenario", "faults", "of"),
                      *((one.factor, one.text, str(one.faults), str(one.of)) for one in scenarios(campaign))],
    }  # fmt: skip
    return {**found, **({"layer_0": side_by_side({"as it is": campaign, **compared})} if compared else {})}


FAULT_HEADING = (
    "fault", "component", "Layer 0", "causal factor", "class", "hazards", "hazard step", "unsafe control actions",
    "first step", "noticed by", "noticed at step", "believed", "true",
)  # fmt: skip


def _fault_row(campaign: Campaign, number: int) -> Sequence[str]:
    fault, outcome = campaign.faults[number], campaign.outcomes[number]
    step = lambda value: "" if value is None else str(value)
    belief = outcome.belief
    believed = f"{belief.controller}: {belief.variable} is {belief.believed}" if belief else ""
    return (
        str(fault), fault.place.component, "yes" if fault.place.base else "", fault.factor, outcome.kind,
        " ".join(outcome.hazards), step(outcome.hazard_step), " ".join(outcome.unsafe), step(outcome.unsafe_step),
        "; ".join(outcome.alarms), step(outcome.alarm_step), believed, belief.true if belief else "",
    )  # fmt: skip


def _shares(campaign: Campaign, title: str, key: Callable[[Fault], str], order: Sequence[str] = ()) -> Rows:
    keys = [key(fault) for fault in campaign.faults]
    rows: list[Sequence[str]] = [(title, *CLASSES, "share of hazards")]
    for name in sorted(dict.fromkeys(keys), key=lambda k: order.index(k)) if order else dict.fromkeys(keys):
        own = campaign.only([k == name for k in keys])
        rows.append((name, *(str(own.count(kind)) for kind in CLASSES), str(own.share())))
    return rows


def side_by_side(campaigns: Mapping[str, Campaign]) -> Rows:
    """Set campaigns of the same list beside each other: within the network outside Layer 0, in it, and around it."""
    rows: list[Sequence[str]] = [("loop", "where", *CLASSES, "share of hazards")]
    for name, campaign in campaigns.items():
        for where in dict.fromkeys(map(where_of, campaign.faults)):
            own = campaign.only([where_of(fault) == where for fault in campaign.faults])
            rows.append((name, where, *(str(own.count(kind)) for kind in CLASSES), str(own.share())))
    return rows


AROUND, BASE, OUTSIDE = "sensors, actuators, processes, timing", "Layer 0", "the network outside Layer 0"


def where_of(fault: Fault) -> str:
    """Say where a fault lies as seen from Layer 0."""
    if not fault.place.where.inside:
        return AROUND
    return BASE if fault.place.base else OUTSIDE


MAX_SHOWN = 8
"""Scenarios of one causal factor that stand in the report; the table as CSV has them all."""

PICTURES = {"heatmap": "Hazards by component and fault", "criticality": "Control structure by criticality"}


def scenario_report(
    campaign: Campaign, compared: Mapping[str, Campaign] | None = None, pictures: bool = True
) -> Iterator[str]:
    """Return the paragraphs.

    Args:
        campaign: of the loop as it is.
        compared: the same list in the loop with less protection, by what is left out.
        pictures: whether the two pictures are shown, from `heatmap.png` and `criticality.png` beside the report.
    """
    tables = fault_tables(campaign, compared)
    yield "## 4. Loss scenarios"
    yield (
        f"{plain(repr(campaign))}. A fault is masked if nothing that is true, commanded or carried out differs, "
        "detected if a port, a veto, a watchdog or a declared detector speaks that otherwise does not, and a hazard if "
        "one comes about that otherwise does not, noticed or not."
    )
    if pictures:
        yield "\n".join(f"![{text}]({name}.png)" for name, text in PICTURES.items())
    yield "### Hazards by causal factor"
    yield markdown_table(tables["hazards_by_factor"])
    if compared:
        yield "### What Layer 0 changes"
        yield markdown_table(tables["layer_0"])
    found = scenarios(campaign)
    if not found:
        yield "No fault led to a hazard."
    for factor in Factor:
        own = [one for one in found if one.factor == factor]
        if own:
            yield f"### {factor[:1].upper()}{factor[1:]}"
            more = [f"and {len(own) - MAX_SHOWN} more; scenarios.csv has them all"] if len(own) > MAX_SHOWN else []
            yield markdown_list([*(plain(str(one)) for one in own[:MAX_SHOWN]), *more])
