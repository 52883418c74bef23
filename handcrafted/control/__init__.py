"""What is intended: the control structure, its file format, its signal-flow graph, and the control laws."""
