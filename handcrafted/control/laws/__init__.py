"""Control laws as plain functions: the oracle that the hand-set weights must reproduce.

A signal's value is its coordinates, a float64 array [..., width]: one number for a real signal, one truth value per
word for a discrete one. Nothing here knows of layers, heads or neurons.
"""
