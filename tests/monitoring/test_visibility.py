"""Who sees which alert."""

import pytest
from django.contrib.auth.models import AnonymousUser

from monitoring_app.alerts import lifecycle
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Alert, Channel
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return factories.make_team("ops")


def report(**fields):
    problem = Problem(rule="late", subject="x", title="x", what="x", severity="warn", **fields)
    return lifecycle.open_alert(problem, cause=factories.make_event())


def people(team):
    return {
        "anonymous": AnonymousUser(),
        "stranger": factories.make_user(team=factories.make_team(), role="admin"),
        "viewer": factories.make_user(team=team),
        "editor": factories.make_user(team=team, role="editor"),
        "superuser": factories.make_user(superuser=True),
    }


def those_who(may, team):
    return {name for name, user in people(team).items() if may(user).exists()}


MEMBERS = {"viewer", "editor", "superuser"}
EVERYBODY = MEMBERS | {"stranger"}


@pytest.mark.parametrize(("restricted", "seen_by"), [(False, EVERYBODY), (True, MEMBERS)])
def test_an_alert_of_a_dataset_is_seen_by_those_who_see_the_dataset(team, restricted, seen_by):
    report(team=team, dataset=factories.make_dataset(team=team, restricted=restricted))
    assert those_who(Alert.objects.visible_to, team) == seen_by
    assert those_who(Alert.objects.operable_by, team) == {"editor", "superuser"}


@pytest.mark.parametrize(("restricted", "seen_by"), [(False, EVERYBODY), (True, MEMBERS)])
def test_an_alert_of_a_pipeline_is_seen_by_those_who_see_the_pipeline(team, restricted, seen_by):
    report(team=team, pipeline=factories.make_pipeline(team=team, restricted=restricted).name)
    assert those_who(Alert.objects.visible_to, team) == seen_by


def test_an_alert_of_a_team_is_seen_by_the_team(team):
    report(team=team)
    assert those_who(Alert.objects.visible_to, team) == MEMBERS


def test_the_platforms_own_alerts_are_seen_by_superusers(team):
    report()
    assert those_who(Alert.objects.visible_to, team) == {"superuser"}


def test_channels_are_seen_by_the_team_and_changed_by_its_admins(team):
    Channel.objects.create(team=team, kind="email", name="ops", address="ops@example.com")
    factories.make_user("boss", team=team, role="admin")
    assert those_who(Channel.objects.visible_to, team) == MEMBERS
    assert those_who(Channel.objects.operable_by, team) == {"superuser"}
    assert Channel.objects.operable_by(team.members.get(username="boss")).exists()


@pytest.mark.parametrize(("restricted", "named"), [(False, False), (True, True)])
def test_an_alert_that_more_people_see_than_a_restricted_dataset_does_not_name_it(team, restricted, named):
    factories.make_dataset("raw.hush", team=team, restricted=True)
    about = factories.make_dataset("mart.shops", team=team, restricted=restricted)
    problem = Problem(
        rule="at_risk",
        subject="mart.shops",
        title="mart.shops waits for raw.hush",
        what="raw.hush has not come.",
        todo="Ask for raw.hush.",
        severity="warn",
        team=team,
        dataset=about,
    )
    alert = lifecycle.open_alert(problem, cause=factories.make_event())
    said = (alert.title, alert.what, alert.todo)
    assert ["raw.hush" in text for text in said] == [named] * 3
    assert named or alert.title == "mart.shops waits for something restricted"
