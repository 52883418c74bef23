"""What can be relied on whatever the other weights are, with its evidence: the true statement about Layer 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from handcrafted.control.complaint import must_be
from handcrafted.control.graph import Signal
from handcrafted.control.numbers import whole
from handcrafted.model.dependence import dependence
from handcrafted.model.layer_0 import base_blocks, base_of
from handcrafted.model.run_blocks import Blocks, run_blocks, split
from handcrafted.model.transformer import Transformer
from handcrafted.safety.guards import Guard, guards_of, unguarded
from handcrafted.safety.trials import NAN, Tally, try_weights

STATEMENT = (
    "Within one compiled program, for any values in the arrays outside Layer 0, NaN included, the activations of its "
    "brain are bit-identical given the same inputs. A guard depends on the subordinate only through the request, "
    "which a port makes finite and two units saturate; what is done lies within its limits, and is exactly the safe "
    "value under a veto. In closed loop the inputs themselves may change: what the plant then does is another claim."
)


@dataclass(frozen=True)
class AuthorityReport:
    """The statement about a model's Layer 0 controller, and what it rests on.

    Attributes:
        name: of the structure.
        base: the Layer 0 controller; None where there is none.
        seal: its fingerprint as assembled.
        fingerprint: as it stands now.
        arrays: how many arrays there are outside the brain, by block.
        leaks: those of them on which the brain can depend, from the traced program.
        unported: what a guard gathers from another controller without a port.
        taint: the NaN check: every array outside Layer 0 filled with NaN, on random inputs.
        guards: each guarded action with its effective limits.
        decided: outputs that the brain decides by itself.
        unguarded: outputs that others decide and no guard gates: nothing is promised about them.
    """

    name: str
    base: str | None
    seal: str | None
    fingerprint: str | None
    arrays: Mapping[str, int]
    leaks: frozenset[str]
    unported: tuple[Signal, ...]
    taint: Tally
    guards: tuple[Guard, ...]
    decided: tuple[Signal, ...]
    unguarded: tuple[Signal, ...]

    @property
    def count(self) -> int:
        """How many arrays there are outside the brain."""
        return sum(self.arrays.values())

    @property
    def holds(self) -> bool:
        """Whether there is a Layer 0 controller and every check came out right."""
        sealed = self.base is not None and self.seal == self.fingerprint
        return sealed and not self.leaks and not self.unported and self.taint.holds

    def __str__(self) -> str:
        free = [f"  {signal.owner}'s {signal.name}" for signal in self.unguarded] or ["  none"]
        if self.base is None:
            return "\n".join([f"{self.name}: no Layer 0 controller, so nothing is promised. Unguarded:", *free])
        others = ", ".join(f"{count} of {name}" for name, count in self.arrays.items())
        return "\n".join(
            [
                f"{self.name}: the Layer 0 controller {self.base} {'holds' if self.holds else 'DOES NOT HOLD'}.",
                *wrap(STATEMENT, 118, initial_indent="  ", subsequent_indent="  "),
                f"fingerprint: {self.seal}{'' if self.seal == self.fingerprint else f', but now {self.fingerprint}'}",
                f"traced program: the brain depends on {len(self.leaks)} of {self.count} other arrays ({others})",
                *(f"  {leak}" for leak in sorted(self.leaks)),
                f"ports: {self._ports()}",
                f"NaN in every array outside Layer 0: {self.taint}",
                "guarded:",
                *([f"  {guard}" for guard in self.guards] or ["  none"]),
                "decided by its brain alone:",
                *([f"  {signal.owner}'s {signal.name}" for signal in self.decided] or ["  none"]),
                "not guarded, so nothing is promised:",
                *free,
            ]
        )

    def _ports(self) -> str:
        if not self.unported:
            return "everything that a guard gathers from another controller passes one"
        return f"missing for {', '.join(map(str, self.unported))}"


def authority_report(model: Transformer, *, ported: bool = True, seed: int = 0) -> AuthorityReport:
    """Say what can be relied on whatever the weights outside Layer 0 are, and check it.

    Source: the dependence of the traced program is a proof; the NaN check is a test of the program as compiled.

    Args:
        model: any; without a Layer 0 controller nothing is promised.
        ported: False takes the ports away, which must show.
        seed: of the inputs of the NaN check.

    Raises:
        HandcraftedError: if an argument is of another type.

    Example:
        >>> hc.authority_report(hc.assemble(hc.load(find("guarded room")))).holds
        True
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    base, seed = base_of(model.structure), whole("a whole number as a seed", seed)
    name, guards = model.structure.name, guards_of(model)
    free = [signal for signal in unguarded(model) if signal.owner != base]
    own = [signal for signal in unguarded(model) if signal.owner == base]
    ends = guards, tuple(own), tuple(free)
    if base is None:
        return AuthorityReport(name, None, None, None, {}, frozenset(), (), Tally(), *ends)
    cut = split(model.blocks, model.effective_weights, ported)
    taint = try_weights(model, 4, kinds=(NAN,), steps=64, seed=seed, ported=ported)
    arrays = {block.name: len(cut.arrays[block.name]) for block in model.blocks if block.name != base}
    leaks, ports = brain_leaks(cut, base), () if ported else _unported(model)
    return AuthorityReport(name, base, model.seal, model.fingerprint, arrays, leaks, ports, taint, *ends)


def brain_leaks(cut: Blocks, brain: str) -> frozenset[str]:
    """Give the arrays of other blocks on which a block's activations can depend, from the traced program."""
    rows = [row for block in cut.blocks for row in block.rows]
    inputs = np.zeros((2, 1 + max(rows, default=-1)), np.float32)
    found = dependence(lambda blocks, now: run_blocks(blocks, now).residual[brain], cut, inputs)
    own = f"[0].arrays['{brain}']"
    reached = frozenset[str]().union(*found.values())
    return frozenset(path for path in reached if path.startswith("[0]") and not path.startswith(own))


def _unported(model: Transformer) -> tuple[Signal, ...]:
    """List what the guards of Layer 0 gather from other controllers."""
    found = [
        source.signal
        for block in base_blocks(model.structure, model.blocks)
        for part in block.parts
        for source in part.sources
        if source.block is not None and source.signal.owner != block.owner
    ]
    return tuple(dict.fromkeys(found))
