"""Other tools' files: what is read from them, what is written for them, and what is lost on the way."""
