"""PostgreSQL as an engine: one table for each part of a version, a login for each team."""
