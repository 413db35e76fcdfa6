"""The 22 queries of TPC-H, registered once, give the same rows on every engine at scale factor 0.1."""

import math

import pytest

from bench.parts import tpch
from pipelines_app.compiler import documents
from pipelines_app.environments import mapping, reading
from pipelines_app.models import Dataset, EngineName, Environment, Part, StepRun
from tests import road

SPARK_SCALE = 0.05  # the least at which every query gives rows
TOLERANCE = 1e-9  # of a DOUBLE: sums and means are taken in another order
FOLDERS = "zstd", "snappy"  # the same rows in other bytes: those that came before would not be read again


@pytest.mark.django_db
def test_every_query_gives_the_same_rows_in_the_warehouse(warehouse, settings, tmp_path):
    settings.WAREHOUSE_URL = warehouse.url
    settings.LEASE_SECONDS = 600  # in one transaction nobody but this thread could renew it
    agrees(EngineName.POSTGRES, tmp_path, scale=0.1)
    assert set(Part.objects.live().values_list("engine", flat=True)) == {EngineName.POSTGRES}


@pytest.mark.spark
@pytest.mark.django_db(transaction=True)  # who watches over work on Spark asks from a thread of its own
def test_every_query_gives_the_same_rows_on_spark(spark_server, settings, tmp_path):
    settings.SPARK_URL = spark_server.url
    agrees(EngineName.SPARK, tmp_path, scale=SPARK_SCALE)


def agrees(engine, folder, *, scale):
    """Have the 22 queries answered by DuckDB and by another engine, and compare every row."""
    definition = tpch.pipeline() | {"values": {"value_share": str(0.0001 / scale)}}
    road.register_yaml(documents.to_yaml(definition))
    queries = [step["dataset"] for step in definition["steps"]]
    with tpch.made(scale) as tables:
        run(tpch.files(tables, folder, FOLDERS[0]), EngineName.DUCKDB)
        ours = {name: rows(name) for name in queries}
        run(tpch.files(tables, folder, FOLDERS[1]), engine)
    assert len(ours) == 22
    for name, found in ours.items():
        theirs = rows(name)
        assert 0 < len(found) == len(theirs), name
        for one, other in zip(found, theirs, strict=True):
            assert all(map(same, one, other)), (name, one, other)


def run(files, engine):
    mapping.production()
    Environment.objects.update(engine=engine)
    mapping.forget()
    for name, path in files.items():
        road.send(name, path.read_bytes(), name=path.name)
    road.drain()
    wrong = StepRun.objects.exclude(state__in=["succeeded", "reused"])
    assert list(wrong.values_list("run", "dataset__name", "state", "error")) == []


def rows(name):
    """Its rows, in the order of what is not counted in DOUBLE."""
    dataset = Dataset.objects.get(name=name)
    version = mapping.current(mapping.production(), [dataset])[dataset.pk]
    found = reading.rows(version, limit=50_000).rows
    return sorted(found, key=lambda row: [str(value) for value in row if not isinstance(value, float)])


def same(one, other):
    """Whether two values are equal, of a DOUBLE as far as its ninth digit."""
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=TOLERANCE)
    return one == other
