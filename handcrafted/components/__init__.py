"""What circuits are built of: heads and groups of neurons in local coordinates, and the usual shapes of them.

Laws, and only laws and what assembles them, build with these; no plain law and no readout looks here.
"""
