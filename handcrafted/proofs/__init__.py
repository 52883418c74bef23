"""Proofs that a hazard never happens, from the arrays that run: statements, provers, and the checker, which is alone."""
