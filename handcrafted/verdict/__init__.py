"""Where what was recovered meets what was intended."""
