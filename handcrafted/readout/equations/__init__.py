"""Control laws as formulas, read off the weights."""
