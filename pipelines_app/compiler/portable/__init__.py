"""SQL is written once, in DuckDB's dialect: what another engine would refuse or, worse, do otherwise is found here."""
