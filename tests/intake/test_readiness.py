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


SOURCES = f"sources:\n  raw.ev: {by('day')}\n  raw.ref: {SOURCE}\n"
JOINED = "SELECT ev.k FROM raw.ev AS ev JOIN raw.ref AS ref ON ev.k = ref.k"


def test_a_step_that_was_held_for_an_input_of_its_own_pipeline_catches_up_when_that_comes() -> None:
    pipeline("own", step("staging.ev", JOINED, incremental=True), sources=SOURCES)
    for day in (DAY, NEXT):
        bring("raw.ev", 1, period=day)
    road.drain()
    assert not Current.objects.filter(dataset__name="staging.ev").exists()
    bring("raw.ref", 1)
    road.drain()
    assert periods_of("staging.ev") == {DAY, NEXT}
    runs = Run.objects.count()
    bring("raw.ref", 1, 2)
    road.drain()
    assert Run.objects.count() == runs + 1  # nothing waits any more: the reference alone is loaded


def test_a_table_made_on_the_way_does_not_start_its_own_run_again() -> None:
    everything = step("mart.all", "SELECT count(*) AS n FROM raw.ev")
    share = step("mart.share", "SELECT ev.k, whole.n FROM raw.ev AS ev CROSS JOIN mart.all AS whole", incremental=True)
    pipeline("own", everything, share, sources=f"sources:\n  raw.ev: {by('day')}\n")
    for day in (DAY, NEXT):
        bring("raw.ev", 1, period=day)
        road.drain()
    assert periods_of("mart.share") == {DAY, NEXT}
    assert Run.objects.count() == 2


def test_a_table_over_all_periods_of_another_pipeline_starts_when_all_is_there() -> None:
    source_pipeline("up", ev=by("day"), ref=SOURCE)
    pipeline("down", step("mart.x", JOINED), start="all")
    bring("raw.ev", 1, period=DAY)
    bring("raw.ref", 1)
    road.drain()
    assert rows("mart.x") == 1


def test_steps_by_day_and_by_hour_in_one_pipeline_both_run() -> None:
    source_pipeline("up", ev=by("day"), tick=by("hour"))
    daily = step("mart.daily", "SELECT k FROM raw.ev", incremental=True)
    hourly = step("mart.hourly", "SELECT k FROM raw.tick", incremental=True)
    pipeline("down", daily, hourly, start="all")
    bring("raw.ev", 1, period=DAY)
    bring("raw.tick", 1, period=f"{DAY}T05")
    road.drain()
    bring("raw.ev", 1, period=NEXT)
    road.drain()
    assert periods_of("mart.hourly") == {f"{DAY}T05"}
    assert NEXT in periods_of("mart.daily")


def test_a_pipeline_registered_after_its_inputs_makes_what_is_there_and_a_revision_does_not_rebuild() -> None:
    source_pipeline("up", ev=by("day"), ref=SOURCE)
    for day in (DAY, NEXT):
        bring("raw.ev", 1, period=day)
    bring("raw.ref", 1)
    road.drain()
    pipeline("down", step("mart.x", JOINED, incremental=True), start="all")
    pipeline("whole", step("mart.all", "SELECT count(*) AS n FROM raw.ev"))
    road.drain()
    assert periods_of("mart.x") == {DAY, NEXT}
    assert rows("mart.all") == 1
    runs = Run.objects.count()
    pipeline("down", step("mart.x", f"{JOINED} WHERE ev.k > 0", incremental=True), start="all")
    road.drain()
    assert Run.objects.count() == runs


def test_a_pipeline_whose_inputs_are_not_there_yet_says_so_when_it_is_registered() -> None:
    source_pipeline("up", a=SOURCE)
    pipeline("down", step("mart.x", "SELECT k FROM raw.a"))
    road.drain()
    assert not Run.objects.exists()


def test_what_waits_for_all_its_inputs_then_makes_all_its_steps() -> None:
    source_pipeline("up", a=SOURCE, b=SOURCE)
    pipeline("down", step("mart.x", "SELECT k FROM raw.a"), step("mart.y", "SELECT k FROM raw.b"), start="all")
    for dataset in ("raw.a", "raw.b"):
        bring(dataset, 1)
        road.drain()
    assert (rows("mart.x"), rows("mart.y")) == (1, 1)


def test_catching_up_leaves_out_periods_of_which_nothing_can_be_made_yet() -> None:
    source_pipeline("up", ev=by("day"), ref=SOURCE)
    source_pipeline("late", other="{format: csv, columns: {k: INTEGER}, period: day, from: 'other_{period}.csv'}")
    three = f"{JOINED} JOIN raw.other AS other ON other.k = ev.k"
    pipeline("down", step("mart.x", three, incremental=True))
    for day in (DAY, NEXT):
        bring("raw.ev", 1, period=day)
    bring("raw.other", 1, period=DAY)
    road.drain()
    runs = Run.objects.filter(pipeline__name="down").count()
    bring("raw.ref", 1)
    road.drain()
    assert periods_of("mart.x") == {DAY}
    assert Run.objects.filter(pipeline__name="down").count() == runs + 1
