"""A network squeezed into fewer coordinates: what it then still does, and what readouts still see."""
