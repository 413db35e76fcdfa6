"""A source that comes by period is read by period, whatever its files do to what was there before."""

import pytest

from pipelines_app.environments import mapping, reading
from pipelines_app.models import Current, Dataset, Revision
from tests import road

pytestmark = pytest.mark.django_db
PIPELINE = """
pipeline: orders
team: ops-analytics
sources:
  raw.orders: {format: csv, columns: {id: BIGINT}, period: day, from: "orders_{period}.csv"}
steps:
  - dataset: staging.orders
    sql: SELECT id FROM raw.orders
    materialise: {kind: incremental, by: period}
"""


def rows(name: str) -> list[tuple[object, ...]]:
    version = Current.objects.select_related("version__dataset").get(dataset__name=name).version
    return sorted(reading.rows(version, limit=10).rows)


def test_a_revision_from_before_replace_was_refused_still_feeds_its_incremental_readers() -> None:
    revision = road.register_yaml(PIPELINE)
    compiled = revision.compiled
    compiled["definition"]["sources"]["raw.orders"]["mode"] = "replace"
    Revision.objects.filter(pk=revision.pk).update(compiled=compiled)
    road.send("raw.orders", b"id\n1\n2\n", name="orders_2024-01-01.csv")
    road.drain()
    assert rows("staging.orders") == [(1,), (2,)]
    assert mapping.periods(mapping.production(), Dataset.objects.get(name="raw.orders")) == {"2024-01-01"}
