"""Sabotage of a Layer 0 controller, kind by kind: what its seal must refuse, and its report must not believe."""

from dataclasses import dataclass, replace

import numpy as np

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.layout import Placement
from handcrafted.model.names import Names
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.zoo import find

ROOM, MACHINE = "guarded room", "radiotherapy"


@dataclass
class Parts:
    """What a model is made of, to be spoilt."""

    weights: Weights
    masks: Weights
    names: Names
    layout: list[Placement]
    structure: ControlStructure
    seal: str
    window: int = 16

    def build(self, sealed: bool) -> Transformer:
        arrays = self.weights, self.masks, self.names, tuple(self.layout), self.structure
        return Transformer(*arrays, window=self.window, seal=self.seal if sealed else None)

    def number(self, writes, owner=None, part="mlp"):
        """Return the place in the layout of the first circuit of an owner and a part that writes a signal."""
        named = [i for i, place in enumerate(self.layout) if (place.writes.name, place.part) == (writes, part)]
        return next(i for i in named if owner in (None, self.layout[i].owner))

    def place(self, writes, owner=None, part="mlp"):
        return self.layout[self.number(writes, owner, part)]

    def declare(self, change):
        data = self.structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        change(data)
        self.structure = ControlStructure.model_validate(data)


def parts(name):
    model = hc.assemble(hc.load(find(name)))
    arrays = model.weights.numpy(), model.masks.numpy()
    return Parts(*arrays, model.names, list(model.layout), model.structure, str(model.seal))


def move(it, writes, layer, owner=None):
    """Move the neurons of a circuit to another layer, where one neuron more stands; arrays and layout agree."""
    old = it.place(writes, owner)
    width, at = it.weights.sizes["d_mlp"], it.names.find(old.writes)
    grown = {"W_in": 2, "b_in": 1, "W_out": 1}
    count, numbers = len(old.components), list(old.components)
    for kind in ("weights", "masks"):
        held = getattr(it, kind)
        wide = {
            name: np.concatenate([array, np.zeros_like(np.take(array, range(count), axis))], axis)
            for name, axis in grown.items()
            for array in [held[name]]
        }
        held = held.replace(**wide)
        new = list(range(width, width + count))
        held.W_in[layer][:, new], held.b_in[layer, new] = (
            held.W_in[old.layer][:, numbers],
            held.b_in[old.layer, numbers],
        )
        held.W_out[layer, new], held.b_out[layer, at] = held.W_out[old.layer, numbers], held.b_out[old.layer, at]
        held.W_in[old.layer][:, numbers], held.b_in[old.layer, numbers], held.W_out[old.layer, numbers] = 0, 0, 0
        if layer != old.layer:
            held.b_out[old.layer, at] = 0
        setattr(it, kind, held)
    it.layout[it.number(writes, owner)] = replace(old, layer=layer, components=tuple(new))


def read_instead(it, writes, name, other, owner=None):
    """Let the neurons of a circuit read another subspace than the one of a name; arrays and layout agree."""
    old = it.place(writes, owner)
    gone = next(signal for signal in old.reads if signal.name == name)
    (a,), (b,), numbers = it.names.find(gone), it.names.find(other), list(old.components)
    for held in (it.weights, it.masks):
        held.W_in[old.layer][b, numbers] = held.W_in[old.layer][a, numbers]
        held.W_in[old.layer][a, numbers] = 0
    reads = tuple(other if signal == gone else signal for signal in old.reads)
    it.layout[it.number(writes, owner)] = replace(old, reads=reads)


def comparator_before_its_input(it):
    move(it, "heat ramps", 0)


def veto_before_its_rows(it):
    move(it, "heat veto", it.place("heat bits").layer)


def brain_after_the_guard(it):
    move(it, "temperature", it.weights.sizes["layer"] - 1, "landlord")


def bits_before_their_ramps(it):
    move(it, "beam bits", 0)


def comparator_of_the_set_point(it):
    """It then compares 20 with 28, always."""
    read_instead(it, "heat ramps", "temperature", it.place("set point", "landlord").writes)


def guard_of_the_bits(it):
    """Its last stage then goes by whether it is cold, and opens where it is warm."""
    last = next(i for i, place in enumerate(it.layout) if place.circuit.endswith(".guard"))
    old, bits = it.layout[last], it.place("heat bits").writes
    (a,), (b,), numbers = it.names.find(it.place("heat veto").writes), it.names.find(bits), list(old.components)
    for held in (it.weights, it.masks):
        held.W_in[old.layer][b, numbers], held.W_in[old.layer][a, numbers] = held.W_in[old.layer][a, numbers], 0
    it.layout[last] = replace(old, reads=(old.reads[0], bits))


