"""A campaign as tables: every fault, shares by component and by causal factor, and the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from handcrafted.safety.faults.campaign import Campaign
from handcrafted.safety.faults.factors import FACTORS
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.outcome import CLASSES
from handcrafted.safety.faults.scenarios import scenarios

Rows = Sequence[Sequence[str]]


def fault_tables(campaign: Campaign, compared: Mapping[str, Campaign] | None = None) -> dict[str, Rows]:
    """Give every table by name, the heading first.

    Args:
        campaign: as the loop is.
        compared: the same list in other loops, by what is changed in them.
    """
    found = {
        "faults": [FAULT_HEADING, *(_fault_row(campaign, i) for i in range(len(campaign)))],
        "hazards_by_factor": _shares(campaign, "causal factor", lambda fault: fault.factor, FACTORS),
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
