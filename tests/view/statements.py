"""Statements of a DOT text by what a reader sees of them."""

import re


def label_with(dot, name):
    """Return the statement of the label that shows a name."""
    return next(line for line in dot.splitlines() if line.lstrip().startswith('" label') and f">{name}</FONT>" in line)


def arrow_with(dot, name):
    """Return the statement of the arrow whose label shows a name."""
    (number,) = re.findall(r'" label (\d+)"', label_with(dot, name))
    return next(line for line in dot.splitlines() if "->" in line and f'id="arrow {number}"' in line)


def ends_of(arrow):
    """Return the boxes that an arrow's statement joins."""
    return re.findall(r'"([^"]*)"', arrow.split(" [")[0])
