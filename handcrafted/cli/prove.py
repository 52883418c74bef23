"""The command that proves that a hazard never happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handcrafted.cli.group import LoopFile, friendly, main, quiet

if TYPE_CHECKING:
    from handcrafted.model.transformer import Transformer
    from handcrafted.proofs.proof import Proof


PROOFS = "proofs"
"""The folder of proofs beside a report."""


@main.command()
@click.argument("file", type=LoopFile())
@click.option("--hazard", "hazards", multiple=True, metavar="ID", help="A hazard with `when`; repeat for more.")
@click.option("--uca", "rules", multiple=True, metavar="ID", help="An unsafe control action; repeat for more.")
@click.option("--any-subordinate", is_flag=True, help="Whatever the weights outside the Layer 0 controller are.")
@click.option("--margin", type=click.Choice(["disturbance", "start"]), help="Also find the widest that is proved.")
@click.option(
    "--assume", "assumed", multiple=True, metavar="NAME=WORD", help="A word from outside to take for granted; repeat."
)
@click.option("--second-opinion", is_flag=True, help="Also ask z3, in real arithmetic; it has to be installed.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of runs that are tried.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for certificate, page and picture.")
@friendly
def prove(
    file: Path, hazards: tuple[str, ...], rules: tuple[str, ...], any_subordinate: bool, margin: str | None,
    assumed: tuple[str, ...], second_opinion: bool, seed: int, output: Path | None,
) -> None:  # fmt: skip
    """Prove that hazards and unsafe control actions of FILE never happen, for all time, or refute them by a run.

    Without a choice every hazard with `when` is tried, and every unsafe control action `provided` or `not provided`.
    The folder gets what the checker takes, and the checker, one file that needs Python alone; of several claims each
    has a folder of its own in it. Exit code 1: something is not proved.

    Example: handcrafted prove "heated room" --hazard H-1 -o proof
    Example: handcrafted prove "wheel brakes" --hazard H-1 --assume "weight on wheels=yes"
    """
    from handcrafted.craft.assemble import assemble
    from handcrafted.loading.yamlfile import load
    from handcrafted.proofs.claim import claims_of, unclaimed
    from handcrafted.proofs.prove import prove as run
    from handcrafted.text.diagnostics import named
    from handcrafted.text.report import progress_bar

    model, every, assume = assemble(load(file)), [], _assumed(assumed)
    with named(file):
        claims = claims_of(model.structure, model.names, hazards, rules)
        left = {} if hazards or rules else unclaimed(model.structure, model.names)
        for id, why in left.items():
            click.echo(f"{id} is not put to proof: {why}", err=True)
        with progress_bar(not quiet()) as bar:
            for claim in bar.track(claims, description="proving"):
                found = run(model, claim.id, any_subordinate=any_subordinate, margin=margin, assume=assume, seed=seed)
                every.append(found)
                click.echo(f"{found!r}\n")
                if second_opinion:
                    click.echo(f"{_second(found)}\n")
                if output is not None:
                    write_proof(output / claim.id if len(claims) > 1 else output, found)
    raise SystemExit(0 if all(found.proved for found in every) else 1)


def _assumed(options: Sequence[str]) -> dict[str, list[str]]:
    """Return the words by name that are taken for granted; of one name one of its words comes."""
    found: dict[str, list[str]] = {}
    for option in options:
        name, is_one, word = option.partition("=")
        if not (name.strip() and is_one and word.strip()):
            raise click.BadParameter(f"Expected NAME=WORD, got {option!r}. Write it so.", param_hint="--assume")
        found.setdefault(name.strip(), []).append(word.strip())
    return found


def _second(proof: Proof) -> str:
    """Ask z3 about the same statement."""
    from handcrafted.proofs.induction import second_opinion

    said = "A second opinion, by z3 in real arithmetic, without the cells: "
    if proof.statement is None:
        return f"{said}none, for there are no words for this yet."
    return f"{said}{second_opinion(proof.statement)}."


def proofs_of(model: Transformer) -> list[Proof]:
    """Try to prove all that can be claimed of a model, and name the rest."""
    from handcrafted.proofs.claim import claims_of, unclaimed
    from handcrafted.proofs.prove import prove

    for id, why in unclaimed(model.structure, model.names).items():
        click.echo(f"{id} is not put to proof: {why}", err=True)
    return [prove(model, claim.id) for claim in claims_of(model.structure, model.names)]


def write_proof(folder: Path, proof: Proof) -> None:
    """Write all about a proof into a folder, with the checker and what it takes."""
    from handcrafted.view.output import write

    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _files_of(proof):
        click.echo(f"wrote {write(folder / name, content)}")
    if proof.counterexample is not None:
        click.echo(f"wrote {proof.counterexample.trace.save(folder / 'counterexample.csv')}")


def _files_of(proof: Proof) -> Iterator[tuple[str, bytes]]:
    from handcrafted.proofs import check
    from handcrafted.proofs.report import FILES, as_markdown
    from handcrafted.view.invariant import as_html, invariant_picture

    picture = "proof.png"
    yield "proof.md", as_markdown(proof, picture).encode()
    yield "proof.html", as_html(proof, picture).encode()
    yield picture, invariant_picture(proof)
    contents = (proof.statement and proof.statement.text, proof.statement and proof.statement.arrays, proof.certificate)
    yield from ((name, content) for name, content in zip(FILES, contents, strict=True) if content)
    if proof.certificate:
        yield "check.py", Path(check.__file__).read_bytes()
