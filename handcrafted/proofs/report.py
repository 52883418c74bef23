"""What became of a claim, in the words of what was tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handcrafted.proofs.proof import Proof
from handcrafted.text.report import markdown_list, markdown_table, plain

FILES = ("statement.json", "effective.safetensors", "certificate.json")
"""What the checker is given."""


def proofs_section(proofs: Sequence[Proof], folder: str = "") -> Iterator[str]:
    """Return the paragraphs about several claims of one loop.

    Args:
        proofs: what became of each.
        folder: where the page of each stands, beside the report; empty for none.
    """
    yield "## Proofs"
    yield "What is proved never happens, for all time, as long as what its page takes for granted holds."
    rows = [("claim", "what it is", "verdict", "page" if folder else "why")]
    for proof in proofs:
        why = proof.unproved.reason if proof.unproved and not proof.proved else ""
        rows.append(
            (proof.claim.id, proof.claim.text, proof.verdict, f"{folder}/{proof.claim.id}/proof.md" if folder else why)
        )
    yield markdown_table(rows)


def as_markdown(proof: Proof, picture: str = "") -> str:
    """Return the page about a proof, as Markdown; names and texts of the file are text.

    Args:
        proof: which.
        picture: the name of its picture, beside the page.
    """
    report = proof.report()
    parts = [f"# {plain(report.title)}", *([f"![invariant and runs]({picture})"] if picture else [])]
    parts.append(markdown_list(report.below))
    if report.rows:
        parts += ["## Cells", markdown_table([report.heading, *report.rows])]
    if proof.certificate is not None:
        parts += [
            "## To check it again",
            "The checker is one file that needs Python and nothing else:",
            f"    python check.py {' '.join(FILES)}",
            "The statement is to be trusted, the certificate is not.",
        ]
    return "\n\n".join(parts) + "\n"
