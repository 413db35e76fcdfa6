"""What sensitive columns hold is shown to those who may edit the dataset, and to nobody else, through any door."""

import json

import pytest
from django.core import serializers
from django.test import Client

from monitoring_app.models import Alert, ColumnProfile, Notification, Profile
from monitoring_app.profiling import measuring
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Arrival, CheckResult, Dataset, DatasetVersion, Event, Reject, Role, Run, StepRun
from tests import factories, road
from tests.web.know.conftest import taken

pytestmark = pytest.mark.django_db
STAFF = """
pipeline: staff
team: sales
sources:
  raw.staff:
    format: csv
    columns: {id: INTEGER, email: VARCHAR, pay: INTEGER}
    tolerance: 5
    sensitive: [email, pay]
    checks:
      - between: {column: pay, max: 100, severity: warn}
      - max_between: {column: pay, max: 100, severity: warn}
      - not_in_set: {column: email, values: [nobody], severity: warn}
      - length_between: {column: email, max: 3, severity: warn}
      - custom_sql: {sql: "SELECT email AS id FROM raw.staff", severity: warn, name: own}
      - expression_is_true: {expression: "pay < 7", severity: warn}
steps:
  - dataset: mart.letters
    sql: SELECT id, lower(email) AS letter, count(*) AS number FROM raw.staff GROUP BY id, email
    checks: [{length_between: {column: letter, max: 3, severity: warn}}]
  - dataset: mart.count
    sql: SELECT count(letter) AS people FROM mart.letters
"""
ROWS = b"id,email,pay\n1,canary@secret.org,778899\n2,canary2@secret.org,canarypay\n"
SECRETS = ("canary", "778899", "778,899")


@pytest.fixture
def sales(db):
    return road.team("sales")


@pytest.fixture
def _brought(sales):
    road.register_yaml(STAFF)
    road.send("raw.staff", ROWS, name="staff.csv")
    road.drain()
    for profile in Profile.objects.order_by("pk"):
        measuring.measure(profile.pk)
    road.drain()


def person(team, role):
    client = Client()
    client.force_login(factories.make_user(team=team, role=role))
    return client


@pytest.fixture
def vic(sales):
    return person(sales, Role.VIEWER)


@pytest.fixture
def oto(db):
    """An admin of another team."""
    return person(road.team("others"), Role.ADMIN)


@pytest.fixture
def ana(sales):
    return person(sales, Role.EDITOR)


def doors():
    """Every address at which rows, numbers or words about them are shown."""
    tabs = ("overview", "rows", "schema", "profile", "checks", "expectations", "arrivals", "lineage", "use")
    for name in ("raw.staff", "mart.letters"):
        yield from (f"/datasets/{name}?tab={tab}" for tab in tabs)
        yield f"/datasets/{name}/profile"
        yield from (f"/datasets/{name}/download?format={form}" for form in ("csv", "jsonl", "tsv"))
        for address in ("", "/rows", "/rows?columns=id,email,pay", "/download", "/versions", "/profile", "/profiles"):
            yield f"/api/v1/datasets/{name}{address}"
    for version in DatasetVersion.objects.values_list("pk", flat=True):
        yield from (f"/versions/{version}", f"/versions/{version}?part=preview", f"/versions/{version}/set-aside")
        yield from (f"/api/v1/versions/{version}", f"/api/v1/versions/{version}/set-aside", f"/versions/{version}/test")
    for result in CheckResult.objects.select_related("check_made"):
        yield from (f"/checks/results/{result.pk}/rows?format={form}" for form in ("csv", "json"))
        yield from (f"/api/v1/checks/results/{result.pk}/rows", f"/checks/{result.check_made_id}")
    run, arrival = Run.objects.get().pk, Arrival.objects.get().pk
    yield from (f"/runs/{run}/?tab={tab}" for tab in ("", "checks", "data", "log", "attempts"))
    yield from (f"/arrivals/{arrival}", f"/arrivals/{arrival}/original", f"/api/v1/arrivals/{arrival}")
    yield from (
        f"/api/v1/runs/{run}",
        f"/api/v1/runs/{run}/events",
        "/api/v1/events",
        "/api/v1/alerts",
        "/api/v1/checks",
    )
    yield from ("/checks", "/checks?format=csv", "/alerts/", "/events/", "/")
    yield from (f"/alerts/{pk}/" for pk in Alert.objects.values_list("pk", flat=True))


