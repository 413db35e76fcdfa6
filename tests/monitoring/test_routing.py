"""Who is told: everybody who should be, nobody else, and never nobody."""

import pytest

from monitoring_app.alerts import lifecycle, routing
from monitoring_app.alerts.lifecycle import Problem
from monitoring_app.models import Channel
from pipelines_app import vault
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return factories.make_team("ops")


def email(team, address, **fields):
    return Channel.objects.create(team=team, kind="email", name=address, address=address, **fields)


def slack(team):
    return Channel.objects.create(team=team, kind="slack", name="#ops", secret=vault.seal("https://hooks.slack.com/x"))


def heard_by(team, alerts=None):
    """The channels that hear of an alert of a pipeline of the team, by name."""
    pipeline = factories.make_pipeline(team=team, document={"alerts": alerts} if alerts else {})
    about = {"rule": "r", "subject": pipeline.name, "title": "t", "what": "w", "severity": "warn"}
    problem = Problem(**about, team=team, pipeline=pipeline.name)
    alert = lifecycle.open_alert(problem, cause=factories.make_event())
    return {notification.channel.name for notification in alert.notifications.all()}


def test_every_enabled_channel_of_the_team_hears(team):
    email(team, "a@example.com")
    email(team, "off@example.com", enabled=False)
    email(factories.make_team(), "other@example.com")
    slack(team)
    assert heard_by(team) == {"a@example.com", "#ops"}


def test_the_teams_own_address_hears_by_default():
    assert heard_by(factories.make_team(email="team@example.com")) == {"team@example.com"}


def test_an_address_that_a_pipeline_names_hears_of_that_pipeline_only(team):
    email(team, "a@example.com")
    assert heard_by(team, {"emails": ["ana@example.com"]}) == {"a@example.com", "ana@example.com"}
    assert heard_by(team) == {"a@example.com"}


def test_an_address_that_is_named_twice_hears_once(team):
    email(team, "a@example.com")
    assert heard_by(team, {"emails": ["a@example.com", "a@example.com"]}) == {"a@example.com"}
    assert Channel.objects.count() == 1


def test_a_pipeline_may_leave_slack_out(team):
    email(team, "a@example.com")
    slack(team)
    assert heard_by(team, {"slack": False}) == {"a@example.com"}


def test_a_team_without_channels_reads_its_messages_in_the_console(team):
    assert heard_by(team) == {"Console"}
    assert heard_by(team) == {"Console"}
    assert Channel.objects.filter(team=team).count() == 1


def test_an_address_that_was_switched_off_stays_off_though_a_pipeline_names_it(team):
    email(team, "ana@example.com", enabled=False, is_declared=True)
    assert heard_by(team, {"emails": ["ana@example.com"]}) == {"Console"}


def test_the_platforms_console_is_made_once():
    assert routing.console_of(None) == routing.console_of(None)
