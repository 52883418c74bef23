"""What became of a claim, in the words of what was tested."""

from __future__ import annotations

from collections.abc import Iterator

from handcrafted.proofs.proof import PROVED, REFUTED, Proof
from handcrafted.text.report import Report, markdown_list, markdown_table, plain

FILES = ("statement.json", "effective.safetensors", "certificate.json")
"""What the checker is given."""


def report_of(proof: Proof) -> Report:
    """Return what became of it: the cells that the loop never leaves, and what that holds for."""
    title = f"{proof.structure.name}: {proof.claim.id} never happens ({proof.claim.text}): {proof.verdict}"
    cells = proof.cells
    called = dict(zip(cells[0], _called(proof, [*cells[0]]), strict=True)) if cells else {}
    rows = [tuple(_interval(*pair) for pair in cell.values()) for cell in cells]
    return Report(title, tuple(called.values()), rows, [*_sentences(proof)])


def _called(proof: Proof, order: list[str]) -> Iterator[str]:
    """Return the names of states and of what the network carries, for people."""
    assert proof.statement is not None
    for name in order:
        kind, _, place = name.partition(" ")
        yield f"{proof.statement.called[int(place)]}, carried" if kind == "carry" and place.isdigit() else name


def _interval(low: float, high: float) -> str:
    return f"{low:.6g}" if low == high else f"[{low:.6g}, {high:.6g}]"


def _sentences(proof: Proof) -> Iterator[str]:
    if proof.verdict == PROVED and proof.statement is not None:
        yield "It never happens, for all time: the loop never leaves these cells, and in none of them can it happen."
        yield "Proved of the arrays that run, in float32 and for any order of their sums."
        if proof.any_subordinate:
            yield "All weights outside the Layer 0 controller may be anything; it runs in blocks, with ports between."
        yield f"Taken for granted: {'; '.join([*_start(proof), *proof.statement.outside])}."
        yield f"The checker worked out {proof.tried} steps from parts of cells."
    elif proof.verdict == REFUTED and proof.counterexample is not None:
        yield f"It happens: in a run that the simulator repeats, at step {proof.counterexample.step}."
    else:
        yield "Neither proved nor refuted: no run that was tried shows it, and the proof stops."
    if proof.verdict != PROVED and proof.unproved is not None:
        yield f"Where the proof stops: {proof.unproved.reason}."
        if proof.unproved.box and proof.statement is not None:
            pairs = zip(_called(proof, [*proof.unproved.box]), proof.unproved.box.values(), strict=True)
            yield "There: " + ", ".join(f"{name} {_interval(*pair)}" for name, pair in pairs) + "."
    if proof.margin is not None:
        widest = [f"{name} [{low:.6g}, {high:.6g}]" for name, (low, high) in proof.margin.items()]
        yield f"The widest that is proved: {', '.join(widest) or 'none'}."


def _start(proof: Proof) -> Iterator[str]:
    given = ", ".join(f"{name} in {_interval(*pair)}" for name, pair in proof.start.items())
    yield f"the loop starts with {given}, else as the file says" if given else "the loop starts as the file says"


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
