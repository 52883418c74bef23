"""What the panel shows and does, without a browser: the widget only passes messages on and draws what comes back."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.tuning import ParameterRef
from handcrafted.loading.zoom import Zoom
from handcrafted.model.base import base_of
from handcrafted.model.transformer import Transformer
from handcrafted.proofs.proof import Proof
from handcrafted.readout.recover import recover
from handcrafted.rollout.trace import Trace
from handcrafted.text import letters
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.verdict.compare import compare
from handcrafted.verdict.comparison import Comparison
from handcrafted.verdict.exact import ClaimMemory
from handcrafted.view.agreement import judged
from handcrafted.view.boxes import box_part
from handcrafted.view.editor.experiment import Experiment, plotted, verdicts
from handcrafted.view.editor.parts import EditorPart, find_part, inline, legend, overlay, parameters_of, parts_of
from handcrafted.view.editor.proved import proof_verdict
from handcrafted.view.editor.tables import looked, shown, tables_of

MAX_SAID = 12
"""Lines of disagreements and findings below the diagram."""


class Workbench:
    """A model with a part of its diagram selected, an experiment, and what both look like now.

    Attributes:
        model: it is edited in place.
        selected: the name of the selected part.
        unlocked: whether entries outside the access policy may be edited.
        whole: whether rows of zeros are shown too.
        experiment: the closed loop beside the diagram.
        proofs: of the loop as it was; each is checked anew after an edit.
        message: what the last command had to say; empty if it did what it was told.
    """

    def __init__(self, model: Transformer, experiment: Experiment, proofs: Sequence[Proof] = ()):
        self.model, self.experiment, self.proofs = model, experiment, tuple(proofs)
        self.selected = box_part(_first_part(model.structure))
        self.unlocked, self.whole, self.message = False, False, ""
        self._first = Transformer(
            model.weights, model.masks, model.names, model.layout, model.structure, model.window, seal=model.seal
        )
        self._before: tuple[Experiment, Trace] | None = None
        self._drawn: tuple[ControlStructure, str, dict] | None = None
        self._memory = ClaimMemory()
        self._checked: tuple[ControlStructure, str, list[dict]] | None = None

    def do(self, command: Any) -> None:
        """Carry out a command of the widget: a mapping with `do` and what belongs to it.

        What is wrong with it, or with what it asks for, is said in `message`; the model is then as it was.
        """
        self.message = ""
        try:
            _action(command)(self, command)
        except HandcraftedError as error:
            self.message = str(error)

    def _select(self, part: Any) -> None:
        self.selected = find_part(self.model.structure, str(part)).name

    def _experiment(self, name: Any, value: Any) -> None:
        changed = self.experiment.changed(str(name), value)
        changed.run(self.model)  # refused before it is taken over
        self.experiment = changed

    def diagram(self) -> dict:
        """Return the diagram as plain data: SVG, legend, verdict, what differs; read anew only if the model changed."""
        structure, arrays = self.model.structure, _digest(self.model)
        if self._drawn is None or self._drawn[0] is not structure or self._drawn[1] != arrays:
            self._drawn = structure, arrays, self._diagram()
        return self._drawn[2]

    def _diagram(self) -> dict:
        try:
            comparison = self.comparison()
        except HandcraftedError as error:
            return {"svg": "", "legend": [], "reproduced": False, "said": [str(error)]}
        return {
            "svg": inline(overlay(comparison, self.model.drifted)),
            "legend": legend(comparison),
            "reproduced": comparison.reproduced,
            "said": self._said(comparison),
        }

    def picture(self) -> bytes:
        """Return the diagram as it stands, as a PNG."""
        return overlay(self.comparison(), self.model.drifted, "png")

    def comparison(self) -> Comparison:
        """Hold what the readouts recover of the model as it stands against its structure as it stands."""
        return compare(self.model.structure, recover(self.model, shared=False), self._memory)

    def _said(self, comparison: Comparison) -> list[str]:
        rows = judged(comparison, Zoom(comparison.structure, ()))
        said = [f"{status}: {id.kind} {id}: {reason}" for id, status, reason in rows if reason]
        said += [f"off its formula: {entry}" for entry in self.model.drifted]
        said += [f"breaks the access policy: {breach}" for breach in self.model.audit()]
        said += [finding.text for finding in comparison.findings if finding.kind in ("unused", "inside")]
        more = len(said) - MAX_SAID
        return said if more <= 0 else [*said[:MAX_SAID], f"… and {more} more"]

    def selection(self) -> dict:
        """Return the selected part as plain data: its parameters and its weights."""
        structure = self.model.structure
        part = find_part(structure, self.selected)
        found = looked(self.model)
        return {
            "part": part.name,
            "kind": part.kind,
            "parts": list(parts_of(structure)),
            "parameters": [_parameter(name, knob) for name, knob in parameters_of(structure, part).items()],
            "tables": [shown(table, found) for table in tables_of(self.model.network, part, self.whole)],
            "note": self._note(part),
            "unlocked": self.unlocked,
            "whole": self.whole,
        }

    def _note(self, part: EditorPart) -> str:
        """Say of a part of the base controller why nothing can be edited there."""
        base = base_of(self.model.structure)
        if base is None or not any(signal.owner == base for signal in part.signals):
            return ""
        return (
            f"{base} is the base controller (Layer 0): its arrays are sealed, so that nothing below can change what it "
            "guards. Change it in the structure's file, and assemble anew."
        )

    def loop(self) -> dict:
        """Return the closed loop as plain data: the run as the model was when the panel was made, and as it is."""
        structure = self.model.structure
        said = {"fields": self.experiment.fields(structure), "unit": structure.time_step.unit or "steps"}
        said |= {"step": structure.time_step.value, "strips": [], "verdicts": [], "error": ""}
        try:
            before, after = self._run_before(), self.experiment.run(self.model)
            return said | {"strips": plotted(before, after), "verdicts": _side_by_side(before, after) + self._proved()}
        except HandcraftedError as error:
            return said | {"error": str(error)}

    def _proved(self) -> list[dict]:
        """Say of each proof whether its cells show the same of the model as it stands, as plain data."""
        structure, arrays = self.model.structure, _digest(self.model)
        if self._checked is None or self._checked[0] is not structure or self._checked[1] != arrays:
            self._checked = structure, arrays, [proof_verdict(proof, self.model) for proof in self.proofs]
        return self._checked[2]

    def _run_before(self) -> Trace:
        """Run the model as it was when the panel was made."""
        if self._before is None or self._before[0] != self.experiment:
            self._before = self.experiment, self.experiment.run(self._first)
        return self._before[1]

    def log(self) -> dict:
        """Return the changes as plain data."""
        history = self.model.history
        return {
            "done": [change.text for change in history.done],
            "undone": [change.text for change in reversed(history.undone)],
            "python": str(history),
        }


def _first_part(structure: ControlStructure) -> str:
    """Name the box with which the panel opens: a controller that can be edited, rather than the base controller."""
    boxes, base = structure.components, base_of(structure)
    parts = [name for name in structure.resolved.controllers if name != base]
    with_parameters = [name for name in parts if parameters_of(structure, find_part(structure, box_part(name)))]
    return next(iter([*with_parameters, *parts, *boxes]), "")


def _digest(model: Transformer) -> str:
    """Tell the state of a model's raw arrays."""
    state = hashlib.sha256()
    for _, array in model.weights.items():
        state.update(np.asarray(array).tobytes())
    return state.hexdigest()


