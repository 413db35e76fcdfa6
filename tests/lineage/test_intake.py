"""What other tools tell: in any order, twice, under several names; and what is no event leaves nothing behind."""

import gzip
import json
import random
from pathlib import Path

import pytest
from django.utils import timezone

from pipelines_app.errors import MessageInvalid
from pipelines_app.intake import openlineage, runevents
from pipelines_app.models import Edge, ForeignDataset, ForeignEvent, ForeignJob, ForeignRun, Link
from tests import factories, road
from tests.api.callers import Caller, refused
from tests.api.test_openlineage import RUN, tell, told

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "openlineage" / "sample_events"
A, B = {"namespace": "hive", "name": "db.a"}, {"namespace": "hive", "name": "db.b"}


def record(event, team):
    return openlineage.record(runevents.event_of(event), team=team, sender="token:t", now=timezone.now())


def columns(**fields):
    """The facet of a dataset whose columns are fed by (dataset, column, type, subtype)."""
    said = {
        column: {
            "inputFields": [
                {**source, "field": field, "transformations": [{"type": kind, "subtype": how, "masking": False}]}
                for source, field, kind, how in fed
            ]
        }
        for column, fed in fields.items()
    }
    return {"columnLineage": {"fields": said}}


def lineage(kind="COMPLETE", **more):
    output = {**B, "facets": columns(x=[(A, "x", "DIRECT", "IDENTITY"), (A, "y", "INDIRECT", "FILTER")])}
    return told(kind, inputs=[A], outputs=[output], **more)


def state():
    """All that is known of other tools, without the numbers of rows."""
    datasets = ForeignDataset.objects.order_by("namespace", "name")
    named = {one.pk: f"{one.namespace} {one.name}" for one in datasets}
    edges = [
        (
            *(named[-e.source_node], e.source_column, named[-e.target_node], e.target_column),
            *(e.kind, e.how, e.masked, e.valid_from, e.valid_to),
        )
        for e in Edge.objects.filter(job__isnull=False)
    ]
    links = [
        (named[-link.source_node], named[-link.target_node], link.by_value, link.valid_from, link.valid_to)
        for link in Link.objects.filter(job__isnull=False)
    ]
    runs = ForeignRun.objects.values_list("run_id", "state", "began_at", "ended_at", "error", "outputs")
    jobs = ForeignJob.objects.values_list("namespace", "name", "last_at")
    heads = datasets.values_list("namespace", "name", "columns", "alias_of__name")
    return sorted(edges, key=repr), sorted(links, key=repr), sorted(runs, key=repr), sorted(jobs, key=repr), list(heads)


def forget():
    for rows in (Edge, Link, ForeignEvent, ForeignRun, ForeignJob, ForeignDataset):
        rows.objects.all().delete()


def samples():
    found = []
    for path in sorted(SAMPLES.rglob("events/*.json")):
        said = json.loads(path.read_text())
        found += said if isinstance(said, list) else [said]
    return found


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample events of other producers are not on this machine")
def test_the_sample_events_of_real_producers_twice_and_in_any_order_give_one_state():
    team, events = road.team("sales"), samples()
    assert len(events) == 74
    states, refusals = [], set()
    for seed in range(2):
        forget()
        order = [*events, *events]
        random.Random(seed).shuffle(order)
        for event in order:
            try:
                record(event, team)
            except MessageInvalid as refusal:
                refusals.add(refusal.message)
        states.append(state())
    assert refusals == {"/run/runId: is not a UUID"}  # one of them has only the words `run_id` there
    assert states[0] == states[1]
    edges, links, *_ = states[0]
    assert len(edges) > 10
    assert len(links) > 5


START = {"eventTime": "2026-05-04T05:00:00Z"}
NAMES = {"symlinks": {"identifiers": [{**A, "type": "TABLE"}]}}
EVENTS = [
    lineage("START", **START),
    told("RUNNING", inputs=[{"namespace": "hive", "name": "db.c"}], outputs=[B], eventTime="2026-05-04T05:30:00Z"),
    told(inputs=[], outputs=[]),
    told("FAIL", run={"runId": RUN[:-1] + "9"}, inputs=[B], outputs=[A], eventTime="2026-05-04T07:00:00Z"),
    {
        "eventTime": "2026-05-04T05:10:00Z",
        "job": {"namespace": "warehouse", "name": "static"},
        "inputs": [{"namespace": "file", "name": "/a", "facets": NAMES}],
        "outputs": [B],
    },
    {
        "eventTime": "2026-05-04T05:20:00Z",
        "dataset": {**A, "facets": {"schema": {"fields": [{"name": "x", "type": "INT"}]}}},
    },
]


