"""Holding what was read without names against what was intended."""
