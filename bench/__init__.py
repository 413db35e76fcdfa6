"""Benchmarks: each is a command that starts the real thing, measures it, and prints a table beside what is possible."""
