"""What is promised, which tests hold it, and the command that runs them all: `python -m tests.chaos`."""
