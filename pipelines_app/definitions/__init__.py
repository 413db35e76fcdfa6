"""Definitions: registered, revised, tried, compared."""
