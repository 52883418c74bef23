"""The exercises of the notebooks: each `check_...` says whether an answer is right, and if not, what to look at.

Example:
    >>> answer = hc.assemble(hc.load(find("heated room")))
    >>> answer.parameters["thermostat.heat.on_below"] = 17.0
    >>> hc.exercises.check_gap(answer)
    Right: on below 17, off above 21 degC: 4 degC apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from handcrafted.craft.assemble import assemble
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import load, loads, parsed
from handcrafted.model.component import END_ARRAYS, HEAD_ARRAYS, NEURON_ARRAYS
from handcrafted.model.diff import diff
from handcrafted.model.forward import forward
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights, check_shapes
from handcrafted.proofs.prove import prove
from handcrafted.readout.blind.blind import blind
from handcrafted.readout.recover import recover
from handcrafted.rollout.simulate import simulate
from handcrafted.safety.authority import authority_report
from handcrafted.safety.faults.campaign import inject
from handcrafted.safety.faults.faultlist import FaultList
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.verdict.blind.match import match
from handcrafted.verdict.compare import compare
from handcrafted.zoo import bundled, find


@dataclass(frozen=True)
class Grade:
    """What became of an answer: whether it is right, and why, or what to look at."""

    right: bool
    text: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}: {self.text}"


def _checker(check: Callable[..., Grade]) -> Callable[..., Grade]:
    """Let what the library refuses be a hint too."""

    @wraps(check)
    def wrapped(*answer: Any) -> Grade:
        try:
            return check(*answer)
        except (HandcraftedError, OSError) as error:
            return Grade(False, str(error))

    return wrapped


GRID = 0.0625
"""The resolution of the thermometer in the heated and in the guarded room, degC."""


def _switches(model: Any) -> tuple[float | None, float | None]:
    """Cool the heated room's thermostat down and warm it up again; give where it switches on, and where off, in degC.

    Raises:
        HandcraftedError: if this is another network.
    """
    must_be(model, Transformer, "the model of the heated room")
    if [port.signal for port in (*model.names.inputs, *model.names.outputs)] != ["temperature", "heat"]:
        raise HandcraftedError(f"Expected the model of the heated room, got {model.structure.name}. Pass that.")
    down = np.arange(35, 5 - GRID, -GRID)
    there_and_back = np.concatenate([down, down[::-1]]).astype(np.float32)
    heat = np.asarray(forward(model.effective_weights, there_and_back[:, None])[0])
    on = heat[:, 0] > 0.5
    cooling, warming = on[: len(down)], on[len(down) :]
    below = float(down[cooling.argmax()]) + GRID if cooling.any() and not cooling[0] else None
    above = float(down[::-1][(~warming).argmax()]) - GRID if warming[0] and not warming.all() else None
    return below, above


@_checker
def check_gap(model: Any) -> Grade:
    """Notebook 00: the thermostat's thresholds are 4 degC apart."""
    below, above = _switches(model)
    if below is None or above is None:
        return Grade(False, "it does not switch on when it gets cold and off when it gets warm. Undo, and try again.")
    said = f"on below {below:g}, off above {above:g} degC: {above - below:g} degC apart"
    if abs(above - below - 4) < 2 * GRID:
        return Grade(True, f"{said}.")
    hint = "The memory's weight -33 is -(16 times the gap + 1), and 16 is the gain; or move a threshold."
    return Grade(False, f"{said}. {hint}")


@_checker
def check_dead_band(law: Any, parameters: Any) -> Grade:
    """Notebook 01: a law that gives nothing while its read is within 1 of zero, and beyond that what is left over."""
    must_be(law, str, "a law's name")
    must_be(parameters, dict, "its parameters by name")
    said, span = json.dumps({"law": law, "reads": ["x"], "parameters": dict(parameters)}, default=str), "range: [-4, 4]"
    text = f"""name: exercise
components:
  controller: {{kind: controller, level: 0, process model: {{x: {{{span}}}}}, control algorithm: {{out: {said}}}}}
  process: {{kind: process, level: 1}}
control actions: [{{name: out, from: controller, to: process, {span}}}]
feedback: [{{name: x, from: process, to: controller, {span}}}]
"""
    model = assemble(loads(text, "your law"))
    x = np.linspace(-4, 4, 129, dtype=np.float32)
    found = np.asarray(forward(model.effective_weights, x[:, None])[0])[:, 0]
    wanted = np.sign(x) * np.maximum(np.abs(x) - 1, 0)
    worst = int(np.abs(found - wanted).argmax())
    if abs(found[worst] - wanted[worst]) < 1e-4:
        return Grade(True, f"{law} gives nothing within 1 of zero, and what is left over beyond.")
    said = f"at x = {x[worst]:g} it gives {found[worst]:.3g} instead of {wanted[worst]:.3g}"
    return Grade(False, f"{said}. `handcrafted circuits` lists what each law gives; a table of points can do it too.")


