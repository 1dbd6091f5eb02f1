"""Agents: who answers "what is the next step after this prefix?"."""
