"""What the tests of the watch share: one consumer, and real servers that receive messages."""

import pytest

from tests.monitoring.receivers import Mailbox, SlackReceiver


@pytest.fixture(autouse=True)
def _only_alerts_hear(settings):
    settings.EVENT_CONSUMERS = {"alerts": "monitoring_app.reactions.hear"}


@pytest.fixture
def mailbox(settings):
    """A mail server, which the settings name."""
    with Mailbox() as server:
        settings.MAIL_URL = server.url
        yield server


@pytest.fixture
def receiver(settings):
    """A receiver of outbound webhooks inside the house, which the settings allow."""
    with SlackReceiver() as server:
        settings.WEBHOOK_INSIDE = [server.url.partition("/services")[0]]
        yield server


@pytest.fixture
def slack(settings):
    """Something that answers as Slack does, at the one address that is allowed for trying."""
    with SlackReceiver() as server:
        settings.SLACK_TEST_URL = server.url
        yield server
