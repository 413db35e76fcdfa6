"""Files dropped into a bucket: a real S3 server, spoken to over HTTP."""

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pipelines_app.errors import DefinitionInvalid
from pipelines_app.intake import keys, places
from pipelines_app.models import Arrival, DropSource, DropTaken
from tests import road
from tests.intake.dropped import BYTES, day, look, register

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "a-canary-that-nobody-may-read"


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(server, settings):
    settings.S3_ENDPOINTS = [server]
    store = boto3.resource(
        "s3", endpoint_url=server, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
    )
    bucket = store.Bucket("arrivals")
    bucket.create()
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


def dropped(server, **more):
    source = register("s3://arrivals/in", endpoint=server, **more)
    keys.give(source, key=KEY, secret=SECRET)
    return source


def test_an_object_is_taken_in_and_moved_below_its_prefix(bucket, server) -> None:
    dropped(server, pattern="flights_*.csv")
    bucket.put_object(Key=f"in/{day(1)}", Body=BYTES)
    bucket.put_object(Key=f"in/deeper/{day(2)}", Body=BYTES)
    bucket.put_object(Key=f"elsewhere/{day(3)}", Body=BYTES)
    source = look()
    arrival = Arrival.objects.get()
    assert (arrival.name, arrival.period, arrival.bytes) == (day(1), "2026-05-01", len(BYTES))
    assert road.receiving.lake.path(arrival.path).read_bytes() == BYTES
    there = sorted(entry.key for entry in bucket.objects.all())
    assert there == [f"elsewhere/{day(3)}", f"in/deeper/{day(2)}", f"in/taken/{arrival.pk}_{day(1)}"]
    assert (source.state, source.error) == ("open", "")
    look(10)
    assert Arrival.objects.count() == 1


def test_an_object_that_is_remembered_stays_and_its_next_content_is_another_arrival(bucket, server) -> None:
    dropped(server, taken="remember", whole="done")
    bucket.put_object(Key=f"in/{day(1)}", Body=BYTES)
    assert look().unfinished == 1
    bucket.put_object(Key=f"in/{day(1)}.done", Body=b"")
    look(10)
    look(20)
    assert Arrival.objects.count() == 1
    bucket.put_object(Key=f"in/{day(1)}", Body=BYTES + b"LX,13\n")
    look(30)
    assert Arrival.objects.count() == DropTaken.objects.count() == 2


def test_more_objects_than_a_page_of_the_store_are_all_seen(bucket, server, monkeypatch) -> None:
    monkeypatch.setattr(places, "PAGE", 3)
    dropped(server, whole="stable", stable_seconds=10)
    for number in range(10):
        bucket.put_object(Key=f"in/f_{number:04}.csv", Body=BYTES)
    assert look().unfinished == 10


@pytest.mark.parametrize("url", ["s3://arrivals-of-nobody/in", "s3://arrivals/in"])
def test_a_store_that_cannot_be_read_is_said(bucket, server, url, settings) -> None:
    source = register(url, endpoint=server)
    if url == "s3://arrivals/in":
        settings.S3_ENDPOINTS = ["http://127.0.0.1:9"]
        DropSource.objects.update(endpoint="http://127.0.0.1:9")
    source = look()
    assert source.state == "failing"
    assert source.error
    assert SECRET not in source.error


def test_a_store_that_is_not_allowed_is_never_asked(bucket, server, settings) -> None:
    dropped(server)
    bucket.put_object(Key=f"in/{day(1)}", Body=BYTES)
    settings.S3_ENDPOINTS = []
    assert "is no object store that may be used here" in look().error
    assert not Arrival.objects.exists()
    with pytest.raises(DefinitionInvalid, match="no object store"):
        register("s3://arrivals/in", endpoint="http://169.254.169.254")


def test_a_secret_goes_nowhere_but_where_it_was_given_for(bucket, server, settings) -> None:
    source = dropped(server)
    sealed = DropSource.objects.get(pk=source.pk).credentials
    assert sealed
    assert SECRET not in sealed
    register("s3://arrivals/other", endpoint=server)
    assert DropSource.objects.get().credentials == sealed
    settings.S3_ENDPOINTS.append("https://evil.example.org")
    register("s3://arrivals/other", endpoint="https://evil.example.org")
    assert DropSource.objects.get().credentials == ""
