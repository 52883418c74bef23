"""Whether what was proved of a loop still holds after an edit."""

from __future__ import annotations

from handcrafted.model.transformer import Transformer
from handcrafted.proofs.proof import Proof
from handcrafted.proofs.prove import recheck
from handcrafted.text.diagnostics import HandcraftedError

MAX_RECHECKED = 1000
"""Parts of cells that are tried after an edit; a proof of more is not checked anew."""


def proof_verdict(proof: Proof, model: Transformer) -> dict:
    """Say whether the cells of a proof show its claim of a model as it stands, as plain data.

    A proof of many cells is not checked anew: it is of the same arrays, or nothing is said.
    """
    said = {"kind": "proof", "name": proof.claim.id, "about": proof.claim.text, "before": proof.verdict}
    if not proof.proved:
        return said | {"kept": None, "said": f"{proof.verdict} before any edit"}
    if proof.tried > MAX_RECHECKED:
        same = proof.covers(model)
        return said | {"kept": same or None, "said": "proved" if same else "of other weights; not checked anew"}
    try:
        now = recheck(proof, model)
    except HandcraftedError as error:
        return said | {"kept": False, "said": str(error)}
    reason = f"not shown any more: {now.unproved.reason}" if now.unproved else ""
    return said | {"kept": now.proved, "said": "proved" if now.proved else reason}
