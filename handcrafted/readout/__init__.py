"""From arrays to a recovered signal-flow graph, with evidence; nothing here sees the answer key."""
