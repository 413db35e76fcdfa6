"""Files through the API: taken in whole or not at all, and once per key."""

import base64
import hashlib
import subprocess
import threading

import pytest
from django.db import connection

from pipelines_app import lake
from pipelines_app.models import Arrival, Event, IdempotencyKey
from tests.api.callers import refused
from tests.api.conftest import DAY, QUERY

pytestmark = pytest.mark.django_db
SHA = hashlib.sha256(DAY).hexdigest()


def content_digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@pytest.fixture
def untouched(orders, kept):
    """Asserts at the end that a refused file left nothing: no bytes, no arrival, no event, no key."""
    before = kept()
    yield
    assert kept() == before
    assert not Arrival.objects.exists()
    assert not Event.objects.filter(kind__startswith="arrival").exists()
    assert not IdempotencyKey.objects.exists()


def test_a_file_is_taken_in_as_it_is(orders, ana):
    answer = ana.send("raw.orders", DAY, query=QUERY)
    assert answer.status_code == 201
    told = answer.json()
    arrival = Arrival.objects.get()
    assert told["id"] == arrival.pk
    assert (told["state"], told["sha256"], told["bytes"]) == ("pending", SHA, len(DAY))
    assert (told["period"], told["name"], told["sender"]) == ("2013-01-05", "orders_2013-01-05.csv", "token:ana/test")
    assert told["links"]["self"] == f"/api/v1/arrivals/{arrival.pk}"
    assert lake.path(arrival.path).read_bytes() == DAY
    assert ana.get(f"/arrivals/{arrival.pk}").json() == told
    assert ana.get("/datasets/raw.orders/arrivals").json()["results"] == [told]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Disposition": 'attachment; filename="orders_2013-01-05.csv"'},
        {"Content-Disposition": "attachment; filename*=UTF-8''orders_2013-01-05.csv"},
        {"Content-Disposition": r'attachment; filename="C:\files\orders_2013-01-05.csv"'},
    ],
)
def test_the_name_may_come_in_a_header(orders, ana, headers):
    assert ana.send("raw.orders", DAY, headers=headers).json()["name"] == "orders_2013-01-05.csv"


@pytest.mark.parametrize(
    ("given", "kept_as"),
    [
        ("../../etc/passwd", "passwd"),
        ("a%00b.csv", "ab.csv"),
        ("%E2%80%AEfdp.csv", "fdp.csv"),
        ("..%2f..%2fx.csv", "x.csv"),
        ("a" * 400, "a" * 300),
        ("<script>.csv", "<script>.csv"),
    ],
)
def test_a_name_is_only_ever_text(orders, ana, given, kept_as):
    told = ana.send("raw.orders", DAY, query=f"?period=2013-01-05&name={given}").json()
    assert told["name"] == kept_as


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Digest": content_digest(DAY)},
        {"Content-Digest": f"sha-512=:AAAA:, {content_digest(DAY)}"},
        {"X-Checksum-Sha256": SHA},
        {"X-Checksum-Sha256": SHA.upper(), "Content-Digest": content_digest(DAY)},
    ],
)
def test_a_checksum_that_fits_is_accepted(orders, ana, headers):
    assert ana.send("raw.orders", DAY, query=QUERY, headers=headers).status_code == 201


@pytest.mark.promise(16, faults="a wrong checksum")
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Digest": content_digest(b"other")}, "checksum_mismatch"),
        ({"X-Checksum-Sha256": "0" * 64}, "checksum_mismatch"),
        ({"X-Checksum-Sha256": "nonsense"}, "arrival_refused"),
        ({"Content-Digest": "sha-256=:AAAA:"}, "arrival_refused"),
        ({"Content-Digest": content_digest(DAY), "X-Checksum-Sha256": "0" * 64}, "arrival_refused"),
    ],
)
def test_a_wrong_checksum_leaves_nothing(ana, headers, code):
    refused(ana.send("raw.orders", DAY, query=QUERY, headers={**headers, "Idempotency-Key": "k"}), 422, code)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "query", ["?name=orders.csv", "?name=orders_2013-13-40.csv", f"{QUERY}&period=2013", "?period="]
)
def test_a_file_without_a_period_or_a_name_leaves_nothing(ana, query):
    refused(ana.send("raw.orders", DAY, query=query), 422, "arrival_refused")


