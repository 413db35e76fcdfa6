"""Anomalies through the API: the list, one with its series, labels, and how easily a dataset surprises."""

import pytest

from monitoring_app.models import Alert, Anomaly
from pipelines_app.models import Role
from tests import factories
from tests.anomalies import past
from tests.api.callers import Caller


@pytest.fixture
def ana(flights):
    return Caller(factories.make_user("ana", team=flights.team, role=Role.EDITOR))


@pytest.fixture
def vic(flights):
    return Caller(factories.make_user("vic", team=flights.team))


@pytest.fixture
def odd(flights):
    past.next_day(flights, 12, nulls=0.48)
    return Anomaly.objects.get(metric="null_share")


def test_the_list_is_narrowed_and_costs_the_same_however_long_it_is(odd, vic, django_assert_num_queries):
    with django_assert_num_queries(3):
        rows = vic.get("/anomalies").json()["results"]
    assert [(row["dataset"], row["metric"], row["label"], row["state"]) for row in rows] == [
        ("raw.flights", "null_share", "none", "open")
    ]
    assert "course" not in rows[0]
    for query, found in (("dataset=raw.flights&state=open,closed", 1), ("label=fine", 0), ("column=delay", 1)):
        assert len(vic.get(f"/anomalies?{query}").json()["results"]) == found
    assert vic.get("/anomalies?label=great").status_code == 422


def test_one_of_them_holds_the_series_that_it_was_judged_by(odd, vic):
    told = vic.get(f"/anomalies/{odd.pk}").json()
    assert (told["value"], told["period"]) == (0.48, past.day(12))
    assert 0 <= told["low"] < 0.02
    assert told["course"][0] == {"period": past.day(0), "value": 0.02}
    assert told["expected"] < told["high"] < told["value"]


def test_a_label_is_taken_from_who_may_edit_and_answers_with_its_effect(odd, vic, ana):
    assert vic.post(f"/anomalies/{odd.pk}/label", {"label": "fine"}).status_code == 403
    said = ana.post(f"/anomalies/{odd.pk}/label", {"label": "fine", "note": "a strike"}).json()
    assert (said["label"], said["note"], said["state"]) == ("fine", "a strike", "closed")
    assert said["effect"].startswith("The bound for share of NULLs in delay is now 0.5")
    assert ana.post(f"/anomalies/{odd.pk}/label", {"label": "great"}).status_code == 422


def test_an_alert_takes_a_label_for_all_that_it_tells(odd, ana, flights):
    alert = Alert.objects.get(rule="unusual")
    said = ana.post(f"/alerts/{alert.pk}/label", {"label": "bad"}).json()
    assert [one["label"] for one in said["anomalies"]] == ["bad"]
    Alert.objects.filter(pk=alert.pk).update(rule="late")
    assert ana.post(f"/alerts/{alert.pk}/label", {"label": "bad"}).status_code == 409


def test_every_batch_says_how_usual_it_was(odd, vic):
    rows = vic.get("/datasets/raw.flights/judgements").json()["results"]
    assert [row["period"] for row in rows[:2]] == [past.day(12), past.day(11)]
    assert rows[0]["score"] > 1 > rows[1]["score"]
    assert rows[0]["batches"] == 12
    assert len(vic.get("/datasets/raw.flights/judgements?unusual=true").json()["results"]) == 1


def test_how_easily_a_dataset_surprises_is_read_and_said(flights, vic, ana):
    assert vic.get("/datasets/raw.flights/sensitivity").json()["value"] == 1
    assert vic.put("/datasets/raw.flights/sensitivity", {"value": 2}).status_code == 403
    assert ana.put("/datasets/raw.flights/sensitivity", {"value": 2}).json()["value"] == 2
    for wrong in (-1, 6, "much", None):
        assert ana.put("/datasets/raw.flights/sensitivity", {"value": wrong}).status_code == 422
    assert vic.get("/datasets/raw.flights/sensitivity").json()["set_by"] == "token:ana/test"
