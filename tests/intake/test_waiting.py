"""What waits: by inputs, by the clock, with a part, by longer periods; nothing that comes meanwhile is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from controlplane import sweep
from pipelines_app.environments import mapping
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.facts import RunWasPartial, WaitEnded, WaitOverdue
from pipelines_app.intake import slots, waiting
from pipelines_app.models import (
    Current,
    Dataset,
    Delivery,
    Disposition,
    Event,
    Run,
    RunState,
    Slot,
    SlotState,
    Waiting,
    WaitState,
)
from pipelines_app.runs import cancelling, pausing, planning, queue
from tests import factories, road

pytestmark = pytest.mark.django_db
DAY, NEXT, FAR = "2013-01-05", "2013-01-06", "2931-05-08"
DAILY = ("a", "b", "c")
SOURCES = "".join(
    f'  raw.{name}: {{format: csv, columns: {{k: INTEGER}}, period: day, from: "{name}_{{period}}.csv"}}\n'
    for name in DAILY
)
UNION = "SELECT k FROM raw.a UNION ALL SELECT k FROM raw.b UNION ALL SELECT k FROM raw.c"
NINE = "not_before: '06:00', at_latest: '09:00', timezone: Europe/Zurich"


def sources() -> None:
    road.register_yaml(f"pipeline: up\nteam: ops-analytics\nsources:\n{SOURCES}")


def reader(start: str, *, sql: str = UNION, by: str = "period", name: str = "down", more: str = "") -> Run | None:
    text = f"pipeline: {name}\nteam: ops-analytics\n{more}steps:\n  - dataset: mart.{name}\n    sql: {sql}\n"
    return road.register_yaml(f"{text}    materialise: {{kind: incremental, by: {by}}}\nstart: {start}\n").pipeline


def bring(name: str, period: str, *keys: int) -> None:
    road.send(f"raw.{name}", ("k\n" + "".join(f"{key}\n" for key in keys or (1,))).encode(), period=period)
    road.drain()


def rows(dataset: str = "mart.down") -> int:
    found = Current.objects.filter(dataset__name=dataset).select_related("version").first()
    return found.version.total_rows if found else 0


def runs(name: str = "down") -> list[Run]:
    return list(Run.objects.filter(pipeline__name=name).order_by("id"))


def told(name: str, period: str) -> Delivery:
    """What became of the last publication of a source at the pipelines."""
    event = Event.objects.filter(kind="dataset.published", dataset=f"raw.{name}", period=period).latest("id")
    return event.deliveries.get(consumer="readiness")


def test_all_waits_for_the_same_period_and_the_last_to_come_starts_it_once() -> None:
    sources()
    reader("all")
    bring("a", DAY)
    bring("b", NEXT)
    bring("b", DAY)
    assert not runs()
    wait = Waiting.objects.get(period=DAY)
    assert (wait.state, [one["dataset"] for one in wait.inputs if one["missing"]]) == (WaitState.WAITING, ["raw.c"])
    assert told("a", DAY).disposition == Disposition.WAITING
    bring("c", DAY)
    wait.refresh_from_db()
    run = runs()[0]
    assert (wait.state, wait.run_id, rows(), len(runs())) == (WaitState.STARTED, run.pk, 3, 1)
    assert {told(name, DAY).disposition for name in DAILY} == {Disposition.CONSUMED}
    assert {told(name, DAY).run for name in DAILY} == {run.pk}
    assert run.causes.count() == 3
    assert told("b", NEXT).disposition == Disposition.WAITING


def test_at_least_two_start_with_a_part_and_the_third_makes_it_good_downstream_too() -> None:
    sources()
    reader("{when: {at_least: 2}}")
    reader("any", sql="SELECT k FROM mart.down", name="after")
    for day in (DAY, NEXT):
        bring("a", day)
        bring("b", day)
    first = runs()[0]
    assert (first.partial, first.lacks, rows()) == (True, f"raw.c of {DAY}", 4)
    assert Waiting.objects.open().get(period=DAY).state == WaitState.PARTIAL
    assert Event.objects.filter(kind=RunWasPartial.kind, run=first.pk).exists()
    bring("c", DAY)
    again = runs()[-1]
    assert (again.period, again.partial, rows(), len(runs())) == (DAY, False, 5, 3)
    assert [run.period for run in runs("after")] == [DAY, NEXT, DAY]
    assert rows("mart.after") == 5
    assert not Waiting.objects.open().filter(period=DAY).exists()


def test_the_clock_starts_what_is_there_not_before_its_time() -> None:
    sources()
    reader(f"{{when: all, {NINE}}}")
    for name in DAILY:
        bring(name, FAR)
    wait = Waiting.objects.get(period=FAR)
    assert wait.not_before == wait.act_at == datetime(2931, 5, 9, 4, tzinfo=UTC)
    assert "2931-05-09 06:00 Europe/Zurich" in told("c", FAR).outcome
    assert not waiting.move_on(wait.not_before - timedelta(seconds=1))
    assert waiting.move_on(wait.not_before) == 1
    road.drain()
    assert (rows(), runs()[0].causes.count()) == (3, 4)
    assert not waiting.move_on(wait.not_before)
    assert {told(name, FAR).disposition for name in DAILY} == {Disposition.CONSUMED}


@pytest.mark.promise(20, 21, faults="a late slice")
def test_at_the_latest_moment_it_runs_with_what_is_there_and_the_late_slice_is_redone_once() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: partial}}")
    bring("a", FAR, 1, 2)
    wait = Waiting.objects.get(period=FAR)
    assert wait.act_at == wait.at_latest
    assert waiting.move_on(wait.at_latest) == 1
    road.drain()
    assert Event.objects.get(kind=WaitEnded.kind).body["how"] == "partial"
    assert (runs()[0].partial, rows()) == (True, 2)
    wait.refresh_from_db()
    assert (wait.state, wait.run_id) == (WaitState.PARTIAL, runs()[0].pk)
    assert not waiting.due(wait.at_latest + timedelta(days=900)).exists()


def test_what_comes_after_the_latest_moment_runs_at_once_with_what_is_there() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: partial}}")
    for name in DAILY:
        bring(name, DAY)
    assert [run.partial for run in runs()] == [True, True, False]
    assert rows() == 3


def test_what_a_person_ran_before_the_latest_moment_is_made_good_by_each_that_comes() -> None:
    sources()
    pipeline = reader(f"{{when: all, {NINE}, then: partial}}")
    bring("a", FAR, 1, 2)
    queue.request(pipeline, period=FAR, actor="user:ana")
    road.drain()
    assert (runs()[0].partial, rows()) == (True, 2)
    bring("b", FAR)
    assert told("b", FAR).disposition == Disposition.CONSUMED
    assert (runs()[-1].partial, rows()) == (True, 3)
    bring("c", FAR)
    assert (runs()[-1].partial, rows()) == (False, 4)


@pytest.mark.promise(22, faults="a worker whose clock is hours ahead")
def test_a_worker_whose_clock_is_ahead_ends_no_waiting(monkeypatch) -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: skip}}")
    monkeypatch.setattr(waiting.timezone, "now", lambda: datetime(2940, 1, 1, tzinfo=UTC))
    bring("a", FAR)
    assert Waiting.objects.get(period=FAR).state == WaitState.WAITING


def test_skip_ends_with_a_reason_and_stays_skipped() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: skip}}")
    bring("a", FAR)
    wait = Waiting.objects.get(period=FAR)
    waiting.move_on(wait.at_latest)
    wait.refresh_from_db()
    assert (wait.state, wait.act_at) == (WaitState.SKIPPED, None)
    assert wait.reason == f"skipped at 2931-05-09 09:00: raw.b of {FAR} and raw.c of {FAR} had not come"
    assert (told("a", FAR).disposition, wait.reason in told("a", FAR).outcome) == (Disposition.IGNORED, True)
    for name in ("b", "c"):
        bring(name, FAR)
    assert not runs()
    assert "was skipped" in told("c", FAR).outcome


def test_wait_goes_on_past_the_latest_moment_and_says_once_that_it_is_overdue() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: wait}}")
    bring("a", FAR)
    wait = Waiting.objects.get(period=FAR)
    assert waiting.move_on(wait.at_latest) == 1
    assert not waiting.move_on(wait.at_latest)
    assert Event.objects.filter(kind=WaitOverdue.kind, pipeline="down", period=FAR).count() == 1
    for name in ("b", "c"):
        bring(name, FAR)
    assert Waiting.objects.get(period=FAR).act_at == wait.not_before
    waiting.move_on(wait.not_before)
    road.drain()
    assert rows() == 3


def test_a_month_waits_for_all_its_days_but_those_that_will_never_come() -> None:
    sources()
    reader("all", sql="SELECT k FROM raw.a", by="month")
    days = [f"2013-02-{day:02}" for day in range(1, 29)]
    waived = factories.make_slot(Dataset.objects.get(name="raw.a"), period=days[-1])
    slots.waive(waived, reason="a holiday", actor="user:test")
    for day in days[:-2]:
        bring("a", day)
    wait = Waiting.objects.get()
    assert (wait.period, wait.inputs[0]["come"], wait.inputs[0]["missing"]) == ("2013-02", 26, [days[-2]])
    bring("a", days[-2])
    assert [(run.period, run.state) for run in runs()] == [("2013-02", RunState.SUCCEEDED)]
    assert mapping.periods(mapping.production(), Dataset.objects.get(name="mart.down")) == {"2013-02"}
    assert rows() == 27


def test_a_month_that_starts_on_any_day_is_made_anew_with_every_day() -> None:
    sources()
    reader("any", sql="SELECT k FROM raw.a", by="month")
    for day in ("2013-02-01", "2013-02-02", "2013-03-01"):
        bring("a", day)
    assert [run.period for run in runs()] == ["2013-02", "2013-02", "2013-03"]
    assert rows() == 3


def test_a_day_waits_for_the_hours_that_are_expected_by_its_deadline() -> None:
    arrival = 'arrival: {by: "08:00", timezone: UTC, first: "2013-01-05T20"}'
    hourly = f'{{format: csv, columns: {{k: INTEGER}}, period: hour, from: "t_{{period}}.csv", {arrival}}}'
    road.register_yaml(f"pipeline: ticks\nteam: ops-analytics\nsources:\n  raw.tick: {hourly}\n")
    reader("all", sql="SELECT k FROM raw.tick", by="day")
    for hour in (20, 21, 22):
        bring("tick", f"{DAY}T{hour}")
    assert not runs()
    bring("tick", f"{DAY}T23")
    assert [(run.period, rows()) for run in runs()] == [(DAY, 4)]


def test_own_files_are_loaded_at_once_and_the_queries_wait_for_all_of_them() -> None:
    reader("all", more=f"sources:\n{SOURCES}")
    bring("a", DAY)
    assert rows("raw.a") == 1
    assert [step.dataset.name for run in runs() for step in run.steps.all()] == ["raw.a"]
    for name in ("b", "c"):
        bring(name, DAY)
    assert rows() == 3
    assert [len(run.steps.all()) for run in runs()] == [1, 1, 1, 1]


def test_reference_data_that_come_last_start_every_period_that_waits() -> None:
    road.register_yaml(
        f"pipeline: up\nteam: ops-analytics\nsources:\n{SOURCES}  raw.ref: {{format: csv, columns: {{k: INTEGER}}}}\n"
    )
    reader("all", sql="SELECT a.k FROM raw.a AS a JOIN raw.ref AS r ON a.k = r.k")
    for day in (DAY, NEXT):
        bring("a", day)
    assert Waiting.objects.open().count() == 2
    bring("ref", "")
    assert [run.period for run in runs()] == [DAY, NEXT]
    bring("ref", "", 1, 2)
    assert len(runs()) == 2


def test_only_the_named_inputs_are_waited_for_and_start_it() -> None:
    sources()
    reader("{when: all, inputs: [raw.a, raw.b]}")
    bring("c", DAY)
    assert not Waiting.objects.exists()
    bring("a", DAY)
    bring("b", DAY)
    assert (len(runs()), rows()) == (1, 3)


def test_a_slot_that_is_late_opens_the_waiting_that_ends_at_a_time() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: skip}}")
    slot = factories.make_slot(Dataset.objects.get(name="raw.a"), period=FAR, due_at=datetime(2931, 5, 9, tzinfo=UTC))
    slots.pass_time(datetime(2931, 5, 9, 1, tzinfo=UTC))
    road.drain()
    assert Slot.objects.get(pk=slot.pk).state in {SlotState.LATE, "missing"}
    wait = Waiting.objects.get(period=FAR)
    waiting.move_on(wait.at_latest)
    wait.refresh_from_db()
    assert wait.state == WaitState.SKIPPED


@pytest.mark.parametrize("number", [2, 10, pytest.param(1_000, marks=pytest.mark.postgres)])
def test_events_while_a_run_is_in_flight_keep_their_effect_and_end_with_a_disposition(number: int) -> None:
    sources()
    pipeline = reader("any", sql="SELECT k FROM raw.a")
    bring("a", DAY)
    flying = runs()[0]
    Run.objects.filter(pk=flying.pk).update(state=RunState.RUNNING, finished_at=None)
    event = Event.objects.filter(kind="dataset.published", dataset="raw.a").latest("id")
    for turn in range(number):
        period = (DAY, NEXT)[turn % 2]
        copy = factories.make_event(road.published(event, period=period, version=0))
        assert copy.deliveries.count() >= 1
    road._deliver()
    queued = {run.period: run for run in runs() if run.state == RunState.QUEUED}
    started = {run.period for run in runs() if run.pk != flying.pk}
    assert started == {DAY, NEXT}
    deliveries = Delivery.objects.filter(consumer="readiness", event__kind="dataset.published", event__dataset="raw.a")
    assert not deliveries.filter(disposition="").exists()
    assert queued[DAY].causes.count() == number // 2
    Run.objects.filter(pk=flying.pk).update(state=RunState.SUCCEEDED, finished_at=timezone.now())
    planning.start_next(pipeline)
    road.drain()
    left = deliveries.exclude(disposition__in=[Disposition.CONSUMED, Disposition.MERGED])
    assert not left.exists()
    assert all(event.period == run.period for run in runs() for event in run.causes.all())


def test_events_during_a_pause_wait_for_their_run_and_are_consumed_when_it_goes_on() -> None:
    sources()
    pipeline = reader("any", sql="SELECT k FROM raw.a")
    pausing.pause(pipeline, actor="user:test")
    bring("a", DAY)
    bring("a", DAY, 1, 2)
    first = Delivery.objects.filter(consumer="readiness", event__kind="dataset.published").order_by("id")[0]
    assert (first.disposition, first.run) == (Disposition.WAITING, runs()[0].pk)
    assert told("a", DAY).disposition == Disposition.MERGED
    pausing.resume(pipeline, actor="user:test")
    road.drain()
    first.refresh_from_db()
    assert (first.disposition, rows(), len(runs())) == (Disposition.CONSUMED, 2, 1)


def test_a_queued_run_that_is_cancelled_leaves_its_events_ignored_with_the_reason() -> None:
    sources()
    pipeline = reader("any", sql="SELECT k FROM raw.a")
    pausing.pause(pipeline, actor="user:test")
    bring("a", DAY)
    cancelling.cancel(runs()[0], actor="user:test", because="not wanted")
    assert told("a", DAY).disposition == Disposition.IGNORED
    assert "not wanted" in told("a", DAY).outcome


def test_a_revision_between_judges_what_waits_anew_and_one_that_is_refused_changes_nothing() -> None:
    sources()
    reader("all")
    bring("a", DAY)
    bring("b", DAY)
    with pytest.raises(DefinitionInvalid):
        reader("{when: {at_least: 9}}")
    road.drain()
    assert (Waiting.objects.get().state, runs()) == (WaitState.WAITING, [])
    reader("{when: {at_least: 2}}")
    road.drain()
    assert (runs()[0].partial, rows()) == (True, 2)
    assert told("a", DAY).disposition == Disposition.CONSUMED


def test_the_same_content_again_is_ignored_with_the_reason() -> None:
    sources()
    bring("a", DAY)
    bring("a", DAY)
    again = Delivery.objects.get(event__kind="arrival.duplicated")
    assert (again.disposition, "same content" in again.outcome) == (Disposition.IGNORED, True)


def test_the_sweep_asks_one_question_whatever_waits(django_assert_num_queries) -> None:
    pipeline = factories.make_pipeline()
    hour = timedelta(hours=1)
    Waiting.objects.bulk_create(
        [
            Waiting(pipeline=pipeline, period=f"{number:013}", needed=1, act_at=timezone.now() + hour)
            for number in range(1_000)
        ]
    )
    with django_assert_num_queries(1):
        assert waiting.move_on(timezone.now()) == 0
    assert any(chore.do is waiting.move_on for chore in sweep.CHORES)
