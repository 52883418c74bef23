"""The arrows of a picture: links of one kind and direction between the same two boxes share one arrow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from handcrafted.control.resolved import LinkId
from handcrafted.control.vocabulary import LinkKind
from handcrafted.view.anchors import link_part

UPWARD = (LinkKind.FEEDBACK, LinkKind.REQUEST)
SIDEWAYS = (LinkKind.OTHER_INPUT, LinkKind.OTHER_OUTPUT)


class Label(NamedTuple):
    """One line beside an arrow: the name, in small type what else is to be said of it, and which part that is."""

    text: str
    remark: str = ""
    part: str = ""


@dataclass(frozen=True)
class Look:
    """How a line is drawn: DOT's words for line style and colours.

    Attributes:
        text: colour of the label.
        text_remark: colour of the remarks in it.
    """

    color: str = "black"
    style: str = "solid"
    width: float = 1.0
    text: str = "black"
    text_remark: str = "#555555"


@dataclass(frozen=True)
class Arrow:
    """One line of the picture with its labels; an end that is no box of the picture is None."""

    kind: LinkKind
    sender: str | None
    receiver: str | None
    labels: tuple[Label, ...]
    look: Look = field(default=Look())

    @property
    def part(self) -> str:
        """Name the first link that it carries."""
        return self.labels[0].part

    @property
    def sideways(self) -> bool:
        """Whether it leaves a right face and enters a left one."""
        return self.kind in SIDEWAYS

    @property
    def faces(self) -> tuple[str, str]:
        """The face that it leaves and the face that it enters, as compass letters."""
        if self.sideways:
            return "e", "w"
        return ("n", "s") if self.kind in UPWARD else ("s", "n")


class Drawn(NamedTuple):
    """A link as it is to be drawn."""

    id: LinkId
    remark: str = ""
    look: Look = Look()


def arrows_of(links: Iterable[Drawn], boxes: Iterable[str]) -> list[Arrow]:
    """Bundle links into arrows, in order of first appearance; links of different looks do not share an arrow."""
    known = set(boxes)
    bundles: dict[tuple, list[Label]] = {}
    for id, remark, look in links:
        kind, sender, receiver, name = id
        ends = [end if end in known else None for end in (sender, receiver)]
        outsider = (
            sender if sender and sender not in known else receiver if receiver and receiver not in known else None
        )
        labels = bundles.setdefault((kind, *ends, look), [])
        labels.append(Label(name, remark or (f"({outsider})" if outsider else ""), link_part(id)))
    return [
        Arrow(kind, sender, receiver, tuple(labels), look) for (kind, sender, receiver, look), labels in bundles.items()
    ]
