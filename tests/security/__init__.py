"""Attacks on ourselves: who may do what at every address, hostile texts, secrets, files and names."""
