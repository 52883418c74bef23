"""The same structure with less protection, to see what Layer 0's vetoes and its watchdogs are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from handcrafted.craft.assemble import assemble
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import parsed, text_of
from handcrafted.safety.faults.campaign import Campaign, inject
from handcrafted.safety.faults.faultlist import FaultList

GUARD, WATCHDOG = "guard", "watchdog"


def without_vetoes(structure: ControlStructure) -> ControlStructure | None:
    """Return the structure whose guards permit everything; ports and limits stay. None where they do already."""
    return _changed(structure, lambda controller, guard: None)


def without_watchdogs(structure: ControlStructure) -> ControlStructure | None:
    """Return the structure whose guards do not ask watchdogs; None where they do not anyway."""

    def without(controller: dict, guard: dict) -> list[dict] | None:
        watched = {name for name, variable in controller.get("process model", {}).items()
                   if variable.get("law") == WATCHDOG}  # fmt: skip
        rows = guard["permit"] if isinstance(guard["permit"], list) else [guard["permit"]]
        left = [{name: test for name, test in row.items() if name not in watched} for row in rows]
        return left if all(left) else None

    return _changed(structure, without)


def _changed(structure: ControlStructure, permit: Callable[[dict, dict], list[dict] | None]) -> ControlStructure | None:
    """Change what guards permit; None for everything."""
    data = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    same = True
    for controller, guard in _guards(data):
        new = permit(controller, guard)
        same = same and new == guard["permit"]
        guard.pop("permit") if new is None else guard.update(permit=new)
    return None if same else ControlStructure.model_validate(data)


def _guards(data: dict) -> Iterator[tuple[dict, dict]]:
    for controller in data["components"].values():
        for entry in controller.get("control algorithm", {}).values():
            if entry.get("law") == GUARD and "permit" in entry:
                yield controller, entry


LESS = {"without its watchdogs": without_watchdogs, "without its vetoes": without_vetoes}
"""Ways to protect less, by what is said of the loop then."""


USUAL = Path(__file__).with_name("usual.yaml")


def load_faults(path: str | Path) -> FaultList:
    """Read a fault list from a YAML file.

    Raises:
        HandcraftedError: if the file cannot be read or is no valid list; file and line are named.
    """
    return parsed(text_of(path), str(path), FaultList)


def usual_faults() -> FaultList:
    """Read the usual list."""
    return load_faults(USUAL)


def compared(structure: ControlStructure, faults: FaultList, **options: Any) -> dict[str, Campaign]:
    """Run a list in the same structure with less protection, see `handcrafted.safety.faults.usual`.

    Args:
        structure: with guards; without any nothing is left out.
        faults: the list; the places that it names must be there in each.
        **options: as in `inject`.

    Returns:
        A campaign by what is left out.
    """
    less = {name: change(structure) for name, change in LESS.items()}
    return {name: inject(assemble(other), faults, **options) for name, other in less.items() if other is not None}