@_checker
def check_guard(answer: Any) -> Grade:
    """Notebook 02: whatever the thermostat asks for, nobody heats at 25 degC or more, and below that they may."""
    structure = _structure(answer)
    report = authority_report(assemble(structure))
    if not report.holds:
        return Grade(False, "nothing is promised whatever the other weights are. Keep `layer 0: true` and the guard.")
    tenant = structure.components.get("thermostat")
    if tenant is None or "heat request" not in tenant.control_algorithm:
        return Grade(False, "there is no thermostat with a heat request any more. Change the landlord alone.")
    greedy = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    asking = {"law": "constant", "parameters": {"value": 1}}
    greedy["components"]["thermostat"]["control algorithm"]["heat request"] = asking
    trace = simulate(assemble(ControlStructure.model_validate(greedy)), steps=120, initial={"temperature": 35.0})
    warm, heat = trace.measured["temperature"], trace.command["heat"]
    if (heat[warm >= 25] > 0).any():
        return Grade(False, f"one that always asks is heated for at {warm[heat > 0].max():g} degC. Look at `permit`.")
    if not (heat[warm < 25] > 0).any():
        return Grade(False, "nobody ever heats, which is safe and cold. Permit more.")
    if not (heat[warm < 25] > 0).all():
        return Grade(False, f"nobody heats at {warm[(warm < 25) & (heat == 0)].min():g} degC, where they may.")
    return Grade(True, f"heat at most up to {float(warm[heat > 0].max()):g} degC, whatever the thermostat asks.")


def _structure(answer: Any) -> ControlStructure:
    """Take a structure, the text of a file, or its path."""
    if isinstance(answer, ControlStructure):
        return answer
    if isinstance(answer, Path):
        return load(answer)
    must_be(answer, str, "a control structure, the text of its file, or a Path")
    return loads(answer)


@_checker
def check_wired_but_unused(model: Any) -> Grade:
    """Notebook 03: an edge that is in the wiring, and that no input makes any use of."""
    must_be(model, Transformer, "a model")
    recovered = recover(model)
    idle = [edge for edge in recovered.wired.edges if recovered.used.edge(*edge.key) is None]
    if idle:
        source, target = idle[0].source, idle[0].target
        return Grade(True, f"{source} -> {target} is wired, and nothing that comes up goes along it.")
    if len(recovered.wired) < len(model.structure.signal_graph()):
        return Grade(
            False, "the edge is gone from the wiring too. Leave its weights, and see that its unit never fires."
        )
    return Grade(False, "every edge that is wired is used. What if a neuron's bias is far below zero?")


@_checker
def check_other_weights(model: Any, weights: Any) -> Grade:
    """Notebook 04: other arrays that do what the model does, and that blind reading takes for the same structure."""
    must_be(model, Transformer, "a model")
    must_be(weights, Weights, "arrays such as model.effective_weights.numpy()")
    check_shapes(weights)
    mine = model.effective_weights
    moved = END_ARRAYS.embedding, HEAD_ARRAYS.value, HEAD_ARRAYS.output, NEURON_ARRAYS.into, NEURON_ARRAYS.out
    changed = [name for name in moved if not np.array_equal(mine[name], weights[name])]
    if not changed:
        return Grade(False, "nothing has moved. In which order do the neurons of a layer stand, and who minds?")
    inputs = np.random.default_rng(0).uniform(-3, 3, (4, 20, len(model.names.inputs))).astype(np.float32)
    before, after = (np.asarray(forward(one, inputs)[0]) for one in (mine, weights))
    if not np.allclose(before, after, atol=1e-3 * max(1.0, float(np.abs(before).max()))):
        off = float(np.abs(before - after).max())
        return Grade(False, f"the outputs differ by up to {off:.2g}. What you move going in, move coming out too.")
    matched = match(model.structure, blind(weights, model.names.inputs, model.names.outputs))
    if not matched.exact:
        return Grade(False, f"it behaves alike, but is wired otherwise: {matched.differences[0]}.")
    return Grade(True, f"other numbers in {', '.join(changed)}, the same outputs, the same structure.")


@_checker
def check_conflict(answer: Any) -> Grade:
    """Notebook 05: rules of the heated room of which two contradict each other in some context."""
    structure = _structure(answer)
    old = {rule.id for rule in load(find("heated room")).unsafe_control_actions}
    if not old <= {rule.id for rule in structure.unsafe_control_actions}:
        return Grade(False, "a rule of the file is gone. Add one, and leave the others as they are.")
    found = analyse(assemble(structure))["heat"]
    if not found.verdicts.conflicts.any():
        return Grade(False, "no context forbids both heating and not heating. Where is heating forbidden already?")
    return Grade(True, f"{int(found.verdicts.conflicts.sum())} contexts leave the thermostat no safe choice.")


