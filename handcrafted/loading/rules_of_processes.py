"""Rules of processes: what arrives at them, and what is fed back from them."""

from __future__ import annotations

from collections.abc import Iterator

from handcrafted.control.domain import Value
from handcrafted.control.resolved import Resolved, ResolvedLink
from handcrafted.loading.structure import StructureFile
from handcrafted.plants.plant import Plant
from handcrafted.text.diagnostics import FilePath, refuse
from handcrafted.text.letters import listed

MAX_HANDED = 100
"""Components that hand a signal on before it reaches a controller."""


def check_dynamics(structure: StructureFile, resolved: Resolved, name: str, dynamics: Plant) -> None:
    """Check the dynamics of one component against what arrives at it and what is fed back from it."""
    path: FilePath = ("components", name, "dynamics")
    arriving = {link.id.name: link.domain for link in resolved.arriving.get(name, ())}
    dynamics.check(path, name, arriving)
    for output, first in dynamics.first_outputs.items():
        for link in _carrying(structure, resolved, name, output, (name,)):
            _check_output(path, dynamics, link, first)


def _carrying(
    structure: StructureFile, resolved: Resolved, sender: str, name: str, seen: tuple[str, ...]
) -> Iterator[ResolvedLink]:
    """Return the links by which an output of a process enters the network, through sensors too."""
    for link in resolved.leaving.get(sender, ()):
        receiver = structure.components.get(link.id.receiver or "")
        if link.id.name != name or receiver is None or link.id.receiver is None:
            continue
        if link.counted:
            yield link
        elif receiver.dynamics is None and link.id.receiver not in seen:
            if len(seen) > MAX_HANDED:
                text = f"Expected {name} of {seen[0]} to be handed on at most {MAX_HANDED} times, got more. Shorten it."
                refuse(("components", seen[0], "dynamics"), text)
            yield from _carrying(structure, resolved, link.id.receiver, name, (*seen, link.id.receiver))


def _check_output(path: FilePath, dynamics: Plant, link: ResolvedLink, first: Value) -> None:
    """Check one feedback of a process: its kind of values, and that the process starts inside them."""
    states = dynamics.words
    if link.domain.values != states:
        got = f"the values {link.domain}" if link.domain.discrete else "a range"
        wanted = f"the states {listed(states)} as its values" if states else "a range, for it is a number"
        text = f"Expected {wanted} for {link.id.name} from {link.id.sender}, got {got}. Declare the same on both."
        refuse(path, text)
    if not isinstance(first, str) and not link.domain.low <= first <= link.domain.high:
        refuse(
            path,
            f"Expected {link.id.name} to start within its range {link.domain}, got {first:g}. Start inside, or widen "
            "the range of the feedback.",
        )
