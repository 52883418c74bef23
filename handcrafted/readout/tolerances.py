"""Every tolerance and floor by which a network is judged, each with what it is derived from.

`tests/readout/test_tolerances.py` shows for each floor and tolerance of the readouts a network that is read otherwise
with twice of it, and one that is read otherwise with half of it.
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

FLOOR = 2.0**-20
"""What a path can carry counts from this share of the size of what it writes: sixteen terms, each rounded by 2^-24.

What a path can carry is what it reads at its largest, times the weights that read, times those that write.
"""

COMPOSITION_FLOOR = 2.0**-17
"""Share of the product of their norms from which a writer and a reader that meet in a subspace compose.

Two that are at right angles leave the rounding of up to 128 terms, each by 2^-24.
"""

RANK_FLOOR = 2.0**-13
"""Share of a head's largest gain from which it passes a direction, where no names say which directions there are.

A change of basis inside of a head is rounded twice by 2^-24, and amplified by its condition, up to 2^10.
"""

EFFECT_FLOOR = 2.0**-20
"""An effect counts from this share of the size of what it is an effect on: sixteen terms, each rounded by 2^-24."""

LAG_FLOOR = 0.01
"""Attention from which a head is taken to look so far back on purpose: a convention.

A head set by hand leaves e^-104 elsewhere. What less attention lets through is for the law test: it has no such floor.
"""

LINEAR = 2.0**-13
"""Share of the largest answer up to which a response counts as linear.

Answers are differences of numbers rounded by 2^-24, up to 2^11 times as large as they are: the terms of a ramp.
"""

GAIN_TOLERANCE = 2.0**-10
"""Share of its gain up to which a transfer counts as one gain on the diagonal, and up to which a link's gain is 1.

Fits are linear up to 2^-13 of the largest answer; a context whose answer is an eighth of that fixes a gain so far.
"""

RANK = 2.0**-13
"""Directions in which a source moves by less than this share of its largest move say nothing about its gain."""

RUNAWAY = 1e12
"""A stream that grows beyond this within 31 steps is a recurrence that runs away, and every step is looked at alone.

It is far above what a declared range times a gain reaches, and far below where float32 ends (3.4e38).
"""

DECODED = 0.99
"""Share of the variance from which a variable counts as decoded by a probe: a convention."""
