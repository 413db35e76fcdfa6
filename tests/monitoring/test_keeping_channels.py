"""Channels are added by people who never read their secrets again."""

import pytest

from monitoring_app.channels import keeping
from monitoring_app.channels.keeping import ChannelRefused
from monitoring_app.models import Channel
from pipelines_app import vault
from pipelines_app.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db
SLACK = "https://hooks.slack.com/services/T0/B0/very-secret"


def test_a_slack_webhook_is_kept_encrypted_and_its_adding_is_audited():
    team = factories.make_team()
    channel = keeping.add_slack(team, url=SLACK, name="#ops", actor="user:ana")
    assert "very-secret" not in str([*Channel.objects.values(), *AuditEntry.objects.values()])
    assert vault.open_sealed(channel.secret) == SLACK
    assert AuditEntry.objects.get().actor == "user:ana"


def test_an_address_that_is_not_slacks_is_refused_when_it_is_typed():
    with pytest.raises(ChannelRefused, match=r"hooks\.slack\.com"):
        keeping.add_slack(factories.make_team(), url="https://169.254.169.254/latest", name="x", actor="user:ana")


@pytest.mark.parametrize("address", ["", "ops", "a@example.com\nBcc: b@example.com", "a b@example.com"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ChannelRefused):
        keeping.add_email(factories.make_team(), address=address, actor="user:ana")


def test_an_address_that_a_pipeline_had_named_becomes_the_teams():
    team = factories.make_team()
    declared = Channel.objects.create(
        team=team, kind="email", name="a@example.com", address="a@example.com", is_declared=True, enabled=False
    )
    kept = keeping.add_email(team, address="a@example.com", actor="user:ana")
    assert (kept.pk, kept.is_declared, kept.enabled) == (declared.pk, False, True)


def test_a_channel_is_switched_off_and_that_is_audited():
    channel = keeping.add_email(factories.make_team(), address="a@example.com", actor="user:ana")
    keeping.switch(channel, enabled=False, actor="user:ben")
    channel.refresh_from_db()
    assert not channel.enabled
    assert AuditEntry.objects.get(action="channel.switched").change == {"before": True, "after": False}
