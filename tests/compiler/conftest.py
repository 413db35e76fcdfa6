import duckdb
import pytest


@pytest.fixture
def warehouse():
    """A real database in memory with two small datasets."""
    connection = duckdb.connect()
    connection.sql("CREATE SCHEMA raw")
    connection.sql(
        """
        CREATE TABLE raw.t AS SELECT * FROM (VALUES
          (1, 1.5, 'x1', DATE '2013-01-01', TIMESTAMP '2013-01-01 05:00', [1, 2], '{"a": 1}'::JSON),
          (2, 2.5, 'y,2', DATE '2013-01-02', TIMESTAMP '2013-01-02 06:00', [3], '{"a": 2}'::JSON),
          (3, NULL, 'z', DATE '2013-01-03', TIMESTAMP '2013-01-03 07:00', [], '{}'::JSON)
        ) AS v(a, b, c, d, ts, l, j)
        """
    )
    connection.sql("CREATE TABLE raw.u AS SELECT * FROM (VALUES (1, 10), (2, 20)) AS v(a, b)")
    yield connection
    connection.close()
