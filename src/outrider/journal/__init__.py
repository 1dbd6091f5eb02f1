"""The journal is the truth: append, read, fold."""
