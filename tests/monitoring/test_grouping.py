"""One alert per problem: what follows from another one is told with that one, and stands when that one is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.alerts import lifecycle, settling
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, Notification
from pipelines_app.models import Link, Team
from tests import factories
from tests.monitoring.telling import told

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    """raw.a and raw.b, of which mart.c is made, of which mart.d is; all of the team ops."""
    pipeline = factories.make_pipeline("sales", team=factories.make_team("ops", email="ops@example.com"))
    names = ("raw.a", "raw.b", "mart.c", "mart.d")
    found = {name: factories.make_dataset(name, pipeline=pipeline) for name in names}
    for source, target in (("raw.a", "mart.c"), ("raw.b", "mart.c"), ("mart.c", "mart.d")):
        link(found[source], found[target], pipeline)
    return found


def link(source, target, pipeline):
    Link.objects.create(revision=pipeline.current, source=source, target=target, by_value=True)


def report(dataset, rule="check:sum", severity="warn", **fields):
    about = {
        "rule": rule,
        "subject": dataset.name,
        "title": f"{dataset.name} {rule}",
        "what": "…",
        "team": dataset.team,
    }
    problem = Problem(**about, severity=severity, dataset=dataset, pipeline="sales", **fields)
    alert = lifecycle.open_alert(problem, cause=factories.make_event())
    alert.refresh_from_db()
    return alert


def settle(minutes=0):
    settling.settle(timezone.now() + timedelta(minutes=minutes))


def standing():
    return list(Alert.objects.unresolved().standing().order_by("pk").values_list("subject", flat=True))


def test_what_follows_from_an_open_alert_is_listed_there_and_told_to_nobody(made):
    root = report(made["raw.a"], "quarantine", "critical")
    follows = report(made["mart.d"])
    assert (follows.root, standing()) == (root, ["raw.a"])
    assert (told(root), told(follows)) == (["opened"], [])
    assert follows.cause == f"alert {root.pk}: raw.a quarantine"
    assert [entry.text for entry in root.entries.all()][-1] == "mart.d check:sum follows from it"


def test_a_root_that_is_noticed_later_takes_what_follows_from_it(made):
    for name in ("mart.d", "mart.c"):
        report(made[name])
    root = report(made["raw.b"], "late", "critical")
    settle()
    assert standing() == ["raw.b"]
    assert set(root.affected.values_list("subject", flat=True)) == {"mart.c", "mart.d"}
    assert set(Notification.objects.exclude(alert=root).values_list("state", flat=True)) == {"folded"}


def test_what_is_wrong_elsewhere_or_on_another_day_stands_by_itself(made):
    report(made["raw.a"], "quarantine", "critical", period="2026-02-01")
    report(made["mart.d"], period="2026-02-02")
    report(factories.make_dataset("mart.z", team=made["raw.a"].team))
    settle()
    assert standing() == ["raw.a", "mart.d", "mart.z"]


def test_what_is_still_wrong_when_its_root_is_over_stands_by_itself_after_a_while(made):
    root, follows = report(made["raw.a"], "quarantine", "critical"), report(made["mart.d"])
    lifecycle.resolve("quarantine", "raw.a", because="good data came", cause=factories.make_event())
    settle(minutes=1)
    assert standing() == []
    settle(minutes=6)
    follows.refresh_from_db()
    assert (standing(), told(follows), follows.root) == (["mart.d"], ["opened"], None)
    assert told(root) == ["opened", "resolved"]


def test_what_is_mended_with_its_root_says_nothing_of_its_own(made):
    report(made["raw.a"], "quarantine", "critical")
    follows = report(made["mart.d"])
    for rule, name in (("check:sum", "mart.d"), ("quarantine", "raw.a")):
        lifecycle.resolve(rule, name, because="it is good", cause=factories.make_event())
    settle(minutes=6)
    assert (standing(), told(follows)) == ([], [])


def test_a_root_takes_the_severity_of_the_worst_that_follows_from_it(made):
    root = report(made["raw.a"])
    report(made["mart.d"], "quarantine", "critical")
    settle()
    root.refresh_from_db()
    assert (root.severity, told(root)) == ("critical", ["opened", "worse"])


def test_two_that_a_changed_step_led_to_are_one_alert(made):
    pipeline = made["mart.c"].pipeline
    for recipe in ("old", "new"):
        revision = factories.make_revision(pipeline)
        revision.compiled = {
            "steps": [{"dataset": "mart.c", "recipe": recipe}, {"dataset": "mart.d", "recipe": "same"}]
        }
        revision.save()
    first, second = report(made["mart.c"]), report(made["mart.d"], "check:max")
    assert first.cause == "mart.c was changed by revision 3 of sales"
    assert (second.root, standing()) == (first, ["mart.c"])


def test_another_teams_people_hear_once_of_the_root_that_hits_their_data(made):
    other = factories.make_team("shop", email="shop@example.com")
    theirs = factories.make_dataset("mart.theirs", team=other)
    link(made["mart.d"], theirs, made["mart.d"].pipeline)
    root = report(made["raw.a"], "quarantine", "critical")
    for rule in ("check:sum", "check:max"):
        report(theirs, rule)
    lifecycle.resolve("quarantine", "raw.a", because="good data came", cause=factories.make_event())
    heard = root.notifications.filter(channel__address="shop@example.com")
    assert list(heard.order_by("pk").values_list("about", flat=True)) == ["opened", "resolved"]


def test_a_root_that_its_team_keeps_to_itself_is_named_to_nobody_else(made):
    made["raw.a"].restricted = True
    made["raw.a"].save()
    theirs = factories.make_dataset("mart.theirs", team=Team.objects.create(name="shop"))
    link(made["mart.d"], theirs, made["mart.d"].pipeline)
    report(made["raw.a"], "quarantine", "critical")
    follows = report(theirs)
    assert (follows.root, follows.cause) == (None, "something that its owner keeps to itself is wrong upstream")


def test_a_root_that_follows_from_another_hands_on_what_follows_from_it(made):
    middle, last = report(made["mart.c"], "quarantine", "critical"), report(made["mart.d"])
    first = report(made["raw.a"], "late", "critical")
    settle()
    for one in (middle, last):
        one.refresh_from_db()
    assert (middle.root, last.root) == (first, first)


def test_the_sweep_finds_nothing_to_do_once_all_have_their_places(made):
    report(made["raw.a"], "quarantine", "critical")
    report(made["mart.d"])
    settle()
    assert settling.settle(timezone.now()) == 0
    assert not settling.ungrouped().exists()
