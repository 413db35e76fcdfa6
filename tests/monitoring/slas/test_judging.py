"""Promises are judged by the clock, at their deadlines, whatever ran or did not."""

from datetime import timedelta

import pytest

from monitoring_app.models import Alert, ColumnProfile, Profile, Sla, SlaResult
from monitoring_app.slas import attaining, sweeping
from pipelines_app import events
from pipelines_app.facts_expected import SlotPutAtRisk
from pipelines_app.models import Arrival, Dataset, Delivery, Event, Slot
from tests import factories
from tests.monitoring.slas.promising import START, after, of_runs, promise, published, ran, states, the

pytestmark = pytest.mark.django_db
BY_NINE = '{arrival: {dataset: mart.orders, by: "09:00", timezone: UTC}}'
FRESH = "{freshness: {dataset: mart.orders, within: 24h}}"


@pytest.fixture(autouse=True)
def _alerts_and_promises_hear(settings):
    settings.EVENT_CONSUMERS = {
        "alerts": "monitoring_app.reactions.hear",
        "promises": "monitoring_app.slas.foreseeing.hear",
    }


def deliver():
    for pk in Delivery.objects.filter(state="pending").order_by("pk").values_list("pk", flat=True):
        events.deliver(pk)
    assert not Delivery.objects.exclude(state="done").exists()


def sweep(at):
    sweeping.sweep(at)
    deliver()


def test_a_period_that_is_published_in_time_is_met_at_its_deadline_and_not_before():
    promise(BY_NINE)
    sla = the("arrival")
    assert states(sla) == [("2026-03-01", "not_due"), ("2026-03-02", "not_due")]
    published(after(hours=1), period="2026-03-01")
    sweep(after(hours=2))
    assert states(sla)[0] == ("2026-03-01", "not_due")
    sweep(after(hours=3, minutes=1))
    assert states(sla)[0] == ("2026-03-01", "met")
    assert not Alert.objects.exists()


def test_a_period_for_which_nothing_ever_ran_is_missed_told_and_made_good_late():
    promise(BY_NINE)
    sweep(after(hours=3, minutes=1))
    sla, alert = the("arrival"), Alert.objects.get()
    assert states(sla)[0] == ("2026-03-01", "missed")
    assert (alert.rule, alert.subject) == ("sla:arrival", "mart.orders/2026-03-01")
    assert "It was due on 2 March 2026, 09:00 UTC and was not kept: nothing came and nothing ran." in alert.what
    published(after(hours=5), period="2026-03-01")
    sweep(after(hours=6))
    alert.refresh_from_db()
    result = sla.results.get(subject="2026-03-01")
    assert (result.state, result.late_seconds, alert.state) == ("met_late", 7200, "resolved")
    assert Event.objects.get(kind="sla.kept").actor == "clock"


def test_a_breach_names_the_arrival_that_lacks():
    promise(BY_NINE)
    slot = factories.make_slot(Dataset.objects.get(name="raw.orders"), period="2026-03-01", due_at=START, state="late")
    sweep(after(hours=3, minutes=1))
    result = the("arrival").results.get(subject="2026-03-01")
    assert (result.because, result.culprit) == ("raw.orders 2026-03-01 is late", f"/expected/{slot.pk}")


def test_a_sources_own_deadline_is_judged_by_what_came_and_a_waived_one_does_not_count():
    promise(BY_NINE)
    source = Dataset.objects.get(name="raw.orders")
    came = factories.make_slot(source, period="2026-03-01", due_at=after(hours=1), state="arrived")
    arrival = factories.make_arrival(source, period="2026-03-01")
    Arrival.objects.filter(pk=arrival.pk).update(received_at=after(minutes=30))
    Slot.objects.filter(pk=came.pk).update(arrival=arrival)
    factories.make_slot(source, period="2026-03-02", due_at=after(hours=25), state="waived", reason="a holiday")
    sweep(after(hours=26))
    assert states(the("arrival", "raw.orders"))[:2] == [("2026-03-01", "met"), ("2026-03-02", "waived")]
    assert not Alert.objects.filter(dataset=source).exists()


def test_a_version_is_to_be_followed_by_the_next():
    promise(FRESH)
    published(after(hours=1))
    published(after(hours=20), period="2026-03-03")
    sweep(after(hours=21))
    sla = the("freshness")
    assert states(sla) == [("v1", "not_due"), ("v2", "not_due")]
    sweep(after(hours=45))
    assert states(sla) == [("v1", "met"), ("v2", "missed")]
    assert Alert.objects.get().rule == "sla:freshness"
    published(after(hours=46), period="2026-03-04")
    sweep(after(hours=47))
    assert states(sla) == [("v1", "met"), ("v2", "met_late"), ("v3", "not_due")]
    assert Alert.objects.get().state == "resolved"


