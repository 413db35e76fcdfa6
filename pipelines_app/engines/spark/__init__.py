"""Spark, reached through Spark Connect: it reads and writes the lake's own files."""
