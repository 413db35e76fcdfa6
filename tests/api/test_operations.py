"""Doing again, backfills and bulk actions through the API: previews, one answer per thing, and whose they are."""

import pytest

from pipelines_app.models import Arrival, Backfill, Event, IdempotencyKey, Pipeline, Run, RunState, Slot, Webhook
from tests import factories, road
from tests.api.callers import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(orders):
    """Three runs: two that failed, one that went well."""
    dataset = factories.make_dataset("mart.made", pipeline=orders)
    runs = [
        factories.make_run(orders, state=state, period=f"2013-03-0{day}")
        for day, state in enumerate(("failed", "failed", "succeeded"), 1)
    ]
    for run in runs:
        factories.make_step(run, dataset, state=run.state)
    return runs


@pytest.fixture
def elsewhere(db):
    """A failed run of a pipeline of another team."""
    return factories.make_run(factories.make_pipeline("elsewhere"), state="failed")


def outcomes(answer):
    return {item["subject"]: item["outcome"] for item in answer.json()["items"]}


def test_a_bulk_action_says_what_it_would_do_does_it_and_does_it_once(failed, elsewhere, ana):
    body = {"action": "retry", "ids": [*(run.pk for run in failed), elsewhere.pk, 10**9]}
    expected = dict(
        zip([str(pk) for pk in body["ids"]], ["would", "would", "refused", "refused", "refused"], strict=True)
    )
    assert outcomes(ana.post("/runs/bulk", {**body, "dry_run": True})) == expected
    assert Run.objects.filter(again_of__isnull=False).count() == 0
    done = ana.post("/runs/bulk", body).json()["items"]
    assert [item["outcome"] for item in done] == ["done", "done", "refused", "refused", "refused"]
    assert [item["run"] for item in done[:2]] == list(
        Run.objects.filter(again_of__isnull=False).order_by("id").values_list("pk", flat=True)
    )
    again = ana.post("/runs/bulk", body).json()["items"]
    assert [(item["outcome"], item["run"]) for item in again[:2]] == [("unchanged", item["run"]) for item in done[:2]]


def test_a_bulk_action_takes_the_filters_of_the_list(failed, orders, ana):
    live = factories.make_run(orders, state="running", period="2013-03-09")
    answer = ana.post("/runs/bulk", {"action": "cancel", "filter": {"pipeline": "orders", "state": "running"}})
    assert outcomes(answer) == {str(live.pk): "done"}
    live.refresh_from_db()
    assert live.state == RunState.CANCELLED
    assert outcomes(ana.post("/runs/bulk", {"action": "cancel", "ids": [live.pk]})) == {str(live.pk): "unchanged"}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "retry"},
        {"action": "retry", "filter": {}},
        {"action": "retry", "ids": [1], "filter": {"state": "failed"}},
        {"action": "retry", "filter": {"stat": "failed"}},
        {"action": "retry", "filter": {"state": "odd"}},
        {"action": "delete", "ids": [1]},
        {"action": "retry", "ids": list(range(1, 502))},
        {"action": "retry", "ids": [1], "force": True},
    ],
)
def test_a_bulk_action_that_is_not_clear_is_refused_whole(body, orders, ana):
    refused(ana.post("/runs/bulk", body), 422, "invalid")


def test_pipelines_are_paused_and_resumed_together(orders, ana, vic):
    road.register_yaml("pipeline: more\nteam: sales\nsteps: [{dataset: mart.more, sql: SELECT 1 AS one}]")
    body = {"action": "pause", "filter": {"team": "sales"}}
    assert outcomes(vic.post("/pipelines/bulk", body)) == {"orders": "refused", "more": "refused"}
    assert outcomes(ana.post("/pipelines/bulk", body)) == {"orders": "done", "more": "done"}
    assert outcomes(ana.post("/pipelines/bulk", body)) == {"orders": "unchanged", "more": "unchanged"}
    resumed = ana.post("/pipelines/bulk", {"action": "resume", "names": ["orders", "none"]})
    assert outcomes(resumed) == {"orders": "done", "none": "refused"}
    assert Pipeline.objects.filter(paused_at=None).count() == 1


def test_stuck_deliveries_are_tried_again_together_by_admins(orders, ada, ana):
    event = factories.make_event(factories.RunRequested(pipeline="orders", period=""))
    event.deliveries.create(consumer="readiness", state="stuck")
    event.deliveries.create(consumer="alerts", state="done")
    body = {"action": "release", "ids": list(event.deliveries.order_by("id").values_list("pk", flat=True))}
    refused(ana.post("/deliveries/bulk", body), 403, "not_allowed")
    assert list(outcomes(ada.post("/deliveries/bulk", body)).values()) == ["done", "unchanged"]


def test_a_run_is_done_again_from_what_failed(failed, ana, vic):
    run = failed[0]
    refused(vic.post(f"/runs/{run.pk}/rerun", {}), 403, "not_allowed")
    plan = ana.post(f"/runs/{run.pk}/rerun", {"dry_run": True}).json()
    assert plan["revision"] == 1
    assert not Run.objects.filter(again_of=run).exists()
    again = ana.post(f"/runs/{run.pk}/rerun", {"revision": "same"})
    assert again.status_code == 202
    assert (again.json()["again_of"], again.json()["again_from"]) == (run.pk, "failed")
    refused(ana.post(f"/runs/{failed[2].pk}/rerun", {}), 409, "illegal_move")
    refused(ana.post(f"/runs/{run.pk}/rerun", {"start_from": "mart.none"}), 409, "illegal_move")


