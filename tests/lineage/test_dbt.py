"""A dbt manifest becomes datasets and edges of another tool: all of it or nothing, and twice is once."""

import gzip
import json
from copy import deepcopy

import pytest
from django.core.management import CommandError, call_command

from pipelines_app.errors import MessageInvalid
from pipelines_app.intake import dbt, manifests
from pipelines_app.models import Edge, ForeignDataset, ForeignEvent, Link
from tests import factories, road
from tests.api.callers import Caller, refused


def node(kind, name, sql="", reads=(), **more):
    return {
        "resource_type": kind,
        "database": "db",
        "schema": "shop",
        "name": name,
        "alias": name,
        "relation_name": f'"db"."shop"."{name}"',
        "compiled_code": sql,
        "depends_on": {"nodes": list(reads), "macros": []},
        "config": {"materialized": more.pop("materialized", "table"), "meta": {}},
        "columns": {key: {"name": key, "data_type": value} for key, value in more.pop("columns", {}).items()},
        "description": "",
        **more,
    }


MODELS = {
    "seed.shop.rates": node("seed", "rates", columns={"currency": "text", "rate": "numeric"}),
    "model.shop.cleaned": node("model", "cleaned", materialized="ephemeral", reads=["source.shop.raw.orders"]),
    "model.shop.orders": node(
        "model",
        "orders",
        'WITH __dbt__cte__cleaned AS (SELECT id, amount, currency FROM "db"."raw"."orders" WHERE amount > 0) '
        "SELECT c.id, c.amount * r.rate AS total, c.currency FROM __dbt__cte__cleaned AS c "
        'JOIN "db"."shop"."rates" AS r ON c.currency = r.currency',
        ["model.shop.cleaned", "seed.shop.rates"],
        columns={"id": "bigint"},
        description="One row an order.",
        group="finance",
    ),
    "model.shop.totals": node(
        "model",
        "totals",
        'SELECT *, total > 100 AS large FROM "db"."shop"."orders" ORDER BY id',
        ["model.shop.orders"],
        meta={"owner": "ann"},
    ),
    "test.shop.unique_orders_id": {
        "resource_type": "test",
        "name": "unique_orders_id",
        "column_name": "id",
        "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}},
        "depends_on": {"nodes": ["model.shop.orders"]},
    },
    "analysis.shop.idea": node("analysis", "idea", "SELECT 1", ["model.shop.orders"]),
}
MANIFEST = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "generated_at": "2026-05-04T05:00:00.123456Z",
        "project_name": "shop",
        "adapter_type": "postgres",
        "invocation_id": "3f5e83fa-3480-44ff-99c5-ff943904e5e8",
    },
    "nodes": MODELS,
    "sources": {
        "source.shop.raw.orders": {
            "resource_type": "source",
            "database": "db",
            "schema": "raw",
            "name": "orders",
            "identifier": "orders",
            "columns": {
                "id": {"name": "id", "data_type": "bigint"},
                **{name: {"name": name} for name in ("amount", "currency")},
            },
        }
    },
    "groups": {"group.shop.finance": {"name": "finance", "owner": {"name": "Finance", "email": "f@example.org"}}},
    "macros": {},
    "exposures": {},
}
SPACE = "dbt://shop"


def manifest(version=12, **metadata):
    made = deepcopy(MANIFEST)
    made["metadata"] |= {"dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/v{version}.json", **metadata}
    return made


def record(team, made=None):
    return dbt.record(manifests.read(made or manifest()), team=team, sender="token:t")


def held():
    """What holds now: pairs of tables, and pairs of columns with their ways."""
    named = {-one.pk: one.name for one in ForeignDataset.objects.all()}
    links = {(named[one.source_node], named[one.target_node]) for one in Link.objects.held()}
    edges = {
        (f"{named[one.source_node]}.{one.source_column}", f"{named[one.target_node]}.{one.target_column}", one.how)
        for one in Edge.objects.held()
    }
    return links, edges


@pytest.mark.django_db
@pytest.mark.parametrize("version", [10, 11, 12])
def test_models_sources_columns_owners_and_tests_become_datasets_and_edges(version):
    done = record(road.team("sales"), manifest(version))
    assert (done.namespace, done.tables, done.changed, done.removed, done.gaps) == (SPACE, 4, 4, 0, ())
    links, edges = held()
    assert links == {
        ("db.raw.orders", "db.shop.orders"),
        ("db.shop.rates", "db.shop.orders"),
        ("db.shop.orders", "db.shop.totals"),
    }
    assert {
        ("db.raw.orders.amount", "db.shop.orders.total", "TRANSFORMATION"),
        ("db.shop.rates.rate", "db.shop.orders.total", "TRANSFORMATION"),
        ("db.raw.orders.id", "db.shop.orders.id", "IDENTITY"),
        ("db.raw.orders.amount", "db.shop.orders.", "FILTER"),
        ("db.shop.orders.total", "db.shop.totals.large", "TRANSFORMATION"),
        ("db.shop.orders.currency", "db.shop.totals.currency", "IDENTITY"),
    } <= edges
    columns = {one.name: {each["name"]: each["type"] for each in one.columns} for one in ForeignDataset.objects.all()}
    assert columns["db.shop.orders"] == {"id": "bigint", "total": "", "currency": ""}
    assert set(columns["db.shop.totals"]) == {"id", "total", "currency", "large"}
    told = {one.body["job"]["name"]: one.body for one in ForeignEvent.objects.all() if "job" in one.body}
    facets = told["model.shop.orders"]["outputs"][0]["facets"]
    assert facets["ownership"]["owners"] == [{"name": "Finance", "type": "OWNER"}]
    assert facets["documentation"]["description"] == "One row an order."
    assert facets["dbt_tests"]["tests"] == [{"test": "unique", "column": "id"}]
    assert told["model.shop.totals"]["outputs"][0]["facets"]["ownership"]["owners"][0]["name"] == "ann"


