"""A first look at a file nobody has described: what contract it seems to follow, and what in it does not fit."""
