"""A version's page."""

import pytest

from pipelines_app.models import Dataset, DatasetVersion
from tests import road
from tests.web.know.conftest import DAY


@pytest.fixture
def held(published):
    """A version that was kept back: two of three rows do not fit."""
    road.send("raw.orders", b"id,shop,amount\nx,a,1\ny,b,2\n3,c,3\n", name="orders_2013-01-06.csv")
    road.drain()
    return DatasetVersion.objects.get(state="quarantined")


def test_a_version_says_what_it_holds_and_what_it_was_made_from(published, vic):
    version = DatasetVersion.objects.get(dataset__name="mart.shops")
    shown = vic.get(f"/versions/{version.pk}").content.decode()
    assert "mart.shops, version 1" in shown
    assert "raw.orders v1" in shown
    assert "shop is different in every row" in shown


def test_a_version_that_was_kept_back_says_why_and_shows_the_rows_and_the_way_out(held, ana):
    shown = ana.get(f"/versions/{held.pk}").content.decode()
    assert "Why it was kept back:" in shown
    assert "&#x27;x&#x27; is not a whole number" in shown
    assert "Replay it" in shown
    part = ana.get(f"/versions/{held.pk}?part=preview", headers={"HX-Request": "true"}).content.decode()
    assert ">c<" in part
    assert "<html" in ana.get(f"/versions/{held.pk}?part=preview").content.decode()


def test_who_only_reads_sees_no_button_that_would_be_refused(held, vic):
    shown = vic.get(f"/versions/{held.pk}").content.decode()
    assert "Replay it" not in shown
    assert "Rows in quarantine are shown to those who may edit" in shown
    assert vic.get(f"/versions/{held.pk}?part=preview").status_code == 404


def test_rows_that_fail_a_check_are_shown(orders, vic):
    road.send("raw.orders", b"id,shop,amount\n1,north,2000\n", name="orders_2013-01-05.csv")
    road.drain()
    version = DatasetVersion.objects.get(dataset__name="mart.shops")
    shown = vic.get(f"/versions/{version.pk}").content.decode()
    assert "1 failing row" in shown
    assert "2000" in shown


def test_restricted_readers_and_inputs_stay_unnamed(published, bonuses, vic, oto):
    road.send("raw.orders", DAY + b"4,east,1\n", name="orders_2013-01-05.csv")
    road.drain()
    version = DatasetVersion.objects.filter(dataset__name="mart.shops").latest("pk")
    assert "mart.bonuses" not in vic.get(f"/versions/{version.pk}").content.decode()
    assert "mart.bonuses" in oto.get(f"/versions/{version.pk}").content.decode()
    own = DatasetVersion.objects.filter(dataset=bonuses).latest("pk")
    assert vic.get(f"/versions/{own.pk}").status_code == 404
    Dataset.objects.filter(name="mart.shops").update(restricted=True)
    shown = oto.get(f"/versions/{own.pk}").content.decode()
    assert "mart.shops" not in shown
    assert "restricted" in shown


def test_a_version_costs_a_fixed_number_of_queries(held, ana, django_assert_num_queries):
    ana.get(f"/versions/{held.pk}")
    with django_assert_num_queries(12):
        ana.get(f"/versions/{held.pk}")
