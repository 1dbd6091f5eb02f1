"""Evidence: recorded rows, schedulers that are compared on them, and what can be said of the differences."""
