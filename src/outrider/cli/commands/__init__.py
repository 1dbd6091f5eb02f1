"""The commands: their arguments, options and help. What they do is in the modules above this folder."""
