"""From faults to data: the arrays that the faulted closed loop takes, a function per kind of place."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.component import HEAD, parse
from handcrafted.model.edit import Edit
from handcrafted.model.entry import parse_entry
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.injection import (
    FOREVER,
    UNTRIGGERED,
    Entries,
    InjectedChange,
    Injection,
    PortChange,
    StateParts,
)
from handcrafted.rollout.world import Environment, world_of
from handcrafted.safety.faults.changes import Numbers, Shape, change, changed, nothing
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.place import Places
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown


class Injector:
    """Turns the faults of one model into data.

    Attributes:
        worlds: the usual one, and one for each process parameter that is off its value.
    """

    def __init__(self, model: Transformer, places: Places, steps: int, seed: int):
        self.model, self.places, self.steps, self.seed = model, places, steps, seed
        self.weights, self.names = model.effective_weights.numpy(), model.names
        self.sizes = self.weights.sizes
        self.worlds: list[Environment] = [world_of(model.structure)]
        self._numbers: dict[tuple, int] = {}
        self._starts: dict[str, int] = {}
        total = 0
        for name, array in self.weights.items():
            self._starts[name] = total
            total += array.size
        self.total = total

    def injection(self, fault: Fault, trigger: int = UNTRIGGERED) -> Injection:
        """Give one fault as data.

        Raises:
            HandcraftedError: if a process has no such parameter, or a link cannot be delayed so far.
        """
        rng = np.random.default_rng([self.seed, zlib.crc32(str(fault).encode())])
        noisy = fault.way == "noise"
        draws = rng.normal(size=self.steps) if noisy else np.zeros(self.steps)
        begin, steps = np.int32(fault.onset), np.int32(fault.steps or FOREVER)
        common = Injection(begin, steps, np.int32(trigger), draws.astype(np.float32))
        return getattr(self, f"_{fault.place.kind}")(common, fault)

    def blank(self, shapes: Sequence[Injection]) -> Injection:
        """Give a fault that changes nothing, with everything that any of some faults has."""
        size, memory = self.sizes, self._memory()
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
            inputs=self._ports(len(self.names.inputs)),
            outputs=self._ports(len(self.names.outputs)),
            rates=self._rates(),
            shocks=nothing(len(self.worlds[0].processes)),
            variant=np.int32(0),
        )  # fmt: skip
        edits = [one.edit for one in shapes if one.edit is not None]
        return _common(whole, shapes)._replace(edit=_common(whole.edit, edits) if edits else None)

    def _rates(self) -> dict[str, dict[str, InjectedChange]]:
        processes = self.worlds[0].processes.items()
        return {n: {key: nothing(*np.shape(value)) for key, value in p.initial.items()} for n, p in processes}

    def _weight(self, common: Injection, fault: Fault) -> Injection:
        first = parse_entry(fault.place.name, self.weights)
        if fault.way == "swap":
            other = parse_entry(str(fault.amount), self.weights)
            return self._entries(common, {first: self._value(other), other: self._value(first)})
        return self._entries(common, {first: changed(self._value(first), fault.way, fault.amount)})

    def _entries(self, common: Injection, new: dict[tuple[str, Shape], np.float32]) -> Injection:
        at = [self._starts[name] + int(np.ravel_multi_index(i, self.weights[name].shape)) for name, i in new]
        return common._replace(weights=Entries(np.array(at, np.int32), np.array([*new.values()], np.float32)))

    def _value(self, entry: tuple[str, Shape]) -> np.float32:
        return self.weights[entry[0]][entry[1]]

    def _activation(self, common: Injection, fault: Fault) -> Injection:
        size = self.sizes
        if (signal := self.places.signals("activation").get(fault.place.name)) is not None:
            return self._subspace(common, fault, signal, fault.amount)
        found = parse(fault.place.name, self.weights)
        at = found.layer, found.index
        if found.kind == HEAD:
            shape = size["layer"], size["head"], size["d_head"]
            return common._replace(edit=Edit(heads=change(shape, at, fault.way, fault.amount)))
        return common._replace(edit=Edit(neurons=change((size["layer"], size["d_mlp"]), at, fault.way, fault.amount)))

    def _subspace(self, common: Injection, fault: Fault, signal: Signal, amount: Numbers) -> Injection:
        """Change a subspace where it is written: at the start of the step, by heads or by neurons."""
        at, place = self.names.find(signal), next((p for p in self.model.layout if p.writes == signal), None)
        layers, width = self.sizes["layer"], self.sizes["d_model"]
        edit = Edit(embed=nothing(width), mid=nothing(layers, width), post=nothing(layers, width))
        if place is None:
            return common._replace(edit=edit._replace(embed=change((width,), at, fault.way, amount)))
        new = change((layers, width), (place.layer, at), fault.way, amount)
        return common._replace(edit=edit._replace(**{"mid" if place.part == "attention" else "post": new}))

    def _link(self, common: Injection, fault: Fault) -> Injection:
        link = self.places.link(fault.place.name)
        assert link.received and link.port
        if fault.way == "delay":
            return self._delayed_link(common, link.received, int(fault.amount))
        if fault.way == "swap":
            return self._swapped_links(common, fault)
        stuck = fault.way == "stuck" and link.domain.discrete
        amount = link.domain.encode(str(fault.amount)) if stuck else fault.amount
        return self._subspace(common, fault, link.received, amount)

    def _head_of(self, received: Signal) -> tuple[int, int]:
        place = next(place for place in self.model.layout if place.writes == received)
        return place.layer, place.components[0]

    def _delayed_link(self, common: Injection, received: Signal, steps: int) -> Injection:
        """Let the head of a link look back: its query turned by a radian per step."""
        if steps >= self.model.window:
            raise HandcraftedError(
                f"Expected a link at most {self.model.window - 1} steps late, got {steps}: its head sees no farther. "
                "Delay the sensor instead."
            )
        at = self._head_of(received)
        size = np.hypot(*self.weights.b_Q[at][:2])
        query = np.float32(size * np.cos(steps)), np.float32(-size * np.sin(steps))
        return self._entries(common, {("b_Q", (*at, i)): query[i] for i in (0, 1)})

    def _swapped_links(self, common: Injection, fault: Fault) -> Injection:
        """Let two heads read each what is meant for the other."""
        links = [self.places.link(name) for name in (fault.place.name, str(fault.amount))]
        w, new = self.weights, {}
        for mine, other in (links, links[::-1]):
            assert mine.received and mine.port and other.port
            at = self._head_of(mine.received)
            old, instead = self.names.find(mine.port), self.names.find(other.port)
            values = w.W_V[at][old].copy()
            for row, line in zip(old, values, strict=True):
                new |= {("W_V", (*at, int(row), i)): np.float32(0) for i in range(len(line))}
            for row, line in zip(instead, values, strict=True):
                new |= {("W_V", (*at, int(row), i)): value for i, value in enumerate(line)}
        return self._entries(common, new)

    def _memory(self) -> dict[str, Shape]:
        size = self.sizes
        ring = size["layer"], self.model.window - 1, size["head"], size["d_head"]
        return {"carry": (size["d_model"],), "keys": ring, "values": ring}

    def _state(self, common: Injection, fault: Fault, part: str, at: Any) -> Injection:
        """Change what the network remembers, or hold it."""
        shapes = self._memory()
        if fault.way == "hold":
            held = {name: still(shape) for name, shape in shapes.items()}
            held[part][at] = True
            return common._replace(stale=StateParts(**held))
        parts = {name: nothing(*shape) for name, shape in shapes.items()}
        return common._replace(state=StateParts(**{**parts, part: change(shapes[part], at, fault.way, fault.amount)}))

    def _history(self, common: Injection, fault: Fault) -> Injection:
        name, part = fault.place.name.split()
        head = parse(name, self.weights)
        return self._state(common, fault, part, (head.layer, slice(None), head.index))

    def _recurrence(self, common: Injection, fault: Fault) -> Injection:
        at = self.names.find(self.places.signals("recurrence")[fault.place.name])
        return self._state(common, fault, "carry", at)

    def _network(self, common: Injection, fault: Fault) -> Injection:
        held = self._ports(len(self.names.outputs))
        held.held[:] = True
        return common._replace(outputs=held, stale=StateParts(*(~still(shape) for shape in self._memory().values())))

    def _sensor(self, common: Injection, fault: Fault) -> Injection:
        return common._replace(inputs=self._port(fault, self.names.input_signals, "sensor"))

    def _actuator(self, common: Injection, fault: Fault) -> Injection:
        return common._replace(outputs=self._port(fault, self.names.output_signals, "actuator"))

    def _ports(self, width: int) -> PortChange:
        no = np.zeros(width, bool)
        told = np.zeros((1, width), np.float32)
        return PortChange(nothing(width), told, np.arange(width), no, np.int32(1), no.copy())

    def _port(self, fault: Fault, listed: Any, kind: str) -> PortChange:
        signal = self.places.signals(kind)[fault.place.name]
        at, domain, amount = listed[signal], self.names.domain(signal), fault.amount
        width = sum(map(len, listed.values()))
        found = self._ports(width)
        match fault.way:
            case "hold":
                found.held[at] = True
            case "delay":
                found.late[at] = True
                return found._replace(delay=np.int32(amount))
            case "swap":
                other = listed[self.places.signals(kind)[str(amount)]]
                found.source[at], found.source[other] = other, at
            case "spoof":
                assert isinstance(amount, tuple)
                told = np.zeros((len(amount), width), np.float32)
                told[:, at] = [domain.encode(value) for value in amount]
                return found._replace(change=change((width,), at, "zero", None), told=told)
            case "stuck":
                return found._replace(change=change((width,), at, "stuck", domain.encode(amount)))
            case way:
                return found._replace(change=change((width,), at, way, amount))
        return found

    def _process(self, common: Injection, fault: Fault) -> Injection:
        owner = fault.place.name
        if fault.way == "parameter":
            assert isinstance(fault.amount, tuple)
            return common._replace(variant=np.int32(self._variant(owner, *fault.amount)))
        owners = list(self.worlds[0].processes)
        if fault.way == "disturbance":
            return common._replace(shocks=change((len(owners),), owners.index(owner), "stuck", fault.amount))
        rates = self._rates()
        rates[owner] = {
            key: change(np.shape(value), ..., fault.way, fault.amount)
            for key, value in self.worlds[0].processes[owner].initial.items()
        }
        return common._replace(rates=rates)

    def _variant(self, owner: str, name: str, value: float) -> int:
        """Give the number of the world in which a process has another parameter."""
        key = owner, name, value
        if key not in self._numbers:
            self._numbers[key] = len(self.worlds)
            self.worlds.append(world_of(_with_parameter(self.model.structure, owner, name, value)))
        return self._numbers[key]


def _with_parameter(structure: ControlStructure, owner: str, name: str, value: float) -> ControlStructure:
    """Give the structure whose process has another parameter; `inputs.heat` is the one called heat among the inputs."""
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
    """Give booleans that hold nothing of a part of the state; of rings one for each head."""
    return np.zeros((shape[0], 1, shape[2], 1) if len(shape) > 1 else shape, bool)


def _common(whole: Any, shapes: Sequence[Any]) -> Any:
    """Leave out of a tuple what is None in all of some others."""
    return type(whole)(*(
        None if all(one[i] is None for one in shapes) else part for i, part in enumerate(whole)
    ))  # fmt: skip
