"""STPA on the running model: contexts, unsafe control actions, what the network does about them."""
