"""What can be relied on whatever the other weights are, with its evidence: the true statement about Layer 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from textwrap import wrap

import jax
import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.numbers import whole
from handcrafted.craft.assemble import assemble
from handcrafted.model.base import base_blocks, base_of, frozen
from handcrafted.model.dependence import dependence
from handcrafted.model.layout import Early, early
from handcrafted.model.run_blocks import Blocks, run_blocks, split
from handcrafted.model.transformer import Transformer
from handcrafted.readout.target import subject
from handcrafted.safety.guards import PlacedGuard, guards_of, unguarded
from handcrafted.safety.trials import NAN, Tally, try_weights
from handcrafted.text.diagnostics import must_be
from handcrafted.text.letters import possessive
from handcrafted.verdict.claims import ENTERS, Claim, claims_of, joints_of
from handcrafted.verdict.comparison import Found, in_words
from handcrafted.verdict.exact import Judge

STATEMENT = (
    "Within one compiled program, for any values in the arrays outside Layer 0, NaN included, the activations of the "
    "protected controller are bit-identical given the same inputs. A guard depends on the subordinate only through "
    "the request, which a port makes finite and two units saturate; what is done lies within its limits, and is "
    "exactly the safe value under a veto. In closed loop the inputs themselves may change: what the plant then does is "
    "another claim."
)


@dataclass(frozen=True)
class AuthorityReport:
    """The statement about a model's Layer 0 controller, and what it rests on.

    Attributes:
        name: of the structure.
        base: the Layer 0 controller; None where there is none.
        seal: its fingerprint as the model says that it was assembled.
        fingerprint: as it stands now.
        anew: as assembled anew from the structure.
        early: circuits that stand before one that writes what they read.
        laws: what became of each claim of its laws about its arrays, region by region.
        arrays: how many arrays there are outside the protected controller, by block.
        leaks: those of them on which the protected controller can depend, from the traced program.
        unported: what a guard gathers from another controller without a port.
        taint: the NaN check: every array outside Layer 0 filled with NaN.
        trial: other numbers in these arrays, on inputs that bring vetoes about.
        guards: each guarded action with its effective limits.
        decided: outputs that the protected controller decides by itself.
        unguarded: outputs that others decide and no guard gates: nothing is promised about them.
    """

    name: str
    base: str | None
    seal: str | None
    fingerprint: str | None
    anew: str | None
    early: tuple[Early, ...]
    laws: tuple[Found, ...]
    arrays: Mapping[str, int]
    leaks: frozenset[str]
    unported: tuple[Signal, ...]
    taint: Tally
    trial: Tally
    guards: tuple[PlacedGuard, ...]
    decided: tuple[Signal, ...]
    unguarded: tuple[Signal, ...]

    @property
    def count(self) -> int:
        """How many arrays there are outside the protected controller."""
        return sum(self.arrays.values())

    @property
    def sealed(self) -> bool:
        """Whether the Layer 0 controller is the one that the structure makes, and was all along."""
        return self.base is not None and self.seal == self.fingerprint == self.anew and not self.early

    @property
    def refuted(self) -> tuple[Found, ...]:
        """The claims of its laws that do not hold of its arrays."""
        return tuple(found for found in self.laws if found.counterexample)

    @property
    def holds(self) -> bool:
        """Whether there is a Layer 0 controller and every check came out right."""
        proved = self.sealed and not self.refuted and not self.leaks and not self.unported
        return proved and self.taint.unbroken and self.trial.holds

    def __str__(self) -> str:
        free = [f"  {possessive(signal.owner)} {signal.name}" for signal in self.unguarded] or ["  none"]
        if self.base is None:
            return "\n".join([f"{self.name}: no Layer 0 controller, so nothing is promised. Unguarded:", *free])
        others = ", ".join(f"{count} of {name}" for name, count in self.arrays.items())
        return "\n".join(
            [
                f"{self.name}: the Layer 0 controller {self.base} {'holds' if self.holds else 'DOES NOT HOLD'}.",
                *wrap(STATEMENT, 118, initial_indent="  ", subsequent_indent="  "),
                *self._seal(),
                f"laws: {len(self.laws)} claims about its arrays, {in_words(self.laws, 0)}",
                *(f"  {found.claim.name} {found.claim.what}: {found.counterexample}" for found in self.refuted),
                f"traced program: it depends on {len(self.leaks)} of {self.count} arrays of others ({others})",
                *(f"  {leak}" for leak in sorted(self.leaks)),
                f"ports: {self._ports()}",
                f"NaN in every array outside Layer 0: {self.taint.counts}",
                f"other numbers there: {self.trial}",
                "guarded:",
                *([f"  {guard}" for guard in self.guards] or ["  none"]),
                "decided by itself alone:",
                *([f"  {possessive(signal.owner)} {signal.name}" for signal in self.decided] or ["  none"]),
                "not guarded, so nothing is promised:",
                *free,
            ]
        )

    def _seal(self) -> list[str]:
        """Say what became of the fingerprint, and which circuits read too early."""
        now = "" if self.seal == self.fingerprint else f", but now {self.fingerprint}"
        anew = "; assembled anew from the structure: "
        anew += "the same" if self.anew == self.fingerprint else f"{self.anew}, another"
        return [f"fingerprint: {self.seal}{now}{anew}", *(f"  too early: {wrong}" for wrong in self.early)]

    def _ports(self) -> str:
        if not self.unported:
            return "everything that a guard gathers from another controller passes one"
        return f"missing for {', '.join(map(str, self.unported))}"


def authority_report(model: Transformer, *, ported: bool = True, seed: int = 0) -> AuthorityReport:
    """Say what can be relied on whatever the weights outside Layer 0 are, and check it.

    The Layer 0 controller must be the one that the structure makes, assembled anew; its laws must hold of its arrays as
    they run; and no weights outside it may move the protected controller, a declared limit or a veto of its law.

    Source: the dependence of the traced program and the laws judged region by region are proofs; the trials with NaN
    and with other numbers are tests of the program as compiled.

    Args:
        model: any; without a Layer 0 controller nothing is promised.
        ported: False takes the ports away, which must show.
        seed: of weights and inputs of the trials.

    Raises:
        HandcraftedError: if an argument is of another type, or the structure cannot be assembled.

    Example:
        >>> from handcrafted.safety.authority import authority_report
        >>> authority_report(hc.assemble(hc.load(find("guarded room")))).holds
        True
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    base, seed = base_of(model.structure), whole("a whole number as a seed", seed)
    name, guards = model.structure.name, guards_of(model)
    free = [signal for signal in unguarded(model) if signal.owner != base]
    own = [signal for signal in unguarded(model) if signal.owner == base]
    ends = guards, tuple(own), tuple(free)
    if base is None:
        nothing = None, None, None, None, (), (), {}, frozenset[str](), (), Tally(), Tally()
        return AuthorityReport(name, *nothing, *ends)
    cut = split(model.blocks, model.effective_weights, ported)
    tried = partial(try_weights, model, steps=64, seed=seed, ported=ported)
    taint, trial = tried(4, kinds=(NAN,)), tried(16, kinds=("small", "large", "huge", "extreme"))
    arrays = {block.name: len(jax.tree.leaves(cut.arrays[block.name])) for block in model.blocks if block.name != base}
    leaks, ports = leaks_of(cut, base), () if ported else _unported(model)
    made = base, model.seal, model.fingerprint, assemble(model.structure).fingerprint, early(model.layout)
    return AuthorityReport(name, *made, laws_of_base(model, base), arrays, leaks, ports, taint, trial, *ends)


