"""Many at once: threads on PostgreSQL, each with a connection of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from monitoring_app.alerts import lifecycle, sending, sweeping
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, Channel, Notification
from pipelines_app import events
from pipelines_app.facts import CheckFailed, ChecksHeld, SlotBecameLate, SlotFilled
from pipelines_app.models import Delivery, Event
from tests import factories

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THREADS = 8


def all_at_once(verb, arguments):
    """Call the verb with each argument, in threads that start together."""
    start = threading.Barrier(len(arguments))

    def one(argument):
        try:
            start.wait(10)
            return verb(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(one, arguments))


def report(cause):
    problem = Problem(rule="late", subject="raw.x", title="x is late", what="x", severity="warn")
    return lifecycle.open_alert(problem, cause=cause)


def test_one_problem_reported_at_once_is_one_alert_that_counts_them_all():
    all_at_once(report, [factories.make_event() for _ in range(THREADS)])
    alert = Alert.objects.get()
    assert (alert.count, alert.notifications.count(), alert.entries.count()) == (THREADS, 1, THREADS)


def test_many_senders_of_one_message_send_it_once(mailbox):
    team = factories.make_team(email="ops@example.com")
    problem = Problem(rule="late", subject="raw.x", title="x is late", what="x", severity="warn", team=team)
    notification = lifecycle.open_alert(problem, cause=factories.make_event()).notifications.get()
    all_at_once(sending.send, [notification.pk] * THREADS)
    assert len(mailbox.messages) == 1
    notification.refresh_from_db()
    assert (notification.state, notification.attempts) == ("delivered", 1)


def test_many_sweeps_end_a_snooze_once():
    alert = report(factories.make_event())
    Alert.objects.filter(pk=alert.pk).update(state="snoozed", snoozed_until=alert.first_at)
    assert sum(all_at_once(sweeping.end_snoozes, [factories.make_event().at] * THREADS)) == 1
    assert Event.objects.filter(kind="alert.reopened").count() == 1


def test_a_new_address_named_by_two_alerts_at_once_is_one_channel():
    team = factories.make_team(email="ops@example.com")

    def open_one(number):
        problem = Problem(rule="late", subject=f"raw.x{number}", title="x", what="x", severity="warn", team=team)
        lifecycle.open_alert(problem, cause=factories.make_event())

    all_at_once(open_one, list(range(THREADS)))
    assert Channel.objects.count() == 1
    assert Notification.objects.count() == THREADS


@pytest.mark.parametrize("turn", range(5))
def test_lateness_and_arrival_heard_at_the_same_moment_leave_no_alert_open(turn):
    dataset = factories.make_dataset("raw.flights", period_kind="day")
    slot = factories.make_slot(dataset, state="arrived_late")
    about = {"dataset": dataset.name, "period": slot.period, "slot": slot.pk}
    facts = [
        SlotBecameLate(**about, due_at=slot.due_at.isoformat()),
        SlotFilled(**about, arrival=1, late_seconds=5),
    ]
    deliver_at_once(facts)
    assert not Alert.objects.unresolved().exists()


@pytest.mark.parametrize("turn", range(5))
def test_a_failure_and_its_correction_heard_at_the_same_moment_leave_no_alert_open(turn):
    pipeline = factories.make_pipeline("flights-daily")
    dataset = factories.make_dataset("mart.daily", pipeline=pipeline, period_kind="day")
    facts = []
    for passed in (False, True):
        run = factories.make_run(pipeline, state="succeeded", period="2013-02-08")
        version = factories.make_version(factories.make_step(run, dataset), period="2013-02-08")
        factories.make_result(version, "share", passed=passed)
        about = {"run": run.pk, "pipeline": pipeline.name, "dataset": dataset.name, "period": "2013-02-08"}
        fact = (
            ChecksHeld(**about, version=version.pk, checks=["share"])
            if passed
            else CheckFailed(**about, version=version.pk, check="share", severity="warn", message="fails")
        )
        facts.append(fact)
    deliver_at_once(facts)
    assert not Alert.objects.unresolved().exists()


def deliver_at_once(facts):
    told = [events.record(fact, actor="clock") for fact in facts]
    deliveries = list(Delivery.objects.filter(event__in=told).values_list("pk", flat=True))
    all_at_once(events.deliver, deliveries)
    assert not Delivery.objects.filter(pk__in=deliveries).exclude(state="done").exists()
