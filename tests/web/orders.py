"""A small real pipeline for the pages: orders by day, a total, one check that warns."""

from tests import road

PIPELINE = """
pipeline: orders
team: shop
description: Orders and what they sum up to.
sources:
  raw.orders:
    format: csv
    period: day
    from: orders_{period}.csv
    arrival: {by: "07:00", timezone: Europe/Zurich}
    columns: {id: INTEGER, amount: INTEGER}
    checks:
      - not_null: id
steps:
  - dataset: mart.totals
    materialise: {kind: incremental, by: period}
    sql: |
      SELECT count(*) AS orders, sum(amount) AS amount
      FROM raw.orders
    checks:
      - expression_is_true: {expression: amount < 100, name: small, severity: warn}
"""
READER = """
pipeline: report
team: shop
steps:
  - dataset: mart.report
    sql: SELECT sum(amount) AS amount FROM mart.totals
"""
GOOD = b"id,amount\n1,10\n2,20\n"
LARGE = b"id,amount\n1,10\n2,900\n"
BROKEN = b"id,amount\nx,10\ny,20\n"


def register() -> None:
    """The pipeline and one that reads its result."""
    road.register_yaml(PIPELINE)
    road.register_yaml(READER)


def send(body: bytes = GOOD, *, day: str = "2013-02-08", sender: str = "user:ana") -> None:
    """One day's file, carried all the way."""
    road.send("raw.orders", body, name=f"orders_{day}.csv", sender=sender)
    road.drain()
