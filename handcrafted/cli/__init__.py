"""The command line: exit 0 if what was checked holds, 1 if it does not, 2 if the input cannot be used."""

from handcrafted.cli import check, doctor, exchange, files, prove
from handcrafted.cli import files as figures
from handcrafted.cli import group as circuits
from handcrafted.cli import studies as analyse
from handcrafted.cli import studies as inject
from handcrafted.cli import studies as score
from handcrafted.cli.group import main

__all__ = ["analyse", "check", "circuits", "doctor", "exchange", "figures", "files", "inject", "main", "prove", "score"]
