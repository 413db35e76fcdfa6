"""A contract that changes between two files: what came before is read as what is declared now, or said to be unfit."""

import pytest

from pipelines_app.environments import reading
from pipelines_app.errors import EngineError
from pipelines_app.models import Current, Pipeline, Run, RunState, StepRun
from pipelines_app.runs import queue
from tests import road

pytestmark = pytest.mark.django_db
PIPELINE = """
pipeline: readings
team: ops-analytics
sources:
  raw.readings: {{format: csv, columns: {columns}, period: day, from: "readings_{{period}}.csv"}}
steps:
  - dataset: staging.readings
    sql: SELECT {picked} FROM raw.readings
    materialise: {{kind: incremental, by: period}}
  - dataset: mart.largest
    sql: SELECT max(v) AS v FROM raw.readings
"""


def register(columns: str, picked: str = "v") -> None:
    road.register_yaml(PIPELINE.format(columns=columns, picked=picked))


def send(day: str, text: str) -> None:
    road.send("raw.readings", text.encode(), name=f"readings_2024-01-0{day}.csv")
    road.drain()


def rows(name: str) -> list[tuple[object, ...]]:
    version = Current.objects.select_related("version__dataset").get(dataset__name=name).version
    return sorted(reading.rows(version, limit=10).rows, key=str)


def test_what_was_text_counts_as_the_number_it_is_declared_to_be_by_now() -> None:
    register("{v: VARCHAR}")
    send("1", "v\n9\n")
    assert rows("mart.largest") == [("9",)]
    register("{v: BIGINT}")
    send("2", "v\n10\n")
    assert rows("mart.largest") == [(10,)]
    assert rows("raw.readings") == [(10,), (9,)]


def test_an_earlier_value_that_does_not_fit_the_new_type_fails_the_step_and_is_named() -> None:
    register("{v: VARCHAR}")
    send("1", "v\nnine\n")
    register("{v: BIGINT}")
    send("2", "v\n10\n")
    step = StepRun.objects.get(run=Run.objects.latest("id"), dataset__name="mart.largest")
    assert (step.state, step.error_kind) == ("failed", EngineError.STATEMENT)
    assert "raw.readings: v was VARCHAR in earlier files, and this value is no BIGINT: nine" in step.error
    assert rows("mart.largest") == [("nine",)]


def test_a_period_from_before_a_column_was_added_is_read_with_nulls() -> None:
    register("{v: BIGINT}")
    send("1", "v\n9\n")
    register("{v: BIGINT, b: VARCHAR}", picked="v, b")
    send("2", "v,b\n10,x\n")
    assert rows("raw.readings") == [(10, "x"), (9, None)]
    register("{v: BIGINT, b: VARCHAR, c: DATE}", picked="v, b, c")
    queue.request(Pipeline.objects.get(), period="2024-01-01", actor="user:ana")
    road.drain()
    assert Run.objects.latest("id").state == RunState.SUCCEEDED
    assert rows("staging.readings") == [(10, "x", None), (9, None, None)]
