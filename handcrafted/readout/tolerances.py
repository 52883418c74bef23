"""Every tolerance and floor by which a network is judged, each with what it is derived from.

`tests/verdict/test_tolerances.py` shows for each that half of it would refuse what is right, and twice of it would let
something wrong pass.
"""

from __future__ import annotations

EXACT = 2.0**-37
"""Difference of a word, a bit or a number on a grid in exact arithmetic, as a share of its size.

Float64 rounds corners of regions by 2^-53 of a variable's reach, and a ramp is 2^14 to 2^15 steep on that scale.
"""

SUMS = 2.0**-18
"""Difference of any other number in exact arithmetic, as a share of the sizes that its law adds up.

Each weight is rounded to float32 by 2^-25 of itself; a table of n points adds up n turns of its slope, each up to
twice as steep as its steepest piece, and they do not all err the same way: 2^-18.5 was seen on 256 points.
"""

STATE = 2.0**-22
"""Difference of a state that is handed to the next step, likewise; what is left is stated as a drift.

Of the size of a clamped sum its limits and weights are rounded by 2^-25 each, the width of its range, twice the size,
by one unit in the last place, 2^-23: together 2^-22.2.
"""

ROUNDED = 1e-5
"""Difference of a number in a float32 run, as a share of the larger of 1 and the largest value that its law gives."""

BAND = 2.0**-14 * (1 + 2.0**-4)
"""Off a grid a comparison may go either way within so much of the size of its terms, about its threshold.

A float32 ramp that is to be exact outside needs 2^-14 of them, and 2^-5 of its width free on both sides.
"""
