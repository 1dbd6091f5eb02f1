"""Real tasks, with the actions that a plan for them may name."""
