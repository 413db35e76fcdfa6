"""The kinds of datasets walked down the road: merged by key, added once, kept as history, kept as a query."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app import events
from pipelines_app.engines.base import Limits
from pipelines_app.environments import mapping, reading
from pipelines_app.models import Current, Dataset, DatasetVersion, Delivery, Increment, Pipeline, Run, StepRun
from pipelines_app.runs import execution, leases, queue, staging
from tests import road

pytestmark = pytest.mark.django_db
PIPELINE = """
pipeline: people
team: ops-analytics
sources:
  raw.people:
    format: csv
    columns: {{id: BIGINT, town: VARCHAR, gone: BOOLEAN}}
    period: day
    from: "p_{{period}}.csv"
steps:
  - dataset: core.people
    sql: {sql}
    materialise: {kept}
  - dataset: mart.towns
    sql: SELECT town, count(*) AS people FROM core.people GROUP BY town
"""
MERGE = "{kind: merge, key: [id], deleted: gone}"
HISTORY = "{kind: scd2, key: id, tracked: town, deletes: close}"
ALL = "SELECT * FROM raw.people"


def register(kept: str, sql: str = ALL) -> None:
    road.register_yaml(PIPELINE.format(kept=kept, sql=sql))


def send(day: int, *rows: str) -> None:
    body = "\n".join(["id,town,gone", *rows, ""]).encode()
    road.send("raw.people", body, name=f"p_2024-01-0{day}.csv")
    road.drain()


def rows(name: str = "core.people") -> list[tuple[object, ...]]:
    return sorted(reading.rows(version(name), limit=50).rows, key=repr)


def version(name: str = "core.people") -> DatasetVersion:
    return Current.objects.select_related("version__dataset").get(dataset__name=name).version


def test_rows_are_put_over_those_of_their_key_and_what_reads_them_sees_the_whole() -> None:
    register(MERGE)
    send(1, "1,bern,", "2,chur,")
    send(2, "2,genf,false", "3,bern,")
    assert rows() == [(1, "bern"), (2, "genf"), (3, "bern")]
    assert rows("mart.towns") == [("bern", 2), ("genf", 1)]
    send(3, "1,,true")
    assert rows() == [(2, "genf"), (3, "bern")]
    assert version().total_rows == 2


@pytest.mark.parametrize("kept", [MERGE, HISTORY])
def test_periods_that_come_late_or_once_more_give_what_their_order_gives(kept: str) -> None:
    days = {1: ["1,bern,", "2,chur,"], 2: ["2,genf,", "3,bern,"], 3: ["1,chur,", "2,,true"], 4: ["3,bern,"]}
    register(kept)
    for day, found in days.items():
        send(day, *found)
    in_order, fingerprint = rows(), version().fingerprint
    other = PIPELINE.format(kept=kept, sql=ALL).replace("people", "others").replace("towns", "cities")
    road.register_yaml(other)
    for day in (3, 1, 4, 2):
        body = "\n".join(["id,town,gone", *days[day], ""]).encode()
        road.send("raw.others", body, name=f"p_2024-01-0{day}.csv")
        road.drain()
    assert rows("core.others") == in_order
    assert version("core.others").fingerprint == fingerprint
    queue.request(Pipeline.objects.get(name="people"), period="2024-01-02", actor="user:ana")
    road.drain()
    assert (rows(), version().fingerprint) == (in_order, fingerprint)


def test_a_corrected_period_in_the_middle_is_made_good_in_all_that_follows() -> None:
    register(MERGE)
    send(1, "1,bern,", "2,chur,")
    send(2, "1,genf,")
    send(3, "3,bern,")
    send(1, "1,basel,", "4,basel,")
    assert rows() == [(1, "genf"), (3, "bern"), (4, "basel")]
    send(3, "4,bern,")
    assert rows() == [(1, "genf"), (4, "bern")]


def test_a_history_says_since_when_and_until_when() -> None:
    register(HISTORY)
    send(1, "1,bern,", "2,chur,")
    send(3, "1,genf,")
    assert rows() == [
        (1, "bern", None, "2024-01-01", "2024-01-03", False),
        (1, "genf", None, "2024-01-03", None, True),
        (2, "chur", None, "2024-01-01", "2024-01-03", False),
    ]
    send(2, "1,genf,", "2,chur,")
    assert rows()[0] == (1, "bern", None, "2024-01-01", "2024-01-02", False)


def test_a_key_that_is_there_twice_fails_the_step_and_is_named_and_readers_keep_what_they_have() -> None:
    register(MERGE)
    send(1, "1,bern,")
    send(2, "7,bern,", "7,chur,")
    step = StepRun.objects.get(run=Run.objects.latest("id"), dataset__name="core.people")
    assert step.state == "failed"
    assert "core.people: the key (id) is there more than once in the new rows: id=7 2 times" in step.error
    assert rows() == [(1, "bern")]
    assert Increment.objects.count() == 1


def test_the_periods_of_a_merge_are_known_and_its_readers_find_no_periods() -> None:
    register(MERGE)
    send(1, "1,bern,")
    dataset = Dataset.objects.get(name="core.people")
    assert dataset.period_kind == "none"
    assert mapping.periods(mapping.production(), dataset) >= {"2024-01-01"}


ADDED = """
pipeline: log
team: ops-analytics
sources:
  raw.log: {format: csv, columns: {id: BIGINT}}
steps:
  - dataset: core.log
    sql: SELECT id FROM raw.log
    materialise: {kind: append}
