"""The fault list that is tried of every loop unless another is given, and the same with less protection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handcrafted.craft.assemble import assemble
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import parsed, text_of
from handcrafted.safety.faults.campaign import Campaign, inject
from handcrafted.safety.faults.faultlist import FaultList
from handcrafted.safety.faults.without import LESS

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
    """Run a list in the same structure with less protection, see `handcrafted.safety.faults.without`.

    Args:
        structure: with guards; without any nothing is left out.
        faults: the list; the places that it names must be there in each.
        **options: as in `inject`.

    Returns:
        A campaign by what is left out.
    """
    less = {name: change(structure) for name, change in LESS.items()}
    return {name: inject(assemble(other), faults, **options) for name, other in less.items() if other is not None}
