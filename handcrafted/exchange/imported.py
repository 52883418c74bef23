"""A structure that comes from another tool's file, and what of that file it does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from handcrafted.control.parts import LONGEST_NAME
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import parsed_data
from handcrafted.text.letters import CONTROL


@dataclass(frozen=True)
class Imported:
    """What was read.

    Attributes:
        dropped: what the file says and the structure does not, a sentence each.
        taken: what the file leaves open and the structure says, a sentence each.
    """

    structure: ControlStructure
    dropped: tuple[str, ...]
    taken: tuple[str, ...]


def imported(data: dict[str, Any], origin: str, dropped: Iterable[str], taken: Iterable[str]) -> Imported:
    """Make a structure of plain data, as a file has it.

    Raises:
        HandcraftedError: if the data makes no valid structure.
    """
    return Imported(parsed_data(data, origin), tuple(dict.fromkeys(dropped)), tuple(dict.fromkeys(taken)))


def one_line(text: str, otherwise: str) -> str:
    """Return a text as a name: in one line, no longer than names are, or something else where it is empty."""
    name = CONTROL.sub(" ", re.sub(r"\s*[\n\r\t]\s*", " ", text)).strip()
    return name[:LONGEST_NAME].strip() or otherwise


def sentence(text: str, otherwise: str) -> str:
    """Return a text with single blanks, or something else where it is empty."""
    return " ".join(text.split()) or otherwise


def apart(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name things by their labels, and by label and id where several have one label.

    Args:
        names: id and label of each.
    """
    pairs = list(dict.fromkeys(names))
    count: dict[str, int] = {}
    for _, label in pairs:
        count[label] = count.get(label, 0) + 1
    return {id: label if count[label] == 1 else f"{label} ({id})" for id, label in pairs}
