"""Many at once: threads on PostgreSQL, each with a connection of its own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from monitoring_app import reactions
from monitoring_app.alerts import lifecycle, sending, sweeping
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, Channel, Notification
from pipelines_app import events
from pipelines_app.facts import CheckFailed, ChecksHeld, DataQuarantined, DatasetPublished, RunMoved
from pipelines_app.facts_expected import SlotBecameLate, SlotFilled
from pipelines_app.models import Dataset, Delivery, Event, Pipeline, Slot
from tests import factories, road

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


@pytest.mark.promise(18, faults="one problem reported many times at once")
def test_one_problem_reported_at_once_is_one_alert_that_counts_them_all():
    all_at_once(report, [factories.make_event() for _ in range(THREADS)])
    alert = Alert.objects.get()
    assert (alert.count, alert.notifications.count(), alert.entries.count()) == (THREADS, 1, THREADS)


@pytest.mark.promise(18, faults="many senders at once")
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


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def interleave(first, second):
    """Hear of an event and hold its transaction open; meanwhile do the second thing, as far as it comes."""
    heard, go_on = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                deliver(first)
                heard.set()
                assert go_on.wait(20)
        finally:
            connection.close()

    def act():
        try:
            deliver(second())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold)
        assert heard.wait(20)
        acting = pool.submit(act)
        deadline = time.monotonic() + 20
        while not acting.done() and not somebody_waits_for_a_lock() and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        go_on.set()
        holding.result(20)
        acting.result(20)


def deliver(event):
    delivery = Delivery.objects.get(event=event, consumer="alerts")
    events.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "done"


def test_an_arrival_while_its_lateness_is_being_heard_closes_the_alert():
    dataset = factories.make_dataset("raw.flights", period_kind="day")
    slot = factories.make_slot(dataset, state="late")
    about = {"dataset": dataset.name, "period": slot.period, "slot": slot.pk}

    def arrive():
        with transaction.atomic():
            Slot.objects.filter(pk=slot.pk).update(state="arrived")
            return events.record(SlotFilled(**about, arrival=1, late_seconds=5), actor="clock")

    late = events.record(SlotBecameLate(**about, due_at=slot.due_at.isoformat()), actor="clock")
    interleave(late, arrive)
    assert Alert.objects.get().state == "resolved"


def test_a_correction_while_its_failure_is_being_heard_closes_the_alert():
    pipeline = factories.make_pipeline("flights-daily")
    dataset = factories.make_dataset("mart.daily", pipeline=pipeline, period_kind="day")

    def judge(*, passed):
        with transaction.atomic():
            Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)  # as a publication does
            run = factories.make_run(pipeline, state="succeeded", period="2013-02-08")
            version = factories.make_version(factories.make_step(run, dataset), period="2013-02-08")
            factories.make_result(version, "share", passed=passed)
            about = {"run": run.pk, "pipeline": pipeline.name, "dataset": dataset.name, "period": "2013-02-08"}
            held = ChecksHeld(**about, version=version.pk, checks=["share"])
            failed = CheckFailed(**about, version=version.pk, check="share", severity="warn", message="fails")
            return events.record(held if passed else failed, actor="clock")

    interleave(judge(passed=False), lambda: judge(passed=True))
    assert Alert.objects.get().state == "resolved"


def test_a_good_run_while_a_failure_is_being_heard_closes_the_alert():
    pipeline = factories.make_pipeline("flights-daily")

    def end(state):
        with transaction.atomic():
            Pipeline.objects.select_for_update(no_key=True).get(pk=pipeline.pk)  # as the end of a run does
            run = factories.make_run(pipeline, state=state)
            return events.record(RunMoved(run=run.pk, pipeline=pipeline.name, period="", state=state), actor="clock")

    interleave(end("failed"), lambda: end("succeeded"))
    assert Alert.objects.get().state == "resolved"


def test_an_alert_about_a_dataset_does_not_wait_for_a_file_that_comes_in_for_it():
    """Taking in locks the dataset, then the slot; a late alert the slot, then the dataset: no circle may close."""
    road.register_sample("flights-daily")
    dataset = Dataset.objects.get(name="raw.flights")
    slot = factories.make_slot(dataset, period="2013-01-05", state="late")
    event = factories.make_event(
        SlotBecameLate(dataset=dataset.name, period=slot.period, slot=slot.pk, due_at=slot.due_at.isoformat())
    )
    said = []

    def react():
        with transaction.atomic():
            said.append(reactions.hear(event, events.fact_of(event)))
        connection.close()

    reacting = threading.Thread(target=react, daemon=True)
    with transaction.atomic():
        road.send_flights("2013-01-06")
        reacting.start()
        reacting.join(10)
        assert not reacting.is_alive(), "the alert waits for the file"
    assert said[0].startswith("opened alert")


def test_good_data_published_while_a_quarantine_is_being_heard_close_its_alert_or_let_none_open():
    pipeline = factories.make_pipeline("flights-daily")
    dataset = factories.make_dataset("mart.daily", pipeline=pipeline, period_kind="day")
    about = {"run": 1, "pipeline": pipeline.name, "dataset": dataset.name, "period": "2013-02-08"}

    def quarantine():
        with transaction.atomic():
            Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
            return events.record(DataQuarantined(**about, because="too many bad rows"), actor="clock")

    def publish():
        """As a publication does: whatever it tells the alerts is decided under the dataset's lock."""
        with transaction.atomic():
            Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
            return events.record(DatasetPublished(**about, version=1, number=1, rows=1), actor="clock")

    interleave(quarantine(), publish)  # the opening is first: the publication waits, sees the alert and closes it
    assert Alert.objects.get().state == "resolved"
    heard = quarantine()
    assert not Delivery.objects.filter(event=publish(), consumer="alerts").exists()  # none is open: nobody is told
    deliver(heard)  # the publication was first: the opening sees it
    assert [alert.state for alert in Alert.objects.all()] == ["resolved"]