@pytest.mark.usefixtures("untouched")
def test_a_file_for_a_dataset_that_is_made_leaves_nothing(ana):
    refused(ana.send("mart.shops", DAY, query=QUERY), 422, "arrival_refused")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_a_form_is_no_file(ana, kind):
    body = b'--x\r\nContent-Disposition: form-data; name="path"; filename="/etc/passwd"\r\n\r\nx\r\n--x--\r\n'
    answer = ana.send("raw.orders", body, query=QUERY, kind=kind)
    refused(answer, 415, "unsupported_media_type")
    assert "-H 'Content-Type: text/csv'" in answer.json()["todo"]


@pytest.mark.usefixtures("untouched")
def test_an_encoding_of_the_way_is_not_guessed_at(ana):
    answer = ana.send("raw.orders", DAY, query=QUERY, headers={"Content-Encoding": "gzip"})
    refused(answer, 415, "unsupported_media_type")


@pytest.mark.usefixtures("untouched")
def test_more_bytes_than_are_accepted_are_413(ana, settings):
    settings.UPLOAD_MAX_BYTES = 10
    refused(ana.send("raw.orders", DAY, query=QUERY), 413, "too_large")


@pytest.fixture
def small_disk(tmp_path, settings):
    """A lake on a disk of 64 KiB."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    settings.LAKE_ROOT = tmp_path
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_is_507_and_leaves_nothing(orders, ana, small_disk):
    answer = ana.send("raw.orders", DAY + b"4,west,1\n" * 20_000, query=QUERY)
    refused(answer, 507, "disk_full")
    assert answer.headers["Retry-After"] == "5"
    assert not [path for path in small_disk.rglob("*") if path.is_file()]
    assert not Arrival.objects.exists()
    assert ana.send("raw.orders", DAY, query=QUERY).status_code == 201


@pytest.mark.promise(5)
def test_the_same_key_again_gets_the_same_answer_and_keeps_no_second_file(orders, ana, kept):
    first = ana.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": "k1"})
    files = kept()
    again = ana.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert kept() == files
    assert Arrival.objects.count() == 1


@pytest.mark.promise(6, faults="another body under the key")
@pytest.mark.parametrize("other", [(DAY + b"4,x,1\n", QUERY), (DAY, QUERY + "&period=2013-01-06")])
def test_the_same_key_with_another_body_is_422_and_leaves_nothing(orders, ana, kept, other):
    body, query = other
    ana.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": "k1"})
    files = kept()
    answer = ana.send("raw.orders", body, query=query, headers={"Idempotency-Key": "k1"})
    refused(answer, 422, "idempotency_key_reused")
    assert kept() == files
    assert Arrival.objects.count() == 1


def test_one_persons_key_is_not_anothers(orders, ana, ada):
    assert ana.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": "k1"}).status_code == 201
    told = ada.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": "k1"})
    assert told.status_code == 201
    assert told.json()["state"] == "duplicate"


@pytest.mark.parametrize("key", ["k" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(orders, ana, key, kept):
    before = kept()
    refused(ana.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": key}), 422, "invalid")
    assert kept() == before


@pytest.mark.promise(5, faults="50 requests at once")
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_under_one_key_are_one_arrival(orders, ana, kept):
    before = set(kept())
    answers = []

    def send():
        try:
            answers.append(ana.send("raw.orders", DAY, query=QUERY, headers={"Idempotency-Key": "k1"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(set(kept()) - before) == 1
    assert Event.objects.filter(kind="arrival.accepted").count() == 1


def test_an_arrival_is_brought_in_again(published, ana):
    answer = ana.post(f"/arrivals/{published.pk}/replay")
    assert answer.status_code == 201
    assert answer.json()["replay_of"] == published.pk
    assert answer.json()["sender"] == "token:ana/test"


def test_arrivals_are_found_by_state_and_period(published, ana):
    assert len(ana.get("/datasets/raw.orders/arrivals", state="consumed", period="2013-01-05").json()["results"]) == 1
    assert ana.get("/datasets/raw.orders/arrivals", state="pending").json()["results"] == []
    refused(ana.get("/datasets/raw.orders/arrivals", state="gone"), 422, "invalid")
