"""Columns that change where earlier rows are kept: said beforehand, and done as it was said."""

import pytest

from pipelines_app.definitions import plans
from pipelines_app.definitions.files import File
from pipelines_app.definitions.register import Author
from pipelines_app.environments import reading
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Current
from tests import road

pytestmark = pytest.mark.django_db
PIPELINE = """
pipeline: people
team: ops-analytics
sources:
  raw.people: {{format: csv, columns: {{id: BIGINT, town: VARCHAR}}, period: day, from: "p_{{period}}.csv"}}
steps:
  - dataset: core.people
    sql: SELECT {picked} FROM raw.people
    materialise: {kept}
    {policy}
"""
MERGE, DAILY, HISTORY = "{kind: merge, key: id}", "{kind: incremental, by: period}", "{kind: scd2, key: id}"


def written(picked: str, kept: str, policy: str = "") -> str:
    said = f"on_schema_change: {policy}" if policy else ""
    return PIPELINE.format(picked=picked, kept=kept, policy=said)


def send(day: int, *lines: str) -> None:
    road.send("raw.people", "\n".join(["id,town", *lines, ""]).encode(), name=f"p_2024-01-0{day}.csv")
    road.drain()


def rows() -> list[tuple[object, ...]]:
    version = Current.objects.select_related("version__dataset").get(dataset__name="core.people").version
    return sorted(reading.rows(version, limit=50).rows, key=repr)


@pytest.mark.parametrize(
    ("kept", "policy", "picked", "said"),
    [
        (MERGE, "", "id, town, 1 AS one", "core.people keeps earlier rows, and may not change its columns: one is new"),
        (HISTORY, "fail", "id", "town is gone"),
        (DAILY, "fail", "id, town, 1 AS one", "one is new"),
        ("{kind: table}", "fail", "id", "core.people may not change its columns: town is gone"),
        (MERGE, "add_columns", "id, 1 AS one", "core.people takes new columns only: town is gone"),
        (MERGE, "add_columns", "id, 1 AS town", "town was VARCHAR and would be INTEGER"),
        (MERGE, "add_columns", "id, town, 1 AS one", ""),
        (MERGE, "rebuild", "id, 1 AS town", ""),
        (DAILY, "", "id", ""),
    ],
)
def test_a_change_of_columns_is_refused_unless_its_policy_lets_it(
    kept: str, policy: str, picked: str, said: str
) -> None:
    road.register_yaml(written("id, town", kept, policy))
    road.register_yaml(written("id, town", kept, policy))
    send(1, "1,bern")
    if not said:
        road.register_yaml(written(picked, kept, policy))
        return
    with pytest.raises(DefinitionInvalid) as refused:
        road.register_yaml(written(picked, kept, policy))
    (problem,) = refused.value.problems
    assert problem.path == "steps[0].on_schema_change"
    assert said in problem.message


def test_before_there_are_rows_columns_change_freely() -> None:
    road.register_yaml(written("id, town", MERGE))
    road.register_yaml(written("id", MERGE))
    send(1, "1,bern")
    assert rows() == [(1,)]


def test_new_columns_are_empty_in_earlier_rows() -> None:
    road.register_yaml(written("id, town", MERGE, "add_columns"))
    send(1, "1,bern", "2,chur")
    road.register_yaml(written("id, town, id * 10 AS ten", MERGE, "add_columns"))
    send(2, "2,genf")
    assert rows() == [(1, "bern", None), (2, "genf", 20)]
    send(1, "1,basel", "2,chur")
    assert rows() == [(1, "basel", 10), (2, "genf", 20)]


@pytest.mark.parametrize("kept", [MERGE, DAILY, "{kind: append}"])
def test_what_is_built_anew_leaves_out_what_had_other_columns(kept: str) -> None:
    road.register_yaml(written("id, town", kept, "rebuild"))
    send(1, "1,bern")
    send(2, "2,chur")
    road.register_yaml(written("id * 10 AS id", kept, "rebuild"))
    send(3, "3,genf")
    assert rows() == [(30,)]
    version = Current.objects.get(dataset__name="core.people").version
    assert version.total_rows == 1
    send(1, "4,bern")
    assert rows() == [(30,), (40,)]


def test_a_plan_says_what_becomes_of_the_rows_that_are_there() -> None:
    road.register_yaml(written("id, town", MERGE, "rebuild"))
    send(1, "1,bern")
    author = Author(actor="user:test", user=None, teams=frozenset({"ops-analytics"}))
    text = written("id", MERGE, "rebuild")
    planned = plans.plan([File(name="people.yaml", content=text)], author=author)
    step = next(step for step in planned.pipelines[0].steps if step.change.dataset == "core.people")
    assert "rebuild" in step.then
    assert "a backfill makes it anew" in step.then
