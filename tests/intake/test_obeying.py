"""The clock, other tools and people against a policy that waits; and what a part of the data leads to downstream."""

import pytest

from monitoring_app.models import Alert
from pipelines_app import events
from pipelines_app.facts import RunWasPartial
from pipelines_app.facts_outside import ForeignCompleted, ScheduleTicked
from pipelines_app.intake import waiting
from pipelines_app.models import DatasetVersion, Delivery, Disposition, Event, Pipeline, Run, Waiting, WaitState
from pipelines_app.runs import queue
from tests import road
from tests.intake.test_waiting import DAILY, DAY, FAR, NEXT, NINE, bring, reader, rows, runs, sources

pytestmark = pytest.mark.django_db


def tick(period: str) -> Event:
    return events.record(
        ScheduleTicked(pipeline="down", period=period, tick="2013-01-06T06:00:00+00:00"), actor="clock"
    )


def complete(period: str) -> Event:
    fact = ForeignCompleted(pipeline="down", period=period, namespace="n", name="d", job="j", run_id="1")
    return events.record(fact, actor="token:t")


def outcome(event: Event) -> Delivery:
    return event.deliveries.get(consumer="readiness")


@pytest.mark.parametrize("told", [tick, complete])
def test_what_comes_from_outside_waits_for_the_inputs_and_starts_with_the_last_of_them(told) -> None:
    sources()
    reader("all")
    bring("a", DAY)
    event = told(DAY)
    road.drain()
    assert not runs()
    assert outcome(event).disposition == Disposition.WAITING
    assert f"raw.b of {DAY} and raw.c of {DAY}" in outcome(event).outcome
    for name in ("b", "c"):
        bring(name, DAY)
    assert (len(runs()), rows()) == (1, 3)
    assert outcome(event).disposition == Disposition.CONSUMED
    assert runs()[0].causes.filter(pk=event.pk).exists()


@pytest.mark.parametrize("told", [tick, complete])
def test_what_comes_from_outside_starts_nothing_before_its_time_and_nothing_that_was_skipped(told) -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: skip}}")
    bring("a", FAR)
    event = told(FAR)
    road.drain()
    wait = Waiting.objects.get(period=FAR)
    assert (runs(), wait.events.filter(pk=event.pk).exists()) == ([], True)
    waiting.move_on(wait.at_latest)
    late = told(FAR)
    road.drain()
    assert not runs()
    assert [outcome(one).disposition for one in (event, late)] == [Disposition.IGNORED] * 2


def test_without_a_policy_the_clock_runs_what_can_run() -> None:
    sources()
    reader("any", sql="SELECT k FROM raw.a")
    bring("a", DAY)
    event = tick(DAY)
    road.drain()
    assert len(runs()) == 2
    assert outcome(event).disposition == Disposition.CONSUMED


def test_a_person_who_runs_a_period_that_waits_ends_its_waiting_and_what_comes_still_makes_it_good() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: wait}}")
    bring("a", FAR)
    wait = Waiting.objects.get(period=FAR)
    waiting.move_on(wait.at_latest)
    road.drain()
    alert = Alert.objects.get(rule="wait_overdue")
    assert (alert.state, alert.pipeline, alert.period) == ("open", "down", FAR)
    assert f"raw.b of {FAR} and raw.c of {FAR} has not come" in alert.what
    queue.request(Pipeline.objects.get(name="down"), period=FAR, actor="user:ana")
    road.drain()
    wait.refresh_from_db()
    assert (wait.state, wait.run, wait.act_at) == (WaitState.PARTIAL, runs()[0], None)
    assert not Delivery.objects.filter(disposition=Disposition.WAITING).exists()
    alert.refresh_from_db()
    assert alert.state == "resolved"
    for name in ("b", "c"):
        bring(name, FAR)
    wait.refresh_from_db()
    assert (wait.state, rows()) == (WaitState.STARTED, 3)


def test_an_overdue_period_is_one_alert_that_ends_when_what_was_missing_comes() -> None:
    sources()
    reader(f"{{when: all, {NINE}, then: wait}}")
    for name in ("a", "b"):
        bring(name, DAY)
    assert list(Alert.objects.values_list("rule", "state", "count")) == [("wait_overdue", "open", 1)]
    bring("c", DAY)
    assert list(Alert.objects.values_list("rule", "state")) == [("wait_overdue", "resolved")]
    assert "it was started" in Alert.objects.get().entries.order_by("-id")[0].text


def test_what_reads_a_part_is_partial_too_and_is_made_good_once_when_the_rest_comes() -> None:
    sources()
    reader("{when: {at_least: 2}}")
    reader("any", sql="SELECT k FROM mart.down", name="after")
    reader("any", sql="SELECT k FROM raw.a", name="other")
    for day in (DAY, NEXT):
        for name in DAILY[: 2 if day == DAY else 3]:
            bring(name, day)
    lacks = dict(DatasetVersion.objects.filter(period=DAY).values_list("dataset__name", "lacks"))
    missing = f"raw.c of {DAY}"
    part = "a part of mart.down"
    assert lacks == {"raw.a": "", "raw.b": "", "mart.down": missing, "mart.after": part, "mart.other": ""}
    after = runs("after")[0]
    assert (after.partial, runs("other")[0].partial) == (True, False)
    assert Event.objects.get(kind=RunWasPartial.kind, run=after.pk).body["lacks"] == part
    before = Run.objects.count()
    bring("c", DAY)
    again = list(Run.objects.order_by("id")[before:])
    assert [(run.pipeline.name, run.period, run.partial) for run in again] == [
        ("up", DAY, False),
        ("down", DAY, False),
        ("after", DAY, False),
    ]
    newest = DatasetVersion.objects.filter(dataset__name="mart.after", period=DAY).latest("id")
    assert (newest.lacks, rows("mart.after")) == ("", 6)


def test_a_whole_table_over_a_part_is_partial_until_no_part_of_it_is() -> None:
    sources()
    reader("{when: {at_least: 2}}")
    text = "pipeline: whole\nteam: ops-analytics\nsteps:\n  - dataset: mart.whole\n    sql: SELECT k FROM mart.down\n"
    road.register_yaml(text)
    for name in DAILY[:2]:
        bring(name, DAY)
    for name in DAILY:
        bring(name, NEXT)
    assert all(run.partial for run in runs("whole"))
    bring("c", DAY)
    assert not runs("whole")[-1].partial
