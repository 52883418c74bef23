"""The command that prints and draws the catalogue of laws."""

from __future__ import annotations

from pathlib import Path

import click

from handcrafted.cli.group import friendly, main, quiet
from handcrafted.text.diagnostics import HandcraftedError


@main.command()
@click.argument("name", required=False)
@click.option("--png", type=click.Path(path_type=Path), help="A folder for a picture of each law, or a file for one.")
@click.option("--keep", is_flag=True, help="Keep twice the deviations measured as regression bounds, in the package.")
@friendly
def circuits(name: str | None, png: Path | None, keep: bool) -> None:
    """Print the catalogue of laws, or one law's circuits: formula, source, arrays and errors.

    Example: handcrafted circuits "rate limiter" --png rate_limiter.png
    """
    from rich.progress import track

    from handcrafted.laws.catalogue import LAWS, gives
    from handcrafted.verdict.catalogue import measure
    from handcrafted.view.output import checked_path, write
    from handcrafted.view.tables import print_catalogue, print_circuits
    from handcrafted.zoo.examples import REGRESSION, example, keep_regression
    from handcrafted.zoo.gallery import picture

    laws = [name] if name is not None else list(LAWS)
    if png is not None and png.suffix and name is None:
        raise HandcraftedError(f"Expected a folder for {len(laws)} pictures, got {png}. Name a folder, or a law.")
    file = lambda law: png if png is None or png.suffix else png / f"{law.replace(' ', '_')}.png"
    paths = {law: checked_path(path, (".png", ".svg")) for law in laws if (path := file(law))}
    measured = [measure(example(law)) for law in track(laws, "measuring", disable=quiet(), transient=True)]
    if keep and name is None:
        click.echo(f"wrote {keep_regression({found.law: found.within for found in measured})}")
    if name is not None:
        print_circuits(measured[0], gives(name), REGRESSION)
    else:
        print_catalogue(measured, REGRESSION)
    for found in track(measured if paths else [], "drawing", disable=quiet(), transient=True):
        path = paths[found.law]
        click.echo(f"wrote {write(path, picture(found.law, path.suffix[1:], found))}")
