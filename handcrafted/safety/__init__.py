"""Safety on the running model: what holds whatever the weights outside Layer 0 are, and attacks on it."""
