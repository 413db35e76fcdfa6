"""The weekly report of promises: what it says, whom it reaches, once, and only who wants it."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring_app import reporting
from monitoring_app.alerts import behaving
from monitoring_app.alerts.behaving import Manner
from monitoring_app.models import Channel, Notification, Sla, SlaResult
from tests import factories
from tests.monitoring.telling import send_all

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def team():
    return factories.make_team("ops", email="ops@example.com")


def promised(team, name="mart.x", **fields):
    pipeline = factories.make_pipeline(f"make-{name.replace('.', '-')}", team=team)
    dataset = factories.make_dataset(name, pipeline=pipeline)
    given = {"kind": "freshness", "terms": {}, "sentence": f"{name} is renewed within 2h", "objective": 0.9}
    about = {"pipeline": pipeline, "dataset": dataset, "window": "30d", "seconds": 7200, "since": BEFORE}
    return Sla.objects.create(**{**given, **about, **fields})


def judged(sla, *days, state="met", hours=1, because=""):
    for day in days:
        begins = datetime(2026, 3, day, 6, 0, tzinfo=UTC)
        kept = None if state == "missed" else begins + timedelta(hours=hours)
        moments = {"begins_at": begins, "due_at": begins + timedelta(hours=2), "kept_at": kept}
        SlaResult.objects.create(sla=sla, subject=f"v{day}", state=state, because=because, **moments)


@pytest.mark.parametrize(
    ("now", "name", "begins"),
    [
        (MONDAY, "2026-W10", 2),
        (MONDAY.replace(hour=6), "2026-W09", 23),
        (MONDAY + timedelta(days=6), "2026-W10", 2),
    ],
    ids=["monday at eight", "monday at six", "sunday after"],
)
def test_a_week_is_told_from_monday_at_seven_on(now, name, begins):
    week = reporting.week_before(now)
    assert (week.name, week.begins.day, week.ends - week.begins) == (name, begins, timedelta(days=7))


def test_a_report_says_what_was_kept_what_was_missed_and_why_and_what_could_be_promised(team, mailbox, settings):
    settings.PUBLIC_URL = "https://loop.example"
    bad, good = promised(team), promised(team, "mart.y")
    judged(bad, 1, 2, 3, 4, 5, 6, state="met_late", hours=3, because="raw.a came late")
    judged(bad, 7, state="missed", because="run 7 failed\nBcc: eve")
    judged(good, *range(1, 9))
    assert reporting.send_due(MONDAY) == 1
    send_all()
    (mail,) = mailbox.messages
    body = mail.get_content().replace("\r\n", "\n")
    assert (mail["To"], mail["Subject"]) == ("ops@example.com", "[SLA report] ops: 1 of 2 promises kept, 2026-W10")
    for words in (
        "2 March to 8 March 2026.",
        "Below what is promised (1)\n- mart.x is renewed within 2h: 0.0 % in the week, 0.0 % in 30 days, 90 % is pro",
        "  The budget is used up, by 7.",
        "  missed v2: raw.a came late",
        "  and 1 more",
        "Kept (1)\n- mart.y is renewed within 2h: 100.0 % in the week",
        "https://loop.example/slas/",
    ):
        assert words in body, words
    assert "missed v1:" not in body  # the week before


def test_what_would_have_been_kept_is_suggested(team):
    sla = promised(team)
    judged(sla, 2, 3, 4, 5, 6, 7, state="met_late", hours=3)
    assert "Within 5h would have been kept" in reporting.write(team, reporting.week_before(MONDAY))[1]


def test_a_week_is_reported_once_and_the_next_one_again(team):
    promised(team)
    assert [reporting.send_due(MONDAY), reporting.send_due(MONDAY)] == [1, 0]
    assert reporting.send_due(MONDAY + timedelta(days=7)) == 1
    assert Notification.objects.filter(about="report").count() == 2


def test_who_does_not_want_it_and_who_promised_nothing_gets_none(team):
    other = factories.make_team("quiet", email="quiet@example.com")
    promised(team)
    promised(other, "mart.z", since=MONDAY)
    behaving.behave(team, Manner(report=False), actor="user:ana")
    assert reporting.send_due(MONDAY) == 0
    behaving.behave(team, Manner(), actor="user:ana")
    assert reporting.send_due(MONDAY) == 1


def test_it_goes_to_the_addresses_of_the_team_and_not_to_those_of_pipelines_or_other_channels(team):
    promised(team)
    Channel.objects.create(team=team, kind="email", address="lead@example.com", name="lead")
    Channel.objects.create(team=team, kind="email", address="off@example.com", name="off", enabled=False)
    Channel.objects.create(team=team, kind="email", address="named@example.com", name="named", is_declared=True)
    reporting.send_due(MONDAY)
    told = Notification.objects.filter(about="report").values_list("channel__address", flat=True)
    assert sorted(told) == ["lead@example.com", "ops@example.com"]


def test_a_report_costs_the_same_for_any_number_of_promises(team, django_assert_num_queries):
    week = reporting.week_before(MONDAY)
    judged(promised(team), 2, 3)
    with django_assert_num_queries(4):
        reporting.write(team, week)
    for number in range(5):
        judged(promised(team, f"mart.n{number}"), 2, 3)
    with django_assert_num_queries(4):
        reporting.write(team, week)
