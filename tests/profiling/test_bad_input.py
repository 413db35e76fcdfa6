"""Whatever a version holds, it is measured, kept, learned from and judged: nothing of it stops the watch."""

import duckdb
import pytest

from monitoring_app.expectations import looking
from monitoring_app.models import ColumnProfile, Expectation, Profile
from monitoring_app.profiling.asking import Asked
from monitoring_app.profiling.profile import Metric
from monitoring_app.profiling.slices import Slice
from pipelines_app.compiler.definition import Column, PeriodKind
from pipelines_app.engines.base import Answer, Relation
from pipelines_app.engines.often import plainly
from pipelines_app.models import Delivery
from tests import road
from tests.profiling import shop

PIPELINE = """
pipeline: odd
team: shop
sources:
  raw.odd:
    format: csv
    period: day
    from: odd_{period}.csv
    columns: {number: DOUBLE, word: VARCHAR, day: DATE, moment: TIMESTAMP}
    checks:
      - matches_pattern: {column: word, pattern: "(a+)+$", tolerance: 1000}
steps:
  - dataset: mart.odd
    sql: SELECT number, word FROM raw.odd WHERE word = 'nobody'
"""
HEADER = "number,word,day,moment"
LONG = "a" * 1_000_000
ODD = {
    "all of it nothing": ",,,\n,,,\n,,,",
    "one row": "1,b,2024-05-01,2024-05-01 10:00:00",
    "neither numbers nor days": "nan,,9999-12-31,9999-12-31 23:59:59\ninf,,infinity,infinity\n-inf,b,0001-01-01,",
    "as great as numbers get": "1.7e308,b,,\n-1.7e308,b,,\n5e-324,b,,",
    "texts of a megabyte": f"1,{LONG},,\n2,{LONG},,\n3,{LONG}!,,",
}


def send(day: str, rows: str) -> None:
    road.send("raw.odd", f"{HEADER}\n{rows}\n".encode(), name=f"odd_{day}.csv")
    road.drain()
    shop.measure()
    road.drain()


@pytest.fixture
def odd(db):
    return road.register_yaml(PIPELINE)


def test_a_version_of_odd_values_is_measured_kept_learned_from_and_judged(odd):
    for number, rows in enumerate(ODD.values(), start=1):
        send(f"2024-05-{number:02}", rows)
    profiles = Profile.objects.filter(dataset__name="raw.odd", is_merged=False).order_by("period")
    assert {(one.state, one.error) for one in profiles} == {("measured", "")}
    assert [one.rows for one in profiles] == [3, 1, 3, 3, 3]
    empty = shop.the_profile("mart.odd", version__number=1)
    assert (empty.state, empty.rows) == ("measured", 0)
    assert not Delivery.objects.exclude(error="").exists()
    looking.look(profiles[0].dataset)
    assert Expectation.objects.filter(dataset__name="raw.odd").exists()
    longest = ColumnProfile.objects.get(profile=profiles[4], name="word")
    assert (longest.max_length, len(longest.top[0]["text"])) == (1_000_001, 200)


def test_five_hundred_columns_are_measured_a_part_at_a_time():
    columns = tuple(Column(name=f"c{number}", type="INTEGER") for number in range(500))
    relation = Relation(name="raw.wide", columns=columns)
    asked = Asked(columns=columns)
    wide = Slice(relation=relation, asked=asked, period="", kind=PeriodKind.NONE, size=0, content="")
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE SCHEMA raw")
    connection.execute(f"CREATE TABLE raw.wide AS SELECT {', '.join(f'1 AS {one.name}' for one in columns)}")
    answers = []
    for part in wide.statements():
        found = connection.execute(plainly(part).sql("duckdb"))
        names = tuple(Column(name=name, type=str(type_)) for name, type_, *_ in found.description)
        answers.append(Answer(columns=names, rows=tuple(found.fetchall()), truncated=False, seconds=0.0))
    told = wide.read(answers)
    assert (len(answers), told.rows, len(told.columns)) == (13, 1, 500)
    assert {one.value(Metric.MEAN) for one in told.columns} == {1.0}
