"""The same structure with less protection, to see what Layer 0's vetoes and its watchdogs are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from handcrafted.loading.control_structure import ControlStructure

GUARD, WATCHDOG = "guard", "watchdog"


def without_vetoes(structure: ControlStructure) -> ControlStructure | None:
    """Give the structure whose guards permit everything; ports and limits stay. None where they do already."""
    return _changed(structure, lambda controller, guard: None)


def without_watchdogs(structure: ControlStructure) -> ControlStructure | None:
    """Give the structure whose guards do not ask watchdogs; None where they do not anyway."""

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
