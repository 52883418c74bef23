"""The readouts by name: those of this library, and those that a user registers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handcrafted.control.graph import SignalGraph
from handcrafted.readout.target import TargetNetwork
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown

Read = Callable[[TargetNetwork], SignalGraph]
"""From arrays and names to a signal-flow graph with evidence."""


class ReadoutKind(StrEnum):
    """Which of the two truths a readout answers for: what is connected, or what has an effect."""

    STRUCTURAL = "structural"
    CAUSAL = "causal"


BEFORE = {"wired": ReadoutKind.STRUCTURAL, "used": ReadoutKind.CAUSAL}
"""What the kinds were called before; for one release these still count, with a warning."""


@dataclass(frozen=True)
class Readout:
    """A way to look into a network.

    Attributes:
        name: what `check` and `score` call it.
        read: the function.
        kind: structural, what is written and read; or causal, what has an effect.
        required: whether a link must be found by it to count as found.
    """

    name: str
    read: Read
    kind: ReadoutKind
    required: bool = False


FIRST = ("wiring", "subspace", "patching")
"""The order in which these are shown; all others follow as they were registered."""

_KNOWN: dict[str, Readout] = {}


def register(name: str, kind: str = "causal", required: bool = False, **before: Any) -> Callable[[Read], Read]:
    """Register a readout under a name, as a decorator; `hc.recover` then runs it, `check` shows it, `score` scores it.

        @hc.register("loud", kind="structural")
        def loud(subject):
            edges = [...]  # from subject.weights, subject.names and subject.run(inputs)
            return SignalGraph(subject.spaces, edges)

    Args:
        name: a new one.
        kind: `structural` or `causal`: which truth it is held against.
        required: whether a link must be found by it to count as found.
        before: `sees` and `judges`, as the two were called before; they still count, with a warning.

    Raises:
        HandcraftedError: if the name is taken, or the kind is neither.

    Example:
        >>> from handcrafted.control.graph import SignalGraph
        >>> from handcrafted.readout.registry import unregister
        >>> @hc.register("nothing", kind="structural")
        ... def nothing(subject):
        ...     return SignalGraph(subject.spaces, [])
        >>> len(hc.recover(hc.assemble(hc.load(find("heated room"))), readouts=["nothing"]).graphs["nothing"])
        0
        >>> unregister("nothing")
    """
    must_be(name, str, "a name for a readout")
    if name in _KNOWN:
        raise HandcraftedError(f"Expected a new name for a readout, got {shown(name)}, which is taken. Choose another.")
    kind, required = _renamed(before, kind, required)
    if not isinstance(kind, str) or kind not in list(ReadoutKind):
        raise HandcraftedError(
            f"Expected `kind` to be structural or causal, got {shown(kind)}. Say which truth it answers for."
        )

    def keep(read: Read) -> Read:
        must_be(read, Callable, "a function from a subject to a graph")
        _KNOWN[name] = Readout(name, read, ReadoutKind(kind), required)
        return read

    return keep


def _renamed(before: Mapping[str, Any], kind: Any, required: Any) -> tuple[Any, Any]:
    """Take arguments by their names of before."""
    if unknown := before.keys() - {"sees", "judges"}:
        raise TypeError(f"register() got an unexpected keyword argument {min(unknown)!r}")
    if before:
        warnings.warn("`sees` and `judges` are now `kind` and `required`", DeprecationWarning, stacklevel=3)
    seen = before.get("sees", kind)
    return BEFORE.get(seen, seen) if isinstance(seen, str) else seen, before.get("judges", required)


def unregister(name: str) -> None:
    """Forget a readout.

    Raises:
        HandcraftedError: if there is none of that name.
    """
    del _KNOWN[chosen([name])[0].name]


def registered() -> Mapping[str, Readout]:
    """Return all readouts by name, those that are required first."""
    rank = {name: place for place, name in enumerate(FIRST)}
    return dict(sorted(_KNOWN.items(), key=lambda item: (not item[1].required, rank.get(item[0], len(rank)))))


def chosen(names: list[str] | tuple[str, ...] | None) -> tuple[Readout, ...]:
    """Return the readouts of these names; None gives those that are required.

    Raises:
        HandcraftedError: naming the first unknown one.
    """
    known = registered()
    if names is None:
        return tuple(readout for readout in known.values() if readout.required)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise HandcraftedError(f"Expected the name of a readout, got {shown(name)}.{nearest(str(name), known)}")
    return tuple(known[name] for name in dict.fromkeys(names))
