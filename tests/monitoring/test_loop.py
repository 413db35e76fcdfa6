"""The loop about the alerts themselves: what people say of them, how quickly they close, and the post-mortem."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import lifecycle, looping, people, postmortem
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.alerts.looping import Told
from monitoring_app.models import Alert
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import RunMoved
from pipelines_app.models import Event
from tests import factories
from tests.monitoring.telling import told

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:b)\n# head\u202e"


def minutes(number):
    return AT + timedelta(minutes=number) if number is not None else None


def one(rule="late", *, began=None, opened=0, taken=None, closed=None, verdict=""):
    moments = {"began_at": began, "opened_at": opened, "acknowledged_at": taken, "resolved_at": closed}
    return Told(rule=rule, verdict=verdict, **{name: minutes(at) for name, at in moments.items()})


def test_medians_and_nine_in_ten_are_of_what_happened():
    rows = [one(began=-number, taken=number, closed=10 * number) for number in range(1, 11)]
    found = looping.figures([*rows, one()])
    assert (found.opened, found.closed) == (11, 10)
    assert (found.detect.median, found.detect.p90, found.detect.number) == (300, 540, 10)
    assert (found.acknowledge.median, found.resolve.p90) == (300, 5400)


def test_clocks_that_disagree_make_nothing_negative():
    assert looping.figures([one(began=5)]).detect.median == 0


@pytest.mark.parametrize(
    ("rows", "false", "found"),
    [
        ([], None, None),
        ([one()], None, 1),
        ([one(closed=1), one(closed=1, verdict="fine")], 0.5, 1),
        ([one(closed=1, verdict="fine")], 1, None),
        ([one(), one(), one(), one("reported")], None, 0.75),
        ([one("reported", verdict="fine", closed=1), one()], 1, 1),
    ],
    ids=["nothing", "open", "half", "all fine", "a quarter reported", "a report that was none"],
)
def test_false_alarms_and_what_was_found_first_are_shares(rows, false, found):
    figures = looping.figures(rows)
    assert (figures.false_share, figures.found_share) == (false, found)


def test_rules_are_put_together_by_their_kind():
    kinds = looping.by_rule([one("check:a"), one("check:b"), one("late")])
    assert [(kind.rule, kind.opened) for kind in kinds] == [("check", 2), ("late", 1)]


@pytest.fixture
def dataset(db):
    team = factories.make_team("ops", email="ops@example.com")
    return factories.make_dataset("mart.x", pipeline=factories.make_pipeline("sales", team=team))


def noticed(dataset, **fields):
    given = {"title": "mart.x is late", "what": "It has not come.", "severity": "critical"}
    about = {"rule": "late", "subject": dataset.name, "dataset": dataset, "team": dataset.team, "pipeline": "sales"}
    return lifecycle.open_alert(Problem(**{**given, **about, **fields}), cause=factories.make_event())


def test_a_report_opens_one_alert_that_its_owners_are_told_of(dataset):
    alert = people.report(dataset, " The sums are wrong. ", actor="user:eve")
    assert (alert.rule, alert.title, alert.what) == (
        "reported",
        "eve reports a problem with mart.x",
        "The sums are wrong.",
    )
    assert told(alert) == ["opened"]
    assert people.report(dataset, "Still.", actor="user:ana").pk == alert.pk
    assert Event.objects.filter(kind="problem.reported").count() == 2


def test_a_report_of_what_is_known_stands_under_its_alert_and_counts_as_found_first(dataset):
    alert = noticed(dataset)
    assert people.report(dataset, "Where is it?", actor="user:eve") == alert
    assert "reported by a person, too: Where is it?" in alert.entries.last().text
    assert looping.figures(looping.told(Alert.objects.all(), timezone.now() - timedelta(days=1))).found_share == 1


def test_what_a_person_reported_and_closed_is_another_alert_when_it_is_reported_again(dataset):
    first = people.report(dataset, "Odd.", actor="user:eve")
    lifecycle.end(first, because="mended", actor="user:ana")
    assert not Alert.objects.get(pk=first.pk).awaits_check
    assert people.report(dataset, "Odd.", actor="user:eve").pk != first.pk


@pytest.mark.parametrize("verb", [people.report, people.note])
def test_empty_words_are_refused(dataset, verb):
    about = dataset if verb is people.report else noticed(dataset)
    with pytest.raises(IllegalMove):
        verb(about, "  ", actor="user:eve")


def test_taking_it_and_saying_what_it_was_are_kept(dataset):
    alert = noticed(dataset)
    lifecycle.acknowledge(alert, actor="user:ana")
    first = alert.acknowledged_at
    lifecycle.snooze(alert, until=None, actor="user:ana")
    lifecycle.acknowledge(alert, actor="user:bob")
    people.judge(alert, "fine", actor="user:bob")
    people.note(alert, "A holiday.", actor="user:bob")
    alert.refresh_from_db()
    assert (alert.acknowledged_at, alert.verdict, alert.note) == (first, "fine", "A holiday.")
    assert alert.opened_at is not None
    kinds = ["alert.judged", "alert.noted"]
    assert list(Event.objects.filter(kind__in=kinds).order_by("id").values_list("kind", flat=True)) == kinds


def test_the_figures_cost_one_query_and_leave_out_the_platforms_own(dataset, django_assert_num_queries):
    noticed(dataset)
    own = Problem(rule="channel", subject="channel/1", title="x", what="x", severity="warn")
    lifecycle.open_alert(own, cause=factories.make_event())
    with django_assert_num_queries(1):
        assert len(looping.told(Alert.objects.all(), timezone.now() - timedelta(days=1))) == 1


def happened(dataset):
    run = factories.make_run(dataset.pipeline, state="failed")
    alert = noticed(dataset, run=run.pk)
    failed = factories.make_event(RunMoved(run=run.pk, pipeline="sales", period="", state="failed", because="x"))
    alert.entries.create(event=failed, text="it failed")
    factories.make_version(factories.make_step(run, dataset), rows=1200)
    people.note(alert, HOSTILE, actor="user:ana")
    lifecycle.end(alert, because="sent again", actor="user:ana")
    return alert, run


def test_a_post_mortem_tells_all_of_it(dataset):
    alert, run = happened(dataset)
    text = postmortem.write(alert, factories.make_user("ana", team=dataset.team))
    for words in (
        "# mart.x is late",
        "| Owner | ops |",
        "> It has not come.",
        "sent again",
        f"| {run.pk} | failed |",
        "| 1 | published | none | 1,200 |",
        "## What we learned",
        "sales 1",
    ):
        assert words in text


def test_a_post_mortem_holds_no_markup_of_others(dataset):
    alert, _ = happened(dataset)
    text = postmortem.write(alert, factories.make_user("ana", team=dataset.team))
    assert "<script>" not in text
    assert "\n# head" not in text
    assert "](javascript" not in text
    assert "\u202e" not in text


def test_who_sees_no_runs_reads_of_none(dataset):
    alert, run = happened(dataset)
    dataset.pipeline.restricted = True
    dataset.pipeline.save()
    text = postmortem.write(alert, factories.make_user("eve"))
    assert f"| {run.pk} | failed |" not in text
    assert "sales 1" not in text


def test_a_post_mortem_costs_the_same_however_long_it_was(dataset, django_assert_num_queries):
    alert, _ = happened(dataset)
    user = factories.make_user("ana", team=dataset.team)
    with django_assert_num_queries(QUERIES):
        postmortem.write(alert, user)
    for number in range(5):
        alert.entries.create(text=f"more {number}")
    with django_assert_num_queries(QUERIES):
        postmortem.write(alert, user)


QUERIES = 8
