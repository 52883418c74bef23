"""The command that does STPA on a structure and its network."""

from __future__ import annotations

from pathlib import Path

import click

from handcrafted.cli.group import friendly, main, quiet
from handcrafted.cli.loop_file import LoopFile
from handcrafted.text.diagnostics import named


@main.command()
@click.argument("file", type=LoopFile())
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for the report, tables and diagram.")
@click.option("--sample", type=click.IntRange(min=1), help="Draw so many contexts where there are more.")
@click.option("--faults", type=click.Path(path_type=Path), help="A fault list for step 4, instead of the usual one.")
@click.option("--no-faults", is_flag=True, help="Leave out step 4, as where no hazard is declared.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn.")
@friendly
def analyse(
    file: Path, output: Path | None, sample: int | None, faults: Path | None, no_faults: bool, seed: int
) -> None:
    """Analyse the unsafe control actions of FILE, hold its network against them, and look for loss scenarios.

    Without a folder the report goes to the terminal. Exit code 1: the network, without a fault, does what a rule calls
    unsafe.

    Example: handcrafted analyse "train door" -o report
    """
    from handcrafted.craft.assemble import assemble
    from handcrafted.loading.yamlfile import load
    from handcrafted.safety.faults.campaign import inject
    from handcrafted.safety.faults.report import scenario_report
    from handcrafted.safety.faults.tables import fault_tables
    from handcrafted.safety.faults.usual import compared, load_faults, usual_faults
    from handcrafted.safety.stpa.analysis import analyse as run
    from handcrafted.safety.stpa.report import PICTURE, as_markdown
    from handcrafted.safety.stpa.tables import tables
    from handcrafted.text.report import as_csv
    from handcrafted.view.campaign import pictures
    from handcrafted.view.output import write
    from handcrafted.view.unsafe import as_html, unsafe_picture

    structure = load(file)
    listed = load_faults(faults) if faults else usual_faults() if structure.hazards and not no_faults else None
    campaign, less = None, {}
    with named(file):
        found = run(assemble(structure), sample=sample, seed=seed, progress=not quiet())
        if listed is not None:
            campaign = inject(assemble(structure), listed, progress=not quiet())
            less = compared(structure, listed, progress=not quiet())
    scenarios = () if campaign is None else tuple(scenario_report(campaign, less, pictures=output is not None))
    if output is None:
        click.echo(as_markdown(found, picture=False, scenarios=scenarios))
    else:
        output.mkdir(parents=True, exist_ok=True)
        parts = {"report.md": as_markdown(found, scenarios=scenarios).encode()}
        parts |= {"report.html": as_html(found, scenarios).encode()}
        parts |= {f"{name}.csv": as_csv(rows).encode() for name, rows in tables(found).items()}
        if campaign is not None:
            parts |= {f"{name}.csv": as_csv(rows).encode() for name, rows in fault_tables(campaign, less).items()}
            parts |= {f"{name}.png": content for name, content in pictures(campaign)}
        parts[PICTURE] = unsafe_picture(found)
        for name, content in parts.items():
            click.echo(f"wrote {write(output / name, content)}")
    raise SystemExit(1 if found.arising or found.broken else 0)
