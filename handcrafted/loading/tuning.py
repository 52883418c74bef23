"""The parameters of a structure's laws by what they mean, and the same structure with one of them changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from handcrafted.control.entries import LawEntry
from handcrafted.control.parts import to_key
from handcrafted.control.resolved import LawInstance, Read, ResolvedController
from handcrafted.laws.law import law_of
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.namer import unique
from handcrafted.text.diagnostics import FilePath, HandcraftedError, sentence

Setting = float | int | str
"""What a parameter can be."""


@dataclass(frozen=True)
class ParameterRef:
    """One number or word that a law depends on.

    Attributes:
        name: what it means: the controller, what is decided or believed, and the parameter, such as
            `thermostat.heat.on_below`.
        value: what it is now.
        unit: in which unit; None for pure numbers and words.
        path: where the file says it.
        choices: the words that it may be; for what a number starts from, the ends of its range.
    """

    name: str
    value: Setting
    unit: str | None
    path: FilePath
    choices: tuple[Setting, ...] = ()


def knobs(structure: ControlStructure) -> dict[str, ParameterRef]:
    """List every parameter of every declared law by its name; the thresholds of tables are among them.

    Names that become the same, as `a b` and `a_b` do, are numbered.
    """
    found: dict[str, ParameterRef] = {}
    for controller in structure.resolved.controllers.values():
        for knob in _of(structure, controller):
            name = unique(knob.name, found)
            found[name] = replace(knob, name=name)
    return found


def _of(structure: ControlStructure, controller: ResolvedController) -> Iterator[ParameterRef]:
    component = structure.components[controller.name]
    decided = {entry.name for entry in controller.entries}
    for part, declared, where in (
        *((v, component.process_model.get(v.name), "process model") for v in controller.variables),
        *((e, e.declared, "control algorithm") for e in controller.entries),
    ):
        if declared is None or declared.law is None:
            continue
        plain = where == "control algorithm" or part.name not in decided
        owner = (controller.name,) if plain else (controller.name, where)
        for path, value in _leaves(part.task, declared):
            named = path[1:] if path[0] == "parameters" else path
            unit = unit_of(structure.time_step.unit, part.task, path)
            name = ".".join(str(word).replace(" ", "_") for word in (*owner, part.name, *named))
            at = ("components", controller.name, where, part.name, *path)
            domain = part.task.domain
            begins = path in (("initial",), ("safe",))
            words = domain.values if begins or isinstance(value, str) else ()
            yield ParameterRef(name, value, unit, at, words or ((domain.low, domain.high) if begins else ()))


def _leaves(task: LawInstance, declared: LawEntry) -> Iterator[tuple[FilePath, Setting]]:
    """Return every number and word of a law's parameters, of its table, and of what it starts from, with its path."""
    given = law_of(task).completed(task.domain)
    for field in type(given).model_fields:
        yield from _inside(("parameters", to_key(field)), getattr(given, field))
    where = "permit" if task.law == "guard" else "when"
    for k, row in enumerate(declared.tests or ()):
        for variable, test in row.items():
            for field, value in test if not isinstance(test, tuple) else ():
                yield from _inside((where, k, variable, to_key(field)), value)
    if task.safe is not None:
        yield ("safe",), task.safe
    if task.memory and not isinstance(task.memory.initial, tuple):
        initial = getattr(declared, "initial", None)
        yield ("initial",), task.memory.initial if initial is None else initial


def _inside(path: FilePath, value: Any) -> Iterator[tuple[FilePath, Setting]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _inside((*path, key), item)
    elif isinstance(value, tuple):
        for k, item in enumerate(value):
            yield from _inside((*path, k), item)
    elif value is not None and not (isinstance(value, str) and len(path) > 2):
        yield path, value


def tuned(structure: ControlStructure, knob: ParameterRef, value: Setting) -> ControlStructure:
    """Return the structure with one parameter changed, checked like a file.

    Raises:
        HandcraftedError: naming the parameter, what it got and what would be valid.
    """
    data = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    place: Any = data
    for word in knob.path[:-1]:
        place = place[word] if isinstance(word, int) else place.setdefault(word, {})
    place[knob.path[-1]] = value
    try:
        changed = ControlStructure.model_validate(data)
        return changed
    except ValidationError as error:
        raise HandcraftedError(f"{knob.name}: {sentence(error.errors()[0], knob.path[-1:], ())}", knob.path) from None
    except HandcraftedError as error:
        raise HandcraftedError(f"{knob.name}: {error}", knob.path) from None


TIME = "steps"
"""The unit of time of a structure that names none: one step then lasts one."""


def unit_of(time: str | None, task: LawInstance, path: FilePath) -> str | None:
    """Return the unit of the parameter at a path in a law, such as `kW/degC/s`; None for a pure number.

    Args:
        time: the structure's unit of time.
        task: the law.
        path: below the law: `parameters` and its key, or `when` or `permit`, the row, the variable, the bound.
    """
    by_name = {read.name: read for read in task.reads}
    if path[0] in ("when", "permit"):
        return by_name[str(path[2])].domain.unit
    if path in (("initial",), ("safe",)):
        return task.domain.unit
    key = str(path[1]).replace(" ", "_")
    written = law_of(task).units.get(key, "")
    if isinstance(written, tuple):
        written = written[int(path[-1])]
    return _spelled(written, time or TIME, task, by_name.get(str(path[-1])))


def _spelled(written: str, time: str, task: LawInstance, named: Read | None) -> str | None:
    """Put units for the words `read`, `output` and `time`; those without one stay out."""
    read = named or (task.reads[0] if task.reads else None)
    known = {"read": read.domain.unit if read else None, "output": task.domain.unit, "time": time, "steps": "steps"}
    above, below = [], []
    for sign, word in re.findall(r"([*/]?)\s*(\w+)", written):
        if unit := known[word]:
            (below if sign == "/" else above).append(unit)
    for unit in [unit for unit in above if unit in below]:
        above.remove(unit)
        below.remove(unit)
    if len(above) + len(below) > 1 or below:
        above, below = ([f"({unit})" if "/" in unit else unit for unit in units] for units in (above, below))
    return "/".join(["*".join(above) or "1", *below]) if above or below else None
