"""The bundled processes, one to a file: parameters as a file declares them, how they move, and what is seen of them.

`plant` says what a plant is, `catalogue` lists them.
"""
