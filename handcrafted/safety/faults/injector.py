"""Changes of numbers as data, and faults of one shape put behind each other."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.edit import Edit
from handcrafted.model.layout import ATTENTION
from handcrafted.rollout.environment import Environment, world_of
from handcrafted.rollout.injection import (
    FOREVER,
    UNTRIGGERED,
    Entries,
    InjectedChange,
    Injection,
    PortChange,
    StateParts,
    nothing,
    untouched_ports,
)
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown

Shape = tuple[int, ...]
Numbers = Any
"""A number, or numbers that broadcast."""


def change(shape: Shape, at: Any, way: str, amount: Numbers) -> InjectedChange:
    """Return the change of some values: zero, stuck, bias, scale, invert, noise or flip."""
    found = nothing(*shape)
    if way in ("zero", "stuck"):
        found.keep[at] = 0
        found.add[at] = 0 if way == "zero" else amount
    elif way == "flip":
        found.flip[at] = np.uint32(1 << amount).astype(np.int32)
    elif way in ("scale", "invert"):
        found.keep[at] = -1 if way == "invert" else amount
    else:
        {"bias": found.add, "noise": found.noise}[way][at] = amount
    return found


def changed(value: np.float32, way: str, amount: Numbers) -> np.float32:
    """Return what becomes of one number of an array."""
    with np.errstate(over="ignore"):
        match way:
            case "zero":
                return np.float32(0)
            case "stuck":
                return np.float32(amount)
            case "bias":
                return value + np.float32(amount)
            case "scale":
                return value * np.float32(amount)
            case "invert":
                return -value
    bits = np.float32(value).view(np.uint32) ^ np.uint32(1 << amount)
    return bits.view(np.float32)


class Lengths(NamedTuple):
    """The longest of what faults of one shape may have in different length, so that all share one program.

    Attributes:
        entries: entries of arrays that have other values.
        told: steps for which ports are told what to add.
        late: steps by which what ports give comes late.
    """

    entries: int = 1
    told: int = 1
    late: int = 1

    def with_room_for(self, fault: Injection) -> Lengths:
        """Return lengths that do for one more fault."""
        ports = [port for port in (fault.inputs, fault.outputs) if port is not None]
        entries = len(fault.weights.places) if fault.weights else 1
        told, late = (len(port.told) for port in ports), (int(np.max(port.delay)) for port in ports)
        return Lengths(max(self.entries, entries), max([self.told, *told]), max([self.late, *late]))


def stacked(injections: Sequence[Injection], total: int, lengths: Lengths) -> Injection:
    """Put faults of one shape behind each other; what is of different length is filled up.

    Args:
        injections: at least one.
        total: how many entries all arrays have; a place there means none.
        lengths: that do for all of them.
    """
    if injections[0].weights is not None:
        fill = lambda one: Entries(
            np.pad(one.places, (0, lengths.entries - len(one.places)), constant_values=total),
            np.pad(one.values, (0, lengths.entries - len(one.values))),
        )
        injections = [one._replace(weights=fill(one.weights)) for one in injections]
    for name in ("inputs", "outputs"):
        if getattr(injections[0], name) is not None:
            injections = [one._replace(**{name: getattr(one, name).longer(lengths.told)}) for one in injections]
    return jax.tree.map(lambda *parts: np.stack(parts), *injections)


def at_rest(one: Injection) -> Injection:
    """Return a fault of the same shape that never begins."""
    return one._replace(onset=np.int32(FOREVER))


class Injector:
    """Turns the faults of one model into data.

    Attributes:
        worlds: the usual one, and one for each process parameter that is off its value.
    """

    def __init__(self, target: FaultTarget, steps: int, seed: int):
        self.target, self.steps, self.seed = target, steps, seed
        self.model, self.names, self.weights = target.model, target.names, target.weights
        self.sizes = self.weights.sizes
        self.worlds: list[Environment] = [world_of(self.model.structure)]
        self._numbers: dict[tuple, int] = {}
        self._starts: dict[str, int] = {}
        total = 0
        for name, array in self.weights.items():
            self._starts[name] = total
            total += array.size
        self.total = total

    def common(self, onset: int, steps: int | None, trigger: int, noise: str) -> Injection:
        """Return a fault that changes nothing, with its time; `noise` seeds its draws, an empty text draws none."""
        rng = np.random.default_rng([self.seed, zlib.crc32(noise.encode())])
        draws = rng.normal(size=self.steps) if noise else np.zeros(self.steps)
        begin, count = np.int32(onset), np.int32(steps or FOREVER)
        return Injection(begin, count, np.int32(trigger), draws.astype(np.float32))

    def blank(self, shapes: Sequence[Injection]) -> Injection:
        """Return a fault that changes nothing, with everything that any of some faults has."""
        size, memory = self.sizes, self.memory()
        stream, deep = (size["d_model"],), (size["layer"], size["d_model"])
        whole = Injection(
            np.int32(FOREVER), np.int32(0), np.int32(UNTRIGGERED), np.zeros(self.steps, np.float32),
            weights=Entries(np.array([self.total], np.int32), np.zeros(1, np.float32)),
            edit=Edit(
                nothing(*stream), nothing(*deep), nothing(*deep),
                nothing(size["layer"], size["head"], size["d_head"]), nothing(size["layer"], size["d_mlp"]),
            ),
            state=StateParts(*(nothing(*shape) for shape in memory.values())),
            stale=StateParts(*(still(shape) for shape in memory.values())),
            inputs=untouched_ports(len(self.names.inputs)),
            outputs=untouched_ports(len(self.names.outputs)),
            rates=self.rates(),
            shocks=nothing(len(self.worlds[0].processes)),
            variant=np.int32(0),
        )  # fmt: skip
        edits = [one.edit for one in shapes if one.edit is not None]
        return _common(whole, shapes)._replace(edit=_common(whole.edit, edits) if edits else None)

    def rates(self) -> dict[str, dict[str, InjectedChange]]:
        """Return changes of all processes that change nothing."""
        processes = self.worlds[0].processes.items()
        return {n: {key: nothing(*np.shape(value)) for key, value in p.initial.items()} for n, p in processes}

    def entries(self, common: Injection, new: dict[tuple[str, Shape], np.float32]) -> Injection:
        """Return array entries other values."""
        at = [self._starts[name] + int(np.ravel_multi_index(i, self.weights[name].shape)) for name, i in new]
        return common._replace(weights=Entries(np.array(at, np.int32), np.array([*new.values()], np.float32)))

    def array_of(self, place: int) -> str:
        """Return the array of an entry, by its place among all."""
        return next(name for name, start in reversed(self._starts.items()) if start <= place)

    def value(self, entry: tuple[str, Shape]) -> np.float32:
        """Return what stands at an entry."""
        return self.weights[entry[0]][entry[1]]

    def subspace(self, common: Injection, mode: str, signal: Signal, amount: Numbers) -> Injection:
        """Change a subspace where it is written: at the start of the step, by heads or by neurons."""
        at, place = self.names.find(signal), next((p for p in self.model.layout if p.writes == signal), None)
        layers, width = self.sizes["layer"], self.sizes["d_model"]
        edit = Edit(embed=nothing(width), mid=nothing(layers, width), post=nothing(layers, width))
        if place is None:
            return common._replace(edit=edit._replace(embed=change((width,), at, mode, amount)))
        new = change((layers, width), (place.layer, at), mode, amount)
        return common._replace(edit=edit._replace(**{"mid" if place.part == ATTENTION else "post": new}))

    def memory(self) -> dict[str, Shape]:
        """Return the shapes of what the network remembers, by part."""
        size = self.sizes
        ring = size["layer"], self.model.window - 1, size["head"], size["d_head"]
        return {"carry": (size["d_model"],), "keys": ring, "values": ring}

    def state(self, common: Injection, mode: str, amount: Numbers, part: str, at: Any) -> Injection:
        """Change what the network remembers, or hold it."""
        shapes = self.memory()
        if mode == "hold":
            held = {name: still(shape) for name, shape in shapes.items()}
            held[part][at] = True
            return common._replace(stale=StateParts(**held))
        parts = {name: nothing(*shape) for name, shape in shapes.items()}
        return common._replace(state=StateParts(**{**parts, part: change(shapes[part], at, mode, amount)}))

    def port(self, mode: str, amount: Numbers, signal: Signal, other: Signal | None, listed: Mapping) -> PortChange:
        """Change the numbers of a signal that enters or leaves the network.

        Args:
            mode: how it fails.
            amount: how much.
            signal: which.
            other: what it is swapped with.
            listed: the positions of all signals that enter, or that leave.
        """
        at, domain, width = listed[signal], self.names.domain(signal), sum(map(len, listed.values()))
        found = untouched_ports(width)
        match mode:
            case "hold":
                found.held[at] = True
            case "delay":
                found.late[at] = True
                return found._replace(delay=np.int32(amount))
            case "swap":
                found.source[at], found.source[listed[other]] = listed[other], at
            case "spoof":
                told = np.zeros((len(amount), width), np.float32)
                told[:, at] = [domain.encode(value) for value in amount]
                return found._replace(change=change((width,), at, "zero", None), told=told)
            case "stuck":
                return found._replace(change=change((width,), at, "stuck", domain.encode(amount)))
            case _:
                return found._replace(change=change((width,), at, mode, amount))
        return found

    def variant(self, owner: str, name: str, value: float) -> int:
        """Return the number of the world in which a process has another parameter."""
        key = owner, name, value
        if key not in self._numbers:
            self._numbers[key] = len(self.worlds)
            self.worlds.append(world_of(_with_parameter(self.model.structure, owner, name, value)))
        return self._numbers[key]


def _with_parameter(structure: ControlStructure, owner: str, name: str, value: float) -> ControlStructure:
    """The structure whose process has another parameter; `inputs.heat` is the one called heat among the inputs."""
    data = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    place, whole = data["components"][owner]["dynamics"], structure.components[owner].dynamics
    *outer, last = name.split(".")
    known = _numbers_of(whole.model_dump(mode="json", by_alias=True) if whole else {})
    if name not in known:
        raise HandcraftedError(
            f"Expected a number among the dynamics of {owner}, got {shown(name)}.{nearest(name, known)}"
        )
    for key in outer:
        place = place[key]
    place[last] = value
    try:
        return ControlStructure.model_validate(data)
    except ValueError as error:
        raise HandcraftedError(f"Expected a value that {name} of {owner} can have, got {value:g}: {error}") from None


def _numbers_of(data: dict, before: str = "") -> list[str]:
    found = []
    for key, value in data.items():
        if isinstance(value, dict):
            found += _numbers_of(value, f"{before}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append(f"{before}{key}")
    return found


def still(shape: Shape) -> np.ndarray:
    """Return booleans that hold nothing of a part of the state; of rings one for each head."""
    return np.zeros((shape[0], 1, shape[2], 1) if len(shape) > 1 else shape, bool)


def _common(whole: Any, shapes: Sequence[Any]) -> Any:
    """Leave out of a tuple what is None in all of some others."""
    return type(whole)(*(
        None if all(one[i] is None for one in shapes) else part for i, part in enumerate(whole)
    ))  # fmt: skip
