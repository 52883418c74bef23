"""From weights to a running transformer, with named subspaces and interventions."""
