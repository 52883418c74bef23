"""Where boxes, arrows and labels of a control diagram go."""