def test_a_backfill_is_previewed_begun_paused_resumed_and_cancelled(published, ana, vic):
    body = {"first": "2013-01-01", "last": "2013-01-06", "mode": "all"}
    refused(vic.post("/pipelines/orders/backfills", body), 403, "not_allowed")
    refused(ana.post("/pipelines/orders/backfills", body), 422, "period_invalid")  # its steps make whole datasets only
    road.register_yaml(
        "pipeline: daily\nteam: sales\nsteps: [{dataset: mart.daily, sql: SELECT count(*) AS n FROM raw.orders, "
        "materialise: {kind: incremental, by: period}}]"
    )
    road.drain()
    plan = ana.post("/pipelines/daily/backfills", {**body, "dry_run": True}).json()
    assert [one["period"] for one in plan["runs"]] == ["2013-01-05"]
    assert len(plan["cannot"]) == 5
    assert not Backfill.objects.exists()
    refused(ana.post("/pipelines/daily/backfills", {**body, "first": "1900-01-01"}), 422, "period_invalid")
    begun = ana.post("/pipelines/daily/backfills", body)
    assert begun.status_code == 202, begun.json()
    told = ana.get(f"/backfills/{begun.json()['id']}").json()
    assert (told["state"], [one["period"] for one in told["periods"]]) == ("running", ["2013-01-05"])
    address = f"/backfills/{told['id']}"
    assert ana.post(f"{address}/pause").json()["state"] == "paused"
    refused(ana.post(f"{address}/pause"), 409, "illegal_move")
    assert ana.post(f"{address}/resume").json()["state"] == "running"
    assert ana.post(f"{address}/cancel").json()["state"] == "cancelled"
    assert [one["id"] for one in ana.get("/backfills", pipeline="daily").json()["results"]] == [told["id"]]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pipelines/orders/run", {}),
        ("/pipelines/orders/pause", {}),
        ("/runs/{run}/retry", {}),
        ("/runs/{live}/cancel", {"because": "no"}),
        ("/arrivals/{arrival}/replay", {}),
        ("/slots/{slot}/waive", {"reason": "holiday"}),
    ],
)
@pytest.mark.parametrize("said", ["query", "body"])
def test_a_single_command_says_what_it_would_do_and_leaves_everything(published, failed, orders, ana, path, body, said):
    live = factories.make_run(orders, state="running", period="2013-03-09")
    slot = factories.make_slot(published.dataset)
    address = path.format(run=failed[0].pk, live=live.pk, arrival=published.pk, slot=slot.pk)
    before = (Event.objects.count(), Run.objects.count(), list(Run.objects.order_by("pk").values_list("state")))
    if said == "query":
        answer = ana.post(f"{address}?dry_run=true", body)
    else:
        answer = ana.post(address, {**body, "dry_run": True})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "would"), answer.json()
    assert (Event.objects.count(), Run.objects.count(), list(Run.objects.order_by("pk").values_list("state"))) == before
    slot.refresh_from_db()
    orders.refresh_from_db()
    assert (slot.state, orders.paused_at) == ("expected", None)


def test_a_rehearsal_refuses_what_the_command_would_refuse(orders, ana):
    refused(ana.post("/pipelines/orders/resume?dry_run=true"), 409, "illegal_move")
    refused(ana.post("/pipelines/orders/run?dry_run=yes", {"period": "2013"}), 422, "period_invalid")
    refused(ana.post("/pipelines/orders/pause?dry_run=perhaps"), 400, "unknown_parameter")
    orders.refresh_from_db()
    assert orders.paused_at is None


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/webhooks", {"dataset": "raw.orders"}, {"dataset": "raw.orders", "per_minute": 7}),
        ("/arrivals/{arrival}/replay", {}, None),
        (
            "/slots",
            {"dataset": "raw.orders", "period": "2030-01-05", "due_at": "2030-01-06T07:00:00Z"},
            {"dataset": "raw.orders", "period": "2030-01-06", "due_at": "2030-01-07T07:00:00Z"},
        ),
    ],
)
def test_what_is_made_under_a_key_is_made_once(published, ana, path, body, other):
    def counted():
        return [model.objects.count() for model in (Webhook, Arrival, Slot, Event)]

    address, key = path.format(arrival=published.pk), {"Idempotency-Key": "k1"}
    first = ana.post(address, body, headers=key)
    assert first.status_code == 201, first.content
    made = counted()
    again = ana.post(address, body, headers=key)
    assert (again.status_code, again.json()["id"], counted()) == (200, first.json()["id"], made)
    assert "secret" not in again.json()
    assert not IdempotencyKey.objects.filter(answer__icontains=first.json().get("secret", "nothing of the kind"))
    if other is not None:
        refused(ana.post(address, other, headers=key), 422, "idempotency_key_reused")
