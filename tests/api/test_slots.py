"""Expected arrivals through the API."""

import pytest

from pipelines_app.models import Event, Slot
from tests.api.callers import refused

pytestmark = pytest.mark.django_db
SLOT = {"dataset": "raw.orders", "period": "2030-01-05", "due_at": "2030-01-06T07:00:00Z"}


def test_an_arrival_is_announced_once(orders, ana):
    first = ana.post("/slots", SLOT)
    assert first.status_code == 201
    assert first.json()["state"] == "expected"
    assert ana.post("/slots", SLOT).json()["id"] == first.json()["id"]
    assert Event.objects.get(kind="slot.opened").actor == "token:ana/test"


def test_slots_are_found(orders, ana):
    ana.post("/slots", SLOT)
    assert len(ana.get("/slots", dataset="raw.orders", state="expected").json()["results"]) == 1
    assert ana.get("/slots", state="late").json()["results"] == []


def test_a_slot_is_waived_for_a_reason(orders, ana):
    pk = ana.post("/slots", SLOT).json()["id"]
    refused(ana.post(f"/slots/{pk}/waive"), 422, "invalid")
    told = ana.post(f"/slots/{pk}/waive", {"reason": "a holiday"}).json()
    assert (told["state"], told["reason"]) == ("waived", "a holiday")
    refused(ana.post(f"/slots/{pk}/waive", {"reason": "again"}), 409, "illegal_move")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"period": "2030"}, "arrival_refused"),
        ({"dataset": "mart.shops", "period": ""}, "arrival_refused"),
        ({"due_at": "tomorrow"}, "invalid"),
        ({"colour": "red"}, "invalid"),
        ({"dataset": "raw.\0"}, "invalid"),
    ],
)
def test_a_slot_that_cannot_be_is_refused(orders, ana, change, code):
    refused(ana.post("/slots", {**SLOT, **change}), 422, code)
    assert not Slot.objects.exists()
