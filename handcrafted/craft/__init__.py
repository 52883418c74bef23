"""From what is intended to circuits, from circuits to weights."""
