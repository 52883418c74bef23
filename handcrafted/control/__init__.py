"""Signals, domains and words: what a control structure is made of, filled in, and its signal-flow graph."""
