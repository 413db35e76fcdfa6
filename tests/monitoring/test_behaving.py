"""The life of an alert: what waits before it is told, what is told again, and what is told of nobody."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import behaving, lifecycle, routing, sending, storms, sweeping, timing
from monitoring_app.alerts.behaving import Manner, NotSo, Quiet, Window, Wish
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, Channel, Maintenance, Notification
from pipelines_app import vault
from pipelines_app.errors import IllegalMove
from pipelines_app.models import AuditEntry
from tests import factories
from tests.monitoring.receivers import Answer
from tests.monitoring.telling import send_all, told

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def team():
    return factories.make_team("ops", email="ops@example.com")


def report(team, severity="warn", subject="raw.x"):
    problem = Problem(rule="late", subject=subject, title=f"{subject} is late", what="…", severity=severity, team=team)
    alert = lifecycle.open_alert(problem, cause=factories.make_event())
    alert.refresh_from_db()
    return alert


def mend(subject="raw.x"):
    return lifecycle.resolve("late", subject, because="it came", cause=factories.make_event())


def pass_time(minutes):
    sweeping.sweep(timezone.now() + minutes * MINUTE)


def states(alert):
    return list(alert.notifications.order_by("pk").values_list("about", "state"))


def behave(team, **manner):
    behaving.behave(team, Manner(**manner), actor="user:ana")


def test_a_problem_that_does_not_last_is_told_to_nobody(team):
    behave(team, pending=5)
    alert = report(team)
    assert list(sending.due(timezone.now())) == []
    mend()
    assert states(alert) == [("opened", "folded")]
    lasting = report(team, subject="raw.y")
    assert list(sending.due(timezone.now() + 6 * MINUTE)) == [lasting.notifications.get().pk]


def test_what_is_mended_is_closed_once_it_has_stayed_good(team):
    behave(team, keep=10)
    alert = report(team)
    assert mend().state == "open"
    report(team)  # bad again
    pass_time(11)
    alert.refresh_from_db()
    assert (alert.state, alert.clears_at) == ("open", None)
    mend()
    pass_time(11)
    alert.refresh_from_db()
    assert (alert.state, told(alert)) == ("resolved", ["opened", "resolved"])


def test_what_comes_and_goes_stays_one_alert_until_it_is_calm(team):
    for _ in range(timing.FLAPS):
        report(team)
        mend()
    flapping = report(team)
    assert flapping.flaps
    for _ in range(3):
        mend()
        assert report(team).pk == flapping.pk
    assert told(flapping) == ["opened"]
    mend()
    pass_time(16)
    flapping.refresh_from_db()
    assert flapping.state == "resolved"


def test_what_a_person_closed_is_opened_again_by_the_next_bad_result(team):
    alert = report(team)
    lifecycle.end(alert, because="I mended it", actor="user:ana")
    again = report(team)
    assert (again.pk, again.state, again.count, told(alert)) == (
        alert.pk,
        "open",
        2,
        ["opened", "resolved", "still_open"],
    )


def test_what_a_person_closed_is_confirmed_by_the_next_good_result(team):
    alert = report(team)
    lifecycle.end(alert, because="I mended it", actor="user:ana")
    assert mend() is None
    assert alert.entries.last().text == "confirmed: it came"
    assert report(team).pk != alert.pk


def test_nobody_taking_care_is_told_once_to_one_more(team):
    behave(team, escalate=30, escalate_to="boss@example.com")
    alert = report(team)
    pass_time(29)
    pass_time(31)
    pass_time(32)
    assert told(alert) == ["opened", "escalated", "escalated"]
    assert {one.channel.address for one in alert.notifications.filter(about="escalated")} == {
        "ops@example.com",
        "boss@example.com",
    }


def test_what_somebody_takes_care_of_is_not_escalated(team):
    behave(team, escalate=30)
    alert = report(team)
    lifecycle.acknowledge(alert, actor="user:ana")
    pass_time(60)
    assert told(alert) == ["opened"]


def test_people_are_reminded_of_what_is_open(team):
    behave(team, remind=60)
    alert = report(team)
    pass_time(61)
    pass_time(61)
    assert told(alert) == ["opened", "still_open"]


def test_an_alert_is_kept_quiet_until_it_gets_worse(team):
    alert = report(team)
    lifecycle.snooze(alert, until=None, actor="user:ana")
    pass_time(60 * 24 * 365)
    alert.refresh_from_db()
    assert alert.state == "snoozed"
    assert report(team, "critical").state == "open"


def test_during_maintenance_nobody_is_told_and_what_lasts_is_told_afterwards(team):
    window = Window(begins_at=timezone.now() - MINUTE, ends_at=timezone.now() + 60 * MINUTE, reason="we move")
    made = behaving.maintain(team, window, actor="user:ana")
    mended, lasting = report(team), report(team, "critical", subject="raw.y")
    mend()
    assert (states(mended), list(sending.due(timezone.now()))) == ([("opened", "folded")], [])
    behaving.end_maintenance(made, actor="user:ana")
    assert list(sending.due(timezone.now() + MINUTE)) == [lasting.notifications.get().pk]
    with pytest.raises(IllegalMove):
        behaving.end_maintenance(made, actor="user:ana")
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["alerts.maintenance", "alerts.maintenance_ended"]


def test_maintenance_of_one_dataset_leaves_the_others_loud(team):
    dataset = factories.make_dataset("raw.y", team=team)
    window = Window(begins_at=timezone.now(), ends_at=timezone.now() + MINUTE, reason="x", dataset=dataset)
    behaving.maintain(team, window, actor="user:ana")
    assert timing.maintained_until(Alert(team=team, dataset=dataset), timezone.now()) is not None
    assert timing.maintained_until(Alert(team=team), timezone.now()) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"ends_at": datetime(2001, 1, 1, tzinfo=UTC)},
    ],
)
def test_maintenance_needs_an_end_to_come_and_a_reason(team, wrong):
    window = {"begins_at": timezone.now(), "ends_at": timezone.now() + MINUTE, "reason": "we move"} | wrong
    with pytest.raises(NotSo):
        behaving.maintain(team, Window(**window), actor="user:ana")
    assert not Maintenance.objects.exists()


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (("22:00", "07:00"), "2026-03-01T23:30", "2026-03-02T07:00"),
        (("22:00", "07:00"), "2026-03-02T06:59", "2026-03-02T07:00"),
        (("22:00", "07:00"), "2026-03-02T07:00", None),
        (("12:00", "13:00"), "2026-03-01T12:00", "2026-03-01T13:00"),
        (("12:00", "13:00"), "2026-03-01T11:59", None),
        (("22:00", "07:00"), "2026-03-28T23:00", "2026-03-29T06:00"),  # clocks go forward that night
    ],
)
def test_quiet_hours_end_by_the_clocks_of_their_zone(hours, now, until):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC) - timedelta(hours=1)  # the zone is an hour ahead in winter
    begins, ends = map(time.fromisoformat, hours)
    found = timing.end_of_quiet(moment, begins, ends, "Europe/Zurich")
    expected = until and datetime.fromisoformat(until).replace(tzinfo=UTC) - timedelta(hours=1)
    assert found == expected


def test_a_channel_hears_of_nothing_but_what_is_critical_in_its_quiet_hours(team):
    report(team)
    channel = Channel.objects.get()
    now = timezone.now()
    quiet = Quiet(begins=(now - MINUTE).time(), ends=(now + 60 * MINUTE).time(), zone="UTC")
    behaving.hush(channel, quiet, actor="user:ana")
    mild, bad = report(team, subject="raw.mild"), report(team, "critical", subject="raw.bad")
    due = list(sending.due(timezone.now() + MINUTE))
    assert bad.notifications.get().pk in due
    assert mild.notifications.get().pk not in due


def test_a_storm_is_told_by_one_digest_and_nothing_is_lost(team, slack):
    team.email = ""
    team.save()
    Channel.objects.create(team=team, kind="slack", name="#ops", secret=vault.seal(slack.url))
    alerts = [report(team, "critical" if number == 7 else "warn", f"raw.x{number}") for number in range(60)]
    send_all()
    assert len(slack.posted) == timing.MOST_A_MINUTE
    assert storms.digest_all(timezone.now()) == 0
    slack.answers = [Answer(status=429, headers={"Retry-After": "1"})]
    assert storms.digest_all(timezone.now() + 2 * MINUTE) == 1
    send_all()
    Notification.objects.filter(state="pending").update(not_before=timezone.now() - MINUTE)
    send_all()
    digest = slack.posted[-1]["blocks"]
    assert digest[0]["text"]["text"] == "[Digest] 40 messages about alerts"
    assert "and 25 more" in digest[1]["text"]["text"]
    assert len(slack.posted) == timing.MOST_A_MINUTE + 1
    assert {one.notifications.get().state for one in alerts} == {"delivered", "folded"}
    assert Notification.objects.get(about="digest").gathered.count() == 40


def test_a_channel_hears_of_what_its_routes_say_and_all_hear_of_what_fits_none(team):
    mart, raw = (factories.make_dataset(name, team=team) for name in ("mart.daily", "raw.flights"))
    one, other = (
        Channel.objects.create(team=team, kind="email", name=name, address=f"{name}@example.com") for name in "ab"
    )
    behaving.route(one, Wish(pattern="mart.*"), actor="user:ana")
    behaving.route(other, Wish(layer="mart", severity="critical"), actor="user:ana")

    def heard(dataset, severity="warn"):
        found = routing.channels_of(Alert(team=team, dataset=dataset, severity=severity, rule="late"))
        return {channel.name for channel in found} - {"ops@example.com"}

    assert (heard(mart), heard(mart, "critical"), heard(raw)) == ({"a"}, {"a", "b"}, {"a", "b"})
    with pytest.raises(NotSo, match="already"):
        behaving.route(one, Wish(pattern="mart.*"), actor="user:ana")
