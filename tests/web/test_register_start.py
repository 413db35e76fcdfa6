"""When a pipeline starts, in the form: written down, given back, and its contradictions said at their fields."""

import pytest

from pipelines_app.models import Draft
from pipelines_app.web.registering import readying
from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db
TIMES = {"start_not_before": "6:00", "start_at_latest": "09:00", "start_then": "partial", "start_timezone": "UTC"}


@pytest.fixture
def draft(client):
    person = editor(client)
    begun(client)
    return Draft.objects.get(author=person)


def post(client, draft, page, **changes):
    address = f"/register/{draft.pk}/{page}/"
    answer = client.post(address, {**fields_of(client.get(address)), **changes})
    draft.refresh_from_db()
    return answer


def test_a_policy_is_written_down_and_given_back(client, draft):
    post(client, draft, "when", start="all", **TIMES)
    assert draft.document["start"] == {
        "when": "all",
        "not_before": "06:00",
        "at_latest": "09:00",
        "then": "partial",
        "timezone": "UTC",
    }
    shown = fields_of(client.get(f"/register/{draft.pk}/when/"))
    assert (shown["start_not_before"], shown["start_then"]) == ("06:00", "partial")
    post(client, draft, "when", start="all", start_not_before="", start_at_latest="")
    assert draft.document["start"] == {"when": "all"}


def test_a_contradiction_is_said_at_its_field(client, draft):
    answer = post(client, draft, "when", start="all", **TIMES | {"start_not_before": "10:00"})
    assert answer.status_code == 422
    assert "10:00 is after at_latest, 09:00" in words(answer)


def test_the_entry_of_a_definition_and_the_fields_say_the_same():
    for entry in (
        {"when": {"at_least": 2}, "inputs": ["raw.a", "raw.b"]},
        {"when": "any", "not_before": "06:00", "timezone": "UTC", "days_after": 0},
        {"when": "all"},
    ):
        assert readying.written(readying.initial(entry, "Europe/Zurich")) == entry
