"""What the tests of expectations share."""

import pytest

from tests.expectations import days


@pytest.fixture
def sales(db):
    """A dataset of a day's sales without any history."""
    return days.make()


@pytest.fixture
def known(sales):
    """The same after eight usual days, looked at."""
    days.history(sales)
    days.look(sales)
    return sales
