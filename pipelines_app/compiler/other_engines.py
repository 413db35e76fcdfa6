"""The engines for which a step may have SQL of its own."""

from enum import StrEnum


class OtherEngine(StrEnum):
    """An engine beside DuckDB, for which all SQL is written."""

    POSTGRES = "postgres"
    SPARK = "spark"
