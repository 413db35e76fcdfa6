"""What the tests of anomalies share: the alerts alone hear, and nothing is remembered from the test before."""

import pytest

from monitoring_app.anomalies import memory
from tests.anomalies import past


@pytest.fixture(autouse=True)
def _only_alerts_hear(settings):
    settings.EVENT_CONSUMERS = past.HEARD
    memory.forget()


@pytest.fixture
def flights(db):
    """Twelve usual days of a dataset."""
    dataset = past.table()
    past.days(dataset, 12)
    return dataset
