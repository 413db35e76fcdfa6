"""The description of the API: complete, valid, and true."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver

from tests.api.callers import V1

pytestmark = pytest.mark.django_db
OPEN = {"definitions_schema"}  # for editors, which have no token


KEPT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def described():
    """The description as it is generated; generating it warns of nothing."""
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def paths(described):
    return described["paths"]


def routes():
    found = set()
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern) == "api/v1/" and hasattr(pattern, "url_patterns"):
            found |= {str(one.pattern) for one in pattern.url_patterns}
    return found


def test_the_description_that_is_kept_is_the_one_of_this_code(described):
    """So that whoever reviews a change sees what it does to those who call: `make openapi` writes it anew."""
    kept = json.loads(KEPT.read_text())
    gone = sorted(operations(kept) - operations(described))
    assert kept == described, f"the API has changed, run `make openapi`; operations that are gone: {gone or 'none'}"


def operations(description):
    return {one["operationId"] for methods in description["paths"].values() for one in methods.values()}


def test_every_address_is_described(paths):
    assert len(paths) == len(routes())


def test_every_operation_has_a_name_a_tag_and_says_how_it_refuses(paths):
    operations = [one for methods in paths.values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["tags"] and one["summary"] for one in operations)
    assert all("application/problem+json" in one["responses"]["default"]["content"] for one in operations)
    closed = [one for one in operations if one["operationId"] not in OPEN]
    assert all({"token": []} in one["security"] for one in closed)


def test_a_file_is_described_as_a_file(paths):
    sending = paths[f"{V1}/datasets/{{name}}/arrivals"]["post"]
    assert sending["requestBody"]["content"]["text/csv"]["schema"] == {"type": "string", "format": "binary"}
    assert "200" in sending["responses"]
    assert "Idempotency-Key" in {one["name"] for one in sending["parameters"]}


def test_the_schema_is_served_to_those_who_are_signed_in(ana):
    assert ana.get("/schema").status_code == 200
    assert Client().get(f"{V1}/schema").status_code == 401