def test_what_readers_had_before_the_promise_is_where_freshness_begins():
    promise("{duration: {under: 1h}}")
    published(after(days=-3))
    version = published(after(days=-2), period="2026-02-28")
    factories.make_current(version)
    promise(FRESH)
    sweep(after(minutes=1))
    assert states(the("freshness")) == [("v2", "not_due")]
    assert the("freshness").results.get().due_at == after(hours=24)


def test_a_run_is_to_end_within_a_time_is_at_risk_when_it_usually_takes_longer_and_is_not_counted_when_cancelled():
    promise("{duration: {under: 10m}}")
    sla = of_runs("duration")
    for minutes in (1, 20, 40):
        ran(after(minutes=minutes), seconds=900, period=f"2026-02-{minutes:02}")
    under_way = ran(after(minutes=60), seconds=None, state="running")
    cancelled = ran(after(minutes=61), state="cancelled", period="2026-02-25")
    sweep(after(minutes=62))
    at_risk = sla.results.get(run=under_way)
    assert (at_risk.state, at_risk.because) == ("at_risk", f"run {under_way.pk} usually takes 900 s")
    sweep(after(minutes=75))
    assert [state for _, state in states(sla)] == ["met_late", "met_late", "met_late", "missed", "waived"]
    assert sla.results.get(run=under_way).because == f"run {under_way.pk} is running still"
    assert sla.results.get(run=cancelled).because == "the run was cancelled"


def test_from_what_came_in_to_what_is_published_of_it_counts_from_the_beginning_of_the_chain():
    promise("{end_to_end: {dataset: mart.orders, within: 2h}}")
    first = factories.make_event()
    run = ran(after(minutes=1), cause=factories.make_event(cause=first))
    sweep(after(minutes=2))
    result = the("end_to_end").results.get()
    assert (result.begins_at, result.due_at) == (first.at, first.at + timedelta(hours=2))
    published(first.at + timedelta(minutes=70), run=run)
    sweep(first.at + timedelta(minutes=121))
    result.refresh_from_db()
    assert (result.state, result.value) == ("met", 70 * 60)


def test_a_success_rate_is_a_breach_only_once_the_share_is_not_kept():
    promise("{success_rate: {at_least: 0.5}}")
    sla = of_runs("success_rate")
    ran(after(minutes=1), period="2026-02-01")
    ran(after(minutes=3), state="failed", period="2026-02-02")
    sweep(after(minutes=5))
    assert [state for _, state in states(sla)] == ["met", "missed"]
    assert not Alert.objects.exists()
    ran(after(minutes=6), state="failed", period="2026-02-03", reason="no such column")
    sweep(after(minutes=8))
    assert "run 3 ended as failed: no such column" in Alert.objects.get().what.replace(
        f"run {sla.results.latest('pk').run_id}", "run 3"
    )
    ran(after(minutes=9), period="2026-02-04")
    sweep(after(minutes=11))
    assert Alert.objects.get().state == "resolved"


def test_the_quality_of_a_version_is_the_share_of_its_checks_that_hold():
    promise("{quality: {dataset: mart.orders, at_least: 0.6, objective: 1}}")
    for place, failing in enumerate([1, 2]):
        version = published(after(minutes=place), period=f"2026-03-0{place + 1}")
        for number in range(3):
            factories.make_result(version, f"check_{number}", passed=number >= failing)
    sweep(after(minutes=5))
    assert states(the("quality")) == [("v1", "met"), ("v2", "missed")]
    assert [round(one.value, 2) for one in the("quality").results.order_by("due_at")] == [0.67, 0.33]
    assert Alert.objects.get().rule == "sla:quality"


def measured(version, nulls):
    """What a version's columns were found to be like."""
    own, _ = Profile.objects.update_or_create(
        version=version,
        period=version.period,
        defaults={"dataset": version.dataset, "environment": version.environment, "state": "measured"},
    )
    for place, (name, share) in enumerate(nulls.items()):
        ColumnProfile.objects.create(profile=own, place=place, name=name, type="BIGINT", null_share=share)


