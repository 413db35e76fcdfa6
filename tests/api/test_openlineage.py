"""Other tools tell of their runs: recorded once, strictly read, and a dataset completed starts who listens to it."""

import json
import uuid

import pytest

from pipelines_app.models import Event, ForeignDataset, ForeignRun, Link, Membership, Role, Run
from tests import factories, road
from tests.api.callers import refused

pytestmark = pytest.mark.django_db
RUN = "3f5e83fa-3480-44ff-99c5-ff943904e5e8"
NOMINAL = "/run/facets/nominalTime"
FLIGHTS = {"namespace": "postgres://warehouse", "name": "public.flights"}
LISTENING = """
pipeline: after-load
team: sales
sources:
  raw.days: {format: csv, columns: {n: INTEGER}, period: day, from: "days_{period}.csv"}
steps:
  - dataset: staging.days
    sql: SELECT n FROM raw.days
    materialise: {kind: incremental, by: period}
listens: [{namespace: "postgres://warehouse", dataset: public.flights}]
"""


def _nominal(start, end="2013-02-09"):
    return {"run": {"runId": RUN, "facets": {"nominalTime": {"nominalStartTime": start, "nominalEndTime": end}}}}


def told(kind="COMPLETE", **changes):
    event = {
        "eventType": kind,
        "eventTime": "2026-05-04T05:58:00Z",
        "producer": "https://example.org/loader",
        "run": {"runId": RUN, "facets": {"nominalTime": {"nominalStartTime": "2026-05-03T00:00:00Z"}}},
        "job": {"namespace": "warehouse", "name": "load_flights"},
        "inputs": [{"namespace": "s3://landing", "name": "flights"}],
        "outputs": [{**FLIGHTS, "facets": {"schema": {"fields": [{"name": "carrier", "type": "VARCHAR"}]}}}],
    }
    return {**event, **changes}


def tell(caller, event, path="/lineage"):
    text = event if isinstance(event, bytes) else json.dumps(event).encode()
    return caller.text(path, text, kind="application/json")


@pytest.mark.parametrize("path", ["/lineage", "/openlineage"])
def test_a_run_that_completes_a_dataset_starts_the_pipelines_that_listen_to_it(sales, ana, path):
    road.register_yaml(LISTENING)
    answer = tell(ana, told(), path)
    assert answer.status_code == 201
    assert (answer.json()["started"], answer.json()["repeated"]) == (1, False)
    road.drain()
    run = Run.objects.get()
    assert (run.period, run.cause.kind, run.cause.actor) == ("2026-05-03", "foreign.completed", "token:ana/test")
    known = ForeignDataset.objects.get(name="public.flights")
    assert known.columns == [{"name": "carrier", "type": "VARCHAR"}]
    link = Link.objects.get(job__isnull=False)
    assert (link.foreign_source.name, link.foreign_target.name) == ("flights", "public.flights")
    [listed] = ana.get("/openlineage/runs").json()["results"]
    assert (listed["job"], listed["state"], listed["outputs"]) == ("load_flights", "complete", [list(FLIGHTS.values())])


def test_the_same_event_again_changes_nothing(sales, ana):
    road.register_yaml(LISTENING)
    assert [tell(ana, told()).status_code for _ in range(3)] == [201, 200, 200]
    assert Event.objects.filter(kind="foreign.completed").count() == 1
    tell(ana, told(run={"runId": str(uuid.uuid4())}))
    assert Event.objects.filter(kind="foreign.completed").count() == 2


def test_what_the_start_said_counts_when_the_end_says_nothing(sales, ana):
    road.register_yaml(LISTENING)
    tell(ana, told("START"))
    assert ForeignRun.objects.get().state == "start"
    assert not Event.objects.filter(kind="foreign.completed").exists()
    tell(ana, told(run={"runId": RUN}, inputs=[], outputs=[]))
    assert Event.objects.get(kind="foreign.completed").period == "2026-05-03"


def test_outputs_that_only_the_start_names_count_when_it_comes_after_the_end(sales, ana):
    road.register_yaml(LISTENING)
    assert tell(ana, told(outputs=[])).json()["started"] == 0
    assert tell(ana, told("START")).json()["started"] == 1
    assert tell(ana, told("RUNNING")).json()["started"] == 0
    assert Event.objects.get(kind="foreign.completed").period == "2026-05-03"
    assert ForeignRun.objects.get().state == "complete"


def test_every_output_that_is_named_while_it_runs_counts(sales, ana):
    road.register_yaml(LISTENING)
    elsewhere = {**FLIGHTS, "name": "public.elsewhere"}
    assert tell(ana, told("RUNNING", outputs=[elsewhere])).status_code == 201
    assert tell(ana, told("RUNNING", outputs=[elsewhere])).status_code == 200
    assert tell(ana, told("RUNNING")).status_code == 201
    assert tell(ana, told(outputs=[])).json()["started"] == 1


