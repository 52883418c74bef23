"""Texts of inner boxes beside the outermost box around them: what comes from outside is seen to come from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from handcrafted.view.faces import Nesting
from handcrafted.view.layout.geometry import Line, Rect, hull, passes
from handcrafted.view.layout.side_by_side import STACKED, STUB, SideText, Size

SHARES = (0.5, 0.3, 0.7, 0.15, 0.85)
"""Where along its side a text is tried beside a box that holds others."""

BESIDE = 4
"""Points between a text and a line that passes it."""


class Outside(NamedTuple):
    """A drawing so far, to which these texts are added.

    Attributes:
        nesting: which boxes stand in which.
        sizes: of all labels and texts, by number.
        boxes: by name.
        lines: by number; those of the texts join them.
        labels: by number; the texts join them.
    """

    nesting: Nesting
    sizes: Sequence[Size]
    boxes: Mapping[str, Rect]
    lines: dict[int, Line]
    labels: dict[int, Rect]

    def add(self, texts: Sequence[SideText]) -> set[tuple[str, bool]]:
        """Set the texts of each side of each box; return the boxes and sides that find no free way to the outside."""
        groups: dict[tuple[str, bool], list[int]] = {}
        for text in texts:
            groups.setdefault((text.box, text.left), []).append(text.number)
        blocked = set()
        for (name, left), numbers in groups.items():
            block = next((one for one in self._blocks(name, left, numbers) if self._free(one, name, left)), None)
            if block is None and self.nesting.children(name):
                *_, block = self._blocks(name, left, numbers)
            if block is None:
                blocked.add((name, left))
            else:
                self._set(block, self.boxes[name], left, numbers)
        return blocked

    def _blocks(self, name: str, left: bool, numbers: Sequence[int]) -> Iterator[Rect]:
        """Return where the texts of one side can stand, level with their box: next to the outer box before far out."""
        box = self.boxes[name]
        border = hull([box, *(self.boxes[outer] for outer in self.nesting.around(name))])
        end = hull([*self.boxes.values(), *self.labels.values()])
        wide = max(self.sizes[number][0] for number in numbers)
        tall = sum(self.sizes[number][1] + STACKED for number in numbers) - STACKED
        shares = SHARES if self.nesting.children(name) else SHARES[:1]
        for side in (border, end):
            x = side.left - STUB - wide / 2 if left else side.right + STUB + wide / 2
            yield from (Rect.around((x, box.top + share * box.height), wide, tall) for share in shares)

    def _free(self, block: Rect, name: str, left: bool) -> bool:
        """Whether texts lie on nothing, and nothing but outer boxes and lines lies between them and their box."""
        box = self.boxes[name]
        reach = (block.left, box.left) if left else (box.right, block.right)
        way = Rect(reach[0], block.top, reach[1], block.bottom)
        own = (name, *self.nesting.around(name))
        solid = [*(rect for other, rect in self.boxes.items() if other not in own), *self.labels.values()]
        crossed = any(passes(line, block.grown(BESIDE)) for line in self.lines.values())
        return block.height <= box.height and not crossed and not any(way.overlaps(rect) for rect in solid)

    def _set(self, block: Rect, box: Rect, left: bool, numbers: Sequence[int]) -> None:
        y = block.top
        for number in numbers:
            width, height = self.sizes[number]
            level = y + height / 2
            y += height + STACKED
            near = block.right if left else block.left
            self.labels[number] = Rect.around((near - width / 2 if left else near + width / 2, level), width, height)
            self.lines[number] = [(near, level), (box.left, level)] if left else [(box.right, level), (near, level)]
