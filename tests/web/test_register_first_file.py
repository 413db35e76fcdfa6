"""The first file of a source with periods: its period is in its name, or is asked for where it is brought in."""

import pytest

from pipelines_app.models import Arrival, Draft, Pipeline
from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db

ONE_DAY = b"id,at,v\n1,2024-03-05 10:00:00,2\n2,2024-03-05 23:59:59,3\n"
TWO_DAYS = b"id,at,v\n1,2024-03-05 10:00:00,2\n2,2024-03-06 23:59:59,3\n"


def register(filling, without=(), **given):
    """The form that registers; that of the dry run stands on the page beside it."""
    return filling.send("review", button="bring", without=["dry", *without], **given)


def to_review(client, content=ONE_DAY, **begin):
    filling = begun(client, content=content, **begin)
    filling.send("look", **{"period": "day", "mode": "partition"})
    filling.send("steps")
    return filling


def test_a_name_without_a_period_has_it_asked_with_the_day_of_the_rows_proposed(client):
    editor(client)
    filling = to_review(client)
    page = filling.open("review")
    assert "The day of orders.csv" in words(page)
    assert fields_of(page)["first-0-period"] == "2024-03-05"
    assert register(filling)["Location"] == "/pipelines/orders/"
    assert Arrival.objects.get().period == "2024-03-05"


def test_rows_of_several_days_have_today_proposed(client, settings):
    editor(client)
    proposed = fields_of(to_review(client, TWO_DAYS).open("review"))["first-0-period"]
    assert proposed > "2024-03-06"
    assert len(proposed) == len("2024-03-06")


@pytest.mark.parametrize("given", ["", "yesterday", "2024-02-30", "<b>"])
def test_a_period_that_is_none_is_told_before_anything_is_registered(client, given):
    editor(client)
    filling = to_review(client)
    answer = register(filling, **{"first-0-period": given})
    assert answer.status_code == 422
    assert "The day of orders.csv: say which day it is, written as 2013-02-08" in words(answer)
    assert fields_of(answer)["first-0-period"] == given
    assert not Pipeline.objects.exists()
    assert Draft.objects.exists()


def test_who_does_not_bring_it_in_is_not_asked(client):
    editor(client)
    filling = to_review(client)
    answer = register(filling, without=["bring"], **{"first-0-period": ""})
    assert answer["Location"] == "/pipelines/orders/"
    assert not Arrival.objects.exists()


def test_a_name_with_a_period_is_not_asked(client):
    editor(client)
    filling = begun(client, name="orders_2024-03-05.csv", content=ONE_DAY)
    filling.send("look")
    filling.send("steps")
    page = filling.open("review")
    assert "first-0-period" not in fields_of(page)
    assert "orders_2024-03-05.csv is 5 March 2024 by its name." in words(page)
    register(filling)
    assert Arrival.objects.get().period == "2024-03-05"