def test_a_run_that_failed_is_recorded_and_starts_nothing_and_its_end_is_final(sales, ana):
    road.register_yaml(LISTENING)
    failed = told("FAIL", run={"runId": RUN, "facets": {"errorMessage": {"message": "no space left"}}})
    assert tell(ana, failed).json()["started"] == 0
    tell(ana, told("RUNNING"))
    run = ForeignRun.objects.get()
    assert (run.state, run.error) == ("fail", "no space left")


def test_an_event_without_a_period_is_an_event_that_is_ignored_because_of_it(sales, ana):
    road.register_yaml(LISTENING)
    tell(ana, told(run={"runId": RUN}))
    road.drain()
    event = Event.objects.get(kind="foreign.completed")
    assert "There is nothing at /run/facets/nominalTime" in event.body["fault"]
    assert event.deliveries.get(consumer="readiness").outcome.startswith("ignored: There is nothing at")
    assert not Run.objects.exists()


def test_another_team_neither_starts_this_ones_pipelines_nor_sees_its_runs_nor_hides_its_events(sales, ana, eve):
    road.register_yaml(LISTENING)
    assert tell(eve, told()).json()["started"] == 0
    assert tell(ana, told()).json()["started"] == 1
    assert len(eve.get("/openlineage/runs").json()["results"]) == 1
    assert {row["team"] for row in ana.get("/openlineage/runs").json()["results"]} == {"sales"}
    refused(tell(eve, told(), "/lineage?team=sales"), 404, "not_found")


def test_who_is_in_several_teams_says_for_which(sales, ana, vic):
    refused(tell(vic, told()), 403, "not_allowed")
    Membership.objects.create(user=ana.user, team=factories.make_team("second"), role=Role.EDITOR)
    refused(tell(ana, told()), 422, "message_invalid")
    assert tell(ana, told(), "/lineage?team=second").json()["run"]["team"] == "second"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"eventTime": "yesterday"}, "/eventTime"),
        ({"eventTime": "0001-01-01T00:00:00Z"}, "/eventTime"),
        ({"eventTime": "9999-12-31T23:59:59Z"}, "/eventTime"),
        (_nominal("0001-01-01T00:00:00Z"), f"{NOMINAL}/nominalStartTime"),
        (_nominal("9999-12-31T23:59:59"), f"{NOMINAL}/nominalStartTime"),
        (_nominal("2013-02-08", "9999-12-31"), f"{NOMINAL}/nominalEndTime"),
        ({"eventType": "DONE"}, "/eventType"),
        ({"run": {"runId": "1"}}, "/run/runId"),
        ({"run": None}, "/run"),
        ({"job": {"namespace": "w"}}, "/job/name"),
        ({"outputs": {}}, "/outputs"),
        ({"outputs": [FLIGHTS, {"namespace": "w", "name": 5}]}, "/outputs/1/name"),
        ({"outputs": [{**FLIGHTS, "facets": []}]}, "/outputs/0/facets"),
        ({"outputs": [{**FLIGHTS, "facets": {"schema": {"fields": [{}]}}}]}, "/outputs/0/facets/schema/fields/0/name"),
        ({"outputs": [FLIGHTS] * 101}, "/outputs"),
        ({"job": {"namespace": "w", "name": "x" * 256}}, "/job/name"),
        ({"job": {"namespace": "w", "name": "x\0"}}, "/job/name"),
    ],
)
def test_an_event_that_is_none_is_refused_with_the_place_of_its_fault(ana, change, pointer):
    problem = refused(tell(ana, told(**change)), 422, "message_invalid")
    assert [one["path"] for one in problem["problems"]] == [pointer]
    assert not ForeignRun.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "message_invalid"),
        (b"{", 422, "message_invalid"),
        (b"\xff\xfe", 422, "message_invalid"),
        (b"[]", 422, "message_invalid"),
        (b'{"eventTime": NaN}', 422, "message_invalid"),
        (b'{"run": {}, "run": {}}', 422, "message_invalid"),
        (b'{"a":' * 100_000, 422, "message_invalid"),
        (b"[" * 70 + b"]" * 70, 422, "message_invalid"),
        (b'{"a": "' + b"x" * (10 << 20) + b'"}', 413, "too_large"),
    ],
)
def test_what_is_no_event_at_all_is_refused_early(ana, body, status, code):
    refused(tell(ana, body), status, code)
    assert not ForeignRun.objects.exists()
