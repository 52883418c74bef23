"""The readouts by name: those of this library, and those that a user registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from handcrafted.control.graph import SignalGraph
from handcrafted.readout.target import TargetNetwork
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown

Read = Callable[[TargetNetwork], SignalGraph]
"""From arrays and names to a signal-flow graph with evidence."""


class Sees(StrEnum):
    """Which of the two truths a readout answers for."""

    WIRED = "wired"
    USED = "used"


@dataclass(frozen=True)
class Readout:
    """A way to look into a network.

    Attributes:
        name: what `check` and `score` call it.
        read: the function.
        sees: `wired`, what is written and read; or `used`, what has an effect.
        judges: whether a link must be found by it to count as found.
    """

    name: str
    read: Read
    sees: Sees
    judges: bool = False


FIRST = ("wiring", "subspace", "patching")
"""The order in which these are shown; all others follow as they were registered."""

_KNOWN: dict[str, Readout] = {}


def register(name: str, sees: str = "used", judges: bool = False) -> Callable[[Read], Read]:
    """Register a readout under a name, as a decorator; `hc.recover` then runs it, `check` shows it, `score` scores it.

        @hc.register("loud", sees="wired")
        def loud(subject):
            edges = [...]  # from subject.weights, subject.names and subject.run(inputs)
            return SignalGraph(subject.spaces, edges)

    Args:
        name: a new one.
        sees: `wired` or `used`: which truth it is held against.
        judges: whether a link must be found by it to count as found.

    Raises:
        HandcraftedError: if the name is taken, or `sees` is neither.

    Example:
        >>> from handcrafted.control.graph import SignalGraph
        >>> from handcrafted.readout.registry import unregister
        >>> @hc.register("nothing", sees="wired")
        ... def nothing(subject):
        ...     return SignalGraph(subject.spaces, [])
        >>> len(hc.recover(hc.assemble(hc.load(find("heated room"))), readouts=["nothing"]).graphs["nothing"])
        0
        >>> unregister("nothing")
    """
    must_be(name, str, "a name for a readout")
    if name in _KNOWN:
        raise HandcraftedError(f"Expected a new name for a readout, got {shown(name)}, which is taken. Choose another.")
    if not isinstance(sees, str) or sees not in list(Sees):
        raise HandcraftedError(
            f"Expected `sees` to be wired or used, got {shown(sees)}. Say which truth it answers for."
        )

    def keep(read: Read) -> Read:
        must_be(read, Callable, "a function from a subject to a graph")
        _KNOWN[name] = Readout(name, read, Sees(sees), judges)
        return read

    return keep


def unregister(name: str) -> None:
    """Forget a readout.

    Raises:
        HandcraftedError: if there is none of that name.
    """
    del _KNOWN[chosen([name])[0].name]


def registered() -> Mapping[str, Readout]:
    """Return all readouts by name, those that judge first."""
    rank = {name: place for place, name in enumerate(FIRST)}
    return dict(sorted(_KNOWN.items(), key=lambda item: (not item[1].judges, rank.get(item[0], len(rank)))))


def chosen(names: list[str] | tuple[str, ...] | None) -> tuple[Readout, ...]:
    """Return the readouts of these names; None gives those that judge.

    Raises:
        HandcraftedError: naming the first unknown one.
    """
    known = registered()
    if names is None:
        return tuple(readout for readout in known.values() if readout.judges)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise HandcraftedError(f"Expected the name of a readout, got {shown(name)}.{nearest(str(name), known)}")
    return tuple(known[name] for name in dict.fromkeys(names))
