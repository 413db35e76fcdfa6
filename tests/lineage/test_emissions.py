"""Our runs told to others: by the official schemas, in order, until they are taken."""

import json
from pathlib import Path

import pytest
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from monitoring_app.models import Emission
from monitoring_app.openlineage import sending
from pipelines_app.errors import IllegalMove
from tests import factories, road
from tests.monitoring.receivers import Answer, SlackReceiver
from tests.web.know.conftest import DAY, ORDERS

pytestmark = pytest.mark.django_db
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "schemas").glob("*.json")}
REGISTRY = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in SCHEMAS.values()])


@pytest.fixture
def file(settings, tmp_path):
    """The file that the settings name."""
    path = tmp_path / "events.jsonl"
    settings.OPENLINEAGE_URL = f"file://{path}"
    return path


@pytest.fixture
def ran(file):
    """A day that went through, and one that was put aside."""
    road.team("sales")
    road.register_yaml(ORDERS)
    road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    road.drain()
    road.send("raw.orders", b"id,shop,amount\n7,a,1\n7,a,x\ny,b,2\nz,c,3\n", name="orders_2013-01-06.csv")
    road.drain()
    return file


def sent(path):
    sending.send_due(None)
    return [json.loads(line) for line in path.read_text().splitlines()]


def faults(schema, value):
    validator = Draft202012Validator(schema, registry=REGISTRY, format_checker=FormatChecker())
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(value)]


def facets_of(event):
    yield from event["run"]["facets"].items()
    yield from event["job"]["facets"].items()
    for dataset in [*event["inputs"], *event["outputs"]]:
        yield from dataset["facets"].items()
        yield from dataset.get("outputFacets", {}).items()


def test_what_is_sent_keeps_to_the_official_schemas(ran):
    events = sent(ran)
    seen = set()
    for event in events:
        assert not faults({"$ref": f"{SCHEMAS['OpenLineage']['$id']}#/$defs/RunEvent"}, event)
        for name, facet in facets_of(event):
            schema = SCHEMAS[facet["_schemaURL"].rpartition("/")[2]]
            assert facet["_schemaURL"].partition("#")[0] == schema["$id"]
            assert not faults(schema, {name: facet}), (event["job"]["name"], name)
            seen.add(name)
    assert seen >= {
        *("schema", "columnLineage", "sql", "version", "dataQualityAssertions", "dataQualityMetrics", "parent"),
        *("outputStatistics", "nominalTime", "errorMessage", "ownership"),
    }


def test_every_run_and_step_begins_and_ends_and_those_of_a_run_are_in_order(ran):
    told = [(event["job"]["name"], event["eventType"], event["run"]["runId"]) for event in sent(ran)]
    first = [(job, kind) for job, kind, _ in told[:6]]
    assert first == [
        ("orders", "START"),
        ("orders.raw.orders", "START"),
        ("orders.raw.orders", "COMPLETE"),
        ("orders.mart.shops", "START"),
        ("orders.mart.shops", "COMPLETE"),
        ("orders", "COMPLETE"),
    ]
    assert [kind for job, kind, _ in told[6:] if job == "orders"] == ["START", "FAIL"]
    assert len(set(told)) == len(told)
    assert len({identity for job, _, identity in told if job == "orders"}) == 2


def test_the_made_dataset_is_told_with_its_columns_and_what_was_found(ran):
    made = next(
        one for one in sent(ran) if one["job"]["name"] == "orders.mart.shops" and one["eventType"] == "COMPLETE"
    )
    [output] = made["outputs"]
    assert (output["namespace"], output["name"]) == ("loopline", "mart.shops")
    assert [one["success"] for one in output["facets"]["dataQualityAssertions"]["assertions"]] == [True, True]
    [amount] = output["facets"]["columnLineage"]["fields"]["amount"]["inputFields"]
    assert (amount["name"], amount["field"]) == ("raw.orders", "amount")
    assert amount["transformations"][0] == {"type": "DIRECT", "subtype": "AGGREGATION", "masking": False}
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert made["inputs"][0]["facets"]["version"]["datasetVersion"] == "1"


def test_nothing_is_written_down_where_no_address_is_set(settings):
    road.team("sales")
    road.register_yaml(ORDERS)
    road.send("raw.orders", DAY, name="orders_2013-01-05.csv")
    road.drain()
    assert not Emission.objects.exists()


def emission(run, kind="START"):
    return Emission.objects.create(event=factories.make_event(), run=run, body={"eventType": kind})


def test_what_is_not_taken_is_tried_again_and_keeps_back_only_its_own_run(settings):
    first, second, other = emission(1), emission(1, "COMPLETE"), emission(2)
    with SlackReceiver() as receiver:
        settings.OPENLINEAGE_URL, settings.OPENLINEAGE_TOKEN = receiver.url, "t0ken"
        receiver.answers.extend([Answer(status=503, body="later")])
        assert sending.send_due(None) == 1
        states = [Emission.objects.get(pk=one.pk) for one in (first, second, other)]
        assert [(one.state, one.attempts) for one in states] == [("pending", 1), ("pending", 0), ("delivered", 1)]
        assert "503" in states[0].error
        Emission.objects.update(not_before=first.created_at)
        assert sending.send_due(None) == 2
    assert set(Emission.objects.values_list("state", flat=True)) == {"delivered"}


def test_what_cannot_be_taken_is_given_up_and_shown_and_sent_again(settings, tmp_path):
    settings.OPENLINEAGE_URL = f"file://{tmp_path}/no/such/folder"
    emission(1)
    Emission.objects.update(attempts=sending.ATTEMPTS - 1)
    assert sending.send_due(None) == 0
    assert Emission.objects.get().state == "undelivered"
    client = Client()
    client.force_login(factories.make_user("root", superuser=True))
    assert "cannot be written" in client.get("/openlineage/out/").content.decode()
    settings.OPENLINEAGE_URL = f"file://{tmp_path}/events"
    assert client.post("/openlineage/out/again").status_code == 302
    assert sending.send_due(None) == 1
    with pytest.raises(IllegalMove):
        sending.again(actor="user:root")


def test_the_page_is_for_those_who_run_the_platform_and_says_what_to_set(client):
    client.force_login(factories.make_user("eve"))
    assert client.get("/openlineage/out/").status_code == 404
    client.force_login(factories.make_user("root", superuser=True))
    assert "LOOPLINE_OPENLINEAGE_URL" in client.get("/openlineage/out/").content.decode()
