"""Loss scenarios by fault injection: what fails, what comes of it, and how to say it. STPA's fourth step."""
