"""Reading without names: only those of inputs and outputs are known."""
