"""Proofs that a hazard never happens, from the arrays that run: statements, the search for cells, and their checker."""
