"""The control laws, one to a file: parameters, shape, the plain law, the circuits that stand for it, an example.

`law` says what a law is, `catalogue` lists them, `oracle` runs a whole structure by them. `evaluate` uses
`arithmetic`, `circuits` uses `handcrafted.components`: they share a law's parameters and what a signal's coordinates
mean, and nothing else.
"""
