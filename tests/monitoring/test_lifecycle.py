"""The state machine of alerts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import lifecycle, sweeping
from monitoring_app.alerts.lifecycle import MOVES, Problem
from monitoring_app.models import Alert, AlertState
from pipelines_app.errors import IllegalMove, LostRace
from pipelines_app.models import Event
from tests import factories
from tests.monitoring.telling import told

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def report(severity="warn", **fields):
    problem = Problem(rule="late", subject="raw.x", title="x is late", what="x is late", severity=severity, **fields)
    return lifecycle.open_alert(problem, cause=factories.make_event())


def facts(alert):
    told = Event.objects.filter(body__alert=alert.pk, kind__startswith="alert.").order_by("id")
    return list(told.values_list("kind", flat=True))


@pytest.mark.parametrize("state", AlertState.values)
@pytest.mark.parametrize("to", AlertState.values)
def test_an_alert_moves_only_as_the_table_says(state, to):
    alert = report()
    until = timezone.now() + HOUR
    Alert.objects.filter(pk=alert.pk).update(state=state, snoozed_until=until)
    alert.refresh_from_db()
    verbs = {
        AlertState.OPEN: lambda: lifecycle.end_snooze(alert),
        AlertState.ACKNOWLEDGED: lambda: lifecycle.acknowledge(alert, actor="user:ana"),
        AlertState.SNOOZED: lambda: lifecycle.snooze(alert, until=until, actor="user:ana"),
        AlertState.RESOLVED: lambda: lifecycle.end(alert, because="by hand", actor="user:ana"),
    }
    if to in MOVES[state]:
        verbs[to]()
        assert Alert.objects.get(pk=alert.pk).state == to
    else:
        with pytest.raises(IllegalMove):
            verbs[to]()


def test_what_somebody_else_moved_meanwhile_is_a_lost_race():
    alert = report()
    lifecycle.acknowledge(Alert.objects.get(pk=alert.pk), actor="user:ben")
    with pytest.raises(LostRace):
        lifecycle.acknowledge(alert, actor="user:ana")


def test_a_repeated_problem_is_counted_and_is_no_news():
    alert = report()
    again = report()
    assert (again.pk, again.count, told(alert)) == (alert.pk, 2, ["opened"])
    assert facts(alert) == ["alert.opened", "alert.repeated"]


def test_a_milder_report_does_not_make_an_alert_better():
    report("critical")
    assert report("warn").severity == "critical"


def test_an_old_report_that_comes_late_does_not_take_the_newest_words():
    first = factories.make_event()
    alert = report()
    problem = Problem(rule="late", subject="raw.x", title="old", what="old", severity="warn")
    assert lifecycle.open_alert(problem, cause=first).title == alert.title


@pytest.mark.parametrize("quieten", ["acknowledge", "snooze"])
def test_an_alert_that_somebody_keeps_quiet_opens_again_when_it_gets_worse(quieten):
    alert = report()
    if quieten == "snooze":
        lifecycle.snooze(alert, until=timezone.now() + HOUR, actor="user:ana")
    else:
        lifecycle.acknowledge(alert, actor="user:ana")
    report()
    alert.refresh_from_db()
    assert alert.state != "open"
    report("critical")
    alert.refresh_from_db()
    assert (alert.state, told(alert)) == ("open", ["opened", "worse"])


def test_acknowledging_keeps_who_and_why():
    alert = report()
    lifecycle.acknowledge(alert, actor="user:ana", note="the sender knows")
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.note) == ("user:ana", "the sender knows")
    assert alert.entries.last().text == "acknowledged: the sender knows"


def test_a_snooze_that_ends_while_nothing_has_mended_the_problem_tells_once_more():
    alert = report()
    lifecycle.snooze(alert, until=timezone.now() + HOUR, actor="user:ana")
    assert sweeping.end_snoozes(timezone.now()) == 0
    assert sweeping.end_snoozes(timezone.now() + 2 * HOUR) == 1
    alert.refresh_from_db()
    assert (alert.state, told(alert)) == ("open", ["opened", "still_open"])
    assert facts(alert) == ["alert.opened", "alert.snoozed", "alert.reopened"]


def test_a_snooze_cannot_end_in_the_past():
    with pytest.raises(IllegalMove, match="has passed"):
        lifecycle.snooze(report(), until=timezone.now() - HOUR, actor="user:ana")


def test_a_problem_that_goes_away_during_its_snooze_never_comes_back():
    alert = report()
    lifecycle.snooze(alert, until=timezone.now() + HOUR, actor="user:ana")
    lifecycle.resolve("late", "raw.x", because="it came", cause=factories.make_event())
    assert sweeping.end_snoozes(timezone.now() + 2 * HOUR) == 0
    assert told(alert) == ["opened", "resolved"]


def test_the_worst_and_newest_come_first():
    for subject, severity in (("a", "info"), ("b", "critical"), ("c", "warn"), ("d", "critical")):
        problem = Problem(rule="late", subject=subject, title=subject, what="", severity=severity)
        lifecycle.open_alert(problem, cause=factories.make_event())
    assert [alert.subject for alert in Alert.objects.worst_first()] == ["d", "b", "c", "a"]
