"""The panel: a model's control diagram, parameters, weights and closed loop in a notebook, edited and redrawn."""
