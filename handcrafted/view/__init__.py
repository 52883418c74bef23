"""Pictures: control structures, comparisons and weights. Nothing else in the library draws."""
