"""Words for people: messages, names in quotes, tables, files written whole. Nothing here knows of control."""
