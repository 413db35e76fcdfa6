"""The clock as a source of events: once for each moment, whatever stood still meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from controlplane import sweep
from pipelines_app.intake import scheduling
from pipelines_app.models import Clock, Event, Pipeline, Run, Tick
from tests import road

pytestmark = pytest.mark.django_db
DEFINITION = """
pipeline: calendar
team: ops-analytics
sources:
  raw.days: {{format: csv, columns: {{n: INTEGER}}, period: day, from: "days_{{period}}.csv"}}
steps:
  - dataset: staging.days
    sql: SELECT n FROM raw.days
    materialise: {{kind: incremental, by: period}}
schedule: {schedule}
"""
DAILY = '{cron: "0 6 * * *", timezone: Europe/Zurich}'


@pytest.fixture
def since():
    """Register a schedule, and have its clock stand at the first tick after a moment."""

    def begin(schedule, moment):
        road.register_yaml(DEFINITION.format(schedule=schedule))
        first = scheduling.clocks.next_tick(scheduling._declared(Pipeline.objects.get()), moment)
        Clock.objects.update(next_tick=first)
        return first

    return begin


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told():
    return [
        (event.body["tick"][:16], event.period) for event in Event.objects.filter(kind="schedule.ticked").order_by("id")
    ]


def test_a_tick_is_told_once_and_starts_a_run_of_the_period_before(since) -> None:
    first = since(DAILY, at("2026-05-04T00:00"))
    assert first == at("2026-05-04T04:00")
    assert scheduling.tick(at("2026-05-04T03:59")) == 0
    assert scheduling.tick(at("2026-05-04T04:00")) == 1
    assert scheduling.tick(at("2026-05-04T04:00")) == 0
    assert told() == [("2026-05-04T04:00", "2026-05-03")]
    road.drain()
    run = Run.objects.get()
    assert (run.period, run.cause.kind, run.cause.actor) == ("2026-05-03", "schedule.ticked", "clock")
    assert Clock.objects.get().next_tick == at("2026-05-05T04:00")
    assert scheduling.next_due() == at("2026-05-05T04:00")


def test_a_moment_that_was_told_is_not_told_again_when_the_clock_jumps_back(since) -> None:
    first = since(DAILY, at("2026-05-04T00:00"))
    scheduling.tick(first)
    Clock.objects.update(next_tick=first)
    scheduling.tick(first + timedelta(seconds=1))
    assert len(told()) == 1
    assert Tick.objects.count() == 1


@pytest.mark.parametrize(
    ("rule", "ticks"),
    [
        ("latest", ["2026-05-07T04:00"]),
        ("all", ["2026-05-04T04:00", "2026-05-05T04:00", "2026-05-06T04:00", "2026-05-07T04:00"]),
        ("none", []),
    ],
)
def test_what_was_missed_is_made_up_for_by_the_schedules_own_rule_and_said(since, rule, ticks) -> None:
    since(DAILY[:-1] + f", catch_up: {rule}}}", at("2026-05-04T00:00"))
    scheduling.tick(at("2026-05-07T12:00"))
    assert [tick for tick, _ in told()] == ticks
    missed = Event.objects.get(kind="schedule.missed").body
    assert (missed["first"][:16], missed["last"][:16]) == ("2026-05-04T04:00", "2026-05-07T04:00")
    assert (missed["caught_up"], missed["rule"]) == (len(ticks), rule)
    assert Clock.objects.get().next_tick == at("2026-05-08T04:00")


def test_with_no_catching_up_a_tick_in_time_is_still_told(since) -> None:
    since(DAILY[:-1] + ", catch_up: none}", at("2026-05-04T00:00"))
    scheduling.tick(at("2026-05-04T04:00:30"))
    assert len(told()) == 1
    assert not Event.objects.filter(kind="schedule.missed").exists()


def test_years_of_missed_ticks_are_told_in_turns(since, monkeypatch) -> None:
    monkeypatch.setattr(scheduling, "MOST_AT_ONCE", 3)
    since(DAILY[:-1] + ", catch_up: all}", at("2026-05-04T00:00"))
    for _ in range(4):
        scheduling.tick(at("2026-05-12T12:00"))
    assert [tick[8:10] for tick, _ in told()] == ["04", "05", "06", "07", "08", "09", "10", "11", "12"]


def test_a_tick_during_a_pause_keeps_its_effect(since) -> None:
    since(DAILY, at("2026-05-04T00:00"))
    Pipeline.objects.update(paused_at=at("2026-05-04T00:00"))
    scheduling.tick(at("2026-05-04T04:00"))
    scheduling.tick(at("2026-05-05T04:00"))
    road.drain()
    assert sorted(Run.objects.values_list("period", "state")) == [("2026-05-03", "queued"), ("2026-05-04", "queued")]


@pytest.mark.promise(23, faults="a year with both changes of the clock")
@pytest.mark.promise(23, faults="three time zones, days of 23 and of 25 hours")
@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York", "Asia/Kolkata"])
def test_a_daily_schedule_ticks_once_a_day_through_a_year(since, zone) -> None:
    since(f'{{cron: "30 2 * * *", timezone: {zone}, catch_up: all}}', at("2026-01-01T12:00"))
    scheduling.tick(at("2026-12-31T12:00"))
    periods = [period for _, period in told()]
    assert len(periods) == len(set(periods)) == 364


def test_another_schedule_begins_to_count_when_it_is_registered_and_none_ends_it(since) -> None:
    since(DAILY, at("2026-05-04T00:00"))
    road.register_yaml(DEFINITION.format(schedule='{cron: "0 7 * * *", timezone: Europe/Zurich}'))
    clock = Clock.objects.get()
    assert clock.cron == "0 7 * * *"
    assert clock.next_tick > datetime.now(tz=UTC)
    Clock.objects.update(next_tick=at("2026-05-04T05:00"))
    road.register_yaml(DEFINITION.format(schedule='{cron: "0 7 * * *", timezone: Europe/Zurich, catch_up: all}'))
    assert Clock.objects.get().next_tick == at("2026-05-04T05:00")  # the same moments: it goes on where it was
    road.register_yaml(DEFINITION.format(schedule="{}").replace("schedule: {}", ""))
    assert not Clock.objects.exists()


def test_the_sweep_tells_the_ticks_and_waits_no_longer_than_for_the_next(since) -> None:
    since(DAILY, at("2026-05-04T00:00"))
    sweep.once(at("2026-05-04T04:00"))
    assert len(told()) == 1
    assert sweep.pause(at("2026-05-05T03:59:59.500")) == pytest.approx(0.5)
