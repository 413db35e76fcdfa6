"""Bringing a file by the form: what is kept, what is said, and what leaves no trace."""

import gc
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from pipelines_app import lake
from pipelines_app.models import Arrival, ArrivalState
from tests.web.know.conftest import DAY, taken

NAME = "orders_2013-01-06.csv"


def send(client, body=DAY, name=NAME, **fields):
    return client.post("/upload", {"dataset": "raw.orders", **fields, "file": SimpleUploadedFile(name, body)})


@pytest.fixture
def lake_root(settings, tmp_path):
    """A lake of the test's own, so that what is left in it can be counted."""
    settings.LAKE_ROOT = tmp_path
    return tmp_path


def left(root: Path):
    gc.collect()
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_file_is_taken_in_by_its_name_and_the_person_is_shown_its_arrival(orders, ana, lake_root):
    answer = send(ana)
    arrival = Arrival.objects.get()
    assert answer["Location"] == f"/arrivals/{arrival.pk}"
    assert (arrival.period, arrival.name, arrival.sender, arrival.door) == ("2013-01-06", NAME, "user:ana", "form")
    assert lake.path(arrival.path).read_bytes() == DAY
    assert "starts by itself" in ana.get(answer["Location"]).content.decode()


def test_a_period_can_be_given_where_the_name_says_none(orders, ana, lake_root):
    send(ana, name="whatever.csv", period="2013-01-07")
    assert Arrival.objects.get().period == "2013-01-07"


def test_a_name_without_a_period_is_explained_and_nothing_is_kept(orders, ana, lake_root):
    answer = send(ana, name="whatever.csv")
    assert answer.status_code == 422
    assert "Give the period as 2013-02-08 or a file name such as orders_{period}.csv" in answer.content.decode()
    assert (Arrival.objects.count(), left(lake_root)) == (0, [])


def test_the_same_file_twice_is_told_and_starts_nothing(orders, ana, lake_root):
    send(ana)
    answer = send(ana)
    assert "came before with the same content" in ana.get(answer["Location"]).content.decode()
    assert sorted(Arrival.objects.values_list("state", flat=True)) == [ArrivalState.DUPLICATE, ArrivalState.PENDING]


def test_no_file_is_a_problem_of_its_field(orders, ana):
    answer = ana.post("/upload", {"dataset": "raw.orders"})
    assert answer.status_code == 422
    assert "Choose a file." in answer.content.decode()


def test_too_large_a_file_is_refused_and_leaves_nothing(orders, ana, lake_root, settings):
    settings.UPLOAD_MAX_BYTES = 10
    answer = send(ana)
    assert answer.status_code == 413
    assert "More than 10 bytes came in." in answer.content.decode()
    assert (Arrival.objects.count(), left(lake_root)) == (0, [])


@pytest.mark.parametrize("person", ["vic", "oto"])
def test_who_may_not_edit_the_dataset_brings_nothing(orders, lake_root, request, person):
    assert send(request.getfixturevalue(person)).status_code == 404
    assert (Arrival.objects.count(), left(lake_root)) == (0, [])


def test_nobody_in_particular_writes_nothing_into_the_lake(orders, lake_root):
    assert send(Client())["Location"].startswith("/sign-in")
    assert left(lake_root) == []


def test_a_form_without_its_token_leaves_nothing(orders, ana, lake_root):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana.user)
    assert send(strict).status_code == 403
    assert (Arrival.objects.count(), left(lake_root)) == (0, [])


def test_a_file_sent_to_a_page_that_takes_none_leaves_nothing(orders, ana, lake_root):
    ana.post("/profile", {"zone": "UTC", "file": SimpleUploadedFile(NAME, DAY)})
    assert left(lake_root) == []


def test_a_body_that_breaks_off_leaves_nothing(orders, ana, lake_root):
    whole = encode_multipart(BOUNDARY, {"dataset": "raw.orders", "file": SimpleUploadedFile(NAME, DAY * 1000)})
    answer = ana.generic("POST", "/upload", whole[: len(whole) // 2], MULTIPART_CONTENT)
    assert answer.status_code == 422
    assert (Arrival.objects.count(), left(lake_root)) == (0, [])


def test_what_a_file_will_set_off_is_said_before_it_is_sent(published, bonuses, ana):
    page = ana.get("/upload", {"dataset": "raw.orders"}).content.decode()
    assert "The file replaces the rows of its day in raw.orders" in page
    effect = ana.get(
        "/upload", {"dataset": "raw.orders", "name": "orders_2013-01-05.csv"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in effect
    assert "5 January 2013" in effect
    assert "is there already and will be replaced" in effect
    assert "mart.shops" in effect
    assert "bonuses" not in effect  # a restricted pipeline is not named


def test_a_name_that_does_not_fit_is_said_before_it_is_sent(orders, ana):
    effect = ana.get("/upload", {"dataset": "raw.orders", "name": "x.csv"}, headers={"HX-Request": "true"})
    assert "gives no day for raw.orders" in effect.content.decode()


def test_without_a_dataset_the_person_chooses_among_their_own(orders, ana, oto):
    assert "<option>raw.orders</option>" in ana.get("/upload").content.decode()
    assert "There is nothing you may upload to" in oto.get("/upload").content.decode()


def test_a_dataset_that_a_pipeline_makes_takes_no_files(orders, ana):
    assert ana.get("/upload", {"dataset": "mart.shops"}).status_code == 404


@pytest.mark.parametrize("name", ["‮exe.csv", "<script>alert(1)</script>.csv", "ü" * 120 + ".csv", "a\tb.csv"])
def test_odd_names_are_only_ever_text(orders, ana, lake_root, name):
    answer = send(ana, name=name, period="2013-01-08")
    assert answer.status_code == 302
    arrival = Arrival.objects.get()
    assert "<script>alert" not in ana.get(f"/arrivals/{arrival.pk}").content.decode()
    original = ana.get(f"/arrivals/{arrival.pk}/original")
    assert taken(original) == DAY