@pytest.mark.django_db
def test_the_same_again_changes_nothing_and_what_is_made_no_more_ends():
    team = road.team("sales")
    record(team)
    before = (held(), ForeignEvent.objects.count(), ForeignDataset.objects.count())
    assert record(team).changed == 0
    assert (held(), ForeignEvent.objects.count(), ForeignDataset.objects.count()) == before
    later = manifest(generated_at="2026-05-05T05:00:00Z")
    del later["nodes"]["model.shop.totals"]
    done = record(team, later)
    assert (done.changed, done.removed) == (3, 1)
    assert ("db.shop.orders", "db.shop.totals") not in held()[0]
    assert record(team).changed == 0  # an older one comes late
    assert ("db.shop.orders", "db.shop.totals") not in held()[0]


@pytest.mark.django_db
def test_sql_that_cannot_be_followed_is_named_and_keeps_its_tables():
    made = manifest()
    made["nodes"]["model.shop.totals"]["compiled_code"] = "SELECT FROM WHERE ((("
    made["nodes"]["model.shop.orders"]["compiled_code"] = None
    done = record(road.team("sales"), made)
    assert [one.table for one in done.gaps] == ["db.shop.totals"]
    assert ("db.shop.orders", "db.shop.totals") in held()[0]


HOSTILE = [
    ([], ""),
    ({}, "/metadata"),
    ({"metadata": {}}, "/metadata/dbt_schema_version"),
    (manifest(9), "/metadata/dbt_schema_version"),
    (manifest(13), "/metadata/dbt_schema_version"),
    (manifest(dbt_schema_version="v12"), "/metadata/dbt_schema_version"),
    (manifest(generated_at=7), "/metadata/generated_at"),
    (MANIFEST | {"nodes": []}, "/nodes"),
    (MANIFEST | {"nodes": {"x": 1}}, "/nodes/x"),
    (MANIFEST | {"nodes": {"m": {"resource_type": "model"}}}, "/nodes/m/name"),
    (MANIFEST | {"nodes": {"m": node("model", "m") | {"columns": [1]}}}, "/nodes/m/columns"),
    (MANIFEST | {"sources": None}, "/sources"),
    (MANIFEST | {"nodes": {str(number): {} for number in range(20_001)}}, "/nodes"),
]


@pytest.mark.parametrize(("payload", "pointer"), HOSTILE)
def test_what_is_no_manifest_is_refused_with_its_place(payload, pointer):
    with pytest.raises(MessageInvalid) as refusal:
        manifests.read(payload)
    assert refusal.value.pointer == pointer


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"columns": {"a\x00b": {"name": "a\x00b", "data_type": "\ud800"}}},
        {"description": "\x00\ud800" * 9_000, "name": "x" * 900, "alias": "x" * 900},
        {"depends_on": {"nodes": ["model.shop.totals", 7, "model.shop.gone"]}},
        {"depends_on": 7, "config": [], "meta": 1, "group": {}},
        {"compiled_code": "SELECT " + "(" * 5_000},
        {"compiled_code": "DROP TABLE x; SELECT 1 AS \x00one"},
        {"name": "<script>alert(1)</script>", "alias": "'; DROP TABLE x; --"},
    ],
)
def test_odd_nodes_are_kept_as_far_as_they_can_be(change):
    made = manifest()
    made["nodes"]["model.shop.orders"] |= change
    assert record(road.team("sales"), made).tables == 4


@pytest.mark.django_db
def test_a_fault_in_the_middle_leaves_nothing():
    made = manifest(generated_at="no moment")
    with pytest.raises(MessageInvalid):
        record(road.team("sales"), made)
    assert not ForeignDataset.objects.exists()
    assert not ForeignEvent.objects.exists()


@pytest.fixture
def ana():
    return Caller(factories.make_user("ana", team=road.team("sales"), role="editor"))


@pytest.mark.django_db
def test_it_comes_through_the_api_packed_or_not_and_only_for_an_own_team(ana):
    body = json.dumps(MANIFEST).encode()
    packed = ana.text(
        "/lineage/dbt", gzip.compress(body), kind="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert packed.json()["tables"] == 4
    assert packed.json()["changed"] == 4
    assert ana.text("/lineage/dbt?namespace=mine", body, kind="application/json").json()["namespace"] == "mine"
    road.team("others")
    refused(ana.text("/lineage/dbt?team=others", body, kind="application/json"), 404, "not_found")
    refused(ana.text("/lineage/dbt", b'{"nodes": 1, "nodes": 2}', kind="application/json"), 422, "message_invalid")
    deep = b"[" * 10_000 + b"]" * 10_000
    refused(ana.text("/lineage/dbt", deep, kind="application/json"), 422, "message_invalid")


@pytest.mark.django_db
def test_it_comes_from_the_command_line(tmp_path, capsys):
    road.team("sales")
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    call_command("import_dbt", str(path), team="sales")
    assert "4 tables of dbt://shop" in capsys.readouterr().out
    for wrong in ({"team": "nobody"}, {"team": "sales", "path": tmp_path / "none"}):
        with pytest.raises(CommandError):
            call_command("import_dbt", str(wrong.pop("path", path)), **wrong)