def body(client, address):
    answer = client.get(address)
    assert answer.status_code in (200, 302, 404, 422), (address, answer.status_code)
    return (taken(answer) if answer.streaming else answer.content).decode()


@pytest.mark.usefixtures("_brought")
@pytest.mark.parametrize("who", ["vic", "oto"])
def test_no_door_shows_them_to_who_may_not_edit(who, request):
    client = request.getfixturevalue(who)
    told = {address: body(client, address) for address in doors()}
    leaks = [(address, secret) for address, text in told.items() for secret in SECRETS if secret in text]
    assert not leaks
    assert told["/api/v1/datasets/raw.staff/rows"].count("redacted") >= 2


@pytest.mark.usefixtures("_brought")
def test_whoever_may_edit_sees_them(ana):
    assert "canary@secret.org" in body(ana, "/datasets/raw.staff?tab=rows")
    assert "canary@secret.org" in body(ana, "/datasets/raw.staff/download?format=csv")
    assert "canary@secret.org" in body(ana, "/datasets/mart.letters?tab=rows")
    assert "canary" in body(ana, f"/arrivals/{Arrival.objects.get().pk}/original")
    long = CheckResult.objects.get(check_made__name="length_between: email")
    assert json.loads(body(ana, f"/checks/results/{long.pk}/rows?format=json")) == [
        {"id": 1, "email": "canary@secret.org", "pay": 778899}
    ]


@pytest.mark.usefixtures("_brought")
def test_what_is_told_and_kept_for_everybody_holds_none_of_them():
    assert CheckResult.objects.filter(passed=False).count() >= 5
    assert Alert.objects.exists()
    assert Notification.objects.exists()
    for model in (Event, Alert, Notification, Reject, StepRun, Run, ColumnProfile):
        kept = serializers.serialize("json", model.objects.all())
        assert not [secret for secret in SECRETS if secret in kept], model


@pytest.mark.usefixtures("_brought")
def test_they_are_handed_on_by_value_and_end_where_only_a_count_is_left():
    found = dict(Dataset.objects.values_list("name", "sensitive"))
    assert found == {"raw.staff": ["email", "pay"], "mart.letters": ["letter"], "mart.count": []}


@pytest.mark.usefixtures("_brought")
def test_another_teams_pipeline_does_not_know_them(oto):
    for sql in (
        "SELECT email FROM raw.staff",
        "SELECT id FROM raw.staff WHERE pay > 1",
        "SELECT letter FROM mart.letters",
    ):
        with pytest.raises(DefinitionInvalid):
            road.register_yaml(f"pipeline: spy\nteam: others\nsteps: [{{dataset: mart.spy, sql: {sql!r}}}]")
    road.register_yaml("pipeline: spy\nteam: others\nsteps: [{dataset: mart.spy, sql: SELECT * FROM raw.staff}]")
    assert [column["name"] for column in Dataset.objects.get(name="mart.spy").columns] == ["id"]


def test_what_was_measured_before_a_column_was_sensitive_is_forgotten(sales, vic):
    road.register_yaml(STAFF.replace("    sensitive: [email, pay]\n", ""))
    road.send("raw.staff", ROWS, name="staff.csv")
    road.drain()
    for profile in Profile.objects.order_by("pk"):
        measuring.measure(profile.pk)
    assert "canary@secret.org" in body(vic, "/datasets/raw.staff?tab=rows")
    assert "canary" in serializers.serialize("json", ColumnProfile.objects.all())
    road.register_yaml(STAFF)
    road.drain()
    assert "canary" not in serializers.serialize("json", ColumnProfile.objects.all())
    assert "canary" not in serializers.serialize("json", Reject.objects.all())
    assert "canary" not in body(vic, "/datasets/raw.staff?tab=rows")