def test_the_completeness_of_a_version_is_judged_once_it_is_measured_in_whatever_order():
    promise("{completeness: {dataset: mart.orders, at_least: 0.9, objective: 1}}")
    versions = [published(after(minutes=place), period=f"2026-03-0{place + 1}") for place in range(4)]
    sweep(after(minutes=5))
    assert states(the("completeness")) == []  # nothing is known of them
    measured(versions[1], {"id": 0.0, "note": 0.3})
    sweep(after(minutes=6))
    assert states(the("completeness")) == [("v2", "missed")]
    assert Alert.objects.get().rule == "sla:completeness"
    measured(versions[0], {"id": 0.0, "note": 0.2})
    measured(versions[2], {"id": None})  # it has no rows
    for _ in range(2):
        sweep(after(minutes=7))
    assert states(the("completeness")) == [("v1", "met"), ("v2", "missed"), ("v3", "met")]
    assert [round(one.value, 2) for one in the("completeness").results.order_by("due_at")] == [0.9, 0.85, 1]
    assert the("completeness").seen == 3


def test_the_columns_that_a_promise_names_count_and_what_cannot_be_measured_does_not():
    promise("{completeness: {dataset: mart.orders, columns: [id, gone], at_least: 0.5}}")
    first, second = (published(after(minutes=place), period=f"2026-03-0{place + 1}") for place in range(2))
    measured(first, {"id": 0.2, "note": 0.0})
    measured(second, {})
    Profile.objects.filter(version=second).update(state="failed")
    sweep(after(minutes=5))
    assert states(the("completeness")) == [("v1", "missed"), ("v2", "waived")]
    assert the("completeness").results.get(subject="v1").value == pytest.approx(0.4)


def test_what_an_arrival_puts_at_risk_downstream_is_marked():
    promise(BY_NINE)
    slot = factories.make_slot(Dataset.objects.get(name="raw.orders"), period="2026-03-01", due_at=START)
    due = the("arrival").results.get(subject="2026-03-01").due_at
    risk = SlotPutAtRisk(
        dataset="raw.orders",
        period="2026-03-01",
        slot=slot.pk,
        pipeline="orders",
        target="mart.orders",
        target_due_at=due.isoformat(),
        seconds=60.0,
    )
    events.record(risk, actor="clock")
    deliver()
    result = the("arrival").results.get(subject="2026-03-01")
    assert (result.state, result.because) == ("at_risk", "raw.orders 2026-03-01 has not come")
    sweep(after(hours=4))
    result.refresh_from_db()
    assert result.state == "missed"


def test_a_promise_given_in_other_words_begins_anew_and_one_taken_back_ends():
    promise("{duration: {under: 10m}}", FRESH)
    before = of_runs("duration")
    promise("{duration: {under: 20m}}")
    before.refresh_from_db()
    assert before.until == START
    assert of_runs("duration").seconds == 1200
    assert not Sla.objects.filter(kind="freshness", until=None).exists()
    promise("{duration: {under: 20m}}")
    assert Sla.objects.filter(kind="duration").count() == 2


@pytest.mark.promise(20, faults="two sweeps over promises")
def test_two_sweeps_judge_a_promise_once():
    promise(BY_NINE)
    sweep(after(hours=3, minutes=1))
    sweep(after(hours=3, minutes=1))
    assert Event.objects.filter(kind="sla.missed").count() == 1
    assert SlaResult.objects.filter(subject="2026-03-01", state="missed", sla=the("arrival")).count() == 1


def test_attainment_counts_what_was_kept_in_the_window_and_suggests_what_would_have_been():
    promise("{duration: {under: 5m, objective: 0.8}}")
    for minutes, seconds in enumerate([60, 70, 80, 90, 100, 110, 400, 500, 550, 560]):
        ran(after(hours=minutes), seconds=seconds, period=f"2026-02-{minutes + 1:02}")
    for hours in range(12):
        sweep(after(hours=hours))
    sla, now = of_runs("duration"), after(hours=12)
    attained = attaining.attained(sla, now)
    assert (attained.kept, attained.missed, attained.share, attained.budget, attained.is_kept) == (6, 4, 0.6, -2, False)
    assert attained.overdrawn == 2
    assert attaining.suggestion(sla, now) == 600
    assert attaining.by_days([sla], now)[sla.pk][7].kept == 6


def test_a_quiet_sweep_asks_little(django_assert_max_num_queries):
    promise(BY_NINE, FRESH, "{duration: {under: 5m}}", "{success_rate: {at_least: 0.9}}")
    with django_assert_max_num_queries(9):
        sweeping.sweep(after(minutes=1))
