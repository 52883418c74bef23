"""The way into the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handcrafted.control.numbers import real
from handcrafted.model.transformer import Transformer
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.view.editor.experiment import Experiment

if TYPE_CHECKING:
    from handcrafted.view.editor.widget import Panel


def panel(model: Transformer, **experiment: Any) -> Panel:
    """Open the panel: diagram, parameters and weights of what is selected, closed loop before and after, change log.

        hc.panel(model, steps=200, initial={"room.temperature": 12})

    Args:
        model: it is edited in place; edits from other cells show up in the panel.
        **experiment: what the closed loop starts from: `steps`, `initial`, `inputs`, `disturbance` (a number; left out,
            it is drawn as declared) and `seed`, as in `simulate`.

    Raises:
        HandcraftedError: if the experiment does not fit the model.

    Example:
        >>> hc.panel(hc.assemble(hc.load(find("heated room"))), steps=50)
        Panel of heated room...
    """
    from handcrafted.view.editor.widget import Panel  # brings ipywidgets, which nothing else needs
    from handcrafted.view.editor.workbench import Workbench

    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    unknown = sorted(set(experiment) - {"steps", "initial", "inputs", "disturbance", "seed"})
    if unknown:
        raise HandcraftedError(
            f"Expected steps, initial, inputs, disturbance or seed, got {unknown[0]}. Leave it out, or rename it."
        )
    for name in ("initial", "inputs"):
        must_be(experiment.get(name, {}), dict, f"a dictionary as `{name}`")
    if (steady := experiment.get("disturbance")) is not None:
        experiment["disturbance"] = real("a disturbance", steady)
    chosen = Experiment(**experiment)
    chosen.run(model)
    return Panel(Workbench(model, chosen))
