"""Breaking the rules in one small way at a time, and seeing whether the tests notice: what ``mutate_rules.py`` is made of."""
