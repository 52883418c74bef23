"""A model from a folder: assembled from its structure, with the arrays that were saved beside it."""

from __future__ import annotations

from pathlib import Path

from handcrafted.craft.assemble import assemble
from handcrafted.model.saved import read_arrays, read_header
from handcrafted.model.transformer import Transformer


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
    header = read_header(folder)
    model = assemble(header.structure)
    model.change(read_arrays(header, model.weights.sizes))
    model.history.forget()
    return model
