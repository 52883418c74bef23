"""Readouts held against known answers, under distortions and planted faults."""
