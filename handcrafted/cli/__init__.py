"""The command line: exit 0 if what was checked holds, 1 if it does not, 2 if the input cannot be used."""

from handcrafted.cli import analyse, check, circuits, figures, files, inject, score
from handcrafted.cli.group import main

__all__ = ["analyse", "check", "circuits", "figures", "files", "inject", "main", "score"]
