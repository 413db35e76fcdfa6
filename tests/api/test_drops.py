"""Drop folders through the API: what was found there, keys that are never shown, and what a message would give."""

import json

import pytest

from pipelines_app.models import DropSource
from tests import road
from tests.api.callers import refused
from tests.intake.dropped import BYTES, day, look, register

pytestmark = pytest.mark.django_db
CANARY = "a-canary-that-nobody-may-read"
MAPPED = """
pipeline: mapped
team: sales
sources:
  raw.readings:
    format: jsonl
    columns: {at: VARCHAR, value: INTEGER}
    period: day
    from: "readings_{period}.jsonl"
    payload: {period: /batch/day, records: /batch/rows, name: /file}
"""


@pytest.fixture
def bucket(ana, settings):
    settings.S3_ENDPOINTS = ["https://store.example.org"]
    road.register_yaml(
        MAPPED.replace("payload:", 'drop: {url: "s3://inbox", endpoint: "https://store.example.org"}\n    payload:')
    )


def test_what_was_found_at_a_drop_is_told(ana, tmp_path, settings):
    settings.DROP_ROOTS = [str(tmp_path)]
    register(f"file://{tmp_path}")
    (tmp_path / day(1)).write_bytes(BYTES)
    (tmp_path / "latest.csv").write_bytes(BYTES)
    look()
    [listed] = ana.get("/drops").json()["results"]
    assert (listed["dataset"], listed["state"], listed["has_keys"]) == ("raw.flights", "open", False)
    files = ana.get("/drops/raw.flights/files").json()["results"]
    assert [(one["name"].rpartition("_")[2], bool(one["arrival"]), bool(one["refused"])) for one in files] == [
        ("latest.csv", False, True),
        ("2026-05-01.csv", True, False),
    ]
    refused(ana.post("/drops/raw.flights/look"), 404, "not_found")  # another team's


def test_keys_are_given_and_never_shown(ana, vic, bucket):
    given = ana.put("/drops/raw.readings/keys", {"key": "AKIA", "secret": CANARY})
    assert given.status_code == 200
    assert given.json()["has_keys"]
    assert CANARY not in given.text
    assert CANARY not in json.dumps(DropSource.objects.values().get(), default=str)
    refused(ana.put("/drops/raw.readings/keys", {"key": "AKIA", "secret": ""}), 409, "illegal_move")
    refused(vic.put("/drops/raw.readings/keys", {"key": "", "secret": ""}), 403, "not_allowed")
    assert not ana.put("/drops/raw.readings/keys", {"key": "", "secret": ""}).json()["has_keys"]


@pytest.mark.parametrize(
    ("message", "period", "name", "records"),
    [
        ({"batch": {"day": "2026-05-04", "rows": [{"at": "x"}]}, "file": "a.jsonl"}, "2026-05-04", "a.jsonl", 1),
        ({"batch": {"day": "2026-05-04T23:30:00+02:00", "rows": []}, "file": "a"}, "2026-05-04", "a", 0),
        ({"batch": {"day": 20260504, "rows": {"at": "x"}}, "file": "a"}, "2026-05-04", "a", 1),
    ],
)
def test_a_message_is_previewed_by_the_declared_pointers(ana, message, period, name, records):
    road.register_yaml(MAPPED)
    seen = ana.post("/datasets/raw.readings/preview", {"body": json.dumps(message)}).json()
    assert (seen["period"], seen["name"], seen["records"], seen["refused"]) == (period, name, records, "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "The body is not JSON"),
        ("[]", "There is nothing at /batch/day"),
        ('{"batch": {"day": true}}', "cannot be the period"),
        ('{"batch": {"day": "soon"}}', "is no day of raw.readings"),
        ('{"batch": {"day": "2026-05-04"}}', "There is nothing at /batch/rows"),
        ('{"batch": {"day": "2026-05-04", "rows": [1]}, "file": "a"}', "Every record has to be a JSON object"),
        ('{"batch": {"day": "2026-05-04", "day": "2026-05-05"}}', "is there twice"),
        ("[" * 5000, "nested"),
    ],
)
def test_a_message_that_would_be_refused_is_previewed_with_the_reason(ana, body, said):
    road.register_yaml(MAPPED)
    seen = ana.post("/datasets/raw.readings/preview", {"body": body}).json()
    assert said in seen["refused"] or said in seen["todo"]
    assert seen["period"] == ""


def test_the_name_of_a_file_is_previewed(ana):
    road.register_yaml(MAPPED)
    assert ana.post("/datasets/raw.readings/preview", {"name": "readings_20260504.jsonl"}).json()["period"] == (
        "2026-05-04"
    )
    assert "gives no day" in ana.post("/datasets/raw.readings/preview", {"name": "x.jsonl"}).json()["refused"]