"""


def test_what_is_added_is_added_once_for_each_version_of_what_it_reads() -> None:
    road.register_yaml(ADDED)
    for body in (b"id\n1\n2\n", b"id\n2\n"):
        road.send("raw.log", body, name="log.csv")
        road.drain()
    assert rows("core.log") == [(1,), (2,), (2,)]
    assert version("core.log").total_rows == 3
    queue.request(Pipeline.objects.get(), period="", actor="user:ana")
    road.drain()
    assert rows("core.log") == [(1,), (2,), (2,)]
    road.register_yaml(ADDED.replace("SELECT id FROM", "SELECT id * 10 AS id FROM"))
    queue.request(Pipeline.objects.get(), period="", actor="user:ana")
    road.drain()
    assert rows("core.log") == [(1,), (2,), (20,)]
    assert version("core.log").total_rows == 3


VIEW = """
pipeline: rates
team: ops-analytics
sources:
  raw.rates: {format: csv, columns: {id: BIGINT, rate: BIGINT}}
steps:
  - dataset: core.rates
    sql: SELECT id, rate AS r FROM raw.rates AS x
  - dataset: core.seen
    sql: WITH big AS (SELECT * FROM core.rates WHERE r > 1) SELECT b.id, b.r + 1 AS r FROM big AS b
    materialise: {kind: view}
    checks: [{unique: id}]
  - dataset: mart.twice
    sql: SELECT s.id, s.r, raw.rates.rate FROM core.seen AS s JOIN raw.rates USING (id)
    materialise: {kind: view}
"""


def test_a_view_keeps_nothing_and_is_read_like_a_table() -> None:
    road.register_yaml(VIEW)
    road.send("raw.rates", b"id,rate\n1,1\n2,2\n", name="r.csv")
    road.drain()
    assert rows("core.seen") == [(2, 3)]
    assert rows("mart.twice") == [(2, 3, 2)]
    seen = version("core.seen")
    assert (seen.rows, seen.total_rows, seen.bytes, seen.parts.count()) == (1, 1, 0, 0)


def test_a_view_stays_with_what_its_run_read_and_so_do_its_readers() -> None:
    road.register_yaml(VIEW)
    road.send("raw.rates", b"id,rate\n2,2\n", name="r.csv")
    road.drain()
    before, reader = version("core.seen"), version("mart.twice")
    road.send("raw.rates", b"id,rate\n2,5\n3,7\n", name="r.csv")
    road.drain()
    assert rows("mart.twice") == [(2, 6, 5), (3, 8, 7)]
    assert reading.rows(before, limit=9).rows == ((2, 3),)
    assert reading.rows(reader, limit=9).rows == ((2, 3, 2),)


def test_a_view_whose_check_fails_is_held_back_and_readers_keep_the_last() -> None:
    road.register_yaml(VIEW)
    road.send("raw.rates", b"id,rate\n2,2\n", name="r.csv")
    road.drain()
    road.send("raw.rates", b"id,rate\n2,5\n2,7\n", name="r.csv")
    road.drain()
    step = StepRun.objects.get(run=Run.objects.latest("id"), dataset__name="core.seen")
    assert step.state == "quarantined"
    assert rows("core.seen") == [(2, 3)]
    assert rows("mart.twice") == [(2, 3, 2)]
    held = DatasetVersion.objects.get(state="quarantined")
    assert sorted(reading.rows(held, limit=9).rows) == [(2, 6), (2, 8)]


def test_what_was_a_table_becomes_a_view_and_a_table_again() -> None:
    as_table = VIEW.replace("    materialise: {kind: view}\n", "")
    road.register_yaml(as_table)
    road.send("raw.rates", b"id,rate\n2,2\n", name="r.csv")
    road.drain()
    for kept in (VIEW, as_table, VIEW):
        road.register_yaml(kept)
        queue.request(Pipeline.objects.get(), period="", actor="user:ana")
        road.drain()
        assert rows("core.seen") == [(2, 3)]
        assert version("core.seen").parts.count() == int(kept is as_table)


@pytest.mark.parametrize("kept", ["{kind: table}", MERGE])
def test_what_was_made_as_a_whole_goes_with_its_first_period(kept: str) -> None:
    picked = "SELECT id, town FROM raw.people"
    register(kept, picked if kept != MERGE else ALL)
    send(1, "1,bern,")
    register("{kind: incremental, by: period}", picked)
    send(2, "2,chur,")
    assert rows() == [(2, "chur")]
    assert version().total_rows == 1


@pytest.mark.parametrize("kept", [MERGE, HISTORY, "{kind: append}"])
def test_an_attempt_that_was_killed_before_it_published_leaves_nothing_half(kept: str) -> None:
    register(kept)
    send(1, "1,bern,", "2,chur,")
    before = rows()
    road.send("raw.people", b"id,town,gone\n2,genf,\n", name="p_2024-01-02.csv")
    while not (waiting := StepRun.objects.filter(dataset__name="core.people", state="ready").first()):
        for pk in Delivery.objects.filter(state="pending", attempts=0).values_list("pk", flat=True):
            events.deliver(pk)
        for pk in StepRun.objects.filter(state="ready", dataset__name="raw.people").values_list("pk", flat=True):
            execution.execute(pk, "test")
    dead = leases.claim(waiting.pk, "dead")
    execution.attempt(staging.gather(dead), Limits(), as_of=timezone.now())
    assert rows() == before
    execution.again(dead.step, epoch=dead.epoch, because="killed", wait=timedelta(minutes=-1))
    execution.execute(waiting.pk, "test")
    road.drain()
    once = rows()
    queue.request(Pipeline.objects.get(), period="2024-01-02", actor="user:ana")
    road.drain()
    assert rows() == once != before
    assert Increment.objects.values("origin").distinct().count() == (0 if kept == "{kind: append}" else 2)
