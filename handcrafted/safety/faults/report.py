"""STPA's fourth step as paragraphs of Markdown: shares, scenarios by causal factor, and what Layer 0 changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handcrafted.safety.faults.campaign import Campaign
from handcrafted.safety.faults.factors import FACTORS
from handcrafted.safety.faults.scenarios import scenarios
from handcrafted.safety.faults.tables import fault_tables
from handcrafted.text.report import markdown_list, markdown_table, plain

MOST_SHOWN = 8
"""Scenarios of one causal factor that stand in the report; the table as CSV has them all."""

PICTURES = {"heatmap": "Hazards by component and fault", "criticality": "Control structure by criticality"}


def scenario_report(
    campaign: Campaign, compared: Mapping[str, Campaign] | None = None, pictures: bool = True
) -> Iterator[str]:
    """Give the paragraphs.

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
    for factor in FACTORS:
        own = [one for one in found if one.factor == factor]
        if own:
            yield f"### {factor[:1].upper()}{factor[1:]}"
            more = [f"and {len(own) - MOST_SHOWN} more; scenarios.csv has them all"] if len(own) > MOST_SHOWN else []
            yield markdown_list([*(plain(str(one)) for one in own[:MOST_SHOWN]), *more])
