"""The true state of a structure: what processes give, what links carry, what controllers believe that nothing tells.

Equal names of different owners are different variables. A bare name means the one variable that bears it; where there
are several, the owner's name stands before it, as in `radar.status`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handcrafted.control.domain import Domain
from handcrafted.control.entries import Link
from handcrafted.control.graph import grouped
from handcrafted.control.parts import Condition
from handcrafted.control.resolved import LinkId
from handcrafted.control.true_variable import TrueVariable
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.resolve_links import reads_of
from handcrafted.loading.rules_of_controllers import check_condition, several
from handcrafted.loading.structure import StructureFile
from handcrafted.text.diagnostics import FilePath, HandcraftedError, must_be_known, nearest, refuse
from handcrafted.text.letters import listed, shown


class TrueState:
    """The variables of the true state of a structure, and how they are called.

    Attributes:
        carried: the variable that each link carries.
        domains: what each variable may be; None where nothing says so, and any test fits.
    """

    def __init__(self, structure: StructureFile):
        self.structure = structure
        self.links: Mapping[LinkId, Link] = dict(
            zip(structure.named_links, (link for _, _, link in structure.links()), strict=True)
        )
        self.carried = {id: self._carried(id) for id in structure.named_links}
        self.domains: dict[TrueVariable, Domain | None] = {}
        for variable, domain in (*self._of_links(), *self._of_components()):
            self.domains[variable] = self.domains.get(variable) or domain
        self._meant: dict[str, dict[TrueVariable, None]] = {}
        for variable in self.domains:
            for name in (variable.name, str(variable)):
                self._meant.setdefault(name, {})[variable] = None
        self._names = {variable: self._shortest(variable) for variable in self.domains}
        self._domains = {name: self.domains[next(iter(meant))] for name, meant in self._meant.items()}
        for id, variable in self.carried.items():  # what a sensor says goes by the sensor's name too
            if id.sender and (alias := str(TrueVariable(id.sender, id.name))) not in self._meant:
                self._meant[alias], self._domains[alias] = {variable: None}, self.domains[variable]

    def _carried(self, id: LinkId) -> TrueVariable:
        """Follow a link to where its signal is made; components without dynamics pass on what they get of its name."""
        seen: set[str] = set()
        while True:
            if (of := self.links[id].of) is not None:
                return self._declared(of)
            if id.sender is None:
                return TrueVariable("", id.name)
            sender = self.structure.components.get(id.sender)
            same = [other for other in self.structure.arriving.get(id.sender, ()) if other.name == id.name]
            made = sender is None or sender.kind == ComponentKind.CONTROLLER or sender.dynamics is not None
            if made or len(same) != 1 or id.sender in seen:
                return TrueVariable(id.sender, id.name)
            seen.add(id.sender)
            (id,) = same

    def _declared(self, of: str) -> TrueVariable:
        """Return the variable that a sensor is declared to measure: that of a component, or one of nobody's."""
        owners = [name for name in self.structure.components if of.startswith(f"{name}.")]
        if owners:
            owner = max(owners, key=len)
            return TrueVariable(owner, of[len(owner) + 1 :])
        gives = [name for name, part in self.structure.components.items() if _gives(part.dynamics, of)]
        return TrueVariable(gives[0] if len(gives) == 1 else "", of)

    def _of_links(self) -> Iterator[tuple[TrueVariable, Domain | None]]:
        for id, link in self.links.items():
            yield self.carried[id], link.domain

    def _of_components(self) -> Iterator[tuple[TrueVariable, Domain | None]]:
        """Return what processes give, and what controllers believe: of what they are told, or a variable of their own.

        A belief that copies one signal of another name is that signal, and no variable.
        """
        for owner, component in self.structure.components.items():
            read = reads_of(component.process_model, self.structure.arriving.get(owner, ()))
            for name, belief in component.process_model.items():
                own = [id for id in read[name] if id.name == name]
                copies = belief.law is None and (belief.reads is not None or own)
                if copies and len(read[name]) == 1:
                    yield self.carried[read[name][0]], belief.domain
                elif not own:
                    yield TrueVariable(owner, name), belief.domain
            if component.dynamics:
                states = component.dynamics.words
                for name in component.dynamics.first_outputs:
                    yield TrueVariable(owner, name), Domain(states) if states else None

    def _shortest(self, variable: TrueVariable) -> str:
        return variable.name if len(self._meant[variable.name]) == 1 else str(variable)

    def called(self, variable: TrueVariable) -> str:
        """Return the shortest name that means a variable and no other."""
        return self._names[variable]

    def variable(self, name: str) -> TrueVariable:
        """Return the variable that is meant by a name.

        Raises:
            HandcraftedError: if there is none, or several are meant.
        """
        meant = list(self._meant.get(name, ()))
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise HandcraftedError(several(name, [self.called(one) for one in meant]))
        raise HandcraftedError(f"Expected a variable of the true state, got {shown(name)}.{nearest(name, self._meant)}")

    def plain(self, condition: Condition | None) -> Condition:
        """Return a condition with every variable under its shortest name; no rows where there is none."""
        if condition is None:
            return ()
        return tuple({self.called(self.variable(name)): test for name, test in row.items()} for row in condition)

    def check(self, path: FilePath, condition: Condition) -> None:
        """Check that a condition names variables that are known, each by a name that means no other, and their values.

        Raises:
            HandcraftedError: at the first one that is not.
        """
        for i, row in enumerate(condition):
            for name in row:
                if name not in self._meant:
                    must_be_known((*path, i, name), "a known variable", name, list(self._names.values()))
            by_variable = grouped((name for name in row if name in self._meant), self._only(path, i))
            for variable, names in by_variable.items():
                if len(names) > 1:
                    text = f"Expected each variable once, got {listed(names)}, which are all {variable}. Merge them."
                    refuse((*path, i, names[1]), text)
        check_condition(path, condition, self._domains)

    def _only(self, path: FilePath, row: int):
        def only(name: str) -> TrueVariable:
            meant = list(self._meant[name])
            if len(meant) > 1:
                refuse((*path, row, name), several(name, [self.called(one) for one in meant]))
            return meant[0]

        return only


def _gives(dynamics, name: str) -> bool:
    return dynamics is not None and name in dynamics.first_outputs
