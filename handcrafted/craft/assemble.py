"""Assemble a model: a network that is run, edited and saved; from a structure, or from a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from handcrafted.components.circuit import Circuit
from handcrafted.craft.build import Builder, build
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.saved import saved_model
from handcrafted.model.transformer import Transformer
from handcrafted.text.diagnostics import all_are, must_be


def assemble(structure: ControlStructure, circuits: Iterable[Circuit] | None = None) -> Transformer:
    """Set the weights of a transformer by hand, so that it implements a control structure.

    Args:
        structure: what is intended.
        circuits: the circuits to use; None builds those that the structure's laws name.

    Raises:
        HandcraftedError: if circuits contradict each other, form an algebraic loop, break the access policy, or do not
            fit what they read and write, or if the arrays would be larger than any usual machine's memory.

    Example:
        >>> print(hc.assemble(hc.load(find("train door"))).report().title)
        train door: ...
    """
    must_be(structure, ControlStructure, "a control structure, as `hc.load` gives it")
    given = None if circuits is None else tuple(all_are(circuits, Circuit, "circuits"))
    made = build(structure, given)
    parts = made.weights, made.masks, made.names, made.layout, structure
    return Transformer(*parts, rebuild=Builder() if given is None else None)


def load_model(folder: str | Path) -> Transformer:
    """Read a model that `model.save(folder)` wrote; its history begins anew.

    Raises:
        HandcraftedError: if a file is missing, damaged or hostile, if arrays and structure do not belong together, or
            if the Layer 0 controller is not the one that the structure makes.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> folder_of_model = model.save(folder / "thermostat")
        >>> hc.diff(model, hc.load_model(folder_of_model))
        no difference
    """
    with saved_model(folder) as saved:
        model = assemble(saved.structure)
        model.change(saved.arrays(model.weights.sizes))
    model.history.forget()
    return model
