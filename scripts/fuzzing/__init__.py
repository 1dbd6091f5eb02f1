"""What ``scripts/fuzz.py`` is made of: a seeded spoiler of valid inputs, the parsers it is held against, and the run."""
