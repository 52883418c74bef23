"""What was changed in a model: an entry set by hand, undone, done again, written down; and what nobody assigns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from handcrafted.model.arrays import copied, elementwise, in_jax, on_host
from handcrafted.model.invert_parameters import drifted, follow
from handcrafted.model.network import Network, Rebuild
from handcrafted.model.provenance import (
    Provenance,
    Provenances,
    checked_number,
    entry_name,
    parse_entry,
    places_in,
    rule_for,
)
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError

T = TypeVar("T")

ANEW = "Assemble a structure anew."
CHANGES = "Set `parameters`, or use `edit`, `change` or `restore`."


class ReadOnly(Generic[T]):
    """An attribute that is read and not assigned; the model keeps it under its name with a line before it.

    Args:
        instead: what to do instead of assigning, as a sentence.
    """

    def __init__(self, instead: str):
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, owner: type | None = None) -> T:
        return getattr(model, f"_{self.name}")

    def __set__(self, model: Any, value: Any) -> None:
        raise HandcraftedError(
            f"Expected `{self.name}` of a model to be read, got an assignment; what is claimed of the model rests on "
            f"it. {self.instead}"
        )

    def __delete__(self, model: Any) -> None:
        self.__set__(model, None)


MAX_CHANGES = 1_000
"""Changes that are remembered; the oldest are forgotten, for each keeps the arrays that it replaced."""

MAX_LINES = 64
"""Entries of one change that are written out; of more their number."""


class Change(NamedTuple):
    """One change of a model: as a line of Python, what was before, and what came of it."""

    text: str
    before: Network
    after: Network


class History:
    """The changes of a model.

    Attributes:
        first: the model before any change; None while there is none.
        done: in their order.
        undone: those that can be done again, the next one last.
        watchers: functions that are called after every change.
    """

    def __init__(self):
        self.first: Network | None = None
        self.done: list[Change] = []
        self.undone: list[Change] = []
        self.watchers: list[Callable[[], None]] = []

    def add(self, change: Change) -> None:
        """Remember a change; what was undone before is forgotten."""
        self.first = self.first or change.before
        self.done = [*self.done[1 - MAX_CHANGES :], change]
        self.undone.clear()

    def back(self) -> Network:
        """Take the last change back.

        Raises:
            HandcraftedError: if there is none.
        """
        if not self.done:
            raise HandcraftedError("Expected a change to undo, got none. The model is as it was assembled.")
        self.undone.append(self.done.pop())
        return self.undone[-1].before

    def forth(self) -> Network:
        """Do the last change again that was undone.

        Raises:
            HandcraftedError: if there is none.
        """
        if not self.undone:
            raise HandcraftedError("Expected a change to do again, got none. Undo one first.")
        self.done.append(self.undone.pop())
        return self.done[-1].after

    def tell(self) -> None:
        """Call those who watch."""
        for watcher in self.watchers:
            watcher()

    def forget(self) -> None:
        """Begin anew: what the model is now is what it was assembled as."""
        self.first = None
        self.done.clear()
        self.undone.clear()

    def __str__(self) -> str:
        return "\n".join(change.text for change in self.done) or "no changes"


def edits_text(old: Weights, new: Weights, masks: Weights) -> str:
    """Write down as Python by which entries two models' arrays differ; what the policy masks has to be unlocked."""
    lines = list(_edits(old, new, masks))
    if len(lines) > MAX_LINES:
        return f"# {len(lines):,} entries replaced"
    return "\n".join(lines) or "# nothing changed"


def _edits(old: Weights, new: Weights, masks: Weights) -> Iterator[str]:
    for name, array in new.items():
        before, after = on_host(old[name]), on_host(array)
        for place in places_in(elementwise(lambda a, b: a.view(np.int32) != b.view(np.int32), before, after)):
            unlocked = "" if on_host(masks[name])[place] else ", unlock=True"
            yield f'model.edit("{entry_name(name, place)}", {float(after[place])!r}{unlocked})'


def edited(
    network: Network, rebuild: Rebuild | None, entry: str, value: Any, unlock: bool, allowed: Callable[[Network], None]
) -> tuple[Network, str]:
    """Return the network with one raw entry set, and the change as a line of Python; see `Transformer.edit`.

    Args:
        network: as it is.
        rebuild: how a structure becomes a network; None where circuits were given.
        entry: which.
        value: a number.
        unlock: whether an entry that the policy masks may be set too.
        allowed: refuses a network that may not be, before anybody looks for the structure that it follows from.

    Raises:
        HandcraftedError: if there is no such entry, the value is no number for it, or the policy locks it.
    """
    raw = network.weights
    array, index = parse_entry(entry, raw)
    number, name = checked_number(entry, value), entry_name(array, index)
    if not unlock and not on_host(network.masks[array])[index]:
        raise HandcraftedError(
            f"Expected an entry that the access policy lets act, got {name}, which is locked: "
            f"{rule_for(network, array, index)}. Unlock it to see what the audit says of it."
        )
    array_now = copied(raw[array])
    array_now[index] = number
    new = raw.replace(**{array: in_jax(array_now)})
    changed = network.becoming(new)
    allowed(changed)
    if rebuild is not None:
        derived = follow(network.structure, rebuild, new, (array, index))
        changed = network.becoming(new, derived.structure, derived.layout)
    return changed, f'model.edit("{name}", {float(number)!r}{", unlock=True" if unlock else ""})'


def entries_drifted(network: Network, rebuild: Rebuild | None) -> tuple[Provenance, ...]:
    """Return the raw entries that are not what the structure's laws derive."""
    if rebuild is None:
        return ()
    wrong, look = drifted(rebuild(network.structure), network.weights), Provenances(network)
    return tuple(look.of(name, at) for name, off in wrong.items() for at in places_in(off))