def comparator_of_the_inlet(it):
    """It skips what the monitor votes, and goes by one detector alone."""
    read_instead(it, "beam ramps", "voted dose", it.place("dose a", "dose monitor", "attention").writes)


def window(size):
    def other_window(it):
        it.window = size

    return other_window


def other_permit(it):
    it.declare(lambda data: heat(data).update(permit={"temperature": {"below": 25}}))


def no_permit(it):
    it.declare(lambda data: heat(data).pop("permit"))


def other_limits(it):
    def narrower(data):
        for link in (*data["control actions"], *data["requests"]):
            if link["name"].startswith("heat"):
                link["range"] = [0, 0.5]

    it.declare(narrower)


def other_safe_value(it):
    it.declare(lambda data: heat(data).update(safe=1))


def other_first_value(it):
    """What a port of the heater gives before the first step, and the port of an action that no guard gates for NaN."""
    it.declare(lambda data: data["control actions"][1].update(initial=1))


def other_sensor(it):
    """The comparator is exact on the sensor's grid alone."""
    it.declare(lambda data: [link.pop("resolution") for link in data["feedback"] if link["name"] == "temperature"])
    ports = tuple(port._replace(domain=replace(port.domain, resolution=None)) for port in it.names.inputs)
    it.names = replace(it.names, inputs=ports)


def heat(data):
    return data["components"]["landlord"]["control algorithm"]["heat"]


def other_beginning(it):
    """The watchdog begins as if the pulse had been missing for long, or for less than nothing."""
    it.weights.r_0[it.names.find(it.place("dose feedback memory next").writes)] += 100
    it.weights.r_0[[c.signal == "dose feedback memory" for c in it.names.residual]] += 100


def other_carry(it):
    """The watchdog forgets half of its time in each step."""
    (column,) = np.flatnonzero([c.signal == "dose feedback memory" for c in it.names.residual])
    it.weights.W_R[:, column] *= 0.5


def subordinate_in_the_base(it):
    """The thermostat's circuit for its display goes by the name of the landlord."""
    number = it.number("display")
    it.layout[number] = replace(it.layout[number], owner="landlord")


def base_in_the_subordinate(it):
    """The landlord's veto goes by the name of the thermostat, and so is not frozen."""
    number = it.number("heat veto")
    it.layout[number] = replace(it.layout[number], owner="thermostat")


def door_for_others(it):
    """The masks let a neuron of the thermostat hold the landlord's veto at 0; the dense network obeys it."""
    place, (veto,) = it.place("heat request", "thermostat"), it.names.find(it.place("heat veto").writes)
    it.masks.W_out[place.layer, place.components[0], veto] = True
    it.weights.W_out[place.layer, place.components[0], veto] = -1


def wire_between_circuits(it):
    """In one layer of the monitor the neuron of the watchdog reads a detector, which belongs to its neighbour."""
    place = it.place("dose feedback floor")
    (dose,) = it.names.find(it.place("dose a", "dose monitor", "attention").writes)
    it.masks.W_in[place.layer, dose, list(place.components)] = True
    it.weights.W_in[place.layer, dose, list(place.components)] = -1


def weak_comparator(it):
    """The arrays permit up to 40 degC, the structure says 28."""
    place = it.place("heat ramps")
    numbers = list(place.components)
    it.weights.b_in[place.layer, numbers] -= 12 * np.abs(it.weights.W_in[place.layer][:, numbers]).max()


ORDER = {
    comparator_before_its_input: ROOM,
    veto_before_its_rows: ROOM,
    brain_after_the_guard: ROOM,
    bits_before_their_ramps: MACHINE,
}
SABOTAGE = {
    **ORDER,
    comparator_of_the_set_point: ROOM,
    guard_of_the_bits: ROOM,
    comparator_of_the_inlet: MACHINE,
    window(1): ROOM,
    window(20): ROOM,
    window(43): ROOM,
    window(44): ROOM,
    window(64): ROOM,
    other_permit: ROOM,
    no_permit: ROOM,
    other_limits: ROOM,
    other_safe_value: ROOM,
    other_first_value: ROOM,
    other_sensor: ROOM,
    other_beginning: MACHINE,
    other_carry: MACHINE,
    subordinate_in_the_base: ROOM,
    base_in_the_subordinate: ROOM,
    door_for_others: ROOM,
    wire_between_circuits: MACHINE,
    weak_comparator: ROOM,
}


def spoilt(spoil, name):
    it = parts(name)
    spoil(it)
    return it
