"""The sample played through the front doors, as its suppliers would send it."""