def laws_of_base(model: Transformer, base: str) -> tuple[Found, ...]:
    """Judge what the laws of the Layer 0 controller claim of its arrays, all others taken away."""
    own = frozen(base_blocks(model.structure, model.blocks), model.masks)
    alone = model.effective_weights.numpy().map(lambda array, mine: np.where(mine, array, np.float32(0)), own)
    resolved = model.structure.resolved
    claims = [claim for claim in claims_of(resolved) if claim.owner == base or _is_end_of(claim, base)]
    return Judge(subject(alone, model.names, model.window), joints_of(resolved), claims).found()


def _is_end_of(claim: Claim, base: str) -> bool:
    """Whether a claim is about what enters, leaves or goes round, to or from a controller."""
    ends = {link.receiver if claim.what == ENTERS else link.sender for link in claim.links}
    return claim.owner is None and base in ends


def leaks_of(cut: Blocks, protected: str) -> frozenset[str]:
    """Return the arrays of other blocks on which a block's activations can depend, from the traced program."""
    rows = [row for block in cut.blocks for row in block.rows]
    inputs = np.zeros((2, 1 + max(rows, default=-1)), np.float32)
    found = dependence(lambda blocks, now: run_blocks(blocks, now).residual[protected], cut, inputs)
    own = f"[0].arrays['{protected}']"
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
