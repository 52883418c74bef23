"""The panel in a notebook: it draws what the workbench says, and passes on what is clicked and typed."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from handcrafted.control.numbers import real
from handcrafted.model.transformer import Transformer
from handcrafted.proofs.proof import Proof
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.view.editor.experiment import Experiment
from handcrafted.view.editor.workbench import Workbench

SHOWN = ("message", "log", "selection", "loop", "diagram")
"""What is sent to the browser, what is quickest first."""

HERE = Path(__file__).parent


QUIET = 1.5
"""Seconds without an edit before the picture behind the panel is renewed."""


class Nothing(anywidget.AnyWidget):
    """A widget that shows nothing, in place of what is meant for pages without widgets."""

    _esm = "export default { render() {} }"


class Panel(anywidget.AnyWidget):
    """A model to look at and to edit; `panel(model)` makes one.

    Attributes:
        workbench: what it shows, to be asked from Python.
    """

    _esm = HERE / "panel.js"
    _css = HERE / "panel.css"
    message = traitlets.Unicode("").tag(sync=True)
    log = traitlets.Dict().tag(sync=True)
    selection = traitlets.Dict().tag(sync=True)
    loop = traitlets.Dict().tag(sync=True)
    diagram = traitlets.Dict().tag(sync=True)
    count = traitlets.Int(0).tag(sync=True)

    def __init__(self, workbench: Workbench):
        super().__init__()
        self.workbench = workbench
        self._busy = False
        self._pictures: list[DisplayHandle] = []
        self._later: asyncio.TimerHandle | None = None
        self._nothing: Nothing | None = None
        self.on_msg(lambda _, content, buffers: self.handle(content))
        workbench.model.history.watchers.append(self._changed)
        self.refresh()

    def handle(self, command: Any) -> None:
        """Carry out a command of the browser, and show what came of it."""
        self._busy = True
        try:
            self.workbench.do(command)
        finally:
            self._busy = False
        self.refresh()
        self._renew_later()

    def refresh(self) -> None:
        """Show the model as it stands; needed only after arrays were set behind its back, as by `model.W_R[3, 2] = 0`.

        Each part is sent as soon as it is known.
        """
        for name in SHOWN:
            said = getattr(self.workbench, name)
            setattr(self, name, said() if callable(said) else said)
        self.count += 1

    def _changed(self) -> None:
        """Follow changes that come from elsewhere, such as another cell."""
        if not self._busy:
            self.workbench.message = ""
            self.refresh()
            self._renew()

    def _ipython_display_(self) -> None:
        """Show the widget, and behind it, where widgets are not shown, the diagram as it stands.

        The second output is renewed after each change, so that a notebook that is saved shows the last state.
        """
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        shown = {**data, "text/plain": f"Panel of {self.workbench.model.structure.name}"}
        display(shown, metadata=metadata, raw=True)
        if handle := display(self._picture(), raw=True, display_id=True):
            self._pictures.append(handle)

    def _picture(self) -> dict[str, Any]:
        """Return the diagram as it stands as an output: a page that shows widgets shows nothing of it."""
        self._nothing = self._nothing or Nothing()
        data, _ = self._nothing._repr_mimebundle_() or ({}, {})
        try:
            return {**data, "image/png": b64encode(self.workbench.picture()).decode(), "text/plain": repr(self)}
        except HandcraftedError as error:  # the model cannot be read as it stands
            return {**data, "text/plain": str(error)}

    def _renew(self) -> None:
        """Renew the pictures of the diagram."""
        self._later = None
        for handle in self._pictures:
            handle.update(self._picture(), raw=True)

    def _renew_later(self) -> None:
        """Renew them once no edit has come for a while: edits do not wait for pictures."""
        if not self._pictures:
            return
        if self._later is not None:
            self._later.cancel()
        try:
            self._later = asyncio.get_running_loop().call_later(QUIET, self._renew)
        except RuntimeError:  # not within a kernel
            self._renew()

    def __repr__(self) -> str:
        model, said = self.workbench.model, self.diagram
        verdict = "reproduced" if said.get("reproduced") else "not reproduced"
        return f"Panel of {model.structure.name} ({len(model.history.done)} changes): {verdict}"


def panel(model: Transformer, proofs: Sequence[Proof] = (), **experiment: Any) -> Panel:
    """Open the panel: diagram, parameters and weights of what is selected, closed loop before and after, change log.

        hc.panel(model, steps=200, initial={"room.temperature": 12})

    Args:
        model: it is edited in place; edits from other cells show up in the panel.
        proofs: of this model, as `hc.prove` gives them; after each edit it is said whether they still hold.
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
    must_be(proofs, Sequence, "a list of proofs as `proofs`")
    for proof in proofs:
        must_be(proof, Proof, "a proof, as `hc.prove` gives it")
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
    return Panel(Workbench(model, chosen, proofs))
