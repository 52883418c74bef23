"""The bundled processes as functions of their state.

A state is a dictionary of named arrays: a number for a real signal, one truth value per word for a discrete one.
Inputs are held over a step (zero-order hold), as a sampled controller holds its actions.
"""
