"""What stands level with a box: texts beside it, and straight arrows to the peers next to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, permutations
from typing import NamedTuple

from handcrafted.view.layout.geometry import Line, Rect
from handcrafted.view.layout.seams import EDGE, Seam

Size = tuple[float, float]

STUB = 24
"""Length of the arrow between a box and a text beside it."""

SHOWN = 18
"""What is seen of a line on either side of the label in its middle."""

STACKED = 6
"""Distance between things that stand one above the other beside a box."""


class PeerArrow(NamedTuple):
    """An arrow between two boxes of one level, by its number."""

    number: int
    sender: str
    receiver: str


class SideText(NamedTuple):
    """An arrow between a box and a plain text beside it, by its number."""

    number: int
    box: str
    left: bool


class SideBySide(NamedTuple):
    """The straight arrows and texts of a diagram.

    Attributes:
        labels: sizes of the labels and texts of all arrows, by number.
        peers: arrows between boxes that stand next to each other.
        texts: arrows to texts beside boxes.
    """

    labels: Sequence[Size]
    peers: Sequence[PeerArrow]
    texts: Sequence[SideText]

    def beside(self, box: str) -> bool:
        """Whether anything stands level with a box."""
        return any(box in (peer.sender, peer.receiver) for peer in self.peers) or any(
            text.box == box for text in self.texts
        )

    def height(self, box: str) -> float:
        """Return the height that a box needs for what stands on either side of it."""
        mine = [peer.number for peer in self.peers if box in (peer.sender, peer.receiver)]
        sides = [
            [text.number for text in self.texts if text.box == box and text.left == left] for left in (True, False)
        ]
        return max(stack([self.labels[number] for number in [*mine, *side]]) for side in sides)

    def seams(self, boxes: Mapping[str, Rect], rows: Iterable[Sequence[str]]) -> Iterator[Seam]:
        """Say where room is to be made beside boxes, and how much."""
        for row in rows:
            for left, right in pairwise([None, *row, None]):
                peers, after, before = self._between(left, right)
                for numbers, name, side in ((after, left, 2), (before, right, 0)):
                    if numbers and name is not None:
                        wide = max(self.labels[number][0] for number in numbers) + STUB + SHOWN
                        yield Seam(boxes[name][side] + (EDGE if side else -EDGE), wide)
                if left is not None and right is not None:
                    wide = max(self.labels[peer.number][0] for peer in peers) + 2 * SHOWN
                    yield Seam(boxes[left].right + EDGE, wide - boxes[right].left + boxes[left].right)

    def placed(
        self, boxes: Mapping[str, Rect], rows: Iterable[Sequence[str]]
    ) -> Iterator[tuple[int, Line, Rect | None]]:
        """Return number, line and, of texts, the place of every arrow that is level.

        Args:
            boxes: where they stand.
            rows: boxes that stand next to each other, from left to right.
        """
        for row in rows:
            for left, right in pairwise([None, *row, None]):
                yield from self._set(left, right, boxes)

    def _between(self, left: str | None, right: str | None) -> tuple[list[PeerArrow], list[int], list[int]]:
        """Return what stands between two neighbours: arrows, texts of the left one, texts of the right one."""
        peers = [peer for peer in self.peers if {peer.sender, peer.receiver} == {left, right}]
        after = [text.number for text in self.texts if text.box == left and not text.left]
        return peers, after, [text.number for text in self.texts if text.box == right and text.left]

    def _set(
        self, left: str | None, right: str | None, boxes: Mapping[str, Rect]
    ) -> Iterator[tuple[int, Line, Rect | None]]:
        """Set what stands between two neighbours, one above the other."""
        peers, after, before = self._between(left, right)
        here = [*(peer.number for peer in peers), *after, *before]
        if not here:
            return
        start = boxes[left].right if left is not None else 0.0
        end = boxes[right].left if right is not None else 0.0
        middle = boxes[left if left is not None else right or ""].center[1]
        y = middle - stack([self.labels[number] for number in here]) / 2 + STACKED
        downwards = {peer.number: peer.sender == left for peer in peers}
        for number in here:
            width, height = self.labels[number]
            level = y + height / 2
            y += height + STACKED
            if number in downwards:
                ends = [(start, level), (end, level)]
                yield number, ends if downwards[number] else ends[::-1], None
            elif number in after:
                label = Rect.around((start + STUB + width / 2, level), width, height)
                yield number, [(start, level), (start + STUB, level)], label
            else:
                label = Rect.around((end - STUB - width / 2, level), width, height)
                yield number, [(end - STUB, level), (end, level)], label


def stack(sizes: Sequence[Size]) -> float:
    """Return the height of things one above the other, with room above, between and below."""
    return sum(height for _, height in sizes) + STACKED * (len(sizes) + 1) if sizes else 0.0


MAX_ORDERED = 5
"""Boxes of a row of which every order is tried."""


def orders(names: Sequence[str], peers: Sequence[PeerArrow]) -> Iterator[tuple[str, ...]]:
    """Return the orders of peers in which most arrows join neighbours; of many boxes only the order given."""
    if len(names) > MAX_ORDERED:
        yield tuple(names)
        return
    far = {order: _far(order, peers) for order in permutations(names)}
    least = min(far.values())
    yield from (order for order, count in far.items() if count == least)


def _far(order: Sequence[str], peers: Iterable[PeerArrow]) -> int:
    place = {name: k for k, name in enumerate(order)}
    return sum(abs(place[peer.sender] - place[peer.receiver]) > 1 for peer in peers)
