"""What a result came from: versions, seed, and SHA-256 of the inputs and of the arrays."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from handcrafted.control.graph import INPUT, Edge, Signal, SignalGraph
from handcrafted.control.resolved import Finding, LinkId, Resolved, ResolvedController
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.recover import Recovered
from handcrafted.readout.registry import ReadoutKind
from handcrafted.readout.target import TargetNetwork
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.verdict.claims import claims_of, joints_of
from handcrafted.verdict.comparison import Comparison, Found, LinkVerdict, Status, Verdicts
from handcrafted.verdict.exact import ClaimMemory, Judge
from handcrafted.verdict.law import LawTest, law_verdicts, try_controller
from handcrafted.verdict.links import inside_differences, judge
from handcrafted.verdict.loops import REINFORCING, FeedbackLoop, differences, feedback_loops

PACKAGES = ("handcrafted", "jax", "flax", "numpy")


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def arrays_digest(subject: TargetNetwork) -> str:
    """Return the SHA-256 over every array's name, shape and float32 bytes, in declared order."""
    state = hashlib.sha256()
    for name, array in subject.weights.items():
        state.update(f"{name}{array.shape}".encode())
        state.update(np.ascontiguousarray(array, np.float32).tobytes())
    return state.hexdigest()


def manifest(structure: ControlStructure, subject: TargetNetwork) -> dict[str, Any]:
    """List what is needed to get the same result again."""
    text = json.dumps(structure.model_dump(mode="json", by_alias=True, exclude_defaults=True), ensure_ascii=True)
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "seed": subject.seed,
        "sha256": {"structure": digest(text.encode()), "arrays": arrays_digest(subject)},
    }


def compare(structure: ControlStructure, recovered: Recovered, memory: ClaimMemory | None = None) -> Comparison:
    """Hold what was recovered against what was intended, link by link.

    A link is found if every readout that judges finds it (wired and used) and the laws at its two ends hold; others
    have their own verdicts in `readouts`. What differs is missing, extra or wrong, each with a reason. Differences
    inside a controller that change no law are findings.

    Args:
        structure: what was intended.
        recovered: what was recovered.
        memory: of claims about earlier networks: those that are the same, and about the same arrays, are not judged
            again.

    Raises:
        HandcraftedError: if the network lacks coordinates that the structure names.

    Example:
        >>> structure = hc.load(find("heated room"))
        >>> weights = hc.assemble(structure).weights.numpy()
        >>> weights.W_R[:] = 0
        >>> hc.compare(structure, hc.recover(weights, names=hc.assemble(structure).names)).reproduced
        False
    """
    must_be(structure, ControlStructure, "a control structure, as `hc.load` gives it")
    must_be(recovered, Recovered, "what `hc.recover` gives")
    resolved, intended = structure.resolved, structure.signal_graph()
    readouts = {
        name: judge(resolved, intended, graph, structural=recovered.readouts[name].kind is ReadoutKind.STRUCTURAL)
        for name, graph in recovered.graphs.items()
    }
    judging = {name: graph for name, graph in recovered.graphs.items() if recovered.readouts[name].required}
    found, tests = law_tests(structure, recovered, memory)
    readouts["law"] = law_verdicts(resolved, tests, found)
    loops = feedback_loops(structure, recovered)
    findings = [*resolved.findings, *_inside(intended, judging), *_running_away(loops)]
    findings += [one for claim in found for one in claim.findings()]
    together = _together({name: verdicts for name, verdicts in readouts.items() if name in (*judging, "law")})
    return Comparison(
        links=tuple(_undermined(resolved, together)),
        structure=structure,
        readouts=readouts,
        outside=tuple(link.id for link in resolved.links if not link.counted),
        findings=(*findings, *_idle(readouts)),
        manifest=manifest(structure, recovered.subject),
        zooms=differences(structure, intended, recovered.wired),
        recovered=recovered,
        loops=loops,
        law=found,
        tried=sum(test.contexts for test in tests.values()),
    )


def law_of(structure: ControlStructure, recovered: Recovered) -> bool:
    """Say whether the network does what its laws say, whatever the other readouts find.

    Raises:
        HandcraftedError: if the network lacks coordinates that the structure names.
    """
    found, tests = law_tests(structure, recovered)
    verdicts = law_verdicts(structure.resolved, tests, found)
    return verdicts.reproduced and not any(one.counterexample for one in found)


