"""The command that draws every picture of the front page, the gallery and the notebooks anew."""

from __future__ import annotations

from pathlib import Path

import click

from handcrafted.cli.group import friendly, main, quiet
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown


@main.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("figures"), show_default=True, help="A folder."
)
@click.option(
    "--only", multiple=True, metavar="NAME", help="Only this picture, such as circuits/delay; repeat for more."
)
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path),
    help="Run the notebooks of this folder too, and renew their pictures.",
)
@friendly
def figures(output: Path, only: tuple[str, ...], notebooks: Path | None) -> None:
    """Draw all pictures of the README and the gallery, and write what they show as text into OUTPUT/data.

    The scoreboard and compressed streams are drawn from the measurements in OUTPUT, which `score -o` and `score
    --compression -o` make, and which take hours.

    Example: handcrafted figures --notebooks notebooks
    """
    from rich.progress import track

    from handcrafted.text.diagnostics import nearest
    from handcrafted.view.notebook import execute, sources
    from handcrafted.view.output import write
    from handcrafted.zoo.pictures import drawables

    known = {one.name: one for one in drawables(output)}
    if unknown := [name for name in only if name not in known]:
        raise HandcraftedError(f"Expected the name of a picture, got {shown(unknown[0])}.{nearest(unknown[0], known)}")
    if notebooks is not None:
        sources(notebooks)
    for name in track(only or list(known), "drawing", disable=quiet(), transient=True):
        made = known[name].make(output)
        parts = {f"{name}.png": made.png} | ({known[name].data(made.suffix): made.text.encode()} if made.text else {})
        for path, content in parts.items():
            (output / path).parent.mkdir(parents=True, exist_ok=True)
            click.echo(f"wrote {write(output / path, content)}")
    for path in execute(notebooks) if notebooks is not None else ():
        click.echo(f"wrote {path}")