@_checker
def check_short_fault(text: Any) -> Grade:
    """Notebook 06: one fault of the heated room, for at most 60 steps, that leads to a hazard."""
    must_be(text, str, "the text of a fault list")
    room = assemble(load(find("heated room")))
    campaign = inject(room, parsed(text, "your list", FaultList), steps=300)
    if len(campaign) != 1:
        return Grade(False, f"the list stands for {len(campaign)} faults. Name one place, one value, one beginning.")
    (fault,), (outcome,) = campaign.faults, campaign.outcomes
    if fault.steps is None or fault.steps > 60:
        return Grade(False, "it does not end within 60 steps. Add `for: 60`.")
    if outcome.kind != "hazard":
        return Grade(False, f"it is {outcome.kind}. The room needs a while: what keeps the heater where it is?")
    return Grade(True, f"{fault}: {', '.join(outcome.hazards)} at step {outcome.hazard_step}.")


@_checker
def check_retarget(model: Any) -> Grade:
    """Notebook 07: heat below 21 degC, stop between 22 and 26, with at most 20 bits of all weights changed."""
    below, above = _switches(model)
    said = f"on below {below}, off above {above} degC"
    if below is None or above is None or abs(below - 21) > GRID or not 22 <= above <= 26:
        return Grade(False, f"{said}. Move both thresholds up, the lower one to 21.")
    bits = diff(assemble(load(find("heated room"))), model).bits
    if bits > 20:
        return Grade(False, f"{said}, but {bits} bits are another. Which entries hold the thresholds?")
    return Grade(True, f"{said}, for {bits} bits.")


@_checker
def check_loop(answer: Any) -> Grade:
    """Notebook 08: a loop of your own: reproduced from its weights, and within its ranges in closed loop."""
    structure = _structure(answer)
    if not any(box.dynamics for box in structure.components.values()):
        return Grade(False, "no process has dynamics, so that there is no loop to close. Add them.")
    model = assemble(structure)
    comparison = compare(structure, recover(model))
    if not comparison.reproduced:
        return Grade(False, str(comparison))
    trace = simulate(model, steps=300)
    if trace.range_violations:
        return Grade(False, f"{trace.range_violations[0]}. Change a threshold, or the range.")
    if len(comparison.found) < 3:
        return Grade(False, "one action and one feedback is a small loop. Add a sensor, a supervisor or an alarm.")
    if any(structure.signal_graph().same_wiring(load(path).signal_graph()) for path in bundled()):
        return Grade(False, "that is a loop of the zoo. Change its wiring: a second sensor, a supervisor, an alarm?")
    return Grade(True, f"{len(comparison.found)} links found, 300 steps within all ranges.")


COLUMN = 85 / 25.4  # inches of a column of 85 mm


@_checker
def check_figure(path: Any) -> Grade:
    """Notebook 09: a picture for a column of 85 mm: an SVG, or a PNG of at least 300 dots per inch."""
    from PIL import Image

    must_be(path, str | Path, "the path of a picture")
    path = Path(path)
    if not path.exists():
        return Grade(False, f"there is no {path}.")
    if path.suffix.lower() == ".svg":
        said = re.search(r'width="([\d.]+)pt"', path.read_text(encoding="utf-8", errors="replace"))
        width, fine = (float(said.group(1)) / 72 if said else 0.0), True
    else:
        with Image.open(path) as image:
            if (dots := float(image.info.get("dpi", (0, 0))[0])) <= 0:
                return Grade(False, "it does not say how large a dot is, nor how wide it is then. Give `width`.")
            width, fine = image.width / dots, dots > 299
    if abs(width - COLUMN) > 0.02:
        return Grade(False, f"it is {width * 25.4:.0f} mm wide. `width` is in inches, and an inch has 25.4 mm.")
    return Grade(fine, "85 mm wide." if fine else "it has too few dots per inch for print. Ask for `dpi=300`.")


@_checker
def check_permit(limit: Any) -> Grade:
    """Notebook 10: the warmest permit of the guarded room, to half a degree, that is proved for any other weights."""
    must_be(limit, int | float, "a number of degrees")
    text = find("guarded room").read_text(encoding="utf-8")
    at = lambda degrees: assemble(loads(text.replace("below: 28", f"below: {float(degrees):g}")))
    found, more = (prove(at(degrees), "H-1", any_subordinate=True) for degrees in (limit, limit + 0.5))
    if not found.proved or more.proved:
        hint = "proved, and so is half a degree more. Permit more" if found.proved else "not proved. Permit less"
        return Grade(False, f"a permit below {limit:g} degC is {hint}.")
    return Grade(True, f"below {limit:g} degC, proved in {found.tried} parts of cells.")
