"""The panel in a notebook: it draws what the workbench says, and passes on what is clicked and typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from handcrafted.view.editor.workbench import Workbench

SHOWN = ("message", "log", "selection", "loop", "diagram")
"""What is sent to the browser, what is quickest first."""

HERE = Path(__file__).parent


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

    def __repr__(self) -> str:
        model = self.workbench.model
        return f"Panel of {model.structure.name} ({len(model.history.done)} changes); it shows where widgets do"
