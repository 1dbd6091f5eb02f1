"""What a person sees: a picture, folded from events, and what draws it."""
