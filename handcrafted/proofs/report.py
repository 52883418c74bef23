"""What became of a claim, in the words of what was tested."""

from __future__ import annotations

from handcrafted.proofs.proof import Proof
from handcrafted.text.report import markdown_list, markdown_table, plain

FILES = ("statement.json", "effective.safetensors", "certificate.json")
"""What the checker is given."""


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
