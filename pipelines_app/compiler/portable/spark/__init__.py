"""What of DuckDB's SQL means the same on Spark, and how it is written there."""