def test_events_of_runs_jobs_and_datasets_in_any_order_give_one_state():
    team, states = road.team("sales"), []
    for seed in range(4):
        forget()
        order = [*EVENTS, *EVENTS]
        random.Random(seed).shuffle(order)
        for event in order:
            record(event, team)
        states.append(state())
    for one in states:
        assert one == states[0]
    edges, links, runs, _, heads = states[0]
    assert ForeignEvent.objects.count() == len(EVENTS)
    assert {edge[:7] for edge in edges} == {
        ("file /a", "x", "hive db.b", "x", "direct", "IDENTITY", False),
        ("file /a", "y", "hive db.b", "x", "indirect", "FILTER", False),
    }
    assert {link[:2] for link in links} == {("file /a", "hive db.b"), ("hive db.c", "hive db.b")}
    assert [run[1] for run in runs] == ["complete", "fail"]
    assert heads[0] == ("file", "/a", [{"name": "x", "type": "INT"}], None)
    assert ("hive", "db.a", [], "/a") in [(one[0], one[1], [], one[3]) for one in heads]


def test_a_run_that_fails_changes_nothing_that_holds_and_one_that_ends_well_replaces_it():
    team = road.team("sales")
    record(lineage(), team)
    held = state()[:2]
    record(told("FAIL", run={"runId": RUN[:-1] + "1"}, inputs=[B], outputs=[A]), team)
    assert state()[:2] == held
    record(told(run={"runId": RUN[:-1] + "2"}, inputs=[A], outputs=[B], eventTime="2026-05-05T05:58:00Z"), team)
    assert not Edge.objects.held().filter(job__isnull=False).exists()
    assert Link.objects.held().filter(job__isnull=False).count() == 1


def test_what_we_told_comes_back_as_our_own_datasets():
    team, other = road.team("sales"), factories.make_team()
    mine, hidden = (
        factories.make_dataset("mart.a", team=team),
        factories.make_dataset("mart.b", team=other, restricted=True),
    )
    ours = [{"namespace": "loopline", "name": one.name} for one in (mine, hidden)]
    record(told(inputs=[ours[0]], outputs=[B]), team)
    assert Link.objects.get().source == mine
    record(told(run={"runId": RUN[:-1] + "2"}, inputs=[ours[1]], outputs=[B]), team)
    assert ForeignDataset.objects.filter(namespace="loopline").values_list("name", flat=True)[0] == "mart.b"


def batch(caller, body, **headers):
    return caller.text("/lineage/batch", body, kind="application/json", headers=headers)


@pytest.fixture
def ana():
    return Caller(factories.make_user("ana", team=road.team("sales"), role="editor"))


def test_a_batch_says_of_each_event_what_became_of_it_also_when_it_is_packed(ana):
    events = [lineage(), lineage(), {"eventTime": "then", "run": {}, "job": {}}, 7, EVENTS[-1]]
    answer = batch(ana, gzip.compress(json.dumps(events).encode()), **{"Content-Encoding": "gzip"})
    results = answer.json()["results"]
    assert [(one["taken"], one["repeated"]) for one in results] == [
        *((True, False), (True, True), (False, False), (False, False), (True, False))
    ]
    assert "/run/runId" in results[2]["fault"] or "/eventTime" in results[2]["fault"] or "/job" in results[2]["fault"]
    assert ForeignEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {}, 422),
        (b"[" + b"{}," * 1_000 + b"{}]", {}, 422),
        (b"no gzip", {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b"[]", mtime=0)[:-6], {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b" " * (6 << 20)), {"Content-Encoding": "gzip"}, 413),
        (b"[]", {"Content-Encoding": "br"}, 422),
        (b'[{"facets": "' + b"x" * (10 << 20) + b'"}]', {}, 413),
    ],
)
def test_a_body_that_is_no_batch_is_refused_and_leaves_nothing(ana, body, headers, status):
    assert batch(ana, body, **headers).status_code == status
    assert not ForeignEvent.objects.exists()


def output(facet):
    return told(outputs=[{**B, "facets": {"columnLineage": facet}}])


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ({**lineage(), "run": {}}, "/run/runId"),
        ({"eventTime": "2026-05-04", "job": {}}, "/job/namespace"),
        ({"eventTime": "2026-05-04", "dataset": {"namespace": 1}}, "/dataset/namespace"),
        (output([]), "/outputs/0/facets/columnLineage"),
        (output({"fields": []}), "/outputs/0/facets/columnLineage/fields"),
        (
            output({"fields": {"x": {"inputFields": [{}]}}}),
            "/outputs/0/facets/columnLineage/fields/x/inputFields/0/namespace",
        ),
        (told(outputs=[{**B, "facets": {"symlinks": {"identifiers": 1}}}]), "/outputs/0/facets/symlinks/identifiers"),
    ],
)
def test_wrong_types_are_named_with_their_place_and_nothing_is_stored(ana, event, pointer):
    assert refused(tell(ana, event), 422, "message_invalid")["problems"][0]["path"] == pointer
    assert not ForeignEvent.objects.exists()
    assert not ForeignDataset.objects.exists()
    assert not ForeignRun.objects.exists()


def test_facets_that_nobody_knows_are_kept(ana):
    odd = told(run={"runId": RUN, "facets": {"mine": {"deep": [1, {"x": None}]}}})
    assert tell(ana, odd).status_code == 201
    assert ForeignEvent.objects.get().body == odd
