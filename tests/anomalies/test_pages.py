"""What is unusual as people see it: a list, a page with its course, parts of other pages, labels and sensitivity."""

import pytest
from django.test import Client

from monitoring_app.models import Alert, Anomaly, Sensitivity
from pipelines_app.models import Role
from tests import factories
from tests.anomalies import past

FRAGMENT = {"HX-Request": "true"}
NASTY = "<script>alert(1)</script>" + "\u202e" + "x" * 150


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def vic(flights):
    return signed_in(factories.make_user("vic", team=flights.team))


@pytest.fixture
def ana(flights):
    return signed_in(factories.make_user("ana", team=flights.team, role=Role.EDITOR))


@pytest.fixture
def odd(flights):
    past.next_day(flights, 12, nulls=0.48)
    return Anomaly.objects.get(metric="null_share")


def shown(client, address, status=200, **more) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_list_is_narrowed_paged_and_downloaded(odd, vic, django_assert_num_queries):
    page = shown(vic, "/anomalies/")
    assert odd.words in page
    with django_assert_num_queries(4):
        vic.get("/anomalies/")
    assert odd.words in shown(vic, "/anomalies/?dataset=flights&state=open&label=none")
    nothing = shown(vic, "/anomalies/?label=bad")
    assert odd.words not in nothing
    assert "No anomaly fits" in nothing
    csv = b"".join(vic.get("/anomalies/?format=csv")).decode()
    assert csv.splitlines()[0].startswith("anomaly,dataset,period,column,metric")
    assert "raw.flights,2013-01-13,delay,null_share" in csv
    assert "No anomaly fits" in shown(vic, f"/anomalies/?dataset=flights&before={odd.pk}")


def test_an_empty_list_says_so(vic):
    assert "Nothing was unusual yet" in shown(vic, "/anomalies/")


def test_one_of_them_shows_its_course_and_its_bounds(odd, vic, ana, django_assert_num_queries):
    page = shown(vic, f"/anomalies/{odd.pk}/")
    assert "12 before: 0.02 to 0.024; expected between 0.0" in page
    assert page.count('r="2.5"') == 12
    assert 'class="band"' in page
    assert "style=" not in page
    assert "This was fine" not in page
    with django_assert_num_queries(9):
        vic.get(f"/anomalies/{odd.pk}/")
    assert "This was fine" in shown(ana, f"/anomalies/{odd.pk}/")


def test_a_label_is_given_by_a_plain_form_and_its_effect_is_shown(odd, vic, ana):
    address = f"/anomalies/{odd.pk}/label"
    assert vic.post(address, {"label": "fine"}).status_code == 404
    answer = ana.post(address, {"label": "fine", "note": NASTY}, follow=True).content.decode()
    assert "Noted: it was fine. The bound for share of NULLs in delay is now 0.5" in answer
    assert "<script>alert" not in answer
    assert "Was fine, said ana" in answer
    assert "no label" in ana.post(address, {"label": "great"}, follow=True).content.decode()


def test_the_alert_lists_what_surprised_and_takes_one_label_for_all(odd, vic, ana):
    alert = Alert.objects.get(rule="unusual")
    assert f'hx-get="/alerts/{alert.pk}/unusual"' in shown(vic, f"/alerts/{alert.pk}/")
    part = shown(ana, f"/alerts/{alert.pk}/unusual", headers=FRAGMENT)
    assert odd.words in part
    assert "This was bad" in part
    assert "<html" not in part
    assert "<html" in shown(vic, f"/alerts/{alert.pk}/unusual")
    ana.post(f"/alerts/{alert.pk}/label", {"label": "bad"})
    assert set(Anomaly.objects.values_list("label", flat=True)) == {"bad"}


def test_a_dataset_shows_what_was_unusual_and_takes_a_sensitivity(odd, vic, ana, django_assert_num_queries):
    part = shown(ana, "/datasets/raw.flights/unusual", headers=FRAGMENT)
    assert odd.words in part
    assert '<option value="1" selected>As usual</option>' in part
    assert "Save" not in shown(vic, "/datasets/raw.flights/unusual", headers=FRAGMENT)
    with django_assert_num_queries(7):
        vic.get("/datasets/raw.flights/unusual", headers=FRAGMENT)
    ana.post("/datasets/raw.flights/sensitivity", {"value": "0.5"})
    assert Sensitivity.objects.get().value == 0.5
    for wrong in ("9", "-1", "nan", "much"):
        answer = ana.post("/datasets/raw.flights/sensitivity", {"value": wrong}, follow=True).content.decode()
        assert "How easily it surprises: " in answer
    assert Sensitivity.objects.get().value == 0.5
    assert vic.post("/datasets/raw.flights/sensitivity", {"value": "2"}).status_code == 404


def test_what_is_still_learned_says_how_much_is_missing(db):
    dataset = past.table("mart.young")
    past.days(dataset, 1)
    client = signed_in(factories.make_user(team=dataset.team))
    assert "Learning: 1 of 3 batches" in shown(client, "/datasets/mart.young/unusual")


def test_what_is_kept_back_is_for_those_who_may_edit(flights, vic, ana):
    past.next_day(flights, 12, nulls=0.6, state="quarantined")
    held = Anomaly.objects.get(metric="null_share")
    shown(vic, f"/anomalies/{held.pk}/", 404)
    assert held.words not in shown(vic, "/anomalies/")
    assert held.words in shown(ana, "/anomalies/")


def test_hostile_names_are_text(flights, vic):
    past.next_day(flights, 12, names=(NASTY, "carrier"))
    page = shown(vic, "/anomalies/")
    assert "<script>alert" not in page
    for one in Anomaly.objects.all():
        assert "<script>alert" not in shown(vic, f"/anomalies/{one.pk}/")
