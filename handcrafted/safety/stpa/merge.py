"""Contexts merged into few rows, as a person would write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.components.minimise import Box, fewest
from handcrafted.control.parts import Condition
from handcrafted.safety.stpa.cells import Axis
from handcrafted.safety.stpa.contexts import Contexts


def merged(contexts: Contexts, chosen: np.ndarray) -> list[Box]:
    """Give the fewest rows that hold exactly these contexts [context]; sampled contexts stay as they are.

    A row says for each variable in which of its cells it is: words in any number, numbers in one interval.

    Source: prime implicants on many-valued variables, see `handcrafted.components.minimise`.
    """
    single = [tuple(1 << int(cell) for cell in row) for row in contexts.rows[chosen]]
    if contexts.sampled or not single:
        return single
    return ordered(fewest(gathered(single, contexts.axes), contexts.axes))


def box_of(axes: Sequence[Axis], condition: Condition | None) -> list[Box]:
    """Give a condition's rows as boxes; a row that nothing fulfils is left out."""
    found = []
    for row in condition if condition is not None else ({},):
        box = tuple(sum(1 << int(cell) for cell in np.flatnonzero(own.passing(row.get(own.name)))) for own in axes)
        if all(box):
            found.append(box)
    return found


def gathered(boxes: Sequence[Box], axes: Sequence[Axis]) -> list[Box]:
    """Join boxes that differ in one variable alone, variable by variable."""
    for at, own in enumerate(axes):
        together: dict[Box, int] = {}
        for box in boxes:
            rest = (*box[:at], 0, *box[at + 1 :])
            together[rest] = together.get(rest, 0) | box[at]
        boxes = [
            (*rest[:at], part, *rest[at + 1 :]) for rest, cells in together.items() for part in _sayable(cells, own)
        ]
    return list(boxes)


def _sayable(cells: int, own: Axis) -> list[int]:
    """Cut cells into what can be said in one breath."""
    if own.testable(cells):
        return [cells]
    parts = []
    while cells:
        lowest = cells & -cells
        run = cells & ~(cells + lowest)
        parts.append(run)
        cells &= ~run
    return parts


def ordered(boxes: Sequence[Box]) -> list[Box]:
    """Order rows: those that say most of the first variable come last."""
    return sorted(boxes, key=lambda box: tuple((cells.bit_count(), cells) for cells in box))
