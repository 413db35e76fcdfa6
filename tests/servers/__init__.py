"""What the product runs against, started for a test session or a trial: PostgreSQL, Redis, a browser."""
