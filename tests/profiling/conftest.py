"""What the tests of profiles share."""

import pytest

from tests import road
from tests.profiling import shop


@pytest.fixture
def sales(db):
    """A pipeline of a day's sales and what they sum up to."""
    return road.register_yaml(shop.PIPELINE)
