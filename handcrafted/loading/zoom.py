"""A control structure seen from afar: groups and boxes collapsed into one box each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handcrafted.control.resolved import LinkId, ResolvedController
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.structure import StructureComponent
from handcrafted.text.diagnostics import HandcraftedError, all_are, nearest
from handcrafted.text.letters import clipped, listed


class Zoom:
    """The boxes and links that are seen when some groups, or boxes that hold others, are collapsed.

    A collapsed box stands at the highest authority among what it holds. Links inside it are not seen; links of one
    kind and name that become the same are seen as one. A box that is collapsed inside another is not seen.

    Attributes:
        structure: what is looked at.
        held: the components in each collapsed box, by its name.
        components: what is seen, in declared order.
        controllers: what is seen of the controllers' insides.

    Raises:
        HandcraftedError: if a name is neither a group nor a box that holds others, if two groups share a component,
            or if a group bears the name of a component outside it.
    """

    def __init__(self, structure: ControlStructure, collapsed: Iterable[str] = ()):
        self.structure = structure
        names = [collapsed] if isinstance(collapsed, str) else all_are(collapsed, str, "names to collapse")
        self.held = _outermost({name: _held(structure, name) for name in names})
        self._box = {member: name for name, members in self.held.items() for member in members}
        for name, members in self.held.items():
            if name in structure.components and name not in members:
                raise HandcraftedError(
                    f"Expected a group whose name no other component bears, got {name}. Rename the group."
                )
        self.components: Mapping[str, StructureComponent] = {
            box: self._component(box) for box in dict.fromkeys(map(self.box, structure.components)) if box
        }
        known = structure.resolved.controllers
        self.controllers: Mapping[str, ResolvedController] = {
            name: known[name] for name in self.components if name in known and name not in self.held
        }

    def box(self, name: str | None) -> str | None:
        """Name the box in which a component is seen; what is no component keeps its name."""
        return self._box.get(name or "", name)

    def seen(self, id: LinkId) -> LinkId | None:
        """Return a link as it is seen, or None if it runs inside one collapsed box."""
        sender, receiver = self.box(id.sender), self.box(id.receiver)
        return None if sender == receiver and sender in self.held else LinkId(id.kind, sender, receiver, id.name)

    def _component(self, box: str) -> StructureComponent:
        if box not in self.held:
            own = self.structure.components[box]
            return own.model_copy(update={"inside": self.box(own.inside)})
        parts = self.structure.components
        members = [part for name, part in parts.items() if name in self.held[box]]
        around = {part.inside for part in members} - self.held[box]
        controls = any(part.kind == ComponentKind.CONTROLLER for part in members)
        kinds = {part.kind for part in members}
        kind = ComponentKind.CONTROLLER if controls else kinds.pop() if len(kinds) == 1 else ComponentKind.PROCESS
        return StructureComponent(
            kind=kind,
            level=min(part.level for part in members),
            layer_0=any(part.layer_0 for part in members),
            inside=self.box(around.pop()) if len(around) == 1 else None,
        )


def zooms_of(structure: ControlStructure) -> tuple[str, ...]:
    """Name what can be collapsed: the groups, then the boxes that hold others."""
    holders = {part.inside for part in structure.components.values() if part.inside}
    return (*structure.groups, *(name for name in structure.components if name in holders - set(structure.groups)))


def _held(structure: ControlStructure, name: str) -> frozenset[str]:
    """Return a group's members, or a box, with everything inside them."""
    if name not in (known := zooms_of(structure)):
        raise HandcraftedError(
            f"Expected a group or a box that holds others, got `{clipped(name)}`.{nearest(name, known)}"
        )
    found = set(structure.groups.get(name, [name]))
    while inner := {part for part, own in structure.components.items() if own.inside in found} - found:
        found |= inner
    return frozenset(found)


def _outermost(held: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Leave out what lies inside another; refuse what overlaps."""
    kept: dict[str, frozenset[str]] = {}
    for name, members in sorted(held.items(), key=lambda item: -len(item[1])):
        if any(members <= other for other in kept.values()):
            continue
        if shared := next((other for other in kept if members & kept[other]), None):
            both = listed(sorted(members & kept[shared]))
            raise HandcraftedError(
                f"Expected groups that share no component, got {shared} and {name}, which share {both}. "
                "Collapse one of them."
            )
        kept[name] = members
    return kept
