"""What is published or registered starts exactly what it makes possible, and nothing that waits is forgotten."""

import pytest

from pipelines_app.environments import mapping
from pipelines_app.models import Current, Dataset, Pipeline, Run, RunState
from pipelines_app.runs import execution
from pipelines_app.runs.leases import ready
from tests import road

pytestmark = pytest.mark.django_db
DAY, NEXT = "2013-01-05", "2013-01-06"
SOURCE = "{format: csv, columns: {k: INTEGER}}"
KINDS = {"day": "ev_{period}.csv", "hour": "tick_{period}.csv"}


def by(kind: str) -> str:
    return f'{{format: csv, columns: {{k: INTEGER}}, period: {kind}, from: "{KINDS[kind]}"}}'


def source_pipeline(name: str, **sources: str) -> None:
    lines = "".join(f"  raw.{dataset}: {text}\n" for dataset, text in sources.items())
    road.register_yaml(f"pipeline: {name}\nteam: ops-analytics\nsources:\n{lines}")


def step(dataset: str, sql: str, *, incremental: bool = False) -> str:
    how = "    materialise: {kind: incremental, by: period}\n" if incremental else ""
    return f"  - dataset: {dataset}\n{how}    sql: {sql}\n"


def pipeline(name: str, *steps: str, start: str = "any", sources: str = "") -> Pipeline:
    text = f"pipeline: {name}\nteam: ops-analytics\n{sources}steps:\n{''.join(steps)}start: {{when: {start}}}\n"
    return road.register_yaml(text).pipeline


def bring(dataset: str, *keys: int, period: str = "") -> None:
    road.send(dataset, ("k\n" + "".join(f"{key}\n" for key in keys)).encode(), period=period)


def periods_of(dataset: str) -> set[str]:
    return mapping.periods(mapping.production(), Dataset.objects.get(name=dataset))


def rows(dataset: str) -> int:
    return Current.objects.select_related("version").get(dataset__name=dataset).version.total_rows


def test_an_event_merges_into_a_run_in_flight_only_if_the_run_makes_everything_that_reads_it() -> None:
    source_pipeline("up", a=SOURCE, b=SOURCE)
    joined = "SELECT a.k FROM raw.a AS a JOIN raw.b AS b ON a.k = b.k"
    pipeline("down", step("mart.x", joined), step("mart.y", "SELECT k FROM raw.b"))
    bring("raw.a", 1)
    bring("raw.b", 1)
    road.drain()
    bring("raw.a", 1, 2)
    bring("raw.b", 1, 2)
    road._deliver()
    while pks := [pk for pk in ready() if not Run.objects.filter(steps=pk, pipeline__name="down").exists()]:
        for pk in pks:
            execution.execute(pk, "test")  # both are published before `down` hears of either
    road._deliver()
    running = Run.objects.get(pipeline__name="down", state=RunState.RUNNING)
    assert [one.dataset.name for one in running.steps.all()] == ["mart.x"]
    road.drain()
    assert (rows("mart.x"), rows("mart.y")) == (2, 2)
