"""Expected arrivals through the API."""

import pytest

from pipelines_app.models import Event, Habit, Slot
from tests.api.callers import refused

pytestmark = pytest.mark.django_db
SLOT = {"dataset": "raw.orders", "period": "2030-01-05", "due_at": "2030-01-06T07:00:00Z"}


def test_an_arrival_is_announced_once(orders, ana):
    first = ana.post("/slots", SLOT)
    assert first.status_code == 201
    assert first.json()["state"] == "expected"
    again = ana.post("/slots", SLOT)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
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
        ({"due_at": "0001-01-01T00:00:00Z"}, "invalid"),
        ({"due_at": "1969-12-31T23:59:59Z"}, "invalid"),
        ({"due_at": "2100-01-01T00:00:00Z"}, "invalid"),
        ({"due_at": "9999-12-31T23:59:59Z"}, "invalid"),
        ({"due_at": "9999-12-31T23:59:59-11:00"}, "invalid"),
        ({"dataset": "raw.\0"}, "invalid"),
    ],
)
def test_a_slot_that_cannot_be_is_refused(orders, ana, change, code):
    refused(ana.post("/slots", {**SLOT, **change}), 422, code)
    assert not Slot.objects.exists()


def test_slots_are_found_by_period_team_and_several_states(orders, ana):
    for day in ("05", "06", "07"):
        ana.post("/slots", {**SLOT, "period": f"2030-01-{day}"})
    near = ana.get("/slots", period_gte="2030-01-06", period_lte="2030-01-06", team="sales").json()["results"]
    assert [one["period"] for one in near] == ["2030-01-06"]
    assert len(ana.get("/slots?state=expected&state=late").json()["results"]) == 3
    assert ana.get("/slots", team="people").json()["results"] == []


def test_a_slot_is_read_by_its_dataset_and_period_and_says_why(orders, ana):
    ana.post("/slots", SLOT)
    one = ana.get("/slots/raw.orders/2030-01-05").json()
    assert (one["state"], one["due_at"], one["late_seconds"]) == ("expected", "2030-01-06T07:00:00Z", None)
    tree = ana.get(one["links"]["why"].removeprefix("/api/v1")).json()
    assert tree["text"].startswith("It is expected")
    assert tree["met"] is False
    assert [part["text"] for part in tree["parts"]] == [
        "Expected since token:ana/test announced it",
        "Nothing has come for it",
    ]
    refused(ana.get("/slots/raw.orders/2030-01-06"), 404, "not_found")


def test_why_a_slot_is_filled_names_the_file_and_the_run(published, ana):
    day = {**SLOT, "period": "2013-01-05"}
    ana.post("/slots", day)
    tree = ana.get("/slots/raw.orders/2013-01-05/why").json()
    came, run = tree["parts"][1:]
    assert came["parts"][0]["text"].startswith("orders_2013-01-05.csv came: consumed by run")
    published.refresh_from_db()
    assert run["link"] == f"/api/v1/runs/{published.run_id}"
    assert run["met"] is True


def test_what_was_learned_is_read_accepted_once_and_makes_a_revision(orders, ana):
    dataset = orders.datasets.get(name="raw.orders")
    arrival = {"by": "07:00", "timezone": "Europe/Zurich"}
    Habit.objects.create(dataset=dataset, zone="Europe/Zurich", arrivals=9, weekdays=[], history=[], arrival=arrival)
    told = ana.get("/habits/raw.orders").json()
    assert (told["state"], told["sentence"]) == ("proposed", "every day by 07:00 Europe/Zurich, a day later")
    assert ana.post("/habits/raw.orders/accept").json()["state"] == "accepted"
    orders.refresh_from_db()
    assert orders.current.document["sources"]["raw.orders"]["arrival"] == arrival
    refused(ana.post("/habits/raw.orders/dismiss"), 409, "illegal_move")
    assert ana.get("/habits", state="accepted").json()["results"][0]["dataset"] == "raw.orders"
