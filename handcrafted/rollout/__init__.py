"""From a transformer and a process to a trace of the closed loop."""