def _side_by_side(before: Trace, after: Trace) -> list[dict]:
    old = {(one["kind"], one["name"]): one for one in verdicts(before)}
    return [{**one, "before": old.get((one["kind"], one["name"]), {}).get("said", "")} for one in verdicts(after)]


def _parameter(name: str, knob: ParameterRef) -> dict:
    """Return a parameter as plain data; a number has the ends and the step of a slider."""
    title = name.split(".", 1)[1].replace("_", " ").replace(".", ": ")
    said: dict[str, Any] = {"name": name, "title": title, "value": knob.value, "unit": knob.unit or "", "words": []}
    if isinstance(knob.value, str):
        return said | {"words": [word for word in knob.choices if isinstance(word, str)]}
    if isinstance(knob.value, int):
        return said | {"low": max(0, knob.value - 10), "high": knob.value + 10, "step": 1}
    span = max(abs(knob.value), 1.0)
    step = 10.0 ** math.floor(math.log10(span / 20))
    middle = round(knob.value / step) * step
    return said | {"low": round(middle - span, 9), "high": round(middle + span, 9), "step": step}


def _number(value: Any) -> Any:
    """Read a number that was typed; a word stays, so that it is refused by name."""
    if not isinstance(value, str):
        return value
    try:
        return float(value.strip())
    except ValueError:
        return value


def _setting(bench: Workbench, name: str, value: Any) -> Any:
    """Read what a parameter is set to: a whole number where it is one, a word where it is one."""
    number = _number(value)
    old = bench.model.parameters[name].value if name in bench.model.parameters else None
    whole = isinstance(old, int) and isinstance(number, float) and number.is_integer()
    return value if isinstance(old, str) else int(number) if whole else number


def _set_parameter(bench: Workbench, command: Mapping) -> None:
    name = str(command.get("name"))
    bench.model.parameters[name] = _setting(bench, name, command.get("value"))


COMMANDS: Mapping[str, Callable[[Workbench, Mapping], None]] = {
    "select": lambda bench, said: bench._select(said.get("part")),
    "parameter": _set_parameter,
    "edit": lambda bench, said: bench.model.edit(
        str(said.get("entry")), _number(said.get("value")), unlock=bench.unlocked
    ),
    "unlock": lambda bench, said: setattr(bench, "unlocked", bool(said.get("value"))),
    "whole": lambda bench, said: setattr(bench, "whole", bool(said.get("value"))),
    "experiment": lambda bench, said: bench._experiment(said.get("name"), _number(said.get("value"))),
    "undo": lambda bench, said: bench.model.undo(),
    "redo": lambda bench, said: bench.model.redo(),
    "reset": lambda bench, said: bench.model.reset(),
    "save": lambda bench, said: _done(bench, f"saved in {bench.model.save(_folder(said))}"),
    "load": lambda bench, said: bench.model.restore(_folder(said)),
    "refresh": lambda bench, said: None,
}
"""What the widget can ask for."""


def _done(bench: Workbench, message: str) -> None:
    bench.message = message


def _folder(command: Mapping) -> str:
    folder = command.get("folder")
    if not isinstance(folder, str) or not folder.strip():
        raise HandcraftedError(f"Expected the name of a folder, got {letters.shown(folder)}. Type one.")
    return folder.strip()


def _action(command: Any) -> Callable[[Workbench, Mapping], None]:
    what = command.get("do") if isinstance(command, Mapping) else command
    if not isinstance(what, str) or what not in COMMANDS:
        raise HandcraftedError(
            f"Expected one of the commands {', '.join(COMMANDS)}, got {letters.shown(what)}. Send one of them."
        )
    return COMMANDS[what]