def law_tests(
    structure: ControlStructure, recovered: Recovered, memory: ClaimMemory | None = None
) -> tuple[tuple[Found, ...], dict[str, LawTest]]:
    """Put the laws to the test: every claim on the arrays, and each controller as it runs; see `compare`.

    Raises:
        HandcraftedError: if the network lacks coordinates that the structure names.
    """
    resolved, subject = structure.resolved, recovered.subject
    needed = [signal for controller in resolved.controllers.values() for signal in _signals(controller)]
    if absent := [signal for signal in needed if signal not in subject.spaces]:
        raise HandcraftedError(
            f"Expected a network with a subspace for {absent[0]}, got none of that name among its coordinates. "
            "Compare with the structure that it was made from."
        )
    found = Judge(subject, joints_of(resolved), tuple(claims_of(resolved)), memory).found()
    return found, {name: try_controller(subject, controller) for name, controller in resolved.controllers.items()}


def _signals(controller: ResolvedController) -> Iterator[Signal | None]:
    for link in controller.arrivals:
        yield from (link.port, link.received)
    yield from (variable.signal for variable in controller.variables)
    for memory in (task.memory for task in controller.tasks):
        yield from (memory.signal, memory.next) if memory else ()


def _idle(readouts: Mapping[str, Verdicts]) -> Iterator[Finding]:
    """Say which links are wired although no contrast has an effect; their verdict stays."""
    wired = {link.id for link in readouts["wiring"].found}
    for link in readouts["patching"].missing:
        if link.id in wired:
            yield Finding("unused", f"Nothing varies on {link.id}: wired, but no contrast has an effect.", link.id)


def _running_away(loops: Iterable[FeedbackLoop]) -> Iterator[Finding]:
    """Say which loops from one measurement through one action push it farther the way it went.

    Longer ones, through several measurements, are listed with their polarity: there a shorter loop may hold the same.
    """
    for loop in loops:
        direct = sum(signal.role == INPUT for signal in loop.signals) == 1
        if loop.closed_by_process and direct and loop.polarity == REINFORCING:
            text = f"{loop}. What is done moves what is measured farther the same way. Is a sign the wrong way round?"
            yield Finding("reinforcing loop", text, loop.signals[0])


def _inside(intended: SignalGraph, graphs: Mapping[str, SignalGraph]) -> Iterator[Finding]:
    """Return a finding per edge inside a controller that some readouts miss, or see without its being intended."""
    for what, which in (("see no way", 0), ("see an unintended way", 1)):
        seen: dict[tuple, list[tuple[str, Edge]]] = {}
        for name, graph in graphs.items():
            for edge in inside_differences(intended, graph)[which]:
                seen.setdefault(edge.key, []).append((name, edge))
        for found in seen.values():
            names, edge = [name for name, _ in found], found[0][1]
            verb = what.replace("see", "sees", 1) if len(names) == 1 else what
            yield Finding("inside", f"{', '.join(names)} {verb} {_way(edge)}.", edge.target)


def _way(edge: Edge) -> str:
    source, target = edge.source, edge.target
    return f"inside {target.owner} from {source.name} ({source.role}) to {target.name} ({target.role})"


def _together(readouts: Mapping[str, Verdicts]) -> tuple[LinkVerdict, ...]:
    """Return each link its worst verdict over all readouts, with every reason; extra links once each."""
    links: dict[tuple[LinkId, bool], list[tuple[str, LinkVerdict]]] = {}
    for name, verdicts in readouts.items():
        for verdict in verdicts.links:
            links.setdefault((verdict.id, verdict.status is Status.EXTRA), []).append((name, verdict))
    return tuple(_worst(id, verdicts) for (id, _), verdicts in links.items())


def _undermined(resolved: Resolved, links: tuple[LinkVerdict, ...]) -> Iterator[LinkVerdict]:
    """Say of each decision that is found whether what it goes by does not arrive as intended."""
    status = {link.id: link.status for link in links if link.status is not Status.EXTRA}
    entries = [entry for controller in resolved.controllers.values() for entry in controller.entries]
    needs = {
        link.id: [read.id for variable in entry.reads for read in variable.reads]
        for entry in entries
        for link in entry.links
    }
    for link in links:
        broken = [id for id in needs.get(link.id, ()) if status.get(id, Status.FOUND) is not Status.FOUND]
        if link.status is Status.FOUND and broken:
            without = ", ".join(f"{id.name}, which is {status[id]}" for id in broken)
            yield replace(link, reason=f"decided as its law says, but without {without}")
        else:
            yield link


def _worst(id: LinkId, verdicts: list[tuple[str, LinkVerdict]]) -> LinkVerdict:
    order = list(Status)
    wired = {verdict.status for name, verdict in verdicts if name in ("wiring", "patching")}
    status = max((verdict.status for _, verdict in verdicts), key=order.index)
    if Status.MISSING in wired and status is Status.WRONG and Status.WRONG not in wired:
        status = Status.MISSING
    seen_by: dict[str, list[str]] = {}
    for name, verdict in verdicts:
        if verdict.status is not Status.FOUND:
            seen_by.setdefault(verdict.reason, []).append(name)
    return LinkVerdict(id, status, "; ".join(f"{', '.join(names)}: {reason}" for reason, names in seen_by.items()))
